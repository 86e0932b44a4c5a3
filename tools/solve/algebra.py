"""Equations and systems with SymPy; each solution is put back into the equations as they were written."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import checks
from .decide import Clock
from .defined import requirements
from .inequalities import solve_inequalities
from .limits import SolveError
from .names import Domain
from .numeric import Undefined, number_of
from .present import expression_latex, expression_text
from .problem import Problem, outcome
from .show import text_of
from .symbolic import Translator
from .syntax import Apply, Node, conjuncts

USUAL = ("x", "y", "z", "t", "u", "v", "w")
REPEATS = range(-2, 3)  # of an integer that a solution holds for any of
MAX_LISTED = 50
SCAN = 400


@dataclass(frozen=True, slots=True)
class Roots:
    """Solutions of equations.

    Attributes:
        found: Each gives every unknown its expression.
        all: Whether there can be no others.
        numeric: Whether they are decimals.
        note: What is to be known of them.
    """

    found: tuple[dict[str, Any], ...]
    all: bool = False
    numeric: bool = False
    note: str = ""


def solve(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Solves equations or inequalities.

    Args:
        problem: ``nodes`` must hold together.
        clock: Tells how long it may take.

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
    if len(equations) == len(unknowns) == 1:
        roots = _single(differences[0], translator.symbol(unknowns[0]), problem, equations[0], clock)
    else:
        roots = _system(differences, [translator.symbol(name) for name in unknowns])
    return _told(problem, equations, unknowns, roots, statement)


def _difference(node: Node, translator: Translator) -> Any:
    assert isinstance(node, Apply)
    left, right = (translator.expression(side) for side in node.args)
    return left - right


def _unknowns(problem: Problem, equations: Sequence[Node]) -> list[str]:
    names = problem.variables()
    if problem.unknowns:
        missing = [name for name in problem.unknowns if name not in names]
        if missing:
            raise SolveError(f"`{missing[0]}` does not occur in what is to be solved")
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
    return outcome(
        "solve", text, statement, ["all values"], True, "both sides expand to the same", provided_that=needed
    )


def _single(expression: Any, unknown: Any, problem: Problem, equation: Node, clock: Clock) -> Roots:
    import sympy

    real = _real(problem.where().get(unknown.name))
    polynomial = expression.as_numer_denom()[0]
    if polynomial.is_polynomial(unknown):
        return _polynomial(sympy.Poly(polynomial, unknown), unknown, real)
    for domain in (sympy.S.Reals, sympy.S.Complexes)[: 1 if real else 2]:
        try:
            roots = _of_set(sympy.solveset(expression, unknown, domain), unknown)
        except (NotImplementedError, ValueError, TypeError, AttributeError, RecursionError):
            roots = None
        if roots is not None and (roots.found or domain == sympy.S.Complexes or real):
            return Roots(roots.found, roots.all, note="" if real or not roots.found else _over(domain))
    return _by_solve(expression, unknown) or _scanned(equation, unknown, problem, clock)


def _over(domain: Any) -> str:
    import sympy

    return "real solutions" if domain == sympy.S.Reals else "complex solutions; there are no real ones"


def _real(domain: Domain | None) -> bool:
    return domain is not None and domain.sort in ("real", "integer")


def _polynomial(polynomial: Any, unknown: Any, real: bool) -> Roots:
    import sympy

    if polynomial.degree() == 0:
        return Roots((), all=True)
    found = sympy.roots(polynomial)
    if sum(found.values()) < polynomial.degree() and polynomial.free_symbols <= {unknown}:
        try:
            roots = polynomial.nroots(n=30, maxsteps=200)
        except (sympy.polys.polyerrors.PolynomialError, ArithmeticError) as error:
            raise SolveError(f"no roots were found: {error}") from error
        return Roots(tuple({unknown.name: root} for root in roots if not real or root.is_real), all=True, numeric=True)
    if sum(found.values()) < polynomial.degree():
        raise SolveError(f"a polynomial of degree {polynomial.degree()} with letters for numbers has no formula")
    multiple = [f"{expression_text(root)} ({count} times)" for root, count in found.items() if count > 1]
    kept = [root for root in found if not real or root.is_real]
    kept.sort(key=sympy.default_sort_key)
    return Roots(tuple({unknown.name: root} for root in kept), all=True, note=", ".join(multiple))


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
        return (
            Roots(tuple(root for part in known for root in part.found), all=True) if len(known) == len(parts) else None
        )
    if isinstance(values, sympy.ImageSet) and values.base_sets == (sympy.S.Integers,):
        (index,) = values.lamda.variables
        value = values.lamda.expr.subs(index, sympy.Symbol("n", integer=True))
        return Roots(({unknown.name: value},), all=True)
    return None


def _by_solve(expression: Any, unknown: Any) -> Roots | None:
    import sympy

    try:
        found = sympy.solve(expression, unknown)
    except (NotImplementedError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    plain = [value for value in found if isinstance(value, sympy.Expr)]
    return Roots(tuple({unknown.name: value} for value in plain), note="there may be others") if plain else None


def _scanned(equation: Node, unknown: Any, problem: Problem, clock: Clock) -> Roots:
    """Looks for real roots where the sign of the difference changes."""
    from .roots import real_roots

    if problem.variables() != [unknown.name]:
        raise SolveError("SymPy knows no method for this equation with letters for numbers")
    found = real_roots(equation, unknown.name, clock)
    if not found:
        raise SolveError("SymPy knows no method for this equation, and no real root was found between −1000 and 1000")
    note = "found by numbers between −1000 and 1000; there may be others"
    return Roots(tuple({unknown.name: root} for root in found), numeric=True, note=note)


def _system(differences: list[Any], unknowns: list[Any]) -> Roots:
    import sympy

    try:
        found = sympy.solve(differences, unknowns, dict=True)
    except NotImplementedError as error:
        raise SolveError(f"SymPy knows no method for this system: {error}") from error
    linear = all(
        sympy.Poly(part, *unknowns).total_degree() <= 1 for part in differences if part.is_polynomial(*unknowns)
    )
    polynomial = all(part.is_polynomial(*unknowns) for part in differences)
    return Roots(tuple({key.name: value for key, value in root.items()} for root in found), all=polynomial or linear)


def _told(
    problem: Problem, equations: Sequence[Node], unknowns: list[str], roots: Roots, statement: str
) -> dict[str, Any]:
    kept, dropped, verified = [], 0, True
    for root in roots.found[:MAX_LISTED]:
        outside = _outside(root, problem.where())
        good = False if outside else _is_solution(root, equations, unknowns, problem.variables())
        if good is False:
            dropped += 1
            continue
        verified = verified and good is True
        kept.append(root)
    if not kept:
        certain = roots.all and not roots.numeric
        where = " among the real numbers" if any(map(_real, problem.where().values())) else ""
        text = f"{statement} has no solution{where}" + ("" if certain else ": SymPy found none")
        return outcome("solve", text, statement, [], True if certain else None, "SymPy's complete method")
    return _listed(kept, unknowns, roots, statement, verified, dropped)


def _outside(root: dict[str, Any], domains: dict[str, Domain]) -> bool:
    """Whether a value is certainly not where its variable comes from."""
    for name, value in root.items():
        domain = domains.get(name)
        if domain is None:
            continue
        if (_real(domain) and value.is_real is False) or (domain.sort == "integer" and value.is_integer is False):
            return True
        if value.is_number and value.is_real and _beyond(value, domain):
            return True
    return False


def _beyond(value: Any, domain: Domain) -> bool:
    low = domain.least is not None and (value < domain.least or (value == domain.least and not domain.least_itself))
    high = domain.most is not None and (value > domain.most or (value == domain.most and not domain.most_itself))
    return bool(low or high or (value == 0 and not domain.zero))


def _is_solution(
    root: dict[str, Any], equations: Sequence[Node], unknowns: list[str], variables: list[str]
) -> bool | None:
    """Puts a solution into the equations, with some values for what is free in it."""
    free = sorted(
        {symbol.name for value in root.values() for symbol in value.free_symbols} | set(variables) - set(root)
    )
    tried: list[bool | None] = []
    for values in _choices(free):
        try:
            solved = {name: number_of(value, values) for name, value in root.items()}
        except Undefined:
            continue
        known = {name: value for name, value in values.items() if name in variables}
        tried += [checks.is_root(equation, known | solved, unknowns) for equation in equations]
    if False in tried:
        return False
    return True if True in tried and None not in tried else None


def _choices(free: list[str]) -> list[dict[str, Any]]:
    import mpmath

    if free == ["n"]:
        return [{"n": mpmath.mpf(n)} for n in REPEATS]
    return list(itertools.islice(checks.points(free), 4)) if free else [{}]


def _listed(
    kept: list[dict[str, Any]], unknowns: list[str], roots: Roots, statement: str, verified: bool, dropped: int
) -> dict[str, Any]:
    shown = [{name: _value_text(root[name]) for name in unknowns if name in root} for root in kept]
    lines = [", ".join(f"{name} = {value}" for name, value in root.items()).replace("= ≈", "≈") for root in shown]
    text = f"{statement}: " + " or ".join(lines)
    if any("n" in map(str, value.free_symbols) for root in kept for value in root.values()) and "n" not in unknowns:
        text += ", where n is any integer"
    notes = [roots.note] if roots.note else []
    notes += [f"{dropped} values that SymPy named do not solve it and were left out"] if dropped else []
    free = [name for name in unknowns if any(name not in root for root in kept)]
    notes += [f"{', '.join(free)} may have any value"] if free else []
    latex = [
        ", ".join(f"{name} = {expression_latex(root[name])}" for name in unknowns if name in root) for root in kept
    ]
    return outcome(
        "solve", text + "".join(f"; {note}" for note in notes), statement, shown, True if verified else None,
        "each put back into the equation" if len(kept) > 1 else "put back into the equation",
        latex=r" \quad ".join(latex), complete=roots.all or None, notes=notes,
    )  # fmt: skip


def _value_text(value: Any) -> str:
    import sympy

    if value.is_Float or (value.is_number and value.atoms(sympy.Float)):
        return f"≈ {expression_text(sympy.N(value, 12))}"
    text = expression_text(value)
    if value.is_number and not value.is_Rational and value.is_comparable:
        text += f" ≈ {expression_text(sympy.N(value, 10))}"
    return text
