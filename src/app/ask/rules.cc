#include "app/ask/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "app/views/views.h"
#include "measure/diagnosis/diagnosis.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/sightings.h"
#include "memory/campaigns/signals.h"
#include "stages/report/cells/cells.h"
#include "stages/report/narrative/narrative.h"

namespace maxopt::asking {
namespace {

using report::Book;
using report::CellRef;
using report::Inputs;
using report::Phrase;
using report::Slot;
using report::Source;
using std::chrono::days;

const std::vector<std::string> kMetrics = {"spend",   "impressions", "clicks", "conversions",
                                           "revenue", "ctr",         "cpc",    "cpm",
                                           "cvr",     "cpa",         "roas"};
/// A change of less than this is none: what is printed as 0 % in whole percents.
constexpr double kFlatBelow = 0.005;
/// A factor or a segment of less than a tenth of the change is not worth a sentence (the same
/// threshold as of the segments, T_EEP in Bhagwan et al., NSDI 2014).
constexpr double kShareMin = 0.10;
/// Below it the conversions of a period will still grow visibly.
constexpr double kMature = 0.95;
/// The least count of a cell of a chi-square test (Cochran 1954): under it a cost per conversion
/// is luck.
constexpr double kLeastCount = 5;
/// Parts that add up to much more than the whole, because others work against them, are no shares
/// that a reader can use: beyond this they are told without.
constexpr double kShareMax = 1.2;
constexpr std::size_t kRowsSaid = 3;
/// Texts of the engine that are quoted whole, as far as a line is readable.
constexpr std::size_t kQuoteMax = 300;

bool OfConversions(std::string_view metric) {
  return metric == "conversions" || metric == "revenue" || metric == "cvr" || metric == "cpa" ||
         metric == "roas";
}
bool LessIsBetter(std::string_view metric) {
  return metric == "cpa" || metric == "cpc" || metric == "cpm";
}

ViewColumn Column(std::string name, std::string title, CellKind kind) {
  ViewColumn out;
  out.name = std::move(name);
  out.title = std::move(title);
  out.kind = kind;
  return out;
}

class Rules {
 public:
  Rules(Home& home, const Client& client, std::shared_ptr<const report::Catalogue> catalogue)
      : home_(home), client_(client), catalogue_(std::move(catalogue)), book_(inputs_) {}

  Result<AskAnswer> Answer(const std::string& question, Understood* words) {
    const auto zone = Zone::Find(client_.zone);
    now_ = home_.clock().Now();
    Vocabulary vocabulary;
    vocabulary.today = (zone ? *zone : Zone::Utc()).DayOf(now_);
    MAXOPT_TRY(accounts_, home_.store().Accounts());
    std::erase_if(accounts_, [&](const ClientAccount& a) { return a.client != client_.name; });
    for (const ClientAccount& account : accounts_) {
      const std::string platform(PlatformName(account.info.account.platform));
      if (std::ranges::find(vocabulary.platforms, platform) == vocabulary.platforms.end()) {
        vocabulary.platforms.push_back(platform);
      }
    }
    {
      // Names of every campaign that delivered in the last half year: what people still ask about.
      ViewQuery query;
      query.view = "campaigns";
      query.client = client_.name;
      query.by = {"campaign"};
      query.metrics = {"spend"};
      query.from = vocabulary.today - days(182);
      query.to = vocabulary.today;
      MAXOPT_TRY(const View campaigns, MakeView(home_, query));
      const auto id = campaigns.Find("id"), name = campaigns.Find("name"),
                 platform = campaigns.Find("platform");
      if (!id || !name || !platform) Bug();
      for (const ViewRow& row : campaigns.rows) {
        const auto* its_id = std::get_if<std::string>(&row.cells[*id]);
        const auto* its_name = std::get_if<std::string>(&row.cells[*name]);
        const auto* its_platform = std::get_if<std::string>(&row.cells[*platform]);
        if (its_id == nullptr || its_name == nullptr) continue;
        vocabulary.campaigns.emplace_back(*its_id, *its_name);
        if (its_platform != nullptr) platform_of_[*its_id] = *its_platform;
      }
    }
    asked_ = Understand(question, vocabulary);
    if (words != nullptr) *words = asked_;
    out_.kind = QuestionKindName(asked_.kind);
    out_.by = "rules";
    if (!asked_.other_platform.empty() && asked_.platform.empty()) {
      out_.notes.push_back(fmt::format(
          "{} has no account on {}; the answer is of all its accounts.", client_.name,
          catalogue_->WordOr("platform." + asked_.other_platform, asked_.other_platform)));
    }
    // A year of days is the longest comparison that the facts are asked for here.
    if (asked_.to - asked_.from > days(366)) {
      asked_.from = asked_.to - days(366);
      out_.notes.push_back("No more than a year is looked at: the answer begins at its first day.");
    }
    AddAsked();
    if (!asked_.unread_days.empty() && OfDays()) {
      // Numbers of other days than were meant are worse than none.
      out_.kind = QuestionKindName(QuestionKind::kUnknown);
      out_.notes.push_back("Not understood: " + Quoted(asked_.unread_days) + ".");
      Line();
      MAXOPT_CHECK(Say("days", {{"from", Asked("from")}, {"to", Asked("to")}}));
      return std::move(out_);
    }
    AddLeftOut();
    MAXOPT_CHECK(Dispatch());
    std::erase_if(out_.lines, [](const std::string& line) { return line.empty(); });
    return std::move(out_);
  }

 private:
  // --- what was not understood ---

