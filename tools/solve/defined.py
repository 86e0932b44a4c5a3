"""When an expression has a value: what must hold so that nothing is divided by 0 and no logarithm is taken of 0."""

from __future__ import annotations

from fractions import Fraction

from .syntax import ONE, ZERO, Apply, Name, Node, Number, Quantified, children

MINUS_ONE = Number(Fraction(-1))


def requirements(node: Node, real: bool = True) -> list[Node]:
    """Returns what must hold for an expression or comparison to be defined.

    Args:
        node: What stands within quantifiers or behind connectives counts too.
        real: Whether values are real, so that a root of a negative number is none.

    Returns:
        Statements without what is true of numbers anyway, each once. Where a branch of ``if`` is not taken, nothing
        is required of it.
    """
    if isinstance(node, Apply) and node.op == "if":
        condition, then, otherwise = node.args
        branches: list[Node] = [Apply("implies", (condition, part)) for part in requirements(then, real)]
        branches += [Apply("implies", (Apply("not", (condition,)), part)) for part in requirements(otherwise, real)]
        return _once(requirements(condition, real) + branches)
    below: list[Node] = [part for child in children(node) for part in requirements(child, real)]
    own: list[Node] = _own(node.op, node.args, real) if isinstance(node, Apply) else []
    return _once(below + [part for part in own if not _plainly_true(part)])


def outer_requirements(node: Node) -> list[Node]:
    """Returns the requirements that no variable of an inner quantifier takes part in."""
    if isinstance(node, Quantified):
        return []
    if isinstance(node, Apply) and any(isinstance(child, Quantified) for child in node.args):
        return _once([part for child in node.args for part in outer_requirements(child)])
    if isinstance(node, Apply) and node.op in ("and", "or", "not", "implies", "iff", "xor"):
        return _once([part for child in node.args for part in outer_requirements(child)])
    return requirements(node)


def _own(op: str, args: tuple[Node, ...], real: bool) -> list[Node]:  # noqa: PLR0911 — one for each kind
    first, last = args[0], args[-1]
    match op:
        case "/" | "//" | "mod":
            return [_differs(last)]
        case "divides":
            return [_differs(first)]
        case "^":
            return _power(first, last, real)
        case "tan" | "sec":
            return [_differs(Apply("cos", args))]
        case "cot" | "csc":
            return [_differs(Apply("sin", args))]
        case "ln" | "log" | "log2" | "log10":
            base = [Apply(">", (last, ZERO)), _differs(last, ONE)] if len(args) > 1 else []
            return [Apply(">", (first, ZERO)) if real else _differs(first), *base]
    return _real_only(op, args) if real else []


def _power(base: Node, exponent: Node, real: bool) -> list[Node]:
    if not isinstance(exponent, Number):
        # e^x and 2^x have a value everywhere; x^y has one where x is positive.
        return [] if (isinstance(base, Number) and base.value > 0) or base == Name("e") else [Apply(">", (base, ZERO))]
    whole = exponent.value.denominator == 1
    if exponent.value < 0:
        return [_differs(base) if whole or not real else Apply(">", (base, ZERO))]
    return [] if whole or not real else [Apply(">=", (base, ZERO))]


def _real_only(op: str, args: tuple[Node, ...]) -> list[Node]:
    first = args[0]
    match op:
        case "sqrt" | "factorial":
            return [Apply(">=", (first, ZERO))]
        case "root":
            odd = isinstance(args[1], Number) and args[1].value.denominator == 1 and args[1].value % 2 == 1
            return [] if odd else [Apply(">=", (first, ZERO))]
        case "asin" | "acos":
            return [Apply("<=", (MINUS_ONE, first)), Apply("<=", (first, ONE))]
        case "acosh":
            return [Apply(">=", (first, ONE))]
        case "atanh":
            return [Apply("<", (MINUS_ONE, first)), Apply("<", (first, ONE))]
    return []


def _differs(node: Node, other: Number = ZERO) -> Node:
    return Apply("!=", (node, other))


def _plainly_true(node: Node) -> bool:
    if not isinstance(node, Apply) or not all(isinstance(arg, Number) for arg in node.args):
        return False
    left, right = (arg.value for arg in node.args if isinstance(arg, Number))
    return {"!=": left != right, ">": left > right, ">=": left >= right, "<=": left <= right, "<": left < right}[
        node.op
    ]


def _once(nodes: list[Node]) -> list[Node]:
    return list(dict.fromkeys(nodes))
