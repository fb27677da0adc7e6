// Text from the system under test: one line of valid UTF-8 comes out, whatever went in.
#include "reports/printable.h"

#include "reports/formats/dotted.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::string shown = printable(text, 100);
  fuzz::check(shown.size() <= 4 * 100 + 3, "it is not longer than it may be");
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t length = utf8_length(std::string_view(shown).substr(at));
    fuzz::check(length > 0, "it is UTF-8");
    fuzz::check(static_cast<unsigned char>(shown[at]) >= ' ' && shown[at] != '\x7f',
                "no control character is left");
    at += length;
  }
  fuzz::check(printable(shown, shown.size()) == shown, "what is printable is left as it is");
  fuzz::check(id_text(text, 50).size() <= 50, "an id is not longer than it may be");
  return 0;
}
