// What was captured of a console, or LAVA's log of it: what is found is bounded, what is read again
// is the same, and a whole report is never made of a part of one.
#include "ci/kernel/console_log.h"

#include "reports/fuzz/check.h"
#include "reports/json.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const kernel::ConsoleLog log = kernel::read_console_log(text);
  fuzz::check(log.complete == log.trouble.empty(), "what is not complete says why");
  fuzz::check(!log.complete || (log.any && log.exit_status && log.lost.empty()), "all came");
  fuzz::check(log.complete || log.report.run.interrupted, "what is not complete says so itself");
  for (const std::string& lost : log.lost) {
    fuzz::check(lost.find('\n') == std::string::npos, "what was lost is told in a line");
  }
  if (log.any) fuzz::check(from_json(to_json(log.report)).ok(), "what was read can be written");
  const std::string console = kernel::console_in_lava_log(text);
  fuzz::check(console.size() <= 2 * size + 1, "no more comes out than went in");
  const kernel::KernelLog records = kernel::console_of_records(text);
  fuzz::check(records.text.size() <= 16 * size + 1, "records too");
  return 0;
}
