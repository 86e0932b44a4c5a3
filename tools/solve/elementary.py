"""Statements with sines, powers and logarithms, which Z3 does not know.

A comparison is proved where SymPy's rewriting takes the difference of its sides to 0, or finds its sign, and no value
that was tried contradicts it. A counter-example is a value at which intervals that surely hold both sides do not touch.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from .arithmetic import Value
from .decide import Clock
from .defined import requirements
from .exact import Evaluator
from .names import Domain
from .statement import Statement
from .symbolic import Translator
from .syntax import COMPARISONS, ZERO, Apply, Name, Node, conjuncts

TRIALS = 300
MIN_TRIED = 5
SIMPLE = [Fraction(*pair) for pair in ((0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (10, 1))]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rewriting and trying found.

    Attributes:
        proved: Whether the statement was proved.
        values: For which it is certainly false.
        conditions: What must hold so that everything is defined.
        method: What was done.
    """

    proved: bool
    method: str
    values: Mapping[str, Value] = field(default_factory=dict)
    conditions: tuple[Node, ...] = ()


def decide(statement: Statement, clock: Clock) -> Outcome:
    """Tries values, then rewriting.

    Args:
        statement: Over reals and integers.
        clock: Tells how long it may take.
    """
    if any(domain.sort not in ("real", "integer") for domain in statement.domains.values()):
        return Outcome(False, "only statements about real numbers and integers can be tried")
    tried = 0
    evaluate = [*statement.restrictions, *statement.given]
    for values in itertools.islice(_trials(statement.domains), TRIALS):
        evaluator = Evaluator(values)
        if not all(evaluator.truth(part) for part in evaluate):
            continue
        truth = evaluator.truth(statement.claim)
        if truth is False:
            return Outcome(False, "", values)
        tried += _is_defined(statement.claim, evaluator)
        if clock.left < clock.seconds / 2:
            break
    without = f"no counter-example among {tried} values"
    if tried >= MIN_TRIED and _is_rewritten(statement):
        needed = tuple(requirements(Apply("and", (*statement.given, statement.claim))))
        return Outcome(True, f"SymPy's rewriting of the difference of both sides; {without}", conditions=needed)
    return Outcome(False, f"SymPy found no proof; {without}")


def _is_defined(claim: Node, evaluator: Evaluator) -> bool:
    return all(evaluator.truth(part) for part in requirements(claim))


def _trials(domains: Mapping[str, Domain]) -> Iterator[dict[str, Fraction]]:
    source = random.Random(1)  # noqa: S311
    if len(domains) <= 2:  # noqa: PLR2004 — more variables would leave no room for random values
        for values in itertools.product(SIMPLE, repeat=len(domains)):
            yield from _fitting(domains, dict(zip(domains, values, strict=True)))
    while domains:
        size = source.choice((1, 5, 30))
        drawn = {name: Fraction(source.randint(-size * 12, size * 12), 12) for name in domains}
        yield from _fitting(domains, drawn)


def _fitting(domains: Mapping[str, Domain], values: dict[str, Fraction]) -> Iterator[dict[str, Fraction]]:
    whole = {name: Fraction(int(value)) if domains[name].sort == "integer" else value for name, value in values.items()}
    if whole == values or any(domain.sort == "integer" for domain in domains.values()):
        yield whole


def _is_rewritten(statement: Statement) -> bool:
    import sympy

    translator = Translator(_positive(statement))
    for part in conjuncts(statement.claim):
        if not isinstance(part, Apply) or part.op not in COMPARISONS:
            return False
        left, right = (translator.expression(side) for side in part.args)
        difference = left - right
        if not (_vanishes(difference, sympy) if part.op == "=" else _has_sign(sympy.simplify(difference), part.op)):
            return False
    return True


def _has_sign(difference: Any, op: str) -> bool:
    known = {
        "!=": difference.is_nonzero, "<": difference.is_negative, "<=": difference.is_nonpositive,
        ">": difference.is_positive, ">=": difference.is_nonnegative,
    }  # fmt: skip
    return known[op] is True


def _positive(statement: Statement) -> dict[str, Domain]:
    """Tells SymPy which variables are positive, because that was assumed or nothing else would be defined."""
    domains = dict(statement.domains)
    known = [part for node in statement.given for part in conjuncts(node)]
    for part in (*known, *requirements(statement.claim)):
        match part:
            case Apply(">", (Name(name), zero)) if zero == ZERO and name in domains:
                domains[name] = replace(domains[name], least=max(domains[name].least or 0, 0), least_itself=False)
    return domains


def _vanishes(difference: Any, sympy: Any) -> bool:
    ways = (
        sympy.simplify,
        lambda e: sympy.trigsimp(sympy.expand_trig(e)),
        lambda e: sympy.simplify(sympy.expand(e.rewrite(sympy.exp))),
        lambda e: sympy.simplify(sympy.expand_log(e)),
    )
    return difference == 0 or any(way(difference) == 0 for way in ways)
