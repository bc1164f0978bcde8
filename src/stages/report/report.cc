#include "stages/report/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stages/report/tables.h"

namespace maxopt::report {
namespace {

using Slots = std::map<std::string, Slot>;

/// Below this share of a period's conversions known, a comparison with a period that is over would
/// be mostly of what has not been told yet; 0.98 is what rounds to "all" in a reader's mind.
constexpr double kMature = 0.98;
/// A change that is smaller is "about as many as before": it shows as 0 or 1 percent.
constexpr double kFlat = 0.01;

bool OfConversions(std::string_view metric) {
  return metric == "conversions" || metric == "revenue" || metric == "cpa" || metric == "roas" ||
         metric == "cvr";
}
bool OfBooks(std::string_view metric) {
  return metric == "orders" || metric == "books_revenue" || metric == "books_roas";
}
/// What one of a counted metric costs.
std::string CostOf(std::string_view metric) {
  if (metric == "impressions") return "cpm";
  if (metric == "clicks") return "cpc";
  return "cpa";
}

class Writer {
 public:
  Writer(const Settings& settings, const Inputs& inputs, std::shared_ptr<const Catalogue> texts)
      : settings_(settings), book_(inputs), texts_(std::move(texts)) {}

  Result<Document> Run() {
    document_.settings = settings_;
    kpis_ = settings_.kpis.empty() ? KpisOf(settings_.campaign_type) : settings_.kpis;
    lead_ = kpis_.front();
    if (const View* view = book_.Find("client"); view != nullptr && !view->rows.empty()) {
      client_row_ = view->rows.front().key;
    }
    document_.title = texts_->Word("kind." + settings_.kind);
    document_.subtitle = PlainText(settings_.client);
    document_.period =
        fmt::format("{} – {}", texts_->DayText(settings_.from), texts_->DayText(settings_.to));
    FindUnknownDays();
    InsightOptions options;
    options.whole = unknown_days_.empty();
    options.lead = lead_;
    options.cost = CostOf(lead_);
    document_.insights = FindInsights(book_, options);
    for (const std::string& name : SectionsOf(settings_)) {
      Section section{name, texts_->Word("section." + name), {}};
      MAXOPT_CHECK(Write(name, section));
      if (!section.blocks.empty()) document_.sections.push_back(std::move(section));
    }
    if (error_) return std::unexpected(*error_);
    document_.derivations = book_.derivations();
    return std::move(document_);
  }

 private:
  // --- words ---

  Slot At(const std::string& view, const std::string& row, const std::string& column,
          std::string format = "", std::string part = "") const {
    return {book_.Cell(view, row, column, std::move(part)), std::move(format), ""};
  }
  Slot Made(std::string op, std::vector<Source> of, std::string format = "") {
    return {book_.Derive(std::move(op), std::move(of)), std::move(format), ""};
  }
  static Slot From(Source source, std::string format = "") {
    return {std::move(source), std::move(format), ""};
  }
  Slot Size(const Slot& of, std::string format) { return Made("magnitude", {of.source}, format); }

  std::optional<Sentence> Spoken(const std::string& key, Slots slots) {
    auto sentence = texts_->Say({key, std::move(slots)}, book_);
    if (!sentence) {
      if (!error_) error_ = sentence.error();
      return std::nullopt;
    }
    return *std::move(sentence);
  }
  void Say(Block& block, const std::string& key, Slots slots = {}) {
    if (auto sentence = Spoken(key, std::move(slots))) {
      block.sentences.push_back(*std::move(sentence));
    }
  }
  bool Known(const Slot& slot) const {
    return !std::holds_alternative<std::monostate>(book_.Get(slot.source));
  }
  std::optional<double> NumberOf(const Slot& slot) const { return Number(book_.Get(slot.source)); }

  static std::string Direction(double change) {
    return change > kFlat ? "up" : change < -kFlat ? "down" : "flat";
  }

  // --- the leading numbers ---

