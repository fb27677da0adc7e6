// The log of a job of LAVA: what its kernel said, and whose fault it is where the job did not end
// well.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ci/kernel/console_log.h"

namespace nsbench::fleet {

// What LAVA says of a job that it does not call a pass.
struct LavaError {
  std::string type;  // "Infrastructure", "Job", "Test", "Bug", "Configuration", "Canceled"
  std::string text;
};

struct JobLog {
  kernel::ConsoleLog console;
  std::optional<LavaError> error;  // none: the job passed, or the log has no end
  bool ended = false;              // LAVA said what the job came to
  bool booted = false;             // LAVA had begun to boot the kernel
  bool spoke = false;              // the kernel said its first line

  // The kernel's fault, and not the lab's: it said itself that it was not well, or LAVA waited for
  // it in vain. A machine that was gone without a word is the lab's, as far as one log can tell.
  [[nodiscard]] bool kernel_failed() const;
  // A sentence: what the kernel said, else what LAVA did.
  [[nodiscard]] std::string why() const;
};

// `text` as LAVA's REST API or lava-run gives it, or just a console.
JobLog read_job_log(std::string_view text);

}  // namespace nsbench::fleet
