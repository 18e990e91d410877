/*
 * data/certs/<fqdn>.pem: what a node shows. Its fingerprint counts where
 * PuppetDB exports none; where both are, check/certificates.c compares them.
 */
#include "model/read.h"

#include "base/file.h"

void
read_certificates(struct reader *r, struct fleet *fleet)
{
	struct str ending = STR(".pem");
	char **name = file_list(r->arena,
	    file_join(r->arena, r->environment, "data/certs"));

	for (; name && *name; name++) {
		struct str file = str_of(*name);
		struct certificate *cert;
		enum tree_result result;
		struct node *node;
		char *path, *full;

		if (**name == '.' || !str_ends(file, ending))
			continue;
		path = file_join(r->arena, "data/certs", *name);
		full = file_join(r->arena, r->environment, path);
		cert = ARENA_NEW(r->arena, struct certificate);
		result = pem_read(r->arena, r->diag, path, full, cert);
		if (result == TREE_MISSING)
			report_dead_link(r, path, full);
		if (result != TREE_OK)
			continue;
		file.len -= ending.len;
		node = map_get(&fleet->by_fqdn, file);
		if (node) {
			node->certificate = cert;
			continue;
		}
		diag_add(r->diag, FINDING_NODE_UNKNOWN, cert->at,
		    "'%.*s' is not in the fleet; it has no file in data/facts",
		    STR_ARG(file));
	}
}
