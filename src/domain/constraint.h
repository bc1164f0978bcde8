#pragma once
#include <string>

#include "clock/clock.h"
#include "domain/entity.h"

namespace maxopt {

/// A requirement met in practice: the platform refused something for a reason its specs did not
/// tell. A candidate until it was seen often enough; forgotten when it expires.
struct LearnedConstraint {
  Platform platform;
  std::string code;     ///< the platform's own error code
  std::string level;    ///< campaign | ad_group | ad | asset | conversion
  std::string field;    ///< of the catalogue, as far as it is known; may be empty
  std::string value;    ///< the value that was refused, shown as text; may be empty
  std::string message;  ///< the platform's, cut to a sentence
  int seen = 0;         ///< times refused
  int passed = 0;       ///< times the same went through since
  Instant first_at{}, last_at{}, expires_at{};
  /// seen / (seen + passed + 1): 0.5 after one refusal, 0.67 after two.
  double confidence() const { return static_cast<double>(seen) / (seen + passed + 1); }
};

}  // namespace maxopt
