#include "stages/optimize/levers/people/people.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/harvest.h"
#include "domain/message_text.h"
#include "stages/optimize/levers/cuts/cuts.h"
#include "stages/optimize/levers/partwise.h"
#include "stages/optimize/segments/segments.h"

namespace maxopt {
namespace {

using namespace levers;
using nlohmann::json;
using nlohmann::ordered_json;

/// As with hours and places: two weeks have to show what the last change did.
constexpr std::chrono::hours kRest{14 * 24};
constexpr int kMessagesMost = 500;
constexpr const char* kSuggestion = "look for more people like these";

// Targeting and reports have words of their own. Source: Meta's "Placement Targeting" and what its
// insights tell as platform_position.
constexpr std::pair<std::string_view, std::string_view> kPlacements[] = {
    {"facebook/feed", "facebook:feed"},
    {"facebook/right_hand_column", "facebook:right_hand_column"},
    {"facebook/marketplace", "facebook:marketplace"},
    {"facebook/video_feeds", "facebook:video_feeds"},
    {"facebook/search", "facebook:search"},
    {"facebook/instream_video", "facebook:instream_video"},
    {"facebook/facebook_stories", "facebook:story"},
    {"facebook/facebook_reels", "facebook:facebook_reels"},
    {"facebook/facebook_profile_feed", "facebook:profile_feed"},
    {"instagram/feed", "instagram:stream"},
    {"instagram/instagram_stories", "instagram:story"},
    {"instagram/instagram_reels", "instagram:reels"},
    {"instagram/instagram_explore", "instagram:explore"},
    {"instagram/instagram_explore_grid_home", "instagram:explore_home"},
    {"instagram/instagram_profile_feed", "instagram:profile_feed"},
    {"instagram/instagram_search", "instagram:ig_search"},
    {"audience_network/an_classic", "audience_network:classic"},
    {"audience_network/rewarded_video", "audience_network:rewarded_video"},
    {"messenger/messenger_stories", "messenger:story"},
};

enum class Kind { kAge, kGender, kPlacement, kAudience };
struct CutOf {
  Kind kind;
  Breakdown breakdown;
  const char* dimension;
  const char* what;
};
constexpr CutOf kCuts[] = {{Kind::kAge, Breakdown::kAgeGender, "age_gender", "ages"},
                           {Kind::kGender, Breakdown::kAgeGender, "age_gender", "genders"},
                           {Kind::kPlacement, Breakdown::kPlacement, "placement", "placements"},
                           {Kind::kAudience, Breakdown::kAudience, "audience", "audiences"}};

/// "25-34", "65+"; nullopt for what names no ages.
struct Ages {
  std::int64_t from = 0, to = 0;  ///< 65: and over
};
std::optional<Ages> AgesOf(std::string_view text) {
  Ages out;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, out.from);
  if (first.ec != std::errc() || first.ptr == end) return std::nullopt;
  if (*first.ptr == '+' && first.ptr + 1 == end) {
    out.to = 65;
    return out;
  }
  if (*first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, out.to);
  if (second.ec != std::errc() || second.ptr != end || out.to < out.from) return std::nullopt;
  return out;
}

/// "user_list:4001 Buyers" -> "4001"; empty for other kinds, which ad groups do not keep.
std::string UserListOf(std::string_view segment) {
  constexpr std::string_view kPrefix = "user_list:";
  if (!segment.starts_with(kPrefix)) return {};
  segment.remove_prefix(kPrefix.size());
  const std::string_view id = segment.substr(0, segment.find(' '));
  const bool digits =
      !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::string(id) : std::string();
}

/// The part of a segment that the cut is about; empty: it names none that can be left out.
std::string PartOf(Kind kind, const std::string& segment) {
  const std::size_t slash = segment.find('/');
  switch (kind) {
    case Kind::kAge:
      return AgesOf(segment.substr(0, slash)) ? segment.substr(0, slash) : std::string();
    case Kind::kGender: {
      const std::string gender = slash == std::string::npos ? "" : segment.substr(slash + 1);
      return gender == "female" || gender == "male" ? gender : std::string();
    }
    case Kind::kPlacement:
      return segment == "unknown" ? std::string() : segment;
    case Kind::kAudience:
      return segment == kNoneTold ? std::string() : segment;
  }
  Bug();
}

struct Judged : CutCampaign {
  const CutOf* cut = nullptr;
};

class People {
 public:
  People(const LeverWorld& world, const LeverState& state) : world_(world), state_(state) {
    report_.lever = "people";
  }

