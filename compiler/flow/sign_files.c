/*
 * The sections of rspamd's configuration that signing depends on, put
 * together as rspamd.conf of Debian's package does: the package's defaults,
 * local.d merged over them, override.d over both, and cgp.inc's one address.
 * The package's own files are taken to be as they were shipped.
 */
#include "flow/sign_inside.h"

#include "tree/ucl.h"

/* How a part of a section is read. */
struct part {
	const char *path;
	unsigned priority;
	enum ucl_duplicate duplicate;
};

/* What is known of the paths that a file may use. */
static const struct ucl_variable variables[] = {
	{{"CONFDIR", 7}, {"/etc/rspamd", 11}},
	{{"LOCAL_CONFDIR", 13}, {"/etc/rspamd", 11}},
	{{"RUNDIR", 6}, {"/run/rspamd", 11}},
	{{"DBDIR", 5}, {"/var/lib/rspamd", 15}},
	{{"LOGDIR", 6}, {"/var/log/rspamd", 15}},
	{{"PLUGINSDIR", 10}, {"/usr/share/rspamd/plugins", 25}},
	{{"SHAREDIR", 8}, {"/usr/share/rspamd", 17}},
	{{"RULESDIR", 8}, {"/usr/share/rspamd/rules", 23}},
	{{"WWWDIR", 6}, {"/usr/share/rspamd/www", 21}},
	{{"PREFIX", 6}, {"/usr", 4}},
	{{"VERSION", 7}, {NULL, 0}},
	{{"BRANCH_VERSION", 14}, {NULL, 0}},
	{{"HOSTNAME", 8}, {NULL, 0}},
	{{"CURDIR", 6}, {NULL, 0}},
	{{"FILENAME", 8}, {NULL, 0}},
};

/* modules.d/dkim_signing.conf, and what the module presumes besides. */
static const char signing_defaults[] =
    "allow_envfrom_empty = true; allow_hdrfrom_mismatch = false;"
    "allow_hdrfrom_mismatch_local = false;"
    "allow_hdrfrom_mismatch_sign_networks = false;"
    "allow_hdrfrom_multiple = false; allow_username_mismatch = false;"
    "allow_pubkey_mismatch = true; check_pubkey = false;"
    "selector = dkim; sign_authenticated = true; sign_local = true;"
    "symbol = DKIM_SIGNED; try_fallback = true; use_domain = header;"
    "use_esld = true; use_redis = false;";
static const char options_defaults[] =
    "local_addrs = [192.168.0.0/16, 10.0.0.0/8, 172.16.0.0/12, fd00::/8,"
    " 169.254.0.0/16, fe80::/10];";
/* cgp.inc is read last, and joins the lists of whatever priority. */
static const char signing_last[] = "sign_networks = [127.2.4.7];";
static const char options_last[] = "local_addrs = [127.2.4.7];";

/* What may change any section, and no page of ours is written for. */
static const char *const foreign[] = {
	"/etc/rspamd/rspamd.conf.local",
	"/etc/rspamd/rspamd.conf.local.override",
	"/etc/rspamd/rspamd.conf.override",
	"/etc/rspamd/local.d/cgp.inc",
	"/etc/rspamd/rspamd.local.lua",
	"/etc/rspamd/lua/rspamd.local.lua",
};

static struct sign_place
place_at(const struct signer *s, uint32_t source, uint32_t line,
    uint32_t column)
{
	const struct sign_file *file;
	struct sign_place place = {0};
	const char *p, *end;

	if (!source || source > s->nfile)
		return place;
	file = &s->file[source - 1];
	p = file->source.text.s;
	end = p + file->source.text.len;
	for (; line > 1 && p < end; p++)
		if (*p == '\n')
			line--;
	if (column > 1)
		p = (size_t)(end - p) < column - 1 ? end : p + column - 1;
	place.owner = file->source.owner;
	place.offset = (size_t)(p - file->source.text.s);
	return place;
}

struct sign_place
sign_place_of(const struct signer *s, const struct value *v)
{
	if (!v)
		return (struct sign_place){0};
	return place_at(s, v->source, v->line, v->column);
}

/* The file of a path, with a number of its own; NULL: it is not there. */
static const struct sign_file *
find_file(struct signer *s, const char *path, uint32_t *source)
{
	struct sign_file *file = &s->file[s->nfile];

	if (s->nfile == SIGN_FILES)
		return NULL;
	*file = (struct sign_file){.path = path};
	if (!s->host.world->file(s->host.world->self, str_of(path),
	    &file->source))
		return NULL;
	*source = ++s->nfile;
	return file;
}

static void
note_problem(struct signer *s, struct section *section, const char *path,
    enum ucl_result result, const struct ucl_problem *problem)
{
	struct sign_place place = place_at(s, problem->at.source,
	    problem->at.line, problem->at.column);
	const char *why = arena_printf(s->arena, "%s: %s", path,
	    problem->why);

	if (result == UCL_BROKEN && !s->broken) {
		s->broken = why;
		s->broken_place = place;
	}
	if (result != UCL_OK && !section->unknown) {
		section->unknown = why;
		section->place = place;
	}
}

static void
read_section(struct signer *s, struct section *section, const char *name,
    const char *defaults, const char *last)
{
	const struct part part[] = {
		{"local.d", 1, UCL_MERGE},
		{"override.d", 10, UCL_APPEND},
	};
	struct ucl *ucl = ucl_new(s->arena, variables,
	    sizeof(variables) / sizeof(variables[0]));
	struct ucl_problem problem;
	const struct sign_file *file;
	uint32_t source = 0;
	size_t i;

	/* Never empty: what comes over it is read as an included file is. */
	ucl_read(ucl, 0, str_of(defaults), 0, UCL_APPEND, &problem);
	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		const char *path = arena_printf(s->arena, "/etc/rspamd/%s/%s",
		    part[i].path, name);

		file = find_file(s, path, &source);
		if (file)
			note_problem(s, section, path, ucl_read(ucl, source,
			    file->source.text, part[i].priority,
			    part[i].duplicate, &problem), &problem);
	}
	ucl_read(ucl, 0, str_of(last), 0, UCL_MERGE, &problem);
	section->value = ucl_value(ucl);
}

/* A file that has nothing but comments changes nothing. */
static bool
says_something(struct signer *s, struct str text)
{
	struct ucl *ucl = ucl_new(s->arena, NULL, 0);
	struct ucl_problem problem;
	enum ucl_result result = ucl_read(ucl, 0, text, 0, UCL_APPEND,
	    &problem);

	return result != UCL_OK || ucl_value(ucl).len;
}

static void
find_foreign(struct signer *s)
{
	const struct sign_file *file;
	uint32_t source;
	size_t i;

	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		file = find_file(s, foreign[i], &source);
		if (!file || s->foreign || !says_something(s,
		    file->source.text))
			continue;
		s->foreign = arena_printf(s->arena,
		    "%s may change what rspamd signs", foreign[i]);
		s->foreign_place = place_at(s, source, 1, 1);
	}
}

struct signer *
signer_open(struct arena *a, const struct sign_host *host)
{
	struct signer *s = ARENA_NEW(a, struct signer);

	s->arena = a;
	s->host = *host;
	read_section(s, &s->signing, "dkim_signing.conf", signing_defaults,
	    signing_last);
	read_section(s, &s->settings, "settings.conf", "\n", "\n");
	read_section(s, &s->options, "options.inc", options_defaults,
	    options_last);
	find_foreign(s);
	return s;
}

const char *
signer_problem(const struct signer *s, struct sign_place *place)
{
	*place = s->broken_place;
	return s->broken;
}
