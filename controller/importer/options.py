"""Write DHCP options, given by number, as dhcpd.conf has them.

Source: dhcp-options(5) and RFC 2132, 3442, 3397. dhcpd knows the usual ones by name; any other gets
a definition of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

from leasemerge.ranges import is_address

from .dhcpd_text import octets, quoted
from .values import number

Form = Literal["addresses", "text", "domains", "number", "flag", "octets", "routes"]

_KNOWN: dict[int, tuple[str, Form]] = {
    1: ("subnet-mask", "addresses"),
    2: ("time-offset", "number"),
    3: ("routers", "addresses"),
    4: ("time-servers", "addresses"),
    5: ("ien116-name-servers", "addresses"),
    6: ("domain-name-servers", "addresses"),
    7: ("log-servers", "addresses"),
    8: ("cookie-servers", "addresses"),
    9: ("lpr-servers", "addresses"),
    10: ("impress-servers", "addresses"),
    11: ("resource-location-servers", "addresses"),
    12: ("host-name", "text"),
    13: ("boot-size", "number"),
    14: ("merit-dump", "text"),
    15: ("domain-name", "text"),
    16: ("swap-server", "addresses"),
    17: ("root-path", "text"),
    18: ("extensions-path", "text"),
    19: ("ip-forwarding", "flag"),
    20: ("non-local-source-routing", "flag"),
    22: ("max-dgram-reassembly", "number"),
    23: ("default-ip-ttl", "number"),
    24: ("path-mtu-aging-timeout", "number"),
    26: ("interface-mtu", "number"),
    27: ("all-subnets-local", "flag"),
    28: ("broadcast-address", "addresses"),
    29: ("perform-mask-discovery", "flag"),
    30: ("mask-supplier", "flag"),
    31: ("router-discovery", "flag"),
    32: ("router-solicitation-address", "addresses"),
    34: ("trailer-encapsulation", "flag"),
    35: ("arp-cache-timeout", "number"),
    36: ("ieee802-3-encapsulation", "flag"),
    37: ("default-tcp-ttl", "number"),
    38: ("tcp-keepalive-interval", "number"),
    39: ("tcp-keepalive-garbage", "flag"),
    40: ("nis-domain", "text"),
    41: ("nis-servers", "addresses"),
    42: ("ntp-servers", "addresses"),
    43: ("vendor-encapsulated-options", "octets"),
    44: ("netbios-name-servers", "addresses"),
    45: ("netbios-dd-server", "addresses"),
    46: ("netbios-node-type", "number"),
    47: ("netbios-scope", "text"),
    48: ("font-servers", "addresses"),
    49: ("x-display-manager", "addresses"),
    58: ("dhcp-renewal-time", "number"),
    59: ("dhcp-rebinding-time", "number"),
    60: ("vendor-class-identifier", "text"),
    64: ("nisplus-domain", "text"),
    65: ("nisplus-servers", "addresses"),
    66: ("tftp-server-name", "text"),
    67: ("bootfile-name", "text"),
    68: ("mobile-ip-home-agent", "addresses"),
    69: ("smtp-server", "addresses"),
    70: ("pop-server", "addresses"),
    71: ("nntp-server", "addresses"),
    72: ("www-server", "addresses"),
    73: ("finger-server", "addresses"),
    74: ("irc-server", "addresses"),
    76: ("streettalk-directory-assistance-server", "addresses"),
    77: ("user-class", "text"),
    93: ("pxe-system-type", "number"),
    100: ("pcode", "text"),
    101: ("tcode", "text"),
    119: ("domain-search", "domains"),
    121: ("classless-routes", "routes"),
    150: ("tftp-server-address", "addresses"),
    175: ("ipxe-options", "octets"),
    209: ("loader-configfile", "text"),
    210: ("loader-pathprefix", "text"),
    211: ("loader-reboottime", "number"),
    249: ("classless-routes-ms", "routes"),
}
# Those in the table that dhcpd has no name for.
_TO_DEFINE = frozenset({121, 175, 249})
NAMED = frozenset(_KNOWN) - _TO_DEFINE
"""The numbers of the options that dhcpd knows by name."""
_BY_NAME = {name: code for code, (name, _) in _KNOWN.items()}
_TYPES: dict[Form, str] = {
    "addresses": "array of ip-address",
    "text": "text",
    "number": "unsigned integer 32",
    "octets": "string",
    "routes": "array of unsigned integer 8",
}
_OCTETS = re.compile(r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2})*")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of dhcpd.conf: its name and value, and the definition it needs, if any."""

    name: str
    value: str
    definition: str = ""


