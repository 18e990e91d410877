/*
 * The value behind a name: mac_expand(3) over main.cf, a service's -o and
 * the defaults. Postfix ends a daemon that meets a broken expression or a
 * circle; verify reports those, and here they expand to nothing.
 */
#include "postfix/cf.h"

enum { DEEPEST = 100 };		/* as in Postfix's dict_eval() */

struct expander {
	const struct cf *cf;
	const struct service *service;
	struct buf *out;
	unsigned depth;
};

static void expand(struct expander *e, struct str text);

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

static struct str
skip(struct str s, size_t n)
{
	return (struct str){s.s + n, s.len - n};
}

static struct str
skip_space(struct str s)
{
	while (s.len && is_space(s.s[0]))
		s = skip(s, 1);
	return s;
}

/* Cut what a bracket at s[0] encloses; false: it is never closed. */
static bool
cut_bracket(struct str *s, struct str *inside)
{
	char open = s->s[0], close = open == '{' ? '}' : ')';
	size_t i, level = 0;

	for (i = 0; i < s->len; i++) {
		level += s->s[i] == open;
		if (s->s[i] == close && !--level)
			break;
	}
	if (i == s->len)
		return false;
	*inside = (struct str){s->s + 1, i - 1};
	*s = skip(*s, i + 1);
	return true;
}

/* mydomain where main.cf has none: what follows the first dot of myhostname. */
static struct str
domain_of_host(struct expander *e)
{
	struct buf name = BUF_INIT;
	struct expander inner = {e->cf, e->service, &name, e->depth + 1};
	struct str domain = STR("localdomain");
	struct str host;
	size_t dot;

	expand(&inner, STR("$myhostname"));
	host = (struct str){name.s, name.len};
	dot = str_find(host, '.');
	if (dot < host.len) {
		host = skip(host, dot + 1);
		domain.s = arena_strndup(e->cf->arena, host.s, host.len);
		domain.len = host.len;
	}
	buf_release(&name);
	return domain;
}

/* The raw value of a name; false: not defined. */
static bool
find_value(struct expander *e, struct str name, struct str *value)
{
	const struct setting *s = cf_setting(e->cf, e->service, name);
	const struct param_kind *param;

	if (s) {
		*value = s->value;
		return true;
	}
	if (str_eq(name, STR("myhostname")))
		*value = str_of(e->cf->hostname);
	else if (str_eq(name, STR("mydomain")))
		*value = domain_of_host(e);
	else if (str_eq(name, STR("service_name")) && e->service)
		*value = e->service->name;
	else if (str_eq(name, STR("process_name")) && e->service)
		*value = e->service->command;
	else {
		param = param_named(name);
		*value = param ? str_of(param->preset) : (struct str){0};
		return param != NULL;
	}
	return true;
}

static void
put_name(struct expander *e, struct str name)
{
	struct str value;

	if (e->depth > DEEPEST || !find_value(e, name, &value))
		return;
	e->depth++;
	expand(e, value_join(e->cf->arena, value));
	e->depth--;
}

/* Major, minor and patch of a compatibility level as one number; -1: none. */
static int64_t
level_of(struct str s)
{
	int64_t part[3] = {0}, n = 0;
	size_t i = 0, k;

	for (k = 0; k < 3; k++) {
		size_t start = i;

		for (n = 0; i < s.len && s.s[i] >= '0' && s.s[i] <= '9' &&
		    n < 1000; i++)
			n = n * 10 + (s.s[i] - '0');
		if (i == start)
			return -1;
		part[k] = n;
		if (i == s.len)
			return (part[0] * 1000 + part[1]) * 1000 + part[2];
		if (s.s[i++] != '.')
			return -1;
	}
	return -1;
}

static bool
is_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.len > 0;
}

/* -1, 0 or 1, as two numbers of any length compare. */
static int
compare_digits(struct str a, struct str b)
{
	while (a.len && a.s[0] == '0')
		a = skip(a, 1);
	while (b.len && b.s[0] == '0')
		b = skip(b, 1);
	if (a.len != b.len)
		return a.len > b.len ? 1 : -1;
	return a.len ? memcmp(a.s, b.s, a.len) : 0;
}

static int64_t
number(struct str s)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < s.len; i++)
		n = n * 10 + (s.s[i] - '0');
	return n;
}

static int
compare(struct str left, struct str right, bool levels)
{
	int64_t a, b;

	if (levels) {
		a = level_of(left);
		b = level_of(right);
		return (a > b) - (a < b);
	}
	if (is_digits(left) && is_digits(right))
		return compare_digits(left, right);
	return str_cmp(left, right);
}

static bool
holds(struct str operator, int order)
{
	if (str_eq(operator, STR("==")))
		return order == 0;
	if (str_eq(operator, STR("!=")))
		return order != 0;
	if (str_eq(operator, STR("<")))
		return order < 0;
	if (str_eq(operator, STR("<=")))
		return order <= 0;
	if (str_eq(operator, STR(">=")))
		return order >= 0;
	return str_eq(operator, STR(">")) && order > 0;
}

static void
expand_apart(struct expander *e, struct str text, struct buf *out)
{
	struct expander inner = {e->cf, e->service, out, e->depth + 1};

	if (inner.depth <= DEEPEST)
		expand(&inner, text);
}

