// report, reports: what was written for people, and again from its inputs.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cycle/cycle.h"
#include "app/reports/reports.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

std::vector<std::string> FormsOf(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (end > 0) out.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

Result<> MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
  return {};
}

std::string Dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

Result<std::optional<Day>> DayOf(const std::string& text, std::string_view flag) {
  if (text.empty()) return std::optional<Day>();
  const auto day = ParseDay(text);
  if (!day) return FailWithin(flag, day.error());
  return std::optional(*day);
}

}  // namespace

Result<int> ReportCommand(const CommandContext& context, const ReportArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  ReportRequest request;
  MAXOPT_TRY(request.client, OnlyClient(*home, arguments.client));
  request.kind = arguments.kind;
  request.audience = arguments.audience;
  request.language = arguments.language;
  request.campaign_type = arguments.campaign_type;
  request.template_name = arguments.template_name;
  MAXOPT_TRY(request.from, DayOf(arguments.from, "--from"));
  MAXOPT_TRY(request.to, DayOf(arguments.to, "--to"));
  if (!arguments.as_of.empty()) {
    MAXOPT_TRY(request.as_of, ParseInstant(arguments.as_of));
  }
  request.by = Person(arguments.by);
  MAXOPT_TRY(const MadeReport made, MakeReportCycle(*home, request, arguments.tell));
  const ReportEntry& entry = made.entry;
  const std::string folder =
      arguments.out.empty() ? home->PathOf("reports/" + entry.id) : arguments.out;
  MAXOPT_CHECK(MakeFolder(folder));
  ordered_json files = ordered_json::object();
  for (const std::string& form : FormsOf(arguments.forms)) {
    MAXOPT_TRY(const RenderedReport rendered, RenderReport(*home, entry.id, form));
    std::string path = fmt::format("{}/report.{}", folder, form == "csv" ? "zip" : form);
    if (!arguments.out.empty()) {
      path = folder + "/" + rendered.name;
      MAXOPT_CHECK(WriteWholeFile(path, rendered.bytes));
    }
    files[form] = path;
  }
  if (context.json) {
    ordered_json out = EntryJson(entry, "hash");
    out["files"] = files;
    out["messages"] = made.messages.size();
    fmt::print("{}\n", Dump(out));
    return kExitOk;
  }
  fmt::print("{}  {}\n", entry.id, entry.title);
  for (const auto& [form, path] : files.items()) {
    fmt::print("  {:<5} {}\n", form, path.get<std::string>());
  }
  for (const Message& message : made.messages) {
    fmt::print("  told  {} ({}, {})\n", message.to, message.kind, message.id);
  }
  return kExitOk;
}

Result<int> ReportsCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  constexpr int kMost = 200;
  MAXOPT_TRY(const std::vector<ReportEntry> entries, Reports(*home, client, kMost));
  if (context.json) {
    ordered_json out = ordered_json::array();
    for (const ReportEntry& entry : entries) out.push_back(EntryJson(entry, "hash"));
    fmt::print("{}\n", Dump(out));
    return kExitOk;
  }
  for (const ReportEntry& entry : entries) {
    fmt::print("{}  {:<12} {:<9} {}  {} to {}  {}\n", entry.id, entry.kind, entry.audience,
               entry.language, PrintDay(entry.from), PrintDay(entry.to), entry.client);
  }
  if (entries.empty()) fmt::print("no report was made yet; maxopt report makes one\n");
  return kExitOk;
}

Result<int> ReportShowCommand(const CommandContext& context, const std::string& id) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const ReportEntry entry, GetReport(*home, id));
  if (context.json) {
    fmt::print("{}\n", Dump(EntryJson(entry, "hash")));
    return kExitOk;
  }
  MAXOPT_TRY(const RenderedReport text, RenderReport(*home, id, "md"));
  fmt::print("{}\n{}, made {} by {} with maxopt {}; its files are as they were written\n",
             text.bytes, entry.id, PrintInstant(entry.made_at), entry.by, entry.software);
  return kExitOk;
}

Result<int> ReportRenderCommand(const CommandContext& context, const std::string& id,
                                const std::string& forms, const std::string& out) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  const std::string folder = out.empty() ? "." : out;
  MAXOPT_CHECK(MakeFolder(folder));
  bool same = true;
  ordered_json json = ordered_json::array();
  for (const std::string& form : FormsOf(forms)) {
    MAXOPT_TRY(const Replayed again, ReplayReport(*home, id, form));
    const std::string path = folder + "/" + again.report.name;
    MAXOPT_CHECK(WriteWholeFile(path, again.report.bytes));
    same = same && again.same;
    json.push_back({{"form", form},
                    {"file", path},
                    {"sha256", again.report.sha256},
                    {"same", again.same},
                    {"why", again.why}});
    if (context.json) continue;
    fmt::print("{}  {}  {}\n", path, again.report.sha256.substr(0, 16),
               again.same ? "the same bytes" : "other bytes: " + again.why);
  }
  if (context.json) fmt::print("{}\n", Dump(json));
  return same ? kExitOk : kExitError;
}

}  // namespace maxopt
