#!/usr/bin/python3
"""scenarios.py DIR: mail on every way that the fleet promises, in the fleet
that lab has started. One line for each scenario that fails, and a closing
line. It runs outside the fleet and sees what the world sees, except where a
scenario is about a node's own mail or about a daemon that is down.
"""

import base64
import hashlib
import hmac
import itertools
import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time

import outside

HERE = os.path.dirname(os.path.abspath(__file__))
DIR = sys.argv[1]
NUMBER = {"mx1": 10, "srs1": 11, "mta1": 12, "submit1": 13, "lists1": 20,
          "web1": 30, "web2": 31}
DELIVERY_SECONDS = 15 if os.environ.get("FIRST") else 40
SENDER = "alice@sender.example.com"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

INBOX = outside.start(DIR)
counter = itertools.count(1)
results = {"passed": 0, "failed": 0, "skipped": 0}


class Failure(Exception):
    pass


def want(condition, text):
    if not condition:
        raise Failure(text)


def address(node, v6=False):
    return f"2001:db8:1::{NUMBER[node]}" if v6 else f"192.0.2.{NUMBER[node]}"


def run_on(node, *command, stdin="", check=True):
    """Run a command on a node; its stdout."""
    done = subprocess.run([f"{HERE}/shell", DIR, node, *command],
                          input=stdin, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=120)
    if check and done.returncode:
        raise Failure(f"{node}: {' '.join(command)}: {done.stdout}")
    return done.stdout


class Client:
    """An SMTP session of the outside with a node."""

    def __init__(self, node, port=25, v6=False, stranger=False, tls=False,
                 certificate=None, wrapper=False):
        self.context = ssl.create_default_context(
            cafile=f"{DIR}/keys/ca.pem")
        self.context.check_hostname = False
        if certificate:
            self.context.load_cert_chain(f"{DIR}/keys/{certificate}.pem",
                                         f"{DIR}/keys/{certificate}.key")
        source = (outside.STRANGER if stranger else outside.SENDER)[v6]
        kind = smtplib.SMTP_SSL if wrapper else smtplib.SMTP
        more = {"context": self.context} if wrapper else {}
        helo = "mail.sender.example.com"
        self.smtp = kind(address(node, v6), port, helo, timeout=60,
                         source_address=(source, 0), **more)
        self.smtp.ehlo()
        if tls:
            self.smtp.starttls(context=self.context)
            self.smtp.ehlo()

    def command(self, line):
        code, text = self.smtp.docmd(line)
        return f"{code} {text.decode('latin-1')}"

    def send(self, sender, recipients, data):
        """The first reply that is no success, or that to the data."""
        lines = [f"MAIL FROM:<{sender}>"]
        lines += [f"RCPT TO:<{to}>" for to in recipients]
        for line in lines:
            reply = self.command(line)
            if reply[0] != "2":
                return reply
        code, text = self.smtp.data(data.encode("latin-1"))
        return f"{code} {text.decode('latin-1')}"

    def close(self):
        try:
            self.smtp.quit()
        except (smtplib.SMTPException, OSError):
            pass


def reply_to(lines, node="mx1", **how):
    """What a node answers to the last of some commands."""
    client = Client(node, **how)
    try:
        for line in lines:
            reply = client.command(line)
        return reply
    finally:
        client.close()


def message(sender, to, body="A line of text.\n", more=""):
    token = f"{next(counter)}.{os.getpid()}.token"
    return token, (
        f"From: {sender}\nTo: {to}\nSubject: {token}\n"
        f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}"
        f"\nMessage-ID: <{token}@sender.example.com>\n{more}\n{body}"
    ).replace("\n", "\r\n")


def arrived(token, to, seconds=DELIVERY_SECONDS):
    """The message outside; a failure if it does not come."""
    found = INBOX.wait(lambda m: token in m.text and to in m.recipients,
                       seconds)
    want(found, f"nothing arrives at {to}")
    return found


def dns_txt(name):
    out = subprocess.run(["drill", "-Q", "TXT", name.rstrip("."),
                          "@198.51.100.53"], stdout=subprocess.PIPE,
                         text=True, check=False).stdout
    return ["".join(re.findall(r'"([^"]*)"', line))
            for line in out.splitlines()]