  /// Whether the answer is one of days.
  bool OfDays() const {
    switch (asked_.kind) {
      case QuestionKind::kWhy:
      case QuestionKind::kValue:
      case QuestionKind::kRank:
      case QuestionKind::kChanges:
      case QuestionKind::kDone:
        return true;
      case QuestionKind::kPacing:
      case QuestionKind::kNext:
      case QuestionKind::kTrouble:
      case QuestionKind::kUnknown:
        return false;
    }
    Bug();
  }
  static std::string Quoted(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < std::min<std::size_t>(words.size(), 8); ++i) {
      out += (i == 0 ? "“" : ", “") + report::PlainText(words[i]) + "”";
    }
    return words.size() > 8 ? out + ", ..." : out;
  }
  /// What the question says and the answer does not heed.
  void AddLeftOut() {
    if (asked_.kind == QuestionKind::kUnknown) return;
    std::vector<std::string> words = asked_.unread;
    if (asked_.kind == QuestionKind::kWhy || asked_.kind == QuestionKind::kRank) {
      // These are of one metric.
      for (const std::string& metric : asked_.metrics) {
        if (metric != asked_.metric) words.push_back(metric);
      }
    }
    if (asked_.kind == QuestionKind::kNext) {
      // What waits is told of the whole client.
      if (!asked_.platform.empty()) {
        words.push_back(catalogue_->WordOr("platform." + asked_.platform, asked_.platform));
      }
      if (!asked_.campaign.empty()) words.push_back(asked_.campaign);
    }
    if (!words.empty()) out_.left_out = "Left out of the answer: " + Quoted(words) + ".";
    if (!OfDays() && (asked_.period_named || !asked_.unread_days.empty())) {
      if (!out_.left_out.empty()) out_.left_out += ' ';
      out_.left_out += "It tells as things stand now, not of the days that the question names.";
    }
    if (!out_.left_out.empty()) out_.notes.insert(out_.notes.begin(), out_.left_out);
  }

  // --- data ---

  /// Filters and period of the question.
  ViewQuery Of(std::string view) const {
    ViewQuery query;
    query.view = std::move(view);
    query.client = client_.name;
    query.from = asked_.from;
    query.to = asked_.to;
    if (!asked_.platform.empty()) query.filters["platform"] = {asked_.platform};
    if (!asked_.campaign_id.empty()) query.filters["campaign"] = {asked_.campaign_id};
    return query;
  }
  Result<> Look(const std::string& name, const ViewQuery& query) {
    MAXOPT_TRY(View view, MakeView(home_, query));
    inputs_[name] = std::move(view);
    return {};
  }
  Result<> LookTree(const std::string& name, const std::string& by, bool whole_client = false) {
    ViewQuery query = Of("campaigns");
    if (whole_client) query.filters.clear();
    query.by = {by};
    query.metrics = kMetrics;
    query.compare = "previous";
    return Look(name, query);
  }
  /// Parameters of the campaigns page that shows the same.
  std::string LinkOf(const std::string& view) const {
    std::string link =
        fmt::format("view:{}?from={}&to={}", view, PrintDay(asked_.from), PrintDay(asked_.to));
    if (!asked_.platform.empty()) {
      link += "&filter.platform=" + http::PercentEncode(asked_.platform);
    }
    if (!asked_.campaign_id.empty()) {
      link += "&filter.campaign=" + http::PercentEncode(asked_.campaign_id);
    }
    return link;
  }
  /// The question itself as a row of data: scope and days are said like everything else.
  void AddAsked() {
    const days shift((((asked_.to - asked_.from).count() + 1) + 6) / 7 * 7);
    std::string scope = client_.name;
    if (!asked_.campaign.empty()) {
      scope = asked_.campaign;
    } else if (!asked_.platform.empty()) {
      scope = catalogue_->WordOr("platform." + asked_.platform, asked_.platform);
    }
    View view;
    view.name = view.title = "question";
    view.client = client_.name;
    view.as_of = now_;
    view.columns = {Column("scope", "About", CellKind::kText),
                    Column("from", "First day", CellKind::kDay),
                    Column("to", "Last day", CellKind::kDay),
                    Column("before_from", "First day before", CellKind::kDay),
                    Column("before_to", "Last day before", CellKind::kDay)};
    ViewRow row;
    row.key = "asked";
    row.cells = {report::PlainText(scope), asked_.from, asked_.to, asked_.from - shift,
                 asked_.to - shift};
    view.rows.push_back(std::move(row));
    inputs_["question"] = std::move(view);
  }
  const ViewRow* RowOf(const std::string& view) const {
    const View* found = book_.Find(view);
    return found == nullptr || found->rows.empty() ? nullptr : &found->rows.front();
  }

  // --- saying ---

