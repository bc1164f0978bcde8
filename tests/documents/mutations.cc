#include "documents/mutations.h"

#include <fmt/format.h>
#include <zip.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sheet/sheet.h"

namespace maxopt::mutations {
namespace {

/// A rule that no longer fits the example is a broken test: stop at once.
[[noreturn]] void NoLongerFits(const std::string& what) {
  fmt::print(stderr, "tests/documents: the example has changed: {}\n", what);
  std::abort();
}

std::string Source(const std::string& path) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/examples/" + path, std::ios::binary);
  if (!in) NoLongerFits(path + " is not there");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

DocumentFile& FileOf(std::vector<DocumentFile>& files, std::string_view stem) {
  for (DocumentFile& file : files) {
    if (file.name.starts_with(stem)) return file;
  }
  NoLongerFits(std::string(stem) + " is missing");
}

void Swap(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) NoLongerFits("no " + from);
  text.replace(at, from.size(), to);
}

/// A YAML or JSON string; bytes that are no UTF-8 stay what they are.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// One field of the example, where it stands in every form.
struct Target {
  std::string document;
  std::string sheet;   ///< of CSV (with _) and workbook
  std::string yaml;    ///< up to the value; the rest of the line is the value
  std::string json;    ///< the same in the JSON form, by its pointer
  std::string header;  ///< its column; for the brief, its line
  std::string field;   ///< what the error names
  std::vector<std::string> values;
};

const std::vector<Target>& Targets() {
  static const std::vector<Target> targets = {
      {"media_plan",
       "Media plan",
       "\n    daily_budget: ",
       "/packages/0/daily_budget",
       "Daily budget",
       "daily_budget",
       {"1e3",
        "NaN",
        "Inf",
        "-5",
        "0",
        " 5",
        "5 ",
        "1,000.00",
        "200,50",
        "\xE2\x82\xAC"
        "200",
        "\xD9\xA2\xD9\xA0\xD9\xA0",
        "10.005",
        "99999999999999",
        "0x10",
        "200.00.00",
        "+5",
        "=1+1",
        "#REF!",
        ".5",
        "9223372036854775808",
        "200 EUR"}},
      {"brief",
       "Brief",
       "\nstart: ",
       "/start",
       "Start",
       "start",
       {"03/04/2026", "2026-13-01", "2026-02-30", "1.3.2026", "tomorrow", "20260301",
        "2026-03-01T00:00:00Z", "1899-01-01", "2026-3-1", "46082"}},
      {"media_plan",
       "Media plan",
       "\n    account: ",
       "/packages/0/account",
       "Account",
       "account",
       {"447-118-9001", "act_880", "four", "4471189001 "}},
      {"media_plan",
       "Media plan",
       "\n    platform: ",
       "/packages/0/platform",
       "Platform",
       "platform",
       {"myspace", "google", "\x1B[31mmeta"}},
      {"media_plan",
       "Media plan",
       "  - name: ",
       "/packages/0/name",
       "Package",
       "name",
       {"Search Brand", "a/b",
        "s\xC3\xA4"
        "arch",
        "..", "name\nname"}},
      {"buys",
       "Buys",
       "\n        age_min: ",
       "/buys/2/ad_groups/0/age_min",
       "Age min",
       "age_min",
       {"abc", "12", "200", "25.5", "-1"}},
      {"brief",
       "Brief",
       "\nlanding_url: ",
       "/landing_url",
       "Landing page",
       "landing_url",
       {"http://alpenglow.example", "javascript:alert(1)", "https://user@evil.example/",
        "https://nohost", "ftp://x.example", "https://x.example/a b"}},
      {"brief",
       "Brief",
       "\ncurrency: ",
       "/currency",
       "Currency",
       "currency",
       {"EURO", "eur", "XXX", "\xE2\x82\xAC"}},
      {"brief",
       "Brief",
       "\nbudget_cap_timezone: ",
       "/budget_cap_timezone",
       "Budget cap timezone",
       "budget_cap_timezone",
       {"Berlin", "+01:00", "../../etc/passwd"}},
      {"creatives",
       "Assets",
       "",
       "/assets/0/file",
       "File",
       "file",
       {"../secret.png", "/etc/passwd.png", "C:\\x.png", "creatives/../../x.png", "~/x.png",
        "creatives/none.png", "creatives/dawn.exe", "creatives//dawn.png", "./dawn.png"}},
      {"creatives",
       "Assets",
       "",
       "/assets/0/alt",
       "Alt",
       "alt",
       {"bell \x07",
        "turned \xE2\x80\xAE"
        "around",
        "zero\xE2\x80\x8Bwidth",
        "\xC2\x9B"
        "31m"}},
  };
  return targets;
}

/// Cells of the example's workbook or of one CSV file, to be changed and written again.
std::vector<std::vector<sheet::OutCell>> Cells(const sheet::Sheet& read) {
  std::vector<std::vector<sheet::OutCell>> out;
  for (const sheet::Row& row : read.rows) {
    out.emplace_back();
    for (const sheet::Cell& cell : row.cells) {
      out.back().push_back({sheet::OutCell::Kind::kText, cell.text});
    }
  }
  return out;
}
std::vector<std::vector<sheet::OutCell>> CsvCells(const std::string& text) {
  sheet::Sheet read;
  const auto records = sheet::ParseCsv(text, ',');
  if (!records) NoLongerFits(records.error().what);
  for (const sheet::CsvRecord& record : *records) {
    read.rows.push_back({record.line, {}});
    for (const std::string& cell : record.cells) read.rows.back().cells.push_back({cell, {}});
  }
  return Cells(read);
}

/// Changes the first filled cell of a column, or the value of a line of the brief; its name.
std::string SetCell(std::vector<std::vector<sheet::OutCell>>& rows, const std::string& header,
                    const std::string& value) {
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    if (rows[0][column].text != header) continue;
    for (std::size_t row = 1; row < rows.size(); ++row) {
      if (column >= rows[row].size() || rows[row][column].text.empty()) continue;
      rows[row][column].text = value;
      return sheet::CellName(column, row + 1);
    }
  }
  for (std::size_t row = 1; row < rows.size(); ++row) {
    if (rows[row][0].text != header) continue;
    rows[row][1].text = value;
    return sheet::CellName(1, row + 1);
  }
  NoLongerFits("no column " + header);
}

