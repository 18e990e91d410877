/*
 * SRS0=hash=day=host=user and SRS1=hash=host==… as postsrsd makes them. The
 * hash is HMAC-SHA1 over the parts in lower case, of which a few characters
 * of base64 are kept; mail systems on the way may have changed letter case,
 * so that case does not count when it is checked.
 */
#include "postfix/srs.h"

#include "base/buf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
	HASH_LONGEST = 26,	/* characters that SHA-1 gives */
	DAYS = 1024,		/* then the timestamp begins anew */
	DAYS_GOOD = 21,
	LONGEST_1 = 1024,	/* what postsrsd 1 has room for */
	LONGEST_2 = 513,
};

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* The parts of a rewritten local part behind "SRS0=" or "SRS1=". */
struct srs_parts {
	struct str hash, day, host, user;
};

static struct str
after(struct str s, size_t i)
{
	return (struct str){s.s + i, s.len - i};
}

static bool
is_separator(char c)
{
	return c == '=' || c == '-' || c == '+';
}

/* Whether a local part starts with SRS and the digit, and a separator. */
static bool
is_srs(struct str local, char digit)
{
	return local.len >= 5 &&
	    str_eq_fold((struct str){local.s, 3}, STR("SRS")) &&
	    local.s[3] == digit && is_separator(local.s[4]);
}

static unsigned
hash_length(const struct srs_rules *rules)
{
	return rules->hash_length > HASH_LONGEST ? HASH_LONGEST :
	    rules->hash_length;
}

/* The hash of some parts under a secret. */
static void
hash_make(const struct srs_rules *rules, struct str secret,
    const struct str *part, size_t n, char hash[HASH_LONGEST + 1])
{
	const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *last = rules->urlsafe ? "-_" : "+/";
	unsigned char digest[EVP_MAX_MD_SIZE + 1] = {0};
	struct buf b = BUF_INIT;
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < part[i].len; j++)
			buf_addch(&b, (char)ascii_lower(
			    (unsigned char)part[i].s[j]));
	HMAC(EVP_sha1(), secret.s, (int)secret.len,
	    (const unsigned char *)b.s, b.len, digest, NULL);
	buf_release(&b);
	for (i = 0; i < hash_length(rules); i++) {
		size_t bit = i * 6, byte = bit / 8;
		unsigned two = (unsigned)digest[byte] << 8 |
		    digest[byte + 1];
		unsigned value = two >> (10 - bit % 8) & 63;

		hash[i] = value < 62 ? alphabet[value] : last[value - 62];
	}
	hash[i] = '\0';
}

/* As the check compares: case does not count, nor which alphabet it is. */
static char
hash_char(const struct srs_rules *rules, char c)
{
	if (rules->urlsafe && c == '+')
		return '-';
	if (rules->urlsafe && c == '/')
		return '_';
	return (char)ascii_lower((unsigned char)c);
}

static bool
hash_equal(const struct srs_rules *rules, struct str hash, const char *good)
{
	size_t i;

	for (i = 0; i < hash.len && i < hash_length(rules); i++)
		if (hash_char(rules, hash.s[i]) != hash_char(rules, good[i]))
			return false;
	return true;
}

static enum srs_result
hash_check(const struct srs_rules *rules, struct str hash,
    const struct str *part, size_t n, const char **why)
{
	char good[HASH_LONGEST + 1];
	size_t i;

	if (hash.len < rules->hash_minimum) {
		*why = "its hash is too short";
		return SRS_REFUSED;
	}
	if (!rules->nsecret) {
		*why = "the secret is not known";
		return SRS_UNKNOWN;
	}
	for (i = 0; i < rules->nsecret; i++) {
		hash_make(rules, rules->secret[i], part, n, good);
		if (hash_equal(rules, hash, good))
			return SRS_REWRITTEN;
	}
	*why = "its hash is wrong";
	return SRS_REFUSED;
}

