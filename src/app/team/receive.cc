// What teammates send: judged, kept, worked on.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/mcp/seal.h"
#include "app/team/team.h"
#include "domain/digest.h"
#include "domain/message_text.h"
#include "stages/setup/checks/checks.h"
#include "stages/setup/documents/documents.h"
#include "stages/setup/launch/launch.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Of what is refused: enough to see what it was, without giving who floods us our disk.
constexpr std::size_t kRefusedBytesMax = 64u << 10;
constexpr int kProblemsMax = 30;
constexpr std::string_view kFourDocuments[] = {"brief", "media_plan", "creatives", "buys"};

/// Well-formed UTF-8 without zeros, as SQL keeps it.
std::string Kept(std::string_view text) {
  const nlohmann::json value(std::string(text.substr(0, kRefusedBytesMax)));
  const auto clean =
      nlohmann::json::parse(value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  std::string out = clean.get<std::string>();
  std::replace(out.begin(), out.end(), '\0', ' ');
  if (text.size() > kRefusedBytesMax) out += fmt::format("\n(cut: {} bytes came)", text.size());
  return out;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (std::ssize(out) > kProblemsMax) {
    const std::ptrdiff_t more = std::ssize(out) - kProblemsMax;
    out.resize(kProblemsMax);
    out.push_back(fmt::format("and {} more", more));
  }
  return out;
}

std::string ClientFolder(const std::string& client) {
  std::string slug;
  for (const char c : client) {
    const char low = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    const bool kept = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
    if (kept) {
      slug += low;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  if (slug.size() > 40) slug.resize(40);
  // Names that differ in what a folder cannot show get folders that differ.
  return fmt::format("{}-{}", slug.empty() ? "client" : slug, Sha256Hex(client).substr(0, 8));
}

/// A text as it may leave this machine: where the home lies is nobody's business.
std::string WithoutHome(const Home& home, std::string text) {
  const std::string folder = home.PathOf("");
  for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) {
    text.erase(at, folder.size());
  }
  return text;
}

std::string CampaignFolder(Home& home, const std::string& client, const std::string& campaign) {
  return home.PathOf("handed_over/" + ClientFolder(client) + "/" + campaign);
}

std::string ExtensionOf(const team::Envelope& envelope) {
  return envelope.file_name.empty() ? "json"
                                    : envelope.file_name.substr(envelope.file_name.rfind('.') + 1);
}
const std::string& TextOfDocument(const team::Envelope& envelope) {
  return envelope.file_name.empty() ? envelope.body : envelope.file_text;
}

/// The documents of a message as files: of a workbook those that it holds, as YAML. A document that
/// nobody could read is refused, so that its sender learns it at once.
Result<std::vector<DocumentFile>> DocumentsOf(Home& home, const team::Envelope& envelope) {
  DocumentFile file{envelope.kind + "." + ExtensionOf(envelope), TextOfDocument(envelope)};
  const bool workbook = envelope.kind == "workbook";
  if (workbook) {
    const auto body = nlohmann::json::parse(envelope.body);
    const auto bytes = mcp::FromBase64(body["base64"].get<std::string>());
    if (!bytes) return Fail(Errc::kInvalidArgument, "base64 of the workbook is none (RFC 4648)");
    file = {body["name"].get<std::string>(), *bytes};
  }
  const std::string folder = CampaignFolder(home, envelope.client, envelope.about);
  const auto read = ParseSomeDocuments({file}, AssetsBeside({folder + "/" + file.name}));
  if (!read) {
    return Fail(Errc::kInvalidArgument, fmt::format("the {} cannot be read: {}", envelope.kind,
                                                    WithoutHome(home, read.error().what)));
  }
  const bool has[] = {!read->brief.campaign.value.empty(), !read->media_plan.packages.empty(),
                      !read->creatives.ads.empty() || !read->creatives.assets.empty() ||
                          read->creatives.guidelines.has_value(),
                      !read->buys.buys.empty()};
  if (has[0] && read->brief.client.value != envelope.client) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the brief is for the client \"{}\", the message for \"{}\"",
                            read->brief.client.value, envelope.client));
  }
  if (!workbook) {
    // A file of several documents would bring one that is not its sender's.
    for (std::size_t i = 0; i < std::size(has); ++i) {
      if (has[i] && kFourDocuments[i] != envelope.kind) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("the message says it is a {}, and holds a {}; send several in one as a "
                        "workbook",
                        envelope.kind, kFourDocuments[i]));
      }
    }
    return std::vector<DocumentFile>{std::move(file)};
  }
  if (has[2] && read->creatives.ads.empty()) {
    // Alone they would take the place of the creatives that are there.
    return Fail(Errc::kInvalidArgument,
                "the workbook holds assets or guidelines without the ads that they belong to");
  }
  std::vector<DocumentFile> files = PrintDocuments(*read);
  std::erase_if(files, [&](const DocumentFile& one) {
    for (std::size_t i = 0; i < std::size(has); ++i) {
      if (one.name == fmt::format("{}.yaml", kFourDocuments[i])) return !has[i];
    }
    return true;
  });
  if (files.empty()) {
    return Fail(Errc::kInvalidArgument, "the workbook holds none of the four documents");
  }
  return files;
}

