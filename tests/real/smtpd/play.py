"""play.py JUDGE WORK CASE...: give each case to a real Postfix and to mailc,
and print where they differ. CASE is a file, seed:number:count, or the directory
of a node that mailc rendered.

A case has sections: [main.cf] and [options] (smtpd's own, as -o) with lines
"name = value", [table NAME] with the lines of a table that is @/NAME in the
values, [sessions] with tab-separated lines: client, HELO, what of TLS ("",
tls, one, two: with that certificate), login, sender, recipient. %one% and its
like in values are fingerprints."""
import base64
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

import fleet
import generator
import world

FIRST_PORT = 20000
SBIN = '/usr/lib/postfix/sbin'
BASE = '''compatibility_level = 3.7
myhostname = host.test
myorigin = local.test
queue_directory = @/queue
data_directory = @/data
inet_interfaces = all
inet_protocols = all
maillog_file = @/log.txt
maillog_file_prefixes = /
max_use = 1000000
service_throttle_time = 1s
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_hard_error_limit = 1000000
smtpd_junk_command_limit = 1000000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_policy_service_timeout = 5s
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:9997
alias_maps =
'''
MASTER = '''%d inet n - n - - smtpd
%scleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
'''
QUEUES = ('active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold',
          'incoming', 'private', 'saved', 'trace', 'public', 'maildrop')


class Case:
    def __init__(self, name, text):
        self.name, self.text = name, text
        self.section = {}
        lines = None
        for line in text.split('\n'):
            match = re.fullmatch(r'\[([a-z].*)\]', line)
            if match and match.group(1).split()[0] in (
                    'main.cf', 'options', 'table', 'sessions'):
                lines = self.section.setdefault(match.group(1), [])
            elif line and not (line[0] == '#' and lines is None):
                lines.append(line)
        self.sessions = [line.split('\t')
                         for line in self.section['sessions']]

    def write(self, at, port, fill):
        """The case's files in the directory at; fill replaces %names%."""
        def filled(text):
            for name, value in fill.items():
                text = text.replace('%' + name + '%', value)
            return text.replace('@/', at + '/')

        base = filled('\n'.join(self.section.get('main.cf', [])) + '\n')
        with open(at + '/main.cf', 'w') as f:
            ours = set(re.findall(r'^(\w+) *=', base, re.M))
            f.write(''.join(
                line + '\n' for line in BASE.replace('@', at).split('\n')
                if line.split(' ')[0] not in ours) + base)
        options = ''.join('  -o { %s }\n' % filled(line)
                          for line in self.section.get('options', []))
        with open(at + '/master.cf', 'w') as f:
            f.write(MASTER % (port, options))
        # Postfix waits for files that have just been written.
        os.utime(at + '/main.cf', (1, 1))
        for name, lines in self.section.items():
            if not name.startswith('table '):
                continue
            path = at + '/' + name.split()[1]
            with open(path, 'w') as f:
                f.write(filled('\n'.join(lines) + '\n'))
            os.utime(path, (1, 1))
            for kind in set(re.findall(r'\b(hash|btree|cdb|lmdb):' +
                                       re.escape(path) + r'\b',
                                       base + options)):
                subprocess.run(['postmap', '-c', at, kind + ':' + path],
                               stderr=subprocess.DEVNULL)


