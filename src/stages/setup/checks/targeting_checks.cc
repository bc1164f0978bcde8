// Family targeting: who is to see the ads, when and where; keywords; what a platform can express.
#include <fmt/format.h>

#include <algorithm>

#include "domain/bid_modifiers.h"
#include "domain/dayparts.h"
#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

/// ISO 3166-1 alpha-2, officially assigned.
constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW";
/// ISO 639-1.
constexpr std::string_view kLanguages =
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

bool InWords(std::string_view words, std::string_view word, std::size_t length) {
  if (word.size() != length) return false;
  for (std::size_t at = 0; at < words.size(); at += length + 1) {
    if (words.substr(at, length) == word) return true;
  }
  return false;
}

/// "match:text" in its two parts; nullopt when it is not of that form.
struct Keyword {
  std::string match, text;
};
std::optional<Keyword> ReadKeyword(const std::string& written) {
  const std::size_t colon = written.find(':');
  if (colon == std::string::npos) return std::nullopt;
  Keyword keyword{written.substr(0, colon), written.substr(colon + 1)};
  if (keyword.match != "exact" && keyword.match != "phrase" && keyword.match != "broad") {
    return std::nullopt;
  }
  if (Trim(keyword.text).empty()) return std::nullopt;
  return keyword;
}

List WordsOf(const std::string& text) {
  List words;
  for (const std::string& word : Split(Lower(text), ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

/// Whether a negative keyword keeps the ads away from every search that the keyword is for.
bool Blocks(const Keyword& negative, const Keyword& keyword) {
  const List no = WordsOf(negative.text), yes = WordsOf(keyword.text);
  if (negative.match == "exact") return no == yes && keyword.match == "exact";
  if (negative.match == "phrase") {
    return std::ranges::search(yes, no).begin() != yes.end();
  }
  return std::ranges::all_of(no, [&](const std::string& word) { return Contains(yes, word); });
}

using ListFault = std::function<std::string(const std::string&)>;

/// A check of every entry of a targeting list of every ad group.
void EntryCheck(Registry& r, const std::string& id, const std::string& field, Severity severity,
                const std::string& question, const std::string& fix, const ListFault& fault) {
  r.Package("targeting." + id, severity, question, fix,
            [field, fault](const CampaignView& v, const PackageView& p, Out& out) {
              std::set<std::pair<std::string, std::string>> told;
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [list, place] = v.ListOf(p, *group, field);
                for (const std::string& entry : list) {
                  const std::string what = fault(entry);
                  // A list that all ad groups inherit is told once.
                  if (what.empty() || !told.emplace(PrintPlace(place), entry).second) continue;
                  out.Fail(what, {place});
                }
              }
            });
}

/// Everything in `field` of the ad groups must be in the brief's list of the same name.
void InsideBrief(Registry& r, const std::string& field, const std::string& noun) {
  r.Package("targeting.inside_brief_" + field, kFail,
            fmt::format("Are the package's {} among the brief's?", noun),
            "Narrow the package's targeting, or widen the brief's audience.",
            [field](const CampaignView& v, const PackageView& p, Out& out) {
              const List& allowed = ListField(v.brief().audience.values, field);
              if (allowed.empty()) {
                return out.NotApplicable(fmt::format("the brief's audience names no {}", field));
              }
              const Place& brief = v.brief().audience.PlaceOf(field, v.brief().place);
              std::set<std::string> told;
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [list, place] = v.ListOf(p, *group, field);
                for (const std::string& entry : list) {
                  if (!Contains(allowed, entry) && told.insert(entry).second) {
                    out.Fail(fmt::format("{} of ad group {} is not among the brief's {}", entry,
                                         group->name.value, Join(allowed)),
                             {place, brief});
                  }
                }
              }
            });
}

void IncludeExclude(Registry& r, const std::string& include, const std::string& exclude) {
  r.Package("targeting." + include + "_disjoint", kFail,
            fmt::format("Is nothing in {} and in {} at once?", include, exclude),
            "Keep it in one of the two lists.",
            [include, exclude](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [in, in_place] = v.ListOf(p, *group, include);
                const auto [no, no_place] = v.ListOf(p, *group, exclude);
                for (const std::string& entry : in) {
                  if (Contains(no, entry)) {
                    out.Fail(fmt::format("ad group {}: {} is included and excluded",
                                         group->name.value, entry),
                             {in_place, no_place});
                  }
                }
              }
            });
}

