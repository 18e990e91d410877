/*
 * main.cf: logical lines of "name = value". The value stays a slice of the
 * file with the lines that continue it; value_join() makes one line of it.
 */
#include "postfix/postfix.h"

#include "postfix/lines.h"

/* The text of a line without its blanks; empty for a comment. */
static struct str
line_text(struct str line)
{
	line = str_trim(line);
	while (line.len && lines_is_space(line.s[0])) {
		line.s++;
		line.len--;
	}
	if (line.len && line.s[0] == '#')
		line.len = 0;
	return line;
}

bool
logical_next(struct str file, size_t *at, uint32_t *line,
    struct logical_line *out)
{
	bool started = false;

	if (!*at)
		*line = 1;
	while (*at < file.len) {
		struct str rest = {file.s + *at, file.len - *at};
		struct str one = {rest.s, str_find(rest, '\n')};
		struct str text = line_text(one);

		if (started && one.len && !lines_is_space(one.s[0]) &&
		    one.s[0] != '#')
			break;
		if (text.len && !started) {
			started = true;
			out->indented = lines_is_space(one.s[0]);
			out->offset = (size_t)(text.s - file.s);
			out->line = *line;
		}
		if (text.len)
			out->text = (struct str){file.s + out->offset,
			    (size_t)(text.s - file.s) + text.len - out->offset};
		*at += one.len + (one.len < rest.len);
		*line += one.len < rest.len;
	}
	return started;
}

static size_t
skip_space(struct str s, size_t i)
{
	while (i < s.len && lines_is_space(s.s[i]))
		i++;
	return i;
}

bool
main_cf_next(struct str file, size_t *at, uint32_t *line,
    struct main_cf_line *out)
{
	struct logical_line logical;
	struct str text;
	size_t end, i;

	if (!logical_next(file, at, line, &logical))
		return false;
	text = logical.text;
	*out = (struct main_cf_line){.offset = logical.offset,
	    .line = logical.line, .value = text};
	for (end = 0; end < text.len && text.s[end] != '=' &&
	    !lines_is_space(text.s[end]); end++)
		;
	i = skip_space(text, end);
	if (logical.indented || !end || i == text.len || text.s[i] != '=')
		return true;
	out->name = (struct str){text.s, end};
	/* A comment may follow on the next line: keep the line's end. */
	for (i++; i < text.len && (text.s[i] == ' ' || text.s[i] == '\t'); i++)
		;
	out->value = (struct str){text.s + i, text.len - i};
	return true;
}
