// tactics, memory, campaigns: what is known of tactics, what was remembered, what was like it.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/families.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/tactics/tactics.h"
#include "memory/campaigns/tactics.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

struct TacticsArguments {
  std::string client, text, platform, objective, lever, id, file, why, by;
  std::vector<std::string> context, grades;
  int limit = 5;
  bool retired = false;
};
struct MemoryArguments {
  std::string about, client, stage, keep_for;
  int limit = 1;
};

std::string Print(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string Percent(const TacticEffect& e) {
  return fmt::format("{:+.0f} % (90 %: {:+.0f} to {:+.0f})", 100 * e.mean, 100 * e.low90,
                     100 * e.high90);
}

ordered_json TacticJson(const RetrievedTactic& known, bool with_windows) {
  ordered_json out = ordered_json::parse(ToJson(known.tactic));
  if (known.similarity > 0) out["similarity"] = known.similarity;
  if (with_windows) {
    ordered_json windows = ordered_json::array();
    for (const TacticMeasurement& m : known.measurements) {
      windows.push_back({{"source", m.source},
                         {"client", m.client},
                         {"from", PrintDay(m.first)},
                         {"to", PrintDay(m.last)},
                         {"lift", m.lift},
                         {"se", m.se},
                         {"experiment", m.experiment},
                         {"method", m.method}});
    }
    out["measurements"] = std::move(windows);
  }
  return out;
}

void PrintLine(const RetrievedTactic& known) {
  const Tactic& t = known.tactic;
  std::string likeness;
  if (known.similarity > 0) likeness = fmt::format("{:.2f}  ", known.similarity);
  fmt::print("{}{:<13} {:<34} {}{}{}\n", likeness, TacticGradeName(t.grade), t.id, Clean(t.title),
             t.effect ? "  " + Percent(*t.effect) : "", t.retired_at ? "  (retired)" : "");
}

/// "problem=ctr_low,cpm_high" and so on.
Result<TacticContext> ReadContext(const std::vector<std::string>& pairs) {
  TacticContext out;
  for (const std::string& pair : pairs) {
    const std::size_t at = pair.find('=');
    if (at == std::string::npos || at == 0) {
      return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is not FACET=WORD,WORD", pair));
    }
    std::string words = pair.substr(at + 1);
    std::size_t begin = 0;
    while (begin <= words.size()) {
      const std::size_t comma = std::min(words.find(',', begin), words.size());
      out.facets[pair.substr(0, at)].push_back(words.substr(begin, comma - begin));
      begin = comma + 1;
    }
  }
  MAXOPT_CHECK(CheckTacticContext(out));
  return out;
}

Result<int> Search(const CommandContext& context, const TacticsArguments& arguments) {
  TacticFilter filter{
      .platform = arguments.platform, .objective = arguments.objective, .lever = arguments.lever};
  TacticContext words;
  const std::pair<const char*, const std::string*> narrow[] = {
      {"platform", &filter.platform}, {"objective", &filter.objective}, {"lever", &filter.lever}};
  for (const auto& [facet, word] : narrow) {
    if (!word->empty()) words.facets[facet] = {*word};
  }
  MAXOPT_CHECK(CheckTacticContext(words));
  for (const std::string& grade : arguments.grades) {
    MAXOPT_TRY(const TacticGrade found, FindTacticGrade(grade));
    filter.grades.push_back(found);
  }
  TacticText question;
  MAXOPT_TRY(question.context, ReadContext(arguments.context));
  if (!arguments.text.empty()) question.texts.emplace_back(arguments.text, 1);
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!arguments.client.empty()) MAXOPT_CHECK(home->store().GetClient(arguments.client));
  MAXOPT_TRY(const TacticsWorld world, TacticsWorldOf(*home));
  MAXOPT_TRY(const TacticKnowledge knowledge, TacticKnowledge::Open(world, arguments.client));
  MAXOPT_TRY(const std::vector<RetrievedTactic> found,
             knowledge.Find(question, filter, arguments.limit));
  const bool alike = knowledge.IsAlike(found);
  // What is not like the case says nothing of what to expect in it.
  const auto pooled = alike ? PoolTactics(found, Zone::Utc().DayOf(home->clock().Now()))
                            : decltype(PoolTactics(found, Day{})){};
  if (context.json) {
    ordered_json hits = ordered_json::array();
    for (const RetrievedTactic& each : found) hits.push_back(TacticJson(each, false));
    ordered_json out{{"tactics", hits}, {"alike", alike}, {"notes", knowledge.notes()}};
    if (pooled) {
      out["pooled"] = {{"mean", pooled->relative.mean},
                       {"sd", pooled->relative.sd},
                       {"measured", pooled->measured}};
    }
    fmt::print("{}\n", Print(out));
    return kExitOk;
  }
  for (const std::string& note : knowledge.notes()) fmt::print("{}\n", Clean(note));
  if (found.empty()) fmt::print("nothing is like it\n");
  if (!found.empty() && !alike) {
    fmt::print("nothing is much like it; say it in other words, or by --context. The nearest:\n");
  }
  for (const RetrievedTactic& each : found) PrintLine(each);
  if (pooled) {
    constexpr double kZ90 = 1.6448536269514722;
    const double mean = 100 * pooled->relative.mean, sd = 100 * pooled->relative.sd;
    fmt::print(
        "together they let expect {:+.1f} % (90 %: {:+.0f} to {:+.0f}) for the same spend, {}\n",
        mean, mean - kZ90 * sd, mean + kZ90 * sd,
        pooled->measured > 0 ? fmt::format("from {} measured windows", pooled->measured)
                             : "by prior knowledge alone");
  }
  return kExitOk;
}

