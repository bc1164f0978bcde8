#include "app/reports/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "app/home/home.h"
#include "app/reports/reports.h"
#include "stages/report/report.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPeriods[] = {"last_week", "last_month", "last_7_days", "last_28_days",
                                         "month_to_date"};
constexpr std::size_t kLogoMost = 200'000;
constexpr double kContrastLeast = 4.5;
constexpr const char* kPage = "#ffffff";
constexpr const char* kDarkPage = "#12171e";

std::string EncodeBase64(std::string_view bytes) {
  static constexpr char kSigns[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) {
      three = (three << 8) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? kSigns[(three >> (18 - 6 * j)) & 63u] : '=';
    }
  }
  return out;
}

bool IsColour(const std::string& text) {
  return text.size() == 7 && text[0] == '#' &&
         text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
}

/// Red, green and blue in [0, 1].
std::array<double, 3> Parts(const std::string& colour) {
  std::array<double, 3> out{};
  for (std::size_t i = 0; i < 3; ++i) {
    out[i] = static_cast<double>(std::stoi(colour.substr(1 + 2 * i, 2), nullptr, 16)) / 255;
  }
  return out;
}

/// The colour mixed with white until it can be read on the dark page.
std::string Lightened(const std::string& colour) {
  const auto parts = Parts(colour);
  std::string out = colour;
  for (int step = 0; step <= 20 && ContrastOf(out, kDarkPage) < kContrastLeast + 1; ++step) {
    out = "#";
    for (const double part : parts) {
      const double mixed = part + (1 - part) * step / 20;
      out += fmt::format("{:02x}", static_cast<int>(std::lround(255 * mixed)));
    }
  }
  return out;
}

/// A text that may be left out, or have nothing behind its name; it is empty then.
Result<std::string> TextOf(const YamlMap& of, const char* key) {
  if (const YAML::Node value = of.At(key);
      !value.IsDefined() || value.IsNull() || (value.IsScalar() && value.Scalar().empty())) {
    return std::string();
  }
  return of.Text(key);
}
std::unexpected<Error> Unknown(const YamlMap& of, const char* key, const std::string& word,
                               const auto& known) {
  return of.Bad(
      key, fmt::format("{} \"{}\" is not known; known are {}", key, word, fmt::join(known, ", ")));
}
/// A word of a list; empty where it does not stand there.
Result<std::string> Word(const YamlMap& of, const char* key, const auto& known) {
  MAXOPT_TRY(const std::string word, TextOf(of, key));
  if (word.empty() || std::ranges::find(known, word) != std::end(known)) return word;
  return Unknown(of, key, word, known);
}
Result<std::vector<std::string>> Words(const YamlMap& of, const char* key, const auto& known) {
  std::vector<std::string> words;
  MAXOPT_CHECK(of.Texts(key, words));
  for (const std::string& word : words) {
    if (std::ranges::find(known, word) == std::end(known)) return Unknown(of, key, word, known);
  }
  return words;
}

std::vector<std::string_view> KindNames() {
  std::vector<std::string_view> out;
  for (const report::Kind& kind : report::Kinds()) out.push_back(kind.name);
  return out;
}
std::vector<std::string_view> FormNames() {
  std::vector<std::string_view> out;
  for (const ReportForm& form : ReportForms()) out.push_back(form.name);
  return out;
}

Result<std::string> ReadLogo(const YamlMap& reader, const std::string& name,
                             const std::string& folder) {
  const fs::path path(name);
  const bool inside = path.is_relative() &&
                      std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
  if (!inside) return reader.Bad("logo", "a logo is a file in the home");
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(fs::path(folder) / path, error);
  const fs::path home = fs::weakly_canonical(folder, error);
  const auto outside = std::ranges::mismatch(home, whole).in1 != home.end();
  if (error || outside) return reader.Bad("logo", "a logo is a file in the home");
  auto bytes = ReadWholeFile(whole.string());
  if (!bytes) return reader.Bad("logo", bytes.error().what);
  if (bytes->size() > kLogoMost) {
    return reader.Bad(
        "logo", fmt::format("the logo has {} bytes; {} are the most", bytes->size(), kLogoMost));
  }
  const bool png = bytes->starts_with("\x89PNG\r\n\x1a\n"),
             jpeg = bytes->starts_with("\xFF\xD8\xFF");
  if (!png && !jpeg) return reader.Bad("logo", "the logo must be a PNG or a JPEG");
  return fmt::format("data:image/{};base64,{}", png ? "png" : "jpeg", EncodeBase64(*bytes));
}

