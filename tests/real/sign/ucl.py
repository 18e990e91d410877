#!/usr/bin/env python3
"""ucl.py READER DIR SEED N TREE...: compare mailc's reader of UCL with
rspamd's own, on every rspamd file below the trees, on the stock files, on
the cases below, and on N generated texts. DIR is scratch space."""
import glob
import json
import os
import random
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))

# A text, and optionally what is read over it from local.d and override.d.
CASES = [
    '', '\n', '# only\n', '#', '/* c */', '/* a /* b */ c */ x=1', '/* ** */a=1',
    '/**/ a=1', '/* "*/ a=1', '/* "*/" */ a=1', '/* *a*/b*/ c=1', '{}', '{a=1}',
    '{a=1} junk', '[1,2]', '[]', ' [1]', '# c\n{a=1}', '# c\n\n{a=1}', '#c\n[1]',
    'a', 'a ', 'a=', 'a=\n', 'a=;', 'a=1', 'a=1;', 'a=1,b=2', 'a=1 b=2', 'a 1', 'a 1;b 2',
    'a: 1', 'a=:1', 'a==1', 'a=1;;;b=2,,', ';a=1', ',', '}', ']', 'a=1}', 'a=1]', 'a=[',
    'a={', 'a={]', 'a=[}', 'a{}', 'a {}', 'a {b=1}', 'a b {c=1}', 'a b c {d=1}',
    'a b {c=1} d=2', 'a b { c d { e=1 } } f=2', 'x { a b { c=1 } d=2 } e=3',
    'a b = {c=1}', 'a b = c {d=1}', 'a [1,2]', 'a b [1]', 'a "b" {c=1}', 'a "x {";',
    'a "x";', 'a.b=1', 'a/b=1', '_a=1', '-a=1', '"a b"=1', '"a\\nb"=1', '""=1', '"a"', '"a',
    "'a'=1", 'é=1', 'a\n=1', 'a{b=1}', 'a=1\r\nb=2\r\n', 'a="x', 'a="x\n"', 'a="\t"',
    'a="\\u00e9\\u20ac"', 'a="\\u12"', 'a="\\u12', 'a="\\x\\q"', 'a="\\\\"', 'a="\\', 'a="b"c',
    'a="b" c', 'a="b";c=1', "a='b'", "a='b\\'c'", "a='b\\nc'", "a='b\\\nc'", "a='b", "a='$DBDIR'",
    'a=\\u00e9', 'a=\\u12', 'a=\\u', 'a=x\\', 'a=x\\;y', 'a=b c d', 'a=b{c}d', 'a=b[c]d', 'a=b}',
    'a=b]c', 'a={b=c]}', 'a=[b{]}]', 'a=b#c', 'a=b/*c*/d', 'a=b/c', 'a=b //c', 'a=http://x/y;',
    'a=/* c */1', 'a=# c\n1', 'a=# c\n  1', 'a=\n# c\n  1', 'a=\n#c\n1', 'a=[\n#c\n1]',
    'a=[\n # c\n  1, 2]', 'a=[ /* c */ 1]', 'a=[1 # c\n, 2]', 'a=[1 # c\n 2]', 'a=[1,,2]', 'a=[,1]',
    'a=[1,]', 'a=[1 2]', 'a=["1" "2"]', 'a=["1"\n"2"]', 'a=[[1],[2]]', 'a=[{b=1},{b=2}]', 'a=[{b=1}{c=2}]',
    'a=<<EOD\nx\ny\nEOD\n', 'a=<<EOD\nEOD\n', 'a=<<EOD\n\nEOD\n', 'a=<<EOD\nx\nEOD', 'a=<<EOD\nx\nEOD;b=1',
    'a=<<EOD\nx\nEODX\nEOD\n', 'a=<<EOD\nx', 'a=<<eod\nx', 'a=<x>', 'a=<', 'a=<<', 'a=<<A', 'a=<<A B',
    'a=<<EOD\n$DBDIR\nEOD\n', 'a=[<<E\nx\nE\n, 2]',
    'a=$DBDIR', 'a="$DBDIR/x"', 'a="${DBDIR}/x"', 'a="${NO}/x"', 'a="$NO $DBDIR"', 'a="$$DBDIR"',
    'a="$$ $DBDIR"', 'a="$"', 'a="$domain.$selector.key"', 'a="$DBDIRx"', 'a="${DBDIR"', 'a="$VERSIONS"',
    'a=0', 'a=-1', 'a=-', 'a=--1', 'a=+1', 'a=1.5', 'a=.5', 'a=5.', 'a=1.2.3', 'a=1e3', 'a=1e', 'a=1e+2', 'a=1e-2x',
    'a=1e400', 'a=99999999999999999999', 'a=0x10', 'a=0X1F', 'a=-0x10', 'a=0x', 'a=0x1.5', 'a=0xg', 'a=010', 'a=1_000',
    'a=1k', 'a=1K', 'a=1kb', 'a=1KB', 'a=1m', 'a=1mb', 'a=1g', 'a=1gb', 'a=1.5k', 'a=1.5kb', 'a=1ms', 'a=100ms', 'a=1s',
    'a=1min', 'a=5minutes', 'a=1h', 'a=1d', 'a=1w', 'a=1y', 'a=1.5h', 'a=1hour', 'a=1ks', 'a=1gs', 'a=1mbx', 'a=1kx', 'a=1t',
    'a=1 ', 'a=1 #c', 'a=1 /*c*/', 'a=1/*c*/', 'a=1 ;', 'a=1\t}', 'a={b=1 }', 'a={b=1}', 'a=5 min', 'a=1-2', 'a=1m;', 'a=1s;', 'a=1M,', 'a=10.0.0.0/8',
    'a=192.0.2.1', 'a=2001:db8::1', 'a=[2001:db8::/32, ::1, 10.0.0.1]', 'a=::1', 'a=fd00::/8',
    'a=true', 'a=True', 'a=YES', 'a=on', 'a=off', 'a=no', 'a=FALSE', 'a="true"', 'a=truex', 'a=null', 'a=NULL', 'a=nan', 'a=inf',
    'a=1;a=2', 'a=1;a=2;a=3', 'a{b=1};a{c=2}', 'a {b=1}\na {c=2}', 'a {b=1}\na {b=2}', 'a=[1];a=[2]', 'a=1;a=[2]', 'a=[1];a=2',
    'a {b=1}\na=2', 'w "x" {a=1}\nw "y" {b=2}', 'w x {a=1}\nw x {b=2}',
    '.nope x', '.', 'a=1\n.nope "x"', 'a=1 .b', 'a {.nope x}',
    '[1', '[1}', '{"a": {"b": [1, 2.5, "c", null, true]}}', '{"a":1,"a":2}', '\x00', 'a=\x00', 'a=1\x00b=2', '\ufeffa=1',
    ('a=1', 'a=2', None), ('a=1', 'b=2', None), ('a=[1]', 'a=[2]', None), ('a=[1]', 'a=2', None), ('a=1', 'a=[2]', None),
    ('a {b=1}', 'a {c=2}', None), ('a {b=1}', 'a {b=2}', None), ('a {b=1}', 'a=2', None), ('a {b=1}', 'a=[2]', None),
    ('a=1', 'a=2\na=3', None), ('a=1', 'b=2\nb=3', None), ('a=1', 'b=[2]\nb=[3]', None), ('a=1', 'd { x {s=1} }\nd { x {s=2; t=1} }', None),
    ('a=1', None, 'a=2'), ('a=[1]', None, 'a=[2]'), ('a {b=1}', None, 'a {c=2}'), ('a=1', None, 'a=2\na=3'), ('a=1', None, 'a=[2]\na=[3]'),
    ('a=1', 'a=2', 'a=3'), ('a=1', 'b=2', 'b=3'), ('l=[1]', 'l=[2]', 'l=[3]'), ('a {b=1}', 'a {b=2;c=3}', 'a {d=4}'),
    ('a=1\na=2', 'a=3', None), ('a {b=1}\na {c=1}', 'a {c=2}', None), ('a=1', '', ''), ('a=1', '# c', '\n'), ('a=1', 'b', None), ('a=1', 'b {', None),
    ('a b {x=1}', 'a b {y=2}', 'a c {z=3}'), ('a=1', None, 'a=null'), ('a=1', 'a=null', None),
]

