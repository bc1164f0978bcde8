// One requirements file: YAML in, PlatformSpec out, everything unknown or unsourced refused.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "memory/platforms/platforms.h"

namespace maxopt {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::size_t kFileBytesMax = 1u << 20;

constexpr std::string_view kObjectives[] = {"awareness", "traffic", "engagement",
                                            "leads",     "app",     "sales"};
constexpr std::string_view kGoals[] = {"impressions", "reach", "clicks", "conversions", "value"};
constexpr std::string_view kBudgetLevels[] = {"campaign", "ad_group"};
constexpr std::string_view kBudgetKinds[] = {"daily", "lifetime"};
constexpr std::string_view kOwners[] = {"campaign", "ad_group", "either"};
constexpr std::string_view kMedia[] = {"image", "video"};
constexpr std::string_view kFormats[] = {"png", "jpeg", "gif", "webp", "mp4", "mov"};
constexpr std::string_view kAdTypes[] = {"search", "image", "video", "carousel"};
constexpr std::string_view kMacros[] = {"account_id",  "campaign_id",   "campaign_name",
                                        "ad_group_id", "ad_group_name", "ad_id",
                                        "ad_name",     "asset_id",      "placement",
                                        "site_source", "network",       "device",
                                        "keyword",     "match_type",    "click_id",
                                        "location",    "target",        "landing_url",
                                        "timestamp",   "country",       "os",
                                        "search_term", "campaign_type", "objective",
                                        "product_id",  "creative_name", "publisher"};

/// A value that has not the shape it must have; ends the parsing of the file at once. Stays inside
/// this file: ParsePlatformSpec catches it.
struct Wrong {
  int line;
  std::string what;
};

[[noreturn]] void Refuse(const YAML::Node& at, std::string what) {
  throw Wrong{at.Mark().line + 1, std::move(what)};
}

bool Among(Words words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string Text(const YAML::Node& node, std::string_view what) {
  if (!node.IsScalar()) Refuse(node, fmt::format("{} must be a text", what));
  const std::string& text = node.Scalar();
  if (text.empty()) Refuse(node, fmt::format("{} must not be empty", what));
  return text;
}

std::string Word(const YAML::Node& node, std::string_view what, Words words) {
  std::string word = Text(node, what);
  if (!Among(words, word)) {
    Refuse(node,
           fmt::format("{} is \"{}\"; it must be one of {}", what, word, fmt::join(words, ", ")));
  }
  return word;
}

std::int64_t Integer(const YAML::Node& node, std::string_view what, std::int64_t least,
                     std::int64_t most) {
  const std::string text = Text(node, what);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    Refuse(node, fmt::format("{} is \"{}\"; it must be a whole number from {} to {}", what, text,
                             least, most));
  }
  return number;
}

int Count(const YAML::Node& node, std::string_view what) {
  return static_cast<int>(Integer(node, what, 0, 1'000'000));
}

double Seconds(const YAML::Node& node, std::string_view what) {
  const std::string text = Text(node, what);
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0) || number > 1e6) {
    Refuse(node, fmt::format("{} is \"{}\"; it must be seconds, 0 or more", what, text));
  }
  return number;
}

/// "5 MiB", "150 KB", "30 MB", "4 GB" or a plain number of bytes.
std::int64_t Bytes(const YAML::Node& node, std::string_view what) {
  const std::string text = Text(node, what);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"", 1},           {" KB", 1'000},    {" MB", 1'000'000}, {" GB", 1'000'000'000},
      {" KiB", 1 << 10}, {" MiB", 1 << 20}, {" GiB", 1 << 30}};
  for (const auto& [name, bytes] : kUnits) {
    if (error == std::errc() && unit == name && number > 0 && number <= 1'000'000'000) {
      return number * bytes;
    }
  }
  Refuse(node, fmt::format("{} is \"{}\"; it must be like \"5 MiB\" or \"30 MB\"", what, text));
}

