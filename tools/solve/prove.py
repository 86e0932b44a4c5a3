"""Proves a statement by showing that its negation cannot hold, or finds values for which it is false."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import elementary
from .decide import Clock, Decision, decide
from .defined import outer_requirements, requirements
from .formulas import Formulas, Unsupported
from .limits import SolveError
from .models import shown, values_of
from .names import conditions
from .problem import Report
from .show import text_of
from .statement import Statement, in_one_line, opposite
from .syntax import COMPARISONS, Apply, Node, Quantified
from .truth import Evaluator, Value

UNKNOWN = "unknown within the limit"
UNDEFINED = "it hangs on values for which something in it is not defined; say for which values it is meant"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a statement.

    Attributes:
        answer: ``proved``, ``counter-example`` or ``unknown within the limit``.
        method: What it rests on.
        conditions: What had to be assumed beside, so that everything is defined.
        values: For which the statement is false; or, where it says that there are some, for which it is true.
        false: Whether the opposite was proved, so that no values are needed.
        checked: Whether ``values`` were put into the statement.
        notes: What else is to be known.
    """

    answer: str
    method: str = "Z3 found that the negation cannot hold"
    conditions: tuple[Node, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    false: bool = False
    checked: bool = False
    notes: tuple[str, ...] = ()


def prove(statement: Statement, clock: Clock, report: Report) -> dict[str, Any]:
    """Decides a statement.

    Args:
        statement: What is claimed.
        clock: Tells how long it may take.
        report: Is given the result that stands if the process is ended.

    Returns:
        ``text``, ``answer``, ``statement`` and what is known beside.

    Raises:
        SolveError: It cannot be understood, or is defined nowhere.
    """
    report(_result(statement, Finding(UNKNOWN), clock))
    return _result(statement, _decided(statement, clock), clock)


def _decided(statement: Statement, clock: Clock) -> Finding:
    try:
        if _asks_for_one(statement):
            return _witness(statement, clock)
        if not requirements(_whole(statement)):
            return _settled(statement, clock)
        return _partial(statement, clock)
    except Unsupported as error:
        return _elementary(statement, clock, str(error))


def _whole(statement: Statement) -> Node:
    return Apply("and", (*statement.given, statement.claim))


def _settled(statement: Statement, clock: Clock) -> Finding:
    """Decides a statement in which everything is defined: one question answers both ways."""
    formulas = Formulas(statement.domains)
    negated = _negated(statement, formulas)
    decision = decide(negated, clock)
    if decision.verdict == "impossible":
        return _proved(statement, clock)
    return _refuted(statement, formulas, decision) if decision.verdict == "possible" else Finding(UNKNOWN)


def _partial(statement: Statement, clock: Clock) -> Finding:
    """Decides a statement with divisions or roots, for which the undefined never counts."""
    share = Clock(clock.left * 0.35)
    strict = Formulas(statement.domains)
    negated = _negated(statement, strict)
    if decide(negated, share).verdict == "impossible":
        return _proved(statement, clock)
    if found := _conditional(statement, strict, negated, clock):
        return found
    lenient = Formulas(statement.domains, "for")
    decision = decide(_negated(statement, lenient), clock)
    if decision.verdict == "possible":
        return _refuted(statement, lenient, decision)
    return Finding(UNKNOWN, notes=(UNDEFINED,) if decision.verdict == "impossible" else ())


def _conditional(statement: Statement, strict: Formulas, negated: list[Any], clock: Clock) -> Finding | None:
    needed = outer_requirements(_whole(statement))
    if not needed:
        return None
    assumed = [strict.plain(part) for part in needed]
    base = [*_facts(statement, strict), *strict.definitions]
    if decide([*base, *assumed], Clock(clock.left * 0.2)).verdict == "impossible":
        raise SolveError(f"for no values is everything in it defined: {in_one_line(needed)} would have to hold")
    decision = decide([*negated, *strict.definitions], Clock(clock.left * 0.6), assumed)
    if decision.verdict != "impossible":
        return None
    return _proved(statement, clock, tuple(needed[number] for number in decision.core))


def _facts(statement: Statement, formulas: Formulas) -> list[Any]:
    return [formulas.formula(part, positive=False) for part in (*statement.restrictions, *statement.given)]


def _negated(statement: Statement, formulas: Formulas) -> list[Any]:
    import z3

    negated = [*_facts(statement, formulas), z3.Not(formulas.formula(statement.claim))]
    return [*negated, *formulas.definitions]


def _proved(statement: Statement, clock: Clock, needed: tuple[Node, ...] = ()) -> Finding:
    notes: tuple[str, ...] = ()
    facts = [*statement.given, *needed]
    if facts:
        formulas = Formulas(statement.domains)
        known = [*_facts(statement, formulas), *(formulas.plain(part) for part in needed), *formulas.definitions]
        if decide(known, Clock(min(1.0, clock.left))).verdict == "impossible":
            notes = ("what is assumed contradicts itself, so that everything follows from it",)
    return Finding("proved", conditions=needed, notes=notes)


def _refuted(statement: Statement, formulas: Formulas, decision: Decision) -> Finding:
    values = values_of(decision.model, formulas.variables, statement.domains)
    if not values:
        return Finding("counter-example", "Z3 found that the claim cannot hold", false=True)
    verdict = check(statement, values, wanted=False)
    if verdict is False:
        return Finding(UNKNOWN, notes=("Z3 named a counter-example that did not stand the check",))
    named = {name: shown(value) for name, value in values.items()}
    method = "Z3 found it" + (", and it was put into the statement" if verdict else "")
    return Finding("counter-example", method, values=named, checked=bool(verdict), notes=_sides(statement, values))


def check(statement: Statement, values: Mapping[str, Value], wanted: bool) -> bool | None:
    """Puts values into a statement, without Z3.

    Args:
        statement: What is claimed.
        values: Of its variables.
        wanted: Whether its claim should hold with them; what is given must.

    Returns:
        Whether it is as wanted; None where it cannot be told.
    """
    choices = frozenset(choice for domain in statement.domains.values() for choice in domain.choices)
    evaluator = Evaluator(values, choices)
    truths = [evaluator.truth(part) for part in (*statement.restrictions, *statement.given)]
    claim = evaluator.truth(statement.claim)
    if False in truths or claim is (not wanted):
        return False
    return None if None in truths or claim is None else True


def _sides(statement: Statement, values: Mapping[str, Value]) -> tuple[str, ...]:
    """Tells what the two sides of a refuted comparison come to."""
    claim = statement.claim
    if not isinstance(claim, Apply) or claim.op not in COMPARISONS:
        return ()
    parts = []
    for side in claim.args:
        truth = Evaluator(values).value(side)
        if truth is not None and text_of(side) != shown(truth):
            known = shown(truth)
            parts.append(known if known.startswith(text_of(side)) else f"{text_of(side)} = {known}")
    return (f"there {' and '.join(parts)}",) if parts else ()


def _asks_for_one(statement: Statement) -> bool:
    claim = statement.claim
    return isinstance(claim, Quantified) and claim.kind == "exists" and not statement.domains and not statement.given


def _witness(statement: Statement, clock: Clock) -> Finding:
    """Decides whether there is something by looking for it."""
    claim = statement.claim
    assert isinstance(claim, Quantified)
    assert claim.domain
    domains = dict.fromkeys(claim.names, claim.domain)
    limits = [part for name in claim.names for part in conditions(name, claim.domain)]
    wanted = Statement(domains, (*limits, *([claim.condition] if claim.condition else [])), claim.body)
    formulas = Formulas(domains)
    parts = [formulas.formula(part) for part in (*wanted.given, wanted.claim)]
    decision = decide([*parts, *formulas.definitions], clock)
    if decision.verdict == "possible":
        return _exemplified(wanted, formulas, decision)
    lenient = Formulas({}, "for")
    claim_itself = lenient.formula(claim)
    verdict = decide([claim_itself, *lenient.definitions], clock).verdict
    if verdict == "impossible":
        return Finding("counter-example", "Z3 found that the claim cannot hold", false=True)
    return Finding(UNKNOWN, notes=(UNDEFINED,) if (decision.verdict, verdict) == ("impossible", "possible") else ())


def _exemplified(wanted: Statement, formulas: Formulas, decision: Decision) -> Finding:
    values = values_of(decision.model, formulas.variables, wanted.domains)
    verdict = check(wanted, values, wanted=True)
    if verdict is False:
        return Finding(UNKNOWN, notes=("Z3 named an example that did not stand the check",))
    named = {name: shown(value) for name, value in values.items()}
    return Finding("proved", "Z3 found an example", values=named, checked=bool(verdict))


def _elementary(statement: Statement, clock: Clock, reason: str) -> Finding:
    found = elementary.decide(statement, clock)
    if found.refuted:
        values = {name: shown(value) for name, value in found.values.items()}
        notes = _sides(statement, found.values)
        return Finding("counter-example", "SymPy's exact evaluation", (), values, not values, True, notes)
    if found.proved:
        return Finding("proved", found.method, _open(statement, found.conditions, clock))
    return Finding(UNKNOWN, notes=(f"{reason}; {found.method}",))


def _open(statement: Statement, needed: tuple[Node, ...], clock: Clock) -> tuple[Node, ...]:
    """Returns the conditions that do not hold anyway."""
    import z3

    kept = []
    for part in needed:
        formulas = Formulas(statement.domains)
        try:
            denied = [*_facts(statement, formulas), z3.Not(formulas.formula(part)), *formulas.definitions]
            holds = decide(denied, Clock(min(1.0, clock.left))).verdict == "impossible"
        except Unsupported:
            holds = False
        kept += [] if holds else [part]
    return tuple(kept)


def _result(statement: Statement, finding: Finding, clock: Clock) -> dict[str, Any]:
    whole = replace(statement, given=(*statement.given, *finding.conditions)).quantified()
    result: dict[str, Any] = {
        "text": _text(finding, whole, clock.seconds),
        "task": "prove",
        "answer": finding.answer,
        "statement": text_of(whole),
    }
    if finding.false:
        result["opposite"] = text_of(opposite(whole))
    if finding.values:
        result["example" if finding.answer == "proved" else "counter_example"] = dict(finding.values)
        result["checked"] = finding.checked
    if finding.conditions:
        result["provided_that"] = [text_of(part) for part in finding.conditions]
    if finding.answer != UNKNOWN:
        result["method"] = finding.method
    if finding.notes:
        result["notes"] = list(finding.notes)
    return result


def _text(finding: Finding, whole: Node, seconds: float) -> str:
    claim, notes = text_of(whole), "".join(f"; {note}" for note in finding.notes)
    values = ", ".join(f"{name} = {value}" for name, value in finding.values.items()).replace("= ≈", "≈")
    if finding.answer == UNKNOWN:
        return f"{UNKNOWN} of {seconds:g} s, neither proved nor refuted: {claim}{notes}"
    if finding.false:
        return f"false: {claim}; its opposite was proved: {text_of(opposite(whole))}{notes}"
    if finding.answer == "counter-example":
        return f"counter-example to {claim}, namely {values}{notes}"
    example = f", for example {values}" if values else ""
    added = f" (elsewhere it is not defined: {in_one_line(finding.conditions)} was added)" if finding.conditions else ""
    return f"proved: {claim}{added}{example}{notes}"
