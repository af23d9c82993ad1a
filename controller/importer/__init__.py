"""Turn the files of an existing network into an inventory, and list where they disagree.

Runs on the controller, before there is anything to deploy: `python3 -m controller.importer`, or
playbooks/import-inventory.yml. In the order of the work:

- A reader for each format turns a file into what `source` describes: dhcpd, kea, tinydns, dnsmasq.
  `openwrt` and `pihole` turn theirs into dnsmasq's lines. A reader's modules are prefixed with
  its name: `dhcpd_failover`, `kea_classes`, `dnsmasq_tags`. `options` and `dhcpd_text` write what
  has no key in the inventory as dhcpd.conf text.
- `combine` merges several files of a kind.
- `reconcile` makes one table of it: `resolve` decides what belongs to the site; `settle` makes
  fixed hosts of it (`machines`, a `host_line` each), names them (`host_names`), and shapes
  `subnets`, `servers` and the `zone`. `dhcp_role` has the variables of the role dhcpd or kea.
  Every pass adds what did not agree to the same `conflicts`, which has the sentences.
- `write` writes the inventory and import.txt; `check` runs the inventory check and dhcpd on it.

`defaults` has what applies where a source sets nothing.

`leases` is a separate program, for playbooks/import-leases.yml.
"""
