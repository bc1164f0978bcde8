#include "stages/monitor/review/review.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

struct Word {
  Platform platform;  // kOther: everywhere
  std::string_view word;
  std::string_view state;
};
/// Google: PolicyApprovalStatus, PolicyReviewStatus, CustomerStatus. Meta: effective_status of Ad,
/// account_status. TikTok: secondary_status, review_status, status of advertisers.
constexpr Word kWords[] = {
    {Platform::kOther, "pending", "pending"},
    {Platform::kOther, "approved", "approved"},
    {Platform::kOther, "limited", "limited"},
    {Platform::kOther, "rejected", "rejected"},
    {Platform::kOther, "suspended", "suspended"},
    {Platform::kOther, "disabled", "suspended"},
    {Platform::kGoogleAds, "review_in_progress", "pending"},
    {Platform::kGoogleAds, "under_appeal", "pending"},
    {Platform::kGoogleAds, "disapproved", "rejected"},
    {Platform::kGoogleAds, "approved_limited", "limited"},
    {Platform::kGoogleAds, "area_of_interest_only", "limited"},
    {Platform::kMeta, "pending_review", "pending"},
    {Platform::kMeta, "in_process", "pending"},
    {Platform::kMeta, "preapproved", "approved"},
    {Platform::kMeta, "disapproved", "rejected"},
    {Platform::kMeta, "with_issues", "limited"},
    {Platform::kMeta, "unsettled", "suspended"},
    {Platform::kMeta, "pending_risk_review", "suspended"},
    {Platform::kTikTok, "ad_status_audit", "pending"},
    {Platform::kTikTok, "ad_status_reaudit", "pending"},
    {Platform::kTikTok, "ad_status_audit_deny", "rejected"},
    {Platform::kTikTok, "ad_status_adgroup_audit_deny", "rejected"},
    {Platform::kTikTok, "ad_status_review_partially_approved", "limited"},
    {Platform::kTikTok, "ad_status_partial_audit_delivery_ok", "limited"},
    {Platform::kTikTok, "ad_status_partial_audit_no_delivery", "rejected"},
    {Platform::kTikTok, "ad_status_delivery_ok", "approved"},
    {Platform::kTikTok, "all_available", "approved"},
    {Platform::kTikTok, "part_available", "limited"},
    {Platform::kTikTok, "unavailable", "rejected"},
    {Platform::kTikTok, "advertiser_account_punish", "suspended"},
    {Platform::kTikTok, "status_limit", "suspended"},
    {Platform::kTikTok, "status_disable", "suspended"},
};

/// Time that counts towards a review: all of it, on Google without Saturdays and Sundays.
std::chrono::seconds ReviewTime(Platform platform, Instant from, Instant to) {
  if (platform != Platform::kGoogleAds) {
    return std::chrono::duration_cast<std::chrono::seconds>(to - from);
  }
  Instant::duration sum{0};
  for (Instant at = from; at < to;) {
    const auto day = std::chrono::floor<days>(at);
    const Instant end = std::min<Instant>(to, day + days(1));
    if (std::chrono::weekday(day).iso_encoding() <= 5) sum += end - at;
    at = end;
  }
  return std::chrono::duration_cast<std::chrono::seconds>(sum);
}

std::string ReasonsOf(const Entity& entity) {
  return fmt::format("{}", fmt::join(ListField(entity.fields, "review_reasons"), "; "));
}

/// The review state of an object, or "" where it has none.
std::string StateOf(Platform platform, const Entity& entity) {
  const std::string review = TextField(entity.fields, "review_status");
  if (!review.empty()) {
    const std::string_view known = ReviewStateOf(platform, review);
    return known.empty() ? Lower(review) : std::string(known);  // a new word is kept as it is
  }
  if (entity.level == Level::kAd) {
    return std::string(ReviewStateOf(platform, TextField(entity.fields, "platform_status")));
  }
  return TextField(entity.fields, "effective_status") == "rejected" ? "rejected" : "";
}