static enum srs_result
day_check(const struct srs_rules *rules, struct str day, const char **why)
{
	unsigned now = rules->today % DAYS, then = 0;
	size_t i;

	*why = "its timestamp is too old";
	if (day.len != 2)
		return SRS_REFUSED;
	for (i = 0; i < day.len; i++) {
		unsigned char low = ascii_lower((unsigned char)day.s[i]);
		char c = (char)(low >= 'a' && low <= 'z' ? low & ~0x20 : low);
		const char *p = c ? strchr(base32, c) : NULL;

		if (!p) {
			*why = "its timestamp is none";
			return SRS_REFUSED;
		}
		then = then << 5 | (unsigned)(p - base32);
	}
	if (now < then)
		now += DAYS;
	return now <= then + DAYS_GOOD ? SRS_REWRITTEN : SRS_REFUSED;
}

/* Cut s at the next "="; false: there is none. */
static bool
cut(struct str *s, struct str *part)
{
	size_t end = str_find(*s, '=');

	if (end == s->len)
		return false;
	*part = (struct str){s->s, end};
	*s = after(*s, end + 1);
	return true;
}

static enum srs_result
malformed(const char *what, const char **why)
{
	*why = what;
	return SRS_REFUSED;
}

static struct str
address(struct arena *a, const char *tag, struct str user, struct str host)
{
	struct str out = {NULL, strlen(tag) + user.len + 1 + host.len};

	out.s = arena_printf(a, "%s%.*s@%.*s", tag, STR_ARG(user),
	    STR_ARG(host));
	return out;
}

static enum srs_result
reverse_0(const struct srs_rules *rules, struct str rest, struct arena *a,
    struct str *original, const char **why)
{
	struct str hash, part[3];
	enum srs_result result;

	if (!rest.len || !cut(&rest, &hash))
		return malformed("it has no timestamp", why);
	if (!cut(&rest, &part[0]))
		return malformed("it has no host", why);
	if (!cut(&rest, &part[1]))
		return malformed("it has no user", why);
	part[2] = rest;
	result = day_check(rules, part[0], why);
	if (result == SRS_REWRITTEN)
		result = hash_check(rules, hash, part, 3, why);
	if (result != SRS_REFUSED)
		*original = address(a, "", part[2], part[1]);
	return result;
}

static enum srs_result
reverse_1(const struct srs_rules *rules, struct str rest, struct arena *a,
    struct str *original, const char **why)
{
	struct str hash, part[2];
	enum srs_result result;

	if (!rest.len || !cut(&rest, &hash))
		return malformed("it has no host", why);
	if (!cut(&rest, &part[0]))
		return malformed("it has no user", why);
	part[1] = rest;
	result = hash_check(rules, hash, part, 2, why);
	if (result != SRS_REFUSED)
		*original = address(a, "SRS0", part[1], part[0]);
	return result;
}

enum srs_result
srs_reverse(const struct srs_rules *rules, struct str rewritten,
    struct arena *a, struct str *original, const char **why)
{
	size_t longest = rules->major >= 2 ? LONGEST_2 : LONGEST_1;
	struct str local = {rewritten.s, str_find(rewritten, '@')};
	enum srs_result result;

	*original = rewritten;
	*why = "it is no SRS address";
	if (!is_srs(local, '0') && !is_srs(local, '1'))
		return SRS_UNCHANGED;
	if (rewritten.len >= longest)
		return malformed("it is too long", why);
	result = local.s[3] == '0' ?
	    reverse_0(rules, after(local, 5), a, original, why) :
	    reverse_1(rules, after(local, 5), a, original, why);
	if (result == SRS_REWRITTEN)
		*why = NULL;
	if (result == SRS_REWRITTEN && rules->major >= 2 &&
	    str_ends(*original, STR("@1"))) {
		*why = "it stands in postsrsd's database";
		return SRS_UNKNOWN;
	}
	return result;
}

/* "d" stands for d, ".d" for what is below it. */
static bool
is_excluded(const struct srs_rules *rules, struct str domain)
{
	size_t i;

	for (i = 0; i < rules->nexclude; i++) {
		struct str one = rules->exclude[i];
		size_t head = domain.len - one.len;

		if (!one.len || one.len > domain.len ||
		    !str_eq_fold(after(domain, head), one))
			continue;
		/* The domain of a@b@d is b@d, and postsrsd 1 sees d too. */
		if (one.s[0] == '.' || !head ||
		    (domain.s[head - 1] == '@' && rules->major < 2))
			return true;
	}
	return false;
}

