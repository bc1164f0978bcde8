#pragma once
// Inside of this folder: what every view is made with.
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/views/views.h"

namespace maxopt::views {

/// As the limit of a store's list: all there are. Finish() pages them.
inline constexpr int kAllRows = std::numeric_limits<int>::max();

/// The question, checked, and the part of the world that it is about.
struct Frame {
  Home& home;
  const ViewQuery& query;
  const ViewKind& kind;
  Instant now{};                          ///< as_of, or the clock's
  std::vector<Client> clients{};          ///< that are asked about and may be seen
  std::vector<ClientAccount> accounts{};  ///< theirs
  Zone zone = Zone::Utc();                ///< the client's; UTC of several zones
  Day today{};                            ///< in `zone`
  View view{};                            ///< name, title, client, as_of are set

  bool Heeds(std::string_view common) const;
  /// Own parameter, or `fallback` when it was not given.
  std::string Extra(const std::string& name, std::string_view fallback = "") const;
  /// The period: as asked, else the `days` before today. Sets view.from and view.to.
  Result<> Period(int days);
  const ClientAccount* Account(const AccountId& account) const;
  bool Sees(const std::string& client) const;
  /// A filter on the accounts in scope; never empty (a name that no account has, where there are
  /// none).
  FactFilter OfAccounts() const;
  /// A question to the facts about the accounts in scope, the period and as_of, with the filters of
  /// the query on dimensions of facts.
  FactQuery Facts(std::vector<std::string> measures, std::vector<std::string> dimensions) const;
  void Note(std::string sentence);
};

/// Columns.
ViewColumn Text(std::string_view name, std::string_view title, std::string_view help = "");
ViewColumn Of(CellKind kind, std::string_view name, std::string_view title,
              std::string_view help = "", Truth truth = Truth::kNone, int better = 0,
              std::string_view unit = "");

/// Text as a cell; absent where it is empty.
ViewCell TextCell(std::string_view text);
template <class T>
ViewCell Maybe(const std::optional<T>& value) {
  return value ? ViewCell(*value) : ViewCell();
}
/// Absent where it is not finite.
ViewCell RealCell(double value);
/// A decimal that Max keeps as text ("12.34 EUR") as money; absent where it is none.
std::optional<Money> ReadPrintedMoney(std::string_view text);

/// How fresh each account is: from the readings of the last days, as known at frame.now.
Result<std::vector<ViewFreshness>> Freshness(const Frame& frame);

/// Sort, search, page. `view.rows` are in their natural order.
Result<View> Finish(const Frame& frame, View view);

/// Text with `mark`s doubled taken apart: "a,b,,c" -> {"a", "b,c"}.
std::vector<std::string> SplitList(std::string_view text);

}  // namespace maxopt::views
