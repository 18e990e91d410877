/*
 * The snapshot of the directory. Its entries are written by their owners and
 * so are hostile: what is not exactly an address never gets further than
 * account.state. Attribute names and values: userdir-ldap.schema.
 */
#include "model/address.h"
#include "model/bind.h"
#include "model/read.h"

#include "base/file.h"
#include "tree/ldif.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	FORWARD_LONGEST = 200,		/* ud-generate drops longer ones */
	RETIRING_DAYS = 6 * 31,		/* ud-generate */
	DAY_SECONDS = 86400,
};

static bool
has_class(const struct ldif_entry *entry, struct str class)
{
	uint32_t i;

	for (i = 0; i < entry->n; i++)
		if (str_eq_fold(text_str(entry->attribute[i].name),
		    STR("objectClass")) &&
		    str_eq_fold(text_str(entry->attribute[i].value), class))
			return true;
	return false;
}

static struct text
text_of(const struct ldif_entry *entry, struct str name)
{
	const struct text *value = ldif_get(entry, name);

	return value ? *value : (struct text){.s = "", .at = entry->dn.at};
}

/* "YYYY-MM-DD" as seconds, or -1. */
static time_t
parse_date(struct str s)
{
	struct tm tm = {0};
	char text[11];
	char end;

	if (s.len != 10)
		return -1;
	memcpy(text, s.s, 10);
	text[10] = '\0';
	if (sscanf(text, "%4d-%2d-%2d%c", &tm.tm_year, &tm.tm_mon,
	    &tm.tm_mday, &end) != 3)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* accountStatus: a word and perhaps a date (facts of userdir-ldap). */
static enum account_state
status_state(const struct reader *r, struct str status)
{
	struct str word, date;
	size_t blank;
	time_t since;

	status = str_trim(status);
	blank = str_find(status, ' ');
	word = (struct str){status.s, blank};
	date = str_trim((struct str){status.s + blank, status.len - blank});
	if (!word.len || str_eq_fold(word, STR("active")))
		return ACCOUNT_USABLE;
	if (str_eq_fold(word, STR("inactive")) ||
	    str_eq_fold(word, STR("memorial")))
		return ACCOUNT_RETIRED;
	if (!str_eq_fold(word, STR("retiring")))
		return ACCOUNT_STATUS;
	since = parse_date(date);
	if (since < 0)
		return ACCOUNT_STATUS;
	return r->today - since > (time_t)RETIRING_DAYS * DAY_SECONDS ?
	    ACCOUNT_RETIRED : ACCOUNT_USABLE;
}

static enum account_state
uid_state(struct account *account)
{
	struct address_problem problem;
	uint8_t local_len;

	problem = address_check(text_str(account->uid), true, &local_len);
	if (!problem.text && local_len != account->uid.len)
		problem.text = "a uid holds no '@'";
	account->problem = problem.text;
	return problem.text ? ACCOUNT_BAD_UID : ACCOUNT_USABLE;
}

/*
 * emailForward may hold several addresses with commas between them (role
 * accounts). One that is not an address spoils the whole, as ud-generate
 * has it: a half-delivered forward helps nobody.
 */
static enum account_state
split_forward(struct reader *r, struct account *account)
{
	struct str rest = text_str(account->forward);
	size_t i, n = 1;

	for (i = 0; i < rest.len; i++)
		n += rest.s[i] == ',';
	account->target = ARENA_ARRAY(r->arena, struct target, n);
	for (i = 0; i < n; i++) {
		size_t comma = str_find(rest, ',');
		struct str part = str_trim((struct str){rest.s, comma});
		struct target *target = &account->target[i];
		struct value *v = ARENA_NEW(r->arena, struct value);
		struct address_problem problem;

		if (address_is_hostile(part))
			return ACCOUNT_HOSTILE;
		problem = address_check(part, false, &target->local_len);
		if (problem.text) {
			account->problem = problem.text;
			return ACCOUNT_INVALID;
		}
		*v = value_string(r->arena, part, account->forward.at);
		target->text = v;
		target->leads_to = NOWHERE;
		account->ntarget++;
		if (comma < rest.len)
			rest = (struct str){rest.s + comma + 1,
				rest.len - comma - 1};
	}
	return ACCOUNT_USABLE;
}

/* str_trim() below takes line breaks away; the live tables do not. */
static bool
has_control(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < 0x20 || s.s[i] == 0x7f)
			return true;
	return false;
}

