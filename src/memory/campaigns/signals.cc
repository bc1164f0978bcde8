#include "memory/campaigns/signals.h"

#include <nlohmann/json.hpp>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

using nlohmann::json;

std::string BodyOf(const SignalHealth& signal) {
  json accounts = json::array();
  for (const AccountId& account : signal.accounts) {
    accounts.push_back({{"platform", PlatformName(account.platform)}, {"id", account.id}});
  }
  return json{{"evidence", signal.evidence}, {"accounts", accounts}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

Result<SignalHealth> SignalFrom(const soci::row& row) {
  SignalHealth signal;
  signal.client = row.get<std::string>(0);
  signal.name = row.get<std::string>(1);
  MAXOPT_TRY(signal.state, FindSignalState(row.get<std::string>(2)));
  MAXOPT_TRY(signal.since, ParseInstant(row.get<std::string>(3)));
  MAXOPT_TRY(signal.seen_at, ParseInstant(row.get<std::string>(4)));
  signal.why = row.get<std::string>(5);
  const json body = json::parse(row.get<std::string>(6));
  signal.evidence = body.at("evidence").get<std::vector<std::string>>();
  for (const json& account : body.at("accounts")) {
    MAXOPT_TRY(const Platform platform, FindPlatform(account.at("platform").get<std::string>()));
    signal.accounts.push_back({platform, account.at("id").get<std::string>()});
  }
  return signal;
}

Result<ReviewState> ReviewFrom(const AccountId& account, const soci::row& row) {
  ReviewState review;
  review.account = account;
  MAXOPT_TRY(review.level, FindLevel(row.get<std::string>(0)));
  review.id = row.get<std::string>(1);
  review.name = row.get<std::string>(2);
  review.state = row.get<std::string>(3);
  review.reason = row.get<std::string>(4);
  MAXOPT_TRY(review.since, ParseInstant(row.get<std::string>(5)));
  return review;
}

}  // namespace

Result<> SaveSignals(CampaignStore& store, const std::vector<SignalHealth>& signals) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    for (const SignalHealth& signal : signals) {
      const std::string state(SignalStateName(signal.state));
      const std::string since = PrintInstant(signal.since);
      const std::string seen = PrintInstant(signal.seen_at);
      const std::string body = BodyOf(signal);
      sql << "INSERT INTO signal (client, name, state, since, seen_at, why, body) "
             "VALUES (:c, :n, :s, :si, :se, :w, :b) ON CONFLICT (client, name) DO UPDATE SET "
             "since = CASE WHEN state = excluded.state THEN since ELSE excluded.since END, "
             "state = excluded.state, seen_at = excluded.seen_at, why = excluded.why, "
             "body = excluded.body",
          soci::use(signal.client), soci::use(signal.name), soci::use(state), soci::use(since),
          soci::use(seen), soci::use(signal.why), soci::use(body);
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<SignalHealth>> Signals(CampaignStore& store, const std::string& client) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<SignalHealth>> {
    std::vector<SignalHealth> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT client, name, state, since, seen_at, why, body FROM signal "
                        "WHERE (:c = '' OR client = :c) ORDER BY client, name",
         soci::use(client, "c"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(SignalHealth signal, SignalFrom(row));
      out.push_back(std::move(signal));
    }
    return out;
  });
}

Result<> SaveReviews(CampaignStore& store, const std::vector<ReviewState>& states,
                     const std::vector<ReviewEvent>& events, Instant seen_at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    const std::string seen = PrintInstant(seen_at);
    for (const ReviewState& review : states) {
      const std::string platform(PlatformName(review.account.platform));
      const std::string level(LevelName(review.level));
      const std::string since = PrintInstant(review.since);
      sql << "INSERT INTO review (platform, account, level, id, name, state, reason, since, "
             "seen_at) VALUES (:p, :a, :l, :i, :n, :s, :r, :si, :se) "
             "ON CONFLICT (platform, account, level, id) DO UPDATE SET name = excluded.name, "
             "since = CASE WHEN state = excluded.state THEN since ELSE excluded.since END, "
             "state = excluded.state, reason = excluded.reason, seen_at = excluded.seen_at",
          soci::use(platform), soci::use(review.account.id), soci::use(level), soci::use(review.id),
          soci::use(review.name), soci::use(review.state), soci::use(review.reason),
          soci::use(since), soci::use(seen);
    }
    for (const ReviewEvent& event : events) {
      const std::string platform(PlatformName(event.now.account.platform));
      const std::string level(LevelName(event.now.level));
      const std::string at = PrintInstant(event.at);
      sql << "INSERT INTO review_event (platform, account, level, object, name, was, state, "
             "reason, at, body) VALUES (:p, :a, :l, :o, :n, :w, :s, :r, :t, :b)",
          soci::use(platform), soci::use(event.now.account.id), soci::use(level),
          soci::use(event.now.id), soci::use(event.now.name), soci::use(event.was),
          soci::use(event.now.state), soci::use(event.now.reason), soci::use(at),
          soci::use(event.json);
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<ReviewState>> Reviews(CampaignStore& store, const AccountId& account) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<ReviewState>> {
    std::vector<ReviewState> out;
    const std::string platform(PlatformName(account.platform));
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT level, id, name, state, reason, since FROM review "
                        "WHERE platform = :p AND account = :a ORDER BY level, id",
         soci::use(platform), soci::use(account.id));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(ReviewState review, ReviewFrom(account, row));
      out.push_back(std::move(review));
    }
    return out;
  });
}

Result<std::vector<ReviewEvent>> ReviewEvents(CampaignStore& store, const AccountId& account,
                                              int limit) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<ReviewEvent>> {
    std::vector<ReviewEvent> out;
    const std::string platform(PlatformName(account.platform));
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT level, object, name, state, reason, at, was, body "
                        "FROM review_event WHERE platform = :p AND account = :a "
                        "ORDER BY id DESC LIMIT :l",
         soci::use(platform), soci::use(account.id), soci::use(limit));
    for (const soci::row& row : rows) {
      ReviewEvent event;
      MAXOPT_TRY(event.now, ReviewFrom(account, row));
      event.at = event.now.since;
      event.was = row.get<std::string>(6);
      event.json = row.get<std::string>(7);
      out.push_back(std::move(event));
    }
    return out;
  });
}

}  // namespace maxopt
