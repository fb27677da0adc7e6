// All eight kinds: a namespace that is entered is another one, and the seven others stay shared.
#include <fmt/format.h>

#include <array>
#include <string>

#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

// The links of /proc/self/ns, which name each namespace by its kind and inode.
void look(Observation& seen) {
  for (const KindRow& kind : all_kinds) seen.text(kind.name, ns_file::link(kind.name));
}

// A process that is forked inside is a member of the same namespaces.
void look_with_a_child(Scene& scene) {
  look(scene.seen);
  in_child(scene, [](Observation& seen) {
    for (const KindRow& kind : all_kinds) {
      seen.text(fmt::format("child's {}", kind.name), ns_file::link(kind.name));
    }
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside looks", look_with_a_child},
    Act{Side::Sibling, "sibling looks", [](Scene& s) { look(s.seen); }},
};

template <Kind kind>
Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside looks");
  const Observation& inside = t.at("inside looks");
  const std::string_view own = row(kind).name;
  for (const Entry& side : t.entries()) {
    if (side.side == "door") continue;
    const std::string link = side.seen.text_of(own);
    j.works(fmt::format("the {} can read its /proc/self/ns/{}", side.side, own),
            fmt::format("{}:[inode]", own), link, link.starts_with(fmt::format("{}:[", own)));
  }
  j.isolated_differ(fmt::format("the {} namespace inside is another one", own),
                    outside.text_of(own), inside.text_of(own));
  j.isolated_differ(fmt::format("a sibling's {} namespace is another one too", own),
                    outside.text_of(own), t.at("sibling looks").text_of(own));
  j.isolated_differ(fmt::format("the sibling's {} namespace is not the inside's", own),
                    inside.text_of(own), t.at("sibling looks").text_of(own));
  j.works_equal(fmt::format("a child forked inside is in the same {} namespace", own),
                inside.text_of(own), inside.text_of(fmt::format("child's {}", own)));
  for (const KindRow& other : all_kinds) {
    if (other.kind == kind) continue;
    j.works_equal(fmt::format("the {} namespace stays shared", other.name),
                  outside.text_of(other.name), inside.text_of(other.name));
  }
  return j;
}

template <Kind kind>
constexpr Probe identity_probe() {
  return {.family = row(kind).name,
          .name = "identity",
          .sentence = "the namespace entered is a new one, and the seven other kinds stay shared",
          .source = "namespaces(7); kernel/nsproxy.c create_new_namespaces()",
          .first_kernel = row(kind).first_kernel,
          .namespaces = {kind},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts,
          .judge = judge<kind>,
          .look = look,
          .why =
              "Everything else follows from this: a runtime asks for a namespace, and the process "
              "must be in a new one. A kernel, a seccomp filter or a shim that drops a CLONE_NEW* "
              "flag lets the call succeed and isolates nothing.",
          .failure =
              "Whoever asked for this namespace shares one with the host or with its "
              "neighbour, or lost one that it should have kept.",
          .by_hand =
              "ls -l /proc/self/ns\n"
              "unshare --user --map-root-user --fork --pid --uts --ipc --net --mount --cgroup "
              "--time ls -l /proc/self/ns\n"
              "lsns"};
}

}  // namespace

constinit const Probe pid_identity = identity_probe<Kind::Pid>();
constinit const Probe uts_identity = identity_probe<Kind::Uts>();
constinit const Probe mnt_identity = identity_probe<Kind::Mnt>();
constinit const Probe ipc_identity = identity_probe<Kind::Ipc>();
constinit const Probe user_identity = identity_probe<Kind::User>();
constinit const Probe net_identity = identity_probe<Kind::Net>();
constinit const Probe cgroup_identity = identity_probe<Kind::Cgroup>();
constinit const Probe time_identity = identity_probe<Kind::Time>();

}  // namespace nsbench::probes
