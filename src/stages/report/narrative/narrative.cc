#include "stages/report/narrative/narrative.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "stages/report/narrative/builtin.h"
#include "stages/report/narrative/words.h"

namespace maxopt::report {
namespace {

/// A piece of a text: letters, or a slot with an optional format.
struct Piece {
  std::string letters;
  std::string slot, format;
};

/// nullopt where braces do not match.
std::optional<std::vector<Piece>> Pieces(const std::string& text) {
  std::vector<Piece> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find_first_of("{}", at);
    const std::string letters = text.substr(at, open - at);
    if (!letters.empty()) out.push_back({letters, "", ""});
    if (open == std::string::npos) break;
    const std::size_t close = text.find('}', open);
    if (text[open] == '}' || close == std::string::npos) return std::nullopt;
    const std::string inside = text.substr(open + 1, close - open - 1);
    const std::size_t colon = inside.find(':');
    Piece piece{"", inside.substr(0, colon),
                colon == std::string::npos ? "" : inside.substr(colon + 1)};
    if (piece.slot.empty()) return std::nullopt;
    out.push_back(std::move(piece));
    at = close + 1;
  }
  return out;
}

/// Bytes that begin a digit of some script, a fraction or a sign of quantity, in UTF-8; how many
/// bytes it has, 0 for anything else.
std::size_t NumberSign(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const unsigned first = byte(0);
  if ((first >= '0' && first <= '9') || first == '%') return 1;
  if (first == 0xC2) {  // superscripts and fractions of Latin-1
    const unsigned second = byte(1);
    if (second == 0xB2 || second == 0xB3 || second == 0xB9 || (second >= 0xBC && second <= 0xBE)) {
      return 2;
    }
  }
  if (first == 0xD9 && byte(1) >= 0xA0 && byte(1) <= 0xA9) return 2;  // Arabic-Indic
  if (first == 0xDB && byte(1) >= 0xB0 && byte(1) <= 0xB9) return 2;  // extended Arabic-Indic
  if (first == 0xE0 && byte(1) == 0xA5 && byte(2) >= 0xA6 && byte(2) <= 0xAF) return 3;  // Nagari
  if (first == 0xE0 && byte(1) == 0xA7 && byte(2) >= 0xA6 && byte(2) <= 0xAF) return 3;  // Bengali
  if (first == 0xE0 && byte(1) == 0xB9 && byte(2) >= 0x90 && byte(2) <= 0x99) return 3;  // Thai
  if (first == 0xE2 && byte(1) == 0x81 && byte(2) >= 0xB0 && byte(2) <= 0xB9) return 3;  // above
  if (first == 0xE2 && byte(1) == 0x82 && byte(2) >= 0x80 && byte(2) <= 0x89) return 3;  // below
  if (first == 0xE2 && byte(1) == 0x85 && byte(2) >= 0x90) return 3;    // fractions, Roman
  if (first == 0xE2 && (byte(1) == 0x91 || byte(1) == 0x92)) return 3;  // circled
  if (first == 0xEF && byte(1) == 0xBC && byte(2) >= 0x90 && byte(2) <= 0x99) return 3;  // wide
  return 0;
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string LowerAscii(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Symbols that a reader of any language takes for one currency. Others are written as their code:
/// a dollar sign alone does not say whose dollar.
std::string_view Symbol(Currency currency) {
  if (currency == kEur) return "€";
  if (currency == kGbp) return "£";
  return "";
}

/// Money rounded to so many decimals, half away from zero.
std::int64_t Rounded(std::int64_t micros, std::int64_t unit) {
  const std::int64_t half = unit / 2;
  return micros >= 0 ? (micros + half) / unit : -((-micros + half) / unit);
}

}  // namespace

std::string StrayNumber(std::string_view text, const std::vector<Sentence::Span>& spans,
                        const std::set<std::string>& words) {
  const auto covered = [&](std::size_t at) -> const Sentence::Span* {
    for (const Sentence::Span& span : spans) {
      if (at >= span.begin && at < span.end) return &span;
    }
    return nullptr;
  };
  for (std::size_t at = 0; at < text.size();) {
    if (const auto* span = covered(at)) {
      at = span->end;
      continue;
    }
    if (const std::size_t size = NumberSign(text, at); size > 0) {
      return std::string(text.substr(at, size));
    }
    if (IsLetter(text[at])) {
      std::size_t end = at;
      while (end < text.size() && IsLetter(text[end]) && covered(end) == nullptr &&
             NumberSign(text, end) == 0) {
        ++end;
      }
      const std::string word(text.substr(at, end - at));
      if (words.contains(LowerAscii(word))) return word;
      at = end;
      continue;
    }
    ++at;
  }
  return "";
}

Result<std::shared_ptr<const Catalogue>> Catalogue::Parse(std::string_view yaml,
                                                          const std::string& file) {
  const auto out = std::shared_ptr<Catalogue>(new Catalogue());
  const auto bad = [&](const YAML::Node& at, const std::string& what) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: {}", file, at.IsDefined() ? at.Mark().line + 1 : 1, what));
  };
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) return bad(root, "is no mapping");
    static const std::set<std::string> kMembers = {
        "maxopt", "language", "decimal",      "group",        "percent",   "money", "months",
        "day",    "instant",  "short_months", "number_words", "short_day", "texts"};
    std::set<std::string> seen;
    for (const auto& pair : root) {
      const std::string key = pair.first.Scalar();
      if (!kMembers.contains(key)) return bad(pair.first, fmt::format("\"{}\" is not known", key));
      if (!seen.insert(key).second) return bad(pair.first, fmt::format("{} stands twice", key));
    }
    for (const std::string& member : kMembers) {
      if (!root[member].IsDefined()) return bad(root, member + " is missing");
    }
    if (root["maxopt"].Scalar() != "report-catalogue/1") {
      return bad(root["maxopt"], "must be report-catalogue/1");
    }
    out->language_ = root["language"].Scalar();
    out->decimal_ = root["decimal"].Scalar();
    out->group_ = root["group"].Scalar();
    out->percent_ = root["percent"].Scalar();
    out->day_ = root["day"].Scalar();
    out->short_day_ = root["short_day"].Scalar();
    out->instant_ = root["instant"].Scalar();
    const std::string money = root["money"].Scalar();
    if (money != "before" && money != "after") {
      return bad(root["money"], "must be before or after");
    }
    out->money_before_ = money == "before";
    for (const auto& [name, to] :
         {std::pair("months", &out->months_), std::pair("short_months", &out->short_months_)}) {
      for (const YAML::Node& month : root[name]) to->push_back(month.Scalar());
      if (to->size() != 12) return bad(root[name], "must be twelve months");
    }
    for (const YAML::Node& word : root["number_words"]) {
      out->number_words_.insert(LowerAscii(word.Scalar()));
    }
    const YAML::Node texts = root["texts"];
    MAXOPT_CHECK(out->ReadTexts(&texts, file));
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", file, e.what()));
  }
  return std::shared_ptr<const Catalogue>(out);
}

