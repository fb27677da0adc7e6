#!/usr/bin/env python3
"""Recomputes what write_change_points wrote with NumPy: check_change_points.py CHANGE_POINTS.json

The energy statistic is taken straight from its definition here, over the matrix of all distances, and
steps are tested with other permutations. Exits 0 if all agree, 1 if something does not, and 77
(skipped) if NumPy is not installed (Debian: python3-numpy, which python3-scipy brings).
"""

import json
import math
import os
import shutil
import sys

try:
    import numpy
except ImportError:
    # The first python3 in PATH may not be Debian's, which has NumPy.
    debians = "/usr/bin/python3"
    if shutil.which(debians) and os.path.realpath(sys.executable) != os.path.realpath(debians):
        os.execv(debians, [debians, *sys.argv])
    print("skipped: NumPy is not installed")
    sys.exit(77)

MIN_SEGMENT = 3
wrong = []
compared = 0


def expect(what, holds):
    global compared
    compared += 1
    if not holds:
        wrong.append(what)


def statistics(distances):
    """mn/(m+n) * (2 E|X-Y| - E|X-X'| - E|Y-Y'|) of every split: Matteson and James, 5 and 6."""
    count = len(distances)
    at = numpy.arange(MIN_SEGMENT, count - MIN_SEGMENT + 1)
    corner = numpy.zeros((count + 1, count + 1))  # the sum of all above and to the left
    corner[1:, 1:] = distances.cumsum(axis=0).cumsum(axis=1)
    left = corner[at, at]
    across = corner[at, count] - left
    right = corner[count, count] - left - 2 * across
    m, n = at, count - at
    energy = 2 * across / (m * n) - left / (m * (m - 1)) - right / (n * (n - 1))
    return at, m * n / (m + n) * energy


def best(values, order=None):
    """The largest statistic, and every place that has it but for rounding."""
    if len(values) < 2 * MIN_SEGMENT:
        return 0.0, set()
    values = values if order is None else values[order]
    places, all_q = statistics(numpy.abs(numpy.subtract.outer(values, values)))
    largest = all_q.max()
    return largest, {at for at, q in zip(places, all_q) if math.isclose(q, largest, rel_tol=1e-9)}


def permutation_p(values, permutations, random):
    seen, _ = best(values)
    hits = sum(
        best(values, random.permutation(len(values)))[0] >= seen * (1 - 1e-9)
        for _ in range(permutations)
    )
    return (1 + hits) / (1 + permutations)


def check_split(name, case):
    values = numpy.array(case["values"])
    q, places = best(values)
    ours = case["split"]
    if q <= 0 or len(set(case["values"])) == 1:
        expect(f"{name}: split at {ours['at']}, and there is none", ours["at"] == 0)
        return
    expect(f"{name}: Q {ours['q']}, here {q}", math.isclose(ours["q"], q, rel_tol=1e-8))
    expect(f"{name}: split at {ours['at']}, here {places}", ours["at"] in places)


def check_steps(name, case, random):
    """Every step is the best place between its neighbours, and significant; and nothing is left."""
    logs = numpy.log(case["values"])
    ends = [0, *(step["at"] for step in case["steps"]), len(logs)]
    for i, step in enumerate(case["steps"]):
        around = logs[ends[i]:ends[i + 2]]
        _, places = best(around)
        expect(f"{name}: a step at {step['at']}, the best place is {places}",
               step["at"] - ends[i] in places)
        if len(around) <= 60:
            p = permutation_p(around, 400, random)
            expect(f"{name}: the step at {step['at']} has p {p} here, {step['p']} there", p < 0.02)
        before, after = case["values"][ends[i]:step["at"]], case["values"][step["at"]:ends[i + 2]]
        # Exact but for outliers, of which uniform noise has none, and for the median of logs.
        for what, part in (("before", before), ("after", after)):
            expect(f"{name}: {what} {step[what]}, here {numpy.median(part)}",
                   math.isclose(step[what], numpy.median(part), rel_tol=1e-3))
    for begin, end in zip(ends, ends[1:]):
        if 2 * MIN_SEGMENT <= end - begin <= 60:
            p = permutation_p(logs[begin:end], 400, random)
            # Ours would have found it under 0.005; 1 of 401 is what nothing as large gives.
            expect(f"{name}: nothing found in [{begin}, {end}), and p is {p}", p > 1.5 / 401)


def main(path):
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    random = numpy.random.default_rng(1)
    for number, case in enumerate(cases):
        name = f"series {number} of {len(case['values'])}, a step every {case['every']}"
        check_split(name, case)
        check_steps(name, case, random)
    found = sum(len(case["steps"]) for case in cases)
    expect("no step was found at all", found > 0)
    for line in wrong[:20]:
        print(line)
    print(f"{compared} comparisons, {found} steps, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
