/*
 * What of the plan stands already, what must be written, what goes, and what
 * is in the way. Nothing is changed here. A file that is equal costs four
 * system calls; a MANIFEST is parsed only where it differs from the plan's.
 */
#include "render/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 128 * 1024 };

/* A node while it is compared. */
struct look {
	struct output *out;
	struct node_state *node;
	struct dirs dirs;	/* below the node's directory */
	bool listed;		/* the former MANIFEST is the planned one */
	struct manifest former;
	struct write_result *result;
};

static const char *
type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFREG:
		return "a file";
	default:
		return "a special file";
	}
}

static bool
foreign(struct look *look, struct origin at, const char *path, mode_t mode,
    const char *wanted)
{
	diag_add(look->out->diag, FINDING_OUTPUT_FOREIGN, at,
	    "'%s' is %s where %s belongs; move it away",
	    output_path(look->out, look->node->name, path), type_name(mode),
	    wanted);
	return false;
}

/* Something on the way to path is no directory. */
static bool
blocked(struct look *look, const char *path, struct origin at)
{
	struct dirs *dirs = &look->dirs;
	int above = dirs->n ? dirs->fd[dirs->n - 1] : dirs->root;
	size_t from = dirs->path.len ? dirs->path.len + 1 : 0;
	const char *end = strchr(path + from, '/');
	const char *part = arena_strndup(look->out->arena, path,
	    (size_t)(end - path));
	struct stat st;

	if (fstatat(above, part + from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return output_fail(look->out, "look at",
		    output_path(look->out, look->node->name, part));
	/* A file of ours goes when a directory takes its place. */
	if (S_ISREG(st.st_mode) && manifest_lists(&look->former, part))
		return true;
	return foreign(look, at, part, st.st_mode, "a directory");
}

/* Find a file; *absent where there is none. False: reported. */
static bool
find(struct look *look, const char *path, struct origin at, int *dir,
    struct stat *st, bool *absent)
{
	*absent = true;
	*dir = dirs_open(&look->dirs, path_dir(path));
	if (*dir < 0 && errno == ENOTDIR)
		return blocked(look, path, at);
	if (*dir < 0 && errno == ENOENT)
		return true;
	if (*dir >= 0 && fstatat(*dir, path_name(path), st,
	    AT_SYMLINK_NOFOLLOW) == 0) {
		*absent = false;
		return true;
	}
	if (*dir >= 0 && errno == ENOENT)
		return true;
	return output_fail(look->out, "look at",
	    output_path(look->out, look->node->name, path));
}

/* What we may not read is no error: it differs from anything planned. */
static bool
open_file(struct look *look, int dir, const char *path, int *fd)
{
	*fd = openat(dir, path_name(path),
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return *fd >= 0 || errno == EACCES || errno == ENOENT ||
	    errno == ELOOP || output_fail(look->out, "read",
	    output_path(look->out, look->node->name, path));
}

/* Up to size bytes into the scratch buffer: a regular file gives all it has. */
static bool
read_block(struct look *look, int fd, const char *path, size_t size)
{
	struct buf *b = &look->out->scratch;
	ssize_t got;

	buf_clear(b);
	buf_grow(b, size);
	do {
		got = read(fd, b->s, size);
		if (got < 0 && errno != EINTR)
			return output_fail(look->out, "read",
			    output_path(look->out, look->node->name, path));
	} while (got < 0);
	b->len = (size_t)got;
	return true;
}

static bool
same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->s, b->s, a->len);
}

/* Block by block: a large table is in memory once. False: reported. */
static bool
compare_content(struct look *look, int dir, const struct planned_file *file,
    bool *same)
{
	const struct buf *now = &look->out->scratch;
	const struct buf *then = &file->content;
	size_t at = 0;
	bool ok;
	int fd;

	if (!open_file(look, dir, file->path, &fd))
		return false;
	if (fd < 0)
		return true;
	do {
		ok = read_block(look, fd, file->path, BLOCK);
		*same = ok && now->len <= then->len - at &&
		    !memcmp(now->s, then->s + at, now->len);
		at += now->len;
	} while (*same && now->len == BLOCK);
	*same = *same && at == then->len;
	close(fd);
	return ok;
}

/* Set *equal; false: reported. */
static bool
compare_file(struct look *look, const struct planned_file *file, bool *equal)
{
	struct stat st;
	bool absent, same = false;
	int dir;

	if (!find(look, file->path, file->at, &dir, &st, &absent))
		return false;
	if (absent)
		return true;
	if (!S_ISREG(st.st_mode))
		return foreign(look, file->at, file->path, st.st_mode,
		    "an artifact");
	if ((uintmax_t)st.st_size == file->content.len &&
	    !compare_content(look, dir, file, &same))
		return false;
	*equal = same && (st.st_mode & 07777) == file->mode;
	if (same || look->listed || manifest_lists(&look->former, file->path))
		return true;
	diag_add(look->out->diag, FINDING_OUTPUT_FOREIGN, file->at,
	    "'%s' is not of mailc's making and differs from the artifact; "
	    "move it away",
	    output_path(look->out, look->node->name, file->path));
	return false;
}

/* The former MANIFEST: the planned one, another, or none. */
static bool
read_manifest(struct look *look, const struct planned_file *planned,
    bool *found)
{
	struct output *out = look->out;
	struct origin at = planned ? planned->at : out->at;
	size_t limit = MANIFEST_LARGEST;
	struct stat st;
	bool absent, ok = true;
	int dir, fd;

	*found = false;
	if (!find(look, MANIFEST, at, &dir, &st, &absent))
		return false;
	if (absent)
		return true;
	if (!S_ISREG(st.st_mode))
		return foreign(look, at, MANIFEST, st.st_mode, "a MANIFEST");
	if (st.st_size < MANIFEST_LARGEST)
		limit = (size_t)st.st_size + 1;
	if (!open_file(look, dir, MANIFEST, &fd))
		return false;
	buf_clear(&out->scratch);
	if (fd >= 0) {
		ok = read_block(look, fd, MANIFEST, limit);
		close(fd);
	}
	if (!ok)
		return false;
	*found = true;
	if (planned && same_bytes(&out->scratch, &planned->content)) {
		look->listed = true;
		look->node->equal[look->node->plan->n - 1] =
		    (st.st_mode & 07777) == planned->mode;
		return true;
	}
	return manifest_parse(&look->former,
	    (struct str){out->scratch.s, out->scratch.len},
	    output_path(out, look->node->name, MANIFEST), out->arena,
	    out->diag);
}

static int
path_of_file(const void *key, const void *element)
{
	return strcmp(key, ((const struct planned_file *)element)->path);
}

static bool
is_planned(const struct node_state *node, const char *path)
{
	return node->plan && node->plan->n && bsearch(path, node->plan->file,
	    node->plan->n - 1, sizeof(*node->plan->file), path_of_file);
}

bool
node_knows(const struct node_state *node, const char *path)
{
	if (!strcmp(path, MANIFEST))
		return node->plan || node->goes;
	return is_planned(node, path) || manifest_lists(&node->left, path);
}

/* What the former MANIFEST lists, the plan does not and still stands. */
static bool
find_left(struct look *look)
{
	struct manifest *left = &look->node->left;
	bool ok = true;
	size_t i;

	left->path = ARENA_ARRAY(look->out->arena, const char *,
	    look->former.n + 1);
	for (i = 0; i < look->former.n; i++) {
		const char *path = look->former.path[i];
		struct stat st;
		int dir;

		if (is_planned(look->node, path))
			continue;
		dir = dirs_open(&look->dirs, path_dir(path));
		if (dir >= 0 && fstatat(dir, path_name(path), &st,
		    AT_SYMLINK_NOFOLLOW) == 0) {
			/* What is no file any more is somebody else's. */
			if (S_ISREG(st.st_mode))
				left->path[left->n++] = path;
		} else if (errno != ENOENT && errno != ENOTDIR) {
			ok = output_fail(look->out, "look at", output_path(
			    look->out, look->node->name, path));
		}
	}
	look->result->removed += left->n;
	return ok;
}

static bool
compare_files(struct look *look)
{
	struct node_state *node = look->node;
	const struct planned_node *plan = node->plan;
	bool ok = true, found;
	size_t i;

	if (!read_manifest(look, plan ? &plan->file[plan->n - 1] : NULL,
	    &found))
		return false;
	for (i = 0; plan && i + 1 < plan->n; i++)
		ok = compare_file(look, &plan->file[i], &node->equal[i]) &&
		    ok;
	if (found && !look->listed)
		ok = find_left(look) && ok;
	node->goes = found && !plan;
	look->result->removed += node->goes;
	return ok;
}

/* Compare one node; plan NULL: all that its MANIFEST lists goes. */
static bool
compare_node(struct output *out, struct node_state *node,
    struct write_result *result)
{
	struct look look = {.out = out, .node = node, .result = result};
	size_t i, n = node->plan ? node->plan->n : 0;
	int fd = -1;
	bool ok = true;
	struct stat st;

	node->equal = ARENA_ARRAY(out->arena, bool, n);
	if (out->fd >= 0)
		fd = openat(out->fd, node->name,
		    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out->fd >= 0 && fd < 0 && errno == ENOTDIR &&
	    fstatat(out->fd, node->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return foreign(&look, out->at, "", st.st_mode,
		    "a node's directory");
	if (out->fd >= 0 && fd < 0 && errno != ENOENT)
		return output_fail(out, "open", output_path(out, node->name,
		    ""));
	if (fd >= 0) {
		node->exists = true;
		dirs_init(&look.dirs, fd, O_PATH);
		ok = compare_files(&look);
		dirs_release(&look.dirs);
		close(fd);
	}
	for (i = 0; i < n; i++) {
		result->equal += node->equal[i];
		result->written += !node->equal[i];
		node->changed |= !node->equal[i];
	}
	node->changed |= node->goes || node->left.n;
	return ok;
}

static void
add_node(struct output *out, const char *name, size_t *cap)
{
	if (out->n == *cap) {
		struct node_state *more;

		*cap = *cap * 2 + 16;
		more = ARENA_ARRAY(out->arena, struct node_state, *cap);
		if (out->n)
			memcpy(more, out->node, out->n * sizeof(*more));
		out->node = more;
	}
	out->node[out->n++] = (struct node_state){
	    .name = arena_strdup(out->arena, name)};
}

/* Whether a name of the output is a directory with a MANIFEST. */
static bool
has_manifest(struct output *out, const char *name)
{
	int fd = openat(out->fd, name,
	    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool has, missing;

	if (fd < 0)
		return errno != ENOTDIR && errno != ELOOP &&
		    output_fail(out, "open", output_path(out, name, ""));
	has = fstatat(fd, MANIFEST, &st, AT_SYMLINK_NOFOLLOW) == 0;
	missing = !has && errno == ENOENT;
	if (!has && !missing)
		output_fail(out, "look at", output_path(out, name, MANIFEST));
	close(fd);
	return has && S_ISREG(st.st_mode);
}

/* Directories with a MANIFEST that are no node of the plan any more. */
static void
add_gone_nodes(struct output *out, size_t *cap)
{
	int fd = openat(out->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		output_fail(out, "list", out->options->out);
		if (fd >= 0)
			close(fd);
		return;
	}
	while (errno = 0, (entry = readdir(d))) {
		const char *name = entry->d_name;

		if ((entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
		    !strcmp(name, ".") || !strcmp(name, "..") ||
		    plan_node(out->plan, name))
			continue;
		if (has_manifest(out, name))
			add_node(out, name, cap);
	}
	if (errno)
		output_fail(out, "list", out->options->out);
	closedir(d);
}

static int
by_name(const void *a, const void *b)
{
	const struct node_state *x = a, *y = b;

	return strcmp(x->name, y->name);
}

bool
output_compare(struct output *out, struct write_result *result)
{
	size_t mark = diag_mark(out->diag);
	size_t i, cap = out->plan->n;

	out->n = out->plan->n;
	out->node = ARENA_ARRAY(out->arena, struct node_state, cap);
	for (i = 0; i < out->n; i++) {
		out->node[i].name = out->plan->node[i].name;
		out->node[i].plan = &out->plan->node[i];
	}
	if (out->options->whole_fleet && out->fd >= 0)
		add_gone_nodes(out, &cap);
	if (out->n)
		qsort(out->node, out->n, sizeof(*out->node), by_name);
	for (i = 0; i < out->n; i++)
		compare_node(out, &out->node[i], result);
	return diag_mark(out->diag) == mark;
}
