// user: which user namespace owns a namespace, and which user owns that.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/fd.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

Fd open_ns(const std::string& dir, std::string_view kind) {
  return Fd(::open(fmt::format("{}/ns/{}", dir, kind).c_str(), O_RDONLY | O_CLOEXEC));
}

// nsfs's number of a namespace; -1 where there is none.
std::int64_t number_of(const Fd& ns) {
  struct stat info {};
  return ns.valid() && ::fstat(ns.get(), &info) == 0 ? static_cast<std::int64_t>(info.st_ino) : -1;
}

constexpr NamespaceSet without_time = NamespaceSet::all() - NamespaceSet{Kind::Time};
constexpr NamespaceSet with_time{Kind::User, Kind::Time};

// Of each kind in `set` but user, the number of the user namespace that owns it.
void look_at_owners(Observation& seen, NamespaceSet set) {
  seen.number("user", number_of(open_ns("/proc/self", "user")));
  for (Kind kind : set.kinds()) {
    if (kind == Kind::User) continue;
    const std::string_view name = row(kind).name;
    const Fd ns = open_ns("/proc/self", name);
    const Fd owner(::ioctl(ns.get(), NS_GET_USERNS));
    seen.call(fmt::format("NS_GET_USERNS {}", name), owner.get());
    seen.number(fmt::format("owner of {}", name), number_of(owner));
  }
}

template <int which>
constexpr NamespaceSet set_of = which == 0 ? without_time : with_time;

template <int which>
constexpr std::array owner_acts{
    Act{Side::Outside, "outside looks",
        [](Scene& s) { s.seen.number("user", number_of(open_ns("/proc/self", "user"))); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look_at_owners(s.seen, set_of<which>); }},
};

template <int which>
Judgement judge_owners(const Transcript& t) {
  Judgement j;
  const std::int64_t outside = t.at("outside looks").number_of("user");
  const Observation& inside = t.at("inside looks");
  const std::int64_t user = inside.number_of("user");
  for (Kind kind : set_of<which>.kinds()) {
    if (kind == Kind::User) continue;
    const std::string name(row(kind).name);
    const std::int64_t owner = inside.number_of("owner of " + name);
    j.works_errno("NS_GET_USERNS of " + name, inside.errno_of("NS_GET_USERNS " + name));
    j.isolated(name + " is owned by the user namespace made with it, not by the outside's",
               fmt::format("{}, not {}", user, outside), std::to_string(owner),
               owner > 0 && owner == user && user != outside && outside > 0);
  }
  return j;
}

template <int which>
constexpr Probe owner_probe(std::string_view name, std::string_view first_kernel,
                            std::string_view by_hand) {
  return {.family = "user",
          .name = name,
          .sentence = "a namespace made in one call with a user namespace is owned by that one",
          .source =
              "user_namespaces(7) \"Interaction of user namespaces and other types of "
              "namespaces\", ioctl_nsfs(2); kernel/nsproxy.c create_new_namespaces()",
          .first_kernel = first_kernel,
          .namespaces = set_of<which>,
          .ways = making_ways,
          .privileges = all_privileges,
          .acts = owner_acts<which>,
          .judge = judge_owners<which>,
          .why =
              "Every privileged call asks for a capability in the namespace's owner. This is how "
              "an unprivileged user gets namespaces that he may use, and no others.",
          .failure = "Root inside can't use its own namespaces, or may use the outside's.",
          .by_hand = by_hand};
}

// NS_GET_OWNER_UID: the effective uid of the maker, as the caller knows it.
void ask_owner(Observation& seen, const std::string& dir) {
  uid_t uid = 0;
  const Fd user = open_ns(dir, "user");
  if (seen.call("NS_GET_OWNER_UID", ::ioctl(user.get(), NS_GET_OWNER_UID, &uid)) == 0) {
    seen.number("owner", uid);
  }
  seen.call("NS_GET_OWNER_UID uts", ::ioctl(open_ns(dir, "uts").get(), NS_GET_OWNER_UID, &uid));
  const Fd parent(::ioctl(user.get(), NS_GET_PARENT));
  seen.call("NS_GET_PARENT", parent.get());
  seen.number("parent", number_of(parent));
}

// The arena's may be the initial one, and have no owner to be seen but root.
constexpr std::array uid_acts{
    Act{Side::Outside, "outside looks at itself",
        [](Scene& s) {
          s.seen.number("euid", ::geteuid());
          s.seen.number("user", number_of(open_ns("/proc/self", "user")));
        }},
    Act{Side::Inside, "inside asks", [](Scene& s) { ask_owner(s.seen, "/proc/self"); }},
    Act{Side::Outside, "outside asks",
        [](Scene& s) { ask_owner(s.seen, fmt::format("/proc/{}", s.inside_pid())); }},
};

Judgement judge_uid(const Transcript& t) {
  Judgement j;
  const Observation& self = t.at("outside looks at itself");
  const Observation& inside = t.at("inside asks");
  const Observation& outside = t.at("outside asks");
  const std::int64_t euid = self.number_of("euid");
  j.works_errno("NS_GET_OWNER_UID of a user namespace inside", inside.errno_of("NS_GET_OWNER_UID"));
  j.works_errno("NS_GET_OWNER_UID of a user namespace outside",
                outside.errno_of("NS_GET_OWNER_UID"));
  j.rule_errno("NS_GET_OWNER_UID of another kind is EINVAL", EINVAL,
               outside.errno_of("NS_GET_OWNER_UID uts"));
  j.rule_equal("the owner is the maker's euid", std::to_string(euid),
               std::to_string(outside.number_of("owner")));
  j.rule_equal("and is mapped for the inside", std::to_string(inside_id(static_cast<uid_t>(euid))),
               std::to_string(inside.number_of("owner")));
  j.isolated_equal("its parent is the outside's user namespace",
                   std::to_string(self.number_of("user")),
                   std::to_string(outside.number_of("parent")));
  j.rule_errno("the inside can't see its parent", EPERM, inside.errno_of("NS_GET_PARENT"));
  return j;
}

}  // namespace

constinit const Probe owner = owner_probe<0>(
    "owner", "4.9",
    "unshare -r --uts --ipc --net sh -c 'readlink /proc/self/ns/user; lsns -p $$ -o NS,TYPE,ONS'");
constinit const Probe owner_time =
    owner_probe<1>("owner_time", "5.6", "unshare -r --time --fork lsns -t time -o NS,TYPE,ONS");

constinit const Probe owner_uid{
    .family = "user",
    .name = "owner_uid",
    .sentence = "a user namespace belongs to its maker's euid and to its maker's user namespace",
    .source = "ioctl_nsfs(2) NS_GET_OWNER_UID, NS_GET_PARENT; fs/nsfs.c ns_ioctl()",
    .first_kernel = "4.11",
    .namespaces = {Kind::User},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = uid_acts,
    .judge = judge_uid,
    .why =
        "The owner has every capability in the namespace. lsns and container engines show whose "
        "a namespace is by these two calls.",
    .failure =
        "A namespace is taken for another user's; a process inside learns of namespaces "
        "further out.",
    .by_hand =
        "unshare --user --map-root-user sleep 3 & sleep 1\n"
        "lsns -t user -o NS,PNS,TYPE,UID,COMMAND -p $!",
};

}  // namespace nsbench::probes
