#include "app/reports/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "app/model/home_model.h"

namespace maxopt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using report::ParagraphText;
using report::Wording;

/// Of one call: its answer is about as long, and must fit in answer_tokens_max.
constexpr std::size_t kBytesAtOnce = 3'000;
constexpr std::size_t kWhyMax = 200;

constexpr const char* kSystem =
    "You put paragraphs of a report on paid media into other words, in the tone that is asked for. "
    "You are given JSON; answer with JSON only, of the same shape: {\"paragraphs\": [{\"id\": "
    "\"p1\", \"sentences\": [\"...\"]}]}. Rules:\n"
    "1. Rephrase each text by itself; as many texts in a paragraph as there were, in their order.\n"
    "2. {words in braces} stand for numbers and names. Keep each exactly once, as it is, in the "
    "order of the text, inside of quotation marks where it was. Write no other number, in figures "
    "or in words, and no other braces.\n"
    "3. Say the same and nothing more: more stays more, less stays less, claimed stays claimed, "
    "before stays before, not stays not. No praise, no blame, no cause that the text does not "
    "name.\n"
    "4. Plain sentences that end as the text ends; no markup, no links.";

/// Texts of paragraphs that are the same are asked for once.
struct Asked {
  std::string id;
  std::vector<std::string> texts;
  std::vector<std::string> places;
};

/// What the model makes of them; the error is of the call or of its whole answer.
Result<std::map<std::string, std::vector<std::string>>> Reworded(HomeModel& mind,
                                                                 const std::string& tone,
                                                                 std::span<const Asked> batch) {
  ordered_json list = ordered_json::array();
  for (const Asked& each : batch) list.push_back({{"id", each.id}, {"sentences", each.texts}});
  const ordered_json question = {{"tone", tone}, {"paragraphs", std::move(list)}};
  MAXOPT_TRY(const std::string answer, mind.Say(kSystem, question.dump()));
  MAXOPT_TRY(const json parsed, JsonOfAnswer(answer));
  const auto bad = [] { return Fail(Errc::kBadAnswer, "it is not {\"paragraphs\": [...]}"); };
  if (!parsed.is_object() || !parsed.contains("paragraphs") || !parsed["paragraphs"].is_array()) {
    return bad();
  }
  std::map<std::string, std::vector<std::string>> out;
  for (const json& each : parsed["paragraphs"]) {
    if (!each.is_object() || !each.contains("id") || !each["id"].is_string() ||
        !each.contains("sentences") || !each["sentences"].is_array()) {
      return bad();
    }
    std::vector<std::string> texts;
    for (const json& text : each["sentences"]) {
      if (!text.is_string()) return bad();
      texts.push_back(text.get<std::string>());
    }
    const auto id = each["id"].get<std::string>();
    const bool asked = std::ranges::find(batch, id, &Asked::id) != batch.end();
    if (!asked || !out.emplace(id, std::move(texts)).second) {
      return Fail(Errc::kBadAnswer, "it answers for a paragraph that it was not given, or twice");
    }
  }
  return out;
}

}  // namespace

Result<std::optional<Wording>> AskForWording(Home& home, const report::Settings& settings,
                                             const report::Inputs& inputs) {
  Wording out;
  const auto all_kept = [&](const std::string& why) {
    out.kept.push_back({"", report::Shortened(report::PlainText(why), kWhyMax)});
    return std::optional(out);
  };
  const auto config = ModelConfigOf(home.folder());
  if (!config) return all_kept(config.error().what);
  if (!*config || !(*config)->narrative) return std::optional<Wording>();
  MAXOPT_TRY(report::Document document, report::Compose(settings, inputs));
  MAXOPT_TRY(const std::vector<ParagraphText> paragraphs, report::ParagraphsOf(document, inputs));
  if (paragraphs.empty()) return std::optional<Wording>();
  out.model = TameText((*config)->model);
  out.tone = report::PlainText((*config)->tone.empty() ? "plain" : (*config)->tone);
  if (settings.language != "en") {
    return all_kept("what words mean can be checked in English only");
  }
  std::vector<Asked> asked;
  for (const ParagraphText& each : paragraphs) {
    auto same = std::ranges::find(asked, each.texts, &Asked::texts);
    if (same == asked.end()) {
      asked.push_back({fmt::format("p{}", asked.size() + 1), each.texts, {}});
      same = asked.end() - 1;
    }
    same->places.push_back(each.place);
  }
  auto mind = HomeModel::Open({.use = HeldHome(home)}, **config,
                              {settings.client, settings.id, settings.by});
  if (!mind) return all_kept(mind.error().what);
  const auto keep = [&](const Asked& of, const std::string& why) {
    for (const std::string& place : of.places) {
      out.kept.push_back({place, report::Shortened(report::PlainText(why), kWhyMax)});
    }
  };
  std::string stopped;  // a model that does not answer is not asked for the rest
  for (std::size_t from = 0; from < asked.size();) {
    std::size_t to = from, bytes = 0;
    while (to < asked.size() && (to == from || bytes < kBytesAtOnce)) {
      for (const std::string& text : asked[to].texts) bytes += text.size();
      ++to;
    }
    const std::span batch(asked.data() + from, to - from);
    from = to;
    if (!stopped.empty()) {
      for (const Asked& each : batch) keep(each, stopped);
      continue;
    }
    const auto words = Reworded(*mind, out.tone, batch);
    if (!words) {
      // An answer that is of no use says nothing of the next one; a call that failed does.
      if (words.error().code != Errc::kBadAnswer) stopped = words.error().what;
      for (const Asked& each : batch) keep(each, words.error().what);
      continue;
    }
    for (const Asked& each : batch) {
      const auto texts = words->find(each.id);
      if (texts == words->end()) {
        keep(each, "it was left out of the answer");
        continue;
      }
      if (texts->second == each.texts) continue;  // in these words already
      for (const std::string& place : each.places) {
        const auto said = report::RewordParagraph(document, inputs, place, texts->second);
        if (said) {
          out.paragraphs.emplace(place, texts->second);
        } else {
          out.kept.push_back(
              {place, report::Shortened(report::PlainText(said.error().what), kWhyMax)});
        }
      }
    }
  }
  return std::optional(std::move(out));
}

}  // namespace maxopt
