#include "stages/optimize/levers/searches/searches.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "decide/searches/searches.h"
#include "stages/optimize/levers/campaigns.h"
#include "stages/optimize/levers/cuts/cuts.h"

namespace maxopt {
namespace {

using nlohmann::json;

/// Two weeks: every day of the week twice, as other levers' effects are waited for.
constexpr int kHorizonDays = 14;
/// Searches that are named for each word in the evidence; their number is always told.
constexpr std::size_t kNamed = 20;

json WordJson(const SearchWord& word) {
  json terms = json::array();
  for (std::size_t i = 0; i < std::min(kNamed, word.terms.size()); ++i) {
    terms.push_back(word.terms[i]);
  }
  return {{"keyword", PrintSearchKeyword(word.keyword)},
          {"why", word.why},
          {"searches", word.terms.size()},
          {"named", std::move(terms)},
          {"spend", word.spend},
          {"clicks", word.clicks},
          {"conversions", word.conversions},
          {"expected", word.expected},
          {"rate", {{"mean", word.rate}, {"low90", word.rate_low}, {"high90", word.rate_high}}},
          {"reference", word.reference},
          {"p_value", word.p_value},
          {"p_adjusted", word.p_adjusted}};
}

class Searches {
 public:
  Searches(const LeverWorld& world, const LeverState& state) : world_(world), state_(state) {
    out_.lever = "searches";
  }

  Result<LeverReport> Run() {
    for (const LeverAccount& account : state_.accounts) MAXOPT_CHECK(Account(account));
    return std::move(out_);
  }

 private:
  void Note(const LeverAccount& account, std::string_view what) {
    out_.notes.push_back(fmt::format("{}: {}", PrintAccount(account.tree.info.account), what));
  }

  Result<> Account(const LeverAccount& account) {
    if (const std::string why = NotOfferedWhy(account, "search_term"); !why.empty()) {
      Note(account, "no searches: " + why);
      return {};
    }
    if (!account.hold.empty()) {
      Note(account, account.hold);
      return {};
    }
    // Searches ripen by themselves: they may have been read earlier than the campaigns were.
    MAXOPT_TRY(const std::set<Day> days,
               levers::JudgedDaysOf(world_, state_, account, Grain::kDay, Breakdown::kSearchTerm));
    MAXOPT_TRY(const std::vector<CutSums> cut,
               SumDays(*world_.facts, account, days, Level::kCampaign, "search_term"));
    if (cut.empty()) {
      Note(account, "nothing is known by search of days whose conversions are nearly all known");
      return {};
    }
    MAXOPT_TRY(const std::vector<CutSums> wholes,
               SumDays(*world_.facts, account, days, Level::kCampaign, ""));
    MAXOPT_TRY(const auto sums_of, levers::SumsOf(world_, account, days));
    std::map<std::string, std::vector<const CutSums*>> terms;
    for (const CutSums& row : cut) {
      if (row.segment != kNoneTold) terms[row.campaign].push_back(&row);
    }
    std::map<std::string, const CutSums*> whole;
    for (const CutSums& row : wholes) whole[row.campaign] = &row;
    for (const auto& [id, rows] : terms) {
      const Entity* campaign = account.Find(Level::kCampaign, id);
      if (campaign == nullptr) continue;  // gone since
      const std::string channel = TextField(campaign->fields, "channel_type");
      if (!channel.empty() && channel != "search") {
        Note(account, fmt::format("{}: its searches are met without keywords ({}), so none is "
                                  "added or left out by them",
                                  NameOf(*campaign), channel));
        continue;
      }
      if (const std::string still = state_.Still(account, *campaign); !still.empty()) {
        Note(account, fmt::format("{}: left alone: {}", NameOf(*campaign), still));
        continue;
      }
      const auto sums = whole.find(id);
      if (sums == whole.end() || !sums->second->counted) {
        Note(account, NameOf(*campaign) + ": its conversions are not told");
        continue;
      }
      const auto known = sums_of.find(id);
      const bool refills =
          known != sums_of.end() && levers::Refills(account, *campaign, known->second);
      View view{account, *campaign, *sums->second, days, refills};
      MAXOPT_CHECK(Campaign(view, rows));
    }
    return {};
  }

  /// Those that can be read; others are told.
  std::vector<std::string> Readable(const LeverAccount& account, const Entity& entity,
                                    const char* field) {
    std::vector<std::string> out;
    for (const std::string& keyword : ListField(entity.fields, field)) {
      if (const auto read = ParseSearchKeyword(keyword)) {
        out.push_back(keyword);
      } else {
        Note(account, fmt::format("{}: {}", NameOf(entity), read.error().what));
      }
    }
    return out;
  }

