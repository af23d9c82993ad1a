"""What the real dhcpd keeps of a lease file: the oracle of the parser's tests.

dhcpd reads its lease file at the start and writes what it kept into a new one before it opens a
socket. In a network namespace without an interface it then ends by itself.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from leasemerge.lease import NEVER, Lease

DHCPD = shutil.which("dhcpd", path="/usr/sbin:/sbin:/usr/bin:/bin")

# The addresses are in a failover pool: without one dhcpd turns backup and released into free.
_CONFIG = """\
failover peer "pair" {
  primary; address 127.0.0.1; port 647; peer address 127.0.0.2; peer port 647; mclt 60; split 128;
}
subnet 10.1.1.0 netmask 255.255.255.0 {
  pool { failover peer "pair"; range 10.1.1.1 10.1.1.250; }
}
class "gold" { match hardware; }
"""


class OracleError(Exception):
    """The real dhcpd could not read the file."""


def available() -> bool:
    """Return whether dhcpd is here and may be run in a namespace of its own."""
    command = ["unshare", "--net", "true"]
    return (
        bool(DHCPD and shutil.which("unshare"))
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


def verdict(directory: Path, data: bytes) -> tuple[int, str]:
    """Return the exit status and the messages of `dhcpd -T` on a lease file."""
    config, leases = _files(directory, data)
    command = [str(DHCPD), "-T", "-4", "-cf", str(config), "-lf", str(leases)]
    result = subprocess.run(command, capture_output=True, check=False, timeout=20)
    return result.returncode, result.stderr.decode("utf-8", "replace")


def kept_leases(directory: Path, data: bytes) -> dict[str, Lease]:
    """Return what dhcpd keeps of a lease file, by address."""
    config, leases = _files(directory, data)
    command = ["unshare", "--net", str(DHCPD), "-4", "-f", "-d", "--no-pid"]
    command += ["-cf", str(config), "-lf", str(leases)]
    result = subprocess.run(command, capture_output=True, check=False, timeout=20)
    messages = result.stderr.decode("utf-8", "replace")
    if "leases to leases file" not in messages:
        raise OracleError(messages)
    text = leases.read_text("utf-8", "surrogateescape")
    blocks = re.findall(r"^lease (\S+) \{\n(.*?)^\}\n", text, re.MULTILINE | re.DOTALL)
    return {address: _read(address, body) for address, body in blocks}


def _files(directory: Path, data: bytes) -> tuple[Path, Path]:
    config, leases = directory / "dhcpd.conf", directory / "dhcpd.leases"
    config.write_text(_CONFIG)
    leases.write_bytes(data)
    return config, leases


def _read(address: str, body: str) -> Lease:
    """Read a block that dhcpd just wrote: one statement a line, in one layout only."""

    def value(pattern: str) -> str | None:
        match = re.search(rf"^  {pattern};", body, re.MULTILINE)
        return match[1] if match else None

    state = value(r"binding state (\w+)")
    hostname = value(r'client-hostname "(.*)"')
    fqdn = value(r'set fqdn-hostname = "(.*)"')
    uid = value(r'uid "(.*)"')
    return Lease(
        address,
        state or "",
        _seconds(value("starts (.*?)")),
        _seconds(value("ends (.*?)")),
        _seconds(value("cltt (.*?)")),
        value(r"hardware \S+ (.*)"),
        _hex(uid) if uid is not None else None,
        _hostname(fqdn) if hostname is None else re.sub(r"\\(.)", r"\1", hostname),
    )


def _seconds(text: str | None) -> int | None:
    if text is None or text == "never":
        return NEVER if text else None
    return int(datetime.strptime(text[2:], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def _hostname(text: str | None) -> str | None:
    if text is None:
        return None
    octets = bytes.fromhex(_hex(text).replace(":", ""))
    return octets.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _hex(text: str) -> str:
    escapes = re.findall(r"\\([0-7]{3})|\\(.)|(.)", text)
    return bytes(
        int(octal, 8) if octal else ord(quoted or plain) for octal, quoted, plain in escapes
    ).hex(":")
