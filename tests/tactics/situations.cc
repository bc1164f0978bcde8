#include "tactics/situations.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "memory/tactics/words.h"

namespace maxopt {
namespace {

constexpr std::size_t kPlaces = 5;

std::vector<std::string> Terms(const TacticText& text, bool stems) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& of) {
    for (const std::string& word : WordsOf(of)) {
      if (!IsStopWord(word)) out.push_back(stems ? StemOf(word) : word);
    }
  };
  for (const auto& [facet, words] : text.context.facets) {
    for (const std::string& word : words) add(word);
  }
  for (const auto& [words, weight] : text.texts) add(words);
  return out;
}

}  // namespace

Result<std::vector<Situation>> ReadSituations(const std::string& file) {
  std::set<std::string> known;
  for (const Tactic& tactic : TacticLibrary()) known.insert(tactic.id);
  std::vector<Situation> out;
  try {
    const YAML::Node root = YAML::LoadFile(file);
    for (const auto& node : root["situations"]) {
      Situation s;
      if (node["ask"]) s.question.texts.emplace_back(node["ask"].as<std::string>(), 1);
      if (node["context"]) {
        for (const auto& facet : node["context"]) {
          s.question.context.facets[facet.first.as<std::string>()] =
              facet.second.as<std::vector<std::string>>();
        }
        MAXOPT_CHECK(CheckTacticContext(s.question.context));
      }
      for (const auto& want : node["want"]) {
        const auto id = want.first.as<std::string>();
        const int grade = want.second.as<int>();
        if (!known.contains(id) || grade < 1 || grade > 2) {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("{}:{}: no tactic \"{}\", or a grade that is not 1 or 2", file,
                                  node.Mark().line + 1, id));
        }
        s.want[id] = grade;
      }
      out.push_back(std::move(s));
    }
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", file, e.what()));
  }
  return out;
}

RetrievalScore Score(const std::vector<Situation>& situations,
                     const std::vector<Ranking>& rankings) {
  RetrievalScore out;
  for (std::size_t i = 0; i < situations.size(); ++i) {
    const auto& want = situations[i].want;
    const auto gain = [&](int grade, std::size_t place) {
      return (std::pow(2.0, grade) - 1) / std::log2(static_cast<double>(place) + 2);
    };
    double found = 0, gained = 0, best = 0;
    for (std::size_t place = 0; place < std::min(kPlaces, rankings[i].size()); ++place) {
      const auto at = want.find(rankings[i][place]);
      if (at == want.end()) continue;
      found += 1;
      gained += gain(at->second, place);
      if (place == 0 && at->second == 2) out.first += 1;
    }
    std::vector<int> grades;
    for (const auto& [id, grade] : want) grades.push_back(grade);
    std::sort(grades.rbegin(), grades.rend());
    for (std::size_t place = 0; place < std::min(kPlaces, grades.size()); ++place) {
      best += gain(grades[place], place);
    }
    out.recall5 += found / static_cast<double>(std::min(kPlaces, want.size()));
    out.ndcg5 += gained / best;
  }
  const auto n = static_cast<double>(situations.size());
  return {out.recall5 / n, out.ndcg5 / n, out.first / n};
}

std::vector<Ranking> SearchByKeywords(const std::vector<Tactic>& tactics,
                                      const std::vector<Situation>& situations, bool stems) {
  constexpr double kK1 = 1.2, kB = 0.75;
  std::vector<std::map<std::string, double>> counts;
  std::map<std::string, double> documents;
  std::vector<double> lengths;
  double mean = 0;
  for (const Tactic& tactic : tactics) {
    std::map<std::string, double> count;
    const std::vector<std::string> terms = Terms(TextOf(tactic), stems);
    for (const std::string& term : terms) count[term] += 1;
    for (const auto& [term, times] : count) documents[term] += 1;
    counts.push_back(std::move(count));
    lengths.push_back(static_cast<double>(terms.size()));
    mean += lengths.back();
  }
  const auto n = static_cast<double>(tactics.size());
  mean /= n;
  std::vector<Ranking> out;
  for (const Situation& s : situations) {
    std::vector<std::pair<double, std::string>> scored;
    const std::vector<std::string> terms = Terms(s.question, stems);
    for (std::size_t d = 0; d < tactics.size(); ++d) {
      double score = 0;
      for (const std::string& term : terms) {
        const auto at = counts[d].find(term);
        if (at == counts[d].end()) continue;
        const double df = documents.at(term);
        const double idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
        score +=
            idf * at->second * (kK1 + 1) / (at->second + kK1 * (1 - kB + kB * lengths[d] / mean));
      }
      if (score > 0) scored.emplace_back(-score, tactics[d].id);
    }
    std::sort(scored.begin(), scored.end());
    Ranking ranking;
    for (const auto& [score, id] : scored) ranking.push_back(id);
    out.push_back(std::move(ranking));
  }
  return out;
}

Result<std::vector<Ranking>> SearchByIndex(const TacticIndex& index,
                                           const std::vector<Situation>& situations) {
  std::vector<Ranking> out;
  for (const Situation& s : situations) {
    MAXOPT_TRY(const std::vector<TacticHit> hits, index.Search(s.question, {}, 10));
    Ranking ranking;
    for (const TacticHit& hit : hits) ranking.push_back(index.tactics()[hit.at].id);
    out.push_back(std::move(ranking));
  }
  return out;
}

}  // namespace maxopt