  Slot At(const std::string& view, const std::string& row, const std::string& column,
          std::string format = "", std::string part = "") const {
    return {book_.Cell(view, row, column, std::move(part)), std::move(format), ""};
  }
  Slot Asked(const std::string& column) const { return At("question", "asked", column); }
  Slot Made(std::string op, std::vector<Source> of, std::string format = "") {
    return {book_.Derive(std::move(op), std::move(of)), std::move(format), ""};
  }
  static Slot WordSlot(std::string key) { return {{}, "", std::move(key)}; }
  std::optional<double> NumberAt(const Slot& slot) const {
    return report::Number(book_.Get(slot.source));
  }
  std::string TextAt(const Slot& slot) const {
    const ViewCell cell = book_.Get(slot.source);
    const auto* text = std::get_if<std::string>(&cell);
    return text == nullptr ? "" : *text;
  }
  void Line() { out_.lines.emplace_back(); }
  std::string& Current() {
    if (out_.lines.empty()) Line();
    return out_.lines.back();
  }
  void Append(const std::string& text) {
    std::string& line = Current();
    if (!line.empty()) line += ' ';
    line += text;
  }
  /// A cell as a reader is led to it.
  AskSource SourceOf(const Source& source, const std::string& text) const {
    AskSource out;
    out.line = out_.lines.size() - 1;
    out.text = text;
    out.where = Print(source);
    if (!source.derived.empty()) {
      for (const report::Derivation& derivation : book_.derivations()) {
        if (derivation.id != source.derived) continue;
        std::string of;
        for (const Source& part : derivation.of) {
          // A count of many rows is not a list of them.
          if (of.size() > 200) {
            of += ", ...";
            break;
          }
          of += (of.empty() ? "" : ", ") + Print(part);
        }
        out.where = fmt::format("{} of {}", derivation.op, of);
        out.label = derivation.op;
        if (!derivation.of.empty() && derivation.of.front().derived.empty()) {
          out.link = LinkTo(derivation.of.front().cell);
        }
      }
      return out;
    }
    const ViewColumn* column = book_.ColumnOf(source);
    if (column != nullptr) out.label = column->title;
    const View* view = book_.Find(source.cell.view);
    if (view != nullptr) {
      for (const char* name : {"name", "title"}) {
        const auto at = view->Find(name);
        if (!at) continue;
        for (const ViewRow& row : view->rows) {
          const auto* label =
              row.key == source.cell.row ? std::get_if<std::string>(&row.cells[*at]) : nullptr;
          if (label != nullptr) {
            out.label += ", " + report::Shortened(report::PlainText(*label), 80);
          }
        }
        break;
      }
    }
    out.link = LinkTo(source.cell);
    return out;
  }
  std::string LinkTo(const CellRef& cell) const {
    const View* view = book_.Find(cell.view);
    if (view == nullptr || cell.view == "question" || cell.view == "diagnosis") return "";
    // Numbers of objects are seen on the page of campaigns, with this period; others have pages.
    if (view->name == "campaigns") return LinkOf("campaigns");
    for (const ViewRow& row : view->rows) {
      if (row.key == cell.row && row.link.starts_with("plan:")) return row.link;
    }
    return "view:" + view->name;
  }
  Result<> Say(const std::string& key, std::map<std::string, Slot> slots) {
    const Phrase phrase{key, std::move(slots)};
    MAXOPT_TRY(const report::Sentence sentence, catalogue_->Say(phrase, book_));
    MAXOPT_CHECK(catalogue_->Check(sentence, book_));
    Append(sentence.text);
    for (const report::Sentence::Span& span : sentence.spans) {
      if (span.name) continue;
      const Slot& slot = phrase.slots.at(span.slot);
      if (slot.source.derived.empty() && slot.source.cell.view == "question") continue;
      out_.sources.push_back(
          SourceOf(slot.source, sentence.text.substr(span.begin, span.end - span.begin)));
    }
    return {};
  }
  /// A text cell of the engine as it is, with its source.
  void Quote(const Slot& slot, std::string_view before = "", std::string_view after = "") {
    const std::string text = report::Shortened(report::PlainText(TextAt(slot)), kQuoteMax);
    if (text.empty()) return;
    Append(fmt::format("{}{}{}", before, text, after));
    out_.sources.push_back(SourceOf(slot.source, text));
  }
  Result<> SayPeriod(bool beside) {
    Line();
    std::map<std::string, Slot> slots = {{"from", Asked("from")}, {"to", Asked("to")}};
    if (beside) {
      slots["before_from"] = Asked("before_from");
      slots["before_to"] = Asked("before_to");
    }
    return Say(beside ? "period.beside" : "period.alone", std::move(slots));
  }

  // --- numbers of a metric ---

  enum class Moved { kUnknown, kAlone, kFlat, kUp, kDown };
  /// How a metric of the scope stands against the time before, and says so.
  Result<Moved> SayMetric(const std::string& metric) {
    const ViewRow* row = RowOf("scope");
    const std::string key = row == nullptr ? "" : row->key;
    std::map<std::string, Slot> slots = {{"metric", WordSlot("metric." + metric)},
                                         {"scope", Asked("scope")}};
    const Slot now = At("scope", key, metric), before = At("scope", key, metric + "_previous"),
               change = At("scope", key, metric + "_previous_change");
    const auto is = NumberAt(now), was = NumberAt(before), by = NumberAt(change);
    if (!is && !was) {
      MAXOPT_CHECK(Say("value.unknown", std::move(slots)));
      return Moved::kUnknown;
    }
    if (!is) {
      slots["before"] = before;
      MAXOPT_CHECK(Say("value.gone", std::move(slots)));
      return Moved::kUnknown;
    }
    slots["now"] = now;
    if (!was || !by) {
      MAXOPT_CHECK(Say("value.alone", std::move(slots)));
      return Moved::kAlone;
    }
    slots["before"] = before;
    if (std::abs(*by) < kFlatBelow) {
      MAXOPT_CHECK(Say("value.flat", std::move(slots)));
      return Moved::kFlat;
    }
    slots["change"] = Made("magnitude", {change.source}, "percent");
    MAXOPT_CHECK(Say(*by > 0 ? "value.up" : "value.down", std::move(slots)));
    return *by > 0 ? Moved::kUp : Moved::kDown;
  }
  Result<> SayKnown() {
    const ViewRow* row = RowOf("scope");
    if (row == nullptr || !row->known || *row->known >= kMature) return {};
    Line();
    return Say("known", {{"known", At("scope", row->key, "@known", "percent")}});
  }
  void NotesOf(const std::string& view) {
    const View* found = book_.Find(view);
    if (found == nullptr) return;
    for (const std::string& note : found->notes) {
      // What the platforms claim under which window is in the page's own help.
      if (out_.notes.size() >= 4) return;
      out_.notes.push_back(report::Shortened(report::PlainText(note), kQuoteMax));
    }
    std::set<std::string> said;
    for (const ViewFreshness& fresh : found->freshness) {
      if (fresh.state == "fresh" || fresh.why.empty() || out_.notes.size() >= 6) continue;
      const std::string note = report::Shortened(
          report::PlainText(fmt::format("{}: {}", fresh.name, fresh.why)), kQuoteMax);
      if (said.insert(note).second) out_.notes.push_back(note);
    }
  }

  // --- why ---