  Slot Metric(const std::string& metric, const std::string& suffix = "") const {
    if (OfBooks(metric)) return At("days", "@totals", metric + suffix);
    return At("client", client_row_, metric + suffix);
  }
  /// Share of the period's conversions that is known by now.
  Slot KnownShare() const { return At("client", client_row_, "@known", "percent"); }
  /// Whether a comparison with a period that is over would be of what has not been told yet.
  bool Immature(const std::string& metric) const {
    const auto known = NumberOf(KnownShare());
    return !unknown_days_.empty() || (OfConversions(metric) && known && *known < kMature);
  }
  /// Days of the period of which nothing is known.
  void FindUnknownDays() {
    const View* view = book_.Find("days");
    if (view == nullptr) return;
    for (const ViewRow& row : view->rows) {
      if (!Known(At("days", row.key, "spend"))) unknown_days_.push_back(row.key);
    }
    if (unknown_days_.size() == view->rows.size()) unknown_days_.clear();  // no delivery at all
  }
  void SayUnknownDays(Block& block) {
    if (unknown_days_.empty()) return;
    std::vector<Source> of;
    for (const std::string& key : unknown_days_) of.push_back(book_.Cell("days", key, "period"));
    Say(block, "days.unknown", {{"days", Made("count", of)}, {"all", At("days", "@view", "rows")}});
  }

  /// "The platforms claim 120 conversions, 12% more than in the period before (107)."
  void SayMetric(Block& block, const std::string& metric) {
    const Slot now = Metric(metric);
    if (!Known(now)) {
      Say(block, "result.unknown", {{"metric", {{}, "", "metric." + metric}}});
      return;
    }
    // Metrics that have no sentences of their own are told by their name.
    const bool own = texts_->Has("result." + metric + ".up");
    const std::string key = "result." + (own ? metric : std::string("other"));
    Slots named;
    if (!own) named["metric"] = {{}, "", "metric." + metric};
    const auto say = [&](const std::string& form, Slots slots) {
      slots.merge(Slots(named));
      Say(block, key + "." + form, std::move(slots));
    };
    if (Immature(metric)) {
      if (own && !texts_->Has(key + ".sofar")) {
        Say(block, "result.other.sofar", {{"metric", {{}, "", "metric." + metric}}, {"now", now}});
      } else {
        say("sofar", {{"now", now}});
      }
      return;
    }
    const Slot before = Metric(metric, "_previous"), change = Metric(metric, "_previous_change");
    if (!Known(before) || !Known(change)) {
      say("alone", {{"now", now}});
      return;
    }
    const std::string direction = Direction(*NumberOf(change));
    Slots slots{{"now", now}, {"before", before}};
    if (direction != "flat") slots["change"] = Size(change, "percent");
    say(direction, std::move(slots));
  }

  /// How much is still to come, and where the count would end.
  void SayMaturity(Block& block) {
    const Slot known = KnownShare();
    const auto share = NumberOf(known);
    if (!share) {
      Say(block, "known.unjudged");
      return;
    }
    if (*share >= kMature) {
      Say(block, "known.all", {{"known", known}});
      return;
    }
    const Slot now = Metric("conversions"), before = Metric("conversions", "_previous");
    if (!Known(now)) return;
    const Slot final = Made("ratio", {now.source, known.source});
    if (!Known(before) || !unknown_days_.empty()) {
      Say(block, "known.some", {{"known", known}, {"final", final}});
      return;
    }
    const Slot change = Made("change", {final.source, before.source}, "percent");
    const auto size = NumberOf(change);
    const std::string direction = size ? Direction(*size) : "flat";
    Slots slots{{"known", known}, {"final", final}, {"before", before}};
    if (direction != "flat") slots["change"] = Size(change, "percent");
    Say(block, "known.some." + direction, std::move(slots));
  }

  // --- sections ---

  Result<> Write(const std::string& name, Section& section) {
    if (name == "headline") return Headline(section);
    if (name == "plan") return PlanSection(section);
    if (name == "trend") return Trend(section);
    if (name == "channels") return Channels(section);
    if (name == "campaigns") return Campaigns(section);
    if (name == "learnings") return Learnings(section);
    if (name == "next") return Next(section);
    if (name == "data") return Data(section);
    if (name == "method") return Method(section);
    return Listed(name, section);
  }

