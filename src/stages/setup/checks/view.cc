#include "stages/setup/checks/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/texts.h"

namespace maxopt::checks {

std::optional<Money> Add(std::optional<Money> a, Money b) {
  std::int64_t sum = 0;
  if (!a || a->currency() != b.currency() ||
      __builtin_add_overflow(a->micros(), b.micros(), &sum)) {
    return std::nullopt;
  }
  return Money::Micros(sum, b.currency());
}

std::optional<Money> Times(Money money, std::int64_t n) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(money.micros(), n, &product)) return std::nullopt;
  return Money::Micros(product, money.currency());
}

std::optional<Money> TimesBp(Money money, std::int64_t basis_points) {
  __extension__ using Wide = __int128;
  const Wide scaled = static_cast<Wide>(money.micros()) * basis_points / 10'000;
  if (scaled > INT64_MAX || scaled < INT64_MIN) return std::nullopt;
  return Money::Micros(static_cast<std::int64_t>(scaled), money.currency());
}

std::string Show(const std::optional<Money>& money) {
  return money ? PrintMoney(*money) : "an amount too large to be counted";
}

double PercentOff(Money part, Money whole) {
  if (whole.zero()) return 0;
  const auto a = static_cast<double>(part.micros()), b = static_cast<double>(whole.micros());
  return (a - b) / b * 100;
}

std::vector<char32_t> CodePoints(std::string_view text) {
  std::vector<char32_t> points;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const int more = first >= 0xf0 && first < 0xf8 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
    char32_t point = more == 3   ? first & 7U
                     : more == 2 ? first & 15U
                     : more == 1 ? first & 31U
                                 : first;
    bool whole = first < 0xf8;
    for (int i = 1; i <= more && whole; ++i) {
      const std::size_t next = at + static_cast<std::size_t>(i);
      whole = next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0) == 0x80;
      if (whole) point = point << 6 | (static_cast<unsigned char>(text[next]) & 0x3fU);
    }
    points.push_back(whole && (more > 0 || first < 0x80) ? point : 0xfffd);
    at += whole ? static_cast<std::size_t>(more) + 1 : 1;
  }
  return points;
}

int CountCharacters(std::string_view text, bool wide_counts_double) {
  int count = 0;
  for (const char32_t c : CodePoints(text)) {
    const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                      (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                      (c >= 0xff00 && c <= 0xff60) || (c >= 0x20000 && c <= 0x3fffd);
    count += wide_counts_double && wide ? 2 : 1;
  }
  return count;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

List Split(std::string_view text, char at) {
  List parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool HasWord(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  const std::string in = Lower(text), what = Lower(word);
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) {
    const std::size_t end = at + what.size();
    const bool left = !letter(what.front()) || at == 0 || !letter(in[at - 1]);
    const bool right = !letter(what.back()) || end == in.size() || !letter(in[end]);
    if (left && right) return true;
  }
  return false;
}

bool IsEmoji(char32_t c) {
  return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2600 && c <= 0x27bf) || c == 0xfe0f ||
         c == 0x2b50 || c == 0x2b55;
}

bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || c == 0xfffd;
}

bool Contains(const List& list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

std::string Join(const List& list, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(list.size(), most); ++i) {
    text += (i == 0 ? "" : ", ") + list[i];
  }
  if (list.size() > most) text += fmt::format(" and {} more", list.size() - most);
  return text;
}

const FieldValue* PackageView::Field(const std::string& field) const {
  for (const Buy* buy : buys) {
    if (const auto at = buy->fields.values.find(field); at != buy->fields.values.end()) {
      return &at->second;
    }
  }
  const auto at = package->fields.values.find(field);
  return at == package->fields.values.end() ? nullptr : &at->second;
}

const Place& PackageView::PlaceOf(const std::string& field) const {
  for (const Buy* buy : buys) {
    if (buy->fields.values.contains(field)) return buy->fields.PlaceOf(field, buy->place);
  }
  return package->fields.PlaceOf(field, package->place);
}

std::string PackageView::Text(const std::string& field) const {
  const FieldValue* value = Field(field);
  const auto* text = value ? std::get_if<std::string>(value) : nullptr;
  return text ? *text : std::string();
}

std::vector<const AdDocument*> PackageView::AdsOf(const BuyAdGroup& group) const {
  if (group.ads.empty()) return ads;
  std::vector<const AdDocument*> found;
  for (const auto& name : group.ads) {
    for (const AdDocument* ad : ads) {
      if (ad->name.value == name.value) found.push_back(ad);
    }
  }
  return found;
}

const AssetDocument* CampaignView::Asset(std::string_view name) const {
  for (const AssetDocument& asset : creatives().assets) {
    if (asset.name == name) return &asset;
  }
  return nullptr;
}

