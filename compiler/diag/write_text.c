/*
 * For people: file:line:column: error: text [finding-id], the line it speaks
 * of and a caret. Long lines are cut to a window around the column; tabs are
 * repeated under tabs, so the caret stands right at any tab width.
 */
#include "diag/write.h"

enum {
	WHOLE = 120,	/* bytes of a line that is shown uncut */
	BEFORE = 60,	/* bytes before the column in a cut one */
	WINDOW = 100,
};

struct style {
	const char *place, *level[LEVEL_ERROR + 1], *caret, *end;
};

static const struct style plain = {
	"", {"", "", "", ""}, "", "",
};
static const struct style colored = {
	"\033[1m", {"", "\033[1;36m", "\033[1;35m", "\033[1;31m"},
	"\033[1;32m", "\033[0m",
};

/* len without the last character, which may be cut, unless it is ASCII. */
static size_t
cut_character(const char *s, size_t len)
{
	size_t n = len;

	while (n && len - n < 3 && ((unsigned char)s[n - 1] & 0xc0) == 0x80)
		n--;
	return n && (unsigned char)s[n - 1] >= 0xc0 ? n - 1 : len;
}

/* The line, and blanks (or tabs) up to the byte that the caret stands for. */
static void
quote(struct buf *line, struct buf *pad, const char *s, size_t len,
    size_t column)
{
	size_t i = 0, n;
	unsigned width;

	while (i < len) {
		if (s[i] == '\t') {
			buf_addch(line, '\t');
			n = width = 1;
		} else {
			n = show_char(line, s + i, len - i, &width);
		}
		if (i + n <= column && s[i] == '\t')
			buf_addch(pad, '\t');
		else if (i + n <= column)
			buf_printf(pad, "%*s", (int)width, "");
		i += n;
	}
	if (column > len)
		buf_addch(pad, ' ');
}

static void
write_excerpt(struct buf *b, struct lines *l, struct origin at,
    const struct style *style)
{
	struct buf line = BUF_INIT, pad = BUF_INIT;
	size_t column = at.column ? at.column - 1 : 0, from = 0, len;
	char text[WHOLE], *s = text;
	bool whole;

	if (!lines_go(l, at))
		return;
	whole = l->end - l->start <= WHOLE;
	if (!whole && column > BEFORE)
		from = column - BEFORE;
	len = lines_read(l, (off_t)from, text, whole ? WHOLE : WINDOW);
	if (whole && len && text[len - 1] == '\r')
		len--;
	if (from) {
		buf_addstr(&line, "...");
		buf_addstr(&pad, "   ");
	}
	for (; from && len && ((unsigned char)*s & 0xc0) == 0x80; len--, from++)
		s++;
	if (!whole && l->start + (off_t)(from + len) < l->end)
		len = cut_character(s, len);
	quote(&line, &pad, s, len, column > from ? column - from : 0);
	if (!whole && l->start + (off_t)(from + len) < l->end)
		buf_addstr(&line, "...");
	buf_printf(b, "%s\n", line.s);
	if (at.column)
		buf_printf(b, "%s%s^%s\n", pad.s, style->caret, style->end);
	buf_release(&line);
	buf_release(&pad);
}

static void
write_head(struct buf *b, const struct diag *d, const struct style *style,
    enum level level, struct origin at, const char *text)
{
	buf_addstr(b, style->place);
	place_show(b, d, at);
	buf_printf(b, ":%s %s%s:%s ", style->end, style->level[level],
	    level_name(level), style->end);
	show(b, text);
}

void
write_text(const struct diag *d, FILE *out, bool color)
{
	const struct style *style = color ? &colored : &plain;
	struct buf b = BUF_INIT;
	struct lines lines;
	size_t i;

	lines_init(&lines, d);
	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->finding[i];
		const struct note *note;

		if (f->level == LEVEL_OFF)
			continue;
		buf_clear(&b);
		write_head(&b, d, style, f->level, f->at, f->text);
		buf_printf(&b, " [%s]\n", finding_kinds[f->id].name);
		write_excerpt(&b, &lines, f->at, style);
		for (note = f->note; note; note = note->next) {
			write_head(&b, d, style, LEVEL_NOTE, note->at,
			    note->text);
			buf_addch(&b, '\n');
		}
		fwrite(b.s, 1, b.len, out);
	}
	lines_release(&lines);
	buf_release(&b);
}
