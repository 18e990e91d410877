/*
 * An address as a client writes it in a command, read as smtpd does:
 * RFC 822's syntax with comments and phrases, of which one address must come
 * out (smtpd_token(3), tok822_parse(3)).
 */
#include "flow/smtpd_inside.h"

/* Operators are their own characters. */
enum { WORD = 256, LITERAL, COMMENT };

struct token {
	int type;
	struct str text;
};

struct parser {
	struct token *token;
	size_t n;
	bool comments;
	/* Tokens that are no part of an address, and the address. */
	size_t used;
	size_t addresses, start, end;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_operator(char c)
{
	return c && strchr("|%!()<>@,;:\\\".[]", c);
}

/*
 * Whether the command's argument ends where it should: quotes and brackets
 * within <> are closed. After an early ">" any other text goes on with it.
 */
static bool
is_closed(struct str typed)
{
	size_t depth = 1, i;
	bool quoted = false;

	for (i = 0; i < typed.len; i++) {
		char c = typed.s[i];

		if (c == '\\') {
			if (++i == typed.len)
				return false;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && c == '<') {
			depth++;
		} else if (!quoted && c == '>' && !--depth) {
			return !memchr(typed.s + i, ' ', typed.len - i) &&
			    !memchr(typed.s + i, '"', typed.len - i) &&
			    !memchr(typed.s + i, '<', typed.len - i);
		}
	}
	return !quoted && depth == 1;
}

/* Where a comment that starts at i ends. */
static size_t
skip_comment(struct str s, size_t i)
{
	size_t level = 0;

	for (; i < s.len; i++) {
		if (s.s[i] == '(')
			level++;
		else if (s.s[i] == '\\')
			i++;
		else if (s.s[i] == ')' && !--level)
			return i + 1;
	}
	return s.len;
}

/*
 * The text of a word from i up to the end character, or up to an operator
 * or blank (0), without its backslashes.
 */
static size_t
take_word(struct str s, size_t i, char end, struct arena *a, struct str *text)
{
	char *to = arena_bytes(a, s.len - i + 1);
	size_t n = 0;

	for (; i < s.len; i++) {
		char c = s.s[i];

		if (c == '\\') {
			if (++i == s.len)
				break;
			c = s.s[i];
		} else if (end ? c == end : is_blank(c) || is_operator(c)) {
			break;
		}
		to[n++] = is_blank(c) ? ' ' : c;
	}
	to[n] = '\0';
	*text = (struct str){to, n};
	return i + (end && i < s.len);
}

static void
scan(struct parser *p, struct str s, struct arena *a)
{
	size_t i = 0;

	p->token = ARENA_ARRAY(a, struct token, s.len + 1);
	while (i < s.len) {
		struct token *t = &p->token[p->n];
		char c = s.s[i];

		if (is_blank(c)) {
			i++;
			continue;
		}
		if (c == '(') {
			i = skip_comment(s, i);
			p->comments = true;
			continue;
		}
		p->n++;
		t->type = WORD;
		if (c == '[') {
			t->type = LITERAL;
			i = take_word(s, i + 1, ']', a, &t->text);
		} else if (c == '"') {
			i = take_word(s, i + 1, '"', a, &t->text);
		} else if (c != '\\' && is_operator(c)) {
			t->type = c;
			t->text = (struct str){s.s + i++, 1};
		} else {
			i = take_word(s, i, '\0', a, &t->text);
		}
	}
}

/* What stands after left and before right is an address, if it is anything. */
static void
group(struct parser *p, size_t left, size_t right)
{
	if (left >= right)
		return;
	p->addresses++;
	p->used += right - left;
	p->start = left;
	p->end = right;
}

static bool
is_type(const struct parser *p, size_t i, const char *types)
{
	int type = p->token[i].type;

	return type < WORD && strchr(types, type);
}

/*
 * From right to left, as Postfix does. i and right are one more than the
 * token's place, so that 0 is the start.
 */
static void
parse(struct parser *p)
{
	size_t i = p->n, right = p->n;
	bool word = true, in_group = false;

	while (i) {
		size_t at = i - 1;

		if (is_type(p, at, ";")) {
			group(p, i, right);
			right = at;
			in_group = word = true;
		} else if (in_group && is_type(p, at, ":")) {
			group(p, i, right);
			while (i && !is_type(p, i - 1, ","))
				i--;
			right = i ? i - 1 : 0;
			in_group = in_group && i;
			continue;
		} else if (is_type(p, at, ">")) {
			group(p, i, right);
			right = at;
			while (i && !is_type(p, i - 1, "<"))
				i--;
			group(p, i, right);
			while (i && !is_type(p, i - 1, ">;,:"))
				i--;
			/* What stopped the walk is looked at again. */
			right = i ? i - 1 : 0;
			word = true;
			continue;
		} else if (p->token[at].type >= WORD) {
			if (!word) {
				group(p, i, right);
				right = i;
			}
			word = false;
		} else if (is_type(p, at, ",")) {
			group(p, i, right);
			right = at;
			word = true;
		} else {
			word = true;
		}
		i--;
	}
	group(p, 0, right);
}

static struct str
join(const struct parser *p, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct str s;
	size_t i;

	for (i = p->start; i < p->end; i++) {
		const struct token *t = &p->token[i];

		buf_addstr(&b, t->type == LITERAL ? "[" : "");
		buf_add(&b, t->text.s, t->text.len);
		buf_addstr(&b, t->type == LITERAL ? "]" : "");
	}
	s = (struct str){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	return s;
}

static bool
brackets_only(const struct parser *p)
{
	size_t i, rest = 0;

	for (i = 0; i < p->n; i++)
		rest += !is_type(p, i, "<>");
	return rest == p->used;
}

bool
smtpd_address(const struct smtpd *smtpd, struct str typed, struct arena *a,
    struct str *internal)
{
	struct parser p = {0};
	size_t colon = str_find(typed, ':');

	*internal = STR("");
	if (!is_closed(typed))
		return false;
	/* A source route is dropped, whatever is in it. */
	if (typed.len && typed.s[0] == '@' && colon < typed.len)
		typed = (struct str){typed.s + colon + 1,
			typed.len - colon - 1};
	scan(&p, typed, a);
	parse(&p);
	if (p.addresses == 1)
		*internal = join(&p, a);
	return p.addresses < 2 && (!smtpd->set.strict_envelopes ||
	    (!p.comments && brackets_only(&p)));
}
