#!/usr/bin/env bash
# Line coverage of reports/ and suites/ by the tests: a table by folder, and exit status 1 unless both are
# above 90 %. After `cmake --build --preset release`, as root:
#   ci/coverage.sh [--lines] [BUILD [CTEST-OPTION...]]
#     --lines    also print each file's, and its lines that never ran
#     BUILD      build/release if it is not given; made by GCC
# Only these two folders' objects are compiled again, to count (gcov), in BUILD/counted; all others and the
# tests' own are BUILD's. In a mount namespace of its own the programs that count lie over those of BUILD,
# so that tests find them where they are used to. Only sources count, not headers. Lines that run in no
# process but a child which ends by _exit(2) or in a booted machine do not count either.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly wanted=90

lines=no
if [[ ${1:-} == --lines ]]; then
  lines=yes
  shift
fi
if [[ ${1:-} == -* ]]; then
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
root=$PWD
build=$(realpath "${1:-build/release}")
shift || true
readonly root build counted=$build/counted

# Everyday's: not the tests that compare the whole host before and after or run for minutes, and not
# those that run nothing of these two folders.
if (($# == 0)); then
  set -- -E '^(host_test|siege|hostile_environment|isolation_test|bench|power|boot_test|probes$|sandbox$|kernel$|door_test|threads$|nsprobe|fuzz|real_report|hardening)'
fi

# Of the sources: compiled for a library or program of ours, not for a test or a fuzz target.
readonly ours="^$root/(reports|suites)/" not_ours='_test\.cpp$|/(testing|testdata|fuzz)/'

# Reads commands that compile, prints them changed: to count. They stay optimised: the statistics' tests
# take twenty times as long without it.
counting() {
  sed -E "s# -M(D|[TF] [^ ]+)##g; s# -D_FORTIFY_SOURCE=[0-9]##; s# -Werror##
          s# -include [^ ]+# -include $counted/precompiled.h#
          s# -fPIC # -fPIE #; s# -o ([^ ]+) # --coverage -o $counted/\1 #"
}

# Prints what to compile, one command a line.
compilations() {
  local command object source
  while read -r command; do
    object=$(sed -nE 's/.* -o ([^ ]+) -c .*/\1/p' <<< "$command")
    source=$(sed -nE 's/.* -c ([^ ]+)$/\1/p' <<< "$command")
    [[ $source =~ $ours && ! $source =~ $not_ours ]] || continue
    [[ $object =~ /CMakeFiles/nsbench[a-z_]*\.dir/ ]] || continue
    echo "$object" >> "$counted/objects"
    [[ ! $counted/$object -nt $build/$object || ! -f $counted/${object%.o}.gcno ]] || continue
    mkdir -p "$counted/$(dirname "$object")"
    counting <<< "$command"
  done < <(grep -E -- " -c $root/(reports|suites)/" "$counted/commands")
}

# The headers that BUILD precompiles for libraries, with the options of reports/: others have more of them,
# and GCC takes no header that was given an option less.
precompile() {
  local like
  [[ -s $counted/to-compile ]] || return 0
  like=$(grep -m 1 -E -- '/nsbench_reports\.dir/[a-z_]+\.cpp\.o -c ' "$counted/commands" | counting)
  cp "$build/reports/CMakeFiles/nsbench_reports.dir/cmake_pch.hxx" "$counted/precompiled.h"
  like=${like%% -o *}
  (cd "$build" && bash -c "${like/-include $counted\/precompiled.h/} -w -x c++-header '$counted/precompiled.h' \
    -o '$counted/precompiled.h.gch'")
}

# with_counted WORD...: the same, with what counts in place of what does not.
with_counted() {
  local word
  for word in "$@"; do
    if [[ $word == *.[ao] && -f $counted/$word ]]; then
      word=$counted/$word
    fi
    printf '%s ' "$word"
  done
}

build_what_counts() {
  local words archive program
  mkdir -p "$counted"
  ninja -C "$build" -t commands all | sort -u > "$counted/commands"
  : > "$counted/objects"
  compilations > "$counted/to-compile"
  echo "$(sort -u "$counted/objects" | wc -l) sources count, $(wc -l < "$counted/to-compile") to compile"
  precompile
  (cd "$build" && tr '\n' '\0' < "$counted/to-compile" |
    xargs -0 -r -P "${NSBENCH_JOBS:-$(nproc)}" -n 1 bash -c)
  cd "$build"
  while read -ra words; do # : && cmake -E rm -f ARCHIVE && ar qc ARCHIVE OBJECT... && ranlib ARCHIVE && :
    archive=${words[6]}
    grep -qF "$(dirname "$archive")/CMakeFiles/$(basename "${archive#*/lib}" .a).dir/" "$counted/objects" || continue
    rm -f "$counted/$archive"
    read -ra words <<< "$(with_counted "${words[@]:11}")"
    ar qc "$counted/$archive" "${words[@]:0:${#words[@]}-5}"
  done < <(grep -E '^: && [^ ]+ -E rm -f [^ ]+/libnsbench_[a-z_]+\.a && ' "$counted/commands")
  : > "$counted/programs"
  while read -ra words; do # : && c++ OPTION... OBJECT... -o PROGRAM ARCHIVE... && :
    program=$(sed -E 's/.* -o ([^ ]+) .*/\1/' <<< "${words[*]}")
    read -ra words <<< "$(with_counted "${words[@]:2}")"
    [[ "${words[*]}" == *"$counted/"* ]] || continue
    mkdir -p "$counted/$(dirname "$program")"
    "${words[@]:0:${#words[@]}-2}" --coverage -o "$counted/$program"
    echo "$program" >> "$counted/programs"
  done < <(grep -E '^: && [^ ]+c\+\+ .* -o [^ ]+ ' "$counted/commands" | grep -vE -- ' -static-pie | -o [^ ]*fuzz_')
  cd "$root"
}

# Prints "PATH LINES RUN" for each source. What was never loaded has notes only: none of it ran.
count() {
  local object
  sort -u "$counted/objects" | while read -r object; do
    { gcov -n "$counted/${object%.o}.gcno" 2> /dev/null || true; } |
      awk -v root="$root/" -v source="$(basename "$object" .o)" '
        /^File / { file = $2; gsub("\047", "", file); sub(root, "", file) }
        /^Lines executed:/ && file ~ /^(reports|suites)\// && file ~ ("/" source "$") {
          percent = $2; sub("executed:", "", percent); sub("%", "", percent)
          print file, $4, int(percent * $4 / 100 + 0.5)
        }'
  done | sort -u
}

build_what_counts
find "$counted" -name '*.gcda' -delete

# The tests, in a mount namespace: these programs lie over those.
tests=0
# shellcheck disable=SC2016 # these are the inner shell's
unshare --mount --propagation private bash -euc '
  counted=$1 build=$2
  shift 2
  while read -r program; do
    mount --bind "$counted/$program" "$build/$program"
  done < "$counted/programs"
  export GCOV_ERROR_FILE=/dev/null # who may not count, since it is nobody or has no such folder, is silent
  cd "$build"
  ctest --output-on-failure "$@"
' bash "$counted" "$build" "$@" || tests=$?

count > "$counted/lines"
if [[ $lines == yes ]]; then
  awk '{ printf "%5.1f %% of %4d  %s\n", $2 ? 100 * $3 / $2 : 100, $2, $1 }' "$counted/lines" | sort -n
  mkdir -p "$counted/text"
  (cd "$counted/text" && sort -u "$counted/objects" | while read -r object; do
    gcov -r -s "$root" "$counted/${object%.o}.gcno" > /dev/null 2>&1 || true
  done)
  echo "the lines that never ran begin with ##### in $counted/text"
fi
awk -v wanted="$wanted" '
  {
    folder = $1
    sub("/[^/]*$", "", folder)
    total = $1
    sub("/.*", "/", total)
    all[folder] += $2; ran[folder] += $3
    all[total] += $2; ran[total] += $3
  }
  END {
    for (name in all) printf "%-24s %6d lines  %5.1f %%\n", name, all[name], 100 * ran[name] / all[name] | "sort"
    close("sort")
    for (i = split("reports/ suites/", totals, " "); i > 0; --i) {
      name = totals[i]
      if (all[name] == 0 || 100 * ran[name] <= wanted * all[name]) {
        printf "line coverage of %s is not above %d %%\n", name, wanted
        status = 1
      }
    }
    exit status
  }' "$counted/lines"
exit "$tests"