Result<int> List(const CommandContext& context, const TacticsArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!arguments.client.empty()) MAXOPT_CHECK(home->store().GetClient(arguments.client));
  const Instant now = home->clock().Now();
  MAXOPT_TRY(const std::vector<RetrievedTactic> all,
             VisibleTactics(home->store(), arguments.client, now));
  std::vector<TacticGrade> grades;
  for (const std::string& grade : arguments.grades) {
    MAXOPT_TRY(const TacticGrade found, FindTacticGrade(grade));
    grades.push_back(found);
  }
  ordered_json out = ordered_json::array();
  for (const RetrievedTactic& each : all) {
    const Tactic& t = each.tactic;
    if (t.retired_at && !arguments.retired) continue;
    if (!grades.empty() && std::find(grades.begin(), grades.end(), t.grade) == grades.end()) {
      continue;
    }
    if (context.json) {
      out.push_back(TacticJson(each, false));
    } else {
      PrintLine(each);
    }
  }
  if (context.json) fmt::print("{}\n", Print(out));
  return kExitOk;
}

Result<RetrievedTactic> One(Home& home, const TacticsArguments& arguments) {
  MAXOPT_TRY(const std::vector<RetrievedTactic> all,
             VisibleTactics(home.store(), arguments.client, home.clock().Now()));
  for (const RetrievedTactic& each : all) {
    if (each.tactic.id == arguments.id) return each;
  }
  return Fail(Errc::kNotFound, fmt::format("there is no tactic \"{}\"; maxopt tactics list shows "
                                           "them",
                                           arguments.id));
}

Result<int> Show(const CommandContext& context, const TacticsArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const RetrievedTactic known, One(*home, arguments));
  if (context.json) {
    fmt::print("{}\n", Print(TacticJson(known, true)));
    return kExitOk;
  }
  const Tactic& t = known.tactic;
  fmt::print("{}: {}\n", t.id, Clean(t.title));
  fmt::print("  grade     {}, from {}{}\n", TacticGradeName(t.grade), Clean(t.source),
             t.grade == TacticGrade::kPrior ? " (prior knowledge, not measured)" : "");
  if (t.effect) fmt::print("  effect    {} for the same spend\n", Percent(*t.effect));
  for (const auto& [facet, words] : t.context.facets) {
    fmt::print("  {:<9} {}\n", facet, fmt::join(words, ", "));
  }
  const std::pair<const char*, const std::string*> texts[] = {
      {"problem", &t.problem}, {"action", &t.action},   {"why", &t.why},
      {"avoid", &t.avoid},     {"measure", &t.measure}, {"basis", &t.basis}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) fmt::print("  {:<9} {}\n", name, Clean(*text));
  }
  if (t.retired_at)
    fmt::print("  retired   {}: {}\n", PrintInstant(*t.retired_at), Clean(t.retired_why));
  if (t.expires_at) fmt::print("  expires   {}\n", PrintInstant(*t.expires_at));
  for (const TacticMeasurement& m : known.measurements) {
    fmt::print("  {} to {}  {:+.1f} % +- {:.1f}  {}{}  {}\n", PrintDay(m.first), PrintDay(m.last),
               100 * m.lift, 100 * m.se, m.experiment ? "experiment, " : "", Clean(m.method),
               m.source);
  }
  return kExitOk;
}

