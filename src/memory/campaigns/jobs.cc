#include "memory/campaigns/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

using std::chrono::ceil;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kImportances[] = {"low", "normal", "high", "urgent"};
constexpr const char* kColumns =
    "key, kind, client, account, schedule, zone, importance, due_at, retry_at, lease_owner, "
    "lease_until, started_at, ended_at, succeeded_at, outcome, detail, failures, progress";
/// Whole seconds have one width, so texts compare as times do.
std::string Stamp(Instant at) { return PrintInstant(floor<seconds>(at)); }

std::string ClockHour(Instant at) { return PrintInstant(floor<hours>(at)).substr(0, 13); }
std::string ClockDay(Instant at) { return PrintInstant(floor<days>(at)).substr(0, 10); }

/// FNV-1a: the same for a key on every machine and in every year.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash ^ (hash >> 29);
}

seconds Offset(const std::string& key, const JobRules& rules) {
  if (rules.spread.count() <= 0) return seconds(0);
  return seconds(Hash(key) % static_cast<std::uint64_t>(rules.spread.count()));
}

struct Schedule {
  Cron cron;
  Zone zone;
};
Result<Schedule> ScheduleOf(const JobSpec& spec) {
  auto cron = Cron::Parse(spec.schedule);
  if (!cron) return FailWithin("job " + spec.key, cron.error());
  auto zone = Zone::Find(spec.zone);
  if (!zone) return FailWithin("job " + spec.key, zone.error());
  return Schedule{*cron, *zone};
}

/// A schedule that never comes again ("30 2") is due in the year 9999, where people see why.
Instant Next(const Schedule& schedule, Instant after, seconds offset = seconds(0)) {
  const auto next = schedule.cron.Next(after - offset, schedule.zone);
  if (next) return *next + offset;
  return Instant(std::chrono::sys_days(std::chrono::year(9999) / 12 / 31).time_since_epoch());
}

/// Doubles from `first`, at most `most`, with a jitter of 20 % that is the job's own.
seconds Backoff(const std::string& key, int failures, seconds first, seconds most) {
  seconds wait = first;
  for (int i = 1; i < failures && wait < most; ++i) wait *= 2;
  const auto percent =
      80 + static_cast<std::int64_t>(Hash(key + "#" + std::to_string(failures)) % 41);
  return std::clamp(seconds(wait.count() * percent / 100), seconds(1), std::max(most, seconds(1)));
}

Result<std::optional<Instant>> Time(const std::string& text) {
  if (text.empty()) return std::nullopt;
  MAXOPT_TRY(const Instant at, ParseInstant(text));
  return at;
}

Result<Job> JobFrom(const soci::row& row) {
  Job job;
  job.spec.key = row.get<std::string>(0);
  job.spec.kind = row.get<std::string>(1);
  job.spec.client = row.get<std::string>(2);
  job.spec.account = row.get<std::string>(3);
  job.spec.schedule = row.get<std::string>(4);
  job.spec.zone = row.get<std::string>(5);
  MAXOPT_TRY(job.spec.importance, FindJobImportance(row.get<std::string>(6)));
  MAXOPT_TRY(job.due_at, ParseInstant(row.get<std::string>(7)));
  MAXOPT_TRY(job.retry_at, Time(row.get<std::string>(8)));
  job.lease_owner = row.get<std::string>(9);
  MAXOPT_TRY(job.lease_until, Time(row.get<std::string>(10)));
  MAXOPT_TRY(job.started_at, Time(row.get<std::string>(11)));
  MAXOPT_TRY(job.ended_at, Time(row.get<std::string>(12)));
  MAXOPT_TRY(job.succeeded_at, Time(row.get<std::string>(13)));
  job.outcome = row.get<std::string>(14);
  job.detail = row.get<std::string>(15);
  job.failures = row.get<int>(16);
  job.progress = row.get<std::string>(17);
  return job;
}

Result<std::vector<Job>> Read(soci::session& sql, const std::string& where) {
  std::vector<Job> out;
  const soci::rowset<soci::row> rows =
      (sql.prepare << fmt::format("SELECT {} FROM job {} ORDER BY key", kColumns, where));
  for (const soci::row& row : rows) {
    MAXOPT_TRY(Job job, JobFrom(row));
    out.push_back(std::move(job));
  }
  return out;
}

Result<std::optional<Job>> Find(soci::session& sql, const std::string& key) {
  std::optional<Job> out;
  const soci::rowset<soci::row> rows =
      (sql.prepare << fmt::format("SELECT {} FROM job WHERE key = :k", kColumns), soci::use(key));
  for (const soci::row& row : rows) {
    MAXOPT_TRY(out, JobFrom(row));
  }
  return out;
}

