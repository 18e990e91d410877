/* What the parts of smtpd share. */
#ifndef FLOW_SMTPD_INSIDE_H
#define FLOW_SMTPD_INSIDE_H

#include "flow/smtpd.h"

/* What stands in a list, with what it names found once. */
struct item {
	struct str text;
	const struct restriction *restriction;	/* or NULL */
	const struct restrictions *class;		/* or NULL */
	const struct access_table *table;	/* or NULL */
	const struct ccert_search *search;	/* or NULL */
};

/* A list of restrictions: a parameter's, a class's, or a table's value. */
struct restrictions {
	const char *name;		/* of the parameter or the class */
	const struct setting *setting;	/* NULL: the default, or a value */
	struct item *item;
	size_t n;
	struct restrictions *next;		/* of the classes */
};

/* A table that some list names. */
struct access_table {
	struct str name;		/* "type:name" */
	struct maps maps;
	struct access_table *next;
};

/* What check_ccert_access looks for, in order (map_search(3)). */
enum search {
	SEARCH_FINGERPRINT, SEARCH_KEY_FINGERPRINT, SEARCH_OTHER,
};
struct ccert_search {
	struct str item;		/* as it stands in the list */
	const struct access_table *table;
	enum search order[8];
	size_t n;
	struct ccert_search *next;
};

/* smtpd's parameters, as its service has them. */
struct smtpd_settings {
	bool delay_reject, helo_required, relay_first, soft_bounce;
	bool unlisted_recipient, unlisted_sender, untrusted_routing;
	bool show_table, sasl, auth_only, ask_ccert, req_ccert;
	bool tls_offered, tls_enforced, tls_certificate, wrappermode;
	bool trusts_ca, proxy_filter, no_recipient_checks;
	bool strict_envelopes, strict_utf8;
	bool parents;			/* of smtpd_access_maps */
	int reject_code, defer_code, relay_code, plaintext_code;
	int map_reject_code, map_defer_code, client_code, name_code;
	int non_fqdn_code, alias_code, local_code, mailbox_code;
	int relay_recipient_code, unknown_name_code, unknown_domain_code;
	struct str ehlo_words;		/* smtpd_discard_ehlo_keywords */
	struct str null_key;		/* smtpd_null_access_lookup_key */
	struct str probe;		/* address_verify_sender, complete;
					   empty: it is not recognised */
	struct str bounce;		/* double_bounce_sender */
	struct str header_clients;	/* local_header_rewrite_clients */
	const char *unknown;		/* why no session can be told, or NULL */
	const char *assumed;		/* of each message that is taken */
};

struct smtpd {
	const struct host *host;
	const struct service *service;
	struct arena *arena;
	const char *broken;		/* why smtpd ends before it speaks */
	struct smtpd_settings set;
	struct address_rules rules;	/* for keys; the host's for resolving */
	struct restrictions client, helo, sender, relay, recipient;
	struct restrictions data, end_of_data;
	/* What a bare table is in each of them. */
	struct {
		const struct restriction *client, *helo, *sender, *recipient;
	} implicit;
	struct restrictions *classes;
	struct access_table *tables;
	struct ccert_search *searches;
	struct maps canonical, sender_canonical, recipient_canonical;
	struct maps virtual_alias;
	struct maps local_recipients, mailboxes, relay_recipients;
	struct maps logins, certificates, ehlo_words;
	const struct match_list *networks;
	const char *networks_unknown;	/* why who is not in it is unknown */
};

enum check {
	CHECK_DUNNO,
	CHECK_OK,
	CHECK_REJECT,			/* the reply is in judge.reply */
	CHECK_UNKNOWN,			/* the verdict says why */
};

/* Whom a restriction is about, as replies name them. */
enum subject {
	SUBJECT_CLIENT, SUBJECT_REVERSE, SUBJECT_CERTIFICATE, SUBJECT_LOGIN,
	SUBJECT_HELO, SUBJECT_SENDER, SUBJECT_RECIPIENT, SUBJECT_DATA,
	SUBJECT_END_OF_DATA,
};

struct reply {
	char *text;			/* "554 5.7.1 …" */
	struct decision by;
};

struct deferral {
	bool active;
	int code;
	const char *dsn, *reason;
	struct decision by;
};

