#pragma once
#include "stages/setup/documents/documents.h"

/// Which field of which struct is which field of the tables, once for reading and for writing: an
/// archive `a` is called with a name of the table and the member. Order is that of printing.
namespace maxopt::documents {

template <class A>
void Describe(A& a, KpiTarget& x) {
  a("metric", x.metric);
  a("target", x.target);
  a("importance", x.importance);
  a("warn_percent", x.warn_percent);
  a("critical_percent", x.critical_percent);
}
template <class A>
void Describe(A& a, ConversionGoal& x) {
  a("name", x.name);
  a("event", x.event);
  a("counting", x.counting);
  a("click_days", x.click_days);
  a("view_days", x.view_days);
  a("model", x.model);
}
template <class A>
void Describe(A& a, AttributionChoice& x) {
  a("model", x.model);
  a("click_days", x.click_days);
  a("view_days", x.view_days);
}
template <class A>
void Describe(A& a, ExperimentDocument::Arm& x) {
  a("name", x.name);
  a("of", x.of);
  a("places", x.places);
  a("share_percent", x.share_percent);
}
template <class A>
void Describe(A& a, ExperimentDocument& x) {
  a("name", x.name);
  a("hypothesis", x.hypothesis);
  a("kpi", x.kpi);
  a("variable", x.variable);
  a("start", x.start);
  a("end", x.end);
  a("baseline", x.baseline);
  a("mde_percent", x.mde_percent);
  a("alpha", x.alpha);
  a("power", x.power);
  a("arms", x.arms);
}
template <class A>
void Describe(A& a, Brief& x) {
  a("client", x.client);
  a("campaign", x.campaign);
  a("brand", x.brand);
  a("objective", x.objective);
  a("landing_url", x.landing_url);
  a("currency", x.currency);
  a("start", x.start);
  a("end", x.end);
  a("total_budget", x.total_budget);
  a("daily_budget_cap", x.daily_budget_cap);
  a("budget_cap_timezone", x.budget_cap_timezone);
  a("kpis", x.kpis);
  a("conversions", x.conversions);
  a("attribution", x.attribution);
  a("special_categories", x.special_categories);
  a("eu_political", x.eu_political);
  a("audience", x.audience);
  a("tracking", x.tracking);
  a("experiments", x.experiments);
  a("po_number", x.po_number);
  a("estimate_number", x.estimate_number);
}
template <class A>
void Describe(A& a, Package& x) {
  a("name", x.name);
  a.Account("platform", "account", x.account);
  a("campaign_name", x.campaign_name);
  a("budget", x.budget);
  a("daily_budget", x.daily_budget);
  a("min_spend_target", x.min_spend_target);
  a("budget_owner", x.budget_owner);
  a("budget_allocation", x.budget_allocation);
  a("start", x.start);
  a("end", x.end);
  a("always_on", x.always_on);
  a("optimization_goals", x.optimization_goals);
  a("committed_metrics", x.committed_metrics);
  a.Catalogue(x.fields);
}
template <class A>
void Describe(A& a, MediaPlan& x) {
  a("packages", x.packages);
}
template <class A>
void Describe(A& a, AssetDocument& x) {
  a("name", x.name);
  a("file", x.file);
  a("sha256", x.sha256);
  a("alt", x.alt);
  a("account", x.account);
  a("platform_id", x.platform_id);
}
template <class A>
void Describe(A& a, AdDocument& x) {
  a("name", x.name);
  a("ad_name", x.ad_name);
  a("packages", x.packages);
  a.Catalogue(x.fields);
  a("image", x.image);
  a("video", x.video);
  a("thumbnail", x.thumbnail);
  a("images", x.images);
}
template <class A>
void Describe(A& a, Guidelines& x) {
  a("forbidden_words", x.forbidden_words);
  a("required_words", x.required_words);
}
template <class A>
void Describe(A& a, Creatives& x) {
  a("assets", x.assets);
  a("ads", x.ads);
  a("guidelines", x.guidelines);
}
template <class A>
void Describe(A& a, BuyAdGroup& x) {
  a("name", x.name);
  a("ad_group_name", x.ad_group_name);
  a.Catalogue(x.fields);
  a("ads", x.ads);
}
template <class A>
void Describe(A& a, Buy& x) {
  a("package", x.package);
  a.Catalogue(x.fields);
  a("ad_groups", x.ad_groups);
}
template <class A>
void Describe(A& a, Buys& x) {
  a("buys", x.buys);
}

}  // namespace maxopt::documents
