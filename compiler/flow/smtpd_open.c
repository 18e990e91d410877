/*
 * A listener's smtpd opened: its parameters read with its own -o, its lists
 * parsed, their tables opened. Nothing is refused here; what would end the
 * real smtpd as it starts is kept, and answers for it.
 */
#include "flow/smtpd_inside.h"

static struct str
value(const struct smtpd *smtpd, const char *name)
{
	return cf_value(&smtpd->host->cf, smtpd->service, str_of(name),
	    smtpd->arena);
}

static bool
yes(const struct smtpd *smtpd, const char *name)
{
	return cf_bool(&smtpd->host->cf, smtpd->service, str_of(name));
}

static int
number(const struct smtpd *smtpd, const char *name)
{
	return (int)cf_int(&smtpd->host->cf, smtpd->service, str_of(name));
}

void
smtpd_break(struct smtpd *smtpd, const char *why)
{
	if (!smtpd->broken)
		smtpd->broken = why;
}

static void
read_settings(struct smtpd *smtpd)
{
	struct smtpd_settings *s = &smtpd->set;
	const struct {
		const char *name;
		bool *to;
	} flag[] = {
		{"smtpd_delay_reject", &s->delay_reject},
		{"smtpd_helo_required", &s->helo_required},
		{"smtpd_relay_before_recipient_restrictions",
		    &s->relay_first},
		{"soft_bounce", &s->soft_bounce},
		{"smtpd_reject_unlisted_recipient", &s->unlisted_recipient},
		{"smtpd_reject_unlisted_sender", &s->unlisted_sender},
		{"allow_untrusted_routing", &s->untrusted_routing},
		{"show_user_unknown_table_name", &s->show_table},
		{"smtpd_sasl_auth_enable", &s->sasl},
		{"smtpd_tls_auth_only", &s->auth_only},
		{"smtpd_tls_ask_ccert", &s->ask_ccert},
		{"smtpd_tls_req_ccert", &s->req_ccert},
		{"smtpd_use_tls", &s->tls_offered},
		{"smtpd_enforce_tls", &s->tls_enforced},
		{"smtpd_tls_wrappermode", &s->wrappermode},
		{"strict_rfc821_envelopes", &s->strict_envelopes},
		{"strict_smtputf8", &s->strict_utf8},
	};
	const struct {
		const char *name;
		int *to;
	} code[] = {
		{"reject_code", &s->reject_code},
		{"defer_code", &s->defer_code},
		{"relay_domains_reject_code", &s->relay_code},
		{"plaintext_reject_code", &s->plaintext_code},
		{"access_map_reject_code", &s->map_reject_code},
		{"access_map_defer_code", &s->map_defer_code},
		{"unknown_client_reject_code", &s->client_code},
		{"invalid_hostname_reject_code", &s->name_code},
		{"non_fqdn_reject_code", &s->non_fqdn_code},
		{"unknown_hostname_reject_code", &s->unknown_name_code},
		{"unknown_address_reject_code", &s->unknown_domain_code},
		{"unknown_virtual_alias_reject_code", &s->alias_code},
		{"unknown_local_recipient_reject_code", &s->local_code},
		{"unknown_virtual_mailbox_reject_code", &s->mailbox_code},
		{"unknown_relay_recipient_reject_code",
		    &s->relay_recipient_code},
	};
	size_t i;

	for (i = 0; i < sizeof(flag) / sizeof(flag[0]); i++)
		*flag[i].to = yes(smtpd, flag[i].name);
	for (i = 0; i < sizeof(code) / sizeof(code[0]); i++)
		*code[i].to = number(smtpd, code[i].name);
	s->parents = host_parents(smtpd->host, "smtpd_access_maps");
	s->null_key = value(smtpd, "smtpd_null_access_lookup_key");
	s->bounce = value(smtpd, "double_bounce_sender");
	s->header_clients = value(smtpd, "local_header_rewrite_clients");
	s->proxy_filter = value(smtpd, "smtpd_proxy_filter").len;
}

/* smtpd_tls_security_level over the older settings; wrapper mode over it. */
static void
read_tls(struct smtpd *smtpd)
{
	static const char *const certificates[] = {
		"smtpd_tls_cert_file", "smtpd_tls_eccert_file",
		"smtpd_tls_dcert_file", "smtpd_tls_chain_files",
	};
	struct smtpd_settings *s = &smtpd->set;
	struct str level = value(smtpd, "smtpd_tls_security_level");
	bool none = str_eq_fold(value(smtpd, "smtpd_tls_cert_file"),
	    STR("none"));
	size_t i;

	if (!s->wrappermode && level.len) {
		s->tls_enforced = value_has(
		    STR("encrypt fingerprint verify secure"), level);
		s->tls_offered = s->tls_enforced ||
		    str_eq_fold(level, STR("may"));
		if (!s->tls_offered && !str_eq_fold(level, STR("none")))
			smtpd_break(smtpd, "smtpd_tls_security_level is none "
			    "that smtpd has");
	}
	s->tls_enforced = s->tls_enforced || s->wrappermode;
	s->auth_only = s->auth_only || s->tls_enforced;
	s->tls_offered = s->tls_offered || s->tls_enforced;
	s->req_ccert = s->req_ccert && s->tls_enforced;
	s->ask_ccert = s->ask_ccert || s->req_ccert;
	for (i = none; i < sizeof(certificates) / sizeof(certificates[0]);
	    i++)
		if (value(smtpd, certificates[i]).len)
			s->tls_certificate = true;
	if (none && !s->ask_ccert)
		s->tls_certificate = true;
	s->trusts_ca = value(smtpd, "smtpd_tls_CAfile").len ||
	    value(smtpd, "smtpd_tls_CApath").len ||
	    yes(smtpd, "tls_append_default_CA");
}