  Result<LeverReport> Run() {
    for (const LeverAccount& account : state_.accounts) MAXOPT_CHECK(Gather(account));
    std::vector<PartsOf> parts;
    for (const Judged& judged : campaigns_) parts.push_back(judged.campaign.parts);
    MAXOPT_TRY(const std::vector<PartsReport> reports, JudgeParts(parts, PartsOptionsOf(state_)));
    for (std::size_t i = 0; i < reports.size(); ++i) {
      MAXOPT_CHECK(Propose(campaigns_[i], reports[i]));
    }
    for (auto& [object, found] : best_) report_.opportunities.push_back(std::move(found));
    MAXOPT_CHECK(Expand());
    // A campaign that is left alone is left alone by every cut: said once.
    std::set<std::string> told;
    std::erase_if(report_.notes,
                  [&](const std::string& note) { return !told.insert(note).second; });
    return std::move(report_);
  }

 private:
  void Note(std::string what) { report_.notes.push_back(std::move(what)); }

  Result<> Gather(const LeverAccount& account) {
    const std::string who = PrintAccount(account.tree.info.account);
    if (!account.hold.empty()) {
      Note(fmt::format("{}: {}", who, account.hold));
      return {};
    }
    for (const CutOf& cut : kCuts) {
      if (const std::string why = NotOfferedWhy(account, cut.dimension); !why.empty()) {
        Note(fmt::format("{}: no {}: {}", who, cut.what, why));
        continue;
      }
      if (cut.kind == Kind::kPlacement &&
          account.tree.info.account.platform == Platform::kGoogleAds) {
        Note(fmt::format("{}: its placements are networks, which Max does not set", who));
        continue;
      }
      MAXOPT_CHECK(GatherCut(account, cut));
    }
    return {};
  }

  Result<> GatherCut(const LeverAccount& account, const CutOf& cut) {
    const bool personal = cut.kind == Kind::kAge || cut.kind == Kind::kGender;
    const CutQuestion question{
        cut.breakdown, cut.dimension,
        [&](const std::string& segment) {
          std::string part = PartOf(cut.kind, segment);
          return part.empty() ? std::nullopt : std::optional(std::move(part));
        },
        [&](const Entity& campaign) {
          if (!personal || ListField(campaign.fields, "special_categories").empty()) {
            return std::string();
          }
          return fmt::format(
              "campaign \"{}\" is of a special category: nobody is left out by age or gender",
              WithoutMarker(TextField(campaign.fields, "name")));
        }};
    MAXOPT_TRY(std::vector<CutCampaign> found,
               CampaignsByPart(world_, state_, account, question, report_.notes));
    for (CutCampaign& campaign : found) campaigns_.push_back({std::move(campaign), &cut});
    return {};
  }

