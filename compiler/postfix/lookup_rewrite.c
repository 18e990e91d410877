/*
 * Addresses taken apart as RFC 822 has it (tok822(3)), completed as
 * trivial-rewrite does it for local mail, and the addresses in the result of
 * a table. A result may hold any text: phrases, comments, groups, routes.
 */
#include "postfix/lookup_inside.h"

#include "base/buf.h"
#include "postfix/table_inside.h"

/* An operator is its own character; the others are words. */
enum { TOKEN_ATOM = 256, TOKEN_QUOTED, TOKEN_LITERAL, TOKEN_COMMENT };

struct token {
	int type;
	bool added;		/* by us: no blank follows it */
	struct str text;	/* of a word, without quotes or brackets */
};

struct tokens {
	struct token *token;
	int n;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_operator(char c)
{
	switch (c) {
	case '|': case '%': case '!': case '(': case ')': case '<': case '>':
	case '@': case ',': case ';': case ':': case '"': case '.': case '[':
	case ']':
		return true;
	default:
		return false;
	}
}

/* Behind the comment that is open at i. */
static size_t
comment_end(struct str s, size_t i)
{
	size_t level = 1;

	for (; i < s.len && level; i++) {
		if (s.s[i] == '\\')
			i++;
		else if (s.s[i] == '(')
			level++;
		else if (s.s[i] == ')')
			level--;
	}
	return i < s.len ? i : s.len;
}

/*
 * Gather a word from i on, up to end (of quotes and brackets) or an
 * operator; behind it.
 */
static size_t
word_end(struct str s, size_t i, char end, struct arena *a,
    struct token *token)
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
	token->text = (struct str){to, n};
	return end && i < s.len ? i + 1 : i;
}

/* An atom with what no atom may hold was written with backslashes. */
static int
atom_type(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c <= ' ' || c == 0x7f || c == '\\' ||
		    is_operator(text.s[i]))
			return TOKEN_QUOTED;
	}
	return TOKEN_ATOM;
}

static struct tokens
scan(struct str s, bool comments, struct arena *a)
{
	struct tokens tokens = {
		.token = ARENA_ARRAY(a, struct token, s.len + 1),
	};
	size_t i = 0, start;

	while (i < s.len) {
		struct token *token = &tokens.token[tokens.n];
		char c = s.s[i];

		if (is_blank(c)) {
			i++;
			continue;
		}
		token->type = (unsigned char)c;
		if (c == '(') {
			start = i;
			i = comment_end(s, i + 1);
			if (!comments)
				continue;
			token->type = TOKEN_COMMENT;
			token->text = (struct str){s.s + start, i - start};
			tokens.n++;
			continue;
		}
		if (c == '[') {
			token->type = TOKEN_LITERAL;
			i = word_end(s, i + 1, ']', a, token);
		} else if (c == '"') {
			token->type = TOKEN_QUOTED;
			i = word_end(s, i + 1, '"', a, token);
		} else if (is_operator(c)) {
			i++;
		} else {
			i = word_end(s, i, '\0', a, token);
			token->type = atom_type(token->text);
		}
		tokens.n++;
	}
	return tokens;
}

/* Where Postfix writes a blank between two tokens. */
static bool
blank_between(const struct token *left, const struct token *right)
{
	if (left->added)
		return false;
	return left->type == ',' || right->type == '<' ||
	    (left->type >= TOKEN_ATOM && right->type >= TOKEN_ATOM);
}

