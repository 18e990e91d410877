/*
 * A record is gathered and taken apart in place, so that an offset in it is
 * a place in the file. It reads what libldap's reader reads, but opens no
 * file (include: and attr:< URL), and refuses NUL bytes and broken base64;
 * and a compiler need not load libldap, whose libraries take longer to map
 * than a small fleet to compile.
 */
#include "tree/ldif.h"

#include "base/die.h"
#include "base/file.h"
#include "base/map.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BLOCK = 64 * 1024,
	FILE_MAX = 1024 * 1024 * 1024,
	RECORD_MAX = 4 * 1024 * 1024,
	BROKEN_MAX = 100,	/* then the file is no LDIF at all */
};

/* What stands for a fold; bytes_ok() lets no other \r through. */
#define FOLD '\r'

struct ldif_reader {
	struct arena *arena;
	struct diag *diag;
	uint32_t source;
	FILE *file;
	char *block;
	size_t at, len;			/* in block */
	struct buf record;		/* its lines, each ends in \n */
	bool too_long;			/* the record; its rest was skipped */
	bool first_record;
	uint32_t line;			/* the next one to read */
	uint32_t first;			/* line of the record */
	uint32_t *start;		/* offset of each line in record */
	uint32_t nstart, start_cap;
	struct ldif_attribute *attribute;	/* of this record */
	uint32_t nattribute, attribute_cap;
	struct ldif_entry *entry;
	uint32_t nentry, entry_cap;
	struct map names;		/* attribute names seen, shared */
	unsigned broken;
};

/* Room for one more in an array of n. */
static void *
room(void *array, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 64;
	return xrealloc(array, mul_or_die(*cap, size));
}

/*
 * Append the next physical line to the record, without its line end, as far
 * as the record's limit allows. False at the end of the file; *blank: the
 * line is empty.
 */
static bool
line_read(struct ldif_reader *r, bool *blank)
{
	size_t seen = 0, from = r->record.len;
	char last = '\0';

	for (;;) {
		const char *s = r->block + r->at, *newline;
		size_t n = r->len - r->at;

		if (!n) {
			r->at = 0;
			r->len = fread(r->block, 1, BLOCK, r->file);
			if (!r->len)
				break;
			continue;
		}
		newline = memchr(s, '\n', n);
		if (newline)
			n = (size_t)(newline - s);
		if (n) {
			seen += n;
			last = s[n - 1];
			if (r->record.len + n > RECORD_MAX)
				r->too_long = true;
			if (!r->too_long)
				buf_add(&r->record, s, n);
		}
		r->at += n + (newline != NULL);
		if (newline)
			break;
	}
	if (!r->len && !seen)
		return false;
	*blank = !seen || (seen == 1 && last == '\r');
	if (last == '\r' && r->record.len > from && !r->too_long)
		r->record.s[--r->record.len] = '\0';
	return true;
}

/* Gather the next record; false at the end of the file. */
static bool
record_read(struct ldif_reader *r)
{
	bool blank;
	uint32_t from;

	buf_clear(&r->record);
	r->too_long = false;
	r->nstart = 0;
	for (;;) {
		from = (uint32_t)r->record.len;
		if (!line_read(r, &blank))
			return r->nstart > 0;
		r->line++;
		if (blank && r->nstart)
			return true;
		if (blank) {
			buf_clear(&r->record);
			continue;
		}
		if (!r->nstart)
			r->first = r->line - 1;
		if (r->too_long && r->nstart)
			continue;
		r->start = room(r->start, r->nstart, &r->start_cap,
		    sizeof(*r->start));
		r->start[r->nstart++] = from;
		buf_addch(&r->record, '\n');
	}
}

