// For tests: nsbench in an environment made for it, and how what it says there may differ from what
// it says here.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/result.h"
#include "reports/verdict.h"

namespace nsbench::testing {

// What stands around a program. Its parts take effect in this order; nothing of it outlives the
// program.
struct Surroundings {
  // In the process that becomes the program: filters, limits, descriptors.
  std::function<Status()> prepare;
  // A program that becomes, or starts, what it is given: {"unshare", "-Ur"}.
  std::vector<std::string> by;
  // Run by sh(1) in its place, before the program takes that; what fails in it ends all of it.
  std::string shell;
};

struct Ended {
  int exit_code = -1;  // -1: killed by `signal`
  int signal = 0;
  bool hung = false;  // killed here, at the deadline
  std::string out;
  std::string err;
  std::chrono::duration<double> took{};
  // For failure messages: how it ended, and the beginnings of what it printed.
  [[nodiscard]] std::string str() const;
};

// Runs `command` there, with /dev/null as its standard input, and no descriptor but 0 to 2. What it
// started is gone with it at the deadline: it is in a session of its own.
Ended run_there(const Surroundings& where, const std::vector<std::string>& command,
                std::chrono::seconds deadline = std::chrono::seconds{300});

// Cases that an environment takes away, and the reasons for which they are skipped then.
struct Lost {
  std::string cases;  // an expression for ids, controls' too
  std::vector<SkipReason> reasons;
  // Each of these cases is lost; else each may be.
  bool all = false;
};

// Fails the test for whatever in `there` is not as it is `here`, beyond what is lost: a case that
// is Broken; one that holds or fails only there; one that is skipped for another reason; a
// benchmark without a result that says no reason; one that is missing.
void expect_the_same_but(const std::vector<Lost>& lost, const Report& there, const Report& here);

// Why it can't be had here ("bwrap is not installed"); empty: it can.
std::string missing_program(const std::vector<std::string>& names);

}  // namespace nsbench::testing
