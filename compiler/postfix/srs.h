/*
 * Rewritten senders as postsrsd makes and turns them back (libsrs2's "guarded"
 * scheme, SRS0 and SRS1). With the secret the hash is checked; without it a
 * good address cannot be told from a forged one.
 */
#ifndef POSTFIX_SRS_H
#define POSTFIX_SRS_H

#include "base/arena.h"
#include "base/str.h"

struct srs_rules {
	struct str domain;		/* SRS_DOMAIN, srs-domain */
	struct str *exclude;		/* never rewritten; ".d": below d */
	size_t nexclude;
	struct str *secret;		/* the first signs, all verify */
	size_t nsecret;			/* 0: not known */
	char separator;			/* '=', '+' or '-' after SRS0 */
	unsigned hash_length;		/* 4 */
	unsigned hash_minimum;		/* 4 */
	bool always_rewrite;
	unsigned major;			/* of postsrsd: 2, else 1.x */
	bool urlsafe;			/* its alphabet from 2.2.6 on */
	unsigned today;			/* days since 1970: the timestamp */
};

enum srs_result {
	SRS_REWRITTEN,
	SRS_UNCHANGED,		/* not for SRS: excluded, no address of its */
	SRS_REFUSED,		/* tampered, expired, malformed: *why */
	SRS_UNKNOWN,		/* well formed, and the secret is not here */
};

/*
 * The sender under which mail of a sender is forwarded. Without a secret the
 * hash is all 'x'. UNCHANGED: *why it stays as it is; REFUSED: postsrsd 2
 * answers with an error, and the mail waits. *rewritten is always set.
 */
enum srs_result srs_forward(const struct srs_rules *rules, struct str sender,
    struct arena *a, struct str *rewritten, const char **why);
/*
 * The address that a rewritten one stands for, also where it is UNKNOWN
 * whether its hash is good; else *original is the address itself.
 */
enum srs_result srs_reverse(const struct srs_rules *rules,
    struct str address, struct arena *a, struct str *original,
    const char **why);

#endif
