/*
 * The stages of an SMTP session up to RCPT TO, in the order in which they
 * happen. With smtpd_delay_reject (the default) the lists of all stages are
 * judged when a recipient is named; without it each at its own command, when
 * less is known of the session. A recipient that is taken still meets the
 * lists of DATA, as the message's only one.
 */
#include "flow/smtpd_inside.h"

static enum check
reply(struct judge *j, const char *text)
{
	j->reply = (struct reply){arena_strdup(j->arena, text),
	    judge_decision(j)};
	if (j->smtpd->set.soft_bounce && text[0] == '5')
		j->reply.text[0] = j->reply.text[4] = '4';
	return CHECK_REJECT;
}

/* A reply that a parameter is behind. */
static enum check
reply_for(struct judge *j, const char *parameter, const char *text)
{
	const struct smtpd *smtpd = j->smtpd;
	enum check check = reply(j, text);

	j->reply.by.what = parameter;
	j->reply.by.at = host_setting_origin(smtpd->host, smtpd->service,
	    parameter);
	return check;
}

/* Lists */

static enum check
judge_stage(struct judge *j, const struct restrictions *list, struct str reply_name,
    enum subject reply_class, const struct restriction *implicit)
{
	enum check check;

	j->recursion = j->warn_if_reject = 0;
	j->asked_sender = false;
	j->asked_recipient = j->at_rcpt && list != &j->smtpd->client &&
	    list != &j->smtpd->helo && list != &j->smtpd->sender;
	check = judge_list(j, list, reply_name, reply_class, implicit);
	if (j->asked_sender && j->asked_recipient)
		j->verdict->sender_mattered = true;
	j->recipient_mattered |= j->asked_recipient;
	return check;
}

static enum check
check_client(struct judge *j)
{
	enum check check;

	j->if_permit.active = j->if_reject.active = false;
	check = judge_stage(j, &j->smtpd->client, j->client, SUBJECT_CLIENT,
	    j->smtpd->implicit.client);
	j->permit_client = j->if_permit.active;
	return check;
}

static enum check
check_helo(struct judge *j)
{
	enum check check;

	if (!j->helo)
		return CHECK_DUNNO;
	j->if_permit.active = j->permit_client;
	j->if_reject.active = false;
	check = judge_stage(j, &j->smtpd->helo, j->said,
	    SUBJECT_HELO, j->smtpd->implicit.helo);
	j->permit_helo = j->if_permit.active;
	return check;
}

static enum check
check_sender(struct judge *j)
{
	enum check check;

	j->if_permit.active = j->permit_client || j->permit_helo;
	j->if_reject.active = false;
	j->sender_checked = false;
	j->at_sender = true;
	check = judge_stage(j, &j->smtpd->sender, j->session->sender,
	    SUBJECT_SENDER, j->smtpd->implicit.sender);
	j->permit_sender = j->if_permit.active;
	if (check == CHECK_REJECT || check == CHECK_UNKNOWN)
		return check;
	if (!j->smtpd->set.unlisted_sender || j->discard ||
	    !j->session->sender.len)
		return CHECK_DUNNO;
	j->restriction = STR("smtpd_reject_unlisted_sender");
	check = judge_unlisted(j, true);
	j->recipient_mattered |= j->asked_recipient;
	return check;
}

static bool
ends(enum check check)
{
	return check == CHECK_REJECT || check == CHECK_UNKNOWN;
}

/* The relay and the recipient list: who passed the first meets the second. */
static enum check
check_lists(struct judge *j)
{
	const struct smtpd *smtpd = j->smtpd;
	const struct restrictions *list[] = {&smtpd->recipient, &smtpd->recipient};
	enum check check = CHECK_DUNNO;
	size_t i;

	list[!smtpd->set.relay_first] = &smtpd->relay;
	j->if_reject.active = false;
	for (i = 0; i < 2; i++) {
		bool decides = list[i] == &smtpd->relay || !smtpd->relay.n;

		check = judge_stage(j, list[i], j->session->recipient,
		    SUBJECT_RECIPIENT, j->smtpd->implicit.recipient);
		if (ends(check))
			return check;
		if (check == CHECK_OK && decides) {
			j->verdict->by = j->ok;
			j->verdict->authorised = j->ok_by_client;
		} else if (check == CHECK_OK && !j->verdict->by.what) {
			j->verdict->by = j->ok;
		}
	}
	return CHECK_DUNNO;
}

static enum check
check_waiting(struct judge *j)
{
	enum check check;

	if (ends(check = check_client(j)) || ends(check = check_helo(j)))
		return check;
	return check_sender(j);
}

