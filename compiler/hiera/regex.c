/*
 * Ruby's regular expressions through PCRE2: ^ and $ match at every line, \h
 * is a hexadecimal digit. A pattern is compiled once a run.
 */
#include "hiera/inside.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
};

/* \h means something else to PCRE2; in a class it loses its brackets. */
static void
translate(struct buf *b, struct str s)
{
	bool in_class = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '\\' && i + 1 < s.len) {
			i++;
			if (s.s[i] == 'h')
				buf_addstr(b, in_class ? "0-9a-fA-F" :
				    "[0-9a-fA-F]");
			else if (s.s[i] == 'H' && !in_class)
				buf_addstr(b, "[^0-9a-fA-F]");
			else
				buf_add(b, s.s + i - 1, 2);
			continue;
		}
		if (s.s[i] == '[')
			in_class = true;
		else if (s.s[i] == ']')
			in_class = false;
		buf_addch(b, s.s[i]);
	}
}

const struct regex *
regex_compile(struct hiera *h, struct str pattern, struct origin at)
{
	struct regex *regex = map_get(&h->regexes, pattern);
	struct buf b = BUF_INIT;
	PCRE2_UCHAR message[128];
	PCRE2_SIZE offset;
	int error;

	if (regex)
		return regex;
	regex = ARENA_NEW(h->arena, struct regex);
	translate(&b, pattern);
	regex->code = pcre2_compile((PCRE2_SPTR)b.s, b.len,
	    PCRE2_UTF | PCRE2_MULTILINE | PCRE2_MATCH_INVALID_UTF, &error,
	    &offset, NULL);
	buf_release(&b);
	if (!regex->code) {
		pcre2_get_error_message(error, message, sizeof(message));
		diag_add(h->diag, FINDING_HIERA_LOOKUP_OPTIONS, at,
		    "the regular expression '%.*s' cannot be compiled: %s",
		    STR_ARG(pattern), (const char *)message);
		return NULL;
	}
	regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
	pattern.s = arena_strndup(h->arena, pattern.s, pattern.len);
	map_add(&h->regexes, pattern, regex);
	return regex;
}

bool
regex_match(const struct regex *regex, struct str subject, size_t from,
    size_t *start, size_t *end)
{
	const PCRE2_SIZE *vector;

	if (pcre2_match(regex->code, (PCRE2_SPTR)subject.s, subject.len, from,
	    0, regex->data, NULL) < 0)
		return false;
	vector = pcre2_get_ovector_pointer(regex->data);
	*start = vector[0];
	*end = vector[1];
	return *end >= *start;
}

void
regex_free(struct regex *regex)
{
	pcre2_match_data_free(regex->data);
	pcre2_code_free(regex->code);
}
