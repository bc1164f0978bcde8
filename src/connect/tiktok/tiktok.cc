#include "connect/tiktok/tiktok.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "connect/tiktok/client.h"

namespace maxopt {
namespace {

using tiktok::Client;
using tiktok::Context;

const Capabilities kCapabilities = {
    .platform = Platform::kTikTok,
    .metric_levels = {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd},
    .breakdowns = {Breakdown::kCountry, Breakdown::kAgeGender, Breakdown::kDevice,
                   Breakdown::kPlacement},
    .hour_levels = {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd},
    .restatement_days = 28,
    .attribution_window = std::string(tiktok::kAttributionWindow),
    .budget_level = Level::kCampaign,
    .minor_units = MinorUnits::kIso4217,
    .daily_overdelivery_bp = 12'500,
    .native_idempotency = true,
    .not_offered = {{Breakdown::kKeyword, "TikTok's auction reports have no such dimension"},
                    {Breakdown::kSearchTerm, "TikTok's auction reports have no such dimension"},
                    {Breakdown::kAudience,
                     "TikTok's audience reports cut by what people are (age, gender, country, "
                     "interests, of which one person has several), not by the audiences that an ad "
                     "group targets; ask by ad_group or age_gender"}},
    .bid_modifiers = {.why_not = "TikTok has no bid multipliers; an ad group of its own for the "
                                 "place or device has a bid of its own"},
};

class TikTok final : public PlatformReader, public PlatformWriter {
 public:
  TikTok(Connection connection, Client client, std::shared_ptr<Clock> clock)
      : connection_(std::move(connection)), client_(std::move(client)), clock_(std::move(clock)) {}

  const Capabilities& capabilities() const override { return kCapabilities; }

  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline deadline) override {
    const auto secret = [&](const char* name) {
      const auto at = connection_.secrets.find(name);
      return at == connection_.secrets.end() ? std::string() : at->second;
    };
    if (secret("app_id").empty() || secret("secret").empty()) {
      // Without the app's own sign-in TikTok does not tell what the token reaches.
      MAXOPT_TRY(AccountInfo info, tiktok::ReadInfo(client_, connection_.account.id, deadline));
      return std::vector{std::move(info)};
    }
    MAXOPT_TRY(const Client::Answer answer,
               client_.Get("oauth2/advertiser/get/",
                           {{"app_id", secret("app_id")}, {"secret", secret("secret")}}, deadline));
    const tiktok::Json list =
        answer.data.is_object() ? answer.data.value("list", tiktok::Json()) : tiktok::Json();
    if (!list.is_array()) {
      return Fail(Errc::kBadAnswer, "TikTok's list of advertisers has no list; read again");
    }
    std::vector<std::string> ids;
    for (const tiktok::Json& entry : list) {
      MAXOPT_TRY(std::string id, tiktok::Id(entry, "advertiser_id"));
      ids.push_back(std::move(id));
    }
    return tiktok::ReadInfos(client_, ids, deadline);
  }

