#include "measure/significance/significance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/lab/files.h"
#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

using nlohmann::json;

/// Python writes NaN and Infinity into JSON, which has no such words, and 1e400 is more than a
/// double holds. Outside of strings they become strings, so that the case that holds one can be
/// answered with an error and the others with numbers.
std::string WithoutNan(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto quote = [&](std::string_view word) { out += fmt::format("\"{}\"", word); };
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    std::size_t length = 1;
    if (rest.front() == '"') {
      while (length < rest.size() && rest[length] != '"') length += rest[length] == '\\' ? 2 : 1;
      length = std::min(length + 1, rest.size());
      out += rest.substr(0, length);
    } else if (rest.starts_with("NaN") || rest.starts_with("Infinity") ||
               rest.starts_with("-Infinity")) {
      length = rest.find_first_of("Ny") + (rest.front() == 'N' ? 3 : 1);
      quote(rest.substr(0, length));
    } else if (rest.front() == '-' || (rest.front() >= '0' && rest.front() <= '9')) {
      length = std::min(rest.find_first_not_of("+-.0123456789eE"), rest.size());
      const std::string number(rest.substr(0, length));
      if (std::isinf(std::strtod(number.c_str(), nullptr))) {
        quote(number);
      } else {
        out += number;
      }
    } else {
      out += rest.front();
    }
    i += length;
  }
  return out;
}

