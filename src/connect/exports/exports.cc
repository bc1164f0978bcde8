#include "connect/exports/exports.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <type_traits>

#include "connect/exports/knowledge.h"
#include "connect/exports/sheet.h"

namespace maxopt {
namespace exports {
namespace {

constexpr std::string_view kWindowNotStated = "not stated";

struct ReportKey {
  AccountId account;
  Level level;
  Breakdown breakdown;
  friend auto operator<=>(const ReportKey&, const ReportKey&) = default;
};
struct RowKey {
  Day day;
  std::string campaign_id;
  std::string ad_group_id;
  std::string ad_id;
  std::string segment;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};
struct Booked {
  MetricRow row;
  const Sheet* sheet;
  std::size_t line;
  int rows = 1;
};
struct AccountFacts {
  std::optional<Currency> currency;
  std::string name;
  std::string zone;
};

class Importer {
 public:
  explicit Importer(const ExportOptions& options) : options_(options) {}

  Result<> Learn(Sheet& sheet) {
    if (sheet.table->kind == TableKind::kHistory) return LearnHistory(sheet, known_);
    if (sheet.table->kind == TableKind::kActions || sheet.table->kind == TableKind::kActionValues) {
      return LearnActions(sheet, options_, known_);
    }
    return {};
  }
  Result<> Book(Sheet& sheet) {
    if (sheet.table->kind == TableKind::kStats) return BookStats(sheet);
    if (sheet.table->kind == TableKind::kKpi) return BookKpi(sheet);
    return {};
  }
  Result<ExportImport> Finish(std::vector<Sheet> sheets);

 private:
  struct RowIds {
    AccountId account;
    std::string campaign;
    std::string ad_group;
    std::string ad;
  };
  Result<> BookStats(Sheet& sheet);
  Result<> BookKpi(Sheet& sheet);
  Result<RowIds> IdsOf(Sheet& sheet, const CsvRecord& row);
  std::string AccountOf(Sheet& sheet, Platform platform, const RowIds& ids);
  Result<Currency> CurrencyOf(Sheet& sheet, const CsvRecord& row, const AccountId& account);
  Result<> Add(Sheet& sheet, const CsvRecord& row, const ReportKey& report, MetricRow fact);
  void LearnNames(const Sheet& sheet, const CsvRecord& row, const RowIds& ids);
  void NoteOnce(Sheet& sheet, std::string note) {
    if (said_.insert({&sheet, note}).second) sheet.Note(std::move(note));
  }
  void MakeReports(std::vector<MetricReport>& out) const;
  std::vector<AccountTree> MakeAccounts(std::vector<Sheet>& sheets) const;