/* {left} operator {right}, cut from s; false: broken. */
static bool
cut_comparison(struct expander *e, struct str *s, bool *result)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct str left, right, operator;
	size_t i = 0, n;
	bool ok;

	if (!cut_bracket(s, &left))
		return false;
	*s = skip_space(*s);
	while (i < s->len && strchr("<>!=?+-*/~&|%", s->s[i]) && s->s[i])
		i++;
	operator = (struct str){s->s, i};
	for (n = i; n < s->len && is_name(s->s[n]) && s->s[n] != '_'; n++)
		;
	ok = n == i || str_eq((struct str){s->s + i, n - i}, STR("level"));
	*s = skip_space(skip(*s, n));
	if (!ok || !s->len || s->s[0] != '{' || !cut_bracket(s, &right))
		return false;
	expand_apart(e, left, &a);
	expand_apart(e, right, &b);
	*result = holds(operator, compare((struct str){a.s, a.len},
	    (struct str){b.s, b.len}, n > i));
	buf_release(&a);
	buf_release(&b);
	return true;
}

/*
 * What stands after a ? or a : that was cut: what braces enclose, blanks and
 * all, or all that is left.
 */
static struct str
cut_text(struct str *s)
{
	struct str rest = skip_space(*s), inside;

	if (rest.len && rest.s[0] == '{' && cut_bracket(&rest, &inside)) {
		*s = skip_space(rest);
		return inside;
	}
	inside = *s;
	*s = skip(*s, s->len);
	return inside;
}

/* ${name}, ${name?yes}, ${name:no}, ${name?{yes}:{no}}, ${{a} == {b}?…}. */
static void
put_expression(struct expander *e, struct str s)
{
	struct str name = {0}, value = {0}, yes = {0}, no = {0};
	bool truth, compares;
	size_t i = 0;

	s = skip_space(s);
	compares = s.len && s.s[0] == '{';
	if (compares) {
		if (!cut_comparison(e, &s, &truth))
			return;
	} else {
		while (i < s.len && is_name(s.s[i]))
			i++;
		name = (struct str){s.s, i};
		s = skip(s, i);
		truth = find_value(e, name, &value) && value.len;
	}
	s = skip_space(s);
	if (!s.len) {
		if (compares && truth)
			buf_addstr(e->out, "true");
		else if (!compares)
			put_name(e, name);
		return;
	}
	if (s.s[0] == '?') {
		s = skip(s, 1);
		yes = cut_text(&s);
	}
	if (s.len && s.s[0] == ':') {
		s = skip(s, 1);
		no = cut_text(&s);
	}
	e->depth++;
	expand(e, truth ? yes : no);
	e->depth--;
}

static void
expand(struct expander *e, struct str text)
{
	struct str inside;
	size_t i;

	if (e->depth > DEEPEST)
		return;
	while (text.len) {
		i = str_find(text, '$');
		buf_add(e->out, text.s, i);
		text = skip(text, i);
		if (text.len < 2)
			return;
		text = skip(text, 1);
		if (text.s[0] == '$') {
			buf_addch(e->out, '$');
			text = skip(text, 1);
		} else if (text.s[0] == '{' || text.s[0] == '(') {
			if (!cut_bracket(&text, &inside))
				return;
			put_expression(e, inside);
		} else {
			for (i = 0; i < text.len && is_name(text.s[i]); i++)
				;
			put_name(e, (struct str){text.s, i});
			text = skip(text, i);
		}
	}
}

struct str
cf_expand(const struct cf *c, const struct service *service,
    struct str text, struct arena *a)
{
	struct buf out = BUF_INIT;
	struct expander e = {c, service, &out, 0};
	struct str value;

	text = value_join(a, text);
	if (str_find(text, '$') == text.len)
		return text;
	expand(&e, text);
	value = (struct str){out.s, out.len};
	value.s = arena_strndup(a, value.s, value.len);
	buf_release(&out);
	return value;
}

struct str
cf_value(const struct cf *c, const struct service *service,
    struct str name, struct arena *a)
{
	struct buf out = BUF_INIT;
	struct expander e = {c, service, &out, 0};
	const struct param_kind *param = param_named(name);
	struct str value;

	if (param && param->type == PARAM_RAW && find_value(&e, name, &value))
		return value_join(a, value);
	put_name(&e, name);
	value = (struct str){out.s, out.len};
	value.s = arena_strndup(a, value.s, value.len);
	buf_release(&out);
	return value;
}

bool
cf_bool(const struct cf *c, const struct service *service,
    struct str name)
{
	return str_eq_fold(cf_value(c, service, name, c->arena),
	    STR("yes"));
}

int64_t
cf_int(const struct cf *c, const struct service *service,
    struct str name)
{
	struct str value = cf_value(c, service, name, c->arena);
	size_t i = 0;
	int64_t n;

	while (i < value.len && value.s[i] >= '0' && value.s[i] <= '9')
		i++;
	n = i && i < 18 ? number((struct str){value.s, i}) : 0;
	if (i + 1 == value.len)
		switch (value.s[i]) {
		case 'm':
			return n * 60;
		case 'h':
			return n * 3600;
		case 'd':
			return n * 86400;
		case 'w':
			return n * 7 * 86400;
		default:
			break;
		}
	return n;
}
