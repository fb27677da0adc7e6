#!/usr/bin/env bash
# Slurm on two nodes, one of which does not live to see the end: what try.sh runs in namespaces of its own.
#   try-inside.sh BUILD OUT MINUTES
# Exits 0 when the arrays of OUT/jobs and OUT/panics.jobs have ended, and a task that was lost with its node
# ended elsewhere.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 out=$2 minutes=$3
total=$(wc -l < "$out/jobs")
deadline=$((SECONDS + 60 * minutes))
export SLURM_CONF=$out/slurm/slurm.conf NSBENCH=$build/nsbench NSBENCH_BOOT_OPTIONS='--engine qemu-tcg'
cd "$out"

die() {
  echo "ci/slurm/try.sh: $*" >&2
  exit 1
}

# until WHAT COMMAND...: waits until the command succeeds.
until_true() {
  local what=$1
  shift
  until "$@"; do
    ((SECONDS < deadline)) || die "$what: not within $minutes minutes"
    { kill -0 "$controller" && kill -0 "${node[n1]}"; } 2> /dev/null || die "$what: Slurm has ended"
    sleep 0.5
  done
}

for directory in /run /tmp; do mount -t tmpfs tmpfs "$directory"; done
mount --bind "$out/slurm/hosts" /etc/hosts
hostname nsbench-slurm
# With 127.0.0.1 alone getaddrinfo() finds Slurm no address to listen on; this one is nobody's.
ip link set lo up
ip address add 192.0.2.1/32 dev lo
mkdir -p /run/munge /run/slurm/state
dd if=/dev/urandom of=/run/munge/key bs=1024 count=1 status=none
chmod 0400 /run/munge/key
munged --force --key-file=/run/munge/key --log-file="$out/slurm/munged.log" \
  --pid-file=/run/munge/munged.pid --seed-file=/run/munge/seed
slurmctld -D > "$out/slurm/slurmctld.out" 2>&1 &
controller=$!

# A node is a pid namespace: killed, nothing of it goes on. Its first process takes in orphans.
declare -A node
for name in n1 n2; do
  # shellcheck disable=SC2016  # the inner shell's
  unshare --pid --mount --fork --kill-child --mount-proc -- sh -c '
    mount -t tmpfs tmpfs /tmp
    slurmd -D -N "$1" & wait' sh "$name" > "$out/slurm/$name.out" 2>&1 &
  node[$name]=$!
  disown # or bash tells of its end
done
idle_nodes() { [[ $(sinfo -h -N -t idle -o %N 2> /dev/null | wc -l) == 2 ]]; }
until_true 'two idle nodes' idle_nodes

# submit LIST REPORTS NAME
submit() {
  sbatch --parsable --array="1-$(wc -l < "$1")" --cpus-per-task=1 --mem=0 \
    --output="$out/slurm/$3-%a.out" "$here/nsbench-array.sh" "$1" "$2"
}
begin=$SECONDS
array=$(submit "$out/jobs" "$out/reports" task)
echo "$total boots on 2 nodes of 1 CPU, as array $array"

reports() { find "$out/reports" -maxdepth 1 -name '*.json' 2> /dev/null | wc -l; }
# A task of the node's that has got as far as a kernel that prints.
victim() {
  lost=$(squeue -h -w n2 -t R -o %K 2> /dev/null | head -n 1)
  [[ -n $lost ]] || return 1
  lost_id=$(sed -n "${lost}s/ .*//p" "$out/jobs")
  [[ -s $out/reports/consoles/$lost_id.0.txt && ! -e $out/reports/$lost_id.json ]]
}
half_done() { (($(reports) >= total / 2)); }
until_true 'half of the boots' half_done
until_true 'a task that boots on n2' victim
kill -KILL "${node[n2]}"
echo "$((SECONDS - begin)) s: $(reports) reports; node n2 killed, with task $lost ($lost_id)"
[[ ! -e $out/reports/$lost_id.json ]] || die 'it was through already'

requeued() { squeue -h -t PD,R -o '%K %r' --array | grep -q "^$lost "; }
is_down() { sinfo -h -N -n n2 -o %T | grep -q '^down'; }
until_true 'n2 down' is_down
echo "$((SECONDS - begin)) s: Slurm has n2 down"
until_true "task $lost queued again" requeued
ended() { [[ -z $(squeue -h --array -o %K) ]]; }
until_true 'the end of the array' ended
echo "$((SECONDS - begin)) s: the array has ended, $(reports) reports"

[[ -s $out/reports/consoles/$lost_id.1.txt ]] || die "task $lost was not run a second time"
grep -q "^$lost_id: .*, attempt 1 on n1$" "$out/slurm/task-$lost.out" || die "task $lost was not run on n1"
again=$(grep -c '^[0-9a-f-]*: .*, attempt [1-9]' "$out"/slurm/task-*.out | awk -F: '{ sum += $2 } END { print sum }')
echo "task $lost was run again on n1; $again of $total were"
sed -n 's/.*: nsbench boot exited \([0-9]*\), \([0-9]*\) s$/\1 \2/p' "$out"/slurm/task-*.out |
  sort -k2n | awk '{ ended[$1]++; s[NR] = $2; sum += $2 }
    END { printf "a boot took %d to %d s, half of them at most %d; together %d s;", s[1], s[NR], s[int((NR + 1) / 2)], sum
      for (code in ended) printf " %d exited %d", ended[code], code; print "" }'

submit "$out/panics.jobs" "$out/panics/reports" panic > /dev/null
until_true 'the end of kernels that panic' ended

# A task that is canceled half-way has no report, although nsbench has one to write.
head -n 1 "$out/jobs" > "$out/canceled.jobs"
canceled=$(submit "$out/canceled.jobs" "$out/canceled" canceled)
boots_by_now() { [[ -s $(echo "$out"/canceled/consoles/*.0.txt) ]]; }
until_true 'a task to cancel' boots_by_now
scancel "$canceled"
until_true 'the end of the canceled task' ended
[[ -z $(find "$out/canceled" -name '*.json' -o -name '*.log') ]] || die 'a task that was canceled has a report'
grep -q ': stopped, without a report$' "$out/slurm/canceled-1.out" || die 'a canceled task does not say so'
echo 'a task that was canceled half-way has left no report'
