#include "memory/campaigns/team.h"

#include <fmt/format.h>

#include "memory/campaigns/database.h"
#include "memory/campaigns/messages.h"

namespace maxopt {
namespace {

constexpr const char* kInboxColumns =
    "seq, sender, id, client, kind, about, title, correlation, in_reply_to, via, by, state, why, "
    "received_at, due_at, closed_at, digest, content, repeats, answer";
constexpr const char* kDeliveryColumns =
    "message, member, channel, state, attempts, queued_at, next_at, settled_at, how";

std::string MaybeTime(const std::optional<Instant>& at) { return at ? PrintInstant(*at) : ""; }

Result<std::optional<Instant>> ReadMaybeTime(const std::string& text) {
  if (text.empty()) return std::optional<Instant>();
  MAXOPT_TRY(const Instant at, ParseInstant(text));
  return std::optional<Instant>(at);
}

Result<InboxRow> InboxFrom(const soci::row& row) {
  InboxRow out;
  out.seq = std::stoll(row.get<std::string>(0));
  out.sender = row.get<std::string>(1);
  out.id = row.get<std::string>(2);
  out.client = row.get<std::string>(3);
  out.kind = row.get<std::string>(4);
  out.about = row.get<std::string>(5);
  out.title = row.get<std::string>(6);
  out.correlation = row.get<std::string>(7);
  out.in_reply_to = row.get<std::string>(8);
  out.via = row.get<std::string>(9);
  out.by = row.get<std::string>(10);
  out.state = row.get<std::string>(11);
  out.why = row.get<std::string>(12);
  MAXOPT_TRY(out.received_at, ParseInstant(row.get<std::string>(13)));
  MAXOPT_TRY(out.due_at, ReadMaybeTime(row.get<std::string>(14)));
  MAXOPT_TRY(out.closed_at, ReadMaybeTime(row.get<std::string>(15)));
  out.digest = row.get<std::string>(16);
  out.content = row.get<std::string>(17);
  out.repeats = row.get<int>(18);
  out.answer = row.get<std::string>(19);
  return out;
}

/// The sequence number as text: SOCI's width of a rowid depends on its version.
std::string InboxSelect() {
  std::string columns = kInboxColumns;
  return "SELECT CAST(seq AS TEXT)" + columns.substr(3) + " FROM inbox ";
}

Result<DeliveryRow> DeliveryFrom(const soci::row& row, std::size_t at = 0) {
  DeliveryRow out;
  out.message = row.get<std::string>(at);
  out.member = row.get<std::string>(at + 1);
  out.channel = row.get<std::string>(at + 2);
  out.state = row.get<std::string>(at + 3);
  out.attempts = row.get<int>(at + 4);
  MAXOPT_TRY(out.queued_at, ParseInstant(row.get<std::string>(at + 5)));
  MAXOPT_TRY(out.next_at, ParseInstant(row.get<std::string>(at + 6)));
  MAXOPT_TRY(out.settled_at, ReadMaybeTime(row.get<std::string>(at + 7)));
  out.how = row.get<std::string>(at + 8);
  return out;
}

Result<Message> MessageFrom(const soci::row& row) {
  MAXOPT_TRY(const Instant at, ParseInstant(row.get<std::string>(8)));
  return Message{row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                 row.get<std::string>(3), row.get<std::string>(4), row.get<std::string>(5),
                 row.get<std::string>(6), row.get<std::string>(7), at};
}

/// kNotFound unless Max sent the message to this member.
Result<> WasSent(soci::session& sql, const std::string& message, const std::string& member) {
  int count = 0;
  sql << "SELECT count(*) FROM message WHERE id = :i AND recipient = :r", soci::use(message),
      soci::use(member), soci::into(count);
  if (count > 0) return {};
  return Fail(Errc::kNotFound, fmt::format("Max has sent no message {} to {}", message, member));
}

Result<> Move(soci::session& sql, const InboxMove& move, const std::string& answer, Instant at) {
  std::string state;
  sql << "SELECT state FROM inbox WHERE seq = :s", soci::use(move.seq), soci::into(state);
  if (!sql.got_data())
    return Fail(Errc::kNotFound, fmt::format("no row {} in the inbox", move.seq));
  if (state != move.from) {
    return Fail(Errc::kConflict, fmt::format("row {} of the inbox is {} by now, not {}", move.seq,
                                             state, move.from));
  }
  const std::string closed = move.to == "open" ? "" : PrintInstant(at);
  sql << "UPDATE inbox SET state = :t, why = :w, closed_at = :c, answer = :a WHERE seq = :s",
      soci::use(move.to), soci::use(move.why), soci::use(closed), soci::use(answer),
      soci::use(move.seq);
  return {};
}

}  // namespace

Message InsertMessage(soci::session& sql, Message message) {
  const std::string created = PrintInstant(message.created_at);
  const std::string prefix =
      "m-" + created.substr(0, 4) + created.substr(5, 2) + created.substr(8, 2) + "-";
  int count = 0;
  const std::string like = prefix + "%";
  sql << "SELECT count(*) FROM message WHERE id LIKE :l", soci::use(like), soci::into(count);
  message.id = fmt::format("{}{:04}", prefix, count + 1);
  sql << "INSERT INTO message (id, client, recipient, kind, title, about, json, markdown, "
         "created_at) VALUES (:i, :c, :r, :k, :t, :a, :j, :m, :ca)",
      soci::use(message.id), soci::use(message.client), soci::use(message.to),
      soci::use(message.kind), soci::use(message.title), soci::use(message.about),
      soci::use(message.json), soci::use(message.markdown), soci::use(created);
  return message;
}

Result<KeptInbox> AddToInbox(CampaignStore& store, const InboxRow& row) {
  return store.database().Do([&](soci::session& sql) -> Result<KeptInbox> {
    soci::transaction transaction(sql);
    if (row.state != "refused") {
      std::optional<InboxRow> known;
      {
        const soci::rowset<soci::row> rows =
            (sql.prepare << InboxSelect() + "WHERE sender = :s AND id = :i AND state <> 'refused'",
             soci::use(row.sender), soci::use(row.id));
        for (const soci::row& each : rows) {
          MAXOPT_TRY(known, InboxFrom(each));
        }
      }
      if (known) {
        if (known->digest != row.digest) {
          return Fail(
              Errc::kConflict,
              fmt::format("{} has sent another message as \"{}\" at {}; a new message needs "
                          "an id of its own",
                          row.sender, row.id, PrintInstant(known->received_at)));
        }
        sql << "UPDATE inbox SET repeats = repeats + 1 WHERE seq = :s", soci::use(known->seq);
        transaction.commit();
        ++known->repeats;
        return KeptInbox{std::move(*known), false};
      }
    }
    const std::string received = PrintInstant(row.received_at);
    const std::string due = MaybeTime(row.due_at);
    const std::string closed = MaybeTime(row.closed_at);
    sql << "INSERT INTO inbox (sender, id, client, kind, about, title, correlation, in_reply_to, "
           "via, by, state, why, received_at, due_at, closed_at, digest, content, repeats, answer) "
           "VALUES (:se, :i, :c, :k, :ab, :t, :co, :ir, :v, :by, :st, :w, :ra, :du, :cl, :dg, :ct, "
           "0, '')",
        soci::use(row.sender), soci::use(row.id), soci::use(row.client), soci::use(row.kind),
        soci::use(row.about), soci::use(row.title), soci::use(row.correlation),
        soci::use(row.in_reply_to), soci::use(row.via), soci::use(row.by), soci::use(row.state),
        soci::use(row.why), soci::use(received), soci::use(due), soci::use(closed),
        soci::use(row.digest), soci::use(row.content);
    KeptInbox kept{row, true};
    sql << "SELECT last_insert_rowid()", soci::into(kept.row.seq);
    transaction.commit();
    return kept;
  });
}

Result<std::vector<InboxRow>> Inbox(CampaignStore& store, const InboxQuery& query) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<InboxRow>> {
    std::vector<InboxRow> out;
    const int open = query.open ? 1 : 0;
    const soci::rowset<soci::row> rows =
        (sql.prepare << InboxSelect() +
                            "WHERE (:c = '' OR client = :c) AND (:s = '' OR sender = :s) AND "
                            "(:k = '' OR kind = :k) AND (:t = '' OR state = :t) AND "
                            "(:a = '' OR about = :a) AND (:d = '' OR digest = :d) AND "
                            "(:o = 0 OR state IN ('new', 'open')) ORDER BY seq DESC LIMIT :l",
         soci::use(query.client, "c"), soci::use(query.sender, "s"), soci::use(query.kind, "k"),
         soci::use(query.state, "t"), soci::use(query.about, "a"), soci::use(query.digest, "d"),
         soci::use(open, "o"), soci::use(query.limit, "l"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(InboxRow one, InboxFrom(row));
      out.push_back(std::move(one));
    }
    return out;
  });
}

