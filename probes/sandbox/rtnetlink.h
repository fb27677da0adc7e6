// The rtnetlink requests that probes and benchmarks need (rtnetlink(7)). Each is made in the
// caller's network namespace, over a socket of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/netlink.h"
#include "reports/result.h"

namespace nsbench::rtnetlink {

struct Link {
  int index = 0;
  std::string name;
  unsigned flags = 0;  // IFF_*
  std::string kind;    // "veth"; empty for lo and for hardware
  unsigned mtu = 0;
  unsigned operstate = 0;  // IF_OPER_* of linux/if.h: 0 not known (yet), 6 up
  int peer_nsid = -1;      // IFLA_LINK_NETNSID: the nsid of the namespace of a veth's other end
};

// All links, in the kernel's order.
Result<std::vector<Link>> links();
// One by its name; ENODEV if there is none.
Result<Link> link(std::string_view name);
// A link as an RTM_NEWLINK or RTM_DELLINK message has it.
Link link_of(const netlink::Answer& message);

// The requests of the functions below, for who sends them over a socket of its own. A link is meant
// by its name, which needs no question before; as to NLM_F_ACK, they ask for it.
netlink::Message veth_request(std::string_view name, std::string_view peer);
netlink::Message deletion_request(std::string_view name);
netlink::Message up_request(std::string_view name);
netlink::Message master_request(std::string_view name, int bridge_index);

// Makes a link of `kind` ("dummy", "veth", "bridge"). EOPNOTSUPP: the kernel has no such kind.
// The kernel may load a module for it: ask link_kind_ready() (link_kinds.h) before.
Status add_link(std::string_view name, std::string_view kind);
// Both ends of a veth pair (veth(4)).
Status add_veth(std::string_view name, std::string_view peer);
Status delete_link(std::string_view name);
Status rename_link(std::string_view name, std::string_view new_name);
Status set_up(std::string_view name);
// Waits until a veth end or a bridge carries frames, by the events of the kernel: ETIMEDOUT if it
// does not by then. Its queues are started some time after it came up (net/core/link_watch.c).
Status wait_running(std::string_view name, Deadline deadline);
// Whether it does: IF_OPER_UP. IFF_RUNNING is no answer, since a link that was just made has that
// before anything is known of it, and loses what is sent over it then.
bool is_running(const Link& link);
// The same wait over sockets that are open already: `requests`, and `events`, which listens to
// RTMGRP_LINK. In their network namespace, whichever the caller is in.
Status wait_running(netlink::Socket& requests, const netlink::Socket& events, std::string_view name,
                    Deadline deadline);
Status set_mtu(std::string_view name, unsigned mtu);
// Makes it a port of a bridge.
Status set_master(std::string_view name, std::string_view bridge);

// A network namespace, as rtnetlink names one: by a process in it, or by a descriptor of it.
struct Where {
  enum class By : std::uint8_t { Pid, Fd } by = By::Pid;
  int value = 0;
  static Where pid(pid_t process) { return {By::Pid, process}; }
  static Where fd(int descriptor) { return {By::Fd, descriptor}; }
};
// `new_name`: renaming it on the way (empty: not), which takes a link of the caller's namespace.
netlink::Message move_request(std::string_view name, Where target, std::string_view new_name = {});
// Moves a link there; `new_name`: renaming it on the way (empty: not).
Status move_link(std::string_view name, Where target, std::string_view new_name = {});

// The ids by which this namespace knows others (RTM_NEWNSID). NETNSA_NSID_NOT_ASSIGNED is -1.
Status set_nsid(Where peer, int nsid);
Result<int> nsid(Where peer);

}  // namespace nsbench::rtnetlink
