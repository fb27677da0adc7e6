#!/bin/sh
# Adapt: put nsbench-static beside this file, or name one in NSBENCH; timeout=300 in kselftest's settings.
# A kselftest of namespaces: TAP version 13, exit status 0 (all holds), 1 (it does not) or 4 (skipped).
# Its arguments are run's, as in KSELFTEST_RUN_NSBENCH_SH_ARGS="--filter ^net/".
nsbench=${NSBENCH:-$(dirname "$0")/nsbench-static}
if [ ! -x "$nsbench" ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP no $nsbench"
	exit 4
fi
tap=$(mktemp) || exit 1
trap 'rm -f "$tap"' EXIT
trap 'exit 1' HUP INT TERM

"$nsbench" run --checks-only --format tap13 --report "tap13:$tap" "$@"
status=$?
# 3, could not tell: a skip if there was nothing but skips.
if [ $status -eq 3 ] && ! grep -E '^(not )?ok ' "$tap" | grep -qv '# SKIP'; then
	exit 4
fi
[ $status -eq 0 ] || exit 1
