/*
 * mail::lint: the only way to silence a finding, and it leaves a trace in
 * the data: why, and until when.
 */
#include "check/rules.h"

#include "base/die.h"

static bool
apply(struct checker *c, const struct lint_entry *e, enum finding_id *id,
    enum level *level)
{
	static const enum level levels[] = {LEVEL_OFF, LEVEL_NOTE,
		LEVEL_WARNING, LEVEL_ERROR};
	const char *name[FINDING_COUNT];
	const char *near;
	size_t i;

	*id = finding_named(text_str(e->id));
	if (*id == FINDING_COUNT) {
		for (i = 0; i < FINDING_COUNT; i++)
			name[i] = finding_kinds[i].name;
		near = str_nearest(text_str(e->id), name, FINDING_COUNT);
		diag_add(c->diag, FINDING_LINT_UNKNOWN, e->id.at,
		    "mail::lint: there is no finding '%s'%s%s%s", e->id.s,
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
		return false;
	}
	*level = LEVEL_ERROR;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (str_eq(text_str(e->level), str_of(level_name(levels[i]))))
			*level = levels[i];
	if (*level >= finding_kinds[*id].level)
		return true;
	if (finding_is_hard(*id)) {
		diag_add(c->diag, FINDING_BAD_VALUE, e->level.at,
		    "mail::lint: '%s' cannot be lowered: what it is about is "
		    "lost", e->id.s);
		return false;
	}
	if (e->reason.len)
		return true;
	diag_add(c->diag, FINDING_LINT_REASON, e->id.at,
	    "mail::lint: say why '%s' is lowered: {level: %s, reason: …}",
	    e->id.s, e->level.s);
	return false;
}

/* YYYY-MM-DD compares as text. */
static bool
is_over(struct checker *c, const struct lint_entry *e)
{
	static const char shape[] = "0000-00-00";
	char today[16];
	struct tm tm;
	size_t i;

	if (!e->until.len)
		return false;
	for (i = 0; i < sizeof(shape) - 1 && i < e->until.len; i++)
		if (shape[i] == '0' ? e->until.s[i] < '0' ||
		    e->until.s[i] > '9' : e->until.s[i] != shape[i])
			break;
	if (i != sizeof(shape) - 1 || e->until.len != i) {
		diag_add(c->diag, FINDING_BAD_VALUE, e->until.at,
		    "mail::lint: until '%s' is not YYYY-MM-DD", e->until.s);
		return true;
	}
	gmtime_r(&c->today, &tm);
	strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	if (strcmp(today, e->until.s) <= 0)
		return false;
	diag_add(c->diag, FINDING_LINT_EXPIRED, e->until.at,
	    "mail::lint: '%s' was to be silent until %s; mend the cause or "
	    "set a new date", e->id.s, e->until.s);
	return true;
}

void
check_lint(struct checker *c)
{
	const struct lint_entry *entry = c->fleet->lint.item;
	enum finding_id id;
	enum level level;
	size_t i;

	for (i = 0; i < c->fleet->lint.n; i++)
		if (apply(c, &entry[i], &id, &level) && !is_over(c, &entry[i]))
			c->diag->lint[id] = (struct lint){
				.set = true, .level = level,
				.at = entry[i].id.at,
			};
}
