#pragma once
// Inside of this folder: words, stems and concepts of a text.
#include <string>
#include <string_view>
#include <vector>

namespace maxopt {

/// Lower-case words of letters and digits; umlauts and accents are folded ("ü" to u, "ß" to ss).
std::vector<std::string> WordsOf(std::string_view text);
/// A word that says nothing, in English or German.
bool IsStopWord(std::string_view word);
/// Its stem by cutting common endings; never shorter than four letters.
std::string StemOf(std::string_view word);
/// Concepts of the glossary that the words speak of, each once, sorted.
std::vector<std::string> ConceptsOf(const std::vector<std::string>& words);

}  // namespace maxopt
