/*
 * Text as Postfix's tables take it: blanks as isspace(3) in the C locale,
 * logical lines of a source, and where a key ends.
 */
#include "postfix/table_inside.h"

#include "postfix/lines.h"

bool
text_is_ascii(struct str s)
{
	size_t i = 0;
	uint64_t word, all = 0;

	for (; i + sizeof(word) <= s.len; i += sizeof(word)) {
		memcpy(&word, s.s + i, sizeof(word));
		all |= word;
	}
	for (; i < s.len; i++)
		all |= (unsigned char)s.s[i] & 0x80u;
	return !(all & UINT64_C(0x8080808080808080));
}

/* The length of the character at s, 0 where it is no UTF-8. */
static size_t
utf8_length(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t i, n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool
table_text_ok(struct str s)
{
	size_t i, n;

	if (text_is_ascii(s))
		return true;
	for (i = 0; i < s.len; i += n) {
		n = utf8_length((const unsigned char *)s.s + i, s.len - i);
		if (!n)
			return false;
	}
	return true;
}

struct str
text_lower(struct str s, struct arena *a)
{
	size_t i;
	char *copy;

	for (i = 0; i < s.len && (s.s[i] < 'A' || s.s[i] > 'Z'); i++)
		;
	if (i == s.len)
		return s;
	copy = arena_strndup(a, s.s, s.len);
	for (; i < s.len; i++)
		copy[i] = (char)ascii_lower((unsigned char)copy[i]);
	return (struct str){copy, s.len};
}

struct str
text_skip_space(struct str s)
{
	while (s.len && lines_is_space(s.s[0])) {
		s.s++;
		s.len--;
	}
	return s;
}

struct str
text_trim(struct str s)
{
	while (s.len && lines_is_space(s.s[s.len - 1]))
		s.len--;
	return text_skip_space(s);
}

/* Empty, blank or a comment. */
static bool
says_nothing(struct str line)
{
	line = text_skip_space(line);
	return !line.len || line.s[0] == '#';
}

/* Whether the line at i goes on with the one before it. */
static bool
continues(struct str source, size_t i)
{
	return i < source.len &&
	    (source.s[i] == '#' || lines_is_space(source.s[i]));
}

/* One logical line, also one that starts blank. */
static bool
line_any(struct str source, size_t *at, struct buf *b,
    struct source_line *line)
{
	bool started = false;

	while (*at < source.len) {
		struct str rest = str_from(source, *at);
		struct str one = {rest.s, str_find(rest, '\n')};

		*at += one.len + (one.len < rest.len);
		if (!says_nothing(one)) {
			if (!started) {
				line->text = one;
				line->joined = false;
				line->offset = (size_t)(one.s - source.s);
			} else {
				if (!line->joined) {
					buf_clear(b);
					buf_add(b, line->text.s,
					    line->text.len);
				}
				buf_add(b, one.s, one.len);
				line->joined = true;
				line->text = (struct str){b->s, b->len};
			}
			started = true;
		}
		if (started && !continues(source, *at))
			break;
	}
	return started;
}

bool
source_line_next(struct str source, size_t *at, struct buf *b,
    struct source_line *line)
{
	while (line_any(source, at, b, line)) {
		if (lines_is_space(line->text.s[0]))
			continue;
		/* To Postfix a line is a C string. */
		line->text.len = str_find(line->text, '\0');
		if (line->text.len)
			return true;
	}
	return false;
}

bool
table_key_end(struct str line, bool equal_ends, size_t *end)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < line.len; i++) {
		char c = line.s[i];

		/* Most are none that matters. */
		if (c > '"' && c != '\\' && c != '=')
			continue;
		if (c == '\\') {
			if (++i == line.len)
				break;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted &&
		    (lines_is_space(c) || (equal_ends && c == '='))) {
			break;
		}
	}
	*end = i;
	return !quoted;
}