WORDS = ['a', 'b', 'c', '"k"', ' ', '  ', '\n', ';', ',', '=', ':', '{', '}', '[', ']', '#', '# c\n', '/*', '*/',
         '/* c */', '"x"', '"x y"', "'q'", '1', '-2.5', '0x1f', '10k', '5min', '1.5h', '100ms', 'true', 'off', 'null', '$DBDIR',
         '${VERSION}', '$no', '<<E\nt\nE\n', '<<', '\\', '"', "'", '\\u00e9', '192.0.2.1', '10.0.0.0/8', '::1', 'é', '.', '/', '\t', '\r\n', '*', '<', '$']


def value(rng, depth):
    kind = rng.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return rng.choice(['1', '-7', '2.5', '1k', '5min', '10mb', '3d', '0x2a', '1e3', '250ms'])
    if kind == 1:
        return rng.choice(['"s"', '"a\\nb"', "'s'", 'bare', 'two words', '"$DBDIR/x"', '${VERSION}', '192.0.2.1', '2001:db8::/32'])
    if kind == 2:
        return rng.choice(['true', 'no', 'On', 'null', '"yes"'])
    if kind <= 4:
        items = [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        return '[' + rng.choice([', ', ',', ',\n  ']).join(items) + rng.choice(['', ',']) * bool(items) + ']'
    return '{' + rng.choice(['', ' ', '\n']) + section(rng, depth + 1) + '}'


def section(rng, depth):
    out = ''
    for _ in range(rng.randrange(5)):
        out += rng.choice(['', '', '# note\n', '/* note */', '  '])
        key = rng.choice(['a', 'b', 'c', 'd-e', '"quoted key"', 'x.y'])
        name = rng.choice(['', '', '', ' n', ' "m"'])
        v = value(rng, depth)
        sign = ' ' if name or rng.random() < .2 else rng.choice([' = ', ': ', '=', ' =\n  '])
        out += key + name + sign + v + rng.choice([';', ';\n', '\n', ',', ' # c\n'])
    return out


def generated(rng):
    text = section(rng, 0)
    if rng.random() < .5:
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(text) + 1)
            if rng.random() < .4:
                text = text[:at] + text[at + rng.randrange(1, 4):]
            else:
                text = text[:at] + rng.choice(WORDS) + text[at:]
    if rng.random() < .1:
        text = ''.join(rng.choice(WORDS) for _ in range(rng.randrange(1, 25)))
    if rng.random() < .3:
        return (text, section(rng, 1), section(rng, 1) if rng.random() < .5 else None)
    return text


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or a != a and b != b or abs(a - b) <= 1e-6 * max(abs(a), abs(b))
    return a == b


