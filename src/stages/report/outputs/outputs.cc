#include "stages/report/outputs/outputs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "domain/message_text.h"

namespace maxopt::report {
namespace {

using nlohmann::ordered_json;

struct Output {
  std::string_view report, message;
};
constexpr Output kOutputs[] = {
    {"performance", "campaign_performance"}, {"channels", "channel_performance"},
    {"creatives", "creative_performance"},   {"efficiency", "media_efficiency"},
    {"strategy", "strategic_insights"},      {"dashboard", "client_dashboard"},
};

ordered_json RawJson(const ViewCell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return *count;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag;
  if (const auto* day = std::get_if<Day>(&cell)) return PrintDay(*day);
  if (const auto* at = std::get_if<Instant>(&cell)) return PrintInstant(*at);
  if (const auto* of = std::get_if<Estimated>(&cell)) {
    return {{"value", of->value}, {"low", of->low}, {"high", of->high}, {"level", of->level}};
  }
  if (const auto* money = std::get_if<Money>(&cell)) {
    return {{"amount", PrintDecimal(*money)}, {"currency", money->currency().name()}};
  }
  return nullptr;
}

ordered_json TableJson(const Table& table) {
  ordered_json columns = ordered_json::array(), rows = ordered_json::array();
  for (const TableColumn& column : table.columns) {
    columns.push_back(
        {{"name", column.name}, {"title", column.title}, {"truth", TruthName(column.truth)}});
  }
  for (const TableRow& row : table.rows) {
    ordered_json cells = ordered_json::array();
    for (const TableCell& cell : row.cells) cells.push_back(RawJson(cell.raw));
    rows.push_back({{"key", row.key}, {"cells", cells}});
  }
  return {{"view", table.view}, {"caption", table.caption}, {"columns", columns}, {"rows", rows}};
}

}  // namespace

Result<std::vector<Message>> ReportMessages(const Document& document, const Inputs& inputs) {
  const Settings& of = document.settings;
  MAXOPT_TRY(const Kind* kind, FindKind(of.kind));
  MAXOPT_TRY(const auto texts, Catalogue::BuiltIn(of.language));
  MAXOPT_TRY(const Book book, Book::Of(inputs, document.derivations));
  std::string_view message_kind;
  for (const Output& output : kOutputs) {
    if (output.report == of.kind) message_kind = output.message;
  }
  if (message_kind.empty()) Bug();

  const DailyMessages daily{of.client, of.to, of.made_at};
  ordered_json json = daily.Head(message_kind);
  json["report"] = of.id;
  json["audience"] = of.audience;
  json["language"] = of.language;
  json["period"] = {{"from", PrintDay(of.from)}, {"to", PrintDay(of.to)}};
  json["as_of"] = PrintInstant(of.as_of);
  json["headline"] = ordered_json::array();
  json["kpis"] = ordered_json::array();
  json["findings"] = ordered_json::array();
  json["next"] = ordered_json::array();
  json["tables"] = ordered_json::array();
  std::string markdown =
      fmt::format("# {}: {}\n\n{}\n\n", MarkdownText(document.title),
                  MarkdownText(document.subtitle), MarkdownText(document.period));
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      if (section.key == "headline") {
        for (const Sentence& sentence : block.sentences) {
          json["headline"].push_back(sentence.text);
          markdown += MarkdownText(sentence.text) + "\n";
        }
        for (const Tile& tile : block.tiles) {
          json["kpis"].push_back({{"label", tile.label},
                                  {"value", tile.value},
                                  {"of", Print(tile.source)},
                                  {"cell", RawJson(book.Get(tile.source))},
                                  {"truth", tile.truth}});
        }
      }
      if (block.table && !block.table->view.empty()) {
        json["tables"].push_back(TableJson(*block.table));
      }
      if (block.chart) json["tables"].push_back(TableJson(block.chart->table));
    }
  }
  for (const Insight& insight : document.insights) {
    MAXOPT_TRY(const Sentence claim, texts->Say(insight.claim, book));
    MAXOPT_TRY(const Sentence mind, texts->Say(insight.change_our_mind, book));
    const bool next = insight.kind == "next";
    json[next ? "next" : "findings"].push_back({{"kind", insight.kind},
                                                {"subject", insight.subject},
                                                {"claim", claim.text},
                                                {"strength", StrengthName(insight.strength)},
                                                {"change_our_mind", mind.text}});
    markdown += fmt::format("- {} ({}) {}\n", MarkdownText(claim.text),
                            StrengthName(insight.strength), MarkdownText(mind.text));
  }
  markdown += fmt::format("\nmaxopt reports show {}\n", of.id);
  std::vector<Message> out;
  std::string_view to = kind->to;
  while (!to.empty()) {
    const std::size_t end = std::min(to.find(' '), to.size());
    Message message = daily.Make(std::string(to.substr(0, end)), std::string(message_kind),
                                 document.title, json, markdown);
    message.about = of.id;
    out.push_back(std::move(message));
    to.remove_prefix(std::min(end + 1, to.size()));
  }
  return out;
}

}  // namespace maxopt::report
