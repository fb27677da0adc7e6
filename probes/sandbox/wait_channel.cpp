#include "probes/sandbox/wait_channel.h"

#include <fmt/format.h>

#include "probes/sandbox/files.h"

namespace nsbench {

std::string wait_channel(pid_t pid) {
  const Result<std::string> where = read_small_file(fmt::format("/proc/{}/wchan", pid));
  return where && *where != "0" ? *where : "";
}

}  // namespace nsbench
