"""Lists the benches and runs those that need nothing but this repository: ``python -m bench [--list]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ALONE = ("overhead", "startup")


def benches() -> dict[str, str]:
    """Returns each bench's name with the first line of its docstring."""
    sources = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.py"))}
    return {
        name: text.split('"""')[1].splitlines()[0]
        for name, text in sources.items()
        if name != "__main__" and "def main(" in text
    }


def main() -> int:
    """Returns 1 where a limit was missed."""
    for name, what in benches().items():
        print(f"{name:12}{what}" + ("" if name in ALONE else f"  (by hand: python -m bench.{name} --help)"))
    if "--list" in sys.argv[1:]:
        return 0
    return max(map(_run, ALONE))


def _run(name: str) -> int:
    print(f"\n== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=FOLDER.parent, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
