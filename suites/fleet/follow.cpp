#include "suites/fleet/follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "reports/printable.h"
#include "suites/fleet/job_log.h"

namespace nsbench::fleet {
namespace {

bool is_finished(const Submission& one) { return one.state == "Finished"; }

// A server drops the blanks around it.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

void set(PlannedJob& job, Outcome outcome, std::string why = "") {
  job.outcome = outcome;
  job.why = std::move(why);
}

// What is known about a job's submissions, in the server's order; what we made of one is not the
// server's to know.
std::vector<Submission> submissions_of(const std::vector<LavaJob>& have,
                                       const std::vector<Submission>& known) {
  std::vector<Submission> submissions;
  for (const LavaJob& job : have) {
    Submission one{.number = job.number, .state = job.state, .health = job.health};
    const auto before = std::find_if(known.begin(), known.end(), [&job](const Submission& other) {
      return other.number == job.number;
    });
    if (before != known.end()) {
      one.abandoned = before->abandoned;
      one.damaged = before->damaged;
    }
    submissions.push_back(std::move(one));
  }
  return submissions;
}

}  // namespace

std::optional<std::int64_t> seconds_of(const std::string& time) {
  std::tm parts{};
  int read = 0;
  const int fields =
      std::sscanf(time.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &read);
  if (fields != 6 || !time.ends_with('Z')) return std::nullopt;
  const bool fits = parts.tm_year >= 1970 && parts.tm_mon >= 1 && parts.tm_mon <= 12 &&
                    parts.tm_mday >= 1 && parts.tm_mday <= 31 && parts.tm_hour <= 23 &&
                    parts.tm_min <= 59 && parts.tm_sec <= 60;
  if (!fits) return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return ::timegm(&parts);
}

Status Follower::refresh(Plan& plan, const std::function<Status()>& keep) {
  to_cancel_.clear();
  strangers_.clear();
  std::vector<std::string> names;
  for (const PlannedJob& job : plan.jobs) {
    if (job.outcome != Outcome::Collected) names.push_back(job.name);
  }
  Result<std::vector<LavaJob>> have = lava_.jobs_named(names);
  if (!have) return have.error();
  std::map<std::string, std::vector<LavaJob>> by_name;
  for (LavaJob& job : *have) by_name[job.name].push_back(std::move(job));
  for (PlannedJob& job : plan.jobs) {
    if (job.outcome == Outcome::Collected) continue;
    const Result<std::vector<LavaJob>> ours = ours_of(job, std::move(by_name[job.name]));
    if (!ours) return ours.error();
    if (Status settled = settle(job, *ours, plan); !settled) return settled;
  }
  if (to_cancel_.empty()) return {};
  if (Status kept = keep(); !kept) return kept;
  for (const std::int64_t number : to_cancel_) {
    if (Status canceled = lava_.cancel(number); !canceled) return canceled;
  }
  return {};
}

// What we were told the number of is ours, whatever a server makes of its text.
Result<std::vector<LavaJob>> Follower::ours_of(const PlannedJob& job, std::vector<LavaJob> named) {
  if (named.empty()) return named;
  const Result<std::string> yaml = yaml_of_(job);
  if (!yaml) return yaml.error();
  std::vector<LavaJob> ours;
  for (LavaJob& one : named) {
    const bool known =
        std::any_of(job.submissions.begin(), job.submissions.end(),
                    [&one](const Submission& other) { return other.number == one.number; });
    if (known || one.definition.empty() || trimmed(one.definition) == trimmed(*yaml)) {
      ours.push_back(std::move(one));
    } else {
      strangers_.push_back(
          fmt::format("LAVA's job {} has the name of {} boot {}, and is another one: it is not "
                      "counted",
                      one.number, job.kernel, job.boot));
    }
  }
  return ours;
}

Status Follower::settle(PlannedJob& job, const std::vector<LavaJob>& have, const Plan& plan) {
  std::vector<Submission> before = std::move(job.submissions);
  job.submissions = submissions_of(have, before);
  if (have.empty()) {
    set(job, Outcome::Planned);
    return {};
  }
  const auto is_complete = [](const Submission& one) {
    return is_finished(one) && one.health == "Complete" && !one.damaged;
  };
  if (std::any_of(job.submissions.begin(), job.submissions.end(), is_complete)) {
    set(job, Outcome::Ended);
    return {};
  }
  bool waits = false;
  std::string why;
  for (std::size_t i = 0; i < have.size(); ++i) {
    Submission& one = job.submissions[i];
    if (is_finished(one) || one.abandoned) continue;
    Result<std::string> given_up = why_given_up(have[i], plan);
    if (!given_up) return given_up.error();
    if (given_up->empty()) {
      waits = true;
      continue;
    }
    why = std::move(*given_up);
    one.abandoned = true;
    to_cancel_.push_back(one.number);
  }
  if (waits) {
    set(job, Outcome::Waiting);
    return {};
  }
  if (!why.empty()) {
    set(job, Outcome::Lost, std::move(why));
    return {};
  }
  // Nothing has ended since it was looked at.
  const bool is_settled = job.outcome == Outcome::Failed || job.outcome == Outcome::Lost ||
                          job.outcome == Outcome::Damaged || job.outcome == Outcome::Canceled;
  const bool is_same = std::equal(
      before.begin(), before.end(), job.submissions.begin(), job.submissions.end(),
      [](const auto& a, const auto& b) { return a.number == b.number && a.state == b.state; });
  if (is_settled && is_same) return {};
  return settle_finished(job);
}

// None of its submissions is under way, and none has a report.
Status Follower::settle_finished(PlannedJob& job) {
  const Submission& last = job.submissions.back();
  if (last.abandoned) {
    set(job, Outcome::Lost, "its worker was gone");
    return {};
  }
  if (last.damaged) {
    set(job, Outcome::Damaged, job.why);
    return {};
  }
  if (last.health == "Canceled") {
    set(job, Outcome::Canceled, fmt::format("somebody canceled LAVA's job {}", last.number));
    return {};
  }
  const Result<std::string> text = lava_.log(last.number);
  if (!text) return text.error();
  const JobLog log = read_job_log(*text);
  const std::string why = fmt::format("{}, LAVA's job {}", log.why(), last.number);
  if (log.kernel_failed()) {
    set(job, Outcome::Failed, why);
  } else if (log.spoke && job.submissions.size() > patience_.resubmit) {
    set(job, Outcome::Failed,
        fmt::format("{}: {} times it was gone without a word", why, job.submissions.size()));
  } else {
    set(job, Outcome::Lost, why);
  }
  return {};
}

Result<std::string> Follower::why_given_up(const LavaJob& job, const Plan& plan) {
  constexpr int minute = 60;
  if (job.started.empty()) return std::string();
  const std::int64_t now = patience_.now();
  const std::optional<std::int64_t> started = seconds_of(job.started);
  const std::int64_t limit = std::int64_t{plan.minutes} * minute + patience_.over_limit;
  if (started && plan.minutes > 0 && now - *started > limit) {
    return fmt::format("LAVA's job {} runs since {}, and LAVA does not end it", job.number,
                       job.started);
  }
  if (job.device.empty()) return std::string();
  const Result<std::optional<bool>> has_worker = lava_.has_worker(job.device);
  if (!has_worker) return has_worker.error();
  if (has_worker->value_or(true)) {
    offline_since_.erase(job.number);
    return std::string();
  }
  const auto [since, is_new] = offline_since_.emplace(job.number, now);
  if (now - since->second < patience_.without_worker) return std::string();
  return fmt::format("the worker of {}, which runs LAVA's job {}, does not answer any more",
                     printable(job.device, 100), job.number);
}

bool Follower::is_due(const PlannedJob& job) const {
  const bool is_to_be_tried = job.outcome == Outcome::Lost || job.outcome == Outcome::Damaged;
  return job.outcome == Outcome::Planned ||
         (is_to_be_tried && job.submissions.size() <= patience_.resubmit);
}

Status Follower::submit_due(Plan& plan, const std::function<void(const PlannedJob&)>& tell,
                            const std::function<bool()>& stopped) {
  for (PlannedJob& job : plan.jobs) {
    if (!is_due(job)) continue;
    if (stopped()) return {};
    const Result<std::string> yaml = yaml_of_(job);
    if (!yaml) return yaml.error();
    Result<std::int64_t> number = lava_.submit(*yaml);
    if (!number) {
      // It may have arrived all the same.
      Result<std::vector<LavaJob>> named = lava_.jobs_named({job.name});
      if (!named) return number.error();
      const Result<std::vector<LavaJob>> have = ours_of(job, std::move(*named));
      if (!have || have->size() <= job.submissions.size()) return number.error();
      number = have->back().number;
    }
    job.submissions.push_back({.number = *number, .state = "Submitted", .health = "Unknown"});
    set(job, Outcome::Waiting);
    tell(job);
  }
  return {};
}

bool Follower::is_over(const Plan& plan) const {
  return std::none_of(plan.jobs.begin(), plan.jobs.end(), [this](const PlannedJob& job) {
    return job.outcome == Outcome::Waiting || is_due(job);
  });
}

}  // namespace nsbench::fleet
