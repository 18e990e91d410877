#include "diag/origin.h"

#include "base/die.h"

#include <stdlib.h>

void
sources_init(struct sources *all, struct arena *a)
{
	*all = (struct sources){.arena = a};
}

void
sources_release(struct sources *all)
{
	free(all->source);
	sources_init(all, all->arena);
}

uint32_t
sources_add(struct sources *all, const char *path, const char *file)
{
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 64;
		all->source = xrealloc(all->source,
		    mul_or_die(all->cap, sizeof(*all->source)));
	}
	all->source[all->n++] = (struct source){
		.path = arena_strdup(all->arena, path),
		.file = arena_strdup(all->arena, file),
	};
	return all->n;
}

const struct source *
sources_get(const struct sources *all, uint32_t source)
{
	return source ? &all->source[source - 1] : NULL;
}
