#include "stages/report/insights/insights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "domain/harvest.h"
#include "measure/segments/segments.h"

namespace maxopt::report {
namespace {

/// Below it a period's conversions are not complete enough to be compared with a finished one.
constexpr double kMature = 0.98;
/// The least conversions of a line that a claim about its cost may rest on: the usual least count
/// of a chi-square cell (Cochran 1954).
constexpr double kLeastCount = 5;
/// Spend without a conversion is told where a campaign on its target would have none more rarely
/// than this: from three expected conversions on (exp(-3) = 0.0498).
constexpr double kRare = 0.05;
/// A smaller chance would be printed as 0.
constexpr double kNextToNone = 0.00005;

bool OfConversions(std::string_view metric) {
  return metric == "conversions" || metric == "revenue" || metric == "orders" ||
         metric == "books_revenue" || metric == "books_roas" || metric == "cpa" || metric == "roas";
}

class Finder {
 public:
  Finder(Book& book, const InsightOptions& options) : book_(book), options_(options) {
    // Claims about campaigns are in what platforms report of campaigns.
    count_ = options.lead;
    if (count_ != "impressions" && count_ != "clicks") count_ = "conversions";
    cost_ = count_ == "impressions" ? "cpm" : count_ == "clicks" ? "cpc" : "cpa";
    if (const View* view = book_.Find("client"); view != nullptr && !view->rows.empty()) {
      client_ = view->rows.front().key;
      mature_ =
          options.whole && (!view->rows.front().known || *view->rows.front().known >= kMature);
    }
  }

  std::vector<Insight> Run() {
    Movers();
    Parts();
    History();
    PastCampaigns();
    Targets();
    Barren();
    Truths();
    Outcomes();
    Waiting();
    Limited();
    Margins();
    std::ranges::stable_sort(found_, [](const Insight& a, const Insight& b) {
      if (a.strength != b.strength) return a.strength < b.strength;
      if (a.weight != b.weight) return a.weight > b.weight;
      return std::tie(a.kind, a.subject) < std::tie(b.kind, b.subject);
    });
    // Of each kind by itself: weights of two kinds are of two units, and a hundred comparisons must
    // not push the one plan out that waits.
    std::map<std::string, int> kept;
    std::erase_if(found_,
                  [&](const Insight& each) { return ++kept[each.kind] > options_.most_of_a_kind; });
    return std::move(found_);
  }

 private:
  using Slots = std::map<std::string, Slot>;
  Slot At(const std::string& view, const std::string& row, const std::string& column,
          std::string format = "", std::string part = "") const {
    return {book_.Cell(view, row, column, std::move(part)), std::move(format), ""};
  }
  Slot Made(std::string op, std::vector<Source> of, std::string format = "") {
    return {book_.Derive(std::move(op), std::move(of)), std::move(format), ""};
  }
  static Slot WordSlot(std::string key) { return {{}, "", std::move(key)}; }
  std::optional<double> Of(const Slot& slot) const { return Number(book_.Get(slot.source)); }
  std::string TextOf(const Slot& slot) const {
    const ViewCell cell = book_.Get(slot.source);
    const auto* text = std::get_if<std::string>(&cell);
    return text != nullptr ? *text : "";
  }
  void Add(std::string kind, std::string subject, Phrase claim, Strength strength, Phrase mind,
           double weight) {
    found_.push_back(
        {std::move(kind), std::move(subject), std::move(claim), strength, std::move(mind), weight});
  }
  static std::string Subject(const std::string& view, const std::string& row) {
    return fmt::format("{}[{}]", view, row);
  }
  /// Money that a line spent, for weights.
  double Spend(const std::string& view, const std::string& row) const {
    return Of(At(view, row, "spend")).value_or(0);
  }

  /// What one of the leading metric costs a line, where a claim may rest on it: not of few counts,
  /// and not of none spent (conversions that come after a pause are no bargain).
  std::optional<double> SoundCost(const std::string& view, const std::string& row) const {
    const auto cost = Of(At(view, row, cost_)), count = Of(At(view, row, count_));
    if (!cost || *cost <= 0 || !count || *count < kLeastCount) return std::nullopt;
    return cost;
  }

