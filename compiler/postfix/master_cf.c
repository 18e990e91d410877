/*
 * master.cf: services of eight fields and more, parsed as get_master_ent()
 * does it. A service that the master would refuse has an error; what could
 * be read of it is there all the same.
 */
#include "postfix/postfix.h"

#include "postfix/lines.h"

enum { FIELDS = 8, OPTIONS = 64 };

/*
 * The next word, parted at blanks outside {}; comment lines are passed
 * over. Words are slices of the file.
 */
static bool
word_next(struct str text, size_t *at, struct str *word)
{
	size_t i = *at, level = 0, start;
	bool new_line = false;

	for (; i < text.len; i++) {
		if (text.s[i] == '\n')
			new_line = true;
		else if (new_line && text.s[i] == '#')
			while (i + 1 < text.len && text.s[i + 1] != '\n')
				i++;
		else if (!lines_is_space(text.s[i]))
			break;
	}
	for (start = i; i < text.len; i++) {
		char c = text.s[i];

		if (c == '{')
			level++;
		else if (level && c == '}')
			level--;
		else if (!level && lines_is_space(c))
			break;
	}
	*word = (struct str){text.s + start, i - start};
	*at = i;
	return word->len != 0;
}

static bool
is_one_of(struct str s, const char *words)
{
	struct str rest = str_of(words), word;

	while (value_item(&rest, &word))
		if (str_eq(s, word))
			return true;
	return false;
}

static bool
is_number(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.len != 0;
}

/* host:port or port, the host perhaps in brackets. */
static const char *
inet_name_error(struct arena *a, struct str name)
{
	struct str port = name;
	size_t i;

	if (name.len && name.s[0] == '[')
		return nexthop_error(a, name);
	for (i = 0; i < name.len; i++)
		if (name.s[i] == ':')
			port = (struct str){name.s + i + 1, name.len - i - 1};
	if (!port.len || (port.s[0] >= '0' && port.s[0] <= '9' &&
	    (!is_number(port) || port.len > 5 || str_eq(port, STR("0")))))
		return arena_printf(a, "\"%.*s\" is no port", STR_ARG(port));
	return NULL;
}

static const char *
fields_error(struct arena *a, const struct master_service *s)
{
	static const char *const flags[] = {"private", "unpriv", "chroot"};
	struct str wakeup = s->field[3];
	size_t i;

	if (!is_one_of(s->type, "inet unix fifo pass unix-dgram"))
		return arena_printf(a, "type \"%.*s\" is none of: inet, unix, "
		    "unix-dgram, fifo, pass", STR_ARG(s->type));
	for (i = 0; i < 3; i++)
		if (!is_one_of(s->field[i], "y n -"))
			return arena_printf(a, "%s \"%.*s\" is none of: y, n, -",
			    flags[i], STR_ARG(s->field[i]));
	if (str_eq(s->type, STR("inet")) && !str_eq(s->field[0], STR("n")))
		return "an inet service cannot be private; write n";
	if (wakeup.len > 1 && wakeup.s[wakeup.len - 1] == '?')
		wakeup.len--;
	if (!str_eq(wakeup, STR("-")) && !is_number(wakeup))
		return arena_printf(a, "wakeup \"%.*s\" is no number of seconds",
		    STR_ARG(s->field[3]));
	if (!str_eq(s->field[4], STR("-")) && !is_number(s->field[4]))
		return arena_printf(a, "maxproc \"%.*s\" is no number",
		    STR_ARG(s->field[4]));
	return str_eq(s->type, STR("inet")) ? inet_name_error(a, s->name) :
	    NULL;
}

/* name=value, or { name = value }, after -o. */
static const char *
option_add(struct arena *a, struct master_service *s, struct str word,
    struct str file, uint32_t line)
{
	struct main_cf_line *option = &s->option[s->noption];
	struct str pair = word;
	size_t equals;

	if (pair.len && pair.s[0] == '{') {
		if (pair.len < 2 || pair.s[pair.len - 1] != '}')
			return arena_printf(a,
			    "\"%.*s\" lacks its closing brace", STR_ARG(word));
		pair = str_trim((struct str){pair.s + 1, pair.len - 2});
	}
	equals = str_find(pair, '=');
	if (equals == pair.len || !equals)
		return arena_printf(a, "-o \"%.*s\" has no =; write "
		    "-o name=value without blanks, or -o { name = value }",
		    STR_ARG(word));
	if (s->noption == OPTIONS)
		return "more than 64 -o options";
	option->name = str_trim((struct str){pair.s, equals});
	option->value = str_trim((struct str){pair.s + equals + 1,
	    pair.len - equals - 1});
	option->offset = (size_t)(option->name.s - file.s);
	option->line = line;
	s->noption++;
	return NULL;
}

/* The number of line ends between two places of the file. */
static uint32_t
lines_between(const char *from, const char *to)
{
	uint32_t n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

/*
 * A daemon reads its own options by getopt(3) up to the first word without
 * a hyphen; those with a letter of "imnrst" take the next word.
 */
static const char *
options_read(struct arena *a, struct master_service *s, struct str file,
    struct str text, size_t at)
{
	struct str word, pair;
	const char *counted = text.s, *why, *first = NULL;
	uint32_t line = s->line;

	while (word_next(text, &at, &word)) {
		if (word.len < 2 || word.s[0] != '-' ||
		    str_eq(word, STR("--")))
			break;
		if (word.s[1] != 'o') {
			if (word.len == 2 && strchr("imnrst", word.s[1]))
				word_next(text, &at, &word);
			continue;
		}
		pair = (struct str){word.s + 2, word.len - 2};
		if (!pair.len && !word_next(text, &at, &pair))
			pair = (struct str){text.s + text.len, 0};
		line += lines_between(counted, pair.s);
		counted = pair.s;
		why = option_add(a, s, pair, file, line);
		first = first ? first : why;
	}
	return first;
}

bool
master_cf_next(struct arena *a, struct str file, size_t *at, uint32_t *line,
    struct master_service *out)
{
	struct logical_line logical;
	struct str word[FIELDS];
	size_t n = 0, next = 0, i;

	if (!logical_next(file, at, line, &logical))
		return false;
	*out = (struct master_service){.offset = logical.offset,
	    .line = logical.line};
	while (n < FIELDS && word_next(logical.text, &next, &word[n]))
		n++;
	for (i = n; i < FIELDS; i++)
		word[i] = (struct str){logical.text.s + logical.text.len, 0};
	out->name = word[0];
	out->type = word[1];
	for (i = 0; i < FIELDS - 2; i++)
		out->field[i] = word[i + 2];
	out->command = word[FIELDS - 1];
	if (logical.indented)
		out->error = "the line starts with a blank and continues nothing";
	else if (n < FIELDS)
		out->error = arena_printf(a, "%zu fields where a service has "
		    "eight", n);
	else
		out->error = fields_error(a, out);
	if (!out->error)
		out->error = options_read(a, out, file, logical.text, next);
	return true;
}
