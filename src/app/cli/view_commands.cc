// view: what the pages show, in a terminal.
#include <fmt/core.h>

#include <algorithm>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/cli/views.h"
#include "app/views/views.h"

namespace maxopt {
namespace {

/// Columns that a terminal line takes, by code points.
std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}
std::string Cut(std::string text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (seen + 1 == width && WidthOf(std::string_view(text).substr(i)) > 1) {
      return text.substr(0, i) + "…";
    }
    ++seen;
  }
  return text;
}

bool IsNumber(CellKind kind) {
  switch (kind) {
    case CellKind::kCount:
    case CellKind::kReal:
    case CellKind::kRatio:
    case CellKind::kMoney:
    case CellKind::kEstimate:
      return true;
    case CellKind::kText:
    case CellKind::kDay:
    case CellKind::kInstant:
    case CellKind::kFlag:
      return false;
  }
  Bug();
}

std::string ViewText(const View& view) {
  constexpr std::size_t kWidest = 48;
  std::string out = view.title;
  if (!view.client.empty()) out += ", " + Clean(view.client);
  if (view.from && view.to)
    out += fmt::format(", {} to {}", PrintDay(*view.from), PrintDay(*view.to));
  out += fmt::format(", as of {}\n", PrintInstant(view.as_of));
  // Columns in which no row says anything are left out of a terminal.
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < view.columns.size(); ++i) {
    const bool said = std::ranges::any_of(view.rows, [&](const ViewRow& row) {
      return !std::holds_alternative<std::monostate>(row.cells[i]);
    });
    if (said) shown.push_back(i);
  }
  std::map<std::string, int> depth;
  std::vector<std::vector<std::string>> lines(1);
  for (const std::size_t i : shown) lines[0].push_back(view.columns[i].name);
  const auto add = [&](const std::vector<ViewCell>& cells, int indent) {
    auto& line = lines.emplace_back();
    for (const std::size_t i : shown) {
      std::string text = Clean(PrintCell(cells[i], view.columns[i]));
      if (line.empty()) text = std::string(static_cast<std::size_t>(2 * indent), ' ') + text;
      line.push_back(Cut(std::move(text), kWidest));
    }
  };
  for (const ViewRow& row : view.rows) {
    const auto above = depth.find(row.parent);
    const int indent = row.parent.empty() || above == depth.end() ? 0 : above->second + 1;
    depth[row.key] = indent;
    add(row.cells, indent);
  }
  if (view.totals && !shown.empty()) {
    add(*view.totals, 0);
    if (lines.back()[0] == "–") lines.back()[0] = "total";
  }
  std::vector<std::size_t> widths(shown.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], WidthOf(line[i]));
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string pad(widths[i] - WidthOf(line[i]), ' ');
      const bool right = IsNumber(view.columns[shown[i]].kind);
      text += (i == 0 ? "" : "  ") + (right ? pad + line[i] : line[i] + pad);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  if (view.rows.empty()) out += "no rows\n";
  for (const ViewFreshness& fresh : view.freshness) {
    if (fresh.state != "fresh") {
      out += fmt::format("data: {} {}: {}\n", fresh.account, fresh.state, Clean(fresh.why));
    }
  }
  for (const std::string& note : view.notes) out += "note: " + Clean(note) + "\n";
  if (!view.next.empty()) out += "more: --cursor " + view.next + "\n";
  return out;
}

}  // namespace

Result<ViewQuery> ViewQueryOf(const ViewArguments& arguments) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"from", arguments.from},
                                    {"to", arguments.to},
                                    {"compare", arguments.compare},
                                    {"by", arguments.by},
                                    {"metrics", arguments.metrics},
                                    {"as_of", arguments.as_of},
                                    {"sort", arguments.sort},
                                    {"cursor", arguments.cursor}}) {
    if (!value.empty()) parameters.emplace_back(name, value);
  }
  if (arguments.limit > 0) parameters.emplace_back("limit", std::to_string(arguments.limit));
  const auto add = [&](const std::vector<std::string>& given, const char* flag,
                       const std::string& prefix) -> Result<> {
    for (const std::string& one : given) {
      const std::size_t equals = one.find('=');
      if (equals == std::string::npos || equals == 0) {
        return Fail(Errc::kInvalidArgument, fmt::format("{} \"{}\": write NAME=VALUE", flag, one));
      }
      parameters.emplace_back(prefix + one.substr(0, equals), one.substr(equals + 1));
    }
    return {};
  };
  MAXOPT_CHECK(add(arguments.filters, "--filter", "filter."));
  MAXOPT_CHECK(add(arguments.set, "--set", ""));
  return ReadViewQuery(arguments.view, arguments.client, parameters);
}

Result<int> ViewCommand(const CommandContext& context, const ViewArguments& arguments) {
  if (arguments.view.empty()) {
    for (const ViewKind& kind : ViewKinds()) {
      fmt::print("{:<14} {}\n", kind.name, kind.what);
    }
    return kExitOk;
  }
  MAXOPT_TRY(const ViewKind* kind, FindView(arguments.view));
  MAXOPT_TRY(ViewQuery query, ViewQueryOf(arguments));
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (kind->needs_client) {
    MAXOPT_TRY(query.client, OnlyClient(*home, query.client));
  }
  MAXOPT_TRY(const View view, MakeView(*home, query));
  if (context.json) {
    fmt::print("{}\n", ToJson(view));
  } else {
    fmt::print("{}", ViewText(view));
  }
  return kExitOk;
}

}  // namespace maxopt
