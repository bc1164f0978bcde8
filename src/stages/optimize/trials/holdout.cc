// The rotating holdout of a policy.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "decide/experiments/experiments.h"
#include "stages/optimize/trials/books.h"
#include "stages/optimize/trials/places.h"
#include "stages/optimize/trials/read.h"
#include "stages/optimize/trials/record.h"
#include "stages/optimize/trials/run.h"

namespace maxopt::trials {
namespace {

using nlohmann::ordered_json;
using std::chrono::days;

/// Sizes of places are their sales of eight weeks.
constexpr int kSizeDays = 56;
constexpr int kSettleDays = 2;
/// A turn that rested for less is not read: MeasureLift would only tell of noise.
constexpr int kTurnDaysMin = 7;
/// Beside those that rest, as many are needed for a counterfactual.
constexpr std::size_t kPlacesMin = 3;

bool Pending(const TrialReading& reading) { return reading.at == Instant(); }

class Rotation {
 public:
  Rotation(const TrialsWorld& world, const Client& client, const Policy* policy, TrialRound& round)
      : world_(world),
        client_(client),
        policy_(policy),
        round_(round),
        trees_(world),
        now_(world.clock->Now()) {}

  Result<> Run() {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    zone_ = zone;
    today_ = zone.DayOf(now_);
    trial_.id = Slug(client_.name) + "/rotating-holdout";
    MAXOPT_TRY(std::vector<Trial> all, TrialsOf(*world_.store, client_.name));
    bool known = false;
    for (Trial& trial : all) {
      if (trial.kind != TrialKind::kRotatingHoldout) continue;
      known = true;
      trial_ = std::move(trial);
    }
    const bool wanted = policy_ && policy_->holdout;
    if (!wanted && (!known || !trial_.open())) {
      return known ? ReadPast() : Result<>{};
    }
    if (known) MAXOPT_CHECK(ReadPast());
    if (!wanted) return End();
    if (!known || !trial_.open()) Begin();
    return Turn();
  }

 private:
  void Say(std::vector<std::string>& into, const std::string& what) {
    into.push_back("rotating holdout: " + what);
  }
  void Begin() {
    const std::string id = trial_.id;
    std::vector<TrialReading> readings = std::move(trial_.readings);
    trial_ = Trial();
    trial_.id = id;
    trial_.readings = std::move(readings);
    trial_.client = client_.name;
    trial_.kind = TrialKind::kRotatingHoldout;
    trial_.state = TrialState::kRunning;
    trial_.title = "rotating holdout";
    trial_.why = "a few places rest by turns, so that what advertising brings is always measured";
    trial_.proposed_at = now_;
    trial_.started_by = "policy.yaml";
    trial_.start = trial_.end = today_;
  }

  Result<std::set<AccountId>> Accounts() const {
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
    std::set<AccountId> out;
    for (const ClientAccount& account : accounts) {
      if (account.client == client_.name) out.insert(account.info.account);
    }
    return out;
  }