  /// Sums of a row in one of the periods. nullopt: a part is not known while others are. All
  /// absent: nothing ran then.
  std::optional<DiagnosisSums> SumsOf(const std::string& view, const std::string& row,
                                      const std::string& suffix, bool revenue) const {
    DiagnosisSums out;
    const std::pair<const char*, double DiagnosisSums::*> parts[] = {
        {"spend", &DiagnosisSums::spend},
        {"impressions", &DiagnosisSums::impressions},
        {"clicks", &DiagnosisSums::clicks},
        {"conversions", &DiagnosisSums::conversions},
        {"revenue", &DiagnosisSums::revenue}};
    int known = 0, missing = 0;
    for (const auto& [name, part] : parts) {
      const auto value = NumberAt(At(view, row, name + suffix));
      if (value) {
        ++known;
        out.*part = std::max(0.0, *value);
      } else if (std::string_view(name) != "revenue" || revenue) {
        ++missing;
      }
    }
    if (known > 0 && missing > 0) return std::nullopt;
    return out;
  }
  std::vector<DiagnosisSegment> SegmentsOf(const std::string& view, const std::string& dimension,
                                           const std::string& column, bool revenue) const {
    std::vector<DiagnosisSegment> out;
    const View* found = book_.Find(view);
    if (found == nullptr || !found->Find(column)) return out;
    for (const ViewRow& row : found->rows) {
      const std::string element = TextAt(At(view, row.key, column));
      const auto before = SumsOf(view, row.key, "_previous", revenue);
      const auto after = SumsOf(view, row.key, "", revenue);
      // A part of a dimension is no dimension: its shares would be wrong.
      if (!before || !after) return {};
      if (element.empty() || element == "-") continue;
      out.push_back({dimension, element, *before, *after});
    }
    return out;
  }

  Result<DiagnosisEvidence> EvidenceOf(const std::string& metric) {
    DiagnosisEvidence evidence;
    std::string platform = asked_.platform;
    if (platform.empty() && !asked_.campaign_id.empty()) {
      const auto found = platform_of_.find(asked_.campaign_id);
      if (found != platform_of_.end()) platform = found->second;
    }
    const auto concerns = [&](const AccountId& account) {
      return platform.empty() || PlatformName(account.platform) == platform;
    };
    // What Max applied in these days or shortly before. What others edited is in the platforms'
    // histories, which are not asked from here: without a find it is "not checked".
    MAXOPT_TRY(const std::vector<LedgerEntry> entries,
               Ledger(home_.store(), {client_.name, "applying", "", 200}));
    const auto zone = Zone::Find(client_.zone);
    for (const LedgerEntry& entry : entries) {
      const Day day = (zone ? *zone : Zone::Utc()).DayOf(entry.at);
      if (day < asked_.from - days(7) || day > asked_.to) continue;
      const auto plan = home_.store().GetPlan(entry.subject);
      if (!plan) continue;
      const bool here = std::ranges::any_of(
          plan->changes, [&](const Change& change) { return concerns(change.account); });
      if (!here) continue;
      if (!evidence.edits) evidence.edits.emplace();
      evidence.edits->push_back({entry.at, fmt::format("Max ({})", plan->id), plan->title});
    }
    for (const ClientAccount& account : accounts_) {
      if (!concerns(account.info.account)) continue;
      MAXOPT_TRY(const std::vector<ReviewState> reviews,
                 Reviews(home_.store(), account.info.account));
      if (reviews.empty()) continue;
      if (!evidence.rejections) evidence.rejections.emplace();
      for (const ReviewState& review : reviews) {
        if (review.state != "rejected" && review.state != "limited") continue;
        evidence.rejections->push_back(
            fmt::format("{} {}: {}{}{}", LevelName(review.level), review.name, review.state,
                        review.reason.empty() ? "" : ", ", review.reason));
      }
    }
    MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(home_.store(), client_.name));
    if (!signals.empty()) {
      evidence.broken_signals.emplace();
      for (const SignalHealth& signal : signals) {
        const bool here = signal.accounts.empty() || std::ranges::any_of(signal.accounts, concerns);
        if (signal.state == SignalState::kBroken && here) {
          evidence.broken_signals->push_back(signal.name + ": " + signal.why);
        }
      }
    }
    if (const ViewRow* row = RowOf("scope")) evidence.maturity = row->known;
    if (!platform.empty()) {
      DiagnosisSums others_before, others_after;
      bool whole = true, any = false;
      if (const View* view = book_.Find("everywhere")) {
        for (const ViewRow& row : view->rows) {
          if (TextAt(At("everywhere", row.key, "platform")) == platform) continue;
          const auto then = SumsOf("everywhere", row.key, "_previous", metric == "roas");
          const auto now = SumsOf("everywhere", row.key, "", metric == "roas");
          whole = whole && then && now;
          if (!then || !now) continue;
          any = true;
          for (const auto part :
               {&DiagnosisSums::spend, &DiagnosisSums::impressions, &DiagnosisSums::clicks,
                &DiagnosisSums::conversions, &DiagnosisSums::revenue}) {
            others_before.*part += (*then).*part;
            others_after.*part += (*now).*part;
          }
        }
      }
      if (whole && any) {
        const auto was = KpiOf(metric, others_before), is = KpiOf(metric, others_after);
        if (was && is && *was && *is && **was > 0) evidence.others_change = **is / **was - 1;
      }
    }
    return evidence;
  }

