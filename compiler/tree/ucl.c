/*
 * The reader. It accepts what rspamd 3.4's libucl accepts and gives each text
 * the meaning that it has there, odd corners included: a comment right before
 * a value, "**" in one, a brace in a value without quotes. Nesting is bounded,
 * nothing recurses but the collecting of values at the end.
 */
#include "tree/ucl_inside.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum {
	NESTING_LIMIT = 100,
	LARGEST_UCL = 16 * 1024 * 1024,
};

/* A section or list that is open. */
struct open {
	struct node *node;
	unsigned level;		/* sections that one } closes share none */
	bool braced;
	struct origin at;
};

enum state {
	AT_KEY,
	AT_VALUE,
	AFTER_VALUE,
	AT_END,			/* behind the brace that closed the top */
};

struct reader {
	struct ucl *ucl;
	struct ucl_text t;
	unsigned priority;
	enum ucl_duplicate duplicate;
	struct open open[NESTING_LIMIT];
	unsigned depth;
	struct node *current;	/* whose value comes */
	enum state state;
	bool included;		/* into what was read before */
	bool more_keys;		/* the last key without "=" had one behind */
	struct buf text;
	enum ucl_result result;
	struct ucl_problem *problem;
};

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

static bool
stop_at(struct reader *r, enum ucl_result result, struct origin at,
    const char *why)
{
	if (r->result == UCL_OK) {
		r->result = result;
		r->problem->why = why;
		r->problem->at = at;
	}
	return false;
}

static bool
broken(struct reader *r, const char *why)
{
	return stop_at(r, UCL_BROKEN, text_place(&r->t), why);
}

static void
skip(struct reader *r, unsigned classes)
{
	while (r->t.p < r->t.end && ucl_is(*r->t.p, classes))
		text_step(&r->t);
}

static bool
at_comment(const struct reader *r)
{
	const char *p = r->t.p;

	return r->t.end - p >= 2 && (*p == '#' || (*p == '/' && p[1] == '*'));
}

/*
 * Behind the slash and star. Quotes hide what is between them; a star takes
 * the byte behind it along, so that two stars and a slash do not end it.
 */
static bool
skip_long_comment(struct reader *r)
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
	return stop_at(r, UCL_BROKEN, at, "a comment does not end");
}

/* The comments that follow each other without a blank. */
static bool
skip_comments(struct reader *r)
{
	for (;;) {
		if (*r->t.p == '#') {
			while (r->t.p < r->t.end && *r->t.p != '\n')
				text_step(&r->t);
			text_step(&r->t);
		} else if (!at_comment(r)) {
			return true;
		} else if (!skip_long_comment(r)) {
			return false;
		}
	}
}

static bool
open_node(struct reader *r, struct node *node, enum value_kind kind,
    unsigned level, bool braced)
{
	if (node_is_collection(node) && node->value.kind != kind)
		return broken(r, "a section and a list cannot be united");
	if (r->depth == NESTING_LIMIT)
		return stop_at(r, UCL_UNKNOWN, text_place(&r->t),
		    "sections nest deeper than 100 levels");
	node->value.kind = (uint8_t)kind;
	r->open[r->depth++] = (struct open){
		.node = node, .level = level, .braced = braced,
		.at = text_place(&r->t),
	};
	r->current = node;
	r->state = kind == VALUE_HASH ? AT_KEY : AT_VALUE;
	return true;
}

static struct open *
innermost(struct reader *r)
{
	return &r->open[r->depth - 1];
}

/* A macro: what it says is another file's, or known at run time only. */
static bool
refuse_macro(struct reader *r)
{
	static const char *const known[] = {
		"include", "try_include", "includes", "priority", "load",
		"inherit", "include_map",
	};
	struct origin at = text_place(&r->t);
	const char *name = r->t.p + 1, *p = name;
	size_t i;

	while (p < r->t.end && *p != '(' && !ucl_is(*p, UCL_SPACE))
		p++;
	if (p == r->t.end) {
		r->t.p = p;
		return true;
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq((struct str){name, (size_t)(p - name)},
		    str_of(known[i])))
			return stop_at(r, UCL_UNKNOWN, at,
			    "a macro's work is not known here");
	return stop_at(r, UCL_BROKEN, at, "there is no such macro");
}