  /// Of the parts that lose, those that a platform can be told to leave out.
  static std::set<std::size_t> Tellable(const Judged& judged, const std::set<std::size_t>& lose) {
    std::set<std::size_t> out;
    switch (judged.cut->kind) {
      case Kind::kAge: {
        std::vector<std::pair<std::int64_t, std::size_t>> order;
        for (std::size_t i = 0; i < judged.names.size(); ++i) {
          order.emplace_back(AgesOf(judged.names[i])->from, i);
        }
        std::sort(order.begin(), order.end());
        const auto run = [&](auto begin, auto end) {
          for (auto at = begin; at != end && lose.contains(at->second); ++at) {
            out.insert(at->second);
          }
        };
        run(order.begin(), order.end());
        run(order.rbegin(), order.rend());
        if (out.size() == order.size()) out.clear();
        return out;
      }
      case Kind::kGender:
        return lose.size() == 1 ? lose : out;
      case Kind::kPlacement:
        for (const std::size_t i : lose) {
          if (!MetaPlacementOf(judged.names[i]).empty()) out.insert(i);
        }
        return out;
      case Kind::kAudience:
        for (const std::size_t i : lose) {
          if (!UserListOf(judged.names[i]).empty()) out.insert(i);
        }
        return out;
    }
    Bug();
  }

  static std::set<std::size_t> Losing(const PartsReport& report) {
    std::set<std::size_t> out;
    for (const PartView& part : report.parts) {
      if (part.verdict == PartVerdict::kStop && part.cost > 0) out.insert(part.part);
    }
    return out;
  }

  std::string Names(const Judged& judged, const std::set<std::size_t>& parts) const {
    std::vector<std::string> names;
    for (const std::size_t i : parts) names.push_back(judged.names[i]);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  Result<> Propose(Judged& judged, PartsReport report) {
    PartCampaign& of = judged.campaign;
    const std::string name = WithoutMarker(TextField(of.campaign->fields, "name"));
    if (!report.any) {
      Note(fmt::format("campaign \"{}\", {}: {}", name, judged.cut->what, report.why_not));
      return {};
    }
    std::set<std::size_t> lose = Losing(report);
    std::set<std::size_t> stop = Tellable(judged, lose);
    if (stop != lose) {
      std::set<std::size_t> rest;
      std::set_difference(lose.begin(), lose.end(), stop.begin(), stop.end(),
                          std::inserter(rest, rest.end()));
      Note(
          fmt::format("campaign \"{}\" loses with {} {} as well, which cannot be left out by "
                      "themselves there",
                      name, judged.cut->what, Names(judged, rest)));
      if (stop.empty()) return {};
      // Judged anew without them: what is promised must be of what is done.
      std::erase_if(of.parts.rows, [&](const PartRow& row) { return rest.contains(row.part); });
      MAXOPT_TRY(const std::vector<PartsReport> again,
                 JudgeParts(std::span(&of.parts, 1), PartsOptionsOf(state_)));
      report = again[0];
      lose = Losing(report);
      stop = Tellable(judged, lose);
      if (!report.any || stop.empty() || stop != lose) return {};
    }
    const std::vector<const Entity*> objects = ActiveGroups(*of.account, *of.campaign);
    MAXOPT_TRY(const std::vector<double> shares,
               SharesOf(world_, *of.account, *of.campaign, objects));
    const std::string what = fmt::format("{}: {}", Names(judged, stop), CostSentence(of, report));
    if (objects.empty()) {
      Note(fmt::format("campaign \"{}\" loses with {}. It has no ad group that is on", name, what));
    }
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const Entity& object = *objects[i];
      Fields before, after;
      std::string why = state_.Still(*of.account, object);
      if (why.empty()) why = Narrow(judged, stop, object, before, after);
      if (why.empty() && after.empty()) continue;  // it does not reach them
      for (const auto& [field, value] : after) {
        const Instant* changed = state_.LastChange(of.account->tree.info.account, object.id, field);
        if (why.empty() && changed != nullptr && state_.now - *changed < kRest) {
          why = fmt::format("its {} was changed at {}; two weeks have to show what that did", field,
                            PrintInstant(*changed));
        }
      }
      if (!why.empty()) {
        Note(fmt::format("{} loses with {}. It is left as it is: {}", NameOf(object), what, why));
        continue;
      }
      Keep(judged, report, stop, object, shares[i], std::move(before), std::move(after));
    }
    return {};
  }

