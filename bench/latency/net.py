"""A small network in namespaces, and programs in it.

::

    client 10.64.0.2 ---+--- one 10.64.0.5 (alias .3)
                        +--- two 10.64.0.6 (alias .4)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ADDRESSES = {
    "client": ("10.64.0.2",),
    "one": ("10.64.0.5", "10.64.0.3"),
    "two": ("10.64.0.6", "10.64.0.4"),
}
NETWORK = "10.64.0.0/14"
_CLONE_NEWNET = 0x40000000


def wait_for(what: str, true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true. Raises TimeoutError: when it takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Net:
    """The namespaces, and every process that was started in them."""

    def __init__(self, directory: Path) -> None:
        """Take the directory for the programs' output."""
        self.directory = directory
        self._prefix = f"bench{os.getpid()}-"
        self._processes: list[subprocess.Popen[bytes]] = []

    def inside(self, where: str) -> list[str]:
        """Return the words that precede a command to run it in one namespace."""
        return ["ip", "netns", "exec", self._prefix + where]

    def start(
        self, where: str, command: Sequence[str | Path], **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a program that runs in the foreground."""
        name = Path(command[0]).name
        with (self.directory / f"{where}-{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.inside(where), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                cwd=self.directory,
            )
        self._processes.append(process)
        return process

    def stop_all(self) -> None:
        """Terminate every program, and wait for it."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def enter(self, where: str) -> None:
        """Create this process's sockets in one namespace from now on (setns(2))."""
        with Path(f"/run/netns/{self._prefix}{where}").open() as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Create the network, and remove it at the end."""
        try:
            self._ip("netns", "add", self._prefix + "switch")
            switch = ("-n", self._prefix + "switch")
            self._ip(*switch, "link", "add", "switch", "type", "bridge")
            self._ip(*switch, "link", "set", "switch", "up")
            for name, addresses in ADDRESSES.items():
                self._ip("netns", "add", self._prefix + name)
                here = ("-n", self._prefix + name)
                peer = ("peer", "name", name, "netns", self._prefix + "switch")
                self._ip(*here, "link", "add", "eth0", "type", "veth", *peer)
                self._ip(*switch, "link", "set", name, "master", "switch", "up")
                for address in addresses:
                    self._ip(*here, "address", "add", f"{address}/14", "dev", "eth0")
                self._ip(*here, "link", "set", "eth0", "up")
                self._ip(*here, "link", "set", "lo", "up")
            yield
        finally:
            self.stop_all()
            for name in (*ADDRESSES, "switch"):
                subprocess.run(
                    ["ip", "netns", "delete", self._prefix + name],
                    stderr=subprocess.DEVNULL,
                    check=False,
                )

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True)
