#include "connect/exports/exports.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "connect/exports/csv.h"
#include "connect/exports/tables.h"
#include "connect/exports/values.h"

namespace maxopt {
namespace exports {
namespace {

constexpr std::size_t kRoles = static_cast<std::size_t>(Role::kClient) + 1;
constexpr std::string_view kWindowNotStated = "not stated";

/// What Facebook's action types count as conversions, as dbt_ad_reporting takes them by default.
constexpr std::string_view kConversionActions[] = {
    "offsite_conversion.fb_pixel_custom", "offsite_conversion.fb_pixel_lead",
    "offsite_conversion.fb_pixel_purchase", "onsite_conversion.lead_grouped",
    "onsite_conversion.purchase"};

/// One file, cut into its table.
struct Sheet {
  const ExportFile* file;
  const Table* table;
  Platform platform;
  std::vector<std::string> headers;
  std::vector<std::string> normalised;
  std::size_t header_line;
  std::vector<CsvRecord> rows;                           ///< data only
  std::array<std::vector<std::size_t>, kRoles> columns;  ///< of each role, best first
  char decimal_mark = '.';
  DayOrder day_order = DayOrder::kUnknown;
  ImportedFile told;

  bool Has(Role role) const { return !columns[static_cast<std::size_t>(role)].empty(); }
  std::size_t ColumnOf(Role role) const { return columns[static_cast<std::size_t>(role)].front(); }
  /// The cell of a role, trimmed, "" when absent; of several id columns the first that is filled.
  std::string_view Cell(const CsvRecord& row, Role role) const {
    for (const std::size_t column : columns[static_cast<std::size_t>(role)]) {
      const std::string_view cell = Trim(row.cells[column]);
      if (!IsAbsent(cell)) return cell;
    }
    return {};
  }
  void Note(std::string note) { told.notes.push_back(std::move(note)); }
};

std::unexpected<Error> FailFile(const std::string& name, std::string_view what) {
  return Fail(Errc::kInvalidArgument, fmt::format("{}: {}; nothing was loaded", name, what));
}
std::unexpected<Error> FailCell(const Sheet& sheet, const CsvRecord& row, std::size_t column,
                                std::string_view what) {
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} line {}, column \"{}\": {} {}; nothing was loaded", sheet.file->name,
                          row.line, sheet.headers[column], ShownCell(row.cells[column]), what));
}
std::unexpected<Error> FailCell(const Sheet& sheet, const CsvRecord& row, Role role,
                                std::string_view what) {
  return FailCell(sheet, row, sheet.ColumnOf(role), what);
}
std::unexpected<Error> FailRow(const Sheet& sheet, const CsvRecord& row, std::string_view what) {
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} line {}: {}; nothing was loaded", sheet.file->name, row.line, what));
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// "dir/facebook_ads.csv" -> "facebook_ads": stands in for an account that nothing names.
std::string StemOf(std::string_view name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0) {
    name = name.substr(0, dot);
  }
  return name.empty() ? "import" : std::string(name);
}

std::optional<Platform> PlatformInName(std::string_view name) {
  const std::string lower = Lower(name);
  constexpr std::pair<std::string_view, Platform> kWords[] = {{"google", Platform::kGoogleAds},
                                                              {"facebook", Platform::kMeta},
                                                              {"meta", Platform::kMeta},
                                                              {"instagram", Platform::kMeta},
                                                              {"tiktok", Platform::kTikTok},
                                                              {"linkedin", Platform::kLinkedIn},
                                                              {"microsoft", Platform::kMicrosoft},
                                                              {"bing", Platform::kMicrosoft},
                                                              {"amazon", Platform::kAmazon},
                                                              {"pinterest", Platform::kPinterest},
                                                              {"snapchat", Platform::kSnapchat},
                                                              {"reddit", Platform::kReddit},
                                                              {"twitter", Platform::kX}};
  for (const auto& [word, platform] : kWords) {
    if (lower.find(word) != std::string::npos) return platform;
  }
  return std::nullopt;
}

/// Platforms' decorations off an id: Google's dashes, Meta's "act_", resource names and URNs.
std::string CleanId(std::string_view id) {
  if (id.starts_with("act_")) id.remove_prefix(4);
  if (id.starts_with("urn:") || id.starts_with("customers/")) {
    id.remove_prefix(id.find_last_of(":/~") + 1);
  }
  const bool digits_and_dashes =
      id.find_first_not_of("0123456789-") == std::string_view::npos && !id.starts_with('-');
  std::string clean(id);
  if (digits_and_dashes) std::erase(clean, '-');
  return clean;
}

