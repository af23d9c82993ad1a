"""Translate the conditions of Kea's client classes into those of dhcpd.

Source: the Kea Administrator Reference Manual, "Using Expressions in Classification", and
dhcp-eval(5). If dhcpd has no expression for a part, the whole condition cannot be translated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import options
from .dhcpd_text import all_of, any_of, octets, quoted

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*')|(?P<octets>0[xX][0-9A-Fa-f]+)|(?P<mark>==|[()\[\],.*])"
    r"|(?P<word>[A-Za-z0-9_-]+))"
)
_MAX_DEPTH = 50


class UntranslatableError(ValueError):
    """dhcpd has no such condition; the message is the part that it lacks."""


def condition(test: str, others: Mapping[str, str]) -> str:
    """Write a test as a dhcpd condition; `others` are the tests of the classes, by name.

    Raises UntranslatableError: when dhcpd has none.
    """
    return _Parser(test, others, 0).whole()


class _Parser:
    """A parser by recursive descent: or, and, not, comparison."""

    def __init__(self, test: str, others: Mapping[str, str], depth: int) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._others = others
        self._depth = depth
        self._at = 0
        position = 0
        text = test.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or depth > _MAX_DEPTH:
                raise UntranslatableError(text[position : position + 20])
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()

    def whole(self) -> str:
        result = self._or()
        if self._at < len(self._tokens):
            raise UntranslatableError(self._tokens[self._at][1])
        return result

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise UntranslatableError("its end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1] == word:
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        _, text = self._next()
        if text != word:
            raise UntranslatableError(text)

    def _or(self) -> str:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        return any_of(parts)

    def _and(self) -> str:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return all_of(parts)

    def _not(self) -> str:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UntranslatableError("its depth")
        if self._take("not"):
            return f"not ({self._not()})"
        if self._take("("):
            inner = self._or()
            self._need(")")
            return inner
        if self._take("member"):
            return self._member()
        left = self._value()
        if left.startswith("exists "):
            return left
        self._need("==")
        return f"{left} = {self._value()}"

    def _member(self) -> str:
        self._need("(")
        _, name = self._next()
        self._need(")")
        name = name.strip("'")
        if name == "KNOWN":
            return "known"
        if name == "UNKNOWN":
            return "not (known)"
        if not self._others.get(name):
            raise UntranslatableError(f"member('{name}')")
        return _Parser(self._others[name], self._others, self._depth + 1).whole()

    def _value(self) -> str:
        kind, text = self._next()
        if kind == "text":
            return quoted(text[1:-1])
        if kind == "octets":
            digits = text[2:].zfill(len(text[2:]) + len(text[2:]) % 2)
            return octets(bytes.fromhex(digits))
        if text == "substring":
            self._need("(")
            inner = self._value()
            self._need(",")
            first = self._next()[1]
            self._need(",")
            length = self._next()[1]
            self._need(")")
            if not re.fullmatch(r"[0-9]+", first) or not re.fullmatch(r"[0-9]+|all", length):
                raise UntranslatableError("substring")
            return f"substring({inner}, {first}, {'255' if length == 'all' else length})"
        if text in {"option", "relay4"}:
            return self._option(text)
        if text == "pkt4":
            self._need(".")
            _, field = self._next()
            if field == "mac":
                return "substring(hardware, 1, 6)"
            raise UntranslatableError(f"pkt4.{field}")
        raise UntranslatableError(text)

    def _option(self, kind: str) -> str:
        self._need("[")
        _, name = self._next()
        self._need("]")
        self._need(".")
        _, form = self._next()
        if kind == "relay4":
            full = {"1": "agent.circuit-id", "2": "agent.remote-id"}.get(name)
        else:
            code = int(name) if re.fullmatch(r"[0-9]{1,3}", name) else options.code_of(name)
            full = options.name_of(code) if code else None
            if full and code not in options.NAMED:
                raise UntranslatableError(f"option[{name}]")
        if full is None or form not in {"hex", "text", "exists"}:
            raise UntranslatableError(f"{kind}[{name}].{form}")
        return f"exists {full}" if form == "exists" else f"option {full}"
