// How long a report takes: views, document, and each form. Of a home that is given, or of one that
// is made here: one client, so many campaigns on two platforms over eight weeks.
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "app/home/home.h"
#include "app/reports/reports.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

double Seconds(Steady::time_point since) {
  return std::chrono::duration<double>(Steady::now() - since).count();
}

/// Numbers that vary from row to row without a generator: the remainders of a product.
std::int64_t Vary(std::int64_t seed, std::int64_t least, std::int64_t most) {
  return least + seed * 7919 % 104'729 % (most - least + 1);
}

Result<> Fill(Home& home, int campaigns, Day last) {
  using std::chrono::days;
  const Day first = last - days(55);
  MAXOPT_CHECK(home.store().SaveClient({"Bench", kEur, "Europe/Berlin"}));
  std::int64_t seed = 1;
  for (const Platform platform : {Platform::kGoogleAds, Platform::kMeta}) {
    const AccountInfo account{{platform, platform == Platform::kMeta ? "2" : "1"},
                              "Account",
                              kEur,
                              "Europe/Berlin",
                              "active"};
    MAXOPT_CHECK(home.store().SaveAccount({"Bench", account}));
    MetricReport report{
        {account.account, Level::kCampaign, Grain::kDay, Breakdown::kNone, first, last},
        "7d_click+1d_view",
        {},
        true,
        ""};
    std::vector<Entity> entities;
    for (int c = 0; c < campaigns / 2; ++c) {
      const std::string id = std::to_string(1000 + c);
      entities.push_back({Level::kCampaign, id, "", "", {{"name", "Campaign " + id}}});
      for (Day day = first; day <= last; day += days(1)) {
        ++seed;
        const std::int64_t clicks = Vary(seed, 20, 400);
        report.rows.push_back({day, std::nullopt, id, "", "", "",
                               Money::Micros(clicks * 410'000, kEur), clicks * 60, clicks,
                               static_cast<double>(clicks / 25),
                               Money::Micros(clicks * 2'100'000, kEur), std::nullopt});
      }
    }
    const Instant learnt = home.clock().Now();
    MAXOPT_CHECK(home.facts().Load(report, learnt, "bench"));
    MAXOPT_CHECK(home.facts().LoadEntities(account, entities, learnt));
  }
  std::vector<KpiRow> books;
  for (Day day = first; day <= last; day += days(1)) {
    books.push_back({"Bench", day, kEur, 120, Money::Micros(9'600'000'000, kEur)});
  }
  MAXOPT_CHECK(home.facts().LoadKpi(books, home.clock().Now(), "bench"));
  return {};
}

Result<> Measure(Home& home, const ReportRequest& request, const std::string& what,
                 const std::string& out) {
  auto begin = Steady::now();
  MAXOPT_TRY(const ReportEntry entry, MakeReport(home, request));
  fmt::print("{:<28} {:<8} {:>9.0f} ms\n", what, "made", 1000 * Seconds(begin));
  for (const ReportForm& form : ReportForms()) {
    begin = Steady::now();
    const auto rendered = RenderReport(home, entry.id, std::string(form.name));
    if (!rendered) {
      fmt::print("{:<28} {:<8} {}\n", what, form.name, rendered.error().what);
      continue;
    }
    fmt::print("{:<28} {:<8} {:>9.0f} ms {:>9} bytes\n", what, form.name, 1000 * Seconds(begin),
               rendered->bytes.size());
    if (!out.empty()) MAXOPT_CHECK(WriteWholeFile(out + "/" + rendered->name, rendered->bytes));
  }
  return {};
}

Result<> Run(const std::string& given, const std::string& out) {
  if (!given.empty()) {
    const auto clock = std::make_shared<RealClock>();
    MAXOPT_TRY(const auto home, Home::Open(given, clock));
    MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
    if (clients.empty()) return Fail(Errc::kNotFound, "the home has no client");
    MAXOPT_TRY(const auto fresh, home->facts().Freshest());
    for (const char* audience : {"executive", "client", "operator", "auditor"}) {
      ReportRequest request;
      request.client = clients.front().name;
      request.audience = audience;
      request.language = std::string(audience) == "client" ? "de" : "en";
      for (const auto& each : fresh) {
        request.to = std::max(request.to.value_or(each.last_day), each.last_day);
      }
      if (request.to) request.from = *request.to - std::chrono::days(13);
      MAXOPT_CHECK(Measure(*home, request, audience, out));
    }
    return {};
  }
  for (const int campaigns : {10, 1'000}) {
    const std::string folder =
        (fs::temp_directory_path() / fmt::format("maxopt-report-bench-{}", campaigns)).string();
    std::error_code error;
    fs::remove_all(folder, error);
    const auto clock = std::make_shared<VirtualClock>(*ParseInstant("2026-04-01T06:00:00Z"));
    MAXOPT_TRY(const auto home, Home::Open(folder, clock));
    MAXOPT_CHECK(Fill(*home, campaigns, *ParseDay("2026-03-31")));
    ReportRequest request;
    request.client = "Bench";
    request.audience = "operator";
    MAXOPT_CHECK(Measure(*home, request, fmt::format("{} campaigns, 28 days", campaigns), out));
    fs::remove_all(folder, error);
  }
  return {};
}

}  // namespace
}  // namespace maxopt

int main(int argc, char** argv) {
  const auto done = maxopt::Run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
  if (!done) fmt::print(stderr, "report_bench: {}\n", done.error().what);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
