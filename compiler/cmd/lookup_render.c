/*
 * Values as `puppet lookup` prints them: Ruby's JSON generator, and Psych
 * over libyaml's emitter.
 */
#include "cmd/lookup.h"

#include "base/die.h"
#include "tree/yaml_scalar.h"

#include <math.h>
#include <yaml.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct writer {
	yaml_emitter_t emitter;
	struct arena arena;		/* what typing leaves behind */
	pcre2_code *word;
	pcre2_match_data *match;
};

/* The bytes of the character at s, 0 where it is no UTF-8. */
static size_t
utf8_length(struct str s)
{
	unsigned char c = (unsigned char)s.s[0];
	size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2, i;

	if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || len > s.len)
		return 0;
	for (i = 1; i < len; i++)
		if (((unsigned char)s.s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static bool
json_string(struct buf *b, struct str s)
{
	static const char from[] = "\"\\\n\r\t\f\b", to[] = "\"\\nrtfb";
	size_t i, len, plain = 0;

	buf_addch(b, '"');
	for (i = 0; i < s.len; i += len) {
		unsigned char c = (unsigned char)s.s[i];
		const char *escape;

		len = c < 0x80 ? 1 :
		    utf8_length((struct str){s.s + i, s.len - i});
		if (!len)
			return false;
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, s.s + plain, i - plain);
		plain = i + 1;
		escape = c ? strchr(from, c) : NULL;
		if (escape)
			buf_printf(b, "\\%c", to[escape - from]);
		else
			buf_printf(b, "\\u%04x", c);
	}
	buf_add(b, s.s + plain, s.len - plain);
	buf_addch(b, '"');
	return true;
}

static bool
json_pairs(struct buf *b, const struct value *v)
{
	struct buf key = BUF_INIT;
	bool ok = true;
	uint32_t i;

	buf_addch(b, '{');
	for (i = 0; ok && i < v->len; i++) {
		if (i)
			buf_addch(b, ',');
		buf_clear(&key);
		ruby_text(&key, &v->u.hash->pair[i].key);
		ok = json_string(b, (struct str){key.s, key.len});
		buf_addch(b, ':');
		ok = ok && render_json(b, &v->u.hash->pair[i].value);
	}
	buf_addch(b, '}');
	buf_release(&key);
	return ok;
}

bool
render_json(struct buf *b, const struct value *v)
{
	bool ok = true;
	uint32_t i;

	switch ((enum value_kind)v->kind) {
	case VALUE_NULL:
		buf_addstr(b, "null");
		return true;
	case VALUE_STRING:
	case VALUE_SYMBOL:
		return json_string(b, value_str(v));
	case VALUE_LIST:
		buf_addch(b, '[');
		for (i = 0; ok && i < v->len; i++) {
			if (i)
				buf_addch(b, ',');
			ok = render_json(b, &v->u.item[i]);
		}
		buf_addch(b, ']');
		return ok;
	case VALUE_HASH:
		return json_pairs(b, v);
	case VALUE_FLOAT:
		if (!isfinite(v->u.f))
			return false;
		break;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_BIGINT:
	case VALUE_BAD:
		break;
	}
	ruby_text(b, v);
	return true;
}

/* Ruby's [[:word:]], in which a euro sign or a wide blank is none. */
static bool
is_word(struct writer *w, struct str s)
{
	unsigned char c = (unsigned char)s.s[0];
	size_t len;

	if (c < 0x80)
		return c == '_' || (c >= '0' && c <= '9') ||
		    (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
	len = utf8_length(s);
	return !len || pcre2_match(w->word, (PCRE2_SPTR)s.s, len, 0, 0,
	    w->match, NULL) > 0;
}

static void
compile_word(struct writer *w)
{
	static const char pattern[] = "[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]";
	PCRE2_SIZE offset;
	int error;

	w->word = pcre2_compile((PCRE2_SPTR)pattern, sizeof(pattern) - 1,
	    PCRE2_UTF, &error, &offset, NULL);
	w->match = pcre2_match_data_create(1, NULL);
	if (!w->word || !w->match)
		die("out of memory (writing YAML)");
}

/* On one line: no word character first, and no double quote behind it. */
static bool
wants_double_quotes(struct writer *w, struct str s)
{
	return !is_word(w, s) &&
	    !memchr(s.s + 1, '"', s.len - 1);
}

/* Another type without quotes, or an octal number that is none. */
static bool
is_typed(struct arena *a, struct str s)
{
	struct value v;
	size_t i = 1;

	if (scalar_psych(a, s, &v) != SCALAR_OK || v.kind != VALUE_STRING)
		return true;
	if (s.s[0] != '0')
		return false;
	while (i < s.len && s.s[i] >= '0' && s.s[i] <= '7')
		i++;
	return i < s.len && (s.s[i] == '8' || s.s[i] == '9');
}

/* A line break with more behind it than one other. */
static bool
has_lines(struct str s)
{
	const char *line = s.len ? memchr(s.s, '\n', s.len) : NULL;
	size_t rest = line ? s.len - (size_t)(line - s.s) - 1 : 0;

	return rest > 1 || (rest == 1 && line[1] != '\n');
}

/* The style that Psych asks libyaml's emitter for. */
static yaml_scalar_style_t
string_style(struct writer *w, struct str s)
{
	if (has_lines(s))
		return YAML_LITERAL_SCALAR_STYLE;
	if (str_eq(s, STR("y")) || str_eq(s, STR("n")))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (!s.len || str_eq(s, STR("<<")))
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	if (wants_double_quotes(w, s))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return is_typed(&w->arena, s) ? YAML_SINGLE_QUOTED_SCALAR_STYLE :
	    YAML_PLAIN_SCALAR_STYLE;
}

static bool
emit_scalar(struct writer *w, struct str s, yaml_scalar_style_t style,
    bool is_string)
{
	static const char tag[] = "tag:yaml.org,2002:str";
	/* A merge key that is a string says so. */
	bool tagged = is_string && str_eq(s, STR("<<"));
	yaml_event_t event;

	return s.len <= INT32_MAX && yaml_scalar_event_initialize(&event,
	    NULL, tagged ? (const yaml_char_t *)tag : NULL,
	    (const yaml_char_t *)s.s, (int)s.len, !tagged,
	    is_string && !tagged, style) &&
	    yaml_emitter_emit(&w->emitter, &event);
}

static bool
emit(struct writer *w, const struct value *v)
{
	struct buf b = BUF_INIT;
	yaml_event_t event;
	bool ok;
	uint32_t i;

	if (v->kind == VALUE_LIST) {
		ok = yaml_sequence_start_event_initialize(&event, NULL, NULL,
		    true, YAML_BLOCK_SEQUENCE_STYLE) &&
		    yaml_emitter_emit(&w->emitter, &event);
		for (i = 0; ok && i < v->len; i++)
			ok = emit(w, &v->u.item[i]);
		return ok && yaml_sequence_end_event_initialize(&event) &&
		    yaml_emitter_emit(&w->emitter, &event);
	}
	if (v->kind == VALUE_HASH) {
		ok = yaml_mapping_start_event_initialize(&event, NULL, NULL,
		    true, YAML_BLOCK_MAPPING_STYLE) &&
		    yaml_emitter_emit(&w->emitter, &event);
		for (i = 0; ok && i < v->len; i++)
			ok = emit(w, &v->u.hash->pair[i].key) &&
			    emit(w, &v->u.hash->pair[i].value);
		return ok && yaml_mapping_end_event_initialize(&event) &&
		    yaml_emitter_emit(&w->emitter, &event);
	}
	if (v->kind == VALUE_STRING)
		return emit_scalar(w, value_str(v),
		    string_style(w, value_str(v)), true);
	if (v->kind == VALUE_FLOAT && !isfinite(v->u.f))
		buf_addstr(&b, isnan(v->u.f) ? ".nan" :
		    v->u.f < 0 ? "-.inf" : ".inf");
	else if (v->kind == VALUE_SYMBOL)
		buf_printf(&b, ":%.*s", STR_ARG(value_str(v)));
	else
		ruby_text(&b, v);
	ok = emit_scalar(w, (struct str){b.s, b.len},
	    YAML_PLAIN_SCALAR_STYLE, false);
	buf_release(&b);
	return ok;
}

static int
write_out(void *b, unsigned char *s, size_t len)
{
	buf_add(b, (const char *)s, len);
	return 1;
}

bool
render_yaml(struct buf *b, const struct value *v)
{
	struct writer w;
	yaml_event_t event;
	bool ok;

	arena_init(&w.arena);
	compile_word(&w);
	if (!yaml_emitter_initialize(&w.emitter))
		die("out of memory (writing YAML)");
	yaml_emitter_set_output(&w.emitter, write_out, b);
	yaml_emitter_set_unicode(&w.emitter, true);
	ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	    yaml_emitter_emit(&w.emitter, &event) &&
	    yaml_document_start_event_initialize(&event, NULL, NULL, NULL,
	        false) && yaml_emitter_emit(&w.emitter, &event) &&
	    emit(&w, v) &&
	    yaml_document_end_event_initialize(&event, true) &&
	    yaml_emitter_emit(&w.emitter, &event) &&
	    yaml_stream_end_event_initialize(&event) &&
	    yaml_emitter_emit(&w.emitter, &event);
	yaml_emitter_delete(&w.emitter);
	pcre2_match_data_free(w.match);
	pcre2_code_free(w.word);
	arena_release(&w.arena);
	return ok;
}