Result<> Catalogue::ReadTexts(const void* node, const std::string& file) {
  const YAML::Node& texts = *static_cast<const YAML::Node*>(node);
  for (const auto& pair : texts) {
    const std::string key = pair.first.Scalar();
    const auto bad = [&](const std::string& what) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}:{}: {} {}", file, pair.first.Mark().line + 1, key, what));
    };
    Entry entry;
    if (pair.second.IsScalar()) {
      entry.other = pair.second.Scalar();
      entry.one = entry.other;
    } else {
      for (const auto& form : pair.second) {
        const std::string name = form.first.Scalar();
        if (name == "plural") {
          entry.plural = form.second.Scalar();
        } else if (name == "one") {
          entry.one = form.second.Scalar();
        } else if (name == "other") {
          entry.other = form.second.Scalar();
        } else {
          return bad(fmt::format("has a form \"{}\"; known are plural, one, other", name));
        }
      }
      if (entry.plural.empty() || entry.one.empty() || entry.other.empty()) {
        return bad("needs plural, one and other");
      }
    }
    for (const std::string* form : {&entry.one, &entry.other}) {
      const auto pieces = Pieces(*form);
      if (!pieces) return bad("has braces that do not match");
      for (const Piece& piece : *pieces) {
        const std::string stray = StrayNumber(piece.letters, {}, number_words_);
        if (!stray.empty()) {
          return bad(fmt::format("holds the number \"{}\": numbers come by slots only", stray));
        }
      }
    }
    if (!texts_.emplace(key, std::move(entry)).second) return bad("stands twice");
  }
  return {};
}