Result<InboxRow> GetInboxRow(CampaignStore& store, long long seq) {
  return store.database().Do([&](soci::session& sql) -> Result<InboxRow> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << InboxSelect() + "WHERE seq = :s", soci::use(seq));
    for (const soci::row& row : rows) return InboxFrom(row);
    return Fail(Errc::kNotFound,
                fmt::format("there is no row {} in the inbox; maxopt team lists them", seq));
  });
}

Result<Message> SaveThreaded(CampaignStore& store, Message message, MessageThread thread,
                             const InboxMove& move, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<Message> {
    soci::transaction transaction(sql);
    message = InsertMessage(sql, std::move(message));
    if (move.seq > 0) MAXOPT_CHECK(Move(sql, move, message.id, at));
    const std::string due = MaybeTime(thread.due_at);
    sql << "INSERT INTO message_thread (message, correlation, in_reply_to, due_at) VALUES (:m, :c, "
           ":r, :d)",
        soci::use(message.id), soci::use(thread.correlation), soci::use(thread.in_reply_to),
        soci::use(due);
    transaction.commit();
    return message;
  });
}

Result<> MoveInbox(CampaignStore& store, const InboxMove& move, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_CHECK(Move(sql, move, "", at));
    transaction.commit();
    return {};
  });
}

