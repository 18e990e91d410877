"""What the fleet publishes is what mailc says, and nothing else."""

import re
import subprocess

import outside
from fleet import DIR, MAILC, run_on, scenario, want

OURS = re.compile(r"(^|\.)(example\.(org|net)|2\.0\.192\.in-addr\.arpa|"
                  r"1\.0\.0\.0\.8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa)\.$")


def records(text):
    """Name and type of each record of a zone file."""
    return {tuple(re.match(r"(\S+)\s+(?:[0-9]+ )?IN (\w+)", line).groups())
            for line in text.splitlines() if re.match(r"[^;$\s]", line)}


def published():
    return records(subprocess.run(
        [MAILC, "-q", "-C", f"{DIR}/env", "dns"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=True).stdout)


@scenario("DNS: no record of the fleet is typed by hand")
def _():
    typed = records(subprocess.run(
        [outside.__file__, "--zone", DIR], stdout=subprocess.PIPE, text=True,
        check=True).stdout)
    want(typed and published(), "there are no records")
    found = [name for name, _ in typed if OURS.search(name)]
    want(not found, f"{found}")
    found = [name for name, _ in published() if not OURS.search(name)]
    want(not found, f"mailc speaks for {found}")


@scenario("DNS: the MX's resolver has what mailc says, and it is authentic")
def _():
    wanted = sorted(published())
    answers = run_on("mx1", "sh", "-c", "while read -r name type; do "
                     "drill -o AD \"$name\" $type @127.0.0.1; done",
                     stdin="".join(f"{n} {t}\n" for n, t in wanted))
    # flags: qr rd ra ad; ANSWER: 1
    flags = re.findall(r";; flags: ([a-z ]+);.*ANSWER: ([0-9]+),", answers)
    want(len(flags) == len(wanted), f"{len(flags)} answers")
    for (name, kind), (flag, count) in zip(wanted, flags):
        want("ad" in flag.split() and count != "0",
             f"{name} {kind}: {flag}, {count} records")
