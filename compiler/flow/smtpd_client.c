/*
 * Restrictions that know what they need: who the client is, what it said in
 * HELO, and how the addresses are written.
 */
#include "flow/smtpd_inside.h"

enum check
client_plaintext(struct judge *j, const struct step *step)
{
	(void)step;
	if (j->tls)
		return CHECK_DUNNO;
	return judge_reject(j, false, j->smtpd->set.plaintext_code, "4.7.1",
	    "Session encryption is required");
}

enum check
client_unknown(struct judge *j, const struct step *step)
{
	const struct client *client = &j->session->client;
	bool reverse = step->restriction->subject == SUBJECT_REVERSE;

	if (!name_unknown(reverse ? client_reverse_name(client) : client->name))
		return CHECK_DUNNO;
	if (j->smtpd->set.client_code != 450)
		judge_assume(j, "the DNS answers that the client has no name");
	return judge_reject(j, false, j->smtpd->set.client_code,
	    reverse ? "4.7.1" : "4.7.25",
	    "Client host rejected: cannot find your %shostname, [%.*s]",
	    reverse ? "reverse " : "", STR_ARG(client->address));
}

/* Whether an address is one of the host's own. */
static bool
is_interface(const struct smtpd *smtpd, struct str address)
{
	return value_has(smtpd->host->rules.interfaces, address);
}

enum check
client_interfaces(struct judge *j, const struct step *step)
{
	(void)step;
	return is_interface(j->smtpd, j->session->client.address) ?
	    judge_permit(j, true) : CHECK_DUNNO;
}

/* Whether the client is in mynetworks, which is asked once. */
static const struct lookup *
find_networks(struct judge *j)
{
	const struct client *client = &j->session->client;
	struct smtpd_mail *mail = j->mail;

	if (!mail->networks_known)
		match_list_has(j->smtpd->networks, client->name,
		    client->address, mail->arena, &mail->networks);
	mail->networks_known = true;
	return &mail->networks;
}

enum check
client_networks(struct judge *j, const struct step *step)
{
	const struct lookup *outer = j->lookup, *lookup = find_networks(j);
	enum check check = CHECK_DUNNO;

	switch (lookup->result) {
	case TABLE_FOUND:
		j->lookup = lookup->table ? lookup : NULL;
		check = judge_permit(j, true);
		j->lookup = outer;
		break;
	case TABLE_RETRY:
		return judge_retry(j, step->reply_name);
	case TABLE_UNKNOWN:
		return judge_unknown(j, lookup->answer.why);
	case TABLE_NONE:
		if (j->smtpd->networks_unknown)
			return judge_unknown(j, j->smtpd->networks_unknown);
		break;
	}
	return check;
}

enum check
client_login(struct judge *j, const struct step *step)
{
	(void)step;
	return j->login ? judge_permit(j, true) : CHECK_DUNNO;
}

enum check
client_certificate(struct judge *j, const struct step *step)
{
	const struct client *client = &j->session->client;
	const struct str print[] = {client->fingerprint,
	    client->key_fingerprint};
	const struct lookup *outer = j->lookup;
	struct lookup lookup;
	enum check check;
	size_t i;

	for (i = 0; j->certificate && i < 2; i++) {
		lookup = (struct lookup){0};
		maps_find(&j->smtpd->certificates, print[i], false, j->arena,
		    &lookup);
		if (lookup.result == TABLE_NONE)
			continue;
		j->lookup = &lookup;
		check = lookup.result == TABLE_FOUND ? judge_permit(j, true) :
		    lookup.result == TABLE_RETRY ?
		    judge_retry(j, step->reply_name) :
		    judge_unknown(j, lookup.answer.why);
		j->lookup = outer;
		return check;
	}
	return CHECK_DUNNO;
}

enum check
client_any_certificate(struct judge *j, const struct step *step)
{
	if (!j->certificate || !j->smtpd->set.trusts_ca)
		return client_certificate(j, step);
	judge_assume(j, "the client's certificate is signed by a CA that "
	    "smtpd trusts");
	return judge_permit(j, true);
}

/* A client by a word of local_header_rewrite_clients. */
static enum table_result
header_word(const struct smtpd *smtpd, const struct session *session,
    struct str word, struct arena *a)
{
	static const struct {
		const char *word;
		enum check (*judge)(struct judge *j, const struct step *step);
	} words[] = {
		{"permit_mynetworks", client_networks},
		{"permit_sasl_authenticated", client_login},
		{"permit_tls_clientcerts", client_certificate},
		{"permit_tls_all_clientcerts", client_any_certificate},
	};
	const struct smtpd_mail *mail = smtpd_mail(smtpd, session, a);
	struct verdict verdict = mail->said.verdict;
	struct judge j = mail->said.judge;
	const struct step step = {.reply_name = word};
	size_t i;