  const ExportOptions& options_;
  Knowledge known_;
  std::map<AccountId, AccountFacts> accounts_;
  std::map<ReportKey, std::map<RowKey, Booked>> booked_;
  std::map<ReportKey, std::set<std::string>> windows_;
  std::set<std::pair<std::string, Day>> ads_booked_;
  std::map<std::pair<std::string, Day>, ExportKpiDay> kpi_;
  std::set<std::pair<const Sheet*, std::string>> said_;
};

std::string Importer::AccountOf(Sheet& sheet, Platform platform, const RowIds& ids) {
  const KnownObject* ad = known_.Find(platform, Level::kAd, ids.ad);
  const KnownObject* ad_group = known_.Find(platform, Level::kAdGroup, ids.ad_group);
  const KnownObject* campaign = known_.Find(platform, Level::kCampaign, ids.campaign);
  for (const KnownObject* object : {ad, ad_group, campaign}) {
    if (object != nullptr && !object->account_id.empty()) return object->account_id;
  }
  if (!options_.account_id.empty()) return CleanId(options_.account_id);
  if (const std::string only = known_.OnlyAccount(platform); !only.empty()) {
    NoteOnce(sheet, fmt::format("rows that name no account are of {}, the only one of that "
                                "platform in these files",
                                PrintAccount({platform, only})));
    return only;
  }
  const std::string stem = StemOf(sheet.file->name);
  NoteOnce(sheet, fmt::format("no account is named: kept as {} after the file; give the account id "
                              "to join it with other data",
                              PrintAccount({platform, stem})));
  return stem;
}

Result<Importer::RowIds> Importer::IdsOf(Sheet& sheet, const CsvRecord& row) {
  RowIds ids{};
  Platform platform = sheet.platform;
  if (sheet.Has(Role::kPlatform)) {
    const auto found = FindPlatform(sheet.Cell(row, Role::kPlatform));
    if (!found) return FailCell(sheet, row, Role::kPlatform, found.error().what);
    platform = *found;
  }
  MAXOPT_TRY(ids.campaign, ReadId(sheet, row, Role::kCampaignId));
  MAXOPT_TRY(ids.ad_group, ReadId(sheet, row, Role::kAdGroupId));
  MAXOPT_TRY(ids.ad, ReadId(sheet, row, Role::kAdId));
  // Screens' exports often have names only. A name then stands for the id, below its parent's, so
  // that equal names of two campaigns stay two objects.
  const auto name_for = [&](Role id_role, Role name_role, const std::string& parent,
                            std::string& id) {
    if (sheet.Has(id_role) || !sheet.Has(name_role)) return;
    const auto name = sheet.Cell(row, name_role);
    if (name.empty()) return;
    id = parent.empty() ? std::string(name) : fmt::format("{}/{}", parent, name);
    NoteOnce(sheet, fmt::format("there is no {}: names stand for it, and will not join with facts "
                                "read from the platform",
                                RoleName(id_role)));
  };
  name_for(Role::kCampaignId, Role::kCampaignName, "", ids.campaign);
  name_for(Role::kAdGroupId, Role::kAdGroupName, ids.campaign, ids.ad_group);
  name_for(Role::kAdId, Role::kAdName, ids.ad_group, ids.ad);
  const Level level = LevelOf(sheet);
  const std::string& own = level == Level::kAd         ? ids.ad
                           : level == Level::kAdGroup  ? ids.ad_group
                           : level == Level::kCampaign ? ids.campaign
                                                       : sheet.file->name;
  if (own.empty()) return FailRow(sheet, row, fmt::format("it names no {}", LevelName(level)));

  if (const KnownObject* ad = known_.Find(platform, Level::kAd, ids.ad)) {
    if (ids.ad_group.empty()) ids.ad_group = ad->ad_group_id;
    if (ids.campaign.empty()) ids.campaign = ad->campaign_id;
  }
  if (const KnownObject* ad_group = known_.Find(platform, Level::kAdGroup, ids.ad_group)) {
    if (ids.campaign.empty()) ids.campaign = ad_group->campaign_id;
  }
  MAXOPT_TRY(std::string account, ReadId(sheet, row, Role::kAccountId));
  if (account.empty() && options_.account_id.empty() && sheet.Has(Role::kAccountName)) {
    account = sheet.Cell(row, Role::kAccountName);
  }
  if (account.empty()) account = AccountOf(sheet, platform, ids);
  ids.account = {platform, std::move(account)};
  return ids;
}

Result<Currency> Importer::CurrencyOf(Sheet& sheet, const CsvRecord& row,
                                      const AccountId& account) {
  std::optional<Currency> currency;
  if (const auto code = sheet.Cell(row, Role::kCurrency);
      sheet.Has(Role::kCurrency) && !code.empty()) {
    const auto found = FindCurrency(code);
    if (!found) return FailCell(sheet, row, Role::kCurrency, found.error().what);
    currency = *found;
  }
  if (!currency) {
    for (const Role role : {Role::kSpend, Role::kRevenue}) {
      if (!currency && sheet.Has(role))
        currency = CurrencyInHeader(sheet.headers[sheet.ColumnOf(role)]);
    }
  }
  const auto known = known_.accounts.find(account);
  if (!currency && known != known_.accounts.end()) currency = known->second.currency;
  if (!currency) currency = options_.currency;
  if (!currency) {
    NoteOnce(sheet,
             "no currency is named: amounts are kept as XXX (no currency) and nothing is "
             "decided on them; give the currency");
    currency = kNoCurrency;
  }
  AccountFacts& facts = accounts_[account];
  if (facts.currency && *facts.currency != *currency) {
    return FailRow(sheet, row,
                   fmt::format("account {} has rows in {} and in {}; an account has one currency",
                               PrintAccount(account), facts.currency->name(), currency->name()));
  }
  facts.currency = currency;
  return *currency;
}

template <class T>
bool AddMaybe(std::optional<T>& sum, const std::optional<T>& more) {
  if (!more) return true;
  if (!sum) {
    sum = more;
    return true;
  }
  if constexpr (std::is_same_v<T, Money>) {
    std::int64_t micros = 0;
    if (__builtin_add_overflow(sum->micros(), more->micros(), &micros)) return false;
    sum = Money::Micros(micros, sum->currency());
  } else if constexpr (std::is_same_v<T, double>) {
    *sum += *more;
  } else {
    if (__builtin_add_overflow(*sum, *more, &*sum)) return false;
  }
  return true;
}

Result<> Importer::Add(Sheet& sheet, const CsvRecord& row, const ReportKey& report,
                       MetricRow fact) {
  RowKey key{fact.day, fact.campaign_id, fact.ad_group_id, fact.ad_id, fact.segment};
  auto& rows = booked_[report];
  const auto found = rows.find(key);
  if (found == rows.end()) {
    rows.emplace(std::move(key), Booked{std::move(fact), &sheet, row.line});
    return {};
  }
  Booked& sum = found->second;
  if (sum.sheet != &sheet) {
    return FailRow(sheet, row,
                   fmt::format("the same {} and day are in {} line {}: give one of the two files",
                               LevelName(report.level), sum.sheet->file->name, sum.line));
  }
  std::optional<Money> spend = sum.row.spend;
  if (!AddMaybe<Money>(spend, fact.spend) || !AddMaybe(sum.row.impressions, fact.impressions) ||
      !AddMaybe(sum.row.clicks, fact.clicks) ||
      !AddMaybe(sum.row.conversions_claimed, fact.conversions_claimed) ||
      !AddMaybe(sum.row.revenue_claimed, fact.revenue_claimed)) {
    return FailRow(sheet, row, "its sum with the rows of the same object and day is too large");
  }
  sum.row.spend = *spend;
  sum.row.impression_share.reset();  // a share of a part says nothing about the whole
  ++sum.rows;
  return {};
}

void Importer::LearnNames(const Sheet& sheet, const CsvRecord& row, const RowIds& ids) {
  const auto learn = [&](Level level, const std::string& id, Role name_role) {
    if (id.empty()) return;
    KnownObject& entry = known_.objects[{ids.account.platform, level, id}];
    entry.account_id = ids.account.id;
    if (level != Level::kCampaign && !ids.campaign.empty()) entry.campaign_id = ids.campaign;
    if (level == Level::kAd && !ids.ad_group.empty()) entry.ad_group_id = ids.ad_group;
    if (const auto name = sheet.Cell(row, name_role); sheet.Has(name_role) && !name.empty()) {
      entry.name = name;
    }
  };
  learn(Level::kCampaign, ids.campaign, Role::kCampaignName);
  learn(Level::kAdGroup, ids.ad_group, Role::kAdGroupName);
  learn(Level::kAd, ids.ad, Role::kAdName);
  AccountFacts& facts = accounts_[ids.account];
  if (const auto name = sheet.Cell(row, Role::kAccountName); !name.empty()) facts.name = name;
  if (const auto zone = sheet.Cell(row, Role::kZone); !zone.empty() && Zone::Find(zone)) {
    facts.zone = zone;
  }
}

/// Rows by keyword or search term leave out what had none: they are kept by that alone.
std::optional<Breakdown> PartialBreakdown(const Sheet& sheet) {
  if (sheet.Has(Role::kSearchTerm)) return Breakdown::kSearchTerm;
  if (sheet.Has(Role::kKeyword) || sheet.Has(Role::kCriterion)) return Breakdown::kKeyword;
  if (sheet.table->partial) return Breakdown::kCountry;
  return std::nullopt;
}

/// The breakdowns that a row can be shown by, with its value.
std::vector<std::pair<Breakdown, std::string>> SegmentsOf(const Sheet& sheet, const CsvRecord& row,
                                                          const std::string& ad_group,
                                                          const Knowledge& known) {
  const auto cell = [&](Role role) { return std::string(sheet.Cell(row, role)); };
  if (sheet.Has(Role::kSearchTerm)) return {{Breakdown::kSearchTerm, cell(Role::kSearchTerm)}};
  if (sheet.Has(Role::kKeyword)) return {{Breakdown::kKeyword, cell(Role::kKeyword)}};
  if (sheet.Has(Role::kCriterion)) {
    const std::string criterion = cell(Role::kCriterion);
    const auto text = known.keywords.find({ad_group, criterion});
    return {{Breakdown::kKeyword, text == known.keywords.end() ? criterion : text->second}};
  }
  std::vector<std::pair<Breakdown, std::string>> segments;
  if (sheet.Has(Role::kDevice)) {
    segments.emplace_back(Breakdown::kDevice, Lower(cell(Role::kDevice)));
  }
  if (sheet.Has(Role::kCountry)) segments.emplace_back(Breakdown::kCountry, cell(Role::kCountry));
  if (sheet.Has(Role::kPlacement)) {
    segments.emplace_back(Breakdown::kPlacement, cell(Role::kPlacement));
  }
  if (sheet.Has(Role::kAge) && sheet.Has(Role::kGender)) {
    std::string gender = Lower(cell(Role::kGender));
    if (gender == "m") gender = "male";
    if (gender == "f") gender = "female";
    segments.emplace_back(Breakdown::kAgeGender, fmt::format("{}/{}", cell(Role::kAge), gender));
  }
  return segments;
}

Result<> Importer::BookStats(Sheet& sheet) {
  const Level level = LevelOf(sheet);
  sheet.told.level = level;
  const Role spend_role = sheet.Has(Role::kSpendMicros) ? Role::kSpendMicros : Role::kSpend;
  AmountColumn spends(sheet, spend_role);
  AmountColumn revenues(sheet, Role::kRevenue);
  const bool dated = sheet.Has(Role::kDay) || sheet.Has(Role::kRangeBegin) ||
                     (sheet.Has(Role::kMonth) && sheet.Has(Role::kDayOfMonth));
  if (!dated) {
    sheet.Note(
        options_.day
            ? fmt::format("rows carry no day: booked on {}, as asked", PrintDay(*options_.day))
            : fmt::format("rows carry no day: booked on {}, which stands for \"undated\"; "
                          "give the day to book them on a real one",
                          PrintDay(kUndatedDay)));
  }
  const std::optional<Breakdown> partial = PartialBreakdown(sheet);
  std::int64_t without_spend = 0;
  std::set<Breakdown> breakdowns;
  std::set<std::tuple<AccountId, Level, std::string>> objects;
  std::set<std::vector<std::string_view>> whole_rows;
  std::int64_t repeated = 0;
  for (const CsvRecord& row : sheet.rows) {
    if (!whole_rows.insert({row.cells.begin(), row.cells.end()}).second) ++repeated;
    MAXOPT_TRY(const RowIds ids, IdsOf(sheet, row));
    MAXOPT_TRY(const Day day, ReadRowDay(sheet, row, options_));
    MAXOPT_TRY(const Currency currency, CurrencyOf(sheet, row, ids.account));
    MAXOPT_TRY(const Maybe<Money> spend, spends.Read(row, currency));
    if (!spend) ++without_spend;
    MetricRow fact{.day = day,
                   .hour = std::nullopt,
                   .campaign_id = ids.campaign,
                   .ad_group_id = ids.ad_group,
                   .ad_id = ids.ad,
                   .segment = "",
                   .spend = spend.value_or(Money::Zero(currency)),
                   .impressions = {},
                   .clicks = {},
                   .conversions_claimed = {},
                   .revenue_claimed = {},
                   .impression_share = {}};
    MAXOPT_TRY(fact.impressions, ReadCount(sheet, row, Role::kImpressions));
    MAXOPT_TRY(fact.clicks, ReadCount(sheet, row, Role::kClicks));
    MAXOPT_TRY(fact.conversions_claimed, ReadReal(sheet, row, Role::kConversions));
    MAXOPT_TRY(const Maybe<double> more, ReadReal(sheet, row, Role::kConversionsMore));
    AddMaybe(fact.conversions_claimed, more);
    MAXOPT_TRY(fact.revenue_claimed, revenues.Read(row, currency));
    if (const auto share = sheet.Cell(row, Role::kImpressionShare); !share.empty()) {
      const auto read = Share(share, sheet.decimal_mark);
      if (!read) return FailCell(sheet, row, Role::kImpressionShare, read.error());
      fact.impression_share = *read;
    }
    if (level == Level::kAd && ids.account.platform == Platform::kMeta) {
      const std::pair<std::string, Day> ad_day{ids.ad, day};
      ads_booked_.insert(ad_day);
      if (const auto found = known_.actions.find(ad_day); found != known_.actions.end()) {
        if (!sheet.Has(Role::kConversions)) fact.conversions_claimed = found->second;
      }
      if (const auto found = known_.action_values.find(ad_day);
          found != known_.action_values.end()) {
        if (!sheet.Has(Role::kRevenue)) {
          fact.revenue_claimed = ParseMoney(found->second, currency).value();
        }
      }
    }
    // What a level does not have must be empty; a deeper id never comes with a shallower level.
    LearnNames(sheet, row, ids);
    const auto seen = [&](Level at, const std::string& id) {
      if (!id.empty()) objects.insert({ids.account, at, id});
    };
    seen(Level::kCampaign, ids.campaign);
    seen(Level::kAdGroup, ids.ad_group);
    seen(Level::kAd, ids.ad);
    seen(Level::kAccount, ids.account.id);

    ExportTotals& totals = sheet.told.totals;
    std::optional<Money> total = Money::Zero(currency);
    if (const auto at = totals.spend.find(currency); at != totals.spend.end()) total = at->second;
    if (!AddMaybe<Money>(total, fact.spend) || !AddMaybe(totals.impressions, fact.impressions) ||
        !AddMaybe(totals.clicks, fact.clicks) ||
        !AddMaybe(totals.conversions, fact.conversions_claimed)) {
      return FailRow(sheet, row, "the sum of the file up to here is too large");
    }
    totals.spend.insert_or_assign(currency, *total);

    const auto window = sheet.Cell(row, Role::kAttribution);
    const auto book = [&](Breakdown breakdown, std::string segment) -> Result<> {
      MetricRow cut = fact;
      cut.segment = std::move(segment);
      const ReportKey key{ids.account, level, breakdown};
      if (!window.empty()) windows_[key].insert(std::string(window));
      return Add(sheet, row, key, std::move(cut));
    };
    for (auto& [breakdown, segment] : SegmentsOf(sheet, row, ids.ad_group, known_)) {
      breakdowns.insert(breakdown);
      MAXOPT_CHECK(book(breakdown, std::move(segment)));
    }
    if (!partial) MAXOPT_CHECK(book(Breakdown::kNone, ""));
  }
  for (const auto& [account, at, id] : objects) ++sheet.told.totals.objects[at];
  spends.Tell();
  revenues.Tell();
  if (without_spend > 0) {
    sheet.Note(fmt::format("{} rows report no spend and are booked with none", without_spend));
  }
  if (repeated > 0) {
    sheet.Note(
        fmt::format("{} rows repeat another word for word and were added like all others; "
                    "check that they are no copies",
                    repeated));
  }
  std::int64_t summed = 0;
  std::int64_t wholes = 0;
  for (const auto& [key, rows] : booked_) {
    if (key.breakdown != Breakdown::kNone) continue;
    for (const auto& [row_key, entry] : rows) {
      if (entry.sheet != &sheet || entry.rows == 1) continue;
      summed += entry.rows;
      ++wholes;
    }
  }
  if (wholes > 0) {
    sheet.Note(fmt::format("{} rows that share object and day were summed to {}", summed, wholes));
  }
  for (const Breakdown breakdown : breakdowns) {
    sheet.Note(partial ? fmt::format("kept by {} only: such rows need not add up to the whole",
                                     BreakdownName(breakdown))
                       : fmt::format("also kept by {}", BreakdownName(breakdown)));
  }
  return {};
}

Result<> Importer::BookKpi(Sheet& sheet) {
  if (!sheet.Has(Role::kDay)) {
    return FailFile(sheet.file->name, "orders need a column \"day\" or \"date\"");
  }
  AmountColumn revenues(sheet, Role::kRevenue);
  for (const CsvRecord& row : sheet.rows) {
    MAXOPT_TRY(const Day day, ReadRowDay(sheet, row, options_));
    Currency currency = kNoCurrency;
    if (const auto code = sheet.Cell(row, Role::kCurrency); !code.empty()) {
      const auto found = FindCurrency(code);
      if (!found) return FailCell(sheet, row, Role::kCurrency, found.error().what);
      currency = *found;
    } else if (const auto named = CurrencyInHeader(sheet.headers[sheet.ColumnOf(Role::kRevenue)])) {
      currency = *named;
    } else if (options_.currency) {
      currency = *options_.currency;
    } else {
      NoteOnce(sheet,
               "no currency is named: revenue is kept as XXX (no currency); give the "
               "currency");
    }
    MAXOPT_TRY(const Maybe<std::int64_t> orders, ReadCount(sheet, row, Role::kOrders));
    if (!orders) return FailCell(sheet, row, Role::kOrders, "is no number of orders");
    MAXOPT_TRY(const Maybe<Money> revenue, revenues.Read(row, currency));
    if (!revenue) return FailCell(sheet, row, Role::kRevenue, "is no amount");
    std::string client = options_.client;
    if (const auto named = sheet.Cell(row, Role::kClient); !named.empty()) client = named;
    const auto [at, fresh] =
        kpi_.try_emplace({fmt::format("{}\n{}", client, currency.name()), day},
                         ExportKpiDay{client, day, currency, *orders, *revenue});
    if (!fresh) {
      return FailRow(sheet, row,
                     fmt::format("{} has orders in another row already", PrintDay(day)));
    }
  }
  revenues.Tell();
  return {};
}

void Importer::MakeReports(std::vector<MetricReport>& out) const {
  for (const auto& [key, rows] : booked_) {
    std::string window(kWindowNotStated);
    if (const auto at = windows_.find(key); at != windows_.end() && at->second.size() == 1) {
      window = *at->second.begin();
    }
    for (const auto& [row_key, entry] : rows) {
      const bool continues = !out.empty() && out.back().query.account == key.account &&
                             out.back().query.level == key.level &&
                             out.back().query.breakdown == key.breakdown &&
                             row_key.day <= out.back().query.to + std::chrono::days(1);
      if (!continues) {
        out.push_back({.query = {.account = key.account,
                                 .level = key.level,
                                 .grain = Grain::kDay,
                                 .breakdown = key.breakdown,
                                 .from = row_key.day,
                                 .to = row_key.day},
                       .attribution_window = window,
                       .rows = {},
                       .complete = true,
                       .incomplete_why = ""});
      }
      out.back().query.to = row_key.day;
      out.back().rows.push_back(entry.row);
    }
  }
}

std::vector<AccountTree> Importer::MakeAccounts(std::vector<Sheet>& sheets) const {
  std::map<AccountId, AccountTree> trees;
  const auto tree_of = [&](const AccountId& id) -> AccountTree& {
    const auto [at, fresh] = trees.try_emplace(id, AccountTree{{id, "", kNoCurrency, "", ""}, {}});
    if (!fresh) return at->second;
    AccountInfo& info = at->second.info;
    if (const auto known = known_.accounts.find(id); known != known_.accounts.end()) {
      info.name = known->second.name;
      info.zone = known->second.zone;
      info.currency = known->second.currency.value_or(options_.currency.value_or(kNoCurrency));
    }
    if (const auto facts = accounts_.find(id); facts != accounts_.end()) {
      if (facts->second.currency) info.currency = *facts->second.currency;
      if (!facts->second.name.empty()) info.name = facts->second.name;
      if (!facts->second.zone.empty()) info.zone = facts->second.zone;
    }
    return at->second;
  };
  for (const auto& [id, facts] : accounts_) tree_of(id);
  for (const auto& [id, known] : known_.accounts) tree_of(id);
  std::map<Platform, std::int64_t> homeless;
  for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
    for (const auto& [key, object] : known_.objects) {
      const auto& [platform, at, id] = key;
      if (at != level || object.name.empty()) continue;
      std::string campaign = object.campaign_id;
      std::string account = object.account_id;
      const KnownObject* ad_group = known_.Find(platform, Level::kAdGroup, object.ad_group_id);
      if (campaign.empty() && ad_group != nullptr) campaign = ad_group->campaign_id;
      for (const KnownObject* parent :
           {ad_group, known_.Find(platform, Level::kCampaign, campaign)}) {
        if (account.empty() && parent != nullptr) account = parent->account_id;
      }
      if (account.empty()) account = known_.OnlyAccount(platform);
      if (account.empty() && !options_.account_id.empty()) account = CleanId(options_.account_id);
      if (account.empty()) {
        ++homeless[platform];
        continue;
      }
      Entity entity{level, id, "", "", {{"name", object.name}}};
      if (level == Level::kAdGroup) entity.parent_id = campaign;
      if (level == Level::kAd) entity.parent_id = object.ad_group_id;
      if (level != Level::kCampaign) entity.campaign_id = campaign;
      tree_of({platform, account}).entities.push_back(std::move(entity));
    }
  }
  for (const auto& [platform, count] : homeless) {
    for (Sheet& sheet : sheets) {
      if (sheet.table->kind != TableKind::kHistory || sheet.platform != platform) continue;
      sheet.Note(
          fmt::format("{} names belong to no account that these files name and were left "
                      "out; give the account's history too",
                      count));
      break;
    }
  }
  std::vector<AccountTree> out;
  out.reserve(trees.size());
  for (auto& [id, tree] : trees) out.push_back(std::move(tree));
  return out;
}

Result<ExportImport> Importer::Finish(std::vector<Sheet> sheets) {
  ExportImport made;
  MakeReports(made.reports);
  made.accounts = MakeAccounts(sheets);
  for (const auto& [key, day] : kpi_) made.kpi.push_back(day);
  for (Sheet& sheet : sheets) {
    const bool values = sheet.table->kind == TableKind::kActionValues;
    if (!values && sheet.table->kind != TableKind::kActions) continue;
    std::size_t alone = 0;
    const auto count = [&](const auto& list) {
      for (const auto& [ad_day, value] : list) alone += ads_booked_.contains(ad_day) ? 0 : 1;
      sheet.told.used = alone < list.size();
    };
    values ? count(known_.action_values) : count(known_.actions);
    if (alone > 0) {
      sheet.Note(
          fmt::format("{} ads and days of it have no row in a table of spend given with it, "
                      "and were left out",
                      alone));
    }
  }
  if (made.reports.empty() && made.accounts.empty() && made.kpi.empty()) {
    std::string why;
    for (const Sheet& sheet : sheets) {
      why += fmt::format("{}{} ({}{}{})", why.empty() ? "" : "; ", sheet.file->name,
                         sheet.told.recognised, sheet.told.notes.empty() ? "" : ": ",
                         sheet.told.notes.empty() ? "" : sheet.told.notes.back());
    }
    return Fail(Errc::kInvalidArgument,
                fmt::format("there is nothing to load in {}", why.empty() ? "no files" : why));
  }
  for (Sheet& sheet : sheets) made.files.push_back(std::move(sheet.told));
  return made;
}

}  // namespace
}  // namespace exports

Result<ExportImport> ReadExports(std::span<const ExportFile> files, const ExportOptions& options) {
  using exports::Sheet;
  std::vector<Sheet> sheets;
  for (const ExportFile& file : files) {
    MAXOPT_TRY(Sheet sheet, exports::ReadSheet(file, options));
    sheets.push_back(std::move(sheet));
  }
  exports::Importer importer(options);
  for (Sheet& sheet : sheets) MAXOPT_CHECK(importer.Learn(sheet));
  for (Sheet& sheet : sheets) MAXOPT_CHECK(importer.Book(sheet));
  return importer.Finish(std::move(sheets));
}

}  // namespace maxopt
