#include "stages/setup/policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <span>

namespace maxopt {
namespace {

constexpr std::size_t kSizeMax = 256u << 10;

/// A node with its file, so that every complaint can say where.
class Node {
 public:
  Node(YAML::Node node, std::string file) : node_(std::move(node)), file_(std::move(file)) {}

  static Result<Node> Load(std::string_view yaml, const std::string& file, std::string_view kind) {
    if (yaml.size() > kSizeMax) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{}: is larger than {} bytes; is it the right file?", file, kSizeMax));
    }
    const Node root(YAML::Load(std::string(yaml)), file);
    if (!root.node_.IsMap()) return root.Bad("is empty or not a mapping (key: value)");
    MAXOPT_TRY(const std::string version, root.TextAt("maxopt"));
    if (version != kind) {
      return root.Bad(fmt::format("\"maxopt: {}\" is needed here, not \"{}\"", kind, version));
    }
    return root;
  }

  std::unexpected<Error> Bad(std::string_view what) const {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: {}", file_, node_.Mark().line + 1, what));
  }
  bool Has(const std::string& key) const { return node_[key].IsDefined(); }

  Result<> OnlyKeys(std::span<const std::string> known) const {
    if (!node_.IsMap()) return Bad("a mapping (key: value) is needed here");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      const Node at(pair.first, file_);
      MAXOPT_TRY(const std::string key, at.Text());
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        return at.Bad(
            fmt::format("\"{}\" is not known here; known are {}", key, fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) return at.Bad(fmt::format("\"{}\" is written twice", key));
    }
    return {};
  }
  Result<Node> At(const std::string& key) const {
    if (!Has(key)) return Bad(fmt::format("\"{}\" is missing", key));
    return Node(node_[key], file_);
  }
  Result<std::vector<Node>> ListAt(const std::string& key) const {
    MAXOPT_TRY(const Node list, At(key));
    if (!list.node_.IsSequence() || list.node_.size() == 0) {
      return list.Bad(fmt::format("\"{}\" must be a list with at least one entry", key));
    }
    std::vector<Node> out;
    for (const auto& item : list.node_) out.emplace_back(item, file_);
    return out;
  }
  Result<std::string> Text() const {
    if (!node_.IsScalar() || node_.Scalar().empty()) return Bad("a text is needed here");
    return node_.Scalar();
  }
  Result<std::string> TextAt(const std::string& key) const {
    MAXOPT_TRY(const Node node, At(key));
    return node.Text();
  }
  template <class Parse>
  auto Read(Parse parse) const -> decltype(parse(std::string_view())) {
    MAXOPT_TRY(const std::string text, Text());
    auto value = parse(std::string_view(text));
    if (!value) return Bad(value.error().what);
    return value;
  }
  template <class Parse>
  auto ReadAt(const std::string& key, Parse parse) const -> decltype(parse(std::string_view())) {
    MAXOPT_TRY(const Node node, At(key));
    return node.Read(parse);
  }
  /// Leaves `number` as it is when the key is not there.
  Result<> NumberAt(const std::string& key, int low, int high, int& number) const {
    if (!Has(key)) return {};
    MAXOPT_TRY(
        number, ReadAt(key, [&](std::string_view text) -> Result<int> {
          int read = 0;
          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
          const bool whole = error == std::errc() && end == text.data() + text.size();
          if (whole && read >= low && read <= high) return read;
          return Fail(
              Errc::kInvalidArgument,
              fmt::format("{} \"{}\" is not a whole number from {} to {}", key, text, low, high));
        }));
    return {};
  }
  Result<> FlagAt(const std::string& key, bool& flag) const {
    if (!Has(key)) return {};
    MAXOPT_TRY(flag, ReadAt(key, [&](std::string_view text) -> Result<bool> {
                 if (text == "true") return true;
                 if (text == "false") return false;
                 return Fail(Errc::kInvalidArgument,
                             fmt::format("{} \"{}\" must be true or false", key, text));
               }));
    return {};
  }

 private:
  YAML::Node node_;
  std::string file_;
};

/// Runs a parser over yaml-cpp's exceptions: bad input is an error, never an exception.
template <class Parse>
auto Guarded(const std::string& file, Parse parse) -> decltype(parse()) {
  try {
    return parse();
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: not valid YAML: {}", file, e.mark.line + 1, e.msg));
  }
}

Result<Reason> AutomaticReason(std::string_view text) {
  std::vector<std::string_view> known;
  for (const Reason reason : AllReasons()) {
    if (!MayPassAlone(reason)) continue;
    if (ReasonName(reason) == text) return reason;
    known.push_back(ReasonName(reason));
  }
  return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" cannot be approved automatically; {} can",
                                                  text, fmt::join(known, ", ")));
}

