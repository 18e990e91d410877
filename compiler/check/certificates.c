/*
 * The MTA knows a node by its certificate's fingerprint, everybody else by
 * the names in it. A certificate that a node needs and that is wrong loses
 * mail only after the deploy, so it is an error before it.
 */
#include "check/rules.h"

#include <time.h>

enum { DAY = 86400, SOON = 14 * DAY };

static void
check_twice(struct checker *c)
{
	struct map seen;
	size_t i, j;

	map_init(&seen);
	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct fingerprint *print =
		    fleet_node(c->fleet, i)->fingerprints.item;

		for (j = 0; j < fleet_node(c->fleet, i)->fingerprints.n; j++) {
			struct fingerprint *one = ARENA_NEW(c->arena,
			    struct fingerprint);
			const struct fingerprint *other;

			*one = print[j];
			other = map_add(&seen, text_str(one->value), one);
			if (other == one)
				continue;
			diag_note(c->diag, diag_add(c->diag,
			    FINDING_FINGERPRINT_TWICE, one->value.at,
			    "%s and %s have one fingerprint; a key is never "
			    "copied from host to host", one->node.s,
			    other->node.s), other->value.at, "the other one");
		}
	}
	map_release(&seen);
}

static void
check_match(struct checker *c, const struct node *node)
{
	const struct fingerprint *print = node->fingerprints.item;
	const struct certificate *cert = node->certificate;
	size_t i;

	for (i = 0; i < node->fingerprints.n; i++)
		if (str_eq(text_str(print[i].value),
		    str_of(cert->fingerprint)) ||
		    str_eq(text_str(print[i].value),
		    str_of(cert->key_fingerprint)))
			return;
	if (node->fingerprints.n)
		diag_note(c->diag, diag_add(c->diag,
		    FINDING_FINGERPRINT_MISMATCH, print[0].value.at,
		    "the fingerprint exported for %s is neither that of its "
		    "certificate nor of its key; run Puppet on the node, or "
		    "fetch the certificate anew", node->fqdn.s), cert->at,
		    "the certificate");
}

void
check_fingerprints(struct checker *c)
{
	size_t i;

	check_twice(c);
	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);

		if (node->role && node->role->client && c->fleet->mtas.n &&
		    !node->fingerprints.n && !node->fingerprint_reported)
			diag_add(c->diag, FINDING_FINGERPRINT_MISSING,
			    node->at, "the MTA would refuse %s: no "
			    "fingerprint is exported for it, and there is no "
			    "data/certs/%s.pem", node->fqdn.s, node->fqdn.s);
		if (node->certificate)
			check_match(c, node);
	}
}

static void
date_text(time_t t, char *text, size_t size)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, size, "%Y-%m-%d", &tm);
}

static void
check_validity(struct checker *c, const struct node *node)
{
	const struct certificate *cert = node->certificate;
	char date[32];

	date_text(cert->not_after, date, sizeof(date));
	if (c->today > cert->not_after)
		diag_add(c->diag, FINDING_CERT_EXPIRED, cert->at,
		    "the certificate of %s expired on %s", node->fqdn.s, date);
	else if (cert->not_after - c->today < SOON)
		diag_add(c->diag, FINDING_CERT_EXPIRES, cert->at,
		    "the certificate of %s expires on %s", node->fqdn.s, date);
	date_text(cert->not_before, date, sizeof(date));
	if (c->today < cert->not_before)
		diag_add(c->diag, FINDING_CERT_EXPIRED, cert->at,
		    "the certificate of %s is not valid before %s",
		    node->fqdn.s, date);
}

static void
check_name(struct checker *c, const struct node *node, struct text name,
    const char *why)
{
	if (name.len && !certificate_names(node->certificate, text_str(name)))
		diag_add(c->diag, FINDING_CERT_NAME, node->certificate->at,
		    "the certificate of %s lacks the name %s, %s",
		    node->fqdn.s, name.s, why);
}

/* The words of outside.certificate_names that stand for names in the data. */
static void
check_names(struct checker *c, const struct node *node)
{
	const struct text *want = node->role->outside.certificate_names.item;
	const struct text *domain = node->receives.item;
	size_t i, j;

	check_name(c, node, node->fqdn, "its own");
	for (i = 0; i < node->role->outside.certificate_names.n; i++) {
		struct str word = text_str(want[i]);

		if (str_eq(word, STR("srs")))
			check_name(c, node, c->fleet->srs.name,
			    "by which the MX reaches it");
		else if (str_eq(word, STR("mta")))
			check_name(c, node, c->fleet->mta.name,
			    "by which the nodes reach it");
		else if (str_eq(word, STR("submission")))
			check_name(c, node, c->fleet->submission.name,
			    "by which users reach it");
		else if (str_eq(word, STR("receives")))
			for (j = 0; j < node->receives.n; j++)
				check_name(c, node, domain[j],
				    "for which it receives");
		else
			check_name(c, node, want[i], "which its role asks for");
	}
}

void
check_certificates(struct checker *c)
{
	size_t i;

	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);

		if (!node->certificate || !node->role)
			continue;
		check_validity(c, node);
		check_names(c, node);
	}
}
