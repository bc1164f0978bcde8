#include "app/reports/reports.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "app/reports/config.h"
#include "app/reports/wording.h"
#include "app/views/views.h"
#include "domain/digest.h"
#include "stages/report/documents/documents.h"
#include "stages/report/outputs/outputs.h"
#include "stages/report/report.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

constexpr int kDefaultDays = 28;
constexpr int kLookedAt = 200;  ///< messages of a teammate, newest first

std::vector<std::string> SplitBy(std::string_view text, char mark) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(mark), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Ids are ours ("r-20261122-0001"); whatever else is asked for is no path.
Result<> CheckId(const std::string& id) {
  const bool good = id.size() >= 12 && id.size() <= 32 && id.starts_with("r-") &&
                    id.find_first_not_of("0123456789-", 2) == std::string::npos;
  if (good) return {};
  return Fail(Errc::kNotFound, "there is no such report; maxopt reports lists them");
}

std::string FolderOf(Home& home, const std::string& id) { return home.PathOf("reports/" + id); }

Result<const ReportForm*> FindForm(const std::string& name) {
  for (const ReportForm& form : ReportForms()) {
    if (form.name == name) return &form;
  }
  std::vector<std::string_view> known;
  for (const ReportForm& form : ReportForms()) known.push_back(form.name);
  return Fail(Errc::kInvalidArgument,
              fmt::format("there is no form \"{}\"; known are {}", name, fmt::join(known, ", ")));
}

std::string FileOf(const ReportForm& form) { return fmt::format("report.{}", form.extension); }

/// The inputs as they were stored, which their hash holds to be unchanged.
Result<std::string> StoredInputs(Home& home, const ReportEntry& entry) {
  const std::string path = FolderOf(home, entry.id) + "/inputs.json";
  MAXOPT_TRY(std::string text, ReadWholeFile(path));
  if (Sha256Hex(text) != entry.hash) {
    return Fail(
        Errc::kRefused,
        fmt::format("{} is not as it was written when report {} was made: put the file of a "
                    "backup back",
                    path, entry.id));
  }
  return text;
}

Result<std::string> Render(const report::Document& document, std::string_view form) {
  if (form == "html") return report::HtmlOf(document);
  if (form == "md") return report::MarkdownOf(document);
  if (form == "json") return report::JsonOf(document);
  if (form == "csv") return report::CsvZipOf(document);
  if (form == "xlsx") return report::WorkbookOf(document);
  if (form == "eml") return report::MailOf(document, {});
  if (form == "pdf") {
    return report::PdfOf(report::HtmlOf(document), document.settings.made_at, {});
  }
  Bug();
}

RenderedReport Rendered(const ReportEntry& entry, const ReportForm& form, std::string bytes) {
  RenderedReport out;
  out.name = fmt::format("{}_{}_{}_{}.{}", entry.id, entry.kind, PrintDay(entry.from),
                         PrintDay(entry.to), form.extension);
  out.media_type = form.media_type;
  out.sha256 = Sha256Hex(bytes);
  out.bytes = std::move(bytes);
  return out;
}

Result<report::Document> DocumentOf(Home& home, const ReportEntry& entry, report::Inputs* inputs) {
  MAXOPT_TRY(const std::string text, StoredInputs(home, entry));
  MAXOPT_TRY(report::Stored stored, report::ReadInputs(text));
  MAXOPT_TRY(report::Document document, report::Compose(stored.settings, stored.inputs));
  if (inputs != nullptr) *inputs = std::move(stored.inputs);
  return document;
}

/// The view of a report, of its own period or of the weeks before it.
Result<View> Ask(Home& home, const report::InputKind& kind, const ReportRequest& request,
                 const report::Settings& settings) {
  ViewQuery query;
  query.view = kind.view;
  query.client = settings.client;
  MAXOPT_TRY(const ViewKind* view, FindView(kind.view));
  const auto heeds = [&](std::string_view word) {
    return std::ranges::count(SplitBy(view->common, ' '), word) > 0;
  };
  if (heeds("from")) {
    query.from = settings.from;
    query.to = settings.to;
    if (kind.history_weeks > 0) {
      query.to = settings.from - days(1);
      query.from = settings.from - days(7 * kind.history_weeks);
    }
  }
  query.compare = kind.compare;
  query.by = SplitBy(kind.by, ',');
  query.metrics = SplitBy(kind.metrics, ',');
  query.as_of = request.as_of;
  query.sort = kind.sort;
  query.limit = kind.limit;
  for (const std::string& pair : SplitBy(kind.extra, ';')) {
    const std::size_t at = pair.find('=');
    query.extra[pair.substr(0, at)] = at == std::string::npos ? "" : pair.substr(at + 1);
  }
  return MakeView(home, query);
}

