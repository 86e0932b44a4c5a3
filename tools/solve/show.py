"""Writes trees for people, in one line of text."""

from __future__ import annotations

import itertools
from fractions import Fraction

from .names import REAL, Domain, conditions
from .syntax import Apply, Name, Node, Number, Quantified, Unknown

# How tightly each binds; brackets are set where something looser stands within.
TIGHTNESS = {
    **{"iff": 1, "implies": 2, "or": 3, "xor": 3, "and": 4, "not": 5},
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "divides"), 6),
    **{"+": 8, "-": 8, "*": 9, "/": 9, "//": 8.5, "mod": 8.5, "neg": 10, "^": 11, "factorial": 12},
}
LOOSEST, COMPARES, SUMS, TIGHTEST = 0, 6, 8, 13
SIGNS = {
    **{"iff": "⇔", "implies": "⇒", "or": "or", "xor": "xor", "and": "and"},
    **{"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥", "divides": "divides"},
    **{"+": "+", "-": "−", "*": "·", "/": "/", "//": "//", "mod": "mod"},
}
HIGH = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number_text(value: Fraction) -> str:
    """Returns an integer, a short decimal or a fraction, with the minus sign of mathematics."""
    text = str(value)
    twos_and_fives = value.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if twos_and_fives == 1 and value.denominator in (10, 100, 1000, 10_000):
        text = f"{float(value):.6g}" if abs(value.numerator) < 10**6 else text
    return text.replace("-", "−")


def text_of(node: Node, within: float = LOOSEST) -> str:
    """Returns a tree as one line.

    Args:
        node: What to show.
        within: How tightly the place binds at which it stands.
    """
    if isinstance(node, Number):
        shown = number_text(node.value)
        tight = 9 if "/" in shown else 10 if node.value < 0 else TIGHTEST
        return _bracketed(shown, tight < within)
    if isinstance(node, Name):
        return {"pi": "π", "oo": "∞"}.get(node.name, node.name)
    if isinstance(node, Unknown):
        argument = "" if node.argument is None else f"({text_of(node.argument)})"
        return node.name + "′" * node.order + argument
    if isinstance(node, Quantified):
        return _bracketed(_quantified(node), within > LOOSEST)
    return _bracketed(_applied(node), TIGHTNESS.get(node.op, TIGHTEST) < within)


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


def _quantified(node: Quantified) -> str:
    sign = "∀" if node.kind == "forall" else "∃"
    domain = node.domain or REAL
    restricted = " and ".join(text_of(part, COMPARES - 1) for part in _restrictions(node, domain))
    return (
        f"{sign} {', '.join(node.names)} ∈ {domain.symbol}{restricted and ' with '}{restricted}: {text_of(node.body)}"
    )


def _restrictions(node: Quantified, domain: Domain) -> list[Node]:
    found = [part for name in node.names for part in conditions(name, domain)]
    return [*found, node.condition] if node.condition else found


def _applied(node: Apply) -> str:  # noqa: PLR0911 — one for each form
    op, args = node.op, node.args
    tight = TIGHTNESS.get(op, TIGHTEST)
    if op in ("not", "neg"):
        return f"{'not ' if op == 'not' else '−'}{text_of(args[0], tight + 1)}"
    if op == "^":
        return _power(*args)
    if op == "factorial":
        return f"{text_of(args[0], TIGHTEST)}!"
    if op in ("even", "odd"):
        return f"{text_of(args[0], SUMS)} is {op}"
    if op == "abs":
        return f"|{text_of(args[0])}|"
    if op == "in":
        return f"{text_of(args[0], tight + 1)} ∈ {text_of(args[1])}"
    if chain := _chain(node):
        return chain
    if op in SIGNS:
        sides = [text_of(arg, tight + _brackets(op, i)) for i, arg in enumerate(args)]
        return _joined(op, args, sides)
    return _called(op, [text_of(arg) for arg in args])


def _brackets(op: str, position: int) -> int:
    """1 where an operation of the same kind needs brackets: a − (b − c) does, a + b + c does not."""
    return int(op == "implies" or (position > 0 and op not in ("and", "or", "+", "*")))


def _joined(op: str, args: tuple[Node, ...], sides: list[str]) -> str:
    if op == "*" and isinstance(args[0], Number) and args[0].value.denominator == 1 and sides[1][0].isalpha():
        return "".join(sides)
    space = "" if op in ("*", "/") else " "
    return f"{space}{SIGNS[op]}{space}".join(sides)


def _called(op: str, args: list[str]) -> str:
    listed = ", ".join(args)
    if op in ("list", "set"):
        return f"[{listed}]" if op == "list" else "{" + listed + "}"
    if op == "range":
        return f"{args[0]}..{args[1]}"
    return f"{op}({listed})"


def _power(base: Node, exponent: Node) -> str:
    shown = text_of(base, TIGHTEST)
    if isinstance(exponent, Number) and exponent.value.denominator == 1 and shown[-1] not in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return shown + str(exponent.value).translate(HIGH)
    return f"{shown}^{text_of(exponent, TIGHTEST)}"


def _chain(node: Apply) -> str | None:
    """Returns 1 < x < 5 for what was written so, and was read as the ``and`` of two comparisons."""
    if node.op != "and":
        return None
    parts = [part for part in node.args if isinstance(part, Apply) and part.op in SIGNS and len(part.args) == 2]  # noqa: PLR2004
    linked = len(parts) == len(node.args) and all(
        TIGHTNESS[part.op] == COMPARES and before.args[1] is part.args[0] for before, part in itertools.pairwise(parts)
    )
    if not linked or TIGHTNESS[parts[0].op] != COMPARES:
        return None
    first = text_of(parts[0].args[0], COMPARES + 1)
    return first + "".join(f" {SIGNS[part.op]} {text_of(part.args[1], COMPARES + 1)}" for part in parts)
