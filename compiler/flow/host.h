/*
 * One host as its files describe it: Postfix's configuration opened for
 * questions. Built once from the rendered files of a node, or from a foreign
 * /etc/postfix; immutable afterwards but for what its tables remember.
 */
#ifndef FLOW_HOST_H
#define FLOW_HOST_H

#include "flow/place.h"
#include "postfix/lookup.h"

struct agent;
struct host;
struct ldif;
struct smtpd;

/* What decided, for people: a line of a trace. */
struct decision {
	const char *what;		/* "smtpd_relay_restrictions: reject" */
	struct str table, key, value;	/* of the lookup, if there was one */
	struct origin at;		/* the line of data behind it */
};

/* A port of the host: an inet service of master.cf that runs smtpd(8). */
struct listener_port {
	const struct service *service;
	int64_t port;
	bool loopback;			/* only the host itself reaches it */
	struct smtpd *smtpd;
};

/* The tables of cleanup(8) and trivial-rewrite(8), opened. */
struct host_maps {
	struct maps canonical, sender_canonical, recipient_canonical;
	struct maps virtual_alias, transport, relocated;
	struct maps sender_bcc, recipient_bcc;
	struct maps sender_transport;	/* sender_dependent_default_transport */
	struct maps sender_relayhost;	/* sender_dependent_relayhost_maps */
	struct maps tls_policy;
	struct maps generic;		/* smtp_generic_maps */
};

/* To which addresses of a message a kind of map applies. */
struct host_classes {
	bool envelope_sender, envelope_recipient, header_sender;
};

/* Parameters of cleanup(8) and trivial-rewrite(8) that each address meets. */
struct host_settings {
	struct host_classes canonical, sender_canonical, recipient_canonical;
	struct host_classes masquerade;
	/* propagate_unmatched_extensions */
	bool propagate_canonical, propagate_virtual, propagate_generic;
	bool dequoted_address, null_domain, numeric_domain, min_user;
	bool show_table;		/* show_user_unknown_table_name */
	bool transport_parents;		/* host_parents() of transport_maps */
	int64_t alias_recursion, alias_expansion, alias_length;
	struct str empty_recipient;	/* empty_address_recipient */
	struct str masquerade_domains;
};

/* What a host is opened with. */
struct host_setup {
	const char *name;		/* its fqdn */
	const struct planned_node *files;
	struct str addresses;		/* its own, with blanks between */
	/* The snapshot of the directory; NULL: not known. */
	const struct ldif *directory;
	struct str secret_path;		/* a file that is not among them … */
	struct str secret;		/* … and its bytes; empty: none */
	/* The answer of a server (tcp:, socketmap:) that a table names. */
	enum table_result (*ask)(const struct host *host, struct str type,
	    struct str name, struct str key, struct arena *a,
	    struct table_answer *answer);
	/* Told of each lookup (trace --verbose); NULL: nobody listens. */
	void (*tried)(void *self, const struct table *table, struct str key,
	    enum table_result result, const struct table_answer *answer);
	void *tried_self;
	const void *owner;		/* comes back as host.owner */
};

struct host {
	const char *name;		/* its fqdn */
	const void *owner;		/* whose host it is: flow/world.h */
	const struct planned_node *files;
	struct arena *arena;
	struct cf_file main_cf, master_cf;
	struct cf cf;
	struct table_world world;
	struct tables *tables;
	struct address_rules rules;
	struct host_settings set;
	struct host_maps maps;
	const struct match_list *virtual_alias_domains;
	const struct match_list *virtual_mailbox_domains;
	const struct match_list *relay_domains;
	const struct match_list *masquerade_exceptions;
	struct listener_port *port;
	size_t nport;
	/* By service of master.cf. */
	struct agent **agent;		/* NULL: it runs another program */
	struct maps *generic;		/* smtp_generic_maps, if it has its
					   own; n 0, table NULL: main.cf's */
	struct host_setup setup;
	struct map *values;		/* of host_value() */
	struct map *domains;		/* resolve.c: what it knows of some */
	bool placeless;			/* decisions without their places,
					   which cost more than the rest */
};

/*
 * Open a host; false: there is no main.cf among its files. Everything lives
 * in the arena but what host_release() frees.
 */
bool host_open(struct host *host, const struct host_setup *setup,
    struct arena *a);
void host_release(struct host *host);

/* The service that a transport's name stands for; NULL: there is none. */
const struct service *host_transport(const struct host *host,
    struct str name);
/* The delivery agent that a service is (flow/agent.h), or NULL. */
const struct agent *host_agent(const struct host *host,
    const struct service *service);

/*
 * Where an answer of one of the host's tables comes from; the table's own
 * setting in main.cf is not known here: ORIGIN_NONE for inline and static.
 */
struct origin host_origin(const struct lookup *lookup);
/* What a lookup decided, said by "what". Strings are kept, not copied. */
struct decision host_decision(const struct host *host, const char *what,
    const struct lookup *lookup);
/*
 * The value that Postfix's other programs than a service read; it is expanded
 * once and kept.
 */
struct str host_value(const struct host *host, const char *name);
bool host_flag(const struct host *host, const char *name);
int64_t host_int(const struct host *host, const char *name);
/* Where main.cf (or a service's -o) sets a parameter; ORIGIN_NONE: nowhere. */
struct origin host_setting_origin(const struct host *host,
    const struct service *service, const char *name);
/* Whether a list's parameter is in parent_domain_matches_subdomains. */
bool host_parents(const struct host *host, const char *name);

#endif
