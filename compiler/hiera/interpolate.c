/*
 * %{...} in strings. What a token gives is interpolated again, as Puppet
 * does; the chain of names refuses a circle and the budget refuses what
 * would grow without end.
 */
#include "hiera/inside.h"

#include "base/die.h"

enum method {
	METHOD_VARIABLE,
	METHOD_LOOKUP,
	METHOD_ALIAS,
	METHOD_LITERAL,
	METHOD_UNKNOWN,
};

static bool
wrong(struct lookup *l, const struct value *at, const char *what,
    struct str name)
{
	diag_add(l->hiera->diag, FINDING_HIERA_INTERPOLATION,
	    value_origin(at), "%s: '%.*s'", what, STR_ARG(name));
	return false;
}

bool
chain_has(struct lookup *l, const struct chain *chain, struct str name,
    bool variable, struct origin at)
{
	const struct chain *c;
	struct buf b = BUF_INIT;
	const struct chain *reversed[8];
	size_t n = 0;

	for (c = chain; c; c = c->up)
		if (c->variable == variable && str_eq(c->name, name))
			break;
	if (!c && (!chain || chain->depth < CHAIN_LIMIT))
		return false;
	for (c = chain; c && n < 8; c = c->up)
		reversed[n++] = c;
	while (n-- > 0)
		buf_printf(&b, "'%.*s' asks for ",
		    STR_ARG(reversed[n]->name));
	diag_add(l->hiera->diag, FINDING_HIERA_RECURSION, at,
	    "the lookup leads back to itself: %s'%.*s'", b.s, STR_ARG(name));
	buf_release(&b);
	return true;
}

static struct str
strip(struct str s)
{
	while (s.len && (s.s[s.len - 1] == '\0' || s.s[s.len - 1] == ' ' ||
	    (s.s[s.len - 1] >= '\t' && s.s[s.len - 1] <= '\r')))
		s.len--;
	while (s.len && (s.s[0] == ' ' || (s.s[0] >= '\t' && s.s[0] <= '\r')))
		s = (struct str){s.s + 1, s.len - 1};
	return s;
}

