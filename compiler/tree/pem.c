/*
 * libcrypto finds and decodes the first certificate; whatever else a file
 * holds, a private key above all, is neither decoded nor quoted. The place
 * of a certificate is the line of its BEGIN. The parts are declared here: an
 * X509 would look for somebody who can use its key, which nobody here does
 * and which takes most of the time.
 */
#include "tree/pem.h"

#include "base/die.h"
#include "base/file.h"

#include <openssl/asn1t.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	FILE_MAX = 1024 * 1024,
	NAME_MAX_LEN = 253,
};

/* RFC 5280 section 4.1 */
struct key_info {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
};

struct tbs {
	ASN1_INTEGER *version, *serial;
	X509_ALGOR *algorithm;
	X509_NAME *issuer;
	X509_VAL *validity;
	X509_NAME *subject;
	struct key_info *key;
	ASN1_BIT_STRING *issuer_id, *subject_id;
	STACK_OF(X509_EXTENSION) *extensions;
};

struct signed_tbs {
	struct tbs *tbs;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
};

ASN1_SEQUENCE(key_info) = {
	ASN1_SIMPLE(struct key_info, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct key_info, key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct key_info, key_info)

ASN1_SEQUENCE(tbs) = {
	ASN1_EXP_OPT(struct tbs, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(struct tbs, serial, ASN1_INTEGER),
	ASN1_SIMPLE(struct tbs, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct tbs, issuer, X509_NAME),
	ASN1_SIMPLE(struct tbs, validity, X509_VAL),
	ASN1_SIMPLE(struct tbs, subject, X509_NAME),
	ASN1_SIMPLE(struct tbs, key, key_info),
	ASN1_IMP_OPT(struct tbs, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(struct tbs, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(struct tbs, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_name(struct tbs, tbs)

ASN1_SEQUENCE(signed_tbs) = {
	ASN1_SIMPLE(struct signed_tbs, tbs, tbs),
	ASN1_SIMPLE(struct signed_tbs, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct signed_tbs, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct signed_tbs, signed_tbs)

/* An encrypted block must never make libcrypto ask the terminal. */
static int
no_password(char *to, int size, int writing, void *unused)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)unused;
	return -1;
}

/* SHA-256 of size bytes as AA:BB:… in the arena. */
static const char *
digest_text(struct arena *a, const unsigned char *bytes, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;
	char *text;

	if (!EVP_Digest(bytes, size, digest, &n, EVP_sha256(), NULL))
		die("libcrypto has no SHA-256");
	text = arena_bytes(a, n * 3);
	OPENSSL_buf2hexstr_ex(text, n * 3, NULL, digest, n, ':');
	return text;
}

/* The same of the DER of what was decoded; NULL where it has none. */
static const char *
key_digest(struct arena *a, const struct key_info *key)
{
	unsigned char *der = NULL;
	int size = ASN1_item_i2d((const ASN1_VALUE *)key, &der,
	    ASN1_ITEM_rptr(key_info));
	const char *text = size > 0 ? digest_text(a, der, (size_t)size) :
	    NULL;

	OPENSSL_free(der);
	return text;
}

static bool
read_time(const ASN1_TIME *from, time_t *to)
{
	struct tm tm;

	if (!from || !ASN1_TIME_to_tm(from, &tm))
		return false;
	*to = timegm(&tm);
	return true;
}

/* Keep a DNS name in lower case unless it cannot be one. */
static void
name_add(struct arena *a, struct certificate *cert, const char *s, int len)
{
	char *name;
	int i;

	if (len <= 0 || len > NAME_MAX_LEN)
		return;
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 127)
			return;
	name = arena_strndup(a, s, (size_t)len);
	for (i = 0; i < len; i++)
		name[i] = (char)ascii_lower((unsigned char)name[i]);
	cert->name[cert->nname++] = name;
}

/* The DNS names of subjectAltName; whether there are any. */
static bool
read_alt_names(struct arena *a, const struct tbs *tbs,
    struct certificate *cert)
{
	GENERAL_NAMES *names = X509V3_get_d2i(tbs->extensions,
	    NID_subject_alt_name, NULL, NULL);
	bool any = false;
	int i, n;

	if (!names)
		return false;
	n = sk_GENERAL_NAME_num(names);
	cert->name = ARENA_ARRAY(a, const char *, n > 0 ? (size_t)n : 1);
	for (i = 0; i < n; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS)
			continue;
		any = true;
		name_add(a, cert,
		    (const char *)ASN1_STRING_get0_data(name->d.dNSName),
		    ASN1_STRING_length(name->d.dNSName));
	}
	GENERAL_NAMES_free(names);
	return any;
}

/* The last commonName, as RFC 6125 section 6.4.4 lets clients fall back. */
static void
read_common_name(struct arena *a, const X509_NAME *subject,
    struct certificate *cert)
{
	int at = -1, next;
	unsigned char *s;
	int len;

	while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName,
	    at)) >= 0)
		at = next;
	if (at < 0)
		return;
	len = ASN1_STRING_to_UTF8(&s,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len < 0)
		return;
	cert->name = ARENA_ARRAY(a, const char *, 1);
	name_add(a, cert, (const char *)s, len);
	OPENSSL_free(s);
}

static bool
read_parts(struct arena *a, const struct tbs *tbs, struct certificate *cert)
{
	cert->key_fingerprint = key_digest(a, tbs->key);
	if (!cert->key_fingerprint ||
	    !read_time(tbs->validity->notBefore, &cert->not_before) ||
	    !read_time(tbs->validity->notAfter, &cert->not_after))
		return false;
	if (!read_alt_names(a, tbs, cert))
		read_common_name(a, tbs->subject, cert);
	return true;
}

