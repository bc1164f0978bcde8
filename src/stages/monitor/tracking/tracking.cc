#include "stages/monitor/tracking/tracking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

namespace maxopt {
namespace {

double Expected(const Beside& one) {
  return one.exposure_before <= 0
             ? 0
             : static_cast<double>(one.seen_before) / one.exposure_before * one.exposure_now;
}

std::string Sentence(const Beside& one, std::string_view seen, std::string_view exposure) {
  return fmt::format("{}: {} {} on {:.0f} {}, {:.1f} expected ({} on {:.0f} before)", one.name,
                     one.seen_now, seen, one.exposure_now, exposure, Expected(one), one.seen_before,
                     one.exposure_before);
}

SignalHealth Say(SignalHealth signal, SignalState state, std::string why) {
  signal.state = state;
  signal.why = std::move(why);
  return signal;
}

}  // namespace

double ChanceOfSoFew(std::int64_t seen, double exposure, std::int64_t before,
                     double exposure_before, double dispersion) {
  if (!(exposure > 0) || !(exposure_before > 0) || seen < 0 || before < 0) return 1;
  const double phi = std::max(1.0, dispersion);
  const double shape = static_cast<double>(before) / phi + 0.5;
  const double p = exposure_before / (exposure_before + exposure);
  const auto most = static_cast<std::int64_t>(std::floor(static_cast<double>(seen) / phi));
  double sum = 0;
  for (std::int64_t k = 0; k <= most; ++k) {
    const auto x = static_cast<double>(k);
    sum += std::exp(std::lgamma(shape + x) - std::lgamma(x + 1) - std::lgamma(shape) +
                    shape * std::log(p) + x * std::log1p(-p));
    if (sum >= 1) return 1;
  }
  return sum;
}

SignalHealth JudgeConversions(SignalHealth signal, const std::vector<Beside>& campaigns,
                              const std::optional<Beside>& orders, double dispersion) {
  Beside all{"all campaigns"};
  int judged = 0, fallen = 0;
  std::string standing;
  for (const Beside& one : campaigns) {
    all.exposure_before += one.exposure_before;
    all.seen_before += one.seen_before;
    all.exposure_now += one.exposure_now;
    all.seen_now += one.seen_now;
    if (Expected(one) < kExpectedMin) continue;
    ++judged;
    if (static_cast<double>(one.seen_now) < kOutageShare * Expected(one)) {
      ++fallen;
    } else if (standing.empty()) {
      standing = one.name;
    }
  }
  const double expected = Expected(all);
  signal.evidence.push_back(Sentence(all, "conversions", "clicks"));
  if (expected < kExpectedMin) {
    return Say(std::move(signal), SignalState::kUnknown,
               fmt::format("only {:.1f} conversions were to be expected; that is too few to tell",
                           expected));
  }
  const double chance = ChanceOfSoFew(all.seen_now, all.exposure_now, all.seen_before,
                                      all.exposure_before, dispersion);
  signal.evidence.push_back(
      fmt::format("the chance of so few, were nothing wrong, is {:.1e}", chance));
  const double share = static_cast<double>(all.seen_now) / expected;
  if (chance >= kDegradedBelow || share >= kDropShare) {
    return Say(std::move(signal), SignalState::kOk, "conversions come as clicks let expect");
  }
  if (orders && Expected(*orders) >= kExpectedMin) {
    const double orders_share = static_cast<double>(orders->seen_now) / Expected(*orders);
    signal.evidence.push_back(Sentence(*orders, "orders", "clicks"));
    if (orders_share < kDropShare) {
      return Say(std::move(signal), SignalState::kOk,
                 "the shop's own orders fell as well: that is the business, not the tracking");
    }
    // Both fell, orders less: it is tracking as far as conversions fell further than orders.
    if (share < kDropShare * orders_share) {
      return Say(std::move(signal),
                 share < kOutageShare ? SignalState::kBroken : SignalState::kDegraded,
                 fmt::format("conversions are {:.0f} % of what clicks let expect while the shop's "
                             "orders are {:.0f} %: they are made and not counted",
                             share * 100, orders_share * 100));
    }
    return Say(std::move(signal), SignalState::kOk,
               "conversions and the shop's orders fell alike: that is performance");
  }
  if (share < kOutageShare && fallen == judged) {
    return Say(std::move(signal), SignalState::kBroken,
               fmt::format("conversions of every campaign fell to {:.0f} % at once while clicks go "
                           "on: no campaign does that, tracking does",
                           share * 100));
  }
  if (!standing.empty() && fallen > 0) {
    return Say(std::move(signal), SignalState::kOk,
               fmt::format("{} of {} campaigns lost their conversions and {} did not: that is "
                           "performance, or those campaigns' own event",
                           fallen, judged, standing));
  }
  return Say(std::move(signal), SignalState::kDegraded,
             fmt::format("conversions are {:.0f} % of what clicks let expect, and there are no "
                         "orders to compare with",
                         share * 100));
}

SignalHealth JudgeVisits(SignalHealth signal, const std::vector<Beside>& campaigns) {
  std::vector<std::string> silent, few, never_seen;
  bool told = false;
  for (const Beside& one : campaigns) {
    // A campaign that never had a visit is judged as if half of its clicks arrived: consent, and
    // people who leave before the page has loaded, cost no more.
    const bool never = one.seen_before == 0;
    const double expected = never ? one.exposure_now / 2 : Expected(one);
    if (expected < kExpectedMin) continue;
    told = true;
    const double chance =
        never ? std::exp(-expected)
              : ChanceOfSoFew(one.seen_now, one.exposure_now, one.seen_before, one.exposure_before);
    if (one.seen_now == 0 && chance < kDegradedBelow) {
      (never ? never_seen : silent).push_back(one.name);
    } else if (!never && chance < kDegradedBelow &&
               static_cast<double>(one.seen_now) < kDropShare * expected) {
      few.push_back(one.name);
    } else {
      continue;
    }
    signal.evidence.push_back(Sentence(one, "visits", "clicks"));
  }
  if (!silent.empty()) {
    return Say(
        std::move(signal), SignalState::kBroken,
        fmt::format("clicks are paid for and no visit arrives: {}", fmt::join(silent, ", ")));
  }
  if (!few.empty()) {
    return Say(
        std::move(signal), SignalState::kDegraded,
        fmt::format("far fewer visits arrive than clicks are paid for: {}", fmt::join(few, ", ")));
  }
  if (!never_seen.empty()) {
    return Say(std::move(signal), SignalState::kDegraded,
               fmt::format("no visit was ever seen of campaigns whose clicks are paid for: {}; "
                           "their links may lack parameters",
                           fmt::join(never_seen, ", ")));
  }
  if (!told) {
    return Say(std::move(signal), SignalState::kUnknown, "too few clicks to tell");
  }
  return Say(std::move(signal), SignalState::kOk, "visits arrive as clicks let expect");
}

SignalHealth JudgeUtm(SignalHealth signal, const std::vector<UtmSeen>& seen) {
  std::int64_t all = 0, unknown = 0, malformed = 0, fresh = 0;
  std::set<std::pair<std::string, std::string>> before;
  for (const UtmSeen& one : seen) {
    if (one.before > 0) before.emplace(one.source, one.medium);
  }
  const auto is_malformed = [](const std::string& text) {
    return text.find_first_of("{} ") != std::string::npos || text.starts_with("__") ||
           std::any_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isupper(c) != 0; });
  };
  for (const UtmSeen& one : seen) {
    if (one.now == 0) continue;
    all += one.now;
    const std::string words = fmt::format("{} / {} / {}", one.source, one.medium, one.campaign);
    if (is_malformed(one.source) || is_malformed(one.medium) || is_malformed(one.campaign)) {
      malformed += one.now;
      signal.evidence.push_back(
          fmt::format("{} visits with {}: not filled in, or not in the "
                      "grammar",
                      one.now, words));
    } else if (!one.known) {
      unknown += one.now;
      signal.evidence.push_back(
          fmt::format("{} visits with {}: no campaign of that name is known", one.now, words));
    }
    if (!before.empty() && !before.contains({one.source, one.medium})) {
      fresh += one.now;
      signal.evidence.push_back(
          fmt::format("{} visits with {}: source and medium are new", one.now, words));
    }
  }
  if (all < 20) {
    return Say(std::move(signal), SignalState::kUnknown,
               fmt::format("{} visits with utm parameters; that is too few to tell", all));
  }
  // A tenth is what people who edit links by hand and share them make at most.
  const std::int64_t wrong = std::max({unknown, malformed, fresh});
  if (wrong * 10 > all) {
    return Say(std::move(signal), SignalState::kDegraded,
               fmt::format("of {} visits {} name no known campaign, {} have values that were not "
                           "filled in or are not in the grammar, {} a new source and medium",
                           all, unknown, malformed, fresh));
  }
  return Say(std::move(signal), SignalState::kOk, "utm values are those of the campaigns");
}

