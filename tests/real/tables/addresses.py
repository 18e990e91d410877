# addresses.py ASK REAL WORK SEED: address lookups, rewriting, quoting and
# match lists made by chance, asked of Postfix (REAL) and of ASK under a few
# main.cf. Prints a line a disagreement.
import os
import random
import subprocess
import sys
import time

ask, real, work, seed = sys.argv[1:5]
chance = random.Random(int(seed))
passed = failed = unknown = 0

DOMAINS = ['example.com', 'sub.example.com', 'EXAMPLE.com', 'a.b.example.com', 'home.example',
           'Home.Example', 'local.example', 'local.example.', 'host', 'x', '[192.0.2.1]',
           '[192.0.2.9]', '[IPv6:2001:db8::1]', '[ipv6:2001:DB8:0::1]', '[127.0.0.1]', 'example.com.',
           'example..com', '.example.com', 'table.example', 'no.example', '']
LOCALS = ['user', 'User', 'user+ext', 'user+', 'user++x', 'user-ext', '+ext', 'a b', 'a b+c d', 'a.b',
          'a..b', '.a', 'a.', 'a"b', 'a\\b', 'a@b', 'postmaster', 'Postmaster+x', 'MAILER-DAEMON+x',
          'double-bounce+x', 'owner-list', 'owner-list+x', 'list-request', 'list-request+x', '', 'a,b', 'a:b',
          'user%host', 'user%host%two', 'host!user', 'two!host!user', 'é', 'É+x', 'a(b)c', '<x>', '[x]',
          'a;b', 'x' * 70, 'a\tb', 'a/b', '$1', 'SRS0=a=b=c=d', '"a b"', '\\']
ROUTES = ['', '', '', '', '', '@relay:', '@a,@b:', '@', '@:']


def address():
    local, domain = chance.choice(LOCALS), chance.choice(DOMAINS)
    kind = chance.randrange(12)
    if kind == 0:
        return local
    if kind == 1:
        return '@' + domain
    if kind == 2:
        return domain
    return chance.choice(ROUTES) + local + '@' + domain


def addresses(n=150, more=()):
    some = [address() for _ in range(n)] + list(more)
    return [one for one in some if one and '\n' not in one]


RESULTS = ['one@example.net', 'one', 'one, two@x', '@other.example', '@x', '"a b"@x.example', '<one@x.example>',
           'Name <one@x.example>', '(c) one@x (d)', 'one two', 'one@x two@y', 'g: a@x, b@y;', '<>', '""', 'a@b@c.example',
           'a."b c".d@x', '@r:a@x', 'a%b', 'b!a', 'a@[192.0.2.1]', 'one@x.', '"a\\"b"@x', 'a\\ b@x', ',', 'a,,b',
           '<a@x>,<b@y>', 'x+own@y', 'a @ x', 'a@x (c', '"unclosed@x', 'a@host', '()', ':', 'a;b', 'p q <a@x> r', '@',
           'é@x', '"Some, One" <a@x>, b@y', 'a@x; b@y', 'g:;', '<@r,@s:a@x>']


def quoted(text):
    """As the keys of tables are written."""
    local, at, domain = text.rpartition('@')
    if not at:
        local, domain = domain, ''
    plain = local and local[0] != '.' and local[-1] != '.' and '..' not in local and \
        all(c not in '()<>@,;:\\"[] ' and ord(c) > 31 and ord(c) != 127 for c in local)
    if not plain and chance.random() < 0.8:
        local = '"' + local.replace('\\', '\\\\').replace('"', '\\"') + '"'
    return local + at + domain


def key():
    kind = chance.randrange(14)
    local, domain = chance.choice(LOCALS), chance.choice(DOMAINS)
    if kind == 0:
        return quoted(local)
    if kind == 1:
        return '@' + domain
    if kind == 2:
        return domain
    if kind == 3:
        return '.' + domain
    if kind == 4:
        return quoted(local) + '@'
    if kind == 5:
        return '*'
    return quoted(local + '@' + domain)


