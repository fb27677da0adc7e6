#!/usr/bin/env bash
# Tries nsbench fleet with a whole LAVA (server.sh, which installs what is missing): two QEMU devices
# without KVM, on two workers, and 12 jobs of four kernels, three boots each: Debian's 6.12, the base;
# its 6.1; a 6.1 that does not isolate (break_kernel.py); a 6.12 that panics. `fleet submit` is killed
# again and again while it submits, what it remembers is thrown away, and a worker is killed with what
# it runs. Then each job must have ended once, what LAVA stored must be what the reports say, and
# `fleet gate` must be right, also when reports are taken away. Needs root, Debian 12, a build of
# nsbench and nsbench-static, and the kernels of ci/fetch-kernels.sh; leaves packages and DIR.
#   ci/lava/try_server.sh [--build DIR] [--out DIR] [--kernels DIR] [--no-install] [--idle]
#     --build DIR      where nsbench is (default: build/release)
#     --out DIR        everything (default: build/lava-fleet, made anew)
#     --kernels DIR    with debian-6.12 and debian-6.1 (default: build/deps/kernels)
#     --no-install     LAVA and QEMU are there, or this fails
#     --idle           by SCHED_IDLE, on a machine that has other work
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/ci/lava
build=$root/build/release out=$root/build/lava-fleet kernels=$root/build/deps/kernels
server_words=() inside=no python=/usr/bin/python3
readonly root here python

die() {
  echo "ci/lava/try_server.sh: $*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --build) build=${2:?--build needs a directory}; shift ;;
    --out) out=${2:?--out needs a directory}; shift ;;
    --kernels) kernels=${2:?--kernels needs a directory}; shift ;;
    --no-install | --idle) server_words+=("$1") ;;
    --inside) inside=yes ;; # beside the server: only this script says so
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done

if [[ $inside == no ]]; then
  for program in nsbench nsbench-static; do
    [[ -x $build/$program ]] || die "there is no $build/$program: build it, or name it with --build"
  done
  for kernel in debian-6.12 debian-6.1; do
    [[ -e $kernels/$kernel/vmlinuz ]] || die "there is no $kernels/$kernel/vmlinuz: ci/fetch-kernels.sh"
  done
  [[ $out != / && ! -L $out ]] || die "--out $out: no"
  rm -rf "$out"
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  # A build that goes on meanwhile changes what the jobs boot, and so which jobs they are.
  mkdir "$out/bin"
  cp "$build/nsbench" "$build/nsbench-static" "$out/bin/"
  exec "$here/server.sh" --out "$out/server" --and lz4 "${server_words[@]}" -- "${BASH_SOURCE[0]}" --inside \
    --build "$out/bin" --out "$out" --kernels "$(cd "$kernels" && pwd)"
fi

fleet=$out/fleet nsbench=$build/nsbench db=$out/history.db
export NSBENCH_LAVA_TOKEN_FILE=$LAVA_TOKEN_FILE
collect=("$nsbench" fleet collect --db "$db")
common=(--kernels "$out/kernels.json" --device-type qemu --base debian-6.12 --boots 3 --minutes 30
  --fleet "$fleet" --server "$LAVA_URL")
# Under a minute for each. Timings are told from eight boots on: they are try.sh's.
words=(--checks-only --filter '^uts/')
wanted=12 failed=0

# check WHAT TEST...: tells, and goes on.
check() {
  if "${@:2}"; then
    echo "ok      $1"
  else
    echo "NOT OK  $1"
    failed=$((failed + 1))
  fi
}

# exits CODE NAME COMMAND...: what it says goes to OUT/NAME.txt.
exits() {
  local status=0
  "${@:3}" > "$out/$2.txt" 2>&1 || status=$?
  echo "exit $status" >> "$out/$2.txt"
  ((status == $1)) || { echo "  $2: exit $status, not $1" >&2; return 1; }
}

# Asked of the server without nsbench: number, state, health, device, submitted, started, ended, name.
jobs() {
  "$python" "$here/ask.py" jobs "nsbench " > "$out/jobs"
  cat "$out/jobs"
}

submit() {
  "$nsbench" fleet submit "${common[@]}" "$@" -- "${words[@]}"
}

# all_once WANTED: that many jobs, and none twice.
all_once() {
  local lines names
  lines=$(jobs | wc -l)
  names=$(cut -d' ' -f8- "$out/jobs" | sort -u | wc -l)
  ((lines == $1 && names == $1)) || { echo "  $lines jobs with $names names, not $1" >&2; return 1; }
}

rows_of() {
  "$nsbench" history list --db "$1" --limit 0 --json > "$out/history.json"
  "$python" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["runs"]))' "$out/history.json"
}

