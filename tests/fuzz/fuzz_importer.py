"""Fuzz the importer: whatever the files hold, it imports them or prints a line with the reason.

    python tests/fuzz/fuzz_importer.py --seconds 60

The golden inputs are damaged token by token and byte by byte. A traceback is a find, and so is an
inventory that YAML cannot read.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "roles/lease_merge/files")]

from controller.importer import __main__ as importer  # noqa: E402  # found on the path set above
from tests.fuzz.campaign import arguments  # noqa: E402
from tests.importer.sources import GOLDEN, options  # noqa: E402

MODEL = ROOT / "tests/importer/model"
_TOKEN = re.compile(rb"[A-Za-z0-9_.-]+|\s+|[^A-Za-z0-9_.\s-]")
_HOSTILE = (
    b"", b"\0", b"\xff", b"{", b"}", b"[", b"]", b'"', b"'", b";", b",", b":", b"/", b"=", b"\\",
    b"\n", b"0", b"-1", b"4294967296", b"9" * 40, b"255.255.255.255", b"0.0.0.0/0", b"::", b"1.2.3",
    b"010.1.1.1", b"\xc2\xb2", b"a" * 300, b"host", b"pool", b"include", b"..", b"*", b"#", b"null",
    b"true", b"{{ x }}", b"tag:!", b"set:", b"%", b"!", b"e\xcc\x81", b"\xe2\x84\xaa",
)  # fmt: skip


def damage(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to four tokens lost, doubled, replaced or exchanged."""
    tokens = _TOKEN.findall(data)
    for _ in range(chance.randint(1, 4)):
        here, there = chance.choices(range(len(tokens)), k=2)
        match chance.randrange(6):
            case 0:
                tokens[here] = b""
            case 1:
                tokens[here] = chance.choice(_HOSTILE)
            case 2:
                tokens[here] += tokens[there]
            case 3:
                tokens[here], tokens[there] = tokens[there], tokens[here]
            case 4:
                tokens[here] = bytes([chance.randrange(256)])
            case _:
                del tokens[here : here + chance.randint(1, 30)]
                tokens = tokens or [b" "]
    return b"".join(tokens)


def find(seed: int, folder: Path) -> str | None:
    """Damage a golden input, import it, and return what is wrong; None if nothing is."""
    chance = random.Random(seed)
    case = chance.choice(sorted(path.name for path in GOLDEN.iterdir()))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(GOLDEN / case / "input", folder / "input")
    files = [path for path in sorted((folder / "input").rglob("*")) if path.is_file()]
    path = chance.choice(files)
    path.write_bytes(damage(path.read_bytes(), chance))
    given = options(folder / "input")
    out, err = io.StringIO(), io.StringIO()
    into = folder / "inventory"
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = importer.main([*given, "--into", str(into), "--model", str(MODEL)])
    except BaseException as error:
        return f"seed {seed}, {case}, {path.name}: {error!r}"
    if code:
        return None if err.getvalue().startswith("importer: ") else f"seed {seed}: no message"
    for name in ("fixed_hosts.yml", "servers.yml", "group_vars/all/site.yml"):
        try:
            yaml.safe_load((into / name).read_text().replace("!unsafe ", ""))
        except yaml.YAMLError as error:
            return f"seed {seed}, {case}, {path.name}: {name} is no YAML: {error}"
    return None


def main() -> int:
    """Fuzz for some seconds; exit 1 with every find."""
    first, go_on = arguments(__doc__ or "")
    seed, finds = first, 0
    with tempfile.TemporaryDirectory() as folder:
        while go_on():
            found = find(seed, Path(folder) / "case")
            if found:
                finds += 1
                print(found)
            seed += 1
    print(f"{seed - first} inputs, {finds} finds")
    return bool(finds)


if __name__ == "__main__":
    sys.exit(main())