SignalHealth JudgeMatch(SignalHealth signal, const Tellers& before, const Tellers& now) {
  const auto words = [](const Tellers& one) {
    return fmt::format("{} by both, {} by the browser only, {} by the server only", one.both,
                       one.browser_only, one.server_only);
  };
  signal.evidence.push_back("now: " + words(now));
  signal.evidence.push_back("before: " + words(before));
  const bool browser = before.browser_only + before.both > 0;
  const bool server = before.server_only + before.both > 0;
  if (before.all() < 20 || now.all() < 20) {
    return Say(std::move(signal), SignalState::kUnknown, "too few purchases to tell");
  }
  if (browser && now.browser_only + now.both == 0) {
    return Say(std::move(signal), SignalState::kDegraded,
               "the browser's tag tells no purchases any more; the server does");
  }
  if (server && now.server_only + now.both == 0) {
    return Say(std::move(signal), SignalState::kDegraded,
               "the server tells no purchases any more; the browser's tag does");
  }
  const double share_before = static_cast<double>(before.both) / static_cast<double>(before.all());
  const double share_now = static_cast<double>(now.both) / static_cast<double>(now.all());
  if (browser && server && before.both > 0 && share_now < kDropShare * share_before) {
    return Say(std::move(signal), SignalState::kDegraded,
               fmt::format("browser and server meet in {:.0f} % of the purchases, {:.0f} % before: "
                           "their ids may differ, and then they count twice",
                           share_now * 100, share_before * 100));
  }
  return Say(std::move(signal), SignalState::kOk,
             fmt::format("{:.0f} % of the purchases are told by both sides", share_now * 100));
}

