// What nsbench is doing when it is killed, and how.
#pragma once

#include <string>
#include <vector>

#include "suites/siege/ground.h"

namespace nsbench::siege {

// What a signal that asks it to stop does to it.
enum class Manner {
  Orderly,  // it writes what is known, marked as interrupted, and exits with 3
  AtOnce,   // what it does is short, and half of it is worth nothing: it ends by the signal
};

struct Scenario {
  std::string name;
  std::string part;                // of the issue's: checks, benchmarks, reports, boots
  std::vector<std::string> words;  // behind "nsbench"; {reports}, {inputs} and {kernels} stand for
                                   // directories, {nsbench} for the program
  double span = 1;                 // seconds from its start within which it is killed
  std::vector<std::string> outputs;  // files in {reports}; each is there before
  Manner manner = Manner::Orderly;
  bool has_children = true;
  bool whole = false;      // it is let go on to its end after a child of it was killed
  bool as_nobody = false;  // without root's rights
  bool is_honest = false;  // all of this kernel's checks: what is said to fail has to
  // Of outputs the JSON report of the run, which must tell of the interruption; empty: none.
  std::string json;
  bool may_know_nothing = false;  // the old report may stay: nothing had come back by then
  std::string needs;              // files, without which it can't be done here
};

std::vector<Scenario> all_scenarios();

enum class Ending { Kill, KillGroup, Term, Int, Hup, Terminal, FullDisk, ChildKilled, MemoryEnds };
struct EndingRow {
  Ending ending;
  const char* name;
};
inline constexpr EndingRow all_endings[] = {
    {Ending::Kill, "SIGKILL"},
    {Ending::KillGroup, "group KILL"},
    {Ending::Term, "SIGTERM"},
    {Ending::Int, "SIGINT"},
    {Ending::Hup, "SIGHUP"},
    {Ending::Terminal, "terminal"},
    {Ending::FullDisk, "disk full"},
    {Ending::ChildKilled, "child KILL"},
    {Ending::MemoryEnds, "memory ends"},
};
const char* name_of(Ending ending);

// Whether the scenario can end so.
bool can_end(const Scenario& scenario, Ending ending);

}  // namespace nsbench::siege
