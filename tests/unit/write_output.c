/*
 * Writing the output: what is touched and what is not. A tree is compared
 * by a listing of every name with type, mode, inode, time and content.
 */
#include "base/die.h"
#include "render/plan.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct plan plan;
	struct write_options options;
	struct write_result result;
	char home[PATH_LONGEST];	/* the working directory before */
	char dir[32];
};

static int
setup(void **state)
{
	static struct world w;

	w = (struct world){.dir = "/tmp/output.XXXXXX"};
	if (!getcwd(w.home, sizeof(w.home)) || !mkdtemp(w.dir) ||
	    chdir(w.dir) < 0)
		return -1;
	arena_init(&w.arena);
	sources_init(&w.sources, &w.arena);
	diag_init(&w.diag, &w.arena, &w.sources);
	plan_init(&w.plan);
	w.options = (struct write_options){.out = "out", .whole_fleet = true};
	*state = &w;
	return 0;
}

static void
sh(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	if (chdir(w->home) < 0)
		return -1;
	sh("chmod -R u+rwx %s; rm -rf %s", w->dir, w->dir);
	plan_release(&w->plan);
	diag_release(&w->diag);
	sources_release(&w->sources);
	arena_release(&w->arena);
	return 0;
}

/* A plan as "node path mode content" in turn, ended by NULL. */
struct want {
	const char *node, *path;
	unsigned mode;
	const char *content;
};

static bool
write_plan(struct world *w, const struct want *want)
{
	struct planned_node *node = NULL;

	plan_release(&w->plan);
	for (; want->node; want++) {
		struct planned_file *file;

		if (!node || strcmp(node->name, want->node))
			node = plan_add(&w->plan, want->node);
		if (!want->path)
			continue;
		file = plan_add_file(node, want->path, want->mode);
		buf_addstr(&file->content, want->content);
	}
	plan_finish(&w->plan);
	diag_release(&w->diag);
	return plan_write(&w->plan, &w->options, &w->arena, &w->diag,
	    &w->result);
}

static const struct want two_nodes[] = {
	{"a.org", "etc/postfix/main.cf", 0644, "a main\n"},
	{"a.org", "etc/postfix/maps/alias", 0644, ""},
	{"a.org", "etc/secret", 0640, "s\n"},
	{"b.org", "etc/postfix/main.cf", 0644, "b main\n"},
	{NULL, NULL, 0, NULL}
};
/* b.org's main.cf differs, c.org is new. */
static const struct want changed_nodes[] = {
	{"a.org", "etc/postfix/main.cf", 0644, "a main\n"},
	{"a.org", "etc/postfix/maps/alias", 0644, ""},
	{"a.org", "etc/secret", 0640, "s\n"},
	{"b.org", "etc/postfix/main.cf", 0644, "b main 2\n"},
	{"c.org", "etc/x", 0600, "c\n"},
	{NULL, NULL, 0, NULL}
};
static const struct want only_b[] = {
	{"b.org", "etc/postfix/main.cf", 0644, "b main\n"},
	{NULL, NULL, 0, NULL}
};
static const struct want nothing[] = {{NULL, NULL, 0, NULL}};

/* What a command prints, from the arena. */
static const char *
output_of(struct world *w, const char *command)
{
	FILE *f = popen(command, "r");
	struct buf b = BUF_INIT;
	const char *text;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		buf_addch(&b, (char)c);
	pclose(f);
	text = arena_strndup(&w->arena, b.s, b.len);
	buf_release(&b);
	return text;
}

/* Everything of a tree that must not change when nothing changes. */
static const char *
whole(struct world *w, const char *dir)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s 2>/dev/null && find . "
	    "-printf '%%p %%y %%m %%i %%T@ %%C@ %%l\\n' | sort && "
	    "find . -type f -print0 | sort -z | xargs -0r sha256sum", dir);
	return output_of(w, command);
}

/* Names, types and modes. */
static const char *
names(struct world *w, const char *dir)
{
	char command[256];

	snprintf(command, sizeof(command),
	    "cd %s && find . -mindepth 1 -printf '%%P %%y %%m\\n' | "
	    "LC_ALL=C sort", dir);
	return output_of(w, command);
}

static void
assert_file(struct world *w, const char *path, const char *content)
{
	char command[256];

	snprintf(command, sizeof(command), "cat %s", path);
	assert_string_equal(output_of(w, command), content);
}

static void
assert_result(const struct world *w, size_t written, size_t removed,
    size_t equal)
{
	assert_int_equal(w->result.written, written);
	assert_int_equal(w->result.removed, removed);
	assert_int_equal(w->result.equal, equal);
}

