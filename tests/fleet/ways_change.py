"""Data changes, and is compiled and installed while mail is under way. And
the directory compiled into tables: it may be down then."""

import shutil
import threading

from deploy import INSTALLED, compiled, read
from fleet import (Client, DIR, HANA, INBOX, LUIS, PRESS, SENDER, Failure,
                   eventually, flush, phase, rewritten, run_on, scenario,
                   services, table, want)
from ways_forward import delivery
from ways_mx import verdict
from ways_send import SRS_WEB1, cron, mta_relays

# Where a change begins, and what it goes back to.
BASE = {"env": f"{DIR}/env", "out": f"{DIR}/env/out"}
ENV = f"{DIR}/changed"


class Changing:
    """An environment that may be edited; in the end all is as it was."""

    def __enter__(self):
        shutil.rmtree(ENV, ignore_errors=True)
        shutil.copytree(BASE["env"], ENV,
                        ignore=shutil.ignore_patterns("out"))

    def __exit__(self, *_):
        INSTALLED.install(BASE["out"])


def edit(path, old, new):
    text = read(f"{ENV}/data/{path}")
    want(old in text, f"{path} has no {old}")
    with open(f"{ENV}/data/{path}", "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def install():
    done, said = compiled(ENV, f"{ENV}/out")
    want(done, said)
    want(INSTALLED.install(f"{ENV}/out"), "the change changes nothing")


phase("change", Changing)


def under_load(act):
    """200 messages while act() works: each arrives, once, and nowhere else."""
    sent, problems = [], []

    def inject():
        for to, target in [("hana@example.org", HANA),
                           ("luis@example.net", LUIS),
                           ("root@web1.example.org", HANA),
                           ("press@example.org", PRESS)] * 10:
            try:
                sent.append((delivery(to, [target], [rewritten]), target))
            except Failure as problem:
                problems.append(str(problem))

    before = len(INBOX.messages)
    threads = [threading.Thread(target=inject) for _ in range(5)]
    for thread in threads:
        thread.start()
    act()
    for thread in threads:
        thread.join()
    want(not problems, f"{len(problems)}: {'; '.join(problems[:3])}")
    flush("srs1")
    flush("mx1")
    for finish, _ in sent:
        finish()
    came = sorted(to for m in INBOX.messages[before:] for to in m.recipients)
    want(came == sorted(target for _, target in sent),
         f"{len(sent)} messages, {len(came)} arrivals")


@scenario("change: a new alias, installed with 200 messages in flight",
          "change")
def _():
    verdict("<fresh@example.org>", 550)
    edit("common.yaml", "  everyone:", "  fresh: hana\n  everyone:")
    under_load(install)
    verdict("<fresh@example.org>", 250)
    delivery("fresh@example.net", [HANA], [rewritten])()


@scenario("change: a forward leads elsewhere", "change")
def _():
    edit("common.yaml", "  two: [two@dane", "  two: [second@dane")
    install()
    delivery("two@example.org",
             ["second@dane.example.com", "two@tls.example.com"],
             [rewritten], absent=["two@dane.example.com"])()


def mode(old, new):
    edit("mode.yaml", f"mode: {old}", f"mode: {new}")
    install()


@scenario("change: live to snapshot, installed with 200 messages in flight",
          "change")
def _():
    under_load(lambda: mode("live", "snapshot"))


@scenario("change: snapshot to live, installed with 200 messages in flight",
          "change")
def _():
    under_load(lambda: mode("snapshot", "live"))


@scenario("change: who has the former main.cf meets a proxymap with the new",
          "change")
def _():
    former = run_on("mx1", "cat", "/etc/postfix/main.cf")
    edit("mode.yaml", "mode: live", "mode: snapshot")
    done, said = compiled(ENV, f"{ENV}/out")
    want(done, said)
    client = Client("mx1")
    client.command(f"MAIL FROM:<{SENDER}>")
    write = "cat > /etc/postfix/main.cf"
    run_on("mx1", "sh", "-c", f"{write} && pkill -x proxymap || true",
           stdin=read(f"{ENV}/out/mx1.example.org/etc/postfix/main.cf"))
    try:
        for to in ("luis@example.org", "luis@example.net"):
            reply = client.command(f"RCPT TO:<{to}>")
            want(reply.startswith("250"), f"{to}: {reply}")
    finally:
        run_on("mx1", "sh", "-c", f"{write} && postfix reload", stdin=former)
        edit("mode.yaml", "mode: snapshot", "mode: live")


def own_certificate(name):
    """web1 shows this one from now on, and tries again what waits."""
    for ending, place in (("pem", "mail"), ("key", "private")):
        run_on("web1", "sh", "-c",
               f"cat > /etc/ssl/{place}/web1.example.org.{ending}",
               stdin=read(f"{DIR}/keys/{name}.{ending}"))
    flush("web1")


@scenario("change: a certificate is revoked: its node waits and loses nothing",
          "change")
def _():
    known = f"{ENV}/data/certs/web1.example.org.pem"
    shutil.copy(f"{DIR}/keys/web1.next.pem", known)
    install()
    mta_relays("web1.example.org", 450)
    mta_relays("web2.example.org", 250)
    mta_relays("web1.next", 250)
    finish = cron("web1", "root", HANA, SRS_WEB1, [])
    eventually(lambda: want("450" in run_on("web1", "postqueue", "-p"),
                            "it does not wait for the MTA"))
    own_certificate("web1.next")
    finish()
    shutil.copy(f"{DIR}/keys/web1.example.org.pem", known)
    install()
    own_certificate("web1.example.org")
    mta_relays("web1.next", 450)
    cron("web1", "root", HANA, SRS_WEB1, [])()


class Snapshot(Changing):
    """The directory is compiled into tables, and is down."""

    def __enter__(self):
        super().__enter__()
        for node in ("mx1", "srs1"):
            services(node, "stop", "slapd")
        mode("live", "snapshot")

    def __exit__(self, *_):
        for node in ("mx1", "srs1"):
            services(node, "start", "slapd")
        super().__exit__()


phase("snapshot", Snapshot)
table("snapshot, slapd down", [
    ("LDAP forward", "<luis@example.org>", 250),
    ("LDAP forward, letter case", "<LUIS@Example.ORG>", 250),
    ("LDAP forward, extension", "<luis+x@example.org>", 250),
    ("LDAP forward, alias domain", "<luis@example.net>", 250),
    ("LDAP forward, node's name", "<luis@web1.example.org>", 250),
    ("alias", "<postmaster@example.org>", 250),
    ("Hiera forward", "<press@example.org>", 250),
    ("account without a forward", "<nofwd@example.org>", 550),
    ("account without a forward, alias domain", "<nofwd@example.net>", 550),
    ("retired account", "<gone@example.org>", 550),
    ("disabled account", "<closed@example.org>", 550),
    ("account with a command", "<piper@example.org>", 550),
    ("unknown user", "<nobody@example.org>", 550),
    ("unknown user, alias domain", "<nobody@example.net>", 550),
    ("no relay outside", "<x@dane.example.com>", 554),
], verdict, "snapshot")
table("snapshot, slapd down: delivery", [
    ("LDAP forward", "luis@example.org", [LUIS], [rewritten]),
    ("LDAP forward, alias domain", "luis@example.net", [LUIS], [rewritten]),
    ("LDAP role account", "team@example.org",
     [LUIS, "team@tls.example.com"], [rewritten]),
    ("LDAP forward to an alias", "toalias@example.org", [HANA], [rewritten]),
    ("Hiera forward to an alias", "inside@example.org", [HANA, PRESS, LUIS],
     [rewritten]),
    ("several targets", "everyone@example.org", [HANA, PRESS, LUIS],
     [rewritten]),
], delivery, "snapshot")
