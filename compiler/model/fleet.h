/*
 * The nouns: a mail fleet as mailc understands it. Built once by bind.c and
 * link.c, immutable afterwards. What Hiera calls each field, its default and
 * its meaning stand in schema.c, one line a field.
 */
#ifndef MODEL_FLEET_H
#define MODEL_FLEET_H

#include "base/map.h"
#include "model/type.h"
#include "tree/pem.h"
#include "tree/value.h"

#include <netinet/in.h>

struct ldif;
struct role;

/* A domain whose mail the fleet takes: every address in an alias domain
 * means the same local part in the main domain. */
struct domain {
	struct text name;
	const struct node *node;	/* an alias domain for a node's fqdn */
};

enum target_where {
	TARGET_BAD,		/* reported */
	TARGET_OUTSIDE,
	TARGET_ALIAS,		/* .leads_to is an alias */
	TARGET_FORWARD,		/* .leads_to is a forward */
	TARGET_ACCOUNT,		/* .leads_to is an account with a forward */
	TARGET_INDEPENDENT,	/* a domain that an independent mailer has */
	TARGET_NOWHERE,		/* in our domains, and nobody answers */
	TARGET_DEAD,		/* .leads_to has no way on: left out */
};

/*
 * Addresses of ours have one number space: aliases first, then forwards,
 * then accounts (fleet_address()). NOWHERE is none of them.
 */
#define NOWHERE INDEX_NONE

/* One target of an alias, a forward or an account: a local part of the main
 * domain, or an address. */
struct target {
	const struct value *text;	/* as written */
	uint32_t leads_to;		/* an address of ours, or NOWHERE */
	uint8_t local_len;		/* bytes before the @ */
	uint8_t where;			/* enum target_where */
	bool bare;			/* without a domain */
};

/*
 * A mapping stands for addresses: an alias (mail::aliases: inside our
 * domains, resolved by the MX) or a forward (mail::forwards: resolved by the
 * SRS host). A million of them must fit, so the address is kept as written
 * and address_put() completes and folds it.
 */
struct mapping {
	const struct value *key;	/* local part or address */
	const struct fleet *fleet;
	uint32_t target;		/* the first, in fleet.target */
	uint16_t ntarget;
	uint8_t local_len;		/* bytes of key before the @ */
	bool bad : 1;			/* no target lives: in no table */
	bool poisoned : 1;		/* a target was reported */
};

/*
 * Why an account's forward is in no table; check/directory.c turns each
 * into a finding. An entry of the directory is written by its owner: it may
 * cost that owner mail, and nobody else anything.
 */
enum account_state {
	ACCOUNT_USABLE,
	ACCOUNT_NO_FORWARD,
	ACCOUNT_BAD_UID,	/* cannot be a local part */
	ACCOUNT_UID_TWICE,
	ACCOUNT_STATUS,		/* accountStatus cannot be read */
	ACCOUNT_RETIRED,	/* inactive, memorial, retiring > 186 days */
	ACCOUNT_DISABLED,	/* mailDisableMessage */
	ACCOUNT_HOSTILE,	/* |command, /file, :include: */
	ACCOUNT_LONG,
	ACCOUNT_INVALID,
	ACCOUNT_TAKES_REQUIRED,	/* uid postmaster and its like */
	ACCOUNT_TAKES_ALIAS,	/* uid is an alias or forward of ours */
	ACCOUNT_LOOP,
	ACCOUNT_NOWHERE,	/* leads to an address of ours nobody has */
};

/* What the directory says of one uid (userdir-ldap's schema). */
struct account {
	struct text uid;
	struct text dn;
	struct text status;		/* accountStatus, empty: active */
	struct text forward;		/* emailForward as it stands */
	struct text disabled;		/* mailDisableMessage */
	const struct fleet *fleet;
	struct target *target;
	uint32_t ntarget;
	uint32_t taken;			/* the address that TAKES_ALIAS means */
	uint8_t state;			/* enum account_state */
	const char *problem;		/* for INVALID and BAD_UID: a clause */
	bool is_role;			/* objectClass debianRoleAccount */
};

