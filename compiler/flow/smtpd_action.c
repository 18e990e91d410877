/*
 * access(5): what the value that an access table gave asks for. A value
 * that is no action is a list of restrictions, judged in place; no table
 * can be named in one.
 */
#include "flow/smtpd_inside.h"

#include <stdlib.h>

enum { DEEPEST = 100 };		/* as in check_table_result() */

/* What the message will need cleanup(8) for: not before there is one. */
static bool
can_delegate(const struct judge *j)
{
	return j->sender && !j->smtpd->set.proxy_filter;
}

static void
do_filter(struct judge *j, struct str text)
{
	if (can_delegate(j) && str_find(text, ':') < text.len)
		j->verdict->filter = text;
}

static void
do_redirect(struct judge *j, struct str text)
{
	if (can_delegate(j) && str_find(text, '@') < text.len)
		j->verdict->redirect = text;
}

static void
do_hold(struct judge *j, struct str text)
{
	(void)text;
	if (can_delegate(j))
		j->verdict->hold = true;
}

static void
do_bcc(struct judge *j, struct str text)
{
	struct address_list *bcc = &j->verdict->bcc;
	struct str *all;

	if (!can_delegate(j) || str_find(text, '@') == text.len)
		return;
	all = ARENA_ARRAY(j->arena, struct str, bcc->n + 1);
	if (bcc->n)
		memcpy(all, bcc->address, bcc->n * sizeof(*all));
	all[bcc->n] = text;
	*bcc = (struct address_list){all, bcc->n + 1};
}

static void
do_nothing(struct judge *j, struct str text)
{
	(void)j;
	(void)text;
}

/* Actions that leave the decision to what follows. */
static const struct {
	const char *name;
	void (*act)(struct judge *j, struct str text);
} passing[] = {
	{"DUNNO", do_nothing}, {"INFO", do_nothing}, {"WARN", do_nothing},
	{"PREPEND", do_nothing}, {"FILTER", do_filter}, {"HOLD", do_hold},
	{"REDIRECT", do_redirect}, {"BCC", do_bcc},
};

static bool
is_code(struct str word)
{
	return word.len == 3 && (word.s[0] == '4' || word.s[0] == '5') &&
	    all_digits(word);
}

static enum check
do_list(struct judge *j, const struct step *step, struct str value)
{
	struct restrictions list = {0};

	/* smtpd opens its tables when it starts: none can be named here. */
	if (str_find(value, ':') < value.len || j->recursion > DEEPEST)
		return judge_server_error(j);
	smtpd_list_parse(j->smtpd, j->arena, value, &list);
	if (!list.n)
		return judge_permit(j, false);
	list.name = j->list->name;
	list.setting = j->list->setting;
	return judge_list(j, &list, step->reply_name, step->reply_class,
	    step->implicit);
}

/* Whether an OK from here says something of who the client is. */
static bool
about_client(enum subject subject)
{
	return subject != SUBJECT_SENDER && subject != SUBJECT_RECIPIENT;
}

enum check
access_action(struct judge *j, const struct step *step, struct str value)
{
	const struct smtpd_settings *set = &j->smtpd->set;
	size_t i, end = 0;
	struct str word, text;

	while (end < value.len && value.s[end] != ' ' && value.s[end] != '\t')
		end++;
	word = (struct str){value.s, end};
	text = str_trim((struct str){value.s + end, value.len - end});
	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (str_eq_fold(word, str_of(passing[i].name))) {
			passing[i].act(j, text);
			return CHECK_DUNNO;
		}
	if (str_eq_fold(word, STR("REJECT")))
		return judge_reject_text(j, step, set->map_reject_code,
		    "5.7.1", text, "Access denied");
	if (str_eq_fold(word, STR("DEFER")))
		return judge_reject_text(j, step, set->map_defer_code,
		    "4.7.1", text, "Access denied");
	if (str_eq_fold(word, STR("HANGUP")))
		return judge_hangup(j, "an access table says HANGUP");
	if (str_eq_fold(word, STR("DISCARD"))) {
		if (!can_delegate(j))
			return CHECK_DUNNO;
		j->verdict->discard = j->discard = true;
		return judge_permit(j, about_client(step->reply_class));
	}
	if (str_eq_fold(word, STR("DEFER_IF_PERMIT")) ||
	    str_eq_fold(word, STR("DEFER_IF_REJECT"))) {
		bool permit = str_eq_fold(word, STR("DEFER_IF_PERMIT"));
		const char *dsn = dsn_split(j, "4.7.1", &text,
		    step->reply_class);

		if (!text.len)
			text = STR("Service unavailable");
		if (permit)
			return judge_defer_if_permit(j, step,
			    set->map_defer_code, dsn, text);
		judge_defer(j, &j->if_reject, step, set->map_defer_code, dsn,
		    text);
		return CHECK_DUNNO;
	}
	if (all_digits(value))
		return judge_permit(j, about_client(step->reply_class));
	if (is_code(word) && text.len)
		return judge_reject_text(j, step, atoi(word.s),
		    word.s[0] == '4' ? "4.7.1" : "5.7.1", text,
		    "Access denied");
	if (str_eq_fold(word, STR("OK")) || str_eq_fold(word, STR("RELAY")))
		return judge_permit(j, about_client(step->reply_class));
	return do_list(j, step, value);
}
