#include "model/address.h"

#include "model/bind.h"

#define PROBLEM(id, text) ((struct address_problem){FINDING_##id, (text)})
#define FINE PROBLEM(ADDRESS_SYNTAX, NULL)

/* RFC 5322 atext, less what Postfix rewrites or other MTAs execute. */
static const bool is_atext[256] = {
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
	['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1,
	['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1,
	['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
	['y'] = 1, ['z'] = 1,
	['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
	['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1,
	['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1,
	['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
	['Y'] = 1, ['Z'] = 1,
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,
	['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
	['#'] = 1, ['$'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
	['-'] = 1, ['/'] = 1, ['='] = 1, ['?'] = 1, ['^'] = 1, ['_'] = 1,
	['`'] = 1, ['{'] = 1, ['}'] = 1, ['~'] = 1,
};

static struct address_problem
refused_byte(unsigned char c)
{
	if (c == '%' || c == '!')
		return PROBLEM(ADDRESS_SYNTAX,
		    "'%' and '!' are source routes to Postfix");
	if (c == '|')
		return PROBLEM(ADDRESS_SYNTAX,
		    "'|' is a command to other mail programs");
	return PROBLEM(ADDRESS_SYNTAX, c == ' ' || c == ',' ?
	    "a blank or a comma inside; several targets are written as a "
	    "list" : "a character that RFC 5321 does not allow");
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

		if (is_atext[c])
			continue;
		if (c != '.')
			return refused_byte(c);
		if (!i || i + 1 == local.len || local.s[i - 1] == '.')
			return PROBLEM(ADDRESS_SYNTAX,
			    "a dot stands at an end or beside another dot");
	}
	return FINE;
}

static struct address_problem
whole_check(struct str address, bool bare_allowed, uint8_t *local_len)
{
	size_t at = str_find(address, '@');
	struct str local = {address.s, at}, domain;
	struct address_problem problem = local_check(local);

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

struct address_problem
address_check(struct str address, bool bare_allowed, uint8_t *local_len)
{
	struct address_problem problem = whole_check(address, bare_allowed,
	    local_len);
	size_t i;

	/* No address that is fine has one of these. */
	for (i = 0; problem.text && i < address.len; i++)
		if ((unsigned char)address.s[i] > 0x7e)
			return PROBLEM(ADDRESS_NON_ASCII, "characters outside "
			    "ASCII need SMTPUTF8, which the fleet does not "
			    "offer");
	return problem;
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
