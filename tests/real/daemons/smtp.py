# smtp.py ROLE SRS-ADDRESS CERTIFICATES: talk to the Postfix of the role on
# this machine, and print what is not as meant.
import smtplib
import ssl
import sys

role, made, certificates = sys.argv[1:4]
stranger = '192.0.2.99'
tls = ssl._create_unverified_context()


def connect(port, source=stranger, server='192.0.2.1', context=tls):
    """A session after EHLO, in TLS unless context is None."""
    how = {'source_address': (source, 0), 'timeout': 30,
           'local_hostname': 'probe.example'}
    if port == 465:
        session = smtplib.SMTP_SSL(server, port, context=context, **how)
    else:
        session = smtplib.SMTP(server, port, **how)
        session.ehlo()
        if context:
            session.starttls(context=context)
    session.ehlo()
    return session


def expect(what, wanted, answer):
    code, text = answer
    text = text.decode()
    if (str(code) + ' ' + text).startswith(wanted):
        print('ok smtp %s %s' % (role, what))
    else:
        print("FAIL smtp %s %s: '%d %s' instead of '%s'" %
              (role, what, code, text, wanted))


def recipient(session, sender, to):
    session.docmd('MAIL FROM:<%s>' % sender)
    return session.docmd('RCPT TO:<%s>' % to)


def closed(port):
    try:
        smtplib.SMTP('192.0.2.1', port, timeout=5)
    except ConnectionRefusedError:
        print('ok smtp %s port %d is closed' % (role, port))
    else:
        print('FAIL smtp %s port %d is open' % (role, port))


def mx():
    unknown, denied = '550 5.1.1', '554 5.7.1'
    for to, wanted in (
            ('root@torproject.org', '250'),
            ('ROOT@TorProject.Org', '250'),
            ('root+tag@torproject.org', '250'),
            ('root@torproject.net', '250'),
            ('root+tag@torproject.net', '250'),
            ('Root@Nevii.torproject.org', '250'),
            ('viggo@torproject.org', '250'),
            ('viggo+tag@torproject.org', '250'),
            ('viggo@nevii.torproject.org', '250'),
            ('wanjala@torproject.org', '250'),
            ('wanjala+tag@torproject.org', '250'),
            ('wanjala+tag@torproject.net', '250'),
            ('postmaster', '250'),
            ('unknown@torproject.org', unknown),
            ('unknown+root@torproject.org', unknown),
            ('unknown@torproject.net', unknown),
            ('unknown@nevii.torproject.org', unknown),
            ('@torproject.net', unknown),
            ('root@[192.0.2.1]', unknown),
            ('root@example.org', denied),
            ('root@lists.torproject.org', denied),
            ('root@x.nevii.torproject.org', denied),
            ('root%example.org@torproject.org', denied),
            ('example.org!root@torproject.org', denied),
            ('@torproject.org:root@example.org', denied),
            ('"root@example.org"@torproject.org', denied),
            (made, denied)):
        expect(to, wanted, recipient(connect(25), 'a@example.com', to))
    expect('a bounce to ' + made, '250', recipient(connect(25), '', made))
    expect('a bounce to a forged one', unknown, recipient(
        connect(25), '', made.replace('example.com', 'example.net')))
    expect('a bounce to an alias', '250',
           recipient(connect(25), '', 'root@torproject.org'))
    expect('a sender without a dot', '504',
           recipient(connect(25), 'a@nodot', 'root@torproject.org'))
    expect('without TLS', '250', recipient(
        connect(25, context=None), 'a@example.com', 'root@torproject.org'))
    expect('VRFY', '502', connect(25).docmd('VRFY root'))


def srs():
    pairs = (('192.0.2.10', '192.0.2.1'),
             ('2001:db8:da1:1::10', '2001:db8:99::1'))
    for source, server in pairs:
        for to, wanted in (('viggo@torproject.org', '250'),
                           ('viggo+tag@torproject.org', '250'),
                           ('wanjala@torproject.org', '250'),
                           ('unknown@torproject.org', '450 4.1.1'),
                           ('tpa@torproject.org', '450 4.1.1'),
                           ('viggo@torproject.net', '554 5.7.1'),
                           ('someone@example.org', '554 5.7.1')):
            expect('%s for the MX at %s' % (to, source), wanted, recipient(
                connect(25, source, server), 'a@example.com', to))
    for source, server in ((stranger, '192.0.2.1'),
                           ('2001:db8:99::99', '2001:db8:99::1')):
        expect('for %s' % source, '450 4.7.1', recipient(
            connect(25, source, server), 'a@example.com',
            'viggo@torproject.org'))
    expect('without TLS', '530', connect(
        25, '192.0.2.10', context=None).docmd('MAIL FROM:<a@example.com>'))


def submission():
    plain = 'AUTH PLAIN AGFsaWNlAHNlY3JldA=='   # alice, secret
    wrong = 'AUTH PLAIN AGFsaWNlAHdyb25n'       # alice, wrong
    closed(25)
    expect('a password without TLS', '530',
           connect(587, context=None).docmd(plain))
    for port in 587, 465:
        expect('nobody at %d' % port, '554', recipient(
            connect(port), 'alice@torproject.org', 'x@example.org'))
        expect('alice at %d' % port, '235', connect(port).docmd(plain))
    expect('alice mistyped', '535', connect(587).docmd(wrong))
    for sender, wanted in (('alice@torproject.org', '250'),
                           ('ALICE@TorProject.org', '250'),
                           ('alice+list@torproject.org', '250'),
                           ('bob@torproject.org', '553'),
                           ('bob+alice@torproject.org', '553'),
                           ('root@torproject.org', '553'),
                           ('alice@torproject.net', '553'),
                           ('alice@nevii.torproject.org', '553'),
                           ('alice@example.com', '553'),
                           ('alice', '553')):
        session = connect(465)
        session.docmd(plain)
        expect('alice as ' + sender, wanted,
               recipient(session, sender, 'x@example.org'))


def mta():
    closed(25)
    expect('without TLS', '530', connect(
        587, context=None).docmd('MAIL FROM:<root@nevii.torproject.org>'))
    for who, wanted in (('listed', '250'), ('stranger', '450 4.7.1'),
                        (None, '450 4.7.1')):
        context = ssl._create_unverified_context()
        if who:
            context.load_cert_chain(*('%s/%s.%s' % (certificates, who, kind)
                                      for kind in ('crt', 'key')))
        expect('certificate: %s' % who, wanted, recipient(
            connect(587, context=context), 'root@nevii.torproject.org',
            'x@example.org'))


{'mx': mx, 'srs': srs, 'submission': submission, 'mta': mta}[role]()
