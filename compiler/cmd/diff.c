/*
 * What compile would change, as a unified diff. The old side is a tree of
 * files, or the compile of a git revision; libgit2 compares the buffers.
 */
#include "cmd/diff.h"

#include "base/file.h"
#include "render/plan_read.h"

#include <getopt.h>
#include <string.h>

/* What is compared: the fleet's files, and what happens to mail. */
struct side {
	struct run *run;		/* whose sources the places are in */
	const struct plan *plan;
	struct world *world;		/* NULL: one node only */
};

struct differ {
	struct run *run;
	const char *only;		/* a node; NULL: all */
	json_t *files;			/* --format json: their paths */
	size_t changed;			/* files */
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
	if (df->files) {
		json_array_append_new(df->files, json_string(path));
		return;
	}
	if (git_patch_from_buffers(&patch, old ? old->s : NULL,
	    old ? old->len : 0, path, new ? new->s : NULL,
	    new ? new->len : 0, path, &options) < 0 ||
	    git_patch_print(patch, print_line, NULL) < 0)
		diag_add(&df->run->diag, FINDING_OUTPUT_WRITE, ORIGIN_NONE,
		    "%s cannot be compared", path);
	git_patch_free(patch);
}

static bool
same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->s, b->s, a->len);
}

/* Every file of one side: what the other has of it. MANIFEST follows. */
static void
diff_new(struct differ *df, const struct planned_node *old,
    const struct planned_node *new)
{
	const struct planned_file *was;
	size_t i;

	for (i = 0; i < new->n; i++) {
		const struct planned_file *file = &new->file[i];

		if (!strcmp(file->path, MANIFEST))
			continue;
		was = old ? plan_file(old, file->path) : NULL;
		if (!was || !same_bytes(&was->content, &file->content))
			print_diff(df, file_join(&df->run->arena, new->name,
			    file->path), was ? &was->content : NULL,
			    &file->content);
	}
}

static void
diff_gone(struct differ *df, const struct planned_node *old,
    const struct planned_node *new)
{
	size_t i;

	for (i = 0; i < old->n; i++)
		if (strcmp(old->file[i].path, MANIFEST) &&
		    !(new && plan_file(new, old->file[i].path)))
			print_diff(df, file_join(&df->run->arena, old->name,
			    old->file[i].path), &old->file[i].content, NULL);
}

/* What comes and changes, node by node; then what goes. */
static void
diff_plans(struct differ *df, const struct plan *old, const struct plan *new)
{
	size_t i;

	for (i = 0; i < new->n; i++)
		diff_new(df, plan_node(old, new->node[i].name),
		    &new->node[i]);
	for (i = 0; i < old->n; i++)
		if (!df->only || !strcmp(old->node[i].name, df->only))
			diff_gone(df, &old->node[i],
			    plan_node(new, old->node[i].name));
}

/* Both sides, whatever they come from: first mail, then text. */
static void
diff_sides(struct differ *df, const struct side *old, const struct side *new)
{
	struct changes changes = {0};

	if (old->world && new->world)
		route_diff(old->world, new->world, &df->run->arena, &changes);
	if (!df->files)
		mail_print(old->run, new->run, &changes);
	diff_plans(df, old->plan, new->plan);
	if (df->files)
		mail_print_json(old->run, new->run, &changes, df->files);
}

static void
diff_against(struct differ *df, const char *dir, const struct side *new,
    const struct compilation *c)
{
	struct plan_tree tree = {.dir = dir, .node = df->only,
		.beside = new->plan};
	struct world world = {0};
	struct plan plan;

	plan_init(&plan);
	plan_read_tree(&plan, &tree, &df->run->arena, &df->run->diag);
	if (new->world)
		world_open(&world, &df->run->arena, &plan, &c->fleet,
		    &c->records, c->fleet.ldap.entries, df->run->today);
	diff_sides(df, &(struct side){df->run, &plan,
	    new->world ? &world : NULL}, new);
	world_release(&world);
	plan_release(&plan);
}

static void
diff_base(struct differ *df, struct base *base, const struct side *new)
{
	struct world world = {0};

	if (new->world)
		compile_world(&base->run, &base->c, &world);
	diff_sides(df, &(struct side){&base->run, &base->c.plan,
	    new->world ? &world : NULL}, new);
	world_release(&world);
}

struct diff_options {
	const char *node;
	const char *against;
	const char *base;
	bool detailed;
};

/* -1: go on, else an exit status. */
static int
read_options(struct run *run, struct diff_options *o, int argc, char **argv)
{
	enum { OPT_NODE = OPT_VERB, OPT_AGAINST, OPT_BASE, OPT_DETAILED };
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"node", required_argument, NULL, OPT_NODE},
		{"against", required_argument, NULL, OPT_AGAINST},
		{"base", required_argument, NULL, OPT_BASE},
		{"detailed-exitcode", no_argument, NULL, OPT_DETAILED},
		{NULL, 0, NULL, 0}
	};
	int option;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1) {
		if (option == OPT_NODE)
			o->node = optarg;
		else if (option == OPT_AGAINST)
			o->against = optarg;
		else if (option == OPT_BASE)
			o->base = optarg;
		else if (option == OPT_DETAILED)
			o->detailed = true;
		else if (!run_option(run, option, optarg))
			return run_usage(run, "diff", NULL);
	}
	if (optind < argc)
		return run_usage(run, "diff", "'%s' is not expected",
		    argv[optind]);
	if (o->base && o->against)
		return run_usage(run, "diff", "--base and --against name two "
		    "old sides; there is one");
	return -1;
}

/* base is NULL where the old side is a tree. */
static void
diff_compiled(struct differ *df, const struct diff_options *o,
    struct base *base, struct compilation *c)
{
	struct world world = {0};
	struct side new = {df->run, &c->plan, o->node ? NULL : &world};

	if (o->node)
		df->only = c->plan.node[0].name;
	else
		compile_world(df->run, c, &world);
	if (df->run->format != &diag_formats[0])
		df->files = json_array();
	if (base)
		diff_base(df, base, &new);
	else
		diff_against(df, o->against ? o->against :
		    run_path(df->run, "out"), &new, c);
	json_decref(df->files);
	world_release(&world);
}

int
cmd_diff(struct run *run, int argc, char **argv)
{
	struct differ df = {.run = run};
	struct diff_options o = {0};
	struct base base;
	struct compilation c;
	bool ok = true;
	int status = read_options(run, &o, argc, argv);

	if (status >= 0)
		return status;
	git_libgit2_init();
	if (o.base)
		ok = base_compile(&base, run, o.base);
	if (compile_fleet(run, o.node, &c) && ok)
		diff_compiled(&df, &o, o.base ? &base : NULL, &c);
	if (o.base)
		base_release(&base);
	git_libgit2_shutdown();
	status = run_finish(run, true);
	if (!status && o.detailed && df.changed)
		status = EXIT_DIFFERS;
	if (!run->quiet && !status && !df.changed)
		fprintf(stderr, "%zu nodes compared: no difference\n",
		    c.plan.n);
	compilation_release(&c);
	return status;
}