  Result<> Why() {
    const std::string& metric = asked_.metric;
    MAXOPT_CHECK(LookTree("scope", "client"));
    NotesOf("scope");
    MAXOPT_CHECK(SayPeriod(true));
    Line();
    MAXOPT_TRY(const Moved moved, SayMetric(metric));
    if (moved == Moved::kUp && asked_.direction < 0) MAXOPT_CHECK(Say("value.not_down", {}));
    if (moved == Moved::kDown && asked_.direction > 0) MAXOPT_CHECK(Say("value.not_up", {}));
    if (moved == Moved::kFlat && asked_.direction != 0) {
      MAXOPT_CHECK(Say(asked_.direction > 0 ? "value.not_up" : "value.not_down", {}));
    }
    if (moved != Moved::kUp && moved != Moved::kDown) return SayKnown();

    const std::string key = RowOf("scope")->key;
    const bool revenue = metric == "revenue" || metric == "roas";
    const auto before = SumsOf("scope", key, "_previous", revenue);
    const auto after = SumsOf("scope", key, "", revenue);
    if (!before || !after) return SayKnown();

    std::vector<DiagnosisSegment> segments;
    const auto add = [&](const std::string& view, const std::string& by,
                         const std::string& column) -> Result<> {
      MAXOPT_CHECK(LookTree(view, by));
      for (DiagnosisSegment& segment : SegmentsOf(view, by, column, revenue)) {
        segments.push_back(std::move(segment));
      }
      return {};
    };
    if (asked_.campaign_id.empty()) {
      if (asked_.platform.empty()) MAXOPT_CHECK(add("platforms", "platform", "name"));
      MAXOPT_CHECK(add("campaigns", "campaign", "name"));
    }
    MAXOPT_CHECK(add("devices", "device", "device"));
    MAXOPT_CHECK(add("countries", "country", "country"));
    if (!asked_.platform.empty() || !asked_.campaign_id.empty()) {
      MAXOPT_CHECK(LookTree("everywhere", "platform", true));
    }
    MAXOPT_TRY(const DiagnosisEvidence evidence, EvidenceOf(metric));
    MAXOPT_TRY(const Diagnosis diagnosis, DiagnoseKpi(metric, *before, *after, segments, evidence));
    AddDiagnosis(diagnosis);

    Line();
    MAXOPT_CHECK(SayFactors(diagnosis, key));
    for (std::size_t i = 0; i < std::min(diagnosis.segments.size(), kRowsSaid); ++i) {
      const std::string row = fmt::format("segment/{}", i);
      const Diagnosis::Segment& segment = diagnosis.segments[i];
      const bool whole = segment.share > kShareMax;
      std::map<std::string, Slot> slots = {
          {"dimension", WordSlot("dimension." + segment.dimension)},
          {"element",
           At("diagnosis", row, "what", segment.dimension == "platform" ? "platform" : "")}};
      if (!whole) slots["share"] = At("diagnosis", row, "share", "percent");
      MAXOPT_CHECK(Say(whole ? "segment.most" : "segment", std::move(slots)));
    }
    Line();
    MAXOPT_CHECK(SayCauses(diagnosis));
    MAXOPT_CHECK(SayKnown());
    Line();
    return Say("limits", {});
  }

  void AddDiagnosis(const Diagnosis& diagnosis) {
    View view;
    view.name = "diagnosis";
    view.title = "Diagnosis";
    view.client = client_.name;
    view.as_of = now_;
    view.columns = {Column("what", "What", CellKind::kText),
                    Column("share", "Share of the change", CellKind::kRatio),
                    Column("evidence", "Evidence", CellKind::kText)};
    const auto add = [&](std::string key, std::string what, ViewCell share, std::string evidence) {
      ViewRow row;
      row.key = std::move(key);
      row.cells = {report::PlainText(what), std::move(share),
                   evidence.empty() ? ViewCell() : ViewCell(report::PlainText(evidence))};
      view.rows.push_back(std::move(row));
    };
    const auto share = [](double value) {
      return std::isfinite(value) ? ViewCell(value) : ViewCell();
    };
    for (const auto& factor : diagnosis.factors) {
      add("factor/" + factor.name, factor.name, share(factor.share), "");
    }
    for (std::size_t i = 0; i < diagnosis.segments.size(); ++i) {
      add(fmt::format("segment/{}", i), diagnosis.segments[i].element,
          share(diagnosis.segments[i].share), "");
    }
    std::string unchecked;
    for (std::size_t i = 0; i < diagnosis.causes.size(); ++i) {
      const auto& cause = diagnosis.causes[i];
      add(fmt::format("cause/{}", i), cause.what, {}, cause.evidence);
      if (cause.verdict == Diagnosis::Verdict::kNotChecked) {
        unchecked += (unchecked.empty() ? "" : "; ") + cause.what;
      }
    }
    if (!unchecked.empty()) add("unchecked", unchecked, {}, "");
    inputs_["diagnosis"] = std::move(view);
  }

  Result<> SayFactors(const Diagnosis& diagnosis, const std::string& key) {
    std::vector<const Diagnosis::Factor*> factors;
    for (const auto& factor : diagnosis.factors) {
      if (std::abs(factor.share) >= kShareMin) factors.push_back(&factor);
    }
    // One factor that is the whole of it, as of a price, explains nothing.
    if (diagnosis.factors.size() < 2) return {};
    std::ranges::stable_sort(factors,
                             [](const auto* a, const auto* b) { return a->share > b->share; });
    const bool shares =
        std::ranges::none_of(factors, [](const auto* factor) { return factor->share > kShareMax; });
    for (const auto* factor : factors) {
      Slot now, before;
      if (factor->name == "aov") {
        now = Made("price",
                   {book_.Cell("scope", key, "revenue"), book_.Cell("scope", key, "conversions")});
        before = Made("price", {book_.Cell("scope", key, "revenue_previous"),
                                book_.Cell("scope", key, "conversions_previous")});
      } else {
        now = At("scope", key, factor->name);
        before = At("scope", key, factor->name + "_previous");
      }
      const Slot share = At("diagnosis", "factor/" + factor->name, "share", "percent");
      const Slot factor_word = WordSlot("factor." + factor->name);
      const auto is = NumberAt(now), was = NumberAt(before);
      if (!is || !was || *was == 0) {
        MAXOPT_CHECK(Say("factor.only", {{"share", share}, {"factor", factor_word}}));
        continue;
      }
      const Slot change =
          Made("magnitude", {book_.Derive("change", {now.source, before.source})}, "percent");
      std::map<std::string, Slot> slots = {
          {"factor", factor_word}, {"change", change}, {"before", before}, {"now", now}};
      const bool with = factor->share > 0;
      if (with && shares) slots["share"] = share;
      const char* how = !with ? "against" : shares ? "with" : "towards";
      MAXOPT_CHECK(
          Say(fmt::format("factor.{}.{}", how, *is > *was ? "up" : "down"), std::move(slots)));
    }
    return {};
  }