  /// The campaign that moved most against the period before.
  void Movers() {
    const View* view = book_.Find("campaigns");
    if (view == nullptr || !options_.whole) return;
    const std::string metric = mature_ || !OfConversions(count_) ? count_ : "spend";
    std::string best;
    double most = 0;
    for (const ViewRow& row : view->rows) {
      const auto now = Of(At("campaigns", row.key, metric));
      const auto before = Of(At("campaigns", row.key, metric + "_previous"));
      if (!now || !before || TextOf(At("campaigns", row.key, "name")).empty()) continue;
      if (std::abs(*now - *before) > std::abs(most)) {
        most = *now - *before;
        best = row.key;
      }
    }
    const auto total = Of(At("client", client_, metric));
    const auto total_before = Of(At("client", client_, metric + "_previous"));
    if (best.empty() || !total || !total_before || *total_before == 0) return;
    // A mover of less than a hundredth of the whole moves nothing.
    if (std::abs(most) < 0.01 * std::abs(*total_before)) return;
    const Slot gap =
        Made("magnitude",
             {book_.Derive("difference", {book_.Cell("campaigns", best, metric),
                                          book_.Cell("campaigns", best, metric + "_previous")})});
    Add("change", Subject("campaigns", best),
        {most > 0 ? "insight.mover.up" : "insight.mover.down",
         {{"campaign", At("campaigns", best, "name")},
          {"metric", WordSlot("metric." + metric)},
          {"now", At("campaigns", best, metric)},
          {"before", At("campaigns", best, metric + "_previous")},
          {"gap", gap}}},
        Strength::kDescribed, {"mind.mover", {}}, Spend("campaigns", best));
  }

  /// Campaigns that are cheaper or dearer than the others of their platform, beyond luck.
  void Parts() {
    const View* view = book_.Find("campaigns");
    const View* platforms = book_.Find("platforms");
    if (view == nullptr || platforms == nullptr || count_ == "impressions") return;
    std::vector<SegmentRow> rows;
    std::map<std::string, std::string> platform_row;  // name -> key
    std::set<std::string> half_known, harvested;      // names
    for (const ViewRow& row : platforms->rows) {
      platform_row[TextOf(At("platforms", row.key, "name"))] = row.key;
    }
    for (const ViewRow& row : view->rows) {
      const auto spend = Of(At("campaigns", row.key, "spend"));
      const auto count = Of(At("campaigns", row.key, count_));
      const std::string platform = TextOf(At("campaigns", row.key, "platform"));
      // Of what a campaign bought or paid nothing is known: then the rest of its platform has no
      // price either.
      if (spend.has_value() != count.has_value()) half_known.insert(platform);
      if (!spend || !count || *spend < 0 || *count < 0 || !platform_row.contains(platform))
        continue;
      // What is credited with sales that were on their way is no yardstick of what seeks new ones.
      if (Harvests(TextOf(At("campaigns", row.key, "name")))) {
        harvested.insert(platform);
        continue;
      }
      rows.push_back({{platform, row.key}, *spend, *count});
    }
    std::erase_if(rows, [&](const SegmentRow& row) { return half_known.contains(row.keys[0]); });
    if (rows.size() < 2) return;
    SegmentOptions options;
    options.cuts = {{0, 1}};
    const auto segments = FindSegments(rows, options);
    if (!segments) return;
    for (const Segment& segment : *segments) {
      if (segment.path.size() != 2) continue;
      const bool above = segment.verdict == SegmentVerdict::kAbove;
      if (!above && segment.verdict != SegmentVerdict::kBelow) continue;
      const std::string& key = segment.path[1];
      std::vector<Source> spent, bought;
      for (const SegmentRow& row : rows) {
        if (row.keys[0] != segment.path[0] || row.keys[1] == key) continue;
        spent.push_back(book_.Cell("campaigns", row.keys[1], "spend"));
        bought.push_back(book_.Cell("campaigns", row.keys[1], count_));
      }
      if (spent.empty()) continue;
      const Slot others = Made(
          "price", {book_.Derive("sum", std::move(spent)), book_.Derive("sum", std::move(bought))});
      const Slot own = Made(
          "price", {book_.Cell("campaigns", key, "spend"), book_.Cell("campaigns", key, count_)});
      if (!Of(others) || !Of(own) || TextOf(At("campaigns", key, "name")).empty()) continue;
      // The shrunk verdict and the plain numbers must say the same to a reader.
      if ((*Of(own) < *Of(others)) != above) continue;
      std::string text = above ? "insight.part.cheap" : "insight.part.dear";
      if (harvested.contains(segment.path[0])) {
        text = above ? "insight.part.cheap.new" : "insight.part.dear.new";
      }
      Add("pattern", Subject("campaigns", key),
          {std::move(text),
           {{"campaign", At("campaigns", key, "name")},
            {"platform", At("campaigns", key, "platform", "platform")},
            {"unit", WordSlot("one." + count_)},
            {"own", own},
            {"others", others}}},
          Strength::kTested, {"mind.part", {{"unit", WordSlot("metric." + count_)}}},
          std::abs(segment.stake));
    }
  }

