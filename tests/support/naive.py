"""docs/design.md's rules 2 to 8 once more, slowly and with nothing of the package's merge.

It takes every block of every log, looks at all of them for each question, and answers for one
moment. It shares with the package the Lease and nothing else.
"""

from __future__ import annotations

from typing import Any

from leasemerge.lease import Lease

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"

LONG_AGO = float("-inf")


def time(value: int | None) -> float:
    """Take an absent time for the smallest."""
    return LONG_AGO if value is None else value


def naive_label(hostname: str) -> str:
    """Rule 7 without the names that belong to somebody: a label, or nothing."""
    label = ""
    for char in hostname:
        if char == ".":
            break
        if char in CAPITALS:
            label += LETTERS[CAPITALS.index(char)]
        elif char in " _":
            label += "-"
        elif char in LETTERS or char in DIGITS or char == "-":
            label += char
    while label.startswith("-"):
        label = label[1:]
    while label.endswith("-"):
        label = label[:-1]
    label = label[:63]
    while label.endswith("-"):
        label = label[:-1]
    return label


def wire(address: str, site: dict[str, Any]) -> str | None:
    """Return which subnet or shared network an address lies in, by its bits."""

    def bits(text: str) -> str:
        return "".join(f"{int(octet):08b}" for octet in text.split("."))

    for subnet in site["subnets"]:
        base, length = subnet["network"].split("/")
        if bits(address)[: int(length)] == bits(base)[: int(length)]:
            return str(subnet.get("shared_network") or subnet["network"])
    return None


def addresses_of(host: dict[str, Any]) -> list[str]:
    """Return which fixed addresses a host has: none, one, or a list of them."""
    fixed = host.get("fixed_address")
    if fixed is None:
        return []
    return fixed if isinstance(fixed, list) else [fixed]


def domain_of(address: str | None, site: dict[str, Any]) -> str:
    """Return which domain an address is named in."""
    for subnet in site["subnets"]:
        alone = {"subnets": [{"network": subnet["network"]}]}
        if address is not None and wire(address, alone) is not None:
            return str(subnet.get("domain") or site["domain"])
    return str(site["domain"])


def domain_of_host(host: dict[str, Any], site: dict[str, Any]) -> str:
    """Return which domain a fixed host is named in."""
    addresses = addresses_of(host)
    return str(host.get("domain") or domain_of(addresses[0] if addresses else None, site))


def absolute(line: str, domain: str) -> str:
    """Return which name a line of a zone file is about."""
    name = line.split()[0].lower()
    if name == "@":
        return domain
    return name[:-1] if name.endswith(".") else f"{name}.{domain}"


def naive_names(
    logs: dict[str, list[Lease]], site: dict[str, Any], now: int
) -> dict[str, tuple[list[str], int]]:
    """Return the addresses that each name has at `now`, and its TTL.

    `logs` has the last block of each address (rule 1) of each server that the site knows.
    """
    published: dict[str, tuple[list[str], int]] = {}
    owned = {f"{server['name']}.{site['domain']}" for server in site["name_servers"]}
    owned |= {absolute(line, site["domain"]) for line in site.get("records", [])}
    owned |= {site["domain"], *site.get("zones", []), *site["reverse_zones"]}
    for row in [*site["subnets"], *site["fixed_hosts"]]:
        if row.get("domain"):
            owned.add(row["domain"])
    for host in site["fixed_hosts"]:
        for label in [host["name"], *host.get("aliases", [])]:
            name = f"{label}.{domain_of_host(host, site)}"
            owned.add(name)
            if addresses_of(host):
                published[name] = (sorted(addresses_of(host)), site["fixed_ttl"])

    blocks = [
        (site["servers"].index(server), block) for server, log in logs.items() for block in log
    ]
    candidates: list[tuple[str, list[str], Lease]] = []
    for address in {block.address for _, block in blocks}:
        here = [(rank, block) for rank, block in blocks if block.address == address]

        # Rule 2.
        def knows_latest(item: tuple[int, Lease]) -> tuple[float, float, int]:
            rank, block = item
            return (max(time(block.starts), time(block.cltt)), time(block.cltt), -rank)

        lease = max(here, key=knows_latest)[1]
        if lease.state != "active" or lease.ends is None or not lease.ends > now:
            continue

        # Rule 4: addresses; a host's own old lease at its address is nobody's either.
        if any(address in addresses_of(host) for host in site["fixed_hosts"]):
            continue
        if any(server["address"] == address for server in site["name_servers"]):
            continue

        # Rules 4 and 5: the fixed host of a MAC.
        owner = None
        for host in site["fixed_hosts"]:
            if lease.hardware in host.get("hardware_ethernet", []):
                owner = host
        if owner is not None:
            pinned_to = addresses_of(owner)
            # A client with an identifier is where its lease is until it takes its fixed address.
            if not pinned_to or (
                len(pinned_to) == 1
                and lease.uid is not None
                and wire(pinned_to[0], site) == wire(address, site) is not None
            ):
                domain = domain_of_host(owner, site)
                names = [
                    f"{label}.{domain}" for label in [owner["name"], *owner.get("aliases", [])]
                ]
                candidates.append((names[0], names[1:], lease))
            continue

        # Rule 3.
        named = []
        for rank, block in here:
            same = block.hardware == lease.hardware
            if block.uid is not None and lease.uid is not None and block.uid != lease.uid:
                same = False
            if same and block.hostname is not None:
                named.append((time(block.cltt), time(block.starts), -rank, block.hostname))
        if not named:
            continue

        # Rule 7.
        label = naive_label(max(named)[3])
        name = f"{label}.{domain_of(address, site)}"
        if label and label not in site["reserved_names"] and name not in owned:
            candidates.append((name, [], lease))

    # Rule 6.
    for name, aliases, lease in candidates:
        rivals = [other for text, _, other in candidates if text == name]

        def started_last(one: Lease) -> tuple[float, float, list[int]]:
            lower_address = [-int(octet) for octet in one.address.split(".")]
            return (time(one.starts), time(one.cltt), lower_address)

        if max(rivals, key=started_last) is lease:
            for text in [name, *aliases]:
                published[text] = ([lease.address], site["lease_ttl"])
    return published
