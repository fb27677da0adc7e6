// The lists of a tree of modules: no path of theirs leads out of it.
#include "ci/kernel/modules_dep.h"

#include "reports/fuzz/check.h"

using namespace nsbench;

namespace {

void check_list(const Result<kernel::ModuleList>& list) {
  if (!list) {
    fuzz::check(list.error().str().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  for (const auto& [name, module] : *list) {
    const std::string within = "/" + module.path + "/";
    fuzz::check(!module.path.starts_with('/') && within.find("/../") == std::string::npos,
                "a path stays in the tree");
    fuzz::check(name == kernel::module_name(module.path), "a module has its file's name");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_list(kernel::parse_modules_dep("modules.dep", text));
  check_list(kernel::parse_modules_order("modules.order", text));
  static_cast<void>(kernel::parse_modules_builtin(text));
  static_cast<void>(kernel::depends_of(text));
  return 0;
}