/* Addresses of ours that lead in a circle, each to the next. */
struct loop {
	uint32_t *address;
	uint32_t n;
};

/* One address of a node, from its facts. */
struct address {
	struct text text;		/* canonical form */
	bool v6;
};

/* A main.cf parameter from data. */
struct parameter {
	struct text name;
	struct text value;
};

struct tls_files {
	struct text certificate;	/* server, with its chain */
	struct text key;
	struct text client_certificate;
	struct text client_key;
	struct text ca_file;		/* CAs of the public internet */
};

/* mail::dkim: a signing key of one domain on one node. */
struct dkim_key {
	struct text domain;
	struct text node;		/* fqdn */
	struct text selector;
	struct text key;		/* path of the private key on the node */
	struct text public_key;		/* base64 of p=, or empty */
};

struct tls_exception {
	struct text destination;	/* next hop as Postfix looks it up */
	struct text level;
	struct list match;		/* of text */
	struct text protocols;
	struct text ciphers;
};

struct srs {
	struct text name;		/* next hop of the MX: an MX record */
	struct text domain;		/* of rewritten senders */
	struct text secret_file;
	int64_t forward_port;
	int64_t reverse_port;
	struct list exclude;		/* of text: domains never rewritten */
	struct text postsrsd;		/* release, 1 or 2 */
};

struct mta {
	struct text name;		/* relayhost: an MX record */
	int64_t port;
};

struct submission {
	struct text name;
	struct text password_file;	/* dovecot's passwd-file */
	int64_t port;			/* STARTTLS */
	int64_t tls_port;		/* TLS from the first byte */

};

struct brake {
	int64_t percent;		/* refuse when more than this vanish */
	int64_t minimum;		/* of entries before the brake counts */
};

struct ldap {
	struct text uri;
	struct text base;
	struct text filter;
	struct text mode;		/* live or snapshot */
	struct text snapshot;		/* LDIF below data/ldap */
	struct text bind;		/* none, simple or external */
	struct text bind_dn;
	struct text password_file;
	struct text ca_file;
	bool start_tls;
	int64_t timeout;		/* seconds */
	struct brake brake;
	const struct ldif *entries;	/* the snapshot whole, or NULL */
	struct list accounts;		/* of account: sorted by uid */
	struct list usable;		/* refs: those with a good forward */
	struct list refused;		/* refs: never in a table */
};

/* mail::exports: how exported resources are called. */
struct export_kind {
	struct text type;
	struct text parameter;		/* holds the value; empty: the title */
	struct text node;		/* parameter with the fqdn; empty: certname */
};

struct exports {
	struct export_kind fingerprints;
	struct export_kind alias_domains;
};

/* A client certificate's fingerprint that was exported for a node. */
struct fingerprint {
	struct text value;		/* AA:BB:… upper case */
	struct text node;		/* fqdn */
};

/* What the target release of a node has. */
struct target_release {
	struct text name;		/* "Debian 12" */
	int64_t major;			/* os.release.major: 12, 13 */
	struct text postfix;		/* "3.7" */
	struct text postsrsd;		/* "1.10" */
	struct text dovecot;		/* "2.3" */
	struct text compatibility;	/* compatibility_level */
	bool debian_12, debian_13;
	bool postsrsd_2;		/* socketmap, not tcp; its own syntax */
};

