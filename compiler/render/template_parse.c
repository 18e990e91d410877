/*
 * A template's bytes become tags. Every slip of the file is reported and
 * skipped, so that the rest is still read. A section tag, a comment or a
 * partial that stands alone on its line takes the whole line with it, as
 * Mustache's specification has it.
 */
#include "render/program.h"

#include "base/buf.h"
#include "base/die.h"

#include <stdarg.h>
#include <stdlib.h>

struct parser {
	struct template_file *file;
	struct arena *arena;
	struct diag *diag;
	struct str src;
	size_t text;		/* where the text before the next tag starts */
	size_t seen;		/* the line and its start are those of here */
	uint32_t line;
	size_t line_start;
	struct tag *tag;
	size_t n, cap;
	size_t open[TEMPLATE_NESTING];	/* sections, by tag */
	size_t nopen;
	unsigned slips;
	bool stopped;		/* the rest is not worth a finding */
};

/* Places are asked for in the order of the file. */
static struct origin
place(struct parser *p, size_t pos)
{
	for (; p->seen < pos; p->seen++) {
		if (p->src.s[p->seen] == '\n') {
			p->line++;
			p->line_start = p->seen + 1;
		}
	}
	return (struct origin){p->file->at.source, p->line,
	    (uint32_t)(pos - p->line_start) + 1};
}

static size_t syntax(struct parser *p, struct origin at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static size_t
syntax(struct parser *p, struct origin at, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	p->file->broken = true;
	p->stopped |= ++p->slips == TEMPLATE_SLIPS;
	return diag_add(p->diag, FINDING_TEMPLATE_SYNTAX, at, "%s", what);
}

static struct tag *
add_tag(struct parser *p, enum tag_kind kind, struct origin at)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 32;
		p->tag = xrealloc(p->tag, mul_or_die(p->cap, sizeof(*p->tag)));
	}
	p->tag[p->n] = (struct tag){.kind = kind, .at = at};
	p->tag[p->n].end = p->n + 1;
	return &p->tag[p->n++];
}

static bool
opens_line(const struct parser *p, size_t pos)
{
	return !pos || p->src.s[pos - 1] == '\n';
}

static void
add_text(struct parser *p, size_t end)
{
	struct tag *tag;

	if (end <= p->text)
		return;
	tag = add_tag(p, TAG_TEXT, place(p, p->text));
	tag->opens_line = opens_line(p, p->text);
	tag->text = (struct str){p->src.s + p->text, end - p->text};
}

/*
 * Whether nothing but blanks surrounds a tag on its line; then *from is the
 * start of the line and *to the start of the next.
 */
