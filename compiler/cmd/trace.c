/*
 * The way of one message through the whole fleet. What is not said is what a
 * stranger would do: the message comes from outside, to where the DNS sends
 * mail for the address.
 */
#include "cmd/trace.h"

#include "base/file.h"
#include "flow/callers.h"
#include "render/plan_read.h"

#include <getopt.h>
#include <string.h>


static bool
complain(struct run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
complain(struct run *run, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(&run->diag, FINDING_TRACE_START, ORIGIN_NONE, "%s",
	    arena_vprintf(&run->arena, fmt, ap));
	va_end(ap);
	return false;
}

/* The host with a name; its short name will do. */
static const struct world_host *
host_named(const struct world *world, struct str name)
{
	const struct world_host *host = world_host(world, name);
	size_t i;

	for (i = 0; !host && i < world->n; i++) {
		struct str fqdn = str_of(world->host[i].host.name);
		struct str first = {fqdn.s, str_find(fqdn, '.')};

		if (str_eq_fold(first, name))
			host = &world->host[i];
	}
	return host;
}

static const struct world_host *
find_host(struct trace *t, const char *option, struct str name)
{
	const struct world_host *host = host_named(&t->world, name);
	const char **all = ARENA_ARRAY(&t->run->arena, const char *,
	    t->world.n);
	const char *near;
	size_t i;

	if (host)
		return host;
	for (i = 0; i < t->world.n; i++)
		all[i] = t->world.host[i].host.name;
	near = str_nearest(name, all, t->world.n);
	complain(t->run, "%s %.*s: no such node%s%s%s", option, STR_ARG(name),
	    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

/* --at NODE or NODE:PORT. */
static bool
start_at(struct trace *t, struct str at)
{
	size_t colon = str_find(at, ':'), i;
	struct str name = {at.s, colon};
	int64_t port = 0;

	t->host = find_host(t, "--at", name);
	if (!t->host)
		return false;
	if (colon == at.len) {
		for (i = 0; i < t->host->host.nport && !t->port; i++)
			if (!t->host->host.port[i].loopback)
				t->port = &t->host->host.port[i];
		return true;
	}
	if (str_eq((struct str){at.s + colon + 1, at.len - colon - 1},
	    STR("sendmail")))
		return true;
	for (i = colon + 1; i < at.len && port <= 65535; i++)
		port = at.s[i] >= '0' && at.s[i] <= '9' ?
		    port * 10 + (at.s[i] - '0') : 65536;
	t->port = trace_port(t->host, port);
	return t->port || complain(t->run, "--at %.*s: nothing listens there "
	    "for others; name a port of roles/%s.yaml, or %s:sendmail for "
	    "the host itself", STR_ARG(at), t->host->node &&
	    t->host->node->role ? t->host->node->role->name.s : "<role>",
	    t->host->host.name);
}

/* Where the DNS sends mail for the recipient. */
static bool
start_at_mx(struct trace *t, struct str recipient)
{
	size_t at = recipient.len;
	struct destination to;

	while (at && recipient.s[at - 1] != '@')
		at--;
	if (!at)
		return complain(t->run, "'%.*s' has no domain; say with --at "
		    "at which node it arrives", STR_ARG(recipient));
	destination_find(&t->world, NULL, (struct str){recipient.s + at,
	    recipient.len - at}, 25, &t->run->arena, &to);
	if (to.kind != DESTINATION_FLEET)
		return complain(t->run, "no node receives mail for %.*s; say "
		    "with --at at which node the message starts",
		    (int)(recipient.len - at), recipient.s + at);
	t->host = to.host[0];
	t->port = trace_port(t->host, 25);
	return t->port || complain(t->run, "%s receives mail for %.*s, and "
	    "nothing listens on its port 25", t->host->host.name,
	    (int)(recipient.len - at), recipient.s + at);
}

static bool
set_certificate(struct trace *t, const char *name, struct client *client)
{
	const struct world_host *node = find_host(t, "--cert", str_of(name));
	const struct fingerprint *fingerprint;

	if (!node || !node->node)
		return false;
	fingerprint = node->node->fingerprints.item;
	if (!node->node->fingerprints.n)
		return complain(t->run, "--cert %s: no fingerprint of its "
		    "certificate is known; export it, or put it into "
		    "data/certs", node->host.name);
	client->fingerprint = text_str(fingerprint[0].value);
	if (node->node->certificate)
		client->key_fingerprint =
		    str_of(node->node->certificate->key_fingerprint);
	t->certificate = node->host.name;
	return true;
}

static bool
is_loopback(struct str address)
{
	return str_eq(address, STR("127.0.0.1")) ||
	    str_eq(address, STR("::1"));
}

static bool
set_client(struct trace *t, const struct asked *asked)
{
	struct client *client = &t->message.client;
	const struct world_host *from = NULL;

	*client = caller_stranger(&t->world, false);
	client->tls = !asked->plain;
	if (!t->port) {
		client->address = STR("127.0.0.1");
		client->name = STR("localhost");
	}
	if (asked->client) {
		client->address = str_of(asked->client);
		from = world_host_at(&t->world, client->address);
		client->name = from ? str_of(from->host.name) :
		    is_loopback(client->address) ? STR("localhost") :
		    STR("unknown");
		t->message.from = from;
	}
	if (asked->login)
		client->login = str_of(asked->login);
	return !asked->cert || set_certificate(t, asked->cert, client);
}

/* The sender that would be usual for who sends. */
static struct str
usual_sender(const struct trace *t, const struct asked *asked)
{
	struct arena *a = &t->run->arena;

	if (asked->login && strchr(asked->login, '@'))
		return str_of(asked->login);
	if (asked->login && t->world.fleet)
		return str_of(arena_printf(a, "%s@%s", asked->login,
		    t->world.fleet->domain.s));
	if (t->certificate)
		return str_of(arena_printf(a, "root@%s", t->certificate));
	if (!t->port)
		return str_of(arena_printf(a, "root@%s", t->host->host.name));
	return caller_outside(&t->world, 0);
}

static struct str
without_brackets(const char *address)
{
	struct str s = str_of(address);

	if (s.len > 1 && s.s[0] == '<' && s.s[s.len - 1] == '>')
		s = (struct str){s.s + 1, s.len - 2};
	return s;
}

/*
 * An address as smtpd(8) or sendmail(1) reads what was typed; false: smtpd
 * takes it for none. sendmail's first is the one that is traced.
 */
static bool
read_address(const struct trace *t, const char *typed, struct str *address)
{
	struct arena *a = &t->run->arena;
	struct str text = without_brackets(typed);
	struct address_list list;

	if (t->port)
		return smtpd_address(t->port->smtpd, text, a, address);
	address_read(text, a, &list);
	*address = list.n ? list.address[0] : STR("");
	return true;
}

static bool
set_message(struct trace *t, const struct asked *asked)
{
	struct message *m = &t->message;

	if (!set_client(t, asked))
		return false;
	m->bad_recipient = !read_address(t, asked->recipient, &m->recipient);
	if (asked->from)
		m->bad_sender = !read_address(t, asked->from, &m->sender);
	else
		m->sender = usual_sender(t, asked);
	m->helo = asked->helo ? str_of(asked->helo) : m->client.name;
	m->header_from = asked->header_from ?
	    without_brackets(asked->header_from) : m->sender;
	if (!m->header_from.len)
		m->header_from = (struct str){0};
	return true;
}

static void
note_tried(void *self, const struct table *table, struct str key,
    enum table_result result, const struct table_answer *answer)
{
	struct trace *t = self;
	struct arena *a = &t->run->arena;
	struct tried *tried = ARENA_NEW(a, struct tried);

	*tried = (struct tried){.table = table_name(table), .result = result,
		.key = {arena_strndup(a, key.s, key.len), key.len}};
	if (result == TABLE_FOUND)
		tried->value = (struct str){arena_strndup(a, answer->value.s,
		    answer->value.len), answer->value.len};
	*t->last = tried;
	t->last = &tried->next;
}

static int
exit_status(enum fate fate)
{
	switch (fate) {
	case FATE_DELIVERED:
		return EXIT_OK;
	case FATE_DISCARDED:
	case FATE_REJECTED:
	case FATE_BOUNCED:
		return EXIT_DIFFERS;
	case FATE_DEFERRED:
	case FATE_UNDECIDABLE:
	case FATE_LOOP:
	case FATES:
		break;
	}
	return EXIT_FAILED;
}

bool
trace_ask(struct trace *t, const struct asked *asked)
{
	struct str recipient = without_brackets(asked->recipient);

	t->host = NULL;
	t->port = NULL;
	t->certificate = NULL;
	t->message = (struct message){0};
	if (!t->world.n)
		return complain(t->run, "there is no host with a main.cf");
	if (asked->at ? !start_at(t, str_of(asked->at)) :
	    t->directory ? !start_at(t,
	    str_of(t->world.host[0].host.name)) :
	    !start_at_mx(t, recipient))
		return false;
	if (!set_message(t, asked))
		return false;
	t->hop = trace_message(t->host, t->port, &t->message, &t->run->arena);
	return true;
}

/* A foreign tree: what the host is called stands in its main.cf. */
static bool
open_directory(struct trace *t)
{
	struct run *run = t->run;

	if (!plan_read_host(&t->foreign, t->directory, "this-host",
	    &run->arena, &run->diag))
		return false;
	world_open(&t->world, &run->arena, &t->foreign, NULL, &t->none, NULL,
	    run->today);
	return true;
}

enum { SECRET_LARGEST = 64 * 1024 };

/* --srs-secret FILE: what is in it is never shown. */
static bool
read_secret(struct trace *t, const char *path)
{
	struct buf b = BUF_INIT;
	enum file_error why = file_read(path, SECRET_LARGEST, &b);

	if (why == FILE_OK)
		t->world.srs_secret = (struct str){arena_strndup(
		    &t->run->arena, b.s, b.len), b.len};
	buf_release(&b);
	return why == FILE_OK || complain(t->run, "--srs-secret: %s %s", path,
	    file_error_text(why));
}

bool
trace_open(struct trace *t, struct run *run, const struct asked *asked)
{
	*t = (struct trace){.run = run, .directory = asked->directory,
		.verbose = asked->verbose};
	t->last = &t->tried;
	if (asked->verbose) {
		t->world.tried = note_tried;
		t->world.tried_self = t;
	}
	plan_init(&t->foreign);
	records_init(&t->none, &run->arena);
	if (asked->srs_secret && !read_secret(t, asked->srs_secret))
		return false;
	if (t->directory)
		return open_directory(t);
	t->compiled = true;
	if (!compile_fleet(run, NULL, &t->compilation))
		return false;
	compile_world(run, &t->compilation, &t->world);
	return true;
}

void
trace_close(struct trace *t)
{
	world_release(&t->world);
	records_release(&t->none);
	if (t->compiled)
		compilation_release(&t->compilation);
	plan_release(&t->foreign);
}

static int
run_trace(struct run *run, const struct asked *asked)
{
	bool json = run->format != &diag_formats[0];
	struct trace t;
	bool ok;
	int status;

	/* Notes on the data are for check. */
	run->quiet = run->quiet || !asked->verbose;
	ok = trace_open(&t, run, asked) &&
	    trace_ask(&t, asked);
	status = run_finish(run, true);
	if (ok && !status) {
		if (json)
			trace_print_json(&t);
		else
			trace_print(&t);
		status = exit_status(t.hop->fate);
	}
	trace_close(&t);
	return status;
}

enum {
	OPT_FROM = OPT_VERB, OPT_AT, OPT_CLIENT, OPT_CERT, OPT_LOGIN, OPT_HELO,
	OPT_HEADER_FROM, OPT_DIRECTORY, OPT_SRS_SECRET, OPT_VERBOSE, OPT_PLAIN,
};

int
cmd_trace(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"from", required_argument, NULL, OPT_FROM},
		{"at", required_argument, NULL, OPT_AT},
		{"client", required_argument, NULL, OPT_CLIENT},
		{"cert", required_argument, NULL, OPT_CERT},
		{"login", required_argument, NULL, OPT_LOGIN},
		{"helo", required_argument, NULL, OPT_HELO},
		{"header-from", required_argument, NULL, OPT_HEADER_FROM},
		{"directory", required_argument, NULL, OPT_DIRECTORY},
		{"srs-secret", required_argument, NULL, OPT_SRS_SECRET},
		{"verbose", no_argument, NULL, OPT_VERBOSE},
		{"plaintext", no_argument, NULL, OPT_PLAIN},
		{NULL, 0, NULL, 0}
	};
	struct asked asked = {0};
	const char **text[] = {&asked.from, &asked.at, &asked.client,
		&asked.cert, &asked.login, &asked.helo, &asked.header_from,
		&asked.directory, &asked.srs_secret};
	int option;

	while ((option = getopt_long(argc, argv, "C:qv", options,
	    NULL)) != -1) {
		if (option >= OPT_FROM && option <= OPT_SRS_SECRET)
			*text[option - OPT_FROM] = optarg;
		else if (option == OPT_VERBOSE || option == 'v')
			asked.verbose = true;
		else if (option == OPT_PLAIN)
			asked.plain = true;
		else if (!run_option(run, option, optarg))
			return run_usage(run, "trace", NULL);
	}
	if (optind + 1 != argc)
		return run_usage(run, "trace", "one address is wanted");
	asked.recipient = argv[optind];
	if (run->format != &diag_formats[0] &&
	    strcmp(run->format->name, "json"))
		return run_usage(run, "trace", "--format can be text or json");
	return run_trace(run, &asked);
}
