#include "postfix/table_inside.h"
static void o(struct table *t){ table_break(t, TABLE_UNKNOWN, "later"); }
const struct table_type table_ldap = { .name = "ldap", .open = o };
