#include "stages/setup/documents.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace maxopt {
inline namespace one_file {
namespace {

/// A node with its file, so that every complaint can say where.
class Node {
 public:
  Node(YAML::Node node, std::string file) : node_(std::move(node)), file_(std::move(file)) {}

  Place place() const { return {file_, node_.Mark().line + 1}; }
  std::unexpected<Error> Bad(std::string_view what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", PrintPlace(place()), what));
  }
  bool Has(const std::string& key) const { return node_[key].IsDefined(); }

  Result<> OnlyKeys(std::span<const std::string> known) const {
    if (!node_.IsMap()) return Bad("a mapping (key: value) is needed here");
    std::vector<std::string> seen;
    for (const auto& pair : node_) {
      const std::string key = pair.first.Scalar();
      const Node at(pair.first, file_);
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        return at.Bad(
            fmt::format("\"{}\" is not known here; known are {}", key, fmt::join(known, ", ")));
      }
      if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        return at.Bad(fmt::format("\"{}\" is written twice", key));
      }
      seen.push_back(key);
    }
    return {};
  }

  Result<Node> At(const std::string& key) const {
    if (!Has(key)) return Bad(fmt::format("\"{}\" is missing", key));
    return Node(node_[key], file_);
  }
  Result<std::vector<Node>> ListAt(const std::string& key) const {
    MAXOPT_TRY(const Node list, At(key));
    if (!list.node_.IsSequence() || list.node_.size() == 0) {
      return list.Bad(fmt::format("\"{}\" must be a list with at least one entry", key));
    }
    std::vector<Node> out;
    for (const auto& item : list.node_) out.emplace_back(item, file_);
    return out;
  }
  Result<std::string> Text() const {
    if (!node_.IsScalar() || node_.Scalar().empty()) return Bad("a text is needed here");
    return node_.Scalar();
  }
  Result<std::string> TextAt(const std::string& key) const {
    MAXOPT_TRY(const Node node, At(key));
    return node.Text();
  }
  Result<std::string> TextOr(const std::string& key, std::string fallback) const {
    if (!Has(key)) return fallback;
    return TextAt(key);
  }
  template <class Parse>
  auto Read(Parse parse) const -> decltype(parse(std::string_view())) {
    MAXOPT_TRY(const std::string text, Text());
    auto value = parse(std::string_view(text));
    if (!value) return Bad(value.error().what);
    return value;
  }
  template <class Parse>
  auto ReadAt(const std::string& key, Parse parse) const -> decltype(parse(std::string_view())) {
    MAXOPT_TRY(const Node node, At(key));
    return node.Read(parse);
  }

  /// The value of a field of the catalogue, by its type.
  Result<FieldValue> Field(const FieldSpec& spec, Currency currency) const {
    switch (spec.type) {
      case FieldType::kBool:
        return Read([](std::string_view text) -> Result<FieldValue> {
          if (text == "true") return true;
          if (text == "false") return false;
          return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" must be true or false", text));
        });
      case FieldType::kInteger:
        return Read([](std::string_view text) -> Result<FieldValue> {
          std::int64_t number = 0;
          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
          if (error != std::errc() || end != text.data() + text.size()) {
            return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is not a whole number", text));
          }
          return number;
        });
      case FieldType::kText: {
        MAXOPT_TRY(std::string text, Text());
        return text;
      }
      case FieldType::kMoney:
        return Read([&](std::string_view text) -> Result<FieldValue> {
          MAXOPT_TRY(const Money money, ParseMoney(text, currency));
          if (money.micros() <= 0) {
            return Fail(Errc::kInvalidArgument,
                        fmt::format("{} is {}; it must be above zero", spec.name, text));
          }
          return money;
        });
      case FieldType::kList: {
        if (!node_.IsSequence()) return Bad(fmt::format("\"{}\" must be a list", spec.name));
        std::vector<std::string> list;
        for (const auto& item : node_) {
          MAXOPT_TRY(std::string text, Node(item, file_).Text());
          list.push_back(std::move(text));
        }
        return list;
      }
    }
    Bug();
  }

  /// All catalogue fields of a level that are written here; `own` are the keys beside them.
  Result<Fields> FieldsOf(Level level, Currency currency,
                          std::initializer_list<const char*> own) const {
    const char letter = level == Level::kCampaign ? 'c' : level == Level::kAdGroup ? 'g' : 'a';
    std::vector<std::string> known(own.begin(), own.end());
    std::vector<const FieldSpec*> specs;
    for (const FieldSpec& spec : FieldCatalogue()) {
      // Names are made from the naming grammar; status is always paused at first.
      if (!spec.writable || spec.levels.find(letter) == std::string_view::npos) continue;
      if (spec.name == "name" || spec.name == "status" || spec.name == "image") continue;
      specs.push_back(&spec);
      known.emplace_back(spec.name);
    }
    MAXOPT_CHECK(OnlyKeys(known));
    Fields fields;
    for (const FieldSpec* spec : specs) {
      const std::string name(spec->name);
      if (!Has(name)) continue;
      MAXOPT_TRY(const Node node, At(name));
      MAXOPT_TRY(FieldValue value, node.Field(*spec, currency));
      fields.emplace(name, std::move(value));
    }
    return fields;
  }

 private:
  YAML::Node node_;
  std::string file_;
};

