"""From Z3's models to values that are evaluated and shown."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .arithmetic import Value, Word
from .names import Domain
from .present import expression_text
from .show import number_text

DIGITS = 40


def values_of(model: Any, variables: Mapping[str, Any], domains: Mapping[str, Domain]) -> dict[str, Value]:
    """Returns the value of each variable: a fraction, truth value, name, word, or a pair of fractions around it."""
    return {name: _value(model.eval(term, model_completion=True), domains[name]) for name, term in variables.items()}


def _value(term: Any, domain: Domain) -> Value:
    import z3

    if domain.sort == "boolean":
        return z3.is_true(term)
    if domain.sort == "bits":
        return Word(0, domain).made(term.as_long())
    if domain.sort == "choice":
        return str(term).partition("@")[0]
    if z3.is_algebraic_value(term):
        near = term.approx(DIGITS).as_fraction()
        margin = Fraction(1, 10**DIGITS)
        return (near - margin, near + margin)
    return Fraction(str(term))


def exact_root(model: Any, term: Any) -> str | None:
    """Returns an irrational value in roots, such as sqrt(2), where it has a short form."""
    import sympy
    import z3

    value = model.eval(term, model_completion=True)
    if not z3.is_algebraic_value(value):
        return None
    coefficients = [sympy.Rational(str(part)) for part in value.poly()]
    x = sympy.Symbol("x")
    polynomial = sympy.Poly(coefficients[::-1], x)
    if polynomial.degree() > 2:  # noqa: PLR2004 — longer forms say less than decimals
        return None
    near = sympy.Rational(str(value.approx(DIGITS).as_fraction()))
    roots = [root for root in sympy.roots(polynomial) if abs(sympy.N(root - near, DIGITS)) < sympy.Float("1e-20")]
    return expression_text(roots[0]) if len(roots) == 1 else None


def shown(value: Value) -> str:
    """Returns a value as text; what is rounded begins with ≈."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"≈ {float(sum(value) / 2):.12g}".replace("-", "−")
    if isinstance(value, Word):
        return number_text(Fraction(value.value))
    return value if isinstance(value, str) else number_text(value)
