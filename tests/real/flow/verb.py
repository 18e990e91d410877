# verb.py MAILC WORK: the program itself says of a record what batch.c says,
# which is what compare.py holds against Postfix: some records of each host.
import json
import os
import subprocess
import sys

mailc, work = sys.argv[1:3]
foreign = os.listdir(os.path.dirname(sys.argv[0]) + '/tables')
picked = {}
with open(work + '/records') as file:
    for line in file:
        record = json.loads(line)
        cert = record['cert'] or ''
        if record['mode'] in ('live', 'snapshot') and \
                record['node'] not in foreign and \
                not cert.endswith('.example'):
            picked.setdefault((record['mode'], record['node']), []).append(
                record)


def options(record):
    at = '%s:%s' % (record['node'], record['port'] or 'sendmail')
    yield from ('--at', at, '--from', '<%(sender)s>' % record, '--client',
                record['client'], '--helo', record['helo'],
                '--header-from', 'probe@example.net')
    for key in 'login', 'cert':
        if record[key]:
            yield from ('--' + key, record[key])
    yield from ('--', '<%(recipient)s>' % record)


for (mode, node), records in picked.items():
    some = records[::max(1, len(records) // 6)]
    lines = ''.join('\t'.join([
        '%s:%s' % (one['node'], one['port'] or 'sendmail'),
        '<%(sender)s>' % one, one['client'], one['login'] or '',
        one['cert'] or '', one['helo'], 'probe@example.net',
        '<%(recipient)s>' % one]) + '\n'
        for one in some)
    env = '%s/%s' % (work, mode)
    batch = subprocess.run([work + '/batch', env], capture_output=True,
                           input=lines.encode('latin-1')).stdout.decode()
    at = 0
    for one in some:
        at += len(batch[at:]) - len(batch[at:].lstrip())
        expected, at = json.JSONDecoder().raw_decode(batch, at)
        done = subprocess.run(
            [word.encode('latin-1') for word in (
                mailc, '-C', env, 'trace', '--format', 'json',
                *options(one))], capture_output=True)
        try:
            got = json.loads(done.stdout)
        except ValueError:
            got = done.stderr
        status = {'delivered': 0, 'rejected': 2, 'bounced': 2,
                  'discarded': 2}.get(expected['fate'], 1)
        if got == expected and done.returncode == status:
            print('ok')
        else:
            print('FAIL flow: mailc trace %s: exit %d, %s' % (
                ' '.join(options(one)), done.returncode, got))
