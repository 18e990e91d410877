/* Fields that are computed when a template asks for them. */
#ifndef MODEL_PUT_H
#define MODEL_PUT_H

#include "model/type.h"

field_put_fn put_mapping_address, put_mapping_targets, put_account_address,
    put_account_targets, put_address_cidr, put_address_bracketed,
    put_tls_policy, put_ldap_servers;
field_test_fn test_ldap_external, test_node_scans, test_node_rspamd,
    test_node_sign_only, test_fleet_live, test_fleet_snapshot,
    test_fleet_ldap, test_fleet_srs_apart, test_mapping_usable;
field_has_fn has_parameter;

#endif
