#include "stages/optimize/lifts.h"

#include <algorithm>

namespace maxopt {

std::vector<ResponseData::Lift> LiftsWithin(const std::vector<FinishedLift>& lifts,
                                            const ClientHistory& history) {
  std::vector<ResponseData::Lift> out;
  for (const FinishedLift& lift : lifts) {
    const auto channel = history.past.find(lift.channel);
    if (channel == history.past.end() || lift.first < history.first || lift.last > history.last ||
        lift.first > lift.last) {
      continue;
    }
    const auto& spend = channel->second.spend;
    if (std::none_of(spend.begin(), spend.end(), [](double x) { return x > 0; })) continue;
    out.push_back({lift.channel, static_cast<std::size_t>((lift.first - history.first).count()),
                   static_cast<std::size_t>((lift.last - history.first).count()), lift.revenue,
                   lift.se, lift.spend});
  }
  return out;
}

}  // namespace maxopt
