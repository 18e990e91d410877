/*
 * What every field is called, its kind, its default and its meaning: one
 * line a field, read by bind.c, by the templates and by `mailc explain`.
 */
#include "model/fleet.h"
#include "model/put.h"

const struct type text_type = {"text", sizeof(struct text),
	(const struct field[]){{.name = NULL}}, "a string"};
const struct type port_type = {"port", sizeof(struct port),
	(const struct field[]){
		FIELD(port, port, KIND_PORT, .doc = "the number"),
		{.name = NULL}
	}, "a TCP port"};

static const char *const ldap_modes[] = {"live", "snapshot", NULL};
static const char *const ldap_binds[] = {"none", "simple", "external", NULL};
static const char *const table_types[] =
	{"texthash", "hash", "cdb", "lmdb", NULL};
static const char *const delimiters[] = {"+", "-", "+-", "-+", "", NULL};
static const char *const postsrsds[] = {"release", "1", "2", NULL};
/* postconf(5), smtp_tls_security_level */
static const char *const tls_levels[] = {"none", "may", "encrypt", "dane",
	"dane-only", "fingerprint", "verify", "secure", NULL};
static const char *const lint_levels[] =
	{"off", "note", "warning", "error", NULL};

TYPE(domain, "a domain whose mail the fleet takes",
	FIELD(domain, name, KIND_DOMAIN, .doc = "the domain"),
	FIELD(domain, node, KIND_REF, .flags = FIELD_DERIVED,
	    .type = &node_type,
	    .doc = "the node whose fqdn it is")
);

TYPE(mapping, "an alias or a forward",
	{.name = "address", .kind = KIND_PUT, .put = put_mapping_address,
	 .doc = "the full address in lower case"},
	{.name = "targets", .kind = KIND_PUT, .put = put_mapping_targets,
	 .doc = "full addresses, separated by commas"},
	{.name = "usable", .kind = KIND_TEST, .test = test_mapping_usable,
	 .doc = "at least one target takes mail"}
);

TYPE(account, "an account of the directory",
	FIELD(account, uid, KIND_TEXT, .doc = "the local part"),
	FIELD(account, forward, KIND_TEXT, .doc = "emailForward as it stands"),
	{.name = "address", .kind = KIND_PUT, .put = put_account_address,
	 .doc = "the full address in lower case"},
	{.name = "targets", .kind = KIND_PUT, .put = put_account_targets,
	 .doc = "the forward's addresses, separated by commas"}
);

TYPE(address, "an address of a node, from its facts",
	FIELD(address, text, KIND_TEXT, .doc = "192.0.2.1 or 2001:db8::1"),
	{.name = "cidr", .kind = KIND_PUT, .put = put_address_cidr,
	 .doc = "192.0.2.1/32 or 2001:db8::1/128"},
	{.name = "bracketed", .kind = KIND_PUT, .put = put_address_bracketed,
	 .doc = "192.0.2.1/32 or [2001:db8::1]/128, as mynetworks has it"},
	FIELD(address, v6, KIND_BOOL, .doc = "IPv6")
);

TYPE(parameter, "a main.cf parameter",
	FIELD(parameter, name, KIND_TEXT, .doc = "its name"),
	FIELD(parameter, value, KIND_SETTING,
	    .doc = "its value; true is yes, a list is joined by commas")
);

TYPE(tls_files, "paths of certificates and keys on the node",
	FIELD(tls_files, certificate, KIND_PATH, .flags = FIELD_REQUIRED,
	    .doc = "the server's certificate with its chain"),
	FIELD(tls_files, key, KIND_PATH, .flags = FIELD_REQUIRED,
	    .doc = "its private key"),
	FIELD(tls_files, client_certificate, KIND_PATH,
	    .flags = FIELD_REQUIRED,
	    .doc = "what the node shows to the MTA, with its chain"),
	FIELD(tls_files, client_key, KIND_PATH, .flags = FIELD_REQUIRED,
	    .doc = "its private key"),
	FIELD(tls_files, ca_file, KIND_PATH,
	    .preset = "/etc/ssl/certs/ca-certificates.crt",
	    .doc = "the CAs of the public internet")
);

