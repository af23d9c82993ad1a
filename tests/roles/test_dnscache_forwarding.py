"""Which servers a dnscache queries, by the tree that the role makes and the real dnscache.

dig --> 127.0.0.2 dnscache --> 127.0.0.3 tinydns, our zone        (dnscache_zones)
                          |--> 127.0.0.4 tinydns, somebody else's (dnscache_zones)
                          |--> 127.0.0.5 tinydns, a root server, or
                          '--> 127.0.0.6 dnscache, a resolver     (dnscache_root_servers)
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.templates import write_template

ZONES = {
    "3": """\
Zoffice.internal:ns1.office.internal:hostmaster.office.internal:::::5:5
&office.internal::ns1.office.internal:60
+ns1.office.internal:127.0.0.3:60
+pc.office.internal:10.1.1.9:60
Cweb.office.internal:www.example.test.:60
&branch.office.internal::ns.branch.office.internal.:60
+ns.branch.office.internal:127.0.0.4:60
""",
    "4": """\
.ad.example.net:127.0.0.4:ns
+dc1.ad.example.net:10.9.9.9:60
.9.9.10.in-addr.arpa:127.0.0.4:ns
^9.9.9.10.in-addr.arpa:dc1.ad.example.net:60
.branch.office.internal:127.0.0.4:ns
+host.branch.office.internal:10.7.7.7:60
""",
    "5": ".:127.0.0.5:a\n=www.example.test:192.0.2.80:60\n",
}
ASKED = {
    "pc.office.internal A": ["10.1.1.9"],
    "web.office.internal A": ["www.example.test.", "192.0.2.80"],
    "host.branch.office.internal A": ["10.7.7.7"],
    "dc1.ad.example.net A": ["10.9.9.9"],
    "9.9.9.10.in-addr.arpa PTR": ["dc1.ad.example.net."],
    "www.example.test A": ["192.0.2.80"],
    "nobody.example.test A": [],
}

_SERVE = r"""
ip link set lo up
for n in 3 4 5; do
  env -i PATH="$PATH" ROOT="$1/$n" IP=127.0.0.$n UID=65534 GID=65534 tinydns >/dev/null 2>&1 &
done
mkdir -p "$1/6/servers" "$1/6/ip"
echo 127.0.0.5 >"$1/6/servers/@"
: >"$1/6/ip/127"
export IPSEND=0.0.0.0 CACHESIZE=100000 UID=65534 GID=65534
IP=127.0.0.6 ROOT="$1/6" dnscache <"$1/seed" >/dev/null 2>&1 &
[ -z "$2" ] || export FORWARDONLY=1
mkdir -p "$1/2"
sh "$1/make-root" "$1/2"
IP=127.0.0.2 ROOT="$1/2" dnscache <"$1/seed" >/dev/null 2>&1 &
trap 'kill $(jobs -p)' EXIT
for attempt in $(seq 50); do
  dig @127.0.0.2 +time=1 +tries=1 pc.office.internal >/dev/null 2>&1 && break
  sleep 0.1
done
while read -r name type; do
  echo "$name $type = $(dig @127.0.0.2 +time=3 +tries=2 +short "$name" "$type" | tr '\n' ' ')"
done <"$1/asked"
"""


@pytest.mark.skipif(
    any(not shutil.which(program) for program in ("dnscache", "tinydns", "dig", "unshare")),
    reason="needs Debian's packages dnscache, tinydns and bind9-dnsutils",
)
@pytest.mark.parametrize(
    ("root", "forward_only"), [("127.0.0.5", False), ("127.0.0.6", True)], ids=["root", "resolver"]
)
def test_every_zone_is_queried_where_it_is(tmp_path: Path, root: str, forward_only: bool) -> None:
    """Ours, a delegation of ours, somebody else's both ways, and the rest of the world."""
    variables = {
        "dnscache_zones": {
            "office.internal": ["127.0.0.3"],
            "ad.example.net": ["127.0.0.4"],
            "9.9.10.in-addr.arpa": ["127.0.0.4"],
        },
        "dnscache_root_servers": [root],
        "dnscache_allowed_networks": ["127.0.0.0/8"],
    }
    write_template("dnscache", "etc/dnscache/make-root.j2", tmp_path / "make-root", variables)
    for number, data in ZONES.items():
        folder = tmp_path / number
        folder.mkdir()
        (folder / "data").write_text(data)
        subprocess.run(["tinydns-data"], cwd=folder, check=True)
    (tmp_path / "seed").write_bytes(bytes(range(128)))
    (tmp_path / "asked").write_text("".join(f"{question}\n" for question in ASKED))
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [
            "unshare",
            "--net",
            "--pid",
            "--fork",
            "sh",
            "-c",
            _SERVE,
            "sh",
            str(tmp_path),
            "1" if forward_only else "",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = dict(line.split(" = ") for line in done.stdout.splitlines())
    assert {question: answer.split() for question, answer in found.items()} == ASKED