  /// The leading cost beside the weeks before: from their first to their third quartile.
  void History() {
    const View* view = book_.Find("weeks");
    if (view == nullptr || (!mature_ && OfConversions(count_))) return;
    const Slot now = At("client", client_, cost_);
    if (!SoundCost("client", client_)) return;
    std::vector<std::pair<double, std::string>> weeks;
    for (const ViewRow& row : view->rows) {
      if (const auto cost = SoundCost("weeks", row.key)) weeks.emplace_back(*cost, row.key);
    }
    constexpr std::size_t kLeastWeeks = 8;  // two weeks a quartile
    if (weeks.size() < kLeastWeeks) return;
    std::ranges::sort(weeks);
    // Nearest rank, so that each quartile is a week that was, and its cell can be named.
    const std::string& low = weeks[(weeks.size() + 3) / 4 - 1].second;
    const std::string& high = weeks[(3 * weeks.size() + 3) / 4 - 1].second;
    std::vector<Source> of;
    for (const auto& [cost, key] : weeks) of.push_back(book_.Cell("weeks", key, cost_));
    const double q1 = *Of(At("weeks", low, cost_)), q3 = *Of(At("weeks", high, cost_));
    const std::string where = *Of(now) > q3 ? "above" : *Of(now) < q1 ? "below" : "within";
    Add("benchmark", Subject("weeks", cost_),
        {"insight.history." + where,
         {{"unit", WordSlot("one." + count_)},
          {"now", now},
          {"weeks", Made("count", of)},
          {"low", At("weeks", low, cost_)},
          {"high", At("weeks", high, cost_)}}},
        Strength::kDescribed, {"mind.history", {}},
        where == "within" ? 0 : Spend("client", client_));
  }

  /// A campaign beside the client's earlier ones on the same platform.
  void PastCampaigns() {
    const View* view = book_.Find("campaigns");
    const View* past = book_.Find("past_campaigns");
    if (view == nullptr || past == nullptr || (!mature_ && OfConversions(count_))) return;
    std::set<std::string> running;
    for (const ViewRow& row : view->rows) running.insert(row.key);
    std::map<std::string, std::vector<std::pair<double, std::string>>> earlier;
    for (const ViewRow& row : past->rows) {
      const auto cost = SoundCost("past_campaigns", row.key);
      if (running.contains(row.key) || !cost) continue;
      earlier[TextOf(At("past_campaigns", row.key, "platform"))].emplace_back(*cost, row.key);
    }
    for (const ViewRow& row : view->rows) {
      const auto cost = SoundCost("campaigns", row.key);
      auto found = earlier.find(TextOf(At("campaigns", row.key, "platform")));
      if (!cost || found == earlier.end()) continue;
      auto& costs = found->second;
      if (costs.size() < 3 || TextOf(At("campaigns", row.key, "name")).empty()) continue;
      std::ranges::sort(costs);
      const std::string& middle = costs[(costs.size() + 1) / 2 - 1].second;
      const Slot median = At("past_campaigns", middle, cost_);
      // Within a tenth of the median there is nothing to tell.
      if (std::abs(*cost - *Of(median)) < 0.1 * *Of(median)) continue;
      std::vector<Source> of;
      for (const auto& [each, key] : costs) of.push_back(book_.Cell("past_campaigns", key, cost_));
      Add("benchmark", Subject("campaigns", row.key),
          {*cost < *Of(median) ? "insight.past.cheap" : "insight.past.dear",
           {{"campaign", At("campaigns", row.key, "name")},
            {"platform", At("campaigns", row.key, "platform", "platform")},
            {"unit", WordSlot("one." + count_)},
            {"now", At("campaigns", row.key, cost_)},
            {"count", Made("count", of)},
            {"median", median}}},
          Strength::kDescribed, {"mind.past", {}}, Spend("campaigns", row.key));
    }
  }

