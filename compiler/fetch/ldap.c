/*
 * A search in pages (RFC 2696), so that a server's limit on one answer is no
 * limit on the directory. The result counts only when the last page ended in
 * success: a snapshot without the accounts that came after a limit, a lost
 * connection or a referral would stop their mail.
 */
#include "fetch/ldap.h"
#include "fetch/ldap_session.h"

#include "base/die.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ENTRIES_MAX = 10 * 1000 * 1000,
	ENTRY_BYTES_MAX = 1024 * 1024,	/* ldif_read() takes four times that */
	EMPTY_PAGES_MAX = 100,
};

/* What mailc needs of an account (userdir-ldap.schema), in byte order. */
static const char *const wanted[] = {
	"accountStatus", "emailForward", "mailDisableMessage", "objectClass",
	"uid",
};
enum { NWANTED = sizeof(wanted) / sizeof(wanted[0]) };

struct search {
	struct session *session;
	struct arena *arena;
	struct ldif_entry *entry;
	uint32_t n, cap;
	struct berval cookie;		/* of the next page */
	struct timespec deadline;	/* of this page */
	unsigned empty_pages;
};

static bool
failed_text(struct search *s, const char *why)
{
	diag_add(s->session->diag, FINDING_LDAP_FETCH,
	    s->session->query->at, "%s: %s; nothing was written",
	    s->session->uri, why);
	return false;
}

static struct text
text_from(struct arena *a, const struct berval *value)
{
	return (struct text){
		.s = arena_strndup(a, value->bv_val, value->bv_len),
		.len = (uint32_t)value->bv_len,
	};
}

static int
by_bytes(const void *a, const void *b)
{
	return str_cmp(text_str(((const struct ldif_attribute *)a)->value),
	    text_str(((const struct ldif_attribute *)b)->value));
}

/* The values of one attribute, sorted; *bytes: what they take. */
static uint32_t
add_values(struct search *s, struct berval **value, const char *name,
    struct ldif_attribute *to, size_t *bytes)
{
	uint32_t i;

	for (i = 0; value[i]; i++) {
		*bytes += value[i]->bv_len;
		if (*bytes > ENTRY_BYTES_MAX)
			return 0;
		to[i].name = (struct text){
			.s = name, .len = (uint32_t)strlen(name)};
		to[i].value = text_from(s->arena, value[i]);
	}
	if (i)
		qsort(to, i, sizeof(*to), by_bytes);
	return i;
}

/* The wanted attributes of a message into an entry. */
static bool
read_attributes(struct search *s, LDAPMessage *message,
    struct ldif_entry *entry)
{
	LDAP *ld = s->session->ld;
	struct berval **value[NWANTED];
	size_t bytes = 0, total = 0;
	size_t i;

	for (i = 0; i < NWANTED; i++) {
		value[i] = ldap_get_values_len(ld, message, wanted[i]);
		if (value[i])
			total += (size_t)ldap_count_values_len(value[i]);
	}
	entry->attribute = ARENA_ARRAY(s->arena, struct ldif_attribute,
	    total);
	for (i = 0; i < NWANTED; i++) {
		if (!value[i])
			continue;
		entry->n += add_values(s, value[i], wanted[i],
		    entry->attribute + entry->n, &bytes);
		ldap_value_free_len(value[i]);
	}
	return bytes <= ENTRY_BYTES_MAX ||
	    failed_text(s, "an entry is larger than 1 MiB");
}

static bool
add_entry(struct search *s, LDAPMessage *message)
{
	struct ldif_entry entry = {0};
	struct berval dn;
	BerElement *ber = NULL;
	int code = ldap_get_dn_ber(s->session->ld, message, &ber, &dn);

	if (code == LDAP_SUCCESS)
		entry.dn = text_from(s->arena, &dn);
	ber_free(ber, 0);
	if (code != LDAP_SUCCESS)
		return session_failed(s->session, code, "read an entry");
	if (!entry.dn.len || entry.dn.len > ENTRY_BYTES_MAX ||
	    s->n >= ENTRIES_MAX)
		return failed_text(s, "an entry without a name, or far too "
		    "many entries");
	if (!read_attributes(s, message, &entry))
		return false;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->entry = xrealloc(s->entry,
		    mul_or_die(s->cap, sizeof(*s->entry)));
	}
	s->entry[s->n++] = entry;
	return true;
}

static void
set_deadline(struct search *s)
{
	clock_gettime(CLOCK_MONOTONIC, &s->deadline);
	s->deadline.tv_sec += s->session->query->timeout;
	watchdog_extend(&s->session->watchdog, s->session->query->timeout);
}

/* What is left of the page's time, or zero. */
static struct timeval
time_left(const struct search *s)
{
	struct timespec now;
	long long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (long long)(s->deadline.tv_sec - now.tv_sec) * 1000000 +
	    (s->deadline.tv_nsec - now.tv_nsec) / 1000;
	if (left < 0)
		left = 0;
	return (struct timeval){
		.tv_sec = (time_t)(left / 1000000),
		.tv_usec = (suseconds_t)(left % 1000000),
	};
}