  Result<> Headline(Section& section) {
    Block text;
    const Slot spend = Metric("spend");
    if (!Known(spend)) {
      Say(text, "headline.none",
          {{"from", At("days", "@view", "from")}, {"to", At("days", "@view", "to")}});
    } else {
      Slots slots{{"client", At("client", client_row_, "name")},
                  {"spend", spend},
                  {"from", At("client", "@view", "from")},
                  {"to", At("client", "@view", "to")}};
      const Slot plan = PlannedSpend();
      if (Known(plan) && NumberOf(plan) > 0) {
        slots["plan"] = plan;
        slots["share"] = Made("ratio", {PlannedPartSpend(), plan.source}, "percent");
        slots["spent"] = From(PlannedPartSpend());
        if (NumberOf(slots["spent"]) == NumberOf(spend)) {
          slots.erase("spent");
          Say(text, "headline.spend.plan", std::move(slots));
        } else {
          Say(text, "headline.spend.part", std::move(slots));
        }
      } else {
        Say(text, "headline.spend", std::move(slots));
      }
      SayUnknownDays(text);
      SayMetric(text, lead_);
      const std::string cost = CostOf(lead_);
      if (!OfBooks(lead_) && lead_ != "spend") SayMetric(text, cost);
      section.blocks.push_back(std::move(text));
      text = Block();
      if (OfConversions(lead_)) SayMaturity(text);
      if (Known(Metric("orders"))) {
        Say(text, "books.orders",
            {{"orders", Metric("orders")}, {"revenue", Metric("books_revenue")}});
      }
    }
    if (!text.sentences.empty()) section.blocks.push_back(std::move(text));
    Tiles(section);
    Block story;
    const Insight* why = FirstOf({"change", "pattern"});
    if (why == nullptr) why = MissedTarget();
    if (why == nullptr) why = FirstOf({"variance", "benchmark"});
    if (why != nullptr) SayInsight(story, *why);
    SayActionsShort(story);
    if (const Insight* next = FirstOf({"next"})) {
      Say(story, "headline.next");
      SayInsight(story, *next);
    } else if (Known(spend)) {
      Say(story, "next.none");
    }
    if (!story.sentences.empty()) section.blocks.push_back(std::move(story));
    return {};
  }

  /// What the plan gives the campaigns that have one, in these days.
  Slot PlannedSpend() {
    std::vector<Source> parts;
    const View* view = book_.Find("plan");
    if (view == nullptr) return At("plan", "@totals", "spend_plan");
    for (const ViewRow& row : view->rows) {
      if (Known(At("plan", row.key, "spend_plan"))) {
        parts.push_back(book_.Cell("plan", row.key, "spend_plan"));
      }
    }
    return parts.empty() ? At("plan", "@totals", "spend_plan") : Made("sum", parts);
  }
  /// What those same campaigns spent.
  Source PlannedPartSpend() {
    std::vector<Source> parts;
    for (const ViewRow& row : book_.Find("plan")->rows) {
      if (Known(At("plan", row.key, "spend_plan")) && Known(At("plan", row.key, "spend"))) {
        parts.push_back(book_.Cell("plan", row.key, "spend"));
      }
    }
    return book_.Derive("sum", std::move(parts));
  }

  void Tiles(Section& section) {
    Block block;
    block.kind = Block::Kind::kTiles;
    std::vector<std::string> metrics = {"spend"};
    for (const std::string& metric : kpis_) {
      if (std::ranges::find(metrics, metric) == metrics.end()) metrics.push_back(metric);
    }
    for (const std::string& metric : metrics) {
      const Slot now = Metric(metric);
      const ViewCell value = book_.Get(now.source);
      Tile tile;
      tile.label = texts_->Word("metric." + metric);
      tile.source = now.source;
      const ViewColumn* column = book_.ColumnOf(now.source);
      tile.value =
          std::holds_alternative<std::monostate>(value) ? "–" : texts_->Value(value, column, "");
      tile.truth = texts_->Word(OfBooks(metric)     ? "truth.observed"
                                : metric == "spend" ? "truth.charged"
                                                    : "truth.claimed");
      const Slot change = Metric(metric, "_previous_change");
      const auto size = NumberOf(change);
      if (Immature(metric)) {
        tile.note = OfConversions(metric) && Known(KnownShare())
                        ? Spoken("tile.sofar", {{"known", KnownShare()}})
                        : Spoken("tile.days", {});
      } else if (size) {
        const std::string direction = Direction(*size);
        Slots slots{{"before", Metric(metric, "_previous")}};
        if (direction != "flat") slots["change"] = Size(change, "percent");
        tile.note = Spoken("tile." + direction, std::move(slots));
        const int better = column != nullptr ? column->better : 0;
        if (direction != "flat" && better != 0) {
          tile.tone = (*size > 0) == (better > 0) ? "good" : "bad";
        }
      }
      block.tiles.push_back(std::move(tile));
    }
    section.blocks.push_back(std::move(block));
  }

