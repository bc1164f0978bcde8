#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

namespace fs = std::filesystem;

class LabAnomalies : public testing::Test {
 protected:
  void SetUp() override {
    root_ =
        fs::temp_directory_path() / ("lab_anomalies_" + std::to_string(::getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "in" / "deep");
  }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / "in" / name, std::ios::binary) << text;
  }
  std::string Read(const std::string& name) {
    std::ifstream in(root_ / "out" / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  Result<int> RunIt() { return Anomalies({(root_ / "in").string(), (root_ / "out").string()}); }
  fs::path root_;
};

TEST_F(LabAnomalies, KeepsPathsAndTextAndOrder) {
  Write("deep/a.csv",
        "timestamp,value\r\n2014-04-01 00:00:00,1.50\r\n2014-04-01 00:05:00.000000,\r\n"
        "2014-04-01T00:10:00Z,nan\r\n");
  Write("b.csv", "value,other,timestamp\n+2,x,2014-04-01\n3e400,y,2014-04-02\n");
  const auto done = RunIt();
  ASSERT_TRUE(done.has_value()) << done.error().what;
  EXPECT_EQ(Read("deep/a.csv"),
            "timestamp,value,anomaly_score,alert\n2014-04-01 00:00:00,1.50,0.000000,0\n"
            "2014-04-01 00:05:00.000000,,0.000000,0\n2014-04-01T00:10:00Z,nan,0.000000,0\n");
  EXPECT_EQ(Read("b.csv"),
            "timestamp,value,anomaly_score,alert\n2014-04-01,+2,0.000000,0\n"
            "2014-04-02,3e400,0.000000,0\n");
}

TEST_F(LabAnomalies, ErrorsNameFileAndLineAndTheOtherFilesAreWritten) {
  const std::pair<std::string, std::string> cases[] = {
      {"timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,one\n", ":3: value \"one\""},
      {"timestamp,value\n2014-13-01 00:00:00,1\n", ":2: timestamp \"2014-13-01 00:00:00\""},
      {"timestamp,value\n2014-04-01 00:00:00,1,2\n", ":2: 3 cells"},
      {"time,value\n", ":1: "},
      {"", ":1: "},
      {"timestamp,value\n2014-04-02,1\n2014-04-01,1\n", ":3: timestamp"},
      {"timestamp,value\n2014-04-01,1\n2014-04-01,1\n", ":3: timestamp"},
      {"timestamp,value\n2014-04-01 00:00:00,\xFF\x01\n", ":2: value"},
  };
  for (const auto& [text, wanted] : cases) {
    Write("bad.csv", text);
    Write("good.csv", "timestamp,value\n2014-04-01,1\n");
    const auto done = RunIt();
    ASSERT_FALSE(done.has_value()) << text;
    EXPECT_NE(done.error().what.find("bad.csv" + wanted), std::string::npos) << done.error().what;
    EXPECT_FALSE(fs::exists(root_ / "out" / "bad.csv"));
    EXPECT_TRUE(fs::exists(root_ / "out" / "good.csv"));
    fs::remove_all(root_ / "out");
  }
}

TEST_F(LabAnomalies, NothingToReadIsAnError) {
  EXPECT_FALSE(RunIt().has_value());
  EXPECT_FALSE(Anomalies({(root_ / "none").string(), (root_ / "out").string()}).has_value());
}

}  // namespace
}  // namespace maxopt::lab
