// specs: the platform requirements memory, read by people and by SQL.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "memory/platforms/platforms.h"
#include "sheet/sheet.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kKeyWidthMax = 48;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string Cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

/// Lines of the wanted platform and section; an unknown word lists the known ones.
Result<std::vector<Requirement>> Chosen(const PlatformSpecs& specs,
                                        const SpecsArguments& arguments) {
  std::vector<Requirement> lines = specs.Flat();
  if (!arguments.platform.empty()) {
    MAXOPT_TRY(const Platform platform, FindPlatform(arguments.platform));
    if (specs.Find(platform) == nullptr) {
      return Fail(Errc::kNotFound,
                  fmt::format("there are no requirements of {}", PlatformName(platform)));
    }
    std::erase_if(lines, [&](const Requirement& line) { return line.platform != platform; });
  }
  if (!arguments.section.empty()) {
    std::vector<std::string> known;
    for (const Requirement& line : lines) {
      if (std::ranges::find(known, line.section) == known.end()) known.push_back(line.section);
    }
    std::erase_if(lines,
                  [&](const Requirement& line) { return line.section != arguments.section; });
    if (lines.empty()) {
      return Fail(Errc::kInvalidArgument, fmt::format("there is no section \"{}\"; there are {}",
                                                      arguments.section, fmt::join(known, ", ")));
    }
  }
  return lines;
}

void PrintOverview(const PlatformSpecs& specs) {
  const std::vector<Requirement> lines = specs.Flat();
  fmt::print("{:<12} {:<11} {:<9} {:>12}  {}\n", "platform", "version", "writes", "requirements",
             "objectives");
  std::vector<std::string> sections;
  for (const PlatformSpec& spec : specs.all()) {
    const auto count = std::ranges::count(lines, spec.platform, &Requirement::platform);
    std::vector<std::string> objectives;
    for (const ObjectiveSpec& objective : spec.objectives) {
      objectives.push_back(objective.objective);
    }
    fmt::print("{:<12} {:<11} {:<9} {:>12}  {}\n", PlatformName(spec.platform), spec.version,
               spec.writable ? "yes" : "no", count, fmt::join(objectives, ", "));
  }
  for (const Requirement& line : lines) {
    if (std::ranges::find(sections, line.section) == sections.end()) {
      sections.push_back(line.section);
    }
  }
  fmt::print("\nsections: {}\nNext: maxopt specs PLATFORM [SECTION]\n", fmt::join(sections, ", "));
}

/// By section, each value with the number of its source; the sources stand below.
void PrintLines(const std::vector<Requirement>& lines) {
  std::size_t width = 0;
  for (const Requirement& line : lines) width = std::max(width, line.key.size());
  width = std::min(width, kKeyWidthMax);
  std::vector<std::pair<std::string, std::string>> sources;
  const Requirement* before = nullptr;
  for (const Requirement& line : lines) {
    if (before == nullptr || before->section != line.section || before->platform != line.platform) {
      fmt::print("{}{} - {}\n", before == nullptr ? "" : "\n", PlatformName(line.platform),
                 line.section);
    }
    before = &line;
    const std::pair source{line.source, line.date};
    auto at = std::ranges::find(sources, source);
    if (at == sources.end()) at = sources.insert(sources.end(), source);
    fmt::print("  {:<{}}  {}  [{}]\n", line.key, width, line.value, at - sources.begin() + 1);
  }
  fmt::print("\nsources\n");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    fmt::print("  [{}] {}, read {}\n", i + 1, sources[i].first, sources[i].second);
  }
}

ordered_json Json(const std::vector<Requirement>& lines) {
  ordered_json out = ordered_json::array();
  for (const Requirement& line : lines) {
    out.push_back({{"platform", PlatformName(line.platform)},
                   {"section", line.section},
                   {"key", line.key},
                   {"value", line.value},
                   {"source", line.source},
                   {"date", line.date}});
  }
  return out;
}

