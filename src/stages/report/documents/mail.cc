#include <fmt/format.h>

#include <algorithm>

#include "domain/digest.h"
#include "stages/report/documents/documents.h"
#include "stages/report/documents/escape.h"

namespace maxopt::report {
namespace {

/// Base64 in lines of 76, as MIME wants them.
std::string MimeBase64(std::string_view bytes) {
  const std::string all = Base64(bytes);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\r\n";
  return out;
}

/// RFC 2047, in encoded words of at most 75 signs that split no code point.
std::string HeaderText(std::string_view text) {
  std::string out, word;
  const auto flush = [&] {
    if (word.empty()) return;
    out += (out.empty() ? "" : "\r\n ") + fmt::format("=?UTF-8?B?{}?=", Base64(word));
    word.clear();
  };
  constexpr std::size_t kBytesMost = 45;  // 60 signs of base64
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80) ++end;
    if (word.size() + (end - at) > kBytesMost) flush();
    word += text.substr(at, end - at);
    at = end;
  }
  flush();
  return out;
}

/// An address that cannot end its header.
std::string Address(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F) out += c;
  }
  return out;
}

/// "Mon, 23 Nov 2026 07:00:00 +0000"
std::string MailDate(Instant at) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at - day).count();
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday{day}.c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// --- HTML for mail programs: tables and inline styles only, no SVG ---

constexpr std::string_view kCell =
    "padding:6px 10px;border-bottom:1px solid #d8dee6;font-size:14px;text-align:";

std::string MailTable(const Table& table, std::size_t most) {
  std::string out = fmt::format(
      "<table role=\"table\" style=\"border-collapse:collapse;width:100%;margin:8px 0 16px\">"
      "<caption style=\"text-align:left;font-weight:bold;padding:4px 0\">{}</caption><tr>",
      EscapeHtml(table.caption));
  for (const TableColumn& column : table.columns) {
    out += fmt::format("<th scope=\"col\" style=\"{}{};color:#56616f\">{}</th>", kCell,
                       column.number ? "right" : "left", EscapeHtml(PlainText(column.title)));
  }
  out += "</tr>";
  for (std::size_t r = 0; r < table.rows.size() && r < most; ++r) {
    out += "<tr>";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      out += fmt::format("<td style=\"{}{}\"><bdi>{}</bdi></td>", kCell,
                         table.columns[i].number ? "right" : "left",
                         EscapeHtml(table.rows[r].cells[i].text));
    }
    out += "</tr>";
  }
  return out + "</table>";
}

/// Bars as table cells of a share of the width: every mail program draws them.
std::string MailBars(const Chart& chart, const std::string& accent) {
  double top = 1e-12;
  for (const auto& value : chart.series.front().values) top = std::max(top, value.value_or(0));
  std::string out = fmt::format(
      "<table role=\"table\" style=\"border-collapse:collapse;width:100%;margin:8px 0 16px\">"
      "<caption style=\"text-align:left;font-weight:bold;padding:4px 0\">{}</caption>",
      EscapeHtml(chart.caption));
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double share = 100 * std::max(0.0, chart.series.front().values[i].value_or(0)) / top;
    out += fmt::format(
        "<tr><td style=\"{}left;width:34%\"><bdi>{}</bdi></td><td style=\"width:46%;padding:6px "
        "0\"><div style=\"background:{};width:{:.0f}%;height:12px\"></div></td><td "
        "style=\"{}right\">{}</td></tr>",
        kCell, EscapeHtml(Shortened(chart.labels[i], 48)), accent, share, kCell,
        EscapeHtml(chart.series.front().texts[i]));
  }
  return out + "</table>";
}