/// "1.23457E+17": a spreadsheet has cut the digits off, and they cannot be brought back.
bool MangledId(std::string_view id) {
  const std::size_t e = id.find_first_of("eE");
  return e != std::string_view::npos && e > 0 && e + 1 < id.size() && id[e + 1] == '+' &&
         id.find_first_not_of("0123456789.,") == e &&
         id.find_first_not_of("0123456789", e + 2) == std::string_view::npos;
}

// --- recognising -------------------------------------------------------------------------------

bool Fits(const Table& table, const std::vector<std::string>& headers, std::string_view file) {
  const auto has = [&](std::string_view header) {
    return std::ranges::find(headers, header) != headers.end();
  };
  return std::ranges::all_of(table.must, has) && std::ranges::none_of(table.must_not, has) &&
         (table.name_has.empty() || file.find(table.name_has) != std::string_view::npos);
}

struct Found {
  const Table* table = nullptr;
  std::size_t header = 0;
  std::size_t columns = 0;
  std::vector<CsvRecord> records;
};

/// The header is looked for in the first lines, because screens' exports begin with titles.
Result<Found> FindTable(const ExportFile& file, std::string_view text) {
  constexpr std::size_t kTitleLinesMax = 20;
  Found best;
  std::optional<Error> unreadable;
  std::vector<std::string> closest;
  for (const char separator : {',', ';', '\t'}) {
    auto records = ParseCsv(text, separator);
    if (!records) {
      if (!unreadable) unreadable = std::move(records).error();
      continue;
    }
    for (std::size_t at = 0; at < std::min(records->size(), kTitleLinesMax); ++at) {
      std::vector<std::string> headers;
      for (const std::string& cell : (*records)[at].cells) headers.push_back(NormaliseHeader(cell));
      if (at == 0 && headers.size() > closest.size()) closest = (*records)[at].cells;
      const auto tables = KnownTables();
      const auto table = std::ranges::find_if(
          tables, [&](const Table& known) { return Fits(known, headers, file.name); });
      if (table == tables.end()) continue;
      if (headers.size() > best.columns) {
        best = {&*table, at, headers.size(), {}};
        best.records = std::move(*records);
      }
      break;
    }
  }
  if (best.table != nullptr) return best;
  if (unreadable) return FailFile(file.name, unreadable->what);
  std::string columns;
  for (const std::string& cell : closest) {
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ", ShownCell(Trim(cell)));
  }
  return FailFile(
      file.name,
      fmt::format("its columns are not those of an export that is known; not understood: {}. A "
                  "table of facts needs at least a column \"spend\" or \"cost\", a table of orders "
                  "the columns \"day\", \"orders\", \"revenue\"",
                  columns.empty() ? "(the file is empty)" : columns));
}

bool IsEmpty(const CsvRecord& row) {
  return std::ranges::all_of(row.cells, [](const std::string& c) { return Trim(c).empty(); });
}
constexpr Role kNamingRoles[] = {Role::kCampaignId,  Role::kCampaignName, Role::kAdGroupId,
                                 Role::kAdGroupName, Role::kAdId,         Role::kAdName};

/// A line of totals, as screens put them above or below their rows: "Total: Campaigns", "Totals",
/// or nothing at all where every row must have a name.
bool IsTotal(const Sheet& sheet, const CsvRecord& row) {
  bool named = false;
  bool can_be_named = false;
  for (const Role role : kNamingRoles) {
    can_be_named = can_be_named || sheet.Has(role);
    named = named || !sheet.Cell(row, role).empty();
  }
  if (can_be_named && !named) return true;
  for (const std::string& cell : row.cells) {
    const std::string text = Lower(Trim(cell));
    if (IsAbsent(text)) continue;
    return text.starts_with("total:") || text.starts_with("total -") ||
           text.starts_with("total of ") || text == "total" || text == "totals" ||
           text == "grand total" || text.starts_with("results from ");
  }
  return false;
}

Level LevelOf(const Sheet& sheet) {
  if (sheet.Has(Role::kAdId) || sheet.Has(Role::kAdName)) return Level::kAd;
  if (sheet.Has(Role::kAdGroupId) || sheet.Has(Role::kAdGroupName)) return Level::kAdGroup;
  if (sheet.Has(Role::kCampaignId) || sheet.Has(Role::kCampaignName)) return Level::kCampaign;
  return Level::kAccount;
}