Result<int> AddOnes(const CommandContext& context, const TacticsArguments& arguments) {
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(arguments.file));
  MAXOPT_TRY(std::vector<Tactic> tactics, ParseTactics(yaml, arguments.file));
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!arguments.client.empty()) MAXOPT_CHECK(home->store().GetClient(arguments.client));
  for (Tactic& tactic : tactics) {
    tactic.client = arguments.client;
    tactic.source = Person(arguments.by);
    tactic.created_at = tactic.updated_at = home->clock().Now();
    if (tactic.id.starts_with("measured/")) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("tactic \"{}\": ids that begin with measured/ are for what the ledger "
                      "teaches",
                      tactic.id));
    }
    if (const auto known = GetTactic(home->store(), tactic.id);
        known && known->source == "ledger") {
      return Fail(
          Errc::kConflict,
          fmt::format("tactic \"{}\" is one that was measured; choose another id", tactic.id));
    }
  }
  for (const Tactic& tactic : tactics) MAXOPT_CHECK(SaveTactic(home->store(), tactic));
  if (context.json) {
    ordered_json out = ordered_json::array();
    for (const Tactic& tactic : tactics) out.push_back(tactic.id);
    fmt::print("{}\n", Print({{"added", out}}));
  } else {
    for (const Tactic& tactic : tactics) fmt::print("added {}\n", tactic.id);
  }
  return kExitOk;
}

Result<int> Retire(const CommandContext& context, const TacticsArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(RetrievedTactic known, One(*home, arguments));
  Tactic& t = known.tactic;
  if (t.retired_at) {
    return Fail(Errc::kConflict,
                fmt::format("tactic \"{}\" was retired at {}", t.id, PrintInstant(*t.retired_at)));
  }
  t.retired_at = t.updated_at = home->clock().Now();
  t.retired_why = fmt::format("{} ({})", arguments.why, Person(arguments.by));
  MAXOPT_CHECK(SaveTactic(home->store(), t));
  if (context.json) {
    fmt::print("{}\n", Print(TacticJson(known, false)));
  } else {
    fmt::print("{} is retired; what was measured of it is kept\n", t.id);
  }
  return kExitOk;
}

Result<int> LearnNow(const CommandContext& context, const TacticsArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!arguments.client.empty()) MAXOPT_CHECK(home->store().GetClient(arguments.client));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  ordered_json out = ordered_json::array();
  for (const Client& client : clients) {
    if (!arguments.client.empty() && client.name != arguments.client) continue;
    MAXOPT_TRY(const LearnReport report, LearnTacticsOf(*home, client.name));
    if (context.json) {
      out.push_back({{"client", client.name},
                     {"measurements", report.measurements},
                     {"learnt", report.learnt},
                     {"skipped", report.skipped},
                     {"withdrawn", report.withdrawn}});
      continue;
    }
    fmt::print("{}: {} new measurements\n", client.name, report.measurements);
    for (const std::string& line : report.learnt) fmt::print("  {}\n", Clean(line));
    for (const std::string& line : report.skipped)
      fmt::print("  teaches nothing: {}\n", Clean(line));
    if (report.withdrawn > 0) {
      fmt::print("  {} taken out of the agency's: the policy does not share\n", report.withdrawn);
    }
  }
  if (context.json) fmt::print("{}\n", Print(out));
  return kExitOk;
}

void PrintMemory(const std::string& body) {
  const ordered_json memory = ordered_json::parse(body, nullptr, false);
  if (!memory.is_object()) return;
  fmt::print("{} of {} at {}\n", memory.value("stage", ""), memory.value("client", ""),
             memory.value("at", ""));
  for (const auto& part : memory["parts"]) {
    fmt::print("  {:<9} {} ({}, {})\n",
               part.value("memory", "") == "working" ? "working" : "long-term",
               part.value("name", ""), part.value("from", ""), part["items"].size());
    if (part.contains("why")) fmt::print("              {}\n", Clean(part.value("why", "")));
    for (const auto& item : part["items"]) {
      std::string line = item.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
      constexpr std::size_t kLine = 160;
      if (line.size() > kLine) line = line.substr(0, kLine) + " ...";
      fmt::print("              {}\n", Clean(line));
    }
  }
}

