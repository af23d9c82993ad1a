# `make help` lists the targets. Each does its own setup; run them as root on Debian.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:/usr/sbin:/sbin:$(PATH)
# Molecule keeps its state here, with the lab's own.
export MOLECULE_EPHEMERAL_DIRECTORY := $(CURDIR)/.lab/molecule
# Plain output: it is read in a log as often as on a terminal.
export MOLECULE_COMMAND_BORDERS := 0
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

# What a fresh Debian machine lacks. runc: podman's default runtime does not start with hybrid cgroups.
PACKAGES := bind9-dnsutils chromium dnscache dnsmasq-base iproute2 iptables isc-dhcp-client isc-dhcp-server \
	kea-dhcp4-server make mmdebstrap netavark openssh-client openssh-server podman procps prometheus python3-venv runc \
	tinydns util-linux
# What the benchmarks compare with.
BENCH_PACKAGES := bind9 dhcpd-pools
# What the virtual machines need.
VM_PACKAGES := e2fsprogs qemu-system-x86

# Print what is done and about how long it takes, do it, and print how long it took, or where to look after a failure.
define step
	@printf '\n== %s\n' "$(1)"; begun=$$SECONDS; \
	if $(2); then printf '== Done in %s s\n' $$((SECONDS - begun)); \
	else printf '== Failed after %s s. %s\n' $$((SECONDS - begun)) "$(3)" >&2; exit 1; fi
endef

# After a failed step of the lab.
LOOK := The last task above shows what failed; journalctl in the container (podman exec lab-draco …) shows why.

define newline


endef

# Install the missing packages of $(1), without starting any daemon here: the daemons run in containers and namespaces.
define install
	@mkdir -p .lab
	$(call step,Install Debian's packages: some minutes on a fresh machine,( \
		missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
		[ -z "$$missing" ] && exit; \
		[ -e /usr/sbin/policy-rc.d ] || { \
			printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; \
			trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
		}; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $$missing \
	) >.lab/apt.log 2>&1,apt's messages are in .lab/apt.log.)
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.ready .lab/.packages ## Install Debian's packages and the virtual environment

.lab/.packages: Makefile
	$(call install,$(PACKAGES))
	@touch $@

$(VENV)/.ready: requirements.txt requirements-dev.txt | .lab/.packages
	$(call step,Create the virtual environment: a minute,python3 -m venv $(VENV) \
		&& pip install --quiet --disable-pip-version-check -r requirements-dev.txt,Can this machine reach PyPI?)
	@touch $@

.PHONY: lab
lab: setup ## Run the inventory's network in containers, and show that it works
	$(call step,Start and deploy the lab: two minutes; three more if the images have to be built,molecule converge,$(LOOK))
	@cat .lab/lab.txt

.PHONY: lab-clean
lab-clean: setup ## Remove the lab and its images
	@molecule destroy
	@podman images --format '{{.Repository}}:{{.Tag}}' --filter reference='localhost/lab-*' | xargs --no-run-if-empty podman rmi >/dev/null
	@rm -rf .lab

.PHONY: lint
lint: setup ## ansible-lint, yamllint, ruff and mypy
	$(call step,Lint: a minute,yamllint --strict . && ruff check && ruff format --check && mypy && ansible-lint --offline,The \
		linter above names file and line.)

.PHONY: unit
unit: setup ## pytest: the package and the filters
	$(call step,Test the package and the filters: five to ten minutes,pytest --numprocesses auto --dist worksteal,The test above shows \
		what it expected.)

# Three domains on Debian 13, first with dhcpd, then migrated to Kea; `make molecule MIGRATE=` skips the migration, for an
# inventory that Kea does not accept. Tests that do not depend on the DHCP server run only once.
MIGRATE := kea
DOMAINS := export LAB_RELEASE=trixie LAB_MORE=molecule/domains/inventory;
LAB_TESTS := molecule/lab/tests

.PHONY: molecule
molecule: setup ## Molecule: deploy the whole network on Debian 12, three domains on Debian 13, migrate those to Kea; check all with testinfra
	$(call step,Test the whole network on Debian 12: a quarter of an hour,LAB_RELEASE=bookworm molecule test,$(LOOK) Molecule has \
		removed the lab: make lab keeps it.)
	$(call step,Test a network of three domains on Debian 13: six minutes,$(DOMAINS) molecule converge && \
		pytest -v $(LAB_TESTS)/test_domains.py $(LAB_TESTS)/test_network.py \
		-k 'test_domains or isc-dhcp-server or pair or client',$(LOOK))
	$(if $(MIGRATE),$(call step,Migrate it to Kea and test it again: four minutes,$(DOMAINS) export LAB_DHCP_SERVER=$(MIGRATE); \
		molecule side-effect && pytest -v $(LAB_TESTS) -k 'test_kea or test_client or each_subnet or pair_is or no_drift',$(LOOK)))
	@molecule destroy

# The unit tests compute while the lab mostly waits, so both run at once; what the unit tests print follows at the end.
.PHONY: test
test: lint ## Everything: linters, pytest, Molecule with testinfra
	@$(MAKE) --no-print-directory unit >.lab/unit.log 2>&1 & \
	$(MAKE) --no-print-directory molecule; molecule=$$?; \
	wait $$!; unit=$$?; cat .lab/unit.log; exit $$((molecule || unit))

.PHONY: drills
drills: setup ## Every failure, on real servers, with clients (an hour and a quarter)
	$(call step,Deploy the lab for the drills: two minutes,molecule converge -s failover,$(LOOK))
	$(call step,Run the drills: an hour,molecule side-effect -s failover,$(LOOK))
	$(call step,Verify them,molecule verify -s failover,The table above has the faults. One drill: molecule/failover/run-drill.yml.)

.PHONY: vm
vm: setup ## Deploy the pair to two virtual machines with sudo, with AppArmor and a reboot (slow: emulated; not part of test)
	$(call install,$(VM_PACKAGES))
	$(call step,Deploy to two emulated machines: an hour or more,molecule/vm/run.sh,The last lines above show where it \
		stopped; .lab/vm has the logs and the consoles.)

.PHONY: bench
bench: lab ## Measure speed against comparable software in the same run
	$(call install,$(BENCH_PACKAGES))
	$(foreach bench,$(wildcard bench/bench_*.py),$(call step,Measure with $(bench),python $(bench),$(LOOK))$(newline))

.PHONY: docs
docs: setup ## Write docs/variables.md from the roles' argument_specs
	@python -m controller.variables_doc
