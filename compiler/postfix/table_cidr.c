/*
 * cidr tables: networks in order, the first that holds the address answers.
 * What is no address matches nothing, not even a negated network.
 */
#include "postfix/table_inside.h"

#include "postfix/lines.h"
#include "postfix/postfix.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum cidr_kind { CIDR_MATCH, CIDR_IF, CIDR_ENDIF };

struct cidr_rule {
	struct cidr cidr;
	enum cidr_kind kind;
	size_t endif;		/* of an if; 0: there is none */
	size_t parent;		/* the if that it is in, + 1; or 0 */
	struct str network;	/* as it is written */
	struct str value;
	size_t offset;
};

struct cidr_rules {
	struct cidr_rule *rule;
	size_t n, cap;
	size_t open;		/* the innermost open if, + 1; or 0 */
};

unsigned
cidr_address(struct str address, unsigned char bytes[16])
{
	char text[INET6_ADDRSTRLEN + 1];
	bool v6 = str_find(address, ':') < address.len;

	if (!address.len || address.len >= sizeof(text) ||
	    str_find(address, '\0') < address.len)
		return 0;
	memcpy(text, address.s, address.len);
	text[address.len] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return 0;
	return v6 ? 16 : 4;
}

const char *
cidr_parse(struct arena *a, struct cidr *cidr, struct str pattern)
{
	unsigned family, prefix, i;
	const char *why = network_error(a, pattern, &family, &prefix);
	struct str address = pattern;

	if (why)
		return why;
	if (address.s[0] == '[')
		address = str_from(address, 1);
	for (i = 0; i < address.len && address.s[i] != '/' &&
	    address.s[i] != ']'; i++)
		;
	address.len = i;
	cidr->match = true;
	cidr->bytes = (unsigned char)cidr_address(address, cidr->net);
	for (i = 0; i < cidr->bytes; i++) {
		unsigned keep = prefix > i * 8 ? prefix - i * 8 : 0;

		cidr->mask[i] = (unsigned char)(keep >= 8 ? 0xff :
		    0xff00u >> keep);
	}
	return NULL;
}

bool
cidr_has(const struct cidr *cidr, unsigned nbytes,
    const unsigned char bytes[16])
{
	unsigned i;

	if (cidr->bytes != nbytes)
		return false;
	for (i = 0; i < nbytes; i++)
		if ((bytes[i] & cidr->mask[i]) != cidr->net[i])
			return !cidr->match;
	return cidr->match;
}

static bool
word_is(struct str line, struct str word)
{
	return line.len >= word.len &&
	    str_eq_fold((struct str){line.s, word.len}, word) &&
	    (line.len == word.len || !text_is_alnum(line.s[word.len]));
}

/* Read a rule; false: Postfix skips it. */
static bool
rule_read(const struct cidr_rules *rules, struct str line,
    struct cidr_rule *rule, struct arena *a)
{
	bool match = true;
	size_t end;

	if (word_is(line, STR("endif"))) {
		rule->kind = CIDR_ENDIF;
		return rules->open && !text_skip_space(
		    str_from(line, 5)).len;
	}
	if (word_is(line, STR("if"))) {
		rule->kind = CIDR_IF;
		line = str_from(line, 2);
	}
	for (; line.len && (line.s[0] == '!' || lines_is_space(line.s[0]));
	    line = str_from(line, 1))
		if (line.s[0] == '!')
			match = !match;
	line = text_trim(line);
	for (end = 0; end < line.len && (rule->kind == CIDR_IF ||
	    !lines_is_space(line.s[end])); end++)
		;
	rule->value = text_skip_space(str_from(line, end));
	if (!end || cidr_parse(a, &rule->cidr, (struct str){line.s, end}))
		return false;
	rule->cidr.match = match;
	rule->network = (struct str){line.s, end};
	return rule->kind == CIDR_IF || rule->value.len;
}

static void
rule_add(struct cidr_rules *rules, const struct cidr_rule *rule)
{
	struct cidr_rule *added;

	if (rules->n == rules->cap) {
		rules->cap = rules->cap ? rules->cap * 2 : 64;
		rules->rule = xrealloc(rules->rule,
		    mul_or_die(rules->cap, sizeof(*rules->rule)));
	}
	added = &rules->rule[rules->n++];
	*added = *rule;
	added->parent = rules->open;
	if (rule->kind == CIDR_IF) {
		rules->open = rules->n;
	} else if (rule->kind == CIDR_ENDIF) {
		struct cidr_rule *start = &rules->rule[rules->open - 1];

		start->endif = rules->n - 1;
		rules->open = start->parent;
	}
}

