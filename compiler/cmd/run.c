#include "cmd/cmd.h"

#include "base/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
complain(const char *option, const char *argument, const char *wanted)
{
	fprintf(stderr, "mailc: --%s '%s': it can be %s\n", option,
	    argument ? argument : "", wanted);
	return false;
}

static bool
set_format(struct run *run, const char *name)
{
	const struct diag_format *format;

	for (format = diag_formats; format->name; format++)
		if (!strcmp(format->name, name)) {
			run->format = format;
			return true;
		}
	return complain("format", name,
	    "text, json, sarif, junit, codequality or github");
}

static bool
set_color(struct run *run, const char *when)
{
	if (!when || !strcmp(when, "always"))
		run->color = 1;
	else if (!strcmp(when, "never"))
		run->color = 0;
	else if (!strcmp(when, "auto"))
		run->color = -1;
	else
		return complain("color", when, "auto, always or never");
	return true;
}

bool
run_option(struct run *run, int option, const char *argument)
{
	switch (option) {
	case 'C':
		run->environment = argument;
		return true;
	case 'q':
		run->quiet = true;
		return true;
	case OPT_FORMAT:
		return set_format(run, argument);
	case OPT_FAIL_ON_WARN:
		run->fail_on_warn = true;
		return true;
	case OPT_COLOR:
		return set_color(run, argument);
	case OPT_HELP:
		run->help = true;
		return false;
	default:
		return false;
	}
}

int
run_usage(const struct run *run, const char *verb, const char *fmt, ...)
{
	FILE *out = run->help ? stdout : stderr;
	const struct verb *v;
	va_list ap;

	if (fmt) {
		fprintf(stderr, "mailc %s: ", verb);
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
		fputc('\n', stderr);
	}
	for (v = verbs; v->name; v++)
		if (!strcmp(v->name, verb))
			fprintf(out, "usage: mailc %s %s\n%s; more: mailc "
			    "explain %s\n", v->name, v->usage, v->summary,
			    v->name);
	return run->help ? EXIT_OK : EXIT_USAGE;
}

/* Quiet: what nobody has to act on is not printed. */
static void
drop_notes(struct diag *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->finding[i].level == LEVEL_NOTE)
			d->finding[i].level = LEVEL_OFF;
}

int
run_finish(struct run *run, bool product_on_stdout)
{
	const struct diag *d = &run->diag;
	bool text = run->format == &diag_formats[0];
	FILE *out = text || product_on_stdout ? stderr : stdout;
	bool color = run->color < 0 ? isatty(fileno(out)) : run->color;

	diag_finish(&run->diag);
	if (run->quiet)
		drop_notes(&run->diag);
	if (!text || d->n)
		run->format->write(d, out, text && color);
	if (d->count[LEVEL_ERROR] ||
	    (run->fail_on_warn && d->count[LEVEL_WARNING]))
		return EXIT_FAILED;
	if (fflush(out) || ferror(out)) {
		fprintf(stderr, "mailc: cannot write the findings: %s\n",
		    strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

char *
run_path(struct run *run, const char *path)
{
	return file_join(&run->arena, run->environment, path);
}
