// A fleet's directory: its plan, what its jobs boot, and what came of them.
//   fleet.json                  plan.h
//   jobs/KERNEL.boot-N.yaml     jobs of LAVA
//   kernels/KERNEL/kernel, initramfs
//   reports/KERNEL/ID.json      one report of each job: ID is the job's
//   logs/ID.yaml                of jobs that failed
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "probes/sandbox/fd.h"
#include "reports/report.h"
#include "reports/result.h"
#include "suites/fleet/plan.h"

namespace nsbench::fleet {

class Directory {
 public:
  explicit Directory(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string plan_file() const { return path_ / "fleet.json"; }
  [[nodiscard]] std::string job_file(const PlannedJob& job) const { return path_ / job.file; }
  [[nodiscard]] std::string report_file(const PlannedJob& job) const {
    return path_ / "reports" / job.kernel / (job.id + ".json");
  }
  [[nodiscard]] std::string log_file(const PlannedJob& job) const {
    return path_ / "logs" / (job.id + ".yaml");
  }

  // Until what it answers with is closed, or the process ends, no other nsbench has it. An Error:
  // there is no such directory, or another one has it.
  [[nodiscard]] Result<Fd> lock() const;
  // nullopt: there is no plan in it.
  [[nodiscard]] Result<std::optional<Plan>> find_plan() const;
  // An Error: there is none.
  [[nodiscard]] Result<Plan> plan() const;
  [[nodiscard]] Status keep(const Plan& plan) const;
  // An Error also where it is a report of another kernel than the job's.
  [[nodiscard]] Result<Report> report(const PlannedJob& job) const;

 private:
  std::filesystem::path path_;
};

// Makes the directories on the way to `file`, and writes it; what is the same already is left
// alone.
Status put(const std::filesystem::path& file, const std::string& text);

// Of another kernel than the job boots; empty: it is of that one, as far as one can see.
std::string mistaken_for(const PlannedJob& job, const Report& report);

}  // namespace nsbench::fleet