/// Gives each column its role and tells the person.
void AssignColumns(Sheet& sheet) {
  struct Candidate {
    std::size_t column;
    int rank;
  };
  std::array<std::vector<Candidate>, kRoles> candidates;
  for (std::size_t column = 0; column < sheet.headers.size(); ++column) {
    const std::string& header = sheet.normalised[column];
    const auto own =
        std::ranges::find(sheet.table->roles, header, &std::pair<std::string_view, Role>::first);
    if (own != sheet.table->roles.end()) {
      candidates[static_cast<std::size_t>(own->second)].push_back({column, -1});
    } else if (!sheet.table->only_these_roles) {
      if (const auto meaning = MeaningOf(header)) {
        candidates[static_cast<std::size_t>(meaning->role)].push_back({column, meaning->rank});
      }
    }
  }
  std::vector<std::string> meanings(sheet.headers.size(), "not used");
  for (std::size_t role = 0; role < kRoles; ++role) {
    auto& list = candidates[role];
    std::ranges::stable_sort(list, {}, &Candidate::rank);
    const std::string_view name = RoleName(static_cast<Role>(role));
    const bool is_id = name.ends_with(" id");
    for (std::size_t at = 0; at < list.size(); ++at) {
      if (at == 0 || is_id) {
        sheet.columns[role].push_back(list[at].column);
        meanings[list[at].column] = name;
      } else {
        meanings[list[at].column] = fmt::format("not used: {} is taken from \"{}\"", name,
                                                sheet.headers[list.front().column]);
      }
    }
  }
  if (sheet.Has(Role::kSpendMicros) && sheet.Has(Role::kSpend)) {
    auto& spend = sheet.columns[static_cast<std::size_t>(Role::kSpend)];
    meanings[spend.front()] = "not used: spend is taken from micros";
    spend.clear();
  }
  for (std::size_t column = 0; column < sheet.headers.size(); ++column) {
    sheet.told.columns.push_back({sheet.headers[column], meanings[column]});
  }
}

Result<> CutRows(Sheet& sheet, std::vector<CsvRecord> records, std::size_t header) {
  // Behind the rows may stand lines of one cell: copyright, "Report generated ...".
  std::size_t end = records.size();
  while (end > header + 1 && sheet.headers.size() > 1 && !sheet.table->plain &&
         records[end - 1].cells.size() == 1) {
    sheet.Note(fmt::format("line {} closes the file and was skipped: {}", records[end - 1].line,
                           ShownCell(Trim(records[end - 1].cells.front()))));
    --end;
  }
  for (std::size_t at = header + 1; at < end; ++at) {
    CsvRecord& row = records[at];
    if (IsEmpty(row)) continue;
    while (row.cells.size() > sheet.headers.size() && Trim(row.cells.back()).empty()) {
      row.cells.pop_back();
    }
    if (row.cells.size() != sheet.headers.size()) {
      return FailRow(
          sheet, row,
          fmt::format("{} cells under {} columns", row.cells.size(), sheet.headers.size()));
    }
    if (!sheet.table->plain && sheet.table->kind == TableKind::kStats && IsTotal(sheet, row)) {
      sheet.Note(fmt::format("line {} is a line of totals and was skipped", row.line));
      continue;
    }
    sheet.rows.push_back(std::move(row));
  }
  sheet.told.rows = static_cast<std::int64_t>(sheet.rows.size());
  return {};
}

constexpr Role kNumberRoles[] = {Role::kSpend,   Role::kSpendMicros, Role::kImpressions,
                                 Role::kClicks,  Role::kConversions, Role::kConversionsMore,
                                 Role::kRevenue, Role::kOrders,      Role::kActionValue};
bool IsCount(Role role) {
  return role == Role::kImpressions || role == Role::kClicks || role == Role::kOrders ||
         role == Role::kSpendMicros;
}

/// What only the whole file can tell: which separator is for decimals, which of 4/5 is the month.
Result<> DecideStyles(Sheet& sheet, const ExportOptions& options) {
  if (!sheet.table->plain) {
    DecimalVote vote;
    for (const Role role : kNumberRoles) {
      if (!sheet.Has(role)) continue;
      for (const CsvRecord& row : sheet.rows) {
        if (const auto cell = sheet.Cell(row, role); !cell.empty()) {
          vote.See(cell, IsCount(role), row.line);
        }
      }
    }
    const auto mark = options.decimal_mark ? *options.decimal_mark : vote.Decide();
    if (!mark) return FailFile(sheet.file->name, mark.error());
    sheet.decimal_mark = *mark;
    if (*mark == ',') sheet.Note("numbers are read as 1.234,56");
  }
  for (const Role role : {Role::kDay, Role::kRangeBegin, Role::kRangeEnd}) {
    if (!sheet.Has(role)) continue;
    for (const CsvRecord& row : sheet.rows) {
      sheet.day_order = SeeDayOrder(sheet.day_order, sheet.Cell(row, role));
    }
  }
  return {};
}

