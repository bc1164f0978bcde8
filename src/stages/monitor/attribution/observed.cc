#include "stages/monitor/attribution/observed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace maxopt {
namespace {

using Texts = std::map<std::string, std::string>;
constexpr int kPage = 10'000;

struct Touch {
  Instant at;
  Texts utm, click_ids;
  bool view = false;
};
struct Conversion {
  Instant at;
  std::string visitor;
  Texts utm, click_ids;
  std::optional<Money> value;
  bool signed_telling = false;
};

/// When it happened: a browser's clock is anybody's, the client's own server is taken at its word.
Instant TimeOf(const TrackedEvent& event) {
  return ToldByBrowser(event) ? event.received_at : event.at.value_or(event.received_at);
}

/// "gclid=abc"
std::vector<std::string> ClickKeys(const Texts& click_ids) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : click_ids) keys.push_back(name + "=" + value);
  return keys;
}

Result<> AddTo(std::map<Currency, Money>& sums, Money amount) {
  const auto [at, added] = sums.try_emplace(amount.currency(), amount);
  if (added) return {};
  std::int64_t sum = 0;
  if (__builtin_add_overflow(at->second.micros(), amount.micros(), &sum)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the values of the conversions add up to more than can be held in {}; "
                            "look for a wrong amount among the events",
                            amount.currency().name()));
  }
  at->second = Money::Micros(sum, amount.currency());
  return {};
}

/// The journeys of one client, put together from the events.
class Journeys {
 public:
  Journeys(const ObservedOptions& options, const Zone& zone) : options_(options), zone_(zone) {}

  void First(const TrackedEvent& event) {
    if (!IsMeant(event)) return;
    const Instant at = TimeOf(event);
    if (options_.conversion_events.contains(event.name)) {
      const auto [place, added] = conversions_.try_emplace(
          {event.name, event.id}, Conversion{at, VisitorOf(event), event.utm, event.click_ids,
                                             event.value, !ToldByBrowser(event)});
      if (!added) {
        Merge(place->second, event);
        return;
      }
    }
    if (const std::string visitor = VisitorOf(event); !visitor.empty()) {
      AddTouch(visitor,
               {at, event.utm, event.click_ids, options_.view_events.contains(event.name)});
    }
  }
  /// The other side's telling of what First() was told: it may know what the first did not.
  void Second(const TrackedEvent& event) {
    if (!IsMeant(event) || !options_.conversion_events.contains(event.name)) return;
    const auto found = conversions_.find({event.name, event.id});
    if (found == conversions_.end()) return;
    Merge(found->second, event);
  }

  /// Sorts the touches and drops those that tell of a visit already known.
  void Close() {
    for (auto& [visitor, touches] : touches_) {
      std::ranges::stable_sort(touches, {}, &Touch::at);
      std::vector<Touch> kept;
      std::set<std::string> seen;
      for (Touch& touch : touches) {
        bool fresh = touch.click_ids.empty() && (kept.empty() || kept.back().utm != touch.utm);
        for (const std::string& key : ClickKeys(touch.click_ids)) {
          fresh = seen.insert(key).second || fresh;
          by_click_.try_emplace(key, visitor);
        }
        if (fresh || touch.view) kept.push_back(std::move(touch));
      }
      touches = std::move(kept);
    }
    for (auto& [key, conversion] : conversions_) {
      if (!conversion.visitor.empty()) continue;
      for (const std::string& click : ClickKeys(conversion.click_ids)) {
        if (const auto found = by_click_.find(click); found != by_click_.end()) {
          conversion.visitor = found->second;
        }
      }
    }
  }

  /// What may be on the path of a conversion, oldest first, whatever its age.
  std::vector<Touch> Before(const Conversion& conversion) const {
    std::vector<Touch> path;
    if (const auto found = touches_.find(conversion.visitor); found != touches_.end()) {
      for (const Touch& touch : found->second) {
        if (touch.at <= conversion.at) path.push_back(touch);
      }
    }
    // What the conversion itself carries, where the visitor's touches do not have it.
    const bool carries = !conversion.utm.empty() || !conversion.click_ids.empty();
    const bool known = std::ranges::any_of(path, [&](const Touch& touch) {
      return conversion.click_ids.empty() ? touch.utm == conversion.utm
                                          : touch.click_ids == conversion.click_ids;
    });
    if (carries && !known) {
      path.push_back({conversion.at, conversion.utm, conversion.click_ids, false});
    }
    return path;
  }

  const std::map<std::pair<std::string, std::string>, Conversion>& conversions() const {
    return conversions_;
  }
  const std::map<std::string, std::vector<Touch>>& touches() const { return touches_; }
  std::int64_t told_again() const { return told_again_; }
  bool InPeriod(Instant at) const {
    const Day day = zone_.DayOf(at);
    return day >= options_.from && day <= options_.to;
  }

