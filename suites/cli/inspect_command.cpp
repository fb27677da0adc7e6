// nsbench inspect: is this process, or this container, isolated?
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/files.h"
#include "reports/file.h"
#include "reports/number.h"
#include "suites/cli/command.h"
#include "suites/cli/terminal.h"
#include "suites/observe/containers.h"
#include "suites/observe/inspection.h"
#include "suites/observe/look_inside.h"

namespace nsbench::cli {
namespace {

struct InspectOptions {
  pid_t pid = 0;
  std::string container;
  pid_t against = 0;
  std::vector<std::string> expected;
  std::string format = "text";
  std::string output = "-";
};

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

std::string sysctl(const char* path) {
  const Result<std::string> text = read_small_file(path);
  return text ? trimmed(*text) : "";
}

// What is refused leaves a hole in the picture, which is said, and the rest is shown.
Transcript seen_by(pid_t pid, std::vector<std::string>& untold) {
  constexpr std::chrono::seconds patience{10};
  Result<Transcript> seen = observe::look_inside(pid, Deadline::in(patience));
  if (seen) return std::move(*seen);
  untold.push_back(fmt::format("inside process {}: {}", pid, seen.error().str()));
  return {};
}

Result<observe::Inspection> look(pid_t pid, pid_t against) {
  Result<observe::ProcessState> target = observe::look_at_process(pid);
  if (!target) return target.error();
  Result<observe::ProcessState> other = observe::look_at_process(against);
  if (!other) return other.error();
  std::vector<std::string> untold;
  observe::Looked looked{.target = std::move(*target), .against = std::move(*other)};
  looked.inside = seen_by(pid, untold);
  looked.outside = seen_by(against, untold);
  for (const observe::ProcessState* one : {&looked.target, &looked.against}) {
    if (const Status there = observe::still_there(*one); !there) return there.error();
  }
  const std::string last = sysctl("/proc/sys/kernel/cap_last_cap");
  looked.last_capability = parse_number<int>(last).value_or(looked.last_capability);
  looked.ptrace_scope = sysctl("/proc/sys/kernel/yama/ptrace_scope");
  observe::Inspection inspection = observe::inspect(looked);
  inspection.untold.insert(inspection.untold.end(), untold.begin(), untold.end());
  return inspection;
}

// As /proc numbers this process: it may be of another pid namespace than getpid().
pid_t own_pid() {
  const Result<std::string> self = read_link("/proc/self");
  return self ? parse_number<int>(*self).value_or(::getpid()) : ::getpid();
}

ExitCode inspect(const InspectOptions& options) {
  NamespaceSet expected;
  for (const std::string& word : options.expected) {
    const Result<NamespaceSet> some = NamespaceSet::parse(word);
    if (!some) return fail(Error{"--expect " + some.error().str()});
    expected = expected | *some;
  }
  pid_t pid = options.pid;
  if (!options.container.empty()) {
    const Result<pid_t> found = observe::find_container(options.container);
    if (!found) return fail(found.error());
    pid = *found;
  }
  const Result<observe::Inspection> seen =
      look(pid, options.against != 0 ? options.against : own_pid());
  if (!seen) return fail(seen.error());
  std::string text;
  if (options.format == "json") {
    text = observe::inspection_json(*seen, expected);
  } else if (options.format == "html") {
    text = observe::inspection_html(*seen, expected);
  } else {
    const bool printed = options.output == "-";
    text =
        observe::inspection_text(*seen, expected, static_cast<std::size_t>(columns(STDOUT_FILENO)),
                                 printed && use_color(ColorChoice::Auto, STDOUT_FILENO));
  }
  const Status written = write_file(options.output, text);
  if (!written) return cant_write(written.error());
  return static_cast<ExitCode>(observe::exit_code_of(*seen, expected));
}

}  // namespace

Action add_inspect(CLI::App& app) {
  const auto options = std::make_shared<InspectOptions>();
  const CLI::Range pids(1, 1 << 22);
  CLI::Option* pid =
      app.add_option("PID,-t,--target", options->pid, "The process")->type_name("PID")->check(pids);
  CLI::Option* container =
      app.add_option("--container", options->container,
                     "The first process of this container, by name or id: of runc, crun, podman, "
                     "docker or containerd")
          ->type_name("NAME")
          ->excludes(pid);
  app.add_option("--against", options->against,
                 "The process that stands for the outside (default: nsbench itself)")
      ->type_name("PID")
      ->check(pids);
  app.add_option("--expect", options->expected,
                 "The namespaces that must be its own with no way out of them: all, or kinds with "
                 "commas; exit status 1 where they are not")
      ->type_name("KINDS");
  app.add_option("--format", options->format, "text, json or html")
      ->check(CLI::IsMember({"text", "json", "html"}))
      ->capture_default_str();
  app.add_option("--output", options->output, "Where to; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.footer(
      "The process is not touched: a child of nsbench joins its namespaces, without any "
      "capability, looks, and ends.");
  return [options, pid, container](const std::string&) {
    if (pid->count() == 0 && container->count() == 0) {
      return fail(Error{"inspect needs a PID or --container NAME"});
    }
    return inspect(*options);
  };
}

}  // namespace nsbench::cli
