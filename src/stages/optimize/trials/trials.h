#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apply/apply.h"
#include "domain/message.h"
#include "measure/lift/lift.h"
#include "memory/campaigns/trials.h"
#include "memory/facts/facts.h"
#include "stages/optimize/history.h"

/// Experiments on the running account: what is worth measuring, started and kept going through the
/// one door, ended, undone and read. Nothing is written to a platform without an approved plan;
/// `auto_approve: [experiment]` lets those of a trial pass alone.
/// Docs     docs/experiments.md
namespace maxopt {

struct TrialsWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  Door* door;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
  std::function<std::string(std::string_view)> channel_of;  ///< as in OptimizeWorld
  FitFunction fit = FitResponse;
};

enum class TrialKind {
  kSwitchback,       ///< one channel off (or down, or up) and back by blocks of days
  kGeoHoldout,       ///< one channel rests in some places
  kRotatingHoldout,  ///< all advertising rests in a few places, by turns, always
  kComparison,       ///< 2 to 4 arms of the documents beside each other
};
std::string_view TrialKindName(TrialKind kind);  ///< "switchback", "geo_holdout", ...

enum class TrialState {
  kProposed,  ///< nothing is done yet
  kStarting,  ///< its objects are locked, its first plan is not through yet
  kRunning,
  kEnding,    ///< what it changed is being put back
  kSettling,  ///< put back; late orders are waited for
  kMeasured,  ///< read: `results`
  kStopped,   ///< ended before it could be read; `why` says how
};
std::string_view TrialStateName(TrialState state);

/// One field of one object that a trial moves.
struct TrialMove {
  AccountId account;
  Level level = Level::kCampaign;
  std::string id, campaign_id, address, name;
  std::string field;  ///< "status", "daily_budget", "countries", "excluded_locations"
  FieldValue base;    ///< as it was found, and is put back
  FieldValue on;      ///< `base`, but where a budget is raised
  FieldValue off;     ///< `base` where a budget is raised, else held back
};

/// Which side the account was on, from when: the plans as they went through.
struct TrialSwitch {
  Instant at{};
  bool on = true;
  std::string plan;  ///< empty: as it was found
};

/// How much a reading can bear. kStrong: the client's own books, days or places dealt by lot, as
/// planned. kModerate: books, but the deal was disturbed or few units are behind it. kWeak: claims
/// of platforms, or one stretch of days. kNone: nothing could be read.
enum class EvidenceGrade { kNone, kWeak, kModerate, kStrong };
std::string_view EvidenceGradeName(EvidenceGrade grade);

/// What a trial found. Amounts in the client's currency, counts as they are.
struct TrialReading {
  Instant at{};
  Day first{}, last{};            ///< of the test
  std::string method, variant;    ///< "switchback", "tbr", "bsts", "always_valid", ...; in words
  std::string kpi;                ///< "revenue", "claimed_revenue", "ctr", "cvr", ...
  std::optional<Estimate> daily;  ///< what the action brings a day at the spend it had, 95 %
  std::optional<Estimate> total;  ///< over the days and places of the test on which it was on
  std::optional<Estimate> lift;   ///< relative
  std::optional<double> p_value;
  std::optional<double> spend;                                      ///< that `total` belongs to
  double predicted = 0, predicted_low90 = 0, predicted_high90 = 0;  ///< of `daily`, beforehand
  bool has_prediction = false;
  int pre_days = 0;                     ///< before the test
  std::optional<double> pre_r_squared;  ///< how well they were foretold
  EvidenceGrade grade = EvidenceGrade::kNone;
  std::string conclusion;           ///< one sentence with its numbers
  std::vector<std::string> notes;   ///< what disturbed it
  std::string winner;               ///< of a comparison: the arm; empty: none
  std::string plan;                 ///< that keeps the winner
  std::vector<std::string> places;  ///< of a turn
};

/// Why it is worth doing. Amounts in the client's currency.
struct TrialDesign {
  int days = 0;
  double effect = 0;  ///< expected, a day, of what is switched: the posterior mean
  double effect_low90 = 0, effect_high90 = 0;
  double se = 0;     ///< of the answer, a day
  double mde = 0;    ///< smallest effect a day found with 80 % power at 95 %
  double power = 0;  ///< to find the expected effect
  double cost = 0;   ///< expected revenue forgone less money saved, over the trial; at least 0
  double forgone = 0, saved = 0;
  double worth = 0;  ///< expected gain of deciding with the answer, over the horizon
  int horizon_days = 0;
  double place_share = 1;  ///< of the channel's spend in the places that rest
  double net() const { return worth - cost; }
};

