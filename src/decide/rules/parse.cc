// The language of rules: from a tree of values to typed rules.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "decide/rules/metrics.h"
#include "decide/rules/rules.h"

namespace maxopt {

using rules::Info;
using rules::Unit;

namespace {

constexpr std::size_t kRulesMax = 10'000;
constexpr int kDepthMax = 16;
constexpr int kComparisonsMax = 100;  ///< of one rule
constexpr int kWindowDaysMax = 180;
constexpr std::size_t kTextMax = 500;

/// [0-9]{1,12}(\.[0-9]{1,6})? in ASCII and nothing else, times a million.
std::optional<std::int64_t> Millionths(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part =
      dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  const auto digits = [](std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (whole.empty() || whole.size() > 12 || !digits(whole)) return std::nullopt;
  if (dot != std::string_view::npos && (part.empty() || part.size() > 6 || !digits(part))) {
    return std::nullopt;
  }
  std::int64_t out = 0;
  for (const char c : whole) out = out * 10 + (c - '0');
  for (std::size_t i = 0; i < 6; ++i) out = out * 10 + (i < part.size() ? part[i] - '0' : 0);
  return out;
}

std::optional<int> WholeNumber(std::string_view text, int least, int most) {
  if (text.find('.') != std::string_view::npos) return std::nullopt;
  const auto millionths = Millionths(text);
  if (!millionths) return std::nullopt;
  const std::int64_t number = *millionths / 1'000'000;
  if (number < least || number > most) return std::nullopt;
  return static_cast<int>(number);
}

/// "130%" -> 13'000; hundredths of a percent are the finest.
std::optional<std::int64_t> PercentBp(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto millionths = Millionths(text.substr(0, text.size() - 1));
  if (!millionths || *millionths % 10'000 != 0) return std::nullopt;
  return *millionths / 10'000;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      end();
    } else if (c == '<' || c == '>') {
      end();
      word = c;
      if (i + 1 < text.size() && text[i + 1] == '=') word += text[++i];
      end();
    } else {
      word += c;
    }
  }
  end();
  return out;
}

std::string MetricNames() {
  std::vector<std::string_view> names;
  for (const Info& info : rules::Catalogue()) names.push_back(info.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

class ComparisonParser {
 public:
  ComparisonParser(std::string_view text, Currency currency)
      : words_(Words(text)), currency_(currency) {
    out_.text = fmt::format("{}", fmt::join(words_, " "));
  }

  Result<RuleComparison> Run() {
    if (out_.text.size() > kTextMax) return Bad("a comparison is shorter than this");
    MAXOPT_CHECK(Left());
    const std::string op = Next();
    if (op == "<") {
      out_.op = RuleOp::kLess;
    } else if (op == "<=") {
      out_.op = RuleOp::kLessEqual;
    } else if (op == ">") {
      out_.op = RuleOp::kGreater;
    } else if (op == ">=") {
      out_.op = RuleOp::kGreaterEqual;
    } else {
      return Bad(fmt::format("<, <=, > or >= is expected where \"{}\" stands", op));
    }
    const bool less = out_.op == RuleOp::kLess || out_.op == RuleOp::kLessEqual;
    if (out_.bound != RuleBound::kPoint && less != (out_.bound == RuleBound::kUpper)) {
      return Bad(
          "a lower bound is held with > or >=, an upper one with < or <=; the other way "
          "round it says next to nothing");
    }
    MAXOPT_CHECK(Right());
    if (at_ < words_.size()) return Bad(fmt::format("\"{}\" is too much here", words_[at_]));
    return std::move(out_);
  }

 private:
  std::unexpected<Error> Bad(std::string_view what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("\"{}\": {}", out_.text.substr(0, 120), what));
  }
  const std::string& Peek() const {
    static const std::string kNone;
    return at_ < words_.size() ? words_[at_] : kNone;
  }
  std::string Next() {
    std::string word = Peek();
    if (at_ < words_.size()) ++at_;
    return word;
  }

  Result<> Left() {
    const std::string word = Next();
    const std::size_t dot = word.find('.');
    const Info* info = rules::Find(word.substr(0, dot));
    if (!info) {
      return Bad(
          fmt::format("\"{}\" is no metric; known are {}", word.substr(0, 60), MetricNames()));
    }
    out_.metric = info->metric;
    if (dot != std::string::npos) MAXOPT_CHECK(Bound(word.substr(dot + 1), *info));
    if (info->setting) return {};
    return Window(out_.window);
  }

  Result<> Bound(std::string_view word, const Info& info) {
    const std::size_t line = word.find('_');
    const std::string_view side = word.substr(0, line);
    const auto level =
        line == std::string_view::npos ? std::nullopt : WholeNumber(word.substr(line + 1), 51, 99);
    if ((side != "lower" && side != "upper") || !level) {
      return Bad(fmt::format("\"{}\" is no bound; one is lower_90 or upper_90, of 51 to 99 %",
                             word.substr(0, 60)));
    }
    if (!info.bounds) {
      return Bad(fmt::format("{} is not estimated, or how well is not known: it has no bounds",
                             info.name));
    }
    out_.bound = side == "lower" ? RuleBound::kLower : RuleBound::kUpper;
    out_.level = *level / 100.0;
    return {};
  }

  Result<> Window(RuleWindow& window) {
    const std::string word = Next();
    const auto days =
        word.ends_with('d')
            ? WholeNumber(std::string_view(word).substr(0, word.size() - 1), 1, kWindowDaysMax)
            : std::nullopt;
    if (!days) {
      return Bad(
          fmt::format("a window of whole days like 7d (1 to {}) is expected where \"{}\" "
                      "stands",
                      kWindowDaysMax, word.substr(0, 60)));
    }
    window.days = *days;
    if (Peek() != "ending") return {};
    Next();
    const std::string ago = Next();
    const auto end =
        ago.ends_with('d')
            ? WholeNumber(std::string_view(ago).substr(0, ago.size() - 1), 1, kWindowDaysMax)
            : std::nullopt;
    if (!end || Next() != "ago") {
      return Bad("a window ends like \"ending 3d ago\", 1d ago (yesterday) at the latest");
    }
    window.ending_days_ago = *end;
    return {};
  }

  Result<> Right() {
    const std::string word = Next();
    if (word.empty()) return Bad("what it is held against is missing");
    if (word == "target" && at_ == words_.size()) {
      out_.percent_bp = 10'000;
      --at_;
      return Reference();
    }
    if (Peek() == "of") {
      Next();
      const auto percent = PercentBp(word);
      if (!percent || *percent < 1 || *percent > 1'000'000) {
        return Bad(fmt::format("a percentage of something is like \"130% of target\", not \"{}\"",
                               word.substr(0, 60)));
      }
      out_.percent_bp = *percent;
      return Reference();
    }
    return Literal(word);
  }

  Result<> Reference() {
    const Info& info = rules::InfoOf(out_.metric);
    const std::string word = Peek();
    const auto take = [&](RuleAgainst against) -> Result<> {
      Next();
      out_.against = against;
      return {};
    };
    if (word == "target") {
      if (!info.target) return Bad(fmt::format("{} has no target", info.name));
      return take(RuleAgainst::kTarget);
    }
    if (info.setting) {
      return Bad(fmt::format("{} is a setting: it is held against a value", info.name));
    }
    if (word == "previous") {
      const auto& w = out_.window;
      if (2 * w.days + w.ending_days_ago > kWindowDaysMax + 1) {
        return Bad(fmt::format("the period before begins more than {} days ago", kWindowDaysMax));
      }
      return take(RuleAgainst::kPrevious);
    }
    if (word == "budget") {
      if (out_.metric != RuleMetric::kSpend) return Bad("only spend is held against the budget");
      return take(RuleAgainst::kBudget);
    }
    if (word == "parent") return take(RuleAgainst::kParent);
    if (word == "siblings") return take(RuleAgainst::kSiblings);
    if (word == "account") return take(RuleAgainst::kAccount);
    if (word.empty() || word.front() < '0' || word.front() > '9') {
      return Bad(
          fmt::format("\"{}\" is nothing to compare with; known are target, previous, a "
                      "window like 28d, parent, siblings, account, and budget for spend",
                      word.substr(0, 60)));
    }
    out_.against = RuleAgainst::kWindow;
    MAXOPT_CHECK(Window(out_.other));
    // A sum of 7 days against a sum of 28 would compare lengths.
    if (info.sum && out_.other.days != out_.window.days) {
      return Bad(
          fmt::format("{} of {} days is not comparable with {} of {} days: take the same "
                      "length, or a ratio",
                      info.name, out_.window.days, info.name, out_.other.days));
    }
    return {};
  }

  Result<> Literal(const std::string& word) {
    const Info& info = rules::InfoOf(out_.metric);
    out_.against = RuleAgainst::kValue;
    switch (info.unit) {
      case Unit::kMoney: {
        const std::string code = Next();
        if (code.empty()) {
          return Bad(fmt::format("{} is money: write the amount with its currency, like \"{} {}\"",
                                 info.name, Millionths(word) ? word : "20", currency_.name()));
        }
        MAXOPT_TRY(const Money money, Amount(word, code));
        out_.money = money;
        out_.value = static_cast<double>(money.micros()) / 1e6;
        return {};
      }
      case Unit::kShare: {
        if (Peek() == "bp") {
          Next();
          const auto points = Millionths(word);
          if (!points) return Bad("basis points are like \"150 bp\"");
          out_.value = static_cast<double>(*points) / 1e10;
        } else {
          const auto percent = PercentBp(word);
          if (!percent) {
            return Bad(
                fmt::format("{} is a share: write it like 1.5% or 150 bp; a bare number "
                            "could be either",
                            info.name));
          }
          out_.value = static_cast<double>(*percent) / 1e4;
        }
        if (out_.value > 1 && out_.metric != RuleMetric::kCvr) {
          return Bad(fmt::format("{} is never above 100 %", info.name));
        }
        return {};
      }
      case Unit::kFactor:
      case Unit::kCount: {
        const auto number = Millionths(word);
        if (!number) {
          return Bad(fmt::format("{} is a plain number like {}, not \"{}\"", info.name,
                                 info.unit == Unit::kFactor ? "3.5" : "30", word.substr(0, 60)));
        }
        out_.value = static_cast<double>(*number) / 1e6;
        return {};
      }
    }
    Bug();
  }

  Result<Money> Amount(const std::string& number, const std::string& code) const {
    const auto currency = FindCurrency(code);
    if (!currency) return Bad(currency.error().what);
    if (*currency != currency_) {
      return Bad(
          fmt::format("the amount is in {}, the file in {}: rates of exchange are not "
                      "applied to rules",
                      code, currency_.name()));
    }
    auto money = ParseMoney(number, *currency);
    if (!money) return Bad(money.error().what);
    if (money->negative()) return Bad("an amount is not below 0");
    return *money;
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
  Currency currency_;
  RuleComparison out_;
};

// --- the file -----------------------------------------------------------------------------------

class FileParser {
 public:
  explicit FileParser(const std::string& file) : file_(file) {}

  Result<RuleSet> Run(const RuleNode& root) {
    MAXOPT_CHECK(OnlyKeys(root, {"maxopt", "client", "currency", "limits", "rules"}));
    MAXOPT_TRY(const std::string version, Text(root, "maxopt"));
    if (version != "rules/1") return Bad(root, "\"maxopt: rules/1\" is needed here");
    RuleSet set;
    MAXOPT_TRY(set.client, Text(root, "client"));
    MAXOPT_TRY(const std::string code, Text(root, "currency"));
    const auto currency = FindCurrency(code);
    if (!currency) return Bad(*Value(root, "currency"), currency.error().what);
    currency_ = set.currency = *currency;
    if (const RuleNode* limits = Value(root, "limits")) {
      MAXOPT_CHECK(ReadLimits(*limits, set.limits));
    }
    const RuleNode* list = Value(root, "rules");
    if (!list || (list->kind != RuleNode::Kind::kList && list->kind != RuleNode::Kind::kNull)) {
      return Bad(list ? *list : root, "rules must be a list; it may be empty: []");
    }
    if (list->items.size() > kRulesMax) {
      return Bad(*list, fmt::format("{} rules; {} is the most", list->items.size(), kRulesMax));
    }
    std::set<std::string> names;
    for (const RuleNode& node : list->items) {
      MAXOPT_TRY(std::optional<Rule> rule, ReadRule(node));
      if (!rule) continue;  // off
      if (!names.insert(rule->name).second) {
        return Bad(node, fmt::format("a rule \"{}\" stands above already", rule->name));
      }
      if (raises_ && !set.limits.money_per_day) {
        return Bad(node, fmt::format("rule \"{}\" can raise what is spent, so limits needs "
                                     "money_per_day, like \"200 {}\"",
                                     rule->name, currency_.name()));
      }
      set.rules.push_back(std::move(*rule));
    }
    return set;
  }

 private:
  std::unexpected<Error> BadLine(int line, std::string_view what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file_, line, what));
  }
  std::unexpected<Error> Bad(const RuleNode& at, std::string_view what) const {
    return BadLine(at.line, what);
  }
  Result<> OnlyKeys(const RuleNode& node, const std::set<std::string>& known) const {
    if (node.kind != RuleNode::Kind::kMap) {
      return Bad(node, "names and values (key: value) are expected here");
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const std::string& key = node.keys[i];
      if (!known.contains(key)) {
        return BadLine(node.key_lines[i], fmt::format("\"{}\" is not known; known are {}",
                                                      key.substr(0, 80), fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) {
        return BadLine(node.key_lines[i], fmt::format("{} stands twice", key));
      }
    }
    return {};
  }
  static const RuleNode* Value(const RuleNode& node, std::string_view key) {
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      if (node.keys[i] == key) return &node.items[i];
    }
    return nullptr;
  }
  Result<std::string> TextOf(const RuleNode& node, std::string_view key) const {
    if (node.kind != RuleNode::Kind::kText || node.text.empty()) {
      return Bad(node, fmt::format("{} must be a text", key));
    }
    if (node.text.size() > kTextMax) return Bad(node, fmt::format("{} is too long", key));
    for (const char c : node.text) {
      if (static_cast<unsigned char>(c) < 0x20) {
        return Bad(node, fmt::format("{} holds a control character", key));
      }
    }
    return node.text;
  }
  Result<std::string> Text(const RuleNode& node, std::string_view key) const {
    const RuleNode* value = Value(node, key);
    if (!value) return Bad(node, fmt::format("{} is missing", key));
    return TextOf(*value, key);
  }
  /// A text, or a list of them.
  Result<std::vector<std::string>> Texts(const RuleNode& node, std::string_view key) const {
    std::vector<std::string> out;
    const RuleNode* value = Value(node, key);
    if (!value) return out;
    if (value->kind != RuleNode::Kind::kList) {
      MAXOPT_TRY(std::string text, TextOf(*value, key));
      out.push_back(std::move(text));
      return out;
    }
    for (const RuleNode& item : value->items) {
      MAXOPT_TRY(std::string text, TextOf(item, key));
      out.push_back(std::move(text));
    }
    if (out.empty()) return Bad(*value, fmt::format("{} is empty: leave it out for all", key));
    return out;
  }
  Result<int> Whole(const RuleNode& node, std::string_view key, int least, int most) const {
    const auto number = WholeNumber(node.text, least, most);
    if (node.kind != RuleNode::Kind::kText || !number) {
      return Bad(node, fmt::format("{} must be a whole number from {} to {}", key, least, most));
    }
    return *number;
  }
  /// "6h", "3d"
  Result<int> Hours(const RuleNode& node, std::string_view key) const {
    const std::string_view text = node.text;
    const bool in_days = text.ends_with('d');
    const auto number = text.size() > 1 && (in_days || text.ends_with('h'))
                            ? WholeNumber(text.substr(0, text.size() - 1), 1, in_days ? 365 : 8760)
                            : std::nullopt;
    if (node.kind != RuleNode::Kind::kText || !number) {
      return Bad(node, fmt::format("{} must be a time like 6h or 3d, at most 365d", key));
    }
    return in_days ? 24 * *number : *number;
  }
  Result<Money> MoneyOf(const RuleNode& node, std::string_view key) const {
    const auto words = Words(node.text);
    if (node.kind != RuleNode::Kind::kText || words.size() != 2) {
      return Bad(node, fmt::format("{} must be an amount with its currency, like \"50 {}\"", key,
                                   currency_.name()));
    }
    if (words[1] != currency_.name()) {
      return Bad(node, fmt::format("{} is in {}, the file in {}", key, words[1].substr(0, 20),
                                   currency_.name()));
    }
    const auto money = ParseMoney(words[0], currency_);
    if (!money) return Bad(node, money.error().what);
    if (money->micros() <= 0) return Bad(node, fmt::format("{} must be above 0", key));
    return *money;
  }

  Result<> ReadLimits(const RuleNode& node, RuleLimits& limits) const {
    MAXOPT_CHECK(
        OnlyKeys(node, {"changes_per_day", "money_per_day", "rest", "reversal", "change"}));
    if (const RuleNode* value = Value(node, "changes_per_day")) {
      MAXOPT_TRY(limits.changes_per_day, Whole(*value, "changes_per_day", 0, 10'000));
    }
    if (const RuleNode* value = Value(node, "money_per_day")) {
      MAXOPT_TRY(limits.money_per_day, MoneyOf(*value, "money_per_day"));
    }
    if (const RuleNode* value = Value(node, "rest")) {
      MAXOPT_TRY(limits.rest_hours, Hours(*value, "rest"));
    }
    if (const RuleNode* value = Value(node, "reversal")) {
      MAXOPT_TRY(limits.reversal_hours, Hours(*value, "reversal"));
    }
    if (const RuleNode* value = Value(node, "change")) {
      // "50% in 7d"
      const auto words = Words(value->text);
      const auto percent = words.size() == 3 ? PercentBp(words[0]) : std::nullopt;
      const auto days = words.size() == 3 && words[1] == "in" && words[2].ends_with('d')
                            ? WholeNumber(words[2].substr(0, words[2].size() - 1), 1, 90)
                            : std::nullopt;
      if (value->kind != RuleNode::Kind::kText || !percent || *percent < 1 || *percent > 10'000 ||
          !days) {
        return Bad(*value, "change must be like \"50% in 7d\", 100% and 90d at most");
      }
      limits.change_max_bp = static_cast<int>(*percent);
      limits.change_days = *days;
    }
    return {};
  }

  Result<std::optional<Rule>> ReadRule(const RuleNode& node) {
    MAXOPT_CHECK(OnlyKeys(node, {"name", "note", "on", "where", "priority", "needs", "if", "then",
                                 "else", "cooldown", "changes_per_day", "mature", "off"}));
    Rule rule;
    rule.line = node.line;
    comparisons_ = 0;
    raises_ = false;
    MAXOPT_TRY(rule.name, Text(node, "name"));
    if (rule.name.size() > 80) return Bad(node, "a rule's name has at most 80 characters");
    if (Value(node, "note")) {
      MAXOPT_TRY(rule.note, Text(node, "note"));
    }
    MAXOPT_TRY(const std::string level, Text(node, "on"));
    if (level != "account" && level != "campaign" && level != "ad_group" && level != "ad") {
      return Bad(*Value(node, "on"), fmt::format("a rule is on account, campaign, ad_group or ad, "
                                                 "not on \"{}\"",
                                                 level.substr(0, 60)));
    }
    rule.scope.level = *FindLevel(level);
    if (const RuleNode* value = Value(node, "priority")) {
      MAXOPT_TRY(rule.priority, Whole(*value, "priority", 0, 1'000));
    }
    if (const RuleNode* value = Value(node, "cooldown")) {
      MAXOPT_TRY(rule.cooldown_hours, Hours(*value, "cooldown"));
    }
    if (const RuleNode* value = Value(node, "changes_per_day")) {
      MAXOPT_TRY(rule.changes_per_day, Whole(*value, "changes_per_day", 1, 10'000));
    }
    if (const RuleNode* value = Value(node, "mature")) {
      const auto percent = PercentBp(value->text);
      if (value->kind != RuleNode::Kind::kText || !percent || *percent < 1'000 ||
          *percent > 10'000) {
        return Bad(*value, "mature is the share of final conversions to wait for, 10% to 100%");
      }
      rule.mature_share = static_cast<double>(*percent) / 1e4;
    }
    if (const RuleNode* value = Value(node, "needs")) {
      if (value->kind == RuleNode::Kind::kText) {
        MAXOPT_TRY(RuleComparison need, Comparison(*value));
        rule.needs.push_back(std::move(need));
      } else {
        if (value->kind != RuleNode::Kind::kList || value->items.empty()) {
          return Bad(*value, "needs is a comparison or a list of them: all must be true");
        }
        for (const RuleNode& item : value->items) {
          MAXOPT_TRY(RuleComparison need, Comparison(item));
          rule.needs.push_back(std::move(need));
        }
      }
    }
    MAXOPT_CHECK(ReadBranches(node, rule, 0));
    MAXOPT_CHECK(ReadScope(node, rule));
    if (const RuleNode* value = Value(node, "off")) {
      if (value->text != "true" && value->text != "false") {
        return Bad(*value, "off must be true or false");
      }
      if (value->text == "true") return std::nullopt;
    }
    return rule;
  }

  Result<> ReadScope(const RuleNode& node, Rule& rule) const {
    RuleScope& scope = rule.scope;
    bool activates = false;
    for (const RuleBranch& branch : rule.branches) {
      for (const RuleAction& action : branch.actions) {
        activates = activates || action.kind == RuleAction::Kind::kActivate;
      }
    }
    const RuleNode* where = Value(node, "where");
    bool status_given = false;
    if (where) {
      MAXOPT_CHECK(
          OnlyKeys(*where, {"platform", "account", "campaign", "name", "objective", "status"}));
      MAXOPT_TRY(const std::vector<std::string> platforms, Texts(*where, "platform"));
      for (const std::string& name : platforms) {
        const auto platform = FindPlatform(name);
        if (!platform) return Bad(*Value(*where, "platform"), platform.error().what);
        scope.platforms.push_back(*platform);
      }
      MAXOPT_TRY(scope.accounts, Texts(*where, "account"));
      for (const std::string& account : scope.accounts) {
        const std::size_t slash = account.find('/');
        if (slash == std::string::npos || !FindPlatform(account.substr(0, slash))) {
          return Bad(*Value(*where, "account"), "an account is written like google_ads/1234567890");
        }
      }
      MAXOPT_TRY(scope.campaigns, Texts(*where, "campaign"));
      MAXOPT_TRY(scope.names, Texts(*where, "name"));
      MAXOPT_TRY(scope.objectives, Texts(*where, "objective"));
      if (const RuleNode* status = Value(*where, "status")) {
        if (status->text != kActive && status->text != kPaused) {
          return Bad(*status, "status is active or paused");
        }
        scope.status = status->text;
        status_given = true;
      }
    }
    if (activates && scope.status != kPaused) {
      return Bad(where ? *where : node,
                 "a rule that activates looks at what is paused: where: {status: paused}");
    }
    if (!activates && status_given && scope.status == kPaused) {
      for (const RuleBranch& branch : rule.branches) {
        for (const RuleAction& action : branch.actions) {
          if (action.kind == RuleAction::Kind::kNotify) continue;
          return Bad(*where, fmt::format("{} of what is paused changes nothing that runs",
                                         RuleActionName(action.kind)));
        }
      }
    }
    return {};
  }

  Result<> ReadBranches(const RuleNode& node, Rule& rule, int depth) {
    if (depth > kDepthMax) return Bad(node, "else is nested too deep");
    const RuleNode* condition = Value(node, "if");
    const RuleNode* then = Value(node, "then");
    if (!condition || !then) return Bad(node, "a rule has if and then");
    RuleBranch branch;
    MAXOPT_TRY(branch.condition, Condition(*condition, 0));
    MAXOPT_TRY(branch.actions, Actions(*then, rule.scope.level));
    rule.branches.push_back(std::move(branch));
    const RuleNode* otherwise = Value(node, "else");
    if (!otherwise) return {};
    if (otherwise->kind == RuleNode::Kind::kMap && Value(*otherwise, "if")) {
      MAXOPT_CHECK(OnlyKeys(*otherwise, {"if", "then", "else"}));
      return ReadBranches(*otherwise, rule, depth + 1);
    }
    RuleBranch last;
    MAXOPT_TRY(last.actions, Actions(*otherwise, rule.scope.level));
    rule.branches.push_back(std::move(last));
    return {};
  }

  Result<RuleComparison> Comparison(const RuleNode& node) {
    if (node.kind != RuleNode::Kind::kText) {
      return Bad(node, "a comparison like \"cpa 14d > 30 EUR\" is expected here");
    }
    if (++comparisons_ > kComparisonsMax) {
      return Bad(node, fmt::format("a rule has at most {} comparisons", kComparisonsMax));
    }
    auto out = ComparisonParser(node.text, currency_).Run();
    if (!out) return Bad(node, out.error().what);
    out->line = node.line;
    return out;
  }

  Result<RuleCondition> Condition(const RuleNode& node, int depth) {
    if (depth > kDepthMax) return Bad(node, "conditions are nested too deep");
    RuleCondition out;
    if (node.kind == RuleNode::Kind::kText) {
      MAXOPT_TRY(out.comparison, Comparison(node));
      return out;
    }
    const RuleNode* inner = &node;
    out.kind = RuleCondition::Kind::kAll;
    if (node.kind == RuleNode::Kind::kMap) {
      MAXOPT_CHECK(OnlyKeys(node, {"all", "any", "not"}));
      if (node.keys.size() != 1) return Bad(node, "one of all, any and not stands here");
      inner = &node.items[0];
      if (node.keys[0] == "not") {
        out.kind = RuleCondition::Kind::kNot;
        MAXOPT_TRY(RuleCondition only, Condition(*inner, depth + 1));
        out.of.push_back(std::move(only));
        return out;
      }
      if (node.keys[0] == "any") out.kind = RuleCondition::Kind::kAny;
    }
    // All of nothing would be true.
    if (inner->kind != RuleNode::Kind::kList || inner->items.empty()) {
      return Bad(*inner, "a list of conditions is expected here, not an empty one");
    }
    for (const RuleNode& item : inner->items) {
      MAXOPT_TRY(RuleCondition one, Condition(item, depth + 1));
      out.of.push_back(std::move(one));
    }
    return out;
  }

  Result<std::vector<RuleAction>> Actions(const RuleNode& node, Level level) {
    std::vector<RuleAction> out;
    const auto add = [&](const RuleNode& item) -> Result<> {
      MAXOPT_TRY(RuleAction action, Action(item, level));
      const bool status =
          action.kind == RuleAction::Kind::kPause || action.kind == RuleAction::Kind::kActivate;
      for (const RuleAction& other : out) {
        const bool other_status =
            other.kind == RuleAction::Kind::kPause || other.kind == RuleAction::Kind::kActivate;
        const bool pause_and_more =
            (action.kind == RuleAction::Kind::kPause && other.kind != RuleAction::Kind::kNotify) ||
            (other.kind == RuleAction::Kind::kPause && action.kind != RuleAction::Kind::kNotify);
        if (other.kind == action.kind || (status && other_status) || pause_and_more) {
          return Bad(item, fmt::format("{} and {} do not go together in one branch",
                                       RuleActionName(other.kind), RuleActionName(action.kind)));
        }
      }
      out.push_back(std::move(action));
      return {};
    };
    if (node.kind == RuleNode::Kind::kList) {
      for (const RuleNode& item : node.items) MAXOPT_CHECK(add(item));
    } else {
      MAXOPT_CHECK(add(node));
    }
    if (out.empty()) return Bad(node, "there is nothing to do: name an action");
    return out;
  }

  Result<RuleAction> Action(const RuleNode& node, Level level) {
    RuleAction action;
    action.line = node.line;
    const RuleNode* value = nullptr;
    std::string word;
    if (node.kind == RuleNode::Kind::kText) {
      word = node.text;
    } else if (node.kind == RuleNode::Kind::kMap) {
      for (const std::string_view name : {"budget", "bid", "target_cpa", "target_roas", "notify"}) {
        if (!Value(node, name)) continue;
        if (value) return Bad(node, "one action stands in each item of the list");
        value = Value(node, name);
        word = name;
      }
    }
    if (word == "pause") {
      action.kind = RuleAction::Kind::kPause;
    } else if (word == "activate") {
      action.kind = RuleAction::Kind::kActivate;
      raises_ = true;
    } else if (value && word == "budget") {
      action.kind = RuleAction::Kind::kBudget;
    } else if (value && word == "bid") {
      action.kind = RuleAction::Kind::kBid;
    } else if (value && word == "target_cpa") {
      action.kind = RuleAction::Kind::kTargetCpa;
    } else if (value && word == "target_roas") {
      action.kind = RuleAction::Kind::kTargetRoas;
    } else if (value && word == "notify") {
      action.kind = RuleAction::Kind::kNotify;
    } else {
      return Bad(node, fmt::format("\"{}\" is no action; known are pause, activate, budget: +20%, "
                                   "bid: -10%, target_cpa: 25 {}, target_roas: +10%, notify: text",
                                   word.substr(0, 60), currency_.name()));
    }
    MAXOPT_CHECK(FitsLevel(node, action.kind, level));
    if (!value) return action;
    if (action.kind == RuleAction::Kind::kNotify) {
      MAXOPT_CHECK(OnlyKeys(node, {"notify", "tier"}));
      MAXOPT_TRY(action.text, TextOf(*value, "notify"));
      if (const RuleNode* tier = Value(node, "tier")) {
        const auto found = FindAlertTier(tier->text);
        if (!found) return Bad(*tier, found.error().what);
        action.tier = *found;
      }
      return action;
    }
    MAXOPT_CHECK(OnlyKeys(node, {word, "min", "max"}));
    MAXOPT_CHECK(ReadMove(node, *value, word, action));
    return action;
  }

  Result<> FitsLevel(const RuleNode& node, RuleAction::Kind kind, Level level) const {
    bool fits = true;
    switch (kind) {
      case RuleAction::Kind::kPause:
      case RuleAction::Kind::kActivate:
        fits = level != Level::kAccount;
        break;
      case RuleAction::Kind::kBudget:
      case RuleAction::Kind::kTargetCpa:
      case RuleAction::Kind::kTargetRoas:
        fits = level == Level::kCampaign || level == Level::kAdGroup;
        break;
      case RuleAction::Kind::kBid:
        fits = level == Level::kAdGroup;
        break;
      case RuleAction::Kind::kNotify:
        break;
    }
    if (fits) return {};
    return Bad(node, fmt::format("{} is nothing of {} {}", RuleActionName(kind),
                                 level == Level::kCampaign ? "a" : "an", LevelName(level)));
  }

  Result<> ReadMove(const RuleNode& node, const RuleNode& value, const std::string& word,
                    RuleAction& action) {
    const bool roas = action.kind == RuleAction::Kind::kTargetRoas;
    const auto factor = [&](const RuleNode& at, std::string_view key,
                            std::optional<std::int64_t>& into) -> Result<> {
      const auto number = Millionths(at.text);
      if (at.kind != RuleNode::Kind::kText || !number || *number % 100 != 0 || *number == 0 ||
          *number > 1'000'000'000) {
        return Bad(at, fmt::format("{} is a factor above 0 like 4.5, with four decimals", key));
      }
      into = *number / 100;
      return {};
    };
    if (value.kind != RuleNode::Kind::kText) return Bad(value, fmt::format("{} is a text", word));
    const std::string_view text = value.text;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
      const auto percent = PercentBp(text.substr(1));
      if (!percent || *percent < 1 || *percent > (text.front() == '+' ? 10'000 : 9'000)) {
        return Bad(value, fmt::format("{} moves by a percentage from -90% to +100%", word));
      }
      action.by_bp = static_cast<int>(text.front() == '+' ? *percent : -*percent);
    } else if (roas) {
      MAXOPT_CHECK(factor(value, word, action.roas_to_bp));
    } else if (text.ends_with('%')) {
      return Bad(value, fmt::format("write +{0} or -{0}: a bare percentage could be either",
                                    text.substr(0, 20)));
    } else {
      MAXOPT_TRY(action.to, MoneyOf(value, word));
    }
    // A higher ROAS wanted spends less; a higher anything else spends more.
    raises_ = raises_ || !action.by_bp || (roas ? *action.by_bp < 0 : *action.by_bp > 0);
    for (const bool is_max : {false, true}) {
      const RuleNode* limit = Value(node, is_max ? "max" : "min");
      if (!limit) continue;
      const std::string_view key = is_max ? "max" : "min";
      if (!action.by_bp || (*action.by_bp > 0) != is_max) {
        return Bad(*limit, "max goes with a percentage upwards, min with one downwards");
      }
      if (roas) {
        MAXOPT_CHECK(factor(*limit, key, is_max ? action.roas_max_bp : action.roas_min_bp));
      } else {
        MAXOPT_TRY((is_max ? action.max : action.min), MoneyOf(*limit, key));
      }
    }
    return {};
  }

  const std::string& file_;
  Currency currency_ = kNoCurrency;
  int comparisons_ = 0;
  bool raises_ = false;  ///< of the rule being read
};

}  // namespace

std::string_view RuleActionName(RuleAction::Kind kind) {
  switch (kind) {
    case RuleAction::Kind::kPause:
      return "pause";
    case RuleAction::Kind::kActivate:
      return "activate";
    case RuleAction::Kind::kBudget:
      return "budget";
    case RuleAction::Kind::kBid:
      return "bid";
    case RuleAction::Kind::kTargetCpa:
      return "target_cpa";
    case RuleAction::Kind::kTargetRoas:
      return "target_roas";
    case RuleAction::Kind::kNotify:
      return "notify";
  }
  Bug();
}

Result<RuleComparison> ParseComparison(std::string_view text, Currency currency) {
  return ComparisonParser(text, currency).Run();
}

Result<RuleSet> ParseRules(const RuleNode& root, const std::string& file) {
  return FileParser(file).Run(root);
}

namespace {

template <class Visit>
void EachComparison(const RuleCondition& condition, const Visit& visit) {
  if (condition.kind == RuleCondition::Kind::kComparison) visit(condition.comparison);
  for (const RuleCondition& inner : condition.of) EachComparison(inner, visit);
}
template <class Visit>
void EachComparison(const RuleSet& set, const Visit& visit) {
  for (const Rule& rule : set.rules) {
    const auto one = [&](const RuleComparison& c) { visit(rule, c); };
    for (const RuleComparison& need : rule.needs) one(need);
    for (const RuleBranch& branch : rule.branches) {
      if (branch.condition) EachComparison(*branch.condition, one);
    }
  }
}

}  // namespace

int RuleSet::days_needed() const {
  int days = 28;
  EachComparison(*this, [&](const Rule&, const RuleComparison& c) {
    const auto back = [](const RuleWindow& w) { return w.days + w.ending_days_ago - 1; };
    days =
        std::max(days, back(c.window) + (c.against == RuleAgainst::kPrevious ? c.window.days : 0));
    if (c.against == RuleAgainst::kWindow) days = std::max(days, back(c.other));
  });
  return days;
}

bool RuleSet::needs_level(Level level) const {
  bool needed = level == Level::kAccount || level == Level::kCampaign;
  for (const Rule& rule : rules) needed = needed || rule.scope.level == level;
  // An ad's parent is its ad group.
  if (level == Level::kAdGroup) {
    EachComparison(*this, [&](const Rule& rule, const RuleComparison& c) {
      needed = needed || (rule.scope.level == Level::kAd && (c.against == RuleAgainst::kParent ||
                                                             c.against == RuleAgainst::kSiblings));
    });
  }
  return needed;
}

}  // namespace maxopt