static void
assert_finding(const struct world *w, enum finding_id id, const char *text)
{
	size_t i;

	assert_true(w->diag.n > 0);
	for (i = 0; i < w->diag.n; i++)
		if (w->diag.finding[i].id != id)
			fail_msg("%s: %s",
			    finding_kinds[w->diag.finding[i].id].name,
			    w->diag.finding[i].text);
	if (!strstr(w->diag.finding[0].text, text))
		fail_msg("%s", w->diag.finding[0].text);
}

static void
assert_no_stage(void)
{
	assert_int_equal(access(".out.mailc-new", F_OK), -1);
}

static ino_t
inode(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_ino;
}

#define TWO_NODES \
	"a.org d 755\na.org/MANIFEST f 644\na.org/etc d 755\n" \
	"a.org/etc/postfix d 755\na.org/etc/postfix/main.cf f 644\n" \
	"a.org/etc/postfix/maps d 755\na.org/etc/postfix/maps/alias f 644\n" \
	"a.org/etc/secret f 640\n"
#define NODE_B \
	"b.org d 755\nb.org/MANIFEST f 644\nb.org/etc d 755\n" \
	"b.org/etc/postfix d 755\nb.org/etc/postfix/main.cf f 644\n"

static void
first_and_second(void **state)
{
	struct world *w = *state;
	const char *before;
	mode_t mask = umask(077);

	assert_true(write_plan(w, two_nodes));
	umask(mask);
	assert_result(w, 6, 0, 0);
	assert_string_equal(names(w, "out"), TWO_NODES NODE_B);
	assert_file(w, "out/a.org/etc/postfix/main.cf", "a main\n");
	assert_file(w, "out/a.org/MANIFEST",
	    w->plan.node[0].file[3].content.s);
	assert_no_stage();

	before = whole(w, ".");
	w->options.durable = true;
	assert_true(write_plan(w, two_nodes));
	assert_result(w, 0, 0, 6);
	assert_string_equal(whole(w, "."), before);
}

static void
dry_run(void **state)
{
	struct world *w = *state;
	const char *before = whole(w, ".");

	w->options.dry_run = true;
	assert_true(write_plan(w, two_nodes));
	assert_result(w, 6, 0, 0);
	assert_string_equal(whole(w, "."), before);
	w->options.dry_run = false;
	assert_true(write_plan(w, two_nodes));
	sh("mkdir .out.mailc-new");
	before = whole(w, ".");
	w->options.dry_run = true;
	assert_true(write_plan(w, changed_nodes));
	assert_result(w, 4, 0, 4);
	assert_true(write_plan(w, only_b));
	assert_result(w, 0, 4, 2);
	assert_string_equal(whole(w, "."), before);
}

static void
changes(void **state)
{
	struct world *w = *state;
	const char *a, *b;
	ino_t out;

	assert_true(write_plan(w, two_nodes));
	/* Two nodes change: the whole tree is exchanged. */
	a = output_of(w, "find out -type f -name main.cf -path '*a.org*' "
	    "-printf '%i %T@\n'");
	out = inode("out");
	assert_true(write_plan(w, changed_nodes));
	assert_result(w, 4, 0, 4);
	assert_string_equal(output_of(w, "find out -type f -name main.cf "
	    "-path '*a.org*' -printf '%i %T@\n'"), a);
	assert_int_not_equal(inode("out"), out);
	assert_file(w, "out/b.org/etc/postfix/main.cf", "b main 2\n");
	assert_string_equal(names(w, "out"), TWO_NODES NODE_B
	    "c.org d 755\nc.org/MANIFEST f 644\nc.org/etc d 755\n"
	    "c.org/etc/x f 600\n");
	assert_no_stage();
	/* One changes: the others are not even linked anew. */
	a = whole(w, "out/a.org");
	b = whole(w, "out/b.org");
	out = inode("out");
	assert_true(write_plan(w, (const struct want[]){changed_nodes[0],
	    changed_nodes[1], changed_nodes[2], changed_nodes[3],
	    {"c.org", "etc/x", 0644, "c\n"}, changed_nodes[5]}));
	assert_result(w, 2, 0, 6);
	assert_string_equal(whole(w, "out/a.org"), a);
	assert_string_equal(whole(w, "out/b.org"), b);
	assert_int_equal(inode("out"), out);
	assert_no_stage();
}

