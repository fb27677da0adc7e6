// Whether a process that runs is isolated: which namespaces are its own, what it sees, and which
// ways lead out of them. A pure function of what was seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "reports/observation.h"
#include "suites/observe/process_state.h"

namespace nsbench::observe {

// One kind of namespace of the process.
struct Part {
  Kind kind = Kind::User;
  std::optional<std::uint64_t> id, other;  // its own, and that of the process it is held against
  // Ways out of it, as sentences: "/data is a directory of the outside's, and writable".
  std::vector<std::string> reaches;
  bool searched = true;  // all could be looked at that may lead out

  [[nodiscard]] bool shared() const { return id && other && *id == *other; }
  [[nodiscard]] bool own() const { return id && other && *id != *other; }
  [[nodiscard]] bool isolated() const { return own() && reaches.empty() && searched; }
  // Whether it is isolated or not.
  [[nodiscard]] bool told() const { return shared() || (own() && (!reaches.empty() || searched)); }
};

// The same, looked at from both sides.
struct Sight {
  Kind kind = Kind::User;
  std::string what;
  std::string inside;
  std::string outside;
};

// Something of its state that decides how far a hole would lead.
struct StateFact {
  std::string name;
  std::string value;
  std::string source;  // "/proc/12/status, CapEff"
  bool weak = false;   // a way out, or one guard less
};

struct Inspection {
  pid_t pid = 0;
  std::string command;
  pid_t against = 0;
  std::string against_command;
  std::vector<Part> parts;  // of the kinds that the kernel has, in the order of all_kinds
  std::vector<Sight> sights;
  std::vector<StateFact> facts;
  std::vector<std::string> untold;  // what could not be looked at, and why

  // Of `expected`, the kinds that are not isolated; those that nothing is told of among them.
  [[nodiscard]] NamespaceSet open(NamespaceSet expected) const;
};

// What was seen from outside, of both, and by look_inside(), of both.
struct Looked {
  ProcessState target, against;
  Transcript inside, outside;
  // cap_last_cap, and kernel.yama.ptrace_scope (empty: there is no Yama).
  int last_capability = 40;
  std::string ptrace_scope;
};
Inspection inspect(const Looked& looked);

// 0: `expected` is isolated; 1: it is not; 3: some of it could not be looked at, and the rest is.
// With nothing expected it is 0, and 3 if nothing could be told.
int exit_code_of(const Inspection& inspection, NamespaceSet expected);

std::string inspection_text(const Inspection& inspection, NamespaceSet expected, std::size_t width,
                            bool color);
std::string inspection_json(const Inspection& inspection, NamespaceSet expected);
std::string inspection_html(const Inspection& inspection, NamespaceSet expected);
// What came of it, in one line.
std::string inspection_headline(const Inspection& inspection, NamespaceSet expected);

}  // namespace nsbench::observe
