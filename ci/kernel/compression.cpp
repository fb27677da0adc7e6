#include "ci/kernel/compression.h"

#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>

#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view compression;
  std::string_view begins_with;
};

constexpr std::array magics{
    Magic{"gzip", "\x1f\x8b"sv},
    Magic{"xz",
          "\xfd"
          "7zXZ\0"sv},
    Magic{"zstd", "\x28\xb5\x2f\xfd"sv},
    Magic{"lzma", "\x5d\x00\x00"sv},
    Magic{"bzip2", "BZh"sv},
    Magic{"lz4", "\x02\x21\x4c\x18"sv},
    Magic{"lz4", "\x04\x22\x4d\x18"sv},
    Magic{"lzo",
          "\x89"
          "LZO"sv},
};

// Dictionaries of kernels are 32 MiB, those of zstd -22 128 MiB.
constexpr std::uint64_t most_memory = 256U << 20U;

enum class Step { More, End, Damaged };

// Where a decompressor reads and writes; it moves both on.
struct Window {
  std::string_view in;
  char* out;
  std::size_t room;
};

// zlib counts in 32 bits.
unsigned clamped(std::size_t size) {
  return static_cast<unsigned>(
      std::min<std::size_t>(size, std::numeric_limits<std::int32_t>::max()));
}

class Gunzip {
 public:
  Gunzip() : ready_(::inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK) {}  // 16: a gzip header
  ~Gunzip() { ::inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  Step step(Window& window) {
    if (!ready_) return Step::Damaged;
    const unsigned in = clamped(window.in.size());
    const unsigned out = clamped(window.room);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(window.in.data()));  // NOLINT
    stream_.avail_in = in;
    stream_.next_out = reinterpret_cast<Bytef*>(window.out);
    stream_.avail_out = out;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    window.in.remove_prefix(in - stream_.avail_in);
    window.out += out - stream_.avail_out;
    window.room -= out - stream_.avail_out;
    if (code == Z_STREAM_END) return Step::End;
    return code == Z_OK || code == Z_BUF_ERROR ? Step::More : Step::Damaged;
  }

 private:
  z_stream stream_{};
  bool ready_;
};

// xz, and what came before it.
class Unxz {
 public:
  explicit Unxz(bool is_xz)
      : ready_((is_xz ? ::lzma_stream_decoder(&stream_, most_memory, 0)
                      : ::lzma_alone_decoder(&stream_, most_memory)) == LZMA_OK) {}
  ~Unxz() { ::lzma_end(&stream_); }
  Unxz(const Unxz&) = delete;
  Unxz& operator=(const Unxz&) = delete;

  Step step(Window& window) {
    if (!ready_) return Step::Damaged;
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(window.in.data());
    stream_.avail_in = window.in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(window.out);
    stream_.avail_out = window.room;
    const lzma_ret code = ::lzma_code(&stream_, LZMA_RUN);
    window.in.remove_prefix(window.in.size() - stream_.avail_in);
    window.out += window.room - stream_.avail_out;
    window.room = stream_.avail_out;
    if (code == LZMA_STREAM_END) return Step::End;
    return code == LZMA_OK || code == LZMA_BUF_ERROR ? Step::More : Step::Damaged;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_;
};

class Unzstd {
 public:
  Step step(Window& window) {
    if (!stream_) return Step::Damaged;
    ZSTD_inBuffer in{window.in.data(), window.in.size(), 0};
    ZSTD_outBuffer out{window.out, window.room, 0};
    const std::size_t code = ::ZSTD_decompressStream(stream_.get(), &out, &in);
    window.in.remove_prefix(in.pos);
    window.out += out.pos;
    window.room -= out.pos;
    if (::ZSTD_isError(code) != 0) return Step::Damaged;
    return code == 0 ? Step::End : Step::More;
  }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&::ZSTD_freeDStream)> stream_{::ZSTD_createDStream(),
                                                                       &::ZSTD_freeDStream};
};

struct Job {
  std::string_view name;
  std::string_view compression;
  std::string_view bytes;
  std::size_t limit;
};

template <class Decompressor>
Result<std::string> run(Decompressor& decompressor, const Job& job) {
  const auto error = [&](std::string_view what) {
    return Error{fmt::format("{}: its {} data {}", printable(job.name), job.compression, what)};
  };
  std::string all;
  std::string buffer(std::size_t{1} << 18U, '\0');
  Window window{job.bytes, nullptr, 0};
  for (;;) {
    const std::size_t before = window.in.size();
    window.out = buffer.data();
    window.room = buffer.size();
    const Step step = decompressor.step(window);
    const std::size_t got = buffer.size() - window.room;
    if (step == Step::Damaged) return error("is damaged");
    if (got > job.limit - all.size()) return error(fmt::format("is more than {} bytes", job.limit));
    all.append(buffer, 0, got);
    if (step == Step::End) return all;
    // Neither taken nor given: it waits for bytes that are not there.
    if (got == 0 && before == window.in.size()) return error("is cut off");
  }
}

}  // namespace

std::string_view compression_of(std::string_view bytes) {
  for (const Magic& magic : magics) {
    if (bytes.starts_with(magic.begins_with)) return magic.compression;
  }
  return "";
}

bool is_supported(std::string_view compression) {
  constexpr std::array supported{"gzip"sv, "xz"sv, "zstd"sv, "lzma"sv};
  return std::find(supported.begin(), supported.end(), compression) != supported.end();
}

Result<std::string> decompress(std::string_view name, std::string_view bytes, std::size_t limit) {
  const Job job{name, compression_of(bytes), bytes, limit};
  if (job.compression == "gzip") {
    Gunzip gunzip;
    return run(gunzip, job);
  }
  if (job.compression == "xz" || job.compression == "lzma") {
    Unxz unxz(job.compression == "xz");
    return run(unxz, job);
  }
  if (job.compression == "zstd") {
    Unzstd unzstd;
    return run(unzstd, job);
  }
  if (!job.compression.empty()) {
    return Error{fmt::format("{} is compressed with {}, which nsbench doesn't read",
                             printable(name), job.compression)};
  }
  if (bytes.size() > limit) {
    return Error{fmt::format("{} is larger than {} bytes", printable(name), limit)};
  }
  return std::string(bytes);
}

Result<std::string> gzip(std::string_view bytes, int level) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Error{fmt::format("zlib can't compress at level {}", level)};
  }
  const std::unique_ptr<z_stream, decltype(&::deflateEnd)> ended(&stream, &::deflateEnd);
  std::string all;
  std::string buffer(std::size_t{1} << 18U, '\0');
  for (int code = Z_OK; code != Z_STREAM_END;) {
    if (stream.avail_in == 0) {
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT
      stream.avail_in = clamped(bytes.size());
      bytes.remove_prefix(stream.avail_in);
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<unsigned>(buffer.size());
    code = ::deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) return Error{"zlib can't compress the bytes"};
    all.append(buffer, 0, buffer.size() - stream.avail_out);
  }
  return all;
}

}  // namespace nsbench::kernel
