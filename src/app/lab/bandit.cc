#include "decide/bandit/bandit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

using nlohmann::json;

/// Names of arms or segments and their places.
struct Names {
  std::vector<std::string> list;
  std::map<std::string, std::size_t, std::less<>> place;
};

std::string Shown(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 60);
}

/// An id as text: "7" and 7 are the same arm.
std::optional<std::string> Id(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

Result<Names> ReadNames(const json& header, const char* field) {
  Names names;
  const auto found = header.find(field);
  if (found == header.end() || found->is_null()) return names;
  if (!found->is_array()) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is {}, not a list", field, Shown(*found)));
  }
  for (const json& one : *found) {
    const auto id = Id(one);
    if (!id) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}: {} is not an id", field, Shown(one)));
    }
    if (!names.place.emplace(*id, names.list.size()).second) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}: \"{}\" stands there twice", field, *id));
    }
    names.list.push_back(*id);
  }
  return names;
}

Result<std::int64_t> ReadPeriod(const json& object) {
  const auto found = object.find("period");
  if (found == object.end() || !found->is_number() ||
      found->get<double>() != std::floor(found->get<double>()) ||
      std::abs(found->get<double>()) > 1e12) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("period is {}, not a whole number",
                            found == object.end() ? "missing" : Shown(*found)));
  }
  return static_cast<std::int64_t>(found->get<double>());
}

Result<std::size_t> ReadPlace(const json& object, const char* field, const Names& names) {
  const auto found = object.find(field);
  // With a single segment it need not be said.
  if (found == object.end() && names.list.size() == 1) return std::size_t{0};
  const auto id = found == object.end() ? std::nullopt : Id(*found);
  if (!id) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is {}, not an id", field,
                            found == object.end() ? "missing" : Shown(*found)));
  }
  const auto place = names.place.find(*id);
  if (place == names.place.end()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("unknown {} \"{}\"; the header does not name it", field, *id));
  }
  return place->second;
}

Result<double> ReadNumber(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return 0.0;
  if (!found->is_number() || !std::isfinite(found->get<double>())) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is {}, not a number", field, Shown(*found)));
  }
  return found->get<double>();
}

struct Line {
  std::int64_t period = 0;
  std::vector<bool> available;
  std::vector<BanditFeedback> feedback;
};

Result<Line> ReadLine(const json& object, const Names& arms, const Names& segments) {
  Line line;
  MAXOPT_TRY(line.period, ReadPeriod(object));
  line.available.assign(arms.list.size(), true);
  if (const auto found = object.find("available"); found != object.end() && !found->is_null()) {
    if (!found->is_array()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("available is {}, not a list", Shown(*found)));
    }
    line.available.assign(arms.list.size(), false);
    for (const json& one : *found) {
      const auto id = Id(one);
      const auto place = id ? arms.place.find(*id) : arms.place.end();
      if (place == arms.place.end()) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("available: unknown arm {}; the header does not name it", Shown(one)));
      }
      line.available[place->second] = true;
    }
  }
  const auto found = object.find("feedback");
  if (found == object.end() || found->is_null()) return line;
  if (!found->is_array()) {
    return Fail(Errc::kInvalidArgument, fmt::format("feedback is {}, not a list", Shown(*found)));
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    const json& one = (*found)[i];
    const auto read = [&]() -> Result<BanditFeedback> {
      if (!one.is_object()) return Fail(Errc::kInvalidArgument, "not an object");
      BanditFeedback f;
      MAXOPT_TRY(f.period, ReadPeriod(one));
      MAXOPT_TRY(f.segment, ReadPlace(one, "segment", segments));
      MAXOPT_TRY(f.arm, ReadPlace(one, "arm", arms));
      MAXOPT_TRY(f.impressions, ReadNumber(one, "impressions"));
      MAXOPT_TRY(f.conversions, ReadNumber(one, "conversions"));
      return f;
    }();
    if (!read) return FailWithin(fmt::format("feedback[{}]", i), read.error());
    line.feedback.push_back(*read);
  }
  return line;
}

std::string Quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// {"segment": {"arm": share}}
std::string Printed(const std::vector<std::vector<double>>& shares,
                    const std::vector<bool>& available, const Names& arms, const Names& segments) {
  std::string out = "{";
  for (std::size_t s = 0; s < shares.size(); ++s) {
    out += fmt::format("{}{}: {{", s ? ", " : "", Quoted(segments.list[s]));
    bool first = true;
    for (std::size_t a = 0; a < arms.list.size(); ++a) {
      if (!available[a]) continue;
      out += fmt::format("{}{}: {:.12g}", first ? "" : ", ", Quoted(arms.list[a]), shares[s][a]);
      first = false;
    }
    out += "}";
  }
  return out + "}";
}

}  // namespace

