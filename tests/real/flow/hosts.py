# hosts.py SEED N WORK: N hosts that nobody rendered, each with other settings
# of Postfix that decide where mail goes and what its addresses become, in
# WORK/generated-I/root/mx.example.org; and on standard output what they are
# asked, as probes.py has it.
import json
import os
import random
import sys

from addresses import forms, hostile

seed, n, work = sys.argv[1:4]
node = 'mx.example.org'
ours = ['example.org', node, 'localhost', 'localhost.example.org',
        'va.example', 'vb.example', 'sub.va.example', 'vm.example',
        'rel.example', 'sub.rel.example', 'deep.sub.rel.example']
others = ['other.example', 'sub.other.example', 'example.net', 'list.example']
literals = ['[192.0.2.25]', '[127.0.0.1]', '[ipv6:2001:db8::25]',
            '[198.51.100.3]', '192.0.2.25']
users = ['alice', 'bob', 'carol', 'dave', 'first.last', 'postmaster', 'root',
         'list', 'gone', 'nobody', 'owner-list', 'list-request', 'A.B', 'x']


class Host:
    def __init__(self, random):
        self.random = random
        self.tables = {}
        self.files = {}
        self.settings = {}

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def some(self, values, least=0, most=None):
        most = len(values) if most is None else most
        return self.random.sample(values, self.random.randint(least, most))

    def address(self, inside=False):
        r = self.random
        user = r.choice(users)
        if self.maybe(0.25):
            user += r.choice('+-=') + r.choice(['ext', 'EXT', 'a+b', 'a-b'])
        if self.maybe(0.1):
            return user
        return user + '@' + r.choice(ours if inside or self.maybe(0.7)
                                     else others)

    def key(self):
        """What canonical(5) and virtual(5) may have on the left."""
        r = self.random
        domain = '@' + r.choice(ours + others)
        user = r.choice(users)
        return r.choice([
            lambda: user + domain, lambda: user + domain, lambda: user,
            lambda: user + '+ext' + domain, lambda: user + '-ext',
            lambda: domain, lambda: user + domain])()

    def right(self, most=1):
        r = self.random
        found = [self.address() for _ in range(r.randint(1, most))]
        if self.maybe(0.05):
            found.append('"quoted user"@other.example')
        if self.maybe(0.05):
            found.append('Phrase <angle@other.example> (comment)')
        if self.maybe(0.05):
            found.append('@' + r.choice(others))
        return ', '.join(found[:most] if most == 1 else found)

    def table(self, name, entries):
        """A table in one of the types; its name for main.cf."""
        kind = self.random.choice(
            ['hash', 'hash', 'texthash', 'cdb', 'btree', 'lmdb', 'inline',
             'unionmap'])
        seen, lines = set(), []
        for left, right in entries:
            if left.lower() not in seen:
                seen.add(left.lower())
                lines.append((left, right))
        if kind == 'inline':
            plain = [(a, b) for a, b in lines if not set(b) & set('{}"') and
                     ' ' not in a]
            if plain:
                return 'inline:{ %s }' % ', '.join(
                    '{ %s = %s }' % one for one in plain)
            kind = 'hash'
        if kind == 'unionmap':
            half = len(lines) // 2
            self.tables[name + '_a'] = lines[:half] or lines
            self.tables[name + '_b'] = lines[half:] or lines
            return 'unionmap:{hash:/etc/postfix/%s_a, ' \
                'texthash:/etc/postfix/%s_b}' % (name, name)
        self.tables[name] = lines
        return '%s:/etc/postfix/%s' % (kind, name)

    def pattern(self, name, lines):
        kind = self.random.choice(['pcre', 'regexp'])
        self.tables[name] = lines
        return '%s:/etc/postfix/%s' % (kind, name)

    def set(self, name, value):
        self.settings[name] = value

    def sometimes(self, name, values, chance=0.5):
        if self.maybe(chance):
            self.set(name, self.random.choice(values))

    def entries(self, most, right):
        return [(self.key(), right()) for _ in range(
            self.random.randint(1, most))]

    def rewriting(self):
        one = self.right
        self.sometimes('append_dot_mydomain', ['yes', 'no'])
        self.sometimes('append_at_myorigin', ['yes', 'no'], 0.1)
        self.sometimes('swap_bangpath', ['yes', 'no'])
        self.sometimes('allow_percent_hack', ['yes', 'no'])
        self.sometimes('resolve_dequoted_address', ['yes', 'no'], 0.2)
        self.sometimes('resolve_null_domain', ['yes', 'no'], 0.2)
        self.sometimes('resolve_numeric_domain', ['yes', 'no'], 0.2)
        self.sometimes('allow_min_user', ['yes', 'no'], 0.2)
        self.sometimes('myorigin', ['$mydomain', '$myhostname', 'va.example'])
        self.sometimes('empty_address_recipient', ['postmaster', 'root'], 0.1)
        self.sometimes('recipient_delimiter', ['+', '-', '+-', '='], 0.8)
        self.sometimes('propagate_unmatched_extensions', [
            '', 'canonical', 'virtual', 'canonical, virtual, alias',
            'alias, include', 'include'], 0.6)
        self.sometimes('owner_request_special', ['yes', 'no'], 0.3)
        for name in 'canonical', 'sender_canonical', 'recipient_canonical':
            if self.maybe(0.4):
                self.set(name + '_maps', self.table(
                    name, self.entries(5, one)))
            if self.maybe(0.3):
                self.set(name + '_classes', self.random.choice([
                    'envelope_sender, envelope_recipient', 'envelope_sender',
                    'envelope_recipient', 'header_sender']))
        for name in 'sender_canonical', 'recipient_canonical':
            if self.settings.get(name + '_classes', '').startswith(
                    'envelope_sender, '):
                del self.settings[name + '_classes']
        if self.settings.get('sender_canonical_classes') == \
                'envelope_recipient':
            del self.settings['sender_canonical_classes']
        if self.settings.get('recipient_canonical_classes') in (
                'envelope_sender', 'header_sender'):
            self.set('recipient_canonical_classes', 'envelope_recipient')
        if self.maybe(0.3):
            self.set('masquerade_domains', ' '.join(self.some(
                ['example.org', '!sub.va.example', 'va.example', 'example',
                 'sub.rel.example', 'rel.example'], 1, 3)))
            self.sometimes('masquerade_exceptions', ['root', 'alice, bob'])
            self.sometimes('masquerade_classes', [
                'envelope_sender, envelope_recipient', 'envelope_recipient',
                'header_sender'])

    def headers(self):
        self.sometimes('local_header_rewrite_clients', [
            '', 'permit_inet_interfaces', 'permit_mynetworks',
            'static:all', 'check_address_map cidr:{{198.51.100.0/24 x}}',
            'permit_sasl_authenticated, permit_tls_clientcerts'], 0.6)
        self.sometimes('remote_header_rewrite_domain', [
            'domain.invalid', 'example.net'], 0.4)

    def classes(self):
        self.set('mydestination', ', '.join(self.some(
            ['$myhostname', 'localhost.$mydomain', 'localhost', '$mydomain'],
            0)))
        self.sometimes('parent_domain_matches_subdomains', [
            '', 'relay_domains', 'transport_maps',
            'relay_domains, transport_maps'], 0.6)
        alias = self.some(['va.example', 'vb.example', 'sub.va.example'])
        self.set('virtual_alias_domains', self.random.choice([
            ' '.join(alias), self.table('alias_domains', [
                (domain, 'x') for domain in alias or ['va.example']])]))
        self.set('relay_domains', self.random.choice([
            'rel.example', '.rel.example', 'rel.example, sub.rel.example', '',
            '!sub.rel.example, .rel.example, rel.example']))
        if self.maybe():
            self.set('virtual_mailbox_domains', 'vm.example')
            self.set('virtual_mailbox_maps', self.table('mailboxes', [
                (user + '@vm.example', 'box/') for user in self.some(
                    users, 1, 6)] + self.some([('@vm.example', 'all/')], 0)))
        if self.maybe():
            self.set('relay_recipient_maps', self.table('relay_recipients', [
                (self.random.choice(users) + '@rel.example', 'x')
                for _ in range(6)] + self.some([('@sub.rel.example', 'x')])))
        self.sometimes('local_recipient_maps', [
            '', '$alias_maps', 'proxy:unix:passwd.byname $alias_maps',
            'unix:passwd.byname'], 1)
        self.sometimes('smtpd_reject_unlisted_recipient', ['yes', 'no'], 0.3)
        self.sometimes('show_user_unknown_table_name', ['yes', 'no'], 0.3)
        for name in ('local_recipient', 'relay_recipient', 'virtual_alias',
                     'virtual_mailbox'):
            self.sometimes('unknown_%s_reject_code' % name,
                           ['450', '550', '551'], 0.2)

    def expansion(self):
        parts = []
        if self.maybe(0.9):
            parts.append(self.table('virtual', self.entries(
                14, lambda: self.right(4))))
        if self.maybe(0.3):
            parts.append(self.pattern('virtual_pattern', [
                ('/^(.*)-request@(va|vb)\\.example$/', '$1@list.example'),
                ('/^owner-(.*)@/', '${1}-owner@rel.example')]))
        if self.maybe(0.1):
            parts.append('static:all@other.example')
        self.set('virtual_alias_maps', ' '.join(parts))
        self.sometimes('virtual_alias_recursion_limit', ['1', '2', '3'], 0.2)
        self.sometimes('virtual_alias_expansion_limit', ['2', '4'], 0.2)
        self.sometimes('virtual_alias_address_length_limit', ['20'], 0.05)

    def alias_target(self):
        r = self.random
        return r.choice([
            self.address, self.address, self.address, self.address,
            lambda: r.choice(users), lambda: r.choice(users),
            lambda: '"|/bin/true %s"' % r.choice(users),
            lambda: '/dev/null', lambda: '\\' + r.choice(users),
            lambda: ':include:/etc/postfix/' + r.choice(['one', 'two']),
            lambda: '~/box', lambda: ':include:none'])()

    def alias_targets(self):
        return ', '.join(self.alias_target() for _ in range(
            self.random.choice([1, 1, 1, 2, 3])))

    def alias_name(self):
        r = self.random
        return r.choice(users) + r.choice(['', '', '', '', '+ext', '-ext'])

    def local(self):
        """What local(8) does with whom."""
        aliases = {self.alias_name(): self.alias_targets()
                   for _ in range(self.random.randint(4, 14))}
        self.tables['aliases'] = sorted(aliases.items())
        self.set('alias_maps', 'hash:/etc/postfix/aliases' + (
            ' ' + self.table('aliases_more', [
                (self.alias_name(), self.address()) for _ in range(4)])
            if self.maybe(0.3) else ''))
        self.set('alias_database', '')
        for name in 'one', 'two':
            self.files['etc/postfix/' + name] = ''.join(
                self.random.choice(['# ', '', '', '']) +
                self.alias_targets() + '\n' for _ in range(3))
        self.files['etc/passwd'] = ''.join(
            '%s:x:%d:%d::/nonexistent:/bin/sh\n' % (
                user, 2000 + i, 2000 + i) for i, user in enumerate(
                    self.some(users[:5] + ['list', 'x'], 1)))
        for name in 'mailbox', 'fallback':
            self.sometimes(name + '_transport', [
                'lmtp:unix:private/box', 'error:5.7.0 no box', 'discard',
                'smtp:[box.example]', 'virtual:'], 0.15)
            if self.maybe(0.2):
                self.set(name + '_transport_maps', self.table(
                    name + '_transports', [
                        (self.alias_name(), self.random.choice(
                            ['lmtp:unix:private/map', 'relay:[map.example]']))
                        for _ in range(4)]))
        self.sometimes('luser_relay', [
            'luser@other.example', '$user@other.example', 'root', '$local',
            '${user}.${extension}@list.example', '$recipient',
            '$(local)@va.example'], 0.3)
        self.sometimes('expand_owner_alias', ['yes'], 0.2)
        self.sometimes('reset_owner_alias', ['yes'], 0.2)
        self.sometimes('frozen_delivered_to', ['no'], 0.2)
        self.sometimes('allow_mail_to_commands', [
            '', 'alias, include', 'include'], 0.3)
        self.sometimes('allow_mail_to_files', [
            '', 'alias, include', 'include'], 0.3)
        self.set('virtual_mailbox_base', '/var/mail')
        self.sometimes('virtual_uid_maps', [
            'static:2500', 'static:2500', 'static:20', ''], 1)
        self.set('virtual_gid_maps', 'static:2500')

    def copies(self):
        for name in 'sender', 'recipient':
            if self.maybe(0.15):
                self.set(name + '_bcc_maps', self.table(
                    name + '_bcc', self.entries(4, self.right)))
        if self.maybe(0.1):
            self.set('always_bcc', self.address())

    def access(self):
        """What smtpd may ask cleanup to do with an accepted message."""
        if self.maybe(0.4):
            self.set('smtpd_recipient_restrictions',
                     'check_recipient_access ' + self.table('access', [
                         (self.key().lstrip('@'), self.random.choice([
                             'BCC ' + self.address(),
                             'REDIRECT other@other.example', 'DISCARD', 'OK',
                             'PREPEND X-Y: z', 'REJECT go away', '450 later',
                             'DUNNO'])) for _ in range(4)]))

    def transport(self):
        return self.random.choice([
            'smtp:[gate.other.example]', 'smtp:gate.other.example:2525',
            'relay:', 'smtp:', ':[only.next.example]', ':',
            'error:no such place', 'error:5.1.2 no such place', 'error:',
            'retry:4.3.1 later', 'discard:', 'local:', 'virtual:x.example',
            'lmtp:unix:private/box', 'smtp'])

    def routing(self):
        if self.maybe(0.7):
            def key():
                domain = self.random.choice(ours + others)
                return self.random.choice([
                    domain, domain, '.' + domain,
                    self.random.choice(users) + '@' + domain,
                    self.random.choice(users) + '+ext@' + domain, '*'])
            lines = [(key(), self.transport()) for _ in range(6)]
            self.set('transport_maps', self.table('transport', lines))
        self.sometimes('relayhost', [
            '[hub.other.example]', 'hub.other.example:587', '$mydomain'], 0.3)
        if self.maybe(0.3):
            self.set('sender_dependent_relayhost_maps', self.table(
                'sender_relay', [(self.key(), self.random.choice(
                    ['[by-sender.example]', 'DUNNO', 'by-sender.example:25']))
                    for _ in range(4)] + self.some(
                        [('<>', '[by-null.example]')])))
        if self.maybe(0.3):
            self.set('sender_dependent_default_transport_maps', self.table(
                'sender_transport', [(self.key(), self.random.choice(
                    ['smtp:[st.example]', 'relay:', 'DUNNO', 'error:never',
                     'relay'])) for _ in range(4)] + self.some(
                         [('<>', 'relay:')])))
        self.sometimes('default_transport', [
            'smtp:[default.example]', 'relay', 'error:5.7.1 nothing leaves'],
            0.2)
        self.sometimes('relay_transport', [
            'smtp', 'smtp:[relay.example]', 'relay:relay.example'], 0.3)
        self.sometimes('local_transport', [
            'local', 'local:$myhostname', 'error:5.1.1 none here',
            'lmtp:unix:private/box'], 0.4)
        self.sometimes('virtual_transport', [
            'virtual', 'lmtp:unix:private/lmtp', 'error:no boxes'], 0.4)
        if self.maybe(0.3):
            self.set('relocated_maps', self.table('relocated', [
                (self.random.choice(['gone', 'gone@example.org',
                                     '@vb.example', 'gone@other.example']),
                 'elsewhere@other.example')]))
        self.sometimes('defer_transports', ['relay', 'lmtp'], 0.1)

    def write(self, path):
        os.makedirs(path)
        with open(path + '/main.cf', 'w') as main:
            main.write(start)
            for name in sorted(self.settings):
                main.write('%s = %s\n' % (name, self.settings[name]))
        with open(path + '/master.cf', 'w') as master:
            master.write(services)
        for name, text in self.files.items():
            with open('%s/../../%s' % (path, name), 'w') as file:
                file.write(text)
        for name, lines in self.tables.items():
            colon = ':' if name == 'aliases' else ''
            with open('%s/%s' % (path, name), 'w') as file:
                for left, right in lines:
                    file.write('%s%s %s\n' % (left, colon, right))


