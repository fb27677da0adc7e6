#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>

#include "probes/ipc/probes.h"
#include "probes/leak_table.h"

namespace nsbench {
namespace {

using namespace probes;

const Value invalid = Value::err(EINVAL);
const Value no_access = Value::err(EACCES);
const Value full = Value::err(ENOSPC);

// SeenFact keeps views only: names that are put together here must outlive the tables.
std::string_view kept(std::string text) {
  static std::map<std::string, int> all;
  return all.try_emplace(std::move(text)).first->first;
}

LeakTable sysv_leaks(const Probe& probe) {
  return {&probe,
          {{"outside makes", "create by key", ok},
           {"inside looks", "get by key", no_entry, ok},
           {"inside looks", "stat by id", invalid, ok},
           {"inside makes", "create by key", ok},
           {"inside makes", "write", ok},
           {"outside looks", "get by key", no_entry, ok},
           {"outside looks", "stat by id", invalid, ok},
           {"sibling looks", "get by key", no_entry, ok},
           {"sibling looks", "stat by id", invalid, ok},
           {"sibling makes", "create by key", ok},
           {"inside looks for the sibling's", "get by key", no_entry, ok},
           {"inside looks for the sibling's", "stat by id", invalid, ok},
           {"inside takes the same key", "create with the same key", ok, Value::err(EEXIST)},
           {"inside takes the same key", "value", 7},
           {"outside reads its own", "value", 3, 7}},
          // Another errno is no isolation either: it is not what the kernel promises.
          {{"inside looks", "get by key", no_entry, no_access},
           {"inside looks", "stat by id", invalid, no_access}}};
}

LeakTable mqueue_leaks() {
  return {&mqueue,
          {{"outside makes", "create", ok},
           {"inside makes", "create", ok},
           {"inside looks", "open", no_entry, ok},
           {"outside looks", "open", no_entry, ok},
           {"sibling looks", "open", no_entry, ok},
           {"inside lists", "mount(mqueue)", ok},
           {"inside lists", "listed", "nsb-inside", "nsb-inside,nsb-outside"},
           {"outside lists", "mount(mqueue)", ok},
           {"outside lists", "listed", "nsb-outside", "nsb-inside,nsb-outside"},
           {"inside takes the same name", "create", ok, Value::err(EEXIST)}},
          {}};
}

LeakTable proc_sysvipc_leaks() {
  LeakTable table{&proc_sysvipc, {}, {}};
  for (const char* kind : {"shm", "sem", "msg"}) {
    const std::string_view made = kept(fmt::format("make {}", kind));
    const std::string_view file = kept(fmt::format("/proc/sysvipc/{}", kind));
    const char* const both = "6e736201,6e736202";
    table.facts.emplace_back("outside makes", made, ok);
    table.facts.emplace_back("inside makes", made, ok);
    table.facts.emplace_back("inside lists", file, "6e736202", both);
    table.facts.emplace_back("outside lists", file, "6e736201", both);
    table.facts.emplace_back("sibling lists", file, "", both);
  }
  return table;
}

LeakTable sysv_counts_leaks() {
  LeakTable table{&sysv_counts, {}, {}};
  const std::array<std::pair<const char*, int>, 7> counted{{{"segments", 2},
                                                            {"pages", 2},
                                                            {"semaphore sets", 2},
                                                            {"semaphores", 2},
                                                            {"queues", 2},
                                                            {"messages", 6},
                                                            {"bytes", 6}}};
  for (const auto& [name, made] : counted) {
    table.facts.emplace_back("outside makes", name, made);
    table.facts.emplace_back("inside counts", name, 0, made);
    table.facts.emplace_back("inside makes", name, made, 2 * made);
    table.facts.emplace_back("outside counts", name, made, 2 * made);
  }
  for (const char* call : {"SHM_STAT of slot 0", "SEM_STAT of slot 0", "MSG_STAT of slot 0"}) {
    table.facts.emplace_back("inside counts", call, invalid, ok);
    table.facts.emplace_back("outside counts", call, ok);
  }
  return table;
}

struct Written {
  const char* name;
  const char* first;
  const char* inside;
  const char* second;
  const char* standard;
};

LeakTable sysctl_leaks(const Probe& probe, const std::vector<Written>& files) {
  LeakTable table{&probe, {}, {}};
  for (const Written& file : files) {
    table.facts.emplace_back("inside writes", kept(fmt::format("write {}", file.name)), ok);
    table.facts.emplace_back("inside writes", file.name, file.inside);
    table.further_leaks.emplace_back("inside writes", file.name, file.inside, "77");
    table.facts.emplace_back("inside is born", file.name, file.standard, file.first);
    table.facts.emplace_back("outside looks", file.name, file.first, file.inside);
    table.facts.emplace_back("inside looks", file.name, file.inside, file.second);
  }
  return table;
}

std::vector<Written> sysv_files() {
  return {{"kernel.shmmax", "1000001", "1000002", "1000003", "18446744073692774399"},
          {"kernel.shmall", "2000001", "2000002", "2000003", "18446744073692774399"},
          {"kernel.shmmni", "3001", "3002", "3003", "4096"},
          {"kernel.shm_rmid_forced", "1", "0", "1", "0"},
          {"kernel.msgmax", "4001", "4002", "4003", "8192"},
          {"kernel.msgmni", "501", "502", "503", "32000"},
          {"kernel.msgmnb", "6001", "6002", "6003", "16384"},
          {"kernel.sem", "71\t7001\t31\t41", "72\t7002\t32\t42", "73\t7003\t33\t43",
           "32000\t1024000000\t500\t32000"}};
}

std::vector<Written> mqueue_files() {
  return {{"fs.mqueue.queues_max", "101", "102", "103", "256"},
          {"fs.mqueue.msg_max", "11", "12", "13", "10"},
          {"fs.mqueue.msgsize_max", "9001", "9002", "9003", "8192"},
          {"fs.mqueue.msg_default", "4", "5", "6", "10"},
          {"fs.mqueue.msgsize_default", "801", "802", "803", "8192"}};
}

std::vector<Written> next_id_files() {
  return {{"kernel.shm_next_id", "1001", "1002", "1003", "-1"},
          {"kernel.sem_next_id", "2001", "2002", "2003", "-1"},
          {"kernel.msg_next_id", "3001", "3002", "3003", "-1"}};
}

LeakTable sysctl_owner_leaks() {
  LeakTable table{&ipc_sysctl_owner, {}, {}};
  for (const char* name : {"kernel.shmmax", "kernel.sem", "fs.mqueue.msg_max"}) {
    table.facts.emplace_back("inside writes", kept(fmt::format("stat {}", name)), ok);
    table.facts.emplace_back("inside writes", kept(fmt::format("{} belongs to", name)),
                             "the caller", "65534");
    table.facts.emplace_back("inside writes", kept(fmt::format("write {}", name)), ok, no_access);
  }
  return table;
}

LeakTable limits_leaks(const Probe& probe,
                       const std::vector<std::pair<const char*, Value>>& attempts) {
  LeakTable table{&probe, {{"inside tries", "within the limits", ok}}, {}};
  for (const auto& [name, refusal] : attempts) {
    table.facts.emplace_back("inside tries", name, refusal);
    table.facts.emplace_back("outside tries", name, ok, refusal);
    table.further_leaks.emplace_back("inside tries", name, refusal, ok);
  }
  return table;
}

LeakTable life_leaks(const Probe& probe, int over) {
  constexpr std::string_view act = "a namespace lives and dies";
  return {&probe,
          {{act, "user in a namespace", ok},
           {act, "user beside it", Value::err(over)},
           {act, "user after its end", ok, Value::err(over)}},
          {{act, "user beside it", Value::err(over), ok}}};
}

LeakTable lifetime_leaks() {
  LeakTable table = life_leaks(ipc_lifetime, ENOSPC);
  table.facts.emplace_back("a namespace lives and dies", "user limit", ok);
  return table;
}

LeakTable sem_undo_leaks() {
  constexpr std::string_view act = "a process leaves";
  return {&sem_undo,
          {{act, "raise", ok}, {act, "raised", 1}, {act, "leave", ok}, {act, "after", 0, 1}},
          {}};
}

LeakTable sysvsem_flags_leaks() {
  constexpr std::string_view act = "flags are tried";
  return {&sysvsem_flags,
          {{act, "NEWIPC", ok},
           {act, "SYSVSEM", ok},
           {act, "unshare of both", "exited with 0"},
           {act, "both", invalid, ok}},
          {{act, "unshare of both", "exited with 0", "exited with 1"}}};
}

LeakTable ipc_owner_leaks() {
  constexpr std::string_view act = "inside tries";
  LeakTable table{&ipc_owner, {{act, "drop", ok}}, {}};
  for (const char* object : {"shm", "sem", "msg"}) {
    table.facts.emplace_back(act, kept(fmt::format("make {}", object)), ok);
    for (const std::string& call :
         {fmt::format("read {}", object), fmt::format("open {} by key", object)}) {
      table.facts.emplace_back(act, kept(call), ok);
      table.facts.emplace_back(act, kept("own " + call), ok);
      table.facts.emplace_back(act, kept("powerless " + call), no_access, ok);
      table.facts.emplace_back(act, kept("below " + call), no_access, ok);
    }
  }
  return table;
}

LeakTable attached_leaks() {
  return {&attached_segment,
          {{"outside attaches", "shmat", ok},
           {"inside uses it", "memory", 5},
           {"inside uses it", "IPC_STAT", invalid, ok},
           {"inside uses it", "shmat", invalid, ok},
           {"outside looks", "memory", 6},
           {"outside looks", "attached", 2},
           {"inside detaches", "shmdt", ok},
           {"outside looks again", "attached", 1}},
          {{"outside looks again", "attached", 1, 2},
           {"inside uses it", "memory", 5, 0},
           {"outside looks", "memory", 6, 5}}};
}

}  // namespace

std::vector<LeakTable> ipc_leak_tables() {
  return {
      sysv_leaks(sysv_shm),
      sysv_leaks(sysv_sem),
      sysv_leaks(sysv_msg),
      mqueue_leaks(),
      proc_sysvipc_leaks(),
      sysv_counts_leaks(),
      sysctl_leaks(ipc_sysctls, sysv_files()),
      sysctl_leaks(mqueue_sysctls, mqueue_files()),
      sysctl_leaks(next_ids, next_id_files()),
      sysctl_owner_leaks(),
      limits_leaks(sysv_limits, {{"a segment of 64 KiB and a byte", invalid},
                                 {"a second segment", full},
                                 {"a message of 32 bytes", invalid},
                                 {"a second queue", full},
                                 {"a set of three semaphores", invalid},
                                 {"a second set", full}}),
      limits_leaks(mqueue_limits, {{"a queue of three messages", invalid},
                                   {"a queue of messages of 300 bytes", invalid},
                                   {"a second queue", full}}),
      lifetime_leaks(),
      life_leaks(shm_lifetime, ENOMEM),
      life_leaks(mqueue_lifetime, EMFILE),
      sem_undo_leaks(),
      sysvsem_flags_leaks(),
      ipc_owner_leaks(),
      attached_leaks(),
  };
}

}  // namespace nsbench
