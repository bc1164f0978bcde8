#include "memory/campaigns/reports.h"

#include <fmt/format.h>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

constexpr const char* kColumns =
    "id, client, kind, audience, language, title, first_day, last_day, as_of, made_at, by, "
    "template, software, hash";

Result<ReportEntry> EntryFrom(const soci::row& row) {
  ReportEntry out;
  out.id = row.get<std::string>(0);
  out.client = row.get<std::string>(1);
  out.kind = row.get<std::string>(2);
  out.audience = row.get<std::string>(3);
  out.language = row.get<std::string>(4);
  out.title = row.get<std::string>(5);
  MAXOPT_TRY(out.from, ParseDay(row.get<std::string>(6)));
  MAXOPT_TRY(out.to, ParseDay(row.get<std::string>(7)));
  MAXOPT_TRY(out.as_of, ParseInstant(row.get<std::string>(8)));
  MAXOPT_TRY(out.made_at, ParseInstant(row.get<std::string>(9)));
  out.by = row.get<std::string>(10);
  out.template_name = row.get<std::string>(11);
  out.software = row.get<std::string>(12);
  out.hash = row.get<std::string>(13);
  return out;
}

std::string FirstFreeId(soci::session& sql, Instant at) {
  std::string day = PrintDay(Zone::Utc().DayOf(at));
  std::erase(day, '-');
  const std::string like = "r-" + day + "-%";
  int last = 0;
  sql << "SELECT coalesce(max(cast(substr(id, 12) AS INTEGER)), 0) FROM report WHERE id LIKE :l",
      soci::use(like), soci::into(last);
  return fmt::format("r-{}-{:04}", day, last + 1);
}

}  // namespace

Result<std::string> NextReportId(CampaignStore& store, Instant now) {
  return store.database().Do(
      [&](soci::session& sql) -> Result<std::string> { return FirstFreeId(sql, now); });
}

Result<ReportEntry> SaveReport(CampaignStore& store, ReportEntry entry) {
  return store.database().Do([&](soci::session& sql) -> Result<ReportEntry> {
    soci::transaction transaction(sql);
    if (entry.id.empty()) entry.id = FirstFreeId(sql, entry.made_at);
    int known = 0;
    sql << "SELECT count(*) FROM report WHERE id = :i", soci::use(entry.id), soci::into(known);
    if (known > 0) {
      return Fail(Errc::kConflict, fmt::format("report {} was made just now; try again", entry.id));
    }
    const std::string from = PrintDay(entry.from), to = PrintDay(entry.to);
    const std::string as_of = PrintInstant(entry.as_of), made = PrintInstant(entry.made_at);
    sql << fmt::format(
        "INSERT INTO report ({}) VALUES (:i, :c, :k, :a, :l, :t, :f, :o, :s, :m, "
        ":b, :p, :v, :h)",
        kColumns),
        soci::use(entry.id), soci::use(entry.client), soci::use(entry.kind),
        soci::use(entry.audience), soci::use(entry.language), soci::use(entry.title),
        soci::use(from), soci::use(to), soci::use(as_of), soci::use(made), soci::use(entry.by),
        soci::use(entry.template_name), soci::use(entry.software), soci::use(entry.hash);
    transaction.commit();
    return entry;
  });
}

Result<ReportEntry> FindReport(CampaignStore& store, const std::string& id) {
  return store.database().Do([&](soci::session& sql) -> Result<ReportEntry> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format("SELECT {} FROM report WHERE id = :i", kColumns),
         soci::use(id));
    for (const soci::row& row : rows) return EntryFrom(row);
    return Fail(Errc::kNotFound,
                fmt::format("there is no report \"{}\"; maxopt reports lists them", id));
  });
}

Result<std::vector<ReportEntry>> ListReports(CampaignStore& store, const std::string& client,
                                             int limit) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<ReportEntry>> {
    std::vector<ReportEntry> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format("SELECT {} FROM report WHERE :c = '' OR client = :c ORDER BY "
                                    "made_at DESC, id DESC LIMIT :n",
                                    kColumns),
         soci::use(client, "c"), soci::use(limit, "n"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(ReportEntry entry, EntryFrom(row));
      out.push_back(std::move(entry));
    }
    return out;
  });
}

Result<> SaveReportForm(CampaignStore& store, const std::string& id, const std::string& form,
                        const std::string& sha256, const std::string& software) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    std::string known;
    sql << "SELECT sha256 FROM report_form WHERE id = :i AND form = :f", soci::use(id),
        soci::use(form), soci::into(known);
    if (sql.got_data()) {
      if (known == sha256) return {};
      return Fail(Errc::kConflict,
                  fmt::format("report {} was rendered as {} before, to other bytes", id, form));
    }
    sql << "INSERT INTO report_form (id, form, sha256, software) VALUES (:i, :f, :s, :v)",
        soci::use(id), soci::use(form), soci::use(sha256), soci::use(software);
    transaction.commit();
    return {};
  });
}

Result<std::optional<ReportFormHash>> FindReportForm(CampaignStore& store, const std::string& id,
                                                     const std::string& form) {
  return store.database().Do([&](soci::session& sql) -> Result<std::optional<ReportFormHash>> {
    ReportFormHash out;
    sql << "SELECT sha256, software FROM report_form WHERE id = :i AND form = :f", soci::use(id),
        soci::use(form), soci::into(out.sha256), soci::into(out.software);
    if (!sql.got_data()) return std::optional<ReportFormHash>();
    return std::optional(std::move(out));
  });
}

}  // namespace maxopt