TYPE(dkim_key, "a DKIM key of one domain on one node",
	FIELD(dkim_key, domain, KIND_DOMAIN, .doc = "the signing domain, d="),
	FIELD(dkim_key, node, KIND_HOST, .doc = "the fqdn of the signer"),
	FIELD(dkim_key, selector, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "s=, such as 2025-srs-dal-01"),
	FIELD(dkim_key, key, KIND_PATH, .flags = FIELD_REQUIRED,
	    .doc = "the private key on the node"),
	FIELD(dkim_key, public_key, KIND_TEXT,
	    .doc = "base64 of the record's p=")
);

TYPE(tls_exception, "an exception to the TLS level",
	FIELD(tls_exception, destination, KIND_TEXT,
	    .doc = "the next hop as Postfix looks it up"),
	FIELD(tls_exception, level, KIND_ENUM, .flags = FIELD_REQUIRED,
	    .choice = tls_levels, .doc = "smtp_tls_security_level for it"),
	FIELD(tls_exception, match, KIND_LIST, .type = &text_type,
	    .flags = FIELD_ONE_OR_MANY,
	    .doc = "names or fingerprints to match"),
	FIELD(tls_exception, protocols, KIND_TEXT,
	    .doc = "such as >=TLSv1.2"),
	FIELD(tls_exception, ciphers, KIND_TEXT, .doc = "cipher grade"),
	{.name = "policy", .kind = KIND_PUT, .put = put_tls_policy,
	 .doc = "the right-hand side of smtp_tls_policy_maps"}
);

TYPE(srs, "the sender rewriting scheme",
	FIELD(srs, name, KIND_HOST, .flags = FIELD_REQUIRED,
	    .doc = "the next hop of the MX; it has an MX record"),
	FIELD(srs, domain, KIND_DOMAIN, .flags = FIELD_REQUIRED,
	    .doc = "the domain of rewritten senders"),
	FIELD(srs, secret_file, KIND_PATH, .preset = "/etc/postsrsd.secret",
	    .doc = "one secret a line; the same file on MX and SRS host"),
	FIELD(srs, forward_port, KIND_PORT, .preset = "10001",
	    .doc = "where postsrsd rewrites senders"),
	FIELD(srs, reverse_port, KIND_PORT, .preset = "10002",
	    .doc = "where postsrsd turns addresses back"),
	FIELD(srs, exclude, KIND_LIST, .type = &text_type,
	    .doc = "domains that are never rewritten"),
	FIELD(srs, postsrsd, KIND_ENUM, .choice = postsrsds,
	    .preset = "release",
	    .doc = "postsrsd's major version, where it is not the release's")
);

TYPE(mta, "the relay of the regular nodes",
	FIELD(mta, name, KIND_HOST, .flags = FIELD_REQUIRED,
	    .doc = "the relayhost; it has an MX record"),
	FIELD(mta, port, KIND_PORT, .preset = "587",
	    .doc = "its submission port")
);

TYPE(submission, "the users' way out",
	FIELD(submission, name, KIND_HOST, .flags = FIELD_REQUIRED,
	    .doc = "the name that clients are told"),
	FIELD(submission, password_file, KIND_PATH,
	    .preset = "/etc/dovecot/private/mail-passwords",
	    .doc = "Dovecot's passwd-file, deployed by ud-ldap"),
	FIELD(submission, port, KIND_PORT, .preset = "587",
	    .doc = "submission with STARTTLS"),
	FIELD(submission, tls_port, KIND_PORT, .preset = "465",
	    .doc = "submissions, TLS from the first byte")
);

TYPE(brake, "how much of the directory may vanish at once",
	FIELD(brake, percent, KIND_INT, .preset = "20",
	    .doc = "refuse a snapshot that loses more than this"),
	FIELD(brake, minimum, KIND_INT, .preset = "10",
	    .doc = "entries below which the share does not count")
);

