// Family naming: names that the grammar can make and read back, that platforms take, and that
// nobody else has.
#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

/// Our marker at the end of a name: " ~" and ten characters.
constexpr int kMarkerLength = 12;

struct Name {
  std::string what, text;
  Place place;
};

/// Every name that becomes one on the platform.
std::vector<Name> NamesOf(const PackageView& p) {
  std::vector<Name> names{{"package", p.name(), p.package->name.place}};
  if (p.package->campaign_name) {
    names.push_back({"campaign", p.package->campaign_name->value, p.package->campaign_name->place});
  }
  for (const BuyAdGroup* group : p.ad_groups) {
    names.push_back({"ad group", group->name.value, group->name.place});
  }
  for (const AdDocument* ad : p.ads) names.push_back({"ad", ad->name.value, ad->name.place});
  return names;
}

std::string CampaignNameOf(const CampaignView& v, const PackageView& p) {
  if (p.package->campaign_name) return p.package->campaign_name->value;
  return CampaignName({v.brief().client.value, p.name(), v.brief().campaign.value});
}

void NameCheck(Registry& r, const std::string& id, Severity severity, const std::string& question,
               const std::string& fix,
               const std::function<std::string(const std::string&)>& fault) {
  r.Package("naming." + id, severity, question, fix,
            [fault](const CampaignView&, const PackageView& p, Out& out) {
              for (const Name& name : NamesOf(p)) {
                if (const std::string what = fault(name.text); !what.empty()) {
                  out.Fail(fmt::format("{} \"{}\": {}", name.what, name.text, what), {name.place});
                }
              }
            });
}

}  // namespace

