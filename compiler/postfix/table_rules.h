/* The rules of a regexp or pcre table, and what they are to each other. */
#ifndef POSTFIX_TABLE_RULES_H
#define POSTFIX_TABLE_RULES_H

#include "postfix/table_inside.h"
#include "postfix/table_regex.h"

enum rule_kind { RULE_MATCH, RULE_IF, RULE_ENDIF };

struct rule {
	enum rule_kind kind;
	bool dead;			/* it turned out to be broken */
	struct pattern first, second;	/* second.text.s NULL: none */
	struct str replacement;
	bool literal;			/* no $number in it */
	unsigned highest;		/* $number */
	size_t endif;			/* of an if; 0: there is none */
	size_t parent;			/* the if that it is in, + 1; or 0 */
	size_t offset;			/* of the line in the source */
};

/* The numbers of rules, in order. */
struct rule_list {
	size_t *rule;
	size_t n, cap;
};

struct rules {
	bool pcre;
	struct rule *rule;
	size_t n, cap;
	/*
	 * A rule for addresses of one domain is looked at for these only:
	 * there may be thousands. The others are looked at for all keys.
	 */
	struct map domains;	/* folded: struct rule_list */
	struct rule_list others;
	size_t open;			/* the innermost open if, + 1; or 0 */
	/* One key is asked for several times in a row, by several lists. */
	struct buf last;		/* the key; empty: none yet */
	size_t last_rule;		/* what it came to; n: nothing */
	struct buf last_value;		/* of a rule that is not literal */
};

/* Sort the rules out by what they are for, once they are read. */
void rules_index(struct rules *rules, struct arena *a);
void rules_index_release(struct rules *rules);

/* The rules that a key, or an address of a domain, may meet. */
struct walk {
	const struct rules *rules;
	const struct rule_list *own;	/* of its domain; or NULL */
	size_t at_own, at_others;
};
struct walk walk_domain(const struct rules *rules, struct str domain);
struct walk walk_key(const struct rules *rules, struct str key);
/* The next one that is not before i, or their number. */
size_t walk_to(struct walk *w, size_t i);

/* As in struct table_type. */
bool rules_tell(struct table *table, struct str domain);
bool rules_print(struct table *table, struct str domain, struct buf *print);
void rules_shadowed(const struct table *table, table_shadowed_fn *each,
    void *self);

#endif
