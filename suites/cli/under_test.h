// A kernel under test, as the options of nsbench boot and nsbench gate describe it: from an image
// to a machine that is ready to start, and from what came of it to a report.
#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ci/kernel/boot.h"
#include "ci/kernel/modules.h"
#include "probes/sandbox/fd.h"
#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::cli {

// Of all kernels of one command.
struct MachineOptions {
  std::string engine = "auto";  // or as KernelInfo::engine
  std::string clock;            // as KernelInfo::clock; empty: the command's own
  int cpus = 0;                 // 0: two, and one where time counts instructions
  int memory = 512;             // MiB
  std::vector<std::string> qemu_args;
  double timeout = 1800;  // seconds, of one boot
  std::string init;       // a static nsbench; empty: looked for
  std::string
      console;  // where the guest's console goes as it comes: a file, "-" for standard error
};
void add_machine_options(CLI::App& app, MachineOptions& options);

struct KernelOptions {
  std::string image;
  std::string modules;  // a /lib/modules/VERSION tree; empty: looked for beside the image
  std::string config;   // a file with the kernel's configuration; empty: looked for in the image
  std::string append;   // to its command line
};

// Of the words for nsbench run in a guest: none that says where reports go, which is decided here.
Status check_guest_words(const std::vector<std::string>& words);

// A kernel that can be booted any number of times.
class KernelUnderTest {
 public:
  // Looks at the image, its modules and its configuration, finds the static nsbench, and decides on
  // the engine: with "auto" by trying, until `stop` is set. Errors are of usage and input: what
  // can't be booted.
  static Result<KernelUnderTest> prepare(const KernelOptions& options,
                                         const MachineOptions& machine,
                                         const volatile std::sig_atomic_t* stop);

  [[nodiscard]] const kernel::Image& image() const { return image_; }
  [[nodiscard]] kernel::Engine engine() const { return engine_; }
  [[nodiscard]] const std::string& note() const { return note_; }  // why not KVM
  [[nodiscard]] bool can_count_instructions() const { return engine_ != kernel::Engine::Uml; }

  // The root of a guest in which nsbench is given `words`.
  [[nodiscard]] Result<std::string> initramfs(const std::vector<std::string>& words) const;
  // A machine in which nsbench is given `words` and, behind them, what makes it speak to us.
  [[nodiscard]] Result<kernel::MachineSpec> machine(const std::vector<std::string>& words,
                                                    bool instructions) const;
  // The boot's report, with what is known here: configuration, accelerator; cases in the order of
  // the manual.
  [[nodiscard]] Report report_of(kernel::Boot boot, const std::string& command_line) const;

 private:
  Status find_config(const KernelOptions& options);

  KernelOptions options_;
  MachineOptions machine_;
  kernel::Image image_;
  kernel::Engine engine_ = kernel::Engine::Tcg;
  std::string note_;
  std::string init_;
  std::vector<kernel::Module> modules_;
  std::string config_source_;
  std::map<std::string, std::string> config_;
};

// How a boot is waited for; the guest's console goes where the options say.
class BootWatch {
 public:
  static Result<BootWatch> open(const MachineOptions& options);
  [[nodiscard]] kernel::BootOptions options(const volatile std::sig_atomic_t* stop) const;

 private:
  double timeout_ = 0;
  std::shared_ptr<Fd> console_;
  bool filtered_ = false;  // it goes where people look: a guest may not drive their terminal
};

// What is said when no report came back: the trouble and the console's last lines.
std::string obituary(const kernel::Boot& boot);

}  // namespace nsbench::cli
