// What is read of a client: views and their files, plans, rules, policy, documents, pictures.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <filesystem>

#include "app/api/route.h"
#include "app/render/render.h"
#include "app/rules/rules.h"
#include "app/views/views.h"
#include "domain/digest.h"
#include "media/media.h"
#include "stages/report/forms/forms.h"
#include "stages/setup/launch/launch.h"

namespace maxopt::api {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMediaBytesMax = 32u << 20;

// --- cursors ------------------------------------------------------------------------------------

// A cursor of a view is its own business; here it is tied to what was asked, so that it can neither
// be made up nor used for another view, client or filter.
std::string Seal(const Call& call, const std::string& about, const std::string& cursor) {
  return cursor + "." + Sha256Hex(call.context.secret + "\n" + about + "\n" + cursor).substr(0, 32);
}
std::optional<std::string> Unseal(const Call& call, const std::string& about,
                                  const std::string& sealed) {
  const std::size_t dot = sealed.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  std::string cursor = sealed.substr(0, dot);
  if (!SameSecret(Seal(call, about, cursor), sealed)) return std::nullopt;
  return cursor;
}

http::Response File(std::string bytes, std::string_view type, const std::string& name) {
  http::Response response;
  response.headers = {{"Content-Type", std::string(type)},
                      {"Content-Disposition", "attachment; filename=\"" + name + "\""}};
  response.body = std::move(bytes);
  return response;
}

http::Response TextResponse(std::string text, const char* type) {
  http::Response response;
  response.headers = {{"Content-Type", std::string(type) + "; charset=utf-8"},
                      {"ETag", '"' + Sha256Hex(text).substr(0, 32) + '"'}};
  response.body = std::move(text);
  return response;
}

}  // namespace

Answer ListViews(Call&) {
  const auto parameter = [](const ViewParameter& p) {
    return ordered_json{{"name", p.name}, {"what", p.what}, {"values", p.values}};
  };
  ordered_json common = ordered_json::array();
  for (const ViewParameter& p : CommonParameters()) common.push_back(parameter(p));
  ordered_json list = ordered_json::array();
  for (const ViewKind& kind : ViewKinds()) {
    ordered_json own = ordered_json::array();
    for (const ViewParameter& p : kind.own) own.push_back(parameter(p));
    list.push_back({{"name", kind.name},
                    {"title", kind.title},
                    {"what", kind.what},
                    {"needs_client", kind.needs_client},
                    {"common", kind.common},
                    {"parameters", own}});
  }
  return Json(200, {{"views", list}, {"common", common}});
}

Answer GetView(Call& call) {
  const std::string& name = call.path.find("view")->second;
  const auto client_at = call.path.find("client");
  const std::string client = client_at == call.path.end() ? "" : client_at->second;
  std::string form_name, about = name + "\n" + client;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string sealed;
  for (const auto& [key, value] : call.query) {
    if (key == "form") {
      form_name = value;
    } else if (key == "cursor") {
      sealed = value;
    } else {
      parameters.emplace_back(key, value);
      about += "\n" + key + "=" + value;
    }
  }
  if (!sealed.empty()) {
    const auto cursor = Unseal(call, about, sealed);
    if (!cursor) {
      return Refuse(400, "invalid_argument", "this cursor is not of this view and these parameters",
                    "query cursor", "begin at the first page, with the parameters you want");
    }
    parameters.emplace_back("cursor", *cursor);
  }
  std::optional<ViewForm> form;
  if (!form_name.empty()) {
    const auto found = FindViewForm(form_name);
    if (!found) return Refuse(400, "invalid_argument", found.error().what, "query form");
    form = *found;
  }
  auto query = ReadViewQuery(name, client, parameters);
  if (!query) {
    ApiError error(query.error());
    error.where = "query";
    return std::unexpected(std::move(error));
  }
  query->clients = call.who.clients;
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(View view, MakeView(*home, *query));
  if (form) {
    MAXOPT_TRY(std::string bytes, FormOf(view, *form));
    return File(std::move(bytes), ViewFormMediaType(*form), ViewFileName(view, *form));
  }
  if (!view.next.empty()) view.next = Seal(call, about, view.next);
  return JsonText(200, ToJson(view));
}

