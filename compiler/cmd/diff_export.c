/*
 * A tree of git's object store as files. The repository may be anybody's:
 * names are taken one by one into directories that were opened without a
 * link, links that would lead out are cut, and there is an end to what is
 * written.
 */
#include "cmd/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ENTRIES_MOST = 1000 * 1000,
	DEPTH_MOST = 60,
};

/* No file has this name, so whoever needs the link says that it is dead. */
#define NOWHERE_LINK ".not-in-the-repository"

bool
export_fail(struct export *ex, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	diag_add(&ex->run->diag, FINDING_BASE_REVISION, ORIGIN_NONE,
	    "--base %s: %s", ex->revision, b.s);
	buf_release(&b);
	return false;
}

bool
export_fail_git(struct export *ex, const char *what)
{
	const git_error *error = git_error_last();

	return export_fail(ex, "%s: %s", what,
	    error ? error->message : "git does not say why");
}

static bool
fail_errno(struct export *ex)
{
	return export_fail(ex, "cannot write %s in TMPDIR: %s", ex->path.s,
	    strerror(errno));
}

static bool
write_all(int fd, const char *s, size_t len)
{
	while (len) {
		ssize_t done = write(fd, s, len);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			s += done;
			len -= (size_t)done;
		}
	}
	return true;
}

static bool
write_file(struct export *ex, int dir, const char *name, struct str bytes)
{
	int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return errno == EEXIST || fail_errno(ex);
	ok = write_all(fd, bytes.s, bytes.len);
	if (close(fd) < 0 || !ok)
		return fail_errno(ex);
	return true;
}

/*
 * How many directories a link goes up before it goes down, or more than any
 * has: ".." may stand only in front, where directories and no links are left,
 * so that no chain of links leads out.
 */
static size_t
goes_up(struct str target)
{
	size_t up = 0;
	bool down = false;

	if (!target.len || *target.s == '/' || target.len >= PATH_MAX ||
	    memchr(target.s, '\0', target.len))
		return DEPTH_MOST + 1;
	while (target.len) {
		size_t len = str_find(target, '/');
		struct str part = {target.s, len};

		if (str_eq(part, STR(".."))) {
			if (down)
				return DEPTH_MOST + 1;
			up++;
		} else if (len && !str_eq(part, STR("."))) {
			down = true;
		}
		len += len < target.len;
		target.s += len;
		target.len -= len;
	}
	return up;
}

static bool
write_link(struct export *ex, int dir, const char *name, struct str target)
{
	size_t up = goes_up(target);
	char to[PATH_MAX] = NOWHERE_LINK;

	if (up <= ex->depth) {
		memcpy(to, target.s, target.len);
		to[target.len] = '\0';
		ex->leaves |= up > ex->depth - ex->inside;
	}
	return symlinkat(to, dir, name) == 0 || errno == EEXIST ||
	    fail_errno(ex);
}

static bool
export_blob(struct export *ex, const git_tree_entry *entry, int dir)
{
	const char *name = git_tree_entry_name(entry);
	struct str bytes;
	git_blob *blob;
	bool ok;

	if (git_blob_lookup(&blob, ex->repository,
	    git_tree_entry_id(entry)) < 0)
		return export_fail_git(ex, ex->path.s);
	bytes = (struct str){git_blob_rawcontent(blob),
	    (size_t)git_blob_rawsize(blob)};
	if (bytes.len > ex->left)
		ok = export_fail(ex, "the tree is too large");
	else if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK)
		ok = write_link(ex, dir, name, bytes);
	else
		ok = write_file(ex, dir, name, bytes);
	ex->left -= ok ? bytes.len : 0;
	git_blob_free(blob);
	return ok;
}

/* Into a directory of that name, which is made unless it stands. */
static bool
export_below(struct export *ex, const git_tree *tree, int dir,
    const char *name)
{
	bool ok;
	int fd;

	if (ex->depth == DEPTH_MOST)
		return export_fail(ex, "%s is too deep", ex->path.s);
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return fail_errno(ex);
	fd = openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(ex);
	ex->depth++;
	ok = export_tree(ex, tree, fd);
	ex->depth--;
	close(fd);
	return ok;
}

static bool
export_directory(struct export *ex, const git_tree_entry *entry, int dir)
{
	git_tree *tree;
	bool ok;

	if (git_tree_lookup(&tree, ex->repository,
	    git_tree_entry_id(entry)) < 0)
		return export_fail_git(ex, ex->path.s);
	ok = export_below(ex, tree, dir, git_tree_entry_name(entry));
	git_tree_free(tree);
	return ok;
}

/* The tree of the commit that a submodule was at, or NULL. */
static git_tree *
submodule_tree(struct export *ex, const git_oid *id, git_repository **inner)
{
	git_submodule *module = NULL;
	git_commit *commit = NULL;
	git_tree *tree = NULL;

	if (git_submodule_lookup(&module, ex->repository, ex->path.s) < 0 ||
	    git_submodule_open(inner, module) < 0 ||
	    git_commit_lookup(&commit, *inner, id) < 0 ||
	    git_commit_tree(&tree, commit) < 0)
		tree = NULL;
	git_commit_free(commit);
	git_submodule_free(module);
	return tree;
}

/* Most are modules without mail's data: one that is not there is no error. */
static bool
export_submodule(struct export *ex, const git_tree_entry *entry, int dir)
{
	const char *name = git_tree_entry_name(entry);
	git_repository *outer = ex->repository, *inner = NULL;
	git_tree *tree = submodule_tree(ex, git_tree_entry_id(entry), &inner);
	struct buf path = ex->path;
	bool ok;

	if (tree) {
		ex->repository = inner;
		ex->path = BUF_INIT;
		ok = export_below(ex, tree, dir, name);
		buf_release(&ex->path);
		ex->path = path;
		ex->repository = outer;
	} else {
		ok = symlinkat(NOWHERE_LINK, dir, name) == 0 ||
		    errno == EEXIST || fail_errno(ex);
	}
	git_tree_free(tree);
	git_repository_free(inner);
	return ok;
}

static bool
export_entry(struct export *ex, const git_tree_entry *entry, int dir)
{
	const char *name = git_tree_entry_name(entry);

	/* Names that git never writes, but that a hostile object may hold. */
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") ||
	    strchr(name, '/'))
		return export_fail(ex, "'%s' is no name", name);
	if (ex->entries++ == ENTRIES_MOST)
		return export_fail(ex, "the tree has too many files");
	switch (git_tree_entry_filemode(entry)) {
	case GIT_FILEMODE_TREE:
		return export_directory(ex, entry, dir);
	case GIT_FILEMODE_COMMIT:
		return export_submodule(ex, entry, dir);
	case GIT_FILEMODE_BLOB:
	case GIT_FILEMODE_BLOB_EXECUTABLE:
	case GIT_FILEMODE_LINK:
		return export_blob(ex, entry, dir);
	case GIT_FILEMODE_UNREADABLE:
		break;
	}
	return export_fail(ex, "%s is nothing that git knows", ex->path.s);
}

bool
export_tree(struct export *ex, const git_tree *tree, int dir)
{
	size_t base = ex->path.len, i;
	bool ok = true;

	for (i = 0; ok && i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);

		if (base)
			buf_addch(&ex->path, '/');
		buf_addstr(&ex->path, git_tree_entry_name(entry));
		ok = export_entry(ex, entry, dir);
		ex->path.len = base;
		ex->path.s[base] = '\0';
	}
	return ok;
}