TYPE(ldap, "the directory that holds the accounts' forwards",
	FIELD(ldap, uri, KIND_URI, .flags = FIELD_REQUIRED,
	    .doc = "ldap://, ldaps:// or ldapi://"),
	FIELD(ldap, base, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "where the accounts are, such as ou=users,dc=example,dc=org"),
	FIELD(ldap, filter, KIND_TEXT,
	    .preset = "(objectClass=debianAccount)",
	    .doc = "what makes an entry an account"),
	FIELD(ldap, mode, KIND_ENUM, .choice = ldap_modes, .preset = "live",
	    .doc = "live: Postfix asks the directory; snapshot: a table"),
	FIELD(ldap, snapshot, KIND_TEXT, .preset = "users.ldif",
	    .doc = "the file below data/ldap"),
	FIELD(ldap, bind, KIND_ENUM, .choice = ldap_binds, .preset = "none",
	    .doc = "none: anonymous; simple: bind_dn and password_file; "
	        "external: SASL EXTERNAL"),
	FIELD(ldap, bind_dn, KIND_TEXT, .doc = "for a simple bind"),
	FIELD(ldap, password_file, KIND_PATH, .doc = "for a simple bind"),
	FIELD(ldap, ca_file, KIND_PATH,
	    .doc = "the CA that signed the server's certificate"),
	FIELD(ldap, start_tls, KIND_BOOL, .preset = "false",
	    .doc = "STARTTLS on ldap://"),
	FIELD(ldap, timeout, KIND_INT, .preset = "10", .doc = "seconds"),
	FIELD(ldap, brake, KIND_STRUCT, .type = &brake_type,
	    .doc = "for `mailc fetch ldap`"),
	FIELD(ldap, accounts, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &account_type, .doc = "all of the snapshot"),
	FIELD(ldap, usable, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &account_type, .doc = "those with a forward that is good"),
	FIELD(ldap, refused, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &account_type,
	    .doc = "those with a forward that no table may carry"),
	{.name = "external", .kind = KIND_TEST, .test = test_ldap_external,
	 .doc = "bind is external"},
	{.name = "servers", .kind = KIND_PUT, .put = put_ldap_servers,
	 .doc = "uri, as server_host has it"}
);

TYPE(export_kind, "how an exported resource is called",
	FIELD(export_kind, type, KIND_TEXT, .flags = FIELD_REQUIRED,
	    .doc = "the resource type, such as Profile::Mta::Client"),
	FIELD(export_kind, parameter, KIND_TEXT,
	    .doc = "the parameter with the value; without: the title"),
	FIELD(export_kind, node, KIND_TEXT,
	    .doc = "the parameter with the fqdn; without: certname")
);

TYPE(exports, "the exported resources that PuppetDB holds",
	FIELD(exports, fingerprints, KIND_STRUCT, .type = &export_kind_type,
	    .doc = "client certificates' fingerprints"),
	FIELD(exports, alias_domains, KIND_STRUCT, .type = &export_kind_type,
	    .doc = "alias domains that nodes ask for")
);

TYPE(fingerprint, "a client certificate's fingerprint",
	FIELD(fingerprint, value, KIND_TEXT, .doc = "SHA-256, AA:BB:…"),
	FIELD(fingerprint, node, KIND_HOST, .doc = "whose it is")
);

TYPE(target_release, "the release that a node runs",
	FIELD(target_release, name, KIND_TEXT, .doc = "Debian 12"),
	FIELD(target_release, major, KIND_INT, .doc = "os.release.major"),
	FIELD(target_release, postfix, KIND_TEXT, .doc = "3.7"),
	FIELD(target_release, postsrsd, KIND_TEXT, .doc = "1.10"),
	FIELD(target_release, dovecot, KIND_TEXT, .doc = "2.3"),
	FIELD(target_release, compatibility, KIND_TEXT,
	    .doc = "compatibility_level"),
	FIELD(target_release, debian_12, KIND_BOOL, .doc = "Debian 12"),
	FIELD(target_release, debian_13, KIND_BOOL, .doc = "Debian 13"),
	FIELD(target_release, postsrsd_2, KIND_BOOL, .doc = "postsrsd 2.x"),
	{.name = "knows", .kind = KIND_HAS, .has = has_parameter,
	 .doc = "knows.NAME: its Postfix has the parameter"}
);

