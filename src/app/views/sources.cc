#include "app/views/sources.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "memory/campaigns/signals.h"
#include "stages/setup/compile/compile.h"

namespace maxopt::views {

using std::chrono::days;

Result<std::vector<PlannedSetup>> PlannedSetups(Frame& frame, const std::string& client) {
  MAXOPT_TRY(const std::vector<Document> documents, frame.home.store().Documents(client, "setup"));
  std::map<std::string, std::map<std::string, const Document*>> newest;  // slug -> file -> document
  for (const Document& document : documents) {
    if (document.received_at > frame.now) continue;
    const std::size_t slash = document.name.find('/');
    if (slash == std::string::npos) continue;
    newest[document.name.substr(0, slash)].emplace(document.name.substr(slash + 1), &document);
  }
  std::vector<PlannedSetup> out;
  for (const auto& [slug, files] : newest) {
    std::vector<DocumentFile> wanted;
    for (const char* name : {"brief.yaml", "media_plan.yaml"}) {
      const auto at = files.find(name);
      if (at != files.end()) wanted.push_back({name, at->second->content});
    }
    const auto parsed = ParseSomeDocuments(wanted, [](const std::string& name) {
      return Result<std::string>(Fail(Errc::kNotFound, name + " is not read here"));
    });
    if (!parsed) {
      frame.Note(fmt::format("The plan of {} cannot be read, so nothing is compared with it: {}",
                             slug, parsed.error().what));
      continue;
    }
    const Brief& brief = parsed->brief;
    PlannedSetup setup;
    setup.client = client;
    setup.slug = slug;
    setup.name = brief.campaign.value;
    setup.first = brief.start.value;
    setup.last = brief.end.value;
    setup.total = brief.total_budget.value;
    if (brief.daily_budget_cap) setup.daily_cap = brief.daily_budget_cap->value;
    setup.kpis = brief.kpis;
    for (const Package& package : parsed->media_plan.packages) {
      PlannedCampaign campaign;
      campaign.address = slug + "/" + Slug(package.name.value);
      campaign.account = package.account.value;
      campaign.first = package.start ? package.start->value : setup.first;
      campaign.last = package.end ? package.end->value : setup.last;
      if (package.budget) {
        campaign.total = package.budget->value;
      } else if (package.daily_budget && campaign.first <= campaign.last) {
        const auto length = (campaign.last - campaign.first).count() + 1;
        std::int64_t micros = 0;
        if (!__builtin_mul_overflow(package.daily_budget->value.micros(),
                                    static_cast<std::int64_t>(length), &micros)) {
          campaign.total = Money::Micros(micros, package.daily_budget->value.currency());
        }
      }
      setup.campaigns.push_back(std::move(campaign));
    }
    if (setup.first <= setup.last) out.push_back(std::move(setup));
  }
  return out;
}

Money PlannedIn(Money total, Day first, Day last, Day from, Day to) {
  const Day begin = std::max(first, from), end = std::min(last, to);
  if (begin > end || first > last) return Money::Zero(total.currency());
  __extension__ using Wide = __int128;
  const Wide share = static_cast<Wide>(total.micros()) * ((end - begin).count() + 1) /
                     ((last - first).count() + 1);
  return Money::Micros(static_cast<std::int64_t>(share), total.currency());
}

std::string ObjectKey(const AccountId& account, Level level, std::string_view id) {
  return fmt::format("{}/{}/{}", PrintAccount(account), LevelName(level), id.empty() ? "-" : id);
}

Result<std::map<std::string, ObjectState>> ObjectStates(const Frame& frame, bool below_campaigns) {
  std::map<std::string, ObjectState> out;
  for (const ClientAccount& account : frame.accounts) {
    MAXOPT_TRY(const std::vector<Sighting> seen, Sightings(frame.home.store(), account.info));
    for (const Sighting& s : seen) {
      ObjectState& state = out[ObjectKey(s.account, Level::kCampaign, s.campaign_id)];
      state.name = WithoutMarker(s.name);
      state.state = s.state;
      state.daily_budget = s.daily_budget;
    }
    MAXOPT_TRY(const std::vector<OwnedObject> owned,
               frame.home.store().Objects(account.info.account));
    for (const OwnedObject& object : owned) {
      if (!below_campaigns && object.level != Level::kCampaign) continue;
      ObjectState& state = out[ObjectKey(object.account, object.level, object.id)];
      state.address = object.address;
      if (state.name.empty()) state.name = WithoutMarker(TextField(object.last_applied, "name"));
      const std::vector<std::string>& headlines = ListField(object.last_applied, "headlines");
      const std::vector<std::string>& texts = ListField(object.last_applied, "descriptions");
      state.headline = !headlines.empty() ? headlines.front() : !texts.empty() ? texts.front() : "";
      if (state.state.empty()) state.state = TextField(object.last_applied, "status");
      const Money* budget = MoneyField(object.last_applied, "daily_budget");
      if (!state.daily_budget && budget != nullptr) state.daily_budget = *budget;
    }
    if (!below_campaigns) continue;
    MAXOPT_TRY(const std::vector<ReviewState> reviews,
               Reviews(frame.home.store(), account.info.account));
    for (const ReviewState& review : reviews) {
      if (review.state == "approved") continue;
      ObjectState& state = out[ObjectKey(review.account, review.level, review.id)];
      state.state += fmt::format("{}review: {}", state.state.empty() ? "" : ", ", review.state);
    }
  }
  for (const PlanStatus waits : {PlanStatus::kApproved, PlanStatus::kGuarded}) {
    MAXOPT_TRY(const std::vector<Plan> plans, frame.home.store().Plans(waits, kAllRows));
    for (const Plan& plan : plans) {
      if (!frame.Sees(plan.client)) continue;
      for (const Change& change : plan.changes) {
        const Money* budget = MoneyField(change.after, "daily_budget");
        if (budget == nullptr || change.id.empty()) continue;
        ObjectState& state = out[ObjectKey(change.account, change.level, change.id)];
        if (state.next_budget) continue;
        state.next_budget = *budget;
        state.plan = plan.id;
      }
    }
  }
  return out;
}

Result<std::map<std::string, Picture>> PicturesOf(const Frame& frame, const std::string& client) {
  std::map<std::string, Picture> out;
  MAXOPT_TRY(const std::vector<Document> documents, frame.home.store().Documents(client, "setup"));
  std::map<std::string, bool> seen;
  for (const Document& document : documents) {  // newest first
    if (document.received_at > frame.now || !document.name.ends_with("/creatives.yaml")) continue;
    const std::string slug = document.name.substr(0, document.name.find('/'));
    if (seen[slug]) continue;
    seen[slug] = true;
    // Max wrote this document itself, in the form that it reads; the media it names are not here.
    try {
      const YAML::Node root = YAML::Load(document.content);
      std::map<std::string, Picture> assets;
      for (const YAML::Node& asset : root["assets"]) {
        Picture picture;
        picture.name = asset["name"].as<std::string>("");
        picture.file = asset["file"].as<std::string>("");
        picture.sha256 = asset["sha256"].as<std::string>("");
        assets[picture.name] = picture;
      }
      for (const YAML::Node& ad : root["ads"]) {
        std::string shows = ad["image"].as<std::string>("");
        if (shows.empty()) shows = ad["video"].as<std::string>("");
        if (shows.empty() && ad["images"] && ad["images"].size() > 0) {
          shows = ad["images"][0].as<std::string>("");
        }
        const auto found = assets.find(shows);
        if (found != assets.end()) {
          out[slug + "//" + Slug(ad["name"].as<std::string>(""))] = found->second;
        }
      }
    } catch (const YAML::Exception&) {
      continue;  // of an older form; where documents are shown it is told
    }
  }
  // Addresses are slug/package/group/ad; an ad may run in several packages.
  std::map<std::string, Picture> by_address;
  for (const ClientAccount& account : frame.accounts) {
    if (account.client != client) continue;
    MAXOPT_TRY(const std::vector<OwnedObject> owned,
               frame.home.store().Objects(account.info.account));
    for (const OwnedObject& object : owned) {
      if (object.level != Level::kAd) continue;
      const std::size_t first = object.address.find('/'), last = object.address.rfind('/');
      if (first == std::string::npos) continue;
      const auto found =
          out.find(object.address.substr(0, first) + "//" + object.address.substr(last + 1));
      if (found != out.end()) by_address[object.address] = found->second;
    }
  }
  return by_address;
}

std::string Encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace maxopt::views
