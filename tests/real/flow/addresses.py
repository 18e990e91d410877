# The forms in which an address may be written, and what strangers might try.
# Octets are Latin-1 here.
domain = 'torproject.org'


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
    'double-bounce@mx-dal-01.' + domain, 'double-bounce@' + domain, 'double-bounce',
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
