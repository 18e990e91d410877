/*
 * regexp and pcre tables: rules in order, the first that matches answers.
 * A rule that Postfix would skip with a warning is skipped. Patterns are
 * compiled when they are first needed: before that, the text that a match
 * must begin or end with tells most of them from a key, so that some
 * thousand rules cost no more than some thousand comparisons.
 */
#include "postfix/table_inside.h"

#include "postfix/lines.h"
#include "postfix/table_rules.h"

#include <stdlib.h>

static bool
word_is(struct str line, const char *word)
{
	size_t len = strlen(word);

	return line.len >= len &&
	    str_eq_fold((struct str){line.s, len}, str_of(word)) &&
	    (line.len == len || !text_is_alnum(line.s[len]));
}

/* One piece of a replacement: text, or the number of a group. */
struct piece {
	struct str text;	/* of a group: its name */
	bool group;
};

/* The end of a name in brackets that are open at i - 1; 0: not closed. */
static size_t
bracket_end(struct str s, size_t i, char open, char close)
{
	size_t level = 1;

	for (; i < s.len; i++) {
		if (s.s[i] == open)
			level++;
		else if (s.s[i] == close && !--level)
			return i;
	}
	return 0;
}

/* The next piece, as mac_parse(3) parts them; false: broken or at its end. */
static bool
piece_next(struct str s, size_t *at, struct piece *piece, bool *broken)
{
	size_t i = *at, end;

	*broken = false;
	if (i >= s.len)
		return false;
	piece->group = s.s[i] == '$' && !(i + 1 < s.len && s.s[i + 1] == '$');
	if (!piece->group) {
		/* "$$" is one "$"; what follows is a piece of its own. */
		i += s.s[i] == '$';
		for (end = i + 1; end < s.len && s.s[end] != '$'; end++)
			;
		piece->text = (struct str){s.s + i, end - i};
		*at = end;
		return true;
	}
	i++;
	if (i < s.len && (s.s[i] == '(' || s.s[i] == '{')) {
		end = bracket_end(s, i + 1, s.s[i], s.s[i] == '(' ? ')' : '}');
		*broken = end <= i + 1;
		piece->text = (struct str){s.s + i + 1,
		    *broken ? 0 : end - i - 1};
		*at = end + 1;
		return !*broken;
	}
	for (end = i; end < s.len && (text_is_alnum(s.s[end]) ||
	    s.s[end] == '_'); end++)
		;
	*broken = end == i;
	piece->text = (struct str){s.s + i, end - i};
	*at = end;
	return !*broken;
}

/* A group's number, or 0 for what is none. */
static unsigned
group_number(struct str name)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < name.len && n < 100000; i++) {
		if (!text_is_digit(name.s[i]))
			return 0;
		n = n * 10 + (unsigned)(name.s[i] - '0');
	}
	return n;
}

/* Look through a replacement; false: the rule is skipped. */
static bool
replacement_read(struct rule *rule, struct str text, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct piece piece;
	bool broken;
	size_t at = 0;

	rule->literal = true;
	rule->replacement = text;
	while (piece_next(text, &at, &piece, &broken)) {
		unsigned n = piece.group ? group_number(piece.text) : 0;

		if (piece.group && !n)
			broken = true;
		if (broken)
			break;
		rule->literal &= !piece.group;
		if (n > rule->highest)
			rule->highest = n;
		if (!piece.group)
			buf_add(&b, piece.text.s, piece.text.len);
	}
	if (!broken && rule->literal && b.len != text.len)
		rule->replacement = (struct str){
		    arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	return !broken && (rule->literal || rule->first.match);
}

/*
 * Read "!/pattern/flags" at the start of *rest. The two programs disagree
 * about a line that ends in a backslash: to regexp it closes the pattern.
 */
static bool
pattern_read(struct rules *rules, struct str *rest, struct pattern *pattern,
    struct arena *a)
{
	struct str s = *rest;
	char delimiter;
	size_t end;

	pattern->match = true;
	for (; s.len && (s.s[0] == '!' || lines_is_space(s.s[0]));
	    s = str_from(s, 1))
		if (s.s[0] == '!')
			pattern->match = !pattern->match;
	if (!s.len)
		return false;
	delimiter = s.s[0];
	s = str_from(s, 1);
	for (end = 0; end < s.len && s.s[end] != delimiter; end++)
		if (s.s[end] == '\\' && ++end == s.len) {
			end -= !rules->pcre;
			break;
		}
	if (end >= s.len)
		return false;
	pattern->text = (struct str){arena_strndup(a, s.s, end), end};
	s = str_from(s, end + 1);
	for (end = 0; end < s.len && !lines_is_space(s.s[end]) &&
	    (rules->pcre || s.s[end] != '!'); end++)
		;
	*rest = str_from(s, end);
	if (!pattern_flags(pattern, (struct str){s.s, end}, rules->pcre))
		return false;
	pattern_tell(pattern, a);
	return true;
}

static bool
match_read(struct rules *rules, struct str line, struct rule *rule,
    struct arena *a)
{
	rule->kind = RULE_MATCH;
	if (!pattern_read(rules, &line, &rule->first, a))
		return false;
	if (!rules->pcre && line.len && line.s[0] == '!' &&
	    !pattern_read(rules, &line, &rule->second, a))
		return false;
	return replacement_read(rule, text_skip_space(line), a);
}

/* False: the rule is skipped. */
static bool
rule_read(struct rules *rules, struct str line, struct rule *rule,
    struct arena *a)
{
	if (!text_is_alnum(line.s[0]))
		return match_read(rules, line, rule, a);
	if (word_is(line, "if")) {
		rule->kind = RULE_IF;
		line = text_skip_space(str_from(line, 2));
		return pattern_read(rules, &line, &rule->first, a) &&
		    pattern_compile(&rule->first, 0);
	}
	rule->kind = RULE_ENDIF;
	return word_is(line, "endif") && rules->open;
}

/* Note where an if stands, or tell the last one where its endif does. */
static void
nest(struct rules *rules)
{
	struct rule *rule = &rules->rule[rules->n - 1];

	rule->parent = rules->open;
	if (rule->kind == RULE_IF) {
		rules->open = rules->n;
	} else if (rule->kind == RULE_ENDIF) {
		struct rule *start = &rules->rule[rules->open - 1];

		start->endif = rules->n - 1;
		rules->open = start->parent;
	}
}

static void
rule_add(struct rules *rules, const struct rule *rule)
{
	if (rules->n == rules->cap) {
		rules->cap = rules->cap ? rules->cap * 2 : 64;
		rules->rule = xrealloc(rules->rule,
		    mul_or_die(rules->cap, sizeof(*rules->rule)));
	}
	rules->rule[rules->n++] = *rule;
	nest(rules);
}

static void
rules_open(struct table *table, bool pcre)
{
	struct arena *a = table->tables->arena;
	struct source_line line;
	struct rules *rules;
	struct buf b = BUF_INIT;
	size_t at = 0;

	if (!table_source(table))
		return;
	rules = ARENA_NEW(a, struct rules);
	rules->pcre = pcre;
	buf_init(&rules->last);
	buf_init(&rules->last_value);
	map_init_fold(&rules->domains);
	table->state = rules;
	while (source_line_next(table->source.text, &at, &b, &line)) {
		struct rule rule = {.offset = line.offset};

		if (line.joined)
			line.text.s = arena_strndup(a, line.text.s,
			    line.text.len);
		if (rule_read(rules, text_trim(line.text), &rule, a))
			rule_add(rules, &rule);
		else
			pattern_release(&rule.first);
	}
	rules_index(rules, a);
	buf_release(&b);
}

static void
regexp_open(struct table *table)
{
	rules_open(table, false);
}

static void
pcre_open(struct table *table)
{
	rules_open(table, true);
}

static void
rules_release(struct table *table)
{
	struct rules *rules = table->state;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		pattern_release(&rules->rule[i].first);
		pattern_release(&rules->rule[i].second);
	}
	free(rules->rule);
	rules_index_release(rules);
	buf_release(&rules->last);
	buf_release(&rules->last_value);
}

