#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "app/serve/serve.h"

namespace maxopt {

/// Orders of a shop's own books, one a row: CSV with a header line. Columns: order_id, time and
/// value are needed, currency unless `currency` is given; optional are consent, email, phone,
/// visitor, user_agent, url, and any utm parameter or click id by its own name. Columns of other
/// names are left out and told in `ignored`.
///
///   time     RFC 3339, or "2026-03-01 14:05:09" on the clock of `zone`
///   value    decimal text; below zero is a refund
///   consent  granted | denied; absent is denied, and then nothing that identifies may be there
///
/// order_id must be the id that the tag and the server tell, so that one order is one event.
struct OrdersFile {
  std::vector<TrackedEvent> events;  ///< "purchase" via "import", digests in place of addresses
  std::vector<std::string> ignored;
};
/// True when the header has order_id (or "order id") and a value.
bool IsOrdersFile(std::string_view csv);
/// All rows or kInvalidArgument with the first line that is wrong.
Result<OrdersFile> ReadOrders(std::string_view csv, const TrackedSite& site, const Zone& zone,
                              const std::string& currency, Instant now);

/// Orders and revenue of one day and currency, as the client's servers told them.
struct OrdersDay {
  Day day;
  Currency currency;
  std::int64_t orders = 0;
  Money revenue;
};
/// Sums over every purchase that a server or an import told of the client, each once, of those days
/// on which `touched` has an order. A refund lowers the revenue and is no order.
Result<std::vector<OrdersDay>> OrdersByDay(EventStore& store, const std::string& client,
                                           const Zone& zone,
                                           const std::vector<TrackedEvent>& touched);

}  // namespace maxopt