  /// Fills what changes; says why it cannot. Nothing filled: the object reaches none of them.
  std::string Narrow(const Judged& judged, const std::set<std::size_t>& stop, const Entity& object,
                     Fields& before, Fields& after) const {
    const Platform platform = judged.campaign.account->tree.info.account.platform;
    using Texts = std::vector<std::string>;
    switch (judged.cut->kind) {
      case Kind::kAge: {
        // What a platform takes where nothing is told: TikTok from 13, the others from 18.
        const auto limit = [&](const char* field, std::int64_t otherwise) {
          const auto at = object.fields.find(field);
          return at == object.fields.end() ? otherwise : std::get<std::int64_t>(at->second);
        };
        const std::int64_t from = limit("age_min", platform == Platform::kTikTok ? 13 : 18);
        const std::int64_t to = limit("age_max", 65);
        std::int64_t least = 200, most = 0;
        for (std::size_t i = 0; i < judged.names.size(); ++i) {
          if (stop.contains(i)) continue;
          const Ages ages = *AgesOf(judged.names[i]);
          least = std::min(least, ages.from);
          most = std::max(most, ages.to);
        }
        bool young = false, old = false;
        for (const std::size_t i : stop) {
          young = young || AgesOf(judged.names[i])->from < least;
          old = old || AgesOf(judged.names[i])->to > most;
        }
        const std::int64_t new_from = young ? std::max(from, least) : from;
        const std::int64_t new_to = old ? std::min(to, most) : to;
        if (new_from > new_to) return "no age would be left";
        if (new_from != from) {
          before["age_min"] = from;
          after["age_min"] = new_from;
        }
        if (new_to != to) {
          before["age_max"] = to;
          after["age_max"] = new_to;
        }
        return {};
      }
      case Kind::kGender: {
        const auto& now = ListField(object.fields, "genders");
        const std::string gone = judged.names[*stop.begin()];
        const std::string left = gone == "male" ? "female" : "male";
        if (now.size() == 1 && now[0] == left) return {};
        if (now.size() == 1) return "it is for them only, so this would be a pause";
        before["genders"] = Texts{};  // all
        after["genders"] = Texts{left};
        return {};
      }
      case Kind::kPlacement: {
        if (platform == Platform::kTikTok) return "TikTok changes no placements after creation";
        if (platform != Platform::kMeta) return "Max sets no placements there";
        std::set<std::string> gone;
        for (const std::size_t i : stop) gone.insert(MetaPlacementOf(judged.names[i]));
        const auto& now = ListField(object.fields, "placements");
        Texts left;
        if (now.empty()) {
          for (std::size_t i = 0; i < judged.names.size(); ++i) {
            if (stop.contains(i)) continue;
            const std::string word = MetaPlacementOf(judged.names[i]);
            if (word.empty()) {
              return fmt::format(
                  "its placements are automatic, and \"{}\" cannot be named in a "
                  "list",
                  judged.names[i]);
            }
            left.push_back(word);
          }
        } else {
          for (const std::string& word : now) {
            const std::string all = word + ":";
            const bool whole = word.find(':') == std::string::npos &&
                               std::any_of(gone.begin(), gone.end(), [&](const std::string& one) {
                                 return one.starts_with(all);
                               });
            if (whole) return fmt::format("it takes all of {}; name its positions first", word);
            if (!gone.contains(word)) left.push_back(word);
          }
          if (left.size() == now.size()) return {};
        }
        if (left.empty()) return "no placement would be left, which is a pause";
        before["placements"] = now;
        after["placements"] = std::move(left);
        return {};
      }
      case Kind::kAudience: {
        Texts in = ListField(object.fields, "audiences");
        Texts out = ListField(object.fields, "excluded_audiences");
        const std::size_t had = out.size();
        for (const std::size_t i : stop) {
          const std::string id = UserListOf(judged.names[i]);
          if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
          std::erase(in, id);
        }
        const auto& now = ListField(object.fields, "audiences");
        if (!now.empty() && in.empty()) {
          return "it names no other audience; without one it would reach everybody else";
        }
        if (out.size() == had && in.size() == now.size()) return {};
        if (in.size() != now.size()) {
          before["audiences"] = now;
          after["audiences"] = std::move(in);
        }
        before["excluded_audiences"] = ListField(object.fields, "excluded_audiences");
        after["excluded_audiences"] = std::move(out);
        return {};
      }
    }
    Bug();
  }

