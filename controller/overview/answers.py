"""Compare what name servers answer with zone data.

Source: the tinydns-data page of djbdns; RFC 1035 section 3.5 for reverse names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Answers = Mapping[tuple[str, str], Sequence[str]]
"""(full name, `A` or `PTR`) to the sorted values."""


def answers_of(zone: bytes) -> dict[tuple[str, str], list[str]]:
    """Say what a server answers from zone data of leasemerge's."""
    answers: dict[tuple[str, str], set[str]] = {}
    for line in zone.decode("ascii", "replace").splitlines():
        if line[:1] not in ("=", "+") or line.count(":") < 1:
            continue
        name, address = line[1:].split(":")[:2]
        answers.setdefault((name, "A"), set()).add(address)
        if line[0] == "=":
            answers.setdefault((reverse_name(address), "PTR"), set()).add(name)
    return {query: sorted(values) for query, values in answers.items()}


def reverse_name(address: str) -> str:
    """Write an address as the name of its PTR."""
    return ".".join([*reversed(address.split(".")), "in-addr.arpa"])


def queries(expected: Answers, served: Iterable[Answers]) -> list[list[str]]:
    """List what to ask: all that should be answered, and all that is served besides."""
    asked = set(expected).union(*served)
    return [list(query) for query in sorted(asked)]


def differences(expected: Answers, answers: Iterable[Mapping[str, Any]], server: str) -> list[str]:
    """Tell each answer that is not as expected in a sentence; `server` says who gave it."""
    told = []
    silent = 0
    total = 0
    for answer in answers:
        total += 1
        values = answer["values"]
        wanted = sorted(expected.get((answer["name"], answer["type"]), ()))
        if values is None:
            silent += 1
        elif sorted(values) != wanted:
            says = ", ".join(values) or "nothing"
            left = f", for another {answer['ttl']} s" if answer.get("ttl") else ""
            should = ", ".join(wanted) or "nothing"
            query = f"{answer['name']} {answer['type']}"
            told.append(f"{server}: {query} is {says}{left}; it should be {should}.")
    if silent:
        told.insert(0, f"{server}: {silent} of {total} queries got no answer.")
    return told
