/*
 * One GET of pdb/query/v4/resources a type. The server is always verified;
 * no proxy, no redirection and no other protocol than HTTP is followed, and
 * clear text only on this machine, where PuppetDB listens without TLS.
 */
#include "fetch/puppetdb.h"

#include "base/buf.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 256 * 1024 * 1024 };

struct request {
	struct arena *arena;
	struct diag *diag;
	const struct puppetdb_query *query;
	CURL *curl;
	CURLU *url;
	struct curl_slist *header;
	struct buf answer;
	bool too_large;
	char error[CURL_ERROR_SIZE];
};

static bool
failed(struct request *r, const char *why)
{
	diag_add(r->diag, FINDING_PUPPETDB_FETCH, ORIGIN_NONE,
	    "%s: %s; nothing was written", r->query->uri, why);
	return false;
}

static size_t
receive(char *s, size_t size, size_t n, void *arg)
{
	struct request *r = arg;

	(void)size;		/* always 1 */
	if (n > ANSWER_MAX - r->answer.len) {
		r->too_large = true;
		return 0;
	}
	buf_add(&r->answer, s, n);
	return n;
}

/* PuppetDB knows types by their names with every segment capitalized. */
static char *
capitalized(struct arena *a, const char *type)
{
	char *name = arena_strdup(a, type), *p;

	for (p = name; *p; p++)
		if (p == name || p[-1] == ':')
			*p = (char)toupper((unsigned char)*p);
	return name;
}

/* The query as JSON, which quotes what a type might hold; or NULL. */
static const char *
query_text(struct arena *a, const char *type)
{
	json_t *json = json_pack("[s, [s, s, s], [s, s, b]]", "and", "=",
	    "type", capitalized(a, type), "=", "exported", 1);
	char *s = json ? json_dumps(json, JSON_COMPACT) : NULL;
	const char *text = s ? arena_printf(a, "query=%s", s) : NULL;

	json_decref(json);
	free(s);
	return text;
}

static bool
is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strcmp(host, "[::1]") ||
	    !strcmp(host, "127.0.0.1");
}

/* A part of the URL in the arena; "" where it has none. */
static const char *
url_part(struct request *r, CURLUPart part)
{
	char *s = NULL;
	const char *copy = "";

	if (!curl_url_get(r->url, part, &s, 0))
		copy = arena_strdup(r->arena, s);
	curl_free(s);
	return copy;
}

static bool
set_url(struct request *r, const char *type)
{
	const char *query = query_text(r->arena, type);
	const char *path;
	bool ok;

	if (!query)
		return failed(r, "the type is not UTF-8");
	r->url = curl_url();
	ok = r->url && !curl_url_set(r->url, CURLUPART_URL, r->query->uri, 0);
	if (ok) {
		path = url_part(r, CURLUPART_PATH);
		path = arena_printf(r->arena, "%.*s/pdb/query/v4/resources",
		    (int)(strlen(path) - str_ends(str_of(path), STR("/"))),
		    path);
		ok = !curl_url_set(r->url, CURLUPART_PATH, path, 0) &&
		    !curl_url_set(r->url, CURLUPART_QUERY, query,
		    CURLU_APPENDQUERY | CURLU_URLENCODE);
	}
	if (!ok)
		return failed(r, "this is no URL; write https://HOST:8081");
	if (strcmp(url_part(r, CURLUPART_SCHEME), "https") &&
	    (strcmp(url_part(r, CURLUPART_SCHEME), "http") ||
	    !is_loopback(url_part(r, CURLUPART_HOST))))
		return failed(r, "only https:// is asked, and http:// on "
		    "this machine");
	return true;
}

static bool
set_string(struct request *r, CURLoption option, const char *s)
{
	return !*s || !curl_easy_setopt(r->curl, option, s);
}

static bool
set_options(struct request *r)
{
	const struct puppetdb_query *q = r->query;
	CURL *c = r->curl;

	r->header = curl_slist_append(NULL, "Accept: application/json");
	return r->header &&
	    !curl_easy_setopt(c, CURLOPT_CURLU, r->url) &&
	    !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http") &&
	    !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
	    !curl_easy_setopt(c, CURLOPT_PROXY, "") &&
	    !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
	    !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)q->timeout) &&
	    !curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)q->timeout) &&
	    !curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
	    !curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) &&
	    !curl_easy_setopt(c, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2) &&
	    set_string(r, CURLOPT_CAINFO, q->ca_file) &&
	    set_string(r, CURLOPT_SSLCERT, q->certificate) &&
	    set_string(r, CURLOPT_SSLKEY, q->key) &&
	    !curl_easy_setopt(c, CURLOPT_HTTPHEADER, r->header) &&
	    !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive) &&
	    !curl_easy_setopt(c, CURLOPT_WRITEDATA, r) &&
	    !curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
}

/* Ask; false: reported. */
static bool
perform(struct request *r)
{
	CURLcode code = curl_easy_perform(r->curl);
	long status = 0;

	if (r->too_large)
		return failed(r, "the answer is larger than 256 MiB");
	if (code != CURLE_OK)
		return failed(r, *r->error ? r->error :
		    curl_easy_strerror(code));
	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return true;
	return failed(r, arena_printf(r->arena, "HTTP status %ld: %.200s",
	    status, r->answer.s));
}

/* Whether an object is an exported resource of the type. */
static bool
is_resource(const json_t *v, const char *type)
{
	const char *name = json_string_value(json_object_get(v, "type"));

	return name && str_eq_fold(str_of(name), str_of(type)) &&
	    json_is_string(json_object_get(v, "title")) &&
	    json_is_string(json_object_get(v, "certname")) &&
	    json_is_object(json_object_get(v, "parameters")) &&
	    json_is_true(json_object_get(v, "exported"));
}

/* The answer as an array; NULL: reported. */
static json_t *
parse(struct request *r, const char *type)
{
	json_error_t error;
	json_t *all = json_loadb(r->answer.s, r->answer.len,
	    JSON_REJECT_DUPLICATES, &error);
	const char *wrong = NULL;
	json_t *v;
	size_t i;

	if (!all)
		wrong = arena_printf(r->arena, "the answer is not JSON: "
		    "line %d: %s", error.line, error.text);
	else if (!json_is_array(all))
		wrong = "the answer is not a list";
	else
		json_array_foreach(all, i, v)
			if (!is_resource(v, type))
				wrong = arena_printf(r->arena, "resource %zu "
				    "of the answer is no exported %s with "
				    "certname, title and parameters", i + 1,
				    type);
	if (!wrong)
		return all;
	failed(r, wrong);
	json_decref(all);
	return NULL;
}

json_t *
puppetdb_fetch(struct arena *a, struct diag *d,
    const struct puppetdb_query *query, const char *type)
{
	struct request r = {
		.arena = a,
		.diag = d,
		.query = query,
		.answer = BUF_INIT,
	};
	json_t *answer = NULL;

	if (set_url(&r, type)) {
		r.curl = curl_easy_init();
		if (!r.curl || !set_options(&r))
			failed(&r, "libcurl refuses its options");
		else if (perform(&r))
			answer = parse(&r, type);
	}
	curl_easy_cleanup(r.curl);
	curl_slist_free_all(r.header);
	curl_url_cleanup(r.url);
	buf_release(&r.answer);
	return answer;
}
