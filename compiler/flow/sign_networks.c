/*
 * Addresses and networks as rspamd compares them. Its lists of networks are
 * of two kinds that look alike: maps ("radix": sign_networks, local_addrs),
 * where 0.0.0.0/0 is everybody, and the ip of settings, where it is not
 * (sign_settings.c).
 */
#include "flow/sign_inside.h"

#include <arpa/inet.h>
#include <ctype.h>

bool
sign_ip_read(struct ip *ip, struct str text)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	char s[64];

	if (text.len >= sizeof(s))
		return false;
	memcpy(s, text.s, text.len);
	s[text.len] = '\0';
	memcpy(ip->byte, mapped, sizeof(mapped));
	ip->is_4 = inet_pton(AF_INET, s, ip->byte + 12) == 1;
	return ip->is_4 || inet_pton(AF_INET6, s, ip->byte) == 1;
}

/* Whether the first bits of both are equal; of an IPv4 address, from 96. */
static bool
ip_in(const struct ip *ip, const struct ip *network, unsigned bits)
{
	unsigned whole, rest;

	if (network->is_4)
		bits = 96 + (bits > 32 ? 32 : bits);
	else if (bits > 128)
		bits = 128;
	whole = bits / 8;
	rest = bits % 8;
	if (memcmp(ip->byte, network->byte, whole))
		return false;
	return !rest || !((ip->byte[whole] ^ network->byte[whole]) >>
	    (8 - rest));
}

/* strtoul(), up to what no address has. */
static unsigned
digits(struct str s)
{
	unsigned n = 0;

	for (s = str_trim(s); s.len && isdigit((unsigned char)*s.s) &&
	    n <= 128; s.s++, s.len--)
		n = n * 10 + (unsigned)(*s.s - '0');
	return n;
}

/* "address/bits" and, with commas between, more of them. */
static enum maybe
entry_has(struct str entry, const struct ip *ip)
{
	enum maybe result = NO;
	unsigned bits = 128;

	while (entry.len) {
		size_t len = str_find(entry, ',');
		struct str each = str_trim((struct str){entry.s, len});
		size_t slash = str_find(each, '/');
		struct str address = {each.s, slash};
		struct ip network;

		entry.s += len < entry.len ? len + 1 : len;
		entry.len -= len < entry.len ? len + 1 : len;
		if (!each.len)
			continue;
		if (slash < each.len)
			bits = digits((struct str){each.s + slash + 1,
			    each.len - slash - 1});
		if (address.len > 1 && *address.s == '[' &&
		    address.s[address.len - 1] == ']')
			address = (struct str){address.s + 1, address.len - 2};
		if (!sign_ip_read(&network, address))
			result = MAYBE;	/* a name: the DNS knows */
		else if (ip_in(ip, &network, bits))
			return YES;
		else if (network.is_4)
			/* rspamd keeps it for the next, counted so. */
			bits = 96 + (bits > 32 ? 32 : bits);
	}
	return result;
}

bool
sign_next_line(struct str *rest, struct str *line)
{
	size_t len = str_find(*rest, '\n'), step;

	if (!rest->len)
		return false;
	*line = str_trim((struct str){rest->s, len});
	step = len < rest->len ? len + 1 : len;
	rest->s += step;
	rest->len -= step;
	return true;
}

void
sign_split_line(struct str line, struct str *key, struct str *value)
{
	size_t i = 0;

	line = str_trim(line);
	if (line.len && *line.s == '#')
		line.len = 0;
	while (i < line.len && !isspace((unsigned char)line.s[i]))
		i++;
	*key = (struct str){line.s, i};
	*value = str_trim((struct str){line.s + i, line.len - i});
}

static enum maybe
text_has(struct str text, const struct ip *ip)
{
	enum maybe result = NO, has;
	struct str line, key, value;

	while (sign_next_line(&text, &line)) {
		sign_split_line(line, &key, &value);
		has = entry_has(key, ip);
		if (has == YES)
			return YES;
		if (has == MAYBE)
			result = MAYBE;
	}
	return result;
}

static enum maybe
file_has(const struct signer *s, const struct value *path,
    const struct ip *ip, const char **why)
{
	struct table_source source;
	enum maybe has;

	if (!s->host.world->file(s->host.world->self, value_str(path),
	    &source)) {
		*why = arena_printf(s->arena, "the map %s is not known here",
		    path->u.s);
		return MAYBE;
	}
	has = text_has(source.text, ip);
	if (has == MAYBE)
		*why = arena_printf(s->arena,
		    "%s has what is no address", path->u.s);
	return has;
}

static bool
is_path(const struct value *v)
{
	return v->kind == VALUE_STRING && v->len && *v->u.s == '/';
}

/* "file://", "http://", "radix;/path" … */
static bool
is_url(struct str s)
{
	return str_find(s, ';') < s.len || memmem(s.s, s.len, "://", 3);
}

/*
 * A list whose first entry does not begin with a digit is taken for one of
 * addresses of maps, and so is a string: there are none such, and nobody is
 * in it.
 */
static enum maybe
as_map(const struct signer *s, const struct value *v, const struct ip *ip,
    const char **why)
{
	if (v->kind == VALUE_STRING && is_path(v))
		return file_has(s, v, ip, why);
	if (v->kind == VALUE_STRING && !is_url(value_str(v)))
		return NO;
	*why = "what the map has is not known here";
	return MAYBE;
}

enum maybe
sign_networks_have(const struct signer *s, const struct value *networks,
    const struct ip *ip, const struct value **at, const char **why)
{
	const struct value *item = networks->u.item;
	enum maybe result = NO, has;
	uint32_t i;

	*at = networks;
	if (networks->kind != VALUE_LIST)
		return as_map(s, networks, ip, why);
	if (networks->len && item->kind == VALUE_STRING &&
	    !(item->len && isdigit((unsigned char)*item->u.s)) &&
	    !is_path(item))
		return as_map(s, item, ip, why);
	for (i = 0; i < networks->len; i++) {
		if (item[i].kind != VALUE_STRING || is_path(&item[i])) {
			*why = "it has what is no network";
			*at = &item[i];
			return MAYBE;
		}
		has = entry_has(value_str(&item[i]), ip);
		if (has == YES) {
			*at = &item[i];
			return YES;
		}
		if (has == MAYBE) {
			*why = arena_printf(s->arena,
			    "what '%s' resolves to is not known here",
			    item[i].u.s);
			*at = &item[i];
			result = MAYBE;
		}
	}
	return result;
}

enum maybe
sign_ip_is_local(const struct signer *s, const struct ip *ip,
    const struct value **at, const char **why)
{
	static const struct {
		const char *address;
		unsigned bits;
	} always[] = {
		{"127.0.0.0", 8}, {"::1", 128}, {"fe80::", 10},
		{"fec0::", 10},
	};
	const struct value *networks = value_get(&s->options.value,
	    STR("local_addrs"));
	struct ip network;
	size_t i;

	*at = NULL;
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (sign_ip_read(&network, str_of(always[i].address)) &&
		    ip_in(ip, &network, always[i].bits))
			return YES;
	if (s->options.unknown) {
		*why = s->options.unknown;
		return MAYBE;
	}
	return networks ? sign_networks_have(s, networks, ip, at, why) : NO;
}
