// export, archive, restore, sql: data out of Max, and archives back in.
#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/archive/archive.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/cli/views.h"
#include "app/views/views.h"
#include "memory/facts/archive.h"
#include "stages/report/forms/forms.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Written {
  std::string file;
  std::size_t rows;
};

/// The form that is asked for, else the one that the file's name tells.
Result<ViewForm> FormFor(const ExportArguments& arguments) {
  if (!arguments.form.empty()) return FindViewForm(arguments.form);
  const std::string extension = fs::path(arguments.out).extension().string();
  if (extension.size() > 1) return FindViewForm(extension.substr(1));
  return Fail(Errc::kInvalidArgument, "which form? --form csv, jsonl, xlsx or parquet");
}

Result<> MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
  return {};
}

/// Every view that stands for itself, of everybody or of each client that it needs.
Result<std::vector<Written>> ExportAll(std::unique_ptr<Home> home, const ExportArguments& arguments,
                                       ViewForm form) {
  MAXOPT_CHECK(MakeFolder(arguments.folder));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  std::vector<Written> out;
  for (const ViewKind& kind : ViewKinds()) {
    if (IsOfOneThing(kind)) continue;  // each is in its list
    std::vector<std::string> of = {arguments.view.client};
    if (kind.needs_client && arguments.view.client.empty()) {
      of.clear();
      for (const Client& client : clients) of.push_back(client.name);
    }
    for (const std::string& client : of) {
      ViewArguments asked;
      asked.view = kind.name;
      asked.client = client;
      MAXOPT_TRY(ViewQuery query, ViewQueryOf(asked));
      auto view = MakeView(*home, query);
      if (!view) return FailWithin(kind.name, view.error());
      MAXOPT_TRY(const std::string bytes, FormOf(*view, form));
      const std::string file = arguments.folder + "/" + ViewFileName(*view, form);
      MAXOPT_CHECK(WriteWholeFile(file, bytes));
      out.push_back({file, view->rows.size()});
    }
  }
  std::vector<AccountId> ids;
  for (const ClientAccount& account : accounts) {
    if (arguments.view.client.empty() || account.client == arguments.view.client) {
      ids.push_back(account.info.account);
    }
  }
  const std::string facts = home->PathOf("facts.duckdb");
  home.reset();
  MAXOPT_TRY(const auto reports, ExportReports(facts, arguments.folder, ids));
  for (const ArchivedTable& report : reports) {
    out.push_back({arguments.folder + "/" + report.file, static_cast<std::size_t>(report.rows)});
  }
  return out;
}

ordered_json ArchiveJson(const Archive& archive) {
  ordered_json files = ordered_json::array();
  for (const ArchivedFile& file : archive.files) {
    files.push_back({{"name", file.name}, {"rows", file.rows}, {"bytes", file.bytes}});
  }
  return {{"client", archive.client},
          {"campaign", archive.campaign},
          {"as_of", PrintInstant(archive.as_of)},
          {"software", archive.software},
          {"files", files},
          {"missing", archive.missing}};
}

}  // namespace

Result<int> ExportCommand(const CommandContext& context, const ExportArguments& arguments) {
  if (arguments.all == !arguments.view.view.empty()) {
    return Fail(Errc::kInvalidArgument,
                "export one view (maxopt export campaigns --out FILE) or --all --dir FOLDER");
  }
  std::vector<Written> written;
  if (arguments.all) {
    if (arguments.folder.empty()) return Fail(Errc::kInvalidArgument, "where to? --dir FOLDER");
    MAXOPT_TRY(const ViewForm form,
               FindViewForm(arguments.form.empty() ? "parquet" : arguments.form));
    MAXOPT_TRY(std::unique_ptr<Home> home, OpenHome(context));
    MAXOPT_TRY(written, ExportAll(std::move(home), arguments, form));
  } else {
    if (arguments.out.empty()) return Fail(Errc::kInvalidArgument, "where to? --out FILE");
    MAXOPT_TRY(const ViewForm form, FormFor(arguments));
    MAXOPT_TRY(const ViewKind* kind, FindView(arguments.view.view));
    MAXOPT_TRY(ViewQuery query, ViewQueryOf(arguments.view));
    MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
    if (kind->needs_client) {
      MAXOPT_TRY(query.client, OnlyClient(*home, query.client));
    }
    MAXOPT_TRY(const View view, MakeView(*home, query));
    MAXOPT_TRY(const std::string bytes, FormOf(view, form));
    MAXOPT_CHECK(WriteWholeFile(arguments.out, bytes));
    written.push_back({arguments.out, view.rows.size()});
  }
  ordered_json json = ordered_json::array();
  for (const Written& one : written) {
    json.push_back({{"file", one.file}, {"rows", one.rows}});
    if (!context.json) fmt::print("{:>8} rows  {}\n", one.rows, one.file);
  }
  if (context.json) fmt::print("{}\n", ordered_json{{"files", json}}.dump(2));
  return kExitOk;
}