std::vector<std::string> TextsOf(const Entity& ad) {
  std::vector<std::string> texts = ListField(ad.fields, "headlines");
  const auto& more = ListField(ad.fields, "descriptions");
  texts.insert(texts.end(), more.begin(), more.end());
  return texts;
}

}  // namespace

std::string_view ReviewStateOf(Platform platform, std::string_view word) {
  const std::string lower = Lower(word);
  for (const Word& entry : kWords) {
    if (entry.word == lower && (entry.platform == platform || entry.platform == Platform::kOther)) {
      return entry.state;
    }
  }
  return "";
}

int UsualReviewHours(Platform platform) {
  switch (platform) {
    case Platform::kGoogleAds:  // "most ads are reviewed within one business day"
    case Platform::kMeta:       // "typically reviewed within 24 hours"
    case Platform::kTikTok:     // "within 24 hours"
      return 24;
    case Platform::kMicrosoft:
    case Platform::kLinkedIn:
    case Platform::kAmazon:
    case Platform::kPinterest:
    case Platform::kSnapchat:
    case Platform::kReddit:
    case Platform::kX:
    case Platform::kOther:
      return 0;
  }
  Bug();
}

std::string SuggestFix(const PlatformSpec* spec, const Entity& ad,
                       const std::vector<std::string>& reasons) {
  if (spec == nullptr) return "";
  const std::string told = Lower(fmt::format("{}", fmt::join(reasons, " ")));
  const std::vector<std::string> texts = TextsOf(ad);
  std::vector<std::string> fixes;
  std::set<std::string> named;
  for (const ReviewRule& rule : spec->review_rules) {
    bool phrase_found = false;
    for (std::size_t at = 0; at < rule.pattern.size();) {
      const std::size_t end = std::min(rule.pattern.find('|', at), rule.pattern.size());
      const std::string phrase = Lower(rule.pattern.substr(at, end - at));
      at = end + 1;
      if (phrase.empty()) continue;
      for (const std::string& text : texts) {
        if (Lower(text).find(phrase) == std::string::npos) continue;
        phrase_found = true;
        if (named.insert(phrase + text).second) {
          fixes.push_back(fmt::format("take \"{}\" out of \"{}\" ({})", phrase, text, rule.what));
        }
      }
    }
    // The platform's word for its policy is often ours: UNRELIABLE_CLAIMS.
    std::string spaced = rule.id;
    std::ranges::replace(spaced, '_', ' ');
    if (!phrase_found &&
        (told.find(rule.id) != std::string::npos || told.find(spaced) != std::string::npos)) {
      fixes.push_back(fmt::format("keep to its rule on {}: {}", spaced, rule.what));
    }
  }
  // The words that the platform itself quotes as evidence.
  for (std::size_t at = told.find('"'); at != std::string::npos && at + 1 < told.size();) {
    const std::size_t end = told.find('"', at + 1);
    if (end == std::string::npos) break;
    const std::string quoted = told.substr(at + 1, end - at - 1);
    for (const std::string& text : texts) {
      if (!quoted.empty() && Lower(text).find(quoted) != std::string::npos &&
          named.insert(quoted + text).second) {
        fixes.push_back(fmt::format("take \"{}\" out of \"{}\"", quoted, text));
      }
    }
    at = told.find('"', end + 1);
  }
  if (fixes.empty() && !reasons.empty()) {
    return fmt::format(
        "read what the platform says ({}), change the ad and send it in again; "
        "where it is wrong, ask for another review",
        fmt::join(reasons, "; "));
  }
  return fmt::format("{}", fmt::join(fixes, "; "));
}

