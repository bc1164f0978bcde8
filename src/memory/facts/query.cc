#include "memory/facts/query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "memory/facts/duck.h"

namespace maxopt::facts {
namespace {

using Kind = FactCell::Kind;

struct MeasureSpec {
  Measure measure;
  std::string_view name;
  Kind kind;
  bool money;              ///< means nothing without a currency
  std::string_view parts;  ///< sums that it needs: s(pend) i(mpressions) c(licks) v(conv.) r(ev.)
  std::string_view sql;    ///< over the sums of one group
};
// A ratio of two counts is a real number. A price (cpc, cpm, cpa) is money: the quotient of two
// doubles rounded to the micro, half away from zero. That is as exact as a price can be asked to be
// (16 digits), and DuckDB divides 128-bit integers bit by bit: it took a tenth of a roll-up.
constexpr MeasureSpec kMeasures[] = {
    {Measure::kSpend, "spend", Kind::kMoney, true, "s", "t.spend_micros"},
    {Measure::kImpressions, "impressions", Kind::kInteger, false, "i", "t.impressions"},
    {Measure::kClicks, "clicks", Kind::kInteger, false, "c", "t.clicks"},
    // Fractions are summed by several threads in no fixed order; the rounding keeps the noise of
    // the last binary digit out of the answer.
    {Measure::kConversions, "conversions", Kind::kReal, false, "v", "round(t.conversions, 6)"},
    {Measure::kRevenue, "revenue", Kind::kMoney, true, "r", "t.revenue_micros"},
    {Measure::kCtr, "ctr", Kind::kReal, false, "ci",
     "CAST(t.clicks AS DOUBLE) / nullif(CAST(t.impressions AS DOUBLE), 0)"},
    {Measure::kCpc, "cpc", Kind::kMoney, true, "sc",
     "CAST(round(CAST(t.spend_micros AS DOUBLE) / nullif(CAST(t.clicks AS DOUBLE), 0)) AS "
     "HUGEINT)"},
    {Measure::kCpm, "cpm", Kind::kMoney, true, "si",
     "CAST(round(CAST(t.spend_micros AS DOUBLE) * 1000 / nullif(CAST(t.impressions AS DOUBLE), 0)) "
     "AS HUGEINT)"},
    {Measure::kCvr, "cvr", Kind::kReal, false, "vc",
     "round(t.conversions, 6) / nullif(CAST(t.clicks AS DOUBLE), 0)"},
    {Measure::kCpa, "cpa", Kind::kMoney, true, "sv",
     "CAST(round(CAST(t.spend_micros AS DOUBLE) / nullif(round(t.conversions, 6), 0)) AS "
     "HUGEINT)"},
    {Measure::kRoas, "roas", Kind::kReal, true, "rs",
     "CAST(t.revenue_micros AS DOUBLE) / nullif(CAST(t.spend_micros AS DOUBLE), 0)"},
    {Measure::kImpressionShare, "impression_share", Kind::kReal, false, "he",
     "round(CAST(t.shown AS DOUBLE) / nullif(t.eligible, 0), 6)"},
    {Measure::kLostToBudget, "lost_to_budget", Kind::kReal, false, "be",
     "round(t.lost_budget / nullif(t.eligible, 0), 6)"},
    {Measure::kLostToRank, "lost_to_rank", Kind::kReal, false, "ke",
     "round(t.lost_rank / nullif(t.eligible, 0), 6)"},
};

struct PartSpec {
  char letter;
  std::string_view column;  ///< of the sums
  std::string_view sql;     ///< of one row of metrics, m
};
constexpr PartSpec kParts[] = {
    {'s', "spend_micros", "m.spend_micros"},
    {'i', "impressions", "m.impressions"},
    {'c', "clicks", "m.clicks"},
    {'v', "conversions", "m.conversions"},
    {'r', "revenue_micros", "m.revenue_micros"},
    // Shares are weighed by the impressions that were to be had: shown / share.
    {'e', "eligible", "m.impressions / nullif(m.impression_share, 0)"},
    {'h', "shown", "CASE WHEN m.impression_share > 0 THEN m.impressions END"},
    {'b', "lost_budget", "m.impressions / nullif(m.impression_share, 0) * m.lost_to_budget"},
    {'k', "lost_rank", "m.impressions / nullif(m.impression_share, 0) * m.lost_to_rank"},
};

struct DimensionSpec {
  std::string_view name;
  Dimension dimension;
  Level level;          ///< that it needs
  Breakdown breakdown;  ///< that it is
};
constexpr DimensionSpec kDimensions[] = {
    {"platform", Dimension::kPlatform, Level::kAccount, Breakdown::kNone},
    {"account", Dimension::kAccount, Level::kAccount, Breakdown::kNone},
    {"campaign", Dimension::kCampaign, Level::kCampaign, Breakdown::kNone},
    {"ad_group", Dimension::kAdGroup, Level::kAdGroup, Breakdown::kNone},
    {"ad", Dimension::kAd, Level::kAd, Breakdown::kNone},
    {"device", Dimension::kSegment, Level::kAccount, Breakdown::kDevice},
    {"country", Dimension::kSegment, Level::kAccount, Breakdown::kCountry},
    {"placement", Dimension::kSegment, Level::kAccount, Breakdown::kPlacement},
    {"age_gender", Dimension::kSegment, Level::kAccount, Breakdown::kAgeGender},
    {"keyword", Dimension::kSegment, Level::kAccount, Breakdown::kKeyword},
    {"search_term", Dimension::kSegment, Level::kAccount, Breakdown::kSearchTerm},
    {"audience", Dimension::kSegment, Level::kAccount, Breakdown::kAudience},
    {"creative", Dimension::kSegment, Level::kAccount, Breakdown::kCreative},
    {"currency", Dimension::kCurrency, Level::kAccount, Breakdown::kNone},
};

/// The dimensions that are objects of an account, with their places in the tables.
struct ObjectSpec {
  Dimension dimension;
  std::string_view name;
  std::string_view key;    ///< column of metrics
  std::string_view alias;  ///< prefix in the statement
};
constexpr ObjectSpec kObjects[] = {
    {Dimension::kCampaign, "campaign", "campaign_key", "c"},
    {Dimension::kAdGroup, "ad_group", "ad_group_key", "g"},
    {Dimension::kAd, "ad", "ad_key", "d"},
};

struct PeriodSpec {
  std::string_view name;
  Period period;
};
constexpr PeriodSpec kPeriods[] = {
    {"none", Period::kNone}, {"hour", Period::kHour},   {"day", Period::kDay},
    {"week", Period::kWeek}, {"month", Period::kMonth},
};

template <class Table>
std::string NamesOf(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class Table>
auto FindName(const Table& table, std::string_view name) -> decltype(&table[0]) {
  for (const auto& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

const MeasureSpec& SpecOf(Measure measure) {
  for (const auto& spec : kMeasures) {
    if (spec.measure == measure) return spec;
  }
  Bug();
}

const ObjectSpec* ObjectOf(Dimension dimension) {
  for (const auto& spec : kObjects) {
    if (spec.dimension == dimension) return &spec;
  }
  return nullptr;
}

/// Levels of the account tree that facts can have, in the order of depth.
constexpr Level kDepths[] = {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd};
int Depth(Level level) {
  for (int i = 0; i < 4; ++i) {
    if (kDepths[i] == level) return i;
  }
  Bug();
}

std::string Quoted(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const auto& value : values) quoted.push_back(Quote(value));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

/// The condition that a bitemporal row was the known one.
std::string KnownThen(std::string_view alias, const std::optional<Instant>& as_of) {
  if (!as_of) return fmt::format("{}.superseded_at IS NULL", alias);
  const std::string then = InstantLiteral(*as_of);
  return fmt::format(
      "{0}.learnt_at <= {1} AND ({0}.superseded_at IS NULL OR {0}.superseded_at > "
      "{1})",
      alias, then);
}

std::string InDays(std::string_view alias, const Question& question) {
  std::string sql;
  if (question.from) sql += fmt::format(" AND {}.day >= {}", alias, DayLiteral(*question.from));
  if (question.to) sql += fmt::format(" AND {}.day <= {}", alias, DayLiteral(*question.to));
  return sql;
}

/// Kinds that can answer, best first.
std::vector<SliceKind> Preference(const Question& question) {
  std::vector<Level> levels;
  if (question.level) {
    levels.push_back(*question.level);
  } else {
    const int start = std::max(Depth(question.level_needed), Depth(Level::kCampaign));
    for (int depth = start; depth < 4; ++depth) levels.push_back(kDepths[depth]);
    if (question.level_needed == Level::kAccount) levels.push_back(Level::kAccount);
  }
  std::vector<SliceKind> kinds;
  if (question.period != Period::kHour) {
    for (const Level level : levels) kinds.push_back({Grain::kDay, level});
  }
  for (const Level level : levels) kinds.push_back({Grain::kHour, level});
  return kinds;
}

std::string PrintKind(SliceKind kind) {
  return fmt::format("level {}{}", LevelName(kind.level),
                     kind.grain == Grain::kHour ? " by hour" : "");
}

std::string PrintMask(std::uint32_t mask) {
  std::vector<std::string> kinds;
  for (const Grain grain : {Grain::kDay, Grain::kHour}) {
    for (const Level level : kDepths) {
      if (mask & KindBit({grain, level})) kinds.push_back(PrintKind({grain, level}));
    }
  }
  return fmt::format("{}", fmt::join(kinds, " and "));
}

bool Matches(const Question::Filter& filter, const KnownDays& account) {
  const bool listed = std::ranges::any_of(filter.values, [&](const std::string& value) {
    switch (filter.dimension) {
      case Dimension::kPlatform:
        return value == account.platform;
      case Dimension::kCurrency:
        return value == account.currency;
      case Dimension::kAccount:
        return value == account.account_id || value == account.account ||
               value == account.platform + "/" + account.account_id;
      case Dimension::kCampaign:
      case Dimension::kAdGroup:
      case Dimension::kAd:
      case Dimension::kSegment:
        break;
    }
    Bug();
  });
  return listed != filter.exclude;
}

bool OfAccount(Dimension dimension) {
  return dimension == Dimension::kPlatform || dimension == Dimension::kAccount ||
         dimension == Dimension::kCurrency;
}

}  // namespace

std::uint32_t KindBit(SliceKind kind) {
  return 1u << (Depth(kind.level) + (kind.grain == Grain::kHour ? 4 : 0));
}

bool Question::Has(Dimension dimension) const {
  return std::ranges::find(dimensions, dimension) != dimensions.end();
}

std::vector<Column> Question::Columns() const {
  std::vector<Column> columns;
  if (period != Period::kNone) columns.push_back({"period", Kind::kText});
  for (const Dimension dimension : dimensions) {
    switch (dimension) {
      case Dimension::kPlatform:
        columns.push_back({"platform", Kind::kText});
        break;
      case Dimension::kAccount:
        columns.push_back({"account_id", Kind::kText});
        columns.push_back({"account", Kind::kText});
        break;
      case Dimension::kCampaign:
      case Dimension::kAdGroup:
      case Dimension::kAd: {
        const std::string name(ObjectOf(dimension)->name);
        columns.push_back({name + "_id", Kind::kText});
        columns.push_back({name, Kind::kText});
        break;
      }
      case Dimension::kSegment:
        columns.push_back({std::string(BreakdownName(breakdown)), Kind::kText});
        break;
      case Dimension::kCurrency:
        columns.push_back({"currency", Kind::kText});
        break;
    }
  }
  for (const Measure measure : measures) {
    const MeasureSpec& spec = SpecOf(measure);
    columns.push_back({std::string(spec.name), spec.kind});
  }
  return columns;
}

Result<Question> CheckQuery(const FactQuery& query) {
  Question question;
  question.from = query.from;
  question.to = query.to;
  question.as_of = query.as_of;
  question.level = query.level;
  question.convert_to = query.convert_to;

  bool money = false;
  for (const std::string& name : query.measures) {
    const MeasureSpec* spec = FindName(kMeasures, name);
    if (!spec) {
      return Fail(Errc::kInvalidArgument, fmt::format("measure \"{}\" is not known; known are {}",
                                                      name, NamesOf(kMeasures)));
    }
    money = money || spec->money;
    if (std::ranges::find(question.measures, spec->measure) == question.measures.end()) {
      question.measures.push_back(spec->measure);
    }
  }
  if (question.measures.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("no measure is asked for; known are {}", NamesOf(kMeasures)));
  }

  // One set of slices holds one breakdown, so two of them cannot be crossed.
  std::string_view breakdown_name;
  const auto take = [&](const std::string& name) -> Result<const DimensionSpec*> {
    const DimensionSpec* spec = FindName(kDimensions, name);
    if (!spec) {
      return Fail(Errc::kInvalidArgument, fmt::format("dimension \"{}\" is not known; known are {}",
                                                      name, NamesOf(kDimensions)));
    }
    if (spec->breakdown != Breakdown::kNone) {
      if (question.breakdown != Breakdown::kNone && question.breakdown != spec->breakdown) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} and {} cannot be asked together, platforms report one such cut "
                                "at a time; possible is one of device, country, placement, "
                                "age_gender, keyword, search_term, audience, creative with any of "
                                "platform, account, "
                                "campaign, ad_group, ad, currency",
                                breakdown_name, name));
      }
      question.breakdown = spec->breakdown;
      breakdown_name = spec->name;
    }
    if (Depth(spec->level) > Depth(question.level_needed)) question.level_needed = spec->level;
    return spec;
  };
  for (const std::string& name : query.dimensions) {
    MAXOPT_TRY(const DimensionSpec* spec, take(name));
    if (!question.Has(spec->dimension)) question.dimensions.push_back(spec->dimension);
  }
  for (const FactFilter& filter : query.filters) {
    MAXOPT_TRY(const DimensionSpec* spec, take(filter.dimension));
    if (filter.values.empty()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the filter on {} has no values; name at least one", spec->name));
    }
    for (const std::string& value : filter.values) {
      if (!IsUtf8(value)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("a value of the filter on {} is not UTF-8 text", spec->name));
      }
    }
    Question::Filter checked{spec->dimension, filter.values, filter.exclude};
    if (spec->dimension == Dimension::kPlatform) {
      for (std::string& value : checked.values) {
        MAXOPT_TRY(const Platform platform, FindPlatform(value));
        value = PlatformName(platform);
      }
    }
    question.filters.push_back(std::move(checked));
  }
  if (money && !question.Has(Dimension::kCurrency)) {
    question.dimensions.push_back(Dimension::kCurrency);
  }

  const PeriodSpec* period = FindName(kPeriods, query.grain);
  if (!period) {
    return Fail(Errc::kInvalidArgument, fmt::format("grain \"{}\" is not known; known are {}",
                                                    query.grain, NamesOf(kPeriods)));
  }
  question.period = period->period;
  // A day before or after all facts means the same as any other such day.
  for (std::optional<Day>* day : {&question.from, &question.to}) {
    if (*day)
      **day = std::clamp(**day, kFirstDay - std::chrono::days(1), kLastDay + std::chrono::days(1));
  }
  if (query.from && query.to && *query.from > *query.to) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the days from {} to {} are none", PrintDay(*question.from),
                            PrintDay(*question.to)));
  }
  if (query.level) {
    if (*query.level == Level::kAsset) {
      return Fail(Errc::kInvalidArgument,
                  "assets have no facts; levels are account, campaign, ad_group, ad");
    }
    if (Depth(*query.level) < Depth(question.level_needed)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("level {} does not know its {}; ask for level {} or deeper",
                              LevelName(*query.level), LevelName(question.level_needed),
                              LevelName(question.level_needed)));
    }
  }
  return question;
}

