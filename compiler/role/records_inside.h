/* Private to role/records*.c: how records are added. */
#ifndef ROLE_RECORDS_INSIDE_H
#define ROLE_RECORDS_INSIDE_H

#include "role/records.h"

#define SPF_VERSION "v=spf1"

/* What the next records are for. */
void records_heading(struct records *r, const char *heading);
/*
 * Add a copy of a record unless it stands already. Strings are kept; what is
 * missing may be said twice.
 */
void records_add(struct records *r, struct record record);
/* The SPF record of a name, or NULL. */
const struct record *records_spf(const struct records *r, struct str name);
/* After the last: make every name's arrays, and know every node's address. */
void records_finish(struct records *r);

#endif