/* Behind the opening quote, to behind the closing one. */
static bool
skip_quoted(struct reader *r, bool *escapes)
{
	struct ucl_text *t = &r->t;
	int i;

	while (t->p < t->end) {
		unsigned char c = (unsigned char)*t->p;

		if (c < 0x1f)
			return broken(r, c == '\n' ?
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
					return broken(r, "an escape \\u wants "
					    "four hexadecimal digits");
				text_step(t);
			}
		} else if (*t->p && strchr("\"/\\bfnrt", *t->p)) {
			text_step(t);
		}
	}
	return broken(r, "a string does not end");
}

static bool
skip_single_quoted(struct reader *r, bool *escapes)
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
	return broken(r, "a string does not end");
}

/* The bytes of a key, in the arena. */
static bool
read_key_name(struct reader *r, struct str *key)
{
	const char *from;
	bool escapes = false, quoted = *r->t.p == '"';

	if (!quoted && !ucl_is(*r->t.p, UCL_KEY_START))
		return broken(r, "a key begins with a letter");
	from = r->t.p + quoted;
	text_step(&r->t);
	buf_clear(&r->text);
	if (quoted) {
		if (r->t.p == r->t.end)
			return broken(r, "a key does not end");
		if (!skip_quoted(r, &escapes))
			return false;
		buf_add(&r->text, from, (size_t)(r->t.p - 1 - from));
		if (escapes)
			ucl_unescape(&r->text);
	} else {
		while (r->t.p < r->t.end && ucl_is(*r->t.p, UCL_KEY))
			text_step(&r->t);
		if (r->t.p < r->t.end && !strchr(" \t:=", *r->t.p))
			return broken(r, "a key cannot have this in it");
		buf_add(&r->text, from, (size_t)(r->t.p - from));
	}
	if (r->t.p == r->t.end)
		return broken(r, "a key without a value");
	key->s = arena_strndup(r->ucl->arena, r->text.s, r->text.len);
	key->len = r->text.len;
	return true;
}

/* What stands between a key and its value: "=", ":" or nothing. */
static bool
skip_separator(struct reader *r, bool *separated)
{
	*separated = false;
	while (r->t.p < r->t.end) {
		if (ucl_is(*r->t.p, UCL_BLANK)) {
			text_step(&r->t);
		} else if (*r->t.p == '=' || *r->t.p == ':') {
			if (*separated)
				return broken(r, "a second sign between a key "
				    "and its value");
			*separated = true;
			text_step(&r->t);
		} else if (at_comment(r)) {
			if (!skip_comments(r))
				return false;
		} else {
			return true;
		}
	}
	return broken(r, "a key without a value");
}

/* Whether what follows a key without a sign is a key as well: "a b {". */
static bool
key_follows(const struct reader *r)
{
	const char *p = r->t.p;

	if (*p == '{' || *p == '[')
		return false;
	for (; p < r->t.end; p++) {
		if (strchr(",;\n\r", *p) && *p)
			return false;
		if (*p == '{' || *p == '[')
			return true;
	}
	return false;
}

/* Blanks and comments before a key. */
static bool
reach_key(struct reader *r)
{
	for (;;) {
		skip(r, UCL_SPACE);
		if (!at_comment(r))
			return true;
		if (!skip_comments(r))
			return false;
	}
}

static bool
read_key(struct reader *r)
{
	struct node *node;
	struct origin at;
	struct str key;
	bool separated;

	if (!reach_key(r))
		return false;
	if (r->t.p == r->t.end)
		return true;
	if (*r->t.p == '}') {
		r->state = AFTER_VALUE;
		return true;
	}
	if (*r->t.p == '.')
		return refuse_macro(r);
	at = text_place(&r->t);
	if (!read_key_name(r, &key) || !skip_separator(r, &separated))
		return false;
	if (!separated)
		r->more_keys = key_follows(r);
	if (!key.len)
		return broken(r, "a key is empty");
	node = node_new(r->ucl, r->priority, text_place(&r->t));
	node->key = key;
	node->key_at = at;
	r->current = node_insert(r->ucl, innermost(r)->node, node,
	    r->duplicate);
	if (!r->current)
		return stop_at(r, UCL_UNKNOWN, at, "rspamd may lose this key: "
		    "the section stands more than once");
	r->state = AT_VALUE;
	return !r->more_keys || open_node(r, r->current, VALUE_HASH,
	    innermost(r)->level + 1, false);
}

/* The node that a value goes into; in a list, a new one. */
static struct node *
value_node(struct reader *r)
{
	struct node *list = innermost(r)->node;

	if (list->value.kind == VALUE_LIST) {
		r->current = node_new(r->ucl, r->priority, ORIGIN_NONE);
		node_append(r->ucl, list, r->current);
	}
	return r->current;
}

