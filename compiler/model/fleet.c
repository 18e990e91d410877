#include "model/fleet.h"

#include "base/die.h"
#include "model/address.h"
#include "model/read.h"

uint32_t
fleet_addresses(const struct fleet *fleet)
{
	return (uint32_t)(fleet->aliases.n + fleet->forwards.n +
	    fleet->ldap.accounts.n);
}

const struct mapping *
fleet_alias(const struct fleet *fleet, uint32_t address)
{
	const struct mapping *all = fleet->aliases.item;

	return address < fleet->aliases.n ? &all[address] : NULL;
}

const struct mapping *
fleet_forward(const struct fleet *fleet, uint32_t address)
{
	const struct mapping *all = fleet->forwards.item;
	size_t first = fleet->aliases.n;

	return address >= first && address - first < fleet->forwards.n ?
	    &all[address - first] : NULL;
}

const struct account *
fleet_account(const struct fleet *fleet, uint32_t address)
{
	const struct account *all = fleet->ldap.accounts.item;
	size_t first = fleet->aliases.n + fleet->forwards.n;

	return address >= first && address - first < fleet->ldap.accounts.n ?
	    &all[address - first] : NULL;
}

static const struct mapping *
mapping_of(const struct fleet *fleet, uint32_t address)
{
	const struct mapping *alias = fleet_alias(fleet, address);

	return alias ? alias : fleet_forward(fleet, address);
}

static const struct account *
account_of(const struct fleet *fleet, uint32_t address)
{
	const struct account *account = fleet_account(fleet, address);

	if (!account)
		BUG("an address of ours that is nothing");
	return account;
}

const struct target *
fleet_targets(const struct fleet *fleet, uint32_t address, uint32_t *n)
{
	const struct mapping *mapping = mapping_of(fleet, address);
	const struct account *account;

	if (mapping) {
		*n = mapping->ntarget;
		return fleet->target + mapping->target;
	}
	account = account_of(fleet, address);
	*n = account->ntarget;
	return account->target;
}

struct origin
fleet_origin(const struct fleet *fleet, uint32_t address)
{
	const struct mapping *mapping = mapping_of(fleet, address);

	if (mapping)
		return value_origin(mapping->key);
	return account_of(fleet, address)->forward.at;
}

struct str
fleet_local(const struct fleet *fleet, uint32_t address)
{
	const struct mapping *mapping = mapping_of(fleet, address);

	if (mapping)
		return (struct str){mapping->key->u.s, mapping->local_len};
	return text_str(account_of(fleet, address)->uid);
}

static bool
is_local(const void *array, uint32_t position, const void *sought)
{
	return str_eq_fold(fleet_local(array, position),
	    *(const struct str *)sought);
}

uint32_t
fleet_address(const struct fleet *fleet, struct str local)
{
	return index_find(&fleet->by_local, str_hash_fold(local), is_local,
	    fleet, &local);
}

uint32_t
fleet_recipient(const struct fleet *fleet, struct str local)
{
	uint32_t address = fleet_address(fleet, local);
	struct str base = local_base(local,
	    text_str(fleet->recipient_delimiter));

	if (address == NOWHERE && base.len < local.len)
		address = fleet_address(fleet, base);
	return address;
}

void
fleet_release(struct fleet *fleet)
{
	index_release(&fleet->by_local);
	map_release(&fleet->domains);
	map_release(&fleet->by_fqdn);
	map_release(&fleet->by_route);
}
