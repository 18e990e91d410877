/*
 * Entries that no mail reaches. A table may stand in several lists, and an
 * entry lives if one of them can come to it. Judged are tables that mailc
 * rendered and that lists of addresses name; what only stands inside pipemap:
 * and its like, in restrictions and in match lists is taken to live, unless
 * an earlier entry of the same table always answers for it.
 */
#include "flow/prove_inside.h"

enum why {
	ALIVE,
	SHADOWED,			/* an earlier table has the key */
	REWRITTEN,			/* it is another address by then */
	OTHER_CLASS,			/* nobody asks there for its domain */
	WHYS
};

enum purpose { FOR_ANY, FOR_TRANSPORT, FOR_RELAY, FOR_LOCAL, FOR_MAILBOX };

/* A list that a host asks. */
struct use {
	const char *parameter;
	const struct maps *maps;
	enum purpose purpose;
};

enum { USES = 16 };

struct dead {
	struct prover *p;
	const struct world_host *host;
	struct use use[USES];
	size_t nuse;
	struct map seen;		/* "file why": struct group */
};

struct group {
	size_t finding, n;
};

static void
add_use(struct dead *d, const char *parameter, const struct maps *maps,
    enum purpose purpose)
{
	size_t i;

	for (i = 0; i < d->nuse; i++)
		if (d->use[i].maps->table == maps->table)
			return;
	if (maps->n && d->nuse < USES)
		d->use[d->nuse++] = (struct use){parameter, maps, purpose};
}

static void
find_uses(struct dead *d)
{
	const struct host *host = &d->host->host;
	const struct host_maps *maps = &host->maps;
	size_t i;

	d->nuse = 0;
	add_use(d, "virtual_alias_maps", &maps->virtual_alias, FOR_ANY);
	add_use(d, "transport_maps", &maps->transport, FOR_TRANSPORT);
	add_use(d, "canonical_maps", &maps->canonical, FOR_ANY);
	add_use(d, "recipient_canonical_maps", &maps->recipient_canonical,
	    FOR_ANY);
	add_use(d, "sender_canonical_maps", &maps->sender_canonical, FOR_ANY);
	add_use(d, "relocated_maps", &maps->relocated, FOR_ANY);
	add_use(d, "smtp_generic_maps", &maps->generic, FOR_ANY);
	for (i = 0; i < host->nport; i++) {
		const struct smtpd *smtpd = host->port[i].smtpd;

		add_use(d, "relay_recipient_maps", smtpd_recipients(smtpd,
		    CLASS_RELAY), FOR_RELAY);
		add_use(d, "local_recipient_maps", smtpd_recipients(smtpd,
		    CLASS_LOCAL), FOR_LOCAL);
		add_use(d, "virtual_mailbox_maps", smtpd_recipients(smtpd,
		    CLASS_MAILBOX), FOR_MAILBOX);
	}
}

/* The place of a table in a list, or the list's length. */
static size_t
place_in(const struct maps *maps, const struct table *table)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (maps->table[i] == table)
			break;
	return i;
}

static bool
is_shadowed(struct dead *d, const struct maps *maps, size_t place,
    struct str key, struct lookup *by)
{
	size_t i;

	for (i = 0; i < place; i++) {
		struct table *table = maps->table[i];

		*by = (struct lookup){.key = key, .table = table};
		by->result = table_get(table, key, &d->p->scratch,
		    &by->answer);
		if (by->result == TABLE_FOUND)
			return true;
	}
	return false;
}

/* An address that aliases turn into others, none of them itself. */
static bool
is_rewritten(struct dead *d, struct str key, struct lookup *by)
{
	const struct host *host = &d->host->host;
	struct address_list list;
	size_t i;

	if (!address_map(&host->maps.virtual_alias, key, false, &host->rules,
	    &d->p->scratch, by, &list))
		return false;
	for (i = 0; i < list.n; i++)
		if (str_eq_fold(list.address[i], key))
			return false;
	return true;
}

/* Whether a list that asks for addresses of one class ever has the key. */
static bool
is_in_class(struct dead *d, enum purpose purpose, struct str key,
    struct lookup *by)
{
	struct arena *a = &d->p->scratch;
	struct resolution r;

