"""The listeners of a node that mailc rendered, as cases: its own files, but
for paths, and for what is not there (milters, limits, postsrsd)."""
import os
import random
import re

import generator

# What a test cannot have, or must not be stopped by.
INSTEAD = '''smtpd_tls_chain_files = %server%
smtpd_milters =
non_smtpd_milters =
smtpd_sasl_path = inet:127.0.0.1:9997
smtpd_hard_error_limit = 1000000
smtpd_soft_error_limit = 1000000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_auth_rate_limit = 0
smtpd_recipient_limit = 1000
'''
STRANGE = ['unknown@{0}', 'postmaster', 'postmaster@{0}', 'x@example.org',
           'x%example.org@{0}', 'example.org!x@{0}', '@{0}:x@example.org',
           '"x@example.org"@{0}', '"a b"@{0}', '@{0}', 'x@sub.{0}', 'x@',
           'x@[127.0.0.1]', 'SRS0=AAAA=BB=example.com=x@{0}', '{0}', '',
           'y' * 70 + '@{0}', 'x@nodot', 'a b@{0}', 'double-bounce@{0}']


def read(path):
    with open(path) as f:
        return f.read()


def logical_lines(text):
    """main.cf's lines, each with its continuations."""
    lines = []
    for line in text.split('\n'):
        if not line.strip() or line.lstrip().startswith('#'):
            continue
        if line[0] in ' \t' and lines:
            lines[-1] += '\n' + line
        else:
            lines.append(line)
    return lines


def listeners(text):
    """The inet services of master.cf that are smtpd, with their -o."""
    for line in logical_lines(text):
        fields = line.split()
        if fields[1] == 'inet' and fields[7] == 'smtpd':
            yield fields[0], [f.replace('=', ' = ', 1) for f in fields[8:]
                              if f != '-o']


class Addresses:
    def __init__(self, seed, tables, host):
        self.random = random.Random(seed)
        self.known = sorted(set(
            key for lines in tables.values() for line in lines
            for key in re.findall(r'^([^\s/#@]+@[^\s/]+)\s', line)))
        self.domains = sorted(set(k.split('@')[1] for k in self.known) |
                              {host, 'torproject.org', 'torproject.net'})

    def pick(self):
        r = self.random
        if self.known and r.random() < 0.7:
            address = r.choice(self.known)
            change = r.randrange(5)
            if change == 0:
                address = address.upper()
            elif change == 1:
                address = address.replace('@', '+ext@')
            elif change == 2:
                address = address.split('@')[0] + '@' + r.choice(self.domains)
            return address
        return r.choice(STRANGE).format(r.choice(self.domains))

    def sessions(self, connections, recipients):
        r = self.random
        for _ in range(connections):
            who = [r.choice(generator.CLIENTS), r.choice(
                ['probe.example', 'mail.good.test', '[192.0.2.10]', '']
                if r.random() < 0.5 else ['probe.example']),
                r.choice(['tls', 'tls', 'one', 'two', '']),
                r.choice(['', '', 'alice', 'ALICE', 'bob'])]
            for _ in range(recipients):
                sender = r.choice(['', 'a@example.com', 'alice@torproject.org',
                                   'alice+x@torproject.org', 'alice@example.com',
                                   'a@nodot', 'bob@torproject.org',
                                   self.pick()])
                yield '\t'.join(who + [sender, self.pick()])


def cases(node):
    """(name, text) of each listener of the node in a directory."""
    name = os.path.basename(node.rstrip('/'))
    postfix = node + '/etc/postfix/'
    main = read(postfix + 'main.cf').replace('/etc/postfix/maps/', '@/')
    tables = {}
    # What other programs write is not in the tree: something like it.
    for path in re.findall(r'\bhash:/([\w/-]+)', main):
        tables[os.path.basename(path)] = [
            'lists.torproject.org x', 'root x', 'rt x',
            'one@lists.torproject.org lmtp:[127.0.0.1]:8024']
    main = re.sub(r'\bhash:/[\w/-]+/', 'texthash:@/', main)
    if os.path.isdir(postfix + 'maps'):
        for table in sorted(os.listdir(postfix + 'maps')):
            tables[table] = read(postfix + 'maps/' + table).split('\n')
    if 'relay_clientcerts' in tables:
        tables['relay_clientcerts'].append('%low-one% listed')
    for port, options in listeners(read(postfix + 'master.cf')):
        # A parameter that is set twice is a warning that postlogd writes
        # to itself, and waits for.
        instead = set(re.findall(r'^(\w+) =', INSTEAD, re.M))
        out = ['[main.cf]'] + [
            line for line in logical_lines(main)
            if line.split()[0] not in instead] + [INSTEAD]
        out += ['[options]'] + options
        for table, lines in tables.items():
            out += ['[table %s]' % table] + lines
        out += ['[sessions]'] + list(
            Addresses(name + port, tables, name).sessions(15, 12))
        yield '%s-%s' % (name.split('.')[0], port), '\n'.join(out) + '\n'
