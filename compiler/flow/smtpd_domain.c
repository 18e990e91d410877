/*
 * What a domain is to smtpd, as the domain of a recipient: whether the local
 * part counts there, and how smtpd sees it apart from its name.
 */
#include "flow/smtpd_inside.h"

/* What is asked of each list of tables that a recipient is sought in. */
struct query {
	struct str domain;
	struct buf *print;
};
typedef bool query_fn(const struct maps *maps, const struct query *query);

/* Whether it is so of one of the tables that a list asks for the recipient. */
static bool
list_any(const struct restrictions *list, bool implicit, query_fn *is,
    const struct query *query)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct item *item = &list->item[i];
		bool asked = item->table && (i ?
		    str_eq_fold(item[-1].text,
		    STR("check_recipient_access")) : implicit);

		if (item->table && i && implicit && (!item[-1].restriction ||
		    item[-1].restriction->takes ==
		    RESTRICTION_TAKES_NOTHING))
			asked = true;
		if (asked && is(&item->table->maps, query))
			return true;
	}
	return false;
}

/* The last one is never asked for a local part alone. */
enum { MAPS = 7, BARE = 6 };

static void
recipient_maps(const struct smtpd *smtpd, const struct maps *maps[MAPS])
{
	maps[0] = &smtpd->canonical;
	maps[1] = &smtpd->recipient_canonical;
	maps[2] = &smtpd->virtual_alias;
	maps[3] = &smtpd->local_recipients;
	maps[4] = &smtpd->mailboxes;
	maps[5] = &smtpd->relay_recipients;
	maps[6] = &smtpd->host->maps.transport;
}

/* Whether it is so of one of all tables. */
static bool
any(const struct smtpd *smtpd, query_fn *is, const struct query *query)
{
	const struct restrictions *lists[] = {&smtpd->client, &smtpd->helo,
	    &smtpd->sender, &smtpd->data, &smtpd->end_of_data,
	    &smtpd->relay, &smtpd->recipient}, *c;
	const struct maps *maps[MAPS];
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (list_any(lists[i], i >= 5, is, query))
			return true;
	for (c = smtpd->classes; c; c = c->next)
		if (list_any(c, true, is, query))
			return true;
	recipient_maps(smtpd, maps);
	for (i = 0; i < MAPS; i++)
		if (is(maps[i], query))
			return true;
	return false;
}

static bool
tells_locals(const struct maps *maps, const struct query *query)
{
	return maps_tell_locals(maps, query->domain);
}

bool
smtpd_tells_locals(const struct smtpd *smtpd, struct str domain)
{
	const struct query query = {.domain = domain};

	return any(smtpd, tells_locals, &query);
}

static bool
cannot_print(const struct maps *maps, const struct query *query)
{
	return !maps_print(maps, query->domain, query->print);
}

bool
smtpd_print(const struct smtpd *smtpd, struct str domain, struct buf *print)
{
	const struct query query = {domain, print};
	const struct maps *maps[MAPS];
	enum table_result local;
	bool bare = false;
	struct arena a;
	size_t i;

	recipient_maps(smtpd, maps);
	for (i = 0; i < BARE; i++)
		bare |= maps_tell_bare(maps[i]);
	arena_init(&a);
	local = address_is_local(&smtpd->rules, domain, &a);
	arena_release(&a);
	if (local == TABLE_FOUND && !bare)
		local = TABLE_NONE;
	buf_printf(print, "smtpd %d %d %d\n", (int)local,
	    bare && str_eq_fold(domain, smtpd->rules.origin),
	    name_valid(domain) && !address_valid(domain));
	return !any(smtpd, cannot_print, &query);
}

struct str
smtpd_probe(const struct smtpd *smtpd)
{
	return smtpd->set.probe;
}