/// What a value is, for a person.
std::string Shown(const json& value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

/// Reads the fields of one case. The first thing that is wrong is kept, named by its field; what is
/// read after it is not used.
class Fields {
 public:
  explicit Fields(const json& object) : case_(object) {}

  bool Has(std::string_view name) const { return Find(case_, name) != nullptr; }
  bool Has(std::string_view arm, std::string_view name) const {
    const json* object = Find(case_, arm);
    return object && object->is_object() && Find(*object, name);
  }
  double Number(std::string_view name) { return NumberAt(name, Find(case_, name)); }
  double Number(std::string_view name, double absent) { return Has(name) ? Number(name) : absent; }
  double Number(std::string_view arm, std::string_view name) {
    return NumberAt(fmt::format("{}.{}", arm, name), InArm(arm, name));
  }
  std::int64_t Count(std::string_view name) { return CountAt(name, Find(case_, name)); }
  std::int64_t Count(std::string_view arm, std::string_view name) {
    return CountAt(fmt::format("{}.{}", arm, name), InArm(arm, name));
  }
  std::vector<double> Numbers(std::string_view name) {
    std::vector<double> out;
    if (const json* list = List(name)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        out.push_back(NumberAt(fmt::format("{}[{}]", name, i), &(*list)[i]));
      }
    }
    return out;
  }
  std::vector<std::int64_t> Counts(std::string_view name) { return CountsOf(name, List(name)); }
  std::vector<std::vector<std::int64_t>> Table(std::string_view name) {
    std::vector<std::vector<std::int64_t>> out;
    if (const json* list = List(name)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string row = fmt::format("{}[{}]", name, i);
        if (!(*list)[i].is_array()) Wrong(fmt::format("{} is not a list", row));
        out.push_back(CountsOf(row, &(*list)[i]));
      }
    }
    return out;
  }
  bool Flag(std::string_view name, bool absent) {
    const json* value = Find(case_, name);
    if (!value) return absent;
    if (!value->is_boolean())
      Wrong(fmt::format("{} is {}, not true or false", name, Shown(*value)));
    return value->is_boolean() && value->get<bool>();
  }
  std::string Word(std::string_view name) {
    const json* value = Find(case_, name);
    if (!value) {
      Wrong(fmt::format("{} is missing", name));
    } else if (!value->is_string()) {
      Wrong(fmt::format("{} is {}, not a word", name, Shown(*value)));
    } else {
      return value->get<std::string>();
    }
    return {};
  }
  TestSetting Setting() {
    TestSetting setting;
    setting.alpha = Number("alpha", 0.05);
    if (!Has("alternative")) return setting;
    const std::string word = Word("alternative");
    if (word == "greater" || word == "larger") {
      setting.alternative = Alternative::kGreater;
    } else if (word == "less" || word == "smaller") {
      setting.alternative = Alternative::kLess;
    } else if (word != "two-sided" && word != "two_sided") {
      Wrong(fmt::format("alternative \"{}\" is not one of two-sided, greater, less", word));
    }
    return setting;
  }
  Trials ReadTrials(std::string_view arm) { return {Count(arm, "n"), Count(arm, "x")}; }
  Sample ReadSample(std::string_view arm) {
    return {Count(arm, "n"), Number(arm, "mean"), Number(arm, "sd")};
  }
  /// An arm as {n, x}, as {n, mean, sd}, or with the fields of a ratio.
  Result<Moments> ReadMoments(std::string_view arm, bool ratio) {
    if (Has(arm, "x")) {
      const Trials trials = ReadTrials(arm);
      MAXOPT_CHECK(Sound());
      return MomentsOf(arm, trials);
    }
    const Sample sample = ReadSample(arm);
    if (!ratio) {
      MAXOPT_CHECK(Sound());
      return MomentsOf(arm, sample);
    }
    const RatioSample both{
        sample.n,          sample.mean, sample.sd, Number(arm, "mean_den"), Number(arm, "sd_den"),
        Number(arm, "cov")};
    MAXOPT_CHECK(Sound());
    return MomentsOf(arm, both);
  }
  void Wrong(std::string what) {
    if (!error_) error_ = std::move(what);
  }
  Result<> Sound() const {
    if (error_) return Fail(Errc::kInvalidArgument, *error_);
    return {};
  }

 private:
  static const json* Find(const json& object, std::string_view name) {
    const auto found = object.find(std::string(name));
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }
  const json* InArm(std::string_view arm, std::string_view name) {
    const json* object = Find(case_, arm);
    if (!object) {
      Wrong(fmt::format("{} is missing", arm));
      return nullptr;
    }
    if (!object->is_object()) {
      Wrong(fmt::format("{} is {}, not an object", arm, Shown(*object)));
      return nullptr;
    }
    return Find(*object, name);
  }
  const json* List(std::string_view name) {
    const json* list = Find(case_, name);
    if (!list) {
      Wrong(fmt::format("{} is missing", name));
    } else if (!list->is_array()) {
      Wrong(fmt::format("{} is {}, not a list", name, Shown(*list)));
    } else {
      return list;
    }
    return nullptr;
  }
  std::vector<std::int64_t> CountsOf(std::string_view name, const json* list) {
    std::vector<std::int64_t> out;
    if (!list || !list->is_array()) return out;
    for (std::size_t i = 0; i < list->size(); ++i) {
      out.push_back(CountAt(fmt::format("{}[{}]", name, i), &(*list)[i]));
    }
    return out;
  }
  double NumberAt(std::string_view name, const json* value) {
    if (!value) {
      Wrong(fmt::format("{} is missing", name));
    } else if (!value->is_number()) {
      Wrong(fmt::format("{} is {}, not a number", name, Shown(*value)));
    } else if (!std::isfinite(value->get<double>())) {
      Wrong(fmt::format("{} is too large", name));
    } else {
      return value->get<double>();
    }
    return 0;
  }
  std::int64_t CountAt(std::string_view name, const json* value) {
    const double number = NumberAt(name, value);
    if (std::abs(number) > 0x1p53) {
      Wrong(fmt::format("{} is {}, beyond 2^53", name, Shown(*value)));
    } else if (number != std::floor(number)) {
      Wrong(fmt::format("{} is {}, not a whole number", name, Shown(*value)));
    } else {
      return static_cast<std::int64_t>(number);
    }
    return 0;
  }
  const json& case_;
  std::optional<std::string> error_;
};

/// The fields of an answer, in the order they are printed.
class Answer {
 public:
  Answer& Add(std::string_view name, double value) {
    text_ += fmt::format(", \"{}\": {}", name, Printed(value));
    return *this;
  }
  Answer& Add(std::string_view name, const std::vector<double>& values) {
    text_ += fmt::format(", \"{}\": [", name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      text_ += (i ? ", " : "") + Printed(values[i]);
    }
    text_ += "]";
    return *this;
  }
  Answer& Add(std::string_view name, std::string_view word) {
    text_ += fmt::format(", \"{}\": \"{}\"", name, word);
    return *this;
  }
  /// Comma first, to follow the id.
  const std::string& text() const { return text_; }

 private:
  static std::string Printed(double value) {
    // Only the mean of a lift can be infinite, which JSON cannot say.
    return std::isfinite(value) ? fmt::format("{:.12g}", value + 0.0) : "null";
  }
  std::string text_;
};

Result<Answer> TwoProportionCase(Fields& f) {
  const Trials a = f.ReadTrials("a");
  const Trials b = f.ReadTrials("b");
  const bool pooled = f.Flag("pooled", true);
  const TestSetting setting = f.Setting();
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const ProportionTest t, TwoProportions(a, b, pooled, setting));
  return Answer()
      .Add("z", t.z)
      .Add("p_value", t.p_value)
      .Add("diff", t.diff)
      .Add("ci_low", t.wald.low)
      .Add("ci_high", t.wald.high)
      .Add("newcombe_low", t.newcombe.low)
      .Add("newcombe_high", t.newcombe.high);
}

