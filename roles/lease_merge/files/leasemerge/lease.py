"""A lease: what one block of dhcpd.leases holds, and how it is written back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = 2**63 - 1
"""The time that dhcpd writes as `never`: later than any other."""

ABSENT = -(2**63)
"""What an absent time counts as where times are compared: it is the smallest (rules 2 and 3)."""

NEVER_FROM = 2145916800
"""2038: dhcpd reads a date from then on as `never`, since its times have 31 bits."""

STATES = ("active", "free", "backup", "expired", "released", "abandoned", "reset")
"""The binding states of dhcpd.leases(5)."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One block of dhcpd.leases.

    Times are Unix seconds, None where absent, NEVER for `never`.
    """

    address: str
    """IPv4, dotted decimal, without leading zeros."""
    state: str
    """One of STATES; `active` where the block has no binding state (dhcpd before 3.0)."""
    starts: int | None = None
    ends: int | None = None
    cltt: int | None = None
    """Client last transaction time: when this server itself last received from the client."""
    hardware: str | None = None
    """Hex pairs with colons, lower case, without the hardware type."""
    uid: str | None = None
    """The client identifier: hex pairs with colons, lower case."""
    hostname: str | None = None
    """What the client calls itself; bytes that are not UTF-8 are surrogate escapes."""

    @property
    def stamp(self) -> tuple[int, int]:
        """Rule 2: of two blocks of an address, the greater knows the later event."""
        cltt = time_or_absent(self.cltt)
        return (max(time_or_absent(self.starts), cltt), cltt)

    def render(self) -> bytes:
        """Return the block in the syntax of dhcpd.leases(5); it parses back to an equal Lease."""
        lines = [f"lease {self.address} {{"]
        for keyword, time in (("starts", self.starts), ("ends", self.ends), ("cltt", self.cltt)):
            if time is not None:
                lines.append(f"  {keyword} {_render_time(time)};")
        lines.append(f"  binding state {self.state};")
        if self.hardware is not None:
            lines.append(f"  hardware ethernet {self.hardware};")
        if self.uid is not None:
            lines.append(f"  uid {self.uid};")
        if self.hostname is not None:
            lines.append(f'  client-hostname "{_quote(self.hostname)}";')
        lines.append("}\n")
        return "\n".join(lines).encode()


def time_or_absent(time: int | None) -> int:
    """Return a time that can be compared: ABSENT for None."""
    return ABSENT if time is None else time


def _render_time(time: int) -> str:
    if time == NEVER:
        return "never"
    if time >= NEVER_FROM:
        return f"epoch {time}"
    return datetime.fromtimestamp(time, UTC).strftime("%w %Y/%m/%d %H:%M:%S")


def _quote(text: str) -> str:
    """Return text as the inside of a string, octal where it is not plain ASCII, as dhcpd does."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogateescape")
    )
