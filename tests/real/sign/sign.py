#!/usr/bin/env python3
"""sign.py DECIDE OUT DIR SEED N [NAME...]: for the rspamd configuration of the
fleet in OUT, for mutations of it and N random ones, ask the real rspamd and
mailc's signer whether, for which domain and with which selector a message is
signed. What the two do not agree on is a line. NAME: these cases only."""
import concurrent.futures
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time

DKIM, SETTINGS, OPTIONS = 'local.d/dkim_signing.conf', 'local.d/settings.conf', 'override.d/options.inc'
# A public suffix list of the test's: short, because rspamd compiles it.
SUFFIXES = 'com\norg\nnet\nexample\nuk\nco.uk\n'
NOTHING = '-'

# As the package's rspamd.conf, but with the module of signing alone: it starts
# in a third of the time. The roles as they are get the package's own.
SHORT = '''
lang_detection { languages = "/nonexistent"; }
.include "$CONFDIR/actions.conf"
.include "$CONFDIR/groups.conf"
.include "$CONFDIR/modules.d/dkim.conf"
.include "$CONFDIR/modules.d/dkim_signing.conf"
.include "$CONFDIR/settings.conf"
modules { path = "${PLUGINSDIR}"; }
options {
  pidfile = "$RUNDIR/rspamd.pid";
  .include "$CONFDIR/options.inc"
  .include(try=true; priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/options.inc"
  .include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/options.inc"
}
.include(try=true; duplicate=merge) "$CONFDIR/cgp.inc"
logging {
  .include "$CONFDIR/logging.inc"
  .include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/logging.inc"
}
worker "normal" {
  .include "$CONFDIR/worker-normal.inc"
  .include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/worker-normal.inc"
}
'''

