#include "connect/meta/graph.h"

#include <fmt/format.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;

constexpr int kPagesMax = 10'000;
/// So many pages in a row with nothing new are a loop that changes its cursors.
constexpr int kBarrenPagesMax = 3;

std::string SecretOf(const Connection& connection, const std::string& name) {
  const auto at = connection.secrets.find(name);
  return at == connection.secrets.end() ? std::string() : at->second;
}

std::string VersionOf(const Connection& connection) {
  return connection.version.empty() ? "v26.0" : connection.version;
}

bool IsVersion(std::string_view text) {
  // v26.0
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.size() <= 4 &&
           std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto dot = text.find('.');
  return text.starts_with('v') && dot != std::string_view::npos &&
         digits(text.substr(1, dot - 1)) && digits(text.substr(dot + 1));
}

}  // namespace

const json* Member(const json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

std::string Text(const json& object, std::string_view name) {
  const json* member = Member(object, name);
  if (member == nullptr) return {};
  if (member->is_string()) return member->get<std::string>();
  return member->is_number_integer() ? member->dump() : std::string();
}

std::string AppSecretProof(std::string_view app_secret, std::string_view token) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), app_secret.data(), static_cast<int>(app_secret.size()),
           reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data(),
           &size) == nullptr) {
    Bug();
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

Graph::Graph(const Connection& connection, std::string origin, std::string path,
             std::string video_origin, std::shared_ptr<http::Transport> transport)
    : origin_(std::move(origin)),
      prefix_(origin_ + path),
      version_(VersionOf(connection)),
      video_prefix_(std::move(video_origin) + path),
      proof_(SecretOf(connection, "app_secret").empty()
                 ? std::string()
                 : AppSecretProof(SecretOf(connection, "app_secret"),
                                  SecretOf(connection, "access_token"))),
      transport_(std::move(transport)),
      token_(MakeFixedToken(SecretOf(connection, "access_token"))) {}

Result<std::shared_ptr<Graph>> Graph::Make(const Connection& connection,
                                           std::shared_ptr<http::Transport> transport) {
  const std::string version = VersionOf(connection);
  if (!IsVersion(version)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("Meta's version \"{}\" is not of the form v26.0", version));
  }
  std::string base =
      connection.base_url.empty() ? "https://graph.facebook.com" : connection.base_url;
  if (!base.ends_with('/')) base += '/';
  const auto url = http::ParseUrl(base);
  if (!url || url->origin.empty() || !url->query.empty()) {
    return Fail(Errc::kInvalidArgument, "Meta's base_url is not of the form https://host");
  }
  if (SecretOf(connection, "access_token").empty()) {
    return Fail(Errc::kUnauthenticated, fmt::format("{} has no access_token; reconnect it",
                                                    PrintAccount(connection.account)));
  }
  const std::string video =
      connection.base_url.empty() ? "https://graph-video.facebook.com" : url->origin;
  return std::shared_ptr<Graph>(
      new Graph(connection, url->origin, url->path + version + "/", video, std::move(transport)));
}

std::string Graph::UrlOf(std::string_view path, const Params& params) const {
  Params all = params;
  if (!proof_.empty()) all.emplace_back("appsecret_proof", proof_);
  const std::string query = http::EncodeForm(all);
  return prefix_ + std::string(path) + (query.empty() ? "" : "?" + query);
}

Result<std::string> Graph::OwnUrl(const std::string& next) const {
  const auto url = http::ParseUrl(next);
  if (!url) return Fail(Errc::kBadAnswer, "Meta named a next page that is no URL");
  if (url->origin != origin_) {
    return Fail(Errc::kBadAnswer,
                fmt::format("Meta named a next page at {}, which is not {}", url->origin, origin_));
  }
  Params query;
  for (const auto& [name, value] : url->query) {
    if (name != "access_token" && name != "appsecret_proof") query.emplace_back(name, value);
  }
  if (!proof_.empty()) query.emplace_back("appsecret_proof", proof_);
  return origin_ + url->path + "?" + http::EncodeForm(query);
}

Result<json> Graph::Call(http::Request request, http::Deadline deadline, std::string* trace) {
  MAXOPT_TRY(const std::string token, token_->Get(deadline));
  request.headers.emplace_back("Authorization", "Bearer " + token);
  auto response = transport_->Send(request, deadline);
  if (!response) {
    if (response.error().code == Errc::kUnauthenticated) token_->Refused(token);
    return Fail(std::move(response).error());
  }
  if (trace != nullptr) {
    const auto id = http::FindHeader(response->headers, "x-fb-trace-id");
    *trace = id ? std::string(*id)
                : std::string(http::FindHeader(response->headers, "x-fb-request-id").value_or(""));
  }
  // The transport lets nothing else through.
  return ParseExactJson(response->body);
}

Result<json> Graph::Get(std::string_view path, const Params& params, http::Deadline deadline) {
  return Call({.method = "GET", .url = UrlOf(path, params), .idempotent = true}, deadline, nullptr);
}

