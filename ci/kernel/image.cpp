#include "ci/kernel/image.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "ci/kernel/bytes.h"
#include "ci/kernel/compression.h"
#include "ci/kernel/elf.h"
#include "ci/kernel/quotes.h"
#include "probes/sandbox/fd.h"
#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

using namespace std::string_view_literals;

Error not_this(const std::string& path, std::string_view why) {
  return Error{fmt::format("{} {}", in_quotes(path), why)};
}

Error cut_off(const std::string& path, std::string_view what) {
  return not_this(path, fmt::format("is cut off: {} is not within its bytes", what));
}

Error wrong_machine(const std::string& path, std::string_view machine) {
  return not_this(path, fmt::format("is a kernel for {}; this nsbench boots those for {}", machine,
                                    own_machine()));
}

// --- Text ---

// Becomes part of paths, and comes from a file: only what releases are made of.
bool is_release(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           "._+~-:"sv.find(c) != std::string_view::npos;
  };
  constexpr std::size_t longest = 64;  // __NEW_UTS_LEN
  return !text.empty() && text.size() <= longest && text.front() >= '1' && text.front() <= '9' &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string release_at_start(std::string_view text) {
  const std::string_view word = text.substr(0, std::min(text.find(' '), text.find('\0')));
  return is_release(word) ? std::string(word) : "";
}

// "Linux version 6.1.0 (user@host) ...": init/version-timestamp.c linux_banner. Empty if there is
// none, which nothing but a kernel has: the words alone are in programs that look for them.
std::string release_in_banner(std::string_view bytes) {
  constexpr std::string_view words = "Linux version ";
  for (std::size_t at = bytes.find(words); at != std::string_view::npos;
       at = bytes.find(words, at + 1)) {
    std::string release = release_at_start(bytes.substr(at + words.size(), 128));
    if (!release.empty()) return release;
  }
  return "";
}

bool contains(std::string_view bytes, std::string_view text) {
  return bytes.find(text) != std::string_view::npos;
}

// --- bzImage ---

// Offsets of the setup header: Documentation/arch/x86/boot.rst.
namespace setup {
constexpr std::size_t sectors = 0x1f1;
constexpr std::size_t magic = 0x202;
constexpr std::size_t protocol = 0x206;
constexpr std::size_t kernel_version = 0x20e;
constexpr std::size_t xloadflags = 0x236;  // since 2.12
constexpr std::size_t payload_offset = 0x248;
constexpr std::size_t payload_length = 0x24c;
constexpr std::size_t end = 0x250;
constexpr std::uint16_t least_protocol = 0x208;  // the first with a payload: Linux 2.6.26
constexpr std::uint16_t protocol_2_12 = 0x20c;   // Linux 3.8
constexpr std::size_t sector = 512;
}  // namespace setup

bool is_bzimage(std::string_view bytes) { return slice(bytes, setup::magic, 4) == "HdrS"sv; }

// Where the protected-mode kernel begins: behind the boot sector and the setup code.
std::size_t setup_bytes(std::string_view bytes) {
  const auto sectors = number_at<std::uint8_t>(bytes, setup::sectors).value_or(0);
  return ((sectors == 0 ? 4U : sectors) + 1U) * setup::sector;
}

// The pointer counts from 0x200, and the text lies within the setup code.
std::string release_of_bzimage(std::string_view bytes) {
  const auto pointer = number_at<std::uint16_t>(bytes, setup::kernel_version).value_or(0);
  const std::string_view setup_code = bytes.substr(0, setup_bytes(bytes));
  if (pointer == 0) return "";
  return release_at_start(text_at(setup_code, pointer + std::uint64_t{0x200}));
}

Result<Image> inspect_bzimage(const std::string& path, std::string_view bytes) {
  if (bytes.size() < setup::end) return cut_off(path, "the setup header of a bzImage");
  const auto protocol = *number_at<std::uint16_t>(bytes, setup::protocol);
  if (protocol < setup::least_protocol) {
    return not_this(path, fmt::format("is a bzImage of boot protocol {}.{:02}; nsbench boots those "
                                      "from 2.08 (Linux 2.6.26) on",
                                      protocol >> 8U, protocol & 0xffU));
  }
  const bool is_64_bit = protocol < setup::protocol_2_12 ||
                         (*number_at<std::uint16_t>(bytes, setup::xloadflags) & 1U) != 0;
  const std::string machine = is_64_bit ? "x86_64" : "i686";
  if (machine != own_machine()) return wrong_machine(path, machine);
  if (!bzimage_payload(bytes)) return cut_off(path, "the payload of a bzImage");
  return Image{path, ImageKind::BzImage, release_of_bzimage(bytes), machine};
}

// --- ELF ---

