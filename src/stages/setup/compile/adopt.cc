#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/compile/compile.h"

namespace maxopt {
namespace {

/// A name that no other in `taken` slugs to.
std::string Unique(const std::string& name, std::set<std::string>& taken) {
  std::string unique = name;
  for (int n = 2; !taken.insert(Slug(unique)).second; ++n) unique = fmt::format("{} {}", name, n);
  return unique;
}

bool IsWritable(const std::string& field) {
  for (const FieldSpec& spec : FieldCatalogue()) {
    if (spec.name == field) return spec.writable;
  }
  return false;
}

/// The fields of a live object that a document can state, without those that are said elsewhere.
SaidFields Stated(const Entity& entity, const std::set<std::string>& elsewhere) {
  SaidFields out;
  for (const auto& [field, value] : entity.fields) {
    if (field == "name" || field == "status" || elsewhere.contains(field) || !IsWritable(field)) {
      continue;
    }
    out.values.emplace(field, value);
  }
  return out;
}

Fields Written(const Entity& entity) {
  Fields out;
  for (const auto& [field, value] : entity.fields) {
    if (IsWritable(field)) out.emplace(field, value);
  }
  return out;
}

/// The day of a whole-day flight's edge; nullopt when it has a time of day of its own.
std::optional<Day> WholeDay(const Fields& fields, const char* field, std::string_view time) {
  const std::string text = TextField(fields, field);
  if (text.size() < 10 || !std::string_view(text).substr(10).ends_with(time)) return std::nullopt;
  const auto day = ParseDay(std::string_view(text).substr(0, 10));
  return day ? std::optional<Day>(*day) : std::nullopt;
}

class Adopter {
 public:
  Adopter(const std::vector<AccountTree>& trees, const std::string& client,
          const std::string& campaign, Day today)
      : trees_(trees), today_(today) {
    Brief& brief = out_.documents.brief;
    brief.client.value = client;
    brief.campaign.value = campaign;
    brief.brand = client;
    brief.tracking = Said<std::string>{"none", {}};  // ads keep the parameters they have
    slug_ = Slug(campaign);
  }

  Result<Adoption> Run() {
    if (trees_.empty()) return Fail(Errc::kInvalidArgument, "no account to adopt");
    Brief& brief = out_.documents.brief;
    brief.currency.value = trees_.front().info.currency;
    daily_ = Money::Zero(brief.currency.value);
    for (const AccountTree& tree : trees_) {
      if (tree.info.currency != brief.currency.value) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("{} is in {}, {} in {}; one campaign has one currency: adopt them "
                        "one after the other",
                        PrintAccount(trees_.front().info.account), brief.currency.value.name(),
                        PrintAccount(tree.info.account), tree.info.currency.name()));
      }
    }
    ChooseObjective();
    for (const AccountTree& tree : trees_) {
      for (const Entity& entity : tree.entities) {
        if (entity.level == Level::kCampaign) AddCampaign(tree, entity);
      }
    }
    if (out_.documents.media_plan.packages.empty()) {
      return Fail(Errc::kNotFound, "there is no campaign to adopt in these accounts");
    }
    FinishBrief();
    return std::move(out_);
  }

 private:
  void ChooseObjective() {
    std::map<std::string, int> counts;
    for (const AccountTree& tree : trees_) {
      for (const Entity& entity : tree.entities) {
        const std::string objective = TextField(entity.fields, "objective");
        if (entity.level == Level::kCampaign && !objective.empty()) ++counts[objective];
      }
    }
    std::string& best = out_.documents.brief.objective.value;
    best = "sales";
    int most = 0;
    for (const auto& [objective, count] : counts) {
      if (count > most) std::tie(best, most) = std::tie(objective, count);
    }
  }

  void Own(const AccountTree& tree, const Entity& entity, const std::string& address,
           const std::string& parent) {
    out_.objects.push_back(
        {address, tree.info.account, entity.level, entity.id, parent, "", Written(entity)});
  }

  void AddCampaign(const AccountTree& tree, const Entity& entity) {
    const std::string full = WithoutMarker(TextField(entity.fields, "name"));
    const auto parts = ParseCampaignName(full);
    Package package;
    package.name.value = Unique(parts ? Slug(parts->package) : Slug(full), packages_);
    package.account.value = tree.info.account;
    package.campaign_name = Said<std::string>{full, {}};
    package.budget_allocation.value = "optimised";
    std::set<std::string> elsewhere = {"daily_budget", "start_at", "end_at"};
    if (TextField(entity.fields, "objective") == out_.documents.brief.objective.value) {
      elsewhere.insert("objective");
    }
    package.fields = Stated(entity, elsewhere);
    const Money* daily = MoneyField(entity.fields, "daily_budget");
    const bool owns = daily || MoneyField(entity.fields, "lifetime_budget");
    package.budget_owner.value = owns ? "campaign" : "ad_group";
    if (daily) package.daily_budget = Said<Money>{*daily, {}};
    if (daily) daily_ += *daily;

    Buy buy;
    buy.package.value = package.name.value;
    const std::string address = slug_ + "/" + Slug(package.name.value);
    Own(tree, entity, address, "");
    std::vector<const Entity*> groups;
    for (const Entity& group : tree.entities) {
      if (group.level == Level::kAdGroup && group.parent_id == entity.id) groups.push_back(&group);
    }
    Flight(entity, package);
    std::set<std::string> names;
    for (const Entity* group : groups) AddGroup(tree, *group, address, package, names, buy);
    if (!groups.empty()) out_.documents.buys.buys.push_back(std::move(buy));
    out_.documents.media_plan.packages.push_back(std::move(package));
  }

