#include "suites/fleet/testing/fake_lava.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

namespace nsbench::fleet::testing {
namespace {

using Json = nlohmann::json;

Response json(const Json& body, long status = 200) { return {status, body.dump()}; }
Response not_found() { return json({{"detail", "Not found."}}, 404); }

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> fields_of(const std::string& query) {
  std::map<std::string, std::string> fields;
  std::istringstream parts(query);
  for (std::string part; std::getline(parts, part, '&');) {
    const std::size_t equals = part.find('=');
    if (equals != std::string::npos) {
      fields[part.substr(0, equals)] = unescaped(part.substr(equals + 1));
    }
  }
  return fields;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json object_of(const FakeJob& job) {
  return {{"id", job.number},
          {"description", job.name},
          {"actual_device", text_or_null(job.device)},
          {"start_time", text_or_null(job.started)},
          {"state", job.state},
          {"health", job.health},
          {"original_definition", job.definition}};
}

std::string line(const char* level, const Json& message) {
  const Json object{{"dt", "2026-11-30T22:05:06.812267"}, {"lvl", level}, {"msg", message}};
  // As LAVA writes it, blanks included.
  std::string text = "- {\"dt\": " + object["dt"].dump() + ", \"lvl\": " + object["lvl"].dump() +
                     ", \"msg\": " + message.dump() + "}\n";
  return text;
}

}  // namespace

std::string log_with(const std::string& console) {
  std::string log = line("info", "start: 0 validate") +
                    line("info", "start: 1 deployimages (timeout 00:10:00) [common]") +
                    line("info", "start: 2 boot-image-retry (timeout 00:10:00) [common]");
  for (const std::string& one : split(console, '\n')) log += line("target", one);
  return log;
}

void FakeLava::run(std::int64_t number, const std::string& device, const std::string& started) {
  FakeJob& one = job(number);
  one.state = "Running";
  one.device = device;
  one.started = started;
}

void FakeLava::complete(std::int64_t number, const std::string& console) {
  FakeJob& one = job(number);
  one.state = "Finished";
  one.health = "Complete";
  one.log = log_with(console) +
            line("results", {{"case", "job"}, {"definition", "lava"}, {"result", "pass"}});
}

void FakeLava::fail(std::int64_t number, const std::string& console, const std::string& type,
                    const std::string& text) {
  FakeJob& one = job(number);
  one.state = "Finished";
  one.health = "Incomplete";
  one.log = log_with(console) + line("results", {{"case", "job"},
                                                 {"definition", "lava"},
                                                 {"error_msg", text},
                                                 {"error_type", type},
                                                 {"result", "fail"}});
}

Result<Response> FakeLava::send(const Request& request) {
  const std::lock_guard<std::mutex> lock(mutex);
  asked.push_back(request.method + " " + request.path);
  if (busy > 0) {
    --busy;
    return Response{503, "<html>busy</html>"};
  }
  const std::size_t before = jobs.size();
  Response response = answer(request);
  if (lose_answers > 0 && jobs.size() > before) {
    --lose_answers;
    return Error{"POST: the connection was closed"};
  }
  if (response.body.size() > request.limit) return Error{"the answer is too large"};
  return response;
}

Response FakeLava::answer(const Request& request) {
  const std::string prefix = "api/v0.2/";
  if (!request.path.starts_with(prefix)) return not_found();
  const std::string path = request.path.substr(prefix.size());
  const std::string query =
      path.find('?') == std::string::npos ? "" : path.substr(path.find('?') + 1);
  const std::vector<std::string> parts = split(path.substr(0, path.find('?')), '/');
  if (path == "system/version/") return json({{"version", "2023.01"}});
  if (parts.empty()) return not_found();
  if (parts[0] == "devices" && parts.size() == 2 && devices.contains(parts[1])) {
    return json({{"hostname", parts[1]}, {"worker_host", "worker-of-" + parts[1]}});
  }
  if (parts[0] == "workers" && parts.size() == 2) {
    const auto device = devices.find(parts[1].substr(std::string("worker-of-").size()));
    if (device == devices.end()) return not_found();
    return json({{"hostname", parts[1]}, {"state", device->second ? "Online" : "Offline"}});
  }
  if (parts[0] != "jobs") return not_found();
  if (parts.size() == 1) return request.method == "POST" ? submit(request) : list(query);
  const auto number = static_cast<std::size_t>(std::stoul(parts[1]));
  if (number == 0 || number > jobs.size()) return not_found();
  FakeJob& one = jobs[number - 1];
  if (parts.size() == 3 && parts[2] == "logs") {
    return one.log.empty() ? not_found() : Response{200, one.log};
  }
  if (parts.size() == 3 && parts[2] == "cancel") {
    if (one.state != "Finished") one.state = "Canceling";
    return json({{"message", "Job cancel signal sent."}});
  }
  if (parts.size() == 3 && parts[2] == "suites") {
    return json({{"results", {{{"id", 1}, {"name", "lava"}}, {{"id", 2}, {"name", "0_nsbench"}}}}});
  }
  if (parts.size() == 5 && parts[2] == "suites" && parts[4] == "tests") {
    return json({{"count", one.stored}, {"results", Json::array()}});
  }
  return not_found();
}

Response FakeLava::list(const std::string& query) const {
  std::map<std::string, std::string> fields = fields_of(query);
  std::vector<const FakeJob*> found;
  const bool filtered = fields.contains("description__in");
  const std::vector<std::string> names = split(fields["description__in"], ',');
  const std::set<std::string> wanted(names.begin(), names.end());
  for (const FakeJob& one : jobs) {
    if (!filtered || wanted.contains(one.name)) found.push_back(&one);
  }
  const std::size_t offset = fields.contains("offset") ? std::stoul(fields["offset"]) : 0;
  const std::size_t limit = std::min<std::size_t>(
      most_in_a_page, fields.contains("limit") ? std::stoul(fields["limit"]) : 50);
  Json results = Json::array();
  for (std::size_t i = offset; i < std::min(found.size(), offset + limit); ++i) {
    results.push_back(object_of(*found[i]));
  }
  const bool more = offset + limit < found.size();
  return json({{"count", found.size()},
               {"next", more ? Json("http://elsewhere/") : Json()},
               {"results", std::move(results)}});
}

Response FakeLava::submit(const Request& request) {
  if (refuse > 0) {
    --refuse;
    return json({{"message", "Problem with submitted job data: no"}}, 400);
  }
  FakeJob one;
  one.number = static_cast<std::int64_t>(jobs.size()) + 1;
  one.definition = Json::parse(request.body).at("definition").get<std::string>();
  // As LAVA does.
  one.definition.erase(one.definition.find_last_not_of(" \n") + 1);
  const std::string key = "job_name: \"";
  const std::size_t begin = one.definition.find(key) + key.size();
  one.name = one.definition.substr(begin, one.definition.find('"', begin) - begin);
  jobs.push_back(one);
  return json({{"message", "job(s) successfully submitted"}, {"job_ids", {one.number}}}, 201);
}

}  // namespace nsbench::fleet::testing