std::string Stem(std::string name) {
  for (char& c : name) c = c == ' ' ? '_' : static_cast<char>(c | 0x20);
  return name;
}

void AddValues(std::vector<Bad>& out) {
  const auto workbook = sheet::ReadXlsx(Example(Form::kXlsx)[0].bytes);
  if (!workbook) NoLongerFits(workbook.error().what);
  for (const Target& target : Targets()) {
    for (const std::string& value : target.values) {
      const std::string name = fmt::format("{} {}", target.field, sheet::ShownCell(value));
      if (!target.yaml.empty()) {
        auto files = Example(Form::kYaml);
        std::string& text = FileOf(files, target.document).bytes;
        const std::size_t at = text.find(target.yaml);
        if (at == std::string::npos) NoLongerFits("no " + target.yaml);
        const std::size_t begin = at + target.yaml.size();
        text.replace(begin, text.find('\n', begin) - begin, Quoted(value));
        out.push_back({"yaml: " + name, files, target.document + ".yaml:", target.field});
      }
      {
        auto files = Example(Form::kJson);
        DocumentFile& file = FileOf(files, target.document);
        auto json = nlohmann::ordered_json::parse(file.bytes);
        json[nlohmann::ordered_json::json_pointer(target.json)] = value;
        file.bytes = json.dump(1);
        out.push_back({"json: " + name, files, target.document + ".json:", target.field});
      }
      {
        auto files = Example(Form::kCsv);
        DocumentFile& file = FileOf(files, Stem(target.sheet));
        auto rows = CsvCells(file.bytes);
        const std::string cell = SetCell(rows, target.header, value);
        file.bytes = sheet::WriteCsv(rows);
        // The asset itself is refused, not a cell of it, when the file is not there.
        const bool late = value == "creatives/none.png" || value == "creatives/dawn.exe";
        out.push_back({"csv: " + name, files,
                       file.name + (late ? ":" : fmt::format(", cell {}", cell)),
                       late ? "" : target.field});
      }
      {
        std::vector<sheet::OutSheet> sheets;
        std::string cell;
        for (const sheet::Sheet& read : *workbook) {
          sheets.push_back({read.name, Cells(read)});
          if (read.name == target.sheet) cell = SetCell(sheets.back().rows, target.header, value);
        }
        auto files = Example(Form::kXlsx);
        const auto written = sheet::WriteXlsx(sheets);
        if (!written) NoLongerFits(written.error().what);
        files[0].bytes = *written;
        const bool late = value == "creatives/none.png" || value == "creatives/dawn.exe";
        out.push_back({"xlsx: " + name, files,
                       fmt::format("{}, sheet {}, {}", files[0].name, target.sheet,
                                   late ? "row" : "cell " + cell),
                       late ? "" : target.field});
      }
    }
  }
}

struct Change {
  std::string name;
  std::string document;
  std::string from;
  std::string to;
  std::string says;
};

std::string Repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string Keywords(int count) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) out += fmt::format("\"exact:k{}\", ", i);
  return out + "\"exact:last\"]";
}

