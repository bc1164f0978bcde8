#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "connect/connection.h"
#include "connect/retry/retry.h"
#include "http/http.h"

/// The Graph API as a wire: URLs, token, paging. Inside of this folder only.
namespace maxopt::meta {

using Params = std::vector<std::pair<std::string, std::string>>;

/// Member of an object, or nullptr when it is absent, null, or this is no object.
const nlohmann::json* Member(const nlohmann::json& object, std::string_view name);
/// Text of a member that is a string or a whole number; else "".
std::string Text(const nlohmann::json& object, std::string_view name);

/// All pages of a list. When !complete, `why` says what was wrong with the paging and `items` is
/// only a part.
struct Pages {
  std::vector<nlohmann::json> items;
  bool complete = true;
  std::string why;
};

/// Whether sending a POST twice changes anything.
enum class Post { kWrite, kRead };

/// Thread-safe.
class Graph {
 public:
  static Result<std::shared_ptr<Graph>> Make(const Connection& connection,
                                             std::shared_ptr<http::Transport> transport);

  /// `path` is without version: "act_1/campaigns". The answer is a JSON object.
  Result<nlohmann::json> Get(std::string_view path, const Params& params, http::Deadline deadline);
  /// `trace` receives Meta's id of the call, for support.
  Result<nlohmann::json> Send(std::string_view path, Params params, Post kind,
                              http::Deadline deadline, std::string* trace = nullptr);

  /// Follows `next` (same origin only, without the token it carries) and, where a page names no
  /// next one, asks once more behind its cursor, as a lost `next` looks like the end. Items with
  /// the same key are one item, the later one. kBadAnswer: a page without data, an item without a
  /// key, a next page elsewhere.
  Result<Pages> List(std::string_view path, const Params& params,
                     const std::function<std::string(const nlohmann::json&)>& key,
                     http::Deadline deadline);

 private:
  Graph(const Connection& connection, std::string origin, std::string prefix,
        std::shared_ptr<http::Transport> transport);
  Result<nlohmann::json> Call(http::Request request, http::Deadline deadline, std::string* trace);
  std::string UrlOf(std::string_view path, const Params& params) const;
  /// `next` as we ask for it; kBadAnswer when it leads away from Meta.
  Result<std::string> OwnUrl(const std::string& next) const;

  const std::string origin_;  // "https://graph.facebook.com"
  const std::string prefix_;  // origin, path of the base URL and version, ends with '/'
  const std::string proof_;   // appsecret_proof, or empty
  const std::shared_ptr<http::Transport> transport_;
  const std::shared_ptr<TokenSource> token_;
};

/// HMAC-SHA256(app_secret, token) in hex.
std::string AppSecretProof(std::string_view app_secret, std::string_view token);

}  // namespace maxopt::meta
