// Where reports and comparisons go, and as what: --format, --output, --report and --json.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/formats/format.h"
#include "reports/policy.h"
#include "reports/result.h"

namespace nsbench::cli {

struct OutputOptions {
  std::string format;                // empty: text
  std::string output;                // empty: standard output
  std::vector<std::string> reports;  // FORMAT:FILE, in addition
  std::string json;                  // a file; "-" for standard output, in place of the text
  std::string color = "auto";
  std::string origin = "nsbench";  // kcidb
  std::string policy;              // a file
  bool verbose = false;
  bool histogram = false;
};

// The policy that the options name, if they do. An Error names the file, and the place in it.
Result<std::optional<Policy>> policy_of(const OutputOptions& options);
Date today();

// Adds --format, --output, --report, --json, --color and -v, and of reports --policy.
void add_output_options(CLI::App& app, OutputOptions& options, Serves what);

// One output: "-" is standard output.
struct Output {
  const Format* format = nullptr;
  std::string path;
};

// Whether its lines are known as such among others on a console; others are documents.
bool is_of_lines(const Format& format);

// What the options ask for, the first being the main one. Errors, each naming the option and its
// value: a format that is not known or does not serve `what`, a second output to one place (but
// LAVA's signals, which go to standard output behind text or TAP), a directory that is not there or
// can't be written. `no_text`: standard output is taken by something else, and gets no text of ours
// unless it was asked for.
Result<std::vector<Output>> outputs_of(const OutputOptions& options, Serves what,
                                       bool no_text = false);

// Renders and writes each; all are tried, and the first failure is the answer. With the format
// github, Markdown is appended to the file that GITHUB_STEP_SUMMARY names, if it is set.
// `judging`: known failures are shown as such.
Status write_outputs(const std::vector<Output>& outputs, const OutputOptions& options,
                     const Judging& judging,
                     const std::function<std::string(const Format&, const FormatOptions&)>& render);

}  // namespace nsbench::cli
