#!/bin/sh
# What tmt runs: nsbench, and TMT_TEST_DATA/results.yaml of what it found, in tmt's form of custom results.
#   NSBENCH          the nsbench to run (default: nsbench)
#   NSBENCH_OPTIONS  of nsbench run, in words without blanks of their own
# Its own exit status is nsbench's; tmt goes by the file, which says "error" until all is known.
: "${TMT_TEST_DATA:?is set by tmt}"
results=$TMT_TEST_DATA/results.yaml

printf -- '- name: /\n  result: error\n  note: did not get to its end\n' > "$results" || exit 2
begin=$(date +%s)
# shellcheck disable=SC2086 # options are words
"${NSBENCH:-nsbench}" run $NSBENCH_OPTIONS --json="$TMT_TEST_DATA/nsbench.json" \
	--report "junit:$TMT_TEST_DATA/nsbench.xml" --report "tap13:$TMT_TEST_DATA/nsbench.tap"
status=$?

# Of "ok 7 - uts/hostname:clone:root # SKIP why" a result /uts/hostname/clone/root. A comment may have
# anything in it but lines, and is quoted as YAML's double quotes want it.
awk -v status="$status" -v seconds="$(($(date +%s) - begin))" '
	function quoted(text) {
		gsub(/\\/, "\\\\", text)
		gsub(/"/, "\\\"", text)
		gsub(/[[:cntrl:]]/, "?", text)
		return "\"" text "\""
	}
	/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0 }
	/^(not )?ok [0-9]+ - / {
		++count
		good = $1 == "ok"
		name = $0
		sub(/^(not )?ok [0-9]+ - /, "", name)
		note = ""
		if (at = index(name, " # ")) {
			note = substr(name, at + 3)
			name = substr(name, 1, at - 1)
		}
		gsub(/:/, "/", name)
		result = good ? "pass" : "fail"
		if (note ~ /^SKIP/) result = "info"
		if (note ~ /^ERROR/) result = "error"
		list = list sprintf("- name: %s\n  result: %s\n", quoted("/" name), result)
		if (note != "") list = list sprintf("  note: %s\n", quoted(note))
	}
	END {
		result = status == 0 ? "pass" : status == 1 ? "fail" : "error"
		note = "nsbench run exited " status
		if (!count || count != planned) {
			if (result != "fail") result = "error"
			note = note sprintf("; %d results of %d", count, planned)
		}
		printf "- name: /\n  result: %s\n  note: %s\n", result, quoted(note)
		printf "  duration: \"%02d:%02d:%02d\"\n", seconds / 3600, seconds / 60 % 60, seconds % 60
		print "  log:\n  - ../output.txt\n  - nsbench.xml\n  - nsbench.tap\n  - nsbench.json"
		printf "%s", list
	}' "$TMT_TEST_DATA/nsbench.tap" > "$results.new" && mv "$results.new" "$results"
exit $status
