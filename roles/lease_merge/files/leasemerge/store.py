"""What is known of every server's leases, in memory and on disk.

For each server there are two logs: the one it writes now, under the server's name, and one under
the name with a ``~`` (as dhcpd calls its old file): live blocks of logs that the server has lost,
because it was wiped or its lease file was. A log that was lost keeps its blocks, and they expire
by themselves (rule 10).
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import re
import secrets
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from .files import append_all
from .lease import Lease
from .log import parse
from .site import EARLIER, Site
from .work import Steps, Work

# A /14 full of leases. A peer cannot make this server keep more of a log than that.
MAX_ADDRESSES = 1 << 18
# The most characters in a lease's hostname and uid, more than a real client can send: 255 octets
# each, both written as octal escapes at worst.
MAX_IDENTITY = 4096
# A file that is this much longer than its content needs is rewritten.
_WASTE = 1 << 20
# Leases written in one step of that.
_SLICE = 250
# A disk that takes longer is broken.
_PATIENCE = 60.0
_MARK = b"# generation "
_GENERATION = re.compile(rb"^# generation ([!-~]+)$", re.MULTILINE)
# How long a block of an earlier log stays after its end, so that a clock set forward by mistake
# does not lose it.
_GRACE = 86400


def _preference(lease: Lease) -> tuple[object, ...]:
    # A total order, so that servers that exchange them in any order end up with the same block.
    # The name is what an earlier log is kept for.
    return (lease.hostname is not None, lease.stamp, lease.ends or 0, lease.render())


class Store:
    """The logs, each a file of lease blocks in ``directory`` that is appended to.

    The blocks are written before anything is published from them, and reach the disk at the
    kernel's leisure: a killed service loses nothing, and after a power cut dhcpd's own file, which
    it does sync, and the peer's memory have the same again. ``error`` is that of the last write.

    A file with many outdated blocks is rewritten in small steps (``work``), and a separate process
    waits for the disk: that may take hundreds of milliseconds.
    """

    def __init__(self, directory: Path, site: Site) -> None:
        """Read what an earlier run knew; damage is skipped and counted."""
        self._directory = directory
        self._files: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._live: dict[str, int] = {}
        self._unsaved: set[str] = set()
        self._wasteful: set[str] = set()
        # What was appended to a log while its file is being rewritten.
        self._since: dict[str, list[bytes]] = {}
        self.work = Work()
        self.error = ""
        self.damage = 0
        self.refused = 0
        self.generation = self._own_generation()
        self.generations: dict[str, str] = {}
        self.logs: dict[str, dict[str, Lease]] = {}
        self.use(site)

    def use(self, site: Site) -> None:
        """Switch to a site: its servers and subnets decide what is read and kept."""
        self.servers = site.servers
        networks = [ipaddress.IPv4Network(subnet.network) for subnet in site.subnets]
        self._spans = [(int(net.network_address), int(net.broadcast_address)) for net in networks]
        for name in site.logs:
            if name not in self.logs:
                self.logs[name] = {}
                self._load(name)

    def put(self, name: str, leases: Iterable[Lease]) -> list[Lease]:
        """Make these the last blocks of a log; return those that were news."""
        log = self.logs[name]
        news = []
        for lease in leases:
            if log.get(lease.address) == lease:
                continue
            if not self._welcome(log, lease):
                self.refused += 1
                continue
            log[lease.address] = lease
            news.append(lease)
        if news:
            self._append(name, b"".join(lease.render() for lease in news))
        return news

    def put_newer(self, name: str, leases: Iterable[Lease]) -> list[Lease]:
        """Take second-hand blocks that know of a later event than those that are there (rule 2)."""
        log = self.logs[name]
        return self.put(
            name,
            [
                lease
                for lease in leases
                if lease.address not in log or lease.stamp > log[lease.address].stamp
            ],
        )

    def put_earlier(self, server: str, leases: Iterable[Lease], now: int) -> list[Lease]:
        """Remember blocks of a log that the server has lost; return those that were news."""
        log = self.logs[server + EARLIER]
        return self.put(
            server + EARLIER,
            [
                lease
                for lease in leases
                if lease.state == "active"
                and (lease.ends or 0) > now - _GRACE
                and (
                    lease.address not in log
                    or (log[lease.address].ends or 0) <= now - _GRACE
                    or _preference(lease) > _preference(log[lease.address])
                )
            ],
        )

    def begin(self, server: str, generation: str, now: int) -> list[Lease]:
        """Note which log a server writes now; if it is new, return the earlier log's news."""
        if server not in self.servers:
            return []
        before = self.generations.get(server)
        if before == generation:
            return []
        news: list[Lease] = []
        if before is not None:
            news = self.put_earlier(server, self.logs[server].values(), now)
        self.generations[server] = generation
        self._append(server, self._mark(server))
        return news

    def save(self) -> None:
        """Begin to write what could not be written, or to rewrite what has grown too long."""
        due = sorted(self._unsaved | self._wasteful)
        if due and not self.work.busy:
            self.work.begin(self._rewrite(due[0]))

    def close(self) -> None:
        """Close the files."""
        self.work.finish(_PATIENCE)
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def _welcome(self, log: Mapping[str, Lease], lease: Lease) -> bool:
        if lease.address in log:
            return len(lease.hostname or "") + len(lease.uid or "") <= MAX_IDENTITY
        number = int(ipaddress.IPv4Address(lease.address))
        return (
            len(log) < MAX_ADDRESSES
            and len(lease.hostname or "") + len(lease.uid or "") <= MAX_IDENTITY
            and any(first <= number <= last for first, last in self._spans)
        )

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.leases"

    def _own_generation(self) -> str:
        path = self._directory / "generation"
        with contextlib.suppress(OSError):
            if text := path.read_text(encoding="ascii", errors="replace").strip():
                return text
        text = secrets.token_hex(8)
        path.write_text(text + "\n", encoding="ascii")
        return text

    def _load(self, name: str) -> None:
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            self._failed(name, error)
            return
        log = parse(data)
        self.damage += log.damage
        # The last one counts: it was begun after the file was written.
        if marks := _GENERATION.findall(data):
            self.generations[name] = marks[-1].decode("ascii")
        leases = self.logs[name]
        for address, lease in log.leases.items():
            if self._welcome(leases, lease):
                leases[address] = lease
        if data:
            # Not `work`: that may be busy with another log when a server joins the site.
            work = Work()
            work.begin(self._rewrite(name))
            work.finish(_PATIENCE)
            return
        try:
            self._use(name, self._path(name))
        except OSError as error:
            self._failed(name, error)

    def _mark(self, name: str) -> bytes:
        if name not in self.generations:
            return b""
        return _MARK + self.generations[name].encode() + b"\n"

    def _rewrite(self, name: str) -> Steps:
        """Write the log as it is now beside its file, and rename it into place."""
        path = self._path(name)
        beside = path.with_name(path.name + ".new")
        self._since[name] = []
        try:
            with beside.open("wb", buffering=0) as file:
                append_all(file.fileno(), self._mark(name))
                addresses = tuple(self.logs[name])
                for start in range(0, len(addresses), _SLICE):
                    blocks = [
                        self.logs[name][address].render()
                        for address in addresses[start : start + _SLICE]
                    ]
                    append_all(file.fileno(), b"".join(blocks))
                    yield None
            process = subprocess.Popen(["sync", beside], stdin=subprocess.DEVNULL)
            yield process
            if process.wait() != 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            with beside.open("ab", buffering=0) as file:
                append_all(file.fileno(), b"".join(self._since[name]))
            beside.replace(path)
            self._use(name, path)
        except OSError as error:
            self._failed(name, error)
            return
        finally:
            del self._since[name]
        self._wasteful.discard(name)
        self._unsaved.discard(name)
        if not self._unsaved:
            self.error = ""

    def _use(self, name: str, path: Path) -> None:
        """Append to this file from now on."""
        self._close(name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._files[name] = descriptor
        self._sizes[name] = self._live[name] = os.fstat(descriptor).st_size

    def _append(self, name: str, data: bytes) -> None:
        if name in self._since:
            self._since[name].append(data)
        if name in self._unsaved:
            return
        try:
            append_all(self._files[name], data)
        except OSError as error:
            self._failed(name, error)
            return
        self._sizes[name] += len(data)
        if self._sizes[name] > 2 * self._live[name] + _WASTE:
            self._wasteful.add(name)

    def _failed(self, name: str, error: OSError) -> None:
        # The file may end in half a block now. It is rewritten when there is room.
        self._close(name)
        self._unsaved.add(name)
        self.error = f"{self._path(name)}: {error.strerror}"

    def _close(self, name: str) -> None:
        if (descriptor := self._files.pop(name, None)) is not None:
            os.close(descriptor)
