/*
 * Patterns through regcomp() in the C locale and through PCRE2 without UTF,
 * as Postfix uses both. A pattern that is plain enough also tells, without
 * being compiled, what each match must begin and end with; where anything in
 * it is not understood nothing is told.
 */
#include "postfix/table_regex.h"

#include "base/die.h"
#include "postfix/table_inside.h"

#include <regex.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static const struct {
	char name;
	uint32_t pcre;
	int regexp;
} flags[] = {
	{'i', PCRE2_CASELESS, REG_ICASE},
	{'m', PCRE2_MULTILINE, REG_NEWLINE},
	{'x', PCRE2_EXTENDED, REG_EXTENDED},
	{'s', PCRE2_DOTALL, 0},
	{'A', PCRE2_ANCHORED, 0},
	{'E', PCRE2_DOLLAR_ENDONLY, 0},
	{'U', PCRE2_UNGREEDY, 0},
	{'X', 0, 0},
};

enum { NFLAGS = sizeof(flags) / sizeof(flags[0]), NREGEXP = 3 };

/* What stands at i of a pattern. */
struct atom {
	size_t len;
	bool known;		/* else nothing is told of the pattern */
	bool literal;
	bool end;		/* "$" as its last character */
	char c;			/* of a literal */
};

/* The length of [...] at the start of s; 0: not closed. */
static size_t
class_length(struct str s, bool pcre)
{
	size_t i = 1;

	i += i < s.len && s.s[i] == '^';
	i += i < s.len && s.s[i] == ']';
	for (; i < s.len && s.s[i] != ']'; i++) {
		if (pcre && s.s[i] == '\\')
			i++;
		if (i + 1 < s.len && s.s[i] == '[' && s.s[i + 1] == ':') {
			for (i += 2; i < s.len && s.s[i] != ']'; i++)
				;
		} else if (i + 1 < s.len && s.s[i] == '[' &&
		    (s.s[i + 1] == '.' || s.s[i + 1] == '=')) {
			return 0;
		}
	}
	return i < s.len ? i + 1 : 0;
}

static struct atom
atom_at(struct str s, bool pcre)
{
	struct atom atom = {.len = 1, .known = true, .c = s.s[0]};

	switch (s.s[0]) {
	case '\\':
		atom.len = 2;
		atom.c = s.len > 1 ? s.s[1] : '\0';
		atom.literal = strchr(".-+*?@()[]{}^$/\\=_", atom.c) &&
		    atom.c;
		atom.known = atom.literal ||
		    (atom.c && strchr("dDwWsSbB", atom.c));
		break;
	case '[':
		atom.len = class_length(s, pcre);
		atom.known = atom.len != 0;
		break;
	case '(':
		atom.known = s.len > 1 && s.s[1] != '?' && s.s[1] != '*';
		break;
	case '|':
		atom.known = false;
		break;
	case '{':
		atom.len = str_find(s, '}') + 1;
		atom.known = atom.len <= s.len;
		break;
	case '$':
		atom.end = s.len == 1;
		break;
	case '^': case '.': case ')': case '*': case '+': case '?':
		break;
	default:
		atom.literal = atom.c >= ' ' && atom.c < 0x7f;
		atom.known = atom.literal;
	}
	return atom;
}

static bool
is_quantifier(struct str s, size_t i)
{
	return i < s.len && (s.s[i] == '*' || s.s[i] == '+' ||
	    s.s[i] == '?' || s.s[i] == '{');
}

/*
 * Find what matches begin and end with; run is where the characters that
 * stand for themselves are gathered, as long as the pattern.
 */
static void
tell_ends(struct pattern *pattern, char *run)
{
	struct str s = pattern->text;
	bool anchored = s.len && s.s[0] == '^', first = true;
	size_t i = anchored, len = 0, start = 0, depth = 0;
	struct atom atom = {0};

	for (; i < s.len; i += atom.len) {
		bool often, group;

		atom = atom_at(str_from(s, i), pattern->pcre);
		if (!atom.known)
			return;
		often = is_quantifier(s, i + atom.len);
		group = s.s[i] == '(' || (s.s[i] == ')' && !often);
		if (anchored && first && !atom.end &&
		    (!atom.literal || often))
			pattern->prefix = (struct str){run, len};
		first &= atom.end || (atom.literal && !often);
		depth += s.s[i] == '(';
		depth -= s.s[i] == ')' && depth;
		/* A group that is there once is what is in it. */
		if (atom.literal && !often)
			run[len++] = atom.c;
		else if (!atom.end && !group)
			start = len;
	}
	if (depth)
		return;
	if (anchored && first)
		pattern->prefix = (struct str){run, len};
	if (atom.end) {
		pattern->suffix = (struct str){run + start, len - start};
		pattern->whole = first && !anchored;
	}
}

