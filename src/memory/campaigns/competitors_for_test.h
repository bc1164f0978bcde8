#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "memory/campaigns/team.h"

namespace maxopt {

/// Maya's message `id` about the client Alpenglow: one finding, seen on `observed_on`.
inline void SendCompetitorMove(CampaignStore& store, const std::string& id, Instant received_at,
                               const std::string& observed_on, const nlohmann::json& finding,
                               const std::string& state = "done") {
  InboxRow row;
  row.sender = "maya";
  row.id = row.digest = id;
  row.client = "Alpenglow";
  row.kind = "competitive_intelligence";
  row.state = state;
  row.received_at = received_at;
  nlohmann::json message;
  message["body"]["observed_on"] = observed_on;
  message["body"]["findings"] = nlohmann::json::array({finding});
  row.content = message.dump();
  ASSERT_TRUE(AddToInbox(store, row));
}

}  // namespace maxopt
