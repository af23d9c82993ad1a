"""The whole network, queried from outside.

    clients --- DHCP --- dhcpd or Kea   <----pair---->  dhcpd or Kea
       |                    leasemerge  <----feed---->  leasemerge
       |                    tinydns                     tinydns       (on aliases)
       +------- DNS ------- dnscache                    …

1. daemons: run, restart after a kill, are hardened
2. floating addresses: at home, answered wherever they may be held, put back; what hangs restarts
3. the pair: both normal, the DHCP server accepts its own file
4. zones: SOA, NS, fixed hosts both ways, on each tinydns
5. resolvers: our names, others' names, nobody else's questions
6. clients: each has the name it should, everywhere
7. records of all that: the metrics, and the history of who had which address
"""

from __future__ import annotations

import json
import re

import dns.message
import pytest

from conftest import (
    CACHES,
    DHCP,
    DHCP_SERVERS,
    DOMAIN,
    FLOATING,
    LAB,
    NAME_SERVERS,
    NETWORK,
    RESOLVERS,
    SITE,
    SPARES,
    UNITS,
    client,
    dig,
    eventually,
    machine,
)
from leasemerge.record_data import NS, reverse_name
from leasemerge.records import Record
from leasemerge.site import FixedHost
from leasemerge.status import HEALTHY_PAIRS

ALIASES = [row["address"] for row in SITE["name_servers"]]
ADDRESSED = [host for host in NETWORK.fixed_hosts if host.fixed_addresses or host.ipv6_addresses]
#: Not what a delegation hides, nor what stands for every name.
CUTS = {r.name for r in NETWORK.records if r.type == NS and r.name not in NETWORK.all_zones}
RECORDS = [
    record
    for record in NETWORK.records
    if not any(f".{record.name}".endswith(f".{cut}") for cut in CUTS)
]


def priority(server: str, address: str) -> int:
    """Return a server's priority for an address, 0 if it may not hold it."""
    return max(
        (row["priority"] for row in FLOATING[server] if row["address"] == address), default=0
    )


HELD = [(server, row["address"]) for server, rows in FLOATING.items() for row in rows]
#: Each floating address with the server that has the highest priority.
HOMES = sorted(
    (address, max(FLOATING, key=lambda server: priority(server, address)))
    for address in {address for _, address in HELD}
)
#: By systemd: these send it a sign of life.
WATCHED = ("floating-address", "keepalived")


# 1. Daemons


@pytest.mark.parametrize(("server", "unit"), [*UNITS, *SPARES])
def test_daemon_runs_now_and_at_every_boot(server: str, unit: str) -> None:
    service = machine(server).service(unit)
    assert service.is_running, f"{unit} does not run on {server}."
    # One of several processes is started by the unit that stands for all.
    at_boot = machine(server).service(unit.partition("@")[0].removesuffix("-spare"))
    assert at_boot.is_enabled, f"{unit} will not start when {server} boots."


@pytest.mark.parametrize(("server", "unit"), UNITS)
def test_unit_is_hardened(server: str, unit: str) -> None:
    bound = 2.0 if unit == "leasemerge" else 4.9
    output = machine(server).check_output("systemd-analyze security --no-pager %s", unit)
    exposure = float(re.findall(r"Overall exposure level for \S+: ([0-9.]+)", output)[0])
    assert exposure <= bound, f"systemd-analyze security rates {unit} on {server} at {exposure}."


@pytest.mark.parametrize(("server", "unit"), UNITS)
def test_killed_daemon_comes_back(server: str, unit: str) -> None:
    host = machine(server)
    before = host.check_output("systemctl show -P MainPID %s", unit)
    host.check_output("systemctl kill --signal KILL %s", unit)

    def is_back() -> None:
        after = host.check_output("systemctl show -P MainPID %s", unit)
        assert after not in {"0", before}, f"{unit} on {server} did not come back after a kill."
        assert host.service(unit).is_running

    eventually(is_back)


