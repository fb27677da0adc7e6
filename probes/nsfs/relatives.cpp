// nsfs: the ioctls that lead from a namespace to its parent and its owner, and how far they lead.
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

// Asks for another namespace: its name, and the errno.
void ask(Observation& seen, const std::string& question, int fd, unsigned request) {
  const int answer = ::ioctl(fd, request);
  seen.call(question, answer);
  seen.text("name by " + question, ns_file::name_of_answer(answer));
}

void ask_owner_uid(Observation& seen, int fd) {
  uid_t owner = 0;
  if (seen.call("NS_GET_OWNER_UID", ::ioctl(fd, ns_file::get_owner_uid, &owner)) == 0) {
    seen.number("owner uid", owner);
  }
}

Fd open_inside(const Scene& scene, Kind kind) {
  return ns_file::open(kind, std::to_string(scene.inside_pid()));
}

// The inside's namespace as the outside sees it, and its own as the inside sees it.
template <Kind kind>
void look(Observation& seen, const Fd& ns) {
  seen.text("ns", ns_file::name_of(ns.get()));
  ask(seen, "NS_GET_PARENT", ns.get(), ns_file::get_parent);
  ask(seen, "NS_GET_USERNS", ns.get(), ns_file::get_userns);
  if (kind == Kind::User) ask_owner_uid(seen, ns.get());
}

template <Kind kind>
constexpr std::array parent_acts{
    Act{Side::Outside, "outside names its own",
        [](Scene& s) {
          s.seen.text("own", ns_file::link(row(kind).name));
          s.seen.text("own user", ns_file::link("user"));
          s.seen.number("euid", ::geteuid());
          s.seen.number("euid inside", inside_id(::geteuid()));
        }},
    Act{Side::Inside, "inside asks", [](Scene& s) { look<kind>(s.seen, ns_file::open(kind)); }},
    Act{Side::Outside, "outside asks", [](Scene& s) { look<kind>(s.seen, open_inside(s, kind)); }},
};

std::string number(const Observation& seen, std::string_view name) {
  return std::to_string(seen.number_of(name));
}

template <Kind kind>
Judgement judge_parent(const Transcript& t) {
  Judgement j;
  const Observation& own = t.at("outside names its own");
  const Observation& outside = t.at("outside asks");
  const Observation& inside = t.at("inside asks");
  j.works_equal("both sides hold the same namespace", inside.text_of("ns"), outside.text_of("ns"));
  j.isolated_equal("NS_GET_PARENT, asked outside, is the outside's namespace", own.text_of("own"),
                   outside.text_of("name by NS_GET_PARENT"));
  j.rule_errno("NS_GET_PARENT of one's own outermost visible namespace is refused", EPERM,
               inside.errno_of("NS_GET_PARENT"));
  if (kind != Kind::User) {
    j.works_equal("NS_GET_USERNS, asked inside, is the owner", own.text_of("own user"),
                  inside.text_of("name by NS_GET_USERNS"));
    return j;
  }
  j.isolated_equal("NS_GET_USERNS of a user namespace is its parent", own.text_of("own"),
                   outside.text_of("name by NS_GET_USERNS"));
  j.rule_errno("NS_GET_USERNS of one's own user namespace is refused", EPERM,
               inside.errno_of("NS_GET_USERNS"));
  j.rule_equal("NS_GET_OWNER_UID, asked outside, is the creator's euid", number(own, "euid"),
               number(outside, "owner uid"));
  j.rule_equal("NS_GET_OWNER_UID, asked inside, is that id as mapped", number(own, "euid inside"),
               number(inside, "owner uid"));
  return j;
}

template <Kind kind>
constexpr Probe parent_probe(std::string_view name, std::string_view sentence) {
  return {.family = "nsfs",
          .name = name,
          .sentence = sentence,
          .source =
              "ioctl_nsfs(2); fs/nsfs.c ns_ioctl(), kernel/pid_namespace.c "
              "pidns_get_parent(), kernel/user_namespace.c ns_get_owner()",
          .first_kernel = "4.9",
          .namespaces = {kind},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = parent_acts<kind>,
          .judge = judge_parent<kind>,
          .why =
              "lsns and checkpoint/restore draw the tree of namespaces with these ioctls. What "
              "they return is an open namespace, which may be joined: it must never be one "
              "above the caller's own.",
          .failure =
              "A process inside gets a descriptor of the host's namespace by asking for "
              "its parent.",
          .by_hand =
              "lsns --type user --tree\nlsns --type pid --tree\n"
              "unshare --user --map-root-user lsns --type user --output NS,PNS,ONS"};
}

