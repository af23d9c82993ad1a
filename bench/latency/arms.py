"""The name services, each with a given number of live leases."""

from __future__ import annotations

import getpass
import ipaddress
import json
import pwd
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2

from .client import answers
from .net import ADDRESSES, NETWORK, Net, wait_for

PROJECT = Path(__file__).resolve().parents[2]
ROLE = PROJECT / "roles/lease_merge"
sys.path.insert(0, str(PROJECT))

from controller.kea_config import kea_config  # noqa: E402  # found through the line above
from leasemerge import kea as kea_file  # noqa: E402
from leasemerge.lease import Lease  # noqa: E402

DOMAIN = "office.internal"
FIRST = int(ipaddress.IPv4Address("10.64.4.0"))
SPARE = 2000
ONE, TWO = ADDRESSES["one"][0], ADDRESSES["two"][0]
ALIASES = (ADDRESSES["one"][1], ADDRESSES["two"][1])
ZONES = [f"{octet}.10.in-addr.arpa" for octet in range(64, 68)]


@dataclass(frozen=True)
class Arm:
    """A running name service: where to get a lease, and which servers must know the name."""

    title: str
    dhcp: Sequence[str]
    dns: Sequence[str]


def hosts(count: int) -> Iterator[tuple[str, str, str]]:
    """Yield address, MAC address and name of the leases that are already live."""
    for number in range(count):
        mac = "02:01" + "".join(f":{byte:02x}" for byte in number.to_bytes(4, "big"))
        yield str(ipaddress.IPv4Address(FIRST + number)), mac, f"h{number}"


def ours(net: Net, count: int, records: int = 0, dhcp: str = "dhcpd") -> Arm:
    """Start the pair, with leasemerge and tinydns on both servers, and optionally records."""
    _keys(net)
    if dhcp == "kea":
        _kea_certificates(net)
    for where, address, peer in (("one", ONE, "two"), ("two", TWO, "one")):
        root = net.directory / where
        (root / "data").mkdir(parents=True)
        (root / "state").mkdir()
        if dhcp == "kea":
            _kea(net, where, count)
        else:
            _leases(root / "dhcpd.leases", count)
            _dhcpd(net, where, "")
        (root / "site.json").write_text(json.dumps(_site(count, records)))
        (root / "service.json").write_text(json.dumps(_settings(net, where, peer, dhcp)))
        _sshd(net, where, address)
        net.start(
            where,
            [sys.executable, "-m", "leasemerge", "serve", "--settings", root / "service.json"],
            PYTHONPATH=str(ROLE / "files"),
        )
    for where, alias in zip(("one", "two"), ALIASES, strict=True):
        data = net.directory / where / "data"
        wait_for("zone data", (data / "data.cdb").exists, 120)
        nobody = pwd.getpwnam("nobody")
        ids = {"UID": str(nobody.pw_uid), "GID": str(nobody.pw_gid)}
        net.start(where, ["/usr/sbin/tinydns"], IP=alias, ROOT=str(data), **ids)
    _wait_hot_standby(net) if dhcp == "kea" else _wait_normal(net)
    net.enter("client")
    for alias in ALIASES:
        last = partial(answers, alias, f"h{count - 1}.{DOMAIN}")
        wait_for("the last lease's name", last, 120)
    title = f"the same, {records} records" if records else "leasemerge + tinydns"
    return Arm("the same, with Kea" if dhcp == "kea" else title, (ONE, TWO), ALIASES)


