#include "stages/setup/documents/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace maxopt::documents {
namespace {

using enum Kind;

constexpr std::string_view kObjectives = "awareness | traffic | engagement | leads | app | sales";
constexpr std::string_view kMetrics =
    "spend | impressions | clicks | ctr | cpc | cpm | conversions | cvr | cpa | revenue | roas";
constexpr std::string_view kEvents =
    "purchase | lead | sign_up | add_to_cart | begin_checkout | page_view | app_install | ...";
constexpr std::string_view kGoals = "impressions | reach | clicks | conversions | value";

/// What documents say about fields of the catalogue beyond their type.
const std::vector<Field>& CatalogueDetails() {
  static const std::vector<Field> details = {
      {.name = "objective", .kind = kWord, .example = "sales", .words = kObjectives},
      {.name = "channel_type",
       .kind = kWord,
       .example = "search",
       .words = "search | display | video | performance_max | demand_gen | social",
       .aliases = "inventory; campaign type"},
      {.name = "daily_budget", .kind = kMoney, .example = "50.00"},
      {.name = "lifetime_budget", .kind = kMoney, .example = "1500.00"},
      {.name = "start_at", .kind = kTime, .example = "2026-03-01 08:00:00"},
      {.name = "end_at", .kind = kTime, .example = "2026-04-30 20:00:00"},
      {.name = "bid_strategy",
       .kind = kWord,
       .example = "maximize_conversions",
       .words = "manual_cpc | maximize_clicks | maximize_conversions | maximize_value | "
                "target_cpa | target_roas | lowest_cost | bid_cap | cost_cap | min_roas",
       .aliases = "bidding; bidding strategy"},
      {.name = "target_cpa", .kind = kMoney, .example = "25.00", .header = "Target CPA"},
      {.name = "target_roas_bp",
       .kind = kInteger,
       .example = "40000",
       .low = 1,
       .high = 10'000'000,
       .header = "Target ROAS (bp)"},
      {.name = "pacing", .kind = kWord, .example = "even", .words = "even | asap"},
      {.name = "frequency_cap", .kind = kInteger, .example = "3", .low = 1, .high = 1000},
      {.name = "frequency_days", .kind = kInteger, .example = "7", .low = 1, .high = 90},
      {.name = "dayparts",
       .kind = kTexts,
       .example = "mon-fri 08:00-20:00",
       .items = Items::kDaypart,
       .aliases = "schedule; ad schedule"},
      {.name = "bid_modifiers",
       .kind = kTexts,
       .example = "device:mobile 0.9",
       .items = Items::kModifier,
       .aliases = "bid adjustments"},
      {.name = "locations", .kind = kTexts, .example = "1003854", .items = Items::kName},
      {.name = "excluded_locations", .kind = kTexts, .example = "20228", .items = Items::kName},
      {.name = "negative_keywords",
       .kind = kTexts,
       .example = "broad:free",
       .items = Items::kKeyword},
      {.name = "special_categories",
       .kind = kTexts,
       .example = "housing",
       .words = "housing | employment | credit | politics",
       .items = Items::kWords},
      {.name = "eu_political",
       .kind = kBool,
       .example = "false",
       .header = "EU political",
       .aliases = "eu political advertising"},
      {.name = "bid", .kind = kMoney, .example = "0.90", .aliases = "max bid; max cpc"},
      {.name = "optimization_goal",
       .kind = kWord,
       .example = "conversions",
       .words = kGoals,
       .aliases = "optimisation goal"},
      {.name = "billing_event",
       .kind = kWord,
       .example = "impressions",
       .words = "impressions | clicks"},
      {.name = "conversion_event", .kind = kWord, .example = "purchase", .words = kEvents},
      {.name = "pixel_id", .kind = kDigits, .example = "770011223344", .header = "Pixel"},
      {.name = "attribution_click_days", .kind = kInteger, .example = "7", .low = 1, .high = 90},
      {.name = "attribution_view_days", .kind = kInteger, .example = "1", .low = 0, .high = 30},
      {.name = "countries",
       .kind = kTexts,
       .example = "DE",
       .items = Items::kCountry,
       .aliases = "country; geo"},
      {.name = "languages",
       .kind = kTexts,
       .example = "de",
       .items = Items::kLanguage,
       .aliases = "language"},
      {.name = "age_min",
       .kind = kInteger,
       .example = "25",
       .low = 13,
       .high = 65,
       .aliases = "age from; min age"},
      {.name = "age_max",
       .kind = kInteger,
       .example = "54",
       .low = 13,
       .high = 65,
       .aliases = "age to; max age"},
      {.name = "genders",
       .kind = kTexts,
       .example = "female",
       .words = "female | male",
       .items = Items::kWords,
       .aliases = "gender"},
      {.name = "keywords",
       .kind = kTexts,
       .example = "phrase:trail shoes",
       .items = Items::kKeyword},
      {.name = "audiences", .kind = kTexts, .example = "23850000000000111", .items = Items::kName},
      {.name = "excluded_audiences",
       .kind = kTexts,
       .example = "23850000000000112",
       .items = Items::kName},
      {.name = "placements",
       .kind = kTexts,
       .example = "facebook_feed",
       .items = Items::kName,
       .aliases = "placement"},
      {.name = "headlines",
       .kind = kTexts,
       .example = "Trail shoes that hold",
       .aliases = "headline"},
      {.name = "descriptions",
       .kind = kTexts,
       .example = "A sole for wet rock.",
       .aliases = "description; primary text; body"},
      {.name = "landing_url",
       .kind = kUrl,
       .example = "https://alpenglow.example/trails",
       .header = "Landing page",
       .aliases = "url; final url; link"},
      {.name = "url_tags", .kind = kName, .example = "utm_source=meta", .header = "URL tags"},
      {.name = "call_to_action",
       .kind = kWord,
       .example = "shop_now",
       .words = "shop_now | learn_more | sign_up | download | ...",
       .aliases = "cta"},
      {.name = "page_id",
       .kind = kDigits,
       .example = "110022003300",
       .header = "Page",
       .aliases = "identity"},
  };
  return details;
}

Kind KindOf(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return kBool;
    case FieldType::kInteger:
      return kInteger;
    case FieldType::kText:
      return kName;
    case FieldType::kMoney:
      return kMoney;
    case FieldType::kList:
      return kTexts;
  }
  Bug();
}