  Result<> SayCauses(const Diagnosis& diagnosis) {
    std::size_t said = 0;
    for (std::size_t i = 0; i < diagnosis.causes.size(); ++i) {
      const auto& cause = diagnosis.causes[i];
      const bool likely = cause.verdict == Diagnosis::Verdict::kLikely;
      if (!likely && cause.verdict != Diagnosis::Verdict::kPossible) continue;
      if (said++ == kRowsSaid) break;
      const std::string row = fmt::format("cause/{}", i);
      MAXOPT_CHECK(Say(likely ? "cause.likely" : "cause.possible",
                       {{"what", At("diagnosis", row, "what")}}));
      Quote(At("diagnosis", row, "evidence"), "(", ").");
    }
    if (said == 0) MAXOPT_CHECK(Say("cause.none", {}));
    const Slot unchecked = At("diagnosis", "unchecked", "what");
    if (!TextAt(unchecked).empty()) {
      MAXOPT_CHECK(Say("cause.unchecked", {}));
      Quote(unchecked, "", ".");
    }
    return {};
  }

  // --- the others ---

  Result<> Value() {
    MAXOPT_CHECK(LookTree("scope", "client"));
    NotesOf("scope");
    MAXOPT_CHECK(SayPeriod(true));
    for (const std::string& metric : asked_.metrics) {
      Line();
      MAXOPT_CHECK(SayMetric(metric));
    }
    return std::ranges::any_of(asked_.metrics, OfConversions) ? SayKnown() : Result<>();
  }

  Result<> Rank() {
    std::string metric = asked_.metric;
    MAXOPT_CHECK(LookTree("scope", "client"));
    MAXOPT_CHECK(LookTree("campaigns", "campaign"));
    NotesOf("campaigns");
    if (metric.empty()) {
      // Without a word for it: what a unit of spend returns where revenue is known, else what a
      // conversion costs.
      const ViewRow* row = RowOf("scope");
      metric = row != nullptr && NumberAt(At("scope", row->key, "roas")).value_or(0) > 0 ? "roas"
                                                                                         : "cpa";
    }
    const bool worst = asked_.worst && !asked_.best;
    struct Placed {
      std::string row;
      double value;
      bool nothing;  ///< spent, and brought no conversion: the worst there is
    };
    std::vector<Placed> placed;
    bool few = false;
    for (const ViewRow& row : book_.Find("campaigns")->rows) {
      const double spend = NumberAt(At("campaigns", row.key, "spend")).value_or(0);
      const auto value = NumberAt(At("campaigns", row.key, metric));
      const auto conversions = NumberAt(At("campaigns", row.key, "conversions"));
      const bool nothing = metric == "cpa" && !value && spend > 0 && conversions == 0.0;
      if (!value && !nothing) continue;
      // Of nothing spent there is no price and no return.
      if (spend <= 0 && (LessIsBetter(metric) || metric == "roas")) continue;
      few = few || (OfConversions(metric) && conversions.value_or(0) < kLeastCount);
      placed.push_back({row.key, nothing ? spend : *value, nothing});
    }
    MAXOPT_CHECK(SayPeriod(false));
    Line();
    if (placed.empty()) {
      return Say("rank.none",
                 {{"scope", Asked("scope")}, {"metric", WordSlot("metric." + metric)}});
    }
    const bool ascending = LessIsBetter(metric) != worst;
    std::ranges::stable_sort(placed, [&](const Placed& a, const Placed& b) {
      if (a.nothing != b.nothing) return a.nothing == worst;
      if (a.nothing) return a.value > b.value;
      return ascending ? a.value < b.value : a.value > b.value;
    });
    MAXOPT_CHECK(
        Say(worst ? "rank.worst" : "rank.best", {{"metric", WordSlot("metric." + metric)}}));
    for (std::size_t i = 0; i < std::min(placed.size(), kRowsSaid); ++i) {
      const std::string& row = placed[i].row;
      Line();
      std::map<std::string, Slot> slots = {
          {"campaign", At("campaigns", row, "name")},
          {"platform", At("campaigns", row, "platform", "platform")},
          {"spend", At("campaigns", row, "spend")}};
      if (!placed[i].nothing) slots["value"] = At("campaigns", row, metric);
      MAXOPT_CHECK(Say(placed[i].nothing ? "rank.nothing" : "rank.row", std::move(slots)));
    }
    if (few) {
      Line();
      MAXOPT_CHECK(Say("rank.few", {}));
    }
    return OfConversions(metric) ? SayKnown() : Result<>();
  }

  Result<> Changes() {
    MAXOPT_CHECK(LookTree("scope", "client"));
    MAXOPT_CHECK(LookTree("campaigns", "campaign"));
    NotesOf("scope");
    MAXOPT_CHECK(SayPeriod(true));
    for (const char* metric : {"spend", "conversions", "cpa", "revenue", "roas"}) {
      const ViewRow* row = RowOf("scope");
      const std::string key = row == nullptr ? "" : row->key;
      const bool known = NumberAt(At("scope", key, metric)).has_value() ||
                         NumberAt(At("scope", key, std::string(metric) + "_previous")).has_value();
      const bool needed =
          std::string_view(metric) == "spend" || std::string_view(metric) == "conversions";
      if (!known && !needed) continue;
      Line();
      MAXOPT_CHECK(SayMetric(metric));
    }
    // The campaign whose spend moved most.
    std::string best;
    double most = 0;
    for (const ViewRow& row : book_.Find("campaigns")->rows) {
      const double now = NumberAt(At("campaigns", row.key, "spend")).value_or(0);
      const double before = NumberAt(At("campaigns", row.key, "spend_previous")).value_or(0);
      if (std::abs(now - before) > most) {
        most = std::abs(now - before);
        best = row.key;
      }
    }
    if (!best.empty() && asked_.campaign_id.empty()) {
      Line();
      const auto now = NumberAt(At("campaigns", best, "spend"));
      const auto before = NumberAt(At("campaigns", best, "spend_previous"));
      std::map<std::string, Slot> slots = {
          {"campaign", At("campaigns", best, "name")},
          {"platform", At("campaigns", best, "platform", "platform")}};
      const bool fresh = before.value_or(0) == 0, gone = now.value_or(0) == 0;
      if (!gone) slots["now"] = At("campaigns", best, "spend");
      if (!fresh) slots["before"] = At("campaigns", best, "spend_previous");
      MAXOPT_CHECK(Say(fresh ? "mover.new" : gone ? "mover.gone" : "mover.up", std::move(slots)));
    }
    MAXOPT_CHECK(SayDone());
    MAXOPT_CHECK(SayTrouble(false));
    return SayKnown();
  }

