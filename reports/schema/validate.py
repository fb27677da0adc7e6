#!/usr/bin/env python3
"""Validates what nsbench wrote: validate.py [--comparison | --policy | --namespaces] FILE.json...

Exits 0 if every file is what nsbench-report-1.schema.json says (or nsbench-comparison-1.schema.json
with --comparison, and so on), 1 if one is not, and 77 (skipped) if the Python package jsonschema is not
installed (Debian: python3-jsonschema).
"""

import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: the Python package jsonschema is not installed")
    sys.exit(77)

REPORT = "nsbench-report-1.schema.json"
OTHERS = {
    "--comparison": "nsbench-comparison-1.schema.json",
    "--policy": "nsbench-policy-1.schema.json",
    "--namespaces": "nsbench-namespaces-1.schema.json",
}


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def complaints(validator, path):
    try:
        report = json.loads(pathlib.Path(path).read_text("utf-8"), parse_constant=refuse_constant)
    except (OSError, ValueError) as error:
        return [str(error)]
    return [
        "/{}: {}".format("/".join(map(str, error.absolute_path)), error.message[:300])
        for error in validator.iter_errors(report)
    ]


def main(paths):
    name = REPORT
    if paths and paths[0] in OTHERS:
        name, paths = OTHERS[paths[0]], paths[1:]
    if not paths:
        sys.exit(__doc__)
    schema = json.loads(pathlib.Path(__file__).with_name(name).read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failed = False
    for path in paths:
        wrong = complaints(validator, path)
        failed = failed or bool(wrong)
        print(f"{path}: {'not valid' if wrong else 'valid'}")
        for complaint in wrong[:20]:
            print(f"  {complaint}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
