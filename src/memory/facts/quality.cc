#include "memory/facts/quality.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "measure/maturity/maturity.h"

namespace maxopt {
namespace {

using std::chrono::days;
using Kind = std::tuple<Level, Grain, Breakdown>;

/// An account that is read once a day is read in the morning after.
constexpr std::chrono::hours kSeenYoung{12};
constexpr Kind kAccounts{Level::kAccount, Grain::kDay, Breakdown::kNone};
constexpr Kind kCampaigns{Level::kCampaign, Grain::kDay, Breakdown::kNone};
constexpr Kind kAds{Level::kAd, Grain::kDay, Breakdown::kNone};

std::string NameOf(const Kind& kind) {
  const auto& [level, grain, breakdown] = kind;
  return fmt::format("{}{}{}", LevelName(level), grain == Grain::kHour ? " by hour" : " by day",
                     breakdown == Breakdown::kNone
                         ? std::string()
                         : fmt::format(" and {}", BreakdownName(breakdown)));
}

/// Breakdowns whose parts are the whole. Google places only those people in countries whom it can.
bool SumsToWhole(Breakdown breakdown, Platform platform) {
  switch (breakdown) {
    case Breakdown::kDevice:
    case Breakdown::kPlacement:
      return true;
    case Breakdown::kCountry:
    case Breakdown::kAgeGender:
      return platform != Platform::kGoogleAds;
    case Breakdown::kNone:
    case Breakdown::kKeyword:
    case Breakdown::kSearchTerm:
    case Breakdown::kAudience:
    case Breakdown::kCreative:
      return false;
  }
  Bug();
}

/// Breakdowns whose parts are some of the whole and never overlap.
bool IsPartOfWhole(Breakdown breakdown) {
  return breakdown == Breakdown::kKeyword || breakdown == Breakdown::kSearchTerm;
}

std::int64_t Total(const SliceInfo& slice) {
  std::int64_t sum = 0;
  for (const auto& [id, micros] : slice.spend) sum += id == kUnattributed ? 0 : micros;
  return sum;
}

/// Rounding to the minor unit leaves a few of them over many rows, whatever the size of the sum.
bool Agree(std::int64_t a, std::int64_t b, double tolerance) {
  const auto larger = static_cast<double>(std::max(std::abs(a), std::abs(b)));
  constexpr double kMinorMicros = 10'000;
  return static_cast<double>(std::abs(a - b)) <= std::max(tolerance * larger, kMinorMicros);
}

/// Hours and minutes, for people.
std::string Ago(std::chrono::microseconds span) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
  return hours >= 48 ? fmt::format("{} days", hours / 24)
                     : fmt::format("{} h", std::max<std::int64_t>(hours, 0));
}

class Judge {
 public:
  Judge(const AccountInfo& account, const Zone& zone, const std::vector<SliceInfo>& slices,
        const std::vector<GrowthState>& growth, Instant now, const QualityRules& rules)
      : account_(account), zone_(zone), now_(now), today_(zone.DayOf(now)), rules_(rules) {
    for (const SliceInfo& slice : slices) {
      const Kind kind{slice.level, slice.grain, slice.breakdown};
      slices_[slice.day].emplace(kind, &slice);
      if (slice.read_at || slice.tried_at) kinds_.insert(kind);
      if (kind == kAds) {
        for (const auto& [campaign, micros] : slice.spend) with_ads_.insert(campaign);
      }
    }
    Learn(growth);
  }

  DayQuality Of(Day day) const {
    DayQuality out{};
    out.account = account_.account;
    out.day = day;
    out.judged_at = now_;
    const SliceInfo* campaigns = Find(day, kCampaigns);
    if (campaigns != nullptr) out.read_at = campaigns->read_at;
    out.completeness = Completeness(day);
    out.freshness = Freshness(day);
    out.reconciliation = Reconciliation(day);
    const SliceInfo* account = Find(day, kAccounts);
    if (campaigns != nullptr && account != nullptr && campaigns->read_at && account->read_at &&
        day < today_) {
      out.unattributed_micros = std::max<std::int64_t>(0, Total(*account) - Total(*campaigns));
    }
    Ripen(day, out);
    return out;
  }

