/*
 * What the settings of postsrsd mean. A value that postsrsd refuses, and one
 * that only the host knows, is in config->why: then nothing is promised of
 * the rules.
 */
#include "postfix/srs_config.h"

#include <ctype.h>

struct reading {
	struct srs_config *config;
	const struct table_world *world;
	struct arena *arena;
	size_t domain_at;
	bool has_domain;
	size_t cap;		/* of config->rules.exclude */
};

static void
cannot(struct reading *r, size_t offset, const char *why)
{
	if (r->config->why)
		return;
	r->config->why = why;
	r->config->offset = offset;
}

static void
exclude(struct reading *r, struct str domain)
{
	struct srs_rules *rules = &r->config->rules;
	struct str *old = rules->exclude;

	if (rules->nexclude == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 8;
		rules->exclude = ARENA_ARRAY(r->arena, struct str, r->cap);
		if (old)
			memcpy(rules->exclude, old,
			    rules->nexclude * sizeof(*old));
	}
	rules->exclude[rules->nexclude++] = domain;
}

/* Domains with blanks, commas or semicolons between. */
static void
exclude_words(struct reading *r, struct str words)
{
	size_t i = 0, from;

	while (i < words.len) {
		for (from = i; i < words.len && !strchr(",; \t\r\n",
		    words.s[i]); i++)
			;
		if (i > from)
			exclude(r, (struct str){words.s + from, i - from});
		i++;
	}
}

static void
take_separator(struct reading *r, const struct srs_setting *s)
{
	struct str v = s->value[0];

	if (!v.len || !*v.s || !strchr("=+-", *v.s) ||
	    (r->config->version == 2 && v.len != 1)) {
		cannot(r, s->offset, "postsrsd refuses this separator");
		return;
	}
	r->config->rules.separator = *v.s;
}

static void
take_number(struct reading *r, const struct srs_setting *s, unsigned *n)
{
	struct str v = s->value[0];
	size_t i;

	*n = 0;
	for (i = 0; i < v.len && isdigit((unsigned char)v.s[i]) &&
	    *n < 1000; i++)
		*n = *n * 10 + (unsigned)(v.s[i] - '0');
	if (!v.len || i < v.len)
		cannot(r, s->offset, "this is no number");
}

static void
take_bool(struct reading *r, const struct srs_setting *s, bool *b)
{
	static const char *const word[] = {
		"false", "true", "no", "yes", "off", "on",
	};
	size_t i;

	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (!str_eq_fold(s->value[0], str_of(word[i])))
			continue;
		*b = i % 2;
		return;
	}
	cannot(r, s->offset, "this is neither on nor off");
}

/* Lines, without the comments; for domains-file. */
static void
exclude_file(struct reading *r, const struct srs_setting *s)
{
	struct table_source source;
	struct str rest, line;

	if (!s->value[0].len)
		return;
	if (!r->world->file(r->world->self, s->value[0], &source)) {
		cannot(r, s->offset, "the domains-file is not known here");
		return;
	}
	for (rest = source.text; rest.len;) {
		size_t len = str_find(rest, '\n');

		line = (struct str){rest.s, len};
		line.len = str_find(line, '#');
		line = str_trim(line);
		if (line.len)
			exclude(r, line);
		rest.s += len < rest.len ? len + 1 : len;
		rest.len -= len < rest.len ? len + 1 : len;
	}
}

static void
take_domain(struct reading *r, struct str domain, size_t offset)
{
	if (domain.len && *domain.s == '.' && r->config->version == 2)
		domain = (struct str){domain.s + 1, domain.len - 1};
	r->config->rules.domain = domain;
	r->has_domain = domain.len > 0;
	r->domain_at = offset;
}

static void
take_extra(struct reading *r, const struct srs_setting *s)
{
	struct str v = str_trim(s->value[0]);

	if (str_eq(v, STR("-A")))
		r->config->rules.always_rewrite = true;
	else if (v.len)
		cannot(r, s->offset, "what these options do is not known "
		    "here");
}

static void
take_shell(struct reading *r, const struct srs_setting *s)
{
	struct srs_config *c = r->config;
	struct str name = s->name, v = s->value[0];

	if (str_eq(name, STR("SRS_DOMAIN"))) {
		take_domain(r, v, s->offset);
		if (!v.len)
			cannot(r, s->offset, "postsrsd wants a domain");
	} else if (str_eq(name, STR("SRS_EXCLUDE_DOMAINS"))) {
		c->rules.nexclude = 0;
		exclude_words(r, v);
	} else if (str_eq(name, STR("SRS_SEPARATOR"))) {
		take_separator(r, s);
	} else if (str_eq(name, STR("SRS_SECRET"))) {
		c->secret_file = v;
	} else if (str_eq(name, STR("SRS_HASHLENGTH"))) {
		take_number(r, s, &c->rules.hash_length);
	} else if (str_eq(name, STR("SRS_HASHMIN"))) {
		take_number(r, s, &c->rules.hash_minimum);
	} else if (str_eq(name, STR("SRS_FORWARD_PORT"))) {
		c->forward_port = v;
	} else if (str_eq(name, STR("SRS_REVERSE_PORT"))) {
		c->reverse_port = v;
	} else if (str_eq(name, STR("SRS_LISTEN_ADDR"))) {
		c->address = v;
	} else if (str_eq(name, STR("SRS_EXTRA_OPTIONS"))) {
		take_extra(r, s);
	}
}

