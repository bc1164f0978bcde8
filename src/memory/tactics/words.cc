#include "memory/tactics/words.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "memory/tactics/builtin.h"
#include "result/result.h"

namespace maxopt {
namespace {

struct Term {
  std::vector<std::string> words;  // each a beginning of a word, one after the other
  bool within = false;             // one word, anywhere in a word
  std::string meaning;
};

const std::vector<Term>& Glossary() {
  static const std::vector<Term> terms = [] {
    std::vector<Term> out;
    for (const TacticFile& file : TacticFiles()) {
      if (!file.name.ends_with("/glossary.yaml")) continue;
      const YAML::Node root = YAML::Load(std::string(file.text));
      for (const auto& pair : root["concepts"]) {
        for (const auto& item : pair.second) {
          std::string text = item.Scalar();
          Term term;
          term.within = text.starts_with('*');
          if (term.within) text.erase(0, 1);
          term.words = WordsOf(text);
          term.meaning = pair.first.Scalar();
          if (term.words.empty() || (term.within && term.words.size() > 1)) Bug();
          out.push_back(std::move(term));
        }
      }
    }
    return out;
  }();
  return terms;
}

/// A short term is the whole word: "am" is not in "amount".
bool Begins(const std::string& word, const std::string& term) {
  return term.size() <= 3 ? word == term || word == term + "s" : word.starts_with(term);
}

bool Begins(const std::vector<std::string>& words, std::size_t at, const Term& term) {
  if (at + term.words.size() > words.size()) return false;
  for (std::size_t j = 0; j < term.words.size(); ++j) {
    if (!Begins(words[at + j], term.words[j])) return false;
  }
  return true;
}

/// Terms by the first letter of their first word, and those that may stand within one.
struct Lookup {
  std::map<char, std::vector<const Term*>> by_letter;
  std::vector<const Term*> within;
};
const Lookup& Terms() {
  static const Lookup lookup = [] {
    Lookup out;
    for (const Term& term : Glossary()) {
      if (term.within) {
        out.within.push_back(&term);
      } else {
        out.by_letter[term.words.front().front()].push_back(&term);
      }
    }
    return out;
  }();
  return lookup;
}

/// The Latin letters of U+00C0 to U+00FF without their marks.
constexpr std::array<const char*, 64> kFolded = {
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
    "d", "n", "o", "o", "o", "o", "o",  " ", "o", "u", "u", "u", "u", "y", "t", "ss",
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
    "d", "n", "o", "o", "o", "o", "o",  " ", "o", "u", "u", "u", "u", "y", "t", "y"};

}  // namespace

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += static_cast<char>(c);
    } else if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (c == 0xC3 && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[++i]);
      const char* folded = next >= 0x80 && next <= 0xBF ? kFolded[next - 0x80] : " ";
      if (*folded == ' ') {
        end();
      } else {
        word += folded;
      }
    } else if (c != '\'') {
      end();
    }
  }
  end();
  return out;
}

bool IsStopWord(std::string_view word) {
  static const std::set<std::string_view> kStop = {
      "a",     "an",    "and",   "are",   "as",      "at",      "be",     "been",  "but",   "by",
      "can",   "do",    "does",  "for",   "from",    "had",     "has",    "have",  "how",   "if",
      "in",    "is",    "it",    "its",   "of",      "on",      "or",     "our",   "ours",  "so",
      "that",  "the",   "their", "them",  "then",    "there",   "they",   "this",  "to",    "us",
      "was",   "we",    "were",  "what",  "when",    "where",   "which",  "who",   "will",  "with",
      "would", "you",   "your",  "not",   "no",      "than",    "just",   "into",  "every", "all",
      "some",  "any",   "i",     "my",    "because", "since",   "should", "still", "very",  "more",
      "most",  "much",  "many",  "also",  "only",    "out",     "up",     "over",  "each",  "other",
      "one",   "two",   "get",   "gets",  "per",     "aber",    "alle",   "als",   "am",    "an",
      "auch",  "auf",   "aus",   "bei",   "bis",     "da",      "damit",  "dann",  "das",   "dass",
      "dem",   "den",   "der",   "des",   "die",     "ein",     "eine",   "einem", "einen", "einer",
      "er",    "es",    "fur",   "hat",   "haben",   "ich",     "ihr",    "im",    "ist",   "ja",
      "jede",  "jeder", "jeden", "kein",  "keine",   "man",     "mehr",   "mit",   "nach",  "nicht",
      "noch",  "nur",   "oder",  "ohne",  "sehr",    "sich",    "sie",    "sind",  "so",    "uber",
      "um",    "und",   "uns",   "unser", "unsere",  "unseren", "vom",    "von",   "vor",   "war",
      "was",   "weil",  "wenn",  "wer",   "wie",     "wir",     "wird",   "zu",    "zum",   "zur",
      "gar",   "schon", "soll",  "sollen"};
  return kStop.contains(word);
}

std::string StemOf(std::string_view word) {
  constexpr std::string_view kEndings[] = {"ungen", "ings", "ung", "ing", "ern", "ies", "ed", "en",
                                           "er",    "es",   "em",  "ly",  "e",   "n",   "s"};
  std::string stem(word);
  for (const std::string_view ending : kEndings) {
    if (stem.size() >= ending.size() + 4 && stem.ends_with(ending)) {
      stem.resize(stem.size() - ending.size());
      break;
    }
  }
  return stem;
}

std::vector<std::string> ConceptsOf(const std::vector<std::string>& words) {
  std::set<std::string> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const Term* term : Terms().within) {
      if (words[i].find(term->words.front()) != std::string::npos) out.insert(term->meaning);
    }
    const auto at = Terms().by_letter.find(words[i].front());
    if (at == Terms().by_letter.end()) continue;
    for (const Term* term : at->second) {
      if (Begins(words, i, *term)) out.insert(term->meaning);
    }
  }
  return {out.begin(), out.end()};
}

}  // namespace maxopt