  Result<> Turn() {
    MAXOPT_TRY(const PlaceSales sales,
               SalesByPlace(world_, client_.name, today_ - days(kSizeDays), today_ - days(1)));
    if (sales.by_place.size() < kPlacesMin) {
      Say(round_.waiting, sales.by_place.empty() ? sales.note
                                                 : fmt::format("{} places are known, {} are needed",
                                                               sales.by_place.size(), kPlacesMin));
      return {};
    }
    MAXOPT_TRY(const std::set<AccountId> accounts, Accounts());
    MAXOPT_TRY(const std::vector<GeoObject> objects, GeoObjects(world_, trees_, accounts, {}));
    std::vector<HoldoutGeo> geos;
    std::string why;
    for (const auto& [place, series] : sales.by_place) {
      std::string cannot;
      for (const GeoObject& object : objects) {
        GeoObject rested = object;
        // What rests now counts as being there.
        for (const TrialMove& move : trial_.moves) {
          if (move.account == object.account && move.id == object.id && move.field == "countries") {
            rested.countries = std::get<std::vector<std::string>>(move.base);
          }
        }
        if (cannot.empty()) cannot = CannotLeaveOut(rested, place, sales.ids);
      }
      if (!cannot.empty()) {
        why = cannot;
        continue;
      }
      double size = 0;
      for (const auto& [day, amount] : series) size += std::max(0.0, amount);
      // Sizes stay as they were when the place was first seen: the lot of a cycle stands.
      size = trial_.place_sizes.try_emplace(place, size).first->second;
      geos.push_back({place, size});
    }
    if (geos.size() < kPlacesMin || objects.empty()) {
      Say(round_.waiting,
          objects.empty() ? "no campaign is on"
                          : fmt::format("{} places can be left out everywhere, {} are needed: {}",
                                        geos.size(), kPlacesMin, why));
      return {};
    }
    const HoldoutSetting& setting = *policy_->holdout;
    MAXOPT_TRY(const HoldoutTurn turn, RotatingHoldout(geos,
                                                       {.share_max = setting.share_bp / 10'000.0,
                                                        .turn_days = setting.turn_days,
                                                        .key = client_.name},
                                                       today_.time_since_epoch().count()));
    if (turn.never.size() == geos.size()) {
      Say(round_.waiting, fmt::format("no place is small enough for a share of {:.1f} %",
                                      setting.share_bp / 100.0));
      return {};
    }
    const std::set<std::string> held(turn.geos.begin(), turn.geos.end());
    std::vector<TrialMove> moves;
    std::vector<TrialMove> undo;
    for (const GeoObject& object : objects) {
      std::vector<TrialMove> rest = RestMoves(object, held, sales.ids, trial_.moves);
      moves.insert(moves.end(), rest.begin(), rest.end());
      // What rested and no longer does goes back.
      for (const TrialMove& old : trial_.moves) {
        if (old.account != object.account || old.id != object.id) continue;
        const bool still = std::any_of(rest.begin(), rest.end(),
                                       [&](const TrialMove& m) { return m.field == old.field; });
        if (still) continue;
        TrialMove back = old;
        const GeoObject bare = Bare(object);
        back.base =
            old.field == "countries" ? FieldValue(bare.countries) : FieldValue(bare.excluded);
        back.on = back.off = back.base;
        undo.push_back(std::move(back));
      }
    }
    const Day first(days(turn.first_day)), last(days(turn.last_day));
    std::string step = fmt::format("turn {}", turn.turn);
    if (trial_.step == step && trial_.turn_through)
      step = fmt::format("{}, {}", step, PrintDay(today_));
    std::vector<TrialMove> all = moves;
    all.insert(all.end(), undo.begin(), undo.end());
    MAXOPT_TRY(std::vector<Change> changes, Changes(all, step));
    if (changes.empty()) {
      MAXOPT_CHECK(Settled(held, std::move(moves), now_, first, last));
      return Keep(*world_.store, trial_, now_);
    }
    const Result<Passage> passage = Pass(world_, trial_, step, std::move(changes), policy_);
    if (!passage) return std::unexpected(passage.error());
    switch (passage->state) {
      case Passage::State::kThrough:
        break;
      case Passage::State::kWaiting:
        Say(round_.waiting, passage->say);
        return Keep(*world_.store, trial_, now_);
      case Passage::State::kRejected:
      case Passage::State::kProblem:
        Say(round_.problems, passage->say);
        return Keep(*world_.store, trial_, now_);
    }
    Say(round_.done,
        fmt::format("{} until {}: {} ({})",
                    held.empty() ? "nothing rests" : fmt::format("{} rest", fmt::join(held, ", ")),
                    PrintDay(last), step, passage->say));
    MAXOPT_CHECK(Settled(held, std::move(moves), passage->at, first, last));
    trial_.turn_through = true;
    trial_.switches.push_back({passage->at, held.empty(), passage->plan});
    return Keep(*world_.store, trial_, now_);
  }

  /// The object without what rests on it now.
  GeoObject Bare(const GeoObject& object) const {
    GeoObject bare = object;
    for (const TrialMove& move : trial_.moves) {
      if (move.account != object.account || move.id != object.id) continue;
      const auto& base = std::get<std::vector<std::string>>(move.base);
      const auto& off = std::get<std::vector<std::string>>(move.off);
      if (move.field == "countries") {
        for (const std::string& one : base) {
          const bool taken = std::find(off.begin(), off.end(), one) == off.end();
          const bool there =
              std::find(bare.countries.begin(), bare.countries.end(), one) != bare.countries.end();
          if (taken && !there) bare.countries.push_back(one);
        }
      } else {
        std::erase_if(bare.excluded, [&](const std::string& one) {
          return std::find(off.begin(), off.end(), one) != off.end() &&
                 std::find(base.begin(), base.end(), one) == base.end();
        });
      }
    }
    return bare;
  }

