"""Turn Kea's client classes into dhcpd classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leasemerge.ranges import normal_mac

from .dhcpd_text import any_of, quoted, statements, when
from .kea_conditions import UntranslatableError, condition
from .kea_json import Object
from .kea_levels import KNOWN, Levels
from .remarks import Remarks, Section

KEYS = frozenset({"client-class", "client-classes"})
"""The keys that restrict a subnet or a pool to some clients."""


class Classes:
    """The classes of one configuration."""

    def __init__(self, data: Object, levels: Levels, remarks: Remarks) -> None:
        """Find the server's class tests, and which clients are in a class by a reservation."""
        self.statements: list[str] = []
        """The classes, and what some clients are refused."""
        self._sent: list[str] = []
        # Those that dhcpd has, so that a pool can be for them.
        self._written: set[str] = set()
        # The MAC addresses that reservations put into a class without a test.
        self._members: dict[str, list[str]] = {}
        self._levels = levels
        self._remarks = remarks
        self._tests = {
            entry.text("name"): entry.text("test") for entry in data.objects("client-classes")
        }
        self._find_members(data)

    @property
    def sent(self) -> list[str]:
        """The options of classes, as statements for some clients.

        Of two classes, Kea takes the first and dhcpd the last.
        """
        return self._sent[::-1]

    def is_member(self, name: str, mac: str | None) -> bool:
        """Return whether dhcpd's class has the client of a reservation."""
        return mac in self._members.get(name, ())

    def rules(self, data: Object, what: str) -> dict[str, Any]:
        """Read which clients a subnet or pool is for; dhcpd has that in its pools."""
        names = data.get("client-classes") or []
        names = [*names] if isinstance(names, list) else []
        if data.text("client-class"):
            names.append(data.text("client-class"))
        allow: list[str] = []
        deny: list[str] = []
        for name in map(str, names):
            if name == "KNOWN":
                allow.append("known-clients")
            elif name == "UNKNOWN":
                deny.append("known-clients")
            elif name in self._written:
                allow.append(f'members of "{name}"')
            else:
                why = "dhcpd has no such class; the addresses are for all clients now"
                self._remarks.left_out(data.where, f"the client class {name} of {what}", why)
        rules = {"allow": allow, "deny": deny}
        return {word: classes for word, classes in rules.items() if classes}

    def read(self, entry: Object) -> None:
        """Write a client class as a dhcpd class, with what its members are sent."""
        name, what = entry.text("name"), f"the client class {entry.text('name')}"
        settings = self._levels.settings(entry, what)
        self._levels.unknown(entry, KNOWN | {"test", "only-if-required", "option-def"}, what)
        macs = self._members.get(name, [])
        if not entry.text("test") and not macs:
            if settings:
                why = "it has no reservations and no test"
                self._remarks.left_out(entry.where, what, why)
            return
        head, test = "match hardware;", any_of([f"hardware = 1:{mac}" for mac in macs])
        if entry.text("test"):
            try:
                test = condition(entry.text("test"), self._tests)
            except UntranslatableError as error:
                why = f"dhcpd has nothing like {error} in its test; write " + (
                    "`if … { deny booting; }` into site_extra, its clients are served until then"
                    if name == "DROP"
                    else f"`match if …;` into class {quoted(name)} of site_extra, which nobody is "
                    "in until then"
                )
                self._remarks.left_out(entry.where, what, why)
                test = ""
            head = f"match if {test};" if test else ""
        if name == "DROP":
            self.statements += [when(test, ["deny booting;"])] if test else []
            return
        self._written.add(name)
        sent, body = _options_apart(statements(settings)) if test else ([], statements(settings))
        lines = "".join(f"    {line}\n" for line in (head, *body) if line)
        self.statements.append(f"class {quoted(name)} {{\n{lines}}}")
        self.statements += [f"subclass {quoted(name)} 1:{mac};" for mac in macs]
        if sent:
            self._sent.append(when(test, sent))
        self._remarks.add(Section.KEPT, entry.where, f"{what[0].upper()}{what[1:]}, in site_extra.")

    def _find_members(self, data: Object) -> None:
        """Find the clients that are in a class by a reservation, at each level."""
        for entry in data.objects("reservations"):
            mac = normal_mac(entry.get("hw-address"))
            for name in entry.get("client-classes") or () if mac else ():
                if self._tests.get(str(name)) == "":
                    self._members.setdefault(str(name), []).append(str(mac))
        for inner in (*data.objects("subnet4"), *data.objects("shared-networks")):
            self._find_members(inner)


def _options_apart(statements: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split statements into options and others."""
    sent = [line for line in statements if line.startswith("option ")]
    return sent, [line for line in statements if line not in sent]
