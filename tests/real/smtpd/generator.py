"""Random configurations of smtpd with random sessions, as the text of a case
(play.py says what is in one). The same seed gives the same cases."""
import random

LOCAL = ['joe', 'ann', 'info', 'root', 'nobody', 'list-request', 'a.b']
DOMAINS = ['local.test', 'host.test', 'alias.test', 'box.test', 'relay.test',
           'sub.relay.test', 'other.test', 'x.other.test', 'out.example']
CLIENTS = ['192.0.2.10', '192.0.2.20', '192.0.2.77', '198.51.100.7',
           '127.0.0.1', '2001:db8::25', '2001:db8:0:1::9']
HELOS = ['mail.good.test', '[198.51.100.99]', '198.51.100.99',
         '[IPv6:2001:db8:9::1]', 'host.sub.bad.test', 'nodot', '[192.0.2.10]',
         '[192.0.2]', '192.0.2.10', 'a..b', '-bad.test', 'under_score.test',
         'dotted.test.', 'out.example', '[IPv6:2001:db8::25]', '1.2.3',
         'b@d.test', '[2001:db8::25]', '2001:db8::25', '', '12345', '.',
         '[]', '[']
LOGINS = ['joe', 'ann', 'JOE', 'joe@local.test', 'mallory']
CERTIFICATES = ['tls', 'tls', 'one', 'one', 'two']
TEXTS = ['', ' go away', ' 5.1.1 no such user', ' 4.7.0 later',
         ' 5.1.7 bad sender', ' 4.1.8 who', ' 5.9.9 odd', ' 5.1.9 odder',
         ' x: y']


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tables, self.main, self.options = [], [], []
        self.classes, self.proxied = {}, []

    def pick(self, *of):
        return self.random.choice(of)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def some(self, of, most):
        return [self.random.choice(of)
                for _ in range(self.random.randint(0, most))]

    # What stands in tables

    def client_key(self):
        return self.pick('192.0.2.10', '192.0.2', '192.0', '192', 'good.test',
                         '.good.test', 'mail.good.test', 'bad.test', 'test',
                         '.test', 'unknown', '2001:db8:0:1::9', '2001:db8',
                         '2001:db8:', '2001', 'rev.only.test', 'only.test',
                         'sub.bad.test', '198.51.100', '127.0.0.1',
                         'localhost', '2001:db8:0:1:', '192.0.2.77')

    def helo_key(self):
        return self.pick('good.test', '.good.test', 'mail.good.test', 'nodot',
                         '[192.0.2.10]', '192.0.2.10', '192.0.2', 'test',
                         '2]', '.test', 'out.example', 'example', '12345',
                         'dotted.test.', 'test.', 'sub.bad.test')

    def address_key(self):
        local, domain = self.pick(*LOCAL), self.pick(*DOMAINS)
        return self.pick(local + '@' + domain, local + '@' + domain,
                         local + '@', domain, '.' + domain, domain, 'test',
                         '.test', 'relay.test', '.relay.test',
                         local + '+ext@' + domain, local + '+ext@',
                         'postmaster@', 'example', '<>', '<>', local,
                         '@' + domain, 'joe@[127.0.0.1]', '[127.0.0.1]',
                         '"joe smith"@local.test', 'joe smith@local.test')

    def recipient_key(self):
        local, domain = self.pick(*LOCAL), self.pick(*DOMAINS)
        return self.pick(local + '@' + domain, local + '@' + domain, local,
                         local, '@' + domain, local + '+ext@' + domain,
                         local + '+ext', '"joe smith"@' + domain,
                         '"joe smith"', 'postmaster', 'postmaster@box.test')

    def server_key(self):
        """What no name of the world leads to, only addresses."""
        return self.pick('198.51.100.99', '198.51.100', '198.51', 'a..b',
                         '2001:db8:9::1', '2001:db8:9', '.b')

    def keys(self, what):
        if what == 'certificate':
            return self.pick('%one%', '%one-key%', '%two%', '%two-key%',
                             'AA:BB')
        if what == 'login':
            return self.pick('joe', 'ann', 'mallory', 'joe@local.test')
        if what == 'sender':
            what = 'address'
        return getattr(self, what + '_key')()

    def restriction_value(self):
        return self.pick('permit', 'reject', 'defer', 'reject_non_fqdn_sender',
                         'reject_unauth_destination, permit',
                         'warn_if_reject reject', 'defer_if_permit',
                         'permit_mynetworks, reject', 'nonsense',
                         'reject_unlisted_recipient', 'check_client_access',
                         'check_sender_access reject', 'sleep 0, reject',
                         'permit_sasl_authenticated reject',
                         'reject_sender_login_mismatch', 'warn_if_reject',
                         *(self.classes or ['c1']))

    def action(self):
        return self.pick(
            'OK', 'OK', 'ok fine', 'RELAY', 'REJECT', 'REJECT', 'reject',
            'REJECT' + self.pick(*TEXTS), 'DEFER', 'DEFER' + self.pick(*TEXTS),
            'DUNNO', 'DUNNO x', '550' + self.pick(*TEXTS), '450 not now',
            '521 5.7.1 closed', '599 x', '4x0 y', '554', '200', '12345',
            'INFO heard', 'WARN', 'FILTER smtp:[x]:25', 'FILTER nothing',
            'HOLD', 'DISCARD', 'DISCARD away', 'HANGUP', 'REDIRECT joe@local.test',
            'REDIRECT joe', 'BCC joe@local.test', 'PREPEND X-Y: z', 'PREPEND',
            'DEFER_IF_REJECT', 'DEFER_IF_PERMIT',
            'DEFER_IF_REJECT' + self.pick(*TEXTS),
            'DEFER_IF_PERMIT' + self.pick(*TEXTS),
            self.restriction_value(), self.restriction_value(),
            'texthash:/nowhere', '550 5.1.1\ttab', 'reject, permit', ',')

    def entries(self, what, value, least=1):
        return [(self.keys(what), value())
                for _ in range(self.random.randint(least, 6))]

    # Tables

    def table_file(self, entries):
        name = 't%d' % len(self.tables)
        self.tables.append((name, entries))
        return '@/' + name

    def pattern(self, what):
        return self.pick('/^joe/', '/test$/', '/good/', '/relay/i', '/./',
                         '/^192/', '!/test/', '/unknown/', '/@local/',
                         '/^$/', '/JOE/', '/\\+/', '/<>/', '/^[^@]*$/')

    def table(self, what, value=None):
        value = value or self.action
        kind = self.pick('texthash', 'texthash', 'hash', 'btree', 'cdb',
                         'lmdb', 'inline', 'inline', 'static', 'regexp',
                         'pcre', 'cidr', 'unionmap', 'pipemap', 'fail',
                         'proxy:texthash', 'texthash')
        if kind in ('static', 'fail', 'cidr', 'pipemap') and self.chance(40):
            kind = 'texthash'
        if kind in ('regexp', 'pcre'):
            return kind + ':' + self.table_file(
                ['%s %s' % (self.pattern(what), value())
                 for _ in range(self.random.randint(1, 3))])
        if kind == 'cidr':
            return kind + ':' + self.table_file(
                ['%s %s' % (self.pick('192.0.2.0/24', '127.0.0.0/8',
                                      '2001:db8::/32', '0.0.0.0/0',
                                      '198.51.100.7', '::/0',
                                      '2001:db8:0:1::/64'), value())
                 for _ in range(self.random.randint(1, 3))])
        if kind == 'static':
            return 'static:{' + value().replace(',', ' ') + '}'
        if kind == 'fail':
            return 'fail:now'
        if kind == 'inline':
            return 'inline:{' + ', '.join(
                '{%s = %s}' % (key, text) for key, text
                in self.unique(what, value)) + '}'
        if kind == 'unionmap':
            return 'unionmap:{%s, %s}' % (
                self.indexed(what, value), self.indexed(what, value))
        if kind == 'pipemap':
            return 'pipemap:{%s, static:{%s}}' % (
                self.indexed(what, value), value().replace(',', ' '))
        entries = self.unique(what, value)
        if 'text' not in kind:
            # "key: value" may be aliases(5): what is meant is not known.
            entries = [e for e in entries if not e[0].endswith(':')]
        name = self.table_file(['%s %s' % entry for entry in entries])
        if kind == 'proxy:texthash':
            self.proxied.append('proxy:texthash:' + name)
        return kind + ':' + name

    def indexed(self, what, value=None):
        return 'texthash:' + self.table_file(
            ['%s %s' % entry
             for entry in self.unique(what, value or self.action)])

    def unique(self, what, value):
        seen = {}
        for key, text in self.entries(what, value):
            if key.startswith('"') or ' ' in key:
                key = key.replace(' ', '_')
            seen.setdefault(key, text)
        return seen.items()

    # Restrictions

    def check(self, name, what):
        return 'check_%s_access %s' % (name, self.table(what))

    def certificate_check(self):
        if self.chance(60):
            return self.check('ccert', 'certificate')
        return 'check_ccert_access { %s, { search_order = %s } }' % (
            self.indexed('certificate'),
            self.pick('cert_fingerprint', 'pubkey_fingerprint',
                      'pubkey_fingerprint cert_fingerprint', 'subject_cn',
                      'nonsense', ''))

    def restriction(self):
        r = self.random.random()
        if r < 0.07:
            return self.check('client', 'client')
        if r < 0.09:
            return self.check('reverse_client_hostname', 'client')
        if r < 0.13:
            return self.check('helo', 'helo')
        if r < 0.20:
            return self.check('sender', 'address')
        if r < 0.28:
            return self.check('recipient', 'address')
        if r < 0.31:
            return self.certificate_check()
        if r < 0.34:
            return self.check('sasl', 'login')
        if r < 0.37:
            return self.table(self.pick('client', 'helo', 'address'))
        if r < 0.41 and self.classes:
            return self.pick(*self.classes)
        if r < 0.43:
            return 'check_%s_%s_access %s' % (
                self.pick('client', 'helo', 'sender', 'recipient',
                          'reverse_client_hostname'),
                self.pick('a', 'mx', 'ns'),
                self.indexed('server'))
        if r < 0.44:
            return '{ %s }' % self.indexed('address')
        return self.pick(
            'permit_mynetworks', 'permit_mynetworks',
            'permit_sasl_authenticated', 'permit_sasl_authenticated',
            'permit_tls_clientcerts', 'permit_tls_all_clientcerts',
            'permit_auth_destination', 'permit_inet_interfaces',
            'reject_unauth_destination', 'reject_unauth_destination',
            'defer_unauth_destination', 'check_relay_domains', 'reject',
            'defer', 'permit', 'warn_if_reject', 'warn_if_reject',
            'defer_if_permit', 'defer_if_reject', 'reject_non_fqdn_sender',
            'reject_non_fqdn_recipient', 'reject_non_fqdn_helo_hostname',
            'reject_non_fqdn_hostname', 'reject_invalid_helo_hostname',
            'reject_invalid_hostname', 'permit_naked_ip_address',
            'reject_unlisted_recipient', 'reject_unlisted_sender',
            'check_recipient_maps', 'reject_sender_login_mismatch',
            'reject_authenticated_sender_login_mismatch',
            'reject_known_sender_login_mismatch',
            'reject_unauthenticated_sender_login_mismatch',
            'reject_unknown_sender_domain', 'reject_unknown_address',
            'reject_unknown_recipient_domain', 'reject_unknown_hostname',
            'reject_unknown_helo_hostname', 'reject_unknown_client',
            'reject_unknown_client_hostname', 'REJECT_UNAUTH_DESTINATION',
            'reject_unknown_reverse_client_hostname', 'reject_maps_rbl',
            'reject_rbl_client rbl.test', 'reject_rhsbl_sender rbl.test',
            'reject_rhsbl_client rbl.test', 'reject_rhsbl_helo rbl.test',
            'reject_rhsbl_recipient rbl.test', 'permit_mx_backup',
            'permit_dnswl_client white.test',
            'permit_rhswl_client white.test',
            'check_policy_service inet:127.0.0.1:9998',
            'reject_unauth_pipelining', 'reject_multi_recipient_bounce',
            'reject_plaintext_session', 'sleep 0', 'sleep x',
            self.pick('nonsense', 'check_client_access', 'reject_rbl_client',
                      'check_policy_service', '$c1', 'Permit', 'sleep'))

    def list(self, most):
        return self.pick(', ', ' ', ',', '\n\t').join(
            self.restriction()
            for _ in range(self.random.randint(0, most))).rstrip()

    def set(self, name, value):
        """A parameter: in main.cf or as the service's own."""
        one_line = value.replace('\n\t', ' ')
        if self.chance(12) and one_line and '$' not in one_line:
            self.options.append((name, one_line))
        else:
            self.main.append((name, value))

    def maybe(self, percent, name, *values):
        if self.chance(percent):
            self.set(name, self.pick(*values))

    # Parts of a configuration

    def domains(self):
        self.main.append(('mydestination', self.pick(
            'local.test, $myhostname, localhost', 'local.test host.test',
            '$myhostname', 'texthash:' + self.table_file(
                ['local.test x', 'host.test x']))))
        self.main.append(('virtual_alias_domains', self.pick(
            'alias.test', '', 'alias.test', 'inline:{alias.test=x}')))
        self.main.append(('virtual_mailbox_domains', self.pick(
            'box.test', 'box.test', '')))
        self.main.append(('relay_domains', self.pick(
            'relay.test', 'relay.test', '', 'relay.test, !x.relay.test',
            '.relay.test', 'relay.test good.test')))

    def recipients(self):
        def target():
            return self.pick('joe@local.test', 'ann', 'ann@out.example')

        for percent, name in ((50, 'virtual_alias_maps'),
                              (15, 'canonical_maps'),
                              (10, 'recipient_canonical_maps'),
                              (10, 'sender_canonical_maps')):
            if self.chance(percent):
                self.set(name, self.table('recipient', target))
        for percent, name in ((60, 'virtual_mailbox_maps'),
                              (40, 'relay_recipient_maps')):
            if self.chance(percent):
                self.set(name, self.table('recipient', lambda: 'x'))
        self.set('local_recipient_maps', self.pick(
            '', self.table('recipient', lambda: 'x'),
            self.table('recipient', lambda: 'x')))
        if self.chance(30):
            self.main.append(('transport_maps', 'texthash:' + self.table_file(
                ['%s %s' % entry for entry in self.unique(
                    'address', lambda: self.pick(
                        'error:no mail here', 'error:5.1.2 gone',
                        'retry:later', 'retry:4.3.1 wait', 'smtp:[x]',
                        ':', 'discard:', 'relay:[y]:26', 'error:'))])))
        if self.chance(50):
            self.set('smtpd_sender_login_maps', self.table(
                'recipient', lambda: self.pick('joe', 'ann,joe', 'ANN joe',
                                               'mallory')))
        self.maybe(50, 'recipient_delimiter', '+', '+-')
        self.maybe(10, 'owner_request_special', 'no')

    def switches(self):
        self.maybe(20, 'smtpd_delay_reject', 'no', 'no', 'yes')
        self.maybe(15, 'smtpd_helo_required', 'yes')
        self.maybe(30, 'smtpd_relay_before_recipient_restrictions', 'no')
        self.maybe(20, 'smtpd_reject_unlisted_recipient', 'no')
        self.maybe(20, 'smtpd_reject_unlisted_sender', 'yes')
        self.maybe(8, 'soft_bounce', 'yes')
        self.maybe(10, 'strict_rfc821_envelopes', 'yes')
        self.maybe(15, 'show_user_unknown_table_name', 'no')
        self.maybe(10, 'allow_untrusted_routing', 'yes')
        self.maybe(10, 'allow_percent_hack', 'no')
        self.maybe(10, 'swap_bangpath', 'no')
        self.maybe(10, 'append_dot_mydomain', 'yes')
        self.maybe(5, 'receive_override_options',
                   'no_unknown_recipient_checks', 'no_address_mappings')
        self.maybe(8, 'smtpd_null_access_lookup_key', 'joe@local.test', 'null')
        self.maybe(15, 'parent_domain_matches_subdomains', '',
                   'smtpd_access_maps', 'relay_domains')
        self.maybe(5, 'smtpd_discard_ehlo_keywords', 'auth', 'starttls',
                   'pipelining')
        self.maybe(10, 'permit_mx_backup_networks', '203.0.113.0/24')
        for name, code in (('access_map_reject_code', '521'),
                           ('relay_domains_reject_code', '551'),
                           ('reject_code', '570'), ('defer_code', '421'),
                           ('access_map_defer_code', '451'),
                           ('unknown_local_recipient_reject_code', '450'),
                           ('unknown_virtual_alias_reject_code', '450'),
                           ('unknown_virtual_mailbox_reject_code', '451'),
                           ('unknown_relay_recipient_reject_code', '552'),
                           ('unknown_client_reject_code', '550'),
                           ('unknown_address_reject_code', '550'),
                           ('unknown_hostname_reject_code', '550'),
                           ('invalid_hostname_reject_code', '554'),
                           ('non_fqdn_reject_code', '554'),
                           ('plaintext_reject_code', '550')):
            self.maybe(6, name, code)

    def security(self):
        self.maybe(60, 'mynetworks', '127.0.0.0/8 192.0.2.0/28',
                   '!192.0.2.10 192.0.2.0/24', '[2001:db8::]/48', '',
                   '127.0.0.1 [::1] cidr:' + self.table_file(
                       ['192.0.2.16/28 x']))
        # How often clients do what is not offered.
        self.logins = self.certificates = 6
        if self.chance(60):
            self.set('smtpd_sasl_auth_enable', 'yes')
            self.logins = 60
        if self.chance(45):
            level = self.pick('may', 'may', 'may', 'encrypt', 'none')
            self.set('smtpd_tls_security_level', level)
            self.certificates = {'may': 40, 'encrypt': 85, 'none': 6}[level]
        self.maybe(70, 'smtpd_tls_ask_ccert', 'yes')
        self.maybe(8, 'smtpd_tls_req_ccert', 'yes')
        self.maybe(8, 'smtpd_tls_auth_only', 'yes')
        self.maybe(50, 'smtpd_tls_CAfile', '%ca%')
        self.maybe(96, 'smtpd_tls_cert_file', '%server%')
        self.maybe(4, 'smtpd_tls_wrappermode', 'yes')
        if self.chance(40):
            self.set('relay_clientcerts',
                     self.table('certificate', lambda: 'x'))

    def lists(self):
        for n in range(self.random.randint(0, 3)):
            name = 'c%d' % (n + 1)
            # Classes may name those before them.
            value = self.list(4) or self.pick('permit', 'reject')
            self.main.append((name, value))
            self.classes[name] = value
        if self.classes:
            self.main.append(('smtpd_restriction_classes',
                              ', '.join(self.classes)))
        for percent, name, most in ((40, 'client', 3), (40, 'helo', 3),
                                    (60, 'sender', 4), (75, 'relay', 4),
                                    (70, 'recipient', 5), (15, 'data', 3),
                                    (10, 'end_of_data', 3)):
            if not self.chance(percent):
                continue
            value = self.list(most)
            if name in ('relay', 'recipient') and self.chance(97):
                value += '\n\t' + self.pick('reject_unauth_destination',
                                            'reject_unauth_destination',
                                            'defer_unauth_destination',
                                            'reject')
            self.set('smtpd_%s_restrictions' % name, value)

    # Sessions

    def address(self, sender):
        local, domain = self.pick(*LOCAL), self.pick(*DOMAINS)
        if self.chance(25):
            local += self.pick('+ext', '+a+b', '-ext', '+')
        if self.chance(10):
            local, domain = local.upper(), domain.title()
        if self.chance(72):
            return local + '@' + domain
        return self.pick(
            '' if sender else local, local, 'postmaster', 'Postmaster',
            'postmaster@' + domain, 'double-bounce@host.test',
            'mailer-daemon@local.test', '"joe smith"@' + domain,
            '%s%%%s@local.test' % (local, domain),
            '%s!%s' % (domain, local), '%s!%s@local.test' % (domain, local),
            '@relay.test:%s@%s' % (local, domain),
            '@relay.test,@x.test:%s@%s' % (local, domain),
            '"%s@%s"@local.test' % (local, domain),
            '%s@%s@local.test' % (local, domain),
            local + '@[127.0.0.1]', local + '@[192.0.2.1]',
            local + '@[IPv6:::1]', local + '@[198.51.100.99]', local + '@[nonsense]', local + '@nodot',
            local + '@' + domain + '.', local + '@a..b', local + '@.test',
            local + '@', '@' + domain, '"%s"@%s' % (local, domain),
            local + '@localhost', 'a"b@' + domain, 'a b@' + domain,
            '(c)%s@%s' % (local, domain), local + '@-x.test',
            local + '@1.2.3.4', '"@"@' + domain, '.' + local + '@' + domain,
            local + '@host.test', 'x' * 70 + '@' + domain, '',
            local + '@' + 'y' * 70 + '.test', '"a\\"b"@' + domain,
            '<%s@%s>' % (local, domain), local + '@[127.0.0.1')

    def sessions(self, connections, recipients):
        for _ in range(connections):
            who = [self.pick(*CLIENTS),
                   self.pick(*HELOS) if self.chance(60) else
                   'mail.good.test', self.pick(*CERTIFICATES)
                   if self.chance(self.certificates) else '',
                   self.pick(*LOGINS) if self.chance(self.logins) else '']
            for _ in range(recipients):
                yield who + [self.address(True), self.address(False)]

    def case(self, connections=10, recipients=6):
        self.domains()
        self.recipients()
        self.switches()
        self.security()
        self.lists()
        self.main.append(('proxy_read_maps', ' '.join(self.proxied)))
        out = ['[main.cf]']
        out += ['%s = %s' % one for one in self.main]
        out += ['[options]'] + ['%s = %s' % one for one in self.options]
        for name, entries in self.tables:
            out += ['[table %s]' % name] + entries
        out += ['[sessions]']
        out += ['\t'.join(one)
                for one in self.sessions(connections, recipients)]
        return '\n'.join(out) + '\n'
