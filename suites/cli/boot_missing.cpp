// nsbench boot and gate where they were left out of the build: small programs boot nothing.
#include <string>

#include "suites/cli/command.h"

namespace nsbench::cli {

namespace {

Action missing(CLI::App& app) {
  app.prefix_command();  // whatever follows
  app.footer("This nsbench was built without it (NSBENCH_BOOT=OFF).");
  return [name = app.get_name()](const std::string&) {
    complain(name + ": this nsbench was built without it (NSBENCH_BOOT=OFF); use another build");
    return ExitCode::Usage;
  };
}

}  // namespace

Action add_boot(CLI::App& app) { return missing(app); }
Action add_gate(CLI::App& app) { return missing(app); }

}  // namespace nsbench::cli
