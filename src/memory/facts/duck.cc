#include "memory/facts/duck.h"

#include <fmt/format.h>

namespace maxopt::facts {
namespace {

/// The C API hands out messages that it may free with the object that failed.
std::string Said(const char* message) { return message ? message : "no reason given"; }

std::unexpected<Error> Failed(const std::string& what) {
  return Fail(Errc::kLocal, "facts database: " + what);
}

}  // namespace

std::string Quote(std::string_view text) {
  // The query is a C string, so a NUL inside a literal is spelt as an expression.
  std::string quoted = "'";
  bool expression = false;
  for (const char c : text) {
    if (c == '\0') {
      quoted += "'||chr(0)||'";
      expression = true;
    } else {
      if (c == '\'') quoted += '\'';
      quoted += c;
    }
  }
  quoted += '\'';
  return expression ? "(" + quoted + ")" : quoted;
}

std::string DayLiteral(Day day) { return "DATE '" + PrintDay(day) + "'"; }

std::string InstantLiteral(Instant at) {
  return fmt::format("make_timestamp({})", at.time_since_epoch().count());
}

bool IsUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t more = 0;
    std::uint32_t point = 0;
    if (lead < 0x80) {
      ++i;
      continue;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
      point = lead & 0x1Fu;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      point = lead & 0x0Fu;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      point = lead & 0x07u;
    } else {
      return false;
    }
    if (text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3Fu);
    }
    // Overlong forms, surrogates, and what lies beyond Unicode.
    if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000)) return false;
    if ((point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return false;
    i += more + 1;
  }
  return true;
}

Rows::Rows(duckdb_result result) : result_(result) {
  const idx_t count = duckdb_column_count(&result_);
  for (idx_t i = 0; i < count; ++i) types_.push_back(duckdb_column_type(&result_, i));
  data_.resize(count);
  validity_.resize(count);
}

Rows::Rows(Rows&& other) noexcept
    : result_(other.result_),
      owned_(std::exchange(other.owned_, false)),
      types_(std::move(other.types_)),
      chunk_(std::exchange(other.chunk_, nullptr)),
      data_(std::move(other.data_)),
      validity_(std::move(other.validity_)),
      row_(other.row_),
      size_(other.size_) {}

Rows::~Rows() {
  DropChunk();
  if (owned_) duckdb_destroy_result(&result_);
}

void Rows::DropChunk() {
  if (chunk_) duckdb_destroy_data_chunk(&chunk_);
  chunk_ = nullptr;
}

bool Rows::Next() {
  if (chunk_ && row_ + 1 < size_) {
    ++row_;
    return true;
  }
  do {
    DropChunk();
    chunk_ = duckdb_fetch_chunk(result_);
    if (!chunk_) return false;
    size_ = duckdb_data_chunk_get_size(chunk_);
  } while (size_ == 0);
  row_ = 0;
  for (idx_t i = 0; i < types_.size(); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
    data_[i] = duckdb_vector_get_data(vector);
    validity_[i] = duckdb_vector_get_validity(vector);
  }
  return true;
}

bool Rows::IsNull(int column) const {
  std::uint64_t* valid = validity_[static_cast<std::size_t>(column)];
  return valid && !duckdb_validity_row_is_valid(valid, row_);
}

std::int64_t Rows::Int(int column) const {
  const auto c = static_cast<std::size_t>(column);
  switch (types_[c]) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
      return static_cast<const std::int8_t*>(data_[c])[row_];
    case DUCKDB_TYPE_UTINYINT:
      return static_cast<const std::uint8_t*>(data_[c])[row_];
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
      return static_cast<const std::int32_t*>(data_[c])[row_];
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP:
      return static_cast<const std::int64_t*>(data_[c])[row_];
    default:
      Bug();  // our own statement asked for a type that this reader does not know
  }
}

std::optional<std::int64_t> Rows::Exact(int column) const {
  const auto c = static_cast<std::size_t>(column);
  if (types_[c] != DUCKDB_TYPE_HUGEINT) return Int(column);
  const duckdb_hugeint huge = static_cast<const duckdb_hugeint*>(data_[c])[row_];
  const auto low = static_cast<std::int64_t>(huge.lower);
  if (huge.upper != (low < 0 ? -1 : 0)) return std::nullopt;
  return low;
}

