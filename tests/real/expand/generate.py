# generate.py SEED N DIR: DIR/1 to DIR/N, each a main.cf and a master.cf full
# of $name and ${...} in every form that mac_expand(3) has. What Postfix
# refuses (broken expressions, circles) is left out: no value is compared.
import os
import random
import sys

seed, n, directory = sys.argv[1:4]
random = random.Random(int(seed))

# Parameters that postconf itself needs none of, and reads as they are.
carriers = '''smtpd_helo_restrictions smtpd_sender_restrictions relay_domains
smtpd_data_restrictions smtpd_etrn_restrictions transport_maps relocated_maps
virtual_alias_maps virtual_alias_domains virtual_mailbox_maps canonical_maps
virtual_mailbox_domains sender_canonical_maps recipient_canonical_maps
smtp_tls_policy_maps local_recipient_maps alias_maps always_bcc content_filter
relayhost fallback_transport mailbox_transport smtp_sasl_password_maps
smtpd_sender_login_maps smtp_generic_maps header_checks body_checks
masquerade_domains masquerade_exceptions defer_transports relay_clientcerts
smtpd_restriction_classes proxy_interfaces smtpd_milters non_smtpd_milters
smtpd_tls_CAfile smtpd_tls_cert_file smtp_tls_CAfile smtp_fallback_relay
default_transport local_transport relay_transport virtual_transport
undisclosed_recipients_header recipient_delimiter
import_environment export_environment double_bounce_sender'''.split()
presets = ['mydomain', 'myhostname', 'mail_owner', 'queue_directory', 'stress',
           'bounce_template_file', 'smtpd_banner', 'myorigin', 'mynetworks_style',
           'smtp_destination_recipient_limit', 'address_verify_map',
           'compatibility_level', 'smtp_tls_security_level']
undefined = ['nothing', 'x9', '_', '0', 'Relayhost']
levels = ['0', '1', '2', '3', '3.6', '3.7', '3.6.1', '3.10', '3.9', '03.6',
          '3.06', '2047', '3.1023', '3.0.0']
operands = ['', 'a', 'b', 'A', ' a', 'a ', '1', '2', '10', '010', '0', '-1',
            ' 1', '1.0', 'yes', 'no', '100000000000000000', '9']


def blank():
    return random.choice(['', '', '', ' ', '  ', '\t', '\n  ', '\n# x\n '])


def literal(inside):
    letters = ['a', 'b', 'c:d', 'e?f', '$$', ' ', ', ', '=', '<', 'g h', '1',
               '[x]:25', '"', '\\', '|', '!', '()', '{}', 'hash:/x', '#']
    if not inside:
        letters += ['{', '}', ')', '(', '}}']
    return ''.join(random.choice(letters) for _ in range(random.randint(0, 3)))


def text(names, depth, inside=True):
    parts = [literal(inside)]
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        if depth:
            parts.append(expression(names, depth - 1))
        parts.append(literal(inside))
    return ''.join(parts)


def braced(names, depth):
    return blank() + '{' + text(names, depth) + '}' + blank()


def plain(names, depth):
    """A result without braces: it must not begin with one."""
    got = text(names, depth)
    return 'p' + got if got.lstrip(' \t\n').startswith('{') else got


def result(names, depth):
    """What follows the condition."""
    return random.choice([
        lambda: '?' + plain(names, depth),
        lambda: ':' + plain(names, depth),
        lambda: '?' + braced(names, depth),
        lambda: ':' + braced(names, depth),
        lambda: '?' + braced(names, depth) + ':' + braced(names, depth),
        lambda: '?' + braced(names, depth) + ':' + plain(names, depth)])()


def comparison(names, depth):
    operator = random.choice(['==', '!=', '<', '<=', '>=', '>'])
    if random.random() < 0.25:
        left, right = random.choice(levels), random.choice(levels)
        if random.random() < 0.5:
            left = '$compatibility_level'
        operator += 'level'
    elif random.random() < 0.5:
        left, right = random.choice(operands), random.choice(operands)
    else:
        left, right = text(names, depth), text(names, depth)
        if random.random() < 0.3:
            right = left
    return '%s{%s}%s%s%s{%s}%s' % (blank(), left, blank(), operator, blank(),
                                   right, blank())


def expression(names, depth):
    name = random.choice(names)
    return random.choice([
        lambda: '$' + name + random.choice(['.', ',', ' ', '-', '/']),
        lambda: '${%s}' % name,
        lambda: '$(%s)' % name,
        lambda: '${%s%s%s}' % (random.choice(['', ' ']), name,
                               random.choice(['', ' '])),
        lambda: '${%s%s%s}' % (name, random.choice(['', ' ']),
                               result(names, depth)),
        lambda: '${%s%s}' % (name, result(names, depth)),
        lambda: '${%s%s}' % (comparison(names, depth), random.choice(
            ['', result(names, depth), result(names, depth)]))])()


def files(path):
    os.makedirs(path)
    names = list(presets) + undefined
    with open(path + '/main.cf', 'w') as main:
        main.write('compatibility_level = %s\n' % random.choice(levels))
        main.write('myhostname = %s\n' % random.choice(
            ['mx.example.org', 'mx', 'a.b.example', 'mx.']))
        if random.random() < 0.3:
            main.write('mydomain = example.net\n')
        for i in range(8):
            main.write('u%d = %s\n' % (i, text(names, 2, False).strip()))
            names.append('u%d' % i)
        for carrier in random.sample(carriers, len(carriers)):
            main.write('%s = %s\n' % (carrier, text(names, 3, False).strip()))
            if random.random() < 0.3:
                names.append(carrier)
    # On one line, where a # is text.
    with open(path + '/master.cf', 'w') as master:
        master.write('smtp inet n - n - - smtpd\n')
        for one in random.sample(carriers, 8):
            master.write('  -o { %s = %s }\n' % (one, text(
                names, 2).replace('\n# x\n', '').replace('\n', '').strip()))
        master.write('smtp unix - - n - - smtp\n')


for i in range(1, int(n) + 1):
    files('%s/%d' % (directory, i))