Result<std::shared_ptr<const Catalogue>> Catalogue::BuiltIn(const std::string& language) {
  // Read once a process: they are part of the program.
  static const auto kRead = [] {
    std::map<std::string, Result<std::shared_ptr<const Catalogue>>> out;
    for (const BuiltInText& text : BuiltInTexts()) {
      out.emplace(text.language, Parse(text.yaml, fmt::format("catalogue/{}.yaml", text.language)));
    }
    return out;
  }();
  const auto found = kRead.find(language);
  if (found != kRead.end()) return found->second;
  return Fail(Errc::kInvalidArgument, fmt::format("reports are not written in \"{}\"; known are {}",
                                                  language, fmt::join(Languages(), ", ")));
}

std::vector<std::string> Catalogue::Languages() {
  std::vector<std::string> out;
  for (const BuiltInText& text : BuiltInTexts()) out.emplace_back(text.language);
  return out;
}

std::vector<std::string> Catalogue::Keys() const {
  std::vector<std::string> out;
  for (const auto& [key, entry] : texts_) out.push_back(key);
  return out;
}

std::set<std::string> Catalogue::SlotsOf(const std::string& key) const {
  std::set<std::string> out;
  const auto found = texts_.find(key);
  if (found == texts_.end()) return out;
  for (const std::string* form : {&found->second.one, &found->second.other}) {
    const auto pieces = Pieces(*form);
    for (const Piece& piece : *pieces) {
      if (!piece.slot.empty()) out.insert(piece.slot);
    }
  }
  if (!found->second.plural.empty()) out.insert(found->second.plural);
  return out;
}

std::string Catalogue::Word(const std::string& key) const { return WordOr(key, key); }

std::string Catalogue::WordOr(const std::string& key, std::string_view otherwise) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? std::string(otherwise) : found->second.other;
}

std::string Catalogue::Grouped(std::string digits) const {
  const std::size_t start = digits.starts_with("-") ? 1 : 0;
  std::size_t end = digits.find('.');
  std::string fraction;
  if (end != std::string::npos) {
    fraction = decimal_ + digits.substr(end + 1);
    digits.resize(end);
  }
  end = digits.size();
  for (std::size_t at = end; at > start + 3; at -= 3) digits.insert(at - 3, group_);
  if (start == 1) digits.replace(0, 1, "−");
  return digits + fraction;
}

std::string Catalogue::Fixed(double value, int decimals) const {
  std::string out = fmt::format("{:.{}f}", value, decimals);
  // "-0.00" is a zero.
  if (out.find_first_not_of("-0.") == std::string::npos && out.starts_with('-')) out.erase(0, 1);
  return Grouped(std::move(out));
}

std::string Catalogue::Count(std::int64_t count) const { return Grouped(std::to_string(count)); }

