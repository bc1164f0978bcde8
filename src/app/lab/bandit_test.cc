#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

using nlohmann::json;

constexpr const char* kHeader = R"({"arms":["a","b"],"segments":["x","y"],"window":2})";

Result<std::vector<json>> Answers(const std::string& text, const BanditArguments& arguments = {},
                                  std::string* notes = nullptr) {
  std::istringstream in(text);
  std::ostringstream out, told;
  const auto done = RunBandit(arguments, "in", in, out, told);
  if (!done) return Fail(done.error());
  if (notes != nullptr) *notes = told.str();
  std::vector<json> lines;
  std::istringstream read(out.str());
  for (std::string line; std::getline(read, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST(LabBandit, ABoundThatCannotBeKeptIsSaidWhenItBegins) {
  BanditArguments arguments;
  arguments.floor = 0.6;
  std::string notes;
  const auto both = Answers(std::string(kHeader) + R"(
{"period":0,"available":["a"]}
{"period":1}
{"period":2}
{"period":3,"available":[]}
{"period":4}
)",
                            arguments, &notes);
  ASSERT_TRUE(both) << both.error().what;
  EXPECT_EQ((*both)[1]["shares"]["x"], json({{"a", 0.5}, {"b", 0.5}}));
  const std::string said = "a floor of 0.6 cannot be kept among 2 arms; their shares are even\n";
  EXPECT_EQ(notes,
            "maxopt: note: in:3, period 1: " + said + "maxopt: note: in:6, period 4: " + said);
  arguments.floor = 0.5;
  arguments.cap = 0.5;
  ASSERT_TRUE(Answers(std::string(kHeader) + "\n{\"period\":0}\n", arguments, &notes));
  EXPECT_EQ(notes, "");
}

TEST(LabBandit, ALineOutForALineIn) {
  const auto lines = Answers(std::string(kHeader) + R"(
{"period":0,"available":["a","b"],"feedback":[]}
{"period":1,"available":["a","b"],"feedback":[
)"
                                                    R"()");
  ASSERT_FALSE(lines);  // the third line is cut
  EXPECT_NE(lines.error().what.find("in:3"), std::string::npos) << lines.error().what;
  const auto good = Answers(std::string(kHeader) + "\n" +
                            R"({"period":0,"available":["a","b"],"feedback":[]}
{"period":1,"available":["b","a"],"feedback":[{"period":0,"segment":"x","arm":"a","impressions":5000,"conversions":400},{"period":0,"segment":"x","arm":"b","impressions":5000,"conversions":40}]}
{"period":2,"available":["b"],"feedback":[{"period":0,"segment":"x","arm":"b","impressions":0,"conversions":-2}]}
{"period":3,"available":[]}
)");
  ASSERT_TRUE(good) << good.error().what;
  ASSERT_EQ(good->size(), 4u);
  EXPECT_EQ((*good)[0]["shares"]["x"], json({{"a", 0.5}, {"b", 0.5}}));
  EXPECT_GT((*good)[1]["shares"]["x"]["a"].get<double>(), 0.99);
  // Segment y has seen nothing; the arm's other segment speaks for it.
  EXPECT_GT((*good)[1]["shares"]["y"]["a"].get<double>(), 0.8);
  EXPECT_EQ((*good)[2]["shares"]["x"], json({{"b", 1.0}}));
  EXPECT_EQ((*good)[2]["propensities"], (*good)[2]["shares"]);
  EXPECT_EQ((*good)[3]["shares"]["x"], json::object());
}

TEST(LabBandit, ErrorsNameTheLine) {
  for (const auto& [line, wanted] : std::vector<std::pair<std::string, std::string>>{
           {R"({"period":1,"available":["c"]})", "in:2: available: unknown arm \"c\""},
           {R"({"period":1,"feedback":[{"period":0,"segment":"x","arm":"c","impressions":1}]})",
            "in:2: feedback[0]: unknown arm \"c\""},
           {R"({"period":1,"feedback":[{"period":0,"segment":"z","arm":"a"}]})", "unknown segment"},
           {R"({"period":1,"feedback":[{"period":2,"segment":"x","arm":"a"}]})", "in:2: "},
           {R"({"period":1,"feedback":[{"period":0,"segment":"x","arm":"a","impressions":"9"}]})",
            "impressions"},
           {R"({"period":1.5})", "period is 1.5"},
           {R"({"available":[]})", "period is missing"},
           {R"([1])", "not a JSON object"},
           {R"({"period":1,"feedback":3})", "feedback is 3"},
           {"{\"period\":1}\n{\"period\":1}", "in:3: "}}) {
    const auto lines = Answers(std::string(kHeader) + "\n" + line + "\n");
    ASSERT_FALSE(lines) << line;
    EXPECT_NE(lines.error().what.find(wanted), std::string::npos) << lines.error().what;
  }
  EXPECT_FALSE(Answers(""));
  EXPECT_FALSE(Answers("{}"));
  EXPECT_FALSE(Answers(R"({"arms":["a","a"],"segments":[],"window":1})"));
  EXPECT_FALSE(Answers(R"({"arms":["a"],"segments":[],"window":-1})"));
  EXPECT_FALSE(Answers(kHeader, {.in = "", .out = "", .policy = "best"}));
}

}  // namespace
}  // namespace maxopt::lab
