#include "app/archive/archive.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/digest.h"
#include "memory/campaigns/archive.h"
#include "memory/facts/archive.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kForm = "archive/1";

/// The campaign that is meant: its slug, where it was set up here, and the platforms' ids.
struct Meant {
  std::string slug;
  std::vector<std::pair<AccountId, std::string>> ids;
};

Result<Meant> Find(Home& home, const std::vector<ClientAccount>& accounts,
                   const std::string& wanted) {
  Meant out;
  for (const ClientAccount& account : accounts) {
    const AccountId& id = account.info.account;
    MAXOPT_TRY(const std::vector<OwnedObject> owned, home.store().Objects(id));
    for (const OwnedObject& object : owned) {
      if (object.level != Level::kCampaign || object.id.empty()) continue;
      const std::string slug = object.address.substr(0, object.address.find('/'));
      const bool by_id =
          object.id == wanted || PrintAccount(id) + "/campaign/" + object.id == wanted;
      if (slug == wanted || by_id) out.ids.emplace_back(id, object.id);
      if (slug == wanted) out.slug = slug;
    }
  }
  if (!out.ids.empty()) return out;
  // One that Max did not make: the facts know it.
  FactQuery query;
  query.measures = {"impressions"};
  query.dimensions = {"platform", "account", "campaign"};
  MAXOPT_TRY(const FactTable table, home.facts().Query(query));
  for (const auto& row : table.rows) {
    const std::string& id = row[table.Column("campaign_id")].text;
    for (const ClientAccount& account : accounts) {
      const AccountId& of = account.info.account;
      if (PlatformName(of.platform) != row[table.Column("platform")].text ||
          of.id != row[table.Column("account_id")].text) {
        continue;
      }
      if (id == wanted || PrintAccount(of) + "/campaign/" + id == wanted)
        out.ids.emplace_back(of, id);
    }
  }
  if (out.ids.empty()) {
    return Fail(Errc::kNotFound,
                fmt::format("no campaign \"{}\": give its name as set up (\"spring-trails\"), its "
                            "key (\"meta/123/campaign/77\") or the platform's id",
                            wanted));
  }
  return out;
}

/// Media of the newest documents, by digest: what they are called and where they were read from.
struct Media {
  std::string file, sha256, source;
};
Result<std::vector<Media>> MediaOf(Home& home, const std::string& client, const std::string& slug) {
  std::vector<Media> out;
  MAXOPT_TRY(const std::vector<Document> sources, home.store().Documents(client, "setup_source"));
  MAXOPT_TRY(const std::vector<Document> setups, home.store().Documents(client, "setup"));
  std::set<std::string> seen;
  for (const Document& document : setups) {  // newest first
    const std::size_t slash = document.name.find('/');
    if (!document.name.ends_with("/creatives.yaml") || slash == std::string::npos) continue;
    const std::string of = document.name.substr(0, slash);
    if ((!slug.empty() && of != slug) || !seen.insert(of).second) continue;
    const auto source = std::ranges::find(sources, of, &Document::name);
    // Max wrote this document itself; one of an older form has no media that could be named.
    try {
      const YAML::Node creatives = YAML::Load(document.content);
      for (const YAML::Node& asset : creatives["assets"]) {
        Media media{asset["file"].as<std::string>(""), asset["sha256"].as<std::string>(""),
                    source == sources.end() ? "" : source->content};
        if (!media.file.empty()) out.push_back(std::move(media));
      }
    } catch (const YAML::Exception&) {
      continue;
    }
  }
  return out;
}

std::string Extension(const std::string& file) {
  const std::string extension = fs::path(file).extension().string();
  const bool plain = extension.size() <= 6 && std::ranges::all_of(extension, [](char c) {
                       return c == '.' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                     });
  return plain ? extension : "";
}

Result<> Add(Archive& archive, const std::string& folder, std::string name, std::string kind,
             std::string table, std::int64_t rows) {
  MAXOPT_TRY(const std::string content, ReadWholeFile(folder + "/" + name));
  archive.files.push_back({std::move(name), std::move(kind), std::move(table), rows,
                           static_cast<std::int64_t>(content.size()), Sha256Hex(content)});
  return {};
}