/* The end of a page: its code, and the cookie of the next. */
static bool
end_page(struct search *s, LDAPMessage *message, bool *more)
{
	LDAPControl **control = NULL, *page;
	ber_int_t estimate;
	int code, parsed;

	parsed = ldap_parse_result(s->session->ld, message, &code, NULL, NULL,
	    NULL, &control, 0);
	if (parsed != LDAP_SUCCESS || code != LDAP_SUCCESS) {
		ldap_controls_free(control);
		return session_failed(s->session,
		    parsed != LDAP_SUCCESS ? parsed : code, "search");
	}
	ber_memfree(s->cookie.bv_val);
	s->cookie = (struct berval){0};
	page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, control, NULL);
	if (page)
		parsed = ldap_parse_pageresponse_control(s->session->ld, page,
		    &estimate, &s->cookie);
	ldap_controls_free(control);
	if (parsed != LDAP_SUCCESS)
		return session_failed(s->session, parsed, "next page");
	*more = s->cookie.bv_len > 0;
	return true;
}

/* One message of the answer; *end: it was the page's last. */
static bool
take(struct search *s, LDAPMessage *message, bool *end, bool *more)
{
	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		return add_entry(s, message);
	case LDAP_RES_SEARCH_REFERENCE:
		return failed_text(s, "a part of the directory is on another "
		    "server (a referral), which is not asked");
	case LDAP_RES_SEARCH_RESULT:
		*end = true;
		return end_page(s, message, more);
	default:
		return true;
	}
}

/* Receive one page; *more: there is another. */
static bool
receive_page(struct search *s, int id, bool *more)
{
	LDAP *ld = s->session->ld;
	bool ok = true, end = false;

	while (ok && !end) {
		struct timeval left = time_left(s);
		LDAPMessage *message = NULL;
		int got = ldap_result(ld, id, LDAP_MSG_ONE, &left, &message);
		int code = LDAP_TIMEOUT;

		if (got < 0)
			ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
		if (got <= 0)
			return session_failed(s->session, code, "search");
		ok = take(s, message, &end, more);
		ldap_msgfree(message);
	}
	return ok;
}

static bool
ask_page(struct search *s, int *id)
{
	const struct ldap_query *q = s->session->query;
	struct timeval limit = {.tv_sec = q->timeout};
	char *name[NWANTED + 1] = {0};
	LDAPControl *control[2] = {0};
	size_t i;
	int code;

	for (i = 0; i < NWANTED; i++)
		name[i] = arena_strdup(s->arena, wanted[i]);
	code = ldap_create_page_control(s->session->ld, q->page_size,
	    s->cookie.bv_len ? &s->cookie : NULL, 0, &control[0]);
	if (code != LDAP_SUCCESS)
		return session_failed(s->session, code, "ask for a page");
	code = ldap_search_ext(s->session->ld, q->base, LDAP_SCOPE_SUBTREE,
	    q->filter, name, 0, control, NULL, &limit, LDAP_NO_LIMIT, id);
	ldap_control_free(control[0]);
	return code == LDAP_SUCCESS ||
	    session_failed(s->session, code, "search");
}

static bool
search_all(struct search *s)
{
	bool more;
	int id;

	do {
		uint32_t before = s->n;

		more = false;
		set_deadline(s);
		if (!ask_page(s, &id) || !receive_page(s, id, &more))
			return false;
		if (s->n == before && more &&
		    ++s->empty_pages > EMPTY_PAGES_MAX)
			return failed_text(s,
			    "the server answers empty pages without end");
	} while (more);
	return true;
}

/* Ask one server; false: reported. */
static bool
fetch_from(struct arena *a, struct diag *d, const struct ldap_query *query,
    const char *uri, struct ldif *out)
{
	struct session session;
	struct search s = {.session = &session, .arena = a};
	bool ok = session_open(&session, d, query, uri) && search_all(&s);

	if (ok) {
		out->entry = ARENA_ARRAY(a, struct ldif_entry, s.n);
		if (s.n)
			memcpy(out->entry, s.entry,
			    s.n * sizeof(*s.entry));
		out->n = s.n;
	}
	free(s.entry);
	ber_memfree(s.cookie.bv_val);
	session_close(&session);
	return ok;
}

/* The next word of a list of URIs, or NULL. */
static const char *
next_uri(struct arena *a, const char **rest)
{
	size_t len;
	const char *uri;

	*rest += strspn(*rest, " \t");
	len = strcspn(*rest, " \t");
	if (!len)
		return NULL;
	uri = arena_strndup(a, *rest, len);
	*rest += len;
	return uri;
}

/* One server after the other; what failed counts only if none answered. */
static bool
fetch_from_any(struct arena *a, struct diag *d,
    const struct ldap_query *query, struct ldif *out)
{
	const char *rest = query->uri, *uri;
	struct diag failures;
	bool ok = false;
	size_t i;

	diag_init(&failures, a, d->sources);
	while (!ok && (uri = next_uri(a, &rest)))
		ok = fetch_from(a, &failures, query, uri, out);
	for (i = 0; !ok && i < failures.n; i++)
		diag_add(d, failures.finding[i].id, failures.finding[i].at,
		    "%s", failures.finding[i].text);
	diag_release(&failures);
	return ok;
}

bool
ldap_fetch(struct arena *a, struct diag *d, const struct ldap_query *query,
    struct ldif *out)
{
	const char *rest = query->uri, *uri;
	bool allowed = true, any = false;

	*out = (struct ldif){0};
	while ((uri = next_uri(a, &rest))) {
		any = true;
		if (!session_uri_ok(d, query, uri))
			allowed = false;
	}
	if (!any)
		diag_add(d, FINDING_LDAP_FETCH, query->at,
		    "no server is named");
	return any && allowed && fetch_from_any(a, d, query, out);
}
