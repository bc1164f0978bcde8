#pragma once
// Inside of this folder: reports.yaml of the home.
#include <string>
#include <vector>

#include "clock/cron.h"
#include "stages/report/document.h"

namespace maxopt {

/// How a client's reports of a kind look and what leads in them. Empty: of every one.
struct ReportTemplate {
  std::string name, client, kind, campaign_type, audience, language;
  std::vector<std::string> kpis, sections;
  report::Branding brand;
};

struct ReportSchedule {
  std::string name, client, kind, audience, language, template_name;
  Cron cron;           ///< on the client's clock
  std::string period;  ///< last_week last_month last_7_days last_28_days month_to_date
  std::vector<std::string> forms;
  bool tell = true;                  ///< messages to the team
  std::string mail_channel;          ///< an e-mail channel of alerts.yaml; empty: not mailed
  std::vector<std::string> mail_to;  ///< empty: the channel's own
};

struct ReportsConfig {
  std::vector<ReportTemplate> templates;
  std::vector<ReportSchedule> schedules;
};

/// reports.yaml; the folder is where logos are looked for. kInvalidArgument with file and line:
/// unknown members and words, a colour whose text could not be read (WCAG 2.2, 1.4.3: a contrast
/// of 4.5), a logo that is no small PNG or JPEG of the home.
Result<ReportsConfig> ParseReportsConfig(const std::string& yaml, const std::string& file,
                                         const std::string& folder);
/// Without the file: no templates, no schedules.
Result<ReportsConfig> ReadReportsConfig(const std::string& folder);

/// Contrast of two colours "#rrggbb", 1 to 21. Source: WCAG 2.2, "contrast ratio".
double ContrastOf(const std::string& a, const std::string& b);

/// The template that fits best: the named one, else of those whose members all fit the one that
/// says most of them, the later one of equals. A template that names none of client, kind and type
/// fits everything.
Result<ReportTemplate> ChooseTemplate(const ReportsConfig& config, const std::string& wanted,
                                      const std::string& client, const std::string& kind,
                                      const std::string& campaign_type);

/// The days of a period's word, seen from `today`.
struct ReportDays {
  Day from, to;
};
Result<ReportDays> DaysOfPeriod(const std::string& period, Day today);

}  // namespace maxopt