/// Whether all that a workbook holds is its sender's to send.
Result<> JudgeDocuments(Home& home, const team::Envelope& envelope, const TeamMember& member) {
  MAXOPT_TRY(const std::vector<DocumentFile> files, DocumentsOf(home, envelope));
  const std::vector<std::string> own = team::SentBy(member.name);
  for (const DocumentFile& file : files) {
    const std::string kind = file.name.substr(0, file.name.rfind('.'));
    if (envelope.kind != "workbook" || std::ranges::find(own, kind) != own.end() ||
        std::ranges::find(member.sends, kind) != member.sends.end()) {
      continue;
    }
    return Fail(Errc::kForbidden,
                fmt::format("the workbook holds a {}, which {} does not send; team.yaml (sends) "
                            "may allow it",
                            kind, member.name));
  }
  return {};
}

/// Everything that decides whether a message is taken.
Result<team::Envelope> Judge(Home& home, const TeamConfig& config, const Sender& sender,
                             std::string_view text, Instant now) {
  const TeamMember* member = config.Find(sender.member);
  if (!member) {
    return Fail(Errc::kForbidden,
                fmt::format("{} speaks for nobody of the team; user: in team.yaml says who does",
                            sender.by));
  }
  MAXOPT_TRY(team::Envelope envelope, team::ReadEnvelope(text, member->sends, now));
  if (envelope.from != member->name) {
    return Fail(Errc::kForbidden, fmt::format("the message says it is from {}, and {} brings it",
                                              envelope.from, member->name));
  }
  const bool seen = member->Sees(envelope.client) &&
                    (!sender.clients ||
                     std::ranges::find(*sender.clients, envelope.client) != sender.clients->end());
  const auto client = home.store().GetClient(envelope.client);
  if (!client && client.error().code != Errc::kNotFound) return Fail(client.error());
  if (!seen || !client) {
    return Fail(Errc::kNotFound, fmt::format("there is no client \"{}\" that {} works for",
                                             envelope.client, member->name));
  }
  if (!sender.client.empty() && sender.client != envelope.client) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the message is about the client \"{}\" and was sent to the inbox of "
                            "\"{}\"",
                            envelope.client, sender.client));
  }
  MAXOPT_TRY(const team::Kind* kind, team::FindKind(envelope.kind, team::Direction::kIn));
  if (kind->document) MAXOPT_CHECK(JudgeDocuments(home, envelope, *member));
  if (envelope.kind == "answer" || envelope.kind == "receipt") {
    MAXOPT_TRY(
        const std::vector<SentMessage> about,
        SentMessages(home.store(),
                     {.client = envelope.client, .to = member->name, .id = envelope.in_reply_to}));
    if (about.empty()) {
      return Fail(Errc::kNotFound,
                  fmt::format("Max has sent {} no message \"{}\" about {}", member->name,
                              envelope.in_reply_to, envelope.client));
    }
  }
  return envelope;
}

InboxRow RowOf(const team::Envelope& envelope, const Sender& sender, std::string_view text,
               const TeamConfig& config, Instant now) {
  InboxRow row;
  row.sender = envelope.from;
  row.id = envelope.id;
  row.client = envelope.client;
  row.kind = envelope.kind;
  row.about = envelope.about;
  row.title = envelope.title;
  row.correlation = envelope.correlation();
  row.in_reply_to = envelope.in_reply_to;
  row.via = sender.via;
  row.by = sender.by;
  row.received_at = now;
  const auto kind = team::FindKind(envelope.kind, team::Direction::kIn);
  if (kind && (*kind)->wants_answer)
    row.due_at = envelope.due_at.value_or(now + config.answer_within);
  row.digest = Sha256Hex(text);
  row.content = text;
  return row;
}