#: Kills a process and queries its address at once; a server's own queries do not leave it.
QUERY_AT_A_KILL = """
import socket, subprocess, sys, time
unit, address, query = sys.argv[1:]
for _ in range(3):
    subprocess.run(["systemctl", "kill", "--signal", "KILL", unit], check=True)
    time.sleep(0.05)  # what is sent while it dies is lost
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((address, 53))
        asking.settimeout(1)
        for _ in range(5):
            asking.send(bytes.fromhex(query))
            asking.recv(512)
    subprocess.run(["systemctl", "start", unit], check=True)
"""


@pytest.mark.parametrize(("server", "spare"), SPARES)
def test_no_query_is_refused_while_a_killed_tinydns_restarts(server: str, spare: str) -> None:
    address = spare.partition("@")[2].removesuffix(".service")
    soa = dns.message.make_query(DOMAIN, "SOA").to_wire().hex()
    for unit in (f"tinydns@{address}.service", spare):
        machine(server).check_output("python3 -c %s %s %s %s", QUERY_AT_A_KILL, unit, address, soa)


# 2. Floating addresses


def holders(address: str) -> list[str]:
    """List the servers that hold an address: it is there on more than lo."""
    found = f"ip -oneline -4 address show to {address}/32"
    lines = {server: machine(server).check_output(found).splitlines() for server in FLOATING}
    return [name for name, of in lines.items() if any(line.split()[1] != "lo" for line in of)]


@pytest.mark.parametrize(("address", "home"), HOMES)
def test_address_is_held_by_its_home_alone(address: str, home: str) -> None:
    def is_held() -> None:
        assert holders(address) == [home]

    eventually(is_held)


@pytest.mark.parametrize(("server", "address"), HELD)
def test_server_that_may_hold_an_address_answers_on_it_already(server: str, address: str) -> None:
    """A neighbour that has not noticed who holds it now is answered all the same."""
    status = machine(server).check_output("floating-address status")
    rows = {row["address"]: row for row in map(json.loads, status.splitlines())}
    assert rows[address]["answers"], f"{rows[address]['unit']} does not answer on {server}."


@pytest.mark.parametrize(("server", "address"), HELD)
def test_address_removed_by_hand_is_put_back(server: str, address: str) -> None:
    host = machine(server)
    found = f"ip -oneline -4 address show to {address}/32"
    before = {line.split()[1] for line in host.check_output(found).splitlines()}
    for interface in before:
        host.check_output("ip address delete %s/32 dev %s", address, interface)

    def is_back() -> None:
        now = {line.split()[1] for line in host.check_output(found).splitlines()}
        assert now == before, f"{address} is on {now or 'nothing'} of {server}."
        assert dig(address, DOMAIN, "SOA"), "Nobody answers on it."

    eventually(is_back)


@pytest.mark.parametrize(
    ("source", "ttl", "moves"),
    [("stranger", 255, False), ("peer", 254, False), ("peer", 255, True)],
)
def test_forged_advertisement_moves_an_address_only_in_the_name_of_a_peer(
    source: str, ttl: int, moves: bool
) -> None:
    """What a peer's name moves is in docs/security.md; here it shows that the rest is refused."""
    address, home = HOMES[0]
    row = next(row for row in FLOATING[home] if row["address"] == address)
    names = {"stranger": LAB["root"], "peer": row["peers"][0]}
    log = ["journalctl", "--quiet", "--output=cat", "--unit=keepalived", "--grep=BACKUP STATE"]
    before = machine(home).run(" ".join(f"'{word}'" for word in log)).stdout.count(address)
    machine("root").check_output(
        "python3 /lab/forge-advertisements.py %s %s %s %s %s",
        names[source],
        str(ttl),
        LAB["addresses"][home],
        str(row["virtual_router_id"]),
        address,
    )
    after = machine(home).run(" ".join(f"'{word}'" for word in log)).stdout.count(address)
    assert (after > before) is moves, f"{home} has given {address} away {after - before} times."

    def is_back() -> None:
        assert holders(address) == [home]

    eventually(is_back)


@pytest.mark.parametrize(("server", "unit"), [u for u in UNITS if "@" in u[1]])
def test_hung_daemon_is_restarted(server: str, unit: str) -> None:
    host = machine(server)
    before = host.check_output("systemctl show -P MainPID %s", unit)
    # Of two on one address either may have the queries.
    host.check_output("systemctl kill --signal STOP %s", unit.replace("@", "*@"))

    def is_new() -> None:
        after = host.check_output("systemctl show -P MainPID %s", unit)
        assert after not in {"0", before}, f"{unit} on {server} still hangs."

    eventually(is_new)