def signatures(found):
    """The domains and selectors whose signatures are valid."""
    import dkim
    valid = []
    count = len(found.fields("DKIM-Signature"))
    for i in range(count):
        check = dkim.DKIM(found.data)
        if check.verify(idx=i, dnsfunc=lambda name, timeout=5: "".join(
                dns_txt(name.decode())).encode()):
            valid.append((check.fields[b"d"] if hasattr(check, "fields")
                          else check.domain).decode())
    return valid


def spf_passes(found):
    """Whether the client may send as the envelope sender's domain; ours are
    by address alone."""
    domain = (found.sender.rpartition("@")[2] or found.helo)
    for text in dns_txt(domain):
        if text.startswith("v=spf1 "):
            client = found.client
            words = [w.partition(":")[2] for w in text.split()
                     if w.startswith(("ip4:", "ip6:"))]
            return client in words
    return False


# The checks of a message that arrived outside.

def srs_sender(found, origin=SENDER):
    local, _, domain = origin.partition("@")
    want(re.fullmatch(rf"SRS0=.{{4}}=..={domain}={local}@example\.org",
                      found.sender), f"the sender is {found.sender}")


def rewritten(found):
    srs_sender(found)
    want(spf_passes(found), f"SPF: {found.client} as {found.sender}")


def over_dane(found):
    want(found.tls, "it came in clear text")
    log = run_on("srs1", "cat", "/var/log/mail.log")
    want(re.search(rf"Verified TLS connection established to mail\."
                   rf"{found.server}", log), "DANE was not verified")


def authentication_results(found):
    lines = found.fields("Authentication-Results")
    want(len(lines) == 1, f"{len(lines)} Authentication-Results")
    want("mx1.example.org" in lines[0] and "spf=pass" in lines[0], lines[0])
    want("forged.invalid" not in found.text, "a forged result came through")


SCENARIOS = []


def scenario(name):
    def add(function):
        SCENARIOS.append((name, function))
        return function
    return add


def table(name, rows, function):
    """A scenario for each row; its first column says what it is about."""
    for row in rows:
        SCENARIOS.append((f"{name}: {row[0]}",
                          lambda row=row: function(*row[1:])))


# The MX, up to RCPT.

def verdict(to, code, sender=SENDER, v6=False):
    reply = reply_to([f"MAIL FROM:<{sender}>", f"RCPT TO:{to}"], v6=v6)
    want(reply.startswith(str(code)), f"RCPT TO:{to}: {reply}")


table("MX", [
    ("alias", "<postmaster@example.org>", 250),
    ("alias of an alias", "<abuse@example.org>", 250),
    ("alias with several targets", "<everyone@example.org>", 250),
    ("letter case", "<PostMaster@EXAMPLE.org>", 250),
    ("over IPv6", "<postmaster@example.org>", 250, SENDER, True),
    ("null sender", "<postmaster@example.org>", 250, ""),
    ("extension", "<everyone+x@example.org>", 250),
    ("two extensions", "<everyone+x+y@example.org>", 250),
    ("postmaster without a domain", "<postmaster>", 250),
    ("alias, alias domain", "<postmaster@example.net>", 250),
    ("alias, a node's name", "<root@web1.example.org>", 250),
    ("alias, its own name", "<root@mx1.example.org>", 250),
    ("alias, an independent mailer's name", "<root@lists1.example.org>", 250),
    ("extension, alias domain", "<everyone+x@example.net>", 250),
    ("Hiera forward", "<press@example.org>", 250),
    ("Hiera forward, extension", "<press+x@example.org>", 250),
    ("Hiera forward, alias domain", "<press@example.net>", 250),
    ("Hiera forward, node's name", "<press@web1.example.org>", 250),
    ("Hiera forward, alias domain, extension", "<press+x@example.net>", 250),
    ("LDAP forward", "<luis@example.org>", 250),
    ("LDAP forward, letter case", "<LUIS@Example.ORG>", 250),
    ("LDAP forward, extension", "<luis+x@example.org>", 250),
    ("LDAP forward, alias domain", "<luis@example.net>", 250),
    ("LDAP forward, node's name", "<luis@web1.example.org>", 250),
    ("LDAP role account", "<team@example.org>", 250),
    ("account without a forward", "<nofwd@example.org>", 550),
    ("account without a forward, alias domain", "<nofwd@example.net>", 550),
    ("retired account", "<gone@example.org>", 550),
    ("disabled account", "<closed@example.org>", 550),
    ("account with a command", "<piper@example.org>", 550),
    ("unknown user", "<nobody@example.org>", 550),
    ("unknown user, extension", "<nobody+x@example.org>", 550),
    ("unknown user, alias domain", "<nobody@example.net>", 550),
    ("unknown user, node's name", "<nobody@web1.example.org>", 550),
    ("unknown user, its own name", "<nobody@mx1.example.org>", 550),
    ("unknown user, its address", "<nobody@[192.0.2.10]>", 550),
    ("root, its address", "<root@[192.0.2.10]>", 550),
    ("LDAP filter in the address", "<*@example.org>", 550),
    ("LDAP filter in parentheses", "<luis)(uid=*@example.org>", 550),
    ("no relay outside", "<x@dane.example.com>", 554),
    ("no relay outside, null sender", "<x@dane.example.com>", 554, ""),
    ("no relay outside, our sender", "<x@dane.example.com>", 554,
     "hana@example.org"),
    ("no relay to a subdomain", "<x@nowhere.example.org>", 554),
    ("no relay to the service names", "<hana@srs.example.org>", 554),
    ("percent hack", "<x%dane.example.com@example.org>", 554),
    ("bang path", "<dane.example.com!x>", 554),
    ("source route", "<@example.org:x@dane.example.com>", 554),
    ("unknown sender domain", "<postmaster@example.org>", 450,
     "x@nowhere.invalid"),
], verdict)


