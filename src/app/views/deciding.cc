// plans, plan, rules, policy, documents, checklists, messages: what is decided, by what, on what.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "app/rules/rules.h"
#include "app/views/sources.h"
#include "app/views/themes.h"
#include "domain/digest.h"

namespace maxopt::views {
namespace {

std::string ToneOf(PlanStatus status) {
  switch (status) {
    case PlanStatus::kGuarded:
    case PlanStatus::kApproved:
    case PlanStatus::kApplying:
      return "watch";
    case PlanStatus::kBlocked:
    case PlanStatus::kFailed:
      return "bad";
    case PlanStatus::kApplied:
    case PlanStatus::kVerified:
    case PlanStatus::kScored:
      return "good";
    case PlanStatus::kDraft:
    case PlanStatus::kRejected:
      return "";
  }
  Bug();
}

/// What has to happen to it next.
ViewCell NextOf(const Plan& plan, Instant now) {
  switch (plan.status) {
    case PlanStatus::kGuarded:
      return std::string("approve or reject");
    case PlanStatus::kApproved:
      return std::string(plan.approval && plan.approval->expires_at <= now
                             ? "approve again: the approval has ended"
                             : "apply");
    case PlanStatus::kApplying:
      return std::string("apply to the end");
    case PlanStatus::kBlocked:
      return std::string("mend what its guards object to, plan again");
    case PlanStatus::kDraft:
    case PlanStatus::kRejected:
    case PlanStatus::kFailed:
    case PlanStatus::kApplied:
    case PlanStatus::kVerified:
    case PlanStatus::kScored:
      return {};
  }
  Bug();
}

/// The one currency's, absent of several.
ViewCell ExposureCell(const std::vector<Exposure>& exposure, bool worst) {
  if (exposure.size() != 1) return {};
  return worst ? exposure.front().worst_day : exposure.front().daily_budgets;
}

ViewCell PredictionCell(const std::optional<Prediction>& prediction) {
  if (!prediction || !std::isfinite(prediction->mean) || !std::isfinite(prediction->low90) ||
      !std::isfinite(prediction->high90)) {
    return {};
  }
  return Estimated{prediction->mean, std::min(prediction->low90, prediction->mean),
                   std::max(prediction->high90, prediction->mean), 0.9};
}

/// What the client's books or claims of the KPI are counted in.
std::string KpiOf(const std::optional<Prediction>& prediction) {
  return prediction ? KpiText(*prediction) : std::string();
}

std::string ReasonsOf(const Plan& plan) {
  std::set<std::string_view> names;
  for (const Change& change : plan.changes) names.insert(ReasonName(change.reason));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string LastPart(const std::string& address) {
  return address.substr(address.rfind('/') == std::string::npos ? 0 : address.rfind('/') + 1);
}

}  // namespace

Result<View> PlansView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("title", "Plan"),
      Text("status", "Status"),
      Text("next", "Next step", "What it waits for."),
      Text("client", "Client"),
      Of(CellKind::kInstant, "created_at", "Made"),
      Text("created_by", "By"),
      Text("reasons", "Why", "Kinds of its changes."),
      Of(CellKind::kCount, "changes", "Changes"),
      Of(CellKind::kMoney, "daily_budgets_before", "Daily budgets, before", "", Truth::kPlanned),
      Of(CellKind::kMoney, "daily_budgets_after", "Daily budgets, after", "", Truth::kPlanned),
      Of(CellKind::kMoney, "worst_day_before", "Worst day, before",
         "Most that could be spent in one day, over-delivery included.", Truth::kPlanned),
      Of(CellKind::kMoney, "worst_day_after", "Worst day, after", "", Truth::kPlanned),
      Text("kpi", "KPI", "What the plan is scored against."),
      Of(CellKind::kEstimate, "predicted", "Predicted effect a day", "Of the KPI, 90 % interval.",
         Truth::kIncremental, 0, "a day"),
      Of(CellKind::kCount, "blocks", "Guards that say no"),
      Text("approved_by", "Approved by"),
      Of(CellKind::kInstant, "expires_at", "Approval ends"),
      Text("executed_by", "Applied by"),
      Text("undoes", "Undoes"),
  };
  std::optional<PlanStatus> status;
  const std::string wanted = frame.Extra("status");
  if (!wanted.empty() && wanted != "waiting") {
    MAXOPT_TRY(status, FindPlanStatus(wanted));
  }
  MAXOPT_TRY(const std::vector<Plan> plans, frame.home.store().Plans(status, kAllRows));
  for (const Plan& plan : plans) {
    if (!frame.Sees(plan.client) || plan.created_at > frame.now) continue;
    if (wanted == "waiting" && plan.status != PlanStatus::kGuarded &&
        plan.status != PlanStatus::kApproved) {
      continue;
    }
    ViewRow row;
    row.key = plan.id;
    row.link = "plan:" + plan.id;
    row.tone = ToneOf(plan.status);
    const auto blocks = std::ranges::count_if(
        plan.findings, [](const GuardFinding& finding) { return finding.blocks; });
    row.cells = {TextCell(plan.title),
                 std::string(PlanStatusName(plan.status)),
                 NextOf(plan, frame.now),
                 plan.client,
                 plan.created_at,
                 TextCell(plan.created_by),
                 TextCell(ReasonsOf(plan)),
                 static_cast<std::int64_t>(plan.changes.size()),
                 ExposureCell(plan.exposure_before, false),
                 ExposureCell(plan.exposure_after, false),
                 ExposureCell(plan.exposure_before, true),
                 ExposureCell(plan.exposure_after, true),
                 TextCell(KpiOf(plan.prediction)),
                 PredictionCell(plan.prediction),
                 static_cast<std::int64_t>(blocks),
                 plan.approval ? TextCell(plan.approval->by) : ViewCell(),
                 plan.approval ? ViewCell(plan.approval->expires_at) : ViewCell(),
                 TextCell(plan.executed_by),
                 TextCell(plan.undoes)};
    view.rows.push_back(std::move(row));
  }
  if (frame.query.as_of) frame.Note("The status of each plan is today's.");
  return view;
}