  /// The campaign's own flight; what ad groups have is stated on each. Edges that are not whole
  /// days stay fields with their time.
  void Flight(const Entity& campaign, Package& package) {
    const auto keep_time = [&](const Fields& from, const char* field) {
      const std::string text = TextField(from, field);
      if (!text.empty()) package.fields.values.emplace(field, text);
    };
    if (const auto start = WholeDay(campaign.fields, "start_at", "00:00:00")) {
      package.start = Said<Day>{*start, {}};
    } else {
      keep_time(campaign.fields, "start_at");
    }
    if (const auto end = WholeDay(campaign.fields, "end_at", "23:59:59")) {
      package.end = Said<Day>{*end, {}};
    } else if (campaign.fields.contains("end_at")) {
      keep_time(campaign.fields, "end_at");
    }
    if (!package.end && !package.fields.values.contains("end_at")) {
      package.always_on = Said<bool>{true, {}};
    }
    if (!package.start && !package.fields.values.contains("start_at")) {
      package.start = Said<Day>{today_, {}};  // one that has passed is not sent
    }
  }

  void AddGroup(const AccountTree& tree, const Entity& group, const std::string& campaign,
                const Package& package, std::set<std::string>& names, Buy& buy) {
    BuyAdGroup out;
    const std::string name = WithoutMarker(TextField(group.fields, "name"));
    out.name.value = Unique(name, names);
    if (out.name.value != name) out.ad_group_name = Said<std::string>{name, {}};
    std::set<std::string> elsewhere;
    // A start in the past is history, not a wish.
    if (const auto start = ParseLocal(TextField(group.fields, "start_at"));
        start && *start < LocalTime(today_ + std::chrono::days(1))) {
      elsewhere.insert("start_at");
    }
    out.fields = Stated(group, elsewhere);
    if (const Money* daily = MoneyField(group.fields, "daily_budget")) daily_ += *daily;
    const std::string address = campaign + "/" + Slug(out.name.value);
    Own(tree, group, address, campaign);
    for (const Entity& ad : tree.entities) {
      if (ad.level != Level::kAd || ad.parent_id != group.id) continue;
      AddAd(tree, ad, address, package, out);
    }
    buy.ad_groups.push_back(std::move(out));
  }

  void AddAd(const AccountTree& tree, const Entity& ad, const std::string& group,
             const Package& package, BuyAdGroup& buy) {
    AdDocument out;
    const std::string name = WithoutMarker(TextField(ad.fields, "name"));
    out.name.value = Unique(name, ads_);
    if (out.name.value != name) out.ad_name = Said<std::string>{name, {}};
    out.packages.push_back({package.name.value, {}});
    out.fields = Stated(ad, {"image", "video", "thumbnail", "images"});
    const auto asset = [&](const std::string& id) -> Said<std::string> {
      const auto key = std::pair{tree.info.account, id};
      const auto known = assets_.find(key);
      if (known != assets_.end()) return {known->second, {}};
      AssetDocument document;
      document.name = Unique("asset-" + id.substr(0, 12), asset_names_);
      document.account = tree.info.account;
      document.platform_id = id;
      assets_[key] = document.name;
      out_.documents.creatives.assets.push_back(document);
      return {assets_[key], {}};
    };
    const auto one = [&](const char* field, MaybeSaid<std::string>& to) {
      if (const std::string id = TextField(ad.fields, field); !id.empty()) to = asset(id);
    };
    one("image", out.image);
    one("video", out.video);
    one("thumbnail", out.thumbnail);
    for (const std::string& id : ListField(ad.fields, "images")) out.images.push_back(asset(id));
    std::string& landing = out_.documents.brief.landing_url.value;
    if (landing.empty()) landing = TextField(ad.fields, "landing_url");
    buy.ads.push_back({out.name.value, {}});
    Own(tree, ad, group + "/" + Slug(out.name.value), group);
    out_.documents.creatives.ads.push_back(std::move(out));
  }

  void FinishBrief() {
    Brief& brief = out_.documents.brief;
    Day start = today_;
    Day end = today_;
    for (const Package& package : out_.documents.media_plan.packages) {
      if (package.start) start = std::min(start, package.start->value);
      if (package.end) end = std::max(end, package.end->value);
    }
    if (end == today_) end = today_ + std::chrono::days(364);
    brief.start.value = start;
    brief.end.value = end;
    const std::int64_t days = (end - today_).count() + 1;
    Money total = daily_.Times(days);
    for (const OwnedObject& object : out_.objects) {
      if (const Money* money = MoneyField(object.last_applied, "lifetime_budget")) total += *money;
    }
    brief.total_budget.value = total;
    out_.notes.push_back(
        fmt::format("the brief's total, {}, is today's budgets until {}: write the agreed one",
                    PrintMoney(total), PrintDay(end)));
    if (brief.landing_url.value.empty()) {
      brief.landing_url.value = "https://example.com/";
      out_.notes.push_back("no ad names a landing page; the brief's landing_url is a guess");
    }
    out_.notes.push_back(
        "KPIs, conversions, attribution and guidelines are not on the platforms: write them into "
        "the brief and the creatives");
  }

  const std::vector<AccountTree>& trees_;
  Day today_;
  std::string slug_;
  Adoption out_;
  Money daily_ = Money::Zero(kNoCurrency);
  std::set<std::string> packages_, ads_, asset_names_;
  std::map<std::pair<AccountId, std::string>, std::string> assets_;
};

}  // namespace

Result<Adoption> Adopt(const std::vector<AccountTree>& trees, const std::string& client,
                       const std::string& campaign, Day today) {
  return Adopter(trees, client, campaign, today).Run();
}

}  // namespace maxopt
