#!/usr/bin/env bash
# Boots the kernels that build.sh made, each with nsbench as its init, and compares the probes that
# fail with breaks/NAME.expect: a table, and exit status 0 if each kernel fails just the right ones.
#   ci/broken-kernels/run.sh [--nsbench PROGRAM] [--side-by-side N] [--judge-only] [NAME...]
#     --nsbench PROGRAM  default: build/release/nsbench-static
#     --side-by-side N   kernels at once (default: as many as CPUs)
#     --judge-only       boot nothing; judge what the last run left
#     NAME...            these only (default: unbroken, and every one in breaks/)
# Environment: BROKEN_KERNELS, as for build.sh; DEADLINE, seconds for one kernel (default 600);
# NSBENCH_ARGUMENTS, further words for nsbench (no blanks within one).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${BROKEN_KERNELS:-$here/../../build/broken-kernels}
nsbench=$here/../../build/release/nsbench-static
side_by_side=$(nproc)
deadline=${DEADLINE:-600}
judge_only=no
read -ra arguments <<< "${NSBENCH_ARGUMENTS:-}"

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

pack_initramfs() {
  mkdir -p "$scratch/root/dev"
  cp "$nsbench" "$scratch/root/init"
  (cd "$scratch/root" && find . | cpio --quiet -o -H newc | gzip -1) > "$scratch/initrd.gz"
}

# The report comes out of the second serial line, apart from what the kernel says. In a pid
# namespace of its own, so that all of User-Mode Linux's processes end with it.
# unshare ignores SIGTERM: a kernel that is to end is killed, five seconds later.
boot() {
  local name=$1 own=$scratch/$1
  mkdir "$own"
  local new_pid_ns=(unshare --pid --fork --kill-child)
  [[ $(id -u) == 0 ]] || new_pid_ns+=(--user --map-root-user)
  local vm=
  trap 'kill "$vm"' TERM
  HOME=$own TMPDIR=$own timeout --kill-after=5 "$deadline" "${new_pid_ns[@]}" \
    "$work/linux-$name" mem=512M "initrd=$scratch/initrd.gz" "uml_dir=$own" panic=-1 loglevel=4 \
    con=null con0=null,fd:1 ssl=null ssl1=null,fd:3 console=tty0 \
    -- --checks-only --jobs=1 --json=/dev/ttyS1 "${arguments[@]}" \
    < /dev/null > "$work/results/$name.console" 2>&1 3> "$work/results/$name.json" &
  vm=$!
  wait "$vm" ||
    echo "run.sh: $name: User-Mode Linux ended with status $?" >> "$work/results/$name.console"
  rm -rf "$own"
}

names=()
while (($#)); do
  case $1 in
    --nsbench) nsbench=${2:?}; shift ;;
    --side-by-side) side_by_side=${2:?}; shift ;;
    --judge-only) judge_only=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
if ! ((${#names[@]})); then
  mapfile -t names < <(echo unbroken; "$here/build.sh" --list)
fi
for name in "${names[@]}"; do
  [[ -x $work/linux-$name ]] || { echo "run.sh: no kernel $name; see build.sh" >&2; exit 2; }
done

if [[ $judge_only == no ]]; then
  [[ -x $nsbench ]] || { echo "run.sh: no $nsbench; see ci/install-deps.sh --static" >&2; exit 2; }
  mkdir -p "$work/results"
  scratch=$(mktemp -d)
  trap 'kill $(jobs -p) 2> /dev/null; wait; rm -rf "$scratch"' EXIT
  trap 'exit 130' INT TERM
  pack_initramfs
  running=0
  for name in "${names[@]}"; do
    rm -f "$work/results/$name."*
    boot "$name" &
    running=$((running + 1))
    if ((running >= side_by_side)); then
      wait -n
      running=$((running - 1))
    fi
  done
  wait
fi
python3 "$here/judge.py" --results "$work/results" --expectations "$here/breaks" "${names[@]}"