std::string ManifestJson(const Archive& archive) {
  ordered_json files = ordered_json::array();
  for (const ArchivedFile& file : archive.files) {
    files.push_back({{"name", file.name},
                     {"kind", file.kind},
                     {"table", file.table},
                     {"rows", file.rows},
                     {"bytes", file.bytes},
                     {"sha256", file.sha256}});
  }
  return ordered_json{{"maxopt", kForm},
                      {"client", archive.client},
                      {"campaign", archive.campaign},
                      {"as_of", PrintInstant(archive.as_of)},
                      {"software", archive.software},
                      {"files", files},
                      {"missing", archive.missing}}
             .dump(2, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

Result<Archive> ReadManifest(const std::string& folder) {
  MAXOPT_TRY(const std::string text, ReadWholeFile(folder + "/" + kManifest));
  const auto wrong = [&](std::string_view what) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}/{}: {}", folder, kManifest, what));
  };
  const ordered_json json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("maxopt", ordered_json()) != kForm) {
    return wrong("is no manifest of an archive that this maxopt knows");
  }
  Archive out;
  try {
    out.client = json.at("client").get<std::string>();
    out.campaign = json.at("campaign").get<std::string>();
    out.software = json.at("software").get<std::string>();
    MAXOPT_TRY(out.as_of, ParseInstant(json.at("as_of").get<std::string>()));
    out.missing = json.at("missing").get<std::vector<std::string>>();
    for (const ordered_json& file : json.at("files")) {
      out.files.push_back({file.at("name").get<std::string>(), file.at("kind").get<std::string>(),
                           file.at("table").get<std::string>(), file.at("rows").get<std::int64_t>(),
                           file.at("bytes").get<std::int64_t>(),
                           file.at("sha256").get<std::string>()});
    }
  } catch (const nlohmann::json::exception& e) {
    return wrong(e.what());
  }
  for (const ArchivedFile& file : out.files) {
    const bool plain = !file.name.empty() && file.name.front() != '.' &&
                       std::ranges::all_of(file.name, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                                c == '_' || c == '.';
                       });
    if (!plain) return wrong(fmt::format("\"{}\" is no name of a file of an archive", file.name));
  }
  return out;
}

}  // namespace