double Rows::Real(int column) const {
  const auto c = static_cast<std::size_t>(column);
  if (types_[c] != DUCKDB_TYPE_DOUBLE) Bug();
  return static_cast<const double*>(data_[c])[row_];
}

std::string_view Rows::Text(int column) const {
  const auto c = static_cast<std::size_t>(column);
  if (types_[c] != DUCKDB_TYPE_VARCHAR) Bug();
  duckdb_string_t* text = static_cast<duckdb_string_t*>(data_[c]) + row_;
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

Connection::~Connection() { duckdb_disconnect(&connection_); }

Result<Rows> Connection::Ask(const std::string& sql) {
  duckdb_result result;
  if (duckdb_query(connection_, sql.c_str(), &result) == DuckDBError) {
    std::string said = Said(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return Failed(said);
  }
  return Rows(result);
}

Result<> Connection::Do(const std::string& sql) {
  MAXOPT_CHECK(Ask(sql));
  return {};
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) Bug();
  // The statements are all ours, and none reads another file or the network.
  duckdb_set_config(config, "enable_external_access", "false");
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  duckdb_database database = nullptr;
  char* error = nullptr;
  const duckdb_state state = duckdb_open_ext(path.c_str(), &database, config, &error);
  duckdb_destroy_config(&config);
  if (state == DuckDBError) {
    auto failure =
        Fail(Errc::kLocal, fmt::format("cannot open the facts in {}: {}", path, Said(error)));
    duckdb_free(error);
    return failure;
  }
  return std::unique_ptr<Database>(new Database(database));
}

Result<std::unique_ptr<Database>> Database::OpenBeside(const std::string& folder,
                                                       const std::vector<std::string>& files) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) Bug();
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  duckdb_set_config(config, "threads", "1");
  duckdb_database database = nullptr;
  char* error = nullptr;
  const duckdb_state state = duckdb_open_ext(nullptr, &database, config, &error);
  duckdb_destroy_config(&config);
  if (state == DuckDBError) {
    auto failure = Fail(Errc::kLocal, fmt::format("no memory for a table: {}", Said(error)));
    duckdb_free(error);
    return failure;
  }
  std::unique_ptr<Database> out(new Database(database));
  MAXOPT_TRY(const auto connection, out->Connect());
  std::string paths;
  for (const std::string& file : files) paths += (paths.empty() ? "" : ", ") + Quote(file);
  MAXOPT_CHECK(
      connection->Do(fmt::format("SET allowed_directories = [{}]; SET allowed_paths = [{}]; "
                                 "SET enable_external_access = false",
                                 Quote(folder + "/"), paths)));
  return out;
}

Result<std::unique_ptr<Database>> Database::OpenToRead(const std::string& path) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) Bug();
  duckdb_set_config(config, "access_mode", "READ_ONLY");
  duckdb_set_config(config, "enable_external_access", "false");
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  duckdb_set_config(config, "threads", "2");
  duckdb_set_config(config, "memory_limit", "2GB");
  duckdb_database database = nullptr;
  char* error = nullptr;
  const duckdb_state state = duckdb_open_ext(path.c_str(), &database, config, &error);
  duckdb_destroy_config(&config);
  if (state == DuckDBError) {
    auto failure = Fail(Errc::kLocal,
                        fmt::format("cannot open the facts in {} to read: {}", path, Said(error)));
    duckdb_free(error);
    return failure;
  }
  std::unique_ptr<Database> out(new Database(database));
  MAXOPT_TRY(const auto connection, out->Connect());
  MAXOPT_CHECK(connection->Do("SET lock_configuration = true"));
  return out;
}

Database::~Database() { duckdb_close(&database_); }

Result<std::unique_ptr<Connection>> Database::Connect() {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database_, &connection) == DuckDBError) return Failed("no connection");
  return std::make_unique<Connection>(connection);
}

Result<Transaction> Transaction::Begin(Connection& connection) {
  MAXOPT_CHECK(connection.Do("BEGIN TRANSACTION"));
  return Transaction(&connection);
}

Transaction::~Transaction() {
  // A failed rollback leaves nothing to do: the transaction is gone either way.
  if (connection_) (void)connection_->Do("ROLLBACK");
}

Result<> Transaction::Commit() {
  MAXOPT_CHECK(connection_->Do("COMMIT"));
  connection_ = nullptr;
  return {};
}

