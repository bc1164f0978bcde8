#include "stages/setup/setup.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <set>

#include "domain/digest.h"

namespace maxopt {
namespace {

std::string Base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

/// Texts count characters (code points) on every platform, not bytes.
std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// How a platform's ads are limited. Sources: platforms' public creative specifications.
struct AdLimits {
  Platform platform;
  std::size_t headlines_min, headlines_max, headline_chars;
  std::size_t descriptions_min, descriptions_max, description_chars;
  bool needs_image;
};
constexpr AdLimits kAdLimits[] = {
    {Platform::kGoogleAds, 3, 15, 30, 2, 4, 90, false},
    {Platform::kMeta, 1, 1, 255, 1, 1, 2200, true},
    {Platform::kTikTok, 0, 0, 0, 1, 1, 100, true},
};
const AdLimits* LimitsOf(Platform platform) {
  for (const AdLimits& limits : kAdLimits) {
    if (limits.platform == platform) return &limits;
  }
  return nullptr;
}

/// On which level a platform keeps a field that a plan may state on the campaign.
bool LivesOnAdGroup(Platform platform, const std::string& field) {
  if (platform == Platform::kGoogleAds) return false;
  return field == "countries" || field == "languages" || field == "start_at" || field == "end_at" ||
         field == "bid_strategy";
}

class Checker {
 public:
  Checker(const CampaignDocument& doc, const std::vector<ClientAccount>& accounts, Day today)
      : doc_(doc), accounts_(accounts), today_(today) {}

  std::vector<Finding> Run() {
    static constexpr std::string_view kObjectives[] = {"awareness", "traffic", "engagement",
                                                       "leads",     "app",     "sales"};
    if (std::find(std::begin(kObjectives), std::end(kObjectives), doc_.objective) ==
        std::end(kObjectives)) {
      Fail("brief.objective", doc_.place,
           fmt::format("objective \"{}\" is not known", doc_.objective),
           "use awareness, traffic, engagement, leads, app or sales");
    }
    if (doc_.end < today_) {
      Fail("flight.past", doc_.place, fmt::format("the flight ended on {}", PrintDay(doc_.end)),
           "set flight.end in the future");
    } else if (doc_.start < today_) {
      Warn("flight.started", doc_.place,
           fmt::format("the flight started on {}, before today ({})", PrintDay(doc_.start),
                       PrintDay(today_)),
           "campaigns begin when they are activated");
    }
    if (!doc_.landing_url.starts_with("https://")) {
      Fail("tracking.https", doc_.place,
           fmt::format("landing_url \"{}\" is not https", doc_.landing_url), "use an https URL");
    }
    if (doc_.tracking.empty()) {
      Warn("tracking.missing", doc_.place, "no tracking template: visits cannot be told apart",
           "set tracking: utm_source={platform}&utm_campaign={campaign}&...");
    } else if (doc_.tracking.find("utm_campaign=") == std::string::npos) {
      Warn("tracking.utm_campaign", doc_.place, "the tracking template sets no utm_campaign",
           "add utm_campaign={campaign}");
    }
    for (const LineDocument& line : doc_.lines) CheckLine(line);
    CheckBudget();
    return std::move(findings_);
  }

 private:
  void Fail(std::string check, const Place& place, std::string what, std::string fix) {
    findings_.push_back(
        {std::move(check), Severity::kFail, place, std::move(what), std::move(fix)});
  }
  void Warn(std::string check, const Place& place, std::string what, std::string fix) {
    findings_.push_back(
        {std::move(check), Severity::kWarn, place, std::move(what), std::move(fix)});
  }