/* What mailc did not write stays: the very same files. */
static void
foreign_files(void **state)
{
	struct world *w = *state;
	const char *ours, *files =
	    "find out -not -type d -not -name MANIFEST -not -name main.cf "
	    "-not -name alias -not -name secret -not -name x "
	    "-printf '%p %y %m %i %T@ %l\n' | sort";

	assert_true(write_plan(w, two_nodes));
	sh("cd out && echo f > README && ln -s /etc/passwd link && "
	    "mkdir -p other/empty a.org/var b.org/etc/empty && "
	    "chmod 0750 other && chmod 02711 a.org/etc && chmod 0555 a.org && "
	    "mkfifo a.org/var/fifo && echo g > a.org/etc/postfix/dynamic && "
	    "ln -s nowhere b.org/etc/dangling");
	ours = output_of(w, files);
	assert_true(write_plan(w, changed_nodes));
	assert_string_equal(output_of(w, files), ours);
	assert_string_equal(names(w, "out"),
	    "README f 644\n"
	    "a.org d 555\na.org/MANIFEST f 644\na.org/etc d 2711\n"
	    "a.org/etc/postfix d 755\na.org/etc/postfix/dynamic f 644\n"
	    "a.org/etc/postfix/main.cf f 644\na.org/etc/postfix/maps d 755\n"
	    "a.org/etc/postfix/maps/alias f 644\na.org/etc/secret f 640\n"
	    "a.org/var d 755\na.org/var/fifo p 644\n"
	    "b.org d 755\nb.org/MANIFEST f 644\nb.org/etc d 755\n"
	    "b.org/etc/dangling l 777\nb.org/etc/empty d 755\n"
	    "b.org/etc/postfix d 755\nb.org/etc/postfix/main.cf f 644\n"
	    "c.org d 755\nc.org/MANIFEST f 644\nc.org/etc d 755\n"
	    "c.org/etc/x f 600\n"
	    "link l 777\nother d 750\nother/empty d 755\n");
	assert_no_stage();
}

static void
files_that_left(void **state)
{
	static const struct want fewer[] = {
		{"a.org", "etc/secret", 0640, "s\n"},
		{"b.org", "etc/postfix/main.cf", 0644, "b main\n"},
		{NULL, NULL, 0, NULL}
	};
	struct world *w = *state;

	assert_true(write_plan(w, two_nodes));
	sh("echo f > out/a.org/etc/postfix/foreign");
	assert_true(write_plan(w, fewer));
	assert_result(w, 1, 2, 3);
	assert_string_equal(names(w, "out"),
	    "a.org d 755\na.org/MANIFEST f 644\na.org/etc d 755\n"
	    "a.org/etc/postfix d 755\na.org/etc/postfix/foreign f 644\n"
	    "a.org/etc/secret f 640\n" NODE_B);
	/* What is a link now is no file of ours any more. */
	assert_true(write_plan(w, two_nodes));
	sh("ln -sf /etc/passwd out/a.org/etc/postfix/main.cf");
	assert_true(write_plan(w, fewer));
	assert_result(w, 1, 1, 3);
	assert_int_equal(system("test -h out/a.org/etc/postfix/main.cf"), 0);
}

static void
nodes_that_left(void **state)
{
	struct world *w = *state;

	assert_true(write_plan(w, two_nodes));
	w->options.whole_fleet = false;
	assert_true(write_plan(w, only_b));
	assert_result(w, 0, 0, 2);
	assert_string_equal(names(w, "out"), TWO_NODES NODE_B);
	w->options.whole_fleet = true;
	assert_true(write_plan(w, only_b));
	assert_result(w, 0, 4, 2);
	assert_string_equal(names(w, "out"), NODE_B);
	/* A foreign file keeps its directory. */
	assert_true(write_plan(w, two_nodes));
	sh("echo f > out/a.org/etc/postfix/foreign");
	assert_true(write_plan(w, only_b));
	assert_result(w, 0, 4, 2);
	assert_string_equal(names(w, "out"),
	    "a.org d 755\na.org/etc d 755\na.org/etc/postfix d 755\n"
	    "a.org/etc/postfix/foreign f 644\n" NODE_B);
	/* Two at once: the whole tree is exchanged. */
	assert_true(write_plan(w, changed_nodes));
	assert_true(write_plan(w, only_b));
	assert_result(w, 2, 6, 0);
	assert_string_equal(names(w, "out"),
	    "a.org d 755\na.org/etc d 755\na.org/etc/postfix d 755\n"
	    "a.org/etc/postfix/foreign f 644\n" NODE_B);
}

static void
all_nodes_left(void **state)
{
	struct world *w = *state;

	assert_true(write_plan(w, two_nodes));
	sh("touch out/foreign");
	assert_true(write_plan(w, nothing));
	assert_result(w, 0, 6, 0);
	assert_string_equal(names(w, "out"), "foreign f 644\n");
	assert_no_stage();
}

