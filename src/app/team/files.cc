// Files of teammates as the messages that they are.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/mcp/seal.h"
#include "app/team/team.h"
#include "domain/digest.h"
#include "json/json.h"
#include "sheet/sheet.h"
#include "stages/setup/compile/compile.h"
#include "stages/setup/documents/documents.h"

namespace maxopt {
namespace {

/// "spring-trails.media_plan.YAML" -> {"spring-trails", "media_plan", "yaml"}
struct NameParts {
  std::string campaign, stem, extension;
};
NameParts PartsOf(const std::string& name) {
  NameParts parts;
  const std::size_t end = std::min(name.rfind('.'), name.size());
  parts.stem = name.substr(0, end);
  parts.extension = end < name.size() ? name.substr(end + 1) : "";
  std::ranges::transform(parts.extension, parts.extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  const std::size_t dot = parts.stem.find('.');
  if (dot != std::string::npos && team::IsCampaignSlug(parts.stem.substr(0, dot))) {
    parts.campaign = parts.stem.substr(0, dot);
    parts.stem.erase(0, dot + 1);
  }
  return parts;
}

/// As schemas/workbook.schema.json has it.
std::string PlainName(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view(" _.()-").find(c) != std::string_view::npos;
    if (!plain) c = '_';
  }
  constexpr std::size_t kNameMax = 100;
  if (name.size() > kNameMax) name.erase(0, name.size() - kNameMax);
  return name;
}

/// Client and campaign of the brief that a file holds; empty where there is none.
struct BriefSays {
  std::string client{}, campaign{};
  std::string broken{};  ///< why the file cannot be read, so that a brief in it would not be seen
};
BriefSays BriefIn(const std::string& name, const std::string& bytes) {
  // Pictures beside it say nothing of the brief.
  const auto read = ParseSomeDocuments({{name, bytes}}, {});
  if (!read) return {.broken = read.error().what};
  if (read->brief.campaign.value.empty()) return {};
  return {.client = read->brief.client.value, .campaign = Slug(read->brief.campaign.value)};
}

}  // namespace

Result<std::string> OnlyClientOf(Home& home, const TeamMember& member) {
  if (member.clients.size() == 1) return member.clients.front();
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  std::string only;
  for (const Client& client : clients) {
    if (!member.Sees(client.name)) continue;
    if (!only.empty()) return std::string();
    only = client.name;
  }
  return only;
}

Result<std::string> MessageOfFile(Home& home, const TeamMember& member, const HandedFile& file) {
  const auto bad = [&](const std::string& what) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", file.name, what));
  };
  if (file.bytes.size() > team::kEnvelopeBytesMax) {
    return bad(fmt::format("it has {} bytes; at most {} are taken", file.bytes.size(),
                           team::kEnvelopeBytesMax));
  }
  const NameParts parts = PartsOf(file.name);
  if (parts.extension == "json") {
    const auto parsed = ParseExactJson(file.bytes);
    if (parsed && parsed->is_object() && parsed->contains("maxopt") &&
        (*parsed)["maxopt"] == "message/1") {
      return file.bytes;
    }
  }
  team::Envelope envelope;
  envelope.from = member.name;
  envelope.kind = file.kind.empty() ? parts.stem : file.kind;
  envelope.about = file.about.empty() ? parts.campaign : file.about;
  envelope.client = file.client;
  const bool is_sheet =
      parts.extension == "csv" && !team::FindKind(envelope.kind, team::Direction::kIn);
  if (parts.extension == "xlsx" || is_sheet) envelope.kind = "workbook";
  const auto kind = team::FindKind(envelope.kind, team::Direction::kIn);
  if (!kind) return bad(kind.error().what + "; the file's name says which it is");
  BriefSays said;
  if (envelope.kind == "workbook") {
    const std::string name = parts.stem + "." + parts.extension;
    said = BriefIn(name, file.bytes);
    envelope.body = nlohmann::ordered_json{{"maxopt", "workbook/1"},
                                           {"name", PlainName(name)},
                                           {"base64", mcp::Base64(file.bytes)}}
                        .dump();
  } else if ((*kind)->document) {
    const std::vector<std::string> forms = {"yaml", "yml", "json", "csv"};
    if (std::ranges::find(forms, parts.extension) == forms.end()) {
      return bad(fmt::format("a {} is .yaml, .json, .csv or in an .xlsx", envelope.kind));
    }
    const auto text = sheet::DecodeText(file.bytes);
    if (!text) return bad(text.error().what);
    envelope.file_name = envelope.kind + "." + parts.extension;
    envelope.file_text = *text;
    said = BriefIn(envelope.file_name, *text);
  } else {
    if (!nlohmann::json::accept(file.bytes)) return bad("a " + envelope.kind + " is JSON");
    envelope.body = file.bytes;
  }
  if (envelope.client.empty()) envelope.client = said.client;
  if (envelope.about.empty()) envelope.about = said.campaign;
  if ((*kind)->document && envelope.about.empty()) {
    if (!said.broken.empty()) return bad("it cannot be read: " + said.broken);
    // "spring-trails.xlsx" seems to say it already.
    const bool slug = envelope.kind == "workbook" && team::IsCampaignSlug(parts.stem) &&
                      !team::FindKind(parts.stem, team::Direction::kIn);
    return bad(fmt::format(
        "which campaign is it of? No brief in it says so. Say it (spring-trails), or call the file "
        "{}",
        slug ? fmt::format("{}.workbook.{}", parts.stem, parts.extension)
             : "spring-trails." + file.name));
  }
  if (envelope.client.empty()) {
    MAXOPT_TRY(envelope.client, OnlyClientOf(home, member));
    if (envelope.client.empty()) {
      return bad(fmt::format("which client is it of? {} works for several", member.name));
    }
  }
  envelope.id = !file.id.empty()
                    ? file.id
                    : "file-" + Sha256Hex(fmt::format("{}\n{}\n{}\n{}", envelope.client,
                                                      envelope.about, file.name, file.bytes))
                                    .substr(0, 24);
  return team::PrintEnvelope(envelope);
}

}  // namespace maxopt