bool
pattern_flags(struct pattern *pattern, struct str text, bool pcre)
{
	int preset = pcre ? PCRE2_CASELESS | PCRE2_DOTALL :
	    REG_EXTENDED | REG_ICASE;
	size_t i, f;

	pattern->flags = preset;
	pattern->pcre = pcre;
	for (i = 0; i < text.len; i++) {
		for (f = 0; f < (pcre ? NFLAGS : NREGEXP) &&
		    flags[f].name != text.s[i]; f++)
			;
		if (f == (pcre ? NFLAGS : NREGEXP))
			return false;
		pattern->flags ^= pcre ? (int)flags[f].pcre : flags[f].regexp;
	}
	pattern->fold = pattern->flags & (pcre ? (int)PCRE2_CASELESS :
	    REG_ICASE);
	return true;
}

void
pattern_tell(struct pattern *pattern, struct arena *a)
{
	int odd = pattern->pcre ?
	    (int)(PCRE2_MULTILINE | PCRE2_EXTENDED) : REG_NEWLINE;

	if (pattern->flags & odd ||
	    (!pattern->pcre && !(pattern->flags & REG_EXTENDED)))
		return;
	tell_ends(pattern, arena_bytes(a, pattern->text.len + 1));
}

static bool
compile_regexp(struct pattern *pattern, unsigned highest)
{
	regex_t *regex = xmalloc(sizeof(*regex));

	if (regcomp(regex, pattern->text.s,
	    pattern->flags | (highest ? 0 : REG_NOSUB))) {
		free(regex);
		return false;
	}
	pattern->code = regex;
	pattern->groups = xmalloc(mul_or_die(highest + 1,
	    sizeof(regmatch_t)));
	return highest <= regex->re_nsub;
}

static bool
compile_pcre(struct pattern *pattern, unsigned highest)
{
	PCRE2_SIZE offset;
	uint32_t groups;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern->text.s,
	    pattern->text.len, (uint32_t)pattern->flags, &error, &offset,
	    NULL);

	if (!code)
		return false;
	pattern->code = code;
	pattern->groups = pcre2_match_data_create_from_pattern(code, NULL);
	if (!pattern->groups)
		die("out of memory (a pattern)");
	return !pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups) &&
	    highest <= groups;
}

bool
pattern_compile(struct pattern *pattern, unsigned highest)
{
	if (!pattern->compiled) {
		pattern->compiled = true;
		pattern->broken = pattern->pcre ?
		    !compile_pcre(pattern, highest) :
		    !compile_regexp(pattern, highest);
	}
	return !pattern->broken;
}

static bool
is_text(const struct pattern *pattern, const char *s, struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (s[i] != text.s[i] && (!pattern->fold ||
		    ascii_lower((unsigned char)s[i]) !=
		    ascii_lower((unsigned char)text.s[i])))
			return false;
	return true;
}

static bool
begins_and_ends(const struct pattern *pattern, struct str key)
{
	struct str begin = pattern->prefix, end = pattern->suffix;

	return begin.len <= key.len && end.len <= key.len &&
	    is_text(pattern, key.s, begin) &&
	    is_text(pattern, key.s + key.len - end.len, end);
}

/* 1: it matches; 0: it does not; -1: an error, which is never a match. */
static int
run_regexp(const struct pattern *pattern, struct str key, unsigned highest)
{
	regmatch_t *groups = pattern->groups;
	int error;

	groups[0].rm_so = 0;
	groups[0].rm_eo = (regoff_t)key.len;
	error = regexec(pattern->code, key.s, highest ? highest + 1 : 0,
	    groups, REG_STARTEND);
	return error == REG_NOMATCH ? 0 : error ? -1 : 1;
}

/* A pattern that is asked often is worth being made a program. */
enum { OFTEN = 64 };