Result<report::Branding> ReadBrand(const YamlMap& reader, const std::string& folder) {
  report::Branding brand;
  MAXOPT_CHECK(reader.OnlyKeys({"name", "accent", "accent_dark", "logo", "footer"}));
  MAXOPT_TRY(brand.name, TextOf(reader, "name"));
  MAXOPT_TRY(brand.footer, TextOf(reader, "footer"));
  MAXOPT_TRY(const std::string accent, TextOf(reader, "accent"));
  MAXOPT_TRY(const std::string dark, TextOf(reader, "accent_dark"));
  const auto check = [&](const char* key, const std::string& colour, const char* page) -> Result<> {
    if (!IsColour(colour)) {
      return reader.Bad(key, fmt::format("{} must be a colour like \"#1f5fa8\"", key));
    }
    const double contrast = ContrastOf(colour, page);
    if (contrast >= kContrastLeast) return {};
    return reader.Bad(key,
                      fmt::format("{} {} cannot be read on {}: a contrast of {:.2f}, and {} is the "
                                  "least (WCAG 2.2); take a {} one",
                                  key, colour, page, contrast, kContrastLeast,
                                  page == kPage ? "darker" : "lighter"));
  };
  if (!accent.empty()) {
    MAXOPT_CHECK(check("accent", accent, kPage));
    brand.accent = accent;
    brand.accent_dark = Lightened(accent);
  }
  if (!dark.empty()) {
    MAXOPT_CHECK(check("accent_dark", dark, kDarkPage));
    brand.accent_dark = dark;
  }
  MAXOPT_TRY(const std::string logo, TextOf(reader, "logo"));
  if (!logo.empty()) {
    MAXOPT_TRY(brand.logo, ReadLogo(reader, logo, folder));
  }
  return brand;
}

Result<ReportTemplate> ReadTemplate(const YamlMap& reader, const std::string& folder) {
  MAXOPT_CHECK(reader.OnlyKeys({"name", "client", "kind", "campaign_type", "audience", "language",
                                "kpis", "sections", "brand"}));
  ReportTemplate of;
  MAXOPT_TRY(of.name, TextOf(reader, "name"));
  MAXOPT_TRY(of.client, TextOf(reader, "client"));
  MAXOPT_TRY(of.kind, Word(reader, "kind", KindNames()));
  MAXOPT_TRY(of.campaign_type, Word(reader, "campaign_type", report::CampaignTypes()));
  MAXOPT_TRY(of.audience, Word(reader, "audience", report::Audiences()));
  MAXOPT_TRY(of.language, Word(reader, "language", report::Catalogue::Languages()));
  MAXOPT_TRY(of.kpis, Words(reader, "kpis", report::KpiNames()));
  MAXOPT_TRY(of.sections, Words(reader, "sections", report::SectionNames()));
  if (reader.Has("brand")) {
    MAXOPT_TRY(of.brand, ReadBrand(reader.Map("brand"), folder));
  }
  return of;
}

