#include "connect/google_ads/classify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connect/google_ads/google_ads.h"

namespace maxopt {
namespace {

using http::Request;
using http::Response;

Request Read() {
  return {.method = "POST",
          .url = "https://ads.example/v25/customers/1/googleAds:search",
          .idempotent = true};
}
Request Write() {
  return {.method = "POST", .url = "https://ads.example/v25/customers/1/googleAds:mutate"};
}

/// A refusal with one GoogleAdsFailure error, as Google writes it.
Response Refusal(int status, const std::string& family, const std::string& value,
                 const std::string& more = "") {
  return {.status = status,
          .body = fmt::format(
              R"({{"error":{{"code":{},"message":"Request failed.","status":"X","details":[
                 {{"@type":"type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure",
                   "errors":[{{"errorCode":{{"{}":"{}"}},"message":"Told why."{}}}],
                   "requestId":"abc"}}]}}}})",
              status, family, value, more)};
}

TEST(ClassifyGoogleAds, SuccessIsNoError) {
  EXPECT_FALSE(ClassifyGoogleAds(Read(), {.body = R"({"results":[],"fieldMask":"campaign.id"})"}));
  EXPECT_FALSE(ClassifyGoogleAds(Read(), {.body = R"({"fieldMask":"campaign.id"})"}));
  EXPECT_FALSE(ClassifyGoogleAds(Write(), {.body = R"({"mutateOperationResponses":[{}]})"}));
  Request validate = Write();
  validate.idempotent = true;
  EXPECT_FALSE(ClassifyGoogleAds(validate, {.body = "{}"}));
  const Request stream{.method = "POST",
                       .url = "https://ads.example/v25/customers/1/googleAds:searchStream?",
                       .idempotent = true};
  EXPECT_FALSE(ClassifyGoogleAds(stream, {.body = R"([{"results":[],"requestId":"x"}])"}));
}

struct Case {
  int status;
  const char* family;
  const char* value;
  Errc read;
  Errc write;
};
TEST(ClassifyGoogleAds, EveryFamilySaysWhatToDoNext) {
  using enum Errc;
  const Case cases[] = {
      {401, "authenticationError", "OAUTH_TOKEN_EXPIRED", kUnauthenticated, kUnauthenticated},
      {401, "authenticationError", "OAUTH_TOKEN_INVALID", kUnauthenticated, kUnauthenticated},
      {401, "authenticationError", "NOT_ADS_USER", kForbidden, kForbidden},
      {401, "authenticationError", "CUSTOMER_NOT_FOUND", kNotFound, kNotFound},
      {403, "authorizationError", "USER_PERMISSION_DENIED", kForbidden, kForbidden},
      {403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", kForbidden,
       kForbidden},
      {400, "headerError", "INVALID_LOGIN_CUSTOMER_ID", kInvalidArgument, kInvalidArgument},
      {429, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", kRateLimited, kRateLimited},
      {429, "quotaError", "RESOURCE_EXHAUSTED", kRateLimited, kRateLimited},
      {403, "quotaError", "ACCESS_PROHIBITED", kForbidden, kForbidden},
      {500, "internalError", "TRANSIENT_ERROR", kUnavailable, kUnknownOutcome},
      {500, "internalError", "INTERNAL_ERROR", kUnavailable, kUnknownOutcome},
      {504, "internalError", "DEADLINE_EXCEEDED", kUnavailable, kUnknownOutcome},
      {400, "internalError", "ERROR_CODE_NOT_PUBLISHED", kInvalidArgument, kInvalidArgument},
      {409, "databaseError", "CONCURRENT_MODIFICATION", kUnavailable, kConflict},
      {400, "databaseError", "DATA_CONSTRAINT_VIOLATION", kInvalidArgument, kInvalidArgument},
      {400, "campaignError", "DUPLICATE_CAMPAIGN_NAME", kConflict, kConflict},
      {400, "campaignBudgetError", "DUPLICATE_NAME", kConflict, kConflict},
      {400, "adGroupError", "DUPLICATE_ADGROUP_NAME", kConflict, kConflict},
      {400, "mutateError", "RESOURCE_ALREADY_EXISTS", kConflict, kConflict},
      {404, "requestError", "RESOURCE_NOT_FOUND", kNotFound, kNotFound},
      {400, "mutateError", "RESOURCE_NOT_FOUND", kNotFound, kNotFound},
      {400, "operationAccessDeniedError", "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE", kConflict,
       kConflict},
      {400, "policyFindingError", "POLICY_FINDING", kInvalidArgument, kInvalidArgument},
      {400, "requestError", "UNSUPPORTED_VERSION", kInvalidArgument, kInvalidArgument},
      {400, "queryError", "UNRECOGNIZED_FIELD", kInvalidArgument, kInvalidArgument},
      {400, "brandNewError", "NEVER_HEARD_OF", kInvalidArgument, kInvalidArgument},
      {503, "brandNewError", "NEVER_HEARD_OF", kUnavailable, kUnknownOutcome},
  };
  for (const Case& c : cases) {
    const auto read = ClassifyGoogleAds(Read(), Refusal(c.status, c.family, c.value));
    const auto write = ClassifyGoogleAds(Write(), Refusal(c.status, c.family, c.value));
    ASSERT_TRUE(read && write) << c.value;
    EXPECT_EQ(ErrcName(read->code), ErrcName(c.read)) << c.family << "." << c.value;
    EXPECT_EQ(ErrcName(write->code), ErrcName(c.write)) << c.family << "." << c.value;
    EXPECT_EQ(read->platform_code, std::string(c.family) + "." + c.value);
  }
}

TEST(ClassifyGoogleAds, MessageNamesPlaceTriggerAndCode) {
  const auto error = ClassifyGoogleAds(
      Write(), Refusal(400, "campaignBudgetError", "MONEY_AMOUNT_TOO_LARGE",
                       R"(,"trigger":{"int64Value":"9"},"location":{"fieldPathElements":[
                          {"fieldName":"operations","index":0},{"fieldName":"create"},
                          {"fieldName":"amount_micros"}]})"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->what,
            "Google Ads refused: campaignBudgetError.MONEY_AMOUNT_TOO_LARGE at "
            "operations[0].create.amount_micros (9): Told why.");
}

