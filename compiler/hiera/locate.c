/*
 * A hierarchy as one node sees it: tokens in paths are expanded, globs are
 * walked, every file that exists is read. Paths are joined as Ruby's
 * Pathname joins them: leading dots are resolved in the text, the others by
 * the system.
 */
#include "hiera/inside.h"

#include "base/die.h"
#include "base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

struct place {
	struct hiera_scope *scope;
	struct lookup lookup;
	const struct config *config;
	const struct hierarchy_level *level;
	const char *datadir;		/* expanded; relative to the root */
	struct location *location;
	uint32_t n, cap;
	bool broken;			/* the hierarchy itself */
	bool file_broken;		/* a file of it */
};

/*
 * Lists and hashes have no place in a path: Puppet would write them as Ruby
 * inspects them, and look for a file of that name.
 */
static bool
expand(struct place *p, const struct value *text, const char **out)
{
	struct value v = *text;
	size_t mark = diag_mark(p->scope->hiera->diag);

	*out = text->u.s;
	if (!value_has_tokens(value_str(text)))
		return true;
	p->lookup.budget = EXPANSION_LIMIT;
	if (!interpolate(&p->lookup, NULL, &v) ||
	    diag_mark(p->scope->hiera->diag) != mark) {
		p->broken = true;
		return false;
	}
	if (memchr(v.u.s, '\0', v.len)) {
		diag_add(p->scope->hiera->diag, FINDING_HIERA_INTERPOLATION,
		    value_origin(text), "a path with a NUL byte in it");
		p->broken = true;
		return false;
	}
	*out = v.u.s;
	return true;
}

/* dir without its last component; false: there is none. */
static bool
chop(char *dir, char **last)
{
	size_t len = strlen(dir);
	char *slash;

	while (len && dir[len - 1] == '/')
		dir[--len] = '\0';
	if (!len)
		return false;
	slash = strrchr(dir, '/');
	*last = slash ? slash + 1 : dir;
	return true;
}

/* Pathname#+ */
static char *
path_plus(struct arena *a, const char *dir, const char *path)
{
	char *base = arena_strdup(a, dir), *last;

	if (*path == '/')
		return arena_strdup(a, path);
	for (;;) {
		while (path[0] == '.' && (path[1] == '/' || !path[1]))
			path += 1 + strspn(path + 1, "/");
		if (!chop(base, &last)) {
			if (*dir == '/')
				base = arena_strdup(a, "/");
			break;
		}
		if (!strcmp(last, ".")) {
			*last = '\0';
			continue;
		}
		if (!strcmp(last, "..") || path[0] != '.' || path[1] != '.' ||
		    (path[2] && path[2] != '/'))
			break;
		path += 2 + strspn(path + 2, "/");
		*last = '\0';
	}
	if (*dir == '/' && (!*base || !strcmp(base, "/")))
		while (path[0] == '.' && path[1] == '.' &&
		    (path[2] == '/' || !path[2]))
			path += 2 + strspn(path + 2, "/");
	if (!*path)
		return *base ? base : arena_strdup(a, ".");
	return file_join(a, base, path);
}

static void
add_location(struct place *p, const char *path, bool listed)
{
	struct hiera *h = p->scope->hiera;
	const char *file = file_join(h->arena, p->config->root, path);
	struct data_file *data;

	data = data_file(h, p->level->backend,
	    file_join(h->arena, p->config->shown, path), file);
	if (data->state == DATA_BROKEN)
		p->file_broken = true;
	if (listed && data->state == DATA_MISSING) {
		diag_add(h->diag, FINDING_FILE_UNREADABLE, p->level->at,
		    "%s matches a glob and leads nowhere; every lookup would "
		    "fail", path);
		p->broken = true;
	}
	if (p->config->builtin && data->state == DATA_MISSING)
		return;
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 8;
		p->location = xrealloc(p->location,
		    mul_or_die(p->cap, sizeof(*p->location)));
	}
	p->location[p->n++] = (struct location){
		file_join(h->arena, p->config->shown, path), data,
	};
}

static void
add_path(struct place *p, const struct value *text)
{
	const char *path;

	if (expand(p, text, &path))
		add_location(p, path_plus(p->scope->hiera->arena, p->datadir,
		    path), false);
}

