#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

/// What teammates sent (the inbox), and how what Max sent them is being delivered. Messages from
/// Max themselves are CampaignStore's (SaveMessage). Thread-safe as the store is. Errors: kLocal
/// with the file's name; kNotFound.
namespace maxopt {

/// new: kept, not worked on yet. open: waits for an answer. done, answered, refused: final.
struct InboxRow {
  long long seq = 0;   ///< given by the store
  std::string sender;  ///< "james"; of what is refused: who it says to be from
  std::string id;      ///< the sender's; may be empty or anything of what is refused
  std::string client, kind, about, title, correlation, in_reply_to;
  std::string via;  ///< "folder", "api", "webhook", "mcp", "mail", "hand"
  std::string by;   ///< who brought it, as far as that is proven: "james by mk_1a2b"
  std::string state = "new";
  std::string why;  ///< of a refusal, or why an open one waits for a person
  Instant received_at{};
  std::optional<Instant> due_at{}, closed_at{};
  std::string digest;   ///< SHA-256 of the content as it came
  std::string content;  ///< the message as it came; of what is refused at most its beginning
  int repeats = 0;      ///< how often it came again
  std::string answer;   ///< id of Max's message that answers it
};

/// Keeps a message before anything is done with it. The same sender's same id and digest is the
/// same message: counted, and the kept row is returned with is_new false. What is refused is kept
/// every time. kConflict: the id was used for another message.
struct KeptInbox {
  InboxRow row;
  bool is_new = true;
};
Result<KeptInbox> AddToInbox(CampaignStore& store, const InboxRow& row);

struct InboxQuery {
  std::string client{}, sender{}, kind{}, state{}, about{}, digest{};  ///< empty: any
  bool open = false;                                                   ///< new and open ones only
  int limit = 200;
};
/// Newest first.
Result<std::vector<InboxRow>> Inbox(CampaignStore& store, const InboxQuery& query);
Result<InboxRow> GetInboxRow(CampaignStore& store, long long seq);

/// What a message from Max belongs to. Those without one stand for themselves.
struct MessageThread {
  std::string message;
  std::string correlation, in_reply_to;
  std::optional<Instant> due_at{};  ///< an answer is wanted until then
  std::string answered_by{};        ///< id of the answer, in the inbox
  std::optional<Instant> answered_at{};
};
/// In one transaction: keeps a message from Max with its thread (message.id and thread.message are
/// given), and moves the row of the inbox that it is about, when `seq` is above 0. Returns the
/// message. kConflict when the row is not in `from` any more: nothing was kept.
struct InboxMove {
  long long seq = 0;
  std::string from, to;
  std::string why{};
};
Result<Message> SaveThreaded(CampaignStore& store, Message message, MessageThread thread,
                             const InboxMove& move, Instant at);
/// Moves a row of the inbox without a message. kConflict as above.
Result<> MoveInbox(CampaignStore& store, const InboxMove& move, Instant at);
/// Says of an open row why it still waits: `why` is what was found out, and it stays open.
/// kConflict when it is not open any more.
Result<> NoteInbox(CampaignStore& store, long long seq, const std::string& why);
/// Says of a message that waits for an answer (due_at, or a thread of its own) that it came.
/// kNotFound: Max has sent no such message to that member.
Result<> AnswerThread(CampaignStore& store, const std::string& message, const std::string& member,
                      const std::string& answer, Instant at);

/// A message's way to one channel of its teammate. States as agent/team names them.
struct DeliveryRow {
  std::string message, member, channel;  ///< together the key; channel "" : none is configured
  std::string state = "pending";
  int attempts = 0;
  Instant queued_at{}, next_at{};
  std::optional<Instant> settled_at{};
  std::string how{};
};
/// Messages from Max that no delivery was made for yet, oldest first.
Result<std::vector<Message>> UndeliveredMessages(CampaignStore& store, int limit);
/// In one transaction; what is there already is left as it is.
Result<> QueueDeliveries(CampaignStore& store, const std::vector<DeliveryRow>& rows);
/// Takes what is due, oldest first: it counts an attempt and is `sending` until now + lease. What
/// another sender held longer than its lease is due as well.
Result<std::vector<DeliveryRow>> ClaimDeliveries(CampaignStore& store, Instant now,
                                                 std::chrono::seconds lease, int limit);
/// Gives back what was claimed. kConflict when it is not `sending`.
Result<> SettleDelivery(CampaignStore& store, const DeliveryRow& row, Instant at);
/// The member has read it: all its deliveries are `read`. kNotFound: no such message to them.
Result<> MarkRead(CampaignStore& store, const std::string& message, const std::string& member,
                  const std::string& how, Instant at);

/// A message from Max with all that is known of it.
struct SentMessage {
  Message message;
  MessageThread thread;
  std::vector<DeliveryRow> deliveries;
};
struct SentQuery {
  std::string client{}, to{}, id{};  ///< empty: any
  bool unread = false;               ///< only those without a delivery that is `read`
  int limit = 200;
};
/// Newest first.
Result<std::vector<SentMessage>> SentMessages(CampaignStore& store, const SentQuery& query);

}  // namespace maxopt
