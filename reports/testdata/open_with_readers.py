#!/usr/bin/env python3
"""Reads nsbench's formats with the programs they are made for, and holds what those understood
against the JSON report of the same run:

  open_with_readers.py kunit KUNIT_DIRECTORY REPORT.json FILE.ktap
  open_with_readers.py prove REPORT.json FILE.tap
  open_with_readers.py junitparser REPORT.json FILE.xml
  open_with_readers.py jenkins FILE.xml

Exits 0 if all is understood as it was meant, 1 if not, and 77 (skipped) if the reader is missing.
`jenkins` needs none: it checks the rules of its xunit plugin that reports of others break.
"""

import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SKIPPED = 77


def results_of(path):
    """By id: PASS, FAIL, SKIP or BROKEN, as the report has it; controls have no result."""
    report = json.loads(pathlib.Path(path).read_text("utf-8"))
    results = {}
    for case in report["cases"]:
        if not case["control"]:
            results[case["id"]] = case["verdict"].upper()
    for series in report["series"]:
        skipped = series["skip"] is not None
        failed = series["failures"] > 0 or series["calls"] == 0
        results[series["id"]] = "SKIP" if skipped else "BROKEN" if failed else "PASS"
    kernel = report["kernel"]
    if kernel["splats"] or kernel["engine"] != "bare":
        results["kernel/is_well"] = "FAIL" if kernel["splats"] else "PASS"
    return results


def differ(wanted, seen, what):
    wrong = [f"{name}: {wanted.get(name)} in the report, {seen.get(name)} by {what}"
             for name in sorted(wanted.keys() | seen.keys()) if wanted.get(name) != seen.get(name)]
    print("\n".join(wrong[:20]) or f"{what} understood {len(seen)} results as they are")
    return 1 if wrong else 0


def without_broken(results):
    """Readers that know no third word take what could not be told for failed."""
    return {name: "FAIL" if result == "BROKEN" else result for name, result in results.items()}


def kunit(directory, report, ktap):
    program = pathlib.Path(directory) / "tools/testing/kunit/kunit.py"
    if not program.exists():
        print("skipped: kunit.py is missing; ci/fetch-kunit.sh fetches it")
        return SKIPPED
    ktap = pathlib.Path(ktap).resolve()
    run = subprocess.run([sys.executable, str(program), "parse", "--json", str(ktap)], check=False,
                         capture_output=True, text=True)
    begin = run.stdout.find("\n{")
    if begin < 0:
        print(run.stdout, run.stderr, "kunit.py printed no JSON", sep="\n")
        return 1
    parsed, _ = json.JSONDecoder().raw_decode(run.stdout[begin + 1:])
    seen = {case["name"]: case["status"] for case in parsed["test_cases"]}
    if "missing" in run.stdout or "[CRASHED]" in run.stdout or "[ERROR]" in run.stdout:
        print(run.stdout)
        return 1
    return differ(without_broken(results_of(report)), seen, "kunit.py")


def prove(report, tap):
    try:
        run = subprocess.run(["prove", "-e", "cat", tap], check=False, capture_output=True,
                             text=True)
    except FileNotFoundError:
        print("skipped: prove is not installed")
        return SKIPPED
    counts = list(without_broken(results_of(report)).values())
    wanted = {"Tests": len(counts), "Failed": counts.count("FAIL"), "Skipped": counts.count("SKIP")}
    seen = {"Tests": int(re.search(r"Tests=(\d+)", run.stdout)[1]), "Failed": 0, "Skipped": 0}
    failed = re.search(r"Failed: (\d+)\)", run.stdout)
    skipped = re.search(r"(\d+) skipped", run.stdout)
    if failed:
        seen["Failed"] = int(failed[1])
    if skipped:
        seen["Skipped"] = int(skipped[1])
    elif wanted["Skipped"]:
        # All hold: prove counts what was skipped only beside a failure.
        verbose = subprocess.run(["prove", "-v", "-e", "cat", tap], check=False,
                                 capture_output=True, text=True)
        seen["Skipped"] = len(re.findall(r"(?m)^ok \d+ .*# SKIP ", verbose.stdout))
    if "Parse errors" in run.stdout or (run.returncode == 0) != (wanted["Failed"] == 0):
        print(run.stdout)
        return 1
    return differ(wanted, seen, "prove")


def junitparser(report, xml):
    try:
        import junitparser as reader
    except ImportError:
        try:  # Debian's package belongs to Debian's python3
            return subprocess.run(["/usr/bin/python3", "-c", "import junitparser"], check=False,
                                  stderr=subprocess.DEVNULL).returncode and SKIPPED or \
                subprocess.run(["/usr/bin/python3", __file__, "junitparser", report, xml],
                               check=False).returncode
        except FileNotFoundError:
            print("skipped: python3-junitparser is not installed")
            return SKIPPED
    words = {reader.Failure: "FAIL", reader.Error: "BROKEN", reader.Skipped: "SKIP"}
    seen = {}
    for suite in reader.JUnitXml.fromfile(xml):
        before = len(seen)
        for case in suite:
            found = [words[type(result)] for result in case.result if type(result) in words]
            family = case.classname.removeprefix("nsbench.")
            seen[f"{family}/{case.name}"] = found[0] if found else "PASS"
        if suite.tests != len(seen) - before:
            print(f"{suite.name} says {suite.tests} tests and has {len(seen) - before}")
            return 1
    return differ(results_of(report), seen, "junitparser")


ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "skips",
                  "timestamp", "hostname", "id", "package"},
    "testcase": {"name", "time", "classname", "group", "assertions", "status", "class", "file",
                 "line"},
    "failure": {"type", "message"}, "error": {"type", "message"}, "skipped": {"type", "message"},
    "properties": set(), "property": {"name", "value"}, "system-out": set(), "system-err": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
    "properties": {"property"},
}


def jenkins(xml):
    wrong = []

    def check(element):
        for name in element.attrib.keys() - ATTRIBUTES.get(element.tag, set()):
            wrong.append(f"<{element.tag} {name}=...> is refused")
        if "time" in element.attrib and not re.fullmatch(r"\d+(\.\d{1,3})?", element.attrib["time"]):
            wrong.append(f"time=\"{element.attrib['time']}\" has more than three decimals")
        for child in element:
            if child.tag not in CHILDREN.get(element.tag, set()):
                wrong.append(f"<{child.tag}> in <{element.tag}> is refused")
            check(child)

    root = ElementTree.parse(xml).getroot()
    if root.tag != "testsuites":
        wrong.append(f"the root is <{root.tag}>")
    names = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    if len(set(names)) != len(names):
        wrong.append("two test cases have one name: GitLab takes only the first")
    check(root)
    print("\n".join(wrong[:20]) or f"{len(names)} test cases within Jenkins' and GitLab's rules")
    return 1 if wrong else 0


def main(arguments):
    readers = {"kunit": (kunit, 3), "prove": (prove, 2), "junitparser": (junitparser, 2),
               "jenkins": (jenkins, 1)}
    if not arguments or arguments[0] not in readers or \
            readers[arguments[0]][1] != len(arguments) - 1:
        sys.exit(__doc__)
    return readers[arguments[0]][0](*arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
