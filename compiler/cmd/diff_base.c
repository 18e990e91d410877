/*
 * The fleet as a revision has it. The environment's part of the revision's
 * tree is written to a private directory and compiled there as any other
 * environment: its files, and not the work tree's, are what is read, and
 * neither work tree nor index nor any ref is touched.
 */
#include "cmd/diff.h"

#include "base/file.h"
#include "render/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MOST ((size_t)1 << 31)

struct past {
	struct base *base;
	struct export ex;
	struct scratch scratch;
	const char *environment;	/* real path, in the work tree */
	const char *inside;		/* the same, below the repository */
	git_tree *tree;			/* of the revision */
};

/* The environment as a path below the repository, "" for all of it. */
static bool
find_repository(struct past *p)
{
	struct arena *a = &p->ex.run->arena;
	char real[PATH_MAX], work[PATH_MAX];
	const char *dir;
	size_t len;

	if (!realpath(p->ex.run->environment, real))
		return export_fail(&p->ex, "cannot open '%s': %s",
		    p->ex.run->environment, strerror(errno));
	p->environment = arena_strdup(a, real);
	/* Whoever it belongs to: nothing in it is run. */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (git_repository_open_ext(&p->ex.repository, real,
	    GIT_REPOSITORY_OPEN_CROSS_FS, NULL) < 0)
		return export_fail_git(&p->ex, "no repository");
	dir = git_repository_workdir(p->ex.repository);
	if (!dir)
		return export_fail(&p->ex, "'%s' is inside of a bare "
		    "repository, which has no work tree; make one with git "
		    "worktree add", p->ex.run->environment);
	if (!realpath(dir, work))
		return export_fail(&p->ex, "cannot open '%s': %s", dir,
		    strerror(errno));
	len = strcmp(work, "/") ? strlen(work) : 0;
	if (strncmp(real, work, len) || (real[len] && real[len] != '/'))
		return export_fail(&p->ex, "'%s' is not in the work tree '%s'",
		    p->ex.run->environment, work);
	p->inside = p->environment + len + (real[len] == '/');
	return true;
}

static bool
find_tree(struct past *p)
{
	git_object *object, *tree;
	bool ok;

	if (git_revparse_single(&object, p->ex.repository,
	    p->ex.revision) < 0)
		return export_fail_git(&p->ex, "no such revision");
	ok = git_object_peel(&tree, object, GIT_OBJECT_TREE) == 0;
	git_object_free(object);
	if (!ok)
		return export_fail_git(&p->ex, "no tree of files");
	p->tree = (git_tree *)tree;
	return true;
}