is_equal() {
  [[ $1 == "$2" ]] || { echo "  $1, not $2" >&2; return 1; }
}

# What was collected, a line each.
digests() {
  (cd "$fleet/reports" && find . -name '*.json' -print0 | sort -z | xargs -0 sha256sum)
}

# report_of JOB_ID: its file
report_of() {
  find "$fleet/reports" -name "$1.json"
}

# half_way CONDITION: waits for a job of which awk says so, and whose log has results; leaves its number
# in $victim, and its device in $device.
half_way() {
  local end=$((SECONDS + 900))
  while ((SECONDS < end)); do
    read -r victim device < <(jobs | awk "\$2 == \"Running\" && $1 { print \$1, \$4 }") || true
    if [[ -n $victim ]] &&
      "$python" "$here/ask.py" log "$victim" 2> /dev/null | grep -q '"msg": "ok 10 '; then
      return
    fi
    sleep 1
  done
  die 'no job came to run'
}

# same_report A B: but for the order of cases, and which of them stand for all
same_report() {
  "$python" - "$@" << 'PYTHON'
import json, sys
both = [json.load(open(name)) for name in sys.argv[1:]]
for report in both:
    for part in ("cases", "series"):
        report[part].sort(key=lambda one: one["id"])
    del report["summary"]["reasons"]
different = [key for key in both[0].keys() | both[1].keys() if both[0].get(key) != both[1].get(key)]
print(*(f"  {key} differs" for key in different), sep="\n", end="", file=sys.stderr)
sys.exit(1 if different else 0)
PYTHON
}

says() {
  grep -Eq "$2" "$out/$1.txt" || { echo "  $1.txt does not say '$2'" >&2; return 1; }
}

# --- what is booted ---------------------------------------------------------------------------------

mkdir "$out/broken"
"$python" "$here/break_kernel.py" "$kernels/debian-6.1/vmlinuz" "$out/broken/vmlinuz"
cat > "$out/kernels.json" << JSON
{"schema": 1, "kernels": [
  {"name": "debian-6.12", "image": "$kernels/debian-6.12/vmlinuz"},
  {"name": "debian-6.1", "image": "$kernels/debian-6.1/vmlinuz"},
  {"name": "broken-6.1", "image": "$out/broken/vmlinuz"},
  {"name": "panics", "image": "$kernels/debian-6.12/vmlinuz", "append": "rdinit=/nowhere"}]}
JSON

# --- submit, killed while it does -------------------------------------------------------------------

# Early, when it makes what the kernels boot, and each time that two jobs more are on the server.
cuts=0 had=0
for early in 0.2 1 ''; do
  while [[ -n $early ]] || ((had < wanted)); do
    (exec "$nsbench" fleet submit "${common[@]}" -- "${words[@]}") >> "$out/submit.txt" 2>&1 &
    submitting=$!
    if [[ -n $early ]]; then
      sleep "$early"
    else
      while kill -0 "$submitting" 2> /dev/null && (($(jobs | wc -l) < had + 2)); do sleep 0.1; done
    fi
    kill -KILL "$submitting" 2> /dev/null || true
    wait "$submitting" 2> /dev/null || true
    now=$(jobs | wc -l)
    if ((now > had && now < wanted)); then
      cuts=$((cuts + 1))
      # What it remembers is gone every other time.
      if ((cuts % 2)); then rm -f "$fleet/fleet.json"; fi
    fi
    had=$now
    [[ -z $early ]] || break
  done
done
echo "submit was killed $cuts times with some jobs on the server and others not"
check 'submit was killed in the middle' test "$cuts" -ge 2
check 'submit goes on from there' exits 0 submit.again submit
check 'the server has 12 jobs, none twice' all_once $wanted
check 'submit again submits nothing' exits 0 submit.third submit
rm -f "$fleet/fleet.json"
check 'submit without fleet.json submits nothing' exits 0 submit.fourth submit
check 'the server has 12 jobs, none twice' all_once $wanted

# --- a worker is killed half-way --------------------------------------------------------------------

begin=$SECONDS
(
  status=0
  submit --wait 60 --poll 5 > "$out/wait.txt" 2>&1 || status=$?
  echo "exit $status" >> "$out/wait.txt"
) &
waiting=$!

# Half of the jobs have been given out.
# shellcheck disable=SC2016  # awk's
half_way '$1 >= 7 && $4 == "qemu-1" && !/nsbench panics /'
"$here/server.sh" kill-worker worker-1
killed=$((SECONDS - begin)) name=$(awk -v job="$victim" '$1 == job' "$out/jobs" | cut -d' ' -f8-)
echo "worker-1 killed after $killed s, with job $victim: $name"
# It stays away until its job runs elsewhere.
second=
for _ in $(seq 1200); do
  second=$(jobs | grep -F "$name" | awk -v job="$victim" '$1 != job && $4 == "qemu-2" { print $1 }')
  [[ -z $second ]] || break
  sleep 1
