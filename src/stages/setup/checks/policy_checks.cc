// Family policy: laws, the platforms' rules, the client's policy, and what platforms refused
// before. A platform's own review rules are generated from its requirements.
#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/texts.h"
#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

const List kEuropeanUnion{"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES",
                          "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
                          "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"};
/// Where platforms deliver no advertising by sanctions or by their own decision.
const List kNotServed{"CU", "IR", "KP", "SY"};

/// Housing, employment, credit: whose targeting laws limit.
List LimitedCategories(const CampaignView& v, const PackageView& p) {
  List found;
  const auto add = [&](const List& list) {
    for (const std::string& c : list) {
      if (c == "housing" || c == "employment" || c == "credit") found.push_back(c);
    }
  };
  if (v.brief().special_categories) add(v.brief().special_categories->value);
  if (const FieldValue* value = p.Field("special_categories")) {
    if (const auto* list = std::get_if<List>(value)) add(*list);
  }
  return found;
}

Place CategoriesPlace(const CampaignView& v, const PackageView& p) {
  return v.brief().special_categories ? v.brief().special_categories->place
                                      : p.PlaceOf("special_categories");
}

bool InEurope(const CampaignView& v, const PackageView& p) {
  const auto countries = v.CountriesOf(p);
  return std::ranges::any_of(countries,
                             [](const std::string& c) { return Contains(kEuropeanUnion, c); });
}

/// The brief's word, or the package's.
std::optional<std::pair<bool, Place>> EuPolitical(const CampaignView& v, const PackageView& p) {
  if (const FieldValue* value = p.Field("eu_political")) {
    if (const auto* flag = std::get_if<bool>(value)) {
      return std::pair(*flag, p.PlaceOf("eu_political"));
    }
  }
  if (v.brief().eu_political) {
    return std::pair(v.brief().eu_political->value, v.brief().eu_political->place);
  }
  return std::nullopt;
}

/// A check that warns where one of the words stands in a text.
void WordCheck(Registry& r, const std::string& id, const std::string& question,
               const std::string& fix, const List& words,
               const std::function<bool(const CampaignView&, const PackageView&)>& wanted) {
  r.Package(
      "policy." + id, kWarn, question, fix,
      [words, wanted](const CampaignView& v, const PackageView& p, Out& out) {
        if (!wanted(v, p)) return out.NotApplicable("it is declared");
        for (const AdDocument* ad : p.ads) {
          ForTexts(*ad, [&](const std::string& field, const std::string& text, const Place& place) {
            for (const std::string& word : words) {
              if (HasWord(text, word)) {
                out.Fail(
                    fmt::format("ad {}, {}: \"{}\" in \"{}\"", ad->name.value, field, word, text),
                    {place});
                return;
              }
            }
          });
        }
      });
}

bool Declared(const CampaignView& v, const PackageView& p, const std::string& category) {
  List all;
  if (v.brief().special_categories) all = v.brief().special_categories->value;
  if (const FieldValue* value = p.Field("special_categories")) {
    if (const auto* list = std::get_if<List>(value))
      all.insert(all.end(), list->begin(), list->end());
  }
  return Contains(all, category);
}

}  // namespace

