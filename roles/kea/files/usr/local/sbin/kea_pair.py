#!/usr/bin/python3
"""The Kea pair as this server sees it.

    kea-pair state [--wait SECONDS [--alone]]
                             print both servers' states, or "not running"
    kea-pair reserve         add and delete reservations; exit 1 if anything else has changed
    kea-pair reload          reload the configuration; exit 1 if Kea refuses it
    kea-pair unread          print "unread" if Kea has yet to read its configuration
    kea-pair validate FILE   check a candidate of kea-dhcp4.conf
    kea-pair watch           end connections to a silent peer, stop Kea on a full disk

Source: Kea Administrator Reference Manual, "Management API", "libdhcp_ha.so" and
"libdhcp_host_cmds.so".
"""

from __future__ import annotations

import argparse
import errno
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONF = Path("/etc/kea/kea-dhcp4.conf")
SOCKET = "/run/kea/kea4-ctrl-socket"
LEASES = "/var/lib/kea"
# A copy, with its time stamp, of the configuration that Kea last read; its unit makes it at start.
READ = Path("/run/kea/read")
UNIT = "kea-dhcp4-server.service"
# Shows that the watch, and nobody else, has stopped Kea.
STOPPED = Path("/run/kea-watch/stopped")
# What Kea last reported about the pair, for leasemerge, which may not send commands to Kea.
PAIR = Path("/run/kea-watch/pair")

# Kea itself waits 10 s, whatever is set, for a peer that accepts connections and sends nothing.
BEAT = 0.5
SILENCE = 1.0
MISSES = 2
# Room for hundreds of rows. A full disk makes the grants of both servers fail; with this
# server's Kea stopped, its peer serves alone.
ROOM_MIN = 256 * 1024
ROOM_BACK = 1024 * 1024
REPORT = 60.0
# How often the watch queries Kea for the state of the pair.
LOOK = 5.0
HEALTHY = "hot-standby hot-standby"


def command(name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return Kea's answer to a command. Raises OSError: when it does not run."""
    request = {"command": name} | ({"arguments": arguments} if arguments else {})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(10)
        channel.connect(SOCKET)
        channel.sendall(json.dumps(request).encode())
        channel.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: channel.recv(65536), b""))
    read: dict[str, Any] = json.loads(answer)
    return read


def state() -> str:
    """Return this server's state in the pair and its peer's last known state.

    `disabled` is not one of Kea's states: its peer pauses it while it fetches the leases.
    """
    try:
        arguments = command("status-get")["arguments"]
        servers = arguments["high-availability"][0]["ha-servers"]
        own, peer = servers["local"]["state"], servers["remote"]["last-state"] or "unknown"
    except (OSError, ValueError):
        return "not running"
    except (KeyError, IndexError):
        return "starting"
    # 2.6 and later report it; such a server answers nobody.
    if own == "hot-standby" and arguments.get("dhcp-state", {}).get("globally-disabled"):
        own = "disabled"
    return f"{own} {peer}"


def wait(seconds: float, alone: bool) -> str:
    """Return the state once both are in hot standby, or as it is after so many seconds.

    With `alone`, a server that serves without its peer is enough.
    """
    end = time.monotonic() + seconds
    while (now := state()) != HEALTHY and time.monotonic() < end:
        if alone and now.startswith("partner-down "):
            break
        time.sleep(0.5)
    return now


def unread() -> bool:
    """Return whether the configuration was written after Kea last read it."""
    return any(map(is_unread, [CONF, *CONF.parent.glob("pair*")]))


def is_unread(file: Path) -> bool:
    """Return whether a file was written after Kea last read it."""
    try:
        return file.stat().st_mtime > READ.stat().st_mtime
    except FileNotFoundError:
        return False  # one that is not running reads everything when it starts


