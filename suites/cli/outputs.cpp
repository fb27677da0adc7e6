#include "suites/cli/outputs.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "reports/file.h"
#include "reports/formats/kcidb.h"
#include "reports/place.h"
#include "reports/printable.h"
#include "suites/cli/stop.h"
#include "suites/cli/terminal.h"

namespace nsbench::cli {

namespace {

Result<const Format*> format_named(const std::string& name, Serves what, const char* option) {
  const Format* const format = find_format(name);
  if (format != nullptr && serves(*format, what)) return format;
  return Error{fmt::format("{} \"{}\": {}; there are {}", option, name,
                           format == nullptr ? "no such format" : "not a format for this command",
                           names_of_formats(what))};
}

Result<Output> parse_pair(const std::string& pair, Serves what) {
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos || colon + 1 == pair.size()) {
    return Error{fmt::format("--report \"{}\" is not FORMAT:FILE", pair)};
  }
  const Result<const Format*> format = format_named(pair.substr(0, colon), what, "--report");
  if (!format) return format.error();
  return Output{*format, pair.substr(colon + 1)};
}

// A run may take half an hour: what would refuse its report is better known before.
Status can_be_written(const std::string& path) {
  if (path == "-") return {};
  if (const Result<Place> place = find_place(path); !place && place.error().err == EACCES) {
    return place.error();
  }
  struct stat existing {};
  if (::stat(path.c_str(), &existing) == 0) {
    if (S_ISDIR(existing.st_mode)) return Error{fmt::format("'{}' is a directory", path)};
    if (::access(path.c_str(), W_OK) != 0) return Error::last(fmt::format("access('{}')", path));
    return {};
  }
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    return Error::last(fmt::format("'{}' can't be made: access('{}')", path, directory));
  }
  return {};
}

// LAVA's signals behind text or TAP: a line of each is known by itself.
bool go_together(const Format& a, const Format& b) {
  return is_of_lines(a) && is_of_lines(b) && (a.name == "lava") != (b.name == "lava");
}

Status different_and_writable(const std::vector<Output>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (outputs[i].path != outputs[j].path || outputs[i].path == "/dev/null") continue;
      if (outputs[i].path == "-" && go_together(*outputs[i].format, *outputs[j].format)) continue;
      return Error{fmt::format(
          "{} and {} both want {}", outputs[j].format->name, outputs[i].format->name,
          outputs[i].path == "-" ? "standard output" : fmt::format("'{}'", outputs[i].path))};
    }
    if (Status writable = can_be_written(outputs[i].path); !writable) return writable;
  }
  return {};
}

FormatOptions format_options(const OutputOptions& options, const Output& output,
                             const Judging& judging) {
  const ColorChoice choice = options.color == "always"  ? ColorChoice::Always
                             : options.color == "never" ? ColorChoice::Never
                                                        : ColorChoice::Auto;
  const bool to_stdout = output.path == "-";
  FormatOptions format;
  format.judging = judging;
  format.origin = options.origin;
  format.text.every_check = options.verbose;
  format.text.histogram = options.histogram;
  format.text.color = to_stdout ? use_color(choice, STDOUT_FILENO) : choice == ColorChoice::Always;
  if (to_stdout) format.text.width = columns(STDOUT_FILENO);
  return format;
}

// What GitHub shows as the summary of a step. Other programs of the step write to the same file.
Status append_step_summary(
    const OutputOptions& options, const Judging& judging,
    const std::function<std::string(const Format&, const FormatOptions&)>& render) {
  const char* const path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') return {};
  const Format& markdown = *find_format("markdown");
  return append_file(path, render(markdown, format_options(options, {&markdown, path}, judging)));
}

// A stream's reader may be anything, also one that never reads.
Status write_output(const std::string& path, const std::string& text) {
  struct stat existing {};
  const bool stream =
      path == "-" || (::stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode));
  if (!stream) return write_file(path, text);
  const WhileWriting guard;
  return write_file(path, text);
}

