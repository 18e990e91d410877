"""From the MX through the SRS host to the outside, and back."""

import base64
import hashlib
import hmac
import re
import time

import record
from fleet import (Client, DIR, HANA, INBOX, LUIS, PRESS, SENDER, address,
                   arrived, message, ours_signed, over_dane, reply_to,
                   rewritten, run_on, scenario, signatures, spf_passes,
                   submit, table, unsigned, want)
from ways_mx import verdict


# Checks of what the MX wrote.

def authentication_results(found):
    lines = found.fields("Authentication-Results")
    want(len(lines) == 1, f"{len(lines)} Authentication-Results")
    want("mx1.example.org" in lines[0] and "spf=pass" in lines[0], lines[0])
    want("forged.invalid" not in found.text, "a forged result came through")


def dmarc_scored(found):
    """A failure costs two points, and that is all."""
    want("dmarc=fail" in found.header, "DMARC does not fail")
    log = run_on("mx1", "cat", "/var/log/rspamd/rspamd.log")
    token = re.search(r"t[0-9]+\.[0-9]+\.token", found.header).group()
    want(re.search(rf"id: <{token}@.*DMARC_POLICY_REJECT\(2\.00\)", log),
         "the failure has no score")


def spoofed(found):
    """Our policy is p=none and ~all: it is noted, and for the receiver."""
    lines = found.fields("Authentication-Results")
    want(len(lines) == 1 and "spf=softfail" in lines[0]
         and "dmarc=fail" in lines[0], f"{lines}")


def delivery(to, arrivals, checks=(), sender=SENDER, author=None, v6=False,
             body="A line of text.\n", more="", absent=()):
    token, data = message(author or sender, to, body, more)
    submit(data, sender, to, v6=v6)

    def check():
        for target in arrivals:
            found = arrived(token, target)
            for one in checks:
                one(found)
        for target in absent:
            want(not [m for m in INBOX.messages
                      if token in m.text and target in m.recipients],
                 f"it arrives at {target}")
    return check


table("delivery", [
    ("alias", "postmaster@example.org", [HANA], [rewritten]),
    ("several targets", "everyone@example.org", [HANA, PRESS, LUIS],
     [rewritten]),
    ("alias domain", "root@web1.example.org", [HANA], [rewritten]),
    ("over IPv6", "hana@example.org", [HANA], [], SENDER, None, True),
    ("Hiera forward", "press@example.org", [PRESS], [rewritten]),
    ("Hiera forward, two targets", "two@example.org",
     ["two@dane.example.com", "two@tls.example.com"], [rewritten]),
    ("LDAP forward", "luis@example.org", [LUIS], [rewritten]),
    ("LDAP forward, extension", "luis+x@example.org", [LUIS], [rewritten]),
    ("LDAP forward, alias domain", "luis@example.net", [LUIS], [rewritten]),
    ("LDAP role account", "team@example.org",
     [LUIS, "team@tls.example.com"], [rewritten]),
    ("LDAP forward to an alias", "toalias@example.org", [HANA], [rewritten]),
    ("Hiera forward to an alias", "inside@example.org", [HANA, PRESS, LUIS],
     [rewritten]),
    ("DANE", "hana@example.org", [HANA], [over_dane]),
    ("an exception to DANE", "exception@example.org",
     ["somebody@exception.example.com"], [rewritten]),
    ("no STARTTLS", "plaintext@example.org", ["somebody@plain.example.com"],
     [rewritten]),
    ("one of two targets refuses", "half@example.org",
     ["half@dane.example.com"], [rewritten]),
    ("null sender", "hana@example.org", [HANA],
     [lambda m: want(m.sender == "", f"the sender is {m.sender}")], "",
     "mailer-daemon@sender.example.com"),
    ("results of authentication", "hana@example.org", [HANA],
     [authentication_results], SENDER, None, False, "Text.\n",
     "Authentication-Results: mx1.example.org; spf=pass forged.invalid\n"),
    ("our author is signed for", "hana@example.org", [HANA], [ours_signed],
     SENDER, "hana@example.org"),
    ("a foreign author is not signed for", "hana@example.org", [HANA],
     [lambda m: want("example.org" not in signatures(m), "DKIM")]),
    ("a node's author is not signed for", "hana@example.org", [HANA],
     [unsigned], SENDER, "root@web1.example.org"),
    ("DMARC p=reject is a score only", "hana@example.org", [HANA],
     [dmarc_scored], SENDER, "ceo@strict.example.com"),
    ("an envelope and an author that say they are ours",
     "hana@example.org", [HANA], [spoofed], "luis@example.org",
     "luis@example.org"),
    ("a domain from PuppetDB", "root@exported.example.net", [HANA],
     [rewritten]),
    ("to who has IPv6 only", "six@example.org", ["somebody@six.example.com"],
     [rewritten, lambda m: want(":" in m.client, f"it is {m.client}")]),
    ("an alias to an independent mailer", "talk@example.org",
     ["subscriber@dane.example.com"]),
], delivery)


@scenario("delivery: a wrong TLSA record defers")
def _():
    finish = delivery("wrongtlsa@example.org", [],
                      absent=["somebody@wrong.example.com"])

    def check():
        for _ in range(100):
            queue = run_on("srs1", "postqueue", "-p")
            if re.search(r"(?s)not trusted|not verified|Server certificate",
                         queue):
                break
            time.sleep(0.2)
        want("somebody@wrong.example.com" in queue, f"queue: {queue}")
        finish()
    return check


