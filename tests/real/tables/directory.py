# directory.py ASK WORK URI LDIF SEED: ldap tables before Postfix, which asks
# the server at URI, and before ASK, which reads LDIF.
import concurrent.futures
import os
import random
import subprocess
import sys

ask, work, uri, ldif, seed = sys.argv[1:6]
chance = random.Random(int(seed))
passed = failed = unknown = 0

# Only what has a substring rule is compared with "*" in the middle.
ATTRIBUTES = ['uid', 'emailForward', 'cn', 'description', 'UID', 'EMAILFORWARD', 'sn', 'ou']
VALUES = ['one', 'Two', 'a b', 'a  b', 'x+y', 'star\\2a', 'paren\\28s\\29', '1', '2', 'first line', 'FIRST  LINE', 'second line',
          'ahf', 'command', 'Zweite Übung', '\\c3\\9cbung', 'x', '%s', '%u', '%u', '%u', '%s', 'back\\5cslash', 'umlaut']
PARTS = ['o', 'one', 'line', 'b.example', '@', 'st l', 't  L', ', ', '/', '\\2a', '%u', 'Zwei', '\\0a', 'e', 'a ', ' b']


def part(attribute):
    """slapd drops blanks at the ends in an IA5 string, and only there."""
    text = chance.choice(PARTS)
    return text.strip() or 'b' if attribute.lower() == 'emailforward' else text


def item():
    attribute, kind = chance.choice(ATTRIBUTES), chance.randrange(10)
    if kind < 5:
        value = chance.choice(VALUES)
        if attribute.lower() == 'emailforward' and ('\\c3' in value or not value.isascii()):
            value = 'one@b.example'
        return '(%s=%s)' % (attribute, value)
    if kind == 5:
        return '(%s=*)' % attribute
    if kind == 6:
        return '(%s=*%s*)' % (attribute, part(attribute))
    if kind == 7:
        return '(%s=%s*%s)' % (attribute, chance.choice(['', part(attribute)]), part(attribute))
    if kind == 8:
        return '(%s=*%s*%s*)' % (attribute, part(attribute), part(attribute))
    return chance.choice(['(uidNumber>=%s)', '(uidNumber<=%s)', '(uidNumber=%s)', '(gidNumber=%s)']) % \
        chance.choice(['1', '10', '20', '5', '2000', '7'])


def condition(depth=0):
    kind = chance.randrange(7)
    if depth > 3 or kind < 3:
        return item()
    parts = ''.join(condition(depth + 1) for _ in range(chance.randrange(1, 4)))
    if kind == 3:
        return '(!%s)' % condition(depth + 1)
    return '(%s%s)' % ('&' if kind < 6 else '|', parts)


BROKEN = ['(uid=%s', 'uid=%s', '(&(uid=%s)(cn=x)', '(uid=%s))', '((uid=%s))', '( uid=%s)', '(uid = %s)', '(&)', '(uid)', '(=x)',
          '(uid=a(b)', '(uid=\\zz)', '(!(uid=a)(uid=b))', '(&(uid=%u)(objectClass=*))', '(uid=\\2A)', '(|)', '(uid=%s)(cn=x)', '(& (uid=%u) )']
FORMATS = ['%s', '%u', '%d', '%s@%d', 'smtp:[%s]', '%S', '%U', '%D', '%1', '%2.%1', '%u@%D', '%%', 'fixed', '%s %s', '%3']
BASES = ['dc=torproject,dc=org'] * 4 + ['ou=users,dc=torproject,dc=org', 'OU=More, DC=torproject,DC=org', 'ou=nobody,dc=torproject,dc=org',
                                        'uid=%u,ou=more,dc=torproject,dc=org', 'uid=one,ou=more,dc=torproject,dc=org', 'ou=%1,dc=torproject,dc=org']
DOMAINS = ['', '', '', 'torproject.org', 'example.com, torproject.org', '!example.com, static:all', 'inline:{torproject.org=x}']
RESULTS = ['emailForward', 'uid', 'description', 'cn, uid', 'uid emailForward', 'nosuch', 'mail', 'DESCRIPTION']
USERS = ['one', 'Two', 'ab', 'lead', 'xy', 'x+y', '1', '2', '3', 'command', 'file', 'nul', 'ahf', 'micah', 'UPPER', 'with space', 'star*',
         'paren(s)', '*', 'a\\b', 'umlaut', 'ümlaut', '', 'nobody', 'first line', 'comma,one', 'postmaster', 'x=y', '#x', '"q"', ' a', 'a ']
AT = ['@torproject.org', '@TORproject.org', '@example.com', '', '@', '@org', '@a.b.torproject.org', '@users', '@more.']


