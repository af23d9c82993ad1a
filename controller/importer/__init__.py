"""Turn the files of an existing network into an inventory, and list where they disagree.

Runs on the controller, before there is anything to deploy: `python3 -m controller.importer`, or
playbooks/import-inventory.yml. `__main__` takes three steps:

    files --read--> DhcpConfig, ZoneData --reconcile--> Inventory --write--> inventory, import.txt

1. Read. A reader for each format (`dhcpd`, `kea`, `dnsmasq`, `tinydns`) turns a file into the types
   of `source`. `openwrt` and `pihole` turn theirs into dnsmasq's lines. The parts of a reader are
   prefixed with its name: `dhcpd_failover`, `kea_classes`, `dnsmasq_tags`. All share `source_files`
   and `values`; `options`, `lease_times` and `dhcpd_text` write what has no key in the inventory as
   dhcpd.conf text. `combine` merges several files of a kind.
2. Reconcile (`reconcile`). `resolve` decides what belongs to the site, with the names of
   `zone_names`. `settle` makes the tables: fixed hosts (`machines`, a `host_line` each) and their
   names (`host_names`), `servers`, `subnets`, and the records of the `zone`. `dhcp_role` has the
   variables of the role dhcpd or kea, `defaults` what applies where a source sets nothing.
3. Write. `write` writes the inventory and import.txt; `check` runs the inventory check and dhcpd
   on it.

What the person who reviews the import should know is a sentence in import.txt, with file and line.
A reader adds its own to `remarks`; `combine` and every pass of `reconcile` add what does not agree
to `conflicts`, which has the sentence for each kind.

`leases` is a separate program, for playbooks/import-leases.yml.
"""
