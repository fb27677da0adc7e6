// nsbench as the first process of a machine: the kernel under test started it from an initramfs.
#pragma once

#include <vector>

namespace nsbench::cli {

// Whether this process is PID 1 of the initial pid namespace; PID 1 of a container is not. May
// mount /proc to find out, and only as PID 1.
bool is_init();

// Mounts what a run needs: a tmpfs as the root directory (an initramfs can't be pivoted from),
// /proc, /sys, /dev, /tmp; and opens the console if the kernel could not. Trouble is said on the
// console and the run goes on: what then can't be checked says so itself.
void set_up_machine();

// The arguments without those that are not for nsbench: User-Mode Linux appends its own root= and
// console= behind what the user wrote.
std::vector<char*> own_arguments(int argc, char** argv);

// Says the exit status on the console and switches the machine off.
[[noreturn]] void power_off(int status);

}  // namespace nsbench::cli
