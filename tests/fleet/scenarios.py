#!/usr/bin/python3
"""scenarios.py DIR: mail on every way that the fleet promises, in the fleet
that lab has started. One line for each scenario that fails, and a closing
line. It runs outside the fleet and sees what the world sees, except where a
scenario is about a node's own mail or about a daemon that is down. At the end
mailc trace is held against the way that each message took.

VERBOSE=1 prints those that pass as well, ONLY=TEXT runs those whose name has
the text, FLEET_RECORD=FILE writes down what became of each message
(record.py).
"""

import os
import subprocess
import sys
import time

import fleet
import follow
import record
import ways
from fleet import Failure, PHASES, STATES

# What a message was when the whole fleet ran; record.py.
RECORDED = {"ways": "live", "snapshot": "snapshot"}


def attempt(function):
    """What is left to do, if anything, and why it failed, if it did."""
    try:
        return function(), None
    except Failure as problem:
        return None, str(problem)
    except Exception as problem:    # the other scenarios go on
        return None, f"{type(problem).__name__}: {problem}"


def run_phase(name, wanted, report, stop=lambda: False):
    """Run those of the phase whose name is wanted, and report(name, problem)
    each, until stop()."""
    chosen = [row for row in PHASES[name] if wanted(row[0])]
    if not chosen or stop():
        return
    with STATES[name]():
        waiting = []
        for title, function in chosen:
            if stop():
                return
            record.now.update(scenario=title, mode=RECORDED.get(name))
            rest, problem = attempt(function)
            if rest and not problem:
                waiting.append((title, rest))
            else:
                report(title, problem)
        for title, rest in waiting:
            if stop():
                return
            report(title, attempt(rest)[1])
        record.write(fleet.INBOX.messages, fleet.NODES, fleet.run_on,
                     fleet.valid_signatures)


def follow_mail(report):
    """mailc trace against what the messages did (follow.py)."""
    subprocess.run([f"{follow.HERE}/make-env", fleet.DIR, "live"],
                   check=True)
    secret = f"{fleet.DIR}/secret"
    with open(secret, "w", encoding="ascii") as out:
        print("the secret of the test fleet", file=out)
    for title, problem in follow.compare(record.lines, f"{fleet.DIR}/env",
                                         secret):
        report(title, problem)


def main():
    verbose = os.environ.get("VERBOSE")
    only = os.environ.get("ONLY", "")
    started = time.monotonic()
    count = {"passed": 0, "failed": 0}

    def report(name, problem):
        count["failed" if problem else "passed"] += 1
        if problem:
            print(f"FAIL {name}: {problem}", flush=True)
        elif verbose:
            print(f"{time.monotonic() - started:6.1f} s ok {name}",
                  flush=True)

    report("each way of the list has its scenarios", ways.missing())
    for name in PHASES:
        run_phase(name, lambda title: only in title, report)
    follow_mail(report)
    print("{passed} passed, {failed} failed, 0 skipped".format(**count))
    return count["failed"] != 0


if __name__ == "__main__":
    sys.exit(main())
