/*
 * Collects findings and grades them. A repeated finding (same id, place and
 * text) counts once: several nodes that read one wrong line are one mistake.
 */
#include "diag/diag.h"

#include "base/buf.h"
#include "base/die.h"

#include <stdlib.h>
#include <string.h>

void
diag_init(struct diag *d, struct arena *a, struct sources *sources)
{
	*d = (struct diag){.arena = a, .sources = sources};
}

void
diag_release(struct diag *d)
{
	free(d->finding);
	diag_init(d, d->arena, d->sources);
}

/* The text as an arena string; control characters are made visible. */
static const char *
clean_text(struct arena *a, const char *fmt, va_list ap)
{
	struct buf raw = BUF_INIT, out = BUF_INIT;
	const char *text;
	size_t i;

	buf_vprintf(&raw, fmt, ap);
	for (i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.s[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(&out, "\\x%02x", c);
		else
			buf_addch(&out, raw.s[i]);
	}
	text = arena_strndup(a, out.s, out.len);
	buf_release(&raw);
	buf_release(&out);
	return text;
}

size_t
diag_add(struct diag *d, enum finding_id id, struct origin at,
    const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 64;
		d->finding = xrealloc(d->finding,
		    mul_or_die(d->cap, sizeof(*d->finding)));
	}
	f = &d->finding[d->n];
	*f = (struct finding){
		.id = id,
		.level = finding_kinds[id].level,
		.at = at,
		.serial = (uint32_t)d->n,
	};
	va_start(ap, fmt);
	f->text = clean_text(d->arena, fmt, ap);
	va_end(ap);
	return d->n++;
}

void
diag_note(struct diag *d, size_t finding, struct origin at,
    const char *fmt, ...)
{
	struct note **last = &d->finding[finding].note;
	va_list ap;

	while (*last)
		last = &(*last)->next;
	*last = ARENA_NEW(d->arena, struct note);
	(*last)->at = at;
	va_start(ap, fmt);
	(*last)->text = clean_text(d->arena, fmt, ap);
	va_end(ap);
}

bool
diag_has_errors(const struct diag *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->finding[i];
		enum level level = d->lint[f->id].set ?
		    d->lint[f->id].level : f->level;

		if (level == LEVEL_ERROR)
			return true;
	}
	return false;
}

bool
diag_has_hard(const struct diag *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->finding[i].level == LEVEL_ERROR &&
		    finding_is_hard(d->finding[i].id))
			return true;
	return false;
}

size_t
diag_mark(const struct diag *d)
{
	return d->n;
}

static int
compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static const char *
source_path(const struct sources *sources, uint32_t number)
{
	const struct source *source = sources_get(sources, number);

	return source ? source->path : "";
}

static int
by_place(const void *a, const void *b, void *sources)
{
	const struct finding *x = a, *y = b;
	int order = 0;

	if (x->at.source != y->at.source)
		order = strcmp(source_path(sources, x->at.source),
		    source_path(sources, y->at.source));
	if (!order)
		order = compare_u32(x->at.line, y->at.line);
	if (!order)
		order = compare_u32(x->at.column, y->at.column);
	if (!order)
		order = strcmp(finding_kinds[x->id].name,
		    finding_kinds[y->id].name);
	if (!order)
		order = strcmp(x->text, y->text);
	return order ? order : compare_u32(x->serial, y->serial);
}

static bool
same_finding(const struct diag *d, const struct finding *x,
    const struct finding *y)
{
	return x->id == y->id && x->at.line == y->at.line &&
	    x->at.column == y->at.column && !strcmp(x->text, y->text) &&
	    !strcmp(source_path(d->sources, x->at.source),
	        source_path(d->sources, y->at.source));
}

static void
apply_lint(struct diag *d, size_t from)
{
	size_t i;

	for (i = from; i < d->n; i++) {
		struct lint *lint = &d->lint[d->finding[i].id];

		if (lint->set) {
			d->finding[i].level = lint->level;
			lint->used++;
		}
	}
}

/* An entry that silences nothing any more should not stay for ever. */
static void
report_unused_lint(struct diag *d)
{
	int id;

	for (id = 0; id < FINDING_COUNT; id++)
		if (d->lint[id].set && !d->lint[id].used &&
		    id != FINDING_LINT_UNUSED)
			diag_add(d, FINDING_LINT_UNUSED, d->lint[id].at,
			    "no finding '%s' is left; take the entry out",
			    finding_kinds[id].name);
}

void
diag_finish(struct diag *d)
{
	size_t i, n = d->n;

	apply_lint(d, 0);
	report_unused_lint(d);
	apply_lint(d, n);
	n = 0;
	if (d->n)
		qsort_r(d->finding, d->n, sizeof(*d->finding), by_place,
		    d->sources);
	for (i = 0; i < d->n; i++)
		if (!n || !same_finding(d, &d->finding[n - 1], &d->finding[i]))
			d->finding[n++] = d->finding[i];
	d->n = n;
	memset(d->count, 0, sizeof(d->count));
	for (i = 0; i < n; i++)
		d->count[d->finding[i].level]++;
}

bool
finding_is_hard(enum finding_id id)
{
	static const bool hard[FINDING_COUNT] = {
#define FINDING(id, name, level, title) false,
#define HARD(id, name, level, title) true,
#include "diag/findings.def"
#undef FINDING
#undef HARD
	};

	return hard[id];
}

enum finding_id
finding_named(struct str name)
{
	int id;

	for (id = 0; id < FINDING_COUNT; id++)
		if (str_eq(str_of(finding_kinds[id].name), name))
			break;
	return (enum finding_id)id;
}

const char *
level_name(enum level level)
{
	switch (level) {
	case LEVEL_OFF:
		return "off";
	case LEVEL_NOTE:
		return "note";
	case LEVEL_WARNING:
		return "warning";
	case LEVEL_ERROR:
		return "error";
	}
	BUG("unknown level");
}
