/*
 * smtpd(8) as far as it decides: who may connect, who may send as whom to
 * whom. One recipient of one message at a time (RCPT TO), with the
 * restrictions of all stages (SMTPD_ACCESS_README).
 */
#ifndef FLOW_SMTPD_H
#define FLOW_SMTPD_H

#include "flow/resolve.h"

/* Who talks to us. Strings are as Postfix has them after the handshake. */
struct client {
	struct str address;		/* "192.0.2.1", "2001:db8::1" */
	struct str name;		/* verified; "unknown" */
	struct str reverse_name;	/* of the address, verified or not;
					   empty: the same as the name */
	struct str fingerprint;		/* of its certificate, "AA:BB…" as
					   smtpd_tls_fingerprint_digest has it;
					   empty: none shown */
	struct str key_fingerprint;	/* of its public key */
	struct str common_name;		/* of the certificate's subject */
	struct str login;		/* SASL user name; empty: none */
	bool tls;
};

struct session {
	struct client client;
	struct str helo;		/* empty: none was said */
	struct str sender;		/* internal form, empty: <> */
	struct str recipient;		/* internal form */
	/* What was typed is no address: smtpd_address(). */
	bool bad_sender, bad_recipient;
};

enum verdict_kind {
	VERDICT_ACCEPT,
	VERDICT_REFUSE,			/* with code and text, 4xx or 5xx */
	VERDICT_UNKNOWN,		/* cannot be told: why */
};

struct verdict {
	enum verdict_kind kind;
	int code;			/* of RCPT TO, of what failed before,
					   or of DATA and its end; 421 with
					   text of our own where Postfix just
					   hangs up */
	const char *text;		/* "5.7.1 <x@y>: Relay access denied" */
	const char *why;		/* UNKNOWN: a clause */
	struct decision by;		/* the restriction that decided */
	bool authorised;		/* relayed because of who the client is:
					   a permit_* in the relay list */
	/* What access(5) actions ask for, if the message is accepted. */
	struct str redirect, filter;
	struct address_list bcc;
	bool discard, hold;
	/*
	 * What was asked of the sender may weigh differently for another
	 * recipient; false: all senders that pass do as well.
	 */
	bool sender_mattered;
	/* What client and sender come to, whoever the recipient is. */
	enum {
		SENDER_NOT_ASKED,	/* the recipient was no good before, or
					   the lists ask for it as well */
		SENDER_PASSED, SENDER_REFUSED,
	} sender;
	/*
	 * What was taken for granted, with commas: the world's names resolve,
	 * no list of bad clients has this one and any list of good ones has
	 * it, a policy service and header_checks have nothing to say. NULL:
	 * nothing.
	 */
	const char *assumed;
};

/* A listener's restrictions, read and opened. */
struct smtpd *smtpd_open(const struct host *host,
    const struct service *service);

/*
 * The internal form of what a client writes between the <> of MAIL FROM and
 * RCPT TO, source routes, quotes and comments dropped; false: no address
 * that smtpd takes.
 */
bool smtpd_address(const struct smtpd *smtpd, struct str typed,
    struct arena *a, struct str *internal);

/*
 * Judge one recipient. What depends on the outside world is assumed to pass
 * where passing widens what is accepted, and named in .assumed; what cannot
 * be assumed is VERDICT_UNKNOWN. Strings are in the arena.
 */
void smtpd_judge(const struct smtpd *smtpd, const struct session *session,
    struct arena *a, struct verdict *verdict);

/*
 * The same in two steps: a message up to MAIL FROM, and one after the other
 * its recipients, to whom all that does not depend on them is answered from
 * memory. The session's strings and the arena must outlive the message; what
 * verdicts point to is in its arena or in the recipient's.
 */
struct smtpd_mail;
struct smtpd_mail *smtpd_mail(const struct smtpd *smtpd,
    const struct session *session, struct arena *a);
void smtpd_rcpt(struct smtpd_mail *mail, struct str recipient,
    bool bad_recipient, struct arena *a, struct verdict *verdict);

/*
 * The same for what the restrictions do with any recipient that is not ours:
 * whether this client would be relayed for at all.
 */
bool smtpd_relays(const struct smtpd *smtpd, const struct session *session,
    struct arena *a, struct verdict *verdict);

/*
 * Whether the client is one of local_header_rewrite_clients: FOUND, NONE,
 * RETRY or UNKNOWN.
 */
enum table_result smtpd_header_client(const struct smtpd *smtpd,
    const struct session *session, struct arena *a);

/* The tables of a class's valid recipients; NULL: there is no such list. */
const struct maps *smtpd_recipients(const struct smtpd *smtpd,
    enum address_class class);

/*
 * A number for all that a client is to the restrictions: where two clients
 * have one number, smtpd answers both alike, whatever they ask for.
 */
uint32_t smtpd_client_kind(const struct smtpd *smtpd,
    const struct session *session, struct arena *a);

/* Whether the answer for local@domain may depend on the local part. */
bool smtpd_tells_locals(const struct smtpd *smtpd, struct str domain);
/*
 * The address that address verification sends from, which is always taken;
 * empty: none, or it changes with time.
 */
struct str smtpd_probe(const struct smtpd *smtpd);
/*
 * table_print() for all that smtpd asks about a recipient of the domain, if
 * it is not the probe.
 */
bool smtpd_print(const struct smtpd *smtpd, struct str domain,
    struct buf *print);

#endif
