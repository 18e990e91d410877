/*
 * The restrictions by name, and how a list of them is walked. A list ends
 * with the first that permits or refuses; what asks the world's DNS or
 * another server is taken to pass, and is noted as such.
 */
#include "flow/smtpd_inside.h"

enum { DEEPEST = 300 };		/* classes within classes: a circle */

struct str
client_reverse_name(const struct client *client)
{
	return client->reverse_name.len ? client->reverse_name : client->name;
}

bool
judge_subject(struct judge *j, struct str *text, struct step *step)
{
	const struct session *session = j->session;
	enum subject subject = step->restriction->subject;

	step->reply_class = subject;
	switch (subject) {
	case SUBJECT_REVERSE:
		*text = client_reverse_name(&session->client);
		break;
	case SUBJECT_HELO:
		*text = j->helo ? j->said : (struct str){0};
		break;
	case SUBJECT_SENDER:
		j->asked_sender = true;
		*text = j->sender ? session->sender : (struct str){0};
		break;
	case SUBJECT_RECIPIENT:
		j->asked_recipient = true;
		*text = j->recipient ? session->recipient : (struct str){0};
		break;
	case SUBJECT_CLIENT:
	case SUBJECT_CERTIFICATE:
	case SUBJECT_LOGIN:
	case SUBJECT_DATA:
	case SUBJECT_END_OF_DATA:
		*text = session->client.name;
		step->reply_name = j->client;
		return !name_unknown(*text);
	}
	step->reply_name = *text;
	return text->len && (subject != SUBJECT_REVERSE || !name_unknown(*text));
}

static enum check
permit(struct judge *j, const struct step *step)
{
	(void)step;
	return judge_permit(j, false);
}

static enum check
defer(struct judge *j, const struct step *step)
{
	return judge_reject_text(j, step, j->smtpd->set.defer_code, "4.3.2",
	    (struct str){0}, "Try again later");
}

static enum check
reject(struct judge *j, const struct step *step)
{
	return judge_reject_text(j, step, j->smtpd->set.reject_code, "5.7.1",
	    (struct str){0}, "Access denied");
}

static enum check
defer_if_permit(struct judge *j, const struct step *step)
{
	return judge_defer_if_permit(j, step, 450, "4.7.0",
	    STR("defer_if_permit requested"));
}

static enum check
defer_if_reject(struct judge *j, const struct step *step)
{
	judge_defer(j, &j->if_reject, step, 450, "4.7.0",
	    STR("defer_if_reject requested"));
	return CHECK_DUNNO;
}

/* What one recipient, and a client that keeps the protocol, cannot meet. */
static enum check
pass(struct judge *j, const struct step *step)
{
	(void)j;
	(void)step;
	return CHECK_DUNNO;
}

static enum check
pause(struct judge *j, const struct step *step)
{
	if (!step->argument || !all_digits(step->argument->text))
		return judge_server_error(j);
	return CHECK_DUNNO;
}

/* The two halves of what it stands for, as a class of smtpd's own. */
static enum check
sender_login_mismatch(struct judge *j, const struct step *step)
{
	enum check check = login_mismatch(j, step);

	return check == CHECK_DUNNO ? login_missing(j, step) : check;
}

#define NOTHING RESTRICTION_TAKES_NOTHING
#define TABLE RESTRICTION_TAKES_TABLE
#define DOMAIN RESTRICTION_TAKES_DOMAIN
#define SERVER(who, subject) \
	{"check_" who "_a_access", TABLE, access_server, subject, RECORD_A}, \
	{"check_" who "_mx_access", TABLE, access_server, subject, \
	    RECORD_MX}, \
	{"check_" who "_ns_access", TABLE, access_server, subject, RECORD_NS}
#define RULE(name, takes, judge) {name, takes, judge, SUBJECT_CLIENT, RECORD_A}
#define ABOUT(name, takes, judge, subject) \
	{name, takes, judge, subject, RECORD_A}

