// A virtual machine that boots the kernel under test, with nsbench as its init.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ci/kernel/contained.h"
#include "ci/kernel/image.h"
#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::kernel {

// What boots the kernel.
enum class Engine : std::uint8_t { Kvm, Tcg, Uml };
std::string_view id(Engine engine);  // as KernelInfo::engine: "qemu-kvm", "qemu-tcg", "uml"

struct MachineSpec {
  Image image;
  Engine engine = Engine::Tcg;
  // Tcg alone: guest time counts instructions (QEMU's -icount shift=0,sleep=off), and one CPU.
  bool instructions = false;
  int cpus = 1;
  int memory = 512;                    // MiB
  std::string append;                  // to the kernel's command line
  std::vector<std::string> qemu_args;  // one word each
  std::string initramfs;               // its bytes
};

// The serial line that is the guest's way to us, by its name in there.
std::string_view channel_device(Engine engine);
// What the kernel is booted with.
std::string command_line_of(const MachineSpec& spec);

class Machine {
 public:
  // Errors: a program that is not there (said with the package that has it), or what stood in the
  // way of starting it.
  static Result<std::unique_ptr<Machine>> start(const MachineSpec& spec);

  // What came on the console since the last call, and what the program itself said. Never waits.
  std::string read_console();
  // Our end of the channel; readable at its end, too.
  [[nodiscard]] int channel() const { return channel_.get(); }

  bool ended() { return program_.ended(); }
  bool wait(Deadline deadline) { return program_.wait(deadline); }
  void kill() { program_.kill(); }
  // Kills it, and hardly waits until it is gone.
  void let_go() { program_.kill(std::chrono::milliseconds(300)); }
  [[nodiscard]] const std::string& fate() const { return program_.fate(); }

 private:
  Machine() = default;

  Fd console_;  // a file in memory to which machine and program append
  std::uint64_t console_read_ = 0;
  Fd channel_;
  Contained program_;
};

}  // namespace nsbench::kernel
