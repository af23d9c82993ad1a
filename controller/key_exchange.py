"""The keys by which servers trust each other, from what was read on each of them.

`reads` are the results of the command ``grep -H "" FILE …`` on each server, looped over items with
the server's name as ``server``. One that could not be read has no ``stdout_lines``. Each filter
returns a row for each file that it makes: its ``server``, its ``path``, the ``content`` that it is
to have and the ``current`` one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any


class SameKeyError(ValueError):
    """Two servers have the same key: they are one machine, or one is a copy of the other."""


def kea_trust(
    reads: Iterable[Mapping[str, Any]], *, certificate: str, trusted: str
) -> list[dict[str, str]]:
    """Return the file of trusted certificates of each server of a pair that has a certificate.

    ``reads`` are of the files CERTIFICATE and TRUSTED. While a server cannot be read, or has no
    certificate yet, the other continues to trust what it trusts. Raises SameKeyError: for two
    servers with the same certificate.
    """
    found = _found(reads, (certificate, trusted))
    known = {
        server: _text(found[server][certificate])
        for server in sorted(found)
        if found[server][certificate]
    }
    _refuse_copies(known, certificate, "that file and its key")
    rows = []
    for server, own in known.items():
        current = _text(found[server][trusted])
        whole = len(known) > 1 or own not in current
        content = "".join(known.values()) if whole else current
        rows.append(_row(server, trusted, content, current))
    return rows


def trusted_key_files(
    reads: Iterable[Mapping[str, Any]],
    *,
    key: str,
    host_key: str,
    known_hosts: str,
    authorized_keys: str,
    program: str,
) -> list[dict[str, str]]:
    """Return the known_hosts and the authorized_keys of each server that could be read.

    ``reads`` are of the files KEY.pub, HOST_KEY, KNOWN_HOSTS and AUTHORIZED_KEYS; an item also has
    the server's ``address``. The others keep their lines for a server that could not be read, or
    has no key yet. Raises SameKeyError: for two servers with the same key.
    """
    reads = list(reads)
    found = _found(reads, (f"{key}.pub", host_key, known_hosts, authorized_keys))
    # Sorted, because each server has itself first in what it read.
    addresses = dict(sorted((read["item"]["server"], read["item"]["address"]) for read in reads))
    keys = {server: _public_key(files[f"{key}.pub"]) for server, files in found.items()}
    host_keys = {server: _public_key(files[host_key]) for server, files in found.items()}
    _refuse_copies(keys, f"key {key}.pub", f"{key} and {key}.pub")
    rows = []
    for at, files in found.items():
        if not keys[at]:
            continue
        known, authorized = [], []
        for server, address in addresses.items():
            if server == at:
                continue
            known += (
                [f"{address} {host_keys[server]}"]
                if host_keys.get(server)
                else [line for line in files[known_hosts] if line.startswith(f"{address} ")]
            )
            options = f'restrict,from="{address}",command="{program} feed --to {server}"'
            comment = f" leasemerge@{server}"
            authorized += (
                [f"{options} {keys[server]}{comment}"]
                if keys.get(server)
                else [line for line in files[authorized_keys] if line.endswith(comment)]
            )
        for path, lines in ((known_hosts, known), (authorized_keys, authorized)):
            rows.append(_row(at, path, _text(lines), _text(files[path])))
    return rows


def _found(
    reads: Iterable[Mapping[str, Any]], paths: Sequence[str]
) -> dict[str, dict[str, list[str]]]:
    """Return the lines of each file on each server that could be read.

    grep has written the path of its file before each line.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for read in reads:
        if "stdout_lines" not in read:
            continue
        files = found[read["item"]["server"]] = {path: [] for path in paths}
        for line in read["stdout_lines"]:
            path, colon, text = line.partition(":")
            if colon and path in files:
                files[path].append(text)
    return found


def _public_key(lines: Sequence[str]) -> str:
    """Return the type and the key itself, without the comment; empty if there is none."""
    return " ".join("".join(lines[:1]).split()[:2])


def _refuse_copies(keys: Mapping[str, str], shown: str, files: str) -> None:
    for one, other in combinations(keys, 2):
        if keys[one] and keys[one] == keys[other]:
            raise SameKeyError(
                f"{one} and {other} have the same {shown}: Ansible reaches one machine for both, "
                f"or one is a copy of the other. Correct ansible_host, or delete {files} on the "
                "copy, and run this again."
            )


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _row(server: str, path: str, content: str, current: str) -> dict[str, str]:
    return {"server": server, "path": path, "content": content, "current": current}
