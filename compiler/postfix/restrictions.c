/*
 * The restrictions of smtpd_*_restrictions, those that are deprecated but
 * still work included: the names that smtpd_check.c compares with, in the
 * releases 3.5 to 3.11, which agree. Letter case does not count.
 */
#include "postfix/postfix.h"

static const struct restriction {
	const char *name;
	enum restriction_takes takes;
} restrictions[] = {
	{"check_ccert_access", RESTRICTION_TAKES_TABLE},
	{"check_client_a_access", RESTRICTION_TAKES_TABLE},
	{"check_client_access", RESTRICTION_TAKES_TABLE},
	{"check_client_mx_access", RESTRICTION_TAKES_TABLE},
	{"check_client_ns_access", RESTRICTION_TAKES_TABLE},
	{"check_etrn_access", RESTRICTION_TAKES_TABLE},
	{"check_helo_a_access", RESTRICTION_TAKES_TABLE},
	{"check_helo_access", RESTRICTION_TAKES_TABLE},
	{"check_helo_mx_access", RESTRICTION_TAKES_TABLE},
	{"check_helo_ns_access", RESTRICTION_TAKES_TABLE},
	{"check_policy_service", RESTRICTION_TAKES_SERVER},
	{"check_recipient_a_access", RESTRICTION_TAKES_TABLE},
	{"check_recipient_access", RESTRICTION_TAKES_TABLE},
	{"check_recipient_maps", RESTRICTION_TAKES_NOTHING},
	{"check_recipient_mx_access", RESTRICTION_TAKES_TABLE},
	{"check_recipient_ns_access", RESTRICTION_TAKES_TABLE},
	{"check_relay_domains", RESTRICTION_TAKES_NOTHING},
	{"check_reverse_client_hostname_a_access", RESTRICTION_TAKES_TABLE},
	{"check_reverse_client_hostname_access", RESTRICTION_TAKES_TABLE},
	{"check_reverse_client_hostname_mx_access", RESTRICTION_TAKES_TABLE},
	{"check_reverse_client_hostname_ns_access", RESTRICTION_TAKES_TABLE},
	{"check_sasl_access", RESTRICTION_TAKES_TABLE},
	{"check_sender_a_access", RESTRICTION_TAKES_TABLE},
	{"check_sender_access", RESTRICTION_TAKES_TABLE},
	{"check_sender_mx_access", RESTRICTION_TAKES_TABLE},
	{"check_sender_ns_access", RESTRICTION_TAKES_TABLE},
	{"defer", RESTRICTION_TAKES_NOTHING},
	{"defer_if_permit", RESTRICTION_TAKES_NOTHING},
	{"defer_if_reject", RESTRICTION_TAKES_NOTHING},
	{"defer_unauth_destination", RESTRICTION_TAKES_NOTHING},
	{"permit", RESTRICTION_TAKES_NOTHING},
	{"permit_auth_destination", RESTRICTION_TAKES_NOTHING},
	{"permit_dnswl_client", RESTRICTION_TAKES_DOMAIN},
	{"permit_inet_interfaces", RESTRICTION_TAKES_NOTHING},
	{"permit_mx_backup", RESTRICTION_TAKES_NOTHING},
	{"permit_mynetworks", RESTRICTION_TAKES_NOTHING},
	{"permit_naked_ip_address", RESTRICTION_TAKES_NOTHING},
	{"permit_rhswl_client", RESTRICTION_TAKES_DOMAIN},
	{"permit_sasl_authenticated", RESTRICTION_TAKES_NOTHING},
	{"permit_tls_all_clientcerts", RESTRICTION_TAKES_NOTHING},
	{"permit_tls_clientcerts", RESTRICTION_TAKES_NOTHING},
	{"reject", RESTRICTION_TAKES_NOTHING},
	{"reject_authenticated_sender_login_mismatch",
	    RESTRICTION_TAKES_NOTHING},
	{"reject_invalid_helo_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_invalid_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_known_sender_login_mismatch", RESTRICTION_TAKES_NOTHING},
	{"reject_maps_rbl", RESTRICTION_TAKES_NOTHING},
	{"reject_multi_recipient_bounce", RESTRICTION_TAKES_NOTHING},
	{"reject_non_fqdn_helo_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_non_fqdn_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_non_fqdn_recipient", RESTRICTION_TAKES_NOTHING},
	{"reject_non_fqdn_sender", RESTRICTION_TAKES_NOTHING},
	{"reject_plaintext_session", RESTRICTION_TAKES_NOTHING},
	{"reject_rbl", RESTRICTION_TAKES_DOMAIN},
	{"reject_rbl_client", RESTRICTION_TAKES_DOMAIN},
	{"reject_rhsbl_client", RESTRICTION_TAKES_DOMAIN},
	{"reject_rhsbl_helo", RESTRICTION_TAKES_DOMAIN},
	{"reject_rhsbl_recipient", RESTRICTION_TAKES_DOMAIN},
	{"reject_rhsbl_reverse_client", RESTRICTION_TAKES_DOMAIN},
	{"reject_rhsbl_sender", RESTRICTION_TAKES_DOMAIN},
	{"reject_sender_login_mismatch", RESTRICTION_TAKES_NOTHING},
	{"reject_unauth_destination", RESTRICTION_TAKES_NOTHING},
	{"reject_unauth_pipelining", RESTRICTION_TAKES_NOTHING},
	{"reject_unauthenticated_sender_login_mismatch",
	    RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_address", RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_client", RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_client_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_helo_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_hostname", RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_recipient_domain", RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_reverse_client_hostname",
	    RESTRICTION_TAKES_NOTHING},
	{"reject_unknown_sender_domain", RESTRICTION_TAKES_NOTHING},
	{"reject_unlisted_recipient", RESTRICTION_TAKES_NOTHING},
	{"reject_unlisted_sender", RESTRICTION_TAKES_NOTHING},
	{"reject_unverified_recipient", RESTRICTION_TAKES_NOTHING},
	{"reject_unverified_sender", RESTRICTION_TAKES_NOTHING},
	{"sleep", RESTRICTION_TAKES_NUMBER},
	{"warn_if_reject", RESTRICTION_TAKES_NOTHING},
};

enum { NRESTRICTIONS = sizeof(restrictions) / sizeof(restrictions[0]) };

static const struct restriction *
restriction_find(struct str name)
{
	size_t i;

	for (i = 0; i < NRESTRICTIONS; i++)
		if (str_eq_fold(name, str_of(restrictions[i].name)))
			return &restrictions[i];
	return NULL;
}

bool
restriction_known(struct str name)
{
	return restriction_find(name) != NULL;
}

enum restriction_takes
restriction_takes(struct str name)
{
	const struct restriction *r = restriction_find(name);

	return r ? r->takes : RESTRICTION_TAKES_NOTHING;
}

const char *
restriction_nearest(struct str name)
{
	const char *names[NRESTRICTIONS];
	size_t i;

	for (i = 0; i < NRESTRICTIONS; i++)
		names[i] = restrictions[i].name;
	return str_nearest(name, names, NRESTRICTIONS);
}

bool
restriction_next(struct str *rest, struct str *name, struct str *argument)
{
	*argument = (struct str){0};
	if (!value_item(rest, name))
		return false;
	if (restriction_takes(*name) != RESTRICTION_TAKES_NOTHING)
		value_item(rest, argument);
	return true;
}
