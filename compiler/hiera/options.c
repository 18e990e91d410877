/*
 * lookup_options: what is said of a key by its name or by the first pattern
 * that matches. Mistakes in an entry are mistakes of the keys that it is
 * for, and are told when one of them is looked up, as Puppet does.
 */
#include "hiera/inside.h"

struct pattern {
	const struct regex *regex;
	const struct value *entry;
};

struct options {
	struct value all;		/* a hash */
	struct pattern *pattern;	/* in the order of the merged hash */
	uint32_t n;
};

static bool
wrong(struct hiera *h, const struct value *at, const char *what)
{
	diag_add(h->diag, FINDING_HIERA_LOOKUP_OPTIONS, value_origin(at),
	    "%s", what);
	return false;
}

bool
options_check_module(struct hiera *h, const struct value *all,
    const char *module)
{
	struct str prefix = str_of(arena_printf(h->arena, "%s::", module));
	uint32_t i;

	for (i = 0; all->kind == VALUE_HASH && i < all->len; i++) {
		const struct value *key = &all->u.hash->pair[i].key;
		struct str name = value_str(key);

		if (key->kind == VALUE_STRING && str_starts(name, STR("^")))
			name = (struct str){name.s + 1, name.len - 1};
		if (key->kind != VALUE_STRING || !str_starts(name, prefix))
			return wrong(h, key, arena_printf(h->arena,
			    "lookup_options of a module are for its own "
			    "keys, which begin with %s", prefix.s));
	}
	return true;
}

const struct options *
options_compile(struct hiera *h, const struct value *all)
{
	struct options *options;
	uint32_t i;

	if (h->last_options && all->kind == VALUE_HASH &&
	    h->last_options->all.u.hash == all->u.hash)
		return h->last_options;
	options = ARENA_NEW(h->arena, struct options);
	options->all = *all;
	if (all->kind == VALUE_NULL)
		return options;
	if (all->kind != VALUE_HASH) {
		wrong(h, all, "lookup_options must be a hash");
		return NULL;
	}
	options->pattern = ARENA_ARRAY(h->arena, struct pattern, all->len);
	for (i = 0; i < all->len; i++) {
		const struct pair *pair = &all->u.hash->pair[i];

		if (pair->key.kind != VALUE_STRING) {
			wrong(h, &pair->key, "a key of lookup_options must "
			    "be a string");
			return NULL;
		}
		if (!str_starts(value_str(&pair->key), STR("^")))
			continue;
		options->pattern[options->n].regex = regex_compile(h,
		    value_str(&pair->key), value_origin(&pair->key));
		if (!options->pattern[options->n].regex)
			return NULL;
		options->pattern[options->n++].entry = &pair->value;
	}
	h->last_options = options;
	return options;
}

static const struct value *
find_entry(const struct options *options, struct str root)
{
	const struct value *entry;
	size_t start, end;
	uint32_t i;

	if (options->all.kind != VALUE_HASH)
		return NULL;
	entry = str_starts(root, STR("^")) ? NULL :
	    value_get(&options->all, root);
	if (entry && entry->kind != VALUE_NULL)
		return entry;
	for (i = 0; i < options->n; i++)
		if (regex_match(options->pattern[i].regex, root, 0, &start,
		    &end))
			return options->pattern[i].entry;
	return NULL;
}

static bool
is_false(const struct value *v)
{
	return v->kind == VALUE_NULL || (v->kind == VALUE_BOOL && !v->u.b);
}

static bool
read_flag(struct hiera *h, const struct value *v, bool *flag)
{
	if (v->kind != VALUE_BOOL && v->kind != VALUE_NULL)
		return wrong(h, v, "this option of a deep merge is a "
		    "boolean: write true or false");
	*flag = v->kind == VALUE_BOOL && v->u.b;
	return true;
}

static bool
read_option(struct hiera *h, const struct pair *pair, struct strategy *s)
{
	struct str name = value_str(&pair->key);
	bool ignored;

	if (pair->key.kind != VALUE_STRING)
		return wrong(h, &pair->key, "an option of a merge must be a "
		    "string");
	if (str_eq(name, STR("strategy")))
		return true;
	if (s->kind != STRATEGY_DEEP && s->kind != STRATEGY_REVERSE_DEEP)
		return wrong(h, &pair->key, "only a deep merge takes "
		    "options");
	if (str_eq(name, STR("sort_merged_arrays")))
		return read_flag(h, &pair->value, &s->sort);
	if (str_eq(name, STR("merge_hash_arrays")))
		return read_flag(h, &pair->value, &s->merge_hash_arrays);
	if (str_eq(name, STR("merge_debug")))
		return read_flag(h, &pair->value, &ignored);
	if (!str_eq(name, STR("knockout_prefix")))
		return wrong(h, &pair->key, "a deep merge has the options "
		    "knockout_prefix, sort_merged_arrays and "
		    "merge_hash_arrays");
	if (pair->value.kind == VALUE_NULL)
		return true;
	if (pair->value.kind != VALUE_STRING)
		return wrong(h, &pair->value, "knockout_prefix must be a "
		    "string");
	s->knockout = value_str(&pair->value);
	return true;
}

static bool
read_merge(struct hiera *h, const struct value *merge,
    struct key_options *found)
{
	const struct value *name = merge;
	uint32_t i;

	if (is_false(merge))
		return true;
	found->has_merge = true;
	found->merge = (struct strategy){.at = value_origin(merge)};
	if (merge->kind == VALUE_HASH)
		name = value_get(merge, STR("strategy"));
	if (!name || name->kind != VALUE_STRING ||
	    !strategy_named(value_str(name), &found->merge))
		return wrong(h, merge, "the merge strategy must be first, "
		    "unique, hash or deep, as a string or in a hash with the "
		    "key 'strategy'");
	for (i = 0; merge->kind == VALUE_HASH && i < merge->len; i++)
		if (!read_option(h, &merge->u.hash->pair[i], &found->merge))
			return false;
	return true;
}

/* On a string Puppet looks for the words inside it. */
static bool
check_string_entry(struct lookup *l, const struct value *entry)
{
	if ((l->ignore_merge || !strstr(entry->u.s, "merge")) &&
	    !strstr(entry->u.s, "convert_to"))
		return true;
	return wrong(l->hiera, entry, "what is set for a key must be a hash; "
	    "write {merge: ...}");
}

bool
options_for(struct lookup *l, const struct options *options,
    const struct key *key, struct key_options *found)
{
	const struct value *entry = find_entry(options, key_root(key));
	const struct value *value;

	*found = (struct key_options){0};
	if (!entry || is_false(entry))
		return true;
	if (entry->kind == VALUE_STRING)
		return check_string_entry(l, entry);
	if (entry->kind != VALUE_HASH)
		return wrong(l->hiera, entry, "what is set for a key must be "
		    "a hash");
	value = value_get(entry, STR("convert_to"));
	if (value && value->kind != VALUE_NULL)
		found->convert_to = value;
	value = value_get(entry, STR("merge"));
	return !value || l->ignore_merge ||
	    read_merge(l->hiera, value, found);
}
