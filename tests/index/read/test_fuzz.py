"""The fuzz bench itself, on a few files."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from bench.fuzz import MADE, mutated

ROOT = Path(__file__).parents[3]


def test_damaged_files_do_no_harm() -> None:
    command = [sys.executable, "-m", "bench.fuzz", str(ROOT / "tests" / "fixtures"), "--count", "12"]
    kinds = [word for kind in ("zip", "mail", "docx", "csv") for word in ("--kind", kind)]
    run = subprocess.run([*command, *kinds], cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("seeds:") == 4
    assert "HARM" not in run.stdout


def test_the_same_seed_gives_the_same_files_and_they_differ_from_the_real_ones() -> None:
    real = MADE["zip"]()

    def made() -> list[bytes]:
        chance = random.Random(7)
        return [mutated(real[0], real, "zip", chance) for _ in range(30)]

    assert made() == made()
    assert len(set(made())) > 20
    assert real[0] not in made()[:5]
