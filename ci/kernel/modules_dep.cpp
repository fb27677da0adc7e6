#include "ci/kernel/modules_dep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

constexpr std::array<std::string_view, 4> endings{".ko", ".ko.gz", ".ko.xz", ".ko.zst"};

// What stands before the first `separator`; `text` is left with what stands behind it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

// What is wrong with a module's path; empty: nothing.
std::string_view wrong_with(std::string_view path) {
  constexpr std::size_t longest = 1024;
  if (path.empty()) return "is empty";
  if (path.size() > longest) return "is too long";
  if (path.find('\0') != std::string_view::npos) return "has a NUL byte";
  if (path.front() == '/') return "is absolute, and so leads out of the tree";
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = take(rest, '/');
    if (part == "..") return "leads out of the tree";
    if (part.empty() || part == ".") return "is not a plain path";
  }
  const bool is_module = std::any_of(endings.begin(), endings.end(), [path](std::string_view end) {
    return path.ends_with(end) && !path.ends_with('/' + std::string(end)) && path != end;
  });
  return is_module ? "" : "is not that of a module (.ko, .ko.gz, .ko.xz, .ko.zst)";
}

// Where a reader stands, for its errors.
struct Place {
  std::string_view file;
  std::size_t line = 0;

  [[nodiscard]] Error error(std::string_view what) const {
    return Error{fmt::format("{}, line {}: {}", printable(file), line, what)};
  }
  [[nodiscard]] Status check(std::string_view path) const {
    const std::string_view wrong = wrong_with(path);
    if (wrong.empty()) return {};
    return error(fmt::format("the path '{}' {}", printable(path, 200), wrong));
  }
};

Result<std::vector<std::string>> names_of(std::string_view paths, const Place& place) {
  std::vector<std::string> names;
  while (!paths.empty()) {
    const std::string_view path = take(paths, ' ');
    if (path.empty()) continue;
    if (Status status = place.check(path); !status) return status.error();
    names.push_back(module_name(path));
  }
  return names;
}

}  // namespace

std::string module_name(std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  for (const std::string_view ending : endings) {
    if (file.ends_with(ending)) file.remove_suffix(ending.size());
  }
  std::string name(file);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

Result<ModuleList> parse_modules_dep(std::string_view file, std::string_view text) {
  ModuleList list;
  for (Place place{file}; !text.empty();) {
    std::string_view line = take(text, '\n');
    ++place.line;
    if (line.empty()) continue;
    if (line.find(':') == std::string_view::npos) return place.error("has no ':' after a path");
    const std::string_view path = take(line, ':');
    if (Status status = place.check(path); !status) return status.error();
    Result<std::vector<std::string>> needs = names_of(line, place);
    if (!needs) return needs.error();
    list.insert_or_assign(module_name(path), ListedModule{std::string(path), *std::move(needs)});
  }
  return list;
}

Result<ModuleList> parse_modules_order(std::string_view file, std::string_view text) {
  ModuleList list;
  for (Place place{file}; !text.empty();) {
    const std::string_view path = take(text, '\n');
    ++place.line;
    if (path.empty()) continue;
    if (Status status = place.check(path); !status) return status.error();
    list.insert_or_assign(module_name(path), ListedModule{std::string(path), std::nullopt});
  }
  return list;
}

std::set<std::string> parse_modules_builtin(std::string_view text) {
  std::set<std::string> names;
  while (!text.empty()) {
    const std::string_view path = take(text, '\n');
    if (!path.empty()) names.insert(module_name(path));
  }
  return names;
}

std::vector<std::string> depends_of(std::string_view modinfo) {
  constexpr std::string_view key = "depends=";
  std::vector<std::string> names;
  while (!modinfo.empty()) {
    std::string_view entry = take(modinfo, '\0');
    if (!entry.starts_with(key)) continue;
    entry.remove_prefix(key.size());
    while (!entry.empty()) {
      const std::string_view name = take(entry, ',');
      if (!name.empty()) names.push_back(module_name(name));
    }
  }
  return names;
}

}  // namespace nsbench::kernel
