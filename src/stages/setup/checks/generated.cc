// Checks that follow from one platform's requirements: "google_ads.text.headlines.max_chars",
// "meta.media.image.facebook_feed". A new line in specs/*.yaml is a new check.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/setup/checks/texts.h"
#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

/// "facebook:feed" -> "facebook_feed": a word that may stand in an id.
std::string IdWord(std::string_view text) {
  std::string word;
  for (const char c : Lower(text)) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (fine) {
      word += c;
    } else if (!word.empty() && word.back() != '_') {
      word += '_';
    }
  }
  while (word.ends_with('_')) word.pop_back();
  return word;
}

/// Adds checks of one platform, keeping ids apart.
class Maker {
 public:
  Maker(Registry& registry, const PlatformSpec& spec)
      : registry_(registry), spec_(spec), platform_(PlatformName(spec.platform)) {}

  void Add(const std::string& id, const std::string& family, Severity severity,
           std::string question, std::string fix, PackageCheck run) {
    std::string whole = platform_ + "." + id;
    for (int n = 2; !ids_.insert(whole).second; ++n) {
      whole = fmt::format("{}.{}.{}", platform_, id, n);
    }
    registry_.Generated(
        {whole, family, severity, spec_.platform, std::move(question), std::move(fix), source_},
        std::move(run));
  }
  /// Of what is added from here on.
  void From(const Source& source) { source_ = source.name + ", read " + PrintDay(source.date); }
  const std::string& platform() const { return platform_; }

 private:
  Registry& registry_;
  const PlatformSpec& spec_;
  std::string platform_, source_;
  std::set<std::string> ids_;
};

// --- Required fields -----------------------------------------------------------------------------

/// Fields that the compiler fills from other parts of the documents, when these state anything.
bool Derived(const CampaignView& v, const PackageView& p, const std::string& field) {
  const Brief& b = v.brief();
  if (field == "name" || field == "status" || field == "channel_type") return true;
  if (field == "objective") return !b.objective.value.empty();
  if (field == "daily_budget" || field == "lifetime_budget") {
    return p.package->budget.has_value() || p.package->daily_budget.has_value();
  }
  if (field == "start_at" || field == "end_at") return true;
  if (field == "eu_political") return b.eu_political.has_value();
  if (field == "special_categories") return b.special_categories.has_value();
  if (field == "pixel_id" || field == "conversion_event") return !b.conversions.empty();
  if (field == "optimization_goal") return p.package->optimization_goals.has_value();
  // A bid strategy and what it is billed by follow from goal and platform.
  if (field == "bid_strategy" || field == "billing_event") return true;
  return false;
}

/// Of the documents, for want of compiled objects: the objects of `level` that lack `field`.
List LackInDocuments(const CampaignView& v, const PackageView& p, std::string_view level,
                     const std::string& field, Places& places) {
  List lacking;
  if (Derived(v, p, field)) return lacking;
  if (level == "campaign" && p.Field(field) == nullptr) {
    lacking.push_back("campaign " + p.name());
    places.push_back(p.place());
  }
  if (level == "ad_group") {
    for (const BuyAdGroup* group : p.ad_groups) {
      const bool stated = group->fields.values.contains(field) || p.Field(field) != nullptr ||
                          v.brief().audience.values.contains(field);
      if (!stated) {
        lacking.push_back("ad group " + group->name.value);
        places.push_back(group->place);
      }
    }
  }
  if (level == "ad") {
    for (const AdDocument* ad : p.ads) {
      const bool stated =
          ad->fields.values.contains(field) || p.Field(field) != nullptr ||
          (field == "image" && ad->image) || (field == "video" && ad->video) ||
          (field == "thumbnail" && ad->thumbnail) || (field == "images" && !ad->images.empty()) ||
          (field == "landing_url" && !v.brief().landing_url.value.empty()) || field == "url_tags";
      if (!stated) {
        lacking.push_back("ad " + ad->name.value);
        places.push_back(ad->place);
      }
    }
  }
  return lacking;
}

List LackInDesired(const Desired& desired, const PackageView& p, std::string_view level,
                   const std::string& field, Places& places) {
  List lacking;
  for (const DesiredObject& object : desired.objects) {
    if (object.package != p.name() || LevelName(object.level) != level) continue;
    const bool linked =
        std::ranges::any_of(object.links, [&](const Link& link) { return link.field == field; });
    if (!linked && !object.fields.contains(field)) {
      lacking.push_back(object.address);
      places.push_back(object.place);
    }
  }
  return lacking;
}

