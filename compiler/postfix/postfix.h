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
/* "3.7". */
const char *postfix_release_name(enum postfix_release release);

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
	PARAM_RAW,		/* text whose $name is expanded later, or never */
	PARAM_MATCH,		/* a list of names, /files and type:name */
	PARAM_NAMES,		/* a list of bare names */
	PARAM_TRANSPORT,	/* transport or transport:nexthop */
	PARAM_MILTERS,		/* a list of inet:host:port and unix:path */
	PARAM_CHOICE,		/* one of param_kind.words */
	PARAM_WORDS,		/* a list of some of param_kind.words */
	PARAM_PROTOCOLS,	/* TLS protocol versions */
};

struct param_kind {
	const char *name;
	enum param_type type;
	uint8_t known;		/* bit 1 << release */
	const char *preset;	/* documented default in 3.7, else the last */
	int64_t min, max;	/* of a number, seconds, or a text's length;
				   max 0: none */
	const char *words;	/* of a choice, with a blank between */
};

/*
 * The parameter of a name, or NULL. For <transport>_destination_rate_delay
 * and its like it is the kind of the whole family.
 */
const struct param_kind *param_named(struct str name);
/*
 * Whether the release knows the parameter, or its name is of the open kind:
 * <transport>_destination_concurrency_limit and its like. What a main.cf
 * defines for itself (a restriction class, a name that a value uses) is not
 * known here.
 */
bool param_known(struct str name, enum postfix_release release);

enum param_family {
	PARAM_OF_NONE,
	PARAM_OF_TRANSPORT,	/* the prefix is a service of master.cf */
	PARAM_OF_TABLE,		/* the prefix is the name in ldap:name */
};
/* The family of a name of the open kind, and the part that is free. */
enum param_family param_family(struct str name, struct str *prefix);

/* The nearest name that the release knows, or NULL. */
const char *param_nearest(struct str name, enum postfix_release release);

/*
 * Why Postfix would refuse or misread value for the parameter: a clause in
 * the arena, or NULL. A value with $name in it is judged only where it can be.
 */
const char *param_value_error(struct arena *a, const struct param_kind *param,
    struct str value);

/*
 * The next item of a list: Postfix parts items at commas and white space,
 * except inside {}. False at the end; rest is what is left.
 */
bool value_item(struct str *rest, struct str *item);
/* ASCII letters in lower case: itself, or a copy in the arena. */
struct str text_lower(struct str s, struct arena *a);
/* Whether one of the items is a word; letter case does not count. */
bool value_has(struct str list, struct str word);
/*
 * The value on one line, without the comments between its lines: itself, or
 * a copy in the arena.
 */
struct str value_join(struct arena *a, struct str value);

/* How a value uses another parameter. */
struct value_name {
	struct str name;
	size_t offset;		/* of the $ */
	bool conditional;	/* ${name?text} and its like: may be undefined */
};
/* The next $name of a value; false at the end. Start with *at = 0. */
bool value_name(struct str value, size_t *at, struct value_name *out);

/* Why a next hop ("[host]:port", "domain") cannot be parsed, or NULL. */
const char *nexthop_error(struct arena *a, struct str nexthop);
/* The same for "transport:nexthop", as tables and *_transport have it. */
const char *transport_error(struct arena *a, struct str value);
/*
 * Why an address or network pattern ("192.0.2.0/24", "[2001:db8::]/32")
 * cannot be parsed, or NULL; else its family (4 or 6) and prefix length.
 */
const char *network_error(struct arena *a, struct str pattern,
    unsigned *family, unsigned *prefix);

/* Whether Postfix knows a restriction (also one with an argument). */
bool restriction_known(struct str name);
const char *restriction_nearest(struct str name);

enum restriction_takes {
	RESTRICTION_TAKES_NOTHING,
	RESTRICTION_TAKES_TABLE,	/* check_client_access type:name */
	RESTRICTION_TAKES_DOMAIN,	/* reject_rbl_client domain */
	RESTRICTION_TAKES_SERVER,	/* check_policy_service inet:… */
	RESTRICTION_TAKES_NUMBER,	/* sleep 5 */
};
enum restriction_takes restriction_takes(struct str name);
/* The next restriction of a list and its argument (empty: none). */
bool restriction_next(struct str *rest, struct str *name,
    struct str *argument);

/* "hash", "ldap", "pipemap" …: the types that Debian's packages have. */
bool table_type_known(struct str name);
const char *table_type_nearest(struct str name);
/* Why "type:name" cannot be parsed, or NULL; the type may be unknown. */
const char *table_error(struct arena *a, struct str table);
/*
 * The first type in "type:name" that is unknown, also inside proxy:,
 * pipemap:{} and unionmap:{}; false where there is none.
 */
bool table_unknown_type(struct str table, struct str *type);
/* The name that ends a chain like proxy:ldap:name, and its type. */
struct str table_file(struct str table, struct str *type);

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
/*
 * Step through master.cf: false at the end. A service with an error has the
 * fields that could be read. Start with *at = 0.
 */
bool master_cf_next(struct arena *a, struct str file, size_t *at,
    uint32_t *line, struct master_service *out);

#endif
