// The formats of the channels. Everything that comes from outside passes OneLine first, and then
// what its place in the format needs.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "connect/notify/text.h"

namespace maxopt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kSlackHeaderMax = 150;
constexpr std::size_t kSlackSectionMax = 3000;
constexpr int kSlackBlocksMax = 50;
/// 28 KB by Microsoft's documentation; what is kept free is for the envelope.
constexpr std::size_t kTeamsBytesMax = 28'000;
constexpr std::size_t kPagerDutySummaryMax = 1024;
/// Far below PagerDuty's 512 KB, and still more than anyone reads.
constexpr std::size_t kPagerDutyDetailsMax = 64'000;
constexpr int kLinesMax = 20;  ///< alerts in one message

std::string Dump(const ordered_json& body) {
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// Slack's own escapes, and a zero-width space where its markup or a mention could begin.
std::string Mrkdwn(std::string_view text) {
  constexpr std::string_view kZeroWidth = "\xE2\x80\x8B";
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '*':
      case '_':
      case '~':
      case '`':
        out += kZeroWidth;
        out += c;
        break;
      case '@':
      case '#':
        out += c;
        out += kZeroWidth;
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// For places without markup: the brackets of Slack's control sequences are other brackets.
std::string Plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "\xE2\x80\xB9";
    } else if (c == '>') {
      out += "\xE2\x80\xBA";
    } else {
      out += c;
    }
  }
  return out;
}

/// Cut that never leaves half of an escape behind.
std::string CutEscaped(const std::string& raw, std::size_t bytes_max) {
  std::string escaped = Mrkdwn(raw);
  for (std::size_t keep = raw.size(); escaped.size() > bytes_max && keep > 0; keep = keep * 3 / 4) {
    escaped = Mrkdwn(Cut(raw, keep));
  }
  return escaped;
}

std::string TitleOf(const AlertMessage& message, const AlertLine& line, bool resolved) {
  const bool mixed = !message.firing.empty() && !message.resolved.empty();
  std::string title = OneLine(line.title);
  if (resolved && mixed) title = "resolved: " + title;
  return title;
}

/// Calls with every alert, the firing ones first, and tells how many were left out.
template <class Say>
int ForLines(const AlertMessage& message, Say say) {
  int said = 0;
  int left = 0;
  for (const auto* list : {&message.firing, &message.resolved}) {
    for (const AlertLine& line : *list) {
      if (said >= kLinesMax || !say(line, list == &message.resolved)) {
        ++left;
      } else {
        ++said;
      }
    }
  }
  return left;
}

std::string LeftOut(int left) {
  return fmt::format("{} more {} not shown: the message would be too long; maxopt alerts lists all",
                     left, left == 1 ? "alert is" : "alerts are");
}

std::string HeadOf(const AlertMessage& message) {
  return LabelOf(message) + " \xC2\xB7 " + OneLine(message.client);
}

ordered_json LineJson(const AlertLine& line) {
  ordered_json out{{"id", line.id},
                   {"title", OneLine(line.title)},
                   {"subject", line.subject},
                   {"detector", line.detector},
                   {"kpi", line.kpi},
                   {"tier", AlertTierName(line.tier)},
                   {"actual", line.actual},
                   {"expected", line.expected},
                   {"at_stake", line.at_stake},
                   {"since", PrintInstant(line.since)},
                   {"evidence", line.evidence},
                   {"diagnosis", line.diagnosis},
                   {"proposal", line.proposal}};
  if (line.resolved_at) out["resolved_at"] = PrintInstant(*line.resolved_at);
  return out;
}

ordered_json MessageJson(const AlertMessage& m) {
  ordered_json out{{"id", m.id},
                   {"incident", m.incident},
                   {"client", m.client},
                   {"kind", m.kind},
                   {"tier", AlertTierName(m.tier)},
                   {"headline", m.headline},
                   {"firing", ordered_json::array()},
                   {"resolved", ordered_json::array()},
                   {"others_open", m.others_open},
                   {"by", m.by},
                   {"at", PrintInstant(m.at)},
                   {"link", m.link}};
  for (const AlertLine& line : m.firing) out["firing"].push_back(LineJson(line));
  for (const AlertLine& line : m.resolved) out["resolved"].push_back(LineJson(line));
  return out;
}

