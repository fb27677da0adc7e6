// A kernel in a virtual machine as one side of a measurement in lock step.
#pragma once

#include "reports/gate.h"
#include "suites/cli/under_test.h"
#include "suites/lockstep/connection.h"

namespace nsbench::cli {

// Starts a worker by booting `kernel`, each time anew. What its console shows of splats is added to
// `splats` when the connection ends; both are the caller's, and outlive the connections.
lockstep::Connect connect_to_machine(const KernelUnderTest& kernel, bool instructions,
                                     std::vector<Splat>& splats);

// nsbench boot --worker: boots the kernel, and hands on what the worker in it and the controller on
// standard input and output say to each other, until one of them ends.
ExitCode run_vm_worker(const KernelOptions& options, const MachineOptions& machine);

}  // namespace nsbench::cli