/// The catalogue's writable fields of a level behind the document's own.
std::vector<Field> With(std::vector<Field> own, char level, std::string_view left_out) {
  const Words skip = SplitWords(left_out);
  for (const FieldSpec& spec : FieldCatalogue()) {
    if (!spec.writable || spec.levels.find(level) == std::string_view::npos) continue;
    if (std::find(skip.words.begin(), skip.words.end(), spec.name) != skip.words.end()) continue;
    Field field{.name = spec.name, .kind = KindOf(spec.type), .low = 0, .high = 1e15};
    for (const Field& detail : CatalogueDetails()) {
      if (detail.name == spec.name) field = detail;
    }
    field.meaning = spec.meaning;
    field.catalogue = true;
    own.push_back(field);
  }
  return own;
}

/// Names are made by the naming grammar and status is always paused at first; flights and budgets
/// of a campaign are the media plan's own fields.
constexpr std::string_view kNotOfCampaigns =
    "name | status | daily_budget | lifetime_budget | start_at | end_at";

const Object& KpiTable() {
  static const Object table{
      "KPI",
      {{.name = "metric",
        .kind = kWord,
        .required = true,
        .meaning = "what is judged",
        .example = "roas",
        .words = kMetrics,
        .header = "KPI",
        .aliases = "metric"},
       {.name = "target",
        .kind = kDecimal,
        .required = true,
        .meaning = "to be reached: money in the brief's currency, a rate or a ratio",
        .example = "4.0"},
       {.name = "importance",
        .kind = kWord,
        .required = true,
        .meaning = "primary is looked at most often; a guard must merely not get worse",
        .example = "primary",
        .words = "primary | secondary | guard"},
       {.name = "warn_percent",
        .kind = kInteger,
        .meaning = "warn when this far from the target, in place of the tier's default",
        .example = "10",
        .low = 1,
        .high = 1000},
       {.name = "critical_percent",
        .kind = kInteger,
        .meaning = "alarm when this far from the target",
        .example = "25",
        .low = 1,
        .high = 1000}}};
  return table;
}

