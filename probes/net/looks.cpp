#include "probes/net/looks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "probes/sandbox/files.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

std::string listed(const Result<std::vector<std::string>>& list, std::string_view wanted) {
  if (!list) return list.error().str();
  return std::find(list->begin(), list->end(), wanted) == list->end() ? "no" : "yes";
}

std::string written_in(const std::string& file, std::string_view wanted) {
  const Result<std::string> text = read_small_file(file);
  if (!text) return text.error().str();
  return text->find(wanted) == std::string::npos ? "no" : "yes";
}

void judge_private(Judgement& j, std::string_view what, const std::string& maker_saw,
                   const std::string& other_saw) {
  j.works_equal(fmt::format("{} is seen by its maker", what), "yes", maker_saw);
  j.isolated_equal(fmt::format("{} is not seen on the other side", what), "no", other_saw);
}

bool has_ipv6() {
  if (::access("/proc/self/net/if_inet6", F_OK) != 0) return false;
  return write_small_file("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0").ok();
}

void lo_up(Scene& scene) { scene.seen.result("lo up", rtnetlink::set_up("lo").error().err); }

std::string ready_kind(Scene& scene) {
  for (const char* kind : {"dummy", "bridge", "veth"}) {
    if (link_kind_ready(kind)) return kind;
  }
  scene.skip(SkipReason::NoModule,
             "the kernel knows no link of kind dummy, bridge or veth (ip link show type KIND); "
             "modprobe dummy makes one");
  return "";
}

bool needs_kind(Scene& scene, std::string_view kind) {
  if (link_kind_ready(kind)) return true;
  scene.skip(SkipReason::NoModule,
             fmt::format("the kernel knows no link of kind {0}; modprobe {0} makes it", kind));
  return false;
}

Endpoint::Endpoint(int family, std::uint16_t port, const std::string& address) {
  if (family == AF_INET6) {
    auto* const six = reinterpret_cast<sockaddr_in6*>(&any);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    ::inet_pton(family, address.empty() ? "::1" : address.c_str(), &six->sin6_addr);
    size = sizeof *six;
  } else {
    auto* const four = reinterpret_cast<sockaddr_in*>(&any);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    ::inet_pton(family, address.empty() ? "127.0.0.1" : address.c_str(), &four->sin_addr);
    size = sizeof *four;
  }
}

Fd inet_socket(int family, int type) {
  Fd socket(::socket(family, type | SOCK_CLOEXEC, 0));
  const int one = 1;
  // Otherwise ports of one family would collide with those of the other.
  if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  return socket;
}

bool module_missing(Scene& scene, std::string_view module, std::string_view what_for) {
  if (!would_load_module(module)) return false;
  scene.skip(SkipReason::NoModule,
             fmt::format("{} needs the module {}, which is not loaded (no /sys/module/{}, not in "
                         "modules.builtin)",
                         what_for, module, module));
  return true;
}

bool packet_sockets_missing(Scene& scene) {
  if (::access("/proc/self/net/packet", F_OK) == 0) return false;
  return module_missing(scene, "af_packet", "a packet socket");
}

std::int64_t net_inode(std::string_view pid) {
  struct stat info {};
  const std::string file = fmt::format("/proc/{}/ns/net", pid);
  return ::stat(file.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_ino) : -1;
}

}  // namespace nsbench::probes
