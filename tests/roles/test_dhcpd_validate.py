"""The program that validates a candidate of dhcpd.conf, with the real dhcpd."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "roles/dhcpd/files/usr/local/sbin/dhcpd-validate"


def validate(text: str, tmp_path: Path) -> tuple[int, str]:
    """Return the exit status and the output for a candidate; nothing may stay in /etc/dhcp."""
    candidate = tmp_path / "dhcpd.conf"
    candidate.write_text(text)
    before = sorted(Path("/etc/dhcp").iterdir())
    run = subprocess.run(
        ["/bin/sh", PROGRAM, candidate], capture_output=True, text=True, check=False
    )
    assert sorted(Path("/etc/dhcp").iterdir()) == before
    return run.returncode, run.stdout + run.stderr


def test_candidate_that_dhcpd_accepts(tmp_path: Path) -> None:
    status, output = validate("subnet 10.1.1.0 netmask 255.255.255.0 { }\n", tmp_path)
    assert status == 0, output


def test_candidate_that_dhcpd_refuses_is_reported_with_the_reason(tmp_path: Path) -> None:
    status, output = validate("option no-such-option 1;\n", tmp_path)
    assert status != 0
    assert "line 1: unknown option dhcp.no-such-option" in output
