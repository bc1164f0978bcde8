#include "stages/setup/outputs/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/message_text.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

/// One object of the campaign: wanted, owned and live.
struct Traced {
  const DesiredObject* want;
  const OwnedObject* owned = nullptr;
  const Entity* live = nullptr;

  /// missing: never made; gone: ours, but the platform no longer has it.
  std::string Status() const {
    if (owned == nullptr) return "missing";
    if (want->level == Level::kAsset) return "uploaded";
    if (live == nullptr) return "gone";
    const std::string status = TextField(live->fields, "status");
    return status.empty() ? "there" : status;
  }
  std::string LiveText(const char* field) const {
    return live ? TextField(live->fields, field) : std::string();
  }
};

class Writer {
 public:
  explicit Writer(const SetupState& state) : state_(state), desired_(*state.desired) {
    for (const DesiredObject& want : desired_.objects) {
      Traced traced{&want};
      if (const auto owned = state.live->owned.find(want.account);
          owned != state.live->owned.end()) {
        for (const OwnedObject& object : owned->second) {
          if (object.address == want.address) traced.owned = &object;
        }
      }
      const auto tree = state.live->trees.find(want.account);
      if (traced.owned && tree != state.live->trees.end()) {
        for (const Entity& entity : tree->second.entities) {
          if (entity.level == want.level && entity.id == traced.owned->id) traced.live = &entity;
        }
      }
      traced_.push_back(traced);
    }
  }

  Message Status() const {
    ordered_json json = Head("implementation_status");
    ordered_json packages = ordered_json::array();
    std::string table =
        "| Package | Account | Objects | On | Review | Budget | Flight |\n"
        "|---|---|---|---|---|---|---|\n";
    bool all_there = true;
    bool all_on = true;
    for (const Traced& campaign : traced_) {
      if (campaign.want->level != Level::kCampaign) continue;
      int wanted = 0;
      int made = 0;
      int active = 0;
      int rejected = 0;
      int in_review = 0;
      for (const Traced& object : traced_) {
        if (object.want->package != campaign.want->package) continue;
        ++wanted;
        if (object.owned && (object.live || object.want->level == Level::kAsset)) ++made;
        if (object.Status() == kActive) ++active;
        const std::string review = object.LiveText("review_status");
        if (review == "rejected") ++rejected;
        if (review == "pending") ++in_review;
      }
      all_there = all_there && made == wanted;
      all_on = all_on && active == wanted;
      const std::string budget = BudgetText(campaign.want->package);
      const std::string flight =
          fmt::format("{} to {}", PrintDay(desired_.start), EndText(campaign));
      packages.push_back({{"package", campaign.want->package},
                          {"account", PrintAccount(campaign.want->account)},
                          {"campaign_id", campaign.owned ? campaign.owned->id : ""},
                          {"status", campaign.Status()},
                          {"objects_wanted", wanted},
                          {"objects_made", made},
                          {"objects_active", active},
                          {"ads_in_review", in_review},
                          {"ads_rejected", rejected},
                          {"budget", budget},
                          {"flight", flight}});
      table += fmt::format("| {} | {} | {} of {} | {} | {} | {} | {} |\n",
                           MarkdownText(campaign.want->package),
                           PrintAccount(campaign.want->account), made, wanted,
                           active == wanted ? "all" : fmt::format("{} of {}", active, wanted),
                           rejected > 0    ? fmt::format("**{} rejected**", rejected)
                           : in_review > 0 ? fmt::format("{} in review", in_review)
                                           : "clear",
                           MarkdownText(budget), flight);
    }
    const std::string state = !all_there ? "incomplete" : all_on ? "live" : "ready, paused";
    json["state"] = state;
    json["packages"] = packages;
    json["checklist"] = ChecklistJson();
    json["not_as_written"] = ordered_json::array();
    std::string refused;
    for (const MatrixRow& row : desired_.matrix) {
      if (row.outcome == Outcome::kRealised) continue;
      json["not_as_written"].push_back({{"outcome", OutcomeName(row.outcome)},
                                        {"package", row.package},
                                        {"field", row.field},
                                        {"place", row.place},
                                        {"value", row.value},
                                        {"how", row.how}});
      if (row.outcome == Outcome::kRefused) {
        refused += fmt::format("- {} ({}): {}\n", MarkdownText(row.field), MarkdownText(row.place),
                               MarkdownText(row.how));
      }
    }
    json["plans"] = ordered_json::array();
    std::string plans;
    for (const Plan& plan : state_.plans) {
      json["plans"].push_back({{"id", plan.id},
                               {"title", plan.title},
                               {"status", PlanStatusName(plan.status)},
                               {"changes", plan.changes.size()},
                               {"approved_by", plan.approval ? plan.approval->by : ""},
                               {"created_at", PrintInstant(plan.created_at)}});
      plans += fmt::format("- {} {}: {} changes, {}{}\n", plan.id, MarkdownText(plan.title),
                           plan.changes.size(), PlanStatusName(plan.status),
                           plan.approval ? ", approved by " + MarkdownText(plan.approval->by) : "");
    }
    std::string markdown = Title("Implementation status") +
                           fmt::format("The campaign is **{}**. {}\n\n", state, ScoreText()) +
                           table + "\n" + FailuresText();
    if (!refused.empty()) markdown += "\n## What the platforms cannot do as written\n\n" + refused;
    if (!plans.empty()) markdown += "\n## Plans\n\n" + plans;
    return Finish("carlos", "implementation_status", "Implementation status", json, markdown);
  }

