#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/report/document.h"

/// Stage 4: from views to a document that says what happened, why, what Max did and what comes
/// next. Pure: the same views and settings give the same document.
namespace maxopt::report {

/// Of the grammar and the catalogues: changes whenever a stored report would be worded otherwise.
inline constexpr std::string_view kNarrativeVersion = "2";

/// A kind of report, as data.
struct Kind {
  std::string_view name;      ///< "performance"
  std::string_view what;      ///< one sentence
  std::string_view audience;  ///< for whom, where nobody says otherwise
  std::string_view sections;  ///< in order, separated by spaces
  std::string_view to;        ///< teammates, separated by spaces
};
std::span<const Kind> Kinds();
Result<const Kind*> FindKind(std::string_view name);
/// executive, client, operator, auditor: the same numbers, in more or less depth.
std::span<const std::string_view> Audiences();
/// awareness, traffic, leads, sales, app: which KPIs lead.
std::span<const std::string_view> CampaignTypes();
/// The leading metrics of a campaign type, the first one first.
std::vector<std::string> KpisOf(std::string_view campaign_type);
/// Metrics that a template may name as a KPI.
std::span<const std::string_view> KpiNames();
/// Every section there is.
std::span<const std::string_view> SectionNames();

/// The view of a report by its name in Inputs, and what to ask for it.
struct InputKind {
  std::string_view name;      ///< "campaigns"
  std::string_view view;      ///< of the registry of views
  std::string_view compare;   ///< "", previous, plan
  std::string_view by;        ///< separated by commas
  std::string_view metrics;   ///< separated by commas
  std::string_view extra;     ///< "grain=week"
  std::string_view sort;      ///< "-spend"
  int limit = 0;              ///< rows; 0: all
  int history_weeks = 0;      ///< above 0: of so many weeks that end before the period
  std::string_view sections;  ///< sections that need it, separated by spaces; "*": every report
};
std::span<const InputKind> InputKinds();
/// Those that a report with these sections needs.
std::vector<const InputKind*> InputsFor(const std::vector<std::string>& sections);
/// The sections of a report: the template's, else the kind's, without those that its audience does
/// not read.
std::vector<std::string> SectionsOf(const Settings& settings);

/// kInvalidArgument: a kind, audience, language, campaign type, section or KPI that is not known,
/// or an empty period.
Result<> CheckSettings(const Settings& settings);

/// Writes the document, in the words that the settings keep for it, then checks every sentence of
/// it against the data. Errors: CheckSettings; kRefused: a number in the prose that does not
/// resolve to a cell or a derivation, kept words that do not say what their paragraph says.
Result<Document> Compose(const Settings& settings, const Inputs& inputs);

/// A paragraph that may be put into other words: each of what it says, slots as {name}, without
/// numbers and names. Disclaimers (sections data and method) are none of them.
struct ParagraphText {
  std::string place;  ///< as in Wording
  std::vector<std::string> texts;
};
Result<std::vector<ParagraphText>> ParagraphsOf(const Document& document, const Inputs& inputs);
/// Says the paragraph in these words, one text a sentence. kInvalidArgument: why not; kNotFound: no
/// such place. Then the document is as it was.
Result<> RewordParagraph(Document& document, const Inputs& inputs, const std::string& place,
                         const std::vector<std::string>& texts);

/// The last step of Compose, also for documents from elsewhere: every number of every sentence
/// resolves, every tile and table cell says what its cell says.
Result<> CheckDocument(const Document& document, const Inputs& inputs);

/// Settings and views as one JSON text, and back. The same inputs give the same bytes.
std::string InputsJson(const Settings& settings, const Inputs& inputs);
struct Stored {
  Settings settings;
  Inputs inputs;
};
Result<Stored> ReadInputs(std::string_view json);

}  // namespace maxopt::report