enum record { RECORD_A, RECORD_MX, RECORD_NS };

struct judge;
struct step;

struct restriction {
	const char *name;
	enum restriction_takes takes;
	enum check (*judge)(struct judge *j, const struct step *step);
	enum subject subject;		/* where the function serves several */
	enum record record;
};

/* One message's recipient on its way through the lists. */
struct judge {
	const struct smtpd *smtpd;
	struct smtpd_mail *mail;
	const struct session *session;
	struct arena *arena;
	struct verdict *verdict;
	/* What the session has come to. */
	bool tls, certificate, login, helo, sender, recipient, at_rcpt;
	struct str client;		/* "name[address]" */
	struct str said;		/* the HELO, as smtpd keeps it */
	struct resolution of_sender, of_recipient;
	bool resolved_sender, resolved_recipient;
	/* Where in the lists we are: for decisions. */
	const struct restrictions *list;
	struct str restriction;
	const struct lookup *lookup;
	unsigned recursion, warn_if_reject;
	struct deferral if_permit, if_reject;
	bool permit_client, permit_helo, permit_sender;
	bool discard, at_sender, sender_checked, recipient_checked;
	bool asked_sender, asked_recipient;	/* in this stage */
	bool recipient_mattered;	/* before the recipient's own stage */
	struct reply reply;
	struct decision ok;		/* the last OK */
	bool ok_by_client;		/* it was for who the client is */
};

/* How far a message has come, to go on from there. */
struct smtpd_state {
	struct judge judge;
	struct verdict verdict;
	enum check check;
};

struct smtpd_mail {
	struct session session;		/* its recipient is nobody's */
	struct arena *arena;
	struct smtpd_state said;	/* after MAIL FROM */
	/*
	 * After the lists that wait for a recipient (smtpd_delay_reject),
	 * where they ask nothing of it.
	 */
	struct smtpd_state waited;
	enum { WAITED_NOT, WAITED_KEPT, WAITED_APART } waiting;
	/* Whether the client is in mynetworks, once that was asked. */
	bool networks_known;
	struct lookup networks;
};

/* A restriction in its list, and what it is to say in a reply. */
struct step {
	const struct restriction *restriction;
	const struct restriction *implicit;	/* what a bare type:name is */
	const struct item *argument;
	struct str reply_name;
	enum subject reply_class;
};

/* smtpd_open.c */

/* What keeps the real smtpd from starting; the first counts. */
void smtpd_break(struct smtpd *smtpd, const char *why);

/* smtpd_lists.c */

void smtpd_open_lists(struct smtpd *smtpd);

/* A value as a list, its items linked to what smtpd knows. */
void smtpd_list_parse(const struct smtpd *smtpd, struct arena *a,
    struct str text, struct restrictions *list);

/* smtpd_reply.c */

const char *subject_name(enum subject subject);
/*
 * Refuse, unless the lists only warn here; server: not the client's fault,
 * and refused even so.
 */
