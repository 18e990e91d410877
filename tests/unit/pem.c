/*
 * Certificates: fingerprints against those that libcrypto's other functions
 * give, names, dates, and files that hold something else.
 */
#include "base/buf.h"
#include "tree/pem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct certificate cert;
	enum tree_result result;
};

static void
run_release(struct run *run)
{
	diag_release(&run->diag);
	sources_release(&run->sources);
	arena_release(&run->arena);
}

static void
read_bytes(struct run *run, const char *s, size_t len)
{
	char file[] = "/tmp/mailc-pem-XXXXXX";
	int fd = mkstemp(file);

	arena_init(&run->arena);
	sources_init(&run->sources, &run->arena);
	diag_init(&run->diag, &run->arena, &run->sources);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, s, len), (ssize_t)len);
	close(fd);
	run->result = pem_read(&run->arena, &run->diag, "data/certs/a.pem",
	    file, &run->cert);
	unlink(file);
}

static EVP_PKEY *key;

static int
setup(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

/* A self-signed certificate; san as openssl.cnf has it, or NULL. */
static X509 *
certificate(const char *cn, const char *san)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_EXTENSION *ext;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	ASN1_TIME_set(X509_getm_notBefore(x), 1700000000);
	ASN1_TIME_set(X509_getm_notAfter(x), 4102444799);
	if (cn)
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	if (san) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
		    san);
		assert_non_null(ext);
		X509_add_ext(x, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(x, key, EVP_sha256()));
	return x;
}

static void
add_pem(struct buf *b, X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *s;
	long len;

	PEM_write_bio_X509(bio, x);
	len = BIO_get_mem_data(bio, &s);
	buf_add(b, s, (size_t)len);
	BIO_free(bio);
}

static void
add_key(struct buf *b)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *s;
	long len;

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &s);
	buf_add(b, s, (size_t)len);
	BIO_free(bio);
}

static void
test_fields(void **state)
{
	struct buf b = BUF_INIT;
	X509 *x = certificate("ignored.example.org",
	    "DNS:MX.example.org,IP:192.0.2.1,DNS:*.Example.net");
	unsigned char digest[32], *der = NULL;
	char text[97] = "";
	struct run run;
	unsigned n, i;
	int len;

	(void)state;
	add_pem(&b, x);
	read_bytes(&run, b.s, b.len);
	assert_int_equal(run.result, TREE_OK);
	assert_int_equal(run.diag.n, 0);
	assert_int_equal(run.cert.at.line, 1);
	assert_int_equal(run.cert.not_before, 1700000000);
	assert_int_equal(run.cert.not_after, 4102444799);
	assert_int_equal(run.cert.nname, 2);
	assert_string_equal(run.cert.name[0], "mx.example.org");
	assert_string_equal(run.cert.name[1], "*.example.net");
	assert_true(X509_digest(x, EVP_sha256(), digest, &n));
	for (i = 0; i < n; i++)
		sprintf(text + 3 * i, "%02X:", digest[i]);
	text[95] = '\0';
	assert_string_equal(run.cert.fingerprint, text);
	len = i2d_PUBKEY(key, &der);
	EVP_Digest(der, (size_t)len, digest, &n, EVP_sha256(), NULL);
	for (i = 0; i < n; i++)
		sprintf(text + 3 * i, "%02X:", digest[i]);
	text[95] = '\0';
	assert_string_equal(run.cert.key_fingerprint, text);
	OPENSSL_free(der);
	X509_free(x);
	buf_release(&b);
	run_release(&run);
}

struct name_case {
	const char *cn, *san, *host;
	bool ok;
};

static const struct name_case name_cases[] = {
	{"mx.example.org", NULL, "mx.example.org", true},
	{"MX.example.org", NULL, "Mx.Example.Org.", true},
	{"mx.example.org", "DNS:other.example.org", "mx.example.org", false},
	{"mx.example.org", "IP:192.0.2.1", "mx.example.org", true},
	{NULL, NULL, "mx.example.org", false},
	{NULL, "DNS:a.example.org,DNS:b.example.org", "b.example.org", true},
	{NULL, "DNS:a.example.org", "a.example.or", false},
	{NULL, "DNS:a.example.org", "", false},
	{NULL, "DNS:a.example.org", ".", false},
	{NULL, "DNS:*.example.org", "a.example.org", true},
	{NULL, "DNS:*.example.org", "A.EXAMPLE.ORG", true},
	{NULL, "DNS:*.example.org", "example.org", false},
	{NULL, "DNS:*.example.org", ".example.org", false},
	{NULL, "DNS:*.example.org", "a.b.example.org", false},
	{NULL, "DNS:*.org", "example.org", false},
	{NULL, "DNS:*", "example", false},
	{NULL, "DNS:*.", "example.", false},
	{NULL, "DNS:m*.example.org", "mx.example.org", false},
	{NULL, "DNS:a.*.example.org", "a.b.example.org", false},
	{NULL, "DNS:*.*.example.org", "a.b.example.org", false},
	{"two words", NULL, "two words", false},
};

static void
test_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
		const struct name_case *c = &name_cases[i];
		X509 *x = certificate(c->cn, c->san);
		struct buf b = BUF_INIT;
		struct run run;

		print_message("  %s %s: %s\n", c->cn ? c->cn : "-",
		    c->san ? c->san : "-", c->host);
		add_pem(&b, x);
		read_bytes(&run, b.s, b.len);
		assert_int_equal(run.result, TREE_OK);
		assert_int_equal(certificate_names(&run.cert,
		    str_of(c->host)), c->ok);
		X509_free(x);
		buf_release(&b);
		run_release(&run);
	}
}