bool Flag(const YAML::Node& node, std::string_view what) {
  const std::string text = Text(node, what);
  if (text != "true" && text != "false") {
    Refuse(node, fmt::format("{} is \"{}\"; it must be true or false", what, text));
  }
  return text == "true";
}

Day DayOf(const YAML::Node& node, std::string_view what) {
  const auto day = ParseDay(Text(node, what));
  if (!day) Refuse(node, fmt::format("{}: {}", what, day.error().what));
  return *day;
}

std::vector<std::string> Texts(const YAML::Node& node, std::string_view what) {
  if (!node.IsSequence()) Refuse(node, fmt::format("{} must be a list", what));
  std::vector<std::string> texts;
  std::set<std::string> seen;
  for (const YAML::Node& item : node) {
    texts.push_back(Text(item, what));
    if (!seen.insert(texts.back()).second) {
      Refuse(item, fmt::format("{} names \"{}\" twice", what, texts.back()));
    }
  }
  return texts;
}

std::vector<std::string> WordList(const YAML::Node& node, std::string_view what, Words words) {
  const std::vector<std::string> texts = Texts(node, what);
  for (const YAML::Node& item : node) Word(item, what, words);
  return texts;
}

/// Width and height of "9:16" or "1.91:1", both times 100 where one has decimals.
MediaSpec::Ratio RatioOf(const YAML::Node& node, int tolerance_bp) {
  const std::string text = Text(node, "ratios");
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const auto part = [](std::string_view side, int* whole, bool* decimals) {
      double number = 0;
      const auto [end, error] =
          std::from_chars(side.data(), side.data() + side.size(), number, std::chars_format::fixed);
      if (error != std::errc() || end != side.data() + side.size()) return false;
      if (!(number > 0) || number > 10'000) return false;
      const double hundredths = std::round(number * 100);
      if (std::abs(hundredths - number * 100) > 1e-6) return false;
      *whole = static_cast<int>(hundredths);
      *decimals = *whole % 100 != 0;
      return true;
    };
    int width = 0;
    int height = 0;
    bool width_decimals = false;
    bool height_decimals = false;
    if (part(std::string_view(text).substr(0, colon), &width, &width_decimals) &&
        part(std::string_view(text).substr(colon + 1), &height, &height_decimals)) {
      const int over = width_decimals || height_decimals ? 1 : 100;
      return {width / over, height / over, tolerance_bp};
    }
  }
  Refuse(node, fmt::format("ratios: \"{}\" is not like \"9:16\" or \"1.91:1\"", text));
}

