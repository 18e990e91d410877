/*
 * What reads the files of rspamd and postsrsd, on any bytes: parts of the
 * input, with a line "====" between, are local.d and override.d of signing,
 * settings.conf, options.inc and the configuration of postsrsd. Then a few
 * messages are decided about, and a few tables asked.
 */
#include "fuzz.h"

#include "flow/sign.h"
#include "postfix/srs_config.h"
#include "tree/ucl.h"

enum { PARTS = 5 };

static const char *const paths[PARTS] = {
	"/etc/rspamd/local.d/dkim_signing.conf",
	"/etc/rspamd/override.d/dkim_signing.conf",
	"/etc/rspamd/local.d/settings.conf",
	"/etc/rspamd/override.d/options.inc",
	"/etc/postsrsd/postsrsd.conf",
};

struct parts {
	struct str part[PARTS];
	bool srs_1;
};

static bool
find(void *self, struct str path, struct table_source *source)
{
	struct parts *parts = self;
	struct str wanted = path;
	int i;

	if (str_eq(path, STR("/etc/default/postsrsd")))
		wanted = str_of(paths[4]);
	else if (parts->srs_1 && str_eq(path, str_of(paths[4])))
		return false;
	for (i = 0; i < PARTS; i++) {
		if (!str_eq(wanted, str_of(paths[i])))
			continue;
		source->text = parts->part[i];
		source->owner = paths[i];
		return true;
	}
	/* A map, a list of secrets. */
	source->text = parts->part[0];
	source->owner = NULL;
	return path.len > 2 && path.s[1] == 'm';
}

static void
split(struct str input, struct parts *parts)
{
	static const char line[] = "====\n";
	int i;

	for (i = 0; i < PARTS; i++) {
		const char *end = memmem(input.s, input.len, line,
		    sizeof(line) - 1);
		size_t len = end ? (size_t)(end - input.s) : input.len;

		parts->part[i] = (struct str){input.s, len};
		if (end)
			len += sizeof(line) - 1;
		input.s += len;
		input.len -= len;
	}
}

static void
decide(const struct signer *signer, struct arena *a)
{
	static const char *const client[] = {
		"127.0.0.1", "192.0.2.10", "2001:db8::1", "", "x",
	};
	static const struct str from[] = {
		{"me@sub.torproject.org", 21}, {"you@b.example", 13},
	};
	size_t i;

	for (i = 0; i < 20; i++) {
		struct sign_message m = {
			.client = str_of(client[i % 5]),
			.user = i % 3 ? (struct str){0} : STR("me@b.example"),
			.sender = i % 2 ? STR("me@a.b.c.d.example") :
			    (struct str){0},
			.from = from, .nfrom = i % 4 ? 1 : i % 3,
			.from_known = i != 7,
		};
		struct sign_verdict v = sign_decide(signer, &m, a);

		if (v.result == SIGN_SIGNED ? !v.n : !v.why)
			abort();
		if (v.place.owner && v.place.offset > 1 << 20)
			abort();
	}
}

static void
ask(struct parts *parts, const struct table_world *world, struct arena *a)
{
	struct srs_config c;
	int i;

	for (i = 0; i < 2; i++) {
		parts->srs_1 = i;
		srs_config_read(&c, world, a);
		if (c.version != (i ? 1u : 2u))
			abort();
		srs_config_direction(&c, STR("tcp"), STR("[::1]:10001"),
		    STR("/q"));
		srs_config_direction(&c, STR("socketmap"),
		    STR("unix:srs:forward"), STR("/q"));
		srs_config_direction(&c, STR("socketmap"),
		    STR("inet:1:reverse"), STR("/q"));
	}
}

void
fuzz_one(struct str input)
{
	struct parts parts = {0};
	const struct table_world world = {.self = &parts, .file = find};
	struct sign_host host = {.world = &world};
	struct sign_place place;
	struct arena arena;
	int i;

	split(input, &parts);
	for (i = 0; i < 2; i++) {
		arena_init(&arena);
		host.release = i ? RSPAMD_3_8 : RSPAMD_3_4;
		decide(signer_open(&arena, &host), &arena);
		signer_problem(signer_open(&arena, &host), &place);
		ask(&parts, &world, &arena);
		arena_release(&arena);
	}
}