void AddRun(soci::session& sql, const std::string& key, const std::string& due,
            const std::string& started, const std::string& ended, const std::string& outcome,
            const std::string& detail) {
  sql << "INSERT INTO job_run (key, due_at, started_at, ended_at, outcome, detail) "
         "VALUES (:k, :d, :s, :e, :o, :t)",
      soci::use(key), soci::use(due), soci::use(started), soci::use(ended), soci::use(outcome),
      soci::use(detail);
  // The history of a job is bounded, so that an hourly one does not grow for ever.
  sql << "DELETE FROM job_run WHERE key = :k AND id <= (SELECT id FROM job_run WHERE key = :k "
         "ORDER BY id DESC LIMIT 1 OFFSET 1000)",
      soci::use(key, "k");
}

std::unexpected<Error> LeaseLost(const std::string& key, const std::string& owner) {
  return Fail(Errc::kConflict, fmt::format("job {} is not leased by {}; another worker has it or "
                                           "it is no more: nothing was kept",
                                           key, owner));
}

bool Runs(const Job& job, Instant now) {
  return !job.lease_owner.empty() && job.lease_until && *job.lease_until > now;
}

}  // namespace

std::string_view JobImportanceName(JobImportance importance) {
  return kImportances[static_cast<std::size_t>(importance)];
}

Result<JobImportance> FindJobImportance(std::string_view name) {
  const auto* found = std::find(std::begin(kImportances), std::end(kImportances), name);
  if (found == std::end(kImportances)) {
    return Fail(Errc::kInvalidArgument, fmt::format("importance \"{}\" is not known; known are {}",
                                                    name, fmt::join(kImportances, ", ")));
  }
  return static_cast<JobImportance>(found - std::begin(kImportances));
}

Result<> SaveJobs(CampaignStore& store, const std::vector<JobSpec>& jobs, Instant now) {
  for (const JobSpec& spec : jobs) MAXOPT_CHECK(ScheduleOf(spec));
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_TRY(const std::vector<Job> known, Read(sql, ""));
    std::set<std::string> wanted;
    for (const JobSpec& spec : jobs) {
      if (!wanted.insert(spec.key).second) {
        return Fail(Errc::kInvalidArgument, fmt::format("job {} is listed twice", spec.key));
      }
      const auto old = std::find_if(known.begin(), known.end(),
                                    [&](const Job& job) { return job.spec.key == spec.key; });
      MAXOPT_TRY(const Schedule schedule, ScheduleOf(spec));
      const std::string importance(JobImportanceName(spec.importance));
      if (old == known.end()) {
        const std::string due =
            Stamp(spec.at_once ? now : Next(schedule, now, Offset(spec.key, spec.rules)));
        sql << "INSERT INTO job (key, kind, client, account, schedule, zone, importance, due_at) "
               "VALUES (:k, :n, :c, :a, :s, :z, :i, :d)",
            soci::use(spec.key), soci::use(spec.kind), soci::use(spec.client),
            soci::use(spec.account), soci::use(spec.schedule), soci::use(spec.zone),
            soci::use(importance), soci::use(due);
        continue;
      }
      const bool moved = old->spec.schedule != spec.schedule || old->spec.zone != spec.zone;
      // What is overdue stays overdue: a new schedule is for the next run.
      const Instant next = Next(schedule, now, Offset(spec.key, spec.rules));
      const std::string due = Stamp(moved && old->due_at > now ? next : old->due_at);
      sql << "UPDATE job SET kind = :n, client = :c, account = :a, schedule = :s, zone = :z, "
             "importance = :i, due_at = :d WHERE key = :k",
          soci::use(spec.kind), soci::use(spec.client), soci::use(spec.account),
          soci::use(spec.schedule), soci::use(spec.zone), soci::use(importance), soci::use(due),
          soci::use(spec.key);
    }
    for (const Job& job : known) {
      if (wanted.contains(job.spec.key) || Runs(job, now)) continue;
      sql << "DELETE FROM job WHERE key = :k", soci::use(job.spec.key);
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<Job>> Jobs(CampaignStore& store) {
  return store.database().Do(
      [&](soci::session& sql) -> Result<std::vector<Job>> { return Read(sql, ""); });
}

Result<std::vector<Job>> DueJobs(CampaignStore& store, Instant now) {
  MAXOPT_TRY(std::vector<Job> jobs, Jobs(store));
  std::erase_if(jobs, [&](const Job& job) { return job.runs_at() > now || Runs(job, now); });
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    if (a.spec.importance != b.spec.importance) return a.spec.importance > b.spec.importance;
    return a.runs_at() < b.runs_at();
  });
  return jobs;
}

