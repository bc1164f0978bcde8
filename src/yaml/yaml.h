#pragma once
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "result/result.h"

/// Files that people write in YAML, read so that whatever is wrong is said with file and line:
/// "team.yaml:7: answer_within must be a time like 90s, 15m, 4h or 2d, at most 366d".
///
/// Every error is kInvalidArgument, and none holds a secret.
namespace maxopt {

/// A mapping of a file. What asks for a value by its key alone needs it to stand there; what takes
/// `to` as well leaves that as it is where the key does not.
///
/// First OnlyKeys: until then the node may be anything.
class YamlMap {
 public:
  YamlMap(YAML::Node node, std::string file) : node_(std::move(node)), file_(std::move(file)) {}

  /// "FILE:LINE: what", with the line of the mapping, of a value of it, or of any node. A key that
  /// does not stand there has the line of the mapping.
  std::unexpected<Error> Bad(std::string_view what) const { return Bad(node_, what); }
  std::unexpected<Error> Bad(const char* key, std::string_view what) const;
  std::unexpected<Error> Bad(const YAML::Node& at, std::string_view what) const;

  /// That this is a mapping whose keys are all among `known`, each at most once.
  Result<> OnlyKeys(const std::set<std::string>& known) const;
  /// That the file says what it is: "maxopt: team/1".
  Result<> Kind(std::string_view kind) const;

  bool Has(const char* key) const { return At(key).IsDefined(); }
  /// Not defined where the key does not stand there.
  YAML::Node At(const char* key) const { return node_[key]; }
  const YAML::Node& node() const { return node_; }
  const std::string& file() const { return file_; }
  YamlMap Map(const char* key) const { return {At(key), file_}; }
  /// The entries of a list, of which nothing is said yet; none where there is no list or an empty
  /// value ("jobs:" with nothing but comments below it).
  Result<std::vector<YamlMap>> Maps(const char* key) const;

  /// Never empty.
  Result<std::string> Text(const char* key) const;
  Result<> Text(const char* key, std::string& to) const;
  /// A list, of which no text is empty; the list itself may be.
  Result<std::vector<std::string>> Texts(const char* key) const;
  Result<> Texts(const char* key, std::vector<std::string>& to) const;
  /// true or false
  Result<> Flag(const char* key, bool& to) const;
  /// A whole number from `low` to `high`, which must fit T; of a duration in its own unit.
  template <class T>
  Result<> Count(const char* key, std::int64_t low, std::int64_t high, T& to) const {
    if (!Has(key)) return {};
    MAXOPT_TRY(const std::int64_t count, CountAt(key, low, high));
    to = static_cast<T>(count);
    return {};
  }
  /// "90s", "15m", "4h", "2d": from `least` to 366 days
  Result<> Time(const char* key, std::chrono::seconds& to,
                std::chrono::seconds least = std::chrono::seconds(1)) const;
  /// The secret behind what is written: env:NAME, file:PATH beside this file (line ends behind it
  /// are no part of it), or the secret itself.
  Result<std::string> Secret(const char* key) const;
  Result<> Secret(const char* key, std::string& to) const;

 private:
  Result<std::int64_t> CountAt(const char* key, std::int64_t low, std::int64_t high) const;

  YAML::Node node_;
  std::string file_;
};

/// The first document of `yaml`, whose root is said to be nothing yet. Refused are texts of more
/// than 1 MB or not in UTF-8, what is no YAML, nesting beyond 500 levels, and anchors and aliases:
/// they are how small files grow huge.
Result<YamlMap> LoadYaml(std::string_view yaml, const std::string& file);

/// The error of what yaml-cpp threw.
std::unexpected<Error> YamlError(const std::string& file, const YAML::Exception& thrown);

/// What `read` makes of the root. yaml-cpp throws where a node is not what it is taken for; past
/// here that is an error as any other.
template <class Read>
std::invoke_result_t<Read, const YamlMap&> ReadYaml(std::string_view yaml, const std::string& file,
                                                    Read&& read) {
  try {
    MAXOPT_TRY(const YamlMap root, LoadYaml(yaml, file));
    return std::forward<Read>(read)(root);
  } catch (const YAML::Exception& thrown) {
    return YamlError(file, thrown);
  }
}

}  // namespace maxopt
