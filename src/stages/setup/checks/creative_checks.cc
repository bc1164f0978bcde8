// Family creative: ads, texts and files, as far as they are right or wrong on every platform.
// Lengths, counts and formats per platform are generated from its requirements.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

constexpr std::string_view kActions[] = {
    "shop_now",    "learn_more", "sign_up",    "download",  "book_now",    "contact_us",
    "get_quote",   "subscribe",  "apply_now",  "get_offer", "order_now",   "watch_more",
    "install_now", "play_game",  "donate_now", "view_now",  "visit_store", "buy_now"};

using TextFault = std::function<std::string(const PackageView&, const AdDocument&,
                                            const std::string& field, const std::string& text)>;

/// A check over every text of every ad of a package: `fault` says what is wrong, or nothing.
void TextCheck(Registry& r, const std::string& id, Severity severity, const std::string& question,
               const std::string& fix, const TextFault& fault) {
  r.Package(
      "creative." + id, severity, question, fix,
      [fault](const CampaignView&, const PackageView& p, Out& out) {
        for (const AdDocument* ad : p.ads) {
          ForTexts(*ad, [&](const std::string& field, const std::string& text, const Place& place) {
            const std::string what = fault(p, *ad, field, text);
            if (what.empty()) return;
            out.Fail(fmt::format("ad {}, {}: {}", ad->name.value, field, what), {place});
          });
        }
      });
}

using FileFault = std::function<std::string(const AssetDocument&, const MediaInfo&)>;

/// A check over every file of the library whose header could be read.
void FileCheck(Registry& r, const std::string& id, Severity severity, const std::string& question,
               const std::string& fix, const FileFault& fault) {
  r.Campaign("creative." + id, severity, question, fix, [fault](const CampaignView& v, Out& out) {
    int judged = 0;
    for (const AssetDocument& asset : v.creatives().assets) {
      const auto info = v.media.find(asset.name);
      if (info == v.media.end() || !info->second) continue;
      ++judged;
      if (const std::string what = fault(asset, *info->second); !what.empty()) {
        out.Fail(fmt::format("{} ({}): {}", asset.name, asset.file, what), {asset.place});
      }
    }
    if (judged == 0) out.NotApplicable("the library has no file that can be read");
  });
}

/// Every asset that an ad names, with the word for its part.
std::vector<std::pair<std::string, Said<std::string>>> AssetsOf(const AdDocument& ad) {
  std::vector<std::pair<std::string, Said<std::string>>> found;
  if (ad.image) found.emplace_back("image", *ad.image);
  if (ad.video) found.emplace_back("video", *ad.video);
  if (ad.thumbnail) found.emplace_back("thumbnail", *ad.thumbnail);
  for (const auto& image : ad.images) found.emplace_back("images", image);
  return found;
}

const MediaInfo* InfoOf(const CampaignView& v, std::string_view asset) {
  const auto at = v.media.find(asset);
  return at == v.media.end() || !at->second ? nullptr : &*at->second;
}

double Ratio(const MediaInfo& info) { return static_cast<double>(info.width) / info.height; }

std::string Fingerprint(const AdDocument& ad) {
  std::string print;
  ForTexts(ad, [&](const std::string& field, const std::string& text, const Place&) {
    print += field + "\n" + text + "\n";
  });
  for (const auto& [part, asset] : AssetsOf(ad)) print += part + "=" + asset.value + "\n";
  return print + TextField(ad.fields.values, "landing_url");
}

}  // namespace