 private:
  const SliceInfo* Find(Day day, const Kind& kind) const {
    const auto at = slices_.find(day);
    if (at == slices_.end()) return nullptr;
    const auto slice = at->second.find(kind);
    return slice == at->second.end() ? nullptr : slice->second;
  }

  QualityAspect Completeness(Day day) const {
    const SliceInfo* campaigns = Find(day, kCampaigns);
    if (campaigns == nullptr || !campaigns->read_at) {
      return {QualityState::kBad, campaigns == nullptr || campaigns->trouble.empty()
                                      ? "campaigns by day were never read"
                                      : "campaigns by day are missing: " + campaigns->trouble};
    }
    if (day >= today_) return {QualityState::kPending, "the day is not over"};
    std::vector<std::string> missing;
    for (const Kind& kind : kinds_) {
      // Hours are read of the newest days only, and breakdowns as far as the platform restates.
      if (std::get<1>(kind) == Grain::kHour) continue;
      if (kind != kAccounts && kind != kAds && day < today_ - days(rules_.restatement_days)) {
        continue;
      }
      if (kind == kAds && day < today_ - days(rules_.restatement_days)) continue;
      const SliceInfo* slice = Find(day, kind);
      if (slice != nullptr && slice->read_at) continue;
      missing.push_back(NameOf(kind) + (slice != nullptr && !slice->trouble.empty()
                                            ? " (" + slice->trouble + ")"
                                            : std::string()));
    }
    if (missing.empty()) return {QualityState::kOk, ""};
    return {QualityState::kDegraded, fmt::format("not read: {}", fmt::join(missing, ", "))};
  }

  QualityAspect Freshness(Day day) const {
    const SliceInfo* campaigns = Find(day, kCampaigns);
    if (campaigns == nullptr || !campaigns->read_at) {
      return {QualityState::kUnknown, "nothing was read"};
    }
    const auto age = now_ - *campaigns->read_at;
    const bool closed = day < today_;
    const bool whole = *campaigns->read_at >= zone_.End(day);
    const bool restated = closed && day >= today_ - days(rules_.restatement_days);
    if (closed && !whole) {
      // Read while the day ran: what came after is unknown.
      const bool late = now_ - zone_.End(day) > rules_.stale_today_after;
      return {late ? QualityState::kBad : QualityState::kPending,
              fmt::format("last read {} before the end of the day",
                          Ago(zone_.End(day) - *campaigns->read_at))};
    }
    const auto limit = closed ? rules_.stale_after : rules_.stale_today_after;
    if ((restated || !closed) && age > limit) {
      return {QualityState::kBad,
              fmt::format("last read {} ago{}", Ago(age),
                          campaigns->trouble.empty() ? "" : ": " + campaigns->trouble)};
    }
    if (campaigns->tried_at) {
      return {QualityState::kDegraded, "the newest reading failed: " + campaigns->trouble};
    }
    return {QualityState::kOk, ""};
  }

  /// One comparison; nullopt when the two agree.
  std::optional<QualityAspect> Compare(const std::string& what, const SliceInfo& a, std::int64_t x,
                                       const SliceInfo& b, std::int64_t y) const {
    if (Agree(x, y, rules_.tolerance)) return std::nullopt;
    const auto apart = *a.read_at > *b.read_at ? *a.read_at - *b.read_at : *b.read_at - *a.read_at;
    const auto print = [&](std::int64_t micros) {
      return PrintMoney(Money::Micros(micros, account_.currency));
    };
    const std::string sums = fmt::format("{}: {} against {}", what, print(x), print(y));
    if (apart >= std::chrono::hours(1)) {  // an hourly round lies between them
      return QualityAspect{QualityState::kDegraded,
                           sums + fmt::format(", read {} apart", Ago(apart))};
    }
    return QualityAspect{QualityState::kBad, sums};
  }

