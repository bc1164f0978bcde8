// lint: the texts and files of ads against every rule that is known of them, from documents or as
// they run.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "app/cli/open.h"
#include "stages/setup/launch/launch.h"

namespace maxopt {
namespace {

/// What runs in an account, as documents whose places are the platform's ids. Removed ads are left
/// out.
Result<CampaignDocuments> LiveAds(AccountTree tree, const std::string& client, Day today) {
  std::erase_if(tree.entities, [](const Entity& entity) {
    return TextField(entity.fields, "status") == kRemoved;
  });
  const AccountId account = tree.info.account;
  MAXOPT_TRY(Adoption adoption, Adopt({std::move(tree)}, client, "Lint", today));
  // Ads come in the order in which their objects do.
  std::size_t next = 0;
  for (const OwnedObject& object : adoption.objects) {
    if (object.level != Level::kAd || next == adoption.documents.creatives.ads.size()) continue;
    adoption.documents.creatives.ads[next++].place.file =
        fmt::format("{}, ad {}", PrintAccount(account), object.id);
  }
  for (AssetDocument& asset : adoption.documents.creatives.assets) {
    asset.place.file = fmt::format("{}, asset {}", PrintAccount(account), asset.platform_id);
  }
  return std::move(adoption.documents);
}

Result<std::vector<CampaignDocuments>> LiveDocuments(const CommandContext& context,
                                                     const std::string& client,
                                                     const std::vector<Platform>& platforms) {
  const std::string home_file = context.home + "/connections.yaml";
  if (!std::filesystem::exists(home_file)) {
    return Fail(Errc::kNotFound,
                fmt::format("\"{}\" is neither a file nor a folder, and there is no {} to know a "
                            "client of that name from",
                            client, home_file));
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  const SetupWorld world = home->setup_world();
  std::vector<CampaignDocuments> all;
  std::set<std::string> clients;
  for (const ClientAccount& account : accounts) {
    clients.insert(account.client);
    const AccountId& id = account.info.account;
    if (account.client != client ||
        (!platforms.empty() && std::ranges::find(platforms, id.platform) == platforms.end())) {
      continue;
    }
    MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world.reader(id));
    auto tree = reader->ReadAccount(id, http::After(std::chrono::seconds(120)));
    if (!tree) return FailWithin("account " + PrintAccount(id), tree.error());
    MAXOPT_TRY(const Zone zone, Zone::Find(account.info.zone));
    const bool any = std::ranges::any_of(tree->entities, [](const Entity& entity) {
      return entity.level == Level::kCampaign && TextField(entity.fields, "status") != kRemoved;
    });
    if (!any) continue;
    MAXOPT_TRY(CampaignDocuments documents,
               LiveAds(std::move(*tree), client, zone.DayOf(home->clock().Now())));
    all.push_back(std::move(documents));
  }
  if (!clients.contains(client)) {
    return Fail(Errc::kNotFound,
                fmt::format("\"{}\" is neither a file, a folder nor a connected client; clients "
                            "are {}",
                            client, fmt::join(clients, ", ")));
  }
  return all;
}

void Merge(LintReport report, LintReport& into) {
  into.ads += report.ads;
  into.rules = std::max(into.rules, report.rules);
  for (const Platform platform : report.platforms) {
    if (std::ranges::find(into.platforms, platform) == into.platforms.end()) {
      into.platforms.push_back(platform);
    }
  }
  std::ranges::move(report.findings, std::back_inserter(into.findings));
  for (std::string& rule : report.by_person) {
    if (std::ranges::find(into.by_person, rule) == into.by_person.end()) {
      into.by_person.push_back(std::move(rule));
    }
  }
  std::ranges::stable_sort(into.findings, {}, &LintFinding::severity);
}

void Print(const LintReport& report) {
  for (const LintFinding& finding : report.findings) {
    fmt::print("{} {}{}\n     {}\n",
               finding.severity == Severity::kFail   ? "FAIL"
               : finding.severity == Severity::kWarn ? "warn"
                                                     : "note",
               finding.rule, finding.package.empty() ? "" : " (" + finding.package + ")",
               finding.evidence);
    std::vector<std::string> places;
    for (const Place& place : finding.places) places.push_back(PrintPlace(place));
    if (!places.empty()) fmt::print("     where: {}\n", fmt::join(places, " and "));
    fmt::print("     do: {}\n", finding.suggestion);
    if (!finding.source.empty()) fmt::print("     rule: {}\n", finding.source);
  }
  std::vector<std::string> names;
  for (const Platform platform : report.platforms) names.emplace_back(PlatformName(platform));
  const auto fails = std::ranges::count(report.findings, Severity::kFail, &LintFinding::severity);
  fmt::print("{} ads judged for {}: {} to put right, {} to look at\n", report.ads,
             names.empty() ? "no platform" : fmt::format("{}", fmt::join(names, ", ")), fails,
             std::ssize(report.findings) - fails);
  for (const std::string& rule : report.by_person) fmt::print("for a person: {}\n", rule);
}

}  // namespace

Result<int> LintCommand(const CommandContext& context, const LintArguments& arguments) {
  std::vector<Platform> platforms;
  for (const std::string& name : arguments.platforms) {
    MAXOPT_TRY(const Platform platform, FindPlatform(name));
    if (PlatformSpecs::BuiltIn().Find(platform) == nullptr) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("nothing is known of what {} asks for", name));
    }
    platforms.push_back(platform);
  }
  std::vector<CampaignDocuments> all;
  const bool files = std::ranges::any_of(
      arguments.targets, [](const std::string& target) { return std::filesystem::exists(target); });
  if (files || arguments.targets.size() != 1) {
    MAXOPT_TRY(const std::vector<DocumentFile> read, ReadDocumentFiles(arguments.targets));
    MAXOPT_TRY(CampaignDocuments documents,
               ParseSomeDocuments(read, AssetsBeside(arguments.targets)));
    all.push_back(std::move(documents));
  } else {
    MAXOPT_TRY(all, LiveDocuments(context, arguments.targets.front(), platforms));
  }
  LintReport report;
  for (const CampaignDocuments& documents : all) {
    Merge(LintAds({&documents, platforms, &PlatformSpecs::BuiltIn()}), report);
  }
  if (context.json) {
    fmt::print("{}", LintJson(report));
  } else {
    Print(report);
  }
  const bool fails = std::ranges::any_of(report.findings, [](const LintFinding& finding) {
    return finding.severity == Severity::kFail;
  });
  return fails ? kExitError : kExitOk;
}

}  // namespace maxopt
