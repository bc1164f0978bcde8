#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/report/cells/cells.h"

/// Prose from a grammar over facts. A sentence is a text of a catalogue whose slots are cells or
/// derivations of cells; nothing else can put a number into it, and Check() finds out whether
/// something did.
namespace maxopt::report {

/// What stands in a slot.
///   format ""         by the kind of the cell: count, money, percent of a ratio, real, day, text
///          "percent"  0.034 -> "3.4%"          "real"   2.041 -> "2.04"
///          "money"    with cents below 1,000   "cents"  always with cents
///          "unit"     a real with its column's unit
///          "platform" a platform's name as people write it: google_ads -> "Google Ads"
struct Slot {
  Source source{};
  std::string format{};
  std::string word{};  ///< not empty: this key of the catalogue, a text without slots
};

/// Something to say: a key of the catalogue and what stands in its slots.
struct Phrase {
  std::string key;
  std::map<std::string, Slot> slots{};
};

/// What was said, and where each of its slots stands.
struct Sentence {
  Phrase phrase;
  std::string text;
  struct Span {
    std::size_t begin = 0, end = 0;  ///< bytes of `text`
    std::string slot;
    bool name = false;  ///< a text of somebody else, not a number
  };
  std::vector<Span> spans{};
  /// Other words for the phrase: a text with its slots. Empty: the catalogue's text.
  std::string wording{};
};

/// Texts, and how numbers and days are written, of one language. Immutable, thread-safe.
class Catalogue {
 public:
  /// YAML as in catalogue/en.yaml (schemas/report_catalogue.schema.json). kInvalidArgument with
  /// file and place: unknown or missing members, and texts that hold a digit or a number word
  /// outside of a slot.
  static Result<std::shared_ptr<const Catalogue>> Parse(std::string_view yaml,
                                                        const std::string& file);
  /// kInvalidArgument lists the languages there are.
  static Result<std::shared_ptr<const Catalogue>> BuiltIn(const std::string& language);
  static std::vector<std::string> Languages();

  const std::string& language() const { return language_; }
  bool Has(const std::string& key) const { return texts_.contains(key); }
  std::vector<std::string> Keys() const;
  /// Names of the slots of a text, of all its forms.
  std::set<std::string> SlotsOf(const std::string& key) const;
  /// A text without slots; the key itself where there is none (and no test lets that pass).
  std::string Word(const std::string& key) const;
  /// `otherwise` where there is no such key.
  std::string WordOr(const std::string& key, std::string_view otherwise) const;

  // Values. `unit` is a column's.
  std::string Count(std::int64_t count) const;
  std::string Real(double value) const;
  std::string Percent(double ratio) const;
  std::string MoneyText(Money money, bool cents) const;
  std::string DayText(Day day) const;
  std::string ShortDay(Day day) const;  ///< "3 Mar"
  std::string InstantText(Instant at) const;
  std::string Unit(std::string_view unit) const;
  std::string Absent() const { return Word("absent"); }
  /// A cell as it stands in a table.
  std::string Cell(const ViewCell& cell, const ViewColumn& column) const;
  /// A value as it stands in a sentence.
  std::string Value(const ViewCell& value, const ViewColumn* column,
                    const std::string& format) const;

  /// Fills the slots. kInvalidArgument: no such key, a slot of the text that the phrase does not
  /// have or the other way round, a source that does not resolve.
  Result<Sentence> Say(const Phrase& phrase, const Book& book) const;
  /// The text that the phrase is said by, its slots as {name}: what it says without any number or
  /// name. Errors as Say.
  Result<std::string> TextOf(const Phrase& phrase, const Book& book) const;
  /// The phrase in other words, which are somebody else's: a text like TextOf, of the same slots in
  /// the same order (those in quotation marks stay in them), which puts no number beside them,
  /// means the same as far as words tell (MeaningIn), holds letters and plain punctuation only, and
  /// is at most twice as long. English only, as words are known of no other language.
  /// kInvalidArgument says what is wrong.
  Result<Sentence> Reword(const Phrase& phrase, const std::string& wording, const Book& book) const;
  /// Refuses (kRefused, with the place) a sentence that is not, to the byte, what its phrase (or
  /// its wording of it) says of the data, or in which a number stands that no slot accounts for.
  Result<> Check(const Sentence& sentence, const Book& book) const;

 private:
  struct Entry {
    std::string plural;  ///< slot whose number chooses between one and other; empty: none
    std::string one, other;
  };
  Result<> ReadTexts(const void* node, const std::string& file);
  Result<const std::string*> FormOf(const Phrase& phrase, const Book& book) const;
  Result<Sentence> Fill(const std::string& form, const Phrase& phrase, const Book& book) const;
  std::string Grouped(std::string digits) const;
  std::string Fixed(double value, int decimals) const;
  std::string language_, decimal_, group_, percent_, day_, short_day_, instant_;
  bool money_before_ = false;
  std::vector<std::string> months_, short_months_;
  std::set<std::string> number_words_;
  std::map<std::string, Entry> texts_;
};

/// The first number in `text` outside of the spans: a digit of any script, a fraction, a percent
/// sign, or a number word of `words`; empty where there is none.
std::string StrayNumber(std::string_view text, const std::vector<Sentence::Span>& spans,
                        const std::set<std::string>& words);

}  // namespace maxopt::report
