/*
 * Templates of ldap tables. A key or a value that has no user or no domain
 * where a template wants one expands to nothing at all: the lookup is
 * skipped, or the value is left out.
 */
#include "postfix/table_ldap.h"

#include "postfix/table_inside.h"

bool
ldap_template(struct ldap_needs *needs, struct str template, bool query,
    bool *dynamic)
{
	size_t i;

	*dynamic = false;
	for (i = 0; i < template.len; i++) {
		char c;

		if (template.s[i] != '%')
			continue;
		if (++i == template.len)
			return false;
		c = template.s[i];
		*dynamic |= c != '%';
		if (c == 'u' || c == 'U')
			*(query || c == 'U' ? &needs->key_user :
			    &needs->value_user) = true;
		else if (c == 'd')
			*(query ? &needs->key_domain :
			    &needs->value_domain) = true;
		else if (c == 'D' || (c >= '1' && c <= '9'))
			needs->key_domain = true;
		else if (c != '%' && c != 's' && c != 'S')
			return false;
		if (c >= '1' && c <= '9' && (unsigned)(c - '0') >
		    needs->labels)
			needs->labels = (unsigned)(c - '0');
	}
	return true;
}

/* user@domain in two; whole: there is no "@", user is all of it. */
struct halves {
	struct str all, user, domain;
	bool whole;
};

static struct halves
halve(struct str s)
{
	struct halves h = {.all = s, .user = s, .whole = true};
	size_t at = s.len;

	while (at && s.s[at - 1] != '@')
		at--;
	if (!at)
		return h;
	h.whole = false;
	h.user.len = at - 1;
	h.domain = str_from(s, at);
	return h;
}

static bool
enough(const struct halves *h, bool user, bool domain)
{
	if (domain && !h->domain.len)
		return false;
	return !user || h->whole || h->user.len;
}

/* Label n of a domain, counted from its end; empty: it has too few. */
static struct str
label(struct str domain, unsigned n)
{
	size_t end = domain.len, start;

	for (;;) {
		while (end && domain.s[end - 1] == '.')
			end--;
		for (start = end; start && domain.s[start - 1] != '.';
		    start--)
			;
		if (!--n || !end)
			return (struct str){domain.s + start, end - start};
		end = start;
	}
}

static void
quote(struct buf *b, struct str s, enum ldap_quoting quoting)
{
	const char *special = quoting == LDAP_QUOTE_DN ? " \t\"#+,;<>\\" :
	    quoting == LDAP_QUOTE_FILTER ? "*()\\" : "";
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] && strchr(special, s.s[i]))
			buf_printf(b, "\\%02X", (unsigned char)s.s[i]);
		else
			buf_addch(b, s.s[i]);
}

/* What %c stands for. */
static struct str
meaning(char c, const struct halves *value, const struct halves *key)
{
	switch (c) {
	case 's':
		return value->all;
	case 'S':
		return key->all;
	case 'u':
		return value->user;
	case 'U':
		return key->user;
	case 'd':
		return value->domain;
	case 'D':
		return key->domain;
	case '%':
		return STR("%");
	default:
		return label(key->domain, (unsigned)(c - '0'));
	}
}

static bool
key_is_enough(const struct ldap_needs *needs, const struct halves *k)
{
	return enough(k, needs->key_user, needs->key_domain) &&
	    (!needs->labels || label(k->domain, needs->labels).len);
}

bool
ldap_can_ask(const struct ldap_needs *needs, struct str key)
{
	struct halves k = halve(key);

	return key.len && key_is_enough(needs, &k);
}

bool
ldap_expand(const struct ldap_needs *needs, struct str template,
    struct str value, struct str key, enum ldap_quoting quoting,
    struct buf *b)
{
	struct halves v = halve(value), k = halve(key.s ? key : value);
	size_t i;

	if (!value.len || (key.s &&
	    !enough(&v, needs->value_user, needs->value_domain)) ||
	    !key_is_enough(needs, &k))
		return false;
	if (b->len)
		buf_addch(b, ',');
	for (i = 0; i < template.len; i++) {
		if (template.s[i] != '%')
			buf_addch(b, template.s[i]);
		else if (template.s[++i] == '%')
			buf_addch(b, '%');
		else
			quote(b, meaning(template.s[i], &v, &k), quoting);
	}
	return true;
}
