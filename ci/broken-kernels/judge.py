#!/usr/bin/env python3
"""Compares nsbench's reports from broken kernels with what each of them has to fail.

An expectation file holds one regular expression per line, for whole probe names (family/name):
    pid/no_signal_out       some probe of that name must fail
    ? pid/.*                such probes may fail, or be broken
    # a comment
No other probe may fail or be broken. The kernel "unbroken" has no file: nothing may fail.
"""
import argparse
import json
import pathlib
import re
import sys


def probes_by_verdict(report):
    found = {}
    for case in report["cases"]:
        if case["control"]:
            continue
        found.setdefault(case["verdict"], set()).add(f'{case["family"]}/{case["probe"]}')
    return found


def read_expectations(path):
    must, may = [], []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.split("#")[0].strip()
            if line.startswith("?"):
                may.append(line[1:].strip())
            elif line:
                must.append(line)
    return must, may


def judge(found, must, may):
    """The complaints about one kernel; an empty list if it fails just the right probes."""
    failing = found.get("fail", set())
    complaints = [f"not caught by {e}" for e in must
                  if not any(re.fullmatch(e, p) for p in failing)]
    expected = must + may
    for verdict, complaint in (("fail", "also fails"), ("broken", "broken:")):
        unexpected = [p for p in sorted(found.get(verdict, set()))
                      if not any(re.fullmatch(e, p) for e in expected)]
        if unexpected:
            complaints.append(f"{complaint} {' '.join(unexpected)}")
    return complaints


def judge_kernel(name, results, expectations):
    """(what fails, complaints)"""
    path = results / f"{name}.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return set(), [f"no report ({error}); see {path.with_suffix('.console')}"]
    found = probes_by_verdict(report)
    must, may = read_expectations(expectations / f"{name}.expect")
    if name != "unbroken" and not must:
        return found.get("fail", set()), [f"no {name}.expect"]
    return found.get("fail", set()), judge(found, must, may)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--expectations", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    right = 0
    width = max(map(len, options.names))
    for name in options.names:
        failing, complaints = judge_kernel(name, options.results, options.expectations)
        right += not complaints
        verdict = "just the right cases" if not complaints else "; ".join(complaints)
        print(f'{name:<{width}}  fails {" ".join(sorted(failing)) or "nothing"}')
        print(f'{"":<{width}}  {verdict}')
    print(f"{right} of {len(options.names)} kernels: just the right cases")
    return 0 if right == len(options.names) else 1


if __name__ == "__main__":
    sys.exit(main())
