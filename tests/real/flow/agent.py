# agent.py RESULT TRANSPORT...: in place of Postfix's delivery agents.
# The queue manager finds each transport as a socket in the queue directory;
# here they all lead to this program, which reads the request as an agent does
# (deliver_request(3)), writes transport, next hop, sender and recipient to
# RESULT as a line of JSON (and the From: that the message has), and says "delivered". So nothing leaves, no process
# is started for a delivery, and main.cf stays as it was rendered.
#
# The second job is the resolver: whatever is asked on port 53 exists, but
# what ends in .invalid does not.
import json
import os
import re
import selectors
import socket
import struct
import sys

spool = '/var/spool/postfix'
result = open(sys.argv[1], 'w', buffering=1)
selector = selectors.DefaultSelector()


class Request:
    """One connection of the queue manager."""

    def __init__(self, connection, transport):
        self.connection, self.transport = connection, transport
        self.bytes = b''
        connection.sendall(b'protocol\0delivery_request_protocol\0\0')

    def read(self):
        data = self.connection.recv(65536)
        self.bytes += data
        if not data:
            self.end()
        elif self.complete():
            self.connection.sendall(b'status\x002.0.0\0' + b''.join(
                name + b'\0\0' for name in (
                    b'diag_type', b'diag_text', b'mta_type', b'mta_mname',
                    b'action', b'reason')) + b'status\x000\0\0')

    def complete(self):
        """Whether all is here; then it is written down."""
        words = self.bytes.split(b'\0')[:-1]
        request, at = attributes(words, 0)
        if request is None:
            return False
        recipients = []
        for _ in range(int(request[b'recipient_count'])):
            recipient, at = attributes(words, at)
            if recipient is None:
                return False
            recipients.append(recipient[b'recipient'])
        probe, header_from = message(request)
        for recipient in recipients if probe is not None else ():
            json.dump({'probe': probe, 'transport': self.transport,
                       'nexthop': text(request[b'nexthop']),
                       'sender': text(request[b'sender']),
                       'header_from': header_from,
                       'recipient': text(recipient)}, result)
            result.write('\n')
        return True

    def end(self):
        selector.unregister(self.connection)
        self.connection.close()


def attributes(words, at):
    """The list that starts at a word, and where the next one does."""
    found = {}
    while at < len(words):
        if not words[at]:
            return found, at + 1
        if at + 1 == len(words):
            break
        found[words[at]] = words[at + 1]
        at += 2
    return None, at


def text(octets):
    return octets.decode('latin-1')


def message(request):
    """Which probe the message is, as its header says, and its From:. None:
    it is a bounce. Records are a letter, the length and the line."""
    path = '%s/%s/%s' % (spool, text(request[b'queue_name']),
                         text(request[b'queue_id']))
    with open(path, 'rb') as file:
        octets = file.read()
    probe = re.search(rb'X-Probe: ([0-9]+)', octets)
    sent = re.search(rb'N(.)From: ', octets, re.DOTALL)
    if b'Content-Description: Notification' in octets or not probe:
        return None, None
    return int(probe[1]), text(
        octets[sent.end():sent.start() + 2 + sent[1][0]])


class Transport:
    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind('%s/private/%s' % (spool, name))
        os.chmod('%s/private/%s' % (spool, name), 0o666)
        self.socket.listen(100)

    def read(self):
        connection, _ = self.socket.accept()
        selector.register(connection, selectors.EVENT_READ,
                          Request(connection, self.name))


class Names:
    """A, AAAA and MX of every name."""
    answers = {1: socket.inet_pton(socket.AF_INET, '198.51.100.7'),
               28: socket.inet_pton(socket.AF_INET6, '2001:db8:77::7'),
               15: b'\0\x0a\4mail\7example\0'}

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 53))

    def read(self):
        query, peer = self.socket.recvfrom(4096)
        end = query.index(b'\0', 12) + 5
        kind, = struct.unpack('>H', query[end - 4:end - 2])
        answer = self.answers.get(kind)
        there = not query[:end - 4].lower().endswith(b'\7invalid\0')
        found = bool(there and answer)
        reply = query[:2] + struct.pack(
            '>HHHHH', 0x8180 if there else 0x8183, 1, found, 0, 0)
        reply += query[12:end]
        if found:
            reply += struct.pack('>HHHIH', 0xc00c, kind, 1, 60,
                                 len(answer)) + answer
        self.socket.sendto(reply, peer)


for one in [Names()] + [Transport(name) for name in sys.argv[2:]]:
    selector.register(one.socket, selectors.EVENT_READ, one)
while True:
    for key, _ in selector.select():
        key.data.read()