@scenario("MX: no VRFY")
def _():
    reply = reply_to(["VRFY postmaster"])
    want(reply.startswith("502"), reply)


@scenario("MX: no EXPN")
def _():
    reply = reply_to(["EXPN postmaster"])
    want(reply.startswith("5"), reply)


@scenario("MX: a message larger than it takes")
def _():
    reply = reply_to([f"MAIL FROM:<{SENDER}> SIZE=26000000"])
    want(reply.startswith("552"), reply)


@scenario("MX: unauthorized pipelining before the greeting is over")
def _():
    with socket.create_connection((address("mx1"), 25), 20) as s:
        s.sendall(b"EHLO mail.sender.example.com\r\n"
                  b"MAIL FROM:<alice@sender.example.com>\r\n"
                  b"RCPT TO:<hana@example.org>\r\nDATA\r\n"
                  b"Subject: x\r\n\r\nx\n.\nMAIL FROM:<a@b.example>\r\n")
        text = b""
        s.settimeout(5)
        try:
            while chunk := s.recv(4096):
                text += chunk
        except socket.timeout:
            pass
    want(b"503" in text or b"554" in text or b"521" in text,
         text.decode("latin-1"))


# The MX and the SRS host: delivery.

def delivery(to, arrivals, checks=(), sender=SENDER, author=None, v6=False,
             body="A line of text.\n", more="", absent=()):
    token, data = message(author or sender, to, body, more)
    client = Client("mx1", v6=v6)
    try:
        reply = client.send(sender, [to], data)
    finally:
        client.close()
    want(reply.startswith("250"), f"to {to}: {reply}")

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


HANA, LUIS = "hana@dane.example.com", "luis@dane.example.com"
PRESS, MARA = "press@tls.example.com", "mara@tls.example.com"
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
    ("our author is signed for", "hana@example.org", [HANA],
     [lambda m: want("example.org" in signatures(m), "no valid DKIM")],
     SENDER, "hana@example.org"),
    ("a foreign author is not signed for", "hana@example.org", [HANA],
     [lambda m: want("example.org" not in signatures(m), "DKIM")]),
    ("a node's author is not signed for", "hana@example.org", [HANA],
     [lambda m: want(not signatures(m), "DKIM")], SENDER,
     "root@web1.example.org"),
    ("DMARC p=reject is a score only", "hana@example.org", [HANA],
     [lambda m: want("dmarc=fail" in m.header, "dmarc is not fail")],
     SENDER, "ceo@strict.example.com"),
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
    client = Client("mx1")
    reply = client.send(SENDER, ["refused@example.org"], data)
    client.close()
    want(reply.startswith("250"), reply)

    def check():
        found = arrived(token, SENDER)
        want(found.sender == "", f"a bounce from {found.sender}")
        want(found.client in ("192.0.2.10", "2001:db8:1::10"),
             f"the bounce comes from {found.client}, not the MX")
        want(spf_passes(found), "SPF of the bounce's HELO")
    return check


