/*
 * One connection. Nothing but the query decides how it is made: ldap.conf,
 * .ldaprc and LDAP* in the environment are not read, because any of them
 * could switch the check of certificates off. Every step has a time limit.
 */
#include "fetch/ldap_session.h"

#include "base/die.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PASSWORD_MAX = 4096,
	MESSAGE_MAX = 16 * 1024 * 1024,	/* one entry from the server */
};

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

/* What libldap has to add to a code, as far as it helps; from the arena. */
static const char *
detail(struct session *s, int code)
{
	const char *text = "";
	char *more = NULL;

	if (s->tls && (code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR))
		text = " (is there TLS, and is its certificate signed by "
		    "ca_file and for this name?)";
	if (s->ld)
		ldap_get_option(s->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	/* What libldap says when GnuTLS refuses a certificate. */
	if (more && *more && !strstr(more, "unknown error code"))
		text = arena_printf(s->diag->arena, " (%s)", more);
	ldap_memfree(more);
	return text;
}

bool
session_failed(struct session *s, int code, const char *what)
{
	if (s->watched && watchdog_barked(&s->watchdog))
		code = LDAP_TIMEOUT;
	diag_add(s->diag, FINDING_LDAP_FETCH, s->query->at,
	    "%s: %s: %s%s; nothing was written", s->uri, what,
	    ldap_err2string(code), detail(s, code));
	return false;
}

static bool
failed_text(struct session *s, const char *what, const char *why)
{
	diag_add(s->diag, FINDING_LDAP_FETCH, s->query->at,
	    "%s: %s: %s; nothing was written", s->uri, what, why);
	return false;
}

/* Whether a host in a URL is this one; the empty host is localhost. */
static bool
is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (!host || !*host || !strcasecmp(host, "localhost"))
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&v6);
}

bool
session_uri_ok(struct diag *d, const struct ldap_query *query,
    const char *uri)
{
	LDAPURLDesc *url = NULL;
	bool known, clear;

	if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS) {
		diag_add(d, FINDING_LDAP_FETCH, query->at,
		    "'%s' is no URI of a directory; write ldap://HOST, "
		    "ldaps://HOST or ldapi://%%2FPATH", uri);
		return false;
	}
	known = !strcmp(url->lud_scheme, "ldap") ||
	    !strcmp(url->lud_scheme, "ldaps") ||
	    !strcmp(url->lud_scheme, "ldapi");
	clear = !strcmp(url->lud_scheme, "ldap") && !query->start_tls &&
	    !is_loopback(url->lud_host);
	ldap_free_urldesc(url);
	if (!known)
		diag_add(d, FINDING_LDAP_FETCH, query->at,
		    "'%s' is neither ldap:// nor ldaps:// nor ldapi://", uri);
	if (clear)
		diag_add(d, FINDING_LDAP_PLAINTEXT, query->at,
		    "%s would be asked in clear text over the network; use "
		    "ldaps:// or start_tls", uri);
	return known && !clear;
}

static bool
set(struct session *s, int option, const void *value, const char *what)
{
	int code = ldap_set_option(s->ld, option, value);

	return code == LDAP_OPT_SUCCESS || session_failed(s,
	    code < 0 ? LDAP_LOCAL_ERROR : code, what);
}

/* A certificate is always demanded and verified, name included. */
static bool
set_tls(struct session *s)
{
	const char *ca = *s->query->ca_file ? s->query->ca_file :
	    SYSTEM_CA_FILE;
	int demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
	int protocol = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
	struct buf why = BUF_INIT;

	if (access(ca, R_OK) < 0) {
		buf_printf(&why, "the CA file %s", ca);
		failed_text(s, why.s, strerror(errno));
		buf_release(&why);
		return false;
	}
	return set(s, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand,
	    "TLS: demand a certificate") &&
	    set(s, LDAP_OPT_X_TLS_PROTOCOL_MIN, &protocol,
	    "TLS: demand version 1.2") &&
	    set(s, LDAP_OPT_X_TLS_CACERTFILE, ca, "TLS: set the CA file") &&
	    set(s, LDAP_OPT_X_TLS_NEWCTX, &client,
	    "TLS: read the CA file");
}

static bool
set_options(struct session *s)
{
	const struct timeval limit = {.tv_sec = s->query->timeout};
	const int three = LDAP_VERSION3, never = LDAP_DEREF_NEVER;
	const int none = LDAP_NO_LIMIT;

	return set(s, LDAP_OPT_PROTOCOL_VERSION, &three, "set version 3") &&
	    set(s, LDAP_OPT_NETWORK_TIMEOUT, &limit, "set a timeout") &&
	    set(s, LDAP_OPT_TIMEOUT, &limit, "set a timeout") &&
	    set(s, LDAP_OPT_SIZELIMIT, &none, "set no size limit") &&
	    set(s, LDAP_OPT_DEREF, &never, "set no aliases") &&
	    set(s, LDAP_OPT_REFERRALS, LDAP_OPT_OFF, "set no referrals");
}