/// "5%", "2.5 %": hundredths of a percent, up to a half, which is as much as RotatingHoldout takes.
Result<int> ShareBp(std::string_view text) {
  std::string_view number = text;
  const bool percent = number.ends_with('%');
  if (percent) number.remove_suffix(1);
  while (number.ends_with(' ')) number.remove_suffix(1);
  double read = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), read, std::chars_format::fixed);
  const bool whole = error == std::errc() && end == number.data() + number.size();
  if (percent && whole && read >= 0.01 && read <= 50) return static_cast<int>(read * 100 + 0.5);
  return Fail(Errc::kInvalidArgument,
              fmt::format("share \"{}\" is not a percentage from 0.01% to 50%", text));
}

}  // namespace

Result<Policy> ParsePolicy(std::string_view yaml, const std::string& file) {
  return Guarded(file, [&]() -> Result<Policy> {
    MAXOPT_TRY(const Node root, Node::Load(yaml, file, "policy/1"));
    MAXOPT_CHECK(root.OnlyKeys(std::vector<std::string>{"maxopt",
                                                        "client",
                                                        "currency",
                                                        "worst_day_cap",
                                                        "platform_caps",
                                                        "step_max_percent",
                                                        "cooldown_hours",
                                                        "data_age_max_hours",
                                                        "known_least_percent",
                                                        "auto_approve",
                                                        "approval_hours",
                                                        "two_people",
                                                        "exposure_drift_percent",
                                                        "tripwire_percent",
                                                        "mode",
                                                        "envelope",
                                                        "blocked_operations",
                                                        "earned_autonomy",
                                                        "holdout",
                                                        "use_tactics",
                                                        "share_results",
                                                        "rate_age_max_days"}));
    MAXOPT_TRY(const std::string client, root.TextAt("client"));
    MAXOPT_TRY(const Currency currency, root.ReadAt("currency", FindCurrency));
    const auto money = [&](std::string_view text) -> Result<Money> {
      MAXOPT_TRY(const Money amount, ParseMoney(text, currency));
      if (amount.micros() >= 0) return amount;
      return Fail(Errc::kInvalidArgument, fmt::format("a cap of {} is below zero", text));
    };
    MAXOPT_TRY(const Money cap, root.ReadAt("worst_day_cap", money));
    Policy policy{client, currency, cap, {}, 2'000, 20, 36, {}};
    if (root.Has("platform_caps")) {
      MAXOPT_TRY(const Node caps, root.At("platform_caps"));
      const std::vector<std::string> names{"google_ads", "meta", "tiktok"};
      MAXOPT_CHECK(caps.OnlyKeys(names));
      for (const std::string& name : names) {
        if (!caps.Has(name)) continue;
        MAXOPT_TRY(const Money platform_cap, caps.ReadAt(name, money));
        MAXOPT_TRY(const Platform platform, FindPlatform(name));
        policy.platform_caps.emplace(platform, platform_cap);
      }
    }
    int step_percent = policy.step_max_bp / 100;
    int drift_percent = policy.exposure_drift_max_bp / 100;
    int tripwire_percent = policy.tripwire_bp / 100;
    int known_percent = policy.known_least_bp / 100;
    MAXOPT_CHECK(root.NumberAt("step_max_percent", 1, 100, step_percent));
    MAXOPT_CHECK(root.NumberAt("cooldown_hours", 0, 24 * 30, policy.cooldown_hours));
    MAXOPT_CHECK(root.NumberAt("data_age_max_hours", 1, 24 * 30, policy.data_age_max_hours));
    MAXOPT_CHECK(root.NumberAt("known_least_percent", 50, 100, known_percent));
    MAXOPT_CHECK(root.NumberAt("approval_hours", 1, 24 * 30, policy.approval_hours));
    MAXOPT_CHECK(root.NumberAt("exposure_drift_percent", 0, 100, drift_percent));
    MAXOPT_CHECK(root.NumberAt("tripwire_percent", 0, 100'000, tripwire_percent));
    MAXOPT_CHECK(root.NumberAt("rate_age_max_days", 0, 366, policy.rate_age_max_days));
    MAXOPT_CHECK(root.FlagAt("two_people", policy.two_people));
    policy.step_max_bp = step_percent * 100;
    policy.known_least_bp = known_percent * 100;
    policy.exposure_drift_max_bp = drift_percent * 100;
    if (tripwire_percent > 0 && tripwire_percent <= 100) {
      return root.Bad(
          fmt::format("tripwire_percent {} would pause campaigns that keep to their plan; it is 0 "
                      "(only tell) or above 100",
                      tripwire_percent));
    }
    policy.tripwire_bp = tripwire_percent * 100;
    if (root.Has("mode")) {
      MAXOPT_TRY(policy.mode, root.ReadAt("mode", [](std::string_view text) -> Result<PolicyMode> {
        for (const PolicyMode mode :
             {PolicyMode::kObserve, PolicyMode::kRecommend, PolicyMode::kAct}) {
          if (PolicyModeName(mode) == text) return mode;
        }
        return Fail(Errc::kInvalidArgument,
                    fmt::format("mode \"{}\" is not one of observe, recommend, act", text));
      }));
    }
    if (root.Has("envelope")) {
      MAXOPT_TRY(const Node envelope, root.At("envelope"));
      MAXOPT_CHECK(envelope.OnlyKeys(
          std::vector<std::string>{"per_change", "per_day", "per_account", "changes_per_day"}));
      const auto amount = [&](const std::string& key, std::optional<Money>& into) -> Result<> {
        if (!envelope.Has(key)) return {};
        MAXOPT_TRY(into, envelope.ReadAt(key, money));
        return {};
      };
      MAXOPT_CHECK(amount("per_change", policy.envelope.per_change));
      MAXOPT_CHECK(amount("per_day", policy.envelope.per_day));
      MAXOPT_CHECK(amount("per_account", policy.envelope.per_account));
      if (envelope.Has("changes_per_day")) {
        int changes = 0;
        MAXOPT_CHECK(envelope.NumberAt("changes_per_day", 0, 1'000'000, changes));
        policy.envelope.changes_per_day = changes;
      }
    }
    if (root.Has("blocked_operations")) {
      MAXOPT_TRY(const std::vector<Node> words, root.ListAt("blocked_operations"));
      for (const Node& word : words) {
        MAXOPT_TRY(const Operation operation, word.Read(FindOperation));
        policy.blocked_operations.push_back(operation);
      }
    }
    MAXOPT_CHECK(root.FlagAt("earned_autonomy", policy.earned_autonomy));
    MAXOPT_CHECK(root.FlagAt("use_tactics", policy.use_tactics));
    if (root.Has("share_results")) {
      MAXOPT_TRY(policy.share_results,
                 root.ReadAt("share_results", [](std::string_view text) -> Result<bool> {
                   if (text == "anonymous") return true;
                   if (text == "none") return false;
                   return Fail(Errc::kInvalidArgument,
                               fmt::format("share_results \"{}\" must be anonymous or none", text));
                 }));
    }
    if (root.Has("holdout")) {
      MAXOPT_TRY(const Node holdout, root.At("holdout"));
      MAXOPT_CHECK(holdout.OnlyKeys(std::vector<std::string>{"share", "turn_days"}));
      policy.holdout.emplace();
      if (holdout.Has("share")) {
        MAXOPT_TRY(policy.holdout->share_bp, holdout.ReadAt("share", ShareBp));
      }
      MAXOPT_CHECK(holdout.NumberAt("turn_days", 7, 364, policy.holdout->turn_days));
    }
    if (root.Has("auto_approve")) {
      MAXOPT_TRY(const std::vector<Node> words, root.ListAt("auto_approve"));
      for (const Node& word : words) {
        MAXOPT_TRY(const Reason reason, word.Read(AutomaticReason));
        policy.auto_approve.push_back(reason);
      }
    }
    return policy;
  });
}

Result<std::vector<Client>> ParseClients(std::string_view yaml, const std::string& file) {
  return Guarded(file, [&]() -> Result<std::vector<Client>> {
    MAXOPT_TRY(const Node root, Node::Load(yaml, file, "clients/1"));
    MAXOPT_CHECK(root.OnlyKeys(std::vector<std::string>{"maxopt", "clients"}));
    MAXOPT_TRY(const std::vector<Node> items, root.ListAt("clients"));
    std::vector<Client> clients;
    for (const Node& item : items) {
      MAXOPT_CHECK(item.OnlyKeys(std::vector<std::string>{"name", "currency", "zone"}));
      Client client;
      MAXOPT_TRY(client.name, item.TextAt("name"));
      MAXOPT_TRY(client.currency, item.ReadAt("currency", FindCurrency));
      MAXOPT_TRY(const Zone zone, item.ReadAt("zone", Zone::Find));
      client.zone = zone.name();
      clients.push_back(std::move(client));
    }
    return clients;
  });
}

}  // namespace maxopt
