"""Look up the code of an option by the name that dnsmasq has for it.

Source: dnsmasq's own list, `dnsmasq --help dhcp`.
"""

from __future__ import annotations

from .values import number

_OPTION_NAMES = {
    "netmask": 1, "time-offset": 2, "router": 3, "dns-server": 6, "log-server": 7,
    "lpr-server": 9, "boot-file-size": 13, "domain-name": 15, "swap-server": 16, "root-path": 17,
    "extension-path": 18, "ip-forward-enable": 19, "non-local-source-routing": 20,
    "max-datagram-reassembly": 22, "default-ttl": 23, "mtu": 26, "all-subnets-local": 27,
    "broadcast": 28, "router-discovery": 31, "router-solicitation": 32, "arp-timeout": 35,
    "tcp-ttl": 37, "tcp-keepalive": 38, "nis-domain": 40, "nis-server": 41, "ntp-server": 42,
    "vendor-encap": 43, "netbios-ns": 44, "netbios-dd": 45, "netbios-nodetype": 46,
    "netbios-scope": 47, "x-windows-fs": 48, "x-windows-dm": 49, "t1": 58, "t2": 59,
    "vendor-class": 60, "nis+-domain": 64, "nis+-server": 65, "tftp-server": 66,
    "bootfile-name": 67, "mobile-ip-home": 68, "smtp-server": 69, "pop3-server": 70,
    "nntp-server": 71, "irc-server": 74, "user-class": 77, "client-arch": 93,
    "posix-timezone": 100, "tzdb-timezone": 101, "domain-search": 119, "sip-server": 120,
    "classless-static-route": 121, "tftp-server-address": 150,
}  # fmt: skip


def option_code(text: str) -> int | None:
    """Return the code of an option given by number or as option:name."""
    name = text.lower().removeprefix("option:").strip()
    code = number(name)
    if code is not None:
        return code if 0 < code < 255 else None
    return _OPTION_NAMES.get(name) if text.lower().startswith("option:") else None
