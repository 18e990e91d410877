/* Aliases and forwards: where they lead, and where they should not. */
#include "check/rules.h"

#include "model/address.h"

#include <stdlib.h>

enum {
	EXPANSION_MOST = 1000,	/* virtual_alias_expansion_limit */
	DEPTH_MOST = 1000,	/* virtual_alias_recursion_limit */
};

void
check_loops(struct checker *c)
{
	const struct loop *loop = c->fleet->loops.item;
	size_t i, f;
	uint32_t k;

	for (i = 0; i < c->fleet->loops.n; i++) {
		const uint32_t *address = loop[i].address;
		struct str first = fleet_local(c->fleet, address[0]);

		f = diag_add(c->diag, FINDING_ALIAS_LOOP,
		    fleet_origin(c->fleet, address[0]),
		    "'%.*s' leads back to itself over %u address%s; nobody "
		    "ever gets its mail", STR_ARG(first), loop[i].n,
		    loop[i].n == 1 ? "" : "es");
		for (k = 1; k < loop[i].n && k < 16; k++)
			diag_note(c->diag, f,
			    fleet_origin(c->fleet, address[k]),
			    "by way of '%.*s'",
			    STR_ARG(fleet_local(c->fleet, address[k])));
	}
}

static struct str
target_str(const struct target *t)
{
	return value_str(t->text);
}

static void
report_nowhere(struct checker *c, const struct mapping *m,
    const struct target *t, enum finding_id id)
{
	diag_add(c->diag, id, value_origin(t->text),
	    "'%s' leads to '%.*s', which is no alias, no forward and no "
	    "account", m->key->u.s, STR_ARG(target_str(t)));
}

/* The directory's owners may change their forward at any time: a warning. */
static void
report_dead(struct checker *c, const struct mapping *m,
    const struct target *t)
{
	diag_add(c->diag, FINDING_ALIAS_DEAD, value_origin(t->text),
	    "'%s' leads to '%.*s', which has no forward that can be used; the "
	    "target is left out", m->key->u.s, STR_ARG(target_str(t)));
}

void
check_aliases(struct checker *c)
{
	const struct mapping *m = c->fleet->aliases.item;
	uint32_t k;
	size_t i;

	for (i = 0; i < c->fleet->aliases.n; i++)
		for (k = 0; k < m[i].ntarget; k++) {
			const struct target *t =
			    &c->fleet->target[m[i].target + k];

			if (t->where == TARGET_NOWHERE)
				report_nowhere(c, &m[i], t,
				    FINDING_ALIAS_NOWHERE);
			else if (t->where == TARGET_DEAD)
				report_dead(c, &m[i], t);
			else if (t->where == TARGET_OUTSIDE)
				diag_add(c->diag, FINDING_ALIAS_OUTSIDE,
				    value_origin(t->text), "the alias '%s' "
				    "leads outside, to '%s'; the MX sends "
				    "nothing there, so make it a forward",
				    m[i].key->u.s, t->text->u.s);
		}
}

void
check_forwards(struct checker *c)
{
	const struct mapping *m = c->fleet->forwards.item;
	uint32_t k;
	size_t i;

	for (i = 0; i < c->fleet->forwards.n; i++)
		for (k = 0; k < m[i].ntarget; k++) {
			const struct target *t =
			    &c->fleet->target[m[i].target + k];

			if (t->where == TARGET_NOWHERE)
				report_nowhere(c, &m[i], t,
				    FINDING_FORWARD_NOWHERE);
			else if (t->where == TARGET_DEAD)
				report_dead(c, &m[i], t);
			else if (t->where != TARGET_OUTSIDE &&
			    t->where != TARGET_INDEPENDENT)
				diag_add(c->diag, FINDING_FORWARD_INSIDE,
				    value_origin(t->text), "the forward '%s' "
				    "leads inside, to '%s': its mail goes to "
				    "the SRS host and back; an alias is "
				    "shorter", m[i].key->u.s, t->text->u.s);
		}
}

static bool
same_target(const struct target *a, const struct target *b)
{
	if (a->leads_to != NOWHERE || b->leads_to != NOWHERE)
		return a->leads_to == b->leads_to;
	return str_eq_fold(target_str(a), target_str(b));
}

enum { COMPARED_MOST = 256 };

void
check_repeated_targets(struct checker *c)
{
	size_t n = c->fleet->aliases.n + c->fleet->forwards.n;
	uint32_t address, count, i, j;

	for (address = 0; address < n; address++) {
		const struct target *t =
		    fleet_targets(c->fleet, address, &count);

		for (i = 1; i < count && i < COMPARED_MOST; i++)
			for (j = 0; j < i; j++) {
				if (!same_target(&t[i], &t[j]))
					continue;
				diag_note(c->diag, diag_add(c->diag,
				    FINDING_TARGET_TWICE,
				    value_origin(t[i].text),
				    "'%s' is a target already", t[i].text->u.s),
				    value_origin(t[j].text), "here");
				break;
			}
	}
}

void
check_extensions(struct checker *c)
{
	struct str delimiters = text_str(c->fleet->recipient_delimiter);
	size_t n = c->fleet->aliases.n + c->fleet->forwards.n;
	uint32_t address;

	if (!delimiters.len)
		return;
	for (address = 0; address < n; address++) {
		struct str local = fleet_local(c->fleet, address);
		struct str base = local_base(local, delimiters);
		uint32_t other;

		if (base.len == local.len)
			continue;
		other = fleet_address(c->fleet, base);
		if (other == NOWHERE)
			continue;
		diag_note(c->diag, diag_add(c->diag, FINDING_ADDRESS_EXTENSION,
		    fleet_origin(c->fleet, address),
		    "'%.*s' is '%.*s' with an extension; its mail no longer "
		    "goes where '%.*s' leads", STR_ARG(local), STR_ARG(base),
		    STR_ARG(base)), fleet_origin(c->fleet, other),
		    "the address without it");
	}
}

