/* Private to fetch/: a connection to one server, from libldap. */
#ifndef FETCH_LDAP_SESSION_H
#define FETCH_LDAP_SESSION_H

#include "fetch/ldap.h"
#include "fetch/watchdog.h"

#include <ldap.h>
#include <sys/time.h>

struct session {
	struct diag *diag;
	const struct ldap_query *query;
	const char *uri;		/* the one of this session */
	bool tls;			/* the URI or StartTLS asks for it */
	LDAP *ld;
	struct watchdog watchdog;
	bool watched;
	ldap_conncb connected;		/* tells the watchdog */
};

/*
 * Whether a URI can be asked: a scheme that mailc speaks, and no clear text
 * over a network. Reported where not.
 */
bool session_uri_ok(struct diag *d, const struct ldap_query *query,
    const char *uri);
/*
 * Connect, encrypt, bind. False and a finding where that fails. Close it in
 * both cases.
 */
bool session_open(struct session *s, struct diag *d,
    const struct ldap_query *query, const char *uri);
void session_close(struct session *s);

/* Report what libldap answered while doing what; always false. */
bool session_failed(struct session *s, int code, const char *what);

#endif
