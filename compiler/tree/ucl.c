/*
 * The reader. It accepts what rspamd 3.4's libucl accepts and gives each text
 * the meaning that it has there, odd corners included: a comment right before
 * a value, "**" in one, a brace in a value without quotes. Nesting is bounded,
 * nothing recurses but the collecting of values at the end.
 */
#include "tree/ucl_inside.h"

enum { LARGEST_UCL = 16 * 1024 * 1024 };

static bool
open_node(struct ucl_reader *r, struct node *node, enum value_kind kind,
    unsigned level, bool braced)
{
	if (node_is_collection(node) && node->value.kind != kind)
		return ucl_broken(r, "a section and a list cannot be united");
	if (r->depth == UCL_NESTING)
		return ucl_stop_at(r, UCL_UNKNOWN, text_place(&r->t),
		    "sections nest deeper than 100 levels");
	node->value.kind = (uint8_t)kind;
	r->open[r->depth++] = (struct ucl_open){
		.node = node, .level = level, .braced = braced,
		.at = text_place(&r->t),
	};
	r->current = node;
	r->state = kind == VALUE_HASH ? AT_KEY : AT_VALUE;
	return true;
}

/* A macro: what it says is another file's, or known at run time only. */
static bool
refuse_macro(struct ucl_reader *r)
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
			return ucl_stop_at(r, UCL_UNKNOWN, at,
			    "a macro's work is not known here");
	return ucl_stop_at(r, UCL_BROKEN, at, "there is no such macro");
}

/* The bytes of a key, in the arena. */
static bool
read_key_name(struct ucl_reader *r, struct str *key)
{
	const char *from;
	bool escapes = false, quoted = *r->t.p == '"';

	if (!quoted && !ucl_is(*r->t.p, UCL_KEY_START))
		return ucl_broken(r, "a key begins with a letter");
	from = r->t.p + quoted;
	text_step(&r->t);
	buf_clear(&r->text);
	if (quoted) {
		if (r->t.p == r->t.end)
			return ucl_broken(r, "a key does not end");
		if (!ucl_skip_quoted(r, &escapes))
			return false;
		buf_add(&r->text, from, (size_t)(r->t.p - 1 - from));
		if (escapes)
			ucl_unescape(&r->text);
	} else {
		while (r->t.p < r->t.end && ucl_is(*r->t.p, UCL_KEY))
			text_step(&r->t);
		if (r->t.p < r->t.end && !strchr(" \t:=", *r->t.p))
			return ucl_broken(r, "a key cannot have this in it");
		buf_add(&r->text, from, (size_t)(r->t.p - from));
	}
	if (r->t.p == r->t.end)
		return ucl_broken(r, "a key without a value");
	key->s = arena_strndup(r->ucl->arena, r->text.s, r->text.len);
	key->len = r->text.len;
	return true;
}

/* What stands between a key and its value: "=", ":" or nothing. */
static bool
skip_separator(struct ucl_reader *r, bool *separated)
{
	*separated = false;
	while (r->t.p < r->t.end) {
		if (ucl_is(*r->t.p, UCL_BLANK)) {
			text_step(&r->t);
		} else if (*r->t.p == '=' || *r->t.p == ':') {
			if (*separated)
				return ucl_broken(r, "a second sign between a "
				    "key and its value");
			*separated = true;
			text_step(&r->t);
		} else if (ucl_at_comment(r)) {
			if (!ucl_skip_comments(r))
				return false;
		} else {
			return true;
		}
	}
	return ucl_broken(r, "a key without a value");
}

/* Whether what follows a key without a sign is a key as well: "a b {". */
static bool
key_follows(const struct ucl_reader *r)
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
reach_key(struct ucl_reader *r)
{
	for (;;) {
		ucl_skip(r, UCL_SPACE);
		if (!ucl_at_comment(r))
			return true;
		if (!ucl_skip_comments(r))
			return false;
	}
}

static bool
read_key(struct ucl_reader *r)
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
		return ucl_broken(r, "a key is empty");
	node = node_new(r->ucl, r->priority, text_place(&r->t));
	node->key = key;
	node->key_at = at;
	r->current = node_insert(r->ucl, ucl_innermost(r)->node, node,
	    r->duplicate);
	if (!r->current)
		return ucl_stop_at(r, UCL_UNKNOWN, at, "rspamd may lose this "
		    "key: the section stands more than once");
	r->state = AT_VALUE;
	return !r->more_keys || open_node(r, r->current, VALUE_HASH,
	    ucl_innermost(r)->level + 1, false);
}