  Result<> PlanSection(Section& section) {
    const View* view = book_.Find("plan");
    if (view == nullptr) return MissingBlock(section);
    Block text;
    std::vector<std::string> planned;
    for (const ViewRow& row : view->rows) {
      if (Known(At("plan", row.key, "spend_plan"))) planned.push_back(row.key);
    }
    if (planned.empty()) {
      Say(text, "plan.none");
      section.blocks.push_back(std::move(text));
      return {};
    }
    const Slot plan = PlannedSpend();
    const Slot spent = From(PlannedPartSpend());
    const Slot gap = Made("difference", {spent.source, plan.source});
    const Slot change = Made("change", {spent.source, plan.source}, "percent");
    const auto size = NumberOf(change);
    const std::string direction = size ? Direction(*size) : "flat";
    Slots slots{{"spent", spent}, {"plan", plan}};
    if (direction != "flat") {
      slots["gap"] = Size(gap, "");
      slots["change"] = Size(change, "percent");
    }
    Say(text, "plan.total." + direction, std::move(slots));
    section.blocks.push_back(std::move(text));
    // The campaigns that are furthest from their plan, in money.
    std::vector<std::pair<double, std::string>> far;
    for (const std::string& key : planned) {
      const auto is = NumberOf(At("plan", key, "spend")).value_or(0);
      const auto should = NumberOf(At("plan", key, "spend_plan")).value_or(0);
      if (should > 0 && std::abs(is - should) > 0.1 * should) {
        far.emplace_back(-std::abs(is - should), key);
      }
    }
    std::ranges::sort(far);
    Block list;
    list.kind = Block::Kind::kList;
    for (std::size_t i = 0; i < far.size() && i < 5; ++i) {
      const std::string& key = far[i].second;
      const Slot off = At("plan", key, "spend_plan_change");
      const auto by = NumberOf(off);
      if (!by) continue;
      if (auto sentence = Spoken(*by > 0 ? "plan.campaign.up" : "plan.campaign.down",
                                 {{"campaign", At("plan", key, "name")},
                                  {"spent", At("plan", key, "spend")},
                                  {"plan", At("plan", key, "spend_plan")},
                                  {"change", Size(off, "percent")}})) {
        list.items.push_back({*std::move(sentence)});
      }
    }
    if (!list.items.empty()) section.blocks.push_back(std::move(list));
    AddTable(section, "plan", "table.plan",
             {"name", "platform", "spend", "spend_plan", "spend_plan_change", "cpa", "cpa_plan",
              "roas", "roas_plan"},
             planned);
    if (const View* pacing = book_.Find("pacing"); pacing != nullptr && !pacing->rows.empty()) {
      AddTable(
          section, "pacing", "table.pacing",
          {"name", "last", "days_left", "plan", "spent", "landing", "landing_low", "landing_high"},
          {}, Auditing() ? 0 : 40);
    }
    return {};
  }

  Result<> Trend(Section& section) {
    const View* view = book_.Find("days");
    if (view == nullptr) return MissingBlock(section);
    AddLine(section, "days", "spend", "chart.spend");
    const std::string lead = OfBooks(lead_) || lead_ == "spend" ? "conversions" : lead_;
    const std::string caption = "chart." + lead;
    AddLine(section, "days", lead, texts_->Has(caption) ? caption : "chart.other");
    if (Known(Metric("orders"))) AddLine(section, "days", "orders", "chart.orders");
    return {};
  }

