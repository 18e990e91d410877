/*
 * Address classes: a domain that stands in two of them gets the meaning of
 * the one that trivial-rewrite asks first, with a warning in the log. The
 * domains are those in main.cf itself and in tables that were rendered.
 */
#include "flow/verify_inside.h"

static const char *const classes[] = {
	"mydestination", "virtual_alias_domains", "virtual_mailbox_domains",
	"relay_domains",
};

struct member {
	const char *class;
	struct origin at;
};

struct domains {
	struct verify *v;
	struct map all;		/* folded name -> struct member */
	const char *class;
};

static void
add_domain(struct domains *d, struct str name, struct origin at)
{
	struct member *m = ARENA_NEW(d->v->arena, struct member);
	struct member *first;
	size_t finding;

	*m = (struct member){d->class, at};
	first = map_add(&d->all, name, m);
	if (first == m || first->class == d->class)
		return;
	finding = diag_add(d->v->diag, FINDING_DOMAIN_CLASS, at,
	    "%.*s is in %s and in %s; leave it in one of them",
	    STR_ARG(name), first->class, d->class);
	diag_note(d->v->diag, finding, first->at, "%s has it here",
	    first->class);
}

static bool
is_pattern_type(struct str type)
{
	return str_eq(type, STR("pcre")) || str_eq(type, STR("regexp")) ||
	    str_eq(type, STR("cidr"));
}

/* The keys of a table's source: the first word of each line. */
static void
add_table(struct domains *d, struct str table)
{
	struct str type, path = table_file(table, &type);
	const struct planned_file *file;
	struct str text;
	size_t at = 0;

	if (!type.len || is_pattern_type(type) || !path.len ||
	    path.s[0] != '/')
		return;
	file = place_file(d->v->node, path);
	if (!file)
		return;
	text = (struct str){file->content.s, file->content.len};
	while (at < text.len) {
		struct str rest = {text.s + at, text.len - at};
		struct str line = {rest.s, str_find(rest, '\n')}, key;
		size_t end = 0;

		while (end < line.len && line.s[end] != ' ' &&
		    line.s[end] != '\t')
			end++;
		key = (struct str){line.s, end};
		if (key.len && key.s[0] != '#' &&
		    str_find(key, '@') == key.len)
			add_domain(d, key, place_origin(file, at));
		at += line.len + 1;
	}
}

/* The text of an item, with $myhostname and $mydomain where they are set. */
static struct str
expanded(const struct verify *v, struct str item)
{
	static const char *const names[] = {"$myhostname", "$mydomain"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct setting *s = map_get(&v->cf.main,
		    str_of(names[i] + 1));

		if (s && str_eq(item, str_of(names[i])))
			return str_trim(s->value);
	}
	return item;
}

static void
add_items(struct domains *d, const struct setting *s)
{
	struct str rest = s->value, item;

	while (value_item(&rest, &item)) {
		struct str name = expanded(d->v, item);

		if (!name.len || name.s[0] == '!' || name.s[0] == '/' ||
		    str_find(name, '$') < name.len)
			continue;
		if (str_find(name, ':') < name.len)
			add_table(d, name);
		else
			add_domain(d, name, place_value(s, item));
	}
}

void
verify_domains(struct verify *v)
{
	struct domains d = {.v = v};
	size_t i;

	map_init_fold(&d.all);
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const struct setting *s = map_get(&v->cf.main,
		    str_of(classes[i]));

		d.class = classes[i];
		if (s)
			add_items(&d, s);
	}
	map_release(&d.all);
}
