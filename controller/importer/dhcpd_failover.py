"""Read the failover pair of dhcpd.conf: its servers, and its parameters as role variables."""

from __future__ import annotations

from .dhcpd_syntax import Statement, address_of
from .remarks import Remarks, Section
from .values import number

_UNACKED = "max-unacked-updates"
# dhcpd acknowledges when half of them have arrived, rounded down, or else after two seconds
# (server/failover.c).
_ACKNOWLEDGED_AT_ONCE = 3
_KNOBS = {
    "split": "dhcpd_failover_split",
    "hba": "dhcpd_failover_hba",
    "port": "dhcpd_failover_port",
    "peer port": "dhcpd_failover_peer_port",
    "max-response-delay": "dhcpd_failover_max_response_delay",
    _UNACKED: "dhcpd_failover_max_unacked_updates",
    "load balance max seconds": "dhcpd_failover_load_balance_max_seconds",
    "auto-partner-down": "dhcpd_failover_auto_partner_down",
    "max-lease-misbalance": "dhcpd_failover_max_lease_misbalance",
    "max-lease-ownership": "dhcpd_failover_max_lease_ownership",
    "min-balance": "dhcpd_failover_min_balance",
    "max-balance": "dhcpd_failover_max_balance",
}


class Pair:
    """The two servers, and the parameters that they share."""

    def __init__(self, remarks: Remarks) -> None:
        """Add to `remarks` what belongs to another pair."""
        self.name = ""
        self.servers: tuple[tuple[str, str], ...] = ()
        """("primary", address), ("secondary", address)."""
        self.mclt: int | None = None
        self.variables: dict[str, object] = {}
        self._remarks = remarks

    def read(self, statement: Statement) -> None:
        """Read the declaration of a failover peer."""
        if statement.words[-1].lower() == "state":
            self._remarks.left_out(
                statement.where, statement.shown, "a state of a pair is of its lease file"
            )
            return
        given = _parameters(statement)
        mine = given.get("role", "primary")
        other = "secondary" if mine == "primary" else "primary"
        pair = {mine: given.get("address", ""), other: given.get("peer address", "")}
        servers = tuple((role, address_of(pair[role])) for role in ("primary", "secondary"))
        name = statement.values[-1] if statement.values else ""
        if self.servers:
            sentence = (
                f"A second failover peer, {name} ({servers[0][1]} and {servers[1][1]}): a site has "
                f"one pair, that of {self.name}."
            )
            self._remarks.add(Section.LEFT_OUT, statement.where, sentence)
            return
        self.name, self.servers = name, servers
        self.mclt = number(given.get("mclt", ""))
        if given.get("port") != given.get("peer port"):
            text = "The two servers' failover ports differ; both take the role's port now."
            self._remarks.add(Section.CHOSEN, statement.where, text)
            given.pop("port", None)
            given.pop("peer port", None)
        if (number(given.get(_UNACKED, "")) or 0) > _ACKNOWLEDGED_AT_ONCE:
            text = (
                f"{_UNACKED} {given.pop(_UNACKED)} is left to the role: above "
                f"{_ACKNOWLEDGED_AT_ONCE} a released address is out of use for two seconds."
            )
            self._remarks.add(Section.CHOSEN, statement.where, text)
        for knob, variable in _KNOBS.items():
            if knob in given:
                value = number(given[knob])
                self.variables[variable] = given[knob] if value is None else value


def _parameters(statement: Statement) -> dict[str, str]:
    """Return the parameters of a declaration as they are written, with `role` among them."""
    given: dict[str, str] = {}
    for item in statement.block or ():
        words = item.plain
        if words in {"primary", "secondary"}:
            given["role"] = words
        for name in ("address", "peer address", "mclt", *_KNOBS):
            if words.startswith(f"{name} "):
                given[name] = " ".join(item.words[len(name.split()) :])
    return given
