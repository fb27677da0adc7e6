#!/usr/bin/env python3
"""Holds what LAVA stored against what nsbench reported: check_results.py LOG REPORT.json SIGNALS

LOG is lava-run's output, or a job's log of a server, with LAVA's own results in it; or it is NAME.json,
what a server stored (ask.py results). REPORT.json is the report that came back over the console (nsbench
report --from-console LOG --json), and SIGNALS what nsbench makes of that for LAVA (nsbench report
REPORT.json --format lava). Every real case and every benchmark of the report must be there once, as it was
found; nothing may be there that is not in it.

Exits 0 if all is equal, 1 if not.
"""

import json
import re
import sys

import yaml

SUITE = "0_nsbench"
WORDS = {"pass": "pass", "fail": "fail", "skip": "skip", "broken": "unknown"}
SIGNAL = re.compile(r"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=(\S+) RESULT=(\S+) "
                    r"MEASUREMENT=(\S+) UNITS=(\S+)>")


def stored(log):
    """What LAVA has: name -> [(result, measurement, units)...]."""
    results = {}
    if log.endswith(".json"):
        with open(log, encoding="utf-8") as text:
            for test in json.load(text)["results"]:
                results.setdefault(test["name"], []).append(
                    (test["result"], float(test["measurement"]), test["unit"]))
        return results
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"lvl": "results"' not in line:
                continue
            entry = yaml.safe_load(line[2:] if line.startswith("- ") else line)["msg"]
            if entry["definition"] != SUITE:
                continue
            results.setdefault(entry["case"], []).append(
                (entry["result"], float(entry["measurement"]), entry["units"]))
    return results


def folded(name):
    return re.sub(r"\W+", "_", name.strip().lower())


def signals(path):
    """What nsbench says that LAVA is to have, by the names that it is to have."""
    with open(path, encoding="utf-8") as text:
        found = SIGNAL.findall(text.read())
    wanted = {folded(name): (result, float(number), unit) for name, result, number, unit in found}
    if len(wanted) != len(found):
        sys.exit(f"{path}: {len(found)} signals have {len(wanted)} names")
    return wanted


def reported(path):
    """The report itself, read without nsbench: name -> result."""
    with open(path, encoding="utf-8") as text:
        report = json.load(text)
    results = {}
    for case in report["cases"]:
        if not case["control"]:
            results[folded(re.sub(r"[/:=]", ".", case["id"]))] = WORDS[case["verdict"]]
    for series in report["series"]:
        results[folded(re.sub(r"[/:=]", ".", series["id"]))] = None  # by its measurement
    return results


def main(log, report, signal_file):
    have, want, cases = stored(log), signals(signal_file), reported(report)
    wrong = []
    for name, results in have.items():
        if len(results) > 1:
            wrong.append(f"{name} is stored {len(results)} times")
        if name not in want:
            wrong.append(f"{name} is stored and was not reported")
        elif results[0] != want[name]:
            wrong.append(f"{name}: stored {results[0]}, reported {want[name]}")
    for name, (result, _, _) in want.items():
        if name not in have:
            wrong.append(f"{name} was reported and is not stored")
        if cases.get(name) not in (None, result):
            wrong.append(f"{name}: {result} for LAVA, {cases[name]} in the report")
    for name in cases:
        if name not in want:
            wrong.append(f"{name} is in the report and is not told to LAVA")
    for line in wrong[:20]:
        print(f"  {line}")
    print(f"LAVA has {sum(map(len, have.values()))} results, the report {len(cases)} cases and "
          f"benchmarks: {len(wrong)} differ")
    return 1 if wrong or not have else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