std::string Catalogue::Real(double value) const {
  const double size = std::abs(value);
  if (value == std::floor(value) && size < 1e15) return Fixed(value, 0);
  return Fixed(value, size >= 1'000 ? 0 : size >= 100 ? 1 : 2);
}

std::string Catalogue::Percent(double ratio) const {
  const double size = std::abs(100 * ratio);
  const std::string number = Fixed(100 * ratio, size == 0 || size >= 9.95 ? 0
                                                : size >= 0.995           ? 1
                                                                          : 2);
  return fmt::format(fmt::runtime(percent_), number);
}

std::string Catalogue::MoneyText(Money money, bool cents) const {
  const int decimals = MinorUnitDecimals(money.currency(), MinorUnits::kIso4217).value_or(2);
  const bool whole = !cents && std::abs(money.micros()) >= 1'000'000'000;
  const int shown = whole ? 0 : decimals;
  std::int64_t unit = 1'000'000;
  for (int i = 0; i < shown && unit > 1; ++i) unit /= 10;
  const std::int64_t count = Rounded(money.micros(), unit);
  const std::int64_t scale = 1'000'000 / unit;
  const std::int64_t size = std::abs(count);
  std::string number = std::to_string(size / scale);
  if (shown > 0) number += fmt::format(".{:0{}}", size % scale, shown);
  number = Grouped(std::move(number));
  const std::string_view symbol = Symbol(money.currency());
  const std::string name =
      money.currency() == kNoCurrency ? "" : std::string(money.currency().name());
  const std::string sign = count < 0 ? "−" : "";
  if (money_before_ && !symbol.empty()) return fmt::format("{}{}{}", sign, symbol, number);
  if (money_before_ && !name.empty()) return fmt::format("{}{}\u00a0{}", sign, name, number);
  const std::string behind = symbol.empty() ? name : std::string(symbol);
  return behind.empty() ? sign + number : fmt::format("{}{}\u00a0{}", sign, number, behind);
}

std::string Catalogue::DayText(Day day) const {
  const std::chrono::year_month_day date{day};
  return fmt::format(fmt::runtime(day_), fmt::arg("day", static_cast<unsigned>(date.day())),
                     fmt::arg("month", months_[static_cast<unsigned>(date.month()) - 1]),
                     fmt::arg("year", static_cast<int>(date.year())));
}

std::string Catalogue::ShortDay(Day day) const {
  const std::chrono::year_month_day date{day};
  return fmt::format(fmt::runtime(short_day_), fmt::arg("day", static_cast<unsigned>(date.day())),
                     fmt::arg("month", short_months_[static_cast<unsigned>(date.month()) - 1]));
}

std::string Catalogue::InstantText(Instant at) const {
  const Day day{std::chrono::floor<std::chrono::days>(at).time_since_epoch()};
  const auto minutes =
      std::chrono::floor<std::chrono::minutes>(at - std::chrono::floor<std::chrono::days>(at));
  return fmt::format(fmt::runtime(instant_), fmt::arg("day", DayText(day)),
                     fmt::arg("hour", minutes.count() / 60),
                     fmt::arg("minute", minutes.count() % 60));
}

std::string Catalogue::Unit(std::string_view unit) const {
  std::string out;
  for (std::size_t at = 0; at <= unit.size();) {
    const std::size_t end = std::min(unit.find_first_of("/ ", at), unit.size());
    const std::string word(unit.substr(at, end - at));
    out += WordOr("unit." + word, word);
    if (end == unit.size()) break;
    out += unit[end];
    at = end + 1;
  }
  return out;
}

std::string Catalogue::Cell(const ViewCell& cell, const ViewColumn& column) const {
  struct Print {
    const Catalogue& in;
    const ViewColumn& column;
    std::string operator()(std::monostate) const { return "–"; }
    std::string operator()(const std::string& text) const { return PlainText(text); }
    std::string operator()(std::int64_t count) const { return in.Count(count); }
    std::string operator()(double real) const {
      return column.kind == CellKind::kRatio ? in.Percent(real) : WithUnit(in.Real(real));
    }
    std::string operator()(Money money) const { return in.MoneyText(money, true); }
    std::string operator()(const Estimated& of) const {
      return WithUnit(
          fmt::format("{} ({} – {})", in.Real(of.value), in.Real(of.low), in.Real(of.high)));
    }
    std::string operator()(Day day) const { return in.DayText(day); }
    std::string operator()(Instant at) const { return in.InstantText(at); }
    std::string operator()(bool flag) const { return in.Word(flag ? "yes" : "no"); }
    std::string WithUnit(std::string number) const {
      return column.unit.empty() ? number : number + "\u00a0" + in.Unit(column.unit);
    }
  };
  return std::visit(Print{*this, column}, cell);
}

std::string Catalogue::Value(const ViewCell& value, const ViewColumn* column,
                             const std::string& format) const {
  if (std::holds_alternative<std::monostate>(value)) return Absent();
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (format == "platform") return WordOr("platform." + *text, PlainText(*text));
    constexpr std::size_t kNameInProse = 80;
    return Shortened(PlainText(*text), kNameInProse);
  }
  if (const auto* money = std::get_if<Money>(&value)) return MoneyText(*money, format == "cents");
  const ViewColumn none{};
  if (const auto number = Number(value)) {
    if (format == "percent") return Percent(*number);
    if (format == "unit" && column != nullptr && !column->unit.empty()) {
      return Real(*number) + "\u00a0" + Unit(column->unit);
    }
    if (format.empty() && column != nullptr && column->kind == CellKind::kRatio) {
      return Percent(*number);
    }
    if (const auto* count = std::get_if<std::int64_t>(&value)) return Count(*count);
    return Real(*number);
  }
  return Cell(value, column != nullptr ? *column : none);
}

