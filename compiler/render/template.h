/*
 * Templates: Mustache's syntax and standalone-line rules, compiled against
 * the model's types, so that a name that does not exist is an error at the
 * template's line and column even if no node uses it.
 *
 *   {{node.fqdn}}         a value, quoted by the artifact's dialect
 *   {{value|map_key}}     quoted by another dialect
 *   {{#fleet.aliases}}…{{/fleet.aliases}}   for each; if true; if present
 *   {{^node.ipv6}}…{{/node.ipv6}}           if empty, false or absent
 *   {{.}}                 the item itself (lists of text or ports)
 *   {{-first}} {{-last}}  as sections: the first or last item of the list
 *   {{>partials/tls}}     another template, compiled in the same scope
 *   {{! comment }}
 *
 * There is no raw output and no HTML escaping. Names are sought in the
 * innermost section's type first, then outwards.
 */
#ifndef RENDER_TEMPLATE_H
#define RENDER_TEMPLATE_H

#include "diag/diag.h"
#include "model/type.h"

struct template;
struct templates;

/* All templates of a directory, compiled on first use and kept. */
struct templates *templates_new(struct arena *a, struct diag *d,
    const char *path, const char *dir, const struct type *root);
void templates_free(struct templates *t);

/*
 * The compiled template of a name ("postfix/mx/main.cf") with a default
 * dialect; NULL where it cannot be used (reported once). asked_at is where
 * a role names it.
 */
const struct template *templates_get(struct templates *t, struct text name,
    struct text dialect);

/* Compile every file of the directory, so that each slip is reported. */
void templates_check_all(struct templates *t);

/* Which bytes of the output came from where: one span a line of output. */
struct span {
	size_t offset;			/* where the line starts */
	struct origin template_at;
	struct origin value_at;		/* of the last value on the line */
	struct origin first_at;		/* of the first: in a table, the key */
};

struct spans {
	struct span *span;
	size_t n, cap;
};

/*
 * Append the template's text for a root object to out. Spans are collected
 * unless spans is NULL. False where a value could not be carried (reported);
 * out is then of no use.
 */
bool template_render(const struct template *t, const void *root,
    struct diag *d, struct buf *out, struct spans *spans);
void spans_release(struct spans *spans);
/* The span of the line that holds a byte of the output, or NULL. */
const struct span *spans_at(const struct spans *spans, size_t offset);

/* What a "when:" of a role names: a boolean or list of the root object. */
bool template_test(struct templates *t, struct text expression,
    const void *root, bool *answer);

#endif
