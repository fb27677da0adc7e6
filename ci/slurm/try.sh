#!/usr/bin/env bash
# Tries Slurm with nsbench: installs Debian's where it is missing, brings up a controller and two nodes on
# this machine, and boots kernels by nsbench-array.sh, one report each. Half-way one node is killed with
# all that runs on it: its task has to be run again elsewhere, and every report to be there once. Then a
# report is taken away, and has to be told missing, by name. Needs root, Debian 12 and a build of nsbench
# and nsbench-static. Slurm is in namespaces that go with it, network too; nothing is left but the packages
# and DIR.
#   ci/slurm/try.sh [--build DIR] [--out DIR] [--kernels LIST|DIR] [--boots N] [--base NAME] [--minutes N]
#                   [--no-install] [-- options of nsbench run]
#     --build DIR      where nsbench is (default: build/release)
#     --out DIR        the fleet, reports and logs (default: build/slurm, made anew)
#     --kernels ...    as of nsbench fleet jobs (default: build/deps/kernels, of ci/fetch-kernels.sh)
#     --boots N        of each kernel (default: 8)
#     --base NAME      the kernel to compare the others with (default: the first)
#     --minutes N      give up after this long (default: 60)
#     --no-install     Slurm and QEMU are there, or this fails
#   By default two checks are run by every way in: what takes long is the boot.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/ci/slurm
build=$root/build/release out=$root/build/slurm kernels=$root/build/deps/kernels
boots=8 base='' minutes=60 install=yes words=()
readonly root here

die() {
  echo "ci/slurm/try.sh: $*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --build) build=${2:?--build needs a directory}; shift ;;
    --out) out=${2:?--out needs a directory}; shift ;;
    --kernels) kernels=${2:?--kernels needs a list or a directory}; shift ;;
    --boots) boots=${2:?--boots needs a number}; shift ;;
    --base) base=${2:?--base needs a name}; shift ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift ;;
    --no-install) install=no ;;
    --) shift; words=("$@"); break ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done
