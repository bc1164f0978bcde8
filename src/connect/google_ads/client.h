#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connect/connection.h"
#include "connect/retry/retry.h"
#include "http/http.h"
#include "result/result.h"

namespace maxopt::google_ads {

/// Speaks to one Google Ads API host with one sign-in. Thread-safe.
class Client {
 public:
  struct Options {
    std::string base_url;           ///< without a slash at the end
    std::string version;            ///< "v25"
    std::string login_customer_id;  ///< empty: header not sent
    std::string developer_token;    ///< empty: header not sent
  };
  Client(Options options, std::shared_ptr<http::Transport> transport,
         std::shared_ptr<TokenSource> token);

  struct Answer {
    nlohmann::json body;
    std::string request_id;
  };
  /// `path` below the version: "customers/1/googleAds:mutate". A body that is not what the method
  /// answers is an error, never an empty answer.
  Result<Answer> Post(std::string_view path, const nlohmann::json& body, bool idempotent,
                      http::Deadline deadline) const;
  Result<Answer> Get(std::string_view path, http::Deadline deadline) const;

  /// Rows of a GAQL query, over all pages. Checked against the total that Google counts, so a page
  /// that is missing, sent twice or repeated for ever leaves !complete.
  struct Rows {
    std::vector<nlohmann::json> rows;
    bool complete = true;
    std::string why;  ///< set when !complete
  };
  /// limited: the query has a LIMIT, so the total, which ignores it, says nothing.
  Result<Rows> Search(std::string_view customer, const std::string& query, http::Deadline deadline,
                      bool limited = false) const;
  /// Search, where an incomplete answer is of no use: kBadAnswer.
  Result<std::vector<nlohmann::json>> SearchAll(std::string_view customer, const std::string& query,
                                                http::Deadline deadline) const;

 private:
  Result<Answer> Send(http::Request request, http::Deadline deadline) const;

  Options options_;
  std::shared_ptr<http::Transport> transport_;
  std::shared_ptr<TokenSource> token_;
};

/// Exchanges the refresh token at token_url. kUnauthenticated when the grant is refused.
Result<AccessToken> RefreshAccess(http::Transport& transport, const std::string& token_url,
                                  const std::string& client_id, const std::string& client_secret,
                                  const std::string& refresh_token, Instant now,
                                  http::Deadline deadline);

}  // namespace maxopt::google_ads