  void CheckLine(const LineDocument& line) {
    const auto account =
        std::find_if(accounts_.begin(), accounts_.end(),
                     [&](const ClientAccount& a) { return a.info.account == line.account; });
    if (account == accounts_.end()) {
      Fail("account.unknown", line.place,
           fmt::format("account {} is not connected", PrintAccount(line.account)),
           "add it to connections.yaml, then run maxopt connect");
    } else if (account->client != doc_.client) {
      Fail("account.client", line.place,
           fmt::format("account {} belongs to client \"{}\", the document is for \"{}\"",
                       PrintAccount(line.account), account->client, doc_.client),
           "use the client's own account");
    } else if (account->info.currency != doc_.currency) {
      Fail("budget.currency", line.place,
           fmt::format("the document is in {}, account {} is in {}", doc_.currency.name(),
                       PrintAccount(line.account), account->info.currency.name()),
           "state budgets in the account's currency");
    }
    const AdLimits* limits = LimitsOf(line.account.platform);
    if (!limits) {
      Fail("platform.unsupported", line.place,
           fmt::format("{} cannot be written to yet", PlatformName(line.account.platform)),
           "use google_ads, meta or tiktok");
      return;
    }
    bool group_budgets = false;
    for (const AdGroupDocument& group : line.ad_groups) {
      group_budgets = group_budgets || MoneyField(group.fields, "daily_budget") ||
                      MoneyField(group.fields, "lifetime_budget");
      CheckGroup(line, group, *limits);
    }
    const bool own =
        MoneyField(line.fields, "daily_budget") || MoneyField(line.fields, "lifetime_budget");
    if (own && group_budgets) {
      Fail("budget.owner", line.place, "budget on the campaign and on its ad groups",
           "state it in one place");
    }
    if (!own && !group_budgets) {
      Fail("budget.missing", line.place,
           fmt::format("channel {} has no daily_budget", line.channel), "state daily_budget");
    }
    if (MoneyField(line.fields, "daily_budget") && MoneyField(line.fields, "lifetime_budget")) {
      Fail("budget.both", line.place, "daily_budget and lifetime_budget exclude each other",
           "keep one");
    }
    if (line.account.platform == Platform::kGoogleAds) {
      if (group_budgets) {
        Fail("budget.owner", line.place, "Google Ads keeps budgets on campaigns",
             "state daily_budget on the line");
      }
      if (!line.fields.contains("eu_political")) {
        Fail("policy.eu_political", line.place,
             "Google Ads needs the EU political advertising declaration",
             "state eu_political: false (or true)");
      }
    }
    if (ListField(line.fields, "countries").empty()) {
      Fail("targeting.countries", line.place,
           fmt::format("channel {} names no countries", line.channel),
           "state countries: [DE, ...]; an empty list would mean the whole world");
    }
    for (const std::string& country : ListField(line.fields, "countries")) {
      if (country.size() != 2 || !std::isupper(static_cast<unsigned char>(country[0])) ||
          !std::isupper(static_cast<unsigned char>(country[1]))) {
        Fail("targeting.country_code", line.place,
             fmt::format("\"{}\" is not an ISO 3166 country code", country), "use DE, AT, ...");
      }
    }
  }

  void CheckGroup(const LineDocument& line, const AdGroupDocument& group, const AdLimits& limits) {
    const auto& keywords = ListField(group.fields, "keywords");
    if (line.account.platform == Platform::kGoogleAds &&
        (TextField(line.fields, "channel_type").empty() ||
         TextField(line.fields, "channel_type") == "search") &&
        keywords.empty()) {
      Fail("targeting.keywords", group.place,
           fmt::format("search ad group \"{}\" has no keywords", group.name),
           "state keywords: [phrase:..., exact:...]");
    }
    if (line.account.platform != Platform::kGoogleAds && !keywords.empty()) {
      Fail("targeting.keywords", group.place,
           fmt::format("{} has no keywords", PlatformName(line.account.platform)),
           "remove keywords");
    }
    for (const std::string& keyword : keywords) {
      const std::size_t colon = keyword.find(':');
      const std::string match = keyword.substr(0, colon);
      if (colon == std::string::npos ||
          (match != "exact" && match != "phrase" && match != "broad")) {
        Fail("targeting.match_type", group.place,
             fmt::format("keyword \"{}\" has no match type", keyword),
             "write exact:text, phrase:text or broad:text");
      } else if (Characters(keyword) - colon - 1 > 80) {
        Fail("targeting.keyword_length", group.place,
             fmt::format("keyword \"{}\" is longer than 80 characters", keyword), "shorten it");
      }
    }
    for (const AdDocument& ad : group.ads) CheckAd(ad, limits);
  }

