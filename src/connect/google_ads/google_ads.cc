#include "connect/google_ads/google_ads.h"

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "connect/google_ads/client.h"
#include "connect/google_ads/metrics.h"
#include "connect/google_ads/mutate.h"
#include "connect/google_ads/read.h"
#include "connect/google_ads/rows.h"
#include "connect/retry/retry.h"

namespace maxopt {
namespace {

using namespace google_ads;  // NOLINT: this file is the face of that namespace
using Json = nlohmann::json;

const Capabilities kCapabilities = {
    .platform = Platform::kGoogleAds,
    .metric_levels = {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd},
    .breakdowns = {Breakdown::kDevice, Breakdown::kCountry, Breakdown::kPlacement,
                   Breakdown::kKeyword},
    .hour_levels = {Level::kCampaign},
    .restatement_days = 30,
    .attribution_window = std::string(kAttributionWindow),
    .budget_level = Level::kCampaign,
    .minor_units = MinorUnits::kIso4217,
    .daily_overdelivery_bp = 20'000,
    .native_idempotency = false,
};

class GoogleAds final : public PlatformReader, public PlatformWriter {
 public:
  GoogleAds(AccountId account, std::string login_customer_id, Client client,
            std::shared_ptr<Clock> clock)
      : account_(std::move(account)),
        login_customer_id_(std::move(login_customer_id)),
        client_(std::move(client)),
        clock_(std::move(clock)) {}

  const Capabilities& capabilities() const override { return kCapabilities; }

  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline deadline) override {
    return google_ads::ListAccounts(client_, login_customer_id_, deadline);
  }

