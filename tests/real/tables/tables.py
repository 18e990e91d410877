# tables.py ASK WORK OUT SEED N: tables of every type made by chance, and the
# tables of the compiled tree OUT, asked by postmap -q and by ASK. Prints a
# line a disagreement, then how many keys agreed, differed and were unknown.
import concurrent.futures
import glob
import os
import random
import subprocess
import sys

ask, work, out, seed, number = sys.argv[1:6]
chance = random.Random(int(seed))
passed = failed = unknown = 0

DOMAINS = [b'example.com', b'Example.ORG', b'sub.example.com', b'a.b.c.d',
           b'[192.0.2.1]', b'x', b'example.com.', b'.example.com']
LOCALS = [b'user', b'User', b'user+ext', b'user+', b'+ext', b'a.b', b'"a b"',
          b'"a b+c"', b'a\\ b', b'a"b', b'postmaster', b'owner-x', b'u=v',
          b'\xc3\xa9t\xc3\xa9', b'\xc3\x89T\xc3\x89', b'\xff', b'$1', b'x' * 300,
          b'#a', b'!a', b'{a}', b'a,b', b'', b'\xc0\xaf', b'a:b', b'-x']
OTHERS = [b'<>', b'*', b'@', b'.', b'192.0.2.1', b'192.0.2', b'2001:db8::1',
          b'::ffff:192.0.2.1', b'2001:DB8::1', b'0.0.0.0', b'192.0.2.256',
          b'01.2.3.4', b'[192.0.2.1]', b'AA:BB:CC', b'x' * 5000, b'a b c',
          b' lead', b'trail ', b'tab\there', b'"', b'\\', b'if', b'endif',
          b'192.0.2.1/32', b'10.1.2.3', b'10.255.255.255', b'::', b'fe80::1%1']
VALUES = [b'OK', b'REJECT no', b'user@example.com', b'a@b, c@d', b'@example.net',
          b'smtp:[host]:25', b':', b'a  b', b'\xc3\xa9', b'\xff\xfe', b'"x y"@z',
          b'$1', b'a\tb', b'x' * 2000, b'#no', b'{x}', b'v\\']


def local():
    return chance.choice(LOCALS)


def domain():
    return chance.choice(DOMAINS)


def key():
    kind = chance.randrange(10)
    if kind < 4:
        return local() + b'@' + domain()
    if kind == 4:
        return b'@' + domain()
    if kind == 5:
        return domain()
    if kind == 6:
        return local()
    return chance.choice(OTHERS)


def mangle(text):
    """Another letter case, or something more or less."""
    kind = chance.randrange(8)
    if kind == 0:
        return text.upper()
    if kind == 1:
        return text.swapcase()
    if kind == 2:
        return text + chance.choice([b'.', b' ', b'x', b'+y', b'@', b':'])
    if kind == 3:
        return text[:-1]
    return text


def keys(more=()):
    some = [key() for _ in range(120)] + list(more)
    some += [mangle(one) for one in some]
    return [one for one in some if b'\n' not in one and b'\0' not in one]


def source(twice=True):
    """The text of an indexed table, and the keys in it."""
    lines, there = [], []
    for _ in range(chance.randrange(40)):
        k, v = key(), chance.choice(VALUES)
        # A key twice is for daemons to refuse; postmap warns and goes on.
        word = k.split()[:1]
        if not twice and (not word or word[0].decode('latin1').lower() in
                          [o.split()[0].decode('latin1').lower() for o in there]):
            continue
        blank = chance.choice([b' ', b'\t', b'  \t', b'\r ', b'\v'])
        line = k + blank + v
        odd = chance.randrange(16)
        if odd == 0:
            line = b'# ' + line
        elif odd == 1:
            line = chance.choice([b' ', b'\t']) + line
        elif odd == 2 and twice:
            line = k
        elif odd == 3:
            line = k + b'\n ' + v
        elif odd == 4:
            line = k + b' ' + v + b'\n# between\n\n\tmore  '
        elif odd == 5:
            line = b'"' + line
        elif odd == 6:
            line += b'  \r'
        elif odd == 7:
            line += b'\n'
        elif odd == 8 and twice:
            line = b'"quoted\n key" ' + v
            k = b'"quoted key"'
        elif odd == 9:
            line += b'\0behind'
        there.append(k)
        lines.append(line)
    end = chance.choice([b'\n', b''])
    return b'\n'.join(lines) + end, there


