/* What the files of way.h share. */
#ifndef FLOW_WAY_INSIDE_H
#define FLOW_WAY_INSIDE_H

#include "flow/way.h"

enum { HEAVIEST = 255 };		/* way.c: the weight of an alias */

/* What cleanup makes of a sender. */
struct sent {
	way_end end;			/* 0: it passes */
	struct str sender;
};

/* way_keep.c */

void way_memo_init(struct memo *memo);
struct str way_copy(struct way *w, struct str s);
struct way_host *way_host_of(const struct way *w,
    const struct world_host *host);
/* The answer for a key in a map; 0: nothing yet. */
way_end *way_map_cell(struct way *w, struct map *map, struct str key);
/* Where an answer is kept; NULL: it is not. */
way_end *way_cell(struct way *w, struct memo *memo, struct str address);
/* The same where the sender mattered. */
way_end *way_sender_cell(struct way *w, struct way_host *h, const void *door,
    struct str address, struct str sender);
/* Mail ends; by and handoff say why (struct cause). */
way_end way_ended(struct way *w, const struct world_host *host,
    enum fate fate, const struct decision *by, bool handoff);

/* way_step.c */

/* Where a next hop of a host leads; passed: see struct delivery. */
struct way_route *way_route_to(struct way *w, const struct world_host *from,
    struct str transport, struct str nexthop, bool passed);
/* Whether mail of a sender, on a host now, may end somewhere for its sender. */
bool way_is_strange(struct way *w, const struct world_host *host,
    struct str sender);
/* What cleanup makes of a sender on a host. */
const struct sent *way_sent_as(struct way *w, struct way_host *h,
    struct str sender);

#endif