  /// Against the targets of the brief.
  void Targets() {
    const View* view = book_.Find("plan");
    if (view == nullptr || !mature_) return;
    for (const ViewRow& row : view->rows) {
      for (const std::string metric : {"cpa", "roas"}) {
        const auto is = Of(At("plan", row.key, metric));
        const auto should = Of(At("plan", row.key, metric + "_plan"));
        if (!is || !should || *should <= 0 || TextOf(At("plan", row.key, "name")).empty()) continue;
        const auto conversions = Of(At("campaigns", row.key, "conversions"));
        if (!conversions || *conversions < kLeastCount || Spend("plan", row.key) <= 0) continue;
        // Within a tenth of the target it is met.
        if (std::abs(*is - *should) < 0.1 * *should) continue;
        const bool good = (*is < *should) == (metric == "cpa");
        Add("variance", Subject("plan", row.key + "/" + metric),
            {fmt::format("insight.target.{}.{}", metric, good ? "good" : "bad"),
             {{"campaign", At("plan", row.key, "name")},
              {"now", At("plan", row.key, metric)},
              {"target", At("plan", row.key, metric + "_plan")}}},
            Strength::kDescribed, {"mind.target", {}}, Spend("plan", row.key));
      }
    }
  }

  /// Spend that brought nothing. Were the campaign on its target, its conversions of a day were
  /// Poisson with mean spend / target, those known by now with that times the share that is known
  /// of the day; so none has at most the chance exp(-spend / target * the least of these shares).
  void Barren() {
    const View* view = book_.Find("plan");
    if (view == nullptr || !options_.whole) return;
    const Slot least = LeastKnown();
    for (const ViewRow& row : view->rows) {
      const auto conversions = Of(At("campaigns", row.key, "conversions"));
      const Slot spend = At("plan", row.key, "spend");
      const Slot target = At("plan", row.key, "cpa_plan");
      if (!conversions || *conversions != 0 || !Of(target) || *Of(target) <= 0) continue;
      if (TextOf(At("plan", row.key, "name")).empty()) continue;
      Source expected = book_.Derive("ratio", {spend.source, target.source});
      Slots slots{{"campaign", At("plan", row.key, "name")}, {"spend", spend}, {"target", target}};
      std::string_view when = "known";
      if (const auto known = Of(least); known ? *known < kMature : !mature_) {
        if (!known) continue;  // how much of which day is to come, nobody has judged
        expected = book_.Derive("product", {expected, least.source});
        slots["known"] = least;
        when = "sofar";
      }
      const Slot chance = Made("chance_of_none", {expected}, "percent");
      if (!Of(chance) || *Of(chance) > kRare) continue;
      slots["expected"] = {expected, "", ""};
      const bool sure = *Of(chance) < kNextToNone;
      if (!sure) slots["chance"] = chance;
      std::string key = fmt::format("insight.barren.{}{}", when, sure ? ".sure" : "");
      Add("variance", Subject("plan", row.key + "/none"), {std::move(key), std::move(slots)},
          Strength::kDescribed, {"mind.barren", {}}, Spend("plan", row.key));
    }
  }
  /// The smallest share of its conversions that is known of a day of the period; absent where no
  /// day was judged.
  Slot LeastKnown() const {
    Slot least{{}, "percent", ""};
    const View* view = book_.Find("days");
    if (view == nullptr) return least;
    std::optional<double> smallest;
    for (const ViewRow& row : view->rows) {
      if (!row.known || (smallest && *smallest <= *row.known)) continue;
      smallest = row.known;
      least.source = book_.Cell("days", row.key, "@known");
    }
    return least;
  }

  /// What the platforms claim beside the client's books, over days that both know.
  void Truths() {
    const View* view = book_.Find("days");
    if (view == nullptr) return;
    const bool both = std::ranges::all_of(view->rows, [&](const ViewRow& row) {
      return Of(At("days", row.key, "conversions")) && Of(At("days", row.key, "orders"));
    });
    const Slot claimed = At("days", "@totals", "conversions");
    const Slot orders = At("days", "@totals", "orders");
    if (!both || !Of(claimed) || !Of(orders) || *Of(orders) <= 0 || *Of(claimed) <= 0) return;
    const bool over = *Of(claimed) > *Of(orders);
    // Claims that are still to come only add to what is too much already.
    if (!over && !mature_) return;
    const Slot share = Made("ratio", {claimed.source, orders.source}, "percent");
    Add("truth", "days[@totals].orders",
        {over ? "insight.claims.over" : "insight.claims.share",
         {{"claimed", claimed}, {"orders", orders}, {"share", share}}},
        Strength::kDescribed, {"mind.claims", {}}, *Of(claimed));
  }

