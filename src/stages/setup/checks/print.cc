// A checklist for people and for programs, and the registry as a document.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stages/setup/checks/checks.h"

namespace maxopt {
namespace {

constexpr std::string_view kFamilies[] = {"setup",    "budget", "targeting", "creative",
                                          "tracking", "policy", "naming"};

/// Names and texts of documents in Markdown: no mark of theirs may become one of ours.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      plain += ' ';
      continue;
    }
    if (std::string_view("\\`*_[]<>#|~").find(c) != std::string_view::npos) plain += '\\';
    plain += c;
  }
  return plain;
}

std::string PlacesText(const std::vector<Place>& places) {
  std::string text;
  std::vector<std::string> told;
  for (const Place& place : places) {
    const std::string printed = PrintPlace(place);
    if (std::ranges::find(told, printed) != told.end()) continue;
    told.push_back(printed);
    if (told.size() == 4 && places.size() > 4) {
      return text + fmt::format(" and {} more places", places.size() - 3);
    }
    text += (text.empty() ? "" : " · ") + Plain(printed);
  }
  return text;
}

/// fail, warn, then notes: how loudly a result is told.
std::string_view Word(const CheckResult& result) {
  if (result.status == CheckStatus::kFail) return "FAIL";
  return result.severity == Severity::kNote ? "note" : "warn";
}

bool IsProblem(const CheckResult& result) {
  return result.status == CheckStatus::kFail || result.status == CheckStatus::kWarn;
}

}  // namespace

std::string ChecklistMarkdown(const Checklist& list, bool verbose) {
  std::string text =
      fmt::format("# Checklist, {}, {}\n\n", CheckPhaseName(list.phase), PrintDay(list.day));
  text += list.score ? fmt::format("Score **{}** of 100", *list.score)
                     : std::string("No score: nothing could be judged");
  text += fmt::format(
      ": {} passed, {} to look at, **{} failed**. Not checked: {}. "
      "Not applicable: {}.\n",
      list.passed, list.warned, list.failed, list.not_checked, list.not_applicable);
  text += Blocks(list) ? "\n**No plan can be made until what failed is put right.**\n"
                       : "\nNothing keeps a plan from being made.\n";
  for (const std::string_view family : kFamilies) {
    std::vector<const CheckResult*> problems;
    int passed = 0;
    for (const CheckResult& result : list.results) {
      if (result.family != family) continue;
      if (result.status == CheckStatus::kPass) ++passed;
      if (IsProblem(result)) problems.push_back(&result);
    }
    if (problems.empty()) continue;
    // By package, the whole campaign first; within it what fails before what warns.
    std::ranges::stable_sort(problems, [](const CheckResult* a, const CheckResult* b) {
      if (a->package != b->package) return a->package < b->package;
      const auto rank = [](const CheckResult* r) {
        return Word(*r) == "FAIL" ? 0 : Word(*r) == "warn" ? 1 : 2;
      };
      return rank(a) < rank(b);
    });
    text += fmt::format("\n## {} ({} passed)\n", family, passed);
    const std::string* package = nullptr;
    for (const CheckResult* result : problems) {
      if (package == nullptr || *package != result->package) {
        package = &result->package;
        text += package->empty() ? std::string("\nWhole campaign\n\n")
                                 : fmt::format("\nPackage {}\n\n", Plain(*package));
      }
      text +=
          fmt::format("- **{}** `{}`: {}\n", Word(*result), result->check, Plain(result->evidence));
      if (const std::string where = PlacesText(result->places); !where.empty()) {
        text += "  - where: " + where + "\n";
      }
      if (!result->fix.empty()) text += "  - do: " + Plain(result->fix) + "\n";
    }
  }
  // What could not be looked at, and why, in one line a reason.
  std::map<std::string, std::vector<std::string>> reasons;
  for (const CheckResult& result : list.results) {
    if (result.status != CheckStatus::kNotChecked) continue;
    auto& checks = reasons[result.evidence];
    if (std::ranges::find(checks, result.check) == checks.end()) checks.push_back(result.check);
  }
  if (!reasons.empty()) {
    text += "\n## Not checked\n\n";
    for (const auto& [why, checks] : reasons) {
      std::string names;
      for (std::size_t i = 0; i < checks.size(); ++i) {
        if (!verbose && i == 4 && checks.size() > 5) {
          names += fmt::format(" and {} more", checks.size() - 4);
          break;
        }
        names += fmt::format("{}`{}`", i == 0 ? "" : ", ", checks[i]);
      }
      text += fmt::format("- {}: {}\n", Plain(why), names);
    }
  }
  if (verbose) {
    text += "\n## Passed\n\n";
    for (const CheckResult& result : list.results) {
      if (result.status != CheckStatus::kPass) continue;
      text += fmt::format("- `{}`{}{}\n", result.check,
                          result.package.empty() ? "" : ", " + Plain(result.package),
                          result.evidence.empty() ? "" : ": " + Plain(result.evidence));
    }
  }
  return text;
}

