/*
 * Modules: the first directory of the modulepath that has one wins for the
 * whole module, and its data is asked only for its own keys.
 */
#include "hiera/inside.h"

#include "base/file.h"

#include <sys/stat.h>

static bool
is_module_name(struct str name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		char c = name.s[i];

		if (!(c >= 'a' && c <= 'z') && !(i && (c == '_' ||
		    (c >= '0' && c <= '9'))))
			return false;
	}
	return name.len > 0;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static struct config *
find_module(struct hiera *h, const char *name)
{
	const char *const *dir;

	for (dir = h->modulepath; dir && *dir; dir++) {
		const char *shown = file_join(h->arena, *dir, name);
		const char *root = file_join(h->arena,
		    h->options.environment, shown);

		if (is_directory(root))
			return config_read(h, LAYER_MODULE, name, root,
			    shown, "hiera.yaml");
	}
	return NULL;
}

struct config *
hiera_module(struct hiera *h, struct str name)
{
	struct config **known;

	if (!is_module_name(name))
		return NULL;
	known = map_get(&h->modules, name);
	if (!known) {
		name.s = arena_strndup(h->arena, name.s, name.len);
		known = ARENA_NEW(h->arena, struct config *);
		*known = find_module(h, name.s);
		map_add(&h->modules, name, known);
	}
	return *known;
}

/* Puppet asks every root key how it begins, and only a string can tell. */
static bool
check_keys(struct hiera *h, const struct resolved *layer)
{
	uint32_t i, k, p;

	for (i = 0; i < layer->n; i++)
		for (k = 0; k < layer->level[i].n; k++) {
			const struct data_file *file =
			    layer->level[i].location[k].file;

			for (p = 0; file->state == DATA_READ &&
			    p < file->root.len; p++) {
				const struct value *key =
				    &file->root.u.hash->pair[p].key;

				if (key->kind == VALUE_STRING ||
				    layer->level[i].level->backend ==
				        BACKEND_EYAML)
					continue;
				diag_add(h->diag, FINDING_HIERA_VALUE,
				    value_origin(key), "Puppet fails on every "
				    "lookup in this module: a key of its data "
				    "is no string; quote it");
				return false;
			}
		}
	return true;
}

static void
read_module(struct hiera_scope *scope, struct module_scope *module,
    const struct config *config)
{
	struct lookup l = {.hiera = scope->hiera, .scope = scope};
	struct value own, all;

	module->options = scope->options;
	if (!config || scope->broken)
		return;
	module->layer = config_resolve(scope, config);
	module->broken = module->layer->broken ||
	    !check_keys(scope->hiera, module->layer) ||
	    !layer_options(&l, module->layer, false, &own) ||
	    !options_check_module(scope->hiera, &own, config->module) ||
	    !options_merge(&l, &scope->all_options, &own, &all);
	if (module->broken)
		return;
	module->options = options_compile(scope->hiera, &all);
	module->broken = !module->options;
}

struct module_scope *
scope_module(struct hiera_scope *scope, struct str name)
{
	struct module_scope *module = map_get(&scope->modules, name);

	if (module)
		return module;
	module = ARENA_NEW(scope->hiera->arena, struct module_scope);
	name.s = arena_strndup(scope->hiera->arena, name.s, name.len);
	map_add(&scope->modules, name, module);
	read_module(scope, module, hiera_module(scope->hiera, name));
	return module;
}

void
scope_read_options(struct hiera_scope *scope)
{
	struct lookup l = {.hiera = scope->hiera, .scope = scope};
	struct value global, environment;

	if (!layer_options(&l, scope->layer[LAYER_GLOBAL], false, &global) ||
	    !layer_options(&l, scope->layer[LAYER_ENVIRONMENT], false,
	        &environment) ||
	    !options_merge(&l, &global, &environment, &scope->all_options)) {
		scope->broken = true;
		return;
	}
	scope->options = options_compile(scope->hiera, &scope->all_options);
	scope->broken = !scope->options;
}