Result<View> PlanView(Frame& frame) {
  const std::string id = frame.Extra("id");
  if (id.empty()) return Fail(Errc::kInvalidArgument, "which plan? Say id=p-...");
  const auto found = frame.home.store().GetPlan(id);
  if (!found && found.error().code != Errc::kNotFound) return Fail(found.error());
  if (!found || !frame.Sees(found->client)) {
    return Fail(Errc::kNotFound, fmt::format("there is no plan \"{}\"", id));
  }
  const Plan& plan = *found;
  MAXOPT_TRY(const std::vector<ChangeStatus> states, frame.home.store().Changes(id));
  MAXOPT_TRY(const auto objects, ObjectStates(frame, true));
  View& view = frame.view;
  view.title = plan.title.empty() ? plan.id : plan.title;
  view.columns = {
      Text("section", "Part", "change, guard, exposure or note"),
      Text("object", "Object"),
      Text("level", "Level"),
      Text("account", "Account"),
      Text("address", "Address", "Ours, stable."),
      Text("action", "Action"),
      Text("field", "Field"),
      Text("before", "Before"),
      Text("after", "After"),
      Of(CellKind::kMoney, "money_before", "Money, before", "", Truth::kPlanned),
      Of(CellKind::kMoney, "money_after", "Money, after", "", Truth::kPlanned),
      Text("reason", "Kind"),
      Text("why", "Why"),
      Text("evidence", "Evidence"),
      Text("kpi", "KPI"),
      Of(CellKind::kEstimate, "predicted", "Predicted effect a day", "Of the KPI, 90 % interval.",
         Truth::kIncremental, 0, "a day"),
      Of(CellKind::kCount, "horizon_days", "Horizon, days"),
      Text("state", "State"),
      Text("how", "How that is known"),
      Text("change", "Change", "Key of the change that the row belongs to."),
  };
  const auto row_of = [&](std::string_view section, std::string key) -> ViewRow& {
    ViewRow row;
    row.key = std::move(key);
    row.cells.resize(view.columns.size());
    row.cells[0] = std::string(section);
    view.rows.push_back(std::move(row));
    return view.rows.back();
  };
  const auto at = [&](std::string_view name) { return *view.Find(name); };
  for (std::size_t n = 0; n < plan.changes.size(); ++n) {
    const Change& change = plan.changes[n];
    const std::string change_key =
        change.key.empty() ? fmt::format("{}/{}", plan.id, n + 1) : change.key;
    const auto status =
        std::ranges::find(states, change.key, [](const ChangeStatus& s) { return s.change.key; });
    std::string name = TextField(change.after, "name");
    if (name.empty()) name = TextField(change.before, "name");
    if (name.empty() && !change.id.empty()) {
      const auto known = objects.find(ObjectKey(change.account, change.level, change.id));
      if (known != objects.end()) name = known->second.name;
    }
    if (name.empty()) name = LastPart(change.address);
    std::set<std::string> fields;
    for (const auto& [field, value] : change.after) fields.insert(field);
    for (const auto& [field, value] : change.before) fields.insert(field);
    for (const Link& link : change.links) fields.insert(link.field);
    if (fields.empty()) fields.insert("");
    for (const std::string& field : fields) {
      ViewRow& row = row_of("change", change_key + "#" + field);
      row.link = "plan:" + plan.id;
      const auto value_of = [&](const Fields& of) -> const FieldValue* {
        const auto value = of.find(field);
        return value == of.end() ? nullptr : &value->second;
      };
      row.cells[at("object")] = TextCell(WithoutMarker(name));
      row.cells[at("level")] = std::string(LevelName(change.level));
      row.cells[at("account")] = PrintAccount(change.account);
      row.cells[at("address")] = TextCell(change.address);
      row.cells[at("action")] = std::string(ChangeActionName(change.action));
      row.cells[at("field")] = TextCell(field);
      if (const FieldValue* value = value_of(change.before)) {
        row.cells[at("before")] = ShowValue(*value);
        if (const auto* money = std::get_if<Money>(value)) row.cells[at("money_before")] = *money;
      }
      if (const FieldValue* value = value_of(change.after)) {
        row.cells[at("after")] = ShowValue(*value);
        if (const auto* money = std::get_if<Money>(value)) row.cells[at("money_after")] = *money;
      } else {
        for (const Link& link : change.links) {
          if (link.field == field) row.cells[at("after")] = "id of " + link.address;
        }
      }
      row.cells[at("reason")] = std::string(ReasonName(change.reason));
      row.cells[at("why")] = TextCell(change.why);
      row.cells[at("evidence")] = TextCell(change.evidence);
      row.cells[at("kpi")] = TextCell(KpiOf(change.prediction));
      row.cells[at("predicted")] = PredictionCell(change.prediction);
      if (change.prediction) {
        row.cells[at("horizon_days")] = static_cast<std::int64_t>(change.prediction->horizon_days);
      }
      if (status != states.end()) {
        row.cells[at("state")] = std::string(ChangeStateName(status->state));
        row.cells[at("how")] = TextCell(status->how);
        row.tone = status->state == ChangeState::kFailed     ? "bad"
                   : status->state == ChangeState::kUnknown  ? "bad"
                   : status->state == ChangeState::kVerified ? "good"
                                                             : "";
      }
      row.cells[at("change")] = change_key;
    }
  }
  for (std::size_t i = 0; i < plan.findings.size(); ++i) {
    const GuardFinding& finding = plan.findings[i];
    ViewRow& row = row_of("guard", fmt::format("guard/{}", i + 1));
    row.tone = finding.blocks ? "bad" : "watch";
    row.cells[at("field")] = TextCell(finding.guard);
    row.cells[at("state")] = std::string(finding.blocks ? "blocks" : "note");
    row.cells[at("why")] = TextCell(finding.what);
    row.cells[at("evidence")] = TextCell(finding.fix);
  }
  for (std::size_t i = 0; i < std::max(plan.exposure_before.size(), plan.exposure_after.size());
       ++i) {
    for (const bool worst : {false, true}) {
      ViewRow& row = row_of(
          "exposure", fmt::format("exposure/{}/{}", i + 1, worst ? "worst_day" : "daily_budgets"));
      row.cells[at("field")] = std::string(worst ? "worst_day" : "daily_budgets");
      const auto cell = [&](const std::vector<Exposure>& of) -> ViewCell {
        if (i >= of.size()) return {};
        return worst ? of[i].worst_day : of[i].daily_budgets;
      };
      row.cells[at("money_before")] = cell(plan.exposure_before);
      row.cells[at("money_after")] = cell(plan.exposure_after);
    }
  }
  for (std::size_t i = 0; i < plan.notes.size(); ++i) {
    row_of("note", fmt::format("note/{}", i + 1)).cells[at("why")] = TextCell(plan.notes[i]);
  }
  frame.Note(fmt::format("{}, {}, made by {}.", plan.id, PlanStatusName(plan.status),
                         plan.created_by.empty() ? "nobody named" : plan.created_by));
  frame.Note("Digest of its content: " + ContentHash(plan));
  return view;
}

