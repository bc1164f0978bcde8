#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "agent/team/schemas.h"
#include "agent/team/team.h"
#include "json/json.h"

namespace maxopt::team {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// A message may be late by any time, and early by what clocks are apart.
constexpr std::chrono::minutes kEarlyMax{10};
/// Whoever wants an answer in more than a year does not want one.
constexpr std::chrono::days kDueMax{366};

/// A schema is compiled once; validating does not change it.
class Schema {
 public:
  explicit Schema(std::string_view text) {
    const json parsed = json::parse(text);
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(parsed), schema_);
  }
  std::string Objection(const json& value) const {
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    if (validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(value), &results)) {
      return "";
    }
    std::string out;
    valijson::ValidationResults::Error error;
    constexpr int kToldMax = 6;
    for (int n = 0; n < kToldMax && results.popError(error); ++n) {
      std::string place;
      for (const std::string& step : error.context) place += step == "<root>" ? "" : step;
      if (!out.empty()) out += "; ";
      out += (place.empty() ? "" : place + ": ") + error.description;
    }
    return out.empty() ? "does not match the schema" : out;
  }

 private:
  valijson::Schema schema_;
};

const Schema& MessageSchema() {
  static const Schema schema(kMessageSchema);
  return schema;
}
/// nullptr: the program carries none of the kind.
const Schema* BodySchema(std::string_view kind) {
  static const Schema answer(kAnswerSchema);
  static const Schema intelligence(kIntelligenceSchema);
  static const Schema question(kQuestionSchema);
  static const Schema receipt(kReceiptSchema);
  static const Schema request(kRequestSchema);
  static const Schema workbook(kWorkbookSchema);
  if (kind == "answer") return &answer;
  if (kind == "competitive_intelligence") return &intelligence;
  if (kind == "question") return &question;
  if (kind == "receipt") return &receipt;
  if (kind == "request") return &request;
  if (kind == "workbook") return &workbook;
  return nullptr;
}

/// A number that is no integer, which ParseExactJson keeps as its own text.
bool HasDecimal(const json& value) {
  if (value.is_binary()) return true;
  if (!value.is_structured()) return false;
  return std::ranges::any_of(value, [](const json& one) { return HasDecimal(one); });
}

std::string TextOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<std::optional<Instant>> TimeOf(const json& object, const char* key) {
  const std::string text = TextOf(object, key);
  if (text.empty()) return std::optional<Instant>();
  const auto at = ParseInstant(text);
  if (!at) return FailWithin(key, at.error());
  return std::optional<Instant>(*at);
}

std::string Short(std::string text, std::size_t most) {
  if (text.size() > most) text.resize(most);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F) c = '?';
  }
  return text;
}

}  // namespace

