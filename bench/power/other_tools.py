#!/usr/bin/env python3
"""Holds other tools against nsbench on the comparisons that bench/power has collected.

  other_tools.py FILE [--power PROGRAM] [--cases REGEX] [--load none|on|both] [--all]

Prints a Markdown table: for each way of taking the data and each tool, how often it called identical
kernels different, and how often it found each planted slowdown. What a tool says in its stock
setting counts: for Google Benchmark's compare.py and for benchstat a U test with p < 0.05.

The data:
  lock step       A B B A, 100 batches of 0.1 s each (the ones that nsbench decides by)
  back to back    all of A, then all of B (collected with --order sequential)
  saved runs      A of one comparison and B of the next of the same benchmark, some minutes later
Each is given to the tools as they are used to, as the means of 10 repetitions of a second (of the
calls' time, and of CPU time), and then as what nsbench decides by, the lower quartiles of 100 batches;
--all adds the means of the batches.

Google Benchmark's compare.py is run itself (Debian: libbenchmark-tools). benchstat is not packaged in
Debian: its documented method is computed here (golang.org/x/perf/benchmath, AssumeNothing: two-sided
Mann-Whitney U test, exact without ties, alpha 0.05). Needs scipy; without it the exit status is 77.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

try:
    import scipy.stats
except ImportError:  # the first python3 may not be Debian's
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("skipped: scipy is not installed (Debian: python3-scipy)")
    sys.exit(77)

COMPARE = pathlib.Path(os.environ.get("COMPARE_PY", "/usr/share/benchmark/compare.py"))
ALPHA = 0.05
REPETITIONS = 10


def clopper_pearson(hits, trials):
    low = scipy.stats.beta.ppf(0.025, hits, trials - hits + 1) if hits else 0.0
    high = scipy.stats.beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0
    return low, high


def read_trials(path):
    """As bench/power reads them: damaged lines are left out."""
    trials = []
    for line in pathlib.Path(path).read_text("utf-8", "replace").splitlines():
        try:
            trial = json.loads(line)
        except ValueError:
            continue
        if isinstance(trial, dict) and "base" in trial and "new" in trial:
            trials.append(trial)
    return trials


def saved_runs(trials):
    """The base of each comparison with the other side of the next one of the same benchmark."""
    last = {}
    pairs = []
    for trial in trials:
        key = trial["case"], trial["load"]
        if key in last:
            pairs.append({**trial, "base": last[key]})
        last[key] = trial["base"]
    return pairs


def lower_quartiles(side):
    return side["p25"]


def means(side):
    return side["mean"]


def tenths(side, column):
    """Means over tenths of a side: what a repetition of a second would have reported."""
    count = len(side.get(column, []))
    values = []
    for i in range(REPETITIONS):
        part = range(i * count // REPETITIONS, (i + 1) * count // REPETITIONS)
        calls = sum(side["calls"][j] for j in part)
        if calls:
            values.append(sum(side[column][j] * side["calls"][j] for j in part) / calls)
    return values


def repetitions(side):
    return tenths(side, "mean")


def cpu_repetitions(side):
    """CPU time, which includes what undoes each call, as a benchmark's loop would."""
    return tenths(side, "cpu")


def google_json(trials, side, values_of):
    entries = []
    for number, trial in enumerate(trials):
        name = f"{number:05d}"
        values = values_of(trial[side])
        for i, value in enumerate(values):
            entries.append({"name": name, "run_name": name, "run_type": "iteration",
                            "repetitions": len(values), "repetition_index": i, "threads": 1,
                            "iterations": 1, "real_time": value, "cpu_time": value,
                            "time_unit": "ns"})
    return {"context": {}, "benchmarks": entries}


def direction(base, new):
    return 1 if statistics.median(new) > statistics.median(base) else -1