void AddRequired(Maker& maker, const std::string& objective, const std::string& path,
                 const Source& source) {
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos) return;
  const std::string level = path.substr(0, dot), field = path.substr(dot + 1);
  const std::string id =
      objective.empty() ? "required." + path : fmt::format("required.{}.{}", objective, path);
  maker.Add(id, "setup", kFail,
            objective.empty()
                ? fmt::format("Has every {} on {} its {}?", level, maker.platform(), field)
                : fmt::format("Has every {} of objective {} on {} its {}?", level, objective,
                              maker.platform(), field),
            fmt::format("State {} ({}).", field, source.name),
            [level, field, objective](const CampaignView& v, const PackageView& p, Out& out) {
              if (!objective.empty() && v.brief().objective.value != objective) {
                return out.NotApplicable("another objective");
              }
              if (field == "keywords" && !p.search()) {
                return out.NotApplicable("no search channel");
              }
              // Conversion fields are only asked of ad groups that optimise for conversions.
              const bool conversion = field == "pixel_id" || field == "conversion_event";
              if (conversion && level == "ad_group" &&
                  std::ranges::none_of(p.ad_groups, [](const BuyAdGroup* group) {
                    const auto goal = TextField(group->fields.values, "optimization_goal");
                    return goal.empty() || goal == "conversions" || goal == "value";
                  })) {
                return out.NotApplicable("no ad group optimises for conversions");
              }
              Places places;
              const List lacking = v.context->desired != nullptr
                                       ? LackInDesired(*v.context->desired, p, level, field, places)
                                       : LackInDocuments(v, p, level, field, places);
              if (!lacking.empty()) {
                out.Fail(fmt::format("{} lack {}", Join(lacking), field), places);
              }
            });
}

// --- Texts ---------------------------------------------------------------------------------------

void AddText(Maker& maker, const TextSpec& spec) {
  const std::string id =
      "text." + spec.field + (spec.ad_type.empty() ? "" : "." + IdWord(spec.ad_type)) + ".";
  const std::string ads = spec.ad_type.empty() ? "ads" : spec.ad_type + " ads";
  const auto each =
      [spec](const PackageView& p, Out& out,
             const std::function<void(const AdDocument&, const List&, const Place&)>& what) {
        int judged = 0;
        for (const AdDocument* ad : p.ads) {
          if (!spec.ad_type.empty() && AdType(p, *ad) != spec.ad_type) continue;
          ++judged;
          const auto at = ad->fields.values.find(spec.field);
          List texts;
          if (at != ad->fields.values.end()) {
            if (const auto* list = std::get_if<List>(&at->second)) texts = *list;
            if (const auto* text = std::get_if<std::string>(&at->second)) texts = {*text};
          }
          what(*ad, texts, ad->fields.PlaceOf(spec.field, ad->place));
        }
        if (judged == 0) out.NotApplicable(fmt::format("the package has no {} ad", spec.ad_type));
      };
  if (spec.min_count > 0) {
    maker.Add(id + "min_count", "creative", kFail,
              fmt::format("Have {} on {} at least {} {}?", ads, maker.platform(), spec.min_count,
                          spec.field),
              fmt::format("Write more {}.", spec.field),
              [spec, each](const CampaignView&, const PackageView& p, Out& out) {
                each(p, out, [&](const AdDocument& ad, const List& texts, const Place& place) {
                  if (std::ssize(texts) < spec.min_count) {
                    out.Fail(fmt::format("ad {} has {} {}, at least {} are needed", ad.name.value,
                                         texts.size(), spec.field, spec.min_count),
                             {place});
                  }
                });
              });
  }
  // A field that such an ad has not at all is told by targeting.field_support.
  if (spec.max_count == 0) return;
  maker.Add(id + "max_count", "creative", kFail,
            fmt::format("Have {} on {} at most {} {}?", ads, maker.platform(), spec.max_count,
                        spec.field),
            fmt::format("Take some {} out.", spec.field),
            [spec, each](const CampaignView&, const PackageView& p, Out& out) {
              each(p, out, [&](const AdDocument& ad, const List& texts, const Place& place) {
                if (std::ssize(texts) > spec.max_count) {
                  out.Fail(fmt::format("ad {} has {} {}, at most {} are allowed", ad.name.value,
                                       texts.size(), spec.field, spec.max_count),
                           {place});
                }
              });
            });
  const auto length = [spec, each](int most, const char* word) {
    return [spec, each, most, word](const CampaignView&, const PackageView& p, Out& out) {
      each(p, out, [&](const AdDocument& ad, const List& texts, const Place& place) {
        for (const std::string& text : texts) {
          const int count = CountCharacters(text, spec.wide_counts_double);
          if (count > most) {
            out.Fail(fmt::format("ad {}: \"{}\" has {} characters, {} {}", ad.name.value, text,
                                 count, most, word),
                     {place});
          }
        }
      });
    };
  };
  if (spec.max_chars > 0) {
    maker.Add(id + "max_chars", "creative", kFail,
              fmt::format("Have {} of {} on {} at most {} characters?", spec.field, ads,
                          maker.platform(), spec.max_chars),
              "Shorten the text.", length(spec.max_chars, "are allowed"));
  }
  if (spec.recommended_chars > 0) {
    maker.Add(id + "recommended_chars", "creative", kWarn,
              fmt::format("Are {} of {} on {} shown whole ({} characters)?", spec.field, ads,
                          maker.platform(), spec.recommended_chars),
              "Shorten the text, or put what matters into its beginning.",
              length(spec.recommended_chars, "are shown everywhere"));
  }
}

