/*
 * Dialects: what the target syntax can carry. A dialect either appends a
 * value so that the daemon reads back exactly that value, or refuses it;
 * it never changes the meaning, and no value becomes a second line.
 */
#ifndef RENDER_DIALECT_H
#define RENDER_DIALECT_H

#include "base/buf.h"
#include "base/str.h"

struct dialect {
	const char *name;
	/* NULL, or one clause that says why the value cannot be carried. */
	const char *(*put)(struct buf *out, struct str value);
	const char *doc;
};

/*
 * plain        one line of printable text (comments, free text)
 * main_cf      a main.cf value: one line, no $ (data never expands)
 * main_cf_expr the same where Postfix's own $name is meant (extra_params)
 * main_cf_word one word of a list: no blank, comma, brace or $
 * master_cf    one word of master.cf
 * map_key      a table key: no blank or quote, folded to lower case
 * map_value    a table's value: one line
 * ldap_cf      a value of an ldap_table(5) file
 * ldap_filter  an assertion value, escaped as RFC 4515 section 3 has it
 * pcre         literal text inside /…/ of a pcre table, escaped
 * cidr         an address or network
 * ucl          text between the double quotes of rspamd's UCL
 * ucl_word     a bare UCL number, boolean or name
 * dovecot      one word of dovecot.conf
 * shell        the inside of "…" in /etc/default
 * ini          a value of a fail2ban jail
 */
extern const struct dialect dialects[];		/* ends in a NULL name */
const struct dialect *dialect_named(struct str name);

#endif