Result<Sheet> ReadSheet(const ExportFile& file, const ExportOptions& options) {
  auto text = DecodeText(file.content);
  if (!text) return FailFile(file.name, text.error().what);
  MAXOPT_TRY(Found found, FindTable(file, *text));
  Sheet sheet{};
  sheet.file = &file;
  sheet.table = found.table;
  sheet.platform = found.table->platform ? *found.table->platform
                   : options.platform
                       ? *options.platform
                       : PlatformInName(StemOf(file.name)).value_or(Platform::kOther);
  sheet.told.name = file.name;
  sheet.told.recognised = found.table->title;
  sheet.headers = found.records[found.header].cells;
  sheet.header_line = found.records[found.header].line;
  while (sheet.headers.size() > 1 && Trim(sheet.headers.back()).empty()) sheet.headers.pop_back();
  std::set<std::string> seen;
  for (std::string& header : sheet.headers) {
    header = Trim(header);
    sheet.normalised.push_back(NormaliseHeader(header));
    if (!header.empty() && !seen.insert(header).second) {
      return FailFile(file.name, fmt::format("there are two columns \"{}\"", header));
    }
  }
  AssignColumns(sheet);
  if (!found.table->note.empty()) sheet.Note(std::string(found.table->note));
  if (found.table->kind == TableKind::kUnused) {
    sheet.told.used = false;
    for (ExportColumn& column : sheet.told.columns) column.meaning = "not used";
    return sheet;
  }
  if (found.header > 0) {
    sheet.Note(fmt::format("the {} above the columns {} skipped: {}",
                           found.header == 1 ? "line" : "lines", found.header == 1 ? "was" : "were",
                           ShownCell(Trim(found.records.front().cells.front()))));
  }
  MAXOPT_CHECK(CutRows(sheet, std::move(found.records), found.header));
  MAXOPT_CHECK(DecideStyles(sheet, options));
  return sheet;
}

// --- cells -------------------------------------------------------------------------------------

template <class T>
using Maybe = std::optional<T>;

Result<Maybe<std::string>> ReadNumber(const Sheet& sheet, const CsvRecord& row, Role role) {
  if (!sheet.Has(role)) return Maybe<std::string>();
  const std::string_view cell = sheet.Cell(row, role);
  if (cell.empty()) return Maybe<std::string>();
  auto plain = PlainNumber(cell, sheet.decimal_mark);
  if (!plain) return FailCell(sheet, row, role, plain.error());
  return Maybe<std::string>(*std::move(plain));
}

Result<Maybe<std::int64_t>> ReadCount(const Sheet& sheet, const CsvRecord& row, Role role) {
  MAXOPT_TRY(const Maybe<std::string> plain, ReadNumber(sheet, row, role));
  if (!plain) return Maybe<std::int64_t>();
  const auto count = WholeNumber(*plain);
  if (!count) return FailCell(sheet, row, role, count.error());
  return Maybe<std::int64_t>(*count);
}

Result<Maybe<double>> ReadReal(const Sheet& sheet, const CsvRecord& row, Role role) {
  MAXOPT_TRY(const Maybe<std::string> plain, ReadNumber(sheet, row, role));
  if (!plain) return Maybe<double>();
  const auto value = RealNumber(*plain);
  if (!value) return FailCell(sheet, row, role, value.error());
  return Maybe<double>(*value);
}