  struct View {
    const LeverAccount& account;
    const Entity& campaign;
    const CutSums& whole;
    const std::set<Day>& days;
    bool refills;  ///< what it does not spend on one search it spends on others
    std::optional<double> cost_max{};
    double told = 0;
    double Cpa() const { return whole.conversions > 0 ? whole.spend / whole.conversions : 0; }
    double Days() const { return static_cast<double>(days.size()); }
  };

  Result<> Campaign(View& view, const std::vector<const CutSums*>& rows) {
    const LeverAccount& account = view.account;
    const Entity& entity = view.campaign;
    const CutSums& whole = view.whole;
    SearchCampaign campaign;
    double told_spend = 0, told_conversions = 0;
    for (const CutSums* row : rows) {
      campaign.terms.push_back({row->segment, row->spend, row->clicks, row->conversions});
      told_spend += row->spend;
      told_conversions += row->conversions;
    }
    campaign.other_spend = std::max(0.0, whole.spend - told_spend);
    campaign.other_conversions = std::max(0.0, whole.conversions - told_conversions);
    campaign.negatives = Readable(account, entity, "negative_keywords");
    campaign.cost_max = CostMax(state_, account, entity, whole);
    for (const Entity& group : account.tree.entities) {
      if (group.level != Level::kAdGroup) continue;
      std::vector<std::string> keywords = Readable(account, group, "keywords");
      std::vector<std::string>* into = nullptr;
      if (group.campaign_id != entity.id) {
        into = &campaign.taken;
      } else if (TextField(group.fields, "status") != kActive) {
        into = &campaign.resting;
      }
      if (into != nullptr) {
        into->insert(into->end(), keywords.begin(), keywords.end());
        continue;
      }
      campaign.groups.push_back(
          {group.id, std::move(keywords), Readable(account, group, "negative_keywords")});
    }
    MAXOPT_TRY(SearchAdvice advice, JudgeSearches(campaign));
    for (const std::string& note : advice.notes) {
      Note(account, fmt::format("{}: {}", NameOf(entity), note));
    }
    if (advice.negatives.empty() && advice.keywords.empty()) {
      Note(account,
           fmt::format("{}: {} searches and words could be judged in {} days; none of them "
                       "loses or gains beyond doubt",
                       NameOf(entity), advice.judged, view.days.size()));
    }
    view.cost_max = campaign.cost_max;
    view.told = advice.told;
    LeaveOut(view, std::move(advice.negatives));
    std::map<std::string, std::vector<SearchWord>> by_group;
    for (SearchWord& word : advice.keywords) by_group[word.group].push_back(std::move(word));
    for (const auto& [group, words] : by_group) Buy(view, group, words);
    return {};
  }

  json Evidence(const View& view, const std::vector<SearchWord>& words) const {
    json list = json::array();
    for (const SearchWord& word : words) list.push_back(WordJson(word));
    json out{{"lever", "searches"},
             {"from", PrintDay(*view.days.begin())},
             {"to", PrintDay(*view.days.rbegin())},
             {"days", view.days.size()},
             {"currency", view.account.tree.info.currency.name()},
             {"campaign",
              {{"spend", view.whole.spend},
               {"conversions", view.whole.conversions},
               {"told_by_search", view.told}}},
             {"words", std::move(list)}};
    if (view.cost_max) out["cost_max"] = *view.cost_max;
    return out;
  }

