#!/usr/bin/env bash
# Runs every fuzz target for a while, one per CPU at once: ci/fuzz.sh [SECONDS [NAME...]]
# What breaks one is kept in build/fuzz/artifacts, and the exit status is 1. What it finds on its way
# stays in build/fuzz/found; ci/fuzz.sh --merge NAME takes into the corpus what reaches new code.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

merge=no
if [[ ${1:-} == --merge ]]; then
  merge=yes
  seconds=0
else
  seconds=${1:-20}
fi
shift || true

# Not again: the preset would undo what it was configured with besides.
[[ -f build/fuzz/build.ninja ]] || cmake --preset fuzz > /dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/artifacts

names=("$@")
if ((${#names[@]} == 0)); then
  for fuzzer in build/fuzz/fuzzers/*; do
    names+=("$(basename "$fuzzer")")
  done
fi

# run NAME OPTION...: prints what came of it.
run() {
  local name=$1 found=build/fuzz/found/$1
  shift
  if "build/fuzz/fuzzers/$name" "-max_total_time=$seconds" -verbosity=0 -print_funcs=0 -print_final_stats=1 \
      "$@" > "$found.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found.log") inputs, nothing found"
  else
    echo "$name: FOUND SOMETHING"
    tail -n 60 "$found.log"
    return 1
  fi
}

# Memory and time of one input are bounded as well. An input is as long as it takes to hold one of
# everything, and no longer: short ones are tried sooner.
status=0
running=0
for name in "${names[@]}"; do
  corpus=$(find . -path ./build -prune -o -path "*/fuzz/corpus/$name" -print)
  found=build/fuzz/found/$name
  options=(-rss_limit_mb=2048 -timeout=10 "-artifact_prefix=build/fuzz/artifacts/$name-")
  case $name in
    report | comparison | trial | policy) options+=(-max_len=24576 -dict=reports/fuzz/json.dict) ;;
    history_file) options+=(-max_len=65536) ;;
    *) options+=(-max_len=8192) ;;
  esac
  mkdir -p "$found"
  if [[ $merge == yes ]]; then
    "build/fuzz/fuzzers/$name" -merge=1 "${options[@]}" "$corpus" "$found"
    continue
  fi
  if ((running == $(nproc))); then
    wait -n || status=1
    running=$((running - 1))
  fi
  run "$name" "${options[@]}" "$found" "$corpus" &
  running=$((running + 1))
done
for ((; running > 0; --running)); do
  wait -n || status=1
done
exit "$status"
