// What teammates mail: whose it is, what is in it, and that it is kept before it is settled.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/team/team.h"
#include "domain/digest.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

constexpr int kMailsAtOnce = 50;
/// An envelope of the greatest size in base64, and what is around it.
constexpr std::size_t kMailBytesMax = 4u << 20;
/// Messages in one mail.
constexpr int kFilesOfMailMax = 20;
/// Of one look, so that what is to be sent is not held up by a slow server.
constexpr std::chrono::seconds kMailRound{60};
constexpr int kTroublesMax = 3;
/// Of mails that nobody of the team sent, so many a day are kept; the rest is only flagged.
constexpr int kStrangersADay = 200;
constexpr std::size_t kGlimpseBytes = 2000;

/// "Re: [Alpenglow/spring-trails] Plan" says the client and the campaign.
struct MailAbout {
  std::string client, campaign;
};
MailAbout AboutOf(Home& home, const std::string& subject) {
  MailAbout about;
  const std::size_t open = subject.find('[');
  const std::size_t close = open == std::string::npos ? open : subject.find(']', open);
  if (close == std::string::npos) return {};
  about.client = subject.substr(open + 1, close - open - 1);
  const std::size_t slash = about.client.rfind('/');
  if (!home.store().GetClient(about.client) && slash != std::string::npos) {
    about.campaign = about.client.substr(slash + 1);
    about.client.resize(slash);
  }
  // A word in brackets that is no client is a word in brackets.
  return home.store().GetClient(about.client) ? about : MailAbout{};
}

/// The question without what was quoted and without the signature.
std::string OwnWords(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line == "--" || line == "-- ") break;
    if (!line.starts_with('>')) out += line + "\n";
  }
  const std::size_t first = out.find_first_not_of(" \t\n");
  if (first == std::string::npos) return "";
  return out.substr(first, out.find_last_not_of(" \t\n") + 1 - first);
}

class MailReader {
 public:
  MailReader(Home& home, const TeamConfig& config, ReceivedRound& round)
      : home_(home), config_(config), round_(round) {}

  /// Everything of one mail is kept when this returns; errors are our own memory's.
  Result<MailEnd> Take(const FetchedMail& mail) {
    const auto head = ReadMailHead(mail.text);
    MailHead said;
    if (head) said = *head;
    // The same mail again is the same messages.
    id_ = "mail-" + Sha256Hex(said.message_id.empty() ? mail.text : said.message_id).substr(0, 24);
    const TeamMember* member = head ? config_.OfAddress(said.recipients) : nullptr;
    Sender sender;
    sender.via = "mail";
    sender.found = true;
    sender.silent = said.automatic != MailHead::Automatic::kNo;
    if (!member) {
      sender.silent = true;
      sender.by = "a mail that says it is from " + (said.from.empty() ? "nobody" : said.from);
      return Refuse(sender, said, mail,
                    head ? Error{Errc::kForbidden,
                                 "nothing proves whom it is from: it was sent to no member's own "
                                 "address (mail_token in team.yaml), or to several"}
                         : head.error());
    }
    sender.member = member->name;
    sender.by = fmt::format("a mail to {}'s address that says it is from {}", member->name,
                            said.from.empty() ? "nobody" : said.from);
    const MailAbout about = AboutOf(home_, said.subject);
    sender.client = about.client;
    if (sender.client.empty()) {
      MAXOPT_TRY(sender.client, OnlyClientOf(home_, *member));
    }
    const auto refuse = [&](const std::string& why) {
      return Refuse(sender, said, mail, {Errc::kInvalidArgument, why});
    };
    if (said.automatic == MailHead::Automatic::kReply) {
      sender.silent = true;
      return refuse("it is an automatic reply or a bounce, which is no message");
    }
    if (mail.cut) {
      return refuse(
          fmt::format("the mail has more than {} bytes; send less in one, and pictures "
                      "beside the documents in handed_over",
                      kMailBytesMax));
    }
    const auto body = ReadMailBody(mail.text);
    if (!body) return refuse(body.error().what);
    const std::vector<Part> parts = PartsOf(*member, about, sender.client, said, *body);
    if (parts.empty()) {
      return refuse(body->html
                        ? "the mail has its text as HTML only; send it as plain text as well, or "
                          "attach documents (media_plan.yaml, ...)"
                        : "there is neither a text nor an attachment that is a document "
                          "(media_plan.yaml, ...) or a message (JSON)");
    }
    // Each message says itself which client it is about.
    Sender of_message = sender;
    of_message.client.clear();
    MailEnd end = MailEnd::kRefused;
    for (const Part& part : parts) {
      MAXOPT_TRY(const Received received,
                 part.message
                     ? ReceiveMessage(home_, config_, of_message, *part.message)
                     : RefuseMessage(home_, config_, sender, GlimpseOf(said, part.name, body->text),
                                     part.message.error()));
      Count(received);
      if (!received.refusal) end = MailEnd::kTaken;
    }
    return end;
  }

 private:
  struct Part {
    std::string name;
    Result<std::string> message;
  };

