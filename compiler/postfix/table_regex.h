/* One pattern of a regexp or pcre table. */
#ifndef POSTFIX_TABLE_REGEX_H
#define POSTFIX_TABLE_REGEX_H

#include "base/arena.h"
#include "base/str.h"

struct pattern {
	struct str text;	/* ends in a NUL */
	bool match;		/* false: what it does not match counts */
	bool pcre;
	bool fold;
	int flags;		/* of regcomp() or pcre2_compile() */
	/* What each match begins and ends with; .s NULL: not known. */
	struct str prefix, suffix;
	bool whole;		/* the suffix is all of it */
	bool compiled, broken;
	size_t asked;		/* of a pcre, how often */
	void *code, *groups;
};

enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_BROKEN };

/* Flags as in the table ("im"); false: one is unknown. */
bool pattern_flags(struct pattern *pattern, struct str flags, bool pcre);
/* Find out, without compiling it, what its matches begin and end with. */
void pattern_tell(struct pattern *pattern, struct arena *a);
/* False: broken, or it has fewer groups than highest. */
bool pattern_compile(struct pattern *pattern, unsigned highest);
/* Whether the key matches, compiled when needed; one_line: it has no break. */
enum pattern_result pattern_matches(struct pattern *pattern, struct str key,
    bool one_line, unsigned highest);
/* What group n of the last match is; empty where it took no part. */
struct str pattern_group(const struct pattern *pattern, struct str key,
    unsigned n);
/* The domain of all addresses that it can match; empty: not known. */
struct str pattern_domain(const struct pattern *pattern);
/* Whether what it says of local@domain may depend on the local part. */
bool pattern_tells(const struct pattern *pattern, struct str domain);
/* What a pattern says of local@domain, whatever the local part. */
enum pattern_fate {
	PATTERN_NEVER, PATTERN_ALWAYS,		/* matches */
	/* It ends with the domain: as what stands before that says … */
	PATTERN_HEAD,
	PATTERN_UNTOLD,
};
/* … which is *head, a part of its text that sees nothing of the domain. */
enum pattern_fate pattern_fate(const struct pattern *pattern,
    struct str domain, struct str *head);
void pattern_release(struct pattern *pattern);

#endif
