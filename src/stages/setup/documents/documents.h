#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"
#include "domain/experiment.h"
#include "result/result.h"

namespace maxopt {

/// Where a value was written. Travels with it into findings, matrix and reports.
struct Place {
  std::string file;   ///< "media_plan.xlsx"
  std::string sheet;  ///< of a workbook; empty otherwise
  int line = 0;       ///< line of a text file, row of a sheet; from 1
  std::string cell;   ///< "F3" of a sheet or CSV table; empty otherwise
  friend bool operator==(const Place&, const Place&) = default;
};
/// "brief.yaml:14", "plan.csv, cell F3", "spring.xlsx, sheet Media plan, cell F3"
std::string PrintPlace(const Place& place);

/// A value and where it was written.
template <class T>
struct Said {
  T value;
  Place place{};
};
template <class T>
using MaybeSaid = std::optional<Said<T>>;

/// Fields of the catalogue (domain/entity.h), each with the place of its value.
struct SaidFields {
  Fields values;
  std::map<std::string, Place> places;
  /// Place of a field; `fallback` when it was not written.
  const Place& PlaceOf(const std::string& field, const Place& fallback) const {
    const auto at = places.find(field);
    return at == places.end() ? fallback : at->second;
  }
};

struct KpiTarget {
  Place place;
  std::string metric;  ///< spend | impressions | clicks | ctr | cpc | cpm | conversions | cvr | cpa
                       ///< | revenue | roas
  std::string target;  ///< decimal text, money in the brief's currency; roas as a ratio: "4.0"
  std::string importance;                             ///< primary | secondary | guard
  std::optional<int> warn_percent, critical_percent;  ///< over the tier's defaults
};

/// What counts as success and how it is credited: made or linked on every platform.
struct ConversionGoal {
  Place place;
  std::string name;   ///< "Purchase"
  std::string event;  ///< conversion_event of the catalogue: purchase, lead, ...
  std::string counting = "every";
  int click_days = 30;
  int view_days = 1;
  std::string model = "last_click";  ///< last_click | data_driven
};

/// Attribution of the campaign's own (observed) view.
struct AttributionChoice {
  Place place;
  std::string model = "last_click";  ///< last_click | first_click | linear | time_decay | position
                                     ///< | markov | shapley
  int click_days = 30;
  int view_days = 1;
};

struct ExperimentDocument {
  Place place;
  std::string name, hypothesis, kpi;
  ExperimentVariable variable = ExperimentVariable::kCreative;
  struct Arm {
    Place place;
    std::string name;
    /// What the arm is made of: "package", "package/ad group" or "package/ad group/ad" by their
    /// names in the documents. A geo holdout states places instead.
    std::vector<std::string> of;
    std::vector<std::string> places;
    int share_percent = 50;
  };
  std::vector<Arm> arms;
  std::optional<Day> start, end;  ///< absent: from the flight and from the power calculation
  double baseline = 0;     ///< expected value of the KPI in the control arm, a rate in (0, 1)
  double mde_percent = 0;  ///< smallest relative difference worth finding
  double alpha = 0.05, power = 0.8;
};

/// Campaign brief and strategy, from the strategy planner.
struct Brief {
  Place place;
  Said<std::string> client, campaign, objective, landing_url;
  std::string brand;  ///< defaults to the client
  Said<Currency> currency;
  Said<Day> start, end;
  Said<Money> total_budget{Money::Zero(kNoCurrency), {}};  ///< hard
  MaybeSaid<Money> daily_budget_cap;                       ///< hard, over all packages
  MaybeSaid<std::string> budget_cap_timezone;  ///< IANA; a day of the cap is a day there
  std::vector<KpiTarget> kpis;
  std::vector<ConversionGoal> conversions;
  std::optional<AttributionChoice> attribution;
  MaybeSaid<std::vector<std::string>> special_categories;
  MaybeSaid<bool> eu_political;
  SaidFields audience;  ///< countries, languages, age_min, age_max, genders: the widest allowed
  MaybeSaid<std::string> tracking;  ///< utm template, see stages/setup/tracking
  std::vector<ExperimentDocument> experiments;
  std::string po_number, estimate_number;
};

/// One package of the media plan = one campaign on one platform.
struct Package {
  Place place;
  Said<std::string> name;  ///< "search-brand": the channel's name in every campaign
  Said<AccountId> account;
  MaybeSaid<std::string> campaign_name;  ///< the platform's name, when not made by the grammar
  MaybeSaid<Money> budget;               ///< for the whole flight
  MaybeSaid<Money> daily_budget;         ///< absent: budget spread over the flight
  MaybeSaid<Money> min_spend_target;     ///< soft
  Said<std::string> budget_owner{"campaign", {}};    ///< campaign | ad_group
  Said<std::string> budget_allocation{"fixed", {}};  ///< fixed | optimised: may the optimiser move
  MaybeSaid<Day> start, end;                         ///< absent: the brief's
  /// "always_on: true": no end date on the platform; excludes `end`. Adopted campaigns are often
  /// so.
  MaybeSaid<bool> always_on;
  MaybeSaid<std::vector<std::string>> optimization_goals;       ///< in order of priority
  std::map<std::string, Said<std::int64_t>> committed_metrics;  ///< "impressions": 1000000
  SaidFields fields;  ///< channel_type, pacing, countries, ...: campaign fields of the catalogue
};
struct MediaPlan {
  Place place;
  std::vector<Package> packages;
};

/// A file of the library, or (file empty) one that is on a platform already: `account` and
/// `platform_id` (document keys "account: meta/880011223344" and "platform_id: ...").
struct AssetDocument {
  Place place;
  std::string name;    ///< "dawn"
  std::string file;    ///< as written, relative to the document
  std::string bytes;   ///< its content
  std::string sha256;  ///< of the content; when the document states one, they were compared
  std::string alt;     ///< alternative text
  std::optional<AccountId> account;
  std::string platform_id;
};
struct AdDocument {
  Place place;
  Said<std::string> name;
  /// The platform's name, where it is not `name`: two adopted ads may be called the same there.
  MaybeSaid<std::string> ad_name;
  std::vector<Said<std::string>> packages;  ///< where it may run; empty: where buys assign it
  SaidFields fields;                        ///< ad fields of the catalogue, texts above all
  MaybeSaid<std::string> image, video, thumbnail;  ///< names of assets
  std::vector<Said<std::string>> images;           ///< a carousel's
};
struct Guidelines {
  Place place;
  std::vector<std::string> forbidden_words;  ///< never in any text
  std::vector<std::string> required_words;   ///< each in at least one text of every ad
};
/// Creative assets and guidelines, from the creative director.
struct Creatives {
  Place place;
  std::vector<AssetDocument> assets;
  std::vector<AdDocument> ads;
  std::optional<Guidelines> guidelines;
};

struct BuyAdGroup {
  Place place;
  Said<std::string> name;
  MaybeSaid<std::string> ad_group_name;  ///< the platform's name, where it is not `name`
  SaidFields fields;                     ///< ad group fields of the catalogue
  std::vector<Said<std::string>> ads;    ///< names of ads; empty: all of the package's
};
/// Media buying details and placements of one package, from the media buyer.
struct Buy {
  Place place;
  Said<std::string> package;
  SaidFields fields;  ///< campaign fields: bid_strategy, dayparts, ...
  std::vector<BuyAdGroup> ad_groups;
};
struct Buys {
  Place place;
  std::vector<Buy> buys;
};

/// The four documents of one campaign.
struct CampaignDocuments {
  Brief brief;
  MediaPlan media_plan;
  Creatives creatives;
  Buys buys;
};

/// One file as it was handed over. A workbook may hold all four as sheets.
struct DocumentFile {
  std::string name;  ///< as people know it, with its extension: .yaml .yml .json .csv .xlsx
  std::string bytes;
};
/// Reads a file that a document names (an asset), relative to it. Absolute paths and ".." are
/// refused before it is called. Where there is none, assets are not looked at.
using ReadFile = std::function<Result<std::string>(const std::string& name)>;

/// The four documents from their files, in any of their forms, in any order. Every error names file
/// and place, says what is wrong and what to do; all errors of all files are given at once, one a
/// line. Unknown keys are refused: a misspelt budget is not a default. Sizes, nesting, aliases and
/// counts are limited. Pure but for `read_file`.
Result<CampaignDocuments> ParseDocuments(const std::vector<DocumentFile>& files,
                                         const ReadFile& read_file);

/// The same of whichever of the four are there, at least one; the others stay empty. A workbook's
/// sheet that holds no more than its template is not there.
Result<CampaignDocuments> ParseSomeDocuments(const std::vector<DocumentFile>& files,
                                             const ReadFile& read_file);

/// JSON Schema (draft 7) of a document: "brief", "media_plan", "creatives" or "buys". Generated
/// from the same table that reads them; committed under schemas/.
Result<std::string> DocumentSchema(std::string_view kind);
/// An empty sheet to fill in: header and one commented example row, as CSV. Also of the parts that
/// may be sheets of their own: "assets", "guidelines", "kpis", "conversions", "experiments".
Result<std::string> DocumentTemplateCsv(std::string_view kind);
/// The same as a workbook: all sheets of a document, or of all four for "workbook".
Result<std::string> DocumentTemplateXlsx(std::string_view kind);
/// The same as YAML: every field with its meaning, those that may be left out as comments.
Result<std::string> DocumentTemplateYaml(std::string_view kind);

/// The four documents as YAML files (brief.yaml, media_plan.yaml, creatives.yaml, buys.yaml), which
/// read back as the same documents. Asset bytes are not in them.
std::vector<DocumentFile> PrintDocuments(const CampaignDocuments& documents);
/// The same as JSON.
std::vector<DocumentFile> PrintDocumentsJson(const CampaignDocuments& documents);
/// The same as CSV sheets (brief.csv, media_plan.csv, creatives.csv, assets.csv, guidelines.csv,
/// buys.csv; those that would be empty are left out) and as one workbook. Line breaks within a text
/// of a list become spaces.
std::vector<DocumentFile> PrintDocumentsCsv(const CampaignDocuments& documents);
Result<std::string> PrintDocumentsXlsx(const CampaignDocuments& documents);

}  // namespace maxopt
