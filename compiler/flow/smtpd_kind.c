/*
 * What a client is to the restrictions. What smtpd asks of everybody is
 * weighed here as it weighs it: a network, a password, a certificate. What a
 * list may ask besides (a name, HELO) makes the client one of its own.
 */
#include "flow/smtpd_inside.h"

struct kind {
	const struct smtpd *smtpd;
	const struct session *session;
	struct arena *arena;
	uint32_t number;
};

static void
mix(struct kind *k, uint32_t bits)
{
	k->number = (k->number ^ bits) * 16777619u;
}

static void
mix_str(struct kind *k, struct str s)
{
	mix(k, str_hash(s));
	mix(k, (uint32_t)s.len);
}

/* A restriction that looks at more of a client than is weighed anyhow. */
static bool
is_curious(const struct restriction *restriction)
{
	static enum check (*const weighed[])(struct judge *,
	    const struct step *) = {
		client_plaintext, client_networks, client_login,
		client_certificate, client_any_certificate, unlisted,
		login_mismatch, login_mismatch_known, login_missing,
		recipient_authorised, recipient_backup, recipient_relay,
		recipient_defer_relay, access_sender, access_recipient,
		world_policy, world_blocks_address, world_knows_address,
	};
	static const char *const plain[] = {
		"permit", "defer", "reject", "reject_unauth_pipelining",
		"defer_if_permit", "defer_if_reject", "sleep",
		"reject_multi_recipient_bounce",
		"reject_sender_login_mismatch",
	};
	size_t i;

	if (restriction->subject == SUBJECT_SENDER ||
	    restriction->subject == SUBJECT_RECIPIENT)
		return false;
	for (i = 0; i < sizeof(weighed) / sizeof(weighed[0]); i++)
		if (restriction->judge == weighed[i])
			return false;
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!strcmp(restriction->name, plain[i]))
			return false;
	return true;
}

static bool
list_is_curious(const struct restrictions *list, bool clients)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct item *item = &list->item[i];

		/* A bare table in the lists for clients and HELO. */
		if (clients && item->table)
			return true;
		if (item->restriction && is_curious(item->restriction))
			return true;
	}
	return false;
}

static bool
smtpd_is_curious(const struct smtpd *smtpd)
{
	const struct restrictions *c;

	if (list_is_curious(&smtpd->client, true) ||
	    list_is_curious(&smtpd->helo, true) ||
	    list_is_curious(&smtpd->sender, false) ||
	    list_is_curious(&smtpd->relay, false) ||
	    list_is_curious(&smtpd->recipient, false) ||
	    list_is_curious(&smtpd->data, false) ||
	    list_is_curious(&smtpd->end_of_data, false) ||
	    smtpd->ehlo_words.n)
		return true;
	for (c = smtpd->classes; c; c = c->next)
		if (list_is_curious(c, false))
			return true;
	return false;
}

static void
mix_certificate(struct kind *k, struct str fingerprint)
{
	struct lookup lookup;

	maps_find(&k->smtpd->certificates, fingerprint, false, k->arena,
	    &lookup);
	mix(k, fingerprint.len != 0);
	mix(k, (uint32_t)lookup.result);
}

uint32_t
smtpd_client_kind(const struct smtpd *smtpd, const struct session *session,
    struct arena *a)
{
	const struct client *client = &session->client;
	struct kind k = {smtpd, session, a, 2166136261u};
	struct lookup lookup;

	mix(&k, client->tls);
	mix(&k, session->helo.len != 0);
	mix(&k, (uint32_t)match_list_has(smtpd->networks, client->name,
	    client->address, a, &lookup));
	if (smtpd->set.ask_ccert) {
		mix_certificate(&k, client->fingerprint);
		mix_certificate(&k, client->key_fingerprint);
	}
	mix_str(&k, client->login);
	if (smtpd_is_curious(smtpd)) {
		mix_str(&k, client->address);
		mix_str(&k, client->name);
		mix_str(&k, client->reverse_name);
		mix_str(&k, client->fingerprint);
		mix_str(&k, client->common_name);
		mix_str(&k, session->helo);
	}
	return k.number;
}
