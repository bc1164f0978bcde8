#include "app/attribution/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "http/http.h"
#include "memory/events/events.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

/// Leads a visit back to a campaign: by the id in its parameters, by our own names in them, or by
/// the campaign's name on the platform.
class SourceBook {
 public:
  static Result<SourceBook> Of(Home& home, const std::string& client, Day to) {
    SourceBook book;
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
    for (const ClientAccount& account : accounts) {
      if (account.client != client) continue;
      const AccountId& id = account.info.account;
      book.accounts_.emplace(id.platform, id.id);
      MAXOPT_TRY(const std::vector<OwnedObject> objects, home.store().Objects(id));
      for (const OwnedObject& object : objects) {
        if (object.level != Level::kCampaign) continue;
        book.by_address_.emplace(std::pair(id.platform, object.address), Place{id.id, object.id});
        book.by_id_.emplace(std::pair(id.platform, object.id),
                            Named{id.id, TextField(object.last_applied, "name")});
      }
    }
    FactQuery query;
    query.measures = {"impressions"};
    query.dimensions = {"platform", "account", "campaign"};
    query.to = to;
    MAXOPT_TRY(const FactTable table, home.facts().Query(query));
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Platform platform, FindPlatform(row[0].text));
      const std::string& account = row[1].text;
      const std::string& campaign = row[3].text;
      const auto [first, last] = book.accounts_.equal_range(platform);
      if (campaign.empty() ||
          std::none_of(first, last, [&](const auto& mine) { return mine.second == account; })) {
        continue;
      }
      book.by_id_[{platform, campaign}] = {account, row[4].text};
      book.by_slug_.emplace(std::pair(platform, UtmSlug(row[4].text)), Place{account, campaign});
    }
    return book;
  }

  TouchSource Resolve(const std::map<std::string, std::string>& utm,
                      const std::map<std::string, std::string>& click_ids) const {
    std::string url = "https://visited.invalid/?";
    for (const auto* parameters : {&utm, &click_ids}) {
      for (const auto& [name, value] : *parameters) {
        url += http::PercentEncode(name) + "=" + http::PercentEncode(value) + "&";
      }
    }
    url.pop_back();
    TouchSource source;
    const auto text = [](const std::map<std::string, std::string>& map, const char* name) {
      const auto found = map.find(name);
      return found == map.end() ? std::string() : found->second;
    };
    const Result<VisitSource> visit = ParseUrlTags(url);
    const std::string campaign = text(utm, "utm_campaign");
    if (!visit || !visit->platform) {
      source.label =
          fmt::format("{} / {}", utm.contains("utm_source") ? text(utm, "utm_source") : "-",
                      utm.contains("utm_medium") ? text(utm, "utm_medium") : "-");
      return source;
    }
    const Platform platform = *visit->platform;
    source.platform = platform;
    for (const std::string& id : {text(visit->parts, "campaign_id"), text(utm, "utm_id")}) {
      if (const auto found = by_id_.find({platform, id}); found != by_id_.end()) {
        return At(platform, {found->second.account, id});
      }
    }
    if (const auto found = by_address_.find(
            {platform, text(visit->parts, "campaign") + "/" + text(visit->parts, "package")});
        found != by_address_.end()) {
      return At(platform, found->second);
    }
    // A name that two campaigns share tells neither.
    if (const auto [first, last] = by_slug_.equal_range({platform, UtmSlug(campaign)});
        first != last && std::next(first) == last) {
      return At(platform, first->second);
    }
    if (const auto [first, last] = accounts_.equal_range(platform);
        first != last && std::next(first) == last) {
      source.account_id = first->second;
    }
    source.label = campaign.empty() ? "campaign not told" : "utm_campaign " + campaign;
    return source;
  }

 private:
  struct Place {
    std::string account, campaign;
  };
  struct Named {
    std::string account, name;
  };
  TouchSource At(Platform platform, const Place& place) const {
    TouchSource source;
    source.platform = platform;
    source.account_id = place.account;
    source.campaign_id = place.campaign;
    if (const auto found = by_id_.find({platform, place.campaign}); found != by_id_.end()) {
      source.label = found->second.name;
    }
    return source;
  }
  std::multimap<Platform, std::string> accounts_;
  std::map<std::pair<Platform, std::string>, Place> by_address_;
  std::map<std::pair<Platform, std::string>, Named> by_id_;
  std::multimap<std::pair<Platform, std::string>, Place> by_slug_;
};

}  // namespace

Result<AttributionView> AttributionOf(Home& home, const ObservedOptions& options) {
  auto events = EventStore::OpenToRead(EventStore::PathIn(home.folder()));
  if (!events && events.error().code != Errc::kNotFound) return std::unexpected(events.error());
  MAXOPT_TRY(const SourceBook book, SourceBook::Of(home, options.client, options.to));
  return ObserveAttribution(
      home.store(), home.facts(), events ? events->get() : nullptr,
      [&](const auto& utm, const auto& clicks) { return book.Resolve(utm, clicks); }, options);
}

}  // namespace maxopt
