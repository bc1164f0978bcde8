#include "app/views/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "memory/facts/quality.h"

namespace maxopt::views {
namespace {

using std::chrono::days;

/// As many days back as a look at the readings goes; older readings are told by their time only.
constexpr days kFreshnessDays{8};

/// Words of a list written with spaces.
bool HasWord(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

bool Frame::Heeds(std::string_view common) const { return HasWord(kind.common, common); }

std::string Frame::Extra(const std::string& name, std::string_view fallback) const {
  const auto at = query.extra.find(name);
  return at == query.extra.end() || at->second.empty() ? std::string(fallback) : at->second;
}

Result<> Frame::Period(int length) {
  const Day to = query.to.value_or(query.from ? std::max(today, *query.from) : today - days(1));
  const Day from = query.from.value_or(to - days(length - 1));
  if (from > to) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the days from {} to {} are none", PrintDay(from), PrintDay(to)));
  }
  if (to - from > days(3'660)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} to {} is longer than ten years; ask for less", PrintDay(from),
                            PrintDay(to)));
  }
  view.from = from;
  view.to = to;
  return {};
}

const ClientAccount* Frame::Account(const AccountId& account) const {
  for (const ClientAccount& known : accounts) {
    if (known.info.account == account) return &known;
  }
  return nullptr;
}

bool Frame::Sees(const std::string& client) const {
  return std::ranges::any_of(clients, [&](const Client& c) { return c.name == client; });
}

FactFilter Frame::OfAccounts() const {
  FactFilter filter{"account", {}};
  for (const ClientAccount& account : accounts) {
    filter.values.push_back(PrintAccount(account.info.account));
  }
  if (filter.values.empty()) filter.values.emplace_back("(none)");
  return filter;
}

FactQuery Frame::Facts(std::vector<std::string> measures,
                       std::vector<std::string> dimensions) const {
  FactQuery out;
  out.measures = std::move(measures);
  out.dimensions = std::move(dimensions);
  out.filters.push_back(OfAccounts());
  for (const auto& [dimension, values] : query.filters) {
    if (dimension != "client") out.filters.push_back({dimension, values});
  }
  out.from = view.from;
  out.to = view.to;
  out.as_of = query.as_of;
  return out;
}

void Frame::Note(std::string sentence) {
  if (std::ranges::find(view.notes, sentence) == view.notes.end()) {
    view.notes.push_back(std::move(sentence));
  }
}

ViewColumn Text(std::string_view name, std::string_view title, std::string_view help) {
  return Of(CellKind::kText, name, title, help);
}

ViewColumn Of(CellKind kind, std::string_view name, std::string_view title, std::string_view help,
              Truth truth, int better, std::string_view unit) {
  ViewColumn column;
  column.name = name;
  column.title = title;
  column.kind = kind;
  column.truth = truth;
  column.unit = unit;
  column.help = help;
  column.better = better;
  return column;
}

ViewCell TextCell(std::string_view text) {
  return text.empty() ? ViewCell() : ViewCell(std::string(text));
}

ViewCell RealCell(double value) { return std::isfinite(value) ? ViewCell(value) : ViewCell(); }

std::optional<Money> ReadPrintedMoney(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto currency = FindCurrency(text.substr(space + 1));
  if (!currency) return std::nullopt;
  const auto money = ParseMoney(text.substr(0, space), *currency);
  if (!money) return std::nullopt;
  return *money;
}

Result<std::vector<ViewFreshness>> Freshness(const Frame& frame) {
  std::vector<ViewFreshness> out;
  MAXOPT_TRY(const std::vector<FactStore::Freshness> newest, frame.home.facts().Freshest());
  const QualityRules rules;
  for (const ClientAccount& account : frame.accounts) {
    ViewFreshness fresh;
    fresh.account = PrintAccount(account.info.account);
    fresh.name = account.info.name;
    const auto zone = Zone::Find(account.info.zone);
    const Zone z = zone ? *zone : Zone::Utc();
    const Day today = z.DayOf(frame.now);
    MAXOPT_TRY(const std::vector<SliceInfo> slices,
               frame.home.facts().Slices(account.info.account, today - kFreshnessDays, today, false,
                                         frame.query.as_of));
    std::optional<Instant> tried;
    std::string trouble;
    for (const SliceInfo& slice : slices) {
      if (slice.read_at && (!fresh.learnt_at || *slice.read_at > *fresh.learnt_at)) {
        fresh.learnt_at = slice.read_at;
      }
      if (slice.tried_at && (!tried || *slice.tried_at > *tried)) {
        tried = slice.tried_at;
        trouble = slice.trouble;
      }
      if (slice.level != Level::kAccount && slice.breakdown == Breakdown::kNone &&
          slice.grain == Grain::kDay && slice.read_at && *slice.read_at >= z.End(slice.day) &&
          (!fresh.complete_to || slice.day > *fresh.complete_to)) {
        fresh.complete_to = slice.day;
      }
    }
    if (!fresh.learnt_at) {
      for (const FactStore::Freshness& known : newest) {
        if (known.account != account.info.account || known.learnt_at > frame.now) continue;
        fresh.learnt_at = known.learnt_at;
        if (z.End(known.last_day) <= known.learnt_at) fresh.complete_to = known.last_day;
      }
    }
    if (!fresh.learnt_at) {
      fresh.state = tried ? "failed" : "never";
      fresh.why = tried ? "No reading has succeeded: " + trouble : "Nothing was read of it yet.";
    } else if (tried && *tried > *fresh.learnt_at) {
      fresh.state = "failed";
      fresh.why =
          fmt::format("The newest reading, at {}, failed: {}", PrintInstant(*tried), trouble);
    } else if (frame.now - *fresh.learnt_at > rules.stale_today_after) {
      fresh.state = "late";
      fresh.why = fmt::format(
          "Last read {} hours ago; the running day is read every hour.",
          std::chrono::duration_cast<std::chrono::hours>(frame.now - *fresh.learnt_at).count());
    } else {
      fresh.state = "fresh";
    }
    out.push_back(std::move(fresh));
  }
  std::ranges::sort(out, {}, &ViewFreshness::account);
  return out;
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      out.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      out.back() += ',';
      ++i;
    } else {
      out.emplace_back();
    }
  }
  std::erase_if(out, [](const std::string& part) { return part.empty(); });
  return out;
}