  Result<> Channels(Section& section) {
    const View* view = book_.Find("platforms");
    if (view == nullptr) return MissingBlock(section);
    Block list;
    list.kind = Block::Kind::kList;
    const Slot total = Metric("spend");
    for (const ViewRow& row : view->rows) {
      const Slot spend = At("platforms", row.key, "spend");
      const Slot lead = At("platforms", row.key, OfBooks(lead_) ? "conversions" : lead_);
      if (!Known(spend) || !Known(total) || !Known(lead) || NumberOf(total) == 0.0) continue;
      const std::string what = OfBooks(lead_) || lead_ == "spend" ? "conversions" : lead_;
      Slots slots{{"platform", At("platforms", row.key, "name", "platform")},
                  {"spend", spend},
                  {"share", Made("ratio", {spend.source, total.source}, "percent")},
                  {"count", At("platforms", row.key, what)},
                  {"metric", {{}, "", "metric." + what}}};
      const Slot cost = At("platforms", row.key, CostOf(what));
      const std::string key = Known(cost) ? "channel.cost" : "channel";
      if (Known(cost)) {
        slots["cost"] = cost;
        slots["costs"] = {{}, "", "metric." + CostOf(what)};
      }
      if (auto sentence = Spoken(key, std::move(slots))) {
        list.items.push_back({*std::move(sentence)});
      }
    }
    if (!list.items.empty()) section.blocks.push_back(std::move(list));
    if (view->rows.size() > 1) {
      Block note;
      Say(note, "channel.caution");
      section.blocks.push_back(std::move(note));
    }
    AddBars(section, "platforms", {"spend", "spend_previous"}, "chart.platforms");
    AddTable(section, "platforms", "table.platforms",
             {"name", "spend", "spend_previous_change", "impressions", "clicks", "ctr", "cpc",
              "conversions", "cpa", "revenue", "roas", "@known"});
    return {};
  }

  Result<> Campaigns(Section& section) {
    if (book_.Find("campaigns") == nullptr) return MissingBlock(section);
    AddBars(section, "campaigns", {"spend"}, "chart.campaigns", 12);
    AddTable(section, "campaigns", "table.campaigns",
             {"name", "platform", "spend", "spend_previous_change", "clicks", "ctr", "conversions",
              "conversions_previous_change", "cpa", "revenue", "roas", "limited_by", "@known"},
             {}, Auditing() ? 0 : 40);
    return {};
  }

  /// Sections that are a table, of whatever views there are.
  Result<> Listed(const std::string& name, Section& section) {
    for (const TableSection& of : TableSections()) {
      if (of.section != name) continue;
      const View* view = book_.Find(of.input);
      if (view == nullptr) {
        MAXOPT_CHECK(MissingBlock(section));
        continue;
      }
      if (view->rows.empty()) {
        Block none;
        Say(none, "table.none." + std::string(of.input));
        section.blocks.push_back(std::move(none));
        continue;
      }
      if (of.heat) AddHeat(section, std::string(of.input), lead_);
      std::vector<std::string> columns, keys;
      for (const std::string_view column : of.columns) columns.emplace_back(column);
      if (of.input == "plans") {
        keys = PlansOfPeriod();
        if (keys.empty()) {
          Block none;
          Say(none, "table.none.plans");
          section.blocks.push_back(std::move(none));
          continue;
        }
      }
      AddTable(section, std::string(of.input), "table." + std::string(of.input), columns, keys,
               Auditing() ? 0 : of.most);
    }
    return {};
  }

  Result<> Learnings(Section& section) {
    Block list;
    list.kind = Block::Kind::kList;
    const std::size_t most = settings_.audience == "executive" ? 3
                             : settings_.audience == "client"  ? 6
                                                               : 30;
    for (const Insight& insight : document_.insights) {
      if (insight.kind == "next" || list.items.size() >= most) continue;
      AddInsight(list, insight);
    }
    if (list.items.empty()) {
      Block none;
      Say(none, "learnings.none");
      section.blocks.push_back(std::move(none));
      return {};
    }
    section.blocks.push_back(std::move(list));
    return {};
  }

  Result<> Next(Section& section) {
    Block list;
    list.kind = Block::Kind::kList;
    const std::size_t most = settings_.audience == "executive" ? 3 : 12;
    for (const Insight& insight : document_.insights) {
      if (insight.kind != "next" || list.items.size() >= most) continue;
      AddInsight(list, insight);
    }
    if (list.items.empty()) {
      Block none;
      Say(none, "next.none");
      section.blocks.push_back(std::move(none));
      return {};
    }
    section.blocks.push_back(std::move(list));
    return {};
  }