Result<Received> KeepRefused(Home& home, const Sender& sender, std::string_view text,
                             const Error& why) {
  const team::Glance glance = team::GlanceAt(text);
  InboxRow row;
  // Who it says to be from stands in the content; here stands what was proven.
  row.sender = sender.member.empty() ? "nobody" : sender.member;
  row.id = glance.id;
  row.client = sender.client.empty() ? Kept(glance.client) : sender.client;
  row.kind = glance.kind;
  row.about = glance.about;
  row.title = Kept(glance.title);
  row.via = sender.via;
  row.by = sender.by;
  row.state = "refused";
  row.why = Kept(why.what);
  row.received_at = home.clock().Now();
  row.closed_at = row.received_at;
  row.digest = Sha256Hex(text);
  row.content = Kept(text);
  Received out;
  out.state = "refused";
  out.refusal = why;
  if (sender.found) {
    MAXOPT_TRY(const std::vector<InboxRow> before,
               Inbox(home.store(), {.sender = row.sender, .digest = row.digest, .limit = 1}));
    if (!before.empty() && before.front().state == "refused") {
      out.seq = before.front().seq;
      out.repeat = true;
      return out;
    }
  }
  MAXOPT_TRY(const KeptInbox kept, AddToInbox(home.store(), row));
  out.seq = kept.row.seq;
  return out;
}

// --- working on what was taken ------------------------------------------------------------------

struct ReceiptFacts {
  std::vector<std::string> problems{}, waits_for{};
  std::optional<Checklist> check{};
  std::string next{};
};

/// Whether the four documents are there and fit together, as far as that can be said without
/// asking a platform.
ReceiptFacts LookTogether(Home& home, const std::string& client, const std::string& campaign) {
  ReceiptFacts facts;
  const std::string folder = CampaignFolder(home, client, campaign);
  for (const std::string_view kind : kFourDocuments) {
    bool there = false;
    for (const char* extension : {"json", "yaml", "yml", "csv"}) {
      std::error_code error;
      there = there || fs::exists(fmt::format("{}/{}.{}", folder, kind, extension), error);
    }
    if (!there) facts.waits_for.emplace_back(kind);
  }
  if (!facts.waits_for.empty()) {
    facts.next = fmt::format("when {} {} there, in Max's home: maxopt check {}",
                             fmt::join(facts.waits_for, ", "),
                             facts.waits_for.size() == 1 ? "is" : "are", WithoutHome(home, folder));
    return facts;
  }
  facts.next = fmt::format("in Max's home: maxopt check {0}, then maxopt plan {0}",
                           WithoutHome(home, folder));
  const auto prepare = [&]() -> Result<Checklist> {
    const SetupWorld world = home.setup_world();
    MAXOPT_TRY(const std::vector<DocumentFile> files, ReadDocumentFiles({folder}));
    MAXOPT_TRY(const Setup setup, PrepareSetup(world, files, AssetsBeside({folder})));
    if (setup.desired.slug != campaign) {
      facts.problems.push_back(
          fmt::format("the brief's campaign is \"{}\", the documents are about "
                      "\"{}\"",
                      setup.desired.slug, campaign));
    }
    MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
    return CheckSetup(world, setup, policy ? &*policy : nullptr, nullptr, nullptr,
                      CheckPhase::kBeforeLaunch);
  };
  auto check = prepare();
  if (!check) {
    facts.problems = Lines(WithoutHome(home, check.error().what));
    return facts;
  }
  for (const CheckResult& result : check->results) {
    if (result.status != CheckStatus::kFail || std::ssize(facts.problems) >= kProblemsMax) continue;
    facts.problems.push_back(
        WithoutHome(home, result.evidence + (result.fix.empty() ? "" : ": " + result.fix)));
  }
  facts.check = std::move(*check);
  return facts;
}

ordered_json ReceiptJson(const InboxRow& row, std::string_view state, const std::string& why,
                         const ReceiptFacts& facts, Instant now) {
  ordered_json out{{"maxopt", "receipt/1"},
                   {"client", row.client},
                   {"at", PrintInstant(now)},
                   {"state", state},
                   {"kind", row.kind}};
  if (!row.about.empty()) out["campaign"] = row.about;
  if (!why.empty()) out["why"] = why;
  out["problems"] = facts.problems;
  out["waits_for"] = facts.waits_for;
  out["check"] = nullptr;
  if (facts.check) {
    out["check"] = {{"score", facts.check->score ? ordered_json(*facts.check->score) : nullptr},
                    {"passed", facts.check->passed},
                    {"warned", facts.check->warned},
                    {"failed", facts.check->failed},
                    {"not_checked", facts.check->not_checked},
                    {"blocks", Blocks(*facts.check)}};
  }
  if (!facts.next.empty()) out["next"] = facts.next;
  return out;
}

