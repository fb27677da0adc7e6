// The configuration that a kernel image carries: CONFIG_IKCONFIG, or UML's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ci/kernel/image.h"
#include "reports/result.h"

namespace nsbench::kernel {

// The text of the image's .config ("CONFIG_NAMESPACES=y\n..."). Nothing if it carries none, or none
// that can be had: a bzImage compressed with bzip2, lz4 or lzo. Errors: the file can't be read, or
// is damaged.
Result<std::optional<std::string>> embedded_config(const Image& image);

// The same for the bytes that read_image() gave.
Result<std::optional<std::string>> embedded_config_in(const Image& image, std::string_view bytes);

}  // namespace nsbench::kernel
