"""Statements with sines, powers and logarithms, which Z3 does not know.

A comparison is proved where SymPy's rewriting takes the difference of its sides to 0, or finds its sign, and no value
that was tried contradicts it. A counter-example is a value at which SymPy's exact evaluation says that it is false.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .decide import Clock
from .defined import requirements
from .names import Domain
from .statement import Statement
from .symbolic import Translator
from .syntax import COMPARISONS, ZERO, Apply, Name, Node, conjuncts
from .truth import Evaluator, Value

TRIALS = 120
MIN_TRIED = 5
SIMPLE = ((0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (10, 1))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rewriting and trying found.

    Attributes:
        proved: Whether the statement was proved.
        values: For which it is certainly false.
        conditions: What must hold so that everything is defined.
        refuted: Whether the statement is false, for ``values`` where it has variables.
        method: What was done.
    """

    proved: bool
    method: str
    values: Mapping[str, Value] = field(default_factory=dict)
    conditions: tuple[Node, ...] = ()
    refuted: bool = False


def decide(statement: Statement, clock: Clock) -> Outcome:
    """Tries values, then rewriting.

    Args:
        statement: Over reals and integers.
        clock: Tells how long it may take.
    """
    if any(domain.sort not in ("real", "integer") for domain in statement.domains.values()):
        return Outcome(False, "only statements about real numbers and integers can be tried")
    needed = tuple(requirements(Apply("and", (*statement.given, statement.claim))))
    tried = 0
    for values in itertools.islice(_trials(statement.domains), TRIALS):
        evaluator = Evaluator(values)
        if not all(evaluator.truth(part) for part in (*statement.restrictions, *statement.given)):
            continue
        if evaluator.truth(statement.claim) is False:
            return Outcome(False, "", values, refuted=True)
        tried += all(evaluator.truth(part) for part in needed)
        if clock.left < clock.seconds / 2:
            break
    without = f"no counter-example among {tried} values"
    enough = MIN_TRIED if statement.domains else 1
    if tried >= enough and _is_rewritten(statement):
        return Outcome(True, f"SymPy's rewriting of the difference of both sides; {without}", conditions=needed)
    return Outcome(False, f"SymPy found no proof; {without}")


def _trials(domains: Mapping[str, Domain]) -> Iterator[dict[str, Value]]:
    import sympy

    source = random.Random(1)  # noqa: S311
    if len(domains) <= 2:  # noqa: PLR2004 — more variables would leave no room for random values
        simple = [sympy.Rational(*pair) for pair in SIMPLE]
        for values in itertools.product(simple, repeat=len(domains)):
            yield _fitting(domains, values)
    while domains:
        size = source.choice((1, 5, 30))
        yield _fitting(domains, [sympy.Rational(source.randint(-size * 12, size * 12), 12) for _ in domains])


def _fitting(domains: Mapping[str, Domain], values: Any) -> dict[str, Value]:
    import sympy

    drawn = zip(domains.items(), values, strict=True)
    return {name: sympy.floor(value) if domain.sort == "integer" else value for (name, domain), value in drawn}


def _is_rewritten(statement: Statement) -> bool:
    translator = Translator(_positive(statement))
    return all(_is_shown(part, translator) for part in conjuncts(statement.claim))


def _is_shown(part: Node, translator: Translator) -> bool:
    import sympy

    if not isinstance(part, Apply) or part.op not in COMPARISONS:
        return False
    left, right = (translator.expression(side) for side in part.args)
    return _vanishes(left - right) if part.op == "=" else _has_sign(sympy.simplify(left - right), part.op)


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


def _vanishes(difference: Any) -> bool:
    import sympy

    ways = (
        sympy.simplify,
        lambda e: sympy.trigsimp(sympy.expand_trig(e)),
        lambda e: sympy.simplify(sympy.expand(e.rewrite(sympy.exp))),
        lambda e: sympy.simplify(sympy.expand_log(e)),
    )
    return difference == 0 or any(way(difference) == 0 for way in ways)
