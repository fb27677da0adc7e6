// What the study's comparisons come to: how often identical kernels were called different, and how
// often a planted slowdown was found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/power/trial.h"

namespace nsbench::power {

enum class Finding : std::uint8_t {
  Same,
  Faster,
  Slower,
  CannotTell,
  Failed,  // no comparison came about
};
std::string_view id(Finding finding);  // "same", "faster", ...

// A trial and what was decided about it.
struct Judged {
  Setting setting;
  Finding finding = Finding::Failed;
  std::string code;  // of CannotTell: why
  double ratio = 1;  // measured: new over base
  double busy = 0;   // as Trial's
};

// How many trials came out how.
struct Tally {
  std::size_t trials = 0;  // those that failed are not among them
  std::size_t slower = 0, faster = 0, cannot_tell = 0, failed = 0;
  std::vector<double> ratios;
  std::vector<double> busy;

  void add(const Judged& judged);
  // Of A against A, either way is false.
  [[nodiscard]] std::size_t alarms() const { return slower + faster; }
  // Medians; 1 and 0 without trials.
  [[nodiscard]] double typical_ratio() const;
  [[nodiscard]] double typical_busy() const;
};

// Sizes of the slowdowns of this kind among `judged`, ascending.
std::vector<double> sizes_of(std::span<const Judged> judged, Planted planted);
// Cases among `judged`, each once, in order of their first trial.
std::vector<CaseId> cases_of(std::span<const Judged> judged);

// "3 of 3 = 100.0 % (29.2 to 100.0)": with its interval at 95 %.
std::string proportion_text(std::size_t hits, std::size_t trials);
// All tables, as aligned Markdown, one for each order and kind of slowdown there is; and each wrong
// answer.
std::string to_markdown(std::span<const Judged> judged);
// One object per trial, in the order of the file, for scripts.
std::string to_json(std::span<const Judged> judged);

}  // namespace nsbench::power
