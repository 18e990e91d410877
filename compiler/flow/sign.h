/*
 * Which message the rspamd of a node signs, for which domain and with which
 * key: its dkim_signing module, told from the node's rendered files over the
 * defaults of Debian's package. Whether Postfix hands it the message at all,
 * and whether another module refuses the message first, is not asked here.
 */
#ifndef FLOW_SIGN_H
#define FLOW_SIGN_H

#include "postfix/table.h"

enum rspamd_release {
	RSPAMD_3_4,		/* Debian 12 */
	RSPAMD_3_8,		/* Debian 13 */
};

/* Where a line stands: owner is the file's, NULL for a default of rspamd. */
struct sign_place {
	const void *owner;
	size_t offset;
};

/* The node. */
struct sign_host {
	const struct table_world *world;	/* files by absolute path */
	enum rspamd_release release;
	/*
	 * Whether a private key is at a path; false: not known. NULL: a key
	 * that the files name is taken to be there, a path that rspamd makes
	 * up (try_fallback) is not known.
	 */
	bool (*key)(void *self, struct str path, bool *there);
};

struct signer;

/*
 * Read /etc/rspamd/{local.d,override.d}/{dkim_signing,settings}.conf and
 * options.inc; the package's own files are as it ships them. Never NULL:
 * where the files cannot be read or say what cannot be known here,
 * signer_problem() tells, and every verdict is SIGN_UNKNOWN that depends on
 * it. The world must outlive the signer.
 */
struct signer *signer_open(struct arena *a, const struct sign_host *host);
/* Why a file is broken (rspamd would not start), or NULL; its place. */
const char *signer_problem(const struct signer *signer,
    struct sign_place *place);

/* A message as Postfix hands it to rspamd. */
struct sign_message {
	struct str client;		/* its address; empty: not known.
					   127.0.0.1 for sendmail(1) */
	struct str user;		/* SASL login; s NULL: none */
	struct str sender;		/* envelope; empty: the null sender */
	struct str recipient;		/* the first one; empty: not known */
	const struct str *from;		/* the addresses in its header From */
	size_t nfrom;
	bool from_known;		/* false: they are not */
};

enum sign_result {
	SIGN_SIGNED,
	SIGN_NOT,
	SIGN_UNKNOWN,
};

/* One DKIM-Signature. */
struct signature {
	struct str domain;		/* d= */
	struct str selector;		/* s= */
	struct str key;			/* path of the private key */
	struct sign_place place;	/* of what names the key */
};

struct sign_verdict {
	enum sign_result result;
	const struct signature *signature;	/* SIGNED: at least one */
	size_t n;
	const char *why;		/* a clause: what made the message
					   eligible, or why not signed or
					   not known */
	struct sign_place place;	/* of the line that decided it */
};

/* What is in the verdict lives in the arena or in the signer's. */
struct sign_verdict sign_decide(const struct signer *signer,
    const struct sign_message *message, struct arena *a);

#endif
