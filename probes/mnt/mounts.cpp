#include "probes/mnt/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr const char* small = "size=64k";
constexpr std::string_view file_name = "/on-the-mount";
constexpr std::chrono::seconds patience{5};

}  // namespace

std::string place(std::string_view name) { return scratch_dir() + "/" + std::string(name); }

std::string make_dir(std::string_view name) {
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    ::mkdir(place(name.substr(0, slash)).c_str(), 0755);
  }
  ::mkdir(place(name).c_str(), 0755);
  return place(name);
}

std::string make_file(std::string_view name) {
  const Fd file(::open(place(name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  return place(name);
}

int mount_tmpfs(const std::string& path, unsigned long flags) {
  return ::mount("nsbench", path.c_str(), "tmpfs", flags, small);
}

int mount_bind(const std::string& from, const std::string& to, unsigned long further) {
  return ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | further, nullptr);
}

int mount_move(const std::string& from, const std::string& to) {
  return ::mount(from.c_str(), to.c_str(), nullptr, MS_MOVE, nullptr);
}

int set_propagation(const std::string& path, unsigned long type) {
  return ::mount(nullptr, path.c_str(), nullptr, type, nullptr);
}

int mount_at(std::string_view name, unsigned long flags) {
  const int mounted = mount_tmpfs(make_dir(name), flags);
  if (mounted == 0) make_file(std::string(name) + std::string(file_name));
  return mounted;
}

int reach(std::string_view name) {
  return ::access((place(name) + std::string(file_name)).c_str(), F_OK);
}

std::string MountLine::propagation() const {
  if (unbindable) return "unbindable";
  if (!master.empty()) return peers.empty() ? "slave" : "slave and shared";
  return peers.empty() ? "private" : "shared";
}

std::vector<MountLine> read_mounts(const std::string& file) {
  std::vector<MountLine> mounts;
  const Result<std::string> text = read_small_file(file);
  if (!text) return mounts;
  for (MountInfo& one : parse_mountinfo(*text)) mounts.push_back({std::move(one)});
  return mounts;
}

MountLine find_mount(const std::vector<MountLine>& mounts, const std::string& path) {
  MountLine found;
  for (const MountLine& mount : mounts) {
    if (mount.point == path) found = mount;
  }
  return found;
}

std::string propagation_at(std::string_view name) {
  const MountLine mount = find_mount(read_mounts(), place(name));
  return mount.point.empty() ? "none" : mount.propagation();
}

namespace {

bool in_further(Scene& scene, const Look& look, NamespaceSet further) {
  const NamespaceSet set = scene.recipe().namespaces.empty() ? NamespaceSet{} : further;
  if (!in_nested(scene, "nested", set, look, scene.recipe().method)) return false;
  const int refused = scene.seen.errno_of("nested enter");
  if (refused <= 0) return true;
  const Error refusal{fmt::format("{}({})", id(scene.recipe().method), set.flag_names()), refused};
  if (const auto skip = scene.support().explain(refusal, true)) {
    scene.skip(skip->reason, skip->text);
    return false;
  }
  return true;
}

}  // namespace

bool in_less_privileged(Scene& scene, const Look& look, NamespaceSet further) {
  return in_further(scene, look, further | NamespaceSet{Kind::User, Kind::Mnt});
}

bool in_user_namespace(Scene& scene, const Look& look) {
  return in_further(scene, look, {Kind::User});
}

Partner::Partner(const Part& part) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return;
  Result<Child> child = Child::fork([&] {
    ends->first.close();
    for (;;) {
      const Result<std::string> asked = ends->second.receive();
      if (!asked) return 0;
      if (!ends->second.send(std::to_string(part(*asked)))) return 1;
    }
  });
  if (!child) return;
  child_ = std::move(*child);
  channel_ = std::move(ends->first);
}

int Partner::ask(std::string_view what) {
  if (!channel_.send(what)) return -1;
  const Result<std::string> answer = channel_.receive(Deadline::in(patience));
  return answer ? parse_number<int>(*answer).value_or(-1) : -1;
}

}  // namespace nsbench::probes
