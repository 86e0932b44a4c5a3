"""Remainders of polynomials, by their finitely many cases.

The remainder of n³ − n by 6 depends on the remainder of n alone. Written out as a table it is trivial for Z3, which
finds no proof for the product.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from .limits import MAX_RESIDUES, SolveError
from .names import Domain
from .symbolic import Translator
from .syntax import Node, free_names


def table(value: Node, divisor: int, domains: Mapping[str, Domain], term: Callable[[str], Any]) -> Any | None:
    """Returns Z3's term for the remainder of a polynomial by a number, as a table over its variables' remainders.

    Args:
        value: The polynomial.
        divisor: More than 0.
        domains: Of all variables.
        term: Z3's term for a variable.

    Returns:
        None where it is no polynomial in integers, is linear, or the table would be too long.
    """
    import z3

    names = [name for name in free_names(value) if name in domains]
    if divisor < 1 or not names or divisor ** len(names) > MAX_RESIDUES:
        return None
    if any(domains[name].sort != "integer" for name in names):
        return None
    polynomial = _polynomial(value, names)
    if polynomial is None or polynomial.total_degree() <= 1:
        return None
    found = z3.IntVal(0)
    for residues in itertools.product(range(divisor), repeat=len(names)):
        remainder = int(polynomial.eval(residues)) % divisor
        if remainder:
            here = [term(name) % divisor == residue for name, residue in zip(names, residues, strict=True)]
            found = z3.If(z3.And(here), z3.IntVal(remainder), found)
    return found


def _polynomial(value: Node, names: list[str]) -> Any | None:
    """Returns a polynomial with whole coefficients as SymPy has it."""
    import sympy

    try:
        expression = Translator(variables=tuple(names)).expression(value)
        return sympy.Poly(expression, *map(sympy.Symbol, names), domain="ZZ")
    except (SolveError, sympy.polys.polyerrors.BasePolynomialError):
        return None