start = '''compatibility_level = 3.6
myhostname = mx.example.org
mynetworks = 127.0.0.0/8, [::1]/128
inet_interfaces = 127.0.0.1, [::1], 192.0.2.25, 2001:db8::25
smtputf8_enable = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/ssl/private/mx.key, /etc/ssl/private/mx.crt
'''
services = '''smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''


def questions(host):
    """Recipients and senders: plain ones, those of the tables, odd ones."""
    r = host.random
    for _ in range(70):
        yield host.address(), r.choice(
            ['', 'someone@example.net', host.address(), host.address()])
    for lines in host.tables.values():
        for left, _ in lines:
            if '/' not in left:
                yield left, 'someone@example.net'
                if '@' in left:
                    yield r.choice(users) + left[left.index('@'):], left
    odd = forms(r.choice(users), r.choice(ours)) + \
        forms(r.choice(users), r.choice(others))
    for recipient in r.sample(odd, 30) + r.sample(hostile, 15):
        yield recipient, 'someone@example.net'
    for domain in literals:
        yield r.choice(users) + '@' + domain, ''


def ask(number, host):
    asked = set()
    for recipient, sender in questions(host):
        client = host.random.choice(
            ['127.0.0.1', '127.0.0.1', '198.51.100.99'])
        if (recipient, sender, client) in asked:
            continue
        asked.add((recipient, sender, client))
        probe = {'probe': len(asked), 'mode': 'generated-%d' % number,
                 'node': node, 'port': 25, 'client': client,
                 'name': 'localhost' if client[0:3] == '127' else None,
                 'login': None, 'cert': None, 'helo': 'probe.example',
                 'sender': sender, 'recipient': recipient,
                 'from': host.address()}
        print(json.dumps(probe))


for i in range(1, int(n) + 1):
    host = Host(random.Random('%s %d' % (seed, i)))
    for part in (host.classes, host.rewriting, host.headers, host.expansion,
                 host.local, host.copies, host.access, host.routing):
        part()
    host.write('%s/generated-%d/root/%s/etc/postfix' % (work, i, node))
    ask(i, host)