def bind(net: Net, count: int) -> Arm:
    """Start the failover pair that updates BIND, whose second server learns of it by NOTIFY."""
    secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
    key = f'key ddns {{ algorithm hmac-sha256; secret "{secret}"; }};\n'
    zones = [DOMAIN, *ZONES]
    for where, address, peer in (("one", ONE, TWO), ("two", TWO, ONE)):
        root = net.directory / where
        root.mkdir()
        config = key + (
            f'options {{ directory "{root}"; pid-file none; listen-on {{ {address}; }};\n'
            "  listen-on-v6 { none; }; recursion no; dnssec-validation no; notify-delay 0;\n"
            f"  session-keyfile none; lock-file none; allow-transfer {{ {peer}; }};\n"
            "  notify-rate 1000; startup-notify-rate 1000; serial-query-rate 1000;\n"
            "  transfers-in 100; transfers-per-ns 100; }};\n".replace("}};", "};")
            + "controls { };\n"
        )
        for zone in zones:
            if where == "one":
                _zone_file(root / zone, zone, count)
                role = f"type primary; allow-update {{ key ddns; }}; also-notify {{ {peer}; }};"
            else:
                role = f"type secondary; primaries {{ {peer}; }};"
            config += f'zone "{zone}" {{ {role} file "{root / zone}"; }};\n'
        (root / "named.conf").write_text(config)
        net.start(where, ["/usr/sbin/named", "-f", "-c", root / "named.conf"])
        _leases(root / "dhcpd.leases", count)
    more = (
        "ddns-update-style standard;\nignore client-updates;\n"
        f'ddns-domainname "{DOMAIN}.";\nddns-rev-domainname "in-addr.arpa.";\n'
        + key.replace('"', "")
        + "".join(f"zone {zone}. {{ primary {ONE}; key ddns; }}\n" for zone in zones)
    )
    for where in ("one", "two"):
        _dhcpd(net, where, more)
    _wait_normal(net)
    net.enter("client")
    for server in (ONE, TWO):
        wait_for("the zone", partial(answers, server, f"h{count - 1}.{DOMAIN}"), 120)
    return Arm("dhcpd ddns + BIND pair", (ONE, TWO), (ONE, TWO))


def dnsmasq(net: Net, count: int) -> Arm:
    """Start one dnsmasq, which is both DHCP server and name server."""
    ends = int(time.time()) + 86400
    leases = net.directory / "dnsmasq.leases"
    leases.write_text(
        "".join(f"{ends} {mac} {address} {name} *\n" for address, mac, name in hosts(count))
    )
    first, last = _range(count)
    options = [
        "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-ping",
        f"--user={getpass.getuser()}", "--interface=eth0", f"--domain={DOMAIN}",
        f"--local=/{DOMAIN}/", "--dhcp-fqdn", "--pid-file=", f"--dhcp-leasefile={leases}",
        f"--dhcp-range={first},{last},255.252.0.0,1h", "--dhcp-lease-max=100000",
        "--dhcp-authoritative", "--local-ttl=1",
    ]  # fmt: skip
    net.start("one", ["/usr/sbin/dnsmasq", *options])
    net.enter("client")
    wait_for("dnsmasq", lambda: answers(ONE, f"h{count - 1}.{DOMAIN}"))
    return Arm("dnsmasq (one server)", (ONE,), (ONE,))


def _range(count: int) -> tuple[str, str]:
    return (
        str(ipaddress.IPv4Address(FIRST)),
        str(ipaddress.IPv4Address(FIRST + count + SPARE - 1)),
    )


def _site(count: int, records: int) -> dict[str, object]:
    return {
        "records": [
            f"r{n // 2} TXT text{n}" if n % 2 else f"r{n // 2} MX 10 mail.example.net."
            for n in range(records)
        ],
        "domain": DOMAIN,
        "reverse_zones": ZONES,
        "name_servers": [
            {"name": "ns1", "address": ALIASES[0]},
            {"name": "ns2", "address": ALIASES[1]},
        ],
        "fixed_hosts": [],
        "subnets": [{"network": NETWORK, "ranges": [_range(count)]}],
        "servers": ["one", "two"],
        "reserved_names": ["wpad"],
        "fixed_ttl": 3600,
        "lease_ttl": 60,
        "negative_ttl": 5,
    }


def _leases(path: Path, count: int) -> None:
    now = int(time.time()) - 60
    with path.open("w") as file:
        file.write(
            f'failover peer "pair" state {{\n  my state normal at epoch {now};\n'
            f"  partner state normal at epoch {now};\n}}\n"
        )
        for address, mac, name in hosts(count):
            file.write(
                f"lease {address} {{\n  starts epoch {now};\n  ends epoch {now + 86400};\n"
                f"  tstp epoch {now + 86400};\n  tsfp epoch {now + 86400};\n"
                f"  atsfp epoch {now + 86400};\n  cltt epoch {now};\n  binding state active;\n"
                f'  hardware ethernet {mac};\n  client-hostname "{name}";\n}}\n'
            )


