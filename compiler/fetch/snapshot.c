/*
 * Entries are told apart by their DN as libldap normalizes it, letter case
 * ignored: another server, or a hand, may write blanks and case otherwise.
 */
#include "fetch/snapshot.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>

struct keyed {
	struct str key;			/* normalized DN */
	const struct ldif_entry *entry;
};

static struct str
dn_key(struct arena *a, struct text dn)
{
	struct str key = text_str(dn);
	LDAPDN parsed = NULL;
	char *s = NULL;

	/* libldap sees no further than a NUL. */
	if (memchr(dn.s, '\0', dn.len) ||
	    ldap_str2dn(dn.s, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return key;
	if (ldap_dn2str(parsed, &s, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS) {
		key.len = strlen(s);
		key.s = arena_strndup(a, s, key.len);
		ldap_memfree(s);
	}
	ldap_dnfree(parsed);
	return key;
}

static int
by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int order = str_cmp_fold(x->key, y->key);

	return order ? order : str_cmp(text_str(x->entry->dn),
	    text_str(y->entry->dn));
}

static struct keyed *
keyed_and_sorted(struct arena *a, const struct ldif *ldif)
{
	struct keyed *all = ARENA_ARRAY(a, struct keyed, ldif->n);
	uint32_t i;

	for (i = 0; i < ldif->n; i++)
		all[i] = (struct keyed){dn_key(a, ldif->entry[i].dn),
			&ldif->entry[i]};
	if (ldif->n)
		qsort(all, ldif->n, sizeof(*all), by_key);
	return all;
}

void
snapshot_sort(struct arena *a, struct ldif *ldif)
{
	struct keyed *all = keyed_and_sorted(a, ldif);
	struct ldif_entry *sorted = ARENA_ARRAY(a, struct ldif_entry,
	    ldif->n);
	uint32_t i;

	for (i = 0; i < ldif->n; i++)
		sorted[i] = *all[i].entry;
	ldif->entry = sorted;
}

static bool
has_forward(const struct ldif_entry *entry)
{
	const struct text *forward = ldif_get(entry, STR("emailForward"));

	return forward && forward->len;
}

static bool
is_same(const struct ldif_entry *x, const struct ldif_entry *y)
{
	uint32_t i;

	if (x->n != y->n || !str_eq(text_str(x->dn), text_str(y->dn)))
		return false;
	for (i = 0; i < x->n; i++)
		if (!str_eq(text_str(x->attribute[i].name),
		    text_str(y->attribute[i].name)) ||
		    !str_eq(text_str(x->attribute[i].value),
		    text_str(y->attribute[i].value)))
			return false;
	return true;
}

struct snapshot_change
snapshot_compare(struct arena *a, const struct ldif *former,
    const struct ldif *now)
{
	struct keyed *old = keyed_and_sorted(a, former);
	struct keyed *new = keyed_and_sorted(a, now);
	struct snapshot_change change = {
		.entries = now->n,
		.former = former->n,
	};
	uint32_t i, k = 0;

	for (i = 0; i < former->n; i++) {
		bool forward = has_forward(old[i].entry);
		int order = 1;

		while (k < now->n &&
		    (order = str_cmp_fold(old[i].key, new[k].key)) > 0) {
			change.added++;
			k++;
		}
		if (k == now->n)
			order = -1;
		change.former_forwards += forward;
		change.gone += order != 0;
		change.gone_forwards += forward &&
		    (order != 0 || !has_forward(new[k].entry));
		if (!order)
			change.changed +=
			    !is_same(old[i].entry, new[k++].entry);
	}
	change.added += now->n - k;
	return change;
}

/* The snapshot that a file holds; a missing one is empty. */
static bool
read_former(struct arena *a, struct diag *d, const struct stored *file,
    struct ldif *former)
{
	size_t mark = diag_mark(d);

	ldif_read(a, d, file->path, file->file, former);
	if (diag_mark(d) == mark)
		return true;
	diag_add(d, FINDING_LDAP_BRAKE, file->at,
	    "the former snapshot is broken, so nobody can tell what would "
	    "vanish; mend it or move it away");
	return false;
}

bool
snapshot_allowed(struct arena *a, struct diag *d, const struct stored *file,
    const struct brake_limit *limit, const struct ldif *now,
    struct snapshot_change *change)
{
	struct ldif former;
	bool ok;

	*change = (struct snapshot_change){0};
	ok = read_former(a, d, file, &former);
	if (ok)
		*change = snapshot_compare(a, &former, now);
	if (!now->n) {
		diag_add(d, FINDING_LDAP_BRAKE, file->at,
		    "the directory answered 0 entries, former %u; look at "
		    "base, filter and rights: an empty snapshot is never "
		    "written", former.n);
		return false;
	}
	if (!ok)
		return false;
	ok = brake_allows(d, limit, file, "entries", change->former,
	    change->gone);
	return brake_allows(d, limit, file, "forwards",
	    change->former_forwards, change->gone_forwards) && ok;
}

void
snapshot_write(struct buf *b, const struct ldif *ldif)
{
	uint32_t i;

	buf_addstr(b, "version: 1\n\n");
	for (i = 0; i < ldif->n; i++)
		ldif_write(b, &ldif->entry[i]);
}