ATTACHED = """--b
Content-Type: text/plain

See the attachment.
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename=program.exe
Content-Transfer-Encoding: base64

%s
--b--
"""
INLINE = ATTACHED.replace(
    "Content-Disposition: attachment; filename=program.exe",
    "Content-Disposition: inline\nContent-ID: <part@sender.example.com>")
MULTIPART = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"


def refused_data(body, code, more="", odd=False):
    _, data = message(SENDER, "hana@example.org", body, more)
    if odd:
        data = "Oddity: first\r\n" + data
    client = Client("mx1")
    reply = client.send(SENDER, ["hana@example.org"], data)
    client.close()
    want(reply.startswith(code), reply)


table("MX", [
    ("spam", GTUBE + "\n", "554"),
    ("a virus", EICAR + "\n", "554"),
    ("a virus attached", ATTACHED % base64.b64encode(EICAR.encode()).decode(),
     "554", MULTIPART),
    ("a virus attached, first header unknown to clamd", ATTACHED %
     base64.b64encode(EICAR.encode()).decode(), "554", MULTIPART, True),
    ("a virus inline without a name", INLINE %
     base64.b64encode(EICAR.encode()).decode(), "554", MULTIPART),
    ("a virus in HTML", f"<p>{EICAR}</p>\n", "554",
     "MIME-Version: 1.0\nContent-Type: text/html\n"),
], refused_data)


@scenario("bounce: to an SRS address, to the origin; tampered ones refused")
def _():
    finish = delivery("hana@example.org", [])
    token, data = message(SENDER, "hana@example.org")
    client = Client("mx1")
    client.send(SENDER, ["hana@example.org"], data)
    found = arrived(token, HANA)
    srs = found.sender
    token, data = message("mailer-daemon@dane.example.com", srs)
    reply = client.send("", [srs], data)
    want(reply.startswith("250"), f"bounce to {srs}: {reply}")
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
        bounce = arrived(token, SENDER)
        want(bounce.sender == "", f"from {bounce.sender}")
        finish()
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
    client = Client("mx1")
    reply = client.send(SENDER, ["luis@example.org"],
                        signature.decode() + data)
    client.close()
    want(reply.startswith("250"), reply)

    def check():
        found = arrived(token, LUIS)
        want(signatures(found) == ["sender.example.com"], "it is broken")
        want("dkim=pass" in found.header, "the MX did not see it")
    return check


def smuggle(ending):
    """A second message behind an end of data that is none (RFC 5321,
    section 2.3.8)."""
    token, data = message(SENDER, "hana@example.org")
    hidden, more = message("ceo@example.org", "luis@example.org")
    client = Client("mx1")
    for line in (f"MAIL FROM:<{SENDER}>", "RCPT TO:<hana@example.org>",
                 "DATA"):
        client.command(line)
    text = (data + "x" + ending + "MAIL FROM:<ceo@example.org>\r\n"
            "RCPT TO:<luis@example.org>\r\nDATA\r\n" + more)
    client.smtp.sock.sendall(text.encode("latin-1") + b"\r\n.\r\n")
    client.smtp.sock.settimeout(10)
    try:
        client.smtp.getreply()
    except (OSError, smtplib.SMTPException):
        pass
    client.smtp.close()

    def check():
        time.sleep(1)
        for found in INBOX.messages:
            want(hidden not in found.text or token in found.text,
                 f"a smuggled message from {found.sender} arrives")
    return check


table("MX, smuggling", [
    ("LF . LF", "\n.\n"), ("LF . CRLF", "\n.\r\n"),
    ("CRLF . LF", "\r\n.\n"), ("CR . CR", "\r.\r"),
    ("CR . CRLF", "\r.\r\n"), ("CRLF . CR", "\r\n.\r"),
], smuggle)


@scenario("MX: suspicious mail is greylisted, then marked")
def _():
    token = f"{next(counter)}.{os.getpid()}.token"
    # Nobody has seen this sender yet.
    sender = f"{token}@sender.example.com"
    data = f"From: x <{sender}>\r\nX-Token: {token}\r\n\r\n{token}\r\n"
    client = Client("mx1", v6=True)
    reply = client.send(sender, ["luis@example.org"], data)
    want(reply.startswith("451"), f"at first: {reply}")
    # The five minutes are over.
    run_on("mx1", "sh", "-c", "redis-cli --raw keys 'rg*' | while read -r "
           "key; do redis-cli set \"$key\" $(($(date +%s) - 400)); done")
    reply = client.send(sender, ["luis@example.org"], data)
    client.close()
    want(reply.startswith("250"), f"later: {reply}")

    def check():
        found = arrived(token, LUIS)
        want(found.fields("X-Spamd-Bar") or found.fields("X-Spam"),
             "it is not marked")
    return check


