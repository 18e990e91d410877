/* What a role file may say, one line a field. */
#include "role/role.h"

static const char *const clients[] =
	{"anyone", "mx", "login", "certificate", NULL};
static const char *const listener_tls[] =
	{"may", "encrypt", "wrapper", NULL};
static const char *const recipients[] = {"own", "any", NULL};
static const char *const outside_senders[] = {"any", "theirs", NULL};
static const char *const destinations[] =
	{"internet", "srs", "fleet", "mta", NULL};
static const char *const senders[] =
	{"any", "null", "rewritten", "own", NULL};
static const char *const egress_tls[] =
	{"may", "encrypt", "dane", "dane-only", NULL};

TYPE(role_select, "what selects the role; one of the three",
	{.name = "class", .kind = KIND_TEXT,
	 .offset = offsetof(struct role_select, class),
	 .doc = "the node has this Puppet class"},
	FIELD(role_select, independent, KIND_BOOL,
	    .doc = "profile::postfix::independent is true"),
	FIELD(role_select, otherwise, KIND_BOOL,
	    .doc = "no other role applies")
);

TYPE(artifact, "one generated file",
	FIELD(artifact, path, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "below the node's root"),
	FIELD(artifact, template, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "below templates/"),
	FIELD(artifact, mode, KIND_TEXT, .preset = "0644", .doc = "octal"),
	FIELD(artifact, dialect, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "how values are quoted unless the template says so"),
	FIELD(artifact, when, KIND_TEXT,
	    .doc = "a condition, as a section of a template names it")
);

TYPE(listener, "a port that the role opens",
	FIELD(listener, port, KIND_PORT, .flags = FIELD_REQUIRED,
	    .doc = "the TCP port"),
	FIELD(listener, service, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "its name in master.cf"),
	FIELD(listener, from, KIND_ENUM, .flags = FIELD_REQUIRED,
	    .choice = clients, .doc = "who may send"),
	FIELD(listener, tls, KIND_ENUM, .flags = FIELD_REQUIRED,
	    .choice = listener_tls, .doc = "TLS on it"),
	FIELD(listener, recipients, KIND_ENUM, .flags = FIELD_REQUIRED,
	    .choice = recipients, .doc = "for which recipients"),
	FIELD(listener, senders, KIND_ENUM, .choice = outside_senders,
	    .preset = "any", .doc = "the envelope senders of strangers: "
	        "theirs are none in a domain of ours")
);

TYPE(egress, "what the role sends",
	FIELD(egress, to, KIND_ENUM, .flags = FIELD_REQUIRED,
	    .choice = destinations, .doc = "where to"),
	FIELD(egress, sender, KIND_ENUM, .choice = senders, .preset = "any",
	    .doc = "with which envelope sender"),
	FIELD(egress, dkim, KIND_BOOL, .doc = "signed"),
	FIELD(egress, tls, KIND_ENUM, .choice = egress_tls, .preset = "dane",
	    .doc = "TLS level")
);

TYPE(outside, "what no artifact gives",
	FIELD(outside, certificate_names, KIND_LIST, .type = &text_type,
	    .doc = "names of the server certificate besides the fqdn; srs, "
	        "mta, submission and receives stand for the names in the data"),
	FIELD(outside, dns, KIND_LIST, .type = &text_type,
	    .doc = "records to publish"),
	FIELD(outside, firewall, KIND_LIST, .type = &port_type,
	    .doc = "ports to open"),
	FIELD(outside, packages, KIND_LIST, .type = &text_type,
	    .doc = "Debian packages")
);

TYPE(role, "what a node is for",
	FIELD(role, name, KIND_TEXT, .flags = FIELD_DERIVED,
	    .doc = "the file's name"),
	FIELD(role, doc, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "what it is for"),
	FIELD(role, select, KIND_STRUCT, .flags = FIELD_REQUIRED,
	    .type = &role_select_type, .doc = "which nodes have it"),
	FIELD(role, needs, KIND_LIST, .type = &text_type,
	    .doc = "Hiera keys that must be set"),
	FIELD(role, needs_roles, KIND_LIST, .type = &text_type,
	    .doc = "roles that the fleet must have"),
	FIELD(role, artifacts, KIND_LIST, .flags = FIELD_REQUIRED,
	    .type = &artifact_type, .doc = "the files it writes"),
	FIELD(role, listeners, KIND_LIST, .type = &listener_type,
	    .doc = "the ports it opens"),
	FIELD(role, sends, KIND_LIST, .type = &egress_type,
	    .doc = "what it sends"),
	FIELD(role, defaults, KIND_LIST, .type = &parameter_type,
	    .flags = FIELD_MAP | FIELD_SCALAR,
	    .doc = "parameters that extra_params may override"),
	FIELD(role, outside, KIND_STRUCT, .type = &outside_type,
	    .doc = "what no artifact gives"),
	FIELD(role, signs, KIND_BOOL, .doc = "it signs with DKIM"),
	FIELD(role, receives, KIND_BOOL,
	    .doc = "its nodes may have mail::receives"),
	FIELD(role, client, KIND_BOOL,
	    .doc = "its nodes send through the MTA with their certificate")
);
