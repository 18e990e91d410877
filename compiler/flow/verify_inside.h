/* What the parts of verify share. */
#ifndef FLOW_VERIFY_INSIDE_H
#define FLOW_VERIFY_INSIDE_H

#include "flow/place.h"
#include "flow/verify.h"
#include "postfix/cf.h"

struct verify {
	struct arena *arena;
	struct diag *diag;
	enum postfix_release release;
	const struct planned_node *node;
	const struct node *host;	/* the node in the fleet, or NULL */
	const struct planned_file *main_cf, *master_cf;	/* or NULL */
	struct cf_file file[2];	/* the same for cf_read() */
	struct cf cf;
	struct map used;		/* names that a value uses as $name */
	struct map classes;		/* smtpd_restriction_classes */
	struct map options;		/* names that any -o sets */
	struct map databases;		/* name in ldap:name, mysql:name … */
	struct map walked;		/* restriction lists, by address */
};

/* verify_read.c */

/* Read both files; what cannot be parsed is reported. */
void verify_read(struct verify *v);

/* verify_restrictions.c */

void verify_restrictions(struct verify *v, const struct setting *s);
void verify_relaying(struct verify *v);

/* verify_domains.c */

void verify_domains(struct verify *v);

/* verify_services.c */

void verify_services(struct verify *v);
/* Transport parameters and the transport tables that were rendered. */
void verify_transports(struct verify *v);

#endif