Result<json> Graph::Send(std::string_view path, Params params, Post kind, http::Deadline deadline,
                         std::string* trace) {
  if (!proof_.empty()) params.emplace_back("appsecret_proof", proof_);
  return Call({.method = "POST",
               .url = prefix_ + std::string(path),
               .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
               .body = http::EncodeForm(params),
               .idempotent = kind == Post::kRead},
              deadline, trace);
}

Result<json> Graph::Upload(std::string_view path, std::vector<http::Part> parts,
                           http::Deadline deadline, std::string* trace) {
  if (!proof_.empty()) {
    parts.insert(parts.begin(), http::Part{.name = "appsecret_proof", .body = proof_});
  }
  auto [type, body] = http::EncodeMultipart(parts);
  return Call({.method = "POST",
               .url = video_prefix_ + std::string(path),
               .headers = {{"Content-Type", std::move(type)}},
               .body = std::move(body),
               .idempotent = false},
              deadline, trace);
}

Result<json> Graph::Remove(std::string_view path, http::Deadline deadline) {
  return Call({.method = "DELETE", .url = UrlOf(path, {}), .idempotent = true}, deadline, nullptr);
}

Result<std::vector<Result<json>>> Graph::Batch(const std::vector<BatchEntry>& entries,
                                               const Classify& classify, http::Deadline deadline,
                                               std::string* trace) {
  json list = json::array();
  for (const BatchEntry& entry : entries) {
    list.push_back({{"method", "POST"},
                    {"relative_url", version_ + "/" + entry.path},
                    {"body", http::EncodeForm(entry.params)},
                    {"omit_response_on_success", false}});
  }
  // First, because by it the answer's reader knows that a list may come back.
  MAXOPT_TRY(const json answer, Send("", {{"batch", list.dump()}}, Post::kWrite, deadline, trace));
  std::vector<Result<json>> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const json* item = answer.is_array() && answer.size() == entries.size() ? &answer[i] : nullptr;
    const json* code = item == nullptr ? nullptr : Member(*item, "code");
    if (code == nullptr || !code->is_number_integer()) {
      out.push_back(Fail(
          Errc::kUnknownOutcome,
          fmt::format("Meta's answer to a batch has none for the call of {}", entries[i].path)));
      continue;
    }
    http::Response response{.status = code->get<int>(), .headers = {}, .body = Text(*item, "body")};
    if (const json* headers = Member(*item, "headers"); headers != nullptr) {
      for (const json& header : *headers) {
        response.headers.emplace_back(Text(header, "name"), Text(header, "value"));
      }
    }
    const http::Request request{.method = "POST", .url = prefix_ + entries[i].path};
    if (auto error = classify(request, response)) {
      out.push_back(Fail(*std::move(error)));
    } else {
      out.push_back(ParseExactJson(response.body));
    }
  }
  return out;
}

Result<Pages> Graph::List(std::string_view path, const Params& params,
                          const std::function<std::string(const json&)>& key,
                          http::Deadline deadline) {
  Pages pages;
  std::map<std::string, std::size_t> seen;
  std::set<std::string> asked;
  std::string url = UrlOf(path, params);
  bool behind_the_end = false;
  int barren = 0;
  const auto partly = [&](std::string why) {
    pages.complete = false;
    pages.why = fmt::format("{}: {}", path, why);
    return std::move(pages);
  };
  for (int count = 0; count < kPagesMax; ++count) {
    if (!asked.insert(url).second) {
      if (behind_the_end) return pages;
      return partly("its pages lead back to one that was read before");
    }
    MAXOPT_TRY(const json page,
               Call({.method = "GET", .url = url, .idempotent = true}, deadline, nullptr));
    const json* data = Member(page, "data");
    if (data == nullptr || !data->is_array()) {
      return Fail(Errc::kBadAnswer, fmt::format("Meta answered {} without a list", path));
    }
    bool fresh = false;
    for (const json& item : *data) {
      const std::string name = key(item);
      if (name.empty()) {
        return Fail(Errc::kBadAnswer,
                    fmt::format("Meta listed something without an id in {}", path));
      }
      const auto [at, is_new] = seen.try_emplace(name, pages.items.size());
      if (is_new) {
        pages.items.push_back(item);
        fresh = true;
      } else {
        pages.items[at->second] = item;
      }
    }
    const json* paging = Member(page, "paging");
    const std::string next = paging == nullptr ? "" : Text(*paging, "next");
    const json* cursors = paging == nullptr ? nullptr : Member(*paging, "cursors");
    const std::string after = cursors == nullptr ? "" : Text(*cursors, "after");
    if (!next.empty()) {
      barren = fresh ? 0 : barren + 1;
      if (barren >= kBarrenPagesMax) return partly("its pages bring nothing new and do not end");
      MAXOPT_TRY(url, OwnUrl(next));
      behind_the_end = false;
      continue;
    }
    // No further page is named. Behind the cursor of a full answer there is nothing.
    if (data->empty() || after.empty() || (behind_the_end && !fresh)) return pages;
    Params behind;
    for (const auto& pair : params) {
      if (pair.first != "after") behind.push_back(pair);
    }
    behind.emplace_back("after", after);
    url = UrlOf(path, behind);
    behind_the_end = true;
  }
  return partly(fmt::format("it has more than {} pages", kPagesMax));
}

}  // namespace maxopt::meta
