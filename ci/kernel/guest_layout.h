// Where things are in the root of a kernel that nsbench boots: what the host puts there
// (initramfs.cpp) and the guest, nsbench as /init, reads. Constants only: a static nsbench includes
// this and nothing else of ci/kernel.
#pragma once

namespace nsbench::kernel::guest {

// The static nsbench.
constexpr const char* init = "/init";
constexpr const char* console = "/dev/console";
// What the guest is to run: words, each ended by a NUL byte.
constexpr const char* arguments = "/nsbench/arguments";
// Directory of NN-NAME.ko files.
constexpr const char* modules = "/nsbench/modules";
// Their paths, one a line, in the order in which they are to be loaded. Always there.
constexpr const char* modules_list = "/nsbench/modules.list";

// What nsbench can not find out from inside, on the command line of the kernel, which does not mind
// names with a dot: KernelInfo::engine and KernelInfo::clock.
constexpr const char* engine = "nsbench.engine=";
constexpr const char* clock = "nsbench.clock=";

}  // namespace nsbench::kernel::guest