/* The place in the file of a byte of the record. */
static struct origin
place(const struct ldif_reader *r, const char *byte)
{
	uint32_t offset = (uint32_t)(byte - r->record.s);
	uint32_t low = 0, high = r->nstart;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (r->start[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return (struct origin){
		.source = r->source,
		.line = r->first + low,
		.column = offset - r->start[low] + 1,
	};
}

/* Report the record as broken; always false. */
static bool
broken(struct ldif_reader *r, const char *byte, const char *why)
{
	r->broken++;
	diag_add(r->diag, FINDING_LDIF_SYNTAX, place(r, byte),
	    "%s; the record is left out", why);
	return false;
}

/* Bytes that no line of LDIF may hold as they are. */
static bool
bytes_ok(struct ldif_reader *r)
{
	const char *bad;

	if (r->too_long)
		return broken(r, r->record.s, "a record is longer than 4 MiB");
	bad = memchr(r->record.s, '\0', r->record.len);
	if (bad)
		return broken(r, bad,
		    "a NUL byte; a value that holds one is written in base64");
	bad = memchr(r->record.s, '\r', r->record.len);
	if (bad)
		return broken(r, bad,
		    "a carriage return inside a line; a value that holds one "
		    "is written in base64");
	if (r->record.s[0] == ' ')
		return broken(r, r->record.s,
		    "a line that begins with a blank continues no other line");
	return true;
}

static bool
is_name_byte(unsigned char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == ';';
}

static bool
is_base64_byte(unsigned char c)
{
	unsigned char low = ascii_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	    c == '+' || c == '/';
}

/*
 * The next logical line of the record, in which each line ends in \n: ended
 * by a NUL, each of its folds marked by two FOLDs; NULL behind the last.
 * Comments are left out.
 */
static char *
line_next(char **next)
{
	char *line, *p;

	do {
		line = *next;
		if (!*line)
			return NULL;
		for (p = line; *p != '\n' || p[1] == ' '; p++)
			if (*p == '\n')
				p[0] = p[1] = FOLD;
		*p = '\0';
		*next = p + 1;
	} while (*line == '#');
	return line;
}

/* Whether a logical line has a good name and a colon: *colon. */
static bool
head_ok(struct ldif_reader *r, char *line, char **colon)
{
	char *p = line;

	while (*p == FOLD || is_name_byte((unsigned char)*p))
		p++;
	if (!*p)
		return broken(r, line, "a line without a colon");
	if (*p != ':')
		return broken(r, p, "a character that no attribute name has");
	if (p == line || *line == ';')
		return broken(r, line, "a line without an attribute name");
	*colon = p;
	return true;
}

/* Whether text is base64 as RFC 4648 has it, folds aside. */
static bool
base64_ok(struct ldif_reader *r, const char *s)
{
	size_t n = 0, pad = 0;

	for (; *s; s++) {
		if (*s == FOLD)
			continue;
		n++;
		if (*s == '=')
			pad++;
		else if (pad || !is_base64_byte((unsigned char)*s))
			return broken(r, s, "this is not base64");
	}
	if (n % 4 || pad > 2)
		return broken(r, s, "the base64 ends too early");
	return true;
}

/* Take the folds out of a value; its length. */
static size_t
unfold(char *s)
{
	const char *from;
	char *to = s;

	for (from = s; *from; from++)
		if (*from != FOLD)
			*to++ = *from;
	*to = '\0';
	return (size_t)(to - s);
}

/* The attribute name without options and fold marks, one copy for all. */
static struct text
name_text(struct ldif_reader *r, const char *line, const char *colon)
{
	struct buf b = BUF_INIT;
	const char *p;
	char *copy;
	struct text name;

	for (p = line; p < colon && *p != ';'; p++)
		if (*p != FOLD)
			buf_addch(&b, *p);
	copy = map_get(&r->names, (struct str){b.s, b.len});
	if (!copy) {
		copy = arena_strndup(r->arena, b.s, b.len);
		map_add(&r->names, (struct str){copy, b.len}, copy);
	}
	name = (struct text){copy, (uint32_t)b.len, place(r, line)};
	buf_release(&b);
	return name;
}

/* The bytes behind a colon: as they stand, or from base64. */
static bool
value_parse(struct ldif_reader *r, char *s, struct text *value)
{
	bool base64 = *s == ':';
	size_t len;
	char *bytes;

	if (*s == '<')
		return broken(r, s,
		    "a value that stands in another file is not read; write "
		    "the value itself");
	s += base64;
	s += strspn(s, base64 ? " \r" : " \t\v\f\r");
	if (base64 && !base64_ok(r, s))
		return false;
	value->at = place(r, s);
	len = unfold(s);
	if (base64) {
		bytes = arena_bytes(r->arena, len / 4 * 3 + 1);
		EVP_DecodeBlock((unsigned char *)bytes,
		    (const unsigned char *)s, (int)len);
		len = len / 4 * 3 - (len - strcspn(s, "="));
		bytes[len] = '\0';
	} else {
		bytes = arena_strndup(r->arena, s, len);
	}
	value->s = bytes;
	value->len = (uint32_t)len;
	return true;
}

/* One logical line: a name and a decoded value. */
static bool
line_parse(struct ldif_reader *r, char *line, struct ldif_attribute *a)
{
	char *colon;

	if (!head_ok(r, line, &colon))
		return false;
	a->name = name_text(r, line, colon);
	/* The sign that says what follows may stand behind a fold. */
	return value_parse(r, colon + 1 + strspn(colon + 1, "\r"),
	    &a->value);
}

/* What stands before the attributes may not be used later. */
static const char *
misplaced(const struct ldif_reader *r, struct str name)
{
	uint32_t n = r->nattribute;

	if (!n && str_eq_fold(name, STR("include")))
		return "other files are not included";
	if (!n && !str_eq_fold(name, STR("dn")))
		return "a record begins with its dn (ldapsearch -LLL writes "
		    "nothing else)";
	if (n && str_eq_fold(name, STR("dn")))
		return "a second dn in one record; an empty line is missing";
	if (n == 1 && (str_eq_fold(name, STR("changetype")) ||
	    str_eq_fold(name, STR("control"))))
		return "a change is no entry; a snapshot holds entries only";
	return NULL;
}

static bool
is_version(const struct ldif_reader *r, const struct ldif_attribute *a)
{
	return r->first_record && !r->nattribute &&
	    str_eq_fold(text_str(a->name), STR("version")) &&
	    str_eq(text_str(a->value), STR("1"));
}

/* The record into r->attribute, the dn first. */
static bool
record_parse(struct ldif_reader *r)
{
	char *next = r->record.s, *line;
	struct ldif_attribute a;
	const char *why;

	r->nattribute = 0;
	if (!bytes_ok(r))
		return false;
	while ((line = line_next(&next))) {
		if (!line_parse(r, line, &a))
			return false;
		if (is_version(r, &a)) {
			r->first_record = false;
			continue;
		}
		why = misplaced(r, text_str(a.name));
		if (why)
			return broken(r, line, why);
		r->attribute = room(r->attribute, r->nattribute,
		    &r->attribute_cap, sizeof(*r->attribute));
		r->attribute[r->nattribute++] = a;
		r->first_record = false;
	}
	return true;
}

static void
entry_add(struct ldif_reader *r)
{
	uint32_t n = r->nattribute - 1;
	struct ldif_attribute *copy =
	    ARENA_ARRAY(r->arena, struct ldif_attribute, n);

	if (n)
		memcpy(copy, r->attribute + 1, n * sizeof(*copy));
	r->entry = room(r->entry, r->nentry, &r->entry_cap,
	    sizeof(*r->entry));
	r->entry[r->nentry++] = (struct ldif_entry){
		.dn = r->attribute[0].value,
		.attribute = copy,
		.n = n,
	};
}

static enum tree_result
read_all(struct ldif_reader *r)
{
	const struct origin whole = {.source = r->source};

	while (r->broken < BROKEN_MAX && record_read(r))
		if (record_parse(r) && r->nattribute)
			entry_add(r);
	if (ferror(r->file)) {
		diag_add(r->diag, FINDING_FILE_UNREADABLE, whole,
		    "the file cannot be read to its end");
		return TREE_BROKEN;
	}
	if (r->broken >= BROKEN_MAX) {
		diag_add(r->diag, FINDING_LDIF_SYNTAX, whole,
		    "%d records are broken; the rest of the file is not read",
		    BROKEN_MAX);
		return TREE_BROKEN;
	}
	return TREE_OK;
}

/* Open the file; NULL: *result, reported unless it is missing. */
static FILE *
open_ldif(struct diag *d, const char *file, struct origin whole,
    enum tree_result *result)
{
	enum file_error why;
	struct stat st;
	FILE *f = file_open(file, &why);

	if (f && !fstat(fileno(f), &st) && st.st_size <= FILE_MAX)
		return f;
	if (f) {
		fclose(f);
		why = FILE_TOO_LARGE;
	}
	*result = TREE_MISSING;
	if (why != FILE_MISSING) {
		diag_add(d, FINDING_FILE_UNREADABLE, whole, "the file %s",
		    file_error_text(why));
		*result = TREE_BROKEN;
	}
	return NULL;
}

enum tree_result
ldif_read(struct arena *a, struct diag *d, const char *path,
    const char *file, struct ldif *ldif)
{
	struct ldif_reader r = {
		.arena = a,
		.diag = d,
		.source = sources_add(d->sources, path, file),
		.first_record = true,
		.line = 1,
	};
	enum tree_result result;

	*ldif = (struct ldif){0};
	r.file = open_ldif(d, file, (struct origin){.source = r.source},
	    &result);
	if (!r.file)
		return result;
	r.block = xmalloc(BLOCK);
	buf_init(&r.record);
	map_init(&r.names);
	result = read_all(&r);
	ldif->entry = ARENA_ARRAY(a, struct ldif_entry, r.nentry);
	if (r.nentry)
		memcpy(ldif->entry, r.entry,
		    r.nentry * sizeof(*ldif->entry));
	ldif->n = r.nentry;
	map_release(&r.names);
	buf_release(&r.record);
	free(r.entry);
	free(r.attribute);
	free(r.start);
	free(r.block);
	fclose(r.file);
	return result;
}

const struct text *
ldif_get(const struct ldif_entry *entry, struct str name)
{
	uint32_t i;

	for (i = 0; i < entry->n; i++)
		if (str_eq_fold(text_str(entry->attribute[i].name), name))
			return &entry->attribute[i].value;
	return NULL;
}
