/*
 * Restrictions that ask what an address is: whether it is the host's to
 * take, whether anybody has it, and whose login it belongs to. An address
 * is resolved once for a message.
 */
#include "flow/smtpd_inside.h"

/* strchr(address, '@') from the right: what follows, or nothing. */
static struct str
domain_of(struct str address)
{
	size_t at = address.len;

	while (at && address.s[at - 1] != '@')
		at--;
	return at ? (struct str){address.s + at, address.len - at} :
	    (struct str){0};
}

static struct str
fold(struct arena *a, struct str s)
{
	char *low = arena_bytes(a, s.len + 1);
	size_t i;

	for (i = 0; i < s.len; i++)
		low[i] = (char)ascii_lower((unsigned char)s.s[i]);
	low[s.len] = '\0';
	return (struct str){low, s.len};
}

void
judge_resolve_only(struct judge *j, bool sender)
{
	const struct address_rules *rules = &j->smtpd->host->rules;
	struct resolution *out = sender ? &j->of_sender : &j->of_recipient;
	bool *done = sender ? &j->resolved_sender : &j->resolved_recipient;
	struct str of = {0}, address;

	if (*done)
		return;
	*done = true;
	address = sender ? j->session->sender : j->session->recipient;
	/* The other one is the sender, whichever way it is asked. */
	if (sender ? j->recipient : j->sender)
		of = sender ? j->session->recipient : j->session->sender;
	if (of.len)
		of = address_rewrite(rules, of, j->arena);
	*out = (struct resolution){0};
	resolve_address(j->smtpd->host, of,
	    address_rewrite(rules, address, j->arena), j->arena, out);
	out->recipient = fold(j->arena, out->recipient);
}

/*
 * The transport of one of the two was looked at, or how finding it failed:
 * that may be up to the other one.
 */
static void
ask_transport(struct judge *j, bool sender, const struct resolution *of)
{
	if (!of->sender_mattered)
		return;
	j->verdict->sender_mattered = true;
	j->asked_recipient |= sender;
}

enum check
judge_resolve(struct judge *j, bool sender,
    const struct resolution **resolution)
{
	struct resolution *out = sender ? &j->of_sender : &j->of_recipient;

	judge_resolve_only(j, sender);
	*(sender ? &j->asked_sender : &j->asked_recipient) = true;
	*resolution = out;
	if (out->result != TABLE_FOUND)
		ask_transport(j, sender, out);
	if (out->result == TABLE_RETRY)
		return judge_retry(j, sender ? j->session->sender :
		    j->session->recipient);
	if (out->result == TABLE_UNKNOWN)
		return judge_unknown(j, out->why);
	return CHECK_DUNNO;
}

enum check
judge_authorised(struct judge *j, bool *authorised)
{
	const struct resolution *to;
	enum check check = judge_resolve(j, false, &to);

	if (check != CHECK_DUNNO)
		return check;
	if (str_find(to->recipient, '@') == to->recipient.len)
		*authorised = true;
	else if (to->routed && !j->smtpd->set.untrusted_routing)
		*authorised = false;
	else
		*authorised = to->class != CLASS_DEFAULT;
	return CHECK_DUNNO;
}

enum check
recipient_authorised(struct judge *j, const struct step *step)
{
	bool authorised = false;
	enum check check;

	(void)step;
	if (!j->recipient)
		return CHECK_DUNNO;
	check = judge_authorised(j, &authorised);
	if (check == CHECK_DUNNO && authorised)
		return judge_permit(j, false);
	return check;
}

/* The world says whose backup this host is, so it may be anybody's. */
enum check
recipient_backup(struct judge *j, const struct step *step)
{
	enum check check = recipient_authorised(j, step);
	struct str domain;

	if (check != CHECK_DUNNO || !j->recipient ||
	    (j->of_recipient.routed && !j->smtpd->set.untrusted_routing))
		return check;
	domain = domain_of(j->of_recipient.recipient);
	if (!name_valid(domain))
		return CHECK_DUNNO;
	judge_assume(j, "%s is a backup MX of %.*s", j->smtpd->host->name,
	    STR_ARG(domain));
	return judge_permit(j, false);
}

