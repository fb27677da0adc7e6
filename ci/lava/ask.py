#!/usr/bin/env python3
"""Asks a LAVA server, without nsbench: ask.py WORDS, with LAVA_URL in the environment

  jobs [WORD]     a line each, oldest first: number, state, health, device, submitted, started, ended
                  (seconds since 1970, 0: not yet), name; those with WORD in the name
  log NUMBER      a job's log
  results NUMBER  what the server stored of 0_nsbench, as JSON
"""

import datetime
import json
import os
import sys
import urllib.parse
import urllib.request

PAGE = 500


def get(path, **words):
    url = os.environ["LAVA_URL"].rstrip("/") + "/api/v0.2/" + path
    if words:
        url += "?" + urllib.parse.urlencode(words)
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode(errors="replace")


def rows(path, **words):
    found = []
    while True:
        page = json.loads(get(path, limit=PAGE, offset=len(found), **words))
        found += page["results"]
        if page["next"] is None:
            return found


def seconds(time):
    return int(datetime.datetime.fromisoformat(time).timestamp()) if time else 0


def jobs(word=""):
    for job in rows("jobs/", ordering="id", description__contains=word):
        if word in job["description"]:
            print(job["id"], job["state"], job["health"], job["actual_device"] or "-",
                  *(seconds(job[key + "_time"]) for key in ("submit", "start", "end")),
                  job["description"])


def log(number):
    sys.stdout.write(get(f"jobs/{number}/logs/"))


def results(number):
    suites = [suite["id"] for suite in rows(f"jobs/{number}/suites/") if suite["name"] == "0_nsbench"]
    found = []
    for suite in suites:
        found += rows(f"jobs/{number}/suites/{suite}/tests/", ordering="id")
    json.dump({"results": found}, sys.stdout)


if __name__ == "__main__":
    commands = {"jobs": jobs, "log": log, "results": results}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
