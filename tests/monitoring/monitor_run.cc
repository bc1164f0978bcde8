#include "monitor_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>

#include "app/home/home.h"
#include "app/lookout/lookout.h"
#include "sim/world/world.h"

namespace maxopt::monitoring {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;

constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};
/// A finding may come this long after a fault has ended: alerts look at whole windows and days.
constexpr hours kAfterwards{48};

/// splitmix64: the draws of one seed, in order.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  double Draw() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return static_cast<double>((x ^ (x >> 31U)) >> 11U) * 0x1p-53;
  }
  int Below(int n) { return static_cast<int>(Draw() * n); }

 private:
  std::uint64_t state_;
};

struct Currencies {
  Currency currency;
  const char* zone;
};
/// A mix of money and of clocks, with both kinds of daylight saving in the weeks that are lived.
constexpr Currencies kMixes[] = {{kEur, "Europe/Berlin"},
                                 {kUsd, "America/New_York"},
                                 {kGbp, "Europe/London"},
                                 {kJpy, "Asia/Tokyo"},
                                 {kEur, "Asia/Beirut"}};

/// What can be planted, and what finds or explains it.
struct Kind {
  const char* name;
  int hours;
  std::vector<std::string> detectors;
};
const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {"person pauses a campaign", 36, {"drift"}},
      {"person sets ten times the budget", 24, {"runaway", "drift"}},
      {"ad text that is rejected", 48, {"review", "drift", "zero_spend"}},
      {"tracking outage", 36, {"tracking", "anomaly", "kpi"}},
      {"checkout fails", 36, {"tracking", "anomaly", "kpi"}},
      {"media twice as dear", 36, {"anomaly", "kpi"}},
      {"auction lost", 24, {"delivery", "zero_spend", "anomaly", "pacing"}},
      {"platform throttles", 10, {"data_quality", "quota", "credential"}},
      {"token refused", 8, {"credential", "data_quality"}},
      {"platform answers with HTML", 8, {"data_quality"}},
  };
  return kinds;
}

struct ClientWorld {
  std::string client;
  std::unique_ptr<sim::World> world;
  sim::History history;
};

std::string ConnectionsOf(const std::vector<ClientWorld>& worlds) {
  std::string yaml = "maxopt: connections/1\naccounts:\n";
  for (const ClientWorld& w : worlds) {
    for (const Platform platform : kPlatforms) {
      yaml += fmt::format(
          "  - client: {}\n    platform: {}\n    id: \"{}\"\n    base_url: {}\n    version: {}\n"
          "    calls_per_second: 1000\n",
          w.client, PlatformName(platform), w.world->account(platform).id,
          w.world->origin(platform), w.world->version(platform));
      if (platform == Platform::kGoogleAds) {
        yaml += fmt::format("    token_url: {}/token\n", w.world->origin(platform));
      }
      yaml += "    secrets:\n";
      for (const auto& [name, value] : w.world->credentials(platform)) {
        yaml += fmt::format("      {}: \"{}\"\n", name, value);
      }
    }
  }
  return yaml;
}

class Timer {
 public:
  explicit Timer(double& sum) : sum_(sum) {}
  ~Timer() {
    sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }

 private:
  double& sum_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

class MonitorRun {
 public:
  explicit MonitorRun(const Options& options)
      : options_(options),
        dice_(options.seed * 1000 + static_cast<std::uint64_t>(options.first_client)) {}

  Outcome Go() {
    if (const auto done = Live(); !done) out_.errors.push_back(done.error().what);
    Judge();
    return std::move(out_);
  }

 private:
  Result<> Live() {
    MAXOPT_CHECK(MakeWorlds());
    MAXOPT_CHECK(MakeHome());
    PlanPlants();
    MAXOPT_CHECK(FirstReading());
    const Instant end = start_ + hours(24) * options_.days;
    for (Instant now = start_ + hours(1); now <= end; now += hours(1)) {
      AdvanceTo(now);
      Plants(now);
      if ((now - start_) / hours(1) % options_.every_hours == 0) MAXOPT_CHECK(Look(now));
      if (options_.progress && (now - start_) % hours(24) == hours(0)) {
        options_.progress(fmt::format("day {}/{}: {} alerts, {} notes", (now - start_) / hours(24),
                                      options_.days, out_.alerts.size(), out_.infos));
      }
    }
    return Compare(end);
  }

