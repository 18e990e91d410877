/*
 * mail::aliases and mail::forwards. A fleet may have a million of them, so
 * they are two flat arrays that point into the values as they were read.
 */
#include "model/address.h"
#include "model/bind.h"
#include "model/read.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TARGETS_MOST = UINT16_MAX };

static void
report_address(struct reader *r, const struct value *v, const char *what,
    struct address_problem problem)
{
	diag_add(r->diag, problem.id, value_origin(v), "%s '%s': %s", what,
	    v->u.s, problem.text);
}

static bool
bind_target(struct reader *r, const struct value *v, struct target *target)
{
	struct address_problem problem;

	*target = (struct target){.text = v, .leads_to = NOWHERE};
	if (v->kind != VALUE_STRING) {
		if (v->kind != VALUE_BAD)
			diag_add(r->diag, FINDING_WRONG_TYPE, value_origin(v),
			    "a target must be an address, not %s",
			    value_kind_name(v));
		return false;
	}
	problem = address_check(value_str(v), true, &target->local_len);
	if (problem.text && is_encrypted(v)) {
		diag_add(r->diag, FINDING_EYAML_ENCRYPTED, value_origin(v),
		    "a target is still encrypted; an address in a table "
		    "cannot be a secret");
		return false;
	}
	if (problem.text) {
		report_address(r, v, "the target", problem);
		return false;
	}
	target->bare = target->local_len == v->len;
	return true;
}

static const struct value *
targets_of(const struct value *v, uint32_t *n)
{
	bool list = v->kind == VALUE_LIST;

	*n = list ? v->len : 1;
	return list ? v->u.item : v;
}

static void
bind_mapping(struct reader *r, struct fleet *fleet, const struct pair *pair,
    struct mapping *mapping)
{
	const struct value *key = &pair->key, *v;
	struct address_problem problem;
	uint32_t i, n;

	*mapping = (struct mapping){.key = key, .fleet = fleet,
		.target = fleet->ntarget};
	if (key->kind != VALUE_STRING) {
		diag_add(r->diag, FINDING_WRONG_TYPE, value_origin(key),
		    "a local part or an address must be a string (quote it), "
		    "not %s", value_kind_name(key));
		mapping->bad = true;
	} else {
		problem = address_check(value_str(key), true,
		    &mapping->local_len);
		if (problem.text) {
			report_address(r, key, "the address", problem);
			mapping->bad = true;
		}
	}
	v = targets_of(&pair->value, &n);
	if (!n || (v->kind == VALUE_STRING && !v->len)) {
		diag_add(r->diag, FINDING_ALIAS_EMPTY, value_origin(key),
		    "'%s' has no target; name one or take the entry out",
		    key->kind == VALUE_STRING ? key->u.s : "it");
		mapping->poisoned = true;
		return;
	}
	if (n > TARGETS_MOST) {
		diag_add(r->diag, FINDING_BAD_VALUE, value_origin(key),
		    "%" PRIu32 " targets are more than the %d that one "
		    "address can have; make it a mailing list", n,
		    TARGETS_MOST);
		mapping->bad = true;
		return;
	}
	for (i = 0; i < n; i++)
		if (bind_target(r, &v[i], &fleet->target[fleet->ntarget]))
			fleet->ntarget++;
		else
			mapping->poisoned = true;
	mapping->ntarget = (uint16_t)(fleet->ntarget - mapping->target);
}

static size_t
count_targets(const struct value *v)
{
	size_t total = 0;
	uint32_t i, n;

	if (v->kind != VALUE_HASH)
		return 0;
	for (i = 0; i < v->len; i++) {
		targets_of(&v->u.hash->pair[i].value, &n);
		total += n;
	}
	return total;
}

static int
by_key(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return str_cmp(value_str(x->key), value_str(y->key));
}

/*
 * A hash has no order, but a table has one. People keep long lists sorted:
 * then looking is enough.
 */
static void
sort_mappings(struct mapping *item, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (by_key(&item[i - 1], &item[i]) > 0) {
			qsort(item, n, sizeof(*item), by_key);
			return;
		}
}

static struct mapping *
bind_all(struct reader *r, struct fleet *fleet, const struct value *v,
    const char *key, struct list *list)
{
	struct mapping *item, scratch;
	uint32_t i;

	*list = (struct list){0};

	if (v->kind != VALUE_HASH) {
		if (v->source && v->kind != VALUE_BAD)
			diag_add(r->diag, FINDING_WRONG_TYPE, value_origin(v),
			    "%s must be a hash, not %s", key,
			    value_kind_name(v));
		return NULL;
	}
	item = ARENA_ARRAY(r->arena, struct mapping, v->len);
	for (i = 0; i < v->len; i++) {
		bind_mapping(r, fleet, &v->u.hash->pair[i], &scratch);
		if (!scratch.bad)
			item[list->n++] = scratch;
	}
	sort_mappings(item, list->n);
	list->item = item;
	return item;
}

void
bind_mappings(struct reader *r, struct fleet *fleet,
    const struct value *aliases, const struct value *forwards)
{
	fleet->target = ARENA_ARRAY(r->arena, struct target,
	    count_targets(aliases) + count_targets(forwards));
	r->alias = bind_all(r, fleet, aliases, "mail::aliases",
	    &fleet->aliases);
	r->forward = bind_all(r, fleet, forwards, "mail::forwards",
	    &fleet->forwards);
}
