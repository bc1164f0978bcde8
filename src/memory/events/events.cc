#include "memory/events/events.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "memory/events/index.h"
#include "memory/events/old.h"
#include "memory/events/record.h"
#include "memory/events/segment.h"

namespace maxopt {

using events::Cursor;
using events::File;
using events::Key;
using events::Place;

bool ToldByBrowser(const TrackedEvent& event) { return event.via == "tag" || event.via == "pixel"; }

Result<EventStore::Appended> EventStore::Append(const std::vector<TrackedEvent>& events) {
  std::promise<Result<Appended>> told;
  std::future<Result<Appended>> answer = told.get_future();
  AppendLater(events, [&told](Result<Appended> result) { told.set_value(std::move(result)); });
  return answer.get();
}

namespace {

/// So much is written at once at most, and one call's events above it alone.
constexpr std::size_t kGroupBytesMax = 8u << 20;
/// A mark in the log every so many records: List starts at one.
constexpr std::int64_t kMarkEvery = 4096;
/// How long a full disk is not tried again: every try writes a segment's worth of zeros.
constexpr std::chrono::seconds kRetryPause{1};

class WriterLock {
 public:
  static Result<WriterLock> Take(const std::string& folder) {
    const std::string name = folder + "/lock";
    WriterLock lock;
    lock.file_ = File(::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    if (lock.file_.fd() < 0) return Fail(Errc::kLocal, fmt::format("{} cannot be opened", name));
    // A process that was just killed releases its lock a moment later than its parent knows.
    for (int tries = 0; ::flock(lock.file_.fd(), LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (tries == 100) {
        return Fail(Errc::kLocal,
                    fmt::format("{} is written by another maxopt serve; stop it first", folder));
      }
      ::usleep(20'000);
    }
    return lock;
  }

 private:
  File file_;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const { return key.low; }
};

/// What both sides of the store do: walk the log, remember where what stands, and count.
class LogView {
 public:
  explicit LogView(std::string folder) : folder_(std::move(folder)) {}

  /// Reads what came since the last time, up to `until`. `index` gets the keys too when set.
  Result<> Advance(const Cursor* until, const events::Hasher& hasher, events::Index& index,
                   bool fill_index) {
    std::int64_t since_mark = 0;
    const auto take = [&](std::string_view record, const Cursor& place) -> Result<> {
      MAXOPT_TRY(const TrackedEvent event, DecodeCounted(record));
      const Key key = hasher.Of(kind_, event.site, event.name, event.id);
      if (fill_index && !index.Find(key)) {
        index.Insert(key, {place.segment, place.offset, ToldByBrowser(event)});
      }
      ++seqs_[static_cast<std::size_t>(kind_)];
      ++since_mark;
      if (kind_ != EventKind::kSecond) return Count(event);
      const auto first = index.Find(hasher.Of(EventKind::kEvent, event.site, event.name, event.id));
      if (!first) return {};
      MAXOPT_TRY(const TrackedEvent told, ReadRecord(*first));
      ++counts_[RowOf(told)].told_twice;
      return {};
    };
    const auto after_frame = [&](const Cursor& behind) {
      if (since_mark >= kMarkEvery) {
        marks_.push_back({behind, seqs_});
        since_mark = 0;
      }
      return true;
    };
    MAXOPT_CHECK(events::ReadFrames(folder_, scanned_, until, take, after_frame));
    return {};
  }

  Result<TrackedEvent> ReadRecord(const Place& place) const {
    const std::string path = events::SegmentName(folder_, place.segment);
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::uint32_t size = 0;
    std::string record;
    bool got =
        file.fd() >= 0 && ::pread(file.fd(), &size, 4, place.offset) == 4 && size <= (1u << 30);
    if (got) {
      record.resize(size);
      got = ::pread(file.fd(), record.data(), size, static_cast<off_t>(place.offset) + 4) ==
            static_cast<ssize_t>(size);
    }
    if (!got) return Fail(Errc::kLocal, fmt::format("{}: an event cannot be read", path));
    EventKind kind{};
    return events::Decode(record, &kind);
  }

  Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit, EventKind kind,
                                         const Cursor* until) const {
    const auto stream = static_cast<std::size_t>(kind);
    Cursor at;
    std::array<std::int64_t, 3> seqs{};
    const auto mark =
        std::upper_bound(marks_.begin(), marks_.end(), after,
                         [&](std::int64_t seq, const Mark& one) { return seq < one.seqs[stream]; });
    if (mark != marks_.begin()) {
      at = std::prev(mark)->at;
      seqs = std::prev(mark)->seqs;
    }
    std::vector<TrackedEvent> list;
    const auto full = [&] { return static_cast<int>(list.size()) >= limit; };
    if (full()) return list;
    const auto take = [&](std::string_view record, const Cursor&) -> Result<> {
      MAXOPT_TRY(const events::RecordKey key, events::DecodeKey(record.substr(4)));
      const std::int64_t seq = ++seqs[static_cast<std::size_t>(key.kind)];
      if (key.kind != kind || seq <= after || full()) return {};
      EventKind same{};
      MAXOPT_TRY(TrackedEvent event, events::Decode(record.substr(4), &same));
      event.seq = seq;
      list.push_back(std::move(event));
      return {};
    };
    MAXOPT_CHECK(
        events::ReadFrames(folder_, at, until, take, [&](const Cursor&) { return !full(); }));
    return list;
  }

  std::vector<EventCount> Counts() const {
    std::vector<EventCount> counts;
    for (const auto& [key, row] : counts_) {
      EventCount& out = counts.emplace_back(row.shown);
      std::tie(out.site, out.name, out.campaign, out.via, out.probe, out.bot) = key;
      out.told_twice = row.told_twice;
      for (const auto& [currency, micros] : row.micros) {
        if (micros) out.value.insert_or_assign(currency, Money::Micros(*micros, currency));
      }
    }
    return counts;
  }

 private:
  struct Mark {
    Cursor at;
    std::array<std::int64_t, 3> seqs;
  };
  using RowKey = std::tuple<std::string, std::string, std::string, std::string, bool, std::string>;
  struct Row {
    EventCount shown;
    std::int64_t told_twice = 0;
    /// nullopt: forged amounts made a sum that nothing holds.
    std::map<Currency, std::optional<std::int64_t>> micros;
  };

  Result<TrackedEvent> DecodeCounted(std::string_view record) {
    return events::Decode(record.substr(4), &kind_);
  }
  static RowKey RowOf(const TrackedEvent& event) {
    const auto campaign = event.utm.find("utm_campaign");
    return {event.site, event.name,  campaign == event.utm.end() ? "" : campaign->second,
            event.via,  event.probe, event.bot};
  }
  Result<> Count(const TrackedEvent& event) {
    Row& row = counts_[RowOf(event)];
    ++row.shown.count;
    if (!event.click_ids.empty()) ++row.shown.with_click_id;
    if (event.consent) ++row.shown.with_consent;
    row.shown.last_at = std::max(row.shown.last_at, event.received_at);
    if (event.value) {
      const auto [sum, fresh] = row.micros.try_emplace(event.value->currency(), 0);
      std::int64_t micros = 0;
      if (!sum->second || __builtin_add_overflow(*sum->second, event.value->micros(), &micros)) {
        sum->second.reset();
      } else {
        sum->second = micros;
      }
    }
    return {};
  }

  const std::string folder_;
  Cursor scanned_;
  std::array<std::int64_t, 3> seqs_{};
  std::vector<Mark> marks_;
  std::map<RowKey, Row> counts_;
  EventKind kind_{};
};

// --- reading beside a writer --------------------------------------------------------------------

class EventReader final : public EventStore {
 public:
  explicit EventReader(std::string folder) : folder_(std::move(folder)), view_(folder_) {}

  void AppendLater(const std::vector<TrackedEvent>&, Done done) override {
    done(Fail(Errc::kLocal, folder_ + " was opened for reading"));
  }
  Result<std::optional<TrackedEvent>> Find(const std::string& site, const std::string& name,
                                           const std::string& id) override {
    const std::lock_guard lock(mutex_);
    MAXOPT_CHECK(view_.Advance(nullptr, hasher_, index_, true));
    const auto place = index_.Find(hasher_.Of(EventKind::kEvent, site, name, id));
    if (!place) return std::optional<TrackedEvent>();
    MAXOPT_TRY(TrackedEvent event, view_.ReadRecord(*place));
    return std::optional(std::move(event));
  }
  Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit, EventKind kind) override {
    const std::lock_guard lock(mutex_);
    return view_.List(after, limit, kind, nullptr);
  }
  Result<std::vector<EventCount>> Counts() override {
    const std::lock_guard lock(mutex_);
    MAXOPT_CHECK(view_.Advance(nullptr, hasher_, index_, true));
    return view_.Counts();
  }

 private:
  const std::string folder_;
  const events::Hasher hasher_;
  std::mutex mutex_;
  events::Index index_;  // guarded by mutex_
  LogView view_;         // guarded by mutex_
};

// --- the writer ---------------------------------------------------------------------------------

class EventLog final : public EventStore {
 public:
  EventLog(std::string folder, WriterLock lock, Options options)
      : folder_(std::move(folder)), lock_(std::move(lock)), options_(options), view_(folder_) {}
  ~EventLog() override {
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (committer_.joinable()) committer_.join();
  }

