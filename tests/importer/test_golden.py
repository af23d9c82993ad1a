"""The importer against configurations as they are found in the world.

Each folder of golden/ has `input/`, the files to import, and `expected/`, the inventory that comes
of them on top of model/, with import.txt, the remarks.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from controller.importer import __main__ as importer  # noqa: E402  (found only by the line above)
from controller.importer import dhcpd, kea  # noqa: E402
from controller.importer.source import SourceError  # noqa: E402
from tests.importer.sources import CASES, options  # noqa: E402


def run(folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Import a folder's files, as someone who stands in it would."""
    monkeypatch.chdir(folder)
    return importer.main([*options(Path()), "--into", str(into), "--model", str(HERE / "model")])


@pytest.mark.parametrize("case", CASES)
def test_inventory_is_as_expected(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Import a golden folder and compare every file that comes of it."""
    into = tmp_path / "inventory"
    assert run(HERE / "golden" / case / "input", into, monkeypatch) == 0
    made = {path.relative_to(into): path.read_text() for path in into.rglob("*") if path.is_file()}
    expected = HERE / "golden" / case / "expected"
    known = {
        path.relative_to(expected): path.read_text()
        for path in expected.rglob("*")
        if path.is_file()
    }
    assert made == known


def test_no_hardware_address_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find every MAC address of a dhcpd.conf again: in a fixed host or in the text kept."""
    folder = HERE / "golden" / "dhcpd-tinydns" / "input"
    assert run(folder, tmp_path / "inventory", monkeypatch) == 0
    pattern = re.compile(r"\b[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}\b", re.IGNORECASE)

    def macs(text: str) -> set[str]:
        return {":".join(p.zfill(2) for p in m.lower().split(":")) for m in pattern.findall(text)}

    before = macs(
        (folder / "dhcpd.conf").read_text() + (folder / "hosts/printers.conf").read_text()
    )
    after = macs("".join(p.read_text() for p in (tmp_path / "inventory").rglob("*.yml")))
    assert len(before) > 10
    assert before == after


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "subnet 10.0.0.0 netmask 255.0.0.0 {\n",
            "dhcpd.conf:1: this does not end before the file does.",
        ),
        ("a;\n}\n", "dhcpd.conf:2: this brace closes nothing, or a ; is missing."),
        ('\noption x "y;\n', "dhcpd.conf:2: a quotation mark is not closed."),
        (
            "host x { hardware ethernet }\n",
            "dhcpd.conf:1: this brace closes nothing, or a ; is missing.",
        ),
        ("\n\nsubnet 10.0.0.1 netmask 255.0.0.0 {}\n", "dhcpd.conf:3: this is not a subnet: "),
    ],
)
def test_broken_dhcpd_conf_is_reported_with_its_line(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuse what dhcpd would refuse, and report where."""
    monkeypatch.chdir(tmp_path)
    Path("dhcpd.conf").write_text(text)
    with pytest.raises(SourceError, match=re.escape(message)):
        dhcpd.read(Path("dhcpd.conf"))


def test_broken_kea_conf_is_reported_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count lines in the file as it is, with its comments."""
    monkeypatch.chdir(tmp_path)
    Path("kea.json").write_text('/* one\n two */ {\n "a": nonsense }\n')
    with pytest.raises(SourceError, match=r"kea\.json:3: this is not JSON"):
        kea.read(Path("kea.json"))


@pytest.mark.parametrize("text", ["7", '{"Dhcp4": {"subnet4": [{}]}}', '{"subnet4": {"pools": 1}}'])
def test_json_that_is_not_of_kea_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report the file instead of a stack."""
    monkeypatch.chdir(tmp_path)
    Path("kea.json").write_text(text)
    with pytest.raises(SourceError, match=r"kea\.json:1: "):
        kea.read(Path("kea.json"))


def test_include_of_itself_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that includes itself is read a bounded number of times."""
    monkeypatch.chdir(tmp_path)
    Path("dhcpd.conf").write_text('include "dhcpd.conf";\n')
    dhcpd.read(Path("dhcpd.conf"))


def test_existing_directory_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Leave a directory alone that is there already."""
    assert run(HERE / "golden" / "kea" / "input", tmp_path, monkeypatch) == 1
    assert "is already there" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_missing_file_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Name the file that cannot be read."""
    into = str(tmp_path / "inventory")
    assert importer.main(["--dhcpd-conf", str(tmp_path / "none"), "--into", into]) == 1
    assert f"{tmp_path / 'none'}: No such file" in capsys.readouterr().err


def test_large_configuration_is_imported_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Import 5,000 hosts: what is quadratic in them would not end here."""
    monkeypatch.chdir(tmp_path)
    hosts = [
        f"host h{n} {{ hardware ethernet 02:00:00:00:{n >> 8:02x}:{n & 255:02x}; "
        f"fixed-address 10.0.{n >> 8}.{n & 255}; }}\n"
        for n in range(256, 5256)
    ]
    head = 'option domain-name "big.example";\nsubnet 10.0.0.0 netmask 255.255.0.0 { }\n'
    Path("dhcpd.conf").write_text(head + "".join(hosts))
    Path("data").write_text(
        ".big.example:10.0.0.3:a\n"
        + "".join(f"=h{n}.big.example:10.0.{n >> 8}.{n & 255}\n" for n in range(256, 5256))
    )
    assert run(tmp_path, tmp_path / "inventory", monkeypatch) == 0
    assert (tmp_path / "inventory/fixed_hosts.yml").read_text().count("hardware_ethernet") == 5000
