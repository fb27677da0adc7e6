#include "probes/nsfs/ns_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "probes/sandbox/files.h"

namespace nsbench::ns_file {

Fd open(std::string_view name, std::string_view process) {
  return Fd(::open(fmt::format("/proc/{}/ns/{}", process, name).c_str(), O_RDONLY | O_CLOEXEC));
}

Fd open(Kind kind, std::string_view process) { return open(row(kind).name, process); }

Fd open_of(Kind kind, int pidfd) {
  const Result<std::string> info = read_small_file(fmt::format("/proc/self/fdinfo/{}", pidfd));
  const std::string pid = info ? field_of(*info, "Pid") : "";
  errno = ESRCH;
  return pid.empty() || pid == "-1" ? Fd() : open(kind, pid);
}

std::string link(std::string_view name, std::string_view process) {
  const Result<std::string> target = read_link(fmt::format("/proc/{}/ns/{}", process, name));
  return target ? *target : errno_name(target.error().err);
}

std::string name_of(int fd) {
  if (fd < 0) return errno_name(EBADF);
  const Result<std::string> target = read_link(fmt::format("/proc/self/fd/{}", fd));
  return target ? *target : errno_name(target.error().err);
}

std::string name_of_answer(int fd) {
  if (fd < 0) return errno_name(errno);
  const Fd owned(fd);
  return name_of(fd);
}

NamespaceSet present_kinds() {
  NamespaceSet present;
  for (const KindRow& kind : all_kinds) {
    const std::string path = fmt::format("/proc/self/ns/{}", kind.name);
    if (::access(path.c_str(), F_OK) == 0) present = present | NamespaceSet{kind.kind};
  }
  return present;
}

void record_kinds(Observation& seen) { seen.text("kinds", present_kinds().str()); }

NamespaceSet recorded_kinds(const Observation& seen) {
  const Result<NamespaceSet> kinds = NamespaceSet::parse(seen.text_of("kinds"));
  return kinds ? *kinds : NamespaceSet{};
}

}  // namespace nsbench::ns_file