static enum check
refuse_relay(struct judge *j, int code, const char *dsn)
{
	bool authorised = false;
	enum check check;

	if (!j->recipient)
		return CHECK_DUNNO;
	check = judge_authorised(j, &authorised);
	if (check != CHECK_DUNNO || authorised)
		return check;
	return judge_reject(j, false, code, dsn, "<%.*s>: Relay access denied",
	    STR_ARG(j->session->recipient));
}

enum check
recipient_relay(struct judge *j, const struct step *step)
{
	(void)step;
	return refuse_relay(j, j->smtpd->set.relay_code, "5.7.1");
}

enum check
recipient_defer_relay(struct judge *j, const struct step *step)
{
	(void)step;
	return refuse_relay(j, j->smtpd->set.relay_code - 100, "4.7.1");
}

/* Also for clients whose names are in relay_domains. */
enum check
recipient_relay_domains(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct lookup lookup = {0};
	enum check check;

	if (!j->recipient)
		return CHECK_DUNNO;
	switch (match_list_has(j->smtpd->host->relay_domains,
	    j->session->client.name, (struct str){0}, j->arena, &lookup)) {
	case TABLE_FOUND:
		return judge_permit(j, true);
	case TABLE_UNKNOWN:
		return judge_unknown(j, lookup.answer.why);
	case TABLE_RETRY:
	case TABLE_NONE:
		break;
	}
	check = recipient_authorised(j, step);
	if (check != CHECK_DUNNO)
		return check;
	about.reply_class = SUBJECT_RECIPIENT;
	about.reply_name = j->session->recipient;
	return judge_reject_text(j, &about, j->smtpd->set.relay_code, "5.7.1",
	    (struct str){0}, "Relay access denied");
}

/* What several tables say of one address. */
struct search_all {
	struct judge *judge;
	enum subject subject;
	struct str key, reply_name;
	bool found;
	const char *unknown;		/* a table may have it: why */
};

static enum check
search(struct search_all *s, const struct maps *maps)
{
	struct judge *j = s->judge;
	struct lookup lookup = {0};

	if (s->found || !maps->n)
		return CHECK_DUNNO;
	address_find(maps, s->key, ADDRESS_DEFAULT, false,
	    &j->smtpd->rules, j->arena, &lookup);
	switch (lookup.result) {
	case TABLE_FOUND:
		s->found = true;
		break;
	case TABLE_RETRY:
		return s->unknown ? judge_unknown(j, s->unknown) :
		    judge_retry(j, s->reply_name);
	case TABLE_UNKNOWN:
		s->unknown = lookup.answer.why ? lookup.answer.why :
		    "a table is not known";
		break;
	case TABLE_NONE:
		break;
	}
	return CHECK_DUNNO;
}

/* A refusal, but for what a table that is not known may have. */
static enum check
refuse_unlisted(struct judge *j, const struct search_all *s,
    const struct decision *by, int code, const char *dsn, struct str text)
{
	enum check check;

	if (s->unknown)
		return judge_unknown(j, s->unknown);
	/*
	 * Up to 3.7 at least: whether a sender was checked before is set at
	 * MAIL FROM, and what the stack has is taken for it until then.
	 */
	if (s->subject == SUBJECT_SENDER && !j->at_sender)
		return judge_unknown(j, "reject_unlisted_sender in the "
		    "client's or the HELO's list reads memory that smtpd "
		    "never set");
	check = judge_reject(j, false, code, dsn, "<%.*s>: %s rejected: %.*s",
	    STR_ARG(s->reply_name), subject_name(s->subject), STR_ARG(text));
	if (check == CHECK_REJECT) {
		j->reply.by.table = by->table;
		j->reply.by.key = s->key;
		if (by->at.source)
			j->reply.by.at = by->at;
	}
	return check;
}

