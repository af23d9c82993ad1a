"""The feed through real ssh: what the key can do, and what it cannot.

    10.1.1.6, .9  client --- a network namespace of the test's own --- sshd  10.1.1.5

The line of authorized_keys and the ssh command are the role's own.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jinja2
import pytest

from controller.key_exchange import trusted_key_files
from tests.support.rig import ENVIRONMENT, PROGRAM, Rig, lease
from tests.support.waiting import eventually

ROLE = Path(__file__).resolve().parents[2] / "roles/lease_merge"


def authorized_keys(program: str, key: str) -> str:
    """Return the file that the role deploys on draco, which taurus follows at 10.1.1.6."""
    path = "/authorized_keys"
    reads = [
        {"item": {"server": server, "address": address}, "stdout_lines": [f"/key.pub:{line}"]}
        for server, address, line in (
            ("draco", "10.1.1.5", "ssh-ed25519 AAAA draco's own"),
            ("taurus", "10.1.1.6", key),
        )
    ]
    rows = trusted_key_files(
        reads,
        key="/key",
        host_key="/host_key",
        known_hosts="/known_hosts",
        authorized_keys=path,
        program=program,
    )
    return next(row["content"] for row in rows if (row["server"], row["path"]) == ("draco", path))


def ssh_command(directory: Path, user: str) -> list[str]:
    """Fill in the command that the role writes into service.json."""
    loader = jinja2.FileSystemLoader(ROLE / "templates/etc/leasemerge")
    environment = jinja2.Environment(loader=loader)
    environment.filters["to_json"] = json.dumps
    text = environment.get_template("service.json.j2").render(
        lease_merge_peers=[{"server": "draco", "address": "10.1.1.5"}],
        lease_merge_ssh_port=2222,
        lease_merge_history_days=0,
        lease_merge_history_megabytes=0,
        lease_merge_lease_file="",
        lease_merge_lease_format="dhcpd",
        lease_merge_metrics_file="",
        lease_merge_server="taurus",
        lease_merge_data_dir="",
        __lease_merge_conf="",
        __lease_merge_state="",
        __lease_merge_key=str(directory / "key"),
        __lease_merge_known_hosts=str(directory / "known_hosts"),
        __lease_merge_user=user,
    )
    command: list[str] = json.loads(text)["feeds"][0]["command"]
    return command


@dataclass
class Link:
    """An ssh server that lets taurus, at 10.1.1.6, follow draco."""

    directory: Path
    namespace: str
    server: subprocess.Popen[bytes]

    def ssh(self, *more: str, source: str = "10.1.1.6") -> list[str]:
        """Return the role's ssh command, with more options before the host."""
        *command, host = ssh_command(self.directory, "root")
        inside = ["ip", "netns", "exec", self.namespace]
        return [*inside, *command, "-o", f"BindAddress={source}", *more, host]

    def run(self, *more: str, after: str = "", source: str = "10.1.1.6") -> tuple[str, str]:
        """Run ssh for a moment; return what it printed."""
        # The client does not hold itself back here: it is the server that must refuse.
        command = [
            word.replace("Forwardings=yes", "Forwardings=no")
            for word in self.ssh(*more, source=source)
        ]
        command += shlex.split(after)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            out, err = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        return out.decode(), err.decode()


def _key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path.with_name(path.name + ".pub").read_text().strip()


def _serve_ssh(directory: Path, namespace: str) -> subprocess.Popen[bytes]:
    Path("/run/sshd").mkdir(exist_ok=True)
    (directory / "sshd_config").write_text(
        f"ListenAddress 10.1.1.5:2222\nHostKey {directory}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
    )
    inside = ("ip", "netns", "exec", namespace)
    server = subprocess.Popen(
        [*inside, "/usr/sbin/sshd", "-D", "-e", "-f", directory / "sshd_config"],
        stderr=subprocess.DEVNULL,
    )
    known = (directory / "host_key.pub").read_text()
    (directory / "known_hosts").write_text(f"[10.1.1.5]:2222 {known}")
    return server


