# compare.py BATCH WORK KNOWN: whether mailc trace gives for each record of
# WORK/records what the real Postfix said and did: the code, the text, and the
# deliveries as a set of (transport, next hop, sender, recipient). A line
# "ok", "FAIL" or "SKIP" for each, and both sides of what differs. KNOWN lists
# what mailc cannot tell, or tells otherwise on purpose, with a reason: lines
# of "PATTERN<tab>REASON", where the pattern is searched in a record's title.
# BATCH answers many questions of mailc trace (batch.c).
import concurrent.futures
import json
import os
import re
import subprocess
import sys

batch, work, known = sys.argv[1:4]
# Hosts with tables that others write: traced as foreign hosts.
foreign = os.listdir(os.path.dirname(sys.argv[0]) + '/tables')


def question(record):
    """A line for batch.c: the options, and the address."""
    cert = record['cert'] or ''
    # A certificate that nobody knows is as good as none.
    if cert.endswith('.example'):
        cert = ''
    return '\t'.join([
        '%s:%s' % (record['node'], record['port'] or 'sendmail'),
        '<%(sender)s>' % record, record['client'], record['login'] or '',
        cert, record['helo'], record.get('from', 'probe@example.net'),
        '<%(recipient)s>' % record]) + '\n'


def ask(group):
    """The first hops that mailc sees for records of one mode and host."""
    (mode, root), records = group
    env = '%s/%s' % (work, mode)
    command = [batch, env] + (['%s/root/%s' % (env, root)] if root else [])
    done = subprocess.run(
        command, capture_output=True, timeout=300,
        input=''.join(map(question, records)).encode('latin-1'))
    text, at, hops = done.stdout.decode(), 0, []
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        answer, at = json.JSONDecoder().raw_decode(text, at)
        hops.append(answer['hop'] if answer else {
            'code': 'no answer', 'text': None, 'to': []})
    if len(hops) != len(records):
        sys.exit('%s ends after %d of %d answers: %s' % (
            command, len(hops), len(records), done.stderr.decode()))
    return list(zip(records, hops))


def sender(address):
    """Hash and day of a rewritten sender are not what is compared."""
    address = re.sub(r'^(SRS0[-+=])[^=]*=[^=]*=', r'\1####=##=', address,
                     flags=re.I)
    return re.sub(r'^(SRS1[-+=])[^=]*=', r'\1####=', address, flags=re.I)


def shown(text):
    """Octets as mailc shows them."""
    try:
        return text.encode('latin-1').decode()
    except UnicodeError:
        return re.sub('[\x80-\xff]', lambda c: '\\x%02x' % ord(c[0]), text)


def logged(text):
    """As Postfix's log shows it."""
    return re.sub(r'\\x[0-9a-f]{2}|[^ -~]', '?', text)


def end(one):
    """How mail ends on a host: what the log says, and what mailc does."""
    text = one['nexthop'] if 'fate' not in one else logged('%s %s' % (
        one['fate'], one['text']))
    for pattern, short in (
            (r'.*\b(delivered to (mailbox|maildir)|the mailbox .*|'
             r'delivered None)$', 'mailbox'),
            (r'.*\bdelivered (?:to|the) (command|file):? (.*)$', r'\1 \2'),
            (r'.*(mail system configuration error).*', r'bounced \1'),
            (r'(loop|bounced) (?:5\.\d\.\d )?(.*)$', r'bounced \2'),
            (r'(sent )?discarded.*$', 'discarded'),
            (r'deferred.*', 'deferred')):
        if re.match(pattern, text):
            return re.sub(pattern, short, text)
    return text


def delivery(one):
    """A next hop that differs in letter case is the same queue's."""
    if one['transport'] in ('local', 'virtual'):
        recipient = logged(one['recipient'].lower())
        if 'fate' not in one:
            recipient = re.sub(r'\\(.)', r'\1', re.sub(
                r'^"(.*)"@', r'\1@', recipient))
        return (one['transport'], end(one), '', recipient, '')
    nexthop = one['nexthop']
    if one['transport'] != 'error' and nexthop:
        nexthop = nexthop.lower()
    return (one['transport'], nexthop, sender(one['sender']),
            one['recipient'], one['header_from'])


def said(code, text, deliveries):
    """What is compared of a side."""
    return (code, text if code and code != 250 else '', sorted(
        set(delivery(one) for one in deliveries if one['transport']), key=str) if code in (0, 250) else [])


def show(side):
    code, text, deliveries = side
    return '%s %s%s' % (code, text, ''.join(
        '\n        %s:%s <%s> -> <%s> From: %s' % one for one in deliveries))


def title(record):
    return ' '.join(str(record[key]) for key in (
        'mode', 'node', 'port', 'client', 'login', 'cert')) + \
        ' <%(sender)s> -> <%(recipient)s>' % record


with open(work + '/records') as file:
    records = [json.loads(line) for line in file]
with open(known) as file:
    exceptions = [line.rstrip('\n').split('\t') for line in file
                  if line.strip() and line[0] != '#']
groups = {}
for record in records:
    root = record['node'] if record['node'] in foreign or \
        record['mode'].startswith('generated') else None
    groups.setdefault((record['mode'], root), []).append(record)
used = set()
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    answers = [pair for pairs in pool.map(ask, groups.items())
               for pair in pairs]
for record, hop in answers:
    real = said(record['code'], shown(record['text']), [
        {key: shown(one[key]) for key in one}
        for one in record['deliveries']])
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
