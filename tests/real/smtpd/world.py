"""The world that mailc assumes, for one Postfix: a DNS in which every name
exists and each domain has this host as its backup, a policy service that has
nothing to say, and a Dovecot that takes any password. Ports are fixed: all
this runs in a network of its own."""
import base64
import ipaddress
import socket
import socketserver
import struct
import threading

# A client's address: its name in the DNS, and whether the name leads back.
NAMES = {
    '192.0.2.10': ('mail.good.test', True),
    '192.0.2.20': ('host.sub.bad.test', True),
    '198.51.100.7': ('rev.only.test', False),
    '2001:db8::25': ('six.good.test', True),
    '127.0.0.1': ('localhost', True),
    '192.0.2.77': None,
    '2001:db8:0:1::9': None,
}
ELSEWHERE = '203.0.113.5'
WORDS = ('check', 'defer', 'nonsense', 'permit', 'reject', 'sleep', 'warn')
A, PTR, MX, AAAA = 1, 12, 15, 28


def pointer(address):
    return ipaddress.ip_address(address).reverse_pointer


POINTERS = {pointer(a): n and n[0] for a, n in NAMES.items()}


def wire(name):
    parts = [p.encode() for p in name.split('.') if p]
    return b''.join(bytes([len(p)]) + p for p in parts) + b'\0'


def records(name, kind):
    """The records of a name, or None: there is no such name."""
    if name.endswith('.arpa'):
        found = POINTERS.get(name)
        if not found:
            return None
        return [wire(found)] if kind == PTR else []
    # A restriction that was taken for a blocklist's domain is no domain.
    if name.endswith('.rbl.test') or \
            name.rsplit('.', 1)[-1].startswith(WORDS):
        return None
    if name.endswith('.white.test'):
        return [socket.inet_aton('127.0.0.2')] if kind == A else []
    if name == 'backup.test':
        return [socket.inet_aton('127.0.0.1')] if kind == A else []
    if kind == MX:
        return [struct.pack('>H', 10) + wire('mx.elsewhere.test'),
                struct.pack('>H', 20) + wire('backup.test')]
    own = [a for a, n in NAMES.items() if n and n[0] == name and n[1]]
    if own:
        if kind == A:
            return [socket.inet_aton(a) for a in own if ':' not in a]
        if kind == AAAA:
            return [socket.inet_pton(socket.AF_INET6, a)
                    for a in own if ':' in a]
        return []
    return [socket.inet_aton(ELSEWHERE)] if kind == A else []


class Dns(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        at, parts = 12, []
        while data[at]:
            parts.append(data[at + 1:at + 1 + data[at]].decode('latin-1'))
            at += 1 + data[at]
        kind = struct.unpack('>H', data[at + 1:at + 3])[0]
        found = records('.'.join(parts).lower(), kind)
        reply = data[:2] + struct.pack(
            '>HHHHH', 0x8580 | (3 if found is None else 0), 1,
            len(found or []), 0, 0) + data[12:at + 5]
        for one in found or []:
            reply += b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60,
                                               len(one)) + one
        sock.sendto(reply, self.client_address)


class Policy(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line == b'\n':
                self.wfile.write(b'action=DUNNO\n\n')


class Dovecot(socketserver.StreamRequestHandler):
    """The protocol of Dovecot's auth socket; mechanism PLAIN only."""

    def handle(self):
        self.wfile.write(b'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\n'
                         b'SPID\t1\nCUID\t1\nCOOKIE\t' + b'0' * 32 +
                         b'\nDONE\n')
        for line in self.rfile:
            field = line.rstrip(b'\n').split(b'\t')
            if field[0] != b'AUTH':
                continue
            resp = [f[5:] for f in field if f.startswith(b'resp=')][0]
            user = base64.b64decode(resp).split(b'\0')[1]
            self.wfile.write(b'OK\t' + field[1] + b'\tuser=' + user + b'\n')


class Table(socketserver.StreamRequestHandler):
    """A tcp_table(5) in which nothing is: what postsrsd says to most."""

    def handle(self):
        for _ in self.rfile:
            self.wfile.write(b'500 none\n')


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Udp(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True


def start():
    for server in (Udp(('127.0.0.1', 53), Dns),
                   Tcp(('127.0.0.1', 9998), Policy),
                   Tcp(('127.0.0.1', 9997), Dovecot),
                   Tcp(('127.0.0.1', 10001), Table),
                   Tcp(('127.0.0.1', 10002), Table)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
