/*
 * The bytes of a YAML file on their way into libyaml: bounded, and watched
 * so that libyaml's columns, which count characters, can be told in bytes.
 */
#ifndef TREE_YAML_INPUT_H
#define TREE_YAML_INPUT_H

#include "base/str.h"

#include <stdio.h>
#include <yaml.h>

/* A character of more than one byte, or one that breaks a line. */
struct wide {
	uint32_t line, column;	/* from 0, as libyaml counts */
	uint32_t extra;		/* bytes beyond the first */
};

struct yaml_input {
	FILE *file;		/* NULL: the rest of text */
	struct str text;
	bool skip_mark;		/* drop a byte order mark at the start */
	size_t total;		/* bytes handed over */
	size_t settled;		/* of them, before the last event */
	const char *limit;	/* why reading stopped, or NULL */
	/* Where the reading end stands, and the wide characters before it. */
	uint32_t line, column;
	unsigned char pending[4];
	uint32_t npending;
	bool after_return;
	struct wide *wide;
	size_t nwide, cap;
	size_t seen;		/* those before nobody asks for any more */
	/* The last mark asked for: on a long line the next is not far. */
	size_t last_line, last_column, last_index, last_extra;
};

void yaml_input_release(struct yaml_input *in);

/* For yaml_parser_set_input(). */
int yaml_input_read(void *in, unsigned char *buffer, size_t size,
    size_t *got);

/*
 * The column from 1 in bytes of a mark. Marks come in the order of the file,
 * but for a few steps back.
 */
uint32_t yaml_input_column(struct yaml_input *in, const yaml_mark_t *mark);

#endif