Result<Archive> WriteArchive(std::unique_ptr<Home> home, const ArchiveRequest& request) {
  MAXOPT_TRY(const Client client, home->store().GetClient(request.client));
  MAXOPT_TRY(const std::vector<ClientAccount> all, home->store().Accounts());
  std::vector<ClientAccount> accounts;
  for (const ClientAccount& account : all) {
    if (account.client == client.name) accounts.push_back(account);
  }
  Meant meant;
  if (!request.campaign.empty()) {
    MAXOPT_TRY(meant, Find(*home, accounts, request.campaign));
  }
  std::error_code error;
  fs::create_directories(request.folder, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", request.folder, error.message()));
  if (!fs::is_empty(request.folder, error) || error) {
    return Fail(Errc::kConflict,
                fmt::format("{} is not empty; archive into a folder of its own", request.folder));
  }

  Archive archive;
  archive.client = client.name;
  archive.campaign = request.campaign;
  archive.as_of = home->clock().Now();
  archive.software = "maxopt " MAXOPT_VERSION;

  RowArchiveScope rows;
  rows.client = client.name;
  FactArchiveScope facts;
  facts.client = client.name;
  for (const ClientAccount& account : accounts) {
    rows.accounts.push_back(account.info.account);
    facts.accounts.push_back(account.info.account);
  }
  if (!request.campaign.empty()) {
    rows.campaign = meant.slug.empty() ? request.campaign : meant.slug;
    for (const auto& [account, id] : meant.ids) rows.campaign_ids.push_back(id);
    facts.campaigns = meant.ids;
  }
  MAXOPT_TRY(const std::vector<ArchivedRows> tables, ArchiveRows(home->store(), rows));
  for (const ArchivedRows& table : tables) {
    const std::string name = fmt::format("rows-{}.jsonl", table.table);
    MAXOPT_CHECK(WriteWholeFile(request.folder + "/" + name, table.jsonl));
    MAXOPT_CHECK(Add(archive, request.folder, name, "rows", table.table, table.rows));
  }
  MAXOPT_TRY(const std::vector<Media> media, MediaOf(*home, client.name, meant.slug));
  std::set<std::string> kept;
  for (const Media& one : media) {
    const bool inside = one.file.find("..") == std::string::npos && one.file.front() != '/';
    std::error_code no_folder;
    const std::string base = fs::is_directory(one.source, no_folder)
                                 ? one.source
                                 : fs::path(one.source).parent_path().string();
    const auto content = inside && !one.source.empty()
                             ? ReadWholeFile(base + "/" + one.file)
                             : Result<std::string>(Fail(Errc::kNotFound, one.file));
    if (!content || (!one.sha256.empty() && Sha256Hex(*content) != one.sha256)) {
      archive.missing.push_back(one.file);
      continue;
    }
    const std::string digest = Sha256Hex(*content);
    if (!kept.insert(digest).second) continue;
    const std::string name = fmt::format("media-{}{}", digest, Extension(one.file));
    MAXOPT_CHECK(WriteWholeFile(request.folder + "/" + name, *content));
    MAXOPT_CHECK(Add(archive, request.folder, name, "media", "", 0));
  }
  const std::string file = home->PathOf("facts.duckdb");
  home.reset();  // the facts are written down whole, and nobody writes while they are read
  MAXOPT_TRY(const std::vector<ArchivedTable> parquet, ArchiveFacts(file, request.folder, facts));
  for (const ArchivedTable& table : parquet) {
    MAXOPT_CHECK(Add(archive, request.folder, table.file, "facts", table.table, table.rows));
  }
  std::ranges::sort(archive.files, {}, &ArchivedFile::name);
  // Last: an archive without it was not finished.
  MAXOPT_CHECK(WriteWholeFile(request.folder + "/" + kManifest, ManifestJson(archive)));
  return archive;
}

Result<Archive> CheckArchive(const std::string& folder) {
  MAXOPT_TRY(Archive archive, ReadManifest(folder));
  for (const ArchivedFile& file : archive.files) {
    const auto content = ReadWholeFile(folder + "/" + file.name);
    if (!content) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is missing from the archive", file.name));
    }
    if (static_cast<std::int64_t>(content->size()) != file.bytes ||
        Sha256Hex(*content) != file.sha256) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{} is not what was archived: its digest differs from the manifest's; "
                      "nothing was restored",
                      file.name));
    }
  }
  return archive;
}

Result<Archive> RestoreArchive(const std::string& folder, const std::string& home_folder,
                               std::shared_ptr<Clock> clock) {
  MAXOPT_TRY(Archive archive, CheckArchive(folder));
  std::vector<ArchivedRows> rows;
  std::vector<ArchivedTable> facts;
  for (const ArchivedFile& file : archive.files) {
    if (file.kind == "rows") {
      MAXOPT_TRY(std::string jsonl, ReadWholeFile(folder + "/" + file.name));
      rows.push_back({file.table, file.rows, std::move(jsonl)});
    } else if (file.kind == "facts") {
      facts.push_back({file.table, file.name, file.rows});
    }
  }
  MAXOPT_TRY(std::unique_ptr<Home> home, Home::Open(home_folder, std::move(clock)));
  MAXOPT_TRY(const std::vector<FactStore::Freshness> known, home->facts().Freshest());
  if (!known.empty()) {
    return Fail(Errc::kConflict,
                fmt::format("{} holds facts already; restore into an empty home", home_folder));
  }
  MAXOPT_CHECK(RestoreRows(home->store(), rows));
  const std::string file = home->PathOf("facts.duckdb");
  home.reset();
  MAXOPT_CHECK(RestoreFacts(file, folder, facts));
  std::error_code error;
  for (const ArchivedFile& media : archive.files) {
    if (media.kind != "media") continue;
    fs::create_directories(home_folder + "/media", error);
    MAXOPT_TRY(const std::string content, ReadWholeFile(folder + "/" + media.name));
    MAXOPT_CHECK(
        WriteWholeFile(home_folder + "/media/" + media.name.substr(sizeof("media-") - 1), content));
  }
  return archive;
}

}  // namespace maxopt
