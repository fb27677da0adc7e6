// Where a process hangs that no signal ends.
#pragma once

#include <sys/types.h>

#include <string>

namespace nsbench {

// The function of the kernel that it sleeps in (/proc/PID/wchan); empty where that is not told.
std::string wait_channel(pid_t pid);

}  // namespace nsbench