  Message Creatives() const {
    ordered_json json = Head("creative_deployment");
    ordered_json assets = ordered_json::array();
    std::string files = "| File | SHA-256 | Account | Id there |\n|---|---|---|---|\n";
    for (const Traced& asset : traced_) {
      if (asset.want->level != Level::kAsset) continue;
      const std::string digest = TextField(asset.want->fields, "sha256");
      const std::string name = TextField(asset.want->fields, "name");
      assets.push_back({{"file", name},
                        {"sha256", digest},
                        {"media", TextField(asset.want->fields, "media")},
                        {"account", PrintAccount(asset.want->account)},
                        {"platform_id", asset.owned ? asset.owned->id : ""},
                        {"status", asset.Status()}});
      files += fmt::format("| {} | `{}` | {} | {} |\n", MarkdownText(name), digest.substr(0, 12),
                           PrintAccount(asset.want->account),
                           asset.owned ? MarkdownText(asset.owned->id) : "not uploaded");
    }
    ordered_json ads = ordered_json::array();
    std::string table =
        "| Ad | Package | Status | Review | Landing page |\n|---|---|---|---|---|\n";
    for (const Traced& ad : traced_) {
      if (ad.want->level != Level::kAd) continue;
      const std::string review = ad.LiveText("review_status");
      ads.push_back({{"ad", TextField(ad.want->fields, "name")},
                     {"package", ad.want->package},
                     {"address", ad.want->address},
                     {"platform_id", ad.owned ? ad.owned->id : ""},
                     {"status", ad.Status()},
                     {"review_status", review},
                     {"review_reasons", ad.live ? ListField(ad.live->fields, "review_reasons")
                                                : std::vector<std::string>{}},
                     {"landing_url", TextField(ad.want->fields, "landing_url")},
                     {"headlines", ListField(ad.want->fields, "headlines")},
                     {"descriptions", ListField(ad.want->fields, "descriptions")}});
      std::string told = review.empty() ? "not told" : review;
      if (ad.live) {
        for (const std::string& reason : ListField(ad.live->fields, "review_reasons")) {
          told += ": " + reason;
        }
      }
      table += fmt::format("| {} | {} | {} | {} | {} |\n",
                           MarkdownText(TextField(ad.want->fields, "name")),
                           MarkdownText(ad.want->package), ad.Status(), MarkdownText(told),
                           MarkdownText(TextField(ad.want->fields, "landing_url")));
    }
    json["assets"] = assets;
    json["ads"] = ads;
    json["findings"] = FamilyFindings("creative");
    std::string markdown = Title("Creative deployment") + "## Files\n\n" + files + "\n## Ads\n\n" +
                           table + FindingsText("creative");
    return Finish("lucas", "creative_deployment", "Creative deployment", json, markdown);
  }

