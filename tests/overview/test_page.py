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

from tests.overview.sample_network import (
    NOW,
    PLAIN,
    PROJECT,
    RESOLVERS,
    SERVERS,
    SITE,
    answers,
    lease,
    row,
    status,
)

HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "{{ lookup('pipe','id') }}",
    "{% raw %}",
    "' onmouseover='x",
    "a&amp;b</td></tr></table>",
]
MACS = [f"02:00:00:00:01:{number:02x}" for number in range(20)]
LONG = "a-name-of-sixty-three-characters-" + "x" * 30
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
#: Lines of zone data, none of which the server serves.
MISSING = 26
WIDTHS = (390, 768, 1440)
SCREENSHOTS = PROJECT / ".lab/screenshots"
HARNESS = """\
<!doctype html><meta charset="utf-8"><title>harness</title>
<iframe id="page" width="{width}" height="900" srcdoc="{page}"></iframe><pre id="result"></pre>
<script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {{
  const page = frame.contentDocument;
  const search = page.getElementById("search");
  const sort = page.getElementById("sort");
  const count = text => {{
    search.value = text;
    search.dispatchEvent(new Event("input"));
    return [...page.querySelectorAll("#hosts tbody tr")].filter(r => r.checkVisibility()).length;
  }};
  const hosts = () => [...page.querySelectorAll("#hosts tbody tr")];
  const sorted = value => {{
    sort.value = value;
    sort.dispatchEvent(new Event("change"));
    return hosts().map(row => row.cells[Number(value)].textContent);
  }};
  const style = (element, name) => frame.contentWindow.getComputedStyle(element)[name];
  const box = element => element.getBoundingClientRect();
  const lines = element => {{
    const range = page.createRange();
    range.selectNodeContents(element);
    return new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
  }};
  const light = colour => {{
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }};
  const ground = element => {{
    for (let e = element; e; e = e.parentElement) {{
      const colour = style(e, "backgroundColor");
      if (!/, 0\\)$/.test(colour)) return colour;
    }}
    return "rgb(255, 255, 255)";
  }};
  const contrast = element => {{
    const both = [light(style(element, "color")), light(ground(element))];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  }};
  const texts = [...page.querySelectorAll("main *")].filter(e => e.checkVisibility()
    && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  const pale = texts.filter(e => contrast(e) < 4.5).map(e => e.textContent.slice(0, 40));
  const servers = [...page.querySelectorAll(".server")];
  const dead = [...page.querySelectorAll(".server li.bad")];
  const inputs = [...page.querySelectorAll("input, select")];
  document.getElementById("result").textContent = JSON.stringify({{
    title: page.title,
    width: page.documentElement.scrollWidth,
    beyond: texts.filter(e => box(e).right > {width} + 1).map(e => e.textContent.slice(0, 40)),
    pale,
    unlabelled: inputs.filter(e => !page.querySelector(`label[for=${{e.id}}]`)).map(e => e.id),
    broken: [...page.querySelectorAll("#hosts td:nth-child(2)")].filter(e => lines(e) > 1
      && style(e, "display") !== "grid").length,
    byName: sorted("0"),
    byAddressOrder: sorted("1"),
    all: count(""),
    laptop: count("laptop"),
    byAddress: count("10.1.1.101"),
    byMac: count("{mac}"),
    twoWords: count("lease draco"),
    none: count("no such host"),
    found: page.getElementById("found").textContent,
    cleared: count(""),
    causes: [...page.querySelectorAll("#state .cause > b")].map(item => item.textContent),
    follows: [...page.querySelectorAll("#state .cause li")].map(item => item.firstChild.data),
    losers: [...page.querySelectorAll("#losers tbody tr")].map(r => r.cells[1].textContent),
    images: page.images.length,
    scripts: page.scripts.length,
    handlers: page.querySelectorAll("[onerror], [onmouseover]").length,
    boxes: servers.map(server => server.querySelector("h3").textContent),
    whole: servers.every(e => box(e).left >= 0 && box(e).right <= {width} && box(e).height > 50),
    dead: dead.map(row => row.textContent),
    printer: [...page.querySelectorAll("#hosts tbody tr")].map(r => r.textContent)
      .find(t => t.startsWith("printer")),
    until: [...page.querySelectorAll("#hosts tbody tr")].map(r => r.cells[5].textContent)
      .find(t => t.startsWith("for ")),
    services: page.querySelectorAll("#queried tbody tr").length,
    bars: [...page.querySelectorAll(".bar .use")].map(bar => box(bar).width > 0),
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
    draco += lease("10.1.2.101", mac=MACS[19], hostname=LONG)
    draco += "".join(lease(f"10.1.2.{n}", mac=MACS[n], hostname=f"h{n}") for n in range(10, 16))
    # Refused: nothing of them is a label, so the hostname is shown as it came.
    site = {**PLAIN, "reserved_names": ["wpad", *({_label(name) for name in HOSTILE})]}
    for number, name in enumerate(HOSTILE):
        draco += lease(f"10.1.1.{101 + number}", mac=MACS[2 + number], hostname=name)
    attack = "<b id=attack>x</b>"
    rows = [
        row(
            "draco",
            leases=draco,
            status=status("draco", "taurus", errors=[attack]),
            units={"isc-dhcp-server.service": "active", "tinydns.service": "failed"},
            answers=answers(**{"10.1.1.3": None, "10.1.1.4": None}),
            addresses={"10.1.1.5": "eth0", "10.1.1.3": "eth0"},
        ),
        row("taurus", reachable=False),
        row("scorpio", units={"dnscache.service": "active"}),
    ]
    given = {"rows": rows, "plain": site, "time": NOW}
    given |= {"site": SITE, "servers": SERVERS, "resolvers": RESOLVERS}
    # Not as variables of the command line: what Ansible reads there it would take for templates.
    (out / "given.json").write_text(json.dumps(given))
    run = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "-i",
            "localhost,",
            PROJECT / "tests/overview/render.yml",
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
    """Return what Chromium makes of the page in a frame of this width."""
    harness = page.parent / f"harness-{width}.html"
    text = html.escape(page.read_text(), quote=True)
    harness.write_text(HARNESS.format(width=width, page=text, mac=MACS[1]))
    run = chromium(page.parent / f"profile-{width}", *options, "--dump-dom", f"file://{harness}")
    result = re.search(r'<pre id="result">(.*?)</pre>', run.stdout, re.DOTALL)
    assert result is not None, (
        f"The browser shows nothing:\n{run.stdout[-500:]}\n{run.stderr[-500:]}"
    )
    assert result[1], f"The page's script did not run:\n{run.stderr[-500:]}"
    return dict(json.loads(html.unescape(result[1])))


def chromium(profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Chromium without a screen."""
    browser = shutil.which("chromium")
    assert browser is not None, "This test needs a browser: apt-get install chromium."
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]
    command += ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
    command += ["--disable-sync", "--virtual-time-budget=5000", f"--user-data-dir={profile}"]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module", params=WIDTHS)
