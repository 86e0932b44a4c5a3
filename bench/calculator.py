"""How often the calculator is right, and how soon it refuses what would cost too much.

Generated expressions are computed a second way while they are made: with ``fractions``, mpmath at three times the
digits, numpy, pint's floating-point registry and ``datetime``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

from assistant.loader import builtin_folder, load_file
from assistant.plugin import Context, LibraryView, ToolError
from bench.calculations import HOSTILE, Case, Result, generated
from bench.report import describe

(TOOL,) = load_file(builtin_folder() / "calculator" / "__init__.py")
CONTEXT = Context(cast("LibraryView", None), lambda hit: 0, Path())
LIMIT_S = 0.1  # for a refusal


def calculate(text: str) -> Result:
    """Returns what the tool returns.

    Raises:
        ToolError: It refuses.
    """
    result: Result = TOOL.function(text, CONTEXT)
    return result


def expressions(path: Path) -> Iterator[Case]:
    """Reads rows with ``expression`` and ``expected``."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        wanted = Fraction(str(row["expected"]).replace(",", ""))
        yield Case(row["expression"], lambda result, wanted=wanted: Fraction(result["exact"] or "nan") == wanted)


def measure(name: str, cases: Iterator[Case]) -> tuple[int, int]:
    """Prints how many of the cases agree and how long one took; returns how many agree, and of how many."""
    agree, seconds = 0, []
    for case in cases:
        began = time.perf_counter()
        try:
            result = calculate(case.text)
        except ToolError as error:
            right, shown = False, f"refused: {error}"
        else:
            right, shown = case.agrees(result), result["text"]
        seconds.append(time.perf_counter() - began)
        agree += right
        if not right:
            print(f"  differs: {case.text}  ->  {shown}")
    seconds.sort()
    middle, slow = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    print(f"{name}: {agree:,}/{len(seconds):,} agree, median {middle * 1e3:.2f} ms, 99 % within {slow * 1e3:.1f} ms")
    return agree, len(seconds)


def refusals() -> bool:
    """Prints the slowest refusal of a hostile expression; returns whether each was refused in time."""
    slowest, answered = (0.0, ""), []
    for text in HOSTILE:
        began = time.perf_counter()
        try:
            calculate(text)
            answered.append(text)
        except ToolError:
            slowest = max(slowest, (time.perf_counter() - began, text))
    for text in answered:
        print(f"  not refused: {text[:100]}")
    took, text = slowest
    print(f"hostile: {len(HOSTILE) - len(answered)}/{len(HOSTILE)} refused, slowest {took * 1e3:.1f} ms: {text[:60]}")
    return not answered and took < LIMIT_S


def main() -> int:
    """Returns 1 where a result differs, or a refusal is missing or late."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gsm8k", type=Path, help="JSONL with `expression` and `expected`")
    parser.add_argument("--count", type=int, default=10_000, help="generated expressions, of all kinds together")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(describe("mpmath", "pint", "numpy"))
    calculate("1 km")  # building pint's registry is no part of a calculation
    outcomes = [measure(options.gsm8k.name, expressions(options.gsm8k))] if options.gsm8k else []
    made = [measure(name, iter(cases)) for name, cases in generated(options.count, options.seed).items() if cases]
    print(f"generated: {sum(right for right, _ in made):,}/{sum(count for _, count in made):,} agree")
    in_time = refusals()
    return 0 if in_time and all(right == count for right, count in [*outcomes, *made]) else 1


if __name__ == "__main__":
    sys.exit(main())