static void
set_value(struct node *node, struct value v)
{
	node->value = v;
	node->child = NULL;
	node->n = node->cap = 0;
	index_init(&node->index);
}

static bool
set_string(struct reader *r, struct origin at, unsigned flags, bool expand)
{
	struct value v;

	if (expand && !ucl_expand(r->ucl, &r->text))
		return stop_at(r, UCL_UNKNOWN, at,
		    "the value of a variable is not known here");
	v = value_string(r->ucl->arena,
	    (struct str){r->text.s, r->text.len}, at);
	v.flags |= (uint8_t)flags;
	set_value(r->current, v);
	r->state = AFTER_VALUE;
	return true;
}

static bool
read_quoted(struct reader *r)
{
	struct origin at = text_place(&r->t);
	char quote = *r->t.p;
	const char *from = r->t.p + 1;
	bool escapes = false;

	text_step(&r->t);
	if (!(quote == '"' ? skip_quoted(r, &escapes) :
	    skip_single_quoted(r, &escapes)))
		return false;
	value_node(r);
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
static bool
read_heredoc(struct reader *r, bool *is)
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
		return broken(r, "a text of many lines does not end");
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
	return stop_at(r, UCL_BROKEN, at, "a text of many lines does not end");
}

/* To the end of a value without quotes; pairs of braces are part of it. */
static void
skip_bare(struct reader *r, bool *escapes)
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
		if (ucl_is(c, UCL_END) || at_comment(r))
			return;
	}
}

static bool
set_word(struct reader *r, struct str s, struct origin at, bool escapes)
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
	set_value(r->current, v);
	return true;
}

static bool
read_bare(struct reader *r)
{
	struct origin at = text_place(&r->t);
	const char *from = r->t.p;
	struct value v = value_at(VALUE_INT, at);
	struct str s;
	bool escapes = false;

	if (*from == '-' || isdigit((unsigned char)*from)) {
		switch (ucl_number(&r->t.p, r->t.end, &v)) {
		case UCL_NUMBER:
			set_value(r->current, v);
			r->state = AFTER_VALUE;
			return true;
		case UCL_NUMBER_RANGE:
			return broken(r, "a number is out of range");
		case UCL_NO_NUMBER:
			break;
		}
	}
	skip_bare(r, &escapes);
	s = (struct str){from, (size_t)(r->t.p - from)};
	while (s.len && ucl_is(s.s[s.len - 1], UCL_BLANK))
		s.len--;
	if (!s.len)
		return broken(r, "a value is empty");
	return set_word(r, s, at, escapes);
}

static bool
open_value(struct reader *r)
{
	struct node *node = value_node(r);

	if (!node_is_collection(node))
		set_value(node, value_at(VALUE_NULL, text_place(&r->t)));
	if (!open_node(r, node, *r->t.p == '{' ? VALUE_HASH : VALUE_LIST,
	    innermost(r)->level, true))
		return false;
	text_step(&r->t);
	return true;
}

/*
 * Blanks behind a comment are part of the value, as libucl has it: a list
 * whose first item stands below a comment begins with odd bytes.
 */
static bool
read_value(struct reader *r)
{
	const char *from = r->t.p;
	bool is_heredoc = false;

	skip(r, UCL_SPACE);
	if ((r->t.p > from || at_comment(r)) && !skip_comments(r))
		return false;
	if (r->t.p == r->t.end)
		return true;
	switch (*r->t.p) {
	case '"':
	case '\'':
		return read_quoted(r);
	case '{':
	case '[':
		return open_value(r);
	case ']':
		if (innermost(r)->node->value.kind == VALUE_LIST) {
			r->state = AFTER_VALUE;
			return true;
		}
		break;
	default:
		break;
	}
	value_node(r);
	if (*r->t.p == '<' && (!read_heredoc(r, &is_heredoc) || is_heredoc))
		return r->result == UCL_OK;
	return read_bare(r);
}

static bool
close_node(struct reader *r)
{
	const struct open *top = innermost(r);
	bool is_hash = top->node->value.kind == VALUE_HASH;

	if ((*r->t.p == '}') != is_hash)
		return broken(r, "the other bracket was opened");
	if (!top->braced)
		return stop_at(r, r->depth == 1 && r->included ? UCL_UNKNOWN :
		    UCL_BROKEN, text_place(&r->t),
		    "a brace closes what none opened");
	r->depth--;
	/* And the sections "a b {" that have no brace of their own. */
	while (r->depth > 1 && r->open[r->depth - 2].level !=
	    r->open[r->depth - 1].level)
		r->depth--;
	if (!r->depth) {
		r->state = AT_END;
		return true;
	}
	r->current = innermost(r)->node;
	text_step(&r->t);
	return true;
}

