#include "stages/optimize/steering.h"

#include "domain/plan.h"

namespace maxopt {
Result<Steering> ReadSteering(CampaignStore& store, const Client& client) {
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  MAXOPT_TRY(const std::vector<Plan> plans, store.Plans(std::nullopt, kAllPlans));
  Steering out;
  // Newest first, so the last word on what was there before is the oldest plan's.
  for (const Plan& plan : plans) {
    if (plan.client != client.name || !plan.approval || !plan.approval->used_at) continue;
    bool moved = false;
    for (const Change& change : plan.changes) {
      const Money* before = MoneyField(change.before, "daily_budget");
      if (change.reason != Reason::kReallocate || !before) continue;
      out.home.insert_or_assign(std::pair{change.account, change.id}, *before);
      moved = true;
    }
    if (!moved) continue;
    const Day day = zone.DayOf(*plan.approval->used_at);
    if (!out.last || day > *out.last) out.last = day;
    if (!out.first || day < *out.first) out.first = day;
  }
  return out;
}

}  // namespace maxopt
