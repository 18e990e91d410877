/* Templates of ldap tables: %s, %u, %d, %1 … as ldap_table(5) has them. */
#ifndef POSTFIX_TABLE_LDAP_H
#define POSTFIX_TABLE_LDAP_H

#include "base/buf.h"
#include "base/str.h"

/* What the templates of a table need of a key and of a value. */
struct ldap_needs {
	bool key_user, key_domain;
	bool value_user, value_domain;
	unsigned labels;	/* of the key's domain: the highest %1 … %9 */
};

/* Note what a template needs; false: Postfix does not know a % in it. */
bool ldap_template(struct ldap_needs *needs, struct str template,
    bool query, bool *dynamic);

enum ldap_quoting { LDAP_QUOTE_NONE, LDAP_QUOTE_DN, LDAP_QUOTE_FILTER };
/*
 * Append the template to b, with a comma if b has text. key.s NULL: value is
 * the key itself. False: it lacks what the templates need.
 */
bool ldap_expand(const struct ldap_needs *needs, struct str template,
    struct str value, struct str key, enum ldap_quoting quoting,
    struct buf *b);

#endif