const Object& ConversionTable() {
  static const Object table{"conversion",
                            {{.name = "name",
                              .kind = kName,
                              .required = true,
                              .meaning = "as the platforms show it",
                              .example = "Purchase",
                              .header = "Conversion"},
                             {.name = "event",
                              .kind = kWord,
                              .required = true,
                              .meaning = "what is counted",
                              .example = "purchase",
                              .words = kEvents},
                             {.name = "counting",
                              .kind = kWord,
                              .meaning = "all of one person's, or only the first",
                              .example = "every",
                              .words = "every | one"},
                             {.name = "click_days",
                              .kind = kInteger,
                              .meaning = "counts this long after a click",
                              .example = "30",
                              .low = 1,
                              .high = 90},
                             {.name = "view_days",
                              .kind = kInteger,
                              .meaning = "... after a view without a click; 0: not",
                              .example = "1",
                              .low = 0,
                              .high = 30},
                             {.name = "model",
                              .kind = kWord,
                              .meaning = "how the platforms credit it",
                              .example = "last_click",
                              .words = "last_click | data_driven"}}};
  return table;
}

const Object& AttributionTable() {
  static const Object table{
      "attribution",
      {{.name = "model",
        .kind = kWord,
        .meaning = "how Max credits what it observes itself",
        .example = "last_click",
        .words = "last_click | first_click | linear | time_decay | position | markov | shapley"},
       {.name = "click_days",
        .kind = kInteger,
        .meaning = "credit reaches back this far to a click",
        .example = "30",
        .low = 1,
        .high = 90},
       {.name = "view_days",
        .kind = kInteger,
        .meaning = "... to a view; 0: not",
        .example = "1",
        .low = 0,
        .high = 30}}};
  return table;
}

const Object& AudienceTable() {
  static const Object table = [] {
    Object audience{"audience", {}};
    for (const Field& field : With({}, 'g', "")) {
      for (const std::string_view name :
           {"countries", "languages", "age_min", "age_max", "genders"}) {
        if (field.name == name) audience.fields.push_back(field);
      }
    }
    return audience;
  }();
  return table;
}

const Object& ArmTable() {
  static const Object table{
      "arm",
      {{.name = "name",
        .kind = kName,
        .required = true,
        .meaning = "of the arm",
        .example = "dawn",
        .header = "Arm"},
       {.name = "of",
        .kind = kTexts,
        .meaning = "what it is made of: package, package/ad group or package/ad group/ad",
        .example = "social-prospecting/Outdoor 25-54/Dawn",
        .items = Items::kName,
        .header = "Arm of"},
       {.name = "places",
        .kind = kTexts,
        .meaning = "of a geo holdout: countries or the platform's ids of places",
        .example = "AT",
        .items = Items::kName,
        .header = "Arm places"},
       {.name = "share_percent",
        .kind = kInteger,
        .meaning = "of the budget or the audience",
        .example = "50",
        .low = 1,
        .high = 99,
        .header = "Arm share"}}};
  return table;
}

const Object& ExperimentTable() {
  static const Object table{
      "experiment",
      {{.name = "name",
        .kind = kName,
        .required = true,
        .meaning = "of the experiment",
        .example = "Dawn or Ridge",
        .header = "Experiment"},
       {.name = "hypothesis",
        .kind = kText,
        .required = true,
        .meaning = "what is expected, and why",
        .example = "Faces of dawn bring more clicks."},
       {.name = "kpi",
        .kind = kWord,
        .required = true,
        .meaning = "what the arms are compared by",
        .example = "ctr",
        .words = kMetrics,
        .header = "Compared by"},
       {.name = "variable",
        .kind = kWord,
        .meaning = "the one thing that differs",
        .example = "creative",
        .words = "creative | audience | bid | geo_holdout"},
       {.name = "start",
        .kind = kDay,
        .meaning = "first day; absent: the flight's",
        .example = "2026-03-08"},
       {.name = "end",
        .kind = kDay,
        .meaning = "last day; absent: from the power calculation",
        .example = "2026-04-04"},
       {.name = "baseline",
        .kind = kReal,
        .required = true,
        .meaning = "expected value of the KPI in the control arm, a rate between 0 and 1",
        .example = "0.012",
        .low = 1e-9,
        .high = 0.999999999},
       {.name = "mde_percent",
        .kind = kReal,
        .required = true,
        .meaning = "smallest relative difference worth finding",
        .example = "15",
        .low = 0.01,
        .high = 1000,
        .header = "Smallest difference (%)"},
       {.name = "alpha",
        .kind = kReal,
        .meaning = "chance of a false alarm",
        .example = "0.05",
        .low = 0.0001,
        .high = 0.5},
       {.name = "power",
        .kind = kReal,
        .meaning = "chance to find the difference if it is there",
        .example = "0.8",
        .low = 0.5,
        .high = 0.9999},
       {.name = "arms",
        .kind = kObjects,
        .required = true,
        .meaning = "two or more; the first is the control",
        .of = &ArmTable()}}};
  return table;
}

