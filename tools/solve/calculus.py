"""Derivatives, integrals, limits, series, sums and differential equations; each is checked by numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import checks
from .decide import Clock
from .limits import SolveError
from .numeric import DIGITS, Decimal, Undefined, evaluate, number_of
from .present import expression_text
from .problem import Problem, outcome
from .rewrite import read_expression
from .show import text_of
from .symbolic import Translator
from .syntax import ZERO, Apply, Name, Node

USUAL = ("x", "t", "y", "z", "n", "k", "u", "s", "r")
MAX_ORDER = 20
SERIES_ORDER = 6
TERMS = 200
CHECKED_TERMS = 6


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


def differentiate(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Returns a derivative, compared with differences of the original."""
    import sympy

    name, order = variable_of(problem), problem.order or 1
    if order > MAX_ORDER:
        raise SolveError(f"derivatives above the {MAX_ORDER}th are not computed")
    node, expression = read_expression(problem)
    found = sympy.simplify(expression.diff(_symbol(problem, name), order))
    others = list(dict.fromkeys([*problem.variables(), name]))

    def differences(values: Any) -> Decimal:
        return checks.slope(lambda at: evaluate(node, {**values, name: at}), values[name], order)

    verified = checks.agree(differences, lambda values: number_of(found, values), others, clock, digits=6)
    times = {1: "", 2: "²", 3: "³"}.get(order, f"^{order}")
    statement = f"d{times}/d{name}{times} ({text_of(node)})"
    text = f"{statement} = {expression_text(found)}"
    return outcome("differentiate", text, statement, found, verified, "compared with differences of the original")


def _symbol(problem: Problem, name: str) -> Any:
    return Translator(problem.where(), problem.unknowns).symbol(name)


