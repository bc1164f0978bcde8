#include "connect/meta/meta.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/meta/graph.h"
#include "connect/meta/insights.h"
#include "connect/meta/read.h"
#include "connect/meta/values.h"
#include "connect/meta/words.h"
#include "connect/meta/write.h"
#include "connect/retry/retry.h"
#include "connect/writer.h"
#include "json/json.h"

namespace maxopt {
namespace {

using meta::AllDigits;
using meta::Graph;
using meta::Ground;
using meta::Member;
using meta::Pages;
using meta::Params;
using meta::Post;
using meta::Setting;
using meta::Text;
using nlohmann::json;

/// Longer reports time out when asked for directly; they are run on Meta's side.
constexpr std::chrono::days kDirectReportMax{31};
constexpr std::chrono::seconds kFirstPoll{1};
constexpr std::chrono::seconds kLastPoll{30};
constexpr int kReportRunsMax = 2;
/// How long an upload waits for Meta to have processed the video. An ad that needs it waits as
/// long again, and then says that it may be sent again later.
constexpr std::chrono::minutes kVideoWait{2};
constexpr std::string_view kVideos = "advideos";
constexpr int kBatchMax = 50;

std::string_view EdgeOf(Level level) {
  switch (level) {
    case Level::kCampaign:
      return "campaigns";
    case Level::kAdGroup:
      return "adsets";
    case Level::kAd:
      return "ads";
    case Level::kConversion:
      return "adspixels";
    case Level::kAsset:
      return "adimages";
    case Level::kAccount:
      return "";
  }
  Bug();
}

std::string KeyById(const json& object) { return Text(object, "id"); }
std::string KeyByHash(const json& image) { return Text(image, "hash"); }

/// Pictures and videos hang side by side: the first are known by a hash.
bool IsVideoId(std::string_view id) { return AllDigits(id); }

class MetaConnector final : public PlatformReader, public PlatformWriter {
 public:
  MetaConnector(const Connection& connection, std::shared_ptr<Graph> graph,
                std::shared_ptr<Clock> clock)
      : connection_(connection), graph_(std::move(graph)), clock_(std::move(clock)) {}

  const Capabilities& capabilities() const override {
    static const Capabilities kCapabilities{
        .platform = Platform::kMeta,
        .metric_levels = {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd},
        .breakdowns = {Breakdown::kNone, Breakdown::kDevice, Breakdown::kCountry,
                       Breakdown::kPlacement, Breakdown::kAgeGender},
        .hour_levels = {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd},
        .restatement_days = 28,
        .attribution_window = std::string(meta::kWindow),
        .budget_level = Level::kCampaign,  // or the ad set, never both
        .minor_units = MinorUnits::kMeta,
        .daily_overdelivery_bp = 12'500,  // documented; a policy file may assume more
        .native_idempotency = false,
        .not_offered = {{Breakdown::kKeyword, "Meta's ads are shown by no keywords"},
                        {Breakdown::kSearchTerm, "Meta's ads are shown by no searches"},
                        {Breakdown::kAudience,
                         "Meta's insights have no cut by custom audience; an ad set's audience is "
                         "its targeting, so ask by ad_group"}},
        .bid_modifiers = {.why_not = "Meta offers bid multipliers to few accounts; an ad set of "
                                     "its own for the place or device has a bid of its own"},
    };
    return kCapabilities;
  }

  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline deadline) override {
    MAXOPT_TRY(
        const Pages pages,
        WholeList(
            "me/adaccounts", {{"fields", std::string(meta::kAccountFields)}, {"limit", "200"}},
            [](const json& account) { return Text(account, "account_id"); }, deadline));
    std::vector<AccountInfo> accounts;
    for (const json& item : pages.items) {
      MAXOPT_TRY(const Ground ground, meta::GroundFrom(item));
      accounts.push_back(ground.info);
    }
    return accounts;
  }

