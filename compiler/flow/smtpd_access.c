/*
 * check_*_access: the keys that a client, a name or an address is sought by,
 * in Postfix's order. The first that is found decides, even where its answer
 * is to go on.
 */
#include "flow/smtpd_inside.h"

/* What a lookup says; one that failed is refused as the server's error. */
static enum check
act(struct judge *j, const struct step *step, const struct lookup *lookup)
{
	const struct lookup *outer = j->lookup;
	enum check check;

	j->lookup = lookup;
	if (lookup->result == TABLE_UNKNOWN)
		check = judge_unknown(j, lookup->answer.why);
	else
		check = access_action(j, step, lookup->result == TABLE_FOUND ?
		    lookup->answer.value :
		    STR("451 4.3.5 Server configuration error"));
	j->lookup = outer;
	return check;
}

/* The table is not among those that smtpd opened: a long form. */
static enum check
no_table(struct judge *j, const struct step *step)
{
	return access_action(j, step,
	    STR("451 4.3.5 Server configuration error"));
}

static bool
find(const struct judge *j, const struct step *step, struct str key,
    bool partial, struct lookup *lookup)
{
	maps_find(&step->argument->table->maps, key, partial, j->arena,
	    lookup);
	return lookup->result != TABLE_NONE;
}

/* A name and its parents. */
static bool
find_name(const struct judge *j, const struct step *step, struct str name,
    struct lookup *lookup)
{
	bool partial = false, address = address_valid(name);

	while (name.len) {
		size_t dot;

		if (find(j, step, name, partial, lookup))
			return true;
		if (address)
			break;
		for (dot = 1; dot < name.len && name.s[dot] != '.'; dot++)
			;
		if (dot == name.len)
			break;
		dot += j->smtpd->set.parents;
		name = (struct str){name.s + dot, name.len - dot};
		partial = true;
	}
	return false;
}

/* An address and the networks around it: 192.0.2.1, 192.0.2, 192.0, 192. */
static bool
find_address(const struct judge *j, const struct step *step,
    struct str address, struct lookup *lookup)
{
	char part = str_find(address, ':') < address.len ? ':' : '.';
	bool partial = false;

	for (;;) {
		if (find(j, step, address, partial, lookup))
			return true;
		while (address.len && address.s[address.len - 1] != part)
			address.len--;
		if (!address.len)
			return false;
		address.len--;
		partial = true;
	}
}

enum check
access_client(struct judge *j, const struct step *step)
{
	const struct client *client = &j->session->client;
	struct step about = *step;
	struct lookup lookup = {0};
	struct str name = client->name;

	about.reply_class = SUBJECT_CLIENT;
	about.reply_name = j->client;
	if (step->restriction->subject == SUBJECT_REVERSE) {
		about.reply_class = SUBJECT_REVERSE;
		about.reply_name = name = client_reverse_name(client);
	}
	if (!step->argument->table)
		return no_table(j, &about);
	if (find_name(j, &about, name, &lookup) ||
	    find_address(j, &about, client->address, &lookup))
		return act(j, &about, &lookup);
	return CHECK_DUNNO;
}

enum check
access_helo(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct lookup lookup = {0};

	about.reply_class = SUBJECT_HELO;
	about.reply_name = j->said;
	if (!j->helo)
		return CHECK_DUNNO;
	if (!step->argument->table)
		return no_table(j, &about);
	if (find_name(j, &about, j->said, &lookup))
		return act(j, &about, &lookup);
	return CHECK_DUNNO;
}

static enum check
access_mail(struct judge *j, const struct step *step, bool sender,
    struct str address)
{
	const struct resolution *resolution;
	struct step about = *step;
	struct lookup lookup = {0};
	enum check check;

	about.reply_class = sender ? SUBJECT_SENDER : SUBJECT_RECIPIENT;
	about.reply_name = address;
	check = judge_resolve(j, sender, &resolution);
	if (check != CHECK_DUNNO)
		return check;
	if (str_find(resolution->recipient, '@') == resolution->recipient.len)
		return CHECK_DUNNO;
	if (!step->argument->table)
		return no_table(j, &about);
	address_find(&step->argument->table->maps, resolution->recipient,
	    ADDRESS_ACCESS, j->smtpd->set.parents, &j->smtpd->rules,
	    j->arena, &lookup);
	if (lookup.result == TABLE_NONE)
		return CHECK_DUNNO;
	check = act(j, &about, &lookup);
	/* A routed recipient is too suspicious for an OK. */
	if (check == CHECK_OK && lookup.result == TABLE_FOUND && !sender &&
	    resolution->routed && !j->smtpd->set.untrusted_routing)
		return CHECK_DUNNO;
	return check;
}

