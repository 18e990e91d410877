/*
 * hiera.yaml, version 5. Everything is checked before the first lookup, as
 * Puppet does, yet all mistakes are told at once, each at its place. What
 * Puppet can and mailc cannot do is a finding of its own.
 */
#include "hiera/inside.h"

#include "base/file.h"
#include "tree/yaml.h"

struct reader {
	struct hiera *hiera;
	struct config *config;
	struct value defaults;
	const char *default_function;	/* a key of functions[], or NULL */
	struct str default_name;
};

static const char *const functions[] = {
	"data_hash", "lookup_key", "data_dig", "hiera3_backend",
	"v4_data_hash", NULL,
};
static const char *const locations[] = {
	"path", "paths", "glob", "globs", "uri", "uris", "mapped_paths", NULL,
};

static bool
wrong(struct reader *r, const struct value *at, const char *what)
{
	diag_add(r->hiera->diag, FINDING_HIERA_CONFIG, value_origin(at),
	    "%s", what);
	r->config->broken = true;
	return false;
}

static bool
unsupported(struct reader *r, const struct value *at, const char *what)
{
	diag_add(r->hiera->diag, FINDING_HIERA_UNSUPPORTED, value_origin(at),
	    "%s", what);
	r->config->broken = true;
	return false;
}

static bool
is_text(const struct value *v)
{
	return v->kind == VALUE_STRING && v->len;
}

static const char *
say(struct reader *r, const char *before, const struct value *v,
    const char *after)
{
	struct buf b = BUF_INIT;
	const char *text;

	ruby_text(&b, v);
	text = arena_printf(r->hiera->arena, "%s%s%s", before, b.s, after);
	buf_release(&b);
	return text;
}

/* Report keys of a hash that are not among those known. */
static void
check_keys(struct reader *r, const struct value *hash,
    const char *const *known, size_t n)
{
	uint32_t i;
	size_t k;

	for (i = 0; i < hash->len; i++) {
		const struct value *key = &hash->u.hash->pair[i].key;
		const char *near;

		for (k = 0; k < n; k++)
			if (key->kind == VALUE_STRING &&
			    str_eq(value_str(key), str_of(known[k])))
				break;
		if (k < n)
			continue;
		near = key->kind == VALUE_STRING ?
		    str_nearest(value_str(key), known, n) : NULL;
		wrong(r, key, near ? arena_printf(r->hiera->arena,
		    "hiera.yaml knows no key '%s' here; is '%s' meant",
		    key->u.s, near) :
		    say(r, "hiera.yaml knows no key '", key, "' here"));
	}
}

/* The one key of a list that a hash has; NULL: none. *n counts them. */
static const struct pair *
one_of(const struct value *hash, const char *const *name, unsigned *n)
{
	const struct pair *found = NULL;

	for (*n = 0; *name; name++) {
		const struct pair *pair = value_find(hash, str_of(*name));

		if (pair && !(*n)++)
			found = pair;
	}
	return found;
}

static bool
check_option_name(const struct value *key)
{
	uint32_t i;

	if (key->kind != VALUE_STRING || !key->len)
		return false;
	for (i = 0; i < key->len; i++) {
		char c = (char)ascii_lower((unsigned char)key->u.s[i]);
		bool is_last = i + 1 == key->len;

		if ((c >= 'a' && c <= 'z') || (i && c >= '0' && c <= '9'))
			continue;
		/* Puppet's pattern lets a colon be the second character. */
		if (i && !is_last && (c == '_' || c == '-' ||
		    (c == ':' && i == 1)))
			continue;
		return false;
	}
	return true;
}

static void
check_options(struct reader *r, const struct value *options)
{
	uint32_t i;

	if (options->kind != VALUE_HASH) {
		wrong(r, options, "options must be a hash");
		return;
	}
	if (options->flags & VALUE_ODD || options->flags & VALUE_NUMBER_KEY)
		wrong(r, options, "an option holds what is no data");
	for (i = 0; i < options->len; i++) {
		const struct value *key = &options->u.hash->pair[i].key;

		if (!check_option_name(key))
			wrong(r, key, say(r, "'", key, "' cannot be the "
			    "name of an option: a letter, then letters, "
			    "digits, _ or -"));
		else if (!strcmp(key->u.s, "path") ||
		    !strcmp(key->u.s, "uri"))
			wrong(r, key, say(r, "the option '", key, "' is "
			    "reserved by Puppet"));
	}
}