  void CheckTexts(const AdDocument& ad, const char* field, std::size_t min, std::size_t max,
                  std::size_t chars, Platform platform) {
    const auto& texts = ListField(ad.fields, field);
    if (texts.size() < min || texts.size() > max) {
      Fail(fmt::format("creative.{}", field), ad.place,
           fmt::format("ad \"{}\" has {} {}; {} takes {}", ad.name, texts.size(), field,
                       PlatformName(platform),
                       min == max ? std::to_string(min) : fmt::format("{} to {}", min, max)),
           max == 0 ? fmt::format("remove {}", field) : fmt::format("correct {}", field));
      return;
    }
    for (const std::string& text : texts) {
      if (Characters(text) > chars) {
        Fail(fmt::format("creative.{}_length", field), ad.place,
             fmt::format("\"{}\" has {} characters; {} allows {}", text, Characters(text),
                         PlatformName(platform), chars),
             "shorten it");
      }
    }
  }

  void CheckAd(const AdDocument& ad, const AdLimits& limits) {
    CheckTexts(ad, "headlines", limits.headlines_min, limits.headlines_max, limits.headline_chars,
               limits.platform);
    CheckTexts(ad, "descriptions", limits.descriptions_min, limits.descriptions_max,
               limits.description_chars, limits.platform);
    if (limits.needs_image && ad.image_file.empty() && TextField(ad.fields, "video").empty()) {
      Fail("creative.missing", ad.place, fmt::format("ad \"{}\" has no picture", ad.name),
           "state image_file");
    }
    const std::string landing = TextField(ad.fields, "landing_url");
    if (!landing.empty() && !landing.starts_with("https://")) {
      Fail("tracking.https", ad.place, fmt::format("landing_url \"{}\" is not https", landing),
           "use an https URL");
    }
    if (landing.find("utm_") != std::string::npos) {
      Warn("tracking.twice", ad.place, "landing_url carries utm parameters of its own",
           "leave them to tracking");
    }
  }

  void CheckBudget() {
    if (doc_.total_budget.micros() <= 0) {
      Fail("budget.total", doc_.place, "budget.total must be above zero", "state it");
      return;
    }
    const std::int64_t days = (doc_.end - doc_.start).count() + 1;
    Money planned = Money::Zero(doc_.currency);
    for (const LineDocument& line : doc_.lines) {
      const auto add = [&](const Fields& fields) {
        if (const Money* daily = MoneyField(fields, "daily_budget")) planned += daily->Times(days);
        if (const Money* whole = MoneyField(fields, "lifetime_budget")) planned += *whole;
      };
      add(line.fields);
      for (const AdGroupDocument& group : line.ad_groups) add(group.fields);
    }
    if (planned > doc_.total_budget) {
      Fail("budget.sum", doc_.place,
           fmt::format("daily budgets over {} days come to {}, more than the total {}", days,
                       PrintMoney(planned), PrintMoney(doc_.total_budget)),
           "lower daily budgets or raise budget.total");
    } else if (planned < doc_.total_budget.TimesBp(9'500)) {
      Warn("budget.sum", doc_.place,
           fmt::format("daily budgets over {} days come to {}, under the total {}", days,
                       PrintMoney(planned), PrintMoney(doc_.total_budget)),
           "raise daily budgets, or lower budget.total");
    }
  }

  const CampaignDocument& doc_;
  const std::vector<ClientAccount>& accounts_;
  Day today_;
  std::vector<Finding> findings_;
};

/// One object as the document wants it.
struct Desired {
  AccountId account;
  Level level;
  std::string address;
  std::string parent_address;
  std::string asset_address;
  Fields fields;
  Place place;
};

std::string Expand(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string key = "{" + name + "}";
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
      text.replace(at, key.size(), value);
      at += value.size();
    }
  }
  return text;
}

class Compiler {
 public:
  Compiler(const CampaignDocument& doc, Day today) : doc_(doc), today_(today) {}

