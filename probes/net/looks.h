// How the probes of the net family look: whether something is listed, and sockets on loopback.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"
#include "probes/sandbox/fd.h"
#include "reports/judgement.h"
#include "reports/result.h"

namespace nsbench::probes {

// "yes", "no", or why the list could not be had.
std::string listed(const Result<std::vector<std::string>>& list, std::string_view wanted);
// The same for a text in a file of /proc.
std::string written_in(const std::string& file, std::string_view wanted);

// "yes" must be what its maker saw, and "no" what another did. `what`: "the outside's address".
void judge_private(Judgement& j, std::string_view what, const std::string& maker_saw,
                   const std::string& other_saw);

// Whether there is IPv6 in this namespace; it is switched on for lo where it was off.
bool has_ipv6();

// Brings lo up, so that what is sent to 127.0.0.1 and ::1 arrives.
void lo_up(Scene& scene);

// The cheapest kind of link to make that is more than lo: "dummy", "bridge" or "veth". None is made
// for which a module had to be loaded; where there is none, the case ends with a skip, and it is
// "".
std::string ready_kind(Scene& scene);
// The same for one kind: false ended the case.
bool needs_kind(Scene& scene, std::string_view kind);

// An internet address with a port; "" is the loopback address of the family.
struct Endpoint {
  explicit Endpoint(int family, std::uint16_t port, const std::string& address = "");
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&any); }
  sockaddr_storage any{};
  socklen_t size = 0;
};

Fd inet_socket(int family, int type);

// Ends the case with a skip where a use of `module` would make the kernel load it.
bool module_missing(Scene& scene, std::string_view module, std::string_view what_for);

// The same for packet sockets: /proc/net/packet is there when they are.
bool packet_sockets_missing(Scene& scene);

// The inode of /proc/PID/ns/net ("self", "42"): the namespace's identity. -1: can't be read.
std::int64_t net_inode(std::string_view pid);

}  // namespace nsbench::probes
