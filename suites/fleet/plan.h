// A fleet: the jobs that somebody asked for, and what became of each. It is kept in one file beside
// what the jobs boot, and can be thrown away: the jobs are made again of the same kernels, and
// found on the server by their names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench::fleet {

inline constexpr int fleet_schema = 1;

enum class Outcome : std::uint8_t {
  Planned,    // is nowhere yet
  Waiting,    // in a queue, or running
  Ended,      // and its report can be collected
  Collected,  // its report is here
  Failed,     // the kernel did not get to its end: a panic, a time-out
  Damaged,    // it got there, and its report did not get here whole, as often as it was tried
  Lost,       // with a worker, as often as it was submitted; or the lab's own trouble
  Canceled,   // by somebody
};
std::string_view id(Outcome outcome);  // "planned", "waiting", ...

struct Submission {
  std::int64_t number = 0;  // the server's
  std::string state, health;
  // Given up: the machine that had it is gone. What comes of it after all does not hurt.
  bool abandoned = false;
  // It came to its end, and its report did not get here whole.
  bool damaged = false;
};

struct PlannedJob {
  std::string id, name;  // of JobText
  std::string kernel, release;
  int boot = 1;
  std::string file;  // below the fleet's directory
  std::vector<Submission> submissions;
  Outcome outcome = Outcome::Planned;
  std::string why;  // a sentence about Failed, Damaged, Lost; may be empty
};

struct Plan {
  std::string device_type;
  std::string base;    // the kernel that others are compared with; may be empty
  std::string server;  // its URL; empty: none was told yet
  int minutes = 0;     // after which LAVA ends a job, all in all
  std::vector<PlannedJob> jobs;
};

std::string plan_json(const Plan& plan);
// Errors name the place: "/jobs/3/boot: ...".
Result<Plan> read_plan(std::string_view text);

// What `before` knows of the same jobs is taken over.
void take_over(Plan& plan, const Plan& before);
// So are its other jobs, behind those of `plan`; the base too, if `plan` has none.
void add_others(Plan& plan, const Plan& before);

}  // namespace nsbench::fleet
