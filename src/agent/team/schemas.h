#pragma once
#include <string_view>

/// The texts of schemas/, as they were when the program was built. Inside of this folder only.
namespace maxopt::team {

extern const std::string_view kMessageSchema;
extern const std::string_view kAnswerSchema;
extern const std::string_view kIntelligenceSchema;
extern const std::string_view kQuestionSchema;
extern const std::string_view kReceiptSchema;
extern const std::string_view kRequestSchema;
extern const std::string_view kWorkbookSchema;

}  // namespace maxopt::team