Result<Answer> ProportionIntervalCase(Fields& f) {
  const Trials trials{f.Count("n"), f.Count("x")};
  const std::string kind = f.Word("kind");
  const double alpha = f.Number("alpha", 0.05);
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const ProportionMethod method, FindProportionMethod(kind));
  MAXOPT_TRY(const ConfidenceInterval ends, ProportionInterval(trials, method, alpha));
  return Answer().Add("low", ends.low).Add("high", ends.high);
}

Answer& AddMeans(Answer& answer, const MeanTest& t) {
  return answer.Add("t", t.t)
      .Add("df", t.df)
      .Add("p_value", t.p_value)
      .Add("diff", t.diff)
      .Add("ci_low", t.ci.low)
      .Add("ci_high", t.ci.high);
}

Result<Answer> WelchCase(Fields& f) {
  const Sample a = f.ReadSample("a");
  const Sample b = f.ReadSample("b");
  const TestSetting setting = f.Setting();
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const MeanTest t, Welch(a, b, setting));
  Answer answer;
  return AddMeans(answer, t);
}

struct Arms {
  Moments a, b;
};
Result<Arms> ReadArms(Fields& f, bool ratio) {
  // One arm with the fields of a ratio makes it one: the other then misses them, and is told so.
  ratio = ratio || f.Has("a", "mean_den") || f.Has("b", "mean_den");
  if (f.Has("ratio") && f.Flag("ratio", false)) ratio = true;
  MAXOPT_TRY(const Moments a, f.ReadMoments("a", ratio));
  MAXOPT_TRY(const Moments b, f.ReadMoments("b", ratio));
  return Arms{a, b};
}

Result<Answer> LiftCase(Fields& f, bool ratio) {
  const TestSetting setting = f.Setting();
  MAXOPT_TRY(const Arms arms, ReadArms(f, ratio));
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const LiftTest t, RelativeLift(arms.a, arms.b, setting));
  return Answer()
      .Add("lift", t.lift)
      .Add("se", t.se)
      .Add("df", t.df)
      .Add("p_value", t.p_value)
      .Add("ci_low", t.ci.low)
      .Add("ci_high", t.ci.high);
}
Result<Answer> RelativeLiftCase(Fields& f) { return LiftCase(f, false); }
Result<Answer> RatioCase(Fields& f) { return LiftCase(f, true); }

Result<Answer> CupedCase(Fields& f) {
  const auto arm = [&](std::string_view name) {
    return PreSample{f.ReadSample(name), f.Number(name, "pre_mean"), f.Number(name, "pre_sd"),
                     f.Number(name, "cov")};
  };
  const PreSample a = arm("a");
  const PreSample b = arm("b");
  const TestSetting setting = f.Setting();
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const CupedTest t, Cuped(a, b, setting));
  Answer answer;
  return AddMeans(answer, t.test)
      .Add("theta", t.theta)
      .Add("variance_reduction", t.variance_reduction);
}

Result<Answer> SequentialLiftCase(Fields& f) {
  const double alpha = f.Number("alpha", 0.05);
  // GrowthBook's default; its documentation suggests the size at which people first look.
  const double tuning_n = f.Number("tuning_n", 5000);
  if (f.Has("alternative") && f.Setting().alternative != Alternative::kTwoSided) {
    f.Wrong("alternative: the always-valid interval is two-sided only");
  }
  MAXOPT_TRY(const Arms arms, ReadArms(f, false));
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const SequentialTest t, SequentialLift(arms.a, arms.b, tuning_n, alpha));
  return Answer()
      .Add("lift", t.lift)
      .Add("se", t.se)
      .Add("ci_low", t.ci.low)
      .Add("ci_high", t.ci.high)
      .Add("p_value", t.p_value);
}

Result<Answer> SequentialMeanBoundCase(Fields& f) {
  const double v = f.Number("v");
  const double alpha = f.Number("alpha", 0.05);
  if (f.Has("rho") == f.Has("v_opt")) f.Wrong("exactly one of rho and v_opt is needed");
  const bool given = f.Has("rho");
  double rho = f.Number(given ? "rho" : "v_opt", 0);
  const double alpha_opt = f.Number("alpha_opt", alpha);
  MAXOPT_CHECK(f.Sound());
  if (!given) {
    MAXOPT_TRY(rho, MixtureRho(rho, alpha_opt));
  }
  MAXOPT_TRY(const double bound, MixtureBound(v, rho, alpha));
  return Answer().Add("bound", bound).Add("rho", rho);
}