  Message Activation() const {
    ordered_json json = Head("media_activation");
    ordered_json packages = ordered_json::array();
    std::string table =
        "| Package | Account | Campaign | Budget | Flight | Pacing | Optimises for |\n"
        "|---|---|---|---|---|---|---|\n";
    bool active = true;
    for (const Traced& campaign : traced_) {
      if (campaign.want->level != Level::kCampaign) continue;
      active = active && campaign.Status() == kActive;
      std::string goals;
      for (const Traced& group : traced_) {
        if (group.want->level != Level::kAdGroup ||
            group.want->parent_address != campaign.want->address) {
          continue;
        }
        const std::string goal = TextField(group.want->fields, "optimization_goal");
        if (!goal.empty() && goals.find(goal) == std::string::npos) {
          goals += (goals.empty() ? "" : ", ") + goal;
        }
      }
      const std::string strategy = TextField(campaign.want->fields, "bid_strategy");
      if (goals.empty()) goals = strategy;
      std::string pacing = TextField(campaign.want->fields, "pacing");
      if (pacing.empty()) pacing = "even";
      const std::string budget = BudgetText(campaign.want->package);
      packages.push_back({{"package", campaign.want->package},
                          {"account", PrintAccount(campaign.want->account)},
                          {"campaign_id", campaign.owned ? campaign.owned->id : ""},
                          {"status", campaign.Status()},
                          {"delivery", campaign.LiveText("effective_status")},
                          {"budget", budget},
                          {"start", PrintDay(desired_.start)},
                          {"end", EndText(campaign)},
                          {"pacing", pacing},
                          {"optimises_for", goals}});
      table += fmt::format(
          "| {} | {} | {} {} | {} | {} to {} | {} | {} |\n", MarkdownText(campaign.want->package),
          PrintAccount(campaign.want->account), campaign.Status(),
          campaign.owned ? campaign.owned->id : "", MarkdownText(budget), PrintDay(desired_.start),
          EndText(campaign), pacing, MarkdownText(goals));
    }
    json["activated"] = active;
    json["total_budget"] = PrintMoney(state_.documents->brief.total_budget.value);
    json["packages"] = packages;
    std::string exposure;
    for (const Plan& plan : state_.plans) {
      if (plan.exposure_after.empty()) continue;
      for (const Exposure& e : plan.exposure_after) {
        exposure +=
            fmt::format("{}{} a day on average, {} on the worst day", exposure.empty() ? "" : "; ",
                        PrintMoney(e.daily_budgets), PrintMoney(e.worst_day));
      }
      break;  // newest first
    }
    json["exposure"] = exposure;
    std::string markdown =
        Title("Media activation") +
        (active ? std::string("Every package is **switched on**.")
                : std::string("**Not every package is switched on yet.**")) +
        fmt::format(" Total budget {}.{}\n\n",
                    PrintMoney(state_.documents->brief.total_budget.value),
                    exposure.empty() ? "" : " All accounts together: " + exposure + ".") +
        table + FindingsText("budget");
    return Finish("james", "media_activation", "Media activation", json, markdown);
  }

