// nsbench ls: the namespaces of this system.
#include <unistd.h>

#include <memory>
#include <string>

#include "reports/file.h"
#include "suites/cli/command.h"
#include "suites/cli/terminal.h"
#include "suites/observe/namespaces.h"

namespace nsbench::cli {
namespace {

struct LsOptions {
  std::vector<std::string> types;
  pid_t pid = 0;
  bool tree = false;
  bool json = false;
};

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

Result<NamespaceSet> kinds_of(const std::vector<std::string>& types) {
  NamespaceSet kinds = types.empty() ? NamespaceSet::all() : NamespaceSet{};
  for (const std::string& type : types) {
    const Result<NamespaceSet> some = NamespaceSet::parse(type);
    if (!some) return Error{"--type " + some.error().str()};
    kinds = kinds | *some;
  }
  return kinds;
}

ExitCode ls(const LsOptions& options) {
  const Result<NamespaceSet> kinds = kinds_of(options.types);
  if (!kinds) return fail(kinds.error());
  // What is read by a program is not cut, or broken into lines.
  constexpr int unbounded = 10000;
  const int width = ::isatty(STDOUT_FILENO) == 1 ? columns(STDOUT_FILENO) : unbounded;
  const observe::ListOptions how{.kinds = *kinds,
                                 .pid = options.pid,
                                 .tree = options.tree,
                                 .width = static_cast<std::size_t>(width),
                                 .color = use_color(ColorChoice::Auto, STDOUT_FILENO)};
  Result<observe::System> system = observe::look_at_namespaces();
  if (system) system = observe::chosen(std::move(*system), how);
  if (!system) return fail(system.error());
  const Status written = write_file("-", options.json ? observe::namespaces_json(*system)
                                                      : observe::namespaces_text(*system, how));
  return written ? ExitCode::Ok : fail(written.error());
}

}  // namespace

Action add_ls(CLI::App& app) {
  const auto options = std::make_shared<LsOptions>();
  app.add_option("-t,--type", options->types,
                 "Only these kinds: pid, uts, mnt, ipc, user, net, "
                 "cgroup, time, or several with commas")
      ->type_name("TYPE");
  app.add_option("-p,--pid", options->pid, "Only those that this process is in")
      ->type_name("PID")
      ->check(CLI::Range(1, 1 << 22));
  CLI::Option* tree = app.add_flag("--tree", options->tree,
                                   "As trees: user namespaces with what each owns, pid namespaces");
  app.add_flag("--json", options->json, "As JSON")->excludes(tree);
  return [options](const std::string&) { return ls(*options); };
}

}  // namespace nsbench::cli