  /// From what is live to `off` of each move.
  Result<std::vector<Change>> Changes(const std::vector<TrialMove>& moves,
                                      const std::string& step) {
    std::vector<Change> out;
    std::map<std::pair<AccountId, std::string>, std::size_t> of;
    for (const TrialMove& move : moves) {
      MAXOPT_TRY(const AccountTree* tree, trees_.Of(move.account));
      const auto entity =
          std::find_if(tree->entities.begin(), tree->entities.end(),
                       [&](const Entity& e) { return e.level == move.level && e.id == move.id; });
      if (entity == tree->entities.end()) continue;
      const std::optional<FieldValue> live = LiveValue(*entity, move.field);
      if (live && SameField(move.field, *live, move.off)) continue;
      const auto [at, fresh] = of.try_emplace({move.account, move.id}, out.size());
      if (fresh) {
        Change change;
        change.account = move.account;
        change.level = move.level;
        change.address = move.address;
        change.id = move.id;
        change.reason = Reason::kExperiment;
        change.why = fmt::format("the policy's rotating holdout, {}", step);
        change.evidence = ordered_json{{"experiment", trial_.id}, {"step", step}}.dump(
            -1, ' ', false, ordered_json::error_handler_t::replace);
        out.push_back(std::move(change));
      }
      if (entity->fields.contains(move.field)) out[at->second].before[move.field] = *live;
      out[at->second].after[move.field] = move.off;
    }
    return out;
  }

  /// The turn is as it should be since `at`.
  Result<> Settled(const std::set<std::string>& held, std::vector<TrialMove> moves, Instant at,
                   Day first, Day last) {
    const std::vector<std::string> places(held.begin(), held.end());
    trial_.moves = std::move(moves);
    const bool same = trial_.places == places && trial_.end == last && trial_.turn_through;
    if (same) return {};
    CloseTurn();
    trial_.places = places;
    trial_.start = std::max(first, zone_->DayOf(at) + days(1));
    trial_.end = last;
    trial_.turn_through = true;
    return {};
  }

  /// What rested until now waits for its reading.
  void CloseTurn() {
    const Day last = std::min(trial_.end, today_ - days(1));
    const bool long_enough = (last - trial_.start).count() + 1 >= kTurnDaysMin;
    if (trial_.turn_through && !trial_.places.empty() && long_enough) {
      TrialReading pending;
      pending.first = trial_.start;
      pending.last = last;
      pending.places = trial_.places;
      pending.conclusion = fmt::format("{} rested; read from {} on", fmt::join(trial_.places, ", "),
                                       PrintDay(last + days(kSettleDays + 1)));
      trial_.readings.push_back(std::move(pending));
    }
    trial_.turn_through = false;
    trial_.places.clear();
  }

  Result<> ReadPast() {
    const std::vector<TrialReading> all = trial_.readings;
    for (const TrialReading& pending : all) {
      if (!Pending(pending) || today_ < pending.last + days(kSettleDays + 1)) continue;
      const std::set<std::string> places(pending.places.begin(), pending.places.end());
      MAXOPT_TRY(const std::string wait,
                 PlacesWait(world_, client_, places, pending.first, pending.last, today_));
      if (!wait.empty()) {
        Say(round_.waiting, wait);
        continue;
      }
      MAXOPT_TRY(TrialReading reading,
                 ReadPlaces(world_, client_, {pending.places.begin(), pending.places.end()},
                            pending.first, pending.last, now_));
      reading.places = pending.places;
      reading.notes.push_back(
          "other places rested in other turns, which are in the days before: small effects in "
          "what this is compared with");
      if (reading.daily) {
        reading.conclusion = Sentence(
            reading, fmt::format("all advertising in {} resting places", reading.places.size()),
            client_.currency);
      }
      Say(round_.done, reading.conclusion);
      MAXOPT_CHECK(Finish(world_, trial_, std::move(reading)));
    }
    return {};
  }

  Result<> End() {
    trial_.state = TrialState::kEnding;
    std::vector<std::string> disturbed;
    MAXOPT_TRY(std::vector<Change> changes,
               ChangesTo(trees_, trial_, Side::kBase, "put back", disturbed));
    MAXOPT_TRY(const Passage passage,
               Pass(world_, trial_, "put back", std::move(changes), policy_));
    if (passage.state != Passage::State::kThrough && passage.state != Passage::State::kRejected) {
      Say(passage.state == Passage::State::kWaiting ? round_.waiting : round_.problems,
          passage.say);
      return Keep(*world_.store, trial_, now_);
    }
    for (const std::string& one : disturbed) trial_.notes.push_back("left as it is: " + one);
    CloseTurn();
    trial_.moves.clear();
    trial_.state = TrialState::kStopped;
    Say(round_.done, "ended: the policy asks for none");
    return Keep(*world_.store, trial_, now_);
  }

  const TrialsWorld& world_;
  const Client& client_;
  const Policy* policy_;
  TrialRound& round_;
  LiveTrees trees_;
  const Instant now_;
  std::optional<Zone> zone_;
  Day today_{};
  Trial trial_;
};

}  // namespace

Result<> AdvanceRotation(const TrialsWorld& world, const Client& client, const Policy* policy,
                         TrialRound& round) {
  return Rotation(world, client, policy, round).Run();
}

}  // namespace maxopt::trials