# client, login, sender, recipient, From
MESSAGES = [
    ('192.0.2.10', NOTHING, 'a@example.com', 'x@y.example', 'me@torproject.org'),
    ('192.0.2.10', NOTHING, 'SRS0=x=y=example.com=a@srs.torproject.org', 'x@y.example', 'me@torproject.org'),
    ('192.0.2.10', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('192.0.2.10', NOTHING, 'me@TorProject.ORG', 'x@y.example', 'Me@TORproject.org'),
    ('192.0.2.10', NOTHING, NOTHING, 'x@y.example', 'me@torproject.org'),
    ('192.0.2.10', NOTHING, 'me@torproject.org', 'x@y.example', 'you@elsewhere.example'),
    ('192.0.2.10', NOTHING, 'root@web.torproject.org', 'x@y.example', 'root@web.torproject.org'),
    ('192.0.2.10', NOTHING, 'a@one.torproject.org', 'x@y.example', 'a@two.torproject.org'),
    ('192.0.2.10', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org,you@elsewhere.example'),
    ('192.0.2.10', NOTHING, 'me@torproject.org', 'x@y.example', NOTHING),
    ('192.0.2.10', NOTHING, 'root', 'x@y.example', 'me@torproject.org'),
    ('192.0.2.10', NOTHING, 'me@torproject.org', 'x@torproject.org', 'you@elsewhere.example'),
    ('192.0.2.11', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('203.0.113.5', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('198.51.100.1', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('2001:db8:da1:1::10', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('2001:db8:ffff::1', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('127.0.0.1', NOTHING, 'a@example.com', 'x@y.example', 'me@torproject.org'),
    ('127.0.0.1', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('127.0.0.1', NOTHING, NOTHING, 'x@y.example', 'me@crm.torproject.org'),
    ('127.2.4.7', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('::1', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('10.1.2.3', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('fd00::1', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('fe80::1', NOTHING, 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('203.0.113.5', 'me', 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('203.0.113.5', 'me', 'a@example.com', 'x@y.example', 'me@torproject.org'),
    ('203.0.113.5', 'me@torproject.org', 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('203.0.113.5', 'me@elsewhere.example', 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('203.0.113.5', 'me@sub.torproject.org', 'me@torproject.org', 'x@y.example', 'me@torproject.org'),
    ('192.0.2.10', 'me', NOTHING, 'x@y.example', 'me@torproject.org'),
    ('127.0.0.1', 'me', 'me@torproject.org', 'x@y.example', 'me@elsewhere.example'),
]


def add(path, text):
    return lambda files: files.__setitem__(path, files.get(path, '') + text)


def sub(path, pattern, replacement):
    def edit(files):
        new, n = re.subn(pattern, replacement, files[path], flags=re.S)
        if not n:
            raise SystemExit('sign.py: nothing to edit in %s' % path)
        files[path] = new
    return edit


def drop(path):
    return lambda files: files.pop(path)


def only(text):
    """No settings, nothing local, and this alone to sign by."""
    def edit(files):
        files.pop(SETTINGS, None)
        files[DKIM] = text
    return edit


KEYS = 'domain { "torproject.org" { selectors [ { selector = "s1"; path = "/var/lib/rspamd/dkim/one.key"; } ] } }\n'
TWO = ('domain { "torproject.org" { selectors = [ { selector = "s1"; path = "/var/lib/rspamd/dkim/one.key"; },\n'
       ' { selector = "s2"; path = "/var/lib/rspamd/dkim/two.key"; } ] }\n'
       ' elsewhere.example { selector = "old"; path = "/var/lib/rspamd/dkim/$domain.$selector.key"; } }\n')
NETS = 'sign_networks = ["192.0.2.0/24", "2001:db8::/32"];\n'
LOOSE = 'use_esld = false; try_fallback = false; allow_hdrfrom_mismatch = true; allow_username_mismatch = true;\n'
RULE = 'r { ip = ["192.0.2.0/24", "203.0.113.5", "127.0.0.1", "::1"]; apply { %s } }\n'

# name, role of the sample fleet, edits, whether some verdicts may be unknown
CASES = [
    ('srs', 'srs-dal-01', [], False),
    ('mta', 'mta-dal-01', [], False),
    ('submission', 'submit-01', [], False),
    ('independent', 'crm-int-01', [], False),
    ('independent lists', 'lists-01', [], False),
    ('mx', 'mx-dal-01', [], False),
    ('srs without sign_networks', 'srs-dal-01', [sub(DKIM, r'sign_networks = \[.*?\];', '')], False),
    ('srs with esld', 'srs-dal-01', [sub(DKIM, 'use_esld = false', 'use_esld = true')], True),
    ('srs with fallback', 'srs-dal-01', [sub(DKIM, 'try_fallback = false', 'try_fallback = true')], False),
    ('srs without mismatch', 'srs-dal-01', [sub(DKIM, 'allow_hdrfrom_mismatch(_sign_networks)? = true', r'allow_hdrfrom_mismatch\1 = false')], False),
    ('srs mismatch by network', 'srs-dal-01', [sub(DKIM, 'allow_hdrfrom_mismatch = true', 'allow_hdrfrom_mismatch = false')], False),
    ('srs without settings', 'srs-dal-01', [drop(SETTINGS)], False),
    ('srs settings of zero', 'srs-dal-01', [sub(SETTINGS, r'ip = \[.*?\]', 'ip = ["0.0.0.0/0", "::/0"]'), sub(SETTINGS, 'DKIM_SIGNED', 'SOMETHING')], False),
    ('srs settings by name', 'srs-dal-01', [sub(SETTINGS, 'DKIM_SIGNED', 'DKIM_SINGED')], False),
    ('submission strict', 'submit-01', [sub(DKIM, 'allow_username_mismatch = true', 'allow_username_mismatch = false')], False),
    ('submission by esld', 'submit-01', [sub(DKIM, 'allow_username_mismatch = true', 'allow_username_mismatch = false'), sub(DKIM, 'use_esld = false', 'use_esld = true')], True),
    ('submission no logins', 'submit-01', [sub(DKIM, 'sign_authenticated = true', 'sign_authenticated = false')], False),
    ('mta of halves', 'mta-dal-01', [sub(DKIM, r'"0.0.0.0/0", "::/0"', '"0.0.0.0/1", "8000::/1"')], False),
    ('defaults alone', 'srs-dal-01', [drop(DKIM)], True),
    ('private is local', 'crm-int-01', [drop(OPTIONS), only(LOOSE + KEYS)], False),
    ('two keys', 'srs-dal-01', [only(LOOSE + NETS + TWO)], False),
    ('override replaces', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add('override.d/dkim_signing.conf', 'domain { other.example { selector=x; path="/x"; } }\nsign_networks = ["192.0.2.11"];\n')], False),
    ('lists join', 'srs-dal-01', [only(LOOSE + 'sign_networks = ["203.0.113.0/24"];\nsign_networks = ["192.0.2.11"];\n' + KEYS)], False),
    ('lists join as well', 'srs-dal-01', [only(LOOSE + KEYS), add('override.d/dkim_signing.conf', 'sign_networks = ["203.0.113.0/24"];\nsign_networks = ["192.0.2.11"];\n')], False),
    ('quoted false', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'sign_local = "false"; allow_envfrom_empty = "no"; try_fallback = no;\n')], False),
    ('null is true', 'srs-dal-01', [only('use_esld = false; try_fallback = false;' + NETS + KEYS + 'sign_local = null; allow_hdrfrom_mismatch = null; allow_username_mismatch = null;\n')], False),
    ('no empty sender', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'allow_envfrom_empty = false; sign_local = false;\n')], False),
    ('more than one From', 'srs-dal-01', [only(LOOSE + NETS + TWO + 'allow_hdrfrom_multiple = true;\n')], False),
    ('envelope decides', 'srs-dal-01', [only(LOOSE + NETS + TWO + 'use_domain = "envelope";\n')], False),
    ('login decides', 'srs-dal-01', [only(LOOSE + NETS + TWO + 'use_domain = "auth";\n')], False),
    ('recipient decides', 'srs-dal-01', [only(LOOSE + NETS + TWO + 'use_domain = "recipient";\n')], False),
    ('a literal decides', 'srs-dal-01', [only(LOOSE + NETS + TWO + 'use_domain_sign_networks = "TorProject.org"; use_domain_sign_local = "elsewhere.example";\n')], False),
    ('inbound', 'srs-dal-01', [only(LOOSE + TWO + 'sign_inbound = true; sign_local = false; sign_authenticated = false; use_domain_sign_inbound = "recipient";\n')], False),
    ('one key for all', 'srs-dal-01', [only(LOOSE + NETS + 'try_fallback = true; path = "/var/lib/rspamd/dkim/one.key"; selector = "all";\n'), sub(DKIM, 'try_fallback = false; ', '')], False),
    ('a path by pattern', 'srs-dal-01', [only(NETS + 'use_esld = false; allow_hdrfrom_mismatch = true; path = "${DBDIR}/dkim/$domain.$selector.key"; selector = "old";\n')], False),
    ('a key that is missing', 'srs-dal-01', [only(LOOSE + NETS + KEYS.replace('one.key', 'none.key'))], False),
    ('capital domain', 'srs-dal-01', [only(LOOSE + NETS + KEYS.replace('torproject', 'TorProject'))], False),
    ('selectors no list', 'srs-dal-01', [only(LOOSE + NETS + 'domain { "torproject.org" { selectors { selector = "s1"; path = "/var/lib/rspamd/dkim/one.key"; } } }\n')], False),
    ('disabled', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'disabled = "yes";\n')], False),
    ('enabled by a word', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'enabled = "off";\n')], False),
    ('networks in a file', 'srs-dal-01', [only(LOOSE + KEYS), add('override.d/dkim_signing.conf', 'sign_networks = "/etc/rspamd/local.d/nets";\n'), add('local.d/nets', '# mine\n192.0.2.10\n2001:db8:ffff::/48 # theirs\n')], False),
    ('networks as a string', 'srs-dal-01', [only(LOOSE + KEYS), add('override.d/dkim_signing.conf', 'sign_networks = "192.0.2.0/24";\n')], False),
    ('networks after a letter', 'srs-dal-01', [only(LOOSE + 'sign_networks = ["fd00::/8", "192.0.2.0/24"];\n' + KEYS)], False),
    ('networks after a colon', 'srs-dal-01', [only(LOOSE + 'sign_networks = ["::1", "192.0.2.0/24"];\n' + KEYS)], False),
    ('host bits', 'srs-dal-01', [only(LOOSE + 'sign_networks = ["192.0.2.77/24", "2001:db8::1/32"];\n' + KEYS), add(SETTINGS, 'r { ip = "192.0.2.1/24"; apply { symbols_disabled = ["DKIM_SIGNED"]; } }\n')], False),
    ('settings off', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, RULE % 'symbols_disabled = ["DKIM_SIGNED"];')], False),
    ('settings group off', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, RULE % 'groups_disabled = ["dkim"];')], False),
    ('settings group on', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, RULE % 'groups_enabled = ["policies"];')], False),
    ('settings other group', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, RULE % 'groups_enabled = ["rbl"];')], False),
    ('settings whitelist', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, 'w { from = "@torproject.org"; whitelist = true; }\nv { from = "a@example.com"; want_spam = yes; }\n')], False),
    ('settings by order', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, 'z { priority = high; user = "me"; apply { symbols_enabled = ["X"]; } }\n'
     'a { ip = "192.0.2.10"; apply { symbols_enabled = ["DKIM_SIGNED"]; } }\nb { from = "@torproject.org"; apply { symbols_enabled = ["X"]; } }\n')], False),
    ('settings inverse', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, 'a { ip = "192.0.2.10"; from = "@torproject.org"; inverse = true; apply { symbols_disabled = ["DKIM_SIGNED"]; } }\n')], False),
    ('settings local', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, 'a { local = true; apply { symbols_disabled = ["DKIM_SIGNED"]; } }\nb { authenticated = true; apply { symbols_disabled = ["DKIM_SIGNED"]; } }\n')], False),
    ('settings for all', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, 'a { apply { symbols_disabled = ["DKIM_SIGNED"]; } }\n')], False),
    ('settings from_mime', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(SETTINGS, 'a { from_mime = "@torproject.org"; apply { symbols_disabled = ["DKIM_SIGNED"]; } }\n')], False),
    ('another symbol', 'srs-dal-01', [add(DKIM, 'symbol = "SIGNED";\n')], False),
    ('selector map', 'srs-dal-01', [only(LOOSE + NETS + 'selector_map = "/etc/rspamd/local.d/selectors"; path_map = "/etc/rspamd/local.d/paths";\n'),
     add('local.d/selectors', 'torproject.org m1\n'), add('local.d/paths', 'torproject.org /var/lib/rspamd/dkim/one.key\n')], False),
    ('http headers', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'use_http_headers = true;\n')], False),
    ('no word', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'use_domain_sign_networks = true;\n')], False),
    ('module dkim off', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add('local.d/dkim.conf', 'enabled = false;\n')], False),
    ('filters', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(OPTIONS, 'filters = "regexp, chartable";\n')], False),
    ('filters with dkim', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(OPTIONS, 'filters = "regexp,dkim";\n')], False),
    ('filters with a blank', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(OPTIONS, 'filters = "regexp, dkim";\n')], False),
    ('filters as a list', 'srs-dal-01', [only(LOOSE + NETS + KEYS), add(OPTIONS, 'filters = ["regexp", "dkim"];\n')], False),
    ('explicit module', 'srs-dal-01', [only(LOOSE + NETS + KEYS + 'enabled = false;'), add(OPTIONS, 'explicit_modules = ["settings", "dkim_signing"];\n')], False),
    ('signing table', 'srs-dal-01', [only(LOOSE + NETS + 'signing_table = ["*@torproject.org torproject.org"]; key_table = ["torproject.org torproject.org:t1:/var/lib/rspamd/dkim/one.key"];\n')], False),
    ('signing table by domain', 'srs-dal-01', [only(LOOSE + NETS + 'sign_inbound = true; selector = "def"; signing_table = ["*@*project.org %", "you? theirs"];\n'
     'key_table = ["two.torproject.org %:t2:/var/lib/rspamd/dkim/one.key", "theirs x.%:/var/lib/rspamd/dkim/two.key", "+.torproject.org a:b:c:d"];\n')], True),
    ('signing table in files', 'srs-dal-01', [only(LOOSE + NETS + 'signing_table = "/etc/rspamd/local.d/st"; key_table = "/etc/rspamd/local.d/kt";\n'),
     add('local.d/st', '# c\nproject.org one\nelsewhere two\n'), add('local.d/kt', 'one torproject.org:f1:/var/lib/rspamd/dkim/one.key\n')], False),
]

