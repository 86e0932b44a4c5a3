"""Derivatives, integrals, limits, series and sums with SymPy."""

from __future__ import annotations

from typing import Any

from .decide import Clock
from .limits import SolveError
from .present import decimal, expression_text
from .problem import Problem, Report, outcome
from .rewrite import read_expression
from .show import text_of
from .symbolic import Translator
from .syntax import ZERO, Node
from .truth import agree, number

USUAL = ("x", "t", "y", "z", "n", "k", "u", "s", "r")
MAX_ORDER = 20
SERIES_ORDER = 6
MAX_OPERATIONS = 200  # of an expression that is simplified
TERMS = 50
ENOUGH = 3  # terms that are compared one by one


def variable_of(problem: Problem) -> str:
    """Returns the variable that is differentiated by, summed over and so on.

    Raises:
        SolveError: It cannot be told which.
    """
    if problem.unknowns:
        return problem.unknowns[0]
    names = problem.variables()
    if len(names) <= 1:
        return names[0] if names else "x"
    usual = [name for name in USUAL if name in names]
    if usual:
        return usual[0]
    raise SolveError(f"say by which of {', '.join(names)}, as in: … with respect to {names[0]}")


def _order(problem: Problem, usual: int) -> int:
    if problem.order > MAX_ORDER:
        raise SolveError(f"an order above {MAX_ORDER} is not computed")
    return problem.order or usual


def _simpler(expression: Any) -> Any:
    import sympy

    return sympy.simplify(expression) if sympy.count_ops(expression) < MAX_OPERATIONS else expression


