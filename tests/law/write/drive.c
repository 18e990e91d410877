/*
 * drive write FILE    make ./out equal to the plan that FILE describes, one
 *                     "node path mode content" a line; exit 0 if all is
 *                     well, 1 if the former tree stands, 3 if the new tree
 *                     stands and something was said
 * drive list DIR      every name of a tree with type, mode and content
 */
#include "base/file.h"
#include "render/plan.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void
read_plan(struct plan *plan, struct arena *a, const char *path)
{
	char node[64], name[64], content[64];
	struct planned_node *last = NULL;
	unsigned mode;
	FILE *f = fopen(path, "r");

	while (f && fscanf(f, "%63s %63s %o %63s", node, name, &mode,
	    content) == 4) {
		struct planned_file *file;

		if (!last || strcmp(last->name, node))
			last = plan_add(plan, arena_strdup(a, node));
		file = plan_add_file(last, arena_strdup(a, name), mode);
		buf_addstr(&file->content, content);
	}
	if (f)
		fclose(f);
	plan_finish(plan);
}

static int
write_it(const char *path)
{
	struct write_options options = {.out = "out", .whole_fleet = true,
	    .durable = true};
	struct write_result result;
	struct sources sources;
	struct arena arena;
	struct diag diag;
	struct plan plan;
	size_t i;
	int code;

	arena_init(&arena);
	sources_init(&sources, &arena);
	diag_init(&diag, &arena, &sources);
	plan_init(&plan);
	read_plan(&plan, &arena, path);
	code = !plan_write(&plan, &options, &arena, &diag, &result);
	for (i = 0; i < diag.n; i++)
		puts(diag.finding[i].text);
	if (code && !diag.n)
		code = 2;	/* a failure that nobody was told of */
	else if (!code && diag.n)
		code = 3;
	plan_release(&plan);
	diag_release(&diag);
	sources_release(&sources);
	arena_release(&arena);
	return code;
}

static int
list_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct buf b = BUF_INIT;

	(void)type;
	(void)at;
	if (S_ISREG(st->st_mode))
		file_read(path, 1 << 20, &b);
	printf("%s %o %s\n", path, st->st_mode, b.s);
	buf_release(&b);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "write"))
		return write_it(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "list"))
		return access(argv[2], F_OK) ? 0 :
		    nftw(argv[2], list_one, 16, FTW_PHYS);
	return 64;
}
