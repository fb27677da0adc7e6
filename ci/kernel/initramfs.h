// The first and only root of a kernel under test: a static nsbench as /init, and what it needs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ci/kernel/modules.h"
#include "reports/result.h"

namespace nsbench::kernel {

struct InitramfsSpec {
  std::string init_path;  // the static nsbench, on the host
  std::vector<std::string> arguments;
  std::vector<Module> modules;  // in load order, as load_modules() gives them
  // Further files: the path in the guest ("/nsbench/baseline.json") and the bytes.
  std::vector<std::pair<std::string, std::string>> files;
};

// The archive, compressed with gzip, which every kernel with CONFIG_BLK_DEV_INITRD reads by
// default. The same spec makes the same bytes; guest_layout.h tells where everything is. Errors: an
// init that can't be read or is not a static executable of this machine, a word with a NUL byte, a
// path that is not plain or there twice.
Result<std::string> make_initramfs(const InitramfsSpec& spec);

// Whether `bytes`, read from `path`, can be the only program of a root: errors as above.
Status check_static(const std::string& path, std::string_view bytes);

}  // namespace nsbench::kernel
