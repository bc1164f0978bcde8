#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "stages/working_memory/working_memory.h"

namespace maxopt {
namespace {

constexpr std::string_view kKpis[] = {"cpa", "roas", "ctr", "cvr", "cpc", "cpm"};
/// How far back campaigns are looked for: three years hold every season three times.
constexpr int kBackDays = 3 * 365;

double WeightOf(std::string_view facet) {
  for (const ContextFacet& each : ContextFacets()) {
    if (each.name == facet) return each.weight;
  }
  Bug();
}

bool LowerIsBetter(std::string_view kpi) { return kpi == "cpa" || kpi == "cpc" || kpi == "cpm"; }

}  // namespace

std::optional<double> PastCampaign::Kpi(std::string_view kpi) const {
  const auto over = [](double a, double b) { return b > 0 ? std::optional(a / b) : std::nullopt; };
  if (kpi == "cpa") return over(spend, conversions);
  if (kpi == "roas") return over(revenue, spend);
  if (kpi == "ctr") return over(clicks, impressions);
  if (kpi == "cvr") return over(conversions, clicks);
  if (kpi == "cpc") return over(spend, clicks);
  if (kpi == "cpm") return over(1'000 * spend, impressions);
  return std::nullopt;
}

Result<std::vector<PastCampaign>> SimilarCampaigns(CampaignStore& store, FactStore& facts,
                                                   const CampaignQuestion& question, Day today) {
  const std::pair<const char*, const std::string*> asked[] = {{"platform", &question.platform},
                                                              {"channel", &question.channel},
                                                              {"objective", &question.objective},
                                                              {"season", &question.season},
                                                              {"spend", &question.spend}};
  TacticContext words;
  double all = 0;
  for (const auto& [facet, word] : asked) {
    if (word->empty()) continue;
    words.facets[facet] = {*word};
    all += WeightOf(facet);
  }
  MAXOPT_CHECK(CheckTacticContext(words));
  if (question.limit < 1) {
    return Fail(Errc::kInvalidArgument, "a limit of campaigns is at least 1");
  }
  if (!question.kpi.empty() &&
      std::find(std::begin(kKpis), std::end(kKpis), question.kpi) == std::end(kKpis)) {
    return Fail(Errc::kInvalidArgument, fmt::format("kpi \"{}\" is not known; known are {}",
                                                    question.kpi, fmt::join(kKpis, ", ")));
  }
  const Day to = question.to.value_or(today);
  const Day from = question.from.value_or(to - std::chrono::days(kBackDays));
  if (to < from) return Fail(Errc::kInvalidArgument, "--from is after --to");
  if (!question.client.empty()) MAXOPT_CHECK(store.GetClient(question.client));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, store.Accounts());

  std::vector<PastCampaign> out;
  for (const ClientAccount& account : accounts) {
    if (!question.client.empty() && account.client != question.client) continue;
    std::map<std::string, const OwnedObject*> ours;
    MAXOPT_TRY(const std::vector<OwnedObject> objects, store.Objects(account.info.account));
    for (const OwnedObject& object : objects) {
      if (object.level == Level::kCampaign) ours[object.id] = &object;
    }
    FactQuery query;
    query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
    query.dimensions = {"campaign"};
    query.filters = {{"account", {PrintAccount(account.info.account)}}};
    query.grain = "month";
    query.from = from, query.to = to;
    MAXOPT_TRY(const FactTable table, facts.Query(query));
    const std::size_t period = table.Column("period"), id = table.Column("campaign_id"),
                      name = table.Column("campaign");
    const auto amount = [&](const std::vector<FactCell>& row, const char* measure) {
      return row[table.Column(measure)].Amount();
    };
    std::map<std::string, PastCampaign> by_id;
    std::map<std::string, std::set<std::string>> seasons;
    for (const auto& row : table.rows) {
      if (!(amount(row, "spend") > 0) || row[id].text == kUnattributed) continue;
      MAXOPT_TRY(const Day month, ParseDay(row[period].text));
      auto [at, is_new] = by_id.try_emplace(row[id].text);
      PastCampaign& campaign = at->second;
      if (is_new) {
        campaign.client = account.client;
        campaign.account = PrintAccount(account.info.account);
        campaign.id = row[id].text;
        campaign.platform = PlatformName(account.info.account.platform);
        campaign.currency = account.info.currency.name();
        campaign.first = month;
        if (const auto own = ours.find(campaign.id); own != ours.end()) {
          campaign.objective = TextField(own->second->last_applied, "objective");
          campaign.channel = TextField(own->second->last_applied, "channel_type");
        }
      }
      campaign.name = row[name].text;
      campaign.first = std::min(campaign.first, month);
      const std::chrono::year_month_day date(month);
      campaign.last = std::max(campaign.last, Day(date.year() / date.month() / std::chrono::last));
      campaign.spend += amount(row, "spend");
      campaign.impressions += amount(row, "impressions");
      campaign.clicks += amount(row, "clicks");
      campaign.conversions += amount(row, "conversions");
      campaign.revenue += amount(row, "revenue");
      for (const int day : {0, 14, 27}) {
        seasons[campaign.id].insert(std::string(SeasonOf(month + std::chrono::days(day))));
      }
    }
    for (auto& [key, campaign] : by_id) {
      campaign.last = std::min(campaign.last, to);
      campaign.first = std::max(campaign.first, from);
      const double a_day =
          campaign.spend / static_cast<double>((campaign.last - campaign.first).count() + 1);
      double same = 0;
      const auto compare = [&](const char* facet, const std::string& word, bool is) {
        if (!word.empty() && is) same += WeightOf(facet);
      };
      compare("platform", question.platform, campaign.platform == question.platform);
      compare("channel", question.channel, campaign.channel == question.channel);
      compare("objective", question.objective, campaign.objective == question.objective);
      compare("season", question.season, seasons[key].contains(question.season));
      compare("spend", question.spend, SpendBand(a_day) == question.spend);
      campaign.likeness = all > 0 ? same / all : 1;
      out.push_back(std::move(campaign));
    }
  }
  std::sort(out.begin(), out.end(), [&](const PastCampaign& a, const PastCampaign& b) {
    if (a.likeness != b.likeness) return a.likeness > b.likeness;
    if (!question.kpi.empty()) {
      // Prices of two currencies are in no order.
      if (LowerIsBetter(question.kpi) && a.currency != b.currency) return a.currency < b.currency;
      const auto x = a.Kpi(question.kpi), y = b.Kpi(question.kpi);
      if (x.has_value() != y.has_value()) return x.has_value();
      if (x && *x != *y) return LowerIsBetter(question.kpi) ? *x < *y : *x > *y;
    }
    if (a.last != b.last) return a.last > b.last;
    return std::tie(a.account, a.id) < std::tie(b.account, b.id);
  });
  if (out.size() > static_cast<std::size_t>(question.limit)) {
    out.resize(static_cast<std::size_t>(question.limit));
  }
  return out;
}

}  // namespace maxopt
