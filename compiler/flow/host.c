/*
 * A host opened: its parameters expanded, its tables found among its files.
 * A table that is not among them is there all the same and answers that it
 * is not known, so that only what depends on it cannot be told.
 */
#include "flow/host.h"

#include "flow/agent.h"
#include "flow/smtpd.h"

static bool
find_file(void *self, struct str path, struct table_source *source)
{
	const struct host *host = self;
	const struct planned_file *file = place_file(host->files, path);

	if (!file && host->setup.secret.len &&
	    str_eq(path, host->setup.secret_path)) {
		*source = (struct table_source){host->setup.secret, NULL};
		return true;
	}
	if (!file)
		return false;
	*source = (struct table_source){
		{file->content.s, file->content.len}, file};
	return true;
}

static bool
find_parameter(void *self, struct str name, struct str *value)
{
	const struct host *host = self;

	if (!cf_setting(&host->cf, NULL, name))
		return false;
	*value = cf_value(&host->cf, NULL, name, host->arena);
	return true;
}

static enum table_result
ask_server(void *self, struct str type, struct str name, struct str key,
    struct arena *a, struct table_answer *answer)
{
	const struct host *host = self;

	if (host->setup.ask)
		return host->setup.ask(host, type, name, key, a, answer);
	answer->why = "what the server answers is not known";
	return TABLE_UNKNOWN;
}

static void
tell_tried(void *self, const struct table *table, struct str key,
    enum table_result result, const struct table_answer *answer)
{
	const struct host *host = self;

	host->setup.tried(host->setup.tried_self, table, key, result, answer);
}

struct str
host_value(const struct host *host, const char *name)
{
	struct str *value = map_get(host->values, str_of(name));

	if (!value) {
		value = ARENA_NEW(host->arena, struct str);
		*value = cf_value(&host->cf, NULL, str_of(name), host->arena);
		map_add(host->values, str_of(name), value);
	}
	return *value;
}

bool
host_flag(const struct host *host, const char *name)
{
	return str_eq_fold(host_value(host, name), STR("yes"));
}

int64_t
host_int(const struct host *host, const char *name)
{
	struct str value = host_value(host, name);
	int64_t n = 0;
	size_t i;

	for (i = 0; i < value.len && value.s[i] >= '0' && value.s[i] <= '9' &&
	    n < INT32_MAX; i++)
		n = n * 10 + (value.s[i] - '0');
	return n;
}

bool
host_parents(const struct host *host, const char *name)
{
	return value_has(host_value(host, "parent_domain_matches_subdomains"),
	    str_of(name));
}

static void
open_maps(struct host *host, struct maps *maps, const char *name)
{
	maps_open(maps, host->tables, host_value(host, name));
}

static const struct match_list *
open_list(struct host *host, enum match_kind kind, const char *name)
{
	return match_list_open(host->tables, host->arena, kind,
	    host_parents(host, name), host_value(host, name));
}

/*
 * The addresses that Postfix takes for its own: of all interfaces, of the
 * loopback alone, or those that main.cf lists.
 */
static struct str
own_addresses(struct host *host)
{
	struct str value = host_value(host, "inet_interfaces");

	if (str_eq_fold(value, STR("loopback-only")))
		return STR("127.0.0.1 ::1");
	if (!str_eq_fold(value, STR("all")))
		return value;
	return str_of(arena_printf(host->arena, "%.*s 127.0.0.1 ::1",
	    STR_ARG(host->setup.addresses)));
}

static void
open_rules(struct host *host)
{
	host->rules = (struct address_rules){
		.delimiter = host_value(host, "recipient_delimiter"),
		.origin = host_value(host, "myorigin"),
		.domain = host_value(host, "mydomain"),
		.hostname = host_value(host, "myhostname"),
		.append_at_myorigin =
		    host_flag(host, "append_at_myorigin"),
		.append_dot_mydomain =
		    host_flag(host, "append_dot_mydomain"),
		.swap_bangpath = host_flag(host, "swap_bangpath"),
		.percent_hack = host_flag(host, "allow_percent_hack"),
		.owners = host_flag(host, "owner_request_special"),
		.destination = open_list(host, MATCH_STRINGS, "mydestination"),
		.interfaces = own_addresses(host),
	};
}

static bool
has_word(const struct host *host, const char *parameter, const char *word)
{
	return value_has(host_value(host, parameter), str_of(word));
}

static struct host_classes
read_classes(const struct host *host, const char *parameter)
{
	return (struct host_classes){
		.envelope_sender = has_word(host, parameter,
		    "envelope_sender"),
		.envelope_recipient = has_word(host, parameter,
		    "envelope_recipient"),
		.header_sender = has_word(host, parameter, "header_sender"),
	};
}

