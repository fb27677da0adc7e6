#!/usr/bin/env python3
"""Checks KCIDB files by the rules of KernelCI's common report, v5: check_kcidb.py FILE...

The schema here is our own, written from the format's rules for what nsbench writes; beside it, ids
are unique and refer to what is there.
  check_kcidb.py --spoiled FILE   breaks FILE in many ways and wants each to be refused

Exits 0 if all is as it must be, 1 if not, and 77 (skipped) if the Python package jsonschema is not
installed (Debian: python3-jsonschema).
"""

import copy
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: the Python package jsonschema is not installed")
    sys.exit(77)

TEXT = {"type": "string", "pattern": r"^[^\u0000]*$"}
ORIGIN = {"type": "string", "pattern": r"^[a-z0-9_]+$"}
ID = {"type": "string", "pattern": r"^[a-z0-9_]+:.*$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
MISC = {"type": "object"}


def record(required, **properties):
    return {"type": "object", "properties": properties, "required": required,
            "additionalProperties": False}


def many(items):
    return {"type": "array", "items": items}


CHECKOUT = record(["id", "origin"], id=ID, origin=ORIGIN, comment=TEXT, start_time=TIME, misc=MISC)
BUILD = record(["id", "origin", "checkout_id"], id=ID, origin=ORIGIN, checkout_id=ID, comment=TEXT,
               architecture={"type": "string", "pattern": "^[a-z0-9_]*$"}, start_time=TIME,
               duration={"type": "number"}, misc=MISC)
NUMBER = record(["value"], value={"type": "number"}, unit=TEXT,
                prefix={"enum": ["metric", "binary"]})
TEST = record(["id", "origin", "build_id"], id=ID, origin=ORIGIN, build_id=ID, comment=TEXT,
              path={"type": "string", "pattern": r"^([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?$"},
              status={"enum": ["FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP"]}, number=NUMBER,
              log_excerpt=dict(TEXT, maxLength=16384), start_time=TIME,
              duration={"type": "number"}, environment=record([], comment=TEXT, misc=MISC),
              misc=MISC)
SCHEMA = record(["version"],
                version=record(["major"], major={"const": 5},
                               minor={"type": "integer", "minimum": 0, "maximum": 3}),
                checkouts=many(CHECKOUT), builds=many(BUILD), tests=many(TEST))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def nulls(value, place=""):
    if value is None:
        yield f"{place}: null"
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from nulls(inner, f"{place}/{key}")


def references(report):
    known = {}
    for kind, above in (("checkouts", None), ("builds", "checkout_id"), ("tests", "build_id")):
        known[kind] = [entry["id"] for entry in report.get(kind, [])]
        for entry in report.get(kind, []):
            if not entry["id"].startswith(entry["origin"] + ":"):
                yield f"{kind}: {entry['id']} is not of {entry['origin']}"
            if known[kind].count(entry["id"]) > 1 and kind != "tests":
                yield f"{kind}: {entry['id']} stands there twice"
            if above and entry[above] not in known[above.replace("_id", "s")]:
                yield f"{kind}: {entry['id']}: there is no {entry[above]}"
    if len(set(known["tests"])) != len(known["tests"]):
        yield "tests: an id stands there twice"


def numbers(report):
    for test in report.get("tests", []):
        if test.get("status") == "DONE" and "number" not in test:
            yield f"{test['id']}: DONE without a number"
        if re.search(r"[^\x20-\x7e]", test["id"]):
            yield f"{test['id']!r}: not of printable ASCII"


def complaints(report):
    wrong = ["/{}: {}".format("/".join(map(str, error.absolute_path)), error.message[:200])
             for error in VALIDATOR.iter_errors(report)]
    wrong += nulls(report)
    return wrong or [*references(report), *numbers(report)]


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def read(path):
    return json.loads(pathlib.Path(path).read_text("utf-8"), parse_constant=refuse_constant)


def spoil(change):
    """A way to break a report, by what it does to it."""
    def spoiled(report):
        broken = copy.deepcopy(report)
        change(broken)
        return broken
    return spoiled


SPOILERS = {
    "version 6": lambda r: r["version"].update(major=6),
    "version 5.4": lambda r: r["version"].update(minor=4),
    "a property of its own": lambda r: r.update(extra=1),
    "a test's property": lambda r: r["tests"][0].update(extra=1),
    "an environment's property": lambda r: r["tests"][0]["environment"].update(cpus=1),
    "a null": lambda r: r["tests"][0]["misc"].update(errno=None),
    "no origin": lambda r: r["tests"][0].pop("origin"),
    "another origin": lambda r: r["tests"][0].update(origin="other"),
    "an origin with a dash": lambda r: r["checkouts"][0].update(origin="a-b"),
    "an id without origin": lambda r: r["builds"][0].update(id="x"),
    "no build": lambda r: r["builds"].clear(),
    "no checkout": lambda r: r["checkouts"].clear(),
    "an id twice": lambda r: r["tests"].append(r["tests"][0]),
    "a slash in a path": lambda r: r["tests"][0].update(path="nsbench/uts"),
    "an empty word in a path": lambda r: r["tests"][0].update(path="nsbench..uts"),
    "a status of ours": lambda r: r["tests"][0].update(status="BROKEN"),
    "DONE and no number": lambda r: r["tests"][0].update(status="DONE"),
    "a number as text": lambda r: r["tests"][-1].update(number={"value": "1"}),
    "a long excerpt": lambda r: r["tests"][0].update(log_excerpt="x" * 16385),
    "a NUL": lambda r: r["tests"][0].update(log_excerpt="\0"),
    "a date without a zone": lambda r: r["tests"][0].update(start_time="2026-01-01T00:00:00"),
    "a duration as text": lambda r: r["tests"][0].update(duration="1 s"),
    "an architecture with a dash": lambda r: r["builds"][0].update(architecture="x86-64"),
}


def check_spoiled(path):
    report = read(path)
    if complaints(report):
        print(f"{path} is refused as it is")
        return 1
    accepted = [name for name, change in SPOILERS.items() if not complaints(spoil(change)(report))]
    for name in accepted:
        print(f"accepted in spite of {name}")
    print(f"{len(SPOILERS) - len(accepted)} of {len(SPOILERS)} spoiled reports are refused")
    return 1 if accepted else 0


def main(paths):
    if not paths:
        sys.exit(__doc__)
    if paths[0] == "--spoiled":
        return check_spoiled(paths[1])
    failed = False
    for path in paths:
        try:
            wrong = complaints(read(path))
        except (OSError, ValueError) as error:
            wrong = [str(error)]
        failed = failed or bool(wrong)
        print(f"{path}: {'not valid' if wrong else 'valid'}")
        for complaint in wrong[:20]:
            print(f"  {complaint}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
