"""Faulty inventories, one slip each: the sentences that an operator reads, and nothing else.

tests/golden/inventories/ has the cases, as changes of the inventory in base/:

    # What the slip is
    fixed_hosts.yml                  the file that is changed, as a difference shows it; a new
    -    nas: { aliases: [files] }   file is made, and new lines without old ones are appended
    +    nas: [files]
    = the sentence                   all in order; none where the inventory is valid

Ansible's parts run inside of pytest: an inventory takes a tenth of the time of a playbook.
`python -m tests.playbooks.test_faulty_inventories` writes what is found into the cases, for review.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# None of these has types.
from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]
from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]
from ansible.plugins.loader import filter_loader  # type: ignore[import-untyped]
from ansible.template import Templar, trust_as_template  # type: ignore[import-untyped]
from ansible.vars.hostvars import HostVars  # type: ignore[import-untyped]
from ansible.vars.manager import VariableManager  # type: ignore[import-untyped]

from controller import inventory_files

PROJECT = Path(__file__).parents[2]
GOLDEN = PROJECT / "tests/golden/inventories"
# The files with cases of the roles' variables.
ROLES = ("roles", "limits", "pair")
filter_loader.add_directory(str(PROJECT / "filter_plugins"))


@dataclass
class Case:
    """One slip: changes by file, and the sentences."""

    title: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)


def read_cases(path: Path) -> Iterator[Case]:
    """Read the cases of a file."""
    case: Case | None = None
    for line in path.read_text().splitlines():
        mark, text = line[:1], line[1:]
        if mark == "#":
            if case is not None:
                yield case
            case = Case(text.strip())
            continue
        if case is None or not line:
            continue
        if mark == "=":
            case.sentences.append(text.strip())
        elif mark in "-+":
            file, old, new = case.changes.pop()
            text += "\n"
            # Old lines after new ones are another change of the same file.
            if mark == "-" and new:
                case.changes.append((file, old, new))
                old, new = "", ""
            case.changes.append((file, old + text, new) if mark == "-" else (file, old, new + text))
        else:
            case.changes.append((line, "", ""))
    if case is not None:
        yield case


CASES = {
    f"{path.stem}: {case.title}": case
    for path in sorted(GOLDEN.glob("*.txt"))
    for case in read_cases(path)
}


def make(case: Case, folder: Path) -> None:
    """Make the inventory of a case."""
    shutil.copytree(PROJECT / "inventory", folder, dirs_exist_ok=True)
    shutil.copytree(GOLDEN / "base", folder, dirs_exist_ok=True)
    for file, old, new in case.changes:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        assert old in text, f"{file} has no lines\n{old}"
        text = text.replace(old, new, 1) if old else text + new
        # What a text file cannot show.
        path.write_bytes(text.replace("␉", "\t").encode().replace("␦".encode(), b"\xe9"))


def found(case: Case, folder: Path, with_roles: bool) -> list[str]:
    """Return the sentences about the inventory of a case, as a playbook would print them."""
    make(case, folder / "inventory")
    here = Path.cwd()
    os.chdir(folder)
    try:
        files = inventory_files.check(folder / "inventory")
        return [str(fault) for fault in files] or site_faults(folder / "inventory", with_roles)
    finally:
        os.chdir(here)


def site_faults(inventory: Path, with_roles: bool) -> list[str]:
    """Return what check-inventory.yml would print of an inventory whose files are in order.

    The variables of the roles, which take longer than all else, only `with_roles`.
    """
    loader = DataLoader()
    hosts = InventoryManager(loader, [str(inventory)])
    variables = VariableManager(loader, hosts)
    HostVars(hosts, variables, loader)
    localhost = hosts.localhost or hosts.get_host("localhost")
    templar = Templar(loader, variables.get_vars(host=localhost))
    site = templar.template(trust_as_template("{{ site_definition | checked_site(true) }}"))
    groups = hosts.get_groups_dict()
    kinds = ("dhcp_servers", "tinydns_servers", "dnscache_servers")
    servers = list(dict.fromkeys(host for kind in kinds for host in groups.get(kind, ())))
    for host in ("localhost", *servers) if with_roles else ():
        variables.set_nonpersistent_facts(host, {"site": site})
    templar.available_variables = {
        **variables.get_vars(host=localhost),
        "servers": servers if with_roles else [],
        "site": site,
        "sources": [str(inventory)],
        "playbook_dir": str(inventory.parent / "playbooks"),
    }
    variables_found = templar.template(
        trust_as_template("{{ servers | checked_variables(hostvars, site) }}")
    )
    files_found = templar.template(trust_as_template("{{ sources | without_effect(hostvars) }}"))
    faults = [*site["faults"], *variables_found["faults"], *files_found["faults"]]
    notes = [*site["notes"], *variables_found["notes"], *files_found["notes"]]
    return [*faults, *(f"Note: {note}" for note in notes)]


@pytest.mark.parametrize("name", CASES)
def test_the_sentences_of_a_slip(name: str, tmp_path: Path) -> None:
    """Exactly these, in this order."""
    with_roles = name.partition(": ")[0] in ROLES
    assert found(CASES[name], tmp_path, with_roles) == CASES[name].sentences


def update() -> None:
    """Write what is found into the files of cases."""
    for path in sorted(GOLDEN.glob("*.txt")):
        blocks = []
        for case, block in zip(read_cases(path), path.read_text().split("\n\n"), strict=True):
            with TemporaryDirectory() as folder:
                try:
                    sentences = found(case, Path(folder), path.stem in ROLES)
                except Exception as exc:
                    sentences = [f"{type(exc).__name__}: {exc}".replace("\n", " ")]
            kept = [line for line in block.strip("\n").splitlines() if line[:1] != "="]
            blocks.append("\n".join([*kept, *(f"= {sentence}" for sentence in sentences)]))
        path.write_text("\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    update()
