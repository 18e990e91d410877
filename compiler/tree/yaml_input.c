/*
 * Lines are counted as libyaml does (LF, CR, CRLF, NEL, LS, PS). Most files
 * are plain ASCII with LF: for them a block costs one pass that the compiler
 * turns into vector code.
 */
#include "tree/yaml_input.h"

#include "base/die.h"

#include <stdlib.h>

enum {
	LARGEST_FILE = 512 * 1024 * 1024,
	LARGEST_TOKEN = 32 * 1024 * 1024,
	BLOCK = 64,
	LINES_KEPT = 4,		/* how far marks may step back */
};

void
yaml_input_release(struct yaml_input *in)
{
	free(in->wide);
	in->wide = NULL;
}

static void
note_wide(struct yaml_input *in, uint32_t extra)
{
	if (in->nwide == in->cap && in->seen > in->cap / 2) {
		in->nwide -= in->seen;
		memmove(in->wide, in->wide + in->seen,
		    in->nwide * sizeof(*in->wide));
		in->last_index -= in->seen;
		in->seen = 0;
	}
	if (in->nwide == in->cap) {
		in->cap = in->cap ? in->cap * 2 : 64;
		in->wide = xrealloc(in->wide,
		    mul_or_die(in->cap, sizeof(*in->wide)));
	}
	in->wide[in->nwide++] = (struct wide){in->line, in->column, extra};
}

static bool
is_wide_break(const unsigned char *c, uint32_t len)
{
	return (len == 2 && c[0] == 0xc2 && c[1] == 0x85) ||
	    (len == 3 && c[0] == 0xe2 && c[1] == 0x80 &&
	     (c[2] == 0xa8 || c[2] == 0xa9));
}

static void
new_line(struct yaml_input *in)
{
	in->line++;
	in->column = 0;
}

/* One byte beyond ASCII; broken UTF-8 is left for libyaml to report. */
static void
watch_wide(struct yaml_input *in, unsigned char c)
{
	uint32_t want;

	if (in->npending == sizeof(in->pending) ||
	    (c & 0xc0) != 0x80)
		in->npending = 0;
	in->pending[in->npending++] = c;
	c = in->pending[0];
	want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	if (in->npending < want)
		return;
	if (is_wide_break(in->pending, want)) {
		new_line(in);
	} else {
		note_wide(in, want - 1);
		in->column++;
	}
	in->npending = 0;
}

static void
watch_slowly(struct yaml_input *in, const unsigned char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		bool after_return = in->after_return;

		in->after_return = s[i] == '\r';
		if (s[i] >= 0x80)
			watch_wide(in, s[i]);
		else if (s[i] == '\r' || (s[i] == '\n' && !after_return))
			new_line(in);
		else if (s[i] != '\n')
			in->column++;
	}
}

/* A block of fixed size: the compiler makes vector code of it. */
static unsigned
watch_block(const unsigned char *s, unsigned *lines)
{
	unsigned char n = 0, special = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++) {
		n = (unsigned char)(n + (s[i] == '\n'));
		special = (unsigned char)(special | (s[i] & 0x80) |
		    (s[i] == '\r'));
	}
	*lines += n;
	return special;
}

static void
watch(struct yaml_input *in, const unsigned char *s, size_t len)
{
	unsigned lines = 0, special = in->after_return || in->npending;
	const unsigned char *last;
	size_t i;

	for (i = 0; i + BLOCK <= len; i += BLOCK)
		special |= watch_block(s + i, &lines);
	for (; i < len; i++) {
		lines += s[i] == '\n';
		special |= (s[i] & 0x80) | (s[i] == '\r');
	}
	if (special) {
		watch_slowly(in, s, len);
		return;
	}
	in->line += lines;
	last = lines ? memrchr(s, '\n', len) : NULL;
	in->column = last ? (uint32_t)(s + len - last - 1) :
	    in->column + (uint32_t)len;
}

static size_t
fill(struct yaml_input *in, unsigned char *buffer, size_t size)
{
	if (in->file)
		return fread(buffer, 1, size, in->file);
	if (size > in->text.len)
		size = in->text.len;
	if (size)
		memcpy(buffer, in->text.s, size);
	in->text.s += size;
	in->text.len -= size;
	return size;
}

int
yaml_input_read(void *data, unsigned char *buffer, size_t size, size_t *got)
{
	struct yaml_input *in = data;
	size_t n = fill(in, buffer, size);

	if (in->file && ferror(in->file)) {
		in->limit = "it cannot be read to its end";
		return 0;
	}
	if (!in->total && in->skip_mark && n >= 3 &&
	    !memcmp(buffer, "\xef\xbb\xbf", 3)) {
		memmove(buffer, buffer + 3, n - 3);
		n -= 3;
	}
	in->total += n;
	if (in->total > LARGEST_FILE)
		in->limit = "it is larger than 512 MiB; split it";
	else if (in->total - in->settled > LARGEST_TOKEN)
		in->limit = "a single token of it is larger than 32 MiB";
	if (in->limit)
		return 0;
	watch(in, buffer, n);
	*got = n;
	return 1;
}

static void
forget_before(struct yaml_input *in, size_t line)
{
	while (in->seen < in->nwide &&
	    in->wide[in->seen].line + LINES_KEPT < line)
		in->seen++;
}

uint32_t
yaml_input_column(struct yaml_input *in, const yaml_mark_t *mark)
{
	size_t column;

	if (mark->line != in->last_line || mark->column < in->last_column) {
		forget_before(in, mark->line);
		in->last_index = in->seen;
		in->last_extra = 0;
		in->last_line = mark->line;
	}
	in->last_column = mark->column;
	for (; in->last_index < in->nwide; in->last_index++) {
		const struct wide *w = &in->wide[in->last_index];

		if (w->line > mark->line || (w->line == mark->line &&
		    w->column >= mark->column))
			break;
		if (w->line == mark->line)
			in->last_extra += w->extra;
	}
	column = mark->column + in->last_extra;
	return column < UINT32_MAX ? (uint32_t)column + 1 : UINT32_MAX;
}