	*by = (struct lookup){0};
	/* A domain, or a name alone: of any address in it. */
	if (str_find(key, '@') == key.len)
		key = str_of(arena_printf(a, "x@%.*s", STR_ARG(key)));
	else if (key.s[0] == '@')
		key = str_of(arena_printf(a, "x%.*s", STR_ARG(key)));
	resolve_address(&d->host->host, STR(""), key, a, &r);
	if (r.result != TABLE_FOUND || r.bad)
		return true;
	switch (purpose) {
	case FOR_TRANSPORT:
		return r.class != CLASS_ALIAS;
	case FOR_RELAY:
		return r.class == CLASS_RELAY;
	case FOR_LOCAL:
		return r.class == CLASS_LOCAL;
	case FOR_MAILBOX:
		return r.class == CLASS_MAILBOX;
	case FOR_ANY:
		break;
	}
	return true;
}

/* Keys that are no address, domain or name: "*", ".example.org". */
static bool
is_plain(struct str key)
{
	return key.len && key.s[0] != '*' && key.s[0] != '.' &&
	    key.s[0] != '[' && key.s[0] != '<';
}

static enum why
judge_use(struct dead *d, const struct use *use, size_t place,
    struct str key, struct lookup *by)
{
	bool address = key.s[0] != '@' && str_find(key, '@') < key.len;

	if (is_shadowed(d, use->maps, place, key, by))
		return SHADOWED;
	if (use->purpose == FOR_ANY || !is_plain(key))
		return ALIVE;
	/* Names without a domain are those of local users. */
	if (use->purpose == FOR_LOCAL && str_find(key, '@') == key.len)
		return ALIVE;
	if (!is_in_class(d, use->purpose, key, by))
		return OTHER_CLASS;
	if (address && is_rewritten(d, key, by))
		return REWRITTEN;
	return ALIVE;
}

static const char *
explain(struct dead *d, enum why why, const struct use *use,
    const struct lookup *by)
{
	struct arena *a = d->p->arena;

	if (why == SHADOWED)
		return arena_printf(a, "in %s, %.*s stands before it and has "
		    "the key as well", use->parameter,
		    STR_ARG(table_name(by->table)));
	if (why == REWRITTEN)
		return arena_printf(a, "virtual_alias_maps turns it into "
		    "'%.*s' before %s is asked", STR_ARG(by->answer.value),
		    use->parameter);
	return arena_printf(a, "%s is not asked for its domain",
	    use->parameter);
}

static void
report(struct dead *d, const struct planned_file *file, size_t offset,
    struct str key, enum why why, const struct use *use,
    const struct lookup *by)
{
	struct prover *p = d->p;
	struct origin at;
	const char *name = arena_printf(p->arena, "%s %d", file->path,
	    (int)why);
	struct group *group = map_get(&d->seen, str_of(name));

	if (group) {
		group->n++;
		return;
	}
	group = ARENA_NEW(p->arena, struct group);
	group->finding = diag_add(p->diag, FINDING_TABLE_ENTRY_DEAD,
	    place_origin(file, offset), "no mail reaches the entry '%.*s' of "
	    "/%s on %s: %s", STR_ARG(key), file->path, d->host->host.name,
	    explain(d, why, use, by));
	at = by->table ? host_origin(by) : ORIGIN_NONE;
	if (at.source)
		diag_note(p->diag, group->finding, at, "what comes first is "
		    "here");
	map_add(&d->seen, str_of(name), group);
}

static void
judge_table(struct dead *d, const struct table *table)
{
	const struct use *use[USES];
	struct table_answer answer;
	size_t place[USES], n = 0, i, at;
	struct str key;

	for (i = 0; i < d->nuse; i++) {
		place[n] = place_in(d->use[i].maps, table);
		use[n] = &d->use[i];
		n += place[n] < d->use[i].maps->n;
	}
	for (at = 0; n && table_next(table, &at, &key, &answer); ) {
		struct lookup by = {0};
		enum why why = ALIVE;

		for (i = 0; i < n; i++) {
			why = judge_use(d, use[i], place[i], key, &by);
			if (why == ALIVE)
				break;
		}
		if (why != ALIVE && answer.owner)
			report(d, answer.owner, answer.offset, key, why,
			    use[n - 1], &by);
		prove_forget(d->p);
	}
}

