#include "probes/user/leak_tables.h"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <deque>
#include <string>

#include "probes/leak_table.h"
#include "probes/user/probes.h"

namespace nsbench {
namespace {

using namespace probes;

// The door maps 0 to 1000.
LeakTable id_leaks(const Probe& probe, std::string_view real, std::string_view effective) {
  return {&probe,
          {{"outside looks", real, 0},
           {"outside looks", effective, 0},
           {"outside looks again", real, 0},
           {"inside looks", real, 1000, 0},
           {"inside looks", effective, 1000, 0}},
          // An id that is not mapped at all.
          {{"inside looks", real, 1000, 65534}}};
}

LeakTable file_owner_leaks() {
  return {&file_owner,
          {{"outside makes a file", "owner", 0},
           {"outside makes a file", "group", 0},
           {"inside makes a file", "create", ok},
           {"inside makes a file", "owner", 1000, 0},
           {"inside makes a file", "group", 1000, 0},
           {"inside looks", "owner", 1000, 0},
           {"inside looks", "group", 1000, 0},
           {"outside looks", "owner", 0},
           {"outside looks", "group", 0}},
          {}};
}

LeakTable peer_ids_leaks() {
  LeakTable table{&peer_ids_probe, {{"inside connects and sends", "connect", ok}}, {}};
  for (const auto& [id, peer, sender] :
       {std::array{"uid", "peer uid", "sender uid"}, std::array{"gid", "peer gid", "sender gid"}}) {
    table.facts.emplace_back("outside makes sockets", id, 0);
    table.facts.emplace_back("outside accepts and receives", peer, 0);
    table.facts.emplace_back("outside accepts and receives", sender, 0);
    table.facts.emplace_back("inside connects and sends", peer, 1000, 0);
    table.facts.emplace_back("inside receives", sender, 1000, 0);
  }
  return table;
}

LeakTable real_ids_leaks() {
  constexpr std::string_view receives = "inside receives and forges";
  return {&real_ids,
          {{"somebody sends", "setresuid", ok},
           {"somebody sends", "setresgid", ok},
           {"somebody sends", "send", ok},
           {receives, "send its own", ok},
           {receives, "overflow id", 65534},
           {receives, "uid", 65534, 4711},
           {receives, "gid", 65534, 4711},
           {receives, "forge uid", Value::err(EINVAL), ok},
           {receives, "forge gid", Value::err(EINVAL), ok}},
          // The effective ids, mapped.
          {{receives, "uid", 65534, 1000}, {receives, "gid", 65534, 1000}}};
}

LeakTable foreign_files_leaks() {
  constexpr std::string_view tries = "inside tries";
  return {&foreign_files,
          {{tries, "overflow id", 65534},
           {tries, "owner", 65534, 4711},
           {tries, "group", 65534, 4711},
           {tries, "open", Value::err(EACCES), ok},
           {tries, "chmod", Value::err(EPERM), ok},
           {tries, "chown", Value::err(EPERM), ok},
           {tries, "open its own without any mode bits", ok}},
          {}};
}

LeakTable foreign_processes_leaks() {
  constexpr std::string_view reaches = "inside reaches for them";
  return {&foreign_processes,
          {{"outside makes processes", "theirs become", ok},
           {reaches, "kill its own", ok},
           {reaches, "kill", Value::err(EPERM), ok},
           {reaches, "process_vm_readv", Value::err(EPERM), ok},
           {reaches, "open environ", Value::err(EACCES), ok},
           {reaches, "setpriority", Value::err(EPERM), ok}},
          {}};
}

LeakTable sgid_leaks() {
  return {&sgid_unmapped,
          {{"inside sets S_ISGID", "chmod /foreign-group", ok},
           {"inside sets S_ISGID", "chmod /own-group", ok},
           {"outside looks", "own mode", 02755},
           {"outside looks", "foreign mode", 0755, 02755}},
          {}};
}

LeakTable map_view_leaks() {
  constexpr const char* initial = "0 0 4294967295";
  return {&map_view,
          {{"outside looks at itself", "uid", 0},
           {"outside looks at itself", "gid", 0},
           {"inside looks", "nested", ok},
           {"inside looks", "uid_map", "1000 0 1", initial},
           {"inside looks", "gid_map", "1000 0 1", initial},
           {"outside looks", "uid_map", "1000 0 1", initial},
           {"outside looks", "gid_map", "1000 0 1", initial},
           {"inside looks", "nested uid_map", "0 1000 1", "1000 0 1"},
           {"outside looks", "nested uid_map", "0 0 1", "1000 0 1"}},
          // The inside's ids, for the outside.
          {{"outside looks", "nested uid_map", "0 0 1", "0 1000 1"}}};
}

LeakTable owner_leaks(const Probe& probe, std::initializer_list<const char*> kinds) {
  LeakTable table{&probe, {{"outside looks", "user", 100}, {"inside looks", "user", 200, 100}}, {}};
  static std::deque<std::string> names;  // facts hold views, and a deque's elements stay in place
  for (const char* kind : kinds) {
    const std::string& owner = names.emplace_back("owner of " + std::string(kind));
    const std::string& call = names.emplace_back("NS_GET_USERNS " + std::string(kind));
    table.facts.emplace_back("inside looks", owner, 200, 100);
    table.facts.emplace_back("inside looks", call, ok);
  }
  return table;
}

LeakTable owner_uid_leaks() {
  return {&owner_uid,
          {{"outside looks at itself", "euid", 0},
           {"outside looks at itself", "user", 100},
           {"inside asks", "NS_GET_OWNER_UID", ok},
           {"outside asks", "NS_GET_OWNER_UID", ok},
           {"outside asks", "NS_GET_OWNER_UID uts", Value::err(EINVAL), ok},
           {"outside asks", "owner", 0, 4711},
           {"inside asks", "owner", 1000, 0},
           {"outside asks", "parent", 100, -1},
           {"inside asks", "NS_GET_PARENT", Value::err(EPERM), ok}},
          {}};
}

LeakTable overlay_leaks() {
  constexpr std::string_view uses = "inside uses an overlay";
  constexpr std::string_view upper = "outside looks at the upper layer";
  return {&overlay_userns,
          {{uses, "mount", ok},
           {uses, "read mine", ok},
           {uses, "read theirs", ok},
           {uses, "write mine", ok},
           {upper, "mine", ok},
           {uses, "chown mine", ok},
           {uses, "read secret", Value::err(EACCES), ok},
           {uses, "read closed", Value::err(EACCES), ok},
           {uses, "chmod secret", Value::err(EPERM), ok},
           {upper, "secret", no_entry, ok},
           {uses, "write theirs", Value::err(EOVERFLOW), ok},
           {upper, "theirs", no_entry, ok}},
          {}};
}

LeakTable rlimit_leaks(const Probe& probe, int refusal, int had) {
  return {&probe,
          {{"inside takes", "limit", ok},
           {"outside takes", "had under the limit", 0},
           {"outside takes", "take", ok},
           {"inside takes", "had", had, 0},
           {"inside takes", "then", Value::err(refusal), Value::err(EPERM)}},
          // It is not bound at all.
          {{"inside takes", "then", Value::err(refusal), ok}}};
}

LeakTable nproc_leaks() {
  LeakTable table = rlimit_leaks(rlimit_nproc, EAGAIN, 2);
  table.facts.emplace_back("inside takes", "already", 1);
  return table;
}

LeakTable answers_leaks() {
  constexpr std::string_view asks = "inside asks";
  constexpr std::string_view answers = "outside asks";
  return {&ids_in_answers,
          {{"outside makes a segment", "uid", 0},
           {"outside makes a segment", "gid", 0},
           {asks, "segment", ok},
           {asks, "owner of the segment", 1000, 0},
           {asks, "group of the segment", 1000, 0},
           {asks, "creator of the segment", 1000, 0},
           {asks, "Uid of the outside", 1000, 0},
           {asks, "Gid of the outside", 1000, 0},
           {asks, "sender of the signal", 1000, 0},
           {asks, "make a segment", ok},
           {asks, "kill", ok},
           {answers, "Uid of the inside", 0},
           {answers, "Gid of the inside", 0},
           {answers, "sender of the signal", 0},
           {answers, "owner of the segment", 0}},
          {}};
}

}  // namespace

std::vector<LeakTable> user_leak_tables() {
  std::vector<LeakTable> tables{
      id_leaks(uid_map, "uid", "euid"),
      id_leaks(gid_map, "gid", "egid"),
      file_owner_leaks(),
      peer_ids_leaks(),
      real_ids_leaks(),
      foreign_files_leaks(),
      foreign_processes_leaks(),
      sgid_leaks(),
      map_view_leaks(),
      owner_leaks(owner, {"pid", "uts", "ipc", "net", "cgroup", "mnt"}),
      owner_leaks(owner_time, {"time"}),
      owner_uid_leaks(),
      overlay_leaks(),
      nproc_leaks(),
      rlimit_leaks(rlimit_sigpending, EAGAIN, 3),
      rlimit_leaks(rlimit_msgqueue, EMFILE, 1),
      rlimit_leaks(rlimit_memlock, ENOMEM, 3),
      answers_leaks(),
  };
  for (LeakTable& table : user_rule_tables()) tables.push_back(std::move(table));
  return tables;
}

}  // namespace nsbench
