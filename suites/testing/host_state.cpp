#include "suites/testing/host_state.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
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

bool is_number(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The processes that a run makes; all are named after the program, by a probe, or are a machine.
bool is_named_as_ours(const std::string& name) {
  constexpr std::array names{"nsbench", "nsprobe", "linux"};
  return name.starts_with("nsb-") || name.starts_with("qemu-system-") ||
         std::find(names.begin(), names.end(), name) != names.end();
}

std::set<std::string> our_pids(const View& view) {
  std::set<std::string> found;
  for (const std::string& pid : entries_of("/proc")) {
    if (!is_number(pid) || (view.every_process && pid == "1")) continue;
    const Result<std::string> comm = read_small_file(fmt::format("/proc/{}/comm", pid));
    if (comm && (view.every_process || is_named_as_ours(trimmed(*comm)))) found.insert(pid);
  }
  return found;
}

// With what says whose they are.
std::set<std::string> processes(const std::set<std::string>& pids) {
  std::set<std::string> found;
  for (const std::string& pid : pids) {
    const Result<std::string> comm = read_small_file(fmt::format("/proc/{}/comm", pid));
    if (comm) found.insert(fmt::format("{} {}", pid, trimmed(*comm)));
  }
  return found;
}

// Those that one of these is in: other people's come and go.
std::set<std::string> our_namespaces(const std::set<std::string>& pids) {
  std::set<std::string> found;
  for (const std::string& pid : pids) {
    for (const KindRow& kind : all_kinds) {
      const Result<std::string> link = read_link(fmt::format("/proc/{}/ns/{}", pid, kind.name));
      if (link) found.insert(*link);
    }
  }
  return found;
}

// Of this network namespace, whichever /sys shows.
std::set<std::string> links() {
  std::set<std::string> found;
  const std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> all(
      ::if_nameindex(), &::if_freenameindex);
  for (const struct if_nameindex* one = all.get(); one != nullptr && one->if_name != nullptr;
       ++one) {
    found.insert(one->if_name);
  }
  return found;
}

std::set<std::string> below(const std::string& top, bool directories_alone) {
  std::set<std::string> found;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(top, ignored), end; it != end; it.increment(ignored)) {
    if (!directories_alone || it->is_directory(ignored)) found.insert(it->path().string());
  }
  return found;
}

std::set<std::string> files(const View& view) {
  std::set<std::string> found;
  std::vector<std::string> shared{"/tmp", "/run", "/dev/shm", "."};
  const char* const home = std::getenv("HOME");
  if (home != nullptr) shared.emplace_back(home);
  for (const std::string& directory : shared) {
    for (const std::string& name : entries_of(directory)) {
      if (name.find("nsb") != std::string::npos) found.insert(directory + ("/" + name));
    }
  }
  if (home != nullptr) found.merge(below(home + std::string("/.uml"), false));
  for (const std::string& directory : view.directories) found.merge(below(directory, false));
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

// Keys by their serial numbers, which tell ours from another's of the same description that comes
// and goes meanwhile (proc_keys(5)).
std::set<std::string> keys(const View& view) {
  std::set<std::string> found;
  for (const std::string& line : lines_of("/proc/keys")) {
    std::istringstream words(line);
    std::string id, flags, usage, timeout, perm, uid, gid, rest;
    words >> id >> flags >> usage >> timeout >> perm >> uid >> gid;
    std::getline(words, rest);
    // Keys are the machine's: other people's containers make theirs meanwhile.
    if (view.every_process && rest.find("nsb-") == std::string::npos) continue;
    found.insert(id + " " + uid + rest.substr(0, rest.find(": ")));
  }
  return found;
}

// Others end while we look, and their cgroups with them. What a run could take away of these, it
// would have had to kill, or find empty: the other lists tell.
bool may_vanish(std::string_view what) {
  return what == "cgroups" || what == "processes" || what == "namespaces" || what == "keys";
}

}  // namespace

HostState look_at_host(const View& view) {
  HostState state;
  utsname names{};
  ::uname(&names);
  state["names"] = {fmt::format("host {}", names.nodename),
                    fmt::format("domain {}", names.domainname)};
  state["mounts"] = lines_of("/proc/self/mountinfo");
  for (const char* kind : {"shm", "sem", "msg"}) state["System V objects"].merge(sysv(kind));
  state["queues"] = entries_of("/dev/mqueue");
  state["links"] = links();
  const std::set<std::string> pids = our_pids(view);
  state["namespaces"] = our_namespaces(pids);
  state["processes"] = processes(pids);
  for (const std::string& top : view.cgroups) state["cgroups"].merge(below(top, true));
  state["sysctls"] = sysctls();
  state["keys"] = keys(view);
  state["files"] = files(view);
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

namespace {

std::set<std::string> lines(const std::string& text) {
  std::set<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.insert(line);
  return all;
}

std::string joined(const std::set<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

std::string lasting_differences(const HostState& before, const View& view) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::string difference;
  std::optional<std::set<std::string>> lasting;  // lines that were there at each look
  do {
    while (view.every_process && ::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    std::set<std::string> now = lines(differences(before, look_at_host(view)));
    if (lasting)
      std::erase_if(now, [&](const std::string& one) { return !lasting->contains(one); });
    lasting = std::move(now);
    difference = joined(*lasting);
    if (difference.empty()) break;
    std::this_thread::sleep_for(10ms);
  } while (std::chrono::steady_clock::now() < deadline);
  return difference;
}

}  // namespace nsbench::testing