def _dhcpd(net: Net, where: str, more: str) -> None:
    root = net.directory / where
    text = (root / "dhcpd.leases").read_text()
    count = text.count("\nlease ")
    first, last = _range(count)
    side = "primary; mclt 600; split 256;" if where == "one" else "secondary;"
    mine, peer = (ONE, TWO) if where == "one" else (TWO, ONE)
    (root / "dhcpd.conf").write_text(
        f'failover peer "pair" {{ {side} address {mine}; port 647; peer address {peer};\n'
        "  peer port 647; max-response-delay 30; max-unacked-updates 10;\n"
        "  load balance max seconds 3; }\n"
        "authoritative;\nping-check false;\ndefault-lease-time 3600;\nmax-lease-time 86400;\n"
        + (more or "ddns-update-style none;\n")
        + 'subnet 10.64.0.0 netmask 255.252.0.0 { pool { failover peer "pair";\n'
        f"  range {first} {last}; }} }}\n"
    )
    files: list[str | Path] = ["-cf", root / "dhcpd.conf", "-lf", root / "dhcpd.leases"]
    net.start(where, ["/usr/sbin/dhcpd", "-4", "-f", "-d", "--no-pid", *files, "eth0"])


def _kea(net: Net, where: str, count: int) -> None:
    """Start Kea with the role's configuration and the leases that are already live."""
    root = net.directory / where
    mine, peer = ("one", "two") if where == "one" else ("two", "one")
    now = int(time.time()) - 60
    network = kea_file.subnet_id(NETWORK)
    with (root / "kea-leases4.csv").open("wb") as file:
        file.write(kea_file.COLUMNS)
        for address, mac, name in hosts(count):
            lease = Lease(address, "active", now, now + 86400, now, mac, None, name)
            file.write(kea_file.render(lease, network))
    hooks = subprocess.run(["dpkg", "-L", "kea-common"], capture_output=True, text=True, check=True)
    settings: dict[str, Any] = {
        "role": "primary" if where == "one" else "secondary",
        "server": mine,
        "address": ADDRESSES[mine][0],
        "peer": peer,
        "peer_address": ADDRESSES[peer][0],
        "port": 8001,
        "interface": "eth0",
        "heartbeat_delay": 500,
        "max_response_delay": 1500,
        "sync_timeout": 10000,
        # The leases that are already live fill the primary's part of the range.
        "standby_share": 0,
        "domain_name": DOMAIN,
        "domain_search": [],
        "domain_name_servers": [],
        "default_lease_time": 3600,
        "min_lease_time": 300,
        "max_lease_time": 86400,
        "cache_threshold": 0.0,
        "lfc_interval": 3600,
        "options": {},
        "subnets": [{"network": NETWORK, "ranges": [_range(count)]}],
        "fixed_hosts": [],
        "reserved_addresses": [],
        "control_socket": str(root / "kea-socket"),
        "lease_file": str(root / "kea-leases4.csv"),
        "key": str(root / "pair.key"),
        "certificate": str(root / "pair.crt"),
        "ca": str(net.directory / "pair-trusted.crt"),
        "host_commands": False,
        "hooks_dir": next(
            str(Path(line).parent)
            for line in hooks.stdout.splitlines()
            if line.endswith("/libdhcp_ha.so")
        ),
    }
    (root / "kea.json").write_text(json.dumps(kea_config(settings)))
    places = ("DHCP_DATA_DIR", "CONTROL_SOCKET_DIR", "PIDFILE_DIR", "LOCKFILE_DIR")
    here = {f"KEA_{place}": str(root) for place in places}
    net.start(where, ["/usr/sbin/kea-dhcp4", "-c", root / "kea.json"], **here)


def _kea_certificates(net: Net) -> None:
    trusted = net.directory / "pair-trusted.crt"
    for where in ("one", "two"):
        root = net.directory / where
        root.mkdir(exist_ok=True)
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        words += ["-nodes", "-days", "2", "-subj", f"/CN={where}"]
        words += ["-addext", f"subjectAltName=IP:{ADDRESSES[where][0]}"]
        words += ["-keyout", str(root / "pair.key"), "-out", str(root / "pair.crt")]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        with trusted.open("a") as file:
            file.write((root / "pair.crt").read_text())