def reserve() -> int:
    """Have Kea apply changed reservations one by one; return the exit status.

    A reload would have it answer nobody for a second, but is needed if anything else has changed or
    a command fails: Debian has the hook for them only with Kea 3.0 and later.
    """
    begun = time.time()
    written = CONF.read_bytes()
    try:
        read, known = without_reservations(READ.read_bytes())
        wanted, reservations = without_reservations(written)
    except (FileNotFoundError, ValueError, KeyError):
        return 1
    if read != wanted or known == reservations or any(map(is_unread, CONF.parent.glob("pair*"))):
        return 1
    try:
        for key, reservation in known.items():
            if reservations.get(key) != reservation and not is_deleted(*key):
                return 1
        for key, reservation in reservations.items():
            if known.get(key) != reservation and not is_added(key[0], reservation):
                return 1
    except OSError:
        return 1
    has_read(written, begun)
    return 0


def without_reservations(
    configuration: bytes,
) -> tuple[dict[str, Any], dict[tuple[int, str], dict[str, Any]]]:
    """Return a configuration without its reservations, and these by subnet id and MAC address.

    Raises ValueError or KeyError: when it is not one that the role has made.
    """
    dhcp = json.loads(configuration)["Dhcp4"]
    subnets = dhcp["subnet4"] + [one for net in dhcp["shared-networks"] for one in net["subnet4"]]
    scopes = [(0, dhcp), *((subnet["id"], subnet) for subnet in subnets)]
    reservations = {
        (number, reservation["hw-address"]): reservation
        for number, scope in scopes
        for reservation in scope.pop("reservations")
    }
    return dhcp, reservations


def is_deleted(subnet_id: int, mac: str) -> bool:
    """Delete a reservation; return whether Kea did so."""
    who = {"subnet-id": subnet_id, "identifier-type": "hw-address", "identifier": mac}
    answer = command("reservation-del", who | {"operation-target": "memory"})
    return bool(answer["result"] == 0)


def is_added(subnet_id: int, reservation: dict[str, Any]) -> bool:
    """Add a reservation; return whether Kea did so."""
    what = {"reservation": {"subnet-id": subnet_id, **reservation}, "operation-target": "memory"}
    return bool(command("reservation-add", what)["result"] == 0)


def has_read(configuration: bytes, when: float) -> None:
    """Record what Kea has read, and when it began to read it."""
    READ.write_bytes(configuration)
    os.utime(READ, (when, when))


def reload() -> int:
    """Reload the configuration; return the exit status."""
    begun = time.time()
    written = CONF.read_bytes()
    try:
        answer = command("config-reload")
    except OSError as error:
        print(f"kea-pair: Kea does not answer at {SOCKET}: {error.strerror}", file=sys.stderr)
        return 1
    if answer.get("result") != 0:
        print(f"kea-pair: Kea refused to reload: {answer.get('text')}", file=sys.stderr)
        return 1
    has_read(written, begun)
    return 0


def validate(candidate: str) -> int:
    """Check a candidate; return Kea's exit status.

    Debian's AppArmor profile lets Kea read its configuration only in /etc/kea.
    """
    handle, staged = tempfile.mkstemp(prefix="kea-dhcp4.conf.", dir=CONF.parent)
    os.close(handle)
    try:
        shutil.copyfile(candidate, staged)
        return subprocess.run(["/usr/sbin/kea-dhcp4", "-t", staged], check=False).returncode
    finally:
        Path(staged).unlink()


def watch() -> None:
    """Watch the pair for ever."""
    misses = 0
    looked = reported = -REPORT
    while True:
        begun = time.monotonic()
        pair = settings()
        reason, is_silent = why_no_answer(pair)
        misses, line = counted(misses, reason)
        if line:
            print(line, flush=True)
        if is_silent and misses % MISSES == 0:
            end_connections(pair)
        watch_disk()
        if begun - looked >= LOOK:
            looked = begun
            now = state()
            write_state(now)
            if "terminated" in now and begun - reported >= REPORT:
                reported = begun
                print(
                    "The pair has TERMINATED its partnership, because the clocks are more than"
                    " 60 s apart: if one server dies, the other does not take over. Set the"
                    " clocks, then restart Kea on both.",
                    flush=True,
                )
        time.sleep(max(0.0, begun + BEAT - time.monotonic()))


def counted(misses: int, reason: str) -> tuple[int, str]:
    """Return how often in a row the peer did not answer, and what is to be logged.

    A peer may be down for days: only the beginning and the end are logged.
    """
    if not reason:
        return 0, "The peer answers again." if misses >= MISSES else ""
    return misses + 1, f"The peer does not answer: {reason}." if misses + 1 == MISSES else ""


