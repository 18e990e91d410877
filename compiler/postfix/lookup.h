/*
 * How Postfix's programs use tables: lists of tables, the keys that an
 * address is sought by and their order, and match lists (mydestination,
 * relay_domains, mynetworks). Sources: canonical(5), virtual(5),
 * transport(5), access(5), postconf(5); mail_addr_find(3), mail_addr_map(3),
 * match_list(3).
 */
#ifndef POSTFIX_LOOKUP_H
#define POSTFIX_LOOKUP_H

#include "postfix/table.h"

/* A parameter's list of tables, asked in order. */
struct maps {
	struct table **table;
	size_t n;
};

/* What a lookup gave, and by which key of which table. */
struct lookup {
	enum table_result result;
	struct table_answer answer;
	struct str key;			/* that was found, or failed */
	const struct table *table;
	struct str extension;		/* "+ext" that the key did not have */
};

void maps_open(struct maps *maps, struct tables *tables, struct str list);
/* The same of table_open_unfolded(): mailbox_transport_maps and its like. */
void maps_open_unfolded(struct maps *maps, struct tables *tables,
    struct str list);
/* Whether the answer for local@domain may depend on the local part. */
bool maps_tell_locals(const struct maps *maps, struct str domain);
/*
 * Whether it may count that a domain is local: a table has keys that are no
 * whole addresses, and may be asked for a local part alone.
 */
bool maps_tell_bare(const struct maps *maps);
/* table_print() of all of them. */
bool maps_print(const struct maps *maps, struct str domain,
    struct buf *print);
/*
 * maps_find(3): the first table that has the key. partial: the key is a part
 * of an address, and tables of patterns are passed over.
 */
bool maps_find(const struct maps *maps, struct str key, bool partial,
    struct arena *a, struct lookup *lookup);

/* A list of names, /files, type:table and addresses; "!" negates. */
struct match_list;
enum match_kind {
	MATCH_STRINGS,		/* virtual_alias_domains: names as they are */
	MATCH_DOMAINS,		/* relay_domains: .parent and parent */
	MATCH_CLIENTS,		/* mynetworks: addresses and names */
};
/*
 * parents: whether the list's parameter is in
 * parent_domain_matches_subdomains.
 */
struct match_list *match_list_open(struct tables *tables, struct arena *a,
    enum match_kind kind, bool parents, struct str list);
/*
 * Whether a name (STRINGS, DOMAINS) or a client (its name and its address)
 * is in the list: NONE, FOUND, RETRY or UNKNOWN; answer says by what.
 */
enum table_result match_list_has(const struct match_list *list,
    struct str name, struct str address, struct arena *a,
    struct lookup *lookup);

/* What the keys of an address depend on. */
struct address_rules {
	struct str delimiter;		/* recipient_delimiter */
	struct str origin;		/* myorigin */
	struct str domain;		/* mydomain */
	struct str hostname;		/* myhostname */
	bool append_at_myorigin, append_dot_mydomain;
	bool swap_bangpath, percent_hack;
	bool owners;			/* owner_request_special */
	/* resolve_local(3): mydestination, or an address of the host. */
	const struct match_list *destination;
	struct str interfaces;		/* its addresses, with blanks between */
};

/* Whether mail for a domain is local, mydestination or [address]. */
enum table_result address_is_local(const struct address_rules *rules,
    struct str domain, struct arena *a);

/* Which keys are tried (mail_addr_find(3)'s strategies). */
enum address_keys {
	ADDRESS_DEFAULT,	/* full, -ext, local part if local, @domain */
	ADDRESS_TRANSPORT,	/* transport(5): …, domain, .parents, * */
	ADDRESS_ACCESS,		/* access(5) mail addresses: …, domain,
				   parents, local part@ */
	ADDRESS_SENDER_LOGIN,	/* smtpd_sender_login_maps */
};

/* mail_addr_find(3). The address is in internal form, without quotes. */
bool address_find(const struct maps *maps, struct str address,
    enum address_keys keys, bool parents, const struct address_rules *rules,
    struct arena *a, struct lookup *lookup);

/*
 * mail_addr_map(3), as canonical and virtual alias maps are asked: the
 * addresses that the address stands for, complete and in internal form.
 * propagate: the unmatched extension is added to each.
 */
struct address_list {
	struct str *address;
	size_t n;
};
bool address_map(const struct maps *maps, struct str address, bool propagate,
    const struct address_rules *rules, struct arena *a,
    struct lookup *lookup, struct address_list *list);

/*
 * trivial-rewrite's "local" context: user → user@myorigin, user@host →
 * user@host.mydomain, and what swap_bangpath and allow_percent_hack say; the
 * source route of an address is dropped. Internal form in and out.
 */
struct str address_rewrite(const struct address_rules *rules,
    struct str address, struct arena *a);

/*
 * Whether an address is the same in all its forms: user@some.domain with
 * neither quotes nor anything that is read as a route, so that it is what
 * address_rewrite(), address_quote() and address_unquote() make of it.
 */
bool address_is_plain(struct str address);

/*
 * user+extension@domain in three parts; extension has its delimiter. Without
 * an "@" domain.s is NULL. postmaster and its like have no extension.
 */
void address_parts(struct str address, const struct address_rules *rules,
    struct str *local, struct str *extension, struct str *domain);

/*
 * The addresses in a text that somebody wrote, with comments, phrases and
 * groups around them (tok822_parse(3)), in internal form and as they stand:
 * as sendmail(1) reads its arguments.
 */
void address_read(struct str text, struct arena *a,
    struct address_list *list);

/* quote_822_local(3) and unquote_822_local(3). */
struct str address_quote(struct str address, struct arena *a);
struct str address_unquote(struct str address, struct arena *a);

#endif