void AddPolicyChecks(Registry& r) {
  r.Campaign("policy.special_categories_known", kFail, "Are the special categories known?",
             "Use housing, employment, credit or politics; leave the list empty for none.",
             [](const CampaignView& v, Out& out) {
               if (!v.brief().special_categories) return;
               for (const std::string& c : v.brief().special_categories->value) {
                 if (!Contains({"housing", "employment", "credit", "politics"}, c)) {
                   out.Fail(fmt::format("\"{}\"", c), {v.brief().special_categories->place});
                 }
               }
             });
  r.Package("policy.special_categories_stated", kFail,
            "Is it said whether the campaign is of a special category?",
            "Write special_categories in the brief: [] when there is none. Meta asks for it.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.platform != Platform::kMeta) {
                return out.NotApplicable("the platform does not ask");
              }
              if (!v.brief().special_categories && p.Field("special_categories") == nullptr) {
                out.Fail("special_categories is not stated", {v.brief().place});
              }
            });
  r.Package(
      "policy.special_age", kFail, "Do special categories leave ages alone?",
      "Take age_min and age_max out: the law forbids to target housing, employment and credit "
      "by age.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        const List categories = LimitedCategories(v, p);
        if (categories.empty()) return out.NotApplicable("no such category");
        for (const BuyAdGroup* group : p.ad_groups) {
          const auto low = v.NumberOf(p, *group, "age_min");
          const auto high = v.NumberOf(p, *group, "age_max");
          if ((low && low->first > 18) || (high && high->first < 65)) {
            out.Fail(fmt::format("ad group {} is for ages {} to {}, the category is {}",
                                 group->name.value, low ? low->first : 18, high ? high->first : 65,
                                 categories.front()),
                     {low ? low->second : high->second, CategoriesPlace(v, p)});
          }
        }
      });
  r.Package("policy.special_gender", kFail, "Do special categories leave genders alone?",
            "Take genders out: the law forbids to target housing, employment and credit by gender.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const List categories = LimitedCategories(v, p);
              if (categories.empty()) return out.NotApplicable("no such category");
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [genders, place] = v.ListOf(p, *group, "genders");
                if (genders.size() == 1) {
                  out.Fail(fmt::format("ad group {} is for {}, the category is {}",
                                       group->name.value, genders.front(), categories.front()),
                           {place, CategoriesPlace(v, p)});
                }
              }
            });
  r.Package("policy.special_geo", kFail, "Do special categories leave small places alone?",
            "Target whole countries: exclusions and small places are not allowed there.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const List categories = LimitedCategories(v, p);
              if (categories.empty()) return out.NotApplicable("no such category");
              for (const BuyAdGroup* group : p.ad_groups) {
                for (const char* field : {"locations", "excluded_locations"}) {
                  const auto [list, place] = v.ListOf(p, *group, field);
                  if (!list.empty()) {
                    out.Fail(fmt::format("ad group {} states {}, the category is {}",
                                         group->name.value, field, categories.front()),
                             {place, CategoriesPlace(v, p)});
                  }
                }
              }
            });
  r.Package("policy.eu_political_stated", kFail,
            "Is it declared whether this is political advertising in the EU?",
            "Write eu_political: false in the brief (Google asks for it since September 2025).",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (!InEurope(v, p)) return out.NotApplicable("the package does not run in the EU");
              if (!EuPolitical(v, p)) {
                out.Fail("the package runs in the EU, eu_political is not stated",
                         {v.brief().place, p.place()});
              }
            });
  r.Package("policy.eu_political_refused", kFail, "Is it free of political advertising in the EU?",
            "Leave the EU out: Google, Meta and TikTok take no political advertising there.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto stated = EuPolitical(v, p);
              if (stated && stated->first && InEurope(v, p)) {
                out.Fail(fmt::format("declared as political, and it runs on {} in the EU",
                                     PlatformName(p.platform)),
                         {stated->second, p.place()});
              }
            });
  r.Package("policy.not_served", kFail, "Do platforms serve the countries?",
            "Take the country out: no platform delivers there.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const std::string& country : v.CountriesOf(p)) {
                if (Contains(kNotServed, country)) out.Fail(country, {p.PlaceOf("countries")});
              }
            });
  r.Package("policy.minors", kWarn, "Are the ads for adults?",
            "State age_min: 18, unless minors are meant and the platform allows it.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto low = v.NumberOf(p, *group, "age_min");
                if (low && low->first < 18) {
                  out.Fail(fmt::format("ad group {} begins at {}", group->name.value, low->first),
                           {low->second});
                }
              }
            });
  const auto no_category = [](const std::string& category) {
    return [category](const CampaignView& v, const PackageView& p) {
      return !Declared(v, p, category);
    };
  };
  const auto always = [](const CampaignView&, const PackageView&) { return true; };
  WordCheck(r, "suspect_credit", "Is advertising for credit declared?",
            "Declare special category credit, or write it differently.",
            {"loan", "loans", "mortgage", "credit card", "kredit", "darlehen", "hypothek"},
            no_category("credit"));
  WordCheck(r, "suspect_housing", "Is advertising for housing declared?",
            "Declare special category housing, or write it differently.",
            {"apartment for rent", "homes for sale", "real estate", "wohnung mieten", "immobilien"},
            no_category("housing"));
  WordCheck(r, "suspect_employment", "Is advertising for jobs declared?",
            "Declare special category employment, or write it differently.",
            {"we are hiring", "now hiring", "job offer", "apply for this job", "wir stellen ein",
             "stellenangebot"},
            no_category("employment"));
  WordCheck(r, "suspect_politics", "Is political advertising declared?",
            "Declare special category politics and eu_political, or write it differently.",
            {"vote for", "election", "referendum", "wahlkampf", "parliament", "bundestagswahl"},
            no_category("politics"));
  WordCheck(r, "alcohol", "Is advertising for alcohol allowed there?",
            "State age_min for the country's drinking age and ask the platform for its licence.",
            {"beer", "wine", "vodka", "whisky", "whiskey", "bier", "wein", "schnaps"}, always);
  WordCheck(r, "gambling", "Is advertising for gambling allowed there?",
            "Get the platform's certificate for gambling before launch.",
            {"casino", "sports betting", "poker", "jackpot", "sportwetten", "lottery"}, always);
  for (const ReviewRule& rule : CommonRules()) {
    std::string asks = rule.what;
    asks.back() = '?';
    r.Package("policy." + rule.id, rule.blocks ? kFail : kWarn, "Is it so: " + asks, rule.fix,
              [&rule](const CampaignView& v, const PackageView& p, Out& out) {
                if (p.spec != nullptr && p.generated &&
                    std::ranges::find(p.spec->review_rules, rule.id, &ReviewRule::id) !=
                        p.spec->review_rules.end()) {
                  return out.NotApplicable("the platform's own rule says it");
                }
                CheckRule(rule, v, p, out);
              });
    r.Sourced(rule.source);
  }
  r.Campaign("policy.client_matches", kFail, "Is the policy the client's own?",
             "Hand over the policy of the brief's client.", [](const CampaignView& v, Out& out) {
               if (v.context->policy == nullptr) {
                 return out.NotChecked("no policy was handed over");
               }
               if (v.context->policy->client != v.brief().client.value) {
                 out.Fail(fmt::format("the policy is for \"{}\", the brief for \"{}\"",
                                      v.context->policy->client, v.brief().client.value),
                          {v.brief().client.place});
               }
             });
  r.Campaign("policy.launch_by_person", kWarn, "Does a person approve the launch?",
             "Take launch and activate out of auto_approve.", [](const CampaignView& v, Out& out) {
               if (v.context->policy == nullptr) {
                 return out.NotChecked("no policy was handed over");
               }
               for (const Reason reason : v.context->policy->auto_approve) {
                 if (reason == Reason::kLaunch || reason == Reason::kActivate) {
                   out.Fail(fmt::format("the policy approves \"{}\" by itself", ReasonName(reason)),
                            {});
                 }
               }
             });
  r.Package("policy.learned", kFail, "Is it free of what the platform refused before?",
            "Use another value, or wait until the constraint expires.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (v.context->learned == nullptr) {
                return out.NotChecked("what was learnt is not at hand");
              }
              const auto seen = [&](const std::string& field, const FieldValue& value,
                                    std::string_view level, const Place& place) {
                for (const LearnedConstraint& c : *v.context->learned) {
                  if (c.platform != p.platform || c.field != field || c.level != level) continue;
                  const auto* list = std::get_if<List>(&value);
                  const auto* text = std::get_if<std::string>(&value);
                  if (c.value != ShowValue(value) && !(text && *text == c.value) &&
                      !(list && Contains(*list, c.value))) {
                    continue;
                  }
                  const std::string what = fmt::format(
                      "{} = {} was refused {} times and taken {} times since "
                      "(confidence {:.2f}): {}",
                      field, c.value, c.seen, c.passed, c.confidence(), c.message);
                  // 2/3 is two refusals without one success: no longer a coincidence.
                  if (c.confidence() >= 0.66) {
                    out.Fail(what, {place});
                  } else {
                    out.Warn(what, {place});
                  }
                }
              };
              if (v.context->desired != nullptr) {
                for (const DesiredObject& object : v.context->desired->objects) {
                  if (object.account.platform != p.platform ||
                      (object.package != p.name() && !object.package.empty())) {
                    continue;
                  }
                  for (const auto& [field, value] : object.fields) {
                    seen(field, value, LevelName(object.level), object.place);
                  }
                }
                return;
              }
              const auto all = [&](const SaidFields& said, std::string_view level,
                                   const Place& place) {
                for (const auto& [field, value] : said.values) {
                  seen(field, value, level, said.PlaceOf(field, place));
                }
              };
              all(p.package->fields, "campaign", p.place());
              for (const Buy* buy : p.buys) all(buy->fields, "campaign", buy->place);
              for (const BuyAdGroup* group : p.ad_groups) {
                all(group->fields, "ad_group", group->place);
              }
              for (const AdDocument* ad : p.ads) all(ad->fields, "ad", ad->place);
            });
}

}  // namespace maxopt::checks
