#pragma once
#include <duckdb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

/// DuckDB's C API with owners and Results: everything of it that this folder needs. Not for use
/// outside the folder.
namespace maxopt::facts {

/// Text as an SQL literal, whatever it holds: quotes, backslashes, NUL.
std::string Quote(std::string_view text);
/// Days that facts can be of: 1970 to 2199. Others are refused at the door, and DayLiteral takes
/// none but these and their neighbours.
inline constexpr Day kFirstDay{std::chrono::days(0)};
inline constexpr Day kLastDay{std::chrono::days(84'005)};
std::string DayLiteral(Day day);
std::string InstantLiteral(Instant at);
/// False for what SQL text columns may not hold.
bool IsUtf8(std::string_view text);

/// The rows of one answer, in order. Not thread-safe.
class Rows {
 public:
  explicit Rows(duckdb_result result);
  ~Rows();
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&&) = delete;

  /// Goes to the next row; false after the last.
  bool Next();
  int columns() const { return static_cast<int>(types_.size()); }
  bool IsNull(int column) const;
  /// Any integer type of up to 64 bits, DATE as days, TIMESTAMP as microseconds.
  std::int64_t Int(int column) const;
  /// HUGEINT, or any type of Int(), when it fits in 64 bits.
  std::optional<std::int64_t> Exact(int column) const;
  double Real(int column) const;
  std::string_view Text(int column) const;
  Day DayAt(int column) const { return Day(std::chrono::days(Int(column))); }
  Instant InstantAt(int column) const { return Instant(std::chrono::microseconds(Int(column))); }

 private:
  void DropChunk();
  duckdb_result result_;
  bool owned_ = true;
  std::vector<duckdb_type> types_;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<void*> data_;
  std::vector<std::uint64_t*> validity_;
  std::uint64_t row_ = 0;
  std::uint64_t size_ = 0;
};

class Connection {
 public:
  explicit Connection(duckdb_connection connection) : connection_(connection) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Rows> Ask(const std::string& sql);
  /// Also several statements separated by semicolons.
  Result<> Do(const std::string& sql);
  duckdb_connection get() const { return connection_; }

 private:
  duckdb_connection connection_;
};

class Database {
 public:
  /// ":memory:" or a file, which is made when it is not there.
  static Result<std::unique_ptr<Database>> Open(const std::string& path);
  /// In memory; of files it may read and write those below `folder` and `files` only. One thread,
  /// so that what it writes is the same bytes each time.
  static Result<std::unique_ptr<Database>> OpenBeside(const std::string& folder,
                                                      const std::vector<std::string>& files = {});
  /// A file that is there, to be read only; statements may touch nothing else.
  static Result<std::unique_ptr<Database>> OpenToRead(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// Thread-safe.
  Result<std::unique_ptr<Connection>> Connect();

 private:
  explicit Database(duckdb_database database) : database_(database) {}
  duckdb_database database_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> Begin(Connection& connection);
  ~Transaction();
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Result<> Commit();

 private:
  explicit Transaction(Connection* connection) : connection_(connection) {}
  Connection* connection_;
};

/// Bulk insert into one table, inside the connection's transaction, a row at a time in the caller
/// and a chunk of 2,048 rows at a time in the database. The columns are put in the table's order:
///   appender.Put(1).Put("text").PutNull().EndRow();
/// A failure is kept and told by Close(), which must be called.
class Appender {
 public:
  Appender(Connection& connection, const std::string& table);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  Appender& Put(std::int64_t value);
  Appender& Put(std::string_view value);
  Appender& Put(double value);
  Appender& Put(Day day);
  Appender& Put(Instant at);
  Appender& PutNull();
  template <class T>
  Appender& Put(const std::optional<T>& value) {
    return value ? Put(*value) : PutNull();
  }
  void EndRow();
  Result<> Close();

 private:
  void Flush();
  std::string table_;
  duckdb_appender appender_ = nullptr;
  std::string error_;
  std::vector<duckdb_type> types_;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<duckdb_vector> vectors_;
  std::vector<void*> data_;
  std::vector<std::uint64_t*> validity_;  ///< null until the column's first NULL in this chunk
  std::uint64_t size_ = 0;
  std::uint64_t capacity_ = 0;
  std::size_t column_ = 0;
};

}  // namespace maxopt::facts