/* The address that Postfix's own probes are sent from is always taken. */
static void
read_probe(struct smtpd *smtpd)
{
	struct str sender = value(smtpd, "address_verify_sender");

	/* With a time in it no address can be told. */
	if (!sender.len || str_eq(sender, STR("<>")) ||
	    number(smtpd, "address_verify_sender_ttl"))
		return;
	smtpd->set.probe = address_rewrite(&smtpd->host->rules, sender,
	    smtpd->arena);
}

/* Without mynetworks it is mynetworks_style and the host's addresses. */
static void
open_networks(struct smtpd *smtpd)
{
	struct str list = value(smtpd, "mynetworks"), rest, one;
	struct buf b = BUF_INIT;

	if (!cf_setting(&smtpd->host->cf, smtpd->service,
	    STR("mynetworks"))) {
		buf_addstr(&b, "127.0.0.1/32 [::1]/128");
		rest = smtpd->host->rules.interfaces;
		while (value_item(&rest, &one))
			buf_printf(&b, str_find(one, ':') < one.len ?
			    " [%.*s]/128" : " %.*s/32", STR_ARG(one));
		list = (struct str){arena_strndup(smtpd->arena, b.s, b.len),
			b.len};
		buf_release(&b);
		if (!str_eq_fold(value(smtpd, "mynetworks_style"),
		    STR("host")))
			smtpd->networks_unknown = "mynetworks is as wide as "
			    "the network masks of the host's interfaces";
	}
	smtpd->networks = match_list_open(smtpd->host->tables, smtpd->arena,
	    MATCH_CLIENTS, host_parents(smtpd->host, "mynetworks"), list);
}

static void
open_maps(struct smtpd *smtpd)
{
	const struct {
		const char *name;
		struct maps *to;
	} maps[] = {
		{"canonical_maps", &smtpd->canonical},
		{"sender_canonical_maps", &smtpd->sender_canonical},
		{"recipient_canonical_maps", &smtpd->recipient_canonical},
		{"virtual_alias_maps", &smtpd->virtual_alias},
		{"local_recipient_maps", &smtpd->local_recipients},
		{"virtual_mailbox_maps", &smtpd->mailboxes},
		{"relay_recipient_maps", &smtpd->relay_recipients},
		{"smtpd_sender_login_maps", &smtpd->logins},
		{"relay_clientcerts", &smtpd->certificates},
		{"smtpd_discard_ehlo_keyword_address_maps",
		    &smtpd->ehlo_words},
	};
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		maps_open(maps[i].to, smtpd->host->tables,
		    value(smtpd, maps[i].name));
}

/* What smtpd itself makes keys of; trivial-rewrite has the host's rules. */
static void
read_rules(struct smtpd *smtpd)
{
	smtpd->rules = smtpd->host->rules;
	smtpd->rules.delimiter = value(smtpd, "recipient_delimiter");
	smtpd->rules.owners = yes(smtpd, "owner_request_special");
	smtpd->rules.origin = value(smtpd, "myorigin");
	smtpd->rules.domain = value(smtpd, "mydomain");
	smtpd->rules.hostname = value(smtpd, "myhostname");
	smtpd->rules.destination = match_list_open(smtpd->host->tables,
	    smtpd->arena, MATCH_STRINGS, host_parents(smtpd->host,
	    "mydestination"), value(smtpd, "mydestination"));
}

/*
 * What else has a say in a session or a message, and is not followed: it
 * counts as saying nothing, but for what may say anything.
 */
static void
read_unfollowed(struct smtpd *smtpd)
{
	static const char *const checks[] = {
		"header_checks", "mime_header_checks", "nested_header_checks",
		"body_checks", "milter_header_checks",
	};
	struct smtpd_settings *s = &smtpd->set;
	struct str overrides = value(smtpd, "receive_override_options");
	const char *between = "";
	struct buf b = BUF_INIT;
	size_t i;

	if (value(smtpd, "smtpd_command_filter").len)
		s->unknown = "smtpd_command_filter may change what the "
		    "client says";
	if (str_eq(smtpd->service->type, STR("pass"))) {
		buf_addstr(&b, "postscreen lets the client in");
		between = ", ";
	}
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]) &&
	    !value_has(overrides, STR("no_header_body_checks")); i++) {
		if (!value(smtpd, checks[i]).len)
			continue;
		buf_printf(&b, "%s%s find nothing in the message", between,
		    checks[i]);
		between = ", ";
	}
	if (b.len)
		s->assumed = arena_strndup(smtpd->arena, b.s, b.len);
	buf_release(&b);
}

struct smtpd *
smtpd_open(const struct host *host, const struct service *service)
{
	struct smtpd *smtpd = ARENA_NEW(host->arena, struct smtpd);

	smtpd->host = host;
	smtpd->service = service;
	smtpd->arena = host->arena;
	read_settings(smtpd);
	read_rules(smtpd);
	read_tls(smtpd);
	read_probe(smtpd);
	read_unfollowed(smtpd);
	smtpd->set.ehlo_words = value(smtpd, "smtpd_discard_ehlo_keywords");
	smtpd->set.no_recipient_checks = value_has(value(smtpd,
	    "receive_override_options"), STR("no_unknown_recipient_checks"));
	open_networks(smtpd);
	open_maps(smtpd);
	smtpd_open_lists(smtpd);
	return smtpd;
}