namespace {

std::unexpected<Error> BadText(const Phrase& phrase, const std::string& language,
                               const std::string& what) {
  return Fail(Errc::kInvalidArgument, fmt::format("text {} ({}): {}", phrase.key, language, what));
}

/// What may stand between slots: letters, and punctuation that no form takes for markup.
std::string OddMark(const std::string& letters) {
  if (PlainText(letters) != letters) return "a mark that hides or reorders text";
  constexpr std::string_view kMarks = " .,;:!?'\"()-";
  for (const char c : letters) {
    if (!IsLetter(c) && kMarks.find(c) == std::string_view::npos) return std::string(1, c);
  }
  // A full stop within a word is that of an address.
  for (std::size_t at = letters.find('.'); at != std::string::npos;
       at = letters.find('.', at + 1)) {
    if (at + 1 < letters.size() && IsLetter(letters[at + 1])) return "an address";
  }
  return "";
}

bool EndsQuoted(const std::string& letters) {
  return letters.ends_with("“") || letters.ends_with('"');
}

}  // namespace

Result<const std::string*> Catalogue::FormOf(const Phrase& phrase, const Book& book) const {
  const auto bad = [&](const std::string& what) { return BadText(phrase, language_, what); };
  const auto found = texts_.find(phrase.key);
  if (found == texts_.end()) return bad("is not in the catalogue");
  const Entry& entry = found->second;
  std::set<std::string> wanted = SlotsOf(phrase.key);
  for (const auto& [name, slot] : phrase.slots) {
    if (!wanted.contains(name)) return bad(fmt::format("has no slot {}", name));
  }
  if (entry.plural.empty()) return &entry.other;
  const auto slot = phrase.slots.find(entry.plural);
  if (slot == phrase.slots.end()) return bad(fmt::format("slot {} is empty", entry.plural));
  return Number(book.Get(slot->second.source)) == 1.0 ? &entry.one : &entry.other;
}

Result<Sentence> Catalogue::Fill(const std::string& form, const Phrase& phrase,
                                 const Book& book) const {
  const auto bad = [&](const std::string& what) { return BadText(phrase, language_, what); };
  Sentence out;
  out.phrase = phrase;
  const auto pieces = Pieces(form);
  for (const Piece& piece : *pieces) {
    if (piece.slot.empty()) {
      out.text += piece.letters;
      continue;
    }
    const auto at = phrase.slots.find(piece.slot);
    if (at == phrase.slots.end()) return bad(fmt::format("slot {} is empty", piece.slot));
    const Slot& slot = at->second;
    if (!slot.word.empty()) {
      if (!Has(slot.word)) return bad(fmt::format("word {} is not in the catalogue", slot.word));
      if (!SlotsOf(slot.word).empty()) return bad(fmt::format("word {} has slots", slot.word));
      out.text += Word(slot.word);
      continue;
    }
    MAXOPT_TRY(const ViewCell value, book.Check(slot.source));
    const std::string text =
        Value(value, book.ColumnOf(slot.source), piece.format.empty() ? slot.format : piece.format);
    Sentence::Span span{out.text.size(), out.text.size() + text.size(), piece.slot,
                        std::holds_alternative<std::string>(value)};
    out.spans.push_back(std::move(span));
    out.text += text;
  }
  return out;
}

Result<Sentence> Catalogue::Say(const Phrase& phrase, const Book& book) const {
  MAXOPT_TRY(const std::string* form, FormOf(phrase, book));
  return Fill(*form, phrase, book);
}

Result<std::string> Catalogue::TextOf(const Phrase& phrase, const Book& book) const {
  MAXOPT_TRY(const std::string* form, FormOf(phrase, book));
  const auto pieces = Pieces(*form);
  std::string out;
  for (const Piece& piece : *pieces) {
    out += piece.slot.empty() ? piece.letters : "{" + piece.slot + "}";
  }
  return out;
}