@pytest.fixture
def draco(rig: Callable[..., Rig]) -> Rig:
    """Start the server that is followed."""
    draco = rig("draco")
    draco.write(lease(100))
    draco.start()
    return draco


@pytest.fixture
def link(tmp_path: Path, draco: Rig) -> Iterator[Link]:
    """Make the network namespace and start sshd in it."""
    namespace = f"leasemerge-{os.getpid()}"
    inside = ["ip", "-n", namespace]
    directory = tmp_path / "ssh"
    directory.mkdir()
    _key(directory / "host_key")
    key = _key(directory / "key")
    # The forced command of the role, with this test's program and socket.
    program = directory / "leasemerge"
    words = [*PROGRAM, '"$@"', "--socket", str(draco.directory / "sock")]
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={ENVIRONMENT['PYTHONPATH']} exec {' '.join(words)}\n"
    )
    program.chmod(0o755)
    (directory / "authorized_keys").write_text(authorized_keys(str(program), key))
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
        for address in ("10.1.1.5", "10.1.1.6", "10.1.1.9"):
            subprocess.run([*inside, "address", "add", f"{address}/32", "dev", "lo"], check=True)
        link = Link(directory, namespace, _serve_ssh(directory, namespace))
        eventually("sshd answers", lambda: link.run("-v")[0].startswith("#leasemerge"), 20)
        yield link
        link.server.kill()
        link.server.wait()
    finally:
        pids = subprocess.run(
            ["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True
        ).stdout.split()
        for pid in map(int, pids):
            os.kill(pid, signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


def test_1_names_cross_the_link_and_it_comes_back_when_cut(
    rig: Callable[..., Rig], draco: Rig, link: Link
) -> None:
    """Cut is: sshd and all its sessions are killed."""
    taurus = rig("taurus", feeds=[("draco", link.ssh())])
    taurus.start()
    eventually("the old name crosses", lambda: taurus.address("host100"))
    draco.write(lease(101))
    eventually("the new name crosses", lambda: taurus.address("host101"))
    link.server.kill()
    link.server.wait()
    for line in subprocess.run(
        ["pgrep", "-f", f"^sshd.*{link.directory}|{link.directory}/leasemerge feed"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split():
        os.kill(int(line), signal.SIGKILL)
    draco.write(lease(102))
    link.server = _serve_ssh(link.directory, link.namespace)
    eventually("the feed is back", lambda: taurus.address("host102"), 20)


def _streams(link: Link, *more: str, after: str) -> bool:
    return link.run(*more, after=after)[0].startswith("#leasemerge feed 1 draco ")


def test_2_the_key_can_do_nothing_but_stream(link: Link) -> None:
    """No command, no shell, no terminal, no subsystem, no forwarding in either direction."""
    for more, after in ((), "id"), ((), "sh -i"), (("-s",), "sftp"):
        eventually(f"{after} streams", partial(_streams, link, *more, after=after))
    _, err = link.run("-tt")
    assert "PTY allocation request failed" in err
    out, err = link.run("-W", "10.1.1.5:2222")
    assert "SSH-2.0" not in out, "It forwards to any port."
    assert "stdio forwarding failed" in err
    forwards = ("-N", "-o", "ExitOnForwardFailure=yes")
    for option in ("-R", "10.1.1.5:9999:10.1.1.5:2222"), ("-R", "9998"):
        _, err = link.run(*forwards, *option)
        assert "remote port forwarding failed" in err


def test_3_neither_key_is_worth_anything_elsewhere(link: Link) -> None:
    """The client's only from its address, the server's only where it is pinned."""
    out, err = link.run(source="10.1.1.9")
    assert out == ""
    assert "Permission denied" in err
    stranger = _key(link.directory / "stranger")
    (link.directory / "known_hosts").write_text(f"[10.1.1.5]:2222 {stranger}")
    out, err = link.run()
    assert out == ""
    assert "Host key verification failed" in err
