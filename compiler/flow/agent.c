/*
 * The agents opened, and virtual(8), which looks three tables up and is done
 * (its mailbox.c): a mailbox, and who may write to it.
 */
#include "flow/agent_inside.h"

static struct str
value(const struct agent *agent, const char *name)
{
	return cf_value(&agent->host->cf, agent->service, str_of(name),
	    agent->host->arena);
}

static void
open_maps(struct agent *agent, struct maps *maps, const char *name)
{
	maps_open(maps, agent->host->tables, value(agent, name));
}

static bool
yes(const struct agent *agent, const char *name)
{
	return cf_bool(&agent->host->cf, agent->service, str_of(name));
}

static void
open_local(struct agent *agent)
{
	const struct host *host = agent->host;
	struct str propagate = value(agent, "propagate_unmatched_extensions");
	struct str commands = value(agent, "allow_mail_to_commands");
	struct str files = value(agent, "allow_mail_to_files");
	const struct setting *luser = cf_setting(&host->cf, agent->service,
	    STR("luser_relay"));

	open_maps(agent, &agent->aliases, "alias_maps");
	maps_open_unfolded(&agent->mailbox_transports, host->tables,
	    value(agent, "mailbox_transport_maps"));
	maps_open_unfolded(&agent->fallback_transports, host->tables,
	    value(agent, "fallback_transport_maps"));
	agent->users = table_open(host->tables, STR("unix:passwd.byname"));
	agent->mailbox_transport = value(agent, "mailbox_transport");
	agent->fallback_transport = value(agent, "fallback_transport");
	/* local(8) expands it itself, for each recipient. */
	agent->luser_relay = luser ? luser->value : STR("");
	agent->rules = host->rules;
	agent->rules.delimiter = value(agent, "recipient_delimiter");
	agent->rules.owners = yes(agent, "owner_request_special");
	agent->propagate_alias = value_has(propagate, STR("alias"));
	agent->propagate_include = value_has(propagate, STR("include"));
	agent->expand_owner = yes(agent, "expand_owner_alias");
	agent->reset_owner = yes(agent, "reset_owner_alias");
	agent->frozen = yes(agent, "frozen_delivered_to");
	agent->commands[FROM_ALIAS] = value_has(commands, STR("alias"));
	agent->commands[FROM_INCLUDE] = value_has(commands, STR("include"));
	agent->files[FROM_ALIAS] = value_has(files, STR("alias"));
	agent->files[FROM_INCLUDE] = value_has(files, STR("include"));
}

static void
open_virtual(struct agent *agent)
{
	open_maps(agent, &agent->mailboxes, "virtual_mailbox_maps");
	open_maps(agent, &agent->uids, "virtual_uid_maps");
	open_maps(agent, &agent->gids, "virtual_gid_maps");
	agent->minimum_uid = cf_int(&agent->host->cf, agent->service,
	    STR("virtual_minimum_uid"));
}

struct agent *
agent_open(const struct host *host, const struct service *service)
{
	bool local = str_eq(service->command, STR("local"));
	struct agent *agent;

	if (!local && !str_eq(service->command, STR("virtual")))
		return NULL;
	agent = ARENA_NEW(host->arena, struct agent);
	*agent = (struct agent){.host = host, .service = service,
		.is_local = local};
	if (local)
		open_local(agent);
	else
		open_virtual(agent);
	return agent;
}

const struct maps *
agent_aliases(const struct agent *agent)
{
	return &agent->aliases;
}

bool
agent_tells_locals(const struct agent *agent)
{
	return !agent->is_local || agent->aliases.n ||
	    agent->mailbox_transports.n || agent->fallback_transports.n ||
	    table_tells_locals(agent->users, STR(""));
}

/* Outcomes */

struct outcome *
agent_end(struct outcomes *out, struct arena *a, enum outcome_kind kind,
    struct str sender, struct str recipient, const char *text)
{
	struct outcome *item;

	if (out->n == out->cap) {
		out->cap = out->cap ? out->cap * 2 : 4;
		item = ARENA_ARRAY(a, struct outcome, out->cap);
		if (out->n)
			memcpy(item, out->item, out->n * sizeof(*item));
		out->item = item;
	}
	item = &out->item[out->n++];
	*item = (struct outcome){.kind = kind, .sender = sender,
		.recipient = recipient, .text = text};
	return item;
}

struct decision
agent_decision(const struct agent *agent, const char *parameter,
    const struct lookup *lookup)
{
	struct decision by = host_decision(agent->host, parameter, lookup);

	if (!by.at.source)
		by.at = host_setting_origin(agent->host, agent->service,
		    parameter);
	return by;
}

/* virtual(8) */

/* "1000", and no less than the least; as sane_strtoul(3) reads it. */
static bool
is_id(struct str s, int64_t least)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < s.len && s.s[i] >= '0' && s.s[i] <= '9' &&
	    n <= UINT32_MAX; i++)
		n = n * 10 + (s.s[i] - '0');
	return s.len && i == s.len && n >= least && n < UINT32_MAX;
}

static void
virtual_deliver(const struct agent *agent, const struct parcel *parcel,
    struct arena *a, struct outcomes *out)
{
	const struct {
		const struct maps *maps;
		const char *parameter;
		int64_t least;
	} rights[] = {
		{&agent->uids, "virtual_uid_maps", agent->minimum_uid},
		{&agent->gids, "virtual_gid_maps", 1},
	};
	const struct address_rules *rules = &agent->host->rules;
	struct str user = text_lower(parcel->recipient, a);
	struct lookup mailbox = {0}, lookup = {0};
	struct outcome *end = agent_end(out, a, OUTCOME_HERE, parcel->sender,
	    parcel->recipient, NULL);
	size_t i;

	if (!address_find(&agent->mailboxes, user, ADDRESS_DEFAULT, false,
	    rules, a, &mailbox)) {
		end->kind = mailbox.result == TABLE_UNKNOWN ?
		    OUTCOME_UNKNOWN : mailbox.result == TABLE_RETRY ?
		    OUTCOME_DEFER : OUTCOME_BOUNCE;
		end->text = mailbox.result == TABLE_NONE ? arena_printf(a,
		    "5.1.1 unknown user: \"%.*s\"", STR_ARG(user)) :
		    mailbox.answer.why;
		end->by = agent_decision(agent, "virtual_mailbox_maps",
		    &mailbox);
		return;
	}
	end->by = agent_decision(agent, "virtual_mailbox_maps", &mailbox);
	end->text = arena_printf(a, "the mailbox %.*s",
	    STR_ARG(mailbox.answer.value));
	for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		if (address_find(rights[i].maps, user, ADDRESS_DEFAULT, false,
		    rules, a, &lookup) && is_id(lookup.answer.value,
		    rights[i].least))
			continue;
		end->kind = lookup.result == TABLE_UNKNOWN ?
		    OUTCOME_UNKNOWN : OUTCOME_DEFER;
		end->text = lookup.result == TABLE_UNKNOWN ?
		    lookup.answer.why : arena_printf(a, "4.3.5 mail system "
		    "configuration error: %s says nothing good of it",
		    rights[i].parameter);
		end->by = agent_decision(agent, rights[i].parameter, &lookup);
		return;
	}
}

void
agent_deliver(const struct agent *agent, const struct parcel *parcel,
    struct arena *a, struct cleaned *steps, struct outcomes *out)
{
	*out = (struct outcomes){0};
	if (agent->is_local)
		local_deliver(agent, parcel, a, steps, out);
	else
		virtual_deliver(agent, parcel, a, out);
}
