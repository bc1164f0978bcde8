#include "stages/setup/documents/documents.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "sheet/sheet.h"
#include "stages/setup/documents/describe.h"
#include "stages/setup/documents/node.h"
#include "stages/setup/documents/tables.h"
#include "stages/setup/documents/values.h"

namespace maxopt {
namespace documents {

const Node* Find(const Node& map, std::string_view key) {
  for (const Member& member : map.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void Trouble::At(const Place& place, std::string_view what) { In(PrintPlace(place), what); }

void Trouble::In(std::string_view file, std::string_view what) {
  constexpr std::size_t kLinesMax = 50;
  constexpr std::size_t kBytesMax = 2'000;
  if (++count_ > kLinesMax) return;
  // Whatever a document holds, and whoever quoted it: an error must not write on a terminal.
  std::string line;
  for (const char c : fmt::format("{}: {}", file, what)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
    if (line.size() >= kBytesMax && byte < 0x80) {
      line += "...";
      break;
    }
  }
  lines_.push_back(std::move(line));
}

Error Trouble::ToError() const {
  std::string what = fmt::format("{}", fmt::join(lines_, "\n"));
  if (count_ > lines_.size()) {
    what += fmt::format("\n... and {} more; mend these first", count_ - lines_.size());
  }
  return {Errc::kInvalidArgument, std::move(what)};
}

std::string Shown(std::string_view text) { return sheet::ShownCell(text); }

namespace {

template <class T>
struct IsSaid : std::false_type {};
template <class T>
struct IsSaid<Said<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
concept Scalar = std::is_same_v<T, std::string> || std::is_same_v<T, int> ||
    std::is_same_v<T, double> || std::is_same_v<T, bool> || std::is_same_v<T, Day> ||
    std::is_same_v<T, Currency> || std::is_same_v<T, Money> || std::is_same_v<T, AccountId> ||
    std::is_same_v<T, ExperimentVariable>;

template <class T>
T ToNumber(std::string_view text) {
  T number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Two names that cannot stand beside each other: addresses are made of them.
std::string Folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c < 0) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? std::string(name) : out;
}

/// Fills the structs from nodes by the tables.
class Reader {
 public:
  Reader(const Currency* currency, Trouble& trouble) : currency_(currency), trouble_(trouble) {}

  template <class T>
  void ReadObject(const Object& table, const Node& node, T& out) {
    const Object* outer_table = std::exchange(table_, &table);
    const Node* outer_node = std::exchange(node_, &node);
    if constexpr (requires { out.place; }) out.place = node.place;
    if (CheckKeys()) Describe(*this, out);
    table_ = outer_table;
    node_ = outer_node;
  }

  template <class T>
  void operator()(std::string_view name, T& out) {
    const Field& field = FieldOf(name);
    const Node* node = At(field);
    if (node == nullptr) {
      if constexpr (IsSaid<T>::value) out.place = node_->place;
      return;
    }
    Read(field, *node, out);
  }

  void Account(std::string_view platform_name, std::string_view id_name, Said<AccountId>& out) {
    out.place = node_->place;
    std::string platform;
    (*this)(platform_name, platform);
    (*this)(id_name, out.value.id);
    if (const auto found = FindPlatform(platform)) out.value.platform = *found;
    if (const Node* id = Find(*node_, id_name)) out.place = id->place;
  }

  void Catalogue(SaidFields& out) {
    for (const Field& field : table_->fields) {
      if (!field.catalogue) continue;
      if (const Node* node = At(field)) ReadCatalogue(field, *node, out);
    }
  }

 private:
  const Field& FieldOf(std::string_view name) const {
    const Field* field = table_->Find(name);
    if (field == nullptr) Bug();
    return *field;
  }

  /// False when there is nothing to read field by field.
  bool CheckKeys() {
    if (node_->kind != Node::Kind::kMap) {
      trouble_.At(node_->place,
                  fmt::format("a {} is due here, as a mapping (key: value)", table_->name));
      return false;
    }
    for (std::size_t at = 0; at < node_->members.size(); ++at) {
      const Member& member = node_->members[at];
      if (table_->Find(member.key) == nullptr) {
        UnknownKey(member);
        continue;
      }
      for (std::size_t before = 0; before < at; ++before) {
        if (node_->members[before].key != member.key) continue;
        trouble_.At(member.place,
                    fmt::format("\"{}\" is written twice, first at {}; keep one", member.key,
                                PrintPlace(node_->members[before].place)));
        break;
      }
    }
    return true;
  }

  void UnknownKey(const Member& member) {
    std::string known;
    for (const Field& field : table_->fields) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", field.name);
    }
    std::string hint;
    if (const auto where = WhereKnown(member.key); !where.empty()) {
      hint = fmt::format("it belongs to {}; ", fmt::join(where, ", to "));
    }
    trouble_.At(member.place, fmt::format("{} is not known for a {}; {}known are {}",
                                          Shown(member.key), table_->name, hint, known));
  }

  const Node* At(const Field& field) {
    const Node* node = Find(*node_, field.name);
    if (node == nullptr && field.required) {
      trouble_.At(
          node_->place,
          fmt::format("the {} has no \"{}\" ({}){}", table_->name, field.name, field.meaning,
                      field.example.empty()
                          ? std::string("; add it")
                          : fmt::format("; add it, such as {}: {}", field.name, field.example)));
    }
    if (node != nullptr && node->kind == Node::Kind::kNothing) {
      trouble_.At(node->place,
                  fmt::format("\"{}\" is empty; write a value, or leave it out", field.name));
      return nullptr;
    }
    return node;
  }

  /// The text of a scalar that may stand there; nullopt after a complaint.
  std::optional<std::string> TextOf(const Field& field, const Node& node) {
    if (node.kind != Node::Kind::kText) {
      trouble_.At(node.place,
                  fmt::format("\"{}\" must be one value, not a list or a mapping", field.name));
      return std::nullopt;
    }
    std::string text = node.text;
    // What a folded text of YAML leaves behind is not part of it.
    if (field.kind == Kind::kText) {
      while (text.ends_with('\n')) text.pop_back();
    }
    const auto good =
        field.kind == Kind::kMoney ? Grammar(ReadMoney(text, currency_)) : CheckScalar(field, text);
    if (!good) {
      trouble_.At(node.place, fmt::format("{}: {}", field.name, good.error().what));
      return std::nullopt;
    }
    return text;
  }
  static Result<> Grammar(const Result<Money>& money) {
    if (!money) return std::unexpected(money.error());
    return {};
  }

  std::optional<std::vector<Said<std::string>>> ListOf(const Field& field, const Node& node) {
    if (node.kind != Node::Kind::kList) {
      trouble_.At(node.place,
                  fmt::format("\"{}\" must be a list, such as [{}]", field.name, field.example));
      return std::nullopt;
    }
    if (node.items.size() > kItemsMax) {
      trouble_.At(node.place, fmt::format("\"{}\" has {} entries; at most {} are taken", field.name,
                                          node.items.size(), kItemsMax));
      return std::nullopt;
    }
    std::vector<Said<std::string>> out;
    bool good = true;
    std::map<std::string_view, const Node*> seen;
    for (const Node& item : node.items) {
      if (item.kind != Node::Kind::kText) {
        trouble_.At(item.place,
                    fmt::format("an entry of \"{}\" must be one text; quote it when it holds a "
                                "colon or begins with a mark",
                                field.name));
        good = false;
        continue;
      }
      if (const auto right = CheckItem(field, item.text); !right) {
        trouble_.At(item.place, fmt::format("{}: {}", field.name, right.error().what));
        good = false;
      } else if (const auto [first, fresh] = seen.emplace(item.text, &item); !fresh) {
        trouble_.At(item.place,
                    fmt::format("{}: {} is there twice, first at {}; keep one", field.name,
                                Shown(item.text), PrintPlace(first->second->place)));
        good = false;
      }
      out.push_back({item.text, item.place});
    }
    if (!good) return std::nullopt;
    return out;
  }

  template <class T>
  void Read(const Field& field, const Node& node, T& out) {
    if constexpr (Scalar<T>) {
      const auto text = TextOf(field, node);
      if (!text) return;
      if constexpr (std::is_same_v<T, std::string>) {
        out = field.kind == Kind::kDecimal ? PlainDecimal(*text) : *text;
      } else if constexpr (std::is_same_v<T, bool>) {
        out = *text == "true";
      } else if constexpr (std::is_same_v<T, Day>) {
        out = *ParseDay(*text);
      } else if constexpr (std::is_same_v<T, Currency>) {
        out = *FindCurrency(*text);
      } else if constexpr (std::is_same_v<T, Money>) {
        out = *ReadMoney(*text, currency_);
      } else if constexpr (std::is_same_v<T, AccountId>) {
        out = *ParseAccount(*text);
      } else if constexpr (std::is_same_v<T, ExperimentVariable>) {
        const auto variable = FindExperimentVariable(*text);
        if (!variable) Bug();
        out = *variable;
      } else {
        out = ToNumber<T>(*text);
      }
    } else if constexpr (IsSaid<T>::value) {
      out.place = node.place;
      Read(field, node, out.value);
    } else if constexpr (IsOptional<T>::value) {
      out.emplace(Made<typename T::value_type>());
      Read(field, node, *out);
    } else if constexpr (std::is_same_v<T, SaidFields>) {
      if (field.of == nullptr) Bug();
      const Object* outer_table = std::exchange(table_, field.of);
      const Node* outer_node = std::exchange(node_, &node);
      if (CheckKeys()) Catalogue(out);
      table_ = outer_table;
      node_ = outer_node;
    } else if constexpr (std::is_same_v<T, std::map<std::string, Said<std::int64_t>>>) {
      ReadCounts(field, node, out);
    } else if constexpr (IsVector<T>::value) {
      using Item = typename T::value_type;
      if constexpr (std::is_same_v<Item, std::string>) {
        if (const auto list = ListOf(field, node)) {
          for (const auto& item : *list) out.push_back(item.value);
        }
      } else if constexpr (std::is_same_v<Item, Said<std::string>>) {
        if (auto list = ListOf(field, node)) out = *std::move(list);
      } else {
        ReadObjects(field, node, out);
      }
    } else {
      if (field.of == nullptr) Bug();
      ReadObject(*field.of, node, out);
    }
  }

  template <class T>
  static T Made() {
    if constexpr (std::is_same_v<T, Said<Money>>) {
      return {Money::Zero(kNoCurrency), {}};
    } else {
      return {};
    }
  }

  void ReadCounts(const Field& field, const Node& node,
                  std::map<std::string, Said<std::int64_t>>& out) {
    if (node.kind != Node::Kind::kMap) {
      trouble_.At(node.place, fmt::format("\"{}\" must be a mapping such as {{{}}}", field.name,
                                          field.example));
      return;
    }
    for (const Member& member : node.members) {
      const Field word{.name = field.name,
                       .kind = Kind::kWord,
                       .words = "impressions | clicks | conversions | reach | views | ..."};
      const Field count{
          .name = field.name, .kind = Kind::kInteger, .example = "1000000", .low = 1, .high = 1e15};
      const auto known = CheckScalar(word, member.key);
      if (!known) {
        trouble_.At(member.place, fmt::format("{}: {}", field.name, known.error().what));
        continue;
      }
      const auto text = TextOf(count, member.value);
      if (!text) continue;
      const Said<std::int64_t> said{ToNumber<std::int64_t>(*text), member.value.place};
      if (!out.emplace(member.key, said).second) {
        trouble_.At(member.place,
                    fmt::format("{}: \"{}\" is there twice; keep one", field.name, member.key));
      }
    }
  }

  template <class T>
  void ReadObjects(const Field& field, const Node& node, std::vector<T>& out) {
    if (node.kind != Node::Kind::kList || (field.required && node.items.empty())) {
      trouble_.At(node.place, fmt::format("\"{}\" must be a list with at least one {}", field.name,
                                          field.of->name));
      return;
    }
    if (node.items.size() > kItemsMax) {
      trouble_.At(node.place, fmt::format("\"{}\" has {} entries; at most {} are taken", field.name,
                                          node.items.size(), kItemsMax));
      return;
    }
    const std::string_view key = field.of->fields.front().name;
    std::map<std::string, const Node*> seen;
    for (const Node& item : node.items) {
      const std::size_t count = out.size();
      out.emplace_back();
      ReadObject(*field.of, item, out[count]);
      const Node* name = Find(item, key);
      if (name == nullptr || name->kind != Node::Kind::kText) continue;
      const auto [first, fresh] = seen.emplace(Folded(name->text), name);
      if (!fresh) {
        trouble_.At(name->place,
                    fmt::format("{} {} is there twice{}, first at {}; give each its own name",
                                field.of->name, Shown(name->text),
                                first->second->text == name->text
                                    ? ""
                                    : " (names that differ in case and marks only are the same)",
                                PrintPlace(first->second->place)));
      }
    }
  }

  void ReadCatalogue(const Field& field, const Node& node, SaidFields& out) {
    const std::string name(field.name);
    if (field.kind == Kind::kTexts) {
      const auto list = ListOf(field, node);
      if (!list) return;
      std::vector<std::string> texts;
      for (const auto& item : *list) texts.push_back(item.value);
      out.values.emplace(name, std::move(texts));
    } else {
      const auto text = TextOf(field, node);
      if (!text) return;
      if (field.kind == Kind::kMoney) {
        out.values.emplace(name, *ReadMoney(*text, currency_));
      } else if (field.kind == Kind::kInteger) {
        out.values.emplace(name, ToNumber<std::int64_t>(*text));
      } else if (field.kind == Kind::kBool) {
        out.values.emplace(name, *text == "true");
      } else {
        out.values.emplace(name, *text);
      }
    }
    out.places.emplace(name, node.place);
  }

  const Currency* currency_;
  Trouble& trouble_;
  const Object* table_ = nullptr;
  const Node* node_ = nullptr;
};

/// The inverse: nodes of the structs. What was not said is not written.
class Writer {
 public:
  template <class T>
  Node Object(const documents::Object& table, T& value) {
    Node node;
    node.kind = Node::Kind::kMap;
    const documents::Object* outer_table = std::exchange(table_, &table);
    Node* outer_node = std::exchange(node_, &node);
    Describe(*this, value);
    table_ = outer_table;
    node_ = outer_node;
    return node;
  }

  template <class T>
  void operator()(std::string_view name, T& value) {
    const Field* field = table_->Find(name);
    if (field == nullptr) Bug();
    if (auto node = Print(*field, value)) Put(name, *std::move(node));
  }
  void Account(std::string_view platform, std::string_view id, Said<AccountId>& value) {
    Put(platform, Text(std::string(PlatformName(value.value.platform)), false));
    Put(id, Text(value.value.id, false));
  }
  void Catalogue(SaidFields& fields) {
    for (const Field& field : table_->fields) {
      if (!field.catalogue) continue;
      const auto at = fields.values.find(std::string(field.name));
      if (at == fields.values.end()) continue;
      struct Visitor {
        Node operator()(bool value) const { return Text(value ? "true" : "false", true); }
        Node operator()(std::int64_t value) const { return Text(std::to_string(value), true); }
        Node operator()(const std::string& value) const { return Text(value, false); }
        Node operator()(const Money& value) const { return Text(PrintDecimal(value), true); }
        Node operator()(const std::vector<std::string>& value) const { return Texts(value); }
      };
      Put(field.name, std::visit(Visitor{}, at->second));
    }
  }

 private:
  static Node Text(std::string text, bool bare) {
    Node node;
    node.kind = Node::Kind::kText;
    node.text = std::move(text);
    node.bare = bare;
    return node;
  }
  static Node Texts(const std::vector<std::string>& texts) {
    Node node;
    node.kind = Node::Kind::kList;
    for (const std::string& text : texts) node.items.push_back(Text(text, false));
    return node;
  }
  void Put(std::string_view name, Node node) {
    node_->members.push_back({std::string(name), {}, std::move(node)});
  }

  template <class T>
  std::optional<Node> Print(const Field& field, T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (value.empty()) return std::nullopt;
      return Text(value, field.kind == Kind::kDecimal);
    } else if constexpr (std::is_same_v<T, bool>) {
      return Text(value ? "true" : "false", true);
    } else if constexpr (std::is_same_v<T, int>) {
      return Text(std::to_string(value), true);
    } else if constexpr (std::is_same_v<T, double>) {
      return Text(RealText(value), true);
    } else if constexpr (std::is_same_v<T, Day>) {
      return Text(PrintDay(value), true);
    } else if constexpr (std::is_same_v<T, Currency>) {
      return Text(std::string(value.name()), false);
    } else if constexpr (std::is_same_v<T, Money>) {
      return Text(PrintDecimal(value), true);
    } else if constexpr (std::is_same_v<T, AccountId>) {
      return Text(PrintAccount(value), false);
    } else if constexpr (std::is_same_v<T, ExperimentVariable>) {
      return Text(std::string(ExperimentVariableName(value)), false);
    } else if constexpr (IsSaid<T>::value) {
      // A list that was said is written though it be empty: "special_categories: []".
      if constexpr (std::is_same_v<T, Said<std::vector<std::string>>>) {
        return Texts(value.value);
      } else {
        return Print(field, value.value);
      }
    } else if constexpr (IsOptional<T>::value) {
      if (!value) return std::nullopt;
      return Print(field, *value);
    } else if constexpr (std::is_same_v<T, SaidFields>) {
      if (value.values.empty()) return std::nullopt;
      Node node;
      node.kind = Node::Kind::kMap;
      const documents::Object* outer_table = std::exchange(table_, field.of);
      Node* outer_node = std::exchange(node_, &node);
      Catalogue(value);
      table_ = outer_table;
      node_ = outer_node;
      return node;
    } else if constexpr (std::is_same_v<T, std::map<std::string, Said<std::int64_t>>>) {
      if (value.empty()) return std::nullopt;
      Node node;
      node.kind = Node::Kind::kMap;
      for (const auto& [name, count] : value) {
        node.members.push_back({name, {}, Text(std::to_string(count.value), true)});
      }
      return node;
    } else if constexpr (IsVector<T>::value) {
      using Item = typename T::value_type;
      if (value.empty()) return std::nullopt;
      if constexpr (std::is_same_v<Item, std::string>) {
        return Texts(value);
      } else {
        Node node;
        node.kind = Node::Kind::kList;
        for (Item& item : value) {
          if constexpr (std::is_same_v<Item, Said<std::string>>) {
            node.items.push_back(Text(item.value, false));
          } else {
            node.items.push_back(Object(*field.of, item));
          }
        }
        return node;
      }
    } else {
      return Object(*field.of, value);
    }
  }

  /// Shortest text that reads back the same, without an exponent.
  static std::string RealText(double value) {
    char buffer[400];
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    if (error != std::errc()) Bug();
    return {buffer, end};
  }

  const documents::Object* table_ = nullptr;
  Node* node_ = nullptr;
};

/// All parts of one document together: a workbook's sheets, or a text file.
Node Joined(std::vector<Fragment>& fragments, std::string_view kind) {
  Node root;
  root.kind = Node::Kind::kMap;
  bool first = true;
  for (Fragment& fragment : fragments) {
    if (fragment.kind != kind) continue;
    if (std::exchange(first, false)) root.place = fragment.root.place;
    for (Member& member : fragment.root.members) root.members.push_back(std::move(member));
  }
  return root;
}

bool IsMedia(std::string_view name) {
  for (const std::string_view ending : {".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp4", ".mov"}) {
    if (name.size() > ending.size() &&
        std::equal(
            ending.begin(), ending.end(), name.end() - static_cast<long>(ending.size()),
            [](char a, char b) { return a == b || (b >= 'A' && b <= 'Z' && a == (b | 32)); })) {
      return true;
    }
  }
  return false;
}

std::string Sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string out;
  for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

/// What the tables cannot say: of one document, never across documents, which is for the checks.
class Finisher {
 public:
  Finisher(const ReadFile& read_file, Trouble& trouble)
      : read_file_(read_file), trouble_(trouble) {}

