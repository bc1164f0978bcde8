#include "memory/campaigns/users.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace maxopt {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kGood = "four plain words here";

class UsersTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("maxopt_users_" + std::to_string(::getpid()) + ".db");
    std::filesystem::remove(path_);
    auto store = UserStore::Open(path_);
    ASSERT_TRUE(store) << store.error().what;
    users_ = std::move(*store);
  }
  void TearDown() override {
    users_.reset();
    std::filesystem::remove(path_);
  }
  void Add(const std::string& name, Role role, ClientScope clients = std::nullopt) {
    User user;
    user.name = name;
    user.role = role;
    user.clients = std::move(clients);
    user.created_at = now_;
    const auto added = users_->AddUser(user);
    ASSERT_TRUE(added) << added.error().what;
  }
  std::string FileBytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path path_;
  std::unique_ptr<UserStore> users_;
  Instant now_ = ParseInstant("2026-11-23T10:00:00Z").value();
};

TEST_F(UsersTest, KeepsWhatWasSaidAndOnlyForItsOwner) {
  Add("anna", Role::kApprover, {{"Alpenglow", "Tannenhof, \"Süd\""}});
  const auto user = users_->GetUser("anna");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->role, Role::kApprover);
  EXPECT_TRUE(Sees(user->clients, "Tannenhof, \"Süd\""));
  EXPECT_FALSE(Sees(user->clients, "Alpenglow "));
  EXPECT_FALSE(user->has_password);
  EXPECT_EQ(users_->Users()->size(), 1u);
  struct stat seen {};
  ASSERT_EQ(::stat(path_.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600u);
}

TEST_F(UsersTest, NamesAndRolesAreWords) {
  for (const char* name : {"", "Anna", "a b", "-a", "a\n", "ünal", "a/b"}) {
    User user;
    user.name = name;
    const auto added = users_->AddUser(user);
    ASSERT_FALSE(added) << name;
    EXPECT_EQ(added.error().code, Errc::kInvalidArgument);
  }
  EXPECT_EQ(FindRole("root").error().code, Errc::kInvalidArgument);
  Add("anna", Role::kAdmin);
  User again;
  again.name = "anna";
  EXPECT_EQ(users_->AddUser(again).error().code, Errc::kConflict);
}

TEST_F(UsersTest, TheLastAdminStays) {
  Add("anna", Role::kAdmin);
  EXPECT_EQ(users_->RemoveUser("anna").error().code, Errc::kRefused);
  User less = users_->GetUser("anna").value();
  less.role = Role::kViewer;
  EXPECT_EQ(users_->ChangeUser(less).error().code, Errc::kRefused);
  Add("ben", Role::kAdmin);
  EXPECT_TRUE(users_->ChangeUser(less));
  EXPECT_EQ(users_->GetUser("anna")->role, Role::kViewer);
}

TEST_F(UsersTest, PasswordsAreHashedAndWrongOnesAllLookAlike) {
  Add("anna", Role::kViewer);
  EXPECT_EQ(users_->SetPassword("anna", "short").error().code, Errc::kInvalidArgument);
  ASSERT_TRUE(users_->SetPassword("anna", kGood));
  EXPECT_EQ(FileBytes().find(kGood), std::string::npos);
  EXPECT_NE(FileBytes().find("$argon2id$"), std::string::npos);
  EXPECT_EQ(users_->CheckPassword("anna", kGood, "10.0.0.1", now_).value(), "anna");
  const auto wrong = users_->CheckPassword("anna", "four plain words hers", "10.0.0.1", now_);
  const auto nobody = users_->CheckPassword("nobody", kGood, "10.0.0.1", now_);
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(wrong.error().code, Errc::kUnauthenticated);
  EXPECT_EQ(wrong.error().what, nobody.error().what);
}

// 5 free failures; the wait then doubles: 1, 2, 4 s; the right password does not help meanwhile.
TEST_F(UsersTest, FailuresOfANameMakeItWait) {
  Add("anna", Role::kViewer);
  ASSERT_TRUE(users_->SetPassword("anna", kGood));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(users_->CheckPassword("anna", "wrong", "", now_).error().code,
              Errc::kUnauthenticated);
  }
  const auto held = users_->CheckPassword("anna", kGood, "", now_);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, Errc::kRateLimited);
  EXPECT_EQ(held.error().retry_after_s, 1);
  EXPECT_EQ(users_->CheckPassword("anna", "wrong", "", now_ + seconds(1)).error().code,
            Errc::kUnauthenticated);
  EXPECT_EQ(users_->CheckPassword("anna", kGood, "", now_ + seconds(2)).error().retry_after_s, 1);
  EXPECT_TRUE(users_->CheckPassword("anna", kGood, "", now_ + seconds(3)));
  EXPECT_EQ(users_->CheckPassword("anna", "wrong", "", now_ + seconds(3)).error().code,
            Errc::kUnauthenticated);
}

