#include "probes/sandbox/testing/processes.h"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/namespace_set.h"

namespace nsbench::testing {

namespace {

std::vector<std::string> process_dirs() {
  std::vector<std::string> dirs;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const std::string name(entry->d_name);
    if (name.find_first_not_of("0123456789") == std::string::npos) dirs.push_back("/proc/" + name);
  }
  return dirs;
}

}  // namespace

std::string unique_name() {
  static int count = 0;
  return fmt::format("nsbt{}.{}", ::getpid(), ++count);
}

void take_name(const std::string& name) { ::prctl(PR_SET_NAME, name.c_str()); }

int count_named(const std::string& name) {
  const std::vector<std::string> dirs = process_dirs();
  return static_cast<int>(std::count_if(dirs.begin(), dirs.end(), [&name](const auto& dir) {
    const Result<std::string> comm = read_small_file(dir + "/comm");
    return comm && trimmed(*comm) == name;
  }));
}

bool is_in_use(const std::string& ns_link) {
  const std::vector<std::string> dirs = process_dirs();
  const std::string kind = ns_link.substr(0, ns_link.find(':'));
  return std::any_of(dirs.begin(), dirs.end(), [&](const std::string& dir) {
    const Result<std::string> link = read_link(fmt::format("{}/ns/{}", dir, kind));
    return link && *link == ns_link;
  });
}

std::string own_link(const std::string& kind) {
  const Result<std::string> link = read_link("/proc/self/ns/" + kind);
  return link ? *link : "";
}

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void reap_children() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

bool soon(const std::function<bool()>& question) {
  const Deadline deadline = Deadline::in(std::chrono::seconds(20));
  while (!question()) {
    if (deadline.passed()) return false;
    ::poll(nullptr, 0, 1);  // leaves the processor to those that are waited for
  }
  return true;
}

}  // namespace nsbench::testing
