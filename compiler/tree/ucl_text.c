/*
 * The words of UCL: comments, strings, texts of many lines, and values
 * without quotes.
 */
#include "tree/ucl_inside.h"

#include <ctype.h>
#include <math.h>

struct origin
text_place(const struct ucl_text *t)
{
	return (struct origin){t->source, t->line,
	    (uint32_t)(t->p - t->line_start) + 1};
}

void
text_step(struct ucl_text *t)
{
	if (t->p == t->end)
		return;
	if (*t->p++ == '\n') {
		t->line++;
		t->line_start = t->p;
	}
}

bool
ucl_stop_at(struct ucl_reader *r, enum ucl_result result, struct origin at,
    const char *why)
{
	if (r->result == UCL_OK) {
		r->result = result;
		r->problem->why = why;
		r->problem->at = at;
	}
	return false;
}

bool
ucl_broken(struct ucl_reader *r, const char *why)
{
	return ucl_stop_at(r, UCL_BROKEN, text_place(&r->t), why);
}

void
ucl_skip(struct ucl_reader *r, unsigned classes)
{
	while (r->t.p < r->t.end && ucl_is(*r->t.p, classes))
		text_step(&r->t);
}

bool
ucl_at_comment(const struct ucl_reader *r)
{
	const char *p = r->t.p;

	return r->t.end - p >= 2 && (*p == '#' || (*p == '/' && p[1] == '*'));
}

/*
 * Behind the slash and star. Quotes hide what is between them; a star takes
 * the byte behind it along, so that two stars and a slash do not end it.
 */
static bool
skip_long_comment(struct ucl_reader *r)
{
	struct ucl_text *t = &r->t;
	struct origin at = text_place(t);
	unsigned depth = 1;
	bool quoted = false;

	text_step(t);
	text_step(t);
	while (t->p < t->end) {
		if (*t->p == '"' && t->p[-1] != '\\')
			quoted = !quoted;
		if (!quoted && *t->p == '/' && t->p[1] == '*') {
			depth++;
			text_step(t);
		} else if (!quoted && *t->p == '*') {
			text_step(t);
			if (*t->p == '/' && t->p < t->end && --depth == 0) {
				text_step(t);
				return true;
			}
			text_step(t);
		}
		text_step(t);
	}
	return ucl_stop_at(r, UCL_BROKEN, at, "a comment does not end");
}

/* The comments that follow each other without a blank. */
bool
ucl_skip_comments(struct ucl_reader *r)
{
	for (;;) {
		if (*r->t.p == '#') {
			while (r->t.p < r->t.end && *r->t.p != '\n')
				text_step(&r->t);
			text_step(&r->t);
		} else if (!ucl_at_comment(r)) {
			return true;
		} else if (!skip_long_comment(r)) {
			return false;
		}
	}
}

/* Behind the opening quote, to behind the closing one. */
bool
ucl_skip_quoted(struct ucl_reader *r, bool *escapes)
{
	struct ucl_text *t = &r->t;
	int i;

	while (t->p < t->end) {
		unsigned char c = (unsigned char)*t->p;

		if (c < 0x1f)
			return ucl_broken(r, c == '\n' ?
			    "a string does not end on its line" :
			    "a control character in a string");
		text_step(t);
		if (c == '"')
			return true;
		if (c != '\\')
			continue;
		*escapes = true;
		if (t->p == t->end)
			break;
		if (*t->p == 'u') {
			text_step(t);
			for (i = 0; i < 4 && t->p < t->end; i++) {
				if (!isxdigit((unsigned char)*t->p))
					return ucl_broken(r, "an escape \\u "
					    "wants four hexadecimal digits");
				text_step(t);
			}
		} else if (*t->p && strchr("\"/\\bfnrt", *t->p)) {
			text_step(t);
		}
	}
	return ucl_broken(r, "a string does not end");
}

static bool
skip_single_quoted(struct ucl_reader *r, bool *escapes)
{
	struct ucl_text *t = &r->t;

	while (t->p < t->end) {
		char c = *t->p;

		text_step(t);
		if (c == '\'')
			return true;
		if (c != '\\')
			continue;
		*escapes = true;
		if (t->p == t->end)
			break;
		text_step(t);
	}
	return ucl_broken(r, "a string does not end");
}

/* The node that a value goes into; in a list, a new one. */
struct node *
ucl_value_node(struct ucl_reader *r)
{
	struct node *list = ucl_innermost(r)->node;

	if (list->value.kind == VALUE_LIST) {
		r->current = node_new(r->ucl, r->priority, ORIGIN_NONE);
		node_append(r->ucl, list, r->current);
	}
	return r->current;
}

void
ucl_set_value(struct node *node, struct value v)
{
	node->value = v;
	node->child = NULL;
	node->n = node->cap = 0;
	index_init(&node->index);
}

