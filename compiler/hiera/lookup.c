/*
 * The algorithm: layers, in each its levels, in each its locations, folded
 * by one strategy from the inside out; then digging, then conversion. The
 * files are in memory and the options compiled before the first question.
 */
#include "hiera/inside.h"

#include "base/die.h"

struct hiera_step *
step_open(struct lookup *l, enum hiera_step_kind kind, const char *text)
{
	struct hiera_step *outer = l->step, *step;

	if (!outer)
		return NULL;
	step = ARENA_NEW(l->hiera->arena, struct hiera_step);
	step->kind = kind;
	step->text = text;
	if (outer->last)
		outer->last->next = step;
	else
		outer->child = step;
	outer->last = step;
	l->step = step;
	return outer;
}

void
step_close(struct lookup *l, struct hiera_step *outer,
    enum hiera_step_result result, const struct value *v)
{
	if (!outer)
		return;
	l->step->result = result;
	if (result == STEP_FOUND)
		l->step->value = *v;
	l->step = outer;
}

enum hiera_step_result
step_result(enum hiera_result result)
{
	switch (result) {
	case HIERA_FOUND:
		return STEP_FOUND;
	case HIERA_NOT_FOUND:
		return STEP_NO_KEY;
	case HIERA_ERROR:
		return STEP_FAILED;
	}
	BUG("unknown result");
}

static const char *
strategy_name(const struct strategy *s)
{
	switch (s->kind) {
	case STRATEGY_FIRST:
		return "first";
	case STRATEGY_UNIQUE:
		return "unique";
	case STRATEGY_HASH:
		return "hash";
	case STRATEGY_DEEP:
		return "deep";
	case STRATEGY_REVERSE_DEEP:
		return "reverse_deep";
	}
	BUG("unknown strategy");
}

/* A merge is a step of its own where there is something to merge. */
static struct hiera_step *
open_merge(struct lookup *l, const struct fold *f)
{
	if (f->strategy->kind == STRATEGY_FIRST || f->variants < 2)
		return NULL;
	return step_open(l, STEP_MERGE, strategy_name(f->strategy));
}

static bool
check_value(struct lookup *l, const struct key *key, const struct value *v)
{
	if (!(v->flags & VALUE_ODD))
		return true;
	diag_add(l->hiera->diag, FINDING_HIERA_VALUE, value_origin(v),
	    "Puppet refuses the value of '%.*s': it holds a symbol, or a key "
	    "that is neither a string nor a number; quote it",
	    STR_ARG(key_root(key)));
	return false;
}

static enum hiera_result
location_value(struct lookup *l, const struct resolved_level *level,
    const struct location *location, const struct key *key,
    const struct chain *chain, struct value *v)
{
	const struct value *found;

	if (location->file->state == DATA_BROKEN)
		return HIERA_ERROR;
	found = value_get(&location->file->root, key_root(key));
	if (!found)
		return HIERA_NOT_FOUND;
	*v = *found;
	if (level->level->backend == BACKEND_EYAML &&
	    !eyaml_decrypt(l, v))
		return HIERA_ERROR;
	if (!check_value(l, key, v) || !interpolate(l, chain, v))
		return HIERA_ERROR;
	return HIERA_FOUND;
}

static enum hiera_result
location_lookup(struct lookup *l, const struct resolved_level *level,
    const struct location *location, const struct key *key,
    const struct chain *chain, struct value *v)
{
	struct hiera_step *outer = step_open(l, STEP_LOCATION,
	    location->shown);
	enum hiera_result result;

	if (location->file->state == DATA_MISSING) {
		step_close(l, outer, STEP_NO_FILE, NULL);
		return HIERA_NOT_FOUND;
	}
	result = location_value(l, level, location, key, chain, v);
	step_close(l, outer, step_result(result), v);
	return result;
}

static enum hiera_result
level_lookup(struct lookup *l, const struct resolved_level *level,
    const struct key *key, const struct strategy *strategy,
    const struct chain *chain, struct value *v)
{
	struct hiera_step *outer = step_open(l, STEP_LEVEL,
	    level->level->name.s), *merge;
	enum hiera_result result;
	struct fold fold;
	uint32_t i;

	fold_init(&fold, l, strategy, level->n);
	merge = open_merge(l, &fold);
	for (i = 0; i < level->n && !fold_done(&fold); i++) {
		result = location_lookup(l, level, &level->location[i], key,
		    chain, v);
		if (result == HIERA_ERROR)
			fold.failed = true;
		else if (result == HIERA_FOUND)
			fold_add(&fold, v);
	}
	result = fold_end(&fold, v);
	step_close(l, merge, step_result(result), v);
	step_close(l, outer, step_result(result), v);
	return result;
}

