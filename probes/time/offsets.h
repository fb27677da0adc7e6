// Giving a time namespace its offsets, and comparing clocks across namespaces.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "probes/probe.h"
#include "reports/result.h"

namespace nsbench::probes {

// Seconds by which clocks of a namespace are ahead.
struct Offsets {
  std::int64_t monotonic = 0;
  std::int64_t boottime = 0;
};

constexpr const char* offsets_file = "/proc/self/timens_offsets";

// "monotonic 1 0\nboottime 2 0\n", as the file takes it.
std::string records(const Offsets& offsets);
// The offsets, in whole seconds, of the time namespace that the caller's next children are in.
Result<Offsets> offsets_of_children();

// Makes a time namespace whose clocks are ahead of those of the caller's children so far, for its
// next children: facts "unshare" and "write timens_offsets". Since clone3 and unshare copy the
// offsets of the maker's, all that is entered afterwards is ahead. Does nothing in the control. A
// refusal that the environment explains makes the case a skip.
void offset_children(Scene& scene, const Offsets& ahead);
// The same in a helper process; answers an errno.
int unshare_with_offsets(const Offsets& ahead);

// What a clock shows, in milliseconds; -1 and errno if it can't be read. By the C library, that is
// by the vDSO where the architecture has one; or by the system call.
std::int64_t clock_ms(clockid_t clock);
std::int64_t clock_ms_by_syscall(clockid_t clock);

// Whether `inside` lies `ahead` seconds after a reading between `before` and `after`, all in
// milliseconds, up to a second's slack: coarse clocks tick, and readings take their time.
bool is_ahead(std::int64_t inside, std::int64_t ahead, std::int64_t before, std::int64_t after);
// "100000 s ahead", for people.
std::string ahead_text(std::int64_t inside, std::int64_t before);

}  // namespace nsbench::probes
