// A case id: what is read is written the same, and stays one word in other formats.
#include "reports/case_id.h"

#include "reports/formats/dotted.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Result<CaseId> id = CaseId::parse(text);
  if (!id) return 0;
  fuzz::check(id->str() == text, "an id is written as it was read");
  fuzz::check(id_text(dotted(*id), size + 100) == dotted(*id), "a dotted id is of few characters");
  return 0;
}