  Result<> Pacing() {
    ViewQuery query;
    query.view = "pacing";
    query.client = client_.name;
    MAXOPT_CHECK(Look("pacing", query));
    NotesOf("pacing");
    std::vector<Source> all, over, under, on;
    std::vector<std::string> rows;
    for (const ViewRow& row : book_.Find("pacing")->rows) {
      if (!asked_.platform.empty() &&
          TextAt(At("pacing", row.key, "platform")) != asked_.platform) {
        continue;
      }
      if (!asked_.campaign.empty() && TextAt(At("pacing", row.key, "name")) != asked_.campaign) {
        continue;
      }
      if (row.tone.empty()) continue;  // not judged
      const Source state = book_.Cell("pacing", row.key, "state");
      all.push_back(state);
      (row.tone == "bad" ? over : row.tone == "watch" ? under : on).push_back(state);
      if (row.tone != "good" || !asked_.campaign.empty()) rows.push_back(row.key);
    }
    Line();
    if (all.empty()) return Say("pacing.none", {{"scope", Asked("scope")}});
    const Slot count = Made("count", all);
    if (over.empty() && under.empty()) {
      MAXOPT_CHECK(Say("pacing.all", {{"count", count}}));
    } else {
      MAXOPT_CHECK(Say("pacing.count", {{"count", count},
                                        {"over", Made("count", over)},
                                        {"under", Made("count", under)},
                                        {"on", Made("count", on)}}));
    }
    const auto gap = [&](const std::string& row) {
      return std::abs(NumberAt(At("pacing", row, "landing")).value_or(0) -
                      NumberAt(At("pacing", row, "plan")).value_or(0));
    };
    std::ranges::stable_sort(
        rows, [&](const std::string& a, const std::string& b) { return gap(a) > gap(b); });
    for (std::size_t i = 0; i < std::min(rows.size(), kRowsSaid); ++i) {
      const std::string& row = rows[i];
      if (!NumberAt(At("pacing", row, "landing")) || !NumberAt(At("pacing", row, "plan"))) continue;
      Line();
      MAXOPT_CHECK(Say("pacing.row", {{"campaign", At("pacing", row, "name")},
                                      {"platform", At("pacing", row, "platform", "platform")},
                                      {"spent", At("pacing", row, "spent")},
                                      {"plan", At("pacing", row, "plan")},
                                      {"landing", At("pacing", row, "landing")},
                                      {"low", At("pacing", row, "landing_low")},
                                      {"high", At("pacing", row, "landing_high")},
                                      {"last", At("pacing", row, "last")}}));
      if (NumberAt(At("pacing", row, "suggested")) && NumberAt(At("pacing", row, "budget"))) {
        MAXOPT_CHECK(Say("pacing.suggest", {{"suggested", At("pacing", row, "suggested")},
                                            {"budget", At("pacing", row, "budget")}}));
      }
    }
    return {};
  }

  Result<> Next() {
    ViewQuery query;
    query.view = "plans";
    query.client = client_.name;
    query.extra["status"] = "waiting";
    MAXOPT_CHECK(Look("plans", query));
    MAXOPT_CHECK(LookAlerts());
    std::size_t said = 0;
    for (const ViewRow& row : book_.Find("plans")->rows) {
      if (said++ == kRowsSaid) break;
      Line();
      MAXOPT_CHECK(Say("next.plan", {{"title", At("plans", row.key, "title")},
                                     {"changes", At("plans", row.key, "changes")}}));
      if (NumberAt(At("plans", row.key, "daily_budgets_before")) &&
          NumberAt(At("plans", row.key, "daily_budgets_after"))) {
        MAXOPT_CHECK(Say("next.budgets", {{"before", At("plans", row.key, "daily_budgets_before")},
                                          {"after", At("plans", row.key, "daily_budgets_after")}}));
      }
      if (NumberAt(At("plans", row.key, "predicted")) &&
          !TextAt(At("plans", row.key, "kpi")).empty()) {
        MAXOPT_CHECK(Say("next.predicted",
                         {{"predicted", At("plans", row.key, "predicted", "real", "value")},
                          {"low", At("plans", row.key, "predicted", "real", "low")},
                          {"high", At("plans", row.key, "predicted", "real", "high")},
                          {"kpi", At("plans", row.key, "kpi")}}));
      }
      if (NumberAt(At("plans", row.key, "blocks")).value_or(0) > 0) {
        MAXOPT_CHECK(Say("next.blocked", {{"blocks", At("plans", row.key, "blocks")}}));
      }
    }
    std::size_t alerts = 0;
    for (const ViewRow& row : book_.Find("alerts")->rows) {
      const Slot proposal = At("alerts", row.key, "proposal");
      if (TextAt(proposal).empty()) continue;
      if (alerts++ == kRowsSaid) break;
      Line();
      MAXOPT_CHECK(Say("next.alert", {}));
      Quote(At("alerts", row.key, "title"), "“", "”:");
      Quote(proposal);
      ++said;
    }
    if (said == 0) {
      Line();
      MAXOPT_CHECK(Say("next.none", {}));
    }
    return {};
  }

