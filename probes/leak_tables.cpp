#include <fmt/format.h>

#include <cerrno>

#include "probes/families.h"
#include "probes/leak_table.h"

namespace nsbench {
namespace {

using namespace probes;

const Value ok = Value::err(0);
const Value no_entry = Value::err(ENOENT);

LeakTable identity_leaks(const Probe& probe) {
  LeakTable table{&probe, {}, {}};
  for (const KindRow& kind : all_kinds) {
    const auto link = [&kind](int inode) { return fmt::format("{}:[{}]", kind.name, inode); };
    const bool own = kind.name == probe.family;
    table.facts.emplace_back("outside looks", kind.name, link(1));
    table.facts.emplace_back("inside looks", kind.name, link(own ? 2 : 1), link(1));
    if (!own) continue;
    table.facts.emplace_back("sibling looks", kind.name, link(3), link(1));
    table.further_leaks.emplace_back("sibling looks", kind.name, link(3), link(2));
  }
  return table;
}

LeakTable pid_one_leaks() {
  return {&pid_one,
          {{"inside looks", "pid", 1, 20},
           {"inside looks", "ppid", 0, 1},
           {"inside looks", "NSpid", "1", "20"},
           {"outside looks", "pid of the inside", 20},
           {"outside looks", "NSpid", "20\t1", "20"}},
          {}};
}

LeakTable parent_invisible_leaks() {
  return {&parent_invisible,
          {{"outside looks", "sid", 1},
           {"inside looks", "ppid", 0, 1},
           {"inside looks", "sid", 0, 1},
           {"inside looks", "pgid", 0, 1}},
          {}};
}

LeakTable proc_view_leaks() {
  return {&proc_view,
          {{"outside has a victim", "victims", 1},
           {"outside has a victim", "last pid", 43},
           {"outside has a victim", "ns_last_pid", "43"},
           {"inside mounts proc", "mount(proc)", ok},
           {"inside mounts proc", "getpid", 1},
           {"inside mounts proc", "self", "1"},
           {"inside mounts proc", "victims", 0, 1},
           {"inside mounts proc", "last pid", 2, 44},
           {"inside mounts proc", "ns_last_pid", "2", "44"}},
          {}};
}

LeakTable hostname_leaks() {
  return {&hostname,
          {{"inside renames", "sethostname", ok},
           {"inside renames", "nodename", "nsb-inside"},
           {"inside renames", "gethostname's", "nsb-inside"},
           {"inside renames", "kernel.hostname", "nsb-inside"},
           {"outside looks", "nodename", "nsb-outside", "nsb-inside"},
           {"outside looks", "kernel.hostname", "nsb-outside", "nsb-inside"},
           {"sibling looks", "nodename", "nsb-sibling", "nsb-inside"},
           {"inside looks", "nodename", "nsb-inside", "nsb-renamed"}},
          {}};
}

LeakTable hostname_sysctl_leaks() {
  return {&hostname_sysctl,
          {{"inside writes", "write kernel.hostname", ok},
           {"inside writes", "nodename", "nsb-inside"},
           {"outside looks", "nodename", "nsb-outside", "nsb-inside"},
           {"inside looks", "kernel.hostname", "nsb-inside", "nsb-again"}},
          {}};
}

LeakTable mount_view_leaks() {
  return {&mount_view,
          {{"inside mounts", "mount", ok},
           {"inside mounts", "listed by-inside", 1},
           {"inside mounts", "access by-inside", ok},
           {"outside looks", "listed by-inside", 0, 1},
           {"outside looks", "access by-inside", no_entry, ok},
           {"sibling looks", "listed by-inside", 0, 1},
           {"sibling looks", "access by-inside", no_entry, ok},
           {"inside looks", "listed by-outside", 0, 1},
           {"inside looks", "access by-outside", no_entry, ok}},
          {}};
}

LeakTable umount_view_leaks() {
  return {&umount_view,
          {{"inside is born", "access first", ok},
           {"inside unmounts", "umount", ok},
           {"outside unmounts", "umount", ok},
           {"outside looks", "listed first", 1, 0},
           {"outside looks", "access first", ok, no_entry},
           {"inside looks", "access second", ok, no_entry}},
          {}};
}

LeakTable pivot_root_leaks() {
  return {&pivot_root,
          {{"outside looks first", "root device:inode", "1:2"},
           {"inside pivots", "pivot_root", ok},
           {"inside pivots", "access(/nsb-mark)", ok},
           {"outside looks", "access(/nsb-mark)", no_entry, ok},
           {"outside looks", "root device:inode", "1:2", "50:1"}},
          {}};
}

LeakTable sysv_leaks(const Probe& probe) {
  const Value invalid = Value::err(EINVAL);
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
           {"inside takes the same key", "create with the same key", ok, Value::err(EEXIST)},
           {"outside reads its own", "value", 3, 7}},
          // Another errno is no isolation either: it is not what the kernel promises.
          {{"inside looks", "get by key", no_entry, Value::err(EACCES)},
           {"inside looks", "stat by id", invalid, Value::err(EACCES)}}};
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

LeakTable interfaces_leaks() {
  LeakTable table{&interfaces,
                  {{"outside makes a link", "make", ok},
                   {"inside makes a link", "make", ok},
                   {"inside looks", "lo", "down", "up"}},
                  {}};
  for (const char* way : {"rtnetlink", "SIOCGIFINDEX", "/proc/net/dev", "/sys/class/net"}) {
    for (const char* maker : {"outside makes a link", "inside makes a link"}) {
      table.facts.emplace_back(maker, way, "yes");
    }
    for (const char* other : {"inside looks", "outside looks", "sibling looks"}) {
      table.facts.emplace_back(other, way, "no", "yes");
    }
  }
  return table;
}

LeakTable interface_names_leaks() {
  const Value taken = Value::err(EEXIST);
  return {&interface_names,
          {{"outside makes a link", "make", ok},
           {"inside takes the same name", "make", ok, taken},
           {"sibling takes the same name", "make", ok, taken}},
          {}};
}

}  // namespace

void Value::put(Observation& seen, std::string_view name) const {
  switch (kind) {
    case Fact::Kind::Text:
      return seen.text(name, text);
    case Fact::Kind::Number:
      return seen.number(name, number);
    case Fact::Kind::Errno:
      return seen.result(name, static_cast<int>(number));
  }
}

std::vector<LeakTable> leak_tables() {
  std::vector<LeakTable> tables{
      pid_one_leaks(),         parent_invisible_leaks(),
      proc_view_leaks(),       hostname_leaks(),
      hostname_sysctl_leaks(), mount_view_leaks(),
      umount_view_leaks(),     pivot_root_leaks(),
      sysv_leaks(sysv_shm),    sysv_leaks(sysv_sem),
      sysv_leaks(sysv_msg),    mqueue_leaks(),
      file_owner_leaks(),      id_leaks(uid_map, "uid", "euid"),
      peer_ids_leaks(),        id_leaks(gid_map, "gid", "egid"),
      interfaces_leaks(),      interface_names_leaks(),
  };
  for (const Probe* probe : {&pid_identity, &uts_identity, &mnt_identity, &ipc_identity,
                             &user_identity, &net_identity, &cgroup_identity, &time_identity}) {
    tables.push_back(identity_leaks(*probe));
  }
  return tables;
}

}  // namespace nsbench
