/*
 * Trees of files as a plan. They may be anybody's: each step is taken from an
 * open directory and none through a link that leaves the tree, what is no
 * regular file or has a name that no plan can have is left out, and there is
 * an end to what is read. Paths are collected first and read in byte order.
 */
#include "render/plan_read.h"

#include "base/die.h"
#include "base/file.h"
#include "render/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_LARGEST ((size_t)1 << 30)
#define TREE_LARGEST ((size_t)1 << 31)

enum {
	ENTRIES_MOST = 20 * 1000,	/* of one node */
	OPEN_FILE = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	OPEN_DIR = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
};

struct paths {
	const char **path;
	size_t n, cap;
};

struct reading {
	struct arena *arena;
	struct diag *diag;
	struct planned_node *node;
	const char *shown;	/* the node's directory in messages */
	const char *below;	/* of paths in the plan, not on disk; or "" */
	bool host;		/* foreign: links inside lead somewhere */
	struct dirs dirs;	/* below the node's directory */
	struct paths paths;
	size_t entries;		/* names that were listed */
	size_t left;		/* bytes that may still be read */
	bool ok;
};

static void
fail(struct reading *r, const char *path, const char *why)
{
	diag_add(r->diag, FINDING_FILE_UNREADABLE, ORIGIN_NONE, "%s %s",
	    *path ? file_join(r->arena, r->shown, path) : r->shown, why);
	r->ok = false;
}

static void
fail_errno(struct reading *r, const char *path)
{
	fail(r, path, errno == ELOOP ? "is a symbolic link; put the file "
	    "itself there" : file_error_text(FILE_UNREADABLE));
}

static void
add_path(struct paths *p, const char *path)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 32;
		p->path = xrealloc(p->path,
		    mul_or_die(p->cap, sizeof(*p->path)));
	}
	p->path[p->n++] = path;
}

/* A path as if the node's directory were "/". */
static int
open_in_root(const struct reading *r, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned)flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, r->dirs.root, path, &how,
	    sizeof(how));
}

/* A directory to list. */
static int
open_dir(struct reading *r, const char *path)
{
	int dir = dirs_open(&r->dirs, str_of(path));

	if (dir < 0 && r->host && errno == ENOTDIR)
		return open_in_root(r, path, OPEN_DIR);
	return dir < 0 ? -1 : openat(dir, ".", OPEN_DIR);
}

static int
open_file(struct reading *r, const char *path)
{
	int dir = dirs_open(&r->dirs, path_dir(path));
	int fd = dir < 0 ? -1 : openat(dir, path_name(path),
	    OPEN_FILE | O_NOFOLLOW);

	if (fd < 0 && r->host && (errno == ELOOP || errno == ENOTDIR))
		fd = open_in_root(r, path, OPEN_FILE);
	return fd;
}

/* False: there is no such file, or it cannot be read (reported). */
static bool
read_file(struct reading *r, const char *path, size_t limit,
    struct planned_file *file)
{
	const char *shown = file_join(r->arena, r->shown, path);
	enum file_error why;
	int fd = open_file(r, path);

	*file = (struct planned_file){.content = BUF_INIT,
	    .path = file_join(r->arena, r->below, path)};
	if (fd < 0) {
		if (errno != ENOENT)
			fail_errno(r, path);
		return false;
	}
	why = file_read_fd(fd, limit < r->left ? limit : r->left,
	    &file->content, &file->mode);
	if (why != FILE_OK) {
		fail(r, path, file_error_text(why));
		buf_release(&file->content);
		return false;
	}
	r->left -= file->content.len;
	file->at.source = sources_add(r->diag->sources, shown, shown);
	return true;
}