done
echo "job $victim runs as ${second:-none} on qemu-2 after $((SECONDS - begin - killed)) s more; worker-1 is back"
"$here/server.sh" start-worker worker-1
wait "$waiting"
echo "all ended after $((SECONDS - begin)) s"
cp "$out/fleet/fleet.json" "$out/fleet.before.json"
tail -n 3 "$out/wait.txt"
check 'submit --wait exits 0' grep -qx 'exit 0' "$out/wait.txt"
check 'the server has 13 jobs' is_equal "$(jobs | wc -l)" 13
check 'with 12 names' is_equal "$(cut -d' ' -f8- "$out/jobs" | sort -u | wc -l)" $wanted
check 'and the one that is there twice is the killed one' is_equal \
  "$(cut -d' ' -f8- "$out/jobs" | sort | uniq -d)" "$name"
check 'which has one end' is_equal "$(grep -F "$name" "$out/jobs" | grep -c ' Finished Complete ')" 1
check 'on the other worker' is_equal \
  "$(grep -F "$name" "$out/jobs" | awk '$3 == "Complete" { print $4 }')" qemu-2
check 'nine jobs are Complete' is_equal "$(grep -c ' Finished Complete ' "$out/jobs")" 9
check 'and three, which panic, are Incomplete' is_equal \
  "$(grep ' Finished Incomplete ' "$out/jobs" | grep -c 'nsbench panics')" 3

# --- collected, once --------------------------------------------------------------------------------

check 'status exits 0' exits 0 status "$nsbench" fleet status --fleet "$fleet"
cat "$out/status.txt"
check 'collect exits 0' exits 0 collect "${collect[@]}" --fleet "$fleet"
check 'nine reports' is_equal "$(find "$fleet/reports" -name '*.json' | wc -l)" 9
check 'nine runs in the history' is_equal "$(rows_of "$db")" 9
before=$(digests)
check 'collect again exits 0' exits 0 collect.again "${collect[@]}" --fleet "$fleet"
check 'and adds nothing' is_equal "$(rows_of "$db")" 9
rm -f "$fleet/fleet.json"
check 'submit without fleet.json submits nothing' exits 0 submit.fifth submit
check 'nor is there a job more' is_equal "$(jobs | wc -l)" 13
check 'collect after that exits 0' exits 0 collect.third "${collect[@]}" --fleet "$fleet"
check 'and adds nothing' is_equal "$(rows_of "$db")" 9
check 'the reports are the same' is_equal "$(digests)" "$before"

# --- what LAVA stored is what the reports say ---------------------------------------------------------

mkdir "$out/check"
while read -r number _ _ _ _ _ _ title; do
  at=$out/check/$number report=$(report_of "${title##* }")
  "$python" "$here/ask.py" log "$number" > "$at.log"
  "$python" "$here/ask.py" results "$number" > "$at.results.json"
  "$nsbench" report "$report" --format lava --output "$at.signals" || true
  for stored in "$at.log" "$at.results.json"; do
    check "job $number: $(basename "$stored")" "$python" "$here/check_results.py" "$stored" \
      "$report" "$at.signals"
  done
  # It would be noticed.
  sed '0,/"result": "pass", "resource_uri"\|"result":"pass"/s/"result": "pass"/"result": "fail"/' \
    "$at.results.json" > "$at.spoiled.json"
  if "$python" "$here/check_results.py" "$at.spoiled.json" "$report" "$at.signals" \
    > /dev/null; then
    check 'a result that is changed is noticed' false
  fi
  # The log of the server and the report that nsbench took out of it.
  "$nsbench" report --from-console "$at.log" --json="$at.json" > /dev/null 2>&1 || true
  check "job $number: its report is the collected one" same_report "$at.json" "$report"
done < <(grep ' Finished Complete ' "$out/jobs")

# --- a worker is killed, and is back at once: LAVA ends its job itself -----------------------------------

cp "$out/jobs" "$out/jobs.fleet"
cat > "$out/back.json" << JSON
{"schema": 1, "kernels": [{"name": "back", "image": "$kernels/debian-6.1/vmlinuz"}]}
JSON
(exec "$nsbench" fleet submit --kernels "$out/back.json" --device-type qemu --base back --minutes 30 \
  --fleet "$out/back" --server "$LAVA_URL" --wait 60 --poll 5 \
  -- "${words[@]}") > "$out/back.txt" 2>&1 &
