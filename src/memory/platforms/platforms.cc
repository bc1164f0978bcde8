#include "memory/platforms/platforms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "memory/platforms/builtin.h"

namespace maxopt {
namespace {

/// Collects the flat lines of one platform.
class Lines {
 public:
  Lines(Platform platform, std::vector<Requirement>& out) : platform_(platform), out_(out) {}
  /// An empty value says nothing and makes no line.
  void Add(const char* section, std::string key, std::string value, const Source& source) {
    if (value.empty()) return;
    out_.push_back(
        {platform_, section, std::move(key), std::move(value), source.name, PrintDay(source.date)});
  }
  void AddCount(const char* section, std::string key, std::int64_t value, const Source& source) {
    if (value != 0) Add(section, std::move(key), fmt::to_string(value), source);
  }

 private:
  Platform platform_;
  std::vector<Requirement>& out_;
};

template <class List>
std::string Join(const List& list, const char* between = ", ") {
  return fmt::format("{}", fmt::join(list, between));
}

std::string ShowRatios(const std::vector<MediaSpec::Ratio>& ratios) {
  std::vector<std::string> texts;
  for (const auto& ratio : ratios) {
    const bool hundredths = ratio.width >= 100 || ratio.height >= 100;
    std::string text = hundredths
                           ? fmt::format("{:g}:{:g}", ratio.width / 100.0, ratio.height / 100.0)
                           : fmt::format("{}:{}", ratio.width, ratio.height);
    if (ratio.tolerance_bp > 0) text += fmt::format(" (+-{:g} %)", ratio.tolerance_bp / 100.0);
    texts.push_back(std::move(text));
  }
  return Join(texts);
}

void AddObjectives(const PlatformSpec& spec, Lines& lines) {
  constexpr const char* kSection = "objectives";
  for (const ObjectiveSpec& o : spec.objectives) {
    const auto key = [&](std::string_view name) { return fmt::format("{}.{}", o.objective, name); };
    lines.Add(kSection, key("platform_word"), o.platform_word, o.source);
    lines.Add(kSection, key("optimization_goals"), Join(o.optimization_goals), o.source);
    lines.Add(kSection, key("required_fields"), Join(o.required_fields), o.source);
    for (const auto& [field, value] : o.defaults) {
      lines.Add(kSection, key("defaults." + field), value, o.practice_source);
    }
    int at = 0;
    for (const std::string& practice : o.best_practice) {
      lines.Add(kSection, key(fmt::format("best_practice.{}", ++at)), practice, o.practice_source);
    }
  }
  lines.Add("required_fields", "every_campaign", Join(spec.required_fields), spec.required_source);
}

void AddBudgets(const PlatformSpec& spec, Lines& lines) {
  lines.Add("budgets", "owner", spec.budget_owner, spec.budget_source);
  for (const BudgetMinimum& b : spec.budget_minima) {
    std::string value = PrintMoney(b.amount);
    if (!b.when.empty()) value += "; " + b.when;
    lines.Add("budget_minima", fmt::format("{}.{}.{}", b.level, b.kind, b.amount.currency().name()),
              std::move(value), b.source);
  }
}

void AddTexts(const PlatformSpec& spec, Lines& lines) {
  for (const TextSpec& t : spec.texts) {
    const auto key = [&](std::string_view name) {
      return t.ad_type.empty() ? fmt::format("{}.{}", t.field, name)
                               : fmt::format("{}.{}.{}", t.ad_type, t.field, name);
    };
    lines.Add("texts", key("count"), fmt::format("{} to {}", t.min_count, t.max_count), t.source);
    lines.AddCount("texts", key("max_chars"), t.max_chars, t.source);
    lines.AddCount("texts", key("recommended_chars"), t.recommended_chars, t.source);
    if (t.wide_counts_double) lines.Add("texts", key("wide_counts_double"), "true", t.source);
  }
}

void AddMedia(const PlatformSpec& spec, Lines& lines) {
  constexpr const char* kSection = "media";
  std::map<std::string, int> nth;  // several of a kind are told apart by their number
  for (const MediaSpec& m : spec.media) {
    std::string name = m.placement + "." + m.media;
    if (const int n = ++nth[name]; n > 1) name += fmt::format(".{}", n);
    const auto key = [&](std::string_view what) { return fmt::format("{}.{}", name, what); };
    lines.Add(kSection, key("formats"), Join(m.formats), m.source);
    lines.Add(kSection, key("codecs"), Join(m.codecs), m.source);
    if (m.min_width > 0 || m.min_height > 0) {
      lines.Add(kSection, key("min_size"), fmt::format("{}x{}", m.min_width, m.min_height),
                m.source);
    }
    lines.Add(kSection, key("ratios"), ShowRatios(m.ratios), m.source);
    lines.AddCount(kSection, key("max_bytes"), m.max_bytes, m.source);
    if (m.min_seconds > 0 || m.max_seconds > 0) {
      lines.Add(kSection, key("seconds"),
                m.max_seconds > 0 ? fmt::format("{:g} to {:g}", m.min_seconds, m.max_seconds)
                                  : fmt::format("at least {:g}", m.min_seconds),
                m.source);
    }
    if (m.required) lines.Add(kSection, key("required"), "true", m.source);
    lines.Add(kSection, key("note"), m.note, m.source);
  }
  for (const PlacementSpec& p : spec.placements) {
    lines.Add("placements", p.name + ".ratios", p.ratios.empty() ? "any" : Join(p.ratios),
              p.source);
    lines.Add("placements", p.name + ".note", p.note, p.source);
  }
}

void AddFields(const PlatformSpec& spec, Lines& lines) {
  constexpr const char* kSection = "fields";
  for (const FieldSupport& f : spec.fields) {
    lines.Add(kSection, f.field + ".levels", f.levels.empty() ? "none" : f.levels, f.source);
    lines.Add(kSection, f.field + ".note", f.note, f.source);
    lines.Add(kSection, f.field + ".allowed", Join(f.allowed), f.source);
    lines.AddCount(kSection, f.field + ".max_items", f.max_items, f.source);
    lines.AddCount(kSection, f.field + ".max_chars", f.max_chars, f.source);
    if (f.min) lines.Add(kSection, f.field + ".min", fmt::to_string(*f.min), f.source);
    if (f.max) lines.Add(kSection, f.field + ".max", fmt::to_string(*f.max), f.source);
  }
}

void AddRules(const PlatformSpec& spec, const Source& file, Lines& lines) {
  if (spec.learning) {
    const LearningPhase& phase = *spec.learning;
    lines.AddCount("learning", "conversions", phase.conversions, phase.source);
    lines.AddCount("learning", "days", phase.days, phase.source);
    lines.Add("learning", "note", phase.note, phase.source);
  }
  for (const LearningReset& reset : spec.learning_resets) {
    lines.Add("learning_resets", reset.field,
              reset.above_bp > 0
                  ? fmt::format("above {:g} %; {}", reset.above_bp / 100.0, reset.note)
                  : reset.note,
              reset.source);
  }
  for (const ReviewRule& rule : spec.review_rules) {
    lines.Add("review_rules", rule.id + ".what", rule.what, rule.source);
    lines.Add("review_rules", rule.id + ".pattern", rule.pattern, rule.source);
    lines.Add("review_rules", rule.id + ".forms", fmt::format("{}", fmt::join(rule.forms, ", ")),
              rule.source);
    lines.Add("review_rules", rule.id + ".severity", rule.blocks ? "fail" : "warn", rule.source);
  }
  for (const ApiVersion& v : spec.api_versions) {
    lines.Add("api_versions", v.version + ".released", v.released ? PrintDay(*v.released) : "",
              v.source);
    lines.Add("api_versions", v.version + ".sunset",
              v.sunset ? PrintDay(*v.sunset) : "not announced", v.source);
  }
  lines.Add("tracking", "click_id", spec.click_id, spec.tracking_source);
  for (const auto& [ours, theirs] : spec.macros) {
    lines.Add("tracking", "macros." + ours, theirs, spec.tracking_source);
  }
  int at = 0;
  for (const std::string& note : spec.notes) {
    lines.Add("notes", fmt::to_string(++at), note, file);
  }
}

}  // namespace

const ObjectiveSpec* PlatformSpec::FindObjective(std::string_view objective) const {
  const auto at = std::ranges::find(objectives, objective, &ObjectiveSpec::objective);
  return at == objectives.end() ? nullptr : &*at;
}

const FieldSupport* PlatformSpec::FindField(std::string_view field) const {
  const auto at = std::ranges::find(fields, field, &FieldSupport::field);
  return at == fields.end() ? nullptr : &*at;
}

std::optional<Money> PlatformSpec::LeastBudget(std::string_view level, std::string_view kind,
                                               Currency currency) const {
  for (const BudgetMinimum& least : budget_minima) {
    if (least.level == level && least.kind == kind && least.when.empty() &&
        least.amount.currency() == currency) {
      return least.amount;
    }
  }
  return std::nullopt;
}

const PlacementSpec* PlatformSpec::FindPlacement(std::string_view name) const {
  const auto at = std::ranges::find(placements, name, &PlacementSpec::name);
  return at == placements.end() ? nullptr : &*at;
}

PlatformSpecs::PlatformSpecs(std::vector<PlatformSpec> specs) : specs_(std::move(specs)) {
  std::ranges::sort(specs_, {}, &PlatformSpec::platform);
}

const PlatformSpecs& PlatformSpecs::BuiltIn() {
  static const PlatformSpecs specs = [] {
    std::vector<PlatformSpec> all;
    for (const BuiltInFile& file : BuiltInFiles()) {
      auto spec = ParsePlatformSpec(file.text, std::string(file.name));
      if (!spec) {
        fmt::print(stderr, "maxopt: {}\n", spec.error().what);
        Bug();
      }
      all.push_back(*std::move(spec));
    }
    return PlatformSpecs(std::move(all));
  }();
  return specs;
}

Result<PlatformSpecs> PlatformSpecs::Load(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".yaml") paths.push_back(at->path());
  }
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
  if (paths.empty()) {
    return Fail(Errc::kNotFound, fmt::format("{} holds no requirements file (*.yaml)", folder));
  }
  std::ranges::sort(paths);
  std::vector<PlatformSpec> all;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    if (!in || !(text << in.rdbuf())) {
      return Fail(Errc::kLocal, fmt::format("{} cannot be read", path.string()));
    }
    MAXOPT_TRY(PlatformSpec spec, ParsePlatformSpec(text.str(), path.string()));
    if (PlatformName(spec.platform) != path.stem().string()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}:1: the file is about {}; name it {}.yaml", path.string(),
                              PlatformName(spec.platform), PlatformName(spec.platform)));
    }
    all.push_back(std::move(spec));
  }
  return PlatformSpecs(std::move(all));
}

