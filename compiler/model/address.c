#include "model/address.h"

#include "model/bind.h"

#define PROBLEM(id, text) ((struct address_problem){FINDING_##id, (text)})
#define FINE PROBLEM(ADDRESS_SYNTAX, NULL)

/* RFC 5322 atext, less what Postfix rewrites or other MTAs execute. */
static bool
is_atext(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c && strchr("#$&'*+-/=?^_`{}~", c));
}

static struct address_problem
local_check(struct str local)
{
	size_t i;

	if (!local.len)
		return PROBLEM(ADDRESS_SYNTAX, "nothing stands before the @");
	if (local.len > LOCAL_PART_LONGEST)
		return PROBLEM(ADDRESS_LENGTH,
		    "the local part is longer than 64 bytes");
	if (local.s[0] == '"')
		return PROBLEM(ADDRESS_SYNTAX,
		    "quoted local parts cannot be carried in tables");
	if (local.s[0] == '-')
		return PROBLEM(ADDRESS_SYNTAX,
		    "a leading '-' would be read as an option");
	for (i = 0; i < local.len; i++) {
		unsigned char c = (unsigned char)local.s[i];

		if (c == '.') {
			if (!i || i + 1 == local.len || local.s[i - 1] == '.')
				return PROBLEM(ADDRESS_SYNTAX, "a dot stands "
				    "at an end or beside another dot");
			continue;
		}
		if (c == '%' || c == '!')
			return PROBLEM(ADDRESS_SYNTAX,
			    "'%' and '!' are source routes to Postfix");
		if (c == '|')
			return PROBLEM(ADDRESS_SYNTAX,
			    "'|' is a command to other mail programs");
		if (!is_atext(c))
			return PROBLEM(ADDRESS_SYNTAX, c == ' ' || c == ',' ?
			    "a blank or a comma inside; several targets are "
			    "written as a list" :
			    "a character that RFC 5321 does not allow");
	}
	return FINE;
}

struct address_problem
address_check(struct str address, bool bare_allowed, uint8_t *local_len)
{
	struct str local, domain;
	struct address_problem problem;
	size_t at, i;

	for (i = 0; i < address.len; i++)
		if ((unsigned char)address.s[i] > 0x7e)
			return PROBLEM(ADDRESS_NON_ASCII, "characters outside "
			    "ASCII need SMTPUTF8, which the fleet does not "
			    "offer");
	at = str_find(address, '@');
	local = (struct str){address.s, at};
	problem = local_check(local);
	if (problem.text)
		return problem;
	if (address_is_hostile(address))
		return PROBLEM(ADDRESS_SYNTAX,
		    "a leading '/' or ':' is a file or an include");
	*local_len = (uint8_t)at;
	if (at == address.len)
		return bare_allowed ? FINE :
		    PROBLEM(ADDRESS_SYNTAX, "there is no '@'");
	domain = (struct str){address.s + at + 1, address.len - at - 1};
	if (address.len > ADDRESS_LONGEST)
		return PROBLEM(ADDRESS_LENGTH,
		    "the address is longer than 254 bytes");
	if (!domain_ok(domain))
		return PROBLEM(ADDRESS_SYNTAX,
		    "what stands behind the @ is not a domain name");
	return FINE;
}

bool
address_is_hostile(struct str address)
{
	address = str_trim(address);
	if (address.len && address.s[0] == '"') {
		address.s++;
		address.len--;
	}
	return address.len && (address.s[0] == '|' || address.s[0] == '/' ||
	    address.s[0] == ':');
}

struct str
local_base(struct str local, struct str delimiters)
{
	size_t i;

	/* A delimiter at the start separates nothing. */
	for (i = 0; local.len && i < delimiters.len; i++)
		local.len = 1 + str_find((struct str){local.s + 1,
		    local.len - 1}, delimiters.s[i]);
	return local;
}