static void
open_settings(struct host *host)
{
	static const char propagate[] = "propagate_unmatched_extensions";

	host->set = (struct host_settings){
		.canonical = read_classes(host, "canonical_classes"),
		.sender_canonical = read_classes(host,
		    "sender_canonical_classes"),
		.recipient_canonical = read_classes(host,
		    "recipient_canonical_classes"),
		.masquerade = read_classes(host, "masquerade_classes"),
		.propagate_canonical = has_word(host, propagate, "canonical"),
		.propagate_virtual = has_word(host, propagate, "virtual"),
		.propagate_generic = has_word(host, propagate, "generic"),
		.dequoted_address = host_flag(host,
		    "resolve_dequoted_address"),
		.null_domain = host_flag(host, "resolve_null_domain"),
		.numeric_domain = host_flag(host, "resolve_numeric_domain"),
		.min_user = host_flag(host, "allow_min_user"),
		.show_table = host_flag(host, "show_user_unknown_table_name"),
		.transport_parents = host_parents(host, "transport_maps"),
		.alias_recursion = host_int(host,
		    "virtual_alias_recursion_limit"),
		.alias_expansion = host_int(host,
		    "virtual_alias_expansion_limit"),
		.alias_length = host_int(host,
		    "virtual_alias_address_length_limit"),
		.empty_recipient = host_value(host,
		    "empty_address_recipient"),
		.masquerade_domains = host_value(host, "masquerade_domains"),
	};
}

static void
open_tables(struct host *host)
{
	struct host_maps *maps = &host->maps;

	open_maps(host, &maps->canonical, "canonical_maps");
	open_maps(host, &maps->sender_canonical, "sender_canonical_maps");
	open_maps(host, &maps->recipient_canonical,
	    "recipient_canonical_maps");
	open_maps(host, &maps->virtual_alias, "virtual_alias_maps");
	open_maps(host, &maps->transport, "transport_maps");
	open_maps(host, &maps->relocated, "relocated_maps");
	open_maps(host, &maps->sender_bcc, "sender_bcc_maps");
	open_maps(host, &maps->recipient_bcc, "recipient_bcc_maps");
	open_maps(host, &maps->sender_transport,
	    "sender_dependent_default_transport_maps");
	open_maps(host, &maps->sender_relayhost,
	    "sender_dependent_relayhost_maps");
	open_maps(host, &maps->tls_policy, "smtp_tls_policy_maps");
	open_maps(host, &maps->generic, "smtp_generic_maps");
	host->virtual_alias_domains = open_list(host, MATCH_STRINGS,
	    "virtual_alias_domains");
	host->virtual_mailbox_domains = open_list(host, MATCH_STRINGS,
	    "virtual_mailbox_domains");
	host->relay_domains = open_list(host, MATCH_DOMAINS, "relay_domains");
	host->masquerade_exceptions = open_list(host, MATCH_STRINGS,
	    "masquerade_exceptions");
}

/* The port of an inet service's name: "smtp", "587", "[::1]:submission". */
static int64_t
port_of(struct str name)
{
	static const struct {
		const char *name;
		int64_t port;
	} known[] = {
		{"smtp", 25}, {"smtps", 465}, {"submissions", 465},
		{"submission", 587}, {"qmqp", 628},
	};
	size_t i, at = name.len;
	int64_t port = 0;

	while (at && name.s[at - 1] != ':')
		at--;
	name = (struct str){name.s + at, name.len - at};
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(name, str_of(known[i].name)))
			return known[i].port;
	for (i = 0; i < name.len; i++) {
		if (name.s[i] < '0' || name.s[i] > '9' || port > 65535)
			return 0;
		port = port * 10 + (name.s[i] - '0');
	}
	return port;
}

static bool
is_loopback(struct str item)
{
	return str_starts(item, STR("127.")) || str_eq(item, STR("::1")) ||
	    str_starts(item, STR("[::1]")) || str_starts(item, STR("[127.")) ||
	    str_starts(item, STR("localhost")) ||
	    str_eq(item, STR("loopback-only"));
}

/* Whether only the host itself reaches a service. */
static bool
on_loopback(const struct host *host, const struct service *service)
{
	struct str rest = cf_value(&host->cf, service, STR("inet_interfaces"),
	    host->arena);
	struct str item;

	if (str_find(service->name, ':') < service->name.len)
		return is_loopback(service->name);
	while (value_item(&rest, &item))
		if (!is_loopback(item))
			return false;
	return true;
}

/* postscreen(8) hands what it lets through to the service "smtpd pass". */
static const struct service *
smtpd_service(const struct host *host, const struct service *service)
{
	size_t i;

	if (str_eq(service->command, STR("smtpd")))
		return service;
	if (!str_eq(service->command, STR("postscreen")))
		return NULL;
	for (i = 0; i < host->cf.nservice; i++)
		if (!host->cf.service[i].error &&
		    str_eq(host->cf.service[i].type, STR("pass")) &&
		    str_eq(host->cf.service[i].command, STR("smtpd")))
			return &host->cf.service[i];
	return NULL;
}

/*
 * master_service_disable: types ("inet") and services ("smtp.inet"), the first
 * that is one of both decides.
 */
