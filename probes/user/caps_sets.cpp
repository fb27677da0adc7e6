// user: the capability sets and securebits of whoever enters, and who has capabilities in a
// namespace from outside.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr int inherited = CAP_NET_BIND_SERVICE;  // put into the inheritable and the ambient set
constexpr int dropped = CAP_NET_RAW;             // taken out of all sets

void look_at_sets(Observation& seen) {
  look_at_capabilities(seen);
  seen.number("securebits", ::prctl(PR_GET_SECUREBITS));
}

// This process is the probe's own (Side::Inside of an empty recipe).
void change_sets(Scene& scene) {
  if (!own_id_is_mappable(scene)) return;
  for (int needed : {CAP_SETPCAP, inherited}) {
    if (has_capability(needed)) continue;
    return scene.skip(SkipReason::NoPrivilege, "CAP_SETPCAP or CAP_NET_BIND_SERVICE is missing");
  }
  Observation& seen = scene.seen;
  const std::uint64_t left = permitted_capabilities() & ~capability_bit(dropped);
  seen.call("drop from the bounding set", ::prctl(PR_CAPBSET_DROP, dropped, 0, 0, 0));
  seen.result("capset", set_capabilities(left, left, capability_bit(inherited)));
  seen.call("raise ambient", ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, inherited, 0, 0));
  seen.call("set securebits", ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0));
  look_at_sets(seen);
  seen.text("all", every_capability());
  seen.text("one", one_capability(inherited));
}

constexpr std::array reset_acts{
    Act{Side::Inside, "a process changes its sets", change_sets},
    Act{Side::Inside, "it forks", [](Scene& s) { in_child(s, look_at_sets); }},
    Act{Side::Inside, "it enters",
        [](Scene& s) { in_nested(s, "it", user_set, look_at_sets, s.recipe().method); }},
};

Judgement judge_reset(const Transcript& t) {
  Judgement j;
  const Observation& before = t.at("a process changes its sets");
  const Observation& forked = t.at("it forks");
  const Observation& after = t.at("it enters");
  const std::string all = before.text_of("all");
  for (const char* set : {"CapInh", "CapAmb"}) {
    j.works_equal(fmt::format("{} is kept over a fork", set), before.text_of("one"),
                  forked.text_of(set));
    j.rule_equal(fmt::format("{} is empty after the entry", set), no_capabilities,
                 after.text_of(fmt::format("it {}", set)));
  }
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
    j.works(fmt::format("{} is not full over a fork", set), "not " + all, forked.text_of(set),
            forked.find(set) != nullptr && forked.text_of(set) != all);
    j.rule_equal(fmt::format("{} is full after the entry", set), all,
                 after.text_of(fmt::format("it {}", set)));
  }
  j.works_equal("securebits are kept over a fork", std::to_string(SECBIT_NOROOT),
                std::to_string(forked.number_of("securebits")));
  j.rule_equal("securebits are reset by the entry", "0",
               std::to_string(after.number_of("it securebits")));
  return j;
}

// Two generations: somebody's namespace, and one nested in it that another id made.
constexpr uid_t second = somebody + 1;

std::string user_file(const Further& process) { return process.file("ns/user"); }

struct Family {
  std::unique_ptr<Further> child, grandchild;
};

// As somebody, makes a namespace; its process, made another of its ids, makes the next.
void make_generations(Observation& seen, const std::shared_ptr<Family>& family) {
  seen.result("become", become(somebody));
  const Look nest = [family](Observation& inner) {
    inner.call("become the second", ::setresuid(1, 1, 1));
    ::prctl(PR_SET_DUMPABLE, 1);
    stay_tied_to_parent();
    family->grandchild = std::make_unique<Further>(inner, "grandchild", Method::Clone, user_set,
                                                   std::vector<Look>{[](Observation&) {}});
    inner.text("grandchild", user_file(*family->grandchild));
  };
  family->child =
      std::make_unique<Further>(seen, "child", Method::Clone, user_set, std::vector<Look>{nest});
  seen.text("child", user_file(*family->child));
  seen.text("child's maps", family->child->file(""));
}

// Whether a process with these ids outside may join: it has CAP_SYS_ADMIN there, or not.
int join_as(uid_t real, uid_t effective, const Fd& target) {
  return errno_in_child([&] {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(effective, effective, effective) != 0 ||
        ::setresuid(real, effective, effective) != 0) {
      return -1;
    }
    return as_errno(calls::setns(target.get(), row(Kind::User).flag));
  });
}

