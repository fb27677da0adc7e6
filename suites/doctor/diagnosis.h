// What stands in the way of checks on this machine, and what would lift it: a pure function of what
// was seen.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/sandbox/recipe.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"

namespace nsbench::doctor {

// Cases of one probe that were skipped, or would be, for one reason.
struct Lost {
  std::string probe;  // "net/veth"
  Privilege privilege = Privilege::Root;
  SkipReason reason = SkipReason::NoPrivilege;
  std::string text;  // as the case says it
  int cases = 0;

  [[nodiscard]] std::string family() const { return probe.substr(0, probe.find('/')); }
};

// Something that was tried in a child, and refused.
struct Refused {
  std::string what;  // "net", "setns.pidfd"
  Error error;
};

struct Evidence {
  Support support;
  std::string release;
  Environment environment;
  std::string container;            // "docker"; empty: none was seen
  std::optional<Error> userns;      // making one, unprivileged, and using it, was refused so
  std::vector<Refused> kinds;       // namespaces of these kinds can't be made by whom they should
  std::vector<Refused> ways;        // these ways into a namespace are refused
  bool cgroup2 = true;              // a cgroup2 filesystem is mounted
  std::string cgroup_trouble;       // why no cgroup can be made in our own: "mkdir(..): EROFS"
  std::vector<std::string> masked;  // mounts that cover parts of /proc
  std::map<std::string, bool> module_on_disk;  // of modules that are named as missing
  std::vector<Lost> lost;
  int cases = 0;  // of the whole plan, without controls
};

struct Finding {
  std::string id;  // "userns-sysctl": stands in JSON; a promise
  std::string what;
  std::string evidence;
  std::string lift;    // the command that lifts it; empty: it can't be lifted from here
  std::string advice;  // what to do where no command does it, or what the command needs
  int cases = 0;       // how many cases are skipped for it
  std::vector<std::string> probes;    // whose: "net/veth"
  std::vector<std::string> families;  // whose: "net"
};

struct Diagnosis {
  std::string kernel;
  int cases = 0;
  int lost = 0;
  std::vector<Finding> findings;  // the costliest first
};

Diagnosis diagnose(const Evidence& evidence);

std::string to_text(const Diagnosis& diagnosis, std::size_t width);
std::string to_json(const Diagnosis& diagnosis);

}  // namespace nsbench::doctor
