/*
 * judge DIRECTORY ADDRESSES: what mailc's smtpd says to the sessions on
 * stdin (play.py's lines, tabs between): "code text", or "unknown why".
 * DIRECTORY has main.cf, master.cf and tables that are named by their path.
 */
#include "base/file.h"
#include "flow/smtpd.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 11 };

static char *
read_all(struct arena *a, const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *s;

	if (!f)
		die("%s: cannot be read", path);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	s = arena_bytes(a, *len + 1);
	*len = fread(s, 1, *len, f);
	s[*len] = '\0';
	fclose(f);
	return s;
}

static void
add_file(struct arena *a, struct planned_node *node, const char *path,
    const char *name)
{
	struct planned_file *file = plan_add_file(node, name, 0644);
	size_t len;
	char *s = read_all(a, path, &len);

	buf_add(&file->content, s, len);
}

static void
add_directory(struct arena *a, struct planned_node *node, const char *at)
{
	DIR *dir = opendir(at);
	const struct dirent *e;

	if (!dir)
		die("%s: cannot be read", at);
	while ((e = readdir(dir))) {
		const char *path = arena_printf(a, "%s/%s", at, e->d_name);

		/* Indexed copies stand beside their sources. */
		if (e->d_type != DT_REG || strchr(e->d_name, '.'))
			continue;
		add_file(a, node, path, path + 1);
	}
	closedir(dir);
	add_file(a, node, arena_printf(a, "%s/main.cf", at),
	    "etc/postfix/main.cf");
	add_file(a, node, arena_printf(a, "%s/master.cf", at),
	    "etc/postfix/master.cf");
}

static void
put(const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_UNKNOWN)
		printf("unknown %s", verdict->why);
	else
		printf("%d %s", verdict->code, verdict->text);
}

static bool
are_equal(const struct verdict *v, const struct verdict *w)
{
	const char *s = v->kind == VERDICT_UNKNOWN ? v->why : v->text;
	const char *t = w->kind == VERDICT_UNKNOWN ? w->why : w->text;

	return v->kind == w->kind && v->code == w->code && !strcmp(s, t);
}

/* The recipient after others of the same message is answered alike. */
static void
judge(const struct smtpd *smtpd, const struct session *s, struct arena *a)
{
	static const char *const others[] = {
		"stranger@elsewhere.invalid", "someone", "root@host.test",
	};
	struct smtpd_mail *mail = smtpd_mail(smtpd, s, a);
	struct verdict verdict, after;
	size_t i;

	smtpd_judge(smtpd, s, a, &verdict);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		smtpd_rcpt(mail, str_of(others[i]), false, a, &after);
	smtpd_rcpt(mail, s->recipient, s->bad_recipient, a, &after);
	put(&verdict);
	if (!are_equal(&verdict, &after)) {
		printf(", and after other recipients ");
		put(&after);
	}
	putchar('\n');
}

static void
answer(const struct smtpd *smtpd, char *line)
{
	struct session s = {0};
	struct arena arena;
	struct str f[FIELDS];
	size_t n;

	line[strcspn(line, "\n")] = '\0';
	for (n = 0; n < FIELDS && line; n++) {
		char *tab = strchr(line, '\t');

		if (tab)
			*tab++ = '\0';
		f[n] = str_of(line);
		line = tab;
	}
	if (n != FIELDS)
		die("a session has %zu fields", n);
	s.client = (struct client){.address = f[0], .name = f[1],
		.reverse_name = f[2], .tls = f[4].len, .fingerprint = f[5],
		.key_fingerprint = f[6], .common_name = f[7], .login = f[8]};
	s.helo = f[3];
	arena_init(&arena);
	s.bad_sender = !smtpd_address(smtpd, f[9], &arena, &s.sender);
	s.bad_recipient = !smtpd_address(smtpd, f[10], &arena, &s.recipient);
	judge(smtpd, &s, &arena);
	arena_release(&arena);
}

/* world.py's tables at a port are empty. */
static enum table_result
ask(const struct host *host, struct str type, struct str name,
    struct str key, struct arena *a, struct table_answer *answer)
{
	(void)host;
	(void)type;
	(void)name;
	(void)key;
	(void)a;
	(void)answer;
	return TABLE_NONE;
}

int
main(int argc, char **argv)
{
	struct arena arena;
	struct plan plan;
	struct planned_node *node;
	struct host host;
	struct host_setup setup = {.name = "host.test", .ask = ask};
	char *line = NULL;
	size_t cap = 0;

	if (argc != 3)
		die("usage: judge DIRECTORY ADDRESSES");
	arena_init(&arena);
	plan_init(&plan);
	node = plan_add(&plan, "host.test");
	add_directory(&arena, node, argv[1]);
	plan_finish(&plan);
	setup.files = plan_node(&plan, "host.test");
	setup.addresses = str_of(argv[2]);
	if (!host_open(&host, &setup, &arena) || host.nport != 1)
		die("%s: no main.cf with one smtpd", argv[1]);
	while (getline(&line, &cap, stdin) > 0)
		answer(host.port[0].smtpd, line);
	free(line);
	host_release(&host);
	plan_release(&plan);
	arena_release(&arena);
	return 0;
}
