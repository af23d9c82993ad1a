"""Filters of the role lease_merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types


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

    ``reads`` are the results of ``grep -H "" KEY.pub HOST_KEY KNOWN_HOSTS AUTHORIZED_KEYS`` on each
    server. The others keep their lines for a server that could not be read, or has no key yet.
    Raises AnsibleFilterError: for two servers with the same key.
    """
    # Sorted, because each server has itself first in what it read.
    servers = sorted((read["item"]["server"], read["item"]["address"]) for read in reads)
    paths = (f"{key}.pub", host_key, known_hosts, authorized_keys)
    texts = {
        read["item"]["server"]: _texts(read["stdout_lines"], paths)
        for read in reads
        if "stdout_lines" in read
    }
    public = {server: " ".join(found[paths[0]][:1]).split()[:2] for server, found in texts.items()}
    hosts = {server: " ".join(found[host_key][:1]).split()[:2] for server, found in texts.items()}
    for one, other in combinations(public, 2):
        if public[one] and public[one] == public[other]:
            raise AnsibleFilterError(
                f"{one} and {other} have the same key {key}.pub: Ansible reaches one machine for "
                f"both, or one is a copy of the other. Correct ansible_host, or delete {key} and "
                f"{key}.pub on the copy, and run this again."
            )
    files = []
    for at, found in texts.items():
        if not public[at]:
            continue
        known, authorized = [], []
        for server, address in servers:
            if server == at:
                continue
            if hosts.get(server):
                known.append(" ".join([address, *hosts[server]]))
            else:
                known += [line for line in found[known_hosts] if line.startswith(f"{address} ")]
            comment = f"leasemerge@{server}"
            if public.get(server):
                options = f'restrict,from="{address}",command="{program} feed --to {server}"'
                authorized.append(" ".join([options, *public[server], comment]))
            else:
                authorized += [
                    line for line in found[authorized_keys] if line.endswith(f" {comment}")
                ]
        for path, lines in ((known_hosts, known), (authorized_keys, authorized)):
            content, current = _text(lines), _text(found[path])
            files.append({"server": at, "path": path, "content": content, "current": current})
    return files


def _texts(lines: Iterable[str], paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the lines of each file, from lines that begin with the path of their file."""
    texts: dict[str, list[str]] = {path: [] for path in paths}
    for line in lines:
        path, colon, text = line.partition(":")
        if colon and path in texts:
            texts[path].append(text)
    return texts


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"trusted_key_files": trusted_key_files}
