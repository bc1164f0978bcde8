// What can be read by address: documents, messages, reports and the platforms' requirements.
//
//   maxopt://specs/{platform}                            JSON
//   maxopt://clients/{client}/documents/{kind}/{name}    as it was handed over; the newest
//   maxopt://clients/{client}/messages/{id}              Markdown
//   maxopt://clients/{client}/plans/{plan}               JSON
//   maxopt://clients/{client}/reports/{report}           Markdown
#include <fmt/format.h>

#include <algorithm>

#include "app/mcp/tool.h"
#include "app/reports/reports.h"
#include "memory/platforms/platforms.h"

namespace maxopt::agent_tools {
namespace {

using mcp::Resource;

constexpr std::string_view kScheme = "maxopt://";
/// A list is for choosing from; templates reach the rest.
constexpr int kListedMax = 200;
/// Documents as a teammate handed them over, and as they were understood; both under
/// "<campaign>/<file>".
constexpr const char* kKinds[] = {"handed_over", "setup"};

Json Contents(const std::string& uri, const std::string& type, const std::string& text) {
  return Json::array({{{"uri", uri}, {"mimeType", type}, {"text", text}}});
}

std::string TypeOf(const std::string& name) {
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  if (ends(".json")) return "application/json";
  if (ends(".yaml") || ends(".yml")) return "application/yaml";
  if (ends(".csv")) return "text/csv";
  if (ends(".md")) return "text/markdown";
  return "text/plain";
}

bool IsText(const std::string& bytes) {
  // Workbooks and pictures have zeros early on.
  return bytes.find('\0') == std::string::npos;
}

std::string ClientUri(const std::string& client, const std::string& rest) {
  return fmt::format("{}clients/{}/{}", kScheme, http::PercentEncode(client), rest);
}

/// Decoded parts behind the scheme; empty when it is no address of ours.
std::vector<std::string> PartsOf(const std::string& uri) {
  std::vector<std::string> out;
  if (!uri.starts_with(kScheme)) return out;
  std::string_view rest = std::string_view(uri).substr(kScheme.size());
  for (;;) {
    const std::size_t slash = rest.find('/');
    const Result<std::string> part =
        http::PercentDecode(rest.substr(0, slash), /*plus_is_space=*/false);
    if (!part || part->empty()) return {};
    out.push_back(*part);
    if (slash == std::string_view::npos) return out;
    rest.remove_prefix(slash + 1);
  }
}

Json SpecJson(const PlatformSpec& spec) {
  Json rows = Json::array();
  for (const Requirement& one : PlatformSpecs::BuiltIn().Flat()) {
    if (one.platform != spec.platform) continue;
    rows.push_back({{"section", one.section},
                    {"key", one.key},
                    {"value", one.value},
                    {"source", one.source},
                    {"date", one.date}});
  }
  return {{"platform", PlatformName(spec.platform)},
          {"version", spec.version},
          {"writable", spec.writable},
          {"requirements", std::move(rows)}};
}

mcp::ResourceSource Specs() {
  mcp::ResourceSource source;
  source.list = [](const mcp::Principal&) -> Result<std::vector<Resource>> {
    std::vector<Resource> out;
    for (const PlatformSpec& spec : PlatformSpecs::BuiltIn().all()) {
      const std::string name(PlatformName(spec.platform));
      out.push_back({fmt::format("{}specs/{}", kScheme, name), name, "Requirements of " + name,
                     "templates, limits and creative requirements, each with source and date",
                     "application/json"});
    }
    return out;
  };
  source.read = [](const std::string& uri, Call&) -> Outcome<Json> {
    const std::vector<std::string> parts = PartsOf(uri);
    if (parts.size() == 2 && parts[0] == "specs") {
      for (const PlatformSpec& spec : PlatformSpecs::BuiltIn().all()) {
        if (PlatformName(spec.platform) == parts[1]) {
          return Contents(uri, "application/json", SpecJson(spec).dump());
        }
      }
    }
    return Fail(Errc::kNotFound, uri);
  };
  return source;
}

mcp::ResourceSource OfClients(const UseHome& use, const std::string& dashboard) {
  mcp::ResourceSource source;
  source.list = [use](const mcp::Principal& principal) -> Result<std::vector<Resource>> {
    MAXOPT_TRY(const std::shared_ptr<Home> home, use());
    std::vector<Resource> out;
    MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
    for (const Client& client : clients) {
      if (!principal.Sees(client.name)) continue;
      for (const char* kind : kKinds) {
        MAXOPT_TRY(const std::vector<Document> documents,
                   home->store().Documents(client.name, kind));
        std::vector<std::string> seen;
        for (const Document& document : documents) {
          if (std::find(seen.begin(), seen.end(), document.name) != seen.end()) continue;
          seen.push_back(document.name);
          out.push_back({ClientUri(client.name, fmt::format("documents/{}/{}", kind,
                                                            http::PercentEncode(document.name))),
                         document.name, document.name,
                         fmt::format("{} of {}, received {}", kind, client.name,
                                     PrintInstant(document.received_at)),
                         TypeOf(document.name)});
        }
      }
    }
    MAXOPT_TRY(const std::vector<Message> messages, home->store().Messages("", kListedMax));
    for (const Message& message : messages) {
      if (!principal.Sees(message.client)) continue;
      out.push_back(
          {ClientUri(message.client, "messages/" + http::PercentEncode(message.id)), message.id,
           message.title,
           fmt::format("{} to {}, {}", message.kind, message.to, PrintInstant(message.created_at)),
           "text/markdown"});
    }
    MAXOPT_TRY(const std::vector<ReportEntry> reports, Reports(*home, "", kListedMax));
    for (const ReportEntry& report : reports) {
      if (!principal.Sees(report.client)) continue;
      out.push_back(
          {ClientUri(report.client, "reports/" + http::PercentEncode(report.id)), report.id,
           report.title,
           fmt::format("{} for {}, {} to {}, as of {}", report.kind, report.audience,
                       PrintDay(report.from), PrintDay(report.to), PrintInstant(report.as_of)),
           "text/markdown"});
    }
    return out;
  };
  source.read = [use, dashboard](const std::string& uri, Call& call) -> Outcome<Json> {
    const std::vector<std::string> parts = PartsOf(uri);
    const Error none{Errc::kNotFound, uri};
    if (parts.size() < 4 || parts[0] != "clients" || !call.principal().Sees(parts[1])) {
      return Fail(none);
    }
    const std::string& client = parts[1];
    MAXOPT_TRY(const std::shared_ptr<Home> home, use());
    if (parts[2] == "documents" && parts.size() == 5) {
      MAXOPT_TRY(const std::vector<Document> documents, home->store().Documents(client, parts[3]));
      for (const Document& document : documents) {
        if (document.name != parts[4]) continue;
        if (!IsText(document.content)) {
          return Fail(Errc::kInvalidArgument, "the document is no text; download it by the API");
        }
        return Contents(uri, TypeOf(document.name), document.content);
      }
    }
    if (parts[2] == "messages" && parts.size() == 4) {
      constexpr int kSearched = 100'000;
      MAXOPT_TRY(const std::vector<Message> messages, home->store().Messages("", kSearched));
      for (const Message& message : messages) {
        if (message.id == parts[3] && message.client == client) {
          return Contents(uri, "text/markdown", message.markdown);
        }
      }
    }
    if (parts[2] == "plans" && parts.size() == 4) {
      const Result<Plan> plan = home->store().GetPlan(parts[3]);
      if (plan && plan->client == client) {
        return Contents(uri, "application/json", PlanJson(*plan, dashboard).dump());
      }
    }
    if (parts[2] == "reports" && parts.size() == 4) {
      const Result<ReportEntry> report = GetReport(*home, parts[3]);
      if (report && report->client == client) {
        MAXOPT_TRY(const RenderedReport text, RenderReport(*home, report->id, "md"));
        return Contents(uri, "text/markdown", text.bytes);
      }
    }
    return Fail(none);
  };
  return source;
}

}  // namespace

void AddResources(mcp::Registry& registry, const UseHome& use, const AgentToolsOptions& options) {
  registry.resources.push_back(Specs());
  registry.resources.push_back(OfClients(use, options.dashboard));

  const mcp::Argument client{"client", "name of a client", true,
                             [use](const mcp::Principal& principal, const std::string& typed) {
                               std::vector<std::string> out;
                               const auto home = use();
                               if (!home) return out;
                               const auto clients = (*home)->store().Clients();
                               if (!clients) return out;
                               for (const Client& one : *clients) {
                                 if (principal.Sees(one.name) && one.name.starts_with(typed))
                                   out.push_back(one.name);
                               }
                               return out;
                             }};
  const mcp::Argument platform{"platform", "google_ads, meta, ...", true,
                               [](const mcp::Principal&, const std::string& typed) {
                                 std::vector<std::string> out;
                                 for (const PlatformSpec& spec : PlatformSpecs::BuiltIn().all()) {
                                   const std::string name(PlatformName(spec.platform));
                                   if (name.starts_with(typed)) out.push_back(name);
                                 }
                                 return out;
                               }};
  registry.templates.push_back({"maxopt://specs/{platform}",
                                "specs",
                                "Requirements of a platform",
                                "templates, limits and creative requirements",
                                "application/json",
                                {platform}});
  registry.templates.push_back({"maxopt://clients/{client}/documents/{kind}/{name}",
                                "document",
                                "A document",
                                "as a teammate handed it over, the newest of that name",
                                "text/plain",
                                {client,
                                 {"kind", "handed_over, or setup: as it was understood", true},
                                 {"name", "campaign and file: spring%2Fbrief.yaml", true}}});
  registry.templates.push_back({"maxopt://clients/{client}/messages/{id}",
                                "message",
                                "A message",
                                "what Max told a teammate",
                                "text/markdown",
                                {client, {"id", "m-...", true}}});
  registry.templates.push_back({"maxopt://clients/{client}/plans/{plan}",
                                "plan",
                                "A plan",
                                "every change with before, after and reason",
                                "application/json",
                                {client, {"plan", "p-...", true}}});
  registry.templates.push_back({"maxopt://clients/{client}/reports/{report}",
                                "report",
                                "A report",
                                "as it was made: it never changes",
                                "text/markdown",
                                {client, {"report", "r-...", true}}});
}

}  // namespace maxopt::agent_tools