std::string ReceiptMarkdown(const ordered_json& receipt, const InboxRow& row) {
  const std::string kind = MarkdownText(row.kind.empty() ? "message" : row.kind);
  std::string out = fmt::format("# Your {} was {}\n\n", kind, receipt["state"].get<std::string>());
  if (receipt.contains("why")) out += MarkdownText(receipt["why"].get<std::string>()) + "\n\n";
  for (const auto& each : receipt["problems"]) {
    out += "- " + MarkdownText(each.get<std::string>()) + "\n";
  }
  if (receipt.contains("next")) {
    out += "\nNext: " + MarkdownText(receipt["next"].get<std::string>()) + "\n";
  }
  return out;
}

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// The receipt as a message, and where the row goes with it, in one transaction.
Result<Received> Confirm(Home& home, const InboxRow& row, std::string_view state,
                         const std::string& why, const ReceiptFacts& facts, const InboxMove& move) {
  const Instant now = home.clock().Now();
  const ordered_json receipt = ReceiptJson(row, state, why, facts, now);
  Message message;
  message.client = row.client;
  message.to = row.sender;
  message.kind = "receipt";
  message.title = fmt::format("Your {} was {}", row.kind.empty() ? "message" : row.kind, state);
  message.about = row.about;
  message.json = Dump(receipt);
  message.markdown = ReceiptMarkdown(receipt, row);
  message.created_at = now;
  MessageThread thread;
  thread.correlation = row.correlation.empty() ? row.id : row.correlation;
  thread.in_reply_to = row.id;
  MAXOPT_TRY(const Message saved, SaveThreaded(home.store(), message, thread, move, now));
  Received out;
  out.seq = row.seq;
  out.state = move.to.empty() ? row.state : move.to;
  out.receipt = saved.json;
  out.receipt_id = saved.id;
  return out;
}

Result<> KeepDocuments(Home& home, const InboxRow& row, const team::Envelope& envelope) {
  MAXOPT_TRY(const std::vector<DocumentFile> files, DocumentsOf(home, envelope));
  const std::string folder = CampaignFolder(home, row.client, row.about);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, folder + ": " + error.message());
  for (const DocumentFile& file : files) {
    MAXOPT_CHECK(WriteWholeFile(folder + "/" + file.name, file.bytes));
    // The same document in another form would be read beside it. The inbox has all that came.
    const std::string kind = file.name.substr(0, file.name.rfind('.'));
    for (const char* extension : {"json", "yaml", "yml", "csv"}) {
      const std::string other = kind + "." + extension;
      if (other != file.name) fs::remove(folder + "/" + other, error);
    }
    MAXOPT_CHECK(home.store().SaveDocument(
        {row.client, "handed_over", row.about + "/" + file.name, file.bytes, row.received_at}));
  }
  return {};
}