waiting=$!
half_way '/nsbench back /'
"$here/server.sh" kill-worker "worker-${device#qemu-}"
"$here/server.sh" start-worker "worker-${device#qemu-}"
check 'submit --wait exits 0' wait "$waiting"
jobs > /dev/null
check 'its job was Incomplete, and then Complete' is_equal \
  "$(awk '/nsbench back / { print $3 }' "$out/jobs" | tr '\n' ' ')" 'Incomplete Complete '
check 'collect exits 0' exits 0 back.collect "${collect[@]}" --fleet "$out/back"
check 'and has one report' is_equal "$(find "$out/back/reports" -name '*.json' | wc -l)" 1
check 'and so has the history' is_equal "$(rows_of "$db")" 10
cp "$out/jobs.fleet" "$out/jobs"

# --- the verdict --------------------------------------------------------------------------------------

gate=("$nsbench" fleet gate)
check 'gate exits 1' exits 1 gate "${gate[@]}" --fleet "$fleet"
cat "$out/gate.txt"
check 'the base is named' says gate 'debian-6\.12.*base'
check 'the good kernel passes' says gate '^PASS +debian-6\.1 '
check 'the broken kernel fails' says gate '^FAIL +broken-6\.1 '
check 'for what is broken' says gate 'uts/no_privilege'
check 'the kernel that panics fails' says gate '^FAIL +panics '
check 'for its panic' says gate 'Kernel panic'

# Of good kernels alone: the same jobs, whose reports are taken out of files.
cat > "$out/good.json" << JSON
{"schema": 1, "kernels": [
  {"name": "debian-6.12", "image": "$kernels/debian-6.12/vmlinuz"},
  {"name": "debian-6.1", "image": "$kernels/debian-6.1/vmlinuz"}]}
JSON
good=$out/good
mkdir "$out/reports"
find "$fleet/reports" -name '*.json' -exec cp {} "$out/reports" \;
# The URLs in a job are its directory's: the same path, so that the jobs are the same.
mv "$fleet" "$out/fleet.all"
"$nsbench" fleet jobs --kernels "$out/good.json" --device-type qemu --base debian-6.12 --boots 3 --minutes 30 \
  --out "$fleet" -- "${words[@]}" > "$out/good.txt"
mv "$fleet" "$good"
mv "$out/fleet.all" "$fleet"
check 'collect out of files exits 0' exits 0 good.collect "${collect[@]}" --fleet "$good" --reports "$out/reports"
check 'and adds nothing to the history' is_equal "$(rows_of "$db")" 10
check 'the gate of good kernels exits 0' exits 0 good.gate "${gate[@]}" --fleet "$good"
cat "$out/good.gate.txt"

# Each report that is taken away is missed.
mapfile -t reports < <(find "$good/reports" -name '*.json' | sort)
check 'there are six' is_equal ${#reports[@]} 6
for report in "${reports[@]}"; do
  mv "$report" "$out/taken"
  check 'without one report gate exits 3' exits 3 missing.gate "${gate[@]}" --fleet "$good"
  check 'and says so' says missing.gate 'missing'
  check 'and collect exits 3' exits 3 missing.collect \
    "$nsbench" fleet collect --fleet "$good" --reports "$out/check"
  mv "$out/taken" "$report"
done
# One that was taken away comes back from the server, the same.
taken=$(find "$fleet/reports" -name '*.json' | sort | head -n 1)
mv "$taken" "$out/taken"
check 'what is removed is fetched again' exits 0 collect.back "${collect[@]}" --fleet "$fleet"
check 'the same' cmp "$out/taken" "$taken"
check 'and is not counted twice' is_equal "$(rows_of "$db")" 10
# A report that is another job's does not count for this.
cp "${reports[0]}" "$out/taken"
cp "${reports[5]}" "${reports[0]}"
status=0
"${gate[@]}" --fleet "$good" > "$out/swapped.txt" 2>&1 || status=$?
check "a report in another's place is not passed (exit $status)" test "$status" -ne 0
cp "$out/taken" "${reports[0]}"
check 'the gate of good kernels exits 0 as before' exits 0 good.again "${gate[@]}" --fleet "$good"

# --- times -----------------------------------------------------------------------------------------------

echo
echo '  job  kernel       boot  device   waited  ran  ended'
start=$(awk 'NR == 1 || $5 < first { first = $5 } END { print first }' "$out/jobs")
while read -r number _ health device submitted started ended _ kernel _ boot _; do
  printf '%5s  %-12s %4s  %-7s %6s s %4s s  %s\n' "$number" "$kernel" "$boot" "$device" \
    $((started - submitted)) $((ended - started)) "$health, $((ended - start)) s"
done < "$out/jobs"
echo
if ((failed)); then
  echo "$failed checks failed: see $out"
  exit 1
fi
echo 'all checks passed'
