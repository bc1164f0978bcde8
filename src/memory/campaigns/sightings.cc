#include "memory/campaigns/sightings.h"

#include <algorithm>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

constexpr long long kNoBudget = -1;

long long MicrosOf(const std::optional<Money>& money) {
  return money ? static_cast<long long>(money->micros()) : kNoBudget;
}
std::optional<Money> MoneyOf(long long micros, Currency currency) {
  if (micros == kNoBudget) return std::nullopt;
  return Money::Micros(micros, currency);
}

Result<std::vector<Sighting>> Read(soci::session& sql, const AccountInfo& account) {
  std::vector<Sighting> out;
  const std::string platform(PlatformName(account.account.platform));
  const soci::rowset<soci::row> rows =
      (sql.prepare << "SELECT campaign, name, state, since, was, CAST(budget_micros AS TEXT), "
                      "budget_since, CAST(budget_was_micros AS TEXT), first_at, seen_at "
                      "FROM sighting WHERE platform = :p AND account = :a ORDER BY campaign",
       soci::use(platform), soci::use(account.account.id));
  for (const soci::row& row : rows) {
    Sighting s;
    s.account = account.account;
    s.campaign_id = row.get<std::string>(0);
    s.name = row.get<std::string>(1);
    s.state = row.get<std::string>(2);
    MAXOPT_TRY(s.since, ParseInstant(row.get<std::string>(3)));
    s.was = row.get<std::string>(4);
    s.daily_budget = MoneyOf(std::stoll(row.get<std::string>(5)), account.currency);
    MAXOPT_TRY(s.budget_since, ParseInstant(row.get<std::string>(6)));
    s.budget_was = MoneyOf(std::stoll(row.get<std::string>(7)), account.currency);
    MAXOPT_TRY(s.first_at, ParseInstant(row.get<std::string>(8)));
    MAXOPT_TRY(s.seen_at, ParseInstant(row.get<std::string>(9)));
    out.push_back(std::move(s));
  }
  return out;
}

void Write(soci::session& sql, const Sighting& s) {
  const std::string platform(PlatformName(s.account.platform));
  const std::string since = PrintInstant(s.since);
  const std::string budget_since = PrintInstant(s.budget_since);
  const std::string first = PrintInstant(s.first_at);
  const std::string seen = PrintInstant(s.seen_at);
  const long long budget = MicrosOf(s.daily_budget);
  const long long was = MicrosOf(s.budget_was);
  sql << "INSERT OR REPLACE INTO sighting (platform, account, campaign, name, state, since, was, "
         "budget_micros, budget_since, budget_was_micros, first_at, seen_at) "
         "VALUES (:p, :a, :c, :n, :s, :si, :w, :b, :bs, :bw, :f, :se)",
      soci::use(platform), soci::use(s.account.id), soci::use(s.campaign_id), soci::use(s.name),
      soci::use(s.state), soci::use(since), soci::use(s.was), soci::use(budget),
      soci::use(budget_since), soci::use(was), soci::use(first), soci::use(seen);
}

}  // namespace

Result<std::vector<Sighting>> SeeCampaigns(CampaignStore& store, const AccountInfo& account,
                                           const std::vector<Sighting>& now, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<Sighting>> {
    soci::transaction transaction(sql);
    MAXOPT_TRY(std::vector<Sighting> all, Read(sql, account));
    for (Sighting& known : all) {
      const bool there = std::any_of(now.begin(), now.end(), [&](const Sighting& s) {
        return s.campaign_id == known.campaign_id;
      });
      if (there || known.state == "removed") continue;
      known.was = std::exchange(known.state, "removed");
      known.since = known.seen_at = at;
      Write(sql, known);
    }
    for (const Sighting& seen : now) {
      const auto known = std::find_if(all.begin(), all.end(), [&](const Sighting& s) {
        return s.campaign_id == seen.campaign_id;
      });
      if (known == all.end()) {
        Sighting fresh = seen;
        fresh.account = account.account;
        fresh.since = fresh.budget_since = fresh.first_at = fresh.seen_at = at;
        fresh.was.clear();
        fresh.budget_was.reset();
        Write(sql, fresh);
        all.push_back(std::move(fresh));
        continue;
      }
      if (known->state != seen.state) {
        known->was = std::exchange(known->state, seen.state);
        known->since = at;
      }
      if (known->daily_budget != seen.daily_budget) {
        known->budget_was = std::exchange(known->daily_budget, seen.daily_budget);
        known->budget_since = at;
      }
      known->name = seen.name;
      known->seen_at = at;
      Write(sql, *known);
    }
    transaction.commit();
    return all;
  });
}

Result<std::vector<Sighting>> Sightings(CampaignStore& store, const AccountInfo& account) {
  return store.database().Do([&](soci::session& sql) { return Read(sql, account); });
}

}  // namespace maxopt
