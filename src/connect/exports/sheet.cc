#include "connect/exports/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace maxopt::exports {
namespace {

std::unexpected<Error> FailCell(const Sheet& sheet, const CsvRecord& row, std::size_t column,
                                std::string_view what) {
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} line {}, column \"{}\": {} {}; nothing was loaded", sheet.file->name,
                          row.line, sheet.headers[column], ShownCell(row.cells[column]), what));
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

/// "1.23457E+17": a spreadsheet has cut the digits off, and they cannot be brought back.
bool MangledId(std::string_view id) {
  const std::size_t e = id.find_first_of("eE");
  return e != std::string_view::npos && e > 0 && e + 1 < id.size() && id[e + 1] == '+' &&
         id.find_first_not_of("0123456789.,") == e &&
         id.find_first_not_of("0123456789", e + 2) == std::string_view::npos;
}

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

}  // namespace

std::unexpected<Error> FailFile(const std::string& name, std::string_view what) {
  return Fail(Errc::kInvalidArgument, fmt::format("{}: {}; nothing was loaded", name, what));
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

std::string StemOf(std::string_view name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0) {
    name = name.substr(0, dot);
  }
  return name.empty() ? "import" : std::string(name);
}

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

Level LevelOf(const Sheet& sheet) {
  if (sheet.Has(Role::kAdId) || sheet.Has(Role::kAdName)) return Level::kAd;
  if (sheet.Has(Role::kAdGroupId) || sheet.Has(Role::kAdGroupName)) return Level::kAdGroup;
  if (sheet.Has(Role::kCampaignId) || sheet.Has(Role::kCampaignName)) return Level::kCampaign;
  return Level::kAccount;
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

Result<std::string> ReadId(const Sheet& sheet, const CsvRecord& row, Role role) {
  if (!sheet.Has(role)) return std::string();
  const std::string_view cell = sheet.Cell(row, role);
  if (MangledId(cell)) {
    return FailCell(sheet, row, role,
                    "is an id whose digits a spreadsheet has cut; export again, as text");
  }
  return CleanId(cell);
}

AmountColumn::AmountColumn(Sheet& sheet, Role role) : sheet_(sheet), role_(role) {
  if (!sheet.Has(role) || role == Role::kSpendMicros) return;
  FloatVote vote;
  for (const CsvRecord& row : sheet.rows) {
    const auto cell = sheet.Cell(row, role);
    if (const auto plain = PlainNumber(cell, sheet.decimal_mark)) vote.See(*plain);
  }
  floats_of_cents_ = vote.FloatsOfCents();
}

Result<Maybe<Money>> AmountColumn::Read(const CsvRecord& row, Currency currency) {
  MAXOPT_TRY(const Maybe<std::string> plain, ReadNumber(sheet_, row, role_));
  if (!plain) return Maybe<Money>();
  const auto amount = role_ == Role::kSpendMicros ? AmountOfMicros(*plain, currency)
                                                  : Amount(*plain, currency, floats_of_cents_);
  if (!amount) return FailCell(sheet_, row, role_, amount.error());
  rounded_ += amount->rounded ? 1 : 0;
  return Maybe<Money>(amount->money);
}

void AmountColumn::Tell() {
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

}  // namespace maxopt::exports