static void
expand(const struct rule *rule, struct str key, struct buf *b)
{
	struct piece piece;
	bool broken;
	size_t at = 0;

	while (piece_next(rule->replacement, &at, &piece, &broken)) {
		struct str text = piece.text;

		if (piece.group)
			text = pattern_group(&rule->first, key,
			    group_number(piece.text));
		buf_add(b, text.s, text.len);
	}
}

/* Whether a match rule matches; *dead: it is broken, and skipped for good. */
static bool
rule_matches(struct rule *rule, struct str key, bool one_line)
{
	enum pattern_result result;

	if (rule->dead)
		return false;
	result = pattern_matches(&rule->first, key, one_line,
	    rule->highest);
	if (result == PATTERN_YES && rule->second.text.s)
		result = pattern_matches(&rule->second, key, one_line, 0);
	rule->dead = result == PATTERN_BROKEN;
	return result == PATTERN_YES;
}

/* The first rule that a key comes to, or n. */
static size_t
rule_for(struct rules *rules, struct str key)
{
	bool one_line = str_find(key, '\n') == key.len;
	struct walk walk = walk_key(rules, key);
	size_t i;

	for (i = walk_to(&walk, 0); i < rules->n; i = walk_to(&walk, i + 1)) {
		struct rule *rule = &rules->rule[i];

		if (rule->kind == RULE_IF) {
			if (pattern_matches(&rule->first, key, one_line, 0) ==
			    PATTERN_YES)
				continue;
			if (!rule->endif)
				return rules->n;
			i = rule->endif;
		} else if (rule->kind == RULE_MATCH &&
		    rule_matches(rule, key, one_line)) {
			return i;
		}
	}
	return rules->n;
}

/* Find the rule for a key, and what it makes of it. */
static void
rules_ask(struct rules *rules, struct str key)
{
	const struct rule *rule;

	buf_clear(&rules->last);
	buf_clear(&rules->last_value);
	rules->last_rule = rule_for(rules, key);
	rule = &rules->rule[rules->last_rule];
	if (rules->last_rule < rules->n && !rule->literal)
		expand(rule, key, &rules->last_value);
	buf_add(&rules->last, key.s, key.len);
}

static enum table_result
rules_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct rules *rules = table->state;
	const struct buf *value = &rules->last_value;
	const struct rule *rule;

	if (!key.len || !str_eq(key, (struct str){rules->last.s,
	    rules->last.len}))
		rules_ask(rules, key);
	if (rules->last_rule == rules->n)
		return TABLE_NONE;
	rule = &rules->rule[rules->last_rule];
	answer->value = rule->literal ? rule->replacement : (struct str){
	    arena_strndup(a, value->s, value->len), value->len};
	answer->owner = table->source.owner;
	answer->offset = rule->offset;
	return TABLE_FOUND;
}

const struct table_type table_regexp = {
	.name = "regexp",
	.pattern = true,
	.open = regexp_open,
	.get = rules_get,
	.tells = rules_tell,
	.print = rules_print,
	.shadowed = rules_shadowed,
	.release = rules_release,
};

const struct table_type table_pcre = {
	.name = "pcre",
	.pattern = true,
	.open = pcre_open,
	.get = rules_get,
	.tells = rules_tell,
	.print = rules_print,
	.shadowed = rules_shadowed,
	.release = rules_release,
};
