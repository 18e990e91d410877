/*
 * Replies: how a refusal is worded, which of them are only warnings, and
 * which turn into deferrals. A reply is kept with what decided it.
 */
#include "flow/smtpd_inside.h"

const char *
subject_name(enum subject subject)
{
	switch (subject) {
	case SUBJECT_CLIENT:
		return "Client host";
	case SUBJECT_REVERSE:
		return "Unverified Client host";
	case SUBJECT_CERTIFICATE:
		return "Client certificate";
	case SUBJECT_LOGIN:
		return "SASL login name";
	case SUBJECT_HELO:
		return "Helo command";
	case SUBJECT_SENDER:
		return "Sender address";
	case SUBJECT_RECIPIENT:
		return "Recipient address";
	case SUBJECT_DATA:
		return "Data command";
	case SUBJECT_END_OF_DATA:
		return "End-of-data";
	}
	return "";
}

static struct origin
place_of(const struct judge *j)
{
	const struct smtpd *smtpd = j->smtpd;

	if (!j->list || smtpd->host->placeless)
		return ORIGIN_NONE;
	if (j->list->setting)
		return place_value(j->list->setting, j->restriction);
	return host_setting_origin(smtpd->host, smtpd->service,
	    j->list->name);
}

struct decision
judge_decision(const struct judge *j)
{
	const char *list = j->list ? j->list->name : "smtpd";
	struct decision d = {0};

	if (j->lookup)
		d = host_decision(j->smtpd->host, NULL, j->lookup);
	d.what = j->restriction.len ? arena_printf(j->arena, "%s: %.*s", list,
	    STR_ARG(j->restriction)) : list;
	if (!d.at.source)
		d.at = place_of(j);
	return d;
}

void
judge_assume(struct judge *j, const char *fmt, ...)
{
	const char **all = &j->verdict->assumed;
	const char *one;
	va_list ap;

	va_start(ap, fmt);
	one = arena_vprintf(j->arena, fmt, ap);
	va_end(ap);
	if (!*all)
		*all = one;
	else if (!strstr(*all, one))
		*all = arena_printf(j->arena, "%s, %s", *all, one);
}

enum check
judge_permit(struct judge *j, bool by_client)
{
	j->ok = judge_decision(j);
	j->ok_by_client = by_client;
	return CHECK_OK;
}

enum check
judge_unknown(struct judge *j, const char *why)
{
	j->reply = (struct reply){NULL, judge_decision(j)};
	j->verdict->why = why ? why : "a table gives no answer";
	return CHECK_UNKNOWN;
}

/* The length of an enhanced status code that starts a text, or 0. */
static size_t
dsn_length(struct str text)
{
	size_t i = 0, part, n;

	if (!text.len || !strchr("245", text.s[0]) || !text.s[0])
		return 0;
	for (i = 1, part = 0; part < 2; part++) {
		if (i == text.len || text.s[i] != '.')
			return 0;
		for (n = 0, i++; i < text.len && text.s[i] >= '0' &&
		    text.s[i] <= '9'; n++)
			i++;
		if (!n || n > 3)
			return 0;
	}
	return i == text.len || strchr(" \t\n\v\f\r", text.s[i]) ? i : 0;
}

/* Codes about an address say whose address it is that is refused. */
static const char *
dsn_fix(struct judge *j, struct str dsn, enum subject subject)
{
	static const char *const sender[] = {
		"4.1.0", "4.1.7", "4.1.8", "4.1.7", "4.1.7", "4.1.0", "4.1.7",
		"4.1.7", "4.1.8",
	}, *const recipient[] = {
		"4.1.0", "4.1.1", "4.1.2", "4.1.3", "4.1.4", "4.1.5", "4.1.6",
		"4.1.3", "4.1.2",
	};
	size_t detail = 0;

	if (dsn.len < 5 || memcmp(dsn.s + 1, ".1.", 3))
		return arena_strndup(j->arena, dsn.s, dsn.len);
	if (dsn.len == 5 && dsn.s[4] >= '1' && dsn.s[4] <= '8')
		detail = (size_t)(dsn.s[4] - '0');
	if (subject == SUBJECT_SENDER)
		return sender[detail];
	return subject == SUBJECT_RECIPIENT ? recipient[detail] : "4.0.0";
}

