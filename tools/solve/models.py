"""From Z3's models to values that are evaluated and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import Domain
from .present import expression_text
from .truth import Value


def values_of(model: Any, variables: Mapping[str, Any], domains: Mapping[str, Domain]) -> dict[str, Value]:
    """Returns the exact value of each variable: SymPy's number, a truth value or a name."""
    return {name: _value(model.eval(term, model_completion=True), domains[name]) for name, term in variables.items()}


def _value(term: Any, domain: Domain) -> Value:
    import z3

    if domain.sort == "boolean":
        return z3.is_true(term)
    return str(term).partition("@")[0] if domain.sort == "choice" else exact(term)


def exact(term: Any) -> Any:
    """Returns a number of Z3's as SymPy has it: a fraction, or the root of a polynomial."""
    import sympy
    import z3

    if not z3.is_algebraic_value(term):
        return sympy.Rational(str(term))
    coefficients = [sympy.Rational(str(part)) for part in term.poly()]
    polynomial = sympy.Poly(coefficients[::-1], sympy.Symbol("x"))
    # Z3 counts the real roots from 1, the smallest first.
    return polynomial.real_roots(multiple=True)[term.index() - 1]


def shown(value: Value) -> str:
    """Returns a value as text, an irrational one with its decimals."""
    import sympy

    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) or value.is_Rational:
        return str(value).replace("-", "−")
    near = f"≈ {expression_text(sympy.N(value, 12))}"
    return near if value.has(sympy.CRootOf) else f"{expression_text(value)} {near}"
