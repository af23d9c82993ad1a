"""The report page in a real browser, with hostnames that want to be something else.

The page is put into a frame as wide as a phone or a desk, a script types into its search field, and
what the browser made of it comes back as JSON.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.report.networks import NOW, PLAIN, PROJECT, SERVERS, SITE, lease, row, status

HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "{{ lookup('pipe','id') }}",
    "{% raw %}",
    "' onmouseover='x",
    "a&amp;b</td></tr></table>",
]
MACS = [f"02:00:00:00:01:{number:02x}" for number in range(20)]
HARNESS = """\
<!doctype html><meta charset="utf-8"><title>harness</title>
<iframe id="page" width="{width}" height="900" srcdoc="{page}"></iframe><pre id="told"></pre>
<script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {{
  const page = frame.contentDocument;
  const search = page.getElementById("search");
  const count = text => {{
    search.value = text;
    search.dispatchEvent(new Event("input"));
    return [...page.querySelectorAll("#hosts tbody tr")].filter(r => r.checkVisibility()).length;
  }};
  const style = (element, name) => frame.contentWindow.getComputedStyle(element)[name];
  document.getElementById("told").textContent = JSON.stringify({{
    title: page.title,
    width: page.documentElement.scrollWidth,
    all: count(""),
    laptop: count("laptop"),
    byAddress: count("10.1.1.101"),
    byMac: count("{mac}"),
    twoWords: count("lease draco"),
    none: count("no such host"),
    found: page.getElementById("found").textContent,
    faults: [...page.querySelectorAll("#state li")].map(item => item.textContent),
    losers: [...page.querySelectorAll("#losers tbody tr")].map(r => r.cells[1].textContent),
    images: page.images.length,
    scripts: page.scripts.length,
    handlers: page.querySelectorAll("[onerror], [onmouseover]").length,
    boxes: [...page.querySelectorAll("svg .strong")].map(text => text.textContent),
    drawn: page.querySelector("svg").getBoundingClientRect().height > 100,
    bars: [...page.querySelectorAll(".bar .use")].map(bar => bar.getBoundingClientRect().width > 0),
    ink: style(page.body, "color"),
    ground: style(page.body, "backgroundColor"),
  }});
}});
</script>
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render the page and the screen of a network under attack, with the real Ansible."""
    out = tmp_path_factory.mktemp("report")
    draco = lease("10.1.1.100", mac=MACS[0], hostname="laptop")
    draco += lease("10.1.2.100", mac=MACS[1], hostname="phone")
    draco += "".join(lease(f"10.1.2.{n}", mac=MACS[n], hostname=f"h{n}") for n in range(10, 16))
    # Refused: nothing of them is a label, so the hostname is shown as it came.
    site = {**PLAIN, "reserved_names": ["wpad", *({_label(name) for name in HOSTILE})]}
    for number, name in enumerate(HOSTILE):
        draco += lease(f"10.1.1.{101 + number}", mac=MACS[2 + number], hostname=name)
    attack = "<b id=attack>x</b>"
    rows = [
        row("draco", leases=draco, status=status("draco", "taurus", errors=[attack])),
        row("taurus", reachable=False),
        row("scorpio", units={"dnscache.service": "active"}),
    ]
    given = {"rows": rows, "plain": site, "site": SITE, "servers": SERVERS, "time": NOW}
    # Not as variables of the command line: what Ansible reads there it would take for templates.
    (out / "given.json").write_text(json.dumps(given))
    run = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "-i",
            "localhost,",
            PROJECT / "tests/report/render.yml",
            "-e",
            f"@{out}/given.json",
            "-e",
            f"out={out}",
        ],
        cwd=PROJECT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return out


def _label(name: str) -> str:
    return re.sub("[^a-z0-9-]", "", name.lower().partition(".")[0].replace(" ", "-")).strip("-")


def browse(page: Path, width: int, *options: str) -> dict[str, Any]:
    """Open the page in Chromium and say what became of it."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "This test needs a browser: apt-get install chromium."
    harness = page.parent / f"harness-{width}.html"
    text = html.escape(page.read_text(), quote=True)
    harness.write_text(HARNESS.format(width=width, page=text, mac=MACS[1]))
    run = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=5000",
            f"--user-data-dir={page.parent / f'profile-{width}'}",
            *options,
            "--dump-dom",
            f"file://{harness}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = re.search(r'<pre id="told">(.*?)</pre>', run.stdout, re.DOTALL)
    assert told is not None, f"The browser shows nothing:\n{run.stdout[-500:]}\n{run.stderr[-500:]}"
    assert told[1], f"The page's script did not run:\n{run.stderr[-500:]}"
    return dict(json.loads(html.unescape(told[1])))


