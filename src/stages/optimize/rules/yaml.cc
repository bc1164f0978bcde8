#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "stages/optimize/rules/rules.h"

namespace maxopt {
namespace {

constexpr std::size_t kBytesMax = 8u << 20;
constexpr std::size_t kDepthMax = 64;

/// Builds the tree from the parser's events, so that what is refused is never built.
class TreeBuilder final : public YAML::EventHandler {
 public:
  struct Refused {
    int line;
    std::string what;
  };

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, anchor);
    Put(At(mark, RuleNode::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{mark.line + 1, "anchors and aliases (& and *) are not read here"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    Check(mark, anchor);
    RuleNode node = At(mark, RuleNode::Kind::kText);
    node.text = value;
    Put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, RuleNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, RuleNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

  RuleNode root;

 private:
  struct Level {
    explicit Level(RuleNode begun) : node(std::move(begun)) {}
    RuleNode node;
    bool wants_key = true;
  };

  static RuleNode At(const YAML::Mark& mark, RuleNode::Kind kind) {
    RuleNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }
  static void Check(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) {
      throw Refused{mark.line + 1, "anchors and aliases (& and *) are not read here"};
    }
  }
  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, RuleNode::Kind kind) {
    Check(mark, anchor);
    if (open_.size() >= kDepthMax) {
      throw Refused{mark.line + 1, fmt::format("nested deeper than {} levels", kDepthMax)};
    }
    if (!open_.empty() && open_.back().node.kind == RuleNode::Kind::kMap &&
        open_.back().wants_key) {
      throw Refused{mark.line + 1, "a name is a text, not a list or a map"};
    }
    open_.emplace_back(At(mark, kind));
  }
  void Close() {
    RuleNode node = std::move(open_.back().node);
    open_.pop_back();
    Put(std::move(node));
  }
  void Put(RuleNode node) {
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Level& level = open_.back();
    if (level.node.kind == RuleNode::Kind::kMap && level.wants_key) {
      level.node.keys.push_back(std::move(node.text));
      level.node.key_lines.push_back(node.line);
      level.wants_key = false;
      return;
    }
    level.wants_key = true;
    level.node.items.push_back(std::move(node));
  }

  std::vector<Level> open_;
};

}  // namespace

Result<RuleSet> ReadRules(std::string_view yaml, const std::string& file) {
  if (yaml.size() > kBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}: longer than {} MiB, too long for rules", file, kBytesMax >> 20));
  }
  TreeBuilder builder;
  try {
    std::istringstream in{std::string(yaml)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) {
      return Fail(Errc::kInvalidArgument, file + ": it is empty; maxopt rules template shows one");
    }
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      return Fail(Errc::kInvalidArgument, file + ": one document a file; this has a second (---)");
    }
  } catch (const TreeBuilder::Refused& refused) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, refused.line, refused.what));
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
  return ParseRules(builder.root, file);
}

std::string RulesTemplate() {
  return R"yaml(# What is to be done when the numbers say so: docs/rules.md. Rules only propose; a person approves,
# or policy.yaml does. maxopt rules check reads this file, maxopt rules run shows what it would do
# today, maxopt rules backtest what it would have done.
# One file per client: rules.yaml, rules-<anything>.yaml.
maxopt: rules/1
client: Alpenglow
currency: EUR
limits:
  changes_per_day: 20        # of all rules together
  money_per_day: 200 EUR     # sum of the sizes of all budget moves; needed by rules that raise
  rest: 24h                  # of an object between two changes
  reversal: 7d               # what was lowered is not raised again for so long
  change: 50% in 7d          # of one setting, however many steps
rules: []
# rules:
#   - name: stop what does not convert
#     on: ad_group
#     where: {platform: [meta, tiktok], campaign: "*prospecting*"}
#     priority: 200
#     needs: [clicks 14d >= 100]          # less than this decides nothing
#     if: cpa.lower_90 14d ending 3d ago > 150% of target
#     then: [pause]
#   - name: feed what is short of budget
#     on: campaign
#     cooldown: 3d
#     if:
#       all:
#         - spend 3d > 95% of budget
#         - any: [cpa.upper_90 28d < target, roas.lower_90 28d > target]
#         - not: impression_share 7d > 90%
#     then:
#       - {budget: +15%, max: 300 EUR}
#     else:
#       if: cpa.lower_90 14d > 130% of siblings
#       then: [{budget: -15%, min: 20 EUR}]
#   - name: tired
#     on: ad
#     if: ctr.upper_90 7d < 60% of 28d ending 8d ago
#     then: [{notify: "clicks have fallen off: a new creative?", tier: warning}]
)yaml";
}

}  // namespace maxopt
