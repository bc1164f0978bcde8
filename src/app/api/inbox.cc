// What teammates' own systems send over HTTP.
#include "app/api/route.h"
#include "app/team/team.h"

namespace maxopt::api {
namespace {

int InboxStatus(const Error& refusal) {
  switch (refusal.code) {
    case Errc::kForbidden:
      return 403;
    case Errc::kConflict:
      return 409;
    default:
      // A kind or client that there is not is a fault of the message, not of the path.
      return 422;
  }
}

std::string_view HeaderOf(const http::Request& request, std::string_view name) {
  return http::FindHeader(request.headers, name).value_or("");
}

Answer AnswerOf(const Received& received) {
  if (received.refusal) {
    return Refuse(InboxStatus(*received.refusal), std::string(ErrcName(received.refusal->code)),
                  received.refusal->what, "/",
                  "it is kept as number " + std::to_string(received.seq) + " of the inbox");
  }
  ordered_json out{
      {"number", received.seq}, {"state", received.state}, {"repeat", received.repeat}};
  out["receipt_id"] = received.receipt_id;
  out["receipt"] =
      received.receipt.empty() ? ordered_json(nullptr) : ordered_json::parse(received.receipt);
  return Json(received.repeat ? 200 : 201, out);
}

}  // namespace

Answer PostInbox(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  const TeamMember* member = config.OfUser(call.who.user);
  Sender sender;
  sender.member = member ? member->name : "";
  sender.via = "api";
  sender.by = call.who.key.empty() ? call.who.user : call.who.user + " by " + call.who.key;
  sender.clients = call.who.clients;
  sender.client = call.client();
  const auto receive = [&]() -> Result<Received> {
    const std::string_view signature = HeaderOf(call.request, "X-Maxopt-Signature");
    if (member && !member->secret.empty()) {
      // Signed by the clock of the world that the other server lives in.
      if (const auto good =
              team::CheckSignature(member->secret, HeaderOf(call.request, "X-Maxopt-Timestamp"),
                                   signature, call.text, call.context.world.wall->Now());
          !good) {
        return RefuseMessage(*home, config, sender, call.text, good.error());
      }
    }
    return ReceiveMessage(*home, config, sender, call.text);
  };
  MAXOPT_TRY(const Received received, receive());
  return AnswerOf(received);
}

Answer PostTeamWebhook(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  const TeamMember* member = config.Find(call.path.find("member")->second);
  const auto good =
      member && member->webhook_in
          ? team::CheckSignature(member->secret, HeaderOf(call.request, "X-Maxopt-Timestamp"),
                                 HeaderOf(call.request, "X-Maxopt-Signature"), call.text,
                                 call.context.world.wall->Now())
          : Fail(Errc::kForbidden, "");
  if (!good) {
    // Anybody may come here: nothing is kept, and who is a member is not told.
    return Refuse(403, "forbidden",
                  "this is not the signed message of a member who needs no API key",
                  "header X-Maxopt-Signature",
                  "webhook_in and secret in team.yaml; the signature holds for five minutes");
  }
  if (const auto wait = call.context.webhooks.Take(member->name)) {
    ApiError error(429, "rate_limited", "too many messages of yours", "",
                   "wait, then send the same");
    error.retry_after_s = wait;
    return std::unexpected(std::move(error));
  }
  Sender sender;
  sender.member = member->name;
  sender.via = "webhook";
  sender.by = member->name + " by signature";
  MAXOPT_TRY(const Received received, ReceiveMessage(*home, config, sender, call.text));
  call.context.world.home->Touch();
  return AnswerOf(received);
}

}  // namespace maxopt::api