SignalHealth JudgeCanary(SignalHealth signal, const std::vector<CanaryStep>& steps,
                         const std::optional<SignalHealth>& before) {
  const bool again =
      before && (before->state == SignalState::kDegraded || before->state == SignalState::kBroken);
  bool tried = false, skipped = false;
  for (const CanaryStep& step : steps) {
    signal.evidence.push_back(fmt::format("{}: {}{}{}", step.name,
                                          !step.passed   ? "not tried"
                                          : *step.passed ? "passed"
                                                         : "failed",
                                          step.what.empty() ? "" : ", ", step.what));
    (step.passed ? tried : skipped) = true;
  }
  const auto failed = std::ranges::find(steps, std::optional(false), &CanaryStep::passed);
  if (failed != steps.end()) {
    return Say(std::move(signal), again ? SignalState::kBroken : SignalState::kDegraded,
               fmt::format("the canary did not get past {}{}: {}", failed->name,
                           again ? ", twice in a row" : "", failed->what));
  }
  if (!tried) return Say(std::move(signal), SignalState::kUnknown, "no step was tried");
  return Say(std::move(signal), SignalState::kOk,
             skipped ? "the canary passed every step that was tried"
                     : "the canary passed from click to platform");
}

std::optional<std::string> FrozenBy(const std::vector<SignalHealth>& signals,
                                    const std::vector<AccountId>& accounts) {
  for (const SignalHealth& signal : signals) {
    if (signal.state != SignalState::kBroken) continue;
    const bool concerns = signal.accounts.empty() || accounts.empty() ||
                          std::ranges::any_of(signal.accounts, [&](const AccountId& account) {
                            return std::ranges::find(accounts, account) != accounts.end();
                          });
    if (concerns) {
      return fmt::format("the signal \"{}\" is broken since {}: {}", signal.name,
                         PrintInstant(signal.since), signal.why);
    }
  }
  return std::nullopt;
}

}  // namespace maxopt