  void Finish(CampaignDocuments& documents) {
    FinishBrief(documents.brief);
    for (Package& package : documents.media_plan.packages) FinishPackage(package);
    FinishCreatives(documents.creatives);
    for (Buy& buy : documents.buys.buys) {
      for (const BuyAdGroup& group : buy.ad_groups) FinishAges(group.fields, group.place);
    }
  }

 private:
  void Order(const Said<Day>& start, const Said<Day>& end) {
    if (end.value < start.value) {
      trouble_.At(end.place,
                  fmt::format("ends on {}, before it starts on {} ({}); mend one of "
                              "them",
                              PrintDay(end.value), PrintDay(start.value), PrintPlace(start.place)));
    }
  }

  void FinishBrief(Brief& brief) {
    if (brief.brand.empty()) brief.brand = brief.client.value;
    Order(brief.start, brief.end);
    FinishAges(brief.audience, brief.place);
    for (const ExperimentDocument& experiment : brief.experiments) {
      if (experiment.start && experiment.end) {
        Order({*experiment.start, experiment.place}, {*experiment.end, experiment.place});
      }
      int shares = 0;
      for (const auto& arm : experiment.arms) {
        shares += arm.share_percent;
        const bool geo = experiment.variable == ExperimentVariable::kGeoHoldout;
        if (geo ? arm.places.empty() : arm.of.empty()) {
          trouble_.At(arm.place, fmt::format("the arm {} says not what it is made of; add \"{}\"",
                                             Shown(arm.name), geo ? "places" : "of"));
        }
      }
      if (experiment.arms.size() < 2) {
        trouble_.At(experiment.place, fmt::format("the experiment {} needs two arms or more",
                                                  Shown(experiment.name)));
      } else if (shares != 100) {
        trouble_.At(experiment.place,
                    fmt::format("the arms of the experiment {} share {} %; it must be 100",
                                Shown(experiment.name), shares));
      }
    }
  }

