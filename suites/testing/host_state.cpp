#include "suites/testing/host_state.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "probes/sandbox/files.h"
#include "probes/sandbox/namespace_set.h"

namespace nsbench::testing {

namespace {

namespace fs = std::filesystem;

std::set<std::string> lines_of(const std::string& path) {
  std::set<std::string> lines;
  const Result<std::string> text = read_small_file(path);
  std::istringstream in(text ? *text : "");
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

std::set<std::string> entries_of(const std::string& path) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ignored)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

// The key and identifier of each object; the columns behind them change with use.
std::set<std::string> sysv(const std::string& kind) {
  std::set<std::string> objects;
  for (const std::string& line : lines_of("/proc/sysvipc/" + kind)) {
    std::istringstream words(line);
    std::string key;
    std::string number;
    words >> key >> number;
    objects.insert(fmt::format("{} {} {}", kind, key, number));
  }
  return objects;
}

// The processes that a run makes; all are named after the program, or by a probe.
std::set<std::string> our_pids() {
  std::set<std::string> found;
  for (const std::string& pid : entries_of("/proc")) {
    if (std::isdigit(static_cast<unsigned char>(pid.front())) == 0) continue;
    const Result<std::string> comm = read_small_file(fmt::format("/proc/{}/comm", pid));
    if (!comm) continue;
    const std::string name = trimmed(*comm);
    if (name == "nsbench" || name == "nsprobe" || name.starts_with("nsb-")) found.insert(pid);
  }
  return found;
}

// Those that one of these is in: other people's come and go.
std::set<std::string> our_namespaces() {
  std::set<std::string> found;
  for (const std::string& pid : our_pids()) {
    for (const KindRow& kind : all_kinds) {
      const Result<std::string> link = read_link(fmt::format("/proc/{}/ns/{}", pid, kind.name));
      if (link) found.insert(*link);
    }
  }
  return found;
}

std::set<std::string> cgroups() {
  std::set<std::string> found;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it("/sys/fs/cgroup", ignored), end; it != end;
       it.increment(ignored)) {
    if (it->is_directory(ignored)) found.insert(it->path().string());
  }
  return found;
}

// These change by themselves while a machine runs.
bool changes_by_itself(const std::string& path) {
  constexpr std::array parts{"/random/",
                             "ns_last_pid",
                             "/pty/nr",
                             "dentry-state",
                             "inode-",
                             "file-nr",
                             "aio-nr",
                             "nf_conntrack_count",
                             "/sched_domain/",
                             "netdev_rss_key",
                             "nr_hugepages",
                             "/tainted",
                             "/net/ipv4/tcp_fastopen_key",
                             "/unres_qlen"};
  return std::any_of(parts.begin(), parts.end(),
                     [&path](const char* part) { return path.find(part) != std::string::npos; });
}

std::set<std::string> sysctls() {
  std::set<std::string> found;
  std::error_code ignored;
  for (const char* dir : {"/proc/sys/user", "/proc/sys/fs", "/proc/sys/net", "/proc/sys/kernel"}) {
    for (fs::recursive_directory_iterator it(dir, ignored), end; it != end; it.increment(ignored)) {
      const std::string path = it->path().string();
      if (it->is_directory(ignored) || changes_by_itself(path)) continue;
      const Result<std::string> value = read_small_file(path);
      if (value) found.insert(path + " = " + trimmed(*value));
    }
  }
  return found;
}

// The kinds and descriptions of keys; serial numbers and times left out (proc_keys(5)).
std::set<std::string> keys() {
  std::set<std::string> found;
  for (const std::string& line : lines_of("/proc/keys")) {
    std::istringstream words(line);
    std::string id, flags, usage, timeout, perm, uid, gid, rest;
    words >> id >> flags >> usage >> timeout >> perm >> uid >> gid;
    std::getline(words, rest);
    found.insert(uid + rest.substr(0, rest.find(": ")));
  }
  return found;
}

// Others end while we look, and their cgroups with them. What a run could take away of these, it
// would have had to kill, or find empty: the other lists tell.
bool may_vanish(std::string_view what) {
  return what == "cgroups" || what == "processes" || what == "namespaces";
}

}  // namespace

HostState look_at_host() {
  HostState state;
  utsname names{};
  ::uname(&names);
  state["names"] = {fmt::format("host {}", names.nodename),
                    fmt::format("domain {}", names.domainname)};
  state["mounts"] = lines_of("/proc/self/mountinfo");
  for (const char* kind : {"shm", "sem", "msg"}) state["System V objects"].merge(sysv(kind));
  state["queues"] = entries_of("/dev/mqueue");
  state["links"] = entries_of("/sys/class/net");
  state["namespaces"] = our_namespaces();
  state["processes"] = our_pids();
  state["cgroups"] = cgroups();
  state["sysctls"] = sysctls();
  state["keys"] = keys();
  for (const char* dir : {"/tmp", "/run", "/dev/shm", "."}) {
    for (const std::string& name : entries_of(dir)) {
      if (name.find("nsb") != std::string::npos) state["files"].insert(dir + ("/" + name));
    }
  }
  state["modules"] = entries_of("/sys/module");
  return state;
}

std::string differences(const HostState& before, const HostState& after) {
  std::string text;
  for (const auto& [what, old] : before) {
    static const std::set<std::string> none;
    const auto found = after.find(what);
    const std::set<std::string>& now = found == after.end() ? none : found->second;
    for (const std::string& entry : old) {
      if (!may_vanish(what) && !now.contains(entry)) text += fmt::format("{}: - {}\n", what, entry);
    }
    for (const std::string& entry : now) {
      if (!old.contains(entry)) text += fmt::format("{}: + {}\n", what, entry);
    }
  }
  return text;
}

std::string lasting_differences(const HostState& before) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::string difference;
  do {
    difference = differences(before, look_at_host());
    if (difference.empty()) break;
    std::this_thread::sleep_for(10ms);
  } while (std::chrono::steady_clock::now() < deadline);
  return difference;
}

}  // namespace nsbench::testing
