"""The module dns_answers against a real tinydns, in a network namespace of its own.

namespace, loopback only:   127.0.0.1:53 tinydns     127.0.0.2:53 receives and sends nothing
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
LIBRARY = PROJECT / "playbooks/library"
DATA = """\
.office.internal:127.0.0.1:ns1.office.internal
.in-addr.arpa:127.0.0.1:ns1.office.internal
=foobar.office.internal:10.1.1.15:3600
+www.office.internal:10.1.1.15:60
+two.office.internal:10.1.1.16:60
+two.office.internal:10.1.1.17:60
@office.internal::mail.office.internal:10:60
:office.internal:33:\\000\\001\\000\\002\\000\\003\\003pbx\\006office\\010internal\\000:60
:office.internal:16:\\002hi:60
:office.internal:65:\\000\\001\\000:60
"""
QUERY = """\
import json, sys
sys.path.insert(0, sys.argv[1])
import dns_answers
queries = [tuple(query) for query in json.loads(sys.argv[3])]
print(json.dumps(dns_answers.query_server(sys.argv[2], queries, False, 2)))
"""


class Namespace:
    """A network namespace with a tinydns in it."""

    def __init__(self, name: str) -> None:
        """Know it by its name."""
        self.name = name

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """Return the command that runs in it."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def query(self, server: str, queries: list[tuple[str, str]]) -> Any:
        """Query as the module does on a server."""
        run = subprocess.run(
            self.command(sys.executable, "-c", QUERY, LIBRARY, server, json.dumps(queries)),
            capture_output=True,
            check=True,
            timeout=60,
        )
        return json.loads(run.stdout)


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    """Start tinydns in a namespace, and take both away."""
    root = tmp_path_factory.mktemp("tinydns")
    data = DATA + "".join(
        f"+h{n}.office.internal:10.2.{n >> 8}.{n & 255}:60\n" for n in range(1000)
    )
    (root / "data").write_text(data)
    subprocess.run(["tinydns-data"], cwd=root, check=True)
    # tinydns reads as nobody.
    root.chmod(0o755)
    space = Namespace(f"answers{os.getpid()}")
    subprocess.run(["ip", "netns", "add", space.name], check=True)
    try:
        subprocess.run(space.command("ip", "link", "set", "lo", "up"), check=True)
        server = subprocess.Popen(
            space.command("/usr/sbin/tinydns"),
            env={"ROOT": str(root), "IP": "127.0.0.1", "UID": "65534", "GID": "65534"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        silent = subprocess.Popen(
            space.command(
                sys.executable,
                "-c",
                "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                "s.bind(('127.0.0.2', 53)); time.sleep(600)",
            )
        )
        try:
            deadline = time.monotonic() + 20
            while space.query("127.0.0.1", [("foobar.office.internal", "A")]) == [None]:
                assert time.monotonic() < deadline, "tinydns does not answer in its namespace."
            yield space
        finally:
            for process in (server, silent):
                process.kill()
                process.wait()
    finally:
        subprocess.run(["ip", "netns", "delete", space.name], check=True)


def test_values_ttls_and_codes_are_read(namespace: Namespace) -> None:
    queries = [
        ("foobar.office.internal", "A"),
        ("15.1.1.10.in-addr.arpa", "PTR"),
        ("two.office.internal", "A"),
        ("nobody.office.internal", "A"),
        ("foobar.office.internal", "PTR"),
    ]
    assert namespace.query("127.0.0.1", queries) == [
        [["10.1.1.15"], 3600, 0],
        [["foobar.office.internal"], 3600, 0],
        [["10.1.1.16", "10.1.1.17"], 60, 0],
        [[], None, 3],
        [[], None, 0],
    ]


def test_every_type_is_read(namespace: Namespace) -> None:
    """In hexadecimal digits, with names whole though tinydns compresses them."""
    queries = [("office.internal", kind) for kind in ("MX", "SRV", "TXT", "TYPE65", "CAA")]
    office = b"\x06office\x08internal\0"
    assert [row[0] for row in namespace.query("127.0.0.1", queries)] == [
        [(b"\0\x0a\x04mail" + office).hex()],
        [(b"\0\1\0\2\0\3\3pbx" + office).hex()],
        [b"\2hi".hex()],
        [b"\0\1\0".hex()],
        [],
    ]


def test_many_questions_each_get_their_own_answer(namespace: Namespace) -> None:
    queries = [(f"h{n}.office.internal", "A") for n in range(1000)]
    expected = [[[f"10.2.{n >> 8}.{n & 255}"], 60, 0] for n in range(1000)]
    assert namespace.query("127.0.0.1", queries) == expected


@pytest.mark.parametrize("server", ["127.0.0.2", "127.0.0.3"])
def test_a_silent_server_is_given_up(namespace: Namespace, server: str) -> None:
    """The one sends nothing back, the other's port is closed; both cost bounded time."""
    begun = time.monotonic()
    queries = [(f"h{n}.office.internal", "A") for n in range(1000)]
    assert namespace.query(server, queries) == [None] * 1000
    assert time.monotonic() - begun < 20


def test_a_name_without_an_end_is_refused() -> None:
    module = runpy.run_path(str(LIBRARY / "dns_answers.py"))
    with pytest.raises(ValueError, match="without an end"):
        module["read_name"](b"\xc0\x00", 0)
