// nsbench boot: a kernel in a virtual machine, and nsbench in it, as if it had run here.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reports/gate.h"
#include "reports/policy.h"
#include "suites/cli/command.h"
#include "suites/cli/outputs.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"
#include "suites/cli/terminal.h"
#include "suites/cli/under_test.h"
#include "suites/cli/vm_worker.h"

namespace nsbench::cli {

namespace {

struct Options {
  KernelOptions kernel;
  MachineOptions machine;
  std::vector<std::string> words;  // of nsbench run in the guest
  OutputOptions out;
  bool worker = false;
};

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

ExitCode run(const Options& options, const std::string& command_line) {
  if (Status fine = check_guest_words(options.words); !fine) return fail(fine.error());
  const Result<std::vector<Output>> outputs = outputs_of(options.out, Serves::Run);
  if (!outputs) return fail(outputs.error());
  const Result<std::optional<Policy>> policy = policy_of(options.out);
  if (!policy) return fail(policy.error());
  const Judging judging{.policy = *policy ? &**policy : nullptr, .today = today()};
  keep_rights_of_harness();
  const auto* const stop = stop_on_signals();
  const Result<KernelUnderTest> kernel =
      KernelUnderTest::prepare(options.kernel, options.machine, stop);
  if (!kernel) return fail(kernel.error());
  std::vector<std::string> words{"run"};
  words.insert(words.end(), options.words.begin(), options.words.end());
  const Result<kernel::MachineSpec> machine =
      kernel->machine(words, options.machine.clock == "instructions");
  if (!machine) return fail(machine.error());
  const Result<BootWatch> watch = BootWatch::open(options.machine);
  if (!watch) return fail(watch.error());
  ProgressLine line;
  kernel::BootOptions how = watch->options(stop);
  how.on_part = [&line](const Report& report) {
    line.show({.phase = Progress::Phase::Boots, .done = report.cases.size()});
  };
  Result<kernel::Boot> boot = kernel::boot(*machine, how);
  line.clear();
  if (!boot) return fail(boot.error());
  if (!boot->complete) complain(obituary(*boot));
  if (!boot->any) return ExitCode::Unknown;
  const Report report = kernel->report_of(std::move(*boot), command_line);
  const Status written = write_outputs(*outputs, options.out, judging,
                                       [&report](const Format& format, const FormatOptions& form) {
                                         return format.of_reports(std::span(&report, 1), form);
                                       });
  if (!written) return cant_write(written.error());
  return judge(report, judging).decision.code;
}

}  // namespace

Action add_boot(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("KERNEL", options->kernel.image,
                 "A bzImage, a vmlinux with a PVH note, or a User-Mode Linux executable")
      ->required();
  app.add_option("--append", options->kernel.append, "Append this to the kernel's command line")
      ->type_name("WORDS");
  app.add_option("--modules", options->kernel.modules,
                 "Its modules, as /lib/modules/VERSION (default: found beside the image)")
      ->type_name("DIR");
  app.add_option("--config", options->kernel.config,
                 "Its configuration (default: found in the image, or beside it)")
      ->type_name("FILE");
  app.add_flag("--worker", options->worker,
               "Be a worker for nsbench compare --run \"nsbench boot --worker KERNEL\": the guest "
               "runs single batches for a controller on standard input");
  add_machine_options(app, options->machine);
  // What stands behind --: with_words_behind_dashes_named().
  app.add_option("--guest-word", options->words)->group("")->expected(1)->take_all();
  add_output_options(app, options->out, Serves::Run);
  app.footer(
      "nsbench boot KERNEL [options] [-- options of nsbench run]\n\n"
      "Exit status: as of nsbench run; 1 also if the kernel's console shows that it is not well; 3 "
      "if it does not boot, or no whole report comes back.");
  return [options](const std::string& command_line) {
    return options->worker ? run_vm_worker(options->kernel, options->machine)
                           : run(*options, command_line);
  };
}

}  // namespace nsbench::cli