	j.verdict = &verdict;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_eq_fold(word, str_of(words[i].word)))
			continue;
		switch (words[i].judge(&j, &step)) {
		case CHECK_OK:
			return TABLE_FOUND;
		case CHECK_DUNNO:
			return TABLE_NONE;
		case CHECK_REJECT:
			return TABLE_RETRY;
		case CHECK_UNKNOWN:
			return TABLE_UNKNOWN;
		}
	}
	return TABLE_NONE;
}

enum table_result
smtpd_header_client(const struct smtpd *smtpd, const struct session *session,
    struct arena *a)
{
	struct str rest = smtpd->set.header_clients, word;
	struct str address = session->client.address;
	enum table_result result = TABLE_NONE;

	while (result == TABLE_NONE && value_item(&rest, &word)) {
		struct table_answer answer;

		if (str_eq_fold(word, STR("permit_inet_interfaces")))
			result = is_interface(smtpd, address) ? TABLE_FOUND :
			    TABLE_NONE;
		else if (str_find(word, ':') < word.len)
			result = table_get(table_open(
			    smtpd->host->tables, word), address, a, &answer);
		else
			result = header_word(smtpd, session, word, a);
	}
	return result;
}

enum check
helo_literal(struct judge *j, struct str text)
{
	struct str address;

	/* Without brackets it may be meant all the same. */
	if (text.len <= 2 || text.s[text.len - 1] != ']') {
		if (address_valid_4(text))
			return CHECK_DUNNO;
	} else if (literal_valid(text, &address)) {
		return CHECK_DUNNO;
	}
	return judge_reject(j, false, j->smtpd->set.name_code, "5.5.2",
	    "<%.*s>: Helo command rejected: invalid ip address",
	    STR_ARG(text));
}

enum check
helo_invalid(struct judge *j, const struct step *step)
{
	struct str helo = j->said;

	(void)step;
	if (!j->helo)
		return CHECK_DUNNO;
	if (helo.len && helo.s[0] == '[')
		return helo_literal(j, helo);
	if (name_valid(name_undotted(helo)) ||
	    address_valid(name_undotted(helo)))
		return CHECK_DUNNO;
	return judge_reject(j, false, j->smtpd->set.name_code, "5.5.2",
	    "<%.*s>: Helo command rejected: Invalid name", STR_ARG(helo));
}

enum check
helo_not_full(struct judge *j, const struct step *step)
{
	struct str helo = j->said, name = name_undotted(helo);

	(void)step;
	if (!j->helo)
		return CHECK_DUNNO;
	if (helo.len && helo.s[0] == '[')
		return helo_literal(j, helo);
	if (name_valid(name) && str_find(name, '.') < name.len)
		return CHECK_DUNNO;
	return judge_reject(j, false, j->smtpd->set.non_fqdn_code, "5.5.2",
	    "<%.*s>: Helo command rejected: need fully-qualified hostname",
	    STR_ARG(helo));
}

enum check
helo_address(struct judge *j, const struct step *step)
{
	struct str helo = j->said;
	enum check check;
	size_t i;

	(void)step;
	if (!j->helo)
		return CHECK_DUNNO;
	for (i = 0; i < helo.len; i++)
		if (helo.s[i] != '.' && helo.s[i] != ':' &&
		    !(helo.s[i] >= '0' && helo.s[i] <= '9'))
			return CHECK_DUNNO;
	check = helo_literal(j, helo);
	return check == CHECK_DUNNO ? judge_permit(j, true) : check;
}

enum check
address_not_full(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct str address, domain;
	size_t at;

	if (!judge_subject(j, &address, &about) &&
	    (about.reply_class == SUBJECT_SENDER || !j->recipient))
		return CHECK_DUNNO;
	for (at = address.len; at && address.s[at - 1] != '@'; at--)
		;
	domain = at ? (struct str){address.s + at, address.len - at} :
	    (struct str){0};
	if (domain.len && domain.s[0] == '[' &&
	    domain.s[domain.len - 1] == ']')
		return CHECK_DUNNO;
	domain = name_undotted(domain);
	if (name_valid(domain) && str_find(domain, '.') < domain.len)
		return CHECK_DUNNO;
	return judge_reject_text(j, &about, j->smtpd->set.non_fqdn_code,
	    "4.5.2", (struct str){0}, "need fully-qualified address");
}