  Result<> Data(Section& section) {
    Block text;
    SayMaturity(text);
    Say(text, "data.claims");
    Say(text, "data.asof", {{"asof", At("client", "@view", "as_of")}});
    if (settings_.wording) {
      const Wording& words = *settings_.wording;
      if (!words.paragraphs.empty()) Say(text, "wording.model");
      if (words.paragraphs.empty()) Say(text, "wording.none");
      if (!words.paragraphs.empty() && !words.kept.empty()) Say(text, "wording.kept");
    }
    section.blocks.push_back(std::move(text));
    if (settings_.wording && !settings_.wording->kept.empty() &&
        settings_.audience != "executive") {
      Block kept;
      kept.kind = Block::Kind::kTable;
      kept.table = KeptWordsTable(*settings_.wording, *texts_);
      section.blocks.push_back(std::move(kept));
    }
    if (settings_.audience != "executive") {
      if (const View* view = book_.Find("client"); view != nullptr && !view->freshness.empty()) {
        Block fresh;
        fresh.kind = Block::Kind::kTable;
        fresh.table = FreshnessTable(*view, *texts_);
        section.blocks.push_back(std::move(fresh));
      }
    }
    if (!settings_.missing.empty()) {
      Block missing;
      missing.kind = Block::Kind::kTable;
      missing.table = MissingTable(settings_, *texts_);
      section.blocks.push_back(std::move(missing));
    }
    return {};
  }

  Result<> Method(Section& section) {
    Block text;
    Say(text, "method.cells");
    Say(text, "method.truths");
    Say(text, "method.strength");
    section.blocks.push_back(std::move(text));
    Block table;
    table.kind = Block::Kind::kTable;
    table.table = ViewsTable(book_.inputs(), *texts_);
    section.blocks.push_back(std::move(table));
    return {};
  }

  /// A view that could not be made is said, where its section would be.
  Result<> MissingBlock(Section& section) {
    Block block;
    block.kind = Block::Kind::kCallout;
    Say(block, "missing.section");
    section.blocks.push_back(std::move(block));
    return {};
  }

  // --- insights ---

  const Insight* FirstOf(std::initializer_list<std::string_view> kinds) const {
    for (const std::string_view kind : kinds) {
      for (const Insight& insight : document_.insights) {
        if (insight.kind == kind) return &insight;
      }
    }
    return nullptr;
  }
  /// The heaviest target that was missed.
  const Insight* MissedTarget() const {
    const auto missed = [](const Insight& insight) {
      return insight.kind == "variance" && insight.claim.key.ends_with(".bad");
    };
    const auto found = std::ranges::find_if(document_.insights, missed);
    return found == document_.insights.end() ? nullptr : &*found;
  }
  void SayInsight(Block& block, const Insight& insight) {
    Say(block, insight.claim.key, insight.claim.slots);
  }
  void AddInsight(Block& list, const Insight& insight) {
    std::vector<Sentence> item;
    if (auto claim = Spoken(insight.claim.key, insight.claim.slots)) item.push_back(*claim);
    const bool deep = settings_.audience == "operator" || Auditing();
    if (deep || insight.kind == "next") {
      if (auto mind = Spoken(insight.change_our_mind.key, insight.change_our_mind.slots)) {
        item.push_back(*mind);
      }
    }
    if (deep || insight.kind == "outcome") {
      if (auto how = Spoken("strength." + std::string(StrengthName(insight.strength)), {})) {
        item.push_back(*how);
      }
    }
    list.items.push_back(std::move(item));
  }
  bool Auditing() const { return settings_.audience == "auditor"; }

  /// Plans that were made in the period, on the client's clock, and those that still wait.
  std::vector<std::string> PlansOfPeriod() const {
    std::vector<std::string> out;
    const View* view = book_.Find("plans");
    if (view == nullptr) return out;
    const auto zone = Zone::Find(settings_.zone);
    for (const ViewRow& row : view->rows) {
      const ViewCell made = book_.Get(book_.Cell("plans", row.key, "created_at"));
      const auto* at = std::get_if<Instant>(&made);
      if (at == nullptr) continue;
      const Day day = (zone ? *zone : Zone::Utc()).DayOf(*at);
      if ((day >= settings_.from && day <= settings_.to) || Waits(row.key)) out.push_back(row.key);
    }
    return out;
  }
  bool HasStatus(const std::string& key, std::initializer_list<std::string_view> statuses) const {
    const ViewCell status = book_.Get(book_.Cell("plans", key, "status"));
    const auto* word = std::get_if<std::string>(&status);
    return word != nullptr && std::ranges::find(statuses, *word) != statuses.end();
  }
  bool Waits(const std::string& key) const { return HasStatus(key, {"guarded", "approved"}); }