  void AdvanceTo(Instant now) {
    const Timer timer(out_.seconds["market"]);
    for (ClientWorld& w : worlds_) w.world->AdvanceTo(std::max(now, w.world->clock().Now()));
    clock_->AdvanceTo(now);
  }

  Result<> MakeWorlds() {
    const Timer timer(out_.seconds["market"]);
    const Day first = *ParseDay("2026-02-20");  // both hemispheres change their clocks in the weeks
    const int clients = std::max(1, options_.accounts / 3);
    Instant latest{};
    for (int i = options_.first_client; i < options_.first_client + clients; ++i) {
      const Currencies& mix = kMixes[static_cast<std::size_t>(i) % std::size(kMixes)];
      ClientWorld w;
      w.client = fmt::format("Client {:02}", i + 1);
      sim::WorldOptions world;
      world.seed = options_.seed * 1000 + static_cast<std::uint64_t>(i);
      world.first_day = first - days(options_.history_days);
      world.currency = mix.currency;
      world.shop_zone = mix.zone;
      world.accounts = {
          {Platform::kGoogleAds, {fmt::format("44711{:05}", i), w.client, mix.currency, mix.zone}},
          {Platform::kMeta, {fmt::format("8800112{:05}", i), w.client, mix.currency, mix.zone}},
          {Platform::kTikTok,
           {fmt::format("70112233445{:05}", i), w.client, mix.currency, mix.zone}}};
      MAXOPT_TRY(w.world, sim::World::Make(world));
      sim::HistoryOptions history;
      history.client = w.client;
      history.days = options_.history_days;
      MAXOPT_TRY(w.history, sim::LiveThroughHistory(*w.world, history));
      MAXOPT_CHECK(w.world->Listen({}));
      latest = std::max(latest, w.world->clock().Now());
      worlds_.push_back(std::move(w));
    }
    start_ = std::chrono::ceil<hours>(latest);
    clock_ = std::make_shared<VirtualClock>(start_);
    for (ClientWorld& w : worlds_) w.world->AdvanceTo(std::max(start_, w.world->clock().Now()));
    return {};
  }

  Result<> MakeHome() {
    std::error_code error;
    fs::remove_all(options_.folder, error);
    fs::create_directories(options_.folder, error);
    MAXOPT_CHECK(WriteWholeFile(options_.folder + "/connections.yaml", ConnectionsOf(worlds_)));
    for (const ClientWorld& w : worlds_) {
      const Currency currency = w.world->options().currency;
      std::string slug = w.client;
      std::replace(slug.begin(), slug.end(), ' ', '-');
      MAXOPT_CHECK(WriteWholeFile(
          fmt::format("{}/policy-{}.yaml", options_.folder, slug),
          fmt::format("maxopt: policy/1\nclient: {}\ncurrency: {}\nworst_day_cap: 100000000\n"
                      "step_max_percent: 20\nauto_approve: [pause]\n",
                      w.client, currency.name())));
    }
    MAXOPT_TRY(home_, Home::Open(options_.folder, clock_));
    MAXOPT_TRY(const std::vector<Home::Connected> connected, home_->Connect());
    for (const Home::Connected& line : connected) {
      if (!line.ok) return Fail(Errc::kUnavailable, PrintAccount(line.account) + ": " + line.what);
    }
    // What is there is taken over as it is, as `maxopt adopt` does.
    for (const ClientWorld& w : worlds_) {
      for (const Platform platform : kPlatforms) {
        const AccountId account = w.world->account(platform);
        MAXOPT_TRY(const auto trees, home_->ReadTrees({account}));
        for (const Entity& entity : trees.at(account).entities) {
          if (entity.level != Level::kCampaign && entity.level != Level::kAdGroup) continue;
          OwnedObject object;
          object.account = account;
          object.level = entity.level;
          object.id = entity.id;
          object.address = fmt::format("adopted/{}-{}", LevelName(entity.level), entity.id);
          for (const char* field : {"status", "daily_budget"}) {
            const auto value = entity.fields.find(field);
            if (value != entity.fields.end()) object.last_applied.insert(*value);
          }
          MAXOPT_CHECK(home_->store().SaveObject(object));
        }
      }
    }
    return {};
  }