  void FinishPackage(const Package& package) {
    if (package.start && package.end) Order(*package.start, *package.end);
    if (package.always_on && package.always_on->value && package.end) {
      trouble_.At(package.always_on->place,
                  fmt::format("the package is always_on and has an end ({}); keep one of them",
                              PrintPlace(package.end->place)));
    }
    if (!package.budget && !package.daily_budget) {
      trouble_.At(package.place,
                  fmt::format("the package {} has neither \"budget\" nor \"daily_budget\"; add one",
                              Shown(package.name.value)));
    }
  }

  void FinishAges(const SaidFields& fields, const Place& place) {
    const auto min = fields.values.find("age_min");
    const auto max = fields.values.find("age_max");
    if (min == fields.values.end() || max == fields.values.end()) return;
    const auto low = std::get<std::int64_t>(min->second);
    const auto high = std::get<std::int64_t>(max->second);
    if (low > high) {
      trouble_.At(fields.PlaceOf("age_max", place),
                  fmt::format("age_max {} is below age_min {}; mend one of them", high, low));
    }
  }

  void FinishCreatives(Creatives& creatives) {
    for (AdDocument& ad : creatives.ads) {
      for (auto* media : {&ad.image, &ad.video, &ad.thumbnail}) {
        if (*media) Resolve(creatives, **media);
      }
      for (Said<std::string>& image : ad.images) Resolve(creatives, image);
    }
    for (AssetDocument& asset : creatives.assets) FinishAsset(asset);
  }

