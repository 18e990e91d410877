/*
 * postsrsd's own configuration: /etc/default/postsrsd of 1.x (variables of a
 * shell) and postsrsd.conf of 2.x, as rules of rewriting and as the servers
 * that Postfix's tcp: and socketmap: tables ask.
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
	struct srs_rules rules;		/* but for today, which is 0 */
	unsigned version;		/* 1, 2; 0: no file of postsrsd's */
	const char *why;		/* what cannot be told, or NULL; then
					   the rules are not to be used */
	const void *owner;		/* of the file */
	size_t offset;			/* of the line that says why, else of
					   the one with the domain */
	struct str secret_file;
	struct str address;		/* 1.x: where it listens */
	unsigned forward_port, reverse_port;	/* 1.x */
	struct str socketmap;		/* 2.x: "inet:127.0.0.1:10001",
					   "unix:/path"; empty: none */
};

/*
 * Read the configuration of the host whose files the world has; secrets are
 * taken where it has their file.
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

#endif
