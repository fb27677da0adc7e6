// nsbench history where it was left out: nsbench-static has no SQLite.
#include <string>

#include "suites/cli/command.h"

namespace nsbench::cli {

Action add_history(CLI::App& app) {
  app.prefix_command();  // whatever follows
  app.footer("This nsbench is without it: nsbench-static, or built with NSBENCH_HISTORY=OFF.");
  return [](const std::string&) {
    complain("history: this nsbench is without it (nsbench-static, or NSBENCH_HISTORY=OFF)");
    return ExitCode::Usage;
  };
}

}  // namespace nsbench::cli
