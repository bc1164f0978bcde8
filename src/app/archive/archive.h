#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/home/home.h"

/// A client or one of its campaigns as files that need no Max to be read, and back into an empty
/// home with the same numbers.
namespace maxopt {

struct ArchiveRequest {
  std::string client;
  /// One campaign: as set up ("spring-trails"), by its key ("meta/123/campaign/77") or by the
  /// platform's id. Empty: everything of the client.
  std::string campaign{};
  std::string folder;  ///< made where it is not there; must be empty
};
struct ArchivedFile {
  std::string name;   ///< "facts-metrics.parquet"
  std::string kind;   ///< facts | rows | media
  std::string table;  ///< of facts and rows
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::string sha256;
};
struct Archive {
  std::string client, campaign;
  Instant as_of{};
  std::string software;
  std::vector<ArchivedFile> files;
  std::vector<std::string> missing;  ///< media that the documents name and that could not be read
};

/// Writes facts (Parquet, at all levels and as of all times), plans, journal, ledger lines, alerts,
/// experiments, documents and all else that is kept (JSON Lines), media, and last manifest.json
/// with the SHA-256 and the rows of each file. Closes the home: the facts are read from their file.
/// kNotFound: the client or the campaign; kConflict: the folder is not empty.
Result<Archive> WriteArchive(std::unique_ptr<Home> home, const ArchiveRequest& request);

/// Reads manifest.json and compares every file with it: kInvalidArgument names the first that is
/// missing or not what was written.
Result<Archive> CheckArchive(const std::string& folder);

/// CheckArchive, then into a home that knows no client. Policies, connections and users are not
/// archived: nothing can be written to a platform from a restored home until somebody sets them.
Result<Archive> RestoreArchive(const std::string& folder, const std::string& home,
                               std::shared_ptr<Clock> clock);

}  // namespace maxopt
