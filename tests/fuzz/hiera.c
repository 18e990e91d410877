/*
 * Interpolation, merges and lookup_options: the input is the data of two
 * levels, split at its first line "==", and every key of it is looked up by
 * every strategy. What stands before a line "==h" is hiera.yaml.
 */
#include "fuzz.h"

#include "hiera/hiera.h"
#include "tree/yaml.h"

#include <sys/stat.h>

static char dir[] = "/tmp/mailc-fuzz-XXXXXX";
static bool made; /* a name that mkdtemp() drew may end in X as well */

static void
clean(void)
{
	static const char *const name[] = {
		"/data/a.yaml", "/data/b.yaml", "/data", "/hiera.yaml", "",
	};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, name[i]);
		remove(path);
	}
}

static void
put_file(const char *name, struct str text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f || fwrite(text.s, 1, text.len, f) != text.len)
		abort();
	fclose(f);
}

static struct str
cut(struct str *all, const char *at)
{
	size_t len = strlen(at);
	const char *end = all->len ?
	    memmem(all->s, all->len, at, len) : NULL;
	struct str part = *all;

	if (!end)
		return (struct str){all->s, 0};
	part.len = (size_t)(end - all->s) + 1;
	all->len -= part.len + len - 1;
	all->s += part.len + len - 1;
	return part;
}

static void
ask(struct hiera *h, struct hiera_scope *scope)
{
	size_t n, i;
	uint32_t k;
	int merge;
	const struct hiera_file *file;
	struct value v;

	file = hiera_files(h, &n);
	for (i = 0; i < n; i++)
		for (k = 0; k < file[i].root.len && k < 50; k++) {
			const struct value *key =
			    &file[i].root.u.hash->pair[k].key;

			if (key->kind != VALUE_STRING ||
			    strlen(key->u.s) != key->len)
				continue;
			for (merge = MERGE_DEFAULT; merge <= MERGE_DEEP;
			    merge++)
				hiera_lookup(h, scope, key->u.s,
				    (enum hiera_merge)merge, &v);
			hiera_holders(h, scope, key->u.s);
			file = hiera_files(h, &n);
		}
}

void
fuzz_one(struct str input)
{
	static const char facts[] = "{host: a, list: [1, {k: v}], "
	    "token: '%{facts.host}', none: ~}";
	struct hiera_options options = {.environment = dir};
	struct str config = cut(&input, "\n==h\n");
	struct str first = cut(&input, "\n==\n");
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct hiera *h;
	struct value v;
	char data[64];

	if (!made) {
		if (!mkdtemp(dir))
			abort();
		made = true;
		snprintf(data, sizeof(data), "%s/data", dir);
		mkdir(data, 0755);
		atexit(clean);
	}
	put_file("hiera.yaml", config.len ? config : STR("version: 5\n"
	    "hierarchy:\n  - {name: a, path: '%{facts.host}.yaml'}\n"
	    "  - {name: b, glob: '[b-c]*'}\n"));
	put_file("data/a.yaml", first);
	put_file("data/b.yaml", input);
	arena_init(&arena);
	sources_init(&sources, &arena);
	diag_init(&diag, &arena, &sources);
	h = hiera_open(&arena, &diag, &options);
	yaml_parse(&arena, &diag, 0, str_of(facts), YAML_FACTS, &v);
	ask(h, hiera_scope(h, &v));
	hiera_close(h);
	diag_release(&diag);
	sources_release(&sources);
	arena_release(&arena);
}
