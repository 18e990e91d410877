/*
 * Text first: what compile would change, as a unified diff. libgit2 compares
 * the buffers; no repository is involved.
 */
#include "cmd/compile.h"

#include "base/file.h"

#include <getopt.h>
#include <git2.h>
#include <string.h>

enum { FILE_LARGEST = 1 << 30 };

struct differ {
	struct run *run;
	const char *against;
	size_t changed;
	bool failed;
};

static int
print_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
    const git_diff_line *line, void *payload)
{
	(void)delta;
	(void)hunk;
	(void)payload;
	if (line->origin == GIT_DIFF_LINE_CONTEXT ||
	    line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION)
		putchar(line->origin);
	fwrite(line->content, 1, line->content_len, stdout);
	return 0;
}

/* old or new is NULL where the file is new or gone. */
static void
print_diff(struct differ *df, const char *path, const struct buf *old,
    const struct buf *new)
{
	git_diff_options options;
	git_patch *patch = NULL;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.old_prefix = "old";
	options.new_prefix = "new";
	df->changed++;
	if (git_patch_from_buffers(&patch, old ? old->s : NULL,
	    old ? old->len : 0, path, new ? new->s : NULL,
	    new ? new->len : 0, path, &options) < 0 ||
	    git_patch_print(patch, print_line, NULL) < 0) {
		diag_add(&df->run->diag, FINDING_OUTPUT_WRITE, ORIGIN_NONE,
		    "%s cannot be compared", path);
		df->failed = true;
	}
	git_patch_free(patch);
}

/* The former bytes; false where there is none. */
static bool
read_former(struct differ *df, const char *path, struct buf *old)
{
	enum file_error why = file_read(file_join(&df->run->arena,
	    df->against, path), FILE_LARGEST, old);

	if (why == FILE_OK || why == FILE_MISSING)
		return why == FILE_OK;
	diag_add(&df->run->diag, FINDING_FILE_UNREADABLE, ORIGIN_NONE,
	    "%s/%s %s", df->against, path, file_error_text(why));
	df->failed = true;
	return false;
}

static void
diff_file(struct differ *df, const char *node,
    const struct planned_file *file)
{
	char *path = file_join(&df->run->arena, node, file->path);
	struct buf old = BUF_INIT;

	if (!read_former(df, path, &old))
		print_diff(df, path, NULL, &file->content);
	else if (old.len != file->content.len ||
	    memcmp(old.s, file->content.s, old.len))
		print_diff(df, path, &old, &file->content);
	buf_release(&old);
}

static bool
is_planned(const struct planned_node *node, struct str path)
{
	size_t i;

	for (i = 0; node && i < node->n; i++)
		if (str_eq(str_of(node->file[i].path), path))
			return true;
	return false;
}

/* A path that a former MANIFEST lists and the plan does not have. */
static void
diff_gone(struct differ *df, const char *name,
    const struct planned_node *node)
{
	struct buf manifest = BUF_INIT, old = BUF_INIT;
	char *path = file_join(&df->run->arena, name, "MANIFEST");
	char *line, *rest, *last;

	if (read_former(df, path, &manifest))
		for (line = strtok_r(manifest.s, "\n", &rest); line;
		    line = strtok_r(NULL, "\n", &rest)) {
			last = strrchr(line, ' ');
			if (line[0] == '#' || !last ||
			    !plan_path_ok(last + 1) ||
			    is_planned(node, str_of(last + 1)))
				continue;
			path = file_join(&df->run->arena, name, last + 1);
			buf_clear(&old);
			if (read_former(df, path, &old))
				print_diff(df, path, &old, NULL);
		}
	buf_release(&old);
	buf_release(&manifest);
}

static const struct planned_node *
planned_named(const struct plan *plan, const char *name)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (!strcmp(plan->node[i].name, name))
			return &plan->node[i];
	return NULL;
}

static void
diff_plan(struct differ *df, const struct plan *plan, bool whole_fleet)
{
	char **name = file_list(&df->run->arena, df->against);
	size_t i, k;

	for (i = 0; i < plan->n; i++) {
		const struct planned_node *node = &plan->node[i];

		for (k = 0; k < node->n; k++)
			if (strcmp(node->file[k].path, "MANIFEST"))
				diff_file(df, node->name, &node->file[k]);
	}
	for (; name && *name; name++) {
		const struct planned_node *node =
		    planned_named(plan, *name);

		if (node || whole_fleet)
			diff_gone(df, *name, node);
	}
}

enum { OPT_NODE = OPT_VERB, OPT_AGAINST, OPT_DETAILED };

int
cmd_diff(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"node", required_argument, NULL, OPT_NODE},
		{"against", required_argument, NULL, OPT_AGAINST},
		{"detailed-exitcode", no_argument, NULL, OPT_DETAILED},
		{NULL, 0, NULL, 0}
	};
	struct differ df = {.run = run};
	const char *node = NULL;
	struct compilation c;
	bool detailed = false;
	int option, status;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1) {
		if (option == OPT_NODE)
			node = optarg;
		else if (option == OPT_AGAINST)
			df.against = optarg;
		else if (option == OPT_DETAILED)
			detailed = true;
		else if (!run_option(run, option, optarg))
			return run_usage(run, "diff", NULL);
	}
	if (optind < argc)
		return run_usage(run, "diff", "'%s' is not expected",
		    argv[optind]);
	if (!df.against)
		df.against = run_path(run, "out");
	git_libgit2_init();
	if (compile_fleet(run, node, &c))
		diff_plan(&df, &c.plan, !node);
	git_libgit2_shutdown();
	status = run_finish(run, true);
	if (!status && detailed && df.changed)
		status = EXIT_DIFFERS;
	if (!run->quiet && !status && !df.changed)
		fprintf(stderr, "%zu nodes compared: no difference\n",
		    c.plan.n);
	compilation_release(&c);
	return status;
}
