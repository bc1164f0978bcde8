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

  /// A video, as multipart/form-data, which in production has a host of its own. A write.
  Result<nlohmann::json> Upload(std::string_view path, std::vector<http::Part> parts,
                                http::Deadline deadline, std::string* trace);

  /// Removes an object; a second time changes nothing.
  Result<nlohmann::json> Remove(std::string_view path, http::Deadline deadline);

  /// Several calls in one: entries of the Graph API's batch. One answer an entry, in their order:
  /// what the entry's own HTTP answer says, classified as `classify` does for a write; what has no
  /// answer of its own (Meta stopped before it, or says nothing) is kUnknownOutcome. The error
  /// of the whole is that of the one call that carries them.
  struct BatchEntry {
    std::string path;
    Params params;
  };
  Result<std::vector<Result<nlohmann::json>>> Batch(const std::vector<BatchEntry>& entries,
                                                    const Classify& classify,
                                                    http::Deadline deadline, std::string* trace);

  /// Follows `next` (same origin only, without the token it carries) and, where a page names no
  /// next one, asks once more behind its cursor, as a lost `next` looks like the end. Items with
  /// the same key are one item, the later one. kBadAnswer: a page without data, an item without a
  /// key, a next page elsewhere.
  Result<Pages> List(std::string_view path, const Params& params,
                     const std::function<std::string(const nlohmann::json&)>& key,
                     http::Deadline deadline);

 private:
  Graph(const Connection& connection, std::string origin, std::string path,
        std::string video_origin, std::shared_ptr<http::Transport> transport);
  Result<nlohmann::json> Call(http::Request request, http::Deadline deadline, std::string* trace);
  std::string UrlOf(std::string_view path, const Params& params) const;
  /// `next` as we ask for it; kBadAnswer when it leads away from Meta.
  Result<std::string> OwnUrl(const std::string& next) const;

  const std::string origin_;        // "https://graph.facebook.com"
  const std::string prefix_;        // origin, path of the base URL and version, ends with '/'
  const std::string version_;       // "v26.0"
  const std::string video_prefix_;  // the same for uploads of videos
  const std::string proof_;         // appsecret_proof, or empty
  const std::shared_ptr<http::Transport> transport_;
  const std::shared_ptr<TokenSource> token_;
};

/// HMAC-SHA256(app_secret, token) in hex.
std::string AppSecretProof(std::string_view app_secret, std::string_view token);

}  // namespace maxopt::meta
