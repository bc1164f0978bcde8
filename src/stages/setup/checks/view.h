#pragma once
// Inside of this folder: what checks look at, prepared once, and how they answer.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/media.h"
#include "stages/setup/checks/checks.h"

namespace maxopt::checks {

using Places = std::vector<Place>;
using List = std::vector<std::string>;

inline constexpr auto kFail = Severity::kFail;
inline constexpr auto kWarn = Severity::kWarn;
inline constexpr auto kNote = Severity::kNote;

// --- Amounts -------------------------------------------------------------------------------------
// Documents may hold any amount, and Money treats overflow and mixed currencies as our bug; these
// answer nullopt instead.
std::optional<Money> Add(std::optional<Money> a, Money b);
std::optional<Money> Times(Money money, std::int64_t n);
std::optional<Money> TimesBp(Money money, std::int64_t basis_points);
/// "1200.00 EUR", or that it is too large to be counted.
std::string Show(const std::optional<Money>& money);
/// How far `part` is from `whole`, in percent of it; 0 for a whole of nothing.
double PercentOff(Money part, Money whole);

// --- Texts ---------------------------------------------------------------------------------------
/// Unicode code points; a byte that is no UTF-8 counts as one.
std::vector<char32_t> CodePoints(std::string_view text);
int CountCharacters(std::string_view text, bool wide_counts_double = false);
/// ASCII lower case; other scripts stay.
std::string Lower(std::string_view text);
std::string Trim(std::string_view text);
List Split(std::string_view text, char at);
/// `word` stands in `text` as a whole word (or, when it does not begin or end with a letter, as
/// these marks), whatever the case.
bool HasWord(std::string_view text, std::string_view word);
bool IsEmoji(char32_t c);
bool IsControl(char32_t c);
bool Contains(const List& list, std::string_view item);
/// "a, b, c and 4 more"
std::string Join(const List& list, std::size_t most = 6);

// --- Views ---------------------------------------------------------------------------------------

struct PackageView {
  const Package* package = nullptr;
  Platform platform{};
  const PlatformSpec* spec = nullptr;      ///< null: no requirements known
  const ClientAccount* account = nullptr;  ///< null: not connected, or accounts not at hand
  std::vector<const Buy*> buys;
  std::vector<const BuyAdGroup*> ad_groups;
  std::vector<const AdDocument*> ads;  ///< that will run in it, each once
  Day start{}, end{};
  bool always_on = false;
  std::string channel_type;
  bool generated = false;  ///< the platform's own checks are in the registry that is run

  const std::string& name() const { return package->name.value; }
  const Place& place() const { return package->place; }
  bool search() const { return channel_type == "search"; }
  int days() const { return static_cast<int>((end - start).count()) + 1; }
  /// A campaign field: of the package, or of its buying details.
  const FieldValue* Field(const std::string& field) const;
  const Place& PlaceOf(const std::string& field) const;
  std::string Text(const std::string& field) const;
  /// Ads of one ad group.
  std::vector<const AdDocument*> AdsOf(const BuyAdGroup& group) const;
};

struct CampaignView {
  const CheckContext* context = nullptr;
  const CampaignDocuments* documents = nullptr;
  std::vector<PackageView> packages;
  std::map<std::string, Result<MediaInfo>, std::less<>> media;  ///< by asset name, of files at hand

