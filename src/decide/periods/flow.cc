#include "decide/periods/flow.h"

#include <algorithm>
#include <limits>
#include <queue>

namespace maxopt {
namespace {

class Network {
 public:
  explicit Network(std::size_t nodes) : out_(nodes + 2), excess_(nodes, 0), count_(nodes) {}

  /// An edge that carries from `low` to `high`; the number that Carried() takes.
  std::size_t Add(std::size_t from, std::size_t to, std::int64_t low, std::int64_t high) {
    excess_[to] += low;
    excess_[from] -= low;
    lows_.push_back(low);
    at_.push_back(Edge(from, to, high - low));
    return at_.size() - 1;
  }
  std::int64_t Carried(std::size_t edge) const {
    return lows_[edge] + edges_[at_[edge] + 1].room;  // what the way back may return
  }

  /// What of the lower bounds cannot be met.
  std::int64_t Solve() {
    const std::size_t source = count_, sink = count_ + 1;
    std::int64_t need = 0;
    for (std::size_t node = 0; node < count_; ++node) {
      if (excess_[node] > 0) {
        Edge(source, node, excess_[node]);
        need += excess_[node];
      } else if (excess_[node] < 0) {
        Edge(node, sink, -excess_[node]);
      }
    }
    while (Levels(source, sink)) {
      next_.assign(out_.size(), 0);
      while (const std::int64_t pushed =
                 Push(source, sink, std::numeric_limits<std::int64_t>::max())) {
        need -= pushed;
      }
    }
    return need;
  }

 private:
  struct Arc {
    std::size_t to;
    std::int64_t room;
  };

  std::size_t Edge(std::size_t from, std::size_t to, std::int64_t room) {
    out_[from].push_back(edges_.size());
    edges_.push_back({to, room});
    out_[to].push_back(edges_.size());
    edges_.push_back({from, 0});
    return edges_.size() - 2;
  }
  bool Levels(std::size_t source, std::size_t sink) {
    level_.assign(out_.size(), -1);
    level_[source] = 0;
    std::queue<std::size_t> queue;
    queue.push(source);
    while (!queue.empty()) {
      const std::size_t node = queue.front();
      queue.pop();
      for (const std::size_t e : out_[node]) {
        if (edges_[e].room <= 0 || level_[edges_[e].to] >= 0) continue;
        level_[edges_[e].to] = level_[node] + 1;
        queue.push(edges_[e].to);
      }
    }
    return level_[sink] >= 0;
  }
  std::int64_t Push(std::size_t node, std::size_t sink, std::int64_t most) {
    if (node == sink) return most;
    for (std::size_t& k = next_[node]; k < out_[node].size(); ++k) {
      const std::size_t e = out_[node][k];
      if (edges_[e].room <= 0 || level_[edges_[e].to] != level_[node] + 1) continue;
      const std::int64_t pushed = Push(edges_[e].to, sink, std::min(most, edges_[e].room));
      if (pushed == 0) continue;
      edges_[e].room -= pushed;
      edges_[e ^ 1].room += pushed;
      return pushed;
    }
    return 0;
  }

  std::vector<std::vector<std::size_t>> out_;
  std::vector<Arc> edges_;
  std::vector<std::size_t> at_, next_;
  std::vector<std::int64_t> lows_, excess_;
  std::vector<int> level_;
  std::size_t count_;
};

}  // namespace

WholePlan FindWholePlan(const PlanBounds& bounds) {
  const std::size_t channels = bounds.channels.size(), periods = bounds.periods.size();
  // 0: the budget goes out, 1: it has come in; then periods, then channels.
  Network network(2 + periods + channels);
  network.Add(1, 0, bounds.total, bounds.total);
  for (std::size_t t = 0; t < periods; ++t) {
    network.Add(0, 2 + t, bounds.periods[t].low, bounds.periods[t].high);
  }
  std::vector<std::vector<std::size_t>> edges(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t t = 0; t < periods; ++t) {
      edges[c].push_back(
          network.Add(2 + t, 2 + periods + c, bounds.cells[c][t].low, bounds.cells[c][t].high));
    }
    network.Add(2 + periods + c, 1, bounds.channels[c].low, bounds.channels[c].high);
  }
  WholePlan out;
  out.missing = network.Solve();
  out.amounts.resize(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    for (const std::size_t edge : edges[c]) out.amounts[c].push_back(network.Carried(edge));
  }
  return out;
}

}  // namespace maxopt
