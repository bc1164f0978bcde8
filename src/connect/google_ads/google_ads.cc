#include "connect/google_ads/google_ads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "connect/google_ads/classify.h"
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
                   Breakdown::kKeyword, Breakdown::kSearchTerm, Breakdown::kAudience},
    .hour_levels = {Level::kCampaign},
    .restatement_days = 30,
    .attribution_window = std::string(kAttributionWindow),
    .budget_level = Level::kCampaign,
    .minor_units = MinorUnits::kIso4217,
    .daily_overdelivery_bp = 20'000,
    .native_idempotency = false,
    .not_offered = {{Breakdown::kAgeGender,
                     "Google Ads tells ages and genders in two views of their own, which are not "
                     "read"}},
    .bid_modifiers = {.by = {"country", "device", "location"}, .min_bp = 1'000, .max_bp = 100'000},
};

class GoogleAds final : public PlatformReader, public PlatformWriter {
 public:
  GoogleAds(AccountId account, std::string login_customer_id, std::string business_name,
            Client client, std::shared_ptr<Clock> clock)
      : account_(std::move(account)),
        login_customer_id_(std::move(login_customer_id)),
        business_name_(std::move(business_name)),
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
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd, Level::kConversion}) {
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
    if (mutation->operations == 0) return Applied{.id = change.id, .platform_ref = {}};
    auto answer = client_.Post(mutation->path, mutation->body, /*idempotent=*/false, deadline);
    if (!answer) {
      return FailWithin(WhereOf(change), WithFields(*mutation, std::move(answer).error()));
    }
    auto id = IdOfAnswer(*mutation, answer->body);
    if (!id) return FailWithin(WhereOf(change), id.error());
    return AppliedTo(change, *std::move(id), answer->request_id);
  }

  int batch_max() const override { return 1000; }

  /// Changes of one operation share a call in which each stands for itself. A change of several
  /// operations has a call of its own, because there it is all or nothing.
  std::vector<Result<Applied>> ApplyBatch(std::span<const Change> changes,
                                          http::Deadline deadline) override {
    std::vector<std::optional<Result<Applied>>> out(changes.size());
    std::vector<std::pair<std::size_t, Mutation>> together;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      auto mutation = Prepare(changes[i], deadline);
      if (!mutation) {
        out[i] = FailWithin(WhereOf(changes[i]), mutation.error());
      } else if (mutation->operations == 1) {
        together.emplace_back(i, *std::move(mutation));
      } else {
        out[i] = Apply(changes[i], deadline);
      }
    }
    if (together.size() == 1) {
      out[together.front().first] = Apply(changes[together.front().first], deadline);
    } else if (!together.empty()) {
      SendTogether(changes, together, out, deadline);
    }
    std::vector<Result<Applied>> results;
    results.reserve(out.size());
    for (auto& one : out) results.push_back(*std::move(one));
    return results;
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
    if (parent_to_come || mutation->operations == 0) return {};
    Json body = mutation->body;
    body["validateOnly"] = true;
    // Checking changes nothing, so it may be asked twice like a read.
    const auto answer = client_.Post(mutation->path, body, /*idempotent=*/true, deadline);
    if (!answer) return FailWithin(WhereOf(change), WithFields(*mutation, answer.error()));
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

  static Applied AppliedTo(const Change& change, std::string id, const std::string& request_id) {
    const bool create = change.action == ChangeAction::kCreate;
    return Applied{.id = create ? std::move(id) : change.id, .platform_ref = request_id};
  }

  /// Google names places in its own request; whoever planned the change knows fields.
  static Error WithFields(const Mutation& mutation, Error error) {
    for (const std::string& field : FieldsOfError(mutation, error.what)) {
      error.what += fmt::format("; field \"{}\"", field);
    }
    return error;
  }

  void SendTogether(std::span<const Change> changes,
                    const std::vector<std::pair<std::size_t, Mutation>>& together,
                    std::vector<std::optional<Result<Applied>>>& out, http::Deadline deadline) {
    std::vector<const Mutation*> mutations;
    mutations.reserve(together.size());
    for (const auto& [index, mutation] : together) mutations.push_back(&mutation);
    const auto answer = client_.Post(fmt::format("customers/{}/googleAds:mutate", account_.id),
                                     BatchOf(mutations), /*idempotent=*/false, deadline);
    std::optional<std::vector<Result<std::string>>> items;
    if (answer) {
      std::vector<std::string> keys;
      keys.reserve(together.size());
      for (const auto& [index, mutation] : together) keys.push_back(mutation.single_result);
      items = ItemsOfBatch(answer->body, keys);
    }
    for (std::size_t k = 0; k < together.size(); ++k) {
      const auto& [index, mutation] = together[k];
      const Change& change = changes[index];
      if (!answer) {
        out[index] = FailWithin(WhereOf(change), answer.error());
      } else if (!items) {
        out[index] = FailWithin(
            WhereOf(change),
            Error{Errc::kUnknownOutcome,
                  fmt::format("Google Ads answered a call of {} changes in a way that cannot be "
                              "mapped to them: read each back before anything else",
                              together.size())});
      } else if (!(*items)[k]) {
        Mutation alone = mutation;  // its operation had the number k in this call
        alone.operations = together.size();
        alone.fields.assign(together.size(), mutation.fields.front());
        out[index] = FailWithin(WhereOf(change), WithFields(alone, (*items)[k].error()));
      } else {
        out[index] = AppliedTo(change, *(*items)[k], answer->request_id);
      }
    }
  }

  Result<Mutation> Locally(const Change& change, http::Deadline deadline) {
    MAXOPT_CHECK(IsOurs(change.account));
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    return MutationOf(
        change,
        {.customer = account_.id, .currency = info.currency, .business_name = BusinessName(info)});
  }

  /// Everything before the write: nothing is written when this fails.
  Result<Mutation> Prepare(const Change& change, http::Deadline deadline) {
    MAXOPT_CHECK(IsOurs(change.account));
    MAXOPT_TRY(const AccountInfo info, Info(deadline));
    Context context{
        .customer = account_.id, .currency = info.currency, .business_name = BusinessName(info)};
    const bool create = change.action == ChangeAction::kCreate;
    if (create && IsDigits(change.parent_id)) {
      MAXOPT_CHECK(ReadAround(change, context, deadline));
    }
    if (!create && IsDigits(change.id)) {
      if (ChangesBudget(change)) {
        MAXOPT_TRY(context.budget, BudgetOf(change.id, deadline));
      }
      if (NeedsLive(change)) {
        MAXOPT_CHECK(ReadLive(change, info, context, deadline));
      }
      if (change.level == Level::kAd) {
        context.ad_group = change.parent_id;
        if (context.ad_group.empty()) {
          MAXOPT_TRY(context.ad_group, AdGroupOf(change.id, deadline));
        }
      }
    }
    return MutationOf(change, context);
  }

  std::string BusinessName(const AccountInfo& info) const {
    return business_name_.empty() ? info.name : business_name_;
  }

  /// What is above and beside a new ad group or ad.
  Result<> ReadAround(const Change& change, Context& context, http::Deadline deadline) {
    const std::string& parent = change.parent_id;
    if (change.level == Level::kAdGroup) {
      MAXOPT_TRY(context.channel, ChannelOf("campaign", parent, deadline));
    }
    if (change.level != Level::kAd) return {};
    MAXOPT_TRY(context.channel, ChannelOf("ad_group", parent, deadline));
    const std::string image = TextField(change.after, "image");
    if (context.channel == "SEARCH" && IsDigits(image)) {
      MAXOPT_TRY(context.image_linked, ImageLinked(parent, image, deadline));
    }
    if (context.channel != "DISPLAY") return {};
    const auto ids = AssetsOf(change.after);
    if (ids.empty()) return {};
    MAXOPT_TRY(const auto rows,
               client_.SearchAll(account_.id,
                                 fmt::format("SELECT asset.id, asset.type, "
                                             "asset.image_asset.full_size.width_pixels, "
                                             "asset.image_asset.full_size.height_pixels "
                                             "FROM asset WHERE asset.id IN ({})",
                                             fmt::join(ids, ", ")),
                                 deadline));
    for (const Json& row : rows) {
      MAXOPT_TRY(const std::string id, Id(row, "asset.id"));
      AssetInfo& asset = context.assets[id];
      MAXOPT_TRY(asset.type, Text(row, "asset.type"));
      MAXOPT_TRY(const auto width, Integer(row, "asset.imageAsset.fullSize.widthPixels"));
      MAXOPT_TRY(const auto height, Integer(row, "asset.imageAsset.fullSize.heightPixels"));
      asset.width_px = width.value_or(0);
      asset.height_px = height.value_or(0);
    }
    return {};
  }

  /// SEARCH, DISPLAY, ... of the campaign that `resource` is or belongs to.
  Result<std::string> ChannelOf(const std::string& resource, const std::string& id,
                                http::Deadline deadline) {
    MAXOPT_TRY(const auto rows,
               client_.SearchAll(account_.id,
                                 fmt::format("SELECT {0}.id, campaign.advertising_channel_type "
                                             "FROM {0} WHERE {0}.id = {1}",
                                             resource, id),
                                 deadline));
    if (rows.empty()) {
      return Fail(Errc::kNotFound, fmt::format("there is no {} {}", resource, id));
    }
    return Text(rows.front(), "campaign.advertisingChannelType");
  }

  /// The object as it is and everything that targets it, for an update that needs them.
  Result<> ReadLive(const Change& change, const AccountInfo& info, Context& context,
                    http::Deadline deadline) {
    MAXOPT_TRY(auto found, ReadEntities(client_, info, change.level,
                                        {.by = Wanted::By::kIds, .ids = {change.id}}, deadline));
    if (found.empty()) {
      return Fail(Errc::kNotFound,
                  fmt::format("there is no {} {}", LevelName(change.level), change.id));
    }
    context.live = std::move(found.front().fields);
    if (change.level == Level::kCampaign) {
      for (const char c : TextField(context.live, "channel_type")) {
        context.channel += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      }
    } else {
      MAXOPT_TRY(context.channel, ChannelOf("campaign", found.front().campaign_id, deadline));
    }
    if (!HasCriteria(change.level, change.after)) return {};
    MAXOPT_TRY(context.criteria,
               ReadCriteria(client_, account_.id, change.level, change.id, deadline));
    return {};
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
  const std::string business_name_;  // empty: the account's name
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
  auto both = std::make_shared<GoogleAds>(connection.account, std::move(login),
                                          OneOf(connection.settings, "business_name"),
                                          std::move(client), std::move(clock));
  return Connector{.reader = both, .writer = both};
}

}  // namespace maxopt