Result<report::Settings> SettingsOf(Home& home, const ReportRequest& request) {
  MAXOPT_TRY(const Client client, home.store().GetClient(request.client));
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  MAXOPT_TRY(const ReportsConfig config, ReadReportsConfig(home.folder()));
  report::Settings out;
  out.kind = request.kind.empty() ? "performance" : request.kind;
  MAXOPT_TRY(const report::Kind* kind, report::FindKind(out.kind));
  MAXOPT_TRY(const ReportTemplate of, ChooseTemplate(config, request.template_name, client.name,
                                                     out.kind, request.campaign_type));
  const auto first = [](std::initializer_list<std::string> choices) {
    for (const std::string& choice : choices) {
      if (!choice.empty()) return choice;
    }
    return std::string();
  };
  out.client = client.name;
  out.zone = client.zone;
  out.audience = first({request.audience, of.audience, std::string(kind->audience)});
  out.language = first({request.language, of.language, "en"});
  out.campaign_type = first({request.campaign_type, of.campaign_type, "sales"});
  out.template_name = of.name;
  out.kpis = of.kpis;
  out.sections = of.sections;
  out.brand = of.brand;
  out.made_at = home.clock().Now();
  out.as_of = request.as_of.value_or(out.made_at);
  if (out.as_of > out.made_at) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("as_of {} has not come yet: nothing is known then", PrintInstant(out.as_of)));
  }
  out.to = request.to.value_or(zone.DayOf(out.as_of) - days(1));
  out.from = request.from.value_or(out.to - days(kDefaultDays - 1));
  if (out.to < out.from) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the period {} to {} is empty", PrintDay(out.from), PrintDay(out.to)));
  }
  out.by = request.by;
  out.software = MAXOPT_VERSION;
  out.narrative = report::kNarrativeVersion;
  return out;
}

}  // namespace

const std::vector<ReportForm>& ReportForms() {
  static const std::vector<ReportForm> kForms = {
      {"html", "text/html; charset=utf-8", "html", "one page, charts and tables in it"},
      {"pdf", "application/pdf", "pdf", "the page, printed"},
      {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx",
       "a workbook with native charts"},
      {"csv", "application/zip", "zip", "a zip of one CSV a table"},
      {"json", "application/json", "json", "sentences with the cell behind every number"},
      {"md", "text/markdown; charset=utf-8", "md", "Markdown"},
      {"eml", "message/rfc822", "eml", "an e-mail"},
  };
  return kForms;
}

Result<ReportRequest> SettleReport(Home& home, ReportRequest request) {
  MAXOPT_TRY(const report::Settings settings, SettingsOf(home, request));
  MAXOPT_CHECK(report::CheckSettings(settings));
  request.kind = settings.kind;
  request.audience = settings.audience;
  request.language = settings.language;
  request.campaign_type = settings.campaign_type;
  request.template_name = settings.template_name;
  request.from = settings.from;
  request.to = settings.to;
  return request;
}

Result<ReportEntry> MakeReport(Home& home, const ReportRequest& request) {
  MAXOPT_TRY(report::Settings settings, SettingsOf(home, request));
  MAXOPT_TRY(settings.id, NextReportId(home.store(), settings.made_at));
  report::Inputs inputs;
  for (const report::InputKind* kind : report::InputsFor(report::SectionsOf(settings))) {
    auto view = Ask(home, *kind, request, settings);
    if (view) {
      inputs.emplace(kind->name, *std::move(view));
    } else if (kind->sections == "*" && kind->compare != "plan") {
      return FailWithin(fmt::format("the view {} of the report", kind->view), view.error());
    } else {
      settings.missing.push_back({std::string(kind->name), view.error().what});
    }
  }
  // Asked once: what it answers is kept with the inputs, and whatever is rendered is made of them.
  MAXOPT_TRY(settings.wording, AskForWording(home, settings, inputs));
  // What is rendered later is made of the stored text, so what is made now is too.
  const std::string text = report::InputsJson(settings, inputs);
  MAXOPT_TRY(const report::Stored stored, report::ReadInputs(text));
  MAXOPT_TRY(const report::Document document, report::Compose(stored.settings, stored.inputs));

  ReportEntry entry;
  entry.id = settings.id;
  entry.client = settings.client;
  entry.kind = settings.kind;
  entry.audience = settings.audience;
  entry.language = settings.language;
  entry.title = fmt::format("{}: {}, {}", document.title, document.subtitle, document.period);
  entry.from = settings.from;
  entry.to = settings.to;
  entry.as_of = settings.as_of;
  entry.made_at = settings.made_at;
  entry.by = settings.by;
  entry.template_name = settings.template_name;
  entry.software = settings.software;
  entry.hash = Sha256Hex(text);
  const std::string folder = FolderOf(home, entry.id);
  std::error_code error;
  // A folder without a row is what a run left that was cut off: nobody was told of it.
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
  MAXOPT_CHECK(WriteWholeFile(folder + "/inputs.json", text));
  MAXOPT_TRY(entry, SaveReport(home.store(), std::move(entry)));
  MAXOPT_CHECK(RenderReport(home, entry.id, "json"));
  return entry;
}

