// The commands of nsbench: one file each, each with its options and what it does.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/gate.h"
#include "reports/result.h"

namespace nsbench::cli {

// What main runs once the command line is parsed; it is given the line as it was typed.
using Action = std::function<ExitCode(const std::string& command_line)>;

// Each adds its options to `app`, and answers with what to do if that command was chosen.
Action add_boot(CLI::App& app);
Action add_gate(CLI::App& app);
Action add_fleet(CLI::App& app);
Action add_run(CLI::App& app);
Action add_list(CLI::App& app);
Action add_explain(CLI::App& app);
Action add_rerun(CLI::App& app);
Action add_doctor(CLI::App& app);
Action add_selftest(CLI::App& app);
Action add_compare(CLI::App& app);
Action add_report(CLI::App& app);
Action add_history(CLI::App& app);
Action add_worker(CLI::App& app);
Action add_ls(CLI::App& app);
Action add_enter(CLI::App& app);
Action add_inspect(CLI::App& app);

// CLI11 forgets where -- stood. So in nsbench compare BASE... -- NEW... it becomes --new, and each
// word behind it in nsbench boot KERNEL -- WORDS..., or nsbench fleet, is given by --guest-word.
// The words of other commands are left as they are.
std::vector<std::string> with_dashes_named(std::vector<std::string> words);

// Prints "nsbench: TEXT" to standard error.
void complain(std::string_view text);

// What is done where output can't be written: that is said, and Usage is the answer. Only if
// standard output's reader has gone, as that of `nsbench | head` does, this does not return: the
// process ends by SIGPIPE, quietly, as other programs do.
ExitCode cant_write(const Error& error);

}  // namespace nsbench::cli
