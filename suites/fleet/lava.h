// LAVA's REST API, version 0.2, as LAVA 2023.01 has it: jobs by their names, and what became of
// them. https://docs.lavasoftware.org/lava/data-export.html
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"
#include "suites/fleet/http.h"

namespace nsbench::fleet {

// One submission of a job.
struct LavaJob {
  std::int64_t number = 0;  // LAVA's
  std::string name;         // JobText::name
  std::string state;   // "Submitted", "Scheduling", "Scheduled", "Running", "Canceling", "Finished"
  std::string health;  // "Unknown", "Complete", "Incomplete", "Canceled"
  std::string device;  // which machine has it; may be empty
  std::string started;     // ISO 8601, UTC; empty: not yet
  std::string definition;  // as submitted, but for blanks around it; empty: the server does not say

  [[nodiscard]] bool is_finished() const { return state == "Finished"; }
};

class Lava {
 public:
  // `pause` waits for so many seconds; false if the program is to end. Both outlive this.
  using Pause = std::function<bool(double seconds)>;
  Lava(Http& http, Pause pause) : http_(http), pause_(std::move(pause)) {}

  // LAVA's own: "2023.01". Is asked for once: whoever does so wants to know whether it is there.
  Result<std::string> version();
  // All submissions of jobs with these names, the oldest first.
  Result<std::vector<LavaJob>> jobs_named(const std::vector<std::string>& names);
  // LAVA's number. Is not repeated where no answer came: that it did not arrive is not known.
  Result<std::int64_t> submit(std::string_view yaml);
  Status cancel(std::int64_t number);
  // With what was said on its console (job_log.h).
  Result<std::string> log(std::int64_t number);
  // Whether the worker that owns the device answers LAVA. nullopt: it is not known.
  Result<std::optional<bool>> has_worker(const std::string& device);
  // How many results of ours LAVA has stored.
  Result<std::int64_t> results_of(std::int64_t number);

 private:
  // Tried again where no answer came or the server is busy.
  struct Page {
    std::size_t jobs = 0;
    bool more = false;
  };
  Result<Page> page_of(std::span<const std::string> names, std::size_t offset,
                       std::vector<LavaJob>& jobs);

  static constexpr int usual_tries = 4;  // over 13 seconds
  Result<Response> get(const std::string& path, std::size_t limit, int tries = usual_tries);
  Result<nlohmann::json> json(const std::string& path, int tries = usual_tries);

  Http& http_;
  Pause pause_;
};

}  // namespace nsbench::fleet