nlohmann::ordered_json EntryJson(const ReportEntry& entry, const char* hash) {
  return {{"id", entry.id},
          {"client", entry.client},
          {"kind", entry.kind},
          {"audience", entry.audience},
          {"language", entry.language},
          {"title", entry.title},
          {"from", PrintDay(entry.from)},
          {"to", PrintDay(entry.to)},
          {"as_of", PrintInstant(entry.as_of)},
          {"made_at", PrintInstant(entry.made_at)},
          {"by", entry.by},
          {"template", entry.template_name},
          {"software", entry.software},
          {hash, entry.hash}};
}

Result<std::vector<ReportEntry>> Reports(Home& home, const std::string& client, int limit) {
  return ListReports(home.store(), client, limit);
}

Result<ReportEntry> GetReport(Home& home, const std::string& id) {
  MAXOPT_CHECK(CheckId(id));
  MAXOPT_TRY(ReportEntry entry, FindReport(home.store(), id));
  MAXOPT_CHECK(StoredInputs(home, entry));
  for (const ReportForm& form : ReportForms()) {
    MAXOPT_TRY(const auto known, FindReportForm(home.store(), id, std::string(form.name)));
    const std::string path = FolderOf(home, id) + "/" + FileOf(form);
    std::error_code error;
    if (!known || !fs::exists(path, error)) continue;
    MAXOPT_TRY(const std::string bytes, ReadWholeFile(path));
    if (Sha256Hex(bytes) != known->sha256) {
      return Fail(
          Errc::kRefused,
          fmt::format("{} is not as it was written; remove it, and maxopt reports render {} "
                      "--form {} makes it again from the report's inputs",
                      path, id, form.name));
    }
  }
  return entry;
}

Result<Replayed> ReplayReport(Home& home, const std::string& id, const std::string& name) {
  MAXOPT_TRY(const ReportForm* form, FindForm(name));
  MAXOPT_CHECK(CheckId(id));
  MAXOPT_TRY(const ReportEntry entry, FindReport(home.store(), id));
  MAXOPT_TRY(const report::Document document, DocumentOf(home, entry, nullptr));
  MAXOPT_TRY(std::string bytes, Render(document, form->name));
  Replayed out{Rendered(entry, *form, std::move(bytes)), true, ""};
  MAXOPT_TRY(const auto known, FindReportForm(home.store(), id, name));
  if (known && known->sha256 != out.report.sha256) {
    out.same = false;
    out.why = fmt::format("it was first rendered by maxopt {}, this is {}{}", known->software,
                          MAXOPT_VERSION,
                          name == "pdf" ? "; another Chromium prints other bytes too" : "");
  }
  return out;
}

Result<RenderedReport> RenderReport(Home& home, const std::string& id, const std::string& name) {
  MAXOPT_TRY(const ReportForm* form, FindForm(name));
  MAXOPT_CHECK(CheckId(id));
  MAXOPT_TRY(const ReportEntry entry, FindReport(home.store(), id));
  MAXOPT_TRY(const auto known, FindReportForm(home.store(), id, name));
  const std::string path = FolderOf(home, id) + "/" + FileOf(*form);
  std::error_code error;
  if (known && fs::exists(path, error)) {
    MAXOPT_TRY(std::string bytes, ReadWholeFile(path));
    RenderedReport out = Rendered(entry, *form, std::move(bytes));
    if (out.sha256 == known->sha256) return out;
    return Fail(Errc::kRefused,
                fmt::format("{} is not as it was written; remove it, and it is made again from the "
                            "report's inputs",
                            path));
  }
  MAXOPT_TRY(Replayed again, ReplayReport(home, id, name));
  if (!again.same) {
    return Fail(Errc::kRefused, fmt::format("report {} as {} would not be the bytes it was: {}", id,
                                            name, again.why));
  }
  MAXOPT_CHECK(WriteWholeFile(path, again.report.bytes));
  MAXOPT_CHECK(SaveReportForm(home.store(), id, name, again.report.sha256, MAXOPT_VERSION));
  return std::move(again.report);
}

Result<std::string> ReportJson(Home& home, const std::string& id) {
  MAXOPT_TRY(RenderedReport rendered, RenderReport(home, id, "json"));
  return std::move(rendered.bytes);
}

Result<std::vector<Message>> TellReport(Home& home, const std::string& id) {
  MAXOPT_TRY(const ReportEntry entry, GetReport(home, id));
  report::Inputs inputs;
  MAXOPT_TRY(const report::Document document, DocumentOf(home, entry, &inputs));
  MAXOPT_TRY(std::vector<Message> messages, report::ReportMessages(document, inputs));
  std::vector<Message> sent;
  for (Message& message : messages) {
    MAXOPT_TRY(const std::vector<Message> known, home.store().Messages(message.to, kLookedAt));
    const auto before = std::ranges::find_if(
        known, [&](const Message& each) { return each.about == id && each.kind == message.kind; });
    if (before != known.end()) {
      sent.push_back(*before);
      continue;
    }
    MAXOPT_TRY(Message kept, home.store().SaveMessage(std::move(message)));
    sent.push_back(std::move(kept));
  }
  return sent;
}

}  // namespace maxopt