const Object& PackageTable() {
  static const Object table{
      "package",
      With({{.name = "name",
             .kind = kKey,
             .required = true,
             .meaning = "one campaign on one platform; the channel's name in every report",
             .example = "search-brand",
             .header = "Package",
             .aliases = "channel; line"},
            {.name = "platform",
             .kind = kPlatform,
             .required = true,
             .meaning = "google_ads, meta, tiktok, ...",
             .example = "google_ads"},
            {.name = "account",
             .kind = kDigits,
             .required = true,
             .meaning = "the account's id, digits only; in a sheet as text",
             .example = "4471189001",
             .aliases = "account id"},
            {.name = "campaign_name",
             .kind = kName,
             .meaning = "the platform's name, when not made by the naming grammar",
             .example = "Alpenglow | search-brand | Spring trails"},
            {.name = "budget",
             .kind = kMoney,
             .meaning = "for the whole flight",
             .example = "12200.00",
             .aliases = "total budget; flight budget"},
            {.name = "daily_budget",
             .kind = kMoney,
             .meaning = "average per day; absent: the budget spread over the flight",
             .example = "200.00",
             .aliases = "budget per day"},
            {.name = "min_spend_target",
             .kind = kMoney,
             .meaning = "wanted at least over the flight; soft",
             .example = "10000.00"},
            {.name = "budget_owner",
             .kind = kWord,
             .meaning = "where the daily budget is set",
             .example = "campaign",
             .words = "campaign | ad_group"},
            {.name = "budget_allocation",
             .kind = kWord,
             .meaning = "whether the optimiser may move it (optimised) or not (fixed)",
             .example = "optimised",
             .words = "fixed | optimised",
             .aliases = "allocation"},
            {.name = "start",
             .kind = kDay,
             .meaning = "first day; absent: the brief's",
             .example = "2026-03-01",
             .aliases = "start date; flight start"},
            {.name = "end",
             .kind = kDay,
             .meaning = "last day; absent: the brief's",
             .example = "2026-04-30",
             .aliases = "end date; flight end"},
            {.name = "always_on",
             .kind = kBool,
             .meaning = "no end date on the platform; excludes end",
             .example = "false"},
            {.name = "optimization_goals",
             .kind = kTexts,
             .meaning = "what the platform shall optimise for, in order of priority",
             .example = "conversions",
             .words = kGoals,
             .items = Items::kWords,
             .aliases = "optimisation goals; goals"},
            {.name = "committed_metrics",
             .kind = kCounts,
             .meaning = "what the seller has committed to: impressions: 1000000",
             .example = "impressions: 1000000"}},
           'c', kNotOfCampaigns)};
  return table;
}

const Object& AssetTable() {
  static const Object table{"asset",
                            {{.name = "name",
                              .kind = kName,
                              .required = true,
                              .meaning = "by which ads call it",
                              .example = "dawn",
                              .header = "Asset"},
                             {.name = "file",
                              .kind = kFile,
                              .meaning = "a picture or video, relative to the document",
                              .example = "creatives/dawn.png"},
                             {.name = "sha256",
                              .kind = kSha256,
                              .meaning = "of the file, to be compared with it",
                              .header = "SHA-256"},
                             {.name = "alt",
                              .kind = kText,
                              .meaning = "alternative text",
                              .example = "A runner at first light",
                              .aliases = "alternative text; alt text"},
                             {.name = "account",
                              .kind = kAccount,
                              .meaning = "of an asset that is on a platform already: platform/id",
                              .example = "meta/880011223344"},
                             {.name = "platform_id",
                              .kind = kName,
                              .meaning = "of an asset that is on a platform already",
                              .example = "23850000000000999"}}};
  return table;
}

