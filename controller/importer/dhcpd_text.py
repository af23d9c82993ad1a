"""Write settings, conditions and values as dhcpd.conf text.

Source: dhcpd.conf(5), dhcp-eval(5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import lease_times
from .source import Settings


def quoted(text: str) -> str:
    """Write text as dhcpd.conf has it: octets other than printable ASCII in octal."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if " " <= char <= "~":
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode())


def octets(data: bytes) -> str:
    """Write octets: hex pairs with colons, or a single one as a string, as dhcpd needs a colon."""
    if len(data) == 1:
        return f'"\\{data[0]:03o}"'
    return ":".join(f"{octet:02x}" for octet in data)


def when(condition: str, statements: Sequence[str]) -> str:
    """Write conditional statements; to dhcpd a leading parenthesis encloses the whole condition."""
    head = f"if ({condition})" if condition.startswith("(") else f"if {condition}"
    return "\n".join([f"{head} {{", *(f"    {statement}" for statement in statements), "}"])


def any_of(conditions: Sequence[str]) -> str:
    """Join conditions of which one is enough; empty if there are none."""
    return _joined(" or ", conditions)


def all_of(conditions: Sequence[str]) -> str:
    """Join conditions that must all be true; empty if there are none."""
    return _joined(" and ", conditions)


def _joined(operator: str, conditions: Sequence[str]) -> str:
    # dhcpd needs the parentheses.
    return (
        conditions[0]
        if len(conditions) == 1
        else operator.join(f"({condition})" for condition in conditions)
    )


def statements(settings: Settings) -> list[str]:
    """Write settings as statements, a line each, except `extra`, which keeps its lines."""
    lines = [f"{word} {who};" for word in ("allow", "deny") for who in settings.get(word, ())]
    lines += time_statements(settings)
    if "next_server" in settings:
        lines.append(f"next-server {settings['next_server']};")
    lines += [f"option {name} {value};" for name, value in settings.get("options", {}).items()]
    if "filename" in settings:
        lines.append(f"filename {quoted(str(settings['filename']))};")
    return lines + str(settings.get("extra", "")).splitlines()


def time_statements(settings: Settings) -> list[str]:
    """Write the lease times of settings as statements."""
    return [
        f"{key.replace('_', '-')} {settings[key]};" for key in lease_times.KEYS if key in settings
    ]


def of_host(settings: Settings) -> dict[str, Any]:
    """Write lease times as text: a fixed host has no keys for them."""
    kept = {key: value for key, value in settings.items() if key not in lease_times.KEYS}
    times = time_statements(settings)
    if times:
        kept["extra"] = "".join(f"{line}\n" for line in times) + str(kept.get("extra", ""))
    return kept