static bool
open_value(struct ucl_reader *r)
{
	struct node *node = ucl_value_node(r);

	if (!node_is_collection(node))
		ucl_set_value(node, value_at(VALUE_NULL, text_place(&r->t)));
	if (!open_node(r, node, *r->t.p == '{' ? VALUE_HASH : VALUE_LIST,
	    ucl_innermost(r)->level, true))
		return false;
	text_step(&r->t);
	return true;
}

/*
 * Blanks behind a comment are part of the value, as libucl has it: a list
 * whose first item stands below a comment begins with odd bytes.
 */
static bool
read_value(struct ucl_reader *r)
{
	const char *from = r->t.p;
	bool is_heredoc = false;

	ucl_skip(r, UCL_SPACE);
	if ((r->t.p > from || ucl_at_comment(r)) && !ucl_skip_comments(r))
		return false;
	if (r->t.p == r->t.end)
		return true;
	switch (*r->t.p) {
	case '"':
	case '\'':
		return ucl_read_quoted(r);
	case '{':
	case '[':
		return open_value(r);
	case ']':
		if (ucl_innermost(r)->node->value.kind == VALUE_LIST) {
			r->state = AFTER_VALUE;
			return true;
		}
		break;
	default:
		break;
	}
	ucl_value_node(r);
	if (*r->t.p == '<' && (!ucl_read_heredoc(r, &is_heredoc) || is_heredoc))
		return r->result == UCL_OK;
	return ucl_read_bare(r);
}

static bool
close_node(struct ucl_reader *r)
{
	const struct ucl_open *top = ucl_innermost(r);
	bool is_hash = top->node->value.kind == VALUE_HASH;

	if ((*r->t.p == '}') != is_hash)
		return ucl_broken(r, "the other bracket was opened");
	if (!top->braced)
		return ucl_stop_at(r, r->depth == 1 && r->included ?
		    UCL_UNKNOWN : UCL_BROKEN, text_place(&r->t),
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
	r->current = ucl_innermost(r)->node;
	text_step(&r->t);
	return true;
}

static bool
read_after(struct ucl_reader *r)
{
	bool separated = false;

	while (r->t.p < r->t.end) {
		if (ucl_is(*r->t.p, UCL_BLANK)) {
			text_step(&r->t);
			continue;
		}
		if (ucl_at_comment(r)) {
			if (!ucl_skip_comments(r))
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
		return ucl_broken(r, "a value ends with ; , or a line break");
	r->state = ucl_innermost(r)->node->value.kind == VALUE_HASH ? AT_KEY :
	    AT_VALUE;
	return true;
}

/* The top: a file that is read into what is there cannot have braces. */
static bool
read_start(struct ucl_reader *r)
{
	struct ucl *ucl = r->ucl;
	enum value_kind kind = VALUE_HASH;
	struct origin at = text_place(&r->t);
	bool braced;

	if (*r->t.p == '#' || ucl_at_comment(r)) {
		if (!ucl_skip_comments(r))
			return false;
	} else {
		ucl_skip(r, UCL_SPACE);
	}
	braced = r->t.p < r->t.end && (*r->t.p == '{' || *r->t.p == '[');
	if (braced && r->included)
		return ucl_stop_at(r, UCL_UNKNOWN, text_place(&r->t),
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
check_open(struct ucl_reader *r)
{
	unsigned i;

	for (i = 0; i < r->depth; i++)
		if (r->open[i].braced)
			return ucl_stop_at(r, UCL_BROKEN, r->open[i].at,
			    "a brace is not closed");
	if (r->depth > 1)
		return ucl_stop_at(r, UCL_UNKNOWN, ucl_innermost(r)->at,
		    "a section without braces goes on in another file");
	return true;
}

static void
read_all(struct ucl_reader *r)
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
refuse_template(struct ucl_reader *r)
{
	const char *p = r->t.p, *end = r->t.end;
	struct ucl_text t = r->t;

	for (; p + 1 < end; p++) {
		if (*p != '{' || !p[1] || !strchr("%=#", p[1]))
			continue;
		while (t.p < p)
			text_step(&t);
		return ucl_stop_at(r, UCL_UNKNOWN, text_place(&t),
		    "rspamd reads this as a tag of a template");
	}
	return true;
}

enum ucl_result
ucl_read(struct ucl *ucl, uint32_t source, struct str text,
    unsigned priority, enum ucl_duplicate duplicate,
    struct ucl_problem *problem)
{
	struct ucl_reader r = {
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