/* The internal form: words as they are, without quotes. */
static struct str
join(struct tokens tokens, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct str out;
	int i;

	for (i = 0; i < tokens.n; i++) {
		const struct token *token = &tokens.token[i];

		if (token->type < TOKEN_ATOM)
			buf_addch(&b, (char)token->type);
		if (token->type == TOKEN_LITERAL)
			buf_addch(&b, '[');
		buf_add(&b, token->text.s, token->text.len);
		if (token->type == TOKEN_LITERAL)
			buf_addch(&b, ']');
		if (i + 1 < tokens.n && blank_between(token, token + 1))
			buf_addch(&b, ' ');
	}
	out = (struct str){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

/* The form that can be taken apart again: words in quotes or brackets. */
static struct str
externalize(const struct token *token, int n, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct str out;
	size_t j;
	int i;

	for (i = 0; i < n; i++) {
		int type = token[i].type;
		const char *special = type == TOKEN_QUOTED ? "\"\\\r\n" :
		    type == TOKEN_LITERAL ? "\\\r\n" : "";

		if (type != TOKEN_ATOM && type != TOKEN_COMMENT)
			buf_addch(&b, type == TOKEN_QUOTED ? '"' :
			    type == TOKEN_LITERAL ? '[' : (char)type);
		for (j = 0; j < token[i].text.len; j++) {
			if (strchr(special, token[i].text.s[j]))
				buf_addch(&b, '\\');
			buf_addch(&b, token[i].text.s[j]);
		}
		if (type == TOKEN_QUOTED || type == TOKEN_LITERAL)
			buf_addch(&b, type == TOKEN_QUOTED ? '"' : ']');
	}
	out = (struct str){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

/* The first token of a type from i on, or -1. */
static int
find(const struct tokens *tokens, int i, int type)
{
	for (; i < tokens->n; i++)
		if (tokens->token[i].type == type)
			return i;
	return -1;
}

static int
find_last(const struct tokens *tokens, int type)
{
	int i;

	for (i = tokens->n - 1; i >= 0; i--)
		if (tokens->token[i].type == type)
			break;
	return i;
}

/* Append an operator and the tokens of a domain. */
static void
append(struct tokens *tokens, int operator, struct str domain,
    struct arena *a)
{
	struct tokens more = scan(domain, true, a);
	struct tokens all = {.token = ARENA_ARRAY(a, struct token,
	    (size_t)(tokens->n + more.n) + 1)};
	int i;

	memcpy(all.token, tokens->token,
	    (size_t)tokens->n * sizeof(*all.token));
	all.n = tokens->n;
	all.token[all.n++] = (struct token){.type = operator, .added = true};
	for (i = 0; i < more.n; i++) {
		all.token[all.n] = more.token[i];
		all.token[all.n++].added = true;
	}
	*tokens = all;
}

/* host!user becomes user@host. */
static void
swap_bang(struct tokens *tokens, int bang, struct arena *a)
{
	struct tokens all = {.token = ARENA_ARRAY(a, struct token,
	    (size_t)tokens->n)};
	int users = tokens->n - bang - 1;

	memcpy(all.token, tokens->token + bang + 1,
	    (size_t)users * sizeof(*all.token));
	all.token[users] = (struct token){.type = '@', .added = true};
	memcpy(all.token + users + 1, tokens->token,
	    (size_t)bang * sizeof(*all.token));
	all.n = tokens->n;
	*tokens = all;
}

/* Give an address without "@" its domain. */
static void
add_domain(const struct address_rules *rules, struct tokens *tokens,
    struct arena *a)
{
	int bang = find(tokens, 0, '!'), percent = find_last(tokens, '%');

	if (rules->swap_bangpath && bang >= 0)
		swap_bang(tokens, bang, a);
	else if (rules->percent_hack && percent >= 0)
		tokens->token[percent].type = '@';
	else if (rules->append_at_myorigin && rules->origin.len)
		append(tokens, '@', rules->origin, a);
}

static void
rewrite(const struct address_rules *rules, struct tokens *tokens,
    struct arena *a)
{
	struct token *first = tokens->token;
	int colon, at;

	/* The null sender, and what is nothing but "@". */
	if (tokens->n == 1 && first->type == TOKEN_QUOTED && !first->text.len)
		return;
	if (tokens->n == 1 && first->type == '@') {
		tokens->n = 0;
		return;
	}
	colon = find(tokens, 0, ':');
	if (tokens->n && first->type == '@' && colon >= 0 &&
	    colon < tokens->n - 1) {
		tokens->token += colon + 1;
		tokens->n -= colon + 1;
	}
	if (find_last(tokens, '@') < 0)
		add_domain(rules, tokens, a);
	at = find_last(tokens, '@');
	if (rules->append_dot_mydomain && rules->domain.len && at >= 0 &&
	    at < tokens->n - 1 && find(tokens, at, TOKEN_LITERAL) < 0 &&
	    find(tokens, at, '.') < 0)
		append(tokens, '.', rules->domain, a);
	if (tokens->n > 1 && tokens->token[tokens->n - 1].type == '.' &&
	    tokens->token[tokens->n - 2].type != '.' &&
	    tokens->token[tokens->n - 2].type != '@')
		tokens->n--;
}

/* What the rewrite service makes of an address in quoted form. */
static struct str
canonical(const struct address_rules *rules, struct str quoted,
    struct arena *a)
{
	struct tokens tokens = scan(quoted, true, a);

	rewrite(rules, &tokens, a);
	return address_unquote(address_quote(join(tokens, a), a), a);
}

/*
 * Most addresses: atoms and dots, one "@", a dot in the domain and none at
 * its end. Each is read many times, so that a character is one look.
 */
bool
address_is_plain(struct str address)
{
	static const uint64_t plain[4] = {
		UINT64_C(1) << '+' | UINT64_C(1) << '-' |
		    UINT64_C(0x3ff) << '0' | UINT64_C(1) << '=',
		UINT64_C(0x3ffffff) << ('A' - 64) | UINT64_C(1) << ('_' - 64) |
		    UINT64_C(0x3ffffff) << ('a' - 64), 0, 0,
	};
	const unsigned char *s = (const unsigned char *)address.s;
	size_t i, at = 0, dot = 0;

	for (i = 0; i < address.len; i++) {
		if (plain[s[i] / 64] >> s[i] % 64 & 1)
			continue;
		if (s[i] == '@' && i && !at)
			at = i;
		else if (s[i] == '.' && i && s[i - 1] != '.' &&
		    s[i - 1] != '@')
			dot = i;
		else
			return false;
	}
	return at && dot > at && dot + 1 < address.len && s[at - 1] != '.';
}

struct str
address_rewrite(const struct address_rules *rules, struct str address,
    struct arena *a)
{
	if (!address.len || address_is_plain(address))
		return address;
	return canonical(rules, address_quote(address, a), a);
}

/* Addresses as they are found, from the last to the first. */
struct finder {
	const struct address_rules *rules;	/* NULL: as they stand */
	struct str extension;
	struct arena *arena;
	const struct tokens *tokens;
	struct address_list *list;
};

static void
found(struct finder *f, int from, int to)
{
	struct str address;
	size_t at;
	char *s;

	if (from >= to)
		return;
	if (f->rules)
		address = canonical(f->rules, externalize(f->tokens->token +
		    from, to - from, f->arena), f->arena);
	else
		address = join((struct tokens){f->tokens->token + from,
		    to - from}, f->arena);
	if (f->extension.len) {
		at = address_at(address);
		s = arena_bytes(f->arena, address.len + f->extension.len + 1);
		memcpy(s, address.s, at);
		memcpy(s + at, f->extension.s, f->extension.len);
		memcpy(s + at + f->extension.len, address.s + at,
		    address.len - at);
		address = (struct str){s, address.len + f->extension.len};
	}
	f->list->address[f->list->n++] = address;
}

/* Left of i, the nearest token of one of the types, or -1. */
static int
skip_to(const struct tokens *tokens, int i, const char *types)
{
	for (; i >= 0; i--)
		if (tokens->token[i].type < TOKEN_ATOM &&
		    strchr(types, tokens->token[i].type))
			break;
	return i;
}

/*
 * A list of addresses is parsed from its end: only there it is known
 * whether the words in front of a "<" are a phrase.
 */
static void
find_addresses(struct finder *f)
{
	const struct tokens *tokens = f->tokens;
	bool word = true, group = false;
	int i, left, right = tokens->n;

	for (i = tokens->n - 1; i >= 0; i--) {
		int type = tokens->token[i].type;

		if (type == ';' || type == ',') {
			found(f, i + 1, right);
			right = i;
			group = group || type == ';';
			word = true;
		} else if (type == ':' && group) {
			found(f, i + 1, right);
			right = skip_to(tokens, i, ",");
			i = right + 1;
		} else if (type == '>') {
			found(f, i + 1, right);
			left = skip_to(tokens, i - 1, "<");
			found(f, left + 1, i);
			right = skip_to(tokens, left, ">;,:");
			i = right + 1;
			word = true;
		} else if (type >= TOKEN_ATOM) {
			if (!word) {
				found(f, i + 1, right);
				right = i + 1;
			}
			word = false;
		} else {
			word = true;
		}
	}
	found(f, 0, right);
}

static void
find_all(const struct address_rules *rules, struct str text,
    struct str extension, struct arena *a, struct address_list *list)
{
	struct tokens tokens = scan(text, false, a);
	struct finder f = {rules, extension, a, &tokens, list};
	size_t i;

	list->n = 0;
	list->address = ARENA_ARRAY(a, struct str, (size_t)tokens.n + 1);
	find_addresses(&f);
	for (i = 0; i < list->n / 2; i++) {
		struct str one = list->address[i];

		list->address[i] = list->address[list->n - 1 - i];
		list->address[list->n - 1 - i] = one;
	}
}

/* "user@domain, user@domain", none of which anything is done to. */
static bool
split_plain(struct str text, struct arena *a, struct address_list *list)
{
	size_t n = 1, i;

	for (i = 0; i < text.len; i++)
		n += text.s[i] == ',';
	*list = (struct address_list){ARENA_ARRAY(a, struct str, n), 0};
	for (i = 0; i < n; i++) {
		size_t end = str_find(text, ',');
		struct str one = text_trim((struct str){text.s, end});

		if (!address_is_plain(one))
			return false;
		list->address[list->n++] = one;
		text = str_from(text, end + (end < text.len));
	}
	return true;
}

void
address_crunch(const struct address_rules *rules, struct str text,
    struct str extension, struct arena *a, struct address_list *list)
{
	if (!extension.len && split_plain(text, a, list))
		return;
	if (!text.len || str_eq(text, STR("<>")))
		text = STR("\"\"");
	find_all(rules, text, extension, a, list);
}

void
address_read(struct str text, struct arena *a, struct address_list *list)
{
	find_all(NULL, text, (struct str){0}, a, list);
}