  std::vector<Desired> Run(std::vector<std::string>& notes) {
    for (const LineDocument& line : doc_.lines) AddLine(line, notes);
    return std::move(desired_);
  }

 private:
  void AddLine(const LineDocument& line, std::vector<std::string>& notes) {
    const Platform platform = line.account.platform;
    Fields fields = line.fields;
    fields["name"] = CampaignName(doc_.client, line.channel, doc_.name);
    fields["status"] = std::string(kPaused);
    fields["objective"] = doc_.objective;
    if (!fields.contains("channel_type")) {
      fields["channel_type"] = std::string(platform == Platform::kGoogleAds ? "search" : "social");
    }
    if (platform == Platform::kGoogleAds) {
      fields.erase("objective");
      notes.push_back(fmt::format(
          "{}: Google Ads keeps no objective on campaigns; \"{}\" is expressed by the bid strategy "
          "alone",
          line.channel, doc_.objective));
    }
    if (platform == Platform::kGoogleAds && !fields.contains("bid_strategy")) {
      fields["bid_strategy"] = std::string("manual_cpc");
    }
    if (doc_.start > today_) fields["start_at"] = PrintDay(doc_.start) + " 00:00:00";
    fields["end_at"] = PrintDay(doc_.end) + " 23:59:59";
    if (platform == Platform::kMeta && !fields.contains("special_categories")) {
      fields["special_categories"] = std::vector<std::string>{};
    }
    if (platform != Platform::kGoogleAds && fields.erase("eu_political") > 0) {
      notes.push_back(
          fmt::format("{}: {} asks for no EU political declaration; eu_political is "
                      "not sent",
                      line.channel, PlatformName(platform)));
    }
    Fields inherited;
    for (auto it = fields.begin(); it != fields.end();) {
      if (LivesOnAdGroup(platform, it->first)) {
        inherited.insert(*it);
        it = fields.erase(it);
      } else {
        ++it;
      }
    }
    if (!inherited.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : inherited) names.push_back(name);
      notes.push_back(fmt::format("{}: {} keeps {} on ad groups; set there", line.channel,
                                  PlatformName(platform), fmt::join(names, ", ")));
    }
    const std::string address = Slug(doc_.name) + "/" + line.channel;
    desired_.push_back(
        {line.account, Level::kCampaign, address, "", "", std::move(fields), line.place});
    for (const AdGroupDocument& group : line.ad_groups) AddGroup(line, group, address, inherited);
  }

  void AddGroup(const LineDocument& line, const AdGroupDocument& group, const std::string& campaign,
                const Fields& inherited) {
    Fields fields = group.fields;
    for (const auto& [name, value] : inherited) fields.try_emplace(name, value);
    fields["name"] = group.name;
    fields["status"] = std::string(kPaused);
    const std::string address = campaign + "/" + Slug(group.name);
    desired_.push_back(
        {line.account, Level::kAdGroup, address, campaign, "", std::move(fields), group.place});
    for (const AdDocument& ad : group.ads) AddAd(line, ad, address);
  }

  void AddAd(const LineDocument& line, const AdDocument& ad, const std::string& group) {
    std::string asset;
    if (!ad.image_bytes.empty()) {
      const std::string digest = Sha256Hex(ad.image_bytes);
      asset = "asset/" + digest.substr(0, 16);
      const bool there = std::any_of(desired_.begin(), desired_.end(), [&](const Desired& d) {
        return d.address == asset && d.account == line.account;
      });
      if (!there) {
        desired_.push_back({line.account,
                            Level::kAsset,
                            asset,
                            "",
                            "",
                            {{"name", ad.image_file.substr(ad.image_file.rfind('/') + 1)},
                             {"media", std::string("image")},
                             {"content", Base64(ad.image_bytes)},
                             {"sha256", digest}},
                            ad.place});
      }
    }
    Fields fields = ad.fields;
    fields["name"] = ad.name;
    fields["status"] = std::string(kPaused);
    fields.try_emplace("landing_url", doc_.landing_url);
    if (!doc_.tracking.empty()) {
      fields.try_emplace(
          "url_tags",
          Expand(doc_.tracking, {{"platform", std::string(PlatformName(line.account.platform))},
                                 {"campaign", Slug(doc_.name)},
                                 {"channel", line.channel},
                                 {"ad", Slug(ad.name)}}));
    }
    desired_.push_back({line.account, Level::kAd, group + "/" + Slug(ad.name), group, asset,
                        std::move(fields), ad.place});
  }

