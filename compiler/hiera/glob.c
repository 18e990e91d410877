/*
 * Ruby's Dir.glob: braces are written out first, each alternative in its
 * turn; then directories are walked depth first, entries in byte order. One
 * walk carries all positions of the pattern that are still alive, so that
 * ** neither doubles nor reorders a name.
 */
#include "hiera/inside.h"

#include "base/die.h"
#include "base/file.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	GLOB_DEPTH = 64,
	GLOB_PARTS = 64,
	GLOB_ALTERNATIVES = 1024,
};

struct glob {
	struct arena *arena;
	const char *part[GLOB_PARTS];	/* components */
	unsigned n;
	const char **found;
	size_t nfound, cap;
	unsigned alternatives;
};

static bool
is_magic(const char *part)
{
	return strpbrk(part, "*?[\\") != NULL;
}

static bool
is_directory(const char *path, bool follow)
{
	struct stat st;

	return !(follow ? stat(path, &st) : lstat(path, &st)) &&
	    S_ISDIR(st.st_mode);
}

static void
add_found(struct glob *g, const char *path)
{
	if (g->nfound == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 16;
		g->found = xrealloc(g->found,
		    mul_or_die(g->cap, sizeof(*g->found)));
	}
	g->found[g->nfound++] = path;
}

/* Which positions are reached at an entry of a directory. */
static uint64_t
step(const struct glob *g, uint64_t alive, const char *name, const char *path)
{
	uint64_t next = 0;
	unsigned i;

	for (i = 0; i < g->n; i++) {
		if (!(alive >> i & 1))
			continue;
		if (!strcmp(g->part[i], "**")) {
			if (name[0] != '.' && is_directory(path, false))
				next |= 1ull << i;
		} else if (is_magic(g->part[i]) ?
		    !fnmatch(g->part[i], name, FNM_PERIOD) :
		    !strcmp(g->part[i], name)) {
			next |= 1ull << (i + 1);
		}
	}
	return next;
}

/* ** stands for no directory as well. */
static uint64_t
widen(const struct glob *g, uint64_t alive)
{
	unsigned i;

	for (i = 0; i < g->n; i++)
		if ((alive >> i & 1) && !strcmp(g->part[i], "**"))
			alive |= 1ull << (i + 1);
	return alive;
}

static bool
needs_listing(const struct glob *g, uint64_t alive)
{
	unsigned i;

	for (i = 0; i < g->n; i++)
		if ((alive >> i & 1) && is_magic(g->part[i]))
			return true;
	return false;
}

static void
walk(struct glob *g, const char *dir, uint64_t alive, unsigned depth)
{
	char **name;
	unsigned i;

	alive = widen(g, alive);
	if ((alive >> g->n & 1) && !is_directory(dir, true))
		add_found(g, dir);
	alive &= (1ull << g->n) - 1;
	if (!alive || depth == GLOB_DEPTH)
		return;
	if (!needs_listing(g, alive)) {
		for (i = 0; i < g->n; i++) {
			char *path;
			struct stat st;

			if (!(alive >> i & 1))
				continue;
			path = file_join(g->arena, dir, g->part[i]);
			if (!lstat(path, &st))
				walk(g, path, 1ull << (i + 1), depth + 1);
		}
		return;
	}
	name = is_directory(dir, true) ? file_list(g->arena, dir) : NULL;
	for (; name && *name; name++) {
		char *path = file_join(g->arena, dir, *name);
		uint64_t next = step(g, alive, *name, path);

		if (next)
			walk(g, path, next, depth + 1);
	}
}

static void
glob_one(struct glob *g, const char *pattern)
{
	char *copy = arena_strdup(g->arena, pattern), *part, *rest = NULL;

	g->n = 0;
	for (part = strtok_r(copy, "/", &rest); part;
	    part = strtok_r(NULL, "/", &rest)) {
		if (g->n == GLOB_PARTS - 1)
			return;
		g->part[g->n++] = part;
	}
	/* ** as the last component is an ordinary *. */
	if (g->n && !strcmp(g->part[g->n - 1], "**"))
		g->part[g->n - 1] = "*";
	walk(g, *pattern == '/' ? "/" : ".", 1, 0);
}

/* The end of the brace at s, its top-level commas noted; NULL: unbalanced. */
static const char *
brace_end(const char *s)
{
	unsigned depth = 0;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '{')
			depth++;
		else if (*s == '}' && --depth == 0)
			return s;
	}
	return NULL;
}

static const char *
first_brace(const char *s)
{
	for (; *s && *s != '{'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s : NULL;
}

static void
expand(struct glob *g, const char *pattern, unsigned depth)
{
	const char *open = first_brace(pattern), *close, *from, *p;
	unsigned level = 0;

	close = open ? brace_end(open) : NULL;
	if (!close || depth == GLOB_DEPTH) {
		if (g->alternatives++ < GLOB_ALTERNATIVES)
			glob_one(g, pattern);
		return;
	}
	for (p = from = open + 1; p <= close; p++) {
		if (*p == '\\' && p + 1 < close)
			p++;
		else if (*p == '{')
			level++;
		else if (p == close || (*p == ',' && !level)) {
			expand(g, arena_printf(g->arena, "%.*s%.*s%s",
			    (int)(open - pattern), pattern, (int)(p - from),
			    from, close + 1), depth + 1);
			from = p + 1;
		} else if (*p == '}')
			level--;
	}
}

const char **
glob_expand(struct arena *a, const char *pattern)
{
	struct glob g = {.arena = a};
	const char **found;

	expand(&g, pattern, 0);
	found = ARENA_ARRAY(a, const char *, g.nfound + 1);
	if (g.nfound)
		memcpy(found, g.found, g.nfound * sizeof(*found));
	free(g.found);
	return found;
}
