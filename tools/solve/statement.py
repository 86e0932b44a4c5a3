"""What is claimed or asked for: its variables with where they come from, and how it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .names import BOOLEAN, INTEGER, REAL, Domain, conditions
from .show import text_of
from .syntax import (
    CONNECTIVES,
    COUNTING,
    Apply,
    Name,
    Node,
    Number,
    Quantified,
    all_of,
    children,
    free_names,
    is_statement,
    rebuilt,
    walk,
)

MAX_VARIABLES = 200


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim about all values of its variables, or constraints on them.

    Attributes:
        domains: Of every free variable, in the order in which they first stand.
        given: What is assumed.
        claim: What is said, without the quantifiers at its beginning.
    """

    domains: Mapping[str, Domain]
    given: tuple[Node, ...]
    claim: Node

    @property
    def restrictions(self) -> list[Node]:
        """What the domains restrict the variables to."""
        return [part for name, domain in self.domains.items() for part in conditions(name, domain)]

    def quantified(self) -> Node:
        """Returns the statement with all its quantifiers, to be shown."""
        groups: dict[Domain, list[str]] = {}
        for name, domain in self.domains.items():
            groups.setdefault(domain, []).append(name)
        node, given = self.claim, self.given
        for domain, names in reversed(groups.items()):
            node = Quantified("forall", tuple(names), domain, all_of(list(given)) if given else None, node)
            given = ()
        return node if groups or not given else Apply("implies", (all_of(list(given)), node))


def read_statement(
    claim: Node, given: Sequence[Node], declared: Mapping[str, Domain], default: Domain | None
) -> Statement:
    """Takes the quantifiers at the beginning of a claim for free variables, and finds where each comes from.

    Args:
        claim: What is said.
        given: What is assumed.
        declared: Where variables come from, as far as it was said.
        default: Where the others come from; None finds it from how they are used, and else takes the reals.
    """
    domains, premises = dict(declared), [settled(node, default) for node in given]
    claim = settled(pushed(claim), default)
    while isinstance(claim, Quantified) and claim.kind == "forall" and not _clash(claim, domains, premises):
        assert claim.domain
        domains |= dict.fromkeys(claim.names, claim.domain)
        premises += [claim.condition] if claim.condition else []
        claim = pushed(claim.body)
    used = variables([claim, *premises], domains)
    found = {name: _domain(name, domains, default, [claim, *premises]) for name in used}
    return Statement(found, tuple(premises), claim)


def settled(node: Node, default: Domain | None) -> Node:
    """Returns a statement in which every quantifier says where its variables come from."""
    node = rebuilt(node, lambda part: settled(part, default))
    if isinstance(node, Quantified) and node.domain is None:
        parts = [node.body, node.condition] if node.condition else [node.body]
        domain = _domain(node.names[0], {}, default, parts)
        return Quantified(node.kind, node.names, domain, node.condition, node.body)
    return node


def pushed(node: Node) -> Node:
    """Returns a statement that begins with its quantifiers, where they stood behind a ``not``."""
    match node:
        case Apply("not", (Quantified() as inner,)):
            kind: Literal["forall", "exists"] = "exists" if inner.kind == "forall" else "forall"
            return Quantified(kind, inner.names, inner.domain, inner.condition, opposite(inner.body))
    return node


def opposite(node: Node) -> Node:
    """Returns the negation of a statement, in its shortest form."""
    match node:
        case Apply("not", (inner,)):
            return inner
        case Apply("=" | "!=" as op, args):
            return Apply("!=" if op == "=" else "=", args)
        case Apply("implies", (left, right)):
            return Apply("and", (left, opposite(right)))
        case Quantified():
            return pushed(Apply("not", (node,)))
    # Not < for ≥: where a side is not defined, neither holds.
    return Apply("not", (node,))


def _clash(claim: Quantified, domains: Mapping[str, Domain], premises: Iterable[Node]) -> bool:
    taken = {*domains, *(name for premise in premises for name in free_names(premise))}
    return not taken.isdisjoint(claim.names)


def variables(nodes: Iterable[Node], domains: Mapping[str, Domain]) -> list[str]:
    """Returns the variables: names that are neither constants nor values of a set of names."""
    choices = {choice for domain in domains.values() for choice in domain.choices}
    parts = list(nodes)
    known = {"true", "false", "pi", "oo", *choices, *(["e"] if any(map(_has_euler, parts)) else [])} - set(domains)
    return list(dict.fromkeys(name for node in parts for name in free_names(node) if name not in known))


def _has_euler(node: Node) -> bool:
    """Whether ``e`` is Euler's number, since something is its exponent; elsewhere it is a name like any other."""
    return any(
        isinstance(part, Apply)
        and part.op == "^"
        and part.args[0] == Name("e")
        and not isinstance(part.args[1], Number)
        for part in walk(node)
    )


def _domain(name: str, domains: Mapping[str, Domain], default: Domain | None, nodes: Sequence[Node]) -> Domain:
    if name in domains:
        return domains[name]
    if any(_is_used_as_truth(name, node) for node in nodes):
        return BOOLEAN
    if default is not None:
        return default
    return INTEGER if any(_is_used_as_integer(name, node) for node in nodes) else REAL


def _is_used_as_truth(name: str, node: Node) -> bool:
    if node == Name(name):
        return True
    for part in walk(node):
        if isinstance(part, Quantified) and part.body == Name(name):
            return True
        if isinstance(part, Apply):
            places = part.args if part.op in CONNECTIVES else part.args[1:] if part.op in COUNTING else ()
            other = part.op in ("=", "!=") and any(is_statement(arg) for arg in part.args)
            if Name(name) in places or (other and Name(name) in part.args):
                return True
    return False


def _is_used_as_integer(name: str, node: Node) -> bool:
    """Whether a variable stands in a remainder, or is taken from a range of integers."""
    for part in walk(node):
        if not isinstance(part, Apply):
            continue
        if part.op in ("mod", "//", "even", "odd", "divides") and name in free_names(part):
            return True
        if part.op == "in" and part.args[0] == Name(name) and _whole_set(part.args[1]):
            return True
    return False


def _whole_set(node: Node) -> bool:
    return all(isinstance(part, Number) and part.value.denominator == 1 for part in children(node))


def in_one_line(nodes: Iterable[Node]) -> str:
    """Returns statements in one line."""
    return ", ".join(text_of(node) for node in nodes)