static void
add_glob(struct place *p, const struct value *text)
{
	struct arena *a = p->scope->hiera->arena;
	size_t skip = strlen(p->config->root);
	const char *pattern, **found;

	if (!expand(p, text, &pattern))
		return;
	pattern = path_plus(a, p->datadir, pattern);
	found = glob_expand(a, file_join(a, p->config->root, pattern));
	if (*pattern == '/' || !strcmp(p->config->root, "."))
		skip = 0;
	for (; *found; found++) {
		const char *path = *found + skip;

		add_location(p, skip ? path + strspn(path, "/") : path, true);
	}
}

/* [variable, name, template]: one path for each item of the variable. */
static void
add_mapped(struct place *p)
{
	const struct value *three = p->level->location;
	struct value v;
	struct value item;
	uint32_t i, n;

	p->lookup.budget = EXPANSION_LIMIT;
	if (!interpolate_variable(&p->lookup, value_str(&three[0]), &three[0],
	    &v)) {
		p->broken = true;
		return;
	}
	if (v.kind == VALUE_NULL || ((v.kind == VALUE_STRING ||
	    v.kind == VALUE_LIST || v.kind == VALUE_HASH) && !v.len))
		return;
	if (v.kind != VALUE_STRING && v.kind != VALUE_LIST &&
	    v.kind != VALUE_HASH) {
		diag_add(p->scope->hiera->diag, FINDING_HIERA_CONFIG,
		    value_origin(&three[0]), "mapped_paths wants a string, a "
		    "list or a hash, and '%s' is %s", three[0].u.s,
		    value_kind_name(&v));
		p->broken = true;
		return;
	}
	n = v.kind == VALUE_STRING ? 1 : v.len;
	p->scope->local_name = value_str(&three[1]);
	for (i = 0; i < n; i++) {
		item = v;
		if (v.kind == VALUE_LIST)
			item = v.u.item[i];
		else if (v.kind == VALUE_HASH)
			item = value_list(p->scope->hiera->arena,
			    &v.u.hash->pair[i].key, 2, value_origin(&v));
		p->scope->local = &item;
		add_path(p, &three[2]);
	}
	p->scope->local = NULL;
}

static void
resolve_level(struct place *p, struct resolved_level *to)
{
	struct value datadir = value_string(p->scope->hiera->arena,
	    str_of(p->level->datadir), p->level->at);
	uint32_t i;

	*to = (struct resolved_level){.level = p->level,
	    .options = p->level->options};
	if (!expand(p, &datadir, &p->datadir))
		return;
	if (p->level->kind == LOCATION_MAPPED)
		add_mapped(p);
	for (i = 0; p->level->kind != LOCATION_MAPPED &&
	    i < p->level->nlocation; i++) {
		if (p->level->kind == LOCATION_GLOBS)
			add_glob(p, &p->level->location[i]);
		else
			add_path(p, &p->level->location[i]);
	}
	p->lookup.budget = EXPANSION_LIMIT;
	if (!interpolate(&p->lookup, NULL, &to->options))
		p->broken = true;
	to->n = p->n;
	to->location = ARENA_ARRAY(p->scope->hiera->arena, struct location,
	    p->n);
	if (p->n)
		memcpy(to->location, p->location,
		    p->n * sizeof(*p->location));
}

static struct resolved_level *
resolve_all(struct hiera_scope *scope, const struct config *config,
    const struct hierarchy *all, uint32_t *n, bool *broken,
    bool *file_broken)
{
	struct resolved_level *level = ARENA_ARRAY(scope->hiera->arena,
	    struct resolved_level, all->n);
	uint32_t i;

	*n = 0;
	for (i = 0; i < all->n; i++) {
		struct place p = {
			.scope = scope,
			.lookup = {.hiera = scope->hiera, .scope = scope},
			.config = config,
			.level = &all->level[i],
		};

		resolve_level(&p, &level[*n]);
		if (!config->builtin || p.n)
			++*n;
		*broken |= p.broken;
		*file_broken |= p.file_broken;
		free(p.location);
	}
	return level;
}

struct resolved *
config_resolve(struct hiera_scope *scope, const struct config *config)
{
	struct resolved *resolved = ARENA_NEW(scope->hiera->arena,
	    struct resolved);

	resolved->config = config;
	resolved->broken = config->broken;
	if (config->broken)
		return resolved;
	/* The default hierarchy is expanded as early, yet read only late. */
	resolved->level = resolve_all(scope, config, &config->hierarchy,
	    &resolved->n, &resolved->broken, &resolved->broken);
	resolved->fallback = resolve_all(scope, config,
	    &config->default_hierarchy, &resolved->nfallback,
	    &resolved->broken, &resolved->fallback_broken);
	return resolved;
}