std::vector<Change> YamlChanges() {
  return {
      {"key twice", "brief", "\nobjective: sales", "\nobjective: sales\nobjective: leads",
       "written twice"},
      {"unknown key", "brief", "\nobjective: sales", "\nobjectiv: sales", "not known"},
      {"key of another document", "buys", "    bid_strategy: manual_cpc", "    daily_budget: 5.00",
       "belongs to"},
      {"unknown key in a package", "media_plan", "    pacing: even", "    pase: even", "not known"},
      {"alias", "brief", "client: Alpenglow", "client: &a Alpenglow\nbrand: *a", "anchors"},
      {"a billion laughs", "brief", "client: Alpenglow",
       "client: Alpenglow\nx: &a [l, l, l, l, l, l, l, l, l]\ny: &b [*a, *a, *a, *a, *a, *a]\n"
       "z: &c [*b, *b, *b, *b, *b, *b, *b]",
       "anchors"},
      {"merge key", "brief", "client: Alpenglow", "client: Alpenglow\n<<: {brand: x}", "not known"},
      {"tag that makes objects", "brief", "client: Alpenglow",
       "client: !!python/object/apply:os.system [ls]", "tag"},
      {"local tag", "brief", "client: Alpenglow", "client: !secret x", "tag"},
      {"deep flow", "brief", "client: Alpenglow",
       "client: " + Repeated("[", 20'000) + Repeated("]", 20'000), "deep"},
      {"deep maps", "brief", "client: Alpenglow",
       "client: " + Repeated("{a: ", 200) + "1" + Repeated("}", 200), "deep"},
      {"open brackets", "brief", "client: Alpenglow", "client: " + Repeated("[{", 5'000), ""},
      {"two documents", "brief", "client: Alpenglow", "client: Alpenglow\n---\na: 1",
       "more than one"},
      {"no header", "brief", "maxopt: brief/1", "", "does not say which"},
      {"other version", "brief", "maxopt: brief/1", "maxopt: brief/2", "brief/1"},
      {"other kind", "brief", "maxopt: brief/1", "maxopt: media_plan/1", "not known"},
      {"header twice", "brief", "maxopt: brief/1", "maxopt: brief/1\nmaxopt: brief/1", "once"},
      {"no client", "brief", "client: Alpenglow", "", "has no \"client\""},
      {"no campaign", "brief", "campaign: Spring trails", "", "has no \"campaign\""},
      {"no currency", "brief", "currency: EUR", "", "has no \"currency\""},
      {"no landing page", "brief", "landing_url: https://alpenglow.example/trails", "",
       "has no \"landing_url\""},
      {"no end", "brief", "end: 2026-04-30", "", "has no \"end\""},
      {"empty value", "brief", "client: Alpenglow", "client:", "empty"},
      {"null", "brief", "client: Alpenglow", "client: null", "empty"},
      {"empty text", "brief", "client: Alpenglow", "client: \"\"", "empty"},
      {"list for a text", "brief", "client: Alpenglow", "client: [a, b]", "one value"},
      {"mapping for a text", "brief", "client: Alpenglow", "client: {a: b}", "one value"},
      {"text for a list", "brief", "  countries: [DE, AT, CH]", "  countries: DE", "a list"},
      {"text for a mapping", "brief",
       "attribution: {model: last_click, click_days: 30, view_days: 1}", "attribution: last_click",
       "mapping"},
      {"text for packages", "media_plan", "packages:", "packages: none\nx:", "a list"},
      {"a key that is a list", "brief", "client: Alpenglow", "client: Alpenglow\n? [a, b]\n: c",
       "key"},
      {"a list in a list", "buys", "ads: [Brand v1]", "ads: [[Brand v1]]", "one text"},
      {"tab for indentation", "brief", "  countries: [DE", "\tcountries: [DE", "YAML"},
      {"quote never closed", "brief", "client: Alpenglow", "client: \"Alpenglow", ""},
      {"bytes that are no UTF-8", "brief", "client: Alpenglow", "client: Alpengl\xFF\xFE", "UTF-8"},
      {"overlong UTF-8", "brief", "client: Alpenglow", "client: Alpen\xC0\xAF", "UTF-8"},
      {"zero byte", "brief", "client: Alpenglow", std::string("client: Al\0pen", 14), "UTF-8"},
      {"escaped control characters", "brief", "client: Alpenglow", "client: \"Al\\x1b[2Jpen\"",
       "control character"},
      {"space at the end", "brief", "client: Alpenglow", "client: \"Alpenglow \"", "space"},
      {"line break in a name", "brief", "client: Alpenglow", "client: \"Alpen\\nglow\"",
       "line break"},
      {"long name", "brief", "client: Alpenglow", "client: " + std::string(600, 'a'), "at most"},
      {"long text", "creatives", "alt: A runner on a ridge at first light",
       "alt: " + std::string(6'000, 'a'), "at most"},
      {"huge file", "brief", "client: Alpenglow", "client: " + std::string(5u << 20, 'a'), "4 MiB"},
      {"too many values", "buys", "ads: [Brand v1]", "ads: [" + Repeated("a, ", 210'000) + "a]",
       "values"},
      {"too many keywords", "buys",
       "keywords: [\"exact:alpenglow\", \"phrase:alpenglow shoes\", \"phrase:alpenglow trail\"]",
       "keywords: " + Keywords(5'100), "entries"},
      {"package twice", "media_plan", "name: search-generic", "name: search-brand", "twice"},
      {"ad twice", "creatives", "name: Grip v1", "name: Brand v1", "twice"},
      {"names that fold to one", "creatives", "name: Grip v1", "name: BRAND-V1", "twice"},
      {"asset twice", "creatives", "{name: ridge,", "{name: dawn,", "twice"},
      {"buy twice", "buys", "package: search-generic", "package: search-brand", "twice"},
      {"KPI twice", "brief", "metric: cpa", "metric: roas", "twice"},
      {"keyword twice", "buys", "\"phrase:alpenglow shoes\"", "\"exact:alpenglow\"", "twice"},
      {"keyword without its match", "buys", "\"exact:alpenglow\"", "alpenglow", "match"},
      {"country in words", "buys", "countries: [DE, AT, CH]", "countries: [Germany]", "country"},
      {"language in capitals", "buys", "languages: [de]", "languages: [DE]", "language"},
      {"daypart of half hours", "buys", "    bid_strategy: manual_cpc",
       "    dayparts: [\"mon 08:30-12:00\"]", "dayparts"},
      {"unknown word", "media_plan", "pacing: even", "pacing: fast", "known are"},
      {"unknown goal", "media_plan", "optimization_goals: [conversions]",
       "optimization_goals: [fame]", "known are"},
      {"truth in words", "brief", "eu_political: false", "eu_political: perhaps", "true or false"},
      {"end before start", "brief", "end: 2026-04-30", "end: 2026-02-01", "before it starts"},
      {"flight of a package backwards", "media_plan", "    pacing: even",
       "    start: 2026-04-01\n    end: 2026-03-01", "before it starts"},
      {"always on with an end", "media_plan", "    pacing: even",
       "    always_on: true\n    end: 2026-04-01", "always_on"},
      {"package without a budget", "media_plan", "    budget: 12200.00\n    daily_budget: 200.00\n",
       "", "neither"},
      {"ages backwards", "buys", "age_max: 54", "age_max: 18", "below"},
      {"arms that do not add up", "brief",
       "{name: Dawn, of: [social-prospecting/Outdoor 25-54/Dawn], "
       "share_percent: 50}",
       "{name: Dawn, of: [social-prospecting/Outdoor 25-54/Dawn], share_percent: 40}", "100"},
      {"one arm", "brief",
       "\n      - {name: Ridge, of: [social-prospecting/Outdoor 25-54/Ridge], share_percent: 50}",
       "", "two arms"},
      {"arm of nothing", "brief", "of: [social-prospecting/Outdoor 25-54/Dawn], ", "", "made of"},
      {"baseline that is no rate", "brief", "baseline: 0.012", "baseline: 1.2", "baseline"},
      {"counts as a list", "media_plan", "    pacing: even", "    committed_metrics: [impressions]",
       "mapping"},
      {"counts that are none", "media_plan", "    pacing: even",
       "    committed_metrics: {impressions: many}", "number"},
      {"asset without a file", "creatives", "file: creatives/dawn.png, ", "", "either"},
      {"asset of half an account", "creatives", "file: creatives/dawn.png,",
       "account: meta/880011223344,", "either"},
      {"asset of an account and a file", "creatives", "file: creatives/dawn.png,",
       "file: creatives/dawn.png, account: meta/880011223344, platform_id: x,", "either"},
      {"digest of another file", "creatives", "file: creatives/dawn.png,",
       "file: creatives/dawn.png, sha256: " + std::string(64, '0') + ",", "SHA-256"},
      {"picture that is no asset", "creatives", "image: dawn", "image: dusk", "no asset"},
      {"picture outside", "creatives", "image: dawn", "image: ../../dawn.png", "leaves its folder"},
      {"no ads", "creatives", "\nads:\n", "\nads: []\nx:\n", "at least one"},
  };
}

std::vector<Change> JsonChanges() {
  return {
      {"comma at the end", "brief", "\"client\"", "\"brand\": \"a\",, \"client\"", "JSON"},
      {"comment", "brief", "\"client\"", "// a comment\n\"client\"", "JSON"},
      {"key twice", "brief", "\"client\"", "\"client\": \"Other\", \"client\"", "written twice"},
      {"deep", "brief", "\"client\"", "\"x\": " + Repeated("[", 100'000) + ", \"client\"", "deep"},
      {"half a surrogate pair", "brief", "\"Alpenglow\"", "\"Alp\\ud800\"", "JSON"},
      {"number without end", "brief", "\"Alpenglow\"", "1e999", "JSON"},
      {"NaN", "brief", "\"Alpenglow\"", "NaN", "JSON"},
      {"cut off", "brief", "\"client\"", "", "JSON"},
      {"escaped zero", "brief", "\"Alpenglow\"", "\"Alp\\u0000\"", "control character"},
      {"truth for a text", "brief", "\"2026-03-01\"", "true", "not a day"},
      {"real budget", "media_plan", "\"200.00\"", "2e2", "daily_budget"},
      {"null budget", "media_plan", "\"200.00\"", "null", "empty"},
      {"negative zero", "media_plan", "\"200.00\"", "-0.0", "daily_budget"},
      {"text behind it", "brief", "{", "{} {", "JSON"},
  };
}

std::vector<Change> CsvChanges() {
  return {
      {"unknown column", "media_plan", "Daily budget", "Dayly budget", "not known"},
      {"column twice", "media_plan", "Daily budget", "Budget", "twice"},
      {"quote never closed", "media_plan", "search-brand", "\"search-brand", "quote"},
      {"text behind a quote", "media_plan", "search-brand", "\"search\"-brand", "closing quote"},
      {"cell under no header", "media_plan", ",search,even\n", ",search,even,more\n", "no header"},
      {"header without a name", "media_plan", "Daily budget", "", "no header"},
      {"row without a package", "buys", "\nsearch-brand,", "\n,", "names no Package"},
      {"rows that disagree", "buys", "\nvideo-prospecting,Broad",
       "\nsearch-brand,Other,,,,,,,,,,,lowest_cost,DE,de\nvideo-prospecting,Broad", "differs"},
      {"ad group twice", "buys", "\nvideo-prospecting,Broad",
       "\nsearch-brand,Brand\nvideo-prospecting,Broad", "twice"},
      {"field twice", "brief", "Client,Alpenglow", "Client,Alpenglow\nClient,Other",
       "written twice"},
      {"field unknown", "brief", "Client,Alpenglow", "Client,Alpenglow\nMood,good", "not known"},
      {"value without a field", "brief", "Client,Alpenglow", "Client,Alpenglow\n,good", "no field"},
      {"target before its KPI", "brief", "KPI,roas\n", "", "comes before"},
      {"no value column", "brief", "Field,Value", "Field,Worth", "not known"},
      {"zero byte", "brief", "Alpenglow", std::string("Al\0p", 4), "UTF-8"},
      {"Latin-1", "brief", "Alpenglow", "Alpengl\xFChen", "UTF-8"},
      {"many columns", "media_plan", "Package,", Repeated("a,", 600) + "Package,", "columns"},
      {"UTF-16 cut in half", "brief", "Field,Value",
       "\xFF\xFE"
       "F",
       ""},
      {"counts without a number", "media_plan", "search,even", "search,even\n", ""},
  };
}

std::string WithPart(const std::string& workbook, const std::string& part,
                     const std::function<void(std::string&)>& change) {
  zip_error_t error;
  zip_source_t* source = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(source);
  zip_t* to = zip_open_from_source(source, ZIP_TRUNCATE, &error);
  zip_source_t* old = zip_source_buffer_create(workbook.data(), workbook.size(), 0, &error);
  zip_t* from = zip_open_from_source(old, ZIP_RDONLY, &error);
  if (to == nullptr || from == nullptr) NoLongerFits("the workbook cannot be opened");
  std::vector<std::string> contents;
  const auto entries = zip_get_num_entries(from, 0);
  contents.reserve(static_cast<std::size_t>(entries));
  bool found = false;
  for (zip_int64_t at = 0; at < entries; ++at) {
    zip_stat_t stat;
    zip_stat_index(from, static_cast<zip_uint64_t>(at), 0, &stat);
    std::string content(stat.size, '\0');
    zip_file_t* file = zip_fopen_index(from, static_cast<zip_uint64_t>(at), 0);
    zip_fread(file, content.data(), content.size());
    zip_fclose(file);
    if (stat.name == part) {
      change(content);
      found = true;
    }
    contents.push_back(std::move(content));
    zip_file_add(to, stat.name,
                 zip_source_buffer(to, contents.back().data(), contents.back().size(), 0), 0);
  }
  if (!found) NoLongerFits("no part " + part);
  zip_discard(from);
  zip_close(to);
  zip_source_open(source);
  zip_source_seek(source, 0, SEEK_END);
  std::string out(static_cast<std::size_t>(zip_source_tell(source)), '\0');
  zip_source_seek(source, 0, SEEK_SET);
  zip_source_read(source, out.data(), out.size());
  zip_source_close(source);
  zip_source_free(source);
  return out;
}

void AddWorkbooks(std::vector<Bad>& out) {
  const std::string good = Example(Form::kXlsx)[0].bytes;
  const std::string file = Example(Form::kXlsx)[0].name;
  const std::string plan = "xl/worksheets/sheet5.xml";
  const auto add = [&](const std::string& name, std::string bytes, const std::string& place,
                       const std::string& says) {
    out.push_back({"xlsx: " + name, {{file, std::move(bytes)}}, file + place, says});
  };
  // The daily budget of the first package: 200 in E2 of the sheet "Media plan".
  const auto cell = [&](const std::string& name, const std::string& xml, const std::string& says) {
    add(name,
        WithPart(good, plan,
                 [&](std::string& text) {
                   const std::size_t at = text.find("<c r=\"E2\"");
                   if (at == std::string::npos) NoLongerFits("no E2");
                   text.replace(at, text.find("</c>", at) + 4 - at, xml);
                 }),
        ", sheet Media plan, cell E2", says);
  };
  cell("error cell", R"(<c r="E2" t="e"><v>#REF!</v></c>)", "#REF!");
  cell("division by zero", R"(<c r="E2" t="e"><f>1/0</f><v>#DIV/0!</v></c>)", "#DIV/0!");
  cell("formula without its value", R"(<c r="E2"><f>D2/61</f></c>)", "formula");
  cell("sum of doubles", R"(<c r="E2"><f>D2/61</f><v>19.990000000000002</v></c>)", "daily_budget");
  cell("thirds of a cent", R"(<c r="E2"><v>33.333333333333336</v></c>)", "daily_budget");
  cell("not a number", R"(<c r="E2"><v>NaN</v></c>)", "not a number");
  cell("infinite", R"(<c r="E2"><v>INF</v></c>)", "not a number");
  cell("past 15 digits", R"(<c r="E2"><v>2.3850000000000112E+16</v></c>)", "15 digits");
  cell("truth for money", R"(<c r="E2" t="b"><v>1</v></c>)", "daily_budget");
  cell("text that is not there", R"(<c r="E2" t="s"><v>99999</v></c>)", "does not have");
  cell("below zero", R"(<c r="E2"><v>-200</v></c>)", "daily_budget");
  add("no bytes", "", "", "is empty");
  add("a text file", "Field,Value\nClient,Alpenglow\n", "", "zip");
  add("cut off", good.substr(0, good.size() / 2), "", "zip");
  add("huge", std::string(17u << 20, 'P'), "", "16 MiB");
  add("zip bomb", WithPart(good, plan, [](std::string& text) { text.append(20u << 20, ' '); }), "",
      "far more");
  add("many cells",
      WithPart(good, plan,
               [](std::string& text) {
                 text = "<worksheet><sheetData><row r=\"1\">" + Repeated("<c/>", 1'600'000) +
                        "</row></sheetData></worksheet>";
               }),
      "", "");
  add("entities",
      WithPart(good, plan,
               [](std::string& text) { text = "<!DOCTYPE a [<!ENTITY b \"c\">]>" + text; }),
      "", "entities");
  add("damaged part", WithPart(good, plan, [](std::string& text) { text.resize(text.size() / 2); }),
      "", "damaged");
  add("sheet elsewhere",
      WithPart(good, "xl/_rels/workbook.xml.rels",
               [](std::string& text) {
                 Swap(text, "worksheets/sheet5.xml", "worksheets/../../../etc/passwd");
               }),
      "", "where its sheet");
  add("part that is missing",
      WithPart(
          good, "xl/_rels/workbook.xml.rels",
          [](std::string& text) { Swap(text, "worksheets/sheet5.xml", "worksheets/sheet99.xml"); }),
      "", "no part");
  add("unknown sheet",
      WithPart(
          good, "xl/workbook.xml",
          [](std::string& text) { Swap(text, "name=\"Media plan\"", "name=\"Medium plan\""); }),
      ", sheet Medium plan", "not known");
  add("hostile sheet name",
      WithPart(good, "xl/workbook.xml",
               [](std::string& text) { Swap(text, "name=\"Media plan\"", "name=\"&#27;[2J\""); }),
      ", sheet ", "not known");
}

void AddFiles(std::vector<Bad>& out) {
  for (const std::string stem : {"brief", "media_plan", "creatives", "buys"}) {
    auto files = Example(Form::kYaml);
    std::erase_if(files, [&](const DocumentFile& file) { return file.name.starts_with(stem); });
    std::string words = stem;
    std::replace(words.begin(), words.end(), '_', ' ');
    out.push_back({"files: without the " + stem, files, "the " + words, "is missing"});
  }
  auto twice = Example(Form::kYaml);
  twice.push_back({"other.yaml", twice[0].bytes});
  out.push_back(
      {"files: two briefs", twice, "other.yaml:4", "written twice, first at brief.yaml:4"});
  auto both = Example(Form::kYaml);
  both.push_back(Example(Form::kCsv)[1]);
  out.push_back({"files: two media plans", both, "media_plan.csv:1", "written twice"});
  auto many = Example(Form::kYaml);
  for (int i = 0; i < 60; ++i) many.push_back(many[0]);
  out.push_back({"files: sixty", many, "64 files", "at most"});
  auto other = Example(Form::kYaml);
  other.push_back({"brief.docx", "PK"});
  out.push_back({"files: another format", other, "brief.docx", "none of .yaml"});
  auto strange = Example(Form::kYaml);
  strange.push_back({"\x1B[31mbrief.exe", ""});
  out.push_back({"files: hostile name", strange, "?[31mbrief.exe", "none of"});
  for (const std::string text :
       {"", "\n\n# nothing\n", "- a\n- b\n", "just words", "{}", "\xEF\xBB\xBF"}) {
    auto files = Example(Form::kYaml);
    files[0].bytes = text;
    out.push_back({"files: brief is " + sheet::ShownCell(text), files, "brief.yaml", ""});
  }
  for (const std::string text : {"", "[]", "null", "\"a\"", "[[[["}) {
    auto files = Example(Form::kJson);
    files[0].bytes = text;
    out.push_back({"files: JSON brief is " + sheet::ShownCell(text), files, "brief.json", ""});
  }
  for (const std::string text :
       {"", "\n\n", "Field\n", "Value,Field,Value\n", "\"", "a,b,c\n1,2,3\n"}) {
    auto files = Example(Form::kCsv);
    files[0].bytes = text;
    out.push_back({"files: CSV brief is " + sheet::ShownCell(text), files, "brief.csv", ""});
  }
  out.push_back({"files: none", {}, "the brief", "is missing"});
  auto unknown = Example(Form::kCsv);
  unknown[0] = {"table.csv", "one,two\n1,2\n"};
  out.push_back({"files: CSV of no kind", unknown, "table.csv", "no sheet"});
}

void AddChanges(Form form, std::string_view prefix, const std::vector<Change>& changes,
                std::vector<Bad>& out) {
  for (const Change& change : changes) {
    auto files = Example(form);
    DocumentFile& file = FileOf(files, change.document);
    Swap(file.bytes, change.from, change.to);
    if (change.name == "cut off") file.bytes.resize(file.bytes.size() / 2);
    if (change.name == "UTF-16 cut in half") file.bytes.resize(3);
    if (change.name == "counts without a number") {
      file.bytes =
          "Package,Platform,Account,Budget,Committed metrics\n"
          "a,meta,1,5,impressions\n";
    }
    out.push_back({fmt::format("{}: {}", prefix, change.name), files, file.name, change.says});
  }
}

}  // namespace

std::vector<DocumentFile> Example(Form form) {
  std::vector<DocumentFile> files;
  switch (form) {
    case Form::kYaml:
      for (const std::string name : {"brief", "media_plan", "creatives", "buys"}) {
        files.push_back({name + ".yaml", Source("alpenglow/" + name + ".yaml")});
      }
      break;
    case Form::kJson: {
      // The printed documents hold every value as its text, so JSON is made line by line of them.
      const auto read = ParseDocuments(Example(Form::kYaml), ExampleAsset);
      if (!read) NoLongerFits(read.error().what);
      for (const DocumentFile& file : PrintDocumentsJson(*read)) files.push_back(file);
      break;
    }
    case Form::kCsv:
      for (const std::string name :
           {"brief", "media_plan", "creatives", "assets", "guidelines", "buys"}) {
        files.push_back({name + ".csv", Source("alpenglow-sheets/" + name + ".csv")});
      }
      break;
    case Form::kXlsx:
      files.push_back({"alpenglow.xlsx", Source("alpenglow-workbook/alpenglow.xlsx")});
      break;
  }
  return files;
}

Result<std::string> ExampleAsset(const std::string& name) {
  for (const char* known : {"creatives/dawn.png", "creatives/ridge.png", "creatives/night.png"}) {
    if (name == known) return Source("alpenglow/" + name);
  }
  return Fail(Errc::kNotFound, "is not there; put it beside the document");
}

std::vector<Bad> BadDocuments() {
  std::vector<Bad> out;
  AddValues(out);
  AddChanges(Form::kYaml, "yaml", YamlChanges(), out);
  AddChanges(Form::kJson, "json", JsonChanges(), out);
  AddChanges(Form::kCsv, "csv", CsvChanges(), out);
  AddWorkbooks(out);
  AddFiles(out);
  return out;
}

std::vector<Contradiction> ContradictoryDocuments() {
  const Change changes[] = {
      {"the packages' budgets exceed the total", "brief", "total_budget: 91500.00",
       "total_budget: 90000.00", ""},
      {"the packages' budgets fall short of the total", "brief", "total_budget: 91500.00",
       "total_budget: 120000.00", ""},
      {"the daily budgets exceed the daily cap", "brief", "daily_budget_cap: 2400.00",
       "daily_budget_cap: 1400.00", ""},
      {"a daily cap without its time zone", "brief", "budget_cap_timezone: Europe/Berlin\n", "",
       ""},
      {"a package's budget and daily budget disagree", "media_plan", "budget: 12200.00",
       "budget: 6100.00", ""},
      {"a package begins before the brief", "media_plan", "    pacing: even",
       "    pacing: even\n    start: 2026-02-01", ""},
      {"a package ends after the brief", "media_plan", "    pacing: even",
       "    pacing: even\n    end: 2026-05-31", ""},
      {"a package that is always on in a brief that ends", "media_plan", "    pacing: even",
       "    pacing: even\n    always_on: true", ""},
      {"the flight is in the past", "brief", "start: 2026-03-01\nend: 2026-04-30",
       "start: 2020-03-01\nend: 2020-04-30", ""},
      {"a currency that is not the accounts'", "brief", "currency: EUR", "currency: USD", ""},
      {"a package without buying details", "buys", "package: video-prospecting",
       "package: video-unknown", ""},
      {"an ad group names an ad that is not there", "buys", "ads: [Night run]", "ads: [Day run]",
       ""},
      {"an ad is meant for a package that is not there", "creatives",
       "packages: [video-prospecting]", "packages: [video-retargeting]", ""},
      {"an ad group uses an ad of another package", "buys", "ads: [Night run]", "ads: [Dawn]", ""},
      {"an account that is not connected", "media_plan", "account: \"7011223344556677\"",
       "account: \"7011223344556678\"", ""},
      {"keywords on a platform without them", "buys", "audiences: [\"23850000000000111\"]",
       "keywords: [\"exact:shoes\"]", ""},
      {"a search ad group without keywords", "buys",
       "        keywords: [\"exact:alpenglow\", \"phrase:alpenglow shoes\", \"phrase:alpenglow "
       "trail\"]\n",
       "", ""},
      {"an event that is no goal of the brief", "buys", "conversion_event: purchase",
       "conversion_event: lead", ""},
      {"countries outside of the brief's audience", "buys", "countries: [DE, AT, CH]",
       "countries: [DE, FR]", ""},
      {"political in the buys, not in the brief", "buys", "    bid_strategy: manual_cpc",
       "    bid_strategy: manual_cpc\n    eu_political: true", ""},
      {"a special category with narrow ages", "brief", "special_categories: []",
       "special_categories: [housing]", ""},
      {"a forbidden word in a headline", "creatives", "Grip where it counts",
       "Cheap grip where it counts", ""},
      {"fewer headlines than the platform needs", "creatives",
       "headlines: [Trail Shoes that Hold, Grip on Wet Rock, Made to Be Mended]",
       "headlines: [Trail Shoes that Hold]", ""},
      {"a headline longer than the platform takes", "creatives", "Trail Shoes that Hold",
       "Trail shoes that hold on everything you will ever run on", ""},
      {"an ad without its picture", "creatives", "    page_id: \"110022003300\"\n    image: dawn\n",
       "    page_id: \"110022003300\"\n", ""},
      {"an ad that leads to another domain", "creatives", "    image: night",
       "    image: night\n    landing_url: https://elsewhere.example/", ""},
      {"an experiment of an ad that is not there", "brief", "Outdoor 25-54/Dawn]",
       "Outdoor 25-54/Dusk]", ""},
      {"an experiment whose arms are the same", "brief", "Outdoor 25-54/Ridge]",
       "Outdoor 25-54/Dawn]", ""},
      {"an experiment that ends after the flight", "brief", "    end: 2026-03-21",
       "    end: 2026-06-30", ""},
      {"a bid above the daily budget", "buys", "bid: 0.90", "bid: 500.00", ""},
      {"a target cost that the strategy does not use", "buys", "    bid_strategy: manual_cpc",
       "    bid_strategy: manual_cpc\n    target_cpa: 20.00", ""},
      {"no KPI is primary", "brief", "importance: primary", "importance: secondary", ""},
      {"a spend guard above the total", "brief", "target: 91500.00, importance: guard",
       "target: 99999.00, importance: guard", ""},
      {"a tracking template that names an unknown part", "brief", "utm_campaign={campaign}",
       "utm_campaign={kampagne}", ""},
      {"a landing page with tracking parameters", "brief", "https://alpenglow.example/trails",
       "https://alpenglow.example/trails?utm_source=old", ""},
      {"a least spend above the budget", "media_plan", "min_spend_target: 15000.00",
       "min_spend_target: 30000.00", ""},
  };
  std::vector<Contradiction> out;
  for (const Change& change : changes) {
    auto files = Example(Form::kYaml);
    Swap(FileOf(files, change.document).bytes, change.from, change.to);
    out.push_back({change.name, std::move(files)});
  }
  return out;
}

}  // namespace maxopt::mutations