static const struct restriction restrictions[] = {
	RULE("permit", NOTHING, permit),
	RULE("defer", NOTHING, defer),
	RULE("reject", NOTHING, reject),
	RULE("reject_unauth_pipelining", NOTHING, pass),
	RULE("check_policy_service", RESTRICTION_TAKES_SERVER,
	    world_policy),
	RULE("defer_if_permit", NOTHING, defer_if_permit),
	RULE("defer_if_reject", NOTHING, defer_if_reject),
	RULE("sleep", RESTRICTION_TAKES_NUMBER, pause),
	RULE("reject_plaintext_session", NOTHING, client_plaintext),
	RULE("reject_unknown_client_hostname", NOTHING, client_unknown),
	RULE("reject_unknown_client", NOTHING, client_unknown),
	ABOUT("reject_unknown_reverse_client_hostname", NOTHING,
	    client_unknown, SUBJECT_REVERSE),
	RULE("permit_inet_interfaces", NOTHING, client_interfaces),
	RULE("permit_mynetworks", NOTHING, client_networks),
	RULE("check_client_access", TABLE, access_client),
	ABOUT("check_reverse_client_hostname_access", TABLE, access_reverse,
	    SUBJECT_REVERSE),
	RULE("reject_maps_rbl", NOTHING, world_old_blocks),
	RULE("reject_rbl_client", DOMAIN, world_blocks_address),
	RULE("reject_rbl", DOMAIN, world_blocks_address),
	RULE("permit_dnswl_client", DOMAIN, world_knows_address),
	RULE("reject_rhsbl_client", DOMAIN, world_blocks),
	RULE("permit_rhswl_client", DOMAIN, world_knows),
	ABOUT("reject_rhsbl_reverse_client", DOMAIN, world_blocks,
	    SUBJECT_REVERSE),
	RULE("check_ccert_access", TABLE, access_certificate),
	RULE("check_sasl_access", TABLE, access_login),
	SERVER("client", SUBJECT_CLIENT),
	SERVER("reverse_client_hostname", SUBJECT_REVERSE),
	RULE("check_helo_access", TABLE, access_helo),
	RULE("reject_invalid_helo_hostname", NOTHING, helo_invalid),
	RULE("reject_invalid_hostname", NOTHING, helo_invalid),
	RULE("reject_unknown_helo_hostname", NOTHING, world_helo),
	RULE("reject_unknown_hostname", NOTHING, world_helo),
	RULE("permit_naked_ip_address", NOTHING, helo_address),
	SERVER("helo", SUBJECT_HELO),
	RULE("reject_non_fqdn_helo_hostname", NOTHING, helo_not_full),
	RULE("reject_non_fqdn_hostname", NOTHING, helo_not_full),
	ABOUT("reject_rhsbl_helo", DOMAIN, world_blocks, SUBJECT_HELO),
	RULE("check_sender_access", TABLE, access_sender),
	ABOUT("reject_unknown_address", NOTHING, world_domain,
	    SUBJECT_SENDER),
	ABOUT("reject_unknown_sender_domain", NOTHING, world_domain,
	    SUBJECT_SENDER),
	ABOUT("reject_unverified_sender", NOTHING, world_verify,
	    SUBJECT_SENDER),
	ABOUT("reject_non_fqdn_sender", NOTHING, address_not_full,
	    SUBJECT_SENDER),
	RULE("reject_authenticated_sender_login_mismatch", NOTHING,
	    login_mismatch),
	RULE("reject_known_sender_login_mismatch", NOTHING,
	    login_mismatch_known),
	RULE("reject_unauthenticated_sender_login_mismatch", NOTHING,
	    login_missing),
	SERVER("sender", SUBJECT_SENDER),
	ABOUT("reject_rhsbl_sender", DOMAIN, world_blocks, SUBJECT_SENDER),
	ABOUT("reject_unlisted_sender", NOTHING, unlisted, SUBJECT_SENDER),
	RULE("check_recipient_access", TABLE, access_recipient),
	RULE("permit_mx_backup", NOTHING, recipient_backup),
	RULE("permit_auth_destination", NOTHING, recipient_authorised),
	RULE("reject_unauth_destination", NOTHING, recipient_relay),
	RULE("defer_unauth_destination", NOTHING, recipient_defer_relay),
	RULE("check_relay_domains", NOTHING, recipient_relay_domains),
	RULE("permit_sasl_authenticated", NOTHING, client_login),
	RULE("permit_tls_all_clientcerts", NOTHING, client_any_certificate),
	RULE("permit_tls_clientcerts", NOTHING, client_certificate),
	ABOUT("reject_unknown_recipient_domain", NOTHING, world_domain,
	    SUBJECT_RECIPIENT),
	ABOUT("reject_non_fqdn_recipient", NOTHING, address_not_full,
	    SUBJECT_RECIPIENT),
	SERVER("recipient", SUBJECT_RECIPIENT),
	ABOUT("reject_rhsbl_recipient", DOMAIN, world_blocks,
	    SUBJECT_RECIPIENT),
	ABOUT("check_recipient_maps", NOTHING, unlisted, SUBJECT_RECIPIENT),
	ABOUT("reject_unlisted_recipient", NOTHING, unlisted,
	    SUBJECT_RECIPIENT),
	RULE("reject_multi_recipient_bounce", NOTHING, pass),
	ABOUT("reject_unverified_recipient", NOTHING, world_verify,
	    SUBJECT_RECIPIENT),
	RULE("check_etrn_access", TABLE, pass),
	RULE("reject_sender_login_mismatch", NOTHING, sender_login_mismatch),
};

