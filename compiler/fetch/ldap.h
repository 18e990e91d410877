/*
 * The directory, asked through libldap. Whoever includes this has no need
 * of <ldap.h>, whose struct ldap is not model/fleet.h's.
 */
#ifndef FETCH_LDAP_H
#define FETCH_LDAP_H

#include "tree/ldif.h"

enum ldap_bind {
	BIND_NONE,		/* anonymous */
	BIND_SIMPLE,		/* bind_dn and password_file */
	BIND_EXTERNAL,		/* SASL EXTERNAL: ldapi knows who asks */
};

struct ldap_query {
	const char *uri;		/* one or more, blanks between them */
	const char *base;
	const char *filter;
	enum ldap_bind bind;
	const char *bind_dn;
	const char *password_file;
	const char *ca_file;		/* "": the system's */
	bool start_tls;
	int timeout;			/* seconds: connecting, an answer, a page */
	int page_size;
	struct origin at;		/* for findings */
};

/*
 * Read the accounts below base: the attributes that mailc uses and no other
 * (never a password), names and values sorted, entries as they come. False
 * and a finding unless the server gave all of them.
 */
bool ldap_fetch(struct arena *a, struct diag *d,
    const struct ldap_query *query, struct ldif *out);

#endif