Result<AlertLine> LineFrom(const json& from) {
  AlertLine line;
  line.id = from.at("id").get<std::string>();
  line.title = from.at("title").get<std::string>();
  line.subject = from.at("subject").get<std::string>();
  line.detector = from.at("detector").get<std::string>();
  line.kpi = from.at("kpi").get<std::string>();
  MAXOPT_TRY(line.tier, FindAlertTier(from.at("tier").get<std::string>()));
  line.actual = from.at("actual").get<std::string>();
  line.expected = from.at("expected").get<std::string>();
  line.at_stake = from.at("at_stake").get<std::string>();
  MAXOPT_TRY(line.since, ParseInstant(from.at("since").get<std::string>()));
  line.evidence = from.at("evidence").get<std::vector<std::string>>();
  line.diagnosis = from.at("diagnosis").get<std::vector<std::string>>();
  line.proposal = from.at("proposal").get<std::string>();
  if (from.contains("resolved_at")) {
    MAXOPT_TRY(line.resolved_at, ParseInstant(from.at("resolved_at").get<std::string>()));
  }
  return line;
}

}  // namespace

std::string ToJson(const AlertMessage& message) { return Dump(MessageJson(message)); }

Result<AlertMessage> AlertMessageFromJson(std::string_view text) {
  try {
    const json from = json::parse(text.begin(), text.end());
    AlertMessage m;
    m.id = from.at("id").get<std::string>();
    m.incident = from.at("incident").get<std::string>();
    m.client = from.at("client").get<std::string>();
    m.kind = from.at("kind").get<std::string>();
    MAXOPT_TRY(m.tier, FindAlertTier(from.at("tier").get<std::string>()));
    m.headline = from.at("headline").get<std::string>();
    for (const json& line : from.at("firing")) {
      MAXOPT_TRY(AlertLine read, LineFrom(line));
      m.firing.push_back(std::move(read));
    }
    for (const json& line : from.at("resolved")) {
      MAXOPT_TRY(AlertLine read, LineFrom(line));
      m.resolved.push_back(std::move(read));
    }
    m.others_open = from.at("others_open").get<int>();
    m.by = from.at("by").get<std::string>();
    MAXOPT_TRY(m.at, ParseInstant(from.at("at").get<std::string>()));
    m.link = from.at("link").get<std::string>();
    return m;
  } catch (const json::exception& error) {
    return Fail(Errc::kInvalidArgument, fmt::format("alert message: {}", error.what()));
  }
}

std::string SlackBody(const AlertMessage& message, bool maybe_again) {
  // mrkdwn with verbatim: Slack's own parsing of names and links stays off.
  const auto mrkdwn = [](std::string text) {
    return ordered_json{{"type", "mrkdwn"}, {"text", std::move(text)}, {"verbatim", true}};
  };
  ordered_json blocks = ordered_json::array();
  blocks.push_back({{"type", "header"},
                    {"text",
                     {{"type", "plain_text"},
                      {"text", Cut(Plain(HeadOf(message)), kSlackHeaderMax)},
                      {"emoji", false}}}});
  if (message.firing.empty() && message.resolved.empty()) {
    blocks.push_back({{"type", "section"},
                      {"text", mrkdwn(CutEscaped(OneLine(message.headline), kSlackSectionMax))}});
  }
  const int left = ForLines(message, [&](const AlertLine& line, bool resolved) {
    if (std::ssize(blocks) + 4 > kSlackBlocksMax) return false;
    constexpr std::size_t kTitleMax = 1000;
    std::string text = "*" + CutEscaped(TitleOf(message, line, resolved), kTitleMax) + "*";
    bool cut = false;
    for (const std::string& detail : DetailsOf(line)) {
      const std::string more = "\n" + CutEscaped(detail, kTitleMax);
      if (text.size() + more.size() + 40 > kSlackSectionMax) {
        cut = true;
        break;
      }
      text += more;
    }
    if (cut) text += "\n(cut: maxopt alerts show has the rest)";
    blocks.push_back({{"type", "section"}, {"text", mrkdwn(std::move(text))}});
    blocks.push_back({{"type", "context"},
                      {"elements",
                       {mrkdwn(CutEscaped(OneLine(line.id + " \xC2\xB7 " + line.subject +
                                                  " \xC2\xB7 " + line.detector),
                                          kTitleMax))}}});
    return true;
  });
  std::vector<std::string> footer = FooterOf(message, maybe_again);
  if (left > 0) footer.push_back(LeftOut(left));
  std::string foot;
  for (const std::string& line : footer) foot += (foot.empty() ? "" : "\n") + line;
  if (!foot.empty()) {
    blocks.push_back(
        {{"type", "context"}, {"elements", {mrkdwn(CutEscaped(foot, kSlackSectionMax))}}});
  }
  return Dump(
      {{"text", CutEscaped(LabelOf(message) + ": " + OneLine(message.headline), kSlackSectionMax)},
       {"blocks", blocks},
       {"unfurl_links", false},
       {"unfurl_media", false}});
}

