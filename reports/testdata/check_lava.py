#!/usr/bin/env python3
"""Reads console text for LAVA's signals, as LAVA does: check_lava.py FILE...

Both of its readers are followed: the test shell, which splits a signal at spaces and each word at
'=', and a `monitors` job with a pattern of named groups. A name as it is stored must be unique, a
result without measurement would be lost, and as many results must be there as the text announces.
  check_lava.py --spoiled FILE   breaks FILE in many ways and wants each to be refused

Exits 0 if all is as it must be, 1 if not.
"""

import decimal
import pathlib
import re
import sys

SIGNAL = re.compile(r"<LAVA_SIGNAL_(\S+) ([^>]+)>")
MONITOR = re.compile(r"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=(?P<test_case_id>\S+) "
                     r"RESULT=(?P<result>\S+) MEASUREMENT=(?P<measurement>\S+) "
                     r"UNITS=(?P<units>\S+)>")
BEGIN = re.compile(r"^nsbench: (\d+) results$", re.M)
END = re.compile(r"^nsbench: end of (\d+) results: (ok|fail|unknown)$", re.M)
KEYS = ["test_case_id", "result", "measurement", "units"]
RESULTS = ["pass", "fail", "skip", "unknown"]


def as_shell(text):
    results = []
    for signal, params in SIGNAL.findall(text):
        if signal != "TESTCASE":
            raise ValueError(f"signal {signal}")
        data = {}
        for word in params.split():
            parts = word.split("=")
            if len(parts) != 2:
                raise ValueError(f"malformed parameter {word!r}")
            data[parts[0].lower()] = parts[1]
        if list(data) != KEYS:
            raise ValueError(f"not the four keys: {params}")
        results.append(data)
    return results


def complaints(text):
    try:
        results = as_shell(text)
    except ValueError as error:
        return [str(error)]
    wrong = []
    if results != [match.groupdict() for match in MONITOR.finditer(text)]:
        wrong.append("a monitor's pattern reads something else than the test shell")
    begin, end = BEGIN.search(text), END.search(text)
    if not begin or not end or begin.start() > end.start():
        wrong.append("no line that begins, or that ends")
    elif not len(results) == int(begin[1]) == int(end[1]):
        wrong.append(f"{len(results)} results, of {begin[1]} and {end[1]}")
    stored = {}
    for data in results:
        name = re.sub(r"\W+", "_", data["test_case_id"].strip().lower())
        if name in stored:
            wrong.append(f"{data['test_case_id']} and {stored[name]} are both {name}")
        stored[name] = data["test_case_id"]
        if data["result"] not in RESULTS:
            wrong.append(f"{name}: result {data['result']}")
        try:
            digits = decimal.Decimal(data["measurement"]).as_tuple()
            if not isinstance(digits.exponent, int) or digits.exponent < -10:
                raise decimal.InvalidOperation
            if len(digits.digits) + max(digits.exponent, 0) > 20:
                raise decimal.InvalidOperation
        except decimal.InvalidOperation:
            wrong.append(f"{name}: measurement {data['measurement']}")
    return wrong


def replaced(old, new):
    return lambda text: text.replace(old, new, 1)


SPOILERS = {
    "a name with '='": replaced("TEST_CASE_ID=", "TEST_CASE_ID=a=b"),
    "no measurement": lambda text: re.sub(r" MEASUREMENT=\S+", "", text, count=1),
    "a result of ours": replaced("RESULT=unknown", "RESULT=broken"),
    "a measurement as a word": replaced("MEASUREMENT=0", "MEASUREMENT=none"),
    "an infinite measurement": replaced("MEASUREMENT=0", "MEASUREMENT=inf"),
    "a line lost": lambda text: re.sub(r"<LAVA.*\n", "", text, count=1),
    "a line split by the kernel": replaced(" RESULT=pass", "\n[ 1.0] eth0: up\n RESULT=pass"),
    "no end": lambda text: END.sub("", text),
    "a name twice": lambda text: re.sub(r"(<LAVA.*\n)<LAVA.*\n", r"\1\1", text, count=1),
    "a name that is another's once stored": lambda text: re.sub(
        r"(<LAVA\S+ TEST_CASE_ID=)(\S+)\.(\S+)( .*\n)<LAVA.*\n", r"\1\2.\3\4\1\2-\3\4", text,
        count=1),
}


def check_spoiled(path):
    text = pathlib.Path(path).read_text("utf-8")
    if complaints(text):
        print(f"{path} is refused as it is")
        return 1
    accepted = [name for name, change in SPOILERS.items() if not complaints(change(text))]
    for name in accepted:
        print(f"accepted in spite of {name}")
    print(f"{len(SPOILERS) - len(accepted)} of {len(SPOILERS)} spoiled texts are refused")
    return 1 if accepted else 0


def main(paths):
    if not paths:
        sys.exit(__doc__)
    if paths[0] == "--spoiled":
        return check_spoiled(paths[1])
    failed = False
    for path in paths:
        wrong = complaints(pathlib.Path(path).read_text("utf-8"))
        failed = failed or bool(wrong)
        print(f"{path}: {'not valid' if wrong else 'valid'}")
        for complaint in wrong[:20]:
            print(f"  {complaint}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
