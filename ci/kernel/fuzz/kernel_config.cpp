// The configuration in a kernel image of each kind, with decompressors on the way to it.
#include "ci/kernel/kernel_config.h"

#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  for (const auto kind :
       {kernel::ImageKind::BzImage, kernel::ImageKind::Vmlinux, kernel::ImageKind::Uml}) {
    const kernel::Image image{"image", kind, "", ""};
    const auto config = kernel::embedded_config_in(image, bytes);
    if (!config) {
      fuzz::check(config.error().str().find('\n') == std::string::npos, "an error is one line");
    }
  }
  return 0;
}