/* Where the message was when it had passed these lists before. */
static enum check
recall(struct judge *j)
{
	const struct smtpd_state *waited = &j->mail->waited;
	struct judge now = *j;

	*j = waited->judge;
	j->session = now.session;
	j->arena = now.arena;
	j->verdict = now.verdict;
	j->of_recipient = now.of_recipient;
	j->resolved_recipient = now.resolved_recipient;
	/* The recipient's sender-dependent transport, the other way round. */
	j->resolved_sender &= !j->of_sender.sender_mattered;
	*j->verdict = waited->verdict;
	return waited->check;
}

/*
 * The lists that wait for a recipient. Where they ask nothing of it, they
 * say to the next one what they said to the first.
 */
static enum check
check_or_recall(struct judge *j)
{
	struct smtpd_mail *mail = j->mail;
	struct arena *own = j->arena;
	enum check check;

	if (mail->waiting == WAITED_KEPT)
		return recall(j);
	if (mail->waiting == WAITED_NOT)
		j->arena = mail->arena;
	j->recipient_mattered = false;
	check = check_waiting(j);
	j->arena = own;
	if (mail->waiting == WAITED_NOT)
		mail->waiting = j->recipient_mattered ? WAITED_APART :
		    WAITED_KEPT;
	if (mail->waiting == WAITED_APART) {
		j->verdict->sender_mattered = true;
		return check;
	}
	j->verdict->sender = ends(check) ? SENDER_REFUSED : SENDER_PASSED;
	mail->waited = (struct smtpd_state){*j, *j->verdict, check};
	return check;
}

static enum check
check_recipient(struct judge *j)
{
	const struct smtpd_settings *set = &j->smtpd->set;
	enum check check;

	if (str_eq_fold(j->session->recipient, STR("postmaster"))) {
		j->verdict->by.what = "postmaster is always accepted";
		return CHECK_DUNNO;
	}
	j->recipient = true;
	j->recipient_checked = false;
	if (set->delay_reject && ends(check = check_or_recall(j)))
		return check;
	j->if_permit.active = j->permit_sender;
	check = check_lists(j);
	if (ends(check))
		return check;
	if (j->if_permit.active) {
		check = judge_deferred(j, &j->if_permit);
		if (check == CHECK_REJECT)
			return check;
	}
	if (!set->unlisted_recipient || j->discard)
		return CHECK_DUNNO;
	j->restriction = STR("smtpd_reject_unlisted_recipient");
	return judge_unlisted(j, false);
}

/* The session before MAIL FROM */

/* Whether smtpd does as if it had no such feature. */
static bool
is_discarded(struct judge *j, const char *feature)
{
	struct str words = j->smtpd->set.ehlo_words;
	struct lookup lookup = {0};

	if (maps_find(&j->smtpd->ehlo_words, j->session->client.address,
	    false, j->arena, &lookup))
		words = lookup.answer.value;
	return value_has(words, str_of(feature));
}

static void
start_tls(struct judge *j)
{
	j->tls = true;
	j->certificate = j->smtpd->set.ask_ccert &&
	    j->session->client.fingerprint.len;
}

/* A certificate is demanded, and there is none that smtpd can trust. */
static enum check
check_certificate(struct judge *j)
{
	struct str host = j->smtpd->rules.hostname;

	if (!j->tls || !j->smtpd->set.req_ccert)
		return CHECK_DUNNO;
	if (j->certificate && j->smtpd->set.trusts_ca) {
		judge_assume(j, "the client's certificate is signed by a CA "
		    "that smtpd trusts");
		return CHECK_DUNNO;
	}
	return reply_for(j, "smtpd_tls_req_ccert", arena_printf(j->arena,
	    "421 4.7.1 %.*s Error: %s", STR_ARG(host), j->certificate ?
	    "Client certificate not trusted" :
	    "No client certificate presented"));
}

static enum check
check_starttls(struct judge *j)
{
	const struct smtpd_settings *set = &j->smtpd->set;

	if (!set->tls_offered || is_discarded(j, "starttls"))
		return reply_for(j, "smtpd_tls_security_level",
		    "502 5.5.1 Error: command not implemented");
	if (!set->tls_certificate)
		return reply_for(j, "smtpd_tls_chain_files",
		    "454 4.7.0 TLS not available due to local problem");
	start_tls(j);
	return check_certificate(j);
}

