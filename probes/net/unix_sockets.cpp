// net: abstract unix sockets are the namespace's own; sockets with a path are not (unix(7)).
#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/netlink.h"

namespace nsbench::probes {

namespace {

// A name as /proc/net/unix has it: '@' stands for the NUL of an abstract one.
struct UnixName {
  explicit UnixName(std::string_view shown) {
    any.sun_family = AF_UNIX;
    std::memcpy(any.sun_path, shown.data(), shown.size());
    if (shown.front() == '@') any.sun_path[0] = '\0';
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + shown.size());
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&any); }
  sockaddr_un any{};
  socklen_t size = 0;
};

// Unique in the arena only, which is what the probe is about.
struct Names {
  std::string stream;
  std::string datagram;
  std::string path;
};

Names names_of(std::string_view side) {
  return {fmt::format("@nsbench-{}-stream", side), fmt::format("@nsbench-{}-datagram", side),
          fmt::format("{}/{}.sock", scratch_dir(), side)};
}

void bind_one(Observation& seen, std::string_view fact, int type, std::string_view name) {
  const UnixName at(name);
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const bool bound = ::bind(socket.get(), at.get(), at.size) == 0;
  const bool ready = bound && (type != SOCK_STREAM || ::listen(socket.get(), 4) == 0);
  seen.result(fact, ready ? 0 : errno);
  if (ready) static_cast<void>(socket.release());  // it listens as long as its process lives
}

void connect_one(Observation& seen, std::string_view fact, std::string_view name) {
  const UnixName to(name);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  seen.call(fact, ::connect(socket.get(), to.get(), to.size));
}

void send_one(Observation& seen, std::string_view fact, std::string_view name) {
  const UnixName to(name);
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  seen.call(fact, ::sendto(socket.get(), "nsb", 3, MSG_DONTWAIT, to.get(), to.size));
}

void listen_all(Observation& seen, const Names& names) {
  bind_one(seen, "bind abstract stream", SOCK_STREAM, names.stream);
  bind_one(seen, "bind abstract datagram", SOCK_DGRAM, names.datagram);
  bind_one(seen, "bind path", SOCK_STREAM, names.path);
}

void reach_all(Observation& seen, const Names& names) {
  connect_one(seen, "connect abstract", names.stream);
  send_one(seen, "send abstract", names.datagram);
  connect_one(seen, "connect path", names.path);
}

// /proc/net/unix ends its lines with the name.
void look(Observation& seen, const Names& names) {
  seen.text("abstract in /proc/net/unix",
            written_in("/proc/self/net/unix", fmt::format(" {}\n", names.stream)));
  seen.text("path in /proc/net/unix",
            written_in("/proc/self/net/unix", fmt::format(" {}\n", names.path)));
}

// In this order: a connection to a path, waiting to be accepted, is a socket of the namespace that
// connected, and is listed there by the listener's path (net/unix/af_unix.c unix_stream_connect()).
void look_and_reach(Observation& seen, const Names& names) {
  look(seen, names);
  reach_all(seen, names);
}

constexpr std::array acts{
    Act{Side::Outside, "outside listens",
        [](Scene& s) {
          listen_all(s.seen, names_of("outside"));
          look_and_reach(s.seen, names_of("outside"));
        }},
    Act{Side::Inside, "inside tries",
        [](Scene& s) { look_and_reach(s.seen, names_of("outside")); }},
    Act{Side::Inside, "inside listens",
        [](Scene& s) {
          listen_all(s.seen, names_of("inside"));
          look_and_reach(s.seen, names_of("inside"));
          bind_one(s.seen, "bind the other's name", SOCK_STREAM, names_of("outside").stream);
        }},
    Act{Side::Outside, "outside tries",
        [](Scene& s) { look_and_reach(s.seen, names_of("inside")); }},
};