const maxopt::FieldSpec* CatalogueField(std::string_view name) {
  for (const maxopt::FieldSpec& field : FieldCatalogue()) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const maxopt::FieldSpec& NeedField(const YAML::Node& at, std::string_view name) {
  const maxopt::FieldSpec* field = CatalogueField(name);
  if (field == nullptr) {
    Refuse(at, fmt::format("\"{}\" is no field of the catalogue (src/domain/entity.cc)", name));
  }
  return *field;
}

char LetterOf(Level level) {
  switch (level) {
    case Level::kCampaign:
      return 'c';
    case Level::kAdGroup:
      return 'g';
    case Level::kAd:
      return 'a';
    case Level::kAsset:
      return 's';
    case Level::kConversion:
      return 'v';
    case Level::kAccount:
      return '-';
  }
  Bug();
}

/// A map with known keys: every access says which keys there may be, and Done() refuses the rest.
class Map {
 public:
  Map(const YAML::Node& node, std::string what) : node_(node), what_(std::move(what)) {
    if (!node.IsMap()) Refuse(node, fmt::format("{} must be a map", what_));
    for (const auto& entry : node) {
      const std::string key = Text(entry.first, "a key");
      if (!present_.emplace(key, entry.second).second) {
        Refuse(entry.first, fmt::format("{} has \"{}\" twice", what_, key));
      }
      keys_.emplace_back(key, entry.first);
    }
  }
  const YAML::Node* Find(const std::string& key) {
    known_.insert(key);
    const auto at = present_.find(key);
    return at == present_.end() ? nullptr : &at->second;
  }
  const YAML::Node& Need(const std::string& key) {
    const YAML::Node* value = Find(key);
    if (value == nullptr) Refuse(node_, fmt::format("{} needs \"{}\"", what_, key));
    return *value;
  }
  std::string Named(std::string_view key) const { return fmt::format("{}.{}", what_, key); }
  void Done() const {
    for (const auto& [key, node] : keys_) {
      if (!known_.contains(key)) {
        Refuse(node, fmt::format("{} does not know \"{}\"; it knows {}", what_, key,
                                 fmt::join(known_, ", ")));
      }
    }
  }
  const YAML::Node& node() const { return node_; }
  const std::vector<std::pair<std::string, YAML::Node>>& keys() const { return keys_; }

 private:
  YAML::Node node_;
  std::string what_;
  std::map<std::string, YAML::Node> present_;
  std::vector<std::pair<std::string, YAML::Node>> keys_;
  std::set<std::string> known_;
};

class Parser {
 public:
  PlatformSpec Run(const YAML::Node& root) {
    Map file(root, "the file");
    PlatformSpec spec{};
    const YAML::Node& platform = file.Need("platform");
    const auto found = FindPlatform(Text(platform, "platform"));
    if (!found) Refuse(platform, found.error().what);
    if (PlatformName(*found) != platform.Scalar() || *found == Platform::kOther) {
      Refuse(platform, fmt::format("platform \"{}\" has no requirements file", platform.Scalar()));
    }
    spec.platform = *found;
    DayOf(file.Need("version"), "version");
    spec.version = file.Need("version").Scalar();
    spec.writable = Flag(file.Need("writable"), "writable");
    ReadSources(file.Need("sources"));
    ReadObjectives(file.Need("objectives"), spec);
    ReadRequired(file.Need("required"), spec);
    ReadBudgets(file.Need("budgets"), spec);
    ReadTexts(file.Need("texts"), spec);
    ReadPlacements(file.Need("placements"), spec);
    ReadMedia(file.Need("media"), spec);
    ReadFields(file.Need("fields"), spec);
    if (const YAML::Node* learning = file.Find("learning")) ReadLearning(*learning, spec);
    ReadReview(file.Need("review_rules"), spec);
    ReadVersions(file.Need("api_versions"), spec);
    ReadTracking(file.Need("tracking"), spec);
    if (const YAML::Node* notes = file.Find("notes")) spec.notes = Texts(*notes, "notes");
    file.Done();
    for (const auto& [id, node] : source_nodes_) {
      if (!used_.contains(id)) Refuse(node, fmt::format("source \"{}\" is used nowhere", id));
    }
    return spec;
  }

 private:
  void ReadSources(const YAML::Node& node) {
    Map map(node, "sources");
    for (const auto& [id, key] : map.keys()) {
      Map entry(*map.Find(id), "sources." + id);
      Source source{Text(entry.Need("name"), entry.Named("name")),
                    DayOf(entry.Need("date"), entry.Named("date"))};
      entry.Done();
      sources_.emplace(id, std::move(source));
      source_nodes_.emplace(id, key);
    }
  }

  Source SourceOf(Map& map, const char* key = "source") {
    const YAML::Node& node = map.Need(key);
    const std::string id = Text(node, map.Named(key));
    const auto at = sources_.find(id);
    if (at == sources_.end()) {
      Refuse(node, fmt::format("source \"{}\" is not among the file's sources", id));
    }
    used_.insert(id);
    return at->second;
  }

  template <class Read>
  static void Each(const YAML::Node& list, const std::string& what, Read read) {
    if (!list.IsSequence()) Refuse(list, fmt::format("{} must be a list", what));
    int at = 0;
    for (const YAML::Node& item : list) {
      Map map(item, fmt::format("{}[{}]", what, at++));
      read(map);
      map.Done();
    }
  }

  /// "ad_group.pixel_id": a level and one of its fields.
  static std::vector<std::string> Addresses(const YAML::Node& node, const std::string& what) {
    std::vector<std::string> texts = Texts(node, what);
    for (const YAML::Node& item : node) {
      const std::string& text = item.Scalar();
      const std::size_t dot = text.find('.');
      const auto level = FindLevel(std::string_view(text).substr(0, std::min(dot, text.size())));
      if (dot == std::string::npos || !level) {
        Refuse(item, fmt::format("{}: \"{}\" is not level.field", what, text));
      }
      const maxopt::FieldSpec& field = NeedField(item, std::string_view(text).substr(dot + 1));
      if (field.levels.find(LetterOf(*level)) == std::string_view::npos) {
        Refuse(item, fmt::format("{}: a {} has no \"{}\"", what, LevelName(*level), field.name));
      }
    }
    return texts;
  }

  void ReadObjectives(const YAML::Node& node, PlatformSpec& spec) {
    Map map(node, "objectives");
    for (const auto& [ours, key] : map.keys()) {
      if (!Among(kObjectives, ours)) {
        Refuse(key, fmt::format("objective \"{}\" is not one of {}", ours,
                                fmt::join(kObjectives, ", ")));
      }
      Map entry(*map.Find(ours), "objectives." + ours);
      ObjectiveSpec objective;
      objective.objective = ours;
      objective.platform_word = Text(entry.Need("word"), entry.Named("word"));
      objective.optimization_goals = WordList(entry.Need("goals"), entry.Named("goals"), kGoals);
      if (objective.optimization_goals.empty()) {
        Refuse(entry.node(), fmt::format("{} needs a goal", entry.Named("goals")));
      }
      objective.required_fields = Addresses(entry.Need("required"), entry.Named("required"));
      Map defaults(entry.Need("defaults"), entry.Named("defaults"));
      for (const auto& [field, at] : defaults.keys()) {
        objective.defaults[field] = DefaultOf(NeedField(at, field), *defaults.Find(field));
      }
      objective.best_practice = Texts(entry.Need("best_practice"), entry.Named("best_practice"));
      objective.source = SourceOf(entry);
      objective.practice_source = entry.Find("practice_source") == nullptr
                                      ? objective.source
                                      : SourceOf(entry, "practice_source");
      entry.Done();
      spec.objectives.push_back(std::move(objective));
    }
    std::ranges::sort(spec.objectives, {}, [](const ObjectiveSpec& objective) {
      return std::ranges::find(kObjectives, objective.objective) - std::begin(kObjectives);
    });
  }

  static std::string DefaultOf(const maxopt::FieldSpec& field, const YAML::Node& node) {
    const std::string what = fmt::format("default of {}", field.name);
    switch (field.type) {
      case FieldType::kBool:
        return Flag(node, what) ? "true" : "false";
      case FieldType::kInteger:
        return fmt::to_string(Integer(node, what, -1'000'000'000, 1'000'000'000));
      case FieldType::kText:
        return Text(node, what);
      case FieldType::kList:
        return fmt::format("{}", fmt::join(Texts(node, what), ", "));
      case FieldType::kMoney:
        Refuse(node, fmt::format("{}: an amount of money has no default", what));
    }
    Bug();
  }

  void ReadRequired(const YAML::Node& node, PlatformSpec& spec) {
    Map map(node, "required");
    spec.required_fields = Addresses(map.Need("fields"), map.Named("fields"));
    spec.required_source = SourceOf(map);
    map.Done();
  }

  void ReadBudgets(const YAML::Node& node, PlatformSpec& spec) {
    Map map(node, "budgets");
    spec.budget_owner = Word(map.Need("owner"), map.Named("owner"), kOwners);
    spec.budget_source = SourceOf(map);
    Each(map.Need("minima"), map.Named("minima"), [&](Map& entry) {
      BudgetMinimum least;
      least.level = Word(entry.Need("level"), entry.Named("level"), kBudgetLevels);
      least.kind = Word(entry.Need("kind"), entry.Named("kind"), kBudgetKinds);
      if (const YAML::Node* when = entry.Find("when")) {
        least.when = Text(*when, entry.Named("when"));
      }
      least.source = SourceOf(entry);
      Map amounts(entry.Need("amounts"), entry.Named("amounts"));
      for (const auto& [code, at] : amounts.keys()) {
        const auto currency = FindCurrency(code);
        if (!currency) Refuse(at, currency.error().what);
        const YAML::Node& amount = *amounts.Find(code);
        const auto money = ParseMoney(Text(amount, entry.Named("amounts")), *currency);
        if (!money) Refuse(amount, money.error().what);
        if (money->micros() <= 0) Refuse(amount, "a minimum must be above zero");
        if (const auto minor = ToMinor(*money, MinorUnits::kIso4217); !minor) {
          Refuse(amount, minor.error().what);
        }
        least.amount = *money;
        spec.budget_minima.push_back(least);
      }
      if (amounts.keys().empty()) Refuse(entry.node(), "a minimum without amounts says nothing");
    });
    map.Done();
  }

  void ReadTexts(const YAML::Node& node, PlatformSpec& spec) {
    Each(node, "texts", [&](Map& entry) {
      TextSpec text;
      const YAML::Node& field = entry.Need("field");
      text.field = Text(field, entry.Named("field"));
      if (NeedField(field, text.field).levels.find('a') == std::string_view::npos) {
        Refuse(field, fmt::format("\"{}\" is no field of ads", text.field));
      }
      if (const YAML::Node* type = entry.Find("ad_type")) {
        text.ad_type = Word(*type, entry.Named("ad_type"), kAdTypes);
      }
      text.min_count = Count(entry.Need("min_count"), entry.Named("min_count"));
      text.max_count = Count(entry.Need("max_count"), entry.Named("max_count"));
      if (text.max_count < text.min_count) {
        Refuse(entry.node(), fmt::format("{} is below min_count", entry.Named("max_count")));
      }
      text.max_chars = Count(entry.Need("max_chars"), entry.Named("max_chars"));
      if (const YAML::Node* chars = entry.Find("recommended_chars")) {
        text.recommended_chars = Count(*chars, entry.Named("recommended_chars"));
        if (text.max_chars > 0 && text.recommended_chars > text.max_chars) {
          Refuse(*chars, fmt::format("{} is above max_chars", entry.Named("recommended_chars")));
        }
      }
      if (const YAML::Node* wide = entry.Find("wide_counts_double")) {
        text.wide_counts_double = Flag(*wide, entry.Named("wide_counts_double"));
      }
      text.source = SourceOf(entry);
      spec.texts.push_back(std::move(text));
    });
  }

  void ReadPlacements(const YAML::Node& node, PlatformSpec& spec) {
    Each(node, "placements", [&](Map& entry) {
      PlacementSpec placement;
      const YAML::Node& name = entry.Need("name");
      placement.name = Text(name, entry.Named("name"));
      if (spec.FindPlacement(placement.name) != nullptr) {
        Refuse(name, fmt::format("placement \"{}\" is there twice", placement.name));
      }
      const YAML::Node& ratios = entry.Need("ratios");
      placement.ratios = Texts(ratios, entry.Named("ratios"));
      for (const YAML::Node& ratio : ratios) RatioOf(ratio, 0);
      if (const YAML::Node* note = entry.Find("note")) {
        placement.note = Text(*note, entry.Named("note"));
      }
      placement.source = SourceOf(entry);
      spec.placements.push_back(std::move(placement));
    });
  }

  void ReadMedia(const YAML::Node& node, PlatformSpec& spec) {
    Each(node, "media", [&](Map& entry) {
      MediaSpec media;
      media.media = Word(entry.Need("media"), entry.Named("media"), kMedia);
      const bool video = media.media == "video";
      const YAML::Node& placement = entry.Need("placement");
      media.placement = Text(placement, entry.Named("placement"));
      if (media.placement != "any" && spec.FindPlacement(media.placement) == nullptr) {
        Refuse(placement,
               fmt::format("\"{}\" is not among the placements of this file, nor \"any\"",
                           media.placement));
      }
      media.formats = WordList(entry.Need("formats"), entry.Named("formats"), kFormats);
      if (const YAML::Node* width = entry.Find("min_width")) {
        media.min_width = Count(*width, entry.Named("min_width"));
      }
      if (const YAML::Node* height = entry.Find("min_height")) {
        media.min_height = Count(*height, entry.Named("min_height"));
      }
      int tolerance_bp = 0;
      if (const YAML::Node* tolerance = entry.Find("ratio_tolerance_bp")) {
        tolerance_bp =
            static_cast<int>(Integer(*tolerance, entry.Named("ratio_tolerance_bp"), 0, 5'000));
      }
      if (const YAML::Node* ratios = entry.Find("ratios")) {
        Texts(*ratios, entry.Named("ratios"));
        for (const YAML::Node& ratio : *ratios) {
          media.ratios.push_back(RatioOf(ratio, tolerance_bp));
        }
      }
      if (const YAML::Node* bytes = entry.Find("max_bytes")) {
        media.max_bytes = Bytes(*bytes, entry.Named("max_bytes"));
      }
      for (const char* key : {"codecs", "min_seconds", "max_seconds"}) {
        const YAML::Node* value = entry.Find(key);
        if (value != nullptr && !video) {
          Refuse(*value, fmt::format("{}: only videos have it", entry.Named(key)));
        }
      }
      if (const YAML::Node* codecs = entry.Find("codecs")) {
        media.codecs = Texts(*codecs, entry.Named("codecs"));
      }
      if (const YAML::Node* least = entry.Find("min_seconds")) {
        media.min_seconds = Seconds(*least, entry.Named("min_seconds"));
      }
      if (const YAML::Node* most = entry.Find("max_seconds")) {
        media.max_seconds = Seconds(*most, entry.Named("max_seconds"));
        if (media.max_seconds > 0 && media.max_seconds < media.min_seconds) {
          Refuse(*most, fmt::format("{} is below min_seconds", entry.Named("max_seconds")));
        }
      }
      if (const YAML::Node* required = entry.Find("required")) {
        media.required = Flag(*required, entry.Named("required"));
      }
      if (const YAML::Node* note = entry.Find("note")) {
        media.note = Text(*note, entry.Named("note"));
      }
      media.source = SourceOf(entry);
      spec.media.push_back(std::move(media));
    });
  }

  void ReadFields(const YAML::Node& node, PlatformSpec& spec) {
    Map map(node, "fields");
    for (const auto& [name, key] : map.keys()) {
      const maxopt::FieldSpec& catalogue = NeedField(key, name);
      Map entry(*map.Find(name), "fields." + name);
      FieldSupport field;
      field.field = name;
      const YAML::Node& levels = entry.Need("levels");
      if (!levels.IsScalar())
        Refuse(levels, fmt::format("{} must be a text", entry.Named("levels")));
      field.levels = levels.Scalar();
      for (std::size_t i = 0; i < field.levels.size(); ++i) {
        if (catalogue.levels.find(field.levels[i]) == std::string_view::npos ||
            field.levels.find(field.levels[i]) != i) {
          Refuse(levels, fmt::format("{} is \"{}\"; the catalogue has it at \"{}\"",
                                     entry.Named("levels"), field.levels, catalogue.levels));
        }
      }
      if (const YAML::Node* note = entry.Find("note")) {
        field.note = Text(*note, entry.Named("note"));
      } else if (field.levels.empty()) {
        Refuse(entry.node(), fmt::format("{} must say why it cannot be set", entry.Named("note")));
      }
      ReadLimits(entry, catalogue, field);
      field.source = SourceOf(entry);
      entry.Done();
      spec.fields.push_back(std::move(field));
    }
    // In the catalogue's order, which is the order of the tables made from it.
    std::ranges::sort(spec.fields, {},
                      [](const FieldSupport& field) { return CatalogueField(field.field); });
    for (const maxopt::FieldSpec& field : FieldCatalogue()) {
      if (spec.FindField(field.name) == nullptr) {
        Refuse(node, fmt::format("fields says nothing about \"{}\"; state its levels, or levels "
                                 "\"\" and why",
                                 field.name));
      }
    }
  }

  static void ReadLimits(Map& entry, const maxopt::FieldSpec& catalogue, FieldSupport& field) {
    const auto only = [&](const YAML::Node* node, const char* key, bool fits) {
      if (node != nullptr && !fits) {
        Refuse(*node, fmt::format("{} does not fit the field's type", entry.Named(key)));
      }
      return node;
    };
    const bool list = catalogue.type == FieldType::kList;
    const bool text = catalogue.type == FieldType::kText || list;
    const bool number = catalogue.type == FieldType::kInteger;
    const bool flag = catalogue.type == FieldType::kBool;
    if (const YAML::Node* items = only(entry.Find("max_items"), "max_items", list)) {
      field.max_items = Count(*items, entry.Named("max_items"));
    }
    if (const YAML::Node* chars = only(entry.Find("max_chars"), "max_chars", text)) {
      field.max_chars = Count(*chars, entry.Named("max_chars"));
    }
    if (const YAML::Node* allowed =
            only(entry.Find("allowed"), "allowed", text || number || flag)) {
      field.allowed = Texts(*allowed, entry.Named("allowed"));
      if (flag) {
        for (const YAML::Node& value : *allowed) Flag(value, entry.Named("allowed"));
      }
      if (number) {
        for (const YAML::Node& value : *allowed) {
          Integer(value, entry.Named("allowed"), -1'000'000'000, 1'000'000'000);
        }
      }
    }
    for (const auto& [key, into] : {std::pair{"min", &field.min}, std::pair{"max", &field.max}}) {
      if (const YAML::Node* limit = only(entry.Find(key), key, number)) {
        *into = Integer(*limit, entry.Named(key), -1'000'000'000, 1'000'000'000);
      }
    }
    if (field.min && field.max && *field.max < *field.min) {
      Refuse(entry.node(), fmt::format("{} is below min", entry.Named("max")));
    }
  }

  void ReadLearning(const YAML::Node& node, PlatformSpec& spec) {
    Map map(node, "learning");
    LearningPhase phase;
    phase.conversions = Count(map.Need("conversions"), map.Named("conversions"));
    phase.days = Count(map.Need("days"), map.Named("days"));
    phase.note = Text(map.Need("note"), map.Named("note"));
    phase.source = SourceOf(map);
    spec.learning = std::move(phase);
    Each(map.Need("resets"), map.Named("resets"), [&](Map& entry) {
      LearningReset reset;
      const YAML::Node& field = entry.Need("field");
      reset.field = Text(field, entry.Named("field"));
      if (reset.field != "ads") NeedField(field, reset.field);
      if (const YAML::Node* above = entry.Find("above_bp")) {
        reset.above_bp = Count(*above, entry.Named("above_bp"));
      }
      reset.note = Text(entry.Need("note"), entry.Named("note"));
      reset.source = SourceOf(entry);
      spec.learning_resets.push_back(std::move(reset));
    });
    map.Done();
  }

  void ReadReview(const YAML::Node& node, PlatformSpec& spec) {
    std::set<std::string> ids;
    Each(node, "review_rules", [&](Map& entry) {
      ReviewRule rule;
      const YAML::Node& id = entry.Need("id");
      rule.id = Text(id, entry.Named("id"));
      if (!ids.insert(rule.id).second) {
        Refuse(id, fmt::format("review rule \"{}\" is there twice", rule.id));
      }
      rule.what = Text(entry.Need("what"), entry.Named("what"));
      if (const YAML::Node* pattern = entry.Find("pattern")) {
        rule.pattern = Text(*pattern, entry.Named("pattern"));
        if (rule.pattern.starts_with('|') || rule.pattern.ends_with('|') ||
            rule.pattern.find("||") != std::string::npos) {
          Refuse(*pattern, fmt::format("{} has an empty word, which every text holds",
                                       entry.Named("pattern")));
        }
      }
      if (const YAML::Node* forms = entry.Find("forms")) {
        rule.forms = Texts(*forms, entry.Named("forms"));
        for (const std::string& form : rule.forms) {
          if (std::ranges::find(kTextForms, form) == std::end(kTextForms)) {
            Refuse(*forms, fmt::format("{} has \"{}\"; the forms are {}", entry.Named("forms"),
                                       form, fmt::join(kTextForms, ", ")));
          }
        }
      }
      if (const YAML::Node* readers = entry.Find("readers")) {
        Each(*readers, entry.Named("readers"), [&](Map& reader) {
          rule.readers.push_back({Text(reader.Need("after"), reader.Named("after")),
                                  Text(reader.Need("words"), reader.Named("words"))});
        });
      }
      if (const YAML::Node* fields = entry.Find("fields")) {
        rule.fields = Texts(*fields, entry.Named("fields"));
      }
      if (const YAML::Node* types = entry.Find("ad_types")) {
        rule.ad_types = Texts(*types, entry.Named("ad_types"));
      }
      if (const YAML::Node* severity = entry.Find("severity")) {
        const std::string word = Text(*severity, entry.Named("severity"));
        if (word != "fail" && word != "warn") {
          Refuse(*severity,
                 fmt::format("{} is \"{}\"; it is fail or warn", entry.Named("severity"), word));
        }
        rule.blocks = word == "fail";
      }
      if (const YAML::Node* fix = entry.Find("fix")) rule.fix = Text(*fix, entry.Named("fix"));
      rule.source = SourceOf(entry);
      spec.review_rules.push_back(std::move(rule));
    });
  }

  void ReadVersions(const YAML::Node& node, PlatformSpec& spec) {
    std::set<std::string> seen;
    Each(node, "api_versions", [&](Map& entry) {
      ApiVersion version;
      const YAML::Node& name = entry.Need("version");
      version.version = Text(name, entry.Named("version"));
      if (!seen.insert(version.version).second) {
        Refuse(name, fmt::format("version \"{}\" is there twice", version.version));
      }
      if (const YAML::Node* day = entry.Find("released")) {
        version.released = DayOf(*day, entry.Named("released"));
      }
      if (const YAML::Node* day = entry.Find("sunset")) {
        version.sunset = DayOf(*day, entry.Named("sunset"));
        if (version.released && *version.sunset <= *version.released) {
          Refuse(*day, fmt::format("{} is not after released", entry.Named("sunset")));
        }
      }
      version.source = SourceOf(entry);
      spec.api_versions.push_back(std::move(version));
    });
  }

  void ReadTracking(const YAML::Node& node, PlatformSpec& spec) {
    Map map(node, "tracking");
    if (const YAML::Node* click_id = map.Find("click_id")) {
      spec.click_id = Text(*click_id, map.Named("click_id"));
    }
    Map macros(map.Need("macros"), map.Named("macros"));
    for (const auto& [ours, key] : macros.keys()) {
      if (!Among(kMacros, ours)) {
        Refuse(key, fmt::format("macro \"{}\" is not one of {}", ours, fmt::join(kMacros, ", ")));
      }
      spec.macros[ours] = Text(*macros.Find(ours), map.Named("macros"));
    }
    spec.tracking_source = SourceOf(map);
    map.Done();
  }

  std::map<std::string, Source> sources_;
  std::map<std::string, YAML::Node> source_nodes_;
  std::set<std::string> used_;
};

}  // namespace

Result<PlatformSpec> ParsePlatformSpec(std::string_view yaml, const std::string& file) {
  const auto bad = [&](int line, std::string_view what) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, line, what));
  };
  if (yaml.size() > kFileBytesMax) return bad(1, "the file is larger than 1 MiB");
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.size() != 1) return bad(1, "the file must hold exactly one YAML document");
    return Parser().Run(documents.front());
  } catch (const Wrong& wrong) {
    return bad(wrong.line, wrong.what);
  } catch (const YAML::Exception& e) {
    return bad(e.mark.is_null() ? 1 : e.mark.line + 1, e.msg);
  }
}

}  // namespace maxopt