TYPE(route, "a domain that an independent mailer receives",
	FIELD(route, domain, KIND_DOMAIN, .doc = "the domain"),
	FIELD(route, node, KIND_REF, .type = &node_type, .doc = "the mailer")
);

TYPE(lint_entry, "a finding graded anew",
	FIELD(lint_entry, id, KIND_TEXT, .doc = "the finding"),
	FIELD(lint_entry, level, KIND_ENUM, .flags = FIELD_REQUIRED,
	    .choice = lint_levels, .doc = "off, note, warning or error"),
	FIELD(lint_entry, reason, KIND_TEXT,
	    .doc = "why; required for off"),
	FIELD(lint_entry, until, KIND_TEXT, .doc = "the last day, YYYY-MM-DD")
);

TYPE(node, "a host of the fleet",
	FIELD(node, fqdn, KIND_HOST, .flags = FIELD_DERIVED,
	    .doc = "networking.fqdn"),
	FIELD(node, hostname, KIND_TEXT, .flags = FIELD_DERIVED,
	    .doc = "the fqdn's first label"),
	FIELD(node, release, KIND_REF, .flags = FIELD_DERIVED,
	    .type = &target_release_type, .doc = "from os.release.major"),
	FIELD(node, addresses, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &address_type, .doc = "IPv4 first, from the facts"),
	FIELD(node, ipv4, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &address_type, .doc = "from the facts"),
	FIELD(node, ipv6, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &address_type, .doc = "from the facts"),
	FIELD(node, classes, KIND_LIST, .type = &text_type,
	    .flags = FIELD_ONE_OR_MANY,
	    .doc = "Puppet classes; profile::mx and its like decide the role"),
	FIELD(node, independent, KIND_BOOL, .preset = "false",
	    .doc = "the node mails on its own, without the MTA"),
	FIELD(node, extra_params, KIND_LIST, .type = &parameter_type,
	    .flags = FIELD_MAP | FIELD_SCALAR,
	    .doc = "further main.cf parameters; an error where the role sets "
	        "the parameter itself"),
	FIELD(node, defaults, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &parameter_type,
	    .doc = "the role's parameters that extra_params does not set"),
	FIELD(node, monitor_ports, KIND_LIST, .type = &port_type,
	    .flags = FIELD_ONE_OR_MANY,
	    .doc = "what Prometheus probes; 25 where the node listens"),
	FIELD(node, monitor_tls_ports, KIND_LIST, .type = &port_type,
	    .flags = FIELD_ONE_OR_MANY, .doc = "the same with TLS"),
	FIELD(node, mtail_monitor, KIND_BOOL, .preset = "true",
	    .doc = "the mtail exporter reads the log"),
	FIELD(node, dkim_domains, KIND_LIST, .type = &text_type,
	    .flags = FIELD_ONE_OR_MANY,
	    .doc = "the domains that this node signs for"),
	FIELD(node, dkim, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &dkim_key_type, .doc = "the keys for them"),
	FIELD(node, antispam, KIND_BOOL, .preset = "true",
	    .doc = "false: rspamd only signs"),
	FIELD(node, receives, KIND_LIST, .type = &text_type,
	    .flags = FIELD_ONE_OR_MANY,
	    .doc = "the domains that an independent mailer has"),
	FIELD(node, masquerade, KIND_BOOL, .preset = "false",
	    .doc = "senders leave as the main domain instead of @fqdn"),
	FIELD(node, tls, KIND_STRUCT, .type = &tls_files_type,
	    .doc = "paths of certificates and keys"),
	FIELD(node, fingerprints, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &fingerprint_type, .doc = "exported, or from data/certs"),
	{.name = "scans", .kind = KIND_TEST, .test = test_node_scans,
	 .doc = "rspamd runs and antispam is not false"},
	{.name = "rspamd", .kind = KIND_TEST, .test = test_node_rspamd,
	 .doc = "rspamd runs: the role wants it, or a domain is signed for"},
	{.name = "sign_only", .kind = KIND_TEST, .test = test_node_sign_only,
	 .doc = "rspamd runs and only signs"}
);

