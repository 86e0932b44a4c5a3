"""How often the calculator is right: on the expressions of a file, and against mpmath, fractions and pint.

Random expressions are computed a second way while they are made: rational ones with ``fractions``, irrational ones with
mpmath at three times the digits, conversions and sums of quantities with pint's own floating-point registry.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import mpmath
import pint

from assistant.loader import builtin_folder, load_file
from assistant.plugin import Context, LibraryView, ToolError
from bench.report import describe

(TOOL,) = load_file(builtin_folder() / "calculator" / "__init__.py")
CONTEXT = Context(cast("LibraryView", None), lambda hit: 0, Path())
Case = tuple[str, Callable[[str, str | None], bool]]
UNITS = (
    ("km", "mile", "ft", "inch", "cm", "nautical_mile", "light_year", "yard"),
    ("kg", "lb", "oz", "tonne", "stone", "mg"),
    ("s", "min", "hours", "days", "weeks", "ms"),
    ("J", "kWh", "kcal", "eV", "BTU"),
    ("km/h", "mph", "m/s", "knot"),
    ("L", "ml", "gallon", "m^3", "cup", "ft^3"),
    ("Pa", "bar", "psi", "mmHg", "atm"),
)
FUNCTIONS = ("sqrt", "exp", "ln", "sin", "cos", "atan", "cbrt", "log10", "tanh")
REFERENCES: dict[str, Callable[[Any], Any]] = {
    "ln": mpmath.log,
    "cbrt": lambda x: mpmath.cbrt(x) if x >= 0 else -mpmath.cbrt(-x),
}


def expressions(path: Path) -> Iterator[Case]:
    """Reads rows with ``expression`` and ``expected``."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        wanted = Fraction(str(row["expected"]).replace(",", ""))
        yield row["expression"], lambda value, exact, wanted=wanted: exact is not None and Fraction(exact) == wanted


def rational(source: random.Random) -> Case:
    """Makes an expression of whole numbers and decimals."""
    text, wanted, _ = _tree(source, depth=source.randint(1, 4))
    return text, lambda value, exact: exact is not None and Fraction(exact) == wanted


def _tree(source: random.Random, depth: int) -> tuple[str, Fraction, int]:
    """An expression with its value and how tightly its loosest operator binds: 1 sums, 2 products, 4 numbers."""
    if depth == 0:
        text = source.choice((str(source.randint(0, 999)), f"{source.uniform(0, 99):.2f}", f"{source.randint(1, 9)}%"))
        return text, Fraction(text.rstrip("%")) / (100 if text.endswith("%") else 1), 4
    left, a, tight_left = _tree(source, depth - 1)
    right, b, tight_right = _tree(source, source.randint(0, depth - 1))
    op = source.choice("+-*/^")
    # A share behind a sum would be a share of what stands before it, which is checked by the tests.
    if op == "^" or (op == "/" and b == 0) or (op in "+-" and "%" in left + right):
        power = source.randint(0, 3) if a else source.randint(1, 3)
        return f"({left})^{power}", a**power, 4
    binding = 1 if op in "+-" else 2
    left = left if tight_left >= binding else f"({left})"
    right = right if tight_right > binding else f"({right})"
    value = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else a}[op]
    return f"{left} {op} {right}", value, binding


def irrational(source: random.Random) -> Case:
    """Makes an expression with functions whose value is of a usual size."""
    while True:
        with mpmath.workdps(40):
            text, wanted = _function_tree(source, source.randint(1, 4))
            if isinstance(wanted, mpmath.mpf) and 1e-9 < abs(wanted) < 1e9:
                return text, lambda value, exact, wanted=wanted: _close(value, wanted)


def _function_tree(source: random.Random, depth: int) -> tuple[str, Any]:
    if depth == 0:
        text = f"{source.uniform(0.1, 20):.3f}"
        return text, mpmath.mpf(text)
    inner, x = _function_tree(source, depth - 1)
    if source.random() < 0.5:
        name = source.choice(FUNCTIONS)
        if (name in ("sqrt", "ln", "log10") and x <= 0) or (name == "exp" and abs(x) > 50):
            name = "atan"
        return f"{name}({inner})", REFERENCES.get(name, getattr(mpmath, name, None))(x)
    other, y = _function_tree(source, depth - 1)
    op = source.choice("+-*/" if y else "+-*")
    value = {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else x}[op]
    return f"({inner}) {op} ({other})", value


def quantity(source: random.Random, registry: pint.UnitRegistry) -> Case:
    """Makes a conversion, or a sum of two quantities in a third unit."""
    a, b, target = (source.choice(group) for group in [source.choice(UNITS)] * 3)
    x, y = round(source.uniform(0.1, 999), 3), round(source.uniform(0.1, 999), 3)
    wanted = registry.Quantity(x, a)
    text = f"{x} {a}"
    if source.random() < 0.5:
        wanted, text = wanted + registry.Quantity(y, b), f"{text} + {y} {b}"
    number = wanted.to(target).magnitude
    return f"{text} in {target}", lambda value, exact: math.isclose(float(value), number, rel_tol=1e-9)


def _close(value: str, wanted: Any) -> bool:
    """Whether a value rounded to 12 digits is the nearest one to what is wanted."""
    with mpmath.workdps(40):
        return bool(abs(mpmath.mpf(value) - wanted) <= abs(wanted) * mpmath.mpf(10) ** -11 * 0.5000001)


def measure(name: str, cases: Iterator[Case]) -> bool:
    """Prints how many of the cases came out equal and how long one took; returns whether all did."""
    equal, seconds = 0, []
    for text, agrees in cases:
        began = time.perf_counter()
        try:
            result = TOOL.function(text, CONTEXT)
            right = agrees(result["value"], result["exact"])
            shown = result["text"]
        except ToolError as error:
            right, shown = False, f"refused: {error}"
        seconds.append(time.perf_counter() - began)
        equal += right
        if not right:
            print(f"  differs: {text}  ->  {shown}")
    seconds.sort()
    middle, slow = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    print(f"{name}: {equal}/{len(seconds)} equal, median {middle * 1e3:.2f} ms, 99th percentile {slow * 1e3:.2f} ms")
    return equal == len(seconds)


def main() -> int:
    """Returns 1 where a result differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="JSONL with `expression` and `expected`")
    parser.add_argument("-n", type=int, default=3000, help="random expressions of each kind (default: 3000)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(describe("mpmath", "pint"))
    TOOL.function("1 km", CONTEXT)  # building pint's registry is no part of a calculation
    registry: pint.UnitRegistry = pint.UnitRegistry()
    source = random.Random(options.seed)
    kinds = {
        **{path.name: expressions(path) for path in options.files},
        "rational, against fractions": (rational(source) for _ in range(options.n)),
        "irrational, against mpmath": (irrational(source) for _ in range(options.n)),
        "units, against pint": (quantity(source, registry) for _ in range(options.n)),
    }
    outcomes = [measure(name, cases) for name, cases in kinds.items()]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
