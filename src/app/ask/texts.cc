// The sentences of the rules. Slots in braces are cells; no number stands outside of one.
#include "app/ask/rules.h"

namespace maxopt::asking {

const char* RuleTexts() {
  return R"(maxopt: report-catalogue/1
language: en
decimal: "."
group: ","
percent: "{}%"
money: before
day: "{day} {month} {year}"
short_day: "{day} {month}"
instant: "{day}, {hour:02}:{minute:02} UTC"
months: [January, February, March, April, May, June, July, August, September, October, November, December]
short_months: [Jan, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct, Nov, Dec]
number_words: [two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, hundred, thousand, million, billion, half, twice, double, doubled, triple, tripled, dozen]
texts:
  absent: not known
  "yes": "yes"
  "no": "no"
  platform.google_ads: Google Ads
  platform.meta: Meta
  platform.tiktok: TikTok
  platform.microsoft: Microsoft Ads
  platform.linkedin: LinkedIn
  platform.amazon: Amazon Ads
  platform.pinterest: Pinterest
  platform.snapchat: Snapchat
  platform.reddit: Reddit
  platform.x: X

  metric.spend: Spend
  metric.impressions: Impressions
  metric.clicks: Clicks
  metric.conversions: Conversions (claimed)
  metric.revenue: Revenue (claimed)
  metric.ctr: Click rate
  metric.cpc: Cost per click
  metric.cpm: CPM
  metric.cvr: Conversion rate
  metric.cpa: Cost per conversion (CPA)
  metric.roas: ROAS (claimed)

  period.beside: "{from} to {to}, beside {before_from} to {before_to}."
  period.alone: "{from} to {to}."

  value.up: "{metric} of {scope} went up {change}: from {before} to {now}."
  value.down: "{metric} of {scope} went down {change}: from {before} to {now}."
  value.flat: "{metric} of {scope} hardly moved: {before} before, {now} now."
  value.alone: "{metric} of {scope}: {now}; nothing is known of the time before."
  value.gone: "{metric} of {scope}: not known for these days; before them it was {before}."
  value.unknown: "{metric} of {scope}: not known for these days."
  value.not_up: "So it did not rise."
  value.not_down: "So it did not fall."

  factor.impressions: the number of impressions
  factor.cpm: the price of impressions (CPM)
  factor.ctr: the click rate (CTR)
  factor.cvr: the conversion rate (CVR)
  factor.aov: the value of a conversion
  factor.with.up: "{share} of that is {factor}, which went up {change}, from {before} to {now}."
  factor.with.down: "{share} of that is {factor}, which went down {change}, from {before} to {now}."
  factor.against.up: "Against it worked {factor}, which went up {change}, from {before} to {now}."
  factor.against.down: "Against it worked {factor}, which went down {change}, from {before} to {now}."
  factor.towards.up: "Towards it worked {factor}, which went up {change}, from {before} to {now}."
  factor.towards.down: "Towards it worked {factor}, which went down {change}, from {before} to {now}."
  factor.only: "{share} of that is {factor}."

  dimension.platform: platform
  dimension.campaign: campaign
  dimension.device: device
  dimension.country: country
  segment: "{share} of it is in the {dimension} “{element}”."
  segment.most: "It shows most in the {dimension} “{element}”."

  cause.likely: "A likely cause: {what}"
  cause.possible: "A possible cause: {what}"
  cause.none: "Nothing of what was checked is a likely cause."
  cause.unchecked: "Not checked here:"
  limits: "This is what moved with it in the platforms' own numbers, no proof of what caused it."
  known: "Only {known} of the conversions of these days are expected to be known by now, so results will still rise."

  rank.best: "Best first, by {metric}:"
  rank.worst: "Worst first, by {metric}:"
  rank.row: "“{campaign}” on {platform}: {value}, with {spend} spent."
  rank.nothing: "“{campaign}” on {platform} spent {spend} without a claimed conversion."
  rank.none: "No campaign of {scope} had {metric} in these days."
  rank.few: "Campaigns with few conversions are ranked by luck as much as by merit."

  mover.up: "What moved most is “{campaign}” on {platform}: its spend went from {before} to {now}."
  mover.new: "“{campaign}” on {platform} is new in these days and spent {now}."
  mover.gone: "“{campaign}” on {platform} spent {before} before and nothing now."

  pacing.none: "No campaign of {scope} has a plan that it can be paced against."
  pacing.all: "All {count} campaigns that can be judged land on their plan."
  pacing.count: "Of {count} campaigns that can be judged {over} land above their plan, {under} below, {on} on it."
  pacing.row: "“{campaign}” on {platform} has spent {spent} of {plan} and lands at {landing} ({low} to {high}) by {last}."
  pacing.suggest: "A daily budget of {suggested} in place of {budget} lands it on its plan."
  pacing.good: on plan
  pacing.bad: above plan
  pacing.watch: below plan

  next.none: "Nothing waits for a decision, and no open alert comes with a proposal. The optimiser can look for improvements now: maxopt optimize."
  next.plan: "A plan waits for a person: “{title}”, with changes: {changes}."
  next.budgets: "Daily budgets go from {before} to {after}."
  next.predicted: "It is expected to bring {predicted} of {kpi} a day ({low} to {high})."
  next.blocked: "Guards that refuse it: {blocks}."
  next.alert: "An alert is open, and Max would act on it:"

  done.none: "Max applied no plan in these days."
  done.count:
    plural: count
    one: "Max applied {count} plan in these days."
    other: "Max applied {count} plans in these days."
  done.plan: "“{title}”, applied {at} by {by}."
  done.measured: "Its effect was predicted as {predicted} of {kpi} a day and measured as {measured} ({low} to {high}):"
  done.within: as predicted.
  done.outside: outside of what was predicted.
  done.unmeasured: "Its effect is not measured yet."

  trouble.none: "No alert is open."
  trouble.count:
    plural: count
    one: "{count} alert is open."
    other: "{count} alerts are open."
  trouble.since: "Since {since}."

  days: "Which days are meant is not understood, and numbers of other days would be wrong. Say yesterday, last week, on Monday, in October, or from {from} to {to}."
  unknown: "Max's rules do not know how to answer that. They can answer questions such as these."
)";
}

}  // namespace maxopt::asking