@pytest.fixture(scope="module")
def wide(rendered: Path) -> dict[str, Any]:
    """Open it on a desk, in the light."""
    return browse(rendered / "index.html", 1200)


@pytest.fixture(scope="module")
def narrow(rendered: Path) -> dict[str, Any]:
    """Open it on a phone, in the dark."""
    return browse(rendered / "index.html", 360, "--force-dark-mode")


def test_nothing_hostile_becomes_a_part_of_the_page(wide: dict[str, Any]) -> None:
    assert wide["title"] == "office.internal: addresses and names"
    assert (wide["images"], wide["scripts"], wide["handlers"]) == (0, 1, 0)


def test_hostile_names_are_shown_as_they_came(wide: dict[str, Any]) -> None:
    assert set(wide["losers"]) == set(HOSTILE)


def test_what_needs_attention_comes_first(wide: dict[str, Any]) -> None:
    assert "taurus cannot be reached." in wide["faults"]
    assert "draco: <b id=attack>x</b>" in wide["faults"]


def test_the_table_can_be_searched(wide: dict[str, Any]) -> None:
    assert wide["all"] == 13
    assert wide["laptop"] == 1
    assert wide["byAddress"] == 0
    assert wide["byMac"] == 1
    assert wide["twoWords"] == 8
    assert wide["none"] == 0
    assert wide["found"] == "0 of 13"


def test_the_drawing_and_the_bars_are_there(wide: dict[str, Any]) -> None:
    assert wide["boxes"] == SERVERS
    assert wide["drawn"]
    assert wide["bars"] == [True, True]


def test_a_phone_needs_no_sideways_scrolling(narrow: dict[str, Any]) -> None:
    assert narrow["width"] <= 360
    assert narrow["all"] == 13


def test_dark_mode_is_dark(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert _brightness(wide["ground"]) > 200 > 100 > _brightness(wide["ink"])
    assert _brightness(narrow["ground"]) < 100 < 200 < _brightness(narrow["ink"])


def test_the_page_takes_nothing_from_elsewhere(rendered: Path) -> None:
    page = (rendered / "index.html").read_text()
    assert not re.search(r"(?:src|href)\s*=|url\(|@import|https?:", _without_data(page))


def test_the_screen_keeps_each_hostname_on_its_line(rendered: Path) -> None:
    screen = (rendered / "status.txt").read_text()
    for name in HOSTILE:
        assert json.dumps(name) in screen
    assert "  taurus cannot be reached." in screen


def test_the_screen_is_cut_where_it_would_be_long(rendered: Path) -> None:
    """It has to stay a screen: what is more than twenty lines is counted."""
    screen = (rendered / "status.txt").read_text()
    assert screen.count("  missing: ") == 20
    assert "\n  … and 5 more, on the page\n" in screen


def _without_data(page: str) -> str:
    """Take the hostile names out, which are shown as text."""
    for name in HOSTILE:
        page = page.replace(html.escape(name), "").replace(
            html.escape(name).replace("&#x27;", "&#39;"), ""
        )
    return page


def _brightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3