void try_to_join(Scene& scene) {
  if (!ids_are_mapped(scene, second)) return;
  Observation& seen = scene.seen;
  const auto family = std::make_shared<Family>();
  Further owner(seen, "owner", Method::Clone, {},
                {[family](Observation& s) { make_generations(s, family); },
                 [family](Observation& s) { family->child->look(s, "child's"); }});
  owner.look(seen, "owner's");
  const std::string dir = seen.text_of("owner's child's maps");
  seen.result("gid_map", write_errno(dir + "gid_map", fmt::format("0 {} 2\n", somebody)));
  seen.result("uid_map", write_errno(dir + "uid_map", fmt::format("0 {} 2\n", somebody)));
  owner.look(seen, "owner's");
  const Fd child(::open(seen.text_of("owner's child").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd grandchild(
      ::open(seen.text_of("owner's child's grandchild").c_str(), O_RDONLY | O_CLOEXEC));
  seen.call("open both", std::min(child.get(), grandchild.get()));
  seen.result("owner", join_as(somebody, somebody, child));
  seen.result("owner by its euid", join_as(second, somebody, child));
  seen.result("another", join_as(second, second, child));
  seen.result("owner by its real uid", join_as(somebody, second, child));
  seen.result("ancestor's owner", join_as(somebody, somebody, grandchild));
  seen.result("same id outside the parent", join_as(second, second, grandchild));
}

constexpr std::array owner_acts{
    Act{Side::Outside, "others try to join", try_to_join},
};

Judgement judge_owner(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(owner_acts[0].name);
  j.works_errno("the maps can be written", seen.errno_of("uid_map"));
  j.works_errno("both namespaces can be opened", seen.errno_of("open both"));
  j.works_errno("its owner in the parent may join", seen.errno_of("owner"));
  j.works_errno("it is the effective uid that counts", seen.errno_of("owner by its euid"));
  j.rule_errno("another uid has no capabilities in it", EPERM, seen.errno_of("another"));
  j.rule_errno("the real uid does not count", EPERM, seen.errno_of("owner by its real uid"));
  j.works_errno("the owner of an ancestor may join", seen.errno_of("ancestor's owner"));
  j.rule_errno("the uid that made it has no capabilities in it from outside its parent", EPERM,
               seen.errno_of("same id outside the parent"));
  return j;
}

constexpr std::array four_ways{Way{Method::Clone, ""}, Way{Method::Clone3, ""},
                               Way{Method::Unshare, ""}, Way{Method::Setns, ""}};

}  // namespace

constinit const Probe caps_reset{
    .family = "user",
    .name = "caps_reset",
    .sentence = "entering a user namespace fills the capability sets and resets what modifies them",
    .source =
        "user_namespaces(7) \"Capabilities\", capabilities(7); kernel/user_namespace.c "
        "set_cred_user_ns()",
    .first_kernel = "4.3",
    .ways = four_ways,
    .privileges = all_privileges,
    .acts = reset_acts,
    .judge = judge_reset,
    .why =
        "Inheritable and ambient capabilities and securebits belong to the namespace in which "
        "they were set. Carried along, they would mean something else.",
    .failure =
        "A program run inside gets capabilities that its caller did not mean to give, or "
        "root inside is not what programs take it for.",
    .by_hand =
        "setpriv --inh-caps=+net_raw --ambient-caps=+net_raw grep Cap /proc/self/status\n"
        "setpriv --inh-caps=+net_raw --ambient-caps=+net_raw unshare --user --map-root-user grep "
        "Cap /proc/self/status",
    .control = ControlKind::Positive,
};

constinit const Probe caps_owner{
    .family = "user",
    .name = "caps_owner",
    .sentence = "outside, the owner's effective uid in the parent has capabilities, and no other",
    .source = "user_namespaces(7) \"Capabilities\" rule 3; security/commoncap.c cap_capable()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = root_only,  // it needs processes of three different uids
    .acts = owner_acts,
    .judge = judge_owner,
    .why =
        "Whoever made a container manages it: enters it, kills in it. Other users, and its own "
        "users met outside, must not.",
    .failure = "A user enters the containers of other users with every capability in them.",
    .by_hand =
        "setpriv --reuid 4711 --regid 4711 --clear-groups unshare --user sleep 9 & sleep 1\n"
        "p=$(pgrep -u 4711 sleep); exec 3</proc/$p/ns/user\n"
        "setpriv --reuid 4711 --regid 4711 --clear-groups nsenter --user=/proc/self/fd/3 "
        "--preserve-credentials true && echo in\n"
        "setpriv --reuid 4712 --regid 4712 --clear-groups nsenter --user=/proc/self/fd/3 "
        "--preserve-credentials true",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