@scenario("node: a bounce of its mail comes to root")
def _():
    token, data = message("root@web1.example.org", "refuse@dane.example.com")
    run_on("web1", "sendmail", "-i", "refuse@dane.example.com",
           stdin=data.replace("\r\n", "\n"))

    def check():
        found = arrived(token, HANA)
        want(found.sender == "", f"from {found.sender}")
        want("550 5.1.1" in found.text, "it does not say why")
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


def srs_from(node, to, code):
    script = f"""import smtplib, ssl
smtp = smtplib.SMTP("{address("srs1")}", timeout=60)
smtp.starttls(context=ssl._create_unverified_context())
smtp.ehlo()
smtp.docmd("MAIL FROM:<{SENDER}>")
print(smtp.docmd("RCPT TO:<{to}>"))
"""
    out = run_on(node, "/usr/bin/python3", "-", stdin=script)
    want(out.startswith(f"({code},"), out)


table("SRS", [
    ("the MX may", "mx1", "hana@example.org", 250),
    ("the MX may not relay outside", "mx1", "x@dane.example.com", 554),
    ("another node may not", "web1", "hana@example.org", 450),
], srs_from)


# Submission.

def login(user, password, port=587, v6=False):
    client = Client("submit1", port, v6=v6, tls=port == 587,
                    wrapper=port == 465)
    try:
        client.smtp.login(user, password)
        return client, "235"
    except smtplib.SMTPAuthenticationError as error:
        client.close()
        return None, str(error.smtp_code)


def submission_login(user, password, port, code):
    client, reply = login(user, password, port)
    if client:
        client.close()
    want(reply == code, f"{user}: {reply}")


table("submission", [
    ("587, SHA-512", "hana", "hana password", 587, "235"),
    ("465", "hana", "hana password", 465, "235"),
    ("bare MD5", "luis", "luis password", 587, "235"),
    ("MD5-CRYPT", "mara", "mara password", 587, "235"),
    ("PLAIN", "team", "team password", 587, "235"),
    ("with a domain", "hana@example.org", "hana password", 587, "235"),
    ("letter case", "Hana", "hana password", 587, "235"),
    ("wrong password", "hana", "luis password", 587, "535"),
    ("wrong password, 465", "hana", "luis password", 465, "535"),
    ("unknown user", "nobody", "x", 587, "535"),
    ("account without a password", "toalias", "x", 587, "535"),
], submission_login)


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


def submission_delivery(sender, to, target, signed, port):
    token, data = message(sender, to)
    client, _ = login("hana", "hana password", port)
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
    ("to us, signed twice", "hana@example.org", "luis@example.org", LUIS, 2,
     587),
], submission_delivery)


# The MTA.

def mta_relays(certificate, code, v6=False):
    reply = reply_to(["MAIL FROM:<root@web1.example.org>",
                      "RCPT TO:<x@dane.example.com>"], "mta1", port=587,
                     tls=True, certificate=certificate, v6=v6)
    want(reply.startswith(str(code)), f"{certificate}: {reply}")