static enum account_state
judge(struct reader *r, struct account *account)
{
	enum account_state state = uid_state(account);

	if (state != ACCOUNT_USABLE)
		return state;
	if (!account->forward.len)
		return ACCOUNT_NO_FORWARD;
	state = status_state(r, text_str(account->status));
	if (state != ACCOUNT_USABLE)
		return state;
	if (account->disabled.len)
		return ACCOUNT_DISABLED;
	if (account->forward.len > FORWARD_LONGEST)
		return ACCOUNT_LONG;
	if (has_control(text_str(account->forward))) {
		account->problem = "a line break, a tab or another control "
		    "character";
		return ACCOUNT_INVALID;
	}
	return split_forward(r, account);
}

/*
 * Users and role accounts are uid=NAME with the class that mail::ldap's
 * filter names; groups are called gid=NAME, also those of the same name.
 */
static bool
is_account(const struct ldif_entry *entry)
{
	return has_class(entry, STR("debianAccount")) &&
	    ldif_get(entry, STR("uid"));
}

static int
by_uid(const void *a, const void *b)
{
	const struct account *x = a, *y = b;
	int order = str_cmp_fold(text_str(x->uid), text_str(y->uid));

	return order ? order :
	    str_cmp(text_str(x->dn), text_str(y->dn));
}

static bool
read_snapshot(struct reader *r, struct fleet *fleet, struct ldif *ldif)
{
	struct text name = fleet->ldap.snapshot;
	char *path, *full;
	enum tree_result result;

	if (memchr(name.s, '/', name.len) || name.s[0] == '.') {
		diag_add(r->diag, FINDING_BAD_PATH, name.at,
		    "mail::ldap: snapshot '%s' must be the name of a file in "
		    "data/ldap", name.s);
		return false;
	}
	path = file_join(r->arena, "data/ldap", name.s);
	full = file_join(r->arena, r->environment, path);
	result = ldif_read(r->arena, r->diag, path, full, ldif);
	if (result == TREE_MISSING)
		diag_add(r->diag, FINDING_LDAP_SNAPSHOT, fleet->ldap.uri.at,
		    "%s does not exist; write it with `mailc fetch ldap`",
		    path);
	return result == TREE_OK;
}

void
read_directory(struct reader *r, struct fleet *fleet)
{
	struct ldif *ldif = ARENA_NEW(r->arena, struct ldif);
	struct account *account;
	uint32_t i, n = 0;

	if (!fleet->ldap.uri.len || !read_snapshot(r, fleet, ldif))
		return;
	fleet->ldap.entries = ldif;
	account = ARENA_ARRAY(r->arena, struct account, ldif->n);
	for (i = 0; i < ldif->n; i++) {
		const struct ldif_entry *entry = &ldif->entry[i];
		struct account *a = &account[n];

		if (!is_account(entry))
			continue;
		*a = (struct account){
			.dn = entry->dn,
			.uid = *ldif_get(entry, STR("uid")),
			.status = text_of(entry, STR("accountStatus")),
			.forward = text_of(entry, STR("emailForward")),
			.disabled = text_of(entry, STR("mailDisableMessage")),
			.is_role = has_class(entry, STR("debianRoleAccount")),
			.fleet = fleet,
			.taken = NOWHERE,
		};
		a->state = (uint8_t)judge(r, a);
		n++;
	}
	if (n)
		qsort(account, n, sizeof(*account), by_uid);
	else
		diag_add(r->diag, FINDING_LDAP_EMPTY, fleet->ldap.snapshot.at,
		    "the snapshot %s has no account; is it the right file?",
		    fleet->ldap.snapshot.s);
	r->account = account;
	fleet->ldap.accounts = (struct list){account, n};
}
