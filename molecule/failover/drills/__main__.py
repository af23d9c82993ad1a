"""Does drills to the lab: `python -m drills FACTS.json NAME ...`, a name, a number, or `all`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from .engine import run, table
from .lab import Lab
from .steps import DRILLS


def main() -> int:
    """Do the drills that are named; keep each result, the latest of each drill counts."""
    facts = json.loads(Path(sys.argv[1]).read_text())
    chosen = [
        d
        for d in DRILLS
        if any(w in ("all", d.name, d.number) or d.number.startswith(f"{w}.") for w in sys.argv[2:])
    ]
    if not chosen:
        print("There is no such drill. These are:")
        print("\n".join(f"{d.number:5} {d.name:34} {d.expectation}" for d in DRILLS))
        return 2
    lab, path = Lab(facts), Path(facts["results"])
    results = json.loads(path.read_text()) if path.exists() else {}
    for drill in chosen:
        result = asdict(run(drill, lab))
        results[drill.number] = result
        path.write_text(json.dumps(results, indent=1))
        print("\n".join(table([result])), flush=True)
    order = [results[d.number] for d in DRILLS if d.number in results]
    path.with_suffix(".txt").write_text("\n".join(table(order)) + "\n")
    return int(any(results[d.number]["faults"] for d in chosen))


if __name__ == "__main__":
    sys.exit(main())