/* A directory below the scratch directory, made with those above it; -1. */
static int
make_below(const struct past *p, const char *path)
{
	int root = open(p->scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir, fd, saved;
	struct dirs dirs;

	if (root < 0)
		return -1;
	dirs_init(&dirs, root, O_RDONLY);
	dir = dirs_make(&dirs, str_of(path));
	fd = dir < 0 ? -1 : openat(dir, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	saved = errno;
	dirs_release(&dirs);
	close(root);
	errno = saved;
	return fd;
}

/* The tree of a directory of the revision; NULL: it has none (reported). */
static git_tree *
tree_of(struct past *p, const char *path)
{
	git_tree_entry *entry;
	git_tree *tree = NULL;

	if (!*path) {
		git_tree_dup(&tree, p->tree);
		return tree;
	}
	if (git_tree_entry_bypath(&entry, p->tree, path) < 0) {
		export_fail(&p->ex, "there is no directory '%s' in it", path);
		return NULL;
	}
	if (git_tree_lookup(&tree, p->ex.repository,
	    git_tree_entry_id(entry)) < 0) {
		tree = NULL;
		export_fail(&p->ex, "'%s' is no directory in it", path);
	}
	git_tree_entry_free(entry);
	return tree;
}

/* Write a directory of the revision, which has its own depth. */
static bool
write_directory(struct past *p, const char *path)
{
	git_tree *tree = tree_of(p, path);
	bool ok = false;
	const char *s;
	int dir;

	if (!tree)
		return false;
	p->ex.depth = *path != '\0';
	for (s = path; *s; s++)
		p->ex.depth += *s == '/';
	p->ex.inside = p->ex.depth;
	buf_clear(&p->ex.path);
	buf_addstr(&p->ex.path, path);
	dir = make_below(p, path);
	if (dir < 0)
		export_fail(&p->ex, "cannot write to '%s': %s",
		    p->scratch.path, strerror(errno));
	else
		ok = export_tree(&p->ex, tree, dir);
	if (dir >= 0)
		close(dir);
	git_tree_free(tree);
	return ok;
}

/* Whether Hiera is sent to a directory above the environment. */
static bool
names_above(struct past *p, const char *environment)
{
	static const char *const file[] = {"hiera.yaml", "environment.conf"};
	struct buf b = BUF_INIT;
	bool found = false;
	size_t i;

	for (i = 0; i < sizeof(file) / sizeof(*file); i++) {
		buf_clear(&b);
		if (file_read(file_join(&p->ex.run->arena, environment,
		    file[i]), 1 << 20, &b) == FILE_OK)
			found |= strstr(b.s, "../") != NULL;
	}
	buf_release(&b);
	return found;
}

/* A link to the present, unless the revision has something of that name. */
static bool
link_present(struct past *p, const char *environment, const char *path)
{
	struct arena *a = &p->ex.run->arena;
	const char *to = file_join(a, p->environment, path);
	const char *from = file_join(a, environment, path);

	return access(to, F_OK) < 0 || symlink(to, from) == 0 ||
	    errno == EEXIST || export_fail(&p->ex, "cannot link '%s': %s",
	    from, strerror(errno));
}

/* What git ignores is in no revision: `mailc fetch` wrote it, for example. */
static bool
link_ignored(struct past *p, const char *environment, const char *dir)
{
	struct arena *a = &p->ex.run->arena;
	char **name = file_list(a, file_join(a, p->environment, dir));
	bool ok = true;

	for (; ok && name && *name; name++) {
		const char *path = file_join(a, dir, *name);
		int ignored = 0, fd;

		git_ignore_path_is_ignored(&ignored, p->ex.repository,
		    file_join(a, p->inside, path));
		if (!ignored)
			continue;
		fd = make_below(p, file_join(a, p->inside, dir));
		if (fd < 0)
			continue;
		close(fd);
		ok = link_present(p, environment, path);
	}
	return ok;
}

/* What is not the revision's own comes from the present environment. */
static bool
complete(struct past *p, const char *environment)
{
	static const char *const fetched[] = {
		"data/certs", "data/facts", "data/ldap", "data/puppetdb",
	};
	size_t i;

	if (!link_present(p, environment, "roles") ||
	    !link_present(p, environment, "templates"))
		return false;
	for (i = 0; i < sizeof(fetched) / sizeof(*fetched); i++)
		if (!link_ignored(p, environment, fetched[i]))
			return false;
	return true;
}

static bool
write_environment(struct past *p)
{
	const char *environment = file_join(&p->ex.run->arena,
	    p->scratch.path, p->inside);

	if (!write_directory(p, p->inside))
		return false;
	if (*p->inside && (p->ex.leaves || names_above(p, environment)) &&
	    !write_directory(p, ""))
		return false;
	p->base->run.environment = environment;
	return complete(p, environment);
}

/*
 * The finding that costs the revision its files: the first, since others
 * follow from it, but for files that cannot be read, which are told last.
 */
static const struct finding *
cause(const struct diag *d)
{
	const struct finding *first = NULL;
	size_t i;

	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->finding[i];

		if (f->id == FINDING_FILE_UNREADABLE)
			return f;
		if (!first && f->level == LEVEL_ERROR &&
		    finding_is_hard(f->id))
			first = f;
	}
	return first;
}

static bool
report_broken(struct past *p)
{
	const struct diag *d = &p->base->run.diag;
	const struct finding *f = cause(d);
	const struct source *source;
	struct buf place = BUF_INIT;

	if (!f)
		BUG("a revision that is broken for no reason");
	source = sources_get(d->sources, f->at.source);
	if (source)
		buf_addstr(&place, source->path);
	if (f->at.line)
		buf_printf(&place, ":%u", f->at.line);
	if (f->at.column)
		buf_printf(&place, ":%u", f->at.column);
	export_fail(&p->ex, "this revision cannot be compiled: %s%s%s [%s]",
	    place.s, source ? ": " : "", f->text, finding_kinds[f->id].name);
	buf_release(&place);
	return false;
}

static bool
compile_past(struct past *p)
{
	bool ok;

	if (!scratch_make(&p->scratch, &p->ex.run->arena))
		return export_fail(&p->ex, "cannot make '%s': %s",
		    p->scratch.path, strerror(errno));
	ok = write_environment(p);
	if (ok) {
		compile_fleet(&p->base->run, NULL, &p->base->c);
		ok = !diag_has_hard(&p->base->run.diag) || report_broken(p);
	}
	if (!scratch_remove(&p->scratch))
		ok = export_fail(&p->ex, "cannot remove '%s'",
		    p->scratch.path);
	return ok;
}

bool
base_compile(struct base *base, struct run *run, const char *revision)
{
	struct past p = {.base = base, .ex = {.run = run,
		.revision = revision, .path = BUF_INIT, .left = BYTES_MOST}};
	bool ok;

	*base = (struct base){.run = {.today = run->today}};
	arena_init(&base->run.arena);
	sources_init(&base->run.sources, &base->run.arena);
	diag_init(&base->run.diag, &base->run.arena, &base->run.sources);
	ok = find_repository(&p) && find_tree(&p) && compile_past(&p);
	git_tree_free(p.tree);
	git_repository_free(p.ex.repository);
	buf_release(&p.ex.path);
	return ok;
}

void
base_release(struct base *base)
{
	compilation_release(&base->c);
	diag_release(&base->run.diag);
	sources_release(&base->run.sources);
	arena_release(&base->run.arena);
}
