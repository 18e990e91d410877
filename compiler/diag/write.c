/*
 * The table of formats, and what the writers share: text that any terminal
 * and any format can show, places, fingerprints, JSON in pieces.
 */
#include "diag/write.h"

#include "base/die.h"

#include <openssl/sha.h>
#include <stdlib.h>

const struct diag_format diag_formats[] = {
	{"text", write_text},
	{"json", write_json},
	{"sarif", write_sarif},
	{"junit", write_junit},
	{"codequality", write_codequality},
	{"github", write_github},
	{NULL, NULL},
};

struct range {
	uint32_t first, last;
};

/*
 * Characters that would change how the rest is read, or that nobody sees:
 * C1 controls, bidirectional controls, zero widths, line separators, the
 * byte order mark, noncharacters.
 */
static const struct range invisible[] = {
	{0x80, 0x9f}, {0xad, 0xad}, {0x061c, 0x061c}, {0x180e, 0x180e},
	{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	{0xd800, 0xdfff}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},
	{0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff},
};

static const struct range combining[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},
	{0x064b, 0x065f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
	{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

static const struct range wide[] = {
	{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf},
	{0xa960, 0xa97c}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
	{0x20000, 0x3fffd},
};

#define IN(table, code) \
	in_ranges((table), sizeof(table) / sizeof((table)[0]), (code))

static bool
in_ranges(const struct range *range, size_t n, uint32_t code)
{
	size_t i;

	for (i = 0; i < n && range[i].first <= code; i++)
		if (code <= range[i].last)
			return true;
	return false;
}

/* The bytes of the character at s (RFC 3629), 0 where it is none. */
static size_t
decode(const char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)s[0];
	size_t i, n;

	if (lead < 0x80) {
		*code = lead;
		return 1;
	}
	n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead < 0xc2 || lead > 0xf4 || n > len)
		return 0;
	*code = lead & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return *code < least[n] || *code > 0x10ffff ? 0 : n;
}

size_t
show_char(struct buf *b, const char *s, size_t len, unsigned *width)
{
	uint32_t code = 0;
	size_t i, n = decode(s, len, &code);

	if (n && code >= 0x20 && code != 0x7f && !IN(invisible, code)) {
		buf_add(b, s, n);
		*width = IN(combining, code) ? 0 : IN(wide, code) ? 2 : 1;
		return n;
	}
	if (!n)
		n = 1;
	for (i = 0; i < n; i++)
		buf_printf(b, "\\x%02x", (unsigned)(unsigned char)s[i]);
	*width = (unsigned)(4 * n);
	return n;
}

void
show(struct buf *b, const char *s)
{
	size_t len = strlen(s);
	unsigned width;

	while (len) {
		size_t n = show_char(b, s, len, &width);

		s += n;
		len -= n;
	}
}

const char *
place_path(const struct diag *d, struct origin at)
{
	const struct source *source = sources_get(d->sources, at.source);

	return source ? source->path : "";
}

void
place_show(struct buf *b, const struct diag *d, struct origin at)
{
	if (!at.source) {
		buf_addstr(b, "mailc");
		return;
	}
	show(b, place_path(d, at));
	if (at.line)
		buf_printf(b, ":%u", at.line);
	if (at.line && at.column)
		buf_printf(b, ":%u", at.column);
}

void
fingerprints_init(struct fingerprints *fp, const struct diag *d)
{
	fp->diag = d;
	map_init(&fp->seen);
}

void
fingerprints_release(struct fingerprints *fp)
{
	map_release(&fp->seen);
}

static const char *
digest(struct arena *a, const struct buf *b)
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	struct buf hex = BUF_INIT;
	const char *text;
	int i;

	SHA256((const unsigned char *)b->s, b->len, sum);
	for (i = 0; i < 16; i++)
		buf_printf(&hex, "%02x", (unsigned)sum[i]);
	text = arena_strndup(a, hex.s, hex.len);
	buf_release(&hex);
	return text;
}

/* NUL parts the fields, so that no two findings give the same bytes. */
const char *
fingerprint_of(struct fingerprints *fp, const struct finding *f)
{
	const char *path = place_path(fp->diag, f->at), *name;
	struct arena *a = fp->diag->arena;
	struct buf b = BUF_INIT;
	size_t *times;

	buf_addstr(&b, finding_kinds[f->id].name);
	buf_add(&b, path, strlen(path) + 1);
	buf_add(&b, f->text, strlen(f->text) + 1);
	name = digest(a, &b);
	times = map_get(&fp->seen, str_of(name));
	if (!times) {
		times = ARENA_NEW(a, size_t);
		map_add(&fp->seen, str_of(name), times);
	} else {
		buf_printf(&b, "%zu", *times);
		name = digest(a, &b);
	}
	++*times;
	buf_release(&b);
	return name;
}

json_t *
json_or_die(json_t *json)
{
	if (!json)
		die("out of memory for JSON");
	return json;
}

json_t *
json_shown(const char *s)
{
	struct buf b = BUF_INIT;
	json_t *json;

	show(&b, s);
	json = json_or_die(json_stringn(b.s, b.len));
	buf_release(&b);
	return json;
}

void
json_item(FILE *out, json_t *item, bool *first)
{
	fputs(*first ? "\n" : ",\n", out);
	json_dumpf(json_or_die(item), out, JSON_ENSURE_ASCII);
	json_decref(item);
	*first = false;
}
