/*
 * Where a delivery leads whose transport and next hop are set: which program
 * master.cf has behind the transport, and for smtp(8) the hosts behind the
 * next hop and the TLS to them.
 */
#include "flow/trace.h"

/* To the letter, as the queue manager compares. */
static bool
is_deferred_transport(const struct host *host, struct str name)
{
	struct str rest = host_value(host, "defer_transports"), item;

	while (value_item(&rest, &item))
		if (str_eq(item, name))
			return true;
	return false;
}

/* How a delivery to a transport that is no SMTP ends. */
static void
route_here(const struct world_host *host, struct arena *a,
    struct delivery *d, const struct service *service)
{
	struct str command = service->command;

	d->agent = host_agent(&host->host, service);
	if (str_eq(command, STR("error"))) {
		d->fate = str_eq(service->name, STR("retry")) ?
		    FATE_DEFERRED : FATE_BOUNCED;
		d->text = arena_strndup(a, d->nexthop.s, d->nexthop.len);
	} else if (str_eq(command, STR("discard"))) {
		d->fate = FATE_DISCARDED;
	}
}

/*
 * What makes smtp(8) find other hosts behind a name than its MX records say,
 * or NULL.
 */
static const char *
other_names(const struct host *host, const struct service *service,
    struct arena *a)
{
	const struct cf *cf = &host->cf;

	if (cf_bool(cf, service, STR("disable_dns_lookups")))
		return "disable_dns_lookups";
	if (cf_value(cf, service, STR("smtp_dns_reply_filter"), a).len)
		return "smtp_dns_reply_filter";
	if (cf_value(cf, service, STR("use_srv_lookup"), a).len)
		return "use_srv_lookup";
	if (str_eq_fold(cf_value(cf, service, STR("smtp_dns_support_level"),
	    a), STR("disabled")))
		return "smtp_dns_support_level";
	return NULL;
}

/* best_mx_transport takes what would loop back; false: there is none. */
static bool
route_best_mx(const struct world_host *host, struct arena *a,
    struct delivery *d, const struct service *service)
{
	struct str value = cf_value(&host->host.cf, service,
	    STR("best_mx_transport"), a);
	size_t colon = str_find(value, ':');

	if (!value.len || d->passed ||
	    str_eq((struct str){value.s, colon}, d->transport))
		return false;
	d->by = (struct decision){.what = "best_mx_transport", .value = value,
		.at = host_setting_origin(&host->host, service,
		    "best_mx_transport")};
	d->smtp = false;
	d->passed = true;
	d->transport = (struct str){value.s, colon};
	if (colon + 1 < value.len)
		d->nexthop = (struct str){value.s + colon + 1,
		    value.len - colon - 1};
	trace_route(host, a, d);
	return true;
}

static void
route_smtp(const struct world_host *host, struct arena *a,
    struct delivery *d, const struct service *service)
{
	const char *names;

	d->smtp = true;
	tls_find(&host->host, service, d->nexthop, a, &d->tls);
	destination_find(host->world, host, d->nexthop, 25, a, &d->to);
	names = d->to.exact ? NULL : other_names(&host->host, service, a);
	if (names) {
		d->to.kind = DESTINATION_OUTSIDE;
		d->fate = FATE_UNDECIDABLE;
		d->text = arena_printf(a, "%s decides which hosts are behind "
		    "%.*s", names, STR_ARG(d->to.name));
		return;
	}
	if (d->to.kind == DESTINATION_SELF &&
	    route_best_mx(host, a, d, service))
		return;
	if (d->tls.result != TABLE_FOUND) {
		d->fate = d->tls.result == TABLE_RETRY ? FATE_DEFERRED :
		    FATE_UNDECIDABLE;
		d->text = d->tls.why;
		return;
	}
	switch (d->to.kind) {
	case DESTINATION_FLEET:
		break;
	case DESTINATION_OUTSIDE:
		d->outside = true;
		break;
	case DESTINATION_SELF:
		d->fate = FATE_BOUNCED;
		d->text = arena_printf(a, "5.4.6 mail for %.*s loops back to "
		    "myself", STR_ARG(d->to.name));
		break;
	case DESTINATION_BROKEN:
		d->fate = FATE_DEFERRED;
		d->text = "4.3.5 the next hop cannot be parsed";
		break;
	}
}

void
trace_route(const struct world_host *host, struct arena *a,
    struct delivery *d)
{
	const struct service *service;

	d->fate = FATE_DELIVERED;
	if (!d->passed && is_deferred_transport(&host->host, d->transport)) {
		d->by = (struct decision){.what = "defer_transports",
			.value = d->transport,
			.at = host_setting_origin(&host->host, NULL,
			    "defer_transports")};
		d->transport = STR("retry");
		d->nexthop = STR("4.3.2 deferred transport");
		d->fate = FATE_DEFERRED;
		d->text = d->nexthop.s;
		return;
	}
	service = d->service = host_transport(&host->host, d->transport);
	if (!service) {
		d->fate = FATE_DEFERRED;
		d->text = arena_printf(a, "4.3.0 master.cf has no service "
		    "'%.*s'", STR_ARG(d->transport));
	} else if (str_eq(service->command, STR("smtp")) &&
	    !str_starts(d->nexthop, STR("unix:"))) {
		route_smtp(host, a, d, service);
	} else {
		route_here(host, a, d, service);
	}
}