def differentiate(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Returns a derivative, or its value at a point."""
    name, order = variable_of(problem), _order(problem, 1)
    node, expression = read_expression(problem)
    symbol = _symbol(problem, name)
    found = _simpler(expression.diff(symbol, order))
    times = {1: "", 2: "²", 3: "³"}.get(order, f"^{order}")
    statement = f"d{times}/d{name}{times} ({text_of(node)})"
    if problem.point is None:
        return outcome("differentiate", f"{statement} = {expression_text(found)}", statement, found)
    value = _simpler(found.subs(symbol, Translator(problem.where()).expression(problem.point)))
    statement += f" at {name} = {text_of(problem.point)}"
    return outcome("differentiate", f"{statement} = {_with_decimal(value)}", statement, value)


def _symbol(problem: Problem, name: str) -> Any:
    return Translator(problem.where(), problem.unknowns).symbol(name)


def _with_decimal(value: Any) -> str:
    near = decimal(value)
    return expression_text(value) + (f" ≈ {near}" if near else "")


def integrate(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Returns an integral: a definite one compared with quadrature, an indefinite one by its derivative."""
    import sympy

    name = variable_of(problem)
    node, expression = read_expression(problem)
    symbol = _symbol(problem, name)
    if problem.lower is not None and problem.upper is not None:
        return _definite(problem, node, expression, symbol, report)
    statement = f"∫ {text_of(node, 9)} d{name}"
    found = sympy.integrate(expression, symbol)
    if found.has(sympy.Integral):
        raise SolveError(f"SymPy found no closed form for {statement}; with limits its value can be computed")
    found = _simpler(found)
    text = f"{statement} = {expression_text(found)} + C"
    checked = agree(found.diff(symbol), expression)
    return outcome("integrate", text, statement, found, checked, "its derivative is the integrand")


def _definite(problem: Problem, node: Node, expression: Any, symbol: Any, report: Report) -> dict[str, Any]:
    import sympy

    assert problem.lower is not None
    assert problem.upper is not None
    translator = Translator(problem.where())
    low, high = translator.expression(problem.lower), translator.expression(problem.upper)
    statement = f"∫ {text_of(node, 9)} d{symbol.name} from {text_of(problem.lower)} to {text_of(problem.upper)}"
    integral = sympy.Integral(expression, (symbol, low, high))
    found = integral.doit()
    if found is sympy.nan or found.has(sympy.zoo):
        text = f"{statement} does not exist: SymPy finds that it diverges"
        return outcome("integrate", text, statement, "does not exist")
    if found.has(sympy.Integral):
        return _by_quadrature(integral, statement)
    found = _simpler(found)
    text = f"{statement} = {_with_decimal(found)}"
    if found.free_symbols or not found.is_finite:
        return outcome("integrate", text, statement, found)
    report(outcome("integrate", text, statement, found))
    value = number(integral)
    checked = None if value is None else agree(found, value)
    return outcome("integrate", text, statement, found, checked, "compared with quadrature")


def _by_quadrature(integral: Any, statement: str) -> dict[str, Any]:
    value = None if integral.free_symbols else number(integral)
    if value is None:
        raise SolveError(f"SymPy found no closed form for {statement}, and its value could not be computed")
    near = expression_text(value.n(10))
    text = f"{statement} ≈ {near}; by quadrature, no closed form was found"
    return outcome("integrate", text, statement, f"≈ {near}")


def limit(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Returns a limit, which must be the same from both sides where no side is named."""
    import sympy

    name = variable_of(problem)
    node, expression = read_expression(problem)
    target = problem.point or ZERO
    at, symbol = Translator(problem.where()).expression(target), _symbol(problem, name)
    sides: list[str] = [problem.side] if problem.side or at.is_infinite else ["+", "-"]
    found = [sympy.limit(expression, symbol, at, side or "+") for side in sides]
    arrow = {"+": " from above", "-": " from below"}.get(problem.side, "")
    statement = f"limit of {text_of(node)} as {name} → {text_of(target)}{arrow}"
    if any(value.has(sympy.Limit) for value in found):
        raise SolveError(f"SymPy found no {statement}")
    if isinstance(found[0], sympy.AccumBounds):
        text = f"{statement} does not exist: it swings within {expression_text(found[0])}"
        return outcome("limit", text, statement, "does not exist")
    if sympy.simplify(found[0] - found[-1]) != 0 and found[0] != found[-1]:
        above, below = map(expression_text, found)
        text = f"{statement} does not exist: from above {above}, from below {below}"
        return outcome("limit", text, statement, "does not exist")
    return outcome("limit", f"{statement} = {_with_decimal(found[0])}", statement, found[0])


def series(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Returns the first terms of a power series."""
    import sympy

    name, order = variable_of(problem), _order(problem, SERIES_ORDER)
    node, expression = read_expression(problem)
    target = problem.point or ZERO
    symbol, at = _symbol(problem, name), Translator(problem.where()).expression(target)
    # SymPy counts the first power that is left out.
    found = sympy.series(expression, symbol, at, order + 1)
    statement = f"series of {text_of(node)} around {name} = {text_of(target)} to order {order}"
    return outcome("series", f"{statement}: {expression_text(found)}", statement, found)


def add_up(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Returns a sum or product over integers, compared with its first terms."""
    import sympy

    name = variable_of(problem)
    node, expression = read_expression(problem)
    if problem.lower is None or problem.upper is None:
        raise SolveError(f"say from where to where, as in: {problem.task} of {text_of(node)} for {name} = 1 to n")
    translator, symbol = Translator(problem.where()), _symbol(problem, name)
    low, high = translator.expression(problem.lower), translator.expression(problem.upper)
    statement = f"{problem.task} of {text_of(node)} for {name} = {text_of(problem.lower)} to {text_of(problem.upper)}"
    whole = (sympy.Sum if problem.task == "sum" else sympy.Product)(expression, (symbol, low, high))
    found = whole.doit()
    if found.has(sympy.Sum, sympy.Product):
        raise SolveError(f"SymPy found no closed form for the {statement}")
    found = sympy.factor(_simpler(found))
    text = f"{statement} = {_with_decimal(found)}"
    return outcome(problem.task, text, statement, found, _term_by_term(whole, found, low, high), "term by term")


def _term_by_term(whole: Any, found: Any, low: Any, high: Any) -> bool | None:
    """Compares a closed form with the terms, added up for some upper limits; None where that cannot be done."""
    if not low.is_Integer or whole.free_symbols - ({high} if high.is_Symbol else set()):
        return None
    if high.is_Symbol:
        ends = [low + count for count in range(ENOUGH)]
    elif high.is_Integer and high - low < TERMS:
        ends = [high]
    else:
        return None
    verdicts = [agree(found.subs(high, end), _written_out(whole, low, end)) for end in ends]
    return False if False in verdicts else None if None in verdicts else True


def _written_out(whole: Any, low: Any, high: Any) -> Any:
    import sympy

    symbol = whole.variables[0]
    terms = [whole.function.subs(symbol, at) for at in range(int(low), int(high) + 1)]
    return sympy.Add(*terms) if isinstance(whole, sympy.Sum) else sympy.Mul(*terms)
