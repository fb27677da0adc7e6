#!/usr/bin/env bash
# An array job of Slurm: task N boots job N of a fleet in QEMU, and leaves one report.
#   nsbench fleet jobs --kernels kernels/ --device-type qemu --boots 3 --out lab -- --suite gate > lab.jobs
#   sbatch --array=1-$(wc -l < lab.jobs) nsbench-array.sh lab.jobs reports/
#   nsbench fleet collect --fleet lab --reports reports/ && nsbench fleet gate --fleet lab --base NAME
# What is booted is the job's own: its kernel and command line, and out of its initramfs the nsbench, the
# modules and the words of nsbench run. The nodes need nsbench, QEMU, cpio, and the directories.
#   reports/ID.json            the report; it appears whole, and once: what is there stays
#   reports/ID.log             the console, where the kernel got to no report: whether it panicked is told by it
#   reports/consoles/ID.N.txt  what the kernel printed, in the N-th attempt
#   reports/partial/           can be removed when the array has ended
# A task that has a report ends well, whatever the kernel did: that is for the gate to tell. One that has
# none fails; so does one that was stopped, and Slurm may run it again.
#   NSBENCH                the nsbench to run (default: nsbench)
#   NSBENCH_BOOT_OPTIONS   more options of nsbench boot, in words without blanks of their own
#SBATCH --job-name=nsbench
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

die() {
  echo "nsbench-array.sh: $*" >&2
  exit 2
}

(($# == 2)) || die 'takes the list that nsbench fleet jobs has printed, and a directory for reports'
list=$1 reports=$2
task=${SLURM_ARRAY_TASK_ID:?nsbench-array.sh is for sbatch --array}
attempt=${SLURM_RESTART_COUNT:-0}
nsbench=${NSBENCH:-nsbench}
read -r -a options <<< "${NSBENCH_BOOT_OPTIONS:-}"

read -r id file < <(sed -n "${task}p" "$list") || die "$list has no line $task"
[[ $id =~ ^[0-9a-f-]{36}$ && -f $file ]] || die "$list, line $task: no job: $id $file"
kernel=$(sed -n 's/^ *nsbench\.kernel: "\([A-Za-z0-9._-]*\)".*/\1/p' "$file")
[[ -n $kernel ]] || die "$file: does not say which kernel"
command_line=$(sed -n 's/.*-append "\([^"]*\)".*/\1/p' "$file")
place=$(dirname "$(dirname "$file")")/kernels/$kernel
report=$reports/$id.json
if [[ -e $report ]]; then
  echo "$id: $report is there already"
  exit 0
fi
mkdir -p "$reports/partial" "$reports/consoles"
console=$reports/consoles/$id.$attempt.txt
partial=$reports/partial/$id.${SLURM_JOB_ID:-0}.$attempt.json

# Slurm stops what it runs by SIGTERM: a report that ends there is none of the kernel's.
running='' stopped=''
stop() {
  stopped=yes
  [[ -z $running ]] || kill -TERM "$running" 2> /dev/null || true
}
trap stop TERM INT HUP
inside=$(mktemp -d)
trap 'rm -rf "$inside"; rm -f "$partial"' EXIT

gzip -dcf "$place/initramfs" |
  (cd "$inside" && cpio --quiet --extract --make-directories --no-preserve-owner -- init 'nsbench/*')
mapfile -d '' -t words < "$inside/nsbench/arguments"
# The job's last words are about LAVA's console.
[[ ${words[*]: -6} == '--format ktap --report lava:- --channel -' && ${words[0]} == run ]] ||
  die "$place/initramfs: not what nsbench fleet jobs makes: ${words[*]}"
words=("${words[@]:1:${#words[@]}-7}")
# A tree of modules as nsbench boot reads it.
mkdir "$inside/tree"
while read -r module; do
  name=${module##*/} name=${name#*-}
  mv "$inside$module" "$inside/tree/$name"
  echo "$name" >> "$inside/tree/modules.order"
done < "$inside/nsbench/modules.list"
[[ ! -e $inside/tree/modules.order ]] || options+=(--modules "$inside/tree")

echo "$id: $kernel, task $task, attempt $attempt on ${SLURMD_NODENAME:-$HOSTNAME}"
begin=$SECONDS status=0
"$nsbench" boot "$place/kernel" --init "$inside/init" --append "$command_line" \
  --console "$console" --json="$partial" \
  "${options[@]}" -- "${words[@]}" < /dev/null &
running=$!
wait "$running" || status=$?
# A trap ends the first wait.
while [[ -n $stopped ]] && kill -0 "$running" 2> /dev/null; do
  wait "$running" || status=$?
done
running=
# The signal may have come to nsbench alone.
! grep -qsF '"the machine was interrupted"' "$partial" || stopped=yes
[[ -z $stopped ]] || { echo "$id: stopped, without a report" >&2; exit 143; }
if [[ ! -s $partial ]]; then
  [[ ! -s $console ]] || ln "$console" "$reports/$id.log" 2> /dev/null || true
  echo "$id: no report, nsbench boot exited $status" >&2
  exit $((status == 0 ? 3 : status))
fi
# Where a node was given up and was alive after all, two tasks end: one of them is first.
ln "$partial" "$report" 2> /dev/null || [[ -e $report ]] || die "can't write $report"
echo "$id: nsbench boot exited $status, $((SECONDS - begin)) s"
