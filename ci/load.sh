#!/usr/bin/env bash
# A long time in miniature: do verdicts stay the same, and does nothing grow, when everything is run
# over and over and many at once? Prints a table; exit status 1 where a verdict changed or something grew.
#   ci/load.sh [--nsbench PROGRAM] [--runs N] [--copies N] [--jobs N] [--repeat N] [--out DIR]
#     --nsbench PROGRAM  default: build/release/nsbench
#     --runs N           whole runs in a row (default 200)
#     --copies N         whole runs side by side (default 8)
#     --jobs N           checks side by side in one run (default 64)
#     --repeat N         one process that runs each check N times (default 20)
#     --out DIR          where reports and readings go (default: build/load)
# Needs root, for the kernel's counts; an otherwise idle machine makes them easier to read, but is not
# needed. A whole run is every check, every control and the quick benchmarks.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
nsbench=$here/build/release/nsbench
runs=200 copies=8 jobs=64 repeat=20 out=$here/build/load
# What a kernel may have more of in the second half of the runs than in the first, in percent and at least
# so many: caches are filled in batches, and other people's processes come and go.
readonly slack_percent=10 slack_objects=64

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

while (($#)); do
  case $1 in
    --help) usage; exit ;;
    --nsbench) nsbench=$(realpath "${2:?}") ;;
    --runs) runs=${2:?} ;;
    --copies) copies=${2:?} ;;
    --jobs) jobs=${2:?} ;;
    --repeat) repeat=${2:?} ;;
    --out) out=${2:?} ;;
    *) usage >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$out"
