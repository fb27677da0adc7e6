#include "suites/testing/subprocess.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace nsbench::testing {

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

pid_t start_with(const std::vector<std::string>& command, int out, int err) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  // A shell's background job ignores SIGINT, and what it starts would.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out >= 0 ? out : nothing, STDOUT_FILENO);
  ::dup2(err >= 0 ? err : nothing, STDERR_FILENO);
  ::execvp(words.front(), words.data());
  ::_exit(127);
}

std::string text_of(std::FILE* file) {
  std::string text;
  std::array<char, 4096> block{};
  std::rewind(file);
  for (std::size_t got = 0; (got = std::fread(block.data(), 1, block.size(), file)) > 0;) {
    text.append(block.data(), got);
  }
  return text;
}

}  // namespace

pid_t start_program(const std::vector<std::string>& command) { return start_with(command, -1, -1); }

Finished run_program(const std::vector<std::string>& command) {
  const File out(std::tmpfile(), std::fclose);
  const File err(std::tmpfile(), std::fclose);
  if (!out || !err) return {};
  const pid_t pid = start_with(command, ::fileno(out.get()), ::fileno(err.get()));
  int status = 0;
  Finished finished;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return finished;
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  finished.out = text_of(out.get());
  finished.err = text_of(err.get());
  return finished;
}

}  // namespace nsbench::testing