TEST(ClassifyGoogleAds, QuotaTellsHowLongToWait) {
  const auto after = [](const char* value, const char* more) {
    return ClassifyGoogleAds(Read(), Refusal(429, "quotaError", value, more))->retry_after_s;
  };
  EXPECT_EQ(after("RESOURCE_TEMPORARILY_EXHAUSTED",
                  R"(,"details":{"quotaErrorDetails":{"retryDelay":"5s"}})"),
            5);
  EXPECT_EQ(after("RESOURCE_TEMPORARILY_EXHAUSTED",
                  R"(,"details":{"quotaErrorDetails":{"retryDelay":"4.2s"}})"),
            5);
  EXPECT_EQ(after("RESOURCE_TEMPORARILY_EXHAUSTED", ""), std::nullopt);
  EXPECT_EQ(after("RESOURCE_EXHAUSTED", ""), 3600);
  EXPECT_EQ(after("RESOURCE_TEMPORARILY_EXHAUSTED",
                  R"(,"details":{"quotaErrorDetails":{"retryDelay":"-5s"}})"),
            std::nullopt);
  const auto header = ClassifyGoogleAds(
      Read(), {.status = 429,
               .headers = {{"Retry-After", "17"}},
               .body = R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}})"});
  EXPECT_EQ(header->code, Errc::kRateLimited);
  EXPECT_EQ(header->retry_after_s, 17);
}

TEST(ClassifyGoogleAds, PolicyNamesTopicAndEvidence) {
  const auto finding = ClassifyGoogleAds(
      Write(), Refusal(400, "policyFindingError", "POLICY_FINDING",
                       R"(,"details":{"policyFindingDetails":{"policyTopicEntries":[
                          {"topic":"MISLEADING_CONTENT","type":"PROHIBITED",
                           "evidences":[{"textList":{"texts":["miracle cure"]}}]}]}})"));
  EXPECT_NE(finding->what.find("policy topic MISLEADING_CONTENT (PROHIBITED), found in \"miracle "
                               "cure\""),
            std::string::npos)
      << finding->what;
  const auto violation = ClassifyGoogleAds(
      Write(), Refusal(400, "policyViolationError", "POLICY_ERROR",
                       R"(,"details":{"policyViolationDetails":{"externalPolicyName":"Symbols",
                          "key":{"policyName":"symbols","violatingText":"!!!"}}})"));
  EXPECT_NE(violation->what.find("policy symbols (Symbols), found in \"!!!\""), std::string::npos)
      << violation->what;
}

TEST(ClassifyGoogleAds, SeveralErrorsAreCountedAndTheGravestDecides) {
  std::string errors;
  for (int i = 0; i < 7; ++i) {
    errors += R"({"errorCode":{"fieldError":"REQUIRED"},"message":"m"},)";
  }
  errors += R"({"errorCode":{"internalError":"TRANSIENT_ERROR"},"message":"m"})";
  const Response response{
      .status = 400, .body = R"({"error":{"code":400,"details":[{"errors":[)" + errors + "]}]}}"};
  const auto error = ClassifyGoogleAds(Write(), response);
  EXPECT_EQ(error->code, Errc::kUnknownOutcome);
  EXPECT_NE(error->what.find("and 3 more"), std::string::npos) << error->what;
}

