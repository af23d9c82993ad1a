"""Run drills in the lab: `python -m drills FACTS.json NAME ...` (a drill, a point, or `all`)."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from . import points  # noqa: F401  # importing a point adds its drills to the catalogue
from .catalogue import DRILLS, chosen
from .engine import run, table
from .lab import Lab


def main() -> int:
    """Run the named drills, and keep each result: the latest of each drill counts."""
    facts = json.loads(Path(sys.argv[1]).read_text())
    drills = chosen(sys.argv[2:])
    if not drills:
        print("There is no such drill. These are:")
        print("\n".join(f"{d.name:36} {d.expectation}" for d in DRILLS))
        return 2
    lab, path = Lab(facts), Path(facts["results"])
    if not (drills := [d for d in drills if d.needs(lab)]):
        print("This lab has not what the drill is about.")
        return 2
    results = json.loads(path.read_text()) if path.exists() else {}
    for drill in drills:
        result = asdict(run(drill, lab))
        results[drill.name] = result
        path.write_text(json.dumps(results, indent=1))
        print("\n".join(table([result])), flush=True)
    done = [results[d.name] for d in DRILLS if d.name in results]
    possible = [d for d in DRILLS if d.needs(lab)]
    text = "\n".join(table(done)) + "\n"
    path.with_suffix(".txt").write_text(text)
    if len(done) == len(possible):
        # The record that docs/drills.md refers to, for complete runs only.
        (lab.project / f"docs/drills-{path.stem}.txt").write_text(text)
    return int(any(results[d.name]["faults"] for d in drills))


if __name__ == "__main__":
    sys.exit(main())
