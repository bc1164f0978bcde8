#include "stages/monitor/conversions/conversions.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>

namespace maxopt {
namespace {

constexpr int kReadAtOnce = 1000;
constexpr std::chrono::minutes kCallTimeout{1};
/// A click id and a visitor belong to the first telling; the other side may add digests.
Conversion ConversionOf(const TrackedEvent& event, const std::string& word) {
  Conversion conversion;
  conversion.event = word;
  conversion.id = event.id;
  conversion.at = event.at && *event.at <= event.received_at ? *event.at : event.received_at;
  conversion.value = event.value;
  conversion.url = event.url;
  conversion.user_agent = event.user_agent;
  conversion.visitor = event.visitor;
  conversion.click_ids = event.click_ids;
  conversion.browser_ids = event.browser_ids;
  conversion.hashed = event.hashed;
  return conversion;
}

void Complete(Conversion& conversion, const TrackedEvent& second) {
  conversion.click_ids.insert(second.click_ids.begin(), second.click_ids.end());
  conversion.browser_ids.insert(second.browser_ids.begin(), second.browser_ids.end());
  conversion.hashed.insert(second.hashed.begin(), second.hashed.end());
  if (conversion.visitor.empty()) conversion.visitor = second.visitor;
  if (conversion.user_agent.empty()) conversion.user_agent = second.user_agent;
  if (conversion.url.empty()) conversion.url = second.url;
}

class Round {
 public:
  Round(const ConversionRoute& route, EventStore& events, ConversionOutbox& outbox,
        ConversionSender& sender, const Clock& clock)
      : route_(route), events_(events), outbox_(outbox), sender_(sender), clock_(clock) {
    report_.destination = DestinationOf(route);
  }

  Result<SentConversions> Run() {
    MAXOPT_CHECK(ReadNew());
    MAXOPT_CHECK(ReadSeconds());
    MAXOPT_CHECK(CheckSent());
    MAXOPT_CHECK(Retry());
    MAXOPT_CHECK(SendPending());
    MAXOPT_TRY(const auto left, outbox_.In(report_.destination, SendState::kPending, 1'000'000));
    report_.waiting = static_cast<std::int64_t>(left.size());
    return report_;
  }

 private:
  Result<> ReadNew() {
    MAXOPT_TRY(std::int64_t read_to, outbox_.ReadTo(report_.destination));
    for (;;) {
      MAXOPT_TRY(const std::vector<TrackedEvent> list, events_.List(read_to, kReadAtOnce));
      if (list.empty()) return {};
      std::vector<OutboxItem> items;
      for (const TrackedEvent& event : list) {
        read_to = event.seq;
        if (event.client != route_.client || event.probe || !route_.events.contains(event.name)) {
          continue;
        }
        OutboxItem& item = items.emplace_back();
        item.destination = report_.destination;
        item.site = event.site, item.event = event.name, item.id = event.id;
        ++report_.added;
        if (!event.consent) {
          item.state = SendState::kRefused;
          item.why = "no consent";
          ++report_.withheld;
        }
      }
      MAXOPT_CHECK(outbox_.Add(report_.destination, items, read_to));
    }
  }

  /// Second tellings, by what they are of. Conversions are few against page views.
  Result<> ReadSeconds() {
    std::int64_t after = 0;
    for (;;) {
      MAXOPT_TRY(const std::vector<TrackedEvent> list,
                 events_.List(after, kReadAtOnce, EventKind::kSecond));
      if (list.empty()) return {};
      for (const TrackedEvent& event : list) {
        after = event.seq;
        if (event.client == route_.client && event.consent && route_.events.contains(event.name)) {
          seconds_[{event.site, event.name, event.id}] = event;
        }
      }
    }
  }