table("MTA", [
    ("a node's certificate", "web1.example.org", 250),
    ("a node's certificate over IPv6", "web1.example.org", 250, True),
    ("no certificate", None, 450),
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


# A node's own mail, as cron sends it.

def cron(node, to, target, sender, signed, author=None):
    token, data = message(author or f"root@{node}.example.org", to)
    run_on(node, "sendmail", "-i", to, stdin=data.replace("\r\n", "\n"))

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
    client = Client("lists1")
    reply = client.send(SENDER, ["talk@lists.example.org"], data)
    client.close()
    want(reply.startswith("250"), reply)

    def check():
        found = arrived(token, "subscriber@dane.example.com")
        want(not signatures(found), "it is signed")
    return check


# Faults: what is down is down for one scenario, and comes back.

class Down:
    def __init__(self, node, service):
        self.node, self.service = node, service

    def __enter__(self):
        run_on(self.node, "/etc/fleet/services", "stop", self.service)

    def __exit__(self, *_):
        run_on(self.node, "/etc/fleet/services", "start", self.service)


def eventually(function, seconds=15):
    """Until it holds, or time is over."""
    end = time.monotonic() + seconds
    while True:
        try:
            return function()
        except Failure:
            if time.monotonic() > end:
                raise
        time.sleep(0.3)


def flush(node):
    run_on(node, "postfix", "reload")
    run_on(node, "postqueue", "-f")


FAULTS = []


def fault(name):
    def add(function):
        FAULTS.append((name, function))
        return function
    return add


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
    with Down("srs1", "slapd"):
        run_on("srs1", "postfix", "reload")
        finish = delivery("luis@example.org", [LUIS], [rewritten])
        time.sleep(1)
    flush("srs1")
    flush("mx1")
    finish()


@fault("postsrsd of the SRS host down: mail waits, nothing leaves unwritten")
def _():
    with Down("srs1", "postsrsd"):
        finish = delivery("press@example.org", [PRESS], [rewritten])
        time.sleep(1)
    flush("srs1")
    flush("mx1")
    finish()


@fault("postsrsd of the MX down: bounces wait, other mail does not notice")
def _():
    with Down("mx1", "postsrsd"):
        verdict("<SRS0=abcd=AA=sender.example.com=alice@example.org>", 451,
                "")
        delivery("press@example.org", [PRESS], [rewritten])()


def refused_while_down(node, service, to="hana@example.org"):
    _, data = message(SENDER, to)
    with Down(node, service):
        client = Client(node)
        reply = client.send(SENDER, [to], data)
        client.close()
        want(reply.startswith("4"), f"{service} down: {reply}")
    delivery(to, [HANA], [rewritten])()


@fault("rspamd of the MX down: mail waits outside")
def _():
    refused_while_down("mx1", "rspamd")


@fault("clamd of the MX down: mail waits outside")
def _():
    refused_while_down("mx1", "clamd")


@fault("rspamd of the SRS host down: nothing leaves unsigned")
def _():
    with Down("srs1", "rspamd"):
        finish = delivery("hana@example.org", [HANA], [
            lambda m: want("example.org" in signatures(m), "not signed")],
            SENDER, "hana@example.org")
        time.sleep(1)
    flush("srs1")
    flush("mx1")
    finish()


@fault("rspamd of the MTA down: mail waits on the node")
def _():
    with Down("mta1", "rspamd"):
        finish = cron("web2", "x@dane.example.com", "x@dane.example.com",
                      r"root@example\.org", ["example.org"])
        time.sleep(1)
    flush("web2")
    finish()


@fault("MTA down: mail waits on the node")
def _():
    with Down("mta1", "postfix"):
        finish = cron("web1", "root", HANA, SRS_WEB1, [])
        time.sleep(1)
    flush("web1")
    finish()


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


@fault("MX restarted with mail in its queue: none is lost")
def _():
    with Down("srs1", "postfix"):
        waiting = [delivery("hana@example.org", [HANA], [rewritten])
                   for _ in range(20)]
        run_on("mx1", "/etc/fleet/services", "stop", "postfix")
        run_on("mx1", "/etc/fleet/services", "start", "postfix")
        queue = run_on("mx1", "postqueue", "-p")
        want("in 2" in queue or "in 3" in queue, f"the queue: {queue}")
    flush("mx1")
    for finish in waiting:
        finish()


def change(mode, add=""):
    """Compile with the directory in this mode and one more alias, and install
    that."""
    subprocess.run([f"{HERE}/make-env", DIR, mode], check=True)
    data = f"{DIR}/env/data/common.yaml"
    with open(data, encoding="utf-8") as f:
        text = f.read()
    with open(data, "w", encoding="utf-8") as f:
        f.write(text.replace("  everyone:", f"{add}  everyone:"))
    subprocess.run([f"{HERE}/../../mailc", "-q", "-C", f"{DIR}/env",
                    "compile", "--no-sync"], check=True,
                   stderr=subprocess.DEVNULL)
    for node in ("mx1", "srs1"):
        fqdn = f"{node}.example.org"
        with subprocess.Popen(
                ["tar", "-C", f"{DIR}/env/out/{fqdn}", "-c", "etc"],
                stdout=subprocess.PIPE) as tar:
            subprocess.run([f"{HERE}/shell", DIR, node, "tar", "-C", "/",
                            "-x", "--no-same-owner"],
                           stdin=tar.stdout, check=True)
        run_on(node, "/etc/fleet/services", "tables")
        run_on(node, "postfix", "reload")


def change_under_load(mode, add, patient):
    """200 messages while change() works; patient: the client comes again when
    it is told to."""
    waiting, problems = [], []

    def inject():
        for to, target in [("hana@example.org", HANA),
                           ("luis@example.net", LUIS),
                           ("root@web1.example.org", HANA),
                           ("press@example.org", PRESS)] * 10:
            def send(to=to, target=target):
                waiting.append(delivery(to, [target], [rewritten]))
            try:
                if patient:
                    eventually(send, 30)
                else:
                    send()
            except Failure as problem:
                problems.append(str(problem))

    threads = [threading.Thread(target=inject) for _ in range(5)]
    for thread in threads:
        thread.start()
    change(mode, add)
    for thread in threads:
        thread.join()
    want(not problems, "; ".join(problems[:3]))
    flush("srs1")
    flush("mx1")
    for finish in waiting:
        finish()


@fault("change: a new alias, installed with 200 messages in flight")
def _():
    verdict("<fresh@example.org>", 550)
    change_under_load("live", "  fresh: hana\n", False)
    verdict("<fresh@example.org>", 250)
    delivery("fresh@example.net", [HANA], [rewritten])()


@fault("change: live to snapshot, installed with 200 messages in flight")
def _():
    change_under_load("snapshot", "", True)
    eventually(lambda: verdict("<fresh@example.org>", 550))
    for node in ("mx1", "srs1"):
        run_on(node, "/etc/fleet/services", "stop", "slapd")


# From here on the directory is down.

def later(function):
    """A delivery that is also checked at once."""
    def now(*row):
        finish = function(*row)
        if finish:
            finish()
    return now


for row in [
    ("LDAP forward", "<luis@example.org>", 250),
    ("LDAP forward, letter case", "<LUIS@Example.ORG>", 250),
    ("LDAP forward, extension", "<luis+x@example.org>", 250),
    ("LDAP forward, alias domain", "<luis@example.net>", 250),
    ("account without a forward", "<nofwd@example.org>", 550),
    ("retired account", "<gone@example.org>", 550),
    ("disabled account", "<closed@example.org>", 550),
    ("account with a command", "<piper@example.org>", 550),
    ("unknown user", "<nobody@example.org>", 550),
]:
    FAULTS.append((f"snapshot, slapd down: {row[0]}",
                   lambda row=row: verdict(*row[1:])))
for row in [
    ("LDAP forward", "luis@example.org", [LUIS], [rewritten]),
    ("LDAP role account", "team@example.org",
     [LUIS, "team@tls.example.com"], [rewritten]),
    ("LDAP forward to an alias", "toalias@example.org", [HANA], [rewritten]),
]:
    FAULTS.append((f"snapshot, slapd down: delivery, {row[0]}",
                   lambda row=row: later(delivery)(*row[1:])))


def attempt(name, function):
    """Run a scenario, or its end; what is left to do, or None."""
    try:
        return function() or "passed"
    except Failure as problem:
        text = str(problem)
    except Exception as problem:    # the other scenarios go on
        text = f"{type(problem).__name__}: {problem}"
    results["failed"] += 1
    print(f"FAIL {name}: {text}", flush=True)
    return None


def main():
    verbose = os.environ.get("VERBOSE")
    first = os.environ.get("FIRST")     # failure is the end: for mutants
    only = os.environ.get("ONLY", "")
    started = time.monotonic()
    waiting = []
    for group in (SCENARIOS, FAULTS):
        if first and group is FAULTS:
            group = [row for row in group if not re.match("change|snap",
                                                          row[0])]
        for name, function in group:
            if only not in name or (first and results["failed"]):
                continue
            rest = attempt(name, function)
            if callable(rest):
                waiting.append((name, rest))
            elif rest:
                results["passed"] += 1
                if verbose:
                    print("ok", name, flush=True)
        for name, rest in waiting:
            if first and results["failed"]:
                break
            if attempt(name, rest):
                results["passed"] += 1
                if verbose:
                    print("ok", name, flush=True)
        waiting = []
    if verbose:
        print(f"{time.monotonic() - started:.0f} s")
    print("{passed} passed, {failed} failed, {skipped} skipped"
          .format(**results))
    return results["failed"] != 0


if __name__ == "__main__":
    sys.exit(main())
