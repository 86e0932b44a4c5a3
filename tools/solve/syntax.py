"""What a text means: a tree of numbers, names, operations and quantified statements.

The names of operations are those of the one spelling that is shown: ``+ - * / // mod ^ neg ! abs`` for arithmetic,
``= != < <= > >= in divides even odd`` for what may hold, ``and or not implies iff xor`` between them, and the names of
functions. A chain such as ``1 < x < 5`` is the ``and`` of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .names import Domain


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or a constant."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation or function on its arguments."""

    op: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """An unknown function, as in ``y''(0)``.

    Attributes:
        name: The function.
        order: How often it is differentiated.
        argument: None where the variable is not written.
    """

    name: str
    order: int
    argument: Node | None


@dataclass(frozen=True, slots=True)
class Quantified:
    """A statement about all values of some variables, or about one that there is.

    Attributes:
        kind: Which of the two.
        names: The variables.
        domain: Where they come from; None where it is not said.
        condition: What restricts them further; None for nothing.
        body: What is said of them.
    """

    kind: Literal["forall", "exists"]
    names: tuple[str, ...]
    domain: Domain | None
    condition: Node | None
    body: Node


Node = Number | Name | Apply | Unknown | Quantified

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
CONNECTIVES = ("and", "or", "not", "implies", "iff", "xor")
COUNTING = ("exactly", "at_least", "at_most")
# What is true or false, so that it can be claimed.
STATEMENTS = (*COMPARISONS, *CONNECTIVES, *COUNTING, "in", "divides", "even", "odd", "distinct", "no_overlap")

ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def is_statement(node: Node) -> bool:
    """Whether something is true or false by its form."""
    return isinstance(node, Quantified) or (isinstance(node, Apply) and node.op in STATEMENTS)


def children(node: Node) -> tuple[Node, ...]:
    """Returns the parts of a node."""
    if isinstance(node, Apply):
        return node.args
    if isinstance(node, Unknown):
        return () if node.argument is None else (node.argument,)
    if isinstance(node, Quantified):
        return (node.body,) if node.condition is None else (node.condition, node.body)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yields a node and everything below it."""
    yield node
    for part in children(node):
        yield from walk(part)


def free_names(node: Node) -> list[str]:
    """Returns the names that no quantifier binds, in the order in which they first stand."""
    if isinstance(node, Name):
        return [node.name]
    found = [name for part in children(node) for name in free_names(part)]
    bound = node.names if isinstance(node, Quantified) else ()
    return list(dict.fromkeys(name for name in found if name not in bound))


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Returns a node whose parts were changed."""
    if isinstance(node, Apply):
        return Apply(node.op, tuple(change(part) for part in node.args))
    if isinstance(node, Unknown) and node.argument is not None:
        return Unknown(node.name, node.order, change(node.argument))
    if isinstance(node, Quantified):
        condition = None if node.condition is None else change(node.condition)
        return Quantified(node.kind, node.names, node.domain, condition, change(node.body))
    return node


def conjuncts(node: Node) -> list[Node]:
    """Returns the statements that a statement is the ``and`` of."""
    if isinstance(node, Apply) and node.op == "and":
        return [part for arg in node.args for part in conjuncts(arg)]
    return [node]


def all_of(nodes: list[Node]) -> Node:
    """Returns the ``and`` of statements, of which there is at least one."""
    return nodes[0] if len(nodes) == 1 else Apply("and", tuple(nodes))


def listed(args: tuple[Node, ...]) -> tuple[Node, ...]:
    """Returns arguments, whether they were written as such or as one list."""
    return args[0].args if len(args) == 1 and isinstance(args[0], Apply) and args[0].op == "list" else args