static bool
is_disabled(const struct host *host, const struct service *service)
{
	struct str rest = host_value(host, "master_service_disable"), item;

	while (value_item(&rest, &item)) {
		bool negated = item.s[0] == '!';
		struct str type = service->type, name;

		item = (struct str){item.s + negated, item.len - negated};
		name = item;
		if (item.len > type.len && str_ends(item, type) &&
		    item.s[item.len - type.len - 1] == '.') {
			name.len -= type.len + 1;
			if (str_eq_fold(name, service->name))
				return !negated;
		} else if (str_eq_fold(item, type)) {
			return !negated;
		}
	}
	return false;
}

static void
open_ports(struct host *host)
{
	size_t i;

	host->port = ARENA_ARRAY(host->arena, struct listener_port,
	    host->cf.nservice);
	for (i = 0; i < host->cf.nservice; i++) {
		const struct service *service = &host->cf.service[i];
		const struct service *smtpd = service->error ? NULL :
		    smtpd_service(host, service);

		if (!smtpd || !str_eq(service->type, STR("inet")) ||
		    is_disabled(host, service))
			continue;
		host->port[host->nport++] = (struct listener_port){
			.service = service,
			.port = port_of(service->name),
			.loopback = on_loopback(host, service),
			.smtpd = smtpd_open(host, smtpd),
		};
	}
}

/* What delivers, with what each has of its own. */
static void
open_services(struct host *host)
{
	const struct str generic = STR("smtp_generic_maps");
	size_t i, n = host->cf.nservice;

	host->agent = ARENA_ARRAY(host->arena, struct agent *, n);
	host->generic = ARENA_ARRAY(host->arena, struct maps, n);
	for (i = 0; i < n; i++) {
		const struct service *service = &host->cf.service[i];
		const struct setting *own = cf_setting(&host->cf, service,
		    generic);

		if (service->error)
			continue;
		host->agent[i] = agent_open(host, service);
		if (own && own->service)
			maps_open(&host->generic[i], host->tables,
			    cf_value(&host->cf, service, generic,
			    host->arena));
	}
}

const struct service *
host_transport(const struct host *host, struct str name)
{
	const struct service *found = NULL;
	size_t i;

	for (i = 0; i < host->cf.nservice; i++)
		if (!host->cf.service[i].error &&
		    str_eq(host->cf.service[i].name, name) &&
		    !str_eq(host->cf.service[i].type, STR("inet")))
			found = &host->cf.service[i];
	return found && is_disabled(host, found) ? NULL : found;
}

const struct agent *
host_agent(const struct host *host, const struct service *service)
{
	return host->agent[service - host->cf.service];
}

bool
host_open(struct host *host, const struct host_setup *setup, struct arena *a)
{
	const struct planned_file *main_cf = place_file(setup->files,
	    STR("/etc/postfix/main.cf"));
	const struct planned_file *master_cf = place_file(setup->files,
	    STR("/etc/postfix/master.cf"));

	*host = (struct host){.name = setup->name, .files = setup->files,
		.owner = setup->owner, .arena = a, .setup = *setup};
	if (!main_cf)
		return false;
	host->main_cf = place_cf_file(main_cf);
	if (master_cf)
		host->master_cf = place_cf_file(master_cf);
	cf_read(&host->cf, a, &host->main_cf,
	    master_cf ? &host->master_cf : NULL);
	host->cf.hostname = setup->name;
	host->values = ARENA_NEW(a, struct map);
	map_init(host->values);
	host->domains = ARENA_NEW(a, struct map);
	map_init_fold(host->domains);
	host->world = (struct table_world){
		.self = host, .file = find_file, .parameter = find_parameter,
		.ask = ask_server, .directory = setup->directory,
		.tried = setup->tried ? tell_tried : NULL,
	};
	host->tables = tables_new(a, &host->world);
	open_rules(host);
	open_settings(host);
	open_tables(host);
	open_ports(host);
	open_services(host);
	return true;
}

void
host_release(struct host *host)
{
	if (!host->tables)
		return;
	tables_free(host->tables);
	map_release(host->values);
	map_release(host->domains);
	cf_release(&host->cf);
}

struct origin
host_origin(const struct lookup *lookup)
{
	if (lookup->answer.at.source || !lookup->answer.owner)
		return lookup->answer.at;
	return place_origin(lookup->answer.owner, lookup->answer.offset);
}

struct decision
host_decision(const struct host *host, const char *what,
    const struct lookup *lookup)
{
	return (struct decision){
		.what = what,
		.table = lookup->table ? table_name(lookup->table) :
		    (struct str){0},
		.key = lookup->key,
		.value = lookup->answer.value,
		.at = host->placeless ? ORIGIN_NONE : host_origin(lookup),
	};
}

struct origin
host_setting_origin(const struct host *host, const struct service *service,
    const char *name)
{
	const struct setting *s = host->placeless ? NULL :
	    cf_setting(&host->cf, service, str_of(name));

	return s ? place_setting(s) : ORIGIN_NONE;
}
