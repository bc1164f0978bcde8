#include "memory/campaigns/alerts.h"

#include <nlohmann/json.hpp>
#include <set>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

using nlohmann::json;

constexpr const char* kColumns = "key, state, attempts, next_at, how, body";

/// open | closing (over, its end not yet told everywhere) | resolved
std::string StateOf(const AlertEntry& entry) {
  if (entry.alert.open) return "open";
  for (const auto& [channel, told] : entry.told) {
    if (!told.resolved) return "closing";
  }
  return "resolved";
}

std::string BodyOf(const QueuedNotification& queued) {
  return json{{"notification", json::parse(ToJson(queued.notification))},
              {"content", queued.content},
              {"uncertain", queued.uncertain}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<QueuedNotification> QueuedFrom(const soci::row& row) {
  QueuedNotification queued;
  queued.state = row.get<std::string>(1);
  queued.attempts = row.get<int>(2);
  MAXOPT_TRY(queued.next_at, ParseInstant(row.get<std::string>(3)));
  queued.how = row.get<std::string>(4);
  const json body = json::parse(row.get<std::string>(5));
  MAXOPT_TRY(queued.notification, NotificationFromJson(body.at("notification").dump()));
  queued.content = body.at("content").get<std::string>();
  queued.uncertain = body.at("uncertain").get<bool>();
  return queued;
}

void Put(soci::session& sql, const AlertEntry& entry) {
  const Alert& alert = entry.alert;
  const std::string fingerprint = Fingerprint(alert.condition);
  const std::string state = StateOf(entry);
  const std::string tier(AlertTierName(alert.tier));
  const std::string opened = PrintInstant(alert.opened_at);
  const std::string last = PrintInstant(alert.last_true_at);
  const std::string resolved = alert.resolved_at ? PrintInstant(*alert.resolved_at) : "";
  const std::string body = ToJson(entry);
  sql << "INSERT INTO alert (id, fingerprint, client, state, tier, opened_at, last_true_at, "
         "resolved_at, body) VALUES (:i, :f, :c, :s, :t, :o, :l, :r, :b) "
         "ON CONFLICT (id) DO UPDATE SET state = excluded.state, tier = excluded.tier, "
         "last_true_at = excluded.last_true_at, resolved_at = excluded.resolved_at, "
         "body = excluded.body",
      soci::use(alert.id), soci::use(fingerprint), soci::use(alert.condition.client),
      soci::use(state), soci::use(tier), soci::use(opened), soci::use(last), soci::use(resolved),
      soci::use(body);
}

/// What ended is written before what opens: a fingerprint is open once.
void PutAll(soci::session& sql, const std::vector<AlertEntry>& entries) {
  for (const AlertEntry& entry : entries) {
    if (!entry.alert.open) Put(sql, entry);
  }
  for (const AlertEntry& entry : entries) {
    if (entry.alert.open) Put(sql, entry);
  }
}

Result<AlertEntry> Read(soci::session& sql, const std::string& id) {
  std::string body;
  sql << "SELECT body FROM alert WHERE id = :i", soci::use(id), soci::into(body);
  if (!sql.got_data()) {
    return Fail(Errc::kNotFound, fmt::format("there is no alert {}; maxopt alerts --all lists "
                                             "them",
                                             id.substr(0, 80)));
  }
  return AlertEntryFromJson(body);
}

Result<std::vector<AlertEntry>> Entries(const soci::rowset<soci::row>& rows) {
  std::vector<AlertEntry> out;
  for (const soci::row& row : rows) {
    MAXOPT_TRY(AlertEntry entry, AlertEntryFromJson(row.get<std::string>(0)));
    out.push_back(std::move(entry));
  }
  return out;
}

Result<Silence> SilenceFrom(const soci::row& row) {
  Silence silence;
  silence.id = row.get<int>(0);
  silence.client = row.get<std::string>(1);
  silence.matcher = row.get<std::string>(2);
  MAXOPT_TRY(silence.from, ParseInstant(row.get<std::string>(3)));
  MAXOPT_TRY(silence.until, ParseInstant(row.get<std::string>(4)));
  silence.by = row.get<std::string>(5);
  silence.why = row.get<std::string>(6);
  return silence;
}

}  // namespace

Result<std::vector<AlertEntry>> LiveAlerts(CampaignStore& store) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<AlertEntry>> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT body FROM alert WHERE state IN ('open', 'closing') ORDER BY id");
    return Entries(rows);
  });
}

