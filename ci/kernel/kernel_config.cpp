#include "ci/kernel/kernel_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "ci/kernel/compression.h"
#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

constexpr std::size_t max_config_bytes = std::size_t{4} << 20U;

// kernel/configs.c: the marks, with gzip in between. A program that looks for the marks has them as
// well, so the first that encloses gzip counts.
Result<std::optional<std::string>> ikconfig(const Image& image, std::string_view bytes) {
  constexpr std::string_view start = "IKCFG_ST";
  constexpr std::string_view end = "IKCFG_ED";
  for (std::size_t at = bytes.find(start); at != std::string_view::npos;
       at = bytes.find(start, at + 1)) {
    const std::string_view rest = bytes.substr(at + start.size());
    if (compression_of(rest) != "gzip") continue;
    const std::string_view packed = rest.substr(0, std::min(rest.find(end), max_config_bytes));
    Result<std::string> text = decompress(
        fmt::format("'{}': the configuration", printable(image.path)), packed, max_config_bytes);
    if (!text) return text.error();
    return std::optional(*std::move(text));
  }
  return std::optional<std::string>();
}

// The line that begins at `at`, where a text "LINE\n" ended by a NUL byte is; empty if there is
// none.
std::string_view config_line(std::string_view bytes, std::size_t at) {
  constexpr std::size_t longest = 4096;
  const std::string_view rest = bytes.substr(at, longest);
  const std::size_t newline = rest.find('\n');
  if (newline == std::string_view::npos || newline + 1 >= rest.size()) return {};
  const std::string_view line = rest.substr(0, newline + 1);
  return rest[newline + 1] == '\0' && line.find('\0') == std::string_view::npos
             ? line
             : std::string_view();
}

// UML has its configuration for --showconfig, as one text a line (arch/um/kernel/config.c.in). The
// linker may have put them into several places, so all of the file is gone through.
std::optional<std::string> showconfig(std::string_view bytes) {
  constexpr std::string_view option = "CONFIG_";
  constexpr std::string_view unset = "# ";
  std::string config;
  for (std::size_t at = bytes.find(option); at != std::string_view::npos;
       at = bytes.find(option, at + option.size())) {
    const bool is_unset = at >= unset.size() && bytes.substr(at - unset.size(), 2) == unset;
    const std::size_t begin = is_unset ? at - unset.size() : at;
    if (begin == 0 || bytes[begin - 1] != '\0') continue;
    config += config_line(bytes, begin);
    if (config.size() > max_config_bytes) return std::nullopt;
  }
  // Without it these are lines of something else.
  if (config.find("CONFIG_UML=y\n") == std::string::npos) return std::nullopt;
  return config;
}

Result<std::optional<std::string>> in_bzimage(const Image& image, std::string_view bytes) {
  const std::optional<std::string_view> payload = bzimage_payload(bytes);
  if (!payload) {
    return Error{
        fmt::format("'{}' is cut off: its payload is not within its bytes", printable(image.path))};
  }
  if (!is_supported(compression_of(*payload))) return std::optional<std::string>();
  const Result<std::string> vmlinux = decompress(
      fmt::format("'{}': the payload", printable(image.path)), *payload, max_image_bytes);
  if (!vmlinux) return vmlinux.error();
  return ikconfig(image, *vmlinux);
}

}  // namespace

Result<std::optional<std::string>> embedded_config_in(const Image& image, std::string_view bytes) {
  if (image.kind == ImageKind::BzImage) return in_bzimage(image, bytes);
  Result<std::optional<std::string>> config = ikconfig(image, bytes);
  if (!config || *config || image.kind != ImageKind::Uml) return config;
  return showconfig(bytes);
}

Result<std::optional<std::string>> embedded_config(const Image& image) {
  const Result<std::string> bytes = read_image(image.path);
  if (!bytes) return bytes.error();
  return embedded_config_in(image, *bytes);
}

}  // namespace nsbench::kernel
