#include "memory/live/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

#include "domain/change.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json OrNull(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

using Entries = std::vector<std::shared_ptr<const LiveEntry>>;

Entries::const_iterator LowerBound(const Entries& entries, std::string_view key) {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const auto& entry, std::string_view k) { return entry->key < k; });
}

class InProcess final : public LiveCache {
 public:
  InProcess() {
    std::random_device random;
    auto first = std::make_shared<LiveSnapshot>();
    first->version.epoch = fmt::format("{:08x}{:08x}", random(), random());
    snapshot_ = std::move(first);
  }

  Result<> Replace(const std::string& scope, const std::vector<LiveEntry>& entries) override {
    std::vector<const LiveEntry*> sorted;
    for (const LiveEntry& entry : entries) {
      if (!entry.key.starts_with(scope)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("live entry {} is not below {}", entry.key, scope));
      }
      sorted.push_back(&entry);
    }
    std::ranges::sort(sorted, {},
                      [](const LiveEntry* entry) { return std::string_view(entry->key); });
    const std::lock_guard lock(writing_);
    const std::shared_ptr<const LiveSnapshot> old = snapshot_.load();
    auto next = std::make_shared<LiveSnapshot>();
    next->version = old->version;
    ++next->version.number;
    const std::int64_t version = next->version.number;
    bool changed = false;
    const auto begin = LowerBound(old->entries, scope);
    auto at = begin;
    next->entries.reserve(old->entries.size() + sorted.size());
    next->entries.assign(old->entries.begin(), begin);
    const auto in_scope = [&] { return at != old->entries.end() && (*at)->key.starts_with(scope); };
    const auto remove = [&] {
      removed_.push_back({(*at)->key, version});
      changed = true;
      ++at;
    };
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      // Of two with one key the last counts.
      if (i + 1 < sorted.size() && sorted[i + 1]->key == sorted[i]->key) continue;
      while (in_scope() && (*at)->key < sorted[i]->key) remove();
      if (in_scope() && (*at)->key == sorted[i]->key) {
        if ((*at)->json == sorted[i]->json) {
          next->entries.push_back(*at++);
          continue;
        }
        ++at;
      }
      next->entries.push_back(
          std::make_shared<LiveEntry>(LiveEntry{sorted[i]->key, sorted[i]->json, version}));
      changed = true;
    }
    while (in_scope()) remove();
    if (!changed) return {};
    next->entries.insert(next->entries.end(), at, old->entries.end());
    while (removed_.size() > kLiveRemovedMax) {
      known_since_ = removed_.front().version;
      removed_.pop_front();
    }
    snapshot_ = std::move(next);
    return {};
  }

  Result<std::shared_ptr<const LiveSnapshot>> Read() override { return snapshot_.load(); }

  Result<LiveChanges> ChangesSince(const LiveVersion& since) override {
    LiveChanges changes;
    std::shared_ptr<const LiveSnapshot> now;
    {
      const std::lock_guard lock(writing_);
      now = snapshot_.load();
      changes.version = now->version;
      if (since.epoch != now->version.epoch || since.number > now->version.number ||
          since.number < known_since_) {
        changes.reload = true;
        return changes;
      }
      if (since.number == now->version.number) return changes;
      for (const Removed& removed : removed_) {
        // What came back since is among the changed.
        if (removed.version > since.number && !now->Find(removed.key)) {
          changes.removed.push_back(removed.key);
        }
      }
    }
    for (const auto& entry : now->entries) {
      if (entry->version > since.number) changes.changed.push_back(entry);
    }
    std::ranges::stable_sort(changes.changed, {}, [](const auto& entry) { return entry->version; });
    std::ranges::sort(changes.removed);
    changes.removed.erase(std::unique(changes.removed.begin(), changes.removed.end()),
                          changes.removed.end());
    return changes;
  }

 private:
  struct Removed {
    std::string key;
    std::int64_t version;
  };

  std::atomic<std::shared_ptr<const LiveSnapshot>> snapshot_;
  std::mutex writing_;
  std::deque<Removed> removed_;   // guarded by writing_
  std::int64_t known_since_ = 0;  // guarded by writing_: removals up to here are forgotten
};

}  // namespace

std::string LiveKey(const AccountId& account, const std::string& campaign_id) {
  return fmt::format("metrics/{}/{}", PrintAccount(account), campaign_id);
}

std::string LiveAlertKey(const std::string& alert_id) { return "alerts/" + alert_id; }

std::string ToJson(const LiveMetrics& m) {
  ordered_json json{
      {"client", m.client},
      {"account", PrintAccount(m.account)},
      {"account_name", m.account_name},
      {"campaign_id", m.campaign_id},
      {"campaign", WithoutMarker(m.campaign)},
      {"day", PrintDay(m.day)},
      {"currency", m.spend.currency().name()},
      {"spend", PrintDecimal(m.spend)},
      {"impressions", OrNull(m.impressions)},
      {"clicks", OrNull(m.clicks)},
      {"conversions", OrNull(m.conversions)},
      {"revenue", m.revenue ? ordered_json(PrintDecimal(*m.revenue)) : ordered_json()},
      {"as_of", PrintInstant(m.as_of)},
      {"maturity", OrNull(m.maturity)}};
  return Dump(json);
}

std::string LiveAlertJson(const Alert& alert) {
  const Condition& c = alert.condition;
  ordered_json json{
      {"id", alert.id},
      {"client", c.client},
      {"tier", AlertTierName(alert.tier)},
      {"detector", c.detector},
      {"title", c.title},
      {"subject", SubjectOf(c)},
      {"name", c.name},
      {"kpi", c.kpi},
      {"actual", c.actual},
      {"expected", c.expected},
      {"opened_at", PrintInstant(alert.opened_at)},
      {"last_true_at", PrintInstant(alert.last_true_at)},
      {"proposal", alert.diagnosis && !alert.diagnosis->proposal.empty() ? alert.diagnosis->proposal
                                                                         : c.proposal}};
  return Dump(json);
}

std::string PrintLiveVersion(const LiveVersion& version) {
  return fmt::format("{}-{}", version.epoch, version.number);
}

std::optional<LiveVersion> ParseLiveVersion(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash > 64) return std::nullopt;
  LiveVersion version{std::string(text.substr(0, dash)), 0};
  const bool hex = std::ranges::all_of(
      version.epoch, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  const std::string_view number = text.substr(dash + 1);
  const auto [end, code] =
      std::from_chars(number.data(), number.data() + number.size(), version.number);
  const bool good = hex && code == std::errc() && end == number.data() + number.size() &&
                    !number.empty() && version.number >= 0;
  return good ? std::optional(version) : std::nullopt;
}

const LiveEntry* LiveSnapshot::Find(std::string_view key) const {
  const auto at = LowerBound(entries, key);
  return at != entries.end() && (*at)->key == key ? at->get() : nullptr;
}

std::unique_ptr<LiveCache> MakeLiveCache() { return std::make_unique<InProcess>(); }

}  // namespace maxopt
