/*
 * Reads sources again to quote their lines. The files were read once and may
 * have changed or gone since: whatever cannot be had is simply not quoted.
 * Findings come sorted by place, so a file is walked forward only once.
 */
#include "diag/write.h"

#include "base/die.h"
#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 65536 };

void
lines_init(struct lines *l, const struct diag *d)
{
	*l = (struct lines){.diag = d, .block = xmalloc(BLOCK)};
}

void
lines_release(struct lines *l)
{
	if (l->file)
		fclose(l->file);
	free(l->block);
	*l = (struct lines){.diag = l->diag};
}

/* What the file holds at an offset: *s and its length, 0 at the end. */
static size_t
bytes_at(struct lines *l, off_t at, const char **s)
{
	size_t skip;

	if (at < l->base || at >= l->base + (off_t)l->len) {
		ssize_t got;

		l->base = at - at % BLOCK;
		got = pread(fileno(l->file), l->block, BLOCK, l->base);
		l->len = got > 0 ? (size_t)got : 0;
	}
	skip = (size_t)(at - l->base);
	if (skip >= l->len)
		return 0;
	*s = l->block + skip;
	return l->len - skip;
}

/* Where the line that starts at an offset ends. */
static off_t
end_of_line(struct lines *l, off_t at)
{
	const char *s, *newline;
	size_t n;

	while ((n = bytes_at(l, at, &s))) {
		newline = memchr(s, '\n', n);
		if (newline)
			return at + (newline - s);
		at += (off_t)n;
	}
	return at;
}

static bool
open_source(struct lines *l, uint32_t number)
{
	const struct source *source = sources_get(l->diag->sources, number);
	enum file_error why;

	if (l->file)
		fclose(l->file);
	l->file = source ? file_open(source->file, &why) : NULL;
	l->source = l->file ? number : 0;
	l->base = 0;
	l->len = 0;
	l->line = 0;
	return l->file != NULL;
}

bool
lines_go(struct lines *l, struct origin at)
{
	const char *s;

	if (!at.line)
		return false;
	if ((!l->file || l->source != at.source) && !open_source(l, at.source))
		return false;
	if (!l->line || at.line < l->line) {
		l->line = 1;
		l->start = 0;
		l->end = end_of_line(l, 0);
	}
	while (l->line < at.line && bytes_at(l, l->end, &s)) {
		l->line++;
		l->start = l->end + 1;
		l->end = end_of_line(l, l->start);
	}
	return l->line == at.line && bytes_at(l, l->start, &s) > 0;
}

size_t
lines_read(struct lines *l, off_t from, char *to, size_t size)
{
	size_t done = 0, n;
	const char *s;

	if (from > l->end - l->start)
		return 0;
	from += l->start;
	if ((off_t)size > l->end - from)
		size = (size_t)(l->end - from);
	while (done < size && (n = bytes_at(l, from, &s))) {
		if (n > size - done)
			n = size - done;
		memcpy(to + done, s, n);
		done += n;
		from += (off_t)n;
	}
	return done;
}
