/*
 * GitHub's workflow commands: ::error file=...,line=...,col=...::text. A
 * command is one line; %, CR, LF and in properties : and , are escaped.
 */
#include "diag/write.h"

#include "base/die.h"

static const char *
command(enum level level)
{
	switch (level) {
	case LEVEL_OFF:
	case LEVEL_NOTE:
		return "notice";
	case LEVEL_WARNING:
		return "warning";
	case LEVEL_ERROR:
		return "error";
	}
	BUG("unknown level");
}

static void
put(FILE *out, const char *s, const char *special)
{
	for (; *s; s++)
		if (strchr(special, *s))
			fprintf(out, "%%%02X", (unsigned)(unsigned char)*s);
		else
			fputc(*s, out);
}

static void
put_data(FILE *out, const char *s)
{
	put(out, s, "%\r\n");
}

static void
put_property(FILE *out, const char *s)
{
	put(out, s, "%\r\n:,");
}

static void
write_properties(const struct diag *d, FILE *out, const struct finding *f)
{
	struct buf path = BUF_INIT;

	if (f->at.source) {
		show(&path, place_path(d, f->at));
		fputs("file=", out);
		put_property(out, path.s);
		if (f->at.line)
			fprintf(out, ",line=%u", f->at.line);
		if (f->at.line && f->at.column)
			fprintf(out, ",col=%u", f->at.column);
		fputc(',', out);
	}
	fprintf(out, "title=%s", finding_kinds[f->id].name);
	buf_release(&path);
}

/* The text, and the notes on further lines of the annotation. */
static void
message(struct buf *b, const struct diag *d, const struct finding *f)
{
	const struct note *note;

	show(b, f->text);
	buf_printf(b, " [%s]", finding_kinds[f->id].name);
	for (note = f->note; note; note = note->next) {
		buf_addch(b, '\n');
		place_show(b, d, note->at);
		buf_addstr(b, ": note: ");
		show(b, note->text);
	}
}

void
write_github(const struct diag *d, FILE *out, bool color)
{
	struct buf b = BUF_INIT;
	size_t i;

	(void)color;
	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->finding[i];

		if (f->level == LEVEL_OFF)
			continue;
		buf_clear(&b);
		message(&b, d, f);
		fprintf(out, "::%s ", command(f->level));
		write_properties(d, out, f);
		fputs("::", out);
		put_data(out, b.s);
		fputc('\n', out);
	}
	buf_release(&b);
}