namespace {

/// -1, 0, 1 of two present cells of one column. Money of several currencies is ordered by currency.
int Compare(const ViewCell& a, const ViewCell& b) {
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (const auto* x = std::get_if<Money>(&a)) {
    const Money y = std::get<Money>(b);
    if (x->currency() != y.currency()) return sign(x->currency().name(), y.currency().name());
    return sign(x->micros(), y.micros());
  }
  if (const auto* x = std::get_if<Estimated>(&a))
    return sign(x->value, std::get<Estimated>(b).value);
  if (const auto* x = std::get_if<std::string>(&a)) return sign(*x, std::get<std::string>(b));
  if (const auto* x = std::get_if<std::int64_t>(&a)) return sign(*x, std::get<std::int64_t>(b));
  if (const auto* x = std::get_if<double>(&a)) return sign(*x, std::get<double>(b));
  if (const auto* x = std::get_if<Day>(&a)) return sign(*x, std::get<Day>(b));
  if (const auto* x = std::get_if<Instant>(&a)) return sign(*x, std::get<Instant>(b));
  if (const auto* x = std::get_if<bool>(&a)) return sign(*x, std::get<bool>(b));
  return 0;
}

bool Absent(const ViewCell& cell) { return std::holds_alternative<std::monostate>(cell); }

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// The rows whose texts contain what is searched, and all rows above them.
void Search(const std::string& wanted, std::vector<ViewRow>& rows) {
  const std::string low = Lower(wanted);
  std::map<std::string, const ViewRow*> by_key;
  for (const ViewRow& row : rows) by_key[row.key] = &row;
  std::map<std::string, bool> keep;
  for (const ViewRow& row : rows) {
    const bool found = std::ranges::any_of(row.cells, [&](const ViewCell& cell) {
      const auto* text = std::get_if<std::string>(&cell);
      return text != nullptr && Lower(*text).find(low) != std::string::npos;
    });
    if (!found) continue;
    for (const ViewRow* up = &row; up != nullptr && !keep[up->key];) {
      keep[up->key] = true;
      const auto at = by_key.find(up->parent);
      up = up->parent.empty() || at == by_key.end() ? nullptr : at->second;
    }
  }
  std::erase_if(rows, [&](const ViewRow& row) { return !keep[row.key]; });
}

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}
std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    const auto read = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    if (read.ec != std::errc() || read.ptr != hex.data() + i + 2) return std::nullopt;
    out += static_cast<char>(value);
  }
  return out;
}

}  // namespace