def compare_py(trials, values_of):
    """Google Benchmark's own answer: 1 slower, -1 faster, 0 no difference."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for side in ("base", "new"):
            files.append(os.path.join(folder, side + ".json"))
            pathlib.Path(files[-1]).write_text(json.dumps(google_json(trials, side, values_of)),
                                               "utf-8")
        out = os.path.join(folder, "out.json")
        subprocess.run([sys.executable, str(COMPARE), "--no-color", "-d", out, "benchmarks", *files],
                       check=True, stdout=subprocess.DEVNULL)
        p_values = {entry["name"]: entry["utest"]["time_pvalue"]
                    for entry in json.loads(pathlib.Path(out).read_text("utf-8"))
                    if entry.get("utest")}
    answers = []
    for number, trial in enumerate(trials):
        significant = p_values.get(f"{number:05d}", 1.0) < ALPHA
        answers.append(direction(values_of(trial["base"]), values_of(trial["new"]))
                       if significant else 0)
    return answers


def benchstat(trials, values_of):
    answers = []
    for trial in trials:
        base, new = values_of(trial["base"]), values_of(trial["new"])
        tied = len(set(base + new)) < len(base) + len(new)
        exact = not tied and max(len(base), len(new)) <= 50
        p = scipy.stats.mannwhitneyu(base, new, alternative="two-sided",
                                     method="exact" if exact else "asymptotic").pvalue
        answers.append(direction(base, new) if p < ALPHA else 0)
    return answers


def row(name, trials, answers, sizes):
    """One line of the table: false alarms either way, and slowdowns found."""
    counts = collections.defaultdict(lambda: [0, 0])
    for trial, answer in zip(trials, answers):
        size = trial["size"] if trial["planted"] == "spin" else 0
        counts[size][1] += 1
        counts[size][0] += answer > 0 or (size == 0 and answer != 0)
    cells = [name]
    for size in [0, *sizes]:
        hits, of = counts[size]
        if of == 0:
            cells.append("-")
            continue
        low, high = clopper_pearson(hits, of)
        cells.append(f"{100 * hits / of:.0f} % ({hits}/{of}, {100 * low:.0f}-{100 * high:.0f})")
    return cells


def table(rows):
    widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
             for line in rows]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def own_answers(power, path):
    text = subprocess.run([power, "--analyse", "--json", path], check=True, capture_output=True,
                          text=True).stdout
    signs = {"slower": 1, "faster": -1}
    return [signs.get(entry["finding"], 0) for entry in json.loads(text)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--power", help="bench/power of a build: adds nsbench's own line")
    parser.add_argument("--cases", default=".", help="only cases whose id matches")
    parser.add_argument("--load", choices=["none", "on", "both"], default="both")
    parser.add_argument("--all", action="store_true", help="all ways of giving tools the data")
    options = parser.parse_args()

    everything = read_trials(options.file)
    own = own_answers(options.power, options.file) if options.power else [0] * len(everything)
    if len(own) != len(everything):
        sys.exit("bench/power reads another number of comparisons from the file")
    kept = [(trial, answer) for trial, answer in zip(everything, own)
            if not trial["error"] and trial["planted"] != "seccomp"
            and re.search(options.cases, trial["case"])
            and (options.load == "both" or trial["load"] == (options.load == "on"))]
    lockstep = [pair for pair in kept if pair[0]["order"] == "lockstep"]
    data = {
        "lock step": [trial for trial, _ in lockstep],
        "back to back": [trial for trial, _ in kept if trial["order"] == "sequential"],
        "saved runs": saved_runs([trial for trial, _ in lockstep]),
    }
    sizes = sorted({trial["size"] for trial, _ in kept if trial["planted"] == "spin"})
    rows = [["method", "A against A: called different",
             *(f"+{100 * size:g} % found" for size in sizes)]]
    if options.power:
        for order, how in (("lockstep", "lock step"), ("sequential", "back to back")):
            own_rows = [pair for pair in kept if pair[0]["order"] == order]
            if own_rows:
                rows.append(row(f"{how}, nsbench compare", [trial for trial, _ in own_rows],
                                [answer for _, answer in own_rows], sizes))
    tools = {"benchstat's method": benchstat}
    if COMPARE.exists():
        tools = {"compare.py": compare_py, **tools}
    shapes = {"10 means": repetitions, "10 means of CPU time": cpu_repetitions,
              "100 p25": lower_quartiles}
    if options.all:
        shapes["100 means"] = means
    for how, trials in data.items():
        for shape, values_of in shapes.items():
            usable = [trial for trial in trials
                      if values_of(trial["base"]) and values_of(trial["new"])]
            for tool, answer in tools.items():
                if usable:
                    rows.append(row(f"{how}, {tool}, {shape}", usable, answer(usable, values_of),
                                    sizes))
    print(table(rows))


if __name__ == "__main__":
    main()