/* A NUL in a name must not make it another, shorter one. */
static void
test_nul_name(void **state)
{
	static const unsigned char evil[] = "mx.example.org\0.evil.test";
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();
	X509 *x = certificate(NULL, NULL);
	struct buf b = BUF_INIT;
	struct run run;

	(void)state;
	ASN1_STRING_set(s, evil, sizeof(evil) - 1);
	GENERAL_NAME_set0_value(name, GEN_DNS, s);
	sk_GENERAL_NAME_push(names, name);
	X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
	X509_sign(x, key, EVP_sha256());
	add_pem(&b, x);
	read_bytes(&run, b.s, b.len);
	assert_int_equal(run.result, TREE_OK);
	assert_int_equal(run.cert.nname, 0);
	GENERAL_NAMES_free(names);
	X509_free(x);
	buf_release(&b);
	run_release(&run);
}

/* Key first, then the certificate, then its chain: the first counts. */
static void
test_chain(void **state)
{
	X509 *first = certificate(NULL, "DNS:first.example.org");
	X509 *second = certificate(NULL, "DNS:second.example.org");
	struct buf b = BUF_INIT;
	uint32_t line = 2;
	struct run run;
	size_t i;

	(void)state;
	buf_addstr(&b, "some words before\n");
	add_key(&b);
	for (i = 0; i < b.len; i++)
		line += b.s[i] == '\n';
	add_pem(&b, first);
	add_pem(&b, second);
	read_bytes(&run, b.s, b.len);
	assert_int_equal(run.result, TREE_OK);
	assert_int_equal(run.diag.n, 0);
	assert_int_equal(run.cert.at.line, line - 1);
	assert_int_equal(run.cert.nname, 1);
	assert_string_equal(run.cert.name[0], "first.example.org");
	X509_free(first);
	X509_free(second);
	buf_release(&b);
	run_release(&run);
}

static void
check_broken(const char *what, const char *s, size_t len, uint32_t line)
{
	struct run run;

	print_message("  %s\n", what);
	read_bytes(&run, s, len);
	assert_int_equal(run.result, TREE_BROKEN);
	assert_int_equal(run.diag.n, 1);
	assert_int_equal(run.diag.finding[0].id, FINDING_PEM_SYNTAX);
	assert_int_equal(run.diag.finding[0].at.line, line);
	assert_null(strstr(run.diag.finding[0].text, "PRIVATE"));
	run_release(&run);
}

static void
test_broken(void **state)
{
	static const char encrypted[] = "\n-----BEGIN CERTIFICATE-----\n"
	    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
	    "00112233445566778899AABBCCDDEEFF\n\nAAAA\n"
	    "-----END CERTIFICATE-----\n";
	static const char junk[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n";
	static const char bytes[] = "\0\0\xff\n\0-----BEGIN";
	X509 *x = certificate(NULL, "DNS:a.example.org");
	struct buf b = BUF_INIT;

	(void)state;
	check_broken("empty", "", 0, 0);
	check_broken("bytes", bytes, sizeof(bytes) - 1, 0);
	check_broken("junk in armour", junk, sizeof(junk) - 1, 1);
	check_broken("encrypted", encrypted, sizeof(encrypted) - 1, 2);
	check_broken("no end", junk, 30, 1);
	add_key(&b);
	check_broken("a key alone", b.s, b.len, 0);
	buf_clear(&b);
	add_pem(&b, x);
	check_broken("cut", b.s, b.len / 2, 1);
	X509_free(x);
	buf_release(&b);
}

static void
test_missing(void **state)
{
	struct run run;

	(void)state;
	read_bytes(&run, "", 0);
	diag_release(&run.diag);
	assert_int_equal(pem_read(&run.arena, &run.diag, "x", "/nonexistent",
	    &run.cert), TREE_MISSING);
	assert_int_equal(run.diag.n, 0);
	assert_int_equal(pem_read(&run.arena, &run.diag, "x", "/tmp",
	    &run.cert), TREE_BROKEN);
	assert_int_equal(run.diag.finding[0].id, FINDING_FILE_UNREADABLE);
	run_release(&run);
}

/* As libcrypto's general function reads it, changed bytes included. */
static void
same_key(const unsigned char *der, size_t size)
{
	const unsigned char *p = der;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)size);
	struct public_key read;

	assert_int_equal(public_key_read(der, size, &read), pkey != NULL);
	if (pkey) {
		assert_int_equal(read.rsa,
		    EVP_PKEY_base_id(pkey) == EVP_PKEY_RSA);
		assert_int_equal(read.bits, EVP_PKEY_bits(pkey));
	}
	EVP_PKEY_free(pkey);
}

static void
check_key(EVP_PKEY *pkey, bool rsa, int bits)
{
	struct public_key read;
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(pkey, &der), i;

	assert_true(size > 0);
	assert_true(public_key_read(der, (size_t)size, &read));
	assert_int_equal(read.rsa, rsa);
	assert_int_equal(read.bits, bits);
	for (i = 0; i < size; i++) {
		same_key(der, (size_t)i);
		der[i] ^= 0x11;
		same_key(der, (size_t)size);
		der[i] ^= 0x11;
	}
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void
test_public_key(void **state)
{
	(void)state;
	check_key(EVP_RSA_gen(1024), true, 1024);
	check_key(EVP_RSA_gen(2048), true, 2048);
	check_key(EVP_EC_gen("P-256"), false, 256);
	check_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), false, 256);
	same_key((const unsigned char *)"", 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nul_name),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_public_key),
	};

	return cmocka_run_group_tests_name("pem", tests, setup, teardown);
}