std::string KnownDaysSql(const Question& question) {
  // The name is read only where a filter may mean it: planning a join costs a millisecond.
  const bool named = std::ranges::find(question.filters, Dimension::kAccount,
                                       &Question::Filter::dimension) != question.filters.end();
  return fmt::format(
      R"sql(SELECT k.account_key, a.platform, a.account_id, {3} AS account,
       coalesce(a.currency, '') AS currency, k.mask, k.days
FROM (SELECT account_key, mask, count(*) AS days
      FROM (SELECT s.account_key, s.day,
                   bit_or(CASE WHEN s.breakdown <> {0} THEN 0 ELSE
                     CASE s.level WHEN 'account' THEN 1 WHEN 'campaign' THEN 2 WHEN 'ad_group' THEN 4
                                  ELSE 8 END
                     * CASE s.grain WHEN 'hour' THEN 16 ELSE 1 END END) AS mask
            FROM slices s
            WHERE {1}{2}
            GROUP BY s.account_key, s.day)
      GROUP BY account_key, mask) k
JOIN accounts a ON a.account_key = k.account_key{4})sql",
      Quote(BreakdownName(question.breakdown)), KnownThen("s", question.as_of),
      InDays("s", question), named ? "coalesce(e.name, '')" : "''",
      named ? "\nLEFT JOIN entities e ON e.object_key = a.object_key AND " +
                  KnownThen("e", question.as_of)
            : std::string());
}