  /// What Max did, in one or two sentences.
  void SayActionsShort(Block& block) {
    if (book_.Find("plans") == nullptr) return;
    std::vector<Source> done, waiting, changes;
    for (const std::string& key : PlansOfPeriod()) {
      if (HasStatus(key, {"applied", "verified", "scored"})) {
        done.push_back(book_.Cell("plans", key, "status"));
        changes.push_back(book_.Cell("plans", key, "changes"));
      }
      if (Waits(key)) waiting.push_back(book_.Cell("plans", key, "status"));
    }
    if (done.empty()) {
      Say(block, "actions.none");
    } else {
      Say(block, "actions.done",
          {{"plans", Made("count", done)}, {"changes", Made("sum", std::move(changes))}});
    }
    if (!waiting.empty()) Say(block, "actions.waiting", {{"plans", Made("count", waiting)}});
    if (const Insight* outcome = FirstOf({"outcome"})) SayInsight(block, *outcome);
  }

  // --- tables and charts ---

  void AddTable(Section& section, const std::string& input, const std::string& caption,
                const std::vector<std::string>& columns, const std::vector<std::string>& keys = {},
                std::size_t most = 0) {
    Block block;
    block.kind = Block::Kind::kTable;
    block.table = MakeTable(book_, *texts_, {input, texts_->Word(caption), columns, keys, most});
    if (!block.table->columns.empty()) section.blocks.push_back(std::move(block));
  }
  void AddLine(Section& section, const std::string& input, const std::string& metric,
               const std::string& caption) {
    Block block;
    block.kind = Block::Kind::kChart;
    block.chart = LineChart(book_, *texts_, input, metric, texts_->Word(caption));
    if (!block.chart->series.empty()) section.blocks.push_back(std::move(block));
  }
  void AddBars(Section& section, const std::string& input, const std::vector<std::string>& columns,
               const std::string& caption, std::size_t most = 12) {
    Block block;
    block.kind = Block::Kind::kChart;
    block.chart = BarChart(book_, *texts_, input, columns, texts_->Word(caption), most);
    if (!block.chart->labels.empty()) section.blocks.push_back(std::move(block));
  }
  void AddHeat(Section& section, const std::string& input, const std::string& metric) {
    Block block;
    block.kind = Block::Kind::kChart;
    block.chart = HeatChart(book_, *texts_, input, metric, texts_->Word("chart." + input));
    if (!block.chart->series.empty()) section.blocks.push_back(std::move(block));
  }

  const Settings& settings_;
  Book book_;
  std::shared_ptr<const Catalogue> texts_;
  Document document_;
  std::vector<std::string> kpis_, unknown_days_;
  std::string lead_, client_row_;
  std::optional<Error> error_;
};

template <class List>
Result<> OneOf(std::string_view what, std::string_view value, const List& known) {
  if (std::ranges::find(known, value) != std::end(known)) return {};
  return Fail(Errc::kInvalidArgument, fmt::format("{} \"{}\" is not known; known are {}", what,
                                                  value, fmt::join(known, ", ")));
}

}  // namespace

Result<> CheckSettings(const Settings& settings) {
  MAXOPT_CHECK(FindKind(settings.kind));
  MAXOPT_CHECK(Catalogue::BuiltIn(settings.language));
  MAXOPT_CHECK(OneOf("audience", settings.audience, Audiences()));
  MAXOPT_CHECK(OneOf("campaign type", settings.campaign_type, CampaignTypes()));
  for (const std::string& kpi : settings.kpis) MAXOPT_CHECK(OneOf("KPI", kpi, KpiNames()));
  for (const std::string& section : settings.sections) {
    MAXOPT_CHECK(OneOf("section", section, SectionNames()));
  }
  if (settings.to < settings.from) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the period {} to {} is empty", PrintDay(settings.from),
                            PrintDay(settings.to)));
  }
  return {};
}

