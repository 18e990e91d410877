"""What is down is down for one scenario, and comes back: no message is lost,
and none leaves unscanned, unsigned or with its sender as it was. And a fleet
that has IPv6 alone."""

import smtplib
import subprocess
import time

from fleet import (Failure, HANA, LUIS, NODES, PRESS, SENDER, address, arrived,
                   eventually, fault, flush, message, ours_signed, over_dane,
                   phase, reply_to, rewritten, run_on, scenario, services,
                   submit, table, want)
from ways_forward import delivery, srs_from
from ways_mx import verdict
from ways_send import (SRS_WEB1, cron, lists_delivery, login,
                       submission_delivery, submission_login)


class Down:
    """A daemon of a node, stopped until the block ends."""

    def __init__(self, node, service):
        self.node, self.service = node, service

    def __enter__(self):
        services(self.node, "stop", self.service)

    def __exit__(self, *_):
        services(self.node, "start", self.service)


def held(node, service, send, *flushed):
    """What is sent while a daemon is down waits, and comes when that is back
    and those nodes try again."""
    with Down(node, service):
        if service in ("slapd", "unbound"):
            run_on(node, "postfix", "reload")    # what it has cached is gone
        finish = send()
        time.sleep(1)
    for one in flushed:
        flush(one)
    return finish


@fault("slapd of the MX down, live: accounts defer, static data is served")
def _():
    with Down("mx1", "slapd"):
        run_on("mx1", "postfix", "reload")
        verdict("<luis@example.org>", 451)
        verdict("<postmaster@example.org>", 250)
        verdict("<press@example.org>", 250)
        verdict("<press@example.net>", 250)
        delivery("press@example.org", [PRESS], [rewritten])()
    # An smtpd remembers what it failed on; a new one does not.
    run_on("mx1", "postfix", "reload")
    eventually(lambda: verdict("<luis@example.org>", 250))


@fault("slapd of the SRS host down, live: mail waits")
def _():
    return held("srs1", "slapd", lambda: delivery(
        "luis@example.org", [LUIS], [rewritten]), "srs1", "mx1")


@fault("postsrsd of the SRS host down: mail waits, nothing leaves unwritten")
def _():
    return held("srs1", "postsrsd", lambda: delivery(
        "press@example.org", [PRESS], [rewritten]), "srs1", "mx1")


@fault("postsrsd of the MX down: bounces wait, other mail does not notice")
def _():
    with Down("mx1", "postsrsd"):
        verdict("<SRS0=abcd=AA=sender.example.com=alice@example.org>", 451,
                "")
        delivery("press@example.org", [PRESS], [rewritten])()


def refused_while_down(node, service, to="hana@example.org"):
    _, data = message(SENDER, to)
    with Down(node, service):
        submit(data, SENDER, to, node, "4")
    delivery(to, [HANA], [rewritten])()


@fault("rspamd of the MX down: mail waits outside")
def _():
    refused_while_down("mx1", "rspamd")


@fault("clamd of the MX down: mail waits outside")
def _():
    refused_while_down("mx1", "clamd")


@fault("rspamd of the SRS host down: nothing leaves unsigned")
def _():
    return held("srs1", "rspamd", lambda: delivery(
        "hana@example.org", [HANA], [ours_signed], SENDER,
        "hana@example.org"), "srs1", "mx1")


@fault("rspamd of the MTA down: mail waits on the node")
def _():
    return held("mta1", "rspamd", lambda: cron(
        "web2", "x@dane.example.com", "x@dane.example.com",
        r"root@example\.org", ["example.org"]), "web2")