Result<int> ShowMemory(const CommandContext& context, const MemoryArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Recollection> found,
             Recollections(home->store(), arguments.about, arguments.client, arguments.limit));
  if (found.empty()) {
    return Fail(Errc::kNotFound,
                fmt::format("nothing was remembered for \"{}\"; maxopt ledger --event remembered "
                            "lists what was",
                            arguments.about));
  }
  ordered_json out = ordered_json::array();
  for (const Recollection& r : found) {
    if (context.json) {
      out.push_back({{"about", r.about},
                     {"stage", r.stage},
                     {"client", r.client},
                     {"at", PrintInstant(r.at)},
                     {"digest", r.digest},
                     {"memory", ordered_json::parse(r.body, nullptr, false)}});
      continue;
    }
    fmt::print("{}  {}\n", r.about, r.digest);
    PrintMemory(r.body);
  }
  if (context.json) fmt::print("{}\n", Print(out));
  return kExitOk;
}

Result<int> Assemble(const CommandContext& context, const MemoryArguments& arguments) {
  MAXOPT_TRY(const Stage stage, FindStage(arguments.stage));
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, OnlyClient(*home, arguments.client));
  MAXOPT_TRY(const TacticsWorld world, TacticsWorldOf(*home));
  MAXOPT_TRY(const WorkingMemory memory, AssembleMemory(world, client, stage));
  if (!arguments.keep_for.empty()) {
    MAXOPT_CHECK(Remember(home->store(), memory, arguments.keep_for));
  }
  const std::string body = ToJson(memory);
  if (context.json) {
    fmt::print("{}\n", Print(ordered_json::parse(body)));
  } else {
    PrintMemory(body);
  }
  return kExitOk;
}

struct SimilarArguments {
  CampaignQuestion question;
  std::string from, to;
};

/// A price with its currency, a rate in percent, ROAS as it is.
std::string KpiText(std::string_view kpi, double value, std::string_view currency) {
  if (kpi == "roas") return fmt::format("{:.2f}", value);
  if (kpi == "ctr" || kpi == "cvr") return fmt::format("{:.2f} %", 100 * value);
  return fmt::format("{:.2f} {}", value, currency);
}

Result<int> Similar(const CommandContext& context, const SimilarArguments& arguments) {
  CampaignQuestion question = arguments.question;
  if (!arguments.from.empty()) {
    MAXOPT_TRY(question.from, ParseDay(arguments.from));
  }
  if (!arguments.to.empty()) {
    MAXOPT_TRY(question.to, ParseDay(arguments.to));
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<PastCampaign> found,
             SimilarCampaigns(home->store(), home->facts(), question,
                              Zone::Utc().DayOf(home->clock().Now())));
  ordered_json out = ordered_json::array();
  for (const PastCampaign& c : found) {
    if (!context.json) {
      const std::string kpi = question.kpi.empty() ? "roas" : question.kpi;
      const auto value = c.Kpi(kpi);
      fmt::print("{:.2f}  {} to {}  {:<14} {:<12} {:<10} {:>12.2f} {}  {} {}  {}\n", c.likeness,
                 PrintDay(c.first), PrintDay(c.last), c.platform,
                 c.channel.empty() ? "-" : c.channel, c.objective.empty() ? "-" : c.objective,
                 c.spend, c.currency, kpi, value ? KpiText(kpi, *value, c.currency) : "-",
                 Clean(c.name));
      continue;
    }
    ordered_json one{{"client", c.client},
                     {"account", c.account},
                     {"id", c.id},
                     {"name", c.name},
                     {"platform", c.platform},
                     {"channel", c.channel},
                     {"objective", c.objective},
                     {"from", PrintDay(c.first)},
                     {"to", PrintDay(c.last)},
                     {"likeness", c.likeness},
                     {"currency", c.currency},
                     {"spend", c.spend},
                     {"impressions", c.impressions},
                     {"clicks", c.clicks},
                     {"conversions_claimed", c.conversions},
                     {"revenue_claimed", c.revenue}};
    for (const char* kpi : {"cpa", "roas", "ctr", "cvr", "cpc", "cpm"}) {
      const auto value = c.Kpi(kpi);
      one[kpi] = value ? ordered_json(*value) : ordered_json(nullptr);
    }
    out.push_back(std::move(one));
  }
  if (context.json) {
    fmt::print("{}\n", Print(out));
  } else if (found.empty()) {
    fmt::print("no campaign spent in that time\n");
  }
  return kExitOk;
}

}  // namespace

