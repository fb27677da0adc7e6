// nsbench: checks and times the namespaces of the kernel it runs on.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/standard_descriptors.h"
#include "reports/file.h"
#include "reports/terminal_filter.h"
#include "suites/cli/command.h"
#include "suites/cli/init.h"
#include "suites/cli/layout.h"

namespace nsbench::cli {

namespace {

constexpr std::string_view description =
    "Checks that the running kernel's namespaces isolate what they promise, and times creating, "
    "entering and leaving them. Without a command: run.";

std::string footer() {
  std::string text = "Exit status:\n";
  for (const ExitCode code : {ExitCode::Ok, ExitCode::Failed, ExitCode::Usage, ExitCode::Unknown}) {
    text += fmt::format("  {}  {}\n", static_cast<int>(code), meaning(code));
  }
  text +=
      "\nExamples:\n"
      "  nsbench                                    the quick suite, as a table\n"
      "  nsbench --suite gate --json=new.json       the gate's suite, and a report for later\n"
      "  nsbench --checks-only --filter '^net/'     every check of network namespaces\n"
      "  nsbench --json | jq .summary               one JSON document on standard output\n"
      "  nsbench rerun uts/hostname:setns:userns    one case, with every step and errno\n"
      "  nsbench explain uts/hostname               what it checks, why, and how to see it by "
      "hand\n"
      "  nsbench report new.json --format markdown  a saved report, as another format\n"
      "  nsbench compare base.json new.json         what got slower, and what fails that did not\n"
      "  nsbench boot /boot/vmlinuz                 another kernel, in a virtual machine\n"
      "  nsbench gate --base OLD --new NEW          may this kernel replace that one?\n"
      "  nsbench history trend --db lab.db CASE     when a case changed, over all saved reports\n"
      "  nsbench list --long                        what there is, and where each rule comes from";
  return text;
}

bool any_option(const CLI::App& app) {
  const std::vector<const CLI::Option*> options = app.get_options();
  return std::any_of(options.begin(), options.end(),
                     [](const CLI::Option* option) { return option->count() > 0; });
}

std::string joined(const std::vector<std::string>& words) {
  std::string text = "nsbench";
  for (const std::string& word : words) text += " " + word;
  return text;
}

int run(const std::vector<std::string>& typed) {
  hold_closed_descriptors();
  CLI::App app{std::string(description), "nsbench"};
  app.set_version_flag("--version", "nsbench " NSBENCH_VERSION);
  app.footer(footer());
  app.require_subcommand(0, 1);
  Action action = add_run(app);
  const std::array commands{
      std::pair{app.add_subcommand("run", "Check and time this kernel (the default)"), &add_run},
      std::pair{app.add_subcommand("list", "List the checks and benchmarks"), &add_list},
      std::pair{app.add_subcommand("explain", "What a check is about, and what a failure means"),
                &add_explain},
      std::pair{app.add_subcommand("rerun", "Run one case again, showing every step"), &add_rerun},
      std::pair{app.add_subcommand("doctor", "What stands in the way here, and what would lift it"),
                &add_doctor},
      std::pair{app.add_subcommand("selftest", "Check the checks: tell them lies about the kernel"),
                &add_selftest},
      std::pair{app.add_subcommand("compare", "What got slower between two kernels or builds"),
                &add_compare},
      std::pair{app.add_subcommand("boot", "Boot a kernel and run in it, as if it ran here"),
                &add_boot},
      std::pair{
          app.add_subcommand("gate", "Does a new kernel hold what a base one does? Boots both"),
          &add_gate},
      std::pair{app.add_subcommand("fleet", "Many kernels on many machines, by LAVA"), &add_fleet},
      std::pair{app.add_subcommand("report", "Write saved reports as another format"), &add_report},
      std::pair{app.add_subcommand("history", "Keep reports over time, and see what changed when"),
                &add_history},
      std::pair{app.add_subcommand("worker", "Run batches for a controller on standard input"),
                &add_worker},
      std::pair{app.add_subcommand("ls", "The namespaces of this system, and what keeps them"),
                &add_ls},
      std::pair{app.add_subcommand("inspect", "Is this process, or this container, isolated?"),
                &add_inspect},
      std::pair{app.add_subcommand("enter", "Run a command in namespaces of a process"),
                &add_enter},
  };
  for (const auto& [command, add] : commands) {
    command->callback([&action, own = add(*command)] { action = own; });
  }
  try {
    std::vector<std::string> words = with_dashes_named(typed);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    const bool asked_for = error.get_exit_code() == 0;  // --help, --version
    std::ostringstream out, err;
    app.exit(error, out, err);
    static_cast<void>(write_file("-", out.str()).ok());
    const std::string trouble = printable_lines(err.str());  // quotes what was typed
    std::fwrite(trouble.data(), 1, trouble.size(), stderr);
    return static_cast<int>(asked_for ? ExitCode::Ok : ExitCode::Usage);
  }
  if (!app.get_subcommands().empty() && any_option(app)) {
    complain("options stand behind the command: nsbench run --json, not nsbench --json run");
    return static_cast<int>(ExitCode::Usage);
  }
  return static_cast<int>(action(joined(typed)));
}

// What nobody expected is said too: memory that can't be had, above all.
int run_guarded(int argc, char** argv) {
  try {
    return run({argv + std::min(argc, 1), argv + argc});  // argv[0] may be missing
  } catch (const std::exception& thrown) {
    complain(thrown.what());
  }
  return static_cast<int>(ExitCode::Unknown);
}

}  // namespace

std::vector<std::string> with_dashes_named(std::vector<std::string> words) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes == words.end() || dashes == words.begin()) return words;
  if (words.front() == "compare") *dashes = "--new";
  if (words.front() != "boot" && words.front() != "fleet") return words;
  for (auto word = dashes + 1; word != words.end(); ++word) *word = "--guest-word=" + *word;
  words.erase(dashes);
  return words;
}

// Where standard error can't be written either, the exit status has to do.
void complain(std::string_view text) {
  const std::string line = fmt::format("nsbench: {}\n", printable_lines(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitCode cant_write(const Error& error) {
  if (error.err == EPIPE && error.step.find("standard output") != std::string::npos) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);  // returns where it is blocked
  }
  complain(error.str());
  return ExitCode::Usage;
}

}  // namespace nsbench::cli

int main(int argc, char** argv) {
  // A parent that ignores it would have the kernel reap our children before we can.
  std::signal(SIGCHLD, SIG_DFL);
  if (!nsbench::cli::is_init()) return nsbench::cli::run_guarded(argc, argv);
  const std::vector<std::string> words = nsbench::cli::set_up_machine(argc, argv);
  nsbench::cli::run_and_power_off([&words] {
    const nsbench::Error error = nsbench::cli::become_nsbench(words);
    nsbench::cli::complain(error.str());
    return nsbench::cli::run(words);
  });
}