PIECES = [b'user', b'.', b'*', b'+', b'?', b'^', b'$', b'(', b')', b'|', b'[a-z]',
          b'[^@]', b'@', b'example', b'\\.com', b'\\.', b'(.*)', b'(.+)@(.+)',
          b'^(.+?)([+][^@]*)?@', b'{2}', b'{1,3}', b'\\d', b'\\w', b'\\b', b'()',
          b'[]x]', b'[[:alnum:]]', b'[', b'\\', b'\\1', b'x', b'192', b'[0-9]+',
          b'\xc3\xa9', b'(?i)', b'(?:a)', b'(a)?', b'\\/', b' ', b'ext', b'-', b'\\x41']
WHOLE = [b'^user@example\\.com$', b'@example\\.com$', b'^user', b'@sub\\.example\\.com$',
         b'^(.+)@(.+)$', b'^([^+@]+)(\\+[^@]*)?@example\\.org$', b'.', b'^$', b'^',
         b'$', b'example\\.com$', b'^SRS0=', b'^postmaster@', b'^us.r@', b'^user+@',
         b'@example\\.com?$', b'(a|b)$', b'^a|b$', b'm$', b'^"a b"@', b'[x]$']
REPLACEMENTS = [b'OK', b'$1', b'${1}@x', b'$(2)', b'a$1b', b'$1@$2', b'$$', b'a$$b$$',
                b'$', b'$0', b'$9', b'${1', b'${}', b'$x', b'', b'  two words ',
                b'$11', b'${01}', b'$1$1', b'REJECT $2!', b'\xff', b'$1_', b'${ 1}']


def pattern(pcre):
    text = chance.choice(WHOLE) if chance.random() < 0.6 else \
        b''.join(chance.choice(PIECES) for _ in range(chance.randrange(1, 6)))
    mark = chance.choice([b'/', b'/', b'/', b'!', b'%', b'|'])
    if mark == b'!' or mark in text.replace(b'\\' + mark, b''):
        mark = b'/'
    flags = b''
    if chance.random() < 0.3:
        flags = b''.join(chance.choice(
            [b'i', b'm', b'x', b's', b'A', b'E', b'U', b'X', b'q'] if pcre else
            [b'i', b'm', b'x', b'q']) for _ in range(chance.randrange(1, 3)))
    no = chance.choice([b'', b'', b'', b'!', b'! ', b'!!'])
    return no + mark + text + (mark if chance.random() < 0.97 else b'') + flags


def rules(pcre):
    lines = []
    for _ in range(chance.randrange(14)):
        kind = chance.randrange(12)
        if kind == 0:
            lines.append(chance.choice([b'if ', b'IF', b'if !', b'if']) + pattern(pcre))
        elif kind == 1:
            lines.append(chance.choice([b'endif', b'ENDIF x', b'endif  ']))
        elif kind == 2:
            lines.append(chance.choice([b'# x', b'', b' /x/ y', b'other', b'/x/', b'/a\\']))
        elif kind == 3 and not pcre:
            lines.append(pattern(pcre) + b'!/' + chance.choice(WHOLE) + b'/ ' +
                         chance.choice(REPLACEMENTS))
        elif kind == 4:
            lines.append(pattern(pcre) + b'\n ' + chance.choice(REPLACEMENTS))
        else:
            lines.append(pattern(pcre) + b' ' + chance.choice(REPLACEMENTS))
    return b'\n'.join(lines) + b'\n'


NETS = [b'192.0.2.0/24', b'192.0.2.1', b'10.0.0.0/8', b'0.0.0.0/0', b'::/0',
        b'2001:db8::/32', b'[2001:db8::]/32', b'[2001:db8::/32]', b'[::1', b'192.0.2.1/24',
        b'10.0.0.0/33', b'10/8', b'::ffff:0:0/96', b'[192.0.2.1]', b'2001:db8::1',
        b'192.0.2.0/', b'192.0.2.0/2x', b'[::]/0x', b'192.0.2.0/24/2', b'x', b'10.0.0.0/0']
ADDRESSES = [b'192.0.2.1', b'192.0.2.77', b'10.1.2.3', b'11.0.0.1', b'::1', b'2001:db8::5',
             b'2001:DB8:0::5', b'::ffff:10.0.0.1', b'192.0.2.1.', b'192.0.2', b'x', b'::',
             b'2001:db9::', b'0.0.0.0', b'255.255.255.255', b'[::1]', b'10.1.2.3 ', b'1']


def networks():
    lines = []
    for _ in range(chance.randrange(14)):
        kind, net = chance.randrange(10), chance.choice(NETS)
        no = chance.choice([b'', b'', b'!', b'! ', b'!!'])
        if kind == 0:
            lines.append(chance.choice([b'if ', b'IF', b'if']) + no + net +
                         chance.choice([b'', b'', b' x']))
        elif kind == 1:
            lines.append(chance.choice([b'endif', b'ENDIF x', b'endif ']))
        elif kind == 2:
            lines.append(chance.choice([b'# x', b' 10.0.0.0/8 x', b'if', b'!']))
        else:
            lines.append(no + net + chance.choice([b' ', b'\t', b'\n ']) +
                         chance.choice(VALUES + [b'']))
    return b'\n'.join(lines) + b'\n'