  const Brief& brief() const { return documents->brief; }
  const Creatives& creatives() const { return documents->creatives; }
  Currency currency() const { return brief().currency.value; }
  const AssetDocument* Asset(std::string_view name) const;
  const AdDocument* Ad(std::string_view name) const;
  const PackageView* FindPackage(std::string_view name) const;
  /// A targeting list of an ad group: its own, else the buy's, the package's, the brief's audience.
  std::pair<List, Place> ListOf(const PackageView& package, const BuyAdGroup& group,
                                const std::string& field) const;
  std::optional<std::pair<std::int64_t, Place>> NumberOf(const PackageView& package,
                                                         const BuyAdGroup& group,
                                                         const std::string& field) const;
  /// The package's countries over all its ad groups.
  std::set<std::string> CountriesOf(const PackageView& package) const;
  /// The landing page of an ad: its own or the brief's.
  std::pair<std::string, Place> LandingOf(const AdDocument& ad) const;
  /// What the package may spend in a day and in all, as far as the documents say; only in the
  /// brief's currency. A stated daily budget times the days where no budget is stated, and the
  /// budget spread over the days where no daily one is.
  std::optional<Money> DailyOf(const PackageView& package) const;
  std::optional<Money> TotalOf(const PackageView& package) const;
};
CampaignView MakeView(const CheckContext& context);

/// Worst day over an average daily budget in basis points, as the platforms document it.
int OverdeliveryBp(Platform platform);

/// Every text that people read in an ad.
void ForTexts(const AdDocument& ad,
              const std::function<void(const std::string& field, const std::string& text,
                                       const Place& place)>& what);
/// "search", "carousel", "video" or "image": which of a platform's text rules hold.
std::string AdType(const PackageView& package, const AdDocument& ad);

// --- Answers -------------------------------------------------------------------------------------

/// One check's answer about one package or the campaign. Without a word it is a pass.
class Out {
 public:
  struct Problem {
    bool soft;
    std::string evidence;
    Places places;
    std::string fix;
  };
  /// A problem of the check's own severity.
  void Fail(std::string evidence, Places places, std::string fix = {}) {
    problems_.push_back({false, std::move(evidence), std::move(places), std::move(fix)});
  }
  /// A problem that only warns, whatever the check's severity.
  void Warn(std::string evidence, Places places, std::string fix = {}) {
    problems_.push_back({true, std::move(evidence), std::move(places), std::move(fix)});
  }
  void Pass(std::string evidence) { evidence_ = std::move(evidence); }
  void NotApplicable(std::string why) { Rest(CheckStatus::kNotApplicable, std::move(why)); }
  void NotChecked(std::string why) { Rest(CheckStatus::kNotChecked, std::move(why)); }

  const std::vector<Problem>& problems() const { return problems_; }
  CheckStatus rest() const { return rest_; }
  const std::string& evidence() const { return evidence_; }

 private:
  void Rest(CheckStatus status, std::string why) {
    rest_ = status;
    evidence_ = std::move(why);
  }
  std::vector<Problem> problems_;
  CheckStatus rest_ = CheckStatus::kPass;
  std::string evidence_;
};

/// Every text of the package's ads that breaks the rule. The client's name and brand are spelt as
/// they like.
void CheckRule(const ReviewRule& rule, const CampaignView& v, const PackageView& p, Out& out);

using CampaignCheck = std::function<void(const CampaignView&, Out&)>;
using PackageCheck = std::function<void(const CampaignView&, const PackageView&, Out&)>;

struct Check {
  CheckInfo info;
  CampaignCheck campaign;  ///< one of the two is set
  PackageCheck package;
};

/// The list that the families' functions fill. The family is the id's first word.
class Registry {
 public:
  void Campaign(std::string id, Severity severity, std::string question, std::string fix,
                CampaignCheck run);
  void Package(std::string id, Severity severity, std::string question, std::string fix,
               PackageCheck run);
  /// Where the rule of the last one was read.
  void Sourced(const Source& source);
  void Generated(CheckInfo info, PackageCheck run);
  const std::vector<Check>& checks() const { return checks_; }
  /// Those that judge ads and files by themselves, whatever plan they are for.
  Registry OnlyAboutAds() const;

 private:
  std::vector<Check> checks_;
};

void AddSetupChecks(Registry& registry);
void AddExperimentChecks(Registry& registry);
void AddTrackingChecks(Registry& registry);
void AddCreativeChecks(Registry& registry);
void AddTargetingChecks(Registry& registry);
void AddBudgetChecks(Registry& registry);
void AddPolicyChecks(Registry& registry);
void AddNamingChecks(Registry& registry);
void AddLiveChecks(Registry& registry);
/// Those that follow from one platform's requirements.
void AddGeneratedChecks(Registry& registry, const PlatformSpec& spec);

}  // namespace maxopt::checks
