#include "ci/kernel/modules.h"

#include <elf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>

#include "ci/kernel/compression.h"
#include "ci/kernel/elf.h"
#include "ci/kernel/modules_dep.h"
#include "ci/kernel/quotes.h"
#include "reports/file.h"
#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

// nouveau.ko has 10 MB; ones with debug information have several times that.
constexpr std::size_t max_module_bytes = std::size_t{256} << 20U;
// The longest chain of needs in real trees has about ten modules.
constexpr std::size_t deepest = 64;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool is_tree(const std::string& path) {
  return exists(path + "/modules.dep") || exists(path + "/modules.order");
}

// --- One module ---

// A signature is of all bytes before it: such a module is left as it is (kernel/module/signing.c).
bool is_signed(std::string_view module) {
  return module.ends_with("~Module signature appended~\n");
}

bool is_debug_section(std::string_view name) {
  return name.starts_with(".debug_") || name.starts_with(".rela.debug_");
}

// The kernel doesn't look into them, and zeros compress to nothing. That the rest stays where it is
// makes this simple.
void blank_debug_sections(std::string& module) {
  if (is_signed(module)) return;
  const Result<Elf> elf = read_elf("", module, ElfTables::Sections);
  if (!elf) return;
  for (const ElfPart& section : elf->sections) {
    if (!is_debug_section(section.name)) continue;
    const auto at = static_cast<std::size_t>(section.bytes.data() - module.data());
    std::fill_n(module.begin() + static_cast<std::ptrdiff_t>(at), section.bytes.size(), '\0');
  }
}

// modules.order has "veth.ko" even where "veth.ko.xz" is what is installed.
std::string installed(const std::string& path) {
  for (const char* compressed : {".xz", ".zst", ".gz"}) {
    if (!exists(path) && exists(path + compressed)) return path + compressed;
  }
  return path;
}

// `path` as a list has it.
Result<std::string> read_module(const std::string& path) {
  const Result<std::string> file = read_file(installed(path), max_module_bytes);
  if (!file) return file.error();
  return decompress(in_quotes(path), *file, max_module_bytes);
}

Result<std::string> modinfo_of(const std::string& path, std::string_view module) {
  const Result<Elf> elf = read_elf(in_quotes(path), module, ElfTables::Sections);
  if (!elf) return elf.error();
  if (elf->machine != own_elf_machine()) {
    return Error{fmt::format("{} is a module for {}; this nsbench boots kernels for {}",
                             in_quotes(path), elf_machine_name(elf->machine), own_machine())};
  }
  return std::string(elf->section(".modinfo"));
}

// --- A tree ---

Result<ModuleList> read_list(const std::string& tree) {
  const std::string dep = tree + "/modules.dep";
  if (exists(dep)) {
    const Result<std::string> text = read_file(dep, max_list_bytes);
    if (!text) return text.error();
    return parse_modules_dep(in_quotes(dep), *text);
  }
  const std::string order = tree + "/modules.order";
  const Result<std::string> text = read_file(order, max_list_bytes);
  if (!text && text.error().err == ENOENT) {
    return Error{fmt::format("{} holds no modules: it has neither modules.dep nor modules.order",
                             in_quotes(tree))};
  }
  if (!text) return text.error();
  return parse_modules_order(in_quotes(order), *text);
}

Result<std::set<std::string>> read_builtin(const std::string& tree) {
  const std::string path = tree + "/modules.builtin";
  if (!exists(path)) return std::set<std::string>();
  const Result<std::string> text = read_file(path, max_list_bytes);
  if (!text) return text.error();
  return parse_modules_builtin(*text);
}

// Puts modules into load order, depth first.
class Loader {
 public:
  Loader(std::string tree, ModuleList list, std::set<std::string> built_in)
      : tree_(std::move(tree)), list_(std::move(list)), built_in_(std::move(built_in)) {}

  // A name that a user may give.
  Status add_wanted(std::string_view wanted) {
    const std::string name = module_name(wanted);
    if (list_.contains(name)) return add(name);
    (built_in_.contains(name) ? set_.built_in : set_.absent).push_back(name);
    return {};
  }
  ModuleSet take() && { return std::move(set_); }

 private:
  Status add(const std::string& name) {
    if (done_.contains(name)) return {};
    if (std::find(above_.begin(), above_.end(), name) != above_.end()) return loop(name);
    if (above_.size() >= deepest) {
      return Error{fmt::format("{}: modules that need each other more than {} deep, from {} on",
                               in_quotes(tree_), deepest, printable(above_.front()))};
    }
    const ListedModule& listed = list_.at(name);
    const std::string path = tree_ + "/" + listed.path;
    Result<std::string> bytes = read_module(path);
    if (!bytes) return bytes.error();
    const Result<std::string> modinfo = modinfo_of(path, *bytes);
    if (!modinfo) return modinfo.error();
    above_.push_back(name);
    Status status = add_needs(name, listed.needs ? *listed.needs : depends_of(*modinfo));
    above_.pop_back();
    if (!status) return status;
    blank_debug_sections(*bytes);
    set_.modules.push_back({name, *std::move(bytes)});
    done_.insert(name);
    return {};
  }