// What belongs to an ancestor: a process in a user namespace of its own is still in the outside's
// seven other namespaces, and must not get at their owner.
void ask_for_owners(Observation& seen) {
  ns_file::record_kinds(seen);
  for (const Kind kind : (ns_file::present_kinds() - NamespaceSet{Kind::User}).kinds()) {
    const Fd ns = ns_file::open(kind);
    ask(seen, std::string(row(kind).name), ns.get(), ns_file::get_userns);
  }
}

constexpr std::array owner_acts{
    Act{Side::Outside, "outside asks",
        [](Scene& s) {
          s.seen.text("own user", ns_file::link("user"));
          ask_for_owners(s.seen);
        }},
    Act{Side::Inside, "inside asks", [](Scene& s) { ask_for_owners(s.seen); }},
};

Judgement judge_owner(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside asks");
  const NamespaceSet kinds = ns_file::recorded_kinds(outside) - NamespaceSet{Kind::User};
  j.works("/proc/self/ns has files", "at least one", outside.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    j.works_errno("the owner of the outside's " + name + " namespace is open to the outside",
                  outside.errno_of(name));
    j.isolated_errno("the owner of the outside's " + name + " namespace is closed to the inside",
                     EPERM, t.at("inside asks").errno_of(name));
  }
  return j;
}

// Kinds without a parent, and without an owner's uid.
void ask_in_vain(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  const Fd user = ns_file::open(Kind::User);
  ask_owner_uid(scene.seen, user.get());
  for (const Kind kind : (ns_file::present_kinds() - NamespaceSet{Kind::User}).kinds()) {
    const std::string name(row(kind).name);
    const Fd ns = ns_file::open(kind);
    uid_t owner = 0;
    scene.seen.call(name + " owner uid", ::ioctl(ns.get(), ns_file::get_owner_uid, &owner));
    ask(scene.seen, name + " owner", ns.get(), ns_file::get_userns);
    if (kind != Kind::Pid) ask(scene.seen, name + " parent", ns.get(), ns_file::get_parent);
  }
}

constexpr std::array vain_acts{Act{Side::Outside, "outside asks", ask_in_vain}};

Judgement judge_vain(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside asks");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen) - NamespaceSet{Kind::User};
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  j.works_errno("NS_GET_OWNER_UID of a user namespace", seen.errno_of("NS_GET_OWNER_UID"));
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    j.works_errno("NS_GET_USERNS of a " + name + " namespace", seen.errno_of(name + " owner"));
    j.rule_errno("NS_GET_OWNER_UID of a " + name + " namespace", EINVAL,
                 seen.errno_of(name + " owner uid"));
    if (kind == Kind::Pid) continue;
    j.rule_errno("NS_GET_PARENT of a " + name + " namespace, which has none", EINVAL,
                 seen.errno_of(name + " parent"));
  }
  return j;
}

constexpr std::array one_way{Way{Method::Clone, ""}};

}  // namespace

constinit const Probe parent_user = parent_probe<Kind::User>(
    "parent_user",
    "a user namespace's parent and owner are told to those above it, and hidden from itself");
constinit const Probe parent_pid = parent_probe<Kind::Pid>(
    "parent_pid", "a pid namespace's parent is told to those above it, and hidden from itself");

constinit const Probe owner_reach{
    .family = "nsfs",
    .name = "owner_reach",
    .sentence = "NS_GET_USERNS gives no user namespace above the caller's own",
    .source = "ioctl_nsfs(2); kernel/user_namespace.c ns_get_owner()",
    .first_kernel = "4.9",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = owner_acts,
    .judge = judge_owner,
    .why =
        "The descriptor that NS_GET_USERNS returns can be joined and asked further. A process "
        "that made itself a user namespace still shares its other namespaces with the host.",
    .failure =
        "An unprivileged process holds a descriptor of the host's user namespace, got "
        "through any namespace that it shares with the host.",
    .by_hand =
        "lsns --output NS,TYPE,ONS\n"
        "unshare --user --map-root-user lsns --output NS,TYPE,ONS",
    .arena = NamespaceSet::all(),  // so that the outside's user namespace owns them
    .arena_if_present = true,
};

constinit const Probe relatives_none{
    .family = "nsfs",
    .name = "relatives_none",
    .sentence = "NS_GET_PARENT and NS_GET_OWNER_UID are EINVAL for kinds that have neither",
    .source = "ioctl_nsfs(2); fs/nsfs.c ns_ioctl()",
    .first_kernel = "4.11",
    .ways = one_way,
    .privileges = all_privileges,
    .acts = vain_acts,
    .judge = judge_vain,
    .why = "Tools ask any descriptor and go by the errno.",
    .failure = "A tool that draws the tree of namespaces takes an arbitrary one for a parent.",
    .by_hand = "lsns --output NS,TYPE,PNS,ONS",
    .control = ControlKind::Positive,
    .arena = NamespaceSet::all() - NamespaceSet{Kind::User},
    .arena_if_present = true,
};

}  // namespace nsbench::probes