def table(results, name):
    lines = []
    for _ in range(chance.randrange(1, 60)):
        k = key()
        if k and not any(c in k for c in ' \t') or k.count('"') == 2:
            lines.append('%s %s\n' % (k, chance.choice(results)))
    path = os.path.join(work, name)
    with open(path, 'w') as f:
        f.writelines(lines)
    subprocess.run(['postmap', 'hash:' + path], stderr=subprocess.DEVNULL, check=True)
    return 'hash:' + path


MORE = ['regexp:{{/^user@/ found},{/^example/ part}}', 'static:all', 'fail:x', 'inline:{user@example.com=in, @x=at}',
        'pcre:{{/^(.+)@home\\.example$/ $1@pcre}}', 'inline:{ {*=star} {example.com=dom} {.example.com=sub} }',
        'pipemap:{inline:{user=user@x},inline:{{user@x=y}}}', 'inline:{user=bare, {user@=at}}', 'inline:{ {user@example.com=} }',
        'unionmap:{regexp:{{/x/ y}},inline:{x=z}}']


def lists(results, name):
    some = [table(results, name)]
    some += chance.sample(MORE, chance.choice([0, 0, 1, 2]))
    chance.shuffle(some)
    return ' '.join(some)


PATTERNS = ['example.com', '.example.com', 'Example.COM', '!sub.example.com', '192.0.2.1', '192.0.2.0/24', '!192.0.2.9',
            '[2001:db8::]/32', '[2001:db8::1]', '[::1]/128', '10.0.0.0/8', '192.0.2.1/24', '[2001:db8::/32]', '!!x',
            'inline:{example.com=x}', 'inline:{{.example.com=x},Home.Example=y}', 'regexp:{{/example/ x}}', 'static:a',
            '!inline:{x=y}', 'cidr:{{192.0.2.0/25 x}}', 'fail:x', 'x', 'com', '.com', '[192.0.2.1]', '0.0.0.0/0', '[::]/0',
            '!static:b', 'inline:{192.0.2.9=}', 'unknown', '127.0.0.0/8', '1.2.3', '[::ffff:127.0.0.0]/104', '[fe80::]/10x', '/']
CLIENTS = ['unknown 192.0.2.1', 'a.example.com 192.0.2.9', 'sub.example.com 2001:db8::1', 'x 10.1.1.1', 'example.com ::1',
           'a.b.example.com 2001:DB8::5', 'unknown 255.255.255.255', 'com 127.0.0.1', 'home.example fe80::1',
           'HOME.example ::ffff:127.0.0.1', 'y 192.0.2', 'x.sub.example.com 192.0.2.200', 'unknown unknown', 'unknown 1.2.3']
NAMES = [d for d in DOMAINS if d] + ['a.sub.example.com', 'com', 'xexample.com', 'example', '*', '192.0.2.1', '.com']


def match_list(name):
    items = [chance.choice(PATTERNS) for _ in range(chance.randrange(1, 7))]
    items = [one for one in items if one != '/']
    if chance.random() < 0.3:
        path = os.path.join(work, name)
        with open(path, 'w') as f:
            f.write('# comment\n%s\n #x y\n%s # z, home.example\n' %
                    (' '.join(chance.sample(PATTERNS[:9], 3)), chance.choice(PATTERNS[:9])))
        items.insert(chance.randrange(len(items) + 1), chance.choice(['', '!']) + path)
    return chance.choice([' ', ', ', ',']).join(items)


def run(command, lines):
    text = ''.join(line + '\n' for line in lines).encode()
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    said = done.stdout.decode('utf-8', 'replace').split('\n')[:-1]
    if len(said) != len(lines):
        raise SystemExit('%s: %d answers to %d: %s' % (command, len(said), len(lines), done.stderr.decode()[-1500:]))
    return said


