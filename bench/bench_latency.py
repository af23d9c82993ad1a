"""From a client's DHCPACK to its name's answer at each server (bench/latency)."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run it, from any working directory."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from bench.latency.run import main as run

    run()


if __name__ == "__main__":
    main()