namespace {

std::string Show(const RuleCondition& condition) {
  const auto join = [&](std::string_view word) {
    std::vector<std::string> parts;
    for (const RuleCondition& one : condition.of) parts.push_back(Show(one));
    return parts.size() == 1 ? parts.front()
                             : fmt::format("({})", fmt::join(parts, fmt::format(" {} ", word)));
  };
  switch (condition.kind) {
    case RuleCondition::Kind::kAll:
      return join("and");
    case RuleCondition::Kind::kAny:
      return join("or");
    case RuleCondition::Kind::kNot:
      return "not " + join("and");
    case RuleCondition::Kind::kComparison:
      return condition.comparison.text;
  }
  Bug();
}

std::string Show(const RuleAction& action) {
  std::string out(RuleActionName(action.kind));
  if (action.by_bp) out += fmt::format(" by {:+g} %", *action.by_bp / 100.0);
  if (action.to) out += " to " + PrintMoney(*action.to);
  if (action.roas_to_bp)
    out += fmt::format(" to {:g}", static_cast<double>(*action.roas_to_bp) / 1e4);
  if (action.min) out += ", at least " + PrintMoney(*action.min);
  if (action.max) out += ", at most " + PrintMoney(*action.max);
  if (!action.text.empty()) out += ": " + action.text;
  return out;
}

}  // namespace

