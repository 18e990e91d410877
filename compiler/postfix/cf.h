/*
 * main.cf and master.cf as Postfix's programs see them: settings with their
 * places, services with their -o, and the value that a program reads under a
 * name (postconf(5), "FILE FORMAT"; master(5)).
 */
#ifndef POSTFIX_CF_H
#define POSTFIX_CF_H

#include "base/map.h"
#include "postfix/postfix.h"

/* A file's bytes; owner is the caller's own. */
struct cf_file {
	const char *path;
	struct str text;
	const void *owner;
};

/* One "name = value" of main.cf, or one -o of master.cf. */
struct setting {
	struct str name;		/* empty: the line is no setting */
	struct str value;		/* comments in it are blanks */
	const struct cf_file *file;
	size_t offset;			/* of the name in the file */
	size_t value_offset;
	const struct service *service;	/* whose -o it is; NULL: main.cf */
};

struct service {
	struct str name, type, command;
	size_t offset;
	struct setting *option;
	size_t noption;
	const char *error;		/* why the master refuses it, or NULL */
};

struct cf {
	struct arena *arena;
	const char *hostname;		/* myhostname where main.cf has none */
	const struct cf_file *main_cf, *master_cf;	/* or NULL */
	struct setting *setting;	/* of main.cf, in order */
	size_t nsetting;
	struct service *service;
	size_t nservice;
	struct map main;		/* name -> the setting that counts */
};

/*
 * Read both files (either may be NULL). Nothing is refused: lines that are no
 * settings and services with an error are there for who wants to report them.
 */
void cf_read(struct cf *c, struct arena *a,
    const struct cf_file *main_cf, const struct cf_file *master_cf);
void cf_release(struct cf *c);

/* What a service sees under a name: its own -o, else main.cf; or NULL. */
const struct setting *cf_setting(const struct cf *c,
    const struct service *service, struct str name);
/* Whether master.cf has a service of that name that is no inet service. */
bool cf_service(const struct cf *c, struct str name);

/*
 * The value that a service (NULL: any other program) reads: its -o, main.cf
 * or the default, each $name in it expanded. In the arena given; no NUL.
 */
struct str cf_value(const struct cf *c,
    const struct service *service, struct str name, struct arena *a);
/* The same for one that is yes or no. */
bool cf_bool(const struct cf *c, const struct service *service,
    struct str name);
/* The same for a number; a time in seconds. */
int64_t cf_int(const struct cf *c, const struct service *service,
    struct str name);
/* Any text as that service would expand it. */
struct str cf_expand(const struct cf *c,
    const struct service *service, struct str text, struct arena *a);

/*
 * Where in its file the part of an expanded value stands that came from it:
 * the setting's own place for parts that came by way of another parameter.
 */
size_t setting_offset(const struct setting *s, struct str part);

#endif
