/*
 * What each target reads back, as tried with the program itself: a value
 * that it would read otherwise is refused with the reason. What a target
 * can carry only by quoting is quoted only where every reader of that file
 * undoes it (UCL, a pcre pattern, an LDAP filter).
 *
 * No dialect carries a control character: a line break is a second line.
 */
#include "render/program.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum {
	CONTROL = 1 << 0,
	BLANK = 1 << 1,
	DOLLAR = 1 << 2,
	QUOTE = 1 << 3,		/* " */
	APOSTROPHE = 1 << 4,
	BACKSLASH = 1 << 5,
	COMMA = 1 << 6,
	BRACE = 1 << 7,		/* { } */
	HASH = 1 << 8,
	PERCENT = 1 << 9,
	ANGLE = 1 << 10,	/* < > */
	SEMICOLON = 1 << 11,
	EQUALS = 1 << 12,
	BACKTICK = 1 << 13,
	BANG = 1 << 14,
	PATTERN = 1 << 15,	/* means something to pcre, or is / */
	FILTER = 1 << 16,	/* ( ) * */
	WORD = 1 << 17,		/* letters, digits and _ . + - */
	NON_ASCII = 1 << 18,
};

/* Indexed by ASCII. */
static const uint32_t class_of[128] = {
#define C CONTROL
	C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	[0x7f] = C,
#undef C
#define W WORD
	['0'] = W, W, W, W, W, W, W, W, W, W,
	['A'] = W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, W, W,
	['a'] = W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, W, W,
	['_'] = W, ['-'] = W,
	['.'] = W | PATTERN, ['+'] = W | PATTERN,
#undef W
	[' '] = BLANK,
	['!'] = BANG,
	['"'] = QUOTE,
	['#'] = HASH | PATTERN,
	['$'] = DOLLAR | PATTERN,
	['%'] = PERCENT,
	['\''] = APOSTROPHE,
	['('] = FILTER | PATTERN,
	[')'] = FILTER | PATTERN,
	['*'] = FILTER | PATTERN,
	[','] = COMMA,
	['/'] = PATTERN,
	[';'] = SEMICOLON,
	['<'] = ANGLE,
	['='] = EQUALS,
	['>'] = ANGLE,
	['?'] = PATTERN,
	['['] = PATTERN,
	['\\'] = BACKSLASH | PATTERN,
	[']'] = PATTERN,
	['^'] = PATTERN,
	['`'] = BACKTICK,
	['{'] = BRACE | PATTERN,
	['|'] = PATTERN,
	['}'] = BRACE | PATTERN,
};

static uint32_t
class_at(unsigned char c)
{
	return c < 128 ? class_of[c] : NON_ASCII;
}

static const char *
control_refused(unsigned char c)
{
	if (c == '\n' || c == '\r')
		return "it holds a line break, and would become a second "
		    "line; write it on one line";
	if (c == '\t')
		return "it holds a tab; write a blank";
	return "it holds a control character; remove it";
}

/* Why a byte of a refused class cannot be carried. */
static const char *
byte_refused(unsigned char c)
{
	if (c < 0x20 || c == 0x7f)
		return control_refused(c);
	switch (c) {
	case ' ':
		return "it holds a blank, and would be two words; remove it";
	case '$':
		return "it holds a '$', which would expand; remove it";
	case '"':
	case '\'':
	case '`':
		return "it holds a quotation mark; remove it";
	case '\\':
		return "it holds a backslash; remove it";
	case ',':
		return "it holds a comma, and would be two words; remove it";
	case '{':
	case '}':
		return "it holds a brace; remove it";
	case '#':
		return "it holds a '#', which may begin a comment; remove it";
	case ';':
		return "it holds a ';', which may begin a comment; remove it";
	case '%':
		return "it holds a '%', which would expand; remove it";
	case '<':
	case '>':
		return "it holds a '<' or '>', which would be replaced; "
		    "remove it";
	case '=':
		return "it holds a '='; remove it";
	case '!':
		return "it holds a '!'; remove it";
	}
	if (c >= 128)
		return "it holds a character outside ASCII; write it in "
		    "ASCII";
	return "it holds a character that has a meaning there; remove it";
}

