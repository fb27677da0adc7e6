// The compressions of kernels and modules, and the one of the initramfs that we make.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::kernel {

// What `bytes` begin with: "gzip", "xz", "zstd", "lzma", or "bzip2", "lz4", "lzo", which
// decompress() can't read; "" for anything else. (Linux lib/decompress.c compressed_formats[])
std::string_view compression_of(std::string_view bytes);
// Whether decompress() reads this compression.
bool is_supported(std::string_view compression);

// The first stream in `bytes`, decompressed; what follows it is left alone, as the kernel does.
// Bytes that are not compressed are given back. Errors, which begin with `name`: damaged, cut off,
// more than `limit` bytes come out, an unsupported compression.
Result<std::string> decompress(std::string_view name, std::string_view bytes, std::size_t limit);

// `bytes` as a gzip file with neither a name nor a date, so that it is the same every time.
// `level`: 1 (fast) to 9 (small).
Result<std::string> gzip(std::string_view bytes, int level = 6);

}  // namespace nsbench::kernel