  /// Chance of 95 % that what is left out is clicked on less than the rest.
  std::string ClickSignal(const Judged& judged, const std::set<std::size_t>& stop) const {
    double clicks[2] = {0, 0}, shown[2] = {0, 0};
    for (std::size_t i = 0; i < judged.names.size(); ++i) {
      const std::size_t at = stop.contains(i) ? 0 : 1;
      clicks[at] += judged.clicks[i];
      shown[at] += judged.impressions[i];
    }
    if (!(shown[0] > 0) || !(shown[1] > 0)) return {};
    constexpr double kZ95 = 1.6448536269514722;
    const double ratio = (clicks[0] + 0.5) / (shown[0] + 1) / ((clicks[1] + 0.5) / (shown[1] + 1));
    const double high =
        ratio * std::exp(kZ95 * std::sqrt(1 / (clicks[0] + 0.5) + 1 / (clicks[1] + 0.5)));
    if (!(high < 1)) return {};
    return fmt::format("the click rate agrees: {:.2f} % ({:.0f} of {:.0f}) against {:.2f} %",
                       100 * clicks[0] / shown[0], clicks[0], shown[0], 100 * clicks[1] / shown[1]);
  }

  void Keep(const Judged& judged, const PartsReport& report, const std::set<std::size_t>& stop,
            const Entity& object, double share, Fields before, Fields after) {
    const PartCampaign& of = judged.campaign;
    Opportunity found;
    SetEffect(state_, of, report, share, found);
    if (found.needs_second_signal) found.second_signal = ClickSignal(judged, stop);
    // "Any change to targeting" restarts Meta's learning, and TikTok's; Google names none.
    if (of.account->tree.info.account.platform != Platform::kGoogleAds) {
      const double days = std::max(of.sums.days, 1);
      const double conversions = share * of.sums.conversions / days;
      const double units = of.kpi.revenue ? share * of.sums.revenue / days : conversions;
      const Learning learning =
          LearningOf(object, *of.campaign, conversions, units * of.unit_value, 1);
      found.learning_cost = learning.cost_a_day;
      found.learning_days = learning.days;
    }
    Change change = UpdateOf(state_, *of.account, object, Reason::kAudience);
    change.prediction = found.change.prediction;
    change.before = std::move(before);
    change.after = std::move(after);
    const bool automatic =
        judged.cut->kind == Kind::kPlacement && ListField(object.fields, "placements").empty();
    change.why = fmt::format("without {}: {}; {}{}", Names(judged, stop), CostSentence(of, report),
                             GainSentence(of, report),
                             automatic ? "; its placements are no longer automatic then" : "");
    json evidence = EvidenceOf(of, report);
    evidence["lever"] = "people";
    evidence["cut"] = judged.cut->dimension;
    evidence["share_of_campaign"] = share;
    json stopped = json::array(), each = json::object();
    for (const std::size_t i : stop) stopped.push_back(judged.names[i]);
    for (const PartView& part : report.parts) {
      each[judged.names[part.part]] = {{"spend", part.cost},
                                       {"value", part.value},
                                       {"rate", part.rate},
                                       {"low90", part.low},
                                       {"high90", part.high},
                                       {"impressions", judged.impressions[part.part]},
                                       {"clicks", judged.clicks[part.part]}};
    }
    evidence["stopped"] = std::move(stopped);
    evidence["parts"] = std::move(each);
    change.evidence = evidence.dump(-1, ' ', false, json::error_handler_t::replace);
    found.change = std::move(change);
    const std::pair key{of.account->tree.info.account, object.id};
    const auto at = best_.find(key);
    if (at == best_.end()) {
      best_.emplace(key, std::move(found));
      return;
    }
    Opportunity& kept = at->second;
    if (found.value > kept.value) std::swap(found, kept);
    Note(fmt::format("{}: another time: {}", NameOf(object), found.change.why));
  }

