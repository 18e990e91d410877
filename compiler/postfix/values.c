/*
 * What Postfix makes of a parameter's value. Postfix checks a value only
 * when a program that reads it starts, often days after the deploy; here
 * each kind of value is parsed as that program would. A part with $name in
 * it is not known before the daemon expands it and is passed over.
 */
#include "postfix/postfix.h"

static bool
has_dollar(struct str s)
{
	return str_find(s, '$') < s.len;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* As mac_parse() wants it: ${ and $( closed, and a name after each $. What
 * stands inside the outermost braces is judged when it is expanded. */
static const char *
expansion_error(struct arena *a, struct str value)
{
	size_t i = 0;

	while (i < value.len) {
		char open, close;
		size_t start, level = 1;

		if (value.s[i++] != '$')
			continue;
		if (i == value.len)
			return "a lone $ ends the value; write $$ for the "
			    "character itself";
		open = value.s[i];
		if (open == '$' || open == '_' || is_digit(open) ||
		    (ascii_lower((unsigned char)open) >= 'a' &&
		    ascii_lower((unsigned char)open) <= 'z')) {
			i++;
			continue;
		}
		if (open != '{' && open != '(')
			return "a $ without a name after it; write $$ for "
			    "the character itself";
		close = open == '{' ? '}' : ')';
		for (start = ++i; i < value.len && level; i++)
			level += (value.s[i] == open) -
			    (size_t)(value.s[i] == close);
		if (level)
			return arena_printf(a, "$%c is never closed by %c",
			    open, close);
		if (i == start + 1)
			return arena_printf(a, "$%c%c names no parameter",
			    open, close);
	}
	return NULL;
}

static const char *
bool_error(struct arena *a, const struct param_kind *param, struct str value)
{
	(void)param;
	if (str_eq_fold(value, STR("yes")) || str_eq_fold(value, STR("no")))
		return NULL;
	return arena_printf(a, "\"%.*s\" is neither yes nor no",
	    STR_ARG(value));
}

/*
 * Read digits with an optional sign; the rest of the value goes to *rest.
 * False where there is no number or it does not fit.
 */
static bool
number_read(struct str value, int64_t *number, struct str *rest)
{
	bool minus = value.len && value.s[0] == '-';
	size_t i = minus || (value.len && value.s[0] == '+');
	size_t first = i;
	int64_t n = 0;

	for (; i < value.len && is_digit(value.s[i]); i++) {
		int64_t digit = value.s[i] - '0';

		if (n > (INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*number = minus ? -n : n;
	*rest = (struct str){value.s + i, value.len - i};
	return i > first;
}

static const char *
range_error(struct arena *a, const struct param_kind *param, int64_t n,
    const char *unit)
{
	if (n < param->min)
		return arena_printf(a, "%lld%s is less than %lld%s",
		    (long long)n, unit, (long long)param->min, unit);
	if (n > param->max)
		return arena_printf(a, "%lld%s is more than %lld%s",
		    (long long)n, unit, (long long)param->max, unit);
	return NULL;
}

static const char *
int_error(struct arena *a, const struct param_kind *param, struct str value)
{
	struct str rest;
	int64_t n;

	if (!number_read(value, &n, &rest) || rest.len)
		return arena_printf(a, "\"%.*s\" is no number that Postfix "
		    "can hold", STR_ARG(value));
	return range_error(a, param, n, "");
}

static const char *
code_error(struct arena *a, const struct param_kind *param, struct str value)
{
	struct str rest;
	int64_t n;

	if (value.len != 3 || !number_read(value, &n, &rest) || rest.len ||
	    n < param->min || n > param->max)
		return arena_printf(a,
		    "\"%.*s\" is no SMTP reply code from %lld to %lld",
		    STR_ARG(value), (long long)param->min,
		    (long long)param->max);
	return NULL;
}

/* Seconds in a unit, or 0; without a unit at least seconds. */
static int64_t
unit_seconds(struct str unit)
{
	if (!unit.len)
		return 1;
	switch (unit.s[0]) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

static const char *
time_error(struct arena *a, const struct param_kind *param, struct str value)
{
	struct str unit;
	int64_t n, seconds;

	if (!number_read(value, &n, &unit) || n < 0 || n > INT32_MAX)
		return arena_printf(a, "\"%.*s\" is no time; write digits and "
		    "s, m, h, d or w", STR_ARG(value));
	seconds = unit_seconds(unit);
	if (!seconds)
		return arena_printf(a, "\"%.*s\" has no unit that Postfix "
		    "knows; use s, m, h, d or w", STR_ARG(value));
	if (unit.len > 1)
		return arena_printf(a, "of \"%.*s\" Postfix reads only "
		    "\"%.*s\"; write one number and one letter",
		    STR_ARG(value), (int)(value.len - unit.len + 1), value.s);
	if (n > INT32_MAX / seconds)
		return arena_printf(a, "\"%.*s\" is longer than Postfix can "
		    "count", STR_ARG(value));
	/* Without a unit it is the default's, which may be days. */
	if (!unit.len && n > 0 && n < param->min)
		return NULL;
	return range_error(a, param, n * seconds, "s");
}

static const char *
text_error(struct arena *a, const struct param_kind *param, struct str value)
{
	if (!value.len && param->min)
		return "it must not be empty";
	if ((int64_t)value.len < param->min)
		return arena_printf(a, "\"%.*s\" is shorter than %lld bytes",
		    STR_ARG(value), (long long)param->min);
	if (param->max && (int64_t)value.len > param->max)
		return arena_printf(a, "\"%.*s\" is longer than %lld bytes",
		    STR_ARG(value), (long long)param->max);
	return NULL;
}

/* Whether word is one of those in a list with a blank between. */
static bool
word_in(const char *words, struct str word, bool fold)
{
	struct str rest = str_of(words), item;

	while (value_item(&rest, &item))
		if (fold ? str_eq_fold(item, word) : str_eq(item, word))
			return true;
	return false;
}

static const char *
choice_error(struct arena *a, const struct param_kind *param,
    struct str value)
{
	if (!value.len)
		return param->min ? "it must not be empty" : NULL;
	if (word_in(param->words, value, true))
		return NULL;
	return arena_printf(a, "\"%.*s\" is none of: %s", STR_ARG(value),
	    param->words);
}

static const char *
protocol_error(struct arena *a, struct str item)
{
	static const char names[] =
	    "SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3";
	struct str name = item, rest;
	bool bound = str_starts(item, STR(">=")) || str_starts(item, STR("<="));
	size_t skip = bound ? 2 : item.s[0] == '!';
	int64_t hex;

	name.s += skip;
	name.len -= skip;
	if (name.len && word_in(names, name, true))
		return NULL;
	/* A bound may also be the version's number on the wire. */
	if (bound && number_read(name, &hex, &rest))
		return NULL;
	return arena_printf(a, "\"%.*s\" is no TLS protocol; write "
	    ">=TLSv1.2, TLSv1.3 or !TLSv1.1", STR_ARG(item));
}

/* An element of mynetworks and its like. */
static const char *
network_item_error(struct arena *a, struct str item)
{
	unsigned family, prefix;
	struct str type;
	size_t i;

	if (item.s[0] == '/')
		return NULL;
	if (item.s[0] != '[' && str_find(item, ':') < item.len) {
		if (!network_error(a, item, &family, &prefix) ||
		    (str_find(item, '/') < item.len &&
		    table_unknown_type(item, &type)))
			return arena_printf(a, "\"%.*s\" would be read as a "
			    "table; write an IPv6 address in brackets",
			    STR_ARG(item));
		return table_error(a, item);
	}
	for (i = 0; i < item.len; i++)
		if (!is_digit(item.s[i]) && item.s[i] != '.' &&
		    item.s[i] != '/' && item.s[0] != '[')
			return NULL;
	return network_error(a, item, &family, &prefix);
}

/* An element of a match list: a name, /file, type:name. */
static const char *
match_item_error(struct arena *a, struct str item)
{
	if (item.s[0] == '/' || item.s[0] == '[' ||
	    str_find(item, ':') == item.len)
		return NULL;
	return table_error(a, item);
}

static const char *
name_item_error(struct arena *a, struct str item)
{
	size_t i;

	for (i = 0; i < item.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
		    "WXYZ0123456789_-", item.s[i]) || !item.s[i])
			return arena_printf(a, "\"%.*s\" is no name",
			    STR_ARG(item));
	return NULL;
}

static const char *
milter_item_error(struct arena *a, struct str item)
{
	struct str server = item, rest;

	if (item.s[0] == '{') {
		if (item.len < 2 || item.s[item.len - 1] != '}')
			return arena_printf(a,
			    "\"%.*s\" lacks its closing brace", STR_ARG(item));
		rest = (struct str){item.s + 1, item.len - 2};
		if (!value_item(&rest, &server))
			return "a milter between braces has no address";
	}
	if (has_dollar(server))
		return NULL;
	if (str_starts(server, STR("inet:"))) {
		rest = (struct str){server.s + 5, server.len - 5};
		if (rest.len && str_find(rest, ':') < rest.len)
			return nexthop_error(a, rest);
	} else if ((str_starts(server, STR("unix:")) && server.len > 5) ||
	    (str_starts(server, STR("local:")) && server.len > 6)) {
		return NULL;
	}
	return arena_printf(a, "\"%.*s\" is no milter; write inet:host:port "
	    "or unix:path", STR_ARG(server));
}

/* One element of a value that is a list. */
static const char *
item_error(struct arena *a, const struct param_kind *param, struct str item)
{
	if (param->type == PARAM_MATCH || param->type == PARAM_NETWORKS) {
		while (item.len && item.s[0] == '!') {
			item.s++;
			item.len--;
		}
		if (!item.len)
			return "no pattern follows a \"!\"";
		if (item.s[0] == '#')
			return "a comment must stand on a line of its own";
	}
	if (has_dollar(item) && param->type != PARAM_TABLES)
		return NULL;
	if (param->type == PARAM_MATCH)
		return match_item_error(a, item);
	if (param->type == PARAM_NETWORKS)
		return network_item_error(a, item);
	if (param->type == PARAM_TABLES)
		return table_error(a, item);
	if (param->type == PARAM_NEXTHOP)
		return nexthop_error(a, item);
	if (param->type == PARAM_MILTERS)
		return milter_item_error(a, item);
	if (param->type == PARAM_PROTOCOLS)
		return protocol_error(a, item);
	if (param->type == PARAM_NAMES)
		return name_item_error(a, item);
	if (param->type == PARAM_WORDS && !word_in(param->words, item, false))
		return arena_printf(a, "\"%.*s\" is none of: %s",
		    STR_ARG(item), param->words);
	return NULL;
}

static const char *
list_error(struct arena *a, const struct param_kind *param, struct str value)
{
	struct str rest = value, item;
	const char *why = NULL;

	if (!value.len && param->min)
		return "it must not be empty";
	while (!why && value_item(&rest, &item))
		why = item_error(a, param, item);
	return why;
}

static bool
all_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_digit(s.s[i]))
			return false;
	return s.len != 0;
}

/* A restriction's argument, which smtpd misses only when a client calls. */
static const char *
argument_error(struct arena *a, struct str name, struct str argument)
{
	enum restriction_takes takes = restriction_takes(name);

	if (has_dollar(argument))
		return NULL;
	if (takes == RESTRICTION_TAKES_NOTHING)
		return NULL;
	if (argument.len && !restriction_known(argument)) {
		if (takes == RESTRICTION_TAKES_TABLE)
			return argument.s[0] == '{' ? NULL :
			    table_error(a, argument);
		if (takes == RESTRICTION_TAKES_SERVER &&
		    str_find(argument, ':') < argument.len)
			return NULL;
		if (takes == RESTRICTION_TAKES_DOMAIN ||
		    (takes == RESTRICTION_TAKES_NUMBER && all_digits(argument)))
			return NULL;
	}
	return arena_printf(a, "%.*s must be followed by %s", STR_ARG(name),
	    takes == RESTRICTION_TAKES_TABLE ? "type:table" :
	    takes == RESTRICTION_TAKES_SERVER ? "a server, inet:host:port or "
	    "unix:path" :
	    takes == RESTRICTION_TAKES_DOMAIN ? "a domain" : "a number");
}

static const char *
restrictions_error(struct arena *a, const struct param_kind *param,
    struct str value)
{
	struct str rest = value, name, argument;
	const char *why = NULL;

	(void)param;
	while (!why && restriction_next(&rest, &name, &argument)) {
		if (has_dollar(name))
			continue;
		if (name.s[0] != '{' && str_find(name, ':') < name.len)
			why = table_error(a, name);
		else
			why = argument_error(a, name, argument);
	}
	return why;
}

static const char *
transport_value_error(struct arena *a, const struct param_kind *param,
    struct str value)
{
	return value.len ? transport_error(a, value) :
	    text_error(a, param, value);
}

/* A list judges its items one by one; the rest is known whole or not. */
static const struct {
	const char *(*error)(struct arena *a, const struct param_kind *param,
	    struct str value);
	bool list;
} checks[] = {
	[PARAM_TEXT] = {text_error, false},
	[PARAM_BOOL] = {bool_error, false},
	[PARAM_INT] = {int_error, false},
	[PARAM_TIME] = {time_error, false},
	[PARAM_TABLES] = {list_error, true},
	[PARAM_RESTRICTIONS] = {restrictions_error, true},
	[PARAM_NETWORKS] = {list_error, true},
	[PARAM_NEXTHOP] = {list_error, true},
	[PARAM_CODE] = {code_error, false},
	[PARAM_RAW] = {text_error, false},
	[PARAM_MATCH] = {list_error, true},
	[PARAM_NAMES] = {list_error, true},
	[PARAM_TRANSPORT] = {transport_value_error, false},
	[PARAM_MILTERS] = {list_error, true},
	[PARAM_CHOICE] = {choice_error, false},
	[PARAM_WORDS] = {list_error, true},
	[PARAM_PROTOCOLS] = {list_error, true},
};

const char *
param_value_error(struct arena *a, const struct param_kind *param,
    struct str value)
{
	const char *why;

	value = value_join(a, value);
	if (param->type != PARAM_RAW) {
		why = expansion_error(a, value);
		if (why || (has_dollar(value) && !checks[param->type].list))
			return why;
	}
	return checks[param->type].error(a, param, value);
}
