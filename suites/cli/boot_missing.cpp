// nsbench boot and gate where they were left out: nsbench-static is booted, and boots nothing.
#include <string>

#include "suites/cli/command.h"

namespace nsbench::cli {

namespace {

Action missing(CLI::App& app) {
  app.prefix_command();  // whatever follows
  app.footer("This nsbench is without it: nsbench-static, or built with NSBENCH_BOOT=OFF.");
  return [name = app.get_name()](const std::string&) {
    complain(name + ": this nsbench is without it (nsbench-static, or NSBENCH_BOOT=OFF)");
    return ExitCode::Usage;
  };
}

}  // namespace

Action add_boot(CLI::App& app) { return missing(app); }
Action add_gate(CLI::App& app) { return missing(app); }

}  // namespace nsbench::cli
