#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure/attribution/attribution.h"

namespace maxopt {
namespace {

enum Column : std::size_t { kPath, kConversions, kValue, kNull };
constexpr std::array<std::string_view, 4> kNames = {"path", "conversions", "conversion_value",
                                                    "null_conversions"};

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The first of two characters from `at` on, or `end`. Eight bytes a step: a byte of `word` that is
/// zero after the exclusive or is one of them (Mycroft's test, exact for the lowest).
const char* FindEither(const char* at, const char* end, char a, char b) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  if constexpr (std::endian::native == std::endian::little) {
    const std::uint64_t all_a = kOnes * static_cast<unsigned char>(a);
    const std::uint64_t all_b = kOnes * static_cast<unsigned char>(b);
    for (; end - at >= 8; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      const std::uint64_t is_a = word ^ all_a;
      const std::uint64_t is_b = word ^ all_b;
      const std::uint64_t hit = (((is_a - kOnes) & ~is_a) | ((is_b - kOnes) & ~is_b)) & kHighs;
      if (hit != 0) return at + (std::countr_zero(hit) >> 3);
    }
  }
  while (at != end && *at != a && *at != b) ++at;
  return at;
}

/// The fields of one record after the other. A quoted field with quotes in it is put together in
/// `scratch`, of which there is one for each field; all others are views of the text.
class Records {
 public:
  explicit Records(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {
    if (text.starts_with("\xEF\xBB\xBF")) at_ += 3;
  }
  bool done() const { return at_ == end_; }
  std::int64_t line() const { return line_; }  ///< on which the last record began

  /// Empty: an empty line.
  Result<> Next(std::vector<std::string_view>& fields) {
    fields.clear();
    line_ = next_line_;
    quoted_ = 0;
    for (;;) {
      if (at_ != end_ && *at_ == '"') {
        MAXOPT_CHECK(Quoted(fields));
      } else {
        const char* begin = at_;
        at_ = FindEither(at_, end_, ',', '\n');
        const char* stop = at_;
        if ((at_ == end_ || *at_ == '\n') && stop != begin && stop[-1] == '\r') --stop;
        fields.emplace_back(begin, static_cast<std::size_t>(stop - begin));
      }
      if (at_ == end_) break;
      if (*at_++ == '\n') {
        ++next_line_;
        break;
      }
    }
    if (fields.size() == 1 && fields[0].empty() && quoted_ == 0) fields.clear();
    return {};
  }

 private:
  Result<> Quoted(std::vector<std::string_view>& fields) {
    ++at_;
    const char* begin = at_;
    bool doubled = false;
    for (;; ++at_) {
      if (at_ == end_) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("line {}: a quote is opened and not closed", line_));
      }
      if (*at_ == '\n') ++next_line_;
      if (*at_ != '"') continue;
      if (at_ + 1 == end_ || at_[1] != '"') break;
      doubled = true;
      ++at_;
    }
    std::string_view field(begin, static_cast<std::size_t>(at_ - begin));
    ++at_;
    if (quoted_ == scratch_.size()) scratch_.emplace_back(std::make_unique<std::string>());
    if (doubled) {
      std::string& plain = *scratch_[quoted_];
      plain.clear();
      for (std::size_t i = 0; i < field.size(); ++i) {
        plain += field[i];
        if (field[i] == '"') ++i;
      }
      field = plain;
    }
    ++quoted_;
    if (at_ != end_ && *at_ == '\r' && (at_ + 1 == end_ || at_[1] == '\n')) ++at_;
    if (at_ != end_ && *at_ != ',' && *at_ != '\n') {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("line {}: after a closing quote there must be a comma or the end of "
                              "the line",
                              line_));
    }
    fields.push_back(field);
    return {};
  }

  const char* at_;
  const char* end_;
  std::int64_t line_ = 0;
  std::int64_t next_line_ = 1;
  std::size_t quoted_ = 0;
  std::vector<std::unique_ptr<std::string>> scratch_;
};

Result<double> Number(std::string_view text, std::int64_t line, std::string_view column) {
  text = Trim(text);
  // Nearly all are short decimals: a whole number below 2^53 over a power of ten is one division
  // of two exact numbers, so the result is the nearest there is.
  constexpr double kTens[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
  if (!text.empty() && text.size() <= 15) {
    std::int64_t whole = 0;
    std::size_t i = 0;
    std::size_t point = text.size();
    for (; i < text.size(); ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        whole = whole * 10 + (text[i] - '0');
      } else if (text[i] == '.' && point == text.size() && i > 0) {
        point = i;
      } else {
        break;
      }
    }
    if (i == text.size() && point + 1 != i) {
      const double exact = static_cast<double>(whole);
      return point == i ? exact : exact / kTens[i - point - 1];
    }
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(number) || number < 0) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("line {}: {} is \"{}\"; it must be a number of 0 or more", line, column,
                            text.substr(0, 60)));
  }
  return number;
}

}  // namespace

Result<> ReadPathsCsv(std::string_view csv, Attribution& into) {
  Records records(csv);
  std::vector<std::string_view> fields;
  while (fields.empty()) {
    if (records.done()) {
      return Fail(Errc::kInvalidArgument,
                  "line 1: there is no header; expected path,conversions,conversion_value,"
                  "null_conversions");
    }
    MAXOPT_CHECK(records.Next(fields));
  }
  std::array<std::optional<std::size_t>, kNames.size()> place;
  const std::size_t width = fields.size();
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t column = 0; column < kNames.size(); ++column) {
      if (Trim(fields[i]) != kNames[column]) continue;
      if (place[column]) {
        return Fail(Errc::kInvalidArgument, fmt::format("line {}: column {} stands there twice",
                                                        records.line(), kNames[column]));
      }
      place[column] = i;
    }
  }
  for (std::size_t column = 0; column < kNames.size(); ++column) {
    if (!place[column]) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("line {}: column {} is missing; expected path,conversions,"
                              "conversion_value,null_conversions",
                              records.line(), kNames[column]));
    }
  }

  std::vector<int> touches;
  while (!records.done()) {
    MAXOPT_CHECK(records.Next(fields));
    if (fields.empty()) continue;
    const std::int64_t line = records.line();
    if (fields.size() != width) {
      return Fail(Errc::kInvalidArgument, fmt::format("line {}: {} fields where the header has {}",
                                                      line, fields.size(), width));
    }
    PathCounts counts;
    MAXOPT_TRY(counts.conversions,
               Number(fields[*place[kConversions]], line, kNames[kConversions]));
    MAXOPT_TRY(counts.value, Number(fields[*place[kValue]], line, kNames[kValue]));
    MAXOPT_TRY(counts.null_conversions, Number(fields[*place[kNull]], line, kNames[kNull]));
    touches.clear();
    const std::string_view path = fields[*place[kPath]];
    for (const char *at = path.data(), *end = at + path.size(); at <= end;) {
      const char* stop = FindEither(at, end, '>', '>');
      const std::string_view name = Trim({at, static_cast<std::size_t>(stop - at)});
      if (name.empty()) {
        return Fail(Errc::kInvalidArgument,
                    Trim(path).empty()
                        ? fmt::format("line {}: path is empty; name what came before, or leave the "
                                      "row out",
                                      line)
                        : fmt::format("line {}: path \"{}\" has a step without a name", line,
                                      path.substr(0, 200)));
      }
      touches.push_back(into.Channel(name));
      at = stop + 1;
    }
    if (auto added = into.Add(touches, counts); !added) {
      return FailWithin(fmt::format("line {}", line), added.error());
    }
  }
  return {};
}

}  // namespace maxopt