static bool
set_backend(struct reader *r, const char *function, struct str name,
    const struct value *at, struct hierarchy_level *level)
{
	bool is_hash = !strcmp(function, "data_hash");

	if (is_hash && str_eq(name, STR("yaml_data")))
		level->backend = BACKEND_YAML;
	else if (is_hash && str_eq(name, STR("json_data")))
		level->backend = BACKEND_JSON;
	else if (!strcmp(function, "lookup_key") &&
	    str_eq(name, STR("eyaml_lookup_key")))
		level->backend = BACKEND_EYAML;
	else
		return unsupported(r, at, arena_printf(r->hiera->arena,
		    "mailc cannot ask the %s function '%.*s'; it has "
		    "yaml_data, json_data and eyaml_lookup_key", function,
		    STR_ARG(name)));
	return true;
}

static void
read_function(struct reader *r, const struct value *entry,
    struct hierarchy_level *level)
{
	unsigned n;
	const struct pair *pair = one_of(entry, functions, &n);

	if (n > 1) {
		wrong(r, entry, "only one of data_hash, lookup_key and "
		    "data_dig can be defined in a level");
	} else if (pair && !is_text(&pair->value)) {
		wrong(r, &pair->value, say(r, "", &pair->key, " wants the "
		    "name of a function"));
	} else if (pair) {
		set_backend(r, pair->key.u.s, value_str(&pair->value),
		    &pair->value, level);
	} else if (!r->default_function) {
		wrong(r, entry, "one of data_hash, lookup_key and data_dig "
		    "must be defined: a level has none, and defaults has "
		    "none");
	} else {
		set_backend(r, r->default_function, r->default_name, entry,
		    level);
	}
}

static bool
check_texts(struct reader *r, const struct pair *pair, uint32_t least,
    uint32_t most)
{
	const struct value *list = &pair->value;
	uint32_t i;

	if (list->kind != VALUE_LIST || list->len < least || list->len > most)
		return wrong(r, list, say(r, "", &pair->key, most == 3 ?
		    " wants a list of three: variable, name, template" :
		    " wants a list of at least one"));
	for (i = 0; i < list->len; i++)
		if (!is_text(&list->u.item[i]))
			return wrong(r, &list->u.item[i], say(r, "",
			    &pair->key, " wants strings that are not empty"));
	return true;
}

static void
read_location(struct reader *r, const struct value *entry,
    struct hierarchy_level *level)
{
	unsigned n;
	const struct pair *pair = one_of(entry, locations, &n);
	const char *name;

	if (n > 1)
		wrong(r, entry, "only one of path, paths, glob, globs, uri, "
		    "uris and mapped_paths can be defined in a level");
	if (n == 0)
		wrong(r, entry, "this level names no file, and every lookup "
		    "would fail; give it a path, paths, glob, globs or "
		    "mapped_paths");
	if (n != 1)
		return;
	name = pair->key.u.s;
	if (!strncmp(name, "uri", 3)) {
		unsupported(r, &pair->key, "no backend of mailc reads a URI");
		return;
	}
	level->kind = name[0] == 'm' ? LOCATION_MAPPED :
	    name[0] == 'g' ? LOCATION_GLOBS : LOCATION_PATHS;
	if (name[strlen(name) - 1] == 's') {
		bool mapped = level->kind == LOCATION_MAPPED;

		if (!check_texts(r, pair, mapped ? 3 : 1,
		    mapped ? 3 : UINT32_MAX))
			return;
		level->location = pair->value.u.item;
		level->nlocation = pair->value.len;
	} else if (!is_text(&pair->value)) {
		wrong(r, &pair->value, say(r, "", &pair->key, " wants a "
		    "string that is not empty"));
	} else {
		level->location = &pair->value;
		level->nlocation = 1;
	}
}