enum hiera_result
layer_lookup(struct lookup *l, const struct resolved *layer, bool fallback,
    const struct key *key, const struct strategy *strategy,
    const struct chain *chain, struct value *v)
{
	const struct resolved_level *level = fallback ? layer->fallback :
	    layer->level;
	uint32_t n = fallback ? layer->nfallback : layer->n, i;
	struct hiera_step *merge;
	enum hiera_result result;
	struct fold fold;

	if (fallback ? layer->fallback_broken : layer->broken)
		return HIERA_ERROR;
	fold_init(&fold, l, strategy, n);
	merge = open_merge(l, &fold);
	for (i = 0; i < n && !fold_done(&fold); i++) {
		result = level_lookup(l, &level[i], key, strategy, chain, v);
		if (result == HIERA_ERROR)
			fold.failed = true;
		else if (result == HIERA_FOUND)
			fold_add(&fold, v);
	}
	result = fold_end(&fold, v);
	step_close(l, merge, step_result(result), v);
	return result;
}

static const struct resolved *
layer_of(struct lookup *l, const struct key *key, enum layer which,
    struct module_scope *module)
{
	if (which != LAYER_MODULE)
		return l->scope->layer[which];
	return key->module.len && module ? module->layer : NULL;
}

static enum hiera_result
one_layer(struct lookup *l, const struct key *key, enum layer which,
    struct module_scope *module, const struct strategy *strategy,
    const struct chain *chain, struct value *v)
{
	static const char *const name[] = {"global", "environment", "module"};
	const struct resolved *layer = layer_of(l, key, which, module);
	struct hiera_step *outer;
	enum hiera_result result;

	if (!layer)
		return HIERA_NOT_FOUND;
	outer = step_open(l, STEP_LAYER, name[which]);
	result = layer_lookup(l, layer, false, key, strategy, chain, v);
	step_close(l, outer, step_result(result), v);
	return result;
}

/* All layers; the root value, not yet dug into. */
static enum hiera_result
all_layers(struct lookup *l, const struct key *key,
    struct module_scope *module, const struct strategy *strategy,
    const struct chain *up, struct origin at, struct value *v)
{
	struct chain chain = {key->text, false, up ? up->depth + 1 : 0, up};
	struct hiera_step *merge;
	enum hiera_result result;
	struct fold fold;
	int i;

	if (chain_has(l, up, key->text, false, at))
		return HIERA_ERROR;
	fold_init(&fold, l, strategy, LAYERS);
	merge = open_merge(l, &fold);
	for (i = 0; i < LAYERS && !fold_done(&fold); i++) {
		result = one_layer(l, key, (enum layer)i, module, strategy,
		    &chain, v);
		if (result == HIERA_ERROR)
			fold.failed = true;
		else if (result == HIERA_FOUND)
			fold_add(&fold, v);
	}
	result = fold_end(&fold, v);
	step_close(l, merge, step_result(result), v);
	return result;
}

static enum hiera_result
dig(struct lookup *l, const struct key *key, struct origin at,
    struct value *v)
{
	struct hiera_step *outer;
	enum hiera_result result;

	if (key->n == 1)
		return HIERA_FOUND;
	outer = step_open(l, STEP_DIG, key->text.s);
	result = key_dig(l, key, at, v);
	step_close(l, outer, step_result(result), v);
	return result;
}

/* A module's default_hierarchy: asked when nobody else knows the key. */
static enum hiera_result
default_lookup(struct lookup *l, const struct key *key,
    const struct module_scope *module, const struct chain *up,
    struct origin at, struct value *v)
{
	struct chain chain = {key->text, false, up ? up->depth + 1 : 0, up};
	const struct options *options;
	struct key_options found;
	enum hiera_result result;
	struct hiera_step *outer;
	struct value all;
	bool ignored = l->ignore_merge;

	if (!module || !module->layer || !module->layer->config->has_default)
		return HIERA_NOT_FOUND;
	if (module->layer->fallback_broken ||
	    !layer_options(l, module->layer, true, &all) ||
	    !options_check_module(l->hiera, &all,
	        module->layer->config->module))
		return HIERA_ERROR;
	options = options_compile(l->hiera, &all);
	l->ignore_merge = false;
	if (!options || !options_for(l, options, key, &found))
		return HIERA_ERROR;
	l->ignore_merge = ignored;
	outer = step_open(l, STEP_DEFAULT, module->layer->config->module);
	result = layer_lookup(l, module->layer, true, key, &found.merge,
	    &chain, v);
	step_close(l, outer, step_result(result), v);
	return result == HIERA_FOUND ? dig(l, key, at, v) : result;
}

static enum hiera_result
convert(struct lookup *l, const struct key *key,
    const struct value *convert_to, struct value *v)
{
	struct hiera_step *outer;
	bool ok;

	if (!convert_to)
		return HIERA_FOUND;
	outer = step_open(l, STEP_CONVERT, "convert_to");
	ok = convert_value(l, key->text, convert_to, v);
	step_close(l, outer, ok ? STEP_FOUND : STEP_FAILED, v);
	return ok ? HIERA_FOUND : HIERA_ERROR;
}

