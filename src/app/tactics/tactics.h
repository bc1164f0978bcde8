#pragma once
#include <span>
#include <string>
#include <string_view>

#include "app/home/home.h"
#include "stages/tactics/knowledge.h"
#include "stages/working_memory/working_memory.h"

/// The knowledge base and the working memory over a home.
namespace maxopt {

/// With the embedder that the home's tactics.yaml names, else the local one:
///
///   maxopt: tactics_config/1
///   embeddings: {url: http://127.0.0.1:8080/v1, model: nomic-embed-text, key: env:EMBEDDINGS_KEY,
///                dimensions: 768, timeout_seconds: 20}
///
/// kInvalidArgument: the file cannot be read as that.
Result<TacticsWorld> TacticsWorldOf(Home& home);

/// LearnTactics of the client's ledger and finished comparisons, as its policy allows. A client
/// without a policy shares nothing.
Result<LearnReport> LearnTacticsOf(Home& home, const std::string& client);

/// What the stage needs, kept for each of these plans, alerts, campaigns or reports. What cannot be
/// remembered holds nothing up: the error is for the caller to tell.
Result<> RememberFor(Home& home, const std::string& client, Stage stage,
                     std::span<const std::string> about);

}  // namespace maxopt
