/*
 * Nobody sends as somebody else. Where a role says that senders are their own,
 * a login may use its address in the main domain, with an extension, and no
 * other, whatever the letter case. Where a listener takes strangers' mail with
 * their own senders only, none of them may have a domain of ours.
 */
#include "flow/prove_inside.h"

static struct str
address(struct prover *p, const char *local, const char *extension,
    const char *domain)
{
	return str_of(arena_printf(p->arena, "%s%s@%s", local, extension,
	    domain));
}

/* Two logins: of people in the directory, where there are two. */
static void
two_logins(const struct prover *p, const char **one, const char **other)
{
	const struct account *account = p->fleet->ldap.accounts.item;
	bool enough = p->fleet->ldap.accounts.n > 1;

	*one = enough ? account[0].uid.s : "alice";
	*other = enough ? account[1].uid.s : "bob";
}

static void
try_sender(struct prover *p, const struct world_host *host,
    const struct listener_port *port, struct str login, struct str sender,
    bool wanted)
{
	struct message m = {.client = prove_stranger(p, false),
		.helo = STR("mail.example.net"), .sender = sender,
		.recipient = prove_outside(p),
		.header_from = sender};
	struct origin at = host_setting_origin(&host->host, port->service,
	    "smtpd_sender_restrictions");
	const struct hop *hop;
	bool taken;

	m.client.login = login;
	hop = trace_hop(host, port, &m, &p->scratch);
	taken = hop->verdict.kind == VERDICT_ACCEPT;
	if (hop->verdict.kind != VERDICT_UNKNOWN && taken != wanted)
		prove_report(p, FINDING_FLOW_SENDER, wanted || !at.source ?
		    hop->verdict.by.at : at, hop, NULL, wanted ? "%s does not let %.*s send as <%.*s>, its "
		    "own address" : "%s lets %.*s send as <%.*s>; by its role "
		    "the sender must be its own", host->host.name,
		    STR_ARG(login), STR_ARG(sender));
	prove_forget(p);
}

static void
prove_logins(struct prover *p, const struct world_host *host,
    const struct listener_port *port)
{
	const char *main = p->fleet->domain.s, *one, *other;
	const char *extension = p->fleet->recipient_delimiter.len ?
	    arena_printf(p->arena, "%cx", p->fleet->recipient_delimiter.s[0]) :
	    "";
	struct str login;

	two_logins(p, &one, &other);
	login = str_of(one);
	try_sender(p, host, port, login, address(p, one, "", main), true);
	try_sender(p, host, port, login, address(p, one, extension, main),
	    true);
	try_sender(p, host, port, login, address(p, other, "", main), false);
	try_sender(p, host, port, login, address(p, other, extension, main),
	    false);
	try_sender(p, host, port, login, address(p, "postmaster", "", main),
	    false);
	try_sender(p, host, port, login, address(p, one, "",
	    prove_stranger_sender(p).s + sizeof("someone@") - 1), false);
	try_sender(p, host, port, login, prove_stranger_sender(p), false);
}

/* A stranger with a sender of ours: false, it was taken and told of. */
static bool
try_stranger(struct prover *p, const struct world_host *host,
    const struct listener_port *port, struct str recipient, bool v6,
    struct str domain)
{
	struct message m = {.client = prove_stranger(p, v6),
		.helo = STR("mail.example.net"), .recipient = recipient};
	struct origin at = host_setting_origin(&host->host, port->service,
	    "smtpd_sender_restrictions");
	const struct hop *hop;
	bool taken;

	m.sender = m.header_from = str_of(arena_printf(p->arena,
	    "someone@%.*s", STR_ARG(domain)));
	hop = trace_hop(host, port, &m, &p->scratch);
	taken = hop->verdict.kind == VERDICT_ACCEPT;
	if (taken && prove_may_report(p, FINDING_FLOW_SENDER, host))
		prove_report(p, FINDING_FLOW_SENDER, at.source ? at :
		    hop->verdict.by.at, hop, NULL, "%s takes mail with the "
		    "envelope sender <%.*s> from a stranger; by its role "
		    "(senders: theirs) it must not", host->host.name,
		    STR_ARG(m.sender));
	prove_forget(p);
	return !taken;
}

static void
prove_strangers(struct prover *p, const struct world_host *host,
    const struct listener_port *port, const struct listener *contract)
{
	const struct domain *alias = p->fleet->alias_domains.item;
	struct str own = prove_own(p, host, contract);
	size_t i, v6;

	if (!own.len)
		own = prove_outside(p);
	for (v6 = 0; v6 < 2; v6++) {
		if (!try_stranger(p, host, port, own, v6,
		    text_str(p->fleet->domain)))
			return;
		for (i = 0; i < p->fleet->alias_domains.n; i++)
			if (!try_stranger(p, host, port, own, v6,
			    text_str(alias[i].name)))
				return;
	}
}

/* Whether a role sends with its clients' own senders only. */
static bool
sends_own(const struct role *role)
{
	const struct egress *egress = role->sends.item;
	size_t i;

	for (i = 0; i < role->sends.n; i++)
		if (str_eq(text_str(egress[i].sender), STR("own")))
			return true;
	return false;
}

void
prove_senders(struct prover *p)
{
	size_t i, j;

	for (i = 0; i < p->world->n; i++) {
		const struct world_host *host = &p->world->host[i];
		const struct role *role = host->node ? host->node->role :
		    NULL;
		const struct listener *contract;

		if (!role)
			continue;
		contract = role->listeners.item;
		for (j = 0; j < role->listeners.n; j++) {
			const struct listener_port *port = trace_port(host,
			    role_listener_port(p->fleet, &contract[j]));

			if (port && sends_own(role) && str_eq(text_str(
			    contract[j].from), STR("login")))
				prove_logins(p, host, port);
			if (port && str_eq(text_str(contract[j].senders),
			    STR("theirs")))
				prove_strangers(p, host, port, &contract[j]);
		}
	}
}