std::string TeamsBody(const AlertMessage& message, bool maybe_again) {
  // Text runs know no Markdown and no mentions, so what comes from outside needs no escape.
  const auto line_of = [](std::string text, bool strong, std::string_view color) {
    ordered_json run{{"type", "TextRun"}, {"text", std::move(text)}};
    if (strong) run["weight"] = "Bolder";
    if (!color.empty()) run["color"] = color;
    return ordered_json{{"type", "RichTextBlock"}, {"inlines", {run}}};
  };
  const std::string_view color = message.kind == "resolved"             ? "Good"
                                 : message.tier == AlertTier::kCritical ? "Attention"
                                                                        : "Warning";
  const auto whole = [](const ordered_json& card_body) {
    return Dump({{"type", "message"},
                 {"attachments",
                  {{{"contentType", "application/vnd.microsoft.card.adaptive"},
                    {"contentUrl", nullptr},
                    {"content",
                     {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                      {"type", "AdaptiveCard"},
                      {"version", "1.2"},
                      {"body", card_body}}}}}}});
  };
  constexpr std::size_t kLineMax = 1000;
  constexpr std::size_t kFooterBytes = 1500;
  ordered_json body = ordered_json::array();
  body.push_back(line_of(Cut(HeadOf(message), kLineMax), true, color));
  if (message.firing.empty() && message.resolved.empty()) {
    body.push_back(line_of(Cut(OneLine(message.headline), kLineMax), false, ""));
  }
  const int left = ForLines(message, [&](const AlertLine& line, bool resolved) {
    ordered_json with = body;
    with.push_back(line_of(Cut(TitleOf(message, line, resolved), kLineMax), true, ""));
    for (const std::string& detail : DetailsOf(line)) {
      ordered_json longer = with;
      longer.push_back(line_of(Cut(detail, kLineMax), false, ""));
      if (whole(longer).size() + kFooterBytes > kTeamsBytesMax) break;
      with = std::move(longer);
    }
    with.push_back(
        line_of(Cut(OneLine(line.id + " \xC2\xB7 " + line.subject), kLineMax), false, ""));
    if (whole(with).size() + kFooterBytes > kTeamsBytesMax) return false;
    body = std::move(with);
    return true;
  });
  std::vector<std::string> footer = FooterOf(message, maybe_again);
  if (left > 0) footer.push_back(LeftOut(left));
  for (std::string& line : footer) {
    body.push_back(line_of(Cut(std::move(line), kFooterBytes / 4), false, ""));
  }
  return whole(body);
}

std::string PagerDutyBody(const AlertMessage& message, const std::string& routing_key) {
  const bool over =
      message.kind == "resolved" && message.firing.empty() && message.others_open == 0;
  const std::string_view action = over                             ? "resolve"
                                  : message.kind == "acknowledged" ? "acknowledge"
                                                                   : "trigger";
  ordered_json body{{"routing_key", routing_key},
                    {"event_action", action},
                    {"dedup_key", Cut(message.incident, 255)}};
  if (action != "trigger") return Dump(body);
  const std::string_view severity = message.tier == AlertTier::kCritical  ? "critical"
                                    : message.tier == AlertTier::kWarning ? "warning"
                                                                          : "info";
  const AlertLine* first = !message.firing.empty()     ? &message.firing.front()
                           : !message.resolved.empty() ? &message.resolved.front()
                                                       : nullptr;
  ordered_json details{{"notification", message.id}};
  std::size_t bytes = 0;
  const int left = ForLines(message, [&](const AlertLine& line, bool resolved) {
    ordered_json lines = DetailsOf(line);
    bytes += Dump(lines).size() + line.title.size();
    if (bytes > kPagerDutyDetailsMax) return false;
    details["alerts"][line.id] = {{"title", TitleOf(message, line, resolved)}, {"lines", lines}};
    return true;
  });
  const std::vector<std::string> footer = FooterOf(message, false);
  if (!footer.empty()) details["more"] = footer;
  if (left > 0) details["left_out"] = LeftOut(left);
  const std::string source = first && !first->subject.empty() ? first->subject : message.client;
  body["payload"] = {
      {"summary", Cut(LabelOf(message) + ": " + OneLine(message.headline), kPagerDutySummaryMax)},
      {"source", source.empty() ? "maxopt" : Cut(OneLine(source), 255)},
      {"severity", severity},
      {"timestamp", PrintInstant(message.at)},
      {"component", first ? first->detector : "maxopt"},
      {"group", OneLine(message.client)},
      {"custom_details", details}};
  body["client"] = "Max Optimizer";
  if (!message.link.empty()) body["client_url"] = message.link;
  return Dump(body);
}

std::string WebhookBody(const AlertMessage& message) {
  ordered_json body = MessageJson(message);
  ordered_json out{{"maxopt", "alert/1"}};
  out.update(body);
  return Dump(out);
}

}  // namespace maxopt
