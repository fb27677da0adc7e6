#!/usr/bin/env bash
# Shows on the kernels that build.sh made what nsbench gate finds, and that it does not find what is not
# there: each planted slowdown must be called slower, by name, and the kernel as it is must pass against
# itself every time. Prints a table; exit status 0 if all of it is as it must be. Takes hours; goes on
# where it was interrupted: a result that exists is not measured again.
#   ci/long/run.sh [--nsbench PROGRAM] [--nulls N] [--judge-only] [NAME...]
#     --nsbench PROGRAM  the nsbench that boots the kernels (default: build/release/nsbench); their
#                        init is nsbench-static beside it, or NSBENCH_INIT
#     --nulls N          how many times the kernel as it is, by each clock (default 20)
#     --judge-only       measure nothing; judge what is there
#     NAME...            plants, instructions, wall: these only (default: all)
# Environment: LONG_KERNELS, as for build.sh; results are in its results/, and deleting one repeats it.
# GATE_OPTIONS, further words for nsbench gate (no blanks within one).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${LONG_KERNELS:-$here/../../build/long}
nsbench=$here/../../build/release/nsbench
nulls=20
judge_only=no
read -ra gate_options <<< "${GATE_OPTIONS:-}"

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

die() {
  echo "run.sh: $*" >&2
  exit 2
}

# once RESULT COMMAND...: runs it unless its exit status is known, and keeps what it prints.
once() {
  local result=$results/$1 status=0
  shift
  [[ ! -e $result.status && $judge_only == no ]] || return 0
  "$@" > "$result.log" 2>&1 || status=$?
  # A signal, or Ctrl-C: nothing was found out.
  ((status < 128)) || exit "$status"
  echo "$status" > "$result.status.new"
  mv "$result.status.new" "$result.status"
}

status_of() {
  cat "$results/$1.status" 2> /dev/null || echo -
}

gate() {
  local result=$1
  shift
  once "$result" "$nsbench" gate --json="$results/$result.json" "${gate_options[@]}" "$@"
}

# row WHAT TIMES GOOD SEEN
failed=0
row() {
  local verdict=ok
  if [[ $2 != "$3" ]]; then
    verdict=FAILED
    failed=1
  fi
  printf '%-22s %3s of %-3s %-7s %s\n' "$1" "$3" "$2" "$verdict" "$4"
}

# Where a curve has to be measured, that takes a boot of each kernel by itself; instruction counts don't
# mind. Everything else the gate chooses.
measure_curve() {
  local name=$1 regex=$2 kernel
  for kernel in base "$name"; do
    once "$name.curve-$kernel" "$nsbench" boot "$work/linux-$kernel" --engine qemu-tcg \
      --clock instructions --memory 2048 --timeout 3600 \
      --json="$results/$name.curve-$kernel.json" -- --suite full --benchmarks-only --filter "$regex"
  done
  gate "$name" --clock instructions \
    --base "$results/$name.curve-base.json" --new "$results/$name.curve-$name.json"
}

run_plant() {
  local name=$1 expect=$here/plants/$1.expect regex seen good=1
  regex=$(sed -n 's/^measure //p' "$expect")
  if [[ -n $regex ]]; then
    measure_curve "$name" "$regex"
  else
    gate "$name" --clock instructions --base "$work/linux-base" --new "$work/linux-$name"
  fi
  seen=$(python3 "$here/judge.py" "$results/$name.json" "$expect" 2>&1) || good=0
  if [[ $(status_of "$name") != 1 ]]; then
    good=0
    seen="exit status $(status_of "$name"), not 1; $seen"
  fi
  row "$name" 1 "$good" "${seen//$'\n'/; }"
}

run_nulls() {
  local clock=$1 i passed=0 others=()
  for ((i = 1; i <= nulls; i++)); do
    gate "null-$clock-$i" --clock "$clock" --base "$work/linux-base" --new "$work/linux-base"
    if [[ $(status_of "null-$clock-$i") == 0 ]]; then
      passed=$((passed + 1))
    else
      others+=("null-$clock-$i: $(status_of "null-$clock-$i")")
    fi
  done
  row "itself, by $clock" "$nulls" "$passed" "${others[*]}"
}

names=()
while (($#)); do
  case $1 in
    --nsbench) nsbench=${2:?}; shift ;;
    --nulls) nulls=${2:?}; shift ;;
    --judge-only) judge_only=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
if ! ((${#names[@]})); then
  mapfile -t names < <("$here/build.sh" --list)
  names+=(instructions wall)
fi
for name in base "${names[@]}"; do
  case $name in
    instructions | wall) ;;
    base) [[ -e $work/linux-base ]] || die "no $work/linux-base; run ci/long/build.sh" ;;
    *)
      [[ -e $here/plants/$name.expect ]] || die "no plants/$name.expect"
      [[ -e $work/linux-$name ]] || die "no $work/linux-$name; run ci/long/build.sh $name"
      ;;
  esac
done
[[ -x $nsbench || $judge_only == yes ]] || die "no $nsbench: build it, and nsbench-static"

work=$(cd "$work" && pwd)
results=$work/results
mkdir -p "$results"
printf '%-22s %-10s %-7s %s\n' kernel right '' 'called slower; complaints'
for name in "${names[@]}"; do
  case $name in
    instructions | wall) run_nulls "$name" ;;
    *) run_plant "$name" ;;
  esac
done
exit "$failed"
