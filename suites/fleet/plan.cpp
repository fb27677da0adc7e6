#include "suites/fleet/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "reports/json_cursor.h"
#include "reports/printable.h"
#include "suites/fleet/job.h"

namespace nsbench::fleet {
namespace {

constexpr std::array outcomes{
    std::pair{Outcome::Planned, "planned"}, std::pair{Outcome::Waiting, "waiting"},
    std::pair{Outcome::Ended, "ended"},     std::pair{Outcome::Collected, "collected"},
    std::pair{Outcome::Failed, "failed"},   std::pair{Outcome::Damaged, "damaged"},
    std::pair{Outcome::Lost, "lost"},       std::pair{Outcome::Canceled, "canceled"}};

Submission read_submission(const JsonCursor& from) {
  return {.number = from.at("number").integer<std::int64_t>(),
          .state = from.at("state").text(),
          .health = from.at("health").text(),
          .abandoned = from.at("abandoned").boolean(),
          .damaged = from.at("damaged").boolean()};
}

// A UUID as we write it; it is part of a file's name.
bool is_id(std::string_view text) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(form.begin(), form.end(), text.begin(), text.end(), [](char as, char c) {
    return as == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

PlannedJob read_job(const JsonCursor& from) {
  PlannedJob job;
  job.id = from.at("id").text();
  if (!is_id(job.id)) from.at("id").refuse("must be a UUID in small letters");
  job.name = from.at("name").text();
  job.kernel = from.at("kernel").text();
  if (!is_name(job.kernel)) from.at("kernel").refuse("must be a kernel's name in the fleet");
  job.release = from.at("release").text();
  job.boot = from.at("boot").integer<int>();
  if (job.boot < 1) from.at("boot").refuse("must be 1 or more");
  job.file = from.at("file").text();
  // Below the directory: it is what a server is sent.
  if (job.file.find("..") != std::string::npos || !job.file.starts_with("jobs/")) {
    from.at("file").refuse("must be a file below jobs/");
  }
  for (const JsonCursor& one : from.at("submissions").elements()) {
    job.submissions.push_back(read_submission(one));
  }
  const std::string outcome = from.at("outcome").text();
  const auto* const known = std::find_if(outcomes.begin(), outcomes.end(),
                                         [&](const auto& pair) { return outcome == pair.second; });
  if (known == outcomes.end()) {
    from.at("outcome").refuse("must be what can become of a job: \"waiting\" and the like");
  } else {
    job.outcome = known->first;
  }
  job.why = from.at("why").text();
  return job;
}

}  // namespace

std::string_view id(Outcome outcome) {
  return std::find_if(outcomes.begin(), outcomes.end(),
                      [outcome](const auto& pair) { return pair.first == outcome; })
      ->second;
}

std::string plan_json(const Plan& plan) {
  using Json = nlohmann::ordered_json;
  Json jobs = Json::array();
  for (const PlannedJob& job : plan.jobs) {
    Json submissions = Json::array();
    for (const Submission& one : job.submissions) {
      submissions.push_back({{"number", one.number},
                             {"state", one.state},
                             {"health", one.health},
                             {"abandoned", one.abandoned},
                             {"damaged", one.damaged}});
    }
    jobs.push_back({{"id", job.id},
                    {"name", job.name},
                    {"kernel", job.kernel},
                    {"release", job.release},
                    {"boot", job.boot},
                    {"file", job.file},
                    {"submissions", std::move(submissions)},
                    {"outcome", id(job.outcome)},
                    {"why", job.why}});
  }
  const Json document{{"schema", fleet_schema},  {"device_type", plan.device_type},
                      {"base", plan.base},       {"server", plan.server},
                      {"minutes", plan.minutes}, {"jobs", std::move(jobs)}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Plan> read_plan(std::string_view text) {
  const Result<nlohmann::json> document = parse_json(text);
  if (!document) return document.error();
  std::string error;
  const JsonCursor root(*document, "", error);
  if (const int schema = root.at("schema").integer<int>();
      error.empty() && schema != fleet_schema) {
    root.at("schema").refuse(fmt::format("must be {}", fleet_schema));
  }
  Plan plan;
  plan.device_type = root.at("device_type").text();
  if (!is_name(plan.device_type)) root.at("device_type").refuse("must be a name");
  plan.base = root.at("base").text();
  if (!plan.base.empty() && !is_name(plan.base)) root.at("base").refuse("must be a name");
  plan.server = root.at("server").text();
  plan.minutes = root.at("minutes").integer<int>();
  std::set<std::string, std::less<>> ids;
  for (const JsonCursor& one : root.at("jobs").elements()) {
    plan.jobs.push_back(read_job(one));
    if (!ids.insert(plan.jobs.back().id).second) one.at("id").refuse("is there twice");
    if (!error.empty()) break;
  }
  if (!error.empty()) return Error{error};
  return plan;
}

void take_over(Plan& plan, const Plan& before) {
  std::map<std::string_view, const PlannedJob*> known;
  for (const PlannedJob& job : before.jobs) known.emplace(job.id, &job);
  for (PlannedJob& job : plan.jobs) {
    const auto found = known.find(job.id);
    if (found == known.end()) continue;
    job.submissions = found->second->submissions;
    job.outcome = found->second->outcome;
    job.why = found->second->why;
  }
  if (plan.server.empty()) plan.server = before.server;
}

void add_others(Plan& plan, const Plan& before) {
  std::set<std::string> ids;
  for (const PlannedJob& job : plan.jobs) ids.insert(job.id);
  for (const PlannedJob& job : before.jobs) {
    if (!ids.contains(job.id)) plan.jobs.push_back(job);
  }
  if (plan.base.empty()) plan.base = before.base;
}

}  // namespace nsbench::fleet
