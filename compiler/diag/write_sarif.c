/*
 * SARIF 2.1.0, for code scanning services. The rules are the catalogue with
 * its pages. One result a place; paths are URIs below the environment. SARIF
 * counts columns in characters, mailc in bytes: the line is read again, and
 * a column too far out to count is left away.
 */
#include "diag/write.h"

#include "base/die.h"

#include <stdlib.h>

enum { FAR = 65536 };

/* A path as a relative URI reference (RFC 3986), absolute ones as file:. */
static json_t *
uri_json(const char *path)
{
	struct buf b = BUF_INIT;
	json_t *json;

	if (path[0] == '/')
		buf_addstr(&b, "file://");
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~/@+=,", c))
			buf_addch(&b, (char)c);
		else
			buf_printf(&b, "%%%02X", (unsigned)c);
	}
	json = json_or_die(json_string(b.s));
	buf_release(&b);
	return json;
}

/* The column in characters; 0 where it is not known. */
static uint32_t
character_column(struct lines *l, struct origin at)
{
	uint32_t i, n = 1;
	char *s;

	if (!at.column || at.column > FAR || !lines_go(l, at) ||
	    at.column - 1 > l->end - l->start)
		return 0;
	s = xmalloc(at.column);
	lines_read(l, 0, s, at.column - 1);
	for (i = 0; i + 1 < at.column; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	free(s);
	return n;
}

static json_t *
location_json(const struct diag *d, struct lines *l, struct origin at,
    const char *message)
{
	const char *path = at.source ? place_path(d, at) : "hiera.yaml";
	json_t *artifact, *physical, *location;
	uint32_t column;

	artifact = json_or_die(json_pack("{so}", "uri", uri_json(path)));
	if (path[0] != '/')
		json_object_set_new(artifact, "uriBaseId",
		    json_string("%SRCROOT%"));
	physical = json_or_die(json_pack("{so}", "artifactLocation", artifact));
	if (at.source && at.line) {
		json_t *region = json_or_die(json_pack("{sI}",
		    "startLine", (json_int_t)at.line));

		column = character_column(l, at);
		if (column)
			json_object_set_new(region, "startColumn",
			    json_integer(column));
		json_object_set_new(physical, "region", region);
	}
	location = json_or_die(json_pack("{so}", "physicalLocation", physical));
	if (message)
		json_object_set_new(location, "message", json_or_die(
		    json_pack("{so}", "text", json_shown(message))));
	return location;
}

static json_t *
result_json(const struct diag *d, struct lines *l, struct fingerprints *fp,
    const struct finding *f)
{
	json_t *related = json_or_die(json_array()), *result;
	const struct note *note;

	result = json_or_die(json_pack("{ss si ss s{so} s[o] s{ss}}",
	    "ruleId", finding_kinds[f->id].name,
	    "ruleIndex", (int)f->id,
	    "level", level_name(f->level),
	    "message", "text", json_shown(f->text),
	    "locations", location_json(d, l, f->at, NULL),
	    "partialFingerprints", "mailc/v1", fingerprint_of(fp, f)));
	for (note = f->note; note; note = note->next)
		json_array_append_new(related,
		    location_json(d, l, note->at, note->text));
	if (f->note)
		json_object_set_new(result, "relatedLocations", related);
	else
		json_decref(related);
	return result;
}

static json_t *
rule_json(enum finding_id id)
{
	const struct finding_kind *kind = &finding_kinds[id];
	const char *page = kind->page ? kind->page : kind->title;

	return json_or_die(json_pack("{ss s{ss} s{ss ss} s{ss}}",
	    "id", kind->name,
	    "shortDescription", "text", kind->title,
	    "help", "text", page, "markdown", page,
	    "defaultConfiguration", "level", level_name(kind->level)));
}

void
write_sarif(const struct diag *d, FILE *out, bool color)
{
	struct fingerprints fp;
	struct lines lines;
	bool first = true;
	size_t i;
	int id;

	(void)color;
	fputs("{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", "
	    "\"version\": \"2.1.0\", \"runs\": [{"
	    "\"columnKind\": \"unicodeCodePoints\", "
	    "\"originalUriBaseIds\": {\"%SRCROOT%\": {\"description\": "
	    "{\"text\": \"the directory that holds hiera.yaml\"}}},\n"
	    "\"tool\": {\"driver\": {\"name\": \"mailc\", \"rules\": [", out);
	for (id = 0; id < FINDING_COUNT; id++)
		json_item(out, rule_json((enum finding_id)id), &first);
	fputs("\n]}}, \"results\": [", out);
	first = true;
	fingerprints_init(&fp, d);
	lines_init(&lines, d);
	for (i = 0; i < d->n; i++)
		if (d->finding[i].level != LEVEL_OFF)
			json_item(out, result_json(d, &lines, &fp,
			    &d->finding[i]), &first);
	fprintf(out, "%s]}]}\n", first ? "" : "\n");
	lines_release(&lines);
	fingerprints_release(&fp);
}