Appender::Appender(Connection& connection, const std::string& table) : table_(table) {
  if (duckdb_appender_create(connection.get(), nullptr, table.c_str(), &appender_) == DuckDBError) {
    error_ = Said(duckdb_appender_error(appender_));
    return;
  }
  const idx_t columns = duckdb_appender_column_count(appender_);
  std::vector<duckdb_logical_type> types;
  for (idx_t i = 0; i < columns; ++i) {
    types.push_back(duckdb_appender_column_type(appender_, i));
    types_.push_back(duckdb_get_type_id(types.back()));
  }
  chunk_ = duckdb_create_data_chunk(types.data(), columns);
  for (auto& type : types) duckdb_destroy_logical_type(&type);
  capacity_ = duckdb_vector_size();
  vectors_.resize(columns);
  data_.resize(columns);
  validity_.resize(columns);
  Flush();
}

Appender::~Appender() {
  if (chunk_) duckdb_destroy_data_chunk(&chunk_);
  if (appender_) duckdb_appender_destroy(&appender_);
}

/// Hands a full chunk over and begins an empty one.
void Appender::Flush() {
  if (!error_.empty()) {
    size_ = 0;
    return;
  }
  if (size_ > 0) {
    duckdb_data_chunk_set_size(chunk_, size_);
    if (duckdb_append_data_chunk(appender_, chunk_) == DuckDBError) {
      error_ = Said(duckdb_appender_error(appender_));
    }
    duckdb_data_chunk_reset(chunk_);
    size_ = 0;
  }
  for (idx_t i = 0; i < vectors_.size(); ++i) {
    vectors_[i] = duckdb_data_chunk_get_vector(chunk_, i);
    data_[i] = duckdb_vector_get_data(vectors_[i]);
    validity_[i] = nullptr;
  }
}

Appender& Appender::Put(std::int64_t value) {
  if (!error_.empty()) return *this;
  if (column_ >= types_.size()) Bug();
  void* const data = data_[column_];
  switch (types_[column_]) {
    case DUCKDB_TYPE_TINYINT:
      static_cast<std::int8_t*>(data)[size_] = static_cast<std::int8_t>(value);
      break;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
      static_cast<std::int32_t*>(data)[size_] = static_cast<std::int32_t>(value);
      break;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP:
      static_cast<std::int64_t*>(data)[size_] = value;
      break;
    default:
      Bug();
  }
  ++column_;
  return *this;
}

Appender& Appender::Put(double value) {
  if (!error_.empty()) return *this;
  if (column_ >= types_.size() || types_[column_] != DUCKDB_TYPE_DOUBLE) Bug();
  static_cast<double*>(data_[column_])[size_] = value;
  ++column_;
  return *this;
}

Appender& Appender::Put(std::string_view value) {
  if (!error_.empty()) return *this;
  if (column_ >= types_.size() || types_[column_] != DUCKDB_TYPE_VARCHAR) Bug();
  duckdb_vector_assign_string_element_len(vectors_[column_], size_, value.data(), value.size());
  ++column_;
  return *this;
}

Appender& Appender::Put(Day day) {
  return Put(static_cast<std::int64_t>(day.time_since_epoch().count()));
}
Appender& Appender::Put(Instant at) {
  return Put(static_cast<std::int64_t>(at.time_since_epoch().count()));
}

Appender& Appender::PutNull() {
  if (!error_.empty()) return *this;
  if (column_ >= types_.size()) Bug();
  if (!validity_[column_]) {
    duckdb_vector_ensure_validity_writable(vectors_[column_]);
    validity_[column_] = duckdb_vector_get_validity(vectors_[column_]);
  }
  duckdb_validity_set_row_invalid(validity_[column_], size_);
  ++column_;
  return *this;
}

void Appender::EndRow() {
  if (!error_.empty()) return;
  if (column_ != types_.size()) Bug();
  column_ = 0;
  if (++size_ == capacity_) Flush();
}

Result<> Appender::Close() {
  Flush();
  if (error_.empty() && duckdb_appender_close(appender_) == DuckDBError) {
    error_ = Said(duckdb_appender_error(appender_));
  }
  if (!error_.empty()) return Failed(fmt::format("insert into {}: {}", table_, error_));
  return {};
}

}  // namespace maxopt::facts
