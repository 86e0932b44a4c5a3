"""Equations and systems with SymPy; each solution is put back into the equations as they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .decide import Clock
from .defined import requirements
from .inequalities import solve_inequalities
from .limits import SolveError
from .names import Domain
from .present import expression_latex, expression_text, value_text
from .problem import Problem, Report, outcome
from .roots import real_roots
from .show import text_of
from .symbolic import Translator
from .syntax import Apply, Node, conjuncts
from .truth import OPEN, agree

USUAL = ("x", "y", "z", "t", "u", "v", "w")
MAX_LISTED = 50
Root = Mapping[str, Any]  # SymPy's expression for each unknown


@dataclass(frozen=True, slots=True)
class Roots:
    """Solutions of equations.

    Attributes:
        found: The solutions.
        all: Whether there can be no others.
        note: What is to be known of them.
    """

    found: tuple[Root, ...]
    all: bool = False
    note: str = ""


def solve(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Solves equations or inequalities.

    Args:
        problem: ``nodes`` must hold together.
        clock: Tells how long it may take.
        report: Is given what stands if the process is ended.

    Raises:
        SolveError: It cannot be told for which variable, or no method is known.
    """
    equations = [part for node in (*problem.nodes, *problem.given) for part in conjuncts(node)]
    unknowns = _unknowns(problem, equations)
    if any(not isinstance(part, Apply) or part.op != "=" for part in equations):
        return solve_inequalities(problem, equations, unknowns)
    translator = Translator(problem.where(), tuple(unknowns))
    differences = [_difference(part, translator) for part in equations]
    statement = ", ".join(text_of(part) for part in equations)
    if all(difference.expand() == 0 for difference in differences):
        return _always(statement, equations, unknowns)
    symbols = [translator.symbol(name) for name in unknowns]
    if len(equations) == len(unknowns) == 1:
        roots = _single(differences[0], symbols[0], problem, clock)
    else:
        roots = _system(differences, symbols)
    return _told(problem, equations, unknowns, roots, statement)


def _difference(node: Node, translator: Translator) -> Any:
    assert isinstance(node, Apply)
    left, right = (translator.expression(side) for side in node.args)
    return left - right


def _unknowns(problem: Problem, equations: Sequence[Node]) -> list[str]:
    names = problem.variables()
    if missing := [name for name in problem.unknowns if name not in names]:
        raise SolveError(f"`{missing[0]}` does not occur in what is to be solved")
    if problem.unknowns:
        return list(problem.unknowns)
    if not names:
        raise SolveError("there is no unknown in this; write it with a letter, as in x + 2 = 5")
    if len(names) <= len(equations):
        return names
    usual = [name for name in USUAL if name in names][: len(equations)]
    if len(usual) == len(equations):
        return usual
    raise SolveError(f"say for which of {', '.join(names)} it is to be solved, as in: … for {names[0]}")


def _always(statement: str, equations: Sequence[Node], unknowns: list[str]) -> dict[str, Any]:
    needed = [text_of(part) for equation in equations for part in requirements(equation, real=False)]
    where = f" for which {' and '.join(needed)}" if needed else ""
    text = f"{statement} holds for all values of {', '.join(unknowns)}{where}"
    return outcome("solve", text, statement, ["all values"], True, "both sides are the same", provided_that=needed)


def _single(expression: Any, unknown: Any, problem: Problem, clock: Clock) -> Roots:
    import sympy

    real = _is_real(problem.where().get(unknown.name))
    polynomial = expression.as_numer_denom()[0]
    if polynomial.is_polynomial(unknown):
        return _polynomial(sympy.Poly(polynomial, unknown), unknown, real)
    places = {"real solutions": sympy.S.Reals, "complex solutions; there are no real ones": sympy.S.Complexes}
    for note, place in list(places.items())[: 1 if real else 2]:
        try:
            roots = _of_set(sympy.solveset(expression, unknown, place), unknown)
        except OPEN:
            continue
        if roots is not None and (roots.found or real or place == sympy.S.Complexes):
            return Roots(roots.found, roots.all, "" if real or not roots.found else note)
    return _by_solve(expression, unknown) or _scanned(expression, unknown, clock)


def _is_real(domain: Domain | None) -> bool:
    return domain is not None and domain.sort in ("real", "integer")


def _polynomial(polynomial: Any, unknown: Any, real: bool) -> Roots:
    import sympy

    if polynomial.degree() == 0:
        return Roots((), all=True)
    found = sympy.roots(polynomial)
    if sum(found.values()) == polynomial.degree():
        multiple = [f"{expression_text(root)} ({count} times)" for root, count in found.items() if count > 1]
        kept = sorted((root for root in found if not real or root.is_real is not False), key=sympy.default_sort_key)
        return Roots(tuple({unknown.name: root} for root in kept), True, ", ".join(multiple))
    if polynomial.free_symbols - {unknown}:
        raise SolveError(f"a polynomial of degree {polynomial.degree()} with letters for numbers has no formula")
    try:
        numbers = polynomial.nroots(n=30, maxsteps=200)
    except OPEN as error:
        raise SolveError(f"no roots were found: {error}") from error
    return Roots(tuple({unknown.name: root} for root in numbers if not real or root.is_real), all=True)