char LevelLetter(bool ad_group) { return ad_group ? 'g' : 'c'; }

/// All fields that the documents state for a package, with level letter and place.
void ForFields(const PackageView& p,
               const std::function<void(const std::string& field, const FieldValue& value,
                                        char level, const Place& place)>& what) {
  const auto all = [&](const SaidFields& said, char level, const Place& place) {
    for (const auto& [field, value] : said.values) {
      what(field, value, level, said.PlaceOf(field, place));
    }
  };
  all(p.package->fields, LevelLetter(false), p.place());
  for (const Buy* buy : p.buys) all(buy->fields, LevelLetter(false), buy->place);
  for (const BuyAdGroup* group : p.ad_groups) all(group->fields, LevelLetter(true), group->place);
  for (const AdDocument* ad : p.ads) all(ad->fields, 'a', ad->place);
}

}  // namespace

void AddTargetingChecks(Registry& r) {
  r.Package("targeting.countries_present", kFail, "Is it said where the ads run?",
            "State countries in the brief's audience, the media plan or the ad group.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                if (v.ListOf(p, *group, "countries").first.empty() &&
                    v.ListOf(p, *group, "locations").first.empty()) {
                  out.Fail(
                      fmt::format("ad group {} would run in the whole world", group->name.value),
                      {group->place});
                }
              }
            });
  EntryCheck(r, "countries_valid", "countries", kFail, "Are the countries codes of ISO 3166?",
             "Write two capital letters: DE, GB (not UK), GR (not EL).",
             [](const std::string& entry) {
               return InWords(kCountries, entry, 2) ? "" : fmt::format("\"{}\"", entry);
             });
  EntryCheck(r, "languages_valid", "languages", kFail, "Are the languages codes of ISO 639-1?",
             "Write two small letters: de, en.", [](const std::string& entry) {
               return InWords(kLanguages, entry, 2) ? "" : fmt::format("\"{}\"", entry);
             });
  r.Package("targeting.languages_present", kWarn, "Is the ads' language stated?",
            "State languages, so that only those see the ads who can read them.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                if (v.ListOf(p, *group, "languages").first.empty()) {
                  out.Fail(fmt::format("ad group {} is for all languages", group->name.value),
                           {group->place});
                }
              }
            });
  r.Package("targeting.age_range", kFail, "Is the age range one?",
            "State age_min from 13 to 65 and age_max not below it.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto low = v.NumberOf(p, *group, "age_min");
                const auto high = v.NumberOf(p, *group, "age_max");
                const auto bad = [](const auto& age) {
                  return age && (age->first < 13 || age->first > 65);
                };
                if (bad(low) || bad(high) || (low && high && low->first > high->first)) {
                  Places places;
                  if (low) places.push_back(low->second);
                  if (high) places.push_back(high->second);
                  out.Fail(fmt::format("ad group {}: {} to {}", group->name.value,
                                       low ? std::to_string(low->first) : "any",
                                       high ? std::to_string(high->first) : "any"),
                           places);
                }
              }
            });
  EntryCheck(r, "genders_known", "genders", kFail, "Are the genders female or male?",
             "Write female, male, or leave genders out for everybody.",
             [](const std::string& entry) {
               return entry == "female" || entry == "male" ? "" : fmt::format("\"{}\"", entry);
             });
  r.Package("targeting.keywords_present", kFail, "Has every search ad group keywords?",
            "Add keywords such as \"phrase:trail running shoes\".",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (!p.search()) return out.NotApplicable("no search channel");
              for (const BuyAdGroup* group : p.ad_groups) {
                if (ListField(group->fields.values, "keywords").empty()) {
                  out.Fail(fmt::format("ad group {} has none", group->name.value), {group->place});
                }
              }
            });
  r.Package("targeting.keywords_elsewhere", kFail, "Are keywords only where searches are?",
            "Take the keywords out, or set the package up as search.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.search()) return out.NotApplicable("a search channel");
              for (const BuyAdGroup* group : p.ad_groups) {
                if (!ListField(group->fields.values, "keywords").empty()) {
                  out.Fail(fmt::format("ad group {} of a {} channel has keywords",
                                       group->name.value, p.channel_type),
                           {group->fields.PlaceOf("keywords", group->place)});
                }
              }
            });
  EntryCheck(r, "keyword_form", "keywords", kFail, "Is every keyword match:text?",
             "Write exact:, phrase: or broad: in front of the words.",
             [](const std::string& entry) {
               return ReadKeyword(entry) ? "" : fmt::format("\"{}\"", entry);
             });
  EntryCheck(r, "keyword_length", "keywords", kFail,
             "Has every keyword at most 80 characters and ten words?", "Shorten the keyword.",
             [](const std::string& entry) {
               const auto keyword = ReadKeyword(entry);
               if (!keyword) return std::string();
               const int length = CountCharacters(keyword->text);
               const auto words = WordsOf(keyword->text).size();
               return length > 80 || words > 10
                          ? fmt::format("\"{}\" has {} characters, {} words", entry, length, words)
                          : std::string();
             });
  EntryCheck(r, "keyword_characters", "keywords", kFail, "Are keywords free of marks?",
             "Leave out quotes, brackets and ! @ % , * ; ~ ` < > ( ) = | \\ .",
             [](const std::string& entry) {
               const auto keyword = ReadKeyword(entry);
               return keyword && keyword->text.find_first_of("!@%,*;~`<>()[]{}\"=|\\^?") !=
                                     std::string::npos
                          ? fmt::format("\"{}\"", entry)
                          : std::string();
             });
  EntryCheck(
      r, "negative_form", "negative_keywords", kFail, "Is every negative keyword match:text?",
      "Write exact:, phrase: or broad: in front of the words.", [](const std::string& entry) {
        return ReadKeyword(entry) ? "" : fmt::format("\"{}\"", entry);
      });
  r.Package("targeting.keyword_once", kFail, "Is every keyword of an ad group there once?",
            "Keep one of the two.", [](const CampaignView&, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                std::set<std::string> seen;
                for (const std::string& entry : ListField(group->fields.values, "keywords")) {
                  if (!seen.insert(Lower(entry)).second) {
                    out.Fail(fmt::format("ad group {}: \"{}\" twice", group->name.value, entry),
                             {group->fields.PlaceOf("keywords", group->place)});
                  }
                }
              }
            });
  r.Campaign("targeting.keyword_rivals", kWarn, "Does no keyword compete with itself?",
             "Keep the keyword in one ad group, or make it negative in the other.",
             [](const CampaignView& v, Out& out) {
               std::map<std::string, std::pair<const BuyAdGroup*, std::string>> seen;
               for (const PackageView& p : v.packages) {
                 for (const BuyAdGroup* group : p.ad_groups) {
                   for (const std::string& entry : ListField(group->fields.values, "keywords")) {
                     const auto [at, fresh] =
                         seen.emplace(std::string(PlatformName(p.platform)) + " " + Lower(entry),
                                      std::pair(group, p.name()));
                     if (!fresh && at->second.first != group) {
                       out.Fail(
                           fmt::format("\"{}\" is in {}/{} and {}/{}", entry, at->second.second,
                                       at->second.first->name.value, p.name(), group->name.value),
                           {at->second.first->fields.PlaceOf("keywords", at->second.first->place),
                            group->fields.PlaceOf("keywords", group->place)});
                     }
                   }
                 }
               }
             });
  r.Package("targeting.keyword_negative", kFail, "Does no negative keyword block a keyword?",
            "Take the negative keyword out, or make it exact.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                List negatives = ListField(group->fields.values, "negative_keywords");
                Place place = group->fields.PlaceOf("negative_keywords", group->place);
                if (const FieldValue* all = p.Field("negative_keywords")) {
                  if (const auto* list = std::get_if<List>(all)) {
                    if (negatives.empty()) place = p.PlaceOf("negative_keywords");
                    negatives.insert(negatives.end(), list->begin(), list->end());
                  }
                }
                for (const std::string& written : v.ListOf(p, *group, "keywords").first) {
                  const auto keyword = ReadKeyword(written);
                  for (const std::string& no : negatives) {
                    const auto negative = ReadKeyword(no);
                    if (keyword && negative && Blocks(*negative, *keyword)) {
                      out.Fail(fmt::format("ad group {}: negative \"{}\" blocks \"{}\"",
                                           group->name.value, no, written),
                               {place, group->fields.PlaceOf("keywords", group->place)});
                    }
                  }
                }
              }
            });
  r.Package("targeting.brand_terms", kWarn, "Are brand terms only in brand packages?",
            "Make the brand a negative keyword there: it would take the credit of the brand's own "
            "searches.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const std::string& brand =
                  v.brief().brand.empty() ? v.brief().client.value : v.brief().brand;
              if (!p.search() || HasWord(p.name(), "brand")) {
                return out.NotApplicable("a brand package, or no search channel");
              }
              for (const BuyAdGroup* group : p.ad_groups) {
                if (HasWord(group->name.value, "brand")) continue;
                for (const std::string& entry : ListField(group->fields.values, "keywords")) {
                  if (HasWord(entry, brand)) {
                    out.Fail(fmt::format("ad group {}: \"{}\" names the brand {}",
                                         group->name.value, entry, brand),
                             {group->fields.PlaceOf("keywords", group->place)});
                  }
                }
              }
            });
  r.Package("targeting.keywords_broad", kWarn, "Are broad keywords bid by a machine?",
            "Use phrase or exact with manual bids, or an automatic bid strategy with broad ones.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const std::string own = TextField(group->fields.values, "bid_strategy");
                if ((own.empty() ? p.Text("bid_strategy") : own) != "manual_cpc") continue;
                const List& keywords = ListField(group->fields.values, "keywords");
                const auto broad = std::ranges::count_if(
                    keywords, [](const std::string& k) { return k.starts_with("broad:"); });
                if (broad > 0 && 2 * broad > std::ssize(keywords)) {
                  out.Fail(fmt::format("ad group {}: {} of {} keywords are broad at manual_cpc",
                                       group->name.value, broad, keywords.size()),
                           {group->fields.PlaceOf("keywords", group->place)});
                }
              }
            });
  r.Package("targeting.keyword_count", kWarn, "Has every ad group a theme?",
            "Split ad groups of more than 50 keywords by what people look for.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto count = ListField(group->fields.values, "keywords").size();
                if (count > 50) {
                  out.Fail(fmt::format("ad group {} has {} keywords", group->name.value, count),
                           {group->fields.PlaceOf("keywords", group->place)});
                }
              }
            });
  IncludeExclude(r, "audiences", "excluded_audiences");
  IncludeExclude(r, "locations", "excluded_locations");
  EntryCheck(r, "audience_ids", "audiences", kFail, "Are audiences the platform's ids?",
             "Write the audience's id, not its name.", [](const std::string& entry) {
               return entry.empty() || entry.find_first_of(" \t,") != std::string::npos
                          ? fmt::format("\"{}\"", entry)
                          : std::string();
             });
  r.Package("targeting.placements_known", kFail, "Does the platform have the placements?",
            "Use the platform's own words, or leave placements out for automatic ones.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.spec == nullptr || p.spec->placements.empty()) {
                return out.NotChecked("the platform's requirements list no placements");
              }
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [list, place] = v.ListOf(p, *group, "placements");
                for (const std::string& entry : list) {
                  if (std::ranges::none_of(p.spec->placements, [&](const PlacementSpec& known) {
                        return known.name == entry;
                      })) {
                    out.Fail(fmt::format("ad group {}: {} has no placement \"{}\"",
                                         group->name.value, PlatformName(p.platform), entry),
                             {place});
                  }
                }
              }
            });
  r.Package("targeting.frequency", kFail, "Is the frequency cap whole and sane?",
            "State frequency_cap and frequency_days together: 2 in 7 days is usual.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto cap = v.NumberOf(p, *group, "frequency_cap");
                const auto days = v.NumberOf(p, *group, "frequency_days");
                if (cap.has_value() != days.has_value()) {
                  out.Fail(fmt::format("ad group {} states {} alone", group->name.value,
                                       cap ? "frequency_cap" : "frequency_days"),
                           {cap ? cap->second : days->second});
                } else if (cap && (cap->first < 1 || days->first < 1)) {
                  out.Fail(fmt::format("ad group {}: {} in {} days", group->name.value, cap->first,
                                       days->first),
                           {cap->second, days->second});
                } else if (cap && (cap->first / days->first >= 10 || days->first > 90)) {
                  out.Warn(fmt::format("ad group {}: {} in {} days is no cap", group->name.value,
                                       cap->first, days->first),
                           {cap->second, days->second});
                }
              }
            });
  r.Package("targeting.dayparts_form", kFail, "Are the dayparts hours of a week?",
            "Write \"mon 08:00-20:00\".",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [list, place] = v.ListOf(p, *group, "dayparts");
                const auto hours = ParseDayparts(list);
                if (!hours) return out.Fail(hours.error().what, {place});
              }
            });
  r.Package("targeting.dayparts_overlap", kWarn, "Is every hour of the dayparts stated once?",
            "Take the overlapping hours out of one entry.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [list, place] = v.ListOf(p, *group, "dayparts");
                WeekHours seen;
                for (const std::string& entry : list) {
                  const auto hours = ParseDayparts({entry});
                  if (!hours) continue;
                  if ((seen & *hours).any()) {
                    return out.Fail(fmt::format("ad group {}: {} hours of \"{}\" stand there twice",
                                                group->name.value, (seen & *hours).count(), entry),
                                    {place});
                  }
                  seen |= *hours;
                }
              }
            });
  r.Package("targeting.dayparts_narrow", kWarn, "Do the dayparts leave time to run?",
            "Widen the dayparts: the day's budget has to be spent in them.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [list, place] = v.ListOf(p, *group, "dayparts");
                const auto hours = ParseDayparts(list);
                if (!list.empty() && hours && hours->count() < 20) {
                  return out.Fail(fmt::format("ad group {} runs {} of 168 hours", group->name.value,
                                              hours->count()),
                                  {place});
                }
              }
            });
  r.Package("targeting.bid_modifiers_heeded", kWarn, "Does the bid strategy heed the modifiers?",
            "Bid by hand, or leave them out: strategies that set each bid ignore them.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto [list, place] = v.ListOf(p, {}, "bid_modifiers");
              const auto modifiers = ParseBidModifiers(list);
              const std::string strategy = p.Text("bid_strategy");
              if (p.platform != Platform::kGoogleAds || !modifiers || strategy.empty() ||
                  strategy == "manual_cpc") {
                return;
              }
              for (const auto& [part, bp] : *modifiers) {
                const bool device = part.dimension == "device";
                if (device && (bp == 0 || strategy == "target_cpa")) continue;
                out.Fail(fmt::format("{} ignores the modifier {} of {} {}", strategy,
                                     PrintModifier(bp), part.dimension, part.value),
                         {place});
              }
            });
  InsideBrief(r, "countries", "countries");
  InsideBrief(r, "languages", "languages");
  InsideBrief(r, "genders", "genders");
  r.Package("targeting.inside_brief_age", kFail, "Are the package's ages among the brief's?",
            "Narrow the ad group's ages, or widen the brief's audience.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto brief = [&](const char* field) -> std::optional<std::int64_t> {
                const auto at = v.brief().audience.values.find(field);
                if (at == v.brief().audience.values.end()) return std::nullopt;
                const auto* number = std::get_if<std::int64_t>(&at->second);
                return number ? std::optional(*number) : std::nullopt;
              };
              const auto low = brief("age_min"), high = brief("age_max");
              if (!low && !high) return out.NotApplicable("the brief's audience names no ages");
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto min = v.NumberOf(p, *group, "age_min");
                const auto max = v.NumberOf(p, *group, "age_max");
                if (low && min && min->first < *low) {
                  out.Fail(fmt::format("ad group {} begins at {}, the brief at {}",
                                       group->name.value, min->first, *low),
                           {min->second, v.brief().audience.PlaceOf("age_min", v.brief().place)});
                }
                if (high && max && max->first > *high) {
                  out.Fail(fmt::format("ad group {} ends at {}, the brief at {}", group->name.value,
                                       max->first, *high),
                           {max->second, v.brief().audience.PlaceOf("age_max", v.brief().place)});
                }
              }
            });
  r.Campaign("targeting.brief_covered", kWarn, "Is every country of the brief served?",
             "Add the country to a package, or take it out of the brief.",
             [](const CampaignView& v, Out& out) {
               const List& wanted = ListField(v.brief().audience.values, "countries");
               if (wanted.empty()) {
                 return out.NotApplicable("the brief's audience names no countries");
               }
               std::set<std::string> served;
               for (const PackageView& p : v.packages) served.merge(v.CountriesOf(p));
               for (const std::string& country : wanted) {
                 if (!served.contains(country)) {
                   out.Fail(fmt::format("no package runs in {}", country),
                            {v.brief().audience.PlaceOf("countries", v.brief().place)});
                 }
               }
             });
  r.Package("targeting.entries_once", kWarn, "Is every entry of a list there once?",
            "Keep one of the two.", [](const CampaignView&, const PackageView& p, Out& out) {
              ForFields(p, [&](const std::string& field, const FieldValue& value, char,
                               const Place& place) {
                const auto* list = std::get_if<List>(&value);
                if (list == nullptr || field == "headlines" || field == "descriptions" ||
                    field == "keywords" || field == "images") {
                  return;
                }
                std::set<std::string> seen;
                for (const std::string& entry : *list) {
                  if (!seen.insert(entry).second) {
                    out.Fail(fmt::format("{} names \"{}\" twice", field, entry), {place});
                  }
                }
              });
            });
  r.Package("targeting.field_support", kWarn, "Can the platform express every field?",
            "Leave the field out there, or read in the matrix what becomes of it.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.spec == nullptr || p.spec->fields.empty()) {
                return out.NotChecked("the platform's requirements list no fields");
              }
              ForFields(p, [&](const std::string& field, const FieldValue&, char level,
                               const Place& place) {
                const FieldSupport* support = p.spec->FindField(field);
                if (support == nullptr) return;  // not known is not refused
                const std::string name(PlatformName(p.platform));
                if (support->levels.empty()) {
                  out.Fail(fmt::format("{} has no {}{}{}", name, field,
                                       support->note.empty() ? "" : ": ", support->note),
                           {place});
                } else if (level == 'a' && support->levels.find('a') == std::string::npos) {
                  out.Fail(fmt::format("{} has {} at another level than the ad", name, field),
                           {place});
                }
              });
            });
  r.Package("targeting.field_values", kFail, "Does the platform take every value?",
            "Use one of the values that the platform takes.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.spec == nullptr || p.spec->fields.empty()) {
                return out.NotChecked("the platform's requirements list no fields");
              }
              ForFields(p, [&](const std::string& field, const FieldValue& value, char,
                               const Place& place) {
                const FieldSupport* support = p.spec->FindField(field);
                if (support == nullptr || support->levels.empty()) return;
                // Told by checks of their own, with both places.
                if (field.starts_with("attribution_") || field == "eu_political" ||
                    field == "objective" || field == "headlines" || field == "descriptions") {
                  return;
                }
                const auto refuse = [&](const std::string& what) {
                  out.Fail(fmt::format("{} = {} on {}, which takes {}", field, what,
                                       PlatformName(p.platform), Join(support->allowed, 12)),
                           {place});
                };
                if (const auto* text = std::get_if<std::string>(&value)) {
                  if (!support->allowed.empty() && !Contains(support->allowed, *text)) {
                    refuse(*text);
                  }
                  if (support->max_chars > 0 && CountCharacters(*text) > support->max_chars) {
                    out.Fail(fmt::format("{} has {} characters, {} allows {}", field,
                                         CountCharacters(*text), PlatformName(p.platform),
                                         support->max_chars),
                             {place});
                  }
                } else if (const auto* list = std::get_if<List>(&value)) {
                  for (const std::string& entry : *list) {
                    if (!support->allowed.empty() && !Contains(support->allowed, entry)) {
                      refuse(entry);
                    }
                  }
                  if (support->max_items > 0 && std::ssize(*list) > support->max_items) {
                    out.Fail(fmt::format("{} has {} entries, {} allows {}", field, list->size(),
                                         PlatformName(p.platform), support->max_items),
                             {place});
                  }
                } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
                  if ((support->min && *number < *support->min) ||
                      (support->max && *number > *support->max)) {
                    out.Fail(fmt::format("{} is {}, {} takes {} to {}", field, *number,
                                         PlatformName(p.platform), support->min.value_or(0),
                                         support->max.value_or(INT64_MAX)),
                             {place});
                  }
                }
              });
              (void)v;
            });
  r.Package("targeting.prospecting_excludes", kNote, "Does prospecting leave customers out?",
            "Exclude the audience of buyers, when there is one.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (!HasWord(p.name(), "prospecting")) {
                return out.NotApplicable("no prospecting package");
              }
              for (const BuyAdGroup* group : p.ad_groups) {
                if (v.ListOf(p, *group, "excluded_audiences").first.empty()) {
                  out.Fail(fmt::format("ad group {} excludes nobody", group->name.value),
                           {group->place});
                }
              }
            });
  r.Package(
      "targeting.ad_groups_differ", kWarn, "Do the package's ad groups reach different people?",
      "Put the ads into one ad group: two with the same people bid against each other.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        std::map<std::string, const BuyAdGroup*> seen;
        for (const BuyAdGroup* group : p.ad_groups) {
          std::string print;
          for (const char* field : {"countries", "locations", "languages", "genders", "audiences",
                                    "keywords", "placements", "dayparts", "excluded_audiences"}) {
            List list = v.ListOf(p, *group, field).first;
            std::ranges::sort(list);
            print += Join(list, list.size()) + "\n";
          }
          for (const char* field : {"age_min", "age_max"}) {
            const auto number = v.NumberOf(p, *group, field);
            print += number ? std::to_string(number->first) + "\n" : "\n";
          }
          const auto [at, fresh] = seen.emplace(print, group);
          if (!fresh) {
            // An experiment on creatives or bids wants exactly that.
            const std::string path = p.name() + "/" + group->name.value;
            const bool compared =
                std::ranges::any_of(v.brief().experiments, [&](const ExperimentDocument& e) {
                  return std::ranges::any_of(
                      e.arms, [&](const auto& arm) { return Contains(arm.of, path); });
                });
            if (!compared) {
              out.Fail(fmt::format("{} and {} reach the same people", at->second->name.value,
                                   group->name.value),
                       {at->second->place, group->place});
            }
          }
        }
      });
}

}  // namespace maxopt::checks