  Message Details() const {
    ordered_json json = Head("implementation_details");
    ordered_json objects = ordered_json::array();
    std::string table =
        "| Level | Address | Account | Id | Name there | Status |\n|---|---|---|---|---|---|\n";
    std::string tags = "| Ad | Parameters |\n|---|---|\n";
    std::string conversions = "| Account | What | Id | Tag | Windows |\n|---|---|---|---|---|\n";
    for (const Traced& object : traced_) {
      const Fields& fields = object.live ? object.live->fields : object.want->fields;
      ordered_json line = {{"level", LevelName(object.want->level)},
                           {"address", object.want->address},
                           {"account", PrintAccount(object.want->account)},
                           {"id", object.owned ? object.owned->id : ""},
                           {"name", TextField(fields, "name")},
                           {"status", object.Status()}};
      for (const char* field : {"url_tags", "landing_url", "pixel_id", "conversion_event", "tag"}) {
        if (const std::string text = TextField(fields, field); !text.empty()) line[field] = text;
      }
      for (const char* field : {"attribution_click_days", "attribution_view_days"}) {
        if (const auto at = fields.find(field); at != fields.end()) {
          if (const auto* days = std::get_if<std::int64_t>(&at->second)) line[field] = *days;
        }
      }
      objects.push_back(line);
      table += fmt::format("| {} | {} | {} | {} | {} | {} |\n", LevelName(object.want->level),
                           MarkdownText(object.want->address), PrintAccount(object.want->account),
                           object.owned ? MarkdownText(object.owned->id) : "",
                           MarkdownText(TextField(fields, "name")), object.Status());
      if (object.want->level == Level::kAd) {
        tags += fmt::format("| {} | {} |\n", MarkdownText(object.want->address),
                            MarkdownText(TextField(fields, "url_tags")));
      }
      if (object.want->level == Level::kConversion) {
        conversions +=
            fmt::format("| {} | {} | {} | {} | {} |\n", PrintAccount(object.want->account),
                        MarkdownText(TextField(fields, "name")),
                        object.owned ? MarkdownText(object.owned->id) : "",
                        MarkdownText(TextField(fields, "tag")), WindowText(fields));
      }
    }
    json["objects"] = objects;
    json["attribution"] = ordered_json::object();
    std::string attribution = "The brief chooses no attribution model for the observed view.\n";
    if (const auto& choice = state_.documents->brief.attribution) {
      json["attribution"] = {{"model", choice->model},
                             {"click_days", choice->click_days},
                             {"view_days", choice->view_days}};
      attribution = fmt::format("Observed view: {}, {} days after a click, {} after a view.\n",
                                choice->model, choice->click_days, choice->view_days);
    }
    json["experiments"] = ordered_json::array();
    std::string experiments;
    for (const Experiment& experiment : desired_.experiments) {
      ordered_json arms = ordered_json::array();
      std::string names;
      for (const ExperimentArm& arm : experiment.arms) {
        arms.push_back({{"name", arm.name},
                        {"addresses", arm.addresses},
                        {"places", arm.places},
                        {"share_bp", arm.share_bp}});
        names += (names.empty() ? "" : " against ") + arm.name;
      }
      json["experiments"].push_back({{"id", experiment.id},
                                     {"hypothesis", experiment.hypothesis},
                                     {"variable", ExperimentVariableName(experiment.variable)},
                                     {"kpi", experiment.kpi},
                                     {"arms", arms},
                                     {"sample_per_arm", experiment.sample_per_arm},
                                     {"start", PrintDay(experiment.start)},
                                     {"end", PrintDay(experiment.end)},
                                     {"locked_until", PrintDay(experiment.end)}});
      experiments += fmt::format("- **{}**: {} ({}: {}); {} per arm by {}; locked until {}\n",
                                 MarkdownText(experiment.name), MarkdownText(experiment.hypothesis),
                                 ExperimentVariableName(experiment.variable), MarkdownText(names),
                                 experiment.sample_per_arm, MarkdownText(experiment.kpi),
                                 PrintDay(experiment.end));
    }
    json["watches"] = ordered_json::array();
    std::string watches =
        "| Campaign | KPI | Importance | Target | Every | Warn | Critical |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const Watch& watch : desired_.watches) {
      json["watches"].push_back({{"address", watch.address},
                                 {"kpi", watch.kpi},
                                 {"importance", watch.importance},
                                 {"target", watch.target},
                                 {"direction", watch.direction},
                                 {"interval_minutes", watch.interval_minutes},
                                 {"warn_percent", watch.warn_percent},
                                 {"critical_percent", watch.critical_percent}});
      const auto percent = [](int p) {
        return p == 0 ? std::string("any") : fmt::format("{} %", p);
      };
      watches += fmt::format(
          "| {} | {} | {} | {} | {} min | {} | {} |\n", MarkdownText(watch.address), watch.kpi,
          watch.importance, watch.target.empty() ? "its own past" : watch.target,
          watch.interval_minutes, percent(watch.warn_percent), percent(watch.critical_percent));
    }
    json["findings"] = FamilyFindings("tracking");
    const bool has_conversions = std::any_of(traced_.begin(), traced_.end(), [](const Traced& t) {
      return t.want->level == Level::kConversion;
    });
    std::string markdown =
        Title("Implementation details") + "## Objects\n\n" + table +
        "\n## Tracking parameters\n\n" + tags + "\n## Conversions\n\n" +
        (has_conversions ? conversions : std::string("Linked to what the accounts have.\n")) +
        "\n## Attribution\n\n" + attribution;
    if (!experiments.empty()) markdown += "\n## Experiments\n\n" + experiments;
    markdown += "\n## What is watched\n\n" + watches + FindingsText("tracking");
    return Finish("maya", "implementation_details", "Implementation details", json, markdown);
  }

 private:
  ordered_json Head(const char* kind) const {
    return {{"maxopt", fmt::format("{}/1", kind)},
            {"client", desired_.client},
            {"campaign", desired_.campaign},
            {"slug", desired_.slug},
            {"at", PrintInstant(state_.now)}};
  }
  std::string Title(const char* title) const {
    return fmt::format("# {}: {} ({})\n\nAs of {}.\n\n", title, MarkdownText(desired_.campaign),
                       MarkdownText(desired_.client), PrintInstant(state_.now));
  }
  Message Finish(const char* to, const char* kind, const char* title, const ordered_json& json,
                 std::string markdown) const {
    Message message;
    message.client = desired_.client;
    message.to = to;
    message.kind = kind;
    message.title = fmt::format("{}: {}", title, desired_.campaign);
    message.about = desired_.slug;
    message.json = json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
    message.markdown = std::move(markdown);
    message.created_at = state_.now;
    return message;
  }

  std::string EndText(const Traced& campaign) const {
    std::string end = TextField(campaign.want->fields, "end_at");
    for (const Traced& group : traced_) {
      if (group.want->parent_address == campaign.want->address && end.empty()) {
        end = TextField(group.want->fields, "end_at");
      }
    }
    return end.empty() ? "open" : end.substr(0, 10);
  }

  std::string BudgetText(const std::string& package) const {
    std::string out;
    for (const Traced& object : traced_) {
      if (object.want->package != package) continue;
      const auto add = [&](const char* field, const char* unit) {
        if (const Money* money = MoneyField(object.want->fields, field)) {
          out += fmt::format("{}{} {}", out.empty() ? "" : " + ", PrintMoney(*money), unit);
        }
      };
      add("daily_budget", "a day");
      add("lifetime_budget", "in all");
    }
    return out.empty() ? "none stated" : out;
  }

  static std::string WindowText(const Fields& fields) {
    const auto days = [&](const char* field) -> std::string {
      const auto at = fields.find(field);
      if (at == fields.end()) return "default";
      const auto* number = std::get_if<std::int64_t>(&at->second);
      return number ? fmt::format("{} d", *number) : "default";
    };
    return fmt::format("click {}, view {}", days("attribution_click_days"),
                       days("attribution_view_days"));
  }

  ordered_json ChecklistJson() const {
    if (state_.checklist == nullptr) return nullptr;
    const Checklist& list = *state_.checklist;
    return {{"phase", CheckPhaseName(list.phase)},
            {"score", list.score ? ordered_json(*list.score) : ordered_json(nullptr)},
            {"passed", list.passed},
            {"warned", list.warned},
            {"failed", list.failed},
            {"not_applicable", list.not_applicable},
            {"not_checked", list.not_checked}};
  }
  std::string ScoreText() const {
    if (state_.checklist == nullptr) return "No checklist was run.";
    const Checklist& list = *state_.checklist;
    return fmt::format(
        "Checklist {}: score {}, {} passed, {} to look at, {} failed, {} not checked.",
        CheckPhaseName(list.phase), list.score ? fmt::format("{} of 100", *list.score) : "none",
        list.passed, list.warned, list.failed, list.not_checked);
  }
  bool IsFinding(const CheckResult& result) const {
    return result.status == CheckStatus::kFail || result.status == CheckStatus::kWarn;
  }
  std::string Line(const CheckResult& result) const {
    std::string places;
    for (const Place& place : result.places) {
      places += (places.empty() ? "" : " and ") + PrintPlace(place);
    }
    return fmt::format("- **{}** {}{}: {}{} *Do:* {}\n", CheckStatusName(result.status),
                       MarkdownText(result.check),
                       result.package.empty() ? "" : " in " + MarkdownText(result.package),
                       MarkdownText(result.evidence),
                       places.empty() ? "." : " (" + MarkdownText(places) + ").",
                       MarkdownText(result.fix));
  }
  std::string FailuresText() const {
    if (state_.checklist == nullptr) return "";
    std::string out;
    for (const CheckResult& result : state_.checklist->results) {
      if (result.status == CheckStatus::kFail) out += Line(result);
    }
    return out.empty() ? "" : "## What is in the way\n\n" + out;
  }
  ordered_json FamilyFindings(std::string_view family) const {
    ordered_json out = ordered_json::array();
    if (state_.checklist == nullptr) return out;
    for (const CheckResult& result : state_.checklist->results) {
      if (result.family != family || !IsFinding(result)) continue;
      ordered_json places = ordered_json::array();
      for (const Place& place : result.places) places.push_back(PrintPlace(place));
      out.push_back({{"check", result.check},
                     {"status", CheckStatusName(result.status)},
                     {"package", result.package},
                     {"places", places},
                     {"evidence", result.evidence},
                     {"fix", result.fix}});
    }
    return out;
  }
  std::string FindingsText(std::string_view family) const {
    if (state_.checklist == nullptr) return "";
    std::string out;
    for (const CheckResult& result : state_.checklist->results) {
      if (result.family == family && IsFinding(result)) out += Line(result);
    }
    return out.empty() ? "" : "\n## To look at\n\n" + out;
  }

  const SetupState& state_;
  const Desired& desired_;
  std::vector<Traced> traced_;
};

}  // namespace

std::vector<Message> SetupMessages(const SetupState& state) {
  const Writer writer(state);
  std::vector<Message> out;
  out.push_back(writer.Status());
  out.push_back(writer.Creatives());
  out.push_back(writer.Activation());
  out.push_back(writer.Details());
  return out;
}

}  // namespace maxopt