void AddCreativeChecks(Registry& r) {
  r.Package(
      "creative.ads_present", kFail, "Has the package an ad?",
      "Assign an ad to the package in the creatives, or name ads in the buying details.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        if (p.ads.empty()) {
          out.Fail(fmt::format("no ad is for \"{}\"", p.name()), {p.place(), v.creatives().place});
        }
        for (const BuyAdGroup* group : p.ad_groups) {
          if (!p.ads.empty() && p.AdsOf(*group).empty()) {
            out.Fail(fmt::format("ad group {} has no ad", group->name.value), {group->place});
          }
        }
      });
  r.Campaign("creative.ad_names_unique", kFail, "Has each ad a name of its own?",
             "Rename one of the two.", [](const CampaignView& v, Out& out) {
               std::map<std::string, const AdDocument*> seen;
               for (const AdDocument& ad : v.creatives().ads) {
                 const auto [at, fresh] = seen.emplace(Slug(ad.name.value), &ad);
                 if (!fresh) {
                   out.Fail(fmt::format("two ads are \"{}\"", ad.name.value),
                            {at->second->place, ad.place});
                 }
               }
             });
  r.Campaign("creative.ad_packages_known", kFail, "Is every ad meant for a package of the plan?",
             "Correct the package's name in the creatives, or add the package to the media plan.",
             [](const CampaignView& v, Out& out) {
               for (const AdDocument& ad : v.creatives().ads) {
                 for (const auto& package : ad.packages) {
                   if (v.FindPackage(package.value) == nullptr) {
                     out.Fail(fmt::format("ad {} is for \"{}\", which the media plan has not",
                                          ad.name.value, package.value),
                              {package.place, v.documents->media_plan.place});
                   }
                 }
               }
             });
  r.Package("creative.buy_ads_known", kFail, "Do the buying details name ads that exist?",
            "Correct the ad's name in the buying details, or add the ad to the creatives.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                for (const auto& name : group->ads) {
                  if (v.Ad(name.value) == nullptr) {
                    out.Fail(
                        fmt::format("ad group {} wants ad \"{}\"", group->name.value, name.value),
                        {name.place, v.creatives().place});
                  }
                }
              }
            });
  r.Package(
      "creative.ad_allowed_here", kFail, "Do creatives and buying details agree where ads run?",
      "Add the package to the ad's packages, or take the ad out of the ad group.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        for (const BuyAdGroup* group : p.ad_groups) {
          for (const auto& name : group->ads) {
            const AdDocument* ad = v.Ad(name.value);
            if (ad == nullptr || ad->packages.empty()) continue;
            if (std::ranges::none_of(ad->packages,
                                     [&](const auto& meant) { return meant.value == p.name(); })) {
              out.Fail(fmt::format("ad group {} runs ad {}, which is only for {}",
                                   group->name.value, name.value, ad->packages.front().value),
                       {name.place, ad->packages.front().place});
            }
          }
        }
      });
  r.Campaign("creative.ad_unused", kWarn, "Does every ad run somewhere?",
             "Assign the ad to a package, or leave it out.", [](const CampaignView& v, Out& out) {
               for (const AdDocument& ad : v.creatives().ads) {
                 if (std::ranges::none_of(v.packages, [&](const PackageView& p) {
                       return std::ranges::find(p.ads, &ad) != p.ads.end();
                     })) {
                   out.Fail(fmt::format("ad {} runs nowhere", ad.name.value), {ad.place});
                 }
               }
             });
  r.Package(
      "creative.ad_unassigned_group", kWarn, "Does every ad of the package run in an ad group?",
      "Name the ad in an ad group of the buying details.",
      [](const CampaignView&, const PackageView& p, Out& out) {
        if (p.ad_groups.empty()) return out.NotApplicable("there is no ad group");
        for (const AdDocument* ad : p.ads) {
          if (std::ranges::none_of(p.ad_groups, [&](const BuyAdGroup* group) {
                const auto ads = p.AdsOf(*group);
                return std::ranges::find(ads, ad) != ads.end();
              })) {
            out.Fail(
                fmt::format("ad {} is for \"{}\", no ad group names it", ad->name.value, p.name()),
                {ad->place, p.buys.front()->place});
          }
        }
      });
  r.Campaign("creative.asset_names_unique", kFail, "Has each file a name of its own?",
             "Rename one of the two.", [](const CampaignView& v, Out& out) {
               std::map<std::string, const AssetDocument*> seen;
               for (const AssetDocument& asset : v.creatives().assets) {
                 const auto [at, fresh] = seen.emplace(asset.name, &asset);
                 if (!fresh) {
                   out.Fail(fmt::format("two files are \"{}\"", asset.name),
                            {at->second->place, asset.place});
                 }
               }
             });
  r.Campaign("creative.asset_known", kFail, "Is every file that ads name in the library?",
             "Add the file to the assets, or correct its name on the ad.",
             [](const CampaignView& v, Out& out) {
               for (const AdDocument& ad : v.creatives().ads) {
                 for (const auto& [part, asset] : AssetsOf(ad)) {
                   if (v.Asset(asset.value) == nullptr) {
                     out.Fail(fmt::format("ad {}: its {} \"{}\" is not in the library",
                                          ad.name.value, part, asset.value),
                              {asset.place, v.creatives().place});
                   }
                 }
               }
             });
  r.Campaign("creative.asset_unused", kWarn, "Is every file of the library used?",
             "Use the file in an ad, or leave it out.", [](const CampaignView& v, Out& out) {
               std::set<std::string> used;
               for (const AdDocument& ad : v.creatives().ads) {
                 for (const auto& [part, asset] : AssetsOf(ad)) used.insert(asset.value);
               }
               for (const AssetDocument& asset : v.creatives().assets) {
                 if (!used.contains(asset.name)) {
                   out.Fail(fmt::format("{} ({}) is used by no ad", asset.name, asset.file),
                            {asset.place});
                 }
               }
             });
  r.Campaign("creative.asset_there", kFail, "Is every file of the library there?",
             "Hand the file over, or name the account and platform_id where it is already.",
             [](const CampaignView& v, Out& out) {
               for (const AssetDocument& asset : v.creatives().assets) {
                 if (asset.bytes.empty() && asset.platform_id.empty()) {
                   out.Fail(fmt::format("{} ({}) is empty or missing", asset.name, asset.file),
                            {asset.place});
                 }
               }
             });
  r.Campaign(
      "creative.file_readable", kFail, "Is every file a whole picture or video?",
      "Export the file again as PNG, JPEG, GIF, WebP, MP4 or MOV.",
      [](const CampaignView& v, Out& out) {
        for (const AssetDocument& asset : v.creatives().assets) {
          const auto info = v.media.find(asset.name);
          if (info != v.media.end() && !info->second) {
            out.Fail(fmt::format("{} ({}): {}", asset.name, asset.file, info->second.error().what),
                     {asset.place});
          }
        }
      });
  r.Campaign("creative.file_duplicates", kNote, "Is every file in the library once?",
             "Use one of the two in both ads.", [](const CampaignView& v, Out& out) {
               std::map<std::string, const AssetDocument*> seen;
               for (const AssetDocument& asset : v.creatives().assets) {
                 if (asset.sha256.empty()) continue;
                 const auto [at, fresh] = seen.emplace(asset.sha256, &asset);
                 if (!fresh) {
                   out.Fail(
                       fmt::format("{} and {} are the same file", at->second->name, asset.name),
                       {at->second->place, asset.place});
                 }
               }
             });
  r.Campaign("creative.asset_alt", kWarn, "Has every picture an alternative text?",
             "Say in alt what the picture shows, for those who cannot see it.",
             [](const CampaignView& v, Out& out) {
               for (const AssetDocument& asset : v.creatives().assets) {
                 const MediaInfo* info = InfoOf(v, asset.name);
                 if (Trim(asset.alt).empty() && (info == nullptr || !info->video)) {
                   out.Fail(fmt::format("{} has no alt", asset.name), {asset.place});
                 }
               }
             });
  FileCheck(r, "file_extension", kWarn, "Is every file what its name says?",
            "Rename the file; platforms go by the content.",
            [](const AssetDocument& asset, const MediaInfo& info) {
              const auto dot = asset.file.rfind('.');
              const std::string ending =
                  dot == std::string::npos ? "" : Lower(asset.file.substr(dot + 1));
              const bool jpeg = info.format == "jpeg" && (ending == "jpg" || ending == "jpeg");
              const bool mp4 = info.format == "mp4" && (ending == "mp4" || ending == "m4v");
              return ending == info.format || jpeg || mp4 || ending.empty()
                         ? ""
                         : fmt::format("it is a {}", info.format);
            });
  FileCheck(r, "file_animated", kWarn, "Are pictures still?",
            "Use a video: most placements show only the first frame, Google refuses it.",
            [](const AssetDocument&, const MediaInfo& info) {
              return info.animated ? fmt::format("{} frames", info.frames.value_or(0)) : "";
            });
  FileCheck(r, "video_sound", kWarn, "Have videos sound?",
            "Add a sound track: TikTok and Reels play with sound on.",
            [](const AssetDocument&, const MediaInfo& info) {
              return info.video && info.audio_codec.empty() ? "no sound track" : "";
            });
  FileCheck(r, "video_duration", kWarn, "Is every video's length known?",
            "Export it as a plain MP4 with the moov box: a fragmented file hides its length.",
            [](const AssetDocument&, const MediaInfo& info) {
              if (!info.video) return "";
              if (!info.duration) return "its header does not tell the length";
              return info.duration->count() == 0 ? "it is 0 seconds long" : "";
            });
  FileCheck(r, "video_frame_rate", kWarn, "Have videos a usual frame rate?",
            "Export with 23 to 60 frames a second.",
            [](const AssetDocument&, const MediaInfo& info) {
              if (!info.frames_per_second) return std::string();
              const double rate = *info.frames_per_second;
              return rate < 22.9 || rate > 60.5 ? fmt::format("{:.1f} frames a second", rate)
                                                : std::string();
            });
  FileCheck(r, "video_encrypted", kFail, "Are videos free of copy protection?",
            "Export the video without protection.",
            [](const AssetDocument&, const MediaInfo& info) {
              return info.video_codec == "encrypted" ? "its video track is encrypted" : "";
            });
  FileCheck(r, "file_enormous", kWarn, "Are pictures of a sensible size?",
            "Scale it down: beyond 8000 pixels platforms refuse or shrink it badly.",
            [](const AssetDocument&, const MediaInfo& info) {
              return !info.video && std::max(info.width, info.height) > 8000
                         ? fmt::format("{} x {} pixels", info.width, info.height)
                         : std::string();
            });
  r.Package("creative.part_fits_file", kFail, "Are pictures pictures and videos videos?",
            "Exchange the file, or name it under the other part of the ad.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                for (const auto& [part, asset] : AssetsOf(*ad)) {
                  const MediaInfo* info = InfoOf(v, asset.value);
                  if (info == nullptr) continue;
                  // Meta takes an animated GIF as a video.
                  const bool moves = info->video || (info->format == "gif" && info->animated);
                  if (part == "video" ? !moves : info->video) {
                    out.Fail(fmt::format("ad {}: its {} \"{}\" is a {}", ad->name.value, part,
                                         asset.value, info->format),
                             {asset.place, v.Asset(asset.value)->place});
                  }
                }
              }
            });
  r.Package("creative.thumbnail", kWarn, "Has every video a picture to begin with?",
            "Add a thumbnail to the ad; Meta and TikTok need one.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                if (!ad->video) continue;
                if (!ad->thumbnail) {
                  out.Fail(fmt::format("ad {} has a video without thumbnail", ad->name.value),
                           {ad->video->place});
                  continue;
                }
                const MediaInfo* video = InfoOf(v, ad->video->value);
                const MediaInfo* picture = InfoOf(v, ad->thumbnail->value);
                if (video && picture && std::abs(Ratio(*video) / Ratio(*picture) - 1) > 0.05) {
                  out.Fail(fmt::format("ad {}: the video is {} x {}, its thumbnail {} x {}",
                                       ad->name.value, video->width, video->height, picture->width,
                                       picture->height),
                           {ad->video->place, ad->thumbnail->place});
                }
              }
            });
  r.Package("creative.media_present", kFail, "Has every ad of a social channel something to show?",
            "Add image, video or images to the ad.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.search() || p.channel_type == "performance_max") {
                return out.NotApplicable("the channel shows texts");
              }
              for (const AdDocument* ad : p.ads) {
                if (AssetsOf(*ad).empty() && !ad->fields.values.contains("image") &&
                    !ad->fields.values.contains("video")) {
                  out.Fail(fmt::format("ad {} has neither picture nor video", ad->name.value),
                           {ad->place});
                }
              }
            });
  r.Package("creative.carousel_count", kFail, "Has every carousel two to ten pictures?",
            "Add or remove pictures.", [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                if (!ad->images.empty() && (ad->images.size() < 2 || ad->images.size() > 10)) {
                  out.Fail(fmt::format("ad {} has {}", ad->name.value, ad->images.size()),
                           {ad->images.front().place});
                }
              }
            });
  r.Package("creative.carousel_shape", kWarn, "Have a carousel's pictures one shape?",
            "Crop all pictures alike: platforms crop to the first one's shape.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                const MediaInfo* first = nullptr;
                for (const auto& image : ad->images) {
                  const MediaInfo* info = InfoOf(v, image.value);
                  if (info == nullptr) continue;
                  if (first == nullptr) first = info;
                  if (std::abs(Ratio(*first) / Ratio(*info) - 1) > 0.02) {
                    out.Fail(fmt::format("ad {}: {} x {} beside {} x {}", ad->name.value,
                                         first->width, first->height, info->width, info->height),
                             {image.place});
                  }
                }
              }
            });
  r.Package("creative.carousel_headlines", kFail, "Has a carousel one headline, or one a picture?",
            "State one headline for all pictures, or one for each.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                const auto count = ListField(ad->fields.values, "headlines").size();
                if (!ad->images.empty() && count > 1 && count != ad->images.size()) {
                  out.Fail(fmt::format("ad {}: {} headlines for {} pictures", ad->name.value, count,
                                       ad->images.size()),
                           {ad->fields.PlaceOf("headlines", ad->place)});
                }
              }
            });
  r.Package("creative.one_media", kFail, "Has every ad one kind of media?",
            "Keep image, video or images; make a second ad for the other.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                const int kinds =
                    (ad->image ? 1 : 0) + (ad->video ? 1 : 0) + (ad->images.empty() ? 0 : 1);
                if (kinds > 1) {
                  out.Fail(fmt::format("ad {} has {} kinds", ad->name.value, kinds), {ad->place});
                }
              }
            });
  r.Package("creative.headlines_present", kFail, "Has every ad a headline?",
            "Write at least one headline.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const FieldSupport* support = p.spec ? p.spec->FindField("headlines") : nullptr;
              if (support != nullptr && support->levels.empty()) {
                return out.NotApplicable("the platform has no headlines");
              }
              for (const AdDocument* ad : p.ads) {
                if (!ListField(ad->fields.values, "headlines").empty()) continue;
                const std::string what = fmt::format("ad {} has none", ad->name.value);
                if (p.search()) {
                  out.Fail(what, {ad->place});
                } else {
                  out.Warn(what, {ad->place});
                }
              }
            });
  r.Package("creative.descriptions_present", kWarn, "Has every ad a description?",
            "Write at least one description.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                if (ListField(ad->fields.values, "descriptions").empty()) {
                  out.Fail(fmt::format("ad {} has none", ad->name.value), {ad->place});
                }
              }
            });
  TextCheck(r, "text_empty", kFail, "Is every text there?", "Write the text, or remove the entry.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              return Trim(text).empty() ? "an empty text" : "";
            });
  r.Package("creative.duplicate_headlines", kFail, "Is every headline of an ad another one?",
            "Write a different headline; platforms refuse equal ones.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                std::set<std::string> seen;
                for (const std::string& text : ListField(ad->fields.values, "headlines")) {
                  if (!seen.insert(Lower(Trim(text))).second) {
                    out.Fail(fmt::format("ad {}: \"{}\" twice", ad->name.value, text),
                             {ad->fields.PlaceOf("headlines", ad->place)});
                  }
                }
              }
            });
  r.Package("creative.duplicate_descriptions", kFail, "Is every description of an ad another one?",
            "Write a different description.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                std::set<std::string> seen;
                for (const std::string& text : ListField(ad->fields.values, "descriptions")) {
                  if (!seen.insert(Lower(Trim(text))).second) {
                    out.Fail(fmt::format("ad {}: \"{}\" twice", ad->name.value, text),
                             {ad->fields.PlaceOf("descriptions", ad->place)});
                  }
                }
              }
            });
  r.Package("creative.headline_is_description", kWarn,
            "Do headline and description say two things?", "Let the description add something.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                for (const std::string& text : ListField(ad->fields.values, "headlines")) {
                  if (Contains(ListField(ad->fields.values, "descriptions"), text)) {
                    out.Fail(fmt::format("ad {}: \"{}\" is both", ad->name.value, text),
                             {ad->fields.PlaceOf("headlines", ad->place)});
                  }
                }
              }
            });
  TextCheck(r, "whitespace", kWarn, "Are texts free of stray spaces?", "Remove the spaces.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              return text != Trim(text) || text.find("  ") != std::string::npos
                         ? fmt::format("\"{}\"", text)
                         : std::string();
            });
  TextCheck(r, "control_characters", kFail, "Are texts free of invisible characters?",
            "Type the text anew: it has a character that nobody sees, or is not UTF-8.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              for (const char32_t c : CodePoints(text)) {
                if (IsControl(c) && c != U'\n' && c != 0x200d) {
                  return fmt::format("character U+{:04X}", static_cast<std::uint32_t>(c));
                }
              }
              return std::string();
            });
  TextCheck(
      r, "line_breaks", kFail, "Are headlines one line each?", "Remove the line break.",
      [](const PackageView&, const AdDocument&, const std::string& field, const std::string& text) {
        return field == "headlines" && text.find('\n') != std::string::npos ? "a line break" : "";
      });
  TextCheck(r, "emoji_many", kWarn, "Are emoji few?", "Keep one or two emoji in a text.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              const auto count = std::ranges::count_if(CodePoints(text), IsEmoji);
              return count > 3 ? fmt::format("{} emoji", count) : std::string();
            });
  TextCheck(r, "address_in_text", kWarn, "Are texts free of web addresses?",
            "Leave the address to the ad's link.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              const std::string lower = Lower(text);
              return lower.find("://") != std::string::npos || HasWord(lower, "www.") ||
                             lower.find("www.") != std::string::npos
                         ? fmt::format("\"{}\"", text)
                         : std::string();
            });
  TextCheck(r, "placeholder_text", kFail, "Is every text a finished one?", "Write the real text.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              for (const char* word : {"lorem ipsum", "tbd", "tba", "todo", "xxx", "placeholder",
                                       "insert text", "headline 1", "your text here"}) {
                if (HasWord(text, word)) return fmt::format("\"{}\" in \"{}\"", word, text);
              }
              return std::string();
            });
  TextCheck(
      r, "unfilled_macro", kFail, "Are texts free of unfilled placeholders?",
      "Fill the placeholder in, or remove the braces.",
      [](const PackageView& p, const AdDocument&, const std::string&, const std::string& text) {
        const auto open = std::ranges::count(text, '{'), close = std::ranges::count(text, '}');
        // Google's own insertions begin with a known word.
        const bool googles = p.search() && (text.find("{KeyWord:") != std::string::npos ||
                                            text.find("{keyword:") != std::string::npos ||
                                            text.find("{LOCATION(") != std::string::npos ||
                                            text.find("{COUNTDOWN(") != std::string::npos);
        return open != close || (open > 0 && !googles) ? fmt::format("\"{}\"", text)
                                                       : std::string();
      });
  TextCheck(r, "mixed_scripts", kFail, "Is every word written in one alphabet?",
            "Type the word anew: some letters only look like Latin ones.",
            [](const PackageView&, const AdDocument&, const std::string&, const std::string& text) {
              for (const std::string& word : Split(text, ' ')) {
                bool latin = false, other = false;
                for (const char32_t c : CodePoints(word)) {
                  latin = latin || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= 0xc0 && c <= 0x24f);
                  other = other || (c >= 0x370 && c <= 0x52f);  // Greek and Cyrillic
                }
                if (latin && other) return fmt::format("\"{}\" mixes alphabets", word);
              }
              return std::string();
            });
  r.Campaign("creative.guidelines_present", kNote, "Did the creative director give guidelines?",
             "Add guidelines with forbidden and required words.",
             [](const CampaignView& v, Out& out) {
               if (!v.creatives().guidelines) out.Fail("no guidelines", {v.creatives().place});
             });
  r.Campaign("creative.guidelines_contradict", kFail, "Can the guidelines be followed?",
             "Take the word out of one of the two lists.", [](const CampaignView& v, Out& out) {
               if (!v.creatives().guidelines) return out.NotApplicable("no guidelines");
               for (const std::string& word : v.creatives().guidelines->required_words) {
                 for (const std::string& forbidden : v.creatives().guidelines->forbidden_words) {
                   if (HasWord(word, forbidden)) {
                     out.Fail(fmt::format("\"{}\" is required, \"{}\" forbidden", word, forbidden),
                              {v.creatives().guidelines->place});
                   }
                 }
               }
             });
  r.Package(
      "creative.forbidden_words", kFail, "Do the texts keep to the guidelines' forbidden words?",
      "Write the text without the word.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        if (!v.creatives().guidelines) return out.NotApplicable("no guidelines");
        for (const AdDocument* ad : p.ads) {
          ForTexts(*ad, [&](const std::string& field, const std::string& text, const Place& place) {
            for (const std::string& word : v.creatives().guidelines->forbidden_words) {
              if (HasWord(text, word)) {
                out.Fail(
                    fmt::format("ad {}, {}: \"{}\" in \"{}\"", ad->name.value, field, word, text),
                    {place, v.creatives().guidelines->place});
              }
            }
          });
        }
      });
  r.Package("creative.required_words", kFail, "Has every ad the words that the guidelines require?",
            "Put the word into at least one text of the ad.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (!v.creatives().guidelines) return out.NotApplicable("no guidelines");
              for (const AdDocument* ad : p.ads) {
                for (const std::string& word : v.creatives().guidelines->required_words) {
                  bool found = false;
                  ForTexts(*ad, [&](const std::string&, const std::string& text, const Place&) {
                    found = found || HasWord(text, word);
                  });
                  if (!found) {
                    out.Fail(fmt::format("ad {} nowhere says \"{}\"", ad->name.value, word),
                             {ad->place, v.creatives().guidelines->place});
                  }
                }
              }
            });
  r.Package("creative.brand_named", kNote, "Does the brand stand in the package's texts?",
            "Name the brand in at least one text.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const std::string& brand =
                  v.brief().brand.empty() ? v.brief().client.value : v.brief().brand;
              bool found = p.ads.empty();
              for (const AdDocument* ad : p.ads) {
                ForTexts(*ad, [&](const std::string&, const std::string& text, const Place&) {
                  found = found || HasWord(text, brand);
                });
              }
              if (!found) out.Fail(fmt::format("no ad names \"{}\"", brand), {p.place()});
            });
  r.Package("creative.call_to_action", kWarn, "Does every ad ask for something that is known?",
            "Use a call_to_action such as shop_now, learn_more or sign_up.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const AdDocument* ad : p.ads) {
                const std::string action = TextField(ad->fields.values, "call_to_action");
                if (action.empty()) {
                  if (p.search()) continue;
                  out.Fail(fmt::format("ad {} has no call_to_action", ad->name.value), {ad->place});
                } else if (std::ranges::find(kActions, action) == std::end(kActions)) {
                  out.Fail(fmt::format("ad {}: call_to_action \"{}\" is not a usual one",
                                       ad->name.value, action),
                           {ad->fields.PlaceOf("call_to_action", ad->place)});
                }
              }
            });
  r.Package("creative.variety", kWarn, "Has every ad group something to choose from?",
            "Add a second ad: with one nothing can be learnt, and it tires.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto ads = p.AdsOf(*group);
                const bool rich = p.search() && ads.size() == 1 &&
                                  ListField(ads[0]->fields.values, "headlines").size() >= 8;
                if (ads.size() == 1 && !rich) {
                  out.Fail(fmt::format("ad group {} has one ad", group->name.value),
                           {group->place});
                }
              }
            });
  r.Package("creative.headline_variety", kNote, "Has every search ad five headlines or more?",
            "Write more headlines: the platform combines them.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (!p.search()) return out.NotApplicable("no search channel");
              for (const AdDocument* ad : p.ads) {
                const auto count = ListField(ad->fields.values, "headlines").size();
                if (count < 5) {
                  out.Fail(fmt::format("ad {} has {}", ad->name.value, count),
                           {ad->fields.PlaceOf("headlines", ad->place)});
                }
              }
            });
  r.Package("creative.ads_differ", kWarn, "Is every ad of the package another one?",
            "Change one of the two, or leave it out.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              std::map<std::string, const AdDocument*> seen;
              for (const AdDocument* ad : p.ads) {
                const auto [at, fresh] = seen.emplace(Fingerprint(*ad), ad);
                if (!fresh) {
                  out.Fail(fmt::format("ads {} and {} are the same", at->second->name.value,
                                       ad->name.value),
                           {at->second->place, ad->place});
                }
              }
            });
}

}  // namespace maxopt::checks