Result<std::optional<Job>> LeaseJob(CampaignStore& store, const std::string& key,
                                    const std::string& owner, Instant now, Instant until) {
  return store.database().Do([&](soci::session& sql) -> Result<std::optional<Job>> {
    soci::transaction transaction(sql);
    MAXOPT_TRY(std::optional<Job> job, Find(sql, key));
    if (!job || job->runs_at() > now || Runs(*job, now)) return std::nullopt;
    const std::string at = Stamp(now);
    if (!job->spec.account.empty()) {
      int busy = 0;
      sql << "SELECT count(*) FROM job WHERE account = :a AND lease_owner <> '' AND "
             "lease_until > :n",
          soci::use(job->spec.account), soci::use(at), soci::into(busy);
      if (busy > 0) return std::nullopt;
    }
    if (!job->lease_owner.empty()) {
      const std::string detail = fmt::format("{} stopped before it was done", job->lease_owner);
      AddRun(sql, key, Stamp(job->due_at), job->started_at ? Stamp(*job->started_at) : at, at,
             "lost", detail);
      ++job->failures;
      job->outcome = "lost";
      job->detail = detail;
      if (job->failures >= 3) {
        const JobRules rules;
        const std::string retry =
            Stamp(now + Backoff(key, job->failures - 2, rules.retry, hours(6)));
        sql << "UPDATE job SET lease_owner = '', lease_until = '', failures = :f, outcome = "
               "'lost', detail = :d, retry_at = :r, ended_at = :e WHERE key = :k",
            soci::use(job->failures), soci::use(detail), soci::use(retry), soci::use(at),
            soci::use(key);
        transaction.commit();
        return std::nullopt;
      }
    }
    const std::string lease_until = Stamp(ceil<seconds>(until));
    sql << "UPDATE job SET lease_owner = :o, lease_until = :u, started_at = :s, failures = :f, "
           "outcome = :x, detail = :d WHERE key = :k",
        soci::use(owner), soci::use(lease_until), soci::use(at), soci::use(job->failures),
        soci::use(job->outcome), soci::use(job->detail), soci::use(key);
    transaction.commit();
    job->lease_owner = owner;
    job->lease_until = ceil<seconds>(until);
    job->started_at = floor<seconds>(now);
    return job;
  });
}

Result<> RenewLease(CampaignStore& store, const std::string& key, const std::string& owner,
                    Instant until) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    const std::string lease_until = Stamp(ceil<seconds>(until));
    soci::statement update =
        (sql.prepare << "UPDATE job SET lease_until = max(lease_until, :u) WHERE key = :k AND "
                        "lease_owner = :o",
         soci::use(lease_until), soci::use(key), soci::use(owner));
    update.execute(true);
    if (update.get_affected_rows() != 1) return LeaseLost(key, owner);
    return {};
  });
}

Result<> SaveJobProgress(CampaignStore& store, const std::string& key, const std::string& owner,
                         const std::string& progress) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::statement update =
        (sql.prepare << "UPDATE job SET progress = :p WHERE key = :k AND lease_owner = :o",
         soci::use(progress), soci::use(key), soci::use(owner));
    update.execute(true);
    if (update.get_affected_rows() != 1) return LeaseLost(key, owner);
    return {};
  });
}

Result<int> EndLeasesOfOthers(CampaignStore& store, const std::string& owner, Instant now) {
  return store.database().Do([&](soci::session& sql) -> Result<int> {
    const std::string at = Stamp(now);
    soci::statement update =
        (sql.prepare << "UPDATE job SET lease_until = :n WHERE lease_owner <> '' AND "
                        "lease_owner <> :o AND lease_until > :m",
         soci::use(at), soci::use(owner), soci::use(at));
    update.execute(true);
    return static_cast<int>(update.get_affected_rows());
  });
}

