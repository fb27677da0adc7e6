#!/usr/bin/env bash
# Tries LAVA with nsbench: installs lava-dispatcher from Debian where it is missing, makes jobs of the
# kernels that ci/fetch-kernels.sh leaves, has lava-run boot them in QEMU without KVM, and holds what
# LAVA stored against the report that came back over the console. A kernel that panics must be a job
# that fails. Needs root, Debian 12 and a build of nsbench and nsbench-static; LAVA's own state is in
# namespaces that go with it, and nothing is left but the packages and DIR.
#   ci/lava/try.sh [--build DIR] [--out DIR] [--kernels LIST|DIR] [--no-install] [-- options of nsbench run]
#     --build DIR      where nsbench is (default: build/release)
#     --out DIR        jobs, logs and reports (default: build/lava, made anew)
#     --kernels ...    as of nsbench fleet jobs (default: build/deps/kernels)
#     --no-install     LAVA and QEMU are there, or this fails
#   By default one family of checks and two benchmarks are run: under a minute for each kernel.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/ci/lava
build=$root/build/release out=$root/build/lava kernels=$root/build/deps/kernels install=yes words=()
# Debian's LAVA is for Debian's Python, whatever else is in PATH.
python=/usr/bin/python3
schema=/usr/share/lava-common/lava-schema.py
readonly root here python schema

die() {
  echo "ci/lava/try.sh: $*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --build) build=${2:?--build needs a directory}; shift ;;
    --out) out=${2:?--out needs a directory}; shift ;;
    --kernels) kernels=${2:?--kernels needs a list or a directory}; shift ;;
    --no-install) install=no ;;
    --) shift; words=("$@"); break ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done
((${#words[@]})) || words=(--filter '^(uts/|create/uts:unshare|join/uts:setns:)' --time 0.3)
[[ $(id -u) == 0 ]] || die 'lava-run wants root'

"$root/ci/install-without-services.sh" "$install" lava-dispatcher qemu-system-x86
for program in nsbench nsbench-static; do
  [[ -x $build/$program ]] || die "there is no $build/$program: build it, or name it with --build"
done

[[ $out != / && ! -L $out ]] || die "--out $out: no"
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Whatever ends this script ends the job, and with it all that LAVA has started.
running=
trap 'if [[ -n $running ]]; then kill -KILL "$running"; fi' EXIT
trap 'exit 130' INT TERM HUP

# job NAME FILE: runs it, with LAVA's directories its own and everything killed with it.
job() {
  local name=$1 file=$2 status=0
  # shellcheck disable=SC2016  # the inner shell's
  unshare --mount --pid --fork --kill-child --mount-proc -- sh -euc '
    for directory in /var/lib/lava/dispatcher /tmp; do mount -t tmpfs tmpfs "$directory"; done
    mkdir /var/lib/lava/dispatcher/tmp
    exec "$@"' sh \
    "$python" /usr/bin/lava-run --job-id "$name" --output-dir "$out/$name" \
    --device "$here/device-qemu.yaml" "$file" > "$out/$name.log" 2>&1 < /dev/null &
  running=$!
  wait "$running" || status=$?
  running=
  return "$status"
}

# result_of NAME: as LAVA stored it for the whole job.
result_of() {
  sed -n 's/^result: //p' "$out/$1/result.yaml"
}

"$python" "$schema" device "$here/device-qemu.yaml"
"$build/nsbench" fleet jobs --kernels "$kernels" --device-type qemu --out "$out" --minutes 30 \
  -- "${words[@]}" > "$out/made"
# They are the same when they are made again.
"$build/nsbench" fleet jobs --kernels "$kernels" --device-type qemu --out "$out" --minutes 30 \
  -- "${words[@]}" | cmp - "$out/made"
for template in "$here"/job-*.yaml; do
  "$build/nsbench" fleet jobs --kernels "$kernels" --device-type qemu --out "$out/schema" \
    --template "$template" -- "${words[@]}" > /dev/null
  "$python" "$schema" job "$out"/schema/jobs/*.yaml
  rm -r "$out/schema"
done

failed=0
while read -r id file; do
  name=$(basename "$file" .yaml)
  begin=$SECONDS status=0
  job "$name" "$file" || status=$?
  echo "$name ($id): lava-run exited $status, the job $(result_of "$name"), $((SECONDS - begin)) s"
  ((status == 0)) || { grep '"lvl": "error"' "$out/$name.log" >&2; failed=1; continue; }
  # What nsbench found is the kernel's: 1 is a finding, 3 that not all came back.
  found=0
  "$build/nsbench" report --from-console "$out/$name.log" --json="$out/$name.json" || found=$?
  ((found < 2)) || { echo "  the report did not come back whole: $found" >&2; failed=1; continue; }
  "$build/nsbench" report "$out/$name.json" --format lava --output "$out/$name.signals" || true
  "$python" "$here/check_results.py" "$out/$name.log" "$out/$name.json" "$out/$name.signals" || failed=1
  # A result that is lost, changed or there twice would not go unnoticed.
  for spoil in '0,/"definition": "0_nsbench"/{/"definition": "0_nsbench"/d}' \
    '0,/"definition": "0_nsbench"/{/"definition": "0_nsbench"/s/"result": "pass"/"result": "fail"/}' \
    '0,/"definition": "0_nsbench"/{/"definition": "0_nsbench"/p}'; do
    sed "$spoil" "$out/$name.log" > "$out/spoiled.log"
    if "$python" "$here/check_results.py" "$out/spoiled.log" "$out/$name.json" "$out/$name.signals" \
      > /dev/null; then
      echo "  and so would be a log spoiled by sed '$spoil'" >&2
      failed=1
    fi
  done
  rm "$out/spoiled.log"
done < "$out/made"

# Kernels that panic: at the first process, and when nsbench was already running, which is played by an
# init that says so and dies.
cc -static -x c -o "$out/dies" - << 'END'
#include <stdio.h>
#include <unistd.h>
int main(void) {
  puts("nsbench: booted");
  fflush(stdout);
  sleep(3);
  return 1;
}
END
panics() {
  local name=$1 file begin=$SECONDS status=0
  shift
  "$build/nsbench" fleet jobs --kernels "$kernels" --device-type qemu --out "$out/$name" --minutes 5 \
    "$@" > "$out/$name.made"
  read -r _ file < "$out/$name.made"
  job "$name" "$file" || status=$?
  echo "$name: lava-run exited $status, the job $(result_of "$name"), $((SECONDS - begin)) s:" \
    "$(sed -n 's/^error_msg: //p' "$out/$name/result.yaml" | head -c 100)"
  if ((status == 0)) || [[ $(result_of "$name") != fail ]]; then
    echo '  a kernel that panics is no job that fails' >&2
    failed=1
  fi
}
panics panic-at-boot --append rdinit=/nowhere -- "${words[@]}"
panics panic-later --init "$out/dies"

exit "$failed"
