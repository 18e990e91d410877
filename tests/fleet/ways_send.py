"""Who sends: people, nodes, independent mailers."""

import os
import re
import smtplib
import socket

import record
from fleet import (Client, Failure, HANA, INBOX, LUIS, SENDER, address,
                   arrived, counter, meanwhile, message, reply_to, run_on,
                   scenario, signatures, spf_passes, submit, table, unsigned,
                   verified, want)


# Submission.

def login(user, password, port=587, v6=False):
    client = Client("submit1", port, v6=v6, tls=port == 587,
                    wrapper=port == 465)
    try:
        client.login(user, password)
        return client, "235"
    except smtplib.SMTPAuthenticationError as error:
        client.close()
        return None, str(error.smtp_code)


def submission_login(user, password, port, code, v6=False):
    client, reply = login(user, password, port, v6)
    if client:
        client.close()
    want(reply == code, f"{user}: {reply}")


table("submission", [
    ("587, SHA-512", "hana", "hana password", 587, "235"),
    ("465", "hana", "hana password", 465, "235"),
    ("587 over IPv6", "hana", "hana password", 587, "235", True),
    ("465 over IPv6", "hana", "hana password", 465, "235", True),
    ("bare MD5", "luis", "luis password", 587, "235"),
    ("MD5-CRYPT", "mara", "mara password", 587, "235"),
    ("SMD5", "toalias", "toalias password", 587, "235"),
    ("PLAIN", "team", "team password", 587, "235"),
    ("with a domain", "hana@example.org", "hana password", 587, "235"),
    ("with a domain, 465", "hana@example.org", "hana password", 465, "235"),
    ("letter case", "Hana", "hana password", 587, "235"),
], submission_login)
# Dovecot takes its time to say no.
table("submission", [
    ("wrong password", "hana", "luis password", 587, "535"),
    ("wrong password, 465", "hana", "luis password", 465, "535"),
    ("unknown user", "nobody", "x", 587, "535"),
    ("account without a password", "nofwd", "x", 587, "535"),
], lambda *row: meanwhile(lambda: submission_login(*row)))


def submission_sender(sender, code):
    client, _ = login("hana", "hana password")
    client.command(f"MAIL FROM:<{sender}>")
    reply = client.command("RCPT TO:<x@dane.example.com>")
    client.close()
    want(reply.startswith(str(code)), reply)


table("submission", [
    ("the login's own address", "hana@example.org", 250),
    ("its extension", "hana+shop@example.org", 250),
    ("somebody else's address", "luis@example.org", 553),
    ("a foreign address", "hana@sender.example.com", 553),
    ("an alias domain", "hana@example.net", 553),
    ("an alias", "postmaster@example.org", 553),
], submission_sender)


@scenario("submission: two logins are two people")
def _():
    client, _ = login("luis", "luis password")
    client.command("MAIL FROM:<luis@example.org>")
    own = client.command("RCPT TO:<x@dane.example.com>")
    client.command("RSET")
    client.command("MAIL FROM:<hana@example.org>")
    other = client.command("RCPT TO:<x@dane.example.com>")
    client.close()
    want(own[:3] == "250" and other[:3] == "553", f"{own}, {other}")


@scenario("submission: no login over clear text")
def _():
    client = Client("submit1", 587)
    offered = client.smtp.has_extn("auth")
    reply = client.command("AUTH PLAIN AGhhbmEAaGFuYSBwYXNzd29yZA==")
    client.close()
    want(not offered and reply[0] == "5", reply)


@scenario("submission: no mail without a login")
def _():
    reply = reply_to(["MAIL FROM:<hana@example.org>",
                      "RCPT TO:<postmaster@example.org>"],
                     "submit1", port=587, tls=True)
    want(reply[0] == "5", reply)


def submission_delivery(sender, to, target, signed, port, v6=False):
    token, data = message(sender, to)
    client, _ = login("hana", "hana password", port, v6)
    reply = client.send(sender, [to], data)
    client.close()
    want(reply.startswith("250"), reply)

    def check():
        found = arrived(token, target)
        valid = signatures(found)
        want(valid.count("example.org") == signed, f"DKIM: {valid}")
        want(spf_passes(found), f"SPF: {found.client} as {found.sender}")
    return check


table("submission", [
    ("to the outside, signed", "hana@example.org", "x@dane.example.com",
     "x@dane.example.com", 1, 587),
    ("to the outside, 465", "hana@example.org", "x@tls.example.com",
     "x@tls.example.com", 1, 465),
    ("over IPv6, to who has IPv6 only", "hana@example.org",
     "x@six.example.com", "x@six.example.com", 1, 587, True),
    ("to us, signed twice", "hana@example.org", "luis@example.org", LUIS, 2,
     587),
], submission_delivery)