Result<Answer> BayesCase(Fields& f) {
  const Trials a = f.ReadTrials("a");
  const Trials b = f.ReadTrials("b");
  BetaPrior prior;
  if (f.Has("prior")) prior = {f.Number("prior", "alpha"), f.Number("prior", "beta")};
  const double alpha = f.Number("alpha", 0.05);
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const BayesTest t, BayesBinomial(a, b, prior, alpha));
  Answer answer;
  answer.Add("prob_b_better", t.prob_b_better)
      .Add("expected_loss_a", t.expected_loss_a)
      .Add("expected_loss_b", t.expected_loss_b)
      .Add("lift_mean", t.lift_mean)
      .Add("lift_low", t.lift.low)
      .Add("lift_high", t.lift.high);
  if (std::isinf(t.lift_mean)) {
    answer.Add("note",
               "the mean lift is infinite: the posterior of a reaches too far towards a rate of 0; "
               "the interval holds");
  }
  return answer;
}

Answer& AddChiSquare(Answer& answer, const ChiSquareTest& t) {
  return answer.Add("chi2", t.chi2).Add("df", t.df).Add("p_value", t.p_value);
}

Result<Answer> SrmCase(Fields& f) {
  const auto counts = f.Counts("counts");
  const auto weights = f.Numbers("weights");
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const ChiSquareTest t, SampleRatio(counts, weights));
  Answer answer;
  return AddChiSquare(answer, t);
}

Result<Answer> MultipleCase(Fields& f) {
  const auto p_values = f.Numbers("p_values");
  const std::string kind = f.Word("kind");
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const Adjustment adjustment, FindAdjustment(kind));
  MAXOPT_TRY(const std::vector<double> adjusted, AdjustPValues(p_values, adjustment));
  return Answer().Add("adjusted", adjusted);
}

Result<Answer> ChiSquareCase(Fields& f) {
  const auto table = f.Table("table");
  const bool correction = f.Flag("correction", false);
  MAXOPT_CHECK(f.Sound());
  MAXOPT_TRY(const ChiSquareTest t, ChiSquare(table, correction));
  Answer answer;
  return AddChiSquare(answer, t);
}

/// Of p_b (or lift), power and n, two are given and the third is wanted; power alone may be left
/// out beside a difference, and is then 0.8.
enum class Wanted { kSample, kPower, kDifference };
Wanted Asked(Fields& f, bool difference) {
  const bool n = f.Has("n");
  const bool power = f.Has("power");
  if (difference && n && power) f.Wrong("n and power are both given; leave out what is wanted");
  if (!difference && !(n && power)) {
    f.Wrong("a difference, or both n and power, must be given");
  }
  return !difference ? Wanted::kDifference : n ? Wanted::kPower : Wanted::kSample;
}

Result<Answer> PowerOfProportionsCase(Fields& f) {
  const TestSetting setting = f.Setting();
  const double p_a = f.Number("p_a");
  if (f.Has("p_b") && f.Has("lift")) f.Wrong("only one of p_b and lift is wanted");
  const Wanted wanted = Asked(f, f.Has("p_b") || f.Has("lift"));
  const double p_b = f.Has("lift") ? p_a * (1 + f.Number("lift")) : f.Number("p_b", 0);
  const double power = f.Number("power", 0.8);
  const double n = f.Number("n", 0);
  MAXOPT_CHECK(f.Sound());
  Answer answer;
  switch (wanted) {
    case Wanted::kSample: {
      MAXOPT_TRY(const double size, ProportionSample(p_a, p_b, power, setting));
      return answer.Add("n", size).Add("n_whole", std::ceil(size));
    }
    case Wanted::kPower: {
      MAXOPT_TRY(const double reached, ProportionPower(p_a, p_b, n, setting));
      return answer.Add("power", reached);
    }
    case Wanted::kDifference: {
      MAXOPT_TRY(const double rate, ProportionDetectable(p_a, n, power, setting));
      return answer.Add("p_b", rate).Add("lift", rate / p_a - 1);
    }
  }
  return answer;
}

