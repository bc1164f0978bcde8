#include <fmt/format.h>

#include "stages/report/documents/charts.h"
#include "stages/report/documents/documents.h"
#include "stages/report/documents/escape.h"

namespace maxopt::report {
namespace {

/// Everything that the page looks like. Colours of a brand come first, as variables.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --ink: #18212c; --soft: #56616f; --rule: #d8dee6; --back: #fff;
  --card: #f5f7fa; --good: #17693c; --bad: #a3261c; --watch: #7d5a00; --before: #8a94a1; }
@media (prefers-color-scheme: dark) { :root { --accent: var(--accent-dark); --ink: #e9edf3;
  --soft: #aab4c1; --rule: #364150; --back: #12171e; --card: #1b222c; --good: #6fd09a;
  --bad: #ff9d91; --watch: #e7c263; --before: #8793a2; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--ink); background: var(--back);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Lato, "DejaVu Sans", sans-serif; }
.page { max-width: 62rem; margin: 0 auto; padding: 0 1.5rem 3rem; }
.top { border-top: 6px solid var(--accent); padding: 1.6rem 0 1.2rem; margin-bottom: 1.4rem;
  border-bottom: 1px solid var(--rule); display: flex; gap: 1.5rem; align-items: flex-start;
  justify-content: space-between; }
.top p { margin: .15rem 0; color: var(--soft); }
.kind { color: var(--accent); font-weight: 650; letter-spacing: .01em; }
.brand { text-align: right; max-width: 40%; font-weight: 600; overflow-wrap: anywhere; }
.brand img { max-height: 56px; max-width: 220px; }
h1 { font-size: 2rem; line-height: 1.2; margin: .2rem 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .8rem; padding-top: .2rem; color: var(--accent); }
p { margin: .6rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.lead p { font-size: 1.12rem; }
.lead b { font-weight: 650; }
ul { padding-left: 1.2rem; max-width: 46rem; } li { margin: .55rem 0; overflow-wrap: anywhere; }
li span { display: block; color: var(--soft); font-size: .92em; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: .8rem;
  margin: 1.3rem 0; padding: 0; list-style: none; max-width: none; }
.tiles li { background: var(--card); border-radius: 10px; padding: .9rem 1rem; margin: 0;
  border-left: 4px solid var(--accent); }
.tiles strong { display: block; font-size: 1.55rem; line-height: 1.3; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.tiles span { display: block; font-size: .85rem; color: var(--soft); }
.tiles .label { color: var(--ink); font-weight: 600; font-size: .92rem; }
.tiles .good { color: var(--good); } .tiles .bad { color: var(--bad); }
.scroll { overflow-x: auto; margin: 1rem 0; }
.scroll:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0 .5rem; }
th, td { padding: .45rem .7rem; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; overflow-wrap: anywhere; min-width: 3.5rem; }
tbody th { font-weight: 500; min-width: 10rem; max-width: 22rem; }
.num, .day { white-space: nowrap; }
.num { text-align: right; }
thead th, thead .num { white-space: normal; }
thead th { color: var(--soft); font-weight: 600; border-bottom-width: 2px; vertical-align: bottom;
  overflow-wrap: normal; }
tfoot th, tfoot td { font-weight: 650; border-top: 2px solid var(--rule); border-bottom: 0; }
.tone-good th::before, .tone-watch th::before, .tone-bad th::before { content: "●"; margin-right: .4em;
  font-size: .8em; } .tone-good th::before { color: var(--good); } .tone-watch th::before {
  color: var(--watch); } .tone-bad th::before { color: var(--bad); }
.more { color: var(--soft); font-size: .88rem; }
figure { margin: 1.4rem 0; } figcaption { font-weight: 600; margin-bottom: .4rem; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
svg .value { fill: var(--ink); } svg .name { fill: var(--ink); }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .s0 { stroke: var(--accent); } svg .s1 { stroke: var(--before); stroke-dasharray: 5 4; }
svg .area { fill: var(--accent); fill-opacity: .1; }
svg .b0 { fill: var(--accent); } svg .b1 { fill: var(--before); fill-opacity: .55; }
svg .cell { fill: var(--accent); } svg .empty { fill: none; stroke: var(--rule); }
.legend { display: flex; gap: 1.3rem; flex-wrap: wrap; font-size: .85rem; color: var(--soft);
  margin: .3rem 0; max-width: none; }
.legend i { display: inline-block; width: 1.2em; height: .55em; margin-right: .45em;
  border-radius: 2px; background: var(--accent); }
.legend i.l1 { background: var(--before); }
details { margin: .4rem 0 1rem; } summary { cursor: pointer; color: var(--accent); font-size: .9rem;
  padding: .3rem 0; }
.callout { border-left: 4px solid var(--watch); background: var(--card); padding: .6rem 1rem;
  border-radius: 6px; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--soft);
  font-size: .85rem; }
@page { size: A4; margin: 16mm 14mm 18mm; }
@media print { body { font-size: 10.5pt; } .page { padding: 0; max-width: none; }
  .scroll { overflow: visible; } h2 { break-after: avoid; } figure, .tiles li, tr { break-inside: avoid; }
  thead { display: table-header-group; } table { font-size: 8pt; } th, td { padding: .25rem .35rem;
  min-width: 0; } tbody th { min-width: 6rem; } }
)css";

class Html {
 public:
  explicit Html(const Document& document)
      : document_(document), texts_(*Catalogue::BuiltIn(document.settings.language)) {}

  std::string Write() {
    const Settings& of = document_.settings;
    std::string body;
    for (const Section& section : document_.sections) body += SectionHtml(section);
    return fmt::format(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; img-src data:\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>{}</title>\n<style>\n:root {{ --accent: {}; --accent-dark: {}; "
        "}}{}</style></head>\n"
        "<body><div class=\"page\">\n<header class=\"top\"><div><p class=\"kind\">{}</p>"
        "<h1><bdi>{}</bdi></h1><p>{}</p><p>{} {}</p></div>{}</header>\n<main>\n{}</main>\n"
        "<footer>{}</footer>\n</div></body></html>\n",
        EscapeHtml(of.language),
        EscapeHtml(
            fmt::format("{}: {}, {}", document_.title, document_.subtitle, document_.period)),
        Colour(of.brand.accent), Colour(of.brand.accent_dark), kStyle, EscapeHtml(document_.title),
        EscapeHtml(document_.subtitle), EscapeHtml(document_.period),
        EscapeHtml(texts_->Word("form.as_of")), EscapeHtml(texts_->InstantText(of.as_of)), Brand(),
        body, Footer());
  }

 private:
  /// Colours come from a checked file; what is none anyhow would end the style.
  static std::string Colour(const std::string& colour) {
    const bool good = colour.size() == 7 && colour[0] == '#' &&
                      colour.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
    return good ? colour : "#1f5fa8";
  }
  std::string Brand() const {
    const Branding& brand = document_.settings.brand;
    std::string out;
    if (!brand.logo.empty()) {
      out += fmt::format("<img src=\"{}\" alt=\"{}\">", EscapeHtml(brand.logo),
                         EscapeHtml(PlainText(brand.name)));
    } else if (!brand.name.empty()) {
      out += fmt::format("<bdi>{}</bdi>", EscapeHtml(PlainText(brand.name)));
    }
    return out.empty() ? "" : "<div class=\"brand\">" + out + "</div>";
  }
  std::string Footer() const {
    const Settings& of = document_.settings;
    std::string out;
    if (!of.brand.footer.empty()) {
      out += "<p>" + EscapeHtml(PlainText(of.brand.footer)) + "</p>";
    }
    out += fmt::format("<p>{} {}. {} {} · {}</p>", EscapeHtml(texts_->Word("form.by")),
                       EscapeHtml(texts_->Word("audience." + of.audience)),
                       EscapeHtml(texts_->Word("form.report")), EscapeHtml(of.id),
                       EscapeHtml(MadeWith(of, *texts_)));
    return out;
  }

  /// Names are set apart, so that their direction of writing stays their own; an auditor sees where
  /// each number comes from.
  std::string SentenceHtml(const Sentence& sentence, bool strong) const {
    std::string out;
    std::size_t at = 0;
    for (const Sentence::Span& span : sentence.spans) {
      out += EscapeHtml(sentence.text.substr(at, span.begin - at));
      const std::string inside =
          EscapeHtml(sentence.text.substr(span.begin, span.end - span.begin));
      const auto slot = sentence.phrase.slots.find(span.slot);
      const std::string title =
          document_.settings.audience == "auditor" && slot != sentence.phrase.slots.end()
              ? fmt::format(" title=\"{}\"", EscapeHtml(PlainText(Print(slot->second.source))))
              : "";
      if (span.name) {
        out += fmt::format("<bdi{}>{}</bdi>", title, inside);
      } else if (strong) {
        out += fmt::format("<b{}>{}</b>", title, inside);
      } else {
        out += title.empty() ? inside : fmt::format("<span{}>{}</span>", title, inside);
      }
      at = span.end;
    }
    return out + EscapeHtml(sentence.text.substr(at));
  }

  std::string SectionHtml(const Section& section) {
    std::string out =
        fmt::format("<section aria-labelledby=\"{0}\"{2}><h2 id=\"{0}\">{1}</h2>\n", section.key,
                    EscapeHtml(section.title), section.key == "headline" ? " class=\"lead\"" : "");
    for (const Block& block : section.blocks) out += BlockHtml(block, section.key == "headline");
    return out + "</section>\n";
  }

  std::string BlockHtml(const Block& block, bool lead) {
    switch (block.kind) {
      case Block::Kind::kText:
      case Block::Kind::kCallout: {
        std::string text;
        for (const Sentence& sentence : block.sentences) {
          text += (text.empty() ? "" : " ") + SentenceHtml(sentence, lead);
        }
        return fmt::format("<p{}>{}</p>\n",
                           block.kind == Block::Kind::kCallout ? " class=\"callout\"" : "", text);
      }
      case Block::Kind::kList: {
        std::string out = "<ul>\n";
        for (const auto& item : block.items) {
          out += "<li>";
          for (std::size_t i = 0; i < item.size(); ++i) {
            out += i == 0 ? SentenceHtml(item[i], false)
                          : "<span>" + SentenceHtml(item[i], false) + "</span>";
          }
          out += "</li>\n";
        }
        return out + "</ul>\n";
      }
      case Block::Kind::kTiles: {
        std::string out = "<ul class=\"tiles\">\n";
        for (const Tile& tile : block.tiles) {
          out += fmt::format("<li><span class=\"label\">{}</span><strong>{}</strong>",
                             EscapeHtml(tile.label), EscapeHtml(tile.value));
          if (tile.note) {
            out += fmt::format("<span class=\"{}\">{}</span>", tile.tone,
                               SentenceHtml(*tile.note, false));
          }
          out += fmt::format("<span>{}</span></li>\n", EscapeHtml(tile.truth));
        }
        return out + "</ul>\n";
      }
      case Block::Kind::kTable:
        return TableHtml(*block.table);
      case Block::Kind::kChart: {
        const Chart& chart = *block.chart;
        const std::string id = fmt::format("chart{}", ++charts_);
        return fmt::format(
            "<figure><figcaption>{}</figcaption>{}</figure>\n"
            "<details><summary>{}</summary>{}</details>\n",
            EscapeHtml(chart.caption), ChartSvg(chart, *texts_, id),
            EscapeHtml(texts_->Word("chart.table")), TableHtml(chart.table));
      }
    }
    Bug();
  }

  std::string TableHtml(const Table& table) const {
    std::string out = fmt::format(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>"
        "<caption>{0}</caption>\n<thead><tr>",
        EscapeHtml(table.caption));
    for (const TableColumn& column : table.columns) {
      out += fmt::format("<th scope=\"col\"{}{}>{}</th>", column.number ? " class=\"num\"" : "",
                         column.help.empty()
                             ? ""
                             : fmt::format(" title=\"{}\"", EscapeHtml(PlainText(column.help))),
                         EscapeHtml(PlainText(column.title)));
    }
    out += "</tr></thead>\n<tbody>\n";
    for (const TableRow& row : table.rows) out += RowHtml(table, row);
    out += "</tbody>";
    if (table.total) out += "\n<tfoot>" + RowHtml(table, *table.total) + "</tfoot>";
    out += "</table></div>\n";
    if (table.left_out > 0) {
      out += fmt::format("<p class=\"more\">+ {} {}</p>\n", texts_->Count(table.left_out),
                         EscapeHtml(texts_->Word("form.more")));
    }
    return out;
  }
  std::string RowHtml(const Table& table, const TableRow& row) const {
    const bool tone = row.tone == "good" || row.tone == "watch" || row.tone == "bad";
    std::string out = tone ? fmt::format("<tr class=\"tone-{}\">", row.tone) : "<tr>";
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const TableColumn& column = table.columns[i];
      const bool text = !column.number;
      std::string inside = EscapeHtml(row.cells[i].text);
      if (text && !inside.empty()) {
        inside = fmt::format("<bdi{}>{}</bdi>", column.foreign ? " lang=\"en\"" : "", inside);
      }
      if (i == 0) {
        out += fmt::format("<th scope=\"row\"{}>{}</th>", column.number ? " class=\"num\"" : "",
                           inside);
      } else {
        const bool day = std::holds_alternative<Day>(row.cells[i].raw);
        out += fmt::format("<td{}>{}</td>",
                           column.number ? " class=\"num\""
                           : day         ? " class=\"day\""
                                         : "",
                           inside);
      }
    }
    return out + "</tr>\n";
  }

  const Document& document_;
  std::shared_ptr<const Catalogue> texts_;
  int charts_ = 0;
};

}  // namespace

std::string HtmlOf(const Document& document) { return Html(document).Write(); }

}  // namespace maxopt::report