Result<View> RulesView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("name", "Rule"),
                  Text("client", "Client"),
                  Text("level", "On"),
                  Of(CellKind::kCount, "priority", "Priority", "The higher one wins."),
                  Text("needs", "Least data", "Not true is unknown, never false."),
                  Text("what", "When and what"),
                  Of(CellKind::kCount, "cooldown_hours", "Rest, hours"),
                  Of(CellKind::kCount, "changes_per_day", "Changes a day, at most"),
                  Text("note", "Note"),
                  Text("file", "File"),
                  Of(CellKind::kCount, "line", "Line")};
  const auto files = RulesFiles(frame.home);
  if (!files) {
    // A file that somebody is writing is told of, and pages go on.
    if (files.error().code != Errc::kInvalidArgument) return Fail(files.error());
    frame.Note("The rules cannot be read: " + files.error().what);
    return view;
  }
  for (const RulesFile& file : *files) {
    if (!frame.Sees(file.set.client)) continue;
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    for (const Rule& rule : file.set.rules) {
      std::vector<std::string> needs, branches;
      for (const RuleComparison& need : rule.needs) needs.push_back(need.text);
      for (const RuleBranch& branch : rule.branches) {
        std::vector<std::string> actions;
        for (const RuleAction& action : branch.actions) actions.push_back(Show(action));
        branches.push_back(fmt::format(
            "{}{}",
            branch.condition ? "if " + Show(*branch.condition) + ": " : std::string("else "),
            fmt::join(actions, ", ")));
      }
      ViewRow row;
      row.key = fmt::format("{}/{}/{}", file.set.client, rule.line, rule.name);
      row.cells = {TextCell(rule.name),
                   file.set.client,
                   std::string(LevelName(rule.scope.level)),
                   static_cast<std::int64_t>(rule.priority),
                   TextCell(fmt::format("{}", fmt::join(needs, "; "))),
                   TextCell(fmt::format("{}", fmt::join(branches, "; "))),
                   static_cast<std::int64_t>(rule.cooldown_hours),
                   rule.changes_per_day ? ViewCell(static_cast<std::int64_t>(*rule.changes_per_day))
                                        : ViewCell(),
                   TextCell(rule.note),
                   name,
                   static_cast<std::int64_t>(rule.line)};
      view.rows.push_back(std::move(row));
    }
  }
  return view;
}