/*
 * The length of the character at s if it is UTF-8 and can be seen on one
 * line: no surrogate, no control, no line or paragraph separator.
 */
static size_t
visible_utf8(const unsigned char *s, size_t len)
{
	uint32_t c;
	size_t n, i;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > len)
		return 0;
	c = s[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) ||
	    c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c < 0xa0 ||
	    c == 0x2028 || c == 0x2029)
		return 0;
	return n;
}

/* NULL where no byte of the value is of a refused class. */
static const char *
refused_in(struct str value, uint32_t refused)
{
	const unsigned char *s = (const unsigned char *)value.s;
	uint32_t seen = 0;
	size_t i;

	refused |= CONTROL;
	/* Nearly every value is fine: one pass without a branch tells. */
	for (i = 0; i < value.len; i++)
		seen |= s[i] < 128 ? class_of[s[i]] : NON_ASCII;
	if (!(seen & (refused | NON_ASCII)))
		return NULL;
	for (i = 0; i < value.len; i++) {
		size_t n;

		if (s[i] < 128 ? class_of[s[i]] & refused :
		    refused & NON_ASCII)
			return byte_refused(s[i]);
		if (s[i] < 128)
			continue;
		n = visible_utf8(s + i, value.len - i);
		if (!n)
			return "it is not printable UTF-8; write it anew";
		i += n - 1;
	}
	return NULL;
}

/* The reader strips blanks at both ends, and drops a line that opens with #. */
static const char *
refused_at_ends(struct str value)
{
	if (!value.len)
		return NULL;
	if (value.s[0] == ' ' || value.s[value.len - 1] == ' ')
		return "it begins or ends with a blank, which would be cut; "
		    "remove it";
	if (value.s[0] == '#')
		return "it begins with '#', which may begin a comment; "
		    "remove it";
	return NULL;
}

static const char *
put_checked(struct buf *out, struct str value, uint32_t refused)
{
	const char *why = refused_in(value, refused);

	if (!why)
		buf_add(out, value.s, value.len);
	return why;
}

/* Like put_checked() where an empty value would be no word at all. */
static const char *
put_word(struct buf *out, struct str value, uint32_t refused)
{
	const char *why = refused_at_ends(value);

	if (!value.len)
		return "it is empty; set it";
	return why ? why : put_checked(out, value, refused);
}

static const char *
put_plain(struct buf *out, struct str value)
{
	return put_checked(out, value, 0);
}

/* postconf(5): lines that open with a blank go on; $name expands. */
static const char *
put_main_cf(struct buf *out, struct str value)
{
	const char *why = refused_at_ends(value);

	return why ? why : put_checked(out, value, DOLLAR | NON_ASCII);
}

static const char *
put_main_cf_expr(struct buf *out, struct str value)
{
	const char *why = refused_at_ends(value);

	return why ? why : put_checked(out, value, NON_ASCII);
}

static const char *
put_main_cf_word(struct buf *out, struct str value)
{
	return put_word(out, value,
	    BLANK | COMMA | BRACE | DOLLAR | NON_ASCII);
}

/* master(5): "-o name=value" is one word, unless in braces. */
static const char *
put_master_cf(struct buf *out, struct str value)
{
	return put_word(out, value, BLANK | BRACE | DOLLAR | NON_ASCII);
}

/*
 * A blank within quotes, and one behind a backslash, does not end a key;
 * postmap(1) takes "key:" for a line of aliases(5) and warns.
 */
static const char *
put_map_key(struct buf *out, struct str value)
{
	size_t start = out->len;
	const char *why = put_word(out, value,
	    BLANK | QUOTE | BACKSLASH | NON_ASCII);

	if (why)
		return why;
	if (value.s[value.len - 1] == ':') {
		out->len = start;
		out->s[start] = '\0';
		return "it ends in a colon; remove it";
	}
	for (; start < out->len; start++)
		out->s[start] = (char)ascii_lower(
		    (unsigned char)out->s[start]);
	return NULL;
}

