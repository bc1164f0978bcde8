#pragma once
// Of the tests of reports, here and where they are made as decision cycles: a home whose numbers
// can be worked out by hand.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "app/reports/reports.h"

namespace maxopt {

inline const AccountInfo kGoogle{{Platform::kGoogleAds, "1"}, "G", kEur, "UTC", "active"};
inline const AccountInfo kMeta{{Platform::kMeta, "2"}, "M", kEur, "UTC", "active"};
inline const Day kFrom = *ParseDay("2026-03-02"), kTo = *ParseDay("2026-03-15");

class Scratch {
 public:
  Scratch() {
    std::string path = (std::filesystem::temp_directory_path() / "maxopt-reports-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
inline std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Four weeks of three campaigns on two platforms, the books of the same days, and what is judged
/// of their maturity: of Meta's last day half of the conversions are known.
inline std::unique_ptr<Home> MakeHome(const std::string& folder,
                                      const std::shared_ptr<Clock>& clock,
                                      const std::string& zone = "UTC",
                                      const std::string& name = "Search") {
  auto home = std::move(*Home::Open(folder, clock));
  EXPECT_TRUE(home->store().SaveClient({"A", kEur, zone}));
  const Instant learnt = *ParseInstant("2026-03-16T05:00:00Z");
  std::vector<KpiRow> books;
  for (const AccountInfo& account : {kGoogle, kMeta}) {
    EXPECT_TRUE(home->store().SaveAccount({"A", account}));
    MetricReport report{{account.account, Level::kCampaign, Grain::kDay, Breakdown::kNone,
                         kFrom - std::chrono::days(14), kTo},
                        "7d_click+1d_view",
                        {},
                        true,
                        ""};
    std::vector<Entity> entities;
    std::vector<DayQuality> quality;
    const bool google = account.account.platform == Platform::kGoogleAds;
    for (const char* id : {"11", "12", "21"}) {
      if ((id[0] == '1') != google) continue;
      entities.push_back({Level::kCampaign, id, "", "", {{"name", name + " " + id}}});
      for (Day day = kFrom - std::chrono::days(14); day <= kTo; day += std::chrono::days(1)) {
        const std::int64_t n = (day - kFrom).count() + 20;
        const std::int64_t clicks = 40 + n * (id[1] == '1' ? 3 : 2);
        report.rows.push_back({day, std::nullopt, id, "", "", "",
                               Money::Micros(20'000'000 + n * 1'234'567, kEur), clicks * 37, clicks,
                               static_cast<double>(clicks / (id[1] == '1' ? 8 : 25)),
                               Money::Micros(clicks * 5'100'000, kEur), std::nullopt});
      }
    }
    for (Day day = kFrom - std::chrono::days(14); day <= kTo; day += std::chrono::days(1)) {
      DayQuality judged;
      judged.account = account.account;
      judged.day = day;
      judged.share_known = !google && day == kTo ? 0.5 : 1.0;
      judged.judged_at = learnt;
      quality.push_back(judged);
      if (google)
        books.push_back({"A", day, kEur, 30 + day.time_since_epoch().count() % 7,
                         Money::Micros(2'500'000'000, kEur)});
    }
    EXPECT_TRUE(home->facts().Load(report, learnt, "test"));
    EXPECT_TRUE(home->facts().LoadEntities(account, entities, learnt));
    EXPECT_TRUE(home->facts().SaveQuality(quality));
  }
  EXPECT_TRUE(home->facts().LoadKpi(books, learnt, "test"));
  return home;
}

inline std::shared_ptr<VirtualClock> ClockAt(const char* at) {
  return std::make_shared<VirtualClock>(*ParseInstant(at));
}

/// The template with what stands there as comments in force, for a client of this name.
inline std::string TemplateInForce(const std::string& client) {
  std::string out;
  std::istringstream lines(ReportsTemplate());
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(": []")) continue;
    const bool example =
        line == "# templates:" || line == "# schedules:" || line.starts_with("#   ");
    out += (example ? line.substr(2) : line) + "\n";
  }
  for (auto at = out.find("client: Alpenglow"); at != std::string::npos;
       at = out.find("client: Alpenglow")) {
    out.replace(at, 17, "client: " + client);
  }
  return out;
}

/// A mailer that keeps what it was given, while it is not away.
class Kept final : public Mailer {
 public:
  Result<> Send(const Mail& mail, http::Deadline) override {
    if (away) return Fail(Errc::kUnavailable, "the mail server is away");
    mails.push_back(mail);
    return {};
  }
  std::vector<Mail> mails;
  bool away = false;
};

}  // namespace maxopt