static bool
stands_alone(const struct parser *p, size_t *from, size_t *to)
{
	const char *s = p->src.s;
	size_t start = *from, end = *to;

	while (start > p->text && (s[start - 1] == ' ' || s[start - 1] == '\t'))
		start--;
	while (end < p->src.len && (s[end] == ' ' || s[end] == '\t'))
		end++;
	if (end < p->src.len && s[end] == '\r')
		end++;
	if (!opens_line(p, start) || (end < p->src.len && s[end] != '\n') ||
	    (end == p->src.len && s[end - 1] == '\r'))
		return false;
	*from = start;
	*to = end < p->src.len ? end + 1 : end;
	return true;
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* "a", "a.b", "." or "-first". */
static bool
is_name(struct str s)
{
	bool part = false;
	size_t i;

	if (str_eq(s, STR(".")))
		return true;
	for (i = 0; i < s.len; i++) {
		if (s.s[i] != '.' && !is_name_char(s.s[i]))
			return false;
		if (s.s[i] == '.' && !part)
			return false;
		part = s.s[i] != '.';
	}
	return part;
}

static struct str
blanks_off(const struct parser *p, size_t from, size_t to)
{
	return str_trim((struct str){p->src.s + from, to - from});
}

static size_t
position(const struct parser *p, struct str part)
{
	return (size_t)(part.s - p->src.s);
}

static void
add_value(struct parser *p, size_t tag_at, size_t from, size_t to)
{
	struct str body = {p->src.s + from, to - from};
	size_t bar = str_find(body, '|');
	struct str name = blanks_off(p, from, from + bar);
	struct origin at = place(p, position(p, name));
	struct tag *tag;

	if (!is_name(name)) {
		syntax(p, at, "this is no name; a value is written "
		    "{{name.name}} or {{name|dialect}}");
		return;
	}
	tag = add_tag(p, TAG_VALUE, at);
	tag->text = name;
	tag->opens_line = opens_line(p, tag_at);
	if (bar < body.len) {
		struct str dialect = blanks_off(p, from + bar + 1, to);

		tag->dialect = dialect_named(dialect);
		if (!tag->dialect) {
			dialect_unknown(p->diag,
			    place(p, position(p, dialect)), dialect);
			p->file->broken = true;
		}
	}
}

static void
open_section(struct parser *p, enum tag_kind kind, struct str name,
    bool opens)
{
	struct origin at = place(p, position(p, name));
	bool bad = !is_name(name);
	struct tag *tag;

	if (p->nopen == TEMPLATE_NESTING) {
		syntax(p, at, "sections are nested too deep");
		p->stopped = true;
		return;
	}
	/* Kept even so: then its end is no second finding. */
	if (bad)
		syntax(p, at, "this is no name; a section is written "
		    "{{#name}}...{{/name}}");
	tag = add_tag(p, kind, at);
	tag->text = name;
	tag->bad = bad;
	tag->opens_line = opens;
	p->open[p->nopen++] = p->n - 1;
}

static void
not_closed(struct parser *p, const struct tag *tag)
{
	syntax(p, tag->at,
	    "the section '%.*s' is not closed; write {{/%.*s}} where it ends",
	    STR_SHORT(tag->text), STR_SHORT(tag->text));
}

/* Close the innermost section of that name and report those inside it. */
static void
close_section(struct parser *p, struct str name)
{
	struct origin at = place(p, position(p, name));
	size_t i = p->nopen;
	size_t finding;

	while (i && !str_eq(p->tag[p->open[i - 1]].text, name))
		i--;
	if (i) {
		while (p->nopen > i) {
			struct tag *inner = &p->tag[p->open[--p->nopen]];

			not_closed(p, inner);
			inner->end = p->n;
		}
		p->tag[p->open[--p->nopen]].end = p->n;
		return;
	}
	finding = syntax(p, at, "no section '%.*s' is open here; remove the "
	    "tag or name the section that ends", STR_SHORT(name));
	if (p->nopen) {
		const struct tag *open = &p->tag[p->open[p->nopen - 1]];

		diag_note(p->diag, finding, open->at,
		    "the innermost one that is open is '%.*s'",
		    STR_SHORT(open->text));
	}
}

static void
add_partial(struct parser *p, struct str name, size_t tag_at, bool alone,
    struct str indent)
{
	struct origin at = place(p, position(p, name));
	struct tag *tag;

	if (!template_name_ok(name)) {
		syntax(p, at, "this names no template; a partial is written "
		    "{{>directory/name}}, from the templates' directory on");
		return;
	}
	tag = add_tag(p, TAG_PARTIAL, at);
	tag->text = name;
	tag->alone = alone;
	tag->indent = indent;
	tag->opens_line = alone || opens_line(p, tag_at);
}

/* The kinds of Mustache that are not ours, or NULL. */
static const char *
refused_sigil(char c)
{
	switch (c) {
	case '{':
	case '&':
		return "there is no raw output; write {{name}}, or "
		    "{{name|plain}} for free text";
	case '=':
		return "the delimiters cannot be changed";
	case '<':
	case '$':
		return "there is no inheritance; use a partial, {{>name}}";
	}
	return NULL;
}

/* Whether "}}" follows: for all but comments, on the same line. */
static bool
find_close(const struct parser *p, size_t from, bool comment, size_t *close)
{
	const char *s = p->src.s;
	size_t i;

	for (i = from; i < p->src.len; i++) {
		if (s[i] == '\n' && !comment)
			break;
		if (s[i] == '}' && i + 1 < p->src.len && s[i + 1] == '}') {
			*close = i;
			return true;
		}
	}
	*close = i;
	return false;
}

/* The tag at "{{"; returns where to go on. */
static size_t
take_tag(struct parser *p, size_t tag_at)
{
	const char *s = p->src.s;
	size_t from = tag_at + 2;
	char sigil = from < p->src.len ? s[from] : '\0';
	size_t text_end = tag_at, close, next;
	const char *refused = refused_sigil(sigil);
	struct str name;
	bool alone = false;

	if (!find_close(p, from, sigil == '!', &close)) {
		add_text(p, tag_at);
		syntax(p, place(p, tag_at), sigil == '!' ?
		    "this comment does not end; write }} behind it" :
		    "this tag does not end; write }} on the same line");
		return p->text = close;
	}
	next = close + 2;
	if (refused) {
		add_text(p, tag_at);
		syntax(p, place(p, tag_at), "%s", refused);
		if (sigil == '{' && next < p->src.len && s[next] == '}')
			next++;
		return p->text = next;
	}
	if (sigil != '\0' && strchr("#^/!>", sigil)) {
		from++;
		alone = stands_alone(p, &text_end, &next);
	}
	add_text(p, text_end);
	p->text = next;
	name = blanks_off(p, from, close);
	if (sigil == '#' || sigil == '^')
		open_section(p, sigil == '#' ? TAG_SECTION : TAG_INVERTED,
		    name, !alone && opens_line(p, tag_at));
	else if (sigil == '/')
		close_section(p, name);
	else if (sigil == '>')
		add_partial(p, name, tag_at, alone,
		    (struct str){s + text_end, tag_at - text_end});
	else if (sigil != '!')
		add_value(p, tag_at, from, close);
	return next;
}

bool
template_parse(struct template_file *file, struct str bytes, struct arena *a,
    struct diag *d)
{
	struct parser p = {.file = file, .arena = a, .diag = d,
	    .src = bytes, .line = 1};
	const char *nul = bytes.len ? memchr(bytes.s, '\0', bytes.len) : NULL;
	size_t pos = 0;

	if (nul) {
		syntax(&p, place(&p, (size_t)(nul - bytes.s)),
		    "a NUL byte; a template is text");
		return false;
	}
	while (pos + 1 < bytes.len && !p.stopped) {
		if (bytes.s[pos] == '{' && bytes.s[pos + 1] == '{')
			pos = take_tag(&p, pos);
		else
			pos++;
	}
	add_text(&p, bytes.len);
	while (p.nopen) {
		struct tag *tag = &p.tag[p.open[--p.nopen]];

		if (!p.stopped)
			not_closed(&p, tag);
		tag->end = p.n;
	}
	file->ntag = p.n;
	file->tag = ARENA_ARRAY(a, struct tag, p.n);
	if (p.n)
		memcpy(file->tag, p.tag, p.n * sizeof(*p.tag));
	free(p.tag);
	return !file->broken;
}
