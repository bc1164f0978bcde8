#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "stages/report/report.h"

namespace maxopt::report {
namespace {

using nlohmann::ordered_json;

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// Texts of the settings by their member, both ways.
constexpr std::pair<const char*, std::string Settings::*> kTexts[] = {
    {"id", &Settings::id},
    {"client", &Settings::client},
    {"kind", &Settings::kind},
    {"audience", &Settings::audience},
    {"language", &Settings::language},
    {"campaign_type", &Settings::campaign_type},
    {"template", &Settings::template_name},
    {"by", &Settings::by},
    {"zone", &Settings::zone},
    {"software", &Settings::software},
    {"narrative", &Settings::narrative},
};
constexpr std::pair<const char*, std::string Branding::*> kBrand[] = {
    {"name", &Branding::name},
    {"accent", &Branding::accent},
    {"accent_dark", &Branding::accent_dark},
    {"logo", &Branding::logo},
    {"footer", &Branding::footer},
};

std::unexpected<Error> Bad(std::string_view where) {
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("the stored inputs cannot be read: {} is missing or of another kind", where));
}
Result<std::string> Text(const ordered_json& of, const char* key) {
  if (!of.is_object() || !of.contains(key) || !of[key].is_string()) return Bad(key);
  return of[key].get<std::string>();
}
Result<std::vector<std::string>> Texts(const ordered_json& of, const char* key) {
  if (!of.is_object() || !of.contains(key) || !of[key].is_array()) return Bad(key);
  std::vector<std::string> out;
  for (const ordered_json& each : of[key]) {
    if (!each.is_string()) return Bad(key);
    out.push_back(each.get<std::string>());
  }
  return out;
}

}  // namespace

std::string InputsJson(const Settings& settings, const Inputs& inputs) {
  ordered_json kept = ordered_json::object();
  for (const auto& [name, member] : kTexts) kept[name] = settings.*member;
  kept["from"] = PrintDay(settings.from);
  kept["to"] = PrintDay(settings.to);
  kept["as_of"] = PrintInstant(settings.as_of);
  kept["made_at"] = PrintInstant(settings.made_at);
  for (const auto& [name, member] : kBrand) kept["brand"][name] = settings.brand.*member;
  kept["kpis"] = settings.kpis;
  kept["sections"] = settings.sections;
  kept["missing"] = ordered_json::array();
  for (const Settings::Missing& each : settings.missing) {
    kept["missing"].push_back({{"view", each.view}, {"why", each.why}});
  }
  if (settings.wording) {
    const Wording& words = *settings.wording;
    ordered_json list = ordered_json::array();
    for (const Wording::Kept& each : words.kept) {
      list.push_back({{"place", each.place}, {"why", each.why}});
    }
    kept["wording"] = {{"model", words.model},
                       {"tone", words.tone},
                       {"paragraphs", words.paragraphs},
                       {"kept", std::move(list)}};
  }
  // Each view stays the text that ToJson(View) wrote.
  std::string out =
      fmt::format("{{\"maxopt\":\"report-inputs/1\",\"settings\":{},\"views\":{{", Dump(kept));
  bool first = true;
  for (const auto& [name, view] : inputs) {
    out += fmt::format("{}\n{}:{}", first ? "" : ",", Dump(name), ToJson(view));
    first = false;
  }
  return out + "\n}}\n";
}

Result<Stored> ReadInputs(std::string_view json) {
  const ordered_json root = ordered_json::parse(json, nullptr, false);
  if (!root.is_object() || root.value("maxopt", "") != "report-inputs/1") {
    return Bad("maxopt: report-inputs/1");
  }
  if (!root.contains("settings") || !root.contains("views") || !root["views"].is_object()) {
    return Bad("settings or views");
  }
  Stored out;
  const ordered_json& kept = root["settings"];
  for (const auto& [name, member] : kTexts) {
    MAXOPT_TRY(out.settings.*member, Text(kept, name));
  }
  MAXOPT_TRY(const std::string from, Text(kept, "from"));
  MAXOPT_TRY(out.settings.from, ParseDay(from));
  MAXOPT_TRY(const std::string to, Text(kept, "to"));
  MAXOPT_TRY(out.settings.to, ParseDay(to));
  MAXOPT_TRY(const std::string as_of, Text(kept, "as_of"));
  MAXOPT_TRY(out.settings.as_of, ParseInstant(as_of));
  MAXOPT_TRY(const std::string made_at, Text(kept, "made_at"));
  MAXOPT_TRY(out.settings.made_at, ParseInstant(made_at));
  if (!kept.contains("brand")) return Bad("brand");
  for (const auto& [name, member] : kBrand) {
    MAXOPT_TRY(out.settings.brand.*member, Text(kept["brand"], name));
  }
  MAXOPT_TRY(out.settings.kpis, Texts(kept, "kpis"));
  MAXOPT_TRY(out.settings.sections, Texts(kept, "sections"));
  if (!kept.contains("missing") || !kept["missing"].is_array()) return Bad("missing");
  for (const ordered_json& each : kept["missing"]) {
    Settings::Missing missing;
    MAXOPT_TRY(missing.view, Text(each, "view"));
    MAXOPT_TRY(missing.why, Text(each, "why"));
    out.settings.missing.push_back(std::move(missing));
  }
  // Absent where no model was to word it, and in reports of before there was one.
  if (kept.contains("wording")) {
    const ordered_json& words = kept["wording"];
    Wording& to = out.settings.wording.emplace();
    MAXOPT_TRY(to.model, Text(words, "model"));
    MAXOPT_TRY(to.tone, Text(words, "tone"));
    if (!words.contains("paragraphs") || !words["paragraphs"].is_object()) return Bad("paragraphs");
    for (const auto& [place, texts] : words["paragraphs"].items()) {
      MAXOPT_TRY(to.paragraphs[place], Texts(words["paragraphs"], place.c_str()));
    }
    if (!words.contains("kept") || !words["kept"].is_array()) return Bad("kept");
    for (const ordered_json& each : words["kept"]) {
      Wording::Kept one;
      MAXOPT_TRY(one.place, Text(each, "place"));
      MAXOPT_TRY(one.why, Text(each, "why"));
      to.kept.push_back(std::move(one));
    }
  }
  for (const auto& [name, view] : root["views"].items()) {
    auto read = ViewFromJson(Dump(view));
    if (!read) return FailWithin(name, read.error());
    out.inputs.emplace(name, *std::move(read));
  }
  return out;
}

}  // namespace maxopt::report
