#include "suites/fleet/lava.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/json_cursor.h"
#include "reports/printable.h"

namespace nsbench::fleet {
namespace {

using Json = nlohmann::json;

constexpr const char* api = "api/v0.2/";
constexpr std::size_t log_limit = std::size_t{256} << 20U;
constexpr std::size_t answer_limit = std::size_t{16} << 20U;
constexpr std::size_t names_at_once = 20;  // in one URL: a name has some 100 bytes
constexpr int page = 100;
constexpr int most_pages = 1000;  // a server that always says that there is more is given up

// "POST jobs/: 401 (Invalid token.)"
Error refused(std::string_view what, const Response& response) {
  std::string said = printable(response.body, 300);
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object()) {
    for (const char* key : {"detail", "message"}) {
      const auto found = body.find(key);
      if (found != body.end() && found->is_string()) {
        said = printable(found->get<std::string>(), 300);
      }
    }
  } else if (response.body.starts_with('<')) {
    said = "a page of HTML";
  }
  return Error{fmt::format("{}: the server answered {}{}", what, response.status,
                           said.empty() ? "" : " (" + said + ")")};
}

std::string text_or_nothing(const JsonCursor& from, std::string_view key) {
  if (!from.has(key) || from.at(key).is_null()) return "";
  return from.at(key).text();
}

LavaJob job_of(const JsonCursor& from) {
  return {.number = from.at("id").integer<std::int64_t>(),
          .name = text_or_nothing(from, "description"),
          .state = from.at("state").text(),
          .health = from.at("health").text(),
          .device = text_or_nothing(from, "actual_device"),
          .started = text_or_nothing(from, "start_time"),
          .definition = text_or_nothing(from, "original_definition")};
}

}  // namespace

Result<Response> Lava::get(const std::string& path, std::size_t limit, int tries) {
  double wait = 1;
  for (int i = 1;; ++i) {
    Result<Response> response = http_.send({.path = api + path, .limit = limit});
    const bool busy = response && (response->status == 429 || response->status >= 500);
    if ((response && !busy) || i == tries) return response;
    if (!pause_(wait)) return response;
    wait *= 3;
  }
}

Result<Json> Lava::json(const std::string& path, int tries) {
  const Result<Response> response = get(path, answer_limit, tries);
  if (!response) return response.error();
  if (response->status != 200) return refused(path, *response);
  Result<Json> document = parse_json(response->body);
  if (!document)
    return Error{fmt::format("{}: the answer is no JSON: {}", path, document.error().str())};
  return document;
}

Result<std::string> Lava::version() {
  const Result<Json> document = json("system/version/", 1);
  if (!document) return document.error();
  std::string error;
  std::string version = JsonCursor(*document, "", error).at("version").text();
  if (!error.empty()) return Error{"system/version/: " + error};
  return version;
}

// Those of the first `page` jobs behind `offset` that have one of `names`; appended to `jobs`.
Result<Lava::Page> Lava::page_of(std::span<const std::string> names, std::size_t offset,
                                 std::vector<LavaJob>& jobs) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + name;
  const Result<Json> document = json(fmt::format(
      "jobs/?description__in={}&ordering=id&limit={}&offset={}", query_value(list), page, offset));
  if (!document) return document.error();
  std::string error;
  const JsonCursor root(*document, "", error);
  const std::vector<JsonCursor> results = root.at("results").elements();
  for (const JsonCursor& one : results) {
    LavaJob job = job_of(one);
    if (!error.empty()) break;
    // A server that does not know this filter has answered with all of its jobs.
    if (std::find(names.begin(), names.end(), job.name) == names.end()) {
      return Error{
          fmt::format("jobs/: the server answers with jobs that were not asked for: \"{}\"",
                      printable(job.name, 100))};
    }
    jobs.push_back(std::move(job));
  }
  const Page got{.jobs = results.size(),
                 .more = root.has("next") && !root.at("next").is_null() && !results.empty()};
  if (!error.empty()) return Error{"jobs/: " + error};
  return got;
}

