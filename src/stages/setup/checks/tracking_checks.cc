// Family tracking: landing pages, UTM parameters, conversion goals and windows, and what was seen
// at the pages themselves.
#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/view.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt::checks {
namespace {

struct Parameter {
  std::string name, value;
};
std::vector<Parameter> ParametersOf(std::string_view query) {
  std::vector<Parameter> found;
  for (const std::string& part : Split(query, '&')) {
    const std::size_t equals = part.find('=');
    found.push_back(
        {part.substr(0, equals), equals == std::string::npos ? "" : part.substr(equals + 1)});
  }
  return found;
}

struct Url {
  std::string scheme, host, query, fragment;
  bool user = false;
};
Url ReadUrl(const std::string& text) {
  Url url;
  std::string_view rest = text;
  if (const auto at = rest.find("://"); at != std::string_view::npos) {
    url.scheme = Lower(rest.substr(0, at));
    rest.remove_prefix(at + 3);
  }
  if (const auto at = rest.find('#'); at != std::string_view::npos) {
    url.fragment = rest.substr(at + 1);
    rest = rest.substr(0, at);
  }
  if (const auto at = rest.find('?'); at != std::string_view::npos) {
    url.query = rest.substr(at + 1);
    rest = rest.substr(0, at);
  }
  std::string_view host = rest.substr(0, rest.find('/'));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) {
    url.user = true;
    host.remove_prefix(at + 1);
  }
  url.host = Lower(host.substr(0, host.find(':')));
  return url;
}

/// Every landing page that an ad of a package sends people to, each once, with its place.
std::vector<std::pair<std::string, Place>> LandingsOf(const CampaignView& v, const PackageView& p) {
  std::vector<std::pair<std::string, Place>> found;
  for (const AdDocument* ad : p.ads) {
    auto landing = v.LandingOf(*ad);
    if (std::ranges::none_of(found, [&](const auto& f) { return f.first == landing.first; })) {
      found.push_back(std::move(landing));
    }
  }
  if (found.empty()) found.emplace_back(v.brief().landing_url.value, v.brief().landing_url.place);
  return found;
}

void ForLandings(const CampaignView& v, const PackageView& p,
                 const std::function<void(const std::string&, const Url&, const Place&)>& what) {
  for (const auto& [text, place] : LandingsOf(v, p)) {
    if (!text.empty()) what(text, ReadUrl(text), place);
  }
}

/// The template, parameter by parameter; false (and answered) when the brief states none.
bool Template(const CampaignView& v, Out& out, std::vector<Parameter>& parameters, Place& place) {
  if (!v.brief().tracking) {
    out.NotApplicable("the brief states no template: the channel's default is used");
    return false;
  }
  parameters = ParametersOf(v.brief().tracking->value);
  place = v.brief().tracking->place;
  return true;
}

void NeedParameter(Registry& r, const std::string& name) {
  r.Campaign("tracking." + name, kFail, fmt::format("Does the UTM template have {}?", name),
             fmt::format("Add {} to tracking in the brief, or leave tracking out.", name),
             [name](const CampaignView& v, Out& out) {
               std::vector<Parameter> parameters;
               Place place;
               if (!Template(v, out, parameters, place)) return;
               for (const Parameter& p : parameters) {
                 if (Lower(p.name) == name && !p.value.empty()) return out.Pass(p.value);
               }
               out.Fail(fmt::format("\"{}\" has no {}", v.brief().tracking->value, name), {place});
             });
}

std::string ObjectiveEvent(const std::string& objective) {
  if (objective == "sales") return "purchase";
  if (objective == "leads") return "lead";
  if (objective == "app") return "app_install";
  return "";
}

bool WantsConversions(const BuyAdGroup& group) {
  const std::string goal = TextField(group.fields.values, "optimization_goal");
  return goal == "conversions" || goal == "value";
}