/* Options of 2.x that have no part in how an address is rewritten. */
static bool
is_other_option(struct str name)
{
	static const char *const other[] = {
		"keep-alive", "milter", "envelope-database", "pid-file",
		"unprivileged-user", "chroot-dir", "daemonize", "syslog",
		"debug", "seccomp", "milter-rewrite-local",
		"milter-recipient-limit", "connection-limit",
	};
	size_t i;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (str_eq(name, str_of(other[i])))
			return true;
	return false;
}

static void
take_domains(struct reading *r, const struct srs_setting *s)
{
	size_t i;

	if (!s->adds)
		r->config->rules.nexclude = 0;
	for (i = 0; i < s->n; i++)
		exclude(r, s->value[i]);
	/* The first of them is the domain where none is named. */
	if (!r->has_domain && s->n)
		take_domain(r, s->value[0], s->offset);
}

static void
take_conf(struct reading *r, const struct srs_setting *s)
{
	struct srs_config *c = r->config;
	struct str name = s->name;

	if (str_eq(name, STR("domains"))) {
		take_domains(r, s);
	} else if (s->n != 1 || s->adds) {
		cannot(r, s->offset, "postsrsd refuses a list here");
	} else if (str_eq(name, STR("srs-domain"))) {
		take_domain(r, s->value[0], s->offset);
	} else if (str_eq(name, STR("domains-file"))) {
		exclude_file(r, s);
	} else if (str_eq(name, STR("separator"))) {
		take_separator(r, s);
	} else if (str_eq(name, STR("secrets-file"))) {
		c->secret_file = s->value[0];
	} else if (str_eq(name, STR("hash-length"))) {
		take_number(r, s, &c->rules.hash_length);
	} else if (str_eq(name, STR("hash-minimum"))) {
		take_number(r, s, &c->rules.hash_minimum);
	} else if (str_eq(name, STR("always-rewrite"))) {
		take_bool(r, s, &c->rules.always_rewrite);
	} else if (str_eq(name, STR("socketmap"))) {
		c->socketmap = s->value[0];
	} else if (str_eq(name, STR("original-envelope"))) {
		if (!str_eq_fold(s->value[0], STR("embedded")))
			cannot(r, s->offset, "the addresses are in a "
			    "database");
	} else if (!is_other_option(name)) {
		cannot(r, s->offset, "postsrsd does not know this option");
	}
}

static void
read_secrets(struct reading *r)
{
	struct srs_rules *rules = &r->config->rules;
	struct table_source source;
	struct str rest;
	size_t n = 1, i;

	if (!r->config->secret_file.len || !r->world->file(r->world->self,
	    r->config->secret_file, &source))
		return;
	for (i = 0; i < source.text.len; i++)
		n += source.text.s[i] == '\n';
	rules->secret = ARENA_ARRAY(r->arena, struct str, n);
	for (rest = source.text; rest.len;) {
		size_t len = str_find(rest, '\n');
		struct str line = {rest.s, len};

		line.len = str_find(line, '\r');
		if (line.len)
			rules->secret[rules->nsecret++] = line;
		rest.s += len < rest.len ? len + 1 : len;
		rest.len -= len < rest.len ? len + 1 : len;
	}
}

/* What holds where the file says nothing. */
static void
preset(struct srs_config *c)
{
	c->rules.separator = '=';
	c->rules.hash_length = c->rules.hash_minimum = 4;
	c->secret_file = STR("/etc/postsrsd.secret");
	if (c->version == 1) {
		c->address = STR("127.0.0.1");
		c->forward_port = STR("10001");
		c->reverse_port = STR("10002");
	} else {
		c->socketmap = STR("unix:/var/spool/postfix/srs");
	}
}

static void
read_settings(struct reading *r, struct str text)
{
	struct srs_config *c = r->config;
	struct srs_setting setting;
	const char *why;
	size_t at = 0;

	while (c->version == 1 ?
	    srs_shell_next(r->arena, text, &at, &setting, &why) :
	    srs_conf_next(r->arena, text, &at, &setting, &why)) {
		if (c->version == 1)
			take_shell(r, &setting);
		else
			take_conf(r, &setting);
	}
	if (why)
		cannot(r, setting.offset, why);
	/* The launcher of 1.x asks Postfix. */
	if (!r->has_domain && c->version == 1 && r->world->parameter &&
	    r->world->parameter(r->world->self, STR("mydomain"),
	    &c->rules.domain))
		r->has_domain = c->rules.domain.len > 0;
	if (!r->has_domain)
		cannot(r, 0, "the domain of rewritten addresses is not "
		    "known");
	if (!c->why)
		c->offset = r->domain_at;
}