# What a random configuration is made of.
CHOICES = [
    ['use_esld = %s;', 'true', 'false', 'false', 'false'],
    ['try_fallback = %s;', 'true', 'false', 'no', '"no"'],
    ['allow_hdrfrom_mismatch = %s;', 'true', 'false', 'false'],
    ['allow_hdrfrom_mismatch_local = %s;', 'true', 'false'],
    ['allow_hdrfrom_mismatch_sign_networks = %s;', 'true', 'false'],
    ['allow_username_mismatch = %s;', 'true', 'false'],
    ['allow_envfrom_empty = %s;', 'true', 'false'],
    ['allow_hdrfrom_multiple = %s;', 'true', 'false'],
    ['sign_authenticated = %s;', 'true', 'true', 'false'],
    ['sign_local = %s;', 'true', 'true', 'false'],
    ['sign_inbound = %s;', 'true', 'false', 'false'],
    ['use_domain = "%s";', 'header', 'header', 'header', 'envelope', 'auth', 'recipient', 'torproject.org'],
    ['use_domain_sign_networks = "%s";', 'header', 'envelope', 'elsewhere.example'],
    ['use_domain_sign_local = "%s";', 'header', 'envelope', 'TORPROJECT.org'],
    ['use_domain_sign_inbound = "%s";', 'recipient', 'header'],
    ['sign_networks = %s;', '["192.0.2.0/24", "2001:db8::/32"]', '["0.0.0.0/0"]', '["::/0"]', '[192.0.2.10, 203.0.113.0/24]', '["10.0.0.0/8,192.0.2.11"]', '["fd00::/8"]'],
    ['selector = "%s";', 'old', 'x'],
    ['path = "%s";', '/var/lib/rspamd/dkim/one.key', '/var/lib/rspamd/dkim/$domain.$selector.key'],
    ['domain { "torproject.org" { selector = "%s"; } }', 'p1', 'old'],
    ['domain { elsewhere.example { selector = "old"; path = "/var/lib/rspamd/dkim/%s.key"; } }', 'one', '$domain.$selector'],
    ['%s', KEYS.strip(), TWO.replace('\n', ' ').strip()],
]
RULES = [
    ['ip = %s;', '"192.0.2.0/24"', '["127.0.0.1", "::1"]', '"2001:db8::/32"', '["0.0.0.0/1", "128.0.0.0/1"]', '"203.0.113.5"'],
    ['from = %s;', '"@torproject.org"', '"a@example.com"', '["a", "me"]'],
    ['from_mime = %s;', '"@torproject.org"', '"you@elsewhere.example"'],
    ['user = %s;', '"me"', '"@elsewhere.example"'],
    ['authenticated = %s;', 'true', 'false'],
    ['local = %s;', 'true', 'false'],
    ['inverse = %s;', 'true', 'false'],
]
APPLIES = ['symbols_enabled = ["DKIM_SIGNED"];', 'symbols_enabled = ["OTHER"];', 'symbols_disabled = ["DKIM_SIGNED"];', 'groups_enabled = ["dkim", "rbl"];',
           'groups_disabled = ["policies"];', 'actions { reject = 100; }', 'symbols_enabled = ["DKIM_SIGNED"]; groups_disabled = ["dkim"];']


