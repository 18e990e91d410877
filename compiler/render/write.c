/*
 * The output directory becomes equal to the plan: look at all of it, build
 * the difference, switch. One writer at a time: the directory that holds
 * the output is locked. What a killed run left is cleared by the next.
 */
#include "render/output.h"

#include "base/die.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 600, LOCK_PAUSE_MS = 100 };

bool
output_fail(struct output *out, const char *doing, const char *path)
{
	diag_add(out->diag, FINDING_OUTPUT_WRITE, out->at,
	    "cannot %s '%s': %s", doing, path, strerror(errno));
	return false;
}

const char *
output_path(struct output *out, const char *node, const char *path)
{
	const char *dir = *node ?
	    file_join(out->arena, out->options->out, node) :
	    out->options->out;

	return *path ? file_join(out->arena, dir, path) : dir;
}

const char *
output_stage_name(struct output *out)
{
	return arena_printf(out->arena, ".%s.mailc-new", out->name);
}

static bool
refuse(struct output *out, const char *what)
{
	diag_add(out->diag, FINDING_OUTPUT_WRITE, out->at,
	    "'%s' %s", out->options->out, what);
	return false;
}

/* Where two files or directories of a node would need one name. */
static bool
check_node(struct output *out, const struct planned_node *node)
{
	size_t mark = diag_mark(out->diag);
	size_t i, j;

	if (!node->n || strcmp(node->file[node->n - 1].path, MANIFEST))
		BUG("a plan that is not finished");
	if (!plan_path_ok(node->name) || strchr(node->name, '/'))
		diag_add(out->diag, FINDING_NODE_NAME, ORIGIN_NONE,
		    "'%s' cannot be a directory's name", node->name);
	for (i = 0; i + 1 < node->n; i++) {
		const struct planned_file *file = &node->file[i];
		size_t len = strlen(file->path);

		if (!plan_path_ok(file->path))
			diag_add(out->diag, FINDING_ARTIFACT_PATH, file->at,
			    "'%s' must be a path below the node's directory",
			    file->path);
		/* In order, "a" comes before "a" and "a/b", if not at once. */
		for (j = i + 1; j + 1 < node->n && !strncmp(file->path,
		    node->file[j].path, len); j++) {
			const char *rest = node->file[j].path + len;

			if (!*rest || *rest == '/')
				diag_add(out->diag, FINDING_ARTIFACT_TWICE,
				    node->file[j].at, "'%s' and '%s' cannot "
				    "both be written", file->path,
				    node->file[j].path);
		}
	}
	return diag_mark(out->diag) == mark;
}

static bool
check_plan(struct output *out)
{
	const struct plan *plan = out->plan;
	bool ok = true;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		ok = check_node(out, &plan->node[i]) && ok;
		if (i && !strcmp(plan->node[i - 1].name,
		    plan->node[i].name)) {
			diag_add(out->diag, FINDING_NODE_NAME, ORIGIN_NONE,
			    "'%s' is planned twice", plan->node[i].name);
			ok = false;
		}
	}
	return ok;
}

/* The parent of a path without its last part. */
static const char *
parent_of(struct arena *a, const char *path, const char **name)
{
	size_t len = strlen(path), cut;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (cut = len; cut && path[cut - 1] != '/'; cut--)
		;
	*name = arena_strndup(a, path + cut, len - cut);
	if (!cut)
		return ".";
	while (cut > 1 && path[cut - 1] == '/')
		cut--;
	return arena_strndup(a, path, cut);
}

/* The real path of the output, which need not exist, in .real and .name. */
static bool
resolve(struct output *out, const char **parent)
{
	char real[PATH_MAX], here[PATH_MAX];
	const char *path = out->options->out;
	struct stat st;

	*parent = parent_of(out->arena, path, &out->name);
	if (!*out->name || !strcmp(out->name, ".") || !strcmp(out->name, ".."))
		return refuse(out, "is no directory that can be replaced; "
		    "name one, such as 'out'");
	if (realpath(path, real)) {
		*parent = parent_of(out->arena, arena_strdup(out->arena, real),
		    &out->name);
	} else if (errno != ENOENT) {
		return output_fail(out, "open", path);
	} else if (lstat(path, &st) == 0) {
		return refuse(out, "is a symbolic link to nowhere; remove it");
	} else if (!realpath(*parent, real)) {
		return output_fail(out, "open", *parent);
	} else {
		*parent = arena_strdup(out->arena, real);
	}
	out->real = !strcmp(*parent, "/") ?
	    arena_printf(out->arena, "/%s", out->name) :
	    arena_printf(out->arena, "%s/%s", *parent, out->name);
	if (!*out->name || (getcwd(here, sizeof(here)) &&
	    !strcmp(here, out->real)))
		return refuse(out, "is no directory that can be replaced; "
		    "name one below it, such as 'out'");
	return true;
}

/* A shared lock to compare, an exclusive one to write. */
static bool
lock(struct output *out)
{
	int how = out->options->dry_run ? LOCK_SH : LOCK_EX;
	struct timespec pause = {0, LOCK_PAUSE_MS * 1000L * 1000L};
	int tries;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(out->parent, how | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return output_fail(out, "lock the directory of",
			    out->options->out);
		nanosleep(&pause, NULL);
	}
	return refuse(out, "is being written by another mailc; "
	    "wait until it has ended");
}

static bool
open_output(struct output *out)
{
	const char *parent;

	if (!resolve(out, &parent))
		return false;
	out->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->parent < 0)
		return output_fail(out, "open", parent);
	if (!lock(out))
		return false;
	out->fd = openat(out->parent, out->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out->fd < 0 && errno == ENOTDIR)
		return refuse(out, "is no directory; move it away");
	if (out->fd < 0 && errno != ENOENT)
		return output_fail(out, "open", out->options->out);
	return true;
}

static bool
write_output(struct output *out, struct write_result *result)
{
	if (!check_plan(out) || !open_output(out) ||
	    !output_compare(out, result))
		return false;
	if (out->options->dry_run)
		return true;
	if (tree_remove(out->parent, output_stage_name(out)) < 0)
		return output_fail(out, "remove what a former run left beside",
		    out->options->out);
	return (!result->written && !result->removed) || output_switch(out);
}

bool
plan_write(const struct plan *plan, const struct write_options *options,
    struct arena *a, struct diag *d, struct write_result *result)
{
	struct output out = {.plan = plan, .options = options, .arena = a,
	    .diag = d, .parent = -1, .fd = -1, .scratch = BUF_INIT};
	bool ok;

	*result = (struct write_result){0};
	out.at.source = sources_add(d->sources, options->out, options->out);
	ok = write_output(&out, result);
	if (out.fd >= 0)
		close(out.fd);
	if (out.parent >= 0)
		close(out.parent);
	buf_release(&out.scratch);
	return ok;
}