const PlatformSpec* PlatformSpecs::Find(Platform platform) const {
  const auto at = std::ranges::find(specs_, platform, &PlatformSpec::platform);
  return at == specs_.end() ? nullptr : &*at;
}

std::vector<Requirement> PlatformSpecs::Flat() const {
  std::vector<Requirement> out;
  for (const PlatformSpec& spec : specs_) {
    Lines lines(spec.platform, out);
    const Source file{fmt::format("specs/{}.yaml", PlatformName(spec.platform)),
                      ParseDay(spec.version).value_or(Day{})};
    lines.Add("file", "version", spec.version, file);
    lines.Add("file", "writable", spec.writable ? "true" : "false", file);
    AddObjectives(spec, lines);
    AddBudgets(spec, lines);
    AddTexts(spec, lines);
    AddMedia(spec, lines);
    AddFields(spec, lines);
    AddRules(spec, file, lines);
  }
  return out;
}

std::vector<PlatformSpecs::Sunset> PlatformSpecs::SunsetsWithin(Day today, int days) const {
  std::vector<Sunset> out;
  for (const PlatformSpec& spec : specs_) {
    for (const ApiVersion& version : spec.api_versions) {
      if (!version.sunset) continue;
      const auto left = static_cast<int>((*version.sunset - today).count());
      if (left <= days) out.push_back({spec.platform, version.version, *version.sunset, left});
    }
  }
  std::ranges::stable_sort(out, {}, &Sunset::day);
  return out;
}

