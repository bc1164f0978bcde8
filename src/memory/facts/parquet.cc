#include "memory/facts/parquet.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "memory/facts/duck.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using namespace facts;

/// A folder of its own for one file, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "maxopt-parquet-XXXXXX").string();
    if (!error && mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string Identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string_view Staged(ParquetType type) {
  switch (type) {
    case ParquetType::kText:
    case ParquetType::kAmount:
      return "VARCHAR";
    case ParquetType::kInteger:
      return "BIGINT";
    case ParquetType::kReal:
      return "DOUBLE";
    case ParquetType::kFlag:
      return "TINYINT";
    case ParquetType::kDay:
      return "DATE";
    case ParquetType::kInstant:
      return "TIMESTAMP";
  }
  Bug();
}

/// The amount as DECIMAL(18,6) reads it, all six decimals.
std::string AmountText(Money money) {
  const std::int64_t micros = money.micros();
  const std::uint64_t size =
      micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  return fmt::format("{}{}.{:06}", micros < 0 ? "-" : "", size / 1'000'000, size % 1'000'000);
}

bool Put(Appender& appender, const ParquetCell& cell, ParquetType type) {
  if (std::holds_alternative<std::monostate>(cell)) {
    appender.PutNull();
    return true;
  }
  switch (type) {
    case ParquetType::kText: {
      const auto* text = std::get_if<std::string>(&cell);
      if (text == nullptr || !IsUtf8(*text)) return false;
      appender.Put(std::string_view(*text));
      return true;
    }
    case ParquetType::kInteger: {
      const auto* integer = std::get_if<std::int64_t>(&cell);
      if (integer != nullptr) appender.Put(*integer);
      return integer != nullptr;
    }
    case ParquetType::kReal: {
      const auto* real = std::get_if<double>(&cell);
      if (real != nullptr) appender.Put(*real);
      return real != nullptr;
    }
    case ParquetType::kFlag: {
      const auto* flag = std::get_if<bool>(&cell);
      if (flag != nullptr) appender.Put(static_cast<std::int64_t>(*flag ? 1 : 0));
      return flag != nullptr;
    }
    case ParquetType::kDay: {
      const auto* day = std::get_if<Day>(&cell);
      if (day != nullptr) appender.Put(*day);
      return day != nullptr;
    }
    case ParquetType::kInstant: {
      const auto* at = std::get_if<Instant>(&cell);
      if (at != nullptr) appender.Put(*at);
      return at != nullptr;
    }
    case ParquetType::kAmount: {
      // DECIMAL(18,6) holds twelve digits before the point.
      constexpr std::int64_t kMost = 999'999'999'999'999'999;
      const auto* money = std::get_if<Money>(&cell);
      if (money == nullptr || money->micros() > kMost || money->micros() < -kMost) return false;
      appender.Put(std::string_view(AmountText(*money)));
      return true;
    }
  }
  Bug();
}

}  // namespace

Result<std::string> WriteParquet(const std::vector<ParquetColumn>& columns,
                                 const std::vector<std::vector<ParquetCell>>& rows) {
  if (columns.empty()) return Fail(Errc::kInvalidArgument, "a table without columns");
  std::set<std::string> names;
  std::vector<std::string> staged, selected;
  for (const ParquetColumn& column : columns) {
    if (column.name.empty() || !IsUtf8(column.name) || !names.insert(column.name).second) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the column \"{}\" is there twice or has no name", column.name));
    }
    const std::string name = Identifier(column.name);
    staged.push_back(fmt::format("{} {}", name, Staged(column.type)));
    selected.push_back(
        column.type == ParquetType::kAmount
            ? fmt::format("CAST({0} AS DECIMAL(18, 6)) AS {0}", name)
        : column.type == ParquetType::kFlag    ? fmt::format("CAST({0} AS BOOLEAN) AS {0}", name)
        : column.type == ParquetType::kInstant ? fmt::format("CAST({0} AS TIMESTAMP) AS {0}", name)
                                               : name);
  }
  const TemporaryFolder folder;
  if (folder.path().empty()) return Fail(Errc::kLocal, "no folder for temporary files");
  MAXOPT_TRY(const std::unique_ptr<Database> database, Database::OpenBeside(folder.path()));
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database->Connect());
  MAXOPT_CHECK(connection->Do(fmt::format("CREATE TABLE t ({})", fmt::join(staged, ", "))));
  {
    Appender appender(*connection, "t");
    for (const std::vector<ParquetCell>& row : rows) {
      if (row.size() != columns.size()) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("a row has {} cells for {} columns", row.size(), columns.size()));
      }
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (!Put(appender, row[i], columns[i].type)) {
          (void)appender.Close();
          return Fail(Errc::kInvalidArgument,
                      fmt::format("a cell of \"{}\" cannot be written: another type, an amount of "
                                  "more than twelve digits, or text that is not UTF-8",
                                  columns[i].name));
        }
      }
      appender.EndRow();
    }
    MAXOPT_CHECK(appender.Close());
  }
  const std::string file = folder.path() + "/view.parquet";
  MAXOPT_CHECK(
      connection->Do(fmt::format("COPY (SELECT {} FROM t) TO {} (FORMAT parquet, COMPRESSION zstd)",
                                 fmt::join(selected, ", "), Quote(file))));
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  if (!in) return Fail(Errc::kLocal, file + " cannot be read");
  return std::move(out).str();
}

}  // namespace maxopt
