#pragma once
#include <vector>

#include "domain/message.h"
#include "stages/setup/checks/checks.h"
#include "stages/setup/compile/compile.h"

namespace maxopt {

/// How far a set-up has come, as the four teammates want to know it.
struct SetupState {
  const CampaignDocuments* documents;
  const Desired* desired;
  const LiveState* live;       ///< trees and owned objects, read after the last write
  const Checklist* checklist;  ///< the newest
  std::vector<Plan> plans;     ///< of this campaign, newest first, for what happened and when
  Instant now{};
};

/// The four outputs of set-up, each as JSON (schemas/<kind>.schema.json) and as Markdown made from
/// that JSON: implementation_status to carlos, creative_deployment to lucas, media_activation to
/// james, implementation_details to maya. Pure; the same state gives the same bytes.
std::vector<Message> SetupMessages(const SetupState& state);

}  // namespace maxopt
