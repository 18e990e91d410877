/*
 * The list of records and its indexes. Records are added in the order in
 * which they will be printed; records_finish() then lays out those of each
 * name by type, so that every question is one look into a map.
 */
#include "role/records_inside.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* What has one name. */
struct name {
	const struct record **record;	/* by type, MX by preference */
	size_t n, cap;
	size_t from[RECORD_TYPES + 1];	/* where a type starts */
	const struct record *self;	/* its own MX where it has none */
};

void
records_init(struct records *r, struct arena *a)
{
	*r = (struct records){.arena = a};
	map_init_fold(&r->by_owner);
	map_init(&r->by_address);
}

void
records_release(struct records *r)
{
	size_t i;

	for (i = 0; i < r->by_owner.n; i++) {
		struct name *name = r->by_owner.entry[i].value;

		free(name->record);
	}
	free(r->record);
	map_release(&r->by_owner);
	map_release(&r->by_address);
}

void
records_heading(struct records *r, const char *heading)
{
	r->heading = heading;
}

/* Hosts fold; a key in base64 does not. */
static bool
same(const struct record *a, const struct record *b)
{
	struct str x = str_of(a->data), y = str_of(b->data);

	return a->type == b->type && a->preference == b->preference &&
	    a->weight == b->weight && a->port == b->port &&
	    (a->type == RECORD_TXT ? str_eq(x, y) : str_eq_fold(x, y));
}

static void
row_add(const struct record ***row, size_t *n, size_t *cap,
    const struct record *record)
{
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 4;
		*row = xrealloc(*row, mul_or_die(*cap, sizeof(**row)));
	}
	(*row)[(*n)++] = record;
}

static struct name *
name_of(struct records *r, const char *owner)
{
	struct name *name = map_get(&r->by_owner, str_of(owner));

	return name ? name : map_add(&r->by_owner, str_of(owner),
	    ARENA_NEW(r->arena, struct name));
}

void
records_add(struct records *r, struct record record)
{
	struct record *added;
	struct name *name;
	size_t i;

	if (record.type != RECORD_MISSING) {
		name = name_of(r, record.owner);
		for (i = 0; i < name->n; i++)
			if (same(name->record[i], &record))
				return;
	}
	added = ARENA_NEW(r->arena, struct record);
	*added = record;
	added->heading = r->heading;
	row_add(&r->record, &r->n, &r->cap, added);
	if (record.type != RECORD_MISSING)
		row_add(&name->record, &name->n, &name->cap, added);
}

static bool
goes_before(const struct record *a, const struct record *b)
{
	return a->type != b->type ? a->type < b->type :
	    a->preference < b->preference;
}

/* Few, and nearly in order; equal ones stay as they were added. */
static void
sort(const struct record **record, size_t n)
{
	const struct record *one;
	size_t i, j;

	for (i = 1; i < n; i++) {
		one = record[i];
		for (j = i; j && goes_before(one, record[j - 1]); j--)
			record[j] = record[j - 1];
		record[j] = one;
	}
}

static const struct record *
mx_of_itself(struct records *r, const char *owner)
{
	struct record *mx = ARENA_NEW(r->arena, struct record);

	*mx = (struct record){.owner = owner, .type = RECORD_MX,
	    .data = owner};
	return mx;
}

static void
finish_name(struct records *r, struct name *name)
{
	size_t i, type;

	sort(name->record, name->n);
	for (i = type = 0; type <= RECORD_TYPES; type++) {
		while (i < name->n && name->record[i]->type < type)
			i++;
		name->from[type] = i;
	}
	if (name->from[RECORD_MX] && name->from[RECORD_MX] ==
	    name->from[RECORD_MX + 1])
		name->self = mx_of_itself(r, name->record[0]->owner);
}

/* Where two have one address, which check/ reports, the first has it. */
static void
add_hosts(struct records *r, const struct map *nodes)
{
	const struct node *node;
	const struct address *address;
	size_t i, j;

	for (i = 0; i < nodes->n; i++) {
		node = nodes->entry[i].value;
		address = node->addresses.item;
		for (j = 0; j < node->addresses.n; j++)
			map_add(&r->by_address, text_str(address[j].text),
			    nodes->entry[i].value);
	}
}