struct Trial {
  std::string id;  ///< "alpenglow/meta-social-prospecting-pause-20261123"
  std::string client;
  TrialKind kind = TrialKind::kSwitchback;
  TrialState state = TrialState::kProposed;
  std::string channel;  ///< as the optimiser calls it; empty: all
  std::string title, why;
  std::string source;    ///< "books" | "claims": what it is read on
  std::string variable;  ///< of a comparison: "creative", "audience", "bid"
  std::vector<TrialMove> moves;
  std::vector<std::string> places;                                      ///< that rest
  std::map<std::string, std::map<std::string, std::string>> place_ids;  ///< place, platform -> id
  std::map<std::string, double> place_sizes;  ///< rotating: sales when first seen
  bool turn_through = false;                  ///< rotating: this turn's places do rest
  int block_days = 0, burn_in_days = 0;
  std::vector<bool> schedule;  ///< on, by block
  TrialDesign design;
  Day start{}, end{};  ///< whole days, inclusive; of a proposal as if it began tomorrow
  Instant proposed_at{};
  std::string started_by;
  std::string plan;  ///< the newest plan of it
  std::string step;  ///< that this plan is for: "block 3", "put back", ...
  std::vector<TrialSwitch> switches;
  bool stopping = false;  ///< ended before its time
  std::vector<TrialReading> readings;
  std::vector<std::string> notes;
  bool open() const {
    return state == TrialState::kStarting || state == TrialState::kRunning ||
           state == TrialState::kEnding || state == TrialState::kSettling;
  }
};

/// By id; proposals too. Errors: kLocal for a row that cannot be read.
Result<std::vector<Trial>> TrialsOf(CampaignStore& store, const std::string& client);

struct TrialOptions {
  int history_days = 420;
  ResponseOptions response{};
  /// For how long an answer is acted on. A quarter: creatives, prices and competitors change.
  int horizon_days = 90;
  double gross_margin = 1;  ///< of revenue, (0, 1]; where it is not known, all of it
  bool all = false;         ///< also channels whose data can tell
};

struct TrialProposals {
  std::vector<Trial> trials;           ///< worth more than they cost, best first; stored
  std::vector<std::string> not_worth;  ///< considered, and why not
  std::vector<std::string> notes;      ///< what there is to read trials on
  double money_elsewhere = 1;  ///< what a unit of money brings in the other channels, at the margin
};
/// Designs trials of the client's channels and values them. Replaces earlier proposals.
/// Errors: as ReadClientHistory and FitResponse; kRefused while a tracking signal is broken.
Result<TrialProposals> ProposeTrials(const TrialsWorld& world, const std::string& client,
                                     const Policy* policy, const TrialOptions& options = {});

/// Locks what the trial moves and proposes its first plan, which passes alone where the policy lets
/// it. Again on a trial that was cut off: goes on with it.
/// Errors: kNotFound; kRefused without a policy or for a proposal older than two weeks; kConflict
/// when another experiment holds one of its objects or it has ended.
Result<Trial> StartTrial(const TrialsWorld& world, const std::string& client, const std::string& id,
                         const std::string& by, const Policy* policy);
/// Puts back what it changed, reads what can be read.
Result<Trial> StopTrial(const TrialsWorld& world, const std::string& client, const std::string& id,
                        const std::string& by, const Policy* policy);

struct TrialRound {
  std::vector<std::string> done;      ///< what was done, a sentence each
  std::vector<std::string> waiting;   ///< for a person or for days to come
  std::vector<std::string> problems;  ///< tried again by the next round
};
/// One round of all trials of the client: switches what is due, ends what is over, puts back,
/// reads, keeps the rotating holdout of the policy, looks at comparisons. Safe to repeat at any
/// time.
Result<TrialRound> AdvanceTrials(const TrialsWorld& world, const std::string& client,
                                 const Policy* policy);

/// Keeps a file of the client's books by place: CSV with day, place and revenue, and where a place
/// is no country (two letters) its location id by platform in columns named google_ads, meta,
/// tiktok. A later file replaces the days and places that it names. kInvalidArgument with the line.
Result<int> SavePlaceBooks(CampaignStore& store, const std::string& client, const std::string& name,
                           std::string_view csv, Instant at);

/// What a reading tells the team, for the outbox: experiment_result to carlos, and to lucas
/// (creatives) or olivia (audiences) where arms were compared
/// (schemas/experiment_result.schema.json).
std::vector<Message> ResultMessages(const Trial& trial, const TrialReading& reading, Instant now);

/// For people and for programs.
std::string TrialText(const Trial& trial);
std::string TrialJson(const Trial& trial);
std::string ProposalsText(const TrialProposals& proposals, Currency currency);
std::string ProposalsJson(const TrialProposals& proposals);

}  // namespace maxopt
