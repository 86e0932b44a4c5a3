"""From trees to SymPy's expressions, without SymPy's own parser, which evaluates text as Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .limits import MAX_BITS, MAX_FACTORIAL, MAX_POWER, MAX_SIZE, SolveError
from .names import Domain
from .syntax import COMPARISONS, Apply, Name, Node, Number, Quantified, Unknown

Expression = Any  # sympy.Basic; SymPy has no types of its own


class Translator:
    """Knows the variables of one problem.

    Args:
        domains: Where variables come from, so that SymPy may use it.
        variables: Names that are variables even where they are constants otherwise, such as the index ``i``.
        function: The unknown function of a differential equation; None where there is none.
        variable: What it depends on.
    """

    def __init__(
        self,
        domains: Mapping[str, Domain] | None = None,
        variables: tuple[str, ...] = (),
        function: str | None = None,
        variable: str = "x",
    ) -> None:
        self._domains = domains or {}
        self._variables = {*variables, *self._domains}
        self._function = function
        self._variable = variable

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
        import sympy

        if op == "list":
            return self._list(args)
        if op == "if":
            return self._cases(args)
        values = [self.expression(arg) for arg in args]
        if op in COMPARISONS:
            return _compared(op, *values)
        if any(isinstance(value, sympy.MatrixBase) for value in values):
            return matrix(op, values)
        if op not in _table():
            raise SolveError(f"`{op}` cannot stand in a computation; it belongs into constraints and proofs")
        if op == "^":
            return _power(*values)
        if op in ("factorial", "gamma", "zeta") and values[0].is_number and abs(values[0]) > MAX_FACTORIAL:
            raise SolveError(f"{op} of more than {MAX_FACTORIAL:,} is too big")
        return _table()[op](*values)

    def _list(self, args: tuple[Node, ...]) -> Expression:
        import sympy

        rows = [[self.expression(item) for item in row.args] for row in args if isinstance(row, Apply)]
        if len(rows) != len(args) or any(row.op != "list" for row in args if isinstance(row, Apply)):
            return sympy.Matrix([self.expression(arg) for arg in args])  # a column
        if len({len(row) for row in rows}) != 1:
            raise SolveError("the rows of the matrix differ in length")
        if max(len(rows), len(rows[0])) > MAX_SIZE:
            raise SolveError(f"the matrix has more than {MAX_SIZE} rows or columns")
        return sympy.Matrix(rows)

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
    return base**exponent


def matrix(op: str, values: list[Expression]) -> Expression:
    """Returns an operation on matrices.

    Raises:
        SolveError: There is no such operation, or the sizes do not fit.
    """
    from sympy.matrices.exceptions import MatrixError

    first, *rest = values
    try:
        match op:
            case "+" | "-" | "*" | "neg" | "/":
                return _table()[op](*values)
            case "^" if rest[0].is_Integer and abs(rest[0]) <= MAX_POWER:
                return first ** int(rest[0])
            case "det" | "trace" | "rank" | "inverse" | "transpose" | "rref" | "eigenvalues":
                return _of_matrix(op, first)
    except (MatrixError, TypeError, ValueError) as error:
        raise SolveError(f"the matrices do not fit: {error}") from error
    raise SolveError(f"`{op}` has no meaning for a matrix")


def _of_matrix(op: str, value: Expression) -> Expression:
    import sympy

    match op:
        case "inverse":
            if value.is_square and value.det() == 0:
                raise SolveError("the matrix has no inverse: its determinant is 0")
            return value.inv()
        case "rref":
            return value.rref()[0]
        case "eigenvalues":
            return sympy.Tuple(*(root for root, count in value.eigenvals().items() for _ in range(count)))
        case "rank":
            return sympy.Integer(value.rank())
        case "transpose":
            return value.T
    return value.det() if op == "det" else value.trace()


@cache
def _table() -> dict[str, Callable[..., Expression]]:
    import sympy

    def logarithm(value: Expression, base: Expression = sympy.E) -> Expression:
        return sympy.log(value, base)

    same = "sin cos tan cot sec csc asin acos atan acot sinh cosh tanh asinh acosh atanh exp sqrt cbrt sign floor"
    also = "factorial gamma erf zeta re im conjugate binomial root gcd lcm atan2"
    return {
        **{name: getattr(sympy, name) for name in (*same.split(), *also.split())},
        **{"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "neg": lambda a: -a},
        **{"/": divide, "//": lambda a, b: sympy.floor(divide(a, b)), "mod": sympy.Mod, "^": _power},
        **{"ln": sympy.log, "log": logarithm, "log2": lambda a: sympy.log(a, 2), "log10": lambda a: sympy.log(a, 10)},
        **{"abs": sympy.Abs, "ceil": sympy.ceiling, "min": sympy.Min, "max": sympy.Max, "heaviside": sympy.Heaviside},
    }


def divide(left: Expression, right: Expression) -> Expression:
    """Returns a quotient.

    Raises:
        SolveError: The divisor is 0.
    """
    if right == 0:
        raise SolveError("division by 0")
    return left / right