static void
file_becomes_directory(void **state)
{
	static const struct want file[] = {
		{"a.org", "etc/x", 0644, "x\n"}, {NULL, NULL, 0, NULL}
	};
	static const struct want directory[] = {
		{"a.org", "etc/x/y", 0644, "y\n"}, {NULL, NULL, 0, NULL}
	};
	struct world *w = *state;

	assert_true(write_plan(w, file));
	assert_true(write_plan(w, directory));
	assert_result(w, 2, 1, 0);
	assert_string_equal(names(w, "out"), "a.org d 755\n"
	    "a.org/MANIFEST f 644\na.org/etc d 755\na.org/etc/x d 755\n"
	    "a.org/etc/x/y f 644\n");
	assert_false(write_plan(w, file));
	assert_finding(w, FINDING_OUTPUT_FOREIGN,
	    "'out/a.org/etc/x' is a directory where an artifact belongs");
}

static void
in_the_way(void **state)
{
	static const struct {
		const char *command;
		const char *text;	/* NULL: no obstacle */
	} cases[] = {
		{"mkdir -p a.org/etc; printf 's\n' > a.org/etc/secret", NULL},
		{"mkdir -p a.org/etc; echo other > a.org/etc/secret",
		 "'out/a.org/etc/secret' is not of mailc's making"},
		{"mkdir -p a.org/etc/secret", "'out/a.org/etc/secret' is a "
		 "directory where an artifact belongs"},
		{"mkdir -p a.org/etc; printf 's\n' > s; "
		 "ln -s ../../s a.org/etc/secret",
		 "'out/a.org/etc/secret' is a symbolic link"},
		{"mkdir -p a.org/etc; mkfifo a.org/etc/secret",
		 "'out/a.org/etc/secret' is a special file"},
		{"mkdir -p a.org x; ln -s ../x a.org/etc", "'out/a.org/etc' "
		 "is a symbolic link where a directory belongs"},
		{"mkdir a.org; touch a.org/etc", "'out/a.org/etc' is a file "
		 "where a directory belongs"},
		{"mkdir x; ln -s x a.org", "'out/a.org' is a symbolic link "
		 "where a node's directory belongs"},
		{"touch a.org", "'out/a.org' is a file where a node's"},
		{"mkdir -p a.org/MANIFEST",
		 "'out/a.org/MANIFEST' is a directory where a MANIFEST"},
		{"mkdir -p a.org; ln -s /dev/zero a.org/MANIFEST",
		 "'out/a.org/MANIFEST' is a symbolic link"},
	};
	struct world *w = *state;
	const char *before;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		sh("rm -rf out; mkdir out; cd out; %s", cases[i].command);
		before = whole(w, ".");
		if (!cases[i].text) {
			assert_true(write_plan(w, two_nodes));
			continue;
		}
		assert_false(write_plan(w, two_nodes));
		assert_finding(w, FINDING_OUTPUT_FOREIGN, cases[i].text);
		assert_string_equal(whole(w, "."), before);
	}
}

static void
broken_manifests(void **state)
{
#define HEAD "# mailc MANIFEST 1\n"
#define LINE(path) "0644 0000000000000000000000000000000000000000000000000" \
	"000000000000000 0 " path "\n"
	static const char *const cases[] = {
		"", "x", "\n", "# mailc MANIFEST 2\n", HEAD "x\n",
		HEAD LINE("a") "0", HEAD LINE("../../x"), HEAD LINE("/x"),
		HEAD LINE("a") LINE("a"), HEAD LINE("b") LINE("a"),
		HEAD LINE("MANIFEST"), HEAD LINE("a/../b"), HEAD LINE(""),
		HEAD "0644  0 a\n", HEAD "\n", HEAD LINE("a") "\n",
	};
	struct world *w = *state;
	const char *before;
	size_t i;
	int planned;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (planned = 0; planned < 2; planned++) {
			FILE *f;

			sh("rm -rf out x; echo x > x");
			assert_true(write_plan(w, two_nodes));
			f = fopen("out/a.org/MANIFEST", "w");
			assert_non_null(f);
			fputs(cases[i], f);
			fclose(f);
			before = whole(w, ".");
			assert_false(write_plan(w, planned ? changed_nodes :
			    only_b));
			assert_finding(w, FINDING_MANIFEST_BROKEN,
			    "nothing is written or removed");
			assert_string_equal(whole(w, "."), before);
		}
	}
}