Result<Sentence> Catalogue::Reword(const Phrase& phrase, const std::string& wording,
                                   const Book& book) const {
  const auto bad = [](const std::string& what) { return Fail(Errc::kInvalidArgument, what); };
  if (language_ != "en") return bad("only English sentences are put into other words");
  MAXOPT_TRY(const std::string* form, FormOf(phrase, book));
  const auto pieces = Pieces(*form), mine = Pieces(wording);
  if (!mine) return bad("its braces do not match");
  if (mine->empty()) return bad("it is empty");
  constexpr std::size_t kRoom = 80;
  if (wording.size() > 2 * form->size() + kRoom) return bad("it is much longer");
  // The slots of both in their order, each with whether it stands in quotation marks; the letters
  // of both, with a mark for each slot that is no word.
  struct Read {
    std::vector<std::pair<std::string, bool>> slots{};
    std::string letters{};
  };
  const auto read = [](const std::vector<Piece>& of) {
    Read out;
    std::string before;
    for (const Piece& piece : of) {
      if (!piece.slot.empty()) out.slots.emplace_back(piece.slot, EndsQuoted(before));
      before = piece.slot.empty() ? piece.letters : "";
      out.letters += piece.slot.empty() ? piece.letters : " , ";
    }
    return out;
  };
  const Read was = read(*pieces), is = read(*mine);
  for (const auto& [slot, quoted] : is.slots) {
    if (!phrase.slots.contains(slot)) return bad(fmt::format("there is no slot {{{}}}", slot));
  }
  if (is.slots != was.slots) {
    return bad("it does not have each slot once, in the order and quotation marks of the text");
  }
  for (const Piece& piece : *mine) {
    const std::string stray = StrayNumber(piece.letters, {}, number_words_);
    if (!stray.empty()) return bad(fmt::format("\"{}\" is a number of its own", stray));
    const std::string odd = OddMark(piece.letters);
    if (!odd.empty()) return bad(fmt::format("it holds {}", odd));
  }
  const std::set<std::string> meant = MeaningIn(was.letters), said = MeaningIn(is.letters);
  for (const std::string& each : said) {
    if (!meant.contains(each)) return bad(fmt::format("it says \"{}\", the text does not", each));
  }
  for (const std::string& each : meant) {
    if (!said.contains(each)) return bad(fmt::format("it no longer says \"{}\"", each));
  }
  const auto end = [](const std::vector<Piece>& of) {
    return of.back().letters.empty() ? '\0' : of.back().letters.back();
  };
  if (end(*pieces) != end(*mine)) return bad("it does not end as the text does");
  // Filled in by the formats of the catalogue's text.
  std::string with_formats;
  auto next = pieces->begin();
  for (const Piece& piece : *mine) {
    if (piece.slot.empty()) {
      with_formats += piece.letters;
      continue;
    }
    if (!piece.format.empty()) return bad("a slot has a format of its own");
    while (next->slot.empty()) ++next;
    with_formats += next->format.empty() ? fmt::format("{{{}}}", next->slot)
                                         : fmt::format("{{{}:{}}}", next->slot, next->format);
    ++next;
  }
  MAXOPT_TRY(Sentence out, Fill(with_formats, phrase, book));
  out.wording = wording;
  return out;
}

Result<> Catalogue::Check(const Sentence& sentence, const Book& book) const {
  const auto refuse = [&](const std::string& what) {
    return Fail(Errc::kRefused, fmt::format("the report is refused: \"{}\" ({}): {}", sentence.text,
                                            sentence.phrase.key, what));
  };
  std::size_t before = 0;
  for (const Sentence::Span& span : sentence.spans) {
    if (span.begin < before || span.end < span.begin || span.end > sentence.text.size()) {
      return refuse(fmt::format("slot {} stands outside of the text", span.slot));
    }
    before = span.end;
    const auto slot = sentence.phrase.slots.find(span.slot);
    if (slot == sentence.phrase.slots.end()) {
      return refuse(fmt::format("slot {} is bound to nothing", span.slot));
    }
    const auto value = book.Check(slot->second.source);
    if (!value) return refuse(value.error().what);
  }
  const std::string stray = StrayNumber(sentence.text, sentence.spans, number_words_);
  if (!stray.empty()) return refuse(fmt::format("\"{}\" is no cell of the data", stray));
  const auto again = sentence.wording.empty() ? Say(sentence.phrase, book)
                                              : Reword(sentence.phrase, sentence.wording, book);
  if (!again) return refuse(again.error().what);
  if (again->text != sentence.text) {
    return refuse(fmt::format("the data say \"{}\"", again->text));
  }
  return {};
}

}  // namespace maxopt::report
