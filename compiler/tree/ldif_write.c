/*
 * LDIF written by libldap, which knows the rules of RFC 2849 for folding and
 * base64. It stands alone, so that a program which only reads loads no
 * libldap.
 */
#include "tree/ldif.h"

#include "base/die.h"

#include <ldap.h>
#include <ldif.h>

enum { WIDTH = 76 };

static void
write_line(struct buf *b, const char *name, const struct text *value)
{
	char *line = ldif_put_wrap(LDIF_PUT_VALUE, name, value->s, value->len,
	    WIDTH);

	if (!line)
		die("out of memory (a line of LDIF)");
	buf_addstr(b, line);
	ber_memfree(line);
}

void
ldif_write(struct buf *b, const struct ldif_entry *entry)
{
	uint32_t i;

	write_line(b, "dn", &entry->dn);
	for (i = 0; i < entry->n; i++)
		write_line(b, entry->attribute[i].name.s,
		    &entry->attribute[i].value);
	buf_addch(b, '\n');
}
