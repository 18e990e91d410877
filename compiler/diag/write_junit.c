/*
 * JUnit's XML: a finding is a test case. Only an error is a failure, as for
 * the exit status; warnings and notes are passed cases that say something.
 * A report without a case counts as broken in some readers, so a run
 * without findings is one passed case. show() has removed what XML 1.0
 * cannot hold.
 */
#include "diag/write.h"

static void
put_xml(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*s, out);
		}
	}
}

static void
add_line(struct buf *b, const struct diag *d, struct origin at,
    enum level level, const char *text)
{
	place_show(b, d, at);
	buf_printf(b, ": %s: ", level_name(level));
	show(b, text);
}

static void
write_case(const struct diag *d, FILE *out, const struct finding *f)
{
	const char *name = finding_kinds[f->id].name;
	struct buf text = BUF_INIT, all = BUF_INIT;
	const struct note *note;

	show(&text, f->text);
	add_line(&all, d, f->at, f->level, f->text);
	buf_printf(&all, " [%s]\n", name);
	for (note = f->note; note; note = note->next) {
		add_line(&all, d, note->at, LEVEL_NOTE, note->text);
		buf_addch(&all, '\n');
	}
	fprintf(out, "    <testcase classname=\"%s\" name=\"", name);
	buf_addstr(&text, " at ");
	place_show(&text, d, f->at);
	put_xml(out, text.s);
	fputs("\">\n      ", out);
	if (f->level == LEVEL_ERROR) {
		fprintf(out, "<failure type=\"%s\" message=\"", name);
		put_xml(out, text.s);
		fputs("\">", out);
	} else {
		fputs("<system-out>", out);
	}
	put_xml(out, all.s);
	fprintf(out, "</%s>\n    </testcase>\n",
	    f->level == LEVEL_ERROR ? "failure" : "system-out");
	buf_release(&text);
	buf_release(&all);
}

void
write_junit(const struct diag *d, FILE *out, bool color)
{
	size_t failures = d->count[LEVEL_ERROR], i;
	size_t cases = failures + d->count[LEVEL_WARNING] +
	    d->count[LEVEL_NOTE];

	(void)color;
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n"
	    "  <testsuite name=\"mailc\" tests=\"%zu\" failures=\"%zu\" "
	    "errors=\"0\" skipped=\"0\">\n", cases ? cases : 1, failures,
	    cases ? cases : 1, failures);
	for (i = 0; i < d->n; i++)
		if (d->finding[i].level != LEVEL_OFF)
			write_case(d, out, &d->finding[i]);
	if (!cases)
		fputs("    <testcase classname=\"mailc\" "
		    "name=\"no findings\"/>\n", out);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
