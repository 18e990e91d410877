/*
 * What rules are for: most are for one domain, as the text tells that their
 * matches end with, and are looked at for its addresses only. From that it is
 * also told what they make of a domain, and which of them never answer.
 */
#include "postfix/table_rules.h"

#include <stdlib.h>

/* The domain of all addresses that a rule can match; else empty. */
static struct str
domain_of_rule(const struct rule *rule)
{
	if (rule->kind != RULE_MATCH || !rule->first.match)
		return (struct str){"", 0};
	return pattern_domain(&rule->first);
}

static void
list_add(struct rule_list *list, size_t i)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 2;
		list->rule = xrealloc(list->rule, mul_or_die(list->cap,
		    sizeof(*list->rule)));
	}
	list->rule[list->n++] = i;
}

void
rules_index(struct rules *rules, struct arena *a)
{
	size_t i;

	for (i = 0; i < rules->n; i++) {
		struct str domain = domain_of_rule(&rules->rule[i]);
		struct rule_list *list = &rules->others;

		if (domain.len) {
			list = map_get(&rules->domains, domain);
			if (!list) {
				list = ARENA_NEW(a, struct rule_list);
				map_add(&rules->domains, domain, list);
			}
		}
		list_add(list, i);
	}
}

struct walk
walk_domain(const struct rules *rules, struct str domain)
{
	return (struct walk){rules, domain.len ? map_get(&rules->domains,
	    domain) : NULL, 0, 0};
}

struct walk
walk_key(const struct rules *rules, struct str key)
{
	size_t at;

	/* "$" may match before a line break, too. */
	key.len -= key.len && key.s[key.len - 1] == '\n';
	for (at = key.len; at && key.s[at - 1] != '@'; at--)
		;
	return walk_domain(rules, at ? str_from(key, at) :
	    (struct str){"", 0});
}

size_t
walk_to(struct walk *w, size_t i)
{
	const struct rule_list *own = w->own, *others = &w->rules->others;
	size_t next = w->rules->n;

	while (own && w->at_own < own->n && own->rule[w->at_own] < i)
		w->at_own++;
	while (w->at_others < others->n && others->rule[w->at_others] < i)
		w->at_others++;
	if (own && w->at_own < own->n)
		next = own->rule[w->at_own];
	if (w->at_others < others->n && others->rule[w->at_others] < next)
		next = others->rule[w->at_others];
	return next;
}

void
rules_index_release(struct rules *rules)
{
	size_t i;

	for (i = 0; i < rules->domains.n; i++)
		free(((struct rule_list *)rules->domains.entry[i].value)->
		    rule);
	map_release(&rules->domains);
	free(rules->others.rule);
}

/* A rule that no address in the domain can match tells nothing of it. */
bool
rules_tell(struct table *table, struct str domain)
{
	const struct rules *rules = table->state;
	struct walk walk = walk_domain(rules, domain);
	size_t i;

	if (!domain.len)
		return rules->n != 0;
	for (i = walk_to(&walk, 0); i < rules->n; i = walk_to(&walk, i + 1)) {
		const struct rule *rule = &rules->rule[i];

		if (rule->kind == RULE_ENDIF || rule->dead)
			continue;
		if ( rule->second.text.s ||
		    pattern_tells(&rule->first, domain))
			return true;
	}
	return false;
}

/* What matches a rule's pattern, in words that do not name the domain. */
static bool
print_pattern(const struct rule *rule, struct str domain, bool *never,
    struct buf *print)
{
	const struct pattern *pattern = &rule->first;
	struct str head = {"", 0};
	enum pattern_fate fate = pattern_fate(pattern, domain, &head);

	*never = fate == (pattern->match ? PATTERN_NEVER : PATTERN_ALWAYS);
	if (*never)
		return true;
	if (fate == PATTERN_UNTOLD || rule->second.text.s)
		return false;
	buf_printf(print, "%d %d ", fate == PATTERN_HEAD, pattern->match);
	if (fate == PATTERN_HEAD)
		buf_printf(print, "%d %zu %.*s ", pattern->flags, head.len,
		    STR_ARG(head));
	return true;
}