Result<int> NextAlertNumber(CampaignStore& store, Instant now) {
  return store.database().Do([&](soci::session& sql) -> Result<int> {
    const std::string day = PrintDay(Zone::Utc().DayOf(now));
    const std::string prefix = "a-" + day.substr(0, 4) + day.substr(5, 2) + day.substr(8, 2) + "-";
    const std::string pattern = prefix + "%";
    int highest = 0;
    const int skip = static_cast<int>(prefix.size()) + 1;
    sql << "SELECT COALESCE(MAX(CAST(SUBSTR(id, :s) AS INTEGER)), 0) FROM alert WHERE id LIKE :p",
        soci::use(skip), soci::use(pattern), soci::into(highest);
    return highest + 1;
  });
}

Result<std::map<std::pair<std::string, std::string>, Instant>> GroupsTold(CampaignStore& store,
                                                                          Instant since) {
  using Map = std::map<std::pair<std::string, std::string>, Instant>;
  return store.database().Do([&](soci::session& sql) -> Result<Map> {
    Map out;
    const std::string from = PrintInstant(since);
    const std::string columns = kColumns;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT " + columns + " FROM notification WHERE at >= :a", soci::use(from));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(const QueuedNotification queued, QueuedFrom(row));
      const Notification& n = queued.notification;
      Instant& at = out.try_emplace({n.channel, n.group}, n.at).first->second;
      at = std::max(at, n.at);
    }
    return out;
  });
}

Result<> SaveAlertRound(CampaignStore& store, const std::vector<AlertEntry>& entries,
                        const std::vector<QueuedNotification>& notifications) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    PutAll(sql, entries);
    for (const QueuedNotification& queued : notifications) {
      const Notification& n = queued.notification;
      const std::string kind(NotificationKindName(n.kind));
      json ids = n.firing;
      for (const std::string& id : n.resolved) ids.push_back(id);
      const std::string alerts = ids.dump();
      const std::string at = PrintInstant(n.at);
      const std::string next = PrintInstant(queued.next_at);
      const std::string body = BodyOf(queued);
      sql << "INSERT INTO notification (key, channel, kind, client, alerts, at, state, attempts, "
             "next_at, how, body) VALUES (:k, :ch, :ki, :c, :al, :at, :s, :n, :ne, :h, :b) "
             "ON CONFLICT (key) DO NOTHING",
          soci::use(n.key), soci::use(n.channel), soci::use(kind), soci::use(n.client),
          soci::use(alerts), soci::use(at), soci::use(queued.state), soci::use(queued.attempts),
          soci::use(next), soci::use(queued.how), soci::use(body);
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<QueuedNotification>> ClaimNotifications(CampaignStore& store, Instant now,
                                                           std::chrono::seconds lease, int limit) {
  using List = std::vector<QueuedNotification>;
  return store.database().Do([&](soci::session& sql) -> Result<List> {
    soci::transaction transaction(sql);
    List waiting;
    {
      const std::string columns = kColumns;
      const soci::rowset<soci::row> rows = (sql.prepare << "SELECT " + columns +
                                                               " FROM notification WHERE state IN "
                                                               "('pending', 'sending', 'unknown')");
      for (const soci::row& row : rows) {
        MAXOPT_TRY(QueuedNotification queued, QueuedFrom(row));
        waiting.push_back(std::move(queued));
      }
    }
    std::sort(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) {
      return std::pair(a.notification.at, a.notification.key) <
             std::pair(b.notification.at, b.notification.key);
    });
    std::map<std::pair<std::string, std::string>, int> behind;
    const auto group_of = [](const QueuedNotification& queued) {
      return std::pair(queued.notification.channel, queued.notification.group);
    };
    for (const QueuedNotification& queued : waiting) ++behind[group_of(queued)];
    List out;
    std::set<std::pair<std::string, std::string>> taken;
    for (QueuedNotification& queued : waiting) {
      const auto group = group_of(queued);
      const bool last = --behind[group] == 0;
      if (taken.contains(group)) continue;
      if (queued.notification.kind == Notification::Kind::kRepeat && !last &&
          queued.state == "pending" && queued.notification.resolved.empty()) {
        sql << "UPDATE notification SET state = 'superseded', "
               "how = 'a later notification of the same group was waiting' WHERE key = :k",
            soci::use(queued.notification.key);
        continue;
      }
      taken.insert(group);  // what waits for its turn holds those behind it
      if (queued.next_at > now || std::ssize(out) >= limit) continue;
      if (queued.state != "pending") queued.uncertain = true;
      queued.state = "sending";
      ++queued.attempts;
      queued.next_at = now + lease;
      const std::string next = PrintInstant(queued.next_at);
      const std::string body = BodyOf(queued);
      sql << "UPDATE notification SET state = 'sending', attempts = :a, next_at = :n, body = :b "
             "WHERE key = :k",
          soci::use(queued.attempts), soci::use(next), soci::use(body),
          soci::use(queued.notification.key);
      out.push_back(std::move(queued));
    }
    transaction.commit();
    return out;
  });
}