@pytest.mark.parametrize(("server", "unit"), [u for u in UNITS if u[1] in WATCHED])
def test_hung_watcher_is_restarted(server: str, unit: str) -> None:
    test_hung_daemon_is_restarted(server, unit)


# 3. The pair


@pytest.mark.parametrize("server", DHCP_SERVERS)
def test_dhcp_server_accepts_the_file_it_runs_with(server: str) -> None:
    check = {
        "dhcpd": "dhcpd -4 -t -cf /etc/dhcp/dhcpd.conf",
        "kea": "kea-dhcp4 -t /etc/kea/kea-dhcp4.conf",
    }
    result = machine(server).run(check[DHCP["name"]])
    assert result.rc == 0, result.stderr


@pytest.mark.parametrize("server", [s for s in NAME_SERVERS if s in DHCP_SERVERS])
def test_pair_is_normal(server: str) -> None:
    def is_normal() -> None:
        status = json.loads(machine(server).check_output("leasemerge status --json"))
        states = list(status["failover"].values())
        healthy = [list(pair) for pair in HEALTHY_PAIRS]
        assert states, f"{server} does not know the state of the pair."
        assert states[0] in healthy, f"{server} sees the pair as {states}."

    eventually(is_normal, 60)


# 4. Zones


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("zone", NETWORK.all_zones)
def test_zone_has_its_soa_and_every_name_server(alias: str, zone: str) -> None:
    soa = dig(alias, zone, "SOA")[0].split()
    assert int(soa[6]) == SITE["negative_ttl"], f"{zone}: 'no such name' is cached for {soa[6]} s."
    expected = sorted(f"{row['name']}.{DOMAIN}." for row in SITE["name_servers"])
    assert dig(alias, zone, "NS") == expected


@pytest.mark.parametrize("server", [*ALIASES, *RESOLVERS])
@pytest.mark.parametrize("host", ADDRESSED, ids=lambda host: host.name)
def test_fixed_host_resolves_both_ways(server: str, host: FixedHost) -> None:
    domain = NETWORK.domain_of_host(host)
    for label in (host.name, *host.aliases):
        name = f"{label}.{domain}"
        assert dig(server, name, "A") == sorted(host.fixed_addresses), f"{name} at {server}"
        assert dig(server, name, "AAAA") == sorted(host.ipv6_addresses), f"{name} at {server}"
    for address in (*host.fixed_addresses, *host.ipv6_addresses):
        if NETWORK.has_pointer(address):
            assert dig(server, reverse_name(address), "PTR") == [f"{host.name}.{domain}."]


@pytest.mark.parametrize("server", [*ALIASES, *RESOLVERS])
@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_record_is_answered_as_it_was_written(server: str, record: Record) -> None:
    name = record.name.replace("*", "any-name", 1)
    words = ["+nottlunits", "+nosplit", "+unknownformat", name, f"TYPE{record.type}"]
    data = Record(record.name, 0, record.data)  # a type that nothing has a word for
    assert str(data).partition("\\# ")[2].upper() in [
        line.partition("\\# ")[2].upper() for line in dig(server, *words)
    ]


@pytest.mark.parametrize("server", [*ALIASES, *RESOLVERS])
def test_name_that_nobody_has_does_not_exist(server: str) -> None:
    output = machine("root").check_output(f"dig +tries=3 +time=1 @{server} no-such-host.{DOMAIN}")
    assert "status: NXDOMAIN" in output


# 5. Resolvers


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_resolver_asks_the_root_for_other_names(resolver: str) -> None:
    assert dig(resolver, "www.example.test", "A") == ["192.0.2.80"]


@pytest.mark.parametrize("resolver", RESOLVERS)
@pytest.mark.parametrize("zone", [zone for zones in LAB["outside"].values() for zone in zones])
def test_resolver_asks_somebody_elses_name_server_for_their_zone(resolver: str, zone: str) -> None:
    assert dig(resolver, zone, "TXT") == [f'"{zone}"']