Answer GetPlan(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& id = call.path.find("plan")->second;
  const auto plan = home->store().GetPlan(id);
  if (!plan || plan->client != call.client()) {
    if (!plan && plan.error().code != Errc::kNotFound)
      return std::unexpected(ApiError(plan.error()));
    return Refuse(404, "not_found", fmt::format("{} has no plan {}", call.client(), id),
                  "path plan");
  }
  ordered_json json = ordered_json::parse(PlanJson(*plan));
  MAXOPT_TRY(const std::vector<ChangeStatus> changes, home->store().Changes(id));
  ordered_json journal = ordered_json::array();
  for (const ChangeStatus& change : changes) {
    journal.push_back({{"key", change.change.key},
                       {"address", change.change.address},
                       {"state", ChangeStateName(change.state)},
                       {"id", change.id},
                       {"how", change.how},
                       {"attempts", change.attempts}});
  }
  json["journal"] = std::move(journal);
  return Json(200, json);
}

Answer GetRules(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::optional<RulesFile> rules, RulesOf(*home, call.client()));
  if (!rules) {
    return Refuse(404, "not_found", fmt::format("{} has no rules", call.client()), "",
                  "PUT them here; maxopt rules template shows a file to begin with");
  }
  MAXOPT_TRY(std::string text, ReadWholeFile(rules->path));
  return TextResponse(std::move(text), "text/yaml");
}

Answer GetPolicy(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::string path, PolicyPath(*home, call.client()));
  if (!fs::exists(path)) {
    return Refuse(
        404, "not_found",
        fmt::format("{} has no policy: nothing is written to any platform", call.client()), "",
        "PUT one here; maxopt init writes one to edit");
  }
  MAXOPT_TRY(std::string text, ReadWholeFile(path));
  return TextResponse(std::move(text), "text/yaml");
}

Answer GetDocument(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& name = call.path.find("name")->second;
  for (const char* kind : {"setup", "handed_over"}) {
    MAXOPT_TRY(const std::vector<Document> documents, home->store().Documents(call.client(), kind));
    for (const Document& document : documents) {  // newest first
      if (document.name == name) return TextResponse(document.content, "text/plain");
    }
  }
  return Refuse(404, "not_found", fmt::format("{} has no document \"{}\"", call.client(), name),
                "path name", "the view documents lists them");
}

Answer GetMedia(Call& call) {
  const std::string& name = call.path.find("name")->second;
  const auto missing = [&] {
    return Refuse(404, "not_found", fmt::format("{} has no picture \"{}\"", call.client(), name),
                  "path name");
  };
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return missing();
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::optional<std::string> source,
             SourceOf(home->setup_world(), call.client(), name.substr(0, slash)));
  if (!source) return missing();
  std::error_code error;
  fs::path folder(*source);
  if (!fs::is_directory(folder, error)) folder = folder.parent_path();
  folder = fs::canonical(folder, error);
  if (error) return missing();
  // Resolved, so that neither dots nor links lead out of the documents' folder.
  const fs::path file = fs::canonical(folder / name.substr(slash + 1), error);
  if (error || !file.string().starts_with(folder.string() + "/") ||
      !fs::is_regular_file(file, error) || fs::file_size(file, error) > kMediaBytesMax) {
    return missing();
  }
  MAXOPT_TRY(std::string bytes, ReadWholeFile(file));
  // By its content: what is no picture or video is not given away, whatever it is called.
  const auto media = ProbeMedia(bytes);
  if (!media) return missing();
  const std::string type = media->format == "mov"
                               ? "video/quicktime"
                               : (media->video ? "video/" : "image/") + media->format;
  http::Response response;
  response.headers = {{"Content-Type", type},
                      {"ETag", '"' + Sha256Hex(bytes).substr(0, 32) + '"'},
                      {"Cache-Control", "private, max-age=300"}};
  response.body = std::move(bytes);
  return response;
}

}  // namespace maxopt::api
