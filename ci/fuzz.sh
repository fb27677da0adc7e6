#!/usr/bin/env bash
# Runs fuzz targets, all or those named, one per CPU at once (NSBENCH_JOBS: so many at once).
#   ci/fuzz.sh [SECONDS] [NAME...]     each for that long, 20 seconds if it is not said
#   ci/fuzz.sh --runs COUNT [NAME...]  each until it has been executed COUNT times, earlier calls' counted
#   ci/fuzz.sh --tally                 how often each has been executed, in all calls
#   ci/fuzz.sh --merge NAME...         takes into the corpus what was found and reaches new code
# --no-build, before anything else, takes the targets as they were built. For a long search they should
# be optimised:
#   cmake --preset fuzz -D CMAKE_CXX_FLAGS_DEBUG='-O2 -g1'
# What breaks a target is kept in build/fuzz/artifacts, and the exit status is 1; what was found on the
# way, in build/fuzz/found; executions, in build/fuzz/executions. Whatever ends it, another call goes on
# from there: at most the last five minutes are not counted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly round=300 # seconds, after which executions are counted
readonly artifacts=build/fuzz/artifacts found=build/fuzz/found executions=build/fuzz/executions

refuse() {
  echo "ci/fuzz.sh: $1" >&2
  exit 2
}

build=yes
mode=seconds
seconds=20
wanted=0
if [[ ${1:-} == --no-build ]]; then
  build=no
  shift
fi
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

if [[ $mode != tally && $build == yes ]]; then
  # Not again: the preset would undo what it was configured with besides.
  [[ -f build/fuzz/build.ninja ]] || cmake --preset fuzz > /dev/null
  cmake --build --preset fuzz
fi
mkdir -p "$artifacts" "$found" "$executions"

names=("$@")
if ((${#names[@]} == 0)); then
  for fuzzer in build/fuzz/fuzzers/*; do
    if [[ -x $fuzzer ]]; then names+=("$(basename "$fuzzer")"); fi
  done
fi
for name in "${names[@]}"; do
  [[ -x build/fuzz/fuzzers/$name ]] || refuse "there is no target $name"
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

# Memory and time of one input are bounded as well. An input is as long as it takes to hold one of
# everything, and no longer: short ones are tried sooner.
options_of() {
  echo -rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_funcs=0 -print_final_stats=1
  echo "-artifact_prefix=$artifacts/$1-"
  case $1 in
    report | comparison | trial | policy) echo -max_len=24576 -dict=reports/fuzz/json.dict ;;
    history_file) echo -max_len=65536 ;;
    *) echo -max_len=8192 ;;
  esac
}

corpus_of() {
  find . -path ./build -prune -o -path "*/fuzz/corpus/$1" -print
}

# run_once NAME OPTION...: once, with more options of libFuzzer.
run_once() {
  local name=$1 log=$found/$1.log options status=0
  shift
  read -r -d '' -a options < <(options_of "$name") || true
  "build/fuzz/fuzzers/$name" "${options[@]}" "$@" "$found/$name" "$(corpus_of "$name")" > "$log" 2>&1 ||
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
  local name=$1 before after
  mkdir -p "$found/$name"
  before=$(executed "$name")
  if [[ $mode == seconds ]]; then
    run_once "$name" "-max_total_time=$seconds" || return 1
  else
    for ((after = before; after < wanted; after = $(executed "$name"))); do
      run_once "$name" "-max_total_time=$round" "-runs=$((wanted - after))" || return 1
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
    "build/fuzz/fuzzers/$name" -merge=1 "${options[@]}" "$(corpus_of "$name")" "$found/$name"
  done
  exit
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
