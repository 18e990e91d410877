/*
 * decide TREE RELEASE: what the signer says of messages, a line each. A line
 * of input has, with tabs between, the client's address, the login, the
 * sender, the recipient and the addresses in From (with commas between; "?"
 * where From is not known); "-" is nothing. A line of output is "signed
 * DOMAIN SELECTOR KEY…", "not WHY" or "unknown WHY", and a place behind a tab.
 * Whether a key is there is seen in TREE.
 */
#include "base/file.h"
#include "flow/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tree {
	struct arena arena;
	const char *root;
};

static bool
file(void *self, struct str path, struct table_source *source)
{
	struct tree *tree = self;
	char *name = arena_printf(&tree->arena, "%s%.*s", tree->root,
	    STR_ARG(path));
	struct buf b = BUF_INIT;

	if (file_read(name, 1 << 24, &b) != FILE_OK)
		return false;
	source->text.s = arena_strndup(&tree->arena, b.s, b.len);
	source->text.len = b.len;
	source->owner = arena_strndup(&tree->arena, path.s, path.len);
	buf_release(&b);
	return true;
}

static bool
key(void *self, struct str path, bool *there)
{
	struct tree *tree = self;

	*there = !access(arena_printf(&tree->arena, "%s%.*s", tree->root,
	    STR_ARG(path)), R_OK);
	return true;
}

static struct str
next(char **line, char separator)
{
	char *from = *line, *end = from ? strchr(from, separator) : NULL;

	if (end)
		*end = '\0';
	*line = end ? end + 1 : NULL;
	return str_of(from ? from : "");
}

static struct str
field(char **line)
{
	struct str s = next(line, '\t');

	return str_eq(s, STR("-")) ? (struct str){0} : s;
}

static void
answer(const struct signer *signer, char *line, struct arena *a)
{
	static const char *const name[] = {"signed", "not", "unknown"};
	struct sign_message m = {0};
	struct sign_verdict v;
	struct str from[16], list;
	char *rest;
	size_t i;

	m.client = field(&line);
	m.user = field(&line);
	m.sender = field(&line);
	m.recipient = field(&line);
	list = field(&line);
	m.from_known = !str_eq(list, STR("?"));
	m.from = from;
	rest = list.len ? arena_strndup(a, list.s, list.len) : NULL;
	while (rest && m.nfrom < 16)
		from[m.nfrom++] = next(&rest, ',');
	v = sign_decide(signer, &m, a);
	printf("%s", name[v.result]);
	for (i = 0; i < v.n; i++)
		printf(" %.*s %.*s %.*s", STR_ARG(v.signature[i].domain),
		    STR_ARG(v.signature[i].selector),
		    STR_ARG(v.signature[i].key));
	if (v.result != SIGN_SIGNED)
		printf(" %s", v.why);
	printf("\t%s:%zu\n", v.place.owner ? (const char *)v.place.owner : "",
	    v.place.offset);
}

int
main(int argc, char **argv)
{
	struct tree tree = {.root = argc > 1 ? argv[1] : "."};
	struct table_world world = {.self = &tree, .file = file};
	struct sign_host host = {
		.world = &world,
		.release = argc > 2 && !strcmp(argv[2], "3.8") ? RSPAMD_3_8 :
		    RSPAMD_3_4,
		.key = getenv("NOKEYS") ? NULL : key,
	};
	struct sign_place place;
	struct signer *signer;
	const char *problem;
	char line[4096];

	arena_init(&tree.arena);
	signer = signer_open(&tree.arena, &host);
	problem = signer_problem(signer, &place);
	if (problem)
		fprintf(stderr, "%s at %s:%zu\n", problem, place.owner ?
		    (const char *)place.owner : "", place.offset);
	while (fgets(line, sizeof(line), stdin)) {
		struct arena arena;

		line[strcspn(line, "\n")] = '\0';
		arena_init(&arena);
		answer(signer, line, &arena);
		arena_release(&arena);
	}
	arena_release(&tree.arena);
	return 0;
}