/* The rules that an address of the domain may meet, one after the other. */
bool
rules_print(struct table *table, struct str domain, struct buf *print)
{
	const struct rules *rules = table->state;
	struct walk walk = walk_domain(rules, domain);
	size_t i;
	bool never;

	for (i = walk_to(&walk, 0); i < rules->n; i = walk_to(&walk, i + 1)) {
		const struct rule *rule = &rules->rule[i];

		if (rule->dead)
			continue;
		if (rule->kind == RULE_ENDIF) {
			buf_addstr(print, "endif\n");
			continue;
		}
		if (!print_pattern(rule, domain, &never, print))
			return false;
		if (rule->kind == RULE_IF && never && !rule->endif)
			return true;
		if (rule->kind == RULE_IF && never)
			i = rule->endif;
		else if (rule->kind == RULE_IF)
			buf_addstr(print, "if\n");
		else if (!never)
			buf_printf(print, "%zu %.*s\n",
			    rule->replacement.len,
			    STR_ARG(rule->replacement));
	}
	return true;
}

/* Whether a rule stands where each key that comes to j came by. */
static bool
is_before(const struct rules *rules, const struct rule *rule, size_t j)
{
	const struct rule *parent;
	size_t end;

	if (!rule->parent)
		return true;
	parent = &rules->rule[rule->parent - 1];
	end = parent->endif ? parent->endif : rules->n;
	return j < end;
}

/* Whether a pattern is plainly one that all keys match. */
static bool
matches_all(const struct pattern *pattern)
{
	static const char *const all[] = {
		"", "^", ".", ".*", ".+", "^.*", "^.+", "^.*$", "^.+$",
		"(.*)", "(.+)", "^(.*)$", "^(.+)$",
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (pattern->match && str_eq(pattern->text, str_of(all[i])))
			return true;
	return false;
}

/* Whether what the second one matches ends as all that the first matches. */
static bool
is_broader(const struct pattern *one, const struct pattern *other)
{
	struct str end = one->suffix, whole = other->suffix;

	return one->match && other->match && one->whole && one->fold &&
	    whole.len >= end.len && str_eq_fold(str_from(whole,
	    whole.len - end.len), end);
}

static bool
is_same(const struct pattern *one, const struct pattern *other)
{
	return one->match == other->match && one->flags == other->flags &&
	    str_eq(one->text, other->text);
}

static void
tell_shadowed(const struct table *table, const struct rule *rule,
    const struct rule *by, table_shadowed_fn *each, void *self)
{
	const struct table_answer entry = {.value = rule->replacement,
		.owner = table->source.owner, .offset = rule->offset};
	const struct table_answer before = {.value = by->replacement,
		.owner = table->source.owner, .offset = by->offset};

	each(self, rule->first.text, &entry, &before);
}

/* The rule with the same pattern that a key would have come to before. */
static const struct rule *
same_before(const struct rules *rules, struct map *texts, size_t j,
    struct arena *a)
{
	const struct rule *rule = &rules->rule[j], *other;
	size_t *first = map_get(texts, rule->first.text);

	if (!first) {
		first = ARENA_NEW(a, size_t);
		*first = j;
		map_add(texts, rule->first.text, first);
		return NULL;
	}
	other = &rules->rule[*first];
	if (is_before(rules, other, j) && !other->second.text.s &&
	    is_same(&other->first, &rule->first))
		return other;
	*first = j;
	return NULL;
}

void
rules_shadowed(const struct table *table, table_shadowed_fn *each, void *self)
{
	const struct rules *rules = table->state;
	struct rule_list broad = {0};
	struct map texts;
	struct arena a;
	size_t i, j;

	arena_init(&a);
	map_init(&texts);
	for (j = 0; j < rules->n; j++) {
		const struct rule *rule = &rules->rule[j], *by;

		if (rule->kind != RULE_MATCH)
			continue;
		by = same_before(rules, &texts, j, &a);
		for (i = 0; i < broad.n && !by; i++) {
			const struct rule *other = &rules->rule[broad.rule[i]];

			if (is_before(rules, other, j) &&
			    (matches_all(&other->first) ||
			    is_broader(&other->first, &rule->first)))
				by = other;
		}
		if (by)
			tell_shadowed(table, rule, by, each, self);
		else if (!rule->second.text.s && (matches_all(&rule->first) ||
		    rule->first.whole))
			list_add(&broad, j);
	}
	free(broad.rule);
	map_release(&texts);
	arena_release(&a);
}
