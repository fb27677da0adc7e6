#include "probes/sandbox/link_kinds.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "probes/sandbox/files.h"
#include "probes/sandbox/netlink.h"
#include "probes/sandbox/support.h"

namespace nsbench {

namespace {

constexpr KernelRelease filters_by_kind{4, 6};

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// A module's name has '_' where its file may have '-'.
std::string as_module(std::string_view file) {
  std::string name(file);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// modules.builtin has a line for each: "kernel/drivers/net/veth.ko".
bool is_built_in(std::string_view module) {
  utsname name{};
  ::uname(&name);
  const Result<std::string> list =
      read_small_file(fmt::format("/lib/modules/{}/modules.builtin", name.release));
  return list && as_module(*list).find(fmt::format("/{}.ko", module)) != std::string::npos;
}

}  // namespace

bool link_kind_ready(std::string_view kind) {
  if (KernelRelease::running() < filters_by_kind) return !would_load_module(kind);
  netlink::Message request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  const std::size_t info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, kind);
  request.close(info);
  const auto answers = netlink::dump(NETLINK_ROUTE, request, "rtnetlink RTM_GETLINK");
  if (!answers) return false;
  return std::all_of(answers->begin(), answers->end(), [kind](const netlink::Answer& answer) {
    const auto details = netlink::attribute(answer.attributes(sizeof(ifinfomsg)), IFLA_LINKINFO);
    return details && netlink::text_of(*details, IFLA_INFO_KIND) == kind;
  });
}

bool would_load_module(std::string_view module) {
  if (exists(fmt::format("/sys/module/{}", module))) return false;
  if (exists("/proc/self") && !exists("/proc/modules")) return false;  // no CONFIG_MODULES
  const Result<std::string> disabled = read_small_file("/proc/sys/kernel/modules_disabled");
  if (disabled && trimmed(*disabled) == "1") return false;
  return !is_built_in(module);
}

}  // namespace nsbench
