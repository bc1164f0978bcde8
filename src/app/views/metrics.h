#pragma once
// Inside of this folder: numbers of the facts by object, cut and time, as cells.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/views/frame.h"

namespace maxopt::views {

/// A column of numbers that may be asked for.
struct Metric {
  std::string_view name, title;
  CellKind kind;
  Truth truth;
  int better;
  std::string_view help;
};
std::span<const Metric> Metrics();
/// Those of the query, or the defaults. kInvalidArgument lists the known ones.
Result<std::vector<const Metric*>> ChooseMetrics(const Frame& frame,
                                                 std::vector<std::string_view> defaults,
                                                 bool with_books = false);

/// What is added up. Absent where nothing of it is known; ratios are made of it last.
struct Sums {
  std::optional<Currency> currency{};
  bool mixed = false;  ///< of several currencies: money is not told
  std::optional<std::int64_t> spend{}, impressions{}, clicks{}, revenue{};  ///< money in micros
  std::optional<double> conversions{};
  /// Of one row of the facts only: shares of impressions are not added up.
  std::optional<double> impression_share{}, lost_to_budget{}, lost_to_rank{};
  std::optional<std::int64_t> orders{}, books_revenue{};  ///< the client's own books
  std::optional<std::int64_t> books_spend{};              ///< of the days that the books know
  int parts = 0;
  void Add(const Sums& other);
  ViewCell Cell(const Metric& metric) const;
};

/// A row of the facts.
struct Found {
  const ClientAccount* account = nullptr;
  std::string campaign_id, campaign, ad_group_id, ad_group, ad_id, ad;
  std::string segment;  ///< of the cut
  std::string period;   ///< as the facts print it
  Sums sums;
};
struct Ask {
  std::vector<std::string> dimensions{};  ///< besides platform and account
  std::string cut{};                      ///< device, country, ...
  std::string grain = "none";
  std::optional<Day> from{}, to{};  ///< absent: the frame's
  bool shares = false;
};
/// Rows of accounts in scope; what the facts note becomes notes of the view.
Result<std::vector<Found>> AskFacts(Frame& frame, const Ask& ask);

/// Cuts of which a platform reports one at a time.
bool IsCut(std::string_view dimension);

/// The time beside which numbers are put: the period before of the same weekdays, or the year
/// before (364 days, so that the weekdays are the same).
struct Beside {
  std::string name;   ///< "previous", "year", "plan"
  std::string title;  ///< "Previous"
  std::chrono::days shift{};
  Day from{}, to{};
};
std::optional<Beside> BesideOf(const Frame& frame);

/// Columns of metrics, and of the comparison: "spend", "spend_previous", "spend_change".
void AddMetricColumns(View& view, const std::vector<const Metric*>& metrics,
                      const std::optional<Beside>& beside);
/// Their cells. `other`: of the comparison, by metric; null: nothing is known.
void AddMetricCells(std::vector<ViewCell>& cells, const std::vector<const Metric*>& metrics,
                    const Sums& sums, const std::optional<Beside>& beside,
                    const std::vector<ViewCell>* other);
std::vector<ViewCell> CellsOf(const std::vector<const Metric*>& metrics, const Sums& sums);

/// How much of an account's conversions of the frame's period is known by now; only of accounts of
/// which it was judged.
class KnownShares {
 public:
  static Result<KnownShares> Read(Frame& frame);
  std::optional<double> Of(const ClientAccount& account) const;
  /// Of several, by their conversions; absent where one is not judged.
  std::optional<double> Of(const std::vector<const ClientAccount*>& accounts) const;

 private:
  struct Share {
    double now = 0, final = 0;
    double least = 1;
    bool judged = false;
  };
  std::map<AccountId, Share> shares_;
};

/// "meta/880011223344 under 7d_click+1d_view": the windows of the claims, as a note.
Result<> NoteWindows(Frame& frame);

}  // namespace maxopt::views
