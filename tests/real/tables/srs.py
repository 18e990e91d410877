# srs.py ASK WORK SEED: senders and rewritten addresses before a postsrsd of
# its own and before ASK. Prints a line a disagreement.
import os
import random
import shutil
import socket
import subprocess
import sys
import time

ask, work, seed = sys.argv[1:4]
chance = random.Random(int(seed))
passed = failed = 0

if not shutil.which('postsrsd') or b'socketmap' in subprocess.run(
        ['postsrsd', '-h'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout:
    print('SKIP srs: there is no postsrsd 1.x')
    print('counted 0 0 1')
    sys.exit()

CONFIGURATIONS = [
    (['-a='], ['tops3cr3t'], ['separator==']),
    (['-a+', '-n6', '-N5'], ['second', 'x' * 119], ['separator=+', 'length=6', 'minimum=5']),
    (['-a-', '-n20', '-N2', '-A'], ['a b c'], ['separator=-', 'length=20', 'minimum=2', 'always=yes']),
]
EXCLUDE = '.Excluded.example,excluded.example,only.example'
LOCALS = ['user', 'User.Name+tag', 'a=b', 'a@b', '', 'x' * 200, 'SRS0', 'SRS', 'srs0=x', 'SRS0=x=y=z', 'SRS0=x=y=z=',
          'SRS0+aaaa=bb=host.example=u', 'srs1=aaaa=host.example==bbbb=cc=d.example=u', 'SRS1=a', 'SRS1=a=', 'SRS1=a=b',
          'SRS1=a=b=c', 'SRS2=a=b=c=d', 'SRS0=', 'SRS1-x=host=+y', 'SRS0xa=b=c=d', 'é', '"q r"', 'x' * 900]
DOMAINS = ['example.com', 'Example.COM', 'our.example', 'OUR.example', 'excluded.example', 'a.excluded.example', 'EXCLUDED.example',
           'a.only.example', 'only.example', 'xexcluded.example', 'a.b', '', 'x@excluded.example', 'sub.our.example']


def ports(n):
    some = [socket.socket() for _ in range(n)]
    for one in some:
        one.bind(('127.0.0.1', 0))
    numbers = [one.getsockname()[1] for one in some]
    for one in some:
        one.close()
    return numbers


def encode(text):
    return b''.join(b'%%%02X' % c if c <= 32 or c >= 127 or c == 37 else bytes([c]) for c in text)


def decode(text):
    out, i = b'', 0
    while i < len(text):
        if text[i] == 37:
            out += bytes([int(text[i + 1:i + 3], 16)])
            i += 3
        else:
            out += text[i:i + 1]
            i += 1
    return out


def answers(port, some):
    with socket.create_connection(('127.0.0.1', port), timeout=20) as s:
        f = s.makefile('rwb')
        for one in some:
            f.write(b'get ' + encode(one.encode()) + b'\n')
            f.flush()
            line = f.readline().rstrip(b'\n')
            yield decode(line[4:]) if line.startswith(b'200 ') else None


def simulated(verb, settings, secrets, some):
    command = [ask]
    for setting in settings + ['domain=our.example', 'exclude=' + EXCLUDE, 'secrets=' + '\n'.join(secrets)]:
        command += ['-p', setting]
    done = subprocess.run(command + ['srs', verb], input=''.join(s + '\n' for s in some).encode(),
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.split(b'\n')[:-1]


def compare(verb, port, settings, secrets, some):
    """Returns what postsrsd made."""
    global passed, failed
    made = []
    for one, we, they in zip(some, simulated(verb, settings, secrets, some), answers(port, some)):
        # To Postfix an answer that is the question is no answer.
        they = b'-' if they is None or they == one.encode() else b'=' + they
        if they != b'-':
            made.append(they[1:].decode())
        if (we if we[:1] == b'=' else b'-') == they:
            passed += 1
        else:
            failed += 1
            print('FAIL srs %s %s: %.200r is %.300r, postsrsd says %.300r' % (settings, verb, one, we, they))
    return made


def mangle(text):
    kind = chance.randrange(9)
    i = chance.randrange(len(text))
    if kind == 0:
        return text.upper()
    if kind == 1:
        return text.lower()
    if kind == 2:
        return text[:i] + chance.choice('aZ0+/=-_') + text[i + 1:]
    if kind == 3:
        return text[:i] + text[i + 1:]
    if kind == 4:
        return text.replace('=', '+', 1)
    if kind == 5:
        return text.rpartition('@')[0] + '@elsewhere.example'
    if kind == 6:
        return text.rpartition('@')[0]
    if kind == 7:
        return text[:5] + text[5:8] + text[9:]
    return text


def configuration(options, secrets, settings):
    path = os.path.join(work, 'srs-secret')
    with open(path, 'w') as f:
        f.writelines(s + '\n' for s in secrets)
    forward, reverse = ports(2)
    daemon = subprocess.Popen(['postsrsd', '-4', '-s' + path, '-dour.example', '-f%d' % forward, '-r%d' % reverse,
                               '-X' + EXCLUDE] + options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True)
    try:
        for _ in range(100):
            try:
                socket.create_connection(('127.0.0.1', reverse), timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        senders = [l + '@' + d for l in LOCALS for d in DOMAINS] + LOCALS[:-1]
        senders = [s for s in senders if s]
        made = compare('forward', forward, settings, secrets, senders)
        twice = compare('forward', forward, settings, secrets, [m.replace('our.example', 'their.example') for m in made] + made)
        some = made + twice + senders + [mangle(m) for m in made + twice for _ in range(6)]
        for day in ['AA', '22', '77', 'aa', 'zz', '11', 'A', 'AAA', '']:
            some += [m[:10] + day + m[12:] for m in made[:4]]
        compare('reverse', reverse, settings, secrets, [s for s in some if s])
    finally:
        os.killpg(daemon.pid, 15)
        daemon.wait()


for options, secrets, settings in CONFIGURATIONS:
    configuration(options, secrets, settings)
print('counted %d %d 0' % (passed, failed))