@scenario("submission: a message without Date: and Message-ID: gets them")
def _():
    token, data = message("hana@example.org", "x@dane.example.com")
    data = re.sub(r"(?m)^(Date|Message-ID): .*\r\n", "", data)
    client, _ = login("hana", "hana password")
    reply = client.send("hana@example.org", ["x@dane.example.com"], data)
    client.close()
    want(reply.startswith("250"), reply)

    def check():
        found = arrived(token, "x@dane.example.com")
        want(found.fields("Date") and found.fields("Message-ID"),
             "it has not got them")
    return check


# The MTA.

def mta_relays(certificate, code, v6=False):
    reply = reply_to(["MAIL FROM:<root@web1.example.org>",
                      "RCPT TO:<x@dane.example.com>"], "mta1", port=587,
                     tls=True, certificate=certificate, v6=v6)
    want(reply.startswith(str(code)), f"{certificate}: {reply}")


table("MTA", [
    ("a node's certificate", "web1.example.org", 250),
    ("a node's certificate over IPv6", "web1.example.org", 250, True),
    ("a node's certificate, its fingerprint from PuppetDB",
     "web2.example.org", 250),
    ("no certificate", None, 450),
    ("no certificate over IPv6", None, 450, True),
    ("a certificate of the same CA", "stranger.example.com", 450),
    ("the certificate of the MX", "mx1.example.org", 450),
], mta_relays)


@scenario("MTA: no mail without TLS")
def _():
    reply = reply_to(["MAIL FROM:<root@web1.example.org>"], "mta1", port=587)
    want(reply.startswith("530"), reply)


def closed(node, port):
    try:
        socket.create_connection((address(node), port), 5).close()
    except ConnectionRefusedError:
        return
    raise Failure(f"port {port} of {node} is open")


table("ports", [
    ("submission, 25", "submit1", 25), ("MTA, 25", "mta1", 25),
    ("node, 25", "web1", 25), ("node, 587", "web1", 587),
    ("MX, 587", "mx1", 587), ("SRS, 587", "srs1", 587),
    ("MX, rspamd", "mx1", 11332), ("MX, postsrsd", "mx1", 10001),
    ("MX, slapd", "mx1", 389), ("MX, redis", "mx1", 6379),
], closed)


@scenario("node: nothing listens but on loopback")
def _():
    listed = [line.split() for line in run_on(
        "web1", "cat", "/proc/net/tcp", "/proc/net/tcp6").splitlines()]
    # Addresses are hexadecimal, in the processor's order; 0A is LISTEN.
    found = [row[1] for row in listed if row[3] == "0A"]
    want(found and all(re.match(r"0100007F:|0{24}01000000:", one)
                       for one in found), f"{found}")


# A node's own mail, as cron sends it.

def sendmail(node, to, author=None):
    """The token of a message that root's cron job wrote."""
    token, data = message(author or f"root@{node}.example.org", to)
    run_on(node, "sendmail", "-i", to, stdin=data.replace("\r\n", "\n"))
    record.sendmail(node, f"root@{node}.example.org", to, data)
    return token


def cron(node, to, target, sender, signed, author=None):
    token = sendmail(node, to, author)

    def check():
        found = arrived(token, target)
        want(re.fullmatch(sender, found.sender), f"from {found.sender}")
        want(spf_passes(found), f"SPF: {found.client} as {found.sender}")
        valid = signatures(found)
        want(sorted(set(valid)) == signed, f"DKIM: {valid}")
    return check


SRS_WEB1 = r"SRS0=....=..=web1\.example\.org=root@example\.org"
table("node", [
    ("to root", "web1", "root", HANA, SRS_WEB1, []),
    ("to root at its name", "web1", "root@web1.example.org", HANA, SRS_WEB1,
     []),
    ("to the outside", "web1", "x@dane.example.com", "x@dane.example.com",
     r"root@web1\.example\.org", []),
    ("masqueraded, to the outside", "web2", "x@dane.example.com",
     "x@dane.example.com", r"root@example\.org", ["example.org"]),
    ("masqueraded, to root", "web2", "root", HANA,
     r"root@example\.org", ["example.org"]),
    ("our author, to the outside", "web1", "x@dane.example.com",
     "x@dane.example.com", r"root@web1\.example\.org", ["example.org"],
     "hana@example.org"),
    ("independent, to the outside", "lists1", "x@dane.example.com",
     "x@dane.example.com", r"root@lists1\.example\.org",
     ["lists.example.org"], "talk@lists.example.org"),
    ("SRS host, to root", "srs1", "root", HANA, r"root@srs1\.example\.org",
     []),
    ("MX, to root", "mx1", "root", HANA,
     r"SRS0=....=..=mx1\.example\.org=root@example\.org", []),
    ("submission host, to root", "submit1", "root", HANA,
     r"SRS0=....=..=submit1\.example\.org=root@example\.org", []),
    ("MTA, to root", "mta1", "root", HANA,
     r"SRS0=....=..=mta1\.example\.org=root@example\.org", []),
    ("independent, to root", "lists1", "root", HANA,
     r"SRS0=....=..=lists1\.example\.org=root@example\.org", []),
], cron)


