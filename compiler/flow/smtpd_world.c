/*
 * Restrictions that ask somebody else: the DNS, a list in it, a policy
 * service, the next server. They are taken to let the message on, and what
 * was taken for granted is noted.
 */
#include "flow/smtpd_inside.h"

enum check
world_policy(struct judge *j, const struct step *step)
{
	if (!step->argument || str_find(step->argument->text, ':') ==
	    step->argument->text.len)
		return judge_server_error(j);
	judge_assume(j, "%.*s has nothing to say",
	    STR_ARG(step->argument->text));
	return CHECK_DUNNO;
}

/* Postfix asks the DNS for no other names, and takes them for not found. */
static bool
can_ask(struct str name)
{
	if (name.len > 2 && name.s[0] == '*' && name.s[1] == '.')
		name = (struct str){name.s + 2, name.len - 2};
	return str_eq(name, STR(".")) ||
	    (name_valid(name) && !address_valid(name));
}

enum check
world_helo(struct judge *j, const struct step *step)
{
	struct str helo = j->said;

	(void)step;
	if (!j->helo)
		return CHECK_DUNNO;
	if (helo.len && helo.s[0] == '[')
		return helo_literal(j, helo);
	if (!can_ask(helo))
		return judge_reject(j, false, j->smtpd->set.unknown_name_code,
		    "4.7.1", "<%.*s>: Helo command rejected: Host not found",
		    STR_ARG(helo));
	judge_assume(j, "%.*s is in the DNS", STR_ARG(helo));
	return CHECK_DUNNO;
}

enum check
world_domain(struct judge *j, const struct step *step)
{
	const struct resolution *resolution;
	struct step about = *step;
	struct str address, domain;
	enum check check;
	size_t at;

	if (!judge_subject(j, &address, &about))
		return CHECK_DUNNO;
	check = judge_resolve(j, about.reply_class == SUBJECT_SENDER,
	    &resolution);
	if (check != CHECK_DUNNO)
		return check;
	address = resolution->recipient;
	for (at = address.len; at && address.s[at - 1] != '@'; at--)
		;
	domain = (struct str){address.s + at, address.len - at};
	if (at && resolution->class != CLASS_RELAY &&
	    resolution->class != CLASS_DEFAULT)
		return CHECK_DUNNO;
	if (!at || (domain.len && domain.s[0] == '[' &&
	    domain.s[domain.len - 1] == ']'))
		return CHECK_DUNNO;
	if (!can_ask(domain))
		return judge_reject(j, false,
		    j->smtpd->set.unknown_domain_code,
		    about.reply_class == SUBJECT_SENDER ? "4.1.8" : "4.1.2",
		    "<%.*s>: %s rejected: Domain not found",
		    STR_ARG(about.reply_name),
		    subject_name(about.reply_class));
	judge_assume(j, "%.*s is in the DNS", STR_ARG(domain));
	return CHECK_DUNNO;
}

enum check
world_verify(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct str address;

	if (judge_subject(j, &address, &about))
		judge_assume(j, "%.*s can be delivered to",
		    STR_ARG(address));
	return CHECK_DUNNO;
}

/* A blocklist; without an argument it is nothing. */
enum check
world_blocks(struct judge *j, const struct step *step)
{
	struct step about = *step;
	struct str what;

	if (step->argument && judge_subject(j, &what, &about))
		judge_assume(j, "%.*s does not list %.*s",
		    STR_ARG(step->argument->text), STR_ARG(what));
	return CHECK_DUNNO;
}

enum check
world_blocks_address(struct judge *j, const struct step *step)
{
	if (step->argument)
		judge_assume(j, "%.*s does not list %.*s",
		    STR_ARG(step->argument->text),
		    STR_ARG(j->session->client.address));
	return CHECK_DUNNO;
}

enum check
world_old_blocks(struct judge *j, const struct step *step)
{
	struct str lists = cf_value(&j->smtpd->host->cf, j->smtpd->service,
	    STR("maps_rbl_domains"), j->arena);

	(void)step;
	if (lists.len)
		judge_assume(j, "%.*s does not list %.*s", STR_ARG(lists),
		    STR_ARG(j->session->client.address));
	return CHECK_DUNNO;
}

/* A list of good clients, which cannot open the host for relaying. */
static enum check
good(struct judge *j, const struct step *step, bool by_name)
{
	struct str name = j->session->client.name;
	bool ours = true;
	size_t dot;

	if (!step->argument || (by_name && name_unknown(name)))
		return CHECK_DUNNO;
	if (j->at_rcpt && j->recipient) {
		enum check check = judge_authorised(j, &ours);

		if (check != CHECK_DUNNO || !ours)
			return check;
	}
	for (dot = name.len; dot && name.s[dot - 1] != '.'; dot--)
		;
	if (by_name && (!name_valid(name) || all_digits(
	    (struct str){name.s + dot, name.len - dot})))
		return CHECK_DUNNO;
	judge_assume(j, "%.*s lists %.*s", STR_ARG(step->argument->text),
	    STR_ARG(by_name ? name : j->session->client.address));
	return judge_permit(j, true);
}

enum check
world_knows(struct judge *j, const struct step *step)
{
	return good(j, step, true);
}

enum check
world_knows_address(struct judge *j, const struct step *step)
{
	return good(j, step, false);
}
