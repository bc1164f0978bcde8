#include "stages/monitor/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "apply/fault_point.h"
#include "domain/digest.h"
#include "memory/facts/quality.h"
#include "stages/monitor/slices.h"
#include "stages/monitor/unknown.h"

namespace maxopt {
namespace {

using std::chrono::days;

void Add(LoadSummary& sum, const LoadSummary& part) {
  sum.rows += part.rows;
  sum.slices_new += part.slices_new;
  sum.slices_restated += part.slices_restated;
  sum.slices_unchanged += part.slices_unchanged;
}

/// Our words for kinds of campaigns (channel_type and objective of the FieldCatalogue, and those
/// kinds of Google's that hold no surprise); any other is a platform's own, kept as it is and told
/// once.
constexpr std::string_view kChannelTypes[] = {"search",   "display",         "video",
                                              "shopping", "performance_max", "demand_gen",
                                              "social",   "multi_channel",   "discovery"};
constexpr std::string_view kObjectives[] = {"awareness", "traffic", "engagement",
                                            "leads",     "app",     "sales"};

template <std::size_t N>
bool Known(const std::string_view (&words)[N], const std::string& word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

/// What an ad shows, whatever ads show it: its picture or video, its first text, and a digest of
/// all that people see (not of where it leads). "video 77 Run free [1f3a90c2]".
std::string CreativeOf(const Fields& ad) {
  std::string seen;
  std::string label;
  for (const char* field : {"video", "image"}) {
    const std::string id = TextField(ad, field);
    seen += fmt::format("{}={}\n", field, id);
    if (label.empty() && !id.empty()) label = fmt::format("{} {}", field, id);
  }
  for (const char* field : {"images", "headlines", "descriptions"}) {
    for (const std::string& text : ListField(ad, field)) {
      seen += fmt::format("{}={}\n", field, text);
      if (field[0] == 'i' && label.empty()) label = "image " + text;
    }
  }
  seen += TextField(ad, "call_to_action");
  const std::vector<std::string>& texts = ListField(ad, "headlines").empty()
                                              ? ListField(ad, "descriptions")
                                              : ListField(ad, "headlines");
  if (!texts.empty()) label += (label.empty() ? "" : " ") + texts.front();
  return fmt::format("{} [{}]", label.empty() ? "ad" : label, Sha256Hex(seen).substr(0, 8));
}

/// Absent only where every part is.
template <class T>
void AddTo(std::optional<T>& sum, const std::optional<T>& part) {
  if (part) sum = sum ? *sum + *part : *part;
}

/// Answers by which a platform says that the question was too large: Meta's time-out of a
/// synchronous report and its plea for less data.
bool TooLarge(const Error& error) {
  return error.platform_code == "100/1504018" || error.platform_code == "1/1487534" ||
         error.platform_code.ends_with("1487534");
}

/// Failures in a row after which a platform is taken to be down, and left alone until the next
/// round: each of them has been tried several times by the transport already.
constexpr int kFailuresMax = 3;

class Puller {
 public:
  Puller(const MonitorWorld& world, const MonitorOptions& options, const ClientAccount& account)
      : world_(world), options_(options), account_(account) {
    pull_.account = account.info.account;
  }

  Result<AccountPull> Run() {
    auto reader = world_.reader(account_.info.account);
    if (!reader) {
      pull_.problems.push_back(reader.error().what);
      return std::move(pull_);
    }
    reader_ = *reader;
    auto zone = Zone::Find(account_.info.zone);
    if (!zone) {
      pull_.problems.push_back(zone.error().what);
      return std::move(pull_);
    }
    const Capabilities& can = reader_->capabilities();
    const Instant now = world_.clock->Now();
    today_ = zone->DayOf(now);
    if (options_.depth != MonitorDepth::kHour) {
      MAXOPT_TRY(const bool same_currency, ReadNames());
      if (!same_currency) return std::move(pull_);
    }
    const int back = options_.depth == MonitorDepth::kYear
                         ? std::max(options_.backfill_days, can.restatement_days)
                         : can.restatement_days;
    const AccountId& id = account_.info.account;
    MAXOPT_TRY(const std::vector<SliceInfo> known,
               world_.facts->Slices(id, today_ - days(back), today_, false));
    const ChunkPlan plan = PlanChunks(can, options_, *zone, now, known);
    pull_.fresh = plan.fresh;
    for (const Chunk& chunk : plan.chunks) MAXOPT_CHECK(Read(chunk));
    if (options_.depth != MonitorDepth::kHour && stopped_.empty()) {
      // Days that turned out to be restated: their cuts speak of another day now.
      MAXOPT_TRY(const std::vector<SliceInfo> again,
                 world_.facts->Slices(id, today_ - days(can.restatement_days), today_, false));
      for (const Chunk& chunk : PlanRestatedCuts(can, today_, again)) MAXOPT_CHECK(Read(chunk));
    }

    // What is known now is judged once for everybody who asks.
    // The hourly round changes the newest days only.
    const Day judged_from =
        today_ - days(options_.depth == MonitorDepth::kHour ? 2 : can.restatement_days);
    MAXOPT_TRY(const std::vector<DayQuality> judged,
               DataQuality(*world_.facts, account_.info, judged_from, today_, world_.clock->Now(),
                           {.restatement_days = can.restatement_days}));
    MAXOPT_CHECK(world_.facts->SaveQuality(judged));
    return std::move(pull_);
  }

 private:
  http::Deadline Timeout() const { return http::After(options_.call_timeout); }

  /// Whether another reading may be sent; if not, why not.
  bool MayCall() {
    if (!stopped_.empty()) return false;
    if (world_.may_call) {
      if (const Result<> may = world_.may_call(account_.info.account); !may) {
        stopped_ = may.error().what;
        return false;
      }
    }
    ++pull_.calls;
    return true;
  }

  /// Takes note of a failed reading: whether the platform is to be left alone from here on.
  void Failed(const Error& error) {
    switch (error.code) {
      case Errc::kRateLimited:
        stopped_ = "the platform throttles: " + error.what;
        return;
      case Errc::kUnauthenticated:
        stopped_ = "the credentials are refused: " + error.what;
        return;
      case Errc::kUnavailable:
      case Errc::kUnknownOutcome:
        if (++failures_ >= kFailuresMax) {
          stopped_ = fmt::format("{} readings in a row failed: {}", kFailuresMax, error.what);
        }
        return;
      default:
        return;
    }
  }

  /// False when the account's money is not what it was: then nothing more is read.
  Result<bool> ReadNames() {
    if (!MayCall()) {
      pull_.postponed.push_back("account tree: " + stopped_);
      return true;
    }
    auto tree = reader_->ReadAccount(account_.info.account, Timeout());
    if (!tree) {
      Failed(tree.error());
      pull_.problems.push_back("account tree: " + tree.error().what);
      return true;
    }
    failures_ = 0;
    if (tree->info.currency != account_.info.currency) {
      // Money of another unit must not be added to what is there (fail closed).
      pull_.problems.push_back(fmt::format("the account is now in {}, known in {}; nothing is read",
                                           tree->info.currency.name(),
                                           account_.info.currency.name()));
      return false;
    }
    const Instant now = world_.clock->Now();
    MAXOPT_CHECK(world_.facts->LoadEntities(tree->info, tree->entities, now));
    creatives_.emplace();
    for (const Entity& entity : tree->entities) {
      if (entity.level == Level::kAd) (*creatives_)[entity.id] = CreativeOf(entity.fields);
      if (entity.level != Level::kCampaign) continue;
      for (const std::string& what : UnknownWords(entity)) {
        MAXOPT_CHECK(TellOnce(what, entity));
      }
    }
    return true;
  }

  Result<> TellOnce(const std::string& what, const Entity& campaign) {
    MAXOPT_TRY(const bool first,
               world_.facts->FirstTime(account_.info.account, what, world_.clock->Now()));
    if (!first) return {};
    const std::size_t space = what.find(' ');
    pull_.notices.push_back(
        fmt::format("campaign \"{}\" ({}) has {} unknown ({}): kept as the platform says it; its "
                    "spend is in every total",
                    TextField(campaign.fields, "name"), campaign.id, what.substr(0, space),
                    what.substr(space + 1)));
    return {};
  }

  static std::string Print(const Chunk& chunk) {
    return fmt::format("{} by {}{} {}..{}", LevelName(chunk.level), GrainName(chunk.grain),
                       chunk.breakdown == Breakdown::kNone
                           ? ""
                           : fmt::format(" and {}", BreakdownName(chunk.breakdown)),
                       PrintDay(chunk.from), PrintDay(chunk.to));
  }

  Result<> Read(const Chunk& chunk) {
    const MetricQuery query{account_.info.account, chunk.level, chunk.grain,
                            chunk.breakdown,       chunk.from,  chunk.to};
    const std::string what = Print(chunk);
    if (!MayCall()) {
      pull_.postponed.push_back(what + ": " + stopped_);
      return world_.facts->NoteTrouble(query, world_.clock->Now(), "put off: " + stopped_);
    }
    FaultPoint("collect_before_call");
    auto report = reader_->ReadMetrics(query, Timeout());
    FaultPoint("collect_after_call");
    if (!report) {
      Failed(report.error());
      // A throttle is no reason to ask in smaller pieces: that would be more calls, not fewer.
      if (TooLarge(report.error()) && chunk.from < chunk.to) return ReadHalves(chunk);
      pull_.problems.push_back(what + ": " + report.error().what);
      return world_.facts->NoteTrouble(query, world_.clock->Now(), report.error().what);
    }
    failures_ = 0;
    if (!report->complete) {
      // Pages that end early may fit when there are fewer of them; once, not for ever.
      if (chunk.from < chunk.to && !halved_) {
        halved_ = true;
        MAXOPT_CHECK(ReadHalves(chunk));
        halved_ = false;
        return {};
      }
      const std::string why = "incomplete, not loaded: " + report->incomplete_why;
      pull_.problems.push_back(what + ": " + why);
      return world_.facts->NoteTrouble(query, world_.clock->Now(), why);
    }
    Reconcile(*report);
    MAXOPT_CHECK(TellRest(*report));
    const std::string source = fmt::format("{} api", PlatformName(account_.info.account.platform));
    FaultPoint("collect_before_load");
    auto loaded = world_.facts->Load(*report, world_.clock->Now(), source);
    FaultPoint("collect_after_load");
    if (!loaded) {
      if (loaded.error().code == Errc::kLocal) return Fail(loaded.error());
      pull_.problems.push_back(what + ": " + loaded.error().what);
      return world_.facts->NoteTrouble(query, world_.clock->Now(), loaded.error().what);
    }
    ++pull_.reports;
    Add(pull_.loaded, *loaded);
    return LoadCreatives(*report, source);
  }

  /// The ads' numbers by what they show, by campaign: the same on every platform, and whole. Ads
  /// that are gone by now showed something that is not known any more.
  Result<> LoadCreatives(const MetricReport& ads, const std::string& source) {
    if (ads.query.level != Level::kAd || ads.query.grain != Grain::kDay ||
        ads.query.breakdown != Breakdown::kNone || !creatives_) {
      return {};
    }
    MetricReport report{ads.query, ads.attribution_window, {}, true, {}};
    report.query.level = Level::kCampaign;
    report.query.breakdown = Breakdown::kCreative;
    std::map<std::tuple<Day, std::string, std::string>, MetricRow> sums;
    for (const MetricRow& ad : ads.rows) {
      const auto known = creatives_->find(ad.ad_id);
      const std::string segment =
          known == creatives_->end() ? "(of an ad that is gone)" : known->second;
      const auto [at, is_new] = sums.try_emplace({ad.day, ad.campaign_id, segment}, ad);
      MetricRow& sum = at->second;
      if (is_new) {
        sum.ad_group_id.clear();
        sum.ad_id.clear();
        sum.segment = segment;
        sum.impression_share.reset();
        sum.lost_to_budget.reset();
        sum.lost_to_rank.reset();
        continue;
      }
      sum.spend += ad.spend;
      AddTo(sum.impressions, ad.impressions);
      AddTo(sum.clicks, ad.clicks);
      AddTo(sum.conversions_claimed, ad.conversions_claimed);
      AddTo(sum.revenue_claimed, ad.revenue_claimed);
    }
    for (auto& [key, row] : sums) report.rows.push_back(std::move(row));
    MAXOPT_TRY(const LoadSummary loaded,
               world_.facts->Load(report, world_.clock->Now(), source + ", by the ads' creatives"));
    Add(pull_.loaded, loaded);
    return {};
  }

  Result<> ReadHalves(const Chunk& chunk) {
    Chunk young = chunk;
    Chunk old = chunk;
    young.from = chunk.from + (chunk.to - chunk.from) / 2 + days(1);
    old.to = young.from - days(1);
    MAXOPT_CHECK(Read(young));
    return Read(old);
  }

  /// Puts the account's spend beyond its campaigns into a row of its own, on days that are over:
  /// the day that runs is read at two times. The account's report is the one just before.
  void Reconcile(MetricReport& report) {
    const MetricQuery& query = report.query;
    if (query.grain != Grain::kDay || query.breakdown != Breakdown::kNone) return;
    struct Sum {
      std::int64_t spend = 0;
      std::int64_t impressions = 0;
      std::int64_t clicks = 0;
    };
    if (query.level == Level::kAccount) {
      for (Day day = query.from; day <= query.to; day += days(1)) account_days_[day].clear();
      for (const MetricRow& row : report.rows) account_days_[row.day].push_back(row);
      return;
    }
    if (query.level != Level::kCampaign) return;
    const auto sum_of = [](const std::vector<MetricRow>& rows) {
      Sum sum;
      for (const MetricRow& row : rows) {
        sum.spend += row.spend.micros();
        sum.impressions += row.impressions.value_or(0);
        sum.clicks += row.clicks.value_or(0);
      }
      return sum;
    };
    std::map<Day, std::vector<MetricRow>> campaigns;
    for (const MetricRow& row : report.rows) campaigns[row.day].push_back(row);
    for (const auto& [day, rows] : account_days_) {
      if (day < query.from || day > query.to || day >= today_) continue;
      const Sum whole = sum_of(rows);
      const Sum parts = sum_of(campaigns[day]);
      // What rounding to the minor unit leaves is none.
      const std::int64_t rest = whole.spend - parts.spend;
      if (rest <= std::max<std::int64_t>(whole.spend / 1000, 10'000)) continue;
      MetricRow row{day,
                    {},
                    std::string(kUnattributed),
                    "",
                    "",
                    "",
                    Money::Micros(rest, account_.info.currency),
                    {},
                    {},
                    {},
                    {},
                    {}};
      row.impressions = std::max<std::int64_t>(0, whole.impressions - parts.impressions);
      row.clicks = std::max<std::int64_t>(0, whole.clicks - parts.clicks);
      report.rows.push_back(std::move(row));
      pull_.problems.push_back(
          fmt::format("{}: {} of the account's {} are in no campaign that was read", PrintDay(day),
                      PrintMoney(Money::Micros(rest, account_.info.currency)),
                      PrintMoney(Money::Micros(whole.spend, account_.info.currency))));
    }
  }

  /// Adds to a cut that tells only some of a campaign's day what it does not tell, as a row of its
  /// own. The campaigns are those in the memory: they were read just before, or are fresh.
  Result<> TellRest(MetricReport& report) {
    const MetricQuery& query = report.query;
    const bool partial = query.breakdown == Breakdown::kKeyword ||
                         query.breakdown == Breakdown::kSearchTerm ||
                         query.breakdown == Breakdown::kAudience;
    if (!partial || query.level != Level::kCampaign || query.grain != Grain::kDay) return {};
    FactQuery ask;
    ask.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
    ask.dimensions = {"campaign"};
    ask.filters = {{"account", {PrintAccount(query.account)}}};
    ask.from = query.from;
    ask.to = query.to;
    ask.grain = "day";
    ask.level = Level::kCampaign;
    MAXOPT_TRY(const FactTable whole, world_.facts->Query(ask));
    std::map<std::pair<std::string, std::string>, MetricRow> told;  // by day and campaign
    for (const MetricRow& row : report.rows) {
      const auto [at, is_new] = told.try_emplace({PrintDay(row.day), row.campaign_id}, row);
      if (is_new) continue;
      MetricRow& sum = at->second;
      sum.spend += row.spend;
      AddTo(sum.impressions, row.impressions);
      AddTo(sum.clicks, row.clicks);
      AddTo(sum.conversions_claimed, row.conversions_claimed);
      AddTo(sum.revenue_claimed, row.revenue_claimed);
    }
    const std::size_t day_at = whole.Column("period");
    const std::size_t campaign_at = whole.Column("campaign_id");
    const auto cell = [&](const std::vector<FactCell>& row, const char* name) {
      return row[whole.Column(name)];
    };
    for (const auto& row : whole.rows) {
      const auto part = told.find({row[day_at].text, row[campaign_at].text});
      const MetricRow* known = part == told.end() ? nullptr : &part->second;
      const auto day = ParseDay(row[day_at].text);
      if (!day) Bug();
      // What is told twice, or of a day that changed in between, leaves no rest; the judgement of
      // the day says so.
      const std::int64_t spend =
          cell(row, "spend").integer - (known == nullptr ? 0 : known->spend.micros());
      if (spend < 0) continue;
      const auto rest = [&](const char* name, const std::optional<std::int64_t>& parts) {
        const FactCell all = cell(row, name);
        if (all.kind == FactCell::Kind::kAbsent) return std::optional<std::int64_t>();
        return std::optional(std::max<std::int64_t>(0, all.integer - parts.value_or(0)));
      };
      MetricRow made{*day,
                     {},
                     row[campaign_at].text,
                     {},
                     {},
                     std::string(kNoneTold),
                     Money::Micros(spend, account_.info.currency),
                     {},
                     {},
                     {},
                     {},
                     {}};
      made.impressions = rest("impressions", known ? known->impressions : std::nullopt);
      made.clicks = rest("clicks", known ? known->clicks : std::nullopt);
      std::optional<std::int64_t> revenue;
      if (known != nullptr && known->revenue_claimed) revenue = known->revenue_claimed->micros();
      if (const auto left = rest("revenue", revenue)) {
        made.revenue_claimed = Money::Micros(*left, account_.info.currency);
      }
      if (const FactCell all = cell(row, "conversions"); all.kind != FactCell::Kind::kAbsent) {
        // Fractions: what the sixth decimal does not show is noise of adding them up.
        const double left = all.Number() - (known ? known->conversions_claimed.value_or(0) : 0);
        made.conversions_claimed = left < 1e-6 ? 0 : std::round(left * 1e6) / 1e6;
      }
      if (spend > 0 || made.impressions.value_or(0) > 0 || made.clicks.value_or(0) > 0 ||
          made.conversions_claimed.value_or(0) > 0) {
        report.rows.push_back(std::move(made));
      }
    }
    return {};
  }

  const MonitorWorld& world_;
  const MonitorOptions& options_;
  const ClientAccount& account_;
  std::shared_ptr<PlatformReader> reader_;
  AccountPull pull_;
  Day today_;
  std::string stopped_;  ///< why no more calls are made; empty: they may be
  int failures_ = 0;     ///< in a row
  bool halved_ = false;
  std::map<Day, std::vector<MetricRow>> account_days_;
  std::optional<std::map<std::string, std::string>> creatives_;  ///< by ad; absent: tree not read
};

}  // namespace

bool MonitorReport::complete() const {
  return std::all_of(accounts.begin(), accounts.end(), [](const AccountPull& pull) {
    return pull.problems.empty() && pull.postponed.empty();
  });
}

std::vector<std::string> UnknownWords(const Entity& campaign) {
  std::vector<std::string> unknown;
  const std::string type = TextField(campaign.fields, "channel_type");
  if (!type.empty() && !Known(kChannelTypes, type)) unknown.push_back("channel_type " + type);
  const std::string objective = TextField(campaign.fields, "objective");
  if (!objective.empty() && !Known(kObjectives, objective)) {
    unknown.push_back("objective " + objective);
  }
  return unknown;
}

Result<MonitorReport> Monitor(const MonitorWorld& world, const std::string& client,
                              const MonitorOptions& options) {
  MonitorReport report;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  for (const ClientAccount& account : accounts) {
    if (!client.empty() && account.client != client) continue;
    if (options.account && account.info.account != *options.account) continue;
    MAXOPT_TRY(AccountPull pull, Puller(world, options, account).Run());
    report.accounts.push_back(std::move(pull));
  }
  return report;
}

}  // namespace maxopt