  QualityAspect Reconciliation(Day day) const {
    const SliceInfo* campaigns = Find(day, kCampaigns);
    if (campaigns == nullptr || !campaigns->read_at) {
      return {QualityState::kUnknown, "campaigns were not read"};
    }
    if (day >= today_) return {QualityState::kPending, "the day is not over"};
    std::vector<QualityAspect> found;
    bool any = false;
    const std::int64_t total = Total(*campaigns);
    if (const SliceInfo* account = Find(day, kAccounts); account != nullptr && account->read_at) {
      any = true;
      if (auto bad =
              Compare("account against campaigns", *account, Total(*account), *campaigns, total)) {
        found.push_back(std::move(*bad));
      }
    }
    if (const SliceInfo* ads = Find(day, kAds); ads != nullptr && ads->read_at) {
      any = true;
      std::int64_t expected = 0;
      for (const auto& [campaign, micros] : campaigns->spend) {
        if (with_ads_.contains(campaign)) expected += micros;
      }
      if (auto bad = Compare("campaigns against ads", *campaigns, expected, *ads, Total(*ads))) {
        found.push_back(std::move(*bad));
      }
    }
    if (const auto at = slices_.find(day); at != slices_.end()) {
      for (const auto& [kind, slice] : at->second) {
        const auto& [level, grain, breakdown] = kind;
        if (level != Level::kCampaign || grain != Grain::kDay || !slice->read_at) continue;
        if (IsPartOfWhole(breakdown)) {
          // Less than the whole is what such a cut may be; more is not.
          if (Total(*slice) <= total) continue;
        } else if (!SumsToWhole(breakdown, account_.account.platform)) {
          continue;
        }
        any = true;
        if (auto bad = Compare(fmt::format("campaigns against {}", BreakdownName(breakdown)),
                               *campaigns, total, *slice, Total(*slice))) {
          found.push_back(std::move(*bad));
        }
      }
    }
    if (!any) return {QualityState::kUnknown, "nothing else was read to hold it against"};
    if (found.empty()) return {QualityState::kOk, ""};
    QualityAspect out{QualityState::kDegraded, ""};
    for (const QualityAspect& one : found) {
      if (one.state == QualityState::kBad) out.state = QualityState::kBad;
      out.why += (out.why.empty() ? "" : "; ") + one.why;
    }
    return out;
  }

  /// The account's own growth: what was known when each day was over, and whole days later.
  void Learn(const std::vector<GrowthState>& states) {
    std::map<Day, std::vector<const GrowthState*>> by_day;
    for (const GrowthState& state : states) by_day[state.day].push_back(&state);
    std::vector<DayGrowth> grown;
    for (const auto& [day, list] : by_day) {
      // A day whose first reading came later than the morning after was not seen young.
      const Instant over = zone_.End(day);
      if (list.front()->learnt_at > over + kSeenYoung) continue;
      DayGrowth growth;
      for (int age = 0; age <= rules_.restatement_days; ++age) {
        const Instant end = zone_.End(day + days(age));
        if (end > now_) break;
        // Where an account is read once a day, its young days are judged by the next morning's
        // numbers, and so they are learnt.
        double known = list.front()->conversions;
        for (const GrowthState* state : list) {
          if (state->learnt_at <= end) known = state->conversions;
        }
        growth.known.push_back(known);
      }
      if (growth.known.size() > 1) grown.push_back(std::move(growth));
    }
    const auto prior = DelayPrior(rules_.restatement_days);
    if (auto estimated = EstimateMaturity(grown, prior)) {
      maturity_ = std::move(*estimated);
    } else {
      maturity_.share = prior;
    }
  }

