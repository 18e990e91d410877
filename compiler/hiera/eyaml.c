/*
 * ENC[PKCS7,...] of hiera-eyaml: CMS enveloped data in base64. Without a
 * key the text stays as it is and is flagged; who needs the value reports
 * that.
 */
#include "hiera/inside.h"

#include "base/die.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

struct eyaml {
	EVP_PKEY *key;
	X509 *certificate;
};

static void
say_key(struct hiera *h, const char *file, const char *what)
{
	diag_add(h->diag, FINDING_FILE_UNREADABLE,
	    (struct origin){sources_add(h->diag->sources, file, file), 0, 0},
	    "no %s can be read from the file", what);
}

struct eyaml *
eyaml_open(struct hiera *h)
{
	struct eyaml *eyaml = ARENA_NEW(h->arena, struct eyaml);
	BIO *file = BIO_new_file(h->options.eyaml_private_key, "r");

	if (file)
		eyaml->key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
	BIO_free(file);
	if (!eyaml->key)
		say_key(h, h->options.eyaml_private_key, "private key");
	if (h->options.eyaml_public_key) {
		file = BIO_new_file(h->options.eyaml_public_key, "r");
		if (file)
			eyaml->certificate = PEM_read_bio_X509(file, NULL,
			    NULL, NULL);
		BIO_free(file);
		if (!eyaml->certificate)
			say_key(h, h->options.eyaml_public_key,
			    "certificate");
	}
	ERR_clear_error();
	return eyaml;
}

void
eyaml_close(struct eyaml *eyaml)
{
	if (!eyaml)
		return;
	EVP_PKEY_free(eyaml->key);
	X509_free(eyaml->certificate);
}

/* ENC[, a closing bracket on the same line. */
static bool
is_encrypted(struct str s)
{
	const char *open = s.len ? memmem(s.s, s.len, "ENC[", 4) : NULL;

	while (open) {
		struct str rest = {open, (size_t)(s.s + s.len - open)};

		rest.len = str_find(rest, '\n');
		if (memchr(rest.s, ']', rest.len))
			return true;
		open = memmem(open + 4, (size_t)(s.s + s.len - open) - 4,
		    "ENC[", 4);
	}
	return false;
}

static bool
is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c && strchr("+/ =\n", c));
}

struct token {
	struct str whole, scheme, cipher;
};

/* ENC\[(\w+,)?([a-zA-Z0-9+/ =\n]+?)\] */
static bool
next_token(struct str s, size_t from, struct token *t)
{
	const char *open;
	size_t i, start;

	for (; from < s.len; from = (size_t)(open - s.s) + 4) {
		open = memmem(s.s + from, s.len - from, "ENC[", 4);
		if (!open)
			return false;
		start = i = (size_t)(open - s.s) + 4;
		t->scheme = (struct str){s.s + start, 0};
		while (i < s.len && (is_base64(s.s[i]) || s.s[i] == '_') &&
		    !strchr("+/ =\n", s.s[i]))
			i++;
		if (i < s.len && s.s[i] == ',' && i > start) {
			t->scheme.len = i - start;
			start = ++i;
		} else {
			i = start;
		}
		while (i < s.len && is_base64(s.s[i]))
			i++;
		if (i == start || i == s.len || s.s[i] != ']')
			continue;
		t->cipher = (struct str){s.s + start, i - start};
		t->whole = (struct str){open,
		    (size_t)(s.s + i - open) + 1};
		return true;
	}
	return false;
}

/* The DER of base64 without its blanks. */
static bool
decode(struct str s, struct buf *der)
{
	struct buf plain = BUF_INIT;
	size_t i, padding = 0;
	int len;

	for (i = 0; i < s.len; i++)
		if (s.s[i] != ' ' && s.s[i] != '\n')
			buf_addch(&plain, s.s[i]);
	for (i = plain.len; i && plain.s[i - 1] == '='; i--)
		padding++;
	buf_grow(der, plain.len);
	len = plain.len > INT32_MAX / 2 ? -1 :
	    EVP_DecodeBlock((unsigned char *)der->s,
	        (const unsigned char *)plain.s, (int)plain.len);
	buf_release(&plain);
	if (len < 0 || (size_t)len < padding)
		return false;
	der->len = (size_t)len - padding;
	return true;
}

static bool
decrypt(const struct eyaml *eyaml, struct str cipher, struct buf *out)
{
	struct buf der = BUF_INIT;
	BIO *in, *plain = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = NULL;
	bool ok = false;
	char *text;
	long len;

	if (decode(cipher, &der)) {
		in = BIO_new_mem_buf(der.s, (int)der.len);
		cms = d2i_CMS_bio(in, NULL);
		BIO_free(in);
	}
	/* The flag makes a wrong key an error and not random text. */
	if (cms)
		ok = CMS_decrypt(cms, eyaml->key, eyaml->certificate, NULL,
		    plain, CMS_DEBUG_DECRYPT) == 1;
	if (ok) {
		len = BIO_get_mem_data(plain, &text);
		buf_add(out, text, (size_t)len);
	}
	CMS_ContentInfo_free(cms);
	BIO_free(plain);
	buf_release(&der);
	ERR_clear_error();
	return ok;
}

static bool
decrypt_string(struct lookup *l, struct value *v)
{
	struct str s = value_str(v);
	struct buf b = BUF_INIT;
	size_t from = 0;
	bool ok = true;
	struct token t;

	while (ok && next_token(s, from, &t)) {
		buf_add(&b, s.s + from, (size_t)(t.whole.s - s.s) - from);
		from = (size_t)(t.whole.s - s.s) + t.whole.len;
		if (t.scheme.len && !str_eq_fold(t.scheme, STR("PKCS7")))
			ok = false;
		else
			ok = decrypt(l->hiera->eyaml, t.cipher, &b);
	}
	if (ok) {
		buf_add(&b, s.s + from, s.len - from);
		if (b.len && b.s[b.len - 1] == '\n') {
			b.len--;
			b.len -= b.len && b.s[b.len - 1] == '\r';
		}
		*v = value_string(l->hiera->arena,
		    (struct str){b.s, b.len}, value_origin(v));
	} else {
		diag_add(l->hiera->diag, FINDING_EYAML_ENCRYPTED,
		    value_origin(v), "the encrypted value cannot be "
		    "decrypted with the key given");
	}
	buf_release(&b);
	return ok;
}

bool
eyaml_decrypt(struct lookup *l, struct value *v)
{
	struct value *item;
	struct hash *hash;
	uint32_t i;
	bool ok = true;

	if (v->kind == VALUE_STRING && is_encrypted(value_str(v))) {
		if (l->hiera->eyaml && l->hiera->eyaml->key)
			return decrypt_string(l, v);
		v->flags |= VALUE_ENCRYPTED;
		v->flags &= (uint8_t)~VALUE_TOKENS;
	} else if (v->kind == VALUE_LIST) {
		item = ARENA_ARRAY(l->hiera->arena, struct value, v->len);
		for (i = 0; i < v->len; i++) {
			item[i] = v->u.item[i];
			ok = eyaml_decrypt(l, &item[i]) && ok;
		}
		*v = value_list(l->hiera->arena, item, v->len,
		    value_origin(v));
	} else if (v->kind == VALUE_HASH) {
		hash = value_hash_alloc(l->hiera->arena, v->len);
		for (i = 0; i < v->len; i++) {
			hash->pair[i] = v->u.hash->pair[i];
			ok = eyaml_decrypt(l, &hash->pair[i].value) && ok;
		}
		*v = value_hash_take_like(l->hiera->arena, hash, v->len, v,
		    value_origin(v));
	}
	return ok;
}