def _of_set(values: Any, unknown: Any) -> Roots | None:
    """Reads SymPy's set of solutions; None where it is not plain."""
    import sympy

    if values is sympy.S.EmptySet:
        return Roots((), all=True)
    if isinstance(values, sympy.FiniteSet):
        return Roots(tuple({unknown.name: value} for value in values), all=True)
    if isinstance(values, sympy.Union):
        parts = [_of_set(part, unknown) for part in values.args]
        known = [part for part in parts if part is not None]
        return Roots(tuple(root for part in known for root in part.found), True) if len(known) == len(parts) else None
    if isinstance(values, sympy.ImageSet) and values.base_sets == (sympy.S.Integers,):
        (index,) = values.lamda.variables
        value = values.lamda.expr.subs(index, sympy.Symbol("n", integer=True))
        return Roots(({unknown.name: value},), all=True)
    return None


def _by_solve(expression: Any, unknown: Any) -> Roots | None:
    import sympy

    try:
        found = sympy.solve(expression, unknown)
    except OPEN:
        return None
    plain = [value for value in found if isinstance(value, sympy.Expr)]
    return Roots(tuple({unknown.name: value} for value in plain), note="there may be others") if plain else None


def _scanned(expression: Any, unknown: Any, clock: Clock) -> Roots:
    if expression.free_symbols != {unknown}:
        raise SolveError("SymPy knows no method for this equation with letters for numbers")
    found = real_roots(expression, unknown, clock)
    if not found:
        raise SolveError("SymPy knows no method for this equation, and no real root was found between −1000 and 1000")
    note = "found by numbers between −1000 and 1000; there may be others"
    return Roots(tuple({unknown.name: root} for root in found), note=note)


def _system(differences: list[Any], unknowns: list[Any]) -> Roots:
    import sympy

    try:
        found = sympy.solve(differences, unknowns, dict=True)
    except OPEN as error:
        raise SolveError(f"SymPy knows no method for this system: {error}") from error
    roots = tuple({key.name: value for key, value in root.items()} for root in found)
    return Roots(roots, all=all(part.is_polynomial(*unknowns) for part in differences))


def _told(
    problem: Problem, equations: Sequence[Node], unknowns: list[str], roots: Roots, statement: str
) -> dict[str, Any]:
    inside = [root for root in roots.found[:MAX_LISTED] if not _is_outside(root, problem.where())]
    checked = [(root, _holds(root, equations, problem.where())) for root in inside]
    kept = [(root, good) for root, good in checked if good is not False]
    dropped = len(checked) - len(kept)
    if not kept:
        where = " among the real numbers" if any(map(_is_real, problem.where().values())) else ""
        text = f"{statement} has no solution{where}" + ("" if roots.all else ": SymPy found none")
        return outcome("solve", text, statement, [], roots.all or None, "")
    notes = [roots.note] if roots.note else []
    notes += [f"{dropped} values that SymPy named do not solve it and were left out"] if dropped else []
    return _listed([root for root, _ in kept], unknowns, statement, all(good for _, good in kept), notes, roots.all)


def _is_outside(root: Root, domains: Mapping[str, Domain]) -> bool:
    """Whether a value is certainly not where its variable comes from."""
    for name, value in root.items():
        domain = domains.get(name)
        if domain is None:
            continue
        if (_is_real(domain) and value.is_real is False) or (domain.sort == "integer" and value.is_integer is False):
            return True
        if value.is_number and value.is_real and _is_beyond(value, domain):
            return True
    return False


def _is_beyond(value: Any, domain: Domain) -> bool:
    low = domain.least is not None and (value < domain.least or (value == domain.least and not domain.least_itself))
    high = domain.most is not None and (value > domain.most or (value == domain.most and not domain.most_itself))
    return bool(low or high or (value == 0 and not domain.zero))


def _holds(root: Root, equations: Sequence[Node], domains: Mapping[str, Domain]) -> bool | None:
    """Puts a solution into the equations, with some values for what is free in it."""
    translator = Translator(domains, values=root)
    verdicts: list[bool | None] = []
    for equation in equations:
        assert isinstance(equation, Apply)
        try:
            left, right = (translator.expression(side) for side in equation.args)
        except SolveError:  # such as a division by 0
            return False
        undefined = any(side.is_finite is False for side in (left, right))
        verdicts.append(False if undefined else agree(left, right))
    return False if False in verdicts else None if None in verdicts else True


def _listed(
    roots: Sequence[Root], unknowns: list[str], statement: str, checked: bool, notes: list[str], complete: bool
) -> dict[str, Any]:
    shown = [{name: value_text(root[name]) for name in unknowns if name in root} for root in roots]
    lines = [", ".join(f"{name} = {value}" for name, value in root.items()).replace("= ≈", "≈") for root in shown]
    text = f"{statement}: " + " or ".join(lines)
    if any("n" in map(str, value.free_symbols) for root in roots for value in root.values()) and "n" not in unknowns:
        text += ", where n is any integer"
    free = [name for name in unknowns if any(name not in root for root in roots)]
    notes = [*notes, f"{', '.join(free)} may have any value"] if free else notes
    latex = [
        ", ".join(f"{name} = {expression_latex(root[name])}" for name in unknowns if name in root) for root in roots
    ]
    return outcome(
        "solve", text + "".join(f"; {note}" for note in notes), statement, shown, checked or None,
        "each put back into the equation" if len(roots) > 1 else "put back into the equation",
        latex=r" \quad ".join(latex), complete=complete, notes=notes,
    )  # fmt: skip
