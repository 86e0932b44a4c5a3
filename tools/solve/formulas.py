"""From trees to Z3's formulas, without believing what Z3 takes for the value of x/0.

Z3 gives every division some value. Therefore a comparison that holds a division is never handed over alone, but with
what must hold for it to be defined. How the undefined counts is the caller's choice: ``against`` the statement, when
it is to be proved or satisfied, or ``for`` it, when it is to be refuted. What is true or false either way does not
depend on the undefined. Only where there is to be some value with a property, one for which the property is not
defined is never that value.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Literal

from . import residues
from .core import core
from .defined import requirements
from .limits import MAX_POWER, SolveError
from .names import BOOLEAN, REAL, Domain, conditions
from .show import text_of
from .syntax import ONE, Apply, Name, Node, Number, Quantified, free_names, is_statement, listed

Formula = Any  # z3.BoolRef
Term = Any  # z3.ExprRef


class Unsupported(SolveError):
    """Z3 does not know what a statement speaks of."""


class Formulas:
    """Translates statements about one set of variables.

    Args:
        domains: Of the free variables.
        undefined: How a comparison counts where it is not defined.

    Attributes:
        variables: Z3's constants for the free variables.
        definitions: What must be asserted beside the statements: that a root is one.
    """

    def __init__(self, domains: Mapping[str, Domain], undefined: Literal["for", "against"] = "against") -> None:
        self._for = undefined == "for"
        self._sorts: dict[tuple[str, ...], tuple[Any, dict[str, Term]]] = {}
        self._fresh = itertools.count()
        self._roots: dict[tuple[Node, int], Term] = {}
        self._bound: dict[str, Term] = {}
        # Within "there is": whether that stood under an even number of negations.
        self._sought: bool | None = None
        self._domains = dict(domains)
        self.definitions: list[Formula] = []
        self.variables = {name: self._constant(name, domain) for name, domain in domains.items()}

    def formula(self, node: Node, positive: bool = True) -> Formula:  # noqa: PLR0911 — one for each form
        """Returns a statement.

        Args:
            node: The statement.
            positive: Whether it stands under an even number of negations.

        Raises:
            Unsupported: Z3 does not know a function in it.
            SolveError: It is no statement, or compares what cannot be compared.
        """
        import z3

        match node:
            case Quantified():
                return self._quantified(node, positive)
            case Apply("not", (inner,)):
                return z3.Not(self.formula(inner, not positive))
            case Apply("and" | "or" as op, args):
                return (z3.And if op == "and" else z3.Or)([self.formula(arg, positive) for arg in args])
            case Apply("implies", (left, right)):
                return z3.Implies(self.formula(left, not positive), self.formula(right, positive))
            case Apply("iff" | "xor" as op, (left, right)):
                return self._both_ways(left, right if op == "iff" else Apply("not", (right,)), positive)
        if (plainer := core(node)) is not node:
            return self.formula(plainer, positive)
        return self._guarded(node, positive)

    def plain(self, node: Node) -> Formula:
        """Returns a statement as if everything in it were defined."""
        import z3

        match node:
            case Apply("not", (inner,)):
                return z3.Not(self.plain(inner))
            case Apply("and" | "or" as op, args):
                return (z3.And if op == "and" else z3.Or)([self.plain(arg) for arg in args])
            case Apply("implies", (left, right)):
                return z3.Implies(self.plain(left), self.plain(right))
            case Apply("iff" | "xor" as op, (left, right)):
                same = self.plain(left) == self.plain(right)
                return same if op == "iff" else z3.Not(same)
        return self._atom(node) if (plainer := core(node)) is node else self.plain(plainer)

    def _both_ways(self, left: Node, right: Node, positive: bool) -> Formula:
        ways = (Apply("implies", (left, right)), Apply("implies", (right, left)))
        return self.formula(Apply("and", ways), positive)

    def _guarded(self, node: Node, positive: bool) -> Formula:
        import z3

        atom = self._atom(node)
        needed = [self.plain(part) for part in requirements(node)]
        if not needed:
            return atom
        defined = z3.And(needed)
        counts = positive != self._sought if self._sought is not None else positive == self._for
        return z3.Implies(defined, atom) if counts else z3.And(defined, atom)

    def _quantified(self, node: Quantified, positive: bool) -> Formula:

        before, outer, sought = dict(self._bound), dict(self._domains), self._sought
        self._sought = positive if node.kind == "exists" else None
        domain = node.domain or REAL
        bound = []
        for name in node.names:
            self._domains[name] = domain
            self._bound[name] = self._constant(f"{name}!{next(self._fresh)}", domain)
            bound.append(self._bound[name])
        try:
            return self._closed(node, bound, domain, positive)
        finally:
            self._bound, self._domains, self._sought = before, outer, sought

    def _closed(self, node: Quantified, bound: list[Term], domain: Domain, positive: bool) -> Formula:
        import z3

        restricted = [part for name in node.names for part in conditions(name, domain)]
        restricted += [node.condition] if node.condition else []
        body = self.formula(node.body, positive)
        if node.kind == "forall":
            limits = [self.formula(part, not positive) for part in restricted]
            return z3.ForAll(bound, z3.Implies(z3.And(limits), body) if limits else body)
        return z3.Exists(bound, z3.And([*(self.formula(part, positive) for part in restricted), body]))

    def _constant(self, name: str, domain: Domain) -> Term:
        import z3

        match domain.sort:
            case "integer":
                return z3.Int(name)
            case "boolean":
                return z3.Bool(name)
            case "choice":
                return z3.Const(name, self._enumeration(domain.choices)[0])
            case "complex":
                raise Unsupported(f"Z3 does not know complex numbers, such as {name}; declare it real or integer")
        return z3.Real(name)

    def _enumeration(self, choices: tuple[str, ...]) -> tuple[Any, dict[str, Term]]:
        import z3

        if choices not in self._sorts:
            # The sort's name is known to all of Z3, so it must differ from that of other choices.
            sort, constants = z3.EnumSort("|".join(choices), [f"{name}@{'|'.join(choices)}" for name in choices])
            self._sorts[choices] = sort, dict(zip(choices, constants, strict=True))
        return self._sorts[choices]

    def choice(self, name: str, variable: str | None = None) -> Term:
        """Returns the constant for a value of a set of names; where it is of several, the variable tells of which."""
        wanted = self._domains[variable].choices if variable else None
        sorts = [constants for choices, (_, constants) in self._sorts.items() if wanted in (None, choices)]
        found = [constants[name] for constants in sorts if name in constants]
        if len(found) != 1:
            raise SolveError(f"there is no variable `{name}`" if not found else f"`{name}` is a value of several sets")
        return found[0]

    def _atom(self, node: Node) -> Formula:
        import z3

        match node:
            case Name("true" | "false" as name):
                return z3.BoolVal(name == "true")
            case Apply("=" | "!=" | "<" | "<=" | ">" | ">=" as op, (left, right)):
                return self._compared(op, left, right)
        return self._boolean(node)

    def _boolean(self, node: Node) -> Formula:
        import z3

        term = self.term(node)
        if not z3.is_bool(term):
            raise SolveError(f"`{text_of(node)}` is neither true nor false; a comparison such as = or ≤ is missing")
        return term

    def _compared(self, op: str, left: Node, right: Node) -> Formula:
        import z3

        if op in ("=", "!=") and (_is_truth(left, self._domains) or _is_truth(right, self._domains)):
            same = self.plain(left) == self.plain(right)
            return same if op == "=" else z3.Not(same)
        a, b = _alike([self.term(left), self.term(right)])
        if op in ("=", "!="):
            return a == b if op == "=" else a != b
        if not z3.is_arith(a):
            raise SolveError(f"`{op}` compares numbers only")
        return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]

    def term(self, node: Node) -> Term:  # noqa: PLR0911 — one for each form
        """Returns a number or another value.

        Raises:
            Unsupported: Z3 does not know a function in it.
            SolveError: It has no value, or mixes what cannot be mixed.
        """
        import z3

        match node:
            case Number(value):
                return z3.IntVal(int(value)) if value.denominator == 1 else z3.RealVal(str(value))
            case Name(name):
                return self._named(name)
            case Apply("if", (condition, then, otherwise)):
                return z3.If(self.plain(condition), *_alike([self.term(then), self.term(otherwise)]))
            case Apply("^", (base, exponent)):
                return self._power(base, exponent)
            case Apply("sqrt", (base,)):
                return self._root(base, 2)
            case Apply("cbrt", (base,)):
                return self._root(base, 3)
            case Apply("root", (base, Number(degree))) if degree.denominator == 1 and 1 <= degree <= MAX_POWER:
                return self._root(base, int(degree))
            case Apply("mod", (value, Number(divisor))) if (table := self._residues(value, int(divisor))) is not None:
                return table
            case Apply(op, args):
                return self._apply(op, args)
        raise SolveError("a statement stands where a number is needed")

    def _named(self, name: str) -> Term:
        import z3

        if name in self._bound:
            return self._bound[name]
        if name in self.variables:
            return self.variables[name]
        if name in ("true", "false"):
            return z3.BoolVal(name == "true")
        if name in ("pi", "oo", "e"):
            raise Unsupported(f"Z3 does not know {text_of(Name(name))}")
        return self.choice(name)

    def _residues(self, value: Node, divisor: int) -> Term | None:
        """A remainder of a polynomial depends on the remainders of its variables only; Z3 does not see that."""
        return residues.table(value, divisor, self._domains, self._named)

    def _power(self, base: Node, exponent: Node) -> Term:
        if not isinstance(exponent, Number):
            raise Unsupported("Z3 does not know powers with a variable exponent")
        count, degree = exponent.value.numerator, exponent.value.denominator
        if max(abs(count), degree) > MAX_POWER:
            raise SolveError(f"powers above {MAX_POWER} are too big here")
        value = self.term(base) if degree == 1 else self._root(base, degree)
        if count == 0:
            return self.term(ONE)
        product = reduce(lambda a, b: a * b, [value] * abs(count))
        return product if count > 0 else _divided(self.term(ONE), product)

    def _root(self, base: Node, degree: int) -> Term:
        """A root is some number that gives the base; where there is none, nothing is said of it."""
        import z3

        if degree == 1:
            return self.term(base)
        if any(name in self._bound for name in free_names(base)):
            raise Unsupported("Z3 takes no root of a variable of an inner quantifier")
        key = (base, degree)
        if key not in self._roots:
            root, value = z3.Real(f"root!{next(self._fresh)}"), self.term(base)
            product = reduce(lambda a, b: a * b, [root] * degree)
            exists = z3.And(root >= 0, product == value)
            odd = z3.And(root < 0, product == value) if degree % 2 else z3.BoolVal(True)
            self.definitions.append(z3.If(value >= 0, exists, odd))
            self._roots[key] = root
        return self._roots[key]

    def _apply(self, op: str, args: tuple[Node, ...]) -> Term:
        import z3

        if op not in OPERATIONS:
            raise Unsupported(f"Z3 does not know `{op}`")
        values = [self.term(arg) for arg in listed(args)]
        if any(z3.is_bool(value) or value.sort_kind() == z3.Z3_DATATYPE_SORT for value in values):
            raise SolveError(f"`{op}` takes numbers, and a truth value or name stands there")
        values = _alike(values)
        if op in ("//", "mod") and z3.is_real(values[0]):
            raise Unsupported("Z3 knows // and mod for integers only; declare the variables as integers")
        return OPERATIONS[op](*values)


def _is_truth(node: Node, domains: Mapping[str, Domain]) -> bool:
    if isinstance(node, Name):
        return node.name in ("true", "false") or domains.get(node.name) == BOOLEAN
    return is_statement(node)


def _alike(values: Sequence[Term]) -> list[Term]:
    """Refuses values that cannot be compared or computed with."""
    import z3

    if len({z3.is_arith(value) or value.sort().name() for value in values}) > 1:
        raise SolveError("values of different kinds are compared or computed with")
    return list(values)


def _divided(a: Term, b: Term) -> Term:
    import z3

    # Z3 divides two integers as integers; 1/2 is meant as a half.
    a, b = (z3.ToReal(value) if z3.is_int(value) else value for value in (a, b))
    return a / b


def _floor_divided(a: Term, b: Term) -> Term:
    import z3

    return z3.If(b > 0, a / b, -a / -b)  # Z3 rounds towards a remainder of at least 0


def _lowest(*values: Term) -> Term:
    import z3

    return reduce(lambda a, b: z3.If(a < b, a, b), values)


def _highest(*values: Term) -> Term:
    import z3

    return reduce(lambda a, b: z3.If(a > b, a, b), values)


def _floor(value: Term) -> Term:
    import z3

    return z3.ToInt(value) if z3.is_real(value) else value


def _choose(condition: Formula, then: Term, otherwise: Term) -> Term:
    import z3

    return z3.If(condition, then, otherwise)


def _factorial(value: Term) -> Term:
    import z3

    value = z3.simplify(value)
    if not z3.is_int_value(value) or not 0 <= value.as_long() <= MAX_POWER:
        raise Unsupported("Z3 does not know the factorial of a variable")
    return z3.IntVal(reduce(lambda a, b: a * b, range(1, value.as_long() + 1), 1))


OPERATIONS: dict[str, Callable[..., Term]] = {
    **{"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "neg": lambda a: -a, "/": _divided},
    **{"//": _floor_divided, "mod": lambda a, b: a - b * _floor_divided(a, b), "min": _lowest, "max": _highest},
    **{"abs": lambda a: _choose(a < 0, -a, a), "floor": _floor, "ceil": lambda a: -_floor(-a)},
    **{"sign": lambda a: _choose(a < 0, -1, _choose(a > 0, 1, 0)), "factorial": _factorial},
}