def some(rng, choices, share):
    return [c[0] % rng.choice(c[1:]) for c in choices if rng.random() < share]


def random_case(seed):
    rng = random.Random(seed)
    edits = [only('\n'.join(some(rng, CHOICES, .5)) + '\n')]
    if rng.random() < .4:
        edits.append(add('override.d/dkim_signing.conf', '\n'.join(some(rng, CHOICES, .15)) + '\n'))
    if rng.random() < .5:
        rules = ['%s { priority = %s; %s apply { %s } }' % (name, rng.choice(['high', 'low', '2']), ' '.join(some(rng, RULES, .3)), rng.choice(APPLIES))
                 for name in 'abc'[:rng.randrange(1, 4)]]
        edits.append(add(SETTINGS, '\n'.join(rules) + '\n'))
    return ('random %d' % seed, rng.choice(['srs-dal-01', 'crm-int-01']), edits, True)


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('rspamd')
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def read_tree(tree):
    files = {}
    for directory in ('local.d', 'override.d'):
        for name in os.listdir(os.path.join(tree, 'etc/rspamd', directory)):
            path = directory + '/' + name
            files[path] = open(os.path.join(tree, 'etc/rspamd', path)).read()
    return files


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text)


def lay_out(root, files, keys):
    """ROOT/etc/rspamd as mailc reads it; ROOT/conf as this rspamd does."""
    for directory in ('etc/rspamd/local.d', 'conf/local.d', 'conf/override.d', 'var/lib/rspamd/dkim', 'run'):
        os.makedirs(os.path.join(root, directory))
    extra = {'override.d/worker-%s.inc' % w: 'enabled = false;\n' for w in ('controller', 'proxy', 'fuzzy')}
    extra['override.d/worker-normal.inc'] = 'enabled = true; count = 1; bind_socket = "%s/run/socket mode=0666";\n' % root
    extra['override.d/logging.inc'] = 'type = "file"; level = "info"; debug_modules = ["dkim_signing"]; filename = "%s/run/log";\n' % root
    extra['override.d/options.inc'] = files.get(OPTIONS, '') + 'url_tld = "%s/run/suffixes"; disable_hyperscan = true;\n' % root
    for path, text in files.items():
        write(os.path.join(root, 'etc/rspamd', path), text)
        text = text.replace('/var/lib/rspamd', root + '/var/lib/rspamd').replace('/etc/rspamd', root + '/conf')
        write(os.path.join(root, 'conf', path), text)
    for path, text in extra.items():
        write(os.path.join(root, 'conf', path), text)
    write(os.path.join(root, 'run/suffixes'), SUFFIXES)
    write(os.path.join(root, 'run/rspamd.conf'), SHORT)
    for text in list(files.values()) + ['dkim/elsewhere.example.old.key dkim/one.key dkim/two.key']:
        for name in re.findall(r'dkim/([^"$; ]+[.]key)', text):
            if name != 'none.key':
                shutil.copy(keys, os.path.join(root, 'var/lib/rspamd/dkim', name))
    subprocess.run(['chown', '-R', '_rspamd', root], check=True)