  /// How a measurement was made decides what may be said of causes.
  static Strength StrengthOf(const std::string& method) {
    for (const std::string_view word :
         {"switchback", "experiment", "always_valid", "geo", "holdout"}) {
      if (method.find(word) != std::string::npos) return Strength::kExperiment;
    }
    for (const std::string_view word : {"bsts", "lift", "counterfactual", "causal", "synthetic"}) {
      if (method.find(word) != std::string::npos) return Strength::kLift;
    }
    return Strength::kBeforeAfter;
  }
  /// "up" or "down" where the interval leaves out zero, else "open".
  std::string SignOf(const std::string& view, const std::string& row,
                     const std::string& column) const {
    const auto low = Of(At(view, row, column, "", "low")),
               high = Of(At(view, row, column, "", "high"));
    return low && *low > 0 ? "up" : high && *high < 0 ? "down" : "open";
  }

  /// What plans and experiments brought, as it was measured later.
  void Outcomes() {
    if (const View* view = book_.Find("outcomes"); view != nullptr) {
      for (const ViewRow& row : view->rows) {
        if (!Of(At("outcomes", row.key, "measured")) || !Of(At("outcomes", row.key, "predicted"))) {
          continue;
        }
        Add("outcome", Subject("outcomes", row.key),
            {"insight.outcome." + SignOf("outcomes", row.key, "measured"),
             {{"plan", At("outcomes", row.key, "plan")},
              {"kpi", At("outcomes", row.key, "kpi")},
              {"predicted", At("outcomes", row.key, "predicted")},
              {"measured", At("outcomes", row.key, "measured")},
              {"low", At("outcomes", row.key, "measured", "", "low")},
              {"high", At("outcomes", row.key, "measured", "", "high")}}},
            StrengthOf(TextOf(At("outcomes", row.key, "method"))), {"mind.outcome", {}},
            std::abs(*Of(At("outcomes", row.key, "measured"))));
      }
    }
    if (const View* view = book_.Find("experiments"); view != nullptr) {
      for (const ViewRow& row : view->rows) {
        if (!Of(At("experiments", row.key, "measured"))) continue;
        Add("outcome", Subject("experiments", row.key),
            {"insight.experiment." + SignOf("experiments", row.key, "measured"),
             {{"name", At("experiments", row.key, "name")},
              {"measured", At("experiments", row.key, "measured")},
              {"low", At("experiments", row.key, "measured", "", "low")},
              {"high", At("experiments", row.key, "measured", "", "high")}}},
            Strength::kExperiment, {"mind.experiment", {}},
            std::abs(*Of(At("experiments", row.key, "measured"))));
      }
    }
  }

  /// An approval is used before it ends, or given again.
  bool ApprovalEnded(const View& plans, const std::string& row) const {
    const ViewCell ends = book_.Get(book_.Cell("plans", row, "expires_at"));
    const auto* at = std::get_if<Instant>(&ends);
    return at != nullptr && *at <= plans.as_of;
  }

  /// Plans that wait for a person: to be approved, or to be applied.
  void Waiting() {
    const View* view = book_.Find("plans");
    if (view == nullptr) return;
    for (const ViewRow& row : view->rows) {
      const std::string status = TextOf(At("plans", row.key, "status"));
      if (status != "guarded" && status != "approved") continue;
      Slots slots{{"plan", At("plans", row.key, "@key")}, {"title", At("plans", row.key, "title")}};
      const bool promises = Of(At("plans", row.key, "predicted")).has_value();
      std::string key =
          fmt::format("insight.plan.{}{}",
                      status == "approved" && ApprovalEnded(*view, row.key) ? "ended" : status,
                      promises ? "" : ".plain");
      if (!promises) {
        Add("next", Subject("plans", row.key), {std::move(key), std::move(slots)},
            Strength::kDescribed, {"mind.plan.plain", {}}, 0);
        continue;
      }
      const Slot low = At("plans", row.key, "predicted", "", "low");
      const Slot high = At("plans", row.key, "predicted", "", "high");
      slots["value"] = At("plans", row.key, "predicted");
      slots["low"] = low;
      slots["high"] = high;
      slots["kpi"] = At("plans", row.key, "kpi");
      Add("next", Subject("plans", row.key), {std::move(key), std::move(slots)},
          Strength::kDescribed, {"mind.plan", {{"low", low}, {"high", high}}},
          std::abs(*Of(At("plans", row.key, "predicted"))));
    }
  }