static void
add_file(struct reading *r, const struct planned_file *file)
{
	*plan_add_file(r->node, file->path, file->mode) = *file;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All paths that were collected, each once. */
static void
read_files(struct reading *r)
{
	const struct paths *p = &r->paths;
	struct planned_file file;
	size_t i;

	if (p->n)
		qsort(p->path, p->n, sizeof(*p->path), by_path);
	for (i = 0; i < p->n; i++)
		if ((!i || strcmp(p->path[i - 1], p->path[i])) &&
		    read_file(r, p->path[i], FILE_LARGEST, &file))
			add_file(r, &file);
}

/* What a host needs for itself, or made from a text that we read. */
static bool
is_left_out(const struct reading *r, const char *path)
{
	struct str s = str_of(path);

	return r->host && (str_eq(s, STR("etc/dovecot/private")) ||
	    str_ends(s, STR(".db")) || str_ends(s, STR(".cdb")) ||
	    str_ends(s, STR(".lmdb")));
}

static void collect(struct reading *r, int fd, const char *path);

/* A link leads to a file or is left out: directories could go in circles. */
static void
collect_link(struct reading *r, const char *path)
{
	int fd = r->host ? open_in_root(r, path, O_PATH | O_CLOEXEC) : -1;
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		add_path(&r->paths, path);
	close(fd);
}

static void
collect_entry(struct reading *r, int dir, const char *name, const char *path)
{
	struct stat st;

	if (!plan_path_ok(file_join(r->arena, r->below, path)) ||
	    is_left_out(r, path))
		return;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			fail_errno(r, path);
	} else if (S_ISREG(st.st_mode)) {
		add_path(&r->paths, path);
	} else if (S_ISLNK(st.st_mode)) {
		collect_link(r, path);
	} else if (S_ISDIR(st.st_mode)) {
		collect(r, openat(dir, name, OPEN_DIR | O_NOFOLLOW), path);
	}
}

/* Every file of an open directory, which is closed; fd -1: it cannot be. */
static void
collect(struct reading *r, int fd, const char *path)
{
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		fail_errno(r, path);
		if (fd >= 0)
			close(fd);
		return;
	}
	while (errno = 0, r->entries < ENTRIES_MOST && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		if (++r->entries == ENTRIES_MOST)
			fail(r, "", "holds too many files");
		collect_entry(r, dirfd(d), entry->d_name,
		    file_join(r->arena, path, entry->d_name));
	}
	if (errno && r->entries < ENTRIES_MOST)
		fail_errno(r, path);
	closedir(d);
}

/* Collect what a MANIFEST lists; false: there is none to go by. */
static bool
collect_listed(struct reading *r, const struct planned_file *file)
{
	const char *shown = file_join(r->arena, r->shown, MANIFEST);
	struct manifest manifest;
	size_t i;

	if (!manifest_parse(&manifest, (struct str){file->content.s,
	    file->content.len}, shown, r->arena, r->diag)) {
		r->ok = false;
		return false;
	}
	for (i = 0; i < manifest.n; i++)
		add_path(&r->paths, manifest.path[i]);
	return true;
}

static void
read_node(struct reading *r, bool all, const struct planned_node *beside)
{
	struct planned_file manifest;
	bool listed = false;
	size_t i;

	if (read_file(r, MANIFEST, MANIFEST_LARGEST, &manifest)) {
		listed = collect_listed(r, &manifest);
		if (!listed)
			buf_release(&manifest.content);
	}
	for (i = 0; beside && i < beside->n; i++)
		if (strcmp(beside->file[i].path, MANIFEST))
			add_path(&r->paths, beside->file[i].path);
	if (all && !listed)
		collect(r, open_dir(r, ""), "");
	read_files(r);
	if (listed)
		add_file(r, &manifest);
}

/* One directory of the tree; what is no directory is no node. */
static void
read_named(struct reading *r, struct plan *plan, const struct plan_tree *tree,
    int root, const char *name)
{
	const struct planned_node *beside = tree->beside ?
	    plan_node(tree->beside, name) : NULL;
	int fd = openat(root, name, OPEN_DIR | O_NOFOLLOW);

	r->shown = file_join(r->arena, tree->dir, name);
	if (fd < 0) {
		if (beside || (errno != ENOTDIR && errno != ELOOP))
			fail_errno(r, "");
		return;
	}
	r->node = plan_add(plan, name);
	r->paths.n = r->entries = 0;
	dirs_init(&r->dirs, fd, O_RDONLY);
	read_node(r, !tree->beside, beside);
	dirs_release(&r->dirs);
	close(fd);
	if (!r->node->n)
		plan->n--;
}