  const CampaignDocument& doc_;
  Day today_;
  std::vector<Desired> desired_;
};

const OwnedObject* FindOwned(const LiveState& live, const AccountId& account,
                             const std::string& address) {
  const auto objects = live.owned.find(account);
  if (objects == live.owned.end()) return nullptr;
  for (const OwnedObject& object : objects->second) {
    if (object.address == address) return &object;
  }
  return nullptr;
}

const Entity* FindLive(const LiveState& live, const AccountId& account, Level level,
                       const std::string& id) {
  const auto tree = live.trees.find(account);
  if (tree == live.trees.end()) return nullptr;
  for (const Entity& entity : tree->second.entities) {
    if (entity.level == level && entity.id == id) return &entity;
  }
  return nullptr;
}

/// Fields that no platform lets be changed after creation.
bool IsFixed(const std::string& field) {
  return field == "objective" || field == "channel_type" || field == "special_categories" ||
         field == "eu_political";
}

Result<std::optional<Change>> UpdateOf(const Desired& want, const OwnedObject& owned,
                                       const Entity& live) {
  Change change;
  change.action = ChangeAction::kUpdate;
  change.account = want.account;
  change.level = want.level;
  change.address = want.address;
  change.id = owned.id;
  change.parent_address = want.parent_address;
  change.reason = Reason::kLaunch;
  for (const auto& [name, value] : want.fields) {
    if (name == "status") continue;  // activation and pausing are changes of their own
    const auto now = live.fields.find(name);
    if (now == live.fields.end() || SameField(name, now->second, value)) continue;
    if (name == "name") {
      const auto* text = std::get_if<std::string>(&now->second);
      if (text && WithoutMarker(*text) == std::get<std::string>(value)) continue;
      change.after[name] = WithMarker(std::get<std::string>(value), owned.change_key);
    } else {
      change.after[name] = value;
    }
    if (IsFixed(name)) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{}: {} of {} cannot be changed once it exists; give the line another "
                      "channel name to make a new campaign",
                      PrintPlace(want.place), name, want.address));
    }
    change.before[name] = now->second;
  }
  if (change.after.empty()) return std::nullopt;
  change.why = fmt::format("the document at {} says so", PrintPlace(want.place));
  return change;
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kFail:
      return "fail";
    case Severity::kWarn:
      return "warn";
    case Severity::kNote:
      return "note";
  }
  Bug();
}

std::vector<Finding> CheckCampaign(const CampaignDocument& document,
                                   const std::vector<ClientAccount>& accounts, Day today) {
  return Checker(document, accounts, today).Run();
}

std::string CampaignName(std::string_view client, std::string_view channel, std::string_view name) {
  return fmt::format("{} | {} | {}", client, channel, name);
}

std::string ChannelOf(std::string_view campaign_name) {
  const std::size_t first = campaign_name.find(" | ");
  if (first == std::string_view::npos) return {};
  const std::size_t second = campaign_name.find(" | ", first + 3);
  if (second == std::string_view::npos) return {};
  return std::string(campaign_name.substr(first + 3, second - first - 3));
}

std::string Slug(std::string_view text) {
  std::string slug;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte)) {
      slug += static_cast<char>(std::tolower(byte));
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.empty() ? "unnamed" : slug;
}

