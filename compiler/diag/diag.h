/*
 * Findings: what mailc says about its input. Everybody adds, nobody stops;
 * the end of the run sorts them by place and hands them to a writer.
 */
#ifndef DIAG_DIAG_H
#define DIAG_DIAG_H

#include "diag/origin.h"

#include <stdbool.h>
#include <stdio.h>

enum level {
	LEVEL_OFF,
	LEVEL_NOTE,
	LEVEL_WARNING,
	LEVEL_ERROR,
};

/* One id a line of findings.def: FINDING_ALIAS_LOOP is "alias-loop". */
enum finding_id {
#define FINDING(id, name, level, title) FINDING_##id,
#include "diag/findings.def"
#undef FINDING
	FINDING_COUNT
};

struct finding_kind {
	const char *name;	/* "alias-loop": promised, never renamed */
	enum level level;	/* unless mail::lint says otherwise */
	const char *title;
	const char *page;	/* the explanation, Markdown */
};

extern const struct finding_kind finding_kinds[FINDING_COUNT];

/* A second place that belongs to a finding: "the other one is here". */
struct note {
	struct origin at;
	const char *text;
	struct note *next;
};

struct finding {
	enum finding_id id;
	enum level level;
	struct origin at;
	const char *text;
	struct note *note;	/* in the order of adding */
	uint32_t serial;	/* keeps the order of equal places */
};

/* What mail::lint says of one id. */
struct lint {
	bool set;
	enum level level;
	struct origin at;
	uint32_t used;		/* findings that it re-graded or silenced */
};

struct diag {
	struct arena *arena;
	struct sources *sources;
	struct finding *finding;
	size_t n, cap;
	struct lint lint[FINDING_COUNT];
	size_t count[LEVEL_ERROR + 1];	/* after diag_finish() */
};

void diag_init(struct diag *d, struct arena *a, struct sources *sources);
void diag_release(struct diag *d);

/*
 * Add a finding. The text is one clause without a full stop that says what
 * is wrong and what to do; control characters in it are shown as \xNN.
 * Returns its number for diag_note().
 */
size_t diag_add(struct diag *d, enum finding_id id, struct origin at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void diag_note(struct diag *d, size_t finding, struct origin at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whether anything at error level was added so far (lint not applied). */
bool diag_has_errors(const struct diag *d);
/* Whether any of them is one that mail::lint may not lower. */
bool diag_has_hard(const struct diag *d);
/* The number of findings so far: to ask later "was anything new said". */
size_t diag_mark(const struct diag *d);

/* Apply mail::lint, drop repetitions, sort by place, count the levels. */
void diag_finish(struct diag *d);

/* The id of a name, or FINDING_COUNT. */
enum finding_id finding_named(struct str name);
const char *level_name(enum level level);
/* Whether mail::lint must not lower it: the value is lost, or the output. */
bool finding_is_hard(enum finding_id id);

/* After diag_finish(): write all findings in a format; see write.h. */
struct diag_format {
	const char *name;
	void (*write)(const struct diag *d, FILE *out, bool color);
};
extern const struct diag_format diag_formats[];	/* ends in a NULL name */

#endif
