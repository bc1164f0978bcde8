#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "decide/alerting/alerting.h"
#include "memory/campaigns/campaigns.h"

/// Alerts, the outbox of their notifications, silences and feedback, kept in the campaign memory.
/// Thread-safe as the store is. Errors: kLocal with the file's name; kNotFound.
namespace maxopt {

/// Open alerts, and ended ones whose end is still to be told: what a round works on.
Result<std::vector<AlertEntry>> LiveAlerts(CampaignStore& store);
/// The first free number of the day for "a-YYYYMMDD-NNNN".
Result<int> NextAlertNumber(CampaignStore& store, Instant now);
/// When each channel and group was last written to, as far as notifications reach back to `since`.
Result<std::map<std::pair<std::string, std::string>, Instant>> GroupsTold(CampaignStore& store,
                                                                          Instant since);

/// pending: to be sent at next_at. sending: a sender has it; when its lease passed the sender died,
/// and whether it was sent is not known. unknown: sent, but the answer did not come; it is tried
/// again under the same key. sent, failed (given up; how says why) and superseded (a repeat that a
/// later notification made pointless) are final.
struct QueuedNotification {
  Notification notification;
  std::string content;  ///< what is said, rendered once, so that every try says the same
  std::string state = "pending";
  int attempts = 0;
  Instant next_at{};
  std::string how{};       ///< of the newest try
  bool uncertain = false;  ///< an earlier try may have arrived
};

/// Keeps a round in one transaction: what was decided is told, what is not kept was not decided. A
/// notification whose key is known is left as it is.
Result<> SaveAlertRound(CampaignStore& store, const std::vector<AlertEntry>& entries,
                        const std::vector<QueuedNotification>& notifications);

/// Takes what is due for sending, oldest first, at most one of each channel and group: a group's
/// notifications are told in their order. Pending repeats behind which another one waits are
/// superseded. What is taken counts an attempt and belongs to the caller until now + lease.
Result<std::vector<QueuedNotification>> ClaimNotifications(CampaignStore& store, Instant now,
                                                           std::chrono::seconds lease, int limit);
/// Gives back what was claimed, with its outcome. kConflict when it is not `sending`.
Result<> SettleNotification(CampaignStore& store, const std::string& key, const std::string& state,
                            const std::string& how, Instant next_at);
/// Newest first; of one alert, one client or one state when given.
struct NotificationQuery {
  std::string alert, client, state;
  int limit = 100;
};
Result<std::vector<QueuedNotification>> Notifications(CampaignStore& store,
                                                      const NotificationQuery& query);

struct AlertQuery {
  std::string client;  ///< empty: all
  bool all = false;    ///< ended ones too
  int limit = -1;      ///< the newest so many; below 0: every one
};
/// Newest first.
Result<std::vector<AlertEntry>> Alerts(CampaignStore& store, const AlertQuery& query);
Result<AlertEntry> GetAlert(CampaignStore& store, const std::string& id);
/// kConflict when it is over or was acknowledged before, by name.
Result<> AcknowledgeAlert(CampaignStore& store, const std::string& id, const std::string& by,
                          Instant at);

/// Gives it its id. kInvalidArgument for a matcher that cannot be read, or until <= from.
Result<Silence> SaveSilence(CampaignStore& store, Silence silence);
/// Those that have not ended at `now`; all that ever were with `all`. Newest first.
Result<std::vector<Silence>> Silences(CampaignStore& store, Instant now, bool all);
/// Ends it now.
Result<> EndSilence(CampaignStore& store, long long id, Instant now);

/// Whether an alert was worth it, as one person says; saying it again replaces it.
Result<> SaveAlertFeedback(CampaignStore& store, const std::string& alert, const std::string& by,
                           bool useful, const std::string& why, Instant at);
/// What the thresholds are tuned by.
struct AlertFeedback {
  std::string client, detector, kpi, fingerprint;
  int useful = 0;
  int not_useful = 0;
  std::vector<std::string> whys{};  ///< newest first
};
/// By client (all when empty), detector and fingerprint.
Result<std::vector<AlertFeedback>> AlertFeedbackCounts(CampaignStore& store,
                                                       const std::string& client);

}  // namespace maxopt