static void
cidr_open(struct table *table)
{
	struct arena *a = table->tables->arena;
	struct source_line line;
	struct cidr_rules *rules;
	struct buf b = BUF_INIT;
	size_t at = 0;

	if (!table_source(table))
		return;
	rules = ARENA_NEW(a, struct cidr_rules);
	table->state = rules;
	while (source_line_next(table->source.text, &at, &b, &line)) {
		struct cidr_rule rule = {.offset = line.offset};

		if (!rule_read(rules, line.text, &rule, a))
			continue;
		if (line.joined) {
			rule.value.s = arena_strndup(a, rule.value.s,
			    rule.value.len);
			rule.network.s = arena_strndup(a, rule.network.s,
			    rule.network.len);
		}
		rule_add(rules, &rule);
	}
	buf_release(&b);
}

static enum table_result
cidr_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct cidr_rules *rules = table->state;
	unsigned char bytes[16];
	unsigned nbytes = cidr_address(key, bytes);
	size_t i;

	(void)a;
	for (i = 0; nbytes && i < rules->n; i++) {
		const struct cidr_rule *rule = &rules->rule[i];

		if (rule->kind == CIDR_ENDIF)
			continue;
		if (cidr_has(&rule->cidr, nbytes, bytes)) {
			if (rule->kind == CIDR_IF)
				continue;
			answer->value = rule->value;
			answer->owner = table->source.owner;
			answer->offset = rule->offset;
			return TABLE_FOUND;
		}
		if (rule->kind == CIDR_IF) {
			if (!rule->endif)
				return TABLE_NONE;
			i = rule->endif;
		}
	}
	return TABLE_NONE;
}

static bool
cidr_tells(struct table *table, struct str domain)
{
	(void)table;
	(void)domain;
	return false;
}

/* Whether all addresses of the one network are in the other. */
static bool
is_within(const struct cidr *one, const struct cidr *other)
{
	unsigned i;

	if (!one->match || !other->match || one->bytes != other->bytes)
		return false;
	for (i = 0; i < one->bytes; i++)
		if ((other->mask[i] & ~one->mask[i]) ||
		    (one->net[i] & other->mask[i]) != other->net[i])
			return false;
	return true;
}

/* Whether a rule stands where each key that comes to j came by. */
static bool
is_before(const struct cidr_rules *rules, const struct cidr_rule *rule,
    size_t j)
{
	const struct cidr_rule *parent;

	if (!rule->parent)
		return true;
	parent = &rules->rule[rule->parent - 1];
	return j < (parent->endif ? parent->endif : rules->n);
}

/* Of more rules than these nothing is told: each meets all before it. */
enum { MOST = 5000 };

static void
cidr_shadowed(const struct table *table, table_shadowed_fn *each, void *self)
{
	const struct cidr_rules *rules = table->state;
	size_t i, j;

	for (j = 0; j < rules->n && rules->n <= MOST; j++) {
		const struct cidr_rule *rule = &rules->rule[j];

		for (i = 0; rule->kind == CIDR_MATCH && i < j; i++) {
			const struct cidr_rule *by = &rules->rule[i];

			if (by->kind != CIDR_MATCH ||
			    !is_before(rules, by, j) ||
			    !is_within(&rule->cidr, &by->cidr))
				continue;
			each(self, rule->network, &(struct table_answer){
			    .value = rule->value,
			    .owner = table->source.owner,
			    .offset = rule->offset}, &(struct table_answer){
			    .value = by->value, .owner = table->source.owner,
			    .offset = by->offset});
			break;
		}
	}
}

static void
cidr_release(struct table *table)
{
	struct cidr_rules *rules = table->state;

	free(rules->rule);
}

const struct table_type table_cidr = {
	.name = "cidr",
	.pattern = true,
	.open = cidr_open,
	.get = cidr_get,
	.tells = cidr_tells,
	.print = table_print_keys,
	.shadowed = cidr_shadowed,
	.release = cidr_release,
};