// The note by which a hypervisor enters a kernel without a boot loader: XEN_ELFNOTE_PHYS32_ENTRY
// (Linux include/xen/interface/elfnote.h), whose value is an address of 4 or 8 bytes. It is looked
// for at every place where a note can be: tools differ in how they align what comes before it.
bool has_pvh_note(const Elf& elf) {
  for (const ElfPart& segment : elf.segments) {
    if (segment.type != PT_NOTE) continue;
    for (std::size_t at = 0; at + 16 <= segment.bytes.size(); at += 4) {
      const std::string_view note = segment.bytes.substr(at, 16);
      if (note == "\x04\0\0\0\x04\0\0\0\x12\0\0\0Xen\0"sv) return true;
      if (note == "\x04\0\0\0\x08\0\0\0\x12\0\0\0Xen\0"sv) return true;
    }
  }
  return false;
}

// Texts of arch/um/os-Linux/start_up.c, arch/um/os-Linux/umid.c and arch/um/kernel/um_arch.c, which
// are there in stripped ones too.
bool has_uml_marks(std::string_view bytes) {
  return contains(bytes, "uml_dir=") && contains(bytes, "umid=") &&
         contains(bytes, "User Mode Linux");
}

Result<Image> inspect_elf(const std::string& path, std::string_view bytes) {
  // Of either class, and told first: a kernel of another machine may well be of another class.
  const auto machine_number = number_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine));
  if (!machine_number) return cut_off(path, "the ELF header");
  const std::string machine = elf_machine_name(*machine_number);
  const std::string release = release_in_banner(bytes);
  if (*machine_number != own_elf_machine()) {
    if (release.empty()) return not_this(path, fmt::format("is an ELF file for {}", machine));
    return wrong_machine(path, machine);
  }
  const Result<Elf> elf = read_elf(in_quotes(path), bytes, ElfTables::Segments);
  if (!elf) return elf.error();
  if (release.empty()) return not_this(path, "is an ELF file, but not a Linux kernel");
  if (has_uml_marks(bytes)) return Image{path, ImageKind::Uml, release, machine};
  if (!has_pvh_note(*elf)) {
    return not_this(path,
                    "is a vmlinux without a PVH note, which QEMU can't enter: build it with "
                    "CONFIG_PVH=y, or give the bzImage made from it");
  }
  return Image{path, ImageKind::Vmlinux, release, machine};
}

// --- Files ---

// Up to `size` bytes from the start.
Result<std::string> read_start(const Fd& file, const std::string& path, std::uint64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::last(fmt::format("read({})", in_quotes(path)));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

std::string_view name_of(ImageKind kind) {
  switch (kind) {
    case ImageKind::BzImage:
      return "bzImage";
    case ImageKind::Vmlinux:
      return "vmlinux";
    case ImageKind::Uml:
      return "User Mode Linux";
  }
  return "";
}

std::optional<std::string_view> bzimage_payload(std::string_view bytes) {
  const auto offset = number_at<std::uint32_t>(bytes, setup::payload_offset);
  const auto length = number_at<std::uint32_t>(bytes, setup::payload_length);
  if (!offset || !length) return std::nullopt;
  return slice(bytes, setup_bytes(bytes) + std::uint64_t{*offset}, *length);
}

Result<Image> inspect_image_bytes(const std::string& path, std::string_view bytes) {
  if (bytes.empty()) return not_this(path, "is empty");
  if (is_elf(bytes)) return inspect_elf(path, bytes);
  if (is_bzimage(bytes)) return inspect_bzimage(path, bytes);
  if (slice(bytes, 0x38, 4) == "ARM\x64"sv) {
    return not_this(path, "is an arm64 Image, which nsbench doesn't boot");
  }
  if (slice(bytes, 4, 4) == "zimg"sv) {
    return not_this(path, "is an EFI zboot image, which nsbench doesn't boot");
  }
  const std::string_view compression = compression_of(bytes);
  if (!compression.empty()) {
    return not_this(path,
                    fmt::format("is a file compressed with {}, not a kernel image", compression));
  }
  return not_this(path,
                  "is not a kernel: neither a bzImage nor an ELF vmlinux nor User Mode Linux");
}

Result<std::string> read_image(const std::string& path) {
  // Without O_NONBLOCK the opening of a FIFO that nobody writes to would never return.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.valid()) return Error::last(fmt::format("open({})", in_quotes(path)));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return Error::last(fmt::format("fstat({})", in_quotes(path)));
  }
  if (S_ISDIR(status.st_mode)) return not_this(path, "is a directory");
  if (!S_ISREG(status.st_mode)) return not_this(path, "is not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  constexpr std::uint64_t headers = 1U << 16U;
  const Result<std::string> start = read_start(file, path, std::min(size, headers));
  if (!start) return start.error();
  const std::uint64_t needed = is_elf(*start) ? segments_end(*start, max_image_bytes) : size;
  if (needed > max_image_bytes) {
    return not_this(path, fmt::format("is larger than {} bytes", max_image_bytes));
  }
  return read_start(file, path, std::min(size, std::max(needed, headers)));
}

Result<Image> inspect_image(const std::string& path) {
  const Result<std::string> bytes = read_image(path);
  if (!bytes) return bytes.error();
  return inspect_image_bytes(path, *bytes);
}

}  // namespace nsbench::kernel