/// What is asked of Max by a message, in its sender's words.
Result<Received> Work(Home& home, const TeamConfig& config, const InboxRow& row) {
  const Instant now = home.clock().Now();
  const TeamMember* member = config.Find(row.sender);
  const std::vector<std::string> sends = member ? member->sends : std::vector<std::string>{};
  auto envelope = team::ReadEnvelope(row.content, sends, now);
  if (!envelope) {
    // It was good when it came; team.yaml or the program has changed since.
    return Confirm(home, row, "refused", envelope.error().what, {},
                   {row.seq, "new", "refused", envelope.error().what});
  }
  // What a receipt says of a message is no answer to it.
  if (!row.in_reply_to.empty() && row.kind != "receipt") {
    const auto answered = AnswerThread(home.store(), row.in_reply_to, row.sender, row.id, now);
    if (!answered && answered.error().code != Errc::kNotFound) return Fail(answered.error());
  }
  if (row.kind == "receipt") {
    if (nlohmann::json::parse(envelope->body, nullptr, false).value("state", "") == "read") {
      MAXOPT_CHECK(MarkRead(home.store(), row.in_reply_to, row.sender, "said so by message", now));
    }
    MAXOPT_CHECK(MoveInbox(home.store(), {row.seq, "new", "done", ""}, now));
    return Received{.seq = row.seq, .state = "done"};
  }
  if (row.kind == "answer") {
    MAXOPT_CHECK(MoveInbox(home.store(), {row.seq, "new", "done", ""}, now));
    return Received{.seq = row.seq, .state = "done"};
  }
  MAXOPT_TRY(const team::Kind* kind, team::FindKind(row.kind, team::Direction::kIn));
  if (kind->document) {
    if (const auto kept = KeepDocuments(home, row, *envelope); !kept) {
      if (kept.error().code == Errc::kLocal) return Fail(kept.error());
      return Confirm(home, row, "refused", kept.error().what, {},
                     {row.seq, "new", "refused", kept.error().what});
    }
    return Confirm(home, row, "accepted", "", LookTogether(home, row.client, row.about),
                   {row.seq, "new", "done", ""});
  }
  ReceiptFacts facts;
  if (kind->wants_answer) {
    facts.next = fmt::format("a person answers until {}",
                             row.due_at ? PrintInstant(*row.due_at) : "a time that is not set");
    return Confirm(home, row, "accepted", "", facts, {row.seq, "new", "open", ""});
  }
  facts.next =
      "it is named beside what is measured when a KPI moves and where optimisation decides, and "
      "changes no number by itself";
  return Confirm(home, row, "accepted", "", facts, {row.seq, "new", "done", ""});
}

/// The receipt that was given, for a message that came again.
Result<Received> Again(Home& home, const InboxRow& row) {
  Received out;
  out.seq = row.seq;
  out.repeat = true;
  out.state = row.state;
  if (row.answer.empty()) return out;
  MAXOPT_TRY(const std::vector<SentMessage> sent,
             SentMessages(home.store(), {.to = row.sender, .id = row.answer}));
  if (!sent.empty() && sent.front().message.kind == "receipt") {
    out.receipt = sent.front().message.json;
    out.receipt_id = sent.front().message.id;
  }
  return out;
}

}  // namespace

Result<Received> RefuseMessage(Home& home, const TeamConfig& config, const Sender& sender,
                               std::string_view text, const Error& why) {
  MAXOPT_TRY(Received refused, KeepRefused(home, sender, text, why));
  const TeamMember* member = config.Find(sender.member);
  if (!sender.found || sender.silent || refused.repeat || !member) return refused;
  MAXOPT_TRY(const InboxRow row, GetInboxRow(home.store(), refused.seq));
  // A receipt is about a client; of none, `maxopt team` shows the refusal.
  if (!member->Sees(row.client) || !home.store().GetClient(row.client)) return refused;
  MAXOPT_TRY(const Received told, Confirm(home, row, "refused", why.what, {}, {}));
  refused.receipt = told.receipt;
  refused.receipt_id = told.receipt_id;
  return refused;
}

Result<Received> ReceiveMessage(Home& home, const TeamConfig& config, const Sender& sender,
                                std::string_view text) {
  const Instant now = home.clock().Now();
  const auto envelope = Judge(home, config, sender, text, now);
  if (!envelope) {
    if (envelope.error().code == Errc::kLocal) return Fail(envelope.error());
    return RefuseMessage(home, config, sender, text, envelope.error());
  }
  const auto kept = AddToInbox(home.store(), RowOf(*envelope, sender, text, config, now));
  if (!kept) {
    if (kept.error().code != Errc::kConflict) return Fail(kept.error());
    return RefuseMessage(home, config, sender, text, kept.error());
  }
  if (!kept->is_new && kept->row.state != "new") return Again(home, kept->row);
  auto out = Work(home, config, kept->row);
  if (!out && out.error().code == Errc::kConflict) {
    // A job of this process was quicker with it.
    MAXOPT_TRY(const InboxRow row, GetInboxRow(home.store(), kept->row.seq));
    out = Again(home, row);
  }
  if (!out) return out;
  out->repeat = !kept->is_new;
  return out;
}

Result<int> FinishReceived(Home& home, const TeamConfig& config) {
  MAXOPT_TRY(const std::vector<InboxRow> rows,
             Inbox(home.store(), {.state = "new", .limit = 1000}));
  int finished = 0;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const auto worked = Work(home, config, *row);
    if (!worked && worked.error().code == Errc::kConflict) continue;  // its bringer is at it
    MAXOPT_CHECK(worked);
    ++finished;
  }
  return finished;
}

