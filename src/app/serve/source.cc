#include "app/serve/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <vector>

namespace maxopt {

TokenBucket::TokenBucket(int per_second, int burst, Instant now)
    : per_second_(per_second),
      burst_micro_(std::int64_t{burst} * 1'000'000),
      left_micro_(burst_micro_),
      filled_at_(now) {}

std::int64_t TokenBucket::LeftAt(Instant now) const {
  // Longer than this fills any bucket, and the product below stays small.
  const auto passed = std::clamp<std::int64_t>((now - filled_at_).count(), 0, 1'000'000'000'000);
  return passed >= burst_micro_ / per_second_
             ? burst_micro_
             : std::min(burst_micro_, left_micro_ + passed * per_second_);
}

bool TokenBucket::FullAt(Instant now) const { return LeftAt(now) == burst_micro_; }

std::optional<int> TokenBucket::Take(std::int64_t count, Instant now) {
  left_micro_ = LeftAt(now);
  filled_at_ = std::max(filled_at_, now);
  // A batch larger than the bucket passes when it is full, and leaves it empty.
  const std::int64_t need = std::min(count * 1'000'000, burst_micro_);
  if (left_micro_ < need) {
    const std::int64_t micros_a_second = per_second_ * 1'000'000;
    return static_cast<int>((need - left_micro_ + micros_a_second - 1) / micros_a_second);
  }
  left_micro_ -= need;
  return std::nullopt;
}

std::optional<int> SourceBuckets::Take(std::string_view site, std::string_view address,
                                       std::int64_t count, int per_second, int burst, Instant now) {
  std::string key(site);
  key += '\n';
  const std::size_t prefix = key.size();
  key += SourceOf(address);
  const std::lock_guard lock(mutex_);
  auto bucket = buckets_.find(key);
  if (bucket == buckets_.end()) {
    if (buckets_.size() >= kSourcesMax) {
      std::erase_if(buckets_, [now](const auto& entry) { return entry.second.FullAt(now); });
    }
    if (buckets_.size() >= kSourcesMax) key.resize(prefix);
    bucket = buckets_.try_emplace(key, per_second, burst, now).first;
  }
  return bucket->second.Take(count, now);
}

bool PageRate::IsTooFast(std::string_view address, std::string_view browser, int pages, int most,
                         Instant now) {
  const std::size_t key =
      std::hash<std::string_view>()(address) * 31 + std::hash<std::string_view>()(browser);
  const std::lock_guard lock(mutex_);
  if (minutes_.size() >= SourceBuckets::kSourcesMax && !minutes_.contains(key)) {
    std::erase_if(minutes_, [now](const auto& entry) {
      return now - entry.second.began >= std::chrono::minutes(1);
    });
    // More browsers in a minute than are watched: a new one is not judged.
    if (minutes_.size() >= SourceBuckets::kSourcesMax) return false;
  }
  Minute& minute = minutes_[key];
  if (now - minute.began >= std::chrono::minutes(1)) minute = {now, 0};
  minute.pages = std::min(minute.pages + pages, 1'000'000);
  return minute.pages > most;
}

std::string SourceOf(std::string_view address) {
  const std::size_t colon = address.find(':');
  if (colon == std::string_view::npos) return std::string(address);
  // An IPv4 address in IPv6 clothes is that IPv4 address.
  if (address.find('.') != std::string_view::npos) {
    return std::string(address.substr(address.rfind(':') + 1));
  }
  // The first four groups; "::" stands for as many zeros as are missing.
  std::vector<std::string> before, after;
  bool gap = false;
  for (std::size_t at = 0; at <= address.size();) {
    const std::size_t end = std::min(address.find(':', at), address.size());
    if (end == at) {
      if (at != 0 || address.starts_with("::")) gap = true;
    } else {
      // One address has many spellings: "0DB8" is "db8".
      std::string_view digits = address.substr(at, end - at);
      while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
      std::string group(digits);
      std::ranges::transform(group, group.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      (gap ? after : before).push_back(std::move(group));
    }
    at = end + 1;
  }
  while (gap && before.size() + after.size() < 8) before.emplace_back("0");
  before.insert(before.end(), after.begin(), after.end());
  std::string network;
  for (std::size_t i = 0; i < 4 && i < before.size(); ++i) {
    network += (i == 0 ? "" : ":") + before[i];
  }
  return network;
}

std::string AddressOf(const http::Request& request, const std::vector<std::string>& proxies) {
  const auto trusted = [&](std::string_view address) {
    return std::ranges::find(proxies, address) != proxies.end();
  };
  if (!trusted(request.peer)) return request.peer;
  std::string_view chain = http::FindHeader(request.headers, "x-forwarded-for").value_or("");
  while (!chain.empty()) {
    const std::size_t comma = chain.rfind(',');
    std::string_view last = comma == std::string_view::npos ? chain : chain.substr(comma + 1);
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
    while (last.starts_with(' ')) last.remove_prefix(1);
    while (last.ends_with(' ')) last.remove_suffix(1);
    if (!last.empty() && last.size() <= 45 && !trusted(last)) return std::string(last);
  }
  return request.peer;
}

namespace {

/// Words that programs put into their user agents, in lower case. Of those that say what they are;
/// who lies is left to the rate.
constexpr std::array<std::string_view, 7> kHeadless = {
    "headless", "phantomjs", "puppeteer", "playwright", "selenium", "webdriver", "electron/"};
constexpr std::array<std::string_view, 36> kCrawlers = {"crawl",
                                                        "spider",
                                                        "slurp",
                                                        "facebookexternalhit",
                                                        "facebookcatalog",
                                                        "meta-external",
                                                        "bingpreview",
                                                        "mediapartners",
                                                        "apis-google",
                                                        "google-inspectiontool",
                                                        "google-read-aloud",
                                                        "googleother",
                                                        "feedfetcher",
                                                        "lighthouse",
                                                        "pagespeed",
                                                        "gtmetrix",
                                                        "pingdom",
                                                        "uptime",
                                                        "statuscake",
                                                        "site24x7",
                                                        "embedly",
                                                        "whatsapp/",
                                                        "python",
                                                        "curl/",
                                                        "wget/",
                                                        "libwww",
                                                        "go-http-client",
                                                        "java/",
                                                        "httpclient",
                                                        "axios/",
                                                        "node-fetch",
                                                        "scrapy",
                                                        "postman",
                                                        "okhttp",
                                                        "archiver",
                                                        "validator"};

/// "bot" as a word's end: "Googlebot/2.1", "AdsBot-Google", but not "robotics" nor the telephones
/// of Cubot.
bool SaysBot(std::string_view agent) {
  for (std::size_t at = agent.find("bot"); at != std::string_view::npos;
       at = agent.find("bot", at + 1)) {
    const bool ends =
        at + 3 == agent.size() || !std::isalpha(static_cast<unsigned char>(agent[at + 3]));
    const bool telephone = at >= 2 && agent.substr(at - 2, 2) == "cu";
    if (ends && !telephone) return true;
  }
  return false;
}

std::string_view BotByAgent(std::string_view told) {
  std::string agent(told.substr(0, 1024));
  std::ranges::transform(agent, agent.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto says = [&](std::string_view word) { return agent.find(word) != std::string::npos; };
  if (agent.empty()) return "crawler";
  if (std::ranges::any_of(kHeadless, says)) return "headless";
  if (SaysBot(agent) || std::ranges::any_of(kCrawlers, says)) return "crawler";
  return "";
}

}  // namespace

std::string_view BotOf(const http::Headers& headers) {
  for (const char* name : {"sec-purpose", "purpose", "x-moz", "x-purpose"}) {
    const std::string_view purpose = http::FindHeader(headers, name).value_or("");
    if (purpose.find("prefetch") != std::string_view::npos ||
        purpose.find("prerender") != std::string_view::npos ||
        purpose.find("preview") != std::string_view::npos) {
      return "prefetch";
    }
  }
  const std::string_view agent = http::FindHeader(headers, "user-agent").value_or("");
  // Visitors share few agents, and a request has one: the last answer is mostly the next one.
  thread_local std::string last_agent;
  thread_local std::string_view last_answer = "crawler";
  if (agent != last_agent) {
    last_agent = agent;
    last_answer = BotByAgent(agent);
  }
  return last_answer;
}

}  // namespace maxopt