  /// The days of each fault: every client gets a few, far enough apart to be told from each other.
  void PlanPlants() {
    const auto& kinds = Kinds();
    int next = options_.first_client * static_cast<int>(options_.plants_per_client);
    for (std::size_t i = 0; i < worlds_.size(); ++i) {
      const int count = static_cast<int>(options_.plants_per_client);
      // The first days are left alone: Max sees the accounts for the first time.
      const double room = (options_.days - 4 - 3.0) / std::max(1, count);
      for (int n = 0; n < count; ++n) {
        const Kind& kind = kinds[static_cast<std::size_t>(next++) % kinds.size()];
        Planted p;
        p.world = i;
        p.platform = kPlatforms[dice_.Below(3)];
        p.plant.kind = kind.name;
        // On the others a new ad takes the old one's place.
        if (p.plant.kind == "ad text that is rejected") p.platform = Platform::kMeta;
        p.plant.client = worlds_[i].client;
        p.plant.detectors = kind.detectors;
        const double day = 4 + room * (n + 0.15 * dice_.Draw());
        p.plant.from = start_ + hours(static_cast<int>(24 * day));
        p.plant.to = p.plant.from + hours(kind.hours);
        const bool everywhere =
            p.plant.kind == "tracking outage" || p.plant.kind == "checkout fails";
        p.plant.where =
            everywhere ? worlds_[i].client : PrintAccount(worlds_[i].world->account(p.platform));
        planted_.push_back(std::move(p));
      }
    }
  }

  struct Planted {
    Plant plant;
    std::size_t world = 0;
    Platform platform{};
    bool begun = false, ended = false;
    Level level = Level::kCampaign;
    std::string object;  ///< that was edited
    Fields before;
  };

  Result<> FirstReading() {
    const Timer timer(out_.seconds["collect"]);
    MonitorOptions monitor;
    monitor.depth = MonitorDepth::kYear;
    monitor.backfill_days = options_.history_days;
    MAXOPT_TRY(const MonitorReport pulled, Monitor(home_->monitor_world(), "", monitor));
    Count(pulled);
    return {};
  }

  void Count(const MonitorReport& pulled) {
    for (const AccountPull& pull : pulled.accounts) out_.reports += pull.reports;
  }

  // --- faults -----------------------------------------------------------------------------------

  void Plants(Instant now) {
    for (Planted& p : planted_) {
      if (!p.begun && now >= p.plant.from) {
        p.begun = true;
        p.plant.from = now;
        if (const auto begun = Begin(p); !begun) {
          out_.errors.push_back(p.plant.kind + ": " + begun.error().what);
        }
      }
      if (p.begun && !p.ended && now >= p.plant.to) {
        p.ended = true;
        p.plant.to = now;
        if (const auto over = End(p); !over) {
          out_.errors.push_back(p.plant.kind + " (end): " + over.error().what);
        }
      }
    }
  }

  /// A running campaign of the platform, and the object that holds its budget.
  Result<const sim::HistoricCampaign*> Victim(const Planted& p) {
    std::vector<const sim::HistoricCampaign*> candidates;
    for (const auto& campaign : worlds_[p.world].history.campaigns) {
      if (campaign.account.platform == p.platform) candidates.push_back(&campaign);
    }
    if (candidates.empty()) return Fail(Errc::kNotFound, "no campaign");
    return candidates[static_cast<std::size_t>(dice_.Below(static_cast<int>(candidates.size())))];
  }

  Result<> EditBy(Planted& p, Level level, const std::string& id, Fields changes) {
    sim::World& world = *worlds_[p.world].world;
    return world.server(p.platform)
        .HumanEdit(world.account(p.platform), level, id, changes, "ben@client.example");
  }

