// net: the numbers by which namespaces know each other, and the rules of moving links between them.
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

using rtnetlink::Where;

constexpr pid_t outside_pid = 1;   // the arena's first process
constexpr int insides_number = 7;  // how the outside calls the inside
constexpr int outsides_number = 3;
constexpr const char* near_end = "nsbnear0";
constexpr const char* far_end = "nsbfar0";

// NETNSA_NSID_NOT_ASSIGNED is -1.
std::string number_text(int id) { return id == -1 ? "none" : std::to_string(id); }

void see_nsid(Observation& seen, std::string_view fact, Where peer) {
  const Result<int> id = rtnetlink::nsid(peer);
  seen.text(fact, id ? number_text(*id) : id.error().str());
}

Fd net_of(std::string_view pid) {
  return Fd(::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
}

void name_inside(Scene& scene) {
  const Where inside = Where::pid(scene.inside_pid());
  see_nsid(scene.seen, "before", inside);
  scene.seen.result("RTM_NEWNSID", rtnetlink::set_nsid(inside, insides_number).error().err);
  see_nsid(scene.seen, "by pid", inside);
  const Fd descriptor = net_of(std::to_string(scene.inside_pid()));
  see_nsid(scene.seen, "by descriptor", Where::fd(descriptor.get()));
  scene.seen.result("a second number", rtnetlink::set_nsid(inside, insides_number + 1).error().err);
}

void name_outside(Scene& scene) {
  see_nsid(scene.seen, "itself", Where::fd(net_of("self").get()));
  const Where outside = Where::pid(outside_pid);
  scene.seen.result("RTM_NEWNSID", rtnetlink::set_nsid(outside, outsides_number).error().err);
  see_nsid(scene.seen, "by pid", outside);
}

// A pair across the two: each end tells where the other one is (IFLA_LINK_NETNSID).
void lay_pair(Scene& scene) {
  const bool ready = link_kind_ready("veth");
  scene.seen.text("veth", ready ? "yes" : "no");
  if (!ready) return;
  Status done = rtnetlink::add_veth(near_end, far_end);
  if (done) done = rtnetlink::move_link(far_end, Where::pid(scene.inside_pid()));
  scene.seen.result("lay a pair", done.error().err);
}

void see_peer(Observation& seen, const char* link) {
  const Result<rtnetlink::Link> end = rtnetlink::link(link);
  seen.text("the other end's", end ? number_text(end->peer_nsid) : end.error().str());
}

constexpr std::array acts{
    Act{Side::Inside, "inside is there", [](Scene& s) { s.seen.number("net", net_inode("self")); }},
    Act{Side::Outside, "outside numbers the inside", name_inside},
    Act{Side::Inside, "inside numbers the outside", name_outside},
    Act{Side::Outside, "outside looks again",
        [](Scene& s) { see_nsid(s.seen, "by pid", Where::pid(s.inside_pid())); }},
    Act{Side::Outside, "outside lays a pair", lay_pair},
    Act{Side::Outside, "outside looks at its end", [](Scene& s) { see_peer(s.seen, near_end); }},
    Act{Side::Inside, "inside looks at its end", [](Scene& s) { see_peer(s.seen, far_end); }},
};

void judge_pair(Judgement& j, const Transcript& t) {
  j.works_errno("a pair can be laid", t.at("outside lays a pair").errno_of("lay a pair"));
  j.isolated_equal("the outside's end of a pair names the inside", number_text(insides_number),
                   t.at("outside looks at its end").text_of("the other end's"));
  j.isolated_equal("the inside's end of it names the outside", number_text(outsides_number),
                   t.at("inside looks at its end").text_of("the other end's"));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside numbers the inside");
  const Observation& inside = t.at("inside numbers the outside");
  const std::string number = number_text(insides_number);
  j.works_equal("a namespace has no number before one is given", "none", outside.text_of("before"));
  j.works_errno("the outside can number the inside", outside.errno_of("RTM_NEWNSID"));
  j.works_equal("RTM_GETNSID names it by a process", number, outside.text_of("by pid"));
  j.works_equal("RTM_GETNSID names it by a descriptor", number, outside.text_of("by descriptor"));
  j.rule_errno("a namespace has one number only", EEXIST, outside.errno_of("a second number"));
  j.isolated_equal("the inside does not know the outside's number for it", "none",
                   inside.text_of("itself"));
  j.isolated_errno("the inside can number the outside", 0, inside.errno_of("RTM_NEWNSID"));
  j.isolated_equal("the inside's number is the one it gave", number_text(outsides_number),
                   inside.text_of("by pid"));
  j.works_equal("the outside's number stays", number,
                t.at("outside looks again").text_of("by pid"));
  if (t.at("outside lays a pair").text_of("veth") != "no") judge_pair(j, t);
  return j;
}

namespace moves {

constexpr std::array one_way{Way{Method::Clone3, ""}};

// Links of the outside, and one inside that has the name of one of them.
void make_links(Scene& scene) {
  if (!needs_kind(scene, "veth")) return;
  scene.seen.result("make a pair", rtnetlink::add_veth(near_end, far_end).error().err);
  const bool bridges = link_kind_ready("bridge");
  scene.seen.text("bridge", bridges ? "yes" : "no");
  if (bridges) {
    scene.seen.result("make a bridge", rtnetlink::add_link("nsbbr0", "bridge").error().err);
  }
}

void move_all(Scene& scene) {
  const Where inside = Where::pid(scene.inside_pid());
  const Fd descriptor = net_of(std::to_string(scene.inside_pid()));
  const Where by_fd = Where::fd(descriptor.get());
  scene.seen.result("move lo", rtnetlink::move_link("lo", inside).error().err);
  if (scene.saw("outside makes links").text_of("bridge") == "yes") {
    scene.seen.result("move a bridge", rtnetlink::move_link("nsbbr0", inside).error().err);
  }
  scene.seen.result("move a taken name", rtnetlink::move_link(far_end, inside).error().err);
  scene.seen.result("move and rename",
                    rtnetlink::move_link(far_end, inside, "nsbnew0").error().err);
  scene.seen.result("move by descriptor", rtnetlink::move_link(near_end, by_fd).error().err);
  const Fd no_namespace(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  scene.seen.result("move to no namespace",
                    rtnetlink::move_link("lo", Where::fd(no_namespace.get())).error().err);
  scene.seen.result("move to no process", rtnetlink::move_link("lo", Where::pid(-1)).error().err);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes links", make_links},
    Act{Side::Inside, "inside takes a name",
        [](Scene& s) {
          s.seen.result("make a pair", rtnetlink::add_veth(far_end, "nsbother0").error().err);
        }},
    Act{Side::Outside, "outside moves them", move_all},
    Act{Side::Inside, "inside looks",
        [](Scene& s) {
          for (const char* name : {"nsbnew0", near_end}) {
            s.seen.text(name, rtnetlink::link(name) ? "yes" : "no");
          }
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& makes = t.at("outside makes links");
  const Observation& moved = t.at("outside moves them");
  j.works_errno("a pair can be made", makes.errno_of("make a pair"));
  j.works_errno("its name can be taken inside",
                t.at("inside takes a name").errno_of("make a pair"));
  j.works_errno("a link moves under a new name", moved.errno_of("move and rename"));
  j.works_errno("a link moves to a namespace named by a descriptor",
                moved.errno_of("move by descriptor"));
  j.works_equal("the renamed one is there", "yes", t.at("inside looks").text_of("nsbnew0"));
  j.works_equal("the other one is there", "yes", t.at("inside looks").text_of(near_end));
  j.rule_errno("lo does not move", EINVAL, moved.errno_of("move lo"));
  if (makes.text_of("bridge") != "no") {
    j.rule_errno("a bridge does not move", EINVAL, moved.errno_of("move a bridge"));
  }
  j.rule_errno("a name that is taken there is refused", EEXIST,
               moved.errno_of("move a taken name"));
  j.rule_errno("a descriptor of no namespace is refused", EINVAL,
               moved.errno_of("move to no namespace"));
  j.rule_errno("a process that is not there is refused", ESRCH,
               moved.errno_of("move to no process"));
  return j;
}

}  // namespace moves

}  // namespace

constinit const Probe nsid{
    .family = "net",
    .name = "nsid",
    .sentence = "a namespace knows others by numbers of its own",
    .source = "rtnetlink(7); net/core/net_namespace.c rtnl_net_newid(), rtnl_net_getid()",
    .first_kernel = "4.0",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::nsid.why,
    .failure = manual::nsid.failure,
    .by_hand = manual::nsid.by_hand};

constinit const Probe link_moves{
    .family = "net",
    .name = "link_moves",
    .sentence = "links move by pid and descriptor; lo, a bridge and a name that is taken do not",
    .source = "rtnetlink(7); net/core/dev.c __dev_change_net_namespace()",
    .first_kernel = "3.0",
    .namespaces = {Kind::Net},
    .ways = moves::one_way,
    .privileges = all_privileges,
    .acts = moves::acts,
    .judge = moves::judge,
    .why = manual::link_moves.why,
    .failure = manual::link_moves.failure,
    .by_hand = manual::link_moves.by_hand,
    .control = ControlKind::Positive};

}  // namespace nsbench::probes
