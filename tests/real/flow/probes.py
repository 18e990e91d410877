# probes.py ENVIRONMENT TODAY: what is asked of which node, as lines of JSON
# (ask.py says of what): every address of the sample fleet, in the main domain
# and a sample of them in each alias domain; the forms in which an address may
# be written; what a stranger might try; senders, clients and logins. TODAY is
# in days since 1970, for rewritten senders, whose secret is "secret". All of
# it is the same in each run.
import base64
import hashlib
import hmac
import json
import random
import re
import sys

import yaml

environment, today = sys.argv[1], int(sys.argv[2])
pick = random.Random(5)
domain = 'torproject.org'
stranger, stranger6 = '198.51.100.99', '2001:db8:ffff::99'
from_stranger = 'someone@example.net'
mx, srs, submit, mta, rt, lists, nevii, gitlab = nodes = [
    name + '.' + domain for name in (
        'mx-dal-01', 'srs-dal-01', 'submit-01', 'mta-dal-01', 'rt-01',
        'lists-01', 'nevii', 'gitlab-02')]
crm = 'crm-int-01.' + domain


def load(path):
    with open('%s/%s' % (environment, path)) as file:
        return yaml.safe_load(file)


def facts(node):
    kind = 'json' if node == gitlab else 'yaml'
    return load('data/facts/%s.%s' % (node, kind))['networking']


def accounts():
    with open(environment + '/data/ldap/users.ldif') as file:
        return re.findall(r'(?m)^uid: (\S+)', file.read())


def every_node():
    with open(environment + '/data/puppetdb/fingerprints.json') as file:
        titles = [one['parameters'].get('fqdn') or one['certname']
                  for one in json.load(file)]
    return sorted(set(titles) | set(nodes))


mail = load('data/common/mail.yaml')
aliases = list(mail['mail::aliases'])
forwards = list(mail['mail::forwards'])
people = accounts()
alias_domains = mail['mail::alias_domains'] + every_node()
ip = {node: facts(node)['ip'] for node in nodes + [crm]}
ip6 = {node: facts(node)['ip6'] for node in nodes + [crm]}
name = {address: node for table in (ip, ip6)
        for node, address in table.items()}


# Rewritten senders: libsrs2's "guarded" scheme.

def srs_hash(*parts):
    digest = hmac.new(b'secret', ''.join(parts).lower().encode(),
                      hashlib.sha1).digest()
    return base64.b64encode(digest).decode()[:4]


