#include "suites/cli/rights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/place.h"
#include "reports/printable.h"

namespace nsbench::cli {

namespace {

bool is_root_of_the_machine() {
  if (::geteuid() != 0) return false;
  const Result<std::string> text = read_small_file("/proc/self/uid_map");
  if (!text) return true;
  const Result<std::vector<IdExtent>> map = parse_id_map(*text);
  return !map || maps_all_to_themselves(*map);
}

bool anybody_may_write(const struct stat& directory) { return (directory.st_mode & S_IWOTH) != 0; }

// The directory nearest to the root directory that is not root's; nothing: all are. An Error: in
// one, everybody may rename what is on the way.
Result<std::optional<struct stat>> first_foreign(int directory) {
  std::optional<struct stat> foreign;
  Fd at(::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  while (at.valid()) {
    struct stat info {};
    if (::fstat(at.get(), &info) != 0) break;
    if (info.st_uid != 0) foreign = info;
    if (anybody_may_write(info) && (info.st_mode & S_ISVTX) == 0) {
      return Error{"everybody may rename what is in a directory on the way", EACCES};
    }
    Fd above(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat parent {};
    if (!above.valid() || ::fstat(above.get(), &parent) != 0) break;
    const bool top = parent.st_ino == info.st_ino && parent.st_dev == info.st_dev;
    if (top) return foreign;
    at = std::move(above);
  }
  return Error::last("open(..)");
}

Status become(const struct stat& owner) {
  if (::setgroups(0, nullptr) != 0) return Error::last("setgroups(none)");
  if (::setresgid(owner.st_gid, owner.st_gid, owner.st_gid) != 0) return Error::last("setresgid");
  if (::setresuid(owner.st_uid, owner.st_uid, owner.st_uid) != 0) return Error::last("setresuid");
  return {};
}

}  // namespace

void keep_rights_over_files() {
  static_cast<void>(keep_capabilities(file_capabilities).ok());
  static_cast<void>(allow_no_new_privileges().ok());
}

void keep_rights_of_harness() { static_cast<void>(keep_capabilities(harness_capabilities).ok()); }

Status share_rights_on_the_way_to(const std::string& path) {
  if (!is_root_of_the_machine()) return {};
  const auto refused = [&path](const Error& error) {
    return Error{fmt::format("'{}', as root: {}", printable(path), error.step), error.err};
  };
  const Result<Place> place = find_place(path);
  // What is not there at all is said by whoever opens it.
  if (!place && place.error().err == ENOENT) return {};
  if (!place) return place.error();
  if (anybody_may_write(place->of_directory)) {
    return refused({"everybody can put files beside it", EACCES});
  }
  const Result<std::optional<struct stat>> foreign = first_foreign(place->directory.get());
  if (!foreign) return refused(foreign.error());
  if (!*foreign) return {};
  const Status became = become(**foreign);
  return became ? Status() : Status(refused(became.error()));
}

}  // namespace nsbench::cli
