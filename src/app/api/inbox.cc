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

}  // namespace maxopt::api
