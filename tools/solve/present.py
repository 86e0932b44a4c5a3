"""Writes SymPy's expressions for people."""

from __future__ import annotations

from typing import Any

from .limits import MAX_SHOWN

LONG = f"… (more than {MAX_SHOWN:,} characters)"


def expression_text(expression: Any) -> str:
    """Returns an expression as one line: ^ for powers, ln for the natural logarithm, π and ∞ as signs."""
    from sympy.printing.str import StrPrinter

    class Printer(StrPrinter):  # type: ignore[misc, unused-ignore]
        def _print_Pi(self, value: Any) -> str:  # noqa: N802
            return "π"

        def _print_Exp1(self, value: Any) -> str:  # noqa: N802
            return "e"

        def _print_ImaginaryUnit(self, value: Any) -> str:  # noqa: N802
            return "i"

        def _print_Infinity(self, value: Any) -> str:  # noqa: N802
            return "∞"

        def _print_NegativeInfinity(self, value: Any) -> str:  # noqa: N802
            return "-∞"

        def _print_log(self, value: Any) -> str:
            return f"ln({self._print(value.args[0])})"

        def _print_Abs(self, value: Any) -> str:  # noqa: N802
            return f"|{self._print(value.args[0])}|"

        def _print_Mul(self, value: Any) -> str:  # noqa: N802
            return str(super()._print_Mul(value)).replace("*", "·").replace("··", "**")

    text = str(Printer({"order": None}).doprint(expression)).replace("**", "^").replace("*", "·").replace("-", "−")
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + LONG


def expression_latex(expression: Any) -> str:
    """Returns an expression in LaTeX, empty where it would be too long."""
    import sympy

    text = str(sympy.latex(expression, ln_notation=True))
    return text if len(text) <= MAX_SHOWN else ""


def value_text(value: Any) -> str:
    """Returns a number as text, one that is no fraction with its decimals."""
    import sympy

    if value.has(sympy.Float):
        return f"≈ {expression_text(sympy.N(value, 12))}"
    near = decimal(value)
    return f"{expression_text(value)} ≈ {near}" if near else expression_text(value)


def decimal(value: Any) -> str:
    """Returns an irrational number as a decimal; empty for what is exact already, or no finite number."""
    import sympy

    if not value.is_number or value.is_Rational or not value.is_comparable or not value.is_finite:
        return ""
    return expression_text(sympy.N(value, 12))
