/*
 * For scripts: the only format whose shape is promised. One finding a line;
 * what is not known of a place is null. A change of the shape that could
 * break a reader raises VERSION.
 */
#include "diag/write.h"

enum { VERSION = 1 };

static json_t *
number_or_null(uint32_t n)
{
	return json_or_die(n ? json_integer(n) : json_null());
}

/* {"file", "line", "column", "text"}, to be completed. */
static json_t *
place(const struct diag *d, struct origin at, const char *text)
{
	return json_or_die(json_pack("{so so so so}",
	    "file", at.source ? json_shown(place_path(d, at)) : json_null(),
	    "line", number_or_null(at.line),
	    "column", number_or_null(at.line ? at.column : 0),
	    "text", json_shown(text)));
}

static json_t *
finding_json(const struct diag *d, const struct finding *f)
{
	json_t *notes = json_or_die(json_array()), *json;
	const struct note *note;

	for (note = f->note; note; note = note->next)
		json_array_append_new(notes, place(d, note->at, note->text));
	json = json_or_die(json_pack("{ss ss}",
	    "id", finding_kinds[f->id].name, "level", level_name(f->level)));
	json_object_update_new(json, place(d, f->at, f->text));
	json_object_set_new(json, "notes", notes);
	return json;
}

void
write_json(const struct diag *d, FILE *out, bool color)
{
	bool first = true;
	size_t i;

	(void)color;
	fprintf(out, "{\"version\": %d, \"findings\": [", VERSION);
	for (i = 0; i < d->n; i++)
		if (d->finding[i].level != LEVEL_OFF)
			json_item(out, finding_json(d, &d->finding[i]), &first);
	fprintf(out, "%s], \"summary\": {\"errors\": %zu, \"warnings\": %zu, "
	    "\"notes\": %zu, \"silenced\": %zu}}\n", first ? "" : "\n",
	    d->count[LEVEL_ERROR], d->count[LEVEL_WARNING],
	    d->count[LEVEL_NOTE], d->count[LEVEL_OFF]);
}