  Result<AccountTree> ReadAccount(const AccountId& account, http::Deadline deadline) override {
    MAXOPT_CHECK(IsOurs(account));
    // Read anew: name, status and zone of an account can change.
    MAXOPT_TRY(AccountInfo info, ReadInfo(client_, account_.id, deadline));
    AccountTree tree{.info = info, .entities = {}};
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      auto entities = ReadEntities(client_, info, level, {}, deadline);
      if (!entities) return FailWithin(Where(), entities.error());
      std::move(entities->begin(), entities->end(), std::back_inserter(tree.entities));
    }
    Remember(std::move(info));
    return tree;
  }

  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline deadline) override {
    MAXOPT_CHECK(IsOurs(query.account));
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    auto report = google_ads::ReadMetrics(client_, info, query, deadline);
    if (!report) return FailWithin(Where(), report.error());
    return report;
  }

  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline deadline) override {
    MAXOPT_CHECK(IsOurs(query.account));
    if (query.marker.empty() == query.ids.empty()) {
      return Fail(Errc::kInvalidArgument, "objects are found by a marker or by ids, one of them");
    }
    Wanted wanted{.by = query.marker.empty() ? Wanted::By::kIds : Wanted::By::kMarker,
                  .ids = query.ids,
                  .marker = query.marker};
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    auto found = ReadEntities(client_, info, query.level, wanted, deadline);
    if (!found) return FailWithin(Where(), found.error());
    return found;
  }

  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery& query,
                                                http::Deadline deadline) override {
    MAXOPT_CHECK(IsOurs(query.account));
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    auto events =
        google_ads::ReadHistory(client_, info, query.from, query.to, clock_->Now(), deadline);
    if (!events) return FailWithin(Where(), events.error());
    return events;
  }

  Result<Applied> Apply(const Change& change, http::Deadline deadline) override {
    auto mutation = Prepare(change, deadline);
    if (!mutation) return FailWithin(WhereOf(change), mutation.error());
    auto answer = client_.Post(mutation->path, mutation->body, /*idempotent=*/false, deadline);
    if (!answer) return FailWithin(WhereOf(change), answer.error());
    auto id = IdOfAnswer(*mutation, answer->body);
    if (!id) return FailWithin(WhereOf(change), id.error());
    const bool create = change.action == ChangeAction::kCreate;
    return Applied{.id = create ? *std::move(id) : change.id, .platform_ref = answer->request_id};
  }

  Result<> Validate(const Change& change, http::Deadline deadline) override {
    const bool below = change.level == Level::kAdGroup || change.level == Level::kAd;
    const bool parent_to_come =
        change.action == ChangeAction::kCreate && below && change.parent_id.empty();
    // Google checks a child only below a parent that exists: then what we know ourselves is all.
    Change checked = change;
    if (parent_to_come) checked.parent_id = "1";
    auto mutation = parent_to_come ? Locally(checked, deadline) : Prepare(checked, deadline);
    if (!mutation) return FailWithin(WhereOf(change), mutation.error());
    if (parent_to_come) return {};
    Json body = mutation->body;
    body["validateOnly"] = true;
    // Checking changes nothing, so it may be asked twice like a read.
    const auto answer = client_.Post(mutation->path, body, /*idempotent=*/true, deadline);
    if (!answer) return FailWithin(WhereOf(change), answer.error());
    return {};
  }

 private:
  std::string Where() const { return PrintAccount(account_); }
  std::string WhereOf(const Change& change) const {
    const std::string object = change.id.empty() ? change.address : change.id;
    return fmt::format("{} {} {}", Where(), LevelName(change.level), object);
  }

  /// A connection is for one account: ids of another one may be the same numbers.
  Result<> IsOurs(const AccountId& account) const {
    if (account_.id.empty()) {
      return Fail(Errc::kInvalidArgument,
                  "this connection names no account; set its id, then read and write");
    }
    if (account == account_) return {};
    return Fail(Errc::kInvalidArgument, fmt::format("this connection is for {}, not for {}",
                                                    Where(), PrintAccount(account)));
  }

  /// What does not change while we are connected (currency, zone) is read once.
  Result<AccountInfo> Info(http::Deadline deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (info_) return *info_;
    }
    auto info = ReadInfo(client_, account_.id, deadline);
    if (!info) return FailWithin(Where(), info.error());
    Remember(*info);
    return info;
  }
  void Remember(AccountInfo info) {
    const std::lock_guard lock(mutex_);
    info_ = std::move(info);
  }

  Result<Mutation> Locally(const Change& change, http::Deadline deadline) {
    MAXOPT_CHECK(IsOurs(change.account));
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    return MutationOf(change, {.customer = account_.id, .currency = info.currency});
  }

  /// Everything before the write: nothing is written when this fails.
  Result<Mutation> Prepare(const Change& change, http::Deadline deadline) {
    MAXOPT_CHECK(IsOurs(change.account));
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    Context context{.customer = account_.id, .currency = info.currency};
    const bool ids_fit = change.id.empty() || IsDigits(change.id);
    if (ids_fit && ChangesBudget(change)) {
      MAXOPT_TRY(context.budget, BudgetOf(change.id, deadline));
    }
    if (ids_fit && change.level == Level::kAd && change.action == ChangeAction::kUpdate) {
      context.ad_group = change.parent_id;
      if (context.ad_group.empty()) {
        MAXOPT_TRY(context.ad_group, AdGroupOf(change.id, deadline));
      }
    }
    if (change.level == Level::kAd && change.action == ChangeAction::kCreate &&
        IsDigits(change.parent_id)) {
      const std::string image = TextField(change.after, "image");
      if (IsDigits(image)) {
        MAXOPT_TRY(context.image_linked, ImageLinked(change.parent_id, image, deadline));
      }
    }
    return MutationOf(change, context);
  }

  /// Resource name of the campaign's own budget. A shared one is not changed: it would move money
  /// of campaigns that nobody approved a change for.
  Result<std::string> BudgetOf(const std::string& campaign, http::Deadline deadline) {
    MAXOPT_TRY(const auto rows,
               client_.SearchAll(account_.id,
                                 fmt::format("SELECT campaign.id, campaign.campaign_budget, "
                                             "campaign_budget.explicitly_shared, "
                                             "campaign_budget.reference_count FROM campaign "
                                             "WHERE campaign.id = {}",
                                             campaign),
                                 deadline));
    if (rows.empty()) {
      return Fail(Errc::kNotFound, fmt::format("there is no campaign {}", campaign));
    }
    MAXOPT_TRY(const bool shared, Flag(rows.front(), "campaignBudget.explicitlyShared"));
    MAXOPT_TRY(const auto users, Integer(rows.front(), "campaignBudget.referenceCount"));
    if (shared || users.value_or(1) > 1) {
      return Fail(Errc::kRefused,
                  fmt::format("the budget of campaign {} is shared by {} campaigns; give it one of "
                              "its own before changing it",
                              campaign, users.value_or(0)));
    }
    MAXOPT_TRY(std::string budget, Text(rows.front(), "campaign.campaignBudget"));
    if (LastId(budget).empty()) {
      return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered campaign {} with the budget "
                                                "\"{}\"",
                                                campaign, budget));
    }
    return budget;
  }

  Result<std::string> AdGroupOf(const std::string& ad, http::Deadline deadline) {
    MAXOPT_TRY(const auto rows,
               client_.SearchAll(account_.id,
                                 fmt::format("SELECT ad_group.id, ad_group_ad.ad.id "
                                             "FROM ad_group_ad WHERE ad_group_ad.ad.id = {}",
                                             ad),
                                 deadline));
    if (rows.size() != 1) {
      return Fail(Errc::kNotFound, fmt::format("{} ads have the id {}", rows.size(), ad));
    }
    return Id(rows.front(), "adGroup.id");
  }

  Result<bool> ImageLinked(const std::string& ad_group, const std::string& asset,
                           http::Deadline deadline) {
    MAXOPT_TRY(const auto rows,
               client_.SearchAll(
                   account_.id,
                   fmt::format("SELECT ad_group.id, ad_group_asset.asset, ad_group_asset.status "
                               "FROM ad_group_asset WHERE ad_group.id = {} "
                               "AND ad_group_asset.field_type = 'AD_IMAGE'",
                               ad_group),
                   deadline));
    for (const Json& row : rows) {
      MAXOPT_TRY(const std::string linked, Text(row, "adGroupAsset.asset"));
      MAXOPT_TRY(const std::string status, Text(row, "adGroupAsset.status"));
      if (LastId(linked) == asset && status != "REMOVED") return true;
    }
    return false;
  }

  const AccountId account_;
  const std::string login_customer_id_;
  const Client client_;
  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;                 // guards what follows
  std::optional<AccountInfo> info_;  // of account_
};

