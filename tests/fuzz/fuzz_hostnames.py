"""Fuzz the hostnames: whatever clients send, tinydns-data compiles exactly the names meant.

    python tests/fuzz/fuzz_hostnames.py --seconds 60

Each round gives some dozens of clients a hostname of made-up bytes, by way of a lease file, and
holds every record of the data.cdb against the naive merge of tests/support/naive.py. What breaks is
made small and kept in finds/, where tests/fuzz/test_hostname_finds.py tries it again for ever.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "roles/lease_merge/files")]

from leasemerge.zone import zone_data  # noqa: E402  # found on the path set above
from tests.fuzz.campaign import arguments  # noqa: E402
from tests.support.examples import merged, site  # noqa: E402
from tests.support.hostile_hostnames import HOSTILE, hostile_log, meant  # noqa: E402
from tests.support.tinydns import compile_data  # noqa: E402

FINDS = Path(__file__).parent / "finds"

TOKENS = (
    *(bytes([byte]) for byte in b"\n\r\0\t :=+&.*-_\\#@%^'Z/\x7f\xff"),
    *(b"\\072", b"\\n", b".office.internal", b":10.1.1.15:60\n", b"\n+www.office.internal:"),
    *(b"wpad", b"www", b"foobar", b"tablet", b"eye", b"ns1", b"isatap", b"a" * 63, b"-" * 63),
    *("\N{KELVIN SIGN}".encode(), "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}".encode()),
    *(b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xc0\xae", b"\xed\xa0\x80", "\uff11\uff12".encode()),
)


def check(hostnames: list[bytes], folder: Path) -> None:
    """Raise AssertionError if what is compiled is not exactly what is meant."""
    blocks = hostile_log(hostnames)
    records = compile_data(zone_data(merged(draco=blocks), site), folder)
    assert sorted(records) == sorted(meant({"draco": blocks}))


def hostname(chance: random.Random) -> bytes:
    """Make up a hostname of up to 255 octets, which is all that a DHCP option holds."""
    text = chance.choice([b"", chance.choice(HOSTILE), chance.choice(TOKENS)])
    for _ in range(chance.randint(0, 5)):
        here = chance.randint(0, len(text))
        piece = chance.choice([chance.choice(TOKENS), chance.randbytes(chance.randint(1, 6))])
        text = text[:here] + piece + text[here:]
    return text[:255]


def fuzz(
    chance: random.Random, go_on: Callable[[], bool], folder: Path
) -> tuple[int, list[list[bytes]]]:
    """Make up and check until the time is over; return how many, and what broke."""
    count, broken = 0, list[list[bytes]]()
    while go_on() and len(broken) < 10:
        hostnames = [hostname(chance) for _ in range(60)]
        count += len(hostnames)
        if _breaks(hostnames, folder):
            broken.append(_smaller(hostnames, folder))
    return count, broken


def _breaks(hostnames: list[bytes], folder: Path) -> bool:
    try:
        check(hostnames, folder)
    except Exception:  # whatever it is that the package raises, it must raise nothing
        return True
    return False


def _smaller(hostnames: list[bytes], folder: Path) -> list[bytes]:
    """Leave out each hostname without which it still breaks."""
    for one in list(hostnames):
        without = [other for other in hostnames if other is not one]
        if _breaks(without, folder):
            hostnames = without
    return hostnames


def main() -> int:
    """Fuzz until the time is over; return 1 if anything broke."""
    seed, go_on = arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as folder:
        count, broken = fuzz(random.Random(seed), go_on, Path(folder))
    for hostnames in broken:
        text = "".join(f"{one.hex()}\n" for one in hostnames)
        path = FINDS / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.hostnames"
        path.write_text(text)
        print(f"{path}: {hostnames!r}")
    print(f"seed {seed}: {count} hostnames, {len(broken)} rounds broke")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
