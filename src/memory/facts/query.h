#pragma once
#include <optional>
#include <string>
#include <vector>

#include "memory/facts/facts.h"

/// The query builder: a FactQuery checked, and written as SQL once it is known which slices each
/// account has. Pure.
namespace maxopt::facts {

/// Kind of slices to read of an account.
struct SliceKind {
  Grain grain;
  Level level;
  friend bool operator==(const SliceKind&, const SliceKind&) = default;
};
/// Days of one account that are known in exactly the kinds of `mask`: bits of KindBit().
struct KnownDays {
  std::int64_t account_key;
  std::string platform;
  std::string account_id;
  std::string account;   ///< name; "" when unknown, or when no filter needs it
  std::string currency;  ///< "" when unknown
  std::uint32_t mask;
  std::int64_t days;
};
std::uint32_t KindBit(SliceKind kind);

enum class Measure {
  kSpend,
  kImpressions,
  kClicks,
  kConversions,
  kRevenue,
  kCtr,
  kCpc,
  kCpm,
  kCvr,
  kCpa,
  kRoas,
  kImpressionShare,
  kLostToBudget,
  kLostToRank,
};
enum class Dimension {
  kPlatform,
  kAccount,
  kCampaign,
  kAdGroup,
  kAd,
  kSegment,  ///< of any breakdown
  kCurrency,
};
enum class Period { kNone, kHour, kDay, kWeek, kMonth };

/// A column of the answer, in order.
struct Column {
  std::string name;
  FactCell::Kind kind;
};

/// A FactQuery whose every word is known and which makes sense by itself.
struct Question {
  std::vector<Measure> measures;
  std::vector<Dimension> dimensions;  ///< currency included when money asks for it
  struct Filter {
    Dimension dimension;
    std::vector<std::string> values;
    bool exclude;
  };
  std::vector<Filter> filters;
  Breakdown breakdown = Breakdown::kNone;
  Level level_needed = Level::kAccount;  ///< deepest that a dimension or filter speaks of
  Period period = Period::kNone;
  std::optional<Day> from;
  std::optional<Day> to;
  std::optional<Instant> as_of;
  std::optional<Level> level;
  std::optional<Currency> convert_to;

  bool Has(Dimension dimension) const;
  std::vector<Column> Columns() const;
};
/// kInvalidArgument names what is wrong and lists what is known.
Result<Question> CheckQuery(const FactQuery& query);

/// Asks which kinds of slices are known: columns account_key, platform, account_id, account,
/// currency, mask, days, in any order.
std::string KnownDaysSql(const Question& question);

/// What to read of each account, by the level rule of facts.h, and what a reader must know of it.
struct Choice {
  struct Part {
    SliceKind kind;
    std::vector<std::int64_t> account_keys;
  };
  std::vector<Part> parts;
  bool all_accounts = true;  ///< every account that has such slices is meant
  std::vector<std::string> notes;
};
Choice ChooseSlices(const Question& question, const std::vector<KnownDays>& known);

/// With convert_to: the first day and currency of money that has no rate, how many there are, and
/// an account of it: day, currency ('' for none), missing, account. No rows: every rate is there.
std::string MissingRatesSql(const Question& question, const Choice& choice);

/// The statement that answers: the columns of Columns(), ordered by the dimensions.
std::string AnswerSql(const Question& question, const Choice& choice);

}  // namespace maxopt::facts
