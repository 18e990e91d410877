/*
 * Mail addresses as mailc carries them: dot-string local parts in ASCII
 * (RFC 5321 section 4.1.2), no quoted strings, no routes, no literals.
 */
#ifndef MODEL_ADDRESS_H
#define MODEL_ADDRESS_H

#include "base/str.h"
#include "diag/diag.h"

enum { LOCAL_PART_LONGEST = 64, ADDRESS_LONGEST = 254 };

struct address_problem {
	enum finding_id id;	/* ADDRESS_SYNTAX, _LENGTH or _NON_ASCII */
	const char *text;	/* NULL: the address is fine */
};

/*
 * Judge a local part alone (bare), or a whole address. local_len gets the
 * bytes before the @ (all of them where there is none).
 */
struct address_problem address_check(struct str address, bool bare_allowed,
    uint8_t *local_len);

/* Text that Postfix or another MTA runs, opens or includes (aliases(5)). */
bool address_is_hostile(struct str address);

/* The local part without an extension: up to the first delimiter. */
struct str local_base(struct str local, struct str delimiters);

#endif
