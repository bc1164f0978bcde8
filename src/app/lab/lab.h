#pragma once
#include <string>

#include "result/result.h"

/// The `lab` commands: a pure piece of measure or decide on plain files. One .cc a command; none
/// reads or writes anything but what its arguments name. The number is the exit code.
namespace maxopt::lab {

struct AnomaliesArguments {
  std::string in;   ///< folder; every *.csv below it is read
  std::string out;  ///< folder; made when it is not there
};
/// Columns timestamp,value in; timestamp,value,anomaly_score,alert out, under the same relative
/// path, with the text of the first two as it was. A file that cannot be read is named with its
/// line and written nowhere; the others are written all the same, and the answer is the error.
Result<int> Anomalies(const AnomaliesArguments& arguments);

}  // namespace maxopt::lab