static bool
is_nothing(struct str e)
{
	static const char *const nothing[] = {
		"", "::", "\"\"", "''", "\"::\"", "'::'",
	};
	size_t i;

	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (str_eq(e, str_of(nothing[i])))
			return true;
	return false;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* ^(\w+)\(("[^"]+"|'[^']+')\)$ with the argument's quotes taken off. */
static enum method
parse_method(struct str e, struct str *argument)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = {
		{"lookup", METHOD_LOOKUP}, {"hiera", METHOD_LOOKUP},
		{"alias", METHOD_ALIAS}, {"literal", METHOD_LITERAL},
		{"scope", METHOD_VARIABLE},
	};
	size_t i = 0, k;
	struct str name;

	*argument = e;
	while (i < e.len && is_word(e.s[i]))
		i++;
	name = (struct str){e.s, i};
	if (!i || e.len < i + 5 || e.s[i] != '(' || e.s[e.len - 1] != ')' ||
	    (e.s[i + 1] != '"' && e.s[i + 1] != '\'') ||
	    e.s[e.len - 2] != e.s[i + 1])
		return METHOD_VARIABLE;
	if (memchr(e.s + i + 2, e.s[i + 1], e.len - i - 4))
		return METHOD_VARIABLE;
	*argument = (struct str){e.s + i + 2, e.len - i - 4};
	for (k = 0; k < sizeof(methods) / sizeof(methods[0]); k++)
		if (str_eq(name, str_of(methods[k].name)))
			return methods[k].method;
	*argument = name;
	return METHOD_UNKNOWN;
}

bool
interpolate_variable(struct lookup *l, struct str expression,
    const struct value *subject, struct value *v)
{
	const struct value *found;
	struct key key;

	*v = value_at(VALUE_NULL, value_origin(subject));
	if (!key_split(l->hiera->arena, expression, &key) ||
	    key.segment[0].is_number)
		return wrong(l, subject, "this cannot be the name of a "
		    "variable", expression);
	found = scope_variable(l->scope, key_root(&key));
	if (!found && l->hiera->options.strict)
		return wrong(l, subject, "Puppet 8 knows no such variable",
		    expression);
	if (!found || found->kind == VALUE_NULL)
		return true;
	*v = *found;
	switch (key_dig(l, &key, value_origin(subject), v)) {
	case HIERA_FOUND:
		return true;
	case HIERA_NOT_FOUND:
		*v = value_at(VALUE_NULL, value_origin(subject));
		return true;
	case HIERA_ERROR:
		break;
	}
	return false;
}

struct token {
	struct str whole;	/* %{...} */
	struct str expression;
};

/* The next token of s from *from on. */
static bool
next_token(struct str s, size_t *from, struct token *t)
{
	const char *open, *close;

	open = memmem(s.s + *from, s.len - *from, "%{", 2);
	if (!open)
		return false;
	close = memchr(open, '}', s.len - (size_t)(open - s.s));
	if (!close)
		return false;
	t->whole = (struct str){open, (size_t)(close - open) + 1};
	t->expression = strip((struct str){open + 2, t->whole.len - 3});
	*from = (size_t)(close - s.s) + 1;
	return true;
}

static bool
look_up(struct lookup *l, const struct chain *chain, struct str key,
    const struct value *subject, struct value *v)
{
	struct origin at = value_origin(subject);

	if (l->in_options) {
		diag_add(l->hiera->diag, FINDING_HIERA_RECURSION, at,
		    "lookup_options cannot look anything up");
		return false;
	}
	switch (lookup_key(l, key, chain, at, v)) {
	case HIERA_FOUND:
		return true;
	case HIERA_NOT_FOUND:
		*v = value_string(l->hiera->arena, STR(""), at);
		return true;
	case HIERA_ERROR:
		break;
	}
	return false;
}

/* The value of a token before it is interpolated itself. */
static bool
evaluate(struct lookup *l, const struct chain *chain, enum method method,
    struct str argument, const struct value *subject, struct value *v)
{
	switch (method) {
	case METHOD_VARIABLE:
		return interpolate_variable(l, argument, subject, v);
	case METHOD_LOOKUP:
	case METHOD_ALIAS:
		return look_up(l, chain, argument, subject, v);
	case METHOD_LITERAL:
		*v = value_string(l->hiera->arena, argument,
		    value_origin(subject));
		return true;
	case METHOD_UNKNOWN:
		return wrong(l, subject, "unknown interpolation method",
		    argument);
	}
	BUG("unknown method");
}

static bool
spend(struct lookup *l, size_t bytes, const struct value *subject)
{
	if (bytes < l->budget) {
		l->budget -= bytes;
		return true;
	}
	diag_add(l->hiera->diag, FINDING_HIERA_INTERPOLATION,
	    value_origin(subject), "what the tokens stand for grows beyond "
	    "64 MiB");
	return false;
}

static bool
add_text(struct lookup *l, struct buf *b, const struct value *subject,
    struct str expression, const struct value *v)
{
	size_t before = b->len;

	if (!l->methods && (v->kind == VALUE_LIST || v->kind == VALUE_HASH))
		return wrong(l, subject, v->kind == VALUE_LIST ?
		    "a list in a path; Puppet would look for a file named "
		    "as Ruby inspects it" : "a hash in a path; Puppet would "
		    "look for a file named as Ruby inspects it", expression);
	ruby_text(b, v);
	return spend(l, b->len - before + 32, subject);
}

/* One token to the end of b; *alias is set where it replaces the string. */
static bool
add_token(struct lookup *l, const struct chain *chain,
    const struct token *t, const struct value *subject, struct buf *b,
    struct value *v, bool *alias)
{
	struct str argument;
	enum method method = parse_method(t->expression, &argument);
	struct chain link = {argument, method == METHOD_VARIABLE,
	    chain ? chain->depth + 1 : 0, chain};

	if (!l->methods && (method != METHOD_VARIABLE ||
	    argument.s != t->expression.s))
		return wrong(l, subject, "functions are not allowed here",
		    t->expression);
	*alias = method == METHOD_ALIAS;
	if (*alias && t->whole.len != subject->len)
		return wrong(l, subject, "alias must be the whole string",
		    t->expression);
	if (!evaluate(l, chain, method, argument, subject, v))
		return false;
	if (*alias)
		return true;
	if (chain_has(l, chain, argument, link.variable,
	    value_origin(subject)))
		return false;
	return interpolate(l, &link, v) &&
	    add_text(l, b, subject, t->expression, v);
}

static bool
interpolate_string(struct lookup *l, const struct chain *chain,
    struct value *v)
{
	struct str s = value_str(v);
	struct buf b = BUF_INIT;
	size_t from = 0, end = 0;
	struct token t;
	bool alias = false, ok = true;
	struct value found;

	while (ok && next_token(s, &from, &t)) {
		buf_add(&b, s.s + end, (size_t)(t.whole.s - s.s) - end);
		end = from;
		if (is_nothing(t.expression))
			continue;
		ok = add_token(l, chain, &t, v, &b, &found, &alias);
		if (ok && alias) {
			*v = found;
			buf_release(&b);
			return true;
		}
	}
	if (ok) {
		struct origin at = value_origin(v);

		buf_add(&b, s.s + end, s.len - end);
		*v = value_string(l->hiera->arena,
		    (struct str){b.s, b.len}, at);
	}
	buf_release(&b);
	return ok;
}

static bool
interpolate_list(struct lookup *l, const struct chain *chain,
    struct value *v)
{
	struct value *item;
	uint32_t i;

	if (!spend(l, v->len * sizeof(*item), v))
		return false;
	item = ARENA_ARRAY(l->hiera->arena, struct value, v->len);
	for (i = 0; i < v->len; i++) {
		item[i] = v->u.item[i];
		if (!interpolate(l, chain, &item[i]))
			return false;
	}
	*v = value_list(l->hiera->arena, item, v->len, value_origin(v));
	return true;
}

/* On a collision the later value wins, at the place of the first. */
static uint32_t
drop_collisions(struct pair *pair, uint32_t n)
{
	struct index index;
	uint32_t i, at, hash, kept = 0;

	index_init(&index);
	for (i = 0; i < n; i++) {
		hash = value_hash_of(&pair[i].key);
		at = index_find(&index, hash, pair_is, pair, &pair[i].key);
		if (at != INDEX_NONE) {
			pair[at].value = pair[i].value;
			continue;
		}
		pair[kept] = pair[i];
		index_add(&index, hash, kept++, pair_hash, pair);
	}
	index_release(&index);
	return kept;
}

/* The token in a key becomes the key. */
static bool
interpolate_hash(struct lookup *l, const struct chain *chain,
    struct value *v)
{
	bool new_keys = false;
	struct hash *hash;
	uint32_t i, n = v->len;

	if (!spend(l, n * sizeof(struct pair), v))
		return false;
	hash = value_hash_alloc(l->hiera->arena, n);
	for (i = 0; i < n; i++) {
		struct pair *pair = &hash->pair[i];

		*pair = v->u.hash->pair[i];
		new_keys |= (pair->key.flags & VALUE_TOKENS) != 0;
		if (!interpolate(l, chain, &pair->key) ||
		    !interpolate(l, chain, &pair->value))
			return false;
	}
	if (new_keys)
		n = drop_collisions(hash->pair, n);
	*v = value_hash_take(l->hiera->arena, hash, n, value_origin(v));
	return true;
}

bool
interpolate(struct lookup *l, const struct chain *chain, struct value *v)
{
	if (!(v->flags & VALUE_TOKENS))
		return true;
	if (v->kind == VALUE_STRING)
		return interpolate_string(l, chain, v);
	if (v->kind == VALUE_LIST)
		return interpolate_list(l, chain, v);
	if (v->kind == VALUE_HASH)
		return interpolate_hash(l, chain, v);
	return true;
}