def srs0(address, age=0, to=domain):
    user, host = address.rsplit('@', 1)
    digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    day = (today - age) % 1024
    stamp = digits[day // 32] + digits[day % 32]
    return 'SRS0=%s=%s=%s=%s@%s' % (
        srs_hash(stamp, host, user), stamp, host, user, to)


def srs1(address):
    """One more forwarder takes over an SRS0 address of another."""
    rest, host = address[4:].rsplit('@', 1)
    return 'SRS1=%s=%s=%s@%s' % (srs_hash(host, rest), host, rest, domain)


made = srs0(from_stranger)
rewritten = [
    made, made.upper(), made.lower(), made.replace('SRS0=', 'SRS0+'),
    made.replace('SRS0=', 'SRS0-'), made.replace('example', 'exbmple'),
    made.replace('someone', 'anyone'), made[:5] + 'aaaa' + made[9:],
    made.replace('@' + domain, '@torproject.net'),
    made.replace('@' + domain, '@' + srs), made.replace('@', '+x@'),
    '"%s"@%s' % tuple(made.split('@')), srs0(from_stranger, 5),
    srs0(from_stranger, 20), srs0(from_stranger, 23), srs0(from_stranger, 400),
    srs0('root@nevii.' + domain), srs0('viggo@' + domain),
    srs0('root@' + domain), srs0('Some.One+tag@example.com'),
    srs0('a=b@example.com'), srs1('SRS0=aaaa=bb=one.example=u@two.example'),
    srs1('SRS0+aaaa=bb=one.example=u@two.example'),
    srs1('SRS0=aaaa=bb=one.example=u@two.example').replace('two', 'tvo'),
    'SRS0@' + domain, 'SRS0=@' + domain, 'SRS0=a@' + domain,
    'SRS0=a=b@' + domain, 'SRS0=a=b=c@' + domain, 'SRS0=a=b=c=d@' + domain,
    'SRS1=a=b@' + domain, 'SRS1=a=b==c@' + domain, 'SRS2=a=b=c=d@' + domain,
    'srs@' + domain, 'xSRS0=a=b=c=d@' + domain, 'SRS0:a=b=c=d@' + domain]


def forms(user, at):
    """The ways in which one address may be written."""
    address = user + '@' + at
    return [
        user.upper() + '@' + at.upper(), user.title() + '@' + at.title(),
        user + '+tag@' + at, user + '+@' + at, user + '+a+b@' + at,
        user + '+TAG@' + at.upper(), user + '-tag@' + at, '+' + address,
        user + '+' + 'x' * 64 + '@' + at, '"%s"@%s' % (user, at),
        '"%s+tag"@%s' % (user, at), '"%s tag"@%s' % (user, at),
        '"\\%s"@%s' % (user, at), '\\' + address, user + '.@' + at,
        '.' + address, address + '.', address + '..', user + '@.' + at,
        user + '@@' + at, user + '@' + at + '@' + at,
        '@example.org:' + address, '@%s:%s' % (at, address),
        '@example.org,@example.com:' + address, '@a,@b:' + address,
        user + '%' + at + '@' + domain, user + '%example.org@' + at,
        'example.org!%s@%s' % (user, at), at + '!' + user,
        user + '%' + at, user + '@' + at + '%example.org',
        user + '@x.' + at, user + '@' + at + '.example.org',
        '%s@%s (comment)' % (user, at), '(comment) ' + address,
        ' %s ' % address, user + ' @' + at, user + '@ ' + at,
        'Name <%s>' % address, '<%s>' % address, '@' + at, user + '@', user,
        user + '+tag']


hostile = [
    'postmaster', 'Postmaster', 'POSTMASTER', 'postmaster+x', 'postmaster@',
    'mailer-daemon', 'MAILER-DAEMON@' + domain, 'root', 'nobody',
    'double-bounce@' + mx, 'double-bounce@' + domain, 'double-bounce',
    '@', '""', '""@' + domain, '"@"', '@@', '.', '..', '!', '%', '+', '-', '/',
    '+@' + domain, '-@' + domain, '-oQ/tmp@' + domain, '--@' + domain,
    '|true@' + domain, '"|true"@' + domain, '"|true"', '|true',
    '/etc/passwd@' + domain, '"/etc/passwd"@' + domain, '/etc/passwd',
    ':include:/etc/passwd@' + domain, '":include:/x"@' + domain,
    '$user@' + domain, '${1}@' + domain, '`id`@' + domain, ';id@' + domain,
    "o'neil@" + domain, '*@' + domain, '?@' + domain, '*', '#@' + domain,
    'root@[192.0.2.1]', 'root@[127.0.0.1]', 'root@[127.0.0.2]',
    'root@[::1]', 'root@[IPv6:::1]', 'root@[ipv6:::1]', 'root@[]', 'root@[',
    'root@]', 'root@[x]', 'root@[192.0.2.300]', 'root@[192.0.2.1',
    'root@192.0.2.1', 'root@127.0.0.1', 'root@localhost',
    'root@localhost.localdomain', 'root@localhost.' + domain,
    'root@ip6-localhost', 'a@b@c', 'a@b@' + domain, 'a@%s@b' % domain,
    'a%b%c@' + domain, 'a!b!c@' + domain, 'b!a%c@' + domain, 'a!b', 'a%b',
    'a@b!c', 'a%b@', '!a@' + domain, 'a!@' + domain, '%a@' + domain,
    'a%@' + domain, '"a@b"@' + domain, '"a@b"', '"a!b"@' + domain,
    '"a%b"@' + domain, '"root@%s"@example.org' % domain,
    '"root@%s"' % domain, '"root"."x"@' + domain, 'ro"ot"@' + domain,
    '"ro\\"ot"@' + domain, '"ro\\\\ot"@' + domain, '"root@' + domain,
    'root"@' + domain, '(@' + domain, ')@' + domain, '(root)@' + domain,
    'root(x)@' + domain, '<@' + domain, '>@' + domain, 'a<b>c@' + domain,
    '<>', '<>@' + domain, 'a,b@' + domain, 'root@%s,viggo@%s' % (
        domain, domain), 'group: root@%s;' % domain, 'a;b@' + domain,
    'a:b@' + domain, ':@' + domain, '::a@' + domain, '@a:', '@a:@b:c@' + domain,
    '@:root@' + domain, '@a,b:root@' + domain, 'a b@' + domain,
    'root @ ' + domain, 'root\t@' + domain, '\troot@' + domain,
    'root@\t' + domain, 'ro\x01ot@' + domain, 'root@tor\x01project.org',
    'ro\x7fot@' + domain, 'r\xf6\xf6t@' + domain, 'r\xc3\xb6\xc3\xb6t@' + domain,
    'root@t\xf6rproject.org', 'root@t\xc3\xb6rproject.org', '\xff@' + domain,
    'root@xn--trproject-q4a.org', 'ro\x1bot@' + domain, '"ro\x01ot"@' + domain,
    'x' * 63 + '@' + domain, 'x' * 64 + '@' + domain, 'x' * 65 + '@' + domain,
    'x' * 250 + '@' + domain, 'x' * 1000 + '@' + domain,
    'root+' + 'x' * 250 + '@' + domain, 'root@' + 'x' * 63 + '.' + domain,
    'root@' + 'x' * 64 + '.' + domain, 'root@' + 'x.' * 100 + domain,
    'root@' + 'x.' * 130 + domain, 'root@.', 'root@..', 'root@-', 'root@_',
    'root@-x.' + domain, 'root@x-.' + domain, 'root@a_b.' + domain,
    'root@a..b.' + domain, 'root@%', 'root@!', 'root@$mydomain',
    'root@com', 'root@org', 'root@' + domain + ':25', 'root@' + domain + '/x',
    'someone@example.org', 'SomeOne@Example.ORG', 'someone+x@example.org',
    'someone@stanford.edu', 'a@b.invalid', 'a@1.2.3.4', 'a@1', 'a@0x7f.1',
    'frontdesk@rt.' + domain, 'Frontdesk+x@RT.' + domain,
    'unknown@rt.' + domain, 'tor-dev@lists.' + domain,
    'tor-dev-request@lists.' + domain, 'postmaster@lists.' + domain,
    'abuse+x@lists.' + domain, 'x@lists.' + domain + '.',
    'x@sub.lists.' + domain, 'root@srs.' + domain, 'root@mta.' + domain,
    'root@submission.' + domain, 'x@crm.' + domain]

probes = []


def ask(node, recipient, sender=from_stranger, client=stranger, port=25,
        login=None, cert=None, mode='snapshot'):
    if client is None:
        # sendmail(1) may find several addresses in one argument.
        if re.search(r'[ ,;<]|[a-z]"', recipient):
            return
        client, port = '127.0.0.1', 0
    probes.append({
        'mode': mode, 'node': node, 'port': port, 'client': client,
        'name': name.get(client, 'localhost' if client in (
            '127.0.0.1', '::1') else None),
        'login': login, 'cert': cert, 'helo': 'probe.example',
        'sender': sender, 'recipient': recipient})


senders = [
    '', 'root@' + domain, 'viggo@' + domain, 'nobody-at-all@' + domain,
    'root@torproject.net', 'root@' + nevii, 'git@' + gitlab, 'root@' + srs,
    'root@' + mx, made, 'SRS0=aaaa=bb=one.example=u@two.example',
    'SRS1=aaaa=one.example==bb=cc=u@two.example', 'someone@nodot', 'someone',
    'someone@', '@example.org', 'someone@[198.51.100.1]', 'someone@[x]',
    '"some one"@example.org', 'Some.One+tag@Example.COM', 'someone@example.org.',
    '"a@b"@example.org', 'a@b@example.org', '@x.example:someone@example.org',
    'someone%example.org@' + domain, 'example.org!someone', 's\xf6@example.org',
    'x' * 100 + '@example.org', 'a=b@example.org', '"a b"@' + domain,
    'someone@x.invalid', 'postmaster', 'double-bounce@' + mx]
some = ['root', 'tpa', 'www-data', 'viggo', 'spenden', 'desmond', 'wanjala',
        'dimka', 'mathilde', 'olamide', 'unknown']
few = ['root@' + domain, 'viggo@torproject.net', 'wanjala+x@' + domain,
       'unknown@' + domain, 'x@example.org', 'x@rt.' + domain]


def ask_mx():
    for user in aliases + forwards + people:
        ask(mx, user + '@' + domain)
    for other in alias_domains:
        for user in pick.sample(aliases, 2) + pick.sample(forwards, 2) + \
                pick.sample(people, 2) + ['unknown']:
            ask(mx, user + pick.choice(['', '', '+tag']) + '@' + other)
    for user in ('root', 'viggo', 'wanjala', 'unknown'):
        for form in forms(user, domain) + forms(user, 'torproject.net'):
            ask(mx, form)
    for form in forms('frontdesk', 'rt.' + domain):
        ask(mx, form)
    for one in hostile:
        ask(mx, one)
    for one in rewritten:
        ask(mx, one)
        ask(mx, one, sender='')
    for sender in senders:
        for one in few:
            ask(mx, one, sender=sender)
    for client in (stranger6, ip[nevii], ip6[mx], ip[srs], '127.0.0.1', '::1',
                   '127.255.255.254', '128.0.0.1', '::ffff:198.51.100.9'):
        for one in few + [made]:
            ask(mx, one, client=client)
            ask(mx, one, client=client, sender='')
    # Who is trusted is relayed for: here Postfix says where all of it leads.
    for form in forms('root', domain) + forms('viggo', 'torproject.net') + \
            hostile + rewritten:
        ask(mx, form, client='127.0.0.1', sender='')
    for one in few + hostile[:60]:
        ask(mx, one, client=None)


def ask_srs():
    for user in aliases[:20] + forwards + people:
        ask(srs, user + '@' + domain, client=ip[mx])
    for user in some:
        for form in forms(user, domain)[:12]:
            ask(srs, form, client=ip[mx])
    for form in forms('viggo', domain) + hostile:
        ask(srs, form, client=ip6[mx])
    for form in forms('yukiko', domain)[10:] + hostile[:60] + rewritten:
        ask(srs, form, client='127.0.0.1')
    for sender in senders:
        for one in few[1:5]:
            ask(srs, one, client=ip[mx], sender=sender)
        ask(srs, 'x@example.org', client='::1', sender=sender)
        ask(srs, 'x@example.org', client=None, sender=sender)
    for client in (stranger, stranger6, ip[nevii], '127.0.0.9'):
        for one in few:
            ask(srs, one, client=client)


def ask_submission():
    def send(sender, recipient, login, **more):
        ask(submit, recipient, sender, login=login,
            port=pick.choice([465, 587]), **more)
    for login in ('wanjala', 'WANJALA', 'a.b-c', None, 'wanjala@' + domain,
                  'unknown'):
        for user in ('wanjala', 'Wanjala', 'wanjala+list', 'wanjala+', 'pavel',
                     'pavel+wanjala', 'a.b-c', '+wanjala', '"wanjala"',
                     '"wanjala x"', 'wanjala@' + domain, 'unknown'):
            for at in (domain, domain.upper(), 'torproject.net', nevii):
                send('%s@%s' % (user, at), 'x@example.org', login)
        for sender in senders:
            send(sender, 'x@example.org', login)
    mine = 'wanjala@' + domain
    for one in few + hostile + forms('root', domain):
        send(mine, one, 'wanjala')
    for client in (stranger6, '127.0.0.1', '::1', ip[mx]):
        for login in 'wanjala', None:
            send(mine, 'x@example.org', login, client=client)


def ask_mta():
    def send(recipient, cert=nevii, sender='root@' + nevii, **more):
        ask(mta, recipient, sender, port=587, cert=cert,
            **{'client': ip[nevii], **more})
    for one in few + hostile + forms('root', domain) + forms('x', rt):
        send(one)
    for cert in (None, 'web-dal-07.' + domain, 'unlisted.example', srs):
        for sender in ('root@' + nevii, '', from_stranger):
            for one in few:
                send(one, cert=cert, sender=sender)
    for sender in senders:
        for one in few[:5:2]:
            send(one, sender=sender)
    for client in (stranger, stranger6, '127.0.0.1', '::1', ip[mx]):
        for cert in nevii, None:
            send('x@example.org', cert=cert, client=client)


def ask_live():
    """The same questions, where the directory is asked for the answers."""
    for user in people + aliases[:10] + forwards[:10] + ['unknown']:
        ask(mx, user + '@' + domain, mode='live')
        ask(srs, user + '@' + domain, client=ip[mx], mode='live')
    for user in pick.sample(people, 12):
        ask(mx, user + '@torproject.net', mode='live')
        ask(mx, user.title() + '+x@' + nevii, mode='live')
    for form in forms('wanjala', domain) + hostile:
        ask(mx, form, mode='live')
        ask(mx, form, client='127.0.0.1', sender='', mode='live')
        ask(srs, form, client='127.0.0.1', mode='live')


def ask_independent(node, at, users):
    for user in users:
        for form in [user + '@' + at] + forms(user, at):
            ask(node, form)
    for one in few + hostile:
        ask(node, one)
        ask(node, one, client='127.0.0.1')
    for sender in senders:
        ask(node, 'x@example.org', client=None, sender=sender)
        ask(node, 'abuse@' + at, sender=sender)
    for client in stranger6, ip[mx], '::1', ip[node]:
        for one in few + ['abuse@' + at]:
            ask(node, one, client=client)


def ask_node(node, recipients=()):
    for sender in senders:
        for one in few[:5:2]:
            ask(node, one, client=None, sender=sender)
    for one in few + list(recipients):
        ask(node, one, client=None, sender='root')


ask_mx()
ask_srs()
ask_live()
ask_submission()
ask_mta()
ask_independent(rt, 'rt.' + domain, ['frontdesk', 'postmaster', 'unknown'])
ask_independent(lists, 'lists.' + domain,
                ['tor-dev', 'tor-dev-request', 'postmaster', 'unknown'])
ask_node(nevii, hostile + forms('root', domain))
ask_node(gitlab)
ask_node(crm)


def order(probe):
    return [str(probe[key]) for key in ('mode', 'node', 'port', 'client', 'login',
                                        'cert')]


seen = set()
for number, probe in enumerate(sorted(probes, key=order)):
    line = json.dumps(probe)
    if line not in seen:
        seen.add(line)
        print(json.dumps({'probe': number, **probe}))
