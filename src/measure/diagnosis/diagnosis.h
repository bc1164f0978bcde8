#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/alert.h"
#include "result/result.h"

/// Why a KPI moved: its factors, the segments that carry the change, and the likely causes. Pure.
namespace maxopt {

/// Sums of a period. Money in units of one currency; all >= 0.
struct DiagnosisSums {
  double spend = 0;
  double impressions = 0;
  double clicks = 0;
  double conversions = 0;
  double revenue = 0;
};

/// The KPI's value: spend impressions clicks conversions revenue cpm ctr cpc cvr cpa roas. nullopt:
/// no denominator. kInvalidArgument for another word lists these.
Result<std::optional<double>> KpiOf(std::string_view kpi, const DiagnosisSums& sums);

/// The change of a KPI as a product of volume, rate and price, each with its share of the change:
///   spend = impressions cpm        conversions = impressions ctr cvr      cpc = cpm / ctr
///   clicks = impressions ctr       revenue = conversions aov              cpa = cpm / (ctr cvr)
///   roas = ctr cvr aov / cpm       cpm, ctr, cvr, impressions: themselves
/// Logarithmic mean Divisia index (Ang, Energy Policy 33, 2005): share_i = ln(x_i'/x_i)/ln(V'/V),
/// which sums to 1 exactly. Where the KPI comes from or goes to 0 or has no value, the first factor
/// in this order that did carries all of it. No change: all shares are 0.
/// kInvalidArgument: an unknown KPI, sums that are negative or not finite.
Result<std::vector<Diagnosis::Factor>> DecomposeKpi(std::string_view kpi,
                                                    const DiagnosisSums& before,
                                                    const DiagnosisSums& after);

/// One element of one dimension in both periods: of ("device", "mobile").
struct DiagnosisSegment {
  std::string dimension, element;
  DiagnosisSums before, after;
};
struct ExplainOptions {
  double element_min = 0.10;    ///< T_EEP of the paper: a smaller part of the change is not named
  double explained_min = 0.67;  ///< T_EP: a dimension must explain this much of the change
  int dimensions_max = 3;
};
/// The elements that explain the change, of the dimensions whose shares of the total moved most, in
/// the manner of Adtributor (Bhagwan et al., NSDI 2014): explanatory power, surprise by the
/// Jensen-Shannon divergence, succinctness by the two thresholds; ratios by finite differences and
/// the sum of both parts' surprises. Shares of one dimension sum to at most about 1 of what they
/// name; empty when nothing changed or no dimension explains enough.
/// Errors as DecomposeKpi.
Result<std::vector<Diagnosis::Segment>> ExplainBySegments(
    std::string_view kpi, const std::vector<DiagnosisSegment>& segments,
    const ExplainOptions& options = {});

/// What is known besides the numbers. An absent optional was not looked at, which is said.
struct DiagnosisEvidence {
  struct Edit {
    Instant at;
    std::string who;   ///< "ben@client.example", "Max (plan p-...)", "the platform"
    std::string what;  ///< "daily_budget of Search brand: 50.00 EUR -> 5.00 EUR"
  };
  std::optional<std::vector<Edit>> edits{};  ///< of the object and its parents, newest last
  std::optional<std::vector<std::string>> rejections{};  ///< "ad Dawn: rejected, MISLEADING"
  std::optional<std::vector<std::string>> broken_signals{};
  std::optional<double> maturity{};  ///< share of the newer conversions that is known yet
  std::optional<double> share_before{}, share_after{};  ///< impression share
  std::optional<double> budget_used{};    ///< of today's budget, at the moment; 1: all
  std::optional<double> season_factor{};  ///< usual level of these days over the earlier ones
  /// What teammates said of competitors in these days and the two weeks before; empty: only of
  /// other days, platforms or countries; absent: nothing was sent.
  struct Rival {
    std::string what{};  ///< with its day and source
    /// Where it would show: in price and share of impressions, in what clicks do, or nowhere that
    /// is measured.
    enum class Shows { kAuction, kClicks, kNowhere } shows = Shows::kNowhere;
    bool against_us = true;  ///< false: a rival gave way
    bool sure = false;       ///< its sender is more than guessing
  };
  std::optional<std::vector<Rival>> rivals{};
  std::string holiday{};                  ///< in the newer days; "" none known
  std::optional<double> others_change{};  ///< the client's other platforms, same KPI; -0.4 is -40 %
  bool flight_ends_soon = false;
};
/// Likely causes first, then possible, ruled out and not checked ones, each with the evidence.
/// Thresholds are stated beside each in the code's table.
std::vector<Diagnosis::Cause> WeighCauses(std::string_view kpi, const DiagnosisSums& before,
                                          const DiagnosisSums& after,
                                          const DiagnosisEvidence& evidence);

/// All three, and what Max proposes.
Result<Diagnosis> DiagnoseKpi(std::string_view kpi, const DiagnosisSums& before,
                              const DiagnosisSums& after,
                              const std::vector<DiagnosisSegment>& segments,
                              const DiagnosisEvidence& evidence);

}  // namespace maxopt
