// Hand-made transcripts for the tests of judges: what a probe's acts see on a kernel that isolates,
// and what each of them sees where it leaks.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"
#include "reports/observation.h"

namespace nsbench {

// The value of a fact; an errno is written err(ENOENT).
struct Value {
  Value(const char* seen) : kind(Fact::Kind::Text), text(seen) {}             // NOLINT
  Value(std::string seen) : kind(Fact::Kind::Text), text(std::move(seen)) {}  // NOLINT
  Value(int seen) : kind(Fact::Kind::Number), number(seen) {}                 // NOLINT
  static Value err(int seen) {
    Value value(seen);
    value.kind = Fact::Kind::Errno;
    return value;
  }
  void put(Observation& seen, std::string_view name) const;
  friend bool operator==(const Value&, const Value&) = default;

  Fact::Kind kind = Fact::Kind::Text;
  std::string text;
  std::int64_t number = 0;
};

inline const Value ok = Value::err(0);
inline const Value no_entry = Value::err(ENOENT);

// One fact that the judge reads.
struct SeenFact {
  SeenFact(std::string_view a, std::string_view n, const Value& either)
      : act(a), name(n), isolated(either), leaked(either) {}
  SeenFact(std::string_view a, std::string_view n, Value safe, Value shared)
      : act(a), name(n), isolated(std::move(safe)), leaked(std::move(shared)) {}

  std::string_view act;
  std::string name;
  Value isolated;  // where the namespaces isolate
  Value leaked;    // where they are shared; the same for what holds in both
};

struct LeakTable {
  const Probe* probe = nullptr;
  std::vector<SeenFact> facts;          // together two whole transcripts
  std::vector<SeenFact> further_leaks;  // other ways in which one fact may leak
};

// One for every probe: each family's own, and all of them.
std::vector<LeakTable> pid_leak_tables();
std::vector<LeakTable> uts_leak_tables();
std::vector<LeakTable> mnt_leak_tables();
std::vector<LeakTable> ipc_leak_tables();
std::vector<LeakTable> user_leak_tables();
std::vector<LeakTable> net_leak_tables();
std::vector<LeakTable> cgroup_leak_tables();
std::vector<LeakTable> time_leak_tables();
std::vector<LeakTable> nsfs_leak_tables();
std::vector<LeakTable> calls_leak_tables();
std::vector<LeakTable> all_leak_tables();
std::vector<LeakTable> leak_tables();

}  // namespace nsbench