static int
run_pcre(struct pattern *pattern, struct str key)
{
	int n;

	if (++pattern->asked == OFTEN)
		pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	n = pcre2_match(pattern->code, (PCRE2_SPTR)key.s, key.len, 0, 0,
	    pattern->groups, NULL);
	/* Its limits are other ones than those that Postfix meets. */
	if (n < 0 && n != PCRE2_ERROR_NOMATCH && pattern->asked >= OFTEN)
		n = pcre2_match(pattern->code, (PCRE2_SPTR)key.s, key.len, 0,
		    PCRE2_NO_JIT, pattern->groups, NULL);
	return n == PCRE2_ERROR_NOMATCH ? 0 : n > 0 ? 1 : -1;
}

enum pattern_result
pattern_matches(struct pattern *pattern, struct str key, bool one_line,
    unsigned highest)
{
	int found = 0;

	/* "$" may match before a line break too. */
	if (!one_line || begins_and_ends(pattern, key)) {
		if (!pattern_compile(pattern, highest))
			return PATTERN_BROKEN;
		found = pattern->pcre ? run_pcre(pattern, key) :
		    run_regexp(pattern, key, highest);
	} else if (!pattern->match && !pattern_compile(pattern, highest)) {
		return PATTERN_BROKEN;
	}
	return found >= 0 && (found == 1) == pattern->match ? PATTERN_YES :
	    PATTERN_NO;
}

struct str
pattern_group(const struct pattern *pattern, struct str key, unsigned n)
{
	size_t from, to;

	if (pattern->pcre) {
		const PCRE2_SIZE *vector =
		    pcre2_get_ovector_pointer(pattern->groups);

		from = vector[2 * n];
		to = vector[2 * n + 1];
	} else {
		const regmatch_t *groups = pattern->groups;

		if (groups[n].rm_so < 0)
			return (struct str){"", 0};
		from = (size_t)groups[n].rm_so;
		to = (size_t)groups[n].rm_eo;
	}
	/* \K in a look-ahead can put the start behind the end. */
	if (to > key.len || from >= to)
		return (struct str){"", 0};
	return (struct str){key.s + from, to - from};
}

struct str
pattern_domain(const struct pattern *pattern)
{
	struct str suffix = pattern->suffix;
	size_t at = suffix.len;

	while (at && suffix.s[at - 1] != '@')
		at--;
	return at ? str_from(suffix, at) : (struct str){"", 0};
}

/*
 * Where the text of a pattern that ends with a literal "@domain$" has that;
 * false: it is written in another way.
 */
static bool
cut_domain(const struct pattern *pattern, struct str domain, size_t *cut)
{
	struct str text = pattern->text;
	size_t at = text.len - 1, i;

	for (i = domain.len + 1; i; i--) {
		char c = i > 1 ? domain.s[i - 2] : '@';

		if (!at || ascii_lower((unsigned char)text.s[at - 1]) !=
		    ascii_lower((unsigned char)c))
			return false;
		at--;
		if (at && text.s[at - 1] == '\\')
			at--;
		/* "\\." is a backslash, and any character. */
		if (at && text.s[at - 1] == '\\')
			return false;
	}
	*cut = at;
	return true;
}

enum pattern_fate
pattern_fate(const struct pattern *pattern, struct str domain,
    struct str *head)
{
	struct str suffix = pattern->suffix, own = pattern_domain(pattern);
	size_t cut;

	if (!suffix.len)
		return PATTERN_UNTOLD;
	if (str_find(suffix, '@') < suffix.len ? !str_eq_fold(own, domain) :
	    suffix.len > domain.len || !str_eq_fold(str_from(domain,
	    domain.len - suffix.len), suffix))
		return PATTERN_NEVER;
	if (!pattern->fold)
		return PATTERN_UNTOLD;
	/* Nothing but the domain is looked at. */
	if (pattern->whole && suffix.len <= domain.len + 1)
		return PATTERN_ALWAYS;
	if (!own.len || !cut_domain(pattern, domain, &cut))
		return PATTERN_UNTOLD;
	*head = (struct str){pattern->text.s, cut};
	return PATTERN_HEAD;
}

bool
pattern_tells(const struct pattern *pattern, struct str domain)
{
	struct str head;
	enum pattern_fate fate = pattern_fate(pattern, domain, &head);

	return !pattern->broken && fate != PATTERN_NEVER &&
	    fate != PATTERN_ALWAYS;
}

void
pattern_release(struct pattern *pattern)
{
	if (pattern->code && pattern->pcre) {
		pcre2_code_free(pattern->code);
		pcre2_match_data_free(pattern->groups);
	} else if (pattern->code) {
		regfree(pattern->code);
		free(pattern->code);
		free(pattern->groups);
	}
	pattern->code = NULL;
}
