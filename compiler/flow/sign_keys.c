/*
 * Which keys sign for a domain: those of its entry in "domain", else what the
 * maps have, else the path and selector for everybody.
 */
#include "flow/sign_inside.h"

#include "base/buf.h"

/* A key that is to sign, while it is put together. */
struct choice {
	const struct value *selector, *path, *at;
	struct str map_selector, map_path;
	bool is_named;
};

static size_t
choose_keys(const struct signing *d, struct choice **choice)
{
	const struct value *domains = sign_option(d, "domain");
	const struct value *entry = domains ? value_get(domains, d->domain) :
	    NULL;
	const struct value *selector, *path, *list;
	size_t n = 0;
	uint32_t i;

	*choice = NULL;
	if (!entry || entry->kind != VALUE_HASH)
		return 0;
	selector = value_get(entry, STR("selector"));
	path = value_get(entry, STR("path"));
	list = value_get(entry, STR("selectors"));
	*choice = ARENA_ARRAY(d->arena, struct choice, 1 +
	    (list && list->kind == VALUE_LIST ? list->len : 0));
	if (is_true(selector) || is_true(path))
		(*choice)[n++] = (struct choice){
			.selector = selector, .path = path,
			.at = path ? path : selector, .is_named = true,
		};
	if (!list || list->kind != VALUE_LIST)
		return n;
	for (i = 0; i < list->len; i++) {
		const struct value *item = &list->u.item[i];

		path = value_get(item, STR("path"));
		(*choice)[n++] = (struct choice){
			.selector = value_get(item, STR("selector")),
			.path = path, .at = path ? path : item,
			.is_named = true,
		};
	}
	return n;
}

