#pragma once
#include <fmt/format.h>
#include <soci/soci.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "result/result.h"

namespace maxopt {

/// The SQLite file behind every store of this folder: one connection, migrated, locked against a
/// second process. Thread-safe. Light headers name it only; who runs SQL includes this.
class Database {
 public:
  /// Creates or migrates the file. kLocal when another process has it open.
  static Result<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();

  /// Runs one unit of work under the lock; whatever SQLite throws becomes an error that names the
  /// file. An exception leaves no open transaction: soci::transaction rolls back.
  template <class Work>
  auto Do(Work work) -> decltype(work(std::declval<soci::session&>())) {
    const std::lock_guard guard(mutex_);
    try {
      return work(sql_);
    } catch (const std::exception& e) {
      return Fail(Errc::kLocal, fmt::format("{}: {}", path_, e.what()));
    }
  }

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  int lock_ = -1;  ///< file descriptor of <path>.lock, held exclusively
  std::mutex mutex_;
  soci::session sql_;
};

}  // namespace maxopt