def put(name, text):
    path = os.path.join(work, name)
    with open(path, 'wb') as f:
        f.write(text)
    # postmap waits until a texthash is no longer new.
    os.utime(path, (1700000000, 1700000000))
    return path


def run(command, stdin):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    return done.stdout, done.stderr


def simulated(spec, some, settings, ldif=None):
    command = [ask]
    for setting in settings:
        command += ['-p', setting]
    if ldif:
        command += ['-l', ldif]
    got, error = run(command + ['get', spec], b''.join(k + b'\n' for k in some))
    lines = got.split(b'\n')[:-1]
    if error or len(lines) != len(some):
        raise SystemExit('ask %r: %r' % (spec, error[-2000:]))
    return lines


def real_one(conf, spec, k):
    got, error = run(['postmap', '-c', conf, '-q', '-', spec], k + b'\n')
    if b'fatal:' in error or b'panic:' in error:
        return b'!'
    return b'=' + got[len(k) + 1:-1] if got else b'-'


def chance_of_two(some):
    return [len(some) // 3, len(some) // 2]


def real(conf, spec, some):
    """What postmap says to each key; it ends at the first error."""
    got, error = run(['postmap', '-c', conf, '-q', '-', spec],
                     b''.join(k + b'\n' for k in some))
    if b'fatal:' in error or b'panic:' in error:
        # Each error takes postmap a second.
        few = chance_of_two(some)
        return [real_one(conf, spec, some[i]) if i in few else None
                for i in range(len(some))]
    lines, said, at = got.split(b'\n')[:-1], [], 0
    for k in some:
        if at < len(lines) and lines[at].startswith(k + b'\t'):
            said.append(b'=' + lines[at][len(k) + 1:])
            at += 1
        else:
            said.append(b'-')
    if at != len(lines):
        raise SystemExit('postmap %r: %r is of no key' % (spec, lines[at]))
    return said


jobs = []


def compare(*job):
    jobs.append(job)


def compare_all():
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for job, said in zip(jobs, pool.map(lambda job: ask_both(*job), jobs)):
            judge(job[0], job[2], *said)


def ask_both(what, conf, spec, some, settings, ldif=None):
    # In a batch a key and its value are parted by a tab.
    some = [k for k in some if b'\t' not in k and k]
    return some, simulated(spec, some, settings, ldif), real(conf, spec, some)


def judge(what, spec, some, ours, theirs):
    global passed, failed, unknown
    for k, we, they in zip(some, ours, theirs):
        if they is None:
            continue
        if we[:1] == b'?':
            unknown += 1
        elif (we if we[:1] == b'=' else we[:1]) == they:
            passed += 1
        else:
            failed += 1
            if failed < 40:
                print('FAIL %s %s: key %.200r is %.300r, postmap says %.300r' %
                      (what, spec[:300], k, we, they))


def configuration(name, settings):
    conf = os.path.join(work, name)
    os.mkdir(conf)
    with open(os.path.join(conf, 'main.cf'), 'w') as f:
        f.writelines(setting.replace('=', ' = ', 1) + '\n' for setting in settings)
    open(os.path.join(conf, 'master.cf'), 'w').close()
    return conf


SPECS = ['inline:{a=b}', 'inline:{ {a = b c}, x=y, A=z }', 'inline:{a}', 'inline:{}', 'inline:x',
         'inline:{ {user@example.com = "q r"@x} {"a b"=c} <>=null }', 'inline:{a=b}c',
         'inline:{ {a=b} {a=c} user = d}', 'inline:{ =x }', 'inline:{{a b}}', 'inline:{a=}',
         'inline:{ {"a = b" = c} }', 'inline:{ {été@x = 1} {ÉTÉ@y = 2} }', 'inline:{ {\xc3\xa9 = 1} }', 'inline:{ {"a=b} }', 'inline:{ {a=b}x }',
         'static:x', 'static:{ two words }', 'static:{x', 'static::', 'static:{}',
         'randmap:{one}', 'randmap:{one,one}', 'randmap:{}', 'randmap:x', 'randmap:{ {a b} }',
         'unionmap:{static:a,static:b}', 'unionmap:{inline:{user=x},inline:{user=y,*=z}}',
         'unionmap:{inline:{user=x} inline:{y=z}}', 'unionmap:{static:a x}', 'unionmap:{}',
         'unionmap:static:a', 'unionmap:{inline:{a=},static:b}', 'unionmap:{fail:x,static:a}',
         'unionmap:{static:a,fail:x}',
         'pipemap:{inline:{user=x,*=<>},inline:{x=y,<>=null}}', 'pipemap:{static:a,inline:{a=b}}',
         'pipemap:{inline:{user=x},fail:y}', 'pipemap:{regexp:{{/^(.*)@x$/ $1}},inline:{user=y}}',
         'fail:x', 'regexp:{{/^user$/ OK},{/x/ $$}}', 'pcre:{{/^(U)ser$/ $1}}', 'regexp:{/x/ y}',
         'cidr:{{192.0.2.0/24 OK} {!10.0.0.0/8 no}}', 'cidr:{ {# x} }', 'regexp:{}', 'pcre:{{a b}x}',
         'pipemap:{unionmap:{inline:{user=a},inline:{user=b}},inline:{{a,b = c}}}', 'nosuch:x', 'inline:',
         'unix:passwd.byname', 'unix:group.byname', 'unix:nosuch.byname']


def chosen(conf, settings, tag):
    some = keys([b'a', b'A', b'x', b'user', b'User', b'*', b'<>', b'"a b"', b'"a = b"', b'user@x',
                 b'y', b'b', b'=x', b'root', b'Root', b'root@x', b'#', b'root:x', b'x:0', b'nogroup', b'NOBODY',
                 'été@x'.encode(), 'ÉTÉ@x'.encode(), 'ÉTÉ@Y'.encode()])
    for spec in SPECS:
        compare(tag, conf, spec, some, settings)


def generated(conf, settings, tag, i):
    for kind in ['hash', 'btree', 'cdb', 'lmdb', 'texthash']:
        text, there = source(kind != 'texthash')
        if kind == 'lmdb':
            text = b'\n'.join(l for l in text.split(b'\n') if len(l) < 400)
        path = put('%s-%s-%d' % (kind, tag, i), text)
        if kind != 'texthash':
            run(['postmap', '-c', conf, kind + ':' + path], b'')
            if not glob.glob(path + '.*'):
                raise SystemExit('postmap %s: no table' % path)
        some = keys(there)
        if kind == 'lmdb':
            some = [k for k in some if len(k) < 400]
        compare(tag, conf, kind + ':' + path, some, settings)
    for kind, text in [('regexp', rules(False)), ('pcre', rules(True)), ('cidr', networks())]:
        path = put('%s-%s-%d' % (kind, tag, i), text)
        compare(tag, conf, kind + ':' + path, keys(ADDRESSES), settings)
    parts = ['%s:%s-%s-%d' % (kind, os.path.join(work, kind), tag, i)
             for kind in ['regexp', 'pcre', 'cdb', 'hash', 'cidr']]
    chance.shuffle(parts)
    for kind in ['unionmap', 'pipemap']:
        compare(tag, conf, '%s:{%s}' % (kind, ','.join(parts[:2])), keys(), settings)


def sample(settings, conf):
    """Every table of the sample fleet, by its own keys and others."""
    seen = 0
    for path in sorted(glob.glob(out + '/*/etc/postfix/maps/*')):
        with open(path, 'rb') as f:
            text = f.read()
        if b'server_host' in text or '.' in os.path.basename(path):
            continue
        there = [l.split()[0] for l in text.split(b'\n') if l.strip() and l[:1] not in b'#/ ']
        chance.shuffle(there)
        some = keys(there[:300])
        some += [l + b'@' + d for l in [b'tpa', b'user+x'] for d in
                 [b'torproject.org', b'torproject.net', b'rt-01.torproject.org', b'example.com']]
        kinds = ['pcre'] if b'/^' in text or b'\nif ' in text else ['cdb', 'texthash']
        copy = put('sample-%d' % seen, text)
        seen += 1
        for kind in kinds:
            if kind == 'cdb':
                run(['postmap', '-c', conf, 'cdb:' + copy], b'')
            compare('sample ' + path, conf, kind + ':' + copy, some, settings)
    if not seen:
        raise SystemExit('the compiled tree has no tables')


SETTINGS = {
    'bytes': ['compatibility_level=3.6', 'smtputf8_enable=no'],
    'utf8': ['compatibility_level=3.6', 'smtputf8_enable=yes'],
    'level': ['compatibility_level=3.6'],
    'old': ['compatibility_level=0'],
}
confs = {tag: configuration(tag, settings) for tag, settings in SETTINGS.items()}
for tag, settings in SETTINGS.items():
    chosen(confs[tag], settings, tag)
for i in range(int(number)):
    tag = ['bytes', 'utf8', 'bytes', 'level', 'utf8', 'old'][i % 6]
    generated(confs[tag], SETTINGS[tag], tag, i)
sample(SETTINGS['bytes'], confs['bytes'])
compare_all()
print('counted %d %d %d' % (passed, failed, unknown))