/*
 * A line without a value is no line of a table. The key stands before it, so
 * that a '#' begins no comment.
 */
static const char *
put_map_value(struct buf *out, struct str value)
{
	if (value.len && value.s[0] == '#' &&
	    value.s[value.len - 1] != ' ')
		return put_checked(out, value, NON_ASCII);
	return put_word(out, value, NON_ASCII);
}

/* ldap_table(5): main.cf's syntax, and % expands in some parameters. */
static const char *
put_ldap_cf(struct buf *out, struct str value)
{
	const char *why = refused_at_ends(value);

	return why ? why :
	    put_checked(out, value, DOLLAR | PERCENT | NON_ASCII);
}

/* As \NN whatever RFC 4515, main.cf's syntax or ldap_table(5) would read. */
static const char *
put_ldap_filter(struct buf *out, struct str value)
{
	const char *why = refused_in(value, 0);
	size_t i;

	if (why)
		return why;
	for (i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.s[i];

		if (class_at(c) & (FILTER | BACKSLASH | DOLLAR | PERCENT |
		    BLANK | HASH | NON_ASCII))
			buf_printf(out, "\\%02x", c);
		else
			buf_addch(out, (char)c);
	}
	return NULL;
}

static const char *
put_pcre(struct buf *out, struct str value)
{
	const char *why = refused_in(value, NON_ASCII);
	size_t i;

	if (why)
		return why;
	if (!value.len)
		return "it is empty, and would match everything; set it";
	for (i = 0; i < value.len; i++) {
		if (class_at((unsigned char)value.s[i]) & PATTERN)
			buf_addch(out, '\\');
		buf_addch(out, value.s[i]);
	}
	return NULL;
}

/* cidr_table(5) drops a network whose host part is not zero. */
static bool
host_part_is_zero(const unsigned char *address, unsigned bits,
    unsigned prefix)
{
	unsigned i;

	for (i = prefix; i < bits; i++)
		if (address[i / 8] & (0x80u >> i % 8))
			return false;
	return true;
}

static bool
parse_prefix(struct str s, unsigned bits, unsigned *prefix)
{
	size_t i;

	if (!s.len || s.len > 3 || (s.len > 1 && s.s[0] == '0'))
		return false;
	*prefix = 0;
	for (i = 0; i < s.len; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
		*prefix = *prefix * 10 + (unsigned)(s.s[i] - '0');
	}
	return *prefix <= bits;
}

static const char *
put_cidr(struct buf *out, struct str value)
{
	static const char no_address[] = "it is no address or network; write "
	    "192.0.2.1, 192.0.2.0/24 or 2001:db8::/32";
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN];
	struct str host = {value.s, str_find(value, '/')};
	unsigned bits, prefix;
	bool bracketed = host.len > 1 && host.s[0] == '[' &&
	    host.s[host.len - 1] == ']';

	if (bracketed)
		host = (struct str){host.s + 1, host.len - 2};
	if (!host.len || host.len >= sizeof(text) ||
	    memchr(host.s, '\0', host.len))
		return no_address;
	memcpy(text, host.s, host.len);
	text[host.len] = '\0';
	bits = memchr(text, ':', host.len) ? 128 : 32;
	if ((bracketed && bits == 32) ||
	    inet_pton(bits == 128 ? AF_INET6 : AF_INET, text, address) != 1)
		return no_address;
	prefix = bits;
	host.len = str_find(value, '/');
	if (host.len < value.len && !parse_prefix((struct str){
	    value.s + host.len + 1, value.len - host.len - 1}, bits, &prefix))
		return no_address;
	if (!host_part_is_zero(address, bits, prefix))
		return "its host part is not zero, and Postfix drops such a "
		    "line; write the network's own address";
	buf_add(out, value.s, value.len);
	return NULL;
}

