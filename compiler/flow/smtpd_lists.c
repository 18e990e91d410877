/*
 * Lists of restrictions as a listener's smtpd reads them when it starts:
 * parted, their tables opened, what they name found.
 */
#include "flow/smtpd_inside.h"

static struct str
value(const struct smtpd *smtpd, const char *name)
{
	return cf_value(&smtpd->host->cf, smtpd->service, str_of(name),
	    smtpd->arena);
}

static const struct access_table *
find_table(const struct smtpd *smtpd, struct str name)
{
	const struct access_table *t;

	for (t = smtpd->tables; t; t = t->next)
		if (str_eq(t->name, name))
			return t;
	return NULL;
}

static const struct restrictions *
find_class(const struct smtpd *smtpd, struct str name)
{
	const struct restrictions *c;

	for (c = smtpd->classes; c; c = c->next)
		if (str_eq(str_of(c->name), name))
			return c;
	return NULL;
}

static const struct ccert_search *
find_search(const struct smtpd *smtpd, struct str item)
{
	const struct ccert_search *s;

	for (s = smtpd->searches; s; s = s->next)
		if (str_eq(s->item, item))
			return s;
	return NULL;
}

static void
split(struct arena *a, struct str text, struct restrictions *list)
{
	struct str rest = text, item;

	list->n = 0;
	while (value_item(&rest, &item))
		list->n++;
	list->item = ARENA_ARRAY(a, struct item, list->n);
	for (rest = text, list->n = 0; value_item(&rest, &item); list->n++)
		list->item[list->n].text = item;
}

static void
link_items(const struct smtpd *smtpd, struct restrictions *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		struct item *item = &list->item[i];

		item->restriction = smtpd_restriction(item->text);
		item->class = find_class(smtpd, item->text);
		item->table = find_table(smtpd, item->text);
		item->search = find_search(smtpd, item->text);
	}
}

void
smtpd_list_parse(const struct smtpd *smtpd, struct arena *a,
    struct str text, struct restrictions *list)
{
	split(a, text, list);
	link_items(smtpd, list);
}

static const struct access_table *
open_table(struct smtpd *smtpd, struct str name)
{
	const struct access_table *known = find_table(smtpd, name);
	struct access_table *t;

	if (known)
		return known;
	t = ARENA_NEW(smtpd->arena, struct access_table);
	t->name = name;
	maps_open(&t->maps, smtpd->host->tables, name);
	t->next = smtpd->tables;
	smtpd->tables = t;
	return t;
}

/* What stands in braces, without them; false: there are none. */
static bool
strip_braces(struct str *s)
{
	if (s->len < 2 || s->s[0] != '{' || s->s[s->len - 1] != '}')
		return false;
	*s = str_trim((struct str){s->s + 1, s->len - 2});
	return true;
}

/* search_order = …; false: it cannot be parsed. */
static bool
parse_order(struct ccert_search *search, struct str attribute)
{
	static const struct {
		const char *name;
		enum search search;
	} known[] = {
		{"cert_fingerprint", SEARCH_FINGERPRINT},
		{"pubkey_fingerprint", SEARCH_KEY_FINGERPRINT},
		{"issuer_cn", SEARCH_OTHER}, {"subject_cn", SEARCH_OTHER},
	};
	enum { NKNOWN = sizeof(known) / sizeof(known[0]) };
	size_t eq, i;
	struct str rest, name;

	if (attribute.len && attribute.s[0] == '{' &&
	    !strip_braces(&attribute))
		return false;
	eq = str_find(attribute, '=');
	if (eq == attribute.len || !str_eq_fold(str_trim((struct str){
	    attribute.s, eq}), STR("search_order")))
		return false;
	rest = (struct str){attribute.s + eq + 1, attribute.len - eq - 1};
	search->n = 0;
	while (value_item(&rest, &name)) {
		for (i = 0; i < NKNOWN; i++)
			if (str_eq_fold(name, str_of(known[i].name)))
				break;
		if (i == NKNOWN || search->n ==
		    sizeof(search->order) / sizeof(search->order[0]))
			return false;
		search->order[search->n++] = known[i].search;
	}
	return true;
}

/* map_search(3): "type:name", or { type:name, { search_order = … } }. */
static void
open_search(struct smtpd *smtpd, struct str item)
{
	struct ccert_search search = {.item = item, .n = 2,
		.order = {SEARCH_FINGERPRINT, SEARCH_KEY_FINGERPRINT}};
	struct str rest = item, name = item, attribute;
	struct ccert_search *kept;

	if (find_search(smtpd, item))
		return;
	if (item.s[0] == '{') {
		if (!strip_braces(&rest) || !value_item(&rest, &name))
			return;
	} else {
		rest.len = 0;
	}
	if (str_find(name, ':') == name.len)
		return;
	while (value_item(&rest, &attribute))
		if (!parse_order(&search, attribute))
			return;
	search.table = open_table(smtpd, name);
	kept = ARENA_NEW(smtpd->arena, struct ccert_search);
	*kept = search;
	kept->next = smtpd->searches;
	smtpd->searches = kept;
}

