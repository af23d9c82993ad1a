"""Turn the files of an existing network into an inventory, and list where they disagree.

Runs on the controller, before there is anything to deploy: `python3 -m controller.importer`, or
playbooks/import-inventory.yml. Each reader turns one format into what `found` describes;
`reconcile` makes one table of it and says what did not fit; `write` writes the inventory.
"""
