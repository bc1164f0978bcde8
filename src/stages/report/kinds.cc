#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "stages/report/report.h"

namespace maxopt::report {
namespace {

constexpr Kind kKinds[] = {
    {"performance", "what happened, why, what Max did and what comes next", "client",
     "headline plan trend channels campaigns creatives audiences geo devices hours truths actions "
     "learnings next data method",
     "carlos"},
    {"channels", "platforms and campaigns beside each other: spend, returns, places and hours",
     "operator",
     "headline plan trend channels campaigns marginals geo devices hours learnings next data "
     "method",
     "james"},
    {"creatives", "which ads and creatives carry the result, and which are tired", "operator",
     "headline creatives audiences learnings next data method", "lucas"},
    {"efficiency", "what the money bought: costs, returns at the margin, pacing, changes",
     "operator",
     "headline plan channels campaigns marginals hours devices actions learnings next data method",
     "zara"},
    {"strategy", "what was learnt, how strong the evidence is, and what follows from it",
     "executive", "headline truths experiments marginals actions learnings next data method",
     "maya simon"},
    {"dashboard", "the numbers of a client's dashboard", "client",
     "headline plan trend channels campaigns creatives learnings next data", "front_office"},
};

constexpr std::string_view kAudiences[] = {"executive", "client", "operator", "auditor"};

constexpr std::string_view kTypes[] = {"awareness", "traffic", "leads", "sales", "app"};

constexpr std::string_view kKpis[] = {
    "spend", "impressions", "clicks", "conversions", "revenue", "ctr",           "cpc",
    "cpm",   "cvr",         "cpa",    "roas",        "orders",  "books_revenue", "books_roas"};

constexpr std::string_view kSections[] = {
    "headline",    "plan",    "trend",     "channels", "campaigns", "creatives",
    "audiences",   "geo",     "devices",   "hours",    "marginals", "truths",
    "experiments", "actions", "learnings", "next",     "data",      "method"};

/// What an audience does not read. The numbers of what remains are the same.
std::string_view LeftOut(std::string_view audience) {
  if (audience == "executive") {
    return "campaigns creatives audiences geo devices hours experiments marginals method";
  }
  if (audience == "client") return "audiences geo devices hours marginals method";
  if (audience == "operator") return "method";
  return "";
}

constexpr std::string_view kUsual =
    "spend,impressions,clicks,conversions,revenue,ctr,cpc,cpm,cvr,cpa,roas";

constexpr InputKind kInputs[] = {
    {"client", "campaigns", "previous", "client", kUsual, "", "", 0, 0, "*"},
    {"days", "series", "previous", "",
     "spend,impressions,clicks,conversions,revenue,ctr,cpc,cpm,cvr,cpa,roas,orders,books_revenue,"
     "books_roas",
     "grain=day", "", 0, 0, "*"},
    // Half a year: two of every season's sides, and enough weeks for quartiles.
    {"weeks", "series", "", "", kUsual, "grain=week", "", 0, 26, "learnings next"},
    {"platforms", "campaigns", "previous", "platform", kUsual, "", "-spend", 0, 0, "*"},
    {"campaigns", "campaigns", "previous", "campaign", kUsual, "", "-spend", 200, 0, "*"},
    {"past_campaigns", "campaigns", "", "campaign", kUsual, "", "-spend", 200, 26,
     "learnings next"},
    {"plan", "campaigns", "plan", "campaign", "spend,cpa,roas", "", "-spend", 0, 0, "*"},
    {"plans", "plans", "", "", "", "", "", 0, 0, "headline actions next"},
    {"outcomes", "calibration", "", "", "", "rows=outcomes", "", 0, 0,
     "headline actions learnings"},
    {"calibration", "calibration", "", "", "", "rows=kinds", "", 0, 0, "actions"},
    {"pacing", "pacing", "", "", "", "", "", 0, 0, "plan"},
    {"creatives", "creatives", "", "", "", "", "-spend", 60, 0, "creatives"},
    {"audiences", "audiences", "", "", "", "", "-spend", 60, 0, "audiences"},
    {"geo", "geo", "", "", "", "", "-spend", 60, 0, "geo"},
    {"devices", "devices", "", "", "", "", "-spend", 60, 0, "devices"},
    {"hours", "hours", "", "", "", "", "", 0, 0, "hours"},
    {"marginals", "marginals", "", "", "", "", "", 0, 0, "marginals next"},
    {"attribution", "attribution", "", "", "", "", "", 0, 0, "truths"},
    {"overlap", "overlap", "", "", "", "", "", 0, 0, "truths"},
    {"experiments", "experiments", "", "", "", "", "", 0, 0, "experiments learnings"},
};

bool HasWord(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

std::vector<std::string> Words(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) out.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

}  // namespace

std::span<const Kind> Kinds() { return kKinds; }
std::span<const std::string_view> Audiences() { return kAudiences; }
std::span<const std::string_view> CampaignTypes() { return kTypes; }
std::span<const std::string_view> KpiNames() { return kKpis; }
std::span<const std::string_view> SectionNames() { return kSections; }
std::span<const InputKind> InputKinds() { return kInputs; }

Result<const Kind*> FindKind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  if (found != std::end(kKinds)) return &*found;
  std::vector<std::string_view> known;
  for (const Kind& kind : kKinds) known.push_back(kind.name);
  return Fail(Errc::kInvalidArgument,
              fmt::format("there is no report of the kind \"{}\"; known are {}", name,
                          fmt::join(known, ", ")));
}

std::vector<std::string> KpisOf(std::string_view type) {
  if (type == "awareness") return {"impressions", "cpm", "clicks", "ctr"};
  if (type == "traffic") return {"clicks", "cpc", "ctr", "impressions"};
  if (type == "leads") return {"conversions", "cpa", "cvr", "clicks"};
  if (type == "app") return {"conversions", "cpa", "clicks", "cpc"};
  return {"conversions", "cpa", "revenue", "roas", "orders", "books_revenue"};
}

std::vector<const InputKind*> InputsFor(const std::vector<std::string>& sections) {
  std::vector<const InputKind*> out;
  for (const InputKind& kind : kInputs) {
    const bool needed =
        kind.sections == "*" || std::ranges::any_of(sections, [&](const std::string& section) {
          return HasWord(kind.sections, section);
        });
    if (needed) out.push_back(&kind);
  }
  return out;
}

std::vector<std::string> SectionsOf(const Settings& settings) {
  if (!settings.sections.empty()) return settings.sections;
  std::vector<std::string> out;
  const auto kind = FindKind(settings.kind);
  if (!kind) return out;
  for (std::string& section : Words((*kind)->sections)) {
    if (!HasWord(LeftOut(settings.audience), section)) out.push_back(std::move(section));
  }
  return out;
}

}  // namespace maxopt::report
