#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/home/home.h"
#include "domain/view.h"

/// The data of every page, export and report: a list of views by name, and one function that makes
/// any of them from a home. Nothing here calls a platform or writes anything.
namespace maxopt {

/// What is asked for. Empty means the view's own default everywhere.
struct ViewQuery {
  std::string view;
  std::string client{};  ///< empty: of all clients (views that allow it)
  /// Whom the asker may see; nullopt: everybody. A client outside of it is as one that is not
  /// there.
  std::optional<std::vector<std::string>> clients{};
  std::optional<Day> from{}, to{};  ///< inclusive, days of the accounts; default: see the view
  std::string compare{};            ///< "", previous, year, plan
  std::vector<std::string> by{};
  std::vector<std::string> metrics{};
  std::map<std::string, std::vector<std::string>> filters{};  ///< by id or name
  std::optional<Instant> as_of{};                             ///< what was known then
  std::string sort{};                                         ///< "spend" or "-spend": descending
  int limit = 0;                                              ///< rows of a page; 0: all
  std::string cursor{};                                       ///< View::next of the page before
  std::map<std::string, std::string> extra{};  ///< the view's own parameters: {"grain", "day"}
};

/// A parameter of a view, for pages and documentation.
struct ViewParameter {
  std::string_view name;    ///< "from", "by", "grain", ...
  std::string_view what;    ///< one sentence
  std::string_view values;  ///< the known words, separated by spaces; empty: free
};

namespace views {
struct Frame;
}

/// One view, described as data.
struct ViewKind {
  std::string_view name;   ///< "campaigns"
  std::string_view title;  ///< "Campaigns"
  std::string_view what;   ///< one sentence
  bool needs_client;       ///< false: also across clients
  /// Of the common parameters those that it heeds (words of kCommonParameters, separated by
  /// spaces), besides sort, limit, cursor and search, which every view does.
  std::string_view common;
  std::span<const ViewParameter> own;  ///< its own; in ViewQuery::extra
  Result<View> (*make)(views::Frame& frame);
};

/// Whether it is of one thing, which its parameter "id" has to name.
bool IsOfOneThing(const ViewKind& kind);
/// All of them, in the order of the pages.
std::span<const ViewKind> ViewKinds();
/// kInvalidArgument lists the known ones.
Result<const ViewKind*> FindView(std::string_view name);
/// Parameters that mean the same in every view that heeds them: from, to, compare, by, metrics,
/// filter, as_of, and sort, limit, cursor, search, which all heed.
std::span<const ViewParameter> CommonParameters();

/// A query from the parameters of a URL or of a command: from, to, compare, by, metrics, as_of,
/// sort, limit, cursor, filter.DIMENSION; lists are separated by commas (a comma within a value is
/// written twice). All other names are the view's own parameters. kInvalidArgument names the
/// parameter: unknown, given twice, or not what it must be.
Result<ViewQuery> ReadViewQuery(std::string_view view, std::string_view client,
                                std::span<const std::pair<std::string, std::string>> parameters);

/// Makes a view. Objection() of it is empty. Times are those of the home's clock, or as_of; what is
/// no measurement (settings, documents) is as it is now, and a note says so where as_of is asked
/// for. Sorted (absent last, ties by key; a tree within each parent), cut to `limit` rows after
/// `cursor`; totals are of all rows. Two currencies are never in one total.
/// Errors  kInvalidArgument: an unknown view, parameter, dimension, metric, column of sort or
///         cursor, naming the known ones; kNotFound: the client, plan, alert, ... is not there;
///         those of the home's memory
/// Thread-safe as the home is.
Result<View> MakeView(Home& home, const ViewQuery& query);

}  // namespace maxopt