/* Read the password; false: reported. Wipe it when done. */
static bool
read_password(struct session *s, struct buf *password)
{
	const char *file = s->query->password_file;
	enum file_error why;

	if (!*s->query->bind_dn || !*file)
		return failed_text(s, "simple bind",
		    "bind_dn and password_file must be set");
	why = file_read(file, PASSWORD_MAX, password);
	if (why != FILE_OK)
		return failed_text(s, file, file_error_text(why));
	if (password->len && password->s[password->len - 1] == '\n')
		password->s[--password->len] = '\0';
	/* An empty password would bind as nobody and report success. */
	if (!password->len)
		return failed_text(s, file, "holds no password");
	return true;
}

static bool
bind_simple(struct session *s)
{
	struct buf password = BUF_INIT;
	struct berval secret;
	bool ok = read_password(s, &password);
	int code;

	if (ok) {
		secret = (struct berval){password.len, password.s};
		code = ldap_sasl_bind_s(s->ld, s->query->bind_dn,
		    LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
		ok = code == LDAP_SUCCESS ||
		    session_failed(s, code, "simple bind");
	}
	if (password.cap)
		explicit_bzero(password.s, password.cap);
	buf_release(&password);
	return ok;
}

static bool
bind_external(struct session *s)
{
	char nobody[1] = "";
	struct berval same = {0, nobody};
	int code = ldap_sasl_bind_s(s->ld, NULL, "EXTERNAL", &same, NULL,
	    NULL, NULL);

	return code == LDAP_SUCCESS ||
	    session_failed(s, code, "SASL EXTERNAL");
}

static bool
authenticate(struct session *s)
{
	switch (s->query->bind) {
	case BIND_NONE:
		return true;
	case BIND_SIMPLE:
		return bind_simple(s);
	case BIND_EXTERNAL:
		return bind_external(s);
	}
	BUG("unknown kind of bind");
}

/* A server may not make us allocate whatever it says. */
static bool
limit_messages(struct session *s)
{
	ber_len_t most = MESSAGE_MAX;
	Sockbuf *sb = NULL;

	return (ldap_get_option(s->ld, LDAP_OPT_SOCKBUF, &sb) ==
	    LDAP_OPT_SUCCESS && sb && ber_sockbuf_ctrl(sb,
	    LBER_SB_OPT_SET_MAX_INCOMING, &most) >= 0) ||
	    failed_text(s, "limit messages", "libldap refuses");
}

/* libldap has connected, TLS not yet begun. */
static int
on_connect(LDAP *ld, Sockbuf *sb, LDAPURLDesc *url, struct sockaddr *address,
    ldap_conncb *self)
{
	ber_socket_t fd = -1;

	(void)ld;
	(void)url;
	(void)address;
	if (ber_sockbuf_ctrl(sb, LBER_SB_OPT_GET_FD, &fd) == 1 && fd >= 0)
		watchdog_watch(self->lc_arg, fd);
	return 0;
}

static void
on_close(LDAP *ld, Sockbuf *sb, ldap_conncb *self)
{
	(void)ld;
	(void)sb;
	(void)self;
}

static bool
watch_time(struct session *s)
{
	s->watched = watchdog_start(&s->watchdog, s->query->timeout);
	if (!s->watched)
		return failed_text(s, "watch the time", "no thread");
	s->connected = (ldap_conncb){on_connect, on_close, &s->watchdog};
	return set(s, LDAP_OPT_CONNECT_CB, &s->connected, "watch the time");
}

static bool
starts_with(const char *s, const char *prefix)
{
	return !strncasecmp(s, prefix, strlen(prefix));
}

bool
session_open(struct session *s, struct diag *d,
    const struct ldap_query *query, const char *uri)
{
	bool start;
	int code;

	*s = (struct session){.diag = d, .query = query, .uri = uri};
	/* Before libldap is used: it then reads no configuration. */
	if (setenv("LDAPNOINIT", "1", 1) < 0)
		die("out of memory (the environment)");
	code = ldap_initialize(&s->ld, uri);
	if (code != LDAP_SUCCESS)
		return session_failed(s, code, "set up");
	start = starts_with(uri, "ldap:") && query->start_tls;
	s->tls = start || starts_with(uri, "ldaps:");
	if (!set_options(s) || !limit_messages(s) || !watch_time(s) ||
	    (s->tls && !set_tls(s)))
		return false;
	if (start) {
		code = ldap_start_tls_s(s->ld, NULL, NULL);
		if (code != LDAP_SUCCESS)
			return session_failed(s, code, "StartTLS");
	}
	return authenticate(s);
}

void
session_close(struct session *s)
{
	if (s->ld)
		ldap_unbind_ext(s->ld, NULL, NULL);
	s->ld = NULL;
	if (s->watched)
		watchdog_stop(&s->watchdog);
	s->watched = false;
}