enum check
access_sender(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct lookup lookup = {0};

	j->asked_sender = true;
	if (!j->sender)
		return CHECK_DUNNO;
	if (j->session->sender.len)
		return access_mail(j, step, true, j->session->sender);
	about.reply_class = SUBJECT_SENDER;
	about.reply_name = j->session->sender;
	if (!step->argument->table)
		return no_table(j, &about);
	if (find(j, &about, j->smtpd->set.null_key, false, &lookup))
		return act(j, &about, &lookup);
	return CHECK_DUNNO;
}

enum check
access_recipient(struct judge *j, const struct step *step)
{
	return j->recipient ? access_mail(j, step, false,
	    j->session->recipient) : CHECK_DUNNO;
}

enum check
access_certificate(struct judge *j, const struct step *step)
{
	const struct client *client = &j->session->client;
	const struct ccert_search *search = step->argument->search;
	struct step about = *step;
	struct item table = {0};
	enum check check = CHECK_DUNNO;
	size_t i;

	about.reply_class = SUBJECT_CERTIFICATE;
	about.reply_name = client->common_name;
	if (!search)
		return judge_server_error(j);
	if (!j->certificate)
		return CHECK_DUNNO;
	table.table = search->table;
	about.argument = &table;
	for (i = 0; i < search->n && check == CHECK_DUNNO; i++) {
		struct lookup lookup = {0};

		if (search->order[i] == SEARCH_OTHER)
			return judge_server_error(j);
		if (find(j, &about, search->order[i] == SEARCH_FINGERPRINT ?
		    client->fingerprint : client->key_fingerprint, false,
		    &lookup))
			check = act(j, &about, &lookup);
	}
	return check;
}

enum check
access_login(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct lookup lookup = {0};
	char *name;
	size_t i;

	if (!j->smtpd->set.sasl || !j->login)
		return CHECK_DUNNO;
	name = arena_strndup(j->arena, j->session->client.login.s,
	    j->session->client.login.len);
	for (i = 0; name[i]; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			name[i] = '_';
	about.reply_class = SUBJECT_LOGIN;
	about.reply_name = str_of(name);
	if (!step->argument->table)
		return no_table(j, &about);
	if (find(j, &about, j->session->client.login, false, &lookup))
		return act(j, &about, &lookup);
	return CHECK_DUNNO;
}

/* No exception can be made by what somebody else's DNS says. */
static enum check
never_permit(struct judge *j, enum check check)
{
	return check == CHECK_OK && !j->discard ? judge_server_error(j) :
	    check;
}

enum check
access_reverse(struct judge *j, const struct step *step)
{
	return never_permit(j, access_client(j, step));
}

/*
 * check_*_{a,mx,ns}_access: the addresses and names of the servers of a
 * domain. Only where the domain is an address itself no DNS is asked; else
 * the table is taken not to have them, as it could only refuse.
 */
enum check
access_server(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct lookup lookup = {0};
	struct str name, address = {0};
	enum record record = step->restriction->record;
	bool found = false;
	size_t at;

	if (!judge_subject(j, &name, &about))
		return CHECK_DUNNO;
	for (at = name.len; at && name.s[at - 1] != '@'; at--)
		;
	name = (struct str){name.s + at, name.len - at};
	if (name.len && name.s[0] == '[') {
		if (record == RECORD_NS || !literal_valid(name, &address))
			return CHECK_DUNNO;
	} else if (record != RECORD_NS && address_valid(name)) {
		address = name;
	} else if (record == RECORD_MX && !name_valid(name)) {
		/* A name that no DNS is asked for is its own server. */
		found = step->argument->table &&
		    find_name(j, &about, name, &lookup);
	} else {
		judge_assume(j, "%.*s finds no server of %.*s",
		    STR_ARG(j->restriction), STR_ARG(name));
		return CHECK_DUNNO;
	}
	if (!step->argument->table)
		return never_permit(j, no_table(j, &about));
	if (found || (address.len &&
	    find_address(j, &about, address, &lookup)))
		return never_permit(j, act(j, &about, &lookup));
	return CHECK_DUNNO;
}
