#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "stages/report/documents/documents.h"
#include "stages/report/documents/escape.h"

namespace maxopt::report {
namespace {

using nlohmann::ordered_json;

std::string Dump(const ordered_json& json) {
  return json.dump(1, ' ', false, ordered_json::error_handler_t::replace);
}

// --- Markdown ---

std::string Paragraph(const std::vector<Sentence>& sentences) {
  std::string out;
  for (const Sentence& sentence : sentences) {
    out += (out.empty() ? "" : " ") + EscapeMarkdown(sentence.text);
  }
  return out;
}

std::string TableMarkdown(const Table& table, const Catalogue& texts) {
  std::string out = fmt::format("\n**{}**\n\n|", EscapeMarkdown(table.caption));
  for (const TableColumn& column : table.columns) {
    out += " " + EscapeMarkdown(PlainText(column.title)) + " |";
  }
  out += "\n|";
  for (const TableColumn& column : table.columns) out += column.number ? "---:|" : "---|";
  const auto row_text = [&](const TableRow& row) {
    out += "\n|";
    for (const TableCell& cell : row.cells) out += " " + EscapeMarkdown(cell.text) + " |";
  };
  for (const TableRow& row : table.rows) row_text(row);
  if (table.total) row_text(*table.total);
  out += "\n";
  if (table.left_out > 0) {
    out += fmt::format("\n\\+ {} {}\n", texts.Count(table.left_out),
                       EscapeMarkdown(texts.Word("form.more")));
  }
  return out;
}

// --- JSON ---

ordered_json RefJson(const Source& source) {
  if (!source.derived.empty()) return {{"derived", source.derived}};
  ordered_json out{
      {"view", source.cell.view}, {"row", source.cell.row}, {"column", source.cell.column}};
  if (!source.cell.part.empty()) out["part"] = source.cell.part;
  return out;
}

ordered_json RawJson(const ViewCell& cell) {
  struct Print {
    ordered_json operator()(std::monostate) const { return nullptr; }
    ordered_json operator()(const std::string& text) const { return text; }
    ordered_json operator()(std::int64_t count) const { return count; }
    ordered_json operator()(double real) const { return real; }
    ordered_json operator()(Money money) const {
      return {{"amount", PrintDecimal(money)}, {"currency", money.currency().name()}};
    }
    ordered_json operator()(const Estimated& of) const {
      return {{"value", of.value}, {"low", of.low}, {"high", of.high}, {"level", of.level}};
    }
    ordered_json operator()(Day day) const { return PrintDay(day); }
    ordered_json operator()(Instant at) const { return PrintInstant(at); }
    ordered_json operator()(bool flag) const { return flag; }
  };
  return std::visit(Print{}, cell);
}

ordered_json SentenceJson(const Sentence& sentence) {
  ordered_json slots = ordered_json::array();
  for (const Sentence::Span& span : sentence.spans) {
    const auto slot = sentence.phrase.slots.find(span.slot);
    if (slot == sentence.phrase.slots.end()) continue;
    slots.push_back({{"slot", span.slot},
                     {"text", sentence.text.substr(span.begin, span.end - span.begin)},
                     {"name", span.name},
                     {"of", RefJson(slot->second.source)}});
  }
  return {{"key", sentence.phrase.key}, {"text", sentence.text}, {"slots", slots}};
}

ordered_json TableJson(const Table& table) {
  ordered_json columns = ordered_json::array(), rows = ordered_json::array();
  for (const TableColumn& column : table.columns) {
    columns.push_back({{"name", column.name},
                       {"title", column.title},
                       {"number", column.number},
                       {"truth", TruthName(column.truth)}});
  }
  const auto row_json = [](const TableRow& row) {
    ordered_json texts = ordered_json::array(), raws = ordered_json::array();
    for (const TableCell& cell : row.cells) {
      texts.push_back(cell.text);
      raws.push_back(RawJson(cell.raw));
    }
    return ordered_json{{"key", row.key}, {"texts", texts}, {"cells", raws}, {"tone", row.tone}};
  };
  for (const TableRow& row : table.rows) rows.push_back(row_json(row));
  return {{"view", table.view},
          {"caption", table.caption},
          {"columns", columns},
          {"rows", rows},
          {"total", table.total ? row_json(*table.total) : ordered_json(nullptr)},
          {"left_out", table.left_out}};
}

ordered_json ChartJson(const Chart& chart) {
  ordered_json series = ordered_json::array();
  for (const Series& each : chart.series) {
    ordered_json values = ordered_json::array();
    for (const auto& value : each.values) {
      values.push_back(value ? ordered_json(*value) : ordered_json(nullptr));
    }
    series.push_back({{"name", each.name}, {"values", values}, {"texts", each.texts}});
  }
  const char* kind = chart.kind == Chart::Kind::kLine   ? "line"
                     : chart.kind == Chart::Kind::kBars ? "bars"
                                                        : "heat";
  return {{"kind", kind},           {"caption", chart.caption}, {"unit", chart.unit},
          {"labels", chart.labels}, {"series", series},         {"table", TableJson(chart.table)}};
}

const char* BlockName(Block::Kind kind) {
  switch (kind) {
    case Block::Kind::kText:
      return "text";
    case Block::Kind::kList:
      return "list";
    case Block::Kind::kTiles:
      return "tiles";
    case Block::Kind::kTable:
      return "table";
    case Block::Kind::kChart:
      return "chart";
    case Block::Kind::kCallout:
      return "callout";
  }
  Bug();
}

ordered_json BlockJson(const Block& block) {
  ordered_json out{{"kind", BlockName(block.kind)}};
  if (block.kind == Block::Kind::kText || block.kind == Block::Kind::kCallout) {
    out["sentences"] = ordered_json::array();
    for (const Sentence& sentence : block.sentences) {
      out["sentences"].push_back(SentenceJson(sentence));
    }
  }
  if (block.kind == Block::Kind::kList) {
    out["items"] = ordered_json::array();
    for (const auto& item : block.items) {
      ordered_json list = ordered_json::array();
      for (const Sentence& sentence : item) list.push_back(SentenceJson(sentence));
      out["items"].push_back(std::move(list));
    }
  }
  if (block.kind == Block::Kind::kTiles) {
    out["tiles"] = ordered_json::array();
    for (const Tile& tile : block.tiles) {
      out["tiles"].push_back(
          {{"label", tile.label},
           {"value", tile.value},
           {"of", RefJson(tile.source)},
           {"note", tile.note ? SentenceJson(*tile.note) : ordered_json(nullptr)},
           {"tone", tile.tone},
           {"truth", tile.truth}});
    }
  }
  if (block.table) out["table"] = TableJson(*block.table);
  if (block.chart) out["chart"] = ChartJson(*block.chart);
  return out;
}

ordered_json SlotsJson(const Phrase& phrase) {
  ordered_json out = ordered_json::object();
  for (const auto& [name, slot] : phrase.slots) {
    out[name] = slot.word.empty() ? RefJson(slot.source) : ordered_json{{"word", slot.word}};
  }
  return out;
}

}  // namespace

std::string MarkdownOf(const Document& document) {
  const auto texts = *Catalogue::BuiltIn(document.settings.language);
  const Settings& of = document.settings;
  std::string out = fmt::format("# {}: {}\n\n{}  \n{} {}\n", EscapeMarkdown(document.title),
                                EscapeMarkdown(document.subtitle), EscapeMarkdown(document.period),
                                EscapeMarkdown(texts->Word("form.as_of")),
                                EscapeMarkdown(texts->InstantText(of.as_of)));
  for (const Section& section : document.sections) {
    out += fmt::format("\n## {}\n", EscapeMarkdown(section.title));
    for (const Block& block : section.blocks) {
      switch (block.kind) {
        case Block::Kind::kText:
        case Block::Kind::kCallout:
          out += "\n" + Paragraph(block.sentences) + "\n";
          break;
        case Block::Kind::kList:
          out += "\n";
          for (const auto& item : block.items) out += "- " + Paragraph(item) + "\n";
          break;
        case Block::Kind::kTiles:
          out += "\n";
          for (const Tile& tile : block.tiles) {
            out += fmt::format("- **{}: {}** ({}{}{})\n", EscapeMarkdown(tile.label),
                               EscapeMarkdown(tile.value), EscapeMarkdown(tile.truth),
                               tile.note ? "; " : "",
                               tile.note ? EscapeMarkdown(tile.note->text) : "");
          }
          break;
        case Block::Kind::kTable:
          out += TableMarkdown(*block.table, *texts);
          break;
        case Block::Kind::kChart:
          out += TableMarkdown(block.chart->table, *texts);
          break;
      }
    }
  }
  if (!of.brand.footer.empty()) out += "\n" + EscapeMarkdown(PlainText(of.brand.footer)) + "\n";
  out += fmt::format("\n{} {}. {} {} · {}\n", EscapeMarkdown(texts->Word("form.by")),
                     EscapeMarkdown(texts->Word("audience." + of.audience)),
                     EscapeMarkdown(texts->Word("form.report")), EscapeMarkdown(of.id),
                     EscapeMarkdown(MadeWith(of, *texts)));
  return out;
}

std::string JsonOf(const Document& document) {
  const auto texts = *Catalogue::BuiltIn(document.settings.language);
  const Settings& of = document.settings;
  ordered_json sections = ordered_json::array(), insights = ordered_json::array(),
               derivations = ordered_json::array(), missing = ordered_json::array();
  for (const Section& section : document.sections) {
    ordered_json blocks = ordered_json::array();
    for (const Block& block : section.blocks) blocks.push_back(BlockJson(block));
    sections.push_back({{"key", section.key}, {"title", section.title}, {"blocks", blocks}});
  }
  for (const Insight& insight : document.insights) {
    insights.push_back(
        {{"kind", insight.kind},
         {"subject", insight.subject},
         {"strength", StrengthName(insight.strength)},
         {"claim", {{"key", insight.claim.key}, {"slots", SlotsJson(insight.claim)}}},
         {"change_our_mind",
          {{"key", insight.change_our_mind.key}, {"slots", SlotsJson(insight.change_our_mind)}}}});
  }
  for (const Derivation& each : document.derivations) {
    ordered_json sources = ordered_json::array();
    for (const Source& source : each.of) sources.push_back(RefJson(source));
    derivations.push_back({{"id", each.id}, {"op", each.op}, {"of", sources}});
  }
  for (const Settings::Missing& each : of.missing) {
    missing.push_back({{"view", each.view}, {"why", each.why}});
  }
  ordered_json out{
      {"maxopt", "report/1"},
      {"id", of.id},
      {"client", of.client},
      {"kind", of.kind},
      {"audience", of.audience},
      {"language", of.language},
      {"campaign_type", of.campaign_type},
      {"template", of.template_name},
      {"title", document.title},
      {"period", {{"from", PrintDay(of.from)}, {"to", PrintDay(of.to)}}},
      {"as_of", PrintInstant(of.as_of)},
      {"made_at", PrintInstant(of.made_at)},
      {"by", of.by},
      {"software", of.software},
      {"narrative", of.narrative},
      {"sections", sections},
      {"insights", insights},
      {"derivations", derivations},
      {"missing", missing},
  };
  if (of.wording) {
    ordered_json kept = ordered_json::array();
    for (const Wording::Kept& each : of.wording->kept) {
      kept.push_back({{"place", each.place}, {"why", each.why}});
    }
    out["wording"] = {{"model", of.wording->model},
                      {"tone", of.wording->tone},
                      {"paragraphs", of.wording->paragraphs.size()},
                      {"kept", std::move(kept)}};
  }
  return Dump(out) + "\n";
}

}  // namespace maxopt::report
