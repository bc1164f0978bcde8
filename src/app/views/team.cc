// What went to and fro between Max and the teammates.
#include "app/team/team.h"

#include "app/views/themes.h"

namespace maxopt::views {

Result<View> TeamView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("title", "Message"),
      Text("direction", "Direction", "to Max, or from Max"),
      Text("member", "Teammate"),
      Text("kind", "Kind"),
      Text("client", "Client"),
      Text("about", "About"),
      Text("state", "State",
           "received: new, open (waits for an answer), answered, done, refused; sent: "
           "pending, unknown (may have arrived), kept (waits to be fetched), sent, read, "
           "answered, failed"),
      Of(CellKind::kInstant, "at", "When"),
      Of(CellKind::kInstant, "due_at", "Due"),
      Of(CellKind::kFlag, "overdue", "Overdue"),
      Text("channels", "By"),
      Text("why", "What is known")};
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(frame.home));
  TeamQuery query;
  query.client = frame.query.client;
  query.member = frame.Extra("member");
  query.overdue = frame.Extra("show", "all") == "overdue";
  query.limit = kAllRows;
  MAXOPT_TRY(const std::vector<TeamLine> lines, TeamLines(frame.home, config, query, frame.now));
  for (const TeamLine& line : lines) {
    if (!frame.Sees(line.client)) continue;
    ViewRow row;
    row.key = (line.out ? "" : "in-") + line.key;
    if (line.out) row.link = "message:" + line.key;
    row.cells = {TextCell(line.title.empty() ? line.kind : line.title),
                 TextCell(line.out ? "from Max" : "to Max"),
                 TextCell(line.member),
                 TextCell(line.kind),
                 TextCell(line.client),
                 TextCell(line.about),
                 TextCell(line.state),
                 line.at,
                 Maybe(line.due),
                 line.overdue,
                 TextCell(line.channels),
                 TextCell(line.why)};
    if (line.overdue || line.state == "refused" || line.state == "failed") row.tone = "bad";
    view.rows.push_back(std::move(row));
  }
  if (query.overdue && view.rows.empty()) frame.Note("Nothing is overdue.");
  return view;
}

}  // namespace maxopt::views