// --- Media ---------------------------------------------------------------------------------------

/// What is wrong with a file for one of a placement's requirements; empty: it fits.
List Faults(const MediaSpec& spec, const AssetDocument& asset, const MediaInfo& info) {
  List faults;
  if (!spec.formats.empty() && !Contains(spec.formats, info.format)) {
    faults.push_back(fmt::format("it is a {}, allowed are {}", info.format, Join(spec.formats)));
  }
  if (info.video && !spec.codecs.empty() && !Contains(spec.codecs, info.video_codec)) {
    faults.push_back(
        fmt::format("its codec is {}, allowed are {}", info.video_codec, Join(spec.codecs)));
  }
  if (info.width < spec.min_width || info.height < spec.min_height) {
    faults.push_back(fmt::format("it is {} x {}, at least {} x {} are needed", info.width,
                                 info.height, spec.min_width, spec.min_height));
  }
  if (!spec.ratios.empty() && std::ranges::none_of(spec.ratios, [&](const MediaSpec::Ratio& ratio) {
        const double wanted = static_cast<double>(ratio.width) / ratio.height;
        const double is = static_cast<double>(info.width) / info.height;
        // A pixel of rounding is never a fault.
        const double pixel = 1.0 / std::min(info.width, info.height);
        return std::abs(is / wanted - 1) <= ratio.tolerance_bp / 10'000.0 + pixel;
      })) {
    List words;
    for (const MediaSpec::Ratio& ratio : spec.ratios) {
      words.push_back(ratio.width % 100 == 0 && ratio.height % 100 == 0
                          ? fmt::format("{}:{}", ratio.width / 100, ratio.height / 100)
                          : fmt::format("{}:{}", ratio.width, ratio.height));
    }
    faults.push_back(fmt::format("it is {} x {} (1:{:.2f}), the ratios are {}", info.width,
                                 info.height, static_cast<double>(info.height) / info.width,
                                 Join(words)));
  }
  if (spec.max_bytes > 0 && std::ssize(asset.bytes) > spec.max_bytes) {
    faults.push_back(
        fmt::format("it has {} bytes, {} are allowed", asset.bytes.size(), spec.max_bytes));
  }
  if (info.duration && (info.video || info.animated)) {
    const double seconds = static_cast<double>(info.duration->count()) / 1000;
    if (seconds < spec.min_seconds) {
      faults.push_back(
          fmt::format("it lasts {:.1f} s, at least {:g} are needed", seconds, spec.min_seconds));
    }
    if (spec.max_seconds > 0 && seconds > spec.max_seconds) {
      faults.push_back(
          fmt::format("it lasts {:.1f} s, at most {:g} are allowed", seconds, spec.max_seconds));
    }
  }
  return faults;
}

/// How an ad comes to a placement.
enum class Meant { kNo, kByName, kAutomatically };

Meant MeantFor(const CampaignView& v, const PackageView& p, const AdDocument& ad,
               const std::string& placement) {
  Meant meant = Meant::kNo;
  for (const BuyAdGroup* group : p.ad_groups) {
    const auto ads = p.AdsOf(*group);
    if (std::ranges::find(ads, &ad) == ads.end()) continue;
    if (placement == "any") return Meant::kByName;
    const List placements = v.ListOf(p, *group, "placements").first;
    if (Contains(placements, placement)) return Meant::kByName;
    // "facebook" stands for all of "facebook:...".
    const std::string network = placement.substr(0, placement.find(':'));
    if (placements.empty() || Contains(placements, network)) meant = Meant::kAutomatically;
  }
  return meant;
}

