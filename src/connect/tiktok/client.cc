#include "connect/tiktok/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace maxopt::tiktok {

Result<Client::Answer> Client::Send(http::Request request, http::Deadline deadline) const {
  request.headers.emplace_back("Access-Token", options_.access_token);
  const bool idempotent = request.idempotent;
  MAXOPT_TRY(const http::Response response, transport_->Send(request, deadline));
  auto json = ParseExactJson(response.body);
  // The transport has classified it already; this is for one that does not.
  if (!json || !json->is_object() || !json->contains("data")) {
    return Fail(idempotent ? Errc::kBadAnswer : Errc::kUnknownOutcome,
                "TikTok's answer has no data; read again");
  }
  return Answer{std::move((*json)["data"]), Text(*json, "request_id")};
}

Result<Client::Answer> Client::Get(std::string_view path, const Query& query,
                                   http::Deadline deadline) const {
  std::string url = fmt::format("{}/open_api/{}/{}", options_.base_url, options_.version, path);
  if (!query.empty()) url += "?" + http::EncodeForm(query);
  return Send({.method = "GET", .url = std::move(url), .idempotent = true}, deadline);
}

Result<Client::Answer> Client::Post(std::string_view path, const Json& body, bool idempotent,
                                    http::Deadline deadline) const {
  return Send({.method = "POST",
               .url = fmt::format("{}/open_api/{}/{}", options_.base_url, options_.version, path),
               .headers = {{"Content-Type", "application/json"}},
               .body = PrintExactJson(body),
               .idempotent = idempotent},
              deadline);
}

Result<Client::Answer> Client::PostParts(std::string_view path,
                                         const std::vector<http::Part>& parts,
                                         http::Deadline deadline) const {
  auto [type, body] = http::EncodeMultipart(parts);
  return Send({.method = "POST",
               .url = fmt::format("{}/open_api/{}/{}", options_.base_url, options_.version, path),
               .headers = {{"Content-Type", std::move(type)}},
               .body = std::move(body),
               .idempotent = false},
              deadline);
}

Result<Client::Listed> Client::ListOnce(std::string_view path, const Query& query, KeyOf key,
                                        http::Deadline deadline, const Shape& shape) const {
  Listed listed;
  std::set<std::string> seen;
  std::optional<std::int64_t> total;
  const auto incomplete = [&](std::string why) {
    listed.complete = false;
    listed.why = fmt::format("{}: {}", path, why);
    return std::move(listed);
  };
  for (std::int64_t page = 1;; ++page) {
    Query asked = query;
    asked.emplace_back("page", std::to_string(page));
    asked.emplace_back("page_size",
                       std::to_string(std::min(options_.page_size, shape.page_size_max)));
    MAXOPT_TRY(const Answer answer, Get(path, asked, deadline));
    const Json list = answer.data.is_object() ? answer.data.value(shape.member, Json()) : Json();
    const Json info = answer.data.is_object() ? answer.data.value("page_info", Json()) : Json();
    const Json number = info.is_object() ? info.value("total_number", Json()) : Json();
    if (!list.is_array() || !number.is_number_integer()) {
      return Fail(Errc::kBadAnswer, fmt::format("TikTok's {} has no {} and page_info; read again",
                                                path, shape.member));
    }
    if (const Json told = info.value("page", Json(page)); told != page) {
      return incomplete(
          fmt::format("page {} came where page {} was asked for", PrintExactJson(told), page));
    }
    const auto total_now = number.get<std::int64_t>();
    if (total && *total != total_now) {
      return incomplete(fmt::format("it had {} entries, then {}", *total, total_now));
    }
    total = total_now;
    bool fresh = false;
    for (const Json& entry : list) {
      MAXOPT_TRY(std::string id, key(entry));
      if (!seen.insert(std::move(id)).second) continue;
      fresh = true;
      listed.entries.push_back(entry);
    }
    const auto have = static_cast<std::int64_t>(listed.entries.size());
    if (have == *total) return listed;
    if (have > *total) {
      return incomplete(fmt::format("{} entries came where {} were counted", have, *total));
    }
    // Short pages are followed by more; a page with nothing new is the end, or a loop.
    if (!fresh) {
      return incomplete(
          fmt::format("page {} brought nothing new, {} of {} entries came", page, have, *total));
    }
  }
}

Result<Client::Listed> Client::List(std::string_view path, const Query& query, KeyOf key,
                                    http::Deadline deadline, const Shape& shape) const {
  MAXOPT_TRY(Listed first, ListOnce(path, query, key, deadline, shape));
  if (first.complete) return first;
  return ListOnce(path, query, key, deadline, shape);
}

Result<std::vector<Json>> Client::ListAll(std::string_view path, const Query& query, KeyOf key,
                                          http::Deadline deadline, const Shape& shape) const {
  MAXOPT_TRY(Listed listed, List(path, query, key, deadline, shape));
  if (!listed.complete) {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok's list is incomplete ({}); read again", listed.why));
  }
  return std::move(listed.entries);
}

}  // namespace maxopt::tiktok
