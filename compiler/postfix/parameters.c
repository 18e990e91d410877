/*
 * Every main.cf parameter that a Postfix program of the known releases
 * reads. The table is made from parameters.tsv and sorted by name; what it
 * cannot list are the names that carry a transport or a table in front.
 */
#include "postfix/postfix.h"

#include <stdlib.h>

static const struct param_kind params[] = {
#include "parameters.h"
};

enum { NPARAMS = sizeof(params) / sizeof(params[0]) };

#define EVERY ((1u << POSTFIX_RELEASES) - 1)
#define OF_TRANSPORT(suffix, type, preset) \
	{"<transport>" suffix, type, EVERY, preset, 0, INT32_MAX, NULL}
/* Where "default" in the name's front is the default. */
#define OF_DEFAULT(suffix, type) OF_TRANSPORT(suffix, type, "$default" suffix)

/* Longer suffixes first where one ends in another. */
static const struct param_kind transport_params[] = {
	OF_DEFAULT("_delivery_slot_cost", PARAM_INT),
	OF_DEFAULT("_delivery_slot_discount", PARAM_INT),
	OF_DEFAULT("_delivery_slot_loan", PARAM_INT),
	OF_DEFAULT("_destination_concurrency_failed_cohort_limit", PARAM_INT),
	OF_DEFAULT("_destination_concurrency_limit", PARAM_INT),
	OF_DEFAULT("_destination_concurrency_negative_feedback", PARAM_TEXT),
	OF_DEFAULT("_destination_concurrency_positive_feedback", PARAM_TEXT),
	OF_DEFAULT("_destination_rate_delay", PARAM_TIME),
	OF_DEFAULT("_destination_recipient_limit", PARAM_INT),
	OF_DEFAULT("_extra_recipient_limit", PARAM_INT),
	OF_TRANSPORT("_initial_destination_concurrency", PARAM_INT,
	    "$initial_destination_concurrency"),
	OF_DEFAULT("_minimum_delivery_slots", PARAM_INT),
	OF_DEFAULT("_recipient_refill_delay", PARAM_TIME),
	OF_DEFAULT("_recipient_refill_limit", PARAM_INT),
	OF_DEFAULT("_recipient_limit", PARAM_INT),
	OF_DEFAULT("_transport_rate_delay", PARAM_TIME),
	OF_TRANSPORT("_time_limit", PARAM_TIME, "$command_time_limit"),
};

enum {
	NTRANSPORT = sizeof(transport_params) / sizeof(transport_params[0]),
	TRANSPORT_LEN = sizeof("<transport>") - 1,
};

/*
 * What ldap_table(5), mysql_table(5), pgsql_table(5), sqlite_table(5) and
 * memcache_table(5) read as <table>_<name> where the table is no file.
 */
static const char *const table_params[] = {
	"_server_host", "_server_port", "_search_base", "_query_filter",
	"_result_attribute", "_special_result_attribute",
	"_leaf_result_attribute", "_terminal_result_attribute",
	"_result_format", "_result_filter", "_expansion_limit", "_size_limit",
	"_recursion_limit", "_domain", "_scope", "_bind", "_bind_dn",
	"_bind_pw", "_sasl_mechs", "_sasl_realm", "_sasl_authz_id",
	"_sasl_minssf", "_dereference", "_chase_referrals", "_debuglevel",
	"_version", "_timeout", "_start_tls", "_tls_ca_cert_dir",
	"_tls_ca_cert_file", "_tls_cert", "_tls_key", "_tls_require_cert",
	"_tls_random_file", "_tls_cipher_suite", "_hosts", "_user",
	"_password", "_dbname", "_dbpath", "_query", "_table",
	"_select_field", "_where_field", "_additional_conditions",
	"_select_function", "_option_file", "_option_group",
	"_tls_cert_file", "_tls_key_file", "_tls_CAfile", "_tls_CApath",
	"_tls_ciphers", "_tls_verify_cert", "_require_result_set",
	"_charset", "_retry_interval", "_idle_interval", "_encoding",
	"_memcache", "_backup", "_key_format", "_ttl", "_data_size_limit",
	"_line_size_limit", "_max_try", "_retry_pause", "_flags",
};

enum { NTABLE = sizeof(table_params) / sizeof(table_params[0]) };

static const char *const releases[POSTFIX_RELEASES] = {
	"3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11",
};

enum postfix_release
postfix_release_named(struct str version)
{
	unsigned i;

	for (i = 0; i < POSTFIX_RELEASES; i++)
		if (str_eq(version, str_of(releases[i])))
			break;
	return (enum postfix_release)i;
}

const char *
postfix_release_name(enum postfix_release release)
{
	return release < POSTFIX_RELEASES ? releases[release] : "";
}

static int
by_name(const void *sought, const void *kind)
{
	const struct str *name = sought;
	const struct param_kind *param = kind;

	return str_cmp(*name, str_of(param->name));
}

/* The part of a name before its suffix; false where that leaves nothing. */
static bool
prefix_of(struct str name, struct str suffix, struct str *prefix)
{
	if (name.len <= suffix.len || !str_ends(name, suffix))
		return false;
	*prefix = (struct str){name.s, name.len - suffix.len};
	return true;
}

static const struct param_kind *
transport_param(struct str name, struct str *prefix)
{
	size_t i;

	for (i = 0; i < NTRANSPORT; i++)
		if (prefix_of(name,
		    str_of(transport_params[i].name + TRANSPORT_LEN), prefix))
			return &transport_params[i];
	return NULL;
}

const struct param_kind *
param_named(struct str name)
{
	const struct param_kind *param;
	struct str prefix;

	param = bsearch(&name, params, NPARAMS, sizeof(params[0]), by_name);
	return param ? param : transport_param(name, &prefix);
}

enum param_family
param_family(struct str name, struct str *prefix)
{
	size_t i;

	*prefix = (struct str){0};
	if (bsearch(&name, params, NPARAMS, sizeof(params[0]), by_name))
		return PARAM_OF_NONE;
	if (transport_param(name, prefix))
		return PARAM_OF_TRANSPORT;
	for (i = 0; i < NTABLE; i++)
		if (prefix_of(name, str_of(table_params[i]), prefix))
			return PARAM_OF_TABLE;
	return PARAM_OF_NONE;
}

bool
param_known(struct str name, enum postfix_release release)
{
	const struct param_kind *param = param_named(name);

	return param && param->known & 1u << release;
}

const char *
param_nearest(struct str name, enum postfix_release release)
{
	const char *known[NPARAMS];
	size_t i, n = 0;

	for (i = 0; i < NPARAMS; i++)
		if (params[i].known & 1u << release)
			known[n++] = params[i].name;
	return str_nearest(name, known, n);
}