/// One check over what was seen at landing pages: `bad` says what is wrong, or nothing.
void LandingCheck(Registry& r, const std::string& id, Severity severity,
                  const std::string& question, const std::string& fix,
                  const std::function<std::string(const LandingEvidence&)>& bad,
                  const std::function<bool(const LandingEvidence&)>& known = nullptr) {
  r.Campaign("tracking." + id, severity, question, fix,
             [bad, known](const CampaignView& v, Out& out) {
               if (v.context->landing == nullptr || v.context->landing->empty()) {
                 return out.NotChecked("the landing pages were not visited");
               }
               int judged = 0;
               for (const LandingEvidence& seen : *v.context->landing) {
                 if (known && !known(seen)) continue;
                 ++judged;
                 if (const std::string what = bad(seen); !what.empty()) {
                   out.Fail(seen.url + ": " + what, {v.brief().landing_url.place});
                 }
               }
               if (judged == 0) {
                 out.NotChecked("no page answered in a way that shows it");
               } else {
                 out.Pass(fmt::format("{} pages", judged));
               }
             });
}

}  // namespace

void AddTrackingChecks(Registry& r) {
  r.Package("tracking.landing_present", kFail, "Has every ad a landing page?",
            "State landing_url in the brief, or on the ad.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const auto& [text, place] : LandingsOf(v, p)) {
                if (text.empty()) out.Fail("no landing_url", {place});
              }
            });
  r.Package("tracking.landing_https", kFail, "Are the landing pages served over https?",
            "Use the https address.", [](const CampaignView& v, const PackageView& p, Out& out) {
              ForLandings(v, p, [&](const std::string& text, const Url& url, const Place& place) {
                if (url.scheme != "https") out.Fail(text, {place});
              });
            });
  r.Package("tracking.landing_form", kFail, "Are the landing pages whole addresses?",
            "Write the address as a browser shows it, without spaces.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              ForLandings(v, p, [&](const std::string& text, const Url& url, const Place& place) {
                const bool odd = text.find_first_of(" \t\r\n\"<>\\^`{|}") != std::string::npos;
                if (odd || url.host.find('.') == std::string::npos || url.host.ends_with('.') ||
                    url.host.starts_with('.')) {
                  out.Fail(fmt::format("\"{}\"", text), {place});
                }
              });
            });
  r.Package("tracking.landing_domain", kWarn, "Do all ads lead to the brief's website?",
            "Check that the other domain is the client's and carries the tag.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const std::string home = ReadUrl(v.brief().landing_url.value).host;
              ForLandings(v, p, [&](const std::string&, const Url& url, const Place& place) {
                const bool same = url.host == home || url.host.ends_with("." + home) ||
                                  home.ends_with("." + url.host);
                if (!same) {
                  out.Warn(fmt::format("an ad leads to {}, the brief to {}", url.host, home),
                           {place, v.brief().landing_url.place});
                }
              });
            });
  r.Package("tracking.landing_credentials", kFail, "Are the landing pages free of passwords?",
            "Remove user and password from the address: everybody would see them.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              ForLandings(v, p, [&](const std::string&, const Url& url, const Place& place) {
                if (url.user)
                  out.Fail(fmt::format("the address of {} has a user in it", url.host), {place});
              });
            });
  r.Package("tracking.landing_public", kFail, "Can everybody reach the landing pages?",
            "Use the public address, not the one of a test system.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              ForLandings(v, p, [&](const std::string& text, const Url& url, const Place& place) {
                const std::string& h = url.host;
                const bool number = h.find_first_not_of("0123456789.") == std::string::npos;
                if (h == "localhost" || h.ends_with(".localhost") || h.ends_with(".local") ||
                    h.ends_with(".internal") || h.ends_with(".test") ||
                    (number && !IsPublicAddress(h))) {
                  out.Fail(text, {place});
                }
                if (h.starts_with("staging.") || h.starts_with("dev.") || h.starts_with("test.")) {
                  out.Warn(text + " looks like a test system", {place});
                }
              });
            });
  r.Package("tracking.landing_untagged", kFail,
            "Are the landing pages free of tracking parameters?",
            "Take utm_ parameters and click ids out of landing_url; Max adds them.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              ForLandings(v, p, [&](const std::string& text, const Url& url, const Place& place) {
                for (const Parameter& parameter : ParametersOf(url.query)) {
                  const std::string name = Lower(parameter.name);
                  if (name.starts_with("utm_") || IsClickId(name)) {
                    out.Fail(fmt::format("{} has {} already", text, parameter.name), {place});
                  }
                }
              });
            });
  r.Package("tracking.landing_fragment", kNote, "Do the landing pages do without a fragment?",
            "Make sure that the page reads parameters in front of the #.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              ForLandings(v, p, [&](const std::string& text, const Url& url, const Place& place) {
                if (!url.fragment.empty()) out.Fail(text, {place});
              });
            });
  r.Package("tracking.landing_one_domain", kFail, "Do the ads of an ad group lead to one domain?",
            "Put ads for another site into another ad group; Google refuses two domains in one.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                std::map<std::string, Place> hosts;
                for (const AdDocument* ad : p.AdsOf(*group)) {
                  const auto [text, place] = v.LandingOf(*ad);
                  std::string host = ReadUrl(text).host;
                  if (host.starts_with("www.")) host.erase(0, 4);
                  hosts.emplace(host, place);
                }
                if (hosts.size() < 2) continue;
                const std::string what =
                    fmt::format("ad group {} leads to {} and {}", group->name.value,
                                hosts.begin()->first, std::next(hosts.begin())->first);
                const Places places{hosts.begin()->second, std::next(hosts.begin())->second};
                if (p.platform == Platform::kGoogleAds) {
                  out.Fail(what, places);
                } else {
                  out.Warn(what, places);
                }
              }
            });
  r.Package(
      "tracking.template_fills", kFail, "Can the UTM template be filled for every ad?",
      "Correct tracking in the brief as the message says.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        const std::string text =
            v.brief().tracking ? v.brief().tracking->value : DefaultUtmTemplate(p.channel_type);
        const Place place = v.brief().tracking ? v.brief().tracking->place : v.brief().place;
        const TrackingMacros macros = p.spec ? p.spec->macros : TrackingMacros{};
        std::set<std::string> notes;
        for (const BuyAdGroup* group : p.ad_groups) {
          for (const AdDocument* ad : p.AdsOf(*group)) {
            const UtmValues values{
                v.brief().client.value, v.brief().campaign.value, p.name(),
                group->name.value,      ad->name.value,           p.channel_type};
            const auto tags = MakeUrlTags(text, p.platform, values, macros);
            if (!tags) {
              return out.Fail(fmt::format("ad {}: {}", ad->name.value, tags.error().what), {place});
            }
            notes.insert(tags->notes.begin(), tags->notes.end());
          }
        }
        for (const std::string& note : notes) out.Warn(note, {place});
      });
  r.Campaign("tracking.template_stated", kNote, "Does the brief state its UTM template?",
             "Nothing to do when the default is wanted.", [](const CampaignView& v, Out& out) {
               if (!v.brief().tracking) {
                 out.Fail("the default template is used: " + DefaultUtmTemplate("social"),
                          {v.brief().place});
               }
             });
  NeedParameter(r, "utm_source");
  NeedParameter(r, "utm_medium");
  NeedParameter(r, "utm_campaign");
  r.Campaign("tracking.utm_lower_case", kWarn, "Is the UTM template in lower case?",
             "Write names and fixed values in lower case: GA4 tells Paid from paid.",
             [](const CampaignView& v, Out& out) {
               std::vector<Parameter> parameters;
               Place place;
               if (!Template(v, out, parameters, place)) return;
               for (const Parameter& p : parameters) {
                 if (p.name != Lower(p.name) || p.value != Lower(p.value)) {
                   out.Fail(p.name + "=" + p.value, {place});
                 }
               }
             });
  r.Campaign("tracking.utm_once", kFail, "Is every parameter of the template there once?",
             "Keep one of the two.", [](const CampaignView& v, Out& out) {
               std::vector<Parameter> parameters;
               Place place;
               if (!Template(v, out, parameters, place)) return;
               std::set<std::string> names;
               for (const Parameter& p : parameters) {
                 if (!names.insert(Lower(p.name)).second) {
                   out.Fail(fmt::format("{} stands there twice", p.name), {place});
                 }
               }
             });
  r.Campaign("tracking.utm_form", kFail, "Is the template written as name=value&name=value?",
             "Remove spaces, ?, # and empty parameters.", [](const CampaignView& v, Out& out) {
               std::vector<Parameter> parameters;
               Place place;
               if (!Template(v, out, parameters, place)) return;
               if (v.brief().tracking->value.find_first_of(" \t\n?#") != std::string::npos) {
                 out.Fail(fmt::format("\"{}\" has a space, ? or #", v.brief().tracking->value),
                          {place});
               }
               for (const Parameter& p : parameters) {
                 if (p.name.empty() || p.value.empty()) {
                   out.Fail(fmt::format("\"{}={}\" is not whole", p.name, p.value), {place});
                 }
               }
             });
  r.Campaign(
      "tracking.utm_tells_apart", kWarn, "Do the parameters tell packages and ads apart?",
      "Use {package} (or {channel}) and {ad} in the template.",
      [](const CampaignView& v, Out& out) {
        if (!v.brief().tracking) {
          return out.NotApplicable("the channel's default template tells them apart");
        }
        const std::string& text = v.brief().tracking->value;
        const auto has = [&](std::string_view what) {
          return text.find(what) != std::string::npos;
        };
        const Place& place = v.brief().tracking->place;
        if (v.packages.size() > 1 && !has("{package}") && !has("{channel}") &&
            !has("{campaign_id}")) {
          out.Fail(fmt::format("{} packages look the same in \"{}\"", v.packages.size(), text),
                   {place});
        }
        if (v.creatives().ads.size() > 1 && !has("{ad}") && !has("{ad_id}")) {
          out.Fail(fmt::format("{} ads look the same in \"{}\"", v.creatives().ads.size(), text),
                   {place});
        }
      });
  r.Campaign(
      "tracking.utm_source_varies", kWarn, "Does utm_source tell the platforms apart?",
      "Use utm_source={source} or utm_source={platform}.", [](const CampaignView& v, Out& out) {
        std::vector<Parameter> parameters;
        Place place;
        if (!Template(v, out, parameters, place)) return;
        std::set<Platform> platforms;
        for (const PackageView& p : v.packages) platforms.insert(p.platform);
        for (const Parameter& p : parameters) {
          if (Lower(p.name) == "utm_source" && p.value.find('{') == std::string::npos &&
              platforms.size() > 1) {
            out.Fail(fmt::format("utm_source is \"{}\" on {} platforms", p.value, platforms.size()),
                     {place});
          }
        }
      });
  r.Campaign("tracking.click_id_by_platform", kFail, "Are click ids left to the platforms?",
             "Remove gclid, fbclid, ttclid and the like from the template.",
             [](const CampaignView& v, Out& out) {
               std::vector<Parameter> parameters;
               Place place;
               if (!Template(v, out, parameters, place)) return;
               for (const Parameter& p : parameters) {
                 if (IsClickId(Lower(p.name))) out.Fail(p.name + " in the template", {place});
               }
             });
  r.Campaign(
      "tracking.slugs_differ", kWarn, "Do all names stay apart in the parameters?",
      "Rename one of the two: reports would add them up.", [](const CampaignView& v, Out& out) {
        std::map<std::string, std::pair<std::string, Place>> packages, ads;
        const auto add = [&](auto& seen, const std::string& name, const Place& place) {
          const auto [at, fresh] = seen.emplace(UtmSlug(name), std::pair(name, place));
          if (!fresh) {
            out.Fail(
                fmt::format("\"{}\" and \"{}\" are both \"{}\"", at->second.first, name, at->first),
                {at->second.second, place});
          }
        };
        for (const PackageView& p : v.packages) add(packages, p.name(), p.place());
        for (const AdDocument& ad : v.creatives().ads) add(ads, ad.name.value, ad.place);
      });
  r.Package("tracking.ad_url_tags", kFail, "Are parameters that ads state well formed?",
            "Write url_tags as k=v&k=v, or leave them to the template.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                const std::string tags = TextField(ad->fields.values, "url_tags");
                if (tags.empty()) continue;
                const Place& place = ad->fields.PlaceOf("url_tags", ad->place);
                for (const Parameter& parameter : ParametersOf(tags)) {
                  if (parameter.name.empty() || parameter.value.empty() ||
                      tags.find_first_of(" ?#") != std::string::npos) {
                    out.Fail(fmt::format("ad {}: \"{}\"", ad->name.value, tags), {place});
                    break;
                  }
                }
              }
            });
  r.Campaign("tracking.conversion_present", kFail, "Is there a conversion to count?",
             "Add a conversion goal to the brief: name, event, windows.",
             [](const CampaignView& v, Out& out) {
               const std::string& objective = v.brief().objective.value;
               if (ObjectiveEvent(objective).empty()) {
                 return out.NotApplicable("the objective needs no conversion");
               }
               if (v.brief().conversions.empty()) {
                 out.Fail(fmt::format("objective {} without a conversion goal", objective),
                          {v.brief().objective.place});
               }
             });
  r.Campaign(
      "tracking.conversion_names", kFail, "Has each conversion goal a name of its own?",
      "Rename one of the two.", [](const CampaignView& v, Out& out) {
        if (v.brief().conversions.empty()) return out.NotApplicable("no conversion goal");
        std::map<std::string, Place> seen;
        for (const ConversionGoal& goal : v.brief().conversions) {
          const auto [at, fresh] = seen.emplace(Slug(goal.name), goal.place);
          if (!fresh || Trim(goal.name).empty()) {
            out.Fail(fmt::format("conversion goal \"{}\"", goal.name), {at->second, goal.place});
          }
        }
      });
  r.Campaign(
      "tracking.conversion_event", kWarn, "Does a conversion goal fit the objective?",
      "Count what the objective is about: purchase for sales, lead for leads.",
      [](const CampaignView& v, Out& out) {
        const std::string wanted = ObjectiveEvent(v.brief().objective.value);
        if (wanted.empty() || v.brief().conversions.empty()) {
          return out.NotApplicable("nothing to compare");
        }
        if (std::ranges::none_of(v.brief().conversions, [&](const ConversionGoal& goal) {
              return goal.event == wanted ||
                     (wanted == "lead" && (goal.event == "sign_up" || goal.event == "submit_form"));
            })) {
          out.Fail(fmt::format("objective {} counts {}, not {}", v.brief().objective.value,
                               v.brief().conversions.front().event, wanted),
                   {v.brief().conversions.front().place, v.brief().objective.place});
        }
      });
  r.Campaign(
      "tracking.conversion_windows", kFail, "Are the attribution windows sane?",
      "Click window 1 to 90 days, view window 0 to 30 and not longer than the click window.",
      [](const CampaignView& v, Out& out) {
        const auto check = [&](const std::string& name, int click, int view, const Place& place) {
          if (click < 1 || click > 90 || view < 0 || view > 30 || view > click) {
            out.Fail(fmt::format("{}: {} days after a click, {} after a view", name, click, view),
                     {place});
          }
        };
        for (const ConversionGoal& goal : v.brief().conversions) {
          check(goal.name, goal.click_days, goal.view_days, goal.place);
        }
        if (const auto& own = v.brief().attribution) {
          check("attribution", own->click_days, own->view_days, own->place);
        }
      });
  r.Campaign("tracking.conversion_counting", kWarn, "Is each conversion counted as usual?",
             "Count every purchase, but one lead or sign-up a person.",
             [](const CampaignView& v, Out& out) {
               for (const ConversionGoal& goal : v.brief().conversions) {
                 if (goal.counting != "one" && goal.counting != "every") {
                   out.Fail(fmt::format("{}: counting is \"{}\"", goal.name, goal.counting),
                            {goal.place});
                 } else if ((goal.event == "purchase") == (goal.counting == "one") &&
                            (goal.event == "purchase" || goal.event == "lead" ||
                             goal.event == "sign_up")) {
                   out.Fail(fmt::format("{}: {} of each person's {}s count", goal.name,
                                        goal.counting, goal.event),
                            {goal.place});
                 }
               }
             });
  r.Campaign("tracking.attribution_model", kFail, "Are the attribution models known?",
             "Goals: last_click or data_driven. Attribution: last_click, first_click, linear, "
             "time_decay, position, markov or shapley.",
             [](const CampaignView& v, Out& out) {
               for (const ConversionGoal& goal : v.brief().conversions) {
                 if (goal.model != "last_click" && goal.model != "data_driven") {
                   out.Fail(fmt::format("{}: model \"{}\"", goal.name, goal.model), {goal.place});
                 }
               }
               const List known{"last_click", "first_click", "linear", "time_decay",
                                "position",   "markov",      "shapley"};
               if (v.brief().attribution && !Contains(known, v.brief().attribution->model)) {
                 out.Fail(fmt::format("model \"{}\"", v.brief().attribution->model),
                          {v.brief().attribution->place});
               }
             });
  r.Campaign("tracking.windows_agree", kNote, "Do platforms and our own view use the same window?",
             "Know that two windows give two numbers; ours is told beside the platform's.",
             [](const CampaignView& v, Out& out) {
               if (!v.brief().attribution) return out.NotApplicable("no attribution is stated");
               for (const ConversionGoal& goal : v.brief().conversions) {
                 if (goal.click_days != v.brief().attribution->click_days) {
                   out.Fail(
                       fmt::format("{} counts {} days after a click, our own view {}", goal.name,
                                   goal.click_days, v.brief().attribution->click_days),
                       {goal.place, v.brief().attribution->place});
                 }
               }
             });
  r.Package("tracking.window_allowed", kWarn, "Does the platform have the attribution windows?",
            "Choose windows that the platform has; otherwise the nearest shorter one is used.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.spec == nullptr) return out.NotChecked("the requirements are not at hand");
              const auto check = [&](const std::string& field, std::int64_t days,
                                     const Place& place, bool own) {
                const FieldSupport* support = p.spec->FindField(field);
                if (support == nullptr || support->allowed.empty()) return;
                if (Contains(support->allowed, std::to_string(days))) return;
                const std::string what =
                    fmt::format("{} {} on {}, which has {}", field, days, PlatformName(p.platform),
                                Join(support->allowed, 12));
                if (own) {
                  out.Fail(what, {place});
                } else {
                  out.Warn(what, {place});
                }
              };
              for (const ConversionGoal& goal : v.brief().conversions) {
                check("attribution_click_days", goal.click_days, goal.place, false);
                check("attribution_view_days", goal.view_days, goal.place, false);
              }
              for (const BuyAdGroup* group : p.ad_groups) {
                for (const char* field : {"attribution_click_days", "attribution_view_days"}) {
                  const auto at = group->fields.values.find(field);
                  if (at == group->fields.values.end()) continue;
                  if (const auto* days = std::get_if<std::int64_t>(&at->second)) {
                    check(field, *days, group->fields.PlaceOf(field, group->place), true);
                  }
                }
              }
            });
  r.Package(
      "tracking.goal_needs_event", kFail, "Does every conversion goal know its event?",
      "State conversion_event on the ad group, or a conversion goal in the brief.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        for (const BuyAdGroup* group : p.ad_groups) {
          if (WantsConversions(*group) &&
              TextField(group->fields.values, "conversion_event").empty() &&
              v.brief().conversions.empty()) {
            out.Fail(
                fmt::format("ad group {} optimises for conversions of nothing", group->name.value),
                {group->fields.PlaceOf("optimization_goal", group->place), v.brief().place});
          }
        }
      });
  r.Package(
      "tracking.event_has_goal", kWarn, "Is the event that is bought also a goal?",
      "Add a conversion goal with that event to the brief, so that it is counted everywhere.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        for (const BuyAdGroup* group : p.ad_groups) {
          const std::string event = TextField(group->fields.values, "conversion_event");
          if (event.empty()) continue;
          if (std::ranges::none_of(v.brief().conversions, [&](const ConversionGoal& goal) {
                return goal.event == event;
              })) {
            out.Fail(
                fmt::format("ad group {} buys {}, no goal counts it", group->name.value, event),
                {group->fields.PlaceOf("conversion_event", group->place), v.brief().place});
          }
        }
      });
  r.Package(
      "tracking.pixel_present", kFail, "Is there a pixel for what is to be counted?",
      "State pixel_id on the ad group, or a conversion goal in the brief, for which Max makes "
      "or links one.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        if (p.platform != Platform::kMeta && p.platform != Platform::kTikTok) {
          return out.NotApplicable("the platform counts by conversion actions");
        }
        for (const BuyAdGroup* group : p.ad_groups) {
          if (WantsConversions(*group) && TextField(group->fields.values, "pixel_id").empty() &&
              v.brief().conversions.empty()) {
            out.Fail(fmt::format("ad group {} has neither pixel nor goal", group->name.value),
                     {group->place});
          }
        }
      });
  r.Package("tracking.one_pixel", kWarn, "Does the package count with one pixel?",
            "Use one pixel for all ad groups of a package.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              std::map<std::string, Place> pixels;
              for (const BuyAdGroup* group : p.ad_groups) {
                const std::string pixel = TextField(group->fields.values, "pixel_id");
                if (!pixel.empty()) {
                  pixels.emplace(pixel, group->fields.PlaceOf("pixel_id", group->place));
                }
              }
              if (pixels.size() > 1) {
                out.Fail(fmt::format("pixels {} and {}", pixels.begin()->first,
                                     std::next(pixels.begin())->first),
                         {pixels.begin()->second, std::next(pixels.begin())->second});
              }
            });
  r.Campaign("tracking.landing_all_seen", kWarn, "Was every landing page visited?",
             "Run the landing checks again over all pages.", [](const CampaignView& v, Out& out) {
               if (v.context->landing == nullptr || v.context->landing->empty()) {
                 return out.NotChecked("the landing pages were not visited");
               }
               for (const PackageView& p : v.packages) {
                 for (const auto& [text, place] : LandingsOf(v, p)) {
                   const std::string page = text.substr(0, text.find_first_of("?#"));
                   if (std::ranges::none_of(*v.context->landing, [&](const LandingEvidence& e) {
                         return e.url.starts_with(page);
                       })) {
                     out.Fail(text + " was not visited", {place});
                   }
                 }
               }
             });
  LandingCheck(r, "landing_answers", kFail, "Do the landing pages answer?",
               "Repair the page or its address before ads lead to it.",
               [](const LandingEvidence& e) { return e.answered ? "" : e.what; });
  LandingCheck(
      r, "landing_status", kFail, "Do the landing pages answer with success?",
      "Repair the page: visitors would see an error.",
      [](const LandingEvidence& e) {
        return e.status >= 200 && e.status < 300 ? "" : fmt::format("status {}", e.status);
      },
      [](const LandingEvidence& e) { return e.answered; });
  LandingCheck(
      r, "landing_soft_error", kFail, "Are the landing pages what they say they are?",
      "Repair the page: it answers 200 and shows an error.",
      [](const LandingEvidence& e) { return e.soft_error ? e.what : ""; },
      [](const LandingEvidence& e) { return e.answered; });
  LandingCheck(
      r, "landing_redirects", kWarn, "Do the landing pages answer without detours?",
      "Use the final address as landing_url: every hop costs visitors.",
      [](const LandingEvidence& e) {
        return e.hops.size() > 3 ? fmt::format("{} addresses on the way", e.hops.size()) : "";
      },
      [](const LandingEvidence& e) { return e.answered; });
  LandingCheck(
      r, "landing_hops_https", kFail, "Does the way to the page stay on https?",
      "Redirect to https only.",
      [](const LandingEvidence& e) {
        for (const std::string& hop : e.hops) {
          if (hop.starts_with("http://")) return "goes over " + hop;
        }
        return std::string();
      },
      [](const LandingEvidence& e) { return e.answered && e.url.starts_with("https://"); });
  LandingCheck(
      r, "parameters_survive", kFail, "Do the UTM parameters arrive at the page?",
      "Let redirects keep the query string.",
      [](const LandingEvidence& e) {
        return e.parameters_survive ? "" : "the parameters are gone at the end";
      },
      [](const LandingEvidence& e) { return e.answered; });
  LandingCheck(
      r, "click_id_survives", kFail, "Do click ids arrive at the page?",
      "Let redirects keep the query string: without click ids platforms count nothing.",
      [](const LandingEvidence& e) {
        return e.click_id_survives ? "" : "the click id is gone at the end";
      },
      [](const LandingEvidence& e) { return e.answered; });
  LandingCheck(
      r, "tag_present", kFail, "Is the first-party tag in the page?",
      "Put the script tag that maxopt prints into the page's head.",
      [](const LandingEvidence& e) { return *e.tag_present ? "" : "the tag is not in the page"; },
      [](const LandingEvidence& e) { return e.tag_present.has_value(); });
  LandingCheck(
      r, "tag_fires", kFail, "Does the tag send its event?",
      "Look for a consent banner, a content security policy or a blocker that stops it.",
      [](const LandingEvidence& e) { return *e.tag_fires ? "" : "no event arrived"; },
      [](const LandingEvidence& e) { return e.tag_fires.has_value(); });
}

}  // namespace maxopt::checks