Result<View> PolicyView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("client", "Client"), Text("setting", "Setting"), Text("value", "Value"),
                  Of(CellKind::kMoney, "money", "Amount", "", Truth::kPlanned),
                  Text("meaning", "Meaning")};
  for (const Client& client : frame.clients) {
    const auto read = frame.home.PolicyOf(client.name);
    if (!read) {
      frame.Note(fmt::format("{}: the policy cannot be read, so nothing is written: {}",
                             client.name, read.error().what));
      continue;
    }
    if (!*read) {
      frame.Note(client.name + " has no policy: nothing is written for it.");
      continue;
    }
    const Policy& p = **read;
    const auto add = [&](std::string_view setting, ViewCell value, ViewCell money,
                         std::string_view meaning) {
      ViewRow row;
      row.key = client.name + "/" + std::string(setting);
      row.cells = {client.name, std::string(setting), std::move(value), std::move(money),
                   TextCell(meaning)};
      view.rows.push_back(std::move(row));
    };
    const auto hours = [](int count) { return ViewCell(fmt::format("{} h", count)); };
    const auto percent = [](int bp) { return ViewCell(fmt::format("{:g} %", bp / 100.0)); };
    add("mode", std::string(PolicyModeName(p.mode)), {},
        "observe: automatic plans are refused; recommend: a person approves each; act: some need "
        "no person");
    add("worst_day_cap", {}, p.worst_day_cap,
        "Most that all accounts together may spend on the worst day.");
    for (const auto& [platform, cap] : p.platform_caps) {
      add(fmt::format("platform_caps.{}", PlatformName(platform)), {}, cap,
          "The same of one platform.");
    }
    add("step_max_percent", percent(p.step_max_bp), {}, "Largest move of one budget.");
    add("cooldown_hours", hours(p.cooldown_hours), {},
        "Rest of an object between two budget changes.");
    add("data_age_max_hours", hours(p.data_age_max_hours), {},
        "Automatic plans need facts at most this old.");
    add("rate_age_max_days", ViewCell(fmt::format("{} d", p.rate_age_max_days)), {},
        "Rates of exchange that are older need a person.");
    add("approval_hours", hours(p.approval_hours), {}, "How long an approval may wait.");
    add("two_people", std::string(p.two_people ? "yes" : "no"), {},
        "Whoever approves is neither who planned nor who applies.");
    add("exposure_drift_percent", percent(p.exposure_drift_max_bp), {},
        "An approval is asked again when the worst day moved by more.");
    add("tripwire_percent", percent(p.tripwire_bp), {},
        "What spends this much of its plan is paused first, then told of.");
    std::vector<std::string_view> reasons, blocked;
    for (const Reason reason : p.auto_approve) reasons.push_back(ReasonName(reason));
    for (const Operation operation : p.blocked_operations) {
      blocked.push_back(OperationName(operation));
    }
    add("auto_approve", TextCell(fmt::format("{}", fmt::join(reasons, ", "))), {},
        "Kinds of change that need no person.");
    add("blocked_operations", TextCell(fmt::format("{}", fmt::join(blocked, ", "))), {},
        "Refused whoever asks.");
    add("envelope.per_change", {}, Maybe(p.envelope.per_change),
        "What one automatic plan may move of daily budgets.");
    add("envelope.per_day", {}, Maybe(p.envelope.per_day), "Within 24 hours, all accounts.");
    add("envelope.per_account", {}, Maybe(p.envelope.per_account), "Within 24 hours, one account.");
    add("envelope.changes_per_day",
        p.envelope.changes_per_day ? ViewCell(std::to_string(*p.envelope.changes_per_day))
                                   : ViewCell(),
        {}, "Automatic changes within 24 hours.");
    add("earned_autonomy", std::string(p.earned_autonomy ? "yes" : "no"), {},
        "The envelope grows and shrinks with the measured record.");
    if (p.holdout) {
      add("holdout.share_percent", percent(p.holdout->share_bp), {},
          "Of the advertising that may rest at once.");
      add("holdout.turn_days", std::string(std::to_string(p.holdout->turn_days)), {},
          "Length of a turn.");
    }
  }
  return view;
}

Result<View> DocumentsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("name", "Document"),
                  Text("kind", "Kind", "handed_over: as it came; setup: as Max read it"),
                  Text("client", "Client"),
                  Text("campaign", "Campaign"),
                  Of(CellKind::kInstant, "received_at", "Received"),
                  Of(CellKind::kCount, "bytes", "Bytes"),
                  Text("sha256", "Digest"),
                  Of(CellKind::kFlag, "newest", "Newest", "False: a later one replaced it.")};
  for (const Client& client : frame.clients) {
    for (const char* kind : {"handed_over", "setup", "policy", "orders", "books_by_place"}) {
      MAXOPT_TRY(const std::vector<Document> documents,
                 frame.home.store().Documents(client.name, kind));
      std::set<std::string> seen;
      std::size_t n = documents.size();
      for (const Document& document : documents) {  // newest first
        const std::size_t number = n--;
        if (document.received_at > frame.now) continue;
        ViewRow row;
        row.key = fmt::format("{}/{}/{}/{}", client.name, kind, document.name, number);
        row.link = "document:" + Encode(document.name);
        const std::size_t slash = document.name.find('/');
        row.cells = {
            TextCell(document.name),
            std::string(kind),
            client.name,
            slash == std::string::npos ? ViewCell() : TextCell(document.name.substr(0, slash)),
            document.received_at,
            static_cast<std::int64_t>(document.content.size()),
            Sha256Hex(document.content),
            seen.insert(document.name).second};
        view.rows.push_back(std::move(row));
      }
    }
  }
  return view;
}