/* Entries behind others of their table */

struct inside {
	struct dead *dead;
	struct group *group;		/* NULL: none was reported */
};

static void
report_shadowed(void *self, struct str key, const struct table_answer *entry,
    const struct table_answer *by)
{
	struct inside *in = self;
	struct dead *d = in->dead;
	struct prover *p = d->p;
	const struct planned_file *file = entry->owner;
	char *name;

	if (in->group) {
		in->group->n++;
		return;
	}
	in->group = ARENA_NEW(p->arena, struct group);
	in->group->finding = diag_add(p->diag, FINDING_TABLE_ENTRY_DEAD,
	    place_origin(file, entry->offset), "no mail reaches the entry "
	    "'%.*s' of /%s on %s: an earlier one of the table answers for all "
	    "that it is for", STR_ARG(key), file->path, d->host->host.name);
	diag_note(p->diag, in->group->finding, place_origin(file,
	    by->offset), "it is here");
	name = arena_printf(p->arena, "%s inside", file->path);
	map_add(&d->seen, str_of(name), in->group);
}

static void
judge_inside(struct dead *d, const struct table *table)
{
	const struct planned_file *file = table_file_owner(table);
	struct inside in = {.dead = d};

	/* A table may be open twice, and a template on many hosts. */
	if (file && !map_get(&d->seen, str_of(arena_printf(&d->p->scratch,
	    "%s inside", file->path))))
		table_shadowed(table, report_shadowed, &in);
	prove_forget(d->p);
}

/* Tables by their files */

static bool
is_table(const struct planned_file *file)
{
	return str_starts(str_of(file->path), STR("etc/postfix/maps/"));
}

/* Whether a value speaks of a path, in whatever form. */
static bool
value_names(struct str value, struct str path)
{
	return memmem(value.s, value.len, path.s, path.len) != NULL;
}

/* Tables that nothing here opens count as well: proxy_read_maps, checks. */
static bool
is_named(const struct cf *cf, struct str path)
{
	size_t i, j;

	for (i = 0; i < cf->nsetting; i++)
		if (value_names(cf->setting[i].value, path))
			return true;
	for (i = 0; i < cf->nservice; i++)
		for (j = 0; j < cf->service[i].noption; j++)
			if (value_names(cf->service[i].option[j].value, path))
				return true;
	return false;
}

/* A table that no parameter of the host names. */
static void
judge_file(struct dead *d, const struct planned_file *file)
{
	const struct tables *tables = d->host->host.tables;
	const struct table *table;
	struct prover *p = d->p;
	const char *name;
	size_t i = 0;

	while ((table = tables_next(tables, &i)))
		if (table_file_owner(table) == file)
			return;
	if (is_named(&d->host->host.cf, str_of(arena_printf(p->arena, "/%s",
	    file->path))))
		return;
	name = arena_printf(p->arena, "%s", file->path);
	if (map_get(&d->seen, str_of(name)))
		return;
	map_add(&d->seen, str_of(name), ARENA_NEW(p->arena, struct group));
	diag_add(p->diag, FINDING_TABLE_ENTRY_DEAD, file->at, "no parameter "
	    "of %s names the table /%s", d->host->host.name, file->path);
}

static void
judge_host(struct dead *d)
{
	const struct planned_node *files = d->host->host.files;
	const struct tables *tables = d->host->host.tables;
	const struct table *table;
	size_t i = 0;

	find_uses(d);
	while ((table = tables_next(tables, &i))) {
		judge_table(d, table);
		judge_inside(d, table);
	}
	for (i = 0; i < files->n; i++)
		if (is_table(&files->file[i]))
			judge_file(d, &files->file[i]);
}

void
prove_dead(struct prover *p)
{
	struct dead d = {.p = p};
	size_t i;

	map_init(&d.seen);
	for (i = 0; i < p->world->n; i++)
		if (p->world->host[i].node) {
			d.host = &p->world->host[i];
			judge_host(&d);
		}
	for (i = 0; i < d.seen.n; i++) {
		const struct group *group = d.seen.entry[i].value;

		if (group->n)
			diag_note(p->diag, group->finding, ORIGIN_NONE,
			    "and so it is with %zu more of its entries",
			    group->n);
	}
	map_release(&d.seen);
}