Result<ReportSchedule> ReadSchedule(const YamlMap& reader,
                                    const std::vector<ReportTemplate>& templates) {
  MAXOPT_CHECK(reader.OnlyKeys({"name", "client", "kind", "audience", "language", "template",
                                "cron", "period", "forms", "tell", "mail"}));
  MAXOPT_TRY(const std::string cron, TextOf(reader, "cron"));
  auto parsed = Cron::Parse(cron);
  if (!parsed) return reader.Bad("cron", parsed.error().what);
  ReportSchedule of{"", "", "", "", "", "", *parsed, "last_week", {}, true, "", {}};
  MAXOPT_TRY(of.name, TextOf(reader, "name"));
  MAXOPT_TRY(of.client, TextOf(reader, "client"));
  if (of.client.empty()) return reader.Bad("a schedule needs a client");
  MAXOPT_TRY(of.kind, Word(reader, "kind", KindNames()));
  if (of.kind.empty()) of.kind = "performance";
  MAXOPT_TRY(of.audience, Word(reader, "audience", report::Audiences()));
  MAXOPT_TRY(of.language, Word(reader, "language", report::Catalogue::Languages()));
  MAXOPT_TRY(of.template_name, TextOf(reader, "template"));
  const bool known =
      std::ranges::find(templates, of.template_name, &ReportTemplate::name) != templates.end();
  if (!of.template_name.empty() && !known) {
    return reader.Bad("template", fmt::format("there is no template \"{}\"", of.template_name));
  }
  MAXOPT_TRY(const std::string period, Word(reader, "period", kPeriods));
  if (!period.empty()) of.period = period;
  MAXOPT_TRY(of.forms, Words(reader, "forms", FormNames()));
  if (of.forms.empty()) of.forms = {"html"};
  MAXOPT_CHECK(reader.Flag("tell", of.tell));
  if (reader.Has("mail")) {
    const YamlMap mail = reader.Map("mail");
    MAXOPT_CHECK(mail.OnlyKeys({"channel", "to"}));
    MAXOPT_TRY(of.mail_channel, TextOf(mail, "channel"));
    if (of.mail_channel.empty()) return mail.Bad("mail needs a channel of alerts.yaml");
    MAXOPT_CHECK(mail.Texts("to", of.mail_to));
  }
  return of;
}

Result<ReportsConfig> ReadReports(const YamlMap& root, const std::string& folder) {
  ReportsConfig out;
  if (root.node().IsNull()) return out;
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "templates", "schedules"}));
  MAXOPT_CHECK(root.Kind("reports/1"));
  std::set<std::string> names;
  MAXOPT_TRY(const std::vector<YamlMap> templates, root.Maps("templates"));
  for (const YamlMap& map : templates) {
    MAXOPT_TRY(ReportTemplate of, ReadTemplate(map, folder));
    if (of.name.empty() || !names.insert(of.name).second) {
      return map.Bad("a template needs a name of its own");
    }
    out.templates.push_back(std::move(of));
  }
  names.clear();
  MAXOPT_TRY(const std::vector<YamlMap> schedules, root.Maps("schedules"));
  for (const YamlMap& map : schedules) {
    MAXOPT_TRY(ReportSchedule of, ReadSchedule(map, out.templates));
    if (of.name.empty() || !names.insert(of.name).second) {
      return map.Bad("a schedule needs a name of its own");
    }
    out.schedules.push_back(std::move(of));
  }
  return out;
}

}  // namespace

double ContrastOf(const std::string& a, const std::string& b) {
  const auto luminance = [](const std::string& colour) {
    const auto parts = Parts(colour);
    const auto linear = [](double part) {
      return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2]);
  };
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

Result<ReportsConfig> ParseReportsConfig(const std::string& yaml, const std::string& file,
                                         const std::string& folder) {
  return ReadYaml(yaml, file, [&](const YamlMap& root) { return ReadReports(root, folder); });
}

Result<ReportsConfig> ReadReportsConfig(const std::string& folder) {
  const std::string path = folder + "/reports.yaml";
  std::error_code error;
  if (!fs::exists(path, error)) return ReportsConfig{};
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
  return ParseReportsConfig(yaml, path, folder);
}

