#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"

namespace maxopt {

enum class ChangeAction { kCreate, kUpdate };  // removal is an update of "status" to "removed"
std::string_view ChangeActionName(ChangeAction action);

/// Why a change is proposed. One word, counted in reports; the sentence is in Change::why.
enum class Reason {
  kLaunch,      // set-up from documents
  kActivate,    // switch on what was created paused
  kReallocate,  // marginal return says so
  kPace,        // land the flight on its budget
  kPause,       // stop what loses or is unsafe
  kRule,        // a rule of the client
  kBid,         // value of a further unit at another bid or target
  kDaypart,     // hours of the week
  kPlace,       // countries, regions, cities
  kAudience,    // people to include or leave out
  kKeyword,     // searches to buy or to leave out
  kRotate,      // creatives: shares, tired ones out, proven ones on
  kModel,       // a language model proposed it: a person decides, whatever the policy says
  kExperiment,  // deliberate difference, so that an effect can be measured
  kManual,      // a person asked
  kUndo,        // inverse of an earlier change
};
std::string_view ReasonName(Reason reason);
/// All of them, in the order above.
std::span<const Reason> AllReasons();
/// Changes that nobody asked for: Max proposes them by itself.
bool IsAutomatic(Reason reason);
/// Whether a policy may let such changes pass without a person (auto_approve): automatic ones and
/// an activation, which was asked for at the launch; never what a language model proposed.
bool MayPassAlone(Reason reason);

/// Predicted effect of a change on the client's KPI per day, in its own unit, 90 % interval.
struct Prediction {
  std::string kpi;  ///< "revenue", "conversions"
  double mean;
  double low90;
  double high90;
  int horizon_days;
  /// The client's, of a KPI that is money; absent of counts (and in plans of older versions).
  std::optional<Currency> currency{};
};
/// What a prediction is counted in: "conversions", "revenue (EUR)".
std::string KpiText(const Prediction& prediction);
/// The same of a KPI alone: "conversions", "EUR of revenue".
std::string KpiUnit(const std::string& kpi, std::optional<Currency> currency);
/// "+12.30 EUR of revenue a day (90 %: +1.00 to +20.00)".
std::string EffectText(const Prediction& prediction);

/// A field to be filled with the platform's id of an object that an earlier change of the plan
/// makes (or that we own already): an ad's "image", a carousel's "images" (one link a picture, in
/// order), an ad group's "pixel_id".
struct Link {
  std::string field;
  std::string address;
  friend bool operator==(const Link&, const Link&) = default;
};

/// One write to one object of one account. Only the fields that change are in `before`/`after`;
/// fields not named here are never sent.
struct Change {
  std::string key;  ///< unique over all time; the marker and TikTok's request_id derive from it
  ChangeAction action = ChangeAction::kUpdate;
  AccountId account;
  Level level = Level::kCampaign;
  std::string address;  ///< ours, stable: "spring/search-generic" , ".../ad_group:core/ad:v1"
  std::string id;       ///< the platform's id; empty for a create
  std::string
      parent_address;     ///< of a create below another object; its id is looked up in the journal
  std::string parent_id;  ///< filled before sending
  Fields before;          ///< as read when planned; empty for a create
  Fields after;           ///< as wanted; for a create all fields, status always "paused"
  Reason reason = Reason::kManual;
  std::string why;       ///< one sentence with its numbers
  std::string evidence;  ///< JSON object: what the sentence rests on
  std::optional<Prediction> prediction;
  std::vector<Link> links;  ///< filled into `after` before sending
  /// Fields of `after` that someone else owns and that a person decided to overwrite: never
  /// approved by a policy alone.
  std::vector<std::string> forced;
};

/// Deterministic mark put at the end of the name of what we create, by which it is found again when
/// an answer was lost: " ~" and 10 characters of [0-9a-z] from SHA-256 of the change key.
std::string MarkerOf(std::string_view change_key);
/// Name with the marker; a name that has it already is returned as it is.
std::string WithMarker(std::string_view name, std::string_view change_key);
/// Name without a marker, for people.
std::string WithoutMarker(std::string_view name);
/// A positive 63-bit number as text, from the same digest: TikTok's body request_id.
std::string RequestIdOf(std::string_view change_key);

/// What Writer::Apply says was done.
struct Applied {
  std::string id;            ///< the object's platform id
  std::string platform_ref;  ///< the platform's request id, for support tickets
};

}  // namespace maxopt
