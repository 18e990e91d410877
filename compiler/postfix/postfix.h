/*
 * Postfix's own knowledge, without a fleet: parameters by release,
 * restriction names, table types, and the syntax of values.
 */
#ifndef POSTFIX_POSTFIX_H
#define POSTFIX_POSTFIX_H

#include "base/buf.h"
#include "base/str.h"
#include "diag/diag.h"

/* A release line that mailc knows: index into param_kind.known. */
enum postfix_release {
	POSTFIX_3_5, POSTFIX_3_6, POSTFIX_3_7, POSTFIX_3_8,
	POSTFIX_3_9, POSTFIX_3_10, POSTFIX_3_11,
	POSTFIX_RELEASES
};
/* POSTFIX_RELEASES where version ("3.7") is none of them. */
enum postfix_release postfix_release_named(struct str version);

enum param_type {
	PARAM_TEXT,		/* anything on one line */
	PARAM_BOOL,		/* yes or no */
	PARAM_INT,
	PARAM_TIME,		/* digits and s, m, h, d or w */
	PARAM_TABLES,		/* a list of type:name */
	PARAM_RESTRICTIONS,	/* smtpd_*_restrictions */
	PARAM_NETWORKS,		/* mynetworks and its like */
	PARAM_NEXTHOP,		/* relayhost and its like */
	PARAM_CODE,		/* an SMTP reply code, 4xx or 5xx */
};

struct param_kind {
	const char *name;
	enum param_type type;
	uint8_t known;		/* bit 1 << release */
	const char *preset;	/* documented default in 3.7, else the last */
};

/* The parameter of a name, or NULL. */
const struct param_kind *param_named(struct str name);
/*
 * Whether the release knows the parameter, or its name is of the open kind:
 * <transport>_destination_concurrency_limit and its like, a restriction
 * class, a parameter that the file itself uses in a value ($name).
 */
bool param_known(struct str name, enum postfix_release release);
/* The nearest name that the release knows, or NULL. */
const char *param_nearest(struct str name, enum postfix_release release);

/*
 * Why Postfix would refuse or misread value for the parameter: a clause in
 * the arena, or NULL. A value with $name in it is judged only where it can be.
 */
const char *param_value_error(struct arena *a, const struct param_kind *param,
    struct str value);

/* Whether Postfix knows a restriction (also one with an argument). */
bool restriction_known(struct str name);
const char *restriction_nearest(struct str name);

/* "hash", "ldap", "pipemap" …: the types that Debian's packages have. */
bool table_type_known(struct str name);

/* One logical line of main.cf. */
struct main_cf_line {
	struct str name, value;		/* slices of the file, value unjoined */
	size_t offset;			/* of the name */
	uint32_t line;
};
/*
 * Step through main.cf: false at the end. A line that is no parameter has an
 * empty name and the whole line as value. Start with *at = 0.
 */
bool main_cf_next(struct str file, size_t *at, uint32_t *line,
    struct main_cf_line *out);

/* One service of master.cf. */
struct master_service {
	struct str name, type, command;	/* "smtp", "inet", "smtpd" */
	struct str field[6];		/* private … command as written */
	struct main_cf_line option[64];	/* -o name=value */
	size_t noption;
	size_t offset;
	uint32_t line;
	const char *error;		/* why it cannot be parsed, or NULL */
};
bool master_cf_next(struct arena *a, struct str file, size_t *at,
    uint32_t *line, struct master_service *out);

#endif
