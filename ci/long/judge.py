#!/usr/bin/env python3
"""Compares what `nsbench gate --json` calls slower with what a planted slowdown has to slow down.

    judge.py GATE.json PLANT.expect

An expectation file holds one regular expression per line, for whole ids of cases:
    create/uts:unshare:root    some case of that id must be slower
    ? container/.*             such cases may be
    measure ^create/pid/       for run.sh: measure only these, by the suite `full`
    # a comment
No other case may be slower. Prints what is, worst first; complains and exits 1 where that is wrong.
"""
import json
import pathlib
import re
import sys


def series_in(document):
    """Every compared benchmark, wherever in the document."""
    if isinstance(document, dict):
        if "id" in document and "change" in document:
            yield document
        for value in document.values():
            yield from series_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from series_in(value)


def read_expectations(path):
    must, may = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("?"):
            may.append(line[1:].strip())
        elif line and not line.startswith("measure "):
            must.append(line)
    return must, may


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        document = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
        must, may = read_expectations(pathlib.Path(sys.argv[2]))
    except (OSError, ValueError) as error:
        sys.exit(f"judge.py: {error}")
    slower = {s["id"]: s.get("ratio") or 0 for s in series_in(document) if s["change"] == "slower"}
    print(" ".join(f"{i} x{r:.3f}" for i, r in sorted(slower.items(), key=lambda s: -s[1])))
    complaints = [f"not found: {e}" for e in must if not any(re.fullmatch(e, i) for i in slower)]
    complaints += [f"also slower: {i}" for i in sorted(slower)
                   if not any(re.fullmatch(e, i) for e in must + may)]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