 private:
  bool IsMeant(const TrackedEvent& event) const {
    return event.client == options_.client && !event.probe && event.bot.empty();
  }
  static std::string VisitorOf(const TrackedEvent& event) {
    return event.consent ? event.visitor : std::string();
  }
  void AddTouch(const std::string& visitor, Touch touch) {
    if (touch.utm.empty() && touch.click_ids.empty()) return;
    touches_[visitor].push_back(std::move(touch));
  }
  void Merge(Conversion& known, const TrackedEvent& event) {
    if (InPeriod(known.at)) ++told_again_;
    if (known.visitor.empty()) known.visitor = VisitorOf(event);
    if (known.utm.empty()) known.utm = event.utm;
    for (const auto& [name, value] : event.click_ids) known.click_ids.try_emplace(name, value);
    // The server's amount is signed, a browser's is anybody's.
    if (!known.value || (!known.signed_telling && !ToldByBrowser(event) && event.value)) {
      known.value = event.value;
    }
    known.signed_telling = known.signed_telling || !ToldByBrowser(event);
  }

  const ObservedOptions& options_;
  const Zone& zone_;
  std::map<std::pair<std::string, std::string>, Conversion> conversions_;  // by name and id
  std::map<std::string, std::vector<Touch>> touches_;                      // by visitor
  std::map<std::string, std::string> by_click_;                            // to visitor
  std::int64_t told_again_ = 0;
};

Result<> ReadAll(EventStore& events, EventKind kind,
                 const std::function<void(const TrackedEvent&)>& take) {
  for (std::int64_t after = 0;;) {
    MAXOPT_TRY(const std::vector<TrackedEvent> page, events.List(after, kPage, kind));
    for (const TrackedEvent& event : page) {
      take(event);
      after = event.seq;
    }
    if (page.size() < static_cast<std::size_t>(kPage)) return {};
  }
}

using Key = std::tuple<int, std::string, std::string, std::string>;

/// A path as the model takes it.
struct ModelPath {
  std::vector<int> touches;
  std::vector<double> ages_days;
  std::optional<Money> value;  ///< of the conversion; none for a null path too
  bool converted = false;
};

class View {
 public:
  View(FactStore& facts, const ResolveSource& resolve, const ObservedOptions& options)
      : facts_(facts), resolve_(resolve), options_(options) {
    view_.client = options.client;
    view_.from = options.from;
    view_.to = options.to;
    view_.model = AttributionModelName(options.model);
  }

  Result<> Claim(const std::vector<ClientAccount>& accounts) {
    FactQuery query;
    query.measures = {"spend", "conversions", "revenue"};
    query.dimensions = {"platform", "account", "campaign"};
    query.from = options_.from;
    query.to = options_.to;
    FactFilter mine{"account", {}, false};
    for (const ClientAccount& account : accounts) {
      if (account.client == options_.client) {
        mine.values.push_back(PrintAccount(account.info.account));
      }
    }
    if (mine.values.empty()) {
      view_.notes.push_back("no account belongs to this client, so no platform claims anything");
      return {};
    }
    query.filters.push_back(std::move(mine));
    MAXOPT_TRY(const FactTable table, facts_.Query(query));
    view_.notes.insert(view_.notes.end(), table.notes.begin(), table.notes.end());
    MAXOPT_TRY(const std::vector<ClaimWindow> windows,
               facts_.ClaimWindows(options_.from, options_.to));
    const std::size_t platform = table.Column("platform"), account = table.Column("account_id"),
                      campaign = table.Column("campaign_id"), name = table.Column("campaign"),
                      spend = table.Column("spend"), conversions = table.Column("conversions"),
                      revenue = table.Column("revenue"), currency = table.Column("currency");
    for (const auto& cells : table.rows) {
      TouchSource source;
      MAXOPT_TRY(source.platform, FindPlatform(cells[platform].text));
      source.account_id = cells[account].text;
      source.campaign_id = cells[campaign].text;
      source.label = cells[name].text;
      AttributionRow& row = RowOf(source);
      if (!cells[name].text.empty()) row.name = cells[name].text;
      const auto money = [&](const FactCell& cell) -> Result<std::optional<Money>> {
        if (cell.kind == FactCell::Kind::kAbsent) return std::optional<Money>();
        MAXOPT_TRY(const Currency in, FindCurrency(cells[currency].text));
        return std::optional(Money::Micros(cell.integer, in));
      };
      MAXOPT_TRY(row.spend, money(cells[spend]));
      MAXOPT_TRY(row.claimed_value, money(cells[revenue]));
      if (cells[conversions].kind == FactCell::Kind::kReal) {
        row.claimed_conversions = cells[conversions].real;
        view_.claimed_conversions = view_.claimed_conversions.value_or(0) + cells[conversions].real;
      }
      std::vector<std::string> names;
      for (const ClaimWindow& window : windows) {
        if (window.account.platform == *source.platform && window.account.id == source.account_id) {
          names.push_back(window.window);
        }
      }
      row.claim_window = fmt::format("{}", fmt::join(names, ", "));
    }
    return {};
  }

