// From a plan to jobs on a server, and back to what became of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/result.h"
#include "suites/fleet/lava.h"
#include "suites/fleet/plan.h"

namespace nsbench::fleet {

struct Patience {
  // Seconds since 1970, UTC, as the server has them too.
  std::function<std::int64_t()> now;
  // How often a job is submitted again that was lost with a worker, or its report on the way.
  std::size_t resubmit = 2;
  // Of a worker that does not answer LAVA, seconds before its job is given up: it may only be busy.
  std::int64_t without_worker = 120;
  // Seconds behind a job's own limit, within which LAVA should have ended it.
  std::int64_t over_limit = 900;
};

// Brings a plan up to date with what the server has, again and again. Lives as long as somebody
// waits: since when a worker is gone is known to it alone.
class Follower {
 public:
  // What a job's file says: what is submitted, and what a job of that name on the server must be.
  using YamlOf = std::function<Result<std::string>(const PlannedJob&)>;
  Follower(Lava& lava, YamlOf yaml_of, Patience patience)
      : lava_(lava), yaml_of_(std::move(yaml_of)), patience_(std::move(patience)) {}

  // Asks for every job that is not Collected. Where one runs and no worker answers, or runs far
  // over its limit, it is abandoned: LAVA is asked to cancel it, which it can only once the worker
  // is back. Then, and where the lab's own trouble ended it, the job is Lost; Failed where that was
  // so each time that it was submitted, though its kernel had begun.
  // Anybody can submit a job under the name of ours: where it is another one it does not count, and
  // is among strangers().
  // `keep` is called before anything is canceled: who is killed then must find out of the plan that
  // it was us, and nobody else.
  Status refresh(Plan& plan, const std::function<Status()>& keep);

  // Whether it can be submitted: it is Planned, or is Lost or Damaged and was not submitted too
  // often.
  [[nodiscard]] bool is_due(const PlannedJob& job) const;
  // A sentence about each that the last refresh() met.
  [[nodiscard]] const std::vector<std::string>& strangers() const { return strangers_; }
  // Submits what is due, after a refresh(). `tell` is called behind each. An Error, or `stopped`,
  // ends it: what was submitted up to there stands in the plan.
  Status submit_due(Plan& plan, const std::function<void(const PlannedJob&)>& tell,
                    const std::function<bool()>& stopped);
  // Whether nothing will change any more.
  [[nodiscard]] bool is_over(const Plan& plan) const;

 private:
  Status settle(PlannedJob& job, const std::vector<LavaJob>& have, const Plan& plan);
  Status settle_finished(PlannedJob& job);
  // Why a job that is not finished is given up; empty: it is not.
  Result<std::string> why_given_up(const LavaJob& job, const Plan& plan);

  Result<std::vector<LavaJob>> ours_of(const PlannedJob& job, std::vector<LavaJob> named);

  Lava& lava_;
  YamlOf yaml_of_;
  Patience patience_;
  std::vector<std::string> strangers_;
  std::map<std::int64_t, std::int64_t> offline_since_;  // by LAVA's number
  std::vector<std::int64_t> to_cancel_;
};

// "2026-11-30T12:00:00.123456Z" in seconds since 1970; nothing if it is no such time.
std::optional<std::int64_t> seconds_of(const std::string& time);

}  // namespace nsbench::fleet