void AddNamingChecks(Registry& r) {
  r.Campaign("naming.grammar_marks", kFail, "Are names free of the grammar's bar?",
             "Leave \" | \" out of client, campaign and package names.",
             [](const CampaignView& v, Out& out) {
               const auto check = [&](const std::string& name, const Place& place) {
                 if (name.find(" | ") != std::string::npos) {
                   out.Fail(fmt::format("\"{}\"", name), {place});
                 }
               };
               check(v.brief().client.value, v.brief().client.place);
               check(v.brief().campaign.value, v.brief().campaign.place);
               for (const PackageView& p : v.packages) check(p.name(), p.package->name.place);
             });
  r.Package("naming.round_trip", kFail, "Does the campaign's name read back as it was made?",
            "Change client, campaign or package name so that the grammar can tell them apart.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.package->campaign_name) {
                return out.NotApplicable("the campaign has a name of its own");
              }
              const std::string name = CampaignNameOf(v, p);
              const auto parts = ParseCampaignName(name);
              if (!parts || parts->client != v.brief().client.value || parts->package != p.name() ||
                  parts->campaign != v.brief().campaign.value) {
                out.Fail(fmt::format("\"{}\"", name), {p.package->name.place});
              } else {
                out.Pass(name);
              }
            });
  r.Package("naming.length", kFail, "Are names short enough for the platform?",
            "Shorten the name; our marker of 12 characters comes behind it.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              // 255 where the requirements do not say: the shortest of the platforms' limits.
              int most = 255;
              if (p.spec != nullptr) {
                const FieldSupport* support = p.spec->FindField("name");
                if (support != nullptr && support->max_chars > 0) most = support->max_chars;
              }
              const auto check = [&](const std::string& what, const std::string& name,
                                     const Place& place) {
                const int length = CountCharacters(name) + kMarkerLength;
                if (length > most) {
                  out.Fail(
                      fmt::format("{} \"{}\" has {} characters with the marker, {} allows {}", what,
                                  name.substr(0, 60), length, PlatformName(p.platform), most),
                      {place});
                }
              };
              check("campaign", CampaignNameOf(v, p), p.package->name.place);
              for (const Name& name : NamesOf(p)) {
                if (name.what != "package") check(name.what, name.text, name.place);
              }
            });
  r.Campaign("naming.campaigns_unique", kFail, "Has every campaign a name of its own?",
             "Change one package's name or campaign_name: platforms refuse equal ones.",
             [](const CampaignView& v, Out& out) {
               std::map<std::string, const PackageView*> seen;
               for (const PackageView& p : v.packages) {
                 const std::string key =
                     PrintAccount(p.package->account.value) + " " + Lower(CampaignNameOf(v, p));
                 const auto [at, fresh] = seen.emplace(key, &p);
                 if (!fresh) {
                   out.Fail(fmt::format("two campaigns would be \"{}\"", CampaignNameOf(v, p)),
                            {at->second->place(), p.place()});
                 }
               }
             });
  r.Package(
      "naming.free_on_platform", kFail, "Is the campaign's name free on the platform?",
      "Choose another name, or adopt the campaign that has it (maxopt adopt).",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        if (v.context->live == nullptr) return out.NotChecked("the account was not read");
        const auto tree = v.context->live->trees.find(p.package->account.value);
        if (tree == v.context->live->trees.end()) {
          return out.NotChecked("the account was not read");
        }
        const auto owned = v.context->live->owned.find(p.package->account.value);
        for (const Entity& entity : tree->second.entities) {
          if (entity.level != Level::kCampaign || TextField(entity.fields, "status") == kRemoved ||
              WithoutMarker(TextField(entity.fields, "name")) != CampaignNameOf(v, p)) {
            continue;
          }
          const bool ours = owned != v.context->live->owned.end() &&
                            std::ranges::any_of(owned->second, [&](const OwnedObject& object) {
                              return object.id == entity.id;
                            });
          if (!ours) {
            out.Fail(fmt::format("campaign {} is called \"{}\" already and is not ours", entity.id,
                                 CampaignNameOf(v, p)),
                     {p.package->name.place});
          }
        }
      });
  NameCheck(r, "present", kFail, "Is every name there?", "Give it a name.",
            [](const std::string& name) { return Trim(name).empty() ? "empty" : ""; });
  NameCheck(r, "invisible_characters", kFail, "Are names free of invisible characters?",
            "Type the name anew.", [](const std::string& name) {
              for (const char32_t c : CodePoints(name)) {
                if (IsControl(c)) {
                  return fmt::format("character U+{:04X}", static_cast<std::uint32_t>(c));
                }
              }
              return std::string();
            });
  NameCheck(r, "spaces", kWarn, "Are names free of stray spaces?", "Remove the spaces.",
            [](const std::string& name) {
              return name != Trim(name) || name.find("  ") != std::string::npos ? "stray spaces"
                                                                                : "";
            });
  NameCheck(r, "formula", kWarn, "Is no name a formula for a spreadsheet?",
            "Begin the name with a letter: exports put an apostrophe in front of it otherwise.",
            [](const std::string& name) {
              return !name.empty() && std::string_view("=+-@").find(name[0]) != std::string::npos
                         ? "a spreadsheet would calculate it"
                         : "";
            });
  NameCheck(r, "emoji", kWarn, "Are names free of emoji?", "Leave the emoji out.",
            [](const std::string& name) {
              return std::ranges::any_of(CodePoints(name), IsEmoji) ? "an emoji" : "";
            });
  NameCheck(r, "marker", kFail, "Are names free of our own marker?",
            "Leave out the last part, a tilde and ten characters: by it Max finds its objects.",
            [](const std::string& name) {
              return WithoutMarker(name) != name ? "ends with a marker" : "";
            });
  NameCheck(r, "address", kFail, "Can every name be part of an address?",
            "Put a letter or a digit into the name; leave / out.", [](const std::string& name) {
              if (name.find('/') != std::string::npos) return "a slash";
              const bool any = std::ranges::any_of(CodePoints(name), [](char32_t c) {
                return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z');
              });
              return any ? "" : "no letter or digit";
            });
}

}  // namespace maxopt::checks
