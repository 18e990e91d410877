/*
 * An ldap table's filter, parsed once. What a key is put into are whole
 * values, and quoting a key for a filter is undone when the filter is read:
 * so the filter is read with marks where keys go, and a lookup changes the
 * values that have one. Where a mark might be mistaken the filter is left to
 * be parsed for each key.
 */
#include "postfix/table_ldap.h"

#include "tree/filter.h"

enum { MARK = '\001' };

struct str
dn_normal(struct str dn, struct arena *a)
{
	char *to = arena_bytes(a, dn.len + 1);
	size_t i, n = 0;

	for (i = 0; i < dn.len; i++) {
		char c = dn.s[i];
		bool part = c == ',' || c == '=' || c == ';';

		if (c == ' ' && (!n || to[n - 1] == ',' || to[n - 1] == '=' ||
		    to[n - 1] == ' '))
			continue;
		if (part && n && to[n - 1] == ' ')
			n--;
		to[n++] = (char)ascii_lower((unsigned char)(c == ';' ? ',' :
		    c));
		if (c == '\\' && i + 1 < dn.len)
			to[n++] = (char)ascii_lower(
			    (unsigned char)dn.s[++i]);
	}
	if (n && to[n - 1] == ' ')
		n--;
	return (struct str){to, n};
}

/*
 * The template with marks for its "%"; false: it has marks of its own ("\\01"
 * is one when it is decoded), or a backslash that what follows it could
 * become a part of.
 */
static bool
mark(struct str template, struct buf *b)
{
	size_t i, escaped = 0;

	for (i = 0; i < template.len; i++) {
		char c = template.s[i];

		if (c == MARK || (c == '%' && escaped) ||
		    str_starts(str_from(template, i), STR("\\01")))
			return false;
		escaped = c == '\\' ? 2 : escaped - (escaped != 0);
		if (c != '%')
			buf_addch(b, c);
		else if (template.s[++i] == '%')
			buf_addch(b, '%');
		else
			buf_printf(b, "%c%c", MARK, template.s[i]);
	}
	return true;
}

/* What has a mark, as a template of its own again. */
static struct str
template_of(struct str value, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct str template;
	size_t i;

	for (i = 0; i < value.len; i++)
		if (value.s[i] == MARK)
			buf_addch(&b, '%');
		else if (value.s[i] == '%')
			buf_addstr(&b, "%%");
		else
			buf_addch(&b, value.s[i]);
	template = (struct str){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	return template;
}

struct collector {
	struct ldap_filter *filter;
	struct arena *arena;
};

static void
count(void *self, struct str *value)
{
	struct collector *c = self;

	c->filter->n += str_find(*value, MARK) < value->len;
}

static void
collect(void *self, struct str *value)
{
	struct collector *c = self;

	if (str_find(*value, MARK) < value->len)
		c->filter->slot[c->filter->n++] = (struct ldap_slot){value,
			template_of(*value, c->arena)};
}

static void
prepare_base(struct ldap_table *ldap, struct arena *a)
{
	const struct ldap_needs nothing = {0};
	const struct str none = {NULL, 0};
	struct buf b = BUF_INIT;

	/* The value is for templates that have a place for one. */
	if (ldap_expand(&nothing, ldap->base, STR("any"), none,
	    LDAP_QUOTE_DN, &b))
		ldap->fixed_base = dn_normal((struct str){b.s, b.len}, a);
	buf_release(&b);
}

void
ldap_prepare(struct ldap_table *ldap, struct arena *a)
{
	struct ldap_filter *parsed = &ldap->parsed;
	struct collector c = {parsed, a};
	struct buf b = BUF_INIT;
	const char *why;

	if (!ldap->dynamic_base)
		prepare_base(ldap, a);
	if (mark(ldap->filter, &b))
		parsed->filter = filter_parse(a, (struct str){
		    arena_strndup(a, b.s, b.len), b.len}, &why);
	buf_release(&b);
	if (!parsed->filter)
		return;
	filter_each_value(parsed->filter, count, &c);
	parsed->slot = ARENA_ARRAY(a, struct ldap_slot, parsed->n);
	parsed->n = 0;
	filter_each_value(parsed->filter, collect, &c);
}

void
ldap_filter_bind(struct ldap_table *ldap, struct str key, struct arena *a)
{
	const struct str none = {NULL, 0};
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < ldap->parsed.n; i++) {
		const struct ldap_slot *slot = &ldap->parsed.slot[i];

		buf_clear(&b);
		ldap_expand(&ldap->needs, slot->template, key, none,
		    LDAP_QUOTE_NONE, &b);
		*slot->value = (struct str){arena_strndup(a, b.s, b.len),
			b.len};
	}
	buf_release(&b);
}
