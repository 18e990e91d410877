#include "base/str.h"

enum { NEAREST_LONGEST = 64 };

int
str_cmp(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.s, b.s, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

int
str_cmp_fold(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	size_t i;

	for (i = 0; i < len; i++) {
		int order = ascii_lower((unsigned char)a.s[i]) -
		    ascii_lower((unsigned char)b.s[i]);

		if (order)
			return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool
str_eq_fold(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.s, b.s, a.len) ||
	    !str_cmp_fold(a, b));
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && !memcmp(s.s, prefix.s, prefix.len);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	    !memcmp(s.s + s.len - suffix.len, suffix.s, suffix.len);
}

size_t
str_find(struct str s, char c)
{
	const char *p = s.len ? memchr(s.s, c, s.len) : NULL;

	return p ? (size_t)(p - s.s) : s.len;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str
str_trim(struct str s)
{
	while (s.len && is_blank(s.s[s.len - 1]))
		s.len--;
	while (s.len && is_blank(s.s[0])) {
		s.s++;
		s.len--;
	}
	return s;
}

/* Every byte of a word. */
#define BYTES(b) (UINT64_C(0x0101010101010101) * (b))

/* Eight letters folded at once: bit 7 of a byte tells an upper-case one. */
static uint64_t
fold_word(uint64_t w)
{
	uint64_t low = w & BYTES(0x7f);
	uint64_t from_a = low + BYTES(0x80 - 'A');
	uint64_t past_z = low + BYTES(0x80 - 'Z' - 1);
	uint64_t upper = (from_a ^ past_z) & ~w & BYTES(0x80);

	return w | upper >> 2;
}

static uint64_t
mix(uint64_t h, uint64_t w)
{
	h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

/* Word by word; the last one is filled with zeros, so the length counts. */
static inline uint32_t
hash_words(struct str s, bool fold)
{
	uint64_t h = s.len * UINT64_C(0x9e3779b97f4a7c15), w;
	size_t i;

	for (i = 0; i + sizeof(w) <= s.len; i += sizeof(w)) {
		memcpy(&w, s.s + i, sizeof(w));
		h = mix(h, fold ? fold_word(w) : w);
	}
	for (w = 0; i < s.len; i++)
		w = w << 8 | (unsigned char)s.s[i];
	h = mix(h, fold ? fold_word(w) : w);
	return (uint32_t)(h ^ h >> 29);
}

uint32_t
str_hash(struct str s)
{
	return hash_words(s, false);
}

uint32_t
str_hash_fold(struct str s)
{
	return hash_words(s, true);
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance with neighbours swapped counted once. */
static unsigned
distance(struct str a, struct str b)
{
	unsigned row[3][NEAREST_LONGEST + 1];
	unsigned *before = row[0], *above = row[1], *now = row[2];
	size_t i, j;

	for (j = 0; j <= b.len; j++)
		above[j] = (unsigned)j;
	for (i = 1; i <= a.len; i++) {
		unsigned *free_row = before;

		now[0] = (unsigned)i;
		for (j = 1; j <= b.len; j++) {
			unsigned cost = a.s[i - 1] != b.s[j - 1];

			now[j] = least(above[j - 1] + cost,
			    least(above[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a.s[i - 1] == b.s[j - 2] &&
			    a.s[i - 2] == b.s[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = above;
		above = now;
		now = free_row;
	}
	return above[b.len];
}

const char *
str_nearest(struct str s, const char *const *name, size_t n)
{
	const char *best = NULL;
	unsigned best_distance = 0;
	size_t i;

	if (!s.len || s.len > NEAREST_LONGEST)
		return NULL;
	for (i = 0; i < n; i++) {
		struct str candidate = str_of(name[i]);
		unsigned d;

		if (candidate.len > NEAREST_LONGEST)
			continue;
		d = distance(s, candidate);
		if (d * 3 > s.len + 2 || (best && d >= best_distance))
			continue;
		best = name[i];
		best_distance = d;
	}
	return best;
}
