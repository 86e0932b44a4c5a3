"""From trees to SymPy's expressions, without SymPy's own parser, which evaluates text as Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .limits import MAX_BITS, MAX_FACTORIAL, SolveError
from .names import Domain
from .syntax import COMPARISONS, Apply, Name, Node, Number, Quantified, Unknown, listed

Expression = Any  # sympy.Basic; SymPy has no types of its own


class Translator:
    """Knows the variables of one problem.

    Args:
        domains: Where variables come from, so that SymPy may use it.
        variables: Names that are variables even where they are constants otherwise, such as the index ``i``.
        function: The unknown function of a differential equation; None where there is none.
        variable: What it depends on.
        values: Stand in place of variables.
    """

    def __init__(
        self,
        domains: Mapping[str, Domain] | None = None,
        variables: tuple[str, ...] = (),
        function: str | None = None,
        variable: str = "x",
        values: Mapping[str, Expression] | None = None,
    ) -> None:
        self._domains = domains or {}
        self._variables = {*variables, *self._domains}
        self._function = function
        self._variable = variable
        self._values = values or {}

    def symbol(self, name: str) -> Expression:
        """Returns a variable."""
        import sympy

        return sympy.Symbol(name, **_assumptions(self._domains.get(name)))

    def unknown(self) -> Expression:
        """Returns the unknown function of its variable, such as y(x)."""
        import sympy

        return sympy.Function(self._function)(self.symbol(self._variable))

    def expression(self, node: Node) -> Expression:
        """Returns a tree as SymPy has it.

        Raises:
            SolveError: It is no expression, or a number on the way would be too big.
        """
        import sympy

        match node:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Name(name):
                return self._name(name)
            case Unknown():
                return self._derivative(node)
            case Apply(op, args):
                return self._apply(op, args)
            case Quantified():
                raise SolveError("a statement about all values is proved, not computed; begin with `prove`")

    def _name(self, name: str) -> Expression:
        import sympy

        if name in self._values:
            return self._values[name]
        known = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo, "true": sympy.true, "false": sympy.false}
        return known[name] if name in known and name not in self._variables else self.symbol(name)

    def _derivative(self, node: Unknown) -> Expression:
        import sympy

        if self._function is None:
            raise SolveError(f"`{node.name}′` is the derivative of an unknown function; begin with `ode`")
        variable = self.symbol(self._variable)
        whole = self.unknown().diff(variable, node.order)
        at = variable if node.argument is None else self.expression(node.argument)
        if at == variable:
            return whole
        return sympy.Subs(whole, variable, at) if node.order else sympy.Function(self._function)(at)

    def _apply(self, op: str, args: tuple[Node, ...]) -> Expression:
        if op == "if":
            return self._cases(args)
        if op not in _table() and op not in COMPARISONS:
            raise SolveError(f"`{op}` cannot stand in a computation; it belongs into constraints and proofs")
        values = [self.expression(arg) for arg in listed(args)]
        if op in COMPARISONS:
            return _compared(op, *values)
        if op in ("factorial", "gamma", "zeta") and values[0].is_number and not abs(values[0]) <= MAX_FACTORIAL:
            raise SolveError(f"{op} of more than {MAX_FACTORIAL:,} is too big")
        try:
            return _table()[op](*values)
        except (TypeError, ValueError, AttributeError) as error:
            raise SolveError(f"`{op}` has no value there: {error}") from error

    def _cases(self, args: tuple[Node, ...]) -> Expression:
        import sympy

        condition, then, otherwise = (self.expression(arg) for arg in args)
        return sympy.Piecewise((then, condition), (otherwise, True))


def _assumptions(domain: Domain | None) -> dict[str, bool]:
    if domain is None or domain.sort not in ("real", "integer"):
        return {}
    found = {"integer" if domain.sort == "integer" else "real": True}
    if domain.least is not None and (domain.least > 0 or (domain.least == 0 and not domain.least_itself)):
        found["positive"] = True
    elif domain.least == 0:
        found["nonnegative"] = True
    if not domain.zero:
        found["zero"] = False
    return found


def _compared(op: str, left: Expression, right: Expression) -> Expression:
    import sympy

    names = {"=": "Eq", "!=": "Ne", "<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge"}
    try:
        return getattr(sympy, names[op])(left, right)
    except TypeError as error:
        raise SolveError(f"these cannot be compared: {error}") from error


def _power(base: Expression, exponent: Expression) -> Expression:
    if base.is_Rational and exponent.is_Rational and base not in (0, 1, -1):
        bits = max(abs(int(base.p)).bit_length(), int(base.q).bit_length())
        if bits * abs(exponent) > MAX_BITS:
            raise SolveError(f"{base}^{exponent} has too many digits" if exponent < MAX_BITS else "a power is too big")
    if base == 0 and exponent.is_negative:
        raise SolveError("division by 0")
    return base**exponent


@cache
def _table() -> dict[str, Callable[..., Expression]]:
    import sympy

    same = "sin cos tan cot sec csc asin acos atan acot sinh cosh tanh asinh acosh atanh exp sqrt cbrt sign floor"
    also = "factorial gamma erf zeta re im conjugate binomial root gcd lcm atan2"
    return {
        **{name: getattr(sympy, name) for name in (*same.split(), *also.split())},
        **{"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "neg": lambda a: -a},
        **{"/": _divide, "//": lambda a, b: sympy.floor(_divide(a, b)), "mod": _remainder, "^": _power},
        **{"ln": sympy.log, "log": sympy.log, "log2": lambda a: sympy.log(a, 2), "log10": lambda a: sympy.log(a, 10)},
        **{"abs": sympy.Abs, "ceil": sympy.ceiling, "min": sympy.Min, "max": sympy.Max},
    }


def _divide(left: Expression, right: Expression) -> Expression:
    if right == 0:
        raise SolveError("division by 0")
    return left / right


def _remainder(left: Expression, right: Expression) -> Expression:
    import sympy

    if right == 0:
        raise SolveError("division by 0")
    return sympy.Mod(left, right)
