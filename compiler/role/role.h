/*
 * Roles: what a node is for. A role is data, read from roles/<name>.yaml:
 * what selects it, what it needs, which artifacts it writes, which
 * listeners it opens and for whom it relays.
 */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "diag/diag.h"
#include "model/fleet.h"

/* roles/<name>.yaml: select. The first that applies, in this order. */
struct role_select {
	struct text class;		/* node has this Puppet class */
	bool independent;		/* profile::postfix::independent: true */
	bool otherwise;			/* no other role applies */
};

/* One generated file. */
struct artifact {
	struct text path;		/* below the node's root, relative */
	struct text template;		/* below templates/ */
	struct text mode;		/* octal, "0644" */
	struct text dialect;		/* default quoting; see render/dialect.h */
	struct text when;		/* boolean name, as in a template; empty:
					   always; a leading "!" negates */
};

/* A port that the role opens, and whom it relays for. */
struct listener {
	int64_t port;
	struct text service;		/* master.cf's name */
	struct text from;		/* anyone, mx, login, certificate */
	struct text tls;		/* may, encrypt, wrapper */
	struct text recipients;		/* own, any */
	struct text senders;		/* of strangers: any, theirs */
};

/* What the role may send, to be proven on the rendered files. */
struct egress {
	struct text to;			/* internet, srs, fleet, mta */
	struct text sender;		/* any, null, rewritten, own */
	bool dkim;
	struct text tls;		/* dane, dane-only */
};

/* What the role needs that no artifact gives. */
struct outside {
	struct list certificate_names;	/* of text: names besides the fqdn */
	struct list dns;		/* of text: records, for people */
	struct list firewall;		/* of port: to open */
	struct list packages;		/* of text: Debian packages */
};

struct role {
	struct text name;		/* from the file's name */
	struct text doc;
	struct role_select select;
	struct list needs;		/* of text: Hiera keys that must be set */
	struct list needs_roles;	/* of text: roles the fleet must have */
	struct list artifacts;		/* of artifact */
	struct list listeners;		/* of listener */
	struct list sends;		/* of egress */
	struct list defaults;		/* of parameter: extra_params may override */
	struct outside outside;
	bool signs;			/* DKIM: a dkim domain needs a key here */
	bool receives;			/* may have mail::receives */
	bool client;			/* relays through the MTA with its cert */
	struct list nodes;		/* refs: the nodes that have it */
	struct origin at;
};

extern const struct type role_type, role_select_type, artifact_type,
    listener_type, egress_type, outside_type;

/* All roles of an environment, sorted by name. */
struct roles {
	struct role *role;
	size_t n;
};

/* Read every file of dir (DIR/roles); findings for what does not bind. */
void roles_read(struct roles *roles, struct arena *a, struct diag *d,
    const char *path, const char *dir);

/*
 * Give every node its role and fill the fleet's lists by role; node is
 * fleet.nodes, to write to.
 */
void roles_match(struct roles *roles, struct fleet *fleet, struct node *node,
    struct arena *a, struct diag *d);

/* The port of a listener: the role names the usual one, the data another. */
int64_t role_listener_port(const struct fleet *fleet,
    const struct listener *listener);

/* The role of a name, or NULL. */
const struct role *roles_named(const struct roles *roles, struct str name);

#endif
