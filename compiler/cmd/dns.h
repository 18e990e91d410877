/* Private to the verb dns: a zone file on stdout, record by record. */
#ifndef CMD_DNS_H
#define CMD_DNS_H

#include "base/map.h"
#include "cmd/compile.h"

struct zone {
	struct run *run;
	const struct fleet *fleet;
	struct str name;		/* --zone; empty: all */
	struct map printed;		/* records */
	struct map spf;			/* domains: each may have one */
	const char *heading;		/* NULL once it is printed */
};

void zone_init(struct zone *z, struct run *run, const struct fleet *fleet);
void zone_release(struct zone *z);

/* What the next records are for; printed with the first of them. */
void zone_heading(struct zone *z, const char *heading);
/*
 * One record, unless it stands already or belongs to another zone. Names come
 * without their last dot.
 */
void zone_add(struct zone *z, const char *owner, const char *type,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A TXT record: quoted strings, none too long. */
void zone_add_txt(struct zone *z, const char *owner, const struct buf *text);
/* Why a record of owner is not there, as a comment. */
void zone_missing(struct zone *z, const char *owner, const char *why);

#endif