((${#words[@]})) || words=(--checks-only --filter '^uts/(hostname|domainname):')
[[ $(id -u) == 0 ]] || die 'namespaces for Slurm and its nodes want root'

"$root/ci/install-without-services.sh" "$install" slurm-wlm munge qemu-system-x86 cpio iproute2
for program in nsbench nsbench-static; do
  [[ -x $build/$program ]] || die "there is no $build/$program: build it, or name it with --build"
done

[[ $out != / && ! -L $out ]] || die "--out $out: no"
rm -rf "$out"
mkdir -p "$out/slurm"
out=$(cd "$out" && pwd)
# A copy: a build that goes on beside this replaces them.
mkdir "$out/bin"
cp "$build"/{nsbench,nsbench-static} "$out/bin"
build=$out/bin

"$build/nsbench" fleet jobs --kernels "$kernels" --device-type qemu --boots "$boots" --out "$out/fleet" \
  ${base:+--base "$base"} -- "${words[@]}" > "$out/jobs"
total=$(wc -l < "$out/jobs")
((total > 1)) || die "only $total jobs: there is nothing to be lost"
"$build/nsbench" fleet jobs --kernels "$kernels" --device-type qemu --append rdinit=/nowhere \
  --out "$out/panics/fleet" -- "${words[@]}" > "$out/panics.jobs"
[[ -n $base ]] || base=$(basename "$(sed -n '1s/^[^ ]* //p' "$out/jobs")" .boot-1.yaml)

cat > "$out/slurm/slurm.conf" << END
ClusterName=nsbench
SlurmctldHost=nsbench-slurm
SlurmUser=root
StateSaveLocation=/run/slurm/state
SlurmdSpoolDir=/run/slurm/%n
SlurmctldPidFile=/run/slurm/slurmctld.pid
SlurmdPidFile=/run/slurm/%n.pid
SlurmctldLogFile=$out/slurm/slurmctld.log
SlurmdLogFile=$out/slurm/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc=$out/slurm/ended
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SlurmdTimeout=30
MessageTimeout=20
ReturnToService=0
NodeName=n1 NodeHostname=nsbench-slurm Port=17001 CPUs=1
NodeName=n2 NodeHostname=nsbench-slurm Port=17002 CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE
END
# It is read whether it is used or not.
printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n' > "$out/slurm/cgroup.conf"
printf '127.0.0.1 localhost\n192.0.2.1 nsbench-slurm\n' > "$out/slurm/hosts"

# Whatever ends this script ends Slurm, and with it all that it has started.
running=
trap 'if [[ -n $running ]]; then kill -KILL "$running" 2> /dev/null || true; fi' EXIT
trap 'exit 130' INT TERM HUP
status=0
unshare --mount --pid --net --uts --ipc --fork --kill-child --mount-proc -- \
  "$here/try-inside.sh" "$build" "$out" "$minutes" < /dev/null &
running=$!
wait "$running" || status=$?
running=
((status == 0)) || die "the array did not end well ($status): $out/slurm has the logs"

failed=0
complain() {
  echo "  $*" >&2
  failed=1
}

# Each job has its report, and there are no others.
for boot in $(seq "$total"); do
  read -r id file < <(sed -n "${boot}p" "$out/jobs")
  [[ -s $out/reports/$id.json ]] || complain "$(basename "$file" .yaml): no report"
done
have=$(find "$out/reports" -maxdepth 1 -name '*.json' | wc -l)
((have == total)) || complain "$have reports of $total jobs"
runs=$(grep -hoE '"boot_id": *"[^"]+"' "$out"/reports/*.json | sort -u | wc -l)
((runs == total)) || complain "$total reports are of $runs boots"

# told CODE TEXT... -- COMMAND...: the command exits with CODE (any: whatever), and says all of TEXT.
told() {
  local wanted=$1 status=0 texts=() said
  shift
  while [[ $1 != -- ]]; do texts+=("$1"); shift; done
  shift
  said=$("$@" 2>&1) || status=$?
  echo "* $(basename "$1") ${*:2:2}: exit $status"
  [[ $wanted == any || $status == "$wanted" ]] || complain "and not $wanted: $said"
  for text in "${texts[@]}"; do
    grep -m 1 -F -- "$text" <<< "$said" || complain "and does not say '$text': $said"
  done
}

# The last job is another boot of the same kernel as the one before it, and that of the first is another.
job() { sed -n "$1{s/ .*//p}" "$out/jobs"; }
lost=$(job "$total")
mkdir -p "$out/less/reports"
cp -r "$out/fleet" "$out/less/fleet"
cp "$out"/reports/*.json "$out/less/reports"
less=(--fleet "$out/less/fleet")
echo 'one report taken away:'
rm "$out/less/reports/$lost.json"
told 3 "$lost" 'no report' -- "$build/nsbench" fleet collect "${less[@]}" --reports "$out/less/reports"
told 3 'a report is missing' "boot $boots" -- "$build/nsbench" fleet gate "${less[@]}" --base "$base"
if [[ $(sed -n 's/.*nsbench.release: //p' "$(sed -n '1s/^[^ ]* //p' "$out/jobs")") != \
  $(sed -n 's/.*nsbench.release: //p' "$(sed -n "${total}s/^[^ ]* //p" "$out/jobs")") ]]; then
  echo 'one of another kernel in its place:'
  cp "$out/less/reports/$(job 1).json" "$out/less/reports/$lost.json"
  told 3 "$lost" 'the report is of Linux' -- "$build/nsbench" fleet collect "${less[@]}" --reports "$out/less/reports"
  told 3 -- "$build/nsbench" fleet gate "${less[@]}" --base "$base"
fi
if ((boots > 1)); then
  echo 'the one of another boot in its place:'
  cp "$out/less/reports/$(job $((total - 1))).json" "$out/less/reports/$lost.json"
  "$build/nsbench" fleet collect "${less[@]}" --reports "$out/less/reports" > /dev/null || true
  told 3 'the same run' -- "$build/nsbench" fleet gate "${less[@]}" --base "$base"
fi

echo 'all of them:'
told 0 -- "$build/nsbench" fleet collect --fleet "$out/fleet" --reports "$out/reports"
told 0 -- "$build/nsbench" fleet collect --fleet "$out/fleet" --reports "$out/reports"
told 0 -- "$build/nsbench" fleet gate --fleet "$out/fleet" --base "$base"

echo 'kernels that panic:'
told any 'Kernel panic' -- "$build/nsbench" fleet collect --fleet "$out/panics/fleet" --reports "$out/panics/reports"
told 1 'Kernel panic' -- "$build/nsbench" fleet gate --fleet "$out/panics/fleet" --base "$base"
exit "$failed"
