/* Trees as plans: what is read of them, in which order, and what never is. */
#include "base/die.h"
#include "render/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct plan plan;
	struct buf said;
	char home[PATH_LONGEST];
	char dir[32];
};

static int
setup(void **state)
{
	static struct world w;

	w = (struct world){.dir = "/tmp/plan.XXXXXX", .said = BUF_INIT};
	if (!getcwd(w.home, sizeof(w.home)) || !mkdtemp(w.dir) ||
	    chdir(w.dir) < 0)
		return -1;
	arena_init(&w.arena);
	sources_init(&w.sources, &w.arena);
	diag_init(&w.diag, &w.arena, &w.sources);
	plan_init(&w.plan);
	*state = &w;
	return 0;
}

static void
sh(const char *command)
{
	assert_int_equal(system(command), 0);
}

static int
teardown(void **state)
{
	struct world *w = *state;
	char command[64];

	if (chdir(w->home) < 0)
		return -1;
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	sh(command);
	plan_release(&w->plan);
	buf_release(&w->said);
	diag_release(&w->diag);
	sources_release(&w->sources);
	arena_release(&w->arena);
	return 0;
}

/* "node path=content path=content; node …", with findings behind a "!". */
static const char *
said(struct world *w)
{
	size_t i, j;

	buf_clear(&w->said);
	for (i = 0; i < w->plan.n; i++) {
		const struct planned_node *node = &w->plan.node[i];

		buf_printf(&w->said, "%s%s", i ? "; " : "", node->name);
		for (j = 0; j < node->n; j++)
			if (strcmp(node->file[j].path, MANIFEST))
				buf_printf(&w->said, " %s=%s",
				    node->file[j].path,
				    node->file[j].content.s);
			else
				buf_addstr(&w->said, " MANIFEST");
	}
	for (i = 0; i < w->diag.n; i++)
		buf_printf(&w->said, "! %s %s",
		    finding_kinds[w->diag.finding[i].id].name,
		    w->diag.finding[i].text);
	return w->said.s;
}

static const char *
tree(struct world *w, const char *node, const struct plan *beside)
{
	struct plan_tree from = {.dir = "out", .node = node,
	    .beside = beside};
	size_t found = w->diag.n;
	bool ok;

	plan_release(&w->plan);
	ok = plan_read_tree(&w->plan, &from, &w->arena, &w->diag);
	assert_int_equal(ok, w->diag.n == found);
	return said(w);
}

static const char *
host(struct world *w, const char *root)
{
	size_t found = w->diag.n;
	bool ok;

	plan_release(&w->plan);
	ok = plan_read_host(&w->plan, root, "host", &w->arena, &w->diag);
	assert_int_equal(ok, w->diag.n == found);
	return said(w);
}

/* MANIFEST of two files, of which one is gone; another is not listed. */
#define MANIFEST_OF_TWO "d=$(printf %064d 0); mkdir -p out/a/etc; " \
	"printf '# mailc MANIFEST 1\\n0644 %s 1 etc/x\\n0600 %s 1 etc/y\\n' " \
	"$d $d > out/a/MANIFEST; printf x > out/a/etc/x; " \
	"printf z > out/a/etc/z; "

static void
listed(void **state)
{
	struct world *w = *state;
	const struct planned_file *file;

	sh(MANIFEST_OF_TWO "chmod 640 out/a/etc/x");
	assert_string_equal(tree(w, NULL, NULL), "a etc/x=x MANIFEST");
	file = &w->plan.node[0].file[0];
	assert_int_equal(file->mode, 0640);
	assert_int_equal(file->at.line, 0);
	assert_string_equal(sources_get(&w->sources, file->at.source)->path,
	    "out/a/etc/x");
	assert_ptr_equal(plan_file(&w->plan.node[0], "etc/x"), file);
	assert_null(plan_file(&w->plan.node[0], "etc/z"));
	assert_ptr_equal(plan_node(&w->plan, "a"), &w->plan.node[0]);
	assert_null(plan_node(&w->plan, "b"));
}

