/*
 * The two syntaxes. Of the shell's, what an assignment of words can be; all
 * else (a variable in a word, a command) is the shell's to work out, and is
 * not guessed. Of libconfuse's, all that postsrsd's options can have.
 */
#include "postfix/srs_config.h"

#include "base/buf.h"

#include <ctype.h>

struct cursor {
	struct str s;
	size_t *at;
	struct arena *arena;
	const char *why;
};

static char
peek(const struct cursor *t)
{
	return *t->at < t->s.len ? t->s.s[*t->at] : '\0';
}

static bool
at_end(const struct cursor *t)
{
	return *t->at >= t->s.len;
}

static bool
fail(struct cursor *t, const char *why)
{
	t->why = why;
	return false;
}

static void
skip_line(struct cursor *t)
{
	while (!at_end(t) && peek(t) != '\n')
		++*t->at;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static struct str
read_name(struct cursor *t)
{
	size_t from = *t->at;

	while (is_name(peek(t)))
		++*t->at;
	return (struct str){t->s.s + from, *t->at - from};
}

static struct str
keep(struct cursor *t, struct buf *b)
{
	struct str s = {arena_strndup(t->arena, b->s, b->len), b->len};

	buf_release(b);
	return s;
}

/* Behind the quote, to behind the closing one. */
static bool
shell_quoted(struct cursor *t, char quote, struct buf *b)
{
	while (!at_end(t) && peek(t) != quote) {
		char c = peek(t);

		if (quote == '"' && (c == '$' || c == '`'))
			return fail(t, "the shell works this value out");
		++*t->at;
		if (quote == '"' && c == '\\' && !at_end(t)) {
			if (!strchr("$`\"\\\n", peek(t)))
				buf_addch(b, '\\');
			c = peek(t);
			++*t->at;
			if (c == '\n')
				continue;
		}
		buf_addch(b, c);
	}
	if (at_end(t))
		return fail(t, "a string does not end");
	++*t->at;
	return true;
}

static bool
shell_word(struct cursor *t, struct buf *b)
{
	while (!at_end(t) && !strchr(" \t\n;", peek(t))) {
		char c = peek(t);

		if (c && strchr("$`&|()<>*?[~", c))
			return fail(t, "the shell works this value out");
		++*t->at;
		if (c == '"' || c == '\'') {
			if (!shell_quoted(t, c, b))
				return false;
			continue;
		}
		if (c == '\\' && !at_end(t)) {
			c = peek(t);
			++*t->at;
			if (c == '\n')
				continue;
		}
		buf_addch(b, c);
	}
	return true;
}

static bool
shell_assignment(struct cursor *t, struct srs_setting *setting)
{
	struct buf b = BUF_INIT;
	bool ok;

	setting->name = read_name(t);
	if (str_eq(setting->name, STR("export")) && peek(t) == ' ') {
		++*t->at;
		setting->name = read_name(t);
	}
	if (!setting->name.len || peek(t) != '=')
		return fail(t, "this is no assignment");
	++*t->at;
	ok = shell_word(t, &b);
	setting->value = ARENA_NEW(t->arena, struct str);
	*setting->value = keep(t, &b);
	setting->n = 1;
	while (ok && (peek(t) == ' ' || peek(t) == '\t'))
		++*t->at;
	if (ok && peek(t) == ';')
		++*t->at;
	else if (ok && !at_end(t) && peek(t) != '\n' && peek(t) != '#')
		return fail(t, "a command follows");
	return ok;
}

bool
srs_shell_next(struct arena *a, struct str text, size_t *at,
    struct srs_setting *setting, const char **why)
{
	struct cursor t = {.s = text, .at = at, .arena = a};
	bool ok;

	*why = NULL;
	*setting = (struct srs_setting){0};
	for (; !at_end(&t); ++*at) {
		if (peek(&t) == '#')
			skip_line(&t);
		if (!at_end(&t) && !isspace((unsigned char)peek(&t)))
			break;
		if (at_end(&t))
			return false;
	}
	if (at_end(&t))
		return false;
	setting->offset = *at;
	ok = shell_assignment(&t, setting);
	*why = t.why;
	return ok;
}

/* Blanks and comments: #, //, and slash and star. */
static bool
conf_skip(struct cursor *t)
{
	while (!at_end(t)) {
		char c = peek(t);
		char next = *t->at + 1 < t->s.len ? t->s.s[*t->at + 1] : '\0';

		if (c == '#' || (c == '/' && next == '/')) {
			skip_line(t);
		} else if (c == '/' && next == '*') {
			const char *from = t->s.s + *t->at + 2;
			const char *end = memmem(from,
			    t->s.len - *t->at - 2, "*/", 2);

			if (!end)
				return fail(t, "a comment does not end");
			*t->at = (size_t)(end + 2 - t->s.s);
		} else if (isspace((unsigned char)c)) {
			++*t->at;
		} else {
			break;
		}
	}
	return true;
}

static int
hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Behind the backslash of a string in "". */
static bool
conf_escape(struct cursor *t, struct buf *b)
{
	static const char from[] = "nrbfaetv", to[] = "\n\r\b\f\a\033\t\v";
	char c = peek(t);
	const char *known = c ? strchr(from, c) : NULL;
	int n = 0, digits;

	++*t->at;
	if (c == 'x' && hex(peek(t)) >= 0) {
		for (digits = 0; digits < 2 && hex(peek(t)) >= 0; digits++) {
			n = n * 16 + hex(peek(t));
			++*t->at;
		}
		buf_addch(b, (char)n);
	} else if (isdigit((unsigned char)c)) {
		return fail(t, "an escape with digits");
	} else if (c != '\n') {
		buf_addch(b, known ? to[known - from] : c);
	}
	return true;
}

static bool
conf_quoted(struct cursor *t, struct buf *b)
{
	char quote = peek(t), c;

	++*t->at;
	while (!at_end(t) && (c = peek(t)) != quote) {
		char next = *t->at + 1 < t->s.len ? t->s.s[*t->at + 1] : '\0';

		if (quote == '"' && c == '$' && next == '{')
			return fail(t, "the environment has this value");
		++*t->at;
		if (c != '\\') {
			buf_addch(b, c);
		} else if (quote == '"') {
			if (!conf_escape(t, b))
				return false;
		} else {
			if (next != '\'' && next != '\\' && next != '\n')
				buf_addch(b, '\\');
			if (next != '\n')
				buf_addch(b, next);
			++*t->at;
		}
	}
	if (at_end(t))
		return fail(t, "a string does not end");
	++*t->at;
	return true;
}

static bool
conf_value(struct cursor *t, struct str *value)
{
	struct buf b = BUF_INIT;
	size_t from = *t->at;
	bool ok = true;

	if (peek(t) == '"' || peek(t) == '\'') {
		ok = conf_quoted(t, &b);
	} else if (peek(t) == '$') {
		ok = fail(t, "the environment has this value");
	} else {
		while (!at_end(t) && peek(t) && !strchr(" #\"'\t\n\r={}()+,*",
		    peek(t)))
			++*t->at;
		buf_add(&b, t->s.s + from, *t->at - from);
		if (!b.len)
			ok = fail(t, "a value is missing");
	}
	*value = keep(t, &b);
	return ok;
}

static bool
conf_list(struct cursor *t, struct srs_setting *setting)
{
	size_t cap = 0;

	++*t->at;
	for (;;) {
		if (!conf_skip(t))
			return false;
		if (peek(t) == '}') {
			++*t->at;
			return true;
		}
		if (setting->n == cap) {
			struct str *old = setting->value;

			cap = cap ? cap * 2 : 8;
			setting->value = ARENA_ARRAY(t->arena, struct str,
			    cap);
			if (old)
				memcpy(setting->value, old,
				    setting->n * sizeof(*old));
		}
		if (!conf_value(t, &setting->value[setting->n]))
			return false;
		setting->n++;
		if (!conf_skip(t))
			return false;
		if (peek(t) == ',')
			++*t->at;
		else if (peek(t) != '}')
			return fail(t, "a list goes on without a comma");
	}
}

static bool
conf_setting(struct cursor *t, struct srs_setting *setting)
{
	setting->name = read_name(t);
	if (!setting->name.len || !conf_skip(t))
		return fail(t, t->why ? t->why : "this is no setting");
	if (peek(t) == '+') {
		setting->adds = true;
		++*t->at;
	}
	if (peek(t) != '=')
		return fail(t, "a setting without =");
	++*t->at;
	if (!conf_skip(t))
		return false;
	if (peek(t) == '{')
		return conf_list(t, setting);
	setting->value = ARENA_NEW(t->arena, struct str);
	setting->n = 1;
	return conf_value(t, setting->value);
}

bool
srs_conf_next(struct arena *a, struct str text, size_t *at,
    struct srs_setting *setting, const char **why)
{
	struct cursor t = {.s = text, .at = at, .arena = a};
	bool ok;

	*setting = (struct srs_setting){0};
	ok = conf_skip(&t) && !at_end(&t);
	setting->offset = *at;
	if (ok)
		ok = conf_setting(&t, setting);
	*why = t.why;
	return ok;
}
