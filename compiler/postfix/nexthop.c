/*
 * Next hops, transports and networks as Postfix writes them. Only the form
 * is judged: no name is looked up.
 */
#include "postfix/postfix.h"

#include <arpa/inet.h>

enum { ADDRESS_LONGEST = INET6_ADDRSTRLEN, HOST_LONGEST = 255 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
all_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_digit(s.s[i]))
			return false;
	return s.len != 0;
}

static bool
has_dollar(struct str s)
{
	return str_find(s, '$') < s.len;
}

static bool
address_ok(int family, struct str address, unsigned char net[16])
{
	char text[ADDRESS_LONGEST + 1];

	if (!address.len || address.len >= sizeof(text) ||
	    str_find(address, '\0') < address.len)
		return false;
	memcpy(text, address.s, address.len);
	text[address.len] = '\0';
	return inet_pton(family, text, net) == 1;
}

/* Letters, digits, hyphens and dots, no empty label, 63 bytes a label. */
static bool
host_ok(struct str host)
{
	size_t i, label = 0;

	if (host.len && host.s[host.len - 1] == '.')
		host.len--;
	if (!host.len || host.len > HOST_LONGEST)
		return false;
	for (i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.s[i];

		if (c == '.') {
			if (!label)
				return false;
			label = 0;
			continue;
		}
		if (!is_digit((char)c) && c != '-' && c != '_' && c < 0x80 &&
		    (ascii_lower(c) < 'a' || ascii_lower(c) > 'z'))
			return false;
		if (++label > 63)
			return false;
	}
	return label != 0;
}

static const char *
port_error(struct arena *a, struct str port)
{
	long number = 0;
	size_t i;

	if (!port.len)
		return "the port after \":\" is missing";
	if (!is_digit(port.s[0])) {
		if (host_ok(port))
			return NULL;
		return arena_printf(a, "\"%.*s\" is no port",
		    STR_ARG(port));
	}
	for (i = 0; i < port.len && is_digit(port.s[i]) && number < 65536; i++)
		number = number * 10 + (port.s[i] - '0');
	if (i < port.len || number < 1 || number > 65535)
		return arena_printf(a,
		    "port \"%.*s\" is not between 1 and 65535",
		    STR_ARG(port));
	return NULL;
}

/* [host], [host]:port, [address], [ipv6:address]:port. */
static const char *
bracketed_error(struct arena *a, struct str hop)
{
	unsigned char net[16];
	size_t end = str_find(hop, ']');
	struct str host = {hop.s + 1, end - 1};
	struct str rest = {hop.s + end + 1, hop.len - end - 1};

	if (end == hop.len)
		return arena_printf(a, "\"%.*s\" lacks its \"]\"",
		    STR_ARG(hop));
	if (host.len > 5 && str_eq_fold((struct str){host.s, 5}, STR("ipv6:"))) {
		host.s += 5;
		host.len -= 5;
	}
	if (str_find(host, ':') < host.len ?
	    !address_ok(AF_INET6, host, net) : !host_ok(host))
		return arena_printf(a,
		    "\"%.*s\" is neither a host name nor an address",
		    STR_ARG(host));
	if (!rest.len)
		return NULL;
	if (rest.s[0] != ':')
		return arena_printf(a,
		    "\"%.*s\" has text after \"]\"; only \":port\" may follow",
		    STR_ARG(hop));
	return port_error(a, (struct str){rest.s + 1, rest.len - 1});
}

const char *
nexthop_error(struct arena *a, struct str nexthop)
{
	unsigned char net[16];
	struct str host = nexthop;
	size_t colon;

	if (has_dollar(nexthop))
		return NULL;
	if (!nexthop.len)
		return "the next hop is empty";
	if (nexthop.s[0] == '[')
		return bracketed_error(a, nexthop);
	if (address_ok(AF_INET6, nexthop, net))
		return arena_printf(a,
		    "an IPv6 address is a next hop only in brackets: [%.*s]",
		    STR_ARG(nexthop));
	colon = str_find(nexthop, ':');
	if (colon < nexthop.len) {
		struct str port = {nexthop.s + colon + 1,
		    nexthop.len - colon - 1};
		const char *why;

		host.len = colon;
		if (port.len && (port.s[0] == '[' ||
		    str_find(port, ':') < port.len))
			return arena_printf(a,
			    "\"%.*s\" has a transport in front; write the "
			    "next hop alone", STR_ARG(nexthop));
		why = port_error(a, port);
		if (why)
			return why;
	}
	if (!host_ok(host))
		return arena_printf(a, "\"%.*s\" is no next hop; write "
		    "domain, [host] or [host]:port", STR_ARG(nexthop));
	return NULL;
}