Result<> SettleNotification(CampaignStore& store, const std::string& key, const std::string& state,
                            const std::string& how, Instant next_at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    const std::string next = PrintInstant(next_at);
    soci::statement update = (sql.prepare << "UPDATE notification SET state = :s, how = :h, "
                                             "next_at = :n WHERE key = :k AND state = 'sending'",
                              soci::use(state), soci::use(how), soci::use(next), soci::use(key));
    update.execute(true);
    if (update.get_affected_rows() != 1) {
      return Fail(Errc::kConflict,
                  fmt::format("notification {} is not being sent by this sender", key));
    }
    return {};
  });
}

Result<std::vector<QueuedNotification>> Notifications(CampaignStore& store,
                                                      const NotificationQuery& query) {
  using List = std::vector<QueuedNotification>;
  return store.database().Do([&](soci::session& sql) -> Result<List> {
    const std::string columns = kColumns;
    // The list of ids is JSON text; an id is a whole string in it.
    const std::string holds = "%\"" + query.alert + "\"%";
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT " + columns +
                            " FROM notification WHERE (:c = '' OR client = :c) AND "
                            "(:s = '' OR state = :s) AND (:a = '' OR alerts LIKE :h) "
                            "ORDER BY at DESC, key LIMIT :l",
         soci::use(query.client, "c"), soci::use(query.state, "s"), soci::use(query.alert, "a"),
         soci::use(holds, "h"), soci::use(query.limit, "l"));
    List out;
    for (const soci::row& row : rows) {
      MAXOPT_TRY(QueuedNotification queued, QueuedFrom(row));
      out.push_back(std::move(queued));
    }
    return out;
  });
}

Result<std::vector<AlertEntry>> Alerts(CampaignStore& store, const AlertQuery& query) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<AlertEntry>> {
    const int all = query.all ? 1 : 0;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT body FROM alert WHERE (:c = '' OR client = :c) AND "
                        "(:a = 1 OR state = 'open') ORDER BY id DESC LIMIT :l",
         soci::use(query.client, "c"), soci::use(all, "a"), soci::use(query.limit, "l"));
    return Entries(rows);
  });
}

Result<AlertEntry> GetAlert(CampaignStore& store, const std::string& id) {
  return store.database().Do([&](soci::session& sql) { return Read(sql, id); });
}

Result<> AcknowledgeAlert(CampaignStore& store, const std::string& id, const std::string& by,
                          Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_TRY(AlertEntry entry, Read(sql, id));
    if (!entry.alert.open) return Fail(Errc::kConflict, fmt::format("alert {} is over", id));
    if (entry.acknowledged_at) {
      return Fail(Errc::kConflict,
                  fmt::format("alert {} was acknowledged by {} at {}", id, entry.acknowledged_by,
                              PrintInstant(*entry.acknowledged_at)));
    }
    Acknowledge(entry, by, at);
    Put(sql, entry);
    transaction.commit();
    return {};
  });
}

