// Files of /proc, as a broken kernel may write them: each parser takes every text; what is read is
// written and read the same.
#include "probes/sandbox/proc_text.h"

#include <fmt/format.h>

#include "probes/sandbox/cgroup.h"
#include "probes/sandbox/files.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

namespace {

std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (std::string_view(" \t\n\\").find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

void read_mountinfo(std::string_view text) {
  const std::vector<MountInfo> mounts = parse_mountinfo(text);
  fuzz::check(mounts.size() <= text.size() / 5, "no more mounts than lines can be");
  std::string written;
  for (const MountInfo& one : mounts) {
    fuzz::check(!one.point.empty(), "a mount is somewhere");
    written += fmt::format("{} {} {} {} {} {}", one.id, one.parent, one.device, escaped(one.root),
                           escaped(one.point), one.options);
    if (!one.peers.empty()) written += " shared:" + one.peers;
    if (!one.master.empty()) written += " master:" + one.master;
    if (one.unbindable) written += " unbindable";
    written += fmt::format(" - {} {} {}\n", one.type, escaped(one.source), one.super_options);
  }
  fuzz::check(parse_mountinfo(written) == mounts, "what was read is written and read the same");
}

void read_id_map(std::string_view text) {
  const auto map = parse_id_map(text);
  if (!map) {
    fuzz::check(map.error().str().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  std::string written;
  for (const IdExtent& one : *map) {
    written += fmt::format("{:10} {:10} {:10}\n", one.inside, one.outside, one.count);
    fuzz::check(is_mapped(*map, one.inside) || one.count == 0,
                "the first id of an extent is mapped");
  }
  const auto again = parse_id_map(written);
  fuzz::check(again.ok() && *again == *map, "what was read is written and read the same");
  static_cast<void>(maps_all_to_themselves(*map));
}

void read_cgroup(std::string_view text) {
  std::string written;
  const std::vector<CgroupLine> lines = parse_cgroup(text);
  for (const CgroupLine& one : lines) {
    written += fmt::format("{}:{}:{}\n", one.hierarchy, one.controllers, one.path);
  }
  fuzz::check(parse_cgroup(written) == lines, "what was read is written and read the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  read_mountinfo(text);
  read_id_map(text);
  read_cgroup(text);
  for (const CgroupHierarchy& one : cgroup_hierarchies(text, text)) {
    fuzz::check(!one.directory.empty(), "a hierarchy has a directory");
  }
  if (const auto uptime = parse_uptime_ms(text)) fuzz::check(*uptime >= 0, "time has passed");
  static_cast<void>(parse_btime(text));
  static_cast<void>(parse_starttime(text));
  static_cast<void>(parse_last_pid(text));
  static_cast<void>(parse_timens_offsets(text));
  static_cast<void>(parse_lock_holder(text, 77, 10));
  static_cast<void>(parse_active_objects(text, "pid_namespace"));
  fuzz::check(parse_sysvipc_keys(text).size() <= size, "no more keys than lines");
  fuzz::check(field_of(text, "NSpid").size() <= size, "a field is of the text");
  return 0;
}