const Object& AdTable() {
  static const Object table{"ad",
                            With({{.name = "name",
                                   .kind = kName,
                                   .required = true,
                                   .meaning = "of the ad",
                                   .example = "Dawn",
                                   .header = "Ad",
                                   .aliases = "ad name in the documents"},
                                  {.name = "ad_name",
                                   .kind = kName,
                                   .meaning = "the platform's name, where it is another",
                                   .example = "Dawn 2026",
                                   .header = "Name on the platform"},
                                  {.name = "packages",
                                   .kind = kTexts,
                                   .meaning = "where it may run; absent: where the buys put it",
                                   .example = "social-prospecting",
                                   .items = Items::kName,
                                   .aliases = "package"},
                                  {.name = "image",
                                   .kind = kName,
                                   .meaning = "an asset's name, or a file",
                                   .example = "dawn",
                                   .aliases = "image file; picture"},
                                  {.name = "video",
                                   .kind = kName,
                                   .meaning = "an asset's name, or a file",
                                   .example = "run",
                                   .aliases = "video file"},
                                  {.name = "thumbnail",
                                   .kind = kName,
                                   .meaning = "picture shown before the video",
                                   .example = "run-still",
                                   .aliases = "thumbnail file"},
                                  {.name = "images",
                                   .kind = kTexts,
                                   .meaning = "of a carousel, in order",
                                   .example = "dawn; ridge",
                                   .items = Items::kName,
                                   .aliases = "carousel"}},
                                 'a', "name | status | image | video | thumbnail | images")};
  return table;
}

const Object& GuidelinesTable() {
  static const Object table{"guidelines",
                            {{.name = "forbidden_words",
                              .kind = kTexts,
                              .meaning = "never in any text",
                              .example = "cheap"},
                             {.name = "required_words",
                              .kind = kTexts,
                              .meaning = "each in at least one text of every ad",
                              .example = "Alpenglow"}}};
  return table;
}

const Object& AdGroupTable() {
  static const Object table{
      "ad group", With({{.name = "name",
                         .kind = kName,
                         .required = true,
                         .meaning = "of the ad group",
                         .example = "Brand",
                         .header = "Ad group",
                         .aliases = "ad set; adset; adgroup"},
                        {.name = "ad_group_name",
                         .kind = kName,
                         .meaning = "the platform's name, where it is another",
                         .example = "Brand 2026",
                         .header = "Name on the platform"},
                        {.name = "ads",
                         .kind = kTexts,
                         .meaning = "names of ads; absent: all that may run in the package",
                         .example = "Dawn; Ridge",
                         .items = Items::kName}},
                       'g', "name | status")};
  return table;
}

const Object& BuyTable() {
  static const Object table{"buy", With({{.name = "package",
                                          .kind = kKey,
                                          .required = true,
                                          .meaning = "of the media plan",
                                          .example = "search-brand",
                                          .aliases = "channel; line"},
                                         {.name = "ad_groups",
                                          .kind = kObjects,
                                          .meaning = "one or more",
                                          .of = &AdGroupTable()}},
                                        'c', kNotOfCampaigns)};
  return table;
}

}  // namespace

const Field* Object::Find(std::string_view field) const {
  const auto at =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == field; });
  return at == fields.end() ? nullptr : &*at;
}

