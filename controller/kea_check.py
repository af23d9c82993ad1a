"""What Kea refuses in the configuration that the inventory makes, in the inventory's terms.

Kea stops at the first fault and names its line. Each entry is on a line of its own here, so that
the line is an entry; it is left out, and Kea checks the rest.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controller import origins
from controller.kea_config import KEYS, OPTION_NAMES, KeaConfigError, kea_config
from controller.refusals import Refusal, places, sentence

Steps = tuple[str | int, ...]

# Each takes a twentieth of a second; the next run reports what is left.
_MOST_REFUSALS = 20
_SECONDS = 30
# What names interfaces, files and libraries of a server.
_OF_SERVER = (
    *("interfaces-config", "control-socket", "control-sockets", "lease-database", "loggers"),
    *("hooks-libraries", "multi-threading"),
)
# Where a fault is: FILE:LINE:COLUMN, FILE:LINE.COLUMN or FILE:LINE.COLUMN-COLUMN.
_LINE = re.compile(r"/dev/stdin:(\d+)[:.]\d+")
_ERROR = re.compile(r"(?:Error encountered|Syntax check failed with): ")
# What is around the reason.
_FRAME = re.compile(
    rf"^{_ERROR.pattern}|[\s(]*/dev/stdin:[-\d:.]+\)?:? ?|: Invalid argument|"
    r"(?:option data does not match option definition \([^)]*\)|subnet configuration failed): "
)
_NO_OPTION = re.compile(r"definition for the option .* does not exist")
_NO_KEY = re.compile(r"got unexpected keyword .*")
# Options that Kea has had since 2.2, which is the one on a controller with Debian 12.
_LATER_OPTIONS = frozenset({"v4-dnr", "v4-dots-address", "v4-dots-ri", "v4-sztp-redirect"})
_INVENTORY_OPTIONS = {kea: name for name, kea in OPTION_NAMES.items()}
_INVENTORY_KEYS = {kea: key for key, kea in KEYS.items()}


def kea_refusals(settings: Mapping[str, Any], program: str) -> dict[str, list[str]]:
    """Return ``faults``, a sentence for each entry that Kea refuses, and ``notes``.

    ``settings`` are those of kea_config, ``program`` the controller's kea-dhcp4. What is a server's
    own (interfaces, files, hooks) is left out. What a later Kea may know is a note: the servers may
    have one, and theirs checks the configuration before it is deployed. Without the program, or if
    it may not read its input, there is nothing.
    """
    found: dict[str, list[str]] = {"faults": [], "notes": []}
    if not Path(program).is_file():
        return found
    try:
        config, own = kea_config(settings), kea_config({**settings, "extra": {}})
    except KeaConfigError as exc:
        return {**found, "faults": str(exc).splitlines()}
    known = places(settings["fixed_hosts"], settings["subnets"])
    without: set[Steps] = {("Dhcp4", key) for key in _OF_SERVER}
    for _ in range(_MOST_REFUSALS):
        lines = list(_lines(config, (), without))
        error = _error(program, "\n".join(text for _, text in lines))
        if error is None:
            break
        match = _LINE.search(error)
        path: Steps = lines[min(int(match[1]), len(lines)) - 1][0] if match else ()
        refusal = _refusal(config, own, path, _FRAME.sub("", error).strip(" ."))
        place = _place(settings, refusal)
        where = known if place is None else {**known, (refusal.kind, refusal.key): place}
        kind = "notes" if _may_be_later(refusal, program) else "faults"
        text = sentence(refusal, where, "Kea")
        if kind == "notes":
            text = text.removesuffix("correct it.") + "correct it, unless the servers' Kea does."
        if text not in found[kind]:
            found[kind].append(text)
        if len(path) < 2:
            break
        without.add(_smallest(path))
    return found


def _error(program: str, text: str) -> str | None:
    """Return why Kea refuses a configuration; None if it does not, or cannot read it."""
    try:
        done = subprocess.run(
            [program, "-t", "/dev/stdin"],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_SECONDS,
            # Its lock file is in a directory that only some users may write to.
            env={**os.environ, "KEA_LOCKFILE_DIR": "none"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    printed = (done.stdout + done.stderr).strip().splitlines() or ["it gives no reason"]
    last = next((line for line in printed if _ERROR.match(line)), printed[-1])
    if done.returncode == 0 or "ermission denied" in last or "Unable to open file" in last:
        return None
    return last


def _lines(
    value: object, path: Steps, without: set[Steps], before: str = ""
) -> Iterator[tuple[Steps, str]]:
    """Yield the path and the text of each line of a configuration, without some of its entries."""
    entries: Iterable[tuple[Any, Any]]
    if isinstance(value, Mapping):
        entries, start, end = value.items(), "{", "}"
    elif isinstance(value, (list, tuple)):
        entries, start, end = enumerate(value), "[", "]"
    else:
        yield path, before + json.dumps(value)
        return
    yield path, before + start
    comma = ""
    for key, item in entries:
        if (*path, key) not in without:
            title = f"{json.dumps(key)}: " if start == "{" else ""
            yield from _lines(item, (*path, key), without, comma + title)
            comma = ", "
    yield path, end


def _smallest(path: Steps) -> Steps:
    """Return what can be left out so that the rest of a configuration remains valid."""
    for end in range(len(path), 2, -1):
        if isinstance(path[end - 1], int) or path[end - 1] in KEYS.values():
            return path[:end]
    return path[:2]


def _refusal(config: Any, own: Any, path: Steps, reason: str) -> Refusal:
    """Return what Kea refuses at a path of the configuration, `own` being that without extra."""
    values = list(_along(config, path))
    rows = [value for value in values if isinstance(value, Mapping)]
    key, value = str(path[-1]) if path else "", values[-1]
    is_extra = list(_along(own, path))[len(path) :] != [value]
    name = key if is_extra else _INVENTORY_KEYS.get(key, key)
    statement = name if isinstance(value, (Mapping, list)) else f"{name}: {value}"
    if "option-data" in path and "name" in rows[-1]:
        name = rows[-1]["name"]
        statement = f"option {_INVENTORY_OPTIONS.get(name, name)} {rows[-1].get('data', '')}"
    if _NO_OPTION.fullmatch(reason):
        reason = "it has no option of this name"
    elif _NO_KEY.fullmatch(reason):
        reason = f"it has no such key in {path[-2] if len(path) > 1 else 'a configuration'}"
    elif key == "next-server" or reason.startswith("invalid parameter next-server"):
        reason = "it is neither an address nor the name of a fixed host that has one"
    if not path:
        return Refusal("site", "", "", reason)
    if is_extra:
        return Refusal("variable", "kea_extra", statement.strip(), reason)
    host = next((row for row in rows if "hw-address" in row), None)
    subnet = next((row for row in rows if "subnet" in row), None)
    if host is not None:
        return Refusal("host", str(host["hostname"]), statement.strip(), reason)
    if subnet is None and "shared-networks" in path:
        subnet = next(row["subnet4"][0] for row in rows if "subnet4" in row and "name" in row)
    if subnet is not None:
        return Refusal("subnet", str(subnet["subnet"]), statement.strip(), reason)
    return Refusal("site", "", statement.strip(), reason)


def _along(value: Any, path: Steps) -> Iterator[Any]:
    """Yield a value and those inside of it along a path, as far as it goes."""
    yield value
    for step in path:
        try:
            value = value[step]
        except (IndexError, KeyError, TypeError):
            return
        yield value


def _place(settings: Mapping[str, Any], refusal: Refusal) -> str | None:
    """Return where the inventory has a value that is not a host's or a subnet's."""
    if refusal.kind == "variable":
        extra = settings["extra"]
        return origins.place([extra]) or origins.place(extra)
    if refusal.kind == "site":
        options = settings["options"] or {}
        names = [name for name in options if refusal.statement.startswith(f"option {name} ")]
        return origins.place(names)
    return None


def _may_be_later(refusal: Refusal, program: str) -> bool:
    """Return whether a later Kea than the controller's may accept it."""
    if refusal.reason == "it has no option of this name":
        return refusal.statement.split()[1] in _LATER_OPTIONS
    if not refusal.reason.startswith("it has no such key") or refusal.statement == "Dhcp4":
        return False
    version = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stdout
    return version.startswith("2.")