std::optional<VersionFinding> PlatformSpecs::CheckVersion(Platform platform,
                                                          std::string_view version,
                                                          Day today) const {
  const PlatformSpec* spec = Find(platform);
  if (spec == nullptr) return std::nullopt;
  constexpr std::string_view kFix = "set a newer one in connections.yaml";
  VersionFinding finding;
  finding.what = fmt::format("version {} of {}", version, PlatformName(platform));
  const auto at = std::ranges::find(spec->api_versions, version, &ApiVersion::version);
  if (at == spec->api_versions.end()) {
    std::vector<std::string> known;
    for (const ApiVersion& v : spec->api_versions) known.push_back(v.version);
    finding.warning = fmt::format("it is not among the versions that the requirements know: {}",
                                  fmt::join(known, ", "));
    return finding;
  }
  if (!at->sunset) return finding;
  const auto left = (*at->sunset - today).count();
  if (left < 0) {
    finding.problem = fmt::format("it ended on {}; {}", PrintDay(*at->sunset), kFix);
  } else if (left <= 90) {
    const int within = left <= 7 ? 7 : left <= 30 ? 30 : 90;
    finding.warning = fmt::format("it ends on {}, in {} days (within {}); {}",
                                  PrintDay(*at->sunset), left, within, kFix);
  }
  return finding;
}

}  // namespace maxopt