def light(request: pytest.FixtureRequest, rendered: Path) -> dict[str, Any]:
    """Open it on a phone, a tablet and a desk, in the light."""
    return browse(rendered / "index.html", request.param) | {"frame": request.param}


@pytest.fixture(scope="module", params=WIDTHS)
def dark(request: pytest.FixtureRequest, rendered: Path) -> dict[str, Any]:
    """Open it in the dark."""
    seen = browse(rendered / "index.html", request.param, *DARK)
    return seen | {"frame": request.param}


@pytest.fixture(scope="module")
def wide(rendered: Path) -> dict[str, Any]:
    """Open it on a desk, in the light."""
    return browse(rendered / "index.html", 1440)


def test_nothing_hostile_becomes_a_part_of_the_page(wide: dict[str, Any]) -> None:
    assert wide["title"] == "(4) Attention: office.internal: addresses and names"
    assert (wide["images"], wide["scripts"], wide["handlers"]) == (0, 1, 0)


def test_hostile_names_are_shown_as_they_came(wide: dict[str, Any]) -> None:
    assert set(wide["losers"]) == set(HOSTILE)


def test_the_causes_come_first(wide: dict[str, Any]) -> None:
    assert wide["causes"] == [
        "taurus cannot be reached.",
        "draco: tinydns.service is failed.",
        "draco: <b id=attack>x</b>",
        f"draco serves zone data that differs from the merge's: {MISSING} missing, 0 extra.",
    ]
    assert "The name server ns1 (10.1.1.3) answers nobody." in wide["follows"]
    assert "The name server ns2 (10.1.1.4) answers nobody." in wide["follows"]


