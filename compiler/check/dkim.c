/* DKIM (RFC 6376, key sizes by RFC 8301): keys, selectors, domains. */
#include "check/rules.h"

#include "tree/pem.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { RSA_SHORTEST = 2048, KEY_LONGEST = 4096 };

static bool
has_key(const struct node *node, struct text domain)
{
	const struct dkim_key *const *key = node->dkim.item;
	size_t i;

	for (i = 0; i < node->dkim.n; i++)
		if (str_eq_fold(text_str(key[i]->domain), text_str(domain)))
			return true;
	return false;
}

static void
check_domains_of(struct checker *c, const struct node *node)
{
	const struct text *domain = node->dkim_domains.item;
	size_t i;

	for (i = 0; i < node->dkim_domains.n; i++)
		if (!has_key(node, domain[i]))
			diag_add(c->diag, FINDING_DKIM_NO_KEY, domain[i].at,
			    "%s signs for %s, but mail::dkim has no selector "
			    "and key for that domain and node", node->fqdn.s,
			    domain[i].s);
}

/* The DER of p=, or NULL where it is not base64. */
static unsigned char *
decode(const struct text *key, int *len)
{
	size_t padding = 0, n = key->len;
	unsigned char *der;

	while (n && key->s[n - 1] == '=') {
		n--;
		padding++;
	}
	if (!key->len || key->len > KEY_LONGEST || key->len % 4 || padding > 2)
		return NULL;
	der = xmalloc(key->len);
	*len = EVP_DecodeBlock(der, (const unsigned char *)key->s,
	    (int)key->len);
	if (*len < 0) {
		free(der);
		return NULL;
	}
	*len -= (int)padding;
	return der;
}

static void
check_public_key(struct checker *c, const struct dkim_key *key)
{
	struct public_key read;
	unsigned char *der;
	int len = 0;
	bool ok;

	if (!key->public_key.len)
		return;
	der = decode(&key->public_key, &len);
	/* RFC 8463: an Ed25519 key is 32 bytes without a wrapper. */
	if (der && len == 32) {
		free(der);
		return;
	}
	ok = der && public_key_read(der, (size_t)len, &read);
	free(der);
	if (!ok) {
		diag_add(c->diag, FINDING_DKIM_PUBLIC_KEY, key->public_key.at,
		    "public_key of selector %s is not the base64 of a public "
		    "key; copy what stands behind p= in the record",
		    key->selector.s);
		return;
	}
	if (read.rsa && read.bits < RSA_SHORTEST)
		diag_add(c->diag, FINDING_DKIM_WEAK_KEY, key->public_key.at,
		    "the RSA key of selector %s has %d bits; RFC 8301 wants "
		    "%d", key->selector.s, read.bits, RSA_SHORTEST);
}

/* One name in the DNS is one record, so it must be one key. */
static void
check_selectors(struct checker *c)
{
	const struct dkim_key *key = c->fleet->dkim.item;
	struct map seen;
	size_t i;

	map_init_fold(&seen);
	for (i = 0; i < c->fleet->dkim.n; i++) {
		struct dkim_key *one = ARENA_NEW(c->arena, struct dkim_key);
		const struct dkim_key *other;

		*one = key[i];
		other = map_add(&seen, str_of(arena_printf(c->arena,
		    "%s._domainkey.%s", one->selector.s, one->domain.s)), one);
		if (other == one || (one->public_key.len &&
		    str_eq(text_str(one->public_key),
		        text_str(other->public_key))))
			continue;
		diag_note(c->diag, diag_add(c->diag,
		    FINDING_DKIM_SELECTOR_TWICE, one->selector.at,
		    "%s._domainkey.%s stands for the keys of %s and %s; give "
		    "each node a selector of its own", one->selector.s,
		    one->domain.s, one->node.s, other->node.s),
		    other->selector.at, "the other one");
	}
	map_release(&seen);
}

void
check_dkim(struct checker *c)
{
	const struct dkim_key *key = c->fleet->dkim.item;
	size_t i;

	for (i = 0; i < c->fleet->nodes.n; i++)
		check_domains_of(c, fleet_node(c->fleet, i));
	for (i = 0; i < c->fleet->dkim.n; i++)
		check_public_key(c, &key[i]);
	check_selectors(c);
}