  /// An ad may name an asset or, where nothing is to be said about it, the file itself.
  void Resolve(Creatives& creatives, Said<std::string>& media) {
    const auto named = [&](std::string_view name) {
      return std::find_if(creatives.assets.begin(), creatives.assets.end(),
                          [&](const AssetDocument& asset) { return asset.name == name; });
    };
    if (named(media.value) != creatives.assets.end()) return;
    if (!IsMedia(media.value)) {
      trouble_.At(
          media.place,
          fmt::format("no asset is called {}; add it to the assets, or write a file such as "
                      "creatives/dawn.png",
                      Shown(media.value)));
      return;
    }
    const std::string file = media.value;
    if (const auto good = CheckScalar({.name = "file", .kind = Kind::kFile}, file); !good) {
      trouble_.At(media.place, good.error().what);
      return;
    }
    const std::string leaf = file.substr(file.find_last_of('/') + 1);
    const std::string stem = leaf.substr(0, leaf.find_last_of('.'));
    const auto taken = named(stem);
    if (taken != creatives.assets.end() && taken->file != file) {
      trouble_.At(media.place,
                  fmt::format("the file {} would be the asset {}, which is another file ({}); name "
                              "both among the assets",
                              Shown(file), Shown(stem), Shown(taken->file)));
      return;
    }
    if (taken == creatives.assets.end()) {
      AssetDocument asset;
      asset.place = media.place;
      asset.name = stem;
      asset.file = file;
      creatives.assets.push_back(std::move(asset));
    }
    media.value = stem;
  }