def start(root, conf):
    paths = {'LOCAL_CONFDIR': 'conf', 'DBDIR': 'var/lib/rspamd', 'RUNDIR': 'run', 'LOGDIR': 'run'}
    command = ['rspamd', '-f', '-i', '-c', conf] + ['--var=%s=%s/%s' % (k, root, v) for k, v in paths.items()]
    with open(root + '/run/out', 'w') as out:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    connection = Connection(root + '/run/socket')
    until = time.time() + 40
    while time.time() < until and server.poll() is None:
        try:
            connection.request('GET', '/ping')
            connection.getresponse().read()
            return server, connection
        except OSError:
            connection.close()
            time.sleep(.05)
    server.kill()
    server.wait()
    return None, None


def ask(connection, message):
    client, login, sender, recipient, froms = message
    headers = {'IP': client, 'Rcpt': recipient, 'From': sender if sender != NOTHING else '<>'}
    if login != NOTHING:
        headers['User'] = login
    text = 'Subject: test\r\nTo: %s\r\nMessage-ID: <%s@test.example>\r\n' % (recipient, abs(hash(message)))
    if froms != NOTHING:
        text = 'From: %s\r\n' % ', '.join('<%s>' % f for f in froms.split(',')) + text
    connection.request('POST', '/checkv2', (text + '\r\n%s\r\n' % (message,)).encode(), headers)
    reply = json.loads(connection.getresponse().read())
    signed = reply.get('dkim-signature', [])
    found = []
    for header in [signed] if isinstance(signed, str) else signed:
        tags = dict(t.strip().split('=', 1) for t in re.sub(r'\s+', ' ', header).split(';') if '=' in t)
        found.append((tags['d'], tags['s']))
    return sorted(found)


