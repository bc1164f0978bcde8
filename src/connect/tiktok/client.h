#pragma once
// Inside of the TikTok connector: calls, pages, and TikTok's words.
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connect/connection.h"
#include "connect/platform.h"
#include "connect/retry/retry.h"
#include "domain/change.h"
#include "http/http.h"
#include "json/json.h"

namespace maxopt::tiktok {

using Json = nlohmann::json;
using Query = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kAttributionWindow = "7d_click+1d_view";

/// Speaks to one API host with one token. Thread-safe.
class Client {
 public:
  struct Options {
    std::string base_url;
    std::string version;
    std::string access_token;
    std::int64_t page_size = 1000;
  };
  Client(Options options, std::shared_ptr<http::Transport> transport)
      : options_(std::move(options)), transport_(std::move(transport)) {}

  struct Answer {
    Json data;
    std::string request_id;
  };
  /// `path` below the version, with its slash at the end: "campaign/get/".
  Result<Answer> Get(std::string_view path, const Query& query, http::Deadline deadline) const;
  Result<Answer> Post(std::string_view path, const Json& body, bool idempotent,
                      http::Deadline deadline) const;
  Result<Answer> PostParts(std::string_view path, const std::vector<http::Part>& parts,
                           http::Deadline deadline) const;

  /// Entries of a list over all its pages. Counted against the total that TikTok tells and told
  /// apart by `key`, so that a page that is short, missing, sent twice or repeated for ever ends in
  /// the whole list (perhaps after reading it once more) or in !complete.
  struct Listed {
    std::vector<Json> entries;
    bool complete = true;
    std::string why;
  };
  using KeyOf = Result<std::string> (*)(const Json& entry);
  Result<Listed> List(std::string_view path, const Query& query, KeyOf key,
                      http::Deadline deadline) const;
  /// List, where half of it is of no use: kBadAnswer.
  Result<std::vector<Json>> ListAll(std::string_view path, const Query& query, KeyOf key,
                                    http::Deadline deadline) const;

 private:
  Result<Answer> Send(http::Request request, http::Deadline deadline) const;
  Result<Listed> ListOnce(std::string_view path, const Query& query, KeyOf key,
                          http::Deadline deadline) const;
  Options options_;
  std::shared_ptr<http::Transport> transport_;
};

// --- words.cc ------------------------------------------------------------------------------------

/// A pair of words, ours and TikTok's; the first pair of a word is the one it is translated to.
struct Words {
  std::string_view ours;
  std::string_view theirs;
};
extern const std::span<const Words> kObjectives;
extern const std::span<const Words> kGoals;
extern const std::span<const Words> kEvents;
extern const std::span<const Words> kCallsToAction;
extern const std::span<const Words> kIndustries;
std::optional<std::string> Theirs(std::span<const Words> words, std::string_view ours);
std::optional<std::string> Ours(std::span<const Words> words, std::string_view theirs);
/// "a, b, c": the words of ours that there are.
std::string Known(std::span<const Words> words);

struct Age {
  std::string_view word;
  std::int64_t min;
  std::int64_t max;
};
std::span<const Age> Ages();

std::string EffectiveStatus(std::string_view secondary);
/// pending | approved | limited | rejected, where the status tells; nullopt where it does not.
std::optional<std::string> ReviewStatus(std::string_view secondary);

/// "campaign" | "adgroup" | "ad"
std::string_view Noun(Level level);
std::string IdField(Level level);
std::string NameField(Level level);

/// Text member; "" when it is absent or no text.
std::string Text(const Json& object, std::string_view member);
/// Id member: a text of digits (or of a file id); kBadAnswer names the member otherwise.
Result<std::string> Id(const Json& object, std::string_view member);

/// Wall clock of the account <-> "yyyy-MM-dd HH:mm:ss" in UTC.
Result<std::string> LocalToUtc(std::string_view local, const Zone& zone);
Result<std::string> UtcToLocal(std::string_view utc, const Zone& zone);

// --- read.cc, write.cc, metrics.cc, history.cc ---------------------------------------------------

/// What the connector knows of its account, and its countries once they were needed.
struct Context {
  const Client& client;
  AccountInfo info;
  Zone zone;
  Instant now;
  std::map<std::string, std::string> settings;
  /// ISO code <-> location id.
  std::function<Result<std::map<std::string, std::string>>(http::Deadline)> location_of_country;
};

struct Wanted {
  std::string marker;            ///< or
  std::vector<std::string> ids;  ///< or neither: all that are not removed
};
/// Objects as TikTok tells them.
Result<std::vector<Json>> ReadRaw(const Context& context, Level level, const Wanted& wanted,
                                  http::Deadline deadline);
Result<std::vector<Entity>> ReadEntities(const Context& context, Level level, const Wanted& wanted,
                                         http::Deadline deadline);
/// Pictures and videos by marker or ids.
Result<std::vector<Entity>> FindAssets(const Context& context, const Wanted& wanted,
                                       http::Deadline deadline);
Result<AccountInfo> ReadInfo(const Client& client, const std::string& id, http::Deadline deadline);
Result<std::vector<AccountInfo>> ReadInfos(const Client& client,
                                           const std::vector<std::string>& ids,
                                           http::Deadline deadline);
Result<std::map<std::string, std::string>> ReadCountries(const Client& client,
                                                         const std::string& account,
                                                         http::Deadline deadline);

Result<MetricReport> ReadMetrics(const Context& context, const MetricQuery& query,
                                 http::Deadline deadline);
Result<std::vector<HistoryEvent>> ReadHistory(const Context& context, const HistoryQuery& query,
                                              http::Deadline deadline);

Result<Applied> Write(const Context& context, const Change& change, http::Deadline deadline);
/// As far as it can be told without asking TikTok.
Result<> CheckWrite(const Context& context, const Change& change, http::Deadline deadline);

}  // namespace maxopt::tiktok
