#!/usr/bin/python3
"""Checks what is here for KernelCI: check.py [DIR]

The configuration is read as KernelCI's is, all files together, and held to the rules that its own
tests have. Each job that is scheduled is made of the templates, with those in stand-in/ in place of
kernelci-core's, and written to DIR (default: a temporary directory). LAVA's lava-schema.py has to
accept it, where lava-common is installed. Then each rule is broken once, and has to be noticed.

Exits 0 if all is as it must be, 1 if not, 77 if Debian's python3-jinja2 or python3-yaml is missing.
"""

import copy
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jinja2
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LAVA_SCHEMA = "/usr/share/lava-common/lava-schema.py"
# Of KernelCI's platforms, what a template sees of those that are named here.
PLATFORMS = {
    "qemu-x86_64": {"base_name": "qemu", "arch": "x86_64", "boot_method": "qemu",
                    "context": {"arch": "x86_64", "cpu": "qemu64"}},
    "aaeon-UPN-EHLX4RE-A10-0864": {"base_name": "aaeon-UPN-EHLX4RE-A10-0864", "arch": "x86_64",
                                   "boot_method": "grub", "context": {}},
}


def configuration(texts):
    merged = {}
    for text in texts:
        for key, value in yaml.safe_load(text).items():
            if key == "_anchors":
                continue
            if isinstance(value, list):
                merged.setdefault(key, []).extend(value)
            else:
                merged.setdefault(key, {}).update(value)
    return merged


def wrong_with(config):
    """What KernelCI's own checks would refuse."""
    jobs = config.get("jobs", {})
    for name, job in jobs.items():
        for key in ("kind", "template", "kcidb_test_suite"):
            if not job.get(key):
                yield f"job {name}: no {key}"
        if job.get("template") != "generic.jinja2":
            yield f"job {name}: its template is not here"
        if not (job.get("params") or {}).get("test_method"):
            yield f"job {name}: no test_method"
        if "fragments" in (job.get("params") or {}):
            yield f"job {name}: fragments are for builds"
    for entry in config.get("scheduler", []):
        name = entry.get("job")
        if name not in jobs:
            yield f"scheduler: there is no job {name}"
        for key in ("channel", "state", "kind"):
            if not (entry.get("event") or {}).get(key):
                yield f"scheduler, {name}: an event without {key}"
        for platform in entry.get("platforms", []):
            if platform not in PLATFORMS:
                yield f"scheduler, {name}: no platform {platform}"
    for name in jobs:
        if name not in [entry.get("job") for entry in config.get("scheduler", [])]:
            yield f"job {name} is never scheduled"


def lava_job(environment, job_name, params, platform):
    """A job of LAVA's, as kernelci-core renders it: the job's parameters are the template's variables."""
    arch = {"x86_64": "amd64"}[platform["arch"]]
    variables = {key: value.format(debarch=arch) if isinstance(value, str) else value
                 for key, value in params.items()}
    variables.update(
        node={"id": "0123456789abcdef01234567", "name": job_name,
              "artifacts": {"kernel": "http://storage.example/bzImage",
                            "modules": "http://storage.example/modules.tar.xz"}},
        platform_config=platform, ramdisk="http://storage.example/rootfs.cpio.gz")
    return environment.get_template("base/lava.jinja2").render(variables)


def lava_refuses(text, directory, name):
    """What LAVA says against a job; nothing where it takes it, or where there is no LAVA."""
    path = directory / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    if not os.path.exists(LAVA_SCHEMA):
        return None
    done = subprocess.run(["/usr/bin/python3", LAVA_SCHEMA, "job", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return None if done.returncode == 0 else done.stdout


def of_this_repository(job):
    """What is wrong with what a job fetches from here."""
    test = job["actions"][-1]["test"]["definitions"][0]
    definition = ROOT / test["path"]
    if not definition.is_file():
        return f"there is no {test['path']}"
    params = yaml.safe_load(definition.read_text(encoding="utf-8"))["params"]
    unknown = set(test["parameters"]) - set(params)
    return f"{test['path']} takes no {unknown}" if unknown else None


def main(directory):
    texts = [path.read_text(encoding="utf-8")
             for path in sorted((HERE / "kernelci-pipeline/config").glob("*.yaml"))]
    config = configuration(texts)
    wrong = list(wrong_with(config))

    catalogue = yaml.safe_load((HERE / "kcidb/tests.yaml").read_text(encoding="utf-8"))
    for name, test in catalogue.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or set(test) - {"title", "home", "description"}:
            wrong.append(f"kcidb/tests.yaml: {name}")
        if "\n" in test["title"].strip():
            wrong.append(f"kcidb/tests.yaml: {name}: a title is one line")
    for name, job in config["jobs"].items():
        if job["kcidb_test_suite"].split(".")[0] not in catalogue:
            wrong.append(f"job {name}: kcidb/tests.yaml has no {job['kcidb_test_suite']}")

    loader = jinja2.FileSystemLoader([HERE / "kernelci-core/config/runtime", HERE / "stand-in"])
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined)
    made = []
    for entry in config["scheduler"]:
        for platform in entry["platforms"]:
            name = f"{entry['job']}-{platform}"
            text = lava_job(environment, entry["job"], config["jobs"][entry["job"]]["params"],
                            PLATFORMS[platform])
            made.append((name, text))
            for problem in (lava_refuses(text, directory, name),
                            of_this_repository(yaml.safe_load(text))):
                if problem:
                    wrong.append(f"{name}: {problem}")

    # Would it be noticed?
    def spoiled(change):
        worse = copy.deepcopy(config)
        change(worse)
        return list(wrong_with(worse))

    first = next(iter(config["jobs"]))
    for what, change in {
            "a job without a suite": lambda c: c["jobs"][first].pop("kcidb_test_suite"),
            "a job without a method": lambda c: c["jobs"][first]["params"].pop("test_method"),
            "a job that is not scheduled": lambda c: c["scheduler"].pop(0),
            "an event without a state": lambda c: c["scheduler"][0]["event"].pop("state"),
            "a job that is not there": lambda c: c["jobs"].pop(first),
            "a platform that is not there": lambda c: c["scheduler"][0]["platforms"].append("x"),
    }.items():
        if not spoiled(change):
            wrong.append(f"nothing is said of {what}")
    name, text = made[0]
    if not of_this_repository(yaml.safe_load(text.replace("ci/lava/nsbench.yaml", "ci/lava/gone"))):
        wrong.append("nothing is said of a test definition that is not there")
    if not of_this_repository(yaml.safe_load(text.replace("OPTIONS:", "OPTION:"))):
        wrong.append("nothing is said of a parameter that is not there")
    if os.path.exists(LAVA_SCHEMA):
        if not lava_refuses(text.replace("from: git", "from: nowhere"), directory, "spoiled"):
            wrong.append("lava-schema.py takes anything")
        (directory / "spoiled.yaml").unlink()

    for line in wrong:
        print(line)
    with_schema = "taken by" if os.path.exists(LAVA_SCHEMA) else "not shown (not installed) to"
    print(f"KernelCI: {len(config['jobs'])} jobs, {len(made)} LAVA jobs made, {with_schema} "
          f"lava-schema.py; {len(wrong)} things wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if len(sys.argv) == 2:
        pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        sys.exit(main(pathlib.Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(main(pathlib.Path(scratch)))