  Result<> Begin(Planted& p) {
    sim::World& world = *worlds_[p.world].world;
    const std::string& kind = p.plant.kind;
    if (kind == "tracking outage") {
      world.market().AddTrackingOutage(p.plant.from, p.plant.to);
      return {};
    }
    if (kind == "checkout fails") {
      world.market().AddShock({p.plant.from, p.plant.to, std::nullopt, 1, 0.05, 1});
      return {};
    }
    if (kind == "media twice as dear") {
      world.market().AddShock({p.plant.from, p.plant.to, p.platform, 2, 1, 1});
      return {};
    }
    if (kind == "auction lost") {
      world.market().AddShock({p.plant.from, p.plant.to, p.platform, 1, 1, 0.02});
      return {};
    }
    if (kind == "platform throttles" || kind == "token refused" ||
        kind == "platform answers with HTML") {
      const sim::Fault fault = kind == "platform throttles" ? sim::Fault::kThrottle
                               : kind == "token refused"    ? sim::Fault::kTokenExpired
                                                            : sim::Fault::kHtml;
      world.faults(p.platform).Add({fault, "", "", 1, 0});
      return {};
    }
    MAXOPT_TRY(const sim::HistoricCampaign* victim, Victim(p));
    p.plant.campaign = victim->campaign_id;
    if (kind == "person pauses a campaign") {
      p.object = victim->campaign_id;
      return EditBy(p, Level::kCampaign, p.object, {{"status", std::string(kPaused)}});
    }
    MAXOPT_TRY(const auto trees, home_->ReadTrees({victim->account}));
    const AccountTree& tree = trees.at(victim->account);
    if (kind == "person sets ten times the budget") {
      for (const Entity& entity : tree.entities) {
        const bool of_it =
            entity.id == victim->campaign_id || entity.campaign_id == victim->campaign_id;
        const Money* budget = MoneyField(entity.fields, "daily_budget");
        if (!of_it || !budget) continue;
        p.level = entity.level;
        p.object = entity.id;
        p.before = {{"daily_budget", *budget}};
        return EditBy(p, p.level, p.object, {{"daily_budget", budget->Times(10)}});
      }
      return Fail(Errc::kNotFound, "no budget");
    }
    // "ad text that is rejected"
    for (const Entity& entity : tree.entities) {
      if (entity.level != Level::kAd || entity.campaign_id != victim->campaign_id) continue;
      const char* field = entity.fields.contains("descriptions") ? "descriptions" : "headlines";
      const auto texts = ListField(entity.fields, field);
      if (texts.empty()) continue;
      p.level = Level::kAd;
      p.object = entity.id;
      p.before = {{field, texts}};
      auto forbidden = texts;
      forbidden.front() = "A miracle cure";
      return EditBy(p, p.level, p.object, {{field, forbidden}});
    }
    return Fail(Errc::kNotFound, "no ad with a text");
  }

  Result<> End(Planted& p) {
    sim::World& world = *worlds_[p.world].world;
    const std::string& kind = p.plant.kind;
    if (kind == "platform throttles" || kind == "token refused" ||
        kind == "platform answers with HTML") {
      out_.faults += static_cast<std::int64_t>(world.faults(p.platform).injected().size());
      world.faults(p.platform).Clear();
      if (kind != "token refused") return {};
      // A person connects the account again: what was concluded of the old token is forgotten.
      home_.reset();
      MAXOPT_TRY(home_, Home::Open(options_.folder, clock_));
      return {};
    }
    if (kind == "person pauses a campaign") {
      return EditBy(p, Level::kCampaign, p.object, {{"status", std::string(kActive)}});
    }
    if (kind == "person sets ten times the budget") {
      MAXOPT_CHECK(EditBy(p, p.level, p.object, p.before));
      return EditBy(p, Level::kCampaign, p.plant.campaign, {{"status", std::string(kActive)}});
    }
    if (kind == "ad text that is rejected") return EditBy(p, p.level, p.object, p.before);
    return {};
  }

  // --- looking ----------------------------------------------------------------------------------

  Result<> Look(Instant now) {
    {
      const Timer timer(out_.seconds["collect"]);
      MonitorOptions hourly;
      hourly.depth = MonitorDepth::kHour;
      for (const ClientWorld& w : worlds_) {
        // The whole window of each account is read again in its early morning.
        const Zone zone = *Zone::Find(w.world->options().shop_zone);
        const auto local = zone.LocalOf(now);
        const auto hour = (local - std::chrono::floor<days>(local)) / hours(1);
        MonitorOptions monitor = hourly;
        const bool morning = hour >= 5 && hour < 5 + options_.every_hours;
        if (morning) monitor.depth = MonitorDepth::kDay;
        MAXOPT_TRY(const MonitorReport pulled, Monitor(home_->monitor_world(), w.client, monitor));
        Count(pulled);
        if (morning) MAXOPT_CHECK(Orders(w, zone.DayOf(now)));
      }
    }
    const Timer timer(out_.seconds["detect"]);
    MAXOPT_TRY(Detection found, lookout_.Detect(*home_, "", home_->monitor_world()));
    MAXOPT_TRY(const AlertRound round,
               Lookout::Raise(*home_, std::move(found.conditions), std::move(found.looks),
                              std::move(found.scopes), now));
    for (const std::string& id : round.opened) {
      for (const AlertEntry& entry : round.open) {
        if (entry.alert.id == id && entry.inhibited_by.empty()) Tell(entry);
      }
    }
    return {};
  }

