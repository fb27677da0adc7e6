#!/usr/bin/env bash
# Runs fuzz targets, all or those named, one per CPU at once (NSBENCH_JOBS: so many at once).
#   ci/fuzz.sh [SECONDS] [NAME...]     each for that long, 20 seconds if it is not said
#   ci/fuzz.sh --runs COUNT [NAME...]  each until it has been executed COUNT times, earlier calls' counted
#   ci/fuzz.sh --tally                 how often each has been executed, in all calls
#   ci/fuzz.sh --merge NAME...         takes into the corpus what was found and reaches new code
# Before anything else:
#   --no-build     takes the targets as they were built
#   --build BUILD  those of another build than build/fuzz. A long search wants optimised ones, and most of
#                  it none of AddressSanitizer, which the last call of a search then has:
#     cmake --preset fuzz -B build/fuzz-fast -D NSBENCH_SANITIZE=undefined \
#       -D NSBENCH_FUZZ_GUIDE=inline-8bit-counters,pc-table -D CMAKE_CXX_FLAGS_DEBUG='-O2 -g1'
# What breaks a target is kept in BUILD/artifacts, and the exit status is 1; executions, in
# BUILD/executions. What was found on the way is for all builds in build/fuzz/found: each call begins with
# all of it. Whatever ends it, another call goes on from there: at most the last five minutes are not
# counted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly round=300 # seconds, after which executions are counted
readonly found=build/fuzz/found

refuse() {
  echo "ci/fuzz.sh: $1" >&2
  exit 2
}

compile=yes build=build/fuzz
mode=seconds
seconds=20
wanted=0
while [[ ${1:-} == --no-build || ${1:-} == --build ]]; do
  if [[ $1 == --no-build ]]; then
    compile=no
  else
    build=${2:?--build needs a directory}
    shift
  fi
  shift
done
readonly build artifacts=$build/artifacts executions=$build/executions
case ${1:-} in
  --merge | --tally)
    mode=${1#--}
    shift
    ;;
  --runs)
    [[ ${2:-} =~ ^[1-9][0-9]{0,14}$ ]] || refuse '--runs needs a number'
    mode=runs
    wanted=$2
    shift 2
    ;;
  -*) refuse "no such option: $1" ;;
  [0-9]*)
    [[ $1 =~ ^[0-9]+$ ]] || refuse "no number of seconds: $1"
    seconds=$1
    shift
    ;;
esac

if [[ $mode != tally && $compile == yes ]]; then
  # Not again: the preset would undo what it was configured with besides.
  [[ -f $build/build.ninja ]] || cmake --preset fuzz -B "$build" > /dev/null
  cmake --build "$build" --target fuzzers
fi
mkdir -p "$artifacts" "$found" "$executions"

names=("$@")
if ((${#names[@]} == 0)); then
  for fuzzer in "$build"/fuzzers/*; do
    if [[ -x $fuzzer ]]; then names+=("$(basename "$fuzzer")"); fi
  done
fi
for name in "${names[@]}"; do
  [[ -x $build/fuzzers/$name ]] || refuse "there is no target $name"
done

# How often this one has been executed so far.
executed() {
  cat "$executions/$1" 2> /dev/null || echo 0
}

# What its log says was executed is added, whole or not at all.
count() {
  local name=$1 log=$2 more
  more=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo $(($(executed "$name") + ${more:-0})) > "$executions/.$name"
  mv "$executions/.$name" "$executions/$name"
}

# options_of NAME [short]: memory and time of one input are bounded as well. An input is as long as twice
# the longest that is given, which holds one of everything; a short one as the one in the middle.
options_of() {
  local length=8192 enough
  echo -rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_funcs=0 -print_final_stats=1
  echo "-artifact_prefix=$artifacts/$1-"
  case $1 in
    report | comparison | trial | policy) echo -dict=reports/fuzz/json.dict ;;
  esac
  enough=$(find "$(corpus_of "$1")" -type f -printf '%s\n' | sort -n |
    awk -v short="${2:-}" '{ size[NR] = $1 } END { print short ? size[int(NR / 2) + 1] : 2 * size[NR] }')
  [[ -z ${2:-} ]] || length=128
  while ((length < enough)); do length=$((2 * length)); done
  echo "-max_len=$length"
  # How rare the code is that each input reaches is asked all the time, and takes a third of it.
  [[ $mode != runs ]] || echo -entropic=0
}

corpus_of() {
  find . -path ./build -prune -o -path "*/fuzz/corpus/$1" -print
}

# run_once NAME short|'' OPTION...: once, with more options of libFuzzer.
run_once() {
  local name=$1 log=$found/$1.log options status=0
  read -r -d '' -a options < <(options_of "$name" "$2") || true
  shift 2
  "$build/fuzzers/$name" "${options[@]}" "$@" "$found/$name" "$(corpus_of "$name")" > "$log" 2>&1 ||
    status=1
  count "$name" "$log"
  if grep -q 'libFuzzer: run interrupted' "$log"; then
    echo "$name: interrupted; $(executed "$name") inputs in all"
    return 1
  elif ((status != 0)); then
    echo "$name: FOUND SOMETHING"
    tail -n 60 "$log"
    return 1
  fi
}

# run NAME: prints what came of it.
run() {
  local name=$1 before after rounds length
  mkdir -p "$found/$name"
  before=$(executed "$name")
  if [[ $mode == seconds ]]; then
    run_once "$name" '' "-max_total_time=$seconds" || return 1
  else
    # Many short ones are tried in the time of a long one: every fifth round has those.
    for ((after = before, rounds = 1; after < wanted; after = $(executed "$name"), ++rounds)); do
      ((rounds % 5)) && length=short || length=''
      run_once "$name" "$length" "-max_total_time=$round" "-runs=$((wanted - after))" || return 1
    done
  fi
  after=$(executed "$name")
  echo "$name: $((after - before)) inputs, nothing found; $after in all"
}

if [[ $mode == tally ]]; then
  for name in "${names[@]}"; do
    printf '%-20s %12d%s\n' "$name" "$(executed "$name")" \
      "$(compgen -G "$artifacts/$name-*" > /dev/null && echo '  something is in artifacts')"
  done
  exit
fi
if [[ $mode == merge ]]; then
  for name in "${names[@]}"; do
    read -r -d '' -a options < <(options_of "$name") || true
    "$build/fuzzers/$name" -merge=1 "${options[@]}" "$(corpus_of "$name")" "$found/$name"
  done
  exit
fi

# Where memory was allocated is told of a finding when it is tried again; what is freed is kept.
if [[ $mode == runs ]]; then
  export MALLOC_MMAP_THRESHOLD_=$((1 << 30)) MALLOC_TRIM_THRESHOLD_=$((1 << 30))
  export ASAN_OPTIONS=malloc_context_size=0:quarantine_size_mb=4:allocator_release_to_os_interval_ms=-1
fi
status=0
running=0
for name in "${names[@]}"; do
  if ((running == ${NSBENCH_JOBS:-$(nproc)})); then
    wait -n || status=1
    running=$((running - 1))
  fi
  run "$name" &
  running=$((running + 1))
done
for ((; running > 0; --running)); do
  wait -n || status=1
done
exit "$status"
