"""The real tinydns-data and tinydns, and what they make of zone data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = ("tinydns", "tinydns-data", "dig", "unshare")

needs_tinydns = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS),
    reason="needs Debian's packages tinydns and bind9-dnsutils",
)

Record = tuple[str, str, int, str]
"""Owner name, type, TTL in seconds, and the data."""

_TYPES = {1: "A", 2: "NS", 6: "SOA", 12: "PTR"}

# tinydns in a network namespace of its own, where it can have port 53 and nobody else reaches it.
# dig queries once it is there: before, the kernel refuses each of its retries at once.
_SERVE = """
set -e
ip link set lo up
env -i PATH="$PATH" ROOT="$1" IP=127.0.0.1 UID=65534 GID=65534 tinydns >/dev/null 2>&1 &
trap "kill $!" EXIT
for attempt in $(seq 100); do
  dig @127.0.0.1 +norecurse +time=1 +tries=1 office.internal SOA >/dev/null 2>&1 && break
  sleep 0.1
done
dig @127.0.0.1 +norecurse +time=2 +tries=5 +ignore +noall $2 -f "$1/questions"
"""


def compile_data(data: bytes, folder: Path) -> list[Record]:
    """Compile zone data with tinydns-data and return every record of the data.cdb."""
    (folder / "data").write_bytes(data)
    done = subprocess.run(["tinydns-data"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, f"tinydns-data refused the zone data: {done.stderr!r}"
    assert done.stderr == b"", f"tinydns-data complained: {done.stderr!r}"
    return _records((folder / "data.cdb").read_bytes())


def compile_only(folder: Path) -> None:
    """Compile zone data of any records."""
    done = subprocess.run(["tinydns-data"], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def query(
    folder: Path, questions: list[str], *, whole: bool = False, sections: str = "+answer"
) -> list[Record]:
    """Query the tinydns that serves the folder with dig over UDP, one question a line.

    A question is a name and a type. `whole` keeps the data as dig prints them, final dots too;
    types that dig knows no words for are printed as RFC 3597 has it.
    """
    (folder / "questions").write_text("".join(f"{question}\n" for question in questions))
    folder.chmod(0o755)
    (folder / "data.cdb").chmod(0o644)
    answers = subprocess.run(
        ["unshare", "--net", "--pid", "--fork", "sh", "-c", _SERVE, "sh", str(folder), sections],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = []
    for line in answers.stdout.splitlines():
        if line.startswith(";"):
            continue  # dig calls a truncated answer malformed
        owner, ttl, _, kind, what = line.split(None, 4)
        found.append((owner.rstrip("."), kind, int(ttl), what if whole else what.rstrip(".")))
    return found


def _records(cdb: bytes) -> list[Record]:
    """Read every record in cdb's file format, and tinydns' own inside it."""
    end = int.from_bytes(cdb[:4], "little")
    position = 2048
    found = []
    while position < end:
        key_length = int.from_bytes(cdb[position : position + 4], "little")
        value_length = int.from_bytes(cdb[position + 4 : position + 8], "little")
        key = cdb[position + 8 : position + 8 + key_length]
        value = cdb[position + 8 + key_length : position + 8 + key_length + value_length]
        position += 8 + key_length + value_length
        # `=` is a plain record; `*` would be a wildcard, `>` and `+` have a location.
        assert value[2:3] == b"=", f"This is no plain record: {key!r} {value!r}"
        kind = _TYPES[int.from_bytes(value[:2], "big")]
        ttl = int.from_bytes(value[3:7], "big")
        assert value[7:15] == bytes(8), f"This record has a time to die: {key!r}"
        what = value[15:]
        text = ".".join(map(str, what)) if kind == "A" else _name(what)
        found.append((_name(key), kind, ttl, text))
    return found


def _name(wire: bytes) -> str:
    labels = []
    while wire[0]:
        labels.append(wire[1 : 1 + wire[0]].decode("latin-1"))
        wire = wire[1 + wire[0] :]
    return ".".join(labels)