void AddMemoryCommands(CLI::App& app, const CommandContext& context,
                       std::function<Result<int>()>& run) {
  const auto tactics = std::make_shared<TacticsArguments>();
  auto* root = app.add_subcommand("tactics", "what is known of tactics of optimisation");
  root->require_subcommand(1);
  const auto add = [&, tactics](
                       const char* name, const char* help,
                       Result<int> (*function)(const CommandContext&, const TacticsArguments&)) {
    CLI::App* sub = root->add_subcommand(name, help);
    sub->add_option("--client", tactics->client,
                    "as this client may know it; its own are kept with it");
    sub->callback([&run, &context, tactics, function] {
      run = [&context, tactics, function] { return function(context, *tactics); };
    });
    return sub;
  };
  CLI::App* search = add("search", "what is like a situation, in words or by its context", Search);
  search->add_option("text", tactics->text, "what is seen: \"CTR falls, frequency rises\"");
  search->add_option("--context", tactics->context,
                     "FACET=WORD,WORD: platform, channel, objective, industry, funnel, audience, "
                     "season, spend, problem, lever");
  search->add_option("--platform", tactics->platform, "only what fits it");
  search->add_option("--objective", tactics->objective, "only what fits it");
  search->add_option("--lever", tactics->lever, "only this kind of change");
  search->add_option("--grade", tactics->grades, "only these");
  search->add_option("--limit", tactics->limit)->check(CLI::Range(1, 100))->capture_default_str();
  CLI::App* list = add("list", "all of them", List);
  list->add_option("--grade", tactics->grades, "only these");
  list->add_flag("--retired", tactics->retired, "retired ones too");
  add("show", "one of them, with what was measured", Show)
      ->add_option("id", tactics->id)
      ->required();
  CLI::App* adding = add("add", "keep those of a file (schemas/tactics.schema.json)", AddOnes);
  adding->add_option("file", tactics->file, "YAML, maxopt: tactics/1")->required();
  adding->add_option("--by", tactics->by, "who says so");
  CLI::App* retire = add("retire", "use it no more; what was measured is kept", Retire);
  retire->add_option("id", tactics->id)->required();
  retire->add_option("--why", tactics->why, "one sentence")->required();
  retire->add_option("--by", tactics->by, "who says so");
  add("learn", "what the decision ledger teaches, now", LearnNow);

  const auto memory = std::make_shared<MemoryArguments>();
  CLI::App* memories = app.add_subcommand("memory", "what was remembered for decisions");
  memories->require_subcommand(1);
  CLI::App* show = memories->add_subcommand("show", "for a plan, an alert, a campaign or a report");
  show->add_option("about", memory->about, "its id")->required();
  show->add_option("--client", memory->client, "only this one's");
  show->add_option("--limit", memory->limit, "the newest so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  show->callback([&run, &context, memory] {
    run = [&context, memory] { return ShowMemory(context, *memory); };
  });
  CLI::App* assemble = memories->add_subcommand("assemble", "what a stage would remember now");
  assemble->add_option("--stage", memory->stage, "setup, monitor, optimize or report")->required();
  assemble->add_option("--client", memory->client, "may be left out when there is one");
  assemble->add_option("--keep-for", memory->keep_for,
                       "keep it for this plan, alert, campaign or report");
  assemble->callback([&run, &context, memory] {
    run = [&context, memory] { return Assemble(context, *memory); };
  });

  const auto similar = std::make_shared<SimilarArguments>();
  CLI::App* campaigns = app.add_subcommand("campaigns", "campaigns of the past");
  campaigns->require_subcommand(1);
  CLI::App* like = campaigns->add_subcommand("similar", "by what they were, when, and what came");
  CampaignQuestion& question = similar->question;
  like->add_option("--client", question.client, "only this one's");
  like->add_option("--platform", question.platform, "google_ads, meta, tiktok, ...");
  like->add_option("--channel", question.channel, "search, shopping, video, social, ...");
  like->add_option("--objective", question.objective, "sales, leads, awareness, ...");
  like->add_option("--season", question.season, "black_friday, christmas, january, spring, ...");
  like->add_option("--spend", question.spend, "under_100, 100_1000, 1000_10000, over_10000 a day");
  like->add_option("--from", similar->from, "ran on or after this day");
  like->add_option("--to", similar->to, "ran on or before this day");
  like->add_option("--kpi", question.kpi, "cpa, roas, ctr, cvr, cpc or cpm: the best first");
  like->add_option("--limit", question.limit)->check(CLI::Range(1, 1000))->capture_default_str();
  like->callback([&run, &context, similar] {
    run = [&context, similar] { return Similar(context, *similar); };
  });
}

}  // namespace maxopt
