/*
 * The keys that an address is sought by, in Postfix's order. Each is tried
 * in all tables before the next; what cannot be told ends the search, for a
 * later key would be a guess.
 */
#include "postfix/lookup_inside.h"

#include "postfix/table_inside.h"

/* One search. */
struct search {
	const struct maps *maps;
	const struct address_rules *rules;
	struct arena *arena;
	struct lookup *lookup;
	bool plain;		/* the key without quotes is tried too */
	struct str full;	/* the address */
	struct str bare;	/* without its extension; .s NULL: it has none */
	struct str extension;
};

/* owners: owner_request_special. */
static bool
is_special(struct str local, struct str delimiter, bool owners)
{
	static const char *const name[] = {
		"postmaster", "mailer-daemon", "double-bounce",
	};
	struct str owner = STR("owner-"), request = STR("-request");
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (str_eq_fold(local, str_of(name[i])))
			return true;
	if (!owners || str_find(delimiter, '-') == delimiter.len)
		return false;
	if (local.len >= owner.len &&
	    str_eq_fold((struct str){local.s, owner.len}, owner))
		return true;
	return local.len > request.len && str_eq_fold(str_from(local,
	    local.len - request.len), request);
}

void
address_parts(struct str address, const struct address_rules *rules,
    struct str *local, struct str *extension, struct str *domain)
{
	struct str delimiter = rules->delimiter;
	size_t at = address_at(address), n = at, i;

	*local = (struct str){address.s, at};
	*extension = (struct str){address.s + at, 0};
	*domain = (struct str){0};
	if (at < address.len)
		*domain = str_from(address, at + 1);
	/* Up to the first character that is one of the delimiter's. */
	for (i = 0; i < delimiter.len; i++)
		n = str_find((struct str){local->s, n}, delimiter.s[i]);
	if (n && n < local->len && !is_special(*local, delimiter,
	    rules->owners)) {
		*extension = str_from(*local, n);
		local->len = n;
	}
}

/* A key as tables have it, with its quotes, and then perhaps without. */
static bool
find_key(struct search *s, struct str key, bool partial, bool local)
{
	struct str quoted = address_quote_as(key, local, s->arena);

	if (maps_find(s->maps, quoted, partial, s->arena, s->lookup))
		return true;
	if (!s->plain || s->lookup->result != TABLE_NONE ||
	    str_eq(quoted, key))
		return false;
	return maps_find(s->maps, key, partial, s->arena, s->lookup);
}

/* Whether the search is over, one way or the other. */
static bool
over(const struct search *s)
{
	return s->lookup->result != TABLE_NONE;
}

static void
find_bare(struct search *s, struct str key, bool local)
{
	if (over(s) || !s->bare.s)
		return;
	if (find_key(s, key, true, local))
		s->lookup->extension = s->extension;
}

/* "local" or, with its "@", "local@"; with the extension and without. */
static void
find_local(struct search *s, size_t sign)
{
	struct str full = s->full, bare = s->bare;

	if (over(s))
		return;
	full.len = address_at(full) + sign;
	find_key(s, full, true, !sign);
	if (bare.s)
		bare.len = address_at(bare) + sign;
	find_bare(s, bare, !sign);
}

/* domain, .parent or parent, and so on. */
static void
find_domains(struct search *s, struct str domain, bool parents)
{
	size_t dot;

	while (domain.len && !over(s)) {
		if (maps_find(s->maps, domain, true, s->arena, s->lookup))
			return;
		dot = 1 + str_find(str_from(domain, 1), '.');
		if (dot >= domain.len)
			return;
		domain = str_from(domain, dot + parents);
	}
}

/* Where a domain is local its users are known by their names alone. */
static void
find_if_local(struct search *s, struct str domain)
{
	enum table_result local = TABLE_FOUND;

	if (over(s))
		return;
	if (!str_eq_fold(domain, s->rules->origin))
		local = address_is_local(s->rules, domain, s->arena);
	if (local == TABLE_FOUND) {
		find_local(s, 0);
	} else if (local != TABLE_NONE) {
		s->lookup->result = local;
		s->lookup->key = domain;
		s->lookup->answer.why =
		    "whether its domain is local cannot be told";
	}
}

/* Begin with the address itself, and the address without extension. */
static void
search_begin(struct search *s, struct str address)
{
	struct str local, domain, bare;
	char *to;

	address_parts(address, s->rules, &local, &s->extension,
	    &domain);
	s->full = address;
	if (s->extension.len) {
		to = arena_bytes(s->arena, address.len + 1);
		memcpy(to, local.s, local.len);
		memcpy(to + local.len, s->extension.s + s->extension.len,
		    address.len - local.len - s->extension.len);
		bare = (struct str){to, address.len - s->extension.len};
		s->bare = bare;
	}
	find_key(s, address, false, false);
	find_bare(s, s->bare, false);
}

/* What "*" stands for in a transport table. */
static void
find_wildcard(struct search *s)
{
	if (!over(s))
		maps_find(s->maps, STR("*"), false, s->arena, s->lookup);
}

static void
search_run(struct search *s, struct str address, enum address_keys keys,
    bool parents)
{
	size_t at = address_at(address);
	struct str domain = {0};

	*s->lookup = (struct lookup){.result = TABLE_NONE, .key = address};
	search_begin(s, address);
	if (at < address.len)
		domain = str_from(address, at + 1);
	switch (keys) {
	case ADDRESS_DEFAULT:
	case ADDRESS_SENDER_LOGIN:
		if (domain.s)
			find_if_local(s, domain);
		if (domain.s && !over(s))
			maps_find(s->maps, str_from(address, at), true,
			    s->arena, s->lookup);
		break;
	case ADDRESS_TRANSPORT:
		find_domains(s, domain, parents);
		find_wildcard(s);
		break;
	case ADDRESS_ACCESS:
		find_domains(s, domain, parents);
		if (domain.s)
			find_local(s, 1);
		break;
	}
}

bool
address_find(const struct maps *maps, struct str address,
    enum address_keys keys, bool parents, const struct address_rules *rules,
    struct arena *a, struct lookup *lookup)
{
	struct search search = {
		.maps = maps,
		.rules = rules,
		.arena = a,
		.lookup = lookup,
		.plain = true,
	};

	search_run(&search, address, keys, parents);
	return lookup->result == TABLE_FOUND;
}

/* "@domain" as a result: the local part stays, without its extension. */
static struct str
at_domain(struct str address, struct str extension, struct str domain,
    struct arena *a)
{
	size_t local = address_at(address) - extension.len;
	char *to = arena_bytes(a, local + domain.len + 1);

	memcpy(to, address.s, local);
	memcpy(to + local, domain.s, domain.len);
	to[local + domain.len] = '\0';
	return address_quote((struct str){to, local + domain.len}, a);
}

bool
address_map(const struct maps *maps, struct str address, bool propagate,
    const struct address_rules *rules, struct arena *a,
    struct lookup *lookup, struct address_list *list)
{
	struct search search = {
		.maps = maps,
		.rules = rules,
		.arena = a,
		.lookup = lookup,
	};
	struct str result, none = {"", 0};

	*list = (struct address_list){0};
	search_run(&search, address, ADDRESS_DEFAULT, false);
	if (lookup->result != TABLE_FOUND)
		return false;
	result = lookup->answer.value;
	if (result.s[0] == '@')
		result = at_domain(address, lookup->extension, result, a);
	address_crunch(rules, result, propagate ? lookup->extension : none, a,
	    list);
	if (list->n)
		return true;
	lookup->result = TABLE_RETRY;
	lookup->answer.why = "the result holds no address";
	return false;
}