static const char *
read_datadir(struct reader *r, const struct value *in, const char *otherwise)
{
	const struct value *dir = value_get(in, STR("datadir"));

	if (!dir)
		return otherwise;
	if (is_text(dir))
		return dir->u.s;
	wrong(r, dir, "datadir wants a string that is not empty");
	return otherwise;
}

static void
read_level(struct reader *r, const struct value *entry, const char *datadir,
    struct hierarchy_level *level)
{
	static const char *const known[] = {
		"name", "path", "paths", "glob", "globs", "uri", "uris",
		"mapped_paths", "datadir", "options", "data_hash",
		"lookup_key", "data_dig", "hiera3_backend", "v4_data_hash",
	};
	const struct value *name, *options;

	level->at = value_origin(entry);
	if (entry->kind != VALUE_HASH) {
		wrong(r, entry, "a level of the hierarchy must be a hash");
		return;
	}
	check_keys(r, entry, known, sizeof(known) / sizeof(known[0]));
	name = value_get(entry, STR("name"));
	if (!name || !is_text(name))
		wrong(r, name ? name : entry, "a level wants a name, a string "
		    "that is not empty");
	else
		level->name = value_text(name);
	level->datadir = read_datadir(r, entry, datadir);
	read_function(r, entry, level);
	read_location(r, entry, level);
	options = value_get(entry, STR("options"));
	if (options)
		check_options(r, options);
	else
		options = value_get(&r->defaults, STR("options"));
	level->options = options ? *options :
	    value_at(VALUE_NULL, ORIGIN_NONE);
	if (level->backend != BACKEND_EYAML && options && options->len)
		wrong(r, options, "yaml_data and json_data take no options: "
		    "Puppet would fail as soon as the level has a file, and "
		    "find nothing before; write 'options: {}' in the level");
}

static void
check_name(struct reader *r, const struct hierarchy *all, uint32_t i)
{
	uint32_t k;
	size_t finding;

	for (k = 0; k < i && all->level[i].name.s; k++) {
		if (!all->level[k].name.s ||
		    !str_eq(text_str(all->level[k].name),
		        text_str(all->level[i].name)))
			continue;
		finding = diag_add(r->hiera->diag, FINDING_HIERA_CONFIG,
		    all->level[i].name.at, "two levels have the name '%s'",
		    all->level[i].name.s);
		diag_note(r->hiera->diag, finding, all->level[k].name.at,
		    "this is the other one");
		r->config->broken = true;
		return;
	}
}

static void
read_hierarchy(struct reader *r, const struct value *list,
    struct hierarchy *all)
{
	const char *datadir = read_datadir(r, &r->defaults, "data");
	uint32_t i;

	if (list->kind != VALUE_LIST) {
		wrong(r, list, "a hierarchy must be a list");
		return;
	}
	all->n = list->len;
	all->level = ARENA_ARRAY(r->hiera->arena, struct hierarchy_level,
	    all->n);
	for (i = 0; i < all->n; i++) {
		read_level(r, &list->u.item[i], datadir, &all->level[i]);
		check_name(r, all, i);
	}
}

static void
read_defaults(struct reader *r, const struct value *defaults)
{
	static const char *const known[] = {
		"data_hash", "lookup_key", "data_dig", "datadir", "options",
	};
	const struct value *options;
	const struct pair *pair;
	unsigned n;

	r->default_function = "data_hash";
	r->default_name = STR("yaml_data");
	/* Puppet's `||=`: null and false are no defaults. */
	if (!defaults || defaults->kind == VALUE_NULL ||
	    (defaults->kind == VALUE_BOOL && !defaults->u.b))
		return;
	if (defaults->kind != VALUE_HASH) {
		wrong(r, defaults, "defaults must be a hash");
		return;
	}
	r->defaults = *defaults;
	r->default_function = NULL;
	check_keys(r, defaults, known, sizeof(known) / sizeof(known[0]));
	pair = one_of(defaults, functions, &n);
	if (n > 1)
		wrong(r, defaults, "only one of data_hash, lookup_key and "
		    "data_dig can be defined in defaults");
	else if (pair && !is_text(&pair->value))
		wrong(r, &pair->value, "the name of a function must be a "
		    "string");
	else if (pair) {
		r->default_function = pair->key.u.s;
		r->default_name = value_str(&pair->value);
	}
	options = value_get(defaults, STR("options"));
	if (options)
		check_options(r, options);
}

