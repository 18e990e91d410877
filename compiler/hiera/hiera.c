/*
 * The room's front: configurations, scopes and questions. One struct hiera
 * serves all nodes of a run.
 */
#include "hiera/inside.h"

#include "base/file.h"

#include <stdlib.h>

enum { LARGEST_CONF = 1 << 20 };

/* "a:b:$basemodulepath" as directories below the environment. */
static const char **
split_path(struct arena *a, struct str value)
{
	const char **dir;
	size_t n = 0, i;

	for (i = 0; i < value.len; i++)
		n += value.s[i] == ':';
	dir = ARENA_ARRAY(a, const char *, n + 2);
	for (n = 0; value.len;) {
		size_t len = str_find(value, ':');
		struct str part = str_trim((struct str){value.s, len});

		/* A setting of the server is not part of the environment. */
		if (part.len && part.s[0] != '$')
			dir[n++] = arena_strndup(a, part.s, part.len);
		len += len < value.len;
		value = (struct str){value.s + len, value.len - len};
	}
	return dir;
}

static const char **
read_modulepath(struct hiera *h)
{
	const char *file = file_join(h->arena, h->options.environment,
	    "environment.conf");
	struct str path = STR("modules"), all;
	struct buf b = BUF_INIT;
	const char **dir;

	if (file_read(file, LARGEST_CONF, &b) != FILE_OK)
		buf_clear(&b);
	for (all = (struct str){b.s, b.len}; all.len;) {
		size_t len = str_find(all, '\n');
		struct str line = str_trim((struct str){all.s, len});
		size_t equals = str_find(line, '=');
		struct str name = str_trim((struct str){line.s, equals});

		if (str_eq(name, STR("modulepath")) && equals < line.len)
			path = str_trim((struct str){line.s + equals + 1,
			    line.len - equals - 1});
		len += len < all.len;
		all = (struct str){all.s + len, all.len - len};
	}
	dir = split_path(h->arena, path);
	buf_release(&b);
	return dir;
}

static void
find_datadirs(struct hiera *h)
{
	const struct config *config = h->layer[LAYER_ENVIRONMENT];
	uint32_t i;
	size_t k;

	if (!config)
		return;
	h->datadir = ARENA_ARRAY(h->arena, const char *, config->hierarchy.n);
	for (i = 0; i < config->hierarchy.n; i++) {
		const char *dir = config->hierarchy.level[i].datadir;

		if (!dir || value_has_tokens(str_of(dir)))
			continue;
		for (k = 0; k < h->ndatadir; k++)
			if (!strcmp(h->datadir[k], dir))
				break;
		if (k == h->ndatadir)
			h->datadir[h->ndatadir++] = dir;
	}
}

static struct config *
read_global(struct hiera *h)
{
	const char *file = h->options.global_config;
	const char *slash = strrchr(file, '/');
	const char *root = slash ? arena_strndup(h->arena, file,
	    slash == file ? 1 : (size_t)(slash - file)) : ".";

	return config_read(h, LAYER_GLOBAL, NULL, root, root,
	    slash ? slash + 1 : file);
}

struct hiera *
hiera_open(struct arena *a, struct diag *d,
    const struct hiera_options *options)
{
	struct hiera *h = ARENA_NEW(a, struct hiera);
	int i;

	h->arena = a;
	h->diag = d;
	h->options = *options;
	map_init(&h->modules);
	map_init(&h->files);
	map_init(&h->regexes);
	map_init(&h->keys);
	h->modulepath = read_modulepath(h);
	if (options->eyaml_private_key)
		h->eyaml = eyaml_open(h);
	if (options->global_config)
		h->layer[LAYER_GLOBAL] = read_global(h);
	h->layer[LAYER_ENVIRONMENT] = config_read(h, LAYER_ENVIRONMENT, NULL,
	    options->environment, "", "hiera.yaml");
	for (i = 0; i < 2; i++)
		h->broken |= h->layer[i] && h->layer[i]->broken;
	find_datadirs(h);
	return h;
}

void
hiera_close(struct hiera *h)
{
	struct hiera_scope *scope;
	size_t i;

	for (scope = h->scopes; scope; scope = scope->next)
		map_release(&scope->modules);
	for (i = 0; i < h->regexes.n; i++)
		regex_free(h->regexes.entry[i].value);
	map_release(&h->modules);
	map_release(&h->files);
	map_release(&h->regexes);
	map_release(&h->keys);
	free(h->file);
	eyaml_close(h->eyaml);
}