Result<Plan> CompilePlan(const CampaignDocument& document, const LiveState& live, Day today) {
  Plan plan;
  plan.client = document.client;
  plan.title = "set up " + document.name;
  const std::vector<Desired> desired = Compiler(document, today).Run(plan.notes);
  std::set<std::pair<AccountId, std::string>> wanted;
  for (const Desired& want : desired) {
    wanted.insert({want.account, want.address});
    const OwnedObject* owned = FindOwned(live, want.account, want.address);
    if (!owned) {
      Change change;
      change.action = ChangeAction::kCreate;
      change.account = want.account;
      change.level = want.level;
      change.address = want.address;
      change.parent_address = want.parent_address;
      if (!want.asset_address.empty()) change.links = {{"image", want.asset_address}};
      change.after = want.fields;
      change.reason = Reason::kLaunch;
      change.why =
          fmt::format("in the document at {}, not on the platform", PrintPlace(want.place));
      plan.changes.push_back(std::move(change));
      continue;
    }
    if (want.level == Level::kAsset) continue;
    const Entity* now = FindLive(live, want.account, want.level, owned->id);
    if (!now) {
      plan.notes.push_back(fmt::format(
          "{}: {} {} is ours but no longer on the platform (removed there?); it is left alone",
          want.address, LevelName(want.level), owned->id));
      continue;
    }
    MAXOPT_TRY(std::optional<Change> change, UpdateOf(want, *owned, *now));
    if (change) plan.changes.push_back(std::move(*change));
  }
  // What is ours, belongs to this campaign and is no longer in the document: paused, top level
  // only.
  const std::string prefix = Slug(document.name) + "/";
  for (const auto& [account, objects] : live.owned) {
    for (const OwnedObject& object : objects) {
      if (!object.address.starts_with(prefix) || wanted.contains({account, object.address}))
        continue;
      if (!object.parent_address.empty() && !wanted.contains({account, object.parent_address})) {
        continue;
      }
      const Entity* now = FindLive(live, account, object.level, object.id);
      if (!now || TextField(now->fields, "status") != kActive) continue;
      Change change;
      change.account = account;
      change.level = object.level;
      change.address = object.address;
      change.id = object.id;
      change.before = {{"status", std::string(kActive)}};
      change.after = {{"status", std::string(kPaused)}};
      change.reason = Reason::kPause;
      change.why = "no longer in the document";
      plan.changes.push_back(std::move(change));
    }
  }
  return plan;
}

Result<Plan> CompileActivation(const CampaignDocument& document, const LiveState& live) {
  Plan plan;
  plan.client = document.client;
  plan.title = "activate " + document.name;
  const std::string prefix = Slug(document.name) + "/";
  bool found = false;
  for (const Level level : {Level::kAd, Level::kAdGroup, Level::kCampaign}) {
    for (const auto& [account, objects] : live.owned) {
      for (const OwnedObject& object : objects) {
        if (object.level != level || !object.address.starts_with(prefix)) continue;
        const Entity* now = FindLive(live, account, level, object.id);
        if (!now) continue;
        found = true;
        if (TextField(now->fields, "status") != kPaused) continue;
        if (TextField(now->fields, "review_status") == "rejected") {
          plan.notes.push_back(
              fmt::format("{}: rejected by the platform, stays paused: {}", object.address,
                          fmt::join(ListField(now->fields, "review_reasons"), "; ")));
          continue;
        }
        Change change;
        change.account = account;
        change.level = level;
        change.address = object.address;
        change.id = object.id;
        change.before = {{"status", std::string(kPaused)}};
        change.after = {{"status", std::string(kActive)}};
        change.reason = Reason::kActivate;
        change.why = "launch of " + document.name;
        plan.changes.push_back(std::move(change));
      }
    }
  }
  if (!found) {
    return Fail(Errc::kNotFound,
                fmt::format("nothing of \"{}\" exists on the platforms yet; run maxopt plan, "
                            "approve and apply first",
                            document.name));
  }
  return plan;
}

}  // namespace maxopt
