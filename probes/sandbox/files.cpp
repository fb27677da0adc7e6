#include "probes/sandbox/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "probes/sandbox/fd.h"

namespace nsbench {

Result<std::string> read_small_file(const std::string& path) {
  constexpr std::size_t limit = 1UL << 26U;  // the mount table may have fs.mount-max lines
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return Error::last("open(" + path + ")");
  std::string text;
  std::array<char, 8192> block{};
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::last("read(" + path + ")");
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > limit) return Error{"read(" + path + ")", EFBIG};
  }
}

Status write_small_file(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return Error::last("open(" + path + ")");
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Error::last("write(" + path + ", \"" + std::string(text) + "\")");
  }
  return {};
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, 256> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return Error::last("readlink(" + path + ")");
  return std::string(target.data(), static_cast<std::size_t>(length));
}

std::string trimmed(std::string text) {
  const std::size_t end = text.find_last_not_of(" \t\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

std::string field_of(std::string_view text, std::string_view name) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, end - start);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      const std::size_t value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string_view::npos ? "" : std::string(line.substr(value));
    }
    start = end + 1;
  }
  return "";
}

}  // namespace nsbench