static bool
read_after(struct reader *r)
{
	bool separated = false;

	while (r->t.p < r->t.end) {
		if (ucl_is(*r->t.p, UCL_BLANK)) {
			text_step(&r->t);
			continue;
		}
		if (at_comment(r)) {
			if (!skip_comments(r))
				return false;
		} else if (*r->t.p == '}' || *r->t.p == ']') {
			if (!close_node(r))
				return false;
			if (r->state == AT_END)
				return true;
		} else if (ucl_is(*r->t.p, UCL_END)) {
			text_step(&r->t);
		} else {
			break;
		}
		separated = true;
	}
	if (r->t.p < r->t.end && !separated)
		return broken(r, "a value ends with ; , or a line break");
	r->state = innermost(r)->node->value.kind == VALUE_HASH ? AT_KEY :
	    AT_VALUE;
	return true;
}

/* The top: a file that is read into what is there cannot have braces. */
static bool
read_start(struct reader *r)
{
	struct ucl *ucl = r->ucl;
	enum value_kind kind = VALUE_HASH;
	struct origin at = text_place(&r->t);
	bool braced;

	if (*r->t.p == '#' || at_comment(r)) {
		if (!skip_comments(r))
			return false;
	} else {
		skip(r, UCL_SPACE);
	}
	braced = r->t.p < r->t.end && (*r->t.p == '{' || *r->t.p == '[');
	if (braced && r->included)
		return stop_at(r, UCL_UNKNOWN, text_place(&r->t),
		    "a file that is included cannot have braces around it");
	if (braced && *r->t.p == '[')
		kind = VALUE_LIST;
	if (!ucl->top)
		ucl->top = node_new(ucl, r->priority, at);
	if (!open_node(r, ucl->top, kind, 0, braced))
		return false;
	if (braced)
		text_step(&r->t);
	return true;
}

static bool
check_open(struct reader *r)
{
	unsigned i;

	for (i = 0; i < r->depth; i++)
		if (r->open[i].braced)
			return stop_at(r, UCL_BROKEN, r->open[i].at,
			    "a brace is not closed");
	if (r->depth > 1)
		return stop_at(r, UCL_UNKNOWN, innermost(r)->at,
		    "a section without braces goes on in another file");
	return true;
}

static void
read_all(struct reader *r)
{
	bool ok = read_start(r);

	while (ok && r->t.p < r->t.end && r->state != AT_END) {
		switch (r->state) {
		case AT_KEY:
			ok = read_key(r);
			break;
		case AT_VALUE:
			ok = read_value(r);
			break;
		case AFTER_VALUE:
			ok = read_after(r);
			break;
		case AT_END:
			break;
		}
	}
	if (ok && r->state != AT_END)
		check_open(r);
}

/* rspamd puts every file through a template language before it is read. */
static bool
refuse_template(struct reader *r)
{
	const char *p = r->t.p, *end = r->t.end;
	struct ucl_text t = r->t;

	for (; p + 1 < end; p++) {
		if (*p != '{' || !p[1] || !strchr("%=#", p[1]))
			continue;
		while (t.p < p)
			text_step(&t);
		return stop_at(r, UCL_UNKNOWN, text_place(&t),
		    "rspamd reads this as a tag of a template");
	}
	return true;
}

enum ucl_result
ucl_read(struct ucl *ucl, uint32_t source, struct str text,
    unsigned priority, enum ucl_duplicate duplicate,
    struct ucl_problem *problem)
{
	struct reader r = {
		.ucl = ucl, .priority = priority, .duplicate = duplicate,
		.included = ucl->top != NULL, .text = BUF_INIT,
		.problem = problem,
	};
	const char *copy;

	*problem = (struct ucl_problem){0};
	if (text.len > LARGEST_UCL) {
		problem->why = "the file is larger than 16 MB";
		problem->at = (struct origin){source, 0, 0};
		return UCL_UNKNOWN;
	}
	copy = arena_strndup(ucl->arena, text.s ? text.s : "", text.len);
	r.t = (struct ucl_text){
		.p = copy, .end = copy + text.len, .line_start = copy,
		.source = source, .line = 1,
	};
	if (refuse_template(&r))
		read_all(&r);
	buf_release(&r.text);
	return r.result;
}