static void
odd_outputs(void **state)
{
	static const char *const refused[] = {
		"", ".", "..", "/", "x/.", "x/..", "./", "file", "file/out",
		"dangling", "gone/out", "loop", "x/../../HERE",
	};
	struct world *w = *state;
	const char *before;
	size_t i;

	sh("mkdir x real; echo > file; ln -s nowhere dangling; ln -s loop "
	    "loop; ln -s real link");
	before = whole(w, ".");
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s", refused[i]);
		if (strstr(path, "HERE"))
			snprintf(path, sizeof(path), "x/../..%s", w->dir + 4);
		w->options.out = path;
		if (write_plan(w, two_nodes))
			fail_msg("%s was written", path);
		assert_finding(w, FINDING_OUTPUT_WRITE, "");
		assert_string_equal(whole(w, "."), before);
	}
	/* A link to the output is followed, and stays. */
	w->options.out = "link//";
	assert_true(write_plan(w, two_nodes));
	assert_string_equal(names(w, "real"), TWO_NODES NODE_B);
	assert_int_equal(system("test -h link && test ! -e "
	    ".real.mailc-new"), 0);
	/* Nobody's working directory is pulled away. */
	w->options.out = "real";
	assert_int_equal(chdir("real/b.org"), 0);
	w->options.out = "../../real";
	assert_false(write_plan(w, changed_nodes));
	assert_finding(w, FINDING_OUTPUT_WRITE, "working directory");
	assert_true(write_plan(w, two_nodes));
}

static void
leftovers(void **state)
{
	static const char *const left[] = {
		"mkdir -p .out.mailc-new/new/a/b; "
		"echo > .out.mailc-new/new/a/b/c; "
		"chmod 0 .out.mailc-new/new/a/b; "
		"chmod 0500 .out.mailc-new/new/a",
		"mkdir x; echo > x/keep; ln -s x .out.mailc-new",
		"echo > .out.mailc-new",
	};
	struct world *w = *state;
	size_t i;

	assert_true(write_plan(w, two_nodes));
	for (i = 0; i < sizeof(left) / sizeof(*left); i++) {
		sh("%s", left[i]);
		assert_true(write_plan(w, i ? two_nodes : only_b));
		assert_no_stage();
	}
	assert_int_equal(access("x/keep", F_OK), 0);
}

static void
one_writer(void **state)
{
	struct world *w = *state;
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int fd = open(".", O_RDONLY);

		if (flock(fd, LOCK_EX) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		usleep(300 * 1000);
		_exit(mkdir("out", 0755) < 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	/* It waits, and then sees what the other one made. */
	assert_true(write_plan(w, two_nodes));
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_string_equal(names(w, "out"), TWO_NODES NODE_B);
	close(ready[0]);
	close(ready[1]);
}

static void
impossible_plans(void **state)
{
	static const struct want plans[][3] = {
		{{"a.org", "x", 0644, ""}, {"a.org", "x/y", 0644, ""}},
		{{"a.org", "x", 0644, ""}, {"a.org", "x", 0644, ""}},
		{{"a.org", "../x", 0644, ""}},
		{{"a.org", "/etc/x", 0644, ""}},
		{{"..", "x", 0644, ""}},
		{{"a/b", "x", 0644, ""}},
		{{"", "x", 0644, ""}},
	};
	struct world *w = *state;
	const char *before = whole(w, ".");
	size_t i;

	for (i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		assert_false(write_plan(w, plans[i]));
		assert_string_equal(whole(w, "."), before);
	}
}

static void
deep_and_forbidden(void **state)
{
	struct world *w = *state;
	const char *before;

	assert_true(write_plan(w, two_nodes));
	sh("cd out/b.org; for i in $(seq 100); do mkdir d; cd d; done");
	/* Only the links of its files were counted up and down again. */
	before = output_of(w, "find out -printf '%p %i %n %T@\n' | sort");
	assert_false(write_plan(w, changed_nodes));
	assert_finding(w, FINDING_OUTPUT_WRITE, "File name too long");
	assert_string_equal(output_of(w,
	    "find out -printf '%p %i %n %T@\n' | sort"), before);
	assert_no_stage();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_and_second),
		TEST(dry_run),
		TEST(changes),
		TEST(foreign_files),
		TEST(files_that_left),
		TEST(nodes_that_left),
		TEST(all_nodes_left),
		TEST(file_becomes_directory),
		TEST(in_the_way),
		TEST(broken_manifests),
		TEST(odd_outputs),
		TEST(leftovers),
		TEST(one_writer),
		TEST(impossible_plans),
		TEST(deep_and_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
