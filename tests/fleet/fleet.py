"""What the scenarios have in common: the nodes, SMTP sessions of the outside
with them, and the checks of a message that arrived outside."""

import contextlib
import itertools
import os
import re
import smtplib
import ssl
import subprocess
import sys
import threading
import time

import outside
import record

HERE = os.path.dirname(os.path.abspath(__file__))
DIR = sys.argv[1]
MAILC = os.path.abspath(f"{HERE}/../../mailc")
NUMBER = {"mx1": 10, "srs1": 11, "mta1": 12, "submit1": 13, "lists1": 20,
          "web1": 30, "web2": 31}
NODES = list(NUMBER)
# Long enough for a busy machine; who breaks the fleet waits for it often.
DELIVERY_SECONDS = int(os.environ.get("DELIVERY_SECONDS", "40"))
SENDER = "alice@sender.example.com"
HELO = "mail.sender.example.com"
# Where the forwards of the test fleet lead.
HANA, LUIS = "hana@dane.example.com", "luis@dane.example.com"
PRESS, MARA = "press@tls.example.com", "mara@tls.example.com"

INBOX = outside.start(DIR)
counter = itertools.count(1)


class Failure(Exception):
    """What a scenario wanted is not so."""


def want(condition, text):
    if not condition:
        raise Failure(text)


# The scenarios, in phases that come one after another. What a scenario
# returns is called when all of its phase have begun: mail takes its time.
PHASES = {}
# phase: what holds while it lasts, a class of context managers.
STATES = {}


def phase(name, state=contextlib.nullcontext):
    PHASES[name], STATES[name] = [], state


phase("ways")
phase("faults")


def scenario(name, where="ways"):
    def add(function):
        PHASES[where].append((name, function))
        return function
    return add


def fault(name):
    return scenario(name, "faults")


def table(name, rows, function, where="ways"):
    """A scenario for each row; its first column says what it is about."""
    for row in rows:
        PHASES[where].append((f"{name}: {row[0]}",
                              lambda row=row: function(*row[1:])))


# The nodes.

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


def services(node, verb, *names):
    run_on(node, "/etc/fleet/services", verb, *names)


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


def meanwhile(function):
    """Begin it now; what is returned waits for it, and fails as it did."""
    problem = []

    def run():
        try:
            function()
        except Exception as failed:    # it is the other thread's
            problem.append(failed)

    thread = threading.Thread(target=run)
    thread.start()

    def finish():
        thread.join()
        if problem:
            raise problem[0]
    return finish


def flush(node):
    """What waits is tried now, and by daemons that have forgotten."""
    run_on(node, "postfix", "reload")
    run_on(node, "postqueue", "-f")


# Mail.

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
        self.smtp = kind(address(node, v6), port, HELO, timeout=60,
                         source_address=(source, 0), **more)
        self.smtp.ehlo()
        if tls:
            self.smtp.starttls(context=self.context)
            self.smtp.ehlo()
        self.record = record.Session(
            node=node, port=port, client=source, helo=HELO,
            tls=tls or wrapper, certificate=certificate)

    def login(self, user, password):
        self.smtp.login(user, password)
        self.record.login = user

    def command(self, line):
        code, text = self.smtp.docmd(line)
        self.record.command(line, code)
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
        self.record.data(data, code)
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


def submit(data, sender, to, node="mx1", code="250", **how):
    """One message from the outside to a node, which must answer this."""
    client = Client(node, **how)
    try:
        reply = client.send(sender, [to], data)
    finally:
        client.close()
    want(reply.startswith(code), f"<{sender}> to {to}: {reply}")


def message(sender, to, body="A line of text.\n", more=""):
    """Its token, which nothing else has, and a message."""
    token = f"t{next(counter)}.{os.getpid()}.token"
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


# The checks of a message that arrived outside.

def dns_txt(name):
    out = subprocess.run(["drill", "-Q", "TXT", name.rstrip("."),
                          "@198.51.100.53"], stdout=subprocess.PIPE,
                         text=True, check=False).stdout
    return ["".join(re.findall(r'"([^"]*)"', line))
            for line in out.splitlines()]


def valid_signatures(found):
    """Domain and selector of each signature that is valid."""
    import dkim
    valid = []
    for i in range(len(found.fields("DKIM-Signature"))):
        check = dkim.DKIM(found.data)
        if check.verify(idx=i, dnsfunc=lambda name, timeout=5: "".join(
                dns_txt(name.decode())).encode()):
            valid.append((check.domain.decode(),
                          check.selector.decode()))
    return valid


def signatures(found):
    """The domains whose signatures are valid."""
    return [domain for domain, _ in valid_signatures(found)]


def spf_passes(found):
    """Whether the client may send as the envelope sender's domain; ours are
    by address alone."""
    domain = (found.sender.rpartition("@")[2] or found.helo)
    for text in dns_txt(domain):
        if text.startswith("v=spf1 "):
            words = [w.partition(":")[2] for w in text.split()
                     if w.startswith(("ip4:", "ip6:"))]
            return found.client in words
    return False


def srs_sender(found, origin=SENDER):
    local, _, domain = origin.partition("@")
    want(re.fullmatch(rf"SRS0=.{{4}}=..={domain}={local}@example\.org",
                      found.sender), f"the sender is {found.sender}")


def rewritten(found):
    srs_sender(found)
    want(spf_passes(found), f"SPF: {found.client} as {found.sender}")


def verified(node, host):
    """A node has verified the other's certificate, with DANE or not at all:
    there is no other way to."""
    log = run_on(node, "cat", "/var/log/mail.log")
    want(re.search(rf"Verified TLS connection established to {host}\[", log),
         f"{node} did not verify {host}")


def over_dane(found):
    want(found.tls, "it came in clear text")
    verified("srs1", f"mail.{found.server}")


def ours_signed(found):
    want("example.org" in signatures(found), "no valid signature of ours")


def unsigned(found):
    want(not signatures(found), "it is signed")
