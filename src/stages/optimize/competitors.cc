#include "stages/optimize/competitors.h"

#include <fmt/format.h>

#include "measure/calendar/calendar.h"
#include "memory/campaigns/competitors.h"

namespace maxopt {
namespace {

using std::chrono::days;

constexpr days kWeek{7};
constexpr std::size_t kNotesMax = 10;

/// cpm and impression share of some days; nullopt: no impressions, or the platform tells none.
struct AuctionWeek {
  std::optional<double> cpm, share;
};
Result<AuctionWeek> ReadAuction(FactStore& facts, const AccountId& account, Day from, Day to) {
  FactQuery query;
  query.filters.push_back({"account", {PrintAccount(account)}});
  query.from = from;
  query.to = to;
  query.grain = "none";
  query.measures = {"cpm", "impression_share"};
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  AuctionWeek out;
  if (table.rows.size() != 1) return out;
  const auto number = [&](const char* name) -> std::optional<double> {
    const FactCell& cell = table.rows[0][table.Column(name)];
    return cell.kind == FactCell::Kind::kAbsent ? std::nullopt : std::optional(cell.Amount());
  };
  out.cpm = number("cpm");
  out.share = number("impression_share");
  return out;
}

std::string Moved(const char* name, std::optional<double> before, std::optional<double> after) {
  if (!before || !after || *before <= 0) return fmt::format("{} not known", name);
  return fmt::format("{} {:+.0f} %", name, 100 * (*after / *before - 1));
}

}  // namespace

Result<std::vector<std::string>> CompetitorNotes(CampaignStore& store, FactStore& facts,
                                                 const std::string& client, Instant now) {
  std::vector<std::string> notes;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, store.Accounts());
  // Today somewhere: which of its days an account is in is its zone's to say.
  const Day day = Zone::Utc().DayOf(now);
  MAXOPT_TRY(const CompetitorMoves known,
             ReadCompetitorMoves(store, client, now, day - days(1), day + days(1)));
  for (const ClientAccount& account : accounts) {
    if (account.client != client) continue;
    const auto zone = Zone::Find(account.info.zone);
    const Day today = (zone ? *zone : Zone::Utc()).DayOf(now);
    const std::string country(CountryOfZone(account.info.zone).value_or(""));
    std::optional<std::pair<AuctionWeek, AuctionWeek>> weeks;
    for (const CompetitorMove& move : known.moves) {
      if (today < move.observed_on || move.holds_until < today) continue;
      if (!IsMoveOn(move, account.info.account.platform, country)) continue;
      if (notes.size() == kNotesMax) return notes;
      if (!weeks) {
        MAXOPT_TRY(
            const AuctionWeek before,
            ReadAuction(facts, account.info.account, today - 2 * kWeek, today - kWeek - days(1)));
        MAXOPT_TRY(const AuctionWeek after,
                   ReadAuction(facts, account.info.account, today - kWeek, today - days(1)));
        weeks = {before, after};
      }
      notes.push_back(fmt::format(
          "a competitor moved, {}: {} in the last 7 days against the 7 before {}, {}; no number of "
          "this round was changed for it",
          PrintMove(move), PrintAccount(account.info.account),
          Moved("cpm", weeks->first.cpm, weeks->second.cpm),
          Moved("impression share", weeks->first.share, weeks->second.share)));
    }
  }
  return notes;
}

}  // namespace maxopt
