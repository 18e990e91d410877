/*
 * A depth-first walk with its own stack: chains may be a million long. An
 * address is done when all its targets are; meeting one that is still being
 * walked closes a loop, which is what stands on the stack above it.
 */
#include "model/resolve.h"

#include "base/die.h"

#include <stdlib.h>

enum state { UNSEEN, WALKING, ALIVE, DEAD };

struct frame {
	uint32_t address;
	uint32_t next;		/* the target to look at */
	uint32_t living;	/* targets that lead on */
};

struct walk {
	struct reader *reader;
	struct fleet *fleet;
	uint8_t *state;
	struct frame *frame;
	size_t n, cap;
	struct loop *loop;
	size_t nloop, cap_loop;
	uint32_t first_account;
};

static struct account *
account_at(const struct walk *w, uint32_t address)
{
	return address >= w->first_account ?
	    &w->reader->account[address - w->first_account] : NULL;
}

static const struct mapping *
mapping_at(const struct walk *w, uint32_t address)
{
	const struct mapping *alias = fleet_alias(w->fleet, address);

	return alias ? alias : fleet_forward(w->fleet, address);
}

/* As fleet_targets(), to write to. */
static struct target *
targets_at(const struct walk *w, uint32_t address, uint32_t *n)
{
	struct account *account = account_at(w, address);
	const struct mapping *m;

	if (account) {
		*n = account->state == ACCOUNT_USABLE ? account->ntarget : 0;
		return account->target;
	}
	m = mapping_at(w, address);
	*n = m->ntarget;
	return w->fleet->target + m->target;
}

static void
push(struct walk *w, uint32_t address)
{
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->frame = xrealloc(w->frame,
		    mul_or_die(w->cap, sizeof(*w->frame)));
	}
	w->frame[w->n++] = (struct frame){.address = address};
	w->state[address] = WALKING;
}

static void
add_loop(struct walk *w, size_t first)
{
	struct loop loop = {.n = (uint32_t)(w->n - first)};
	uint32_t i;

	if (w->nloop == w->cap_loop) {
		w->cap_loop = w->cap_loop ? w->cap_loop * 2 : 8;
		w->loop = xrealloc(w->loop,
		    mul_or_die(w->cap_loop, sizeof(*w->loop)));
	}
	loop.address = ARENA_ARRAY(w->reader->arena, uint32_t, loop.n);
	for (i = 0; i < loop.n; i++)
		loop.address[i] = w->frame[first + i].address;
	w->loop[w->nloop++] = loop;
}

/*
 * The stack from the address upwards is a circle. If accounts are in it they
 * lose their forward, which opens it; else it is a loop of our own data.
 */
static void
close_loop(struct walk *w, uint32_t address)
{
	bool opened = false;
	size_t first = w->n, i;

	while (w->frame[--first].address != address)
		;
	for (i = first; i < w->n; i++) {
		struct account *account = account_at(w, w->frame[i].address);

		if (account) {
			account->state = ACCOUNT_LOOP;
			opened = true;
		}
	}
	if (!opened)
		add_loop(w, first);
}

/* All targets are done: an account needs every one, a mapping one. */
static void
finish(struct walk *w, const struct frame *f)
{
	struct account *account = account_at(w, f->address);
	uint32_t n;

	targets_at(w, f->address, &n);
	if (account && account->state == ACCOUNT_USABLE && f->living < n)
		account->state = ACCOUNT_NOWHERE;
	if (account)
		w->state[f->address] = account->state == ACCOUNT_USABLE ?
		    ALIVE : DEAD;
	else
		w->state[f->address] = f->living ||
		    mapping_at(w, f->address)->poisoned ? ALIVE : DEAD;
}

/* Look at the next target of the top frame. */
static void
look_at(struct walk *w, struct frame *f, const struct target *t)
{
	if (t->where == TARGET_OUTSIDE || t->where == TARGET_INDEPENDENT)
		f->living++;
	if (t->leads_to == NOWHERE) {
		f->next++;
		return;
	}
	switch ((enum state)w->state[t->leads_to]) {
	case UNSEEN:
		push(w, t->leads_to);	/* f is stale now; come again */
		return;
	case WALKING:
		close_loop(w, t->leads_to);
		break;
	case ALIVE:
		f->living++;
		break;
	case DEAD:
		break;
	}
	f->next++;
}

static void
walk_from(struct walk *w, uint32_t address)
{
	push(w, address);
	while (w->n) {
		struct frame *f = &w->frame[w->n - 1];
		uint32_t n;
		const struct target *target = targets_at(w, f->address, &n);

		if (f->next < n) {
			look_at(w, f, &target[f->next]);
			continue;
		}
		finish(w, f);
		w->n--;
	}
}

static void
mark_dead(struct walk *w, struct target *target, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (target[i].leads_to != NOWHERE &&
		    w->state[target[i].leads_to] == DEAD)
			target[i].where = TARGET_DEAD;
}

/* A mapping without a living target stands in no table. */
static void
mark_mappings(struct walk *w, struct mapping *mapping, size_t n,
    uint32_t first)
{
	size_t i;

	for (i = 0; i < n; i++)
		mapping[i].bad = w->state[first + i] == DEAD;
}

void
resolve_addresses(struct reader *r, struct fleet *fleet)
{
	uint32_t i, n = fleet_addresses(fleet);
	struct loop *loop;
	struct walk w = {.reader = r, .fleet = fleet,
		.first_account = (uint32_t)(fleet->aliases.n +
		    fleet->forwards.n)};

	w.state = xmalloc(n);
	memset(w.state, UNSEEN, n);
	for (i = 0; i < n; i++)
		if (w.state[i] == UNSEEN)
			walk_from(&w, i);
	mark_dead(&w, fleet->target, fleet->ntarget);
	for (i = 0; i < fleet->ldap.accounts.n; i++)
		mark_dead(&w, r->account[i].target, r->account[i].ntarget);
	mark_mappings(&w, r->alias, fleet->aliases.n, 0);
	mark_mappings(&w, r->forward, fleet->forwards.n,
	    (uint32_t)fleet->aliases.n);
	loop = ARENA_ARRAY(r->arena, struct loop, w.nloop);
	if (w.nloop)
		memcpy(loop, w.loop, w.nloop * sizeof(*loop));
	fleet->loops = (struct list){loop, w.nloop};
	free(w.loop);
	free(w.frame);
	free(w.state);
}
