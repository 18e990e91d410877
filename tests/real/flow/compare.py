# compare.py MAILC WORK KNOWN: whether mailc trace gives for each record of
# WORK/records what the real Postfix said and did: the code, the text, and the
# deliveries as a set of (transport, next hop, sender, recipient). A line
# "ok", "FAIL" or "SKIP" for each, and both sides of what differs. KNOWN lists
# what mailc cannot tell, or tells otherwise on purpose, with a reason: lines
# of "RECORD-PATTERN<tab>reason".
import concurrent.futures
import json
import os
import re
import subprocess
import sys

mailc, work, known = sys.argv[1:4]


def command(record):
    at = record['node']
    if record['port']:
        at += ':%d' % record['port']
    args = [mailc, '-C', '%s/%s' % (work, record['mode']), 'trace',
            '--format', 'json', '--at', at, '--from', record['sender'],
            '--helo', record['helo'], '--client', record['client']]
    for key in 'login', 'cert':
        if record[key]:
            args += ['--' + key, record[key]]
    args += ['--', record['recipient']]
    return [arg.encode('latin-1') for arg in args]


def trace(record):
    done = subprocess.run(command(record), capture_output=True, timeout=60)
    try:
        return json.loads(done.stdout.decode('latin-1'))['hop']
    except (ValueError, KeyError):
        return {'code': 'exit %d: %s' % (done.returncode, done.stderr.decode(
            'latin-1')), 'text': None, 'to': []}


def sender(address):
    """Hash and day of a rewritten sender are not what is compared."""
    address = re.sub(r'^(SRS0[-+=])[^=]*=[^=]*=', r'\1####=##=', address,
                     flags=re.I)
    return re.sub(r'^(SRS1[-+=])[^=]*=', r'\1####=', address, flags=re.I)


def delivery(one):
    return (one['transport'], one['nexthop'], sender(one['sender']),
            one['recipient'])


def said(code, text, deliveries):
    """What is compared of a side."""
    return (code, text if code and code != 250 else '', sorted(
        set(map(delivery, deliveries)), key=str) if code in (0, 250) else [])


def show(side):
    code, text, deliveries = side
    return '%s %s%s' % (code, text, ''.join(
        '\n        %s:%s <%s> -> <%s>' % one for one in deliveries))


def title(record):
    return ' '.join(str(record[key]) for key in (
        'mode', 'node', 'port', 'client', 'login', 'cert')) + \
        ' <%(sender)s> -> <%(recipient)s>' % record


with open(work + '/records') as file:
    records = [json.loads(line) for line in file]
with open(known) as file:
    exceptions = [line.rstrip('\n').split('\t') for line in file
                  if line.strip() and line[0] != '#']
used = set()
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    hops = pool.map(trace, records)
    for record, hop in zip(records, hops):
        real = said(record['code'], record['text'], record['deliveries'])
        simulated = said(hop['code'], hop['text'], hop['to'])
        if real == simulated:
            print('ok')
            continue
        name = title(record)
        why = next((reason for pattern, reason in exceptions
                    if re.search(pattern, name)), None)
        if why:
            used.add(why)
            print('SKIP flow %s: %s' % (name, why))
        else:
            print('FAIL flow %s\n    real %s\n    mailc %s' % (
                name, show(real), show(simulated)))
for pattern, reason in exceptions:
    if reason not in used:
        print('FAIL flow: nothing needs the exception %s (%s)' % (
            pattern, reason))
