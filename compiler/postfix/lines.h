/* Logical lines of main.cf and master.cf, as readllines(3) forms them. */
#ifndef POSTFIX_LINES_H
#define POSTFIX_LINES_H

#include "base/str.h"

/*
 * A line that starts with text and every further line that starts with a
 * blank; comments and empty lines between them belong to it as well.
 */
struct logical_line {
	struct str text;	/* up to the end of the last line with text */
	size_t offset;		/* of the text in the file */
	uint32_t line;		/* from 1 */
	bool indented;		/* starts with a blank: Postfix ignores it */
};

/* False at the end. Start with *at = 0; *line is set then. */
bool logical_next(struct str file, size_t *at, uint32_t *line,
    struct logical_line *out);

static inline bool
lines_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