/* Version 5, the integer; everything else is told apart for the message. */
static bool
check_version(struct reader *r, const struct value *root)
{
	const struct value *version = value_get(root, STR("version"));

	if (!version || version->kind == VALUE_NULL)
		return unsupported(r, root, "without 'version: 5' Puppet "
		    "takes this for Hiera 3 and ignores it, and mailc reads "
		    "version 5 only; write the version");
	if (version->kind == VALUE_INT && version->u.i == 5)
		return true;
	if (version->kind == VALUE_INT &&
	    (version->u.i == 3 || version->u.i == 4))
		return unsupported(r, version, "mailc reads version 5 only; "
		    "convert the hierarchy");
	return wrong(r, version, "the version must be the integer 5");
}

static void
default_levels(struct reader *r)
{
	struct value path = value_string(r->hiera->arena, STR("common.yaml"),
	    ORIGIN_NONE);
	struct hierarchy_level *level = ARENA_NEW(r->hiera->arena,
	    struct hierarchy_level);

	level->name = (struct text){"Common", 6, ORIGIN_NONE};
	level->kind = LOCATION_PATHS;
	level->location = value_list(r->hiera->arena, &path, 1,
	    ORIGIN_NONE).u.item;
	level->nlocation = 1;
	level->datadir = read_datadir(r, &r->defaults, "data");
	level->options = value_at(VALUE_NULL, ORIGIN_NONE);
	if (!r->default_function)
		wrong(r, &r->defaults, "defaults names no function, and the "
		    "built-in level has none either; write data_hash: "
		    "yaml_data");
	else
		set_backend(r, r->default_function, r->default_name,
		    &r->defaults, level);
	r->config->hierarchy = (struct hierarchy){level, 1};
}

static void
read_root(struct reader *r, const struct value *root)
{
	static const char *const known[] = {
		"version", "defaults", "hierarchy", "default_hierarchy",
		"plan_hierarchy",
	};
	const struct value *list;
	const struct pair *fallback;

	if (!check_version(r, root))
		return;
	check_keys(r, root, known, sizeof(known) / sizeof(known[0]));
	read_defaults(r, value_get(root, STR("defaults")));
	list = value_get(root, STR("hierarchy"));
	if (list && list->kind != VALUE_NULL &&
	    !(list->kind == VALUE_BOOL && !list->u.b))
		read_hierarchy(r, list, &r->config->hierarchy);
	else
		default_levels(r);
	fallback = value_find(root, STR("default_hierarchy"));
	if (!fallback)
		return;
	r->config->has_default = true;
	if (r->config->layer != LAYER_MODULE)
		wrong(r, &fallback->key, "only the hiera.yaml of a module can "
		    "have a default_hierarchy");
	else
		read_hierarchy(r, &fallback->value,
		    &r->config->default_hierarchy);
}

struct config *
config_read(struct hiera *h, enum layer layer, const char *module,
    const char *root, const char *shown, const char *name)
{
	struct config *config = ARENA_NEW(h->arena, struct config);
	struct reader r = {.hiera = h, .config = config,
	    .defaults = value_at(VALUE_NULL, ORIGIN_NONE)};
	struct value v;
	enum tree_result result;

	config->layer = layer;
	config->module = module;
	config->root = root;
	config->shown = shown;
	result = yaml_read(h->arena, h->diag, file_join(h->arena, shown, name),
	    file_join(h->arena, root, name), YAML_HIERA, &v);
	config->source = v.source;
	if (result == TREE_MISSING) {
		if (layer != LAYER_GLOBAL)
			return NULL;
		config->builtin = true;
		read_defaults(&r, NULL);
		default_levels(&r);
	} else if (result == TREE_BROKEN) {
		config->broken = true;
	} else if (v.kind != VALUE_HASH) {
		unsupported(&r, &v, "hiera.yaml holds no hash; Puppet falls "
		    "back to Hiera 3, and mailc reads version 5 only");
	} else {
		read_root(&r, &v);
	}
	return config;
}
