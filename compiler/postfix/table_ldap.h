/* What an ldap table is set to, and its templates (ldap_table(5)). */
#ifndef POSTFIX_TABLE_LDAP_H
#define POSTFIX_TABLE_LDAP_H

#include "postfix/table_inside.h"

struct filter;
struct match_list;

/* What the templates of a table need of a key and of a value. */
struct ldap_needs {
	bool key_user, key_domain;
	bool value_user, value_domain;
	unsigned labels;	/* of the key's domain: the highest %1 … %9 */
};

/* Note what a template needs; false: Postfix does not know a % in it. */
bool ldap_template(struct ldap_needs *needs, struct str template,
    bool query, bool *dynamic);

/* Whether a key has all that; else nothing is looked up. */
bool ldap_can_ask(const struct ldap_needs *needs, struct str key);

enum ldap_quoting { LDAP_QUOTE_NONE, LDAP_QUOTE_DN, LDAP_QUOTE_FILTER };
/*
 * Append the template to b, with a comma if b has text. key.s NULL: value is
 * the key itself. False: it lacks what the templates need.
 */
bool ldap_expand(const struct ldap_needs *needs, struct str template,
    struct str value, struct str key, enum ldap_quoting quoting,
    struct buf *b);

enum ldap_scope { SCOPE_SUB, SCOPE_ONE, SCOPE_BASE };

/* A list of attributes; the kinds follow each other as in Postfix. */
struct ldap_attributes {
	struct str *name;
	size_t n;
	size_t terminal;	/* the first ones */
	size_t plain;		/* these and leaf, result: the rest is special */
};

/*
 * A filter that was parsed before a key is known, and the values in it that
 * keys are put into.
 */
struct ldap_slot {
	struct str *value;		/* in the filter */
	struct str template;
};
struct ldap_filter {
	struct filter *filter;		/* NULL: it must be parsed each time */
	struct ldap_slot *slot;
	size_t n;
};

struct ldap_table {
	struct map config;		/* of a file: struct str */
	bool in_file;
	struct str base, filter, format;
	struct str fixed_base;		/* its normal form, if not dynamic */
	struct ldap_filter parsed;
	bool dynamic_base;
	bool base_seen;			/* the fixed base is in the directory */
	enum ldap_scope scope;
	struct ldap_needs needs;
	struct match_list *domains;	/* NULL: all */
	struct ldap_attributes attributes;
	long expansion_limit, size_limit;
	struct map kept;		/* what was found, by key: answers */
};

/* A DN in lower case, without blanks around "," and "=". */
struct str dn_normal(struct str dn, struct arena *a);

/*
 * Normalise the table's base, and parse its filter with its %s and %u as they
 * stand.
 */
void ldap_prepare(struct ldap_table *ldap, struct arena *a);
/* Put a key that can be asked for into it. */
void ldap_filter_bind(struct ldap_table *ldap, struct str key,
    struct arena *a);

/* Whether the key is in a domain that the table is asked about. */
enum table_result ldap_in_domain(const struct ldap_table *ldap,
    struct str key, struct arena *a, struct table_answer *answer);
enum table_result ldap_get(struct table *table, struct str key,
    struct arena *a, struct table_answer *answer);

#endif