cd "$out"
rm -f ./*.verdicts ./readings.txt ./process.txt

failed=0
# row WHAT RESULT ok|FAILED
row() {
  printf '  %-34s %-58s %s\n' "$1" "$2" "$3"
  [[ $3 == ok ]] || failed=1
}

# verdicts NAME OPTION...: runs, and keeps a line for each case with what it came to.
verdicts() {
  local name=$1 status=0
  shift
  "$nsbench" run --time 0.02 --report "lkp:$name.lkp" "$@" > "$name.out" 2> "$name.err" || status=$?
  case $status in
    0 | 1 | 3) grep -E '\.(pass|fail|skip|broken): 1$' "$name.lkp" > "$name.verdicts" ;;
    *) echo "exit status $status: $(tail -n 1 "$name.err")" > "$name.verdicts" ;;
  esac
}

# differing NAME...: prints how many of them had other verdicts than the first run of all.
differing() {
  local name count=0
  for name in "$@"; do
    if ! cmp -s first.verdicts "$name.verdicts"; then
      count=$((count + 1))
      { echo "$name:"; diff first.verdicts "$name.verdicts" | head -n 20; } >> differences.txt
    fi
  done
  echo "$count"
}

# The kernel's own counts: objects of the caches that namespaces are made of, and what no cache tells.
reading() {
  awk '
    FILENAME == "/proc/slabinfo" && $1 ~ /^(net_namespace|pid_namespace|user_namespace|uts_namespace|nsproxy|mnt_cache|sock_inode_cache|task_struct|pid)$/ {
      printf "%s %d\n", $1, $2
    }
    FILENAME == "/proc/meminfo" && $1 ~ /^(SUnreclaim|Percpu|KernelStack|PageTables):/ {
      sub(":", "", $1); printf "%s_kB %d\n", $1, $2
    }
    FILENAME == "/proc/sys/fs/file-nr" { printf "open_files %d\n", $1 }
  ' /proc/slabinfo /proc/meminfo /proc/sys/fs/file-nr
  echo "cgroups $(find /sys/fs/cgroup -type d 2> /dev/null | wc -l)"
  echo "mounts $(wc -l < /proc/self/mountinfo)"
}

# What was dropped last is gone a moment later; empty slabs are given back on demand.
settled_reading() {
  sleep 3
  sync
  echo 1 > /proc/sys/vm/stat_refresh 2> /dev/null || true
  for cache in /sys/kernel/slab/{net_namespace,pid_namespace,user_namespace,nsproxy,mnt_cache,pid,task_struct}/shrink; do
    if [[ -w $cache ]]; then echo 1 > "$cache"; fi
  done
  reading
}

rm -f differences.txt
echo "$("$nsbench" --version | head -n 1), Linux $(uname -r), $(nproc) CPUs"
verdicts first
row 'cases' "$(wc -l < first.verdicts), of which $(grep -c '\.pass: 1$' first.verdicts) hold" \
  "$([[ $(wc -l < first.verdicts) -gt 1000 ]] && echo ok || echo FAILED)"

# In a row. Readings start after the first runs: caches fill, and per-CPU lists with them.
readonly warm=$((runs > 20 ? 5 : 1))
names=()
for ((i = 1; i <= runs; ++i)); do
  verdicts "run$i"
  names+=("run$i")
  rm -f "run$i.out" "run$i.lkp"
  if ((i == warm || i == runs || i % 20 == 0)); then
    settled_reading | sed "s/^/$i /" >> readings.txt
  fi
done
count=$(differing "${names[@]}")
row "$runs runs in a row" "$count with other verdicts" "$([[ $count == 0 ]] && echo ok || echo FAILED)"
read_rows=0
while read -r what before after grew; do
  read_rows=$((read_rows + 1))
  row "  $what" "at least $before in the first half, $after in the second" "$grew"
done < <(awk -v half="$(((runs + 1) / 2))" -v percent="$slack_percent" -v objects="$slack_objects" '
  # What else runs here only adds to a count: the least of several readings has least of that.
  function least(values, what, count) {
    if (!(what in values) || count < values[what]) values[what] = count
  }
  {
    if (!seen[$2]++) order[++n] = $2
    if ($1 <= half) least(before, $2, $3)
    else least(after, $2, $3)
  }
  END {
    for (i = 1; i <= n; ++i) {
      what = order[i]
      slack = before[what] * percent / 100
      smallest = what ~ /_kB$/ ? 4096 : objects
      if (slack < smallest) slack = smallest
      if (what ~ /^(cgroups|mounts)$/) slack = 0
      print what, before[what], after[what], (after[what] - before[what] > slack) ? "FAILED" : "ok"
    }
  }' readings.txt)
((read_rows > 0)) || row '  what grew' 'was not read' FAILED

# One process that lives long.
"$nsbench" run --checks-only --repeat "$repeat" --report lkp:long.lkp > long.out 2> long.err &
process=$!
while kill -0 "$process" 2> /dev/null; do
  rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$process/status" 2> /dev/null || true)
  files=$(find "/proc/$process/fd" -mindepth 1 2> /dev/null | wc -l)
  [[ -z $rss ]] || echo "$rss $files" >> process.txt
  sleep 1
done
wait "$process" || true
grep -E '\.(pass|fail|skip|broken): 1$' long.lkp > long.verdicts || true
grep -vE '^(create|join)\.' first.verdicts > checks.verdicts
count=$(diff checks.verdicts long.verdicts | grep -c '^[<>]' || true)
row "each check $repeat times in a process" "$count verdicts differ" "$([[ $count == 0 ]] && echo ok || echo FAILED)"
# The largest of the second tenth against the largest of the last: what is kept of each case grows with
# the number of cases, not with time; descriptors must not grow at all.
read -r rss_early rss_late files_early files_late < <(awk '
  { rss[NR] = $1; files[NR] = $2 }
  function most(values, from, to,    i, m) { for (i = from; i <= to; ++i) if (values[i] > m) m = values[i]; return m + 0 }
  END {
    a = int(NR * 0.1) + 1; b = int(NR * 0.3) + 1; c = int(NR * 0.7) + 1
    print most(rss, a, b), most(rss, c, NR), most(files, a, b), most(files, c, NR)
  }' process.txt)
row '  its memory' "$rss_early kB early, $rss_late kB late" \
  "$( ((rss_late <= rss_early * 5 / 4 + 2048)) && echo ok || echo FAILED)"
row '  its descriptors' "$files_early early, $files_late late" \
  "$( ((files_late <= files_early + 64)) && echo ok || echo FAILED)"

# Side by side, and far more at once than there are CPUs.
names=()
for ((i = 1; i <= copies; ++i)); do
  verdicts "copy$i" &
  names+=("copy$i")
done
wait
count=$(differing "${names[@]}")
row "$copies runs side by side" "$count with other verdicts" "$([[ $count == 0 ]] && echo ok || echo FAILED)"
verdicts jobs --jobs "$jobs"
count=$(differing jobs)
row "--jobs $jobs" "$count with other verdicts" "$([[ $count == 0 ]] && echo ok || echo FAILED)"

# ucounts: what a user may have of each kind is counted by the kernel in every user namespace. In one of
# its own with runs behind it, a limit of two must leave room for exactly two.
cat > in_user_namespace.sh << 'END'
set -eu
nsbench=$1
for i in 1 2 3; do
  "$nsbench" run --checks-only --filter '^(uts|ipc|pid|cgroup|time|mnt|net|all)/' > /dev/null 2>&1 || [ $? -lt 4 ]
done
sleep 2
for kind in uts ipc net pid mnt cgroup time; do
  limit=/proc/sys/user/max_${kind}_namespaces
  [ -e "$limit" ] || continue
  had=0
  [ "$kind" != mnt ] || had=1
  [ "$kind" != pid ] || had=1
  echo $((2 + had)) > "$limit"
  option=$kind
  [ "$kind" != mnt ] || option=mount
  made=0
  for i in 1 2 3; do
    if timeout 10 sh -c 'unshare "--$1" sleep 5 & sleep 0.3; kill -0 $! 2> /dev/null' - "$option" 2> /dev/null; then
      made=$((made + 1))
    fi
  done
  echo "$kind $made"
done
END
if unshare --user --map-root-user --pid --fork --mount-proc true 2> /dev/null; then
  unshare --user --map-root-user --pid --fork --mount-proc sh in_user_namespace.sh "$nsbench" > ucounts.txt
  counted=$(tr '\n' ' ' < ucounts.txt)
  row 'ucounts: made under a limit of 2' "$counted" \
    "$(! awk '$2 != 2' ucounts.txt | grep -q . && [[ -s ucounts.txt ]] && echo ok || echo FAILED)"
else
  row 'ucounts' 'user namespaces are refused here' ok
fi

if [[ -s differences.txt ]]; then cat differences.txt; fi
exit "$failed"
