// Kernel images: what a file is, told by its content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::kernel {

enum class ImageKind {
  BzImage,  // x86's compressed kernel: Documentation/arch/x86/boot.rst
  Vmlinux,  // an ELF kernel that can be entered as a PVH guest
  Uml,      // User Mode Linux: a program of this host
};

// "bzImage", "vmlinux", "User Mode Linux"
std::string_view name_of(ImageKind kind);

struct Image {
  std::string path;
  ImageKind kind = ImageKind::BzImage;
  std::string release;  // uname -r, "6.12.9-cloud-amd64"; empty if the image doesn't tell it
  std::string machine;  // uname -m: "x86_64"
};

// No image, and nothing decompressed from one, is read past this many bytes.
constexpr std::size_t max_image_bytes = std::size_t{512} << 20U;

// Errors name the file and what is wrong with it: missing, a directory, cut off, not a kernel,
// another machine's, an ELF kernel that QEMU can't enter (no PVH note), a format that nsbench
// doesn't boot.
Result<Image> inspect_image(const std::string& path);

// The same for bytes that were read from `path`: the whole file, or of an ELF file at least what
// its segments take. Neither sizes nor offsets in it are trusted.
Result<Image> inspect_image_bytes(const std::string& path, std::string_view bytes);

// The bytes of an image that inspect_image_bytes() needs: not the debug information that lies
// behind the segments of a vmlinux.
Result<std::string> read_image(const std::string& path);

// A bzImage's compressed kernel, as it lies in the file; nothing if it is not within `bytes`.
std::optional<std::string_view> bzimage_payload(std::string_view bytes);

}  // namespace nsbench::kernel