namespace {

/// Calls `use` with each paragraph that may be put into other words and its place.
template <class Doc, class Use>
void EachParagraph(Doc& document, Use use) {
  for (auto& section : document.sections) {
    if (section.key == "data" || section.key == "method") continue;
    for (std::size_t i = 0; i < section.blocks.size(); ++i) {
      auto& block = section.blocks[i];
      const std::string place = fmt::format("{}/{}", section.key, i);
      if (!block.sentences.empty()) use(place, block.sentences);
      for (std::size_t n = 0; n < block.items.size(); ++n) {
        if (!block.items[n].empty()) use(fmt::format("{}/{}", place, n), block.items[n]);
      }
    }
  }
}

}  // namespace

Result<std::vector<ParagraphText>> ParagraphsOf(const Document& document, const Inputs& inputs) {
  MAXOPT_TRY(const auto texts, Catalogue::BuiltIn(document.settings.language));
  MAXOPT_TRY(const Book book, Book::Of(inputs, document.derivations));
  std::vector<ParagraphText> out;
  std::optional<Error> wrong;
  EachParagraph(document, [&](const std::string& place, const std::vector<Sentence>& sentences) {
    ParagraphText one{place, {}};
    for (const Sentence& sentence : sentences) {
      auto text = texts->TextOf(sentence.phrase, book);
      if (!text) {
        wrong = text.error();
        return;
      }
      one.texts.push_back(*std::move(text));
    }
    out.push_back(std::move(one));
  });
  if (wrong) return std::unexpected(*wrong);
  return out;
}

Result<> RewordParagraph(Document& document, const Inputs& inputs, const std::string& place,
                         const std::vector<std::string>& texts) {
  MAXOPT_TRY(const auto catalogue, Catalogue::BuiltIn(document.settings.language));
  MAXOPT_TRY(const Book book, Book::Of(inputs, document.derivations));
  std::vector<Sentence>* found = nullptr;
  EachParagraph(document, [&](const std::string& each, std::vector<Sentence>& sentences) {
    if (each == place) found = &sentences;
  });
  if (found == nullptr) {
    return Fail(Errc::kNotFound, fmt::format("the report has no paragraph {}", place));
  }
  if (texts.size() != found->size()) {
    return Fail(Errc::kInvalidArgument, fmt::format("it has {} sentences where the text has {}",
                                                    texts.size(), found->size()));
  }
  std::vector<Sentence> said;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    MAXOPT_TRY(Sentence one, catalogue->Reword((*found)[i].phrase, texts[i], book));
    said.push_back(std::move(one));
  }
  *found = std::move(said);
  return {};
}

Result<Document> Compose(const Settings& settings, const Inputs& inputs) {
  MAXOPT_CHECK(CheckSettings(settings));
  MAXOPT_TRY(const auto texts, Catalogue::BuiltIn(settings.language));
  MAXOPT_TRY(Document document, Writer(settings, inputs, texts).Run());
  if (settings.wording) {
    for (const auto& [place, words] : settings.wording->paragraphs) {
      const auto said = RewordParagraph(document, inputs, place, words);
      if (!said) {
        return Fail(Errc::kRefused, fmt::format("the report's kept words for {} do not say what "
                                                "the data say: {}",
                                                place, said.error().what));
      }
    }
  }
  MAXOPT_CHECK(CheckDocument(document, inputs));
  return document;
}

Result<> CheckDocument(const Document& document, const Inputs& inputs) {
  MAXOPT_TRY(const auto texts, Catalogue::BuiltIn(document.settings.language));
  MAXOPT_TRY(const Book book, Book::Of(inputs, document.derivations));
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      for (const Sentence& sentence : block.sentences) MAXOPT_CHECK(texts->Check(sentence, book));
      for (const auto& item : block.items) {
        for (const Sentence& sentence : item) MAXOPT_CHECK(texts->Check(sentence, book));
      }
      for (const Tile& tile : block.tiles) {
        MAXOPT_CHECK(CheckTile(tile, book, *texts));
      }
      if (block.table) MAXOPT_CHECK(CheckTable(*block.table, book, *texts));
      if (block.chart) MAXOPT_CHECK(CheckChart(*block.chart, book, *texts));
    }
  }
  return {};
}

}  // namespace maxopt::report
