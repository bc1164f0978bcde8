#pragma once
#include <string>

#include "clock/clock.h"

namespace maxopt {

/// What Max says to a teammate: the same content for programs and for people.
struct Message {
  std::string id;  ///< "m-20261122-0001", given by the store
  std::string client;
  std::string to;    ///< carlos | james | zara | lucas | maya | ben | olivia | simon | front_office
  std::string kind;  ///< implementation_status | creative_deployment | media_activation |
                     ///< implementation_details | ...
  std::string title;
  std::string about;     ///< campaign slug or plan id
  std::string json;      ///< valid against schemas/<kind>.schema.json
  std::string markdown;  ///< the same for people
  Instant created_at{};
};

}  // namespace maxopt