const AdDocument* CampaignView::Ad(std::string_view name) const {
  for (const AdDocument& ad : creatives().ads) {
    if (ad.name.value == name) return &ad;
  }
  return nullptr;
}

const PackageView* CampaignView::FindPackage(std::string_view name) const {
  for (const PackageView& package : packages) {
    if (package.name() == name) return &package;
  }
  return nullptr;
}

std::pair<List, Place> CampaignView::ListOf(const PackageView& package, const BuyAdGroup& group,
                                            const std::string& field) const {
  if (group.fields.values.contains(field)) {
    return {ListField(group.fields.values, field), group.fields.PlaceOf(field, group.place)};
  }
  if (const FieldValue* value = package.Field(field)) {
    const auto* list = std::get_if<List>(value);
    return {list ? *list : List{}, package.PlaceOf(field)};
  }
  return {ListField(brief().audience.values, field),
          brief().audience.PlaceOf(field, brief().place)};
}

std::optional<std::pair<std::int64_t, Place>> CampaignView::NumberOf(
    const PackageView& package, const BuyAdGroup& group, const std::string& field) const {
  if (const auto at = group.fields.values.find(field); at != group.fields.values.end()) {
    if (const auto* number = std::get_if<std::int64_t>(&at->second)) {
      return std::pair(*number, group.fields.PlaceOf(field, group.place));
    }
  }
  if (const FieldValue* value = package.Field(field)) {
    if (const auto* number = std::get_if<std::int64_t>(value)) {
      return std::pair(*number, package.PlaceOf(field));
    }
  }
  const auto at = brief().audience.values.find(field);
  if (at != brief().audience.values.end()) {
    if (const auto* number = std::get_if<std::int64_t>(&at->second)) {
      return std::pair(*number, brief().audience.PlaceOf(field, brief().place));
    }
  }
  return std::nullopt;
}

std::set<std::string> CampaignView::CountriesOf(const PackageView& package) const {
  std::set<std::string> countries;
  for (const BuyAdGroup* group : package.ad_groups) {
    const auto [list, place] = ListOf(package, *group, "countries");
    countries.insert(list.begin(), list.end());
  }
  if (package.ad_groups.empty()) {
    const auto [list, place] = ListOf(package, {}, "countries");
    countries.insert(list.begin(), list.end());
  }
  return countries;
}

std::pair<std::string, Place> CampaignView::LandingOf(const AdDocument& ad) const {
  if (const std::string own = TextField(ad.fields.values, "landing_url"); !own.empty()) {
    return {own, ad.fields.PlaceOf("landing_url", ad.place)};
  }
  return {brief().landing_url.value, brief().landing_url.place};
}

std::optional<Money> CampaignView::DailyOf(const PackageView& package) const {
  const Package& p = *package.package;
  if (p.daily_budget) {
    if (p.daily_budget->value.currency() != currency()) return std::nullopt;
    return p.daily_budget->value;
  }
  if (!p.budget || p.budget->value.currency() != currency() || package.days() < 1 ||
      package.always_on) {
    return std::nullopt;
  }
  return p.budget->value.SplitEvenly(package.days());
}

std::optional<Money> CampaignView::TotalOf(const PackageView& package) const {
  const Package& p = *package.package;
  if (p.budget) {
    if (p.budget->value.currency() != currency()) return std::nullopt;
    return p.budget->value;
  }
  if (!p.daily_budget || p.daily_budget->value.currency() != currency() || package.days() < 1) {
    return std::nullopt;
  }
  return Times(p.daily_budget->value, package.days());
}

int OverdeliveryBp(Platform platform) {
  switch (platform) {
    case Platform::kMeta:
    case Platform::kTikTok:
      return 12'500;
    case Platform::kGoogleAds:
    case Platform::kMicrosoft:
    case Platform::kLinkedIn:
    case Platform::kAmazon:
    case Platform::kPinterest:
    case Platform::kSnapchat:
    case Platform::kReddit:
    case Platform::kX:
    case Platform::kOther:
      return 20'000;  // Google's figure; the careful one where a platform documents none
  }
  Bug();
}

void ForTexts(const AdDocument& ad,
              const std::function<void(const std::string& field, const std::string& text,
                                       const Place& place)>& what) {
  for (const char* field : {"headlines", "descriptions"}) {
    for (const std::string& text : ListField(ad.fields.values, field)) {
      what(field, text, ad.fields.PlaceOf(field, ad.place));
    }
  }
}

std::string AdType(const PackageView& package, const AdDocument& ad) {
  if (package.search()) return "search";
  if (!ad.images.empty()) return "carousel";
  return ad.video ? "video" : "image";
}

