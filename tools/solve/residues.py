"""Remainders of polynomials, by their finitely many cases.

The remainder of n³ − n by 6 depends on the remainder of n alone. Written out as a table it is trivial for Z3, which
finds no proof for the product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from .limits import MAX_RESIDUES
from .names import Domain
from .syntax import Apply, Name, Node, Number, free_names

ONE, TWO = Fraction(1), Fraction(2)


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
    names = free_names(value)
    if divisor < 1 or not names or not _is_polynomial(value) or _degree(value) < TWO:
        return None
    if any(name not in domains or domains[name].sort != "integer" for name in names):
        return None
    return _table(value, divisor, names, term, {}) if divisor ** len(names) <= MAX_RESIDUES else None


def _table(value: Node, divisor: int, names: list[str], term: Callable[[str], Any], known: dict[str, int]) -> Any:
    import z3

    if not names:
        return z3.IntVal(_evaluated(value, known, divisor))
    first, *rest = names
    rows = [_table(value, divisor, rest, term, known | {first: residue}) for residue in range(divisor)]
    remainder, found = term(first) % divisor, rows[-1]
    for residue in range(divisor - 2, -1, -1):
        found = z3.If(remainder == residue, rows[residue], found)
    return found


def _is_polynomial(node: Node) -> bool:
    match node:
        case Number(value):
            return value.denominator == 1
        case Name():
            return True
        case Apply("+" | "-" | "*" | "neg", args):
            return all(map(_is_polynomial, args))
        case Apply("^", (base, Number(exponent))):
            return exponent.denominator == 1 and exponent >= 0 and _is_polynomial(base)
    return False


def _degree(node: Node) -> Fraction:
    """Returns the degree of a polynomial, or more where terms cancel."""
    match node:
        case Name():
            return ONE
        case Apply("*", (left, right)):
            return _degree(left) + _degree(right)
        case Apply("^", (base, Number(exponent))):
            return _degree(base) * exponent
        case Apply(_, args):
            return max(map(_degree, args))
    return Fraction(0)


def _evaluated(node: Node, values: Mapping[str, int], divisor: int) -> int:
    match node:
        case Name(name):
            return values[name]
        case Apply("^", (base, Number(exponent))):
            return pow(_evaluated(base, values, divisor), int(exponent), divisor)
        case Apply(op, args):
            parts = [_evaluated(arg, values, divisor) for arg in args]
            first, last = parts[0], parts[-1]
            return {"+": first + last, "-": first - last, "*": first * last, "neg": -first}[op] % divisor
    assert isinstance(node, Number)
    return int(node.value) % divisor
