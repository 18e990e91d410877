"""What the fleet did with each message that came alone, for whoever wants to
hold a claim against it: FLEET_RECORD=FILE gets one JSON object a line.

scenario     its name
mode         of the directory: live or snapshot
node, port   where it came in; port null: sendmail(1) on that node
client       its address; null with sendmail
tls, certificate, login, helo
             of the session; certificate: its name, which is a node's or not
sender, recipient
             of the envelope, as the client gave them
mail, rcpt, data
             the codes of the replies; null if it did not come so far, 0 with
             sendmail, which does not tell
from         the header From:, null without data
queued       the nodes in whose queue it still is
deliveries   what arrived outside, one for each server and recipient:
    nodes        those that it passed, in order, by its Received: headers
    client       the address that the last of them had
    host, recipient
                 the outside server's domain, and whom it was for
    tls          whether that hop was encrypted
    sender       of the envelope, with HASH and DAY where SRS has its own
    from         the header From:
    dkim         domain/selector of the signatures that are valid
    bounce       a report about the message, not the message
"""

import json
import os
import re

FILE = os.environ.get("FLEET_RECORD")
entries = []
lines = []      # all that was written down
now = {"scenario": None, "mode": "live"}


def entry(session, sender, recipient, mail):
    """A message to one recipient; kept only while the mode is known."""
    one = {
        **now, "node": f"{session.node}.example.org", "port": session.port,
        "client": session.client, "tls": session.tls,
        "certificate": session.certificate, "login": session.login,
        "helo": session.helo, "sender": sender, "recipient": recipient,
        "mail": mail, "rcpt": None, "data": None, "from": None,
        "token": None}
    if now["mode"]:
        entries.append(one)
    return one


class Session:
    """What a client said so far, and was told."""

    def __init__(self, node, port=None, client=None, helo=None, tls=False,
                 certificate=None):
        self.node, self.port, self.client = node, port, client
        self.helo, self.tls, self.certificate = helo, tls, certificate
        self.login = None
        self.sender, self.mail, self.open = None, None, []

    def command(self, line, code):
        verb, _, path = line.partition(":")
        path = path.partition("<")[2].rpartition(">")[0]
        if verb.upper() == "MAIL FROM":
            self.sender, self.mail, self.open = path, code, []
        elif verb.upper() == "RCPT TO":
            self.open.append(entry(self, self.sender, path, self.mail))
            self.open[-1]["rcpt"] = code
        elif verb.upper() == "DATA":
            # Somebody speaks by himself; what he says is not known here.
            for one in self.open:
                if one in entries:
                    entries.remove(one)
            self.open = []

    def data(self, text, code):
        for one in self.open:
            one["data"] = code
            note_content(one, text)


def note_content(one, text):
    one["from"] = header(text, "From")
    one["token"] = re.search(r"t[0-9]+\.[0-9]+\.token", text).group()


def header(text, name):
    found = re.search(rf"(?im)^{name}:\s*(.*?)\r?$", text)
    return found.group(1) if found else None


def sendmail(node, sender, recipient, data):
    one = entry(Session(node), sender, recipient, 0)
    one["rcpt"] = one["data"] = 0
    note_content(one, data)


def without_hash(sender):
    sender = re.sub(r"^SRS0=[^=]{4}=[^=]{2}=", "SRS0=HASH=DAY=", sender)
    return re.sub(r"^SRS1=[^=]{4}=", "SRS1=HASH=", sender)


def nodes(found):
    return [by for field in reversed(found.fields("Received"))
            for by in re.findall(r"\bby (\S+) \(Postfix", field)]


def delivery(found, recipient, signatures):
    return {
        "nodes": nodes(found), "client": found.client,
        "host": found.server, "recipient": recipient,
        "tls": bool(found.tls), "sender": without_hash(found.sender),
        "from": header(found.header, "From"),
        "dkim": sorted("/".join(pair) for pair in signatures(found)),
        "bounce": "multipart/report" in found.header}


def waiting(names, run_on):
    """token: the nodes in whose queue a message with it is."""
    queued = {}
    for node in names:
        log = run_on(node, "cat", "/var/log/mail.log")
        tokens = dict(re.findall(
            r": (\w+): message-id=<(t[0-9]+\.[0-9]+\.token)@", log))
        for queue_id in re.findall(r'"queue_id": "(\w+)"',
                                   run_on(node, "postqueue", "-j")):
            queued.setdefault(tokens.get(queue_id), []).append(
                f"{node}.example.org")
    return queued


def write(messages, names, run_on, signatures):
    """Write down what became of the messages since the last time."""
    if not entries:
        return
    queued = waiting(names, run_on)
    with open(FILE or os.devnull, "a", encoding="ascii") as out:
        for one in entries:
            token = one.pop("token")
            if one["data"] not in (0, 250):
                token = None    # it did not come in
            one["queued"] = queued.get(token, []) if token else []
            one["deliveries"] = [
                delivery(found, recipient, signatures)
                for found in messages if token and token in found.text
                for recipient in found.recipients]
            lines.append(json.dumps(one))
            print(lines[-1], file=out)
    entries.clear()
