#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "sim/meta/checks.h"
#include "sim/meta/meta.h"
#include "sim/meta/model.h"
#include "sim/meta/state.h"
#include "sim/server/conversions.h"

namespace maxopt::sim::meta {

/// Which account's quota one call went to; its usage headers follow from it.
struct Charged {
  Account* account = nullptr;
  bool insights = false;
};

/// Who writes: our application through the API, or a person in Meta's screens.
struct Writer {
  std::string person;  ///< empty: the API
};

/// Locks: calls are answered one at a time under `calls_`, and only they write. The market asks for
/// deliverable ads from any thread, with its own lock held, so every write also holds `state_`, and
/// the market is never called with `state_` held.
class MetaServer final : public PlatformServer {
 public:
  MetaServer(Market& market, Clock& clock, ServerOptions options, MetaLimits limits);
  ~MetaServer() override;

  http::Response Handle(const http::Request& request) override;
  Result<> HumanEdit(const AccountId& account, Level level, const std::string& id,
                     const Fields& changes, const std::string& actor) override;
  std::vector<Counted> Objects(const AccountId& account) const override;
  std::vector<ConversionReceiver::Count> Conversions() const override {
    return conversions_.Counts();
  }

 private:
  class Source;

  // server.cc: allowed or not, and where to
  Graph<Json> Execute(const Call& call, Charged* charged);
  Graph<> CheckVersion(const Call& call) const;
  Graph<> CheckToken(const Call& call) const;
  Graph<> Charge(Account& account, bool insights, Charged* charged);
  Graph<Json> Route(const Call& call, Charged* charged);
  Graph<Json> RouteAccount(const Call& call, Account& account);
  Graph<Json> RouteObject(const Call& call, Charged* charged);
  std::int64_t Quota(const Account& account, bool insights) const;
  http::Headers UsageHeaders(const Charged& charged) const;
  Instant Now() const { return clock_.Now(); }
  Account* FindAccount(const std::string& id);
  /// The account that has the object; null when none has.
  Account* OwnerOf(const std::string& id);
  std::string NewId();

  // batch.cc
  Graph<Json> Batch(const Call& call);

  // reads.cc
  Graph<Json> ReadAccountNode(const Call& call, Account& account);
  Graph<Json> AccountJson(const std::vector<FieldNode>& fields, Account& account);
  Graph<Json> ObjectJson(const Object& object, const std::vector<FieldNode>& fields,
                         Account& account);
  Json DerivedField(const Object& object, const std::string& name, Account& account);
  Graph<Json> EdgeField(const Object& object, const FieldNode& field, Account& account);
  Graph<Json> ListObjects(const Call& call, Account& account, Kind kind,
                          const std::string& parent_campaign, const std::string& parent_adset);
  Graph<Json> ReadByIds(const Call& call, Charged* charged);
  Json LearningStage(const Object& adset, Account& account) const;
  std::map<std::string, std::int64_t> SpentMicrosByAdSet(Account& account) const;
  std::int64_t SpentMicros(const Object& object, Account& account) const;
  Graph<Json> MinimumBudgetList() const;
  Graph<Json> DebugToken(const Call& call) const;
  Graph<Json> SearchLocations(const Call& call) const;

  // writes.cc
  Graph<Json> CreateObject(const Call& call, Account& account, Kind kind);
  Graph<Object> BuildCreative(const Params& params, Account& account);
  Graph<Json> UpdateObject(const Params& params, int version_major, Account& account,
                           const Object& object, const Writer& writer);
  Graph<Json> DeleteObject(Account& account, const Object& object, const Writer& writer);
  Graph<Json> DeleteCampaigns(const Call& call, Account& account);
  Graph<Json> UploadImages(const Call& call, Account& account);
  Graph<Json> DeleteImage(const Call& call, Account& account);
  Graph<Json> UploadVideo(const Call& call, Account& account);
  Graph<Json> CreatePixel(const Call& call, Account& account);
  Graph<Json> UpdateAccount(const Call& call, Account& account);
  Graph<> CheckBudgetRate(const Object& object, const Json& given) const;
  /// Sets the status of an object, and of everything below it when it goes away. Needs `state_`.
  void SetStatus(Account& account, Object& object, const std::string& status);

  // reports.cc
  Graph<Json> Insights(const Call& call, Account& account, Level level, const std::string& node_id);
  Graph<Json> StartRun(const Call& call, Account& account, Level level, const std::string& node_id);
  Graph<Json> ReadRun(ReportRun& run, const Call& call, Account& account);
  Graph<Json> RunInsights(ReportRun& run, const Call& call, Account& account);
  Graph<Json> AnswerInsights(const Call& call, const Params& params, Account& account, Level level,
                             const std::string& node_id, Instant as_of);
  void Poll(ReportRun& run) const;

  // activities.cc
  void Record(Account& account, const Object& object, std::string event_type, std::string category,
              const Writer& writer, const Json& extra);
  void RecordChanges(Account& account, const Object& before, const Object& after,
                     const Writer& writer);
  Graph<Json> ListActivities(const Call& call, Account& account) const;

  Market& market_;
  Clock& clock_;
  const ServerOptions options_;
  const MetaLimits limits_;
  ConversionReceiver conversions_{clock_};
  mutable std::mutex calls_;
  mutable std::mutex state_;
  std::map<std::string, Account> accounts_;  ///< by id
  std::vector<std::unique_ptr<Source>> sources_;
  std::atomic<std::uint64_t> traces_{0};
  std::uint64_t next_id_;
};

/// One page of a list, with its links. `begin` and `end` are the cursors of its first and last
/// item.
Json Page(const Call& call, std::vector<Json> items, const std::string& begin,
          const std::string& end, bool more_before, bool more_after);
/// `limit`: 25 by default, 500 at most; code 1 for what no page could hold.
Graph<std::size_t> PageLimit(const Params& params);
Graph<std::optional<std::string>> CursorOf(const Params& params, std::string_view name);
/// The window of a list that `limit`, `after` and `before` ask for, given the items' cursor keys.
struct Window {
  std::size_t begin;
  std::size_t end;
};
Graph<Window> PageWindow(const Params& params, const std::vector<std::string>& keys);
/// [begin, end) of `items` as a page; `keys` are the items' cursor keys.
Json PageOf(const Call& call, std::vector<Json> items, const std::vector<std::string>& keys,
            Window window);

}  // namespace maxopt::sim::meta