  // ---- what does better: for Olivia

  static std::string KeyOf(const json& path) {
    std::string out;
    for (const json& step : path)
      out += step.value("dimension", "") + "=" + step.value("name", "") + "\n";
    return out;
  }

  Result<> Expand() {
    if (campaigns_.empty()) return {};
    SegmentSearch search;
    search.cuts = {"age_gender", "audience"};
    search.known_least = state_.known_least();
    MAXOPT_TRY(
        const SegmentReport segments,
        SearchSegments(*world_.store, *world_.facts, *world_.clock, state_.client.name, search));
    MAXOPT_TRY(const std::vector<Message> messages,
               world_.store->Messages("olivia", kMessagesMost));
    std::set<std::string> asked;
    for (const Message& message : messages) {
      if (message.client != state_.client.name || message.kind != "audience_refinements" ||
          state_.now - message.created_at >= kRest) {
        continue;
      }
      const json body = json::parse(message.json, nullptr, false);
      if (!body.is_object() || !body.contains("findings")) continue;
      for (const json& finding : body["findings"]) {
        if (finding.value("suggestion", "") == kSuggestion) asked.insert(KeyOf(finding["path"]));
      }
    }
    MAXOPT_TRY(const Zone zone, Zone::Find(state_.client.zone));
    const DailyMessages daily{state_.client.name, zone.DayOf(state_.now), state_.now};
    ordered_json findings = ordered_json::array();
    std::string text = fmt::format("# More people like these: {}\n\nDays {} to {}.\n\n",
                                   MarkdownText(state_.client.name), PrintDay(segments.from),
                                   PrintDay(segments.to));
    for (const SegmentFinding& finding : segments.findings) {
      if (finding.segment.verdict != SegmentVerdict::kAbove) continue;
      ordered_json path = ordered_json::array();
      bool left = finding.path.empty();
      for (const auto& [dimension, name] : finding.path) {
        path.push_back({{"dimension", dimension}, {"name", name}});
        // Who was about to buy anyway, and who nobody can be told from, are no example.
        left = left || (dimension == "campaign" && Harvests(name)) || name == kNoneTold ||
               name.find("unknown") != std::string::npos;
      }
      if (left || !asked.insert(KeyOf(path)).second) continue;
      const Segment& s = finding.segment;
      findings.push_back(
          {{"cut", finding.cut},
           {"path", path},
           {"verdict", "above"},
           {"currency", finding.currency},
           {"stake", {{"mean", s.stake}, {"low90", s.stake_low}, {"high90", s.stake_high}}},
           {"what", finding.what},
           {"suggestion", kSuggestion}});
      text +=
          fmt::format("- **{}** {}: {}\n", finding.cut, MarkdownText(finding.what), kSuggestion);
    }
    if (findings.empty()) return {};
    ordered_json body = daily.Head("audience_refinements");
    body["findings"] = std::move(findings);
    report_.messages.push_back(daily.Make("olivia", "audience_refinements",
                                          "More people like these", body, std::move(text)));
    return {};
  }

  const LeverWorld& world_;
  const LeverState& state_;
  LeverReport report_;
  std::vector<Judged> campaigns_;
  std::map<std::pair<AccountId, std::string>, Opportunity> best_;
};

}  // namespace

std::string MetaPlacementOf(std::string_view segment) {
  for (const auto& [told, targeted] : kPlacements) {
    if (told == segment) return std::string(targeted);
  }
  return {};
}

Result<LeverReport> PeopleLever(const LeverWorld& world, const LeverState& state) {
  return People(world, state).Run();
}

}  // namespace maxopt
