"""The SSH keys and the certificates that each server trusts, from what was read on each."""

from __future__ import annotations

from typing import Any

import pytest

from controller.key_exchange import SameKeyError, kea_trust, trusted_key_files

PATHS = {
    "key": "/etc/lm/id",
    "host_key": "/etc/ssh/host.pub",
    "known_hosts": "/etc/lm/known_hosts",
    "authorized_keys": "/etc/lm/.ssh/authorized_keys",
}
SERVERS = {"draco": "10.1.1.5", "taurus": "10.1.1.6", "scorpio": "10.1.1.7"}


def read(server: str, **files: str) -> dict[str, Any]:
    """Return the registered result of grep on a server: ``files`` is the text of each."""
    paths = {**PATHS, "key": f"{PATHS['key']}.pub"}
    lines = [f"{paths[name]}:{line}" for name, text in files.items() for line in text.splitlines()]
    return {"item": {"server": server, "address": SERVERS[server]}, "stdout_lines": lines}


def keys(server: str) -> dict[str, str]:
    """Return the two public keys of a server."""
    return {"key": f"ssh-ed25519 {server}-user a comment", "host_key": f"ssh-ed25519 {server}-host"}


def files(*reads: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return the content of each file by server and name."""
    names = {path: name for name, path in PATHS.items()}
    return {
        (row["server"], names[row["path"]]): row["content"]
        for row in trusted_key_files(reads, program="/bin/lm", **PATHS)
    }


def line(server: str, key: str) -> str:
    """Return the line of authorized_keys for a server."""
    address = SERVERS[server]
    options = f'restrict,from="{address}",command="/bin/lm feed --to {server}"'
    return f"{options} ssh-ed25519 {key} leasemerge@{server}\n"


def test_each_server_trusts_the_other() -> None:
    assert files(read("draco", **keys("draco")), read("taurus", **keys("taurus"))) == {
        ("draco", "known_hosts"): "10.1.1.6 ssh-ed25519 taurus-host\n",
        ("draco", "authorized_keys"): line("taurus", "taurus-user"),
        ("taurus", "known_hosts"): "10.1.1.5 ssh-ed25519 draco-host\n",
        ("taurus", "authorized_keys"): line("draco", "draco-user"),
    }


def test_key_of_somebody_else_goes_and_that_of_a_peer_that_is_down_stays() -> None:
    old = line("taurus", "old")
    draco = read(
        "draco",
        **keys("draco"),
        known_hosts="10.1.1.6 ssh-ed25519 old-host\n10.1.1.66 ssh-ed25519 other",
        authorized_keys=f"{old}ssh-ed25519 somebody leasemerge@other\nssh-ed25519 x leasemerge",
    )
    down = {"item": {"server": "taurus", "address": SERVERS["taurus"]}, "unreachable": True}
    assert files(draco, down) == {
        ("draco", "known_hosts"): "10.1.1.6 ssh-ed25519 old-host\n",
        ("draco", "authorized_keys"): old,
    }


def test_server_without_a_key_is_not_written_to() -> None:
    bare = read("taurus", host_key="ssh-ed25519 taurus-host")
    assert files(read("draco", **keys("draco")), bare) == {
        ("draco", "known_hosts"): "10.1.1.6 ssh-ed25519 taurus-host\n",
        ("draco", "authorized_keys"): "",
    }


def test_content_that_is_in_place_equals_the_current_one() -> None:
    once = trusted_key_files(
        [read(server, **keys(server)) for server in SERVERS],
        program="/bin/lm",
        **PATHS,
    )
    texts = {(row["server"], row["path"]): row["content"] for row in once}
    again = trusted_key_files(
        [
            read(
                server,
                **keys(server),
                known_hosts=texts[server, PATHS["known_hosts"]],
                authorized_keys=texts[server, PATHS["authorized_keys"]],
            )
            for server in SERVERS
        ],
        program="/bin/lm",
        **PATHS,
    )
    assert [row for row in again if row["content"] != row["current"]] == []


def test_the_files_do_not_depend_on_whose_turn_it_is() -> None:
    reads = [read(server, **keys(server)) for server in SERVERS]
    assert files(*reads) == files(*reversed(reads))


def test_one_machine_under_two_names_is_an_error() -> None:
    """By a wrong ansible_host; the two would be served by a feed of their own names."""
    draco = read("draco", **keys("draco"))
    with pytest.raises(SameKeyError, match=r"draco and taurus have the same key /etc/lm/id\.pub"):
        files(draco, read("taurus", **keys("draco")))
    # Neither has one yet.
    files(draco, read("taurus"), read("scorpio"))


def certified(server: str, certificate: str, trusted: str) -> dict[str, Any]:
    """Return the registered result of grep on a server of a Kea pair."""
    lines = [f"/c:{line}" for line in certificate.splitlines()]
    lines += [f"/t:{line}" for line in trusted.splitlines()]
    return {"item": {"server": server}, "stdout_lines": lines}


def trust(*reads: dict[str, Any]) -> dict[str, str]:
    """Return the certificates that each server is to trust."""
    rows = kea_trust(reads, certificate="/c", trusted="/t")
    assert {row["path"] for row in rows} <= {"/t"}
    return {row["server"]: row["content"] for row in rows}


def test_two_servers_of_a_pair_trust_each_other() -> None:
    draco, taurus = certified("draco", "A\n", ""), certified("taurus", "B\n", "")
    assert trust(draco, taurus) == {"draco": "A\nB\n", "taurus": "A\nB\n"}


def test_a_peer_that_is_away_goes_on_being_trusted() -> None:
    away = {"item": {"server": "taurus"}, "unreachable": True}
    assert trust(certified("draco", "A\n", "A\nB\n"), away) == {"draco": "A\nB\n"}
    assert trust(certified("draco", "A\n", ""), away) == {"draco": "A\n"}


def test_one_machine_under_the_names_of_a_pair_is_an_error() -> None:
    """By a wrong ansible_host; neither would have a peer."""
    with pytest.raises(SameKeyError, match="draco and taurus have the same /c"):
        trust(certified("draco", "A\n", ""), certified("taurus", "A\n", ""))


def test_a_server_without_a_certificate_has_nothing_to_trust_yet() -> None:
    draco, taurus = certified("draco", "", ""), certified("taurus", "B\n", "")
    assert trust(draco, taurus) == {"taurus": "B\n"}