  /// Campaigns that lose impressions for want of budget while they are cheaper than their platform;
  /// not those that are cheap because they are credited with sales that were on their way.
  void Limited() {
    const View* view = book_.Find("campaigns");
    const View* platforms = book_.Find("platforms");
    if (view == nullptr || platforms == nullptr || !options_.whole) return;
    for (const ViewRow& row : view->rows) {
      if (TextOf(At("campaigns", row.key, "limited_by")).find("budget") == std::string::npos ||
          Harvests(TextOf(At("campaigns", row.key, "name")))) {
        continue;
      }
      const std::string platform = TextOf(At("campaigns", row.key, "platform"));
      for (const ViewRow& all : platforms->rows) {
        if (TextOf(At("platforms", all.key, "name")) != platform) continue;
        const auto own = SoundCost("campaigns", row.key), whole = SoundCost("platforms", all.key);
        if (!own || !whole || *own >= *whole) continue;
        Add("next", Subject("campaigns", row.key),
            {"insight.limited",
             {{"campaign", At("campaigns", row.key, "name")},
              {"platform", At("campaigns", row.key, "platform", "platform")},
              {"unit", WordSlot("one." + count_)},
              {"own", At("campaigns", row.key, cost_)},
              {"all", At("platforms", all.key, cost_)}}},
            Strength::kDescribed, {"mind.limited", {}}, Spend("campaigns", row.key));
      }
    }
  }

  /// A channel whose next unit of money returns more than another's, intervals apart.
  void Margins() {
    const View* view = book_.Find("marginals");
    if (view == nullptr) return;
    std::string best, worst;
    for (const ViewRow& row : view->rows) {
      const auto low = Of(At("marginals", row.key, "marginal", "", "low"));
      const auto high = Of(At("marginals", row.key, "marginal", "", "high"));
      if (!low || !high) continue;
      const ViewCell told =
          Resolve(book_.inputs(), {"marginals", row.key, "identified"}).value_or(ViewCell());
      if (const bool* known = std::get_if<bool>(&told); known != nullptr && !*known) continue;
      if (best.empty() || *low > *Of(At("marginals", best, "marginal", "", "low"))) best = row.key;
      if (worst.empty() || *high < *Of(At("marginals", worst, "marginal", "", "high")))
        worst = row.key;
    }
    if (best.empty() || best == worst) return;
    const Slot best_low = At("marginals", best, "marginal", "", "low");
    const Slot worst_high = At("marginals", worst, "marginal", "", "high");
    if (*Of(best_low) <= *Of(worst_high)) return;
    Add("next", Subject("marginals", best),
        {"insight.margin",
         {{"best", At("marginals", best, "name")},
          {"worst", At("marginals", worst, "name")},
          {"best_value", At("marginals", best, "marginal")},
          {"best_low", best_low},
          {"best_high", At("marginals", best, "marginal", "", "high")},
          {"worst_value", At("marginals", worst, "marginal")},
          {"worst_low", At("marginals", worst, "marginal", "", "low")},
          {"worst_high", worst_high}}},
        Strength::kLift, {"mind.margin", {}}, *Of(best_low) - *Of(worst_high));
  }

  Book& book_;
  const InsightOptions& options_;
  std::vector<Insight> found_;
  std::string count_, cost_, client_;
  bool mature_ = true;
};

}  // namespace

std::string_view StrengthName(Strength strength) {
  switch (strength) {
    case Strength::kExperiment:
      return "experiment";
    case Strength::kLift:
      return "lift";
    case Strength::kTested:
      return "tested";
    case Strength::kBeforeAfter:
      return "before_after";
    case Strength::kDescribed:
      return "described";
  }
  Bug();
}

std::vector<Insight> FindInsights(Book& book, const InsightOptions& options) {
  return Finder(book, options).Run();
}

}  // namespace maxopt::report
