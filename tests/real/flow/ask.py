# ask.py PROBES LOGS CERTIFICATES: put each probe to the Postfix of this
# machine, and write what it said and did as lines of JSON. A probe is
# {probe, node, port, client, name, login, cert, helo, sender, recipient}; the
# record adds code, text and deliveries. Octets are Latin-1 here. One
# session for all probes of one client; each recipient is a message of its own.
import itertools
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

spool = '/var/spool/postfix'


def message(probe):
    return 'X-Probe: %d\r\nFrom: %s\r\n\r\nprobe\r\n' % (
        probe['probe'], probe.get('from', 'probe@example.net'))


def connect(client, port):
    """From the client's address, where this machine has one of the outside."""
    outside = 'OUTSIDE' in os.environ and client == os.environ['OUTSIDE']
    return socket.create_connection(('127.0.0.1', port), 60,
                                    (client, 0) if outside else None)


class Session:
    def __init__(self, port, client, name, login, cert, helo, certificates):
        self.helo = helo
        self.socket = connect(client, port)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = ssl._create_unverified_context()
        if cert:
            tls.load_cert_chain('%s/%s.crt' % (certificates, cert),
                                '%s/%s.key' % (certificates, cert))
        if port == 465:
            self.socket = tls.wrap_socket(self.socket)
        self.file = self.socket.makefile('rb')
        self.greeting()
        if port != 465:
            self.say('STARTTLS')
            self.expect(220)
            self.socket = tls.wrap_socket(self.socket)
            self.file = self.socket.makefile('rb')
            self.say('EHLO ' + helo)
            self.expect(250)
        address = ('IPV6:' if ':' in client else '') + client
        who = 'XCLIENT ADDR=%s NAME=%s' % (address, name or '[UNAVAILABLE]')
        self.say(who + (' LOGIN=' + login if login else ''))
        self.greeting()

    def greeting(self):
        self.expect(220)
        self.say('EHLO ' + self.helo)
        self.expect(250)

    def say(self, *lines):
        self.socket.sendall(''.join(
            line + '\r\n' for line in lines).encode('latin-1'))

    def answer(self):
        """A code, and the text of its last line."""
        while True:
            line = self.file.readline().decode('latin-1').rstrip('\r\n')
            if not line:
                raise EOFError('the server hung up')
            if line[3:4] != '-':
                return int(line[:3]), line[4:]

    def expect(self, code):
        got = self.answer()
        if got[0] != code:
            raise ValueError('%d instead of %d: %s' % (got[0], code, got[1]))

    def probe(self, probe):
        """MAIL, RCPT and, if it may, a message."""
        self.say('MAIL FROM:<%s>' % probe['sender'],
                 'RCPT TO:<%s>' % probe['recipient'], 'DATA')
        mail, rcpt, data = self.answer(), self.answer(), self.answer()
        code, text = mail if mail[0] != 250 else rcpt
        record = dict(probe, code=code, text=text)
        if data[0] == 354:
            self.say(message(probe) + '.')
            queued = self.answer()
            if queued[0] != 250:
                record['data'] = '%d %s' % queued
        self.say('RSET')
        self.expect(250)
        return record


def over_smtp(probes, certificates):
    def who(p):
        return [p[key] for key in ('port', 'client', 'name', 'login', 'cert',
                                   'helo')]
    for client, group in itertools.groupby(probes, who):
        session = Session(*client, certificates)
        for probe in group:
            yield session.probe(probe)
        session.say('QUIT')


def over_sendmail(probes):
    def octets(string):
        return string.encode('latin-1')
    for probe in probes:
        done = subprocess.run(
            [b'sendmail', b'-i', b'-f', octets(probe['sender']), b'--',
             octets(probe['recipient'])], capture_output=True,
            input=octets(message(probe).replace('\r', '')))
        record = dict(probe, code=0, text='')
        if done.returncode:
            record['data'] = 'sendmail %d: %s' % (
                done.returncode, done.stderr.decode('latin-1'))
        yield record


def settled():
    return not any(name for queue in ('maildrop', 'incoming', 'active')
                   for name in os.listdir('%s/%s' % (spool, queue)))


def wait():
    """Twice: what local(8) forwards is in two places, one after the other."""
    before = False
    for _ in range(600):
        now = settled()
        if now and before:
            return
        before = now
        time.sleep(0.1)
    sys.exit('the queue does not become empty')


def deliveries(path):
    """What the agent saw, by probe, when the queue is empty."""
    seen = {}
    with open(path) as file:
        for line in file:
            one = json.loads(line)
            seen.setdefault(one.pop('probe'), []).append(one)
    return seen


def ends(path, seen):
    """What local(8) and virtual(8) say in the log that they did."""
    probe, parent, lines = {}, {}, []
    with open(path, encoding='latin-1') as file:
        for line in file:
            found = re.search(r' ([0-9A-F]+): info: header X-Probe: (\d+)',
                              line)
            if found:
                probe[found[1]] = int(found[2])
            found = re.search(
                r' postfix/(local|virtual)\[\d+\]: ([0-9A-F]+): to=<(.*?)>, '
                r'(?:orig_to=.*?, )?relay=.*, status=(\w+) \((.*)\)$', line)
            again = found and re.match('forwarded as ([0-9A-F]+)', found[5])
            if again:
                parent[again[1]] = found[2]
            elif found:
                lines.append(found.groups())
    for transport, queue_id, recipient, status, text in lines:
        while queue_id in parent:
            queue_id = parent[queue_id]
        if queue_id in probe:
            seen.setdefault(probe[queue_id], []).append({
                'transport': transport, 'nexthop': '%s %s' % (status, text),
                'sender': '', 'recipient': recipient})


with open(sys.argv[1]) as file:
    probes = [json.loads(line) for line in file]
records = list(over_smtp([p for p in probes if p['port']], sys.argv[3]))
records += over_sendmail([p for p in probes if not p['port']])
wait()
seen = deliveries(sys.argv[2] + '/deliveries')
ends(sys.argv[2] + '/mail.log', seen)
for record in records:
    record['deliveries'] = seen.pop(record['probe'], [])
    print(json.dumps(record))
if seen:
    sys.exit('deliveries of nothing that was asked: %s' % seen)
