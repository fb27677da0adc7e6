#include "ci/kernel/initramfs.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ci/kernel/bytes.h"
#include "ci/kernel/compression.h"
#include "ci/kernel/cpio.h"
#include "ci/kernel/elf.h"
#include "ci/kernel/guest_layout.h"
#include "reports/file.h"
#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

constexpr std::size_t max_init_bytes = std::size_t{256} << 20U;
constexpr const char* how_to_build =
    "take nsbench-static: ci/install-deps.sh --static, then cmake --preset release && cmake "
    "--build "
    "--preset release leave it in build/release";

// Keeps a chain of steps going until one fails.
class Steps {
 public:
  Steps& then(const Status& status) {
    if (status_ && !status) status_ = status;
    return *this;
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  Status status_;
};

Status add_system(CpioWriter& cpio, std::string_view init) {
  Steps steps;
  for (const char* directory : {"/dev", "/proc", "/sys"}) {
    steps.then(cpio.directory(directory, 0755));
  }
  steps.then(cpio.directory("/tmp", 01777));
  // The kernel opens it as /init's standard streams before anything can mount a devtmpfs.
  steps.then(cpio.character_device(guest::console, 0600, 5, 1));
  steps.then(cpio.file(guest::init, 0755, init));
  return steps.status();
}

Result<std::string> joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) {
    if (word.find('\0') != std::string::npos) {
      return Error{fmt::format("the argument '{}' has a NUL byte", printable(word, 200))};
    }
    all += word;
    all += '\0';
  }
  return all;
}

Status add_arguments(CpioWriter& cpio, const std::vector<std::string>& words) {
  const Result<std::string> arguments = joined(words);
  if (!arguments) return arguments.error();
  if (Status status = cpio.directories_above(guest::arguments); !status) return status;
  return cpio.file(guest::arguments, 0644, *arguments);
}

Status add_modules(CpioWriter& cpio, const std::vector<Module>& modules) {
  Steps steps;
  steps.then(cpio.directory(guest::modules, 0755));
  std::string list;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const std::string path = fmt::format("{}/{:02}-{}.ko", guest::modules, i + 1, modules[i].name);
    steps.then(cpio.file(path, 0644, modules[i].bytes));
    list += path + '\n';
  }
  steps.then(cpio.file(guest::modules_list, 0644, list));
  return steps.status();
}

Status add_files(CpioWriter& cpio, const InitramfsSpec& spec) {
  for (const auto& [path, bytes] : spec.files) {
    if (Status status = cpio.directories_above(path); !status) return status;
    if (Status status = cpio.file(path, 0644, bytes); !status) return status;
  }
  return {};
}

}  // namespace

Status check_static(const std::string& path, std::string_view bytes) {
  const std::string name = fmt::format("'{}'", printable(path));
  const Result<Elf> elf = read_elf(name, bytes, ElfTables::Segments);
  if (!elf)
    return Error{fmt::format("{}, and can't be /init; {}", elf.error().str(), how_to_build)};
  if (elf->machine != own_elf_machine()) {
    return Error{fmt::format("{} is a program for {}; this nsbench boots kernels for {}", name,
                             elf_machine_name(elf->machine), own_machine())};
  }
  const auto type = *number_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_type));
  if (type != ET_EXEC && type != ET_DYN) {
    return Error{fmt::format("{} is not a program; {}", name, how_to_build)};
  }
  const bool needs_loader =
      std::any_of(elf->segments.begin(), elf->segments.end(),
                  [](const ElfPart& segment) { return segment.type == PT_INTERP; });
  if (!needs_loader) return {};
  return Error{
      fmt::format("{} is dynamically linked, and the kernel that is booted has no libraries; "
                  "{}",
                  name, how_to_build)};
}

Result<std::string> make_initramfs(const InitramfsSpec& spec) {
  const Result<std::string> init = read_file(spec.init_path, max_init_bytes);
  if (!init) return init.error();
  if (Status status = check_static(spec.init_path, *init); !status) return status.error();
  CpioWriter cpio;
  if (Status status = add_system(cpio, *init); !status) return status.error();
  if (Status status = add_arguments(cpio, spec.arguments); !status) return status.error();
  if (Status status = add_modules(cpio, spec.modules); !status) return status.error();
  if (Status status = add_files(cpio, spec); !status) return status.error();
  return gzip(std::move(cpio).finish());
}

}  // namespace nsbench::kernel