  Result<AccountTree> ReadAccount(const AccountId& account, http::Deadline deadline) override {
    MAXOPT_CHECK(CheckAccount(account));
    MAXOPT_TRY(const Ground ground, ReadGround(deadline));
    AccountTree tree{.info = ground.info, .entities = {}};
    MAXOPT_TRY(tree.entities, Pixels(ground, deadline));
    std::set<std::string> known;
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      MAXOPT_TRY(
          const Pages pages,
          WholeList(Edge(level), {{"fields", std::string(meta::FieldsOf(level))}, {"limit", "200"}},
                    KeyById, deadline));
      std::vector<Entity> entities;
      for (const json& item : pages.items) {
        MAXOPT_TRY(Entity entity, meta::EntityFrom(level, item, ground));
        // A parent that is not listed was removed, or made while we read.
        MAXOPT_CHECK(AddMissingParents(entity, ground, known, tree.entities, deadline));
        entities.push_back(std::move(entity));
      }
      for (Entity& entity : entities) {
        known.insert(entity.id);
        tree.entities.push_back(std::move(entity));
      }
    }
    return tree;
  }

  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline deadline) override {
    MAXOPT_CHECK(CheckAccount(query.account));
    MAXOPT_TRY(const Params params, meta::InsightsParams(query));
    MAXOPT_TRY(const Ground ground, GetGround(deadline));
    const auto key = [&](const json& row) { return meta::InsightsKey(query, row); };

    Pages pages;
    bool directly = query.to - query.from < kDirectReportMax;
    if (directly) {
      auto direct = graph_->List(Edge("insights"), params, key, deadline);
      // "Too much data": the same report can still be run on Meta's side.
      directly = direct || direct.error().platform_code != "100/1504018";
      if (directly) {
        if (!direct) return Fail(std::move(direct).error());
        pages = *std::move(direct);
      }
    }
    if (!directly) {
      MAXOPT_TRY(const std::string run, RunReport(params, deadline));
      MAXOPT_TRY(pages, graph_->List(run + "/insights", {{"limit", "500"}}, key, deadline));
    }
    MetricReport report{.query = query,
                        .attribution_window = std::string(meta::kWindow),
                        .rows = {},
                        .complete = pages.complete,
                        .incomplete_why = pages.why};
    MAXOPT_TRY(report.rows, meta::RowsFrom(query, pages.items, ground,
                                           Setting(connection_, "conversion_action_type")));
    return report;
  }

  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline deadline) override {
    MAXOPT_CHECK(CheckAccount(query.account));
    if (query.marker.empty() == query.ids.empty() || EdgeOf(query.level).empty()) {
      return Fail(Errc::kInvalidArgument,
                  "Meta: find by a marker or by ids, of a campaign, ad group, ad, asset or pixel");
    }
    MAXOPT_TRY(const Ground ground, GetGround(deadline));
    std::vector<Entity> found;
    if (query.level == Level::kConversion) {
      // A pixel does not say whose it is; that it is listed does.
      MAXOPT_TRY(std::vector<Entity> pixels, Pixels(ground, deadline));
      for (Entity& pixel : pixels) {
        const bool named =
            !query.marker.empty() && TextField(pixel.fields, "name").ends_with(query.marker);
        if (named || std::ranges::find(query.ids, pixel.id) != query.ids.end()) {
          found.push_back(std::move(pixel));
        }
      }
      return found;
    }
    if (!query.ids.empty()) {
      // One by one: Meta refuses a whole list for one id that is gone.
      for (const std::string& id : query.ids) {
        MAXOPT_TRY(std::optional<Entity> entity, FindOne(query.level, id, ground, deadline));
        if (entity) found.push_back(*std::move(entity));
      }
      return found;
    }
    Params params{{"fields", std::string(meta::FieldsOf(query.level))}, {"limit", "200"}};
    if (query.level != Level::kAsset) {
      json statuses = json::array();
      for (const std::string_view status : meta::EffectiveStatusesOf(query.level)) {
        statuses.push_back(status);
      }
      params.emplace_back("effective_status", statuses.dump());
      params.emplace_back("filtering", NameFilter(query.marker));
    }
    MAXOPT_TRY(const Pages pages,
               WholeList(Edge(query.level), params,
                         query.level == Level::kAsset ? KeyByHash : KeyById, deadline));
    for (const json& item : pages.items) {
      if (!Text(item, "name").ends_with(query.marker)) continue;
      MAXOPT_TRY(Entity entity, meta::EntityFrom(query.level, item, ground));
      found.push_back(std::move(entity));
    }
    if (query.level != Level::kAsset) return found;
    MAXOPT_TRY(
        const Pages videos,
        WholeList(Edge(kVideos), {{"fields", std::string(meta::kVideoFields)}, {"limit", "200"}},
                  KeyById, deadline));
    for (const json& item : videos.items) {
      if (!Text(item, "title").ends_with(query.marker)) continue;
      MAXOPT_TRY(Entity entity, meta::EntityFrom(query.level, item, ground));
      found.push_back(std::move(entity));
    }
    return found;
  }

  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery& query,
                                                http::Deadline deadline) override {
    MAXOPT_CHECK(CheckAccount(query.account));
    if (query.from > query.to) {
      return Fail(Errc::kInvalidArgument, "Meta's history: the beginning is after the end");
    }
    const auto seconds = [](Instant at) {
      return fmt::to_string(
          std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
    };
    MAXOPT_TRY(const Pages pages,
               WholeList(
                   Edge("activities"),
                   {{"fields",
                     "event_time,event_type,actor_id,actor_name,application_id,application_name,"
                     "object_id,object_name,object_type,extra_data,translated_event_type"},
                    {"since", seconds(query.from)},
                    {"until", seconds(query.to + std::chrono::seconds(1))},
                    {"limit", "500"}},
                   // Entries have no id: all of it is what tells one from another.
                   [](const json& entry) {
                     return entry.dump(-1, ' ', false, json::error_handler_t::replace);
                   },
                   deadline));
    std::vector<HistoryEvent> events;
    for (const json& item : pages.items) {
      MAXOPT_TRY(HistoryEvent event, meta::EventFrom(item, Setting(connection_, "app_id")));
      if (event.at >= query.from && event.at <= query.to) events.push_back(std::move(event));
    }
    std::ranges::stable_sort(events, {}, &HistoryEvent::at);
    return events;
  }

  Result<Applied> Apply(const Change& change, http::Deadline deadline) override {
    MAXOPT_CHECK(CheckChange(change));
    if (change.action == ChangeAction::kUpdate) return Update(change, deadline);
    if (change.level == Level::kAsset) return Upload(change, deadline);
    if (change.level == Level::kAd) return CreateAd(change, deadline);
    if (change.level == Level::kConversion) return CreatePixel(change, deadline);
    MAXOPT_TRY(const Params params, ParamsFor(change, deadline));
    return Create(Edge(change.level), params, deadline);
  }

  int batch_max() const override { return kBatchMax; }

  /// Campaigns, ad sets and updates go in one call, each with its own truth. Ads and pictures are
  /// more than one write each, and pixels are few: they go one by one.
  std::vector<Result<Applied>> ApplyBatch(std::span<const Change> changes,
                                          http::Deadline deadline) override {
    std::vector<Result<Applied>> out(changes.size(), Fail(Errc::kLocal, "not sent"));
    std::vector<Graph::BatchEntry> entries;
    std::vector<std::size_t> sent;  // index of each entry's change
    const auto flush = [&] {
      if (entries.empty()) return;
      std::string trace;
      auto answers = graph_->Batch(entries, ClassifyMeta, deadline, &trace);
      for (std::size_t i = 0; i < sent.size(); ++i) {
        const Change& change = changes[sent[i]];
        Result<Applied>& result = out[sent[i]];
        if (!answers) {
          result = Fail(answers.error());
        } else if (!(*answers)[i]) {
          result = Fail((*answers)[i].error());
        } else if (change.action == ChangeAction::kUpdate) {
          result = Updated(change, *(*answers)[i], trace);
        } else {
          result = Created(entries[i].path, *(*answers)[i], trace);
        }
      }
      entries.clear();
      sent.clear();
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Change& change = changes[i];
      const bool update = change.action == ChangeAction::kUpdate;
      const bool one_write = change.level == Level::kCampaign || change.level == Level::kAdGroup ||
                             (update && change.level == Level::kAd);
      if (!one_write) {
        out[i] = Apply(change, deadline);
        continue;
      }
      if (auto right = CheckChange(change); !right) {
        out[i] = Fail(std::move(right).error());
        continue;
      }
      auto params = ParamsFor(change, deadline);
      if (!params) {
        out[i] = Fail(std::move(params).error());
        continue;
      }
      entries.push_back({update ? change.id : Edge(change.level), *std::move(params)});
      sent.push_back(i);
      if (entries.size() == static_cast<std::size_t>(kBatchMax)) flush();
    }
    flush();
    return out;
  }

  Result<> Validate(const Change& change, http::Deadline deadline) override {
    MAXOPT_CHECK(CheckChange(change));
    const bool create = change.action == ChangeAction::kCreate;
    if (change.level == Level::kAsset) {
      if (TextField(change.after, "media") == "video") {
        MAXOPT_CHECK(meta::VideoOf(change));
      } else {
        MAXOPT_CHECK(meta::ImageOf(change));
      }
      return {};
    }
    // What this plan has yet to make cannot be checked by Meta, but the rest by us.
    Change whole = change;
    bool waits = create && meta::FillPending(whole);
    Params params;
    std::string path = change.id;
    if (create && change.level == Level::kAd) {
      MAXOPT_TRY(json creative, meta::CreativeOf(whole, connection_, ""));
      if (waits || change.parent_id.empty()) return {};
      if (const std::string video = TextField(whole.after, "video"); !video.empty()) {
        MAXOPT_TRY(const std::string picture, AwaitVideo(video, deadline));
        MAXOPT_TRY(creative, meta::CreativeOf(whole, connection_, picture));
      }
      params = {{"name", creative.at("name").get<std::string>()},
                {"adset_id", change.parent_id},
                {"status", "PAUSED"},
                {"creative", PrintExactJson(creative)}};
      path = Edge(change.level);
    } else {
      if (create && change.level == Level::kAdGroup && change.parent_id.empty()) {
        whole.parent_id = "pending";
        waits = true;
      }
      MAXOPT_TRY(params, ParamsFor(whole, deadline));
      // A pixel's edge knows no execution_options: it would write.
      if (waits || change.level == Level::kConversion) return {};
      if (create) path = Edge(change.level);
    }
    params.emplace_back("execution_options", R"(["validate_only"])");
    MAXOPT_CHECK(graph_->Send(path, std::move(params), Post::kRead, deadline));
    return {};
  }

 private:
  std::string Edge(std::string_view edge) const {
    return fmt::format("act_{}/{}", connection_.account.id, edge);
  }
  std::string Edge(Level level) const { return Edge(EdgeOf(level)); }

  Result<> CheckAccount(const AccountId& account) const {
    if (account == connection_.account) return {};
    return Fail(Errc::kInvalidArgument,
                fmt::format("this connection is of {}, not of {}",
                            PrintAccount(connection_.account), PrintAccount(account)));
  }

  Result<> CheckChange(const Change& change) const {
    MAXOPT_CHECK(CheckAccount(change.account));
    if (change.level == Level::kAccount) {
      return Fail(Errc::kInvalidArgument, "Meta: an account cannot be changed here");
    }
    if (change.action == ChangeAction::kUpdate && change.level == Level::kAsset) {
      return Fail(Errc::kInvalidArgument, "Meta: an uploaded picture or video cannot be changed");
    }
    if (change.action == ChangeAction::kUpdate && !AllDigits(change.id)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("Meta: \"{}\" is not the id of what is to be changed", change.id));
    }
    if (change.action == ChangeAction::kCreate && change.key.empty()) {
      return Fail(Errc::kInvalidArgument, "Meta: a create without a key could not be found again");
    }
    return {};
  }

  static std::string NameFilter(std::string_view marker) {
    // Without the space in front, which a server may trim; the exact end is checked here.
    const std::string part(marker.substr(std::min(marker.find_first_not_of(' '), marker.size())));
    return json::array({{{"field", "name"}, {"operator", "CONTAIN"}, {"value", part}}})
        .dump(-1, ' ', false, json::error_handler_t::replace);
  }

  Result<Pages> WholeList(std::string_view path, const Params& params,
                          const std::function<std::string(const json&)>& key,
                          http::Deadline deadline) {
    MAXOPT_TRY(Pages pages, graph_->List(path, params, key, deadline));
    if (!pages.complete) {
      return Fail(Errc::kBadAnswer, fmt::format("Meta's list is incomplete: {}", pages.why));
    }
    return pages;
  }

  Result<Ground> ReadGround(http::Deadline deadline) {
    MAXOPT_TRY(const json account,
               graph_->Get("act_" + connection_.account.id,
                           {{"fields", std::string(meta::kAccountFields)}}, deadline));
    MAXOPT_TRY(Ground ground, meta::GroundFrom(account));
    if (ground.info.account != connection_.account) {
      return Fail(Errc::kBadAnswer, fmt::format("Meta answered for {} when asked about {}",
                                                PrintAccount(ground.info.account),
                                                PrintAccount(connection_.account)));
    }
    const std::lock_guard lock(mutex_);
    ground_ = ground;
    return ground;
  }

  /// Currency and zone of a Meta account never change, so once read they stay.
  Result<Ground> GetGround(http::Deadline deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (ground_) return *ground_;
    }
    return ReadGround(deadline);
  }

  Result<std::optional<Entity>> FindOne(Level level, const std::string& id, const Ground& ground,
                                        http::Deadline deadline) {
    if (level == Level::kAsset && !IsVideoId(id)) {
      MAXOPT_TRY(
          const Pages pages,
          WholeList(
              Edge(level),
              {{"fields", std::string(meta::kImageFields)},
               {"hashes", json::array({id}).dump(-1, ' ', false, json::error_handler_t::replace)}},
              KeyByHash, deadline));
      for (const json& item : pages.items) {
        if (Text(item, "hash") != id) continue;
        MAXOPT_TRY(Entity entity, meta::EntityFrom(level, item, ground));
        return entity;
      }
      return std::nullopt;
    }
    if (!AllDigits(id)) return std::nullopt;
    const bool video = level == Level::kAsset;
    auto object = graph_->Get(
        id, {{"fields", std::string(video ? meta::kVideoFields : meta::FieldsOf(level))}},
        deadline);
    if (!object) {
      if (object.error().code == Errc::kNotFound) return std::nullopt;
      return Fail(std::move(object).error());
    }
    // The token may reach other accounts, whose objects are none of this connection's business.
    // A video does not say whose it is.
    if (!video && Text(*object, "account_id") != connection_.account.id) return std::nullopt;
    MAXOPT_TRY(Entity entity, meta::EntityFrom(level, *object, ground));
    return entity;
  }

  Result<> AddMissingParents(const Entity& entity, const Ground& ground,
                             std::set<std::string>& known, std::vector<Entity>& entities,
                             http::Deadline deadline) {
    if (entity.level == Level::kCampaign || known.contains(entity.parent_id)) return {};
    const Level above = entity.level == Level::kAd ? Level::kAdGroup : Level::kCampaign;
    MAXOPT_TRY(std::optional<Entity> parent, FindOne(above, entity.parent_id, ground, deadline));
    if (!parent) {
      return Fail(Errc::kBadAnswer, fmt::format("Meta lists the {} {} but not the {} {} above it",
                                                LevelName(entity.level), entity.id,
                                                LevelName(above), entity.parent_id));
    }
    MAXOPT_CHECK(AddMissingParents(*parent, ground, known, entities, deadline));
    known.insert(parent->id);
    entities.push_back(*std::move(parent));
    return {};
  }

  /// Has Meta make a report; the id of the finished run. A run that failed is started once more.
  Result<std::string> RunReport(const Params& params, http::Deadline deadline) {
    std::string trouble;
    for (int run = 0; run < kReportRunsMax; ++run) {
      MAXOPT_TRY(const json started, graph_->Send(Edge("insights"), params, Post::kRead, deadline));
      std::string id = Text(started, "report_run_id");
      if (!AllDigits(id)) {
        return Fail(Errc::kBadAnswer, "Meta started a report without telling its id");
      }
      MAXOPT_TRY(const std::string status, AwaitReport(id, deadline));
      if (status == "Job Completed") return id;
      trouble = fmt::format("report {}: {}", id, status);
    }
    return Fail(Errc::kUnavailable, "Meta could not make the report: " + trouble);
  }

  /// Asks until the run has ended: "Job Completed", "Job Failed" or "Job Skipped".
  Result<std::string> AwaitReport(const std::string& id, http::Deadline deadline) {
    const Instant until =
        clock_->Now() + std::chrono::duration_cast<std::chrono::microseconds>(
                            std::min(deadline - std::chrono::steady_clock::now(),
                                     std::chrono::steady_clock::duration(std::chrono::hours(24))));
    std::chrono::seconds wait = kFirstPoll;
    while (true) {
      MAXOPT_TRY(const json run, graph_->Get(id,
                                             {{"fields",
                                               "id,async_status,async_percent_completion,"
                                               "error_code,error_message,error_subcode"}},
                                             deadline));
      std::string status = Text(run, "async_status");
      const std::string percent = Text(run, "async_percent_completion");
      if (status.empty()) {
        return Fail(Errc::kBadAnswer, fmt::format("Meta's report {} has no status", id));
      }
      if (status == "Job Failed" || status == "Job Skipped") return status;
      // "Completed" below 100 % still misses rows.
      if (status == "Job Completed" && percent == "100") return status;
      const Instant next = clock_->Now() + wait;
      if (next > until) {
        return Fail(
            Errc::kUnavailable,
            fmt::format("Meta's report {} was not ready in time: {}, {} %", id, status, percent));
      }
      clock_->SleepUntil(next);
      wait = std::min(wait * 2, kLastPoll);
    }
  }

  /// The ad set as Meta has it, for changes that replace a part of what Meta replaces as a whole;
  /// of a new one the campaign above, when what is wanted depends on it.
  Result<json> Present(const Change& change, http::Deadline deadline) {
    if (meta::NeedsCampaign(change) && AllDigits(change.parent_id)) {
      MAXOPT_TRY(json campaign,
                 graph_->Get(change.parent_id,
                             {{"fields", std::string(meta::kCampaignOfAdSetFields)}}, deadline));
      return json{{"campaign", std::move(campaign)}};
    }
    if (!meta::NeedsPresent(change)) return json();
    MAXOPT_TRY(json present,
               graph_->Get(change.id, {{"fields", std::string(meta::kPresentFields)}}, deadline));
    if (Text(present, "id") != change.id) {
      return Fail(Errc::kBadAnswer,
                  fmt::format("Meta answered for another object than {}", change.id));
    }
    return present;
  }

  Result<Applied> Create(const std::string& edge, const Params& params, http::Deadline deadline) {
    std::string trace;
    MAXOPT_TRY(const json answer, graph_->Send(edge, params, Post::kWrite, deadline, &trace));
    return Created(edge, answer, std::move(trace));
  }

  /// An account has one pixel unless its Business gives it more.
  Result<Applied> CreatePixel(const Change& change, http::Deadline deadline) {
    MAXOPT_TRY(const Params params, ParamsFor(change, deadline));
    auto made = Create(Edge(Level::kConversion), params, deadline);
    if (made || made.error().code != Errc::kConflict) return made;
    Error error = std::move(made).error();
    MAXOPT_TRY(const Ground ground, GetGround(deadline));
    const auto pixels = Pixels(ground, deadline);
    if (pixels && !pixels->empty()) {
      error.what += fmt::format("; the pixel {} \"{}\" is there: name its id instead of a new one",
                                pixels->front().id, TextField(pixels->front().fields, "name"));
    }
    return Fail(std::move(error));
  }

  Result<std::vector<Entity>> Pixels(const Ground& ground, http::Deadline deadline) {
    MAXOPT_TRY(
        const Pages pages,
        WholeList(Edge(Level::kConversion),
                  {{"fields", std::string(meta::FieldsOf(Level::kConversion))}, {"limit", "200"}},
                  KeyById, deadline));
    std::vector<Entity> pixels;
    for (const json& item : pages.items) {
      MAXOPT_TRY(Entity pixel, meta::EntityFrom(Level::kConversion, item, ground));
      pixels.push_back(std::move(pixel));
    }
    return pixels;
  }

  Result<Applied> Update(const Change& change, http::Deadline deadline) {
    MAXOPT_TRY(const Params params, ParamsFor(change, deadline));
    std::string trace;
    MAXOPT_TRY(const json answer, graph_->Send(change.id, params, Post::kWrite, deadline, &trace));
    return Updated(change, answer, std::move(trace));
  }

  static Result<Applied> Updated(const Change& change, const json& answer, std::string trace) {
    const json* success = Member(answer, "success");
    // A pixel answers with its id.
    const bool named = change.level == Level::kConversion && Text(answer, "id") == change.id;
    if (!named && (success == nullptr || *success != json(true))) {
      return Fail(
          Errc::kUnknownOutcome,
          fmt::format("Meta answered a change of {} without saying that it worked", change.id));
    }
    return Applied{.id = change.id, .platform_ref = std::move(trace)};
  }

  static Result<Applied> Created(const std::string& edge, const json& answer, std::string trace) {
    Applied applied{.id = Text(answer, "id"), .platform_ref = std::move(trace)};
    if (!AllDigits(applied.id)) {
      return Fail(Errc::kUnknownOutcome,
                  fmt::format("Meta answered a create in {} without an id", edge));
    }
    return applied;
  }

  /// Reads what the change depends on, and puts it into Meta's words.
  Result<Params> ParamsFor(const Change& change, http::Deadline deadline) {
    MAXOPT_TRY(Ground ground, GetGround(deadline));
    // The account's defaults may have been set since.
    if (change.level == Level::kAdGroup && !ground.names_payor &&
        (Setting(connection_, "dsa_beneficiary").empty() ||
         Setting(connection_, "dsa_payor").empty())) {
      MAXOPT_TRY(ground, ReadGround(deadline));
    }
    MAXOPT_TRY(const json present, Present(change, deadline));
    return meta::ParamsOf(change, ground, connection_, present);
  }

  Result<Applied> UploadVideo(const Change& change, http::Deadline deadline) {
    MAXOPT_TRY(std::vector<http::Part> parts, meta::VideoOf(change));
    std::string trace;
    MAXOPT_TRY(const json answer,
               graph_->Upload(Edge(kVideos), std::move(parts), deadline, &trace));
    MAXOPT_TRY(const Applied made, Created(Edge(kVideos), answer, std::move(trace)));
    const auto ready = AwaitVideo(made.id, deadline);
    if (ready || ready.error().code != Errc::kInvalidArgument) return made;
    // It can never be shown. Once it is gone, nothing was written.
    Error error = ready.error();
    const auto gone = graph_->Remove(made.id, deadline);
    if (!gone && gone.error().code != Errc::kNotFound) {
      return Fail(Errc::kUnknownOutcome,
                  fmt::format("{}; and the video {} could not be removed: {}", error.what, made.id,
                              gone.error().what));
    }
    return Fail(std::move(error));
  }

  /// Waits until Meta has processed the video; the address of its still. kUnavailable: not yet.
  /// kInvalidArgument: Meta cannot use the file.
  Result<std::string> AwaitVideo(const std::string& id, http::Deadline deadline) {
    const Instant until =
        clock_->Now() + std::min<std::chrono::microseconds>(
                            std::chrono::duration_cast<std::chrono::microseconds>(
                                std::max(deadline - std::chrono::steady_clock::now(),
                                         std::chrono::steady_clock::duration::zero())),
                            kVideoWait);
    std::chrono::seconds wait = kFirstPoll;
    while (true) {
      MAXOPT_TRY(const json video, graph_->Get(id, {{"fields", "id,status,picture"}}, deadline));
      const json* status = Member(video, "status");
      const std::string word = status == nullptr ? "" : Text(*status, "video_status");
      if (word == "ready") return Text(video, "picture");
      if (word == "error" || word == "upload_failed" || word == "expired") {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("Meta: field \"content\": the video {} could not be processed "
                                "({}); upload a file in MP4 or MOV with H.264",
                                id, word));
      }
      const Instant next = clock_->Now() + wait;
      if (next > until) {
        return Fail(Errc::kUnavailable,
                    fmt::format("Meta is still processing the video {} ({}); try again later", id,
                                word.empty() ? "no status" : word));
      }
      clock_->SleepUntil(next);
      wait = std::min(wait * 2, kLastPoll);
    }
  }

  Result<Applied> Upload(const Change& change, http::Deadline deadline) {
    if (TextField(change.after, "media") == "video") return UploadVideo(change, deadline);
    MAXOPT_TRY(const Params params, meta::ImageOf(change));
    Applied applied;
    // The same bytes give the same hash, so this may be sent again like a read.
    MAXOPT_TRY(const json answer, graph_->Send(Edge(Level::kAsset), params, Post::kRead, deadline,
                                               &applied.platform_ref));
    const json* images = Member(answer, "images");
    if (images != nullptr && images->is_object() && images->size() == 1) {
      applied.id = Text(images->begin().value(), "hash");
    }
    if (applied.id.empty()) {
      return Fail(Errc::kUnknownOutcome, "Meta answered an upload without the picture's hash");
    }
    return applied;
  }

  Result<Applied> CreateAd(const Change& change, http::Deadline deadline) {
    if (change.parent_id.empty()) {
      return Fail(Errc::kInvalidArgument, "Meta: an ad needs the id of its ad set");
    }
    MAXOPT_TRY(json creative, meta::CreativeOf(change, connection_, ""));
    if (const std::string video = TextField(change.after, "video"); !video.empty()) {
      MAXOPT_TRY(const std::string picture, AwaitVideo(video, deadline));
      if (picture.empty() && TextField(change.after, "thumbnail").empty()) {
        return meta::Refuse("thumbnail",
                            "Meta has no still of the video; give it a picture as its thumbnail");
      }
      MAXOPT_TRY(creative, meta::CreativeOf(change, connection_, picture));
    }
    MAXOPT_TRY(std::string creative_id, FindCreative(change, deadline));
    if (creative_id.empty()) {
      MAXOPT_TRY(const Applied made,
                 Create(Edge("adcreatives"), meta::ParamsOfJson(creative), deadline));
      creative_id = made.id;
    }
    return Create(Edge(Level::kAd),
                  {{"name", creative.at("name").get<std::string>()},
                   {"adset_id", change.parent_id},
                   {"status", "PAUSED"},
                   {"creative", json({{"creative_id", creative_id}}).dump()}},
                  deadline);
  }

  /// The creative that an earlier try of the same change made; "" when there is none.
  Result<std::string> FindCreative(const Change& change, http::Deadline deadline) {
    const std::string marker = MarkerOf(change.key);
    MAXOPT_TRY(const Pages pages, WholeList(Edge("adcreatives"),
                                            {{"fields", "id,name,status"},
                                             {"limit", "200"},
                                             {"filtering", NameFilter(marker)}},
                                            KeyById, deadline));
    for (const json& item : pages.items) {
      if (Text(item, "name").ends_with(marker) && Text(item, "status") != "DELETED") {
        return Text(item, "id");
      }
    }
    return std::string();
  }

  const Connection connection_;
  const std::shared_ptr<Graph> graph_;
  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::optional<Ground> ground_;  // guarded by mutex_
};

}  // namespace

Result<Connector> MakeMetaConnector(const Connection& connection,
                                    std::shared_ptr<http::Transport> wire,
                                    std::shared_ptr<Clock> clock) {
  if (connection.account.platform != Platform::kMeta || !AllDigits(connection.account.id)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is not a Meta ad account: meta/ and digits, without act_",
                            PrintAccount(connection.account)));
  }
  RetryPolicy policy;
  policy.calls_per_second = connection.calls_per_second;
  policy.burst = std::max(1.0, 2 * connection.calls_per_second);
  policy.seed = std::hash<std::string>()(connection.account.id);
  auto transport = MakeRetryingTransport(std::move(wire), ClassifyMeta, policy, clock);
  MAXOPT_TRY(auto graph, meta::Graph::Make(connection, std::move(transport)));
  auto both = std::make_shared<MetaConnector>(connection, std::move(graph), std::move(clock));
  return Connector{.reader = both, .writer = both};
}

}  // namespace maxopt