  /// What is known, where the log ends, and what an interrupted write left.
  Result<> Start() {
    const auto take = [&](std::string_view record, const Cursor& place) -> Result<> {
      MAXOPT_TRY(const events::RecordKey key, events::DecodeKey(record.substr(4)));
      const Key hash = hasher_.Of(key.kind, key.site, key.name, key.id);
      if (!index_.Find(hash)) {
        index_.Insert(hash, {place.segment, place.offset, key.by_browser});
      }
      return {};
    };
    MAXOPT_TRY(const events::Tail tail, events::ReadFrames(folder_, end_, nullptr, take,
                                                           [](const Cursor&) { return true; }));
    std::error_code ignored;
    std::filesystem::remove(folder_ + "/spare", ignored);
    const std::string path = events::SegmentName(folder_, end_.segment);
    if (std::filesystem::exists(path)) {
      current_ = File(::open(path.c_str(), O_RDWR | O_CLOEXEC));
      if (current_.fd() < 0) return Fail(Errc::kLocal, path + " cannot be opened for writing");
      capacity_ = static_cast<std::size_t>(std::filesystem::file_size(path));
      // A write that a power cut tore may have left its later pages and not its first ones.
      if (tail == events::Tail::kTorn || !IsZeroBehindEnd()) MAXOPT_CHECK(CutOff());
    } else {
      end_ = {end_.segment - 1, 0};  // of a log without segments: before the first
      capacity_ = 0;
    }
    committer_ = std::thread([this] { CommitForever(); });
    return {};
  }