@fault("rspamd of the submission host down: a person is told to try again")
def _():
    with Down("submit1", "rspamd"):
        try:
            login("hana", "hana password")
            raise Failure("the login works")
        except smtplib.SMTPResponseException as reply:
            want(reply.smtp_code // 100 == 4, f"{reply}")
    return submission_delivery("hana@example.org", "x@dane.example.com",
                               "x@dane.example.com", 1, 587)


@fault("rspamd of the independent mailer down: nothing leaves unsigned")
def _():
    return held("lists1", "rspamd", lambda: cron(
        "lists1", "x@dane.example.com", "x@dane.example.com",
        r"root@lists1\.example\.org", ["lists.example.org"],
        "talk@lists.example.org"), "lists1")


@fault("MTA down: mail waits on the node")
def _():
    return held("mta1", "postfix", lambda: cron(
        "web1", "root", HANA, SRS_WEB1, []), "web1")


@fault("SRS host down: mail waits on the MX")
def _():
    return held("srs1", "postfix", lambda: delivery(
        "luis@example.org", [LUIS], [rewritten]), "mx1")


@fault("dovecot down: a login is told to try again")
def _():
    with Down("submit1", "dovecot"):
        submission_login("hana", "hana password", 587, "454")
    submission_login("hana", "hana password", 587, "235")


@fault("redis down: mail goes on")
def _():
    with Down("mx1", "redis"):
        delivery("press@example.org", [PRESS], [rewritten])()


@fault("DNS of the MX down: mail waits")
def _():
    with Down("mx1", "unbound"):
        run_on("mx1", "postfix", "reload")
        reply = reply_to([f"MAIL FROM:<{SENDER}>",
                          "RCPT TO:<press@example.org>"])
        want(reply.startswith("4"), reply)
    delivery("press@example.org", [PRESS], [rewritten])()


@fault("DNS of the SRS host down: mail waits")
def _():
    return held("srs1", "unbound", lambda: delivery(
        "hana@example.org", [HANA], [rewritten, over_dane]), "srs1", "mx1")


@fault("DNS of a node down: mail waits")
def _():
    return held("web1", "unbound", lambda: cron(
        "web1", "root", HANA, SRS_WEB1, []), "web1")


@fault("MX restarted with mail in its queue: none is lost")
def _():
    with Down("srs1", "postfix"):
        waiting = [delivery("hana@example.org", [HANA], [rewritten])
                   for _ in range(20)]
        services("mx1", "stop", "postfix")
        services("mx1", "start", "postfix")
        queue = run_on("mx1", "postqueue", "-p")
        want("in 2" in queue or "in 3" in queue, f"the queue: {queue}")
    flush("mx1")
    for finish in waiting:
        finish()


# The other address family has gone from every node.

def ip(node, *arguments):
    subprocess.run(["ip", "-n", node, *arguments], check=True)


class WithoutIPv4:
    def __enter__(self):
        for node in NODES:
            ip(node, "-4", "addr", "flush", "dev", "eth0")
            # Connections that are kept open end.
            run_on(node, "postfix", "reload")

    def __exit__(self, *_):
        for node in NODES:
            ip(node, "addr", "add", f"{address(node)}/24", "dev", "eth0")
            ip(node, "route", "replace", "default", "dev", "eth0")


phase("IPv6 alone", WithoutIPv4)


def over_ipv6(found):
    want(":" in found.client, f"it comes from {found.client}")


def all_over_ipv6(found):
    over_ipv6(found)
    hops = "".join(found.fields("Received"))
    want("192.0.2." not in hops, f"a hop has IPv4: {hops}")


table("IPv6 alone", [
    ("MX and SRS host", "hana@example.org", [HANA],
     [rewritten, over_dane, all_over_ipv6], SENDER, None, True),
    ("an alias domain", "luis@example.net", [LUIS],
     [rewritten, all_over_ipv6], SENDER, None, True),
    ("our author is signed for", "hana@example.org", [HANA],
     [ours_signed, all_over_ipv6], SENDER, "hana@example.org", True),
    ("an independent mailer", "talk@example.org",
     ["subscriber@dane.example.com"], [over_ipv6], SENDER, None, True),
], delivery, "IPv6 alone")
table("IPv6 alone", [
    ("submission, to the outside", "hana@example.org", "x@six.example.com",
     "x@six.example.com", 1, 587, True),
    ("submission, to us", "hana@example.org", "luis@example.org", LUIS, 2,
     465, True),
], submission_delivery, "IPv6 alone")
table("IPv6 alone", [
    ("node, MTA, outside", "web2", "x@dane.example.com",
     "x@dane.example.com", r"root@example\.org", ["example.org"]),
    ("node, MTA, MX, SRS host", "web1", "root", HANA, SRS_WEB1, []),
    ("independent, to the outside", "lists1", "x@six.example.com",
     "x@six.example.com", r"root@lists1\.example\.org",
     ["lists.example.org"], "talk@lists.example.org"),
], cron, "IPv6 alone")
table("IPv6 alone", [
    ("independent, to its subdomain", "talk@lists.example.org",
     "subscriber@dane.example.com", True),
], lists_delivery, "IPv6 alone")


@scenario("IPv6 alone: a bounce comes back to the origin", "IPv6 alone")
def _():
    token, data = message(SENDER, "refused@example.org")
    submit(data, SENDER, "refused@example.org", v6=True)

    def check():
        found = arrived(token, SENDER)
        want(found.sender == "", f"a bounce from {found.sender}")
        over_ipv6(found)
    return check


@scenario("IPv6 alone: the SRS host is closed to others", "IPv6 alone")
def _():
    srs_from("web1", "hana@example.org", 450, True)
    srs_from("mx1", "hana@example.org", 250, True)