/* smtpd wants to know how to reach a policy service when it starts. */
static void
open_policy(struct smtpd *smtpd, struct str item)
{
	struct str rest = item, name = item;
	size_t colon;

	if (item.s[0] == '{' && (!strip_braces(&rest) ||
	    !value_item(&rest, &name)))
		name = STR("");
	colon = str_find(name, ':');
	if (colon + 1 >= name.len ||
	    !(str_starts(name, STR("inet:")) ||
	    str_starts(name, STR("unix:")) ||
	    str_starts(name, STR("local:"))))
		smtpd_break(smtpd, arena_printf(smtpd->arena,
		    "check_policy_service cannot ask %.*s", STR_ARG(item)));
}

static void
open_list(struct smtpd *smtpd, struct restrictions *list, const char *name)
{
	size_t i;

	list->name = name;
	list->setting = cf_setting(&smtpd->host->cf, smtpd->service,
	    str_of(name));
	split(smtpd->arena, value(smtpd, name), list);
	for (i = 0; i < list->n; i++) {
		struct str item = list->item[i].text;

		if (i && str_eq_fold(list->item[i - 1].text,
		    STR("check_policy_service"))) {
			open_policy(smtpd, item);
			continue;
		}
		if (item.s[0] == '{' || str_find(item, ':') < item.len)
			open_search(smtpd, item);
	}
}

static void
open_classes(struct smtpd *smtpd)
{
	struct str rest = value(smtpd, "smtpd_restriction_classes"), name;

	while (value_item(&rest, &name)) {
		struct restrictions *class = ARENA_NEW(smtpd->arena, struct restrictions);

		open_list(smtpd, class, arena_strndup(smtpd->arena, name.s,
		    name.len));
		if (!class->n)
			smtpd_break(smtpd, arena_printf(smtpd->arena,
			    "the restriction class %.*s is not defined",
			    STR_ARG(name)));
		/* The first of a name counts. */
		if (find_class(smtpd, name))
			continue;
		class->next = smtpd->classes;
		smtpd->classes = class;
	}
}

/* Whether a list has something that refuses strangers (has_required()). */
static bool
has_refusal(const struct restrictions *list, unsigned depth)
{
	static const char *const refusal[] = {
		"reject_unauth_destination", "defer_unauth_destination",
		"reject", "defer", "defer_if_permit", "check_relay_domains",
	};
	size_t i, k;

	for (i = 0; i < list->n; i++) {
		struct str name = list->item[i].text;

		if (str_eq_fold(name, STR("warn_if_reject")) &&
		    i + 1 < list->n) {
			i++;
			continue;
		}
		if (str_eq_fold(name, STR("permit")))
			return false;
		for (k = 0; k < sizeof(refusal) / sizeof(refusal[0]); k++)
			if (str_eq_fold(name, str_of(refusal[k])))
				return true;
		if (list->item[i].class && depth < 100 &&
		    has_refusal(list->item[i].class, depth + 1))
			return true;
	}
	return false;
}

static bool
older_than(const struct smtpd *smtpd, const char *level)
{
	return str_eq(cf_expand(&smtpd->host->cf, smtpd->service,
	    str_of(arena_printf(smtpd->arena,
	    "${{$compatibility_level} <level {%s} ? {old}:{new}}", level)),
	    smtpd->arena), STR("old"));
}

void
smtpd_open_lists(struct smtpd *smtpd)
{
	struct restrictions *c;

	open_list(smtpd, &smtpd->client, "smtpd_client_restrictions");
	open_list(smtpd, &smtpd->helo, "smtpd_helo_restrictions");
	open_list(smtpd, &smtpd->sender, "smtpd_sender_restrictions");
	open_list(smtpd, &smtpd->relay, "smtpd_relay_restrictions");
	open_list(smtpd, &smtpd->recipient, "smtpd_recipient_restrictions");
	open_list(smtpd, &smtpd->data, "smtpd_data_restrictions");
	open_list(smtpd, &smtpd->end_of_data,
	    "smtpd_end_of_data_restrictions");
	open_classes(smtpd);
	for (c = smtpd->classes; c; c = c->next)
		link_items(smtpd, c);
	link_items(smtpd, &smtpd->client);
	smtpd->implicit.client =
	    smtpd_restriction(STR("check_client_access"));
	smtpd->implicit.helo = smtpd_restriction(STR("check_helo_access"));
	smtpd->implicit.sender =
	    smtpd_restriction(STR("check_sender_access"));
	smtpd->implicit.recipient =
	    smtpd_restriction(STR("check_recipient_access"));
	link_items(smtpd, &smtpd->helo);
	link_items(smtpd, &smtpd->sender);
	link_items(smtpd, &smtpd->relay);
	link_items(smtpd, &smtpd->recipient);
	link_items(smtpd, &smtpd->data);
	link_items(smtpd, &smtpd->end_of_data);
	if (!has_refusal(&smtpd->recipient, 0) &&
	    !has_refusal(&smtpd->relay, 0))
		smtpd_break(smtpd, "neither smtpd_relay_restrictions nor "
		    "smtpd_recipient_restrictions refuses to relay");
	/* What would be refused with a default of today is only logged. */
	if (!smtpd->relay.setting && older_than(smtpd, "1")) {
		smtpd_list_parse(smtpd, smtpd->arena,
		    STR("permit_mynetworks permit_sasl_authenticated "
		    "permit_auth_destination"), &smtpd->relay);
		smtpd->set.relay_first = false;
	}
}