const char *
dsn_split(struct judge *j, const char *otherwise, struct str *text,
    enum subject subject)
{
	struct str dsn = str_of(otherwise);
	size_t len;

	*text = str_trim(*text);
	len = dsn_length(*text);
	if (len) {
		dsn = (struct str){text->s, len};
		*text = str_trim((struct str){text->s + len,
		    text->len - len});
	}
	return dsn_fix(j, dsn, subject);
}

/* printable(3): what is not ASCII is a blank unless it looks like UTF-8. */
static void
make_printable(char *s, bool utf8)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (utf8 && c >= 0xc2 && c <= 0xfe && (s[1] & 0xc0) == 0x80)
			while ((s[1] & 0xc0) == 0x80)
				s++;
		else if (c < ' ' || c >= 0x7f)
			*s = ' ';
	}
}

static enum check
refuse(struct judge *j, bool server, int code, const char *dsn,
    const char *text, const struct decision *by)
{
	bool warn = j->warn_if_reject && !server;
	char *reply;

	if (code < 400 || code > 599 || !dsn_length(str_of(dsn)))
		reply = arena_strdup(j->arena,
		    "450 4.7.1 Service unavailable");
	else
		reply = arena_printf(j->arena, "%d %s %s", code, dsn, text);
	make_printable(reply, host_flag(j->smtpd->host, "smtputf8_enable"));
	if (!warn && j->if_reject.active && reply[0] == '5') {
		const struct deferral *d = &j->if_reject;

		j->warn_if_reject = 0;
		j->if_reject.active = false;
		return refuse(j, false, d->code, d->dsn, d->reason,
		    &d->by);
	}
	if (j->smtpd->set.soft_bounce && reply[0] == '5')
		reply[0] = '4';
	reply[4] = reply[0];
	if (warn)
		return CHECK_DUNNO;
	j->reply = (struct reply){reply, *by};
	return CHECK_REJECT;
}

enum check
judge_reject(struct judge *j, bool server, int code, const char *dsn,
    const char *fmt, ...)
{
	struct decision by = judge_decision(j);
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(j->arena, fmt, ap);
	va_end(ap);
	return refuse(j, server, code, dsn, text, &by);
}

enum check
judge_deferred(struct judge *j, const struct deferral *d)
{
	return refuse(j, false, d->code, d->dsn, d->reason, &d->by);
}

void
judge_defer(struct judge *j, struct deferral *deferral,
    const struct step *step, int code, const char *dsn, struct str text)
{
	if (deferral->active)
		return;
	*deferral = (struct deferral){true, code, dsn, arena_printf(j->arena,
	    "<%.*s>: %s rejected: %.*s", STR_ARG(step->reply_name),
	    subject_name(step->reply_class), STR_ARG(text)),
	    judge_decision(j)};
}

enum check
judge_reject_text(struct judge *j, const struct step *step, int code,
    const char *dsn, struct str text, const char *otherwise)
{
	dsn = dsn_split(j, dsn, &text, step->reply_class);
	if (!text.len)
		text = str_of(otherwise);
	return judge_reject(j, false, code, dsn, "<%.*s>: %s rejected: %.*s",
	    STR_ARG(step->reply_name), subject_name(step->reply_class),
	    STR_ARG(text));
}

enum check
judge_defer_if_permit(struct judge *j, const struct step *step, int code,
    const char *dsn, struct str text)
{
	/* What is only warned of is not put off. */
	if (j->warn_if_reject)
		return judge_reject(j, false, code, dsn,
		    "<%.*s>: %s rejected: %.*s", STR_ARG(step->reply_name),
		    subject_name(step->reply_class), STR_ARG(text));
	judge_defer(j, &j->if_permit, step, code, dsn, text);
	return CHECK_DUNNO;
}

enum check
judge_retry(struct judge *j, struct str reply_name)
{
	return judge_reject(j, true, 451, "4.3.0",
	    "<%.*s>: Temporary lookup failure", STR_ARG(reply_name));
}

enum check
judge_server_error(struct judge *j)
{
	return judge_reject(j, true, 451, "4.3.5",
	    "Server configuration error");
}

enum check
judge_hangup(struct judge *j, const char *why)
{
	j->reply = (struct reply){arena_printf(j->arena, "421 4.3.0 %s", why),
	    judge_decision(j)};
	return CHECK_REJECT;
}
