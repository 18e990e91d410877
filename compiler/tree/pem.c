/*
 * libcrypto finds and decodes the first certificate; whatever else a file
 * holds, a private key above all, is neither decoded nor quoted. The place
 * of a certificate is the line of its BEGIN.
 */
#include "tree/pem.h"

#include "base/die.h"
#include "base/file.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	FILE_MAX = 1024 * 1024,
	NAME_MAX_LEN = 253,
};

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
	unsigned n, i;
	char *text;

	if (!EVP_Digest(bytes, size, digest, &n, EVP_sha256(), NULL))
		die("libcrypto has no SHA-256");
	text = arena_bytes(a, n * 3);
	for (i = 0; i < n; i++)
		sprintf(text + i * 3, "%02X%s", digest[i],
		    i + 1 < n ? ":" : "");
	return text;
}

/* The same of DER that libcrypto made; it is freed. */
static const char *
digest_take(struct arena *a, unsigned char *der, int size)
{
	const char *text;

	if (size < 0)
		return NULL;
	text = digest_text(a, der, (size_t)size);
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
read_alt_names(struct arena *a, X509 *x, struct certificate *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL,
	    NULL);
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
read_common_name(struct arena *a, X509 *x, struct certificate *cert)
{
	const X509_NAME *subject = X509_get_subject_name(x);
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
read_certificate(struct arena *a, X509 *x, struct certificate *cert)
{
	unsigned char *der = NULL;
	int size = i2d_X509(x, &der);

	cert->fingerprint = digest_take(a, der, size);
	der = NULL;
	size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	cert->key_fingerprint = digest_take(a, der, size);
	if (!cert->fingerprint || !cert->key_fingerprint)
		return false;
	if (!read_time(X509_get0_notBefore(x), &cert->not_before) ||
	    !read_time(X509_get0_notAfter(x), &cert->not_after))
		return false;
	if (!read_alt_names(a, x, cert))
		read_common_name(a, x, cert);
	return true;
}

/* The line of the first block that PEM_read_bio_X509() takes, or 0. */
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

/*
 * An empty certificate to read into. Its context has no algorithms: libcrypto
 * would build every certificate's key, which nobody uses here and which takes
 * most of the time. The context stays, as libcrypto's own does.
 */
static X509 *
certificate_new(void)
{
	static OSSL_LIB_CTX *keyless;
	X509 *x;

	if (!keyless) {
		keyless = OSSL_LIB_CTX_new();
		if (!keyless || !OSSL_PROVIDER_load(keyless, "null"))
			die("libcrypto has no context without algorithms");
	}
	x = X509_new_ex(keyless, NULL);
	if (!x)
		die("out of memory (a certificate)");
	return x;
}

static bool
decode(struct arena *a, const struct buf *b, struct certificate *cert)
{
	BIO *bio = BIO_new_mem_buf(b->s, (int)b->len);
	X509 *x = certificate_new();
	bool ok = false;

	if (!bio)
		die("out of memory (a certificate)");
	if (PEM_read_bio_X509(bio, &x, no_password, NULL))
		ok = read_certificate(a, x, cert);
	X509_free(x);
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