def test_the_table_can_be_searched(wide: dict[str, Any]) -> None:
    assert wide["all"] == wide["cleared"] == 14
    assert wide["laptop"] == 1
    assert wide["byAddress"] == 0
    assert wide["byMac"] == 1
    assert wide["twoWords"] == 9
    assert wide["none"] == 0
    assert wide["found"] == "0 of 14"


def test_the_table_can_be_sorted(wide: dict[str, Any]) -> None:
    """By the numbers of an address, not by its digits."""
    assert wide["byName"] == sorted(wide["byName"])
    numbers = [tuple(map(int, address.split("."))) for address in wide["byAddressOrder"]]
    assert numbers == sorted(numbers)


def test_all_macs_and_services_are_there(wide: dict[str, Any]) -> None:
    assert "02:00:00:00:00:05" in wide["printer"]
    assert "02:00:00:00:00:06" in wide["printer"]
    assert wide["services"] == 4
    assert wide["bars"] == [True, True]


def test_times_are_local_with_utc_beside_them(wide: dict[str, Any]) -> None:
    until = wide["until"]
    assert re.fullmatch(r"for 50 min, until .*2026.* \(12:50 UTC\)", until), until


def test_a_person_finds_it_readable(light: dict[str, Any]) -> None:
    """No sideways scrolling, every server in sight, enough contrast, every field labelled."""
    _readable(light)
    assert _brightness(light["ground"]) > 200 > 100 > _brightness(light["ink"])


def test_a_person_finds_it_readable_in_the_dark(dark: dict[str, Any]) -> None:
    _readable(dark)
    assert _brightness(dark["ground"]) < 100 < 200 < _brightness(dark["ink"])


def _readable(seen: dict[str, Any]) -> None:
    assert seen["width"] <= seen["frame"]
    assert seen["beyond"] == []
    assert seen["pale"] == []
    assert seen["unlabelled"] == []
    assert seen["broken"] == 0, "an address is broken over two lines"
    assert seen["boxes"] == SERVERS
    assert seen["whole"]
    # A dead service has a mark and a word, not a colour alone.
    assert "✗tinydns 10.1.1.3silent" in seen["dead"]
    assert all(row.startswith("✗") for row in seen["dead"])


def test_screenshots_are_taken_for_people(rendered: Path) -> None:
    """For people; they are kept out of git."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        for name, options in (("light", ()), ("dark", DARK)):
            target = SCREENSHOTS / f"report-{width}-{name}.png"
            target.unlink(missing_ok=True)
            size = f"--window-size={width},2400"
            page = f"file://{rendered}/index.html"
            chromium(rendered / "profile", *options, size, f"--screenshot={target}", page)
            assert target.stat().st_size > 10_000


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
    assert f"\n  … and {MISSING - 20} more, on the page\n" in screen


def _without_data(page: str) -> str:
    """Take the hostile names out, which are shown as text."""
    for name in HOSTILE:
        page = page.replace(html.escape(name), "").replace(
            html.escape(name).replace("&#x27;", "&#39;"), ""
        )
    return page


def _brightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3
