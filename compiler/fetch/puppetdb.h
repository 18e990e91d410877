/* PuppetDB, asked over HTTP with libcurl; its answer is jansson's. */
#ifndef FETCH_PUPPETDB_H
#define FETCH_PUPPETDB_H

#include "diag/diag.h"

#include <jansson.h>

struct puppetdb_query {
	const char *uri;		/* https://HOST:8081 */
	const char *ca_file;		/* these: "" for none */
	const char *certificate;	/* the client's */
	const char *key;
	int timeout;			/* seconds, for one query */
};

/*
 * The exported resources of a type (without them NULL and a finding), an
 * array of objects. The caller has a reference.
 */
json_t *puppetdb_fetch(struct arena *a, struct diag *d,
    const struct puppetdb_query *query, const char *type);

#endif
