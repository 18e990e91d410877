/*
 * The two forms of an address: as tables have it, "john doe"@example.com,
 * and as Postfix keeps it, john doe@example.com.
 */
#include "postfix/lookup_inside.h"

#include "postfix/table_inside.h"

size_t
address_at(struct str address)
{
	size_t at = address.len;

	while (at && address.s[at - 1] != '@')
		at--;
	return at ? at - 1 : address.len;
}

/* Where the local part starts: behind "@a,@b:". */
static size_t
route_length(struct str address)
{
	size_t colon = str_find(address, ':');

	return address.len && address.s[0] == '@' && colon < address.len ?
	    colon + 1 : 0;
}

/* What no atom may hold, besides controls (RFC 822's specials); and dots. */
enum { SPECIAL = 1, DOT = 2 };
static const unsigned char special[256] = {
	[' '] = SPECIAL, ['('] = SPECIAL, [')'] = SPECIAL, ['<'] = SPECIAL,
	['>'] = SPECIAL, ['@'] = SPECIAL, [','] = SPECIAL, [';'] = SPECIAL,
	[':'] = SPECIAL, ['"'] = SPECIAL, ['\\'] = SPECIAL, ['['] = SPECIAL,
	[']'] = SPECIAL, [0x7f] = SPECIAL, ['.'] = DOT,
};

/* Atoms with dots between, which need no quotes. */
static bool
is_dot_string(struct str local)
{
	const unsigned char *s = (const unsigned char *)local.s;
	size_t i;

	for (i = 0; i < local.len; i++)
		if (s[i] < ' ' || (special[s[i]] && (special[s[i]] != DOT ||
		    !i || s[i - 1] == '.')))
			return false;
	return local.len && s[local.len - 1] != '.';
}

struct str
address_quote_as(struct str address, bool bare, struct arena *a)
{
	size_t start = route_length(address), end, i, n = 0;
	struct str rest = str_from(address, start);
	char *to;

	end = bare ? rest.len : address_at(rest);
	if (is_dot_string((struct str){rest.s, end}))
		return address;
	to = arena_bytes(a, 2 * address.len + 3);
	memcpy(to, address.s, start);
	n = start;
	to[n++] = '"';
	for (i = 0; i < end; i++) {
		if (strchr("\"\\\r", rest.s[i]) && rest.s[i])
			to[n++] = '\\';
		to[n++] = rest.s[i];
	}
	to[n++] = '"';
	memcpy(to + n, rest.s + end, rest.len - end);
	n += rest.len - end;
	to[n] = '\0';
	return (struct str){to, n};
}

struct str
address_quote(struct str address, struct arena *a)
{
	return address_quote_as(address, false, a);
}

struct str
address_unquote(struct str address, struct arena *a)
{
	size_t i = route_length(address), n = i, at = 0, bare = 0;
	char *to = arena_bytes(a, address.len + 1);
	bool quoted = false, seen = false;

	if (i)
		memcpy(to, address.s, i);
	for (; i < address.len; i++) {
		char c = address.s[i];

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '@' && !quoted) {
			seen = true;
			bare = n;
			at = i;
		} else if (c == '\\') {
			if (++i == address.len)
				break;
			c = address.s[i];
		}
		to[n++] = c;
	}
	/* A domain is taken as it stands. */
	if (seen) {
		memcpy(to + bare, address.s + at, address.len - at);
		n = bare + address.len - at;
	}
	to[n] = '\0';
	return (struct str){to, n};
}
