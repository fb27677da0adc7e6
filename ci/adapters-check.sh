#!/usr/bin/env bash
# Runs what there is for other people's engines as far as that goes without the engines: ci/kernelci, ci/lkp,
# ci/tmt, ci/kubernetes, ci/slurm's task, ci/lava's test definition, ci/templates. Each is run as its engine
# would, with the environment it gives, and what comes out is held against nsbench's own report; each is
# also given something to complain of.
#   ci/adapters-check.sh [--build DIR]
#     --build DIR   where nsbench and nsbench-static are (default: build/release)
# Needs jq, cpio, curl and Debian's python3-yaml and python3-jinja2; lava-common and crun where they are there.
# Exits 0 if all is as it must be, 1 if not, 77 (skipped) if something that it needs is missing.
# shellcheck disable=SC2317 # functions that must and gives call
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/release
while (($#)); do
  case $1 in
    --build) build=${2:?--build needs a directory}; shift ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done
build=$(cd "$build" && pwd)
python=/usr/bin/python3
for program in jq cpio curl "$python" "$build/nsbench" "$build/nsbench-static"; do
  command -v "$program" > /dev/null || { echo "skipped: there is no $program"; exit 77; }
done
"$python" -c 'import jinja2, yaml' || { echo 'skipped: python3-yaml or python3-jinja2 is missing'; exit 77; }
scratch=$(mktemp -d)
server=''
trap '[[ -z $server ]] || kill "$server" 2> /dev/null; rm -rf "$scratch"' EXIT
# One check, by few ways in: what is tested is what becomes of its results.
words=(--checks-only --filter '^uts/hostname:clone')
failed=0 checks=0

section() { echo "== $*"; }
# must WHAT COMMAND...: it succeeds.
must() {
  local what=$1
  shift
  checks=$((checks + 1))
  if ! "$@" > "$scratch/said" 2>&1; then
    echo "  $what: failed" >&2
    sed 's/^/    /' "$scratch/said" >&2
    failed=1
  fi
}
# gives CODE WHAT COMMAND...: it exits with CODE.
gives() {
  local code=$1 what=$2 status=0
  shift 2
  checks=$((checks + 1))
  "$@" > "$scratch/said" 2>&1 || status=$?
  if [[ $status != "$code" ]]; then
    echo "  $what: exit $status, not $code" >&2
    sed 's/^/    /' "$scratch/said" >&2
    failed=1
  fi
}
is() { [[ $1 == "$2" ]] || { echo "'$1' is not '$2'"; return 1; }; }
has() { grep -qE -- "$1" "$2" || { echo "no '$1' in:"; cat "$2"; return 1; }; }
# Real cases of a report with a verdict.
count() { jq "[.cases[] | select((.control | not) and .verdict == \"$2\")] | length" "$1"; }

section 'YAML'
must 'all of it parses' "$python" - << 'END'
import glob, sys, yaml
files = [f for pattern in ("ci/kubernetes/*.yaml", "ci/tmt/*/*.fmf", "ci/lkp/**/*.yaml", "ci/templates/*.yml",
                           "ci/kernelci/**/*.yaml", "ci/lava/nsbench.yaml")
         for f in glob.glob(pattern, recursive=True)]
for file in files:
    with open(file, encoding="utf-8") as text:
        if not isinstance(yaml.safe_load(text), dict):
            sys.exit(f"{file}: no mapping")
assert len(files) >= 10, files
END

section 'KernelCI'
must 'configuration, templates' "$python" ci/kernelci/check.py
"$build/nsbench" run "${words[@]}" --json="$scratch/report.json" > /dev/null
hash=$(printf '%040d' 7)
cat > "$scratch/server.py" << 'END'
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = self.path == "/submit" and self.headers["Authorization"] == "Bearer secret"
        if good:
            with open(sys.argv[1], "w") as out:
                json.dump(body, out)
        self.send_response(200 if good else 401)
        self.end_headers()
        self.wfile.write(b'{"id": "x"}')
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
"$python" "$scratch/server.py" "$scratch/got.json" > "$scratch/port" &
server=$!
until [[ -s $scratch/port ]]; do kill -0 "$server"; sleep 0.1; done
echo secret > "$scratch/token"
echo guess > "$scratch/wrong-token"
submit=(env NSBENCH="$build/nsbench" ci/kernelci/kcidb-submit.sh --origin my_lab --commit "$hash" --tree mainline
  --repository https://git.example/linux.git --url "http://127.0.0.1:$(< "$scratch/port")/submit")
gives 1 'a wrong token' "${submit[@]}" --token-file "$scratch/wrong-token" "$scratch/report.json"
must 'and nothing is taken' test ! -e "$scratch/got.json"
must 'a report is sent' "${submit[@]}" --token-file "$scratch/token" "$scratch/report.json"
must 'with its commit' is "$(jq -r '.checkouts[0].git_commit_hash' "$scratch/got.json")" "$hash"
must 'and all its cases' is "$(jq '[.tests[] | select(.status == "PASS")] | length' "$scratch/got.json")" \
  "$(count "$scratch/report.json" pass)"
gives 2 'half a hash' env NSBENCH="$build/nsbench" ci/kernelci/kcidb-submit.sh --origin my_lab --commit 1234 \
  --tree mainline --repository x "$scratch/report.json"
gives 2 'no report' "${submit[@]}" --token-file "$scratch/token" /dev/null

section 'LAVA: the test definition for boards with a shell'
# As LAVA makes a script of it: parameters, set -e, set -x, steps.
"$python" - ci/lava/nsbench.yaml > "$scratch/run.sh" << 'END'
import sys, yaml
with open(sys.argv[1], encoding="utf-8") as text:
    definition = yaml.safe_load(text)
for name, value in definition["params"].items():
    print(f"{name}='{value}'")
print("\n".join(["[ -z \"$WORDS\" ] || OPTIONS=$WORDS", "NSBENCH=$STATIC", "set -e", "set -x"] + definition["run"]["steps"]))
END
mkdir "$scratch/bin"
# shellcheck disable=SC2016  # the script's
printf '#!/bin/sh\necho "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=$1 RESULT=$3>"\n' > "$scratch/bin/lava-test-case"
chmod 755 "$scratch/bin/lava-test-case"
by_lava() { PATH=$scratch/bin:$PATH WORDS="--checks-only --filter ^uts/hostname:clone" STATIC=$1 sh "$scratch/run.sh"; }
by_lava "$build/nsbench-static" > "$scratch/lava" 2>&1 || failed=1
must 'nsbench ran' has '^<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=nsbench-ran RESULT=pass>' "$scratch/lava"
must 'each result is told' is "$(grep -c '^<LAVA_SIGNAL_TESTCASE .* MEASUREMENT=' "$scratch/lava")" \
  "$(count "$scratch/report.json" pass)"
must 'the report is there' "$build/nsbench" report --from-console "$scratch/lava" --format json
by_lava /bin/false > "$scratch/lava" 2>&1 || true
printf '#!/bin/sh\nexit 2\n' > "$scratch/bin/broken"
chmod 755 "$scratch/bin/broken"
by_lava "$scratch/bin/broken" > "$scratch/lava" 2>&1 || true
must 'one that can not run fails' has '^<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=nsbench-ran RESULT=fail>' "$scratch/lava"

section 'LKP'
mkdir -p "$scratch/lkp/lib" "$scratch/result" "$scratch/benchmarks/nsbench"
# shellcheck disable=SC2016  # LKP's
printf 'log_cmd() { echo "2026-01-01 00:00:00 $*"; echo "$*" >> "$TMP_RESULT_ROOT/reproduce.sh"; "$@"; }\n' \
  > "$scratch/lkp/lib/reproduce-log.sh"
ln -s "$build/nsbench-static" "$scratch/benchmarks/nsbench/nsbench-static"
by_lkp() {
  env -u NSBENCH LKP_SRC="$scratch/lkp" TMP_RESULT_ROOT="$scratch/result" BENCHMARK_ROOT="$scratch/benchmarks" \
    nsbench_suite=quick nsbench_options="$1" ci/lkp/programs/nsbench/run
}
parse=ci/lkp/programs/nsbench/parse
must 'run' by_lkp '--checks-only --filter ^uts/hostname:clone'
cp "$scratch/said" "$scratch/lkp.out"
$parse < "$scratch/lkp.out" > "$scratch/lkp.stats"
must 'each result is told' is "$(grep -c '^uts\.hostname\..*\.pass: 1$' "$scratch/lkp.stats")" \
  "$(count "$scratch/result/nsbench.json" pass)"
must 'and the status' has '^exit_status: 0$' "$scratch/lkp.stats"
must 'nothing but numbers' is "$(grep -cvE '^[A-Za-z0-9_.-]+: [0-9.e+-]+$' "$scratch/lkp.stats")" 0
head -n -1 "$scratch/lkp.out" | $parse > "$scratch/lkp.stats"
must 'half a run has no results' is "$(< "$scratch/lkp.stats")" 'incomplete: 1'
must 'nor has none' is "$($parse < /dev/null)" 'incomplete: 1'
gives 2 'wrong use' by_lkp --no-such-option
must 'is no result either' is "$($parse < "$scratch/said")" 'exit_status: 2'

section 'tmt'
mkdir "$scratch/tmt"
by_tmt() { env TMT_TEST_DATA="$scratch/tmt" NSBENCH="$1" NSBENCH_OPTIONS="$2" ci/tmt/tests/nsbench.sh; }
cat > "$scratch/tmt.py" << 'END'
import json, sys, yaml
with open(f"{sys.argv[1]}/results.yaml", encoding="utf-8") as text:
    results = yaml.safe_load(text)
assert all(set(r) <= {"name", "result", "note", "log", "duration"} for r in results), results
assert all(r["result"] in ("pass", "fail", "info", "error") for r in results), results
assert len({r["name"] for r in results}) == len(results), results
assert results[0]["name"] == "/" and results[0]["result"] == sys.argv[2], results[0]
if sys.argv[2] == "pass":
    with open(f"{sys.argv[1]}/nsbench.json", encoding="utf-8") as text:
        cases = [c for c in json.load(text)["cases"] if not c["control"]]
    words = {"pass": "pass", "fail": "fail", "skip": "info", "broken": "error"}
    wanted = {"/" + c["id"].replace(":", "/"): words[c["verdict"]] for c in cases}
    assert {r["name"]: r["result"] for r in results[1:]} == wanted, (results, wanted)
END
must 'the test' by_tmt "$build/nsbench" '--checks-only --filter ^uts/hostname:clone'
must 'each result is told' "$python" "$scratch/tmt.py" "$scratch/tmt" pass
# A report with failures, skips and broken checks, cut off, and none at all.
cat > "$scratch/bin/replays" << END
#!/bin/sh
for word; do case \$word in tap13:*) sed -n "\$LINES_OF" reports/testdata/sample.tap > "\${word#tap13:}" ;; esac; done
exit \$STATUS
END
chmod 755 "$scratch/bin/replays"
export LINES_OF=p STATUS=1
gives 1 'one that fails' by_tmt "$scratch/bin/replays" ''
must 'fails' "$python" "$scratch/tmt.py" "$scratch/tmt" fail
must 'by its name' has '"/uts/hostname/setns/userns"' "$scratch/tmt/results.yaml"
must 'with what failed' is "$(grep -c 'result: fail' "$scratch/tmt/results.yaml")" 3
must 'with what was broken' is "$(grep -c 'result: error' "$scratch/tmt/results.yaml")" \
  "$(grep -c ' # ERROR' reports/testdata/sample.tap)"
must 'with what was skipped' is "$(grep -c 'result: info' "$scratch/tmt/results.yaml")" \
  "$(grep -c ' # SKIP' reports/testdata/sample.tap)"
export LINES_OF=1,50p STATUS=0
gives 0 'one that is cut off' by_tmt "$scratch/bin/replays" ''
must 'is an error' "$python" "$scratch/tmt.py" "$scratch/tmt" error
unset LINES_OF STATUS
rm -f "$scratch"/tmt/*
gives 2 'one that does not start' by_tmt "$scratch/bin/broken" ''
must 'is an error, too' "$python" "$scratch/tmt.py" "$scratch/tmt" error

section 'Kubernetes'
cat > "$scratch/job.py" << 'END'
import json, re, sys, yaml
with open("ci/kubernetes/job.yaml", encoding="utf-8") as text:
    job = yaml.safe_load(text)
assert job["apiVersion"] == "batch/v1" and job["kind"] == "Job"
pod = job["spec"]["template"]["spec"]
assert pod["restartPolicy"] == "Never"  # podFailurePolicy wants it
(container,) = pod["containers"]
rules = job["spec"]["podFailurePolicy"]["rules"]
assert rules[0]["onExitCodes"] == {"containerName": container["name"], "operator": "In", "values": [1, 2]}
assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
variables = {"JOB": "nsbench", "NODE": "node-1"}
assert {e["name"] for e in container["env"]} == set(variables)
words = [re.sub(r"\$\((\w+)\)", lambda m: variables[m[1]], word)
         for word in container["command"] + container["args"]]
# As an engine of the OCI gets it. The image has one file.
assert container["securityContext"]["privileged"] is True
with open("/proc/self/status", encoding="utf-8") as text:
    have = int(re.search(r"CapBnd:\s*(\w+)", text.read())[1], 16)
with open("/usr/include/linux/capability.h", encoding="utf-8") as text:
    capabilities = [name for name, number in re.findall(r"#define (CAP_[A-Z_]+)\s+(\d+)\n", text.read())
                    if have >> int(number) & 1]
volumes = {"scratch": {"type": "tmpfs", "source": "tmpfs"},
           "reports": {"type": "bind", "source": f"{sys.argv[1]}/reports", "options": ["rbind", "rw"]}}
with open(f"{sys.argv[1]}/config.json", "w") as out:
    json.dump({
        "ociVersion": "1.0.2",
        "root": {"path": "image", "readonly": container["securityContext"]["readOnlyRootFilesystem"]},
        "process": {"args": words + sys.argv[2:], "cwd": "/", "env": ["PATH=/"],
                    "user": {"uid": container["securityContext"]["runAsUser"], "gid": 0},
                    "capabilities": {name: capabilities for name in ("bounding", "effective", "permitted")}},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                   {"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]},
                   {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind"]},
                  ] + [volumes[m["name"]] | {"destination": m["mountPath"]} for m in container["volumeMounts"]],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
    }, out)
END
must 'the manifest' "$python" "$scratch/job.py" "$scratch" '--filter=^uts/hostname:clone'
mkdir -p "$scratch"/image/{proc,dev,sys,tmp,reports} "$scratch/reports"
cp "$build/nsbench-static" "$scratch/image/nsbench"
# Its state is in a mount namespace of its own, and nothing of it is left. crun does not take a hybrid of both
# versions of cgroups, and shall make none.
by_kubernetes() {
  # shellcheck disable=SC2016  # the inner shell's
  unshare --mount -- sh -euc '
    mount -t tmpfs tmpfs /run
    umount -R -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup
    exec crun --root /run/crun --cgroup-manager=disabled run --bundle "$1" nsbench' sh "$scratch"
}
if [[ $(id -u) == 0 ]] && command -v crun > /dev/null; then
  must 'its command' by_kubernetes
  must 'KTAP on standard output' is "$(head -n 1 "$scratch/said")" 'KTAP version 1'
  report=$scratch/reports/nsbench-node-1.json
  first=$(jq -r .nsbench.started "$report" || true)
  sleep 1.1
  must 'once more' by_kubernetes
  must 'one report' is "$(find "$scratch/reports" -type f | wc -l)" 1
  must 'the new one' is "$([[ $(jq -r .nsbench.started "$report" || true) != "$first" ]] && echo new)" new
else
  echo '  not run: that takes root and crun'
fi
rm -rf "$scratch/reports"

section 'Slurm: a task of the array'
# A job as nsbench fleet jobs makes it, and a nsbench boot that does as it is told.
id=01234567-89ab-5cde-8f01-23456789abcd
mkdir -p "$scratch"/fleet/{jobs,kernels/good} "$scratch/root/nsbench/modules"
echo kernel > "$scratch/fleet/kernels/good/kernel"
printf '    nsbench.kernel: "good"\n  image_arg: '"'"'-kernel {kernel} -append "console=ttyS0 panic=5 "'"'"'\n' \
  > "$scratch/fleet/jobs/good.boot-1.yaml"
echo init > "$scratch/root/init"
echo module > "$scratch/root/nsbench/modules/01-veth.ko"
echo /nsbench/modules/01-veth.ko > "$scratch/root/nsbench/modules.list"
printf '%s\0' run --filter '^net/' --format ktap --report lava:- --channel - > "$scratch/root/nsbench/arguments"
pack() { (cd "$scratch/root" && find . | cpio --quiet -o -H newc | gzip) > "$scratch/fleet/kernels/good/initramfs"; }
pack
echo "$id $scratch/fleet/jobs/good.boot-1.yaml" > "$scratch/list"
cat > "$scratch/bin/nsbench" << 'END'
#!/bin/sh
# Plays nsbench boot.
printf '%s\n' "$@" > "$SAW"
while [ $# -gt 0 ]; do
  case $1 in
    --json=*) json=${1#--json=} ;;
    --console) shift; echo 'Kernel panic' > "$1" ;;
    --modules) shift; cat "$1/modules.order" "$1/veth.ko" > "$SAW.modules" ;;
  esac
  shift
done
case $PLAY in
  report) echo '{}' > "$json"; exit 1 ;;
  late) echo $$ > "$SAW.pid"; trap 'echo "{}" > "$json"; exit 3' TERM; touch "$SAW.ready"; for _ in $(seq 300); do sleep 0.1; done ;;
  alone) echo '{"warnings": [{"code": "guest-died", "text": "the machine was interrupted"}]}' > "$json"; exit 3 ;;
  panic) exit 3 ;;
esac
END
chmod 755 "$scratch/bin/nsbench"
task() {
  env NSBENCH="$scratch/bin/nsbench" SAW="$scratch/saw" PLAY="$1" SLURM_ARRAY_TASK_ID="${2:-1}" SLURM_JOB_ID=7 \
    SLURM_RESTART_COUNT="${3:-0}" ci/slurm/nsbench-array.sh "$scratch/list" "$scratch/reports"
}
gives 3 'a kernel that panics' task panic
must 'has its console there' has 'Kernel panic' "$scratch/reports/$id.log"
must 'and no report' test ! -e "$scratch/reports/$id.json"
env NSBENCH="$scratch/bin/nsbench" SAW="$scratch/saw" PLAY=late SLURM_ARRAY_TASK_ID=1 \
  ci/slurm/nsbench-array.sh "$scratch/list" "$scratch/reports" > "$scratch/stopped" 2>&1 &
stopped=$!
until [[ -e $scratch/saw.ready ]]; do kill -0 "$stopped"; sleep 0.1; done
kill -TERM "$stopped"
gives 143 'a task that is stopped' wait "$stopped"
gives 1 'ends nsbench' kill -0 "$(< "$scratch/saw.pid")"
must 'leaves no report' test ! -e "$scratch/reports/$id.json"
gives 143 'nor does one where nsbench alone was' task alone
must 'leave one' test ! -e "$scratch/reports/$id.json"
gives 0 'a task whose kernel fails' task report 1 1
must 'has one' is "$(find "$scratch/reports" -name '*.json')" "$scratch/reports/$id.json"
must 'with the words of the job' is "$(tail -n 3 "$scratch/saw" | tr '\n' ' ')" '-- --filter ^net/ '
must 'its command line' has '^console=ttyS0 panic=5 $' "$scratch/saw"
must 'its modules' is "$(tr '\n' ' ' < "$scratch/saw.modules")" 'veth.ko module '
rm "$scratch/saw"
gives 0 'once there it is not made again' task report 1 2
must 'really' test ! -e "$scratch/saw"
gives 2 'a task too many' task report 2
rm "$scratch/reports/$id.json"
printf '%s\0' run --format ktap > "$scratch/root/nsbench/arguments"
pack
gives 2 'an initramfs of another form' task report
must 'nothing half is left' is "$(find "$scratch/reports/partial" -type f | wc -l)" 0

section 'Templates'
must 'kselftest' env NSBENCH="$build/nsbench-static" ci/templates/run_nsbench.sh --filter '^uts/hostname:clone'
must 'TAP on standard output' is "$(head -n 1 "$scratch/said")" 'TAP version 13'
gives 4 'kselftest without nsbench' env NSBENCH="$scratch/none" ci/templates/run_nsbench.sh

echo "adapters: $checks checks, $((failed)) failed"
exit "$failed"
