#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "probes/leak_table.h"
#include "probes/nsfs/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value not_permitted = Value::err(EPERM);
const Value invalid = Value::err(EINVAL);

std::string link(std::string_view kind, int inode) { return fmt::format("{}:[{}]", kind, inode); }

LeakTable identity_leaks(const Probe& probe) {
  LeakTable table{&probe, {}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string_view name = kind.name;
    const bool own = name == probe.family;
    table.facts.emplace_back("outside looks", name, link(name, 1));
    table.facts.emplace_back("inside looks", name, link(name, own ? 2 : 1), link(name, 1));
    if (!own) continue;
    table.facts.emplace_back("inside looks", fmt::format("child's {}", name), link(name, 2),
                             link(name, 1));
    table.facts.emplace_back("sibling looks", name, link(name, 3), link(name, 1));
    table.further_leaks.emplace_back("outside looks", name, link(name, 1), link(name, 2));
    table.further_leaks.emplace_back("sibling looks", name, link(name, 3), link(name, 2));
  }
  return table;
}

LeakTable links_leaks() {
  LeakTable table{&ns_links, {{"outside looks", "kinds", "all"}}, {}};
  table.facts.emplace_back(
      "inside looks", "entries",
      "cgroup ipc mnt net pid pid_for_children time time_for_children user uts");
  for (const KindRow& kind : all_kinds) {
    const std::string_view name = kind.name;
    const std::string own(name);
    table.facts.emplace_back("outside looks", name, link(name, 1));
    table.facts.emplace_back("inside looks", name, link(name, 2), link(name, 1));
    table.facts.emplace_back("inside looks", own + " by stat", link(name, 2), link(name, 1));
    table.facts.emplace_back("inside looks", own + " on nsfs", 1);
    table.further_leaks.emplace_back("inside looks", own + " on nsfs", 1, 0);
    table.further_leaks.emplace_back("inside looks", own + " by stat", link(name, 2),
                                     link(name, 9));
    table.facts.emplace_back("outside looks at the inside", name, link(name, 2), link(name, 1));
    table.further_leaks.emplace_back("outside looks", name, link(name, 1), link(name, 2));
  }
  return table;
}

LeakTable for_children_leaks(const Probe& probe, std::string_view kind, bool moved) {
  constexpr std::string_view act = "outside changes its children's";
  const std::string before = link(kind, 1);
  const std::string after = link(kind, 2);
  return {
      &probe,
      {{act, "the call", ok},
       {act, "own before", before},
       {act, "own is to be", moved ? after : before, before},
       {act, "own", moved ? after : before, before},
       {act, "at once is to be", moved ? after : "ENOENT", before},
       {act, "for children at once", moved ? after : "ENOENT", before},
       {act, "for children", after, before},
       {act, "child's", after, before},
       {"inside looks", "own", link(kind, 3), before},
       {"inside looks", "for children", link(kind, 3), before}},
      {{act, "own", moved ? after : before, link(kind, 9)}, {act, "own before", before, after}}};
}

LeakTable nstype_leaks() {
  constexpr std::string_view types = "outside asks namespaces";
  constexpr std::string_view others = "outside asks other files";
  LeakTable table{&nstype,
                  {{types, "kinds", "all"},
                   {others, "a file", Value::err(ENOTTY), ok},
                   {others, "a directory", Value::err(ENOTTY), ok},
                   {others, "a closed descriptor", Value::err(EBADF), ok}},
                  {}};
  for (const KindRow& kind : all_kinds) {
    table.facts.emplace_back(types, kind.name, ok);
    table.facts.emplace_back(types, std::string(kind.name) + " type", static_cast<int>(kind.flag),
                             0);
  }
  return table;
}