std::string kcidb_origin(const std::string& origin) {
  if (is_kcidb_origin(origin)) return {};
  return fmt::format("\"{}\" is not of [a-z0-9_]", printable(origin, 100));
}

}  // namespace

bool is_of_lines(const Format& format) {
  constexpr std::array of_lines{"text", "ktap", "tap13", "lava"};
  return std::find(of_lines.begin(), of_lines.end(), format.name) != of_lines.end();
}

Result<std::optional<Policy>> policy_of(const OutputOptions& options) {
  if (options.policy.empty()) return std::optional<Policy>();
  const Result<std::string> text = read_file(options.policy);
  if (!text) return text.error();
  Result<Policy> policy = read_policy(*text);
  if (!policy) {
    return Error{fmt::format("{}: {}", printable(options.policy), policy.error().str())};
  }
  return std::optional<Policy>(std::move(*policy));
}

Date today() {
  const std::tm now = fmt::gmtime(std::time(nullptr));
  constexpr int first_year = 1900;
  return {.year = now.tm_year + first_year, .month = now.tm_mon + 1, .day = now.tm_mday};
}

void add_output_options(CLI::App& app, OutputOptions& options, Serves what) {
  std::string about = "What to write to standard output:";
  for (const Format& format : all_formats()) {
    if (serves(format, what)) about += fmt::format("\n{}: {}", format.name, format.about);
  }
  app.add_option("--format", options.format, about)->type_name("NAME");
  app.add_option("--output", options.output, "Write that to FILE instead")->type_name("FILE");
  app.add_option("--report", options.reports,
                 "In addition, write FILE in that format; any number of times")
      ->type_name("FORMAT:FILE")
      ->expected(1)
      ->take_all();
  app.add_option("--json", options.json,
                 "Like --report json:FILE; without FILE, like --format json")
      ->type_name("FILE")
      ->expected(0, 1)
      ->default_str("-");
  if (serves(*find_format("kcidb"), what)) {
    app.add_option("--origin", options.origin, "kcidb: the name under which the results are sent")
        ->type_name("NAME")
        ->check(kcidb_origin)
        ->capture_default_str();
  }
  if (what != Serves::Compare) {
    app.add_option("--policy", options.policy,
                   "Known issues and allowed skips (ci/policy.json is one), for what is shown and "
                   "for the exit status")
        ->type_name("FILE");
  }
  app.add_flag("-v,--verbose", options.verbose,
               "Text: every one on a line of its own (without: where there are many, those that "
               "hold or are the same are counted)");
  app.add_option("--color", options.color, "Colour the text")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

Result<std::vector<Output>> outputs_of(const OutputOptions& options, Serves what, bool no_text) {
  std::vector<Output> outputs;
  const bool asked = !options.format.empty() || !options.output.empty();
  if (asked || (options.json != "-" && !no_text)) {
    const std::string name = options.format.empty() ? "text" : options.format;
    const Result<const Format*> format = format_named(name, what, "--format");
    if (!format) return format.error();
    outputs.push_back({*format, options.output.empty() ? "-" : options.output});
  }
  if (!options.json.empty()) outputs.push_back({find_format("json"), options.json});
  for (const std::string& pair : options.reports) {
    Result<Output> output = parse_pair(pair, what);
    if (!output) return output.error();
    outputs.push_back(std::move(*output));
  }
  if (Status fine = different_and_writable(outputs); !fine) return fine.error();
  return outputs;
}

Status write_outputs(
    const std::vector<Output>& outputs, const OutputOptions& options, const Judging& judging,
    const std::function<std::string(const Format&, const FormatOptions&)>& render) {
  Status first;
  for (const Output& output : outputs) {
    Status written =
        write_output(output.path, render(*output.format, format_options(options, output, judging)));
    if (written && output.format->name == "github")
      written = append_step_summary(options, judging, render);
    if (first) first = written;
  }
  return first;
}

}  // namespace nsbench::cli