class Postfix:
    def __init__(self, at, port):
        self.at, self.port = at, port
        for d in QUEUES:
            os.makedirs(at + '/queue/' + d)
            shutil.chown(at + '/queue/' + d, 'postfix',
                         'postdrop' if d in ('public', 'maildrop') else None)
        os.chmod(at + '/queue/public', 0o710)
        os.chmod(at + '/queue/maildrop', 0o730)
        os.mkdir(at + '/queue/pid')
        os.mkdir(at + '/data')
        shutil.chown(at + '/data', 'postfix')
        self.master = subprocess.Popen(
            [SBIN + '/master', '-c', at, '-d'], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        for _ in range(1000):
            try:
                for server in '127.0.0.1', '::1':
                    socket.create_connection((server, port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit('%s: master does not start: %s' % (
            at, self.master.poll()))

    def log(self):
        try:
            with open(self.at + '/log.txt', errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    def stop(self):
        os.killpg(self.master.pid, signal.SIGTERM)
        self.master.wait()


class Refused(Exception):
    pass


class Connection:
    """One client's session; a reply that refuses is raised."""

    def __init__(self, port, certificates, client, helo, tls, login):
        self.certificates, self.helo, self.tls = certificates, helo, tls
        server = '::1' if ':' in client else '127.0.0.1'
        self.sock = socket.create_connection((server, port), 20, (client, 0))
        self.file = self.sock.makefile('rb')
        self.login = login

    def close(self):
        self.file.close()
        self.sock.close()

    def reply(self):
        text = []
        while True:
            try:
                line = self.file.readline().decode('latin-1')
            except OSError:
                line = ''
            if not line:
                raise Refused('421 closed')
            text.append(line.rstrip('\r\n'))
            if line[3:4] != '-':
                break
        if text[0][0] in '45':
            raise Refused(text[0][:3] + ' ' + text[0][4:])
        return text[-1]

    def say(self, line):
        try:
            self.sock.sendall(line.encode() + b'\r\n')
        except OSError:
            raise Refused('421 closed')
        return self.reply()

    def start_tls(self):
        context = ssl._create_unverified_context()
        if self.tls in ('one', 'two'):
            context.load_cert_chain('%s/%s.crt' % (self.certificates,
                                                   self.tls),
                                    '%s/%s.key' % (self.certificates,
                                                   self.tls))
        try:
            self.sock = context.wrap_socket(self.sock)
        except OSError:
            raise Refused('421 closed')
        self.file = self.sock.makefile('rb')

    def greeting(self, log):
        """What smtpd says first; one that cannot start never says it."""
        for _ in range(20):
            if select.select([self.sock], [], [], 1)[0]:
                return self.reply()
            if 'fatal:' in log():
                break
        raise Refused('421 closed')

    def open(self, wrapper, log):
        if wrapper:
            if not self.tls:
                raise Refused('421 closed')
            self.start_tls()
            self.reply()
        else:
            self.greeting(log)
        if self.helo:
            self.say('EHLO ' + self.helo)
        if self.tls and not wrapper:
            self.say('STARTTLS')
            self.start_tls()
            if self.helo:
                self.say('EHLO ' + self.helo)
        if self.login:
            self.say('AUTH PLAIN ' + base64.b64encode(
                ('\0%s\0x' % self.login).encode()).decode())

    def end(self):
        """The message's end, whose restrictions count and not cleanup(8)."""
        try:
            self.say('\r\n.')
        except Refused as refused:
            if 'queue file write error' not in str(refused):
                raise

    def recipient(self, sender, to, data):
        try:
            self.say('MAIL FROM:<%s>' % sender)
            reply = self.say('RCPT TO:<%s>' % to)
            if data:
                self.say('DATA')
                self.end()
            return reply
        except Refused as refused:
            return str(refused)
        finally:
            try:
                self.say('RSET')
            except Refused:
                pass


def ask_postfix(case, sessions, certificates, postfix):
    """What the real one says to each session."""
    wrapper = bool(re.search(r'^smtpd_tls_wrappermode = yes', case.text,
                             re.M))
    # What every template has refuses nobody.
    data = re.search(r'^smtpd_(data|end_of_data)_restrictions = '
                     r'(?!reject_unauth_pipelining$)', case.text, re.M)
    said, last, connection = [], None, None
    for session in sessions:
        who, (sender, to) = session[:4], session[4:]
        if who != last:
            if connection:
                connection.close()
                # One that dies as it starts would be waited for each time.
                if refused == '421 closed' and 'fatal:' in postfix.log():
                    return ['421 closed'] * len(sessions)
            last, refused = who, None
            connection = Connection(postfix.port, certificates, *who)
            try:
                connection.open(wrapper, postfix.log)
            except Refused as why:
                refused = str(why)
        said.append(refused or connection.recipient(sender, to, data))
        # After 421 and 521 Postfix hangs up.
        if not refused and said[-1][1:3] == '21':
            last = None
    if connection:
        connection.close()
    return said


def ask_mailc(judge, case, at, fill):
    lines = []
    for client, helo, tls, login, sender, to in case.sessions:
        name, leads_back = world.NAMES[client] or ('', False)
        certificate = tls if tls in ('one', 'two') else ''
        lines.append('\t'.join((
            client, name if leads_back else 'unknown', name or 'unknown',
            helo, 'tls' if tls else '', fill.get(certificate, ''),
            fill.get(certificate and certificate + '-key', ''),
            certificate and certificate + '.test', login, sender, to)))
    addresses = ' '.join(list(world.NAMES) + ['::1'])
    return subprocess.run(
        judge.split() + [at, addresses], input='\n'.join(lines) + '\n',
        stdout=subprocess.PIPE, universal_newlines=True).stdout.split('\n')


# The real smtpd's answer depends on what its stack held.
UNSET = 'memory that smtpd never set'


def differs(real, ours):
    """Whether two answers differ in what counts; 421: of mailc's own text."""
    if ours.startswith('unknown') and ours.endswith(UNSET):
        return False
    if real == '421 closed':
        return ours[:4] != '421 '
    if real[:3] == '250':
        return ours[:3] != '250'
    return real != ours


def play(judge, work, case, port, fill):
    at = '%s/%s' % (work, case.name.replace('/', '_'))
    os.mkdir(at)
    case.write(at, port, fill)
    postfix = Postfix(at, port)
    try:
        real = ask_postfix(case, case.sessions, work, postfix)
        ours = ask_mailc(judge, case, at, fill)
        ours += ['mailc gave no answer'] * (len(real) - len(ours))
        for n, session in enumerate(case.sessions):
            # smtpd forgets some of the last message only at the next MAIL;
            # mailc speaks of the first message of a session.
            if differs(real[n], ours[n]):
                real[n] = ask_postfix(case, [session], work, postfix)[0]
    finally:
        postfix.stop()
    wrong = [(s, r, o) for s, r, o in zip(case.sessions, real, ours)
             if differs(r, o)]
    for session, r, o in wrong[:8]:
        print('FAIL %s: %s: postfix: %s, mailc: %s' % (
            case.name, ' | '.join(session), r, o))
    if not wrong:
        shutil.rmtree(at, ignore_errors=True)
    return len(real) - len(wrong), len(wrong), [
        o if UNSET in o else r for r, o in zip(real, ours)]


def fingerprints(work):
    fill = {}

    def run(*command, **how):
        return subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True,
                              **how).stdout

    key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    run('openssl', 'req', '-x509', *key, '-subj', '/CN=ca', '-days', '2',
        '-keyout', work + '/ca.key', '-out', work + '/ca.crt')
    for name in 'server', 'one', 'two':
        path = work + '/' + name
        run('openssl', 'req', *key, '-subj', '/CN=%s.test' % name,
            '-keyout', path + '.key', '-out', path + '.csr')
        run('openssl', 'x509', '-req', '-in', path + '.csr', '-CA',
            work + '/ca.crt', '-CAkey', work + '/ca.key',
            '-CAcreateserial', '-days', '2', '-out', path + '.crt')
        import hashlib
        der = run('openssl', 'x509', '-in', path + '.crt', '-outform', 'DER')
        public = run('openssl', 'pkey', '-in', path + '.key', '-pubout',
                     '-outform', 'DER')
        for what, data in ((name, der), (name + '-key', public)):
            digest = hashlib.sha256(data).hexdigest().upper()
            fill[what] = ':'.join(digest[i:i + 2]
                                  for i in range(0, 64, 2))
            fill['low-' + what] = fill[what].lower()
    with open(work + '/server.pem', 'w') as f:
        for part in '.key', '.crt':
            f.write(open(work + '/server' + part).read())
    fill.update({'ca': work + '/ca.crt', 'server': work + '/server.pem'})
    return fill


def cases(names):
    for name in names:
        if os.path.isdir(name):
            for listener, text in fleet.cases(name):
                yield Case(listener, text)
            continue
        if ':' not in name:
            yield Case(os.path.basename(name), open(name).read())
            continue
        seed, first, count = (int(n) for n in name.split(':'))
        for n in range(first, first + count):
            text = generator.Generator('%d.%d' % (seed, n)).case()
            yield Case('seed-%d.%d' % (seed, n), text)


def main():
    judge, work = sys.argv[1:3]
    os.chmod(work, 0o755)
    fill = fingerprints(work)
    world.start()
    passed = failed = n = 0
    codes = {}
    for case in cases(sys.argv[3:]):
        good, bad, real = play(judge, work, case, FIRST_PORT + n, fill)
        passed, failed, n = passed + good, failed + bad, n + 1
        for answer in real:
            codes[answer[:3]] = codes.get(answer[:3], 0) + 1
        if bad:
            with open('%s/%s.case' % (work, case.name), 'w') as f:
                f.write(case.text)
    print('# %d configurations; replies %s' % (n, ', '.join(
        '%s: %d' % one for one in sorted(codes.items()))))
    print('%d passed, %d failed, 0 skipped' % (passed, failed))
    return failed != 0


sys.exit(main())
