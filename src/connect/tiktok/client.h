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
  /// Where a list stands in its answer, and the largest page that it takes.
  struct Shape {
    std::string member = "list";
    std::int64_t page_size_max = 1000;
  };
  Result<Listed> List(std::string_view path, const Query& query, KeyOf key,
                      http::Deadline deadline) const {
    return List(path, query, key, deadline, Shape{});
  }
  Result<Listed> List(std::string_view path, const Query& query, KeyOf key, http::Deadline deadline,
                      const Shape& shape) const;
  /// List, where half of it is of no use: kBadAnswer.
  Result<std::vector<Json>> ListAll(std::string_view path, const Query& query, KeyOf key,
                                    http::Deadline deadline) const {
    return ListAll(path, query, key, deadline, Shape{});
  }
  Result<std::vector<Json>> ListAll(std::string_view path, const Query& query, KeyOf key,
                                    http::Deadline deadline, const Shape& shape) const;

 private:
  Result<Answer> Send(http::Request request, http::Deadline deadline) const;
  Result<Listed> ListOnce(std::string_view path, const Query& query, KeyOf key,
                          http::Deadline deadline, const Shape& shape) const;
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
extern const std::span<const Words> kPacings;
std::optional<std::string> Theirs(std::span<const Words> words, std::string_view ours);
std::optional<std::string> Ours(std::span<const Words> words, std::string_view theirs);
/// "a, b, c": the words of ours that there are.
std::string Known(std::span<const Words> words);

/// Days of an attribution window and TikTok's word; 0 is OFF.
struct Window {
  std::int64_t days;
  std::string_view word;
};
std::span<const Window> ClickWindows();
std::span<const Window> ViewWindows();

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

// --- dayparts.cc ---------------------------------------------------------------------------------

/// Our dayparts <-> a digit for every half hour of the week, Monday first. No entries, and a week
/// that is all 0 or all 1, mean always, so the whole week is refused. What people set by half hours
/// is told as such ("mon 08:30-20:00") and taken back; everything else is whole hours.
Result<std::string> DaypartingOf(const std::vector<std::string>& dayparts);
/// kBadAnswer for what is no such week.
Result<std::vector<std::string>> DaypartsOf(std::string_view dayparting);

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
/// The files of one kind ("image", "video") as TikTok tells them, by marker or ids.
Result<std::vector<Json>> ReadFiles(const Context& context, const std::string& kind,
                                    const Wanted& wanted, http::Deadline deadline);
/// Pixels as TikTok tells them, and as entities.
Result<std::vector<Json>> ReadPixels(const Context& context, const Wanted& wanted,
                                     http::Deadline deadline);
Result<std::vector<Entity>> FindPixels(const Context& context, const Wanted& wanted,
                                       http::Deadline deadline);
/// Texts of a list member; empty when it is absent.
std::vector<std::string> Texts(const Json& raw, std::string_view member);
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
/// The status that a change of a campaign, ad group or ad asks for, when it asks for nothing else.
std::optional<std::string> StatusAlone(const Change& change);
/// Ids that one status/update/ takes.
inline constexpr int kStatusesPerCall = 20;
/// Changes of one level to one status (StatusAlone), at most kStatusesPerCall, in one call; a
/// result for each.
std::vector<Result<Applied>> WriteStatuses(const Context& context, std::span<const Change> changes,
                                           http::Deadline deadline);
/// As far as it can be told without writing: what is there already is read.
Result<> CheckWrite(const Context& context, const Change& change, http::Deadline deadline);

}  // namespace maxopt::tiktok
