/*
 * unix:passwd.byname and unix:group.byname, as getpwnam(3) and getgrnam(3)
 * answer from the host's own files. nsswitch.conf(5) may name other sources;
 * who is in the files is told by them, who is not may be in one of those.
 */
#include "postfix/table_inside.h"

struct users {
	struct map line;		/* by name: a struct str */
	const char *elsewhere;		/* why a name may still exist, or NULL */
};

/* Sources that name nobody whom the files do not. */
static bool
is_known_source(struct str word)
{
	return word.s[0] == '[' || str_eq(word, STR("files")) ||
	    str_eq(word, STR("compat")) || str_eq(word, STR("systemd"));
}

static struct str
next_word(struct str *line)
{
	struct str word;
	size_t n = 0;

	*line = text_skip_space(*line);
	while (n < line->len && !strchr(" \t", line->s[n]))
		n++;
	word = (struct str){line->s, n};
	*line = str_from(*line, n);
	return word;
}

/* "passwd: files ldap": what else is asked. */
static const char *
other_source(struct table *table, const char *database)
{
	const struct table_world *world = table->tables->world;
	struct table_source file;
	struct str line, word;

	if (!world->file ||
	    !world->file(world->self, STR("/etc/nsswitch.conf"), &file))
		return NULL;
	for (; file.text.len; file.text = str_from(file.text, line.len +
	    (line.len < file.text.len))) {
		struct str rest;

		line = (struct str){file.text.s, str_find(file.text, '\n')};
		rest = (struct str){line.s, str_find(line, '#')};
		if (!str_eq(next_word(&rest), str_of(database)))
			continue;
		while ((word = next_word(&rest)).len)
			if (!is_known_source(word))
				return arena_printf(table->tables->arena,
				    "nsswitch.conf asks %.*s for names that "
				    "%.*s does not have, and what it answers "
				    "is not known here", STR_ARG(word),
				    STR_ARG(table->name));
	}
	return NULL;
}

static void
read_names(struct table *table, struct users *users)
{
	struct str rest = table->source.text, line;

	for (; rest.len; rest = str_from(rest, line.len +
	    (line.len < rest.len))) {
		struct str *kept, name;

		line = (struct str){rest.s, str_find(rest, '\n')};
		name = (struct str){line.s, str_find(line, ':')};
		if (!name.len || name.len == line.len || line.s[0] == '#')
			continue;
		kept = ARENA_NEW(table->tables->arena, struct str);
		*kept = line;
		map_add(&users->line, name, kept);
	}
}

static void
unix_open(struct table *table)
{
	bool group = str_eq(table->name, STR("group.byname"));
	struct users *users;

	if (!group && !str_eq(table->name, STR("passwd.byname"))) {
		table_break(table, TABLE_RETRY, arena_printf(
		    table->tables->arena, "Postfix knows no table %.*s; there "
		    "are unix:passwd.byname and unix:group.byname",
		    STR_ARG(table->spec)));
		return;
	}
	table->name = group ? STR("/etc/group") : STR("/etc/passwd");
	if (!table_source(table))
		return;
	users = ARENA_NEW(table->tables->arena, struct users);
	map_init(&users->line);
	table->state = users;
	users->elsewhere = other_source(table, group ? "group:" : "passwd:");
	read_names(table, users);
}

static enum table_result
unix_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct users *users = table->state;
	const struct str *line = map_get(&users->line, table->fold ?
	    text_lower(key, a) : key);

	if (line) {
		answer->value = *line;
		answer->owner = table->source.owner;
		answer->offset = (size_t)(line->s - table->source.text.s);
		return TABLE_FOUND;
	}
	answer->why = users->elsewhere;
	return users->elsewhere ? TABLE_UNKNOWN : TABLE_NONE;
}

/* Names are no addresses: only a local part alone is found. */
static bool
unix_tells(struct table *table, struct str domain)
{
	(void)table;
	return !domain.len;
}

static void
unix_release(struct table *table)
{
	struct users *users = table->state;

	map_release(&users->line);
}

const struct table_type table_unix = {
	.name = "unix",
	.open = unix_open,
	.get = unix_get,
	.tells = unix_tells,
	.print = table_print_keys,
	.release = unix_release,
};