std::string MailHtml(const Document& document, const Catalogue& texts) {
  const Settings& of = document.settings;
  const std::string& accent = of.brand.accent;
  std::string body = fmt::format(
      "<p style=\"color:{0};font-weight:bold;margin:0\">{1}</p><h1 style=\"margin:4px 0;font-size:"
      "24px\"><bdi>{2}</bdi></h1><p style=\"color:#56616f;margin:0\">{3}</p>",
      EscapeHtml(accent), EscapeHtml(document.title), EscapeHtml(document.subtitle),
      EscapeHtml(document.period));
  for (const Section& section : document.sections) {
    body += fmt::format("<h2 style=\"color:{};font-size:18px;margin:28px 0 6px\">{}</h2>",
                        EscapeHtml(accent), EscapeHtml(section.title));
    for (const Block& block : section.blocks) {
      std::string paragraph;
      for (const Sentence& sentence : block.sentences) {
        paragraph += (paragraph.empty() ? "" : " ") + EscapeHtml(sentence.text);
      }
      if (!paragraph.empty()) body += "<p>" + paragraph + "</p>";
      if (!block.items.empty()) body += "<ul>";
      for (const auto& item : block.items) {
        std::string line;
        for (const Sentence& sentence : item) {
          line += (line.empty() ? "" : "<br>") + EscapeHtml(sentence.text);
        }
        body += "<li style=\"margin:6px 0\">" + line + "</li>";
      }
      if (!block.items.empty()) body += "</ul>";
      if (!block.tiles.empty()) body += "<table role=\"presentation\" style=\"width:100%\">";
      for (const Tile& tile : block.tiles) {
        body += fmt::format(
            "<tr><td style=\"padding:6px 10px;background:#f5f7fa;border-left:4px solid {}\"><b>{}: "
            "{}</b><br><span style=\"color:#56616f;font-size:13px\">{}{}</span></td></tr>",
            EscapeHtml(accent), EscapeHtml(tile.label), EscapeHtml(tile.value),
            tile.note ? EscapeHtml(tile.note->text) + " · " : "", EscapeHtml(tile.truth));
      }
      if (!block.tiles.empty()) body += "</table>";
      constexpr std::size_t kRowsMost = 15;
      if (block.table) body += MailTable(*block.table, kRowsMost);
      if (block.chart && block.chart->kind == Chart::Kind::kBars && !block.chart->series.empty()) {
        body += MailBars(*block.chart, EscapeHtml(accent));
      }
    }
  }
  return fmt::format(
      "<!doctype html><html lang=\"{}\"><head><meta "
      "charset=\"utf-8\"><title>{}</title></head><body "
      "style=\"font-family:system-ui,'Segoe UI',Roboto,sans-serif;color:#18212c;background:#fff;"
      "max-width:680px;margin:0 auto;padding:16px;line-height:1.5\">{}<p style=\"color:#56616f;"
      "font-size:12px;margin-top:32px\">{} {} · {}</p></body></html>\r\n",
      EscapeHtml(of.language), EscapeHtml(document.title), body,
      EscapeHtml(texts.Word("form.report")), EscapeHtml(of.id), EscapeHtml(MadeWith(of, texts)));
}

/// Plain text: what a person reads without any markup.
std::string MailPlain(const Document& document, const Catalogue& texts) {
  std::string out =
      fmt::format("{}: {}\r\n{}\r\n", document.title, document.subtitle, document.period);
  for (const Section& section : document.sections) {
    std::string inside;
    for (const Block& block : section.blocks) {
      std::string paragraph;
      for (const Sentence& sentence : block.sentences) {
        paragraph += (paragraph.empty() ? "" : " ") + sentence.text;
      }
      if (!paragraph.empty()) inside += paragraph + "\r\n\r\n";
      for (const auto& item : block.items) {
        inside += "-";
        for (const Sentence& sentence : item) inside += " " + sentence.text;
        inside += "\r\n";
      }
      for (const Tile& tile : block.tiles) {
        inside += fmt::format("{}: {} ({}{})\r\n", tile.label, tile.value, tile.truth,
                              tile.note ? "; " + tile.note->text : "");
      }
    }
    if (!inside.empty()) out += "\r\n" + section.title + "\r\n\r\n" + inside;
  }
  return out + fmt::format("\r\n{} {} · {}\r\n", texts.Word("form.report"), document.settings.id,
                           MadeWith(document.settings, texts));
}

}  // namespace

std::string MailOf(const Document& document, const MailHead& head) {
  const auto texts = *Catalogue::BuiltIn(document.settings.language);
  const Settings& of = document.settings;
  const std::string plain = MailPlain(document, *texts), html = MailHtml(document, *texts);
  // A boundary that its parts cannot hold: they are base64, which has no "=_".
  const std::string boundary = "=_maxopt_" + Sha256Hex(of.id + plain).substr(0, 24);
  std::string out;
  if (!head.from.empty()) out += "From: " + Address(head.from) + "\r\n";
  if (!head.to.empty()) out += "To: " + Address(head.to) + "\r\n";
  const std::string host = head.from.find('@') == std::string::npos
                               ? "maxopt.invalid"
                               : Address(head.from.substr(head.from.rfind('@') + 1));
  out += fmt::format(
      "Subject: {}\r\nDate: {}\r\nMessage-ID: <{}.{}@{}>\r\nMIME-Version: 1.0\r\nContent-Type: "
      "multipart/alternative; boundary=\"{}\"\r\nContent-Language: {}\r\n\r\n",
      HeaderText(Shortened(
          fmt::format("{}: {}, {}", document.title, document.subtitle, document.period), 180)),
      MailDate(of.made_at), FileStem(of.id), Sha256Hex(of.client + head.to).substr(0, 16), host,
      boundary, FileStem(of.language));
  for (const auto& [type, content] :
       {std::pair("text/plain", &plain), std::pair("text/html", &html)}) {
    out += fmt::format(
        "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        boundary, type, MimeBase64(*content));
  }
  return out + "--" + boundary + "--\r\n";
}

}  // namespace maxopt::report