static void
not_listed(void **state)
{
	struct world *w = *state;

	sh("mkdir -p out/b/etc/d out/.git out/empty out/a; printf 1 > "
	    "out/b/etc/d/f; printf 2 > out/b/etc/d.conf; printf 3 > "
	    "out/b/etc/.f; printf 4 > out/.git/f; printf 5 > out/file; "
	    "printf 6 > out/a/f; printf 7 > \"out/a/$(printf 'x\\ny')\"");
	/* In the order of bytes, '.' before '/'. */
	assert_string_equal(tree(w, NULL, NULL),
	    "a f=6; b etc/d.conf=2 etc/d/f=1");
	assert_string_equal(tree(w, "a", NULL), "a f=6");
	assert_string_equal(tree(w, "c", NULL), "");
}

static void
no_tree(void **state)
{
	struct world *w = *state;

	assert_string_equal(tree(w, NULL, NULL), "");
	sh("> out");
	assert_string_equal(tree(w, NULL, NULL),
	    "! file-unreadable out cannot be read: Not a directory");
}

/* Only what it lists, and what is compared. */
static void
beside(void **state)
{
	struct world *w = *state;
	struct plan plan;

	plan_init(&plan);
	plan_add_file(plan_add(&plan, "a"), "etc/z", 0644);
	plan_add_file(plan_add(&plan, "b"), "etc/z", 0644);
	plan_finish(&plan);
	sh(MANIFEST_OF_TWO "mkdir out/b out/c; printf b > out/b/f; "
	    "printf c > out/c/f");
	assert_string_equal(tree(w, NULL, &plan),
	    "a etc/x=x etc/z=z MANIFEST");
	plan_release(&plan);
}

static void
broken(void **state)
{
	struct world *w = *state;

	sh(MANIFEST_OF_TWO "echo ../../x >> out/a/MANIFEST");
	assert_string_equal(tree(w, NULL, NULL), "a etc/x=x etc/z=z"
	    "! manifest-broken the line is no entry of a MANIFEST, so that "
	    "nothing is written or removed; restore the file, or move its "
	    "directory away");
}

static void
links(void **state)
{
	struct world *w = *state;

	sh("mkdir -p out/a/etc out/b other/etc; printf 1 > other/etc/f; "
	    "ln -s ../other out/c; ln -s ../../../other/etc/f out/a/etc/f; "
	    "ln -s .. out/a/etc/up; ln -s ../../other/etc out/b/etc; "
	    "mkfifo out/a/fifo; printf 2 > out/a/g");
	assert_string_equal(tree(w, NULL, NULL), "a g=2");
}

/* Where a MANIFEST promises a file, a link in its place is told. */
static void
listed_links(void **state)
{
	struct world *w = *state;

	sh(MANIFEST_OF_TWO "ln -s x out/a/etc/y");
	assert_string_equal(tree(w, NULL, NULL), "a etc/x=x MANIFEST"
	    "! file-unreadable out/a/etc/y is a symbolic link; put the file "
	    "itself there");
}

static void
listed_below_link(void **state)
{
	struct world *w = *state;

	sh(MANIFEST_OF_TWO "mv out/a/etc etc; ln -s ../../etc out/a/etc");
	assert_string_equal(tree(w, NULL, NULL), "a MANIFEST"
	    "! file-unreadable out/a/etc/x cannot be read: Not a directory"
	    "! file-unreadable out/a/etc/y cannot be read: Not a directory");
}

static void
of_host(void **state)
{
	struct world *w = *state;

	sh("mkdir -p r/etc/postfix/maps r/etc/default r/etc/other "
	    "r/etc/dovecot/private r/etc/rspamd/local.d r/srv; "
	    "printf 1 > r/etc/postfix/main.cf; printf 2 > "
	    "r/etc/postfix/maps/t; printf 3 > r/etc/postfix/maps/t.db; "
	    "printf 4 > r/etc/default/postsrsd; printf 5 > r/etc/other/f; "
	    "printf 6 > r/etc/dovecot/private/key; printf 7 > "
	    "r/etc/dovecot/dovecot.conf; printf 8 > r/etc/aliases; "
	    "printf 9 > r/etc/rspamd/local.d/x.conf");
	assert_string_equal(host(w, "r"), "host etc/aliases=8 "
	    "etc/default/postsrsd=4 etc/dovecot/dovecot.conf=7 "
	    "etc/postfix/main.cf=1 etc/postfix/maps/t=2 "
	    "etc/rspamd/local.d/x.conf=9");
	assert_string_equal(host(w, "r/etc/postfix"),
	    "host etc/postfix/main.cf=1 etc/postfix/maps/t=2");
	assert_string_equal(sources_get(&w->sources,
	    w->plan.node[0].file[0].at.source)->path,
	    "r/etc/postfix/main.cf");
}

