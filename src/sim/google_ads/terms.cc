#include "sim/google_ads/terms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "sim/google_ads/wire.h"
#include "sim/market/random.h"

namespace maxopt::sim::google_ads {
namespace {

/// `total` cut by weights; all of it goes to the first part when no weight is left.
std::vector<std::int64_t> Shares(std::int64_t total, const std::vector<std::int64_t>& weights,
                                 std::uint64_t luck) {
  std::vector<std::int64_t> out(weights.size(), 0);
  std::int64_t sum = 0;
  for (const std::int64_t weight : weights) sum += weight;
  if (sum <= 0) {
    out.front() = total;
    return out;
  }
  const auto offset = static_cast<std::int64_t>(luck % static_cast<std::uint64_t>(sum));
  std::int64_t before = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    out[i] = ShareOf(total, before, weights[i], sum, offset);
    before += weights[i];
  }
  return out;
}

bool Any(const std::vector<std::int64_t>& weights) {
  return std::any_of(weights.begin(), weights.end(), [](std::int64_t w) { return w > 0; });
}

struct Modifier {
  std::string_view pattern;  ///< {} is the keyword
  Part part;
};
// Words around a keyword, by what people want who type them. The weights are relative to the 1000
// of the keyword itself; none of this is measured, it only has to differ as searches do.
constexpr Modifier kBuying[] = {
    {"buy {}", {90, 130, 180}},      {"{} online", {80, 120, 150}},
    {"{} sale", {70, 125, 140}},     {"best {}", {110, 105, 90}},
    {"{} near me", {60, 110, 70}},   {"{} for women", {95, 110, 120}},
    {"{} for men", {90, 110, 120}},  {"cheap {}", {65, 115, 60}},
    {"{} outlet", {55, 110, 110}},   {"{} price", {45, 100, 110}},
    {"{} delivery", {40, 115, 160}}, {"{} review", {50, 70, 35}},
};
constexpr std::size_t kBuyingChosen = 7;
constexpr Modifier kNeverBuying[] = {
    {"free {}", {55, 85, 0}},   {"used {}", {60, 85, 0}},    {"how to wash a {}", {35, 40, 0}},
    {"{} repair", {45, 45, 0}}, {"{} jobs", {30, 30, 0}},    {"{} pictures", {35, 35, 0}},
    {"{} diy", {30, 40, 0}},    {"{} meaning", {25, 25, 0}}, {"{} recall", {20, 45, 0}},
    {"{} rental", {40, 55, 0}}, {"draw a {}", {20, 30, 0}},  {"{} wholesale", {30, 60, 0}},
};
constexpr std::size_t kNeverBuyingChosen = 4;
/// Two of these around a keyword make a search that hardly anybody types twice.
constexpr std::string_view kRare[] = {"berlin", "vienna", "black", "blue",       "red",
                                      "kids",   "xl",     "gift",  "waterproof", "light",
                                      "2026",   "summer", "large", "second",     "today"};
constexpr int kRareChosen = 60;
constexpr Part kRarePart{8, 90, 90};

/// The `count` entries of a table that this keyword's luck puts first.
template <std::size_t N>
std::vector<const Modifier*> Chosen(const Modifier (&table)[N], std::size_t count,
                                    const std::string& keyword) {
  std::vector<std::pair<std::uint64_t, const Modifier*>> ranked;
  for (const Modifier& one : table) {
    ranked.emplace_back(Combine(HashText(keyword), HashText(one.pattern)), &one);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<const Modifier*> out;
  for (std::size_t i = 0; i < std::min(count, N); ++i) out.push_back(ranked[i].second);
  return out;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c != ' ' && c != '\t') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

/// Two letters in the middle of the longest word changed places; the word itself when it is short
/// or of another alphabet.
std::string Misspelt(std::vector<std::string> words) {
  auto longest = std::max_element(words.begin(), words.end(),
                                  [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const std::size_t middle = longest->size() / 2;
  if (longest->size() >= 5 && IsLetter((*longest)[middle]) && IsLetter((*longest)[middle - 1])) {
    std::swap((*longest)[middle], (*longest)[middle - 1]);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::vector<Amounts> CutRow(const ReportRow& row, std::span<const Part> parts, std::uint64_t luck) {
  std::vector<Amounts> out(parts.size());
  if (parts.empty()) return out;
  const auto salt = [&](std::uint64_t what) { return Combine(luck, what); };
  const auto by = [&](auto weight_of) {
    std::vector<std::int64_t> weights;
    weights.reserve(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) weights.push_back(weight_of(i));
    return weights;
  };
  const auto weights = by([&](std::size_t i) { return parts[i].weight; });
  const auto impressions = Shares(row.impressions, weights, salt(1));
  const auto shown = [&](int Part::*percent) {
    auto made = by([&](std::size_t i) { return impressions[i] * (parts[i].*percent); });
    return Any(made) ? made : weights;
  };
  auto clicks = Shares(row.clicks, shown(&Part::click_percent), salt(2));
  // What a part has more than impressions goes to those that have room.
  std::int64_t over = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::int64_t more = std::max<std::int64_t>(0, clicks[i] - impressions[i]);
    clicks[i] -= more;
    over += more;
  }
  for (std::size_t i = 0; i < parts.size() && over > 0; ++i) {
    const std::int64_t room = std::min(over, impressions[i] - clicks[i]);
    clicks[i] += room;
    over -= room;
  }
  clicks.front() += over;
  // Costs are of clicks; an hour without any was paid for what was shown.
  const auto spend = Shares(row.spend_micros, row.clicks > 0 ? clicks : impressions, salt(3));
  // Conversions of clicks: of parts that convert, by their clicks, else by what they were shown.
  auto converting = by([&](std::size_t i) { return clicks[i] * parts[i].convert_percent; });
  if (!Any(converting)) converting = shown(&Part::convert_percent);
  if (!Any(converting)) {
    converting = by([&](std::size_t i) { return parts[i].weight * parts[i].convert_percent; });
  }
  const auto by_click = Shares(row.conversions_click, converting, salt(4));
  const auto by_view = Shares(row.conversions_view, shown(&Part::convert_percent), salt(5));
  const auto revenue_click =
      Shares(row.revenue_click_micros, row.conversions_click > 0 ? by_click : converting, salt(6));
  const auto revenue_view =
      Shares(row.revenue_view_micros, row.conversions_view > 0 ? by_view : impressions, salt(7));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out[i] = {.spend_micros = spend[i],
              .impressions = impressions[i],
              .clicks = clicks[i],
              .conversions_click = by_click[i],
              .conversions_view = by_view[i],
              .revenue_click_micros = revenue_click[i],
              .revenue_view_micros = revenue_view[i]};
  }
  return out;
}

std::vector<SearchTerm> TermsOf(std::string_view keyword, std::string_view match_type) {
  const std::vector<std::string> words = Words(LowerAscii(keyword));
  std::vector<SearchTerm> terms;
  if (words.empty()) return terms;
  const std::string core = fmt::format("{}", fmt::join(words, " "));
  std::set<std::string> seen;
  const auto add = [&](std::string text, std::string_view match, Part part) {
    if (text.empty() || !seen.insert(text).second) return;
    terms.push_back({std::move(text), std::string(match), part});
  };
  add(core, "EXACT", {1000, 100, 100});
  if (core.back() == 's') {
    add(core.substr(0, core.size() - 1), "NEAR_EXACT", {220, 95, 95});
  } else if (IsLetter(core.back())) {
    add(core + "s", "NEAR_EXACT", {220, 95, 95});
  }
  if (words.size() > 1) {
    std::vector<std::string> turned = words;
    std::rotate(turned.begin(), turned.end() - 1, turned.end());
    add(fmt::format("{}", fmt::join(turned, " ")), "NEAR_EXACT", {90, 95, 95});
  }
  add(Misspelt(words), "NEAR_EXACT", {60, 90, 90});
  if (match_type == "EXACT") return terms;

  for (const Modifier* one : Chosen(kBuying, kBuyingChosen, core)) {
    add(fmt::format(fmt::runtime(one->pattern), core), "PHRASE", one->part);
  }
  for (const Modifier* one : Chosen(kNeverBuying, kNeverBuyingChosen, core)) {
    add(fmt::format(fmt::runtime(one->pattern), core), "PHRASE", one->part);
  }
  for (int i = 0; i < kRareChosen; ++i) {
    const std::uint64_t luck = Combine(HashText(core), static_cast<std::uint64_t>(i));
    const std::string_view first = kRare[luck % std::size(kRare)];
    const std::string_view second = kRare[(luck >> 32U) % std::size(kRare)];
    if (first == second) continue;
    add(fmt::format("{} {} {}", core, first, second), "PHRASE", kRarePart);
  }
  if (match_type == "PHRASE") return terms;

  // What broad match finds near: the last word alone, and things around the first one.
  const std::string& first = words.front();
  const std::string& last = words.back();
  if (words.size() > 1) add(last, "BROAD", {260, 60, 30});
  add(last + " ideas", "BROAD", {80, 55, 15});
  add(first + " equipment", "BROAD", {110, 70, 45});
  add(first + " weather", "BROAD", {70, 20, 0});
  add(last + " drawing", "BROAD", {40, 25, 0});
  add(first + " club", "BROAD", {45, 30, 0});
  return terms;
}

bool Excludes(std::string_view negative, std::string_view match_type, std::string_view search) {
  const auto wanted = Words(LowerAscii(negative));
  const auto typed = Words(LowerAscii(search));
  if (wanted.empty()) return false;
  if (match_type == "EXACT") return wanted == typed;
  if (match_type == "PHRASE") {
    return std::search(typed.begin(), typed.end(), wanted.begin(), wanted.end()) != typed.end();
  }
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
    return std::find(typed.begin(), typed.end(), word) != typed.end();
  });
}

}  // namespace maxopt::sim::google_ads