void
srs_config_read(struct srs_config *config, const struct table_world *world,
    struct arena *a)
{
	static const struct {
		const char *path;
		unsigned version;
	} files[] = {
		{"/etc/postsrsd/postsrsd.conf", 2},
		{"/etc/postsrsd.conf", 2},
		{"/etc/default/postsrsd", 1},
	};
	struct reading r = {.config = config, .world = world, .arena = a};
	struct table_source source;
	size_t i;

	*config = (struct srs_config){0};
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (world->file(world->self, str_of(files[i].path), &source))
			break;
	if (i == sizeof(files) / sizeof(files[0]))
		return;
	config->version = files[i].version;
	config->owner = source.owner;
	config->rules.major = config->version;
	preset(config);
	read_settings(&r, source.text);
	read_secrets(&r);
}

static bool
is_one_of(struct str s, const char *const *name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_eq(s, str_of(name[i])))
			return true;
	return false;
}

/* Whether a server that listens at one host name is reached by another. */
static bool
same_host(struct str listens, struct str asked)
{
	static const char *const any[] = {"*", "0.0.0.0", "::", "[::]"};
	static const char *const names[] = {"", "localhost"};
	static const char *const loopback[] = {
		"", "localhost", "127.0.0.1", "::1", "[::1]",
	};

	if (str_eq_fold(listens, asked) || is_one_of(listens, any, 4))
		return true;
	/* 127.0.0.1 is not ::1, and localhost is both. */
	return is_one_of(listens, loopback, 5) &&
	    is_one_of(asked, loopback, 5) &&
	    (is_one_of(listens, names, 2) || is_one_of(asked, names, 2));
}

/* "host:port" in two; without a colon all of it is the port. */
static void
split_port(struct str s, struct str *host, struct str *port)
{
	size_t i = s.len;

	while (i && s.s[i - 1] != ':')
		i--;
	*host = (struct str){s.s, i ? i - 1 : 0};
	*port = (struct str){s.s + i, s.len - i};
}

static enum srs_direction
tcp_direction(const struct srs_config *c, struct str name)
{
	struct str host, port;

	split_port(name, &host, &port);
	if (c->version != 1 || !same_host(c->address, host))
		return SRS_NOBODY;
	if (str_eq(port, c->forward_port))
		return SRS_FORWARD;
	return str_eq(port, c->reverse_port) ? SRS_REVERSE : SRS_NOBODY;
}

static bool
same_path(struct str listens, struct str asked, struct str queue)
{
	struct str rest = listens;

	if (str_starts(asked, STR("/")))
		return str_eq(listens, asked);
	if (!str_starts(listens, queue))
		return false;
	rest.s += queue.len;
	rest.len -= queue.len;
	return str_starts(rest, STR("/")) && str_eq((struct str){rest.s + 1,
	    rest.len - 1}, asked);
}

static enum srs_direction
socketmap_direction(const struct srs_config *c, struct str name,
    struct str queue)
{
	struct str server, map, host, port, listens, listens_port;
	const struct str inet = STR("inet:"), unix_ = STR("unix:");
	bool same;

	split_port(name, &server, &map);
	if (c->version != 2)
		return SRS_NOBODY;
	if (str_starts(server, unix_) && str_starts(c->socketmap, unix_)) {
		same = same_path((struct str){c->socketmap.s + unix_.len,
		    c->socketmap.len - unix_.len}, (struct str){server.s +
		    unix_.len, server.len - unix_.len}, queue);
	} else if (str_starts(server, inet) &&
	    str_starts(c->socketmap, inet)) {
		split_port((struct str){server.s + inet.len,
		    server.len - inet.len}, &host, &port);
		split_port((struct str){c->socketmap.s + inet.len,
		    c->socketmap.len - inet.len}, &listens, &listens_port);
		same = same_host(listens, host) &&
		    str_eq(port, listens_port);
	} else {
		same = false;
	}
	if (same && str_eq(map, STR("forward")))
		return SRS_FORWARD;
	return same && str_eq(map, STR("reverse")) ? SRS_REVERSE : SRS_NOBODY;
}

enum srs_direction
srs_config_direction(const struct srs_config *config, struct str type,
    struct str name, struct str queue)
{
	if (str_eq(type, STR("tcp")))
		return tcp_direction(config, name);
	if (str_eq(type, STR("socketmap")))
		return socketmap_direction(config, name, queue);
	return SRS_NOBODY;
}
