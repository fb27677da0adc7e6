// Modules for a kernel under test, read from a /lib/modules/VERSION tree, loaded by nobody here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ci/kernel/image.h"
#include "reports/result.h"

namespace nsbench::kernel {

struct Module {
  std::string name;   // "nf_tables"
  std::string bytes;  // the .ko, decompressed; debug sections of an unsigned one are zeroed
};

struct ModuleSet {
  std::vector<Module> modules;        // in load order: what a module needs stands before it
  std::vector<std::string> built_in;  // names that modules.builtin has
  std::vector<std::string> absent;    // names that the tree knows nothing of
};

// Those of `names` that are modules in `tree` (the directory that holds modules.dep), with all that
// they need, each once. The order of `names` is kept where needs allow it. A tree without
// modules.dep (an unpacked package, before depmod(8)) is read by modules.order and the modules' own
// "depends=". Errors name the file: a list or a module that is missing or damaged, modules that
// need each other, a module that is needed and not listed, a path that leads out of the tree.
Result<ModuleSet> load_modules(const std::string& tree, std::span<const std::string_view> names);

// The tree that belongs to an image, looked for beside it. For DIR/boot/vmlinuz-R it is
// DIR/lib/modules/R or DIR/usr/lib/modules/R, for DIR/bin/linux.uml DIR/lib/uml/modules/R;
// elsewhere `modules/R`, `lib/modules/R` or `modules` in the image's own directory. Nothing if
// there is none. Error: its modules are another release's, which the error names beside the
// image's.
Result<std::optional<std::string>> modules_beside(const Image& image);

// The release that the modules of `tree` were built for ("6.1.0"), as one of them tells it
// (vermagic); empty where none does.
Result<std::string> release_of_tree(const std::string& tree);

// Fails, naming both releases, unless the modules of `tree` are for `image`. An image or a tree
// that doesn't tell its release is given the benefit of the doubt.
Status check_release(const std::string& tree, const Image& image);

}  // namespace nsbench::kernel
