"""Inequalities in one variable: where they hold, tried at points within and without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .limits import SolveError
from .names import REAL
from .present import expression_text
from .problem import Problem, outcome
from .show import text_of
from .symbolic import Translator
from .syntax import COMPARISONS, Apply, Node, all_of
from .truth import OPEN, Evaluator


def solve_inequalities(problem: Problem, parts: Sequence[Node], unknowns: list[str]) -> dict[str, Any]:
    """Returns the numbers for which all inequalities hold.

    Raises:
        SolveError: There are several unknowns, or no method is known.
    """
    if problem.variables() != unknowns or len(unknowns) != 1:
        raise SolveError("inequalities are solved for one variable; for several ask to satisfy them")
    (name,) = unknowns
    # The real line, whatever was declared: what SymPy knows of a variable it would leave out of the answer.
    translator = Translator({name: REAL}, tuple(unknowns))
    whole = all_of(list(parts))
    values = _where(whole, translator, translator.symbol(name))
    domain = problem.where().get(name)
    text, statement = set_text(values, name), text_of(whole)
    notes = [f"{name} is an integer: those of them that are whole"] if domain and domain.sort == "integer" else []
    line = f"{statement} holds for {text}" if text else f"{statement} holds for no real {name}"
    return outcome("solve", line + "".join(f"; {note}" for note in notes), statement, values,
                   _is_right(whole, name, values), "tried at points within and without",
                   solution=text or "none", notes=notes)  # fmt: skip


def _where(node: Node, translator: Translator, unknown: Any) -> Any:
    import sympy

    match node:
        case Apply("and", args):
            return sympy.Intersection(*(_where(arg, translator, unknown) for arg in args))
        case Apply("or", args):
            return sympy.Union(*(_where(arg, translator, unknown) for arg in args))
        case Apply("not", (inner,)):
            return sympy.Complement(sympy.S.Reals, _where(inner, translator, unknown))
        case Apply(op) if op in COMPARISONS:
            return _of_comparison(translator.expression(node), unknown)
    raise SolveError(f"`{text_of(node)}` is no inequality")


def _of_comparison(relation: Any, unknown: Any) -> Any:
    import sympy

    if relation in (sympy.true, sympy.false):
        return sympy.S.Reals if relation == sympy.true else sympy.S.EmptySet
    try:
        found = sympy.solveset(relation, unknown, sympy.S.Reals)
    except OPEN as error:
        raise SolveError(f"SymPy knows no method for this inequality: {error}") from error
    if found.has(sympy.ConditionSet):
        raise SolveError("SymPy knows no method for this inequality")
    return found


def _is_right(whole: Node, name: str, values: Any) -> bool | None:
    """Compares what the set says with what the inequalities say, on and beside its borders and elsewhere."""
    import sympy

    border = [end for end in values.boundary if end.is_finite] if isinstance(values.boundary, sympy.FiniteSet) else []
    places = [sympy.Rational(step, 2) for step in range(-12, 13)] + [sympy.Integer(-1000), sympy.Integer(1000)]
    for end in border:
        near = sympy.Rational(str(round(float(end), 6)))
        places += [end, near - sympy.Rational(1, 1000), near + sympy.Rational(1, 1000)]
    tried = 0
    for place in places:
        inside, truth = values.contains(place), Evaluator({name: place}).truth(whole)
        # Where a side is not defined, an inequality does not hold.
        if inside in (sympy.true, sympy.false) and (truth is not None or (inside and place.is_Rational)):
            if bool(inside) != (truth is True):
                return False
            tried += 1
    return True if tried > len(places) // 3 else None


def set_text(values: Any, name: str) -> str:
    """Returns a set of reals as inequalities; empty for the empty set."""
    import sympy

    match values:
        case sympy.Interval():
            return _interval_text(values, name)
        case sympy.FiniteSet():
            return " or ".join(f"{name} = {expression_text(value)}" for value in sorted(values, key=float))
        case sympy.Union():
            return " or ".join(set_text(part, name) for part in sorted(values.args, key=lambda part: float(part.inf)))
    if values is sympy.S.EmptySet:
        return ""
    return f"every real {name}" if values is sympy.S.Reals else f"{name} ∈ {expression_text(values)}"


def _interval_text(values: Any, name: str) -> str:
    import sympy

    low, high = values.start, values.end
    if low == -sympy.oo and high == sympy.oo:
        return f"every real {name}"
    under, over = "<" if values.left_open else "≤", "<" if values.right_open else "≤"
    if low == -sympy.oo:
        return f"{name} {over} {expression_text(high)}"
    if high == sympy.oo:
        return f"{name} {'>' if values.left_open else '≥'} {expression_text(low)}"
    return f"{expression_text(low)} {under} {name} {over} {expression_text(high)}"