CampaignView MakeView(const CheckContext& context) {
  CampaignView view;
  view.context = &context;
  view.documents = context.documents;
  const CampaignDocuments& documents = *context.documents;
  for (const AssetDocument& asset : documents.creatives.assets) {
    if (!asset.bytes.empty()) view.media.emplace(asset.name, ProbeMedia(asset.bytes));
  }
  for (const Package& package : documents.media_plan.packages) {
    PackageView p;
    p.package = &package;
    p.platform = package.account.value.platform;
    if (context.specs != nullptr) p.spec = context.specs->Find(p.platform);
    p.generated = p.spec != nullptr && (p.spec->writable || context.every_platform);
    if (context.accounts != nullptr) {
      for (const ClientAccount& account : *context.accounts) {
        if (account.info.account == package.account.value) p.account = &account;
      }
    }
    p.start = package.start ? package.start->value : documents.brief.start.value;
    p.end = package.end ? package.end->value : documents.brief.end.value;
    p.always_on = package.always_on && package.always_on->value;
    std::set<const AdDocument*> used;
    const auto use = [&](const AdDocument& ad) {
      if (used.insert(&ad).second) p.ads.push_back(&ad);
    };
    for (const Buy& buy : documents.buys.buys) {
      if (buy.package.value != package.name.value) continue;
      p.buys.push_back(&buy);
      for (const BuyAdGroup& group : buy.ad_groups) {
        p.ad_groups.push_back(&group);
        for (const auto& name : group.ads) {
          for (const AdDocument& ad : documents.creatives.ads) {
            if (ad.name.value == name.value) use(ad);
          }
        }
      }
    }
    for (const AdDocument& ad : documents.creatives.ads) {
      for (const auto& meant : ad.packages) {
        if (meant.value == package.name.value) use(ad);
      }
    }
    p.channel_type = p.Text("channel_type");
    if (p.channel_type.empty()) {
      p.channel_type = p.platform == Platform::kGoogleAds ? "search" : "social";
    }
    view.packages.push_back(std::move(p));
  }
  return view;
}

void CheckRule(const ReviewRule& rule, const CampaignView& v, const PackageView& p, Out& out) {
  List names = Split(v.brief().brand, ' ');
  const List client = Split(v.brief().client.value, ' ');
  names.insert(names.end(), client.begin(), client.end());
  for (const AdDocument* ad : p.ads) {
    const std::string type = AdType(p, *ad);
    ForTexts(*ad, [&](const std::string& field, const std::string& text, const Place& place) {
      if (const auto found = Breaks(rule, field, type, text, names)) {
        out.Fail(fmt::format("ad {}, {}: {} in \"{}\"", ad->name.value, field, *found, text),
                 {place});
      }
    });
  }
}

void Registry::Campaign(std::string id, Severity severity, std::string question, std::string fix,
                        CampaignCheck run) {
  const std::string family = id.substr(0, id.find('.'));
  checks_.push_back(
      {{std::move(id), family, severity, std::nullopt, std::move(question), std::move(fix)},
       std::move(run),
       nullptr});
}

void Registry::Package(std::string id, Severity severity, std::string question, std::string fix,
                       PackageCheck run) {
  const std::string family = id.substr(0, id.find('.'));
  checks_.push_back(
      {{std::move(id), family, severity, std::nullopt, std::move(question), std::move(fix)},
       nullptr,
       std::move(run)});
}

Registry Registry::OnlyAboutAds() const {
  // Of the family creative, those that ask about plan, buying details or the library's order.
  static const List elsewhere{
      "creative.ads_present",        "creative.ad_packages_known", "creative.buy_ads_known",
      "creative.ad_allowed_here",    "creative.ad_unused",         "creative.ad_unassigned_group",
      "creative.guidelines_present", "creative.brand_named",       "creative.variety",
      "creative.asset_unused"};
  const auto common = CommonRules();
  Registry some;
  for (const Check& check : checks_) {
    const CheckInfo& info = check.info;
    const bool about_ads = (info.family == "creative" && !Contains(elsewhere, info.id)) ||
                           info.id.find(".review.") != std::string::npos ||
                           std::ranges::any_of(common, [&](const ReviewRule& r) {
                             return info.id == "policy." + r.id;
                           });
    if (about_ads) some.checks_.push_back(check);
  }
  return some;
}

void Registry::Sourced(const Source& source) {
  checks_.back().info.source = source.name + ", read " + PrintDay(source.date);
}

void Registry::Generated(CheckInfo info, PackageCheck run) {
  checks_.push_back({std::move(info), nullptr, std::move(run)});
}

}  // namespace maxopt::checks