static bool
transport_is(struct str transport, const char *name)
{
	return str_eq(transport, str_of(name));
}

const char *
transport_error(struct arena *a, struct str value)
{
	size_t colon = str_find(value, ':');
	struct str transport = {value.s, colon};
	struct str hop;

	if (has_dollar(value))
		return NULL;
	if (colon && value.s[0] == '[')
		return arena_printf(a,
		    "\"%.*s\" has no transport; write smtp:%.*s",
		    STR_ARG(value), STR_ARG(value));
	if (colon && (!host_ok(transport) ||
	    str_find(transport, '.') < transport.len))
		return arena_printf(a,
		    "\"%.*s\" names no transport; write transport:nexthop",
		    STR_ARG(value));
	if (colon + 1 >= value.len)
		return NULL;
	hop = (struct str){value.s + colon + 1, value.len - colon - 1};
	if (transport_is(transport, "lmtp")) {
		if (str_starts(hop, STR("unix:")))
			return NULL;
		if (str_starts(hop, STR("inet:"))) {
			hop.s += 5;
			hop.len -= 5;
		}
	} else if (!transport_is(transport, "smtp") &&
	    !transport_is(transport, "relay")) {
		return NULL;
	}
	return nexthop_error(a, hop);
}

/* The network of an address with its host part cleared, as text. */
static const char *
network_text(struct arena *a, int family, unsigned char *net, unsigned prefix)
{
	unsigned bytes = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];
	unsigned i;

	for (i = 0; i < bytes; i++) {
		unsigned keep = prefix > i * 8 ? prefix - i * 8 : 0;

		if (keep < 8)
			net[i] = (unsigned char)(net[i] & 0xff00u >> keep);
	}
	if (!inet_ntop(family, net, text, sizeof(text)))
		return "";
	return arena_strdup(a, text);
}

/*
 * As cidr_match_parse() has it: 192.0.2.0/24, [2001:db8::]/32 and
 * [2001:db8::/32]; bits below the prefix must be zero.
 */
const char *
network_error(struct arena *a, struct str pattern, unsigned *family,
    unsigned *prefix)
{
	unsigned char net[16], whole[16];
	struct str address = pattern, length = {0};
	unsigned bits;
	size_t slash;
	const char *text;
	int af;

	if (pattern.len && pattern.s[0] == '[') {
		size_t end = str_find(pattern, ']');

		if (end == pattern.len)
			return arena_printf(a, "\"%.*s\" lacks its \"]\"",
			    STR_ARG(pattern));
		address = (struct str){pattern.s + 1, end - 1};
		length = (struct str){pattern.s + end + 1,
		    pattern.len - end - 1};
		if (length.len && length.s[0] != '/')
			return arena_printf(a,
			    "\"%.*s\" has text after \"]\"; only /prefix may "
			    "follow", STR_ARG(pattern));
	}
	slash = str_find(address, '/');
	if (!length.len && slash < address.len) {
		length = (struct str){address.s + slash, address.len - slash};
		address.len = slash;
	}
	af = str_find(address, ':') < address.len ? AF_INET6 : AF_INET;
	bits = af == AF_INET ? 32 : 128;
	if (!address_ok(af, address, net))
		return arena_printf(a, "\"%.*s\" is no %s address",
		    STR_ARG(address), af == AF_INET ? "IPv4" : "IPv6");
	*family = af == AF_INET ? 4 : 6;
	*prefix = bits;
	if (!length.len)
		return NULL;
	length = (struct str){length.s + 1, length.len - 1};
	*prefix = 0;
	for (slash = 0; slash < length.len && *prefix <= bits; slash++)
		*prefix = *prefix * 10 + (unsigned)(length.s[slash] - '0');
	if (!all_digits(length) || *prefix > bits)
		return arena_printf(a,
		    "\"%.*s\" has a prefix length that is not between 0 and %u",
		    STR_ARG(pattern), bits);
	memcpy(whole, net, sizeof(net));
	text = network_text(a, af, net, *prefix);
	if (memcmp(whole, net, bits / 8))
		return arena_printf(a,
		    "\"%.*s\" has bits set after its prefix; write "
		    "%s%s%s/%u", STR_ARG(pattern), af == AF_INET6 ? "[" : "",
		    text, af == AF_INET6 ? "]" : "", *prefix);
	return NULL;
}
