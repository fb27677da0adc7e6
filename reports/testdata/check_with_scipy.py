#!/usr/bin/env python3
"""Recomputes what write_inference wrote with SciPy: check_with_scipy.py INFERENCE.json

Exits 0 if all agree, 1 if something does not, and 77 (skipped) if SciPy is not installed (Debian:
python3-scipy).
"""

import json
import math
import os
import shutil
import sys

try:
    import numpy
    from scipy import stats
except ImportError:
    # The first python3 in PATH may not be Debian's, which has SciPy.
    debians = "/usr/bin/python3"
    if shutil.which(debians) and os.path.realpath(sys.executable) != os.path.realpath(debians):
        os.execv(debians, [debians, *sys.argv])
    print("skipped: SciPy is not installed")
    sys.exit(77)

wrong = []
compared = 0


def agree(what, ours, theirs, tolerance=1e-8):
    global compared
    compared += 1
    if ours is None or theirs is None:
        same = ours is None and theirs is None
    else:
        same = math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=1e-12)
    if not same:
        wrong.append(f"{what}: ours {ours}, SciPy's {theirs}")


def agree_interval(what, ours, theirs):
    if ours is None or theirs is None:
        agree(what, ours, theirs)
        return
    for end, our, their in zip(("low", "high"), ours, theirs):
        agree(f"{what} {end}", our, their, 1e-6)  # SciPy's t quantile is good to 1e-8


def sign_p(values):
    positive = sum(value > 0 for value in values)
    n = positive + sum(value < 0 for value in values)
    return stats.binomtest(positive, n).pvalue if n else 1.0


def median_interval(values, alpha):
    """Between the order statistics whose ranks leave at most alpha / 2 in each tail."""
    n = len(values)
    ranks = [k for k in range((n + 1) // 2) if 2 * stats.binom.cdf(k, n, 0.5) <= alpha]
    if not ranks:
        return None
    ordered = sorted(values)
    return ordered[ranks[-1]], ordered[n - 1 - ranks[-1]]


def check_mean_test(what, ours, result, df, difference, alpha):
    if df is None or not df > 0:  # no variance at all: SciPy divides by zero
        agree(what, ours["p"], 1.0 if difference == 0 else 0.0)
        return
    error = difference / result.statistic if result.statistic else ours["error"]
    half = stats.t.ppf(1 - alpha / 2, df) * abs(error)
    agree(f"{what} p", ours["p"], result.pvalue, 1e-7)
    agree(f"{what} difference", ours["difference"], difference)
    agree(f"{what} error", ours["error"], abs(error))
    agree(f"{what} df", ours["df"], df)
    agree_interval(f"{what} interval", ours["interval"], (difference - half, difference + half))


def welch_df(a, b):
    va, vb = numpy.var(a, ddof=1) / len(a), numpy.var(b, ddof=1) / len(b)
    if va + vb == 0:
        return None
    return (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))


def check_tests(tests):
    for i, case in enumerate(tests):
        a, b, alpha = case["a"], case["b"], case["alpha"]
        agree(f"sign test {i}", case["sign"], sign_p(a))
        agree_interval(f"median interval {i}", case["median_interval"], median_interval(a, alpha))
        if case["welch"] is None:
            agree(f"welch {i}", None, None if min(len(a), len(b)) < 2 else 0)
        else:
            check_mean_test(f"welch {i}", case["welch"], stats.ttest_ind(b, a, equal_var=False),
                            welch_df(a, b), numpy.mean(b) - numpy.mean(a), alpha)
        if case["student"] is None:
            agree(f"student {i}", None, None if len(b) < 2 else 0)
        else:
            df = len(b) - 1 if numpy.var(b) > 0 else None
            check_mean_test(f"student {i}", case["student"], stats.ttest_1samp(b, 0), df,
                            numpy.mean(b), alpha)


def check_corrections(corrections):
    for i, case in enumerate(corrections):
        p = numpy.array(case["p"])
        order = numpy.argsort(p)
        stepped = numpy.maximum.accumulate(p[order] * (len(p) - numpy.arange(len(p))))
        expected = numpy.empty(len(p))
        expected[order] = numpy.minimum(1, stepped)
        for ours, theirs in zip(case["holm"], expected):
            agree(f"holm {i}", ours, theirs)


def check_distributions(distributions):
    for i, d in enumerate(distributions):
        agree(f"binomial {i}", d["at_least"], stats.binom.sf(d["k"] - 1, d["n"], d["q"]))
        agree(f"t quantile {i}", d["student_quantile"], stats.t.ppf(d["q"], d["df"]))
        agree(f"noncentral t {i}", d["noncentral_t_above"],
              stats.nct.sf(d["x"], d["df"], d["nc"]), 1e-6)
        agree(f"normal {i}", d["normal_below"], stats.norm.cdf(d["x"]))


def check_proportions(proportions):
    for i, case in enumerate(proportions):
        found = stats.binomtest(case["hits"], case["trials"]).proportion_ci(1 - case["alpha"], "exact")
        agree_interval(f"proportion {i}", case["interval"], (found.low, found.high))


def check_means(means):
    for i, case in enumerate(means):
        agree(f"geometric mean {i}", case["geometric"], stats.gmean(case["values"]))
        agree(f"median {i}", case["median"], numpy.median(case["values"]))


def main(path):
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    with numpy.errstate(all="ignore"):
        check_tests(cases["tests"])
        check_corrections(cases["corrections"])
        check_distributions(cases["distributions"])
        check_proportions(cases["proportions"])
        check_means(cases["means"])
    for line in wrong[:20]:
        print(line)
    print(f"{compared} numbers compared, {len(wrong)} differ")
    return 1 if wrong or compared == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