TEST(ClassifyGoogleAds, WhatIsNotGooglesIsNeverData) {
  const char* bodies[] = {"",
                          "<html><body>Sign in to the hotel wifi</body></html>",
                          R"({"results":[{"campaign":{"id":"1")",
                          "null",
                          "[]",
                          "{}",
                          "42",
                          R"({"data":[]})",
                          "\xff\xfe"};
  for (const char* body : bodies) {
    const auto read = ClassifyGoogleAds(Read(), {.status = 200, .body = body});
    const auto write = ClassifyGoogleAds(Write(), {.status = 200, .body = body});
    ASSERT_TRUE(read && write) << body;
    EXPECT_EQ(read->code, Errc::kBadAnswer) << body;
    EXPECT_EQ(write->code, Errc::kUnknownOutcome) << body;
  }
}

TEST(ClassifyGoogleAds, F32PagesUnderAnErrorStatus) {
  const auto at = [](int status, const Request& request) {
    return ClassifyGoogleAds(request, {.status = status, .body = "<html>no</html>"})->code;
  };
  EXPECT_EQ(at(502, Read()), Errc::kUnavailable);
  EXPECT_EQ(at(502, Write()), Errc::kUnknownOutcome);
  EXPECT_EQ(at(503, Write()), Errc::kUnknownOutcome);
  EXPECT_EQ(at(404, Read()), Errc::kInvalidArgument);  // such a path is not served
  EXPECT_EQ(at(302, Read()), Errc::kBadAnswer);
  EXPECT_EQ(at(302, Write()), Errc::kUnknownOutcome);
  EXPECT_EQ(at(401, Read()), Errc::kUnauthenticated);
}

TEST(ClassifyGoogleAds, ErrorsInsideASuccess) {
  const auto error = ClassifyGoogleAds(
      Read(), {.status = 200, .body = R"({"error":{"code":403,"status":"PERMISSION_DENIED"}})"});
  EXPECT_EQ(error->code, Errc::kForbidden);
  const auto stream = ClassifyGoogleAds(
      Read(),
      {.status = 200, .body = R"([{"results":[]},{"error":{"code":503,"status":"UNAVAILABLE"}}])"});
  EXPECT_EQ(stream->code, Errc::kUnavailable);

  // Everything failed: nothing was written, the error itself decides.
  const auto all =
      ClassifyGoogleAds(Write(), {.body = R"({"partialFailureError":{"code":3,"details":[{"errors":[
        {"errorCode":{"campaignError":"DUPLICATE_CAMPAIGN_NAME"}}]}]},"results":[{}]})"});
  EXPECT_EQ(all->code, Errc::kConflict);
  // One of two was carried out.
  const auto some =
      ClassifyGoogleAds(Write(), {.body = R"({"partialFailureError":{"code":3,"details":[{"errors":[
        {"errorCode":{"campaignError":"DUPLICATE_CAMPAIGN_NAME"}}]}]},
        "results":[{},{"resourceName":"customers/1/campaigns/2"}]})"});
  EXPECT_EQ(some->code, Errc::kUnknownOutcome);
  // A shape that cannot be read is no success either.
  const auto odd = ClassifyGoogleAds(
      Write(), {.body = R"({"partialFailureError":{"code":3,"details":"?"},"results":[{}]})"});
  EXPECT_EQ(odd->code, Errc::kUnknownOutcome);
}

