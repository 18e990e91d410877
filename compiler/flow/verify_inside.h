/* What the parts of verify share. */
#ifndef FLOW_VERIFY_INSIDE_H
#define FLOW_VERIFY_INSIDE_H

#include "flow/verify.h"

/* One "name = value" of main.cf, or one -o of master.cf. */
struct setting {
	struct str name;
	struct str value;		/* comments in it are blanks */
	const struct planned_file *file;
	size_t offset;			/* of the name in the file */
	size_t value_offset;
	const struct service *service;	/* whose -o it is; NULL: main.cf */
	bool is_list;			/* walked as restrictions already */
};

struct service {
	struct str name, type, command;
	size_t offset;
	struct setting *option;
	size_t noption;
};

struct verify {
	struct arena *arena;
	struct diag *diag;
	enum postfix_release release;
	const struct planned_node *node;
	const struct node *host;	/* the node in the fleet, or NULL */
	const struct planned_file *main_cf, *master_cf;	/* or NULL */
	struct setting *setting;	/* of main.cf, in order */
	size_t nsetting;
	struct service *service;
	size_t nservice;
	struct map main;		/* name -> the setting that counts */
	struct map used;		/* names that a value uses as $name */
	struct map classes;		/* smtpd_restriction_classes */
	struct map options;		/* names that any -o sets */
	struct map databases;		/* name in ldap:name, mysql:name … */
};

/* verify_read.c */

/* Read both files; what cannot be parsed is reported. */
void verify_read(struct verify *v);
/* The planned file of a path on the node ("/etc/postfix/x"), or NULL. */
const struct planned_file *verify_file(const struct verify *v,
    struct str path);
/* Where the line that holds a byte of a file comes from. */
struct origin verify_origin(const struct planned_file *file, size_t offset);
/* Where a part of a setting's value comes from. */
struct origin verify_place(const struct setting *s, struct str part);
/* What a service sees under a name: its own -o, else main.cf; or NULL. */
struct setting *verify_setting(const struct verify *v,
    const struct service *service, struct str name);
/* Whether master.cf has a service of that name that is no inet service. */
bool verify_service(const struct verify *v, struct str name);

/* verify_restrictions.c */

void verify_restrictions(struct verify *v, struct setting *s);
void verify_relaying(struct verify *v);

/* verify_domains.c */

void verify_domains(struct verify *v);

/* verify_services.c */

void verify_services(struct verify *v);
/* Transport parameters and the transport tables that were rendered. */
void verify_transports(struct verify *v);

#endif