TEST_F(UsersTest, FailuresOfAnAddressMakeItWaitWhateverTheName) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(
        users_->CheckPassword("name" + std::to_string(i), "wrong", "10.0.0.9", now_).error().code,
        Errc::kUnauthenticated);
  }
  EXPECT_EQ(users_->CheckPassword("another", "wrong", "10.0.0.9", now_).error().code,
            Errc::kRateLimited);
  EXPECT_EQ(users_->CheckPassword("another", "wrong", "10.0.0.8", now_).error().code,
            Errc::kUnauthenticated);
}

TEST_F(UsersTest, ALinkWorksOnceAndNotForLong) {
  Add("anna", Role::kAdmin);
  const std::string link = users_->MakeLink("anna", now_, now_ + minutes(15)).value();
  EXPECT_EQ(link.size(), 43u);
  EXPECT_EQ(FileBytes().find(link), std::string::npos);
  EXPECT_EQ(users_->UseLink(link, now_ + minutes(1)).value(), "anna");
  EXPECT_EQ(users_->UseLink(link, now_ + minutes(1)).error().code, Errc::kUnauthenticated);
  const std::string late = users_->MakeLink("anna", now_, now_ + minutes(15)).value();
  EXPECT_FALSE(users_->UseLink(late, now_ + minutes(15)));
  EXPECT_EQ(users_->MakeLink("nobody", now_, now_).error().code, Errc::kNotFound);
}

TEST_F(UsersTest, ASessionEndsIdleAtLastAndByItsUser) {
  Add("anna", Role::kApprover);
  const SessionLimits limits{.idle = hours(1), .absolute = hours(3)};
  const std::string secret = users_->BeginSession("anna", now_).value();
  EXPECT_EQ(FileBytes().find(secret), std::string::npos);
  EXPECT_EQ(users_->OfSession(secret, limits, now_ + minutes(59))->role, Role::kApprover);
  EXPECT_TRUE(users_->OfSession(secret, limits, now_ + minutes(118)));
  EXPECT_TRUE(users_->OfSession(secret, limits, now_ + minutes(177)));
  EXPECT_FALSE(users_->OfSession(secret, limits, now_ + hours(3)));
  EXPECT_FALSE(users_->OfSession(secret, limits, now_));  // over is over

  const std::string idle = users_->BeginSession("anna", now_).value();
  EXPECT_FALSE(users_->OfSession(idle, limits, now_ + hours(1)));
  const std::string ended = users_->BeginSession("anna", now_).value();
  ASSERT_TRUE(users_->EndSession(ended));
  EXPECT_FALSE(users_->OfSession(ended, limits, now_));
  // A demotion works on open sessions; a new password ends them.
  const std::string open = users_->BeginSession("anna", now_).value();
  User less = users_->GetUser("anna").value();
  less.role = Role::kViewer;
  ASSERT_TRUE(users_->ChangeUser(less));
  EXPECT_EQ(users_->OfSession(open, limits, now_)->role, Role::kViewer);
  ASSERT_TRUE(users_->SetPassword("anna", kGood));
  EXPECT_FALSE(users_->OfSession(open, limits, now_));
}

TEST_F(UsersTest, AKeyIsNeverMoreThanItsUser) {
  Add("anna", Role::kOperator, {{"A", "B"}});
  ApiKey key;
  key.user = "anna";
  key.what = "reporting";
  key.role = Role::kApprover;
  EXPECT_EQ(users_->AddKey(key, now_).error().code, Errc::kInvalidArgument);
  key.role = Role::kOperator;
  key.clients = {{"B", "C"}};
  key.expires_at = now_ + hours(24);
  const auto made = users_->AddKey(key, now_);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_TRUE(made->secret.starts_with(made->key.prefix + "_"));
  EXPECT_EQ(FileBytes().find(made->secret), std::string::npos);
  const auto who = users_->OfKey(made->secret, now_);
  ASSERT_TRUE(who) << who.error().what;
  EXPECT_EQ(who->role, Role::kOperator);
  EXPECT_TRUE(Sees(who->clients, "B"));
  EXPECT_FALSE(Sees(who->clients, "A"));
  EXPECT_FALSE(Sees(who->clients, "C"));
  EXPECT_EQ(users_->Keys()->front().used_at, now_);
  User less = users_->GetUser("anna").value();
  less.role = Role::kViewer;
  ASSERT_TRUE(users_->ChangeUser(less));
  EXPECT_EQ(users_->OfKey(made->secret, now_)->role, Role::kViewer);

  std::string forged = made->secret;
  forged.back() = forged.back() == 'a' ? 'b' : 'a';
  EXPECT_FALSE(users_->OfKey(forged, now_));
  EXPECT_FALSE(users_->OfKey("", now_));
  EXPECT_FALSE(users_->OfKey(made->secret, now_ + hours(24)));
  ASSERT_TRUE(users_->RevokeKey(made->key.prefix, now_));
  ASSERT_TRUE(users_->RevokeKey(made->key.prefix, now_));
  EXPECT_FALSE(users_->OfKey(made->secret, now_));
  EXPECT_EQ(users_->RevokeKey("mk_00000000", now_).error().code, Errc::kNotFound);
}