Result<Node> Load(std::string_view yaml, const std::string& file) {
  if (yaml.size() > 4u << 20) {
    return Fail(Errc::kInvalidArgument, file + ": larger than 4 MiB; is it the right file?");
  }
  if (yaml.find('&') != std::string_view::npos && yaml.find('*') != std::string_view::npos) {
    // Aliases can be nested to blow up ("billion laughs"); documents of people do not need them.
    for (std::size_t at = yaml.find('*'); at != std::string_view::npos;
         at = yaml.find('*', at + 1)) {
      const bool starts_value = at > 0 && (yaml[at - 1] == ' ' || yaml[at - 1] == '[');
      if (starts_value && at + 1 < yaml.size() &&
          std::isalnum(static_cast<unsigned char>(yaml[at + 1]))) {
        return Fail(Errc::kInvalidArgument, file + ": YAML aliases (*name) are not taken");
      }
    }
  }
  try {
    YAML::Node root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) {
      return Fail(Errc::kInvalidArgument, file + ": is empty or not a mapping (key: value)");
    }
    return Node(std::move(root), file);
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: not valid YAML: {}", file, e.mark.line + 1, e.msg));
  }
}

/// Runs a parser over yaml-cpp's exceptions: bad input is an error, never an exception.
template <class Parse>
auto Guarded(const std::string& file, Parse parse) -> decltype(parse()) {
  try {
    return parse();
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
}

Result<> WrittenFor(const Node& root, std::string_view kind) {
  MAXOPT_TRY(const std::string version, root.TextAt("maxopt"));
  if (version != kind) {
    return root.Bad(fmt::format("\"maxopt: {}\" is needed here, not \"{}\"", kind, version));
  }
  return {};
}

Result<AdDocument> ParseAd(const Node& node, Currency currency, const ReadFile& read_file) {
  AdDocument ad;
  ad.place = node.place();
  MAXOPT_TRY(ad.fields, node.FieldsOf(Level::kAd, currency, {"name", "image_file"}));
  MAXOPT_TRY(ad.name, node.TextAt("name"));
  if (node.Has("image_file")) {
    MAXOPT_TRY(ad.image_file, node.TextAt("image_file"));
    auto bytes = read_file(ad.image_file);
    if (!bytes) return node.Bad(bytes.error().what);
    ad.image_bytes = std::move(*bytes);
  }
  return ad;
}

Result<AdGroupDocument> ParseAdGroup(const Node& node, Currency currency,
                                     const ReadFile& read_file) {
  AdGroupDocument group;
  group.place = node.place();
  MAXOPT_TRY(group.fields, node.FieldsOf(Level::kAdGroup, currency, {"name", "ads"}));
  MAXOPT_TRY(group.name, node.TextAt("name"));
  MAXOPT_TRY(const std::vector<Node> ads, node.ListAt("ads"));
  for (const Node& item : ads) {
    MAXOPT_TRY(AdDocument ad, ParseAd(item, currency, read_file));
    for (const AdDocument& other : group.ads) {
      if (other.name == ad.name) return item.Bad(fmt::format("ad \"{}\" is there twice", ad.name));
    }
    group.ads.push_back(std::move(ad));
  }
  return group;
}

Result<LineDocument> ParseLine(const Node& node, Currency currency, const ReadFile& read_file) {
  LineDocument line;
  line.place = node.place();
  MAXOPT_TRY(line.fields, node.FieldsOf(Level::kCampaign, currency,
                                        {"channel", "platform", "account", "ad_groups"}));
  MAXOPT_TRY(line.channel, node.TextAt("channel"));
  if (!std::all_of(line.channel.begin(), line.channel.end(), [](unsigned char c) {
        return std::islower(c) || std::isdigit(c) || c == '-';
      })) {
    return node.Bad("\"channel\" is one word of a-z, 0-9 and -, such as search-brand");
  }
  MAXOPT_TRY(line.account.platform, node.ReadAt("platform", FindPlatform));
  MAXOPT_TRY(line.account.id, node.TextAt("account"));
  if (!std::all_of(line.account.id.begin(), line.account.id.end(),
                   [](unsigned char c) { return std::isdigit(c); })) {
    return node.Bad("\"account\" is the account's id in digits, in quotes");
  }
  MAXOPT_TRY(const std::vector<Node> groups, node.ListAt("ad_groups"));
  for (const Node& item : groups) {
    MAXOPT_TRY(AdGroupDocument group, ParseAdGroup(item, currency, read_file));
    for (const AdGroupDocument& other : line.ad_groups) {
      if (other.name == group.name) {
        return item.Bad(fmt::format("ad group \"{}\" is there twice", group.name));
      }
    }
    line.ad_groups.push_back(std::move(group));
  }
  return line;
}

}  // namespace

