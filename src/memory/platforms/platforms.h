#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "domain/constraint.h"
#include "domain/entity.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// Where a requirement comes from and when it was read there.
struct Source {
  std::string name;  ///< title or URL of the page, proto or SDK, and how sure it is
  Day date{};
};

struct TextSpec {
  std::string field;                 ///< of the catalogue: "headlines"
  std::string ad_type;               ///< "search", "image", "video", "carousel"; empty: every ad
  int min_count = 0, max_count = 0;  ///< max 0: such an ad has none
  int max_chars = 0;                 ///< code points; wide characters count as the platform says
  int recommended_chars = 0;         ///< cut off in some placements beyond this; 0: not known
  /// Kana, ideographs and Hangul count as two (Google's and Microsoft's display width).
  bool wide_counts_double = false;
  Source source;
};
/// Where a placement has several for one kind of media, a file fits when it fits one of them.
struct MediaSpec {
  std::string media;                 ///< image | video
  std::string placement;             ///< the platform's word; "any" for what all placements share
  std::vector<std::string> formats;  ///< png jpeg gif webp mp4 mov
  std::vector<std::string> codecs;   ///< of videos: h264 hevc vp9 ...; empty: any
  int min_width = 0, min_height = 0;
  struct Ratio {
    int width, height;
    int tolerance_bp;  ///< 300 = 3 %
  };
  std::vector<Ratio> ratios;  ///< empty: any
  std::int64_t max_bytes = 0;
  double min_seconds = 0, max_seconds = 0;  ///< of videos; max 0: no limit
  bool required = false;                    ///< an ad of this kind of campaign needs one
  std::string note;
  Source source;
};
struct BudgetMinimum {
  std::string level;  ///< campaign | ad_group
  std::string kind;   ///< daily | lifetime
  Money amount = Money::Zero(kNoCurrency);
  std::string when;  ///< "billing by impressions"; empty: always
  Source source;
};
struct ObjectiveSpec {
  std::string objective;  ///< ours
  std::string platform_word;
  std::vector<std::string> optimization_goals;  ///< ours, allowed; the first is the usual one
  std::vector<std::string> required_fields;     ///< "ad_group.pixel_id", "ad.page_id"
  /// The template: field -> value as text; lists with ", " between.
  std::map<std::string, std::string> defaults;
  std::vector<std::string> best_practice;  ///< sentences
  Source practice_source;                  ///< of best_practice and of the template's numbers
  Source source;
};
/// Whether and where a catalogue field can be set there; fields that only the platform sets:
/// where they can be read.
struct FieldSupport {
  std::string field;
  std::string levels;  ///< any of c g a s v; empty: not at all
  std::string note;    ///< how it is expressed, or why it cannot be; for matrix and checks
  int max_items = 0;   ///< of lists; 0: not known
  int max_chars = 0;   ///< of texts, and of each text of a list; 0: not known
  /// All values that are possible, in our words, numbers and flags as text; empty: not limited, or
  /// not known.
  std::vector<std::string> allowed;
  std::optional<std::int64_t> min, max;  ///< of numbers
  Source source;
};
struct PlacementSpec {
  std::string name;
  std::vector<std::string> ratios;  ///< "9:16"; empty: it shows no pictures, or any
  std::string note;
  Source source;
};
/// What an ad group needs before its delivery is steady; 0: not known.
struct LearningPhase {
  int conversions = 0, days = 0;
  std::string note;
  Source source;
};
/// A change that puts an ad group back into learning.
struct LearningReset {
  std::string field;  ///< of the catalogue, or "ads": one is added or taken away
  int above_bp = 0;   ///< only when it moves by more; 0: any
  std::string note;
  Source source;
};
/// Shapes of a text that a review rule may refuse; what each finds is told in
/// stages/setup/checks/texts.h.
inline constexpr std::string_view kTextForms[] = {"capitals",       "alternating_case",
                                                  "spaced_letters", "repeated_punctuation",
                                                  "exclamation",    "emoji",
                                                  "symbols",        "fancy_letters",
                                                  "spacing",        "phone_number"};
/// A rule without pattern, forms and readers is for a person to judge.
struct ReviewRule {
  /// Opening words and what may not stand within three words of them in the same sentence: "are
  /// you" before "single". Both with "|" between.
  struct Reader {
    std::string after, words;
  };
  std::string id;  ///< "capitalisation", "superlatives", ...
  std::string what;
  std::string
      pattern;  ///< case-insensitive words or marks that break it, "|" between; may be empty
  std::vector<std::string> forms;     ///< of kTextForms
  std::vector<Reader> readers;        ///< who the reader is said to be
  std::vector<std::string> fields;    ///< only these of an ad's texts; empty: all
  std::vector<std::string> ad_types;  ///< only such ads ("search"); empty: all
  bool blocks = false;                ///< the platform's machine refuses it: no plan is made
  std::string fix;                    ///< what to do; empty: nothing better is known than `what`
  Source source;
};
struct ApiVersion {
  std::string version;
  std::optional<Day> released, sunset;
  Source source;
};

