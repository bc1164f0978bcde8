#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "decide/experiments/experiments.h"
#include "decide/information/information.h"
#include "stages/optimize/lifts.h"
#include "stages/optimize/trials/places.h"
#include "stages/optimize/trials/read.h"
#include "stages/optimize/trials/record.h"

namespace maxopt {
namespace {

using std::chrono::days;
using trials::GeoObject;
using trials::PlaceSales;
using trials::Units;

constexpr double kZ95 = 1.959963984540054;
constexpr double kZ80 = 0.8416212335729143;
/// Days whose mean spend is what a channel spends now.
constexpr std::size_t kRecentDays = 28;
/// Spend over budget below which more budget would not be spent (as decide/reallocation).
constexpr double kDelivers = 0.8;
/// What could be done with the answer: present spend times these. Wider moves are extrapolation.
constexpr double kFactors[] = {0.5, 0.75, 1.25, 1.5};

/// Blocks and their length that are tried: four to twelve weeks.
struct Shape {
  int block_days, blocks;
};
constexpr Shape kShapes[] = {{2, 14}, {3, 14}, {4, 14}, {2, 28}, {7, 8}, {3, 28}, {7, 12}};
constexpr int kGeoDays = 28;  // four weeks, so that each weekday weighs the same

double Chance(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double Mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

/// A way to make a difference to one channel.
struct Variant {
  std::string word;  ///< "pause", "cut", "raise"
  std::string what;
  double spend_on, spend_off;
  std::vector<TrialMove> moves;
};

class Proposer {
 public:
  Proposer(const TrialsWorld& world, const Policy* policy, const TrialOptions& options)
      : world_(world),
        policy_(policy),
        options_(options),
        trees_(world),
        now_(world.clock->Now()) {}

  Result<TrialProposals> Run(const std::string& name) {
    if (!(options_.gross_margin > 0) || options_.gross_margin > 1 || options_.horizon_days < 1) {
      return Fail(Errc::kInvalidArgument,
                  "the gross margin must be above 0 and at most 1, the horizon a day or more");
    }
    MAXOPT_TRY(client_, world_.store->GetClient(name));
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    today_ = zone.DayOf(now_);
    const OptimizeWorld optimize{world_.store,  world_.facts,      world_.clock,
                                 world_.reader, world_.channel_of, world_.fit};
    MAXOPT_CHECK(CheckSignals(optimize, name));
    MAXOPT_TRY(history_, ReadClientHistory(optimize, client_, options_.history_days));
    ResponseData data = history_.Data();
    MAXOPT_TRY(const std::vector<FinishedLift> lifts, FinishedLifts(*world_.store, name));
    data.lifts = LiftsWithin(lifts, history_);
    MAXOPT_TRY(fit_, world_.fit(data, options_.response));
    MAXOPT_TRY(known_, TrialsOf(*world_.store, name));
    MAXOPT_TRY(sales_, trials::SalesByPlace(world_, name, history_.first, history_.last));
    out_.notes.push_back(sales_.note.empty() ? "no account is connected" : sales_.note);
    int can_tell = 0;
    for (const auto& [id, channel] : history_.live) {
      const auto response = std::find_if(fit_.channels.begin(), fit_.channels.end(),
                                         [&](const ChannelResponse& r) { return r.id == id; });
      if (response == fit_.channels.end() || response->draws.empty()) {
        out_.not_worth.push_back(id + ": it has no history to say what a trial is worth");
        continue;
      }
      if (response->identified && !options_.all) {
        ++can_tell;
        continue;
      }
      MAXOPT_CHECK(Consider(channel, *response));
    }
    if (can_tell > 0) {
      out_.notes.push_back(fmt::format(
          "of {} channel{} the data tell enough by themselves (--all considers them too)", can_tell,
          can_tell == 1 ? "" : "s"));
    }
    std::stable_sort(out_.trials.begin(), out_.trials.end(), [](const Trial& a, const Trial& b) {
      return a.design.net() > b.design.net();
    });
    MAXOPT_CHECK(
        DropTrials(*world_.store, name, std::string(TrialStateName(TrialState::kProposed))));
    for (const Trial& trial : out_.trials) MAXOPT_CHECK(trials::Keep(*world_.store, trial, now_));
    return std::move(out_);
  }

 private:
  Result<> Consider(const ChannelHistory& channel, const ChannelResponse& response) {
    const auto no = [&](const std::string& why) {
      out_.not_worth.push_back(channel.id + ": " + why);
      return Result<>{};
    };
    if (!channel.lock.empty()) return no(channel.lock);
    for (const Trial& trial : known_) {
      if (trial.open() && (trial.channel == channel.id)) {
        return no(fmt::format("experiment \"{}\" is {}", trial.id, TrialStateName(trial.state)));
      }
    }
    const std::vector<double>& past = history_.past.at(channel.id).spend;
    const std::size_t window = std::min(kRecentDays, past.size());
    const double spend =
        std::accumulate(past.end() - static_cast<std::ptrdiff_t>(window), past.end(), 0.0) /
        static_cast<double>(std::max<std::size_t>(1, window));
    if (!(spend > 0)) return no("it spent nothing lately");
    const double price = MoneyElsewhere(channel.id);
    MAXOPT_TRY(const std::vector<Variant> variants, Variants(channel, spend));
    std::string told;
    int found = 0;
    for (const Variant& variant : variants) {
      std::optional<Trial> best = BestSwitchback(channel, response, variant, spend, price);
      if (!best) {
        int shortest = std::numeric_limits<int>::max();
        for (const Shape& shape : kShapes) {
          shortest = std::min(shortest, shape.block_days * shape.blocks);
        }
        told = fmt::format(
            "{} days of orders are too few to foretell the error of a switchback; the shortest "
            "needs {}",
            history_.revenue.size(), trials::SwitchbackHistory(shortest));
        continue;
      }
      if (best->design.net() > 0) {
        out_.trials.push_back(std::move(*best));
        ++found;
      } else {
        told += fmt::format("{}{}: worth {:.0f}, costs {:.0f} {}", told.empty() ? "" : "; ",
                            variant.word, best->design.worth, best->design.cost,
                            client_.currency.name());
      }
    }
    MAXOPT_TRY(std::optional<Trial> geo, Geo(channel, response, spend, price, told));
    if (geo && geo->design.net() > 0) {
      out_.trials.push_back(std::move(*geo));
      ++found;
    } else if (geo) {
      told += fmt::format("{}geo holdout: worth {:.0f}, costs {:.0f} {}", told.empty() ? "" : "; ",
                          geo->design.worth, geo->design.cost, client_.currency.name());
    }
    return told.empty() ? Result<>{} : no((found > 0 ? "other designs: " : "") + told);
  }

  /// What a further unit of money brings in the other channels, by margin: what is saved here goes
  /// there. 1 where there is no other: it stays in the pocket.
  double MoneyElsewhere(const std::string& but) {
    double weight = 0, sum = 0;
    for (const ChannelResponse& other : fit_.channels) {
      const auto live = history_.live.find(other.id);
      if (other.id == but || live == history_.live.end() || !live->second.lock.empty()) continue;
      if (other.draws.empty() || !(other.spend_mean > 0)) continue;
      sum += other.spend_mean * other.MarginalAt(other.spend_mean).mean;
      weight += other.spend_mean;
    }
    const double price = weight > 0 ? std::max(0.0, options_.gross_margin * sum / weight) : 1.0;
    out_.money_elsewhere = price;
    return price;
  }

  Result<std::vector<Variant>> Variants(const ChannelHistory& channel, double spend) {
    std::vector<Variant> out;
    const double own = Units(channel.Total());
    const double budget = history_.ExchangeOf(channel.currency).real() * own;
    std::set<std::pair<AccountId, std::string>> seen;
    Variant pause{"pause", "paused by blocks of days", spend, 0, {}};
    Variant cut{"cut", "", spend, 0, {}}, raise{"raise", "", 0, spend, {}};
    const int step = policy_ ? policy_->step_max_bp : 2'000;
    double low = 0, high = 0;
    for (const LiveBudget& live : channel.budgets) {
      MAXOPT_TRY(const AccountTree* tree, trees_.Of(live.account));
      MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(live.account));
      const auto entity_of = [&](Level level, const std::string& id) -> const Entity* {
        for (const Entity& entity : tree->entities) {
          if (entity.level == level && entity.id == id) return &entity;
        }
        return nullptr;
      };
      const Entity* campaign = entity_of(Level::kCampaign, live.campaign_id);
      const Entity* holder = entity_of(live.level, live.id);
      if (campaign == nullptr || holder == nullptr) continue;
      const auto move = [&](const Entity& entity, const char* field, FieldValue base, FieldValue on,
                            FieldValue off) {
        const auto ours = std::find_if(owned.begin(), owned.end(), [&](const OwnedObject& o) {
          return o.level == entity.level && o.id == entity.id;
        });
        return TrialMove{live.account,
                         entity.level,
                         entity.id,
                         live.campaign_id,
                         ours == owned.end()
                             ? fmt::format("{}/{}", LevelName(entity.level), entity.id)
                             : ours->address,
                         WithoutMarker(TextField(entity.fields, "name")),
                         field,
                         std::move(base),
                         std::move(on),
                         std::move(off)};
      };
      if (seen.emplace(live.account, live.campaign_id).second) {
        pause.moves.push_back(move(*campaign, "status", std::string(kActive), std::string(kActive),
                                   std::string(kPaused)));
      }
      // Each way within one step: down by step / (1 + step), so that up again is no more.
      MAXOPT_TRY(const Money up, FloorToMinor(live.amount.TimesBp(10'000 + step), live.table));
      MAXOPT_TRY(const Money unit, MoneyFromMinor(1, live.amount.currency(), live.table));
      MAXOPT_TRY(Money down, FloorToMinor(live.amount.TimesBp(10'000LL * 10'000 / (10'000 + step)),
                                          live.table));
      if (down < live.amount) down += unit;
      if (up > live.amount && down < live.amount) {
        cut.moves.push_back(move(*holder, "daily_budget", live.amount, live.amount, down));
        raise.moves.push_back(move(*holder, "daily_budget", live.amount, up, live.amount));
        low += Units(down);
        high += Units(up);
      }
    }
    if (!pause.moves.empty()) out.push_back(std::move(pause));
    // A budget that is not spent makes no difference when it moves.
    if (budget > 0 && spend / budget >= kDelivers && cut.moves.size() == channel.budgets.size()) {
      cut.spend_off = spend * low / own;
      cut.what = fmt::format("budget {:.0f} % lower by blocks of days", 100 * (1 - low / own));
      raise.spend_on = spend * high / own;
      raise.what = fmt::format("budget {:.0f} % higher by blocks of days", 100 * (high / own - 1));
      out.push_back(std::move(cut));
      out.push_back(std::move(raise));
    }
    return out;
  }

  /// Fills what an answer with this error is worth. `effect` is what the trial measures, a day.
  bool Value(const ChannelResponse& response, const std::vector<double>& effect, double spend,
             double price, TrialDesign& design) const {
    std::vector<double> sorted = effect;
    const Interval interval = Summarize(std::move(sorted));
    design.effect = interval.mean;
    design.effect_low90 = interval.low90;
    design.effect_high90 = interval.high90;
    design.mde = (kZ95 + kZ80) * design.se;
    design.power = Chance(std::abs(design.effect) / design.se - kZ95);
    design.horizon_days = options_.horizon_days;
    TrialQuestion question;
    question.effect = effect;
    question.error_sd = design.se;
    for (const double factor : kFactors) {
      std::vector<double> gains;
      for (const ResponseDraw& draw : response.draws) {
        gains.push_back(options_.gross_margin * (draw.At(factor * spend) - draw.At(spend)) -
                        (factor - 1) * spend * price);
      }
      question.gains.push_back(std::move(gains));
    }
    const auto worth = ValueOfTrial(question);
    if (!worth) return false;
    design.worth = worth->value() * options_.horizon_days;
    return true;
  }

  std::optional<Trial> BestSwitchback(const ChannelHistory& channel,
                                      const ChannelResponse& response, const Variant& variant,
                                      double spend, double price) {
    std::vector<double> effect, lags;
    for (const ResponseDraw& draw : response.draws) {
      effect.push_back(draw.At(variant.spend_on) - draw.At(variant.spend_off));
      lags.push_back(draw.carried * draw.lag_days);
    }
    const bool money = variant.word != "pause";
    std::optional<Trial> best;
    for (const Shape& shape : kShapes) {
      // A budget rests between two changes.
      if (money && policy_ && shape.block_days * 24 < policy_->cooldown_hours) continue;
      const int burn = std::clamp(static_cast<int>(std::ceil(Mean(lags))), 1, shape.block_days - 1);
      Trial trial;
      trial.block_days = shape.block_days;
      trial.burn_in_days = burn;
      // The lot is drawn again where its first block would change nothing.
      const bool first_on = money && variant.word == "raise";
      for (int lot = 0; lot < 64; ++lot) {
        auto drawn = SwitchbackSchedule(
            {shape.blocks, shape.block_days % 7 == 0 ? 1 : 7,
             fmt::format("{} {} {} {}", channel.id, variant.word, PrintDay(today_), lot)});
        if (!drawn) return std::nullopt;
        if (drawn->front() != first_on) continue;
        trial.schedule = std::move(*drawn);
        break;
      }
      if (trial.schedule.empty()) continue;
      const std::optional<double> se = ErrorOf(trial.schedule, shape.block_days, burn);
      if (!se || !(*se > 0)) continue;
      TrialDesign& design = trial.design;
      design.days = shape.block_days * shape.blocks;
      design.se = *se;
      if (!Value(response, effect, spend, price, design)) continue;
      const auto ons = std::count(trial.schedule.begin(), trial.schedule.end(), true);
      const auto on_days = static_cast<double>(ons * shape.block_days);
      const double off_days = design.days - on_days;
      const double saved = variant.spend_on - variant.spend_off;
      if (variant.word == "raise") {
        // The days on spend more than now; what that brings is not lost.
        design.forgone = saved * on_days * price;
        design.saved = std::max(0.0, design.effect) * on_days * options_.gross_margin;
      } else {
        design.forgone = std::max(0.0, design.effect) * off_days * options_.gross_margin;
        design.saved = saved * off_days * price;
      }
      design.cost = std::max(0.0, design.forgone - design.saved);
      if (best && best->design.net() >= design.net()) continue;
      best = std::move(trial);
    }
    if (!best) return std::nullopt;
    Dress(*best, channel, TrialKind::kSwitchback, variant.word,
          fmt::format("{}: {}", channel.id, variant.what));
    best->source = "books";
    best->moves = variant.moves;
    return best;
  }

  /// The error is of the books and the shape, whatever channel is switched.
  std::optional<double> ErrorOf(const std::vector<bool>& schedule, int block_days, int burn) {
    const auto [at, is_new] = errors_.try_emplace({schedule.size(), block_days, burn});
    if (is_new) {
      at->second =
          trials::SwitchbackError(history_.revenue, schedule, block_days, burn, client_.name);
    }
    return at->second;
  }

  void Dress(Trial& trial, const ChannelHistory& channel, TrialKind kind, const std::string& word,
             const std::string& title) {
    trial.client = client_.name;
    trial.kind = kind;
    trial.channel = channel.id;
    trial.title = title;
    trial.proposed_at = now_;
    trial.start = today_ + days(1);
    trial.end = trial.start + days(trial.design.days - 1);
    const TrialDesign& d = trial.design;
    trial.why = fmt::format(
        "by the data, {} brings between {:.0f} and {:.0f} {} a day of what would be switched "
        "(90 %). An answer with a standard error of {:.0f} changes what is done with its "
        "money by an expected {:.0f} {} over {} days",
        channel.id, d.effect_low90, d.effect_high90, client_.currency.name(), d.se, d.worth,
        client_.currency.name(), d.horizon_days);
    std::string day = PrintDay(today_);
    std::erase(day, '-');
    const std::string base =
        fmt::format("{}/{}-{}-{}", trials::Slug(client_.name), trials::Slug(channel.id), word, day);
    trial.id = base;
    for (int n = 2; std::any_of(
             known_.begin(), known_.end(),
             [&](const Trial& k) { return k.id == trial.id && k.state != TrialState::kProposed; });
         ++n) {
      trial.id = fmt::format("{}-{}", base, n);
    }
  }

  Result<std::optional<Trial>> Geo(const ChannelHistory& channel, const ChannelResponse& response,
                                   double spend, double price, std::string& told) {
    const auto no = [&](const std::string& why) {
      told += fmt::format("{}geo holdout: {}", told.empty() ? "" : "; ", why);
      return std::optional<Trial>();
    };
    if (sales_.by_place.size() < 3) {
      return no(fmt::format("{} places are known, 3 are needed", sales_.by_place.size()));
    }
    std::set<AccountId> accounts;
    std::set<std::string> campaigns;
    for (const LiveBudget& budget : channel.budgets) {
      accounts.insert(budget.account);
      campaigns.insert(budget.campaign_id);
    }
    MAXOPT_TRY(const std::vector<GeoObject> objects,
               trials::GeoObjects(world_, trees_, accounts, campaigns));
    PlaceSales usable = sales_;
    std::string why;
    for (auto at = usable.by_place.begin(); at != usable.by_place.end();) {
      std::string cannot = objects.empty() ? "none of its campaigns is on" : "";
      for (const GeoObject& object : objects) {
        if (cannot.empty()) cannot = trials::CannotLeaveOut(object, at->first, usable.ids);
      }
      if (!cannot.empty()) why = cannot;
      at = cannot.empty() ? std::next(at) : usable.by_place.erase(at);
    }
    if (usable.by_place.size() < 3) {
      return no(fmt::format("{} places can be left out, 3 are needed{}{}", usable.by_place.size(),
                            why.empty() ? "" : ": ", why));
    }
    const double revenue = Mean(history_.revenue);
    std::vector<double> effect;
    for (const ResponseDraw& draw : response.draws) effect.push_back(draw.At(spend));
    const double mean = Mean(effect);
    if (!(revenue > 0)) return no("the client's books have no revenue");
    GeoDesignQuestion question;
    question.test_days = kGeoDays;
    question.effect = std::max(0.005, mean / revenue);
    Day first = history_.last;
    for (const auto& [place, series] : usable.by_place) {
      if (!series.empty()) first = std::min(first, series.begin()->first);
    }
    const GeoPanel panel = trials::PanelOf(usable, first, history_.last, {});
    const auto answer = DesignGeoTest(panel, question);
    if (!answer) return no(answer.error().what);
    // Shares of the channel's spend by country, where its platform tells them.
    MAXOPT_TRY(const auto spent,
               trials::SpendByPlace(*world_.facts, accounts, campaigns,
                                    history_.last - days(kRecentDays - 1), history_.last));
    double all = 0;
    for (const auto& [place, amount] : spent) all += amount;
    double place_days = 0;
    for (const auto& geo : panel.geos) {
      for (const auto& sales : geo.sales) place_days += sales.value_or(0);
    }
    const double sales_a_day =
        place_days / static_cast<double>(std::max<std::size_t>(1, panel.days.size()));
    std::optional<Trial> best;
    for (const GeoDesign& option : answer->options) {
      double share = 0;
      bool by_spend = all > 0;
      for (const std::string& geo : option.geos) {
        by_spend = by_spend && spent.contains(geo);
        if (by_spend) share += spent.at(geo) / all;
      }
      if (!by_spend) share = option.sales_share;
      const bool rests = std::any_of(objects.begin(), objects.end(), [&](const GeoObject& o) {
        return !trials::RestMoves(o, {option.geos.begin(), option.geos.end()}, usable.ids, {})
                    .empty();
      });
      if (!rests || !(share > 0) || share >= 1 || !std::isfinite(option.se)) continue;
      Trial trial;
      TrialDesign& design = trial.design;
      design.days = kGeoDays;
      design.place_share = share;
      design.se = option.se * option.sales_share * sales_a_day / share;
      // Of claims an unknown part, from none to all, is what advertising brought.
      if (usable.source != "books") design.se = std::hypot(design.se, mean);
      if (!(design.se > 0) || !Value(response, effect, spend, price, design)) continue;
      design.forgone = std::max(0.0, mean) * share * design.days * options_.gross_margin;
      design.saved = spend * share * design.days * price;
      design.cost = std::max(0.0, design.forgone - design.saved);
      if (best && best->design.net() >= design.net()) continue;
      trial.places = option.geos;
      best = std::move(trial);
    }
    if (!best) return no("no set of places can rest");
    const std::set<std::string> places(best->places.begin(), best->places.end());
    for (const GeoObject& object : objects) {
      for (TrialMove& move : trials::RestMoves(object, places, usable.ids, {})) {
        best->moves.push_back(std::move(move));
      }
    }
    for (const std::string& place : best->places) {
      if (usable.ids.contains(place)) best->place_ids[place] = usable.ids.at(place);
    }
    best->schedule = {false};
    best->block_days = best->design.days;
    best->source = usable.source;
    if (usable.source != "books") best->notes.push_back(usable.note);
    Dress(*best, channel, TrialKind::kGeoHoldout, "rest",
          fmt::format("{}: {} without it", channel.id, fmt::join(best->places, ", ")));
    return best;
  }

  const TrialsWorld& world_;
  const Policy* policy_;
  const TrialOptions& options_;
  trials::LiveTrees trees_;
  const Instant now_;
  Client client_;
  Day today_{};
  ClientHistory history_;
  ResponseFit fit_;
  PlaceSales sales_;
  std::vector<Trial> known_;
  /// By blocks, days of one, and days of it that are burnt in.
  std::map<std::tuple<std::size_t, int, int>, std::optional<double>> errors_;
  TrialProposals out_;
};

}  // namespace

Result<TrialProposals> ProposeTrials(const TrialsWorld& world, const std::string& client,
                                     const Policy* policy, const TrialOptions& options) {
  return Proposer(world, policy, options).Run(client);
}

}  // namespace maxopt