  Result<> CheckSent() {
    MAXOPT_TRY(std::vector<OutboxItem> sent,
               outbox_.In(report_.destination, SendState::kSent, 100'000));
    std::map<std::string, std::vector<OutboxItem>> by_request;
    for (OutboxItem& item : sent) by_request[item.request_id].push_back(std::move(item));
    for (auto& [request, items] : by_request) {
      const auto processed = sender_.Check(request, http::After(kCallTimeout));
      if (processed && !*processed) {
        report_.accepted += static_cast<std::int64_t>(items.size());
        continue;
      }
      if (!processed && processed.error().code != Errc::kInvalidArgument) {
        report_.problem = processed.error().what;
        continue;
      }
      for (OutboxItem& item : items) {
        item.state = processed ? SendState::kDone : SendState::kRefused;
        item.why = processed ? "" : processed.error().what;
      }
      (processed ? report_.done : report_.refused) += static_cast<std::int64_t>(items.size());
      MAXOPT_CHECK(outbox_.Settle(items));
    }
    return {};
  }

  /// What was not answered is pending again while a copy is harmless.
  Result<> Retry() {
    MAXOPT_TRY(std::vector<OutboxItem> items,
               outbox_.In(report_.destination, SendState::kUnknown, 100'000));
    const Instant now = clock_.Now();
    std::vector<OutboxItem> again;
    for (OutboxItem& item : items) {
      const auto window = sender_.rules().deduplicates;
      if (window && item.first_sent_at && now - *item.first_sent_at >= *window) {
        ++report_.unknown;
        continue;
      }
      item.state = SendState::kPending;
      again.push_back(std::move(item));
    }
    return outbox_.Settle(again);
  }

  /// What could not be sent in this round stays pending, so the list shrinks or the round ends.
  Result<> SendPending() {
    while (report_.problem.empty()) {
      MAXOPT_TRY(std::vector<OutboxItem> items,
                 outbox_.In(report_.destination, SendState::kPending,
                            static_cast<int>(sender_.rules().batch_max)));
      if (items.empty()) return {};
      std::vector<OutboxItem> fit, unfit;
      std::vector<Conversion> conversions;
      for (OutboxItem& item : items) {
        MAXOPT_TRY(const auto event, events_.Find(item.site, item.event, item.id));
        const auto word = route_.events.find(item.event);
        std::optional<std::string> objection;
        std::optional<Conversion> conversion;
        if (!event || word == route_.events.end()) {
          objection = event ? "its event is not in send_conversions any more"
                            : "the event store does not have it";
        } else if (!event->consent) {
          objection = "no consent";
        } else {
          conversion = ConversionOf(*event, word->second);
          const auto second = seconds_.find({item.site, item.event, item.id});
          if (second != seconds_.end()) Complete(*conversion, second->second);
          objection = sender_.Objection(*conversion, clock_.Now());
        }
        if (objection) {
          item.state = SendState::kRefused;
          item.why = *objection;
          unfit.push_back(std::move(item));
        } else {
          conversions.push_back(*std::move(conversion));
          fit.push_back(std::move(item));
        }
      }
      report_.refused += static_cast<std::int64_t>(unfit.size());
      MAXOPT_CHECK(outbox_.Settle(unfit));
      if (!fit.empty()) MAXOPT_CHECK(SendBatch(fit, conversions));
    }
    return {};
  }

  Result<> SendBatch(std::span<OutboxItem> items, std::span<const Conversion> conversions) {
    if (!report_.problem.empty()) return {};
    MAXOPT_CHECK(outbox_.Begin({items.begin(), items.end()}, clock_.Now()));
    const auto answers = sender_.Send(conversions, http::After(kCallTimeout));
    if (answers.size() != items.size()) Bug();
    const bool all_refused =
        items.size() > 1 && std::ranges::all_of(answers, [](const auto& answer) {
          return !answer && answer.error().code == Errc::kInvalidArgument;
        });
    if (all_refused) {
      for (OutboxItem& item : items) item.state = SendState::kPending;
      MAXOPT_CHECK(outbox_.Settle({items.begin(), items.end()}));
      const std::size_t half = items.size() / 2;
      MAXOPT_CHECK(SendBatch(items.first(half), conversions.first(half)));
      return SendBatch(items.subspan(half), conversions.subspan(half));
    }
    const bool some_refused = std::ranges::any_of(answers, [](const auto& answer) {
      return !answer && answer.error().code == Errc::kInvalidArgument;
    });
    for (std::size_t i = 0; i < items.size(); ++i) {
      OutboxItem& item = items[i];
      const auto& answer = answers[i];
      item.why = answer ? "" : answer.error().what;
      if (answer) {
        item.request_id = answer->request_id;
        item.state = answer->processed ? SendState::kDone : SendState::kSent;
        ++(answer->processed ? report_.done : report_.accepted);
      } else if (answer.error().code == Errc::kInvalidArgument) {
        item.state = SendState::kRefused;
        ++report_.refused;
      } else if (answer.error().code == Errc::kUnknownOutcome ||
                 answer.error().code == Errc::kBadAnswer) {
        item.state = SendState::kUnknown;
        ++report_.unknown;
        report_.problem = answer.error().what;
      } else {
        item.state = SendState::kPending;
        // Those that were only in bad company go with the next call.
        if (!some_refused) report_.problem = answer.error().what;
      }
    }
    return outbox_.Settle({items.begin(), items.end()});
  }

  const ConversionRoute& route_;
  EventStore& events_;
  ConversionOutbox& outbox_;
  ConversionSender& sender_;
  const Clock& clock_;
  SentConversions report_;
  std::map<std::tuple<std::string, std::string, std::string>, TrackedEvent> seconds_;
};

}  // namespace

std::string DestinationOf(const ConversionRoute& route) {
  return PrintAccount(route.account) + (route.to.empty() ? "" : " " + route.to);
}

Result<SentConversions> SendConversions(const ConversionRoute& route, EventStore& events,
                                        ConversionOutbox& outbox, ConversionSender& sender,
                                        const Clock& clock) {
  return Round(route, events, outbox, sender, clock).Run();
}

}  // namespace maxopt