def decide(program, root, messages):
    lines = ''.join('\t'.join(m) + '\n' for m in messages)
    got = subprocess.run([program, root, '3.4'], input=lines, stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    return got.split('\n')[:-1]


def signatures(verdict):
    words = verdict.split('\t')[0].split(' ')
    return sorted(zip(words[1::3], words[2::3])) if words[0] == 'signed' else []


def run(case, program, out, root, keys):
    name, role, edits, may = case
    files = read_tree('%s/%s.torproject.org' % (out, role))
    for edit in edits:
        edit(files)
    lay_out(root, files, keys)
    server, connection = start(root, root + '/run/rspamd.conf' if edits else '/etc/rspamd/rspamd.conf')
    if not server:
        return ['FAIL %s: rspamd does not start' % name]
    lines = []
    try:
        for message, verdict in zip(MESSAGES, decide(program, root, MESSAGES)):
            real, ours = ask(connection, message), signatures(verdict)
            if verdict.startswith('unknown'):
                print(name, message, verdict, real) if os.environ.get('V') else None
                lines.append('unknown' if may else 'FAIL %s: %s: %s, really %s' % (name, message, verdict, real))
            elif real == ours:
                lines.append('ok')
            else:
                lines.append('FAIL %s: %s: %s, really %s' % (name, message, verdict, real))
    finally:
        server.terminate()
        server.wait()
    return lines


def main():
    program, out, directory = sys.argv[1:4]
    seed, n = int(sys.argv[4]), int(sys.argv[5])
    wanted = sys.argv[6:]
    keys = os.path.join(directory, 'key')
    subprocess.run(['openssl', 'genrsa', '-out', keys, '2048'], stderr=subprocess.DEVNULL, check=True)
    os.chmod(keys, 0o644)
    cases = CASES + [random_case(seed * 1000 + i) for i in range(n)]
    cases = [c for c in cases if not wanted or any(w in c[0] for w in wanted)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda i: run(cases[i], program, out, '%s/%02d' % (directory, i), keys), range(len(cases))))
    lines = [line for result in results for line in result]
    for line in lines:
        if line.startswith('FAIL'):
            print(line)
    print('ok %d' % lines.count('ok'))
    print('unknown %d' % lines.count('unknown'))


main()