ReviewFindings JudgeReviews(const ReviewInput& input, const PlatformSpecs& specs) {
  ReviewFindings out;
  const AccountTree& tree = *input.tree;
  const AccountId& account = tree.info.account;
  const PlatformSpec* spec = specs.Find(account.platform);
  std::map<std::pair<Level, std::string>, const ReviewState*> before;
  for (const ReviewState& state : input.before) before[{state.level, state.id}] = &state;
  std::map<std::string, const Entity*> by_id;
  for (const Entity& entity : tree.entities) by_id[entity.id] = &entity;
  const auto running = [&](const Entity& entity) {
    const auto on = [](const Entity* e) {
      return e != nullptr && TextField(e->fields, "status") == kActive;
    };
    const auto find = [&](const std::string& id) {
      const auto at = by_id.find(id);
      return at == by_id.end() ? nullptr : at->second;
    };
    return on(&entity) && (entity.parent_id.empty() || on(find(entity.parent_id))) &&
           (entity.campaign_id.empty() || on(find(entity.campaign_id)));
  };
  const auto note = [&](const ReviewState& now, const ReviewState* was,
                        const nlohmann::json& body) {
    const bool fresh = was == nullptr;
    const bool changed = !fresh && (was->state != now.state || was->reason != now.reason);
    if (changed || (fresh && (now.state == "rejected" || now.state == "limited" ||
                              now.state == "suspended"))) {
      out.events.push_back({now, fresh ? "" : was->state, input.now,
                            body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    }
  };

  // The account itself.
  Money all = Money::Zero(tree.info.currency);
  for (const auto& [id, spend] : input.daily_spend) all += spend;
  std::string account_state(ReviewStateOf(account.platform, tree.info.status));
  if (account_state != "suspended") account_state = "approved";
  {
    const auto at = before.find({Level::kAccount, account.id});
    const ReviewState* was = at == before.end() ? nullptr : at->second;
    ReviewState now{account,       Level::kAccount,
                    account.id,    tree.info.name,
                    account_state, account_state == "suspended" ? tree.info.status : "",
                    input.now};
    if (was != nullptr && was->state == now.state) now.since = was->since;
    nlohmann::json body{{"spend_at_risk", PrintMoney(all)}};
    note(now, was, body);
    if (account_state == "suspended") {
      Condition c{.client = input.client, .detector = "review", .account = account, .title = {}};
      c.name = tree.info.name;
      c.tier = AlertTier::kCritical;
      c.title = fmt::format("Account {} is {}: nothing in it runs, {} a day are at risk",
                            tree.info.name, tree.info.status, PrintMoney(all));
      c.actual = tree.info.status;
      c.expected = "active";
      c.at_stake = all;
      c.since = now.since;
      c.proposal = "Ask the platform's support why; change nothing in the account until it says.";
      out.conditions.push_back(std::move(c));
    }
    out.states.push_back(std::move(now));
  }

  for (const Entity& entity : tree.entities) {
    const std::string state = StateOf(account.platform, entity);
    if (state.empty() || TextField(entity.fields, "status") == kRemoved) continue;
    const auto at = before.find({entity.level, entity.id});
    const ReviewState* was = at == before.end() ? nullptr : at->second;
    ReviewState now{
        account, entity.level,      entity.id, WithoutMarker(TextField(entity.fields, "name")),
        state,   ReasonsOf(entity), input.now};
    if (was != nullptr && was->state == now.state) {
      now.since = was->since;
    } else if (was == nullptr && state == "pending") {
      // Seen for the first time: it has been waiting since it was made, where that is told.
      const auto made = ParseInstant(TextField(entity.fields, "created_at"));
      if (made && *made < input.now) now.since = *made;
    }
    const auto spent = input.daily_spend.find(entity.id);
    const std::optional<Money> risk =
        spent == input.daily_spend.end() ? std::nullopt : std::optional(spent->second);
    const bool bad = state == "rejected" || state == "limited";
    const std::string fix =
        bad ? SuggestFix(spec, entity, ListField(entity.fields, "review_reasons")) : "";
    nlohmann::json body = nlohmann::json::object();
    if (!entity.campaign_id.empty()) body["campaign"] = entity.campaign_id;
    if (bad && risk) body["spend_at_risk"] = PrintMoney(*risk);
    if (!fix.empty()) body["fix"] = fix;
    note(now, was, body);

    const int usual = UsualReviewHours(account.platform);
    const auto waited = ReviewTime(account.platform, now.since, input.now);
    const bool late = state == "pending" && usual > 0 && waited > hours(usual);
    if ((bad || late) && running(entity)) {
      Condition c{.client = input.client, .detector = "review", .account = account, .title = {}};
      c.level = entity.level;
      c.object_id = entity.id;
      c.name = now.name;
      c.since = now.since;
      c.at_stake = risk;
      c.actual = state;
      c.expected = "approved";
      const bool spends = risk && !risk->zero() && !risk->negative();
      c.tier = state == "limited" && !spends ? AlertTier::kInfo : AlertTier::kWarning;
      const std::string cost = spends ? fmt::format("; it spent {} a day", PrintMoney(*risk)) : "";
      if (late) {
        c.title = fmt::format("{} {} has been in review for {} hours, {} are usual on {}",
                              LevelName(entity.level), now.name, waited / hours(1), usual,
                              PlatformName(account.platform));
        c.proposal = "Ask the platform's support; an edit would start the review again.";
      } else {
        c.title = fmt::format("{} {} is {}{}{}", LevelName(entity.level), now.name, state,
                              now.reason.empty() ? "" : ": " + now.reason, cost);
        if (!now.reason.empty()) c.evidence.push_back("The platform says: " + now.reason);
        c.proposal = fix;
      }
      out.conditions.push_back(std::move(c));
    }
    out.states.push_back(std::move(now));
  }
  return out;
}

namespace {

Result<std::map<std::string, Money>> DailySpend(FactStore& facts, const AccountInfo& info,
                                                Day today) {
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"ad"};
  query.filters = {{"account", {PrintAccount(info.account)}}};
  query.from = today - days(7);
  query.to = today - days(1);
  query.level = Level::kAd;
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  std::map<std::string, Money> out;
  std::size_t ad = table.columns.size(), spend = ad;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i] == "ad_id") ad = i;
    if (table.columns[i] == "spend") spend = i;
  }
  if (ad == table.columns.size() || spend == table.columns.size()) Bug();  // we asked for them
  for (const auto& row : table.rows) {
    if (row[spend].kind != FactCell::Kind::kMoney || row[ad].text.empty()) continue;
    out.insert_or_assign(row[ad].text,
                         Money::Micros(row[spend].integer, info.currency).SplitEvenly(7));
  }
  return out;
}

}  // namespace

