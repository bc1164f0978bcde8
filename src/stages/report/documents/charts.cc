#include "stages/report/documents/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/report/documents/escape.h"

namespace maxopt::report {
namespace {

constexpr double kWidth = 880;

double TopOf(const Chart& chart) {
  double top = 0;
  for (const Series& series : chart.series) {
    for (const auto& value : series.values) top = std::max(top, value.value_or(0));
  }
  return top;
}

std::string Legend(const Chart& chart) {
  if (chart.series.size() < 2) return "";
  std::string out = "<p class=\"legend\" aria-hidden=\"true\">";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    out += fmt::format("<span><i class=\"l{}\"></i>{}</span>", std::min<std::size_t>(i, 1),
                       EscapeHtml(chart.series[i].name));
  }
  return out + "</p>";
}

std::string Begin(const Chart& chart, const std::string& id, double height) {
  std::string described;
  for (const Series& series : chart.series) {
    if (!described.empty()) described += ", ";
    described += series.name;
  }
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}t {}d\"><title "
      "id=\"{}t\">{}</title><desc id=\"{}d\">{}</desc>",
      kWidth, height, id, id, id, EscapeHtml(chart.caption), id, EscapeHtml(described));
}

std::string Lines(const Chart& chart, const Catalogue& texts, const std::string& id) {
  constexpr double kHeight = 260, kLeft = 72, kRight = 16, kTop = 14, kBottom = 30;
  const double step = RoundStep(TopOf(chart));
  const double top = 4 * step;
  const std::size_t count = chart.labels.size();
  const auto x = [&](std::size_t i) {
    return count < 2 ? kLeft
                     : kLeft + (kWidth - kLeft - kRight) * static_cast<double>(i) /
                                   static_cast<double>(count - 1);
  };
  const auto y = [&](double value) {
    return kTop + (kHeight - kTop - kBottom) * (1 - std::max(0.0, value) / top);
  };
  std::string out = Begin(chart, id, kHeight);
  for (int i = 0; i <= 4; ++i) {
    const double value = step * i;
    out += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text x=\"{}\" "
        "y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
        kLeft, kWidth - kRight, y(value), y(value), kLeft - 8, y(value) + 4,
        EscapeHtml(texts.Real(value) + (i == 4 && !chart.unit.empty() ? " " + chart.unit : "")));
  }
  // As many labels as fit beside each other.
  const std::size_t every = std::max<std::size_t>(1, (count + 6) / 7);
  for (std::size_t i = 0; i < count; i += every) {
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>", x(i), kHeight - 8,
                    i == 0           ? "start"
                    : i + 1 == count ? "end"
                                     : "middle",
                    EscapeHtml(chart.labels[i]));
  }
  // The last series first, so that the first lies on top.
  for (std::size_t s = chart.series.size(); s-- > 0;) {
    const Series& series = chart.series[s];
    std::string line, area;
    double first = 0, last = 0;
    const auto close = [&] {
      if (!area.empty() && s == 0) {
        out += fmt::format("<path class=\"area\" d=\"M{:.1f},{:.1f} {}L{:.1f},{:.1f} Z\"/>", first,
                           y(0), area, last, y(0));
      }
      area.clear();
    };
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      if (!series.values[i]) {
        close();
        continue;
      }
      const bool fresh = area.empty();
      line += fmt::format("{}{:.1f},{:.1f} ", fresh ? "M" : "L", x(i), y(*series.values[i]));
      area += fmt::format("L{:.1f},{:.1f} ", x(i), y(*series.values[i]));
      if (fresh) first = x(i);
      last = x(i);
    }
    close();
    out += fmt::format(
        "<path class=\"s{}\" fill=\"none\" stroke-width=\"2.2\" "
        "stroke-linejoin=\"round\" d=\"{}\"/>",
        std::min<std::size_t>(s, 1), line);
  }
  return out + "</svg>" + Legend(chart);
}