Result<View> Finish(const Frame& frame, View view) {
  const ViewQuery& query = frame.query;
  if (const std::string wanted = frame.Extra("search"); !wanted.empty()) {
    Search(wanted, view.rows);
    view.totals.reset();  // they are of all rows
  }

  // Order of the rows within each parent.
  std::vector<std::size_t> order(view.rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (!query.sort.empty()) {
    const bool down = query.sort.front() == '-';
    const std::string name = query.sort.substr(down ? 1 : 0);
    const auto column = view.Find(name);
    if (!column) {
      std::string known;
      for (const ViewColumn& c : view.columns) known += (known.empty() ? "" : ", ") + c.name;
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{} has no column \"{}\" to sort by; known are {}", view.name, name, known));
    }
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      const ViewCell& x = view.rows[a].cells[*column];
      const ViewCell& y = view.rows[b].cells[*column];
      if (Absent(x) != Absent(y)) return Absent(y);
      if (!Absent(x)) {
        if (const int c = Compare(x, y); c != 0) return down ? c > 0 : c < 0;
      }
      return view.rows[a].key < view.rows[b].key;
    });
  }
  const bool tree =
      std::ranges::any_of(view.rows, [](const ViewRow& r) { return !r.parent.empty(); });
  if (tree) {
    std::map<std::string, bool> known;
    for (const ViewRow& row : view.rows) known[row.key] = true;
    std::map<std::string, std::vector<std::size_t>> children;
    for (const std::size_t i : order) {
      const std::string& parent = view.rows[i].parent;
      children[known.contains(parent) ? parent : ""].push_back(i);
    }
    std::vector<std::size_t> flat;
    const std::function<void(const std::string&)> walk = [&](const std::string& key) {
      const auto at = children.find(key);
      if (at == children.end()) return;
      const std::vector<std::size_t> below = std::move(at->second);
      children.erase(at);
      for (const std::size_t i : below) {
        flat.push_back(i);
        walk(view.rows[i].key);
      }
    };
    walk("");
    order = std::move(flat);
  }
  std::vector<ViewRow> rows;
  rows.reserve(order.size());
  for (const std::size_t i : order) rows.push_back(std::move(view.rows[i]));
  view.rows = std::move(rows);

  // The cursor names the last row that was given, and its place for when that row is gone.
  std::size_t begin = 0;
  if (!query.cursor.empty()) {
    const std::size_t dot = query.cursor.find('.');
    const auto key =
        dot == std::string::npos ? std::nullopt : FromHex(query.cursor.substr(dot + 1));
    std::size_t place = 0;
    const char* text = query.cursor.data();
    if (!key || std::from_chars(text, text + dot, place).ptr != text + dot) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("the cursor \"{}\" is none that {} gave; ask for the first page again",
                      query.cursor, view.name));
    }
    const auto at = std::ranges::find(view.rows, *key, &ViewRow::key);
    begin = at != view.rows.end() ? static_cast<std::size_t>(at - view.rows.begin()) + 1
                                  : std::min(place, view.rows.size());
  }
  view.rows.erase(view.rows.begin(), view.rows.begin() + static_cast<std::ptrdiff_t>(begin));
  const auto limit = static_cast<std::size_t>(std::max(0, query.limit));
  if (limit > 0 && view.rows.size() > limit) {
    view.rows.resize(limit);
    view.next = fmt::format("{}.{}", begin + limit, Hex(view.rows.back().key));
  }
  return view;
}

}  // namespace maxopt::views