static bool
set_string(struct ucl_reader *r, struct origin at, unsigned flags, bool expand)
{
	struct value v;

	if (expand && !ucl_expand(r->ucl, &r->text))
		return ucl_stop_at(r, UCL_UNKNOWN, at,
		    "the value of a variable is not known here");
	v = value_string(r->ucl->arena,
	    (struct str){r->text.s, r->text.len}, at);
	v.flags |= (uint8_t)flags;
	ucl_set_value(r->current, v);
	r->state = AFTER_VALUE;
	return true;
}

bool
ucl_read_quoted(struct ucl_reader *r)
{
	struct origin at = text_place(&r->t);
	char quote = *r->t.p;
	const char *from = r->t.p + 1;
	bool escapes = false;

	text_step(&r->t);
	if (!(quote == '"' ? ucl_skip_quoted(r, &escapes) :
	    skip_single_quoted(r, &escapes)))
		return false;
	ucl_value_node(r);
	buf_clear(&r->text);
	buf_add(&r->text, from, (size_t)(r->t.p - 1 - from));
	if (escapes && quote == '"')
		ucl_unescape(&r->text);
	else if (escapes)
		ucl_unescape_single(&r->text);
	return set_string(r, at, 0, quote == '"');
}

/*
 * <<EOD and the lines up to EOD. *is: whether it is one; "<x" is a value
 * without quotes.
 */
bool
ucl_read_heredoc(struct ucl_reader *r, bool *is)
{
	struct ucl_text *t = &r->t;
	struct origin at = text_place(t);
	const char *word = t->p + 2, *p = word, *from;
	bool line_starts = false;
	size_t len;

	*is = false;
	if (t->end - t->p <= 3 || t->p[1] != '<')
		return true;
	while (p < t->end && *p >= 'A' && *p <= 'Z')
		p++;
	if (p == t->end)
		return ucl_broken(r, "a text of many lines does not end");
	if (*p != '\n')
		return true;
	*is = true;
	len = (size_t)(p - word);
	while (t->p <= p)
		text_step(t);
	for (from = t->p; t->p < t->end; text_step(t)) {
		if (t->p > from && t->p[-1] == '\n')
			line_starts = true;
		if (!line_starts)
			continue;
		if ((size_t)(t->end - t->p) <= len)
			break;
		/* Where more follows the word, it may begin one further on. */
		line_starts = !memcmp(t->p, word, len);
		if (!line_starts || !t->p[len] ||
		    !strchr("\n;,", t->p[len]))
			continue;
		buf_clear(&r->text);
		buf_add(&r->text, from, (size_t)(t->p - 1 - from));
		t->p += len;
		return set_string(r, at, 0, true);
	}
	return ucl_stop_at(r, UCL_BROKEN, at,
	    "a text of many lines does not end");
}

/* To the end of a value without quotes; pairs of braces are part of it. */
static void
skip_bare(struct ucl_reader *r, bool *escapes)
{
	unsigned curly = 0, square = 0;

	for (; r->t.p < r->t.end; text_step(&r->t)) {
		char c = *r->t.p;

		if (c == '\\') {
			*escapes = true;
			text_step(&r->t);
			if (r->t.p == r->t.end)
				return;
			continue;
		}
		if (c == '{')
			curly++;
		else if (c == '[')
			square++;
		else if ((c == '}' && curly && curly--) ||
		    (c == ']' && square && square--))
			continue;
		if (ucl_is(c, UCL_END) || ucl_at_comment(r))
			return;
	}
}

static bool
set_word(struct ucl_reader *r, struct str s, struct origin at, bool escapes)
{
	struct value v = value_at(VALUE_FLOAT, at);

	r->state = AFTER_VALUE;
	v.u.f = str_eq(s, STR("nan")) ? NAN : INFINITY;
	if (str_eq(s, STR("null")))
		v = value_at(VALUE_NULL, at);
	else if (ucl_boolean(s, &v.u.b))
		v.kind = VALUE_BOOL;
	else if (!str_eq(s, STR("nan")) && !str_eq(s, STR("inf"))) {
		buf_clear(&r->text);
		buf_add(&r->text, s.s, s.len);
		if (escapes)
			ucl_unescape(&r->text);
		return set_string(r, at, VALUE_PLAIN, true);
	}
	ucl_set_value(r->current, v);
	return true;
}

bool
ucl_read_bare(struct ucl_reader *r)
{
	struct origin at = text_place(&r->t);
	const char *from = r->t.p;
	struct value v = value_at(VALUE_INT, at);
	struct str s;
	bool escapes = false;

	if (*from == '-' || isdigit((unsigned char)*from)) {
		switch (ucl_number(&r->t.p, r->t.end, &v)) {
		case UCL_NUMBER:
			ucl_set_value(r->current, v);
			r->state = AFTER_VALUE;
			return true;
		case UCL_NUMBER_RANGE:
			return ucl_broken(r, "a number is out of range");
		case UCL_NO_NUMBER:
			break;
		}
	}
	skip_bare(r, &escapes);
	s = (struct str){from, (size_t)(r->t.p - from)};
	while (s.len && ucl_is(s.s[s.len - 1], UCL_BLANK))
		s.len--;
	if (!s.len)
		return ucl_broken(r, "a value is empty");
	return set_word(r, s, at, escapes);
}