/// Amounts of one column, which are floats of cents all together or not at all.
class AmountColumn {
 public:
  AmountColumn(Sheet& sheet, Role role) : sheet_(sheet), role_(role) {
    if (!sheet.Has(role) || role == Role::kSpendMicros) return;
    FloatVote vote;
    for (const CsvRecord& row : sheet.rows) {
      const auto cell = sheet.Cell(row, role);
      if (const auto plain = PlainNumber(cell, sheet.decimal_mark)) vote.See(*plain);
    }
    floats_of_cents_ = vote.FloatsOfCents();
  }
  Result<Maybe<Money>> Read(const CsvRecord& row, Currency currency) {
    MAXOPT_TRY(const Maybe<std::string> plain, ReadNumber(sheet_, row, role_));
    if (!plain) return Maybe<Money>();
    const auto amount = role_ == Role::kSpendMicros ? AmountOfMicros(*plain, currency)
                                                    : Amount(*plain, currency, floats_of_cents_);
    if (!amount) return FailCell(sheet_, row, role_, amount.error());
    rounded_ += amount->rounded ? 1 : 0;
    return Maybe<Money>(amount->money);
  }
  void Tell() {
    if (rounded_ == 0) return;
    const std::string& header = sheet_.headers[sheet_.ColumnOf(role_)];
    if (floats_of_cents_) {
      sheet_.Note(
          fmt::format("\"{}\" was printed through 32-bit floats: {} amounts like 1.429999948 are "
                      "read as the two decimals that they stand for",
                      header, rounded_));
    } else {
      sheet_.Note(
          fmt::format("{} amounts of \"{}\" had more than six decimals and were rounded to "
                      "six",
                      rounded_, header));
    }
  }

 private:
  Sheet& sheet_;
  Role role_;
  bool floats_of_cents_ = false;
  std::int64_t rounded_ = 0;
};

Result<Day> ReadRowDay(const Sheet& sheet, const CsvRecord& row, const ExportOptions& options) {
  if (sheet.Has(Role::kMonth) && sheet.Has(Role::kDayOfMonth)) {
    const auto day = ReadMonthAndDay(sheet.Cell(row, Role::kMonth),
                                     sheet.Cell(row, Role::kDayOfMonth), options.year);
    if (!day) return FailCell(sheet, row, Role::kMonth, day.error());
    return *day;
  }
  const auto read = [&](Role role) -> Result<Day> {
    const auto day = ReadDay(sheet.Cell(row, role), sheet.day_order, options.year);
    if (!day) return FailCell(sheet, row, role, day.error());
    return *day;
  };
  if (sheet.Has(Role::kDay)) return read(Role::kDay);
  if (sheet.Has(Role::kRangeBegin)) {
    MAXOPT_TRY(const Day begin, read(Role::kRangeBegin));
    if (!sheet.Has(Role::kRangeEnd)) return begin;
    MAXOPT_TRY(const Day end, read(Role::kRangeEnd));
    if (begin == end) return begin;
    if (options.day) return *options.day;
    return FailRow(sheet, row,
                   fmt::format("it covers {} to {}, and facts are kept by day: export it broken "
                               "down by day, or give the day it shall be booked on",
                               PrintDay(begin), PrintDay(end)));
  }
  return options.day.value_or(kUndatedDay);
}

// --- what histories tell -----------------------------------------------------------------------

struct KnownObject {
  std::string name;
  std::string campaign_id;
  std::string ad_group_id;
  std::string account_id;
  std::string updated_at;
};
struct KnownAccount {
  std::string name;
  std::optional<Currency> currency;
  std::string zone;
  std::string updated_at;
};
using ObjectKey = std::tuple<Platform, Level, std::string>;

struct Knowledge {
  std::map<AccountId, KnownAccount> accounts;
  std::map<ObjectKey, KnownObject> objects;
  std::map<std::pair<std::string, std::string>, std::string> keywords;  ///< ad group, criterion
  std::map<std::pair<std::string, Day>, double> actions;                ///< by ad and day
  std::map<std::pair<std::string, Day>, std::string> action_values;     ///< plain decimals
  bool has_actions = false;
  bool has_action_values = false;

  const KnownObject* Find(Platform platform, Level level, const std::string& id) const {
    const auto found = objects.find({platform, level, id});
    return found == objects.end() ? nullptr : &found->second;
  }
  /// The account of the platform when there is exactly one; "" otherwise.
  std::string OnlyAccount(Platform platform) const {
    std::string only;
    for (const auto& [account, known] : accounts) {
      if (account.platform != platform) continue;
      if (!only.empty()) return {};
      only = account.id;
    }
    return only;
  }
};

Result<std::string> ReadId(const Sheet& sheet, const CsvRecord& row, Role role) {
  if (!sheet.Has(role)) return std::string();
  const std::string_view cell = sheet.Cell(row, role);
  if (MangledId(cell)) {
    return FailCell(sheet, row, role,
                    "is an id whose digits a spreadsheet has cut; export again, as text");
  }
  return CleanId(cell);
}