/* Names that Postfix itself takes mail for. */
static bool
is_reserved(const struct judge *j, struct str address)
{
	const struct str name[] = {j->smtpd->set.bounce, STR("postmaster"),
		STR("mailer-daemon")};
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (address.len > name[i].len &&
		    address.s[name[i].len] == '@' && str_eq_fold(name[i],
		    (struct str){address.s, name[i].len}))
			return true;
	return false;
}

const struct maps *
smtpd_recipients(const struct smtpd *smtpd, enum address_class class)
{
	switch (class) {
	case CLASS_LOCAL:
		return &smtpd->local_recipients;
	case CLASS_MAILBOX:
		return &smtpd->mailboxes;
	case CLASS_RELAY:
		return &smtpd->relay_recipients;
	case CLASS_ALIAS:
	case CLASS_DEFAULT:
		break;
	}
	return NULL;
}

/* The table of a class that has all addresses of it; NULL: there is none. */
static const struct maps *
table_of_class(const struct judge *j, const struct resolution *to, int *code,
    const char **name, const char **parameter)
{
	const struct smtpd *smtpd = j->smtpd;

	switch (to->class) {
	case CLASS_LOCAL:
		*code = smtpd->set.local_code;
		*name = "local recipient";
		*parameter = "local_recipient_maps";
		return is_reserved(j, to->recipient) ? NULL :
		    &smtpd->local_recipients;
	case CLASS_MAILBOX:
		*code = smtpd->set.mailbox_code;
		*name = "virtual mailbox";
		*parameter = "virtual_mailbox_maps";
		return &smtpd->mailboxes;
	case CLASS_RELAY:
		*code = smtpd->set.relay_recipient_code;
		*name = "relay recipient";
		*parameter = "relay_recipient_maps";
		return &smtpd->relay_recipients;
	case CLASS_ALIAS:
	case CLASS_DEFAULT:
		break;
	}
	return NULL;
}

/* Mail for it goes to error(8) or retry(8): why, is the next hop. */
static enum check
refuse_transport(struct judge *j, const struct search_all *s,
    const struct resolution *to)
{
	bool sender = s->subject == SUBJECT_SENDER;
	bool retry = str_eq(to->transport, STR("retry"));
	struct str text = to->nexthop;
	const char *dsn = dsn_split(j, retry ?
	    (sender ? "4.1.0" : "4.1.1") : (sender ? "5.1.0" : "5.1.1"),
	    &text, s->subject);
	int code = retry ? 450 : to->class == CLASS_ALIAS ?
	    j->smtpd->set.alias_code : 550;

	return refuse_unlisted(j, s, &to->by, code, dsn, text);
}

enum check
judge_unlisted(struct judge *j, bool sender)
{
	const struct smtpd *smtpd = j->smtpd;
	const struct maps *const rewriting[] = {&smtpd->recipient_canonical,
	    sender ? &smtpd->sender_canonical : NULL, &smtpd->canonical,
	    &smtpd->virtual_alias};
	bool *done = sender ? &j->sender_checked : &j->recipient_checked;
	const struct resolution *to;
	const struct maps *table;
	struct search_all s = {.judge = j,
		.subject = sender ? SUBJECT_SENDER : SUBJECT_RECIPIENT};
	const char *name = "", *parameter = "";
	struct decision by = {0};
	enum check check;
	int code = 0;
	size_t i;

	if (smtpd->set.no_recipient_checks || *done)
		return CHECK_DUNNO;
	*done = !j->warn_if_reject;
	check = judge_resolve(j, sender, &to);
	if (check != CHECK_DUNNO)
		return check;
	s.key = to->recipient;
	s.reply_name = sender ? j->session->sender : j->session->recipient;
	for (i = 0; i < sizeof(rewriting) / sizeof(rewriting[0]); i++)
		if (rewriting[i] &&
		    (check = search(&s, rewriting[i])) != CHECK_DUNNO)
			return check;
	if (s.found)
		return CHECK_DUNNO;
	ask_transport(j, sender, to);
	if (str_eq(to->transport, STR("error")) ||
	    str_eq(to->transport, STR("retry")))
		return refuse_transport(j, &s, to);
	table = table_of_class(j, to, &code, &name, &parameter);
	if (!table || !table->n)
		return CHECK_DUNNO;
	check = search(&s, table);
	if (check != CHECK_DUNNO || s.found)
		return check;
	by.at = host_setting_origin(smtpd->host, smtpd->service, parameter);
	return refuse_unlisted(j, &s, &by, code, sender ? "5.1.0" : "5.1.1",
	    smtpd->set.show_table ? str_of(arena_printf(j->arena,
	    "User unknown in %s table", name)) : STR("User unknown"));
}

