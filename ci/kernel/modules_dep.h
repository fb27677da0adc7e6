// The lists of a /lib/modules/VERSION tree: which modules there are, and what each needs.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench::kernel {

// "nf_tables" for "kernel/net/netfilter/nf-tables.ko.xz": '-' and '_' are the same in a name.
std::string module_name(std::string_view path);

struct ListedModule {
  std::string path;  // within the tree: "kernel/drivers/net/veth.ko.xz"
  // Names of all that it needs; nothing where the list doesn't tell.
  std::optional<std::vector<std::string>> needs;
};

// By name.
using ModuleList = std::map<std::string, ListedModule>;

// No list is read past this many bytes: Debian's modules.dep has half a megabyte.
constexpr std::size_t max_list_bytes = std::size_t{16} << 20U;

// modules.dep(5), "kernel/a.ko: kernel/b.ko kernel/c.ko". Errors name the file and the line: a path
// that is no module's or leads out of the tree, a line without a colon.
Result<ModuleList> parse_modules_dep(std::string_view file, std::string_view text);

// modules.order, a path a line: all that a kernel package has before depmod(8) has run. Needs are
// not known from it, nor how a module is compressed: it is "a.ko" always. Errors as above.
Result<ModuleList> parse_modules_order(std::string_view file, std::string_view text);

// modules.builtin, a path a line: the names.
std::set<std::string> parse_modules_builtin(std::string_view text);

// The names after "depends=" of a .modinfo section.
std::vector<std::string> depends_of(std::string_view modinfo);

}  // namespace nsbench::kernel