static enum strategy_kind
strategy_of(enum hiera_merge merge)
{
	switch (merge) {
	case MERGE_UNIQUE:
		return STRATEGY_UNIQUE;
	case MERGE_HASH:
		return STRATEGY_HASH;
	case MERGE_DEEP:
		return STRATEGY_DEEP;
	case MERGE_DEFAULT:
	case MERGE_FIRST:
		break;
	}
	return STRATEGY_FIRST;
}

enum hiera_result
hiera_ask(struct hiera *h, struct hiera_scope *scope, const char *key,
    struct hiera_request *request, struct value *v)
{
	bool forced = request->merge != MERGE_DEFAULT;
	struct lookup l = {
		.hiera = h,
		.scope = scope,
		.budget = EXPANSION_LIMIT,
		.methods = true,
		.ignore_merge = forced,
		.strategy = {
			.kind = strategy_of(forced ? request->merge :
			    request->fallback),
			.knockout = str_of(request->knockout_prefix),
			.sort = request->sort_merged_arrays,
			.merge_hash_arrays = request->merge_hash_arrays,
		},
	};

	*v = value_at(VALUE_NULL, ORIGIN_NONE);
	if (request->explain) {
		request->steps = ARENA_NEW(h->arena, struct hiera_step);
		l.step = request->steps;
	}
	return lookup_key(&l, str_of(key), NULL, ORIGIN_NONE, v);
}

enum hiera_result
hiera_lookup(struct hiera *h, struct hiera_scope *scope, const char *key,
    enum hiera_merge fallback, struct value *v)
{
	struct hiera_request request = {.fallback = fallback};

	return hiera_ask(h, scope, key, &request, v);
}

const struct hiera_file *
hiera_files(const struct hiera *h, size_t *n)
{
	*n = h->nfile;
	return h->file;
}

/* Every location of a scope in order of priority, a module's as well. */
struct walk {
	const struct hiera_scope *scope;
	const struct resolved *layer[LAYERS];
	uint32_t which, level, location;
};

static const struct resolved_level *
walk_next(struct walk *w, const struct data_file **file)
{
	for (; w->which < LAYERS; w->which++, w->level = 0) {
		const struct resolved *layer = w->layer[w->which];

		for (; layer && w->level < layer->n;
		    w->level++, w->location = 0) {
			const struct resolved_level *level =
			    &layer->level[w->level];

			if (w->location < level->n) {
				*file = level->location[w->location++].file;
				return level;
			}
		}
	}
	return NULL;
}

const uint32_t *
hiera_holders(struct hiera *h, struct hiera_scope *scope, const char *text)
{
	struct walk w = {.layer = {scope->layer[0], scope->layer[1]}};
	const struct data_file *file;
	uint32_t *holder;
	struct key key;
	size_t n = 0;

	if (!key_split(h->arena, str_of(text), &key) ||
	    key.segment[0].is_number)
		return ARENA_ARRAY(h->arena, uint32_t, 1);
	if (key.module.len)
		w.layer[LAYER_MODULE] = scope_module(scope,
		    key.module)->layer;
	while (walk_next(&w, &file))
		n += file->state == DATA_READ &&
		    value_find(&file->root, key_root(&key));
	holder = ARENA_ARRAY(h->arena, uint32_t, n + 1);
	w.which = w.level = w.location = 0;
	for (n = 0; walk_next(&w, &file);)
		if (file->state == DATA_READ &&
		    value_find(&file->root, key_root(&key)))
			holder[n++] = file->source;
	return holder;
}

const char *
hiera_level(const struct hiera *h, const struct hiera_scope *scope,
    uint32_t source)
{
	struct walk w = {.layer = {scope->layer[0], scope->layer[1]}};
	const struct resolved_level *level;
	const struct data_file *file;

	(void)h;
	while ((level = walk_next(&w, &file)))
		if (source && file->source == source)
			return level->level->name.s;
	return NULL;
}

const char *const *
hiera_datadirs(const struct hiera *h, size_t *n)
{
	*n = h->ndatadir;
	return h->datadir;
}