Result<Answer> PowerOfMeansCase(Fields& f) {
  const TestSetting setting = f.Setting();
  const double sd = f.Number("sd");
  // The means may be called as in power_two_proportion, or only their difference be given.
  const std::string_view base = f.Has("mean_a") ? "mean_a" : "p_a";
  const std::string_view other = f.Has("mean_b") ? "mean_b" : "p_b";
  double diff = 0;
  bool known = true;
  if (f.Has("delta")) {
    diff = f.Number("delta");
  } else if (f.Has("diff")) {
    diff = f.Number("diff");
  } else if (f.Has("lift")) {
    diff = f.Number(f.Has(base) ? base : "mean_a") * f.Number("lift");
  } else if (f.Has(other)) {
    diff = f.Number(other) - f.Number(f.Has(base) ? base : "mean_a");
  } else {
    known = false;
  }
  const Wanted wanted = Asked(f, known);
  const double power = f.Number("power", 0.8);
  const double n = f.Number("n", 0);
  MAXOPT_CHECK(f.Sound());
  Answer answer;
  switch (wanted) {
    case Wanted::kSample: {
      MAXOPT_TRY(const double size, MeanSample(diff, sd, power, setting));
      return answer.Add("n", size).Add("n_whole", std::ceil(size));
    }
    case Wanted::kPower: {
      MAXOPT_TRY(const double reached, MeanPower(diff, sd, n, setting));
      return answer.Add("power", reached);
    }
    case Wanted::kDifference: {
      MAXOPT_TRY(const double found, MeanDetectable(sd, n, power, setting));
      answer.Add("delta", found);
      if (f.Has(base) && f.Number(base) > 0) answer.Add("lift", found / f.Number(base));
      return answer;
    }
  }
  return answer;
}

struct Method {
  std::string_view name;
  Result<Answer> (*answer)(Fields&);
};
constexpr Method kMethods[] = {{"two_proportion", TwoProportionCase},
                               {"proportion_interval", ProportionIntervalCase},
                               {"welch", WelchCase},
                               {"relative_lift", RelativeLiftCase},
                               {"ratio", RatioCase},
                               {"cuped", CupedCase},
                               {"sequential_lift", SequentialLiftCase},
                               {"sequential_mean_bound", SequentialMeanBoundCase},
                               {"bayes_binomial", BayesCase},
                               {"srm", SrmCase},
                               {"multiple", MultipleCase},
                               {"chi2", ChiSquareCase},
                               {"power_two_proportion", PowerOfProportionsCase},
                               {"power_two_mean", PowerOfMeansCase}};

Result<Answer> Answered(const json& one) {
  if (!one.is_object()) return Fail(Errc::kInvalidArgument, "the case is not an object");
  Fields fields(one);
  const std::string name = fields.Word("method");
  MAXOPT_CHECK(fields.Sound());
  std::string known;
  for (const Method& method : kMethods) {
    if (method.name == name) return method.answer(fields);
    known += (known.empty() ? "" : ", ") + std::string(method.name);
  }
  return Fail(Errc::kInvalidArgument, fmt::format("method \"{}\" is not one of {}", name, known));
}

}  // namespace

Result<std::string> AnswerTests(std::string_view text) {
  json cases = json::parse(text, nullptr, false);
  if (cases.is_discarded()) cases = json::parse(WithoutNan(text), nullptr, false);
  if (cases.is_discarded()) {
    // Once more, for the place of the first error.
    try {
      cases = json::parse(text);
    } catch (const json::exception& error) {
      return Fail(Errc::kInvalidArgument, fmt::format("this is not JSON: {}", error.what()));
    }
  }
  if (!cases.is_array()) {
    return Fail(Errc::kInvalidArgument, "an array of cases is needed, not " + Shown(cases));
  }
  std::string out = "[";
  for (const json& one : cases) {
    out += out.size() == 1 ? "\n  " : ",\n  ";
    const json id = one.is_object() && one.contains("id") ? one["id"] : json();
    out += "{\"id\": " + id.dump(-1, ' ', false, json::error_handler_t::replace);
    if (const auto answer = Answered(one); answer) {
      out += answer->text();
    } else {
      out += ", \"error\": " +
             json(answer.error().what).dump(-1, ' ', false, json::error_handler_t::replace);
    }
    out += "}";
  }
  out += cases.empty() ? "]\n" : "\n]\n";
  return out;
}

Result<int> Tests(const TestsArguments& arguments) {
  MAXOPT_TRY(const std::string text, ReadWhole(arguments.in));
  const auto out = AnswerTests(text);
  if (!out) return FailWithin(arguments.in, out.error());
  MAXOPT_CHECK(WriteWhole(arguments.out, *out));
  return 0;
}

}  // namespace maxopt::lab
