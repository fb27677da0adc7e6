#!/usr/bin/env python3
"""Opens two nsbench reports with Google Benchmark's compare.py: open_with_compare.py A.json B.json

Exits 0 if compare.py compares every series that both reports timed, 1 if not, and 77 (skipped) if
compare.py or what it needs is not installed (Debian: libbenchmark-tools and python3-scipy).
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

COMPARE = pathlib.Path(os.environ.get("COMPARE_PY", "/usr/share/benchmark/compare.py"))


def python_with_scipy():
    """The first python3 that can run compare.py: the one in PATH may not be Debian's."""
    for python in (sys.executable, shutil.which("python3"), "/usr/bin/python3"):
        if python and subprocess.run([python, "-c", "import scipy.stats"], check=False,
                                     stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


def timed(path):
    report = json.loads(pathlib.Path(path).read_text("utf-8"))
    return {entry["name"] for entry in report["benchmarks"]}


def main(before, after):
    python = python_with_scipy()
    if not COMPARE.exists() or python is None:
        print("skipped: compare.py (libbenchmark-tools) or python3-scipy is not installed")
        return 77
    command = [python, str(COMPARE), "--no-color", "benchmarks", before, after]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    print(run.stdout, run.stderr, sep="")
    if run.returncode != 0:
        print(f"compare.py exited with {run.returncode}")
        return 1
    compared = {line.split()[0] for line in run.stdout.splitlines() if line.strip()}
    missing = (timed(before) & timed(after)) - compared
    for name in sorted(missing):
        print(f"compare.py left out {name}")
    return 1 if missing else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
