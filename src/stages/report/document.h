#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stages/report/cells/cells.h"
#include "stages/report/insights/insights.h"
#include "stages/report/narrative/narrative.h"

/// A report before it has a form: sections of sentences, tiles, tables and charts, in one language.
/// Everything that is shown in any form is in here, written out; forms add nothing.
namespace maxopt::report {

/// How a report looks. Colours are "#rrggbb" and have been checked for contrast (reports.yaml).
struct Branding {
  std::string name{};                   ///< who hands the report over; empty: nobody is named
  std::string accent = "#1f5fa8";       ///< headings, bars and the first line, on white
  std::string accent_dark = "#7db3ee";  ///< the same on the dark page
  std::string logo{};                   ///< data:image/png;base64,... or data:image/jpeg;...
  std::string footer{};                 ///< one sentence at the end
};

/// What a language model made of a report's paragraphs, once: the report is made again from this
/// without asking it.
struct Wording {
  std::string model{}, tone{};
  /// By place ("headline/0", "campaigns/2/3": section, block, item): each sentence's text with its
  /// slots, as Catalogue::Reword takes it.
  std::map<std::string, std::vector<std::string>> paragraphs{};
  /// Paragraphs that stayed Max's own words, and why; place "": all of them.
  struct Kept {
    std::string place, why;
  };
  std::vector<Kept> kept{};
};

/// What a report is of, beside its data. Kept with the data, so that it can be made again.
struct Settings {
  std::string id{}, client{}, kind{}, audience{}, language{}, campaign_type{}, template_name{};
  Day from{}, to{};  ///< inclusive, in the client's zone
  Instant as_of{};   ///< what was known then
  Instant made_at{};
  std::string by{};         ///< who asked for it
  std::string zone{};       ///< the client's
  std::string software{};   ///< version that made it
  std::string narrative{};  ///< of grammar and catalogues
  Branding brand{};
  std::vector<std::string> kpis{};      ///< metrics, the leading one first
  std::vector<std::string> sections{};  ///< what the template asks for; empty: the kind's own
  /// Views that could not be made, and why: the report says so instead of leaving them out.
  struct Missing {
    std::string view, why;
  };
  std::vector<Missing> missing{};
  std::optional<Wording> wording{};  ///< absent: no model was to word it
};

struct TableColumn {
  std::string name, title, help;
  bool number = false;
  Truth truth = Truth::kNone;
  bool foreign = false;  ///< texts in it are English whatever the report's language
};
struct TableCell {
  std::string text;  ///< as a person reads it
  ViewCell raw{};    ///< for spreadsheets and programs
};
struct TableRow {
  std::string key;  ///< of the view's row, "@totals" for the sum
  std::vector<TableCell> cells;
  std::string tone{};
  std::optional<double> known{};
};
/// Cells of one view: `columns[i]` of row `key` is the view's cell of that name.
struct Table {
  std::string view, caption;
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
  std::optional<TableRow> total{};
  std::int64_t left_out = 0;  ///< rows that the view has beyond these
};

struct Series {
  std::string name;
  std::vector<std::optional<double>> values;  ///< absent where there is no data
  std::vector<std::string> texts;             ///< each as a person reads it
};
/// A chart with the table behind it, which has the same cells.
struct Chart {
  enum class Kind { kLine, kBars, kHeat } kind = Kind::kLine;
  std::string caption;
  std::string unit{};               ///< of the axis: "EUR", "" for counts
  std::vector<std::string> labels;  ///< along the axis; of a heat map the columns
  std::vector<Series> series;       ///< of a heat map the rows
  Table table;
};

/// A number that leads.
struct Tile {
  std::string label, value;
  Source source{};
  std::optional<Sentence> note{};  ///< against the period before
  std::string tone{};              ///< "", "good", "bad"
  std::string truth{};             ///< whose number it is, in words
};

struct Block {
  enum class Kind { kText, kList, kTiles, kTable, kChart, kCallout } kind = Kind::kText;
  std::vector<Sentence> sentences{};           ///< kText, kCallout: one paragraph
  std::vector<std::vector<Sentence>> items{};  ///< kList
  std::vector<Tile> tiles{};
  std::optional<Table> table{};
  std::optional<Chart> chart{};
};
struct Section {
  std::string key, title;
  std::vector<Block> blocks{};
};

struct Document {
  Settings settings;
  std::string title, subtitle, period;  ///< "Performance report", "Alpenglow", "1 March – 14 ..."
  std::vector<Section> sections;
  std::vector<Insight> insights;
  std::vector<Derivation> derivations;
};

}  // namespace maxopt::report