def _wait_hot_standby(net: Net) -> None:
    log = net.directory / "one-kea-dhcp4.log"
    wait_for("both in hot standby", lambda: "to HOT-STANDBY" in log.read_text(), 120)


def _wait_normal(net: Net) -> None:
    log = net.directory / "one-dhcpd.log"
    wait_for("both servers normal", lambda: "Both servers normal" in log.read_text(), 120)
    # Balancing the free pool continues for a while after that.
    size = -1
    while size != log.stat().st_size:
        size = log.stat().st_size
        time.sleep(1.5)


def _zone_file(path: Path, zone: str, count: int) -> None:
    with path.open("w") as file:
        file.write(f"$TTL 60\n@ IN SOA ns1.{DOMAIN}. hostmaster.{DOMAIN}. 1 3600 600 86400 5\n")
        file.write(f"@ IN NS ns1.{DOMAIN}.\n@ IN NS ns2.{DOMAIN}.\n")
        if zone == DOMAIN:
            file.write(f"ns1 IN A {ONE}\nns2 IN A {TWO}\n")
        for address, _, name in hosts(count):
            reverse = ipaddress.IPv4Address(address).reverse_pointer
            if zone == DOMAIN:
                file.write(f"{name} IN A {address}\n")
            elif reverse.endswith(zone):
                file.write(f"{reverse}. IN PTR {name}.{DOMAIN}.\n")


def _keys(net: Net) -> None:
    for name in ("host_key", "key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(net.directory / name)]
        subprocess.run(words, check=True)
    host = (net.directory / "host_key.pub").read_text()
    (net.directory / "known_hosts").write_text(f"{ONE} {host}{TWO} {host}")


def _sshd(net: Net, where: str, address: str) -> None:
    root = net.directory / where
    program = root / "leasemerge"
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={ROLE / 'files'} exec {sys.executable} -m leasemerge "
        f'"$@" --socket {root / "sock"}\n'
    )
    program.chmod(0o755)
    peer = "two" if where == "one" else "one"
    key = (net.directory / "key.pub").read_text()
    (root / "authorized_keys").write_text(f'restrict,command="{program} feed --to {peer}" {key}')
    Path("/run/sshd").mkdir(exist_ok=True)
    (root / "sshd_config").write_text(
        f"ListenAddress {address}\nHostKey {net.directory}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {root}/authorized_keys\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
    )
    net.start(where, ["/usr/sbin/sshd", "-D", "-e", "-f", root / "sshd_config"])


def _settings(net: Net, where: str, peer: str, dhcp: str) -> dict[str, object]:
    """Fill in the role's own template, so that the bench measures the role's ssh options."""
    root = net.directory / where
    loader = jinja2.FileSystemLoader(ROLE / "templates/etc/leasemerge")
    environment = jinja2.Environment(loader=loader)
    environment.filters["to_json"] = json.dumps
    text = environment.get_template("service.json.j2").render(
        lease_merge_peers=[{"server": peer, "address": ADDRESSES[peer][0]}],
        lease_merge_ssh_port=22,
        lease_merge_lease_file=str(
            root / {"dhcpd": "dhcpd.leases", "kea": "kea-leases4.csv"}[dhcp]
        ),
        lease_merge_lease_format=dhcp,
        lease_merge_metrics_file=str(root / "leasemerge.prom"),
        lease_merge_history_days=30,
        lease_merge_history_megabytes=64,
        lease_merge_server=where,
        lease_merge_data_dir=str(root / "data"),
        __lease_merge_conf=str(root),
        __lease_merge_state=str(root / "state"),
        __lease_merge_key=str(net.directory / "key"),
        __lease_merge_known_hosts=str(net.directory / "known_hosts"),
        __lease_merge_user="root",
    )
    settings: dict[str, object] = json.loads(re.sub(r"//.*", "", text))
    settings["socket"] = str(root / "sock")
    return settings
