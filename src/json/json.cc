#include "json/json.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace maxopt {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kDepthMax = 64;

Json Token(std::string_view text) {
  return Json::binary(std::vector<std::uint8_t>(text.begin(), text.end()));
}

std::string TokenText(const Json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

/// Builds the tree; the events come from the library's own reader.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t, const string_t& text) override { return Add(Token(text)); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& value) override {
    if (stack_.back()->contains(value)) {
      why_ = fmt::format("the key \"{}\" is there twice", value);
      return false;
    }
    key_ = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    why_ = fmt::format("it is not JSON from byte {} on", position);
    return false;
  }

  Json root;
  std::string why_;

 private:
  Json* Put(Json value) {
    if (stack_.empty()) {
      root = std::move(value);
      return &root;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }
  bool Add(Json value) {
    Put(std::move(value));
    return true;
  }
  bool Open(Json value) {
    if (stack_.size() >= kDepthMax) {
      why_ = fmt::format("it is nested deeper than {} levels", kDepthMax);
      return false;
    }
    stack_.push_back(Put(std::move(value)));
    return true;
  }
  bool Close() {
    stack_.pop_back();
    return true;
  }

  // Children of a container that is still open do not move: only the innermost one grows.
  std::vector<Json*> stack_;
  std::string key_;
};

void Print(const Json& value, std::string& out) {
  if (value.is_binary()) {
    out += TokenText(value);
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : value.items()) {
      if (!std::exchange(first, false)) out += ',';
      out += Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
      out += ':';
      Print(member, out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const Json& member : value) {
      if (!std::exchange(first, false)) out += ',';
      Print(member, out);
    }
    out += ']';
  } else {
    out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

bool Digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 8259: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
bool IsJsonNumber(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && Digit(text[i])) ++i;
    return i > from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  if (i < text.size() && text[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

}  // namespace

Result<Json> ParseExactJson(std::string_view text) {
  Builder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return Fail(Errc::kBadAnswer,
                fmt::format("{} bytes could not be read as JSON: {}", text.size(), builder.why_));
  }
  return std::move(builder.root);
}

std::string PrintExactJson(const Json& value) {
  std::string out;
  Print(value, out);
  return out;
}

Json NumberToken(std::string_view text) {
  if (!IsJsonNumber(text)) Bug();
  return Token(text);
}

Json MoneyToken(Money money) { return Token(PrintDecimal(money)); }

std::optional<std::string> NumberText(const Json& value) {
  if (value.is_binary()) return TokenText(value);
  if (value.is_number_integer()) return value.dump();
  if (value.is_string() && IsJsonNumber(value.get_ref<const std::string&>())) {
    return value.get<std::string>();
  }
  return std::nullopt;
}

Result<Money> JsonMoney(const Json& value, Currency currency) {
  const auto text = NumberText(value);
  if (!text) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("an amount of {} was expected but it is {}", currency.name(),
                            value.is_string() ? PrintExactJson(value) : value.type_name()));
  }
  return ParseMoney(*text, currency);
}

std::optional<double> JsonReal(const Json& value) {
  const auto text = NumberText(value);
  if (!text) return std::nullopt;
  return std::strtod(text->c_str(), nullptr);
}

}  // namespace maxopt