def compare(what, settings, words, lines):
    global passed, failed, unknown
    options = [o for s in settings for o in ('-p', s)]
    for line, we, they in zip(lines, run([ask] + options + words, lines), run([real] + words, lines)):
        if we[:1] == '?':
            unknown += 1
        elif (we if we[:1] == '=' else we[:1]) == they:
            passed += 1
        else:
            failed += 1
            if failed < 40:
                print('FAIL %s %s: %r is %.300r, Postfix says %.300r' % (what, ' '.join(words)[:400], line, we, they))


def main_cf(settings):
    with open('/etc/postfix/main.cf', 'w') as f:
        f.writelines(setting.replace('=', ' = ', 1) + '\n' for setting in settings)
        f.write('maillog_file = /var/log/mail.log\nmaster_service_disable =\n')
    old = time.time() - 100
    os.utime('/etc/postfix/main.cf', (old, old))


CONFIGURATIONS = [
    ['compatibility_level=3.6', 'myhostname=host.home.example', 'mydomain=home.example', 'myorigin=home.example',
     'mydestination=local.example, home.example', 'inet_interfaces=127.0.0.1', 'recipient_delimiter=+',
     'append_dot_mydomain=no', 'smtputf8_enable=no'],
    ['compatibility_level=3.6', 'myhostname=host.home.example', 'mydomain=home.example', 'myorigin=host',
     'mydestination=inline:{local.example=x}', 'inet_interfaces=127.0.0.1', 'recipient_delimiter=-+',
     'append_dot_mydomain=yes', 'allow_percent_hack=no', 'swap_bangpath=no'],
    ['compatibility_level=3.6', 'myhostname=host.home.example', 'mydomain=home.example', 'myorigin=no.example',
     'mydestination=', 'inet_interfaces=127.0.0.1', 'recipient_delimiter=', 'append_dot_mydomain=yes', 'smtputf8_enable=no'],
    ['compatibility_level=3.6', 'myhostname=host.home.example', 'mydomain=home.example', 'myorigin=home.example',
     'mydestination=local.example, home.example', 'inet_interfaces=127.0.0.1', 'recipient_delimiter=-',
     'owner_request_special=no', 'append_dot_mydomain=no', 'smtputf8_enable=no'],
]


def one(number, settings):
    main_cf(settings)
    subprocess.run(['postfix', 'start'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    try:
        for _ in range(100):
            if os.path.exists('/var/spool/postfix/private/rewrite'):
                break
            time.sleep(0.1)
        what = 'configuration %d' % number
        compare(what, settings, ['rewrite'], addresses(400))
        compare(what, settings, ['quote'], addresses(400))
        compare(what, settings, ['unquote'], [quoted(a) for a in addresses(400)] + addresses(200))
        for i in range(8):
            tables = lists(RESULTS, 'map-%d-%d' % (number, i))
            compare(what, settings, ['map', chance.choice('01'), tables], addresses(80))
            tables = lists(['found', 'other', 'smtp:[x]'], 'find-%d-%d' % (number, i))
            for keys in ['default', 'transport', 'access']:
                some = [a for a in addresses(80) if '@' in a.strip('@') and a[-1] != '@']
                compare(what, settings, ['find', keys, chance.choice('01'), tables], some)
        for result in RESULTS:
            compare(what, settings, ['map', '1', 'inline:{ {user@example.com = %s} }' % result]
                    if result not in (',',) else ['map', '1', 'static:{,}'],
                    ['user@example.com', 'user+ext@example.com', 'a.b@example.com'])
        for i in range(25):
            listed = match_list('list-%d-%d' % (number, i))
            parents = chance.choice('01')
            for kind in ['strings', 'domains']:
                compare(what, settings, ['match', kind, parents, listed], NAMES)
            compare(what, settings, ['match', 'clients', parents, listed], CLIENTS)
    finally:
        subprocess.run(['postfix', 'stop'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


for number, settings in enumerate(CONFIGURATIONS):
    one(number, settings)
print('counted %d %d %d' % (passed, failed, unknown))