  void FinishAsset(AssetDocument& asset) {
    const bool there = asset.account.has_value() && !asset.platform_id.empty();
    const bool half = asset.account.has_value() != !asset.platform_id.empty();
    if (half || there == !asset.file.empty()) {
      trouble_.At(asset.place,
                  fmt::format("the asset {} needs either \"file\" or both \"account\" and "
                              "\"platform_id\"",
                              Shown(asset.name)));
      return;
    }
    if (there) return;
    if (!IsMedia(asset.file)) {
      trouble_.At(asset.place,
                  fmt::format("file {} is no picture or video; taken are png, jpg, gif, "
                              "webp, mp4 and mov",
                              Shown(asset.file)));
      return;
    }
    if (!read_file_) return;
    auto bytes = read_file_(asset.file);
    if (!bytes) {
      trouble_.At(asset.place, fmt::format("file {}: {}", Shown(asset.file), bytes.error().what));
      return;
    }
    if (bytes->empty()) {
      trouble_.At(asset.place, fmt::format("file {} is empty", Shown(asset.file)));
      return;
    }
    const std::string sha256 = Sha256(*bytes);
    if (!asset.sha256.empty() && asset.sha256 != sha256) {
      trouble_.At(asset.place,
                  fmt::format("file {} is not the one that was meant: its SHA-256 is {}, the "
                              "document says {}",
                              Shown(asset.file), sha256, asset.sha256));
      return;
    }
    asset.bytes = *std::move(bytes);
    asset.sha256 = sha256;
  }

