/*
 * Private to the writers: what they share. A writer walks d->finding after
 * diag_finish(), leaves out those that are off, and prints bytes that are
 * valid in its format whatever file names and messages hold.
 */
#ifndef DIAG_WRITE_H
#define DIAG_WRITE_H

#include "base/buf.h"
#include "base/map.h"
#include "diag/diag.h"

#include <jansson.h>
#include <sys/types.h>

void write_text(const struct diag *d, FILE *out, bool color);
void write_json(const struct diag *d, FILE *out, bool color);
void write_sarif(const struct diag *d, FILE *out, bool color);
void write_junit(const struct diag *d, FILE *out, bool color);
void write_codequality(const struct diag *d, FILE *out, bool color);
void write_github(const struct diag *d, FILE *out, bool color);

/*
 * One character of s (len > 0) so that a terminal and every format can show
 * it: itself, or \xNN for each byte where it is a control or an invisible
 * character or no UTF-8. Returns its bytes in s; *width: columns it takes.
 */
size_t show_char(struct buf *b, const char *s, size_t len, unsigned *width);
/* All of a string that way. */
void show(struct buf *b, const char *s);

/* The path of a place, "" where it is in no file. */
const char *place_path(const struct diag *d, struct origin at);
/* path:line:column, as much of it as is known; "mailc" for no file. */
void place_show(struct buf *b, const struct diag *d, struct origin at);

/*
 * Names for findings that stay when lines are inserted above them. Two equal
 * ones are told apart by their order, so ask for every finding in turn.
 */
struct fingerprints {
	const struct diag *diag;
	struct map seen;
};
void fingerprints_init(struct fingerprints *fp, const struct diag *d);
void fingerprints_release(struct fingerprints *fp);
/* 32 hexadecimal digits, from the arena of diag. */
const char *fingerprint_of(struct fingerprints *fp, const struct finding *f);

/* json, or the end of the process where memory ran out. */
json_t *json_or_die(json_t *json);
/* A JSON string of what show() makes of s. */
json_t *json_shown(const char *s);
/* Print a value on one line, after a comma unless it is the first. */
void json_item(FILE *out, json_t *item, bool *first);

/*
 * The lines of the sources, read again for quoting. Going forward is cheap,
 * and a line of any length costs one block of memory.
 */
struct lines {
	const struct diag *diag;
	FILE *file;
	uint32_t source;		/* that file is open for, or 0 */
	uint32_t line;			/* the current one, from 1 */
	off_t start, end;		/* of the current line, without \n */
	off_t base;			/* of the block */
	size_t len;
	char *block;
};
void lines_init(struct lines *l, const struct diag *d);
void lines_release(struct lines *l);
/* Go to the line of a place; false where there is none. */
bool lines_go(struct lines *l, struct origin at);
/* Bytes of the current line from an offset in it; returns how many. */
size_t lines_read(struct lines *l, off_t from, char *to, size_t size);

#endif