Result<ReportTemplate> ChooseTemplate(const ReportsConfig& config, const std::string& wanted,
                                      const std::string& client, const std::string& kind,
                                      const std::string& campaign_type) {
  const ReportTemplate* best = nullptr;
  int most = -1;
  for (const ReportTemplate& each : config.templates) {
    if (!wanted.empty()) {
      if (each.name == wanted) best = &each;
      continue;
    }
    int said = 0;
    bool fits = true;
    for (const auto& [own, asked] : {std::pair(&each.client, &client), std::pair(&each.kind, &kind),
                                     std::pair(&each.campaign_type, &campaign_type)}) {
      if (own->empty()) continue;
      // A type that nobody asked for is the template's to say.
      if (!asked->empty() && *own != *asked) fits = false;
      ++said;
    }
    if (fits && said >= most) {
      most = said;
      best = &each;
    }
  }
  if (best != nullptr) return *best;
  if (wanted.empty()) return ReportTemplate{};
  std::vector<std::string> known;
  for (const ReportTemplate& each : config.templates) known.push_back(each.name);
  return Fail(Errc::kInvalidArgument,
              fmt::format("reports.yaml has no template \"{}\"; known are {}", wanted,
                          known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

Result<ReportDays> DaysOfPeriod(const std::string& period, Day today) {
  using std::chrono::days;
  const Day yesterday = today - days(1);
  const std::chrono::year_month_day date{today};
  const Day month{std::chrono::local_days(date.year() / date.month() / 1)};
  if (period == "last_7_days") return ReportDays{today - days(7), yesterday};
  if (period == "last_28_days") return ReportDays{today - days(28), yesterday};
  if (period == "last_week") {
    const Day monday = today - days(std::chrono::weekday{today}.iso_encoding() - 1);
    return ReportDays{monday - days(7), monday - days(1)};
  }
  if (period == "last_month") {
    const std::chrono::year_month_day before{month - days(1)};
    return ReportDays{Day{std::chrono::local_days(before.year() / before.month() / 1)},
                      month - days(1)};
  }
  // On the first of a month there is none of it yet: the whole month before.
  if (period == "month_to_date") {
    if (today == month) return DaysOfPeriod("last_month", today);
    return ReportDays{month, yesterday};
  }
  return Fail(Errc::kInvalidArgument, fmt::format("period \"{}\" is not known; known are {}",
                                                  period, fmt::join(kPeriods, ", ")));
}

std::string ReportsTemplate() {
  std::string text = R"yaml(# Reports: how they look, and when they are made. docs/reports.md.
# Without a line here every report can be made by hand: maxopt report Alpenglow --kind channels
maxopt: reports/1

# A template says what leads and how a report looks. Of those that fit (client, kind, campaign_type)
# the one that says most is taken; what a template leaves out is so as without one.
templates: []
# templates:
#   - name: weekly
#     client: Alpenglow
#     campaign_type: sales          # awareness traffic leads sales app
#     audience: client              # executive client operator auditor
#     language: en                  # en de
#     kpis: [conversions, cpa, revenue, roas]
#     brand:                        # logo: logo.png, a PNG or JPEG beside this file
#       {name: "Agency", accent: "#1f5fa8", footer: "Confidential."}

# A schedule makes a report on the client's clock and tells the team; with mail it is sent too.
# maxopt serve and maxopt worker look every quarter of an hour.
schedules: []
# schedules:
#   - name: monday
#     client: Alpenglow
#     template: weekly
#     kind: performance
#     cron: "0 7 * * mon"           # minute hour day-of-month month day-of-week
#     period: last_week             # last_week last_month last_7_days last_28_days month_to_date
#     forms: [html, xlsx]           # html pdf xlsx csv json md eml; pdf needs Chromium
#     mail: {channel: mail, to: [someone@agency.example]}   # an e-mail channel of alerts.yaml
# Kinds:
)yaml";
  for (const report::Kind& kind : report::Kinds()) {
    text += fmt::format("# {:<12} {}\n", kind.name, kind.what);
  }
  return text;
}

}  // namespace maxopt
