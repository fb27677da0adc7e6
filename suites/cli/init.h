// nsbench as the first process of a machine: the kernel under test started it from an initramfs.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace nsbench::cli {

// In the environment of what PID 1 starts: the kernel was booted for it.
inline constexpr const char* started_by_kernel = "NSBENCH_STARTED_BY_KERNEL";

// Whether this process is PID 1 of the initial pid namespace; PID 1 of a container is not. May
// mount /proc to find out, and only as PID 1.
bool is_init();

// Loads the modules of the initramfs (ci/kernel/guest_layout.h) and mounts what a run needs: a
// tmpfs as the root directory (an initramfs can't be pivoted from), /proc, /sys, /dev, /tmp, the
// cgroups; and opens the console if the kernel could not. Trouble is said on the console and the
// run goes on: what then can't be checked says so itself. Then says on the console what was booted,
// and "nsbench: booted", by which a lab knows that the kernel got here. Returns the words of
// nsbench's command line: those of the initramfs if it has some; else those that the kernel handed
// on, without those that are not for nsbench (User-Mode Linux appends its own root= and console=
// behind what the user wrote).
std::vector<std::string> set_up_machine(int argc, char** argv);

// Has `run` done in a child, so that whatever becomes of it the machine is switched off in order;
// says its exit status on the console, waits until all is out, and switches off.
[[noreturn]] void run_and_power_off(const std::function<int()>& run);

}  // namespace nsbench::cli