enum check judge_reject(struct judge *j, bool server, int code,
    const char *dsn, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Remember to defer later, unless there is a reason to already. */
void judge_defer(struct judge *j, struct deferral *deferral,
    const struct step *step, int code, const char *dsn, struct str text);
/* The same for what would be permitted; or a warning, where it is one. */
enum check judge_defer_if_permit(struct judge *j, const struct step *step,
    int code, const char *dsn, struct str text);
/* "<name>: … rejected: text" with what the text has for a DSN. */
enum check judge_reject_text(struct judge *j, const struct step *step,
    int code, const char *dsn, struct str text, const char *otherwise);
enum check judge_deferred(struct judge *j, const struct deferral *deferral);
enum check judge_retry(struct judge *j, struct str reply_name);
enum check judge_server_error(struct judge *j);
/* The connection ends without a reply. */
enum check judge_hangup(struct judge *j, const char *why);
enum check judge_unknown(struct judge *j, const char *why);
/* Permit; by_client: because of who the client is. */
enum check judge_permit(struct judge *j, bool by_client);
void judge_assume(struct judge *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct decision judge_decision(const struct judge *j);
/* Split a DSN off a text: itself, or the one given; smtpd_dsn_fix'ed. */
const char *dsn_split(struct judge *j, const char *otherwise,
    struct str *text, enum subject subject);

/* smtpd_restrictions.c */

/* The reverse name, which is the name where it is not known. */
struct str client_reverse_name(const struct client *client);
/*
 * What the restriction's subject is called, and how replies call it; false:
 * there is none.
 */
bool judge_subject(struct judge *j, struct str *text, struct step *step);
enum check judge_list(struct judge *j, const struct restrictions *list,
    struct str reply_name, enum subject reply_class,
    const struct restriction *implicit);
const struct restriction *smtpd_restriction(struct str name);

/* smtpd_client.c */

enum check client_plaintext(struct judge *j, const struct step *step);
enum check client_unknown(struct judge *j, const struct step *step);
enum check client_interfaces(struct judge *j, const struct step *step);
enum check client_networks(struct judge *j, const struct step *step);
enum check client_login(struct judge *j, const struct step *step);
enum check client_certificate(struct judge *j, const struct step *step);
enum check client_any_certificate(struct judge *j, const struct step *step);
enum check helo_invalid(struct judge *j, const struct step *step);
enum check helo_not_full(struct judge *j, const struct step *step);
enum check helo_address(struct judge *j, const struct step *step);
enum check address_not_full(struct judge *j, const struct step *step);
enum check helo_literal(struct judge *j, struct str text);

/* smtpd_world.c */

enum check world_policy(struct judge *j, const struct step *step);
enum check world_helo(struct judge *j, const struct step *step);
enum check world_domain(struct judge *j, const struct step *step);
enum check world_verify(struct judge *j, const struct step *step);
enum check world_blocks(struct judge *j, const struct step *step);
enum check world_blocks_address(struct judge *j, const struct step *step);
enum check world_old_blocks(struct judge *j, const struct step *step);
enum check world_knows(struct judge *j, const struct step *step);
enum check world_knows_address(struct judge *j, const struct step *step);

/* smtpd_access.c */

enum check access_client(struct judge *j, const struct step *step);
enum check access_helo(struct judge *j, const struct step *step);
enum check access_sender(struct judge *j, const struct step *step);
enum check access_recipient(struct judge *j, const struct step *step);
enum check access_certificate(struct judge *j, const struct step *step);
enum check access_login(struct judge *j, const struct step *step);
enum check access_reverse(struct judge *j, const struct step *step);
enum check access_server(struct judge *j, const struct step *step);

/* smtpd_action.c */

/* access(5): what a table's value asks for. */
enum check access_action(struct judge *j, const struct step *step,
    struct str value);

/* smtpd_recipient.c */

/* smtpd_resolve_addr(): any other result than DUNNO ends the stage. */
void judge_resolve_only(struct judge *j, bool sender);
enum check judge_resolve(struct judge *j, bool sender,
    const struct resolution **resolution);
/* Whether a recipient is the host's own, or its to relay. */
enum check judge_authorised(struct judge *j, bool *authorised);
/* The sender or the recipient is no address that its class has. */
enum check judge_unlisted(struct judge *j, bool sender);
enum check recipient_authorised(struct judge *j, const struct step *step);
enum check recipient_backup(struct judge *j, const struct step *step);
enum check recipient_relay(struct judge *j, const struct step *step);
enum check recipient_defer_relay(struct judge *j, const struct step *step);
enum check recipient_relay_domains(struct judge *j, const struct step *step);
enum check unlisted(struct judge *j, const struct step *step);
enum check login_mismatch(struct judge *j, const struct step *step);
enum check login_mismatch_known(struct judge *j, const struct step *step);
enum check login_missing(struct judge *j, const struct step *step);

/* smtpd_names.c: what Postfix takes for a name and for an address. */

/* What a client without a name is called. */
bool name_unknown(struct str name);
bool name_valid(struct str name);
bool address_valid(struct str text);
bool address_valid_4(struct str text);
bool address_valid_6(struct str text);
/* The address of "[192.0.2.1]" or "[IPv6:2001:db8::1]" without brackets. */
bool literal_valid(struct str text, struct str *address);
/* Without the dot that ends a name. */
struct str name_undotted(struct str name);
bool all_digits(struct str text);

#endif
