#!/usr/bin/python3
"""The world outside the fleet: domains with mail servers that note what they
get, and senders.

outside.py --zone DIR   the outside's DNS records; keys are in DIR/keys
outside.py --addresses  what the outside host must have
"""

import hashlib
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

# name: IPv4, IPv6, STARTTLS, TLSA ("right", "wrong" or none)
SERVERS = {
    "dane.example.com": ("198.51.100.21", "2001:db8:2::21", True, "right"),
    "wrong.example.com": ("198.51.100.22", "2001:db8:2::22", True, "wrong"),
    "exception.example.com":
        ("198.51.100.23", "2001:db8:2::23", True, "wrong"),
    "plain.example.com": ("198.51.100.24", None, False, None),
    "tls.example.com": ("198.51.100.25", "2001:db8:2::25", True, None),
    "six.example.com": (None, "2001:db8:2::26", True, "right"),
    # Senders; their bounces come back here.
    "sender.example.com": ("198.51.100.10", "2001:db8:2::10", False, None),
    "strict.example.com": ("198.51.100.11", None, False, None),
}
SENDER = ("198.51.100.10", "2001:db8:2::10")
STRANGER = ("198.51.100.99", "2001:db8:2::99")


def tlsa(pem, right):
    key = subprocess.run(
        ["sh", "-c", f"openssl x509 -in '{pem}' -noout -pubkey |"
         " openssl pkey -pubin -outform DER"],
        check=True, stdout=subprocess.PIPE).stdout
    return hashlib.sha256(key if right else b"wrong").hexdigest()


def reverse(address):
    if ":" in address:
        packed = socket.inet_pton(socket.AF_INET6, address).hex()
        return ".".join(reversed(packed)) + ".ip6.arpa."
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


def print_zone(directory):
    print("ns. 3600 IN A 198.51.100.53\nns. 3600 IN AAAA 2001:db8:2::53")
    for name, (v4, v6, _, match) in SERVERS.items():
        print(f"{name}. 3600 IN MX 10 mail.{name}.")
        for kind, address in (("A", v4), ("AAAA", v6)):
            if address:
                print(f"mail.{name}. 3600 IN {kind} {address}")
                print(f"{reverse(address)} 3600 IN PTR mail.{name}.")
        if match:
            digest = tlsa(f"{directory}/keys/{name}.pem", match == "right")
            print(f"_25._tcp.mail.{name}. 3600 IN TLSA 3 1 1 {digest}")
    print('sender.example.com. 3600 IN TXT'
          ' "v=spf1 ip4:198.51.100.10 ip6:2001:db8:2::10 -all"')
    print('strict.example.com. 3600 IN TXT "v=spf1 -all"')
    # Strict: the other senders outside are of the same organisation.
    print('_dmarc.strict.example.com. 3600 IN TXT'
          ' "v=DMARC1; p=reject; aspf=s; adkim=s"')
    with open(f"{directory}/keys/sender.dkim.public", encoding="ascii") as f:
        key = "v=DKIM1; k=rsa; p=" + f.read().strip()
    parts = " ".join(f'"{key[i:i + 200]}"' for i in range(0, len(key), 200))
    print(f"out._domainkey.sender.example.com. 3600 IN TXT {parts}")


class Message:
    """What a server outside got."""

    def __init__(self, server, client, helo, tls, sender, recipients, data):
        self.server, self.client, self.helo = server, client, helo
        self.tls, self.sender, self.recipients = tls, sender, recipients
        self.data = data
        self.text = data.decode("latin-1")
        self.header = self.text.partition("\r\n\r\n")[0]
        self.time = time.monotonic()

    def fields(self, name):
        text = re.sub(r"\r\n(?=[ \t])", "", self.header)
        return re.findall(rf"(?im)^{name}:\s*(.*?)\r?$", text)


class Inbox:
    def __init__(self):
        self.messages = []
        self.changed = threading.Condition()

    def add(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait(self, wanted, seconds):
        """The first message that is wanted, or None when time is over."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for message in self.messages:
                    if wanted(message):
                        return message
                if not self.changed.wait(max(0, end - time.monotonic())) \
                        and time.monotonic() >= end:
                    return None


class Session(socketserver.StreamRequestHandler):
    """RFC 5321 as far as the fleet speaks it. refuse@ is refused, defer@
    deferred."""

    timeout = 60

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def start_tls(self):
        self.say("220 go on")
        self.connection = self.server.tls.wrap_socket(
            self.connection, server_side=True)
        self.setup_files()
        self.secure = self.connection.version()

    def setup_files(self):
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)

    def read_data(self):
        self.say("354 go on")
        lines = []
        while True:
            line = self.rfile.readline()
            if line in (b".\r\n", b""):
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def handle(self):
        self.secure = None
        helo, sender, recipients = "", None, []
        self.say(f"220 mail.{self.server.name} ESMTP")
        while line := self.rfile.readline().decode("latin-1").strip():
            verb = line[:4].upper()
            path = re.search(r"<(.*?)>", line)
            if verb == "QUIT":
                self.say("221 bye")
                return
            if verb in ("EHLO", "HELO"):
                helo = line[5:]
                tls = self.server.tls and not self.secure
                self.say(f"250-mail.{self.server.name}")
                self.say("250-STARTTLS" if tls else "250-8BITMIME")
                self.say("250 SIZE 50000000")
            elif verb == "STAR" and self.server.tls and not self.secure:
                self.start_tls()
            elif verb == "MAIL":
                sender, recipients = path.group(1), []
                self.say("250 ok")
            elif verb == "RCPT" and path.group(1).startswith("refuse@"):
                self.say("550 5.1.1 nobody of that name")
            elif verb == "RCPT" and path.group(1).startswith("defer@"):
                self.say("450 4.2.1 later")
            elif verb == "RCPT":
                recipients.append(path.group(1))
                self.say("250 ok")
            elif verb == "DATA" and recipients:
                data = self.read_data()
                self.server.inbox.add(Message(
                    self.server.name, self.client_address[0], helo,
                    self.secure, sender, recipients, data))
                self.say("250 ok")
            elif verb in ("RSET", "NOOP"):
                self.say("250 ok")
            else:
                self.say("503 no")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, request, client_address):
        pass    # the client hung up, or does not like the certificate


class Server6(Server):
    address_family = socket.AF_INET6


def start(directory):
    """Start all servers; what they get comes to the Inbox returned."""
    inbox = Inbox()
    for name, (v4, v6, starttls, _) in SERVERS.items():
        tls = None
        if starttls:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(f"{directory}/keys/{name}.pem",
                                f"{directory}/keys/{name}.key")
        for kind, address in ((Server, v4), (Server6, v6)):
            if not address:
                continue
            server = kind((address, 25), Session)
            server.name, server.tls, server.inbox = name, tls, inbox
            threading.Thread(target=server.serve_forever,
                             daemon=True).start()
    return inbox


def main():
    if sys.argv[1:] == ["--addresses"]:
        listed = [a for s in SERVERS.values() for a in s[:2] if a]
        print(*listed, *STRANGER)
    elif len(sys.argv) == 3 and sys.argv[1] == "--zone":
        print_zone(sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