TEST(ClassifyGoogleAds, TokenEndpoint) {
  const Request token{.method = "POST", .url = "https://oauth.example/token", .idempotent = true};
  EXPECT_FALSE(ClassifyGoogleAds(token, {.body = R"({"access_token":"a","expires_in":3599})"}));
  const auto revoked = ClassifyGoogleAds(
      token, {.status = 400,
              .body = R"({"error":"invalid_grant","error_description":"1//secret is expired"})"});
  EXPECT_EQ(revoked->code, Errc::kUnauthenticated);
  EXPECT_EQ(revoked->platform_code, "invalid_grant");
  EXPECT_EQ(revoked->what.find("secret"), std::string::npos);
  const auto down =
      ClassifyGoogleAds(token, {.status = 503, .body = R"({"error":"temporarily_unavailable"})"});
  EXPECT_EQ(down->code, Errc::kUnavailable);
}

TEST(ClassifyGoogleAds, HostileShapesDoNotCrash) {
  const char* errors[] = {
      R"({"error":7})",
      R"({"error":null})",
      R"({"error":[]})",
      R"({"error":{"details":{}}})",
      R"({"error":{"details":[null,1,{"errors":7},{"errors":[1,null,{}]}]}})",
      R"({"error":{"details":[{"errors":[{"errorCode":[],"trigger":[],"location":{"fieldPathElements":[1]}}]}]}})",
      R"({"error":{"details":[{"errors":[{"errorCode":{"x":{"y":1}},"details":{"policyFindingDetails":{"policyTopicEntries":[1,{"evidences":[2]}]}}}]}]}})",
      R"([{"error":"x"}])",
      R"([1,2,3])"};
  for (const char* body : errors) {
    EXPECT_TRUE(ClassifyGoogleAds(Read(), {.status = 400, .body = body})) << body;
    EXPECT_TRUE(ClassifyGoogleAds(Write(), {.status = 400, .body = body})) << body;
  }
}

// --- items of a batch ----------------------------------------------------------------------------

std::string ErrorAt(const char* index, const char* code) {
  return std::string(R"({"errorCode":{"campaignError":")") + code +
         R"("},"message":"m","location":{"fieldPathElements":[{"fieldName":"mutate_operations")" +
         (*index == '\0' ? "" : std::string(R"(,"index":)") + index) +
         R"(},{"fieldName":"campaign_operation"},{"fieldName":"update"},{"fieldName":"name"}]}})";
}
std::string BatchAnswer(const std::string& results, const std::string& errors) {
  return R"({"mutateOperationResponses":[)" + results +
         R"(],"partialFailureError":{"code":3,"message":"Multiple errors in 'details'.","details":[)"
         R"({"@type":"t","errors":[)" +
         errors + "]}]}}";
}
constexpr const char* kWritten = R"({"campaignResult":{"resourceName":"customers/1/campaigns/7"}})";

TEST(GoogleAdsBatch, F24EveryErrorIsMappedToItsItem) {
  const std::vector<std::string> keys(4, "campaignResult");
  // One failure holds four errors: the length of the details says nothing.
  const auto items = google_ads::ItemsOfBatch(
      nlohmann::json::parse(BatchAnswer(std::string("{},") + kWritten + ",{},{}",
                                        ErrorAt("3", "INVALID_CAMPAIGN_NAME") + "," +
                                            ErrorAt("0", "DUPLICATE_CAMPAIGN_NAME") + "," +
                                            ErrorAt("2", "INVALID_CAMPAIGN_NAME") + "," +
                                            ErrorAt("2", "CANNOT_SET_DATE_TO_PAST"))),
      keys);
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 4u);
  ASSERT_FALSE((*items)[0]);
  EXPECT_EQ((*items)[0].error().code, Errc::kConflict);
  EXPECT_EQ((*items)[0].error().platform_code, "campaignError.DUPLICATE_CAMPAIGN_NAME");
  ASSERT_TRUE((*items)[1]);
  EXPECT_EQ(*(*items)[1], "7");
  ASSERT_FALSE((*items)[2]);
  EXPECT_NE((*items)[2].error().what.find("INVALID_CAMPAIGN_NAME"), std::string::npos);
  EXPECT_NE((*items)[2].error().what.find("CANNOT_SET_DATE_TO_PAST"), std::string::npos);
  EXPECT_FALSE((*items)[3]);
}

TEST(GoogleAdsBatch, F24WhatCannotBeMappedIsNothingKnown) {
  const std::vector<std::string> keys(2, "campaignResult");
  const std::string two = std::string(kWritten) + ",{}";
  const std::string bad = ErrorAt("1", "INVALID_CAMPAIGN_NAME");
  ASSERT_TRUE(google_ads::ItemsOfBatch(nlohmann::json::parse(BatchAnswer(two, bad)), keys));
  for (const std::string& answer : std::vector<std::string>{
           BatchAnswer(kWritten, bad),                                  // a result is missing
           BatchAnswer(two + ",{}", bad),                               // one too many
           BatchAnswer(two, ""),                                        // nothing for the second
           BatchAnswer(two, ErrorAt("", "INVALID_CAMPAIGN_NAME")),      // of which?
           BatchAnswer(two, ErrorAt("2", "INVALID_CAMPAIGN_NAME")),     // of none
           BatchAnswer(two, ErrorAt("-1", "INVALID_CAMPAIGN_NAME")),    //
           BatchAnswer(two, ErrorAt("0", "INVALID_CAMPAIGN_NAME")),     // written and refused
           BatchAnswer(two, R"({"errorCode":{"campaignError":"X"}})"),  // no place at all
           BatchAnswer("{\"campaignResult\":7},{}", bad),               //
           R"({"mutateOperationResponses":[)" + two + R"(],"partialFailureError":{"code":3}})",
           R"({"mutateOperationResponses":[)" + two +
               R"(],"partialFailureError":{"details":[{}]}})",
           R"({"partialFailureError":{"code":3}})", std::string("{}")}) {
    EXPECT_FALSE(google_ads::ItemsOfBatch(nlohmann::json::parse(answer), keys)) << answer;
  }
}

}  // namespace
}  // namespace maxopt
