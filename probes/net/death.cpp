// net: what is left of a namespace's devices when it dies.
#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{6};

// A pair with one end inside, and a link that is moved in as a whole.
constexpr const char* near_end = "nsbnear0";
constexpr const char* far_end = "nsbfar0";
constexpr const char* gift = "nsbgift0";
// A pair with one end in a namespace that dies later than the inside.
constexpr const char* near_mark = "nsbmark0";
constexpr const char* far_mark = "nsbmark1";

std::string is_there(std::string_view name) {
  const Result<rtnetlink::Link> link = rtnetlink::link(name);
  return link ? "yes" : link.error().err == ENODEV ? "no" : link.error().str();
}

void look(Observation& seen) {
  for (const char* name : {near_end, far_end, gift}) seen.text(name, is_there(name));
}

void make_links(Scene& scene) {
  if (!needs_kind(scene, "veth")) return;
  scene.seen.result("make a pair", rtnetlink::add_veth(near_end, far_end).error().err);
  const char* const kind = link_kind_ready("dummy") ? "dummy" : "veth";
  scene.seen.text("kind of the gift", kind);
  scene.seen.result("make a gift", rtnetlink::add_link(gift, kind).error().err);
}

void move_in(Scene& scene) {
  const auto inside = rtnetlink::Where::pid(scene.inside_pid());
  scene.seen.result("move the far end", rtnetlink::move_link(far_end, inside).error().err);
  scene.seen.result("move the gift", rtnetlink::move_link(gift, inside).error().err);
}

// It has given its namespaces up when its pidfd becomes readable (kernel/exit.c do_exit()).
void kill_inside(Scene& scene) {
  const Fd pidfd(calls::pidfd_open(scene.inside_pid()));
  scene.seen.call("kill", ::kill(scene.inside_pid(), SIGKILL));
  pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  const int got = ::poll(&ended, 1, Deadline::in(patience).poll_ms());
  scene.seen.text("inside is gone", got == 1 ? "yes" : "no");
}

// Dead namespaces are cleaned up in the order of their deaths (net/core/net_namespace.c
// cleanup_net()): makes one, lets it die, and waits until its end of a pair is gone.
void wait_for_cleanup(Scene& scene) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  Result<netlink::Socket> ear = netlink::Socket::open(NETLINK_ROUTE, RTMGRP_LINK);
  if (!ends || !ear) return scene.broken(ends ? ear.error().str() : ends.error().str());
  const Recipe recipe{
      .namespaces = {Kind::Net}, .method = Method::Clone, .variant = "", .privilege = {}};
  const auto wait_to_be_killed = [&ends] {
    ends->first.close();
    return ends->second.receive() ? 0 : 1;
  };
  Result<Member> later = enter(recipe, wait_to_be_killed, Deadline::in(patience));
  if (!later) return scene.broken(later.error().str());
  Status made = rtnetlink::add_veth(near_mark, far_mark);
  if (made) made = rtnetlink::move_link(far_mark, rtnetlink::Where::pid(later->body));
  if (!made) return scene.broken(made.error().str());
  later->end();
  const Status gone = ear->wait_for(
      [](const netlink::Answer& answer) {
        return answer.type == RTM_DELLINK && rtnetlink::link_of(answer).name == near_mark;
      },
      Deadline::in(patience), "the mark is gone");
  scene.seen.result("a namespace that died later is cleaned up", gone.error().err);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes links", make_links},
    Act{Side::Inside, "inside is there",
        [](Scene& s) { s.seen.number("namespace", net_inode("self")); }},
    Act{Side::Outside, "outside moves them in", move_in},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "outside kills the inside",
        [](Scene& s) {
          look(s.seen);
          kill_inside(s);
        }},
    Act{Side::Outside, "outside waits", wait_for_cleanup},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside looks");
  const Observation& before = t.at("outside kills the inside");
  const Observation& after = t.at("outside looks");
  j.works_errno("an end of a pair can be moved in",
                t.at("outside moves them in").errno_of("move the far end"));
  j.works_errno("a whole link can be moved in",
                t.at("outside moves them in").errno_of("move the gift"));
  j.works_equal("the end that was moved in is there", "yes", inside.text_of(far_end));
  j.works_equal("the link that was moved in is there", "yes", inside.text_of(gift));
  j.works_equal("the other end of the pair is outside", "yes", before.text_of(near_end));
  j.works_equal("the inside ends", "yes", before.text_of("inside is gone"));
  j.works_errno("dead namespaces are cleaned up",
                t.at("outside waits").errno_of("a namespace that died later is cleaned up"));
  j.isolated_equal("the outside's end of the pair vanishes with the namespace", "no",
                   after.text_of(near_end));
  j.isolated_equal("the end that was inside does not come back", "no", after.text_of(far_end));
  j.isolated_equal("the link that was moved in does not come back", "no", after.text_of(gift));
  return j;
}

}  // namespace

// By the ways that make the namespace: with setns a holder keeps it alive.
constinit const Probe death{
    .family = "net",
    .name = "death",
    .sentence = "the death of a namespace takes its virtual links with it, both ends of a pair",
    .source = "network_namespaces(7), veth(4); net/core/dev.c default_device_exit_batch()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::death.why,
    .failure = manual::death.failure,
    .by_hand = manual::death.by_hand,
    .waits = true};

}  // namespace nsbench::probes
