/* Certificates in PEM files, through libcrypto. */
#ifndef TREE_PEM_H
#define TREE_PEM_H

#include "tree/yaml.h"

#include <time.h>

struct certificate {
	struct origin at;
	const char *fingerprint;	/* SHA-256 of the DER, AA:BB:… */
	const char *key_fingerprint;	/* SHA-256 of the SubjectPublicKeyInfo */
	time_t not_before, not_after;
	const char **name;		/* DNS names: SAN, else CN; lower case */
	uint32_t nname;
};

/* Read the first certificate of a file. */
enum tree_result pem_read(struct arena *a, struct diag *d, const char *path,
    const char *file, struct certificate *cert);

/* Whether the certificate is valid for host (RFC 6125 wildcards). */
bool certificate_names(const struct certificate *cert, struct str host);

/* A SubjectPublicKeyInfo in DER, as p= of DKIM has it. */
struct public_key {
	bool rsa;
	int bits;
};
/* False where it is none that libcrypto knows. */
bool public_key_read(const unsigned char *der, size_t size,
    struct public_key *key);

#endif
