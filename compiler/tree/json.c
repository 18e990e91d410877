/*
 * jansson says whether the text is JSON; the reader here walks it once more
 * for what jansson does not keep: the places, integers of any size, and the
 * order in which a key that stands twice was written. Where the two do not
 * agree the file is refused.
 */
#include "tree/json.h"

#include "base/die.h"
#include "base/file.h"
#include "tree/yaml_reader.h"
#include "tree/yaml_scalar.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum {
	LARGEST_JSON = 512 * 1024 * 1024,
	NESTING_LIMIT = 100,	/* as in Ruby's JSON */
};

struct json_reader {
	struct yaml_reader base;	/* for the end of a hash */
	const char *p, *end;
	const char *line_start;
	uint32_t line;
	struct buf text;
	unsigned depth;
	const char *wrong;	/* why the reading stopped */
};

static struct origin
place(const struct json_reader *r)
{
	return (struct origin){r->base.source, r->line,
	    (uint32_t)(r->p - r->line_start) + 1};
}

static char
peek(const struct json_reader *r)
{
	return r->p < r->end ? *r->p : '\0';
}

static void
skip_blanks(struct json_reader *r)
{
	for (; r->p < r->end; r->p++) {
		if (*r->p == '\n') {
			r->line++;
			r->line_start = r->p + 1;
		} else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
			return;
		}
	}
}

static bool
stop(struct json_reader *r, const char *why)
{
	r->wrong = why;
	return false;
}

static bool
expect(struct json_reader *r, char c)
{
	skip_blanks(r);
	if (peek(r) != c)
		return stop(r, "it is not JSON");
	r->p++;
	return true;
}

static bool
hex4(struct json_reader *r, uint32_t *code)
{
	int i;

	*code = 0;
	for (i = 0; i < 4; i++) {
		unsigned char c = ascii_lower((unsigned char)peek(r));

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return stop(r, "an escape \\u wants four hexadecimal "
			    "digits");
		*code = *code << 4 |
		    (uint32_t)(c > '9' ? c - 'a' + 10 : c - '0');
		r->p++;
	}
	return true;
}

