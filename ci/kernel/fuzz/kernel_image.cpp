// A file that may be a kernel image: whatever it says of itself, it is read within its bytes.
#include "ci/kernel/image.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const Result<kernel::Image> image = kernel::inspect_image_bytes("image", bytes);
  if (!image) {
    fuzz::check(image.error().str().find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  fuzz::check(image->release.find('/') == std::string::npos, "a release is no path");
  fuzz::check(image->kind != kernel::ImageKind::BzImage || kernel::bzimage_payload(bytes),
              "the payload of a bzImage is there");
  return 0;
}