Choice ChooseSlices(const Question& question, const std::vector<KnownDays>& known) {
  struct Account {
    std::uint32_t any = 0;
    std::map<std::uint32_t, std::int64_t> days;  // by mask
  };
  Choice choice;
  std::map<std::pair<std::string, std::int64_t>, Account> accounts;  // by name and key
  for (const KnownDays& row : known) {
    const bool meant = std::ranges::all_of(question.filters, [&](const Question::Filter& filter) {
      return !OfAccount(filter.dimension) || Matches(filter, row);
    });
    if (!meant) {
      choice.all_accounts = false;
      continue;
    }
    Account& account = accounts[{row.platform + "/" + row.account_id, row.account_key}];
    account.any |= row.mask;
    account.days[row.mask] += row.days;
  }

  const std::vector<SliceKind> preference = Preference(question);
  const auto print_days = [](std::int64_t days) {
    return days == 1 ? std::string("1 day is") : fmt::format("{} days are", days);
  };
  const std::string cut =
      question.breakdown == Breakdown::kNone
          ? "broken down further"
          : fmt::format("without the breakdown {}", BreakdownName(question.breakdown));
  for (const auto& [name_and_key, account] : accounts) {
    const auto best = std::ranges::find_if(
        preference, [&](SliceKind kind) { return (account.any & KindBit(kind)) != 0; });
    const std::uint32_t used = best == preference.end() ? 0 : KindBit(*best);
    if (used) {
      auto part = std::ranges::find(choice.parts, *best, &Choice::Part::kind);
      if (part == choice.parts.end()) part = choice.parts.insert(part, {*best, {}});
      part->account_keys.push_back(name_and_key.second);
    }
    for (const auto& [mask, days] : account.days) {
      if (mask & used) continue;
      choice.notes.push_back(fmt::format(
          "{}: {} known only {} and not in this table{}", name_and_key.first, print_days(days),
          mask ? "at " + PrintMask(mask) : cut, used ? ", which counts " + PrintKind(*best) : ""));
    }
  }
  return choice;
}