List AssetsOf(const AdDocument& ad, const std::string& media) {
  List assets;
  if (media == "video") {
    if (ad.video) assets.push_back(ad.video->value);
    return assets;
  }
  if (ad.image) assets.push_back(ad.image->value);
  for (const auto& image : ad.images) assets.push_back(image.value);
  return assets;
}

void AddMedia(Maker& maker, const std::string& media, const std::string& placement,
              const std::vector<MediaSpec>& specs) {
  const std::string id = fmt::format("media.{}.{}", media, IdWord(placement));
  const std::string where =
      placement == "any" ? maker.platform() : fmt::format("{}, {}", maker.platform(), placement);
  maker.Add(
      id, "creative", kFail, fmt::format("Does every {} fit {}?", media, where),
      fmt::format("Export the {} as the message says, or take the placement out.", media),
      [media, placement, specs](const CampaignView& v, const PackageView& p, Out& out) {
        int judged = 0, unread = 0;
        List cropped;
        Places cropped_places;
        for (const AdDocument* ad : p.ads) {
          const Meant meant = MeantFor(v, p, *ad, placement);
          if (meant == Meant::kNo) continue;
          for (const std::string& name : AssetsOf(*ad, media)) {
            const AssetDocument* asset = v.Asset(name);
            const auto info = v.media.find(name);
            if (asset == nullptr) continue;
            if (info == v.media.end() || !info->second) {
              ++unread;
              continue;
            }
            ++judged;
            List least;
            bool fits = false;
            for (const MediaSpec& spec : specs) {
              List faults = Faults(spec, *asset, *info->second);
              if (faults.empty()) {
                fits = true;
                break;
              }
              if (least.empty() || faults.size() < least.size()) least = std::move(faults);
            }
            if (fits) continue;
            if (meant == Meant::kByName) {
              out.Fail(
                  fmt::format("ad {}, {} ({}): {}", ad->name.value, name, asset->file, Join(least)),
                  {asset->place, ad->place});
            } else {
              cropped.push_back(fmt::format("{} ({})", name, Join(least)));
              cropped_places.push_back(asset->place);
            }
          }
        }
        if (!cropped.empty()) {
          out.Warn(fmt::format("placements are automatic; {} will be cropped or not shown at {}",
                               Join(cropped, 3), placement),
                   {cropped_places.front()});
        }
        if (judged == 0 && unread > 0) {
          out.NotChecked(fmt::format("{} files could not be read", unread));
        } else if (judged == 0) {
          out.NotApplicable(fmt::format("no {} is meant for it", media));
        }
      });
  if (std::ranges::any_of(specs, [](const MediaSpec& spec) { return spec.required; })) {
    maker.Add(id + ".required", "creative", kFail,
              fmt::format("Has every ad on {} its {}?", where, media),
              fmt::format("Add a {} to the ad.", media),
              [media, placement](const CampaignView& v, const PackageView& p, Out& out) {
                if (p.search()) return out.NotApplicable("a search channel");
                for (const AdDocument* ad : p.ads) {
                  if (MeantFor(v, p, *ad, placement) != Meant::kByName) continue;
                  if (AssetsOf(*ad, media).empty() && !ad->fields.values.contains(media)) {
                    out.Fail(fmt::format("ad {} has no {}", ad->name.value, media), {ad->place});
                  }
                }
              });
  }
}

// --- Budgets, review -----------------------------------------------------------------------------