Result<Silence> SaveSilence(CampaignStore& store, Silence silence) {
  MAXOPT_CHECK(ParseMatcher(silence.matcher));
  if (silence.until <= silence.from) {
    return Fail(Errc::kInvalidArgument, "a silence must end after it begins");
  }
  return store.database().Do([&](soci::session& sql) -> Result<Silence> {
    soci::transaction transaction(sql);
    const std::string from = PrintInstant(silence.from);
    const std::string until = PrintInstant(silence.until);
    sql << "INSERT INTO silence (client, matcher, from_at, until_at, by, why) "
           "VALUES (:c, :m, :f, :u, :b, :w)",
        soci::use(silence.client), soci::use(silence.matcher), soci::use(from), soci::use(until),
        soci::use(silence.by), soci::use(silence.why);
    sql << "SELECT last_insert_rowid()", soci::into(silence.id);
    transaction.commit();
    return silence;
  });
}

Result<std::vector<Silence>> Silences(CampaignStore& store, Instant now, bool all) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<Silence>> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT id, client, matcher, from_at, until_at, by, why FROM silence "
                        "ORDER BY id DESC");
    std::vector<Silence> out;
    for (const soci::row& row : rows) {
      MAXOPT_TRY(Silence silence, SilenceFrom(row));
      if (all || silence.until > now) out.push_back(std::move(silence));
    }
    return out;
  });
}

Result<> EndSilence(CampaignStore& store, long long id, Instant now) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    const std::string until = PrintInstant(now);
    soci::statement update =
        (sql.prepare << "UPDATE silence SET until_at = :u WHERE id = :i AND until_at > :u",
         soci::use(until, "u"), soci::use(id, "i"));
    update.execute(true);
    if (update.get_affected_rows() != 1) {
      return Fail(Errc::kNotFound, fmt::format("there is no silence {} to end; maxopt alerts "
                                               "silences lists them",
                                               id));
    }
    return {};
  });
}

Result<> SaveAlertFeedback(CampaignStore& store, const std::string& alert, const std::string& by,
                           bool useful, const std::string& why, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_CHECK(Read(sql, alert));
    const int worth = useful ? 1 : 0;
    const std::string when = PrintInstant(at);
    sql << "INSERT INTO alert_feedback (alert_id, by, useful, at, why) "
           "VALUES (:a, :b, :u, :t, :w) ON CONFLICT (alert_id, by) DO UPDATE SET "
           "useful = excluded.useful, at = excluded.at, why = excluded.why",
        soci::use(alert), soci::use(by), soci::use(worth), soci::use(when), soci::use(why);
    transaction.commit();
    return {};
  });
}

Result<std::vector<AlertFeedback>> AlertFeedbackCounts(CampaignStore& store,
                                                       const std::string& client) {
  using List = std::vector<AlertFeedback>;
  return store.database().Do([&](soci::session& sql) -> Result<List> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT alert.body, useful, why FROM alert_feedback "
                        "JOIN alert ON alert.id = alert_id WHERE (:c = '' OR client = :c) "
                        "ORDER BY at DESC, alert_id, by",
         soci::use(client, "c"));
    std::map<std::tuple<std::string, std::string, std::string>, AlertFeedback> by_kind;
    for (const soci::row& row : rows) {
      MAXOPT_TRY(const AlertEntry entry, AlertEntryFromJson(row.get<std::string>(0)));
      const Condition& c = entry.alert.condition;
      const std::string fingerprint = Fingerprint(c);
      AlertFeedback& counts = by_kind[{c.client, c.detector, fingerprint}];
      counts.client = c.client;
      counts.detector = c.detector;
      counts.kpi = c.kpi;
      counts.fingerprint = fingerprint;
      ++(row.get<int>(1) != 0 ? counts.useful : counts.not_useful);
      if (const auto why = row.get<std::string>(2); !why.empty()) counts.whys.push_back(why);
    }
    List out;
    for (auto& [key, counts] : by_kind) out.push_back(std::move(counts));
    return out;
  });
}

}  // namespace maxopt