TEST_F(UsersTest, AWriteHappensOnceADay) {
  const auto begin = [&](const char* key, const char* request, Instant at) {
    return users_->BeginWrite("anna", key, request, at);
  };
  ASSERT_TRUE(begin("k1", "approve p-1", now_));
  const auto under_way = begin("k1", "approve p-1", now_);
  ASSERT_FALSE(under_way);
  EXPECT_EQ(under_way.error().code, Errc::kConflict);
  ASSERT_TRUE(users_->FinishWrite("anna", "k1", {200, "application/json", "{\"a\":1}"}));
  const auto again = begin("k1", "approve p-1", now_ + hours(23));
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->status, 200);
  EXPECT_EQ((*again)->body, "{\"a\":1}");
  EXPECT_EQ(begin("k1", "approve p-2", now_).error().code, Errc::kInvalidArgument);
  // Another user's key of the same name is another key.
  EXPECT_FALSE(users_->BeginWrite("ben", "k1", "approve p-2", now_)->has_value());
  // After a day it is forgotten; what came to nothing is free at once.
  EXPECT_FALSE(begin("k1", "approve p-1", now_ + hours(25))->has_value());
  ASSERT_TRUE(begin("k2", "x", now_));
  ASSERT_TRUE(users_->AbandonWrite("anna", "k2"));
  EXPECT_FALSE(begin("k2", "x", now_)->has_value());
}

TEST_F(UsersTest, AWriteThatWasCutOffIsUnknownNotFree) {
  ASSERT_TRUE(users_->BeginWrite("anna", "k1", "apply p-1", now_));
  const auto next = UserStore::Open(path_);
  ASSERT_TRUE(next);
  EXPECT_EQ((*next)->BeginWrite("anna", "k1", "apply p-1", now_).error().code,
            Errc::kUnknownOutcome);
}

TEST_F(UsersTest, TwoProcessesHaveItOpenAndSeeEachOther) {
  const auto other = UserStore::Open(path_);
  ASSERT_TRUE(other) << other.error().what;
  Add("anna", Role::kAdmin);
  EXPECT_TRUE((*other)->GetUser("anna"));
  EXPECT_EQ((*other)->Secret().value(), users_->Secret().value());
  ASSERT_TRUE((*other)->RevokeKey("x", now_).error().code == Errc::kNotFound);
}

TEST_F(UsersTest, TheAuditIsReadBackwards) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(users_->Audit({.at = now_,
                               .user = "anna",
                               .key = "",
                               .peer = "10.0.0.1",
                               .method = "POST",
                               .path = "/p/" + std::to_string(i),
                               .status = 200,
                               .what = ""}));
  }
  const auto newest = users_->AuditLines(0, 2).value();
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].path, "/p/3");
  const auto rest = users_->AuditLines(newest[1].seq, 10).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].path, "/p/1");
  EXPECT_EQ(rest[0].status, 200);
}

TEST_F(UsersTest, PruningForgetsWhatIsOver) {
  Add("anna", Role::kAdmin);
  const SessionLimits limits;
  const std::string old = users_->BeginSession("anna", now_ - hours(200)).value();
  const std::string fresh = users_->BeginSession("anna", now_).value();
  ASSERT_TRUE(users_->Prune(limits, now_));
  EXPECT_FALSE(users_->OfSession(old, limits, now_ - hours(200)));
  EXPECT_TRUE(users_->OfSession(fresh, limits, now_));
}

TEST(ScopeTest, NarrowedIsWhatBothSee) {
  const ClientScope all;
  const ClientScope ab{{"A", "B"}};
  const ClientScope bc{{"B", "C"}};
  EXPECT_FALSE(Narrowed(all, all).has_value());
  EXPECT_EQ(Narrowed(all, ab), ab);
  EXPECT_EQ(Narrowed(ab, all), ab);
  EXPECT_EQ(Narrowed(ab, bc), (ClientScope{{"B"}}));
  const ClientScope none{std::vector<std::string>{}};
  EXPECT_FALSE(Sees(none, "A"));
}

TEST(TokenTest, TokensDifferAndCsrfFollowsItsSession) {
  EXPECT_NE(RandomToken(), RandomToken());
  EXPECT_EQ(CsrfToken("a"), CsrfToken("a"));
  EXPECT_NE(CsrfToken("a"), CsrfToken("b"));
  EXPECT_TRUE(SameSecret("abc", "abc"));
  EXPECT_FALSE(SameSecret("abc", "abd"));
  EXPECT_FALSE(SameSecret("abc", "ab"));
}

}  // namespace
}  // namespace maxopt
