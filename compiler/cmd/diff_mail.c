/*
 * What a change does to mail, before the lines of text that it changes. A
 * line of the old side is said to be one: that is where something stood.
 */
#include "cmd/diff.h"

enum { DIFF_VERSION = 1 };

static const struct source *
source_of(const struct run *old, const struct run *new,
    const struct change *change)
{
	return sources_get(change->old ? &old->sources : &new->sources,
	    change->at.source);
}

static void
print_lines(const char *sign, const char *const *line, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		printf("  %s %s\n", sign, line[i]);
}

void
mail_print(struct run *old, struct run *new, const struct changes *changes)
{
	size_t i;

	for (i = 0; i < changes->n; i++) {
		const struct change *c = &changes->change[i];
		const struct source *source = source_of(old, new, c);

		printf("mail %s: %s", change_names[c->kind], c->subject);
		if (source && c->at.line)
			printf("  [%s%s:%u]", c->old ? "was " : "",
			    source->path, c->at.line);
		putchar('\n');
		print_lines("-", c->was, c->nwas);
		print_lines("+", c->now, c->nnow);
	}
	if (changes->n)
		putchar('\n');
}

static json_t *
lines_json(const char *const *line, size_t n)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(all, json_string(line[i]));
	return all;
}

static json_t *
change_json(const struct run *old, const struct run *new,
    const struct change *c)
{
	const struct source *source = source_of(old, new, c);

	return json_pack("{s:s, s:s, s:o, s:o, s:s?, s:o, s:b}",
	    "kind", change_names[c->kind], "subject", c->subject,
	    "was", lines_json(c->was, c->nwas),
	    "now", lines_json(c->now, c->nnow),
	    "file", source ? source->path : NULL,
	    "line", source && c->at.line ? json_integer(c->at.line) :
	    json_null(), "old", c->old);
}

void
mail_print_json(struct run *old, struct run *new,
    const struct changes *changes, json_t *files)
{
	json_t *mail = json_array(), *all;
	size_t i;

	for (i = 0; i < changes->n; i++)
		json_array_append_new(mail, change_json(old, new,
		    &changes->change[i]));
	all = json_pack("{s:i, s:o, s:O}", "version", DIFF_VERSION, "mail",
	    mail, "files", files);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}