Result<> LearnHistory(const Sheet& sheet, Knowledge& known) {
  for (const CsvRecord& row : sheet.rows) {
    std::string updated(sheet.Cell(row, Role::kUpdatedAt));
    std::ranges::replace(updated, 'T', ' ');
    MAXOPT_TRY(const std::string account, ReadId(sheet, row, Role::kAccountId));
    MAXOPT_TRY(const std::string campaign, ReadId(sheet, row, Role::kCampaignId));
    MAXOPT_TRY(const std::string ad_group, ReadId(sheet, row, Role::kAdGroupId));
    MAXOPT_TRY(const std::string ad, ReadId(sheet, row, Role::kAdId));
    if (!account.empty()) {
      KnownAccount& entry = known.accounts[{sheet.platform, account}];
      if (sheet.table->deepest == Level::kAccount && updated >= entry.updated_at) {
        entry.updated_at = updated;
        if (const auto name = sheet.Cell(row, Role::kAccountName); !name.empty()) entry.name = name;
        if (const auto code = sheet.Cell(row, Role::kCurrency); !code.empty()) {
          const auto currency = FindCurrency(code);
          if (!currency) return FailCell(sheet, row, Role::kCurrency, currency.error().what);
          entry.currency = *currency;
        }
        if (const auto zone = sheet.Cell(row, Role::kZone); !zone.empty()) {
          if (!Zone::Find(zone)) return FailCell(sheet, row, Role::kZone, "is no IANA time zone");
          entry.zone = zone;
        }
      }
    }
    if (sheet.Has(Role::kCriterion)) {
      MAXOPT_TRY(const std::string criterion, ReadId(sheet, row, Role::kCriterion));
      known.keywords[{ad_group, criterion}] = sheet.Cell(row, Role::kKeyword);
      continue;
    }
    const auto learn = [&](Level level, const std::string& id, Role name_role) {
      if (id.empty()) return;
      KnownObject& entry = known.objects[{sheet.platform, level, id}];
      if (updated < entry.updated_at) return;
      entry.updated_at = updated;
      if (const auto name = sheet.Cell(row, name_role); !name.empty()) entry.name = name;
      if (!account.empty()) entry.account_id = account;
      if (level != Level::kCampaign && !campaign.empty()) entry.campaign_id = campaign;
      if (level == Level::kAd && !ad_group.empty()) entry.ad_group_id = ad_group;
    };
    learn(Level::kCampaign, campaign, Role::kCampaignName);
    learn(Level::kAdGroup, ad_group, Role::kAdGroupName);
    learn(Level::kAd, ad, Role::kAdName);
  }
  return {};
}

Result<> LearnActions(Sheet& sheet, const ExportOptions& options, Knowledge& known) {
  const bool values = sheet.table->kind == TableKind::kActionValues;
  (values ? known.has_action_values : known.has_actions) = true;
  std::int64_t others = 0;
  for (const CsvRecord& row : sheet.rows) {
    MAXOPT_TRY(const std::string ad, ReadId(sheet, row, Role::kAdId));
    MAXOPT_TRY(const Day day, ReadRowDay(sheet, row, options));
    MAXOPT_TRY(const Maybe<std::string> plain, ReadNumber(sheet, row, Role::kActionValue));
    const auto type = sheet.Cell(row, Role::kActionType);
    if (std::ranges::find(kConversionActions, type) == std::end(kConversionActions)) {
      ++others;
      continue;
    }
    if (!plain) continue;
    if (!values) {
      const auto count = RealNumber(*plain);
      if (!count) return FailCell(sheet, row, Role::kActionValue, count.error());
      known.actions[{ad, day}] += *count;
      continue;
    }
    // Several action types of one ad and day add up; kNoCurrency does the adding.
    const auto more = Amount(*plain, kNoCurrency, false);
    if (!more) return FailCell(sheet, row, Role::kActionValue, more.error());
    std::string& sum = known.action_values[{ad, day}];
    std::int64_t micros = 0;
    if (!sum.empty()) micros = ParseMoney(sum, kNoCurrency).value().micros();
    if (__builtin_add_overflow(micros, more->money.micros(), &micros)) {
      return FailCell(sheet, row, Role::kActionValue, "makes the sum too large");
    }
    sum = PrintDecimal(Money::Micros(micros, kNoCurrency));
  }
  if (others > 0) {
    sheet.Note(fmt::format("{} rows of other action types are not counted as conversions", others));
  }
  return {};
}

// --- facts -------------------------------------------------------------------------------------

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