/* AUTH, for a client that has a password. */
static enum check
check_login(struct judge *j)
{
	const struct smtpd_settings *set = &j->smtpd->set;

	if (set->helo_required && !j->helo)
		return reply_for(j, "smtpd_helo_required",
		    "503 5.5.1 Error: send HELO/EHLO first");
	if (!set->sasl || (set->auth_only && !j->tls) ||
	    is_discarded(j, "auth"))
		return reply_for(j, set->sasl && !j->tls ?
		    "smtpd_tls_auth_only" : "smtpd_sasl_auth_enable",
		    "503 5.5.1 Error: authentication not enabled");
	j->login = true;
	return CHECK_DUNNO;
}

/* What could be mistaken in a header is not kept. */
static struct str
neuter(struct arena *a, struct str name)
{
	char *s = arena_strndup(a, name.s, name.len);
	size_t i;

	for (i = 0; i < name.len; i++)
		if (strchr(" <>()\\\";@", s[i]) ||
		    (unsigned char)s[i] < ' ' || s[i] == 0x7f)
			s[i] = '?';
	return (struct str){s, name.len};
}

static enum check
say_helo(struct judge *j)
{
	enum check check = CHECK_DUNNO;

	j->said = j->session->helo;
	j->helo = j->said.len != 0;
	if (!j->smtpd->set.delay_reject)
		check = check_helo(j);
	if (ends(check))
		j->helo = false;
	j->said = neuter(j->arena, j->said);
	return check;
}

/* From the connection to what a client says before MAIL FROM. */
static enum check
open_session(struct judge *j)
{
	const struct smtpd_settings *set = &j->smtpd->set;
	const struct client *client = &j->session->client;
	enum check check;

	if (j->smtpd->broken)
		return judge_hangup(j, j->smtpd->broken);
	if (set->unknown)
		return judge_unknown(j, set->unknown);
	if (set->wrappermode) {
		if (!client->tls || !set->tls_certificate)
			return judge_hangup(j, "smtpd_tls_wrappermode: a "
			    "session starts with TLS");
		start_tls(j);
		if (ends(check = check_certificate(j)))
			return check;
	}
	if (!set->delay_reject && ends(check = check_client(j)))
		return check;
	if (ends(check = say_helo(j)))
		return check;
	if (client->tls && !j->tls) {
		if (ends(check = check_starttls(j)) ||
		    ends(check = say_helo(j)))
			return check;
	}
	if (set->tls_enforced && !j->tls)
		return reply_for(j, "smtpd_tls_security_level",
		    "530 5.7.0 Must issue a STARTTLS command first");
	return client->login.len ? check_login(j) : CHECK_DUNNO;
}

/* MAIL FROM and RCPT TO */

static bool
is_ascii(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] > 127)
			return false;
	return true;
}

/* smtpd_check_addr(): no address that Postfix takes in an envelope. */
static bool
is_bad(struct judge *j, bool sender)
{
	struct str address = sender ? j->session->sender :
	    j->session->recipient;
	const struct resolution *out = sender ? &j->of_sender :
	    &j->of_recipient;
	size_t at;

	if (sender ? j->session->bad_sender : j->session->bad_recipient)
		return true;
	if (!address.len)
		return !sender;
	if (j->smtpd->set.strict_envelopes && address.s[0] == '@')
		return true;
	judge_resolve_only(j, sender);
	for (at = out->recipient.len; at && out->recipient.s[at - 1] != '@';
	    at--)
		;
	return out->bad || (at && !is_ascii((struct str){
	    out->recipient.s + at, out->recipient.len - at}));
}

static const char not_declared[] =
    "553 5.6.7 Must declare SMTPUTF8 to send unicode address";

static enum check
mail_from(struct judge *j)
{
	const struct smtpd_settings *set = &j->smtpd->set;
	enum check check = CHECK_DUNNO;

	if (set->helo_required && !j->helo)
		return reply_for(j, "smtpd_helo_required",
		    "503 5.5.1 Error: send HELO/EHLO first");
	if (is_bad(j, true))
		return reply(j, "501 5.1.7 Bad sender address syntax");
	j->sender = true;
	if (!set->delay_reject && ends(check = check_sender(j)))
		return check;
	if (set->strict_utf8 && !is_ascii(j->session->sender))
		return reply_for(j, "strict_smtputf8", not_declared);
	j->resolved_sender &= set->delay_reject &&
	    !j->of_sender.sender_mattered;
	return CHECK_DUNNO;
}

/* Postfix's own probes are not judged. */
static bool
is_probe(const struct judge *j)
{
	struct str probe = j->smtpd->set.probe;

	return probe.len && str_eq_fold(probe, j->session->recipient);
}