@scenario("delivery: a refusal at the target comes back to the origin")
def _():
    token, data = message(SENDER, "refused@example.org")
    submit(data, SENDER, "refused@example.org")

    def check():
        found = arrived(token, SENDER)
        want(found.sender == "", f"a bounce from {found.sender}")
        want(found.client in ("192.0.2.10", "2001:db8:1::10"),
             f"the bounce comes from {found.client}, not the MX")
        want(spf_passes(found), "SPF of the bounce's HELO")
    return check


@scenario("bounce: to an SRS address, to the origin, tampered ones refused")
def _():
    token, data = message(SENDER, "hana@example.org")
    client = Client("mx1")
    client.send(SENDER, ["hana@example.org"], data)
    found = arrived(token, HANA)
    srs = found.sender
    token, data = message("mailer-daemon@dane.example.com", srs)
    reply = client.send("", [srs], data)
    want(reply.startswith("250"), f"bounce to {srs}: {reply}")
    other, data = message("mailer-daemon@dane.example.com", srs)
    reply = client.send("", [srs.lower()], data)
    want(reply.startswith("250"), f"bounce in lower case: {reply}")
    tampered = srs.replace("=alice@", "=mallory@")
    for to, sender in ((tampered, ""), (srs[:5] + "AAAA" + srs[9:], ""),
                       (srs, SENDER)):
        client.command("RSET")
        reply = client.send(sender, [to], data)
        want(reply.startswith("5"), f"<{sender}> to {to}: {reply}")
    client.close()

    def check():
        for one in (token, other):
            bounce = arrived(one, SENDER)
            want(bounce.sender == "", f"from {bounce.sender}")
    return check


@scenario("bounce: an SRS address that nobody made is refused")
def _():
    verdict("<SRS0=abcd=AA=sender.example.com=alice@example.org>", 550, "")


@scenario("delivery: a sender rewritten elsewhere becomes SRS1")
def _():
    origin = "SRS0=Xabc=55=origin.example=bob@sender.example.com"
    token, data = message("bob@origin.example", "hana@example.org")
    client = Client("mx1")
    reply = client.send(origin, ["hana@example.org"], data)
    want(reply.startswith("250"), reply)
    found = arrived(token, HANA)
    want(re.match(r"SRS1=....=sender\.example\.com==Xabc=55=origin\.example"
                  r"=bob@example\.org$", found.sender), found.sender)
    token, data = message("mailer-daemon@dane.example.com", found.sender)
    reply = client.send("", [found.sender], data)
    want(reply.startswith("250"), reply)
    client.close()
    return lambda: arrived(token, origin)


def srs_hash(when, domain, local):
    """As postsrsd makes it: four characters of an HMAC over the address."""
    mac = hmac.new(b"the secret of the test fleet",
                   f"{when}{domain}{local}".lower().encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()[:4]


def srs_day(days_ago):
    day = int(time.time()) // 86400 - days_ago
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return letters[day >> 5 & 31] + letters[day & 31]


def srs_age(days, code):
    when = srs_day(days)
    mac = srs_hash(when, "sender.example.com", "alice")
    verdict(f"<SRS0={mac}={when}=sender.example.com=alice@example.org>", code,
            "")


table("bounce", [
    ("an SRS address of today", 0, 250),
    ("an SRS address of three weeks ago", 20, 250),
    ("an SRS address of three months ago", 90, 550),
], srs_age)


@scenario("delivery: the sender's own signature lives on")
def _():
    import dkim
    token, data = message(SENDER, "luis@example.org")
    with open(f"{DIR}/keys/sender.dkim.key", "rb") as key:
        signature = dkim.sign(data.encode(), b"out", b"sender.example.com",
                              key.read(), include_headers=[
                                  b"from", b"to", b"subject", b"date"])
    submit(signature.decode() + data, SENDER, "luis@example.org")

    def check():
        found = arrived(token, LUIS)
        want(signatures(found) == ["sender.example.com"], "it is broken")
        want("dkim=pass" in found.header, "the MX did not see it")
    return check


# The SRS host.

def srs_refuses(v6, to):
    reply = reply_to([f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{to}>"],
                     "srs1", v6=v6, tls=True)
    want(reply[0] in "45", reply)


table("SRS", [
    ("a stranger", False, "hana@example.org"),
    ("a stranger over IPv6", True, "hana@example.org"),
    ("no relay", False, "x@dane.example.com"),
], srs_refuses)


@scenario("SRS: a client without TLS")
def _():
    reply = reply_to([f"MAIL FROM:<{SENDER}>"], "srs1")
    want(reply.startswith("530"), reply)


def srs_from(node, to, code, v6=False):
    script = f"""import smtplib, ssl
smtp = smtplib.SMTP("{address("srs1", v6)}", 25, "{node}.example.org", 60)
smtp.starttls(context=ssl._create_unverified_context())
smtp.ehlo()
print(smtp.docmd("MAIL FROM:<{SENDER}>")[0])
print(smtp.docmd("RCPT TO:<{to}>")[0])
"""
    out = run_on(node, "/usr/bin/python3", "-", stdin=script)
    mail, rcpt = (int(line) for line in out.split())
    session = record.Session("srs1", 25, address(node, v6),
                             f"{node}.example.org", True)
    session.command(f"MAIL FROM:<{SENDER}>", mail)
    session.command(f"RCPT TO:<{to}>", rcpt)
    want(rcpt == code, out)


table("SRS", [
    ("the MX may", "mx1", "hana@example.org", 250),
    ("the MX may over IPv6", "mx1", "hana@example.org", 250, True),
    ("the MX may not relay outside", "mx1", "x@dane.example.com", 554),
    ("another node may not", "web1", "hana@example.org", 450),
    ("another node may not over IPv6", "web1", "hana@example.org", 450, True),
    ("who is unknown here is deferred", "mx1", "nobody@example.org", 450),
], srs_from)