// --- folders ------------------------------------------------------------------------------------

namespace {

/// What cannot be read as JSON may still be being written.
constexpr std::chrono::seconds kSettles{60};
constexpr int kFilesMax = 200;  ///< of one look: the next one goes on

bool IsOfAForm(const std::string& name) {
  constexpr std::string_view kForms[] = {".json", ".yaml", ".yml", ".csv", ".xlsx"};
  return std::ranges::any_of(kForms, [&](std::string_view form) { return name.ends_with(form); });
}
bool IsPlainName(const std::string& name) {
  return name.size() <= 200 && !name.starts_with('.') && IsOfAForm(name) &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

/// Beside, under a name that nothing has there: what was handed in is never written over.
Result<std::string> MoveInto(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, folder.string() + ": " + error.message());
  fs::path to = folder / file.filename();
  for (int n = 2; fs::exists(fs::symlink_status(to, error)); ++n) {
    to = folder / fmt::format("{}.{}{}", file.stem().string(), n, file.extension().string());
  }
  fs::rename(file, to, error);
  if (error) return Fail(Errc::kLocal, file.string() + ": " + error.message());
  return to.string();
}

/// What is kept of a file that is no message: which it was, not its bytes.
std::string GlimpseOfFile(const std::string& name, const std::string& bytes) {
  return Dump({{"title", name}, {"file", {{"name", name}, {"sha256", Sha256Hex(bytes)}}}});
}

Result<> ReceiveFile(Home& home, const TeamConfig& config, const TeamMember& member,
                     const fs::path& file, ReceivedRound& round) {
  // Opened as what it is: a link that takes the file's place meanwhile is not followed.
  const int opened = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status {};
  if (opened < 0 || ::fstat(opened, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (opened >= 0) ::close(opened);
    round.problems.push_back(file.string() + " is no plain file: it is left where it is");
    return {};
  }
  std::string text;
  char chunk[65536];
  for (ssize_t n = 0;
       text.size() <= team::kEnvelopeBytesMax && (n = ::read(opened, chunk, sizeof chunk)) > 0;) {
    text.append(chunk, static_cast<std::size_t>(n));
  }
  ::close(opened);
  Sender sender;
  sender.member = member.name;
  sender.via = "folder";
  sender.by = "folder of " + member.name;
  sender.found = true;
  const auto age = RealClock().Now() - Instant(std::chrono::seconds(status.st_mtime));
  if (age < kSettles && !nlohmann::json::accept(text)) return {};
  const std::string name = file.filename().string();
  const auto message = text.size() > team::kEnvelopeBytesMax || name.ends_with(".json")
                           ? Result<std::string>(text)
                           : MessageOfFile(home, member, {.name = name, .bytes = text});
  MAXOPT_TRY(const Received received,
             message
                 ? ReceiveMessage(home, config, sender, *message)
                 : RefuseMessage(home, config, sender, GlimpseOfFile(name, text), message.error()));
  if (received.refusal) {
    ++round.refused;
    MAXOPT_TRY(const std::string to, MoveInto(file, file.parent_path() / "refused"));
    return WriteWholeFile(to + ".why.txt", received.refusal->what + "\n");
  }
  ++(received.repeat ? round.repeats : round.received);
  MAXOPT_CHECK(MoveInto(file, file.parent_path() / "done"));
  return {};
}

}  // namespace

Result<ReceivedRound> ReceiveFolders(Home& home, const TeamConfig& config) {
  ReceivedRound round;
  for (const TeamMember& member : config.members) {
    if (member.inbox.empty()) continue;
    const fs::path folder =
        member.inbox.starts_with('/') ? member.inbox : home.PathOf(member.inbox);
    std::error_code error;
    fs::create_directories(folder, error);
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (IsOfAForm(name) && !IsPlainName(name)) {
        round.problems.push_back(
            fmt::format("{}: a file with an unusual name is left where it is; "
                        "use letters, digits, . _ -",
                        folder.string()));
      }
      if (IsPlainName(name)) files.push_back(entry.path());
    }
    if (error) {
      round.problems.push_back(folder.string() + ": " + error.message());
      continue;
    }
    std::ranges::sort(files);
    if (files.size() > kFilesMax) files.resize(kFilesMax);
    for (const fs::path& file : files) {
      if (const auto done = ReceiveFile(home, config, member, file, round); !done) {
        round.problems.push_back(done.error().what);
      }
    }
  }
  return round;
}

}  // namespace maxopt
