"""Ordinary differential equations with SymPy; each solution is put back into the equation."""

from __future__ import annotations

from typing import Any

from .decide import Clock
from .limits import SolveError
from .present import expression_text
from .problem import Problem, Report, outcome
from .show import text_of
from .symbolic import Translator
from .syntax import Apply, Node, Unknown, free_names, walk
from .truth import agree


def solve_ode(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Solves one equation for a function of one variable, with values it has at some points.

    Raises:
        SolveError: There are several functions or equations, or SymPy knows no method.
    """
    import sympy

    nodes = (*problem.nodes, *problem.given)
    names = {part.name for node in nodes for part in walk(node) if isinstance(part, Unknown)}
    if len(names) != 1:
        raise SolveError("one unknown function is needed, written with its derivatives: y'' + y = 0")
    (function,) = names
    conditions = [node for node in nodes if _is_condition(node)]
    equations = [node for node in nodes if node not in conditions]
    if len(equations) != 1:
        raise SolveError(f"one differential equation is needed, and there are {len(equations)}")
    variable = _variable(equations[0], function, problem)
    translator = Translator(problem.where(), (), function, variable)
    equation = _as_equation(equations[0], translator)
    known = dict(_known(node, translator) for node in conditions)
    try:
        found = sympy.dsolve(equation, translator.unknown(), ics=known or None)
    except (NotImplementedError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise SolveError(f"SymPy knows no method for this differential equation: {error}") from error
    solutions = found if isinstance(found, list) else [found]
    statement = ", ".join(text_of(node) for node in nodes)
    results = [_checked(equation, solution, known, translator) for solution in solutions]
    verified = False if False in results else True if set(results) == {True} else None
    shown = [f"{expression_text(solution.lhs)} = {expression_text(solution.rhs)}" for solution in solutions]
    latex = r" \quad ".join(str(sympy.latex(solution, ln_notation=True)) for solution in solutions)
    return outcome("ode", f"{statement}: {' or '.join(shown)}", statement, shown, verified,
                   "put back into the equation", latex=latex)  # fmt: skip


def _is_condition(node: Node) -> bool:
    """Whether it is y(0) = 1 or y'(0) = 2."""
    match node:
        case Apply("=", (Unknown(_, _, argument), right)) if argument is not None:
            return not free_names_but_constants(argument) and not any(isinstance(part, Unknown) for part in walk(right))
    return False


def free_names_but_constants(node: Node) -> list[str]:
    """Returns the names in a tree that are no constants."""
    return [name for name in free_names(node) if name not in ("pi", "e")]


def _variable(equation: Node, function: str, problem: Problem) -> str:
    if problem.unknowns:
        return problem.unknowns[-1]
    arguments = [
        name
        for part in walk(equation)
        if isinstance(part, Unknown) and part.argument is not None
        for name in free_names_but_constants(part.argument)
    ]
    if arguments:
        return arguments[0]
    names = [name for name in free_names_but_constants(equation) if name != function]
    return next((name for name in ("x", "t") if name in names), "t" if function == "x" else "x")


def _as_equation(node: Node, translator: Translator) -> Any:
    import sympy

    if not isinstance(node, Apply) or node.op != "=":
        raise SolveError(f"`{text_of(node)}` is no equation")
    left, right = (translator.expression(side) for side in node.args)
    return sympy.Eq(left, right)


def _known(node: Node, translator: Translator) -> tuple[Any, Any]:
    assert isinstance(node, Apply)
    left, right = node.args
    return translator.expression(left), translator.expression(right)


def _checked(equation: Any, solution: Any, known: dict[Any, Any], translator: Translator) -> bool | None:
    """Whether a solution satisfies the equation and what is known of it."""
    import sympy

    function = translator.unknown()
    if solution.lhs != function:
        good, _ = sympy.checkodesol(equation, solution, func=function)
        return True if good else None
    variable, found = function.args[0], solution.rhs
    for place, value in known.items():
        taken = place.subs(function.func(variable), found).doit() if place.has(sympy.Subs) else None
        reached = found.subs(variable, place.args[0]) if taken is None else taken
        if sympy.simplify(reached - value) != 0:
            return False
    rest = (equation.lhs - equation.rhs).subs(function, found).doit()
    return True if sympy.simplify(rest) == 0 else agree(rest, sympy.S.Zero)