/// Why a bound on shares does not hold among so many arms; empty: it does.
std::string Unkeepable(const BanditOptions& options, std::size_t available) {
  if (available == 0) return "";
  const double even = 1 / static_cast<double>(available);
  const bool floor = options.floor > even;
  if (!floor && options.cap >= even) return "";
  return fmt::format("a {} of {:g} cannot be kept among {} arms; their shares are even",
                     floor ? "floor" : "cap", floor ? options.floor : options.cap, available);
}

Result<int> RunBandit(const BanditArguments& arguments, const std::string& name, std::istream& in,
                      std::ostream& out, std::ostream& notes) {
  BanditOptions options;
  MAXOPT_TRY(options.policy, FindBanditPolicy(arguments.policy));
  options.floor = arguments.floor;
  options.cap = arguments.cap;
  std::optional<Bandit> bandit;
  std::string noted;  // said when it begins, not in each period
  Names arms, segments;
  std::string text;
  for (std::int64_t number = 1; std::getline(in, text); ++number) {
    const std::string where = fmt::format("{}:{}", name, number);
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) {
      return FailWithin(where, Error{Errc::kInvalidArgument, "this line is not a JSON object"});
    }
    if (!bandit) {
      const auto begun = [&]() -> Result<> {
        MAXOPT_TRY(arms, ReadNames(object, "arms"));
        MAXOPT_TRY(segments, ReadNames(object, "segments"));
        if (segments.list.empty()) {
          segments.list = {"all"};
          segments.place = {{"all", 0}};
        }
        MAXOPT_TRY(const double window, ReadNumber(object, "window"));
        if (window != std::floor(window) || !(std::abs(window) <= 1e6)) {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("window is {}, not a whole number of periods", window));
        }
        MAXOPT_TRY(bandit, Bandit::Make(arms.list.size(), segments.list.size(),
                                        static_cast<int>(window), options));
        return {};
      }();
      if (!begun) return FailWithin(where, begun.error());
      continue;
    }
    const auto answered = [&]() -> Result<std::string> {
      MAXOPT_TRY(const Line line, ReadLine(object, arms, segments));
      MAXOPT_CHECK(bandit->Learn(line.period, line.feedback));
      MAXOPT_TRY(const auto shares, bandit->Shares(line.available));
      const auto available = std::ranges::count(line.available, true);
      const std::string why = Unkeepable(options, static_cast<std::size_t>(available));
      if (why != std::exchange(noted, why) && !why.empty()) {
        notes << fmt::format("maxopt: note: {}, period {}: {}\n", where, line.period, why);
      }
      const std::string printed = Printed(shares, line.available, arms, segments);
      return fmt::format("{{\"period\": {}, \"shares\": {}, \"propensities\": {}}}\n", line.period,
                         printed, printed);
    }();
    if (!answered) return FailWithin(where, answered.error());
    out << *answered << std::flush;
    if (!out) return Fail(Errc::kLocal, "the answer could not be written; is the disk full?");
  }
  if (in.bad()) return Fail(Errc::kLocal, name + ": cannot be read");
  if (!bandit) {
    return FailWithin(name, Error{Errc::kInvalidArgument,
                                  "a header line with arms, segments and window is needed"});
  }
  return 0;
}

Result<int> RunBandit(const BanditArguments& arguments) {
  std::ifstream in_file;
  std::ofstream out_file;
  if (!arguments.in.empty()) {
    in_file.open(arguments.in, std::ios::binary);
    if (!in_file) {
      return Fail(Errc::kLocal, fmt::format("{}: {}", arguments.in, std::strerror(errno)));
    }
  }
  if (!arguments.out.empty()) {
    out_file.open(arguments.out, std::ios::binary);
    if (!out_file) {
      return Fail(Errc::kLocal, fmt::format("{}: {}", arguments.out, std::strerror(errno)));
    }
  }
  return RunBandit(arguments, arguments.in.empty() ? "standard input" : arguments.in,
                   arguments.in.empty() ? std::cin : in_file,
                   arguments.out.empty() ? std::cout : out_file, std::cerr);
}

}  // namespace maxopt::lab