const struct restriction *
smtpd_restriction(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof(restrictions) / sizeof(restrictions[0]); i++)
		if (str_eq_fold(name, str_of(restrictions[i].name)))
			return &restrictions[i];
	return NULL;
}

/*
 * Judge by what stands at a place of a list; *at moves over its argument.
 * A bare type:name is what the list's stage makes of it.
 */
static enum check
judge_item(struct judge *j, const struct restrictions *list, size_t *at,
    const struct step *outer)
{
	const struct item *item = &list->item[*at], *next = NULL;
	const struct restriction *restriction = item->restriction;
	struct step step = *outer;

	j->restriction = item->text;
	if (str_find(item->text, ':') < item->text.len) {
		if (!outer->implicit)
			return judge_server_error(j);
		restriction = outer->implicit;
		next = item;
	} else if (*at + 1 < list->n) {
		next = item + 1;
	}
	if (restriction) {
		step.restriction = restriction;
		step.argument = next;
		if (restriction->takes == RESTRICTION_TAKES_TABLE &&
		    (!next || str_find(next->text, ':') == next->text.len))
			return judge_server_error(j);
		if (restriction->takes != RESTRICTION_TAKES_NOTHING &&
		    next && next != item)
			++*at;
		return restriction->judge(j, &step);
	}
	if (item->class)
		return judge_list(j, item->class, outer->reply_name,
		    outer->reply_class, outer->implicit);
	return judge_server_error(j);
}

enum check
judge_list(struct judge *j, const struct restrictions *list, struct str reply_name,
    enum subject reply_class, const struct restriction *implicit)
{
	const struct step step = {.implicit = implicit,
		.reply_name = reply_name, .reply_class = reply_class};
	const struct restrictions *outer = j->list;
	struct str restriction = j->restriction;
	unsigned saved = j->recursion++;
	enum check check = CHECK_DUNNO;
	size_t i;

	if (j->recursion > DEEPEST)
		return judge_hangup(j, "a restriction class is in itself");
	j->list = list;
	for (i = 0; i < list->n && !j->discard; i++) {
		if (str_eq_fold(list->item[i].text, STR("warn_if_reject"))) {
			if (!j->warn_if_reject)
				j->warn_if_reject = j->recursion;
			continue;
		}
		check = judge_item(j, list, &i, &step);
		if (j->warn_if_reject >= j->recursion)
			j->warn_if_reject = 0;
		if (check != CHECK_DUNNO ||
		    (j->if_permit.active && j->if_reject.active))
			break;
	}
	j->recursion = saved;
	if (j->warn_if_reject >= j->recursion)
		j->warn_if_reject = 0;
	j->list = outer;
	j->restriction = restriction;
	return check;
}
