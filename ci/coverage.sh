#!/usr/bin/env bash
# Line coverage of reports/ and suites/ by the tests that have run: a table by folder, and exit status 1
# unless both are above 90 %.
#   cmake --preset coverage && cmake --build --preset coverage && ctest --preset coverage
#   ci/coverage.sh [--lines | --units] [BUILD]
#     --lines  also print each file's, and its lines that never ran
#     --units  only unit tests have run: suites/ is shown, and only reports/ has to be above
#     BUILD    build/coverage if it is not given; any that has NSBENCH_COVERAGE
#   ci/coverage.sh --forget [BUILD]    count from nothing
# It counts what is linked into nsbench, headers among it; not the tests' own, and nothing that runs in a
# booted machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly wanted=90

mode=folders
case ${1:-} in
  --lines | --units | --forget)
    mode=${1#--}
    shift
    ;;
  -*)
    sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
root=$PWD
build=$(realpath "${1:-build/coverage}")
readonly root build counters=$build/counters

if [[ $mode == forget ]]; then
  rm -rf "$counters"
  mkdir "$counters"
  chmod 1777 "$counters" # for what runs as nobody, too
  exit
fi
compgen -G "$counters/*.profraw" > /dev/null || {
  echo "ci/coverage.sh: nothing has been counted in $counters: was it built with NSBENCH_COVERAGE, and has a test run?" >&2
  exit 2
}

llvm-profdata merge --sparse "$counters"/*.profraw -o "$counters/all.profdata"
# Of the sources, only these: not the tests', and no other people's.
readonly not_ours='/(testing|testdata|siege|scale|fuzz|build)/|_test\.cpp$'
llvm-cov export --format=lcov --instr-profile="$counters/all.profdata" --ignore-filename-regex="$not_ours" \
  "$build/nsbench" "$root/reports" "$root/suites" > "$counters/lines.info"
awk -F : -v root="$root/" '
  /^SF:/ { file = substr($2, length(root) + 1) }
  /^LF:/ { lines = $2 }
  /^LH:/ { print file, lines, $2 }' "$counters/lines.info" > "$counters/lines"
[[ -s $counters/lines ]] || {
  echo "ci/coverage.sh: $build/nsbench does not count" >&2
  exit 2
}

if [[ $mode == lines ]]; then
  awk '{ printf "%5.1f %% of %4d  %s\n", $2 ? 100 * $3 / $2 : 100, $2, $1 }' "$counters/lines" | sort -n
  echo 'lines that never ran:'
  awk -F '[:,]' -v root="$root/" '
    /^SF:/ { file = substr($2, length(root) + 1) }
    /^DA:/ && $3 == 0 { print file ":" $2 }' "$counters/lines.info"
fi
judged='reports/ suites/'
[[ $mode != units ]] || judged=reports/
awk -v wanted="$wanted" -v judged="$judged" '
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
    for (i = split(judged, totals, " "); i > 0; --i) {
      name = totals[i]
      if (all[name] == 0 || 100 * ran[name] <= wanted * all[name]) {
        printf "line coverage of %s is not above %d %%\n", name, wanted
        status = 1
      }
    }
    exit status
  }' "$counters/lines"
