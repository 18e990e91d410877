#!/usr/bin/python3
"""mutants.py DIR [PATTERN]: break templates, roles and data in one place at a
time, install what comes out on the running fleet, and say who notices: mailc
itself, which refuses to compile it, or a scenario. mutants.txt says who must.
PATTERN picks some lines of that; UPDATE=1 writes to mutants.txt who does.

A mutant is noticed by a scenario that fails with it and passes again when it
is gone.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("DELIVERY_SECONDS", "6")

import scenarios
import ways_change
from deploy import INSTALLED, compiled
from fleet import DIR, Failure, HERE, MAILC, NODES, PHASES, run_on, services

BASE, LIST = f"{DIR}/env", f"{HERE}/mutants.txt"
ENV = f"{DIR}/mutant"


def zone(env):
    return subprocess.run([MAILC, "-q", "-C", env, "dns"], check=False,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def everywhere(function):
    with ThreadPoolExecutor(len(NODES)) as pool:
        list(pool.map(function, NODES))


def publish(env):
    """The records of an environment, and resolvers that know no others."""
    subprocess.run([f"{HERE}/zone", DIR, env], check=True,
                   stdout=subprocess.DEVNULL)
    with open(f"{DIR}/dns/nsd.pid", encoding="ascii") as pid:
        subprocess.run(["kill", "-HUP", pid.read().strip()], check=True)
    with open(f"{DIR}/dns/root", encoding="ascii") as new:
        serial = new.readline().split()[6]
    while serial not in subprocess.run(
            ["drill", "SOA", ".", "@198.51.100.53"], check=True, text=True,
            stdout=subprocess.PIPE).stdout:
        time.sleep(0.2)

    def restart(node):
        services(node, "stop", "unbound")
        services(node, "start", "unbound")
        # A running smtp remembers TLSA records.
        run_on(node, "postfix", "reload")
    everywhere(restart)


def forget():
    """What one left behind, in queues and logs, must not come to the next."""
    everywhere(lambda node: run_on(
        node, "sh", "-c", "postsuper -d ALL; : > /var/log/mail.log"))
    run_on("mx1", "redis-cli", "flushall")


def fails(name, phases=tuple(PHASES)):
    """The first scenario that does: the one of this name, or any."""
    found = []

    def report(title, problem):
        if problem:
            found.append((title, problem))

    for phase in phases:
        scenarios.run_phase(phase, lambda title: name in (None, title),
                            report, lambda: found)
    return found[0] if found else (None, None)


def mutate(path, change):
    """A copy of the environment with one change; whether it is one."""
    shutil.rmtree(ENV, ignore_errors=True)
    shutil.copytree(BASE, ENV, ignore=shutil.ignore_patterns("out"))
    subprocess.run(["sed", "-i", "-E", change, f"{ENV}/{path}"], check=True)
    return subprocess.run(["cmp", "-s", f"{BASE}/{path}", f"{ENV}/{path}"],
                          check=False).returncode != 0


def differs_as_snapshot():
    """Whether a mutant changes what is installed in that mode."""
    for env in (BASE, ENV):
        shutil.rmtree(f"{env}.snapshot", ignore_errors=True)
        shutil.copytree(env, f"{env}.snapshot",
                        ignore=shutil.ignore_patterns("out"))
        with open(f"{env}.snapshot/data/mode.yaml", "w",
                  encoding="ascii") as f:
            f.write("mail::ldap: {mode: snapshot}\n")
        compiled(f"{env}.snapshot", f"{env}.snapshot/out")
    return subprocess.run(["diff", "-rq", f"{BASE}.snapshot/out",
                           f"{ENV}.snapshot/out"], check=False,
                          stdout=subprocess.DEVNULL).returncode != 0


def installed(phases, expected):
    """Who notices what is installed now, and how."""
    first = fails(expected, phases)
    return first if first[0] else fails(None, phases)


def noticed(path, change, expected):
    """Who notices a mutant, and how; None if nobody does."""
    if not mutate(path, change):
        return None, "it changes nothing"
    done, said = compiled(ENV, f"{ENV}/out")
    if not done:
        found = re.search(r"error: .*\[([a-z-]+)\]", said)
        return f"finding {found.group(1)}", found.group()
    phases = list(PHASES)
    new_zone = zone(ENV) != zone(BASE)
    if not INSTALLED.differ(f"{ENV}/out") and not new_zone:
        if not differs_as_snapshot():
            return None, "it changes no file"
        phases = ["snapshot"]
    ways_change.BASE.update(env=ENV, out=f"{ENV}/out")
    forget()
    try:
        INSTALLED.install(f"{ENV}/out")
        if new_zone:
            publish(ENV)
        return installed(phases, expected)
    except (Failure, subprocess.SubprocessError) as problem:
        return "the deploy", str(problem)
    finally:
        ways_change.BASE.update(env=BASE, out=f"{BASE}/out")
        INSTALLED.install(f"{BASE}/out")
        if new_zone:
            publish(BASE)


def verdict(path, change, expected):
    """Whether a mutant is as expected; who notices it, and a text."""
    who, how = noticed(path, change, expected)
    if who and who in [name for rows in PHASES.values() for name, _ in rows]:
        forget()
        again, problem = fails(who)
        if again:
            return False, None, f"without the mutant as well: {who}: {problem}"
    if expected.startswith("nobody: ") and not who:
        return how is None, "nobody", how or expected
    if who and not expected.startswith("nobody: "):
        return True, who, f"{who}: {how}"
    return False, who, f"{who}: {how}" if who else how or "nobody notices"


def main():
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    count = {True: 0, False: 0}
    with open(LIST, encoding="utf-8") as f:
        lines = f.read().splitlines()
    started = time.monotonic()
    for i, line in enumerate(lines):
        if not line or line.startswith("#") \
                or not re.search(only, line):
            continue
        path, change, expected = (
            one.strip() for one in f"{line} |  | ".split(" | ")[:3])
        well, who, text = verdict(path, change, expected)
        count[well] += 1
        text = text.partition("\n")[0][:150]
        print(f"{time.monotonic() - started:6.0f} s", "ok" if well else
              "FAIL", f"{path}: {change}: {text}", flush=True)
        if os.environ.get("UPDATE") and who and who != expected and (
                not expected or who.startswith("finding")):
            lines[i] = f"{path} | {change} | {who}"
            with open(LIST, "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
    print(f"{count[True]} passed, {count[False]} failed, 0 skipped")
    return count[False] != 0


if __name__ == "__main__":
    sys.exit(main())