std::string ChecklistJson(const Checklist& list) {
  nlohmann::json json;
  json["phase"] = CheckPhaseName(list.phase);
  json["day"] = PrintDay(list.day);
  json["score"] = list.score ? nlohmann::json(*list.score) : nlohmann::json(nullptr);
  json["blocks"] = Blocks(list);
  json["counts"] = {{"pass", list.passed},
                    {"warn", list.warned},
                    {"fail", list.failed},
                    {"not_applicable", list.not_applicable},
                    {"not_checked", list.not_checked}};
  json["results"] = nlohmann::json::array();
  for (const CheckResult& result : list.results) {
    nlohmann::json one;
    one["check"] = result.check;
    one["family"] = result.family;
    one["severity"] = SeverityName(result.severity);
    one["status"] = CheckStatusName(result.status);
    one["package"] = result.package;
    one["evidence"] = result.evidence;
    one["fix"] = result.fix;
    one["places"] = nlohmann::json::array();
    for (const Place& place : result.places) {
      nlohmann::json where;
      where["file"] = place.file;
      if (!place.sheet.empty()) where["sheet"] = place.sheet;
      if (place.line > 0) where["line"] = place.line;
      if (!place.cell.empty()) where["cell"] = place.cell;
      one["places"].push_back(std::move(where));
    }
    json["results"].push_back(std::move(one));
  }
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string LintJson(const LintReport& report) {
  nlohmann::ordered_json json;
  json["ads"] = report.ads;
  json["rules"] = report.rules;
  json["platforms"] = nlohmann::ordered_json::array();
  for (const Platform platform : report.platforms) {
    json["platforms"].push_back(PlatformName(platform));
  }
  json["findings"] = nlohmann::ordered_json::array();
  for (const LintFinding& finding : report.findings) {
    nlohmann::ordered_json one{
        {"rule", finding.rule},         {"severity", SeverityName(finding.severity)},
        {"for", finding.package},       {"places", nlohmann::ordered_json::array()},
        {"evidence", finding.evidence}, {"suggestion", finding.suggestion},
        {"source", finding.source}};
    for (const Place& place : finding.places) one["places"].push_back(PrintPlace(place));
    json["findings"].push_back(std::move(one));
  }
  json["by_person"] = report.by_person;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string RegistryMarkdown() {
  const auto registry = CheckRegistry();
  const auto generated = std::ranges::count_if(
      registry, [](const CheckInfo& info) { return info.platform.has_value(); });
  std::string text = fmt::format(
      "# The checks\n\n"
      "Generated from the registry (`src/stages/setup/checks`); a test compares it, and "
      "`MAXOPT_WRITE_DOCS=1` makes that test write it.\n\n"
      "{} checks: {} of every campaign, {} that follow from the platform requirements "
      "(`specs/*.yaml`) of the platforms that Max writes to. A check answers pass, warn, fail, not "
      "applicable, or not checked, which is no pass: what it needs was not at hand. *fail* keeps a "
      "plan from being made, *warn* is shown to whoever approves, *note* is worth knowing and does "
      "not count.\n\n"
      "The score is the weight of what passed over the weight of what was judged, 0 to 100: a "
      "check of severity fail weighs 3, warn 1, note 0, once for each package it was run on. What "
      "is not applicable or was not checked is left out of it and told beside it.\n",
      registry.size(), std::ssize(registry) - generated, generated);
  for (const std::string_view family : kFamilies) {
    text += fmt::format(
        "\n## {}\n\n| check | severity | question | what to do |\n|---|---|---|---|\n", family);
    for (const CheckInfo& info : registry) {
      if (info.family != family) continue;
      text += fmt::format("| `{}` | {} | {} | {} |\n", info.id, SeverityName(info.severity),
                          Plain(info.question), Plain(info.fix));
    }
  }
  return text;
}

}  // namespace maxopt
