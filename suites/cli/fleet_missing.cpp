// nsbench fleet where it was left out: nsbench-static speaks to no server.
#include <string>

#include "suites/cli/command.h"

namespace nsbench::cli {

Action add_fleet(CLI::App& app) {
  app.prefix_command();  // whatever follows
  app.footer("This nsbench is without it: nsbench-static, or built with NSBENCH_FLEET=OFF.");
  return [](const std::string&) {
    complain("fleet: this nsbench is without it (nsbench-static, or NSBENCH_FLEET=OFF)");
    return ExitCode::Usage;
  };
}

}  // namespace nsbench::cli
