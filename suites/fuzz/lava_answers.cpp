// What a server says that calls itself LAVA, as each of the answers that are asked for, and as a
// job's log.
#include <array>

#include "reports/fuzz/check.h"
#include "suites/fleet/job_log.h"
#include "suites/fleet/lava.h"

using namespace nsbench;
using namespace nsbench::fleet;

namespace {

// The same for whatever is asked.
class Says : public Http {
 public:
  Says(std::string_view body, long status) : response_{status, std::string(body)} {}
  Result<Response> send(const Request& /*request*/) override { return response_; }

 private:
  Response response_;
};

template <class Value>
void expect_a_line(const Result<Value>& result) {
  if (result) return;
  fuzz::check(result.error().str().find('\n') == std::string::npos, "an error is one line");
}

}  // namespace

// The first byte says what was asked, and with which status it is answered.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  constexpr std::array statuses{200L, 201L, 404L};
  Says http(text, statuses[data[0] / 16U % statuses.size()]);
  Lava lava(http, [](double) { return false; });
  switch (data[0] % 16U) {
    case 0: {
      const Result<std::vector<LavaJob>> jobs = lava.jobs_named({"a", "b"});
      expect_a_line(jobs);
      for (std::size_t i = 0; jobs && i < jobs->size(); ++i) {
        fuzz::check((*jobs)[i].name == "a" || (*jobs)[i].name == "b", "no job comes unasked");
      }
      return 0;
    }
    case 1:
      expect_a_line(lava.version());
      return 0;
    case 2:
      expect_a_line(lava.submit("definition"));
      return 0;
    case 3:
      expect_a_line(lava.has_worker("device"));
      return 0;
    case 4:
      expect_a_line(lava.results_of(1));
      return 0;
    case 5:
      expect_a_line(lava.cancel(1));
      return 0;
    default: {
      const JobLog log = read_job_log(text);
      fuzz::check(log.why().find('\n') == std::string::npos, "why is one line");
      fuzz::check(!log.kernel_failed() || !log.why().empty(), "a failure has a reason");
      return 0;
    }
  }
}