  Status add_needs(const std::string& name, const std::vector<std::string>& needs) {
    // modules.dep has what is to be loaded first last.
    for (auto need = needs.rbegin(); need != needs.rend(); ++need) {
      if (!list_.contains(*need) && built_in_.contains(*need)) continue;
      if (!list_.contains(*need)) {
        return Error{fmt::format("{}: the module {} needs {}, which is not listed",
                                 in_quotes(tree_), printable(name), printable(*need))};
      }
      if (Status status = add(*need); !status) return status;
    }
    return {};
  }

  [[nodiscard]] Error loop(const std::string& name) const {
    std::string chain;
    for (auto one = std::find(above_.begin(), above_.end(), name); one != above_.end(); ++one) {
      chain += printable(*one) + " needs ";
    }
    return Error{
        fmt::format("{}: modules need each other: {}{}", in_quotes(tree_), chain, printable(name))};
  }

  std::string tree_;
  ModuleList list_;
  std::set<std::string> built_in_;
  std::vector<std::string> above_;  // whose needs are being added
  std::set<std::string> done_;
  ModuleSet set_;
};

// --- The tree beside an image ---

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// "DIR/" of "DIR/boot" and "/" of "/boot", before which a path of the same system is put; nothing
// where `directory` is not of that name.
std::optional<std::string> root_above(const std::string& directory, std::string_view name) {
  if (directory != name && !directory.ends_with("/" + std::string(name))) return std::nullopt;
  return directory.substr(0, directory.size() - name.size());
}

// Best first.
std::vector<std::string> places_beside(const Image& image) {
  const std::string directory = directory_of(image.path);
  const std::string modules = "modules/" + image.release;
  std::vector<std::string> places;
  if (!image.release.empty()) {
    if (const auto root = root_above(directory, "boot")) {
      places.push_back(*root + "lib/" + modules);
      places.push_back(*root + "usr/lib/" + modules);
    }
    // Debian's user-mode-linux: usr/bin/linux.uml.
    if (const auto root = root_above(directory, "bin"))
      places.push_back(*root + "lib/uml/" + modules);
    places.push_back(directory + "/" + modules);
    places.push_back(directory + "/lib/" + modules);
  }
  places.push_back(directory + "/modules");
  return places;
}

std::string vermagic_release(std::string_view modinfo) {
  constexpr std::string_view key = "vermagic=";
  for (std::size_t at = modinfo.find(key); at != std::string_view::npos;
       at = modinfo.find(key, at + 1)) {
    if (at != 0 && modinfo[at - 1] != '\0') continue;
    const std::string_view rest = modinfo.substr(at + key.size());
    return std::string(rest.substr(0, std::min(rest.find(' '), rest.find('\0'))));
  }
  return "";
}

}  // namespace

Result<ModuleSet> load_modules(const std::string& tree, std::span<const std::string_view> names) {
  Result<ModuleList> list = read_list(tree);
  if (!list) return list.error();
  Result<std::set<std::string>> built_in = read_builtin(tree);
  if (!built_in) return built_in.error();
  Loader loader(tree, *std::move(list), *std::move(built_in));
  for (const std::string_view name : names) {
    if (Status status = loader.add_wanted(name); !status) return status.error();
  }
  return std::move(loader).take();
}

Result<std::string> release_of_tree(const std::string& tree) {
  const Result<ModuleList> list = read_list(tree);
  if (!list) return list.error();
  if (list->empty()) return std::string();
  const std::string path = tree + "/" + list->begin()->second.path;
  const Result<std::string> bytes = read_module(path);
  if (!bytes) return bytes.error();
  const Result<std::string> modinfo = modinfo_of(path, *bytes);
  if (!modinfo) return modinfo.error();
  return vermagic_release(*modinfo);
}

Status check_release(const std::string& tree, const Image& image) {
  const Result<std::string> release = release_of_tree(tree);
  if (!release) return release.error();
  if (release->empty() || image.release.empty() || *release == image.release) return {};
  return Error{fmt::format("{} holds modules for {}, and {} is {}", in_quotes(tree),
                           printable(*release), in_quotes(image.path), printable(image.release))};
}

Result<std::optional<std::string>> modules_beside(const Image& image) {
  const std::vector<std::string> places = places_beside(image);
  const auto found = std::find_if(places.begin(), places.end(), is_tree);
  if (found == places.end()) return std::optional<std::string>();
  if (Status status = check_release(*found, image); !status) return status.error();
  return std::optional(*found);
}

}  // namespace nsbench::kernel