std::string OneOf(const std::map<std::string, std::string>& from, const std::string& name) {
  const auto at = from.find(name);
  return at == from.end() ? std::string() : at->second;
}

/// 1234567890 of "123-456-7890", as Google's screens print it.
Result<std::string> CustomerId(std::string_view name, std::string text) {
  std::erase(text, '-');
  if (text.empty() || IsDigits(text)) return text;
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} \"{}\" is no Google Ads customer id: ten digits", name, text));
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Result<Connector> MakeGoogleAdsConnector(const Connection& connection,
                                         std::shared_ptr<http::Transport> wire,
                                         std::shared_ptr<Clock> clock) {
  if (connection.account.platform != Platform::kGoogleAds) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is no account of Google Ads", PrintAccount(connection.account)));
  }
  if (!connection.account.id.empty() && !IsDigits(connection.account.id)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("account \"{}\": a Google Ads customer id has digits only",
                            connection.account.id));
  }
  MAXOPT_TRY(std::string login,
             CustomerId("login_customer_id", OneOf(connection.settings, "login_customer_id")));
  const auto or_default = [](const std::string& value, std::string_view other) {
    return value.empty() ? std::string(other) : value;
  };

  RetryPolicy policy;
  policy.calls_per_second = connection.calls_per_second;
  // Accounts that are throttled together should not come back together.
  policy.seed = std::hash<std::string>{}(connection.account.id);
  auto transport = MakeRetryingTransport(std::move(wire), ClassifyGoogleAds, policy, clock);

  std::shared_ptr<TokenSource> token;
  if (const std::string fixed = OneOf(connection.secrets, "access_token"); !fixed.empty()) {
    token = MakeFixedToken(fixed);
  } else {
    const std::string client_id = OneOf(connection.secrets, "client_id");
    const std::string client_secret = OneOf(connection.secrets, "client_secret");
    const std::string refresh_token = OneOf(connection.secrets, "refresh_token");
    if (client_id.empty() || client_secret.empty() || refresh_token.empty()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: secrets need client_id, client_secret and refresh_token, or an "
                              "access_token",
                              PrintAccount(connection.account)));
    }
    const std::string token_url =
        or_default(connection.token_url, "https://oauth2.googleapis.com/token");
    token = MakeRefreshingToken(
        [=](http::Deadline deadline) {
          return RefreshAccess(*transport, token_url, client_id, client_secret, refresh_token,
                               clock->Now(), deadline);
        },
        clock);
  }
  Client client({.base_url = WithoutSlash(
                     or_default(connection.base_url, "https://googleads.googleapis.com")),
                 .version = or_default(connection.version, "v25"),
                 .login_customer_id = login,
                 .developer_token = OneOf(connection.secrets, "developer_token")},
                transport, std::move(token));
  auto both = std::make_shared<GoogleAds>(connection.account, std::move(login), std::move(client),
                                          std::move(clock));
  return Connector{.reader = both, .writer = both};
}

}  // namespace maxopt