namespace {

/// The accounts with their currency, or all in the one that is converted to.
std::string AccountsSql(const Question& question) {
  if (!question.convert_to) return "accounts";
  return fmt::format("(SELECT * REPLACE ({} AS currency) FROM accounts)",
                     Quote(question.convert_to->name()));
}

/// The WITH clause's first table, `spans`: the slices that answer, with what is needed of them.
std::string SpansSql(const Question& question, const Choice& choice) {
  using fmt::format;
  std::string period;
  switch (question.period) {
    case Period::kNone:
      break;
    case Period::kHour:
    case Period::kDay:
      period = ", s.day AS period";
      break;
    case Period::kWeek:  // ISO: Monday
      period = ", CAST(date_trunc('week', s.day) AS DATE) AS period";
      break;
    case Period::kMonth:
      period = ", CAST(date_trunc('month', s.day) AS DATE) AS period";
      break;
  }
  std::vector<std::string> kinds;
  for (const Choice::Part& part : choice.parts) {
    std::string kind = format("s.grain = {} AND s.level = {}", Quote(GrainName(part.kind.grain)),
                              Quote(LevelName(part.kind.level)));
    // Accounts are listed only where the kind alone would not tell them apart.
    if (!choice.all_accounts || choice.parts.size() > 1) {
      kind += format(" AND s.account_key IN ({})", fmt::join(part.account_keys, ", "));
    }
    kinds.push_back(choice.parts.size() > 1 ? "(" + kind + ")" : kind);
  }
  std::string rate;
  std::string rates;
  if (question.convert_to) {
    // Rates are integers of 12 decimals; the inverse of one is rounded half away from zero.
    const std::string to = Quote(question.convert_to->name());
    rate = format(
        ", s.day, o.currency, CASE WHEN o.currency = {} THEN CAST(1000000000000 AS HUGEINT)\n    "
        "WHEN f.rate_e12 IS NOT NULL THEN CAST(f.rate_e12 AS HUGEINT)\n    ELSE (CAST("
        "1000000000000000000000000 AS HUGEINT) + i.rate_e12 // 2) // i.rate_e12 END AS rate",
        to);
    rates = format(
        "\n  JOIN accounts o ON o.account_key = s.account_key\n  LEFT JOIN fx f ON f.day = s.day "
        "AND f.from_currency = o.currency AND f.to_currency = {0} AND {1}\n  LEFT JOIN fx i ON "
        "i.day = s.day AND i.from_currency = {0} AND i.to_currency = o.currency AND {2}",
        to, KnownThen("f", question.as_of), KnownThen("i", question.as_of));
  }
  return format(
      "WITH spans AS (\n  SELECT s.slice_id, s.account_key{}{}\n  FROM slices s{}\n  WHERE {}{} "
      "AND "
      "s.breakdown = {}\n    AND ({}))",
      period, rate, rates, KnownThen("s", question.as_of), InDays("s", question),
      Quote(BreakdownName(question.breakdown)),
      kinds.empty() ? "false" : format("{}", fmt::join(kinds, " OR ")));
}

}  // namespace