/*
 * libucl undoes JSON's escapes after it looked for $ and rspamd runs Jinja
 * over the file before: as \u00NN neither sees them.
 */
static const char *
put_ucl(struct buf *out, struct str value)
{
	const char *why = refused_in(value, 0);
	size_t i;

	if (why)
		return why;
	for (i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.s[i];

		if (class_at(c) & (QUOTE | BACKSLASH))
			buf_addch(out, '\\');
		if (class_at(c) & (DOLLAR | BRACE))
			buf_printf(out, "\\u%04x", c);
		else
			buf_addch(out, (char)c);
	}
	return NULL;
}

static const char *
put_ucl_word(struct buf *out, struct str value)
{
	size_t i;

	if (!value.len)
		return "it is empty; set it";
	for (i = 0; i < value.len; i++)
		if (!(class_at((unsigned char)value.s[i]) & WORD))
			return "it is no number, boolean or plain name; write "
			    "one";
	buf_add(out, value.s, value.len);
	return NULL;
}

/* doveconf expands $name and %x; "<file" is replaced by the file. */
static const char *
put_dovecot(struct buf *out, struct str value)
{
	return put_word(out, value, BLANK | COMMA | BRACE | DOLLAR | PERCENT |
	    QUOTE | APOSTROPHE | BACKSLASH | HASH | ANGLE | EQUALS |
	    NON_ASCII);
}

/* Read by sh and by systemd, whose rules within "..." differ. */
static const char *
put_shell(struct buf *out, struct str value)
{
	return put_checked(out, value,
	    DOLLAR | BACKTICK | BACKSLASH | QUOTE | BANG | NON_ASCII);
}

/* fail2ban replaces %(name)s and <name>. */
static const char *
put_ini(struct buf *out, struct str value)
{
	const char *why = refused_at_ends(value);

	return why ? why : put_checked(out, value,
	    PERCENT | ANGLE | SEMICOLON | HASH | NON_ASCII);
}

const struct dialect dialects[] = {
	{"plain", put_plain, "a line of text"},
	{"main_cf", put_main_cf, "a value of main.cf"},
	{"main_cf_expr", put_main_cf_expr, "a value of main.cf"},
	{"main_cf_word", put_main_cf_word, "a list of main.cf"},
	{"master_cf", put_master_cf, "a word of master.cf"},
	{"map_key", put_map_key, "a table's key"},
	{"map_value", put_map_value, "a table's value"},
	{"ldap_cf", put_ldap_cf, "an LDAP table's definition"},
	{"ldap_filter", put_ldap_filter, "an LDAP filter"},
	{"pcre", put_pcre, "a pcre table's pattern"},
	{"cidr", put_cidr, "a list of networks"},
	{"ucl", put_ucl, "a string of rspamd's configuration"},
	{"ucl_word", put_ucl_word, "rspamd's configuration without quotes"},
	{"dovecot", put_dovecot, "a word of dovecot.conf"},
	{"shell", put_shell, "a file of /etc/default"},
	{"ini", put_ini, "a fail2ban jail"},
	{NULL, NULL, NULL},
};

const struct dialect *
dialect_named(struct str name)
{
	const struct dialect *d;

	for (d = dialects; d->name; d++)
		if (str_eq(str_of(d->name), name))
			return d;
	return NULL;
}

void
dialect_unknown(struct diag *d, struct origin at, struct str name)
{
	const char *known[sizeof(dialects) / sizeof(*dialects)];
	struct buf all = BUF_INIT;
	const char *near;
	size_t n = 0, i;

	for (; dialects[n].name; n++)
		known[n] = dialects[n].name;
	near = str_nearest(name, known, n);
	if (near) {
		buf_printf(&all, "did you mean '%s'", near);
	} else {
		for (i = 0; i < n; i++)
			buf_printf(&all, "%s%s", i ? ", " : "write one of ",
			    known[i]);
	}
	diag_add(d, FINDING_TEMPLATE_DIALECT, at,
	    "there is no dialect '%.*s'; %s", STR_SHORT(name), all.s);
	buf_release(&all);
}