Result<int> PrintSunsets(const CommandContext& context, const PlatformSpecs& specs,
                         const SpecsArguments& arguments) {
  MAXOPT_TRY(const std::shared_ptr<Clock> clock, ProductClock());
  std::optional<Platform> platform;
  if (!arguments.platform.empty()) {
    MAXOPT_TRY(platform, FindPlatform(arguments.platform));
  }
  const Day today = Zone::Utc().DayOf(clock->Now());
  std::vector<PlatformSpecs::Sunset> sunsets = specs.SunsetsWithin(today, *arguments.sunset_days);
  std::erase_if(sunsets, [&](const auto& s) { return platform && s.platform != *platform; });
  ordered_json json = ordered_json::array();
  if (arguments.csv) fmt::print("platform,version,sunset,days_left\n");
  for (const auto& sunset : sunsets) {
    json.push_back({{"platform", PlatformName(sunset.platform)},
                    {"version", sunset.version},
                    {"sunset", PrintDay(sunset.day)},
                    {"days_left", sunset.days_left}});
    if (arguments.csv) {
      fmt::print("{},{},{},{}\n", PlatformName(sunset.platform), Cell(sunset.version),
                 PrintDay(sunset.day), sunset.days_left);
    } else if (!context.json) {
      fmt::print("{:<12} {:<8} {}  {}\n", PlatformName(sunset.platform), sunset.version,
                 PrintDay(sunset.day),
                 sunset.days_left < 0 ? fmt::format("ended {} days ago", -sunset.days_left)
                                      : fmt::format("{} days left", sunset.days_left));
    }
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"today", PrintDay(today)}, {"sunsets", json}}.dump(2));
  } else if (sunsets.empty() && !arguments.csv) {
    fmt::print("no version ends within {} days of {}\n", *arguments.sunset_days, PrintDay(today));
  }
  return kExitOk;
}

void PrintTable(const std::vector<sheet::CsvRecord>& records) {
  std::vector<std::size_t> widths;
  for (const auto& record : records) {
    widths.resize(std::max(widths.size(), record.cells.size()));
    for (std::size_t i = 0; i + 1 < record.cells.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(record.cells[i].size(), kKeyWidthMax));
    }
  }
  for (const auto& record : records) {
    std::string line;
    for (std::size_t i = 0; i < record.cells.size(); ++i) {
      line += fmt::format("{}{:<{}}", i == 0 ? "" : "  ", Clean(record.cells[i]), widths[i]);
    }
    while (line.ends_with(' ')) line.pop_back();
    fmt::print("{}\n", line);
  }
}

Result<int> RunSql(const CommandContext& context, const PlatformSpecs& specs,
                   const SpecsArguments& arguments) {
  std::vector<LearnedConstraint> learned;
  // Only what asks for it needs the home, which another process may be working in.
  if (Lower(arguments.sql).find("constraints") != std::string::npos &&
      std::filesystem::exists(context.home + "/maxopt.db")) {
    MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
    MAXOPT_TRY(learned, home->store().Constraints(home->clock().Now()));
  }
  MAXOPT_TRY(const std::string csv, QuerySpecs(specs, learned, arguments.sql));
  if (arguments.csv) {
    fmt::print("{}", csv);
    return kExitOk;
  }
  MAXOPT_TRY(const std::vector<sheet::CsvRecord> records, sheet::ParseCsv(csv, ','));
  if (!context.json) {
    PrintTable(records);
    return kExitOk;
  }
  ordered_json rows = ordered_json::array();
  for (std::size_t i = 1; i < records.size(); ++i) rows.push_back(records[i].cells);
  fmt::print("{}\n", ordered_json{{"columns", records.front().cells}, {"rows", rows}}.dump(
                         2, ' ', false, ordered_json::error_handler_t::replace));
  return kExitOk;
}

}  // namespace

Result<int> SpecsCommand(const CommandContext& context, const SpecsArguments& arguments) {
  const PlatformSpecs& specs = PlatformSpecs::BuiltIn();
  if (!arguments.sql.empty()) {
    if (!arguments.platform.empty() || arguments.sunset_days) {
      return Fail(Errc::kInvalidArgument,
                  "--sql stands alone; put the platform into its WHERE clause");
    }
    return RunSql(context, specs, arguments);
  }
  if (arguments.sunset_days) {
    if (!arguments.section.empty()) {
      return Fail(Errc::kInvalidArgument, "--sunsets takes a platform, but no section");
    }
    return PrintSunsets(context, specs, arguments);
  }
  MAXOPT_TRY(const std::vector<Requirement> lines, Chosen(specs, arguments));
  if (arguments.csv) {
    fmt::print("platform,section,key,value,source,date\n");
    for (const Requirement& line : lines) {
      fmt::print("{},{},{},{},{},{}\n", PlatformName(line.platform), line.section, Cell(line.key),
                 Cell(line.value), Cell(line.source), line.date);
    }
  } else if (context.json) {
    fmt::print("{}\n", ordered_json{{"requirements", Json(lines)}}.dump(2));
  } else if (arguments.platform.empty() && arguments.section.empty()) {
    PrintOverview(specs);
  } else {
    PrintLines(lines);
  }
  return kExitOk;
}

std::vector<VersionFinding> VersionFindings(const PlatformSpecs& specs,
                                            const std::vector<Connection>& connections, Day today) {
  std::vector<VersionFinding> findings;
  std::set<std::pair<Platform, std::string>> told;
  for (const Connection& connection : connections) {
    const Platform platform = connection.account.platform;
    if (connection.version.empty() || !told.insert({platform, connection.version}).second) continue;
    if (auto finding = specs.CheckVersion(platform, connection.version, today)) {
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace maxopt