/*
 * How many addresses each one becomes, and over how many steps. Loops were
 * reported; here they end the walk. Addresses are visited in post-order with
 * a stack of their own, since a chain may be as long as the table.
 */
struct expansion {
	uint32_t leaves;
	uint32_t depth;
	uint32_t next;		/* target to look at; 0: not begun */
	bool done;
};

static uint32_t
capped(uint32_t a, uint32_t b)
{
	return a + b < a || a + b > 1000000 ? 1000000 : a + b;
}

static void
expand(const struct fleet *fleet, struct expansion *all, uint32_t *stack,
    uint32_t address)
{
	uint32_t top = 0, n;

	stack[top++] = address;
	while (top) {
		struct expansion *e = &all[stack[top - 1]];
		const struct target *t =
		    fleet_targets(fleet, stack[top - 1], &n);

		if (e->next == n) {
			e->done = true;
			e->depth++;
			top--;
			continue;
		}
		t += e->next;
		if (t->leads_to == NOWHERE) {
			e->leaves = capped(e->leaves, 1);
			e->next++;
			continue;
		}
		if (!all[t->leads_to].done) {
			if (all[t->leads_to].next ||
			    t->leads_to == stack[top - 1])
				e->next++;	/* a loop */
			else {
				uint32_t count;

				fleet_targets(fleet, t->leads_to, &count);
				if (count)
					stack[top++] = t->leads_to;
				else
					all[t->leads_to].done = true;
			}
			continue;
		}
		e->leaves = capped(e->leaves, all[t->leads_to].leaves);
		if (e->depth < all[t->leads_to].depth)
			e->depth = all[t->leads_to].depth;
		e->next++;
	}
}

void
check_expansion(struct checker *c)
{
	uint32_t n = fleet_addresses(c->fleet), i;
	struct expansion *all;
	uint32_t *stack;

	if (c->fleet->loops.n)
		return;
	all = xmalloc(mul_or_die(n, sizeof(*all)));
	memset(all, 0, n * sizeof(*all));
	stack = xmalloc(mul_or_die((size_t)n + 1, sizeof(*stack)));
	for (i = 0; i < c->fleet->aliases.n; i++) {
		if (!all[i].done)
			expand(c->fleet, all, stack, i);
		if (all[i].leaves <= EXPANSION_MOST &&
		    all[i].depth <= DEPTH_MOST)
			continue;
		diag_add(c->diag, FINDING_ALIAS_DEPTH,
		    fleet_origin(c->fleet, i), "'%.*s' becomes %u addresses "
		    "over %u steps; Postfix stops at %d and %d "
		    "(virtual_alias_expansion_limit and _recursion_limit)",
		    STR_ARG(fleet_local(c->fleet, i)), all[i].leaves,
		    all[i].depth, EXPANSION_MOST, DEPTH_MOST);
	}
	free(stack);
	free(all);
}

/* RFC 5321 section 4.5.1 (postmaster) and RFC 2142 (abuse). */
void
check_required_addresses(struct checker *c)
{
	static const char *const required[] = {"postmaster", "abuse"};
	size_t i;

	if (!c->fleet->mx.n)
		return;
	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (fleet_address(c->fleet, str_of(required[i])) == NOWHERE)
			diag_add(c->diag, FINDING_REQUIRED_ADDRESS,
			    c->fleet->domain.at, "%s has no '%s'; %s",
			    c->fleet->domain.s, required[i],
			    i ? "RFC 2142 asks for it" :
			    "RFC 5321 section 4.5.1 requires it");
}

/*
 * A hash merge hides the lower level's entry without a word. Only keys that
 * are spelt alike; others meet in one hash and are address-twice.
 */
static void
compare_levels(struct checker *c, const struct value *upper,
    const struct value *lower)
{
	uint32_t i;

	for (i = 0; i < upper->len; i++) {
		const struct pair *p = &upper->u.hash->pair[i];
		const struct pair *other;

		if (p->key.kind != VALUE_STRING)
			continue;
		other = value_find(lower, value_str(&p->key));
		if (!other || value_eq(&p->value, &other->value))
			continue;
		diag_note(c->diag, diag_add(c->diag, FINDING_ADDRESS_LEVELS,
		    value_origin(&p->key), "'%s' is defined on a lower level "
		    "as well; this one wins and hides it", p->key.u.s),
		    value_origin(&other->key), "the hidden one");
	}
}

static void
check_levels_of(struct checker *c, const char *key)
{
	const struct hiera_file *file;
	const struct value **holder;
	size_t nfile, n = 0, i, j;

	file = hiera_files(c->hiera, &nfile);
	holder = ARENA_ARRAY(c->arena, const struct value *, nfile);
	for (i = 0; i < nfile; i++) {
		holder[n] = value_get(&file[i].root, str_of(key));
		if (holder[n] && holder[n]->kind == VALUE_HASH)
			n++;
	}
	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++)
			compare_levels(c, holder[j], holder[i]);
}

void
check_levels(struct checker *c)
{
	check_levels_of(c, "mail::aliases");
	check_levels_of(c, "mail::forwards");
}
