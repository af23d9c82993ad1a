"""What the real dhcpd answers: each client sends once in each subnet, through a relay that is us.

    relay (this process' child): an address of each subnet, and `ask0`
      |
    dhcpd on `serve0`: a subnet of its own beside those of the configuration

Each end is in a network namespace that ends with its process. The failover pair is taken out of
the configuration, for a server without its peer gives nothing at first.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

_SERVE, _ASK = "198.51.100.1", "198.51.100.2"
_MARK = "02:ff:ff:ff:ff:fe"
_PAIR = re.compile(r'\bfailover peer\s+(?:"[^"]*"|[^\s;{]+)\s*(?:\{[^}]*\}|;)')
# Of a machine that this is not.
_OF_THE_MACHINE = re.compile(
    r"\b(local-address|lease-file-name|interface|omapi-\w+)\s[^;]*;|subnet6.*"
)
_PREFIX = f"""\
ping-check false;
subnet {_SERVE.rpartition(".")[0]}.0 netmask 255.255.255.0 {{ }}
host mark {{ hardware ethernet {_MARK}; fixed-address 198.51.100.3; }}
"""
# Those of the machine that answers, or of the moment.
_NOT_COMPARED = frozenset({54})

Question = Mapping[str, Any]
"""``subnet`` (CIDR), ``hardware``, and options that are sent: number to hex."""


def can_ask() -> bool:
    """Return whether dhcpd is here and a namespace can be made."""
    command = ["unshare", "--net", "true"]
    return (
        shutil.which("dhcpd", path="/usr/sbin:/sbin:/usr/bin:/bin") is not None
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


def answers(config: str, questions: Sequence[Question], folder: Path) -> list[dict[str, Any]]:
    """Return the answer to each question: ``address``, ``next_server``, ``filename``, ``options``.

    The answer that dhcpd does not give is empty. Raises AssertionError when it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = _PREFIX + _OF_THE_MACHINE.sub("", _PAIR.sub("", config))
    (folder / "dhcpd.conf").write_text(text)
    (folder / "leases").write_text("")
    (folder / "questions.json").write_text(json.dumps(list(questions)))
    run = subprocess.run(
        ["unshare", "--net", sys.executable, __file__, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert run.returncode == 0, f"dhcpd does not answer:\n{run.stderr}\n{run.stdout}"
    return list(json.loads(run.stdout))


def compared(answer: Mapping[str, Any], *, without: frozenset[int] = frozenset()) -> dict[str, Any]:
    """Return what of an answer must be the same of two servers."""
    options = {
        number: value
        for number, value in answer.get("options", {}).items()
        if int(number) not in _NOT_COMPARED | without
    }
    return {**answer, "options": options} if answer else {}


# In the namespace.


def _ask_all(folder: Path) -> None:
    questions = json.loads((folder / "questions.json").read_text())
    relays = {q["subnet"]: str(IPv4Network(q["subnet"])[-2]) for q in questions}
    daemon = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", 'read _ && exec "$@"', "sh", *_command(folder)],
        stdin=subprocess.PIPE,
        stderr=(folder / "log").open("wb"),
    )
    there = f"nsenter --target {daemon.pid} --net ip"
    ours, its = Path("/proc/self/ns/net"), Path(f"/proc/{daemon.pid}/ns/net")
    while daemon.poll() is None and its.readlink() == ours.readlink():
        time.sleep(0.01)
    for command in (
        "ip link set lo up",
        "ip link add serve0 type veth peer name ask0",
        f"ip link set serve0 netns {daemon.pid}",
        f"ip addr add {_ASK}/24 dev ask0",
        *(f"ip addr add {relay}/32 dev lo" for relay in sorted(set(relays.values()))),
        "ip link set ask0 up",
        f"{there} addr add {_SERVE}/24 dev serve0",
        f"{there} link set serve0 up",
        # No default route: the name server of resolv.conf must be unreachable, or dhcpd waits ten
        # seconds for each name in its configuration.
        *(f"{there} route add {relay} via {_ASK}" for relay in sorted(set(relays.values()))),
    ):
        subprocess.run(command.split(), check=True)
    assert daemon.stdin is not None
    daemon.stdin.write(b"\n")
    daemon.stdin.close()
    try:
        found = _exchange(questions, relays, daemon)
        if daemon.poll() is not None:
            sys.exit("dhcpd ended: " + (folder / "log").read_text(errors="replace"))
    finally:
        daemon.terminate()
        daemon.wait()
    print(json.dumps(found))


def _exchange(
    questions: Sequence[Question], relays: Mapping[str, str], daemon: subprocess.Popen[bytes]
) -> list[dict[str, Any]]:
    """Send all requests, then the mark: when that is answered dhcpd has read all before it."""
    links = {relay: _link(relay) for relay in {*relays.values(), _ASK}}
    mark = {"hardware": _MARK}
    for _ in range(300):  # until dhcpd listens; its end of the wire goes with it
        with contextlib.suppress(OSError):
            links[_ASK].sendto(_discover(0, _ASK, mark), (_SERVE, 67))
        if daemon.poll() is not None:
            return []
        if _received(links[_ASK], 0.1):
            break
    for number, question in enumerate(questions, 1):
        relay = relays[question["subnet"]]
        links[relay].sendto(_discover(number, relay, question), (_SERVE, 67))
        if number % 20 == 0:
            _wait_for_mark(links[_ASK], mark, number, daemon)
    _wait_for_mark(links[_ASK], mark, len(questions), daemon)
    replies: dict[int, dict[str, Any]] = {}
    for link in links.values():
        while reply := _received(link, 0.01):
            replies[int.from_bytes(reply[4:8])] = _answer(reply)
    return [replies.get(number, {}) for number in range(1, len(questions) + 1)]


def _wait_for_mark(
    link: socket.socket, mark: Question, number: int, daemon: subprocess.Popen[bytes]
) -> None:
    wanted = 0x80000000 + number
    link.sendto(_discover(wanted, _ASK, mark), (_SERVE, 67))
    while daemon.poll() is None:
        reply = _received(link, 5)
        if not reply or int.from_bytes(reply[4:8]) == wanted:
            return


def _link(address: str) -> socket.socket:
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind((address, 67))
    return link


def _received(link: socket.socket, seconds: float) -> bytes:
    """Return the next packet; none if nothing comes in that time, or nobody listens."""
    link.settimeout(seconds)
    try:
        return link.recv(4096)
    except OSError:
        time.sleep(0.01)
        return b""


def _command(folder: Path) -> list[str]:
    files = ["-cf", str(folder / "dhcpd.conf"), "-lf", str(folder / "leases")]
    return ["/usr/sbin/dhcpd", "-4", "-f", *files, "-pf", str(folder / "pid"), "serve0"]


def _discover(number: int, relay: str, question: Mapping[str, Any]) -> bytes:
    mac = bytes.fromhex(question["hardware"].replace(":", ""))
    head = bytes([1, 1, 6, 1]) + number.to_bytes(4) + bytes(16) + socket.inet_aton(relay)
    options = b"\x63\x82\x53\x63\x35\x01\x01"
    for code, data in question.get("options", {}).items():
        octets = bytes.fromhex(data)
        options += bytes([int(code), len(octets)]) + octets
    asked = bytes(code for code in range(1, 254) if code not in {50, 51, 52, 53, 54, 55, 57, 61})
    options += b"\x39\x02\x05\xdc" + bytes([55, len(asked)]) + asked + b"\xff"
    return head + mac.ljust(16, b"\0") + bytes(192) + options


def _answer(reply: bytes) -> dict[str, Any]:
    def text(data: bytes) -> str:
        return data.partition(b"\0")[0].decode("latin-1")

    def address(data: bytes) -> str:
        return ".".join(map(str, data))

    options: dict[int, str] = {}
    at = 240
    while at < len(reply) and reply[at] != 255:
        if reply[at] == 0:
            at += 1
            continue
        code, length = reply[at], reply[at + 1]
        options[code] = options.get(code, "") + reply[at + 2 : at + 2 + length].hex()
        at += 2 + length
    return {
        "address": address(reply[16:20]),
        "next_server": address(reply[20:24]),
        "server_name": text(reply[44:108]),
        "filename": text(reply[108:236]),
        "options": options,
    }


if __name__ == "__main__":
    _ask_all(Path(sys.argv[1]))