# Who sends to whom, and knows him by DANE.

def dane(node, to, target, others):
    token = sendmail(node, to)

    def check():
        arrived(token, target)
        for sender, host in others:
            verified(sender, host)
    return check


OUTSIDE = "mail.dane.example.com"
table("DANE", [
    ("a node and the MTA", "web1", "x@dane.example.com", "x@dane.example.com",
     [("web1", "mta1.example.org"), ("mta1", OUTSIDE)]),
    ("MTA, MX, SRS host", "web1", "root", HANA,
     [("mta1", "mx1.example.org"), ("mx1", "srs1.example.org"),
      ("srs1", OUTSIDE)]),
    ("an independent mailer and the outside", "lists1", "x@dane.example.com",
     "x@dane.example.com", [("lists1", OUTSIDE)]),
    ("an independent mailer and the MX", "lists1", "root", HANA,
     [("lists1", "mx1.example.org")]),
    ("the submission host and the outside", "submit1", "x@dane.example.com",
     "x@dane.example.com", [("submit1", OUTSIDE)]),
    ("the MX and an independent mailer", "mx1", "talk",
     "subscriber@dane.example.com", [("mx1", "lists1.example.org")]),
], dane)


# The independent mailer.

def lists_verdict(to, code):
    reply = reply_to([f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{to}>"], "lists1")
    want(reply.startswith(str(code)), reply)


table("independent", [
    ("its own address", "talk@lists.example.org", 250),
    ("unknown user", "nobody@lists.example.org", 550),
    ("no relay", "x@dane.example.com", 554),
    ("not for the main domain", "hana@example.org", 554),
    ("not for its own name", "root@lists1.example.org", 554),
    ("postmaster", "postmaster@lists.example.org", 250),
], lists_verdict)


@scenario("independent: spoofed mail is not signed")
def _():
    token, data = message("talk@lists.example.org", "talk@lists.example.org")
    submit(data, SENDER, "talk@lists.example.org", "lists1")
    return lambda: unsigned(arrived(token, "subscriber@dane.example.com"))


def lists_delivery(to, target, v6=False):
    token, data = message(SENDER, to)
    submit(data, SENDER, to, "lists1", v6=v6)

    def check():
        found = arrived(token, target)
        want("by lists1.example.org" in found.header, "not through lists1")
    return check


table("independent", [
    ("mail for its subdomain", "talk@lists.example.org",
     "subscriber@dane.example.com"),
    ("mail for its subdomain over IPv6", "talk@lists.example.org",
     "subscriber@dane.example.com", True),
    ("mail for its postmaster", "postmaster@lists.example.org", HANA),
], lists_delivery)


def suspicious():
    """A message that rspamd does not like, and its token."""
    token = f"t{next(counter)}.{os.getpid()}.token"
    return token, (f"From: x <x@sender.example.com>\r\nX-Token: {token}\r\n"
                   f"\r\n{token}\r\n")


@scenario("independent: who only signs judges nobody")
def _():
    token, data = suspicious()
    submit(data, "x@sender.example.com", "talk@lists.example.org", "lists1")

    def check():
        found = arrived(token, "subscriber@dane.example.com")
        want(not found.fields("X-Spamd-Bar") and not
             found.fields("Authentication-Results"), "it is marked")
    return check


@scenario("MTA: who only signs judges nobody")
def _():
    token, data = suspicious()
    submit(data, "root@web1.example.org", "x@dane.example.com", "mta1",
           port=587, tls=True, certificate="web1.example.org")

    def check():
        found = arrived(token, "x@dane.example.com")
        want(not found.fields("X-Spamd-Bar"), "it is marked")
    return check


@scenario("MX: its own mail to the outside is no bounce, and stays")
def _():
    token = sendmail("mx1", "x@dane.example.com")

    def check():
        found = arrived(token, HANA)
        want("nothing but bounces" in found.text, "it does not say why")
        want(not [m for m in INBOX.messages if token in m.text
                  and "x@dane.example.com" in m.recipients], "it leaves")
    return check


@scenario("node: a bounce of its mail comes to root")
def _():
    token = sendmail("web1", "refuse@dane.example.com")

    def check():
        found = arrived(token, HANA)
        want(found.sender == "", f"from {found.sender}")
        want("550 5.1.1" in found.text, "it does not say why")
    return check