  /// Documents and messages that are attached; where there are none, the text as a question.
  std::vector<Part> PartsOf(const TeamMember& member, const MailAbout& about,
                            const std::string& client, const MailHead& said, const MailBody& body) {
    std::vector<Part> parts;
    for (const MailFile& file : body.files) {
      const bool taken = std::ranges::any_of(kTakenForms, [&](std::string_view form) {
        return file.name.size() > form.size() &&
               std::ranges::equal(file.name.substr(file.name.size() - form.size()), form,
                                  [](char a, char b) { return (a | 0x20) == (b | 0x20); });
      });
      if (!taken || std::ssize(parts) >= kFilesOfMailMax) {
        round_.problems.push_back(
            fmt::format("a mail of {}: {} was not taken ({})", member.name, file.name,
                        taken ? "too many in one mail" : "no document or message by its name"));
        continue;
      }
      parts.push_back(
          {file.name, MessageOfFile(home_, member,
                                    {.name = file.name,
                                     .bytes = file.bytes,
                                     .client = about.client,
                                     .about = about.campaign,
                                     .id = fmt::format("{}-{}", id_, parts.size() + 1)})});
    }
    if (!parts.empty()) return parts;
    const std::string words = OwnWords(body.text);
    // What a program writes in words is no question of a person.
    if (words.empty() || said.automatic != MailHead::Automatic::kNo) return parts;
    team::Envelope question;
    question.id = id_;
    question.from = member.name;
    question.client = client;
    question.about = about.campaign;
    question.kind = "question";
    question.title = said.subject;
    question.body = ordered_json{{"maxopt", "question/1"}, {"text", words}}.dump();
    if (client.empty()) {
      parts.push_back(
          {"the text", Fail(Errc::kInvalidArgument,
                            "which client is it about? Begin the subject with [Client], "
                            "or [Client/campaign]")});
    } else if (body.text_cut) {
      parts.push_back({"the text", Fail(Errc::kInvalidArgument, "the text is too long")});
    } else {
      parts.push_back({"the text", team::PrintEnvelope(question)});
    }
    return parts;
  }

  /// What of a refused mail people see: not all of what a stranger sent.
  std::string GlimpseOf(const MailHead& said, const std::string& what,
                        std::string_view text) const {
    const ordered_json glimpse{{"id", id_},
                               {"title", said.subject},
                               {"mail",
                                {{"from", said.from},
                                 {"message_id", said.message_id},
                                 {"part", what},
                                 {"text", std::string(text.substr(0, kGlimpseBytes))}}}};
    return glimpse.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
  }

  Result<MailEnd> Refuse(const Sender& sender, const MailHead& said, const FetchedMail& mail,
                         const Error& why) {
    if (sender.member.empty()) {
      MAXOPT_TRY(
          const std::vector<InboxRow> strangers,
          Inbox(home_.store(), {.sender = "nobody", .state = "refused", .limit = kStrangersADay}));
      const bool many = std::ssize(strangers) == kStrangersADay &&
                        strangers.back().received_at + std::chrono::hours(24) > home_.clock().Now();
      if (many) {
        ++round_.refused;
        if (!told_many_) {
          round_.problems.push_back(
              fmt::format("more than {} mails of nobody of the team came within a day: the others "
                          "are flagged in the mailbox and not kept here",
                          kStrangersADay));
        }
        told_many_ = true;
        return MailEnd::kRefused;
      }
    }
    MAXOPT_TRY(const Received received,
               RefuseMessage(home_, config_, sender, GlimpseOf(said, "", mail.text), why));
    Count(received);
    return MailEnd::kRefused;
  }
  void Count(const Received& received) {
    ++(received.repeat ? round_.repeats : received.refusal ? round_.refused : round_.received);
  }

  static constexpr std::string_view kTakenForms[] = {".json", ".yaml", ".yml", ".csv", ".xlsx"};
  Home& home_;
  const TeamConfig& config_;
  ReceivedRound& round_;
  std::string id_;
  bool told_many_ = false;
};

}  // namespace

Result<ReceivedRound> ReceiveMails(Home& home, const TeamConfig& config, Mailbox& mailbox) {
  ReceivedRound round;
  const http::Deadline deadline = http::After(kMailRound);
  const auto keys = mailbox.Waiting(kMailsAtOnce, deadline);
  if (!keys) {
    round.problems.push_back("the mailbox: " + keys.error().what);
    return round;
  }
  MailReader reader(home, config, round);
  int troubles = 0;
  for (const std::string& key : *keys) {
    const auto mail = mailbox.Fetch(key, kMailBytesMax, deadline);
    if (!mail) {
      round.problems.push_back("a mail in the mailbox: " + mail.error().what);
      if (++troubles >= kTroublesMax) break;
      continue;
    }
    MAXOPT_TRY(const MailEnd end, reader.Take(*mail));
    if (const auto settled = mailbox.Settle(key, end, deadline); !settled) {
      // It is looked at again, found to be the same, and settled then.
      round.problems.push_back("a mail that was taken: " + settled.error().what);
      if (++troubles >= kTroublesMax) break;
    }
  }
  return round;
}

Result<ReceivedRound> ReceiveMails(Home& home, const TeamConfig& config) {
  if (!config.mailbox) return ReceivedRound{};
  return ReceiveMails(home, config, *OpenMailbox(config.mailbox->at));
}

}  // namespace maxopt
