// A history's file, as somebody may have damaged it: what is in it comes out within bounds, or an
// error does.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "reports/fuzz/check.h"
#include "suites/history/history.h"
#include "suites/history/trend.h"

using namespace nsbench;
using history::History;

namespace {

// SQLite wants a name; this one is in memory, and gone with the process.
class File {
 public:
  File() : path_(fmt::format("/dev/shm/nsbench-fuzz-history-{}", ::getpid())) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { remove(); }

  [[nodiscard]] const std::string& path() const { return path_; }
  bool hold(std::string_view bytes) const {
    remove();
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    const bool whole =
        ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    ::close(fd);
    return whole;
  }

 private:
  void remove() const {
    for (const char* more : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + more).c_str());
  }
  std::string path_;
};

void read_trend(History& history, const std::string& name) {
  const Result<std::vector<history::CaseName>> cases = history.cases_named(name);
  if (!cases) return;
  std::vector<std::pair<history::CaseName, std::vector<history::Point>>> points;
  for (const history::CaseName& one : *cases) {
    Result<std::vector<history::Point>> found = history.points(one, {});
    if (found) points.emplace_back(one, std::move(*found));
  }
  static_cast<void>(history::trend_of(name, std::move(points), {}));
}

void read_all(History& history) {
  const Result<std::vector<history::Run>> runs = history.runs({}, 5);
  if (!runs) return;
  fuzz::check(runs->size() <= 5, "no more runs than were asked for");
  for (const history::Run& run : *runs) {
    static_cast<void>(history.document(run.id).ok());
    static_cast<void>(history.record(run.id).ok());
  }
  const Result<std::vector<std::string>> names = history.similar("", 4);
  if (!names) return;
  for (const std::string& name : *names) read_trend(history, name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const File file;
  fuzz::check(file.hold(fuzz::text_of(data, size)), "the file is written");
  Result<History> history = History::open(file.path(), history::Database::Access::Existing);
  if (history) read_all(*history);
  return 0;
}
