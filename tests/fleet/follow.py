"""mailc trace against what real mail did.

Each message that the fleet of real daemons was given, and that record.py wrote
down, is traced through the same environment: the reply to RCPT must be the
same, and mail that arrived outside must have passed the hosts, with the
sender, the recipients and the signatures, that the trace says.
"""

import json
import os
import re
import subprocess

import record

HERE = os.path.dirname(os.path.abspath(__file__))
# Outside servers refuse mail for this user, which no trace can know.
REFUSED = "refuse"


def address(header):
    """The address in a From: header; None where it is not known."""
    if header is None:
        return None
    found = re.search(r"<([^<>]*)>", header)
    return found.group(1) if found else header.strip()


def arguments(one):
    """What mailc trace is asked for a message."""
    nodes = {"mx1", "srs1", "mta1", "submit1", "lists1", "web1", "web2"}
    args = [one["recipient"], "--from", one["sender"] or "<>",
            "--at", f"{one['node']}:{one['port'] or 'sendmail'}"]
    if one["client"]:
        args += ["--client", one["client"]]
    if one["helo"]:
        args += ["--helo", one["helo"]]
    if one["login"]:
        args += ["--login", one["login"]]
    name = (one["certificate"] or "").removesuffix(".example.org")
    if name in nodes:
        args += ["--cert", f"{name}.example.org"]
    if one["port"] and not one["tls"]:
        args.append("--plaintext")
    if address(one["from"]):
        args += ["--header-from", address(one["from"])]
    return args


def trace(one, environment, secret):
    ran = subprocess.run(
        [f"{HERE}/../../mailc", "-q", "-C", environment, "trace", "--format", "json",
         "--srs-secret", secret, *arguments(one)], capture_output=True, text=True, check=False)
    if not ran.stdout:
        return None, ran.stderr.strip()
    return json.loads(ran.stdout), ran.stderr.strip()


def ends(hop, nodes=(), signed=()):
    """What leaves the fleet: hosts passed, recipient, sender, signatures."""
    nodes = (*nodes, hop["node"])
    for way in hop["to"]:
        made = (*signed, *(f"{s['domain']}/{s['selector']}"
                           for s in way["signatures"]))
        if way["hop"]:
            yield from ends(way["hop"], nodes, made)
        elif (way["fate"] == "delivered" and way["host"] is None
              and way["recipient"].partition("@")[0] != REFUSED):
            yield (nodes, way["recipient"].lower(),
                   record.without_hash(way["sender"]), tuple(sorted(made)))


def arrived(one):
    """The same of the real message; others' signatures do not count."""
    for way in one["deliveries"]:
        if not way["bounce"]:
            yield (tuple(way["nodes"]), way["recipient"].lower(),
                   way["sender"],
                   tuple(pair for pair in way["dkim"]
                         if pair.partition("/")[0].endswith("example.org")))


def wrong(one, environment, secret):
    """What the trace says otherwise; None: nothing."""
    found, problem = trace(one, environment, secret)
    if not found:
        return f"no trace: {problem}"
    code = found["hop"]["code"]
    real = one["mail"] if one["rcpt"] is None or one["mail"] != 250 \
        else one["rcpt"]
    # A trace takes for granted that names of the outside world resolve.
    if code == 250 and real == 450 and found["hop"]["assumed"]:
        return None
    if code != real:
        return (f"the reply was {real}, traced {code} "
                f"{found['hop']['text'] or ''}")
    # What rspamd refuses, or somebody still holds, did not come far enough.
    if one["data"] not in (0, 250) or one["queued"]:
        return None
    traced, arrivals = sorted(ends(found["hop"])), sorted(arrived(one))
    if traced != arrivals:
        return f"arrived {arrivals}, traced {traced}"
    return None


def compare(lines, environment, secret):
    """(title, problem or None) for each line of a record."""
    for line in lines:
        one = json.loads(line)
        if one["mode"] == "live":
            yield (f"trace of {one['scenario']}: "
                   f"{' '.join(arguments(one))}",
                   wrong(one, environment, secret))