def integrate(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Returns an integral: a definite one compared with quadrature, an indefinite one by its derivative."""
    import sympy

    name = variable_of(problem)
    node, expression = read_expression(problem)
    symbol = _symbol(problem, name)
    if problem.lower is not None and problem.upper is not None:
        return _definite(problem, node, expression, symbol, clock)
    found = sympy.integrate(expression, symbol)
    statement = f"∫ {text_of(node, 9)} d{name}"
    if found.has(sympy.Integral):
        raise SolveError(f"SymPy found no closed form for {statement}; with limits its value can be computed")
    found = sympy.simplify(found) if sympy.count_ops(found) < TERMS else found
    others = list(dict.fromkeys([*problem.variables(), name]))
    derivative = found.diff(symbol)
    verified = checks.same(node, derivative, others, clock)
    text = f"{statement} = {expression_text(found)} + C"
    return outcome("integrate", text, statement, found, verified, "its derivative is the integrand, by numbers")


def _definite(problem: Problem, node: Node, expression: Any, symbol: Any, clock: Clock) -> dict[str, Any]:
    import sympy

    assert problem.lower is not None
    assert problem.upper is not None
    translator = Translator(problem.where())
    low, high = translator.expression(problem.lower), translator.expression(problem.upper)
    statement = f"∫ {text_of(node, 9)} d{symbol.name} from {text_of(problem.lower)} to {text_of(problem.upper)}"
    number = _quadrature(node, symbol.name, problem.lower, problem.upper)
    found = sympy.integrate(expression, (symbol, low, high))
    if found.has(sympy.Integral):
        if number is None:
            raise SolveError(f"SymPy found no closed form for {statement}, and its value could not be computed")
        text = f"{statement} ≈ {number[1]}; no closed form was found"
        return outcome("integrate", text, statement, f"≈ {number[1]}", None, "", approximately=number[1])
    found = sympy.simplify(found)
    verified, near = _as_computed(found, number), _near(found)
    text = f"{statement} = {expression_text(found)}" + (f" ≈ {near}" if near else "")
    return outcome("integrate", text, statement, found, verified, "compared with quadrature", approximately=near)


def _near(found: Any) -> str:
    import sympy

    plain = found.is_Rational or not found.is_number or not found.is_finite
    return "" if plain else expression_text(sympy.N(found, 12))


def _as_computed(found: Any, number: tuple[Decimal, str] | None) -> bool | None:
    try:
        value = number_of(found)
    except Undefined:
        return None
    return None if number is None else bool(checks.close(value, number[0], 10))


def _quadrature(node: Node, name: str, low: Node, high: Node) -> tuple[Decimal, str] | None:
    """The value of an integral by numbers, None where the methods do not agree on it."""
    import mpmath

    try:
        with mpmath.workdps(DIGITS // 2):
            ends = [_end(low), _end(high)]
            middle = _middles(*ends)
            value, error = mpmath.quad(lambda at: evaluate(node, {name: at}), middle, error=True)
            if not mpmath.isfinite(value) or error > mpmath.mpf(10) ** -12 * max(1, abs(value)):
                return None
            return value, str(mpmath.nstr(value.real if value.imag == 0 else value, 12))
    except (Undefined, ArithmeticError, ValueError, TypeError):
        return None


def _middles(low: Decimal, high: Decimal) -> list[Decimal]:
    """The ends with a point between, so that no symmetry deceives; wide ranges get more of them."""
    import mpmath

    if mpmath.isinf(low) or mpmath.isinf(high):
        inner = [at for at in (-10, -1, 0, 1, 10) if low < at < high]
        return [low, *inner, high]
    return [low + (high - low) * step / 8 for step in range(9)]


def _end(node: Node) -> Decimal:
    import mpmath

    if node == Name("oo"):
        return mpmath.inf
    if isinstance(node, Apply) and node.op == "neg" and node.args[0] == Name("oo"):
        return -mpmath.inf
    return evaluate(node, {})


def limit(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Returns a limit, compared with values nearby."""
    import sympy

    name = variable_of(problem)
    node, expression = read_expression(problem)
    target = problem.point or ZERO
    at = Translator(problem.where()).expression(target)
    symbol = _symbol(problem, name)
    sides = [problem.side] if problem.side or at.is_infinite else ["+", "-"]
    found = [sympy.limit(expression, symbol, at, side or "+") for side in sides]
    arrow = {"+": " from above", "-": " from below"}.get(problem.side, "")
    statement = f"limit of {text_of(node)} as {name} → {text_of(target)}{arrow}"
    if any(value.has(sympy.Limit) for value in found):
        raise SolveError(f"SymPy found no {statement}")
    bounds = [value for value in found if isinstance(value, sympy.AccumBounds)]
    if bounds or found[0] != found[-1]:
        return _no_limit(statement, found, sides, bool(bounds))
    verified = _approaches(node, name, at, sides, found[0], problem.variables())
    text = f"{statement} = {expression_text(found[0])}"
    return outcome("limit", text, statement, found[0], verified, "compared with values nearby")


def _no_limit(statement: str, found: list[Any], sides: list[str], swings: bool) -> dict[str, Any]:
    if swings:
        text = f"{statement} does not exist: it swings within {expression_text(found[0])}"
        return outcome("limit", text, statement, "does not exist", None, "")
    words = {"+": "above", "-": "below"}
    parts = [f"from {words[side]} {expression_text(value)}" for side, value in zip(sides, found, strict=True)]
    text = f"{statement} does not exist: {', '.join(parts)}"
    return outcome("limit", text, statement, "does not exist", None, "", from_sides=parts)


def _approaches(node: Node, name: str, at: Any, sides: list[str], found: Any, names: list[str]) -> bool | None:
    """Whether values come nearer and nearer to a limit; None where that cannot be seen."""
    if any(other != name for other in names):
        return None
    return (
        all(results)
        if (results := [_comes_near(node, name, at, side, found) for side in sides]) and None not in results
        else None
    )


def _comes_near(node: Node, name: str, at: Any, side: str, found: Any) -> bool | None:
    import mpmath

    with mpmath.workdps(DIGITS):
        steps = [mpmath.mpf(10) ** -power for power in (2, 4, 6)]
        places = [(mpmath.sign(int(at.is_positive or -1)) / step) if at.is_infinite else None for step in steps]
        try:
            center = None if at.is_infinite else number_of(at)
            values = [
                evaluate(node, {name: place if center is None else center + (step if side == "+" else -step)})
                for place, step in zip(places, steps, strict=True)
            ]
            if found.is_infinite:
                return True if abs(values[2]) > abs(values[1]) > abs(values[0]) else None
            away = [abs(value - number_of(found)) for value in values]
        except Undefined:
            return None
    # A slow limit cannot be told from a wrong one by three values.
    return True if away[2] < mpmath.mpf(10) ** -3 and away[2] <= away[0] else None


def series(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Returns the first terms of a power series, whose error must vanish as fast as its order says."""
    import sympy

    name, order = variable_of(problem), problem.order or SERIES_ORDER
    if order > MAX_ORDER:
        raise SolveError(f"series above order {MAX_ORDER} are not computed")
    node, expression = read_expression(problem)
    target = problem.point or ZERO
    symbol, at = _symbol(problem, name), Translator(problem.where()).expression(target)
    found = sympy.series(expression, symbol, at, order)
    statement = f"series of {text_of(node)} around {name} = {text_of(target)} to order {order}"
    verified = _is_near(node, name, at, found.removeO(), order) if problem.variables() == [name] else None
    text = f"{statement}: {expression_text(found)}"
    return outcome("series", text, statement, found, verified, "its error vanishes as fast as its order says")


def _is_near(node: Node, name: str, at: Any, found: Any, order: int) -> bool | None:
    import mpmath

    with mpmath.workdps(DIGITS):
        try:
            center = number_of(at)
            errors = []
            for step in (mpmath.mpf("1e-2"), mpmath.mpf("1e-3")):
                place = {name: center + step}
                errors.append(abs(evaluate(node, place) - number_of(found, place)))
        except Undefined:
            return None
        # Ten times nearer the error is 10^order times smaller, or nothing but rounding.
        return bool(errors[1] <= errors[0] / mpmath.mpf(10) ** (order - 1) or errors[1] < mpmath.mpf(10) ** -25)


def add_up(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Returns a sum or product over integers, compared with its first terms or its value by numbers."""
    import sympy

    name = variable_of(problem)
    node, expression = read_expression(problem)
    if problem.lower is None or problem.upper is None:
        raise SolveError(f"say from where to where, as in: {problem.task} of {text_of(node)} for {name} = 1 to n")
    translator = Translator(problem.where())
    low, high = translator.expression(problem.lower), translator.expression(problem.upper)
    build = sympy.summation if problem.task == "sum" else sympy.product
    found = build(expression, (_symbol(problem, name), low, high))
    range_text = f"{name} = {text_of(problem.lower)} to {text_of(problem.upper)}"
    statement = f"{problem.task} of {text_of(node)} for {range_text}"
    if found.has(sympy.Sum, sympy.Product) and not found.is_number:
        raise SolveError(f"SymPy found no closed form for the {statement}")
    found = sympy.factor(sympy.simplify(found))
    verified = _is_sum(problem, node, name, found, high)
    near = _near(found)
    text = f"{statement} = {expression_text(found)}" + (f" ≈ {near}" if near else "")
    return outcome(problem.task, text, statement, found, verified, "compared with term by term", approximately=near)


def _is_sum(problem: Problem, node: Node, name: str, found: Any, high: Any) -> bool | None:
    free = sorted(symbol.name for symbol in found.free_symbols)
    try:
        if high.is_infinite:
            return _is_infinite_sum(problem, node, name, found) if not free else None
        if free and not (high.is_Symbol and free == [high.name]):
            return None
        assert problem.lower is not None
        low = int(evaluate(problem.lower, {}))
        ends = range(low, low + CHECKED_TERMS) if free else [int(number_of(high))]
        if ends[-1] - low > 10 * TERMS:
            return None
        return all(_term_by_term(problem.task, node, name, low, end, found, free) for end in ends)
    except Undefined:
        return None


def _term_by_term(task: str, node: Node, name: str, low: int, high: int, found: Any, free: list[str]) -> bool:
    import mpmath

    end = {free[0]: mpmath.mpf(high)} if free else {}
    terms = [evaluate(node, {name: mpmath.mpf(at), **end}) for at in range(low, high + 1)]
    with mpmath.workdps(DIGITS):
        total = mpmath.fsum(terms) if task == "sum" else mpmath.fprod(terms)
    return checks.close(total, number_of(found, end), 15)


def _is_infinite_sum(problem: Problem, node: Node, name: str, found: Any) -> bool | None:
    import mpmath

    assert problem.lower is not None
    if found.is_infinite:
        return None
    method: Callable[..., Decimal] = mpmath.nsum if problem.task == "sum" else mpmath.nprod
    with mpmath.workdps(20):
        try:
            total = method(lambda at: evaluate(node, {name: at}), [int(evaluate(problem.lower, {})), mpmath.inf])
        except (ArithmeticError, ValueError, TypeError):
            return None
    # Extrapolation may err; only its agreement says something.
    return True if checks.close(total, number_of(found), 8) else None