def bytes_of(text):
    return text.encode('utf-8')


def write(directory, cases):
    paths = []
    for i, case in enumerate(cases):
        path = os.path.join(directory, 'u%05d' % i)
        parts = case if isinstance(case, tuple) else (case, None, None)
        for part, suffix in zip(parts, ('', '.local', '.override')):
            if part is not None:
                with open(path + suffix, 'wb') as f:
                    f.write(bytes_of(part))
        paths.append(path)
    return paths


def rspamd(paths, directory):
    """Where rspamd itself crashes on a text the answer is 'crash'."""
    files, answers = (os.path.join(directory, n) for n in ('files', 'answers'))
    done = []
    while len(done) < len(paths):
        with open(files, 'w') as f:
            f.write(''.join(p + '\n' for p in paths[len(done):]))
        if os.path.exists(answers):
            os.unlink(answers)
        subprocess.run(['rspamadm', 'lua', os.path.join(here, 'read_ucl.lua')], env={**os.environ, 'FILES': files, 'ANSWERS': answers},
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=100)
        with open(answers, 'rb') as f:
            got = f.read().decode('utf-8', 'replace').split('\n')[:-1]
        done += got
        if len(done) < len(paths):
            done.append('crash')
    return done


def agree(ours, theirs):
    if theirs == 'crash' or ours.startswith('unknown'):
        return True
    if ours.split(' ')[0] != theirs.split(' ')[0]:
        return False
    if not ours.startswith('ok '):
        return True
    a = json.loads(ours[3:], strict=False)
    try:
        b = json.loads(theirs[3:], strict=False)
    except ValueError:
        return False
    # A file that is read over another is inside a section of the test's.
    return same(a, b) or isinstance(b, dict) and list(b) == ['s'] and same(a, b['s'])


def main():
    reader, directory, seed, n = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    rng = random.Random(seed)
    os.makedirs(directory, exist_ok=True)
    files = []
    for tree in sys.argv[5:]:
        files += sorted(p for d in ('local.d', 'override.d') for p in glob.glob(tree + '/etc/rspamd/' + d + '/*'))
    files += sorted(glob.glob('/etc/rspamd/*.d/*.conf') + glob.glob('/etc/rspamd/*.conf') + glob.glob('/etc/rspamd/*.inc'))
    paths = files + write(directory, CASES + [generated(rng) for _ in range(n)])
    ours = []
    for i in range(0, len(paths), 2000):
        got = subprocess.run([reader] + paths[i:i + 2000], stdout=subprocess.PIPE, check=True).stdout
        ours += got.decode('utf-8', 'replace').split('\n')[:-1]
    theirs = rspamd(paths, directory)
    told = good = 0
    for path, a, b in zip(paths, ours, theirs):
        if agree(a, b):
            good += 1
            told += b != 'crash' and not a.startswith('unknown')
            continue
        text = open(path, 'rb').read()
        over = [open(path + s, 'rb').read() for s in ('.local', '.override') if os.path.exists(path + s)]
        print('FAIL %s %r %r\n  ours   %s\n  theirs %s' % (path, text, over, a, b))
    if len(ours) != len(paths):
        print('FAIL the reader answered %d of %d' % (len(ours), len(paths)))
    print('ok %d' % good)
    print('told %d' % told)


main()