def settings() -> dict[str, Any]:
    """Return the pair's part of the configuration."""
    for hook in json.loads(CONF.read_text())["Dhcp4"]["hooks-libraries"]:
        if "high-availability" in hook.get("parameters", {}):
            pair: dict[str, Any] = hook["parameters"]["high-availability"][0]
            return pair
    raise SystemExit(f"kea-pair: {CONF} has no pair.")


def write_state(now: str) -> None:
    """Write the state where leasemerge reads it; there is none while Kea does not run."""
    if now in ("not running", "starting"):
        PAIR.unlink(missing_ok=True)
        return
    written = PAIR.with_suffix(".new")
    written.write_text(f"{now}\n")
    written.replace(PAIR)


def why_no_answer(pair: dict[str, Any]) -> tuple[str, bool]:
    """Return why the peer does not answer, empty if it does, and whether it is silent.

    A refused connection is not silence: Kea notices that by itself.
    """
    peer = next(one for one in pair["peers"] if one["name"] != pair["this-server-name"])
    own = next(one for one in pair["peers"] if one["name"] == pair["this-server-name"])
    where = urlsplit(peer["url"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        context.load_verify_locations(pair["trust-anchor"])
        context.load_cert_chain(own["cert-file"], own["key-file"])
        connection = http.client.HTTPSConnection(
            where.hostname or "", where.port, timeout=SILENCE, context=context
        )
        body = json.dumps({"command": "ha-heartbeat", "service": ["dhcp4"]})
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        connection.close()
    except TimeoutError:
        return f"nothing came within {SILENCE:.0f} s", True
    except ssl.SSLError as error:
        return f"TLS: {error.reason or error}", False
    except OSError as error:
        silences = (errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ENETUNREACH)
        return error.strerror or str(error), error.errno in silences
    except http.client.HTTPException:
        return "", False  # it is there
    return "", False


def end_connections(pair: dict[str, Any]) -> None:
    """Make Kea's outstanding requests to the peer fail now."""
    peer = next(one for one in pair["peers"] if one["name"] != pair["this-server-name"])
    where = urlsplit(peer["url"])
    subprocess.run(
        ["ss", "-K", "dst", where.hostname or "", "dport", "=", str(where.port)],
        stdout=subprocess.DEVNULL,
        check=False,
    )


def watch_disk() -> None:
    """Stop Kea when the disk of the lease file is full, and start it when there is room again."""
    found = os.statvfs(LEASES)
    room = found.f_bavail * found.f_frsize
    if room < ROOM_MIN and not STOPPED.exists():
        print(f"The disk of {LEASES} is full: Kea is stopped, its peer serves alone.", flush=True)
        STOPPED.touch()
        subprocess.run(["systemctl", "stop", UNIT], check=False)
    elif room > ROOM_BACK and STOPPED.exists():
        print(f"The disk of {LEASES} has room again: Kea is started.", flush=True)
        STOPPED.unlink()
        subprocess.run(["systemctl", "start", UNIT], check=False)


def main() -> int:
    """Run the command of the arguments; return the exit status."""
    parser = argparse.ArgumentParser(description="The Kea pair as this server sees it.")
    commands = parser.add_subparsers(dest="command", required=True)
    shown = commands.add_parser("state")
    shown.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
    shown.add_argument("--alone", action="store_true")
    shown.set_defaults(run=lambda given: print(wait(given.wait, given.alone)))
    commands.add_parser("reserve").set_defaults(run=lambda _: reserve())
    commands.add_parser("reload").set_defaults(run=lambda _: reload())
    commands.add_parser("unread").set_defaults(
        run=lambda _: print("unread" if unread() else "read")
    )
    checked = commands.add_parser("validate")
    checked.add_argument("file")
    checked.set_defaults(run=lambda given: validate(given.file))
    commands.add_parser("watch").set_defaults(run=lambda _: watch())
    arguments = parser.parse_args()
    status: int | None = arguments.run(arguments)
    return status or 0


if __name__ == "__main__":
    sys.exit(main())