static const struct key *
parse_key(struct lookup *l, struct str text, struct origin at)
{
	struct hiera *h = l->hiera;
	struct key *key = map_get(&h->keys, text);

	if (!key) {
		key = ARENA_NEW(h->arena, struct key);
		text.s = arena_strndup(h->arena, text.s, text.len);
		if (!key_split(h->arena, text, key))
			key->n = 0;
		map_add(&h->keys, text, key);
	}
	if (key->n && !key->segment[0].is_number)
		return key;
	diag_add(h->diag, FINDING_HIERA_KEY, at, "the key '%.*s' %s",
	    STR_ARG(text), key->n ? "begins with a number, and Puppet fails "
	    "on it" : "cannot be parsed: segments between dots, each bare or "
	    "wholly quoted");
	return NULL;
}

static bool
is_reserved(struct str key)
{
	return str_eq(key, STR("lookup_options")) ||
	    str_starts(key, STR("lookup_options."));
}

static enum hiera_result
look_up(struct lookup *l, const struct key *key,
    const struct strategy *strategy, const struct chain *up,
    struct origin at, struct value *v)
{
	struct module_scope *module = key->module.len ?
	    scope_module(l->scope, key->module) : NULL;
	const struct options *options = module ? module->options :
	    l->scope->options;
	struct key_options found = {0};
	enum hiera_result result;

	if (l->scope->broken || (module && module->broken) || !options)
		return HIERA_ERROR;
	if (!options_for(l, options, key, &found))
		return HIERA_ERROR;
	if (found.has_merge && l->step) {
		struct hiera_step *outer = step_open(l, STEP_OPTIONS,
		    strategy_name(&found.merge));

		step_close(l, outer, STEP_NO_KEY, NULL);
	}
	if (found.has_merge)
		strategy = &found.merge;
	result = all_layers(l, key, module, strategy, up, at, v);
	if (result == HIERA_FOUND)
		result = dig(l, key, at, v);
	if (result == HIERA_NOT_FOUND)
		result = default_lookup(l, key, module, up, at, v);
	if (result == HIERA_FOUND)
		result = convert(l, key, found.convert_to, v);
	return result;
}

enum hiera_result
lookup_key(struct lookup *l, struct str text, const struct chain *up,
    struct origin at, struct value *v)
{
	static const struct strategy first = {.kind = STRATEGY_FIRST};
	const struct strategy *strategy = up ? &first : &l->strategy;
	bool ignored = l->ignore_merge;
	const struct key *key;
	struct hiera_step *outer;
	enum hiera_result result;

	if (is_reserved(text))
		return HIERA_NOT_FOUND;
	key = parse_key(l, text, at);
	if (!key)
		return HIERA_ERROR;
	outer = step_open(l, STEP_LOOKUP, key->text.s);
	l->ignore_merge = !up && ignored;
	result = look_up(l, key, strategy, up, at, v);
	l->ignore_merge = ignored;
	step_close(l, outer, step_result(result), v);
	return result;
}

bool
layer_options(struct lookup *l, const struct resolved *layer, bool fallback,
    struct value *v)
{
	static const struct strategy hash = {.kind = STRATEGY_HASH};
	struct lookup inner = *l;
	struct key key;

	*v = value_at(VALUE_NULL, ORIGIN_NONE);
	if (!layer)
		return true;
	key_split(l->hiera->arena, STR("lookup_options"), &key);
	inner.in_options = true;
	inner.methods = true;
	inner.step = NULL;
	inner.budget = EXPANSION_LIMIT;
	switch (layer_lookup(&inner, layer, fallback, &key, &hash, NULL, v)) {
	case HIERA_NOT_FOUND:
		*v = value_at(VALUE_NULL, ORIGIN_NONE);
		return true;
	case HIERA_FOUND:
		if (v->kind == VALUE_HASH || v->kind == VALUE_NULL)
			return true;
		diag_add(l->hiera->diag, FINDING_HIERA_LOOKUP_OPTIONS,
		    value_origin(v), "lookup_options must be a hash, and "
		    "this is %s", value_kind_name(v));
		return false;
	case HIERA_ERROR:
		break;
	}
	return false;
}

bool
options_merge(struct lookup *l, const struct value *over,
    const struct value *under, struct value *v)
{
	static const struct strategy hash = {.kind = STRATEGY_HASH};
	struct fold fold;

	if (over->kind == VALUE_NULL || under->kind == VALUE_NULL) {
		*v = over->kind == VALUE_NULL ? *under : *over;
		return true;
	}
	fold_init(&fold, l, &hash, 2);
	return fold_add(&fold, over) && fold_add(&fold, under) &&
	    fold_end(&fold, v) == HIERA_FOUND;
}
