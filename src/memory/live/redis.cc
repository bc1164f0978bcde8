// The live cache in Redis: a hash of key -> "version json", a sorted set of every key's newest
// version (those that are gone as well), the version and the epoch. Scripts keep them together, so
// that no reader sees half of a change. This process keeps the snapshot it read last, shared by its
// readers, and asks only for what changed since.
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <random>

#include "memory/live/live.h"

namespace maxopt {
namespace {

/// KEYS: entries, versions, version, epoch, known_since. ARGV: epoch for a new cache, scope,
/// removals remembered, then key and JSON of each entry.
constexpr const char* kReplace = R"lua(
redis.call('SETNX', KEYS[4], ARGV[1])
local scope = ARGV[2]
local wanted = {}
for i = 4, #ARGV, 2 do wanted[ARGV[i]] = ARGV[i + 1] end
local next = tonumber(redis.call('GET', KEYS[3]) or '0') + 1
local changed = false
for _, key in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(key, 1, #scope) == scope and wanted[key] == nil then
    redis.call('HDEL', KEYS[1], key)
    redis.call('ZADD', KEYS[2], next, key)
    changed = true
  end
end
for key, json in pairs(wanted) do
  local old = redis.call('HGET', KEYS[1], key)
  if not old or string.sub(old, string.find(old, ' ', 1, true) + 1) ~= json then
    redis.call('HSET', KEYS[1], key, string.format('%d', next) .. ' ' .. json)
    redis.call('ZADD', KEYS[2], next, key)
    changed = true
  end
end
if changed then
  redis.call('SET', KEYS[3], string.format('%d', next))
  local gone = redis.call('ZCARD', KEYS[2]) - redis.call('HLEN', KEYS[1])
  local most = tonumber(ARGV[3])
  local at = 0
  while gone > most do
    local oldest = redis.call('ZRANGE', KEYS[2], at, at + 99, 'WITHSCORES')
    if #oldest == 0 then break end
    for i = 1, #oldest, 2 do
      if gone > most and redis.call('HEXISTS', KEYS[1], oldest[i]) == 0 then
        redis.call('ZREM', KEYS[2], oldest[i])
        redis.call('SET', KEYS[5], oldest[i + 1])
        gone = gone - 1
      else
        at = at + 1
      end
    end
  end
end
return redis.call('GET', KEYS[4])
)lua";

/// KEYS as above; ARGV: epoch for a new cache, the reader's epoch, its version. Answers epoch,
/// version, "reload" or "", then key and "version json" ("" for what is gone) of each change.
constexpr const char* kChanges = R"lua(
redis.call('SETNX', KEYS[4], ARGV[1])
local epoch = redis.call('GET', KEYS[4])
local version = redis.call('GET', KEYS[3]) or '0'
local since = tonumber(ARGV[3])
local out = {epoch, version, ''}
if epoch ~= ARGV[2] or since > tonumber(version) or
   since < tonumber(redis.call('GET', KEYS[5]) or '0') then
  out[3] = 'reload'
  return out
end
if since == tonumber(version) then return out end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[3], '+inf')) do
  out[#out + 1] = key
  out[#out + 1] = redis.call('HGET', KEYS[1], key) or ''
end
return out
)lua";

/// The whole: epoch, version, then key and "version json" of each.
constexpr const char* kAll = R"lua(
redis.call('SETNX', KEYS[4], ARGV[1])
local out = {redis.call('GET', KEYS[4]), redis.call('GET', KEYS[3]) or '0'}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all do out[#out + 1] = all[i] end
return out
)lua";

std::shared_ptr<const LiveEntry> Entry(const std::string& key, const std::string& stored) {
  const std::size_t space = stored.find(' ');
  auto entry = std::make_shared<LiveEntry>();
  entry->key = key;
  std::from_chars(stored.data(), stored.data() + std::min(space, stored.size()), entry->version);
  if (space != std::string::npos) entry->json = stored.substr(space + 1);
  return entry;
}

std::int64_t Number(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class Redis final : public LiveCache {
 public:
  explicit Redis(RedisOptions options) : options_(std::move(options)) {
    std::random_device random;
    for (const char* name : {"entries", "versions", "version", "epoch", "known_since"}) {
      // Braces: one slot of a cluster.
      keys_.push_back(fmt::format("{{{}}}:{}", options_.prefix, name));
    }
  }
  ~Redis() override { Drop(); }

  Result<> Replace(const std::string& scope, const std::vector<LiveEntry>& entries) override {
    std::vector<std::string> arguments{NewEpoch(), scope, std::to_string(kLiveRemovedMax)};
    for (const LiveEntry& entry : entries) {
      if (!entry.key.starts_with(scope)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("live entry {} is not below {}", entry.key, scope));
      }
      arguments.push_back(entry.key);
      arguments.push_back(entry.json);
    }
    const std::lock_guard lock(mutex_);
    MAXOPT_CHECK(Run(kReplace, arguments));
    return {};
  }

  Result<std::shared_ptr<const LiveSnapshot>> Read() override {
    const std::lock_guard lock(mutex_);
    if (snapshot_) {
      MAXOPT_TRY(const LiveChanges changes, Changes(snapshot_->version));
      if (!changes.reload) {
        if (changes.version == snapshot_->version) return snapshot_;
        std::map<std::string, std::shared_ptr<const LiveEntry>> all;
        for (const auto& entry : snapshot_->entries) all[entry->key] = entry;
        for (const auto& entry : changes.changed) all[entry->key] = entry;
        for (const std::string& key : changes.removed) all.erase(key);
        auto next = std::make_shared<LiveSnapshot>();
        next->version = changes.version;
        for (auto& [key, entry] : all) next->entries.push_back(std::move(entry));
        return snapshot_ = std::move(next);
      }
    }
    MAXOPT_TRY(const std::vector<std::string> answer, Run(kAll, {NewEpoch()}));
    if (answer.size() < 2 || answer.size() % 2 != 0) return Strange();
    auto next = std::make_shared<LiveSnapshot>();
    next->version = {answer[0], Number(answer[1])};
    for (std::size_t i = 2; i < answer.size(); i += 2) {
      next->entries.push_back(Entry(answer[i], answer[i + 1]));
    }
    std::ranges::sort(next->entries, {}, [](const auto& entry) { return entry->key; });
    return snapshot_ = std::move(next);
  }

  Result<LiveChanges> ChangesSince(const LiveVersion& since) override {
    const std::lock_guard lock(mutex_);
    return Changes(since);
  }

 private:
  static std::string NewEpoch() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
  }

  std::unexpected<Error> Strange() {
    Drop();
    return Fail(Errc::kBadAnswer, fmt::format("Redis at {}:{} answered what cannot be understood",
                                              options_.host, options_.port));
  }

  Result<LiveChanges> Changes(const LiveVersion& since) {
    MAXOPT_TRY(const std::vector<std::string> answer,
               Run(kChanges, {NewEpoch(), since.epoch, std::to_string(since.number)}));
    if (answer.size() < 3 || answer.size() % 2 == 0) return Strange();
    LiveChanges changes;
    changes.version = {answer[0], Number(answer[1])};
    changes.reload = answer[2] == "reload";
    for (std::size_t i = 3; i < answer.size(); i += 2) {
      if (answer[i + 1].empty()) {
        changes.removed.push_back(answer[i]);
      } else {
        changes.changed.push_back(Entry(answer[i], answer[i + 1]));
      }
    }
    std::ranges::stable_sort(changes.changed, {}, [](const auto& entry) { return entry->version; });
    std::ranges::sort(changes.removed);
    return changes;
  }

  Result<> Connect() {
    if (context_) return {};
    const timeval timeout{.tv_sec = options_.timeout.count() / 1000,
                          .tv_usec = options_.timeout.count() % 1000 * 1000};
    context_ = redisConnectWithTimeout(options_.host.c_str(), options_.port, timeout);
    if (!context_ || context_->err != 0) return Unreachable();
    redisSetTimeout(context_, timeout);
    if (options_.password.empty()) return {};
    auto* reply = static_cast<redisReply*>(
        redisCommand(context_, "AUTH %b", options_.password.data(), options_.password.size()));
    const bool good = reply && reply->type == REDIS_REPLY_STATUS;
    if (reply) freeReplyObject(reply);
    if (good) return {};
    Drop();
    return Fail(Errc::kUnauthenticated,
                fmt::format("Redis at {}:{} refused the password", options_.host, options_.port));
  }

  std::unexpected<Error> Unreachable() {
    const std::string why = context_ && context_->err != 0 ? context_->errstr : "no answer";
    Drop();
    return Fail(Errc::kUnavailable,
                fmt::format("Redis at {}:{}: {}; is it running? It is tried again by itself",
                            options_.host, options_.port, why));
  }

  /// A list of texts, or one text. A connection that a restart of Redis cut is made anew once: the
  /// scripts give the same whether they ran before or not.
  Result<std::vector<std::string>> Run(const char* script,
                                       const std::vector<std::string>& arguments) {
    for (int tries = 0;; ++tries) {
      const bool fresh = context_ == nullptr;
      MAXOPT_CHECK(Connect());
      const std::string count = std::to_string(keys_.size());
      std::vector<const char*> texts{"EVAL", script, count.c_str()};
      std::vector<std::size_t> sizes{4, std::char_traits<char>::length(script), count.size()};
      for (const std::vector<std::string>* list :
           std::initializer_list<const std::vector<std::string>*>{&keys_, &arguments}) {
        for (const std::string& text : *list) {
          texts.push_back(text.data());
          sizes.push_back(text.size());
        }
      }
      auto* reply = static_cast<redisReply*>(
          redisCommandArgv(context_, static_cast<int>(texts.size()), texts.data(), sizes.data()));
      if (!reply) {
        if (fresh || tries > 0) return Unreachable();
        Drop();
        continue;
      }
      std::vector<std::string> out;
      std::string error;
      if (reply->type == REDIS_REPLY_ARRAY) {
        for (std::size_t i = 0; i < reply->elements; ++i) {
          const redisReply& element = *reply->element[i];
          out.emplace_back(element.str ? std::string(element.str, element.len) : std::string());
        }
      } else if (reply->type == REDIS_REPLY_STRING) {
        out.emplace_back(reply->str, reply->len);
      } else if (reply->type == REDIS_REPLY_ERROR) {
        error.assign(reply->str, reply->len);
      }
      freeReplyObject(reply);
      if (!error.empty()) {
        return Fail(Errc::kUnavailable, fmt::format("Redis at {}:{}: {}", options_.host,
                                                    options_.port, error.substr(0, 200)));
      }
      return out;
    }
  }

  void Drop() {
    if (context_) redisFree(context_);
    context_ = nullptr;
  }

  const RedisOptions options_;
  std::vector<std::string> keys_;
  std::mutex mutex_;
  redisContext* context_ = nullptr;               // guarded by mutex_
  std::shared_ptr<const LiveSnapshot> snapshot_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<LiveCache> MakeRedisLiveCache(RedisOptions options) {
  return std::make_unique<Redis>(std::move(options));
}

Result<RedisOptions> ParseRedisUrl(std::string_view url) {
  const auto bad = [&] {
    return Fail(Errc::kInvalidArgument,
                "write a Redis as redis://host:port/prefix or redis://:password@host:port/prefix");
  };
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) return bad();
  std::string_view rest = url.substr(kScheme.size());
  RedisOptions options;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (!rest.starts_with(':')) return bad();
    options.password = rest.substr(1, at - 1);
    rest = rest.substr(at + 1);
  }
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < rest.size()) options.prefix = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (code != std::errc() || end != port.data() + port.size() || options.port < 1 ||
        options.port > 65535) {
      return bad();
    }
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) return bad();
  options.host = rest;
  return options;
}

}  // namespace maxopt
