/*
 * cleanup(8): what a message's addresses become between its arrival and the
 * queue. ADDRESS_REWRITING_README, canonical(5), virtual(5).
 */
#ifndef FLOW_CLEANUP_H
#define FLOW_CLEANUP_H

#include "flow/host.h"

enum step_kind {
	STEP_REWRITE,			/* user → user@myorigin and its like */
	STEP_CANONICAL,			/* recipient: canonical maps */
	STEP_SENDER_CANONICAL,
	STEP_HEADER_FROM,		/* the same of the From: header */
	STEP_MASQUERADE,
	STEP_ALIAS,			/* virtual_alias_maps */
	STEP_REDIRECT,			/* access(5) REDIRECT */
	STEP_BCC,			/* always_bcc and its like */
	STEP_GENERIC,			/* smtp_generic_maps, at the exit */
	STEP_LOCAL_ALIAS,		/* alias_maps, by local(8) */
	STEP_KINDS
};
extern const char *const step_names[STEP_KINDS];

/* One rewriting, in the order in which they happen. */
struct step {
	enum step_kind kind;
	struct str from;
	struct str *to;			/* one, but for ALIAS */
	size_t nto;
	struct decision by;
	struct step *next;
};

/* Whether addresses in headers are rewritten: local_header_rewrite_clients. */
enum header_rewriting {
	HEADERS_LEFT,			/* they stay as they came */
	HEADERS_LOCAL,			/* as those of local mail */
	HEADERS_REMOTE,			/* in remote_header_rewrite_domain */
	HEADERS_UNKNOWN,
};

/* What goes in. Internal form; header_from.s NULL: not known. */
struct envelope {
	struct str sender, recipient, header_from;
	enum header_rewriting headers;
	bool unmapped;			/* no_address_mappings */
	bool internal;			/* Postfix wrote it: no copies */
	const struct address_list *more;	/* access(5) BCC; or NULL */
	struct decision more_by;
};

struct cleaned {
	enum table_result result;	/* FOUND; RETRY: deferred; UNKNOWN */
	const char *why;
	struct str sender, header_from;
	struct str *recipient;		/* each once, in Postfix's order */
	size_t n;
	struct step *steps;
	struct step **last;
	struct decision by;		/* of RETRY and UNKNOWN */
	bool endless;			/* RETRY: the maps go on and on */
};

void cleanup_envelope(const struct host *host, const struct envelope *in,
    struct arena *a, struct cleaned *out);

/*
 * The parts of it: the sender; a recipient up to virtual aliases; a recipient
 * from there on, all of it or one step (the result, .answer.why of the lookup
 * and the list are address_map()'s).
 */
void cleanup_sender(const struct host *host, struct str sender,
    struct arena *a, struct cleaned *out);
void cleanup_canonical(const struct host *host, struct str recipient,
    struct arena *a, struct cleaned *out);
void cleanup_aliases(const struct host *host, struct str recipient,
    struct arena *a, struct cleaned *out);
enum table_result cleanup_alias(const struct host *host, struct str address,
    struct arena *a, struct address_list *list, struct lookup *lookup);

/* Append a step; to is kept. */
void cleanup_step(struct cleaned *c, struct arena *a, enum step_kind kind,
    struct str from, struct str *to, size_t nto, struct decision by);

/* Append the steps of another message that this one became. */
void cleanup_steps(struct cleaned *c, struct cleaned *more);

/*
 * smtp_generic_maps of a service on one address that leaves: FOUND, *address
 * is what it becomes; NONE; RETRY or UNKNOWN, out->why and out->by say more.
 */
enum table_result cleanup_generic(const struct host *host,
    const struct service *service, struct str *address, struct arena *a,
    struct cleaned *out);

#endif
