/*
 * postsrsd's own configuration: /etc/default/postsrsd of 1.x (variables of a
 * shell) and postsrsd.conf of 2.x (libconfuse), as rules of rewriting and as
 * the servers that Postfix's tcp: and socketmap: tables ask.
 */
#ifndef POSTFIX_SRS_CONFIG_H
#define POSTFIX_SRS_CONFIG_H

#include "postfix/srs.h"
#include "postfix/table.h"

enum srs_direction {
	SRS_NOBODY,		/* postsrsd does not listen there */
	SRS_FORWARD,
	SRS_REVERSE,
};

struct srs_config {
	/*
	 * But for today, and for urlsafe: no file says which release of 2.x
	 * reads it. Both are 0.
	 */
	struct srs_rules rules;
	unsigned version;		/* 1, 2; 0: no file of postsrsd's */
	const char *why;		/* what cannot be told, or NULL; then
					   the rules are not to be used */
	const void *owner;		/* of the file */
	size_t offset;			/* of the line that says why, else of
					   the one with the domain */
	struct str secret_file;
	struct str address;		/* 1.x: where it listens */
	struct str forward_port, reverse_port;	/* 1.x */
	struct str socketmap;		/* 2.x: "inet:127.0.0.1:10001",
					   "unix:/path"; empty: none */
};

/*
 * Read the configuration of the host whose files the world has: the file of
 * 2.x where there is one. Secrets are taken where it has their file; without
 * SRS_DOMAIN its parameter mydomain is.
 */
void srs_config_read(struct srs_config *config,
    const struct table_world *world, struct arena *a);

/*
 * What a table asks: type "tcp", name "127.0.0.1:10001"; or "socketmap",
 * "inet:127.0.0.1:10001:forward". queue is Postfix's queue_directory, which
 * a relative unix: path is in.
 */
enum srs_direction srs_config_direction(const struct srs_config *config,
    struct str type, struct str name, struct str queue);

/* One setting of a file; what follows is for srs_config.c. */
struct srs_setting {
	struct str name;
	struct str *value;
	size_t n;
	bool adds;			/* += */
	size_t offset;
};
/*
 * The next setting of a file in either syntax: false at the end, and where
 * *why says what cannot be read, at setting->offset. Start with *at = 0.
 */
bool srs_shell_next(struct arena *a, struct str text, size_t *at,
    struct srs_setting *setting, const char **why);
bool srs_conf_next(struct arena *a, struct str text, size_t *at,
    struct srs_setting *setting, const char **why);

#endif