static bool
read_certificate(struct arena *a, const unsigned char *der, long size,
    struct certificate *cert)
{
	const unsigned char *end = der;
	ASN1_VALUE *x = ASN1_item_d2i(NULL, &end, size,
	    ASN1_ITEM_rptr(signed_tbs));
	bool ok = false;

	if (x) {
		cert->fingerprint = digest_text(a, der, (size_t)(end - der));
		ok = read_parts(a, ((struct signed_tbs *)x)->tbs, cert);
	}
	ASN1_item_free(x, ASN1_ITEM_rptr(signed_tbs));
	return ok;
}

/* The line of the first block that PEM_bytes_read_bio() takes, or 0. */
static uint32_t
begin_line(const struct buf *b)
{
	static const char *const begin[] = {
		"-----BEGIN CERTIFICATE-----",
		"-----BEGIN X509 CERTIFICATE-----",
		"-----BEGIN TRUSTED CERTIFICATE-----",
	};
	const char *s = b->s, *end = b->s + b->len, *newline;
	uint32_t line = 1;
	size_t i;

	for (; s < end; s = newline + 1, line++) {
		for (i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
			if (!strncmp(s, begin[i], strlen(begin[i])))
				return line;
		newline = memchr(s, '\n', (size_t)(end - s));
		if (!newline)
			break;
	}
	return 0;
}

static bool
decode(struct arena *a, const struct buf *b, struct certificate *cert)
{
	BIO *bio = BIO_new_mem_buf(b->s, (int)b->len);
	unsigned char *der = NULL;
	long size;
	bool ok;

	if (!bio)
		die("out of memory (a certificate)");
	ok = PEM_bytes_read_bio(&der, &size, NULL, PEM_STRING_X509, bio,
	    no_password, NULL) && read_certificate(a, der, size, cert);
	OPENSSL_free(der);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

static enum tree_result
broken(struct diag *d, struct origin at, const char *why)
{
	diag_add(d, FINDING_PEM_SYNTAX, at, "%s", why);
	return TREE_BROKEN;
}

enum tree_result
pem_read(struct arena *a, struct diag *d, const char *path,
    const char *file, struct certificate *cert)
{
	struct origin at = {.source = sources_add(d->sources, path, file)};
	struct buf b = BUF_INIT;
	enum file_error why = file_read(file, FILE_MAX, &b);
	enum tree_result result = TREE_OK;

	*cert = (struct certificate){0};
	if (why == FILE_MISSING) {
		result = TREE_MISSING;
	} else if (why != FILE_OK) {
		diag_add(d, FINDING_FILE_UNREADABLE, at, "the file %s",
		    file_error_text(why));
		result = TREE_BROKEN;
	} else {
		at.line = begin_line(&b);
		cert->at = at;
		if (!at.line)
			result = broken(d, at, "the file holds no "
			    "-----BEGIN CERTIFICATE-----");
		else if (!decode(a, &b, cert))
			result = broken(d, at,
			    "this certificate cannot be decoded");
	}
	if (b.len)
		OPENSSL_cleanse(b.s, b.len);
	buf_release(&b);
	return result;
}

/* Whether a name of the certificate stands for host, both in lower case. */
static bool
name_matches(struct str name, struct str host)
{
	size_t dot;

	if (!str_starts(name, STR("*.")))
		return str_eq_fold(name, host);
	/* The * is one whole label, and at least two labels follow it. */
	name.s++;
	name.len--;
	if (!memchr(name.s + 1, '.', name.len - 1))
		return false;
	dot = str_find(host, '.');
	if (!dot || dot == host.len)
		return false;
	return str_eq_fold(name,
	    (struct str){host.s + dot, host.len - dot});
}

bool
certificate_names(const struct certificate *cert, struct str host)
{
	uint32_t i;

	if (host.len && host.s[host.len - 1] == '.')
		host.len--;
	for (i = 0; host.len && i < cert->nname; i++)
		if (name_matches(str_of(cert->name[i]), host))
			return true;
	return false;
}

/*
 * An RSA key is taken from its wrapper at once. For any other kind libcrypto
 * asks all its providers, which takes longer than most checks of a fleet.
 */
static EVP_PKEY *
read_key(const unsigned char *der, long size)
{
	const unsigned char *p = der, *bytes;
	ASN1_VALUE *info = ASN1_item_d2i(NULL, &p, size,
	    ASN1_ITEM_rptr(key_info));
	struct key_info *key = (struct key_info *)info;
	EVP_PKEY *pkey = NULL;

	if (key && OBJ_obj2nid(key->algorithm->algorithm) ==
	    NID_rsaEncryption) {
		bytes = ASN1_STRING_get0_data(key->key);
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &bytes,
		    ASN1_STRING_length(key->key));
	} else if (key) {
		p = der;
		pkey = d2i_PUBKEY(NULL, &p, size);
	}
	ASN1_item_free(info, ASN1_ITEM_rptr(key_info));
	return pkey;
}

bool
public_key_read(const unsigned char *der, size_t size,
    struct public_key *key)
{
	EVP_PKEY *pkey = read_key(der, (long)size);

	if (pkey)
		*key = (struct public_key){
			.rsa = EVP_PKEY_base_id(pkey) == EVP_PKEY_RSA,
			.bits = EVP_PKEY_bits(pkey),
		};
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return pkey;
}
