"""The MX up to RCPT, and what it refuses to take."""

import base64
import os
import smtplib
import socket
import time

from fleet import (Client, INBOX, LUIS, SENDER, address, arrived, counter,
                   message, reply_to, run_on, scenario, submit, table, want)

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


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
    ("alias, a domain from PuppetDB", "<root@exported.example.net>", 250),
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
    ("LDAP forward, a domain from PuppetDB", "<luis@exported.example.net>",
     250),
    ("LDAP role account", "<team@example.org>", 250),
    ("account without a forward", "<nofwd@example.org>", 550),
    ("account without a forward, alias domain", "<nofwd@example.net>", 550),
    ("retired account", "<gone@example.org>", 550),
    ("disabled account", "<closed@example.org>", 550),
    ("account with a command", "<piper@example.org>", 550),
    ("unknown user", "<nobody@example.org>", 550),
    ("unknown user over IPv6", "<nobody@example.org>", 550, SENDER, True),
    ("unknown user, extension", "<nobody+x@example.org>", 550),
    ("unknown user, alias domain", "<nobody@example.net>", 550),
    ("unknown user, node's name", "<nobody@web1.example.org>", 550),
    ("unknown user, its own name", "<nobody@mx1.example.org>", 550),
    ("unknown user, an independent mailer's name",
     "<nobody@lists1.example.org>", 550),
    ("unknown user, a domain from PuppetDB", "<nobody@exported.example.net>",
     550),
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


@scenario("MX: no mail without a greeting")
def _():
    with socket.create_connection((address("mx1"), 25), 20) as s:
        s.settimeout(20)
        s.recv(4096)
        s.sendall(f"MAIL FROM:<{SENDER}>\r\n".encode())
        reply = s.recv(4096).decode("latin-1")
    want(reply.startswith("503"), reply)


@scenario("MX: addresses are ASCII")
def _():
    client = Client("mx1")
    offered = client.smtp.has_extn("smtputf8")
    client.close()
    want(not offered, "SMTPUTF8 is offered")


@scenario("MX: a message larger than it takes, by its own account")
def _():
    reply = reply_to([f"MAIL FROM:<{SENDER}> SIZE=26000000"])
    want(reply.startswith("552"), reply)


@scenario("MX: a message larger than it takes, unannounced")
def _():
    _, data = message(SENDER, "hana@example.org", ("x" * 998 + "\n") * 26000)
    submit(data, SENDER, "hana@example.org", code="552")


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
    submit(data, SENDER, "hana@example.org", code=code)


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


def greylisted(marked, *headers):
    token = f"t{next(counter)}.{os.getpid()}.token"
    # Nobody has seen this sender yet.
    sender = f"{token}@sender.example.com"
    data = "\r\n".join([f"From: x <{sender}>", f"X-Token: {token}", *headers,
                        "", token, ""])
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
        status = arrived(token, LUIS).fields("X-Spam-Status")
        want(len(status) == 1 and status[0].startswith(
            "Yes, " if marked else "No, "), f"{status}")
    return check


table("MX", [
    ("suspicious mail is greylisted, then marked", True),
    ("mail that is a little suspicious is greylisted", False,
     "To: luis@example.org", "Date: " + time.strftime(
         "%a, %d %b %Y %H:%M:%S +0000", time.gmtime())),
], greylisted)