static void
add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addch(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addch(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addch(b, (char)(0xe0 | c >> 12));
		} else {
			buf_addch(b, (char)(0xf0 | c >> 18));
			buf_addch(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_addch(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_addch(b, (char)(0x80 | (c & 0x3f)));
}

/* Behind "\u"; a high surrogate takes the low one with it. */
static bool
read_unicode(struct json_reader *r)
{
	uint32_t code, low;

	if (!hex4(r, &code))
		return false;
	if (code >= 0xd800 && code < 0xdc00) {
		if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
			return stop(r, "half of a surrogate pair");
		r->p += 2;
		if (!hex4(r, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return stop(r, "half of a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	} else if (code >= 0xdc00 && code < 0xe000) {
		return stop(r, "half of a surrogate pair");
	}
	add_utf8(&r->text, code);
	return true;
}

static bool
read_escape(struct json_reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = peek(r);
	const char *at = c ? strchr(from, c) : NULL;

	r->p++;
	if (c == 'u')
		return read_unicode(r);
	if (!at)
		return stop(r, "an unknown escape");
	buf_addch(&r->text, to[at - from]);
	return true;
}

static bool
read_string(struct json_reader *r, struct value *v)
{
	struct origin at = place(r);

	if (!expect(r, '"'))
		return false;
	buf_clear(&r->text);
	for (;;) {
		const char *from = r->p;

		while (r->p < r->end && *r->p != '"' && *r->p != '\\' &&
		    (unsigned char)*r->p >= 0x20)
			r->p++;
		buf_add(&r->text, from, (size_t)(r->p - from));
		if (peek(r) == '"')
			break;
		if (peek(r) != '\\')
			return stop(r, "a string does not end on its line");
		r->p++;
		if (!read_escape(r))
			return false;
	}
	r->p++;
	*v = value_string(r->base.arena,
	    (struct str){r->text.s, r->text.len}, at);
	return true;
}

static bool
read_number(struct json_reader *r, struct value *v)
{
	const char *from = r->p;
	struct str s;

	while (r->p < r->end && *r->p && strchr("+-.0123456789eE", *r->p))
		r->p++;
	s = (struct str){from, (size_t)(r->p - from)};
	*v = value_at(VALUE_FLOAT, place(r));
	v->column = (uint16_t)(v->column - (s.len < v->column ? s.len : 0));
	if (memchr(s.s, '.', s.len) || memchr(s.s, 'e', s.len) ||
	    memchr(s.s, 'E', s.len)) {
		buf_clear(&r->text);
		buf_add(&r->text, s.s, s.len);
		v->u.f = strtod(r->text.s, NULL);
		return true;
	}
	if (*from == '-')
		s = (struct str){from + 1, s.len - 1};
	if (scalar_integer(r->base.arena, s, 10, *from == '-', v) != SCALAR_OK)
		return stop(r, "a number has more than 4096 digits");
	return true;
}

static bool
read_word(struct json_reader *r, struct value *v)
{
	static const char *const word[] = {"null", "false", "true"};
	size_t i, len;

	for (i = 0; i < 3; i++) {
		len = strlen(word[i]);
		if ((size_t)(r->end - r->p) < len ||
		    memcmp(r->p, word[i], len))
			continue;
		*v = value_at(i ? VALUE_BOOL : VALUE_NULL, place(r));
		if (i)
			v->u.b = i == 2;
		r->p += len;
		return true;
	}
	return stop(r, "it is not JSON");
}

static void
keep(struct json_reader *r, const struct value *v)
{
	struct yaml_reader *b = &r->base;

	if (b->top == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 256;
		b->stack = xrealloc(b->stack,
		    mul_or_die(b->cap, sizeof(*b->stack)));
	}
	b->stack[b->top++] = *v;
}

static bool
read_value(struct json_reader *r, struct value *v);

static bool
read_items(struct json_reader *r, bool is_hash)
{
	char close = is_hash ? '}' : ']';
	struct value v;

	r->p++;
	skip_blanks(r);
	if (peek(r) == close) {
		r->p++;
		return true;
	}
	for (;;) {
		skip_blanks(r);
		if (is_hash) {
			if (!read_string(r, &v) || !expect(r, ':'))
				return false;
			keep(r, &v);
		}
		if (!read_value(r, &v))
			return false;
		keep(r, &v);
		skip_blanks(r);
		if (peek(r) != ',')
			return expect(r, close);
		r->p++;
	}
}

static bool
read_collection(struct json_reader *r, struct value *v)
{
	struct yaml_reader *b = &r->base;
	bool is_hash = peek(r) == '{';
	struct frame frame = {
		.value = value_at(is_hash ? VALUE_HASH : VALUE_LIST, place(r)),
		.base = b->top,
	};
	struct hash *hash;
	size_t n;

	if (r->depth == NESTING_LIMIT)
		return stop(r, "collections nest deeper than 100 levels");
	r->depth++;
	if (!read_items(r, is_hash))
		return false;
	r->depth--;
	n = b->top - frame.base;
	if (is_hash) {
		hash = value_hash_alloc(b->arena, n / 2);
		if (n)
			memcpy(hash->pair, b->stack + frame.base,
			    n * sizeof(*b->stack));
		*v = yaml_hash(b, hash, n / 2, &frame);
	} else {
		*v = value_list(b->arena, b->stack + frame.base, n,
		    value_origin(&frame.value));
	}
	b->top = frame.base;
	return true;
}

static bool
read_value(struct json_reader *r, struct value *v)
{
	char c;

	skip_blanks(r);
	c = peek(r);
	if (c == '{' || c == '[')
		return read_collection(r, v);
	if (c == '"')
		return read_string(r, v);
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(r, v);
	return read_word(r, v);
}

/* jansson's opinion; its column counts the characters read so far. */
static bool
is_json(struct diag *d, uint32_t source, struct str text)
{
	json_error_t error;
	json_t *json = json_loadb(text.s, text.len, JSON_DECODE_ANY |
	    JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);

	if (json) {
		json_decref(json);
		return true;
	}
	diag_add(d, FINDING_JSON_SYNTAX, (struct origin){source,
	    error.line > 0 ? (uint32_t)error.line : 1,
	    error.column > 0 ? (uint32_t)error.column : 1}, "%s", error.text);
	return false;
}

static enum tree_result
parse(struct arena *a, struct diag *d, uint32_t source, struct str text,
    struct value *v)
{
	struct json_reader r = {
		.base = {.arena = a, .diag = d, .source = source},
		.p = text.s, .end = text.s + text.len,
		.line_start = text.s, .line = 1,
		.text = BUF_INIT,
	};
	bool ok;

	if (!is_json(d, source, text))
		return TREE_BROKEN;
	ok = read_value(&r, v);
	skip_blanks(&r);
	if (ok && r.p != r.end)
		ok = stop(&r, "something stands behind its end");
	if (!ok) {
		diag_add(d, FINDING_JSON_SYNTAX, place(&r), "%s",
		    r.wrong);
		*v = value_at(VALUE_BAD, place(&r));
	}
	free(r.base.stack);
	buf_release(&r.text);
	return ok ? TREE_OK : TREE_BROKEN;
}

enum tree_result
json_read(struct arena *a, struct diag *d, const char *path,
    const char *file, struct value *v)
{
	struct buf b = BUF_INIT;
	enum file_error why = file_read(file, LARGEST_JSON, &b);
	enum tree_result result = TREE_BROKEN;
	uint32_t source;

	*v = value_at(VALUE_BAD, ORIGIN_NONE);
	if (why == FILE_MISSING) {
		buf_release(&b);
		return TREE_MISSING;
	}
	source = sources_add(d->sources, path, file);
	if (why != FILE_OK)
		diag_add(d, FINDING_FILE_UNREADABLE,
		    (struct origin){source, 0, 0}, "the file %s",
		    file_error_text(why));
	else
		result = parse(a, d, source, (struct str){b.s, b.len}, v);
	buf_release(&b);
	return result;
}