def code_of(name: str) -> int | None:
    """Return the number of an option that dhcpd knows by name."""
    return _BY_NAME.get(name)


def name_of(code: int) -> str:
    """Return dhcpd's name for an option, or the one that a definition gives it."""
    return _KNOWN[code][0] if code in _KNOWN else f"option-{code}"


def option(code: int, values: Sequence[str], *, as_octets: bool = False) -> Option | None:
    """Write an option with a list of values; None if they do not fit its type.

    The type of an unknown option is inferred from its values. With `as_octets` these are the
    option's octets in hex, whatever its type.
    """
    if not 0 < code < 255:
        return None
    name, form = _KNOWN.get(code, (f"option-{code}", "octets" if as_octets else _form(values)))
    text = _from_octets(form, values) if as_octets else _written(form, values)
    if text is None:
        return None
    if code in _KNOWN and code not in _TO_DEFINE:
        return Option(name, text)
    return Option(name, text, f"option {name} code {code} = {_TYPES[form]};")


def _form(values: Sequence[str]) -> Form:
    if values and all(map(is_address, values)):
        return "addresses"
    if len(values) == 1 and number(values[0]) is not None:
        return "number"
    if len(values) == 1 and ":" in values[0] and _OCTETS.fullmatch(values[0]):
        return "octets"
    return "text"


def _written(form: Form, values: Sequence[str]) -> str | None:
    match form:
        case "addresses":
            return ", ".join(values) if values and all(map(is_address, values)) else None
        case "number":
            fits = len(values) == 1 and re.fullmatch(
                r"-?\d{1,10}|0x[0-9a-f]{1,8}", values[0], re.ASCII | re.IGNORECASE
            )
            return str(int(values[0], 16 if "x" in values[0].lower() else 10)) if fits else None
        case "flag":
            return (
                {"0": "false", "1": "true"}.get(values[0].lower(), values[0].lower())
                if (len(values) == 1 and values[0].lower() in {"0", "1", "true", "false"})
                else None
            )
        case "domains":
            return ", ".join(quoted(value.rstrip(".")) for value in values) if values else None
        case "octets":
            return _octets(values)
        case "routes":
            return _routes(values)
        case _:
            return quoted(",".join(values)) if any(values) else None


def _from_octets(form: Form, values: Sequence[str]) -> str | None:
    """Write a value given as octets in the option's own form."""
    digits = re.sub(r"^0x|[:\s]", "", "".join(values), flags=re.IGNORECASE)
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", digits):
        return None
    data = bytes.fromhex(digits)
    match form:
        case "addresses" if len(data) % 4 == 0:
            return ", ".join(".".join(map(str, data[at : at + 4])) for at in range(0, len(data), 4))
        case "text":
            return quoted(data.decode("latin-1"))
        case "number":
            return str(int.from_bytes(data)) if len(data) <= 4 else None
        case "flag":
            return "true" if any(data) else "false"
        case "routes":
            return ", ".join(map(str, data))
        case "octets":
            return _octets(values)
    return None


def _octets(values: Sequence[str]) -> str | None:
    """Write octets given as hex pairs, with or without colons; other text as it is."""
    joined = ",".join(values)
    if _OCTETS.fullmatch(joined) and ":" in joined:
        return ":".join(part.zfill(2) for part in joined.split(":"))
    if re.fullmatch(r"(0x)?([0-9A-Fa-f]{2})+", joined):
        return octets(bytes.fromhex(joined.removeprefix("0x")))
    return quoted(joined) if joined else None


def _routes(values: Sequence[str]) -> str | None:
    """Write pairs of network and router as RFC 3442 packs them."""
    octets: list[int] = []
    if not values or len(values) % 2:
        return None
    for network_text, router in zip(values[::2], values[1::2], strict=True):
        try:
            network = IPv4Network(network_text if "/" in network_text else f"{network_text}/32")
        except ValueError:
            return None
        if not is_address(router):
            return None
        significant = -(-network.prefixlen // 8)
        octets += [network.prefixlen, *network.network_address.packed[:significant]]
        octets += [int(part) for part in router.split(".")]
    return ", ".join(map(str, octets))