  Result<> Observe(const Journeys& journeys) {
    view_.told_again = journeys.told_again();
    std::vector<ModelPath> paths;
    std::set<std::string> converted;
    for (const auto& [key, conversion] : journeys.conversions()) {
      converted.insert(conversion.visitor);
      if (!journeys.InPeriod(conversion.at)) continue;
      if (conversion.value && conversion.value->negative()) {
        ++view_.refunds;
        MAXOPT_CHECK(AddTo(view_.refunded, *conversion.value));
        continue;
      }
      ++view_.conversions;
      view_.signed_only += conversion.signed_telling;
      if (conversion.value) MAXOPT_CHECK(AddTo(view_.value, *conversion.value));
      ModelPath path;
      path.converted = true;
      path.value = conversion.value;
      std::set<Platform> clicked;
      for (const Touch& touch : journeys.Before(conversion)) {
        const TouchSource source = Resolve(touch);
        if (!Within(source, touch, conversion.at)) continue;
        path.touches.push_back(ChannelOf(source));
        path.ages_days.push_back(
            std::chrono::duration<double, std::ratio<86'400>>(conversion.at - touch.at).count());
        if (!touch.click_ids.empty() && source.platform) clicked.insert(*source.platform);
      }
      if (clicked.size() > 1) {
        ++view_.shared_orders;
        SharedOrders& shared = shared_[clicked];
        ++shared.orders;
        if (conversion.value) MAXOPT_CHECK(AddTo(shared.value, *conversion.value));
      }
      if (path.touches.empty()) continue;
      ++view_.with_path;
      paths.push_back(std::move(path));
    }
    for (const auto& [visitor, touches] : journeys.touches()) {
      if (converted.contains(visitor)) continue;
      ModelPath path;
      for (const Touch& touch : touches) {
        if (!journeys.InPeriod(touch.at)) continue;
        path.touches.push_back(ChannelOf(Resolve(touch)));
        path.ages_days.push_back(0);
      }
      if (path.touches.empty()) continue;
      ++view_.null_paths;
      paths.push_back(std::move(path));
    }
    return Credit(paths);
  }

  Result<AttributionView> Finish() {
    for (auto& [platforms, shared] : shared_) {
      shared.platforms = platforms;
      view_.shared.push_back(shared);
    }
    MAXOPT_TRY(const std::vector<KpiRow> kpi,
               facts_.Kpi(options_.client, options_.from, options_.to, std::nullopt));
    std::set<Day> days;
    for (const KpiRow& row : kpi) {
      view_.shop_orders = view_.shop_orders.value_or(0) + row.orders;
      MAXOPT_CHECK(AddTo(view_.shop_revenue, row.revenue));
      days.insert(row.day);
    }
    const auto wanted = std::int64_t{(options_.to - options_.from).count()} + 1;
    if (const auto have = static_cast<std::int64_t>(days.size()); have < wanted && have > 0) {
      view_.notes.push_back(fmt::format("the books know {} of these {} days", have, wanted));
    }
    if (view_.claimed_conversions && view_.conversions > 0) {
      view_.claimed_per_observed =
          *view_.claimed_conversions / static_cast<double>(view_.conversions);
    }
    if (view_.claimed_conversions && view_.shop_orders.value_or(0) > 0) {
      view_.claimed_per_order =
          *view_.claimed_conversions / static_cast<double>(*view_.shop_orders);
    }
    if (view_.shop_orders && view_.conversions < *view_.shop_orders) {
      view_.notes.push_back(
          fmt::format("{} of the shop's {} orders were not observed: without consent, blocked, or "
                      "before the tag was there",
                      *view_.shop_orders - view_.conversions, *view_.shop_orders));
    }
    if (view_.with_path < view_.conversions) {
      view_.notes.push_back(
          fmt::format("{} of {} observed conversions have no path and are credited "
                      "to nobody",
                      view_.conversions - view_.with_path, view_.conversions));
    }
    for (auto& [key, row] : rows_) view_.rows.push_back(std::move(row));
    return std::move(view_);
  }

 private:
  AttributionRow& RowOf(const TouchSource& source) {
    const bool campaign = source.platform && !source.campaign_id.empty();
    const Key key{source.platform ? static_cast<int>(*source.platform) : 1000, source.account_id,
                  source.campaign_id, campaign ? std::string() : source.label};
    const auto [at, added] = rows_.try_emplace(key);
    if (added) {
      at->second.platform = source.platform;
      at->second.account_id = source.account_id;
      at->second.campaign_id = source.campaign_id;
      at->second.name = source.label;
      numbers_.emplace(&at->second, static_cast<int>(numbered_.size()));
      numbered_.push_back(&at->second);
    }
    return at->second;
  }
  int ChannelOf(const TouchSource& source) { return numbers_.at(&RowOf(source)); }

  const TouchSource& Resolve(const Touch& touch) {
    const auto [at, added] = resolved_.try_emplace({touch.utm, touch.click_ids});
    if (added) at->second = resolve_(touch.utm, touch.click_ids);
    return at->second;
  }
  bool Within(const TouchSource& source, const Touch& touch, Instant conversion) const {
    Lookback lookback = options_.lookback;
    for (const std::string* name : {&source.label, &source.campaign_id}) {
      if (const auto found = options_.lookback_of.find(*name);
          !name->empty() && found != options_.lookback_of.end()) {
        lookback = found->second;
      }
    }
    return conversion - touch.at <=
           std::chrono::days(touch.view ? lookback.view_days : lookback.click_days);
  }

  /// The model once for the conversions, and once more for the value of each currency.
  Result<> Credit(const std::vector<ModelPath>& paths) {
    AttributionModel model = options_.model;
    model.half_life = kHalfLifeDays;
    std::map<Currency, Money> totals;
    for (const ModelPath& path : paths) {
      if (path.value) MAXOPT_CHECK(AddTo(totals, *path.value));
    }
    std::vector<std::optional<Currency>> runs = {std::nullopt};
    for (const auto& [currency, total] : totals) runs.emplace_back(currency);
    for (const std::optional<Currency>& currency : runs) {
      Attribution attribution(model);
      // Names in the order of the numbers, so that credit comes back in it.
      for (std::size_t i = 0; i < numbered_.size(); ++i) {
        attribution.Channel(fmt::format("{:09}", i));
      }
      for (const ModelPath& path : paths) {
        PathCounts counts{path.converted ? 1. : 0., 0, path.converted ? 0. : 1.};
        if (currency && path.value && path.value->currency() == *currency) {
          counts.value = static_cast<double>(path.value->micros());
        }
        MAXOPT_CHECK(attribution.Add(path.touches, counts, path.ages_days));
      }
      MAXOPT_TRY(const std::vector<ChannelCredit> credits, attribution.Credits());
      if (!currency) {
        for (std::size_t i = 0; i < credits.size(); ++i) {
          numbered_[i]->observed_conversions = credits[i].conversions;
        }
        continue;
      }
      const Money total = totals.at(*currency);
      if (total.zero()) continue;
      std::vector<double> weights;
      for (const ChannelCredit& credit : credits) weights.push_back(std::max(credit.value, 0.));
      const std::vector<std::int64_t> parts = SplitExactly(total.micros(), weights);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i] != 0) {
          numbered_[i]->observed_value.insert_or_assign(*currency,
                                                        Money::Micros(parts[i], *currency));
        }
      }
    }
    return {};
  }

  FactStore& facts_;
  const ResolveSource& resolve_;
  const ObservedOptions& options_;
  AttributionView view_;
  std::map<Key, AttributionRow> rows_;
  std::vector<AttributionRow*> numbered_;
  std::map<AttributionRow*, int> numbers_;
  std::map<std::pair<Texts, Texts>, TouchSource> resolved_;
  std::map<std::set<Platform>, SharedOrders> shared_;
};

}  // namespace

