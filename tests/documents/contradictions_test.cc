// Documents that can be read and contradict each other: the checklist or the compiler finds each, a
// fail names its places and what to do, and nothing is sent, since neither can reach a platform.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "documents/mutations.h"
#include "stages/setup/checks/checks.h"

namespace maxopt {
namespace {

std::vector<ClientAccount> Accounts() {
  std::vector<ClientAccount> out;
  for (const AccountId& id :
       {AccountId{Platform::kGoogleAds, "4471189001"}, AccountId{Platform::kMeta, "880011223344"},
        AccountId{Platform::kTikTok, "7011223344556677"}}) {
    out.push_back({"Alpenglow", {id, "Alpenglow", kEur, "Europe/Berlin", "active"}});
  }
  return out;
}

/// Every finding of the documents: the compiler's error, or what the checklist does not let pass.
std::vector<std::string> FindingsOf(const std::vector<DocumentFile>& files) {
  const auto documents = ParseDocuments(files, mutations::ExampleAsset);
  EXPECT_TRUE(documents);
  if (!documents) return {};
  const std::vector<ClientAccount> accounts = Accounts();
  const Day today = ParseDay("2026-02-20").value();
  const auto desired = Realise(*documents, {&PlatformSpecs::BuiltIn(), accounts, {}, today});
  std::vector<std::string> out;
  if (!desired) out.push_back("compiler: " + desired.error().what);
  CheckContext context{};
  context.documents = &*documents;
  context.specs = &PlatformSpecs::BuiltIn();
  context.desired = desired ? &*desired : nullptr;
  context.accounts = &accounts;
  context.today = today;
  for (const CheckResult& result : RunChecks(context).results) {
    if (result.status != CheckStatus::kFail && result.status != CheckStatus::kWarn) continue;
    EXPECT_FALSE(result.evidence.empty()) << result.check;
    EXPECT_FALSE(result.fix.empty()) << result.check;
    out.push_back(fmt::format("{} [{}] {}", result.check, result.package, result.evidence));
  }
  return out;
}

TEST(Contradictions, EachIsFound) {
  const std::vector<std::string> usual = FindingsOf(mutations::Example(mutations::Form::kYaml));
  for (const mutations::Contradiction& one : mutations::ContradictoryDocuments()) {
    const std::vector<std::string> findings = FindingsOf(one.files);
    const bool found = std::any_of(findings.begin(), findings.end(), [&](const std::string& f) {
      return std::find(usual.begin(), usual.end(), f) == usual.end();
    });
    EXPECT_TRUE(found) << one.name << ": nobody noticed";
  }
}

}  // namespace
}  // namespace maxopt