std::string Bars(const Chart& chart, const Catalogue&, const std::string& id) {
  constexpr double kLeft = 250, kRight = 130, kBar = 15, kGap = 12;
  const std::size_t series = std::max<std::size_t>(1, chart.series.size());
  const double group = static_cast<double>(series) * (kBar + 3) + kGap;
  const double height = group * static_cast<double>(chart.labels.size()) + 6;
  const double top = std::max(TopOf(chart), 1e-12);
  std::string out = Begin(chart, id, height);
  constexpr std::size_t kNameMost = 34;
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    const double begin = group * static_cast<double>(i) + 4;
    out += fmt::format(
        "<text class=\"name\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\" unicode-bidi=\"isolate\" "
        "direction=\"ltr\">{}</text>",
        kLeft - 10, begin + 12, EscapeHtml(Shortened(chart.labels[i], kNameMost)));
    for (std::size_t s = 0; s < chart.series.size(); ++s) {
      const auto& value = chart.series[s].values[i];
      const double y = begin + static_cast<double>(s) * (kBar + 3);
      const double width = (kWidth - kLeft - kRight) * std::max(0.0, value.value_or(0)) / top;
      out += fmt::format(
          "<rect class=\"b{}\" x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\"/>"
          "<text class=\"value\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
          std::min<std::size_t>(s, 1), kLeft, y, width, kBar, kLeft + width + 7, y + 12,
          EscapeHtml(chart.series[s].texts[i]));
    }
  }
  return out + "</svg>" + Legend(chart);
}

std::string Heat(const Chart& chart, const Catalogue&, const std::string& id) {
  constexpr double kLeft = 110, kTop = 22, kRow = 24;
  const double step =
      (kWidth - kLeft) / static_cast<double>(std::max<std::size_t>(1, chart.labels.size()));
  const double top = std::max(TopOf(chart), 1e-12);
  std::string out = Begin(chart, id, kTop + kRow * static_cast<double>(chart.series.size()) + 2);
  for (std::size_t i = 0; i < chart.labels.size(); ++i) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"14\" text-anchor=\"middle\">{}</text>",
                       kLeft + step * (static_cast<double>(i) + 0.5), EscapeHtml(chart.labels[i]));
  }
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const double y = kTop + kRow * static_cast<double>(s);
    out += fmt::format("<text class=\"name\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                       kLeft - 8, y + 16, EscapeHtml(chart.series[s].name));
    for (std::size_t i = 0; i < chart.series[s].values.size(); ++i) {
      const auto& value = chart.series[s].values[i];
      const double x = kLeft + step * static_cast<double>(i);
      out += fmt::format(
          "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\"",
          value ? "cell" : "empty", x + 1, y + 1, step - 2, kRow - 2);
      if (value)
        out += fmt::format(" fill-opacity=\"{:.2f}\"", 0.06 + 0.94 * std::max(0.0, *value) / top);
      out += fmt::format("><title>{}, {}: {}</title></rect>", EscapeHtml(chart.series[s].name),
                         EscapeHtml(chart.labels[i]), EscapeHtml(chart.series[s].texts[i]));
    }
  }
  return out + "</svg>";
}

}  // namespace

double RoundStep(double top) {
  if (!(top > 0) || !std::isfinite(top)) return 0.25;
  const double quarter = top / 4;
  const double power = std::pow(10, std::floor(std::log10(quarter)));
  for (const double times : {1.0, 2.0, 2.5, 5.0}) {
    if (quarter <= times * power * (1 + 1e-12)) return times * power;
  }
  return 10 * power;
}

std::string ChartSvg(const Chart& chart, const Catalogue& texts, const std::string& id) {
  switch (chart.kind) {
    case Chart::Kind::kLine:
      return Lines(chart, texts, id);
    case Chart::Kind::kBars:
      return Bars(chart, texts, id);
    case Chart::Kind::kHeat:
      return Heat(chart, texts, id);
  }
  Bug();
}

}  // namespace maxopt::report