const Object& BriefTable() {
  static const Object table{
      "brief",
      {{.name = "client",
        .kind = kName,
        .required = true,
        .meaning = "whose campaign it is",
        .example = "Alpenglow"},
       {.name = "campaign",
        .kind = kName,
        .required = true,
        .meaning = "its name",
        .example = "Spring trails",
        .aliases = "campaign name"},
       {.name = "brand", .kind = kName, .meaning = "absent: the client", .example = "Alpenglow"},
       {.name = "objective",
        .kind = kWord,
        .required = true,
        .meaning = "what it is for",
        .example = "sales",
        .words = kObjectives},
       {.name = "landing_url",
        .kind = kUrl,
        .required = true,
        .meaning = "where ads lead unless they say otherwise, without tracking parameters",
        .example = "https://alpenglow.example/trails",
        .header = "Landing page",
        .aliases = "url; landing url"},
       {.name = "currency",
        .kind = kCurrency,
        .required = true,
        .meaning = "of every amount in the four documents, ISO 4217",
        .example = "EUR"},
       {.name = "start",
        .kind = kDay,
        .required = true,
        .meaning = "first day of the flight",
        .example = "2026-03-01",
        .aliases = "start date; flight start"},
       {.name = "end",
        .kind = kDay,
        .required = true,
        .meaning = "last day of the flight",
        .example = "2026-04-30",
        .aliases = "end date; flight end"},
       {.name = "total_budget",
        .kind = kMoney,
        .required = true,
        .meaning = "of the whole flight; hard",
        .example = "91500.00",
        .aliases = "budget"},
       {.name = "daily_budget_cap",
        .kind = kMoney,
        .meaning = "most of a day over all packages; hard",
        .example = "1800.00"},
       {.name = "budget_cap_timezone",
        .kind = kZone,
        .meaning = "a day of the cap is a day there",
        .example = "Europe/Berlin",
        .aliases = "time zone; timezone"},
       {.name = "kpis",
        .kind = kObjects,
        .meaning = "what is judged, by importance",
        .header = "KPI",
        .of = &KpiTable()},
       {.name = "conversions",
        .kind = kObjects,
        .meaning = "what counts as success; made or linked on every platform",
        .header = "Conversion",
        .of = &ConversionTable()},
       {.name = "attribution",
        .kind = kObject,
        .meaning = "how success is credited",
        .of = &AttributionTable()},
       {.name = "special_categories",
        .kind = kTexts,
        .meaning = "that the law treats apart; an empty list says none",
        .example = "housing",
        .words = "housing | employment | credit | politics",
        .items = Items::kWords},
       {.name = "eu_political",
        .kind = kBool,
        .meaning = "is EU political advertising",
        .example = "false",
        .header = "EU political"},
       {.name = "audience",
        .kind = kObject,
        .meaning = "the widest that is allowed",
        .of = &AudienceTable()},
       {.name = "tracking",
        .kind = kName,
        .meaning = "template of the UTM parameters",
        .example = "utm_source={platform}&utm_medium=paid&utm_campaign={campaign}"},
       {.name = "experiments",
        .kind = kObjects,
        .meaning = "planned comparisons",
        .header = "Experiment",
        .of = &ExperimentTable()},
       {.name = "po_number",
        .kind = kName,
        .meaning = "purchase order",
        .example = "PO-2026-117",
        .header = "PO number"},
       {.name = "estimate_number",
        .kind = kName,
        .meaning = "the agency's estimate",
        .example = "E-4711"}}};
  return table;
}

const Object& MediaPlanTable() {
  static const Object table{"media plan",
                            {{.name = "packages",
                              .kind = kObjects,
                              .required = true,
                              .meaning = "one campaign on one platform each",
                              .of = &PackageTable()}}};
  return table;
}

const Object& CreativesTable() {
  static const Object table{
      "creatives",
      {{.name = "assets", .kind = kObjects, .meaning = "pictures and videos", .of = &AssetTable()},
       {.name = "ads",
        .kind = kObjects,
        .required = true,
        .meaning = "texts and what they show",
        .of = &AdTable()},
       {.name = "guidelines",
        .kind = kObject,
        .meaning = "for all texts",
        .of = &GuidelinesTable()}}};
  return table;
}

const Object& BuysTable() {
  static const Object table{"buys",
                            {{.name = "buys",
                              .kind = kObjects,
                              .required = true,
                              .meaning = "one for each package",
                              .of = &BuyTable()}}};
  return table;
}

Result<const Object*> TableOf(std::string_view kind) {
  if (kind == "brief") return &BriefTable();
  if (kind == "media_plan") return &MediaPlanTable();
  if (kind == "creatives") return &CreativesTable();
  if (kind == "buys") return &BuysTable();
  return Fail(Errc::kInvalidArgument, fmt::format("document \"{}\" is not known; known are {}",
                                                  kind, fmt::join(kKinds, ", ")));
}

Words SplitWords(std::string_view text) {
  Words out;
  while (!text.empty()) {
    const std::size_t bar = text.find(" | ");
    const std::string_view word = text.substr(0, bar);
    if (word == "...") {
      out.open = true;
    } else {
      out.words.push_back(word);
    }
    text = bar == std::string_view::npos ? std::string_view() : text.substr(bar + 3);
  }
  return out;
}

std::vector<std::string> WhereKnown(std::string_view field) {
  std::vector<std::string> out;
  const std::function<void(const Object&, std::string_view)> look = [&](const Object& object,
                                                                        std::string_view kind) {
    if (object.Find(field) != nullptr) {
      out.push_back(object.name == kind ? fmt::format("the {}", kind)
                                        : fmt::format("{} of the {}", object.name, kind));
    }
    for (const Field& inner : object.fields) {
      if (inner.of != nullptr) look(*inner.of, kind);
    }
  };
  for (const std::string_view kind : kKinds) look(**TableOf(kind), (*TableOf(kind))->name);
  return out;
}

}  // namespace maxopt::documents