void
records_finish(struct records *r)
{
	size_t i;

	for (i = 0; i < r->by_owner.n; i++)
		finish_name(r, r->by_owner.entry[i].value);
	add_hosts(r, &r->fleet->by_fqdn);
}

static const struct record *const *
range(const struct name *name, enum record_type first, enum record_type last,
    size_t *n)
{
	if (!name) {
		*n = 0;
		return NULL;
	}
	*n = name->from[last + 1] - name->from[first];
	return name->record + name->from[first];
}

const struct record *const *
records_get(const struct records *r, struct str name, enum record_type type,
    size_t *n)
{
	return range(map_get(&r->by_owner, name), type, type, n);
}

const struct record *const *
records_txt(const struct records *r, struct str name, size_t *n)
{
	return records_get(r, name, RECORD_TXT, n);
}

const struct record *const *
records_addresses(const struct records *r, struct str name, size_t *n)
{
	return range(map_get(&r->by_owner, name), RECORD_A, RECORD_AAAA, n);
}

const struct record *const *
records_mx(const struct records *r, struct str domain, size_t *n)
{
	const struct name *name = map_get(&r->by_owner, domain);

	if (!name || !name->self)
		return range(name, RECORD_MX, RECORD_MX, n);
	*n = 1;
	return &name->self;
}

bool
records_domain(const struct records *r, struct str name)
{
	return map_get(&r->by_owner, name) != NULL;
}

/* An address as inet_ntop(3) writes it, in text; false: it is none. */
static bool
canonical(struct str address, char text[static INET6_ADDRSTRLEN])
{
	struct in6_addr byte;
	int family = str_find(address, ':') < address.len ? AF_INET6 : AF_INET;

	if (address.len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(text, address.s, address.len);
	text[address.len] = '\0';
	return inet_pton(family, text, &byte) == 1 &&
	    inet_ntop(family, &byte, text, INET6_ADDRSTRLEN);
}

const struct node *
records_host_of(const struct records *r, struct str address)
{
	char text[INET6_ADDRSTRLEN];

	return canonical(address, text) ?
	    map_get(&r->by_address, str_of(text)) : NULL;
}

/*
 * Read a term as records_fleet.c writes it: "ip4:" or "ip6:" and an address,
 * or "all". False: it is something else.
 */
static bool
read_term(struct str term, const char *address, bool *matches)
{
	char text[INET6_ADDRSTRLEN];

	*matches = str_eq_fold(term, STR("all"));
	if (*matches)
		return true;
	if (term.len < 4 || !(str_starts(term, STR("ip4:")) ||
	    str_starts(term, STR("ip6:"))))
		return false;
	term.s += 4;
	term.len -= 4;
	if (!canonical(term, text))
		return false;
	*matches = !strcmp(text, address);
	return true;
}

/* The first term that matches decides (RFC 7208, section 4.6.2). */
static enum spf
evaluate(struct str terms, const char *address)
{
	while (terms.len) {
		size_t len = str_find(terms, ' ');
		struct str term = {terms.s, len};
		char how = '+';
		bool matches;

		len += len < terms.len;
		terms.s += len;
		terms.len -= len;
		if (!term.len)
			continue;
		if (strchr("+-~?", *term.s)) {
			how = *term.s++;
			term.len--;
		}
		if (!read_term(term, address, &matches))
			return SPF_UNKNOWN;
		if (matches)
			return how == '+' ? SPF_YES : SPF_NO;
	}
	return SPF_NO;
}

const struct record *
records_spf(const struct records *r, struct str name)
{
	const struct name *at = map_get(&r->by_owner, name);
	size_t i;

	for (i = 0; at && i < at->n; i++)
		if (at->record[i]->type == RECORD_TXT && str_starts(str_of(
		    at->record[i]->data), STR(SPF_VERSION " ")))
			return at->record[i];
	return NULL;
}

enum spf
records_spf_covers(const struct records *r, struct str domain,
    struct str address)
{
	const struct record *spf = records_spf(r, domain);
	char text[INET6_ADDRSTRLEN];

	if (!records_domain(r, domain) || !canonical(address, text))
		return SPF_UNKNOWN;
	return spf ? evaluate(str_of(spf->data + strlen(SPF_VERSION)), text) :
	    SPF_NO;
}