Result<> NoteInbox(CampaignStore& store, long long seq, const std::string& why) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    std::string state;
    sql << "SELECT state FROM inbox WHERE seq = :s", soci::use(seq), soci::into(state);
    if (!sql.got_data() || state != "open") {
      return Fail(Errc::kConflict, fmt::format("row {} of the inbox is not open", seq));
    }
    sql << "UPDATE inbox SET why = :w WHERE seq = :s", soci::use(why), soci::use(seq);
    transaction.commit();
    return {};
  });
}

Result<> AnswerThread(CampaignStore& store, const std::string& message, const std::string& member,
                      const std::string& answer, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_CHECK(WasSent(sql, message, member));
    const std::string answered = PrintInstant(at);
    sql << "INSERT OR IGNORE INTO message_thread (message, correlation, in_reply_to, due_at) "
           "VALUES "
           "(:m, '', '', '')",
        soci::use(message);
    sql << "UPDATE message_thread SET answered_by = :a, answered_at = :t WHERE message = :m AND "
           "answered_by = ''",
        soci::use(answer), soci::use(answered), soci::use(message);
    transaction.commit();
    return {};
  });
}

Result<std::vector<Message>> UndeliveredMessages(CampaignStore& store, int limit) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<Message>> {
    std::vector<Message> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT id, client, recipient, kind, title, about, json, markdown, "
                        "created_at FROM message WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE "
                        "delivery.message = message.id) ORDER BY rowid LIMIT :l",
         soci::use(limit, "l"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(Message one, MessageFrom(row));
      out.push_back(std::move(one));
    }
    return out;
  });
}

Result<> QueueDeliveries(CampaignStore& store, const std::vector<DeliveryRow>& rows) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    for (const DeliveryRow& row : rows) {
      const std::string queued = PrintInstant(row.queued_at);
      const std::string next = PrintInstant(row.next_at);
      const std::string settled = MaybeTime(row.settled_at);
      sql << "INSERT OR IGNORE INTO delivery (message, member, channel, state, attempts, "
             "queued_at, "
             "next_at, settled_at, how) VALUES (:m, :b, :c, :s, :a, :q, :n, :t, :h)",
          soci::use(row.message), soci::use(row.member), soci::use(row.channel),
          soci::use(row.state), soci::use(row.attempts), soci::use(queued), soci::use(next),
          soci::use(settled), soci::use(row.how);
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<DeliveryRow>> ClaimDeliveries(CampaignStore& store, Instant now,
                                                 std::chrono::seconds lease, int limit) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<DeliveryRow>> {
    soci::transaction transaction(sql);
    std::vector<DeliveryRow> out;
    const std::string at = PrintInstant(now);
    {
      const soci::rowset<soci::row> rows =
          (sql.prepare << fmt::format(
               "SELECT {} FROM delivery WHERE state IN ('pending', 'unknown', "
               "'sending') AND next_at <= :n ORDER BY next_at, message LIMIT "
               ":l",
               kDeliveryColumns),
           soci::use(at, "n"), soci::use(limit, "l"));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(DeliveryRow one, DeliveryFrom(row));
        out.push_back(std::move(one));
      }
    }
    const std::string until = PrintInstant(now + lease);
    for (DeliveryRow& row : out) {
      ++row.attempts;
      row.state = "sending";
      row.next_at = now + lease;
      sql << "UPDATE delivery SET state = 'sending', attempts = :a, next_at = :n WHERE message = "
             ":m "
             "AND member = :b AND channel = :c",
          soci::use(row.attempts), soci::use(until), soci::use(row.message), soci::use(row.member),
          soci::use(row.channel);
    }
    transaction.commit();
    return out;
  });
}