/* The hash that the first secret makes. */
static void
sign(const struct srs_rules *rules, const struct str *part, size_t n,
    char hash[HASH_LONGEST + 1])
{
	if (rules->nsecret) {
		hash_make(rules, rules->secret[0], part, n, hash);
		return;
	}
	memset(hash, 'x', hash_length(rules));
	hash[hash_length(rules)] = '\0';
}

/* SRS1: the host that made the SRS0 address, and what stands behind SRS0. */
static struct str
guard(const struct srs_rules *rules, struct str host, struct str user,
    struct arena *a)
{
	struct str part[2] = {host, user};
	char hash[HASH_LONGEST + 1];

	sign(rules, part, 2, hash);
	return str_of(arena_printf(a, "SRS1%c%s=%.*s=%.*s@%.*s",
	    rules->separator, hash, STR_ARG(host), STR_ARG(user),
	    STR_ARG(rules->domain)));
}

static struct str
shorten(const struct srs_rules *rules, struct str host, struct str user,
    struct arena *a)
{
	unsigned today = rules->today;
	char day[3] = {base32[today >> 5 & 31], base32[today & 31], '\0'};
	struct str part[3] = {{day, 2}, host, user};
	char hash[HASH_LONGEST + 1];

	sign(rules, part, 3, hash);
	return str_of(arena_printf(a, "SRS0%c%s=%s=%.*s=%.*s@%.*s",
	    rules->separator, hash, day, STR_ARG(host), STR_ARG(user),
	    STR_ARG(rules->domain)));
}

/* Why postsrsd has no answer for a sender, or NULL. */
static const char *
stays(const struct srs_rules *rules, struct str domain)
{
	if (!domain.s)
		return "it has no domain";
	if (is_excluded(rules, domain))
		return "its domain is excluded";
	if (!rules->always_rewrite && str_eq_fold(domain, rules->domain))
		return "it is in the domain of SRS already";
	return NULL;
}

enum srs_result
srs_forward(const struct srs_rules *rules, struct str sender,
    struct arena *a, struct str *rewritten, const char **why)
{
	size_t at = str_find(sender, '@');
	struct str local = {sender.s, at}, domain = {0}, rest, part, made;
	enum srs_result good;

	*rewritten = sender;
	if (at < sender.len)
		domain = after(sender, at + 1);
	*why = stays(rules, domain);
	if (*why)
		return SRS_UNCHANGED;
	/* postsrsd 1 knows its own addresses again. */
	if (rules->major < 2 && (is_srs(local, '0') || is_srs(local, '1'))) {
		good = srs_reverse(rules, sender, a, &made, why);
		if (good == SRS_REWRITTEN) {
			*why = "it is rewritten already";
			return SRS_UNCHANGED;
		}
		if (good == SRS_UNKNOWN)
			return SRS_UNKNOWN;
	}
	*why = NULL;
	rest = after(local, local.len < 5 ? local.len : 5);
	if (is_srs(local, '1')) {
		if (!rest.len || !cut(&rest, &part) || !cut(&rest, &part)) {
			*why = "it is a broken SRS1 address";
			return rules->major < 2 ? SRS_UNCHANGED : SRS_REFUSED;
		}
		*rewritten = guard(rules, part, rest, a);
	} else if (is_srs(local, '0') || str_eq_fold(local, STR("SRS0"))) {
		/* To postsrsd the end of "SRS0" is a separator too. */
		*rewritten = guard(rules, domain, after(local, 4), a);
	} else {
		*rewritten = shorten(rules, domain, local, a);
	}
	if (rules->major < 2 && rewritten->len >= LONGEST_1) {
		*rewritten = sender;
		*why = "it is too long";
		return SRS_UNCHANGED;
	}
	return SRS_REWRITTEN;
}
