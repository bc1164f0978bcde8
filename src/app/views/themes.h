#pragma once
// Inside of this folder: the views themselves, one function each, by theme.
#include "app/views/frame.h"

namespace maxopt::views {

// overview.cc
Result<View> Overview(Frame& frame);
// performance.cc: numbers of the platforms by object, cut and time
Result<View> AccountsView(Frame& frame);
Result<View> Campaigns(Frame& frame);
Result<View> Series(Frame& frame);
Result<View> Hours(Frame& frame);
Result<View> Geo(Frame& frame);
Result<View> Devices(Frame& frame);
Result<View> Audiences(Frame& frame);
Result<View> CreativesView(Frame& frame);
// pacing.cc: where money lands and what more of it would bring
Result<View> PacingView(Frame& frame);
Result<View> Marginals(Frame& frame);
// watching.cc: what is wrong, why, and how far the data can be trusted
Result<View> AlertsView(Frame& frame);
Result<View> AlertView(Frame& frame);
Result<View> QualityView(Frame& frame);
Result<View> TrackingView(Frame& frame);
// deciding.cc: what is decided, by what, on what
Result<View> PlansView(Frame& frame);
Result<View> PlanView(Frame& frame);
Result<View> RulesView(Frame& frame);
Result<View> PolicyView(Frame& frame);
Result<View> DocumentsView(Frame& frame);
Result<View> ChecklistsView(Frame& frame);
Result<View> MessagesView(Frame& frame);
// team.cc
Result<View> TeamView(Frame& frame);
// learning.cc: whose truth, and what was learnt
Result<View> AttributionPage(Frame& frame);
Result<View> OverlapPage(Frame& frame);
Result<View> ExperimentsView(Frame& frame);
Result<View> LedgerView(Frame& frame);
Result<View> CalibrationView(Frame& frame);
Result<View> SegmentsView(Frame& frame);
// tactics.cc: what is known of what works, and how decisions were come to
Result<View> TacticsView(Frame& frame);
Result<View> CyclesView(Frame& frame);
Result<View> CycleTrace(Frame& frame);
// health.cc: whether Max itself is well, and what it has written
Result<View> JobsView(Frame& frame);
Result<View> TokensView(Frame& frame);
Result<View> SunsetsView(Frame& frame);
Result<View> ReportsView(Frame& frame);

}  // namespace maxopt::views