  /// The shop's books of the last days.
  Result<> Orders(const ClientWorld& w, Day today) {
    std::vector<KpiRow> rows;
    const Currency currency = w.world->options().currency;
    for (const sim::ShopDay& day : w.world->market().Shop(today - days(4), today - days(1))) {
      rows.push_back(
          {w.client, day.day, currency, day.orders, Money::Micros(day.revenue_micros, currency)});
    }
    MAXOPT_CHECK(home_->facts().LoadKpi(rows, clock_->Now(), "shop"));
    return {};
  }

  void Tell(const AlertEntry& entry) {
    const Condition& c = entry.alert.condition;
    if (entry.alert.tier == AlertTier::kInfo) {
      ++out_.infos;
      return;
    }
    ToldAlert told;
    told.at = entry.alert.opened_at;
    told.client = c.client;
    told.where = c.account ? PrintAccount(*c.account) : c.client;
    told.campaign = c.object_id;
    told.detector = c.detector;
    told.kpi = c.kpi;
    told.tier = AlertTierName(entry.alert.tier);
    told.title = c.title;
    out_.alerts.push_back(std::move(told));
  }

  // --- judging ----------------------------------------------------------------------------------

  void Judge() {
    out_.account_months = static_cast<double>(3 * worlds_.size()) * options_.days / 30.44;
    for (Planted& p : planted_) {
      if (p.begun) out_.plants.push_back(p.plant);
    }
    for (ToldAlert& alert : out_.alerts) {
      alert.false_alert = true;
      for (Plant& plant : out_.plants) {
        if (plant.client != alert.client) continue;
        if (alert.at < plant.from || alert.at > plant.to + kAfterwards) continue;
        // A trouble of one account may be seen in the client's whole, and the other way round.
        const bool same = plant.where == alert.where || plant.where == plant.client ||
                          alert.where == alert.client;
        if (!same) continue;
        alert.false_alert = false;
        const bool finds = std::find(plant.detectors.begin(), plant.detectors.end(),
                                     alert.detector) != plant.detectors.end();
        if (finds && (!plant.found || alert.at < *plant.found)) {
          plant.found = alert.at;
          plant.by = alert.detector + ": " + alert.title;
        }
      }
    }
  }

  /// Reads everything once more and compares with what the platforms' books say of every closed
  /// day.
  Result<> Compare(Instant now) {
    for (ClientWorld& w : worlds_) {
      for (const Platform platform : kPlatforms) w.world->faults(platform).Clear();
    }
    MonitorOptions monitor;
    monitor.depth = MonitorDepth::kDay;
    MAXOPT_TRY(const MonitorReport pulled, Monitor(home_->monitor_world(), "", monitor));
    for (const AccountPull& pull : pulled.accounts) {
      for (const std::string& problem : pull.problems) {
        out_.differences.push_back(PrintAccount(pull.account) + ": " + problem);
      }
    }
    for (ClientWorld& w : worlds_) {
      for (const Platform platform : kPlatforms) {
        MAXOPT_CHECK(CompareAccount(w, w.world->account(platform), now));
      }
    }
    return {};
  }

  struct Sums {
    std::int64_t spend = 0, impressions = 0, clicks = 0;
    friend bool operator==(const Sums&, const Sums&) = default;
  };