static enum check
rcpt_to(struct judge *j)
{
	j->at_rcpt = true;
	if (is_bad(j, false))
		return reply(j, "501 5.1.3 Bad recipient address syntax");
	if (j->smtpd->set.strict_utf8 && !is_ascii(j->session->recipient))
		return reply_for(j, "strict_smtputf8", not_declared);
	if (is_probe(j)) {
		j->verdict->by.what = "address_verify_sender";
		return CHECK_DUNNO;
	}
	return check_recipient(j);
}

struct smtpd_mail *
smtpd_mail(const struct smtpd *smtpd, const struct session *session,
    struct arena *a)
{
	struct smtpd_mail *mail = ARENA_NEW(a, struct smtpd_mail);
	struct judge *j = &mail->said.judge;
	enum check check;

	mail->session = *session;
	mail->session.recipient = (struct str){"", 0};
	mail->arena = a;
	mail->said.verdict = (struct verdict){.code = 250,
		.text = "2.1.5 Ok"};
	*j = (struct judge){.smtpd = smtpd, .mail = mail,
		.session = &mail->session, .arena = a,
		.verdict = &mail->said.verdict,
		.client = str_of(arena_printf(a, "%.*s[%.*s]",
		    STR_ARG(session->client.name),
		    STR_ARG(session->client.address)))};
	check = open_session(j);
	if (!ends(check))
		check = mail_from(j);
	mail->said.check = check;
	if (ends(check))
		mail->said.verdict.sender = SENDER_REFUSED;
	else if (!smtpd->set.delay_reject)
		mail->said.verdict.sender = SENDER_PASSED;
	return mail;
}

/* A list that the message meets; what it would permit may be put off. */
static enum check
check_message(struct judge *j, const struct restrictions *list,
    struct str reply_name, enum subject reply_class)
{
	enum check check;

	j->if_reject.active = false;
	check = judge_stage(j, list, reply_name, reply_class, NULL);
	if (ends(check) || !j->if_permit.active)
		return check;
	return judge_deferred(j, &j->if_permit);
}

/* DATA, and the end of the message. */
static enum check
check_data(struct judge *j)
{
	const struct smtpd *smtpd = j->smtpd;
	enum check check;

	j->recipient = true;
	j->if_permit.active = false;
	check = check_message(j, &smtpd->data, STR("DATA"), SUBJECT_DATA);
	if (ends(check))
		return check;
	return check_message(j, &smtpd->end_of_data, STR("END-OF-MESSAGE"),
	    SUBJECT_END_OF_DATA);
}

void
smtpd_rcpt(struct smtpd_mail *mail, struct str recipient,
    bool bad_recipient, struct arena *a, struct verdict *verdict)
{
	struct session session = mail->session;
	struct judge j = mail->said.judge;
	enum check check = mail->said.check;

	session.recipient = recipient;
	session.bad_recipient = bad_recipient;
	j.session = &session;
	j.arena = a;
	j.verdict = verdict;
	*verdict = mail->said.verdict;
	if (!ends(check))
		check = rcpt_to(&j);
	if (!ends(check))
		check = check_data(&j);
	if (!ends(check)) {
		if (j.smtpd->set.assumed)
			judge_assume(&j, "%s", j.smtpd->set.assumed);
		if (!verdict->by.what)
			verdict->by.what = "no restriction refuses it";
		return;
	}
	verdict->authorised = false;
	verdict->by = j.reply.by;
	verdict->kind = check == CHECK_REJECT ? VERDICT_REFUSE :
	    VERDICT_UNKNOWN;
	verdict->code = 0;
	verdict->text = NULL;
	if (check == CHECK_UNKNOWN)
		return;
	verdict->code = (j.reply.text[0] - '0') * 100 +
	    (j.reply.text[1] - '0') * 10 + (j.reply.text[2] - '0');
	verdict->text = j.reply.text + 4;
}

void
smtpd_judge(const struct smtpd *smtpd, const struct session *session,
    struct arena *a, struct verdict *verdict)
{
	smtpd_rcpt(smtpd_mail(smtpd, session, a), session->recipient,
	    session->bad_recipient, a, verdict);
}

/* A domain that nobody can have (RFC 6761). */
static const struct str stranger = {"stranger@elsewhere.invalid", 26};

bool
smtpd_relays(const struct smtpd *smtpd, const struct session *session,
    struct arena *a, struct verdict *verdict)
{
	struct session to = *session;

	to.recipient = stranger;
	smtpd_judge(smtpd, &to, a, verdict);
	return verdict->kind == VERDICT_ACCEPT;
}
