/*
 * The directory's entries are written by their owners. Each of these
 * findings costs the owner the forward and nobody else anything, so none
 * stops a deploy.
 */
#include "check/rules.h"

#include "model/address.h"

static void
report(struct checker *c, const struct account *a, enum finding_id id,
    const char *what)
{
	diag_add(c->diag, id, a->forward.len ? a->forward.at : a->uid.at,
	    "%s: %s", a->uid.s, what);
}

static void
report_taken(struct checker *c, const struct account *a, enum finding_id id)
{
	size_t f = diag_add(c->diag, id, a->uid.at,
	    "uid '%s' is an %s of ours, which goes first; its forward is not "
	    "used", a->uid.s, id == FINDING_LDAP_UID_TWICE ? "account" :
	    "alias or forward");

	diag_note(c->diag, f, fleet_origin(c->fleet, a->taken),
	    "the other one");
}

static void
check_account(struct checker *c, const struct account *a)
{
	switch ((enum account_state)a->state) {
	case ACCOUNT_USABLE:
	case ACCOUNT_NO_FORWARD:
		break;
	case ACCOUNT_BAD_UID:
		report(c, a, FINDING_LDAP_UID, a->problem);
		break;
	case ACCOUNT_UID_TWICE:
		report_taken(c, a, FINDING_LDAP_UID_TWICE);
		break;
	case ACCOUNT_STATUS:
		diag_add(c->diag, FINDING_LDAP_STATUS, a->status.at,
		    "%s: accountStatus '%s' is none of active, inactive, "
		    "memorial and 'retiring YYYY-MM-DD'; the forward is not "
		    "used", a->uid.s, a->status.s);
		break;
	case ACCOUNT_RETIRED:
		report(c, a, FINDING_LDAP_RETIRED,
		    "the account is retired; its forward is not used");
		break;
	case ACCOUNT_DISABLED:
		report(c, a, FINDING_LDAP_DISABLED,
		    "mailDisableMessage is set; mail is refused as for an "
		    "unknown user");
		break;
	case ACCOUNT_HOSTILE:
		report(c, a, FINDING_LDAP_FORWARD_HOSTILE,
		    "emailForward is a command, a file or an include; it is "
		    "not used");
		break;
	case ACCOUNT_LONG:
		report(c, a, FINDING_LDAP_FORWARD_LENGTH,
		    "emailForward is longer than 200 bytes; it is not used");
		break;
	case ACCOUNT_INVALID:
		diag_add(c->diag, FINDING_LDAP_FORWARD_INVALID, a->forward.at,
		    "%s: emailForward '%s' is not used: %s", a->uid.s,
		    a->forward.s, a->problem);
		break;
	case ACCOUNT_TAKES_REQUIRED:
		diag_add(c->diag, FINDING_LDAP_TAKES_REQUIRED, a->uid.at,
		    "uid '%s' is a reserved address (RFC 2142); its forward "
		    "is not used, define an alias", a->uid.s);
		break;
	case ACCOUNT_TAKES_ALIAS:
		if (a->forward.len)
			report_taken(c, a, FINDING_LDAP_TAKES_ALIAS);
		break;
	case ACCOUNT_LOOP:
		report(c, a, FINDING_LDAP_FORWARD_LOOP,
		    "emailForward leads back to the account; it is not used");
		break;
	case ACCOUNT_NOWHERE:
		report(c, a, FINDING_LDAP_FORWARD_NOWHERE,
		    "emailForward leads to an address of ours that nobody "
		    "has; it is not used");
		break;
	}
}

void
check_accounts(struct checker *c)
{
	const struct account *account = c->fleet->ldap.accounts.item;
	size_t i;

	for (i = 0; i < c->fleet->ldap.accounts.n; i++)
		check_account(c, &account[i]);
}

static bool
is_loopback(struct str host)
{
	return !host.len || str_starts(host, STR("127.")) ||
	    str_eq(host, STR("localhost")) || str_starts(host, STR("[::1]"));
}

void
check_directory_access(struct checker *c)
{
	const struct ldap *ldap = &c->fleet->ldap;
	struct str uri = text_str(ldap->uri);
	struct str bind = text_str(ldap->bind);

	if (!uri.len)
		return;
	if (str_eq(text_str(ldap->mode), STR("live")) &&
	    str_eq(bind, STR("simple")))
		diag_add(c->diag, FINDING_LDAP_SECRET, ldap->bind.at,
		    "mail::ldap: ldap_table(5) takes a password only in the "
		    "table file; ask a local replica anonymously, bind "
		    "external, or use mode: snapshot");
	if (str_starts(uri, STR("ldap://"))) {
		struct str host = {uri.s + 7, uri.len - 7};

		if (!ldap->start_tls && !is_loopback(host))
			diag_add(c->diag, FINDING_LDAP_PLAINTEXT,
			    ldap->uri.at, "mail::ldap: %s is asked in clear "
			    "text; use ldaps:// or start_tls: true",
			    ldap->uri.s);
	} else if (!str_starts(uri, STR("ldaps://")) &&
	    !str_starts(uri, STR("ldapi://")))
		diag_add(c->diag, FINDING_BAD_VALUE, ldap->uri.at,
		    "mail::ldap: uri '%s' must begin with ldap://, ldaps:// "
		    "or ldapi://", ldap->uri.s);
	if (str_eq(bind, STR("simple")) &&
	    (!ldap->bind_dn.len || !ldap->password_file.len))
		diag_add(c->diag, FINDING_MISSING_FIELD, ldap->bind.at,
		    "mail::ldap: a simple bind needs bind_dn and "
		    "password_file");
}