void judge_side(Judgement& j, std::string_view whose, const Observation& owner,
                const Observation& other) {
  const auto rule = [whose](std::string_view what) {
    return fmt::format("{} of the {}", what, whose);
  };
  for (const char* fact : {"bind abstract stream", "bind abstract datagram", "bind path",
                           "connect abstract", "send abstract", "connect path"}) {
    j.works_errno(rule(fmt::format("{}: a socket", fact)), owner.errno_of(fact));
  }
  j.isolated_errno(rule("the other side does not connect to an abstract socket"), ECONNREFUSED,
                   other.errno_of("connect abstract"));
  j.isolated_errno(rule("the other side does not send to an abstract socket"), ECONNREFUSED,
                   other.errno_of("send abstract"));
  j.works_errno(rule("the other side connects to a socket with a path"),
                other.errno_of("connect path"));
  for (const char* fact : {"abstract in /proc/net/unix", "path in /proc/net/unix"}) {
    judge_private(j, rule(fmt::format("the socket, {},", fact)), owner.text_of(fact),
                  other.text_of(fact));
  }
}

Judgement judge(const Transcript& t) {
  Judgement j;
  judge_side(j, "outside", t.at("outside listens"), t.at("inside tries"));
  judge_side(j, "inside", t.at("inside listens"), t.at("outside tries"));
  j.isolated_errno("an abstract name taken outside is free inside", 0,
                   t.at("inside listens").errno_of("bind the other's name"));
  return j;
}

namespace diag {

// The names that unix_diag lists (sock_diag(7)), '@' for the NUL.
Result<std::vector<std::string>> names() {
  unix_diag_req body{};
  body.sdiag_family = AF_UNIX;
  body.udiag_states = ~0U;
  body.udiag_show = UDIAG_SHOW_NAME;
  netlink::Message request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, body);
  const auto answers = netlink::dump(NETLINK_SOCK_DIAG, request, "unix_diag");
  if (!answers) return answers.error();
  std::vector<std::string> found;
  for (const netlink::Answer& answer : *answers) {
    const auto name = netlink::attribute(answer.attributes(sizeof(unix_diag_msg)), UNIX_DIAG_NAME);
    if (!name) continue;
    found.emplace_back(*name);
    if (found.back().starts_with('\0')) found.back().front() = '@';
  }
  return found;
}

void listen_and_look(Observation& seen, std::string_view side) {
  bind_one(seen, "bind", SOCK_STREAM, names_of(side).stream);
  seen.text("unix_diag", listed(names(), names_of(side).stream));
}

constexpr std::array acts{
    Act{Side::Outside, "outside listens",
        [](Scene& s) {
          if (module_missing(s, "unix_diag", "listing unix sockets")) return;
          const auto tried = names();
          if (!tried && tried.error().err == ENOENT) {
            return s.skip(SkipReason::NoFeature, tried.error().str() + " (CONFIG_UNIX_DIAG)");
          }
          listen_and_look(s.seen, "outside");
        }},
    Act{Side::Inside, "inside looks",
        [](Scene& s) { s.seen.text("unix_diag", listed(names(), names_of("outside").stream)); }},
    Act{Side::Inside, "inside listens", [](Scene& s) { listen_and_look(s.seen, "inside"); }},
    Act{Side::Outside, "outside looks",
        [](Scene& s) { s.seen.text("unix_diag", listed(names(), names_of("inside").stream)); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("the outside can listen", t.at("outside listens").errno_of("bind"));
  j.works_errno("the inside can listen", t.at("inside listens").errno_of("bind"));
  judge_private(j, "a socket of the outside", t.at("outside listens").text_of("unix_diag"),
                t.at("inside looks").text_of("unix_diag"));
  judge_private(j, "a socket of the inside", t.at("inside listens").text_of("unix_diag"),
                t.at("outside looks").text_of("unix_diag"));
  return j;
}

}  // namespace diag

}  // namespace

constinit const Probe unix_abstract{
    .family = "net",
    .name = "unix_abstract",
    .sentence =
        "an abstract unix socket is reached from its own side only, one with a path from "
        "both",
    .source = "unix(7), network_namespaces(7); net/unix/af_unix.c unix_find_socket_byname()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::unix_abstract.why,
    .failure = manual::unix_abstract.failure,
    .by_hand = manual::unix_abstract.by_hand};

constinit const Probe unix_diag{
    .family = "net",
    .name = "unix_diag",
    .sentence = "sock_diag lists the unix sockets of one's own side only",
    .source = "sock_diag(7); net/unix/diag.c unix_diag_dump()",
    .first_kernel = "3.3",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = diag::acts,
    .judge = diag::judge,
    .why = manual::unix_diag.why,
    .failure = manual::unix_diag.failure,
    .by_hand = manual::unix_diag.by_hand};

}  // namespace nsbench::probes
