/* Lists of tables, asked in order (maps_find(3)). */
#include "postfix/lookup_inside.h"

#include "postfix/postfix.h"
#include "postfix/table_inside.h"

static void
open_as(struct maps *maps, struct tables *tables, struct str list, bool fold)
{
	struct str rest, item;
	size_t n = 0;

	for (rest = list; value_item(&rest, &item); n++)
		;
	maps->table = ARENA_ARRAY(tables->arena, struct table *, n);
	maps->n = 0;
	for (rest = list; value_item(&rest, &item); )
		maps->table[maps->n++] = table_open_as(tables, item, fold);
}

void
maps_open(struct maps *maps, struct tables *tables, struct str list)
{
	open_as(maps, tables, list, true);
}

void
maps_open_unfolded(struct maps *maps, struct tables *tables, struct str list)
{
	open_as(maps, tables, list, false);
}

bool
maps_tell_locals(const struct maps *maps, struct str domain)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (table_tells_locals(maps->table[i], domain))
			return true;
	return false;
}

bool
maps_tell_bare(const struct maps *maps)
{
	size_t i;

	/* Patterns are not asked for parts of addresses. */
	for (i = 0; i < maps->n; i++)
		if (!table_is_pattern(maps->table[i]) &&
		    table_tells_locals(maps->table[i], STR("")))
			return true;
	return false;
}

bool
maps_print(const struct maps *maps, struct str domain, struct buf *print)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (!table_print(maps->table[i], domain, print))
			return false;
	return true;
}

bool
maps_find(const struct maps *maps, struct str key, bool partial,
    struct arena *a, struct lookup *lookup)
{
	size_t i;

	*lookup = (struct lookup){.result = TABLE_NONE, .key = key};
	for (i = 0; key.len && i < maps->n; i++) {
		struct table *table = maps->table[i];

		if (partial && table_is_pattern(table))
			continue;
		lookup->result = table_get(table, key, a, &lookup->answer);
		if (lookup->result == TABLE_NONE)
			continue;
		lookup->table = table;
		if (lookup->result == TABLE_FOUND &&
		    !lookup->answer.value.len) {
			lookup->result = TABLE_RETRY;
			lookup->answer.why = "the result is empty";
		}
		break;
	}
	return lookup->result == TABLE_FOUND;
}