  Result<> CompareAccount(ClientWorld& w, const AccountId& account, Instant now) {
    const Zone zone = *Zone::Find(w.world->options().accounts.at(account.platform).zone);
    const Day to = zone.DayOf(now) - days(1);
    const Day from = zone.DayOf(start_);
    std::map<std::pair<Day, std::string>, Sums> truth;
    for (const sim::ReportRow& row :
         w.world->market().Report({account, from, to, Breakdown::kNone, now})) {
      Sums& sums = truth[{row.day, row.campaign_id}];
      sums.spend += row.spend_micros;
      sums.impressions += row.impressions;
      sums.clicks += row.clicks;
    }
    FactQuery query;
    query.measures = {"spend", "impressions", "clicks"};
    query.dimensions = {"campaign"};
    query.grain = "day";
    query.level = Level::kCampaign;
    query.from = from;
    query.to = to;
    query.filters.push_back({"account", {PrintAccount(account)}});
    MAXOPT_TRY(const FactTable table, home_->facts().Query(query));
    std::map<std::pair<Day, std::string>, Sums> known;
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Day day, ParseDay(row[table.Column("period")].text));
      Sums& sums = known[{day, row[table.Column("campaign_id")].text}];
      sums.spend += row[table.Column("spend")].integer;
      sums.impressions += row[table.Column("impressions")].integer;
      sums.clicks += row[table.Column("clicks")].integer;
    }
    std::erase_if(known, [](const auto& entry) { return entry.second == Sums{}; });
    std::erase_if(truth, [](const auto& entry) { return entry.second == Sums{}; });
    for (const auto& [key, sums] : truth) {
      ++out_.slices_compared;
      const auto found = known.find(key);
      const Sums have = found == known.end() ? Sums{} : found->second;
      if (have == sums) continue;
      out_.differences.push_back(fmt::format(
          "{} campaign {} {}: {} micros, {} impressions, {} clicks in the store; {}, {}, {} on the "
          "platform",
          PrintAccount(account), key.second, PrintDay(key.first), have.spend, have.impressions,
          have.clicks, sums.spend, sums.impressions, sums.clicks));
    }
    for (const auto& [key, sums] : known) {
      if (truth.contains(key)) continue;
      out_.differences.push_back(fmt::format("{} campaign {} {}: only in the store",
                                             PrintAccount(account), key.second,
                                             PrintDay(key.first)));
    }
    return {};
  }

  Options options_;
  Dice dice_;
  Outcome out_;
  std::vector<ClientWorld> worlds_;
  Instant start_{};
  std::shared_ptr<VirtualClock> clock_;
  std::unique_ptr<Home> home_;
  Lookout lookout_;
  std::vector<Planted> planted_;
};

}  // namespace

Outcome Run(const Options& options) { return MonitorRun(options).Go(); }

std::string Print(const Outcome& outcome) {
  std::string text;
  struct PerKind {
    int planted = 0, found = 0;
    std::vector<double> hours;
    std::map<std::string, int> by;
  };
  std::map<std::string, PerKind> kinds;
  for (const Plant& plant : outcome.plants) {
    PerKind& kind = kinds[plant.kind];
    ++kind.planted;
    if (!plant.found) continue;
    ++kind.found;
    kind.hours.push_back(
        std::chrono::duration<double, std::ratio<3600>>(*plant.found - plant.from).count());
    ++kind.by[plant.by.substr(0, plant.by.find(':'))];
  }
  text +=
      "| planted | times | found | hours to detect: median | worst | first found by |\n"
      "|---|---|---|---|---|---|\n";
  for (auto& [name, kind] : kinds) {
    std::sort(kind.hours.begin(), kind.hours.end());
    std::string by;
    for (const auto& [detector, count] : kind.by) {
      by += fmt::format("{}{} {}", by.empty() ? "" : ", ", detector, count);
    }
    text += fmt::format(
        "| {} | {} | {} | {} | {} | {} |\n", name, kind.planted, kind.found,
        kind.hours.empty() ? "-" : fmt::format("{:.0f}", kind.hours[kind.hours.size() / 2]),
        kind.hours.empty() ? "-" : fmt::format("{:.0f}", kind.hours.back()), by);
  }
  std::map<std::string, std::pair<int, int>> detectors;  // told, false
  int false_alerts = 0;
  for (const ToldAlert& alert : outcome.alerts) {
    auto& counts = detectors[alert.detector + (alert.kpi.empty() ? "" : " " + alert.kpi)];
    ++counts.first;
    counts.second += alert.false_alert ? 1 : 0;
    false_alerts += alert.false_alert ? 1 : 0;
  }
  text += "\n| alert | opened | for nothing | per account-month |\n|---|---|---|---|\n";
  for (const auto& [name, counts] : detectors) {
    text += fmt::format("| {} | {} | {} | {:.3f} |\n", name, counts.first, counts.second,
                        counts.second / outcome.account_months);
  }
  text += fmt::format(
      "\n{} alerts for nothing in {:.0f} account-months: {:.3f} per account-month ({} notes of "
      "tier "
      "info besides)\n{} reports pulled; {} requests hit by faults; {} campaign-days compared with "
      "the platforms' books, {} differ\n",
      false_alerts, outcome.account_months, false_alerts / std::max(outcome.account_months, 1e-9),
      outcome.infos, outcome.reports, outcome.faults, outcome.slices_compared,
      outcome.differences.size());
  for (const auto& [part, seconds] : outcome.seconds) {
    text += fmt::format("{} {:.0f} s  ", part, seconds);
  }
  text += "\n";
  for (const std::string& error : outcome.errors) text += "error: " + error + "\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(outcome.differences.size(), 20); ++i) {
    text += "difference: " + outcome.differences[i] + "\n";
  }
  return text;
}

}  // namespace maxopt::monitoring