struct PlatformSpec {
  Platform platform;
  std::string version;    ///< of this file: "2026-11-22"
  bool writable = false;  ///< this product has a connector that writes to it
  std::vector<ObjectiveSpec> objectives;
  std::vector<std::string> required_fields;  ///< of every campaign: "campaign.eu_political"
  Source required_source;
  std::vector<BudgetMinimum> budget_minima;
  std::vector<TextSpec> texts;
  std::vector<MediaSpec> media;
  std::vector<PlacementSpec> placements;
  std::vector<FieldSupport> fields;
  std::optional<LearningPhase> learning;
  std::vector<LearningReset> learning_resets;
  std::vector<ReviewRule> review_rules;
  std::vector<ApiVersion> api_versions;
  std::string budget_owner;  ///< campaign | ad_group | either: where budgets may live
  Source budget_source;
  std::map<std::string, std::string> macros;  ///< tracking: ours ("campaign_id") -> "{campaignid}"
  std::string click_id;                       ///< "gclid", "fbclid", "ttclid"
  Source tracking_source;
  std::vector<std::string> notes;  ///< the file's own remarks

  const ObjectiveSpec* FindObjective(std::string_view objective) const;
  const FieldSupport* FindField(std::string_view field) const;
  /// nullopt when nothing is known for that level, kind and currency without a condition.
  std::optional<Money> LeastBudget(std::string_view level, std::string_view kind,
                                   Currency currency) const;
  /// nullptr when there is none of that name.
  const PlacementSpec* FindPlacement(std::string_view name) const;
};

/// One line of the requirements, flat: what `maxopt specs` prints and SQL sees as table `specs`.
struct Requirement {
  Platform platform;
  std::string section;  ///< objectives, texts, media, budget_minima, ...
  std::string key;      ///< "sales.optimization_goals", "headlines.max_chars"
  std::string value;
  std::string source;
  std::string date;
};

/// Whether a version of an API can be worked with; both texts empty: good.
struct VersionFinding {
  std::string what;     ///< "version v25 of google_ads"
  std::string problem;  ///< it has ended
  std::string warning;  ///< it ends within 90, 30 or 7 days, or is not known
};

/// The platform requirements memory: one file per platform, embedded in the program and readable
/// from a folder. Immutable, thread-safe.
class PlatformSpecs {
 public:
  PlatformSpecs() = default;
  /// One file a platform.
  explicit PlatformSpecs(std::vector<PlatformSpec> specs);
  /// The files that came with this program.
  static const PlatformSpecs& BuiltIn();
  /// From a folder of YAML files named after their platform; kInvalidArgument names file and line.
  static Result<PlatformSpecs> Load(const std::string& folder);

  /// In the order of the enumeration.
  std::span<const PlatformSpec> all() const { return specs_; }
  /// nullptr when there is none.
  const PlatformSpec* Find(Platform platform) const;
  std::vector<Requirement> Flat() const;
  /// Versions that are past their sunset, or within `days` of it; the earliest first.
  struct Sunset {
    Platform platform;
    std::string version;
    Day day;
    int days_left;
  };
  std::vector<Sunset> SunsetsWithin(Day today, int days) const;
  /// What is known of a version that a connection names; nullopt for a platform without a file.
  std::optional<VersionFinding> CheckVersion(Platform platform, std::string_view version,
                                             Day today) const;

 private:
  std::vector<PlatformSpec> specs_;
};

/// Parses one requirements file. Unknown keys, missing sources and dates are errors with their
/// line.
Result<PlatformSpec> ParsePlatformSpec(std::string_view yaml, const std::string& file);

/// Runs a read-only SELECT over the table `specs` (platform, section, key, value, source, date) and
/// the table `constraints` of what was learnt (platform, code, level, field, value, message, seen,
/// passed, confidence, first_at, last_at, expires_at). Returns the result as CSV with a header
/// line. kInvalidArgument: not a single SELECT, wrong SQL, or an answer without end.
Result<std::string> QuerySpecs(const PlatformSpecs& specs,
                               const std::vector<LearnedConstraint>& learned,
                               const std::string& sql);

}  // namespace maxopt