/* "$domain" and "$selector" in the path of a key. */
static struct str
fill_in(struct signing *d, struct str path, struct str selector)
{
	const struct {
		struct str name, value;
	} variable[] = {
		{STR("${domain}"), d->domain}, {STR("$domain"), d->domain},
		{STR("${selector}"), selector}, {STR("$selector"), selector},
	};
	struct buf b = BUF_INIT;
	struct str out;
	size_t i, v;

	for (i = 0; i < path.len;) {
		struct str rest = {path.s + i, path.len - i};

		for (v = 0; v < 4 && !str_starts(rest, variable[v].name); v++)
			;
		if (v < 4) {
			buf_add(&b, variable[v].value.s,
			    variable[v].value.len);
			i += variable[v].name.len;
		} else {
			buf_addch(&b, path.s[i++]);
		}
	}
	out = (struct str){arena_strndup(d->arena, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

/* Whether the key of a path is there. */
static enum maybe
key_is_there(const struct signing *d, struct str path, bool is_named)
{
	const struct sign_host *host = &d->s->host;
	bool there;

	if (host->key && host->key(host->world->self, path, &there))
		return there ? YES : NO;
	return is_named ? YES : MAYBE;
}

static bool
as_string(struct signing *d, const struct value *v, const char *what,
    struct str *s)
{
	if (v && v->kind == VALUE_STRING) {
		*s = value_str(v);
		return true;
	}
	if (v && v->kind == VALUE_INT) {
		*s = str_of(arena_printf(d->arena, "%lld",
		    (long long)v->u.i));
		return true;
	}
	return sign_unknown(d, v, arena_printf(d->arena, "a %s is no string",
	    what));
}

/* Put one signature together; *made: it comes about. */
static bool
sign_with(struct signing *d, const struct choice *choice,
    struct signature *signature, bool *made)
{
	static const char made_up[] =
	    "/var/lib/rspamd/dkim/$domain.$selector.key";
	const struct value *path = is_true(choice->path) ? choice->path :
	    sign_option(d, "path");
	const struct value *selector = is_true(choice->selector) ?
	    choice->selector : sign_option(d, "selector");
	struct str text = {made_up, sizeof(made_up) - 1};
	bool is_named = choice->is_named;

	signature->domain = d->domain;
	signature->selector = choice->map_selector;
	if (!signature->selector.s && !as_string(d, selector, "selector",
	    &signature->selector))
		return false;
	if (choice->map_path.s)
		text = choice->map_path;
	else if (path && !as_string(d, path, "path", &text))
		return false;
	/* One key for every domain is named just as well. */
	is_named |= !memmem(text.s, text.len, "$domain", 7) &&
	    !memmem(text.s, text.len, "${domain}", 9);
	signature->key = fill_in(d, text, signature->selector);
	signature->place = sign_place_of(d->s, choice->at ? choice->at :
	    path);
	switch (key_is_there(d, signature->key, is_named)) {
	case YES:
		*made = true;
		break;
	case NO:
		*made = false;
		sign_no(d, choice->at, arena_printf(d->arena,
		    "there is no key %s", signature->key.s));
		break;
	case MAYBE:
		return sign_unknown(d, sign_option(d, "try_fallback"),
		    arena_printf(d->arena, "try_fallback: whether there is a "
		    "key %s is not known here", signature->key.s));
	}
	return true;
}

/* What a map of "key value" lines has for the domain. */
static bool
ask_map(struct signing *d, const char *name, struct str *value)
{
	const struct value *v = sign_option(d, name);
	struct table_source source;
	struct str rest, line, key, has;

	*value = (struct str){0};
	if (!is_true(v))
		return true;
	if (v->kind != VALUE_STRING || *v->u.s != '/' ||
	    !d->s->host.world->file(d->s->host.world->self, value_str(v),
	    &source))
		return sign_unknown(d, v, arena_printf(d->arena,
		    "what the map of %s has is not known here", name));
	rest = source.text;
	while (sign_next_line(&rest, &line)) {
		sign_split_line(line, &key, &has);
		if (str_eq(key, d->domain))
			*value = has;
	}
	return true;
}

/* A map's answer goes to each key that has none of its own. */
static bool
ask_maps(struct signing *d, struct choice **choice, size_t *n)
{
	struct str selector, path;
	size_t i;

	if (!ask_map(d, "selector_map", &selector) ||
	    !ask_map(d, "path_map", &path))
		return false;
	if (!*n && (selector.s || path.s)) {
		*choice = ARENA_NEW(d->arena, struct choice);
		(*choice)->at = sign_option(d, path.s ? "path_map" :
		    "selector_map");
		(*choice)->is_named = true;
		*n = 1;
	}
	for (i = 0; i < *n; i++) {
		if (!is_true((*choice)[i].selector))
			(*choice)[i].map_selector = selector;
		if (!is_true((*choice)[i].path))
			(*choice)[i].map_path = path;
	}
	return true;
}

bool
sign_find_keys(struct signing *d)
{
	struct choice fallback = {0}, *choice;
	size_t n = choose_keys(d, &choice), i, signatures = 0;
	struct signature *signature;
	bool made = false;

	if (!ask_maps(d, &choice, &n))
		return false;
	if (!n && !sign_is_on(d, "try_fallback"))
		return sign_no(d, sign_option(d, "domain"),
		    arena_printf(d->arena, "no key for domain %.*s",
		    STR_ARG(d->domain)));
	if (!n) {
		choice = &fallback;
		n = 1;
	}
	signature = ARENA_ARRAY(d->arena, struct signature, n);
	for (i = 0; i < n; i++) {
		if (!sign_with(d, &choice[i], &signature[signatures], &made))
			return false;
		signatures += made;
	}
	if (!signatures)
		return false;
	d->verdict = (struct sign_verdict){
		.result = SIGN_SIGNED, .signature = signature,
		.n = signatures, .why = d->eligible,
		.place = sign_place_of(d->s, d->eligible_at),
	};
	return true;
}


bool
sign_with_key(struct signing *d, struct str selector, struct str path,
    const struct value *at)
{
	struct signature *signature = ARENA_NEW(d->arena, struct signature);
	bool is_path = path.len && (*path.s == '/' || *path.s == '.');

	signature->domain = d->domain;
	signature->selector = selector;
	signature->place = sign_place_of(d->s, at);
	if (is_path)
		signature->key = fill_in(d, path, selector);
	if (is_path && key_is_there(d, signature->key, true) == NO)
		return sign_no(d, at, arena_printf(d->arena,
		    "there is no key %s", signature->key.s));
	d->verdict = (struct sign_verdict){
		.result = SIGN_SIGNED, .signature = signature, .n = 1,
		.why = d->eligible,
		.place = sign_place_of(d->s, d->eligible_at),
	};
	return true;
}
