#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/fields.h"
#include "sim/meta/insights.h"
#include "sim/meta/meta_server.h"

namespace maxopt::sim::meta {
namespace {

/// A run is ready after so many looks, or so long, whichever is first.
constexpr int kPollsToStart = 1;
constexpr int kPollsToComplete = 3;
constexpr std::chrono::seconds kRunTime{60};
/// Rows that one synchronous question may produce; Meta's answer above it is a time-out.
constexpr std::size_t kSyncRowsMax = 50'000;

}  // namespace

Graph<Json> MetaServer::AnswerInsights(const Call& call, const Params& params, Account& account,
                                       Level level, const std::string& node_id, Instant as_of) {
  const auto query = ReadInsightsQuery(params, account, level, node_id, as_of);
  if (!query) return Refuse(query.error());
  const FetchRows fetch = [&](DayRange days, Breakdown breakdown) {
    return market_.Report({account.served.setup.account, days.since, days.until, breakdown, as_of});
  };
  auto answer = BuildInsights(*query, account, fetch, Now());
  if (!answer) return Refuse(answer.error());
  const bool async = !call.path.empty() && account.runs.contains(call.path[0]);
  if (!async && answer->rows.size() > kSyncRowsMax) {
    return Refuse({.subcode = 1504018,
                   .message = "(#100) The request timed out: ask for less data, or use an "
                              "asynchronous report"});
  }
  std::vector<std::string> keys;
  keys.reserve(answer->rows.size());
  for (std::size_t i = 0; i < answer->rows.size(); ++i) keys.push_back(fmt::format("row{:08}", i));
  const auto window = PageWindow(call.params, keys);
  if (!window) return Refuse(window.error());
  Json page = PageOf(call, std::move(answer->rows), keys, *window);
  if (!answer->summary.is_null()) page["summary"] = std::move(answer->summary);
  return page;
}

Graph<Json> MetaServer::Insights(const Call& call, Account& account, Level level,
                                 const std::string& node_id) {
  return AnswerInsights(call, call.params, account, level, node_id, Now());
}

Graph<Json> MetaServer::StartRun(const Call& call, Account& account, Level level,
                                 const std::string& node_id) {
  // What is wrong with the question is said now, not when the report is read.
  const auto query = ReadInsightsQuery(call.params, account, level, node_id, Now());
  if (!query) return Refuse(query.error());
  ReportRun run;
  run.id = NewId();
  run.node = call.path[0];
  run.params = call.params;
  run.asked_at = Now();
  const std::string id = run.id;
  account.runs.emplace(id, std::move(run));
  return Json{{"report_run_id", id}};
}

void MetaServer::Poll(ReportRun& run) const {
  ++run.polls;
  if (run.completed_at) return;
  if (run.polls >= kPollsToComplete || Now() - run.asked_at >= kRunTime) run.completed_at = Now();
}

Graph<Json> MetaServer::ReadRun(ReportRun& run, const Call& call, Account& account) {
  Poll(run);
  const bool done = run.completed_at.has_value();
  const bool started = run.polls > kPollsToStart;
  const auto seconds = [](Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  };
  Json all = {{"id", run.id},
              {"account_id", account.id()},
              {"async_status", done      ? "Job Completed"
                               : started ? "Job Running"
                                         : "Job Not Started"},
              {"async_percent_completion", done      ? 100
                                           : started ? 50
                                                     : 0},
              {"is_running", started && !done},
              {"time_ref", seconds(run.asked_at)},
              {"date_start", nullptr},
              {"date_stop", nullptr}};
  if (done) all["time_completed"] = seconds(*run.completed_at);
  const Object* object = account.FindAny(run.node);
  const Level level = object == nullptr ? Level::kAccount : LevelOf(object->kind);
  if (const auto query = ReadInsightsQuery(run.params, account, level,
                                           object == nullptr ? "" : run.node, run.asked_at)) {
    all["date_start"] = PrintDay(query->periods.front().since);
    all["date_stop"] = PrintDay(query->periods.back().until);
  }
  const auto fields = FieldsOf(call.params);
  if (!fields) return Refuse(fields.error());
  if (fields->empty()) return all;
  constexpr std::string_view kOthers =
      "async_report_url emails error_code error_message error_subcode error_user_msg "
      "error_user_title friendly_name is_async_export is_bookmarked schedule_id time_completed";
  Json out = Json::object();
  for (const FieldNode& field : *fields) {
    if (all.contains(field.name)) {
      out[field.name] = all[field.name];
    } else if (!HasWord(kOthers, field.name)) {
      return RefuseParam(fmt::format(
          "Tried accessing nonexisting field ({}) on node type (AdReportRun)", field.name));
    }
  }
  out["id"] = run.id;
  return out;
}

Graph<Json> MetaServer::RunInsights(ReportRun& run, const Call& call, Account& account) {
  if (!run.completed_at) {
    return Refuse({.code = 2601,
                   .message = "(#2601) Error accessing adreport job: Loading Async Session before "
                              "it is ready"});
  }
  const Object* object = account.FindAny(run.node);
  const Level level = object == nullptr ? Level::kAccount : LevelOf(object->kind);
  return AnswerInsights(call, run.params, account, level, object == nullptr ? "" : run.node,
                        *run.completed_at);
}

}  // namespace maxopt::sim::meta