std::string PrintPlace(const Place& place) { return fmt::format("{}:{}", place.file, place.line); }

Result<CampaignDocument> ParseCampaign(std::string_view yaml, const std::string& file,
                                       const ReadFile& read_file) {
  return Guarded(file, [&]() -> Result<CampaignDocument> {
    MAXOPT_TRY(const Node root, Load(yaml, file));
    const std::vector<std::string> keys{"maxopt", "client", "name",        "currency", "objective",
                                        "flight", "budget", "landing_url", "tracking", "lines"};
    MAXOPT_CHECK(root.OnlyKeys(keys));
    MAXOPT_CHECK(WrittenFor(root, "campaign/1"));
    CampaignDocument doc;
    doc.place = root.place();
    MAXOPT_TRY(doc.client, root.TextAt("client"));
    MAXOPT_TRY(doc.name, root.TextAt("name"));
    MAXOPT_TRY(doc.currency, root.ReadAt("currency", FindCurrency));
    MAXOPT_TRY(doc.objective, root.TextAt("objective"));
    MAXOPT_TRY(const Node flight, root.At("flight"));
    MAXOPT_CHECK(flight.OnlyKeys(std::vector<std::string>{"start", "end"}));
    MAXOPT_TRY(doc.start, flight.ReadAt("start", ParseDay));
    MAXOPT_TRY(doc.end, flight.ReadAt("end", ParseDay));
    if (doc.end < doc.start) return flight.Bad("the flight ends before it starts");
    MAXOPT_TRY(const Node budget, root.At("budget"));
    MAXOPT_CHECK(budget.OnlyKeys(std::vector<std::string>{"total"}));
    MAXOPT_TRY(doc.total_budget, budget.ReadAt("total", [&](std::string_view text) {
      return ParseMoney(text, doc.currency);
    }));
    MAXOPT_TRY(doc.landing_url, root.TextAt("landing_url"));
    MAXOPT_TRY(doc.tracking, root.TextOr("tracking", ""));
    MAXOPT_TRY(const std::vector<Node> lines, root.ListAt("lines"));
    for (const Node& item : lines) {
      MAXOPT_TRY(LineDocument line, ParseLine(item, doc.currency, read_file));
      for (const LineDocument& other : doc.lines) {
        if (other.channel == line.channel && other.account == line.account) {
          return item.Bad(fmt::format("channel \"{}\" of {} is there twice (first at {})",
                                      line.channel, PrintAccount(line.account),
                                      PrintPlace(other.place)));
        }
      }
      doc.lines.push_back(std::move(line));
    }
    return doc;
  });
}

}  // namespace one_file
}  // namespace maxopt