Result<> FinishJob(CampaignStore& store, const Job& job, const JobRules& rules, const JobEnd& end) {
  MAXOPT_TRY(const Schedule schedule, ScheduleOf(job.spec));
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_TRY(const std::optional<Job> row, Find(sql, job.spec.key));
    if (!row || row->lease_owner != job.lease_owner) {
      return LeaseLost(job.spec.key, job.lease_owner);
    }
    const std::string& key = job.spec.key;
    const seconds offset = Offset(key, rules);
    const Instant next = Next(schedule, end.at, offset);
    const Instant after_next = Next(schedule, next, offset);
    const seconds interval = floor<seconds>(after_next - next);
    Instant due = row->due_at;
    std::optional<Instant> retry;
    int failures = row->failures;
    std::string progress = row->progress;
    std::string detail = end.detail;
    std::string outcome;
    switch (end.outcome) {
      case JobEnd::Outcome::kDone: {
        outcome = "done";
        failures = 0;
        progress.clear();
        const int missed = ScheduledBetween(job.spec, row->due_at, end.at - offset, 100'000);
        if (rules.catch_up == JobCatchUp::kOnce) {
          due = next;
          if (missed > 0) {
            detail += fmt::format("{}stands for {} missed run{} as well",
                                  detail.empty() ? "" : "; ", missed, missed == 1 ? "" : "s");
          }
        } else {
          due = Next(schedule, row->due_at, offset);
          const int left_out = missed - rules.windows_max;
          for (int i = 0; i < left_out; ++i) due = Next(schedule, due, offset);
          if (left_out > 0) {
            detail +=
                fmt::format("{}{} runs before {} are left out: only {} are caught up with",
                            detail.empty() ? "" : "; ", left_out, Stamp(due), rules.windows_max);
          }
        }
        break;
      }
      case JobEnd::Outcome::kFailed: {
        outcome = "failed";
        ++failures;
        seconds wait =
            Backoff(key, failures, end.throttled ? rules.throttle_wait : rules.retry, interval);
        if (end.retry_after) wait = std::max(wait, *end.retry_after);
        retry = ceil<seconds>(end.at + wait);
        if (end.throttled && !job.spec.account.empty()) {
          const std::string until = Stamp(*retry);
          const std::string why = fmt::format(
              "{} is throttled by its platform; its jobs wait until {}", job.spec.account, until);
          sql << "UPDATE job SET retry_at = :u, detail = :w, outcome = 'postponed' WHERE account = "
                 ":a AND key <> :k AND lease_owner = '' AND retry_at < :u AND due_at < :u",
              soci::use(until, "u"), soci::use(why, "w"), soci::use(job.spec.account, "a"),
              soci::use(key, "k");
        }
        break;
      }
      case JobEnd::Outcome::kPostponed:
        outcome = "postponed";
        retry = ceil<seconds>(end.until.value_or(next));
        break;
    }
    const std::string due_text = Stamp(due);
    const std::string retry_text = retry ? Stamp(*retry) : "";
    const std::string at = Stamp(end.at);
    const std::string succeeded = end.outcome == JobEnd::Outcome::kDone ? at
                                  : row->succeeded_at                   ? Stamp(*row->succeeded_at)
                                                                        : "";
    sql << "UPDATE job SET due_at = :d, retry_at = :r, lease_owner = '', lease_until = '', "
           "ended_at = :e, succeeded_at = :s, outcome = :o, detail = :t, failures = :f, progress = "
           ":p WHERE key = :k",
        soci::use(due_text), soci::use(retry_text), soci::use(at), soci::use(succeeded),
        soci::use(outcome), soci::use(detail), soci::use(failures), soci::use(progress),
        soci::use(key);
    AddRun(sql, key, Stamp(row->due_at), row->started_at ? Stamp(*row->started_at) : at, at,
           outcome, detail);
    transaction.commit();
    return {};
  });
}

Result<> PostponeJob(CampaignStore& store, const std::string& key, Instant now, Instant until,
                     const std::string& why) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    MAXOPT_TRY(const std::optional<Job> job, Find(sql, key));
    if (!job || Runs(*job, now)) return {};
    const std::string at = Stamp(now);
    const std::string retry = Stamp(ceil<seconds>(until));
    const bool told =
        job->outcome == "postponed" && job->ended_at && ClockDay(*job->ended_at) == ClockDay(now);
    if (!told) AddRun(sql, key, Stamp(job->due_at), at, at, "postponed", why);
    sql << "UPDATE job SET retry_at = :r, outcome = 'postponed', detail = :w, ended_at = :e "
           "WHERE key = :k",
        soci::use(retry), soci::use(why), soci::use(at), soci::use(key);
    transaction.commit();
    return {};
  });
}