TYPE(fleet, "the whole fleet",
	FIELD(fleet, domain, KIND_DOMAIN, .flags = FIELD_REQUIRED,
	    .doc = "the main domain"),
	FIELD(fleet, alias_domains, KIND_LIST, .type = &domain_type,
	    .flags = FIELD_ONE_OR_MANY | FIELD_SCALAR,
	    .doc = "domains in which every address means the same local part "
	        "in the main domain; each node's fqdn is one anyway"),
	FIELD(fleet, aliases, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &mapping_type,
	    .doc = "local part or address: address or list; inside, resolved "
	        "by the MX"),
	FIELD(fleet, forwards, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &mapping_type,
	    .doc = "local part or address: address or list; resolved by the "
	        "SRS host"),
	FIELD(fleet, ldap, KIND_STRUCT, .type = &ldap_type,
	    .doc = "the directory"),
	FIELD(fleet, tls_policy, KIND_LIST, .type = &tls_exception_type,
	    .flags = FIELD_MAP | FIELD_SCALAR, .doc = "exceptions to DANE"),
	FIELD(fleet, srs, KIND_STRUCT, .type = &srs_type, .doc = "SRS"),
	FIELD(fleet, mta, KIND_STRUCT, .type = &mta_type, .doc = "the MTA"),
	FIELD(fleet, submission, KIND_STRUCT, .type = &submission_type,
	    .doc = "submission"),
	FIELD(fleet, dkim, KIND_LIST, .type = &dkim_key_type,
	    .flags = FIELD_MAP_OF_MAPS,
	    .doc = "domain: fqdn: selector, key, public_key"),
	FIELD(fleet, exports, KIND_STRUCT, .type = &exports_type,
	    .doc = "the names of exported resources"),
	FIELD(fleet, recipient_delimiter, KIND_ENUM, .choice = delimiters,
	    .preset = "+", .doc = "user+extension; empty: no extensions"),
	FIELD(fleet, table_type, KIND_ENUM, .choice = table_types,
	    .preset = "cdb", .doc = "of the indexed tables"),
	FIELD(fleet, lint, KIND_LIST, .type = &lint_entry_type,
	    .flags = FIELD_MAP | FIELD_SCALAR,
	    .doc = "finding id: off or a level, with reason and until"),
	FIELD(fleet, nodes, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &node_type, .doc = "all, by fqdn"),
	FIELD(fleet, mx, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &node_type, .doc = "the nodes with role mx"),
	FIELD(fleet, srs_hosts, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &node_type, .doc = "the nodes with role srs"),
	FIELD(fleet, mtas, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &node_type, .doc = "the nodes with role mta"),
	FIELD(fleet, submissions, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &node_type, .doc = "the nodes with role submission"),
	FIELD(fleet, clients, KIND_REFS, .flags = FIELD_DERIVED,
	    .type = &node_type, .doc = "the nodes that the MTA relays for"),
	FIELD(fleet, routes, KIND_LIST, .flags = FIELD_DERIVED,
	    .type = &route_type,
	    .doc = "the domains that independent mailers receive"),
	{.name = "live", .kind = KIND_TEST, .test = test_fleet_live,
	 .doc = "there is a directory and mode is live"},
	{.name = "snapshot", .kind = KIND_TEST, .test = test_fleet_snapshot,
	 .doc = "there is a directory and mode is snapshot"},
	{.name = "has_ldap", .kind = KIND_TEST, .test = test_fleet_ldap,
	 .doc = "there is a directory"},
	{.name = "srs_apart", .kind = KIND_TEST, .test = test_fleet_srs_apart,
	 .doc = "SRS has a domain, and it is not the main domain"}
);