enum check
unlisted(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct str address;

	if (!judge_subject(j, &address, &about))
		return CHECK_DUNNO;
	return judge_unlisted(j, about.reply_class == SUBJECT_SENDER);
}

/* Who may use the sender: with commas, or nobody is known. */
static enum check
find_owners(struct judge *j, struct lookup *owners)
{
	const struct resolution *from;
	enum check check = judge_resolve(j, true, &from);

	if (check != CHECK_DUNNO)
		return check;
	address_find(&j->smtpd->logins, from->recipient, ADDRESS_DEFAULT,
	    false, &j->smtpd->rules, j->arena, owners);
	if (owners->result == TABLE_RETRY)
		return judge_retry(j, j->session->sender);
	if (owners->result == TABLE_UNKNOWN)
		return judge_unknown(j, owners->answer.why);
	return CHECK_DUNNO;
}

static enum check
refuse_login(struct judge *j, const struct lookup *owners, const char *why,
    struct str who)
{
	const struct lookup *outer = j->lookup;
	enum check check;

	j->lookup = owners->result == TABLE_FOUND ? owners : outer;
	check = judge_reject(j, false, 553, "5.7.1",
	    "<%.*s>: Sender address rejected: %s%.*s",
	    STR_ARG(j->session->sender), why, STR_ARG(who));
	j->lookup = outer;
	return check;
}

static enum check
judge_login(struct judge *j, bool allow_unknown)
{
	struct str login = j->session->client.login, rest, name;
	struct lookup owners = {0};
	enum check check;
	size_t n;

	if (!j->login)
		return CHECK_DUNNO;
	check = find_owners(j, &owners);
	if (check != CHECK_DUNNO)
		return check;
	if (owners.result == TABLE_NONE && allow_unknown)
		return CHECK_DUNNO;
	rest = owners.result == TABLE_FOUND ? owners.answer.value :
	    (struct str){0};
	while (rest.len) {
		for (n = 0; n < rest.len && !strchr(", \t\r\n", rest.s[n]);
		    n++)
			;
		name = (struct str){rest.s, n};
		if (n && str_eq_fold(name, login))
			return CHECK_DUNNO;
		n += n < rest.len;
		rest = (struct str){rest.s + n, rest.len - n};
	}
	return refuse_login(j, &owners, "not owned by user ", login);
}

static bool
has_sender(struct judge *j)
{
	j->asked_sender = true;
	return j->smtpd->set.sasl && j->sender && j->session->sender.len;
}

enum check
login_mismatch(struct judge *j, const struct step *step)
{
	(void)step;
	return has_sender(j) ? judge_login(j, false) : CHECK_DUNNO;
}

enum check
login_missing(struct judge *j, const struct step *step)
{
	struct lookup owners = {0};
	enum check check;

	(void)step;
	if (!has_sender(j) || j->login)
		return CHECK_DUNNO;
	check = find_owners(j, &owners);
	if (check != CHECK_DUNNO || owners.result != TABLE_FOUND)
		return check;
	return refuse_login(j, &owners, "not logged in", STR(""));
}

enum check
login_mismatch_known(struct judge *j, const struct step *step)
{
	if (!has_sender(j))
		return CHECK_DUNNO;
	return j->login ? judge_login(j, true) : login_missing(j, step);
}
