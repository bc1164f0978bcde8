#pragma once
#include <span>
#include <string_view>

namespace maxopt {

/// A file of the dashboard as it stands in the program.
struct Page {
  std::string_view path;          ///< "/index.html", "/assets/app-3f2a1b.js"
  std::string_view content_type;  ///< "text/html; charset=utf-8"
  std::string_view gzip;          ///< its bytes, compressed; never empty
  std::string_view brotli{};      ///< the same by brotli; empty: there is none
  bool immutable = false;         ///< its name changes with its content
};

/// What was built in: "/index.html" answers "/" and every path of the dashboard. Empty in a program
/// that was built without web/.
std::span<const Page> BuiltPages();

}  // namespace maxopt
