#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "money/money.h"

/// What tools gave a model. Pure.
namespace maxopt::grounding {

/// A number that the tools gave.
struct Fact {
  enum class Kind { kNumber, kRatio, kMoney };
  Kind kind = Kind::kNumber;
  double value = 0;  ///< of money in units
  std::optional<Currency> currency{};
  std::string column{};            ///< "cpa", "cpa_previous_change"; empty: it has none
  std::set<std::string> owners{};  ///< whose it is: names of its row and of the rows above,
                                   ///< filters; of a total the client; empty: not said
  std::string where, label, link;  ///< for NumberSource
};

/// Everything that the tools answered during one question.
class Evidence {
 public:
  /// `result`: the structured content of a tool. A view gives its cells (and never the text of a
  /// name), anything else its numbers and amounts.
  void Add(const std::string& tool, const nlohmann::ordered_json& arguments,
           const nlohmann::ordered_json& result);

  const std::vector<Fact>& facts() const { return facts_; }
  /// Names of rows, as they came; they may be anything.
  const std::set<std::string>& names() const { return names_; }
  const std::set<std::string>& ids() const { return ids_; }
  bool Knows(Day day) const;
  /// Whether one of the names is that of the object with this id.
  bool IsAnother(const std::string& id, const std::set<std::string>& names) const;
  /// Lengths of the periods in days.
  const std::set<int>& lengths() const { return lengths_; }

 private:
  void AddView(const nlohmann::ordered_json& arguments, const std::string& json);
  void AddPlain(const std::string& tool, const nlohmann::ordered_json& value,
                const std::string& where, const std::string& key,
                const std::set<std::string>& owners, int depth);
  void AddName(const std::string& name);
  std::vector<Fact> facts_;
  std::set<std::string> names_, ids_;
  std::map<std::string, std::set<std::string>> aliases_;  ///< names by id
  std::vector<std::pair<Day, Day>> periods_;
  std::set<Day> days_;
  std::set<int> lengths_;
};

}  // namespace maxopt::grounding
