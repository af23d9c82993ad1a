"""Read what a level of Kea's configuration sets: server, network, subnet, pool or reservation."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from .dhcpd_text import quoted
from .kea_json import Object
from .kea_options import KeaOptions
from .remarks import Remarks
from .values import number

TIMES = {
    "valid-lifetime": "default_lease_time",
    "min-valid-lifetime": "min_lease_time",
    "max-valid-lifetime": "max_lease_time",
}
_EVERYWHERE = frozenset(
    {*TIMES, "next-server", "boot-file-name", "server-hostname", "option-data", "comment"}
    | {"user-context", "authoritative", "ddns-qualifying-suffix", "reservations"}
)
# About the old machine, its database, or what the new servers do in another way.
_SILENT = frozenset({
    "Logging", "allocator", "cache-max-age", "cache-threshold", "calculate-tee-times",
    "compatibility", "config-control", "control-socket", "control-sockets",
    "ddns-conflict-resolution-mode", "ddns-generated-prefix", "ddns-override-client-update",
    "ddns-override-no-update", "ddns-replace-client-name", "ddns-send-updates", "ddns-ttl",
    "ddns-ttl-max", "ddns-ttl-min", "ddns-ttl-percent", "ddns-update-on-renew",
    "ddns-use-conflict-resolution", "decline-probation-period", "dhcp-ddns",
    "dhcp-queue-control", "dhcp4o6-port", "early-global-reservations-lookup", "echo-client-id",
    "expired-leases-processing", "host-reservation-identifiers", "hostname-char-replacement",
    "hostname-char-set", "hosts-database", "hosts-databases", "id", "interface",
    "interfaces-config", "ip-reservations-unique", "lease-database", "loggers",
    "match-client-id", "multi-threading", "name", "offer-lifetime", "parked-packet-limit",
    "pool", "pool-id", "reservation-mode", "reservations-global", "reservations-in-subnet",
    "reservations-lookup-first", "reservations-out-of-pool", "sanity-checks", "server-tag",
    "statistic-default-sample-age", "statistic-default-sample-count", "store-extended-info",
    "subnet", "t1-percent", "t2-percent",
})  # fmt: skip
_TO_SEND = frozenset({"renew-timer", "rebind-timer"})
KNOWN = _EVERYWHERE | _SILENT
"""The keys that any level may have."""


class Levels:
    """Read the levels of one configuration."""

    def __init__(self, remarks: Remarks) -> None:
        """Add to `remarks` what the inventory has no place for."""
        self.options = KeaOptions(remarks)
        self._remarks = remarks

    def settings(self, data: Object, what: str) -> dict[str, Any]:
        """Read what any level may set."""
        settings: dict[str, Any] = {}
        for theirs, ours in TIMES.items():
            if theirs in data:
                seconds = number(data.text(theirs))
                if seconds is None:
                    self._remarks.left_out(
                        data.where, f"{theirs} of {what}", "it is not a number of seconds"
                    )
                else:
                    settings[ours] = seconds
        if "valid-lifetime" in data and "default_lease_time" in settings:
            # Without a minimum and a maximum of its own, Kea grants everybody this time.
            settings.setdefault("min_lease_time", settings["default_lease_time"])
            settings.setdefault("max_lease_time", settings["default_lease_time"])
        if data.text("next-server") not in {"", "0.0.0.0"}:
            settings["next_server"] = data.text("next-server")
        if data.text("boot-file-name"):
            settings["filename"] = data.text("boot-file-name")
        extra: list[str] = []
        if data.text("server-hostname"):
            extra.append(f"server-name {quoted(data.text('server-hostname'))};")
        given, statements = self.options.of_level(data, what)
        extra += statements
        if given:
            settings["options"] = given
        if extra:
            settings["extra"] = "".join(f"{line}\n" for line in extra)
        for key in _TO_SEND & data.keys():
            why = "clients renew at half of their lease, the first of which is short in a pair"
            self._remarks.left_out(data.where, f"{key} of {what}", why)
        return settings

    def unknown(self, data: Object, known: AbstractSet[str], what: str) -> None:
        """Note the keys that have a value and are not known."""
        for key in sorted(data.keys() - known - _TO_SEND):
            if data[key] not in (None, "", [], {}, False):
                self._remarks.left_out(
                    data.where, f"{key} of {what}", "the inventory has no place for it"
                )