Result<int> RunJobNow(CampaignStore& store, const std::string& key, Instant now) {
  return store.database().Do([&](soci::session& sql) -> Result<int> {
    const std::string at = Stamp(now);
    const std::string begin = key + " ";
    const int length = static_cast<int>(begin.size());
    soci::statement update =
        (sql.prepare << "UPDATE job SET due_at = min(due_at, :n), retry_at = '' WHERE key = :k OR "
                        "substr(key, 1, :l) = :b",
         soci::use(at), soci::use(key), soci::use(length), soci::use(begin));
    update.execute(true);
    return static_cast<int>(update.get_affected_rows());
  });
}

Result<std::vector<JobRun>> JobRuns(CampaignStore& store, const std::string& key, int limit) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<JobRun>> {
    std::vector<JobRun> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT key, due_at, started_at, ended_at, outcome, detail FROM job_run "
                        "WHERE (:k = '' OR key = :k) ORDER BY id DESC LIMIT :l",
         soci::use(key, "k"), soci::use(limit, "l"));
    for (const soci::row& row : rows) {
      JobRun run;
      run.key = row.get<std::string>(0);
      MAXOPT_TRY(run.due_at, ParseInstant(row.get<std::string>(1)));
      MAXOPT_TRY(run.started_at, ParseInstant(row.get<std::string>(2)));
      MAXOPT_TRY(run.ended_at, ParseInstant(row.get<std::string>(3)));
      run.outcome = row.get<std::string>(4);
      run.detail = row.get<std::string>(5);
      out.push_back(std::move(run));
    }
    return out;
  });
}

int ScheduledBetween(const JobSpec& spec, Instant after, Instant until, int limit) {
  const auto schedule = ScheduleOf(spec);
  if (!schedule) return 0;
  int count = 0;
  for (Instant at = Next(*schedule, after); at <= until && count < limit;
       at = Next(*schedule, at)) {
    ++count;
  }
  return count;
}

bool IsStale(const Job& job, Instant now, int intervals) {
  const Instant since = job.succeeded_at.value_or(job.due_at);
  return ScheduledBetween(job.spec, since, now, intervals) >= intervals;
}

Result<> CountCalls(CampaignStore& store, const std::string& account, Instant at,
                    std::int64_t calls) {
  if (calls <= 0) return {};
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    const long long added = calls;
    for (const std::string& period : {ClockDay(at), ClockHour(at)}) {
      sql << "INSERT INTO call_budget (account, period, calls) VALUES (:a, :p, :c) "
             "ON CONFLICT (account, period) DO UPDATE SET calls = calls + excluded.calls",
          soci::use(account), soci::use(period), soci::use(added);
    }
    // Hours are for today only; days are kept for a look back.
    const std::string old_hour = ClockHour(at - days(2));
    const std::string old_day = ClockDay(at - days(60));
    sql << "DELETE FROM call_budget WHERE account = :a AND ((length(period) = 13 AND period < :h) "
           "OR (length(period) = 10 AND period < :d))",
        soci::use(account), soci::use(old_hour), soci::use(old_day);
    transaction.commit();
    return {};
  });
}

Result<CallsUsed> CallsOf(CampaignStore& store, const std::string& account, Instant now) {
  return store.database().Do([&](soci::session& sql) -> Result<CallsUsed> {
    long long today = 0;
    long long hour = 0;
    const std::string day_period = ClockDay(now);
    const std::string hour_period = ClockHour(now);
    sql << "SELECT coalesce(sum(calls), 0) FROM call_budget WHERE account = :a AND period = :p",
        soci::use(account), soci::use(day_period), soci::into(today);
    sql << "SELECT coalesce(sum(calls), 0) FROM call_budget WHERE account = :a AND period = :p",
        soci::use(account), soci::use(hour_period), soci::into(hour);
    return CallsUsed{today, hour};
  });
}

std::optional<CallWait> CheckCalls(const CallsUsed& used, const CallLimit& limit,
                                   JobImportance importance, Instant now) {
  const int percent = kCallPercent[static_cast<std::size_t>(importance)];
  const auto over = [&](std::int64_t calls, std::int64_t of, const char* period,
                        Instant until) -> std::optional<CallWait> {
    if (of <= 0 || calls < of * percent / 100) return std::nullopt;
    return CallWait{until, fmt::format("{} of {} calls of this {} are used; jobs of {} importance "
                                       "may use {} %, so it waits until {}",
                                       calls, of, period, JobImportanceName(importance), percent,
                                       PrintInstant(until))};
  };
  if (auto wait = over(used.today, limit.per_day, "day (UTC)", floor<days>(now) + days(1))) {
    return wait;
  }
  return over(used.this_hour, limit.per_hour, "hour", floor<hours>(now) + hours(1));
}

}  // namespace maxopt
