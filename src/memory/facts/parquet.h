#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock/clock.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// Types of a column of a Parquet file: UTF8, INT64, DOUBLE, BOOLEAN, DATE, TIMESTAMP (UTC, micros)
/// and DECIMAL(18,6) for amounts, whose currency is a column of its own.
enum class ParquetType { kText, kInteger, kReal, kFlag, kDay, kInstant, kAmount };

struct ParquetColumn {
  std::string name;
  ParquetType type = ParquetType::kText;
};
/// monostate: NULL. kAmount takes Money (its currency is not written).
using ParquetCell =
    std::variant<std::monostate, std::string, std::int64_t, double, bool, Day, Instant, Money>;

/// A table as the bytes of a Parquet file (Zstandard), written by DuckDB; the same table is the
/// same bytes. kInvalidArgument: no columns, two of one name, a cell of another type, an amount
/// beyond DECIMAL(18,6), text that is not UTF-8. kLocal: no room in the folder for temporary files.
Result<std::string> WriteParquet(const std::vector<ParquetColumn>& columns,
                                 const std::vector<std::vector<ParquetCell>>& rows);

}  // namespace maxopt