struct node {
	struct text fqdn;
	struct text hostname;		/* up to the first dot */
	const struct role *role;	/* NULL: none, reported */
	const struct target_release *release;
	struct list addresses;		/* of address, IPv4 first */
	struct list ipv4, ipv6;		/* of address */
	struct list classes;		/* of text */
	bool independent;
	struct list extra_params;	/* of parameter */
	struct list defaults;		/* of parameter: the role's, where
					   extra_params says nothing */
	struct list monitor_ports;	/* of port */
	struct list monitor_tls_ports;
	bool mtail_monitor;
	struct list dkim_domains;	/* of text: profile::rspamd::dkimdomain */
	struct list dkim;		/* refs: dkim_key for those domains here */
	bool antispam;
	struct list receives;		/* of text */
	bool masquerade;
	struct tls_files tls;
	struct list fingerprints;	/* of fingerprint: exports, data/certs */
	bool fingerprint_reported;	/* one is malformed */
	const struct certificate *certificate;	/* data/certs, or NULL */
	struct list alias_domains;	/* of text: exported for this node */
	const struct value *facts;
	struct origin at;		/* its facts file */
	uint64_t reported;		/* bit i: keys[i] has no good value */
	bool poisoned;			/* reported as a whole: say no more */
};

/* mail::receives seen from the MX: a domain and the mailer that has it. */
struct route {
	struct text domain;
	const struct node *node;
};

/* mail::lint: one finding silenced or graded anew. */
struct lint_entry {
	struct text id;
	struct text level;
	struct text reason;
	struct text until;		/* YYYY-MM-DD, the last day */
};

struct fleet {
	struct text domain;		/* the main domain */
	struct list alias_domains;	/* of domain: declared, exported, nodes' */
	struct map domains;		/* folded name -> struct domain: ours */
	struct list aliases;		/* of mapping */
	struct list forwards;		/* of mapping */
	struct target *target;		/* of all mappings, in their order */
	uint32_t ntarget;
	struct index by_local;		/* folded local part -> address of ours */
	struct list loops;		/* of loop: of aliases and forwards */
	struct ldap ldap;
	struct list tls_policy;		/* of tls_exception */
	struct srs srs;
	struct mta mta;
	struct submission submission;
	struct list dkim;		/* of dkim_key */
	struct exports exports;
	struct text recipient_delimiter;
	struct text table_type;
	struct list lint;		/* of lint_entry */
	struct list nodes;		/* of node, sorted by fqdn */
	struct list mx, srs_hosts, mtas, submissions;	/* refs: by role */
	struct list clients;		/* refs: nodes that the MTA relays for */
	struct list routes;		/* of route */
	uint64_t reported;		/* as in struct node, of fleet keys */
	struct map by_fqdn;		/* node */
	struct map by_route;		/* folded domain -> struct route */
};

/* How many aliases, forwards and accounts there are. */
uint32_t fleet_addresses(const struct fleet *fleet);
/* The address of ours with a local part, extensions not tried; or NOWHERE. */
uint32_t fleet_address(const struct fleet *fleet, struct str local);
/*
 * The address of ours that takes mail for a local part: itself, or what
 * stands before its extension (recipient_delimiter).
 */
uint32_t fleet_recipient(const struct fleet *fleet, struct str local);
/* What an address of ours is: at most one of the three is not NULL. */
const struct mapping *fleet_alias(const struct fleet *fleet, uint32_t address);
const struct mapping *fleet_forward(const struct fleet *fleet,
    uint32_t address);
const struct account *fleet_account(const struct fleet *fleet,
    uint32_t address);
/* Its targets, its place, and its local part as written. */
const struct target *fleet_targets(const struct fleet *fleet,
    uint32_t address, uint32_t *n);
struct origin fleet_origin(const struct fleet *fleet, uint32_t address);
struct str fleet_local(const struct fleet *fleet, uint32_t address);

/* The descriptors (schema.c). fleet_type and node_type open every template. */
extern const struct type fleet_type, node_type, domain_type, mapping_type,
    account_type, address_type, parameter_type, tls_files_type, dkim_key_type,
    tls_exception_type, srs_type, mta_type, submission_type, brake_type,
    ldap_type, export_kind_type, exports_type, fingerprint_type,
    target_release_type, route_type, lint_entry_type;

#endif