Result<std::vector<LavaJob>> Lava::jobs_named(const std::vector<std::string>& names) {
  std::vector<LavaJob> jobs;
  for (std::span<const std::string> rest(names); !rest.empty();) {
    const std::span<const std::string> some = rest.first(std::min(rest.size(), names_at_once));
    rest = rest.subspan(some.size());
    std::size_t offset = 0;  // a server may give less than was asked for
    for (int i = 1;; ++i) {
      const Result<Page> got = page_of(some, offset, jobs);
      if (!got) return got.error();
      if (!got->more) break;
      if (i == most_pages) return Error{"jobs/: the server's list has no end"};
      offset += got->jobs;
    }
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const LavaJob& a, const LavaJob& b) { return a.number < b.number; });
  return jobs;
}

Result<std::int64_t> Lava::submit(std::string_view yaml) {
  const std::string body =
      Json{{"definition", yaml}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Result<Response> response =
      http_.send({.method = "POST", .path = fmt::format("{}jobs/", api), .body = body});
  if (!response) return response.error();
  if (response->status != 201) return refused("submitting", *response);
  const Result<Json> document = parse_json(response->body);
  if (!document) return Error{"submitting: the answer is no JSON: " + document.error().str()};
  std::string error;
  const std::vector<JsonCursor> numbers = JsonCursor(*document, "", error).at("job_ids").elements();
  std::int64_t number = 0;
  if (numbers.size() == 1) number = numbers.front().integer<std::int64_t>();
  if (!error.empty()) return Error{"submitting: " + error};
  if (numbers.size() != 1) return Error{"submitting: /job_ids: must be one number"};
  return number;
}

Status Lava::cancel(std::int64_t number) {
  const std::string path = fmt::format("jobs/{}/cancel/", number);
  const Result<Response> response = get(path, answer_limit);
  if (!response) return response.error();
  if (response->status != 200) return refused(path, *response);
  return {};
}

Result<std::string> Lava::log(std::int64_t number) {
  const std::string path = fmt::format("jobs/{}/logs/", number);
  Result<Response> response = get(path, log_limit);
  if (!response) return response.error();
  if (response->status == 404) return std::string();  // none was begun
  if (response->status != 200) return refused(path, *response);
  return std::move(response->body);
}

Result<std::optional<bool>> Lava::has_worker(const std::string& device) {
  const Result<Json> of_device = json(fmt::format("devices/{}/", query_value(device)));
  if (!of_device) return of_device.error();
  std::string error;
  const JsonCursor root(*of_device, "", error);
  (void)root.at("hostname").text();  // an answer about a device, and no other
  const std::string worker = text_or_nothing(root, "worker_host");
  if (!error.empty()) return Error{"devices/: " + error};
  if (worker.empty()) return std::optional<bool>();
  const Result<Json> of_worker = json(fmt::format("workers/{}/", query_value(worker)));
  if (!of_worker) return of_worker.error();
  const std::string state = JsonCursor(*of_worker, "", error).at("state").text();
  if (!error.empty()) return Error{"workers/: " + error};
  return std::optional<bool>(state != "Offline");
}

Result<std::int64_t> Lava::results_of(std::int64_t number) {
  const Result<Json> suites = json(fmt::format("jobs/{}/suites/?name=0_nsbench", number));
  if (!suites) return suites.error();
  std::string error;
  std::int64_t suite = 0;
  for (const JsonCursor& one : JsonCursor(*suites, "", error).at("results").elements()) {
    if (one.at("name").text() == "0_nsbench") suite = one.at("id").integer<std::int64_t>();
  }
  if (!error.empty()) return Error{"suites/: " + error};
  if (suite == 0) return std::int64_t{0};
  const Result<Json> tests = json(fmt::format("jobs/{}/suites/{}/tests/?limit=1", number, suite));
  if (!tests) return tests.error();
  const auto count = JsonCursor(*tests, "", error).at("count").integer<std::int64_t>();
  if (!error.empty()) return Error{"tests/: " + error};
  return count;
}

}  // namespace nsbench::fleet