bool
plan_read_tree(struct plan *plan, const struct plan_tree *tree,
    struct arena *a, struct diag *d)
{
	struct reading r = {.arena = a, .diag = d, .shown = tree->dir,
		.below = "", .left = TREE_LARGEST, .ok = true};
	int root = open(tree->dir, OPEN_DIR);
	char **name = root < 0 ? NULL : file_list(a, tree->dir);

	if (!name && errno != ENOENT)
		fail_errno(&r, "");
	for (; name && *name; name++)
		if (**name != '.' && plan_path_ok(*name) &&
		    (!tree->node || !strcmp(*name, tree->node)))
			read_named(&r, plan, tree, root, *name);
	if (root >= 0)
		close(root);
	free(r.paths.path);
	return r.ok;
}

static void
collect_host(struct reading *r)
{
	static const char *const dirs[] = {
		"etc/dovecot", "etc/postfix", "etc/postsrsd", "etc/rspamd",
	};
	static const char *const files[] = {
		"etc/aliases", "etc/default/postsrsd", "etc/group",
		"etc/mailname", "etc/nsswitch.conf", "etc/passwd",
		"etc/postsrsd.conf",
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		fd = open_dir(r, dirs[i]);
		if (fd >= 0 || errno != ENOENT)
			collect(r, fd, dirs[i]);
	}
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		add_path(&r->paths, files[i]);
}

/* Collect the file of a table that a file names, as "hash:/var/lib/x". */
static void
collect_table(struct reading *r, struct str name)
{
	char *path = arena_strndup(r->arena, name.s, name.len);
	size_t i;

	if (!plan_path_ok(path) || is_left_out(r, path))
		return;
	for (i = 0; i < r->node->n; i++)
		if (!strcmp(r->node->file[i].path, path))
			return;
	collect_link(r, path);
}

/*
 * Tables may stand anywhere on a host: main.cf says where, and aliases(5)
 * names files of more addresses as ":include:/path".
 */
static void
collect_tables(struct reading *r, const struct planned_file *file)
{
	struct str text = {file->content.s, file->content.len};
	size_t i = 0, end;

	while (i + 1 < text.len) {
		if (text.s[i] != ':' || text.s[i + 1] != '/') {
			i++;
			continue;
		}
		i += 2;
		for (end = i; end < text.len &&
		    !strchr(" \t\r\n,}", text.s[end]); end++)
			;
		collect_table(r, (struct str){text.s + i, end - i});
		i = end;
	}
}

static int
file_by_path(const void *a, const void *b)
{
	const struct planned_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static void
read_tables(struct reading *r)
{
	size_t i, n = r->node->n;

	r->paths.n = 0;
	for (i = 0; i < n; i++)
		if (!strcmp(r->node->file[i].path, "etc/postfix/main.cf") ||
		    !strcmp(r->node->file[i].path, "etc/postfix/master.cf") ||
		    !strcmp(r->node->file[i].path, "etc/aliases"))
			collect_tables(r, &r->node->file[i]);
	read_files(r);
	if (r->node->n)
		qsort(r->node->file, r->node->n, sizeof(*r->node->file),
		    file_by_path);
}

/* ROOT as the host's "/", or as its /etc/postfix. */
static void
read_root(struct reading *r)
{
	struct stat st;

	if (fstatat(r->dirs.root, "etc/postfix", &st, 0) == 0 ||
	    fstatat(r->dirs.root, "main.cf", &st, 0) < 0) {
		collect_host(r);
		read_files(r);
		read_tables(r);
		return;
	}
	r->below = "etc/postfix";
	collect(r, open_dir(r, ""), "");
	read_files(r);
}

bool
plan_read_host(struct plan *plan, const char *root, const char *name,
    struct arena *a, struct diag *d)
{
	struct reading r = {.arena = a, .diag = d, .shown = root, .below = "",
		.host = true, .left = TREE_LARGEST, .ok = true};
	int fd = open(root, OPEN_DIR);

	r.node = plan_add(plan, name);
	if (fd < 0) {
		fail_errno(&r, "");
		return false;
	}
	dirs_init(&r.dirs, fd, O_RDONLY);
	read_root(&r);
	if (!r.node->n && r.ok)
		fail(&r, "", "holds neither etc/postfix nor main.cf");
	dirs_release(&r.dirs);
	close(fd);
	free(r.paths.path);
	return r.ok;
}
