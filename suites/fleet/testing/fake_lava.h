// A server of LAVA for tests: jobs that do what the test says, behind the same requests. Its
// answers have the form of LAVA 2023.01's; that these are LAVA's is what ci/lava/try_server.sh
// shows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "suites/fleet/http.h"

namespace nsbench::fleet::testing {

struct FakeJob {
  std::int64_t number = 0;
  std::string name, definition;
  std::string state = "Submitted", health = "Unknown";
  std::string device;   // empty: none yet
  std::string started;  // empty: not yet
  std::string log;
  std::int64_t stored = 0;  // results
};

class FakeLava : public Http {
 public:
  Result<Response> send(const Request& request) override;

  // Under a lock where send() is called by another thread.
  std::vector<FakeJob> jobs;
  std::map<std::string, bool> devices{{"qemu-1", true}, {"qemu-2", true}};  // has its worker
  std::vector<std::string> asked;  // "GET api/v0.2/jobs/..."
  std::size_t most_in_a_page = 100;
  int busy = 0;          // the next so many requests are answered by 503
  int lose_answers = 0;  // the next so many submissions arrive, and their answer does not
  int refuse = 0;        // the next so many submissions are refused
  std::string token;     // that a submission needs; empty: none
  std::mutex mutex;

  FakeJob& job(std::int64_t number) { return jobs.at(static_cast<std::size_t>(number) - 1); }
  // A machine has it.
  void run(std::int64_t number, const std::string& device, const std::string& started);
  // It ends, with what a log of LAVA's has then: `console` is the target's, a line each.
  void complete(std::int64_t number, const std::string& console);
  void fail(std::int64_t number, const std::string& console, const std::string& type,
            const std::string& text);

 private:
  Response answer(const Request& request);
  Response list(const std::string& query) const;
  Response submit(const Request& request);
};

// `console`, a line each, as LAVA's log has it, with the lines around it up to the second action.
std::string log_with(const std::string& console);

}  // namespace nsbench::fleet::testing