  Result<> Done() {
    MAXOPT_CHECK(SayPeriod(false));
    return SayDone();
  }
  /// Plans that were applied in the period, with what came of them.
  Result<> SayDone() {
    ViewQuery applied;
    applied.view = "ledger";
    applied.client = client_.name;
    applied.extra["event"] = "applying";
    MAXOPT_CHECK(Look("applied", applied));
    ViewQuery plans;
    plans.view = "plans";
    plans.client = client_.name;
    MAXOPT_CHECK(Look("all_plans", plans));
    ViewQuery outcomes;
    outcomes.view = "calibration";
    outcomes.client = client_.name;
    outcomes.extra["rows"] = "outcomes";
    MAXOPT_CHECK(Look("outcomes", outcomes));
    const auto zone = Zone::Find(client_.zone);
    std::vector<Source> counted;
    std::vector<std::string> rows;
    std::set<std::string> seen;
    for (const ViewRow& row : book_.Find("applied")->rows) {
      const ViewCell at = book_.Get(book_.Cell("applied", row.key, "at"));
      const auto* instant = std::get_if<Instant>(&at);
      if (instant == nullptr) continue;
      const Day day = (zone ? *zone : Zone::Utc()).DayOf(*instant);
      // What was applied today counts with a question about now.
      const bool in = day >= asked_.from && (day <= asked_.to || !asked_.period_named);
      const std::string plan = TextAt(At("applied", row.key, "subject"));
      if (!in || !seen.insert(plan).second) continue;
      if (!asked_.platform.empty() && !Concerns(plan)) continue;
      counted.push_back(book_.Cell("applied", row.key, "subject"));
      rows.push_back(row.key);
    }
    Line();
    if (rows.empty()) return Say("done.none", {});
    MAXOPT_CHECK(Say("done.count", {{"count", Made("count", counted)}}));
    for (std::size_t i = 0; i < std::min(rows.size(), kRowsSaid); ++i) {
      const std::string plan = TextAt(At("applied", rows[i], "subject"));
      Line();
      const Slot title = At("all_plans", plan, "title");
      MAXOPT_CHECK(
          Say("done.plan",
              {{"title", TextAt(title).empty() ? At("applied", rows[i], "subject") : title},
               {"at", At("applied", rows[i], "at")},
               {"by", At("applied", rows[i], "by")}}));
      bool measured = false;
      for (const ViewRow& row : book_.Find("outcomes")->rows) {
        if (TextAt(At("outcomes", row.key, "plan")) != plan) continue;
        measured = true;
        MAXOPT_CHECK(Say("done.measured",
                         {{"predicted", At("outcomes", row.key, "predicted", "real", "value")},
                          {"kpi", At("outcomes", row.key, "kpi")},
                          {"measured", At("outcomes", row.key, "measured", "real", "value")},
                          {"low", At("outcomes", row.key, "measured", "real", "low")},
                          {"high", At("outcomes", row.key, "measured", "real", "high")}}));
        const ViewCell within = book_.Get(book_.Cell("outcomes", row.key, "within"));
        const bool* held = std::get_if<bool>(&within);
        MAXOPT_CHECK(Say(held != nullptr && *held ? "done.within" : "done.outside", {}));
      }
      if (!measured) MAXOPT_CHECK(Say("done.unmeasured", {}));
    }
    return {};
  }
  bool Concerns(const std::string& plan_id) {
    const auto plan = home_.store().GetPlan(plan_id);
    return plan && std::ranges::any_of(plan->changes, [&](const Change& change) {
             return PlatformName(change.account.platform) == asked_.platform;
           });
  }

  Result<> LookAlerts() {
    ViewQuery query;
    query.view = "alerts";
    query.client = client_.name;
    return Look("alerts", query);
  }
  Result<> SayTrouble(bool whole) {
    if (book_.Find("alerts") == nullptr) MAXOPT_CHECK(LookAlerts());
    std::vector<Source> titles;
    std::vector<std::string> rows;
    for (const ViewRow& row : book_.Find("alerts")->rows) {
      const std::string account = TextAt(At("alerts", row.key, "account"));
      if (!asked_.platform.empty() && !account.starts_with(asked_.platform + "/")) continue;
      titles.push_back(book_.Cell("alerts", row.key, "title"));
      rows.push_back(row.key);
    }
    Line();
    if (rows.empty()) return Say("trouble.none", {});
    MAXOPT_CHECK(Say("trouble.count", {{"count", Made("count", titles)}}));
    for (std::size_t i = 0; i < std::min(rows.size(), kRowsSaid); ++i) {
      Line();
      Quote(At("alerts", rows[i], "title"));
      MAXOPT_CHECK(Say("trouble.since", {{"since", At("alerts", rows[i], "since")}}));
      if (!whole) continue;
      Quote(At("alerts", rows[i], "cause"), "Likely cause: ", ".");
      Quote(At("alerts", rows[i], "proposal"));
    }
    return {};
  }

  Result<> Dispatch() {
    switch (asked_.kind) {
      case QuestionKind::kWhy:
        return Why();
      case QuestionKind::kValue:
        return Value();
      case QuestionKind::kRank:
        return Rank();
      case QuestionKind::kChanges:
        return Changes();
      case QuestionKind::kPacing:
        return Pacing();
      case QuestionKind::kNext:
        return Next();
      case QuestionKind::kDone:
        return Done();
      case QuestionKind::kTrouble:
        return SayTrouble(true);
      case QuestionKind::kUnknown:
        out_.can = UsualQuestions();
        Line();
        return Say("unknown", {});
    }
    Bug();
  }

  Home& home_;
  const Client& client_;
  std::shared_ptr<const report::Catalogue> catalogue_;
  Inputs inputs_;
  Book book_;
  Instant now_{};
  Understood asked_;
  std::vector<ClientAccount> accounts_;
  std::map<std::string, std::string> platform_of_;
  AskAnswer out_;
};

}  // namespace

Result<AskAnswer> AnswerByRules(Home& home, const Client& client, const std::string& question,
                                Understood* words) {
  static const auto kTexts = report::Catalogue::Parse(RuleTexts(), "ask");
  if (!kTexts) return std::unexpected(kTexts.error());
  Rules rules(home, client, *kTexts);
  return rules.Answer(question, words);
}

}  // namespace maxopt::asking