Result<View> ChecklistsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("campaign", "Campaign"),
                  Text("client", "Client"),
                  Text("phase", "When"),
                  Of(CellKind::kInstant, "at", "Run"),
                  Of(CellKind::kCount, "score", "Score", "Of 100.", Truth::kNone, 1),
                  Text("check", "Check"),
                  Text("family", "Family"),
                  Text("severity", "Severity"),
                  Text("status", "Status"),
                  Text("evidence", "Evidence"),
                  Text("fix", "What to do")};
  using nlohmann::json;
  const auto text = [](const json& of, const char* name) {
    return of.is_object() && of.contains(name) && of[name].is_string() ? of[name].get<std::string>()
                                                                       : std::string();
  };
  for (const Client& client : frame.clients) {
    std::set<std::string> slugs;
    MAXOPT_TRY(const std::vector<PlannedSetup> setups, PlannedSetups(frame, client.name));
    for (const PlannedSetup& setup : setups) slugs.insert(setup.slug);
    std::set<std::string> newest;
    for (const std::string& slug : slugs) {
      MAXOPT_TRY(const std::vector<ChecklistRun> runs,
                 frame.home.store().Checklists(client.name, slug));
      for (const ChecklistRun& run : runs) {
        if (run.at > frame.now) continue;
        // The newest of each phase is shown with its checks.
        if (!newest.insert(slug + "/" + run.phase).second) continue;
        ViewRow head;
        head.key = fmt::format("{}/{}/{}/{}", client.name, slug, run.phase, PrintInstant(run.at));
        head.cells.resize(view.columns.size());
        head.cells[0] = slug;
        head.cells[1] = client.name;
        head.cells[2] = TextCell(run.phase);
        head.cells[3] = run.at;
        if (run.score) head.cells[4] = static_cast<std::int64_t>(*run.score);
        const std::string parent = head.key;
        view.rows.push_back(std::move(head));
        const json list = json::parse(run.json, nullptr, false);
        if (!list.is_object()) continue;
        for (const char* member : {"results", "checks", "items"}) {
          if (!list.contains(member) || !list[member].is_array()) continue;
          int n = 0;
          for (const json& item : list[member]) {
            ViewRow row;
            row.key = fmt::format("{}/{}", parent, ++n);
            row.parent = parent;
            row.cells.resize(view.columns.size());
            row.cells[0] = slug;
            row.cells[1] = client.name;
            row.cells[2] = TextCell(run.phase);
            row.cells[3] = run.at;
            std::string check = text(item, "check");
            if (check.empty()) check = text(item, "id");
            const std::string status = text(item, "status");
            row.cells[5] = TextCell(check);
            row.cells[6] = TextCell(text(item, "family"));
            row.cells[7] = TextCell(text(item, "severity"));
            row.cells[8] = TextCell(status);
            row.cells[9] = TextCell(text(item, "evidence"));
            row.cells[10] = TextCell(text(item, "fix"));
            row.tone = status == "fail"   ? "bad"
                       : status == "warn" ? "watch"
                       : status == "pass" ? "good"
                                          : "";
            view.rows.push_back(std::move(row));
          }
        }
      }
    }
  }
  return view;
}

Result<View> MessagesView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("title", "Message"),
                  Text("to", "To"),
                  Text("kind", "Kind"),
                  Text("client", "Client"),
                  Text("about", "About"),
                  Of(CellKind::kInstant, "created_at", "Made"),
                  Text("text", "Text", "Markdown.")};
  MAXOPT_TRY(const std::vector<Message> messages,
             frame.home.store().Messages(frame.Extra("to"), kAllRows));
  for (const Message& message : messages) {
    if (!frame.Sees(message.client) || message.created_at > frame.now) continue;
    ViewRow row;
    row.key = message.id;
    row.link = "message:" + message.id;
    row.cells = {TextCell(message.title),   TextCell(message.to),    TextCell(message.kind),
                 TextCell(message.client),  TextCell(message.about), message.created_at,
                 TextCell(message.markdown)};
    view.rows.push_back(std::move(row));
  }
  return view;
}

}  // namespace maxopt::views