  void LeaveOut(const View& view, std::vector<SearchWord> words) {
    if (words.empty()) return;
    const auto converts = [](const SearchWord& word) { return word.conversions > 0; };
    bool doubtful = std::all_of(words.begin(), words.end(), converts);
    if (!doubtful) {
      for (const SearchWord& word : words) {
        if (!converts(word)) continue;
        Note(view.account,
             fmt::format("{}: search \"{}\" loses ({:.2f} spent, {:.6g} conversions, {:.1f} were "
                         "to be expected) and waits until those without any are left out",
                         NameOf(view.campaign), word.keyword.text, word.spend, word.conversions,
                         word.expected));
      }
      std::erase_if(words, converts);
    }
    const double days = view.Days();
    const double worth = view.cost_max.value_or(view.Cpa());
    double spend = 0, expected = 0, conversions = 0, lost = 0, lost_low = 0, lost_high = 0,
           elsewhere = 0;
    for (const SearchWord& word : words) {
      spend += word.spend;
      expected += word.expected;
      conversions += word.conversions;
      lost += word.rate * word.spend;
      lost_low += word.rate_low * word.spend;
      lost_high += word.rate_high * word.spend;
      elsewhere += word.reference * word.spend;
    }
    Opportunity found;
    found.change = UpdateOf(state_, view.account, view.campaign, Reason::kKeyword);
    std::vector<std::string> after = ListField(view.campaign.fields, "negative_keywords");
    found.change.before["negative_keywords"] = after;
    for (const SearchWord& word : words) after.push_back(PrintSearchKeyword(word.keyword));
    found.change.after["negative_keywords"] = std::move(after);
    found.change.why = fmt::format(
        "leaves {} out: {:.2f} {} spent on {} in {:.0f} days brought {:.6g} conversions, where the "
        "rest of the campaign would have brought {:.1f}",
        Named(words), spend, view.account.tree.info.currency.name(),
        words.size() == 1 && words[0].terms.size() == 1 ? "it" : "them", days, conversions,
        expected);
    // Ends are added up as if all words strayed together: the interval is too wide, not too narrow.
    found.value = (spend - lost * worth) / days;
    found.value_low90 = (spend - lost_high * worth) / days;
    found.value_high90 = (spend - lost_low * worth) / days;
    // A campaign that spends its budget spends what is freed on its other searches: between nothing
    // comes of it and as much as of the money that is spent there now. What does not is saved.
    const double low = -lost_high / days;
    const double high = ((view.refills ? elsewhere : 0) - lost_low) / days;
    found.change.prediction = Prediction{
        "conversions", view.refills ? (low + high) / 2 : -lost / days, low, high, kHorizonDays};
    json evidence = Evidence(view, words);
    evidence["money"] = view.refills ? "spent in the rest of the campaign" : "saved";
    found.change.evidence = evidence.dump(-1, ' ', false, json::error_handler_t::replace);
    found.needs_second_signal = doubtful;
    out_.opportunities.push_back(std::move(found));
  }

  void Buy(const View& view, const std::string& id, const std::vector<SearchWord>& words) {
    const Entity* group = view.account.Find(Level::kAdGroup, id);
    if (group == nullptr) Bug();
    if (const std::string still = state_.Still(view.account, *group); !still.empty()) {
      Note(view.account, fmt::format("{}: left alone: {}", NameOf(*group), still));
      return;
    }
    const double days = view.Days();
    const double worth = view.cost_max.value_or(view.Cpa());
    double spend = 0, conversions = 0, expected = 0, beyond = 0;
    for (const SearchWord& word : words) {
      spend += word.spend;
      conversions += word.conversions;
      expected += word.expected;
      beyond += (word.rate - word.reference) * word.spend;
    }
    Opportunity found;
    found.change = UpdateOf(state_, view.account, *group, Reason::kKeyword);
    std::vector<std::string> after = ListField(group->fields, "keywords");
    found.change.before["keywords"] = after;
    for (const SearchWord& word : words) after.push_back(PrintSearchKeyword(word.keyword));
    found.change.after["keywords"] = std::move(after);
    found.change.why = fmt::format(
        "buys {} by name: {:.2f} {} spent on {} in {:.0f} days brought {:.6g} conversions, where "
        "the rest of the campaign would have brought {:.1f}",
        Named(words), spend, view.account.tree.info.currency.name(),
        words.size() == 1 ? "it" : "them", days, conversions, expected);
    // The search is bought already, by way of another keyword. What a keyword of its own adds,
    // because nothing else competes for the search any more, nobody tells: it is taken to lie
    // anywhere between nothing and a step of the policy of what the search brings beyond its like.
    const double most = state_.step_max_bp() / 1e4 * std::max(0.0, beyond) / days;
    found.change.prediction =
        Prediction{"conversions", 0.5 * most, 0.05 * most, 0.95 * most, kHorizonDays};
    found.value = 0.5 * most * worth;
    found.value_low90 = 0.05 * most * worth;
    found.value_high90 = 0.95 * most * worth;
    json evidence = Evidence(view, words);
    evidence["campaign_address"] = state_.AddressOf(view.account, view.campaign);
    found.change.evidence = evidence.dump(-1, ' ', false, json::error_handler_t::replace);
    out_.opportunities.push_back(std::move(found));
  }

  static std::string Named(const std::vector<SearchWord>& words) {
    constexpr std::size_t kShown = 3;
    std::string out;
    for (std::size_t i = 0; i < std::min(kShown, words.size()); ++i) {
      out += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", PrintSearchKeyword(words[i].keyword));
    }
    if (words.size() > kShown) out += fmt::format(" and {} more", words.size() - kShown);
    return out;
  }

  const LeverWorld& world_;
  const LeverState& state_;
  LeverReport out_;
};

}  // namespace

Result<LeverReport> SearchLever(const LeverWorld& world, const LeverState& state) {
  return Searches(world, state).Run();
}

}  // namespace maxopt