  void Ripen(Day day, DayQuality& out) const {
    if (!out.read_at) {
      out.maturity = {QualityState::kUnknown, "nothing was read"};
      return;
    }
    // What counts is how old the day was when it was last read, not how old it is.
    const Instant over = zone_.End(day);
    if (*out.read_at < over) {
      out.maturity = {QualityState::kPending, "the day was not over when it was read"};
      return;
    }
    const double age = std::chrono::duration<double, days::period>(*out.read_at - over).count();
    const int whole = static_cast<int>(age);
    const double share = std::lerp(maturity_.At(whole), maturity_.At(whole + 1), age - whole);
    out.share_known = share;
    if (share >= rules_.mature_share && share <= 1 / rules_.mature_share) {
      out.maturity = {QualityState::kOk, ""};
      return;
    }
    out.maturity = {
        QualityState::kPending,
        fmt::format(
            "about {:.0f} % of its conversions are known at this age, by {}", 100 * share,
            maturity_.evidence >= 50
                ? fmt::format("{:.0f} conversions of this account's past days", maturity_.evidence)
                : std::string("the published delay of conversions"))};
  }

  const AccountInfo& account_;
  const Zone& zone_;
  const Instant now_;
  const Day today_;
  const QualityRules rules_;
  std::map<Day, std::map<Kind, const SliceInfo*>> slices_;
  std::set<Kind> kinds_;  ///< that are read of this account at all
  std::set<std::string> with_ads_;
  Maturity maturity_;
};

}  // namespace

std::vector<DayQuality> JudgeDays(const AccountInfo& account, const Zone& zone, Day from, Day to,
                                  const std::vector<SliceInfo>& slices,
                                  const std::vector<GrowthState>& growth, Instant now,
                                  const QualityRules& rules) {
  const Judge judge(account, zone, slices, growth, now, rules);
  std::vector<DayQuality> out;
  for (Day day = from; day <= to; day += days(1)) out.push_back(judge.Of(day));
  return out;
}

Result<std::vector<DayQuality>> DataQuality(FactStore& facts, const AccountInfo& account, Day from,
                                            Day to, Instant now, const QualityRules& rules) {
  MAXOPT_TRY(const Zone zone, Zone::Find(account.zone));
  MAXOPT_TRY(const std::vector<SliceInfo> slices, facts.Slices(account.account, from, to, true));
  // Twice the window: days whose whole growth was seen, and a season of them.
  MAXOPT_TRY(const std::vector<GrowthState> growth,
             facts.Growth(account.account, zone.DayOf(now) - days(3 * rules.restatement_days), to));
  return JudgeDays(account, zone, from, to, slices, growth, now, rules);
}

Result<Hold> DecisionHold(FactStore& facts, const std::vector<AccountInfo>& accounts,
                          const DecisionUse& use, Instant now) {
  Hold hold;
  std::set<std::string> currencies;
  for (const AccountInfo& account : accounts) currencies.emplace(account.currency.name());
  if (currencies.size() > 1 && !use.converted) {
    hold.reasons.push_back(
        fmt::format("the accounts are in {}: amounts of several currencies are "
                    "not compared",
                    fmt::join(currencies, ", ")));
  }
  for (const AccountInfo& account : accounts) {
    MAXOPT_TRY(const std::vector<DayQuality> judged,
               DataQuality(facts, account, use.from, use.to, now, use.rules));
    // One sentence for each kind of trouble: its newest day, and how many there are.
    const auto tell = [&](std::string_view word, QualityAspect DayQuality::*aspect,
                          QualityState state) {
      const DayQuality* newest = nullptr;
      int count = 0;
      for (const DayQuality& day : judged) {
        if ((day.*aspect).state != state) continue;
        newest = &day;
        ++count;
      }
      if (newest == nullptr) return;
      hold.reasons.push_back(fmt::format(
          "{} is {} on {}{}: {}", PrintAccount(account.account), word, PrintDay(newest->day),
          count > 1 ? fmt::format(" and {} more days", count - 1) : std::string(),
          (newest->*aspect).why));
    };
    tell("incomplete", &DayQuality::completeness, QualityState::kBad);
    tell("stale", &DayQuality::freshness, QualityState::kBad);
    tell("unreconciled", &DayQuality::reconciliation, QualityState::kBad);
    if (use.claimed_conversions) {
      tell("unmatured", &DayQuality::maturity, QualityState::kPending);
    }
  }
  return hold;
}

}  // namespace maxopt