  Result<AccountTree> ReadAccount(const AccountId& account, http::Deadline deadline) override {
    // Read anew: name, status and zone of an account can change.
    Forget();
    MAXOPT_TRY(const Context context, ContextOf(account, deadline));
    AccountTree tree{.info = context.info, .entities = {}};
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      auto entities = tiktok::ReadEntities(context, level, {}, deadline);
      if (!entities) return FailWithin(PrintAccount(account), entities.error());
      std::move(entities->begin(), entities->end(), std::back_inserter(tree.entities));
    }
    auto pixels = tiktok::FindPixels(context, {}, deadline);
    if (!pixels) return FailWithin(PrintAccount(account), pixels.error());
    std::move(pixels->begin(), pixels->end(), std::back_inserter(tree.entities));
    return tree;
  }

  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline deadline) override {
    MAXOPT_TRY(const Context context, ContextOf(query.account, deadline));
    auto report = tiktok::ReadMetrics(context, query, deadline);
    if (!report) return FailWithin(PrintAccount(query.account), report.error());
    return report;
  }

  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline deadline) override {
    if (query.marker.empty() == query.ids.empty()) {
      return Fail(Errc::kInvalidArgument, "objects are found by a marker or by ids, one of them");
    }
    if (query.level == Level::kAccount) {
      return Fail(Errc::kInvalidArgument, "accounts are listed, not found");
    }
    MAXOPT_TRY(const Context context, ContextOf(query.account, deadline));
    const tiktok::Wanted wanted{query.marker, query.ids};
    auto found = query.level == Level::kAsset ? tiktok::FindAssets(context, wanted, deadline)
                 : query.level == Level::kConversion
                     ? tiktok::FindPixels(context, wanted, deadline)
                     : tiktok::ReadEntities(context, query.level, wanted, deadline);
    if (!found) return FailWithin(PrintAccount(query.account), found.error());
    return found;
  }

  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery& query,
                                                http::Deadline deadline) override {
    MAXOPT_TRY(const Context context, ContextOf(query.account, deadline));
    auto events = tiktok::ReadHistory(context, query, deadline);
    if (!events) return FailWithin(PrintAccount(query.account), events.error());
    return events;
  }

  Result<Applied> Apply(const Change& change, http::Deadline deadline) override {
    MAXOPT_TRY(const Context context, ContextOf(change.account, deadline));
    auto applied = tiktok::Write(context, change, deadline);
    if (!applied) return FailWithin(WhereOf(change), applied.error());
    return applied;
  }

  int batch_max() const override { return tiktok::kStatusesPerCall; }

  /// Runs of equal status changes are one call each; everything else goes one by one, because
  /// TikTok tells of nothing else which part it did.
  std::vector<Result<Applied>> ApplyBatch(std::span<const Change> changes,
                                          http::Deadline deadline) override {
    std::vector<Result<Applied>> out;
    for (std::size_t i = 0; i < changes.size();) {
      const auto status = tiktok::StatusAlone(changes[i]);
      std::size_t end = i + 1;
      while (status && end < changes.size() &&
             end - i < static_cast<std::size_t>(tiktok::kStatusesPerCall) &&
             changes[end].level == changes[i].level && changes[end].account == changes[i].account &&
             tiktok::StatusAlone(changes[end]) == status) {
        ++end;
      }
      if (end - i == 1) {
        out.push_back(Apply(changes[i], deadline));
      } else {
        const auto context = ContextOf(changes[i].account, deadline);
        auto results =
            context ? tiktok::WriteStatuses(*context, changes.subspan(i, end - i), deadline)
                    : std::vector<Result<Applied>>(end - i, std::unexpected(context.error()));
        for (std::size_t k = 0; k < results.size(); ++k) {
          auto& result = results[k];
          if (!result) result = FailWithin(WhereOf(changes[i + k]), result.error());
          out.push_back(std::move(result));
        }
      }
      i = end;
    }
    return out;
  }

  Result<> Validate(const Change& change, http::Deadline deadline) override {
    MAXOPT_TRY(const Context context, ContextOf(change.account, deadline));
    auto checked = tiktok::CheckWrite(context, change, deadline);
    if (!checked) return FailWithin(WhereOf(change), checked.error());
    return checked;
  }

 private:
  static std::string WhereOf(const Change& change) {
    return fmt::format("{} {}", PrintAccount(change.account),
                       change.address.empty() ? change.id : change.address);
  }

  void Forget() {
    const std::scoped_lock lock(mutex_);
    info_.reset();
  }

  /// Never another account than the connection's: ids of two accounts may be equal.
  Result<Context> ContextOf(const AccountId& account, http::Deadline deadline) {
    if (account != connection_.account) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} was asked of the connection of {}", PrintAccount(account),
                              PrintAccount(connection_.account)));
    }
    std::optional<AccountInfo> info;
    {
      const std::scoped_lock lock(mutex_);
      info = info_;
    }
    if (!info) {
      MAXOPT_TRY(info, tiktok::ReadInfo(client_, account.id, deadline));
      const std::scoped_lock lock(mutex_);
      info_ = info;
    }
    MAXOPT_TRY(const Zone zone, Zone::Find(info->zone));
    return Context{
        .client = client_,
        .info = *info,
        .zone = zone,
        .now = clock_->Now(),
        .settings = connection_.settings,
        .location_of_country = [this](http::Deadline until) { return Countries(until); }};
  }

  Result<std::map<std::string, std::string>> Countries(http::Deadline deadline) {
    {
      const std::scoped_lock lock(mutex_);
      if (countries_) return *countries_;
    }
    MAXOPT_TRY(auto countries, tiktok::ReadCountries(client_, connection_.account.id, deadline));
    const std::scoped_lock lock(mutex_);
    countries_ = countries;
    return countries;
  }

  const Connection connection_;
  const Client client_;
  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::optional<AccountInfo> info_;
  std::optional<std::map<std::string, std::string>> countries_;
};

Result<std::int64_t> PageSize(const Connection& connection) {
  constexpr std::int64_t kMost = 1000;
  const auto at = connection.settings.find("page_size");
  if (at == connection.settings.end()) return kMost;
  const std::string& text = at->second;
  const bool digits = !text.empty() && text.size() <= 4 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoll(text) < 1 || std::stoll(text) > kMost) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("page_size \"{}\" is not a number from 1 to {}", text, kMost));
  }
  return std::stoll(text);
}

}  // namespace

Result<Connector> MakeTikTokConnector(const Connection& connection,
                                      std::shared_ptr<http::Transport> wire,
                                      std::shared_ptr<Clock> clock) {
  if (connection.account.platform != Platform::kTikTok) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is not a TikTok account", PrintAccount(connection.account)));
  }
  const std::string& id = connection.account.id;
  if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the advertiser id \"{}\" is not digits; correct the connection", id));
  }
  const auto token = connection.secrets.find("access_token");
  if (token == connection.secrets.end() || token->second.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} has no access_token; add it to the connection's secrets",
                            PrintAccount(connection.account)));
  }
  if (!(connection.calls_per_second > 0)) {
    return Fail(Errc::kInvalidArgument, "calls_per_second must be above zero");
  }
  MAXOPT_TRY(const std::int64_t page_size, PageSize(connection));
  std::string base =
      connection.base_url.empty() ? "https://business-api.tiktok.com" : connection.base_url;
  while (base.ends_with('/')) base.pop_back();
  RetryPolicy policy;
  policy.calls_per_second = connection.calls_per_second;
  policy.burst = std::max(1.0, 2 * connection.calls_per_second);
  auto transport = MakeRetryingTransport(std::move(wire), ClassifyTikTok, policy, clock);
  Client client({.base_url = std::move(base),
                 .version = connection.version.empty() ? "v1.3" : connection.version,
                 .access_token = token->second,
                 .page_size = page_size},
                std::move(transport));
  auto both = std::make_shared<TikTok>(connection, std::move(client), std::move(clock));
  return Connector{.reader = both, .writer = both};
}

}  // namespace maxopt