@pytest.mark.parametrize("server", CACHES)
def test_resolver_does_not_answer_strangers(server: str) -> None:
    stranger = "198.51.100.77"  # TEST-NET-2: in no subnet of anybody's inventory
    address, root, cache = LAB["addresses"][server], machine("root"), machine(server)
    question = f"dig +short +tries=1 +time=2 -b {stranger} @{address} {DOMAIN} SOA"
    root.run(f"ip address add {stranger}/32 dev eth0")
    cache.run(f"ip route replace {stranger} via {LAB['root']}")
    try:
        assert root.run(f"ping -c 1 -W 2 -I {stranger} {address}").rc == 0, "The way there is open."
        assert root.run(question).rc != 0, f"{server} answers an address outside every subnet."
    finally:
        cache.run(f"ip route delete {stranger}")
        root.run(f"ip address delete {stranger}/32 dev eth0")


# 6. Clients


@pytest.mark.parametrize("row", LAB["clients"], ids=lambda row: str(row["name"]))
def test_client_has_its_name_everywhere(row: dict[str, str]) -> None:
    address = eventually(lambda: client(row["name"]).check_output("sh /lab/client-address.sh"))
    assert address, f"{row['name']} has no address."
    host = NETWORK.by_hardware.get(row["mac"])
    addresses = [address]
    domain = NETWORK.domain_of(address) if host is None else NETWORK.domain_of_host(host)
    if host is not None and host.fixed_addresses:
        assert address in host.fixed_addresses, f"{row['name']} got another address than its own."
        addresses = sorted(host.fixed_addresses)
    name = f"{row['name']}.{domain}"

    def resolves() -> None:
        for server in [*ALIASES, *RESOLVERS]:
            assert dig(server, name, "A") == addresses, f"queried at {server}"
            assert dig(server, reverse_name(address), "PTR") == [f"{name}."]

    eventually(resolves)


@pytest.mark.parametrize(
    "row",
    [row for row in LAB["clients"] if row["program"] != "networkd"],
    ids=lambda row: str(row["name"]),
)
def test_client_is_given_every_resolver_and_the_domain(row: dict[str, str]) -> None:
    resolv_conf = client(row["name"]).file("/etc/resolv.conf").content_string
    assert re.findall(r"^nameserver (\S+)", resolv_conf, re.MULTILINE) == RESOLVERS
    address = client(row["name"]).check_output("sh /lab/client-address.sh")
    # A client searches the domain that it is named in there.
    host = NETWORK.by_hardware.get(row["mac"])
    domain = (host and host.domain) or NETWORK.domain_of(address)
    assert re.search(rf"^(domain|search) {domain}\b", resolv_conf, re.MULTILINE)


# 7. Records


@pytest.mark.parametrize("server", NAME_SERVERS)
def test_metrics_are_current_and_every_name_server_answers_this_one(server: str) -> None:
    settings = json.loads(machine(server).file("/etc/leasemerge/service.json").content_string)

    def are_good() -> None:
        text = machine(server).check_output(f"cat {settings['metrics_file']}; date +now\\ %s")
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        values = {name: float(value) for name, value in lines}
        feeds = {name: value for name, value in values.items() if "_feed_up{" in name}
        assert feeds, f"{server} has no metrics."
        assert set(feeds.values()) == {1}, feeds
        for alias in ALIASES:
            [answered] = [value for name, value in values.items() if f'"{alias}"' in name]
            assert values["now"] - answered < 10, f"{server} has no answer of {alias}."

    eventually(are_good)


@pytest.mark.parametrize("server", NAME_SERVERS)
def test_history_has_every_client_that_has_a_lease(server: str) -> None:
    for row in LAB["clients"]:
        address = client(row["name"]).check_output("sh /lab/client-address.sh")
        host = NETWORK.by_hardware.get(row["mac"])
        if host is not None and host.fixed_addresses:
            continue
        lines = machine(server).check_output(f"leasemerge history {row['name']} --at now --json")
        found = [json.loads(line)["address"] for line in lines.splitlines()]
        assert address in found, f"{server} has {row['name']} at {found}."