LeakTable setns_type_leaks() {
  constexpr std::string_view act = "outside joins";
  LeakTable table{&setns_type, {{act, "kinds", "all"}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string name(kind.name);
    table.facts.emplace_back(act, name + " as another", invalid, ok);
    table.facts.emplace_back(act, name + " stays", 1, 0);
    table.facts.emplace_back(act, name + " as such", ok);
    table.facts.emplace_back(act, name + " is joined", 1);
    table.facts.emplace_back(act, name + " untyped", ok);
    table.facts.emplace_back(act, name + " is joined untyped", 1);
  }
  return table;
}

LeakTable parent_user_leaks() {
  const std::string parent = link("user", 1);
  return {&parent_user,
          {{"outside names its own", "own", parent},
           {"outside names its own", "euid", 0},
           {"outside names its own", "euid inside", 1000},
           {"inside asks", "ns", link("user", 2), parent},
           {"inside asks", "NS_GET_PARENT", not_permitted, ok},
           {"inside asks", "NS_GET_USERNS", not_permitted, ok},
           {"inside asks", "owner uid", 1000, 0},
           {"outside asks", "ns", link("user", 2), parent},
           {"outside asks", "name by NS_GET_PARENT", parent, "EPERM"},
           {"outside asks", "name by NS_GET_USERNS", parent, "EPERM"},
           {"outside asks", "owner uid", 0, 1}},
          {}};
}

LeakTable parent_pid_leaks() {
  const std::string parent = link("pid", 1);
  return {&parent_pid,
          {{"outside names its own", "own", parent},
           {"outside names its own", "own user", link("user", 7)},
           {"inside asks", "ns", link("pid", 2), parent},
           {"inside asks", "NS_GET_PARENT", not_permitted, ok},
           {"inside asks", "name by NS_GET_USERNS", link("user", 7)},
           {"outside asks", "ns", link("pid", 2), parent},
           {"outside asks", "name by NS_GET_PARENT", parent, "EPERM"}},
          {}};
}

LeakTable owner_reach_leaks() {
  LeakTable table{&owner_reach, {{"outside asks", "kinds", "all"}}, {}};
  for (const KindRow& kind : all_kinds) {
    if (kind.kind == Kind::User) continue;
    table.facts.emplace_back("outside asks", kind.name, ok);
    table.facts.emplace_back("inside asks", kind.name, not_permitted, ok);
  }
  return table;
}

LeakTable relatives_none_leaks() {
  constexpr std::string_view act = "outside asks";
  LeakTable table{&relatives_none, {{act, "kinds", "all"}, {act, "NS_GET_OWNER_UID", ok}}, {}};
  for (const KindRow& kind : all_kinds) {
    if (kind.kind == Kind::User) continue;
    const std::string name(kind.name);
    table.facts.emplace_back(act, name + " owner", ok);
    table.facts.emplace_back(act, name + " owner uid", invalid, ok);
    if (kind.kind == Kind::Pid) continue;
    table.facts.emplace_back(act, name + " parent", invalid, ok);
  }
  return table;
}

LeakTable pid_translation_leaks() {
  constexpr std::string_view act = "outside asks";
  return {&pid_translation,
          {{"inside tells its pid", "pid", 1, 20},
           {act, "inside's pid outside", 20},
           {act, "pid in", ok},
           {act, "tgid in", ok},
           {act, "pid in is", 1, 20},
           {act, "tgid in is", 1, 20},
           {act, "pid from is", 20},
           {act, "tgid from is", 20},
           {act, "outside's in", Value::err(ESRCH), ok},
           {act, "of a uts namespace", invalid, ok}},
          {}};
}

LeakTable keepalive_leaks(const Probe& probe) {
  constexpr std::string_view act = "outside keeps";
  const Value full = Value::err(ENOSPC);
  LeakTable table{&probe, {{act, "kinds", "all"}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string name = fmt::format("limited {} ", kind.name);
    table.facts.emplace_back(act, name + "limit", ok);
    table.facts.emplace_back(act, name + "made", ok);
    table.facts.emplace_back(act, name + "another", full, ok);
    table.facts.emplace_back(act, name + "is the same", 1);
    table.facts.emplace_back(act, name + "joined", ok);
    table.facts.emplace_back(act, name + "room", ok, full);
  }
  return table;
}

LeakTable keepalive_child_leaks() {
  constexpr std::string_view act = "outside keeps the last";
  const Value full = Value::err(ENOSPC);
  LeakTable table{&keepalive_child, {}, {}};
  for (const std::string_view kind : {"user", "pid", "uts"}) {
    const std::string name = fmt::format("limited {}", kind);
    table.facts.emplace_back(act, name + " made", ok);
    table.facts.emplace_back(act, name + " last made", ok);
    table.facts.emplace_back(act, name + "'s middle", link(kind, 3));
    table.facts.emplace_back(act, name + "'s asked", link(kind, 3), link(kind, 4));
    table.facts.emplace_back(act, name + " another", full, ok);
    table.facts.emplace_back(act, name + " room", ok, full);
  }
  return table;
}

LeakTable id_leaks() {
  LeakTable table{&ns_id, {{"outside asks", "kinds", "all"}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string id = std::string(kind.name) + " id";
    table.facts.emplace_back("inside asks", kind.name, ok);
    table.facts.emplace_back("outside asks", kind.name, ok);
    table.facts.emplace_back("outside asks", id, "11");
    table.facts.emplace_back("inside asks", id, "12", "11");
    table.facts.emplace_back("outside asks about the inside", id, "12", "11");
    table.further_leaks.emplace_back("outside asks", id, "11", "12");
  }
  return table;
}

LeakTable id_fresh_leaks() {
  constexpr std::string_view act = "outside makes two";
  return {&ns_id_fresh,
          {{act, "first enter", ok},
           {act, "first NS_GET_ID", ok},
           {act, "first id", "11"},
           {act, "second enter", ok},
           {act, "second NS_GET_ID", ok},
           {act, "second id", "12", "11"}},
          {}};
}

LeakTable mntns_id_leaks() {
  return {&mntns_id,
          {{"outside asks", "id", "11"},
           {"outside asks", "of uts", invalid, ok},
           {"inside asks", "of mnt", ok},
           {"inside asks", "id", "12", "11"},
           {"outside asks about the inside", "id", "12", "11"}},
          {{"outside asks", "id", "11", "12"}}};
}

LeakTable listns_leaks() {
  return {&ns_list,
          {{"outside lists", "listns", ok},
           {"inside lists", "listns", ok},
           {"inside lists", "own is listed", 1},
           {"inside lists", "outside's is listed", 0, 1}},
          {}};
}

LeakTable handles_leaks(const Probe& probe) {
  constexpr std::string_view act = "inside tries them";
  LeakTable table{&probe, {{act, "kinds", "all"}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string name(kind.name);
    const bool shared = !probe.namespaces.has(kind.kind);
    table.facts.emplace_back(act, name + " handle", ok);
    table.facts.emplace_back(act, name + " by id", "7 8 9");
    table.facts.emplace_back(act, name + " packed", "7 8 9");
    table.facts.emplace_back(act, name + " open", ok);
    table.facts.emplace_back(act, name, link(name, 2));
    table.facts.emplace_back(act, name + " opened", link(name, 2));
    table.facts.emplace_back(act, name + " of outside", shared ? ok : Value::err(ESTALE), ok);
  }
  return table;
}

LeakTable handle_stale_leaks() {
  constexpr std::string_view act = "outside outlives it";
  return {&handle_stale,
          {{act, "member enter", ok},
           {act, "member handle", ok},
           {act, "member open", ok},
           {act, "member packed", "7 8 9"},
           {act, "open when it is gone", Value::err(ESTALE), ok}},
          {}};
}

}  // namespace

std::vector<LeakTable> nsfs_leak_tables() {
  std::vector<LeakTable> tables;
  for (const Probe* probe : {&pid_identity, &uts_identity, &mnt_identity, &ipc_identity,
                             &user_identity, &net_identity, &cgroup_identity, &time_identity}) {
    tables.push_back(identity_leaks(*probe));
  }
  for (LeakTable& table : std::array{links_leaks(),
                                     for_children_leaks(pid_for_children, "pid", false),
                                     for_children_leaks(time_for_children, "time", true),
                                     nstype_leaks(),
                                     setns_type_leaks(),
                                     parent_user_leaks(),
                                     parent_pid_leaks(),
                                     owner_reach_leaks(),
                                     relatives_none_leaks(),
                                     pid_translation_leaks(),
                                     keepalive_leaks(keepalive_fd),
                                     keepalive_leaks(keepalive_bind),
                                     keepalive_child_leaks(),
                                     id_leaks(),
                                     id_fresh_leaks(),
                                     mntns_id_leaks(),
                                     listns_leaks(),
                                     handles_leaks(handles),
                                     handles_leaks(handles_host),
                                     handle_stale_leaks()}) {
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace nsbench