  void AppendLater(const std::vector<TrackedEvent>& events, Done done) override {
    Job job;
    job.done = std::move(done);
    job.entries.reserve(events.size());
    for (const TrackedEvent& event : events) {
      const EventKind kind = event.bot.empty() ? EventKind::kEvent : EventKind::kBot;
      Entry& entry = job.entries.emplace_back();
      entry.kind = kind;
      entry.by_browser = ToldByBrowser(event);
      entry.at = job.bytes.size();
      events::Encode(event, kind, job.bytes);
      entry.key = hasher_.Of(kind, event.site, event.name, event.id);
      entry.second = hasher_.Of(EventKind::kSecond, event.site, event.name, event.id);
    }
    {
      const std::lock_guard lock(queue_mutex_);
      queue_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  Result<std::optional<TrackedEvent>> Find(const std::string& site, const std::string& name,
                                           const std::string& id) override {
    const std::lock_guard lock(index_mutex_);
    const auto place = index_.Find(hasher_.Of(EventKind::kEvent, site, name, id));
    if (!place) return std::optional<TrackedEvent>();
    MAXOPT_TRY(TrackedEvent event, view_.ReadRecord(*place));
    return std::optional(std::move(event));
  }
  Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit, EventKind kind) override {
    const std::lock_guard lock(index_mutex_);
    const Cursor until = end_;
    if (capacity_ == 0 && until.segment == 0) return std::vector<TrackedEvent>();
    return view_.List(after, limit, kind, &until);
  }
  Result<std::vector<EventCount>> Counts() override {
    const std::lock_guard lock(index_mutex_);
    const Cursor until = end_;
    if (until.segment != 0) MAXOPT_CHECK(view_.Advance(&until, hasher_, index_, false));
    return view_.Counts();
  }

 private:
  struct Entry {
    EventKind kind;
    bool by_browser;
    std::size_t at;  ///< in the job's bytes
    Key key, second;
  };
  struct Job {
    std::string bytes;
    std::vector<Entry> entries;
    Done done;
    Appended appended{};
  };
  struct Fresh {
    Key key;
    std::uint32_t at;  ///< in the frame
    bool by_browser;
  };

  void CommitForever() {
    std::unique_lock lock(queue_mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      std::vector<Job> group;
      std::size_t bytes = 0, taken = 0;
      while (taken < queue_.size() &&
             (taken == 0 || bytes + queue_[taken].bytes.size() <= kGroupBytesMax)) {
        bytes += queue_[taken++].bytes.size();
      }
      if (taken == queue_.size()) {
        group.swap(queue_);
      } else {
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(taken);
        group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
        queue_.erase(queue_.begin(), end);
      }
      lock.unlock();
      CommitGroup(group);
      group.clear();
      lock.lock();
    }
  }

  /// Only this thread writes the index, so it reads it without the lock.
  std::optional<bool> KnownByBrowser(const Key& key) const {
    if (const auto place = index_.Find(key)) return place->by_browser;
    const auto found = in_group_.find(key);
    return found == in_group_.end() ? std::nullopt : std::optional(found->second);
  }

  void CommitGroup(std::vector<Job>& group) {
    frame_.assign(events::kFrameHeaderBytes, '\0');
    fresh_.clear();
    in_group_.clear();
    for (Job& job : group) {
      for (const Entry& entry : job.entries) {
        const std::optional<bool> known = KnownByBrowser(entry.key);
        EventKind kind = entry.kind;
        Key key = entry.key;
        if (known) {
          ++job.appended.duplicates;
          // Told by the other side for the first time: kept as its second telling.
          if (kind != EventKind::kEvent || *known == entry.by_browser) continue;
          if (KnownByBrowser(entry.second)) continue;
          kind = EventKind::kSecond;
          key = entry.second;
        } else {
          ++job.appended.stored;
        }
        std::uint32_t size = 0;
        std::memcpy(&size, job.bytes.data() + entry.at, 4);
        fresh_.push_back({key, static_cast<std::uint32_t>(frame_.size()), entry.by_browser});
        in_group_.emplace(key, entry.by_browser);
        frame_.append(job.bytes, entry.at, 4 + std::size_t{size});
        frame_[fresh_.back().at + events::kKindOffset] = static_cast<char>(kind);
      }
    }
    Result<> written;
    if (!fresh_.empty()) written = WriteFrame();
    for (Job& job : group) {
      if (written) {
        job.done(job.appended);
      } else {
        job.done(std::unexpected(written.error()));
      }
    }
  }

  Result<> WriteFrame() {
    if (broken_) return std::unexpected(*broken_);
    events::PutFrameHeader(frame_, static_cast<std::uint32_t>(fresh_.size()));
    if (end_.offset + frame_.size() > capacity_) MAXOPT_CHECK(NextSegment());
    for (std::size_t done = 0; done < frame_.size();) {
      const ssize_t n = ::pwrite(current_.fd(), frame_.data() + done, frame_.size() - done,
                                 static_cast<off_t>(end_.offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Undo();
      done += static_cast<std::size_t>(n);
    }
    if (::fdatasync(current_.fd()) != 0) return Undo();
    const std::lock_guard lock(index_mutex_);
    for (const Fresh& fresh : fresh_) {
      index_.Insert(fresh.key, {end_.segment, end_.offset + fresh.at, fresh.by_browser});
    }
    end_.offset += static_cast<std::uint32_t>(frame_.size());
    PrepareSpare();
    return {};
  }

  /// After a failed write or flush nobody knows what is on disk behind the end: it is cut off, and
  /// the next frame goes to a new segment. Where even that fails, only a restart helps.
  std::unexpected<Error> Undo() {
    const Error error{Errc::kLocal, fmt::format("{} cannot be written: {}",
                                                events::SegmentName(folder_, end_.segment),
                                                std::strerror(errno))};
    if (auto cut = CutOff(); !cut) broken_ = cut.error();
    return std::unexpected(error);
  }
  Result<> CutOff() {
    if (::ftruncate(current_.fd(), end_.offset) != 0 || ::fsync(current_.fd()) != 0) {
      return Fail(Errc::kLocal, fmt::format("{} cannot be cut off at byte {}: {}; restart",
                                            events::SegmentName(folder_, end_.segment), end_.offset,
                                            std::strerror(errno)));
    }
    capacity_ = end_.offset;
    return {};
  }
  bool IsZeroBehindEnd() const {
    std::vector<char> buffer(1u << 20);
    for (std::size_t at = end_.offset; at < capacity_;) {
      const ssize_t n =
          ::pread(current_.fd(), buffer.data(), buffer.size(), static_cast<off_t>(at));
      if (n <= 0) return false;
      if (std::any_of(buffer.begin(), buffer.begin() + n, [](char c) { return c != 0; })) {
        return false;
      }
      at += static_cast<std::size_t>(n);
    }
    return true;
  }

  std::size_t SizeOf(std::uint32_t segment) const {
    std::size_t bytes = options_.first_segment_bytes;
    for (std::uint32_t i = 1; i < segment && bytes < options_.max_segment_bytes; ++i) bytes *= 2;
    return std::min(bytes, std::max(options_.max_segment_bytes, options_.first_segment_bytes));
  }
  /// Zeros for the next segment, written while the present one still has room.
  void PrepareSpare() {
    if (spare_.valid() || end_.offset < capacity_ / 2) return;
    spare_bytes_ = SizeOf(end_.segment + 1);
    spare_ = std::async(std::launch::async, [folder = folder_, bytes = spare_bytes_] {
      return events::MakeZeros(folder, folder + "/spare", bytes);
    });
  }
  Result<> NextSegment() {
    const auto now = std::chrono::steady_clock::now();
    const std::size_t need = events::kSegmentHeaderBytes + frame_.size();
    File next;
    std::size_t bytes = 0;
    if (spare_.valid()) {
      auto made = spare_.get();
      if (made && spare_bytes_ >= need) {
        next = *std::move(made);
        bytes = spare_bytes_;
      }
    }
    if (bytes == 0) {
      if (full_ && now - full_at_ < kRetryPause) return std::unexpected(*full_);
      bytes = std::max(SizeOf(end_.segment + 1), need);
      auto made = events::MakeZeros(folder_, folder_ + "/spare", bytes);
      if (!made) {
        // A nearly full disk may have room for less.
        bytes = std::max(options_.first_segment_bytes, need);
        made = events::MakeZeros(folder_, folder_ + "/spare", bytes);
      }
      if (!made) {
        full_ = made.error();
        full_at_ = now;
        return std::unexpected(made.error());
      }
      next = *std::move(made);
    }
    full_.reset();
    const std::string path = events::SegmentName(folder_, end_.segment + 1);
    const File directory(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::rename((folder_ + "/spare").c_str(), path.c_str()) != 0 || ::fsync(directory.fd()) != 0) {
      return Fail(Errc::kLocal, fmt::format("{} cannot be made: {}", path, std::strerror(errno)));
    }
    const std::lock_guard lock(index_mutex_);
    current_ = std::move(next);
    capacity_ = bytes;
    end_ = {end_.segment + 1, events::kSegmentHeaderBytes};
    return {};
  }

  const std::string folder_;
  const WriterLock lock_;
  const Options options_;
  const events::Hasher hasher_;

  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::vector<Job> queue_;  // guarded by queue_mutex_
  bool stopping_ = false;   // guarded by queue_mutex_

  std::mutex index_mutex_;
  events::Index index_;  // written by the committer, with index_mutex_
  Cursor end_;           // what is durable; the same
  LogView view_;         // guarded by index_mutex_

  // The committer's own.
  File current_;
  std::size_t capacity_ = 0;
  std::string frame_;
  std::vector<Fresh> fresh_;
  std::unordered_map<Key, bool, KeyHash> in_group_;
  std::future<Result<File>> spare_;
  std::size_t spare_bytes_ = 0;
  std::optional<Error> full_;
  std::chrono::steady_clock::time_point full_at_{};
  std::optional<Error> broken_;
  std::thread committer_;
};

}  // namespace

Result<std::unique_ptr<EventStore>> EventStore::Open(const std::string& folder, Options options) {
  if (::sodium_init() < 0) return Fail(Errc::kLocal, "this machine gives no random numbers");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  MAXOPT_TRY(WriterLock lock, WriterLock::Take(folder));
  auto log = std::make_unique<EventLog>(folder, std::move(lock), options);
  MAXOPT_CHECK(log->Start());
  MAXOPT_CHECK(events::TakeOver(folder + ".db", *log));
  return log;
}

Result<std::unique_ptr<EventStore>> EventStore::OpenToRead(const std::string& folder) {
  if (::sodium_init() < 0) return Fail(Errc::kLocal, "this machine gives no random numbers");
  if (!std::filesystem::exists(folder)) {
    return Fail(Errc::kNotFound, fmt::format("{} is not there; maxopt serve makes it", folder));
  }
  return std::make_unique<EventReader>(folder);
}

}  // namespace maxopt
