/*
 * A former MANIFEST decides which files mailc may remove, so it is believed
 * only if every byte of it is as plan_finish() writes it.
 */
#include "render/output.h"

#include <stdlib.h>

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The path of "0644 <sha256> <size> <path>", or NULL. */
static const char *
entry_path(const char *line)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (line[i] < '0' || line[i] > '7')
			return NULL;
	if (line[i++] != ' ')
		return NULL;
	for (; i < 5 + 64; i++)
		if (!is_hex(line[i]))
			return NULL;
	if (line[i++] != ' ' || line[i] < '0' || line[i] > '9')
		return NULL;
	while (line[i] >= '0' && line[i] <= '9')
		i++;
	if (line[i++] != ' ' || !plan_path_ok(line + i))
		return NULL;
	return line + i;
}

static bool
broken(struct diag *d, const char *path, uint32_t line, const char *what)
{
	struct origin at = {sources_add(d->sources, path, path), line, 0};

	diag_add(d, FINDING_MANIFEST_BROKEN, at, "%s, so that nothing is "
	    "written or removed; restore the file, or move its directory away",
	    what);
	return false;
}

bool
manifest_parse(struct manifest *manifest, struct str bytes, const char *path,
    struct arena *a, struct diag *d)
{
	struct str head = STR(MANIFEST_HEAD);
	uint32_t line = 1;
	char *next, *s;
	size_t lines = 0, i;

	*manifest = (struct manifest){0};
	if (!str_starts(bytes, head))
		return broken(d, path, 1,
		    "this is no MANIFEST of this version");
	if (memchr(bytes.s, '\0', bytes.len) ||
	    bytes.s[bytes.len - 1] != '\n')
		return broken(d, path, 0, "the MANIFEST is cut off");
	for (i = head.len; i < bytes.len; i++)
		lines += bytes.s[i] == '\n';
	manifest->path = ARENA_ARRAY(a, const char *, lines);
	s = arena_strndup(a, bytes.s + head.len, bytes.len - head.len);
	for (; *s; s = next + 1) {
		const char *entry;

		line++;
		next = strchr(s, '\n');
		*next = '\0';
		entry = entry_path(s);
		if (!entry)
			return broken(d, path, line,
			    "the line is no entry of a MANIFEST");
		if (manifest->n &&
		    strcmp(manifest->path[manifest->n - 1], entry) >= 0)
			return broken(d, path, line,
			    "the MANIFEST is not in order");
		manifest->path[manifest->n++] = entry;
	}
	return true;
}

static int
by_path(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

bool
manifest_lists(const struct manifest *manifest, const char *path)
{
	return manifest->n && bsearch(path, manifest->path, manifest->n,
	    sizeof(*manifest->path), by_path);
}