std::string MissingRatesSql(const Question& question, const Choice& choice) {
  return fmt::format(
      "{}\nSELECT p.day, coalesce(p.currency, ''), count(*) OVER (), a.platform || '/' || "
      "a.account_id\nFROM (SELECT p.day, p.currency, min(p.account_key) AS account_key FROM spans "
      "p "
      "WHERE p.rate IS NULL AND EXISTS\n      (SELECT 1 FROM metrics m WHERE m.slice_id = "
      "p.slice_id AND (m.spend_micros <> 0 OR m.revenue_micros <> 0))\n      GROUP BY p.day, "
      "p.currency) p\nJOIN accounts a ON a.account_key = p.account_key\nORDER BY p.day, p.currency "
      "LIMIT 1",
      SpansSql(question, choice));
}

std::string AnswerSql(const Question& question, const Choice& choice) {
  using fmt::format;
  std::string needed;
  for (const Measure measure : question.measures) needed += SpecOf(measure).parts;
  std::vector<PartSpec> parts;
  for (const PartSpec& part : kParts) {
    if (needed.find(part.letter) != std::string::npos) parts.push_back(part);
  }
  const bool by_account = question.Has(Dimension::kAccount);
  const bool of_account =
      by_account || question.Has(Dimension::kPlatform) || question.Has(Dimension::kCurrency);
  // An object belongs to one account, so the sums by object need not carry the account along.
  const ObjectSpec* owned = nullptr;
  for (const ObjectSpec& object : kObjects) {
    if (!owned && question.Has(object.dimension)) owned = &object;
  }
  const bool by_period = question.period != Period::kNone;
  const bool by_hour = question.period == Period::kHour;
  const std::string accounts = AccountsSql(question);
  const auto is_money = [](std::string_view part) { return part.ends_with("_micros"); };

  std::string sql = SpansSql(question, choice);

  // Sums by integer keys: the only step that touches many rows.
  std::vector<std::string> keys;
  if (by_period) keys.push_back("p.period");
  if (by_hour) keys.push_back("m.hour");
  if (of_account && !owned) keys.push_back("p.account_key");
  for (const ObjectSpec& object : kObjects) {
    if (question.Has(object.dimension)) keys.push_back(format("m.{}", object.key));
  }
  if (question.Has(Dimension::kSegment)) keys.push_back("m.segment_key");
  std::vector<std::string> sums;
  for (const PartSpec& part : parts) {
    // An amount times a rate, in 10^-12 micros: exact, and rounded only when all is added up.
    sums.push_back(question.convert_to && is_money(part.column)
                       ? format("sum(CAST({} AS HUGEINT) * p.rate) AS {}", part.sql, part.column)
                       : format("sum({}) AS {}", part.sql, part.column));
  }
  std::string where;
  for (const Question::Filter& filter : question.filters) {
    if (OfAccount(filter.dimension)) continue;
    const std::string_view word = filter.exclude ? "NOT IN" : "IN";
    if (filter.dimension == Dimension::kSegment) {
      where += format(
          "\n    AND m.segment_key {} (SELECT x.segment_key FROM segments x WHERE x.segment IN "
          "({}))",
          word, Quoted(filter.values));
      continue;
    }
    const ObjectSpec& object = *ObjectOf(filter.dimension);
    where += format(
        "\n    AND m.{0} {1} (SELECT o.object_key FROM objects o LEFT JOIN entities e ON "
        "e.object_key = o.object_key AND {4}\n      WHERE o.level = {2} AND (o.id IN ({3}) OR "
        "e.name IN ({3})))",
        object.key, word, Quote(object.name), Quoted(filter.values),
        KnownThen("e", question.as_of));
  }
  sql += format(
      ",\nsums AS (\n  SELECT {}{}{}\n  FROM metrics m JOIN spans p ON p.slice_id = m.slice_id\n  "
      "WHERE true{}{}\n  {})",
      fmt::join(keys, ", "), keys.empty() ? "" : ", ", fmt::join(sums, ", "), InDays("m", question),
      where,
      keys.empty() ? std::string("HAVING count(*) > 0")
                   : format("GROUP BY {}", fmt::join(keys, ", ")));

  // From accounts to what was asked of them.
  std::string_view totals = "sums";
  if (of_account && !by_account && !owned) {
    totals = "totals";
    std::vector<std::string> columns;
    for (const std::string& key : keys) {
      if (key != "p.account_key") columns.push_back("u." + key.substr(2));
    }
    if (question.Has(Dimension::kPlatform)) columns.push_back("a.platform");
    if (question.Has(Dimension::kCurrency)) columns.push_back("a.currency");
    std::vector<std::string> again;
    for (const PartSpec& part : parts) again.push_back(format("sum(u.{0}) AS {0}", part.column));
    sql += format(
        ",\ntotals AS (\n  SELECT {}, {}\n  FROM sums u JOIN {} a ON a.account_key = "
        "u.account_key\n  GROUP BY {})",
        fmt::join(columns, ", "), fmt::join(again, ", "), accounts, fmt::join(columns, ", "));
  }
  if (question.convert_to) {
    std::vector<std::string> rounded;
    for (const PartSpec& part : parts) {
      if (!is_money(part.column)) continue;
      rounded.push_back(
          format("sign({0}) * ((abs({0}) + 500000000000) // CAST(1000000000000 AS HUGEINT)) AS {0}",
                 part.column));
    }
    if (!rounded.empty()) {
      sql += format(",\nconverted AS (SELECT * REPLACE ({}) FROM {})", fmt::join(rounded, ", "),
                    totals);
      totals = "converted";
    }
  }

  // Names last, once for each row of the answer.
  std::vector<std::string> shown;
  std::vector<std::string> order;
  std::string joins;
  for (const ObjectSpec& object : kObjects) {
    if (!question.Has(object.dimension)) continue;
    joins += format("\nJOIN objects {0} ON {0}.object_key = t.{1}", object.alias, object.key);
  }
  if (owned && of_account) {
    joins += format("\nJOIN {} a ON a.account_key = {}.account_key", accounts, owned->alias);
  } else if (by_account) {
    joins += format("\nJOIN {} a ON a.account_key = t.account_key", accounts);
  }
  if (by_period) order.push_back("t.period");
  if (by_hour) {
    order.push_back("t.hour");
    shown.push_back(
        "CAST(t.period AS VARCHAR) || ' ' || lpad(CAST(t.hour AS VARCHAR), 2, '0') || ':00:00' AS "
        "period");
  } else if (by_period) {
    shown.push_back("CAST(t.period AS VARCHAR) AS period");
  }
  const std::string_view account_columns = owned || by_account ? "a" : "t";
  for (const Dimension dimension : question.dimensions) {
    switch (dimension) {
      case Dimension::kPlatform:
        shown.push_back(format("{}.platform AS platform", account_columns));
        order.push_back(format("{}.platform", account_columns));
        break;
      case Dimension::kAccount:
        shown.push_back("a.account_id AS account_id");
        shown.push_back("ae.name AS account");
        joins += format("\nLEFT JOIN entities ae ON ae.object_key = a.object_key AND {}",
                        KnownThen("ae", question.as_of));
        order.push_back("a.account_id");
        order.push_back("a.account_key");
        break;
      case Dimension::kCampaign:
      case Dimension::kAdGroup:
      case Dimension::kAd: {
        const ObjectSpec& object = *ObjectOf(dimension);
        shown.push_back(format("nullif({}.id, '') AS {}_id", object.alias, object.name));
        shown.push_back(format("{}e.name AS {}", object.alias, object.name));
        joins +=
            format("\nLEFT JOIN entities {0}e ON {0}e.object_key = t.{1} AND {2}", object.alias,
                   object.key, KnownThen(format("{}e", object.alias), question.as_of));
        order.push_back(format("nullif({}.id, '') NULLS LAST", object.alias));
        order.push_back(format("t.{}", object.key));
        break;
      }
      case Dimension::kSegment:
        shown.push_back(format("x.segment AS {}", BreakdownName(question.breakdown)));
        joins += "\nLEFT JOIN segments x ON x.segment_key = t.segment_key";
        order.push_back("x.segment NULLS LAST");
        break;
      case Dimension::kCurrency:
        shown.push_back(format("{}.currency AS currency", account_columns));
        // Below an account it is the account's, and text is dear to sort.
        if (!owned && !by_account) order.push_back("t.currency");
        break;
    }
  }
  for (const Measure measure : question.measures) {
    const MeasureSpec& spec = SpecOf(measure);
    shown.push_back(format("{} AS {}", spec.sql, spec.name));
  }
  sql += format("\nSELECT {}\nFROM {} t{}{}", fmt::join(shown, ",\n       "), totals, joins,
                order.empty() ? std::string() : format("\nORDER BY {}", fmt::join(order, ", ")));
  return sql;
}

}  // namespace maxopt::facts
