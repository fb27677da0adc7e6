// nsbench enter: the door, used by hand.
#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/join.h"
#include "suites/cli/command.h"

namespace nsbench::cli {
namespace {

// As nsenter(1) calls them.
struct Letter {
  const char* flags;
  Kind kind;
};
constexpr std::array letters{
    Letter{"-m,--mount", Kind::Mnt}, Letter{"-u,--uts", Kind::Uts},
    Letter{"-i,--ipc", Kind::Ipc},   Letter{"-n,--net", Kind::Net},
    Letter{"-p,--pid", Kind::Pid},   Letter{"-C,--cgroup", Kind::Cgroup},
    Letter{"-U,--user", Kind::User}, Letter{"-T,--time", Kind::Time},
};

struct EnterOptions {
  pid_t pid = 0;
  bool all = false;
  std::array<bool, letters.size()> kinds{};
  bool keep_ids = false;
  std::vector<std::string> words;
};

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

// A command's exit status is any number of eight bits.
ExitCode status_code(int status) { return static_cast<ExitCode>(status); }

NamespaceSet named(const EnterOptions& options) {
  NamespaceSet set;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (options.kinds.at(i)) set = set | NamespaceSet{letters.at(i).kind};
  }
  return set.empty() ? NamespaceSet::all() : set;
}

// What is asked for by name is joined or refused; of all, what the kernel lacks is left out.
Status are_known(NamespaceSet wanted) {
  for (const Kind kind : wanted.kinds()) {
    const Result<std::string> own = read_link(fmt::format("/proc/self/ns/{}", row(kind).name));
    if (!own) return own.error();
  }
  return {};
}

// In a user namespace that one has come into, one's ids may be nobody's: root's are taken, where
// there is a root (EINVAL: none is mapped). EPERM of setgroups: the namespace forbids it.
Status become_root_inside() {
  if (::setgroups(0, nullptr) != 0 && errno != EPERM) return Error::last("setgroups(0)");
  if (::setresgid(0, 0, 0) != 0 && errno != EINVAL) return Error::last("setresgid(0)");
  if (::setresuid(0, 0, 0) != 0 && errno != EINVAL) return Error::last("setresuid(0)");
  return {};
}

// The process that is made now is the first one inside. It has the terminal: what is typed to end
// it is for it alone, and this process ends as it does.
ExitCode run_in_child(const std::vector<std::string>& words) {
  for (const int signal : {SIGINT, SIGQUIT}) ::signal(signal, SIG_IGN);
  Result<Child> child = Child::fork([&words] {
    ::signal(SIGQUIT, SIG_DFL);
    return become(words);
  });
  if (!child) return fail(child.error());
  const Result<ExitStatus> ended = child->wait();
  if (!ended) return fail(ended.error());
  return status_code(ended->signal != 0 ? base_of_signals + ended->signal : ended->code);
}

ExitCode enter_by_hand(EnterOptions options) {
  if (options.words.empty()) {
    const char* shell = std::getenv("SHELL");
    options.words.emplace_back(shell != nullptr && *shell != '\0' ? shell : "/bin/sh");
  }
  const NamespaceSet wanted = named(options);
  if (wanted != NamespaceSet::all()) {
    if (const Status known = are_known(wanted); !known) return fail(known.error());
  }
  const Result<NamespaceSet> joined = join_process(wanted, options.pid);
  if (!joined) return fail(joined.error());
  if (joined->has(Kind::User) && !options.keep_ids) {
    if (const Status root = become_root_inside(); !root) return fail(root.error());
  }
  if (joined->has(Kind::Pid) || joined->has(Kind::Time)) return run_in_child(options.words);
  return status_code(become(options.words));
}

}  // namespace

Action add_enter(CLI::App& app) {
  const auto options = std::make_shared<EnterOptions>();
  app.add_option("PID,-t,--target", options->pid, "A process that is in them")
      ->required()
      ->type_name("PID")
      ->check(CLI::Range(1, 1 << 22));
  app.add_flag("-a,--all", options->all, "All that differ from one's own (the default)");
  for (std::size_t i = 0; i < letters.size(); ++i) {
    app.add_flag(letters.at(i).flags, options->kinds.at(i),
                 fmt::format("The {} namespace", row(letters.at(i).kind).name))
        ->excludes("--all");
  }
  app.add_flag(
      "--preserve-credentials", options->keep_ids,
      "Keep user and group ids; without it, who joins a user namespace becomes root there");
  app.add_option("COMMAND", options->words, "Behind --, with its words (default: $SHELL)");
  app.footer("The exit status is the command's; 2 where the namespaces could not be joined.");
  return [options](const std::string&) { return enter_by_hand(*options); };
}

}  // namespace nsbench::cli
