# `make help` lists what there is. Every target does its own set-up, as root on Debian.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:/usr/sbin:/sbin:$(PATH)
# Molecule keeps its state here, beside the lab's own.
export MOLECULE_EPHEMERAL_DIRECTORY := $(CURDIR)/.lab/molecule
# Plain output: it is read in a log as often as on a terminal.
export MOLECULE_COMMAND_BORDERS := 0
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

# What a fresh Debian machine lacks. runc: podman's other runtime does not start on hybrid control groups.
PACKAGES := bind9-dnsutils chromium dnscache iproute2 iptables isc-dhcp-client isc-dhcp-server make mmdebstrap netavark \
	openssh-client openssh-server podman procps python3-venv runc tinydns util-linux
# The peers that the benches measure against.
BENCH_PACKAGES := bind9 dhcpd-pools dnsmasq

say = @printf '\n== %s\n' "$(1)"

# Install what is missing of $(1), and let none of it start a daemon here: the daemons run in containers and namespaces.
define install
	@mkdir -p .lab
	@missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	[ -z "$$missing" ] || { \
		[ -e /usr/sbin/policy-rc.d ] || { \
			printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; \
			trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
		}; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $$missing; } \
			>.lab/apt.log 2>&1 || { tail -n 20 .lab/apt.log; echo "apt failed: see .lab/apt.log"; exit 1; }; \
	}
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.ready .lab/.packages ## Install Debian's packages and the virtual environment

.lab/.packages: Makefile
	$(call say,Install Debian's packages (a minute on a fresh machine))
	$(call install,$(PACKAGES))
	@touch $@

$(VENV)/.ready: requirements.txt requirements-dev.txt | .lab/.packages
	$(call say,Make the virtual environment (a minute))
	@python3 -m venv $(VENV)
	@pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: lab
lab: setup ## Run the inventory's network as containers, and show that it works
	$(call say,Start and deploy the lab (some minutes the first time))
	@molecule converge
	@cat .lab/lab.txt

.PHONY: lab-clean
lab-clean: setup ## Take the lab away, with nothing left
	@molecule destroy
	@podman images --format '{{.Repository}}:{{.Tag}}' --filter reference='localhost/lab-*' | xargs --no-run-if-empty podman rmi >/dev/null
	@rm -rf .lab

.PHONY: lint
lint: setup ## ansible-lint, yamllint, ruff and mypy
	$(call say,Lint)
	@yamllint --strict .
	@ruff check
	@ruff format --check
	@mypy
	@ansible-lint --offline

.PHONY: unit
unit: setup ## pytest: the package and the filters
	$(call say,Test the package and the filters)
	@pytest

.PHONY: molecule
molecule: setup ## Molecule: the whole network from nothing, twice, asked by testinfra
	$(call say,Test the whole network)
	@molecule test

.PHONY: test
test: lint unit molecule ## Everything: linters, pytest, Molecule with testinfra

.PHONY: drills
drills: setup ## Every failure, done to real servers while clients keep asking (half an hour and more)
	$(call say,Do the drills)
	@molecule converge -s failover
	@molecule side-effect -s failover
	@molecule verify -s failover

.PHONY: bench
bench: setup ## Measure speed against peers in the same run
	$(call say,Measure (half an hour))
	$(call install,$(BENCH_PACKAGES))
	@for bench in bench/bench_*.py; do echo "-- $$bench"; python $$bench || exit 1; done

.PHONY: docs
docs: setup ## Write docs/variables.md from the roles' argument_specs
	@python tests/roles/test_argument_specs.py