def table(number):
    lines = ['server_host = ' + uri, 'version = 3', 'bind = no',
             'search_base = ' + chance.choice(BASES),
             'query_filter = ' + (chance.choice(BROKEN) if chance.random() < 0.15 else
                                  '(&(uid=%u)' + condition() + ')' if chance.random() < 0.5 else condition()),
             'result_attribute = ' + chance.choice(RESULTS)]
    if chance.random() < 0.6:
        lines.append(chance.choice(['result_format', 'result_filter']) + ' = ' + chance.choice(FORMATS))
    if chance.random() < 0.4:
        lines.append('scope = ' + chance.choice(['sub', 'one', 'base', 'ONE', 'bogus']))
    if chance.random() < 0.3:
        lines.append('expansion_limit = %d' % chance.choice([0, 1, 2, 5]))
    if chance.random() < 0.2:
        lines.append('size_limit = %d' % chance.choice([0, 1, 2, 50]))
    if chance.random() < 0.2:
        lines.append('leaf_result_attribute = cn')
    if chance.random() < 0.2:
        lines.append('terminal_result_attribute = ' + chance.choice(['sn', 'gecos', 'description']))
    domain = chance.choice(DOMAINS)
    if domain:
        lines.append('domain = ' + domain)
    if chance.random() < 0.1:
        lines.append('uid = x\n  y')
    path = os.path.join(work, 'ldap-%d' % number)
    with open(path, 'w') as f:
        f.write('# made by chance\n' + '\n'.join(lines) + '\n')
    return 'ldap:' + path, '; '.join(lines[3:])


def keys(text):
    some = [chance.choice(USERS) + chance.choice(AT) for _ in range(30)]
    # No value of an IA5 string: to slapd the comparison is undefined.
    if 'emailforward=' in text.lower():
        some = [k for k in some if k.isascii()]
    return [k.encode() for k in some if k] + [b'\xff@torproject.org']


def run(command, stdin):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return done.stdout, done.stderr


def real(spec, some):
    """What postmap says; it ends at the first error, a second later."""
    got, error = run(['postmap', '-c', conf, '-q', '-', spec], b''.join(k + b'\n' for k in some))
    if b'fatal:' in error or b'panic:' in error:
        said = [None] * len(some)
        for i in [1, len(some) // 2]:
            got, error = run(['postmap', '-c', conf, '-q', '-', spec], some[i] + b'\n')
            said[i] = b'!' if b'fatal:' in error or b'panic:' in error else \
                b'=' + got[len(some[i]) + 1:-1] if got else b'-'
        return said
    said, at = [], 0
    for k in some:
        if got[at:].startswith(k + b'\t'):
            end = at + len(k) + 1
            # A value may hold line breaks: it ends where the next key can.
            while True:
                end = got.index(b'\n', end) + 1
                if end == len(got) or any(got[end:].startswith(o + b'\t') for o in some):
                    break
            said.append(b'=' + got[at + len(k) + 1:end - 1])
            at = end
        else:
            said.append(b'-')
    return said


def both(number_spec):
    number, (spec, text), some = number_spec
    got, error = run([ask, '-p', 'compatibility_level=3.6', '-p', 'smtputf8_enable=' + utf8, '-l', ldif, '-0', 'get', spec],
                     b''.join(k + b'\n' for k in some))
    ours = got.split(b'\0')[:-1]
    if error or len(ours) != len(some):
        raise SystemExit('%s: %s' % (text, error[-2000:]))
    return text, some, ours, real(spec, some)


utf8 = chance.choice(['yes', 'no'])
conf = os.path.join(work, 'conf')
os.mkdir(conf)
with open(conf + '/main.cf', 'w') as f:
    f.write('compatibility_level = 3.6\nsmtputf8_enable = %s\n' % utf8)
open(conf + '/master.cf', 'w').close()
jobs = []
for i in range(160):
    made = table(i)
    jobs.append((i, made, keys(made[1])))
with concurrent.futures.ThreadPoolExecutor(12) as pool:
    for text, some, ours, theirs in pool.map(both, jobs):
        for k, we, they in zip(some, ours, theirs):
            if they is None:
                continue
            if we[:1] == b'?':
                unknown += 1
            elif (we if we[:1] == b'=' else we[:1]) == they or \
                    sorted(we[1:].split(b',')) == sorted(they[1:].split(b',')) and we[:1] == they[:1] == b'=':
                # slapd gives several entries in an order of its own.
                passed += 1
            else:
                failed += 1
                if failed < 30:
                    print('FAIL ldap {%s}: key %r is %.300r, Postfix says %.300r' % (text, k, we, they))
print('counted %d %d %d' % (passed, failed, unknown))