Result<ReviewReport> LookAtReviews(const MonitorWorld& world, const std::string& client) {
  ReviewReport out;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  for (const ClientAccount& account : accounts) {
    if (!client.empty() && account.client != client) continue;
    const AccountId& id = account.info.account;
    const auto problem = [&](const Error& error) {
      out.problems.push_back(fmt::format("{}: {}", PrintAccount(id), error.what));
    };
    const auto reader = world.reader(id);
    if (!reader) {
      problem(reader.error());
      continue;
    }
    const auto tree = (*reader)->ReadAccount(id, http::After(std::chrono::seconds(120)));
    if (!tree) {
      problem(tree.error());
      continue;
    }
    const auto zone = Zone::Find(tree->info.zone);
    if (!zone) {
      problem(zone.error());
      continue;
    }
    const Instant now = world.clock->Now();
    ReviewInput input{account.client, &*tree, {}, {}, now};
    MAXOPT_TRY(input.before, Reviews(*world.store, id));
    MAXOPT_TRY(input.daily_spend, DailySpend(*world.facts, tree->info, zone->DayOf(now)));
    ReviewFindings found = JudgeReviews(input, PlatformSpecs::BuiltIn());
    MAXOPT_CHECK(SaveReviews(*world.store, found.states, found.events, now));
    std::ranges::move(found.states, std::back_inserter(out.states));
    std::ranges::move(found.events, std::back_inserter(out.events));
    std::ranges::move(found.conditions, std::back_inserter(out.conditions));
  }
  return out;
}

}  // namespace maxopt