Result<int> ArchiveCommand(const CommandContext& context, const ArchiveArguments& arguments) {
  MAXOPT_TRY(std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, OnlyClient(*home, arguments.client));
  MAXOPT_TRY(const Archive archive,
             WriteArchive(std::move(home), {client, arguments.campaign, arguments.out}));
  if (context.json) {
    fmt::print("{}\n",
               ArchiveJson(archive).dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return kExitOk;
  }
  std::int64_t rows = 0, bytes = 0;
  for (const ArchivedFile& file : archive.files) {
    rows += file.rows;
    bytes += file.bytes;
  }
  fmt::print("{} files, {} rows, {} bytes of {}{}{} in {}\n", archive.files.size(), rows, bytes,
             Clean(archive.client), archive.campaign.empty() ? "" : ", ", Clean(archive.campaign),
             arguments.out);
  for (const std::string& file : archive.missing) {
    fmt::print("missing: {}, which the documents name, could not be read\n", Clean(file));
  }
  return kExitOk;
}

Result<int> RestoreCommand(const CommandContext& context, const std::string& folder, bool check) {
  Result<Archive> archive = Fail(Errc::kLocal, "");
  if (check) {
    archive = CheckArchive(folder);
  } else {
    MAXOPT_TRY(std::shared_ptr<Clock> clock, ProductClock());
    archive = RestoreArchive(folder, context.home, std::move(clock));
  }
  if (!archive) return Fail(archive.error());
  if (context.json) {
    fmt::print("{}\n",
               ArchiveJson(*archive).dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{} files of {} as of {}: every digest holds{}\n", archive->files.size(),
               Clean(archive->client), PrintInstant(archive->as_of),
               check ? "" : "; restored into " + context.home);
  }
  return kExitOk;
}

Result<int> SqlCommand(const CommandContext& context, const SqlArguments& arguments) {
  SqlLimits limits;
  limits.rows = arguments.rows;
  limits.seconds = arguments.seconds;
  MAXOPT_TRY(const SqlAnswer answer,
             AskFactsSql(context.home + "/facts.duckdb", arguments.sql, limits));
  if (context.json) {
    ordered_json rows = ordered_json::array();
    for (const auto& row : answer.rows) {
      ordered_json out = ordered_json::array();
      for (const auto& cell : row) out.push_back(cell ? ordered_json(*cell) : ordered_json());
      rows.push_back(std::move(out));
    }
    fmt::print(
        "{}\n",
        ordered_json{{"columns", answer.columns}, {"types", answer.types}, {"rows", rows}}.dump(
            -1, ' ', false, ordered_json::error_handler_t::replace));
    return kExitOk;
  }
  const auto line = [](const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) {
      if (&cell != &cells.front()) out += ',';
      if (cell.find_first_of(",\"\r\n") == std::string::npos) {
        out += cell;
        continue;
      }
      out += '"';
      for (const char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
      out += '"';
    }
    fmt::print("{}\n", out);
  };
  line(answer.columns);
  for (const auto& row : answer.rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row) {
      std::string text = cell.value_or("");
      // Names are not to be run by the spreadsheet that opens this.
      const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) !=
                                                std::string_view::npos;
      if (formula && answer.types[cells.size()] == "text") text.insert(0, "'");
      cells.push_back(std::move(text));
    }
    line(cells);
  }
  return kExitOk;
}

}  // namespace maxopt
