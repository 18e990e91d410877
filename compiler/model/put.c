#include "model/put.h"

#include "model/fleet.h"

static void
put_folded(struct buf *b, const char *s, size_t len)
{
	size_t i;

	buf_grow(b, len);
	for (i = 0; i < len; i++)
		b->s[b->len + i] = (char)ascii_lower((unsigned char)s[i]);
	b->len += len;
	b->s[b->len] = '\0';
}

static void
put_ours(struct buf *b, const struct fleet *fleet, struct str local)
{
	put_folded(b, local.s, local.len);
	buf_addch(b, '@');
	buf_add(b, fleet->domain.s, fleet->domain.len);
}

/*
 * A target in our domains is written with the main domain, so that no table
 * needs another lookup for an alias domain.
 */
static void
put_targets(struct buf *b, const struct fleet *fleet,
    const struct target *target, uint32_t n)
{
	bool some = false;
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct target *t = &target[i];

		if (t->where == TARGET_DEAD || t->where == TARGET_NOWHERE)
			continue;
		if (some)
			buf_addstr(b, ", ");
		some = true;
		if (t->where == TARGET_OUTSIDE ||
		    t->where == TARGET_INDEPENDENT)
			buf_add(b, t->text->u.s, t->text->len);
		else
			put_ours(b, fleet,
			    (struct str){t->text->u.s, t->local_len});
	}
}

void
put_mapping_address(const void *object, struct buf *b, struct origin *at)
{
	const struct mapping *m = object;

	put_ours(b, m->fleet, (struct str){m->key->u.s, m->local_len});
	*at = value_origin(m->key);
}

void
put_mapping_targets(const void *object, struct buf *b, struct origin *at)
{
	const struct mapping *m = object;
	const struct target *target = m->fleet->target + m->target;

	put_targets(b, m->fleet, target, m->ntarget);
	*at = value_origin(m->ntarget ? target->text : m->key);
}

void
put_account_address(const void *object, struct buf *b, struct origin *at)
{
	const struct account *account = object;

	put_ours(b, account->fleet, text_str(account->uid));
	*at = account->uid.at;
}

void
put_account_targets(const void *object, struct buf *b, struct origin *at)
{
	const struct account *account = object;

	put_targets(b, account->fleet, account->target, account->ntarget);
	*at = account->forward.at;
}

void
put_address_cidr(const void *object, struct buf *b, struct origin *at)
{
	const struct address *address = object;

	buf_printf(b, "%s/%d", address->text.s, address->v6 ? 128 : 32);
	*at = address->text.at;
}

void
put_address_bracketed(const void *object, struct buf *b, struct origin *at)
{
	const struct address *address = object;

	buf_printf(b, address->v6 ? "[%s]/128" : "%s/32", address->text.s);
	*at = address->text.at;
}

/* postconf(5), smtp_tls_policy_maps: the level, then name=value. */
void
put_tls_policy(const void *object, struct buf *b, struct origin *at)
{
	const struct tls_exception *e = object;
	const struct text *match = e->match.item;
	size_t i;

	buf_addstr(b, e->level.s);
	for (i = 0; i < e->match.n; i++)
		buf_printf(b, "%s%s", i ? ":" : " match=", match[i].s);
	if (e->protocols.len)
		buf_printf(b, " protocols=%s", e->protocols.s);
	if (e->ciphers.len)
		buf_printf(b, " ciphers=%s", e->ciphers.s);
	*at = e->level.at;
}

/* ldap_table(5), server_host: a list of URLs, separated by blanks. */
void
put_ldap_servers(const void *object, struct buf *b, struct origin *at)
{
	const struct ldap *ldap = object;

	buf_addstr(b, ldap->uri.s);
	*at = ldap->uri.at;
}

bool
test_ldap_external(const void *object)
{
	const struct ldap *ldap = object;

	return str_eq(text_str(ldap->bind), STR("external"));
}

bool
test_node_rspamd(const void *object)
{
	const struct node *node = object;

	return node->dkim_domains.n > 0;
}

bool
test_node_scans(const void *object)
{
	const struct node *node = object;

	return test_node_rspamd(node) && node->antispam;
}

bool
test_node_sign_only(const void *object)
{
	const struct node *node = object;

	return test_node_rspamd(node) && !node->antispam;
}

bool
test_fleet_ldap(const void *object)
{
	const struct fleet *fleet = object;

	return fleet->ldap.uri.len > 0;
}

bool
test_fleet_live(const void *object)
{
	const struct fleet *fleet = object;

	return test_fleet_ldap(fleet) &&
	    str_eq(text_str(fleet->ldap.mode), STR("live"));
}

bool
test_fleet_snapshot(const void *object)
{
	return test_fleet_ldap(object) && !test_fleet_live(object);
}

bool
test_fleet_srs_apart(const void *object)
{
	const struct fleet *fleet = object;

	return fleet->srs.domain.len &&
	    !str_eq(text_str(fleet->srs.domain), text_str(fleet->domain));
}

bool
test_mapping_usable(const void *object)
{
	const struct mapping *mapping = object;

	return !mapping->bad;
}
