#include "suites/history/deflate.h"

#include <zlib.h>

#include "reports/json.h"

namespace nsbench::history {
namespace {

constexpr std::size_t longest = 2 * max_report_bytes;  // to_json() may write more than was read

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

}  // namespace

Result<std::string> deflated(std::string_view text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  const int code = compress2(reinterpret_cast<Bytef*>(out.data()), &size, bytes_of(text),
                             text.size(), Z_DEFAULT_COMPRESSION);
  if (code != Z_OK) return Error{"zlib can't compress the report"};
  out.resize(size);
  return out;
}

Result<std::string> inflated(std::string_view deflated, std::size_t bytes) {
  uLongf size = bytes;
  std::string out(bytes <= longest ? bytes : 0, '\0');
  const bool fine = bytes <= longest && uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                                   bytes_of(deflated), deflated.size()) == Z_OK;
  if (!fine || size != bytes) return Error{"the kept report is damaged"};
  return out;
}

}  // namespace nsbench::history
