"""Compare the answers of name servers with zone data.

Source: the tinydns-data page of djbdns; RFC 1035 section 3.3 for the data of each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leasemerge.record_data import NS, PTR, A, data_text, number_of
from leasemerge.records import Record
from leasemerge.zone import records_of

Answers = Mapping[tuple[str, str], Sequence[str]]
"""(full name, type) to the sorted values, as the module dns_answers writes them: the address of an
A, the name of a PTR, and for any other type the data in hexadecimal."""

# A name that a `*` stands for and that nobody else has.
_ANY_NAME = "any-name-of-the-wildcard"


def answers_of(zone: bytes) -> dict[tuple[str, str], list[str]]:
    """Return what a server answers from leasemerge's zone data.

    Without the SOA of a zone, and without what is at or below a delegation: a name server answers
    such a query with a referral.
    """
    lines = zone.splitlines()
    apexes = {
        line[1:].split(b":")[0].decode("ascii", "replace") for line in lines if line[:1] == b"Z"
    }
    records = [record for line in lines for record in _readable(line)]
    cuts = {record.name for record in records if record.type == NS and record.name not in apexes}
    answers: dict[tuple[str, str], set[str]] = {}
    for record in records:
        if cuts and any(record.name == cut or record.name.endswith(f".{cut}") for cut in cuts):
            continue
        name = record.name.replace("*", _ANY_NAME, 1)
        answers.setdefault((name, record.type_name), set()).add(_value(record))
    return {query: sorted(values) for query, values in answers.items()}


def _readable(line: bytes) -> list[Record]:
    """Return the records of a line, which may be somebody else's and lack a TTL."""
    for text in (line, line + b":0"):
        try:
            return list(records_of(text))
        except (ValueError, IndexError):
            continue
    return []  # the comparison of lines reports it


def _value(record: Record) -> str:
    if record.type in (A, PTR):
        return record.target if record.target is not None else data_text(A, record.data)
    return record.data.hex()


def _shown(kind: str, value: str) -> str:
    """Write a value as a zone file does."""
    if kind in ("A", "PTR"):
        return value
    return data_text(number_of(kind), bytes.fromhex(value))


def queries(expected: Answers, served: Iterable[Answers]) -> list[list[str]]:
    """Return the queries: for everything expected, and for anything else that is served."""
    found = set(expected).union(*served)
    return [list(query) for query in sorted(found)]


def differences(expected: Answers, answers: Iterable[Mapping[str, Any]], server: str) -> list[str]:
    """Return a sentence for each answer of `server` that is not as expected."""
    sentences = []
    silent = 0
    total = 0
    for answer in answers:
        total += 1
        values = answer["values"]
        kind = answer["type"]
        wanted = sorted(expected.get((answer["name"], kind), ()))
        if values is None:
            silent += 1
        elif sorted(values) != wanted:
            shown = ", ".join(_shown(kind, value) for value in values) or "nothing"
            left = f", for another {answer['ttl']} s" if answer.get("ttl") else ""
            should = ", ".join(_shown(kind, value) for value in wanted) or "nothing"
            sentences.append(
                f"{server}: {answer['name']} {kind} is {shown}{left}; it should be {should}."
            )
    if silent:
        sentences.insert(0, f"{server}: {silent} of {total} queries got no answer.")
    return sentences