/* Tables stand where main.cf says; what is made of one is not read. */
static void
tables_of_host(void **state)
{
	struct world *w = *state;

	sh("mkdir -p r/etc/postfix/maps r/var/lib/x r/opt; "
	    "printf 'a=hash:/var/lib/x/t,b:{cdb:/opt/u} c:/opt/none "
	    "d:/etc/postfix/maps/m e:/var/lib f:/opt/v.db g:/../out\n"
	    "h=pcre:/opt/w' > r/etc/postfix/main.cf; "
	    "printf 'x inet n - n - - smtpd -o y=texthash:/opt/z' "
	    "> r/etc/postfix/master.cf; printf m > r/etc/postfix/maps/m; "
	    "for f in t; do printf $f > r/var/lib/x/$f; done; "
	    "for f in u v.db w z s; do printf $f > r/opt/$f; done; "
	    "printf out > out");
	assert_non_null(strstr(host(w, "r"), " opt/u=u opt/w=w opt/z=z "
	    "var/lib/x/t=t"));
	assert_null(strstr(said(w), "=out"));
	assert_null(strstr(said(w), "v.db="));
	assert_null(strstr(said(w), "opt/s"));
	assert_int_equal(w->diag.n, 0);
	assert_non_null(plan_file(&w->plan.node[0], "etc/postfix/maps/m"));
}

/* As the host itself would follow them, and never out of its tree. */
static void
links_of_host(void **state)
{
	struct world *w = *state;

	sh("mkdir -p r/srv/postfix/maps r/etc; printf 1 > r/srv/main.cf; "
	    "printf 2 > r/srv/postfix/master.cf; printf 3 > out; "
	    "ln -s /srv/postfix r/etc/postfix; "
	    "ln -s /srv/main.cf r/srv/postfix/main.cf; "
	    "ln -s ../../../../../../../../../etc/hostname "
	    "r/srv/postfix/out; "
	    "ln -s \"$PWD/out\" r/srv/postfix/out2; "
	    "ln -s /etc/passwd r/srv/postfix/passwd; "
	    "ln -s . r/srv/postfix/dot; ln -s self r/srv/postfix/self; "
	    "ln -s /dev/zero r/srv/postfix/zero; "
	    "ln -s /proc/self/environ r/etc/aliases");
	assert_string_equal(host(w, "r"),
	    "host etc/postfix/main.cf=1 etc/postfix/master.cf=2");
	sh("rm r/srv/main.cf");
	assert_string_equal(host(w, "r"), "host etc/postfix/master.cf=2");
}

static void
no_host(void **state)
{
	struct world *w = *state;

	assert_string_equal(host(w, "r"),
	    "host! file-unreadable r cannot be read: No such file or "
	    "directory");
	w->diag.n = 0;
	sh("mkdir r");
	assert_string_equal(host(w, "r"), "host! file-unreadable r holds "
	    "neither etc/postfix nor main.cf");
	w->diag.n = 0;
	sh("mkdir -p r/etc; > r/etc/postfix");
	assert_string_equal(host(w, "r"), "host! file-unreadable "
	    "r/etc/postfix cannot be read: Not a directory");
}

/* A tree without end has one here. */
static void
endless(void **state)
{
	struct world *w = *state;

	sh("mkdir -p out/a && cd out/a && seq 1 20001 | xargs touch");
	assert_non_null(strstr(tree(w, NULL, NULL),
	    "! file-unreadable out/a holds too many files"));
	w->diag.n = 0;
	sh("rm -r out; mkdir -p out/a; truncate -s 5G out/a/f");
	assert_string_equal(tree(w, NULL, NULL),
	    "! file-unreadable out/a/f is too large");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		CASE(listed),
		CASE(not_listed),
		CASE(no_tree),
		CASE(beside),
		CASE(broken),
		CASE(links),
		CASE(listed_links),
		CASE(listed_below_link),
		CASE(of_host),
		CASE(tables_of_host),
		CASE(links_of_host),
		CASE(no_host),
		CASE(endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