void AddBudget(Maker& maker, const std::string& level, const std::string& kind,
               const std::string& when, const std::vector<BudgetMinimum>& minima) {
  maker.Add(
      fmt::format("budget.{}.{}{}", level, kind, when.empty() ? "" : ".conditional"), "budget",
      when.empty() ? kFail : kWarn,
      fmt::format("Is every {} budget of a {} on {} above the least?{}", kind, level,
                  maker.platform(), when.empty() ? "" : " (" + when + ")"),
      "Raise the budget, shorten the flight, or put it on fewer ad groups.",
      [level, kind, when, minima](const CampaignView& v, const PackageView& p, Out& out) {
        const auto least = std::ranges::find_if(minima, [&](const BudgetMinimum& minimum) {
          return minimum.amount.currency() == v.currency();
        });
        if (least == minima.end()) {
          return out.NotChecked(fmt::format("no minimum is known in {}", v.currency().name()));
        }
        const auto judge = [&](const std::string& what, Money money, const Place& place) {
          if (money.currency() == v.currency() && money < least->amount) {
            out.Fail(fmt::format("{}: {}, the least is {}{}", what, PrintMoney(money),
                                 PrintMoney(least->amount), when.empty() ? "" : " when " + when),
                     {place});
          }
        };
        const bool campaign_owns = p.package->budget_owner.value == "campaign";
        const Package& package = *p.package;
        bool judged = false;
        if (level == "campaign" && campaign_owns) {
          if (kind == "daily") {
            if (const auto daily = v.DailyOf(p)) {
              judged = true;
              judge(package.daily_budget ? "daily budget" : "budget over the days", *daily,
                    package.daily_budget ? package.daily_budget->place : package.budget->place);
            }
          } else if (package.budget && !package.daily_budget) {
            judged = true;
            judge("budget", package.budget->value, package.budget->place);
          }
        }
        if (level == "ad_group") {
          const std::string field = kind == "daily" ? "daily_budget" : "lifetime_budget";
          for (const BuyAdGroup* group : p.ad_groups) {
            if (const Money* own = MoneyField(group->fields.values, field)) {
              judged = true;
              judge("ad group " + group->name.value, *own,
                    group->fields.PlaceOf(field, group->place));
            }
          }
        }
        if (!judged) {
          out.NotApplicable(fmt::format("the package has no {} budget at the {}", kind, level));
        }
      });
}

void AddReview(Maker& maker, const ReviewRule& own) {
  const ReviewRule rule = WithCommon(own);
  maker.Add("review." + IdWord(rule.id), "policy", rule.blocks ? kFail : kWarn,
            fmt::format("Do texts keep to {}'s rule: {}", maker.platform(), rule.what),
            rule.fix.empty() ? "Write the text differently; the platform's review would refuse it."
                             : rule.fix,
            [rule](const CampaignView& v, const PackageView& p, Out& out) {
              if (ForAPerson(rule)) return out.NotChecked(std::string(kForAPerson) + rule.what);
              CheckRule(rule, v, p, out);
            });
}

}  // namespace

void AddGeneratedChecks(Registry& registry, const PlatformSpec& spec) {
  Maker maker(registry, spec);
  for (const std::string& path : spec.required_fields) {
    maker.From(spec.required_source);
    AddRequired(maker, "", path, spec.required_source);
  }
  for (const ObjectiveSpec& objective : spec.objectives) {
    for (const std::string& path : objective.required_fields) {
      if (Contains(spec.required_fields, path)) continue;
      maker.From(objective.source);
      AddRequired(maker, objective.objective, path, objective.source);
    }
  }
  for (const TextSpec& text : spec.texts) {
    maker.From(text.source);
    AddText(maker, text);
  }
  std::vector<std::pair<std::string, std::string>> placements;
  for (const MediaSpec& media : spec.media) {
    const std::pair key(media.media, media.placement);
    if (std::ranges::find(placements, key) == placements.end()) placements.push_back(key);
  }
  for (const auto& [media, placement] : placements) {
    std::vector<MediaSpec> alternatives;
    for (const MediaSpec& m : spec.media) {
      if (m.media == media && m.placement == placement) alternatives.push_back(m);
    }
    maker.From(alternatives.front().source);
    AddMedia(maker, media, placement, alternatives);
  }
  std::vector<std::tuple<std::string, std::string, std::string>> budgets;
  for (const BudgetMinimum& minimum : spec.budget_minima) {
    const std::tuple key(minimum.level, minimum.kind, minimum.when);
    if (std::ranges::find(budgets, key) == budgets.end()) budgets.push_back(key);
  }
  for (const auto& [level, kind, when] : budgets) {
    std::vector<BudgetMinimum> minima;
    for (const BudgetMinimum& m : spec.budget_minima) {
      if (m.level == level && m.kind == kind && m.when == when) minima.push_back(m);
    }
    maker.From(minima.front().source);
    AddBudget(maker, level, kind, when, minima);
  }
  for (const ReviewRule& rule : spec.review_rules) {
    maker.From(rule.source);
    AddReview(maker, rule);
  }
}

}  // namespace maxopt::checks