  const ReadFile& read_file_;
  Trouble& trouble_;
};

}  // namespace

std::vector<Fragment> ToFragments(const CampaignDocuments& documents) {
  CampaignDocuments copy = documents;
  Writer writer;
  std::vector<Fragment> out;
  out.push_back({"brief", writer.Object(BriefTable(), copy.brief)});
  out.push_back({"media_plan", writer.Object(MediaPlanTable(), copy.media_plan)});
  out.push_back({"creatives", writer.Object(CreativesTable(), copy.creatives)});
  out.push_back({"buys", writer.Object(BuysTable(), copy.buys)});
  return out;
}

}  // namespace documents

std::string PrintPlace(const Place& place) {
  // The name comes from outside: it must not write on a terminal.
  std::string file;
  for (const char c : place.file) {
    file += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  if (!place.sheet.empty()) {
    const std::string shown = documents::Shown(place.sheet);
    file += ", sheet " + shown.substr(1, shown.size() - 2);
  }
  if (!place.cell.empty()) return fmt::format("{}, cell {}", file, place.cell);
  if (!place.sheet.empty() || place.line == 0) {
    return place.line == 0 ? file : fmt::format("{}, row {}", file, place.line);
  }
  return fmt::format("{}:{}", file, place.line);
}

namespace {

Result<CampaignDocuments> Parse(const std::vector<DocumentFile>& files, const ReadFile& read_file,
                                bool all_four) {
  using namespace documents;
  constexpr std::size_t kFilesMax = 50;
  if (files.size() > kFilesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} files are too many for one campaign; at most {} are taken",
                            files.size(), kFilesMax));
  }
  Trouble trouble;
  std::vector<Fragment> fragments;
  for (const DocumentFile& file : files) {
    const auto ends = [&](std::string_view ending) { return file.name.ends_with(ending); };
    if (ends(".yaml") || ends(".yml") || ends(".json")) {
      ReadText(file, fragments, trouble);
    } else if (ends(".csv") || ends(".xlsx")) {
      ReadSheets(file, fragments, trouble);
    } else {
      trouble.At({.file = file.name, .sheet = {}, .line = 0, .cell = {}},
                 "is none of .yaml, .yml, .json, .csv, .xlsx");
    }
  }
  for (const std::string_view kind : kKinds) {
    const bool there = std::any_of(fragments.begin(), fragments.end(),
                                   [&](const Fragment& fragment) { return fragment.kind == kind; });
    // A file that could not be read may be the missing one: one complaint is enough.
    if (!there && all_four && !trouble.any()) {
      trouble.In(fmt::format("the {}", (*TableOf(kind))->name),
                 fmt::format("is missing; hand over a file that begins with \"maxopt: {}/1\", or "
                             "its sheet (maxopt template {})",
                             kind, kind));
    }
  }
  if (fragments.empty() && !all_four && !trouble.any()) {
    return Fail(Errc::kInvalidArgument,
                "there is no document in it; the first line of one is \"maxopt: creatives/1\" "
                "(maxopt template creatives), and of a workbook one sheet at least is filled in");
  }
  const bool complete = all_four && !trouble.any();

  const Node brief = Joined(fragments, "brief");
  const Node media_plan = Joined(fragments, "media_plan");
  const Node creatives = Joined(fragments, "creatives");
  const Node buys = Joined(fragments, "buys");
  std::optional<Currency> currency;
  if (const Node* said = Find(brief, "currency")) {
    if (const auto found = FindCurrency(said->text)) currency = *found;
  }
  CampaignDocuments out;
  Reader reader(currency ? &*currency : nullptr, trouble);
  // Of a document that could not be read at all, nothing more is said.
  if (!brief.members.empty() || complete) reader.ReadObject(BriefTable(), brief, out.brief);
  if (!media_plan.members.empty() || complete) {
    reader.ReadObject(MediaPlanTable(), media_plan, out.media_plan);
  }
  if (!creatives.members.empty() || complete) {
    reader.ReadObject(CreativesTable(), creatives, out.creatives);
  }
  if (!buys.members.empty() || complete) reader.ReadObject(BuysTable(), buys, out.buys);
  if (!trouble.any()) Finisher(read_file, trouble).Finish(out);
  if (trouble.any()) return Fail(trouble.ToError());
  return out;
}

}  // namespace

Result<CampaignDocuments> ParseDocuments(const std::vector<DocumentFile>& files,
                                         const ReadFile& read_file) {
  return Parse(files, read_file, true);
}

Result<CampaignDocuments> ParseSomeDocuments(const std::vector<DocumentFile>& files,
                                             const ReadFile& read_file) {
  return Parse(files, read_file, false);
}

std::vector<DocumentFile> PrintDocuments(const CampaignDocuments& printed) {
  std::vector<DocumentFile> files;
  for (const documents::Fragment& fragment : documents::ToFragments(printed)) {
    files.push_back({fragment.kind + ".yaml", documents::PrintYaml(fragment)});
  }
  return files;
}

}  // namespace maxopt
