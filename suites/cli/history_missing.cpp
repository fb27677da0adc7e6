// nsbench history where it was left out of the build: small programs have no SQLite.
#include <string>

#include "suites/cli/command.h"

namespace nsbench::cli {

Action add_history(CLI::App& app) {
  app.prefix_command();  // whatever follows
  app.footer("This nsbench was built without it (NSBENCH_HISTORY=OFF).");
  return [](const std::string&) {
    complain("history: this nsbench was built without it (NSBENCH_HISTORY=OFF); use another build");
    return ExitCode::Usage;
  };
}

}  // namespace nsbench::cli