Result<AttributionView> ObserveAttribution(CampaignStore& store, FactStore& facts,
                                           EventStore* events, const ResolveSource& resolve,
                                           const ObservedOptions& options) {
  if (options.from > options.to) {
    return Fail(Errc::kInvalidArgument, fmt::format("the days from {} to {} are none",
                                                    PrintDay(options.from), PrintDay(options.to)));
  }
  MAXOPT_TRY(const Client client, store.GetClient(options.client));
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, store.Accounts());
  View view(facts, resolve, options);
  MAXOPT_CHECK(view.Claim(accounts));
  Journeys journeys(options, zone);
  if (events) {
    MAXOPT_CHECK(
        ReadAll(*events, EventKind::kEvent, [&](const TrackedEvent& e) { journeys.First(e); }));
    MAXOPT_CHECK(
        ReadAll(*events, EventKind::kSecond, [&](const TrackedEvent& e) { journeys.Second(e); }));
  }
  journeys.Close();
  MAXOPT_CHECK(view.Observe(journeys));
  MAXOPT_TRY(AttributionView answer, view.Finish());
  answer.observed = events != nullptr;
  if (!events) {
    answer.notes.insert(answer.notes.begin(),
                        "no events are kept here: nothing is observed, which is not the same as no "
                        "conversions (maxopt serve collects them)");
  }
  return answer;
}

}  // namespace maxopt
