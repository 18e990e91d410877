/*
 * GitLab's Code Quality report. It wants a file and a line for everything,
 * so what belongs to no file is laid to hiera.yaml, and the whole of a file
 * to its first line. Equal fingerprints would be dropped as duplicates.
 */
#include "diag/write.h"

#include "base/die.h"

static const char *
severity(enum level level)
{
	switch (level) {
	case LEVEL_OFF:
	case LEVEL_NOTE:
		return "info";
	case LEVEL_WARNING:
		return "minor";
	case LEVEL_ERROR:
		return "critical";
	}
	BUG("unknown level");
}

static json_t *
issue_json(const struct diag *d, struct fingerprints *fp,
    const struct finding *f)
{
	const char *path = f->at.source ? place_path(d, f->at) : "hiera.yaml";

	return json_or_die(json_pack("{so ss ss ss s{so s{sI}}}",
	    "description", json_shown(f->text),
	    "check_name", finding_kinds[f->id].name,
	    "fingerprint", fingerprint_of(fp, f),
	    "severity", severity(f->level),
	    "location", "path", json_shown(path), "lines", "begin",
	    (json_int_t)(f->at.line ? f->at.line : 1)));
}

void
write_codequality(const struct diag *d, FILE *out, bool color)
{
	struct fingerprints fp;
	bool first = true;
	size_t i;

	(void)color;
	fputc('[', out);
	fingerprints_init(&fp, d);
	for (i = 0; i < d->n; i++)
		if (d->finding[i].level != LEVEL_OFF)
			json_item(out, issue_json(d, &fp, &d->finding[i]),
			    &first);
	fprintf(out, "%s]\n", first ? "" : "\n");
	fingerprints_release(&fp);
}