Result<> SettleDelivery(CampaignStore& store, const DeliveryRow& row, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    std::string state;
    sql << "SELECT state FROM delivery WHERE message = :m AND member = :b AND channel = :c",
        soci::use(row.message), soci::use(row.member), soci::use(row.channel), soci::into(state);
    // A teammate may say that it was read while its delivery still waits for the answer.
    if (state == "read") return {};
    if (state != "sending") {
      return Fail(Errc::kConflict, fmt::format("the delivery of {} to {} is {}, not being sent",
                                               row.message, row.member, state));
    }
    const std::string next = PrintInstant(row.next_at);
    const std::string settled = PrintInstant(at);
    sql << "UPDATE delivery SET state = :s, next_at = :n, settled_at = :t, how = :h WHERE message "
           "= "
           ":m AND member = :b AND channel = :c",
        soci::use(row.state), soci::use(next), soci::use(settled), soci::use(row.how),
        soci::use(row.message), soci::use(row.member), soci::use(row.channel);
    transaction.commit();
    return {};
  });
}

Result<> MarkRead(CampaignStore& store, const std::string& message, const std::string& member,
                  const std::string& how, Instant at) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_CHECK(WasSent(sql, message, member));
    const std::string settled = PrintInstant(at);
    sql << "INSERT OR IGNORE INTO delivery (message, member, channel, state, attempts, queued_at, "
           "next_at, settled_at, how) SELECT :m, :b, '', 'kept', 0, :t, :t, :t, '' WHERE NOT "
           "EXISTS "
           "(SELECT 1 FROM delivery WHERE message = :m AND member = :b)",
        soci::use(message, "m"), soci::use(member, "b"), soci::use(settled, "t");
    sql << "UPDATE delivery SET state = 'read', settled_at = :t, how = :h WHERE message = :m AND "
           "member = :b AND state <> 'read'",
        soci::use(settled, "t"), soci::use(how, "h"), soci::use(message, "m"),
        soci::use(member, "b");
    transaction.commit();
    return {};
  });
}

Result<std::vector<SentMessage>> SentMessages(CampaignStore& store, const SentQuery& query) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<SentMessage>> {
    std::vector<SentMessage> out;
    const int unread = query.unread ? 1 : 0;
    {
      const soci::rowset<soci::row> rows =
          (sql.prepare
               << "SELECT m.id, m.client, m.recipient, m.kind, m.title, m.about, m.json, "
                  "m.markdown, m.created_at, coalesce(t.correlation, ''), "
                  "coalesce(t.in_reply_to, ''), coalesce(t.due_at, ''), "
                  "coalesce(t.answered_by, ''), coalesce(t.answered_at, '') FROM message m "
                  "LEFT JOIN message_thread t ON t.message = m.id WHERE "
                  "(:c = '' OR m.client = :c) AND (:r = '' OR m.recipient = :r) AND "
                  "(:i = '' OR m.id = :i) AND (:u = 0 OR NOT EXISTS (SELECT 1 FROM delivery "
                  "d WHERE d.message = m.id AND d.state = 'read')) "
                  "ORDER BY m.rowid DESC LIMIT :l",
           soci::use(query.client, "c"), soci::use(query.to, "r"), soci::use(query.id, "i"),
           soci::use(unread, "u"), soci::use(query.limit, "l"));
      for (const soci::row& row : rows) {
        SentMessage one;
        MAXOPT_TRY(one.message, MessageFrom(row));
        one.thread.message = one.message.id;
        one.thread.correlation = row.get<std::string>(9);
        one.thread.in_reply_to = row.get<std::string>(10);
        MAXOPT_TRY(one.thread.due_at, ReadMaybeTime(row.get<std::string>(11)));
        one.thread.answered_by = row.get<std::string>(12);
        MAXOPT_TRY(one.thread.answered_at, ReadMaybeTime(row.get<std::string>(13)));
        out.push_back(std::move(one));
      }
    }
    for (SentMessage& one : out) {
      const soci::rowset<soci::row> rows =
          (sql.prepare << fmt::format("SELECT {} FROM delivery WHERE message = :m ORDER BY channel",
                                      kDeliveryColumns),
           soci::use(one.message.id));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(DeliveryRow delivery, DeliveryFrom(row));
        one.deliveries.push_back(std::move(delivery));
      }
    }
    return out;
  });
}

}  // namespace maxopt