bool IsCampaignSlug(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Glance GlanceAt(std::string_view text) {
  Glance out;
  const auto parsed = ParseExactJson(text.substr(0, kEnvelopeBytesMax));
  if (!parsed || !parsed->is_object()) return out;
  out.id = Short(TextOf(*parsed, "id"), 128);
  out.from = Short(TextOf(*parsed, "from"), 40);
  out.client = TextOf(*parsed, "client").substr(0, 200);
  out.kind = Short(TextOf(*parsed, "kind"), 40);
  out.about = Short(TextOf(*parsed, "about"), 200);
  out.title = TextOf(*parsed, "title").substr(0, 500);
  return out;
}

std::string BodyObjection(std::string_view kind, std::string_view body) {
  const Schema* schema = BodySchema(kind);
  if (!schema) return "";
  const auto parsed = ParseExactJson(body);
  if (!parsed) return parsed.error().what;
  if (HasDecimal(*parsed)) return "a number that is no integer is written as text: \"12.5\"";
  return schema->Objection(*parsed);
}

Result<Envelope> ReadEnvelope(std::string_view text, std::span<const std::string> extra_kinds,
                              Instant now) {
  if (text.size() > kEnvelopeBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the message has {} bytes; at most {} are taken. Send a document of "
                            "its own, or less of it",
                            text.size(), kEnvelopeBytesMax));
  }
  const auto parsed = ParseExactJson(text);
  if (!parsed) {
    return Fail(Errc::kInvalidArgument,
                "the message is not the JSON of a message: " + parsed.error().what);
  }
  json head = *parsed;
  if (head.is_object()) {
    // The body has numbers that only the kind's own reader may judge.
    if (head.contains("body")) head["body"] = head["body"].is_object() ? json::object() : json(0);
  }
  if (HasDecimal(head)) {
    return Fail(Errc::kInvalidArgument, "the envelope holds a number that is no integer");
  }
  if (const std::string objection = MessageSchema().Objection(head); !objection.empty()) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("the envelope is not that of schemas/message.schema.json: {}", objection));
  }
  Envelope out;
  out.id = TextOf(head, "id");
  out.from = TextOf(head, "from");
  out.to = TextOf(head, "to");
  out.client = TextOf(head, "client");
  out.kind = TextOf(head, "kind");
  out.version = head.contains("version") ? head["version"].get<int>() : 1;
  out.correlation_id = TextOf(head, "correlation_id");
  out.in_reply_to = TextOf(head, "in_reply_to");
  out.title = TextOf(head, "title");
  out.about = TextOf(head, "about");
  MAXOPT_TRY(out.created_at, TimeOf(head, "created_at"));
  MAXOPT_TRY(out.due_at, TimeOf(head, "due_at"));

  if (!out.to.empty() && out.to != "max") {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the message is to {}, and this is Max; send it to them", out.to));
  }
  MAXOPT_TRY(const Kind* kind, FindKind(out.kind, Direction::kIn));
  const bool sends = kind->members.empty() ||
                     std::ranges::find(kind->members, out.from) != kind->members.end() ||
                     std::ranges::find(extra_kinds, out.kind) != extra_kinds.end();
  if (!sends) {
    return Fail(Errc::kForbidden,
                fmt::format("a {} comes from {}, not from {}; team.yaml (sends) may allow it",
                            out.kind, fmt::join(kind->members, " or "), out.from));
  }
  if (out.version > kind->version) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} has versions up to {}; this is version {}: send an older one, or "
                            "bring Max up to date",
                            out.kind, kind->version, out.version));
  }
  if (out.created_at && *out.created_at > now + kEarlyMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("created_at {} is in the future: it is {} here",
                            PrintInstant(*out.created_at), PrintInstant(now)));
  }
  if (out.due_at && *out.due_at > now + kDueMax) {
    return Fail(Errc::kInvalidArgument, "due_at is more than a year away");
  }
  if ((out.kind == "answer" || out.kind == "receipt") && out.in_reply_to.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a message of kind {} says in in_reply_to which message it is about",
                            out.kind));
  }
  const bool has_body = parsed->contains("body");
  const bool has_file = parsed->contains("file");
  if (has_body == has_file) {
    return Fail(Errc::kInvalidArgument,
                has_body ? "the message has a body and a file; one of them is the document"
                         : "the message has no body");
  }
  if (has_file) {
    if (!kind->document) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("a {} has a body; only documents may be files", out.kind));
    }
    out.file_name = TextOf(head["file"], "name");
    out.file_text = TextOf(head["file"], "text");
  } else {
    const json& body = (*parsed)["body"];
    out.body = PrintExactJson(body);
    const std::string mark = fmt::format("{}/{}", out.kind, out.version);
    if (TextOf(body, "maxopt") != mark) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the body must begin with \"maxopt\": \"{}\"", mark));
    }
    if (const std::string objection = BodyObjection(out.kind, out.body); !objection.empty()) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("the body is not that of schemas/{}.schema.json: {}", out.kind, objection));
    }
    const std::string client = TextOf(body, "client");
    if (!client.empty() && client != out.client) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the body is about the client \"{}\", the message about \"{}\"",
                              client.substr(0, 200), out.client));
    }
  }
  if (kind->document && !IsCampaignSlug(out.about)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("about must be the slug of the document's campaign, like "
                            "\"spring-trails\" (small letters, digits, hyphens); it is \"{}\"",
                            Short(out.about, 80)));
  }
  return out;
}

std::string PrintEnvelope(const Envelope& e) {
  ordered_json out{{"maxopt", "message/1"}, {"id", e.id}, {"from", e.from}};
  if (!e.to.empty()) out["to"] = e.to;
  out["client"] = e.client;
  out["kind"] = e.kind;
  out["version"] = e.version;
  out["correlation_id"] = e.correlation();
  if (!e.in_reply_to.empty()) out["in_reply_to"] = e.in_reply_to;
  if (!e.title.empty()) out["title"] = e.title;
  if (!e.about.empty()) out["about"] = e.about;
  if (e.created_at) out["created_at"] = PrintInstant(*e.created_at);
  if (e.due_at) out["due_at"] = PrintInstant(*e.due_at);
  if (!e.file_name.empty()) out["file"] = {{"name", e.file_name}, {"text", e.file_text}};
  if (!e.markdown.empty()) out["markdown"] = e.markdown;
  std::string text = out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  // The body goes in as it is: parsing it again could change its numbers.
  if (e.file_name.empty()) {
    text.pop_back();
    text += ",\"body\":" + (e.body.empty() ? "{}" : e.body) + "}";
  }
  return text;
}

}  // namespace maxopt::team
